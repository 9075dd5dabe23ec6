"""Each check query finds the fault that it is made for, spares what is right, and is silent on our own facts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from string import Formatter

import pytest
from pyoxigraph import NamedNode, Quad, QuerySolution, QuerySolutions, RdfFormat, parse

from strategigraf import header, infer, sources
from strategigraf.ns import GRAPH
from strategigraf.store import GraphStore

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path(__file__).resolve().parent / "checks"
CHECKS = dict(sources.load(ROOT).queries("checks"))


@dataclass(frozen=True)
class Fixture:
    """Data for one check: a TriG file whose top lines name the subjects that are wrong and those that are right."""

    text: str

    @cached_property
    def quads(self) -> list[Quad]:
        return list(parse(self.text.encode(), RdfFormat.TRIG))

    @property
    def rules_run(self) -> bool:
        return "# rules: run\n" in self.text

    def named(self, word: str) -> set[str]:
        return set(re.findall(rf"^# {word}: <([^>]*)>$", self.text, re.MULTILINE))


def _fixture(name: str) -> Fixture:
    path = FOLDER / f"{name}.trig"
    assert path.is_file(), f"the fixture tests/checks/{name}.trig is missing: every check needs one"
    return Fixture(path.read_text(encoding="utf-8"))


def _rows(name: str, store: GraphStore) -> list[QuerySolution]:
    _, query = header.read(CHECKS[name], name)
    result = store.query(query)
    assert isinstance(result, QuerySolutions)
    return list(result)


def _store(fixture: Fixture, facts: sources.Sources, ontology: list[Quad]) -> GraphStore:
    store = GraphStore([*ontology, *fixture.quads])
    if fixture.rules_run:
        infer.infer(store, facts.rules())
    return store


def _columns(name: str) -> list[str]:
    _, query = header.read(CHECKS[name], name)
    result = GraphStore().query(query)
    assert isinstance(result, QuerySolutions)
    return [variable.value for variable in result.variables]


@pytest.fixture(scope="session")
def ontology(facts: sources.Sources) -> list[Quad]:
    """The terms and the concepts, which the checks look up."""
    return [quad for file in facts.of("ontology", "scheme") for quad in file.quads]


@pytest.fixture(scope="session")
def as_written(facts: sources.Sources) -> GraphStore:
    """Every file of the project, before any rule has run."""
    return GraphStore(quad for file in facts.files for quad in file.quads)


@pytest.fixture(scope="session")
def as_derived(facts: sources.Sources) -> GraphStore:
    """The facts and what the rules derive from them."""
    store = GraphStore(quad for file in facts.files for quad in file.quads)
    infer.infer(store, facts.rules())
    return store


def test_every_fixture_belongs_to_a_check() -> None:
    assert {path.name for path in FOLDER.iterdir()} - {f"{name}.trig" for name in CHECKS} == set()


def test_codes_are_different() -> None:
    codes = [header.read(text, name)[0].code for name, text in CHECKS.items()]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("name", CHECKS)
def test_fixture_names_its_subjects(name: str) -> None:
    """Every thing that a fixture says is wrong, or right, is a subject in it; the ontology's graph is not touched."""
    fixture = _fixture(name)
    bad, good = fixture.named("bad"), fixture.named("good")
    assert bad
    assert good
    assert not bad & good
    assert bad | good <= {quad.subject.value for quad in fixture.quads if isinstance(quad.subject, NamedNode)}
    graphs = {quad.graph_name.value for quad in fixture.quads if isinstance(quad.graph_name, NamedNode)}
    assert all(graph.startswith(GRAPH) for graph in graphs)
    assert GRAPH + "ontology" not in graphs


@pytest.mark.parametrize("name", CHECKS)
def test_finds_what_is_wrong_and_only_that(name: str, facts: sources.Sources, ontology: list[Quad]) -> None:
    fixture = _fixture(name)
    store = _store(fixture, facts, ontology)
    # The ontology points at organisations and documents that only the facts describe: not our business here.
    own = {quad.subject for quad in ontology}
    rows = [row for row in _rows(name, store) if row["subject"] not in own]
    assert {row["subject"].value for row in rows} == fixture.named("bad")
    # A row says in which file to look: one of its graphs must be one where the subject is written.
    written = {(quad.graph_name, quad.subject) for quad in fixture.quads}
    for subject in {row["subject"] for row in rows}:
        assert any((row["graph"], subject) in written for row in rows if row["subject"] == subject)


@pytest.mark.parametrize("name", CHECKS)
def test_header(name: str) -> None:
    head, _ = header.read(CHECKS[name], name)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", head.code)
    assert head.mend is not None
    assert head.severity in ("violation", "warning")
    assert set(head.tags) <= {"after-rules"}
    assert not head.parameters
    columns = _columns(name)
    assert {"graph", "subject"} <= set(columns), "a finding needs a file and a thing"
    for text in (head.summary, head.mend):
        assert text.da.strip()
        assert text.en.strip()
        assert text.da != text.en
        places = [[field for _, field, _, _ in Formatter().parse(one) if field] for one in (text.da, text.en)]
        assert set(places[0]) == set(places[1]), "one language says more than the other"
        assert set(places[0]) <= set(columns)


@pytest.mark.parametrize("name", CHECKS)
def test_words_can_be_filled_in(name: str, facts: sources.Sources, ontology: list[Quad]) -> None:
    """No row leaves a named column empty."""
    fixture = _fixture(name)
    head, _ = header.read(CHECKS[name], name)
    assert head.mend is not None
    store = _store(fixture, facts, ontology)
    texts = " ".join((head.summary.da, head.mend.da))
    wanted = {field for _, field, _, _ in Formatter().parse(texts) if field} | {"graph", "subject"}
    for row in _rows(name, store):
        assert all(row[column] is not None for column in wanted)


@pytest.mark.parametrize("name", CHECKS)
def test_silent_on_our_own_facts(name: str, as_written: GraphStore, as_derived: GraphStore) -> None:
    head, _ = header.read(CHECKS[name], name)
    store = as_derived if "after-rules" in head.tags else as_written
    assert [[str(value) for value in row] for row in _rows(name, store)] == []
