"""The store that a release of common size is served from: its merge in memory, its named graphs on disk.

Nearly every query asks the default graph only. With nothing else in memory a process holds half as much, and a look-up
passes by half as many quads: an index of Oxigraph in memory leads to the quads of all graphs. A query that may name a
graph goes to the store on disk, which holds both.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from pyoxigraph import DefaultGraph, Quad, RdfFormat, Store, Triple, parse

from strategigraf.store.disk import DiskStore, make
from strategigraf.store.embedded import Embedded, GraphStore
from strategigraf.store.reader import Result

log = logging.getLogger("strategigraf.store")
#: Keywords are ASCII in any case, and no keyword is written with escapes (SPARQL 1.1, sections 19.2 and 19.8). A text
#: that has these letters elsewhere is answered from disk too, which is slower and gives the same.
_KEYWORDS = ("graph", "from")


class MergedStore(Embedded):
    """A release whose default graph is in memory; the store with its named graphs is opened when it is asked for."""

    def __init__(self, data: Path) -> None:
        """Load the default graph of an N-Quads file that says both the named graphs and the merge."""
        self._data = data
        self._merge = Store()
        self._merge.bulk_extend(_by_predicate(data))
        self._whole: DiskStore | GraphStore | None = None

    @property
    def embedded(self) -> Store:
        """The store of the default graph itself, for measuring."""
        return self._merge

    @property
    def _store(self) -> Store:
        return self._merge

    @property
    def whole(self) -> DiskStore | GraphStore:
        """The store with the named graphs: on disk, or in memory where the folder cannot be written."""
        if self._whole is None:
            try:
                self._whole = DiskStore(make(self._data))
            except OSError as error:
                log.warning("named graphs are held in memory: %s", error)
                self._whole = GraphStore.open(self._data)
        return self._whole

    def apart(self) -> MergedStore:
        """The store itself: memory may be inherited."""
        return self

    def before_fork(self) -> None:
        """See that the named graphs are there for all who will ask."""
        _ = self.whole

    def after_fork(self) -> None:
        """Let go of what another process has opened on disk; memory is shared until it is written."""
        if isinstance(self._whole, DiskStore):
            self._whole.leave()

    def triples(self, graph: str = "") -> Iterator[Triple]:
        """The triples of a named graph, or of the default graph."""
        return self.whole.triples(graph) if graph else super().triples()

    def query(
        self,
        text: str,
        default_graphs: Sequence[str] = (),
        named_graphs: Sequence[str] = (),
        seconds: float | None = None,
    ) -> Result:
        """Run a query as it stands; see ``Reader``."""
        lower = text.lower()
        if default_graphs or named_graphs or any(word in lower for word in _KEYWORDS):
            return self.whole.query(text, default_graphs, named_graphs, seconds)
        return super().query(text)


def _by_predicate(data: Path) -> list[Quad]:
    """The quads of the default graph in the order of their predicates.

    Oxigraph lays them in memory as they come, and chains those of a predicate: an aggregation then reads along, which
    takes half the time. What a look-up reads is a few quads, wherever they lie.
    """
    nowhere = DefaultGraph()
    quads = [quad for quad in parse(path=str(data), format=RdfFormat.N_QUADS) if quad.graph_name == nowhere]
    quads.sort(key=lambda quad: quad.predicate.value)
    return quads
