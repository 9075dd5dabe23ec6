"""Releases: made whole from the sources or not at all, named by their content, never changed."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pyoxigraph import DefaultGraph, RdfFormat, serialize

from strategigraf import checks
from strategigraf.errors import InvalidData, NoRelease
from strategigraf.sources import Sources, load
from strategigraf.store import GraphStore
from strategigraf.text import Text

_CURRENT = "CURRENT"
_PARTS = ("ontology", "queries", "data")


@dataclass(frozen=True)
class Release:
    """One release on disk: ``data.nq``, the files it was made from, and ``manifest.json``."""

    folder: Path
    manifest: dict[str, Any]

    @property
    def name(self) -> str:
        """The release's name, a hash of its content."""
        return str(self.manifest["release"])

    def store(self) -> GraphStore:
        """A fresh store with the release's quads."""
        return GraphStore.open(self.folder / "data.nq")

    def sources(self) -> Sources:
        """The files that the release was made from, kept in the release."""
        return load(self.folder)


def build(
    sources: Sources,
    out: Path,
    texts: Path | None = None,
    progress: checks.Progress = checks.silent,
    force: bool = False,
) -> tuple[Release, bool]:
    """Check, infer and write a release below ``out``, and make it the current one.

    Returns the release and whether it is new; unchanged sources give the current release at once.
    Raises InvalidData with the findings where there are violations; the last release then stays.
    """
    try:
        last = current(out)
        if not force and last.manifest["input"] == _input(sources):
            return last, False
    except NoRelease:
        last = None
    outcome = checks.check(sources, out / "cache" / "shacl", texts, progress)
    if outcome.violations or outcome.store is None:
        raise InvalidData(outcome.violations)
    progress(Text("skriver udgivelsen", "writing the release"))
    lines = _lines(outcome.store)
    data = "".join(lines).encode()
    counts = Counter(
        quad.graph_name.value for quad in outcome.store.quads() if not isinstance(quad.graph_name, DefaultGraph)
    )
    digest = hashlib.sha256(data)
    for part in ("ontology", "queries"):
        for path in sorted((sources.root / part).rglob("*")):
            if path.is_file():
                digest.update(path.relative_to(sources.root).as_posix().encode())
                digest.update(path.read_bytes())
    manifest = {
        "release": digest.hexdigest()[:16],
        "input": _input(sources),
        "sha256": {"data.nq": hashlib.sha256(data).hexdigest()},
        "software": {"strategigraf": version("strategigraf")},
        "commit": _commit(sources.root),
        "triples": len(outcome.store),
        "graphs": dict(sorted(counts.items())),
        "derived": outcome.derived,
        "files": {file.name: file.digest for file in sources.files},
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
    name = str(manifest["release"])
    _write(sources.root, out, name, data, manifest)
    return Release(out / "releases" / name, manifest), last is None or last.name != name


def current(out: Path) -> Release:
    """The current release below ``out``; NoRelease where there is none."""
    pointer = out / _CURRENT
    if not pointer.is_file():
        raise NoRelease(
            Text(
                f"Der er ingen udgivelse i {out}. Kør strategigraf build.",
                f"There is no release in {out}. Run strategigraf build.",
            )
        )
    return open_release(out / "releases" / pointer.read_text(encoding="utf-8").strip())


def open_release(folder: Path) -> Release:
    """The release in a folder, or the current one below it; NoRelease where it is not whole."""
    if (folder / _CURRENT).is_file():
        return current(folder)
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        intact = hashlib.sha256((folder / "data.nq").read_bytes()).hexdigest() == manifest["sha256"]["data.nq"]
    except (OSError, ValueError, KeyError):
        intact = False
    if not intact:
        raise NoRelease(
            Text(
                f"{folder} er ikke en hel udgivelse. Kør strategigraf build.",
                f"{folder} is not a whole release. Run strategigraf build.",
            )
        )
    return Release(folder, manifest)


def _lines(store: GraphStore) -> list[str]:
    """The dataset as sorted N-Quads lines, the same for the same facts whatever order they came in."""
    text = serialize(store.all_quads(), format=RdfFormat.N_QUADS) or b""
    return sorted(text.decode().splitlines(keepends=True))


def _input(sources: Sources) -> str:
    return hashlib.sha256((sources.digest + version("strategigraf")).encode()).hexdigest()


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


def _write(root: Path, out: Path, name: str, data: bytes, manifest: dict[str, Any]) -> None:
    """Write the release beside its place, move it there in one step, and only then point to it."""
    releases = out / "releases"
    releases.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out) as scratch:
        folder = Path(scratch) / name
        folder.mkdir()
        (folder / "data.nq").write_bytes(data)
        for part in _PARTS:
            shutil.copytree(root / part, folder / part)
        text = json.dumps(manifest, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
        (folder / "manifest.json").write_text(text, encoding="utf-8")
        target = releases / name
        if target.exists():
            (folder / "manifest.json").replace(target / "manifest.json")
        else:
            folder.rename(target)
    pointer = out / f"{_CURRENT}.part"
    pointer.write_text(name + "\n", encoding="utf-8")
    pointer.replace(out / _CURRENT)
