"""The queries that the servers are measured with: fifteen shapes, from a look-up to an aggregation.

The weights lean on look-ups, as the published studies of public SPARQL logs do: most queries are SELECTs with one or
a few triple patterns about a thing that is named, few aggregate, a few follow paths (Bonifati, Martens and Timm, "An
Analytical Study of Large SPARQL Query Logs", PVLDB 11(2), 2017, arXiv:1708.00363; Bielefeldt, Gonsior and Krötzsch,
"Practical Linked Data Access via SPARQL: The Case of Wikidata", LDOW 2018). Within that, each shape is one that a page,
a public query or a tool of this project asks. All shapes ask the default graph only, so that every server can answer.

A text is drawn *unique* (no text comes twice in a run: other constants, another LIMIT and another comment) or
*repeated* (again and again from a pool of a hundred).
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pyoxigraph import QuerySolutions, Store

from strategigraf.ns import PREFIXES

#: Queries in the pool that the repeated draws come from.
POOL = 100
_RESULTS, _TURTLE = "application/sparql-results+json", "text/turtle"
#: LIMITs start here, well above what any shape gives on the real graph, and go up by one for each draw.
_LIMIT = 20_000


@dataclass(frozen=True)
class QueryShape:
    """One kind of query: its text, with ``{name}`` where a constant goes, and its share of the draws."""

    name: str
    weight: int
    #: What it is like, and who asks so.
    why: str
    text: str
    accept: str = _RESULTS
    #: Whether its cost grows with the graph, as that of an aggregation must.
    grows: bool = False


@dataclass(frozen=True)
class Query:
    """One text to ask, ready to send."""

    shape: QueryShape
    text: str


#: Where the constants come from: each is one column of a SELECT, taken in order.
CONSTANTS: dict[str, str] = {
    "thing": "SELECT DISTINCT ?x WHERE { ?x rdfs:label ?l . FILTER(STRSTARTS(STR(?x), STR(id:))) }",
    "municipality": "SELECT ?x WHERE { ?x a sg:Municipality }",
    "strategy": "SELECT DISTINCT ?x WHERE { ?x a sg:Strategy . ?e sg:elementOf ?x }",
    "publisher": "SELECT DISTINCT ?x WHERE { ?s a sg:Strategy ; dct:publisher ?x }",
    "proven": "SELECT DISTINCT ?x WHERE { ?x sg:evidence ?e . ?e sg:phrase ?p }",
    "supporting": "SELECT DISTINCT ?x WHERE { ?x sg:supports ?y }",
    "framework": "SELECT ?x WHERE { ?x sg:adoptable true }",
    "document": "SELECT DISTINCT ?x WHERE { ?e sg:phrase ?p ; dct:source ?x }",
    "joint": "SELECT DISTINCT ?x WHERE { ?a a sg:FocusArea ; sg:elementOf ?x . ?y sg:object ?a }",
    "word": "SELECT DISTINCT ?x WHERE { ?e a sg:StrategyElement ; skos:prefLabel ?x . FILTER(LANG(?x) = 'da') }",
}

SHAPES: tuple[QueryShape, ...] = (
    QueryShape(
        "thing", 22, "all about a thing: each page, each click of a linked-data tool",
        "SELECT ?p ?o WHERE {{ {thing} ?p ?o }}",
    ),
    QueryShape(
        "label", 18, "the names of a thing: editors and result tables ask it for each cell",
        "SELECT ?label WHERE {{ {thing} rdfs:label ?label }}",
    ),
    QueryShape(
        "incoming", 10, "what points at a thing",
        "SELECT ?s ?p WHERE {{ ?s ?p {thing} }}",
    ),
    QueryShape(
        "adoption", 10, "how firmly one municipality follows the frameworks",
        "SELECT ?framework ?status WHERE {{ ?a sg:municipality {municipality} ; sg:framework ?framework ; "
        "sg:status/skos:notation ?status }}",
    ),
    QueryShape(
        "strategies", 9, "a publisher's strategies with title and period",
        "SELECT ?strategy ?title ?start ?end WHERE {{ ?strategy a sg:Strategy ; dct:publisher {publisher} ; "
        "dct:title ?title . OPTIONAL {{ ?strategy dct:temporal ?t . ?t dcat:startDate ?start ; dcat:endDate ?end }} }}",
    ),
    QueryShape(
        "elements", 8, "the elements of a strategy with class and name",
        "SELECT ?element ?class ?label WHERE {{ ?element sg:elementOf {strategy} ; a ?class ; skos:prefLabel ?label . "
        "?class rdfs:subClassOf sg:StrategyElement . FILTER(LANG(?label) = 'da') }}",
    ),
    QueryShape(
        "evidence", 8, "the phrases that prove a thing, with document and heading",
        "SELECT ?phrase ?heading ?line ?title WHERE {{ {proven} sg:evidence ?e . ?e sg:phrase ?phrase ; "
        "sg:heading ?heading ; sg:lineStart ?line ; dct:source ?d . ?d dct:title ?title }}",
    ),
    QueryShape(
        "path", 4, "everything that an element leads to, over any number of steps",
        "SELECT DISTINCT ?to WHERE {{ {supporting} (sg:supports|sg:elementOf|sg:leadsTo)+ ?to }}",
    ),
    QueryShape(
        "construct", 3, "the elements of a strategy as a graph",
        "CONSTRUCT {{ ?element a ?class ; rdfs:label ?label ; sg:supports ?above }} WHERE {{ ?element sg:elementOf "
        "{strategy} ; a ?class ; rdfs:label ?label . OPTIONAL {{ ?element sg:supports ?above }} }}",
        accept=_TURTLE,
    ),
    QueryShape(
        "ask", 2, "whether a municipality has a strategy in the graph",
        "ASK {{ ?s a sg:Strategy ; dct:publisher {municipality} . FILTER(STRLEN(STR(?s)) < {limit}) }}",
    ),
    QueryShape(
        "statuses", 2, "how many municipalities have each status for a framework",
        "SELECT ?status (COUNT(?a) AS ?n) WHERE {{ ?a sg:framework {framework} ; sg:status ?status }} GROUP BY ?status",
        grows=True,
    ),
    QueryShape(
        "search", 2, "a text search without an index, over the names of elements",
        "SELECT ?e ?label WHERE {{ ?e a sg:StrategyElement ; rdfs:label ?label . "
        'FILTER(CONTAINS(LCASE(STR(?label)), "{word}")) }}',
        grows=True,
    ),
    QueryShape(
        "coverage", 1, "which municipalities take up the focus areas of a joint strategy",
        "SELECT ?area (COUNT(DISTINCT ?who) AS ?n) WHERE {{ ?area a sg:FocusArea ; sg:elementOf {joint} . "
        "OPTIONAL {{ ?al sg:object ?area ; sg:subject ?own . ?own sg:elementOf ?s . ?s dct:publisher ?who . "
        "?who a sg:Municipality }} }} GROUP BY ?area",
        grows=True,
    ),
    QueryShape(
        "unproven", 1, "things of a document's items without a theme (FILTER NOT EXISTS)",
        "SELECT ?item WHERE {{ ?item sg:itemOf {document} . FILTER NOT EXISTS {{ ?item dct:subject ?theme }} }}",
    ),
    QueryShape(
        "classes", 1, "how many things each class has: what editors ask to know a graph",
        "SELECT ?class (COUNT(?s) AS ?n) WHERE {{ ?s a ?class }} GROUP BY ?class",
        grows=True,
    ),
)  # fmt: skip


class Mix:
    """Draws over one graph; the same graph and seed give the same texts."""

    def __init__(self, store: Store, seed: int = 1) -> None:
        self._constants = {name: _values(store, text) for name, text in CONSTANTS.items()}
        self._constants["word"] = _words(self._constants["word"])
        for name, values in self._constants.items():
            if not values:
                raise ValueError(f"the graph has nothing for the constant {name!r}: is it a release?")
        self._random = random.Random(seed)  # noqa: S311 (no secret)
        self._serial = 0

    def one(self, shape: QueryShape) -> Query:
        """A text of a shape that has not been drawn from this mix before."""
        self._serial += 1
        limit = _LIMIT + self._serial
        names = set(re.findall(r"(?<!\{)\{(\w+)\}(?!\})", shape.text)) - {"limit"}
        chosen = {name: self._random.choice(self._constants[name]) for name in sorted(names)}
        body = shape.text.format(**chosen, limit=limit)
        if not body.startswith("ASK"):
            body += f" LIMIT {limit}"
        return Query(shape, f"{_head(body)}{body} # {self._serial}")

    def unique(self, count: int, shapes: Sequence[QueryShape] = SHAPES) -> Iterator[Query]:
        """Texts by the weights of their shapes; none has been drawn from this mix before."""
        for shape in self._random.choices(shapes, [shape.weight for shape in shapes], k=count):
            yield self.one(shape)

    def pool(self, size: int = POOL) -> list[Query]:
        """Texts to be asked again and again: each shape at least once, the rest by their weights."""
        rest = max(0, size - len(SHAPES))
        return [self.one(shape) for shape in SHAPES] + list(self.unique(rest))

    def repeated(self, count: int, pool: Sequence[Query]) -> Iterator[Query]:
        """Draws from a pool, each text as likely as another."""
        yield from self._random.choices(pool, k=count)


def _head(body: str) -> str:
    used = sorted(set(re.findall(r"([a-z]+):(?=[A-Za-z])", re.sub(r'<[^>]*>|"[^"]*"', "", body))))
    return "".join(f"PREFIX {name}: <{PREFIXES[name]}> " for name in used)


def _values(store: Store, text: str) -> list[str]:
    prefixes = "".join(f"PREFIX {name}: <{iri}>\n" for name, iri in PREFIXES.items())
    rows = store.query(prefixes + "PREFIX id: <https://w3id.org/strategigraf/id/>\n" + text)
    assert isinstance(rows, QuerySolutions)
    return sorted({str(row[0]) for row in rows})


def _words(labels: Sequence[str]) -> list[str]:
    """Words of names of elements: plain letters, long enough to say something."""
    return sorted({word.lower() for label in labels for word in re.findall(r"[A-Za-z]{6,}", label.rpartition('"')[0])})
