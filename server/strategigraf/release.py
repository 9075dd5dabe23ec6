"""Releases on disk: named by their content, never changed, opened for reading."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from strategigraf.errors import NoRelease
from strategigraf.settings import StoreKind
from strategigraf.sources import Sources, digest, load
from strategigraf.store import DiskStore, MergedStore, make
from strategigraf.text import Text

CURRENT = "CURRENT"
#: A release of more triples is served from disk, unless the setting says otherwise.
MOST_IN_MEMORY = 2_000_000


@dataclass(frozen=True)
class Release:
    """One release on disk: ``data.nq``, the files it was made from, and ``manifest.json``."""

    folder: Path
    manifest: dict[str, Any]

    @property
    def name(self) -> str:
        """The release's name, a hash of its content."""
        return str(self.manifest["release"])

    def store(self, kind: StoreKind = "memory") -> MergedStore | DiskStore:
        """A fresh store with the release's quads, in memory or on disk; ``auto`` goes by their number.

        The store on disk is made beside the release the first time that it is asked for. Raises OSError where its
        folder cannot be written.
        """
        data = self.folder / "data.nq"
        large = int(self.manifest["triples"]) > MOST_IN_MEMORY
        if kind == "disk" or (kind == "auto" and large):
            return DiskStore(make(data))
        return MergedStore(data)

    def sources(self) -> Sources:
        """The files that the release was made from, kept in the release."""
        return load(self.folder)


def current(out: Path) -> Release:
    """The current release below ``out``; NoRelease where there is none."""
    return open_release(out / "releases" / current_name(out))


def current_name(out: Path) -> str:
    """The name of the current release below ``out``; NoRelease where there is none."""
    pointer = out / CURRENT
    if not pointer.is_file():
        raise NoRelease(
            Text(
                f"Der er ingen udgivelse i {out}. Kør strategigraf build.",
                f"There is no release in {out}. Run strategigraf build.",
            )
        )
    return pointer.read_text(encoding="utf-8").strip()


def open_release(folder: Path) -> Release:
    """The release in a folder, or the current one below it; NoRelease where it is not whole."""
    if (folder / CURRENT).is_file():
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


@cache
def software() -> str:
    """A hash over the code of this package and the versions of what it stands on."""
    package = Path(__file__).parent
    code = [(path.relative_to(package).as_posix(), path.read_text(encoding="utf-8")) for path in package.rglob("*.py")]
    stands_on = [(name, _version(name)) for name in ("strategigraf", "pyoxigraph", "pyshacl", "rdflib")]
    return digest(sorted(code) + stands_on)


def _version(name: str) -> str:
    """A package's version; none for one that runs from its source folder, whose code tells it apart."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
