"""The curated facts: counts, completeness, and what must never be in them."""

from __future__ import annotations

import re

import pytest
from conftest import ROOT, SHARED, TODAY
from pyoxigraph import Literal

from strategigraf import checks, release, sources
from strategigraf.ns import expand
from strategigraf.service import Service

IN_SHARED = {
    "odder-strategi": "odder-digitaliseringsstrategi",
    "norddjurs-strategi": "norddjurs-digitaliseringsstrategi",
    "kl-kortlaegning": "kl-kortlaegning-af-digitaliseringsstrategier",
    "kl-vejledning": "kl-vejledning-digitaliseringsstrategi",
    "devoteam-evaluering-2013": "devoteam-evaluering-faelleskommunal-strategi-2013",
}
#: Properties whose values people read as Danish.
SHOWN = (
    "rdfs:label",
    "skos:prefLabel",
    "skos:altLabel",
    "skos:definition",
    "dct:title",
    "dct:description",
    "sg:officialText",
    "sg:heading",
    "sg:phraseRestored",
)
#: Properties whose values are codes, names of files or text to be kept to the letter, in no language.
CODES = (
    "dct:identifier",
    "skos:notation",
    "sg:linkText",
    "sg:periodAsWritten",
    "sg:sha256",
    "sg:locator",
    "adms:schemaAgency",
    "dc:publisher",
)


def count(service: Service, pattern: str) -> int:
    rows = service.store.select(f"SELECT (COUNT(DISTINCT ?x) AS ?n) {{ {pattern} }}")
    return int(rows[0]["n"].value)  # type: ignore[union-attr]


def test_the_facts_are_clean(facts: sources.Sources, built: release.Release) -> None:
    outcome = checks.check(facts, built.folder.parent.parent / "cache" / "shacl")
    assert [finding.render("en") for finding in outcome.findings] == []


@pytest.mark.parametrize(
    ("pattern", "number"),
    [
        ("?x a sg:Municipality", 98),
        ("?x a sg:Region", 6),
        ("?x a sg:ListEntry", 64),
        ("?x a sg:ListEntry . FILTER NOT EXISTS { ?x sg:lists ?s }", 4),
        ("?x a sg:Strategy . ?e sg:lists ?x", 61),
        ("?x a sg:Principle ; sg:elementOf/dct:publisher municipality:0727", 15),
        ("?x a sg:Goal ; sg:elementOf strategy:odder-digitaliseringsstrategi-uden-aar", 5),
        ("?x a sg:Goal ; sg:elementOf document:odder-strategi", 3),
        ("?x a sg:Quality", 3),
        ("?x a sg:Principle ; skos:altLabel ?other", 6),
        ("?x a sg:FocusArea ; sg:elementOf strategy:kl-digitaliseringsstrategi-2016", 12),
        ("?x a sg:Initiative ; sg:elementOf/dct:publisher municipality:0707", 20),
        ("?x a sg:Approval", 12),
        ("?x a sg:SourceDocument ; sg:corpus concept:corpus-read", 5),
        ("organisation:alle-kommuner org:hasMember ?x", 98),
        ("?m org:hasMembership ?x . ?x org:organization region:oestdanmark", 46),
    ],
)
def test_how_many(service: Service, pattern: str, number: int) -> None:
    assert count(service, pattern) == number


def test_each_principle_supports_a_goal_and_each_goal_the_vision(service: Service) -> None:
    odder = "sg:elementOf strategy:odder-digitaliseringsstrategi-uden-aar"
    assert count(service, f"?x a sg:Principle ; {odder} ; sg:supports/sg:supports ?v . ?v a sg:Vision") == 15
    per_goal = service.store.select(
        f"SELECT ?g (COUNT(?p) AS ?n) {{ ?p a sg:Principle ; {odder} ; sg:supports ?g }} GROUP BY ?g"
    )
    assert [row["n"].value for row in per_goal] == ["3"] * 5  # type: ignore[union-attr]


def test_regions_change_on_the_day(service: Service) -> None:
    def region(day: str) -> dict[str, str]:
        table = service.answer("not_in_kl_table", {"on": day}).table
        assert table is not None
        return {row["name"]: row["region"] for row in table.dicts()}

    assert region("2026-12-31")["Ballerup"] == "Region Hovedstaden"
    assert region("2026-12-31")["Roskilde"] == "Region Sjælland"
    assert region("2027-01-01")["Ballerup"] == region("2027-01-01")["Roskilde"] == "Region Østdanmark"
    assert region("2027-01-01")["Samsø"] == "Region Midtjylland"


def test_no_code_that_no_source_gives(service: Service) -> None:
    assert count(service, "region:oestdanmark dct:identifier ?x") == 0


def test_nothing_personal(facts: sources.Sources) -> None:
    #: A row of a table in the evaluation of 2013, not a number to ring.
    table = {"46 15 61 98"}
    for file in facts.files:
        assert not re.search(r"[\w.+-]+@[\w-]+\.(dk|com)", file.text), file.name
        assert set(re.findall(r"\b(?:\+45 ?)?\d{2} \d{2} \d{2} \d{2}\b", file.text)) <= table, file.name


def test_literals_have_a_language_or_are_codes(facts: sources.Sources) -> None:
    plain_allowed = {
        expand(name)
        for name in (*CODES, "owl:versionInfo", "vann:preferredNamespacePrefix", "vann:preferredNamespaceUri")
    }
    for file in facts.of("facts", "reference", "ontology", "scheme"):
        for triple in file.document.triples:
            value = triple.object
            if isinstance(value, Literal) and value.datatype.value == expand("xsd:string"):
                assert triple.predicate.value in plain_allowed, (file.name, str(triple))


def test_names_are_in_correct_danish(facts: sources.Sources) -> None:
    scanned = re.compile(
        r"faelles|laering|sammenhaeng|lgsning|digitaliserings-(?! (og|eller))|borgeme|\bpa tvaers\b|@nsker|tvaerg",
        re.IGNORECASE,
    )
    shown = {expand(name) for name in SHOWN}
    for file in facts.of("facts", "reference", "scheme", "ontology"):
        for triple in file.document.triples:
            if triple.predicate.value in shown and isinstance(triple.object, Literal):
                # Others' titles are kept as they are written, hyphens and all.
                told = triple.object.value
                if triple.predicate.value == expand("dct:title"):
                    told = re.sub("digitaliserings-", "", told, flags=re.IGNORECASE)
                assert not scanned.search(told), (file.name, told)


@pytest.mark.shared
def test_descriptions_are_told_in_our_own_words(facts: sources.Sources) -> None:
    """No description, gloss or definition shares eleven words in a row with a source."""

    def runs(text: str, size: int = 11) -> set[tuple[str, ...]]:
        words = re.findall(r"\w+", text.lower())
        return {tuple(words[i : i + size]) for i in range(len(words) - size + 1)}

    theirs: set[tuple[str, ...]] = set()
    for name in IN_SHARED.values():
        theirs |= runs((SHARED / "sources" / f"{name}.txt").read_text(encoding="utf-8"))
    ours = {expand(n) for n in ("dct:description", "skos:definition", "skos:scopeNote", "rdfs:comment", "sg:lookedFor")}
    for file in facts.files:
        for triple in file.document.triples:
            if triple.predicate.value in ours and isinstance(triple.object, Literal):
                assert not runs(triple.object.value) & theirs, triple.object.value


@pytest.mark.shared
def test_the_hashes_are_those_of_the_texts(facts: sources.Sources) -> None:
    import hashlib

    from strategigraf import receipt

    said = receipt.digests(facts)
    assert set(said) == set(IN_SHARED)
    for slug, name in IN_SHARED.items():
        assert hashlib.sha256((SHARED / "sources" / f"{name}.txt").read_bytes()).hexdigest() == said[slug]


@pytest.mark.shared
def test_municipalities_are_those_of_the_reference(service: Service) -> None:
    import csv

    with (SHARED / "reference" / "municipalities.csv").open(encoding="utf-8") as file:
        wanted = {row["code"]: (row["name_da"], row["wikidata"], row["population"]) for row in csv.DictReader(file)}
    rows = service.store.select(
        """SELECT ?code ?name ?item ?number { ?m a sg:Municipality ; dct:identifier ?code ; rdfs:label ?name ;
        skos:exactMatch ?item . ?o sg:about ?m ; sg:measure concept:measure-population ; sg:value ?number .
        FILTER(LANG(?name) = "da") }"""
    )
    ours = {
        row["code"].value: (row["name"].value, row["item"].value.rsplit("/")[-1], row["number"].value)  # type: ignore[union-attr]
        for row in rows
    }
    assert ours == wanted


@pytest.mark.shared
def test_the_table_is_written_as_the_list_writes_it(service: Service) -> None:
    text = (SHARED / "sources" / f"{IN_SHARED['kl-kortlaegning']}.txt").read_text(encoding="utf-8").split("\n")
    table = service.answer("kl_table", {}).table
    assert table is not None
    assert len(table.rows) == 64
    for row in table.dicts():
        cells = [cell.strip() for cell in text[int(row["line"]) - 1].split("\t")]
        cells += [""] * (4 - len(cells))
        assert cells[1:] == [row["form_as_written"], row["link_text"], row["period_as_written"]], row["name"]
        assert cells[0] == row["name"] or (cells[0], row["name"]) == ("Nordfyn", "Nordfyns")


def test_the_repository_stands_alone() -> None:
    for part in ("server", "ontology", "queries", "data"):
        for path in (ROOT / part).rglob("*"):
            if path.is_file() and path.suffix in (".py", ".rq", ".ttl", ".html", ".toml", ".tsv"):
                assert "shared/" not in path.read_text(encoding="utf-8"), path


def test_each_adoption_rests_on_a_chain(service: Service) -> None:
    """A status other than silent and not assessed has a claim behind it, and the claim has evidence."""
    adoptions = service.store.select(
        "SELECT ?a ?s (COUNT(DISTINCT ?c) AS ?claims) (COUNT(DISTINCT ?e) AS ?places) WHERE {"
        " ?a a sg:Adoption ; sg:status/skos:notation ?s ."
        " OPTIONAL { ?a sg:basedOn ?c . OPTIONAL { ?c sg:evidence ?e } } } GROUP BY ?a ?s"
    )
    assert len(adoptions) % 98 == 0
    for row in adoptions:
        rests = int(row["claims"].value) > 0 and int(row["places"].value) > 0  # type: ignore[union-attr]
        assert rests == (row["s"].value not in ("silent", "not-assessed")), row["a"]  # type: ignore[union-attr]


def test_each_part_has_a_whole_and_each_strategy_a_publisher(service: Service) -> None:
    for wrong in (
        "?x a sg:StrategyElement . FILTER NOT EXISTS { ?x sg:elementOf/a ?kind ."
        " VALUES ?kind { sg:Strategy sg:Framework sg:SourceDocument } }",
        "?x a sg:DocumentItem . FILTER NOT EXISTS { ?x sg:itemOf/a sg:SourceDocument }",
        "?x a sg:Strategy . FILTER NOT EXISTS { ?x dct:publisher ?p }",
        "?x a sg:Framework ; sg:adoptable true . FILTER NOT EXISTS { ?x sg:owner ?p }",
    ):
        assert service.store.select(f"SELECT ?x WHERE {{ {wrong} }}") == [], wrong


def test_dates_are_sane(service: Service) -> None:
    """No year before 1960 or after 2050, and nothing seen, read or approved in the future."""
    for row in service.store.select(
        "SELECT ?x ?p ?d WHERE { ?x ?p ?d . FILTER(DATATYPE(?d) IN (xsd:date, xsd:gYear, xsd:gYearMonth)) }"
    ):
        year = int(row["d"].value[:4])  # type: ignore[union-attr]
        assert 1960 <= year <= 2050, row
    for name in ("sg:seenOn", "dct:created"):
        for row in service.store.select(f"SELECT ?d WHERE {{ ?x {name} ?d }}"):
            assert row["d"].value <= TODAY.isoformat(), row  # type: ignore[union-attr]
    assert service.store.select(
        f"SELECT ?x WHERE {{ ?x a sg:Approval ; dct:date ?d . FILTER(SUBSTR(STR(?d), 1, 4) > '{TODAY.year}') }}"
    ) == []  # fmt: skip
