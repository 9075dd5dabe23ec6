"""What a stranger's query may not do: write, reach other machines, bring the process down."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from strategigraf import guard
from strategigraf.errors import BadQuery, UpdateRefused
from strategigraf.service import Service


@pytest.fixture(scope="module")
def listener() -> Iterator[tuple[str, list[str]]]:
    """A server that should hear nothing, and what it heard."""
    heard: list[str] = []

    class Ear(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.path)
            self.send_response(500)
            self.end_headers()

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ear)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", heard
    server.shutdown()
    server.server_close()


CALLS = (
    "SELECT * {{ SERVICE <{url}> {{ ?s ?p ?o }} }}",
    "SELECT * {{ service silent <{url}> {{ ?s ?p ?o }} }}",
    "PREFIX : <{url}> SELECT * {{ SERVICE:x {{ ?s ?p ?o }} }}",
    "SELECT * {{ SERVICESILENT <{url}> {{ ?s ?p ?o }} }}",
    "SELECT * {{ VALUES ?x {{ 1 }} <a:a> <a:b> trueSERVICE <{url}> {{ ?s ?p ?o }} }}",
    "SELECT * {{ <a:a> <a:b> 1e5SERVICE <{url}> {{ ?s ?p ?o }} }}",
    "PREFIX : <{url}> SELECT * {{ FILTER(1<2)SERVICE:x#>\n{{ ?s ?p ?o }} }}",
    'SELECT * {{ BIND("a\\u0022 b" AS ?z) SERVICE <{url}> {{ ?s ?p ?o }} BIND("c" AS ?y) }}',
    'SELECT * {{ BIND("""a\\u0022\\u0022\\u0022 b""" AS ?z) SERVICE <{url}> {{ ?s ?p ?o }} BIND("""c""" AS ?y) }}',
    "SELECT * {{ \\u0053ERVICE <{url}> {{ ?s ?p ?o }} }}",
    "SELECT * {{ ?s ?p ?o }} # SERVICE\n SERVICE <{url}> {{ ?a ?b ?c }}",
    "ASK {{ SERVICE ?where {{ ?s ?p ?o }} VALUES ?where {{ <{url}> }} }}",
)


@pytest.mark.parametrize("query", CALLS)
def test_no_query_reaches_another_machine(service: Service, listener: tuple[str, list[str]], query: str) -> None:
    url, heard = listener
    with pytest.raises(BadQuery):
        list(service.store.ask(query.format(url=url)))  # type: ignore[arg-type]
    assert heard == []


def test_from_fetches_nothing(service: Service, listener: tuple[str, list[str]]) -> None:
    url, heard = listener
    assert list(service.store.ask(f"SELECT * FROM <{url}> {{ ?s ?p ?o }}")) == []  # type: ignore[arg-type]
    assert list(service.store.ask(f"DESCRIBE <{url}>")) == []  # type: ignore[arg-type]
    assert heard == []


@pytest.mark.parametrize(
    "query",
    [
        "ASK { ?s ?p 'the SERVICE' }",
        "SELECT ?service { ?service a <https://example.org/service/Service> } # SERVICE",
        "PREFIX service: <https://example.org/service#> ASK { ?s a service:Service }",
        "ASK { ?s ?p 'INSERT' }",
        "ASK { <a:INSERT> ?p ?delete }",
    ],
)
def test_names_that_only_look_like_keywords_pass(service: Service, query: str) -> None:
    service.store.ask(query)


@pytest.mark.parametrize(
    ("query", "form"),
    [
        ("INSERT DATA { <a:a> <a:b> <a:c> }", "INSERT"),
        ("# hej\nPREFIX a: <a:>\nBASE <a:b>\n delete where { ?s ?p ?o }", "DELETE"),
        ("LOAD <http://example.org/>", "LOAD"),
        ("WITH <a:g> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }", "WITH"),
        ("SELECT ?insert { ?insert ?p 'DELETE DATA' }", ""),
        ("PREFIX insert: <a:> ASK { ?s insert:a ?o }", ""),
    ],
)
def test_updates_are_told_from_queries(service: Service, query: str, form: str) -> None:
    assert guard.update_form(query) == form
    if form:
        with pytest.raises(UpdateRefused):
            service.store.ask(query)
    else:
        service.store.ask(query)


BOMBS = {
    "nested groups": "SELECT * { " + "{" * 5000 + "}" * 5000 + " }",
    "negations": "ASK { FILTER(" + "!" * 20000 + "true) }",
    "a long path": "ASK { ?s " + "/".join(["<a:b>"] * 8000) + " ?o }",
    "unions": "SELECT * { " + " UNION ".join(["{ ?s ?p ?o }"] * 20000) + " }",
    "optionals": "SELECT * { " + "OPTIONAL { ?s ?p ?o } " * 20000 + " }",
    "sums": "ASK { FILTER(" + "+".join(["1"] * 50000) + " > 0) }",
    "brackets": "ASK { FILTER(" + "(" * 5000 + "1" + ")" * 5000 + ") }",
    "quotes": "SELECT * { " + '"' * 100000 + " }",
    "dots": "." * 100000,
    "dashes": "a-" * 50000,
    "angles": "<" * 100000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_text_that_could_exhaust_the_parser_ends_well(service: Service, name: str) -> None:
    """Refused or answered; the process that runs this test lives on."""
    with suppress(BadQuery):
        service.store.ask(BOMBS[name])
    assert bool(service.store.ask("ASK { ?s ?p ?o }"))


def test_a_long_query_of_an_ordinary_kind_passes(service: Service) -> None:
    values = " ".join(f"<https://example.org/{number}>" for number in range(2000))
    assert list(service.store.ask(f"SELECT ?s {{ VALUES ?s {{ {values} }} ?s ?p ?o }}")) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query", "volatile"),
    [("SELECT (NOW() AS ?n) {}", True), ("ASK { BIND(bnode () AS ?b) }", True), ("ASK { ?now ?rand ?o }", False)],
)
def test_answers_that_may_not_be_kept(query: str, volatile: bool) -> None:
    assert guard.is_volatile(query) == volatile
