"""A framework: who is committed to it, how firmly, and where it says so."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flask import request
from pyoxigraph import NamedNode

from strategigraf.describe import Description
from strategigraf.errors import BadParameter
from strategigraf.terms import cell
from strategigraf.text import Text
from strategigraf.web import site
from strategigraf.web.views import adoption, claims

CORPORA = ("all", "read")
#: Side of a square in the tile map, with the gap to the next.
TILE = 34


def statuses() -> list[dict[str, str]]:
    """The statuses in their order: IRI, code and what each means in the language of the page."""
    rows = site.service().store.select(
        f"""SELECT ?iri ?code ?meaning WHERE {{
          ?iri skos:inScheme concept:status ; skos:notation ?code ; sg:order ?order ; skos:definition ?meaning .
          FILTER(LANG(?meaning) = "{site.language()}")
        }} ORDER BY ?order"""
    )
    return [{name: cell(term) for name, term in row.items()} for row in rows]


def adoptable() -> list[str]:
    """The frameworks that a municipality can choose to follow."""
    rows = site.service().store.select("SELECT ?f WHERE { ?f sg:adoptable true } ORDER BY ?f")
    return [cell(row["f"]) for row in rows]


def adoptions(iri: str, corpus: str) -> list[dict[str, str]]:
    """The rows of the public query, one for each municipality."""
    answer = site.service().answer("framework_adoption", {"framework": iri, "corpus": corpus}, site.today())
    return answer.table.dicts() if answer.table else []


def view(thing: Description) -> tuple[str, dict[str, Any]]:
    """The statuses, their counts, the map, the table of all municipalities, and the common path.

    Raises BadParameter for a corpus or status that is not known.
    """
    if thing.value("sg:adoptable") != "true":
        return "framework.html", {
            "adoptable": False,
            "inward": claims.around([thing.iri], outward=False),
            "outward": claims.around([thing.iri]),
        }
    known = statuses()
    corpus = _choice("corpus", CORPORA, "all")
    status = _choice("status", tuple(one["code"] for one in known), "")
    rows = adoptions(thing.iri, corpus)
    counts = Counter(row["status"] for row in rows)
    return "framework.html", {
        "adoptable": True,
        "statuses": known,
        "counts": counts,
        "corpus": corpus,
        "chosen": status,
        "rows": [row for row in rows if not status or row["status"] == status],
        "total": len(rows),
        "own": _own(thing.iri),
        "common": _common(thing.iri),
        "tiles": _tiles(rows),
        "inward": [],
        "outward": claims.around([thing.iri]),
        "slug": thing.iri.rpartition("/")[2],
        "today": site.today().isoformat(),
    }


def _own(iri: str) -> dict[str, list[claims.Claim]]:
    """The claims that bear a status other than through the community, by municipality."""
    here = NamedNode(iri)
    found = claims.read(
        f"""{{ SELECT DISTINCT ?claim WHERE {{ ?adoption sg:framework {here} ; sg:basedOn ?claim .
          ?claim sg:bearsStatus ?way FILTER(?way != concept:status-implied) }} }}"""
    )
    by_iri = {claim.iri: claim for claim in found}
    result: dict[str, list[claims.Claim]] = {}
    for row in site.service().store.select(
        f"SELECT ?m ?c WHERE {{ ?a sg:framework {here} ; sg:municipality ?m ; sg:basedOn ?c }} ORDER BY ?m ?c"
    ):
        if claim := by_iri.get(cell(row["c"])):
            result.setdefault(cell(row["m"]), []).append(claim)
    return result


def _common(iri: str) -> list[dict[str, Any]]:
    """The path by which every municipality follows through the community: the same for all of them."""
    rows = site.service().store.select(
        f"""SELECT ?m WHERE {{
          ?a sg:framework {NamedNode(iri)} ; sg:impliedBy ?whole ; sg:municipality ?m
        }} ORDER BY ?m LIMIT 1"""
    )
    if not rows:
        return []
    steps = adoption.paths(iri, cell(rows[0]["m"])).get("implied", [])
    return [step for step in steps if step["relation"] != "member-of"]


def _tiles(rows: list[dict[str, str]]) -> dict[str, Any]:
    """The map of equal squares: one for each municipality, with its status."""
    places = {
        cell(row["m"]): (int(cell(row["x"])), int(cell(row["y"])))
        for row in site.service().store.select("SELECT ?m ?x ?y WHERE { ?m sg:tileColumn ?x ; sg:tileRow ?y }")
    }
    tiles: list[dict[str, Any]] = [
        {"x": places[iri][0] * TILE, "y": places[iri][1] * TILE, "short": _short(row["name"]), **row}
        for row in rows
        if (iri := row["municipality"]) in places
    ]
    return {
        "items": sorted(tiles, key=lambda tile: (tile["y"], tile["x"])),
        "width": max((tile["x"] for tile in tiles), default=0) + TILE,
        "height": max((tile["y"] for tile in tiles), default=0) + TILE,
        "side": TILE - 3,
    }


def _short(name: str) -> str:
    return name.replace("-", " ").split()[0][:4]


def _choice(name: str, choices: tuple[str, ...], default: str) -> str:
    value = request.args.get(name, "") or default
    if value and value not in choices:
        wanted = ", ".join(choices)
        raise BadParameter(
            Text(f"{name} kan ikke være {value!r}. Vælg: {wanted}.", f"{name} cannot be {value!r}. Choose: {wanted}.")
        )
    return value
