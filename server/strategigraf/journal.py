"""Logs: one JSON object a line, written in batches so that no request waits for a disk."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import sys
import time
from datetime import UTC, datetime
from typing import Any, TextIO

#: Queries that are noted one by one between two writes; of more, those that were fast and good are told together.
_MOST = 100


class Journal(logging.Handler):
    """The log of one process. ``queries``: ``all``, ``slow`` (those over ``slow`` seconds, and faults) or ``none``."""

    def __init__(self, stream: TextIO | None = None, queries: str = "all", slow: float = 0.1) -> None:
        super().__init__()
        self.stream, self.queries, self.slow = stream or sys.stderr, queries, slow
        self._lines: list[tuple[float, dict[str, Any] | tuple[Any, ...]]] = []
        self._more = 0
        self._more_seconds = 0.0

    def query(
        self, job: int, outcome: str, seconds: float, rows: int = 0, size: int = 0, text: str = "", status: int = 200
    ) -> None:
        """Note a query: its id, how it ended, milliseconds, rows, bytes, and a hash of its text.

        No address of a client is noted, and the text itself only where the query was slow or failed.
        """
        if outcome == "ok" and seconds < self.slow:
            if self.queries != "all":
                return
            if len(self._lines) >= _MOST:
                self._more += 1
                self._more_seconds += seconds
                return
        if self.queries != "none" and len(self._lines) < 100 * _MOST:
            self._lines.append((time.time(), (job, outcome, seconds, rows, size, text, status)))

    def note(self, event: str, **more: Any) -> None:
        """Note anything that happened."""
        self._lines.append((time.time(), {"event": event, **more}))

    def emit(self, record: logging.LogRecord) -> None:
        """Take in what is told by way of the standard library's logging."""
        more: dict[str, Any] = {"level": record.levelname.lower(), "message": record.getMessage()}
        if record.exc_info:
            more["trace"] = logging.Formatter().formatException(record.exc_info)
        self.note(record.name, **more)
        if record.levelno >= logging.ERROR:
            self.write()

    def write(self) -> None:
        """Write what waits."""
        if not self._lines:
            return
        lines, self._lines = self._lines, []
        if self._more:
            told = {"event": "queries", "outcome": "ok", "count": self._more, "ms": round(self._more_seconds * 1000)}
            lines.append((time.time(), told))
            self._more, self._more_seconds = 0, 0.0
        pid = os.getpid()
        text = "".join(
            json.dumps({"time": _iso(when), "pid": pid, **self._told(what)}, ensure_ascii=False, default=str) + "\n"
            for when, what in lines
        )  # fmt: skip
        with contextlib.suppress(OSError, ValueError):  # a log that cannot be written must not stop an answer
            self.stream.write(text)
            self.stream.flush()

    def _told(self, what: dict[str, Any] | tuple[Any, ...]) -> dict[str, Any]:
        """A line as it is written; that of a query is made only now, when nobody waits for an answer."""
        if isinstance(what, dict):
            return what
        job, outcome, seconds, rows, size, text, status = what
        told = {
            "event": "query", "id": f"{os.getpid():x}-{job:x}", "outcome": outcome, "status": status,
            "ms": round(seconds * 1000, 3),
            "rows": rows, "bytes": size,
        }  # fmt: skip
        if text:
            told["query"] = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()
            if seconds >= self.slow or outcome != "ok":
                told["text"] = text[:2000]
        return told

    def forget(self) -> None:
        """Drop what waits: a forked process must not write its parent's lines again."""
        self._lines = []


def _iso(when: float) -> str:
    return datetime.fromtimestamp(when, UTC).isoformat(timespec="milliseconds")


#: The journal of this process.
JOURNAL = Journal()


def install(queries: str) -> None:
    """Send everything that is logged in this process to the journal."""
    JOURNAL.queries = queries
    root = logging.getLogger()
    root.handlers[:] = [JOURNAL]
    root.setLevel(logging.INFO)
