"""Comparing municipalities: what is shared, what is not, and what happens with odd choices."""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any

import pytest
from conftest import TODAY
from flask import Flask

from strategigraf import ns
from strategigraf.service import Service
from strategigraf.web import create_app
from strategigraf.web.views import compare

BROWSER = {"Accept": "text/html"}
PUBLIC = "https://strategigraf.example"


@pytest.fixture(scope="module")
def app(service: Service) -> Flask:
    return create_app(service)


@pytest.fixture(scope="module")
def client(app: Flask) -> Any:
    return app.test_client()


def page(client: Any, *names: str, status: int = 200, language: str = "") -> str:
    response = client.get(f"{language}/compare", query_string=[("m", name) for name in names], headers=BROWSER)
    assert response.status_code == status, names
    return str(response.get_data(as_text=True))


def iris(*codes: str) -> list[str]:
    return [ns.thing("municipality", code) for code in codes]


@pytest.mark.parametrize("pair", list(combinations(("0727", "0707", "0340", "0657"), 2)))
def test_what_is_shared_is_what_the_public_query_says(app: Flask, service: Service, pair: tuple[str, str]) -> None:
    answer = service.answer("compare_municipalities", dict(zip("ab", pair, strict=True)), TODAY).table
    assert answer
    rows = answer.dicts()
    with app.test_request_context("/"):
        found = compare.compare(iris(*pair))
        names = {row.key: service.names.label(row.key, "da") for row in (*found.themes, *found.joint)}
    elements = {iri for row in rows for iri in (row["a"], row["b"]) if "/element/" in iri}
    themes = {names[row.key] for row in found.shared_themes}
    told = {row["theme"] for row in rows if row["shared"] == "true"}
    assert themes <= told
    joint = {names[row.key] for row in found.shared_joint}
    series = {row["theme"] for row in rows if row["shared"] == "true" and row["kind"] == "bygger på"}
    areas = {
        row["theme"]
        for row in rows
        if row["shared"] == "true" and "fokusområde" in row["kind"] and row["theme"] not in themes
    }
    assert series | areas <= joint | themes
    mine = {one.iri for row in found.themes for some in row.cells for one in some}
    assert {iri for iri in elements if iri in mine} == mine & elements
    single = {names[row.key] for row in found.themes if row.shared == 1}
    assert single.isdisjoint(themes)


def test_every_element_stands_once_for_each_theme(app: Flask, service: Service) -> None:
    with app.test_request_context("/"):
        found = compare.compare(iris("0727", "0707"))
    for row in (*found.themes, found.unthemed):
        for some in row.cells:
            assert len({one.iri for one in some}) == len(some)
    told = service.store.select(
        """SELECT ?theme (COUNT(DISTINCT ?e) AS ?n) WHERE {
          ?e sg:elementOf/dct:publisher municipality:0727 ; dct:subject ?theme } GROUP BY ?theme"""
    )
    assert {row.key: len(row.cells[0]) for row in found.themes if row.cells[0]} == {
        str(row["theme"].value): int(row["n"].value)  # type: ignore[union-attr]
        for row in told
    }


def test_direct_alignments(app: Flask, client: Any) -> None:
    with app.test_request_context("/"):
        found = compare.compare(iris("0340", "0727"))
    assert len(found.between) == 7
    assert all("/soroe-" in claim.subject and "/odder-" in claim.object for claim in found.between)
    text = page(client, "0340", "0727")
    part = text[text.index('id="imellem"') : text.index('id="faelles"')]
    assert part.count('<tr><th scope="row"') == 7
    assert part.count('class="phrase"') >= 14, "both ends are shown with their source"
    assert "Ingen evidens fundet i grafen for direkte" in page(client, "0101", "0825")


def test_side_by_side_with_evidence(client: Any) -> None:
    text = page(client, "0727", "0707")
    themes = text[text.index('id="temaer"') : text.index('id="kun-en"')]
    rows = re.findall(r'(?s)<tr><th scope="row">.*?</tr>', themes)
    assert len(rows) >= 5
    for row in rows:
        cells = re.findall(r"(?s)<td>.*?</td>", row)
        assert len(cells) == 2
        assert all("/doc/evidence/" in cell for cell in cells), "every cell of a shared theme leads to a source"
    overview = text[text.index('id="overblik"') : text.index('id="imellem"')]
    for words in ("udløbet", "forpligtet", "gennemfører", "linje 177", "Digitaliseringsstyregruppen", "22.844"):
        assert words in overview, words
    english = page(client, "0727", "0707", language="/en")
    assert "Odder and Norddjurs" in english
    assert '<span lang="da">Vi følger tankerne i monopolbruddet</span>' in english


def test_names_codes_and_iris_mean_the_same(client: Any) -> None:
    canonical = f'<link rel="canonical" href="{PUBLIC}/compare?m=0727&amp;m=0707">'
    for names in (("0727", "0707"), ("Odder", "norddjurs"), (*iris("0727"), "707"), ("Odder Kommune", "Norddjurs")):
        assert canonical in page(client, *names), names
    assert canonical in page(client, "Odder", "", "Norddjurs", " ")
    four = page(client, "0727", "0707", "0340", "0657")
    assert "Odder, Norddjurs, Sorø og Herning" in re.sub(r"\s+", " ", four)


def test_how_a_comparison_begins(client: Any) -> None:
    empty = page(client)
    assert empty.count('name="m" list=') == 4
    assert len(re.findall(r"<option value", empty)) == 98
    one = page(client, "0727")
    assert 'value="Odder"' in one
    assert f"{PUBLIC}/compare?m=0727&amp;m=0707" in one, "the most similar are offered"
    page(client, "0825")


def test_odd_choices(client: Any) -> None:
    assert "mere end én gang" in page(client, "0727", "0707", "Odder")
    assert "Vælg højst 4" in page(client, "0727", "0707", "0340", "0657", "0101", status=400)
    assert "Det er den samme kommune" in page(client, "0727", "Odder", status=400)
    wrong = page(client, "0727", "Oder", status=400)
    assert "odder" in wrong.split('role="alert"')[1].split("</p>")[0].lower()
    assert 'value="Oder"' in wrong, "what was typed stands to be mended"
    assert "Did you mean" in page(client, "Oder", "0727", status=400, language="/en")
    page(client, "x" * 5000, status=400)
    page(client, *["0727"] * 500, status=400)
    page(client, "https://w3id.org/strategigraf/id/framework/monopolbrud", "0727", status=400)
    page(client, "\x00", "0727", status=400)


@pytest.mark.parametrize("evil", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}"])
def test_what_is_typed_is_never_markup(client: Any, evil: str) -> None:
    text = page(client, evil, "0727", status=400)
    assert "<script>alert" not in text
    assert "<img" not in text
    assert ">49<" not in text


def test_municipalities_of_which_nothing_is_known(client: Any) -> None:
    text = page(client, "0825", "0563")
    assert "ingen kendt i grafen" in text
    assert "Ingen evidens fundet i grafen for et fælles tema" in text


def test_files_of_each_pair(client: Any) -> None:
    text = page(client, "0727", "0707", "0340")
    links = {link.replace("&amp;", "&") for link in re.findall(r'href="([^"]*compare_municipalities\.csv[^"]*)"', text)}
    assert len(links) == 3
    for link in links:
        assert client.get(link.removeprefix(PUBLIC)).status_code == 200
