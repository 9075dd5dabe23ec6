"""The W3C test suites for SPARQL 1.1: reading their manifests, and comparing answers with what they expect."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

import rdflib
from pyoxigraph import (
    BlankNode,
    Literal,
    NamedNode,
    Quad,
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    QueryTriples,
    RdfFormat,
    Store,
    Triple,
    parse,
    parse_query_results,
)
from rdflib.compare import isomorphic

#: Where the W3C published the files: what relative IRIs in them mean.
BASE = "http://www.w3.org/2009/sparql/docs/tests/data-sparql11/"
_XSD = "http://www.w3.org/2001/XMLSchema#"
_INTEGERS = {
    f"{_XSD}{name}"
    for name in (
        "integer", "nonPositiveInteger", "negativeInteger", "long", "int", "short", "byte", "nonNegativeInteger",
        "unsignedLong", "unsignedInt", "unsignedShort", "unsignedByte", "positiveInteger", "decimal",
    )
}  # fmt: skip
_FLOATS = {f"{_XSD}double", f"{_XSD}float"}
_FORMATS = {
    ".srx": QueryResultsFormat.XML,
    ".srj": QueryResultsFormat.JSON,
    ".tsv": QueryResultsFormat.TSV,
}
_NAMES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "mf": "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#",
    "qt": "http://www.w3.org/2001/sw/DataAccess/tests/test-query#",
    "ut": "http://www.w3.org/2009/sparql/tests/test-update#",
    "ht": "http://www.w3.org/2011/http#",
    "cnt": "http://www.w3.org/2011/content#",
}
Term = NamedNode | BlankNode | Literal | Triple
Row = tuple[Term | None, ...]


@dataclass(frozen=True)
class Case:
    """One entry of a manifest. ``name`` is unique: the folder and the entry's local name."""

    name: str
    kind: str
    title: str
    query: str
    data: tuple[str, ...] = ()
    graphs: tuple[tuple[str, str], ...] = ()
    result: str = ""


@dataclass(frozen=True)
class Request:
    """One request of a protocol test, and what is expected of its answer."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    statuses: tuple[str, ...]
    form: str
    boolean: bool | None


@dataclass(frozen=True)
class Answer:
    """The answer to a query: rows under their variables, a boolean, or triples."""

    columns: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    boolean: bool | None = None
    triples: tuple[Triple, ...] | None = None


class Manifest:
    """One manifest, read with the IRI under which the W3C published it."""

    def __init__(self, folder: Path, name: str) -> None:
        self._store = Store()
        self.node = NamedNode(BASE + name)
        self._store.load(path=str(folder / name), format=RdfFormat.TURTLE, base_iri=self.node.value)

    def all(self, node: Term, name: str) -> list[Term]:
        """The values of a property, a prefixed name."""
        prefix, _, local = name.partition(":")
        found = self._store.quads_for_pattern(node, NamedNode(_NAMES[prefix] + local), None, None)
        return [quad.object for quad in found]

    def one(self, node: Term | None, name: str) -> Term | None:
        """The value of a property, or None."""
        return next(iter(self.all(node, name)), None) if node is not None else None

    def text(self, node: Term | None, name: str) -> str:
        """The value of a property as text, or an empty string."""
        value = self.one(node, name)
        return value.value if isinstance(value, NamedNode | Literal) else ""

    def items(self, node: Term | None, name: str) -> list[Term]:
        """The members of the list that a property has."""
        head, found = self.one(node, name), []
        while isinstance(head, BlankNode):
            found += self.all(head, "rdf:first")
            head = self.one(head, "rdf:rest")
        return found


@dataclass
class Suite:
    """The suites in a folder; relative names of files lead from there."""

    folder: Path

    def tests(self, name: str) -> list[Case]:
        """The tests of a manifest and of those that it includes, in alphabetical order."""
        return sorted(self._tests(name), key=lambda test: test.name)

    def _tests(self, name: str) -> Iterator[Case]:
        manifest = Manifest(self.folder, name)
        for included in manifest.items(manifest.node, "mf:include"):
            yield from self._tests(_file(included))
        for test in manifest.items(manifest.node, "mf:entries"):
            action, result = manifest.one(test, "mf:action"), manifest.one(test, "mf:result")
            asked = action if isinstance(action, NamedNode) else None
            asked = asked or manifest.one(action, "qt:query") or manifest.one(action, "ut:request")
            graphs = manifest.all(action, "qt:graphData") if action is not None else []
            data = manifest.all(action, "qt:data") if action is not None else []
            yield Case(
                f"{name.rpartition('/')[0]}/{_value(test).rpartition('#')[2]}",
                manifest.text(test, "rdf:type").rpartition("#")[2],
                manifest.text(test, "mf:name"),
                _file(asked),
                tuple(sorted(_file(one) for one in data)),
                tuple(sorted((_value(one), _file(one)) for one in graphs)),
                _file(result),
            )

    def protocol(self) -> dict[str, tuple[tuple[tuple[str, str], ...], tuple[Request, ...]]]:
        """The protocol tests by name: graphs to load (IRI and file), and requests in their order."""
        manifest = Manifest(self.folder, "protocol/manifest.ttl")
        found = {}
        for test in manifest.items(manifest.node, "mf:entries"):
            graphs = manifest.all(test, "ut:graphData")
            found[_value(test).rpartition("#")[2]] = (
                tuple((manifest.text(one, "rdfs:label"), _file(manifest.one(one, "ut:graph"))) for one in graphs),
                tuple(
                    _request(manifest, one) for one in manifest.items(manifest.one(test, "mf:action"), "ht:requests")
                ),
            )
        return found

    def text(self, name: str) -> str:
        """The text of a file."""
        return (self.folder / name).read_text(encoding="utf-8")

    def quads(self, test: Case) -> list[Quad]:
        """The data of a test: in the default graph, and in graphs named by their files."""
        found = [quad for name in test.data for quad in self.parsed(name)]
        for iri, name in test.graphs:
            found += [Quad(*quad.triple, NamedNode(iri)) for quad in self.parsed(name)]
        return found

    def parsed(self, name: str) -> Iterable[Quad]:
        """A file of triples; blank nodes are named anew in each."""
        path = self.folder / name
        form = RdfFormat.RDF_XML if path.suffix == ".rdf" else RdfFormat.TURTLE
        return parse(path=str(path), format=form, base_iri=BASE + name, rename_blank_nodes=True)

    def expected(self, test: Case) -> Answer:
        """What a test expects; for CSV, which has no types, see ``csv_rows``."""
        if test.result.endswith(".ttl"):
            triples = tuple(quad.triple for quad in self.parsed(test.result))
            return _result_set(triples) or Answer(triples=triples)
        return read_results((self.folder / test.result).read_bytes(), _FORMATS[Path(test.result).suffix])


def read_results(body: bytes, form: QueryResultsFormat) -> Answer:
    """An answer in one of the W3C's formats of results."""
    return answer(parse_query_results(input=body, format=form))


def read_graph(body: bytes, form: RdfFormat) -> Answer:
    """An answer that is a graph."""
    return Answer(triples=tuple(quad.triple for quad in parse(input=body, format=form)))


def answer(result: QuerySolutions | QueryBoolean | QueryTriples) -> Answer:
    """A result of the engine as an answer; every row is read."""
    if isinstance(result, QueryBoolean):
        return Answer(boolean=bool(result))
    if isinstance(result, QueryTriples):
        return Answer(triples=tuple(result))
    columns = tuple(variable.value for variable in result.variables)
    return Answer(columns, tuple(tuple(solution[name] for name in columns) for solution in result))


def difference(expected: Answer, got: Answer, exactly: bool = False) -> str:
    """How two answers differ, or an empty string.

    Rows are compared without order (SPARQL 1.1 Query, section 18.5), with their number; blank nodes by isomorphism;
    numbers by their value unless ``exactly``.
    """
    if expected.boolean is not None or got.boolean is not None:
        return "" if expected.boolean == got.boolean else f"{got.boolean}, not {expected.boolean}"
    if (expected.triples is None) != (got.triples is None):
        return "a graph and a table"
    if expected.triples is not None and got.triples is not None:
        same = isomorphic(_graph(set(expected.triples), exactly), _graph(set(got.triples), exactly))
        return "" if same else _shown(expected.triples, got.triples)
    if set(expected.columns) != set(got.columns):
        return f"columns {got.columns}, not {expected.columns}"
    order = [got.columns.index(name) for name in expected.columns]
    rows = [tuple(row[place] for place in order) for row in got.rows]
    left = Counter(tuple(_key(term, exactly) for term in row) for row in expected.rows)
    right = Counter(tuple(_key(term, exactly) for term in row) for row in rows)
    if left == right:
        return ""
    if any(isinstance(term, BlankNode) for row in rows for term in row) and isomorphic(
        _table(expected.rows, exactly), _table(rows, exactly)
    ):
        return ""
    return _shown(expected.rows, rows)


def in_order(found: Answer) -> list[frozenset[tuple[str, object]]]:
    """The rows of an answer in their order; numbers are told by their value, and blank nodes are all alike."""
    return [
        frozenset(
            (column, "_:" if isinstance(term, BlankNode) else _key(term, exactly=False))
            for column, term in zip(found.columns, row, strict=True)
        )
        for row in found.rows
    ]


def csv_lines(text: str) -> tuple[list[str], Counter[tuple[str, ...]]]:
    """The head of a CSV file of results and its rows, to the letter but for the names of blank nodes."""
    head, *rows = csv.reader(io.StringIO(text, newline=""))
    return head, Counter(tuple("_:" if cell.startswith("_:") else cell for cell in row) for row in rows)


def csv_rows(text: str) -> Counter[frozenset[tuple[str, str]]]:
    """The rows of a CSV file of results, each cell with its column.

    Numbers are told by their value, and blank nodes, which have no lasting names, are all alike.
    """
    return Counter(
        frozenset((column, _cell(cell)) for column, cell in row.items())
        for row in csv.DictReader(io.StringIO(text, newline=""))
    )


def _cell(text: str) -> str:
    if text.startswith("_:"):
        return "_:"
    try:
        return repr(float(text))
    except ValueError:
        return text


def _shown(expected: Iterable[object], got: Iterable[object]) -> str:
    lines = [f"- {' '.join(map(str, one)) if isinstance(one, tuple) else one}" for one in expected]
    lines += [f"+ {' '.join(map(str, one)) if isinstance(one, tuple) else one}" for one in got]
    return "\n".join(lines)


def _key(term: Term | None, exactly: bool) -> object:
    """A term as something to compare; a number as its value and the kind of number that it is."""
    if exactly or not isinstance(term, Literal):
        return term
    datatype = term.datatype.value
    try:
        if datatype in _INTEGERS:
            return (f"{Decimal(term.value.strip()).normalize():f}", datatype)
        if datatype in _FLOATS:
            return (repr(float(term.value.strip())), datatype)
        if datatype == f"{_XSD}boolean" and term.value in ("0", "1"):
            return Literal("true" if term.value == "1" else "false", datatype=term.datatype)
    except (InvalidOperation, ValueError):
        pass
    # Language tags are compared without case (RDF 1.1 Concepts, section 3.3).
    return (term.value, term.language.lower()) if term.language else term


def _result_set(triples: Iterable[Triple]) -> Answer | None:
    """A table told in RDF (``rs:ResultSet``), or None for triples that tell none."""
    store = Store()
    store.extend(Quad(*triple) for triple in triples)
    names = store.query("PREFIX rs: <http://www.w3.org/2001/sw/DataAccess/tests/result-set#> "
                        "SELECT ?name { ?set a rs:ResultSet ; rs:resultVariable ?name } ORDER BY ?name")  # fmt: skip
    columns = tuple(row["name"].value for row in names)  # type: ignore[union-attr]
    if not columns:
        return None
    rows: dict[object, dict[str, Term]] = {}
    for row in store.query(
        "PREFIX rs: <http://www.w3.org/2001/sw/DataAccess/tests/result-set#> "
        "SELECT * { ?set rs:solution ?row OPTIONAL { ?row rs:binding [ rs:variable ?name ; rs:value ?value ] } }"
    ):
        found = rows.setdefault(row["row"], {})  # type: ignore[index]
        if row["name"] is not None:  # type: ignore[index]
            found[row["name"].value] = row["value"]  # type: ignore[index]
    return Answer(columns, tuple(tuple(row.get(name) for name in columns) for row in rows.values()))


def _node(term: Term, exactly: bool) -> rdflib.term.Node:
    if isinstance(term, NamedNode):
        return rdflib.URIRef(term.value)
    if isinstance(term, BlankNode):
        return rdflib.BNode(term.value)
    return rdflib.Literal(repr(_key(term, exactly)))


def _graph(triples: Iterable[Triple], exactly: bool) -> rdflib.Graph:
    graph = rdflib.Graph()
    for triple in triples:
        graph.add((_node(triple.subject, exactly), _node(triple.predicate, exactly), _node(triple.object, exactly)))
    return graph


def _table(rows: Iterable[Row], exactly: bool) -> rdflib.Graph:
    """Rows as a graph: each row is a blank node, with a property for each column."""
    graph = rdflib.Graph()
    for row in rows:
        one = rdflib.BNode()
        graph.add((one, rdflib.URIRef("urn:row"), rdflib.Literal("")))
        for place, term in enumerate(row):
            if term is not None:
                graph.add((one, rdflib.URIRef(f"urn:column:{place}"), _node(term, exactly)))
    return graph


def _request(manifest: Manifest, node: Term) -> Request:
    body, response = manifest.one(node, "ht:body"), manifest.one(node, "ht:resp")
    boolean = manifest.text(response, "mf:expectedBoolean")
    return Request(
        manifest.text(node, "ht:methodName"),
        manifest.text(node, "ht:absolutePath"),
        tuple(
            (manifest.text(one, "ht:fieldName"), manifest.text(one, "ht:fieldValue"))
            for one in manifest.items(node, "ht:headers")
        ),
        manifest.text(body, "cnt:chars").encode(manifest.text(body, "cnt:characterEncoding")) if body else None,
        tuple(sorted(_value(one).rpartition("StatusCode")[2] for one in manifest.all(response, "mf:expectedStatus"))),
        manifest.text(response, "mf:expectedFormat"),
        boolean == "true" if boolean else None,
    )


def _value(term: Term | None) -> str:
    assert isinstance(term, NamedNode | Literal)
    return term.value


def _file(term: Term | None) -> str:
    """The file that an IRI names, relative to the suites; empty for none."""
    return term.value.removeprefix(BASE) if isinstance(term, NamedNode) else ""
