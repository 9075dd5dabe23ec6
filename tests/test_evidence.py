"""Every place that proves something has to do with what it proves."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict

import pytest
from conftest import SHARED
from pyoxigraph import Literal

from strategigraf.ns import shorten
from strategigraf.service import Service
from strategigraf.terms import cell

#: The properties whose words or numbers a phrase may share.
TOLD = (
    "rdfs:label", "skos:prefLabel", "skos:altLabel", "sg:nameInSource", "sg:officialText", "sg:kindAsWritten",
    "dct:title",
    "dct:description", "sg:valueAsWritten", "sg:value", "sg:valueTo", "sg:sampleSize", "sg:formAsWritten",
    "sg:periodAsWritten", "sg:linkText", "dct:date", "skos:notation", "sg:year", "dct:issued",
)  # fmt: skip
#: Numbers that sources write in words, by what they stand for.
WORDS = {
    "en": "1",
    "to": "2",
    "tre": "3",
    "fire": "4",
    "fem": "5",
    "seks": "6",
    "syv": "7",
    "otte": "8",
    "ni": "9",
    "ti": "10",
}


SMALL = {
    "og", "at", "det", "den", "der", "som", "for", "til", "med", "har", "kan", "vil", "ved", "fra", "om", "en", "et",
    "de", "er", "af", "på", "i",
}  # fmt: skip


def stems(text: str) -> set[str]:
    """The numbers and the beginnings of the words of a text; the commonest small words tell nothing."""
    words = re.findall(r"[a-zæøå]+|\d+", text.lower().replace("-", " "))
    return {
        word if word.isdigit() else word[:5] for word in words if word.isdigit() or (word not in SMALL and word[1:])
    } | {WORDS[word] for word in words if word in WORDS}


#: The links to things whose own names a phrase may share words with.
JOINED = (
    "sg:subject", "sg:object", "sg:municipality", "dct:publisher", "dct:creator", "sg:about", "sg:concerns",
    "sg:measure",
    "sg:role", "sg:municipalitySize", "sg:area", "dct:subject", "sg:layer", "sg:unit", "sg:precision", "dct:isPartOf",
    "sg:supports", "sg:escalatesTo", "org:postIn", "sg:dutyOf", "sg:elementOf", "sg:approvedBy", "sg:approvalOf",
    "sg:decisionLevel", "dct:temporal", "sg:combination", "sg:operator", "sg:illustrates", "sg:processModel",
    "sg:ambition", "sg:stage", "sg:initiativeExample", "sg:periodKind", "sg:form",
)  # fmt: skip
NAMED = (*TOLD, "skos:definition", "dcat:startDate", "dcat:endDate")


class Graph:
    """The merge in plain dictionaries, for walks that would be slow as one query."""

    def __init__(self, service: Service) -> None:
        self.of: dict[str, dict[str, list[tuple[str, str]]]] = defaultdict(lambda: defaultdict(list))
        for row in service.store.select("SELECT ?s ?p ?o { ?s ?p ?o }"):
            value = row["o"]
            language = value.language or "" if isinstance(value, Literal) else ""
            self.of[cell(row["s"])][shorten(cell(row["p"]))].append((cell(value), language))

    def values(self, thing: str, *names: str) -> list[str]:
        """The values of some properties that are not English."""
        return [v for name in names for v, language in self.of[thing].get(name, ()) if language != "en"]

    def told(self, thing: str) -> str:
        """All that is told of a thing, and the names of what it connects."""
        near = [one for name in JOINED for one, _ in self.of[thing].get(name, ())]
        return " ".join([*self.values(thing, *NAMED), *(t for one in near for t in self.values(one, *NAMED))])


@pytest.fixture(scope="module")
def graph(service: Service) -> Graph:
    return Graph(service)


def pairs(graph: Graph) -> list[tuple[str, str, str]]:
    """Thing, evidence and phrase (restored where the scan is broken) of all text evidence."""
    return [
        (thing, evidence, (graph.values(evidence, "sg:phraseRestored") or graph.values(evidence, "sg:phrase"))[0])
        for thing in list(graph.of)
        for evidence in graph.values(thing, "sg:evidence")
        if graph.values(evidence, "sg:phrase")
    ]


def test_a_phrase_shares_a_word_or_a_number_with_what_it_proves(graph: Graph) -> None:
    found = pairs(graph)
    assert len(found) > 2000
    strangers = {
        (shorten(thing), shorten(evidence), phrase)
        for thing, evidence, phrase in found
        if not stems(phrase) & stems(graph.told(thing))
    }
    assert sorted(strangers) == []
    # The same look, at phrases that belong to other things, finds that most have nothing to do with them.
    moved = [(thing, phrase) for (thing, _, _), (_, _, phrase) in zip(found, found[len(found) // 2 :], strict=False)]
    assert sum(not stems(phrase) & stems(graph.told(thing)) for thing, phrase in moved) > len(moved) * 0.4


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
        fits = any(name and name in key[1] for name in (key[0], cell(row.get("other"))))
        named[key] = named.get(key, False) or fits
    assert len(named) >= 64
    assert [key for key, fits in named.items() if not fits] == []


@pytest.mark.shared
def test_every_phrase_of_a_document_read_is_in_its_text(service: Service) -> None:
    """A second look, with other code than the receipt: the words of the phrase, one after the other, in its lines."""
    texts = {}
    for row in service.store.select("SELECT ?d ?sha { ?d sg:sha256 ?sha }"):
        texts[cell(row["d"])] = cell(row["sha"])
    by_hash = {
        hashlib.sha256(p.read_bytes()).hexdigest(): p.read_text("utf-8") for p in (SHARED / "sources").glob("*.txt")
    }
    rows = service.store.select(
        """SELECT ?e ?d ?a ?b ?p {
          ?e a sg:TextEvidence ; dct:source ?d ; sg:lineStart ?a ; sg:lineEnd ?b ; sg:phrase ?p
        }"""
    )
    assert len(rows) > 900
    for row in rows:
        lines = by_hash[texts[cell(row["d"])]].split("\n")
        place = " ".join(lines[int(cell(row["a"])) - 1 : int(cell(row["b"]))]).replace("**", "").split()
        wanted = cell(row["p"]).replace("**", "").split()
        # The first and the last word may be cut out of a longer run of letters.
        joined = " ".join(place)
        assert " ".join(wanted) in joined, (cell(row["e"]), wanted)
