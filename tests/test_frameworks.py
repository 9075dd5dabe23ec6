"""Frameworks: the list, the standing of each municipality as the public queries tell it, the map, filters and files."""

from __future__ import annotations

import csv
import io
import json
import re
from html import unescape
from typing import Any

import openpyxl
import pytest
from conftest import TODAY
from flask import Flask

from strategigraf import ns
from strategigraf.service import Service
from strategigraf.web import create_app
from strategigraf.web.views import adoption, places, standing, tilemap

BROWSER = {"Accept": "text/html"}
PUBLIC = "https://strategigraf.example"
ADOPTABLE = ("fda", "monopolbrud", "rammearkitektur")


@pytest.fixture(scope="module")
def app(service: Service) -> Flask:
    return create_app(service)


@pytest.fixture(scope="module")
def client(app: Flask) -> Any:
    return app.test_client()


def page(client: Any, path: str, status: int = 200) -> str:
    response = client.get(path, headers=BROWSER)
    assert response.status_code == status, path
    return str(response.get_data(as_text=True))


def rows(text: str) -> dict[str, str]:
    """The rows of the table of a framework by code, in their order."""
    return dict(re.findall(r'(?s)<tr id="k(\d{4})">(.*?)</tr>', text))


@pytest.mark.parametrize("corpus", ["all", "read"])
@pytest.mark.parametrize("slug", ADOPTABLE)
def test_the_standings_are_those_of_the_public_query(app: Flask, service: Service, slug: str, corpus: str) -> None:
    answer = service.answer("framework_adoption", {"framework": slug, "corpus": corpus}, TODAY)
    assert answer.table
    told = {row["municipality"]: row for row in answer.table.dicts()}
    with app.test_request_context("/"):
        found = {one.municipality: one for one in standing.standings().of(ns.thing("framework", slug), corpus)}
    assert len(found) == len(told) == 98
    for iri, row in told.items():
        one = found[iri]
        lead = one.lead
        mine = {
            "status": one.status,
            "own_reading": one.reading,
            "evidence_count": str(one.count),
            "latest_evidence": one.latest,
            "document": lead.document if lead else "",
            "evidence_phrase": lead.phrase if lead else "",
            "heading": (lead.heading or lead.locator) if lead else "",
            "line": str(lead.first or "") if lead else "",
        }
        assert mine == {name: row[name] for name in mine}, iri


def test_the_common_path_is_that_of_the_public_query(app: Flask) -> None:
    framework = ns.thing("framework", "monopolbrud")
    with app.test_request_context("/"):
        told = adoption.paths(framework, ns.thing("municipality", "0101"))["implied"]
        found = standing.common(framework)
        assert standing.common(ns.thing("framework", "rammearkitektur")) == []
    wanted = [
        (step["step_from"], step["relation"], step["step_to"], {piece.iri for piece in step["pieces"]})
        for step in told
        if step["relation"] != "member-of"
    ]
    mine = [
        (step["step_from"], step["relation"], step["step_to"], {piece.iri for piece in step["pieces"]})
        for step in found
    ]
    assert sorted(mine, key=str) == sorted(wanted, key=str)
    assert len(mine) >= 3
    assert all(pieces for *_, pieces in mine), "each step has its source"


def test_every_municipality_has_a_square_of_its_own(app: Flask) -> None:
    with app.test_request_context("/"):
        known = places.places()
        drawn = tilemap.tiles(dict.fromkeys(list(known)[:97], "committed") | {"https://example.org/": "acting"})
    assert len(known) == len({(one.row, one.column) for one in known.values()}) == 98
    assert len(drawn["items"]) == len({(one["x"], one["y"]) for one in drawn["items"]}) == 97
    assert min(one["x"] for one in drawn["items"]) == 0
    assert drawn["counts"]["committed"] == 97
    assert len({one.region("2026-11-25") for one in known.values()}) == 5
    assert {one.size for one in known.values()} == {"small", "medium", "large"}


def test_a_region_is_that_of_the_day(app: Flask) -> None:
    with app.test_request_context("/"):
        copenhagen = places.places()[ns.thing("municipality", "0101")]
    assert copenhagen.region("2026-12-31").endswith("/hovedstaden")
    assert copenhagen.region("2027-01-01").endswith("/oestdanmark")
    assert copenhagen.region("2006-12-31") == ""
    assert copenhagen.size == "large"


def test_danish_order() -> None:
    names = ["Aarhus", "Ærø", "Odder", "Østby", "Albertslund", "Åby"]
    assert sorted(names, key=places.alphabetical) == ["Albertslund", "Odder", "Ærø", "Østby", "Åby", "Aarhus"]


def test_map_and_table_say_the_same(client: Any) -> None:
    text = page(client, "/doc/framework/monopolbrud")
    squares = {code: status for status, code in re.findall(r'<a class="t-([\w-]+)" href="[^"]*/(\d{4})"', text)}
    table = {code: re.search(r'badge s-([\w-]+)"', row)[1] for code, row in rows(text).items()}  # type: ignore[index]
    assert squares == table
    assert len(table) == 98
    assert 'aria-label="Odder: forpligtet"' in text


def test_filters_narrow_the_table_and_fade_the_map(client: Any) -> None:
    text = page(client, "/doc/framework/monopolbrud?region=midtjylland&size=small")
    shown = rows(text)
    assert "0727" in shown
    assert "0707" not in shown, "Norddjurs is of medium size"
    assert all("Midtjylland" in row for row in shown.values())
    assert text.count('class="t-outside"') == 98 - len(shown)
    counts = dict(
        re.findall(r'region=midtjylland&amp;size=(\w+)#kommuner">[^<]*</a> <span class="count">\((\d+)\)', text)
    )
    assert "medium" in counts
    only = page(client, "/doc/framework/monopolbrud?region=midtjylland&size=medium")
    assert len(rows(only)) == int(counts["medium"])
    assert rows(page(client, "/doc/framework/monopolbrud?status=silent")) == {}
    assert "Ingen kommuner passer" in page(client, "/doc/framework/monopolbrud?status=silent")


@pytest.mark.parametrize("query", ["region=atlantis", "size=huge", "sort=colour", "status=x", "corpus=x", "sort=-"])
@pytest.mark.parametrize("path", ["/doc/framework/fda", "/frameworks/fda.csv"])
def test_a_filter_that_is_not_known(client: Any, path: str, query: str) -> None:
    response = client.get(f"{path}?{query}", headers=BROWSER)
    assert response.status_code == 400
    assert query.partition("=")[0] in response.get_data(as_text=True)


def test_the_order(client: Any) -> None:
    def codes(sort: str) -> list[str]:
        return list(rows(page(client, f"/doc/framework/monopolbrud?sort={sort}")))

    assert codes("name")[-1] == "0751"
    assert codes("-name") == codes("name")[::-1]
    assert codes("population")[-1] == "0101"
    assert codes("status")[:3] == ["0727", "0580", "0707"]
    assert codes("-latest")[0] == "0707"


def test_evidence_opens_in_place_without_scripts(client: Any) -> None:
    odder = rows(page(client, "/doc/framework/monopolbrud"))["0727"]
    inside = odder[odder.index("<details>") :]
    assert "Vi følger tankerne i monopolbruddet" in inside
    assert f'href="{PUBLIC}/doc/alignment/' in inside
    assert 'class="phrase"' in inside


def test_one_that_cannot_be_chosen_tells_who_refers_to_it(client: Any) -> None:
    text = page(client, "/doc/framework/aula")
    assert "ingen stilling at opgøre" in text
    assert 'class="tiles"' not in text
    mentioned = text.split('id="omtaler"')[1].split("</section>")[0]
    assert len(set(re.findall(r"/doc/municipality/(\d{4})", mentioned))) == 14
    assert "KOMBIT" in text.split('class="glance"')[1].split("</dl>")[0]
    support = page(client, "/doc/framework/stoettesystemer")
    assert "/doc/framework/monopolbrud" in support.split('class="glance"')[1].split("</dl>")[0]
    assert "svarer til" in support.split('id="udsagn"')[1]


def test_the_page_needs_few_queries(app: Flask, client: Any, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    page(client, "/doc/framework/monopolbrud?sort=region")
    asked: list[str] = []
    kind = type(service.store)
    once = kind.query

    def counting(self: Any, text: str, *rest: Any) -> Any:
        asked.append(text)
        return once(self, text, *rest)

    monkeypatch.setattr(kind, "query", counting)
    page(client, "/doc/framework/monopolbrud?sort=-region")
    assert 0 < len(asked) < 40, len(asked)


@pytest.mark.parametrize("language", ["", "/en"])
def test_files_are_what_is_shown(client: Any, language: str) -> None:
    query = "?region=midtjylland&corpus=read&sort=-name"
    shown = rows(page(client, f"{language}/doc/framework/monopolbrud{query}"))
    links = re.findall(
        r'href="([^"]*/frameworks/monopolbrud\.\w+\?[^"]*)"', page(client, f"/doc/framework/monopolbrud{query}")
    )
    assert len(links) == 3
    given = {link.partition("?")[0].rpartition(".")[2]: unescape(link).removeprefix(PUBLIC) for link in links}
    as_csv = list(csv.DictReader(io.StringIO(client.get(given["csv"]).get_data(as_text=True))))
    as_json = json.loads(client.get(given["json"]).data)
    sheet = openpyxl.load_workbook(io.BytesIO(client.get(given["xlsx"]).data)).active
    assert [row["code"] for row in as_csv] == list(shown)
    assert [item["code"] for item in as_json["items"]] == list(shown)
    assert sheet.max_row == len(shown) + 1
    odder = next(row for row in as_csv if row["code"] == "0727")
    assert odder["status"] == "committed"
    assert odder["evidence"].startswith(f"{ns.ID}evidence/")
    assert odder["evidence_address"].startswith(f"{PUBLIC}/doc/evidence/")
    assert odder["line"] == "177"
    assert as_json["parameters"] == {"corpus": "read", "region": "midtjylland", "sort": "-name"}
    assert as_json["total"] == len(as_json["items"])


def test_addresses_of_files(client: Any) -> None:
    assert (
        client.get("/frameworks/monopolbrud", headers=BROWSER).headers["Location"]
        == f"{PUBLIC}/doc/framework/monopolbrud"
    )
    assert client.get("/frameworks/sapa.csv").status_code == 404
    assert client.get("/frameworks/nothing.csv").status_code == 404
    response = client.get("/frameworks/monopolbrud.csv")
    assert response.mimetype == "text/csv"
    assert "attachment" in response.headers["Content-Disposition"]
    again = client.get("/frameworks/monopolbrud.csv", headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304


def test_the_list_of_frameworks(client: Any, service: Service) -> None:
    answer = service.answer("frameworks", {}, TODAY).table
    assert answer
    told = answer.dicts()
    text = page(client, "/frameworks")
    table = text[text.index("<tbody>") :]
    listed = re.findall(r'<tr><th scope="row"><a href="[^"]*/doc/framework/([\w-]+)"', table)
    assert sorted(listed) == sorted(row["framework"].rpartition("/")[2] for row in told)
    for row in told:
        if row["adoptable"] == "true":
            slug = row["framework"].rpartition("/")[2]
            mine = re.search(rf'(?s)<th scope="row"><a href="[^"]*/{slug}".*?</tr>', table)
            assert mine
            assert f"forpligtet: {row['committed']}" in mine[0]
    systems = page(client, "/frameworks?kind=system&follow=no&sort=-references")
    shown = re.findall(r'<tr><th scope="row"><a href="[^"]*/doc/framework/([\w-]+)"', systems)
    assert "sapa" in shown
    assert "monopolbrud" not in shown
    page(client, "/frameworks?kind=poem", 400)
    assert "Frameworks" in page(client, "/en/frameworks")
