"""Pages: every type in both languages, with its evidence, escaped and addressed as it should be."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from pyoxigraph import RdfFormat, parse

from strategigraf import ns, paths, web
from strategigraf.service import Service
from strategigraf.web import create_app
from strategigraf.web.messages import message, messages

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
PUBLIC = "https://strategigraf.example"
TEMPLATES = Path(web.__file__).parent / "templates"
#: Types whose pages show a phrase of a document, or the path to one.
WITH_PHRASE = {
    "strategy", "series", "element", "framework", "alignment", "evidence", "document", "entry", "body",
    "approval", "organisation", "adoption",
}  # fmt: skip
FIRST = """SELECT ?s WHERE {{
  ?s a ?c . {extra}
  FILTER(STRSTARTS(STR(?s), "https://w3id.org/strategigraf/id/{kind}/") && !CONTAINS(STR(?s), "#"))
}} ORDER BY ?s LIMIT 2"""


@pytest.fixture(scope="module")
def client(service: Service) -> Any:
    """One client for the whole file: an application compiles its templates anew."""
    return create_app(service).test_client()


class Reader(HTMLParser):
    """What the tests look at in a page: ids, links, tags, and whether every tag is closed."""

    VOID = frozenset({"meta", "link", "input", "br", "rect"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[dict[str, str | None]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if found.get("id"):
            self.ids.append(str(found["id"]))
        if tag == "a":
            self.links.append(found)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1] == tag, f"</{tag}> closes <{self.open[-1]}>"
        self.open.pop()


def kinds(service: Service) -> Iterator[tuple[str, str]]:
    for kind in ns.TYPES:
        extra = "?s sg:evidence ?e ." if kind in ("organisation", "series") else ""
        for row in service.store.select(FIRST.format(kind=kind, extra=extra)):
            yield kind, str(row["s"].value).rpartition("/")[2]  # type: ignore[union-attr]


def page(client: Any, path: str, status: int = 200) -> str:
    response = client.get(path, headers=BROWSER)
    assert response.status_code == status, path
    assert response.content_type == "text/html; charset=utf-8"
    return str(response.get_data(as_text=True))


def test_every_type_has_a_page_in_both_languages(client: Any, service: Service) -> None:
    seen = set()
    for kind, slug in kinds(service):
        seen.add(kind)
        for prefix, language in (("", "da"), ("/en", "en")):
            text = page(client, f"{prefix}/doc/{kind}/{slug}")
            reader = Reader(text)
            assert reader.open == [], f"{prefix}/doc/{kind}/{slug}: {reader.open}"
            assert len(reader.ids) == len(set(reader.ids)), f"{kind}: an id twice"
            assert f'<html lang="{language}">' in text
            assert f'rel="canonical" href="{PUBLIC}{prefix}/doc/{kind}/{slug}"' in text
            assert f'hreflang="en" href="{PUBLIC}/en/doc/{kind}/{slug}"' in text
            assert f"https://w3id.org/strategigraf/id/{kind}/{slug}" in text
            for ending in ("ttl", "jsonld", "rdf", "nt"):
                assert f'href="{PUBLIC}/doc/{kind}/{slug}.{ending}"' in text
            if kind in WITH_PHRASE:
                told = "Ingen evidens fundet i grafen." in text or "No evidence found in the graph." in text
                shown = any(mark in text for mark in ('class="phrase"', 'class="locator"', "<blockquote"))
                assert shown or told, f"{kind}/{slug} shows no phrase"
    assert seen == set(ns.TYPES)


PAGES = (
    "/", "/search?q=odder", "/search", "/queries/", "/ontology/", "/sparql",
    "/queries/framework_adoption", "/queries/adoption_path", "/queries/adoption_path?municipality=Odder",
    "/doc/framework/monopolbrud?status=acting&corpus=read",
)  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("prefix", ["", "/en"])
def test_the_other_pages(client: Any, prefix: str, path: str) -> None:
    reader = Reader(page(client, prefix + path))
    assert reader.open == []
    assert len(reader.ids) == len(set(reader.ids))


def test_the_embedded_block_is_the_rdf(client: Any) -> None:
    text = page(client, "/doc/municipality/0727")
    block = re.search(r'<script type="application/ld\+json">(.*?)</script>', text, re.DOTALL)
    assert block
    inside = set(parse(json.dumps(json.loads(block[1])).encode(), RdfFormat.JSON_LD))
    turtle = client.get("/doc/municipality/0727.ttl").data
    assert {q.triple for q in inside} == {q.triple for q in parse(turtle, RdfFormat.TURTLE)}


def test_a_municipality_says_who_where_and_what(client: Any) -> None:
    odder = page(client, "/doc/municipality/0727")
    for word in ("Region Midtjylland", "22.844", "pejlemærke", "Vi følger tankerne i monopolbruddet", "forpligtet"):
        assert word in odder, word
    english = page(client, "/en/doc/municipality/0727")
    assert "22,844" in english
    assert '<span lang="da">Vi følger tankerne i monopolbruddet</span>' in english
    copenhagen = page(client, "/doc/municipality/0101")
    assert "Region Hovedstaden" in copenhagen
    assert "Region Østdanmark" in copenhagen


def test_a_framework_shows_98_rows_and_each_path(client: Any) -> None:
    text = page(client, "/doc/framework/monopolbrud")
    rows = re.findall(r'<tr id="k(\d{4})">', text)
    assert len(rows) == len(set(rows)) == 98
    assert text.count('id="path"') == 1
    assert text.count('href="#path"') == sum(
        "gennem fællesskabet" in row for row in re.findall(r"<tr id=.*?</tr>", text, re.DOTALL)
    )
    odder = text[text.index('<tr id="k0727">') : text.index("</tr>", text.index('<tr id="k0727">'))]
    assert "forpligtet" in odder
    assert "linje 177" in odder
    assert f"{PUBLIC}/doc/adoption/0727-monopolbrud" in odder
    assert "genoprettet" in text
    only = page(client, "/doc/framework/monopolbrud?status=acting")
    assert re.findall(r'<tr id="k(\d{4})">', only) == ["0580", "0707"]
    page(client, "/doc/framework/monopolbrud?status=nonsense", 400)
    page(client, "/doc/framework/monopolbrud?corpus=nonsense", 400)


def test_no_evidence_is_never_told_as_no(client: Any) -> None:
    text = page(client, "/doc/framework/rammearkitektur")
    row = text[text.index('<tr id="k0101">') : text.index("</tr>", text.index('<tr id="k0101">'))]
    assert "Ingen evidens fundet i grafen" in row
    assert "ikke vurderet" in row


def test_an_entry_stands_as_written_beside_as_understood(client: Any) -> None:
    text = page(client, "/doc/entry/kl-kortlaegning-01")
    assert "»2019-2023«" in text
    assert '<time datetime="2023-12-31">31. december 2023</time>' in text
    assert "udløbet" in text


def test_a_document_lists_its_places_in_the_order_of_its_lines(client: Any) -> None:
    text = page(client, "/doc/document/norddjurs-strategi")
    table = text[text.index('id="steder"') :]
    lines = [int(n) for n in re.findall(r'<tr id="[^"]+"><th scope="row"><a href="[^"]+">(\d+)', table)]
    assert len(lines) > 50
    assert lines == sorted(lines)
    assert "e7e8614dcf36bd13da354642df2300e6b578023fec5fcd70c8893ae65094f2ec" in text


def test_what_is_not_known_is_said(client: Any) -> None:
    assert "ikke oplyst" in page(client, "/doc/strategy/odder-digitaliseringsstrategi-uden-aar")
    assert "not stated" in page(client, "/en/doc/strategy/odder-digitaliseringsstrategi-uden-aar")


def test_the_front_page_leads_to_answers(client: Any) -> None:
    reader = Reader(page(client, "/"))
    inside = [str(a["href"]) for a in reader.links if str(a["href"]).startswith(PUBLIC)]
    assert f"{PUBLIC}/doc/framework/monopolbrud" in inside
    for href in set(inside):
        response = client.get(href.removeprefix(PUBLIC), headers=BROWSER)
        assert response.status_code == 200, href


def test_a_key_figure_is_what_its_query_counts(client: Any) -> None:
    text = page(client, "/")
    figures = re.findall(r'<dd><a href="([^"]+)">([\d.]+)</a></dd>', text)
    assert len(figures) == 6
    for href, shown in figures:
        path = href.replace("&amp;", "&").removeprefix(PUBLIC)
        answer = client.get(path, headers={"Accept": "text/csv"}).get_data(as_text=True)
        assert answer.split()[1] == shown.replace(".", "")


def test_links_within_pages_are_not_dead(client: Any) -> None:
    """Every inner link of some pages answers, and every fragment is on its page."""
    seen: dict[str, Reader] = {}
    for start in ("/doc/framework/monopolbrud", "/en/doc/municipality/0707", "/doc/concept/status", "/ontology/"):
        reader = Reader(page(client, start))
        hrefs = {str(a["href"]) for a in reader.links}
        for href in sorted(hrefs)[::19]:
            if href.startswith("#"):
                assert href[1:] in reader.ids, href
            elif href.startswith(PUBLIC):
                path, _, fragment = href.removeprefix(PUBLIC).partition("#")
                if path not in seen:
                    response = client.get(path, headers=BROWSER)
                    assert response.status_code == 200, href
                    is_page = response.mimetype == "text/html"
                    seen[path] = Reader(response.get_data(as_text=True) if is_page else "")
                if fragment and seen[path].ids:
                    assert fragment in seen[path].ids, href


def test_nothing_is_fetched_from_others_and_nothing_runs(client: Any) -> None:
    for path in ("/", "/doc/framework/monopolbrud", "/sparql", "/ontology/"):
        text = page(client, path)
        for tag, found in Reader(text).tags:
            assert tag not in ("iframe", "object", "style", "img"), tag
            assert not any(name.startswith("on") or name == "style" for name in found)
            if tag == "script" and "src" in found:
                assert str(found["src"]).startswith("/static/")
            elif tag == "script":
                assert found.get("type") in ("application/ld+json", "application/json"), "data, never code"
            if tag == "link" and found.get("rel") in ("stylesheet", "icon"):
                assert str(found["href"]).startswith("/static/")
    policy = client.get("/", headers=BROWSER).headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    with client.get(f"/static/{paths.STYLE}") as style:
        assert style.status_code == 200


EVIL = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "'-alert(1)-'", "{{ 7*7 }}", "</textarea><b>x")


@pytest.mark.parametrize("text", EVIL)
def test_what_a_reader_types_is_escaped(client: Any, text: str) -> None:
    places: tuple[tuple[str, dict[str, str], int], ...] = (
        ("/search", {"q": text}, 200),
        ("/sparql", {"query": text}, 400),
        ("/queries/framework_adoption", {"framework": text}, 400),
        ("/queries/framework_adoption", {text: "x"}, 400),
        (f"/doc/municipality/{text.replace('/', '')}", {}, 404),
        (f"/queries/{text.replace('/', '')}", {}, 404),
    )
    for path, query, status in places:
        response = client.get(path, query_string=query, headers=BROWSER)
        assert response.status_code == status, path
        body = response.get_data(as_text=True)
        for raw in ("<script>alert", "<img", "<b>x", ">49<"):
            assert raw not in body, path


def test_every_message_has_both_languages() -> None:
    for key, text in messages().items():
        assert text.da or key == "question.municipality_end", key
        assert text.en or key == "question.municipality_end", key
        assert set(re.findall(r"{\w+}", text.da)) == set(re.findall(r"{\w+}", text.en)), key


def test_every_key_in_a_template_is_a_message() -> None:
    used = set()
    for template in TEMPLATES.glob("*.html"):
        used |= set(re.findall(r"\bt\('([\w.-]+[\w])'[,)]", template.read_text(encoding="utf-8")))
    for module in Path(web.__file__).parent.rglob("*.py"):
        used |= set(re.findall(r"(?:\bt|message)\(\"([\w.-]+)\"", module.read_text(encoding="utf-8")))
    assert len(used) > 100
    assert used <= set(messages())
    assert {f"type.{kind}" for kind in ns.TYPES} <= set(messages())


def test_every_message_is_used() -> None:
    text = "".join(p.read_text(encoding="utf-8") for p in TEMPLATES.glob("*.html"))
    text += "".join(p.read_text(encoding="utf-8") for p in Path(web.__file__).parent.rglob("*.py"))
    made = ("site.", "type.", "code.", "format.", "figure.", "question.", "corpus.", "problem.", "ontology.")
    scripts = "".join(p.read_text(encoding="utf-8") for p in (TEMPLATES.parent / "static").glob("*.js"))
    spoken = set(re.findall(r"\bwords\.(\w+)", scripts))
    assert {f"editor.{word}" for word in spoken} <= set(messages())
    unused = [key for key in messages() if key not in text and not key.startswith(made)]
    assert [key for key in unused if key.removeprefix("editor.") not in spoken] == []


def test_a_message_is_filled_in() -> None:
    assert message("search.found", "da", total=3) == "3 passer til"


def test_the_place_of_a_page_only_seen_is_no_quotation(client: Any) -> None:
    """Cited evidence has no phrase: its place stands without quotation marks, wherever evidence is shown."""
    row = re.search(r'<tr id="k0580">.*?</tr>', page(client, "/doc/framework/monopolbrud?corpus=all"), re.DOTALL)
    assert row
    assert "set på siden: " in row[0]
    assert "Ingen evidens" not in row[0]
    assert 'class="phrase"' not in row[0].split("<details")[0]
    adoption = page(client, "/doc/adoption/0580-monopolbrud")
    assert adoption.count('class="locator"') >= 2, "in the path and among the places"
    herning = page(client, "/doc/municipality/0657")
    table = herning[herning.index("Strategier</h2>") :].split("</table>")[0]
    links = re.findall(r'<th scope="row">.*?href="([^"]*)"', table)
    assert len(links) == len(set(links)) == 2, "one row for each strategy"


def test_a_thing_and_its_label_are_one_column(client: Any) -> None:
    for query in ("guidance", "findings", "technologies", "cases", "medium_confidence"):
        heads = page(client, f"/queries/{query}").split("<thead>")[1].split("</thead>")[0]
        assert heads.count("(IRI)") == 0, query
    guidance = page(client, "/queries/guidance?kind=consideration")
    assert '<option value="consideration" selected>overvejelse</option>' in guidance
    assert ">modsiger sig selv<" in page(client, "/queries/disagreements")
