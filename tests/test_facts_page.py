"""``docs/facts.md`` tells how many facts came from each document, and the numbers are right."""

from __future__ import annotations

import csv
import hashlib
import re
from collections import Counter, defaultdict

import pytest
from conftest import ROOT, SHARED

from strategigraf import sources
from strategigraf.ns import expand, shorten

ELEMENTS = (
    "sg:Vision", "sg:Goal", "sg:FocusArea", "sg:Principle", "sg:Initiative", "sg:Requirement", "sg:Rationale",
    "sg:Quality",
)  # fmt: skip
ITEMS = (
    "sg:Finding", "sg:GuidanceItem", "sg:Case", "sg:Criterion", "sg:Technology", "sg:Mention", "sg:RelatedTitle",
)  # fmt: skip
COLUMNS = {
    "places": ("sg:TextEvidence", "sg:CitedEvidence"),
    "strategies and series": ("sg:Strategy", "sg:StrategySeries"),
    "elements": ELEMENTS,
    "alignments": ("sg:Alignment",),
    "items": ITEMS,
    "figures": ("qb:Observation",),
    "bodies, posts and duties": ("sg:GovernanceBody", "org:Post", "sg:Duty"),
    "rows of a list": ("sg:ListEntry",),
}
PAGE = (ROOT / "docs/facts.md").read_text(encoding="utf-8")


def properties(facts: sources.Sources) -> dict[str, dict[str, set[str]]]:
    """The curated facts by subject and property."""
    of: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for file in facts.files:
        if file.kind != "shapes":
            for quad in file.quads:
                of[quad.subject.value][shorten(quad.predicate.value)].add(quad.object.value)  # type: ignore[union-attr]
    return of


@pytest.fixture(scope="module")
def counted(facts: sources.Sources) -> dict[str, Counter[str]]:
    """Documents read whole by slug, and ``cited`` for all other pages, with the count in each column."""
    of = properties(facts)

    def document(evidence: str) -> str:
        source = next(iter(of[evidence]["dct:source"]))
        whole = expand("concept:corpus-read") in of[source]["sg:corpus"]
        return shorten(source).partition(":")[2] if whole else "cited"

    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for thing, said in list(of.items()):
        kinds = {shorten(kind) for kind in said["rdf:type"]}
        columns = [column for column, classes in COLUMNS.items() if kinds & set(classes)]
        if "places" in columns:
            counts[document(thing)]["places"] += 1
        for slug in {document(evidence) for evidence in said["sg:evidence"]}:
            counts[slug].update([*columns, "all things"])
    counts["cited"]["pages"] = sum(
        expand("sg:SourceDocument") in said["rdf:type"] and expand("concept:corpus-cited") in said["sg:corpus"]
        for said in of.values()
    )
    return counts


def table() -> dict[str, dict[str, str]]:
    """The table of documents read whole, as the page has it."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| `")
    ]
    heads = [
        cell.strip()
        for cell in next(line for line in PAGE.splitlines() if line.startswith("| document | places"))
        .strip("|")
        .split("|")
    ]
    return {row[0].strip("`"): dict(zip(heads[1:], row[1:], strict=True)) for row in rows if len(row) == len(heads)}


def test_each_document_gave_what_the_page_says(counted: dict[str, Counter[str]]) -> None:
    ours = {slug: count for slug, count in counted.items() if slug != "cited"}
    assert set(table()) == set(ours)
    assert len(ours) == 5
    for slug, row in table().items():
        assert {name: int(row[name]) for name in (*COLUMNS, "all things")} == {
            name: ours[slug][name] for name in (*COLUMNS, "all things")
        }, slug


def test_the_pages_seen_in_part_gave_what_the_page_says(counted: dict[str, Counter[str]]) -> None:
    count = counted["cited"]
    for number, name in re.findall(r"(\d+) \*([a-z, ]+)\*", PAGE):
        assert count[name] == int(number), name
    assert set(COLUMNS) - {"rows of a list"} <= {name for _, name in re.findall(r"(\d+) \*([a-z, ]+)\*", PAGE)}


@pytest.mark.shared
def test_hardly_a_line_was_left_out(facts: sources.Sources) -> None:
    """The lines with text that some fact stands on, of all lines with text."""
    texts = {hashlib.sha256(p.read_bytes()).hexdigest(): p for p in (SHARED / "sources").glob("*.txt")}
    of = properties(facts)
    used: dict[str, set[int]] = defaultdict(set)
    for said in of.values():
        if "sg:lineStart" in said:
            first, last = (int(next(iter(said[name]))) for name in ("sg:lineStart", "sg:lineEnd"))
            used[next(iter(said["dct:source"]))].update(range(first, last + 1))
    for slug, row in table().items():
        document = expand(f"document:{slug}")
        lines = texts[next(iter(of[document]["sg:sha256"]))].read_text(encoding="utf-8").split("\n")
        full = {number for number, line in enumerate(lines, 1) if line.strip()}
        assert row["lines used"] == f"{len(full & used[document])} of {len(full)}", slug


def test_the_verdicts_are_counted() -> None:
    """The table of readings back is that of the files, and the last draw has none that is wrong."""
    told = re.findall(r"^\| \[(\d+)\]\(readback-\d+\.csv\) \| (\d+) of (\d+) \| (.*) \|$", PAGE, re.MULTILINE)
    assert [seed for seed, *_ in told] == sorted(p.stem.split("-")[1] for p in (ROOT / "docs").glob("readback-*.csv"))
    for seed, judged, drawn, counts in told:
        with (ROOT / f"docs/readback-{seed}.csv").open(encoding="utf-8", newline="") as file:
            found = Counter(row["verdict"] for row in csv.DictReader(file))
        assert set(found) <= {"ok", "weak", "wrong", "row", ""}
        assert [int(number) for number in counts.split("|")] == [found[name] for name in ("ok", "weak", "wrong", "row")]
        assert (int(judged), int(drawn)) == (found.total() - found[""], found.total())
    assert found["wrong"] == 0
