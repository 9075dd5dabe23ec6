"""The embedded stores: Oxigraph in this process, over a dataset in memory or on disk."""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, Store, Triple, parse

from strategigraf import guard
from strategigraf.ns import BASE
from strategigraf.store.reader import Answers, Result, refusal
from strategigraf.terms import cell


class Embedded(Answers):
    """A store of this process, open for reading."""

    @property
    @abstractmethod
    def _store(self) -> Store:
        """The store behind this one."""

    def __len__(self) -> int:
        """The number of triples in the default graph."""
        return sum(1 for _ in self._store.quads_for_pattern(None, None, None, DefaultGraph()))

    def __bool__(self) -> bool:
        """True also where it is empty: it is a store, not a list."""
        return True

    def __contains__(self, triple: Triple) -> bool:
        return Quad(triple.subject, triple.predicate, triple.object, DefaultGraph()) in self._store

    def triples(self, graph: str = "") -> Iterator[Triple]:
        """The triples of a named graph, or of the default graph."""
        name = NamedNode(graph) if graph else DefaultGraph()
        return (quad.triple for quad in self._store.quads_for_pattern(None, None, None, name))

    def has(self, node: NamedNode) -> bool:
        """Whether the node is the subject of any triple."""
        return next(iter(self._store.quads_for_pattern(node, None, None, DefaultGraph())), None) is not None

    def about(self, nodes: Iterable[NamedNode], predicate: NamedNode | None = None) -> list[Triple]:
        """The triples whose subject is one of some nodes; see ``Reader``. A fifteenth of the time of a query."""
        found, nowhere = self._store.quads_for_pattern, DefaultGraph()
        return [quad.triple for node in set(nodes) for quad in found(node, predicate, None, nowhere)]

    def pointing(self, node: NamedNode, most: int) -> list[Triple]:
        """The triples whose object is a node; see ``Reader``."""
        quads = self._store.quads_for_pattern(None, None, node, DefaultGraph())
        return [quad.triple for quad in itertools.islice(quads, most)]

    def alive(self) -> bool:
        """Whether the store has any triple."""
        return next(iter(self._store.quads_for_pattern(None, None, None, DefaultGraph())), None) is not None

    def query(
        self,
        text: str,
        default_graphs: Sequence[str] = (),
        named_graphs: Sequence[str] = (),
        seconds: float | None = None,
    ) -> Result:
        """Run a query as it stands; see ``Reader``."""
        guard.refuse_service(text)
        chosen = bool(default_graphs or named_graphs)
        try:
            return self._store.query(
                text,
                base_iri=BASE,
                default_graph=[NamedNode(iri) for iri in default_graphs] if chosen else None,
                named_graphs=[NamedNode(iri) for iri in named_graphs] if chosen else None,
            )
        except (SyntaxError, ValueError, OSError, RuntimeError) as error:
            raise refusal(text, error) from error


class GraphStore(Embedded):
    """A dataset in memory whose default graph holds the merge of its named graphs, once each."""

    def __init__(self, quads: Iterable[Quad] = ()) -> None:
        self._memory = Store()
        self.add(quads)

    @property
    def _store(self) -> Store:
        return self._memory

    @classmethod
    def open(cls, path: Path) -> GraphStore:
        """Load an N-Quads file that says both the named graphs and the merge."""
        store = cls()
        store._memory.bulk_load(path=str(path), format=RdfFormat.N_QUADS)
        return store

    def apart(self) -> GraphStore:
        """The store itself: memory may be inherited."""
        return self

    def before_fork(self) -> None:
        """Nothing to do: memory is shared until it is written."""

    def after_fork(self) -> None:
        """Nothing to do, for the same reason."""

    def add(self, quads: Iterable[Quad]) -> None:
        """Add quads to their named graphs, and each triple to the default graph."""
        named = quads if isinstance(quads, list) else list(quads)
        merge = DefaultGraph()
        merged = [Quad(quad.subject, quad.predicate, quad.object, merge) for quad in named]
        self._memory.extend(named)
        self._memory.extend(merged)

    def load(self, triples: bytes, graph: NamedNode) -> None:
        """Add N-Triples to a named graph and to the default graph."""
        if b"_:" in triples:  # loading would name a blank node anew, and otherwise in each graph
            self.add(Quad(q.subject, q.predicate, q.object, graph) for q in parse(triples, RdfFormat.N_TRIPLES))
            return
        self._memory.load(triples, format=RdfFormat.N_TRIPLES, to_graph=graph)
        self._memory.load(triples, format=RdfFormat.N_TRIPLES)

    def add_new(self, triples: bytes, graph: NamedNode) -> int:
        """Add N-Triples to a named graph and to the default graph, but for those that this has; how many were new."""
        fresh = [quad for quad in parse(triples, RdfFormat.N_TRIPLES) if quad not in self._memory]
        self._memory.extend(fresh)
        self._memory.extend([Quad(q.subject, q.predicate, q.object, graph) for q in fresh])
        return len(fresh)

    def remove(self, quads: Iterable[Quad]) -> None:
        """Remove quads, and their triples from the default graph where no named graph still has them."""
        for quad in list(quads):
            self._memory.remove(quad)
            merged = Quad(quad.subject, quad.predicate, quad.object, DefaultGraph())
            others = self._memory.quads_for_pattern(quad.subject, quad.predicate, quad.object, None)
            if all(isinstance(other.graph_name, DefaultGraph) for other in others):
                self._memory.remove(merged)

    def quads(self) -> Iterable[Quad]:
        """Every quad of the named graphs."""
        found: list[Quad] = [quad for quad in self._memory if not isinstance(quad.graph_name, DefaultGraph)]
        return found

    def sizes(self) -> dict[str, int]:
        """The number of triples of each named graph, by its IRI."""
        counted = self.select("SELECT ?g (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g")
        return {cell(row["g"]): int(cell(row["n"])) for row in counted}

    def n_quads(self) -> bytes:
        """Every quad as N-Quads, those of the default graph among them, in no order."""
        return self._memory.dump(format=RdfFormat.N_QUADS) or b""
