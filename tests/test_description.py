"""What the service says of itself: the service description, VoID, prefixes and examples."""

from __future__ import annotations

import time
from typing import Any

import pytest
import rdflib
from flask.testing import FlaskClient
from pyoxigraph import NamedNode, parse
from rdflib import RDF, RDFS, Literal, Namespace, URIRef

from strategigraf.media import GRAPHS, RESULTS
from strategigraf.ns import BASE, PREFIXES, SG
from strategigraf.profile import profile
from strategigraf.service import Service
from strategigraf.text import Text
from strategigraf.web.description import Example, executable

PUBLIC = "https://strategigraf.example"
VOID = Namespace("http://rdfs.org/ns/void#")
EXT = Namespace("http://ldf.fi/void-ext#")
SD = Namespace("http://www.w3.org/ns/sparql-service-description#")
SH = Namespace("http://www.w3.org/ns/shacl#")
DCAT = Namespace("http://www.w3.org/ns/dcat#")
DCT = Namespace("http://purl.org/dc/terms/")
SPEX = Namespace("https://purl.expasy.org/sparql-examples/ontology#")
SCHEMA = Namespace("https://schema.org/")
DATASET = URIRef(BASE)
WELL_KNOWN = "/.well-known/void"
#: What SIB's SPARQL editor and language-model tools ask of a description, in our words.
PARTITIONS = """
PREFIX void: <http://rdfs.org/ns/void#>
PREFIX void-ext: <http://ldf.fi/void-ext#>
SELECT DISTINCT ?from ?property ?to ?datatype WHERE {
  ?class void:class ?from ; void:propertyPartition ?part .
  ?part void:property ?property .
  OPTIONAL {
    { ?part void:classPartition/void:class ?to } UNION { ?part void-ext:datatypePartition/void-ext:datatype ?datatype }
  }
}"""
EXAMPLES = """
PREFIX sh: <http://www.w3.org/ns/shacl#>
PREFIX spex: <https://purl.expasy.org/sparql-examples/ontology#>
SELECT DISTINCT ?example ?comment ?query WHERE {
  ?example a sh:SPARQLExecutable ; <http://www.w3.org/2000/01/rdf-schema#comment> ?comment ;
    sh:select|sh:ask|sh:construct|spex:describe ?query
} ORDER BY ?example"""
DECLARED = """
PREFIX sh: <http://www.w3.org/ns/shacl#>
SELECT DISTINCT ?prefix ?namespace WHERE { [] sh:namespace ?namespace ; sh:prefix ?prefix }"""


@pytest.fixture(scope="module")
def asked(service: Service) -> FlaskClient:
    """A client that lasts for the module."""
    from strategigraf.web import create_app

    return create_app(service).test_client()


@pytest.fixture(scope="module")
def void(asked: FlaskClient) -> rdflib.Graph:
    return rdflib.Graph().parse(data=asked.get(WELL_KNOWN).data, format="turtle")


@pytest.fixture(scope="module")
def described(asked: FlaskClient) -> rdflib.Graph:
    return rdflib.Graph().parse(data=asked.get("/sparql", headers={"Accept": "text/turtle"}).data, format="turtle")


def number(service: Service, query: str) -> int:
    """The one number that a query gives."""
    (row,) = service.store.select(query)
    return int(row["n"].value)  # type: ignore[union-attr]


# VoID


def test_the_dataset_is_told_in_full(void: rdflib.Graph, service: Service) -> None:
    this = URIRef(PUBLIC + WELL_KNOWN)
    assert (this, RDF.type, VOID.DatasetDescription) in void
    assert (this, URIRef("http://xmlns.com/foaf/0.1/primaryTopic"), DATASET) in void
    assert {VOID.Dataset, DCAT.Dataset} <= set(void.objects(DATASET, RDF.type))
    for name in (DCT.title, DCT.description):
        assert {value.language for value in void.objects(DATASET, name)} == {"da", "en"}  # type: ignore[attr-defined]
    assert void.value(DATASET, DCT.license) == URIRef("https://creativecommons.org/licenses/by/4.0/")
    publisher = void.value(DATASET, DCT.publisher)
    assert {str(label) for label in void.objects(publisher, RDFS.label)} == {
        "Strategigrafs redaktion", "Strategigraf's editors",
    }  # fmt: skip
    assert void.value(DATASET, VOID.sparqlEndpoint) == URIRef(f"{PUBLIC}/sparql")
    assert str(void.value(DATASET, VOID.uriSpace)) == BASE
    assert URIRef(SG) in set(void.objects(DATASET, VOID.vocabulary))
    examples = list(void.objects(DATASET, VOID.exampleResource))
    assert len(examples) >= 4
    assert all(service.store.has(_node(one)) for one in examples)
    assert set(void.objects(DATASET, VOID.feature)) == {URIRef(media.format) for media in GRAPHS}
    assert str(void.value(DATASET, DCAT.version)) == service.release.name
    dumps = {str(one) for one in void.objects(DATASET, VOID.dataDump)}
    folder = f"{PUBLIC}/downloads/{service.release.name}"
    assert dumps == {f"{folder}/strategigraf.{ending}.gz" for ending in ("nt", "ttl", "nq", "jsonld")}


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("triples", "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"),
        ("distinctSubjects", "SELECT (COUNT(DISTINCT ?s) AS ?n) { ?s ?p ?o }"),
        ("distinctObjects", "SELECT (COUNT(DISTINCT ?o) AS ?n) { ?s ?p ?o }"),
        ("properties", "SELECT (COUNT(DISTINCT ?p) AS ?n) { ?s ?p ?o }"),
        ("classes", "SELECT (COUNT(DISTINCT ?c) AS ?n) { ?s a ?c }"),
        ("entities", f'SELECT (COUNT(DISTINCT ?s) AS ?n) {{ ?s ?p ?o FILTER(STRSTARTS(STR(?s), "{BASE}")) }}'),
    ],
)
def test_the_counts_of_the_whole(void: rdflib.Graph, service: Service, name: str, query: str) -> None:
    assert int(void.value(DATASET, VOID[name])) == number(service, query)  # type: ignore[arg-type]


def test_every_document_that_is_counted_is_there(void: rdflib.Graph, service: Service, asked: FlaskClient) -> None:
    things = {
        row["s"].value  # type: ignore[union-attr]
        for row in service.store.select(
            f'SELECT DISTINCT ?s {{ ?s ?p ?o FILTER(STRSTARTS(STR(?s), "{BASE}id/") && !CONTAINS(STR(?s), "#")) }}'
        )
    }
    assert int(void.value(DATASET, VOID.documents)) == len(things) + 1  # type: ignore[arg-type]
    for iri in sorted(things)[:: len(things) // 40]:
        assert asked.get(f"/doc/{iri.removeprefix(BASE + 'id/')}.ttl").status_code == 200, iri


def test_class_partitions(void: rdflib.Graph, service: Service) -> None:
    """Every class, with its things; every property of them, with its triples; and the kinds of the values."""
    told: dict[tuple[str, ...], tuple[int, ...]] = {}
    for part in void.objects(DATASET, VOID.classPartition):
        of = str(void.value(part, VOID["class"]))
        told[(of,)] = (int(void.value(part, VOID.entities)),)  # type: ignore[arg-type]
        inner = list(void.objects(part, VOID.propertyPartition))
        assert int(void.value(part, VOID.properties)) == len(inner)  # type: ignore[arg-type]
        triples = [int(void.value(one, VOID.triples)) for one in inner]  # type: ignore[arg-type]
        assert int(void.value(part, VOID.triples)) == sum(triples)  # type: ignore[arg-type]
        for one in inner:
            name = str(void.value(one, VOID.property))
            told[of, name] = tuple(
                int(void.value(one, VOID[count]))  # type: ignore[arg-type]
                for count in ("triples", "distinctSubjects", "distinctObjects")
            )
            assert set(void.objects(one, VOID.classPartition)) == set(void.objects(one, EXT.objectClassPartition))
            for last in void.objects(one, VOID.classPartition):
                told[of, name, str(void.value(last, VOID["class"]))] = (int(void.value(last, VOID.triples)),)  # type: ignore[arg-type]
            for last in void.objects(one, EXT.datatypePartition):
                told[of, name, str(void.value(last, EXT.datatype))] = (int(void.value(last, VOID.triples)),)  # type: ignore[arg-type]
    counted: dict[tuple[str, ...], tuple[int, ...]] = {}
    for key, query in (
        ("c", "SELECT ?c (COUNT(DISTINCT ?s) AS ?n) { ?s a ?c } GROUP BY ?c"),
        ("cp", "SELECT ?c ?p (COUNT(*) AS ?n) (COUNT(DISTINCT ?s) AS ?m) (COUNT(DISTINCT ?o) AS ?l) "
               "{ ?s a ?c ; ?p ?o } GROUP BY ?c ?p"),
        ("cpt", "SELECT ?c ?p ?t (COUNT(*) AS ?n) { ?s a ?c ; ?p ?o . ?o a ?t } GROUP BY ?c ?p ?t"),
        ("cpt", "SELECT ?c ?p ?t (COUNT(*) AS ?n) { ?s a ?c ; ?p ?o BIND(DATATYPE(?o) AS ?t) FILTER(BOUND(?t)) } "
                "GROUP BY ?c ?p ?t"),
    ):  # fmt: skip
        for row in service.store.select(query):
            found = {name: value.value for name, value in row.items()}  # type: ignore[union-attr]
            counted[tuple(found[name] for name in key)] = tuple(int(found[name]) for name in "nml" if name in found)
    assert len(counted) > 1_000
    assert told == counted


def test_property_partitions(void: rdflib.Graph, service: Service) -> None:
    told = {
        str(void.value(part, VOID.property)): int(void.value(part, VOID.triples))  # type: ignore[arg-type]
        for part in void.objects(DATASET, VOID.propertyPartition)
    }
    rows = service.store.select("SELECT ?p (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY ?p")
    assert told == {row["p"].value: int(row["n"].value) for row in rows}  # type: ignore[union-attr]


def test_named_graphs_are_subsets(void: rdflib.Graph, service: Service) -> None:
    told = {
        str(graph): int(void.value(graph, VOID.triples))  # type: ignore[arg-type]
        for graph in void.objects(DATASET, VOID.subset)
    }
    rows = service.store.select("SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g")
    assert told == {row["g"].value: int(row["n"].value) for row in rows}  # type: ignore[union-attr]


def test_every_class_and_property_has_labels(void: rdflib.Graph) -> None:
    """In Danish and English, so that a completion list can show them."""
    terms = {*void.objects(None, VOID["class"]), *void.objects(None, VOID.property)}
    assert len(terms) > 200
    unlabelled = [
        term for term in terms if {label.language for label in void.objects(term, RDFS.label)} != {"da", "en"}
    ]  # type: ignore[attr-defined]
    assert not unlabelled
    assert Literal("kommune", lang="da") in set(void.objects(URIRef(SG + "Municipality"), RDFS.label))


# What tools ask


@pytest.mark.parametrize("where", ["void", "described"])
def test_what_editors_and_language_models_ask(where: str, request: pytest.FixtureRequest, service: Service) -> None:
    """The three questions have no answer in the store, so the tools put them to the description."""
    graph: rdflib.Graph = request.getfixturevalue(where)
    for question in (PARTITIONS, EXAMPLES, DECLARED):
        assert not service.store.select(question)
    links = {tuple(str(term or "") for term in row) for row in graph.query(PARTITIONS)}  # type: ignore[union-attr]
    assert (SG + "Adoption", SG + "framework", SG + "Framework", "") in links
    assert (SG + "TextEvidence", SG + "phrase", "", PREFIXES["rdf"] + "langString") in links or any(
        link[:2] == (SG + "TextEvidence", SG + "phrase") and link[3] for link in links
    )
    declared = {str(row[0]): str(row[1]) for row in graph.query(DECLARED)}  # type: ignore[index]
    assert declared == PREFIXES
    rows: list[Any] = list(graph.query(EXAMPLES))
    assert len({row[0] for row in rows}) >= 20 + 15
    assert len(rows) == 2 * len({row[0] for row in rows}), "a comment in each language"


def test_every_example_runs(described: rdflib.Graph, asked: FlaskClient) -> None:
    forms = {SH.SPARQLSelectExecutable: SH.select, SH.SPARQLConstructExecutable: SH.construct}
    found = set(described.subjects(RDF.type, SH.SPARQLExecutable))
    empty = []
    for one in sorted(found):
        (kind,) = set(described.objects(one, RDF.type)) - {SH.SPARQLExecutable}
        text = str(described.value(one, forms[kind]))  # type: ignore[index]
        assert described.value(one, SCHEMA.target) == URIRef(f"{PUBLIC}/sparql")
        assert described.value(one, SH.prefixes) == URIRef(SG)
        accept = "text/turtle" if kind == SH.SPARQLConstructExecutable else "text/csv"
        reply = asked.post("/sparql", data=text, content_type="application/sparql-query", headers={"Accept": accept})
        assert reply.status_code == 200, (one, reply.text)
        if reply.data.count(b"\n") < 2 and accept == "text/csv":
            empty.append(str(one))
    assert not [one for one in empty if "#example-" in one], "the worked examples have answers"
    assert (URIRef(SG), RDF.type, URIRef(PREFIXES["owl"] + "Ontology")) in described


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("PREFIX ask: <urn:ask>\nSELECT * { ?s ?p ?o }", SH.SPARQLSelectExecutable, SH.select),
        ("# Select what?\nask { ?s ?p ?o }", SH.SPARQLAskExecutable, SH.ask),
        ("CONSTRUCT WHERE { ?s ?p ?o }", SH.SPARQLConstructExecutable, SH.construct),
        ("PREFIX a: <urn:a>\n  DESCRIBE a:b", SPEX.SPARQLDescribeExecutable, SPEX.describe),
    ],
)
def test_each_form_of_query_has_its_terms(asked: FlaskClient, text: str, kind: URIRef, name: URIRef) -> None:
    with asked.application.test_request_context("/"):
        triples = list(executable(Example("x", Text("En", "One"), text)))
    said = {(str(triple.predicate.value), str(triple.object.value)) for triple in triples}  # type: ignore[union-attr]
    assert {(str(RDF.type), str(kind)), (str(RDF.type), str(SH.SPARQLExecutable)), (str(name), text)} <= said


# The service description


def test_the_description_is_made_from_what_the_code_uses(described: rdflib.Graph, service: Service) -> None:
    one = described.value(None, SD.endpoint, URIRef(f"{PUBLIC}/sparql"))
    assert set(described.objects(one, SD.resultFormat)) == {URIRef(media.format) for media in (*RESULTS, *GRAPHS)}
    assert set(described.objects(one, SD.supportedLanguage)) == {SD.SPARQL11Query}
    assert set(described.objects(one, SD.feature)) == {SD.UnionDefaultGraph}
    whole = described.value(one, SD.defaultDataset)
    assert described.value(whole, SD.defaultGraph) == DATASET
    names = {str(described.value(graph, SD.name)) for graph in described.objects(whole, SD.namedGraph)}
    assert names == set(service.release.manifest["graphs"])
    (english,) = [text for text in described.objects(one, DCT.description) if text.language == "en"]  # type: ignore[attr-defined]
    for limit in (service.settings.query_seconds, service.settings.query_seconds_most, service.settings.client_seconds):
        assert f" {limit:g} seconds" in english or f"at most {limit:g}." in english


def test_the_default_graph_is_the_union(service: Service) -> None:
    """As the description says: each triple of a named graph is in the default graph, and no other."""
    assert number(service, "SELECT (COUNT(*) AS ?n) { SELECT DISTINCT ?s ?p ?o { GRAPH ?g { ?s ?p ?o } } }") == number(
        service, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
    )
    assert not service.store.select("SELECT * { GRAPH ?g { ?s ?p ?o } FILTER NOT EXISTS { ?s ?p ?o } } LIMIT 1")


# Over HTTP


@pytest.mark.parametrize(
    ("accept", "status", "kind"),
    [
        (None, 200, "text/turtle"),
        ("*/*", 200, "text/turtle"),
        ("application/ld+json", 200, "application/ld+json"),
        ("application/rdf+xml;q=0.9, text/turtle;q=0.1", 200, "application/rdf+xml"),
        ("application/n-triples", 200, "application/n-triples"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", 303, "text/html"),
        ("image/png", 406, "text/plain"),
    ],
)
def test_negotiation(asked: FlaskClient, accept: str | None, status: int, kind: str) -> None:
    reply = asked.get(WELL_KNOWN, headers={"Accept": accept} if accept else {})
    assert reply.status_code == status
    assert reply.mimetype == kind
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert "Accept" in reply.headers["Vary"]
    if status == 303:
        assert reply.headers["Location"] == f"{PUBLIC}/ontology/#profile"
        assert b'id="profile"' in asked.get("/ontology/").data
    if status == 406:
        assert all(media.type in reply.text for media in GRAPHS)
    if status == 200:
        links = reply.headers.getlist("Link")
        assert all(any(f'type="{media.type}"' in link for link in links) for media in GRAPHS)
        again = asked.get(WELL_KNOWN, headers={"Accept": accept or "*/*", "If-None-Match": reply.headers["ETag"]})
        assert again.status_code == 304
        assert asked.head(WELL_KNOWN, headers={"Accept": accept or "*/*"}).data == b""


def test_a_reader_of_english_is_led_to_the_english_page(asked: FlaskClient) -> None:
    reply = asked.get(WELL_KNOWN, headers={"Accept": "text/html", "Accept-Language": "en"})
    assert reply.headers["Location"] == f"{PUBLIC}/en/ontology/#profile"


def test_the_formats_say_the_same(asked: FlaskClient) -> None:
    found = set()
    for media in GRAPHS:
        data = asked.get(WELL_KNOWN, query_string={"format": media.token}).data
        found.add(frozenset(quad.triple for quad in parse(input=data, format=media.rdf)))
    assert len(found) == 1


def test_the_same_bytes_each_time(service: Service) -> None:
    from strategigraf.web import create_app

    first, second = (create_app(service).test_client().get(WELL_KNOWN).data for _ in range(2))
    assert first == second


def test_counting_takes_little(service: Service) -> None:
    """About a second of a processor for this graph; three are allowed, since others may be at work beside."""
    started = time.thread_time()
    profile(service.store)
    assert time.thread_time() - started < 3


def _node(term: Any) -> Any:
    return NamedNode(str(term))
