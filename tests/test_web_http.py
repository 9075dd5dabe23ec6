"""Negotiation, redirects, errors, caching and CORS."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from typing import Any

import pytest
from pyoxigraph import RdfFormat, parse

from strategigraf.service import Service
from strategigraf.web import create_app

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
PUBLIC = "https://strategigraf.example"
ODDER = "/doc/municipality/0727"
RDF = {
    "text/turtle": ("ttl", RdfFormat.TURTLE),
    "application/n-triples": ("nt", RdfFormat.N_TRIPLES),
    "application/ld+json": ("jsonld", RdfFormat.JSON_LD),
    "application/rdf+xml": ("rdf", RdfFormat.RDF_XML),
}


@pytest.fixture(scope="module")
def client(service: Service) -> Any:
    """One client for the whole file: an application compiles its templates anew."""
    return create_app(service).test_client()


@pytest.mark.parametrize(
    ("accept", "type_"),
    [
        (None, "text/html"),
        ("*/*", "text/html"),
        (BROWSER, "text/html"),
        ("text/turtle", "text/turtle"),
        ("application/x-turtle", "text/turtle"),
        ("application/ld+json", "application/ld+json"),
        ("application/n-triples", "application/n-triples"),
        ("application/rdf+xml", "application/rdf+xml"),
        ("text/html;q=0.4, text/turtle;q=0.9", "text/turtle"),
        ("text/turtle;q=0, */*;q=0.1", "text/html"),
        ("text/html;q=0, */*", "text/turtle"),
        ("text/*", "text/html"),
        ("image/png", None),
        ("text/turtle;q=0", None),
    ],
)
def test_the_representation_by_accept(client: Any, accept: str | None, type_: str | None) -> None:
    response = client.get(ODDER, headers={"Accept": accept} if accept else {})
    assert response.status_code == (200 if type_ else 406)
    assert "Accept" in response.headers["Vary"]
    if type_:
        assert response.mimetype == type_
    else:
        assert "text/turtle (ttl)" in response.get_data(as_text=True)


@pytest.mark.parametrize("type_", RDF)
def test_ending_and_format_beat_accept(client: Any, type_: str) -> None:
    ending, form = RDF[type_]
    first = client.get(f"{ODDER}.{ending}", headers={"Accept": BROWSER})
    assert first.mimetype == type_
    for value in (ending, type_):
        assert client.get(ODDER, query_string={"format": value}).data == first.data
    triples = {quad.triple for quad in parse(first.data, form)}
    reference = {q.triple for q in parse(client.get(f"{ODDER}.ttl").data, RdfFormat.TURTLE)}
    assert triples == reference
    assert any(str(t.subject.value).endswith("/0727#sted") for t in triples)
    assert client.get(f"{ODDER}.html").mimetype == "text/html"
    assert client.get(f"{ODDER}?format=pdf").status_code == 406


def test_rdf_carries_the_evidence_and_the_labels(client: Any) -> None:
    text = client.get("/doc/element/odder-digitaliseringsstrategi-uden-aar-princip-08.ttl").get_data(as_text=True)
    assert "sg:phrase " in text
    assert "sg:lineStart" in text
    assert "Monopolbruddet" not in text or "rdfs:label" in text
    assert "https://strategigraf.example" not in text


@pytest.mark.parametrize(
    ("path", "accept", "languages", "goal"),
    [
        ("/id/municipality/0727", BROWSER, "da", "/doc/municipality/0727"),
        ("/id/municipality/0727", BROWSER, "en-GB,en;q=0.9,da;q=0.2", "/en/doc/municipality/0727"),
        ("/id/municipality/0727", BROWSER, "da,en;q=0.9", "/doc/municipality/0727"),
        ("/id/municipality/0727", "*/*", "", "/doc/municipality/0727"),
        ("/id/municipality/0727/", "*/*", "", "/doc/municipality/0727"),
        ("/en/id/municipality/0727", BROWSER, "da", "/en/doc/municipality/0727"),
        ("/id/municipality/0727", "text/turtle", "en", "/doc/municipality/0727.ttl"),
        ("/id/framework/monopolbrud", "application/ld+json", "", "/doc/framework/monopolbrud.jsonld"),
        ("/id/framework/monopolbrud?format=nt", BROWSER, "", "/doc/framework/monopolbrud.nt"),
    ],
)
def test_a_thing_leads_to_its_document(client: Any, path: str, accept: str, languages: str, goal: str) -> None:
    headers = {"Accept": accept, "Accept-Language": languages, "Host": "evil.example"}
    response = client.get(path, headers=headers)
    assert response.status_code == 303
    assert response.headers["Location"] == PUBLIC + goal
    assert response.headers["Vary"] == "Accept, Accept-Language, Accept-Profile"


@pytest.mark.parametrize(
    "path", ["/", "/en/", "/search?q=odder", "/queries/", ODDER, "/sparql", "/ontology/", "/nowhere"]
)
def test_the_host_header_is_ignored(client: Any, path: str) -> None:
    headers = {"Accept": BROWSER, "Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    response = client.get(path, headers=headers)
    assert b"evil.example" not in response.data
    assert "evil.example" not in str(response.headers)


@pytest.mark.parametrize(
    "path",
    [
        "/id/municipality/9999", "/id/nonsense/0727", "/id/municipality/07%2727", "/id/municipality/%3Cb%3E",
        "/doc/municipality/a%20b", "/doc/municipality/%00", "/doc/municipality/0727%23sted", "/doc/municipality/æøå",
        "/doc/municipality/0727%0A", "/doc/municipality/..", "/doc/municipality/%7D%20DROP", "/doc/municipality",
        "/doc/item/x", "/queries/nonsense", "/ontology/Nonsense", "/ontology/a%3E%20b", "/en/en/",
        "/doc//municipality/0727",
    ],
)  # fmt: skip
def test_an_unknown_thing_is_404(client: Any, path: str) -> None:
    for accept in (BROWSER, "application/json", "text/turtle"):
        assert client.get(path, headers={"Accept": accept}).status_code == 404, accept


def test_a_404_is_told_in_the_readers_language_with_near_names(client: Any) -> None:
    danish = client.get("/id/municipality/oder", headers={"Accept": BROWSER}).get_data(as_text=True)
    assert "Mente du en af disse?" in danish
    assert f"{PUBLIC}/doc/municipality/0727" in danish
    english = client.get("/id/municipality/oder", headers={"Accept": BROWSER, "Accept-Language": "en"})
    assert "Did you mean one of these?" in english.get_data(as_text=True)
    assert english.headers["Content-Language"] == "en"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nowhere", 404),
        ("/doc/municipality/9999", 404),
        ("/queries/framework_adoption.csv?nonsense=1", 400),
        ("/queries/adoption_path.csv", 400),
        ("/search.json?limit=1000", 400),
        ("/search.json?limit=²", 400),
        ("/search.json?limit=" + "9" * 5000, 400),
        ("/search.json?type=nonsense", 400),
    ],
)
def test_an_error_has_one_shape(client: Any, path: str, status: int) -> None:
    response = client.get(path, headers={"Accept": "application/json"})
    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    body = json.loads(response.data)
    assert set(body) == {"type", "title", "status", "detail", "instance"}
    assert body["status"] == status
    assert body["instance"] == path.partition("?")[0]
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Cache-Control"] == "no-store"
    html = client.get(path, headers={"Accept": "text/html"})
    assert html.status_code == status
    assert html.mimetype == "text/html"


def test_an_unforeseen_error_tells_nothing_of_the_inside(service: Service) -> None:
    app = create_app(service)

    def broken() -> str:
        raise RuntimeError("the secret of the inside")

    app.add_url_rule("/broken", view_func=broken)
    app.logger.disabled = True
    response = app.test_client().get("/broken", headers={"Accept": "application/json"})
    assert response.status_code == 500
    assert b"secret" not in response.data
    assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_pages_are_only_read(client: Any, method: str) -> None:
    response = client.open(ODDER, method=method)
    assert response.status_code == 405
    assert {"GET", "HEAD"} <= set(response.headers["Allow"].split(", "))


def test_cors_and_security_headers_on_every_answer(client: Any) -> None:
    for path in ("/", "/health", ODDER, f"{ODDER}.ttl", "/nowhere", "/sparql?query=nonsense"):
        headers = client.get(path, headers={"Origin": "https://other.example"}).headers
        assert headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in headers
        assert {"Link", "ETag", "Content-Type", "Retry-After"} <= set(
            headers["Access-Control-Expose-Headers"].split(", ")
        )
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Referrer-Policy" in headers
        assert "Content-Security-Policy" in headers
    options = client.options("/search.json")
    assert options.status_code == 204
    assert "GET" in options.headers["Access-Control-Allow-Methods"]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/en/",
        ODDER,
        f"{ODDER}.ttl",
        "/queries/",
        "/queries/framework_adoption.csv",
        "/search?q=odder",
        "/ontology/",
    ],
)
def test_an_unchanged_page_is_304(client: Any, path: str) -> None:
    first = client.get(path, headers={"Accept": BROWSER})
    assert first.status_code == 200
    assert first.headers["Cache-Control"] == "public, max-age=300"
    tag = first.headers["ETag"]
    assert tag.startswith('W/"')
    again = client.get(path, headers={"Accept": BROWSER, "If-None-Match": tag})
    assert again.status_code == 304
    assert again.data == b""
    assert again.headers["ETag"] == tag
    assert again.headers["Vary"] == first.headers["Vary"]
    assert client.get(path, headers={"Accept": BROWSER, "If-None-Match": f'"x", W/{tag}'}).status_code == 304
    assert client.get(path, headers={"Accept": BROWSER, "If-None-Match": '"other"'}).status_code == 200


def test_entity_tags_tell_representations_apart(client: Any) -> None:
    tags = {
        client.get(path, headers={"Accept": accept}).headers["ETag"]
        for path, accept in (
            (ODDER, BROWSER), (ODDER, "text/turtle"), (f"/en{ODDER}", BROWSER), (f"{ODDER}.nt", "*/*"),
            ("/doc/municipality/0101", BROWSER), ("/queries/framework_adoption.csv?framework=rammearkitektur", "*/*"),
        )
    }  # fmt: skip
    assert len(tags) == 6
    assert client.get("/doc/municipality/9999", headers={"If-None-Match": "*"}).status_code == 404
    assert client.get(ODDER, headers={"If-None-Match": "*"}).status_code == 304


def test_head_is_get_without_a_body(client: Any) -> None:
    get, head = client.get(ODDER), client.head(ODDER)
    assert head.status_code == 200
    assert head.data == b""
    assert head.headers["ETag"] == get.headers["ETag"]
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


def test_the_alternates_are_in_the_link_header(client: Any) -> None:
    links = client.get(ODDER, headers={"Accept": BROWSER}).headers.getlist("Link")
    full = "https://w3id.org/strategigraf/profile/full"
    assert f'<{PUBLIC}{ODDER}.ttl>; rel="alternate"; type="text/turtle"; profile="{full}"' in links
    assert f'<{PUBLIC}{ODDER}>; rel="alternate"; type="text/html"' in links
    assert sum('rel="alternate"' in link for link in links) == 9, "the page, and four formats in two profiles"


def test_health(client: Any, service: Service) -> None:
    response = client.get("/health")
    assert json.loads(response.data) == {
        "status": "ok",
        "release": service.release.name,
        "triples": service.release.manifest["triples"],
    }
    assert response.headers["Cache-Control"] == "no-store"


def test_a_sick_store_is_503(service: Service) -> None:
    class Broken:
        elsewhere = True

        def alive(self) -> bool:
            raise OSError("no answer")

    sick = Service(service.settings, service.release, Broken(), service.names, service.catalogue)  # type: ignore[arg-type]
    response = create_app(sick).test_client().get("/health")
    assert response.status_code == 503
    assert "Retry-After" in response.headers


def test_a_query_as_a_file(client: Any, service: Service) -> None:
    response = client.get("/queries/framework_adoption.csv?framework=monopolbrud&corpus=all")
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert f'filename="framework_adoption-{service.release.name}.csv"' in response.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(response.get_data(as_text=True))))
    assert len(rows) == 98
    body = json.loads(client.get("/queries/framework_adoption.json").data)
    assert body["total"] == 98
    assert [row["municipality"] for row in body["items"]] == [row["municipality"] for row in rows]
    book = client.get("/queries/framework_adoption.xlsx").data
    assert "xl/worksheets/sheet1.xml" in zipfile.ZipFile(io.BytesIO(book)).namelist()
    assert client.get("/queries/framework_adoption", headers={"Accept": "text/csv"}).data == response.data
    assert client.get("/queries/framework_adoption.ttl").status_code == 406


@pytest.mark.parametrize(
    "value",
    ["'", '"', "}", "} DELETE WHERE { ?s ?p ?o", "x\ny", "<x>", "https://a.b/<c>", "UNDEF", "\\", "?x", "a" * 5000],
)
@pytest.mark.parametrize("name", ["framework", "on", "corpus", "nonsense"])
def test_a_parameter_cannot_leave_its_place(client: Any, name: str, value: str) -> None:
    for path in ("/queries/framework_adoption.json", "/queries/framework_adoption"):
        response = client.get(path, query_string={name: value})
        assert response.status_code == 400, path
    twice = client.get("/queries/framework_adoption.json?framework=monopolbrud&framework=sapa")
    assert twice.status_code == 400


def test_every_query_has_a_page_and_gives_its_files(client: Any, service: Service) -> None:
    given = {
        "municipality": "Odder",
        "a": "Odder",
        "b": "Norddjurs",
        "from": "municipality/0727",
        "to": "framework/monopolbrud",
    }
    for name, query in service.catalogue.queries.items():
        values = {p.name: given[p.name] for p in query.header.parameters if p.required and p.name in given}
        assert client.get(f"/queries/{name}", query_string=values, headers={"Accept": BROWSER}).status_code == 200
        ending = "ttl" if query.is_graph else "json"
        assert client.get(f"/queries/{name}.{ending}", query_string=values).status_code == 200, name


def test_search_as_json(client: Any) -> None:
    body = json.loads(client.get("/search.json?q=odder&limit=2").data)
    assert {"q", "total", "items"} <= set(body)
    assert len(body["items"]) == 2 <= body["total"]
    assert (
        body["items"][0].items()
        >= {
            "id": "https://w3id.org/strategigraf/id/municipality/0727",
            "url": f"{PUBLIC}/doc/municipality/0727",
            "type": "municipality",
            "label": {"da": "Odder", "en": "Odder"},
        }.items()
    )
    assert json.loads(client.get("/search.json?q=aarhus&type=municipality").data)["total"] == 1
    assert json.loads(client.get("/search.json?q=").data)["items"] == []


def test_the_ontology(client: Any) -> None:
    for type_, (ending, form) in RDF.items():
        response = client.get("/ontology/", headers={"Accept": type_})
        assert response.status_code == 200
        assert response.mimetype == type_
        assert response.data == client.get(f"/ontology/ontology.{ending}").data
        subjects = {str(q.subject.value) for q in parse(response.data, form)}
        assert all(s.startswith("https://w3id.org/strategigraf/ontology/") for s in subjects)
    text = client.get("/ontology", headers={"Accept": BROWSER}).get_data(as_text=True)
    assert 'id="Strategy"' in text
    term = client.get("/ontology/Strategy", headers={"Accept": BROWSER})
    assert term.status_code == 303
    assert term.headers["Location"] == f"{PUBLIC}/ontology/#Strategy"
    assert client.get("/en/ontology/Strategy").headers["Location"] == f"{PUBLIC}/en/ontology/#Strategy"
    turtle = client.get("/ontology/Strategy", headers={"Accept": "text/turtle"})
    assert turtle.status_code == 200
    assert b"sg:Strategy a owl:Class" in turtle.data or b"sg:Strategy" in turtle.data
