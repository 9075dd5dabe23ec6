"""One HTTP/1.1 connection read by itself: what is known of a head beforehand changes nothing."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator

import pytest

from strategigraf.server import http1
from strategigraf.server.http1 import Answer, Bad, Connection, Request

HEAD = b"Host: x.example\r\nAccept: text/turtle\r\nConnection: keep-alive\r\n\r\n"
FIRST = b"GET /sparql?query=ASK%20%7B%7D HTTP/1.1\r\n" + HEAD


@pytest.fixture
def connection() -> Iterator[Connection]:
    http1._heads.clear()
    left, right = socket.socketpair()
    with left, right:
        yield Connection(left, "127.0.0.1")


def _read(connection: Connection, data: bytes) -> list[Request]:
    connection.feed(data)
    found = list(connection.ready)
    connection.ready.clear()
    return found


def test_a_head_that_is_known_gives_the_same_request(connection: Connection) -> None:
    (first,) = _read(connection, FIRST)
    assert list(http1._heads) == [HEAD]
    (again,) = _read(connection, FIRST)
    for name in ("method", "target", "version", "headers", "keep_alive", "body", "raw"):
        assert getattr(again, name) == getattr(first, name), name
    (other,) = _read(connection, FIRST.replace(b"ASK", b"DESCRIBE"))
    assert other.target == b"/sparql?query=DESCRIBE%20%7B%7D"
    assert other.headers[b"accept"] == b"text/turtle"


@pytest.mark.parametrize(
    "line",
    [
        b"GET /a b HTTP/1.1", b"GET /a HTTP/1.0", b"GET /a HTTP/2.0", b"GET /a\x00 HTTP/1.1", b"GET /a\r HTTP/1.1",
        b"GET /a HTTP/1.1 HTTP/1.1", b"GET  /a HTTP/1.1", b"HEAD /a HTTP/1.1", "GET /å HTTP/1.1".encode(), b"GET /a",
        b"GET / HTTP/1.1\n",
    ],
)  # fmt: skip
def test_whatever_else_is_the_parsers(connection: Connection, line: bytes) -> None:
    """After the same head has become known, each odd line is taken or refused as it was before."""

    def outcome() -> list[tuple[bytes, bytes, str, bool]] | int:
        left, right = socket.socketpair()
        with left, right:
            fresh = Connection(left, "127.0.0.1")
            try:
                fresh.feed(line + b"\r\n" + HEAD)
            except Bad as bad:
                return bad.status
            return [(one.method, one.target, one.version, one.keep_alive) for one in fresh.ready]

    http1._heads.clear()
    before = outcome()
    http1._heads.clear()
    _read(connection, FIRST)
    assert outcome() == before


@pytest.mark.parametrize(
    "head",
    [
        b"Host: x\r\nConnection: close\r\n\r\n", b"Host: x\r\nContent-Length: 0\r\n\r\n",
        b"Host: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"Host: x\r\nExpect: 100-continue\r\n\r\n",
        b"Host: x\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n", b"Host: x\r\nX: " + b"x" * 3000 + b"\r\n\r\n",
    ],
)  # fmt: skip
def test_a_head_that_frames_is_not_learnt(connection: Connection, head: bytes) -> None:
    assert len(_read(connection, b"GET /a HTTP/1.1\r\n" + head)) == 1
    assert not http1._heads


def test_two_requests_in_one_piece_and_one_in_two(connection: Connection) -> None:
    _read(connection, FIRST)
    assert [one.target for one in _read(connection, FIRST + FIRST)] == [FIRST.split()[1]] * 2
    assert _read(connection, FIRST[:30]) == []
    assert [one.raw for one in _read(connection, FIRST[30:])] == [b""]
    assert len(_read(connection, FIRST)) == 1


@pytest.mark.parametrize("body", [[b"c"], iter([b"c"])])
def test_what_an_application_writes_goes_before_its_body(body: Iterable[bytes]) -> None:
    answer = Answer()
    write = answer("200 OK", [])
    write(b"a")
    write(b"b")
    answer.body = body
    _, rest, more, _ = answer.pieces(Request(), close=False)
    whole = rest + b"".join(more or ())
    assert b"".join(whole.split()) in (b"Content-Length:3abc", b"Transfer-Encoding:chunked1a1b1c0")


def test_heads_are_bounded(connection: Connection) -> None:
    for number in range(3 * http1._MOST_HEADS):
        _read(connection, FIRST.replace(b"x.example", b"x%d.example" % number))
    assert len(http1._heads) <= http1._MOST_HEADS
