"""The loop of one worker: one thread leads, reads requests and answers them itself; the watch moves the lead.

A thread that waits for another costs more than a query does, so the thread that reads a request also answers it.
Queries run without the interpreter's lock; where one takes longer than ``MOVE_LEAD``, the watch, which is the main
thread, gives the lead to another thread, and the first comes back when it is done (the pattern is called
leader and followers). No request waits behind another for longer than that.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import queue
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any, Protocol

from strategigraf.board import Slot
from strategigraf.job import KEY, QUERY, Job
from strategigraf.keep import Kept
from strategigraf.server.http1 import DATE, Answer, Bad, Connection, Request, plain

#: Seconds that a request may hold the lead.
MOVE_LEAD = 0.003
#: Seconds that one thread may run Python while another wants to; the default of the interpreter, 5 ms, would let a
#: query wait that long for a page, several times over.
SWITCH = 0.0005
#: Threads of one worker; each holds address space only, until a deep query needs it.
MOST_THREADS = 32
#: The parser and the planner call themselves for each nested group: with this stack, no text that passes the guard
#: can exhaust it. It is address space, not memory.
STACK = 256 * 1024 * 1024
IDLE, UNFINISHED, UNSENT, LINGER = 75.0, 20.0, 60.0, 2.0
MOST_CONNECTIONS = 4000
_READ = 128 * 1024
log = logging.getLogger("strategigraf.server")


class Application(Protocol):
    """What is served: a WSGI application (PEP 3333) that can also tell that it was ended."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer a request."""

    def direct(self, target: bytes, headers: dict[bytes, bytes], peer: str, job: Job) -> tuple[bytes, bytes] | None:
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
        """``passing``: where workers take and give connections; ``least_loaded``: whether to accept one more."""
        self._app, self._listener, self._slot, self._base, self._kept = app, listener, slot, base, kept
        self._taking, self._giving = passing
        self._least_loaded = least_loaded
        self._epoll = select.epoll()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._epoll.register(self._wake, select.EPOLLIN)
        self._conns: dict[int, Connection] = {}
        self._lead: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads = self._waiting = 0
        self._current: Work | None = None
        self._sweeping = False
        self.accepting = False
        #: Whether connections are given to other workers, rather than closed, when this one goes.
        self.passes_on = False
        self.leaving_since = 0.0
        #: Connections that others have fewer of.
        self.surplus = 0
        self.works: dict[int, Work] = {}

    # What the watch calls, from the main thread.

    def start(self) -> None:
        """Begin to accept."""
        self.resume()
        self._follow()

    def resume(self) -> None:
        """Accept connections, if not yet, or again after declining some."""
        with self._lock:
            if not self.accepting and not self.leaving_since and len(self._conns) < MOST_CONNECTIONS:
                for sock in (self._listener, self._taking):
                    self._epoll.register(sock, select.EPOLLIN)
                self.accepting = True

    def leave(self, passes_on: bool) -> None:
        """Accept no more, and let every connection go as soon as it is idle."""
        if not self.leaving_since:
            self.passes_on = passes_on
            self.leaving_since = time.monotonic()
            self._decline()
        self.sweep()

    def sweep(self) -> None:
        """Let the leader look through all connections."""
        self._sweeping = True
        os.eventfd_write(self._wake, 1)

    def move_lead(self) -> None:
        """Give the lead to another thread where the leader has been busy for too long."""
        work = self._current
        if work is None or work.job.seconds < MOVE_LEAD or (self._threads >= MOST_THREADS and not self._waiting):
            return
        if work.job.take_lead():
            if self._current is work:
                self._current = None
            self.listen_for_end(work)
            self._follow()

    def listen_for_end(self, work: Work) -> None:
        """Of a connection that is worked on outside the lead, only its end is of interest."""
        with self._lock:
            if work.conn.busy is work:
                self._wait_for(work.conn, select.EPOLLRDHUP)

    def end(self, work: Work, answer: bytes) -> bool:
        """Answer a request that is still being worked on, and close; False where it was answered just now."""
        if not work.job.take_answer():
            return False
        with contextlib.suppress(OSError):
            work.conn.sock.send(answer)
        self._close(work.conn)
        return True

    @property
    def done(self) -> bool:
        """Whether nothing is left to do: every request is answered and every connection gone."""
        running = any(not work.job.stopped for work in list(self.works.values()))
        return not running and not self._conns

    @property
    def connections(self) -> int:
        """How many connections are held."""
        return len(self._conns)

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
            for fd, event in self._epoll.poll():
                conn = self._conns.get(fd)
                if conn is None:
                    self._others(fd)
                elif not self._attend(conn, event):
                    return

    def _others(self, fd: int) -> None:
        if fd == self._wake:
            with contextlib.suppress(BlockingIOError):
                os.eventfd_read(self._wake)
            if self._sweeping:
                self._sweeping = False
                self._sweep()
        elif self.accepting and fd == self._listener.fileno():
            self._accept()
        elif self.accepting and fd == self._taking.fileno():
            self._take()

    def _attend(self, conn: Connection, event: int) -> bool:
        """Attend to one connection; False where this thread has lost the lead."""
        if conn.busy:
            self._hung_up(conn, event)
            return True
        if conn.out:
            self._flush(conn)
            if not conn.out and conn.ready and not conn.closing:
                return self._serve(conn)
            self._arm(conn, True)
            return True
        try:
            data = conn.sock.recv(_READ)
        except (BlockingIOError, InterruptedError):
            return True
        except OSError:
            data = b""
        if not data:
            self._close(conn)
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
            self._refuse(conn, bad.status)
            return True
        if conn.out:
            self._flush(conn)
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
            if request.method == b"GET" and request.keep_alive and request.version == "1.1" and not self.leaving_since:
                answer = self._app.direct(request.target, request.headers, conn.peer, job)
            if answer is None:
                if leading and job.take_lead():
                    # A page takes milliseconds of Python; who asks a query meanwhile need not wait for the watch.
                    leading = False
                    self._current = None
                    self.listen_for_end(work)
                    self._follow()
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
        if self._conns.get(conn.fd) is conn:
            self._arm(conn, leading)
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
        leaving = bool(self.leaving_since) and not self.passes_on
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
        self._send(conn, b"".join((status, DATE.line(), rest)), None, bool(self.leaving_since) and not self.passes_on)

    # Sending.

    def _send(self, conn: Connection, data: bytes, body: Iterator[bytes] | None, close: bool) -> None:
        conn.closing = close
        if not conn.out and body is None:
            try:
                sent = conn.sock.send(data)
            except (BlockingIOError, InterruptedError):
                sent = 0
            except OSError:
                self._close(conn)
                return
            if sent == len(data):
                if close and not conn.busy:
                    self._shut(conn)
                return
            data = data[sent:]
        conn.out.append(memoryview(data))
        if body is not None:
            conn.out.append(body)
        self._flush(conn)
        if not conn.busy:
            self._arm(conn, True)

    def _flush(self, conn: Connection) -> None:
        """Send what can be sent now."""
        out = conn.out
        try:
            while out:
                part = out[0]
                if not isinstance(part, memoryview):
                    more = next(part, None)
                    if more is None:
                        out.popleft()
                    else:
                        out.appendleft(memoryview(more))
                    continue
                sent = conn.sock.send(part)
                conn.since = time.monotonic()
                if sent == len(part):
                    out.popleft()
                else:
                    out[0] = part[sent:]
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            out.clear()
            self._close(conn)

    def _arm(self, conn: Connection, leading: bool) -> None:
        """Wait for what comes next on a connection that nobody works on."""
        if conn.closing and not conn.out:
            self._shut(conn)
            return
        if self.leaving_since and not conn.out and conn.whole:
            if leading:
                self._let_go(conn)
                return
            self.sweep()
        mask = select.EPOLLOUT if conn.out else select.EPOLLIN
        if leading:
            if conn.mask != mask:
                self._wait_for(conn, mask)
            return
        with self._lock:
            self._wait_for(conn, mask)

    def _wait_for(self, conn: Connection, mask: int) -> None:
        conn.mask = mask
        with contextlib.suppress(OSError, ValueError):
            self._epoll.modify(conn.fd, mask)

    # Connections come and go.

    def _accept(self) -> None:
        for _ in range(8):
            if not self._least_loaded() or len(self._conns) >= MOST_CONNECTIONS:
                self._decline()
                return
            try:
                sock, peer = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE):
                    log.warning("no file descriptors left; %d connections", len(self._conns))
                    self._decline()
                return
            self._hold(sock, str(peer[0]) if isinstance(peer, tuple) else "")

    def _hold(self, sock: socket.socket, peer: str) -> None:
        sock.setblocking(False)
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        conn = Connection(sock, peer)
        self._conns[conn.fd] = conn
        self._slot.put("connections", len(self._conns))
        conn.mask = select.EPOLLIN
        self._epoll.register(conn.fd, conn.mask)

    def _decline(self) -> None:
        """Leave new connections to others for a moment."""
        with self._lock:
            if self.accepting:
                self.accepting = False
                for sock in (self._listener, self._taking):
                    self._epoll.unregister(sock)

    def _take(self) -> None:
        """Take over a connection that another worker lets go."""
        if not self._least_loaded():
            self._decline()
            return
        try:
            peer, fds, _, _ = socket.recv_fds(self._taking, 128, 1)
        except (BlockingIOError, InterruptedError):
            return
        for fd in fds:
            self._hold(socket.socket(fileno=fd), peer.decode().lstrip("-"))

    def _let_go(self, conn: Connection) -> None:
        """Give an idle connection to another worker, or close it where there is none."""
        if self.passes_on:
            self._pass(conn)
        else:
            self._shut(conn)

    def _pass(self, conn: Connection) -> bool:
        """Give an idle connection to another worker; False where the next sweep has to try again."""
        try:
            socket.send_fds(self._giving, [b"-" + conn.peer.encode()], [conn.fd])
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            self._shut(conn)
            return True
        self._close(conn)
        return True

    def _sweep(self) -> None:
        """Close what has been silent for too long; when leaving, let go of what is idle; else share it out."""
        now = time.monotonic()
        surplus, self.surplus = self.surplus, 0
        for conn in list(self._conns.values()):
            if conn.busy:
                continue
            silent = now - conn.since
            if conn.lingers:
                if silent > LINGER:
                    self._close(conn)
            elif conn.out:
                if silent > UNSENT:
                    self._close(conn)
            elif self.leaving_since and conn.whole:
                self._let_go(conn)
            elif surplus and conn.whole and silent < IDLE / 2:
                surplus -= self._pass(conn)
            elif silent > (IDLE if conn.whole else UNFINISHED) or (self.leaving_since and silent > 2):
                self._close(conn)

    def _hung_up(self, conn: Connection, event: int) -> None:
        """The client has gone, or will send no more, while its request is being worked on.

        Who only closes its sending side may still read, so a request is given up only where the connection is
        broken, or where going on would be costly.
        """
        work = conn.busy
        assert isinstance(work, Work)
        broken = event & (select.EPOLLHUP | select.EPOLLERR)
        if not broken and not work.job.heavy:
            with self._lock:
                if conn.busy is work:
                    self._wait_for(conn, 0)
            return
        if work.job.take_answer():
            work.job.stopped = "abandoned"
            self._close(conn)

    def _refuse(self, conn: Connection, status: int) -> None:
        """Answer what is no HTTP, or is too large, and close as soon as the client has read it.

        A client that is still sending would not read an answer on a connection that is closed under it (RFC 9112,
        section 9.6), so what it sends is read and thrown away for a moment.
        """
        conn.ready.clear()
        self._slot.page(status)
        with contextlib.suppress(OSError):
            conn.sock.send(plain(status, f"{status} {HTTPStatus(status).phrase}\n"))
            conn.sock.shutdown(socket.SHUT_WR)
        conn.lingers, conn.since = True, time.monotonic()

    def _shut(self, conn: Connection) -> None:
        """Close in such a way that what was sent arrives even where the client has sent more than was read."""
        with contextlib.suppress(OSError):
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.recv(_READ)
        self._close(conn)

    def _close(self, conn: Connection) -> None:
        if self._conns.get(conn.fd) is conn:
            del self._conns[conn.fd]
            self._slot.put("connections", len(self._conns))
            with contextlib.suppress(OSError, ValueError):
                self._epoll.unregister(conn.fd)
        for part in conn.out:
            if not isinstance(part, memoryview):
                close = getattr(part, "close", None)
                if close:
                    close()
        conn.out.clear()
        with contextlib.suppress(OSError):
            conn.sock.close()
