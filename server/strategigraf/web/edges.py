"""What strategies, series and frameworks have to do with one another, each connection with its evidence.

An alignment of an element counts for the whole that the element belongs to, one of a body for its organisation.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from flask import current_app

from strategigraf import describe, ns
from strategigraf.describe import Piece
from strategigraf.ns import expand
from strategigraf.store import Reader
from strategigraf.terms import cell
from strategigraf.web import site
from strategigraf.web.views import claims
from strategigraf.web.views.claims import Claim

#: The relations of alignments, the closest first, and then those that a strategy or framework states of itself.
RELATIONS = (
    "builds-on", "implements", "follows", "deviates-from", "corresponds-to", "narrower-than",
    "is-part-of", "replaces", "is-version-of",
)  # fmt: skip
_STATED = {"dct:isPartOf": "is-part-of", "dct:replaces": "replaces", "dct:isVersionOf": "is-version-of"}


@dataclass(frozen=True)
class Edge:
    """A connection from one whole to another: ``relation`` is one of RELATIONS.

    ``explicit`` says whether a text itself says so; otherwise it is our reading (thematic). ``claims`` are the
    alignments that it gathers; a connection that a property states has none.
    """

    start: str
    end: str
    relation: str
    explicit: bool
    claims: tuple[Claim, ...]
    pieces: tuple[Piece, ...]


def edges() -> tuple[Edge, ...]:
    """Every connection, by start, end and relation; read once in each process, since a release never changes."""
    found: tuple[Edge, ...] | None = current_app.extensions.get("strategigraf.edges")
    if found is None:
        found = current_app.extensions["strategigraf.edges"] = _read(site.service().store)
    return found


def whole(iri: str) -> str:
    """The strategy, framework, document or organisation that a thing belongs to; otherwise the thing itself."""
    found: dict[str, str] | None = current_app.extensions.get("strategigraf.wholes")
    if found is None:
        found = current_app.extensions["strategigraf.wholes"] = _wholes(site.service().store)
    return found.get(iri, iri)


def _wholes(store: Reader) -> dict[str, str]:
    """The whole of each element, and the organisation of each body."""
    rows = store.select("SELECT ?part ?whole WHERE { ?part sg:elementOf|org:unitOf ?whole } ORDER BY DESC(?whole)")
    return {cell(row["part"]): cell(row["whole"]) for row in rows}


def _read(store: Reader) -> tuple[Edge, ...]:
    gathered: dict[tuple[str, str, str, bool], list[Claim]] = defaultdict(list)
    for claim in claims.read(""):
        start, end = whole(claim.subject), whole(claim.object)
        if start != end:
            relation, explicit = claim.relation.rpartition("/relation-")[2], claim.basis.endswith("/basis-explicit")
            gathered[start, end, relation, explicit].append(claim)
    found = [Edge(*key, tuple(some), _distinct(some)) for key, some in gathered.items()]
    found += _stated(store)
    found.sort(key=lambda edge: (edge.start, edge.end, RELATIONS.index(edge.relation), not edge.explicit))
    return tuple(found)


def _distinct(some: list[Claim]) -> tuple[Piece, ...]:
    return tuple(dict.fromkeys(piece for claim in some for piece in claim.pieces))


def _stated(store: Reader) -> list[Edge]:
    """What strategies and frameworks are part of, replace and are versions of, by their own properties."""
    names = " ".join(_STATED)
    rows = store.select(
        f"""SELECT DISTINCT ?start ?property ?end WHERE {{
          VALUES ?property {{ {names} }} VALUES ?class {{ sg:Strategy sg:Framework sg:StrategySeries }}
          ?start a ?class ; ?property ?end .
        }} ORDER BY ?start ?property ?end"""
    )
    pieces = describe.evidence_of(store, {cell(row["start"]) for row in rows})
    found: dict[tuple[str, str, str], Edge] = {}
    for row in rows:
        start, name, end = cell(row["start"]), cell(row["property"]), whole(cell(row["end"]))
        if start == end or not ns.split(end):
            continue
        places = pieces.get(start, [])
        proving = [piece for piece in places if name in piece.attests] or [p for p in places if not p.attests]
        relation = next(code for short, code in _STATED.items() if expand(short) == name)
        found[start, relation, end] = Edge(start, end, relation, True, (), tuple(proving))
    return list(found.values())
