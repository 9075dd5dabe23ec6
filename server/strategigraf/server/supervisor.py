"""The processes of a service: a supervisor, for each release a nursery that has loaded it, and the workers.

The supervisor holds the sockets and the board, and loads nothing. The nursery loads the release once and forks
workers, which share its memory until they write. A new release gets a nursery of its own; when its workers answer, the
old ones pass their connections on and go, so that no request is dropped. A release that cannot be opened changes
nothing: the last good one keeps serving.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import logging
import os
import select
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from strategigraf import journal
from strategigraf.board import FREE, STARTING, Board
from strategigraf.errors import StrategigrafError
from strategigraf.limits import Limits
from strategigraf.server.worker import READY, Place, Worker, give_back
from strategigraf.settings import Settings

log = logging.getLogger("strategigraf.server")
#: Seconds between two looks for a new release.
LOOK = 1.0
#: Seconds in which a new release must answer; the old one serves meanwhile.
LONGEST_START = 600
#: Workers that die before they answer, one after the other, until their release is given up.
MOST_STILLBORN = 5
#: Slots beside those of the workers: for retired ones and for a change of release.
SPARE_SLOTS = 32
_BACKLOG = 1024


@dataclass
class Plan:
    """What is to be served.

    ``open``: opens the release and gives the application, called in the nursery. ``current``: the name of the release
    that is to be served now, called once a second; the name of one that is fixed never changes.
    """

    settings: Settings
    host: str
    port: int
    open: Callable[[Board], Any]
    current: Callable[[], str]


@dataclass
class _Shared:
    """What the supervisor makes and all others inherit."""

    board: Board
    listener: socket.socket
    passing: tuple[socket.socket, socket.socket]
    lock: int


def serve(plan: Plan) -> int:
    """Serve until told to stop; the exit code.

    SIGTERM and SIGINT stop in order, with ten seconds for what is being answered; SIGHUP looks for a new release at
    once. Raises OSError where the address cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in plan.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((plan.host, plan.port))
    listener.listen(_BACKLOG)
    listener.setblocking(False)
    taking, giving = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    for sock in (taking, giving):
        sock.setblocking(False)
    board = Board(2 * plan.settings.workers + plan.settings.heavy + SPARE_SLOTS)
    lock = tempfile.TemporaryFile()  # noqa: SIM115 - held as long as the process lives
    return _Supervisor(plan, _Shared(board, listener, (taking, giving), lock.fileno())).run()


class _Supervisor:
    def __init__(self, plan: Plan, shared: _Shared) -> None:
        self._plan, self._shared = plan, shared
        self._serving = self._coming = 0
        self._leaving: set[int] = set()
        self._name = self._refused = ""
        self._news: tuple[int, int] = (0, 0)
        self._stop = self._look = False
        self._began = 0.0

    def run(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGHUP, self._on_look)
        journal.install(self._plan.settings.log)
        self._begin(self._plan.current())
        looked, failures = time.monotonic(), 0
        while not self._stop:
            self._hear(0.2)
            for pid, status in _dead():
                self._leaving.discard(pid)
                if pid == self._coming:
                    self._coming = 0
                    if self._serving:
                        log.error("release %s cannot be served; %s goes on", self._refused, self._name)
                    else:
                        return os.waitstatus_to_exitcode(status) or 1
                elif pid == self._serving:
                    log.error("the nursery of release %s ended with %d", self._name, os.waitstatus_to_exitcode(status))
                    failures += 1
                    if failures > MOST_STILLBORN:
                        self._end()
                        return 1
                    self._serving = 0
                    self._begin(self._plan.current())
            if self._coming and self._serving and time.monotonic() - self._began > LONGEST_START:
                log.error("release %s did not start in %d seconds", self._refused, LONGEST_START)
                os.kill(self._coming, signal.SIGKILL)
                self._began = time.monotonic()
            if self._look or time.monotonic() - looked > LOOK:
                looked, self._look = time.monotonic(), False
                self._look_for_release()
            journal.JOURNAL.write()
        return self._end()

    def _on_stop(self, *_: object) -> None:
        self._stop = True

    def _on_look(self, *_: object) -> None:
        self._look, self._refused = True, ""

    def _look_for_release(self) -> None:
        try:
            name = self._plan.current()
        except Exception as error:
            log.warning("no release to look at: %s", error)
            return
        if name not in (self._name, self._refused) and not self._coming:
            log.info("release %s is new", name)
            self._begin(name)

    def _begin(self, name: str) -> None:
        """Fork a nursery for a release."""
        self._refused, self._began = name, time.monotonic()
        read, write = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(read)
            _child(lambda: _Nursery(self._plan, self._shared, write).run())
        os.close(write)
        if self._news[0]:
            os.close(self._news[0])
        self._coming, self._news = pid, (read, pid)

    def _hear(self, seconds: float) -> None:
        """Wait for the word that the workers of the coming release answer."""
        read, pid = self._news
        try:
            ready, _, _ = select.select([read] if read else [], [], [], seconds)
        except InterruptedError:
            return
        if not ready:
            return
        word = os.read(read, 1)
        os.close(read)
        self._news = (0, 0)
        if word and pid == self._coming:
            old, self._serving, self._coming = self._serving, pid, 0
            self._name, self._refused = self._refused, ""
            log.info("release %s is served", self._name)
            if old:
                self._leaving.add(old)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(old, signal.SIGUSR1)

    def _end(self) -> int:
        """Stop everybody."""
        pids = {pid for pid in (self._serving, self._coming, *self._leaving) if pid}
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        self._shared.listener.close()
        limit = time.monotonic() + 15
        while pids and time.monotonic() < limit:
            pids -= {pid for pid, _ in _dead()}
            time.sleep(0.02)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        journal.JOURNAL.write()
        return 0


class _Nursery:
    """The process that holds a release, forks workers, and buries them."""

    def __init__(self, plan: Plan, shared: _Shared, news: int) -> None:
        self._plan, self._shared, self._news = plan, shared, news
        self._pipe = os.pipe()
        self._workers: dict[int, int] = {}
        self._retired: set[int] = set()
        self._ready: set[int] = set()
        self._stillborn = 0
        self._told = 0

    def run(self) -> int:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        for number in (signal.SIGTERM, signal.SIGUSR1):
            signal.signal(number, self._on_told)
        app = self._plan.open(self._shared.board)
        # What is loaded is never garbage; a collector that walks it would copy it into every worker.
        gc.collect()
        gc.freeze()
        give_back()
        os.set_blocking(self._pipe[0], False)
        parent = os.getppid()
        told = 0
        while True:
            if not self._told:
                while len(self._workers) - len(self._retired) < self._plan.settings.workers:
                    self._fork(app)
            elif told != self._told:
                told = self._told
                for pid in self._workers:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, told)
            if self._told and not self._workers:
                return 0
            with contextlib.suppress(InterruptedError):
                select.select([self._pipe[0]], [], [], 0.05 if self._told else 0.2)
            self._hear()
            for pid, status in _dead():
                self._bury(pid, status)
            if self._stillborn >= MOST_STILLBORN:
                return 1
            if os.getppid() != parent:
                self._told = signal.SIGTERM
            journal.JOURNAL.write()

    def _on_told(self, number: int, _: object) -> None:
        self._told = number

    def _hear(self) -> None:
        """What the workers say: that they answer, or that they retire."""
        try:
            data = os.read(self._pipe[0], 3 * 1000)
        except BlockingIOError:
            return
        pids = {number: pid for pid, number in self._workers.items()}
        for start in range(0, len(data), 3):
            pid = pids.get(int.from_bytes(data[start + 1 : start + 3], "big"))
            if pid is None:
                continue
            if data[start : start + 1] == READY:
                self._ready.add(pid)
                self._stillborn = 0
                if self._news and len(self._ready) >= self._plan.settings.workers:
                    os.write(self._news, b"+")
                    os.close(self._news)
                    self._news = 0
            else:
                self._retired.add(pid)

    def _fork(self, app: Any) -> None:
        board, settings = self._shared.board, self._plan.settings
        number = self._claim()
        pid = os.fork()
        if pid:
            board.set(number, "pid", pid)
            self._workers[pid] = number
            return
        os.close(self._pipe[0])
        if self._news:
            os.close(self._news)

        def work() -> int:
            limits = Limits(board, number, settings.client_seconds, settings.client_heavy)
            app.after_fork(board.slot(number), limits)
            place = Place(
                board, number, self._shared.listener, self._shared.passing, self._pipe[1],
                self._plan.host, self._plan.port,
            )  # fmt: skip
            Worker(app, limits, settings, place).run()
            return 0

        _child(work)

    def _claim(self) -> int:
        """A free slot; two nurseries may look for one at the same time."""
        board = self._shared.board
        while True:
            fcntl.lockf(self._shared.lock, fcntl.LOCK_EX)
            try:
                for number in range(board.slots):
                    if board.get(number, "state") == FREE:
                        board.set(number, "state", STARTING)
                        return number
            finally:
                fcntl.lockf(self._shared.lock, fcntl.LOCK_UN)
            time.sleep(0.05)  # every slot is held by a retired worker; the first to end frees one

    def _bury(self, pid: int, status: int) -> None:
        number = self._workers.pop(pid, None)
        if number is None:
            return
        code = os.waitstatus_to_exitcode(status)
        board = self._shared.board
        if code:
            board.set(number, "crashed", board.get(number, "crashed") + 1)
            log.error("worker %d ended with %d", pid, code)
            if pid not in self._ready:
                self._stillborn += 1
                time.sleep(0.1 * self._stillborn)
        board.set(number, "connections", 0)
        board.set(number, "state", FREE)
        self._retired.discard(pid)
        self._ready.discard(pid)


def _child(run: Callable[[], int]) -> None:
    """Run in a forked process and end it; nothing of the parent's is cleaned up twice."""
    code = 1
    journal.JOURNAL.forget()
    try:
        code = run()
    except StrategigrafError as error:
        log.error("%s / %s", error.message.da, error.message.en)
    except BaseException as error:
        log.exception("%s", error)
    finally:
        journal.JOURNAL.write()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _dead() -> list[tuple[int, int]]:
    """The children that have ended, with their status."""
    found = []
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                break
            found.append((pid, status))
    return found
