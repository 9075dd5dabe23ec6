"""The SPARQL editor in a real browser, against a real server."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import serving
from playwright.sync_api import Browser, Page, expect, sync_playwright

from strategigraf import paths, release
from strategigraf.web.messages import message

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
WATCH = """
document.addEventListener("securitypolicyviolation", (event) => console.error(
  "CSP", event.effectiveDirective, event.blockedURI, event.sourceFile, event.lineNumber, event.sample));
"""
ANYTHING = "SELECT * WHERE { ?s ?p ?o } LIMIT 3"
#: What YASGUI itself would say.
FOREIGN_WORDS = re.compile(
    r"\b(Table|Response|Simple view|Ellipse|Filter query results|Page size|All|Showing|entries|Run query|Share query"
    r"|Download|results? in|True|False|Show all|activate to)\b"
)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on the path: the SPARQL editor was NOT tried in a browser"
)
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def server(built: release.Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that ends queries after two seconds."""
    assert paths.vendored(), "the editor's files are not installed: run make assets"
    place = tmp_path_factory.mktemp("server")
    with serving.running(built.folder, place, WORKERS="2", QUERY_SECONDS="2", CLIENT_SECONDS="0") as served:
        yield served.url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(server: str, browser: Browser) -> Iterator[Open]:
    """Opens a path in a fresh browser; in the end, nothing may have been amiss in any of them.

    That is: no error or warning of a script, no breach of the Content-Security-Policy, no request to another host.
    """
    amiss: list[str] = []
    contexts = []

    def open_(path: str = "/sparql", width: int = 1280, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        context.add_init_script(WATCH)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: amiss.append(f"{error.message}\n{error.stack}"))
        page.on(
            "console",
            lambda said: (
                amiss.append(said.text)
                # An answer that is an error is the service's word, and told as such.
                if said.type in ("error", "warning") and not said.text.startswith("Failed to load resource")
                else None
            ),
        )
        context.on("request", lambda asked: amiss.append(asked.url) if not asked.url.startswith(server) else None)
        page.goto(server + path)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert amiss == []


def write(page: Page, text: str) -> None:
    """Replace the query by typing."""
    page.locator(".yasqe .CodeMirror-lines").click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(text)


def written(page: Page) -> str:
    return str(page.evaluate("document.querySelector('.CodeMirror').CodeMirror.getValue()"))


def lines(page: Page) -> int:
    return page.locator("#shown table tbody tr").count()


@pytest.mark.parametrize(("path", "language"), [("/sparql", "da"), ("/en/sparql", "en")])
def test_the_editor_is_there_and_runs(open_page: Open, path: str, language: Any) -> None:
    page = open_page(path)
    expect(page.locator(".yasqe .CodeMirror")).to_be_visible()
    expect(page.locator("#query")).to_be_hidden()
    with page.expect_response(lambda answer: "query=" in answer.url) as asked:
        page.get_by_role("button", name=message("editor.run", language), exact=True).click()
    assert urlsplit(asked.value.url).path == path
    expect(page.locator("#shown table tbody tr")).to_have_count(50)
    expect(page.locator("#status")).to_contain_text(message("editor.rows", language, count=98, seconds="0")[:-12])
    first = page.locator("#shown table tbody tr").first
    expect(first).to_contain_text("municipality:0580 Aabenraa")
    place = "/en" if language == "en" else ""
    assert first.locator("a").get_attribute("href") == f"{place}/doc/municipality/0580"
    for label in ("table", "response"):
        expect(page.get_by_role("button", name=message(f"editor.{label}", language))).to_be_visible()


def test_it_speaks_danish(open_page: Open) -> None:
    page = open_page()
    page.click("#run")
    expect(page.locator("#shown table tbody tr")).to_have_count(50)
    said = page.locator(".yasr").evaluate(
        """(root) => [root, ...root.querySelectorAll("*")].flatMap((one) => [
             ...[...one.childNodes].filter((child) => child.nodeType === 3).map((child) => child.data),
             ...["title", "aria-label", "placeholder"].map((name) => one.getAttribute(name) ?? "")]).join(" | ")"""
    )
    assert "Find i svaret" in said
    assert "Række 1–50 af 98" in said
    assert FOREIGN_WORDS.findall(said) == []
    write(page, "SELECT * WHERE { ?s ?p }")
    marker = page.locator(".parseErrorIcon")
    marker.hover()
    assert (marker.get_attribute("title") or "").startswith("Linje 1 følger ikke SPARQL")
    expect(page.locator(".yasqe_tooltip")).to_have_count(0)


def test_the_policy_is_strict_and_watched(server: str, browser: Browser) -> None:
    context = browser.new_context()
    context.add_init_script(WATCH)
    page = context.new_page()
    answer = page.goto(f"{server}/sparql")
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    for breach, code in (
        ("style-src-elem", "document.head.appendChild(document.createElement('style')).textContent = 'p{}'"),
        ("style-src-attr", "document.body.insertAdjacentHTML('beforeend', '<p style=\"color:red\">')"),
        ("script-src-elem", "document.head.appendChild(document.createElement('script')).textContent = '1'"),
        ("img-src", "new Image().src = 'data:image/gif;base64,R0lGODlhAQABAAAAACw='"),
        ("connect-src", "fetch('https://example.com/').catch(() => {})"),
    ):
        with page.expect_console_message(lambda said, breach=breach: said.text.startswith(f"CSP {breach}")):  # type: ignore[misc]
            page.evaluate(f"void ({code})")
    context.close()


def test_an_example_runs(open_page: Open) -> None:
    page = open_page()
    page.get_by_label(message("editor.find", "da")).fill("støtter")
    expect(page.locator("#found")).to_contain_text(" af ")
    shown = page.locator("#examples li:visible")
    assert 0 < shown.count() < 5
    shown.first.get_by_role("link").click()
    expect(page.locator("#shown table tbody tr")).not_to_have_count(0)
    assert "sg:Principle" in written(page)
    columns = page.locator("#shown thead th").all_inner_texts()
    assert [one.strip() for one in columns] == ["principle", "goal"]


def test_every_example_is_right_to_the_editor(open_page: Open) -> None:
    """YASQE has a grammar of its own; it must not mark what the endpoint answers."""
    page = open_page()
    marked = page.evaluate(
        """() => {
          const editor = document.querySelector(".CodeMirror").CodeMirror;
          return [...document.querySelectorAll("#examples li")].flatMap((one) => {
            const link = one.querySelector("a");
            const text = link ? new URL(link.href).searchParams.get("query") : one.querySelector("[name=query]").value;
            editor.setValue(text);
            return document.querySelector(".parseErrorIcon") ? [one.textContent.trim()] : [];
          });
        }"""
    )
    assert page.locator("#examples li").count() > 40
    assert marked == []


@pytest.mark.parametrize(("path", "where", "go"), [("/sparql", "linje 2", "Gå til linje 2"),
                                                   ("/en/sparql", "line 2", "Go to line 2")])  # fmt: skip
def test_an_error_is_told_with_its_line(open_page: Open, path: str, where: str, go: str) -> None:
    page = open_page(path)
    write(page, "SELECT *\nWHERE { ?a ?b }")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert")).to_contain_text(where)
    expect(page.locator(".fault-line")).to_have_count(1)
    assert "?a ?b" in page.locator(".fault-line").inner_text()
    page.get_by_role("button", name=go).click()
    assert page.evaluate("document.querySelector('.CodeMirror').CodeMirror.getCursor().line") == 1
    page.keyboard.insert_text(" ")
    expect(page.locator(".fault-line")).to_have_count(0)


def test_a_query_past_its_deadline_is_told(open_page: Open) -> None:
    page = open_page()
    write(page, "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#stop")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("sekunder", timeout=20_000)
    expect(page.locator("#stop")).to_be_hidden()


def test_a_limit_and_a_silent_service_are_told(open_page: Open) -> None:
    page = open_page("/en/sparql")
    headers = {"Retry-After": "7", "Content-Type": "application/problem+json"}
    page.route(
        "**/sparql?query=*", lambda route: route.fulfill(status=429, headers=headers, body='{"detail": "Full."}')
    )
    page.click("#run")
    expect(page.get_by_role("alert")).to_have_text("Full. Try again in 7 seconds.")
    page.unroute("**/sparql?query=*")
    page.route("**/sparql?query=*", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
    page.click("#run")
    expect(page.get_by_role("alert")).to_have_text("The service answered with error 502.")
    page.unroute("**/sparql?query=*")
    page.route("**/sparql?query=*", lambda route: route.abort())
    page.click("#run")
    expect(page.get_by_role("alert")).to_contain_text("does not answer")


def test_completion_offers_classes(open_page: Open) -> None:
    page = open_page()
    write(page, "SELECT * WHERE {\n  ?m a ")
    page.keyboard.type("sg:Munic")
    hint = page.locator(".CodeMirror-hint")
    expect(hint.first).to_contain_text("sg:Municipality")
    expect(hint.first).to_contain_text("kommune · 98")
    assert "PREFIX sg: <https://w3id.org/strategigraf/ontology/>" in written(page)
    page.keyboard.press("Enter")
    assert written(page).endswith("?m a sg:Municipality")


def test_completion_knows_labels_and_adds_the_prefix(open_page: Open) -> None:
    page = open_page()
    write(page, "SELECT * WHERE {\n  ?m a ")
    page.keyboard.type("kommun")
    hint = page.locator(".CodeMirror-hint", has_text="sg:Municipality")
    expect(hint).to_be_visible()
    hint.click()
    expect(page.locator(".CodeMirror-code")).to_contain_text("PREFIX sg:")
    assert written(page).endswith("?m a sg:Municipality")


def test_completion_offers_properties(open_page: Open) -> None:
    page = open_page("/en/sparql")
    write(page, "SELECT * WHERE {\n  ?m ")
    page.keyboard.type("sg:elem")
    expect(page.locator(".CodeMirror-hint", has_text="sg:elementOf")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".CodeMirror-hint")).to_have_count(0)


def test_prefixes_are_ours(open_page: Open) -> None:
    page = open_page()
    write(page, "PREFIX ")
    page.keyboard.type("frame")
    expect(page.locator(".CodeMirror-hint")).to_have_text(["framework: <https://w3id.org/strategigraf/id/framework/>"])


def test_a_link_shares_the_query(open_page: Open, server: str) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    write(page, ANYTHING)
    page.get_by_role("button", name="Kopiér link").click()
    expect(page.locator("#status")).to_have_text(message("editor.copied", "da"))
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(f"{server}/sparql?query=")
    other = open_page(link.removeprefix(server))
    assert written(other) == ANYTHING
    expect(other.locator("#kept tbody tr")).to_have_count(3)
    # What is run becomes the address of the page, in the other language too.
    other.keyboard.press("Control+Home")
    write(other, ANYTHING.replace("3", "2"))
    other.keyboard.press("Control+Enter")
    expect(other.locator("#shown tbody tr")).to_have_count(2)
    expect(other.locator("#kept")).to_have_count(0)
    assert parse_qs(urlsplit(other.url).query)["query"] == [ANYTHING.replace("3", "2")]
    other.get_by_role("link", name="English").click()
    assert written(other) == ANYTHING.replace("3", "2")
    expect(other.locator("#kept tbody tr")).to_have_count(2)


def test_without_a_clipboard_the_link_can_be_taken(open_page: Open) -> None:
    page = open_page(permissions=[])
    page.evaluate("void (navigator.clipboard.writeText = () => Promise.reject(new Error()))")
    page.click("#share")
    assert "/sparql?query=PREFIX" in page.get_by_label(message("editor.copy_this", "da")).input_value()


def test_a_draft_is_kept(open_page: Open) -> None:
    page = open_page()
    write(page, ANYTHING)
    page.locator("#find-example").focus()
    page.goto(page.url.partition("?")[0])
    assert written(page) == ANYTHING


def test_the_keyboard_is_not_caught(open_page: Open) -> None:
    """WCAG 2.2, 2.1.2: what the keyboard can enter it can leave; suggestions do not stand in the way."""
    page = open_page()
    write(page, ANYTHING)
    inside = "document.activeElement.closest('.CodeMirror') !== null"
    assert page.evaluate(inside)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "run"
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(inside)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#shown tbody tr")).to_have_count(3)
    assert page.evaluate(inside), "the focus stays where one writes"


def test_full_screen(open_page: Open) -> None:
    page = open_page()
    button = page.get_by_role("button", name="Fuld skærm")
    button.click()
    box = page.locator("#sparql").bounding_box()
    assert box is not None
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 1280, 900)
    expect(button).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Control+Home")
    page.keyboard.press("Escape")
    expect(button).to_have_attribute("aria-pressed", "false")


def test_graphs_truths_and_nothing(open_page: Open) -> None:
    page = open_page("/en/sparql")
    write(page, "CONSTRUCT { ?m a ?c } WHERE { ?m a ?c } LIMIT 4")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#shown tbody tr")).to_have_count(4)
    expect(page.locator("#status")).to_contain_text("Triples: 4")
    files = page.locator("#downloads a")
    assert [urlsplit(one.get_attribute("href") or "").path for one in files.all()] == ["/en/sparql"] * 4
    assert "Turtle" in page.locator("#downloads").inner_text()
    write(page, "ASK { ?m a <https://w3id.org/strategigraf/ontology/Municipality> }")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#shown")).to_contain_text("true – the pattern is in the graph.")
    expect(page.get_by_role("button", name="Table")).to_be_disabled()
    page.get_by_role("button", name="Raw answer").click()
    expect(page.locator("#shown .CodeMirror")).to_contain_text('"boolean":true')
    write(page, "SELECT * WHERE { ?m a <http://example.com/None> }")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#nothing")).to_have_text(message("editor.nothing", "en"))
    expect(page.locator("#shown")).to_be_hidden()


def test_what_is_in_the_data_is_not_run(open_page: Open) -> None:
    page = open_page()
    write(page, """SELECT ("<img src=x onerror=alert(1)>" AS ?a) (IRI("javascript:alert(1)") AS ?b)
      (STRLANG("<b>x</b>", "da") AS ?c) ("<i>y</i>"^^<http://example.com/%22onload=x> AS ?d) WHERE {}""")  # fmt: skip
    page.keyboard.press("Control+Enter")
    row = page.locator("#shown tbody tr")
    expect(row).to_contain_text("<img src=x onerror=alert(1)>")
    expect(row).to_contain_text("<b>x</b>")
    expect(row.locator("a, img, b, i")).to_have_count(0)
    expect(row.locator("[lang=da]")).to_have_count(1)


def test_a_long_query_goes_by_post(open_page: Open) -> None:
    page = open_page()
    text = "#" + "æ" * 3000 + "\n" + ANYTHING
    write(page, text)
    with page.expect_response(lambda answer: answer.request.method == "POST" and answer.ok):
        page.keyboard.press("Control+Enter")
    expect(page.locator("#shown tbody tr")).to_have_count(3)
    assert urlsplit(page.url).query == ""
    page.click("#share")
    expect(page.locator("#status")).to_have_text(message("editor.too_long", "da"))
    with page.expect_download() as file:
        page.locator("#downloads").get_by_role("button", name="CSV").click()
    assert sorted(file.value.path().read_text().split()[0].split(",")) == ["o", "p", "s"]


@pytest.mark.parametrize("path", ["/sparql", "/en/sparql"])
def test_a_narrow_screen_does_not_scroll_sideways(open_page: Open, path: str) -> None:
    page = open_page(path, 390)
    wide = "document.documentElement.scrollWidth"
    assert page.evaluate(wide) == 390
    box = page.locator(".yasqe").bounding_box()
    assert box is not None
    assert box["width"] > 340
    page.locator("#examples summary").click()
    page.locator("#examples li a").first.click()
    expect(page.locator("#shown tbody tr")).not_to_have_count(0)
    assert page.evaluate(wide) == 390
    write(page, "SELECT *\nWHERE { ?a ?b }")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert")).to_be_in_viewport(ratio=1)
    assert page.evaluate(wide) == 390


@pytest.mark.parametrize("path", ["/sparql", "/en/sparql"])
def test_without_javascript(open_page: Open, path: str) -> None:
    page = open_page(path, 390, java_script_enabled=False)
    expect(page.locator("#query")).to_be_visible()
    expect(page.locator("#tools")).to_be_hidden()
    expect(page.locator("#finder")).to_be_hidden()
    page.locator("#query").fill(ANYTHING)
    page.locator("#plain button").click()
    expect(page.locator("#kept tbody tr")).to_have_count(3)
    page.locator("#query").fill("SELECT")
    page.locator("#plain button").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.locator("#examples li a").first.click()
    expect(page.locator("#kept tbody tr")).not_to_have_count(0)


def test_the_error_of_a_link_has_its_line(open_page: Open) -> None:
    page = open_page("/sparql?query=" + quote("SELECT *\nWHERE { ?a ?b }"))
    expect(page.get_by_role("alert")).to_contain_text("linje 2")
    expect(page.locator(".fault-line")).to_contain_text("?a ?b")


def test_without_the_package_the_page_has_its_field(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "vendored", lambda: False)
    text = client.get("/sparql", headers={"Accept": "text/html"}).get_data(as_text=True)
    assert "<textarea" in text
    assert not any(name in text for name in ("sparql.js", "yasgui", "editor-data"))
    assert 'id="examples"' in text
