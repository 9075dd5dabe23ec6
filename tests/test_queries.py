"""Every public query: its header, its columns, its parameters, and that it runs anywhere."""

from __future__ import annotations

import re
import time
import warnings

import pytest
from conftest import ROOT, World

from strategigraf import sources
from strategigraf.catalogue import Catalogue
from strategigraf.service import Service

CATALOGUE = Catalogue(sources.load(ROOT))
QUERIES = sorted(CATALOGUE.queries.values(), key=lambda query: query.name)
#: Values for the parameters that have no default.
NEEDED = {"municipality": "Odder"}
#: Names, parameters and first columns that others rely on.
FIXED = {
    "framework_adoption": (
        ("framework", "corpus", "on"),
        ("municipality", "name", "status", "evidence_phrase", "document", "heading", "evidence_count", "own_reading",
         "latest_evidence"),
    ),
    "adoption_evidence": (("framework", "municipality"), ()),
    "strategies_by_status": (
        ("on",),
        ("municipality", "name", "strategy", "title", "form", "start", "end", "status", "reason"),
    ),
    "municipalities_without_strategy": ((), ("municipality", "name", "in_kl_table")),
    "not_in_kl_table": ((), ("municipality", "name")),
    "focus_area_coverage": (
        ("strategy",),
        ("focus_area", "no", "municipality", "name", "relation", "basis", "evidence_phrase"),
    ),
    "strategy_elements": (
        ("strategy",),
        ("kind", "no", "element", "label", "parent", "evidence_phrase", "document", "heading"),
    ),
    "compare_municipalities": (("a", "b"), ("kind", "theme", "a", "a_label", "b", "b_label", "shared")),
    "trace": (("from", "to"), ("step_from", "relation", "step_to", "evidence_phrase", "document")),
}  # fmt: skip


def given(query: object) -> dict[str, str]:
    return {p.name: NEEDED[p.name] for p in query.header.parameters if p.required}  # type: ignore[attr-defined]


@pytest.mark.parametrize("query", QUERIES, ids=lambda q: q.name)
def test_runs_and_gives_the_columns_of_its_header(service: Service, query: object) -> None:
    started = time.process_time()
    answer = service.answer(query.name, given(query))  # type: ignore[attr-defined]
    assert time.process_time() - started < 5
    assert answer.table is not None
    assert answer.table.columns == tuple(query.header.columns or ())  # type: ignore[attr-defined]
    if query.name not in ("trace", "expiring_strategies", "frameworks_without_followers"):  # type: ignore[attr-defined]
        assert answer.table.rows, "a query that finds nothing shows nothing"


@pytest.mark.parametrize("query", QUERIES, ids=lambda q: q.name)
def test_the_file_is_plain_sparql(query: object) -> None:
    from rdflib.plugins.sparql import prepareQuery

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        prepareQuery(query.text)  # type: ignore[attr-defined]


@pytest.mark.parametrize("query", QUERIES, ids=lambda q: q.name)
def test_each_parameter_stands_on_a_line_of_its_own(query: object) -> None:
    for parameter in query.header.parameters:  # type: ignore[attr-defined]
        line = re.compile(rf"^ *VALUES \?_{parameter.name} \{{ UNDEF \}}$", re.MULTILINE)
        assert line.search(query.text), parameter.name  # type: ignore[attr-defined]


@pytest.mark.parametrize("query", QUERIES, ids=lambda q: q.name)
def test_no_query_names_an_individual(query: object) -> None:
    named = set(re.findall(r"\b(\w+):[a-z0-9-]+", re.sub(r"<[^>]*>", "", query.text)))  # type: ignore[attr-defined]
    individuals = {"municipality", "framework", "strategy", "element", "document", "organisation", "alignment"}
    assert not named & individuals
    assert "/id/" not in query.text.replace("/id/concept/", "")  # type: ignore[attr-defined]


@pytest.mark.parametrize("query", QUERIES, ids=lambda q: q.name)
def test_rows_are_in_one_order(query: object) -> None:
    assert "ORDER BY" in query.text.rsplit("}", 1)[1]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", FIXED)
def test_what_others_rely_on(name: str) -> None:
    parameters, columns = FIXED[name]
    header = CATALOGUE.get(name).header
    own = tuple(parameter.name for parameter in header.parameters)
    assert set(parameters) <= set(own)
    assert tuple(header.columns or ())[: len(columns)] == columns


def test_there_are_as_many_as_we_say() -> None:
    assert len(QUERIES) >= 18


def test_on_is_always_bound(service: Service) -> None:
    answer = service.answer("strategies_by_status", {})
    assert "2026-11-25" in answer.text
    assert answer.parameters["on"].value == "2026-11-25"


def test_days_on_the_edge(service: Service) -> None:
    def status(on: str, title: str = "Digitaliseringspolitik", name: str = "Horsens") -> str:
        table = service.answer("strategies_by_status", {"on": on}).table
        assert table is not None
        return next(row["status"] for row in table.dicts() if row["title"] == title and row["name"] == name)

    assert status("2020-12-31") == "upcoming"
    assert status("2021-01-01") == "in-force"
    assert status("2025-12-31") == "in-force"
    assert status("2026-01-01") == "expired"


def test_one_triple_in_three_graphs_counts_once(service: Service) -> None:
    from pyoxigraph import NamedNode, Quad

    from strategigraf.store import GraphStore

    s, p, o = (NamedNode(f"https://example.org/{name}") for name in "spo")
    store = GraphStore(Quad(s, p, o, NamedNode(f"https://example.org/g{n}")) for n in range(3))
    count = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
    assert [row["n"].value for row in store.select(count)] == ["1"]  # type: ignore[union-attr]
    by_graph = "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }"
    assert [row["n"].value for row in store.select(by_graph)] == ["3"]  # type: ignore[union-attr]
    triples = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
    distinct = "SELECT (COUNT(*) AS ?n) { SELECT DISTINCT ?s ?p ?o { ?s ?p ?o } }"
    assert service.store.select(triples) == service.store.select(distinct)


def test_a_framework_that_nobody_commits_to_is_reported(world: World) -> None:
    """No framework is without followers today, so the report is asked of a world where one is."""
    assert world.rows("frameworks_without_followers") == []
    lone = 'framework:ensom a sg:Framework ; rdfs:label "Ensom ramme"@da ; sg:adoptable true .'
    assert [row["label"] for row in world.with_(lone).rows("frameworks_without_followers")] == ["Ensom ramme"]


#: Parameters whose choices are the codes of a scheme.
CODES = {("guidance", "kind"): "guidance", ("findings", "kind"): "finding"}


@pytest.mark.parametrize(("query", "parameter"), CODES)
def test_choices_are_the_codes_of_the_scheme(service: Service, query: str, parameter: str) -> None:
    found = service.store.select(
        f"SELECT ?code WHERE {{ ?c skos:inScheme concept:{CODES[query, parameter]} ; skos:notation ?code }}"
    )
    [given] = [p for p in service.catalogue.queries[query].header.parameters if p.name == parameter]
    assert set(given.choices or ()) == {row["code"].value for row in found}  # type: ignore[union-attr]
