"""How much of the service one client may use: seconds of execution a minute, and heavy queries at once.

Not requests: who asks a thousand small questions costs less than who asks one large. Each worker counts for itself
and publishes it on the board a few times a second; a client's use is the sum.
"""

from __future__ import annotations

import hashlib
import ipaddress
import threading
import time
from collections.abc import Sequence
from functools import lru_cache

from strategigraf.board import ACTIVE, LEAVING, RETIRED, STARTING, Board
from strategigraf.errors import LimitReached
from strategigraf.text import Text

WINDOW = 60
#: An IPv6 subscriber has a whole network of this length.
_IPV6_PREFIX = 64
_LEAST_PUBLISHED = 50


class Use:
    """What one client has used here: milliseconds in this minute and the one before, heavy queries now."""

    __slots__ = ("before", "heavy", "minute", "now")

    def __init__(self, minute: int) -> None:
        self.minute, self.now, self.before, self.heavy = minute, 0.0, 0.0, 0

    def turn(self, minute: int) -> None:
        """Move on to a later minute."""
        if minute != self.minute:
            self.before = self.now if minute == self.minute + 1 else 0.0
            self.now, self.minute = 0.0, minute


class Limits:
    """The limits on clients, as one worker keeps them.

    ``seconds``: execution a client may use in a minute, 0 for no limit; ``heavy``: heavy queries that a client may
    have running at once.
    """

    def __init__(self, board: Board, slot: int, seconds: float, heavy: int) -> None:
        self._board, self._slot = board, slot
        self.seconds, self.heavy = seconds, heavy
        self._lock = threading.Lock()
        self._own: dict[str, Use] = {}
        self._others: dict[int, tuple[float, int]] = {}
        self._keys: dict[int, str] = {}
        # The slot's last worker counted for it; what it counted still holds.
        self._inherited = {key: (minute, now, before) for key, minute, now, before, _ in board.clients(slot)}

    def admit(self, client: str) -> None:
        """Let a client ask; LimitReached, with the seconds to wait, where its minute is used up."""
        if not self.seconds:
            return
        used = self.used(client)
        if used >= self.seconds:
            # The use fades as the minute before fades from the sliding window.
            wait = max(1, min(WINDOW, round((used - self.seconds) / used * WINDOW) + 1))
            raise LimitReached(
                Text(
                    f"Du har brugt {used:.0f} sekunders udførelse det seneste minut; grænsen er {self.seconds:.0f}. "
                    f"Vent {wait} sekunder, eller hent hele grafen i stedet.",
                    f"You have used {used:.0f} seconds of execution in the last minute; the limit is "
                    f"{self.seconds:.0f}. Wait {wait} seconds, or download the whole graph instead.",
                ),
                wait,
            )

    def used(self, client: str) -> float:
        """Seconds of execution of a client in the last sixty seconds, everywhere in the service.

        The minute before counts by the part of it that is still within sixty seconds.
        """
        own = self._own.get(client)
        if own is None and not self._others and not self._inherited:
            return 0.0
        now = time.time()
        minute = int(now) // WINDOW
        total = self._others.get(key_of(client), (0.0, 0))[0]
        if own is not None:
            own.turn(minute)
            total += own.now + own.before * (1 - now % WINDOW / WINDOW)
        else:
            total += self._fading(self._inherited.get(key_of(client)), now)
        return total / 1000

    def charge(self, client: str, seconds: float) -> None:
        """Count seconds of execution."""
        if self.seconds:
            with self._lock:
                self._use(client).now += seconds * 1000

    def running_heavy(self, client: str) -> int:
        """Heavy queries of a client that run now, everywhere in the service."""
        own = self._own.get(client)
        return (own.heavy if own else 0) + self._others.get(key_of(client), (0.0, 0))[1]

    def change_heavy(self, client: str, by: int) -> None:
        """A heavy query of a client begins (+1) or ends (-1); published at once."""
        with self._lock:
            use = self._use(client)
            use.heavy = max(0, use.heavy + by)
        self.exchange()

    def end(self) -> None:
        """This worker goes: none of its heavy queries runs any more."""
        with self._lock:
            for use in self._own.values():
                use.heavy = 0
        self.exchange()

    def exchange(self) -> None:
        """Publish what was used here, and read what was used elsewhere. A few times a second is enough."""
        now = time.time()
        minute = int(now) // WINDOW
        with self._lock:
            for name, use in list(self._own.items()):
                use.turn(minute)
                if not use.now and not use.before and not use.heavy:
                    del self._own[name]
            told = [
                (key_of(name), use.minute, int(use.now), int(use.before), use.heavy)
                for name, use in self._own.items()
                if use.now + use.before > _LEAST_PUBLISHED or use.heavy
            ]
            keys = {key for key, *_ in told}
            kept = {k: v for k, v in self._inherited.items() if k not in keys and v[0] >= minute - 1}
            self._inherited = kept
            told += [(key, *use, 0) for key, use in kept.items()]
            self._board.publish(self._slot, told)
        others: dict[int, tuple[float, int]] = {}
        for number in range(self._board.slots):
            if number == self._slot:
                continue
            alive = self._board.get(number, "state") in (STARTING, ACTIVE, RETIRED, LEAVING)
            for key, when, used, before, heavy in self._board.clients(number):
                milliseconds = self._fading((when, used, before), now)
                if milliseconds or (heavy and alive):
                    sum_, count = others.get(key, (0.0, 0))
                    others[key] = (sum_ + milliseconds, count + (heavy if alive else 0))
        self._others = others

    def _use(self, client: str) -> Use:
        minute = int(time.time()) // WINDOW
        use = self._own.get(client)
        if use is None:
            use = self._own[client] = Use(minute)
            old = self._inherited.get(key_of(client))
            if old:
                use.minute, use.now, use.before = old
        use.turn(minute)
        return use

    @staticmethod
    def _fading(use: Sequence[float] | None, now: float) -> float:
        """Milliseconds still within the last sixty seconds."""
        if use is None:
            return 0.0
        minute, part = int(now) // WINDOW, 1 - now % WINDOW / WINDOW
        when, used, before = use
        if when == minute:
            return used + before * part
        return used * part if when == minute - 1 else 0.0


@lru_cache(4096)
def key_of(client: str) -> int:
    """A client as a number of 64 bits, so that no address stands in shared memory."""
    return int.from_bytes(hashlib.blake2b(client.encode(), digest_size=8).digest(), "big")


def client_of(address: str, forwarded: str, proxies: int) -> str:
    """The client of a request: its address, or with ``proxies`` trusted proxies in front the one they say.

    ``forwarded`` is X-Forwarded-For: each proxy writes at its end the address it was called from, so with one proxy
    the last is true, and what a client wrote there itself comes before. An IPv6 address counts by its network.
    """
    if proxies and forwarded:
        hops = [hop.strip() for hop in forwarded.split(",")]
        address = hops[-min(proxies, len(hops))]
    return _network(address) if ":" in address else address


@lru_cache(4096)
def _network(address: str) -> str:
    try:
        parsed = ipaddress.IPv6Address(address.strip("[]"))
    except ValueError:
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, _IPV6_PREFIX), strict=False))
