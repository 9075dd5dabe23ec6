"""One HTTP/1.1 connection: bytes to requests, answers to bytes (RFC 9110, RFC 9112).

Reading is llhttp's work, by httptools. Here are the limits, and what a WSGI application is given and gives.
"""

from __future__ import annotations

import io
import socket
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from itertools import chain
from typing import Any
from urllib.parse import unquote_to_bytes

import httptools

#: A query may stand in the address; browsers and proxies stop far below.
MOST_HEAD = 128 * 1024
MOST_HEADERS = 100
MOST_BODY = 1_000_000
#: Requests that a client may send ahead without waiting for answers.
MOST_AHEAD = 32
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_GET, _HTTP11 = b"GET /", b" HTTP/1.1"
#: What a target is made of (RFC 3986, appendix A), and how many heads are known at once.
_TARGET = bytes(sign for sign in range(0x21, 0x7F) if sign not in b'"#<>\\^`{|}')
_MOST_HEADS, _LONGEST_HEAD = 500, 2000
#: Headers that change what the bytes after them mean.
_FRAMING = frozenset((b"content-length", b"transfer-encoding", b"upgrade", b"expect", b"trailer"))
#: Headers by the bytes in which they stood, as llhttp has read them. A client sends the same ones with each request.
_heads: dict[bytes, Headers] = {}
_STATUS = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}


class Bad(Exception):
    """A request that cannot be read, with the status to answer."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Headers(dict[bytes, bytes]):
    """The headers of a request by their names in lower case; ``read`` is for what an application makes of them.

    Requests with the same head share them, so nobody changes them once the head is read.
    """

    __slots__ = ("read",)

    def __init__(self) -> None:
        super().__init__()
        self.read: Any = None


class Request:
    """One request as it was read."""

    __slots__ = ("body", "headers", "keep_alive", "method", "raw", "target", "version")

    def __init__(self) -> None:
        self.method = self.target = b""
        self.version = "1.1"
        self.headers = _NONE
        self.body = b""
        self.keep_alive = True
        #: All bytes of it, where they came in one piece and nothing else came with them.
        self.raw = b""

    def environ(self, base: dict[str, Any], peer: str) -> dict[str, Any]:
        """The WSGI environment (PEP 3333); ``base`` is what all requests share.

        Raises Bad for a target that is no path.
        """
        target = self.target
        if not target.startswith(b"/"):
            target = _origin(target)
        path, _, query = target.partition(b"?")
        environ = base | {
            "REQUEST_METHOD": self.method.decode("latin-1"),
            "PATH_INFO": (unquote_to_bytes(path) if b"%" in path else path).decode("latin-1"),
            "QUERY_STRING": query.decode("latin-1"),
            "SERVER_PROTOCOL": "HTTP/" + self.version,
            "REMOTE_ADDR": peer,
            "wsgi.input": io.BytesIO(self.body),
        }
        for name, value in self.headers.items():
            environ[_key(name)] = value.decode("latin-1")
        if self.body or "CONTENT_LENGTH" in environ:
            environ["CONTENT_LENGTH"] = str(len(self.body))
        return environ


_NONE = Headers()


@lru_cache(512)
def _key(name: bytes) -> str:
    """The key of a header in the environment."""
    key = name.decode("latin-1").upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_" + key


def _origin(target: bytes) -> bytes:
    """The path and query of a target in absolute form, as a proxy sends it; Bad for any other."""
    try:
        parts = httptools.parse_url(target)
    except httptools.HttpParserInvalidURLError:
        raise Bad(400) from None
    if not parts.schema or target.startswith(b"*"):
        raise Bad(400)
    query = parts.query
    return (parts.path or b"/") + (b"?" + query if query else b"")


class Connection:
    """A connection and what has been read from it. One thread at a time holds it."""

    __slots__ = (
        "_parser", "_reading", "_size", "busy", "closing", "fd", "lingers", "mask", "out", "peer", "ready", "since",
        "sock", "whole",
    )  # fmt: skip

    def __init__(self, sock: socket.socket, peer: str) -> None:
        self.sock, self.peer, self.fd = sock, peer, sock.fileno()
        self.ready: deque[Request] = deque()
        self.out: deque[Iterator[bytes] | memoryview] = deque()
        #: What is being worked on, if anything; whether to close after what is being sent; what is waited for.
        self.busy: object = None
        self.closing = self.lingers = False
        self.mask = 0
        self.since = time.monotonic()
        self._parser = httptools.HttpRequestParser(self)
        self._reading: Request | None = None
        self._size = 0
        #: Whether nothing of a next request has been read.
        self.whole = True

    def feed(self, data: bytes) -> None:
        """Take in bytes; whole requests stand in ``ready``. Bad where they are no HTTP."""
        fresh = self.whole
        if fresh and data.startswith(_GET) and self._known(data):
            return
        self.whole = False
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            # An offer to switch protocols is declined by answering as if it had not been made (RFC 9110, 7.8).
            self._parser = httptools.HttpRequestParser(self)
            rest = data[upgrade.args[0] :]
            if rest:
                self.feed(rest)
            return
        except httptools.HttpParserCallbackError as error:
            cause = error.__context__
            raise cause if isinstance(cause, Bad) else Bad(400) from None
        except httptools.HttpParserError:
            raise Bad(400) from None
        if fresh and self.whole and len(self.ready) == 1:
            self.ready[0].raw = data
            self._learn(self.ready[0])

    def _known(self, data: bytes) -> bool:
        """Take in one GET, whole, whose headers have been read before; False for anything else."""
        line, _, head = data.partition(b"\r\n")
        headers = _heads.get(head)
        if headers is None or not line.endswith(_HTTP11):
            return False
        target = line[4:-9]
        if target.translate(None, _TARGET) or len(self.ready) >= MOST_AHEAD:
            return False
        request = Request()
        request.method, request.target, request.headers, request.raw = b"GET", target, headers, data
        self.ready.append(request)
        return True

    @staticmethod
    def _learn(request: Request) -> None:
        """Note the headers of a GET that says no more than them."""
        line, _, head = request.raw.partition(b"\r\n")
        if (
            request.method != b"GET" or not line.endswith(_HTTP11) or not request.keep_alive
            or len(head) > _LONGEST_HEAD or not head.endswith(b"\r\n\r\n") or head.count(b"\r\n\r\n") > 1
            or not _FRAMING.isdisjoint(request.headers)
            or request.headers.get(b"connection", b"keep-alive").lower() != b"keep-alive"
        ):  # fmt: skip
            return
        if len(_heads) >= _MOST_HEADS:
            _heads.clear()
        _heads[head] = request.headers

    # What the parser calls.

    def on_message_begin(self) -> None:
        """A request begins."""
        self._reading, self._size, self.whole = Request(), 0, False
        self._reading.headers = Headers()

    def on_url(self, part: bytes) -> None:
        """A piece of the target."""
        assert self._reading is not None
        self._grow(len(part), 414)
        self._reading.target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header, whole."""
        assert self._reading is not None
        headers = self._reading.headers
        name = name.lower()
        self._grow(len(name) + len(value or b""), 431)
        if len(headers) >= MOST_HEADERS or b"_" in name:
            # CGI names cannot tell an underscore from a hyphen: a header of that kind could pass for another.
            if b"_" in name:
                return
            raise Bad(431)
        if name in headers:
            if name in (b"host", b"content-length", b"content-type"):
                raise Bad(400)
            value = headers[name] + (b"; " if name == b"cookie" else b", ") + (value or b"")
        headers[name] = value or b""

    def on_headers_complete(self) -> None:
        """The head is read."""
        request = self._reading
        assert request is not None
        request.method = self._parser.get_method()
        request.version = self._parser.get_http_version()
        request.keep_alive = self._parser.should_keep_alive()
        length = request.headers.get(b"content-length", b"")
        if length and (not length.isdigit() or int(length) > MOST_BODY):
            raise Bad(413 if length.isdigit() else 400)
        if b"host" not in request.headers and request.version == "1.1":
            raise Bad(400)
        if request.headers.get(b"expect", b"").lower() == b"100-continue":
            self.out.append(memoryview(CONTINUE))
        self._size = 0

    def on_body(self, part: bytes) -> None:
        """A piece of the body."""
        assert self._reading is not None
        self._size += len(part)
        if self._size > MOST_BODY:
            raise Bad(413)
        self._reading.body += part

    def on_message_complete(self) -> None:
        """A request is whole."""
        assert self._reading is not None
        if len(self.ready) >= MOST_AHEAD:
            raise Bad(400)
        self.ready.append(self._reading)
        self._reading, self.whole = None, True

    def _grow(self, size: int, status: int) -> None:
        self._size += size
        if self._size > MOST_HEAD:
            raise Bad(status)


class Answer:
    """What an application answers, as it calls ``start_response`` and gives a body (PEP 3333)."""

    __slots__ = ("body", "headers", "status", "written")

    def __init__(self) -> None:
        self.status = 500
        #: What an application has given to the callable that ``start_response`` returns; it goes before the body.
        self.written: list[bytes] = []
        self.headers: list[tuple[str, str]] = []
        self.body: Iterable[bytes] = ()

    @classmethod
    def plain(cls, status: int) -> Answer:
        """An answer that says no more than its status."""
        answer = cls()
        answer.status = status
        answer.headers = [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")]
        answer.headers += [("Access-Control-Allow-Origin", "*"), ("Connection", "close")]
        answer.body = [f"{status} {HTTPStatus(status).phrase}\n".encode()]
        return answer

    def __call__(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        """``start_response``."""
        self.status, self.headers = int(status[:3]), headers
        return self.written.append

    def pieces(self, request: Request, close: bool) -> tuple[bytes, bytes, Iterator[bytes] | None, bool]:
        """The status line, the rest of the head with a short body, an iterator over a long one, whether to close then.

        The Date belongs after the status line. ``close``: whether this is the last answer on its connection.
        """
        body = self.body
        first: bytes | None = None
        if isinstance(body, list | tuple):
            first = body[0] if len(body) == 1 and not self.written else b"".join((*self.written, *body))
        bodiless = request.method == b"HEAD" or self.status in (204, 304) or self.status < 200
        lines, length = [], False
        for name, value in self.headers:
            if name in ("ETag", "Content-Length"):
                length = length or name == "Content-Length"
                lines.append(_line.__wrapped__(name, value))
                continue
            line = _line(name, value)
            lines.append(line)
            if line[:11].lower() == b"connection:":
                close = close or b"close" in line.lower()
                lines.pop()
            length = length or line[:15].lower() == b"content-length:"
        close = close or not request.keep_alive
        status = _STATUS.get(self.status) or f"HTTP/1.1 {self.status} \r\n".encode()
        chunked = False
        if first is not None and not length and self.status not in (204, 304):
            lines.append(b"Content-Length: %d\r\n" % len(first))
        elif first is None and not length and not bodiless:
            chunked = request.version == "1.1"
            close = close or not chunked
            lines.append(b"Transfer-Encoding: chunked\r\n" if chunked else b"")
        if close:
            lines.append(b"Connection: close\r\n")
        elif request.version == "1.0":
            lines.append(b"Connection: keep-alive\r\n")
        lines.append(b"\r\n")
        if bodiless:
            self.close()
            return status, b"".join(lines), None, close
        if first is not None:
            lines.append(first)
            return status, b"".join(lines), None, close
        return status, b"".join(lines), self._rest(chunked), close

    def _rest(self, chunked: bool) -> Iterator[bytes]:
        try:
            for part in chain(self.written, self.body):
                if part:
                    yield b"%x\r\n%b\r\n" % (len(part), part) if chunked else part
            if chunked:
                yield b"0\r\n\r\n"
        finally:
            self.close()

    def close(self) -> None:
        """Let the application know that its body is done with."""
        done = getattr(self.body, "close", None)
        if done:
            done()


@lru_cache(4096)
def _line(name: str, value: str) -> bytes:
    """One header as bytes; ValueError for a line break in it."""
    line = f"{name}: {value}"
    if "\n" in line or "\r" in line:
        raise ValueError("a line break in a header")
    return line.encode("latin-1", "replace") + b"\r\n"


class _Date:
    """The Date header, made once a second (RFC 9110, section 6.6.1)."""

    def __init__(self) -> None:
        self._made = (0, b"")

    def line(self) -> bytes:
        now = int(time.time())
        if self._made[0] != now:
            self._made = (now, f"Date: {formatdate(now, usegmt=True)}\r\n".encode())
        return self._made[1]


DATE = _Date()


def base_environ(host: str, port: int, url_scheme: str) -> dict[str, Any]:
    """What the WSGI environments of all requests share."""
    return {
        "SCRIPT_NAME": "",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_SOFTWARE": "Strategigraf",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": url_scheme,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }


def plain(status: int, message: str, retry: int = 0) -> bytes:
    """An answer that the server itself gives, after which it closes."""
    body = message.encode()
    head = _STATUS.get(status, b"HTTP/1.1 500 Internal Server Error\r\n").decode()
    head += f"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
    head += "Access-Control-Allow-Origin: *\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
    head += f"Retry-After: {retry}\r\n" if retry else ""
    return head.encode() + DATE.line() + b"Connection: close\r\n\r\n" + body
