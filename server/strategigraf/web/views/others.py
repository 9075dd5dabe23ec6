"""Regions, bodies, organisations, series, concepts and evidence."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from pyoxigraph import NamedNode

from strategigraf import describe
from strategigraf.describe import Description
from strategigraf.ns import split
from strategigraf.terms import cell
from strategigraf.web import site, spans
from strategigraf.web.views import claims, lifeline
from strategigraf.web.views.places import alphabetical

#: The most strategies that a small time line holds.
LONGEST = 40


def region(thing: Description) -> tuple[str, dict[str, Any]]:
    """A region with its members on the day."""
    today = site.today().isoformat()
    rows = site.service().store.select(
        f"""SELECT ?municipality ?start ?end WHERE {{
          ?membership org:organization {NamedNode(thing.iri)} ; org:member ?municipality .
          OPTIONAL {{ ?membership dct:temporal/dcat:startDate ?start }}
          OPTIONAL {{ ?membership dct:temporal/dcat:endDate ?end }}
        }} ORDER BY ?municipality"""
    )
    members: dict[str, list[str]] = {"in-force": [], "upcoming": [], "expired": [], "unknown": []}
    first: set[str] = set()
    for row in rows:
        start, end = cell(row.get("start")), cell(row.get("end"))
        status = site.status_on(start, end)
        members[status].append(cell(row["municipality"]))
        if status == "upcoming":
            first.add(start)
    part = thing.value("dct:temporal")
    return "region.html", {
        "members": members,
        "upcoming_from": sorted(first),
        "start": thing.value("dcat:startDate", part),
        "end": thing.value("dcat:endDate", part),
        "today": today,
    }


def organisation(thing: Description) -> tuple[str, dict[str, Any]]:
    """An organisation: its strategies on a time line, its frameworks and bodies, and the claims about it."""
    own = [span for span in spans.spans() if thing.iri in span.publishers]
    own.sort(key=lambda span: (span.start or span.end or "9", span.iri))
    return "organisation.html", {
        "strategies": own,
        "life": lifeline.draw(own) if len(own) <= LONGEST else None,
        "frameworks": _pointing(thing.iri, "sg:owner"),
        "bodies": _pointing(thing.iri, "org:unitOf"),
        "documents": [iri for iri in _pointing(thing.iri, "dct:publisher") if _kind(iri) == "document"],
        **_claimed(thing),
    }


def body(thing: Description) -> tuple[str, dict[str, Any]]:
    """A governance body: its posts and duties in their order, each with its evidence, and the claims about it."""
    here = NamedNode(thing.iri)
    store = site.service().store
    rows = store.select(
        f"""SELECT DISTINCT ?iri ?what ?no WHERE {{
          {{ ?iri org:postIn {here} BIND("member" AS ?what) }} UNION {{ ?iri sg:dutyOf {here} BIND("duty" AS ?what) }}
          OPTIONAL {{ ?iri sg:order ?no }}
        }} ORDER BY ?what ?no ?iri"""
    )
    items: dict[str, list[str]] = {"member": [], "duty": []}
    for row in rows:
        items[cell(row["what"])].append(cell(row["iri"]))
    return "body.html", {
        "items": items,
        "pieces": describe.evidence_of(store, [iri for some in items.values() for iri in some]),
        "approvals": _pointing(thing.iri, "sg:approvedBy"),
        **_claimed(thing),
    }


def series(thing: Description) -> tuple[str, dict[str, Any]]:
    """A series: its strategies on a time line, and the claims about it."""
    members = set(_pointing(thing.iri, "dct:isPartOf"))
    own = [span for span in spans.spans() if span.iri in members]
    own.sort(key=lambda span: (span.start or span.end or "9", span.iri))
    return "organisation.html", {
        "strategies": own,
        "life": lifeline.draw(own),
        "frameworks": [],
        "bodies": [],
        "documents": [],
        **_claimed(thing),
    }


def concept(thing: Description) -> tuple[str, dict[str, Any]]:
    """A concept with all that is about it, or a scheme with its concepts and how much is about each."""
    here = NamedNode(thing.iri)
    rows = site.service().store.select(
        f"""SELECT ?concept ?order (COUNT(DISTINCT ?x) AS ?n) WHERE {{
          ?concept skos:inScheme {here} . OPTIONAL {{ ?concept sg:order ?order }} OPTIONAL {{ ?x dct:subject ?concept }}
        }} GROUP BY ?concept ?order ORDER BY ?order ?concept"""
    )
    return "concept.html", {
        "concepts": [(cell(row["concept"]), int(cell(row["n"]))) for row in rows],
        **_about(thing.iri),
    }


def _about(iri: str) -> dict[str, Any]:
    """What is about a theme: elements by who is behind them, other things by class, and the municipalities."""
    here = NamedNode(iri)
    elements: dict[str, list[str]] = defaultdict(list)
    for row in site.service().store.select(
        f"""SELECT DISTINCT ?one ?owner WHERE {{
          ?one dct:subject {here} ; a sg:StrategyElement . OPTIONAL {{ ?one sg:elementOf/dct:publisher ?owner }}
        }} ORDER BY ?owner ?one"""
    ):
        elements[cell(row.get("owner"))].append(cell(row["one"]))
    items: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    told: set[str] = set()
    for row in site.service().store.select(
        f"""SELECT DISTINCT ?one ?type ?document WHERE {{
          ?one dct:subject {here} ; a ?type . ?type rdfs:isDefinedBy ?ontology .
          FILTER NOT EXISTS {{ ?one a sg:StrategyElement }} FILTER(?type != sg:DocumentItem)
          OPTIONAL {{ ?one sg:itemOf ?document }}
        }} ORDER BY ?type ?document ?one"""
    ):
        # One of two types, or from two documents, is told once.
        if (one := cell(row["one"])) not in told:
            told.add(one)
            items[cell(row["type"])][cell(row.get("document"))].append(one)
    owners = sorted(elements, key=lambda owner: (_kind(owner) != "municipality", alphabetical(site.plain_name(owner))))
    return {
        "elements": [(owner, elements[owner]) for owner in owners],
        "municipal": [owner for owner in owners if _kind(owner) == "municipality"],
        "items": {kind: dict(found) for kind, found in items.items()},
        "total": len({one for some in elements.values() for one in some}) + len(told),
    }


def _claimed(thing: Description) -> dict[str, Any]:
    outward, inward = claims.around([thing.iri]), claims.around([thing.iri], outward=False)
    ends = [claim.subject for claim in inward] + [claim.object for claim in outward]
    return {"outward": outward, "inward": inward, "owners": claims.owners(ends)}


def _pointing(iri: str, name: str) -> list[str]:
    """The things that point to one by a property, by name."""
    rows = site.service().store.select(f"SELECT DISTINCT ?x WHERE {{ ?x {name} {NamedNode(iri)} }} ORDER BY ?x")
    return sorted((cell(row["x"]) for row in rows), key=lambda one: alphabetical(site.plain_name(one)))


def _kind(iri: str) -> str:
    parts = split(iri)
    return parts[0] if parts else ""


def evidence(thing: Description) -> tuple[str, dict[str, Any]]:
    """A place in a document, and the things that it serves."""
    return "evidence.html", {"things": [cell(value) for value in thing.values("sg:evidenceFor")]}
