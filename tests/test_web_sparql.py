"""The endpoint by the SPARQL 1.1 Protocol, section 2.1, and what clients do in practice."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from pyoxigraph import NamedNode, RdfFormat, parse

from strategigraf.service import Service
from strategigraf.web import create_app, editor

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
SELECT = "SELECT ?s WHERE { ?s a <https://w3id.org/strategigraf/ontology/Municipality> }"
ASK = "ASK { ?s ?p ?o }"
CONSTRUCT = "CONSTRUCT { ?s a ?c } WHERE { ?s a ?c } LIMIT 5"
DESCRIBE = "DESCRIBE <https://w3id.org/strategigraf/id/municipality/0727>"
GRAPH = "https://w3id.org/strategigraf/graph/"
FORM = "application/x-www-form-urlencoded"
QUERY = "application/sparql-query"
J, X = "application/sparql-results+json", "application/sparql-results+xml"


@pytest.fixture(scope="module")
def client(service: Service) -> Any:
    """One client for the whole file: an application compiles its templates anew."""
    return create_app(service).test_client()


def get(client: Any, query: str, accept: str | None = None, **more: str) -> Any:
    return client.get("/sparql", query_string={"query": query, **more}, headers={"Accept": accept} if accept else {})


def test_the_three_ways_to_ask(client: Any) -> None:
    answers = [
        get(client, SELECT),
        client.post("/sparql", data=urlencode({"query": SELECT}), content_type=FORM),
        client.post("/sparql", data=SELECT, content_type=QUERY),
        client.post("/sparql", data=SELECT.encode(), content_type=f"{QUERY}; charset=utf-8"),
        client.get("/sparql/", query_string={"query": SELECT}),
    ]
    for answer in answers:
        assert answer.status_code == 200
        assert answer.mimetype == J
        assert answer.headers["Content-Type"].endswith("charset=utf-8")
        assert len(json.loads(answer.data)["results"]["bindings"]) == 98


@pytest.mark.parametrize(
    ("query", "accept", "type_"),
    [
        (SELECT, None, J),
        (SELECT, "*/*", J),
        (SELECT, "application/json", J),
        (SELECT, X, X),
        (SELECT, "text/csv", "text/csv"),
        (SELECT, "text/tab-separated-values", "text/tab-separated-values"),
        (SELECT, "application/sparql-results+json,*/*;q=0.9", J),
        (SELECT, "text/csv;q=0.5, application/sparql-results+xml;q=0.8", X),
        (SELECT, "text/turtle, application/sparql-results+xml;q=0.5", X),
        (SELECT, "text/turtle", None),
        (SELECT, "image/png", None),
        (ASK, None, J),
        (ASK, X, X),
        (ASK, "text/csv", None),
        (ASK, "text/csv, application/sparql-results+xml;q=0.1", X),
        (CONSTRUCT, None, "text/turtle"),
        (CONSTRUCT, "application/n-triples,*/*;q=0.9", "application/n-triples"),
        (CONSTRUCT, "application/ld+json", "application/ld+json"),
        (CONSTRUCT, "application/rdf+xml", "application/rdf+xml"),
        (CONSTRUCT, "application/sparql-results+json, text/turtle;q=0.2", "text/turtle"),
        (CONSTRUCT, J, None),
        (DESCRIBE, "text/turtle", "text/turtle"),
    ],
)
def test_the_format_of_an_answer(client: Any, query: str, accept: str | None, type_: str | None) -> None:
    response = get(client, query, accept)
    if type_ is None:
        assert response.status_code == 406
        assert "(" in response.get_data(as_text=True)
    else:
        assert response.status_code == 200
        assert response.mimetype == type_
    assert "Accept" in response.headers["Vary"]


@pytest.mark.parametrize(
    ("query", "token", "type_"),
    [
        (SELECT, "json", J), (SELECT, "xml", X), (SELECT, "csv", "text/csv"), (SELECT, X, X),
        (SELECT, "tsv", "text/tab-separated-values"), (CONSTRUCT, "ttl", "text/turtle"),
        (CONSTRUCT, "turtle", "text/turtle"), (CONSTRUCT, "xml", "application/rdf+xml"),
        (CONSTRUCT, "rdf+xml", "application/rdf+xml"), (CONSTRUCT, "json-ld", "application/ld+json"),
        (CONSTRUCT, "nt", "application/n-triples"), (SELECT, "ttl", None), (CONSTRUCT, "csv", None), (ASK, "csv", None),
    ],
)  # fmt: skip
def test_the_format_parameter(client: Any, query: str, token: str, type_: str | None) -> None:
    response = get(client, query, "*/*", format=token, output=token, results=token)
    assert response.status_code == (200 if type_ else 406)
    if type_:
        assert response.mimetype == type_


def test_a_dataset_in_the_request(client: Any) -> None:
    count = "SELECT (COUNT(*) AS ?n) WHERE { ?s a <https://w3id.org/strategigraf/ontology/Region> }"
    named = "SELECT (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s a <https://w3id.org/strategigraf/ontology/Region> } }"
    regions, other = f"{GRAPH}regions", f"{GRAPH}organisations"

    def number(response: Any) -> int:
        assert response.status_code == 200
        return int(json.loads(response.data)["results"]["bindings"][0]["n"]["value"])

    assert number(get(client, count)) == 6
    assert number(client.get("/sparql", query_string={"query": count, "default-graph-uri": other})) == 0
    both = [("query", count), ("default-graph-uri", other), ("default-graph-uri", regions)]
    assert number(client.get("/sparql", query_string=urlencode(both))) == 6
    assert number(client.post("/sparql", data=urlencode(both), content_type=FORM)) == 6
    target = "/sparql?" + urlencode({"default-graph-uri": other})
    assert number(client.post(target, data=count, content_type=QUERY)) == 0
    assert number(client.get("/sparql", query_string={"query": named, "named-graph-uri": regions})) == 6
    assert number(client.get("/sparql", query_string={"query": named, "named-graph-uri": other})) == 0
    over = count.replace("WHERE", f"FROM <{other}> WHERE")
    assert number(client.get("/sparql", query_string={"query": over, "default-graph-uri": regions})) == 6
    bad = client.get("/sparql", query_string={"query": count, "default-graph-uri": "not an iri"})
    assert bad.status_code == 400


@pytest.mark.parametrize(
    ("method", "body", "type_", "status"),
    [
        ("POST", "", FORM, 400),
        ("POST", urlencode({"x": "y"}), FORM, 400),
        ("POST", urlencode([("query", ASK), ("query", ASK)]), FORM, 400),
        ("POST", ASK, "text/plain", 415),
        ("POST", ASK, "", 415),
        ("POST", "", "", 415),
        ("POST", urlencode({"query": ASK}), "application/json", 415),
        ("POST", ASK.encode("utf-16"), f"{QUERY}; charset=utf-16", 400),
        ("POST", b"query=%FF%FE", FORM, 400),
        ("POST", "SELECT * WHERE {", QUERY, 400),
        ("POST", "INSERT DATA { <a:a> <a:b> <a:c> }", QUERY, 403),
        ("POST", "DROP ALL", QUERY, 403),
        ("POST", "INSERT DATA { <a:a> <a:b> <a:c> }", "application/sparql-update", 403),
        ("POST", urlencode({"update": "CLEAR ALL"}), FORM, 403),
        ("POST", urlencode({"query": "SELECT * { SERVICE <http://localhost/> { ?s ?p ?o } }"}), FORM, 400),
        ("POST", b"x" * 1_000_001, QUERY, 413),
        ("POST", b"query=" + b"x" * 1_000_001, FORM, 413),
        ("PUT", ASK, QUERY, 405),
        ("DELETE", "", "", 405),
        ("PATCH", "", "", 405),
    ],
)
def test_what_is_refused(client: Any, method: str, body: str | bytes, type_: str, status: int) -> None:
    response = client.open("/sparql", method=method, data=body, content_type=type_ or None)
    assert response.status_code == status
    assert response.mimetype == "text/plain"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    if status == 405:
        assert set(response.headers["Allow"].split(", ")) >= {"GET", "HEAD", "POST"}


@pytest.mark.parametrize(
    "query_string",
    [
        urlencode([("query", ASK), ("query", ASK)]),
        urlencode({"query": "SELECT nonsense"}),
        "query=%FF",
        "query=",
        urlencode({"query": ASK, "default-graph-uri": "x y"}),
    ],
)
def test_a_bad_get_is_400(client: Any, query_string: str) -> None:
    assert client.get("/sparql", query_string=query_string, headers={"Accept": J}).status_code == 400


def test_an_error_says_line_and_column(client: Any) -> None:
    text = get(client, "SELECT *\nWHERE { ?s ?p }", J).get_data(as_text=True)
    assert "line 2" in text
    assert "linje 2" in text
    body = json.loads(get(client, "SELECT nonsense", "application/json;q=0.1, application/problem+json").data)
    assert body["status"] == 400
    body = json.loads(get(client, "SELECT *\nWHERE { ?s ?p }", "application/problem+json").data)
    assert body["line"] == 2
    assert body["column"] > 10


def test_update_by_get_is_refused(client: Any) -> None:
    assert get(client, "DELETE WHERE { ?s ?p ?o }").status_code == 403
    assert client.get("/sparql?update=CLEAR+ALL").status_code == 403


def test_head_and_options(client: Any) -> None:
    head = client.head("/sparql", query_string={"query": SELECT})
    assert head.status_code == 200
    assert head.data == b""
    options = client.options(
        "/sparql", headers={"Origin": "https://x.example", "Access-Control-Request-Method": "POST"}
    )
    assert options.status_code == 204
    assert "POST" in options.headers["Access-Control-Allow-Methods"]
    assert "Content-Type" in options.headers["Access-Control-Allow-Headers"]


def test_unknown_parameters_are_ignored(client: Any) -> None:
    assert get(client, SELECT, "*/*", timeout="30", debug="on", nonsense="<x>").status_code == 200


def test_the_description_of_the_service(client: Any, service: Service) -> None:
    sd = "http://www.w3.org/ns/sparql-service-description#"
    reference = None
    for type_, form in (
        ("text/turtle", RdfFormat.TURTLE),
        ("application/rdf+xml", RdfFormat.RDF_XML),
        ("application/ld+json", RdfFormat.JSON_LD),
    ):
        response = client.get("/sparql", headers={"Accept": type_})
        assert response.status_code == 200
        assert response.mimetype == type_
        triples = {quad.triple for quad in parse(response.data, form)}
        reference = reference or triples
        assert triples == reference
    assert reference
    endpoint = [t for t in reference if t.predicate.value == sd + "endpoint"]
    assert [t.object for t in endpoint] == [NamedNode("https://strategigraf.example/sparql")]
    names = {t.object.value for t in reference if t.predicate.value == sd + "name"}
    assert names == set(service.release.manifest["graphs"])
    sizes = [int(t.object.value) for t in reference if t.predicate.value.endswith("void#triples")]
    assert service.release.manifest["triples"] in sizes


def test_the_editor(client: Any) -> None:
    for path in ("/sparql", "/en/sparql"):
        for headers in (BROWSER, {"Accept": "*/*"}, {}):
            response = client.get(path, headers=headers)
            assert response.status_code == 200
            assert response.mimetype == "text/html"
            assert "<textarea" in response.get_data(as_text=True)
    none = client.get("/sparql", headers={"Accept": J})
    assert none.status_code == 400


def test_an_answer_in_the_editor(client: Any) -> None:
    def shown(query: str, status: int = 200) -> str:
        response = client.get("/sparql", query_string={"query": query}, headers=BROWSER)
        assert response.status_code == status
        assert response.mimetype == "text/html"
        return str(response.get_data(as_text=True))

    text = shown(SELECT)
    assert text.count("<tr>") == 99
    assert 'href="https://strategigraf.example/doc/municipality/0727">Odder</a>' in text
    assert "format=csv" in text
    many = shown("SELECT ?s ?p ?o WHERE { ?s ?p ?o } LIMIT 1500")
    assert many.count("<tr>") == 1001
    assert "de første 1000 rækker" in many
    assert "Ingen evidens fundet i grafen" in shown("SELECT ?s WHERE { ?s a <x:y> }")
    false = shown("ASK { ?s a <x:y> }")
    assert "false" in false
    assert "ingen evidens fundet" in false
    assert "&lt;https://w3id.org" in shown(CONSTRUCT) or "@prefix" in shown(CONSTRUCT)
    assert 'role="alert"' in shown("SELECT nonsense", 400)
    assert 'role="alert"' in shown("DROP ALL", 403)
    assert client.get("/sparql", query_string={"query": SELECT, "format": "html"}).mimetype == "text/html"


def test_volatile_answers_are_not_told_as_unchanged(client: Any) -> None:
    kept = get(client, SELECT, J)
    again = client.get(
        "/sparql", query_string={"query": SELECT}, headers={"Accept": J, "If-None-Match": kept.headers["ETag"]}
    )
    assert again.status_code == 304
    assert "ETag" not in get(client, "SELECT (NOW() AS ?n) WHERE {}", J).headers


def test_the_examples_run(client: Any) -> None:
    with client.application.test_request_context("/sparql"):
        found = [one for group in editor.groups() for one in group.examples]
    assert len(found) > 40
    for one in found:
        assert get(client, one.text, J).status_code == 200, one.summary


def test_a_long_query_goes_by_post(client: Any) -> None:
    """Servers cut addresses of some 8,000 characters, so no link of a page is longer."""
    text = "# " + "æ" * 3000 + "\n" + SELECT
    headers = BROWSER | {"Content-Type": FORM}
    response = client.post("/en/sparql", data=urlencode({"query": text}), headers=headers)
    assert response.status_code == 200
    page = response.get_data(as_text=True)
    assert page.count("<tr>") == 99
    assert 'method="post" action="https://strategigraf.example/sparql"' in page
    assert all(len(part.partition('"')[0]) < 7000 for part in page.split('href="')[1:])
    for query in ("adoption_path?municipality=Odder", "compare_municipalities?a=Odder&b=Norddjurs"):
        body = client.get(f"/queries/{query}", headers=BROWSER).get_data(as_text=True)
        assert all(len(part.partition('"')[0]) < 7000 for part in body.split('href="')[1:])
    failed = client.post("/sparql", data=urlencode({"query": "SELECT nonsense"}), headers=headers)
    assert failed.status_code == 400
    assert "SELECT nonsense</textarea>" in failed.get_data(as_text=True)


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_query_is_told_as_such(client: Any, text: str) -> None:
    reply = client.post("/sparql", data={"query": text}, headers={"Accept": "application/sparql-results+json"})
    assert reply.status_code == 400
    assert "The query is empty." in reply.text
