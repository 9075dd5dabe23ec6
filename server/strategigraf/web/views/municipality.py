"""A municipality: where it belongs, what it publishes, wants and follows, whom it is like, and what is not known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pyoxigraph import NamedNode

from strategigraf.describe import Description
from strategigraf.terms import cell
from strategigraf.web import site, spans
from strategigraf.web.views import claims, lifeline, strategy
from strategigraf.web.views.places import places
from strategigraf.web.views.similar import similar

#: How many similar municipalities are shown.
ALIKE = 8
#: The side of a square of the small map, with its gap.
_TILE = 10


@dataclass(frozen=True)
class Area:
    """A focus area of the joint strategy, and the municipality's claims to it."""

    iri: str
    claims: tuple[claims.Claim, ...]


def view(thing: Description) -> tuple[str, dict[str, Any]]:
    """Memberships, population, strategies, elements, adoptions, coverage, governance, likeness and gaps."""
    store = site.service().store
    here = NamedNode(thing.iri)
    memberships = []
    for membership in map(cell, thing.values("org:hasMembership")):
        part = thing.value("dct:temporal", membership)
        start, end = (thing.value(name, part) for name in ("dcat:startDate", "dcat:endDate"))
        region = thing.value("org:organization", membership)
        memberships.append({"region": region, "start": start, "end": end, "status": site.status_on(start, end)})
    own = [span for span in spans.spans() if thing.iri in span.publishers]
    texts = {cell(row["s"]): cell(row["t"]) for row in store.select(
        f"SELECT ?s ?t WHERE {{ ?s a sg:Strategy ; dct:publisher {here} ; sg:hasText ?t }} ORDER BY ?s ?t"
    )}  # fmt: skip
    own.sort(key=lambda span: (span.iri not in texts, span.start or span.end or "9", span.iri))
    strategies = [span.iri for span in own]
    bodies = [row["iri"] for row in _rows(f"SELECT ?iri WHERE {{ ?iri org:unitOf {here} }} ORDER BY ?iri")]
    trees = strategy.trees(strategies) if strategies else {}
    said = claims.around([thing.iri, *bodies, *strategies, *strategy.flat(trees)])
    joint, areas = coverage(said)
    adoptions = _rows(
        f"""SELECT ?iri ?framework ?status ?reading ?latest WHERE {{
          ?iri sg:municipality {here} ; sg:framework ?framework ; sg:ownReading ?reading .
          ?iri sg:status ?concept . ?concept skos:notation ?status .
          OPTIONAL {{ ?iri sg:latestEvidence ?latest }}
        }} ORDER BY ?framework"""
    )
    entries = _rows(
        f"""SELECT ?iri ?form ?period ?link WHERE {{
          ?iri a sg:ListEntry ; sg:municipality {here} ; sg:formAsWritten ?form .
          OPTIONAL {{ ?iri sg:periodAsWritten ?period }} OPTIONAL {{ ?iri sg:linkText ?link }}
        }} ORDER BY ?iri"""
    )
    approvals = strategy.approvals_of(strategies)
    pairs = _possibly(strategies)
    return "municipality.html", {
        "memberships": sorted(memberships, key=lambda one: one["start"]),
        "population": _rows(
            f"""SELECT ?iri ?value ?year ?source WHERE {{
              ?iri sg:about {here} ; sg:measure concept:measure-population ; sg:value ?value ; sg:year ?year .
              OPTIONAL {{ ?iri dct:source ?source }}
            }} ORDER BY DESC(STR(?year))"""
        ),
        "map": locator(thing.iri),
        "code": thing.value("dct:identifier"),
        "strategies": own,
        "life": lifeline.draw(own),
        "texts": texts,
        "trees": trees,
        "adoptions": adoptions,
        "entries": entries,
        "bodies": governance(thing.iri) if bodies else {},
        "approvals": approvals,
        "joint": joint,
        "areas": areas,
        # Of a claim on two texts, the municipality's own is the nearer.
        "own_first": lambda pieces: sorted(pieces, key=lambda piece: piece.document not in texts.values()),
        "outward": [claim for claim in said if claim.subject == thing.iri or claim.subject in bodies],
        "alike": similar(thing.iri)[:ALIKE],
        "told": told_of(thing.iri),
        "unknown": {
            "undated": [span.iri for span in own if not span.dated],
            "unapproved": [span.iri for span in own if span.iri not in {one["of"] for one in approvals}],
            "unread": [span.iri for span in own if span.iri not in texts],
            "pairs": pairs,
            "not_assessed": [one["framework"] for one in adoptions if one["status"] == "not-assessed"],
            "areas": [area.iri for area in areas if not area.claims],
        },
        "read_whole": [] if texts else _read_whole(),
        "lists": [] if entries else _lists(),
    }


def coverage(said: Sequence[claims.Claim]) -> tuple[str, list[Area]]:
    """The joint strategy that ``focus_area_coverage`` takes where nothing else is asked, and its focus areas.

    Each area has the claims among ``said`` that point to it.
    """
    catalogue = site.service().catalogue
    query = catalogue.get("focus_area_coverage")
    joint = cell(catalogue.parameters(query, {}, site.service().names, site.today())["strategy"])
    rows = _rows(
        f"""SELECT ?iri WHERE {{
          ?iri a sg:FocusArea ; sg:elementOf {NamedNode(joint)} . OPTIONAL {{ ?iri sg:order ?no }}
        }} ORDER BY ?no ?iri"""
    )
    by_object: dict[str, list[claims.Claim]] = defaultdict(list)
    for claim in said:
        by_object[claim.object].append(claim)
    return joint, [Area(row["iri"], tuple(by_object[row["iri"]])) for row in rows]


def governance(iri: str) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """The bodies by IRI, and for each what it has by kind: ``level``, ``member``, ``duty``, ``escalates-to``, ``body``.

    The rows are those of the public query; several places for one item are gathered in its ``places``.
    """
    answer = site.service().answer("governance", {"municipality": iri}, site.today())
    bodies: dict[str, dict[str, list[dict[str, Any]]]] = {}
    seen: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in answer.table.dicts() if answer.table else ():
        key = (row["body"], row["what"], row["item"])
        if key not in seen:
            seen[key] = row | {"places": []}
            bodies.setdefault(row["body"], {}).setdefault(row["what"], []).append(seen[key])
        seen[key]["places"].append(row)
    return bodies


def locator(iri: str) -> dict[str, Any]:
    """The small map: one path with every square, the square of the municipality, and the municipalities beside it."""
    known = places()
    if iri not in known:
        return {}
    here = known[iri]
    beside = sorted(
        other.iri for other in known.values() if abs(other.row - here.row) + abs(other.column - here.column) == 1
    )
    left = min(place.column for place in known.values())
    top = min(place.row for place in known.values())
    side = _TILE - 1

    def at(column: int, row: int) -> tuple[int, int]:
        return (column - left) * _TILE, (row - top) * _TILE

    squares = (at(place.column, place.row) for place in known.values())
    x, y = at(here.column, here.row)
    return {
        "all": "".join(f"M{a} {b}h{side}v{side}h-{side}z" for a, b in squares),
        "x": x,
        "y": y,
        "side": side,
        "width": (max(place.column for place in known.values()) - left + 1) * _TILE,
        "height": (max(place.row for place in known.values()) - top + 1) * _TILE,
        "beside": beside,
    }


def told_of(iri: str) -> dict[str, list[dict[str, str]]]:
    """What documents tell of the municipality: items by class, each with its document ("" where it has none)."""
    here = NamedNode(iri)
    found: dict[str, dict[str, dict[str, str]]] = defaultdict(dict)
    for row in _rows(
        f"""SELECT DISTINCT ?iri ?type ?document WHERE {{
          {{ ?iri sg:municipality {here} }} UNION {{ ?iri sg:concerns {here} }}
          ?iri a ?type . VALUES ?type {{ sg:Mention sg:Case sg:Finding sg:Technology }}
          OPTIONAL {{ ?iri sg:evidence/dct:source ?document }}
        }} ORDER BY ?type ?iri ?document"""
    ):
        found[row["type"]].setdefault(row["iri"], row)
    return {kind: list(items.values()) for kind, items in found.items()}


def _possibly(strategies: Sequence[str]) -> list[tuple[str, str]]:
    """The pairs of strategies of which no source settles whether they are one."""
    some = " ".join(str(NamedNode(iri)) for iri in strategies)
    rows = _rows(f"SELECT ?a ?b WHERE {{ VALUES ?a {{ {some} }} ?a sg:possiblySameAs ?b }} ORDER BY ?a ?b")
    return sorted({(min(row["a"], row["b"]), max(row["a"], row["b"])) for row in rows})


def _read_whole() -> list[dict[str, str]]:
    """The documents that have been read whole, with the day of reading."""
    return _rows(
        """SELECT ?iri ?day WHERE { ?iri sg:corpus concept:corpus-read . ?reading sg:readingOf ?iri ; dct:date ?day }
           ORDER BY ?iri"""
    )


def _lists() -> list[str]:
    """The documents that have lists with rows of municipalities."""
    return [row["iri"] for row in _rows("SELECT DISTINCT ?iri WHERE { ?row sg:entryOf ?iri } ORDER BY ?iri")]


def _rows(query: str) -> list[dict[str, str]]:
    return [{name: cell(term) for name, term in row.items()} for row in site.service().store.select(query)]
