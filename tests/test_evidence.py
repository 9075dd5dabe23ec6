"""Every place that proves something has to do with what it proves."""

from __future__ import annotations

import re
from collections import defaultdict

import pytest
from conftest import SHARED

from strategigraf.ns import shorten
from strategigraf.service import Service
from strategigraf.terms import cell

#: The properties whose words or numbers a phrase may share.
TOLD = (
    "rdfs:label", "skos:prefLabel", "skos:altLabel", "sg:nameInSource", "sg:officialText", "sg:kindAsWritten", "dct:title",
    "dct:description", "sg:valueAsWritten", "sg:value", "sg:valueTo", "sg:sampleSize", "sg:formAsWritten",
    "sg:periodAsWritten", "sg:linkText", "dct:date", "skos:notation", "sg:year", "dct:issued",
)  # fmt: skip
#: Numbers that sources write in words, by what they stand for.
WORDS = {"en": "1", "to": "2", "tre": "3", "fire": "4", "fem": "5", "seks": "6", "syv": "7", "otte": "8", "ni": "9", "ti": "10"}


def stems(text: str) -> set[str]:
    """The numbers and the beginnings of the words of a text; short words tell nothing."""
    words = re.findall(r"[a-zæøå]+|\d+", text.lower().replace("-", " "))
    return {w if w.isdigit() else w[:5] for w in words if w.isdigit() or len(w) >= 4} | {
        w for w in words if 2 <= len(w) <= 3 and w not in ("og", "at", "det", "den", "der", "som", "for", "til", "med", "har", "kan", "vil", "ved", "fra", "om", "en", "et", "de", "er", "af", "på", "i")
    } | {WORDS[w] for w in words if w in WORDS}  # fmt: skip


def pairs(service: Service) -> list[tuple[str, str, str, str]]:
    """Thing, class, evidence and phrase (restored where the scan is broken)."""
    rows = service.store.select(
        """SELECT ?thing ?class ?evidence ?phrase ?restored WHERE {
          ?thing sg:evidence ?evidence ; a ?class . ?evidence sg:phrase ?phrase .
          OPTIONAL { ?evidence sg:phraseRestored ?restored }
        }"""
    )
    return [(cell(r["thing"]), cell(r["class"]), cell(r["evidence"]), cell(r["restored"]) or cell(r["phrase"])) for r in rows]


def told(service: Service) -> dict[str, str]:
    """All that is told of each thing that has evidence, in Danish or in no language, with what it connects."""
    found: dict[str, list[str]] = defaultdict(list)
    path = "|".join(TOLD)
    rows = service.store.select(
        f"""SELECT DISTINCT ?thing ?text WHERE {{
          ?thing sg:evidence ?evidence .
          {{ ?thing {path} ?text }}
          UNION {{ ?thing (sg:subject|sg:object|sg:municipality|dct:publisher|sg:about|sg:concerns|sg:measure|sg:role|sg:municipalitySize|sg:area|dct:subject|sg:layer|sg:unit|sg:precision|dct:isPartOf|sg:supports|sg:escalatesTo|org:postIn|sg:dutyOf|sg:elementOf|sg:approvedBy|sg:approvalOf|sg:decisionLevel|dct:creator)/(rdfs:label|skos:altLabel|dct:title|skos:definition) ?text }}
          UNION {{ ?thing dct:temporal/(dcat:startDate|dcat:endDate) ?text }}
          FILTER(LANG(?text) != "en")
        }}"""
    )
    for row in rows:
        found[cell(row["thing"])].append(cell(row["text"]))
    return {thing: " ".join(texts) for thing, texts in found.items()}


def test_a_phrase_shares_a_word_or_a_number_with_what_it_proves(service: Service) -> None:
    words = {thing: stems(text) for thing, text in told(service).items()}
    strangers = {
        (shorten(thing), shorten(evidence), phrase)
        for thing, _, evidence, phrase in pairs(service)
        if not stems(phrase) & words.get(thing, set())
    }
    assert strangers == set()


def test_a_phrase_of_a_row_names_the_municipality(service: Service) -> None:
    rows = service.store.select(
        """SELECT ?name ?other ?phrase WHERE {
          ?row a sg:ListEntry ; sg:municipality ?m ; sg:evidence/sg:phrase ?phrase . ?m rdfs:label ?name .
          OPTIONAL { ?m skos:altLabel ?other } FILTER(LANG(?name) = "da")
        }"""
    )
    named: dict[tuple[str, str], bool] = {}
    for row in rows:
        key = (cell(row["name"]), cell(row["phrase"]))
        fits = any(name and name in key[1] for name in (key[0], cell(row["other"])))
        named[key] = named.get(key, False) or fits
    assert len(named) >= 64
    assert [key for key, fits in named.items() if not fits] == []


@pytest.mark.shared
def test_every_phrase_of_a_document_read_is_in_its_text(service: Service) -> None:
    """A second look, with other code than the receipt: the words of the phrase, one after the other, in its lines."""
    texts = {}
    for row in service.store.select("SELECT ?d ?sha { ?d sg:sha256 ?sha }"):
        texts[cell(row["d"])] = cell(row["sha"])
    import hashlib

    by_hash = {hashlib.sha256(p.read_bytes()).hexdigest(): p.read_text("utf-8") for p in (SHARED / "sources").glob("*.txt")}
    rows = service.store.select(
        "SELECT ?e ?d ?a ?b ?p { ?e a sg:TextEvidence ; dct:source ?d ; sg:lineStart ?a ; sg:lineEnd ?b ; sg:phrase ?p }"
    )
    assert len(rows) > 900
    for row in rows:
        lines = by_hash[texts[cell(row["d"])]].split("\n")
        place = " ".join(lines[int(cell(row["a"])) - 1 : int(cell(row["b"]))]).replace("**", "").split()
        wanted = cell(row["p"]).replace("**", "").split()
        # The first and the last word may be cut out of a longer run of letters.
        joined = " ".join(place)
        assert " ".join(wanted) in joined, (cell(row["e"]), wanted)
