"""The embedded store: the only place that holds a ``pyoxigraph.Store``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pyoxigraph import (
    BlankNode,
    DefaultGraph,
    Literal,
    NamedNode,
    Quad,
    QueryBoolean,
    QuerySolutions,
    QueryTriples,
    RdfFormat,
    Store,
    Triple,
)

from strategigraf import guard
from strategigraf.errors import BadQuery, UpdateRefused
from strategigraf.ns import PREFIXES
from strategigraf.text import Text

Result = QuerySolutions | QueryTriples | QueryBoolean
Row = Mapping[str, NamedNode | BlankNode | Literal | Triple]
_PLACE = re.compile(r"at (\d+):(\d+)")
_HEAD = "".join(f"PREFIX {prefix}: <{base}>\n" for prefix, base in PREFIXES.items())


class GraphStore:
    """A dataset in memory whose default graph holds the merge of its named graphs, once each."""

    def __init__(self, quads: Iterable[Quad] = ()) -> None:
        self._store = Store()
        self.add(quads)

    @classmethod
    def open(cls, path: Path) -> GraphStore:
        """Load an N-Quads file that says both the named graphs and the merge."""
        store = cls()
        store._store.bulk_load(path=str(path), format=RdfFormat.N_QUADS)
        return store

    def after_fork(self) -> None:
        """Nothing to do: memory is shared until it is written."""

    def add(self, quads: Iterable[Quad]) -> None:
        """Add quads to their named graphs, and each triple to the default graph."""
        both: list[Quad] = []
        for quad in quads:
            both.append(quad)
            both.append(Quad(quad.subject, quad.predicate, quad.object, DefaultGraph()))
        self._store.extend(both)

    def remove(self, quads: Iterable[Quad]) -> None:
        """Remove quads, and their triples from the default graph where no named graph still has them."""
        for quad in list(quads):
            self._store.remove(quad)
            merged = Quad(quad.subject, quad.predicate, quad.object, DefaultGraph())
            others = self._store.quads_for_pattern(quad.subject, quad.predicate, quad.object, None)
            if all(isinstance(other.graph_name, DefaultGraph) for other in others):
                self._store.remove(merged)

    def __len__(self) -> int:
        """The number of triples in the default graph."""
        return sum(1 for _ in self._store.quads_for_pattern(None, None, None, DefaultGraph()))

    def __contains__(self, triple: Triple) -> bool:
        return Quad(triple.subject, triple.predicate, triple.object, DefaultGraph()) in self._store

    def quads(self) -> Iterable[Quad]:
        """Every quad of the named graphs."""
        found: list[Quad] = [quad for quad in self._store if not isinstance(quad.graph_name, DefaultGraph)]
        return found

    def all_quads(self) -> Iterable[Quad]:
        """Every quad, those of the default graph among them."""
        every: list[Quad] = list(self._store)
        return every

    def has(self, node: NamedNode) -> bool:
        """Whether the node is the subject of any triple."""
        return next(iter(self._store.quads_for_pattern(node, None, None, DefaultGraph())), None) is not None

    def query(
        self,
        text: str,
        default_graphs: Sequence[str] = (),
        named_graphs: Sequence[str] = (),
    ) -> Result:
        """Run a SPARQL 1.1 query as it stands. A text from a stranger goes through ``ask`` instead.

        With ``default_graphs`` or ``named_graphs`` the dataset is exactly those graphs (SPARQL 1.1
        Protocol, section 2.1.4).

        Raises UpdateRefused for an update, and BadQuery, with line and column where they are
        known, for a text that does not parse or that calls another service.
        """
        guard.refuse_service(text)
        chosen = bool(default_graphs or named_graphs)
        try:
            return self._store.query(
                text,
                default_graph=[NamedNode(iri) for iri in default_graphs] if chosen else None,
                named_graphs=[NamedNode(iri) for iri in named_graphs] if chosen else None,
            )
        except (SyntaxError, ValueError) as error:
            if not text.strip():
                raise BadQuery(
                    Text(
                        "Forespørgslen er tom. Skriv SPARQL, fx SELECT * WHERE { ?s ?p ?o } LIMIT 10.",
                        "The query is empty. Write SPARQL, such as SELECT * WHERE { ?s ?p ?o } LIMIT 10.",
                    )
                ) from error
            form = guard.update_form(text)
            raise (_refused(form) if form else _bad_query(str(error))) from error
        except (OSError, RuntimeError) as error:
            raise _bad_query(str(error)) from error

    def ask(
        self,
        text: str,
        default_graphs: Sequence[str] = (),
        named_graphs: Sequence[str] = (),
    ) -> Result:
        """Run a stranger's query, after a try of what could bring the process down; see ``query``."""
        guard.refuse_fatal(text)
        return self.query(text, default_graphs, named_graphs)

    def select(self, text: str) -> list[dict[str, NamedNode | BlankNode | Literal | Triple]]:
        """The rows of a SELECT in which all prefixes of the graph are known."""
        result = self.query(_HEAD + text)
        if not isinstance(result, QuerySolutions):
            raise TypeError("not a SELECT")
        names = [variable.value for variable in result.variables]
        return [{name: value for name in names if (value := solution[name]) is not None} for solution in result]

    def construct(self, text: str) -> list[Triple]:
        """The triples of a CONSTRUCT or DESCRIBE in which all prefixes of the graph are known."""
        result = self.query(_HEAD + text)
        if not isinstance(result, QueryTriples):
            raise TypeError("not a CONSTRUCT")
        return list(result)


def _refused(form: str) -> UpdateRefused:
    return UpdateRefused(
        Text(
            f"{form} er en opdatering, og tjenesten kan kun læses. Brug SELECT, ASK, CONSTRUCT eller DESCRIBE.",
            f"{form} is an update, and the service is read-only. Use SELECT, ASK, CONSTRUCT or DESCRIBE.",
        )
    )


def _bad_query(message: str) -> BadQuery:
    place = _PLACE.search(message)
    message = re.split(r",? ?\['", re.sub(r"^error at \d+:\d+: ", "", message))[0].strip()
    da = f" i linje {place[1]}, tegn {place[2]}" if place else ""
    en = f" at line {place[1]}, column {place[2]}" if place else ""
    return BadQuery(
        Text(
            f"Forespørgslen er ikke gyldig SPARQL 1.1{da}: {message}",
            f"The query is not valid SPARQL 1.1{en}: {message}",
        )
    )
