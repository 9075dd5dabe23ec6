"""What a page may ask of the store, and what it may take against a look-up: counts and ratios, no milliseconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pyoxigraph import NamedNode

from strategigraf import describe, ns
from strategigraf.ns import ID, TYPES
from strategigraf.service import Service
from strategigraf.store import MergedStore
from strategigraf.store.reader import Answers
from strategigraf.web import create_app

#: Queries that the page of a type may ask, for sections of its own; of the others all is read by pattern.
MOST_QUERIES = {
    "municipality": 20, "framework": 12, "strategy": 10, "element": 8, "document": 7, "body": 7, "series": 7,
    "organisation": 6, "adoption": 5, "concept": 4, "region": 2,
}  # fmt: skip


@pytest.fixture(scope="module")
def app(service: Service) -> Any:
    return create_app(service)


def first(service: Service, kind: str) -> str:
    return min(named.slug for named in service.names.things.values() if named.type == kind)


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The texts of the queries that are asked meanwhile."""
    asked: list[str] = []
    plain = MergedStore.query

    def query(self: MergedStore, text: str, *more: Any, **named: Any) -> Any:
        asked.append(text)
        return plain(self, text, *more, **named)

    with monkeypatch.context() as patch:
        patch.setattr(MergedStore, "query", query)
        yield asked


@pytest.mark.parametrize("kind", TYPES)
def test_a_page_asks_few_queries(kind: str, app: Any, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    client, slug = app.test_client(), first(service, kind)
    client.get(f"/doc/{kind}/{slug}?draw=1")  # what holds for the whole release is read once
    with counted(monkeypatch) as asked:
        assert client.get(f"/doc/{kind}/{slug}?draw=2").status_code == 200
    assert len(asked) <= MOST_QUERIES.get(kind, 0), asked


def test_its_data_ask_none(app: Any, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    client, slug = app.test_client(), first(service, "evidence")
    client.get(f"/doc/evidence/{slug}.jsonld?draw=1")
    with counted(monkeypatch) as asked:
        for ending in ("ttl", "nt", "jsonld", "rdf"):
            assert client.get(f"/doc/evidence/{slug}.{ending}?draw=2").status_code == 200
    assert asked == []


def test_patterns_and_sparql_read_the_same(service: Service) -> None:
    """What an embedded store reads by pattern is what any store answers to the query for it."""
    for kind in TYPES:
        node = NamedNode(f"{ID}{kind}/{first(service, kind)}")
        store: Any = service.store
        assert set(store.about([node])) == set(Answers.about(store, [node])) != set()
        by = NamedNode(ns.expand("rdfs:label"))
        assert set(store.about([node, node], by)) == set(Answers.about(store, [node], by)) != set()
        pointing = store.pointing(node, 10_000)
        assert set(pointing) == set(Answers.pointing(store, node, 10_000))
        assert len(store.pointing(node, 1)) == len(Answers.pointing(store, node, 1)) == min(1, len(pointing))


def test_a_description_is_the_same_however_much_points_to_it(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where more points to a thing than is read one by one, the store counts it: to the same end."""
    for path in ("municipality/0727", "framework/monopolbrud", "concept/status", "document/kl-kortlaegning"):
        read = describe.describe(service.store, ID + path)
        monkeypatch.setattr(describe, "MOST_READ", 0)
        assert describe.read(service.store, ID + path).many
        counted_ = describe.describe(service.store, ID + path)
        monkeypatch.undo()
        assert read == counted_
        assert read.incoming


def test_labels_from_memory_are_those_of_the_store(service: Service) -> None:
    for path in ("element", "strategy", "municipality"):
        iri = f"{ID}{path}/{first(service, path)}"
        plain, remembered = describe.describe(service.store, iri), None
        remembered = describe.describe(service.store, iri, service.names.labels)
        assert plain.labels == remembered.labels
        assert describe.graph(service.store, iri) == describe.graph(service.store, iri, service.names.labels)


def test_a_select_reads_only_the_prefixes_that_it_uses(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    with counted(monkeypatch) as asked:
        service.store.select("SELECT ?s WHERE { ?s a sg:Municipality ; rdfs:label ?l } LIMIT 1")
    assert sorted(line.split()[1] for line in asked[0].splitlines() if line.startswith("PREFIX")) == ["rdfs:", "sg:"]


def test_a_plain_page_takes_no_more_than_a_hundred_look_ups(app: Any, service: Service) -> None:
    """In processor time, the least of several runs of each, taken by turns."""
    client, slug = app.test_client(), first(service, "evidence")
    thing = f"<{ID}evidence/{slug}>"
    drawn = iter(range(10_000))

    def page() -> None:
        assert client.get(f"/doc/evidence/{slug}?draw=t{next(drawn)}").status_code == 200

    def look_up() -> None:
        for _ in range(20):
            list(service.store.query(f"SELECT ?p ?o WHERE {{ {thing} ?p ?o }}"))  # type: ignore[call-overload]

    def least(work: Callable[[], None]) -> float:
        before = time.process_time()
        work()
        return time.process_time() - before

    page()
    runs = [(least(page), least(look_up)) for _ in range(25)]
    assert min(run[0] for run in runs) < 100 * min(run[1] for run in runs) / 20
