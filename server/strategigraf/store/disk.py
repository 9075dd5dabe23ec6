"""The embedded store on disk, read-only, for a release that is too large for memory.

RocksDB has threads, and a process that has opened it even once keeps them. So a process that forks workers never opens
it: what it must know beforehand is asked in a process apart, and each worker opens the store for itself.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from importlib.metadata import version
from pathlib import Path

from pyoxigraph import QueryResultsFormat, QuerySolutions, Store, parse_query_results

from strategigraf.errors import StrategigrafError
from strategigraf.store.embedded import Embedded
from strategigraf.store.reader import HEAD, Term
from strategigraf.text import Text

_LOAD = """
import sys
from pyoxigraph import RdfFormat, Store
store = Store(sys.argv[2])
store.bulk_load(path=sys.argv[1], format=RdfFormat.N_QUADS)
store.optimize()
store.flush()
"""
_SELECT = """
import sys
from pyoxigraph import QueryResultsFormat, Store
store = Store.read_only(sys.argv[1])
store.query(sys.stdin.buffer.read().decode()).serialize(sys.stdout.buffer, format=QueryResultsFormat.JSON)
"""


class DiskStore(Embedded):
    """A dataset on disk, made by ``make``; opened by the first query, in the process that asks it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opened: Store | None = None
        self._inherited: list[Store] = []
        self._owner = 0
        self._lock = threading.Lock()

    @property
    def _store(self) -> Store:
        opened = self._opened
        if opened is None:
            with self._lock:
                opened = self._opened
                if opened is None:
                    opened = self._opened = _open(self.path)
                    self._owner = os.getpid()
        return opened

    def apart(self) -> _Apart:
        """Selects on the store in a process apart, so that this one stays without its threads."""
        return _Apart(self.path)

    def before_fork(self) -> None:
        """Nothing to do: what forks must not open it."""

    def after_fork(self) -> None:
        """Open the store in this process."""
        self.leave()
        _ = self._store

    def leave(self) -> None:
        """Leave a store alone that was inherited, since its threads are not here; the next query opens it anew."""
        self._lock = threading.Lock()
        if self._opened is not None and self._owner != os.getpid():
            self._inherited.append(self._opened)
            self._opened = None


class _Apart(DiskStore):
    """A store on disk whose selects run in a process of their own."""

    def select(self, text: str) -> list[dict[str, Term]]:
        """The rows of a SELECT in which all prefixes of the graph are known."""
        done = subprocess.run(
            [sys.executable, "-I", "-c", _SELECT, str(self.path)],
            input=(HEAD + text).encode(), capture_output=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise _broken(self.path, done.stderr)
        result = parse_query_results(done.stdout, QueryResultsFormat.JSON)
        if not isinstance(result, QuerySolutions):
            raise TypeError("not a SELECT")
        names = [variable.value for variable in result.variables]
        return [{name: value for name in names if (value := solution[name]) is not None} for solution in result]


def make(data: Path) -> Path:
    """The folder of the store on disk of an N-Quads file, made where it is not there yet.

    It lies beside the folder of the file and bears its name and the version of Oxigraph, whose format it has. It is
    filled under another name and then moved, so one that is there is whole. Raises StrategigrafError where it cannot
    be made, and OSError where the folder cannot be written.
    """
    release = data.parent
    target = release.with_name(f".{release.name}.store-{version('pyoxigraph')}")
    if target.is_dir():
        return target
    with tempfile.TemporaryDirectory(dir=release.parent, prefix=".making-") as scratch:
        made = Path(scratch) / "store"
        # In a process apart: loading starts threads that a process which forks must not have.
        done = subprocess.run(
            [sys.executable, "-I", "-c", _LOAD, str(data), str(made)], capture_output=True, check=False
        )
        if done.returncode:
            raise _broken(data, done.stderr)
        try:
            made.rename(target)
        except OSError:
            if not target.is_dir():
                raise
            shutil.rmtree(made)  # another process was faster, and its copy is as good
    return target


def _open(path: Path) -> Store:
    try:
        return Store.read_only(str(path))
    except (OSError, ValueError, RuntimeError) as error:
        raise _broken(path, str(error).encode()) from error


def _broken(path: Path, error: bytes) -> StrategigrafError:
    lines = error.decode("utf-8", "replace").strip().splitlines() or [""]
    return StrategigrafError(
        Text(
            f"Diskbutikken {path} kan ikke bruges: {lines[-1]}. Slet mappen, så laves den igen.",
            f"The store on disk {path} cannot be used: {lines[-1]}. Delete the folder, and it is made anew.",
        )
    )
