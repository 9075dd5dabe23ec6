"""The loop of one worker: one thread leads, reads requests and answers them itself; the watch moves the lead.

A thread that waits for another costs more than a query does, so the thread that reads a request also answers it.
Queries run without the interpreter's lock; where one takes longer than ``MOVE_LEAD``, the watch, which is the main
thread, gives the lead to another thread, and the first comes back when it is done (the pattern is called
leader and followers). No request waits behind another for longer than that.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from strategigraf.board import Slot
from strategigraf.job import KEY, QUERY, Job
from strategigraf.keep import Kept
from strategigraf.server.connections import READ, Connections
from strategigraf.server.http1 import DATE, Answer, Bad, Connection, Headers, Request

#: Seconds of processor time that a request may take before another thread leads. One that waits for a processor keeps
#: the lead: who took it would wait too.
MOVE_LEAD = 0.002
#: Seconds that one thread may run Python while another wants to; the default of the interpreter, 5 ms, would let a
#: query wait that long for a page, several times over.
SWITCH = 0.0005
#: Threads of one worker; each holds address space only, until a deep query needs it.
MOST_THREADS = 32
#: The parser and the planner call themselves for each nested group: with this stack, no text that passes the guard
#: can exhaust it. It is address space, not memory.
STACK = 256 * 1024 * 1024
log = logging.getLogger("strategigraf.server")


class Application(Protocol):
    """What is served: a WSGI application (PEP 3333) that can also tell that it was ended."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer a request."""

    def direct(self, target: bytes, headers: Headers, peer: str, job: Job) -> tuple[bytes, bytes] | None:
        """Answer a GET without the WSGI environment: the status line and all that follows it; None for most."""


class Work:
    """A request being answered here: its job, its connection, and what it asks."""

    __slots__ = ("base", "conn", "job", "request")

    def __init__(self, job: Job, conn: Connection, request: Request, base: dict[str, Any]) -> None:
        self.job, self.conn, self.request, self.base = job, conn, request, base

    def environ(self) -> dict[str, Any]:
        """The request as WSGI has it; Bad where its target is no path."""
        return self.request.environ(self.base, self.conn.peer)


class Loop:
    """The connections of one worker, and the threads that attend to them."""

    def __init__(
        self,
        app: Application,
        listener: socket.socket,
        passing: tuple[socket.socket, socket.socket],
        slot: Slot,
        base: dict[str, Any],
        kept: Kept[tuple[str, bytes, bytes]],
        least_loaded: Callable[[], bool],
    ) -> None:
        self._app, self._slot, self._base, self._kept = app, slot, base, kept
        self._lead: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads = self._waiting = 0
        self._current: Work | None = None
        self.conns = Connections(listener, passing, slot, least_loaded)
        self.works: dict[int, Work] = {}

    # What the watch calls, from the main thread.

    def start(self) -> None:
        """Begin to accept."""
        self.conns.resume()
        self._follow()

    def move_lead(self) -> None:
        """Give the lead to another thread where the leader has been busy for too long."""
        work = self._current
        if work is not None and work.job.worked() > MOVE_LEAD:
            self._give_lead(work)

    def _give_lead(self, work: Work) -> bool:
        """Let another thread lead while this work goes on; False where there is none, or where it has ended."""
        if (self._threads >= MOST_THREADS and not self._waiting) or not work.job.take_lead():
            return False
        if self._current is work:
            self._current = None
        self.conns.await_end(work.conn, work)
        self._follow()
        return True

    def end(self, work: Work, answer: bytes) -> bool:
        """Answer a request that is still being worked on, and close; False where it was answered just now."""
        if not work.job.take_answer():
            return False
        with contextlib.suppress(OSError):
            work.conn.sock.send(answer)
        self.conns.close(work.conn)
        return True

    @property
    def done(self) -> bool:
        """Whether nothing is left to do: every request is answered and every connection gone."""
        running = any(not work.job.stopped for work in list(self.works.values()))
        return not running and not len(self.conns)

    # What the threads do.

    def _follow(self) -> None:
        """Let one more thread lead; there must be no leader."""
        with self._lock:
            fresh = not self._waiting
            if fresh:
                self._threads += 1
            else:
                self._waiting -= 1
        if fresh:
            threading.Thread(target=self._thread, daemon=True).start()
        self._lead.put(True)

    def _thread(self) -> None:
        while True:
            self._lead.get()
            try:
                self._leads()
            except Exception:  # whatever happens, the worker must not stand without a leader
                log.exception("the loop failed")
                os._exit(70)
            with self._lock:
                self._waiting += 1

    def _leads(self) -> None:
        """Attend to events until another thread has taken the lead."""
        while True:
            for fd, event in self.conns.poll():
                conn = self.conns.get(fd)
                if conn is None:
                    self.conns.other(fd)
                elif not self._attend(conn, event):
                    return

    def _attend(self, conn: Connection, event: int) -> bool:
        """Attend to one connection; False where this thread has lost the lead."""
        if conn.busy:
            self._hung_up(conn, event)
            return True
        if conn.out:
            self.conns.flush(conn)
            if not conn.out and conn.ready and not conn.closing:
                return self._serve(conn)
            self.conns.arm(conn, True)
            return True
        try:
            data = conn.sock.recv(READ)
        except (BlockingIOError, InterruptedError):
            return True
        except OSError:
            data = b""
        if not data:
            self.conns.close(conn)
            return True
        if conn.lingers:
            return True
        if conn.whole and (kept := self._kept.get(data)):
            kind, status, rest = kept
            self._slot.add(kind + "_kept")
            conn.since = time.monotonic()
            self._send(conn, b"".join((status, DATE.line(), rest)), None, False)
            return True
        try:
            conn.feed(data)
        except Bad as bad:
            self.conns.refuse(conn, bad.status)
            return True
        if conn.out:
            self.conns.flush(conn)
        return self._serve(conn) if conn.ready else True

    def _serve(self, conn: Connection) -> bool:
        """Answer what has been asked on a connection, one request after the other; False where the lead was lost."""
        leading = True
        while conn.ready and not conn.out and not conn.closing:
            request = conn.ready.popleft()
            job = Job()
            conn.busy = work = Work(job, conn, request, self._base)
            self.works[job.number] = work
            if leading:
                self._current = work
            answer: Answer | tuple[bytes, bytes] | None = None
            if (
                request.method == b"GET"
                and request.keep_alive
                and request.version == "1.1"
                and not self.conns.leaving_since
            ):
                answer = self._app.direct(request.target, request.headers, conn.peer, job)
            if answer is None:
                # A page takes milliseconds of Python; who asks a query meanwhile need not wait for the watch.
                leading = leading and not self._give_lead(work)
                answer = self._run(work)
            if leading:
                leading = job.take_lead()
                if leading:
                    self._current = None
            self.works.pop(job.number, None)
            if not job.take_answer():
                if isinstance(answer, Answer):
                    answer.close()
                return leading
            if isinstance(answer, Answer):
                self._deliver(conn, request, answer, job)
            else:
                self._hand_over(conn, request, *answer, job)
        conn.busy = None
        if self.conns.holds(conn):
            self.conns.arm(conn, leading)
        return leading

    def _run(self, work: Work) -> Answer:
        answer = Answer()
        try:
            environ = work.environ()
            environ[KEY] = work.job
            answer.body = self._app(environ, answer)
        except Bad as bad:
            return Answer.plain(bad.status)
        except Exception:
            log.exception("the application failed")
            return Answer.plain(500)
        return answer

    def _deliver(self, conn: Connection, request: Request, answer: Answer, job: Job) -> None:
        leaving = bool(self.conns.leaving_since) and not self.conns.passes_on
        try:
            status, rest, body, close = answer.pieces(request, leaving)
        except ValueError:
            log.exception("an answer that cannot be sent")
            status, rest, body, close = Answer.plain(500).pieces(request, True)
        if body is None and not close and not request.body:
            self._hand_over(conn, request, status, rest, job)
            return
        conn.since = time.monotonic()
        self._send(conn, b"".join((status, DATE.line(), rest)), body, close)

    def _hand_over(self, conn: Connection, request: Request, status: bytes, rest: bytes, job: Job) -> None:
        """Send an answer that is whole, and keep it by the bytes of its request where it stays the same."""
        if job.keep and request.raw:
            kind = "query" if job.kind == QUERY else "page"
            self._kept.put(request.raw, (kind, status, rest), len(request.raw) + len(rest))
        conn.since = time.monotonic()
        self._send(
            conn,
            b"".join((status, DATE.line(), rest)),
            None,
            bool(self.conns.leaving_since) and not self.conns.passes_on,
        )

    # Sending.

    def _send(self, conn: Connection, data: bytes, body: Iterator[bytes] | None, close: bool) -> None:
        conn.closing = close
        if not conn.out and body is None:
            try:
                sent = conn.sock.send(data)
            except (BlockingIOError, InterruptedError):
                sent = 0
            except OSError:
                self.conns.close(conn)
                return
            if sent == len(data):
                if close and not conn.busy:
                    self.conns.shut(conn)
                return
            data = data[sent:]
        conn.out.append(memoryview(data))
        if body is not None:
            conn.out.append(body)
        self.conns.flush(conn)
        if not conn.busy:
            self.conns.arm(conn, True)

    def _hung_up(self, conn: Connection, event: int) -> None:
        """The client has gone, or will send no more, while its request is being worked on.

        Who only closes its sending side may still read, so a request is given up only where the connection is
        broken, or where going on would be costly.
        """
        work = conn.busy
        assert isinstance(work, Work)
        broken = event & (select.EPOLLHUP | select.EPOLLERR)
        if not broken and not work.job.heavy:
            self.conns.ignore(conn, work)
            return
        if work.job.take_answer():
            work.job.stopped = "abandoned"
            self.conns.close(conn)
