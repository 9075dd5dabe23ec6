"""Building a release: made whole from the sources, or not at all."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from strategigraf import checks
from strategigraf.errors import InvalidData, NoRelease
from strategigraf.release import CURRENT, Release, current, open_release, software
from strategigraf.sources import Sources, digest
from strategigraf.store import GraphStore
from strategigraf.text import Text

try:
    import fcntl
except ImportError:  # pragma: no cover (no file locks on this system)
    fcntl = None  # type: ignore[assignment]

_PARTS = ("ontology", "queries", "data")


def build(
    sources: Sources,
    out: Path,
    texts: Path | None = None,
    progress: checks.Progress = checks.silent,
    force: bool = False,
) -> tuple[Release, bool]:
    """Check, infer and write a release below ``out``, and make it the current one.

    Returns the release and whether it is new. Unchanged sources and software give the current
    release at once, unless ``texts`` are to be looked at. Raises InvalidData with the findings
    where there are violations, and NoRelease where the written release does not read back; the
    last release then stays.
    """
    with _alone(out):
        try:
            last = current(out)
            if not force and texts is None and last.manifest["input"] == _input(sources):
                return last, False
        except NoRelease:
            last = None
        outcome = checks.check(sources, out / "cache" / "shacl", texts, progress)
        if outcome.violations or outcome.store is None:
            raise InvalidData(outcome.violations)
        progress(Text("skriver udgivelsen", "writing the release"))
        data = b"".join(_lines(outcome.store))
        made = _write(sources, out, data, _manifest(sources, outcome, data))
        return made, last is None or last.name != made.name


def _manifest(sources: Sources, outcome: checks.Checked, data: bytes) -> dict[str, Any]:
    assert outcome.store is not None
    counts = outcome.store.sizes()
    named = [(name, text) for name, text in sources.texts() if name.startswith(("ontology/", "queries/"))]
    return {
        "release": hashlib.sha256(data + digest(named).encode()).hexdigest()[:16],
        "input": _input(sources),
        "sha256": {"data.nq": hashlib.sha256(data).hexdigest()},
        "software": {"strategigraf": version("strategigraf")},
        "commit": _commit(sources.root),
        "triples": len(outcome.store),
        "graphs": dict(sorted(counts.items())),
        "derived": outcome.derived,
        "files": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in sources.texts()},
        "report": {
            "violations": 0,
            "warnings": [
                {
                    "file": item.file,
                    "line": item.line,
                    "code": item.code,
                    "what": vars(item.what),
                    "mend": vars(item.mend),
                }
                for item in outcome.findings
            ],
        },
    }


def _lines(store: GraphStore) -> list[bytes]:
    """The dataset as sorted N-Quads lines, the same for the same facts whatever order they came in."""
    # Only the line feed ends a line of N-Quads; a literal may hold other characters that end lines elsewhere. Bytes of
    # UTF-8 sort as the characters do.
    return sorted(line + b"\n" for line in store.n_quads().split(b"\n") if line)


def _input(sources: Sources) -> str:
    return hashlib.sha256((sources.digest + software()).encode()).hexdigest()


def _commit(root: Path) -> str | None:
    """The commit, where the inputs are exactly those of a commit."""
    git = shutil.which("git")
    if git is None or not (root / ".git").exists():
        return None
    try:
        dirty = subprocess.run(
            [git, "-C", str(root), "status", "--porcelain", "--", *_PARTS],
            capture_output=True, text=True, check=True, timeout=10,
        )  # fmt: skip
        head = subprocess.run(
            [git, "-C", str(root), "rev-parse", "HEAD"],
            capture_output=True, text=True, check=True, timeout=10,
        )  # fmt: skip
    except (subprocess.SubprocessError, OSError):
        return None
    return None if dirty.stdout.strip() else head.stdout.strip()


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Wait until no other build writes below ``out`` (where the system has file locks)."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / ".lock").open("w") as lock:
        if fcntl is not None:
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write(sources: Sources, out: Path, data: bytes, manifest: dict[str, Any]) -> Release:
    """Write the release beside its place, read it back, move it there in one step, and only then point to it.

    What is written is what was checked: the texts in memory, not the disk, which may have changed.
    """
    name = str(manifest["release"])
    releases = out / "releases"
    releases.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".making-") as scratch:
        folder = Path(scratch) / name
        folder.mkdir()
        (folder / "data.nq").write_bytes(data)
        for file, text in sources.texts():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes(text.encode())
        text = json.dumps(manifest, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
        (folder / "manifest.json").write_text(text, encoding="utf-8")
        if len(open_release(folder).store()) != manifest["triples"]:
            raise NoRelease(Text("Udgivelsen kan ikke læses igen.", "The release does not read back."))
        target = releases / name
        if not _whole(target):
            if target.exists():
                target.rename(Path(scratch) / "damaged")
            folder.rename(target)
        else:
            (folder / "manifest.json").replace(target / "manifest.json")
        pointer = Path(scratch) / CURRENT
        pointer.write_text(name + "\n", encoding="utf-8")
        pointer.replace(out / CURRENT)
    return Release(target, manifest)


def _whole(folder: Path) -> bool:
    try:
        open_release(folder)
    except NoRelease:
        return False
    return True
