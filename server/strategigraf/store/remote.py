"""A release in a store on another machine, by the SPARQL 1.1 Protocol."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence

from pyoxigraph import (
    NamedNode,
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    QueryTriples,
    RdfFormat,
    Store,
    parse_query_results,
)

from strategigraf import guard
from strategigraf.errors import BadQuery, NoRelease, StoreUnavailable
from strategigraf.ns import BASE, expand
from strategigraf.store import virtuoso
from strategigraf.store.dataset import Graphs, Prepared
from strategigraf.store.reader import Answers, Result, refusal
from strategigraf.store.wire import Answer, Wire, address, too_slow
from strategigraf.text import Text

log = logging.getLogger("strategigraf.store")
_JSON = "application/sparql-results+json"
_TRIPLES = "application/n-triples"
_ALIVE_SECONDS = 3.0
_SYNTAX = Store()


class RemoteStore(Answers):
    """One release in a SPARQL 1.1 store, put there by ``publish``.

    A text is read here first, so errors have their line and column, and nothing that is not a query of this release's
    graphs is ever sent.
    """

    elsewhere = True

    def __init__(self, url: str, release: str, graphs: Iterable[str], user: str = "", password: str = "") -> None:
        self.url = address(url, "--store")
        self.graphs = Graphs(release, graphs)
        self._wire = Wire(user, password)
        self._virtuoso: bool | None = None

    def apart(self) -> RemoteStore:
        """The store itself: ``after_fork`` makes new connections."""
        return self

    def before_fork(self) -> None:
        """Nothing to do: the release is there."""

    def after_fork(self) -> None:
        """Begin with connections of this process's own."""
        self._wire.renew()

    def close(self) -> None:
        """Let go of the connections."""
        self._wire.close()

    def __bool__(self) -> bool:
        return True

    def __len__(self) -> int:
        """The number of triples in the merge."""
        return int(self.select("SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }")[0]["n"].value)  # type: ignore[union-attr]

    def has(self, node: NamedNode) -> bool:
        """Whether the node is the subject of any triple."""
        return bool(self.query(f"ASK {{ {node} ?p ?o }}"))

    def alive(self) -> bool:
        """Whether the store answers and holds the whole release: its manifest is written last."""
        text = f"ASK {{ <{self.graphs.manifest}> <{expand('dct:identifier')}> ?release }}"
        asked = Prepared(text, (self.graphs.manifest,), ())
        return bool(self._result(asked, QueryBoolean, _ALIVE_SECONDS))

    def check(self) -> None:
        """Raise NoRelease, with the command that mends it, where the store does not hold the release."""
        if not self.alive():
            release, url = self.graphs.release, self.url
            raise NoRelease(
                Text(
                    f"Databasen på {url} har ikke udgivelsen {release}. Kør strategigraf publish --to {url}.",
                    f"The store at {url} does not hold release {release}. Run strategigraf publish --to {url}.",
                )
            )

    def query(
        self,
        text: str,
        default_graphs: Sequence[str] = (),
        named_graphs: Sequence[str] = (),
        seconds: float | None = None,
    ) -> Result:
        """Run a query as it stands; see ``Reader``. The whole answer is read before it is given."""
        guard.refuse_service(text)
        try:
            form = type(_SYNTAX.query(text, base_iri=BASE))
        except (SyntaxError, ValueError, OSError, RuntimeError) as error:
            raise refusal(text, error) from error
        return self._result(self.graphs.prepare(text, default_graphs, named_graphs), form, seconds)

    def _result(self, asked: Prepared, form: type[Result], seconds: float | None) -> Result:
        text = f"BASE <{BASE}>\n{asked.text}" if "<" in asked.text else asked.text
        if self._is_virtuoso():
            pairs = [("query", virtuoso.written(text, asked.default_graphs, asked.named_graphs))]
        else:
            pairs = [("query", text)]
            pairs += [("default-graph-uri", iri) for iri in asked.default_graphs]
            pairs += [("named-graph-uri", iri) for iri in asked.named_graphs]
        accept = _TRIPLES if form is QueryTriples else _JSON
        answer = self._wire.send("POST", self.url, data=pairs, headers={"Accept": accept}, seconds=seconds)
        self._note(answer)
        if answer.status != 200:
            raise self._error(answer, seconds)
        body = self.graphs.back(answer.body)
        if self._virtuoso:
            virtuoso.refuse_cut(answer.headers)
            body = virtuoso.read(body, form)
        try:
            return _triples(body) if form is QueryTriples else _rows(body, form)
        except (SyntaxError, ValueError) as error:
            log.warning("%s: an answer that cannot be read: %s", self.url, error)
            raise StoreUnavailable(
                Text("Databasens svar kan ikke læses.", "The answer of the store cannot be read.")
            ) from error

    def _is_virtuoso(self) -> bool:
        """Whether the store is Virtuoso, which says so in the header Server; asked once."""
        if self._virtuoso is None:
            pairs = [("query", "ASK {}")]
            self._note(self._wire.send("POST", self.url, data=pairs, headers={"Accept": _JSON}, seconds=_ALIVE_SECONDS))
        return bool(self._virtuoso)

    def _note(self, answer: Answer) -> None:
        if self._virtuoso is None and answer.status < 500:
            self._virtuoso = virtuoso.is_virtuoso(answer.headers)

    def _error(self, answer: Answer, seconds: float | None) -> Exception:
        """The error for an answer that is none."""
        lines = self.graphs.back(answer.body).decode("utf-8", "replace").strip().splitlines()
        said = re.sub(r"<[^>]*>", "", lines[0] if lines else "")[:300]
        log.warning("%s: status %d: %s", self.url, answer.status, said)
        if answer.status in (408, 504) or virtuoso.is_timeout(said):
            return too_slow(self.url, seconds or 0)
        if answer.status in (400, 500) and virtuoso.is_about_query(answer.status, said):
            return BadQuery(
                Text(f"Databasen tager ikke forespørgslen: {said}", f"The store does not take the query: {said}")
            )
        return StoreUnavailable(
            Text(f"Databasen svarer med fejl {answer.status}.", f"The store answers with error {answer.status}.")
        )


def _rows(body: bytes, form: type[Result]) -> Result:
    result = parse_query_results(body, QueryResultsFormat.JSON)
    if not isinstance(result, form):
        raise ValueError("an answer of another form")
    if isinstance(result, QuerySolutions):
        for _ in result:  # a fault is met while reading, and must not be met by whoever reads the rows
            pass
        return parse_query_results(body, QueryResultsFormat.JSON)
    return result


def _triples(body: bytes) -> QueryTriples:
    """The triples of an answer as a result of their own; a graph holds each once."""
    store = Store()
    store.load(body, format=RdfFormat.N_TRIPLES)
    result = store.query("CONSTRUCT WHERE { ?s ?p ?o }")
    assert isinstance(result, QueryTriples)
    return result
