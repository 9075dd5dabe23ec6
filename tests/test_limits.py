"""What is shared among workers: counters, the use of clients, kept answers, the log; and reading a form fast."""

from __future__ import annotations

import io
import json
import logging
import os
import threading
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategigraf import limits as limiting
from strategigraf.board import ACTIVE, BUCKETS, FREE, Board
from strategigraf.errors import LimitReached
from strategigraf.journal import Journal
from strategigraf.keep import OVERHEAD, Kept
from strategigraf.limits import Limits, client_of
from strategigraf.web.protocol import unescape

pieces = st.sampled_from(
    [b"%", b"a", b"F", b"0", b"=", b"+", b" ", b"_", b"\n", b"\r", b"%20", b"%3D", b"%0A", b"\xff"]
)


@given(st.lists(st.one_of(pieces, st.binary(max_size=3)), max_size=12).map(b"".join))
def test_a_form_is_read_as_the_standard_library_reads_it(text: bytes) -> None:
    assert unescape(text) == unquote_to_bytes(text.replace(b"+", b" "))


def test_a_slot_counts_on_when_its_worker_changes() -> None:
    board = Board(3)
    board.slot(1).query("ok", 0.03, rows=4, size=100)
    board.slot(1).query("stopped_time", 99.0)
    board.slot(2).query("ok", BUCKETS[0])
    board.slot(2).page(404)
    assert board.total("query_ok") == 2
    assert board.total("query_stopped_time") == board.total("page_4xx") == 1
    assert board.total("query_rows") == 4
    assert [board.total(f"bucket_{n}") for n in range(len(BUCKETS) + 1)] == [1, 0, 0, 0, 0, 1, *[0] * 8, 1]
    board.set(2, "state", ACTIVE)
    assert board.in_state(ACTIVE) == [2]
    assert board.in_state(FREE) == [0, 1]


def test_a_board_is_shared_with_a_forked_process() -> None:
    board = Board(2)
    pid = os.fork()
    if not pid:
        board.slot(1).query("ok", 0.5)
        Limits(board, 1, 10, 2).charge("a", 1)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    assert board.total("query_ok") == 1


def test_threads_do_not_lose_counts() -> None:
    slot = Board(1).slot(0)
    threads = [threading.Thread(target=lambda: [slot.query("ok", 0.001) for _ in range(2000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert slot.board.total("query_ok") == 8000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [6000.0]
    monkeypatch.setattr(limiting.time, "time", lambda: now[0])
    return now


def test_a_client_is_limited_by_what_it_used_anywhere(clock: list[float]) -> None:
    board = Board(3)
    for number in range(3):
        board.set(number, "state", ACTIVE)
    one, two = Limits(board, 0, 20, 2), Limits(board, 1, 20, 2)
    one.charge("a", 12)
    two.charge("a", 9)
    one.admit("a")
    two.admit("a")
    one.exchange()
    two.exchange()
    one.exchange()
    for limits in (one, two):
        assert limits.used("a") == pytest.approx(21)
        with pytest.raises(LimitReached, match="21 seconds") as caught:
            limits.admit("a")
        assert 1 <= caught.value.wait <= 60
        assert caught.value.status == 429
        limits.admit("b")
    clock[0] += 60 + 30  # half of the minute before is still within sixty seconds
    for limits in (one, two, one):
        limits.exchange()
    assert one.used("a") == pytest.approx(10.5)
    one.admit("a")
    clock[0] += 60
    for limits in (one, two, one):
        limits.exchange()
    assert one.used("a") == 0


def test_what_is_said_to_wait_is_enough(clock: list[float]) -> None:
    for used in (20, 25, 60, 300):
        clock[0] = 6000.0 + 17
        limits = Limits(Board(1), 0, 20, 2)
        limits.charge("a", used)
        with pytest.raises(LimitReached) as caught:
            limits.admit("a")
        if used < 300:
            clock[0] += 120
            limits.admit("a")
        assert caught.value.wait <= 60


def test_heavy_queries_are_counted_together_and_end_with_their_worker(clock: list[float]) -> None:
    board = Board(2)
    for number in range(2):
        board.set(number, "state", ACTIVE)
    one, two = Limits(board, 0, 20, 2), Limits(board, 1, 20, 2)
    one.change_heavy("a", 1)
    two.change_heavy("a", 1)
    assert two.running_heavy("a") == 2
    one.exchange()
    assert one.running_heavy("a") == 2
    one.end()
    two.exchange()
    assert two.running_heavy("a") == 1
    board.set(1, "state", FREE)  # it died, and could say nothing
    one.exchange()
    assert one.running_heavy("a") == 0


def test_the_next_worker_of_a_slot_goes_on_with_what_was_used(clock: list[float]) -> None:
    board = Board(1)
    first = Limits(board, 0, 20, 2)
    first.charge("a", 30)
    first.exchange()
    second = Limits(board, 0, 20, 2)
    assert second.used("a") == pytest.approx(30)
    second.charge("a", 1)
    second.exchange()
    assert second.used("a") == pytest.approx(31)


@pytest.mark.parametrize(
    ("address", "forwarded", "proxies", "client"),
    [
        ("10.0.0.1", "", 1, "10.0.0.1"),
        ("10.0.0.1", "1.2.3.4", 0, "10.0.0.1"),
        ("10.0.0.1", "6.6.6.6, 1.2.3.4", 1, "1.2.3.4"),
        ("10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2", 2, "1.2.3.4"),
        ("10.0.0.1", "1.2.3.4", 2, "1.2.3.4"),
        ("2001:db8:1:2:3:4:5:6", "", 0, "2001:db8:1:2::/64"),
        ("::ffff:1.2.3.4", "", 0, "1.2.3.4"),
        ("10.0.0.1", "nonsense:x", 1, "nonsense:x"),
    ],
)
def test_who_asks(address: str, forwarded: str, proxies: int, client: str) -> None:
    assert client_of(address, forwarded, proxies) == client


def test_what_is_kept_is_bounded_and_the_least_used_leaves() -> None:
    kept: Kept[str] = Kept(100 * (OVERHEAD + 10))
    for number in range(100):
        kept.put(number, str(number), 10)
    assert len(kept) == 100
    assert kept.get(0) == "0"
    kept.put("new", "new", 10)
    assert kept.get(0) == "0", "it was used a moment ago"
    assert kept.get(1) is None
    assert kept.bytes <= kept.most
    kept.put("large", "", kept.most // 2)
    assert kept.get("large") is None
    kept.put(0, "other", 10)
    assert kept.get(0) == "other"
    kept.clear()
    assert len(kept) == kept.bytes == 0


def test_the_log_says_what_it_is_told_to() -> None:
    def lines(queries: str) -> list[dict[str, object]]:
        out = io.StringIO()
        journal = Journal(out, queries)
        for number in range(300):
            journal.query(number, "ok", 0.001, 1, 2, "SELECT")
        journal.query(1000, "ok", 0.5, 3, 4, "SELECT slow")
        journal.query(1001, "bad", 0.001, text="SELECT bad", status=400)
        journal.emit(logging.LogRecord("x", logging.INFO, "", 0, "told %s", ("so",), None))
        journal.write()
        return [json.loads(line) for line in out.getvalue().splitlines()]

    everything = lines("all")
    one_by_one = [line for line in everything if line["event"] == "query"]
    assert len(one_by_one) == 102
    assert all("text" not in line for line in one_by_one[:-2])
    assert [line["text"] for line in one_by_one[-2:]] == ["SELECT slow", "SELECT bad"]
    assert next(line for line in everything if line["event"] == "queries")["count"] == 200
    assert [line["outcome"] for line in lines("slow") if line["event"] == "query"] == ["ok", "bad"]
    assert [line["event"] for line in lines("none")] == ["x"]
    assert everything[-2]["message"] == "told so"
