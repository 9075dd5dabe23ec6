"""The front page: questions that lead to answers, the map by each measure, figures that are what was counted."""

from __future__ import annotations

import gzip
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import TODAY

from strategigraf import ns, paths, web
from strategigraf.service import Service
from strategigraf.web import create_app, front

BROWSER = {"Accept": "text/html"}
PUBLIC = "https://strategigraf.example"
STATIC = Path(web.__file__).parent / "static"


@pytest.fixture(scope="module")
def client(service: Service) -> Any:
    return create_app(service).test_client()


def page(client: Any, path: str) -> str:
    response = client.get(path, headers=BROWSER)
    assert response.status_code == 200, path
    return str(response.get_data(as_text=True))


def inside(text: str, start: str, end: str) -> str:
    return text[text.index(start) : text.index(end, text.index(start))]


def tiles(text: str) -> dict[str, str]:
    """The class of each municipality's square by its code."""
    return {code: name for name, code in re.findall(r'<a class="t-([\w-]+)" href="[^"]*/municipality/(\d{4})"', text)}


def test_every_question_has_an_answer(client: Any, service: Service) -> None:
    """Each link answers with a page that holds something: rows, a picture or a list."""
    for prefix in ("", "/en"):
        text = inside(page(client, f"{prefix}/"), 'class="groups"', 'class="measure"')
        links = re.findall(r'<a href="([^"]+)">([^<]+)</a>', text)
        assert len(links) >= 30
        assert len({href for href, _ in links}) == len(links), "no question twice"
        for href, question in links:
            assert href.startswith(f"{PUBLIC}{prefix}/"), href
            answer = page(client, href.replace("&amp;", "&").removeprefix(PUBLIC))
            main = inside(answer, "<main", "</main>")
            assert "<td" in main or "<li" in main.partition("<h1")[2] or "<svg" in main, question


def test_each_kind_of_question_is_one_click_away(client: Any) -> None:
    """Words of the checked answers to ten questions of different kinds stand on the page behind one link."""
    text = page(client, "/")
    kinds = (
        ("Hvem følger Monopolbruddet?", ("Odder", "Norddjurs", "forpligtet")),
        ("Hvilke kommuner står ikke på KL&#39;s liste?", ("Ballerup", "Aabenraa", "Samsø")),
        ("Hvad kalder kommunerne deres strategier?", ("Digitaliseringsstrategi", "24")),
        ("Hvad gjaldt den 31. december 2021 ifølge KL&#39;s liste?", ("2019-2023", "gælder")),
        ("Hvilke kommuner er KL&#39;s eksempler?", ("Sorø", "Horsens")),
        ("Hvem dækker KL&#39;s typiske fokusområder?", ("Odder", "Sorø")),
        ("Hvornår er noget et projekt i Odder?", ("150",)),
        ("Hvem beslutter i Norddjurs, og hvor går sagen hen?", ("Direktionen", "styregruppe")),
        ("Hvilke niveauer af strategier er der?", ("orretningsstrategi", "t-strategi")),
        ("Hvem svarede, og hvor mange? Evalueringens tal", ("svarprocent",)),
        ("Hvilke organisationer nævnes?", ("KOMBIT",)),
        ("Hvilke teknologier nævner de?", ("elfærdsteknologi",)),
    )
    for question, words in kinds:
        found = re.search(rf'<a href="([^"]+)">{re.escape(question)}</a>', text)
        assert found, question
        answer = page(client, found[1].replace("&amp;", "&").removeprefix(PUBLIC))
        for word in words:
            assert word in inside(answer, "<main", "</main>"), (question, word)


def test_the_map_shows_each_measure_and_its_table_says_the_same(client: Any, service: Service) -> None:
    seen = set()
    links = re.findall(r'href="([^"]+measure=([\w-]+)#kort)"', page(client, "/?measure=read"))
    assert {name for _, name in links} >= {"monopolbrud", "rammearkitektur", "strategy", "elements"}
    for href, name in (*links, (f"{PUBLIC}/?measure=read", "read")):
        text = page(client, href.removeprefix(PUBLIC).partition("#")[0])
        found = tiles(text)
        assert len(found) == 98, name
        table = inside(text, '<details class="as-table">', "</details>")
        rows = re.findall(r"/municipality/(\d{4})\">[^<]*</a></th><td>([^<]*)</td>", table)
        assert len(rows) == 98
        words = dict(
            re.findall(r'<span class="swatch t-([\w-]+)"[^>]*>[^<]*</span> (?:<a [^>]*>)?([^<]+?)(?:</a>)? <span', text)
        )
        assert all(words[found[code]].strip() == told.strip() for code, told in rows), name
        seen.add(tuple(sorted(found.items())))
    assert len(seen) == len(links) + 1, "no measure shows what another does"


def test_the_map_is_what_the_queries_answer(client: Any, service: Service) -> None:
    adoptions = service.answer("framework_adoption", {"framework": "monopolbrud"}, TODAY).table
    assert adoptions
    expected = {row["municipality"].rpartition("/")[2]: row["status"] for row in adoptions.dicts()}
    assert tiles(page(client, "/?measure=monopolbrud")) == expected
    reading = {"whole": "n4", "part": "n2", "none": "n0"}
    read = {row["municipality"].rpartition("/")[2]: reading[row["own_reading"]] for row in adoptions.dicts()}
    assert tiles(page(client, "/?measure=read")) == read
    strategies = service.answer("strategies_by_status", {}, TODAY).table
    assert strategies
    known: dict[str, set[str]] = {}
    for row in strategies.dicts():
        known.setdefault(row["municipality"].rpartition("/")[2], set()).add(row["status"])
    shown = tiles(page(client, "/?measure=strategy"))
    for code, status in shown.items():
        assert status in known.get(code, {"none"}), code
        if "in-force" in known.get(code, ()):
            assert status == "in-force"
    without = service.answer("municipalities_without_strategy", {}, TODAY).table
    assert without
    assert {row["municipality"].rpartition("/")[2] for row in without.dicts()} == {
        c for c, s in shown.items() if s == "none"
    }


def test_the_number_of_elements_is_that_of_its_query(client: Any) -> None:
    text = page(client, "/?measure=elements")
    link = re.search(r'<p class="note">[^<]*<a href="([^"]+)"', inside(text, 'class="measure"', "</section>"))
    assert link
    path = link[1].replace("&amp;", "&").removeprefix(PUBLIC)
    rows = client.get(path, headers={"Accept": "text/csv"}).get_data(as_text=True).split()[1:]
    counts = {iri.rpartition("/")[2]: int(n) for iri, n in (row.split(",") for row in rows)}
    assert counts["0727"] > 50
    for code, shown in tiles(text).items():
        n = counts.get(code, 0)
        assert shown == ("n4" if n >= 50 else "n3" if n >= 10 else "n1" if n else "n0"), code


def test_an_unknown_measure_is_told(client: Any) -> None:
    for value in ("nonsense", "<script>", "", "x" * 300):
        response = client.get("/", query_string={"measure": value}, headers=BROWSER)
        assert response.status_code == 400, value
        assert "<script>" not in response.get_data(as_text=True).partition("<main")[2]


def test_the_newest_documents_are_those_read_last(client: Any, service: Service) -> None:
    text = page(client, "/")
    table = inside(text, 'id="nyt"', "</table>")
    listed = re.findall(r'/doc/document/([\w-]+)"', table)
    rows = service.store.select("SELECT ?d ?day WHERE { ?r sg:readingOf ?d ; dct:date ?day } ORDER BY DESC(?day)")
    latest = rows[0]["day"].value  # type: ignore[union-attr]
    newest = {str(row["d"].value).rpartition("/")[2] for row in rows if row["day"].value == latest}  # type: ignore[union-attr]
    assert set(listed) <= newest or len(newest) < len(listed)
    assert len(listed) == 10
    whole = service.store.select("SELECT (COUNT(*) AS ?n) WHERE { ?d sg:corpus concept:corpus-read }")[0]["n"].value  # type: ignore[union-attr]
    assert f"{whole} dokumenter er læst helt" in table


def test_how_to_cite_names_release_address_and_day(client: Any, service: Service) -> None:
    for path, day in (("/", "25. november 2026"), ("/en/", "25 November 2026")):
        cited = re.sub(r"<[^>]+>", "", inside(page(client, path), '<p class="cite">', "</p>"))
        for part in (service.release.name, ns.BASE, PUBLIC, day, "CC BY 4.0"):
            assert part in cited, part


def test_the_front_page_is_light(client: Any) -> None:
    """All that a first visit fetches, the page compressed and files as they are: below 300 kB, and no file twice."""
    text = page(client, "/")
    total = len(gzip.compress(text.encode(), 5))
    found = {name.partition("?")[0] for name in re.findall(r'(?:href|src)="/static/([^"#]+)', text)}
    css = (STATIC / paths.STYLE).read_text(encoding="utf-8")
    fonts = {
        (Path(paths.STYLE).parent / name.partition("?")[0]).as_posix()
        for name in re.findall(r'url\("?([^")]+\.woff2)', css)
    }
    assert found
    assert fonts
    for name in found | fonts:
        total += (STATIC / name).stat().st_size
    assert total < 300_000
    preloaded = re.findall(r'rel="preload" href="/static/([^"]+)"', text)
    assert preloaded
    assert set(preloaded) <= fonts, "a preload under another address than the style sheet's is a second fetch"


def test_an_uncached_front_page_takes_little(client: Any) -> None:
    kept = client.application.wsgi_app.kept
    took = []
    for _ in range(4):
        kept.clear()
        started = time.process_time()
        page(client, "/")
        took.append(time.process_time() - started)
    assert min(took[1:]) < 0.05


def test_what_is_searched_for_first_is_answered(client: Any) -> None:
    for prefix in ("", "/en"):
        links = re.findall(
            r'href="[^"]*(/search\?q=[^"]+)"', inside(page(client, f"{prefix}/"), 'class="tries"', "</p>")
        )
        assert len(links) == 3
        for link in links:
            found = json.loads(client.get(prefix + link.replace("/search?", "/search.json?")).data)
            assert found["total"] > 0, link
        assert "/doc/adoption/0727-monopolbrud" in page(client, prefix + links[2])


def test_each_question_has_its_words() -> None:
    told = {f"question.{key}" for _, some in front.QUESTIONS for key, _, _ in some} | {"question.follows"}
    from strategigraf.web.messages import messages

    assert told == {key for key in messages() if key.startswith("question.")}
    assert {f"figure.{key}" for key, _ in front.FIGURES} == {key for key in messages() if key.startswith("figure.")}
