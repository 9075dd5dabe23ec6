"""What the data really hold: each class with its properties, how often, and what they point at."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from pyoxigraph import Literal, NamedNode

from strategigraf.ns import BASE, ID, SG
from strategigraf.store import Reader, Row

#: The values of each property on the things of each class, by what the values are. They are counted for each subject
#: first, which takes half the time: few values of one subject differ in kind.
_RANGES = f"""SELECT ?class ?property ?range ?typed ?own (SUM(?some) AS ?count)
WHERE {{
  {{
    SELECT ?thing ?property ?range ?typed (COUNT(*) AS ?some) WHERE {{
      ?thing ?property ?value .
      OPTIONAL {{ ?value a ?kind }}
      BIND(BOUND(?kind) AS ?typed)
      BIND(IF(isLITERAL(?value) && LANG(?value) != "", rdf:langString, DATATYPE(?value)) AS ?datatype)
      BIND(COALESCE(?kind, ?datatype, rdfs:Resource) AS ?range)
    }} GROUP BY ?thing ?property ?range ?typed
  }}
  ?thing a ?class
  BIND(STRSTARTS(STR(?thing), "{ID}") AS ?own)
}}
GROUP BY ?class ?property ?range ?typed ?own"""
_COUNTS = "(COUNT(*) AS ?triples) (COUNT(DISTINCT ?thing) AS ?subjects) (COUNT(DISTINCT ?value) AS ?objects)"
_IN_CLASSES = (
    f"SELECT ?class ?property {_COUNTS} WHERE {{ ?thing a ?class ; ?property ?value }} GROUP BY ?class ?property"
)
_PROPERTIES = f"SELECT ?property {_COUNTS} WHERE {{ ?thing ?property ?value }} GROUP BY ?property"
_ALL = f"SELECT {_COUNTS} WHERE {{ ?thing ?property ?value }}"
_THINGS = f"""SELECT ?class ?own (COUNT(*) AS ?count)
WHERE {{ ?thing a ?class BIND(STRSTARTS(STR(?thing), "{ID}") AS ?own) }}
GROUP BY ?class ?own"""
#: What has an IRI of ours, and which of it has a document of its own: a part of a thing stands in the thing's.
_ENTITIES = f"""SELECT (COUNT(*) AS ?entities) (SUM(?whole) AS ?documents)
WHERE {{
  {{ SELECT DISTINCT ?thing WHERE {{ ?thing ?property ?value FILTER(STRSTARTS(STR(?thing), "{BASE}")) }} }}
  BIND(IF(STRSTARTS(STR(?thing), "{ID}") && !CONTAINS(STR(?thing), "#"), 1, 0) AS ?whole)
}}"""


@dataclass(frozen=True)
class Use:
    """One property on things of one class: its IRI, how many values, and the IRIs of what they are."""

    property: str
    count: int
    ranges: tuple[str, ...]


@dataclass(frozen=True)
class Counts:
    """A set of triples: how many, and how many different subjects and objects they have."""

    triples: int = 0
    subjects: int = 0
    objects: int = 0


@dataclass(frozen=True)
class Partition:
    """The triples of one property, all of them or those on the things of one class (VoID, section 4.5).

    ``classes`` and ``datatypes`` say of what kind the values are: triples by the IRI of the class or datatype. A value
    that has several classes counts in each.
    """

    property: str
    counts: Counts
    classes: Mapping[str, int] = field(default_factory=dict)
    datatypes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Totals:
    """The whole of the merge: its triples, the things with an IRI of ours, and those with a document of their own."""

    counts: Counts
    entities: int
    documents: int


@dataclass(frozen=True)
class Profile:
    """The classes with their number of things and their properties, and how often each term is used.

    ``things`` and ``uses`` are of what lies below ``/id/``; ``classes``, ``in_classes`` and ``properties`` are of the
    whole merge, the ontology among it.
    """

    things: Mapping[str, int]
    uses: Mapping[str, tuple[Use, ...]]
    terms: Mapping[str, int]
    totals: Totals
    classes: Mapping[str, int]
    in_classes: Mapping[str, tuple[Partition, ...]]
    properties: Mapping[str, Partition]

    def has(self, subject: str, predicate: str, target: str) -> bool:
        """Whether some thing of the class ``subject`` points with ``predicate`` at one of the class ``target``."""
        return any(use.property == predicate and target in use.ranges for use in self.uses.get(subject, ()))


def profile(store: Reader) -> Profile:
    """The profile of the merge: VoID's class and property partitions, as one table."""
    things: Counter[str] = Counter()
    classes: Counter[str] = Counter()
    for row in store.select(_THINGS):
        classes[_name(row["class"])] += _number(row["count"])
        if _true(row["own"]):
            things[_name(row["class"])] += _number(row["count"])
    own: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    kinds: dict[tuple[str, str], tuple[Counter[str], Counter[str]]] = defaultdict(lambda: (Counter(), Counter()))
    for row in store.select(_RANGES):
        of, name, target, count = (
            _name(row["class"]),
            _name(row["property"]),
            _name(row["range"]),
            _number(row["count"]),
        )
        if _true(row["own"]):
            own[of][name][target] += count
        by_class, by_datatype = kinds[of, name]
        if _true(row["typed"]):
            by_class[target] += count
        elif target != _UNTYPED:
            by_datatype[target] += count
    in_classes: dict[str, list[Partition]] = defaultdict(list)
    for row in store.select(_IN_CLASSES):
        of, name = _name(row["class"]), _name(row["property"])
        in_classes[of].append(Partition(name, _counts(row), *kinds[of, name]))
    properties = {
        _name(row["property"]): Partition(_name(row["property"]), _counts(row)) for row in store.select(_PROPERTIES)
    }
    whole, entities = store.select(_ALL)[0], store.select(_ENTITIES)[0]
    return Profile(
        things,
        {
            of: tuple(
                Use(name, max(ranges.values()), tuple(sorted(ranges, key=lambda iri: (-ranges[iri], iri))))
                for name, ranges in sorted(found.items())
            )
            for of, found in own.items()
        },
        {name: one.counts.triples for name, one in properties.items()} | things,
        Totals(
            _counts(whole),
            # A retired address is no thing any more, and has no document.
            _number(entities["entities"]) - things[_RETIRED],
            _number(entities["documents"]) - things[_RETIRED],
        ),
        classes,
        {of: tuple(sorted(found, key=lambda one: one.property)) for of, found in in_classes.items()},
        properties,
    )


_RETIRED = SG + "RetiredAddress"
_UNTYPED = "http://www.w3.org/2000/01/rdf-schema#Resource"


def _counts(row: Row) -> Counts:
    return Counts(_number(row["triples"]), _number(row["subjects"]), _number(row["objects"]))


def _name(value: object) -> str:
    assert isinstance(value, NamedNode)
    return value.value


def _number(value: object) -> int:
    assert isinstance(value, Literal)
    return int(value.value)


def _true(value: object) -> bool:
    assert isinstance(value, Literal)
    return value.value in ("true", "1")
