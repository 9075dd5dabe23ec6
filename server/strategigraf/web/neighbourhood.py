"""What lies around a thing: its neighbours, theirs, and how they hang together, within bounds."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pyoxigraph import NamedNode

from strategigraf import describe, ns
from strategigraf.describe import Piece
from strategigraf.ns import expand
from strategigraf.store import Reader
from strategigraf.terms import cell
from strategigraf.web import site

#: The most nodes and edges that are shown.
MOST_NODES, MOST_EDGES = 60, 250
DEPTHS = ("1", "2")
#: Kinds of relation and the properties of each, every one in one direction only. Alignments, evidence and
#: membership of a region are nodes in the graph; here each is one edge.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "alignments": (),
    "parts": (
        "sg:elementOf", "dct:isPartOf", "sg:supports", "dct:replaces", "dct:isVersionOf", "sg:possiblySameAs",
        "sg:nextStep", "sg:enables", "sg:criterionOf",
    ),
    "organisation": (
        "dct:publisher", "sg:owner", "sg:supplier", "org:unitOf", "org:subOrganizationOf", "org:hasMember",
        "org:postIn", "sg:escalatesTo", "sg:dutyOf", "sg:approvalOf", "sg:approvedBy", "sg:carriedOutBy",
        "sg:appointedBy", "sg:drawnFrom",
    ),
    "themes": ("dct:subject", "sg:area", "skos:broader", "skos:related"),
    "statements": ("sg:concerns", "sg:itemOf", "sg:about", "sg:lists", "sg:entryOf", "sg:comparesWith"),
    "sources": ("sg:hasText", "dct:creator"),
    "other": (),
}  # fmt: skip
#: What ``other`` leaves out: what the groups say in another way, and what only rules derive.
_LEFT_OUT = (
    "rdf:type", "sg:evidence", "sg:evidenceFor", "sg:leadsTo", "sg:concernedBy", "sg:finishedPartOf",
    "prov:wasDerivedFrom", "prov:wasAttributedTo", "skos:topConceptOf", "dct:spatial",
    "sg:impliedBy", "dct:source",
)  # fmt: skip
#: Types whose neighbours are only to be found by properties of no group.
_BARE = ("alignment", "adoption", "evidence", "observation", "item", "entry", "approval", "concept")
#: Types that gather so much that their neighbours say nothing about one another; the second step stops at them.
_HUBS = ("concept", "region")
_BELONGS = expand("org:hasMembership")
_EVIDENCE = expand("sg:evidence")


@dataclass(frozen=True)
class Edge:
    """A connection: ``name`` is a property, or the code of an alignment's relation.

    ``basis`` is ``explicit`` or ``thematic`` for an alignment, whose IRI is then ``claim``; otherwise both are "".
    """

    start: str
    end: str
    name: str
    group: str
    basis: str = ""
    claim: str = ""


@dataclass(frozen=True)
class Node:
    """A thing at a distance from the middle, with its place in a drawing."""

    iri: str
    type: str
    distance: int
    x: int
    y: int


@dataclass(frozen=True)
class Neighbourhood:
    """What is shown, and how much there is: ``total`` counts the neighbours that the bounds left out, too."""

    middle: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    total: int

    @property
    def cut(self) -> bool:
        """Whether there is more than is shown."""
        return self.total > len(self.nodes) - 1


def default_groups(kind: str) -> tuple[str, ...]:
    """The kinds of relation to show of a type of thing where a request does not say."""
    if kind == "document":
        return ("alignments", "parts", "organisation", "sources")
    if kind in _BARE:
        return tuple(GROUPS)
    return ("alignments", "parts", "organisation", "themes")


def around(store: Reader, middle: str, depth: int, groups: Sequence[str], day: str) -> Neighbourhood:
    """The things at most ``depth`` steps from one, and every connection between them.

    Where there are more than MOST_NODES, alignments and parts come first, then the other kinds in the order of
    GROUPS. ``day`` decides which region a municipality belongs to.
    """
    distance = {middle: 0}
    left_out: set[str] = set()
    frontier = [middle]
    for step in range(1, depth + 1):
        found = _touching(store, frontier, groups, day, other=step == 1)
        fresh: dict[str, tuple[int, str, str]] = {}
        for edge in found:
            for one in (edge.start, edge.end):
                rank = (tuple(GROUPS).index(edge.group), edge.basis, site.plain_name(one).casefold())
                if one not in distance:
                    fresh[one] = min(fresh.get(one, rank), rank)
        ordered = sorted(fresh, key=lambda iri: (fresh[iri], iri))
        room = MOST_NODES - len(distance) + 1
        left_out |= set(ordered[max(room, 0) :])
        frontier = ordered[: max(room, 0)]
        distance |= dict.fromkeys(frontier, step)
        frontier = [iri for iri in frontier if _kind(iri) not in _HUBS]
    edges = _between(store, distance, groups, day, middle)
    places = _places(middle, distance, edges)
    nodes = tuple(
        Node(iri, _kind(iri), step, *places[iri])
        for iri, step in sorted(distance.items(), key=lambda one: (one[1], site.plain_name(one[0]).casefold(), one[0]))
    )
    return Neighbourhood(middle, nodes, edges, len(distance) - 1 + len(left_out - set(distance)))


def proof(store: Reader, edges: Iterable[Edge]) -> dict[Edge, list[Piece]]:
    """The evidence of each edge: of its alignment, else what attests the property, else what attests its start."""
    some = list(edges)
    pieces = describe.evidence_of(store, {edge.claim or edge.start for edge in some})
    proved: dict[Edge, list[Piece]] = {}
    for edge in some:
        places = pieces.get(edge.claim or edge.start, [])
        if edge.name == _EVIDENCE:
            places = [piece for piece in places if piece.document == edge.end]
        elif not edge.claim:
            places = [piece for piece in places if edge.name in piece.attests] or [
                piece for piece in places if not piece.attests
            ]
        proved[edge] = places
    return proved


def _kind(iri: str) -> str:
    parts = ns.split(iri)
    return parts[0] if parts else ""


def _ours(iri: str) -> bool:
    return iri.startswith(ns.ID) and "#" not in iri


def _listed(iris: Iterable[str]) -> str:
    return " ".join(str(NamedNode(iri)) for iri in sorted(iris))


def _touching(store: Reader, iris: Iterable[str], groups: Sequence[str], day: str, other: bool = False) -> list[Edge]:
    """The edges of some groups that begin or end at some things; ``other`` allows properties of no group."""
    here = _listed(iris)
    if not here:
        return []
    found = _stated(store, f"VALUES ?start {{ {here} }}", groups)
    found += _stated(store, f"VALUES ?end {{ {here} }}", groups)
    found += _gathered(store, here, "start", groups, day)
    found += _gathered(store, here, "end", groups, day)
    if other and "other" in groups:
        found += _unnamed(store, here)
    return list(dict.fromkeys(found))


def _between(
    store: Reader, distance: Mapping[str, int], groups: Sequence[str], day: str, middle: str
) -> tuple[Edge, ...]:
    """The edges among some things, those nearest to the middle first."""
    here = _listed(distance)
    found = _stated(store, f"VALUES ?start {{ {here} }}", groups) + _gathered(store, here, "start", groups, day)
    if "other" in groups:
        found += _unnamed(store, _listed([middle]))
    inside = [edge for edge in dict.fromkeys(found) if edge.start in distance and edge.end in distance]
    order = tuple(GROUPS)
    inside.sort(
        key=lambda edge: (
            distance[edge.start] + distance[edge.end],
            order.index(edge.group),
            edge.basis,
            site.plain_name(edge.start).casefold(),
            edge.name,
            site.plain_name(edge.end).casefold(),
            edge.claim,
        )
    )
    return tuple(inside[:MOST_EDGES])


def _stated(store: Reader, where: str, groups: Sequence[str]) -> list[Edge]:
    """The edges that are one property."""
    of = {expand(name): group for group in groups for name in GROUPS[group]}
    if not of:
        return []
    rows = store.select(f"SELECT ?start ?p ?end WHERE {{ {where} VALUES ?p {{ {_listed(of)} }} ?start ?p ?end }}")
    edges = (Edge(cell(row["start"]), cell(row["end"]), cell(row["p"]), of[cell(row["p"])]) for row in rows)
    return [edge for edge in edges if _ours(edge.start) and _ours(edge.end) and edge.start != edge.end]


def _gathered(store: Reader, here: str, side: str, groups: Sequence[str], day: str) -> list[Edge]:
    """The edges that a node stands for: alignments, memberships of a region, and evidence."""
    found: list[Edge] = []
    where = f"VALUES ?{side} {{ {here} }}"
    if "alignments" in groups:
        for row in store.select(
            f"""SELECT ?start ?end ?relation ?basis ?claim WHERE {{ {where}
              ?claim sg:subject ?start ; sg:object ?end ; sg:relation/skos:notation ?relation ;
                sg:basis/skos:notation ?basis }}"""
        ):
            start, end, relation, basis, claim = (cell(row[n]) for n in ("start", "end", "relation", "basis", "claim"))
            found.append(Edge(start, end, relation, "alignments", basis, claim))
    if "organisation" in groups:
        for row in store.select(
            f"""SELECT ?start ?end ?first ?last WHERE {{ {where}
              ?membership org:member ?start ; org:organization ?end .
              OPTIONAL {{ ?membership dct:temporal/dcat:startDate ?first }}
              OPTIONAL {{ ?membership dct:temporal/dcat:endDate ?last }} }}"""
        ):
            if cell(row.get("first")) <= day <= (cell(row.get("last")) or day):
                found.append(Edge(cell(row["start"]), cell(row["end"]), _BELONGS, "organisation"))  # noqa: PERF401
    if "sources" in groups:
        rows = store.select(f"SELECT DISTINCT ?start ?end WHERE {{ {where} ?start sg:evidence/dct:source ?end }}")
        found += [Edge(cell(row["start"]), cell(row["end"]), _EVIDENCE, "sources") for row in rows]
    return [edge for edge in found if _ours(edge.start) and _ours(edge.end) and edge.start != edge.end]


def _unnamed(store: Reader, here: str) -> list[Edge]:
    """The edges of things by properties of no group, save those that another property says backwards."""
    backwards = {cell(row["p"]) for row in store.select("SELECT ?p WHERE { ?p owl:inverseOf ?q }")}
    known = {expand(name) for names in GROUPS.values() for name in names}
    skipped = {expand(name) for name in _LEFT_OUT} | backwards | known
    rows = store.select(f"SELECT ?start ?p ?end WHERE {{ VALUES ?start {{ {here} }} ?start ?p ?end }}")
    rows += store.select(f"SELECT ?start ?p ?end WHERE {{ VALUES ?end {{ {here} }} ?start ?p ?end }}")
    if any(_kind(iri) == "evidence" for iri in here.replace("<", "").replace(">", "").split()):
        skipped -= {_EVIDENCE, expand("dct:source")}
    edges = (Edge(cell(row["start"]), cell(row["end"]), cell(row["p"]), "other") for row in rows)
    return [
        edge
        for edge in edges
        if edge.name not in skipped and _ours(edge.start) and _ours(edge.end) and edge.start != edge.end
    ]


def _places(middle: str, distance: Mapping[str, int], edges: Sequence[Edge]) -> dict[str, tuple[int, int]]:
    """A place for each thing: the middle, an ellipse of the nearest, and a wider one, each beside what it hangs on."""
    group: dict[str, tuple[int, str]] = {}
    joined: dict[str, list[str]] = defaultdict(list)
    for edge in edges:
        joined[edge.start].append(edge.end)
        joined[edge.end].append(edge.start)
        for one, other in ((edge.start, edge.end), (edge.end, edge.start)):
            if other == middle:
                group.setdefault(one, (tuple(GROUPS).index(edge.group), edge.name))
    first = sorted(
        (iri for iri, step in distance.items() if step == 1),
        key=lambda iri: (group.get(iri, (9, "")), _kind(iri), site.plain_name(iri).casefold(), iri),
    )
    angle = {iri: 2 * math.pi * place / len(first) for place, iri in enumerate(first)}
    second = sorted(
        (iri for iri, step in distance.items() if step == 2),
        key=lambda iri: (min((angle[one] for one in joined[iri] if one in angle), default=7.0), iri),
    )
    places = {middle: (0, 0)}
    inner = max(150.0, len(first) * 12.0)
    outer = max(inner * 1.28 + 110, len(second) * 11.0)
    for ring, radius, turn in ((first, inner, 0.0), (second, outer, 0.1)):
        for place, iri in enumerate(ring):
            # Neighbours on the same ellipse stand in and out by turns, so that their names have room.
            out = radius * (1.28 if place % 2 and len(ring) > 8 else 1.0)
            turned = 2 * math.pi * place / len(ring) + turn - math.pi / 2
            places[iri] = (round(out * 1.3 * math.cos(turned)), round(out * math.sin(turned)))
    return places
