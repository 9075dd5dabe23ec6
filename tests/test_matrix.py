"""The matrix: what stands in the cells, in which order, and files of just that."""

from __future__ import annotations

import csv
import io
import re
from html import unescape
from typing import Any

import openpyxl
import pytest
from conftest import TODAY

from strategigraf import terms
from strategigraf.service import Service
from strategigraf.web import create_app

BROWSER = {"Accept": "text/html"}
PUBLIC = "https://strategigraf.example"
KINDS = ("frameworks", "areas", "typical", "themes")


@pytest.fixture(scope="module")
def client(service: Service) -> Any:
    return create_app(service).test_client()


def page(client: Any, path: str, status: int = 200) -> str:
    response = client.get(path, headers=BROWSER)
    assert response.status_code == status, path
    return str(response.get_data(as_text=True))


def body(text: str) -> dict[str, list[str]]:
    """The cells of each row by the code of the municipality, in their order."""
    found = {}
    for row in re.findall(r"(?s)<tr><th.*?</tr>", text[text.index("<tbody>") :]):
        code = re.search(r"/doc/municipality/(\d{4})", row)
        assert code
        found[code[1]] = re.findall(r"(?s)<td.*?</td>", row)
    return found


def table(client: Any, path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(client.get(path).get_data(as_text=True))))


def test_the_statuses_are_those_of_the_public_query(client: Any, service: Service) -> None:
    rows = {row["code"]: row for row in table(client, "/matrix.csv")}
    assert len(rows) == 98
    for slug, name in (("monopolbrud", "Monopolbruddet"), ("rammearkitektur", "Den fælleskommunale rammearkitektur")):
        answer = service.answer("framework_adoption", {"framework": slug}, TODAY).table
        assert answer
        words = {"committed": "forpligtet", "acting": "gennemfører", "implied": "følger gennem fællesskabet",
                 "silent": "tavs", "not-assessed": "ikke vurderet"}  # fmt: skip
        for one in answer.dicts():
            code = one["municipality"].rpartition("/")[2]
            assert rows[code][name] == words[one["status"]], (slug, code)
            assert f"/id/adoption/{code}-{slug}" in rows[code][f"{name} (IRI)"]
            assert f"{PUBLIC}/doc/adoption/{code}-{slug}" in rows[code][f"{name} (adresse)"]


def test_mentions_and_claims_that_give_no_status(client: Any) -> None:
    rows = {row["code"]: row for row in table(client, "/matrix.csv")}
    assert rows["0707"]["Grunddataprogrammet"] == "gennemfører"
    assert sum(row["Aula"] == "omtalt" for row in rows.values()) == 14
    soroe = rows["0340"]["Den fælleskommunale rammearkitektur (IRI)"].split()
    assert sum("/alignment/soroe-" in iri for iri in soroe) == 3
    assert rows["0340"]["Den fælleskommunale rammearkitektur"] == "ikke vurderet", "thematic claims bear no status"


def test_focus_areas_are_those_of_the_public_query(client: Any, service: Service) -> None:
    for query, strategy in (
        ("columns=areas&strategy=kl-digitaliseringsstrategi-2016", "kl-digitaliseringsstrategi-2016"),
        ("columns=typical", "kl-kortlaegning"),
    ):
        answer = service.answer("focus_area_coverage", {"strategy": strategy}, TODAY).table
        assert answer
        told: dict[tuple[str, str], int] = {}
        for row in answer.dicts():
            if row["municipality"]:
                key = (row["municipality"].rpartition("/")[2], row["focus_area"])
                told[key] = told.get(key, 0) + 1
        found = {}
        for one in table(client, f"/matrix.csv?{query}&rows=all"):
            for name, value in one.items():
                if name.endswith(" (IRI)") and value:
                    found[one["code"], name.removesuffix(" (IRI)")] = len(value.split())
        # The matrix counts what a municipality, or a body of it, takes up itself as well.
        more = service.store.select(
            f"""SELECT ?m ?name (COUNT(DISTINCT ?claim) AS ?n) WHERE {{
              ?area a sg:FocusArea ; sg:elementOf ?holder ; skos:prefLabel ?name .
              FILTER(STRENDS(STR(?holder), "/{strategy}"))
              ?claim sg:object ?area ; sg:subject ?subject . ?subject org:unitOf? ?m . ?m a sg:Municipality
            }} GROUP BY ?m ?name"""
        )
        for extra in more:
            key = (terms.cell(extra["m"]).rpartition("/")[2], terms.cell(extra["name"]))
            told[key] = told.get(key, 0) + int(terms.cell(extra["n"]))
        assert found == told, query
        assert found


def test_themes_count_elements(client: Any, service: Service) -> None:
    found = {
        (one["code"], name): int(value)
        for one in table(client, "/matrix.csv?columns=themes")
        for name, value in one.items()
        if value.isdigit() and f"{name} (IRI)" in one
    }
    told = {
        (str(row["m"].value).rpartition("/")[2], str(row["label"].value)): int(row["n"].value)  # type: ignore[union-attr]
        for row in service.store.select(
            """SELECT ?m ?label (COUNT(DISTINCT ?e) AS ?n) WHERE {
              ?e sg:elementOf/dct:publisher ?m ; dct:subject ?theme . ?m a sg:Municipality .
              ?theme rdfs:label ?label FILTER(LANG(?label) = "da")
            } GROUP BY ?m ?label"""
        )
    }
    assert found == told


@pytest.mark.parametrize("language", ["", "/en"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_files_are_what_is_shown(client: Any, kind: str, language: str) -> None:
    path = f"?columns={kind}&rows=some&sort=-name"
    text = page(client, f"{language}/matrix{path}")
    shown = body(text)
    links = [unescape(link).removeprefix(PUBLIC) for link in re.findall(r'href="([^"]*/matrix\.\w+[^"]*)"', text)]
    assert len(links) == 2
    rows = table(client, next(link for link in links if "csv" in link))
    assert [row["code"] for row in rows] == list(shown)
    heads = re.findall(r'(?s)<th scope="col".*?</th>', text[text.index("<thead>") : text.index("</thead>")])
    columns = [name for name in rows[0] if f"{name} (IRI)" in rows[0]]
    assert len(columns) == len(heads) - 2
    for row in rows:
        cells = shown[row["code"]][1:]
        for name, cell in zip(columns, cells, strict=True):
            assert ('class="mark' in cell) == bool(row[name]), (row["code"], name)
            for iri in row[f"{name} (IRI)"].split():
                assert f"{language}/doc/{iri.partition('/id/')[2]}" in cell
    sheet = openpyxl.load_workbook(io.BytesIO(client.get(next(link for link in links if "xlsx" in link)).data)).active
    assert sheet.max_row == len(rows) + 1
    assert [cell.value for cell in sheet[1]] == list(rows[0])


def test_a_mark_is_not_told_by_colour_alone(client: Any) -> None:
    for kind in KINDS:
        text = page(client, f"/matrix?columns={kind}")
        marks = re.findall(r'class="mark t-[\w-]+"[^>]*>([^<]+)<', text)
        assert marks
        assert all(mark.strip() for mark in marks)
    statuses = re.findall(r'class="mark t-([\w-]+)"[^>]*>([^<]+)<', page(client, "/matrix"))
    assert len({mark for _, mark in statuses if mark}) >= 6


def test_filters_and_order(client: Any) -> None:
    everyone = body(page(client, "/matrix"))
    assert len(everyone) == 98
    zealand = body(page(client, "/matrix?region=sjaelland"))
    assert len(zealand) == 17
    small = body(page(client, "/matrix?region=sjaelland&size=small"))
    assert 0 < len(small) < 17
    some = body(page(client, "/matrix?rows=some"))
    assert 3 < len(some) < 98
    assert {"0727", "0707", "0580"} <= set(some)
    assert list(body(page(client, "/matrix?sort=monopolbrud")))[:3] == ["0727", "0580", "0707"]
    assert list(body(page(client, "/matrix?sort=-monopolbrud")))[-1] == "0727"
    assert next(iter(body(page(client, "/matrix?columns=themes&sort=filled")))) == "0727"
    read = body(page(client, "/matrix?columns=themes&corpus=read"))
    assert set(read) < set(body(page(client, "/matrix?columns=themes")))


def test_what_was_looked_for_and_not_found_is_told_apart(client: Any) -> None:
    cells = body(page(client, "/matrix?columns=themes&rows=all"))
    assert any("intet fundet" in cell for cell in cells["0707"]), "read whole"
    assert not any("intet fundet" in cell for cell in cells["0825"]), "not read"


@pytest.mark.parametrize(
    "query",
    ["columns=x", "region=x", "size=x", "rows=x", "corpus=x", "sort=x", "sort=fokus", "columns=areas&strategy=x",
     "columns=themes&sort=monopolbrud", "columns=<script>"],
)  # fmt: skip
def test_what_is_not_known(client: Any, query: str) -> None:
    for path in ("/matrix", "/en/matrix", "/matrix.csv", "/matrix.xlsx"):
        response = client.get(f"{path}?{query}", headers=BROWSER)
        assert response.status_code == 400, path
        assert "<script>" not in response.get_data(as_text=True).split("<main")[-1]


def test_the_same_request_gives_the_same_bytes(client: Any) -> None:
    first = client.get("/matrix.xlsx?columns=themes")
    assert first.data == client.get("/matrix.xlsx?columns=themes&x=1").data
    assert (
        client.get("/matrix.xlsx?columns=themes", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    )
