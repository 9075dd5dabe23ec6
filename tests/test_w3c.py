"""The W3C test suites for SPARQL 1.1 through HTTP: the service answers as the engine does, and as the standards say.

``docs/sparql-conformance.md`` tells the outcome; it is counted again here.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import rdflib
import w3c
from conftest import ROOT, SHARED
from pyoxigraph import Quad, QueryResultsFormat, QuerySolutions, RdfFormat, Store, serialize
from w3c import BASE, Answer, Case, Request, Suite
from werkzeug.serving import WSGIRequestHandler, make_server

from strategigraf.service import Service
from strategigraf.store import GraphStore
from strategigraf.web import create_app
from strategigraf.web.application import Application

pytestmark = pytest.mark.shared
FOLDER = SHARED / "standards" / "w3c-sparql11" / "sparql11"
SUITE = Suite(FOLDER)
QUERY, FORM, UPDATE = "application/sparql-query", "application/x-www-form-urlencoded", "application/sparql-update"

#: Where Oxigraph's answers depart from what a test expects, and why. One that comes to agree must be taken away here.
_EMPTY_PATH = (
    "A path of length zero from a constant holds for that constant even where the graph does not know it (18.4). "
    "Oxigraph looks the constant up in the graph first, and these graphs are empty."
)
_LANGUAGE = "GROUP_CONCAT gives a plain string (18.5.1.7). Oxigraph keeps a language tag that all of the strings share."
DIFFERENCES: dict[str, str] = {
    "aggregates/agg-empty-group-count-graph": (
        "GRAPH ?g evaluates its group once for each graph (18.6). Where the group is a subquery that does not name ?g, "
        "Oxigraph counts over all graphs at once and leaves ?g unset; GROUP BY ?g inside the subquery mends it."
    ),
    "aggregates/agg-groupconcat-04": _LANGUAGE,
    "aggregates/agg-groupconcat-06": _LANGUAGE,
    "bindings/graph": (
        "GRAPH ?g sets ?g in every row (18.6). Oxigraph leaves it unset where VALUES in the group has UNDEF for it."
    ),
    "csv-tsv-res/tsv03": (
        "Oxigraph keeps numbers by their value: an xsd:negativeInteger that is loaded comes out as the xsd:integer "
        "that it also is."
    ),
    "functions/bnode01": (
        "BNODE(text) is to give the same blank node for the same text within one row only (17.4.2.9). In Oxigraph it "
        "is the same in all rows."
    ),
    "negation/graph-minus": (
        "GRAPH ?g sets ?g after its group is evaluated (18.6). Oxigraph sets it before, so that the two sides of a "
        "MINUS inside the group share it, and rows are taken away that should stay."
    ),
    "property-path/zero_or_more_set_end": _EMPTY_PATH,
    "property-path/zero_or_more_set_start": _EMPTY_PATH,
    "property-path/zero_or_one_set_end": _EMPTY_PATH,
    "property-path/zero_or_one_set_start": _EMPTY_PATH,
    "syntax-query/test_4": (
        "The text is good SPARQL, but calls a function that nobody has defined; Oxigraph says so before it begins, "
        "where the standard makes it an error of each row (17.6)."
    ),
}


@cache
def cases(manifest: str) -> tuple[Case, ...]:
    """The tests of a manifest; one that stands for them all, to be skipped, where the suites are not here."""
    if not FOLDER.is_dir():
        return (Case("absent", "", "", ""),)
    return tuple(SUITE.tests(f"manifest-sparql11-{manifest}.ttl"))


def evaluations() -> list[Case]:
    """Every test that compares an answer."""
    found = [test for name in ("query", "results") for test in cases(name)]
    return [test for test in found if "Syntax" not in test.kind]


def syntax() -> list[Case]:
    """Every test of the grammar of queries."""
    return [test for test in cases("query") if "Syntax" in test.kind or not test.kind]


def federation() -> list[Case]:
    """Every test that calls another service."""
    return list(cases("fed"))


def updates() -> list[str]:
    """Every text of an update."""
    return sorted({test.query for test in cases("update")})


#: The vocabulary (SPARQL 1.1 Service Description, section 3), with domain and range of its properties where the range
#: is a class of which instances are told in full.
TERMS: dict[str, tuple[str, str]] = {
    "Service": ("", ""), "Feature": ("", ""), "Language": ("", ""), "Function": ("", ""), "Aggregate": ("", ""),
    "EntailmentRegime": ("", ""), "EntailmentProfile": ("", ""), "GraphCollection": ("", ""), "Dataset": ("", ""),
    "Graph": ("", ""), "NamedGraph": ("", ""), "DereferencesURIs": ("", ""), "UnionDefaultGraph": ("", ""),
    "RequiresDataset": ("", ""), "EmptyGraphs": ("", ""), "BasicFederatedQuery": ("", ""), "SPARQL10Query": ("", ""),
    "SPARQL11Query": ("", ""), "SPARQL11Update": ("", ""), "endpoint": ("Service", ""), "feature": ("Service", ""),
    "defaultEntailmentRegime": ("Service", ""), "entailmentRegime": ("NamedGraph", ""),
    "defaultSupportedEntailmentProfile": ("Service", ""), "supportedEntailmentProfile": ("NamedGraph", ""),
    "extensionFunction": ("Service", "Function"), "extensionAggregate": ("Service", "Aggregate"),
    "languageExtension": ("Service", ""), "supportedLanguage": ("Service", ""), "propertyFeature": ("Service", ""),
    "defaultDataset": ("Service", "Dataset"), "availableGraphs": ("Service", "GraphCollection"),
    "resultFormat": ("Service", ""), "inputFormat": ("Service", ""), "defaultGraph": ("Dataset", "Graph"),
    "namedGraph": ("GraphCollection", "NamedGraph"), "name": ("NamedGraph", ""), "graph": ("NamedGraph", "Graph"),
}  # fmt: skip


def name_of(test: object) -> str:
    return test.name if isinstance(test, Case) else str(test)


@dataclass
class Reply:
    """An answer of the server."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]


class Silent(WSGIRequestHandler):
    """Requests that are not written to the log."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


class Server:
    """A server over a service whose data are changed from test to test."""

    def __init__(self, service: Service, folder: Path) -> None:
        self._service = replace(service, settings=replace(service.settings, client_seconds=0.0))
        self._path = folder / "data.nq"
        self._flask = create_app(self._service)
        self._app: Any = None
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=Silent)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        return self._app(environ, start)

    def load(self, quads: list[Quad]) -> None:
        """Serve these data from now on, by an application that has kept nothing."""
        self._path.write_bytes(serialize(quads, format=RdfFormat.N_QUADS) or b"")
        service = replace(self._service, store=GraphStore.open(self._path))
        self._flask.extensions["strategigraf"] = service
        self._app = Application(self._flask, service)

    def send(self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None) -> Reply:
        """Send a request with these headers and no others, and read the answer."""
        connection = HTTPConnection("127.0.0.1", self._server.server_port, timeout=60)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            given = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, given, response.read())
        finally:
            connection.close()

    def ask(self, text: str, accept: str = "*/*") -> Reply:
        """Send a query by POST."""
        return self.send("POST", "/sparql", {"Content-Type": QUERY, "Accept": accept}, text.encode())

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture(scope="module")
def server(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    one = Server(service, tmp_path_factory.mktemp("w3c"))
    yield one
    one.close()


def outcome() -> list[tuple[str, int, int]]:
    """What the tests below show: for each suite its name, how many tests, and how many differ."""
    protocol = SUITE.protocol()
    asks = [name for name in protocol if name.startswith("query_")]
    writes = [name for name, (_, sent) in protocol.items() if "update" in name and "4xx" not in sent[0].statuses]
    results = [test for test in evaluations() if test.name.startswith(("csv-tsv-res/", "json-res/"))]
    query = [test for test in evaluations() if test not in results]
    return [
        ("Query: evaluation", len(query), sum(test.name in DIFFERENCES for test in query)),
        ("Query: syntax", len(syntax()), sum(test.name in DIFFERENCES for test in syntax())),
        ("Results in CSV, TSV and JSON", len(results), sum(test.name in DIFFERENCES for test in results)),
        ("Protocol: queries", len(asks), 0),
        ("Protocol: bad requests", len(protocol) - len(asks) - len(writes), 0),
        ("Service description", len(SUITE.tests("service-description/manifest.ttl")), 0),
        ("Protocol: updates, refused", len(writes), 0),
        ("Update: texts, refused", len(updates()), 0),
        ("Federation, refused", len(federation()), 0),
    ]


def test_the_page_on_conformance_tells_the_outcome() -> None:
    page = (ROOT / "docs" / "sparql-conformance.md").read_text(encoding="utf-8")
    rows = [f"| {name} | {count} | {count - differ} | {differ} |" for name, count, differ in outcome()]
    assert "\n".join(rows) in page, "\n".join(rows)
    listed = [f"| `{name}` | {why} |" for name, why in sorted(DIFFERENCES.items())]
    assert "\n".join(listed) in page, "\n".join(listed)
    known = {test.name for test in (*evaluations(), *syntax())}
    assert set(DIFFERENCES) <= known


# The service description


def test_service_description(server: Server, service: Service) -> None:
    """The three tests of the suite: RDF is returned, it says this endpoint, and it keeps to the schema."""
    server.load([])
    reply = server.send("GET", "/sparql", {"Accept": "text/turtle"})
    assert (reply.status, reply.type) == (200, "text/turtle")
    graph = rdflib.Graph().parse(data=reply.body, format="turtle")
    sd = rdflib.Namespace("http://www.w3.org/ns/sparql-service-description#")
    found = list(graph.subjects(sd.endpoint, rdflib.URIRef(f"{service.settings.public_url}/sparql")))
    assert len(found) == 1
    assert (found[0], rdflib.RDF.type, sd.Service) in graph
    used = {term for triple in graph for term in triple[1:] if str(term).startswith(str(sd))}
    assert used <= {sd[name] for name in TERMS}, "terms that the vocabulary does not have"
    for name, (domain, range_) in TERMS.items():
        for subject, value in graph.subject_objects(sd[name]):
            assert not domain or (subject, rdflib.RDF.type, sd[domain]) in graph, (name, subject)
            assert not range_ or (value, rdflib.RDF.type, sd[range_]) in graph, (name, value)
    for one in graph.subjects(rdflib.RDF.type, sd.NamedGraph):
        assert len(list(graph.objects(one, sd.name))) == 1
    for one in graph.subjects(rdflib.RDF.type, sd.Dataset):
        assert len(list(graph.objects(one, sd.defaultGraph))) == 1


# The protocol


@pytest.mark.parametrize("name", list(SUITE.protocol()) if FOLDER.is_dir() else ["absent"])
def test_protocol(server: Server, name: str) -> None:
    """SPARQL 1.1 Protocol: what asks is answered as expected; what writes is refused, and nothing is written."""
    graphs, requests = SUITE.protocol()[name]
    data = [Quad(*quad.triple, w3c.NamedNode(iri)) for iri, file in graphs for quad in SUITE.parsed(file)]
    server.load(data)
    writes = "update" in name
    for number, request in enumerate(requests):
        reply = _sent(server, request)
        if writes and "4xx" not in request.statuses:
            if number == 0:
                assert reply.status == 403, reply
            else:
                assert w3c.read_results(reply.body, QueryResultsFormat.JSON).boolean is False, "something was written"
            continue
        assert f"{reply.status // 100}xx" in request.statuses, reply
        if request.form == "boolean":
            assert reply.type in ("application/sparql-results+json", "application/sparql-results+xml")
        elif request.form == "tabular":
            assert reply.type in (*("application/sparql-results+json", "application/sparql-results+xml"),
                                  "text/csv", "text/tab-separated-values")  # fmt: skip
        elif request.form == "RDF":
            assert reply.type in ("text/turtle", "application/rdf+xml", "application/n-triples")
            assert w3c.read_graph(reply.body, RdfFormat.TURTLE).triples is not None
        if request.boolean is not None:
            assert w3c.read_results(reply.body, QueryResultsFormat.JSON).boolean is request.boolean


def _sent(server: Server, request: Request) -> Reply:
    assert request.path.startswith("/sparql/")
    return server.send(
        request.method, "/sparql" + request.path.removeprefix("/sparql/"), dict(request.headers), request.body
    )


@pytest.mark.parametrize("name", updates(), ids=name_of)
def test_updates_are_refused(server: Server, name: str) -> None:
    """A text of SPARQL Update is refused in each of the ways in which it can be sent."""
    text = SUITE.text(name)
    seed = Quad(w3c.NamedNode("urn:a"), w3c.NamedNode("urn:b"), w3c.NamedNode("urn:c"))
    server.load([seed])
    assert server.send("POST", "/sparql", {"Content-Type": UPDATE}, text.encode()).status == 403
    form = {"Content-Type": FORM}
    assert server.send("POST", "/sparql", form, urlencode({"update": text}).encode()).status == 403
    for reply in (
        server.ask(text),
        server.send("GET", f"/sparql?{urlencode({'query': text})}"),
        server.send("POST", "/sparql", form, urlencode({"query": text}).encode()),
    ):
        assert reply.status in (400, 403), reply
    assert server.ask("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }", "text/csv").body.split() == [b"n", b"1"]


# The language


@pytest.mark.parametrize("test", syntax(), ids=name_of)
def test_syntax(server: Server, test: Case) -> None:
    """The grammar (SPARQL 1.1 Query, section 19.8): a text is taken or refused as the test says."""
    server.load([])
    text = _with_base(test)
    reply = server.ask(text)
    assert test.kind in ("PositiveSyntaxTest11", "NegativeSyntaxTest11")
    try:
        Store().query(text)
        in_process = 200
    except (SyntaxError, ValueError, RuntimeError):
        in_process = 400
    assert reply.status == in_process
    wanted = 200 if test.kind == "PositiveSyntaxTest11" else 400
    assert (reply.status != wanted) == (test.name in DIFFERENCES), reply
    if reply.status == 400 and wanted == 400:
        assert re.search(r"at line \d+, column \d+", reply.body.decode()), "the place of the fault is told"


@pytest.mark.parametrize("test", federation(), ids=name_of)
def test_federation_is_refused(server: Server, test: Case) -> None:
    """Nothing leaves the machine: SERVICE is refused."""
    server.load(SUITE.quads(test))
    reply = server.ask(SUITE.text(test.query))
    assert reply.status == 400
    assert "SERVICE" in reply.body.decode()


@pytest.mark.parametrize("test", evaluations(), ids=name_of)
def test_evaluation(server: Server, test: Case) -> None:
    """An answer is what the test expects, is the engine's own, and is the same in every format."""
    quads = SUITE.quads(test)
    server.load(quads)
    text = _with_base(test)
    own = _own(quads, text)
    got = [_got(server, text, own, accept) for accept in _accepts(own)]
    for one in got:
        assert not w3c.difference(own, one, exactly=True), "the engine in process says something else"
        assert w3c.in_order(one) == w3c.in_order(got[0])
    if own.columns:
        table = _csv(server, text)
        assert w3c.csv_lines(table) == w3c.csv_lines(_own_csv(quads, text)), "the engine in process says something else"
    if test.result.endswith(".csv"):
        found, expected = w3c.csv_rows(table), w3c.csv_rows(SUITE.text(test.result))
        assert (found != expected) == (test.name in DIFFERENCES), (found, expected)
        return
    found_difference = w3c.difference(SUITE.expected(test), got[0])
    assert bool(found_difference) == (test.name in DIFFERENCES), found_difference
    if not found_difference and "order by" in text.rpartition("}")[2].lower():
        assert w3c.in_order(got[0]) == w3c.in_order(SUITE.expected(test))


def _with_base(test: Case) -> str:
    """The text of a test with the address it was published under, which its relative IRIs are relative to."""
    return f"BASE <{BASE}{test.query}>\n{SUITE.text(test.query)}"


def _own(quads: list[Quad], text: str) -> Answer:
    store = Store()
    store.extend(quads)
    return w3c.answer(store.query(text))


def _own_csv(quads: list[Quad], text: str) -> str:
    store = Store()
    store.extend(quads)
    result = store.query(text)
    assert isinstance(result, QuerySolutions)
    return (result.serialize(format=QueryResultsFormat.CSV) or b"").decode()


def _csv(server: Server, text: str) -> str:
    reply = server.ask(text, "text/csv")
    assert (reply.status, reply.type) == (200, "text/csv")
    return reply.body.decode()


def _accepts(own: Answer) -> tuple[tuple[str, Any], ...]:
    if own.triples is not None:
        return (
            ("text/turtle", RdfFormat.TURTLE), ("application/n-triples", RdfFormat.N_TRIPLES),
            ("application/ld+json", RdfFormat.JSON_LD), ("application/rdf+xml", RdfFormat.RDF_XML),
        )  # fmt: skip
    found = (
        ("application/sparql-results+json", QueryResultsFormat.JSON),
        ("application/sparql-results+xml", QueryResultsFormat.XML),
    )
    return found if own.boolean is not None else (*found, ("text/tab-separated-values", QueryResultsFormat.TSV))


def _got(server: Server, text: str, own: Answer, accept: tuple[str, Any]) -> Answer:
    media, form = accept
    reply = server.ask(text, media)
    assert reply.status == 200, reply
    assert reply.type == media
    return w3c.read_graph(reply.body, form) if own.triples is not None else w3c.read_results(reply.body, form)
