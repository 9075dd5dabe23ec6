"""The rules of adoption, one change at a time."""

from __future__ import annotations

import re

import pytest
from conftest import ROOT, World
from pyoxigraph import NamedNode

from strategigraf import infer, sources
from strategigraf.infer import feeds_itself
from strategigraf.ns import PREFIXES

ODDER = "alignment:odder-digitaliseringsstrategi-uden-aar-princip-08-follows-monopolbrud"
NORDDJURS = (
    "norddjurs-digitaliseringsstrategi-2016-indsats-02-implements-monopolbrud",
    "norddjurs-digitaliseringsstyregruppen-implements-monopolbrud",
    "norddjurs-monopolbrudsprojektgruppen-implements-monopolbrud",
)
CLAIM = """
alignment:test a sg:Alignment ; sg:subject {subject} ; sg:object {object} ;
  sg:relation concept:relation-{relation} ; sg:basis concept:basis-{basis} ;
  sg:evidence evidence:test .
evidence:test a sg:TextEvidence ; dct:source document:{document} ; sg:lineStart 1 ; sg:lineEnd 1 ;
  sg:heading "Prøve"@da ; sg:phrase "prøve"@da .
"""


def claim(subject: str, relation: str = "follows", basis: str = "explicit", target: str = "framework:monopolbrud",
          document: str = "odder-strategi") -> str:  # fmt: skip
    return CLAIM.format(subject=subject, relation=relation, basis=basis, object=target, document=document)


#: What the adoption of the monopoly break rests on: the rest of the facts would only make each change slow.
SMALL = (
    "ontology/", "data/ttl/reference/", "data/ttl/documents/kl-kortlaegning", "data/ttl/documents/odder",
    "data/ttl/documents/norddjurs", "data/ttl/strategies/joint-municipal", "data/ttl/frameworks/monopolbrud.",
    "data/ttl/frameworks/rammearkitektur.", "data/ttl/frameworks/fda.",
)  # fmt: skip


@pytest.fixture(scope="module")
def world(facts: sources.Sources) -> World:
    """The things that the rules of adoption look at, and what these lead to."""
    whole = World(facts, lambda name: name.startswith(SMALL))
    return whole.from_("alignment", "document", "framework", "municipality", "strategy")


def slug(name: str) -> str:
    prefix, _, local = name.partition(":")
    return PREFIXES[prefix] + local


def test_the_three_answers(world: World) -> None:
    rows = world.rows("framework_adoption", framework="monopolbrud", corpus="read")
    assert len(rows) == 98
    assert len({row["municipality"] for row in rows}) == 98
    by_status: dict[str, list[str]] = {}
    for row in rows:
        by_status.setdefault(row["status"], []).append(row["name"])
    assert by_status["committed"] == ["Odder"]
    assert by_status["acting"] == ["Norddjurs"]
    assert len(by_status["implied"]) == 96
    assert set(by_status) == {"committed", "acting", "implied"}


def test_without_odders_alignment_only_the_community_is_left(world: World) -> None:
    row = world.without((slug(ODDER), "", "")).adoption("Odder")
    assert row["status"] == "implied"
    assert row["own_reading"] == "whole", "the reading stands beside every status, since implied hides it"
    assert row["evidence_phrase"] == "da de følger de fællesoffentlige og fælleskommunale strategier"


def test_without_the_chain_odder_is_silent_and_others_not_assessed(world: World) -> None:
    changed = world.without((slug(ODDER), "", ""), ("alignment/alle-kommuner-foelger-faelleskommunal", "", ""))
    odder, aarhus = changed.adoption("Odder"), changed.adoption("Aarhus")
    assert (odder["status"], odder["own_reading"]) == ("silent", "whole")
    assert (aarhus["status"], aarhus["own_reading"]) == ("not-assessed", "none")
    assert odder["evidence_phrase"] == aarhus["evidence_phrase"] == ""
    assert odder["evidence_count"] == "0"
    assert odder["latest_evidence"] == ""


def test_each_link_of_the_chain_is_needed(world: World) -> None:
    for pattern in (
        ("framework/monopolbrud>", "isPartOf", ""),
        ("kl-handlingsplan-2011-fokusomraade-01>", "elementOf", ""),
        ("strategy/kl-handlingsplan-2011>", "isPartOf", ""),
        ("strategy/kl-digitaliseringsstrategi-2011>", "isPartOf", ""),
        ("organisation/alle-kommuner", "hasMember", "municipality/0751"),
    ):
        assert world.without(pattern).adoption("Aarhus")["status"] == "not-assessed", pattern


@pytest.mark.parametrize("stage", ["draft", "hearing"])
def test_a_draft_on_the_way_implies_nothing(world: World, stage: str) -> None:
    plan = "strategy/kl-handlingsplan-2011>"
    changed = world.without((plan, "documentStatus", "")).with_(
        f"strategy:kl-handlingsplan-2011 sg:documentStatus concept:document-status-{stage} ."
    )
    assert changed.adoption("Aarhus")["status"] == "not-assessed"


def test_a_way_around_a_draft_still_holds(world: World) -> None:
    changed = world.with_(
        """
        strategy:kl-proeve-2012 a sg:Strategy ; sg:documentStatus concept:document-status-draft ;
          dct:isPartOf series:faelleskommunal-digitaliseringsstrategi .
        framework:monopolbrud dct:isPartOf strategy:kl-proeve-2012 .
        """
    )
    assert changed.adoption("Aarhus")["status"] == "implied"


@pytest.mark.parametrize("relation", ["corresponds-to", "narrower-than", "implements"])
def test_a_relation_that_does_not_bear(world: World, relation: str) -> None:
    changed = world.without((slug(ODDER), "relation", "")).with_(f"{ODDER} sg:relation concept:relation-{relation} .")
    assert changed.adoption("Odder")["status"] == "implied"


def test_builds_on_commits_like_follows(world: World) -> None:
    changed = world.without((slug(ODDER), "relation", "")).with_(f"{ODDER} sg:relation concept:relation-builds-on .")
    assert changed.adoption("Odder")["status"] == "committed"


def test_a_thematic_basis_bears_nothing(world: World) -> None:
    changed = world.without((slug(ODDER), "basis", "")).with_(f"{ODDER} sg:basis concept:basis-thematic .")
    assert changed.adoption("Odder")["status"] == "implied"


@pytest.mark.parametrize(
    ("kind", "relation", "status"),
    [
        ("Vision", "follows", "committed"),
        ("Goal", "follows", "committed"),
        ("FocusArea", "builds-on", "committed"),
        ("Requirement", "follows", "committed"),
        ("Initiative", "follows", "implied"),
        ("Initiative", "implements", "acting"),
        ("Rationale", "follows", "implied"),
        ("Quality", "follows", "implied"),
    ],
)
def test_the_class_of_the_subject_decides(world: World, kind: str, relation: str, status: str) -> None:
    element = "element/odder-digitaliseringsstrategi-uden-aar-princip-08>"
    changed = (
        world.without((element, "#type", "Principle"), (slug(ODDER), "relation", ""))
        .with_(f"element:odder-digitaliseringsstrategi-uden-aar-princip-08 a sg:{kind} .")
        .with_(f"{ODDER} sg:relation concept:relation-{relation} .")
    )
    assert changed.adoption("Odder")["status"] == status


@pytest.mark.parametrize(
    ("subject", "relation", "status"),
    [
        ("municipality:0751", "implements", "acting"),
        ("municipality:0751", "follows", "implied"),
        ("strategy:aarhus-smart-aarhus-strategi-uden-aar", "follows", "committed"),
        ("strategy:aarhus-smart-aarhus-strategi-uden-aar", "implements", "implied"),
        ("municipality:0751", "deviates-from", "deviates"),
    ],
)
def test_municipality_and_strategy_as_subject(world: World, subject: str, relation: str, status: str) -> None:
    assert world.with_(claim(subject, relation)).adoption("Aarhus")["status"] == status


def test_norddjurs_falls_only_when_the_last_claim_does(world: World) -> None:
    patterns = [(f"alignment/{name}>", "", "") for name in NORDDJURS]
    assert world.without(*patterns[:2]).adoption("Norddjurs")["status"] == "acting"
    assert world.without(*patterns).adoption("Norddjurs")["status"] == "implied"


def test_a_deviation_is_kept_beside_a_higher_status(world: World) -> None:
    changed = world.with_(claim("strategy:odder-digitaliseringsstrategi-uden-aar", "deviates-from"))
    assert changed.adoption("Odder")["status"] == "committed"
    kept = changed.store().select(
        "SELECT ?c { <https://w3id.org/strategigraf/id/adoption/0727-monopolbrud> sg:deviation ?c }"
    )
    assert [row["c"] for row in kept] == [NamedNode(slug("alignment:test"))]
    assert changed.adoption("Aarhus")["status"] == "implied"


def test_an_element_of_the_framework_counts_as_the_framework(world: World) -> None:
    element = 'element:prove a sg:Principle ; sg:elementOf framework:monopolbrud ; skos:prefLabel "Prøve"@da .'
    changed = world.with_(element + claim("strategy:aarhus-smart-aarhus-strategi-uden-aar", target="element:prove"))
    assert changed.adoption("Aarhus")["status"] == "committed"


def test_nothing_passes_from_one_framework_to_another(world: World) -> None:
    link = "framework:monopolbrud sg:leadsTo framework:rammearkitektur ; skos:related framework:rammearkitektur ."
    assert world.with_(link).adoption("Norddjurs", "rammearkitektur") == world.adoption("Norddjurs", "rammearkitektur")
    part = world.with_("framework:rammearkitektur dct:isPartOf framework:monopolbrud .")
    assert part.adoption("Aarhus", "rammearkitektur")["status"] == "not-assessed"
    rows = world.without(("", "object", "framework/rammearkitektur")).rows(
        "framework_adoption", framework="rammearkitektur"
    )
    assert {row["status"] for row in rows if row["name"] in ("Odder", "Norddjurs")} == {"silent"}


def test_another_municipalitys_strategy_gives_nothing(world: World) -> None:
    changed = world.without(("strategy/odder-digitaliseringsstrategi-uden-aar>", "publisher", "")).with_(
        "strategy:odder-digitaliseringsstrategi-uden-aar dct:publisher municipality:0751 ."
    )
    assert changed.adoption("Aarhus")["status"] == "committed"
    assert changed.adoption("Odder")["status"] == "implied"


def test_only_adoptable_frameworks_have_adoptions(world: World) -> None:
    changed = world.without(("framework/monopolbrud>", "adoptable", "")).with_(
        "framework:monopolbrud sg:adoptable false ."
    )
    assert changed.rows("framework_adoption", framework="monopolbrud") == []


def test_reading_in_part_and_not_at_all(world: World) -> None:
    reading = "document/odder-strategi#laesning>"
    partly = world.without((reading, "extent", "")).with_(
        "<https://w3id.org/strategigraf/id/document/odder-strategi#laesning> sg:extent concept:extent-part ."
    )
    assert partly.adoption("Odder")["own_reading"] == "part"
    assert world.without((reading, "", "")).adoption("Odder")["own_reading"] == "none"


def test_the_corpora_are_kept_apart(world: World) -> None:
    cited = """
    document:prove a sg:SourceDocument ; dct:title "Prøve"@da ; dct:publisher municipality:0580 ;
      sg:corpus concept:corpus-cited ; dct:issued "2020-05-01"^^xsd:date .
    """
    changed = world.with_(cited + claim("municipality:0580", "implements", document="prove"))
    rows = {
        corpus: next(r for r in changed.rows("framework_adoption", corpus=corpus) if r["name"] == "Aabenraa")
        for corpus in ("read", "all")
    }
    assert rows["read"]["status"] == "implied"
    assert rows["all"]["status"] == "acting"
    assert rows["all"]["latest_evidence"] == "2020-05-01"


def test_latest_evidence_is_the_youngest_document(world: World) -> None:
    assert world.adoption("Norddjurs")["latest_evidence"] == "2017-01-11"
    assert world.adoption("Odder")["latest_evidence"] == "", "Odder's text states no date"
    newer = """
    document:prove a sg:SourceDocument ; dct:title "Prøve"@da ; sg:corpus concept:corpus-read ;
      dct:issued "2021"^^xsd:gYear .
    """
    changed = world.with_(newer + claim("municipality:0707", "implements", document="prove"))
    assert changed.adoption("Norddjurs")["latest_evidence"] == "2021"
    assert changed.adoption("Norddjurs")["evidence_phrase"] == "prøve", "strongest, then latest"


def test_the_query_and_the_derived_status_agree(world: World) -> None:
    store = world.store()
    derived = {
        (row["m"], row["f"]): row["s"]
        for row in store.select(
            "SELECT ?m ?f ?s { ?a a sg:Adoption ; sg:municipality ?m ; sg:framework ?f ; sg:status/skos:notation ?s }"
        )
    }
    frameworks = {f for _, f in derived}
    assert len(frameworks) >= 2
    assert len(derived) == 98 * len(frameworks)
    for framework in frameworks:
        assert isinstance(framework, NamedNode)
        for row in world.rows("framework_adoption", framework=framework.value):
            kept = derived[NamedNode(row["municipality"]), framework]
            assert row["status"] == getattr(kept, "value", None)


def rule_parts(text: str) -> tuple[set[str], set[str]]:
    """The predicates that a rule derives, and those that it negates or counts over."""
    template = text[text.index("CONSTRUCT") : text.index("WHERE")]
    negated = "".join(re.findall(r"NOT EXISTS \{([^}]*)\}|MINUS \{([^}]*)\}", text)[0]) if "NOT EXISTS" in text else ""
    return set(re.findall(r"sg:[a-z]\w*|rdfs:label", template)), set(re.findall(r"sg:[a-z]\w*|rdfs:label", negated))


#: Negated properties of things that no rule derives: rows of a list are typed in.
TYPED = {"15-counted-rows.rq": {"sg:municipality"}}


def test_a_rule_negates_only_what_lower_numbers_derive() -> None:
    rules = sorted((ROOT / "ontology" / "rules").glob("*.rq"))
    assert len(rules) >= 10
    derived_later: set[str] = set()
    for path in reversed(rules):
        derives, negates = rule_parts(path.read_text(encoding="utf-8"))
        derived_later |= derives
        negates -= TYPED.get(path.name, set())
        assert not negates & derived_later, f"{path.name} negates {negates & derived_later}"
        assert "NOW()" not in path.read_text(encoding="utf-8"), "no rule uses the clock"


PAGE = """
document:proeve a sg:SourceDocument ; dct:publisher municipality:0751 ; sg:corpus concept:corpus-cited .
<https://w3id.org/strategigraf/id/document/proeve#laesning> a sg:Reading ; sg:readingOf document:proeve ;
  sg:extent concept:extent-part .
evidence:proeve a sg:CitedEvidence ; dct:source document:proeve ; sg:locator "Forsiden" .
"""
OWN = "strategy:aarhus-smart-aarhus-strategi-uden-aar"


@pytest.mark.parametrize(
    ("more", "reading"),
    [
        ("", "none"),
        (f"{OWN} sg:evidence evidence:proeve .", "none"),
        (f"{OWN} sg:hasText document:proeve .", "part"),
        (f"element:proeve a sg:Principle ; sg:elementOf {OWN} ; sg:evidence evidence:proeve .", "part"),
    ],
)
def test_what_counts_as_reading_in_part(world: World, more: str, reading: str) -> None:
    """An own page, or the title of a strategy on one, is not the strategy; its text or an element of it is."""
    assert world.with_(PAGE + more).adoption("Aarhus")["own_reading"] == reading


RULE = "CONSTRUCT { ?x sg:leadsTo ?y } WHERE { ?x sg:supports ?y }"


@pytest.mark.parametrize(
    ("rule", "again"),
    [
        (RULE, False),
        (RULE.replace("sg:supports", "sg:supports/sg:leadsTo"), True),
        (RULE.replace("sg:supports", "?p"), True),
        ("CONSTRUCT { ?x a sg:Goal } WHERE { ?x a ?class . ?class rdfs:subClassOf sg:Vision }", True),
        ("CONSTRUCT { ?x a sg:Goal } WHERE { ?x a sg:Vision }", False),
        ("not a rule", True),
    ],
)
def test_a_rule_that_can_feed_itself_runs_again(rule: str, again: bool) -> None:
    assert feeds_itself(rule) == again


def test_running_each_rule_once_more_derives_nothing(world: World) -> None:
    store = world.store()
    before = len(list(store.quads()))
    for name, text in world.rules:
        assert infer.infer(store, [(name, text)]) == {name: 0}
    assert len(list(store.quads())) == before


def test_a_shared_focus_area_shows_both_sides(world: World) -> None:
    rows = [r for r in world.rows("compare_municipalities", a="Odder", b="Norddjurs") if r["kind"] == "fokusområde"]
    shared = [row for row in rows if row["shared"] == "true"]
    assert shared
    assert all(row["a_label"] and row["b_label"] for row in shared)
    assert all(bool(row["a_label"]) != bool(row["b_label"]) for row in rows if row not in shared)


def test_a_deviation_is_not_shared(world: World) -> None:
    changed = world.with_(claim("municipality:0751", "deviates-from"))
    rows = changed.rows("compare_municipalities", a="Aarhus", b="Norddjurs")
    assert not any(row["shared"] == "true" for row in rows if row["kind"] == "ramme")
