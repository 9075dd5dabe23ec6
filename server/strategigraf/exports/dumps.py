"""The files of a release for download: the whole graph, each named graph, tables, workbook; the same bytes each time.

No file holds a time, a host name or anything else that is not of the release: the same release under the same software
gives the same files.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import io
import json
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from pyoxigraph import NamedNode, Quad, RdfFormat, Triple, parse, serialize

from strategigraf.exports import csvw, parquet, workbook
from strategigraf.exports.classes import tables
from strategigraf.exports.jsonld import Context, flat
from strategigraf.media import CSV, GRAPHS, JSON, XLSX
from strategigraf.ns import GRAPH, PREFIXES
from strategigraf.text import Text

INDEX, SUMS, STEM = "index.json", "SHA256SUMS", "strategigraf"
TITLE = Text("Strategigraf", "Strategigraf")
ABOUT = Text(
    "Danske digitaliseringsstrategier på tre niveauer (fællesoffentligt, fælleskommunalt og lokalt): deres mål, "
    "principper, indsatsområder, initiativer og rammer, hvad de bygger på, og hvor i hvilket dokument det står.",
    "Danish digital strategies on three levels (common public-sector, joint municipal and local): their goals, "
    "principles, focus areas, initiatives and frameworks, what they build on, and where in which document it says so.",
)
GZIP, ZSTD, ZIP = "application/gzip", "application/zstd", "application/zip"
#: Endings of what is packed, with the media type of the packing (RFC 6713, RFC 8878).
PACKED = {"gz": GZIP, "zst": ZSTD, "zip": ZIP}
NQUADS, TRIG, PARQUET = "application/n-quads", "application/trig", "application/vnd.apache.parquet"
_TYPES = {one.token: one.type for one in (*GRAPHS, CSV, JSON, XLSX)} | {
    "nq": NQUADS, "trig": TRIG, "parquet": PARQUET, "csv.zip": CSV.type, "parquet.zip": PARQUET,
}  # fmt: skip
#: Middling: half a second for a graph of 90,000 triples, a tenth larger than the slowest.
_ZSTD_LEVEL = 12
Progress = Callable[[Text], None]


@dataclass(frozen=True)
class File:
    """One file for download.

    ``path``: below the folder of the release. ``media``: the media type of its content; ``packed``: that of the packing
    around it, or empty. ``size``: bytes. ``sha256``: hexadecimal. ``part``: ``whole`` (named graphs apart), ``merge``
    (each triple once), ``graph`` (one named graph), ``tables``, ``workbook``, ``parquet``, ``context``. ``graph``: the
    IRI of the named graph.
    """

    path: str
    media: str
    packed: str
    size: int
    sha256: str
    part: str
    graph: str = ""


@dataclass(frozen=True)
class Index:
    """The files of a release, in the order to show them."""

    release: str
    files: tuple[File, ...]

    def file(self, path: str) -> File | None:
        """The file at a path."""
        return next((one for one in self.files if one.path == path), None)


def zstd_available() -> bool:
    """Whether files can be packed by Zstandard: Python 3.14, or its backport."""
    return sys.version_info >= (3, 14) or importlib.util.find_spec("backports.zstd") is not None


def write(data: Path, release: str, folder: Path, progress: Progress = lambda _: None) -> Index:
    """Write all files of a release into a folder that is there and empty.

    ``data``: its N-Quads, which say both the named graphs and the merge. Parquet and Zstandard are left out where what
    they need is not installed. Raises OSError where the folder cannot be written.
    """
    writer = _Folder(folder)
    progress(Text("læser udgivelsen", "reading the release"))
    merge: list[Triple] = []
    graphs: dict[str, list[Triple]] = {}
    for quad in parse(path=str(data), format=RdfFormat.N_QUADS):
        if isinstance(quad.graph_name, NamedNode):
            graphs.setdefault(quad.graph_name.value, []).append(quad.triple)
        else:
            merge.append(quad.triple)
    context = Context(merge)
    progress(Text("skriver grafen", "writing the graph"))
    quads = [Quad(t.subject, t.predicate, t.object, NamedNode(iri)) for iri in sorted(graphs) for t in graphs[iri]]
    writer.add(f"{STEM}.nq", "whole", _lines(quads, RdfFormat.N_QUADS))
    writer.add(f"{STEM}.trig", "whole", _readable(quads, RdfFormat.TRIG))
    _graph(writer, STEM, "merge", merge, context)
    progress(Text("skriver tabellerne", "writing the tables"))
    found = tables(merge, context)
    writer.add(f"{STEM}.xlsx", "workbook", workbook.workbook(found, TITLE, ABOUT, release), pack=False)
    files = {f"tables/{table.name}.csv": csvw.as_csv(table) for table in found}
    files[f"tables/{csvw.METADATA}"] = csvw.metadata(found, TITLE, ABOUT, release)
    writer.add(f"{STEM}.csv.zip", "tables", _zip(files), pack=False)
    for path, content in files.items():
        writer.add(path, "tables", content)
    if parquet.available():
        made = {f"parquet/{table.name}.parquet": parquet.as_parquet(table) for table in found}
        writer.add(f"{STEM}.parquet.zip", "parquet", _zip(made, zipfile.ZIP_STORED), pack=False)
        for path, content in made.items():
            writer.add(path, "parquet", content, pack=False)
    writer.add("context.jsonld", "context", context.whole(), pack=False)
    progress(Text("skriver de enkelte grafer", "writing each graph"))
    for iri in sorted(graphs):
        _graph(writer, f"graphs/{iri.removeprefix(GRAPH)}", "graph", graphs[iri], context, iri)
    return writer.close(release)


def read(folder: Path) -> Index:
    """The index of a folder that ``write`` has written; OSError, ValueError or KeyError where there is none."""
    found = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    return Index(found["release"], tuple(File(**one) for one in found["files"]))


def _graph(writer: _Folder, stem: str, part: str, triples: list[Triple], context: Context, iri: str = "") -> None:
    writer.add(f"{stem}.ttl", part, _readable(triples, RdfFormat.TURTLE), iri)
    writer.add(f"{stem}.nt", part, _lines(triples, RdfFormat.N_TRIPLES), iri)
    writer.add(f"{stem}.jsonld", part, b"".join(flat(triples, context)), iri)


def _lines(some: list[Quad] | list[Triple], form: RdfFormat) -> bytes:
    return serialize(some, format=form) or b""


def _readable(some: list[Quad] | list[Triple], form: RdfFormat) -> bytes:
    """Turtle or TriG with its prefixes in alphabetical order; the serializer's differs from process to process."""
    text = (serialize(some, format=form, prefixes=PREFIXES) or b"").split(b"\n")
    count = next((n for n, line in enumerate(text) if not line.startswith(b"@prefix ")), len(text))
    return b"\n".join(sorted(text[:count]) + text[count:])


def _zip(files: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as packed:
        for path, content in files.items():
            # The earliest time that a ZIP can say: the files have none.
            entry = zipfile.ZipInfo(path.rpartition("/")[2], (1980, 1, 1, 0, 0, 0))
            entry.compress_type, entry.external_attr = how, 0o644 << 16
            packed.writestr(entry, content)
    return out.getvalue()


class _Folder:
    """A folder that is being filled, and the list of what is in it."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._files = folder, list[File]()

    def add(self, path: str, part: str, content: bytes, graph: str = "", pack: bool = True) -> None:
        """Write a file, and packed copies of it."""
        for ending, body in self._forms(content) if pack else (("", content),):
            name = f"{path}.{ending}" if ending else path
            inner = path.partition(".")[2]
            packing = PACKED.get(ending) or PACKED.get(inner.rpartition(".")[2], "")
            target = self._folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(body)
            self._files.append(
                File(name, _TYPES[inner], packing, len(body), hashlib.sha256(body).hexdigest(), part, graph)
            )

    def _forms(self, content: bytes) -> Iterator[tuple[str, bytes]]:
        yield "", content
        yield "gz", gzip.compress(content, 9, mtime=0)
        if zstd_available():
            yield "zst", _zstd(content)

    def close(self, release: str) -> Index:
        """Write the checksums, in the form of ``sha256sum``, and the index, last."""
        sums = "".join(f"{one.sha256}  {one.path}\n" for one in sorted(self._files, key=lambda one: one.path))
        (self._folder / SUMS).write_text(sums, encoding="utf-8")
        content = {"release": release, "files": [asdict(one) for one in self._files]}
        (self._folder / INDEX).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        return Index(release, tuple(self._files))


def _zstd(content: bytes) -> bytes:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    packed: bytes = zstd.compress(content, _ZSTD_LEVEL)
    return packed
