"""What the page of each type of thing shows beside its plain statements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyoxigraph import Literal

from strategigraf import ns
from strategigraf.describe import Description, Group
from strategigraf.ns import expand
from strategigraf.web import site
from strategigraf.web.views import (
    adoption,
    claims,
    document,
    element,
    entry,
    framework,
    linked,
    municipality,
    others,
    strategy,
    trail,
)

#: Properties whose absence is told, by type.
EXPECTED: dict[str, tuple[str, ...]] = {
    "strategy": ("dct:temporal", "sg:documentStatus", "sg:hasText"),
    "document": ("dct:issued", "foaf:page", "dct:creator"),
    "entry": ("sg:linkText", "sg:periodAsWritten", "sg:lists"),
    "approval": ("sg:approvedBy",),
    "adoption": ("sg:latestEvidence",),
    "framework": ("dct:isPartOf",),
}
#: Properties that have a section of their own, or that only carry the labels.
ELSEWHERE = {
    "rdf:type", "rdfs:label", "sg:evidence", "sg:hasElement", "sg:hasAlignment", "sg:alignedFrom",
    "sg:evidenceFor", "sg:listedIn", "sg:hasApproval",
}  # fmt: skip
#: Shown at the head of the page, and again among the facts only where evidence attests them.
LEAD = {"dct:description", "skos:definition", "sg:reason"}
TECHNICAL = {
    "sg:leadsTo",
    "sg:tileRow",
    "sg:tileColumn",
    "dct:source",
    "sg:sha256",
    "rdfs:isDefinedBy",
    "sg:finishedPartOf",
    "sg:order",
}
ORDER = (
    "dct:title", "skos:prefLabel", "skos:notation", "dct:identifier", "skos:altLabel", "sg:nameInSource",
    "dct:description", "sg:officialText", "sg:kindAsWritten", "sg:elementOf", "dct:isPartOf",
    "sg:supports", "sg:supportedBy", "sg:hasPart", "sg:subject", "sg:relation", "sg:object",
    "dct:publisher", "dct:creator", "sg:level", "sg:layer", "sg:form", "dct:temporal",
    "sg:documentStatus", "dct:issued", "dct:date", "dct:subject",
)  # fmt: skip

View = Callable[[Description], tuple[str, dict[str, Any]]]
_VIEWS: dict[str, View] = {
    "municipality": municipality.view,
    "strategy": strategy.view,
    "series": others.series,
    "entry": entry.view,
    "framework": framework.view,
    "element": element.view,
    "document": document.view,
    "alignment": claims.view,
    "adoption": adoption.view,
    "region": others.region,
    "body": others.body,
    "organisation": others.organisation,
    "concept": others.concept,
    "evidence": others.evidence,
}
_PLACES = {expand(name): place for place, name in enumerate(ORDER)}


def view(kind: str, thing: Description) -> tuple[str, dict[str, Any]]:
    """The template of a thing's page, and what it needs beside the description.

    ``facts`` are the groups to list, ``technical`` those for the folded part, ``missing`` the
    properties that are expected of the type and not stated.
    """
    make = linked.view if linked.asked() else _VIEWS.get(kind)
    template, values = make(thing) if make else ("thing.html", {})
    list_, above = trail.trail(kind, thing)
    elsewhere = {expand(name) for name in ELSEWHERE}
    technical = {expand(name) for name in TECHNICAL}
    ordered = sorted(thing.groups, key=lambda group: (_PLACES.get(group.property, 99), group.property))
    attested: dict[str, list[int]] = {}
    for place, piece in enumerate(thing.evidence, 1):
        for name in piece.attests:
            attested.setdefault(name, []).append(place)
    said = {group.property for group in thing.groups}
    elsewhere |= {expand(name) for name in LEAD} - set(attested)
    shared = {
        "kind": kind,
        "facts": [_readable(g) for g in ordered if g.property not in elsewhere | technical],
        "technical": [_readable(g) for g in ordered if g.property in technical],
        "missing": [expand(name) for name in EXPECTED.get(kind, ()) if expand(name) not in said],
        "attested": attested,
        "name_places": [n for n, piece in enumerate(thing.evidence, 1) if not piece.attests],
        "main_type": main_type(thing.types),
        "gloss": thing.text("rdfs:label", "en"),
        "list_above": list_,
        "above": above,
        "here_name": trail.shown(thing.iri),
        "shorten": ns.shorten,
        "named": trail.shown,
        "answers": site.answers,
        "seen_on": site.today().isoformat(),
    }
    return template, shared | values


def _readable(group: Group) -> Group:
    """A group without the texts that it also has in the language of the page."""
    here = site.language()
    if any(isinstance(value, Literal) and value.language == here for value in group.values):
        kept = [v for v in group.values if not isinstance(v, Literal) or v.language in (None, here)]
        return Group(group.property, tuple(kept))
    return group


def main_type(types: tuple[str, ...]) -> str:
    """The class to call a thing by: the narrowest of our own, else the first."""
    wide = {expand("sg:StrategyElement"), expand("sg:Evidence")}
    ours = [iri for iri in types if iri.startswith(expand("sg:")) and iri not in wide]
    rest = [iri for iri in types if iri != expand("org:Organization")]
    return next(iter(ours + rest + list(types)), "")
