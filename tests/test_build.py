"""Building: the same input gives the same bytes, and a failed build loses nothing."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from strategigraf import build, release, sources
from strategigraf.errors import InvalidData, NoRelease, NotFound
from strategigraf.terms import cell


def tree(folder: Path) -> dict[str, str]:
    """The hash of every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def but_commit(made: release.Release) -> tuple[dict[str, str], dict[str, object]]:
    """A release's files and manifest, apart from the commit, which only a git checkout has."""
    files = {name: value for name, value in tree(made.folder).items() if name != "manifest.json"}
    return files, {key: value for key, value in made.manifest.items() if key != "commit"}


def with_cache(built: release.Release, out: Path) -> Path:
    shutil.copytree(built.folder.parent.parent / "cache", out / "cache")
    return out


def test_two_builds_on_two_paths_give_the_same_bytes(
    few_checkout: Callable[..., Path], few_built: release.Release, tmp_path: Path
) -> None:
    """The manifest too; the same is shown of all the facts below."""
    made = []
    for name in ("a", "b/deeper"):
        root = few_checkout({}, name)
        out = with_cache(few_built, tmp_path / name / "out")
        made.append(build.build(sources.load(root), out)[0])
    assert made[0].name == made[1].name
    assert tree(made[0].folder) == tree(made[1].folder)


def test_the_manifest_tells_what_is_in_it(built: release.Release) -> None:
    manifest = built.manifest
    data = (built.folder / "data.nq").read_bytes()
    assert manifest["sha256"]["data.nq"] == hashlib.sha256(data).hexdigest()
    rows = data.decode().splitlines()
    assert rows == sorted(rows)
    assert len(rows) == len(set(rows))
    assert manifest["triples"] == len(built.store())
    assert sum(manifest["graphs"].values()) + manifest["triples"] == len(rows)
    assert manifest["report"] == {"violations": 0, "warnings": []}
    assert set(manifest["derived"]) == {name for name, _ in built.sources().rules()}
    assert manifest["commit"] is None or len(manifest["commit"]) == 40
    assert "/" not in json.dumps(manifest["software"])


def test_every_rule_but_the_one_for_deviations_derives_something(built: release.Release) -> None:
    assert [name for name, count in built.manifest["derived"].items() if not count] == ["53-deviation"]


def test_the_name_follows_data_ontology_and_queries(
    few_checkout: Callable[..., Path], few_facts: sources.Sources, few_built: release.Release, tmp_path: Path
) -> None:
    names = {few_built.name}
    for number, (path, old, new) in enumerate(
        (
            ("data/ttl/frameworks/sapa.ttl", "sg:adoptable false", "sg:adoptable true"),
            ("queries/approvals.rq", "ORDER BY STR(?date)", "ORDER BY DESC(STR(?date))"),
        )
    ):
        text = (few_facts.root / path).read_text(encoding="utf-8")
        assert old in text
        root = few_checkout({path: text.replace(old, new, 1)}, f"n{number}")
        out = with_cache(few_built, tmp_path / f"n{number}" / "out")
        made, fresh = build.build(sources.load(root), out)
        assert fresh
        names.add(made.name)
    assert len(names) == 3


def test_an_unchanged_build_is_not_made_twice(few_facts: sources.Sources, few_built: release.Release) -> None:
    before = tree(few_built.folder)
    again, fresh = build.build(few_facts, few_built.folder.parent.parent)
    assert not fresh
    assert again.name == few_built.name
    forced, fresh = build.build(few_facts, few_built.folder.parent.parent, force=True)
    assert not fresh
    assert tree(forced.folder) == before


def test_a_failed_build_leaves_the_last_release(
    few_checkout: Callable[..., Path], few_built: release.Release, tmp_path: Path
) -> None:
    out = with_cache(few_built, tmp_path / "out")
    root = few_checkout({})
    good, _ = build.build(sources.load(root), out)
    before = tree(good.folder)
    path = root / "data/ttl/frameworks/sapa.ttl"
    path.write_text(
        path.read_text(encoding="utf-8").replace("sg:adoptable false", 'sg:adoptable "nej"'), encoding="utf-8"
    )
    with pytest.raises(InvalidData, match="nothing has been published"):
        build.build(sources.load(root), out)
    assert release.current(out).name == good.name
    assert tree(good.folder) == before
    assert {entry.name for entry in out.iterdir()} == {".lock", "cache", "releases", "CURRENT"}


def test_a_release_that_is_not_whole_is_not_served(built: release.Release, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(built.folder, copy)
    assert release.open_release(copy).name == built.name
    data = copy / "data.nq"
    data.write_bytes(data.read_bytes()[:-20])
    with pytest.raises(NoRelease, match="not a whole release"):
        release.open_release(copy)
    with pytest.raises(NoRelease, match="no release"):
        release.current(tmp_path)


def test_every_triple_is_in_a_named_graph_and_in_the_merge(built: release.Release) -> None:
    store = built.store()
    lost = store.select("SELECT * { { GRAPH ?g { ?s ?p ?o } FILTER NOT EXISTS { ?s ?p ?o } } } LIMIT 1")
    stray = store.select("SELECT * { ?s ?p ?o FILTER NOT EXISTS { GRAPH ?g { ?s ?p ?o } } } LIMIT 1")
    assert lost == []
    assert stray == []


def test_a_damaged_release_is_mended_by_building(
    few_facts: sources.Sources, few_built: release.Release, tmp_path: Path
) -> None:
    out = with_cache(few_built, tmp_path / "out")
    made, _ = build.build(few_facts, out)
    data = made.folder / "data.nq"
    data.write_bytes(data.read_bytes() + b"#")
    with pytest.raises(NoRelease):
        release.current(out)
    build.build(few_facts, out)
    assert tree(release.current(out).folder) == tree(few_built.folder)


def test_odd_line_ends_in_a_text_survive(
    few_checkout: Callable[..., Path], few_facts: sources.Sources, few_built: release.Release, tmp_path: Path
) -> None:
    path = "data/ttl/frameworks/sapa.ttl"
    text = (few_facts.root / path).read_text(encoding="utf-8")
    odd = "Fælles\u2028kommunalt\u0085system"
    assert "Fælleskommunalt system" in text
    root = few_checkout({path: text.replace("Fælleskommunalt system", odd)})
    made, _ = build.build(sources.load(root), with_cache(few_built, tmp_path / "out"))
    assert len(made.store()) == made.manifest["triples"]
    found = made.store().select(
        "SELECT ?text WHERE { framework:sapa dct:description ?text FILTER(LANG(?text) = 'da') }"
    )
    assert [cell(row["text"])[: len(odd)] for row in found] == [odd]


def test_a_release_holds_what_was_checked_not_what_the_disk_came_to_hold(
    checkout: Callable[..., Path], built: release.Release, tmp_path: Path
) -> None:
    """And a build of all the facts on another path gives the same bytes."""
    root = checkout({})

    def meddle(_: object) -> None:
        (root / "queries" / "trace.rq").write_text("edited meanwhile", encoding="utf-8")
        (root / "ontology" / ".DS_Store").write_text("x", encoding="utf-8")

    made, _ = build.build(sources.load(root), with_cache(built, tmp_path / "out"), progress=meddle)
    assert but_commit(made) == but_commit(built)


def test_the_texts_are_looked_at_even_when_nothing_has_changed(
    few_facts: sources.Sources, few_built: release.Release
) -> None:
    with pytest.raises(NotFound):
        build.build(few_facts, few_built.folder.parent.parent, texts=Path("/nowhere"))
