"""The pages of things: municipalities, strategies, elements, documents, themes, and what all of them have."""

from __future__ import annotations

import json
import re
from datetime import date
from html.parser import HTMLParser
from typing import Any

import pytest
from conftest import TODAY

from strategigraf import describe
from strategigraf.service import Service
from strategigraf.store import GraphStore, Reader
from strategigraf.terms import cell
from strategigraf.web import create_app
from strategigraf.web.views import changed, similar

BROWSER = {"Accept": "text/html"}
PUBLIC = "https://strategigraf.example"
ID = "https://w3id.org/strategigraf/id/"
#: One of each kind of page, the largest that the graph has among them.
PATHS = (
    "/doc/municipality/0727", "/doc/municipality/0707", "/doc/municipality/0101", "/doc/municipality/0825",
    "/doc/strategy/odder-digitaliseringsstrategi-uden-aar", "/doc/strategy/kl-digitaliseringsstrategi-2016",
    "/doc/element/odder-digitaliseringsstrategi-uden-aar-princip-08",
    "/doc/element/kl-digitaliseringsstrategi-2016-fokusomraade-06",
    "/doc/document/norddjurs-strategi", "/doc/document/kl-kortlaegning?page=2", "/doc/organisation/kl",
    "/doc/organisation/alle-kommuner", "/doc/organisation/alle-kommuner?out=org:hasMember",
    "/doc/series/faelleskommunal-digitaliseringsstrategi", "/doc/concept/theme-governance", "/doc/concept/theme",
    "/doc/concept/theme-governance?in=dct:subject", "/doc/body/norddjurs-digitaliseringsprogramgruppen",
    "/doc/region/midtjylland", "/doc/entry/kl-kortlaegning-01", "/doc/adoption/0727-monopolbrud", "/municipalities",
    "/municipalities?region=nordjylland&strategy=none&sort=-population",
)  # fmt: skip


class Outline(HTMLParser):
    """Tags that do not match, ids, the levels of headings, labelled regions, and the links within the page."""

    VOID = frozenset({"meta", "link", "input", "br", "rect", "path", "line", "use"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.faults: list[str] = []
        self.ids: list[str] = []
        self.levels: list[int] = []
        self.named: list[str] = []
        self.fragments: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if found.get("id"):
            self.ids.append(found["id"])
        if re.fullmatch(r"h[1-6]", tag):
            self.levels.append(int(tag[1]))
        self.named += found.get("aria-labelledby", "").split()
        if found.get("href", "").startswith("#"):
            self.fragments.append(found["href"][1:])
        if "style" in found or any(name.startswith("on") for name in found):
            self.faults.append(f"<{tag}> carries style or script")
        if tag not in self.VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        return

    def handle_endtag(self, tag: str) -> None:
        if tag in self.VOID:
            return
        if not self.stack or self.stack.pop() != tag:
            self.faults.append(f"</{tag}> does not match")


@pytest.fixture(scope="module")
def client(service: Service) -> Any:
    """One client for the whole file: an application compiles its templates anew."""
    return create_app(service).test_client()


def page(client: Any, path: str, status: int = 200) -> str:
    response = client.get(path, headers=BROWSER)
    assert response.status_code == status, path
    return str(response.get_data(as_text=True))


def section(text: str, name: str) -> str:
    found = re.search(rf'<section aria-labelledby="{name}".*?</section>', text, re.DOTALL)
    assert found, name
    return found[0]


@pytest.mark.parametrize("prefix", ["", "/en"])
@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_whole_light_and_in_order(client: Any, prefix: str, path: str) -> None:
    text = page(client, prefix + path)
    assert len(text.encode()) < 300_000
    outline = Outline(text)
    assert outline.faults == []
    assert outline.stack == []
    assert len(outline.ids) == len(set(outline.ids))
    assert outline.levels[0] == 1
    assert outline.levels.count(1) == 1
    steps = zip(outline.levels, outline.levels[1:], strict=False)
    assert all(after <= before + 1 for before, after in steps), outline.levels
    assert set(outline.named) <= set(outline.ids)
    assert set(outline.fragments) - {"top"} <= set(outline.ids)


@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_light_as_it_is_sent(client: Any, path: str) -> None:
    import gzip

    response = client.get(path, headers=BROWSER)
    assert len(gzip.compress(response.data, 6)) < 40_000


def test_the_foot_says_where_how_to_cite_and_when(client: Any) -> None:
    text = page(client, "/doc/element/odder-digitaliseringsstrategi-uden-aar-princip-08")
    foot = section(text, "data")
    slug = "element/odder-digitaliseringsstrategi-uden-aar-princip-08"
    for address in (ID + slug, f"{PUBLIC}/id/{slug}"):
        assert re.search(rf'<code class="iri" id="\w+">{re.escape(address)}</code>', foot)
    cite = re.sub("<[^>]+>", "", foot.split('id="henvis">')[1].split("</span> <button")[0])
    assert cite.startswith("Vi følger tankerne i monopolbruddet. Strategigraf, udgivelse ")
    assert ID + slug in cite
    assert f"{PUBLIC}/id/{slug}" in cite
    assert cite.endswith("Set 25. november 2026.")
    assert foot.count("hidden>") >= 3, "without scripts there is nothing to press"
    for ending in ("ttl", "jsonld", "rdf", "nt"):
        assert f"{PUBLIC}/doc/{slug}.{ending}" in foot
    assert '<time datetime="2026-11-25">' in foot
    assert f"{PUBLIC}/report?about=%2Fdoc%2F{slug.replace('/', '%2F')}" in foot
    assert "Der er ingen dato" in section(page(client, "/doc/concept/status"), "data")


def test_the_way_leads_from_the_front_page_down_to_the_thing(client: Any) -> None:
    text = page(client, "/doc/element/odder-digitaliseringsstrategi-uden-aar-princip-08")
    way = text[text.index('<nav class="breadcrumbs"') : text.index("</nav>", text.index('<nav class="breadcrumbs"'))]
    assert re.findall(r'href="https://strategigraf.example([^"]*)"', way) == [
        "/", "/municipalities", "/doc/municipality/0727", "/doc/strategy/odder-digitaliseringsstrategi-uden-aar",
    ]  # fmt: skip
    assert 'aria-current="page"' in way
    for path, above in (
        ("/doc/adoption/0727-monopolbrud", "/doc/municipality/0727"),
        ("/doc/concept/status-silent", "/doc/concept/status"),
        ("/doc/entry/kl-kortlaegning-01", "/doc/document/kl-kortlaegning"),
    ):
        crumbs = page(client, path).split('<nav class="breadcrumbs"')[1].split("</nav>")[0]
        assert f'href="{PUBLIC}{above}"' in crumbs, path


def test_a_municipality_shows_its_life_and_marks_today(client: Any, service: Service) -> None:
    text = section(page(client, "/doc/municipality/0727"), "strategier")
    drawing = text[text.index("<svg") : text.index("</svg>")]
    rows = service.store.select(
        f"SELECT DISTINCT ?s WHERE {{ ?s a sg:Strategy ; dct:publisher <{ID}municipality/0727> }}"
    )
    wanted = {f"{PUBLIC}/doc/{cell(row['s']).removeprefix(ID)}" for row in rows}
    assert set(re.findall(r'<a href="([^"]+)">', drawing)) == wanted
    assert set(re.findall(r'<tr><th scope="row"><a href="([^"]+)">', text)) == wanted, "the table says the same"
    assert drawing.count('class="today"') == 1
    assert drawing.count('class="bar expired"') == 1
    assert drawing.count('class="open"') == 2, "two strategies have no stated period"


def test_the_tree_holds_every_element_once(client: Any, service: Service) -> None:
    tree = section(page(client, "/doc/municipality/0727"), "maal")
    shown = re.findall(r'<span class="what"><a href="[^"]*/doc/element/([^"]+)"', tree)
    rows = service.store.select(
        f"""SELECT DISTINCT ?e WHERE {{
          ?s a sg:Strategy ; dct:publisher <{ID}municipality/0727> . ?e sg:elementOf ?s ; a sg:StrategyElement }}"""
    )
    assert sorted(shown) == sorted(cell(row["e"]).rpartition("/")[2] for row in rows)
    assert tree.count("<details") > 5, "what hangs from the trunk folds out"


def test_coverage_is_that_of_the_public_query(client: Any, service: Service) -> None:
    for code in ("0727", "0340", "0101"):
        table = service.answer("focus_area_coverage", {}).table
        assert table is not None
        rows = table.dicts()
        taken = {row["area"] for row in rows if row["municipality"] == f"{ID}municipality/{code}"}
        every = {row["area"] for row in rows}
        text = section(page(client, f"/doc/municipality/{code}"), "fokus")
        heads = set(re.findall(r'<th scope="rowgroup"[^>]*><a href="[^"]*/doc/element/([^"]+)"', text))
        assert heads == {iri.rpartition("/")[2] for iri in taken}
        assert f"For {len(every - taken)} af de {len(every)} fælles fokusområder" in text


@pytest.mark.parametrize("code", ["0727", "0707", "0101", "0825", "0461"])
def test_the_most_similar_are_those_of_the_public_query(client: Any, service: Service, code: str) -> None:
    iri = f"{ID}municipality/{code}"
    with client.application.test_request_context("/"):
        found = similar.similar(iri)
    table = service.answer("similar_municipalities", {"municipality": code}).table
    assert table is not None
    rows = {row["municipality"]: row for row in table.dicts()}
    assert [one.iri for one in found] == list(rows), "the same municipalities in the same order"
    columns = {"framework": "frameworks", "joint": "joint", "theme": "themes", "form": "forms", "period": "periods",
               "region": "regions", "size": "sizes"}  # fmt: skip
    for one in found:
        row = rows[one.iri]
        assert str(one.score) == row["score"]
        for reason, column in columns.items():
            assert str(len(one.shared.get(reason, ()))) == row[column], (one.iri, reason)
        assert len(row["things"].split()) == sum(map(len, one.shared.values()))


def test_likeness_follows_the_day(service: Service) -> None:
    """Two regions become one in 2027: Copenhagen then shares its region with Roskilde."""

    def regions(on: str) -> str:
        table = service.answer("similar_municipalities", {"municipality": "0101", "on": on}).table
        assert table is not None
        return next((row["regions"] for row in table.dicts() if row["name"] == "Roskilde"), "0")

    assert regions("2026-11-25") == "0"
    assert regions("2027-01-01") == "1"


def test_reasons_are_told_with_links(client: Any) -> None:
    text = section(page(client, "/doc/municipality/0727"), "ligner")
    first = text.split("<tbody>")[1].split("</tr>")[0]
    assert "Norddjurs" in first
    for word in ("Egne udsagn om samme ramme", "/doc/framework/monopolbrud", "/doc/concept/theme-architecture"):
        assert word in first, word
    assert "kun svage grunde" in section(page(client, "/doc/municipality/0825"), "ligner")
    assert "kun svage grunde" not in text


def test_what_is_not_known_of_a_municipality_is_told(client: Any) -> None:
    nothing = section(page(client, "/doc/municipality/0825"), "uvist")
    for words in ("kender ingen strategi", "står ikke på nogen", "ingen visioner", "ingen styringsorganer"):
        assert words in nothing, words
    assert f"{PUBLIC}/doc/document/kl-kortlaegning" in nothing, "it says what was looked through"
    odder = section(page(client, "/doc/municipality/0727"), "uvist")
    assert "Ingen kilde oplyser perioden for:" in odder
    assert "Det er uvist, om disse er samme strategi:" in odder
    assert "ingen visioner" not in odder
    assert "»Ingen evidens fundet« betyder" in odder


def test_governance_shows_every_row_of_the_query(client: Any, service: Service) -> None:
    table = service.answer("governance", {"municipality": "0707"}).table
    assert table is not None
    items = {row["item"] for row in table.dicts() if row["what"] in ("duty", "member")}
    text = section(page(client, "/doc/municipality/0707"), "styring")
    assert {f"{PUBLIC}/doc/{iri.removeprefix(ID)}" for iri in items} <= set(re.findall(r'href="([^"]+)"', text))
    assert "poster: " in text


def test_the_list_is_that_of_the_query_and_its_filters_count(client: Any, service: Service) -> None:
    table = service.answer("municipalities", {}).table
    assert table is not None
    rows = table.dicts()
    assert len(rows) == 98

    def names(path: str) -> list[str]:
        return re.findall(r'<tr><th scope="row"><a [^>]*>([^<]+)</a>', page(client, path))

    assert sorted(names("/municipalities")) == sorted(row["name"] for row in rows)
    for filters, test in (
        ("region=nordjylland", lambda row: row["region"].endswith("/nordjylland")),
        ("size=large", lambda row: int(row["population"]) >= 100_000),
        ("strategy=none", lambda row: row["strategies"] == "0"),
        ("strategy=in-force&region=sjaelland", lambda row: row["in_force"] != "0" and "sjaelland" in row["region"]),
        ("reading=whole", lambda row: row["own_reading"] == "whole"),
        ("listed=no", lambda row: row["entries"] == "0"),
    ):
        wanted = sorted(row["name"] for row in rows if test(row))
        assert wanted
        assert sorted(names(f"/municipalities?{filters}")) == wanted, filters
    text = page(client, "/municipalities?region=nordjylland")
    for href, count in re.findall(r'href="([^"]+)">[^<]+</a> <span class="count">\((\d+)\)', text):
        if "/municipalities?" in href:
            path = href.removeprefix(PUBLIC).replace("&amp;", "&")
            assert len(names(path)) == int(count), href
    people = [row["population"] for row in sorted(rows, key=lambda row: -int(row["population"]))]
    assert names("/municipalities?sort=population")[0] == "København"
    assert people[0] == next(row["population"] for row in rows if row["name"] == "København")


def test_the_list_finds_danish_spellings_and_says_when_there_are_none(client: Any) -> None:
    def names(q: str) -> list[str]:
        return re.findall(
            r'<tr><th scope="row"><a [^>]*>([^<]+)</a>',
            str(client.get("/municipalities", query_string={"q": q}, headers=BROWSER).get_data(as_text=True)),
        )

    assert names("aarhus") == names("Århus") == ["Aarhus"]
    assert names("læs") == ["Læsø"]
    assert names("0727") == ["Odder"]
    assert names("xyz") == []
    assert "Ingen kommuner passer" in page(client, "/municipalities?q=xyz")
    raw = client.get("/municipalities", query_string={"q": '"><script>alert(1)</script>'}, headers=BROWSER)
    assert b"<script>alert" not in raw.data


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/municipalities?region=atlantis", 400), ("/municipalities?size=huge", 400), ("/municipalities?sort=x", 400),
        ("/municipalities.pdf", 404), ("/doc/organisation/kl?in=nonsense", 400),
        ("/doc/organisation/kl?in=dct:publisher&page=99", 400), ("/doc/organisation/kl?in=dct:publisher&page=0", 400),
        ("/doc/organisation/kl?in=dct:publisher&page=%C2%B2", 400), ("/doc/organisation/kl?out=dct:title", 400),
        ("/doc/organisation/kl?in=%3E%20%7D%20%23", 400), ("/doc/document/kl-vejledning?page=x", 400),
        ("/doc/document/kl-vejledning?page=1000", 400), ("/doc/document/kl-vejledning?place=nowhere", 400),
    ],
)  # fmt: skip
@pytest.mark.parametrize("prefix", ["", "/en"])
def test_bad_choices_are_told(client: Any, prefix: str, path: str, status: int) -> None:
    assert "Traceback" not in page(client, prefix + path, status)


def test_the_list_as_a_file_is_the_list_as_shown(client: Any) -> None:
    lines = client.get("/municipalities.csv?region=nordjylland").get_data(as_text=True).splitlines()
    assert len(lines) == 12
    body = json.loads(client.get("/municipalities.json?strategy=none&sort=-name").data)
    names = [item["name"] for item in body["items"]]
    shown = re.findall(
        r'<tr><th scope="row"><a [^>]*>([^<]+)</a>', page(client, "/municipalities?strategy=none&sort=-name")
    )
    assert names == shown
    assert client.get("/municipalities.xlsx").data[:2] == b"PK"


@pytest.mark.parametrize("slug", ["kl-kortlaegning", "norddjurs-strategi", "devoteam-evaluering-2013"])
def test_a_document_is_read_along_to_its_end(client: Any, service: Service, slug: str) -> None:
    """All pages together hold every place once, in the order of the lines, with every thing it serves."""
    seen: list[str] = []
    lines: list[int] = []
    links: set[str] = set()
    for number in range(1, 30):
        text = section(page(client, f"/doc/document/{slug}?page={number}"), "steder")
        seen += re.findall(r'<tr id="([^"]+)"><th scope="row">', text)
        lines += [int(n) for n in re.findall(r'<tr id="[^"]+"><th scope="row"><a href="[^"]+">(\d+)', text)]
        links |= set(re.findall(r'href="([^"#?]+)"', text))
        if 'rel="next"' not in text:
            break
    rows = service.store.select(f"SELECT ?e ?t WHERE {{ ?e dct:source <{ID}document/{slug}> ; sg:evidenceFor ?t }}")
    assert sorted(seen) == sorted({cell(row["e"]).rpartition("/")[2] for row in rows})
    assert lines == sorted(lines)
    served = {cell(row["t"]) for row in rows if "#" not in cell(row["t"])}
    assert {f"{PUBLIC}/doc/{iri.removeprefix(ID)}" for iri in served} <= links


def test_headings_and_evidence_lead_to_the_place(client: Any) -> None:
    text = section(page(client, "/doc/document/devoteam-evaluering-2013"), "steder")
    found = re.findall(r'<li><a href="([^"]*)#([^"]+)">', text.split('<ol class="headings"')[1].split("</ol>")[0])
    assert len(found) > 50
    for href, slug in found[::9]:
        path = href.removeprefix(PUBLIC) or "/doc/document/devoteam-evaluering-2013"
        assert f'<tr id="{slug}">' in page(client, path)
    evidence = found[-1][1]
    link = re.search(
        rf'href="{PUBLIC}(/doc/document/[^"]*place={evidence})#{evidence}"', page(client, f"/doc/evidence/{evidence}")
    )
    assert link
    assert f'<tr id="{evidence}">' in page(client, link[1])


def test_a_long_list_is_paged_and_whole(client: Any, service: Service) -> None:
    rows = service.store.select(f"SELECT DISTINCT ?x WHERE {{ ?x dct:subject <{ID}concept/theme-governance> }}")
    wanted = {f"{PUBLIC}/doc/{cell(row['x']).removeprefix(ID)}" for row in rows}
    assert len(wanted) > 200
    found: list[str] = []
    for number in (1, 2):
        text = section(page(client, f"/doc/concept/theme-governance?in=dct:subject&page={number}"), "liste")
        found += re.findall(r'<li><a href="([^"]+)">', text.split('<nav class="pager"')[0])
    assert sorted(found) == sorted(wanted)


def test_an_element_stands_in_its_tree_between_its_neighbours(client: Any) -> None:
    text = page(client, "/doc/element/odder-digitaliseringsstrategi-uden-aar-princip-08")
    assert re.search(r'rel="prev" href="[^"]*princip-07"', text)
    assert re.search(r'rel="next" href="[^"]*princip-09"', text)
    tree = section(text, "traeet")
    assert "vision-01" in tree
    assert tree.index("vision-01") < tree.index('aria-current="true"')
    first = page(client, "/doc/element/odder-digitaliseringsstrategi-uden-aar-princip-01")
    assert 'rel="prev"' not in first.split('class="siblings"')[1].split("</nav>")[0]


def test_a_focus_area_says_who_takes_it_up(client: Any, service: Service) -> None:
    area = "kl-digitaliseringsstrategi-2016-fokusomraade-06"
    table = service.answer("focus_area_coverage", {}).table
    assert table is not None
    wanted = {row["municipality"] for row in table.dicts() if row["area"].endswith(area)} - {""}
    text = section(page(client, f"/doc/element/{area}"), "udsagn")
    told = text[: text.index("<div")]
    assert set(re.findall(r"/doc/municipality/(\d{4})", told)) == {iri.rpartition("/")[2] for iri in wanted}
    assert f"({len(wanted)})" in told
    assert "ikke det samme som" in told


def test_a_strategy_shows_both_ways_of_its_lineage(client: Any) -> None:
    text = page(client, "/doc/strategy/norddjurs-digitaliseringsstrategi-2016")
    lineage = section(text, "slaegt")
    assert "Hvad strategien selv bygger på" in lineage
    joint = page(client, "/doc/strategy/kl-digitaliseringsstrategi-2016")
    assert "Hvem der bygger på eller følger strategien" in section(joint, "slaegt")
    odder = page(client, "/doc/strategy/odder-digitaliseringsstrategi-2021")
    assert "Er muligvis samme strategi som" in odder
    assert "»2021-2025«" in section(odder, "lister")


def test_a_theme_counts_all_that_is_about_it(client: Any, service: Service) -> None:
    rows = service.store.select(f"SELECT DISTINCT ?x WHERE {{ ?x dct:subject <{ID}concept/theme-architecture> }}")
    text = section(page(client, "/doc/concept/theme-architecture"), "om")
    found = set(re.findall(r'<li><a href="([^"]+)"', text))
    assert found == {f"{PUBLIC}/doc/{cell(row['x']).removeprefix(ID)}" for row in rows}
    assert f"{len(found)} ting i grafen" in text


def test_an_organisation_shows_what_it_publishes_and_owns(client: Any, service: Service) -> None:
    text = page(client, "/doc/organisation/kl")
    rows = service.store.select(f"SELECT ?s WHERE {{ ?s a sg:Strategy ; dct:publisher <{ID}organisation/kl> }}")
    shown = re.findall(r'<tr><th scope="row"><a href="[^"]*/doc/(strategy/[^"]+)"', section(text, "strategier"))
    assert sorted(shown) == sorted({cell(row["s"]).removeprefix(ID) for row in rows})
    assert "/doc/framework/monopolbrud" in section(text, "rammer")


def test_last_changed_is_the_latest_day_of_a_source(service: Service) -> None:
    def last(store: Reader, iri: str) -> date | None:
        return changed.last_changed(store, describe.read(store, iri))

    odder = f"{ID}municipality/0727"
    assert last(service.store, odder) == TODAY
    assert last(service.store, f"{ID}region/midtjylland") is None
    assert last(service.store, f"{ID}document/odder-strategi") == TODAY


def test_last_changed_follows_what_is_read(world: Any) -> None:
    """A strategy known from a page seen is as new as that page, and a newer approval makes it newer."""
    base = """
      document:prove a sg:SourceDocument ; dct:title "Prøve"@da .
      evidence:prove a sg:CitedEvidence ; dct:source document:prove ; sg:seenOn "2020-03-01"^^xsd:date .
      strategy:prove a sg:Strategy ; sg:evidence evidence:prove .
    """
    store = GraphStore(world.turtle(base))
    iri = f"{ID}strategy/prove"
    assert changed.last_changed(store, describe.read(store, iri)) == date(2020, 3, 1)
    more = (
        base
        + """
      evidence:senere a sg:CitedEvidence ; dct:source document:prove ; sg:seenOn "2021-05-02"^^xsd:date .
      approval:prove a sg:Approval ; sg:approvalOf strategy:prove ; sg:evidence evidence:senere .
    """
    )
    store = GraphStore(world.turtle(more))
    assert changed.last_changed(store, describe.read(store, iri)) == date(2021, 5, 2)


def test_last_modified_is_told(client: Any) -> None:
    response = client.get("/doc/municipality/0727", headers=BROWSER)
    assert response.last_modified is not None
    assert response.last_modified.date() <= date.today()
    assert client.get("/doc/region/midtjylland", headers=BROWSER).last_modified is None
    turtle = client.get("/doc/municipality/0727.ttl")
    assert turtle.last_modified == response.last_modified
