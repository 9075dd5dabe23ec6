"""SHACL: the only user of pySHACL and rdflib, and only ever in a building process.

Each source graph is checked apart, with the class hierarchy of the ontology, and its result is
kept by content, so that an unchanged file costs nothing. What one graph says of another is the
business of the check queries.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pyshacl
import rdflib
from pyoxigraph import RdfFormat, Triple, serialize

from strategigraf import turtle
from strategigraf.errors import Severity
from strategigraf.ns import VOCABULARIES, expand
from strategigraf.text import Text

_SH = rdflib.Namespace(VOCABULARIES["sh"])
#: So many graphs are checked in one process.
_FEW = 8
#: Part of the key of a kept result: what checks, so that nothing is kept that would come out otherwise now.
_CHECKED_BY = f"{version('pyshacl')} {version('rdflib')} {hashlib.sha256(Path(__file__).read_bytes()).hexdigest()}"
_SEVERITIES: dict[str, Severity] = {
    VOCABULARIES["sh"] + "Violation": "violation",
    VOCABULARIES["sh"] + "Warning": "warning",
    VOCABULARIES["sh"] + "Info": "info",
}


@dataclass(frozen=True)
class ShapeResult:
    """One validation result (SHACL section 3.6.2): which shape, about which node, and why."""

    shape: str
    focus: str
    path: str
    value: str
    severity: Severity
    message: Text


class Validator:
    """The shapes and the class hierarchy, ready to check one graph after another."""

    def __init__(self, shapes: Iterable[Triple], ontology: Iterable[Triple], cache: Path | None = None) -> None:
        hierarchy = expand("rdfs:subClassOf")
        shapes = list(shapes)
        self._shapes = _graph(_ntriples(shapes))
        self._classes_text = _ntriples(t for t in ontology if t.predicate.value == hierarchy)
        self._cache = cache
        # The canonical text, since the names of blank nodes differ from reading to reading.
        key = f"{turtle.write(shapes)} {_CHECKED_BY}".encode() + self._classes_text
        self._key = hashlib.sha256(key).hexdigest()

    def check(self, triples: Sequence[Triple]) -> list[ShapeResult]:
        """Check one graph; from the cache where the same graph met the same shapes before."""
        return next(self.check_all([triples]))

    def check_all(self, graphs: Iterable[Sequence[Triple]]) -> Iterator[list[ShapeResult]]:
        """Check graphs, each apart, and give their results in the same order; on all cores where there are many."""
        texts = [_ntriples(triples) for triples in graphs]
        new = [text for text in texts if self._read(text) is None]
        # A process of its own costs more than a few graphs do, and only a fork has the shapes at hand.
        many = len(new) > _FEW and (os.cpu_count() or 1) > 1 and _may_fork()
        pool = multiprocessing.get_context("fork").Pool(os.cpu_count(), _take, (self,)) if many else None
        try:
            made = pool.imap(_make, new) if pool else map(self._run, new)
            for text in texts:
                results = self._read(text)
                if results is None:
                    results = next(made)
                    self._keep(text, results)
                yield results
        finally:
            if pool:
                pool.terminate()

    def _place(self, data: bytes) -> Path | None:
        name = hashlib.sha256(self._key.encode() + data).hexdigest()
        return self._cache / f"{name}.json" if self._cache else None

    def _read(self, data: bytes) -> list[ShapeResult] | None:
        """The kept results of a graph; None where they are missing, cut short or unreadable."""
        if kept := self._place(data):
            with suppress(OSError, ValueError, TypeError, KeyError):
                rows = json.loads(kept.read_text(encoding="utf-8"))
                return [ShapeResult(**{**row, "message": Text(**row["message"])}) for row in rows]
        return None

    def _keep(self, data: bytes, results: list[ShapeResult]) -> None:
        """Keeping is a convenience: a folder that cannot be written costs time and nothing else."""
        if kept := self._place(data):
            with suppress(OSError):
                kept.parent.mkdir(parents=True, exist_ok=True)
                rows = [{**vars(result), "message": vars(result.message)} for result in results]
                with tempfile.NamedTemporaryFile("w", dir=kept.parent, delete=False, encoding="utf-8") as part:
                    json.dump(rows, part, ensure_ascii=False)
                Path(part.name).replace(kept)

    def _run(self, data: bytes) -> list[ShapeResult]:
        _, report, _ = pyshacl.validate(
            _graph(data + self._classes_text),
            shacl_graph=self._shapes,
            inference="none",
            advanced=False,
            do_owl_imports=False,
            allow_warnings=True,
            meta_shacl=False,
        )
        if not isinstance(report, rdflib.Graph):
            raise TypeError("pySHACL gave no report")
        found = [_result(report, node) for node in report.objects(None, _SH.result)]
        return sorted(found, key=lambda r: (r.focus, r.shape, r.value))


#: What a process of the pool checks with.
_own: list[Validator] = []


def _take(validator: Validator) -> None:
    _own[:] = [validator]


def _make(data: bytes) -> list[ShapeResult]:
    return _own[0]._run(data)


def _result(report: rdflib.Graph, node: rdflib.term.Node) -> ShapeResult:
    def one(predicate: rdflib.URIRef) -> str:
        return str(report.value(node, predicate) or "")

    messages = {
        message.language: str(message)
        for message in report.objects(node, _SH.resultMessage)
        if isinstance(message, rdflib.Literal)
    }
    fallback = next(iter(messages.values()), "")
    shape = one(_SH.sourceShape)
    return ShapeResult(
        shape=shape.removeprefix(VOCABULARIES["sgsh"]),
        focus=one(_SH.focusNode),
        path=one(_SH.resultPath),
        value=one(_SH.value),
        severity=_SEVERITIES.get(one(_SH.resultSeverity), "violation"),
        message=Text(messages.get("da", fallback), messages.get("en", fallback)),
    )


def _ntriples(triples: Iterable[Triple]) -> bytes:
    return serialize(triples, format=RdfFormat.N_TRIPLES) or b""


def _graph(ntriples: bytes) -> rdflib.Graph:
    """Literals as they are written: rdflib would drop the time zone of a date before a shape sees it."""
    normalised = rdflib.NORMALIZE_LITERALS
    rdflib.NORMALIZE_LITERALS = False
    try:
        return rdflib.Graph().parse(data=ntriples, format="nt")
    finally:
        rdflib.NORMALIZE_LITERALS = normalised


def _may_fork() -> bool:
    """Whether a fork is safe: where there are other threads, one may hold a lock that the fork never frees."""
    if "fork" not in multiprocessing.get_all_start_methods():
        return False
    try:
        return sum(1 for _ in Path("/proc/self/task").iterdir()) == 1
    except OSError:
        return threading.active_count() == 1
