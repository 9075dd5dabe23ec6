"""The stores of one machine: what is in memory, what is on disk, and who opens it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from conftest import TODAY
from serving import running

from strategigraf.ns import GRAPH
from strategigraf.release import MOST_IN_MEMORY, Release
from strategigraf.service import Service
from strategigraf.settings import Settings
from strategigraf.store import DiskStore, GraphStore, MergedStore

SETTINGS = Settings(fixed_today=TODAY, public_url="https://strategigraf.example", client_seconds=0)
COUNT = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"


def test_the_store_on_disk_is_made_once_beside_the_release(built: Release) -> None:
    store = built.store("disk")
    assert isinstance(store, DiskStore)
    assert store.path.parent == built.folder.parent
    made = store.path.stat().st_mtime_ns
    assert isinstance(built.store("disk"), DiskStore)
    assert store.path.stat().st_mtime_ns == made
    assert not list(built.folder.parent.glob(".making-*"))


def test_the_number_of_triples_chooses(built: Release) -> None:
    assert isinstance(built.store("auto"), MergedStore)
    large = replace(built, manifest=built.manifest | {"triples": MOST_IN_MEMORY + 1})
    assert isinstance(large.store("auto"), DiskStore)
    assert isinstance(large.store("memory"), MergedStore)


def test_memory_holds_the_merge_only_and_asks_the_disk_for_graphs(built: Release, tmp_path: Path) -> None:
    copy = replace(built, folder=shutil.copytree(built.folder, tmp_path / "releases" / built.name))
    store = copy.store("memory")
    assert isinstance(store, MergedStore)
    assert len(store) == sum(1 for _ in store._store) == built.manifest["triples"]
    predicates = [quad.predicate.value for quad in store._store.quads_for_pattern(None, None, None, None)]
    assert sum(a != b for a, b in pairwise(predicates)) < len(set(predicates)), "those of a predicate lie together"
    assert store._whole is None
    assert store.ask("ASK { ?s a <ontology/Municipality> }")
    assert store._whole is None, "nothing is opened for a query of the default graph"
    texts = (
        "SELECT (COUNT(*) AS ?n) WHERE { graph ?g { ?s ?p ?o } }",
        f"SELECT (COUNT(*) AS ?n) FrOm <{GRAPH}odder-strategi> WHERE {{ ?s ?p ?o }}",
        f"SELECT (COUNT(*) AS ?n) WHERE {{ ?s ?p ?o FILTER NOT EXISTS {{ GRAPH <{GRAPH}ontology> {{ ?s ?p ?o }} }} }}",
    )
    want = [int(str(next(iter(GraphStore.open(copy.folder / "data.nq").query(text)))["n"].value)) for text in texts]  # type: ignore[index, union-attr]
    assert min(want) > 0
    assert [int(str(next(iter(store.ask(text)))["n"].value)) for text in texts] == want  # type: ignore[index, union-attr]
    assert isinstance(store._whole, DiskStore)


def test_graphs_are_in_memory_where_the_folder_cannot_be_written(
    built: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(data: Path) -> Path:
        raise PermissionError(13, "Permission denied", str(data))

    monkeypatch.setattr("strategigraf.store.merged.make", refuse)
    store = built.store("memory")
    assert isinstance(store, MergedStore)
    store.before_fork()
    assert isinstance(store.whole, GraphStore)
    assert store.ask("ASK { GRAPH ?g { ?s ?p ?o } }")


def test_a_process_that_forks_never_opens_the_store_on_disk(built: Release) -> None:
    before = _threads()
    service = Service.open(replace(SETTINGS, store="disk"), built)
    assert service.names.things
    assert service.store._opened is None  # type: ignore[attr-defined]
    assert _threads() <= before


def _threads() -> int:
    return sum(1 for _ in Path("/proc/self/task").iterdir())


def test_serving_from_disk(built: Release, tmp_path: Path) -> None:
    with running(built.folder, tmp_path, STORE="disk") as served:
        for _ in range(4):
            status, body, _ = served.ask(COUNT)
            assert status == 200
            assert str(built.manifest["triples"]).encode() in body
        assert served.get("/doc/municipality/0727")[0] == 200


def test_a_store_on_disk_that_is_broken_says_so(built: Release, tmp_path: Path) -> None:
    from strategigraf.errors import StrategigrafError

    with pytest.raises(StrategigrafError, match=r"cannot be used.*Delete the folder"):
        DiskStore(tmp_path / "nowhere").alive()
