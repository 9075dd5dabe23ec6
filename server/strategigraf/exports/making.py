"""The files for download beside a release: made once, in a process apart, while the service answers.

Making them takes ten seconds of a processor, so no request waits for it and no worker does it. The first that asks
starts the making; until it is done, who asks is told to come again. ``strategigraf export`` makes them beforehand.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from strategigraf.errors import BadParameter
from strategigraf.exports import dumps
from strategigraf.exports.dumps import Index, Progress
from strategigraf.text import Text

try:
    import fcntl
except ImportError:  # pragma: no cover (no file locks on this system)
    fcntl = None  # type: ignore[assignment]

log = logging.getLogger("strategigraf.exports")
#: Seconds until a making that failed is tried again.
AGAIN = 60.0
_MADE_WITH = ("pyoxigraph", "xlsxwriter", "pyarrow", "backports.zstd")
_started: dict[Path, float] = {}
_lock = threading.Lock()


def place(release: Path, software: str) -> Path:
    """The folder of a release's files, beside it; other software makes other files, so it has another."""
    seed = "\0".join((software, sys.version, *map(_version, _MADE_WITH)))
    return release.with_name(f".{release.name}.exports-{hashlib.sha256(seed.encode()).hexdigest()[:12]}")


def ready(release: Path, software: str) -> Index | None:
    """The files of a release, where they have been made."""
    return _index(place(release, software))


def make(release: Path, name: str, software: str, progress: Progress = lambda _: None) -> Index | None:
    """Make the files of a release beside it, or find them made; None where another process is making them.

    They are written under another name and then moved, so a folder that is there is whole. Raises OSError where
    nothing can be written beside the release.
    """
    target = place(release, software)
    if found := _index(target):
        return found
    with _alone(target) as alone:
        if not alone:
            return None
        if found := _index(target):
            return found
        with tempfile.TemporaryDirectory(dir=release.parent, prefix=".making-") as scratch:
            made = Path(scratch) / "exports"
            made.mkdir()
            dumps.write(release / "data.nq", name, made, progress)
            made.rename(target)
        for other in release.parent.glob(f".{release.name}.exports-*"):
            if other != target and other.is_dir():
                shutil.rmtree(other, ignore_errors=True)
    return _index(target)


def into(target: Path, release: Path, name: str, software: str, progress: Progress = lambda _: None) -> Index:
    """Write the files of a release into a folder, which is made, or which is empty or holds such files already.

    Each file appears whole, the index last; what else lies there stays. Raises BadParameter for a folder with other
    things in it, and OSError where it cannot be written.
    """
    if target.is_dir() and any(target.iterdir()) and not (target / dumps.INDEX).is_file():
        raise BadParameter(
            Text(
                f"{target} er ikke tom. Vælg en tom mappe eller en, som export har skrevet.",
                f"{target} is not empty. Choose an empty folder, or one that export has written.",
            )
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".making-") as scratch:
        made = Path(scratch) / "exports"
        if found := ready(release, software):
            shutil.copytree(place(release, software), made)
        else:
            made.mkdir()
            found = dumps.write(release / "data.nq", name, made, progress)
        target.mkdir(exist_ok=True)
        written = sorted(path for path in made.rglob("*") if path.is_file())
        for path in sorted(written, key=lambda one: one.name == dumps.INDEX):
            there = target / path.relative_to(made)
            there.parent.mkdir(parents=True, exist_ok=True)
            path.replace(there)
    return found


def start(release: Path, software: str) -> None:
    """Start the making of a release's files in a process apart, unless this process did so a moment ago."""
    with _lock:
        now = time.monotonic()
        if now - _started.get(release, -AGAIN) < AGAIN:
            return
        _started[release] = now
    command = [sys.executable, "-m", "strategigraf", "export", "--release", str(release)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    threading.Thread(target=_watch, args=(process, place(release, software)), daemon=True).start()


def _watch(process: subprocess.Popen[bytes], target: Path) -> None:
    """Wait for a making, and say so where it fails."""
    _, said = process.communicate()
    if process.returncode:
        lines = said.decode("utf-8", "replace").strip().splitlines() or [""]
        log.error("%s could not be made: %s", target, lines[-1])


@lru_cache(4)
def _read(folder: Path, _: int) -> Index:
    return dumps.read(folder)


def _index(folder: Path) -> Index | None:
    try:
        return _read(folder, (folder / dumps.INDEX).stat().st_mtime_ns)
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextlib.contextmanager
def _alone(target: Path) -> Iterator[bool]:
    """Whether no other process is making the same (where the system has file locks)."""
    name = target.with_name(target.name + ".lock")
    with name.open("w") as lock:
        try:
            if fcntl is not None:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        try:
            yield True
        finally:
            with contextlib.suppress(OSError):
                name.unlink()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def niced() -> None:
    """Give way to whatever else this machine does."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(19)
