"""Regions, bodies, organisations, series, concepts and evidence."""

from __future__ import annotations

from typing import Any

from pyoxigraph import NamedNode

from strategigraf.describe import Description
from strategigraf.terms import cell
from strategigraf.web import site
from strategigraf.web.views import claims


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


def aligned(thing: Description) -> tuple[str, dict[str, Any]]:
    """A body or an organisation with the claims about it."""
    return "aligned.html", {
        "outward": claims.around([thing.iri]),
        "inward": claims.around([thing.iri], outward=False),
    }


def series(thing: Description) -> tuple[str, dict[str, Any]]:
    """A series of strategies with the claims about it."""
    return aligned(thing)


def concept(thing: Description) -> tuple[str, dict[str, Any]]:
    """A concept, or a scheme with its concepts."""
    rows = site.service().store.select(
        f"""SELECT ?concept WHERE {{
          ?concept skos:inScheme {NamedNode(thing.iri)} . OPTIONAL {{ ?concept sg:order ?order }}
        }} ORDER BY ?order ?concept"""
    )
    return "concept.html", {"concepts": [cell(row["concept"]) for row in rows]}


def evidence(thing: Description) -> tuple[str, dict[str, Any]]:
    """A place in a document, and the things that it serves."""
    return "evidence.html", {"things": [cell(value) for value in thing.values("sg:evidenceFor")]}
