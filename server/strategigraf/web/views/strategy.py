"""Strategies and their elements: the tree from vision to requirement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyoxigraph import NamedNode

from strategigraf import describe
from strategigraf.describe import Description, Piece
from strategigraf.terms import cell
from strategigraf.web import site
from strategigraf.web.views import claims

_KINDS = ("Vision", "Quality", "Goal", "FocusArea", "Principle", "Rationale", "Requirement", "Initiative")


@dataclass
class Element:
    """One element in the tree of its strategy."""

    iri: str
    type: str
    kind: str
    notation: str
    text: str
    pieces: tuple[Piece, ...]
    parts: list[Element] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How many elements lie below it."""
        return sum(1 + part.size for part in self.parts)


def view(thing: Description) -> tuple[str, dict[str, Any]]:
    """A strategy: its period and status, elements, lineage, alignments, list entries and approvals."""
    part = thing.value("dct:temporal")
    start, end = (thing.value(name, part) for name in ("dcat:startDate", "dcat:endDate"))
    tree = trees([thing.iri]).get(thing.iri, [])
    elements = [cell(value) for value in thing.values("sg:hasElement")]
    outward = claims.around([thing.iri, *elements])
    inward = claims.around([thing.iri, *elements], outward=False)
    return "strategy.html", {
        "start": start,
        "end": end,
        "status": site.status_on(start, end),
        "tree": tree,
        "up": [claim for claim in outward if claim.subject == thing.iri],
        "outward": [claim for claim in outward if claim.subject != thing.iri],
        "down": [claim for claim in inward if claim.object == thing.iri],
        "inward": [claim for claim in inward if claim.object != thing.iri],
        "owners": claims.owners([*(claim.subject for claim in inward), *(claim.object for claim in outward)]),
        "kin": _kin(thing),
        "entries": _as_listed(thing.iri),
        "approvals": approvals(thing.iri),
        "possibly": _possibly(thing.iri),
    }


def _kin(thing: Description) -> list[tuple[str, list[str]]]:
    """The strategies and series that a statement of its own ties it to, by the relation's message."""
    here = NamedNode(thing.iri)
    later = [cell(r["s"]) for r in site.service().store.select(f"SELECT ?s WHERE {{ ?s dct:replaces {here} }}")]
    found = [
        ("strategy.part_of", [cell(value) for value in thing.values("dct:isPartOf")]),
        ("strategy.replaces", [cell(value) for value in thing.values("dct:replaces")]),
        ("strategy.replaced_by", sorted(later)),
        ("strategy.version_of", [cell(value) for value in thing.values("dct:isVersionOf")]),
        ("strategy.parts", [cell(value) for value in thing.values("sg:hasPart")]),
    ]
    return [(key, iris) for key, iris in found if iris]


def _as_listed(iri: str) -> list[dict[str, str]]:
    """The rows of lists that list a strategy, as they are written."""
    rows = site.service().store.select(
        f"""SELECT ?iri ?document ?form ?link ?period WHERE {{
          ?iri sg:lists {NamedNode(iri)} ; sg:entryOf ?document ; sg:formAsWritten ?form .
          OPTIONAL {{ ?iri sg:linkText ?link }} OPTIONAL {{ ?iri sg:periodAsWritten ?period }}
        }} ORDER BY ?iri"""
    )
    return [{name: cell(term) for name, term in row.items()} for row in rows]


def _possibly(iri: str) -> list[dict[str, str]]:
    """The strategies that may be the same, with what can be held against this one's: form, first and last day."""
    here = NamedNode(iri)
    rows = site.service().store.select(
        f"""SELECT DISTINCT ?iri ?form ?start ?end WHERE {{
          {{ {here} sg:possiblySameAs ?iri }} UNION {{ ?iri sg:possiblySameAs {here} }}
          ?iri sg:form ?form .
          OPTIONAL {{ ?iri dct:temporal/dcat:startDate ?start }} OPTIONAL {{ ?iri dct:temporal/dcat:endDate ?end }}
        }} ORDER BY ?iri ?form"""
    )
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        found.setdefault(cell(row["iri"]), {name: cell(term) for name, term in row.items()})
    return list(found.values())


def approvals(iri: str) -> list[dict[str, Any]]:
    """The approvals of a strategy, oldest first, each with its evidence."""
    return approvals_of([iri])


def approvals_of(strategies: Sequence[str]) -> list[dict[str, Any]]:
    """The approvals of strategies, oldest first: of which, when, by whom ("" where not stated), and the evidence."""
    if not strategies:
        return []
    store = site.service().store
    some = " ".join(str(NamedNode(iri)) for iri in strategies)
    rows = store.select(
        f"""SELECT ?approval ?of ?date ?by WHERE {{
          VALUES ?of {{ {some} }} ?approval sg:approvalOf ?of .
          OPTIONAL {{ ?approval dct:date ?date }}
          OPTIONAL {{ ?approval sg:approvedBy ?by }}
        }} ORDER BY STR(?date) ?approval"""
    )
    pieces = describe.evidence_of(store, [cell(row["approval"]) for row in rows])
    return [
        {
            "iri": cell(row["approval"]),
            "of": cell(row["of"]),
            "date": cell(row.get("date")),
            "by": cell(row.get("by")),
            "pieces": pieces.get(cell(row["approval"]), []),
        }
        for row in rows
    ]


def flat(trees: Mapping[str, Iterable[Element]]) -> list[str]:
    """The elements of some trees, as IRIs."""
    queue = [element for roots in trees.values() for element in roots]
    found = []
    while queue:
        element = queue.pop()
        found.append(element.iri)
        queue += element.parts
    return found


def trees(strategies: Iterable[str]) -> dict[str, list[Element]]:
    """The elements of strategies as trees: each below what it supports or is part of."""
    here = " ".join(str(NamedNode(iri)) for iri in sorted(set(strategies)))
    store = site.service().store
    kinds = " ".join(f"(sg:{kind} {place})" for place, kind in enumerate(_KINDS))
    rows = store.select(
        f"""SELECT ?strategy ?element ?type ?kind ?notation ?text ?parent WHERE {{
          VALUES ?strategy {{ {here} }} VALUES (?type ?rank) {{ {kinds} }}
          ?element sg:elementOf ?strategy ; a ?type .
          OPTIONAL {{ ?element sg:kindAsWritten ?kind }} OPTIONAL {{ ?element skos:notation ?notation }}
          OPTIONAL {{ ?element sg:officialText ?text }} OPTIONAL {{ ?element sg:order ?order }}
          OPTIONAL {{ ?element sg:supports|dct:isPartOf ?parent . ?parent sg:elementOf ?strategy }}
        }} ORDER BY ?rank ?order ?element ?parent"""
    )
    pieces = describe.evidence_of(store, [cell(row["element"]) for row in rows])
    found: dict[str, Element] = {}
    below: dict[str, list[str]] = defaultdict(list)
    roots: dict[str, list[Element]] = defaultdict(list)
    for row in rows:
        iri, parent = cell(row["element"]), cell(row.get("parent"))
        if iri in found:
            continue
        found[iri] = Element(
            iri,
            cell(row["type"]),
            cell(row.get("kind")),
            cell(row.get("notation")),
            cell(row.get("text")),
            tuple(pieces.get(iri, ())),
        )
        if parent and not _leads(below, iri, parent):
            below[parent].append(iri)
        else:
            roots[cell(row["strategy"])].append(found[iri])
    for parent, children in below.items():
        found[parent].parts = [found[child] for child in children]
    return dict(roots)


def _leads(below: dict[str, list[str]], start: str, goal: str) -> bool:
    """Whether ``goal`` already lies below ``start``, so that no circle is made."""
    queue = [start]
    while queue:
        one = queue.pop()
        if one == goal:
            return True
        queue += below.get(one, [])
    return False
