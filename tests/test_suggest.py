"""Suggestions in a real browser: by keys alone, by pointer, and a search that needs no script."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import serving
from axe_playwright_python.base import AXE_FILE_PATH
from browsing import NEEDED, Visitor, launched
from playwright.sync_api import Browser, Page

from strategigraf import release

pytestmark = NEEDED
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def server(built: release.Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    place = tmp_path_factory.mktemp("server")
    with serving.running(built.folder, place, WORKERS="2", CLIENT_SECONDS="0", TODAY="2026-11-25") as served:
        yield served.url


@pytest.fixture
def visitor(server: str, browser: Browser) -> Iterator[Visitor]:
    visitor = Visitor(browser, server, 390, locale="da")
    yield visitor
    visitor.close()


def write(page: Page, text: str) -> None:
    """Write in the large field of the front page, as far as the list of suggestions."""
    page.locator("#ask").focus()
    page.keyboard.type(text)
    page.wait_for_selector("#ask-forslag:not([hidden]) li")


def active(page: Page) -> str:
    """The words of the option that the field says is the active one."""
    place = page.locator("#ask").get_attribute("aria-activedescendant")
    assert place
    assert page.locator(f"[id='{place}']").get_attribute("aria-selected") == "true"
    return page.locator(f"[id='{place}']").inner_text()


def test_by_keys_alone(visitor: Visitor) -> None:
    page = visitor.open("/")
    field, options = page.locator("#ask"), page.locator("#ask-forslag li")
    assert field.get_attribute("role") == "combobox"
    assert field.get_attribute("aria-expanded") == "false"
    write(page, "odde")
    assert field.get_attribute("aria-expanded") == "true"
    assert field.get_attribute("aria-controls") == "ask-forslag"
    assert field.get_attribute("aria-activedescendant") is None, "nothing is chosen unasked"
    assert page.locator(".suggested [role=status]").inner_text().startswith("8 ")
    page.keyboard.press("ArrowDown")
    assert active(page).startswith("Odder")
    page.keyboard.press("ArrowUp")
    assert field.get_attribute("aria-activedescendant") is None, "back in the field"
    page.keyboard.press("ArrowUp")
    assert active(page) == options.last.inner_text()
    page.keyboard.press("Escape")
    assert field.get_attribute("aria-expanded") == "false"
    assert field.input_value() == "odde", "what was written stays"
    page.keyboard.press("ArrowDown")
    page.wait_for_selector("#ask-forslag:not([hidden])")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/doc/municipality/0727")


def test_enter_without_a_choice_searches(visitor: Visitor) -> None:
    page = visitor.open("/en/")
    write(page, "odder")
    page.keyboard.press("Enter")
    page.wait_for_url("**/en/search?q=odder")
    assert page.locator(".hits a").first.inner_text() == "Odder"


def test_by_pointer_and_closed_by_leaving(visitor: Visitor) -> None:
    page = visitor.open("/")
    write(page, "aarh")
    page.keyboard.press("Tab")
    assert page.locator("#ask-forslag").is_hidden()
    page.locator("#ask").fill("")
    write(page, "monopolb")
    page.locator("#ask-forslag li").first.click()
    page.wait_for_url("**/doc/framework/monopolbrud")


def test_an_open_list_is_accessible_and_keeps_to_the_window(visitor: Visitor) -> None:
    page = visitor.open("/")
    write(page, "digital")
    page.keyboard.press("ArrowDown")
    page.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8"))
    found = page.evaluate("(rules) => axe.run(document, rules)", RULES)["violations"]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_no_service_and_no_match_leave_a_plain_field(visitor: Visitor) -> None:
    page = visitor.open("/")
    page.locator("#ask").focus()
    with page.expect_response("**/suggest.json?q=zzqxyyw"):
        page.keyboard.type("zzqxyyw")
    page.wait_for_function("document.querySelector('.suggested [role=status]').textContent === 'ingen forslag'")
    assert page.locator("#ask-forslag").is_hidden()
    page.route("**/suggest.json*", lambda route: route.fulfill(status=503))
    page.locator("#ask").fill("")
    with page.expect_response("**/suggest.json?q=odder"):
        page.keyboard.type("odder")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=odder")


def test_without_scripts_the_form_searches(server: str, browser: Browser) -> None:
    visitor = Visitor(browser, server, java_script_enabled=False)
    page = visitor.open("/")
    page.locator("#ask").fill("rammearkitekur")
    page.locator(".ask button").click()
    assert page.locator(".hits a").first.inner_text() == "Den fælleskommunale rammearkitektur"
    page.locator(".facets a", has_text="strategielement").first.click()
    assert page.locator(".chosen .tag").count() == 1
    assert page.locator(".hits > li").count() >= 1
    visitor.close()
