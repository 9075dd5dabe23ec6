"""Every kind of page in a real browser: accessible, at home on a phone, light, and proof against its own data."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import serving
from axe_playwright_python.base import AXE_FILE_PATH
from browsing import NEEDED, Visitor, launched
from playwright.sync_api import Browser
from pyoxigraph import Literal, Quad, RdfFormat, parse
from stores import release_of

from strategigraf import release

pytestmark = NEEDED
AXE = AXE_FILE_PATH.read_text(encoding="utf-8")
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}}
#: One of every template, and of the odd ones: a thing with nothing known, one with many links.
PAGES = {
    "front": "/",
    "frameworks": "/frameworks",
    "framework": "/doc/framework/monopolbrud",
    "framework-not-chosen": "/doc/framework/digital-post",
    "municipalities": "/municipalities",
    "municipality": "/doc/municipality/0727",
    "municipality-unknown": "/doc/municipality/0825",
    "strategy": "/doc/strategy/odder-digitaliseringsstrategi-uden-aar",
    "series": "/doc/series/faelleskommunal-digitaliseringsstrategi",
    "element": "/doc/element/odder-digitaliseringsstrategi-uden-aar-princip-08",
    "document": "/doc/document/norddjurs-strategi",
    "organisation": "/doc/organisation/kl",
    "many-links": "/doc/organisation/alle-kommuner",
    "region": "/doc/region/midtjylland",
    "adoption": "/doc/adoption/0727-monopolbrud",
    "theme": "/doc/concept/theme-governance",
    "matrix": "/matrix",
    "compare": "/compare?m=0727&m=0707",
    "compare-form": "/compare",
    "timeline": "/timeline",
    "lineage": "/lineage",
    "graph": "/graph?of=framework/monopolbrud",
    "queries": "/queries/",
    "query": "/queries/framework_adoption",
    "dataset": "/dataset",
    "downloads": "/downloads/",
    "api": "/api",
    "quality": "/quality",
    "method": "/method",
    "report": "/report?about=/doc/municipality/0727",
    "search": "/search?q=data",
    "sparql": "/sparql",
    "ontology": "/ontology/",
    "missing": "/doc/municipality/9999",
}
STATUS = {"missing": 404}
EVIL = (
    "<script>window.evil=1</script><img src=x onerror=window.evil=1>'\"><svg onload=window.evil=1>&{{7*7}}</textarea>"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def server(built: release.Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    place = tmp_path_factory.mktemp("server")
    with serving.running(built.folder, place, WORKERS="2", CLIENT_SECONDS="0", TODAY="2026-11-25") as served:
        yield served.url


@pytest.fixture(scope="module")
def wide(server: str, browser: Browser) -> Iterator[Visitor]:
    visitor = Visitor(browser, server, locale="da")
    yield visitor
    visitor.close()


@pytest.fixture(scope="module")
def narrow(server: str, browser: Browser) -> Iterator[Visitor]:
    visitor = Visitor(browser, server, 390, locale="da")
    yield visitor
    visitor.close()


def _sideways(visitor: Visitor) -> int:
    """Pixels by which the page is wider than its window."""
    return int(visitor.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_anybody_can_use_it(wide: Visitor, name: str, language: str) -> None:
    """axe finds nothing (WCAG 2.1 AA and good practice)."""
    page = wide.open(("/en" if language == "en" else "") + PAGES[name])
    assert page.locator("html").get_attribute("lang") == language
    page.evaluate(AXE)
    found = page.evaluate("(rules) => axe.run(document, rules)", RULES)["violations"]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"]][:5]) for one in found] == []
    if language == "da" and name != "ontology":  # too tall for one picture
        wide.picture(f"{name}-1280")


@pytest.mark.parametrize("name", PAGES)
def test_nothing_scrolls_sideways(narrow: Visitor, name: str) -> None:
    """At 390 pixels, and at 640, which is 1280 at a zoom of 200 percent (WCAG 2.1, 1.4.10 and 1.4.4)."""
    page = narrow.open(PAGES[name])
    assert _sideways(narrow) <= 0
    if name != "ontology":  # too tall for one picture
        narrow.picture(f"{name}-390")
    page.set_viewport_size({"width": 640, "height": 450})
    assert _sideways(narrow) <= 0
    page.set_viewport_size({"width": 390, "height": 900})


def test_the_pages_are_light(server: str, browser: Browser) -> None:
    """The first page under 300 kB, what it loads counted; every other under 200 kB beyond what is kept."""
    visitor = Visitor(browser, server)
    sizes: list[int] = []
    visitor.context.on("requestfinished", lambda asked: sizes.append(max(0, asked.sizes()["responseBodySize"])))
    heavy = {}
    for name, path in PAGES.items():
        sizes.clear()
        visitor.open(path)
        visitor.page.wait_for_load_state("networkidle")
        if name != "sparql" and sum(sizes) > (300_000 if name == "front" else 200_000):
            heavy[name] = list(sizes)
    visitor.close()
    assert heavy == {}


def test_without_scripts(server: str, browser: Browser) -> None:
    """Every page says as much: its headings and its tables are there."""
    visitor = Visitor(browser, server, java_script_enabled=False)
    for name, path in PAGES.items():
        page = visitor.open(path)
        assert page.locator("h1").count() == 1, name
        if name in ("framework", "matrix", "timeline", "lineage", "graph", "compare", "query", "document"):
            assert page.locator("table tbody tr").count() > 2, name
    visitor.close()


def test_in_print(server: str, browser: Browser) -> None:
    """What is no use on paper is not there, and everything folded is."""
    visitor = Visitor(browser, server)
    page = visitor.open(PAGES["framework"])
    page.emulate_media(media="print")
    assert not page.locator("nav.menu").is_visible()
    assert page.locator("h1").is_visible()
    assert len(page.pdf(format="A4")) > 20_000
    visitor.close()


@pytest.fixture(scope="module")
def hostile(built: release.Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server whose every text ends in markup."""
    quads = []
    for quad in parse(path=str(built.folder / "data.nq"), format=RdfFormat.N_QUADS):
        value = quad.object
        if isinstance(value, Literal) and (value.language or quad.predicate.value.endswith(("phrase", "heading"))):
            value = (
                Literal(value.value + EVIL, language=value.language) if value.language else Literal(value.value + EVIL)
            )
        quads.append(Quad(quad.subject, quad.predicate, value, quad.graph_name))
    place = tmp_path_factory.mktemp("hostile")
    made = release_of([quad for quad in quads if str(quad.graph_name) != "DEFAULT"], place)
    _copy_sources(built, made)
    with serving.running(made.folder, place, WORKERS="1", CLIENT_SECONDS="0", TODAY="2026-11-25") as served:
        yield served.url


def _copy_sources(built: release.Release, made: release.Release) -> None:
    import shutil

    for name in ("data", "ontology", "queries"):
        shutil.copytree(built.folder / name, made.folder / name)


def test_text_of_the_data_never_becomes_markup(hostile: str, browser: Browser) -> None:
    visitor = Visitor(browser, hostile)
    seen = 0
    for name, path in PAGES.items():
        page = visitor.open(path)
        assert page.evaluate("window.evil") is None, name
        assert page.locator("img, main svg[onload], main script:not([type])").count() == 0, name
        seen += "window.evil=1" in page.content()
    visitor.close()
    assert seen > 20, "the texts are really on the pages"
