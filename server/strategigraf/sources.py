"""The curated files: ontology, schemes, shapes, rules, facts and queries, as they lie on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal as Choice

from pyoxigraph import NamedNode, Quad

from strategigraf import turtle
from strategigraf.errors import Finding, NotFound
from strategigraf.ns import GRAPH
from strategigraf.text import Text

Kind = Choice["ontology", "scheme", "shapes", "reference", "facts"]
_FOLDERS: tuple[tuple[str, Kind], ...] = (
    ("ontology/shapes", "shapes"),
    ("ontology/schemes", "scheme"),
    ("ontology", "ontology"),
    ("data/ttl/reference", "reference"),
    ("data/ttl", "facts"),
)


@dataclass(frozen=True)
class SourceFile:
    """One Turtle file; ``name`` is its path below the root, with forward slashes."""

    name: str
    text: str
    kind: Kind
    path: Path = field(compare=False)

    @property
    def stem(self) -> str:
        """The file's name without folder and ending."""
        return self.name.rsplit("/", 1)[-1].removesuffix(".ttl")

    @property
    def graph(self) -> str:
        """The named graph that the file's triples belong to."""
        return GRAPH + ("ontology" if self.kind in ("ontology", "scheme", "shapes") else self.stem)

    @property
    def digest(self) -> str:
        """SHA-256 of the text, in hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @cached_property
    def document(self) -> turtle.Document:
        """The parsed file; TurtleError where it does not parse."""
        return turtle.read(self.text)

    @property
    def quads(self) -> list[Quad]:
        """The file's triples in its named graph."""
        graph = NamedNode(self.graph)
        return [Quad(t.subject, t.predicate, t.object, graph) for t in self.document.triples]


@dataclass(frozen=True)
class Sources:
    """Everything that a release is made from."""

    root: Path
    files: tuple[SourceFile, ...]
    #: The other files by name: rules, queries, the receipt.
    others: Mapping[str, str]

    def of(self, *kinds: Kind) -> Iterator[SourceFile]:
        """The files of some kinds, by name."""
        return (file for file in self.files if file.kind in kinds)

    def by_graph(self, graph: str, subject: str) -> SourceFile | None:
        """The file of a named graph that writes a subject, or the graph's first file."""
        candidates = [file for file in self.files if file.graph == graph]
        node = NamedNode(subject) if subject else None
        for file in candidates:
            if node is not None and any(t.subject == node for t in file.document.triples):
                return file
        return candidates[0] if candidates else None

    def rules(self) -> list[tuple[str, str]]:
        """The rules in the order they run: name and text of each ``ontology/rules/NN-name.rq``."""
        return self._in("ontology/rules")

    def queries(self, folder: str = "") -> list[tuple[str, str]]:
        """The query files of ``queries`` or of a folder in it: name and text."""
        return self._in(f"queries/{folder}".rstrip("/"))

    @property
    def receipt(self) -> str:
        """The text of ``data/receipt.tsv``, or an empty string."""
        return self.others.get("data/receipt.tsv", "")

    def texts(self) -> list[tuple[str, str]]:
        """Every file that goes into a release, by name: exactly what has been checked."""
        return sorted([(file.name, file.text) for file in self.files] + list(self.others.items()))

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the names and texts of all that goes into a release."""
        return digest(self.texts())

    def _in(self, folder: str) -> list[tuple[str, str]]:
        found = [(name.rpartition("/"), text) for name, text in sorted(self.others.items())]
        return [(parts[2].removesuffix(".rq"), text) for parts, text in found if parts[0] == folder]


def digest(texts: Iterable[tuple[str, str]]) -> str:
    """SHA-256 over some named texts, told apart by their lengths."""
    total = hashlib.sha256()
    for name, text in texts:
        total.update(f"{name}\0{len(text)}\0".encode())
        total.update(text.encode())
    return total.hexdigest()


def load(root: Path) -> Sources:
    """Read every Turtle file below the root; nothing is parsed yet."""
    seen: dict[Path, SourceFile] = {}
    for folder, kind in _FOLDERS:
        pattern = "*.ttl" if folder == "ontology" else "**/*.ttl"
        for path in sorted((root / folder).glob(pattern)):
            if path not in seen:
                name = path.relative_to(root).as_posix()
                seen[path] = SourceFile(name, read_text(path, name), kind, path)
    others = {
        path.relative_to(root).as_posix(): read_text(path, path.relative_to(root).as_posix())
        for pattern in ("ontology/rules/*.rq", "queries/*.rq", "queries/*/*.rq", "data/receipt.tsv")
        for path in sorted(root.glob(pattern))
    }
    return Sources(root, tuple(sorted(seen.values(), key=lambda file: file.name)), others)


def with_files(base: Sources, paths: Iterable[Path]) -> tuple[Sources, Sequence[str]]:
    """The sources with some files read from ``paths`` in place of, or beside, those of the root.

    Returns the new sources and the names of the files that were asked for. Raises NotFound for a
    path that is not there, and for folders without Turtle.
    """
    files = {file.name: file for file in base.files}
    wanted: list[str] = []
    for path in paths:
        found = sorted(path.glob("**/*.ttl")) if path.is_dir() else [path]
        if not path.exists():
            raise NotFound(
                Text(
                    f"{path} findes ikke. Giv en fil eller mappe med Turtle.",
                    f"{path} does not exist. Give a file or folder of Turtle.",
                )
            )
        for one in found:
            resolved = one.resolve()
            if resolved.is_relative_to(base.root.resolve()):
                name = resolved.relative_to(base.root.resolve()).as_posix()
            else:
                name = str(one)
            known = files.get(name)
            files[name] = SourceFile(name, read_text(one, name), known.kind if known else "facts", one)
            wanted.append(name)
    if not wanted:
        raise NotFound(Text("Der er ingen Turtle-filer der.", "There are no Turtle files there."))
    return Sources(base.root, tuple(sorted(files.values(), key=lambda file: file.name)), base.others), wanted


def read_text(path: Path, name: str) -> str:
    """The text of a UTF-8 file; NotFound with the mend where it is not UTF-8."""
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotFound(
            Text(
                f"{name}: filen er ikke UTF-8 (byte {error.start}). Gem den som UTF-8.",
                f"{name}: the file is not UTF-8 (byte {error.start}). Save it as UTF-8.",
            )
        ) from error


def finding(
    source: SourceFile,
    code: str,
    severity: Choice["violation", "warning", "info"],
    what: Text,
    mend: Text,
    subject: str = "",
    predicate: str | None = None,
    value: str | None = None,
) -> Finding:
    """A finding at the place of a subject, and of its predicate where the file is canonical."""
    line = source.document.line_of(subject, predicate, value) if subject else 1
    return Finding(source.name, line, code, severity, what, mend, subject)
