"""Loading a release into a SPARQL 1.1 store, beside those that are there.

Each release has graphs of its own (``store.dataset``). Their names are written first, to the graph ``contents``, so
that what is half loaded can be found and dropped, and the graph ``manifest`` last: readers name the release that they
read, and one that is half loaded has none. The release before stays until the next.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from urllib.parse import urlsplit, urlunsplit

from pyoxigraph import (
    Literal,
    NamedNode,
    QueryResultsFormat,
    QuerySolutions,
    RdfFormat,
    Triple,
    parse_query_results,
    serialize,
)

from strategigraf.errors import StoreUnavailable
from strategigraf.ns import GRAPH, RDF_TYPE, expand
from strategigraf.release import Release
from strategigraf.settings import Settings
from strategigraf.store.dataset import Graphs
from strategigraf.store.virtuoso import is_virtuoso, loaded, refuse_cut
from strategigraf.store.wire import Wire, address
from strategigraf.text import Text

_VOID = "http://rdfs.org/ns/void#"
_PART = expand("dct:hasPart")
_OURS = re.compile(re.escape(GRAPH) + r"([0-9a-f]{16})/")
#: Triples in one request: as a file, and as the text of an update, which a store must parse as a whole.
_IN_FILE, _IN_UPDATE = 50_000, 2_000
#: Seconds that one request of a load may take.
_SECONDS = 600.0
_TRIPLES = "application/n-triples"


@dataclass(frozen=True)
class Published:
    """What was done: whether anything was loaded, the release that stays beside it, and those that were dropped."""

    fresh: bool
    previous: str
    dropped: tuple[str, ...]


def publish(
    release: Release,
    settings: Settings,
    to: str,
    graphs: str = "",
    update: str = "",
    progress: Callable[[Text], None] = lambda _: None,
) -> Published:
    """Load a release into the store whose query address is ``to``, and drop all but it and the one before.

    ``graphs`` is the address of the store's SPARQL 1.1 Graph Store HTTP Protocol (section 4.1), ``update`` that of
    SPARQL 1.1 Update; where neither is given they are those that Oxigraph or Virtuoso has beside ``to``, else updates
    go to ``to`` itself. A release that is there already is left as it is. Raises BadParameter for an address that
    cannot be used, and StoreUnavailable where the store does not take what it is given; what was there is then still
    there, and publishing may be tried again.
    """
    target = Target(settings, to, graphs, update)
    try:
        return _publish(release, settings, target, progress)
    finally:
        target.wire.close()


def _publish(release: Release, settings: Settings, target: Target, progress: Callable[[Text], None]) -> Published:
    names = Graphs(release.name, release.manifest["graphs"])
    total = int(release.manifest["triples"])
    found = target.manifests()
    older = sorted((name for name in found if name != release.name), key=lambda name: found[name])
    previous = older[-1] if older else ""
    fresh = release.name not in found or target.count(names.merged) != total
    if fresh:
        target.drop(names.manifest)
        store = release.store(settings.store)
        parts = [(iri, names.inner(iri), int(size)) for iri, size in release.manifest["graphs"].items()]
        parts.append(("", names.merged, total))
        target.put(names.contents, _contents(names, [inner for _, inner, _ in parts]))
        for number, (iri, inner, _) in enumerate(parts, 1):
            progress(Text(f"henter graf {number} af {len(parts)} ind", f"loading graph {number} of {len(parts)}"))
            target.put(inner, store.triples(iri))
        for _, inner, size in parts:
            if (there := target.count(inner)) != size:
                raise StoreUnavailable(
                    Text(
                        f"Databasen har {there} tripler i {inner}, ikke {size}. Kør publish igen.",
                        f"The store has {there} triples in {inner}, not {size}. Run publish again.",
                    )
                )
    if fresh or (previous and found[previous] > found[release.name]):
        # Its date says which release is the last: one that is published again after another becomes that.
        now = datetime.now(UTC)
        if previous:
            now = max(now, datetime.fromisoformat(found[previous]) + timedelta(microseconds=1))
        target.put(names.manifest, _manifest(names, total, now))
    dropped = _drop_others(target, {release.name, previous}, progress)
    return Published(fresh, previous, dropped)


def _manifest(names: Graphs, total: int, now: datetime) -> list[Triple]:
    """What says that a release is whole."""
    node = NamedNode(names.manifest)
    integer = NamedNode(expand("xsd:integer"))
    return [
        Triple(node, RDF_TYPE, NamedNode(_VOID + "Dataset")),
        Triple(node, NamedNode(expand("dct:identifier")), Literal(names.release)),
        Triple(node, NamedNode(expand("dct:created")), Literal(now.isoformat(timespec="microseconds"))),
        Triple(node, NamedNode(_VOID + "triples"), Literal(str(total), datatype=integer)),
    ]


def _contents(names: Graphs, parts: Iterable[str]) -> list[Triple]:
    """What says which graphs a release has in the store, whole or not."""
    return [Triple(NamedNode(names.contents), NamedNode(_PART), NamedNode(part)) for part in parts]


def _drop_others(target: Target, kept: set[str], progress: Callable[[Text], None]) -> tuple[str, ...]:
    """Drop every release but these, half loaded ones among them: its manifest first, its contents last."""
    there = {name: parts for name, parts in target.contents().items() if name not in kept}
    for name, parts in sorted(there.items()):
        progress(Text(f"fjerner udgivelse {name}", f"dropping release {name}"))
        names = Graphs(name, ())
        for iri in (names.manifest, *parts, names.contents):
            target.drop(iri)
    return tuple(sorted(there))


class Target:
    """A store that is written to."""

    def __init__(self, settings: Settings, to: str, graphs: str = "", update: str = "") -> None:
        self.wire = Wire(settings.store_user, settings.store_password)
        self._query = address(to, "--to")
        self._graphs = address(graphs, "--graphs") if graphs else ""
        self._update = address(update, "--update") if update else ""
        answer = self.wire.send("POST", to, data=[("query", "ASK {}")])
        self._virtuoso = is_virtuoso(answer.headers)
        if not self._graphs and not self._update:
            if self._virtuoso:
                self._graphs = _beside(to, "/sparql-graph-crud-auth")
            elif urlsplit(to).path.endswith("/query"):
                self._graphs = _beside(to, urlsplit(to).path.removesuffix("query") + "store")
            else:
                self._update = to

    def manifests(self) -> dict[str, str]:
        """The releases that are whole, each with when it was published."""
        rows = self._rows(
            f"SELECT ?release ?when WHERE {{ GRAPH ?g {{ ?g a <{_VOID}Dataset> ; "
            f"<{expand('dct:identifier')}> ?release ; <{expand('dct:created')}> ?when }} }}"
        )
        return {release: when for release, when in rows if re.fullmatch("[0-9a-f]{16}", release)}

    def contents(self) -> dict[str, list[str]]:
        """The graphs of each release, whole or not; nothing outside the names of releases."""
        found: dict[str, list[str]] = {}
        for contents, part in self._rows(f"SELECT ?g ?part WHERE {{ GRAPH ?g {{ ?g <{_PART}> ?part }} }}"):
            of, graph = _OURS.match(contents), _OURS.match(part)
            if of and graph and of[1] == graph[1]:
                found.setdefault(of[1], []).append(part)
        return found

    def count(self, graph: str) -> int:
        """The triples of a graph."""
        return int(self._rows("SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }", graph)[0][0])

    def put(self, graph: str, triples: Iterable[Triple]) -> None:
        """Make a graph hold exactly some triples."""
        if not self._graphs:
            self.drop(graph)
        method = "PUT"
        for some in _pieces(triples, _IN_FILE if self._graphs else _IN_UPDATE):
            body = serialize(some, format=RdfFormat.N_TRIPLES) or b""
            body = loaded(body) if self._virtuoso else body
            if self._graphs:
                self._send(method, self._graphs, graph, body)
                method = "POST"
            else:
                self._change(f"INSERT DATA {{ GRAPH <{graph}> {{\n{body.decode()}}} }}")

    def drop(self, graph: str) -> None:
        """Drop a graph; one that is not there is as good as dropped."""
        if self._graphs:
            self._send("DELETE", self._graphs, graph, None)
        else:
            self._change(f"DROP SILENT GRAPH <{graph}>")

    def _send(self, method: str, url: str, graph: str, body: bytes | None) -> None:
        headers = {"Content-Type": _TRIPLES} if body is not None else {}
        answer = self.wire.send(method, url, [("graph", graph)], body, headers, _SECONDS)
        if answer.status >= 300 and not (method == "DELETE" and answer.status == 404):
            raise _not_taken(url, answer.status, answer.body)

    def _change(self, text: str) -> None:
        answer = self.wire.send("POST", self._update, data=[("update", text)], seconds=_SECONDS)
        if answer.status >= 300:
            raise _not_taken(self._update, answer.status, answer.body)

    def _rows(self, text: str, graph: str = "") -> list[tuple[str, ...]]:
        pairs = [("query", text)] + ([("default-graph-uri", graph)] if graph else [])
        headers = {"Accept": "application/sparql-results+json"}
        answer = self.wire.send("POST", self._query, data=pairs, headers=headers, seconds=_SECONDS)
        if answer.status != 200:
            raise _not_taken(self._query, answer.status, answer.body)
        refuse_cut(answer.headers)
        try:
            result = parse_query_results(answer.body, QueryResultsFormat.JSON)
            assert isinstance(result, QuerySolutions)
            names = [variable.value for variable in result.variables]
            return [tuple(str(getattr(row[name], "value", "")) for name in names) for row in result]
        except (SyntaxError, ValueError, AssertionError) as error:
            raise _not_taken(self._query, answer.status, answer.body) from error


def _pieces(triples: Iterable[Triple], size: int) -> Iterator[list[Triple]]:
    """Triples in lists of at most ``size``; one list at least, which may be empty."""
    rest = iter(triples)
    some = list(islice(rest, size))
    yield some
    while some := list(islice(rest, size)):
        yield some


def _beside(url: str, path: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def _not_taken(url: str, status: int, body: bytes) -> StoreUnavailable:
    said = (body.decode("utf-8", "replace").strip().splitlines() or [""])[0][:200]
    return StoreUnavailable(
        Text(
            f"{url} svarer {status}: {said}. Passer adressen? Skriv-adresser gives med --graphs eller --update.",
            f"{url} answers {status}: {said}. Is the address right? Addresses to write to are given by --graphs or "
            "--update.",
        )
    )
