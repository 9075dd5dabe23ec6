"""What a release holds: counts by class and level, coverage of the municipalities, and the documents behind it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from strategigraf import ns
from strategigraf.media import CSV, GRAPHS, XLSX
from strategigraf.terms import cell
from strategigraf.web import render, site
from strategigraf.web.pages import with_prefixes
from strategigraf.web.void import DATASET, LICENCE, TITLE

#: The classes in the order in which the dataset page tells of them; any other stands after them.
_ORDER = (
    "sg:Strategy", "sg:StrategySeries", "sg:StrategyElement", "sg:Framework", "sg:Alignment", "sg:Adoption",
    "sg:Municipality", "sg:Region", "org:Organization", "sg:GovernanceBody", "org:Post", "sg:Approval", "sg:ListEntry",
    "sg:DocumentItem", "qb:Observation", "sg:SourceDocument", "sg:Reading", "sg:Evidence", "skos:Concept",
)  # fmt: skip
_CLASSES = """SELECT ?class ?above WHERE {
  ?class rdfs:isDefinedBy sg: ; a owl:Class . OPTIONAL { ?class rdfs:subClassOf ?above . ?above rdfs:isDefinedBy sg: }
} ORDER BY ?class ?above"""
_LEVELS = """SELECT ?level ?order (COUNT(DISTINCT ?strategy) AS ?count) (COUNT(DISTINCT ?read) AS ?whole) WHERE {
  ?strategy a sg:Strategy ; sg:level ?level . ?level sg:order ?order .
  OPTIONAL {
    ?strategy sg:hasText ?text . ?reading sg:readingOf ?text ; sg:extent concept:extent-whole .
    BIND(?strategy AS ?read)
  }
} GROUP BY ?level ?order ORDER BY ?order"""
#: Of how many municipalities there is: a strategy known, a row in a list, an own text read whole or in part, nothing.
_COVERAGE = """SELECT (COUNT(*) AS ?all) (SUM(?s) AS ?strategy) (SUM(?l) AS ?list) (SUM(?w) AS ?whole)
  (SUM(?p) AS ?part) (SUM(?n) AS ?none) WHERE {
  ?municipality a sg:Municipality .
  OPTIONAL { SELECT DISTINCT ?municipality ?known WHERE {
    ?municipality a sg:Municipality . ?known_strategy dct:publisher ?municipality ; a sg:Strategy BIND(1 AS ?known) } }
  OPTIONAL { SELECT DISTINCT ?municipality ?listed WHERE {
    ?entry a sg:ListEntry ; sg:municipality ?municipality BIND(1 AS ?listed) } }
  OPTIONAL { SELECT DISTINCT ?municipality ?reading WHERE {
    ?adoption sg:municipality ?municipality ; sg:ownReading ?reading } }
  BIND(COALESCE(?known, 0) AS ?s) BIND(COALESCE(?listed, 0) AS ?l)
  BIND(IF(?reading = concept:own-reading-whole, 1, 0) AS ?w) BIND(IF(?reading = concept:own-reading-part, 1, 0) AS ?p)
  BIND(IF(?s + ?l = 0 && ?w + ?p = 0, 1, 0) AS ?n)
}"""
_READ = """SELECT ?iri ?publisher ?issued ?read ?scan (COUNT(DISTINCT ?piece) AS ?places) WHERE {
  ?iri sg:corpus concept:corpus-read .
  OPTIONAL { ?iri dct:publisher ?publisher } OPTIONAL { ?iri dct:issued ?issued } OPTIONAL { ?iri sg:scanQuality ?scan }
  OPTIONAL { ?reading sg:readingOf ?iri ; dct:date ?read } OPTIONAL { ?piece dct:source ?iri ; a sg:Evidence }
} GROUP BY ?iri ?publisher ?issued ?read ?scan ORDER BY ?iri"""
_READINGS = """SELECT ?extent (COUNT(DISTINCT ?document) AS ?count) (MIN(?day) AS ?first) (MAX(?day) AS ?last) WHERE {
  ?reading sg:readingOf ?document ; sg:extent ?extent ; dct:date ?day
} GROUP BY ?extent"""
#: The codes of the extents, the most first.
_EXTENTS = ("whole", "part", "title")
_LAST = "SELECT (MAX(?day) AS ?last) WHERE { ?reading a sg:Reading ; dct:date ?day }"


@dataclass(frozen=True)
class Count:
    """How many things there are of something: its IRI, the number, the address of the query that counts it."""

    iri: str
    count: int
    query: str
    depth: int = 0
    whole: int = 0


def asked(text: str) -> str:
    """The address of the page of the endpoint that runs a query."""
    return site.page("/sparql", query=with_prefixes(text))


def classes() -> list[Count]:
    """The classes with their number of things, each below its superclass."""
    things = site.service().profile.things
    above: dict[str, str] = {}
    for row in site.service().store.select(_CLASSES):
        upper = cell(row.get("above"))
        if upper in things:
            above[cell(row["class"])] = upper
    order = {ns.expand(name): place for place, name in enumerate(_ORDER)}
    own = [iri for iri in things if (iri in order or iri.startswith(ns.SG)) and iri not in above]
    found: list[Count] = []

    def add(some: Iterable[str], depth: int) -> None:
        for iri in some:
            query = f"SELECT (COUNT(DISTINCT ?thing) AS ?count)\nWHERE {{ ?thing a {ns.shorten(iri)} }}"
            found.append(Count(iri, things[iri], asked(query), depth))
            add(
                sorted((one for one in above if above[one] == iri and one in things), key=lambda one: -things[one]),
                depth + 1,
            )

    add(sorted(own, key=lambda iri: (order.get(iri, 99), -things[iri], iri)), 0)
    return found


def levels() -> list[Count]:
    """The strategies by level, and how many of them have been read whole."""
    found = []
    for row in site.service().store.select(_LEVELS):
        level = cell(row["level"])
        query = f"SELECT ?strategy ?title\nWHERE {{ ?strategy sg:level {ns.shorten(level)} ; dct:title ?title }}"
        found.append(Count(level, int(cell(row["count"])), asked(query), whole=int(cell(row["whole"]))))
    return found


def coverage() -> dict[str, int]:
    """How many municipalities there are (``all``), and of how many what is known, by the variables of the query."""
    row = site.service().store.select(_COVERAGE)[0]
    return {name: int(cell(term)) for name, term in row.items()}


def documents() -> list[dict[str, str]]:
    """The documents read whole: publisher, date of issue, day of reading, quality of the text, places used."""
    found: dict[str, dict[str, str]] = {}
    for row in site.service().store.select(_READ):
        found.setdefault(cell(row["iri"]), {name: cell(term) for name, term in row.items()})
    return list(found.values())


def readings() -> list[dict[str, str]]:
    """The documents by how much of them has been read, with the first and the last day."""
    found = [{name: cell(term) for name, term in row.items()} for row in site.service().store.select(_READINGS)]
    return sorted(found, key=lambda one: _EXTENTS.index(one["extent"].rpartition("/extent-")[2]))


def last_reading() -> str:
    """The day of the latest reading behind the release, as YYYY-MM-DD; empty where there is none."""
    rows = site.service().store.select(_LAST)
    return cell(rows[0].get("last")) if rows else ""


def publisher() -> str:
    """The IRI of who answers for the dataset, as the ontology says."""
    rows = site.service().store.select(f"SELECT ?who WHERE {{ <{ns.SG}> dct:publisher ?who }}")
    return cell(rows[0]["who"]) if rows else ""


def downloads() -> list[tuple[str, str, str]]:
    """What can be fetched now: address, its name, and the formats."""
    graphs = ", ".join(site.t(f"format.{media.token}") for media in GRAPHS)
    offered = (
        ("/downloads/", site.page("/downloads/"), "about.get_dumps", "about.formats_dumps"),
        ("/catalog", site.url("/catalog.ttl"), "about.get_catalog", "about.formats_catalog"),
        ("/data.json", site.url("/data.json"), "about.get_data_json", "about.formats_json"),
        ("/.well-known/void", site.url("/.well-known/void"), "about.get_void", ""),
        ("/ontology/", site.page("/ontology/"), "about.get_ontology", ""),
        ("/ontology/concepts.csv", site.url("/ontology/concepts.csv"), "about.get_concepts", "about.formats_csv"),
        ("/queries/", site.page("/queries/"), "about.get_answers", "about.formats_answers"),
        ("/sparql", site.page("/sparql"), "about.get_sparql", "about.formats_sparql"),
    )
    return [
        (href, site.t(name), site.t(formats) if formats else graphs)
        for path, href, name, formats in offered
        if site.answers(path)
    ]


def schema_org() -> Markup:
    """The dataset as schema.org ``Dataset``, in the form that search engines for data read."""
    service, who = site.service(), publisher()
    language = site.language()
    tables = sorted(
        query.name
        for query in service.catalogue.queries.values()
        if not query.is_graph and not any(one.required and not one.default for one in query.header.parameters)
    )
    data: dict[str, Any] = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "@id": DATASET.value,
        "name": TITLE.in_language(language),
        "description": site.t("about.description"),
        "url": site.page("/dataset"),
        "identifier": DATASET.value,
        "version": service.release.name,
        "dateModified": last_reading(),
        "inLanguage": ["da", "en"],
        "license": LICENCE.value,
        "isAccessibleForFree": True,
        "spatialCoverage": {"@type": "Place", "name": site.t("about.denmark")},
        "keywords": [site.t(key) for key in ("about.keyword_strategies", "about.keyword_municipalities",
                                             "about.keyword_frameworks", "about.keyword_evidence")],
        "creator": {"@type": "Organization", "@id": who, "name": site.plain_name(who)} if who else None,
        "distribution": [
            {
                "@type": "DataDownload",
                "name": f"{service.catalogue.queries[name].header.summary.in_language(language)} ({media.token})",
                "encodingFormat": media.type,
                "contentUrl": site.url(f"/queries/{name}.{media.token}"),
            }
            for name in tables
            for media in (CSV, XLSX)
        ]
        + [
            {
                "@type": "DataDownload",
                "name": f"{site.t('about.get_ontology')} ({media.token})",
                "encodingFormat": media.type,
                "contentUrl": site.url(f"/ontology/ontology.{media.token}"),
            }
            for media in GRAPHS
        ],
    }  # fmt: skip
    return render.data_block(json.dumps({name: value for name, value in data.items() if value}).encode())
