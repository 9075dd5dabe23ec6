"""Linked data: profiles, links, dates, and JSON-LD that reads like plain JSON."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import rdflib
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, parse

from strategigraf import describe, ns
from strategigraf.exports import jsonld
from strategigraf.service import Service
from strategigraf.web import create_app

PUBLIC = "https://strategigraf.example"
ODDER = "/doc/municipality/0727"
FULL, LABELS = (f"https://w3id.org/strategigraf/profile/{token}" for token in ("full", "labels"))
PRINCIPLE = "/doc/element/odder-digitaliseringsstrategi-uden-aar-princip-08"


@pytest.fixture(scope="module")
def client(service: Service) -> Any:
    """One client for the whole file: an application compiles its templates anew."""
    return create_app(service).test_client()


@pytest.fixture(scope="module")
def context(service: Service) -> jsonld.Context:
    """The context of all triples of the release, as the files for download have it."""
    return jsonld.Context(service.store.construct("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"))


@pytest.mark.parametrize(
    ("query", "header", "wanted"),
    [
        ("", None, FULL),
        ("", f"<{LABELS}>", LABELS),
        ("", "labels", LABELS),
        ("", f"<{FULL}>;q=0.3, <{LABELS}>;q=0.8", LABELS),
        ("", f"<{FULL}>;q=0.9, <{LABELS}>;q=0.8", FULL),
        ("", f"<https://example.org/other>, <{LABELS}>;q=0.1", LABELS),
        ("", "<https://example.org/other>", FULL),
        ("", "*", FULL),
        ("", f"<{LABELS}>;q=0", FULL),
        ("", f"<{LABELS}>;q=x", FULL),
        ("", "<<<,,;;q=", FULL),
        ("profile=labels", None, LABELS),
        ("_profile=labels", None, LABELS),
        (f"profile={LABELS}", f"<{FULL}>", LABELS),
        ("profile=full", f"<{LABELS}>", FULL),
    ],
)
def test_the_profile_by_header_and_query(client: Any, query: str, header: str | None, wanted: str) -> None:
    headers = {"Accept": "text/turtle"} | ({"Accept-Profile": header} if header else {})
    response = client.get(f"{ODDER}?{query}", headers=headers)
    assert response.status_code == 200
    assert response.headers["Content-Profile"] == f"<{wanted}>"
    assert f'<{wanted}>; rel="profile"' in response.headers.getlist("Link")
    assert "Accept-Profile" in response.headers["Vary"]


def test_an_unknown_profile_in_the_address_is_406_with_the_list(client: Any) -> None:
    for path in (f"{ODDER}.ttl", ODDER, "/id/municipality/0727"):
        response = client.get(
            path, query_string={"profile": "nonsense"}, headers={"Accept": "application/json,*/*;q=0.1"}
        )
        assert response.status_code == 406, path
        assert LABELS in json.loads(response.data)["detail"]
        assert response.headers["Access-Control-Allow-Origin"] == "*"


def test_labels_are_a_part_of_the_full_description(client: Any) -> None:
    full = {q.triple for q in parse(client.get(f"{PRINCIPLE}.ttl").data, RdfFormat.TURTLE)}
    labels = {q.triple for q in parse(client.get(f"{PRINCIPLE}.ttl?profile=labels").data, RdfFormat.TURTLE)}
    assert labels < full
    names = {"label", "prefLabel", "altLabel", "type"}
    assert {re.split("[#/]", t.predicate.value)[-1] for t in labels} <= names
    assert {t for t in full if t.predicate.value == ns.expand("rdfs:label")} <= labels
    for ending, form in (("jsonld", RdfFormat.JSON_LD), ("nt", RdfFormat.N_TRIPLES), ("rdf", RdfFormat.RDF_XML)):
        assert {q.triple for q in parse(client.get(f"{PRINCIPLE}.{ending}?profile=labels").data, form)} == labels


def test_what_was_kept_for_one_profile_is_not_given_for_another(client: Any) -> None:
    path = "/doc/framework/monopolbrud"
    full = client.get(path, headers={"Accept": "text/turtle"})
    labels = client.get(path, headers={"Accept": "text/turtle", "Accept-Profile": f"<{LABELS}>"})
    assert len(labels.data) < len(full.data)
    assert labels.headers["ETag"] != full.headers["ETag"]
    assert client.get(path, headers={"Accept": "text/turtle"}).data == full.data


def test_the_links_tell_what_was_sent_and_what_else_there_is(client: Any) -> None:
    response = client.get(ODDER, headers={"Accept": "application/ld+json", "Host": "evil.example"})
    links = response.headers.getlist("Link")
    here = f"{PUBLIC}{ODDER}.jsonld"
    assert f'<{here}>; rel="canonical"' in links
    assert response.headers["Content-Location"] == here
    assert f'<{here}?profile=labels>; rel="alternate"; type="application/ld+json"; profile="{LABELS}"' in links
    about = f'anchor="{ns.thing("municipality", "0727")}"'
    assert f'<{PUBLIC}{ODDER}>; rel="describedby"; {about}' in links
    assert '<https://creativecommons.org/licenses/by/4.0/>; rel="license"' in links
    for link in links:
        target = re.match(f"<{PUBLIC}([^>]*)>", link)
        if target:
            assert client.get(target[1]).status_code == 200, link
    english = client.get(f"/en{ODDER}", headers={"Accept": "text/html"})
    assert f'<{PUBLIC}/en{ODDER}>; rel="canonical"' in english.headers.getlist("Link")
    assert "Content-Profile" not in english.headers
    see = client.get("/id/municipality/0727", headers={"Accept": "text/turtle", "Accept-Profile": "labels"})
    assert see.headers["Location"] == f"{PUBLIC}{ODDER}.ttl?profile=labels"
    assert f'<{PUBLIC}{ODDER}>; rel="describedby"; {about}' in see.headers.getlist("Link")


def test_the_date_of_a_thing_and_what_is_no_newer(client: Any) -> None:
    path = f"{PRINCIPLE}.ttl"
    last = client.get(path).headers["Last-Modified"]
    assert re.fullmatch(r"\w{3}, \d\d \w{3} 20\d\d 00:00:00 GMT", last)
    for _ in range(2):  # the second time from what is kept
        same = client.get(path, headers={"If-Modified-Since": last})
        assert (same.status_code, same.data) == (304, b"")
        assert same.headers["Last-Modified"] == last
        assert client.get(path, headers={"If-Modified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"}).status_code == 200
    assert client.head(path, headers={"If-Modified-Since": last}).status_code == 304
    for wrong in ("nonsense", "", "2026-11-25"):
        assert client.get(path, headers={"If-Modified-Since": wrong}).status_code == 200
    both = {"If-Modified-Since": last, "If-None-Match": '"other"'}
    assert client.get(path, headers=both).status_code == 200, "the entity tag decides (RFC 9110, 13.2.2)"
    page = client.get(PRINCIPLE, headers={"Accept": "text/html", "If-Modified-Since": last})
    assert page.status_code == 200, "a page changes with the day and the words around the facts"
    missing = client.get("/doc/element/nonsense.ttl", headers={"If-Modified-Since": last})
    assert missing.status_code == 404


def test_the_ontology_has_a_date_and_links(client: Any) -> None:
    response = client.get("/ontology/", headers={"Accept": "text/turtle"})
    assert response.headers["Last-Modified"].endswith("00:00:00 GMT")
    links = response.headers.getlist("Link")
    assert f'<{PUBLIC}/ontology/ontology.ttl>; rel="canonical"' in links
    assert f'<{PUBLIC}/ontology/ontology.rdf>; rel="alternate"; type="application/rdf+xml"' in links
    since = {"Accept": "text/turtle", "If-Modified-Since": response.headers["Last-Modified"]}
    assert client.get("/ontology/", headers=since).status_code == 304
    triples = {q.triple for q in parse(response.data, RdfFormat.TURTLE)}
    found = client.get("/ontology/", headers={"Accept": "application/ld+json"})
    assert {q.triple for q in parse(found.data, RdfFormat.JSON_LD)} == triples
    term = client.get("/ontology/Strategy.jsonld")
    assert json.loads(term.data)["@graph"][0]["label"]["da"] == "strategisk dokument"


def test_json_ld_reads_like_plain_json(client: Any) -> None:
    odder = json.loads(client.get(f"{ODDER}.jsonld").data)
    assert odder["id"] == "https://w3id.org/strategigraf/id/municipality/0727"
    assert "Municipality" in odder["type"]
    assert odder["label"] == {"da": "Odder", "en": "Odder"}
    assert odder["identifier"] == "0727"
    assert isinstance(odder["tileRow"], int)
    membership = odder["hasMembership"]
    assert (membership if isinstance(membership, dict) else membership[0])["organization"]["label"]["da"]
    adoption = json.loads(client.get("/doc/adoption/0727-monopolbrud.jsonld").data)
    assert adoption["status"]["label"] == {"da": "forpligtet", "en": "committed"}
    framework = json.loads(client.get("/doc/framework/monopolbrud.jsonld").data)
    assert framework["adoptable"] is True
    document = json.loads(client.get("/doc/document/odder-strategi.jsonld").data)
    assert document["@reverse"]["readingOf"][0]["date"].startswith("2026-")
    assert [kind["label"]["en"] for kind in document["kind"]] == ["source document"]


def test_json_ld_loses_and_changes_nothing(service: Service, context: jsonld.Context) -> None:
    store = service.store
    whole = f'FILTER(STRSTARTS(STR(?s), "{ns.ID}") && !CONTAINS(STR(?s), "#"))'
    rows = store.select(f"SELECT DISTINCT ?s WHERE {{ ?s a ?c {whole} }} ORDER BY ?s")
    some = [str(row["s"])[1:-1] for row in rows][::60]
    assert len(some) > 80
    assert {iri.split("/")[5] for iri in some} > {
        "municipality",
        "strategy",
        "element",
        "evidence",
        "observation",
        "item",
    }
    for iri in some:
        triples = describe.graph(store, iri)
        data = jsonld.thing(triples, iri, context)
        assert {q.triple for q in parse(data, RdfFormat.JSON_LD)} == set(triples), iri
        assert json.loads(data)["id"] == iri, "the thing itself is at the top, and all else is inside it"


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
def test_the_context_in_a_document_is_a_part_of_the_published_one(client: Any, context: jsonld.Context) -> None:
    published = json.loads(client.get("/context.jsonld").data)
    assert published == json.loads(context.whole()), "pages and files for download have the same"
    for path in (f"{ODDER}.jsonld", f"{PRINCIPLE}.jsonld", "/doc/document/kl-kortlaegning.jsonld?profile=labels"):
        data = json.loads(client.get(path).data)
        inside = data["@context"]
        assert inside.items() <= published["@context"].items()
        assert len(inside) < len(published["@context"]) / 2
        first = rdflib.Graph().parse(data=json.dumps(data), format="json-ld")
        other = rdflib.Graph().parse(data=json.dumps({**data, **published}), format="json-ld")
        assert set(first) == set(other)
        turtle = client.get(path.replace(".jsonld", ".nt")).data
        assert set(first) == set(rdflib.Graph().parse(data=turtle, format="nt"))


def test_the_context_has_a_rule_for_each_property_and_no_name_twice(service: Service, context: jsonld.Context) -> None:
    names = list(context.names.values())
    assert len(names) == len(set(names))
    assert not set(names) & set(ns.VOCABULARIES), "a name that is a prefix would be read as one"
    used = {str(row["p"])[1:-1] for row in service.store.select("SELECT DISTINCT ?p WHERE { ?s ?p ?o }")}
    assert used - set(context.names) == {ns.RDF_TYPE.value}


def test_a_value_that_does_not_fit_its_rule_is_written_in_full(context: jsonld.Context) -> None:
    text = """
    <https://example.org/a> <http://purl.org/dc/terms/title> "bare", "da"@da, "first"@en, "second"@en ;
      <http://purl.org/dc/terms/date> "2012"^^<http://www.w3.org/2001/XMLSchema#gYear> ;
      <http://purl.org/dc/terms/publisher> "a name", <https://example.org/b> ;
      <https://w3id.org/strategigraf/ontology/order> "007"^^<http://www.w3.org/2001/XMLSchema#integer>, 7, "seven" ;
      <https://w3id.org/strategigraf/ontology/value> 1.50, 12345678901234567890, "x"@da, true ;
      <https://example.org/unknown> <https://example.org/c>, "æøå </script> \\" \\\\ \\n" .
    <https://example.org/c> <https://example.org/back> <https://example.org/a> .
    <https://example.org/alone> <http://www.w3.org/2000/01/rdf-schema#label> "alone"@da ."""
    triples = [quad.triple for quad in parse(text.encode(), RdfFormat.TURTLE)]
    for data in (jsonld.thing(triples, "https://example.org/a", context), jsonld.listing(triples, context),
                 b"".join(jsonld.flat(triples, context))):  # fmt: skip
        assert {q.triple for q in parse(data, RdfFormat.JSON_LD)} == set(triples)
    assert b'"second"' in jsonld.thing(triples, "https://example.org/a", context)
    blank = [Triple(BlankNode("x"), NamedNode(ns.expand("rdfs:label")), NamedNode("https://example.org/a"))]
    with pytest.raises(TypeError):
        jsonld.thing(blank, "https://example.org/a", context)


@pytest.mark.parametrize("token", ["full", "labels"])
def test_a_profile_leads_to_what_it_means(client: Any, token: str) -> None:
    page = client.get(f"/profile/{token}", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert token in page.get_data(as_text=True)
    assert "Etiketter" in page.get_data(as_text=True)
    assert "Labels" in client.get(f"/en/profile/{token}", headers={"Accept": "text/html"}).get_data(as_text=True)
    data = client.get(f"/profile/{token}", headers={"Accept": "text/turtle"}).data
    triples = {q.triple for q in parse(data, RdfFormat.TURTLE)}
    subject = NamedNode(f"https://w3id.org/strategigraf/profile/{token}")
    prof = "http://www.w3.org/ns/dx/prof/"
    assert Triple(subject, ns.RDF_TYPE, NamedNode(prof + "Profile")) in triples
    assert Triple(subject, NamedNode(prof + "hasToken"), Literal(token)) in triples


def test_an_unknown_profile_page_is_404(client: Any) -> None:
    for name in ("nonsense", "full.pdf", "%00", "æ"):
        assert client.get(f"/profile/{name}", headers={"Accept": "text/turtle"}).status_code == 404


def test_the_context_is_cached_and_open(client: Any) -> None:
    response = client.get("/context.jsonld")
    assert response.mimetype == "application/ld+json"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert client.get("/context.jsonld", headers={"If-None-Match": response.headers["ETag"]}).status_code == 304
    preflight = client.options(f"{ODDER}.ttl").headers["Access-Control-Allow-Headers"]
    assert {"Accept-Profile", "If-Modified-Since", "Range"} <= set(preflight.split(", "))
    assert "Content-Profile" in response.headers["Access-Control-Expose-Headers"]
