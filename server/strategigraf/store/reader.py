"""What serving needs of a store, and what every store does alike."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from pyoxigraph import (
    BlankNode,
    Literal,
    NamedNode,
    QueryBoolean,
    QuerySolutions,
    QueryTriples,
    Triple,
)

from strategigraf import guard
from strategigraf.errors import BadQuery, StrategigrafError, UpdateRefused
from strategigraf.ns import PREFIXES
from strategigraf.text import Text

Result = QuerySolutions | QueryTriples | QueryBoolean
Term = NamedNode | BlankNode | Literal | Triple
Row = Mapping[str, Term]
_PLACE = re.compile(r"at (\d+):(\d+)")
HEAD = "".join(f"PREFIX {prefix}: <{base}>\n" for prefix, base in PREFIXES.items())
_PREFIXED = re.compile(r"\b([a-z]+):")
#: Nodes in one query of a store that is asked in SPARQL.
_AT_ONCE = 200


class Reader(Protocol):
    """A release in a store, open for reading, whose default graph is the merge of its named graphs.

    ``elsewhere``: whether another machine does the work, and keeps to the seconds that it is given.
    """

    elsewhere: bool

    def query(
        self,
        text: str,
        default_graphs: Sequence[str] = (),
        named_graphs: Sequence[str] = (),
        seconds: float | None = None,
    ) -> Result:
        """Run a SPARQL 1.1 query as it stands. A text from a stranger goes through ``ask`` instead.

        With ``default_graphs`` or ``named_graphs`` the dataset is exactly those graphs (SPARQL 1.1 Protocol, section
        2.1.4). ``seconds`` is what the query may take; an embedded store ignores it, since there only the process can
        be ended. A relative IRI is one of ours: ``<id/municipality/0727>`` (SPARQL 1.1, section 4.1.1).

        Raises UpdateRefused for an update; BadQuery, with line and column where they are known, for a text that does
        not parse or that calls another service; StoreUnavailable where a store on another machine does not answer.
        """

    def ask(
        self,
        text: str,
        default_graphs: Sequence[str] = (),
        named_graphs: Sequence[str] = (),
        seconds: float | None = None,
    ) -> Result:
        """Run a stranger's query, after a try of what could bring the process down; see ``query``."""

    def select(self, text: str) -> list[dict[str, Term]]:
        """The rows of a SELECT in which all prefixes of the graph are known."""

    def construct(self, text: str) -> list[Triple]:
        """The triples of a CONSTRUCT or DESCRIBE in which all prefixes of the graph are known."""

    def about(self, nodes: Iterable[NamedNode], predicate: NamedNode | None = None) -> list[Triple]:
        """The triples whose subject is one of some nodes: all of them, or those of a property; in no order."""

    def pointing(self, node: NamedNode, most: int) -> list[Triple]:
        """The triples whose object is a node, in no order; ``most`` of them where there are more."""

    def has(self, node: NamedNode) -> bool:
        """Whether the node is the subject of any triple."""

    def __len__(self) -> int:
        """The number of triples in the default graph."""

    def alive(self) -> bool:
        """Whether the store answers and holds the release, found out cheaply.

        Raises StoreUnavailable, which says more, where a store on another machine does not answer.
        """

    def apart(self) -> Reader:
        """The same for a process that is going to fork: what it leaves behind may be inherited."""

    def before_fork(self) -> None:
        """Make ready what all forked processes will use: called once, where nobody waits for an answer."""

    def after_fork(self) -> None:
        """Make the store a forked process's own: called in each before its first query."""


class Answers(ABC):
    """What every store does alike, given ``query``."""

    elsewhere = False

    @abstractmethod
    def query(
        self,
        text: str,
        default_graphs: Sequence[str] = (),
        named_graphs: Sequence[str] = (),
        seconds: float | None = None,
    ) -> Result:
        """Run a query; see ``Reader``."""

    def ask(
        self,
        text: str,
        default_graphs: Sequence[str] = (),
        named_graphs: Sequence[str] = (),
        seconds: float | None = None,
    ) -> Result:
        """Run a stranger's query; see ``Reader``."""
        guard.refuse_fatal(text)
        return self.query(text, default_graphs, named_graphs, seconds)

    def select(self, text: str) -> list[dict[str, Term]]:
        """The rows of a SELECT in which all prefixes of the graph are known."""
        result = self.query(_head(text) + text)
        if not isinstance(result, QuerySolutions):
            raise TypeError("not a SELECT")
        names = [variable.value for variable in result.variables]
        return [{name: value for name in names if (value := solution[name]) is not None} for solution in result]

    def construct(self, text: str) -> list[Triple]:
        """The triples of a CONSTRUCT or DESCRIBE in which all prefixes of the graph are known."""
        result = self.query(_head(text) + text)
        if not isinstance(result, QueryTriples):
            raise TypeError("not a CONSTRUCT")
        return list(result)

    def about(self, nodes: Iterable[NamedNode], predicate: NamedNode | None = None) -> list[Triple]:
        """The triples whose subject is one of some nodes; see ``Reader``."""
        written = sorted({str(node) for node in nodes})
        where = f"?s {predicate} ?o" if predicate else "?s ?p ?o"
        found: list[Triple] = []
        for start in range(0, len(written), _AT_ONCE):
            some = " ".join(written[start : start + _AT_ONCE])
            found += self.construct(f"CONSTRUCT {{ {where} }} WHERE {{ VALUES ?s {{ {some} }} {where} }}")
        return found

    def pointing(self, node: NamedNode, most: int) -> list[Triple]:
        """The triples whose object is a node; see ``Reader``."""
        return self.construct(f"CONSTRUCT {{ ?s ?p {node} }} WHERE {{ ?s ?p {node} }} LIMIT {most}")


def _head(text: str) -> str:
    """The prefixes that a text uses: to read all of them takes longer than a look-up."""
    return "".join(f"PREFIX {name}: <{PREFIXES[name]}>\n" for name in set(_PREFIXED.findall(text)) & PREFIXES.keys())


def refusal(text: str, error: Exception) -> StrategigrafError:
    """The error for a text that Oxigraph did not take: empty, an update, or not valid."""
    if not text.strip():
        return BadQuery(
            Text(
                "Forespørgslen er tom. Skriv SPARQL, fx SELECT * WHERE { ?s ?p ?o } LIMIT 10.",
                "The query is empty. Write SPARQL, such as SELECT * WHERE { ?s ?p ?o } LIMIT 10.",
            )
        )
    form = guard.update_form(text) if isinstance(error, SyntaxError | ValueError) else ""
    if form:
        return UpdateRefused(
            Text(
                f"{form} er en opdatering, og tjenesten kan kun læses. Brug SELECT, ASK, CONSTRUCT eller DESCRIBE.",
                f"{form} is an update, and the service is read-only. Use SELECT, ASK, CONSTRUCT or DESCRIBE.",
            )
        )
    return bad_query(str(error))


def bad_query(message: str) -> BadQuery:
    """The error for a text that is not valid, with line and column where the message has them."""
    place = _PLACE.search(message)
    message = re.split(r",? ?\['", re.sub(r"^error at \d+:\d+: ", "", message))[0].strip()
    da = f" i linje {place[1]}, tegn {place[2]}" if place else ""
    en = f" at line {place[1]}, column {place[2]}" if place else ""
    return BadQuery(
        Text(
            f"Forespørgslen er ikke gyldig SPARQL 1.1{da}: {message}",
            f"The query is not valid SPARQL 1.1{en}: {message}",
        ),
        (int(place[1]), int(place[2])) if place else None,
    )
