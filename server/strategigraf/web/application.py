"""The WSGI application: the endpoint by the short way, pages by way of Flask, and both kept, compressed and counted."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from flask import Flask
from werkzeug.http import parse_date
from werkzeug.test import create_environ

from strategigraf.board import Board, Slot
from strategigraf.errors import StrategigrafError
from strategigraf.job import KEY, PAGE, Job
from strategigraf.keep import Kept
from strategigraf.limits import Limits, client_of
from strategigraf.media import GRAPHS, HTML, PROBLEM, RESULTS, choose
from strategigraf.service import Service
from strategigraf.store import MergedStore
from strategigraf.text import Language, Text
from strategigraf.web import headers, protocol
from strategigraf.web.endpoint import Endpoint, Reply
from strategigraf.web.protocol import Asked

Start = Callable[..., Any]
ENDPOINT = frozenset(("/sparql", "/sparql/", "/en/sparql", "/en/sparql/"))
LEAST_COMPRESSED = 1_400
WARMED = (
    "/",
    "/sparql",
    "/queries/",
    "/queries/framework_adoption",
    "/doc/municipality/0101",
    "/search?q=a",
    "/ontology/",
)
_COMPRESSED = (
    "text/", "application/json", "application/ld+json", "application/sparql-results", "application/rdf+xml",
    "application/n-triples", "application/problem+json", "application/javascript", "image/svg+xml",
)  # fmt: skip
_STATUS_LINE = {one.value: f"HTTP/1.1 {one.value} {one.phrase}\r\n".encode() for one in HTTPStatus}
_PHRASE = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
PROBLEM_JSON = ("application/problem+json", "application/json")


class Application:
    """A WSGI application (PEP 3333) over a Flask application of the same service."""

    def __init__(self, flask: Flask, service: Service, board: Board | None = None) -> None:
        self.service, self._flask, self._pages = service, flask, flask.wsgi_app
        self.board = board or Board()
        settings = service.settings
        self.kept: Kept[Reply] = Kept(settings.kept_bytes // 2)
        self._shared = headers.shared(settings.public_url)
        self._shared_block = _block(self._shared)
        self.after_fork(
            self.board.slot(0), Limits(self.board, 0, settings.client_seconds, settings.client_heavy), fresh=False
        )

    def after_fork(self, slot: Slot, limits: Limits, fresh: bool = True) -> None:
        """Take a place among the workers; called in each of them before its first request."""
        self.slot, self.limits = slot, limits
        self.endpoint = Endpoint(self.service, limits, slot, self.kept)
        if fresh:
            self.service.store.after_fork()

    def warm(self) -> None:
        """Render a page of each kind, so that what is worked out once is there when the workers are forked.

        Nothing is asked of a store that may not be used before the fork.
        """
        self.service.store.before_fork()
        index = self.service.index
        if not isinstance(self.service.store, MergedStore):
            return
        for path in WARMED:
            for prefix in ("", "/en"):
                environ = create_environ(prefix + path, headers={"Accept": "text/html"})
                for _ in self(environ, lambda *_: None):
                    pass
        index.close()
        self.kept.clear()

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        """Answer a request."""
        job = environ.get(KEY)
        if job is None:
            job = environ[KEY] = Job()
        job.client = client_of(
            environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR", ""), self.service.settings.proxies
        )
        if environ["PATH_INFO"] in ENDPOINT and not _wants_page(environ):
            reply = self._query(environ, job)
        else:
            reply = self._page(environ, job)
        if reply.status == 200 and environ.get("HTTP_IF_NONE_MATCH", "").strip() == "*":
            reply = _unchanged(reply) if environ["REQUEST_METHOD"] in ("GET", "HEAD") else reply
        elif "HTTP_IF_MODIFIED_SINCE" in environ and _not_modified(environ, reply):
            reply = _unchanged(reply)
        encodings = environ.get("HTTP_ACCEPT_ENCODING")
        if encodings and len(reply.body) >= LEAST_COMPRESSED and accepts_gzip(encodings):
            reply = _compressed(_whole(reply) if environ["PATH_INFO"].startswith("/static/") else reply)
        body = reply.body
        length = () if reply.status in (204, 304) else (("Content-Length", str(len(body))),)
        start_response(_PHRASE.get(reply.status) or f"{reply.status} Unknown", [*reply.headers, *self._shared, *length])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def direct(self, target: bytes, given: Any, peer: str, job: Job) -> tuple[bytes, bytes] | None:
        """Answer a GET of the endpoint that says nothing but a query: the status line, and all that follows it.

        It is what most clients send most of the time; without the WSGI environment it takes half as long. None for
        any other request, which then comes to ``__call__``, and for one that ends in an error. ``given``: the headers,
        a dictionary of bytes with a place ``read`` for what is made of them here.
        """
        if not target.startswith(b"/sparql?query=") or b"&" in target:
            return None
        read = given.read
        if read is None:
            read = given.read = _Read.of(given)
        if read.elsewhere:
            return None
        accept = read.accept
        proxies = self.service.settings.proxies
        job.client = client_of(peer, read.forwarded, proxies) if proxies or ":" in peer else peer
        try:
            try:
                text = protocol.unescape(target[14:]).decode()
            except UnicodeDecodeError:
                return None
            reply = self.endpoint.answer(Asked(text), accept, "", job)
        except StrategigrafError as error:
            reply = self._error(error, job, accept, _latin(given.get(b"accept-language", b"")), "/sparql")
        if read.gzip and len(reply.body) >= LEAST_COMPRESSED:
            reply = _compressed(reply)
        status, headers_, body = reply
        name, value = headers_[0]
        return _STATUS_LINE[status], (
            b"%b: %b\r\n%b%bContent-Length: %d\r\n\r\n%b"
            % (name.encode(), value.encode("latin-1"), _block(headers_[1:]), self._shared_block, len(body), body)
        )

    def _query(self, environ: dict[str, Any], job: Job) -> Reply:
        """Answer at the endpoint; what is not a query there (no query, OPTIONS, PUT …) is a page's business."""
        method = environ["REQUEST_METHOD"]
        if method not in ("GET", "HEAD", "POST"):
            return self._page(environ, job)
        accept = environ.get("HTTP_ACCEPT", "")
        try:
            body = self._body(environ) if method == "POST" else b""
            asked = protocol.read(
                method, environ["QUERY_STRING"].encode("latin-1"), environ.get("CONTENT_TYPE", ""), body
            )
            if asked.query is None:
                if method == "POST":
                    raise protocol.nothing_asked()
                return self._page(environ, job)
        except StrategigrafError as error:
            self.endpoint.refused(error, job)
            languages = environ.get("HTTP_ACCEPT_LANGUAGE", "")
            return _problem(accept, languages, environ["PATH_INFO"], error.status, error.message, 0)
        try:
            tag = environ.get("HTTP_IF_NONE_MATCH", "") if method != "POST" else ""
            return self.endpoint.answer(asked, accept, tag, job)
        except StrategigrafError as error:
            return self._error(error, job, accept, environ.get("HTTP_ACCEPT_LANGUAGE", ""), environ["PATH_INFO"])

    def _error(self, error: StrategigrafError, job: Job, accept: str, languages: str, path: str) -> Reply:
        if error.status == 429:
            self.endpoint.refused(error, job)
        wait = getattr(error, "wait", 5 if error.status == 503 else 0)
        return _problem(accept, languages, path, error.status, error.message, wait, getattr(error, "place", None))

    def _body(self, environ: dict[str, Any]) -> bytes:
        length = environ.get("CONTENT_LENGTH") or "0"
        if length.isascii() and length.isdigit() and int(length) > protocol.MOST_BYTES:
            raise protocol.too_large()
        terminated = environ.get("wsgi.input_terminated")
        body: bytes = environ["wsgi.input"].read(protocol.MOST_BYTES + 1 if terminated else int(length))
        return body

    def _page(self, environ: dict[str, Any], job: Job) -> Reply:
        """Answer by way of Flask, or from what is kept: whatever has an entity tag is the same all day."""
        get = environ["REQUEST_METHOD"] in ("GET", "HEAD")
        if environ["REQUEST_METHOD"] == "HEAD":
            environ = {**environ, "REQUEST_METHOD": "GET"}
        key = (
            environ["PATH_INFO"], environ["QUERY_STRING"], environ.get("HTTP_ACCEPT", ""),
            environ.get("HTTP_ACCEPT_LANGUAGE", ""), environ.get("HTTP_ACCEPT_PROFILE"),
            self.service.settings.today() if get else None,
        )  # fmt: skip
        if get and (kept := self.kept.get(key)) is not None:
            self.slot.add("page_kept")
            job.keep = True
            tag = kept.headers[0][1]
            given = environ.get("HTTP_IF_NONE_MATCH", "")
            if given and tag in given:
                return _unchanged(kept)
            return kept
        found: dict[str, Any] = {}
        body: list[bytes] = []

        def start(status: str, given: list[tuple[str, str]], exc_info: Any = None, /) -> Callable[[bytes], object]:
            found["status"], found["headers"] = int(status[:3]), given
            return body.append

        result = self._pages(environ, start)
        try:
            body += result
        finally:
            close = getattr(result, "close", None)
            if close:
                close()
        more = [one for one in found["headers"] if one[0] not in headers.NAMES and one[0] != "Content-Length"]
        more.sort(key=lambda one: one[0] != "ETag")
        reply = Reply(found["status"], tuple(more), b"".join(body))
        # A query of a stranger that the editor answered has been counted as what it is.
        if job.kind == PAGE:
            self.slot.page(reply.status)
        # A file that can be had in parts lies on the disk.
        if get and reply.status == 200 and more and more[0][0] == "ETag" and not _in_parts(more):
            job.keep = True
            self.kept.put(key, reply, len(reply.body) + 500)
        return reply

    def ended(
        self, environ: dict[str, Any], status: int, message: Text, wait: int
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """What to answer to a request that the server ends: status, headers and body."""
        accept, languages = environ.get("HTTP_ACCEPT", ""), environ.get("HTTP_ACCEPT_LANGUAGE", "")
        reply = _problem(accept, languages, environ["PATH_INFO"], status, message, wait)
        if _wants_page(environ):
            from strategigraf.web.problems import page_of

            with self._flask.request_context({**environ, "QUERY_STRING": ""}):
                reply = page_of(status, message, reply)
        return reply.status, [*reply.headers, *self._shared, ("Content-Length", str(len(reply.body)))], reply.body


@dataclass(frozen=True, slots=True)
class _Read:
    """What ``direct`` needs of the headers of a request; ``elsewhere``: it is not for it to answer."""

    accept: str
    forwarded: str
    gzip: bool
    elsewhere: bool

    @classmethod
    def of(cls, given: Mapping[bytes, bytes]) -> _Read:
        accept = _latin(given.get(b"accept", b""))
        forwarded = _latin(given.get(b"x-forwarded-for", b""))
        gzip_ = accepts_gzip(_latin(given.get(b"accept-encoding", b"")))
        return cls(accept, forwarded, gzip_, b"if-none-match" in given or _likes_page(accept))


def _problem(
    accept: str,
    languages: str,
    path: str,
    status: int,
    message: Text,
    wait: int,
    place: tuple[int, int] | None = None,
) -> Reply:
    """An error of the endpoint as plain text, or as ``application/problem+json`` where that is asked for."""
    more = [("Vary", headers.VARY), ("Cache-Control", "no-store")]
    if wait:
        more.append(("Retry-After", str(wait)))
    if any(name in accept.lower() for name in PROBLEM_JSON):
        language: Language = "en" if path.startswith("/en/") or _prefers_english(languages) else "da"
        more += [("Content-Type", PROBLEM.type), ("Content-Language", language)]
        return Reply(status, tuple(more), problem_json(status, message.in_language(language), path, place))
    more.append(("Content-Type", "text/plain; charset=utf-8"))
    return Reply(status, tuple(more), problem_text(status, message))


def _unchanged(reply: Reply) -> Reply:
    """The 304 for an answer that the client has (RFC 9110, section 15.4.5)."""
    own = ("ETag", "Vary", "Cache-Control", "Link", "Content-Location", "Content-Profile", "Last-Modified")
    return Reply(304, tuple(one for one in reply.headers if one[0] in own))


def _not_modified(environ: dict[str, Any], reply: Reply) -> bool:
    """Whether a thing is no newer than what the client has (RFC 9110, section 13.1.3).

    An entity tag says more, and a page also changes with the day and with the words around the facts.
    """
    named = dict(reply.headers)
    last = parse_date(named.get("Last-Modified"))
    since = parse_date(environ["HTTP_IF_MODIFIED_SINCE"])
    return (
        reply.status == 200
        and environ["REQUEST_METHOD"] in ("GET", "HEAD")
        and "HTTP_IF_NONE_MATCH" not in environ
        and not named.get("Content-Type", "").startswith(HTML.type)
        and last is not None
        and since is not None
        and last <= since
    )


def _in_parts(given: Iterable[tuple[str, str]]) -> bool:
    return any(name == "Accept-Ranges" for name, _ in given)


@lru_cache(256)
def _block(some: tuple[tuple[str, str], ...]) -> bytes:
    """Headers as they are sent."""
    return "".join(f"{name}: {value}\r\n" for name, value in some).encode("latin-1")


def _latin(value: bytes) -> str:
    return value.decode("latin-1")


def problem_json(status: int, detail: str, instance: str, place: tuple[int, int] | None = None) -> bytes:
    """An error by RFC 9457; ``place`` becomes the members ``line`` and ``column``, counted from 1."""
    content: dict[str, str | int] = {
        "type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail,
        "instance": instance,
    }  # fmt: skip
    if place:
        content |= {"line": place[0], "column": place[1]}
    return (json.dumps(content, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def problem_text(status: int, message: Text) -> bytes:
    """An error as plain text, in both languages."""
    return f"{status} {HTTPStatus(status).phrase}\n{message.da}\n{message.en}\n".encode("utf-8", "replace")


@lru_cache(1024)
def _likes_page(accept: str) -> bool:
    return choose(accept, (*RESULTS, *GRAPHS, HTML)) is HTML


def _wants_page(environ: dict[str, Any]) -> bool:
    """Whether a browser asks: it likes HTML best of all that is on offer at the endpoint."""
    if environ["PATH_INFO"] not in ENDPOINT:
        return _likes_page(environ.get("HTTP_ACCEPT", ""))
    query = environ["QUERY_STRING"]
    if "format=" in query:
        for pair in query.split("&"):
            if pair.startswith("format=") and len(pair) > 7:
                return pair in ("format=html", "format=text/html", "format=text%2Fhtml")
    return _likes_page(environ.get("HTTP_ACCEPT", ""))


def _prefers_english(languages: str) -> bool:
    languages = languages.lower()
    return bool(languages) and "da" not in languages and "en" in languages


@lru_cache(256)
def accepts_gzip(encodings: str) -> bool:
    """Whether Accept-Encoding takes gzip (RFC 9110, section 12.5.3)."""
    wildcard = False
    for part in encodings.lower().split(","):
        name, _, weight = part.partition(";")
        refused = weight.replace(" ", "").startswith("q=0") and not weight.replace(" ", "").strip("q=0.")
        if name.strip() in ("gzip", "x-gzip"):
            return not refused
        wildcard = wildcard or (name.strip() == "*" and not refused)
    return wildcard


#: Compressed bodies by the tag of what they are: the same answer is compressed once.
_KEPT: Kept[bytes] = Kept(8_000_000)


def _whole(reply: Reply) -> Reply:
    """A small file that may be compressed: it is not given in ranges, and its tag tells no bytes apart."""
    if reply.status != 200:
        return reply
    kept = [one for one in reply.headers if one[0] != "Accept-Ranges"]
    return reply._replace(
        headers=tuple((name, f"W/{value}" if name == "ETag" and value[:1] == '"' else value) for name, value in kept)
    )


def _compressed(reply: Reply) -> Reply:
    named = dict(reply.headers)
    if (
        "Content-Encoding" in named
        or "Accept-Ranges" in named
        or not named.get("Content-Type", "").startswith(_COMPRESSED)
    ):
        return reply
    tag = named.get("ETag")
    body = _KEPT.get(tag) if tag else None
    if body is None:
        body = gzip.compress(reply.body, 5 if len(reply.body) < 1_000_000 else 1, mtime=0)
        if tag:
            _KEPT.put(tag, body, len(body))
    return Reply(reply.status, (*reply.headers, ("Content-Encoding", "gzip")), body)
