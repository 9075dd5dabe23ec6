"""A real server, met by the tools that strangers use."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
import warnings
from collections.abc import Iterator

import pytest
from serving import running

from strategigraf import release

COUNT = "SELECT (COUNT(?m) AS ?n) WHERE { ?m a <https://w3id.org/strategigraf/ontology/Municipality> }"


@pytest.fixture(scope="module")
def server(built: release.Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server started by the command, stopped when the tests are done; gives its address."""
    with running(built.folder, tmp_path_factory.mktemp("server")) as served:
        yield served.url


def test_health(server: str, built: release.Release) -> None:
    with urllib.request.urlopen(f"{server}/health", timeout=5) as answer:
        body = json.load(answer)
    assert body["status"] == "ok"
    assert body["release"] == built.name
    assert body["triples"] == built.manifest["triples"]


def test_rdflibs_sparqlstore(server: str) -> None:
    from rdflib import URIRef
    from rdflib.plugins.stores.sparqlstore import SPARQLStore

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for method in ("GET", "POST", "POST_FORM"):
            store = SPARQLStore(f"{server}/sparql", method=method, returnFormat="json" if method == "GET" else "xml")
            assert [int(row[0]) for row in store.query(COUNT)] == [98]  # type: ignore[index, arg-type]
        kind = URIRef("https://w3id.org/strategigraf/ontology/Municipality")
        rdf_type = URIRef("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
        assert len(list(store.triples((None, rdf_type, kind)))) == 98


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_sparqlwrapper(server: str, method: str) -> None:
    from SPARQLWrapper import CSV, JSON, TURTLE, SPARQLWrapper

    wrapper = SPARQLWrapper(f"{server}/sparql")
    wrapper.setMethod(method)
    wrapper.setQuery(COUNT)
    wrapper.setReturnFormat(JSON)
    body = wrapper.query().convert()
    assert body["results"]["bindings"][0]["n"]["value"] == "98"
    wrapper.setReturnFormat(CSV)
    assert wrapper.query().convert().split() == [b"n", b"98"]
    wrapper.setQuery("CONSTRUCT { ?m a ?c } WHERE { ?m a ?c } LIMIT 3")
    wrapper.setReturnFormat(TURTLE)
    assert b" a " in wrapper.query().convert()


def test_a_named_query_for_excel_and_scripts(server: str) -> None:
    with urllib.request.urlopen(f"{server}/queries/framework_adoption.csv?corpus=read", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    assert len(lines) == 99
    assert ",Odder,committed," in lines[1]
    assert ",Norddjurs,acting," in lines[2]


def test_the_three_answers_are_one(server: str, built: release.Release) -> None:
    """Page, command and endpoint say the same of every municipality."""
    query = """
    PREFIX sg: <https://w3id.org/strategigraf/ontology/>
    PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
    SELECT ?code ?status WHERE {
      ?a sg:framework <https://w3id.org/strategigraf/id/framework/monopolbrud> ; sg:status/skos:notation ?status ;
        sg:municipality/<http://purl.org/dc/terms/identifier> ?code }
    """
    request = urllib.request.Request(
        f"{server}/sparql", query.encode(), {"Content-Type": "application/sparql-query", "Accept": "text/csv"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        endpoint = dict(line.split(",") for line in answer.read().decode().split()[1:])
    assert len(endpoint) == 98
    with urllib.request.urlopen(f"{server}/doc/framework/monopolbrud", timeout=10) as answer:
        page = answer.read().decode()
    for code in ("0727", "0707", "0751"):
        assert f"{server}/doc/municipality/{code}" in page, "links lead to where the service is"
    command = [sys.executable, "-m", "strategigraf", "query", "framework_adoption", "--format=csv",
               "--release", str(built.folder)]  # fmt: skip
    rows = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()[1:]
    told = {row.split(",")[0].rsplit("/")[-1]: row.split(",")[2] for row in rows}
    assert told == endpoint
