"""Search: what is found, in which order, under which filters, and that no text is anything but text."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strategigraf import ns
from strategigraf.names import Names
from strategigraf.search import Filters, Hit, Index, Matcher, make
from strategigraf.search.words import read, stem
from strategigraf.service import Service
from strategigraf.web import create_app

BROWSER = {"Accept": "text/html"}
#: What FTS5 would read as more than a word.
SYNTAX = (
    '"', "*", '"*":^NEAR(', "NEAR(a b, 3)", "name:odder", "{name}", "odder AND", "OR", "NOT odder", "-odder", "^odder",
    "odder*", "a+b", "'; DROP TABLE doc; --", "\\", "%", "_", "\x00odder", "odder\x00", "( ( (", "𝒪dder", "🦒", "²",
)  # fmt: skip


@pytest.fixture(scope="module")
def client(service: Service) -> Any:
    return create_app(service).test_client()


def slugs(hits: tuple[Hit, ...]) -> list[str]:
    return [hit.iri.removeprefix(ns.ID) for hit in hits]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("odder", "municipality/0727"),
        ("Odder Kommune", "municipality/0727"),
        ("0727", "municipality/0727"),
        ("Aarhus", "municipality/0751"),
        ("Århus", "municipality/0751"),
        ("A\u030arhus", "municipality/0751"),
        ("ÅRHUS", "municipality/0751"),
        ("Nordfyn", "municipality/0480"),
        ("Kbh", "municipality/0101"),
        ("Koebenhavn", "municipality/0101"),
        ("monopolbrud", "framework/monopolbrud"),
        ("the monopoly break", "framework/monopolbrud"),
        ("rammearkitekturen", "framework/rammearkitektur"),
        ("KOMBIT", "organisation/kombit"),
        ("midtjylland", "region/midtjylland"),
        ("følger tankerne", "element/odder-digitaliseringsstrategi-uden-aar-princip-08"),
        ("odder-digitaliseringsstrategi-uden-aar", "strategy/odder-digitaliseringsstrategi-uden-aar"),
    ],
)
def test_the_closest_comes_first(service: Service, text: str, first: str) -> None:
    assert slugs(service.index.find(text).hits)[0] == first


@pytest.mark.parametrize(
    ("wrong", "right", "first"),
    [
        ("rammearkitekur", "rammearkitektur", "framework/rammearkitektur"),
        ("støttesystmer", "stoettesystemer", "framework/stoettesystemer"),
        ("kobenhavn", "koebenhavn", "municipality/0101"),
        ("Norddjrus", "norddjurs", "municipality/0707"),
    ],
)
def test_a_typing_error_is_forgiven_and_told(service: Service, wrong: str, right: str, first: str) -> None:
    found = service.index.find(wrong)
    assert slugs(found.hits)[0] == first
    assert right in next(iter(found.instead.values()))


def test_misspelt_names_are_found(service: Service) -> None:
    """Every municipality's name with two letters swapped, and with one left out: 19 of 20 among the first three."""
    found = tried = 0
    for named in service.names.things.values():
        name = named.label("da")
        if named.type != "municipality" or len(name) < 5:
            continue
        middle = len(name) // 2
        swapped = name[: middle - 1] + name[middle] + name[middle - 1] + name[middle + 1 :]
        for wrong in {swapped, name[:middle] + name[middle + 1 :]} - {name}:
            tried += 1
            found += named.iri in [hit.iri for hit in service.index.find(wrong, limit=3).hits]
    assert tried > 150
    assert found / tried >= 0.95, (found, tried)


def test_a_part_of_a_word_is_no_misspelling(service: Service) -> None:
    assert not service.index.find("pagten").instead
    assert service.index.find("pagten").total > 0


def test_a_broken_scan_stands_by_its_restored_form(service: Service) -> None:
    found = service.index.find("printløsninger")
    told = [one for hit in found.hits for one in hit.told if found.matcher.count(one[2])]
    assert any(one[0] == "restored" for one in told)
    assert service.index.find("printlgsninger").instead, "as the scan has it, it is a typing error"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("princip", "principperne"),
        ("strategi", "strategiernes"),
        ("kommune", "kommunerne"),
        ("følge", "følger"),
        ("råd", "rådet"),
        ("løsning", "løsningerne"),
    ],
)
def test_forms_of_a_danish_word_share_a_stem(one: str, other: str) -> None:
    assert stem("da", "".join(read(one))) == stem("da", "".join(read(other)))


def test_forms_parts_and_beginnings_of_words_are_found(service: Service) -> None:
    index = service.index
    assert "framework/rammearkitektur" in slugs(index.find("arkitektur", limit=500).hits), "inside a compound"
    assert "framework/monopolbrud" in slugs(index.find("monopolbruddets").hits), "another form"
    assert "framework/monopolbrud" in slugs(index.find("monopolbr").hits), "the beginning"
    assert index.find("principles").total > 10, "English words by English stems"
    assert index.find("Odder KOMMUNE strategi").total == index.find("strategi odder kommune").total > 0


def test_texts_and_phrases_of_sources_are_found_with_their_places(service: Service) -> None:
    # A word that stands in a phrase of Odder's text, and in no name.
    found = service.index.find("retningslinjer KOMBIT KL", language="da")
    phrased = [
        told for hit in found.hits for told in hit.told if told[0] == "phrase" and found.matcher.count(told[2]) >= 2
    ]
    assert phrased
    assert all(told[3].startswith(ns.ID + "evidence/") for told in phrased)
    assert all(len(told[2].split()) <= 10 for told in phrased)


def test_every_thing_is_found_by_its_whole_label(service: Service) -> None:
    """Each of the types that are searched, by each label, is among the closest."""
    tried = 0
    for named in list(service.names.things.values())[::37]:
        if named.type in ("evidence", "adoption"):
            continue
        for label in named.labels.values():
            if not read(label) or len(label) > 150:
                continue
            hits = service.index.find(label, limit=2000).hits
            tried += 1
            assert named.iri in [hit.iri for hit in hits if hit.tier <= 2], label
    assert tried > 100


def test_filters_narrow_to_what_the_facets_count(service: Service) -> None:
    index = service.index
    every = index.find("digital")
    for name in ("type", "level", "by", "theme"):
        for value, count in every.facets[name].most_common(3):  # type: ignore[attr-defined]
            narrowed = index.find("digital", Filters(**{name: value}), limit=2000)
            assert narrowed.total == count == len(narrowed.hits), (name, value)
            assert narrowed.facets[name] == every.facets[name], "a facet's own filter does not narrow its counts"
    assert sum(every.facets["type"].values()) == every.total
    local = index.find("digital", Filters(level="local", type="strategy"), limit=2000)
    assert local.total > 20
    assert {(hit.level, hit.type) for hit in local.hits} == {("local", "strategy")}


def test_pages_hold_every_hit_once(service: Service) -> None:
    whole = [hit.iri for hit in service.index.find("digital", limit=5000).hits]
    paged: list[str] = []
    while part := service.index.find("digital", limit=100, offset=len(paged)).hits:
        paged += [hit.iri for hit in part]
    assert paged == whole
    assert len(set(whole)) == len(whole)


def test_a_question_in_whole_words_leads_to_what_it_names(service: Service) -> None:
    found = service.index.find("Følger Odder Kommune monopolbruddet?")
    assert slugs(found.named) == ["municipality/0727", "framework/monopolbrud"]
    assert not service.index.find("Odder").named, "one name is the question itself"
    some = service.index.find("monopolbrud giraf")
    assert some.some
    assert slugs(some.hits)[0] == "framework/monopolbrud"
    assert service.index.find("hvilke strategier udløber").hits[0].iri == "expiring_strategies"


def test_nothing_leads_to_nothing(service: Service) -> None:
    for text in ("", "   ", "--", "»«", "zzqxyyw"):
        found = service.index.find(text)
        assert (found.total, found.hits, found.some) == (0, (), False), text
        assert not service.index.suggest(text).hits


def test_suggestions_are_names_that_go_on(service: Service) -> None:
    assert slugs(service.index.suggest("odd").hits)[0] == "municipality/0727"
    assert slugs(service.index.suggest("aarh").hits)[0] == "municipality/0751"
    assert slugs(service.index.suggest("monopolb").hits)[0] == "framework/monopolbrud"
    assert len(service.index.suggest("e", 8).hits) == 8
    assert "framework/digitaliseringspagten" in slugs(service.index.suggest("pagten").hits), "inside a compound"


def test_a_suggestion_takes_milliseconds(service: Service) -> None:
    index = service.index
    index.suggest("x")
    for text in ("o", "odder", "digital", "kommune", "den fælles", "strategi for"):
        took = []
        for _ in range(3):
            started = time.process_time()
            index.suggest(text)
            took.append(time.process_time() - started)
        assert min(took) < 0.01, (text, took)


def test_the_index_is_made_quickly_and_stays_small(service: Service) -> None:
    started = time.process_time()
    data = make(service.store, service.names)
    assert time.process_time() - started < 1.5
    assert len(data) < 6_000_000
    assert make(service.store, service.names) == data, "the same release gives the same bytes"


def test_a_forked_process_opens_its_own(service: Service) -> None:
    expected = slugs(service.index.find("monopolbrud").hits)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(writing, json.dumps(slugs(service.index.find("monopolbrud").hits)).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        assert json.loads(told.read()) == expected
    os.waitpid(child, 0)
    assert slugs(service.index.find("monopolbrud").hits) == expected


def test_threads_share_one_index(service: Service) -> None:
    index = Index(make(service.store, service.names))
    words = ["odder", "digital", "kommune", "rammearkitekur", "princip"] * 4
    expected = {word: index.find(word).total for word in words}
    got: list[tuple[str, int]] = []
    threads = [threading.Thread(target=lambda w=word: got.append((w, index.find(w).total))) for word in words]  # type: ignore[misc]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == len(words)
    assert all(expected[word] == total for word, total in got)


def test_an_empty_release_is_searched() -> None:
    from strategigraf.store import GraphStore

    store = GraphStore([])
    index = Index(make(store, Names(store)))
    assert index.find("odder").total == 0
    assert not index.suggest("odder").hits


@pytest.mark.parametrize("text", SYNTAX)
def test_what_fts5_would_read_is_plain_text(client: Any, text: str) -> None:
    for path in ("/search", "/en/search", "/search.json", "/suggest.json"):
        response = client.get(path, query_string={"q": text}, headers=BROWSER)
        assert response.status_code == 200, (path, text)
    alike = re.sub(r"\W+|_|AND|OR", " ", text).split()
    if alike == ["odder"]:
        assert json.loads(client.get("/search.json", query_string={"q": text}).data)["items"][0]["url"].endswith(
            "/0727"
        )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=60) | st.text(alphabet='"*:^()-+{}ANDORT odærå', max_size=40))
def test_any_text_is_answered(service: Service, text: str) -> None:
    found = service.index.find(text, limit=3)
    assert found.total >= len(found.hits)
    service.index.suggest(text)
    for hit in found.hits:
        for _, _, told, _ in hit.told[:3]:
            assert found.matcher.snippet(told)


@settings(max_examples=100, deadline=None)
@given(text=st.text(max_size=400), words=st.lists(st.text(max_size=8), max_size=3))
def test_marking_changes_no_text(text: str, words: list[str]) -> None:
    import unicodedata

    matcher = Matcher(starts=tuple(word for one in words for word in read(one)))
    whole = unicodedata.normalize("NFC", text)
    assert "".join(part for part, _ in matcher.marked(text)) == whole
    shown = "".join(part for part, _ in matcher.snippet(text, 60)).removeprefix("… ").removesuffix(" …")
    assert shown in whole or whole == shown


def test_bad_parameters_are_told(client: Any) -> None:
    for query in ("limit=0", "limit=101", "limit=²", "page=0", "page=x", "type=nonsense", "level=nonsense",
                  "theme=nonsense", "by=nonsense", "by=<script>", "q=" + "a" * 201):  # fmt: skip
        for path in ("/search", "/en/search.json"):
            response = client.get(f"{path}?q=odder&{query}" if not query.startswith("q=") else f"{path}?{query}")
            assert response.status_code == 400, query
    assert client.get("/search?q=odder&page=99", headers=BROWSER).status_code == 404
    assert client.get("/search?q=" + "%C3%A5" * 200, headers=BROWSER).status_code == 200


def test_the_page_shows_hits_marked_and_narrowed(client: Any) -> None:
    text = client.get("/search?q=monopolbrud", headers=BROWSER).get_data(as_text=True)
    assert "<mark>Monopolbruddet</mark></a>" in text
    hrefs = re.findall(r'<li><a href="([^"]+)">strategielement</a> <span class="count">(\d+)</span>', text)
    assert len(hrefs) == 1
    narrowed = client.get(
        hrefs[0][0].replace("&amp;", "&").removeprefix("https://strategigraf.example"), headers=BROWSER
    )
    assert f"{hrefs[0][1]} passer til" in narrowed.get_data(as_text=True)
    english = client.get("/en/search?q=monopolbrud", headers=BROWSER).get_data(as_text=True)
    assert '/en/doc/element/norddjurs-digitaliseringsstrategi-2016-indsats-02" lang="da"><mark>' in english
    direct = client.get("/search?q=Odder+og+monopolbruddet", headers=BROWSER).get_data(as_text=True)
    assert "/doc/adoption/0727-monopolbrud" in direct
    assert "Rammearkitektur</strong>" not in direct
    assert "<strong>rammearkitektur</strong>" in client.get("/search?q=rammearkitekur", headers=BROWSER).get_data(
        as_text=True
    )


def test_pages_of_results_lead_on(client: Any) -> None:
    text = client.get("/search?q=digital&type=strategy", headers=BROWSER).get_data(as_text=True)
    after = re.search(r'<a href="([^"]+)" rel="next">', text)
    assert after
    path = after[1].replace("&amp;", "&").removeprefix("https://strategigraf.example")
    assert "page=2" in path
    assert "type=strategy" in path
    second = client.get(path, headers=BROWSER).get_data(as_text=True)
    assert '<ol class="hits" start="21">' in second
    assert 'rel="prev"' in second


def test_suggestions_as_json(client: Any) -> None:
    body = json.loads(client.get("/suggest.json?q=odd").data)
    assert body["items"][0] == {
        "label": "Odder", "lang": "da", "type": "municipality", "kind": "kommune", "context": "",
        "url": "https://strategigraf.example/doc/municipality/0727",
    }  # fmt: skip
    assert len(body["items"]) == 8
    assert body["said"].startswith("8 ")
    english = json.loads(client.get("/en/suggest.json?q=odd").data)
    assert english["items"][0]["kind"] == "municipality"
    assert "/en/doc/" in english["items"][0]["url"]
