"""What people come for, from the front page to the answer and its source, in a real browser (design, section 1)."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import openpyxl
import pytest
import serving
from browsing import NEEDED, Visitor, launched
from playwright.sync_api import Browser, Page, expect

from strategigraf import release
from strategigraf.web.messages import message

pytestmark = NEEDED
MONOPOLBRUD = "https://w3id.org/strategigraf/id/framework/monopolbrud"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def server(built: release.Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    place = tmp_path_factory.mktemp("server")
    with serving.running(built.folder, place, WORKERS="2", CLIENT_SECONDS="0", TODAY="2026-11-25") as served:
        yield served.url


@pytest.fixture(params=["da", "en"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[1280, 390])
def visitor(request: pytest.FixtureRequest, language: str, server: str, browser: Browser) -> Iterator[Visitor]:
    visitor = Visitor(browser, server, request.param, locale=language)
    visitor.open("/en/" if language == "en" else "/")
    yield visitor
    visitor.close()


def _follow(page: Page, name: re.Pattern[str] | str) -> None:
    page.locator("main").get_by_role("link", name=name).first.click()


def test_who_follows_the_monopoly_break_how_firmly_and_where_it_says_so(visitor: Visitor) -> None:
    """One click to the map and the table, the evidence in place, the table in Excel, the address to cite."""
    page = visitor.page
    _follow(page, re.compile("(Hvem følger|Who follows).*monopol", re.IGNORECASE))
    expect(page.locator("svg.tiles a, svg a")).not_to_have_count(0)
    odder = page.locator("tr", has_text="Odder").first
    expect(odder).to_contain_text("Vi følger tankerne i monopolbruddet")
    expect(odder.get_by_role("link", name=re.compile("177")).first).to_be_visible()
    with page.expect_download() as waited:
        page.locator("main").get_by_role("link", name="Excel").first.click()
    book = openpyxl.load_workbook(io.BytesIO(waited.value.path().read_bytes()))
    rows = list(book.active.iter_rows(values_only=True))
    assert len(rows) == 99
    assert any("Odder" in map(str, row) for row in rows)
    expect(page.locator("main")).to_contain_text(MONOPOLBRUD)


def test_what_expires_this_year(visitor: Visitor) -> None:
    page = visitor.page
    _follow(page, re.compile("2026"))
    expect(page.locator("main table tbody tr")).to_have_count(2)


def test_what_two_municipalities_have_in_common(visitor: Visitor) -> None:
    page = visitor.page
    _follow(page, re.compile("Sorø .*Odder"))
    main = page.locator("main")
    expect(main).to_contain_text("Sorø")
    expect(main).to_contain_text("Odder")
    expect(main.locator("q, .phrase")).not_to_have_count(0)


def test_the_answer_by_keyboard_alone(visitor: Visitor, language: str) -> None:
    """Type half a name, take the suggestion, arrive at the municipality."""
    page = visitor.page
    field = page.locator("main input[data-suggest]").first
    field.focus()
    page.keyboard.type("nordd")
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/doc/municipality/0707|/search"))
    if "/search" in page.url:
        _follow(page, re.compile("Norddjurs"))
    expect(page.locator("h1")).to_contain_text("Norddjurs")
    assert page.locator("html").get_attribute("lang") == language


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nowhere", 404), ("/doc/municipality/9999", 404), ("/doc/municipality/ærø", 404),
        ("/doc/framework/monopolbruddet", 404), ("/compare?m=0727&m=0727", 400), ("/timeline?on=i-dag", 400),
        ("/search?q=" + "x" * 300, 400), ("/graph?of=x%22y", 400),
    ],
)  # fmt: skip
def test_a_page_for_what_goes_wrong(server: str, browser: Browser, path: str, status: int) -> None:
    visitor = Visitor(browser, server, locale="da")
    answer = visitor.page.goto(server + path)
    assert answer is not None
    assert answer.status == status
    expect(visitor.page.locator("h1")).to_have_count(1)
    expect(visitor.page.locator("main")).not_to_contain_text("Traceback")
    assert visitor.page.locator("header input[data-suggest]").is_visible()
    assert message("site.search", "da") in visitor.page.content()
    visitor.close()
