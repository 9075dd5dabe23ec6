"""Bad input: a message with the place and the way to mend it, and nothing is published."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT, SHARED

from strategigraf import build, checks, release, sources, turtle
from strategigraf.errors import BadParameter, BadQuery, Finding, InvalidData, UpdateRefused
from strategigraf.service import Service

ODDER = "data/ttl/documents/odder-strategi.ttl"
KL = "data/ttl/documents/kl-kortlaegning.ttl"
JOINT = "data/ttl/strategies/joint-municipal.ttl"
PRINCIPLE = "element:odder-digitaliseringsstrategi-uden-aar-princip-04"


def block(text: str, subject: str) -> str:
    """A subject's block in a canonical file."""
    start = text.index(f"\n{subject}\n") + 1
    return text[start : text.index("\n.\n", start) + 3]


def without_line(part: str, needle: str) -> str:
    """A block without the lines that hold some words."""
    kept = [line for line in part.split("\n") if needle not in line]
    assert len(kept) < len(part.split("\n"))
    return "\n".join(kept)


def broken_turtle(text: str) -> str:
    return text.replace("    a sg:Principle ;", "    a sg:Principle", 1)


def no_evidence(text: str) -> str:
    part = block(text, PRINCIPLE)
    return text.replace(part, without_line(part, "sg:evidence"))


def wrong_phrase(text: str) -> str:
    return text.replace(
        '"Vi følger tankerne i monopolbruddet"@da ;\n.', '"Vi følger tankerne bag monopolbruddet"@da ;\n.', 1
    )


def unknown_code(text: str) -> str:
    return text.replace("    sg:municipality municipality:0165 ;", "    sg:municipality municipality:0166 ;", 1)


def two_labels(text: str) -> str:
    part = block(text, PRINCIPLE)
    line = next(line for line in part.split("\n") if "skos:prefLabel" in line)
    return text.replace(part, part.replace(line, line + '\n    skos:prefLabel "Vi ånder og deler"@da ;'))


def end_before_start(text: str) -> str:
    return text.replace('dcat:endDate "2020-12-31"^^xsd:date', 'dcat:endDate "2010-12-31"^^xsd:date', 1)


def alignment_to_nothing(text: str) -> str:
    return text.replace("    sg:object framework:monopolbrud ;", "    sg:object framework:monopolbruddet ;", 1)


def two_homes(text: str) -> str:
    second = '\nframework:monopolbrud\n    a sg:Framework ;\n    rdfs:label "Monopolbruddet"@da ;\n.\n'
    return turtle.read(text + second).canonical


BAD: tuple[tuple[str, Callable[[str], str], str, str, str], ...] = (
    (ODDER, broken_turtle, "syntax", "", "a sg:Principle"),
    (ODDER, no_evidence, "without-evidence", "sg:evidence", PRINCIPLE),
    (ODDER, wrong_phrase, "evidence-name", "omdøb", "evidence:"),
    (KL, unknown_code, "unknown-municipality", "municipalities.ttl", "sg:municipality municipality:0166"),
    (ODDER, two_labels, "OnePrefLabelPerLanguage", "skos:altLabel", "skos:prefLabel"),
    (JOINT, end_before_start, "PeriodOrder", "efter kilden", "dcat:startDate"),
    (ODDER, alignment_to_nothing, "dangling-link", "hjemmefil", "sg:object framework:monopolbruddet"),
    (ODDER, two_homes, "two-homes", "én fil", "a sg:Framework"),
)


@pytest.fixture
def cache(few_built: release.Release) -> Path:
    """Results of SHACL kept from building the release, so that only the changed file is run again."""
    return few_built.folder.parent.parent / "cache" / "shacl"


def look(root: Path, cache: Path, texts: Path | None = None) -> list[Finding]:
    return checks.check(sources.load(root), cache, texts).findings


@pytest.mark.parametrize(("path", "spoil", "code", "mend", "place"), BAD, ids=[item[2] for item in BAD])
def test_bad_facts(
    path: str, spoil: Callable[[str], str], code: str, mend: str, place: str,
    few_checkout: Callable[[dict[str, str]], Path], cache: Path, few_facts: sources.Sources,
    few_built: release.Release, tmp_path: Path,
) -> None:  # fmt: skip
    text = (few_facts.root / path).read_text(encoding="utf-8")
    spoilt = spoil(text)
    assert spoilt != text
    root = few_checkout({path: spoilt})
    found = [item for item in look(root, cache) if item.code == code]
    assert found, code
    item = found[0]
    assert item.file == path
    line = spoilt.split("\n")[item.line - 1]
    near = "\n".join(spoilt.split("\n")[item.line - 2 : item.line + 1])
    assert place in (near if code == "syntax" else line), (item.line, line)
    assert mend in item.what.da + item.mend.da
    assert item.what.en
    assert item.what.en != item.what.da
    assert item.render("da").startswith(f"{path}:{item.line}: fejl [{code}]")

    out = tmp_path / "out"
    (out / "releases").mkdir(parents=True)
    (out / "releases" / few_built.name).symlink_to(few_built.folder)
    (out / "CURRENT").write_text(few_built.name + "\n", encoding="utf-8")
    (out / "cache").symlink_to(cache.parent)
    with pytest.raises(InvalidData) as caught:
        build.build(sources.load(root), out)
    assert caught.value.exit_code == 1
    assert any(finding.code == code for finding in caught.value.findings)
    assert release.current(out).name == few_built.name, "the last good release keeps serving"
    assert sorted(entry.name for entry in out.iterdir() if entry.name not in ("cache", ".lock")) == [
        "CURRENT",
        "releases",
    ]


def rename_evidence(text: str) -> tuple[str, str]:
    """A phrase changed, and its evidence named anew by the rule: only the source can tell."""
    import hashlib

    old, new = "Vi videndeler med andre og bruger de bedste ideer", "Vi videndeler med alle og bruger de bedste ideer"
    key = "odder-strategi|147-147|"
    name = "evidence:odder-strategi-" + hashlib.sha256((key + old).encode()).hexdigest()[:12]
    part = block(text, name)
    changed = "evidence:odder-strategi-" + hashlib.sha256((key + new).encode()).hexdigest()[:12]
    renamed = text.replace(part, part.replace(old, new)).replace(name, changed)
    return turtle.read(renamed).canonical, changed


def test_a_changed_phrase_is_seen_without_the_texts(
    few_checkout: Callable[[dict[str, str]], Path], few_facts: sources.Sources, cache: Path
) -> None:
    text, _ = rename_evidence((few_facts.root / ODDER).read_text(encoding="utf-8"))
    codes = {item.code for item in look(few_checkout({ODDER: text}), cache)}
    assert "evidence-not-in-receipt" in codes
    assert "evidence-name" not in codes


@pytest.mark.shared
def test_a_phrase_that_is_not_in_the_source(
    few_checkout: Callable[[dict[str, str]], Path], few_facts: sources.Sources, cache: Path
) -> None:
    text, name = rename_evidence((few_facts.root / ODDER).read_text(encoding="utf-8"))
    found = [
        i for i in look(few_checkout({ODDER: text}), cache, SHARED / "sources") if i.code == "phrase-not-in-source"
    ]
    assert len(found) == 1
    assert text.split("\n")[found[0].line - 1].strip().startswith("sg:phrase")
    assert found[0].subject.endswith(name.removeprefix("evidence:"))
    assert "147" in found[0].what.da


@pytest.mark.shared
def test_every_phrase_is_in_its_source(facts: sources.Sources) -> None:
    from strategigraf import receipt

    assert len(receipt.quotes(facts)) > 200
    assert receipt.check_phrases(facts, SHARED / "sources") == []
    written, findings = receipt.write(facts, SHARED / "sources")
    assert findings == []
    assert written == (ROOT / "data" / "receipt.tsv").read_text(encoding="utf-8")


def test_a_receipt_line_too_many(
    few_checkout: Callable[[dict[str, str]], Path], few_facts: sources.Sources, cache: Path
) -> None:
    text = (few_facts.root / "data" / "receipt.tsv").read_text(encoding="utf-8")
    root = few_checkout({"data/receipt.tsv": text + "odder-strategi-000000000000\todder-strategi\t0\t1-1\t0\n"})
    assert [item.code for item in look(root, cache)] == ["receipt-without-evidence"]


def test_files_that_are_not_utf_8(few_checkout: Callable[[dict[str, str]], Path]) -> None:
    root = few_checkout({})
    (root / ODDER).write_bytes("# ø\n".encode("latin-1"))
    with pytest.raises(Exception, match="UTF-8"):
        sources.load(root)


@pytest.mark.parametrize(
    ("query", "error", "says"),
    [
        ("SELECT * WHERE { ?s ?p", BadQuery, "linje 1"),
        ("SELECT *\nWHERE { ?s dct:title ?o }", BadQuery, "linje 2"),
        ("INSERT DATA { <a:a> <a:b> <a:c> }", UpdateRefused, "SELECT"),
        ("PREFIX a: <a:> DELETE WHERE { ?s ?p ?o }", UpdateRefused, "kun læses"),
        ("LOAD <http://example.org/>", UpdateRefused, "LOAD"),
        ("CLEAR ALL", UpdateRefused, "CLEAR"),
        ("SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }", BadQuery, "SERVICE"),
        ("SELECT * { \\u0053ERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }", BadQuery, "SERVICE"),
        ("", BadQuery, "SPARQL"),
    ],
)
def test_bad_queries(service: Service, query: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error) as caught:
        service.store.query(query)
    assert says in caught.value.message.da  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "query", ["ASK { ?s ?p 'INSERT' }", "ASK { ?s ?p '''SERVICE <x>''' } # DELETE", "ASK { <a:INSERT> ?p ?insert }"]
)
def test_words_that_only_look_like_keywords(service: Service, query: str) -> None:
    assert not bool(service.store.query(query))


INJECTIONS = (
    'monopolbrud" } INSERT',
    "x> } UNION { ?s ?p ?o } #",
    "https://w3id.org/strategigraf/id/framework/x> } { ?a ?b ?c",
    "https://w3id.org/strategigraf/id/framework/mono\npolbrud",
    "<>",
    "https://example.org/a b",
    "https://w3id.org/strategigraf/id/framework/<script>",
    "UNDEF } { ?s ?p ?o",
    "\\u003e } { ?s ?p ?o",
)


@pytest.mark.parametrize("value", INJECTIONS)
@pytest.mark.parametrize("query", ["framework_adoption", "trace"])
def test_parameters_that_try_to_inject(service: Service, query: str, value: str) -> None:
    name = "framework" if query == "framework_adoption" else "from"
    with pytest.raises(BadParameter) as caught:
        service.answer(query, {name: value})
    assert name in caught.value.message.da


def test_an_iri_of_another_house_is_data_and_no_more(service: Service) -> None:
    answer = service.answer("trace", {"from": "https://example.org/x?a='b'&c=%7D"})
    assert answer.table is not None
    assert answer.table.rows == ()


@pytest.mark.parametrize(
    ("query", "given", "says"),
    [
        ("framework_adoption", {"rammen": "x"}, "framework, corpus, on"),
        ("framework_adoption", {"framework": "monopolbrudd"}, "monopolbrud"),
        ("framework_adoption", {"corpus": "noget"}, "all, read"),
        ("framework_adoption", {"on": "i morgen"}, "2026-12-31"),
        ("framework_adoption", {"on": "2026-02-30"}, "2026-12-31"),
        (
            "framework_adoption",
            {"framework": "https://w3id.org/strategigraf/id/frameworks/monopolbrud"},
            "framework/monopolbrud",
        ),
        ("framework_adoption", {"framework": "http://x/y"}, "ukendt"),
        ("adoption_evidence", {"municipality": "²"}, "ukendt"),
        ("adoption_evidence", {}, "municipality"),
        ("adoption_evidence", {"municipality": "0166"}, "0165"),
        ("adoption_evidence", {"municipality": "Oder"}, "odder"),
        ("strategy_elements", {"strategy": "Digitaliseringsstrategi"}, "passer på flere"),
    ],
)
def test_bad_parameters_are_told_what_is_right(service: Service, query: str, given: dict[str, str], says: str) -> None:
    with pytest.raises(BadParameter) as caught:
        service.answer(query, given)
    assert says in caught.value.message.da
    assert caught.value.message.en


@pytest.mark.parametrize(
    ("path", "spoil", "line"),
    [
        ("queries/approvals.rq", lambda t: t.replace("SELECT ?date", "SELEKT ?date"), "SELEKT"),
        ("queries/trace.rq", lambda t: t.replace("#+ params:", "#+ parms:"), "#+"),
        ("queries/kl_forms.rq", lambda t: t.replace("AS ?rows)", "AS ?lines)").replace("DESC(?rows)", "?lines"), "#+"),
        ("queries/checks/circle.rq", lambda t: t.replace("WHERE {", "WHERE", 1), ""),
        ("ontology/rules/30-builds-on.rq", lambda t: t.replace("CONSTRUCT {", "CONSTRUKT {"), "CONSTRUKT"),
        ("ontology/rules/30-builds-on.rq", lambda t: "ASK { ?s ?p ?o }", ""),
    ],
)
def test_a_query_or_rule_that_does_not_run_is_not_published(
    path: str,
    spoil: Callable[[str], str],
    line: str,
    few_checkout: Callable[[dict[str, str]], Path],
    few_facts: sources.Sources,
    cache: Path,
    tmp_path: Path,
) -> None:
    text = (few_facts.root / path).read_text(encoding="utf-8")
    spoilt = spoil(text)
    assert spoilt != text
    root = few_checkout({path: spoilt})
    found = [item for item in look(root, cache) if item.file == path]
    assert [item.code for item in found] == ["query"]
    assert line in spoilt.split("\n")[found[0].line - 1]
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "cache").symlink_to(cache.parent)
    with pytest.raises(InvalidData):
        build.build(sources.load(root), tmp_path / "out")
    assert not (tmp_path / "out" / "CURRENT").exists()
