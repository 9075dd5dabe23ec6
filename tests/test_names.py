"""Names: search, and parameters by name."""

from __future__ import annotations

import pytest

from strategigraf.header import Parameter
from strategigraf.names import fold
from strategigraf.service import Service
from strategigraf.text import same


@pytest.mark.parametrize(
    ("text", "folded"),
    [("Århus", "aarhus"), ("  Høje-Taastrup ", "hoeje taastrup"), ("ÆRØ", "aeroe"), ("Café", "cafe"), ("«»", "")],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("kind", "value", "iri"),
    [
        ("municipality", "Odder", "municipality/0727"),
        ("municipality", "odder kommune", "municipality/0727"),
        ("municipality", "0727", "municipality/0727"),
        ("municipality", "727", "municipality/0727"),
        ("municipality", "https://w3id.org/strategigraf/id/municipality/0727", "municipality/0727"),
        ("municipality", "Århus", "municipality/0751"),
        ("municipality", "Aarhus", "municipality/0751"),
        ("municipality", "A\u030arhus", "municipality/0751"),
        ("municipality", "Nordfyn", "municipality/0480"),
        ("municipality", "Koebenhavn", "municipality/0101"),
        ("framework", "monopolbrud", "framework/monopolbrud"),
        ("framework", "Monopolbruddet", "framework/monopolbrud"),
        ("framework", "The monopoly break", "framework/monopolbrud"),
        ("strategy", "odder-digitaliseringsstrategi-uden-aar", "strategy/odder-digitaliseringsstrategi-uden-aar"),
        ("thing", "framework/monopolbrud", "framework/monopolbrud"),
        ("document", "kl-kortlaegning", "document/kl-kortlaegning"),
    ],
)
def test_a_thing_by_any_of_its_names(service: Service, kind: str, value: str, iri: str) -> None:
    found = service.names.resolve(Parameter("p", kind, same("p")), value)
    assert found.value == "https://w3id.org/strategigraf/id/" + iri


def test_every_municipality_is_found_by_code_and_names(service: Service) -> None:
    own = [named for named in service.names.things.values() if named.type == "municipality"]
    assert len(own) == 98
    parameter = Parameter("p", "municipality", same("p"))
    for named in own:
        for name in {named.slug, named.iri, *named.names}:
            assert service.names.resolve(parameter, name).value == named.iri, name


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("monopolbrud", "framework/monopolbrud"),
        ("odder", "municipality/0727"),
        ("aarhus", "municipality/0751"),
        ("Århus", "municipality/0751"),
        ("rammearkitektur", "framework/rammearkitektur"),
        ("følger tankerne", "element/odder-digitaliseringsstrategi-uden-aar-princip-08"),
        ("KOMBIT", "organisation/kombit"),
        ("midtjylland", "region/midtjylland"),
    ],
)
def test_search_finds_the_closest_first(service: Service, text: str, first: str) -> None:
    hits = service.names.search(text, "da")
    assert hits[0].iri == "https://w3id.org/strategigraf/id/" + first


def test_search_for_nothing(service: Service) -> None:
    assert service.names.search("  -- ", "da") == []
    assert service.names.search("zzqx", "da") == []
    assert len(service.names.search("e", "da", limit=5)) == 5
    assert {n.type for n in service.names.search("digital", "da", kind="strategy")} == {"strategy"}
