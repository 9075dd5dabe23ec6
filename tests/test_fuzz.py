"""Whatever is sent, the answer is a known status with a body that is what its type says: no 500, ever.

Requests are made as a server hands them on (PEP 3333), since no client would send most of them. ``make test`` asks some
hundreds, the same each time; ``make test-long`` asks many thousands, others each time.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from fuzz import (
    ACCEPTS,
    BODIES,
    ENCODINGS,
    LATIN,
    NAMES,
    RAW,
    TEXTS,
    TYPES,
    App,
    Reply,
    check,
    escaped,
    mutated,
    page_requests,
    pairs,
    sparql_requests,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strategigraf.errors import StrategigrafError
from strategigraf.job import Job
from strategigraf.media import GRAPHS, HTML, RESULTS, choose
from strategigraf.server.http1 import Headers
from strategigraf.service import Service
from strategigraf.web import protocol
from strategigraf.web.application import Application, accepts_gzip


@pytest.fixture(scope="module")
def app(service: Service) -> App:
    return App(service)


def _pages(app: App, data: st.DataObject) -> None:
    """Every route, with every parameter."""
    environ = data.draw(page_requests(app))
    reply = app.ask(environ)
    check(environ["REQUEST_METHOD"], reply, environ["PATH_INFO"])
    if environ["REQUEST_METHOD"] == "GET" and reply.status == 200 and "etag" in reply.headers:
        again = app.ask({**environ, "HTTP_IF_NONE_MATCH": f'"other", {reply.headers["etag"]}'})
        check("GET", again)
        assert again.status == 304
        assert again.headers["etag"] == reply.headers["etag"]


def _sparql(app: App, data: st.DataObject) -> None:
    """The endpoint."""
    environ = data.draw(sparql_requests())
    check(environ["REQUEST_METHOD"], app.ask(environ))


def _direct(app: App, target: str, accept: str, encodings: str) -> None:
    """The short way to an answer gives what the long way gives, or leaves it to the long way."""
    application: Application = app.flask.wsgi_app  # type: ignore[assignment]
    line = f"/sparql?query={target}".encode("utf-8", "surrogatepass")
    given_headers = Headers()
    given_headers |= {b"accept": accept.encode("latin-1"), b"accept-encoding": encodings.encode("latin-1")}
    found = application.direct(line, given_headers, "127.0.0.1", Job())
    if found is None:
        return
    head, rest = found
    headers, _, body = rest.partition(b"\r\n\r\n")
    other = app.ask({
        "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": "/sparql", "SERVER_NAME": "127.0.0.1",
        "QUERY_STRING": line.partition(b"?")[2].decode("latin-1"), "SERVER_PORT": "8000", "REMOTE_ADDR": "127.0.0.1",
        "HTTP_ACCEPT": accept, "HTTP_ACCEPT_ENCODING": encodings, "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True, "wsgi.multiprocess": True, "wsgi.run_once": False,
    })  # fmt: skip
    assert int(head.split()[1]) == other.status
    if "NOW" in unquote_to_bytes(target).decode("utf-8", "replace").upper():
        return  # it is later by now
    fields = dict(one.split(": ", 1) for one in headers.decode("latin-1").split("\r\n"))
    assert {name.lower(): value for name, value in fields.items()} == other.headers
    assert body == other.body


def _unescape(text: bytes) -> None:
    """The fast way of reading escapes reads what the standard library reads."""
    assert protocol.unescape(text) == unquote_to_bytes(text.replace(b"+", b" "))


def _read(method: str, query: bytes, kind: str, body: bytes) -> None:
    """A request is read, or refused with one of our errors."""
    asked = None
    try:
        asked = protocol.read(method, query, kind, body)
    except StrategigrafError as error:
        refused = error
    if asked is None:
        assert 400 <= refused.status < 500
        assert refused.message.da
        assert refused.message.en
    else:
        assert asked.timeout is None or asked.timeout > 0


def _accept(accept: str) -> None:
    """Any header chooses one of what is offered, or none; and what it chooses, it chooses from less."""
    for offered in ((HTML, *GRAPHS), RESULTS):
        found = choose(accept, offered)
        assert found is None or (found in offered and choose(accept, (found,)) is found)
    accepts_gzip(accept)


CALM = [
    HealthCheck.too_slow,
    HealthCheck.function_scoped_fixture,
    HealthCheck.data_too_large,
    HealthCheck.large_base_example,
]
ESCAPES = st.one_of(
    st.binary(max_size=40),
    st.lists(st.sampled_from([b"%", b"%4", b"%41", b"=", b"=41", b"=\n", b"+", b" ", b"\t", b"\r", b"\n", b"%0A",
    b"%0d",
                              b"_", b"%C3%B8", b"%zz", b"%+1", b"a", b"\x00", b"\xff"]), max_size=12).map(b"".join),
)  # fmt: skip
HEADERS = st.one_of(
    LATIN, st.lists(st.sampled_from([*ACCEPTS, ",", ";", "q=", "=", '"', "\\\\", " ", "0.5"]), max_size=8).map("".join)
)
TARGETS = st.one_of(mutated().map(escaped), RAW, st.text("%0aF+{}?<> ASKselect*", max_size=20))
#: Each property, what it is given, and how often it is tried: in ``make test``, and in ``make test-long``.
PROPERTIES: dict[str, tuple[Callable[..., None], dict[str, st.SearchStrategy[Any]], int, int]] = {
    "pages": (_pages, {"data": st.data()}, 250, 10_000),
    "sparql": (_sparql, {"data": st.data()}, 500, 20_000),
    "direct": (
        _direct,
        {"target": TARGETS, "accept": HEADERS, "encodings": st.sampled_from(ENCODINGS)},
        200,
        10_000,
    ),
    "unescape": (_unescape, {"text": ESCAPES}, 500, 50_000),
    "read": (
        _read,
        {
            "method": st.sampled_from(["GET", "HEAD", "POST"]),
            "query": st.one_of(ESCAPES, pairs(NAMES, TEXTS).map(str.encode)),
            "kind": st.one_of(st.sampled_from(TYPES), LATIN),
            "body": st.one_of(ESCAPES, BODIES),
        },
        300,
        20_000,
    ),
    "accept": (_accept, {"accept": HEADERS}, 500, 50_000),
}


def _hard(name: str, long: bool) -> Callable[..., None]:
    """The test of a property: some examples, the same each time, or many, others each time."""
    property_, strategies, few, many = PROPERTIES[name]

    @wraps(property_)
    def again(**given_: Any) -> None:
        property_(**given_)

    profile = settings(
        max_examples=many if long else few, derandomize=not long, deadline=None, database=None, print_blob=True,
        suppress_health_check=CALM,
    )  # fmt: skip
    return profile(given(**strategies)(again))


def test_what_is_wrong_is_seen() -> None:
    """The check does not let everything through."""
    headers = {
        "access-control-allow-origin": "*", "x-content-type-options": "nosniff", "content-security-policy": "",
        "cache-control": "no-store", "content-type": "application/problem+json",
    }  # fmt: skip
    good = b'{"status": 404, "detail": "x", "title": "x"}'
    check("GET", Reply(404, headers, good))
    for reply in (
        Reply(500, headers, good.replace(b"404", b"500")),
        Reply(400, headers, good),
        Reply(404, headers, b"{"),
        Reply(304, headers, good),
        Reply(303, headers | {"location": "https://evil.example/"}, b""),
        Reply(200, headers | {"content-type": "text/turtle"}, b"<a> <b>"),
        Reply(404, {**headers, "access-control-allow-origin": ""}, good),
    ):
        with pytest.raises((AssertionError, ValueError, SyntaxError)):
            check("GET", reply)


for _name in PROPERTIES:
    globals()[f"test_{_name}"] = _hard(_name, long=False)
    globals()[f"test_{_name}_long"] = pytest.mark.long(_hard(_name, long=True))
