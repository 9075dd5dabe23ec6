"""What leaves this machine for a store on another, and what becomes of what comes back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import pytest
from serving import free_port

from strategigraf.errors import BadQuery, StoreUnavailable, TooLarge, UpdateRefused
from strategigraf.ns import BASE, GRAPH
from strategigraf.store import RemoteStore, wire
from strategigraf.store.dataset import Graphs, Prepared

RELEASE = "0123456789abcdef"
INNER = f"{GRAPH}{RELEASE}/"
GRAPHS = Graphs(RELEASE, [GRAPH + "a", GRAPH + "b"])
MERGED, NONE, ALL = (INNER + "merged",), (INNER + "none",), (INNER + "a", INNER + "b")
ROWS = b'{"head":{"vars":["n"]},"results":{"bindings":[{"n":{"type":"uri","value":"%sa"}}]}}' % INNER.encode()
Reply = Callable[[BaseHTTPRequestHandler], None]


def reply(status: int, body: bytes = b"", **headers: str) -> Reply:
    """A server's answer, always the same."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response_only(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


@contextmanager
def server(answer: Reply) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A store that answers as told; gives its address and the requests that it gets."""
    seen: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            seen.append(
                {"path": self.path, "headers": dict(self.headers), "form": parse_qsl(body), "peer": self.client_address}
            )
            answer(self)

        do_GET = do_POST  # noqa: N815 - a name of the standard library

        def log_message(self, *_: object) -> None:
            pass

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{made.server_port}/query", seen
    finally:
        made.shutdown()
        made.server_close()


@contextmanager
def store(answer: Reply, user: str = "") -> Iterator[tuple[RemoteStore, list[dict[str, Any]]]]:
    with server(answer) as (url, seen):
        made = RemoteStore(url, RELEASE, [GRAPH + "a", GRAPH + "b"], user, "word" if user else "")
        try:
            yield made, seen
        finally:
            made.close()


# The dataset


@pytest.mark.parametrize(
    ("text", "default", "named", "sent"),
    [
        ("ASK {}", [], [], Prepared("ASK {}", MERGED, ())),
        ("ASK { GRAPH ?g {} }", [], [], Prepared("ASK { GRAPH ?g {} }", MERGED, ALL)),
        ("ASK { graph ?g {} }", [], [], Prepared("ASK { graph ?g {} }", MERGED, ALL)),
        ("ASK {}", [GRAPH + "a"], [], Prepared("ASK {}", (INNER + "a",), NONE)),
        ("ASK {}", [], [GRAPH + "a"], Prepared("ASK {}", NONE, (INNER + "a",))),
        ("ASK {}", ["http://other/"], [GRAPH + "b"], Prepared("ASK {}", NONE, (INNER + "b",))),
        ("ASK {}", [INNER + "a"], [], Prepared("ASK {}", NONE, NONE)),
        (f"ASK FROM <{GRAPH}a> {{}}", [], [], Prepared("ASK   {}", (INNER + "a",), NONE)),
        (f"ASK FROM NAMED <{GRAPH}a> {{}}", [], [], Prepared("ASK   {}", NONE, (INNER + "a",))),
        (f"PREFIX g: <{GRAPH}> ASK from g:a{{}}", [], [],
         Prepared(f"PREFIX g: <{INNER}> ASK  {{}}", (INNER + "a",), NONE)),
        (f"BASE <{GRAPH}> ASK FROM <b> {{}}", [], [], Prepared(f"BASE <{INNER}> ASK   {{}}", (INNER + "b",), NONE)),
        ("ASK FROM <graph/b> {}", [], [], Prepared("ASK   {}", (INNER + "b",), NONE)),
        ("ASK FROM <http://other/> {}", [], [], Prepared("ASK   {}", NONE, NONE)),
        (f"ASK FROM <{GRAPH}a> {{}}", [GRAPH + "b"], [], Prepared("ASK   {}", (INNER + "b",), NONE)),
        ('ASK { ?from ?p "FROM <x:y>" }', [], [], Prepared('ASK { ?from ?p "FROM <x:y>" }', MERGED, ())),
        ("PREFIX from: <x:> ASK { from:from from:from 1 } # FROM <x:y>", [], [],
         Prepared("PREFIX from: <x:> ASK { from:from from:from 1 } # FROM <x:y>", MERGED, ())),
        (f"ASK {{ GRAPH <{GRAPH}a> {{}} }}", [], [], Prepared(f"ASK {{ GRAPH <{INNER}a> {{}} }}", MERGED, ALL)),
        ("ASK { GRAPH <graph/a> {} }", [], [], Prepared(f"ASK {{ GRAPH <{INNER}a> {{}} }}", MERGED, ALL)),
        (r"ASK { GRAPH <graph\u002Fa> {} }", [], [], Prepared(f"ASK {{ GRAPH <{INNER}a> {{}} }}", MERGED, ALL)),
        (r'ASK { ?s ?p "\u00e6\\" }', [], [], Prepared(r'ASK { ?s ?p "æ\\" }', MERGED, ())),
    ],
)  # fmt: skip
def test_the_dataset(text: str, default: list[str], named: list[str], sent: Prepared) -> None:
    assert GRAPHS.prepare(text, default, named) == sent


@pytest.mark.parametrize(
    "text",
    [
        "ASKFROM <http://other/> {}",
        r'ASK { ?s ?p "\u0022" }',
        r'ASK { ?s ?p "\u005C" }',
        r'ASK { ?s ?p "\U0000000A" }',
        r'ASK { ?s ?p "\\u0022 } # \\u0022" }',
        r"ASK {} # \u000A FROM <http://other/>",
        r"ASK { <x:\u003E> ?p ?o }",
        r"PREFIX w: <https://w3id.org/strategigraf/> ASK { GRAPH w:graph\/a { } }",
        "BASE <https://w3id.org/> ASK { GRAPH <strategigraf/graph/a> { } }",
    ],
)
def test_what_could_mean_two_things_is_refused(text: str) -> None:
    with pytest.raises(BadQuery):
        GRAPHS.prepare(text, [], [])


def test_names_are_mapped_back() -> None:
    with store(reply(200, ROWS)) as (remote, _):
        assert [row["n"].value for row in remote.select("SELECT ?n {}")] == [GRAPH + "a"]  # type: ignore[union-attr]
    assert GRAPHS.back((INNER + "a").replace("/", r"\/").encode()) == (GRAPH + "a").replace("/", r"\/").encode()


# What is sent


def test_a_query_is_sent_as_a_form_on_a_kept_connection() -> None:
    with store(reply(200, ROWS)) as (remote, seen):
        for _ in range(3):
            remote.query("SELECT ?n { GRAPH ?n { <x:s> ?p ?o } }")
        form = seen[-1]["form"]
        assert form[0] == ("query", f"BASE <{BASE}>\nSELECT ?n {{ GRAPH ?n {{ <x:s> ?p ?o }} }}")
        assert form[1:] == [("default-graph-uri", MERGED[0]), *(("named-graph-uri", iri) for iri in ALL)]
        assert seen[-1]["headers"]["Accept"] == "application/sparql-results+json"
        assert "Authorization" not in seen[-1]["headers"]
        assert len({one["peer"] for one in seen}) == 1
        remote.after_fork()
        remote.query("SELECT ?n {}")
        assert len({one["peer"] for one in seen}) == 2


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("SELECT *\nWHERE { ?s ?p }", BadQuery, "line 2"),
        ("", BadQuery, "empty"),
        ("DROP ALL", UpdateRefused, "DROP"),
        ("INSERT DATA { <x:s> <x:p> 1 }", UpdateRefused, "INSERT"),
        ("SELECT * { SERVICE <http://other/> { ?s ?p ?o } }", BadQuery, "SERVICE"),
        ("SELECT (<bif:file_to_string>('/etc/passwd') AS ?x) {}", BadQuery, "bif:file_to_string"),
        ("define input:default-graph-uri <http://other/> SELECT * { ?s ?p ?o }", BadQuery, "line 1"),
    ],
)
def test_what_may_not_run_never_leaves(text: str, error: type[Exception], says: str) -> None:
    with store(reply(200, ROWS)) as (remote, seen):
        with pytest.raises(error, match=says):
            remote.ask(text)
        assert seen == []


# What goes wrong


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply(500, b"no"), StoreUnavailable),
        (reply(404), StoreUnavailable),
        (reply(503), StoreUnavailable),
        (reply(401, WWW_Authenticate='Basic realm="x"'), StoreUnavailable),
        (reply(403), StoreUnavailable),
        (reply(302, Location="http://127.0.0.1:9/"), StoreUnavailable),
        (reply(400, b"I do not take it\nmore"), BadQuery),
        (reply(200, b"<html>"), StoreUnavailable),
        (reply(200, ROWS[:-20]), StoreUnavailable),
        (reply(200, b'{"head":{},"boolean":true}'), StoreUnavailable),
        (reply(200, ROWS, Server="Virtuoso/07", X_SPARQL_MaxRows="10"), TooLarge),
        (reply(500, b"Virtuoso S1T00 Error SR171: Transaction timed out", Server="Virtuoso/07"), StoreUnavailable),
        (reply(500, b"Virtuoso 22023 Error SR586: wrong argument", Server="Virtuoso/07"), BadQuery),
    ],
)  # fmt: skip
def test_errors_of_a_store(answer: Reply, error: type[Exception]) -> None:
    with store(answer) as (remote, _), pytest.raises(error):
        remote.query("SELECT ?n {}")


def test_a_store_that_is_down() -> None:
    remote = RemoteStore(f"http://127.0.0.1:{free_port()}/query", RELEASE, [])
    with pytest.raises(StoreUnavailable) as caught:
        remote.alive()
    assert caught.value.status == 503
    assert caught.value.wait > 0


def test_a_store_that_is_too_slow() -> None:
    def late(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(1.5)

    def drips(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        for _ in range(30):
            handler.wfile.write(b" ")
            time.sleep(0.1)

    for slow in (late, drips):
        calls = 0

        def answer(handler: BaseHTTPRequestHandler, slow: Reply = slow) -> None:
            nonlocal calls
            calls += 1
            (reply(200, ROWS) if calls <= 2 else slow)(handler)  # it is asked once what it is

        with store(answer) as (remote, _):
            remote.query("SELECT ?n {}", seconds=5)
            started = time.monotonic()
            with pytest.raises(StoreUnavailable, match=r"0\.4 seconds"):
                remote.query("SELECT ?n {}", seconds=0.4)
            assert time.monotonic() - started < 1.4


def test_an_answer_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MOST_BYTES", 1000)
    with store(reply(200, b" " * 200_000)) as (remote, _), pytest.raises(TooLarge):
        remote.query("SELECT ?n {}")


def test_a_connection_that_the_store_has_closed_is_opened_again() -> None:
    def once(handler: BaseHTTPRequestHandler) -> None:
        reply(200, ROWS)(handler)
        handler.close_connection = True  # without saying so

    with store(once) as (remote, seen):
        for _ in range(5):
            remote.query("SELECT ?n {}")
            time.sleep(0.02)
        assert len(seen) >= 5


@pytest.mark.parametrize("scheme", ["Basic", "Digest"])
def test_a_password_is_given_as_it_is_asked_for(scheme: str) -> None:
    more = ', nonce="n", qop="auth"' if scheme == "Digest" else ""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        given = handler.headers.get("Authorization", "")
        (reply(200, ROWS) if given.startswith(scheme) else reply(401, WWW_Authenticate=f'{scheme} realm="x"{more}'))(
            handler
        )

    with store(answer, user="somebody") as (remote, _):
        remote.query("SELECT ?n {}")
    with store(answer) as (remote, _), pytest.raises(StoreUnavailable, match="STRATEGIGRAF_STORE_USER"):
        remote.query("SELECT ?n {}")


def test_nothing_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    with store(reply(200, ROWS, Set_Cookie="a=b")) as (remote, seen):
        remote.query("SELECT ?n {}")
        remote.query("SELECT ?n {}")
        assert all("Cookie" not in one["headers"] for one in seen)
