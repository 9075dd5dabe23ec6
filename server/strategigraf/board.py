"""What the processes of one service share: counters, the state of each worker, what each client has used.

One anonymous map of memory, made before the processes are forked. It is cut into slots, one for each worker; a
worker writes only its own slot and may read all, so nothing here waits for a lock of another process, and a process
that is killed leaves nothing locked. A slot outlives its worker: the next one counts on.
"""

from __future__ import annotations

import mmap
import struct
import threading
from bisect import bisect_left
from collections.abc import Iterable, Iterator

#: Upper ends of the classes of the latency histogram, in seconds; the last class has no end.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
#: How a query can end. ``kept`` was answered from what is kept, ``unchanged`` with 304.
OUTCOMES = (
    "ok", "kept", "unchanged", "bad", "refused", "too_large", "limited", "stopped_time", "stopped_memory",
    "abandoned", "failed",
)  # fmt: skip
#: How a page or file can end, by the class of its status; ``kept`` as above.
PAGES = ("2xx", "3xx", "4xx", "5xx", "kept")
FREE, STARTING, ACTIVE, RETIRED, LEAVING = range(5)

_FIELDS = (
    "pid", "state", "generation", "connections", "crashed", "retired", "kept_bytes", "kept_entries",
    "query_microseconds", "query_rows", "query_bytes",
    *(f"query_{name}" for name in OUTCOMES), *(f"page_{name}" for name in PAGES),
    *(f"bucket_{number}" for number in range(len(BUCKETS) + 1)),
)  # fmt: skip
_PLACE = {name: number for number, name in enumerate(_FIELDS)}
_CELLS = 64
_MOST_CLIENTS = 1000
_CLIENT = struct.Struct("=QIIII")
_COUNT = struct.Struct("=I")
_SLOT = _CELLS * 8 + 8 + _MOST_CLIENTS * _CLIENT.size
assert len(_FIELDS) <= _CELLS


class Board:
    """Shared memory with ``slots`` slots; made once, before the fork."""

    def __init__(self, slots: int = 1) -> None:
        self.slots = slots
        self._memory = mmap.mmap(-1, slots * _SLOT)

    def slot(self, number: int) -> Slot:
        """The slot of a worker, to write in."""
        return Slot(self, number)

    def get(self, number: int, name: str) -> int:
        """One field of a slot."""
        return int(struct.unpack_from("=Q", self._memory, number * _SLOT + _PLACE[name] * 8)[0])

    def set(self, number: int, name: str, value: int) -> None:
        """Write one field of a slot; only its worker, or who makes and buries workers, may."""
        struct.pack_into("=Q", self._memory, number * _SLOT + _PLACE[name] * 8, value)

    def total(self, name: str) -> int:
        """A counter over all slots."""
        return sum(self.get(number, name) for number in range(self.slots))

    def in_state(self, *states: int) -> list[int]:
        """The slots whose worker is in one of these states."""
        return [number for number in range(self.slots) if self.get(number, "state") in states]

    def cells(self, number: int) -> memoryview[int]:
        """The fields of a slot as unsigned numbers of 64 bits."""
        start = number * _SLOT
        return memoryview(self._memory)[start : start + _CELLS * 8].cast("Q")

    def publish(self, number: int, clients: Iterable[tuple[int, int, int, int, int]]) -> None:
        """Write what clients have used: key, minute, milliseconds in it, in the one before, heavy queries now."""
        packed = [_CLIENT.pack(*client) for client in clients][:_MOST_CLIENTS]
        start = number * _SLOT + _CELLS * 8
        self._memory[start + 8 : start + 8 + len(packed) * _CLIENT.size] = b"".join(packed)
        _COUNT.pack_into(self._memory, start, len(packed))

    def clients(self, number: int) -> Iterator[tuple[int, int, int, int, int]]:
        """What a slot has published of its clients.

        It may be in the middle of a change: a client may then be missed or met twice for a moment, which a limit
        can bear.
        """
        start = number * _SLOT + _CELLS * 8
        count = min(_COUNT.unpack_from(self._memory, start)[0], _MOST_CLIENTS)
        yield from _CLIENT.iter_unpack(self._memory[start + 8 : start + 8 + count * _CLIENT.size])


class Slot:
    """One worker's part of the board."""

    def __init__(self, board: Board, number: int) -> None:
        self.board, self.number = board, number
        self._cells = board.cells(number)
        self._lock = threading.Lock()

    def add(self, name: str, value: int = 1) -> None:
        """Count."""
        with self._lock:
            self._cells[_PLACE[name]] += value

    def put(self, name: str, value: int) -> None:
        """Set a field."""
        self._cells[_PLACE[name]] = value

    def query(self, outcome: str, seconds: float, rows: int = 0, size: int = 0) -> None:
        """Count a query: how it ended, how long it took, its rows and the bytes of its answer."""
        place = bisect_left(BUCKETS, seconds)
        with self._lock:
            cells = self._cells
            cells[_OUTCOME_PLACE[outcome]] += 1
            cells[_FIRST_BUCKET + place] += 1
            cells[_MICROSECONDS] += int(seconds * 1e6)
            cells[_ROWS] += rows
            cells[_BYTES] += size

    def page(self, status: int) -> None:
        """Count a page or file by its status."""
        with self._lock:
            self._cells[_PLACE[f"page_{status // 100}xx"]] += 1


_OUTCOME_PLACE = {name: _PLACE["query_" + name] for name in OUTCOMES}
_FIRST_BUCKET, _MICROSECONDS = _PLACE["bucket_0"], _PLACE["query_microseconds"]
_ROWS, _BYTES = _PLACE["query_rows"], _PLACE["query_bytes"]
