"""A framework: who is committed to it, how firmly, and where it says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyoxigraph import Literal, NamedNode

from strategigraf import describe, ns
from strategigraf.catalogue import Table
from strategigraf.describe import Description, Piece
from strategigraf.terms import cell
from strategigraf.web import render, site
from strategigraf.web.choices import Choices, Facet, both_ways, facet, heads, ordered, sift
from strategigraf.web.views import claims, standing, strategy, tilemap
from strategigraf.web.views.places import SIZES, Place, alphabetical, places
from strategigraf.web.views.standing import CORPORA, Standing, standings

#: The code of a square outside what the reader has chosen to see.
OUTSIDE = "outside"
#: What is told at the head of the page: message, and the property with its own evidence.
GLANCE = (
    ("framework.kind", "sg:frameworkKind"), ("framework.owner", "sg:owner"), ("framework.supplier", "sg:supplier"),
    ("framework.part_of", "dct:isPartOf"), ("framework.parts", "sg:hasPart"),
    ("framework.replaces", "dct:replaces"), ("framework.builds_on", "sg:buildsOn"),
)  # fmt: skip
_KEYS: dict[str, Any] = {
    "name": lambda row: alphabetical(row.name),
    "status": lambda row: -row.standing.rank,
    "region": lambda row: alphabetical(row.region_name),
    "population": lambda row: row.place.population if row.place else 0,
    "latest": lambda row: row.standing.latest,
}

_LABELS = {
    "name": "framework.name", "status": "framework.status", "region": "framework.region",
    "population": "framework.population", "latest": "framework.latest",
}  # fmt: skip
#: The words for how far a municipality's own documents have been read.
READINGS = {"whole": "reading.whole", "part": "reading.part", "none": "reading.none"}
_MARKS = {
    "committed": "mark.committed", "acting": "mark.acting", "deviates": "mark.deviates", "implied": "mark.implied",
    "silent": "mark.silent", "not-assessed": "mark.not-assessed",
}  # fmt: skip
_SIZES = {"small": "size.small", "medium": "size.medium", "large": "size.large"}
_FILTERS = {"status": "filter.status", "region": "filter.region", "size": "filter.size"}


@dataclass(frozen=True)
class Row:
    """A municipality in the table of a framework."""

    standing: Standing
    name: str
    place: Place | None
    region: str
    region_name: str
    people: str
    in_force: str

    @property
    def code(self) -> str:
        """The municipality's code."""
        return self.standing.municipality.rpartition("/")[2]


#: What a row is chosen by.
TESTS: Mapping[str, Any] = {
    "status": lambda row: row.standing.status,
    "region": lambda row: row.region.rpartition("/")[2],
    "size": lambda row: row.place.size if row.place else "",
}


def statuses() -> list[dict[str, str]]:
    """The statuses in their order: IRI, code and what each means in the language of the page."""
    language = site.language()
    return [
        {"iri": one.iri, "code": one.code, "meaning": one.meaning.get(language, "")} for one in standings().statuses
    ]


def legend(href: Any = None) -> list[dict[str, str]]:
    """The statuses for a tile map, each with its mark; ``href`` gives the address of a code."""
    return [
        {
            "code": one.code,
            "label": render.coded("status", one.code),
            "mark": mark(one.code),
            "href": href(one.code) if href else "",
        }
        for one in standings().statuses
    ]


def mark(status: str) -> str:
    """The sign of a status, which tells it without its colour."""
    return site.t(_MARKS[status])


def regions() -> list[tuple[str, str]]:
    """The regions of today: slug and name, by name."""
    today = site.today().isoformat()
    found = {place.region(today) for place in places().values()} - {""}
    names = [(iri.rpartition("/")[2], site.plain_name(iri)) for iri in found]
    return sorted(names, key=lambda one: alphabetical(one[1]))


def sizes() -> list[tuple[str, str]]:
    """The size groups: code, and words with their bounds."""
    found = []
    for code, low, high in SIZES:
        bounds = {"low": site.number(str(low)), "high": site.number(str(high))}
        found.append((code, site.t(_SIZES[code], **bounds)))
    return found


@dataclass(frozen=True)
class Listed:
    """The table of a framework as a reader has chosen to see it."""

    choices: Choices
    rows: list[Row]
    shown: list[Row]
    facets: list[Facet]
    sort: str
    corpus: str


def listed(iri: str, path: str, fragment: str = "") -> Listed:
    """The rows of a framework, filtered and sorted by the parameters of the request.

    Raises BadParameter for a corpus, status, region, size or order that is not known.
    """
    found = standings()
    choices = Choices(path, fragment)
    corpus = choices.take("corpus", CORPORA, "all")
    choices.take("status", [one.code for one in found.statuses])
    choices.take("region", [slug for slug, _ in regions()])
    choices.take("size", [code for code, _, _ in SIZES])
    sort = choices.take("sort", both_ways(_KEYS), "status")
    known, today = places(), site.today().isoformat()
    names = {iri: site.plain_name(iri) for iri in {place.region(today) for place in known.values()} if iri}
    rows = []
    for one in found.of(iri, corpus):
        place = known.get(one.municipality)
        region = place.region(today) if place else ""
        people = site.number(str(place.population)) if place and place.population else ""
        name = site.plain_name(one.municipality)
        rows.append(Row(one, name, place, region, names.get(region, ""), people, _in_force(found, one)))
    values = choices.values
    words = {
        "status": [(one.code, render.coded("status", one.code)) for one in found.statuses],
        "region": regions(),
        "size": sizes(),
    }
    facets = [
        facet(choices, name, site.t(_FILTERS[name]), words[name], sift(rows, values, TESTS, name), test)
        for name, test in TESTS.items()
    ]
    return Listed(choices, rows, ordered(sift(rows, values, TESTS), sort, _KEYS), facets, sort, corpus)


def table(chosen: Listed) -> Table:
    """What is shown, for a file: the table's columns, with the IRIs and the address of the evidence."""
    columns = (
        "municipality", "code", "name", "region", "population", "population_year", "framework", "status", "own_reading",
        "evidence_phrase", "heading", "line", "document", "document_title", "evidence", "evidence_address",
        "evidence_count", "latest_evidence", "strategy_in_force", "adoption", "adoption_address",
    )  # fmt: skip
    rows = []
    for row in chosen.shown:
        one, lead, place = row.standing, row.standing.lead, row.place
        rows.append(
            (
                NamedNode(one.municipality),
                _text(row.code),
                _text(row.name),
                NamedNode(row.region) if row.region else None,
                _number(place.population) if place and place.population else None,
                _text(place.year if place else ""),
                NamedNode(one.framework),
                _text(one.status),
                _text(one.reading),
                _text(lead.phrase if lead else ""),
                _text(lead.heading or lead.locator if lead else ""),
                _number(lead.first) if lead and lead.first else None,
                NamedNode(lead.document) if lead else None,
                _text(lead.title if lead else ""),
                NamedNode(lead.iri) if lead else None,
                _text(site.address(lead.iri) if lead else ""),
                _number(one.count),
                _text(one.latest),
                _text(row.in_force),
                NamedNode(one.adoption),
                _text(site.address(one.adoption)),
            )
        )
    return Table(columns, tuple(rows))


def view(thing: Description) -> tuple[str, dict[str, Any]]:
    """The head, the map and the table of all municipalities, the common path, the elements, and who refers to it.

    Raises BadParameter for a filter that is not known.
    """
    part = thing.value("dct:temporal")
    slug = thing.iri.rpartition("/")[2]
    shared = {
        "slug": slug,
        "glance": _glance(thing),
        "period_pieces": [piece for piece in thing.evidence if ns.expand("dct:temporal") in piece.attests],
        "start": thing.value("dcat:startDate", part),
        "end": thing.value("dcat:endDate", part),
        "tree": strategy.trees([thing.iri]).get(thing.iri, []),
        "outward": claims.around([thing.iri]),
        "mentions": _mentions(thing.iri),
        "replaced_by": next((one.things for one in thing.incoming if one.property == ns.expand("dct:replaces")), ()),
    }
    elements = [cell(value) for value in thing.values("sg:hasElement")]
    inward = claims.around([thing.iri, *elements], outward=False)
    if thing.value("sg:adoptable") != "true":
        return "framework.html", shared | {"adoptable": False, "inward": inward}
    chosen = listed(thing.iri, f"/doc/framework/{slug}", "#kommuner")
    shown = {row.standing.municipality for row in chosen.shown}
    codes = {row.standing.municipality: row.standing.status for row in chosen.rows}
    filtered = len(shown) < len(chosen.rows)
    words = legend(lambda code: chosen.choices.href(status=code))
    if filtered:
        codes = {iri: code if iri in shown else OUTSIDE for iri, code in codes.items()}
        words.append({"code": OUTSIDE, "label": site.t("filter.outside"), "mark": "", "href": ""})
    bearing = {claim.iri for row in chosen.rows for claim in row.standing.claims}
    return "framework.html", shared | {
        "adoptable": True,
        "statuses": statuses(),
        "counts": Counter(row.standing.status for row in chosen.rows),
        "chosen": chosen,
        "rows": chosen.shown,
        "total": len(chosen.rows),
        "filtered": filtered,
        "heads": {
            one.key: one for one in heads(chosen.choices, [(key, site.t(_LABELS[key])) for key in _KEYS], chosen.sort)
        },
        "corpora": [
            (one, chosen.choices.href(corpus="" if one == "all" else one), one == chosen.corpus) for one in CORPORA
        ],
        "files": [(kind, chosen.choices.file(f"/frameworks/{slug}.{kind}")) for kind in ("csv", "xlsx", "json")],
        "badges": {one.code: render.coded("status", one.code) for one in standings().statuses},
        "readings": {code: site.t(key) for code, key in READINGS.items()},
        "common": standing.common(thing.iri) if any(row.standing.claims for row in chosen.rows) else [],
        "tiles": tilemap.tiles(codes),
        "legend": words,
        "inward": [claim for claim in inward if claim.iri not in bearing],
    }


def _glance(thing: Description) -> list[dict[str, Any]]:
    """The most important facts, each with the pieces that attest it."""
    found = []
    for key, name in GLANCE:
        if values := [cell(value) for value in thing.values(name)]:
            pieces = [piece for piece in thing.evidence if ns.expand(name) in piece.attests]
            found.append({"key": key, "things": values, "pieces": pieces})
    return found


def _mentions(iri: str) -> list[dict[str, Any]]:
    """The municipalities' mentions of it that bear no status, each with its place."""
    store = site.service().store
    rows = store.select(
        f"""SELECT ?item ?municipality WHERE {{
          ?item a sg:Mention ; sg:concerns {NamedNode(iri)} ; sg:municipality ?municipality
        }} ORDER BY ?municipality ?item"""
    )
    pieces: dict[str, list[Piece]] = describe.evidence_of(store, [cell(row["item"]) for row in rows])
    return [
        {
            "item": cell(row["item"]),
            "municipality": cell(row["municipality"]),
            "pieces": pieces.get(cell(row["item"]), []),
        }
        for row in rows
    ]


def _in_force(found: standing.Standings, one: Standing) -> str:
    """Whether the strategy behind the leading place is in force today; "" where there is no strategy."""
    period = found.period(one.claims[0].subject) if one.claims and one.lead else None
    return site.status_on(period.start, period.end) if period else ""


def _text(value: str) -> Literal | None:
    return Literal(value) if value else None


def _number(value: int) -> Literal:
    return Literal(value)
