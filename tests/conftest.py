"""What the tests share: the sources, one built release, and a service over it."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Generator
from datetime import date
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any, ClassVar

import few
import pytest
from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from pyoxigraph import NamedNode, Quad, RdfFormat, parse

from strategigraf import build, infer, release, settings, sources, turtle
from strategigraf.catalogue import Answer, Catalogue
from strategigraf.names import Names
from strategigraf.ns import GRAPH, ID, PREFIXES
from strategigraf.service import Service
from strategigraf.settings import Settings
from strategigraf.store import GraphStore

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
TODAY = date(2026, 11, 25)
_ONTOLOGY = NamedNode(GRAPH + "ontology")
TURTLE_HEAD = "".join(f"@prefix {prefix}: <{base}> .\n" for prefix, base in PREFIXES.items())


#: The files that take longest. They come first, so that no process is left alone with one when all else is done;
#: ``--no-loadscope-reorder`` leaves them there.
LONGEST = (
    "browser",
    "server",
    "stores",
    "editor",
    "questions",
    "about",
    "wheel",
    "benchmarks",
    "rules",
    "build",
    "fuzz",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first; and skip, loudly, what needs the folder of source texts where it is not there."""
    rank = {f"test_{name}": place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))
    if not SHARED.is_dir():
        for item in items:
            if item.get_closest_marker("shared"):
                item.add_marker(pytest.mark.skip(reason=f"{SHARED} is not here: the source texts were NOT looked at"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    """In CI a skipped test is a failure, unless it needs the folder of source texts."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and os.environ.get("STRATEGIGRAF_CI") and not item.get_closest_marker("shared"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"


#: The same files are read again and again, in copies of the checkout: each text is parsed once.
turtle.read = cache(turtle.read)


class Compiled(BytecodeCache):
    """Each application has an environment of its own and the same templates: each text is compiled once."""

    codes: ClassVar[dict[tuple[str, str], CodeType]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self.codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self.codes[bucket.key, bucket.checksum] = bucket.code


Flask.jinja_options = {"bytecode_cache": Compiled()}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the settings of the shell it was started from."""
    for setting in settings.SETTINGS:
        monkeypatch.delenv(setting.name, raising=False)


@pytest.fixture(scope="session")
def facts() -> sources.Sources:
    """The project's own sources."""
    return sources.load(ROOT)


@pytest.fixture(scope="session")
def built(facts: sources.Sources, tmp_path_factory: pytest.TempPathFactory) -> release.Release:
    """A release built from the project's own sources, once for all tests, in whichever process comes first."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return _build(facts, base / "built")
    first = base.parent / "first"
    with (base.parent / "first.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _build(facts, first)
    # Tests write beside it, so each process has a copy.
    shutil.copytree(first, base / "built")
    return release.current(base / "built")


def _build(facts: sources.Sources, out: Path) -> release.Release:
    """A release, with the results of SHACL that ``make test`` has found just before: their key says what checked."""
    place = out / "cache" / "shacl"
    place.mkdir(parents=True, exist_ok=True)
    for result in (ROOT / "build" / "cache" / "shacl").glob("*.json"):
        if not (place / result.name).exists():
            shutil.copy(result, place)
    return build.build(facts, out)[0]


@pytest.fixture(scope="session")
def few_facts(facts: sources.Sources, tmp_path_factory: pytest.TempPathFactory) -> sources.Sources:
    """The sources of a whole project of few facts, which is built in a second."""
    return sources.load(few.write(facts, tmp_path_factory.mktemp("few") / "project"))


@pytest.fixture(scope="session")
def few_built(few_facts: sources.Sources, tmp_path_factory: pytest.TempPathFactory) -> release.Release:
    """A release of few facts."""
    return build.build(few_facts, tmp_path_factory.mktemp("few-built"))[0]


@pytest.fixture(scope="session")
def service(built: release.Release) -> Service:
    """A service over the release, on a fixed day."""
    return Service.open(Settings(fixed_today=TODAY, public_url="https://strategigraf.example"), built)


@pytest.fixture
def client(service: Service) -> Any:
    """A Flask test client."""
    from strategigraf.web import create_app

    return create_app(service).test_client()


class World:
    """The facts in memory, to be changed and asked again."""

    def __init__(self, facts: sources.Sources, only: Callable[[str], bool] = lambda name: True) -> None:
        self.rules = facts.rules()
        self.quads = {quad for file in facts.files if file.kind != "shapes" and only(file.name) for quad in file.quads}
        self.catalogue = Catalogue(facts)
        self._asked: tuple[GraphStore, Names] | None = None

    def turtle(self, text: str, graph: str = "test") -> list[Quad]:
        """The quads of some Turtle, in a graph; every prefix of the project is known."""
        name = NamedNode(GRAPH + graph)
        triples = [quad.triple for quad in parse((TURTLE_HEAD + text).encode(), RdfFormat.TURTLE)]
        return [Quad(t.subject, t.predicate, t.object, name) for t in triples]

    def without(self, *patterns: tuple[str, str, str]) -> World:
        """The world without the triples that match; an empty string matches anything."""
        changed = self._copy()

        def hit(quad: Quad) -> bool:
            written = str(quad)
            if not any(all(want in written for want in p) for p in patterns):
                return False  # nearly every quad: only the others are taken apart
            ends = (str(quad.subject), str(quad.predicate), str(quad.object))
            return any(all(want in end for want, end in zip(p, ends, strict=True)) for p in patterns)

        changed.quads = {quad for quad in self.quads if not hit(quad)}
        assert len(changed.quads) < len(self.quads), f"nothing matched {patterns}"
        return changed

    def from_(self, *kinds: str) -> World:
        """The ontology, and of the facts those that things of some kinds lead to."""
        changed = self._copy()
        facts = [quad for quad in self.quads if quad.graph_name != _ONTOLOGY]
        starts = tuple(f"{ID}{kind}/" for kind in kinds)
        things = few.led_to(facts, lambda iri: iri.startswith(starts))
        lost = {quad for quad in facts if quad.subject.value.partition("#")[0] not in things}  # type: ignore[union-attr]
        changed.quads = self.quads - lost
        return changed

    def with_(self, text: str) -> World:
        """The world with some Turtle added."""
        changed = self._copy()
        changed.quads = self.quads | set(self.turtle(text))
        return changed

    def store(self) -> GraphStore:
        """A store with facts and derived triples."""
        store = GraphStore(self.quads)
        infer.infer(store, self.rules)
        return store

    def ask(self, query: str, **given: str) -> Answer:
        """Run a public query on this world; the rules run once."""
        if self._asked is None:
            store = self.store()
            self._asked = store, Names(store)
        return self.catalogue.run(query, given, *self._asked, TODAY)

    def rows(self, query: str, **given: str) -> list[dict[str, str]]:
        """The rows of a public query on this world."""
        table = self.ask(query, **given).table
        assert table is not None
        return table.dicts()

    def adoption(self, municipality: str, framework: str = "monopolbrud") -> dict[str, str]:
        """One municipality's row of framework_adoption."""
        rows = [row for row in self.rows("framework_adoption", framework=framework) if row["name"] == municipality]
        assert len(rows) == 1
        return rows[0]

    def _copy(self) -> World:
        changed = object.__new__(World)
        changed.rules, changed.catalogue, changed.quads = self.rules, self.catalogue, self.quads
        changed._asked = None
        return changed


@pytest.fixture(scope="session")
def world(facts: sources.Sources) -> World:
    """The facts, to be changed and asked again."""
    return World(facts)


def _copy(of: Path, root: Path, files: dict[str, str]) -> Path:
    for part in ("ontology", "queries", "data"):
        shutil.copytree(of / part, root / part)
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root


@pytest.fixture
def checkout(tmp_path: Path) -> Callable[[dict[str, str]], Path]:
    """Make a copy of the sources with some files replaced or added; gives the copy's root."""

    def make(files: dict[str, str], name: str = "copy") -> Path:
        return _copy(ROOT, tmp_path / name, files)

    return make


@pytest.fixture
def few_checkout(few_facts: sources.Sources, tmp_path: Path) -> Callable[[dict[str, str]], Path]:
    """Make a copy of the project of few facts with some files replaced or added; gives the copy's root."""

    def make(files: dict[str, str], name: str = "copy") -> Path:
        return _copy(few_facts.root, tmp_path / name, files)

    return make
