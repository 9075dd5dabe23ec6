"""Answers that are kept: bounded in bytes, the least used leave first, and all leave when the day changes."""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")
#: What an entry costs besides its bytes.
OVERHEAD = 400


class Kept(Generic[Value]):
    """Values by key, at most ``most`` bytes of them, none larger than a sixteenth of that."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.bytes = 0
        self._lock = threading.Lock()
        self._found: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._found)

    def get(self, key: Hashable) -> Value | None:
        """The value of a key, which is now the most recently used; None where none is kept."""
        entry = self._found.get(key)
        if entry is None:
            return None
        with contextlib.suppress(KeyError):  # another thread threw it out meanwhile; the value is still right
            self._found.move_to_end(key)
        return entry[0]

    def put(self, key: Hashable, value: Value, size: int) -> None:
        """Keep a value of ``size`` bytes."""
        size += OVERHEAD
        if size > self.most // 16:
            return
        with self._lock:
            old = self._found.pop(key, None)
            self.bytes += size - (old[1] if old else 0)
            self._found[key] = (value, size)
            while self.bytes > self.most:
                _, (_, gone) = self._found.popitem(last=False)
                self.bytes -= gone

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._found.clear()
            self.bytes = 0
