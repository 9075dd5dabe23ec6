"""The ontology: its header, its terms, and that everything uses them."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from conftest import ROOT
from flask.testing import FlaskClient
from pyoxigraph import Literal, NamedNode

from strategigraf import sources
from strategigraf.ns import SG, expand
from strategigraf.service import Service
from strategigraf.web import diagram

FACTS = sources.load(ROOT)
TRIPLES = [t for file in FACTS.of("ontology") for t in file.document.triples]
TERMS = sorted({t.subject.value for t in TRIPLES if isinstance(t.subject, NamedNode) and t.subject.value not in (SG,)})
_FIXED = """
Municipality Strategy ListEntry Vision Goal FocusArea Principle Initiative Requirement StrategyElement Framework
Alignment Adoption Evidence TextEvidence CitedEvidence SourceDocument Reading GovernanceBody Approval StrategySeries
level layer form documentStatus buildsOn hasText formAsWritten linkText periodAsWritten periodKind lists elementOf
kindAsWritten supports officialText adoptable subject object relation basis confidence reason municipality framework
status basedOn ownReading latestEvidence deviation attests heading lineStart lineEnd phrase phraseRestored seenOn
nameInSource possiblySameAs evidence leadsTo
"""
FIXED = _FIXED.split()


def values(subject: str, predicate: str) -> list[NamedNode | Literal]:
    wanted = expand(predicate)
    return [
        t.object
        for t in TRIPLES
        if isinstance(t.subject, NamedNode)
        and t.subject.value == subject
        and t.predicate.value == wanted
        and isinstance(t.object, NamedNode | Literal)
    ]


def languages(subject: str, predicate: str) -> list[str | None]:
    return sorted(v.language or "" for v in values(subject, predicate) if isinstance(v, Literal))


def test_exactly_one_ontology_with_a_whole_header() -> None:
    kinds = [t.subject for t in TRIPLES if t.object == NamedNode(expand("owl:Ontology"))]
    assert kinds == [NamedNode(SG)]
    for predicate in ("rdfs:label", "dct:title", "dct:description", "rdfs:comment"):
        assert languages(SG, predicate) == ["da", "en"], predicate
    for predicate in (
        "vann:preferredNamespacePrefix", "vann:preferredNamespaceUri", "dct:created", "dct:modified", "dct:license",
        "dct:publisher", "owl:versionInfo", "owl:versionIRI", "adms:status",
    ):  # fmt: skip
        assert len(values(SG, predicate)) == 1, predicate


def test_the_version_is_told_alike() -> None:
    version = str(values(SG, "owl:versionInfo")[0].value)
    assert values(SG, "owl:versionIRI")[0].value == SG + version
    assert any(str(note.value).startswith(version) for note in values(SG, "skos:changeNote"))


def test_there_are_terms() -> None:
    assert len(TERMS) > 80
    assert {SG + name for name in FIXED} <= set(TERMS)


@pytest.mark.parametrize("term", TERMS, ids=lambda iri: iri.removeprefix(SG))
def test_each_term_is_told_in_both_languages_with_its_source(term: str) -> None:
    assert term.startswith(SG)
    assert languages(term, "rdfs:label") == ["da", "en"]
    assert languages(term, "skos:definition") == ["da", "en"]
    assert values(term, "dct:source")
    assert values(term, "rdfs:isDefinedBy") == [NamedNode(SG)]
    name = term.removeprefix(SG)
    kinds = {v.value for v in values(term, "rdf:type")}
    assert name[0].isupper() == (expand("owl:Class") in kinds)
    for definition in values(term, "skos:definition"):
        assert str(definition.value)[0].isupper()
        assert str(definition.value).endswith(".")


def test_each_term_is_tied_to_a_vocabulary_that_others_know() -> None:
    links = (
        "rdfs:subClassOf",
        "rdfs:subPropertyOf",
        "skos:closeMatch",
        "skos:broadMatch",
        "rdfs:seeAlso",
        "owl:inverseOf",
    )
    for term in TERMS:
        assert any(values(term, link) for link in links), term


def test_labels_do_not_collide() -> None:
    for language in ("da", "en"):
        for kind in ("owl:Class",):
            labels = [
                str(v.value)
                for term in TERMS
                if NamedNode(expand(kind)) in values(term, "rdf:type")
                for v in values(term, "rdfs:label")
                if isinstance(v, Literal) and v.language == language
            ]
            assert len(labels) == len(set(labels))


def used_names() -> dict[str, set[str]]:
    """Every sg: name that any file uses, and where."""
    found: dict[str, set[str]] = {}
    places: list[Path] = [*ROOT.glob("queries/**/*.rq"), *ROOT.glob("ontology/**/*.rq"), *ROOT.glob("data/**/*.ttl")]
    places += [*ROOT.glob("server/**/*.py"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("*.md")]
    for path in places:
        for name in re.findall(r"(?<![\w:])sg:([A-Za-z]\w*)", path.read_text(encoding="utf-8")):
            found.setdefault(name, set()).add(path.name)
    return found


def test_every_name_that_is_used_is_in_the_ontology() -> None:
    unknown = {name: places for name, places in used_names().items() if SG + name not in TERMS}
    assert unknown == {}


def test_every_term_is_used() -> None:
    #: Terms of fixed meaning whose facts come with documents that are seen in part.
    waiting = {"CitedEvidence", "locator", "seenOn", "reason", "page"}
    idle = {t.removeprefix(SG) for t in TERMS} - set(used_names())
    derived = {str(t.subject.value) for t in TRIPLES if t.predicate.value == expand("owl:inverseOf")}  # type: ignore[union-attr]
    assert {name for name in idle if SG + name not in derived} <= waiting


def test_schemes_have_concepts_with_codes_of_their_own() -> None:
    for file in FACTS.of("scheme"):
        codes = [str(t.object.value) for t in file.document.triples if t.predicate.value == expand("skos:notation")]  # type: ignore[union-attr]
        assert len(codes) >= 2, file.name
        assert len(codes) == len(set(codes)), file.name


def test_the_statuses_are_the_six_in_their_order() -> None:
    file = next(file for file in FACTS.of("scheme") if file.stem == "status")
    rank = {
        t.subject.value.rsplit("/status-")[-1]: int(t.object.value)  # type: ignore[union-attr]
        for t in file.document.triples
        if t.predicate.value == SG + "rank"
    }
    assert sorted(rank, key=lambda name: -rank[name]) == [
        "committed", "acting", "deviates", "implied", "silent", "not-assessed",
    ]  # fmt: skip


def test_the_diagram_has_every_class_and_only_links_that_things_have(service: Service) -> None:
    on_it = {name for box in diagram.BOXES for name in (box.name, *box.inside)}
    classes = {t.subject.value for t in TRIPLES if t.object == NamedNode(expand("owl:Class"))}  # type: ignore[union-attr]
    assert classes <= {expand(name) for name in on_it}
    boxes = {box.name for box in diagram.BOXES}
    for link in diagram.LINKS:
        assert {link.start, link.end} <= boxes
        pattern = f"?from a {link.start} ; {link.property} ?to . ?to a {link.end}"
        assert service.store.select(f"SELECT * {{ {pattern} }} LIMIT 1"), link
    for box in diagram.BOXES:
        for name in box.inside:
            assert NamedNode(expand(box.name)) in values(expand(name), "rdfs:subClassOf"), name


def test_the_profile_counts_what_is_there(service: Service) -> None:
    found = service.profile
    assert found.things[SG + "Municipality"] == 98
    publisher = next(use for use in found.uses[SG + "Strategy"] if use.property == expand("dct:publisher"))
    rows = service.store.select(
        "SELECT (COUNT(*) AS ?n) { ?s a sg:Strategy ; dct:publisher ?p . ?p a sg:Municipality }"
    )
    assert publisher.count == int(rows[0]["n"].value)  # type: ignore[union-attr]
    assert publisher.ranges[0] in (SG + "Municipality", expand("cv:PublicOrganisation"))
    assert found.terms[SG + "evidence"] > 1000


def test_every_example_has_an_answer_and_tells_its_terms(service: Service) -> None:
    assert len(service.catalogue.examples) >= 12
    for example in service.catalogue.examples:
        assert service.store.select(example.text), example.name
        for name in re.findall(r"sg:[A-Za-z]+", example.header.description.en):
            assert SG + name.removeprefix("sg:") in TERMS, name


def test_the_concept_list_has_every_term_and_concept(client: FlaskClient, service: Service) -> None:
    rows = list(csv.reader(io.StringIO(client.get("/ontology/concepts.csv").text)))
    assert rows[0][0] == "Foretrukken term (da)"
    told = {row[-1] for row in rows[1:]}
    assert set(TERMS) <= told
    concepts = service.store.select("SELECT ?c { ?c a skos:Concept }")
    assert {row["c"].value for row in concepts} <= told  # type: ignore[union-attr]
    assert len(told) == len(rows) - 1
    assert all(row[0] and row[1] and row[4] and row[5] and row[7] for row in rows[1:])


@pytest.mark.parametrize("path", ["/ontology/", "/en/ontology/"])
def test_the_reference_page_tells_use_or_says_not_yet(client: FlaskClient, service: Service, path: str) -> None:
    page = client.get(path).text
    for term in TERMS:
        name = term.removeprefix(SG)
        article = page.partition(f'id="{name}"')[2].partition("</article>")[0]
        assert article, name
        unused = "Endnu ikke brugt" in article or "Not used yet" in article
        assert unused == (not service.profile.terms.get(term)), name
    assert page.count('<svg class="diagram"') == 1
