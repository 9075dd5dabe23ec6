"""The connections of one worker: how they come, wait, are shared with other workers, and go."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import select
import socket
import threading
import time
from collections.abc import Callable
from http import HTTPStatus

from strategigraf.board import Slot
from strategigraf.server.http1 import MOST_HEAD, Connection, plain

#: Seconds: of silence between requests, for a request to come whole, for an answer to be read, and for a client to
#: notice that it has been refused.
IDLE, UNFINISHED, UNSENT, LINGER = 75.0, 20.0, 60.0, 2.0
MOST_CONNECTIONS = 4000
#: Bytes read at once. Room for much more, taken and given back for each request, costs a twentieth of a small query.
READ = 16 * 1024
#: What is said beside the status to a client of which no more is known than that it sent too much.
_SAID = {
    413: "Forespørgslen er for stor; grænsen er 1 MB.\nThe request is too large; the limit is 1 MB.\n",
    414: f"Adressen er for lang; grænsen er {MOST_HEAD // 1024} kB. Send en lang forespørgsel med POST.\n"
    f"The address is too long; the limit is {MOST_HEAD // 1024} kB. Send a long query by POST.\n",
    431: f"Forespørgslens hoved er for stort; grænsen er {MOST_HEAD // 1024} kB.\n"
    f"The head of the request is too large; the limit is {MOST_HEAD // 1024} kB.\n",
}
log = logging.getLogger("strategigraf.server")


class Connections:
    """The connections that a worker holds, and what it waits for on each.

    ``passing``: the two ends of a socket through which workers give connections to each other and take them;
    ``least_loaded``: whether this worker should take one more.
    """

    def __init__(
        self,
        listener: socket.socket,
        passing: tuple[socket.socket, socket.socket],
        slot: Slot,
        least_loaded: Callable[[], bool],
    ) -> None:
        self._listener, self._slot, self._least_loaded = listener, slot, least_loaded
        self._taking, self._giving = passing
        self._epoll = select.epoll()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._epoll.register(self._wake, select.EPOLLIN)
        self._lock = threading.Lock()
        self._held: dict[int, Connection] = {}
        self._sweeping = False
        self.accepting = False
        #: Whether connections are given to other workers, rather than closed, when this one goes.
        self.passes_on = False
        self.leaving_since = 0.0
        #: Connections that others have fewer of.
        self.surplus = 0
        self.poll, self.get = self._epoll.poll, self._held.get

    def __len__(self) -> int:
        return len(self._held)

    def holds(self, conn: Connection) -> bool:
        """Whether a connection is still here."""
        return self._held.get(conn.fd) is conn

    def resume(self) -> None:
        """Accept connections, if not yet, or again after declining some."""
        with self._lock:
            if not self.accepting and not self.leaving_since and len(self._held) < MOST_CONNECTIONS:
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

    def other(self, fd: int) -> None:
        """What has come that is not on a connection: a new one, one from another worker, or a call to sweep."""
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

    def await_end(self, conn: Connection, of: object) -> None:
        """Of a connection that is worked on outside the lead, only its end is of interest."""
        with self._lock:
            if conn.busy is of:
                self._wait_for(conn, select.EPOLLRDHUP)

    def ignore(self, conn: Connection, of: object) -> None:
        """Of a connection whose client sends no more, only that it breaks is of interest."""
        with self._lock:
            if conn.busy is of:
                self._wait_for(conn, 0)

    def arm(self, conn: Connection, leading: bool) -> None:
        """Wait for what comes next on a connection that nobody works on.

        ``leading``: whether the calling thread leads; only then may no other change what is waited for.
        """
        if conn.closing and not conn.out:
            self.shut(conn)
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

    def flush(self, conn: Connection) -> None:
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
            self.close(conn)

    def _accept(self) -> None:
        for _ in range(8):
            if not self._least_loaded() or len(self._held) >= MOST_CONNECTIONS:
                self._decline()
                return
            try:
                sock, peer = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE):
                    log.warning("no file descriptors left; %d connections", len(self._held))
                    self._decline()
                return
            self._hold(sock, str(peer[0]) if isinstance(peer, tuple) else "")

    def _hold(self, sock: socket.socket, peer: str) -> None:
        sock.setblocking(False)
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        conn = Connection(sock, peer)
        self._held[conn.fd] = conn
        self._slot.put("connections", len(self._held))
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
            self.shut(conn)

    def _pass(self, conn: Connection) -> bool:
        """Give an idle connection to another worker; False where the next sweep has to try again."""
        try:
            socket.send_fds(self._giving, [b"-" + conn.peer.encode()], [conn.fd])
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            self.shut(conn)
            return True
        self.close(conn)
        return True

    def _sweep(self) -> None:
        """Close what has been silent for too long; when leaving, let go of what is idle; else share it out."""
        now = time.monotonic()
        surplus, self.surplus = self.surplus, 0
        for conn in list(self._held.values()):
            if conn.busy:
                continue
            silent = now - conn.since
            if conn.lingers:
                if silent > LINGER:
                    self.close(conn)
            elif conn.out:
                if silent > UNSENT:
                    self.close(conn)
            elif self.leaving_since and conn.whole:
                self._let_go(conn)
            elif surplus and conn.whole and silent < IDLE / 2:
                surplus -= self._pass(conn)
            elif silent > (IDLE if conn.whole else UNFINISHED) or (self.leaving_since and silent > 2):
                self.close(conn)

    def refuse(self, conn: Connection, status: int) -> None:
        """Answer what is no HTTP, or is too large, and close as soon as the client has read it.

        A client that is still sending would not read an answer on a connection that is closed under it (RFC 9112,
        section 9.6), so what it sends is read and thrown away for a moment.
        """
        conn.ready.clear()
        self._slot.page(status)
        with contextlib.suppress(OSError):
            conn.sock.send(plain(status, f"{status} {HTTPStatus(status).phrase}\n{_SAID.get(status, '')}"))
            conn.sock.shutdown(socket.SHUT_WR)
        conn.lingers, conn.since = True, time.monotonic()

    def shut(self, conn: Connection) -> None:
        """Close in such a way that what was sent arrives even where the client has sent more than was read."""
        with contextlib.suppress(OSError):
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.recv(READ)
        self.close(conn)

    def close(self, conn: Connection) -> None:
        """Close at once."""
        if self._held.get(conn.fd) is conn:
            del self._held[conn.fd]
            self._slot.put("connections", len(self._held))
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
