"""One worker: a forked process with the release in memory, a loop that answers, and the watch over its requests.

A query cannot be cancelled in the store, only its process can be ended. So a query that has run for ``HEAVY`` seconds
makes its worker retire: another is forked in its place at once (from a process that holds the release already, so
that costs milliseconds), its idle connections are passed on, its short requests finish, and when the query is done,
or is ended at its deadline or for the memory it took, the process goes.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import resource
import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any

from strategigraf import job as jobs
from strategigraf.board import ACTIVE, LEAVING, RETIRED, STARTING, Board
from strategigraf.journal import JOURNAL
from strategigraf.keep import Kept
from strategigraf.limits import Limits
from strategigraf.server.http1 import Answer, Request, base_environ
from strategigraf.server.loop import MOST_THREADS, STACK, SWITCH, Loop, Work
from strategigraf.settings import Settings

#: Seconds of processor time after which a stranger's query is heavy.
HEAVY = 0.1
#: Seconds between two looks of the watch, while something is being answered and while nothing is.
BUSY_TICK, IDLE_TICK = 0.002, 0.005
WATCH, OFTEN, SELDOM, RARELY = 0.005, 0.2, 1.0, 60.0
#: Seconds that a worker which is told to go waits for its requests.
GRACE = 10.0
READY, RETIRES = b"+", b"-"


@dataclass(frozen=True)
class Place:
    """What a worker is forked with: its slot on the board, its sockets, and the pipe to the process that forked it."""

    board: Board
    number: int
    listener: socket.socket
    passing: tuple[socket.socket, socket.socket]
    tell: int
    host: str
    port: int


class Worker:
    """The process that answers."""

    def __init__(self, app: Any, limits: Limits, settings: Settings, place: Place) -> None:
        self._app, self._limits, self._settings, self._place = app, limits, settings, place
        self._slot = place.board.slot(place.number)
        self._kept: Kept[tuple[str, bytes, bytes]] = Kept(settings.kept_bytes // 2)
        self._parent = os.getppid()
        self._base_memory = _resident()
        self._told = ""
        self._day = settings.today()
        scheme = "https" if settings.public_url.startswith("https:") else "http"
        base = base_environ(place.host, place.port, scheme)
        self._loop = Loop(app, place.listener, place.passing, self._slot, base, self._kept, self._least_loaded)
        self._peers: list[int] = []
        self._declined = 0.0

    def run(self) -> None:
        """Answer until told to go; does not return."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: self._tell("close"))
        signal.signal(signal.SIGUSR1, lambda *_: self._tell("pass"))
        threading.stack_size(STACK)
        sys.setswitchinterval(SWITCH)
        # What is kept is never garbage, and a collection in the middle of a request would be felt; see _seldom.
        gc.disable()
        self._bound_memory()
        self._slot.put("state", ACTIVE)
        self._loop.start()
        self._say(READY)
        watched = often = seldom = rarely = time.monotonic()
        while True:
            time.sleep(BUSY_TICK if self._loop.works else IDLE_TICK)
            self._loop.move_lead()
            now = time.monotonic()
            if now - watched < WATCH:
                continue
            watched = now
            if self._loop.works:
                self._watch()
            if not self._loop.conns.accepting and not self._loop.conns.leaving_since:
                self._loop.conns.resume()
            if now - often > OFTEN:
                often = now
                self._often()
            if now - seldom > SELDOM:
                seldom = now
                self._seldom(full=now - rarely > RARELY)
                rarely = now if now - rarely > RARELY else rarely
            if self._loop.conns.leaving_since:
                self._leave()

    def _watch(self) -> None:
        """See to the requests that take long."""
        heavy: list[Work] = []
        for work in list(self._loop.works.values()):
            job = work.job
            if job.stopped:
                continue
            seconds = job.seconds
            if job.kind == jobs.QUERY and not job.elsewhere:
                worked = job.worked()
                if seconds > HEAVY:
                    heavy.append(work)
                if worked > HEAVY and not job.heavy:
                    self._becomes_heavy(work)
            if job.output is not None and job.output.tell() > jobs.MOST_BYTES:
                self._end(work, "too_large", 413, jobs.too_large(jobs.MOST_BYTES // 1_000_000), 0)
            if seconds > job.deadline and not job.stopped:
                most = self._settings.query_seconds_most
                self._end(work, "stopped_time", 503, jobs.out_of_time(job.deadline, most), 10)
        if heavy and _resident() - self._base_memory > self._settings.query_memory * 1_000_000:
            for work in heavy:
                self._end(work, "stopped_memory", 503, jobs.out_of_memory(self._settings.query_memory), 60)

    def _becomes_heavy(self, work: Work) -> None:
        job = work.job
        job.heavy = True
        self._limits.change_heavy(job.client, 1)
        others = self._limits.running_heavy(job.client) - 1
        running = len([n for n in self._place.board.in_state(RETIRED) if n != self._place.number])
        self._retire()
        with contextlib.suppress(OSError):
            # Only this thread: what it asks may wait, but the others of this worker must not wait for it.
            os.setpriority(os.PRIO_PROCESS, job.thread, 19)
        self._loop.conns.await_end(work.conn, work)
        if self._settings.client_heavy and others >= self._settings.client_heavy:
            self._end(work, "limited", 429, jobs.too_many_heavy(others), 5)
        elif running >= self._settings.heavy:
            self._end(work, "limited", 503, jobs.busy(), 5)

    def _end(self, work: Work, outcome: str, status: int, message: Any, wait: int) -> None:
        """End a request: answer it, count it, and go as soon as the others are done, since its thread goes on."""
        job = work.job
        answer = Answer()
        answer.status, answer.headers, body = self._app.ended(work.environ(), status, message, wait)
        answer.body = [body]
        request = Request()
        request.method, request.keep_alive = work.request.method, False
        first, rest, _, _ = answer.pieces(request, True)
        if self._loop.end(work, first + rest):
            job.stopped = outcome
            seconds = job.seconds
            self._limits.charge(job.client, seconds)
            if job.kind == jobs.QUERY:
                self._slot.query(outcome, seconds)
            else:
                self._slot.page(status)
            JOURNAL.query(job.number, outcome, seconds, status=status)
            self._retire()

    def _retire(self) -> None:
        """Take no more requests, and have another worker take this one's place."""
        if not self._loop.conns.leaving_since:
            self._slot.put("state", RETIRED)
            self._slot.add("retired")
            self._say(RETIRES)
            self._loop.conns.leave(passes_on=True)

    def _tell(self, what: str) -> None:
        self._told = what

    def _often(self) -> None:
        """What is done five times a second."""
        self._limits.exchange()
        JOURNAL.write()
        board, conns = self._place.board, self._loop.conns
        self._peers = [number for number in board.in_state(ACTIVE) if number != self._place.number]
        least = min((board.get(number, "connections") for number in self._peers), default=0)
        conns.surplus = (len(conns) - least) // 2 if self._peers else 0
        if conns.surplus:
            conns.sweep()
        self._slot.put("kept_bytes", self._kept.bytes + self._app.kept.bytes)
        self._slot.put("kept_entries", len(self._kept) + len(self._app.kept))
        if self._told and not conns.leaving_since:
            self._slot.put("state", LEAVING)
            conns.leave(passes_on=self._told == "pass")

    def _seldom(self, full: bool) -> None:
        """What is done once a second; ``full`` once a minute."""
        gc.collect(2 if full else 0)
        if full:
            give_back()
        self._loop.conns.sweep()
        today = self._settings.today()
        if today != self._day:
            self._day = today
            self._kept.clear()
            self._app.kept.clear()
        if os.getppid() != self._parent:
            self._told = self._told or "close"

    def _leave(self) -> None:
        """Go when nothing is left to do."""
        for work in list(self._loop.works.values()):
            if work.job.stopped == "abandoned":
                self._abandoned(work)
        patience = GRACE if self._told == "close" else self._settings.query_seconds_most + GRACE
        late = self._told and time.monotonic() - self._loop.conns.leaving_since > patience
        if self._loop.done or late:
            self._limits.end()
            JOURNAL.write()
            os._exit(0)
        self._loop.conns.sweep()

    def _abandoned(self, work: Work) -> None:
        work.job.stopped = "left"
        self._slot.query("abandoned", work.job.seconds)
        self._limits.charge(work.job.client, work.job.seconds)
        JOURNAL.query(work.job.number, "abandoned", work.job.seconds, status=499)

    def _least_loaded(self) -> bool:
        """Whether no other worker has fewer connections; a moment later it does not matter."""
        board = self._place.board
        now = time.monotonic()
        if now - self._declined < 0.02:
            return True
        mine = len(self._loop.conns)
        if any(board.get(n, "connections") < mine and board.get(n, "state") == ACTIVE for n in self._peers):
            self._declined = now
            return False
        return True

    def _bound_memory(self) -> None:
        """A last bound, for what takes more between two looks than the watch allows: the process is then ended."""
        allowed = _virtual() + MOST_THREADS * STACK + (self._settings.query_memory * 4 + 2_000) * 1_000_000
        resource.setrlimit(resource.RLIMIT_AS, (allowed, resource.getrlimit(resource.RLIMIT_AS)[1]))

    def _say(self, what: bytes) -> None:
        os.write(self._place.tell, what + self._place.number.to_bytes(2, "big"))


def give_back() -> None:
    """Give memory that was freed back to the system, where the C library can: loading leaves some thirty megabytes."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)


def _resident() -> int:
    """Bytes of memory that this process holds."""
    return _statm(1)


def _virtual() -> int:
    return _statm(0)


def _statm(field: int) -> int:
    with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - read two hundred times a second
        return int(file.read().split()[field]) * _PAGE


_PAGE = resource.getpagesize()
__all__ = ["STARTING", "Place", "Worker"]
