"""A municipality: where it belongs, what it publishes, wants and follows."""

from __future__ import annotations

from typing import Any

from pyoxigraph import NamedNode

from strategigraf import describe
from strategigraf.describe import Description
from strategigraf.terms import cell
from strategigraf.web import site
from strategigraf.web.views import claims, strategy


def view(thing: Description) -> tuple[str, dict[str, Any]]:
    """Memberships of regions, population, strategies, elements, adoptions, list entries and bodies."""
    store = site.service().store
    here = NamedNode(thing.iri)
    memberships = []
    for membership in map(cell, thing.values("org:hasMembership")):
        part = thing.value("dct:temporal", membership)
        start, end = (thing.value(name, part) for name in ("dcat:startDate", "dcat:endDate"))
        region = thing.value("org:organization", membership)
        memberships.append({"region": region, "start": start, "end": end, "status": site.status_on(start, end)})
    strategies = _rows(
        f"""SELECT ?iri ?form ?start ?end (MIN(STR(?one)) AS ?text) WHERE {{
          ?iri a sg:Strategy ; dct:publisher {here} ; sg:form ?form .
          OPTIONAL {{ ?iri dct:temporal/dcat:startDate ?start }} OPTIONAL {{ ?iri dct:temporal/dcat:endDate ?end }}
          OPTIONAL {{ ?iri sg:hasText ?one }}
        }} GROUP BY ?iri ?form ?start ?end"""
    )
    strategies.sort(key=lambda one: ("text" not in one, one.get("start", ""), one["iri"]))
    pieces = describe.evidence_of(store, [row["iri"] for row in strategies])
    bodies = [row["iri"] for row in _rows(f"SELECT ?iri WHERE {{ ?iri org:unitOf {here} }} ORDER BY ?iri")]
    return "municipality.html", {
        "memberships": sorted(memberships, key=lambda one: one["start"]),
        "population": _rows(
            f"""SELECT ?iri ?value ?year ?source WHERE {{
              ?iri sg:about {here} ; sg:measure concept:measure-population ; sg:value ?value ; sg:year ?year .
              OPTIONAL {{ ?iri dct:source ?source }}
            }} ORDER BY DESC(STR(?year))"""
        ),
        "strategies": strategies,
        "strategy_pieces": pieces,
        "trees": strategy.trees([row["iri"] for row in strategies]) if strategies else {},
        "adoptions": _rows(
            f"""SELECT ?iri ?framework ?status ?reading ?latest WHERE {{
              ?iri sg:municipality {here} ; sg:framework ?framework ; sg:ownReading ?reading .
              ?iri sg:status ?concept . ?concept skos:notation ?status .
              OPTIONAL {{ ?iri sg:latestEvidence ?latest }}
            }} ORDER BY ?framework"""
        ),
        "entries": _rows(
            f"""SELECT ?iri ?form ?period ?link WHERE {{
              ?iri a sg:ListEntry ; sg:municipality {here} ; sg:formAsWritten ?form .
              OPTIONAL {{ ?iri sg:periodAsWritten ?period }} OPTIONAL {{ ?iri sg:linkText ?link }}
            }} ORDER BY ?iri"""
        ),
        "bodies": bodies,
        "body_pieces": describe.evidence_of(store, bodies),
        "outward": claims.around([thing.iri, *bodies]),
    }


def _rows(query: str) -> list[dict[str, str]]:
    return [{name: cell(term) for name, term in row.items()} for row in site.service().store.select(query)]
