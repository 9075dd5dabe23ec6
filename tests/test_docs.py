"""What is written about the project is true."""

from __future__ import annotations

import re
import subprocess
import tomllib

import pytest
from conftest import ROOT

from strategigraf import sources
from strategigraf.catalogue import Catalogue
from strategigraf.settings import SETTINGS

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
CATALOGUE = Catalogue(sources.load(ROOT))


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_version_is_told_alike() -> None:
    version = tomllib.loads(text("pyproject.toml"))["project"]["version"]
    released = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d{2}-\d{2}$", text("CHANGELOG.md"), re.MULTILINE)
    assert released[0] == version
    assert f'owl:versionInfo "{version}"' in text("ontology/strategigraf.ttl")


def test_every_setting_is_described_and_none_other() -> None:
    assert set(re.findall(r"`(STRATEGIGRAF_[A-Z_]+)`", text("docs/settings.md"))) == {s.name for s in SETTINGS}


def test_every_query_is_described_with_its_parameters() -> None:
    page = text("docs/queries.md")
    told = dict(re.findall(r"^\| `(\w+)` \| ([^|]*) \|", page, re.MULTILINE))
    ours = {q.name: ", ".join(f"`{p.name}`" for p in q.header.parameters) or "–" for q in CATALOGUE.queries.values()}
    assert told == ours


def test_every_floor_is_described() -> None:
    from test_floors import FLOOR

    page = text("docs/architecture.md").split("## Floors")[1].split("## Graphs")[0]
    assert {name for name in FLOOR if name != "__main__"} <= set(re.findall(r"`(\w+)/?`", page))


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(path: object) -> None:
    page = path.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page):
        if not target.startswith(("http", "mailto:")):
            assert (path.parent / target).exists(), target  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_files_that_are_named_are_there(path: object) -> None:
    page = path.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    for name in re.findall(r"`((?:ontology|data|queries|server|tests|docs)/[\w./-]+)`", page):
        assert (ROOT / name).exists(), name


def test_counts_in_the_changelog_are_right() -> None:
    words = {
        "thirteen": 13,
        "sixteen": 16,
        "twenty": 20,
        "twenty-eight": 28,
        "thirty": 30,
        "thirty-one": 31,
        "thirty-three": 33,
    }
    words |= {"thirty-two": 32, "forty-nine": 49}
    page = text("CHANGELOG.md").lower()

    def said(pattern: str) -> int:
        found = re.search(rf"\b({'|'.join(sorted(words, key=len, reverse=True))}) {pattern}", page)
        assert found, pattern
        return words[found[1]]

    assert said("public queries") == sum(not q.report for q in CATALOGUE.queries.values())
    assert said("reports") == sum(q.report for q in CATALOGUE.queries.values())
    assert said("checks") == len(list((ROOT / "queries/checks").glob("*.rq")))
    assert said("skos schemes") == len(list((ROOT / "ontology/schemes").glob("*.ttl")))
    assert said("rules") == len(list((ROOT / "ontology/rules").glob("*.rq")))
    assert said("examples") == len(list((ROOT / "queries/examples").glob("*.rq")))
    assert said("frameworks") == len(list((ROOT / "data/ttl/frameworks").glob("*.ttl")))


def test_nothing_speaks_of_how_it_was_made() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    forbidden = re.compile(r"(^|[^A-Za-z0-9_.-])/(work|root|farm)/|pypi\.org|registry\.npmjs|\bLLM\b")
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.is_file() and path.suffix not in (".png",) and name != "tests/test_docs.py":
            assert not forbidden.search(path.read_text(encoding="utf-8")), name
