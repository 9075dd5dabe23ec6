"""What the data really hold: each class with its properties, how often, and what they point at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode

from strategigraf.ns import ID
from strategigraf.store import GraphStore
from strategigraf.terms import cell

_PAIRS = f"""SELECT ?class ?property ?range (COUNT(*) AS ?count)
WHERE {{
  ?thing a ?class ; ?property ?value .
  FILTER(STRSTARTS(STR(?thing), "{ID}"))
  OPTIONAL {{ ?value a ?kind }}
  BIND(COALESCE(?kind, DATATYPE(?value), rdfs:Resource) AS ?range)
}}
GROUP BY ?class ?property ?range"""
_THINGS = f"""SELECT ?class (COUNT(*) AS ?count)
WHERE {{ ?thing a ?class . FILTER(STRSTARTS(STR(?thing), "{ID}")) }}
GROUP BY ?class"""


@dataclass(frozen=True)
class Use:
    """One property on things of one class: its IRI, how many values, and the IRIs of what they are."""

    property: str
    count: int
    ranges: tuple[str, ...]


@dataclass(frozen=True)
class Profile:
    """The classes with their number of things and their properties, and how often each term is used."""

    things: Mapping[str, int]
    uses: Mapping[str, tuple[Use, ...]]
    terms: Mapping[str, int]

    def has(self, subject: str, predicate: str, target: str) -> bool:
        """Whether some thing of the class ``subject`` points with ``predicate`` at one of the class ``target``."""
        return any(use.property == predicate and target in use.ranges for use in self.uses.get(subject, ()))


def profile(store: GraphStore) -> Profile:
    """The profile of everything below ``/id/`` in the merge (VoID's class and property partitions, as one table)."""
    things = {_name(row["class"]): _number(row["count"]) for row in store.select(_THINGS)}
    counts: dict[str, dict[str, Counter[str]]] = {}
    for row in store.select(_PAIRS):
        found = counts.setdefault(_name(row["class"]), {}).setdefault(_name(row["property"]), Counter())
        found[_name(row["range"])] += _number(row["count"])
    totals = {
        cell(row["property"]): _number(row["count"])
        for row in store.select("SELECT ?property (COUNT(*) AS ?count) { ?s ?property ?o } GROUP BY ?property")
    }
    uses = {
        of: tuple(
            Use(name, max(ranges.values()), tuple(sorted(ranges, key=lambda iri: (-ranges[iri], iri))))
            for name, ranges in sorted(properties.items())
        )
        for of, properties in counts.items()
    }
    return Profile(things, uses, totals | things)


def _name(value: object) -> str:
    assert isinstance(value, NamedNode)
    return value.value


def _number(value: object) -> int:
    assert isinstance(value, Literal)
    return int(value.value)
