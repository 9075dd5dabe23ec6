"""Requests such as no client would send, and what holds for the answer to any of them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

from hypothesis import strategies as st
from pyoxigraph import QueryResultsFormat, parse, parse_query_results

from strategigraf.media import GRAPHS, HTML, RESULTS
from strategigraf.ns import split
from strategigraf.service import Service
from strategigraf.web import create_app, protocol

PUBLIC = "https://strategigraf.example"
#: What the service may answer. 429 and 503 depend on who else asks, and nobody does here.
KNOWN = {200, 204, 206, 303, 304, 307, 400, 403, 404, 405, 406, 410, 413, 415, 416}
METHODS = (*("GET",) * 14, "HEAD", "HEAD", *("POST",) * 5, "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "get", "X")
TYPES = (
    protocol.FORM, protocol.FORM, protocol.QUERY, protocol.QUERY, protocol.UPDATE, "text/plain", "multipart/form-data",
    "multipart/form-data; boundary=x", "application/json", "application/sparql-query; charset=utf-16",
    "application/x-www-form-urlencoded; charset=latin-1", "application/sparql-query;charset=\"",
    "APPLICATION/SPARQL-QUERY",
    "", ";", "/", "application/sparql-query, application/json",
)  # fmt: skip
ACCEPTS = (
    *(media.type for media in (*GRAPHS, *RESULTS, HTML)), "application/json", "application/problem+json", "text/plain",
    "*/*", "*", "text/*", "image/png", "", ",", ";q=", "text/html;q=0", "*/*;q=0", "application/json;q=0.1, text/html",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", 'a/b;c="', "\xe6/\xf8", "text/turtle;q=nan",
)  # fmt: skip
LANGUAGES = ("da", "en", "en-GB,da;q=0.5", "*", "en;q=x", ",,;", "da;q=1e999", "\xe6", "e" * 300, "")
TAGS = ("*", "W/*", '""', '"x"', 'W/"x", "y"', '"', "W/", ",", "\xff", '"' + "a" * 5_000 + '"')
ENCODINGS = ("gzip", "gzip;q=0", "br, *", "gzip;q=0.0001", "*;q=0", ";", "identity", "\xe6")
QUERIES = (
    "ASK {}", "SELECT * { ?s ?p ?o } LIMIT 2", "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o } LIMIT 2",
    "SELECT (1 AS ?x) {}",
    "DESCRIBE <https://w3id.org/strategigraf/id/municipality/0727>", "SELECT * FROM <urn:x> { ?s ?p ?o }",
    "INSERT DATA { <a:b> <a:b> 1 }", "SELECT * { SERVICE <http://127.0.0.1/> { ?s ?p ?o } }",
    "SELECT ?x { BIND(1/0 AS ?x) }",
    "SELECT (NOW() AS ?n) {}", "SELECT (<urn:f>(1) AS ?n) {}", "LOAD <http://127.0.0.1/>", "SELECT", "", " ", "\x00",
    "#",
    'SELECT ("\\uD800" AS ?x) {}', "SELECT ?\u00e6 { VALUES ?\u00e6 { \"\u00f8\"@da } }",
    "ASK { ?s ?p \"\U0001f600\" }",
    "SELECT (REGEX(\"a\", \"(\") AS ?x) {}", "SELECT * { ?s ?p ?o } OFFSET 99999999999999999999", "{" * 300,
    "ASK {}\x00",
)  # fmt: skip
IRIS = (
    "https://w3id.org/strategigraf/graph/odder",
    "urn:x",
    "x",
    "",
    " ",
    "<>",
    "http://[",
    "\u00e6:\u00f8",
    "a:" + "b" * 3_000,
)
FORMATS = (
    *(media.token for media in (*GRAPHS, *RESULTS, HTML)), "json", "xml", "rdf+xml", "text/html", "text/turtle",
    "docx", "",
    "\u0000", "TTL", "xlsx", "n3", "../x",
)  # fmt: skip
PATHS = (*("/sparql",) * 9, *("/en/sparql",) * 2, "/sparql/", "/en/sparql/", "/sparql//", "/sparql%00", "/SPARQL")
TIMES = ("1", "0.5", "0", "-1", "nan", "inf", "1e999", "x", "", "\u0664", "1_0", " 1 ", "9" * 400)
VALUES = (
    "Odder", "0727", "727", "monopolbrud", "odder", "2026-11-25", "2026-02-30", "0000-00-00", "99999-01-01", "read",
    "all",
    "https://w3id.org/strategigraf/id/municipality/0727", "https://w3id.org/strategigraf/id/municipality/", "element/x",
    "municipality/0727", "municipality/", "x:/y", "\u00c5rhus", "A\u030arhus", "\u0130", "\x00", "\ud800", "'; DROP",
    "<script>",
    "{{7*7}}", "%s%n", "\r\nX: y", "\u202e", "a" * 3_000, "-1", "0", "1", "50", "100", "101", "\u0661", "1e3", "",
    " ", "\u00b2",
)  # fmt: skip


@dataclass
class Reply:
    """An answer: its status, its headers by lower-case name (the last of a name), and its body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]


class App:
    """The application, asked as a server asks it; with what is needed to make requests that come far into it."""

    def __init__(self, service: Service) -> None:
        self.service = replace(
            service, settings=replace(service.settings, client_seconds=0.0, public_url=PUBLIC, log="none")
        )
        self.flask = create_app(self.service)
        self.rules = sorted({rule.rule for rule in self.flask.url_map.iter_rules()})

    def ask(self, environ: dict[str, Any]) -> Reply:
        found: dict[str, Any] = {}

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
            found["status"], found["headers"] = status, headers
            return lambda part: None

        result = self.flask(environ, start)
        body = b"".join(result)
        close = getattr(result, "close", None)
        if close:
            close()
        for name, value in found["headers"]:
            line = f"{name}: {value}"
            line.encode("latin-1")
            assert "\r" not in line, line
            assert "\n" not in line, line
        headers = {name.lower(): value for name, value in found["headers"]}
        return Reply(int(found["status"][:3]), headers, body)


def check(method: str, reply: Reply, path: str = "") -> None:
    """What holds for every answer."""
    if reply.status == 503 and "/downloads" in path:
        assert int(reply.headers["retry-after"]) > 0, "the files are being made"
        return
    assert reply.status in KNOWN, reply
    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert "content-security-policy" in reply.headers
    if "location" in reply.headers:
        assert reply.headers["location"].startswith(PUBLIC + "/"), reply.headers
    if reply.status == 405:
        assert reply.headers["allow"]
    if method == "HEAD" or reply.status in (204, 304):
        assert reply.body == b""
        return
    assert reply.headers.get("content-length", str(len(reply.body))) == str(len(reply.body))
    if reply.headers.get("content-encoding"):
        assert reply.headers["content-encoding"] == "gzip"
        return
    if reply.status >= 400:
        assert reply.headers["cache-control"] == "no-store"
        assert reply.type in ("application/problem+json", "text/plain", "text/html"), reply.type
    readable(reply)


def readable(reply: Reply) -> None:
    """The body is what its type says."""
    kinds = {media.type: media for media in (*GRAPHS, *RESULTS)}
    if reply.type == "application/problem+json":
        body = json.loads(reply.body)
        assert body["status"] == reply.status
        assert body["detail"]
        assert body["title"]
    elif reply.type == "text/plain" and reply.status >= 400:
        assert reply.body.decode().startswith(f"{reply.status} ")
    elif reply.type == "application/json":
        json.loads(reply.body)
    elif reply.type == "text/csv":
        list(csv.reader(io.StringIO(reply.body.decode("utf-8-sig"))))
    elif reply.type in kinds and kinds[reply.type].rdf is not None:
        for _ in parse(input=reply.body, format=kinds[reply.type].rdf):
            pass
    elif reply.type in kinds and kinds[reply.type].results not in (None, QueryResultsFormat.CSV):
        result = parse_query_results(input=reply.body, format=kinds[reply.type].results)  # type: ignore[arg-type]
        if hasattr(result, "variables"):
            for _ in result:
                pass
    elif reply.type.startswith(("text/", "image/svg")):
        reply.body.decode()


# Making requests


def escaped(value: str) -> str:
    """A text as a client would escape it; one that is no Unicode as the bytes that it would be."""
    return quote_from_bytes(value.encode("utf-8", "surrogatepass"), safe="")


TEXTS = st.one_of(st.text(max_size=30), st.text(st.characters(), max_size=8))
RAW = st.one_of(
    st.sampled_from(
        ["%", "%0", "%zz", "%00", "%ff%fe", "%ed%a0%80", "+", "&", "=", "%26", "a" * 3_000, "\xff", "%u0041"]
    ),
    st.text("%0aF&=+;/\xe6", max_size=12),
)
SEGMENTS = st.one_of(
    st.sampled_from(
        ["municipality", "0727", "0727.ttl", "0727.jsonld", "0727.xlsx", "framework", "monopolbrud", "strategy",
         "element",
         "concept", "Strategy", "Strategy.ttl", "0.2.0", "ontology.ttl", "style.css", "..", ".", "...ttl", ".ttl",
         "x.ttl",
         "framework_adoption", "framework_adoption.csv", "trace.json", "compare_municipalities.xlsx", "figures.html"]
    ),
    TEXTS,
)  # fmt: skip


@st.composite
def pairs(draw: st.DrawFn, names: tuple[str, ...], values: st.SearchStrategy[str]) -> str:
    """A query string or a form: known names and others, good values and others, some more than once."""
    found = []
    for _ in range(draw(st.integers(0, 5))):
        if draw(st.integers(0, 7)) == 0:
            found.append(draw(RAW))
        else:
            name = draw(st.sampled_from(names)) if draw(st.integers(0, 5)) else draw(TEXTS)
            found.append(f"{escaped(name)}={escaped(draw(values))}")
    return "&".join(found)


@st.composite
def environs(draw: st.DrawFn, path: str, query: str, bodies: st.SearchStrategy[bytes]) -> dict[str, Any]:
    """The environment of a request for a path, with headers that are good, odd or missing."""
    method = draw(st.sampled_from(METHODS))
    body = draw(bodies) if method in ("POST", "PUT", "PATCH") else b""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query.encode("utf-8", "surrogatepass").decode("latin-1"),
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if body or draw(st.booleans()):
        environ["CONTENT_LENGTH"] = str(len(body))
        environ["CONTENT_TYPE"] = draw(st.one_of(st.sampled_from(TYPES), LATIN))
    for name, known in (
        ("ACCEPT", ACCEPTS), ("ACCEPT", ACCEPTS), ("ACCEPT_LANGUAGE", LANGUAGES), ("IF_NONE_MATCH", TAGS),
        ("ACCEPT_ENCODING", ENCODINGS), ("HOST", ("", "evil.example", "\xe6", "a b", "[::1", "127.0.0.1:x")),
        ("X_FORWARDED_FOR", ("", "1.2.3.4", "::1", "x, y", "\xff")), ("COOKIE", ("a=b", ";;=", "\xff")),
        ("RANGE", ("bytes=0-1", "bytes=x")), ("IF_MODIFIED_SINCE", ("x", "Thu, 01 Jan 1970 00:00:00 GMT")),
        ("ORIGIN", ("null", "http://x")), ("ACCESS_CONTROL_REQUEST_METHOD", ("POST", "X")),
    ):  # fmt: skip
        if draw(st.integers(0, 2)) == 0:
            environ[f"HTTP_{name}"] = draw(st.sampled_from(known) if draw(st.integers(0, 4)) else LATIN)
    return environ


#: What a server lets through as the value of a header (RFC 9110, section 5.5).
LATIN = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=20)
BODIES = st.one_of(st.binary(max_size=40), st.sampled_from([q.encode("utf-8", "surrogatepass") for q in QUERIES]))


ODD = ("", "{", "}", '"', "\\", "?", "<", "\x00", "\u00e6", "\ud800", " ", "(")


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A query, good or with a few characters changed."""
    text = draw(st.sampled_from(QUERIES))
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(text)))
        text = text[:place] + draw(st.sampled_from(ODD)) + text[place + draw(st.integers(0, 2)) :]
    return text


@st.composite
def sparql_requests(draw: st.DrawFn) -> dict[str, Any]:
    """A request to the endpoint."""
    names = ("query", "query", "query", "default-graph-uri", "named-graph-uri", "format", "timeout", "update")
    parts = []
    for name, values in (
        ("query", mutated()), ("default-graph-uri", st.sampled_from(IRIS)), ("named-graph-uri", st.sampled_from(IRIS)),
        ("format", st.sampled_from(FORMATS)), ("timeout", st.sampled_from(TIMES)), ("update", mutated()),
    ):  # fmt: skip
        often = 1 if name == "query" else 4
        if draw(st.integers(0, often)) == 0 or (name == "query" and draw(st.booleans())):
            parts += [f"{name}={escaped(draw(values))}" for _ in range(draw(st.sampled_from((1, 1, 1, 1, 2))))]
    if draw(st.integers(0, 3)) == 0:
        parts.append(draw(pairs(names, st.one_of(mutated(), TEXTS))))
    query = "&".join(parts)
    path = draw(st.sampled_from(PATHS))
    in_body = st.one_of(BODIES, mutated().map(lambda text: f"query={escaped(text)}".encode()), st.just(query.encode()))
    return draw(environs(path, query, in_body))


#: Parameters of the pages, and some that no page has.
NAMES = (
    "q", "type", "limit", "format", "framework", "municipality", "corpus", "on", "strategy", "a", "b", "from", "to",
    "kind",
    "v", "query",
)  # fmt: skip


@st.composite
def page_requests(draw: st.DrawFn, app: App) -> dict[str, Any]:
    """A request to any route, its parts filled in, or to no route at all."""
    rule = draw(st.sampled_from([*app.rules, "/queries/<query>", "/en/queries/<query>", "/<x>", "/<x>/<y>", "*"]))
    queries = app.service.catalogue.queries
    values: st.SearchStrategy[str] = st.one_of(st.sampled_from(VALUES), TEXTS)
    names = NAMES
    if "queries/<" in rule and draw(st.integers(0, 4)):
        query = queries[draw(st.sampled_from(sorted(queries)))]
        names = tuple(one.name for one in query.header.parameters) or NAMES
        ending = draw(st.sampled_from(["", ".csv", ".json", ".xlsx", ".ttl", ".html", ".x"]))
        path = f"{rule.partition('<')[0]}{query.name}{ending}"
    else:
        things = sorted(app.service.names.things)
        named = split(things[draw(st.integers(0, len(things) - 1))]) if draw(st.integers(0, 2)) else None
        good = dict(zip(("<kind>", "<slug>", "<name>"), (*(named or ()), (named or ("", ""))[1]), strict=False))
        ending = draw(st.sampled_from(["", "", ".ttl", ".jsonld", ".html", ".x"]))
        path = "/".join(
            (good[part] if good.get(part) else escaped(draw(SEGMENTS))) if part.startswith("<") else part
            for part in rule.split("/")
        )
        path += ending if "<" in rule else ""
    if draw(st.integers(0, 7)) == 0:
        path += draw(RAW)
    return draw(environs(path, draw(pairs(names, values)), BODIES))
