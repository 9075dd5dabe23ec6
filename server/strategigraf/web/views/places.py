"""Where the municipalities lie and how large they are: read once, for maps and filters."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app

from strategigraf.terms import cell
from strategigraf.web import site

#: The size groups of the scheme ``concept:size``: code, and the smallest and the first too large number of inhabitants.
#: Their bounds are those of its definitions, which the evaluation of 2013 gives.
SIZES = (("small", 0, 25_000), ("medium", 25_000, 100_000), ("large", 100_000, 0))

#: æ, ø and å as signs that come after z in this order.
_LAST = str.maketrans("æøå", "{|}")


@dataclass(frozen=True)
class Place:
    """A municipality: its square, population and memberships of regions (region, first day, last day; "" unknown)."""

    iri: str
    code: str
    row: int
    column: int
    population: int
    year: str
    memberships: tuple[tuple[str, str, str], ...]

    @property
    def size(self) -> str:
        """The code of its size group; "" where no population is known."""
        if not self.population:
            return ""
        return next(
            code for code, low, high in SIZES if low <= self.population and (not high or self.population < high)
        )

    def region(self, day: str) -> str:
        """The region that it belongs to on a day (ISO 8601); "" where none is known."""
        for region, start, end in self.memberships:
            if (not start or start <= day) and (not end or day <= end):
                return region
        return ""


def places() -> dict[str, Place]:
    """Every municipality by IRI, in the order of their codes; they are those of the release, so read once."""
    kept: dict[str, Place] | None = current_app.extensions.get("strategigraf.places")
    if kept is None:
        kept = current_app.extensions["strategigraf.places"] = _read()
    return kept


def alphabetical(name: str) -> str:
    """A name for sorting as Danish does: æ, ø and å last, and aa as å."""
    return name.casefold().replace("aa", "å").translate(_LAST)


def _read() -> dict[str, Place]:
    store = site.service().store
    people: dict[str, tuple[str, int]] = {}
    for row in store.select(
        """SELECT ?m ?year ?value WHERE {
          ?figure sg:measure concept:measure-population ; sg:about ?m ; sg:value ?value ; sg:year ?year
        }"""
    ):
        latest = (cell(row["year"]), int(cell(row["value"])))
        people[cell(row["m"])] = max(latest, people.get(cell(row["m"]), latest))
    member: dict[str, list[tuple[str, str, str]]] = {}
    for row in store.select(
        """SELECT ?m ?region ?start ?end WHERE {
          ?membership org:member ?m ; org:organization ?region . ?region a sg:Region .
          OPTIONAL { ?membership dct:temporal/dcat:startDate ?start }
          OPTIONAL { ?membership dct:temporal/dcat:endDate ?end }
        } ORDER BY ?m ?start"""
    ):
        part = (cell(row["region"]), cell(row.get("start")), cell(row.get("end")))
        member.setdefault(cell(row["m"]), []).append(part)
    found = {}
    for row in store.select(
        """SELECT ?m ?code ?row ?column WHERE {
          ?m a sg:Municipality ; dct:identifier ?code ; sg:tileRow ?row ; sg:tileColumn ?column
        } ORDER BY ?code"""
    ):
        iri = cell(row["m"])
        year, population = people.get(iri, ("", 0))
        square = (int(cell(row["row"])), int(cell(row["column"])))
        found[iri] = Place(iri, cell(row["code"]), *square, population, year, tuple(member.get(iri, ())))
    return found
