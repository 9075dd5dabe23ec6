"""Pages about the data and the service: the dataset, the API, quality and gaps, the method."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from strategigraf import header, ns
from strategigraf.media import GRAPHS, HTML, RESULTS
from strategigraf.terms import cell
from strategigraf.web import calls, gaps, holdings, http, render, site
from strategigraf.web.pages import with_prefixes
from strategigraf.web.protocol import MOST_BYTES
from strategigraf.web.queries import PART, SORT, TABLES, parted
from strategigraf.web.routes import both

blueprint = Blueprint("about", __name__)
#: The schemes whose concepts the page on the method tells.
_SCHEMES = ("status", "relation", "basis", "corpus", "extent", "confidence", "period")
_CONCEPTS = f"""SELECT ?scheme ?concept ?da ?en WHERE {{
  VALUES ?scheme {{ {" ".join(f"concept:{name}" for name in _SCHEMES)} }}
  ?concept skos:inScheme ?scheme ; skos:definition ?da , ?en . FILTER(LANG(?da) = "da" && LANG(?en) = "en")
  OPTIONAL {{ ?concept sg:order ?order }}
}} ORDER BY ?scheme ?order ?concept"""
#: Of each status: how many adoptions have it, and the first of them.
_STATUSES = """SELECT ?status (COUNT(*) AS ?count) (MIN(STR(?adoption)) AS ?example) WHERE {
  ?adoption a sg:Adoption ; sg:status ?status
} GROUP BY ?status"""
#: What the samples ask the endpoint.
SAMPLE = """SELECT ?status (COUNT(*) AS ?municipalities)
WHERE {
  ?adoption sg:framework framework:monopolbrud ; sg:status ?status
}
GROUP BY ?status
ORDER BY DESC(?municipalities)"""
#: Addresses of the API that are told where they are there: path, and message on what it gives.
_MORE = (
    ("/openapi.json", "about.api_openapi"), ("/reconcile", "about.api_reconcile"), ("/catalog", "about.api_catalog"),
    ("/data.json", "about.api_data_json"), ("/downloads", "about.api_downloads"), ("/graph.json", "about.api_graph"),
    ("/timeline.atom", "about.api_atom"), ("/timeline.ics", "about.api_ics"), ("/suggest.json", "about.api_suggest"),
    ("/.well-known/void", "about.api_void"), ("/health", "about.api_health"), ("/metrics", "about.api_metrics"),
)  # fmt: skip
#: What the addresses that need it are asked in the example.
_EXAMPLES = {"/graph.json": {"of": ns.thing("framework", "monopolbrud")}, "/suggest.json": {"q": "odd"}}


@both(blueprint, "/dataset")
def dataset() -> ResponseReturnValue:
    """What the graph holds, what it rests on, and how to fetch and cite it."""
    if kept := http.unchanged("html"):
        return kept
    service = site.service()
    body = render.html(
        "dataset.html", classes=holdings.classes(), levels=holdings.levels(), coverage=holdings.coverage(),
        documents=holdings.documents(), readings=holdings.readings(), last=holdings.last_reading(),
        publisher=holdings.publisher(), downloads=holdings.downloads(), data=holdings.schema_org(), dataset=ns.BASE,
        triples=service.release.manifest["triples"], graphs=len(service.release.manifest["graphs"]),
        sources="source_documents" in service.catalogue.queries,
    )  # fmt: skip
    return http.reply(body, HTML)


@both(blueprint, "/api")
def api() -> ResponseReturnValue:
    """How programs ask: addresses, formats, limits, and code that runs."""
    if kept := http.unchanged("html"):
        return kept
    service = site.service()
    settings = service.settings
    example = "/doc/municipality/0727"
    body = render.html(
        "api.html",
        example=example, graphs=GRAPHS, tables=TABLES, results=RESULTS, sort=SORT, part=PART,
        thing_samples=calls.graph(site.url(example)),
        table_samples=calls.table(site.url("/queries/framework_adoption.csv", framework="monopolbrud")),
        sparql_samples=calls.sparql(site.url("/sparql"), with_prefixes(SAMPLE)),
        parts=parted(list(service.catalogue.queries.values())),
        more=[(path, site.url(path, **_EXAMPLES.get(path, {})), key) for path, key in _MORE if site.answers(path)],
        limits={
            "seconds": f"{settings.query_seconds:g}", "most": f"{settings.query_seconds_most:g}",
            "memory": settings.query_memory, "client": f"{settings.client_seconds:g}",
            "heavy": settings.client_heavy, "bytes": MOST_BYTES // 1_000_000,
        },
        limited=bool(settings.client_seconds),
    )  # fmt: skip
    return http.reply(body, HTML)


@both(blueprint, "/quality")
def quality() -> ResponseReturnValue:
    """Gaps and disagreements, each with its count and its rows."""
    if kept := http.unchanged("html"):
        return kept
    disagreements, missing = gaps.reports()
    body = render.html(
        "quality.html", disagreements=disagreements, gaps=missing, statuses=gaps.statuses(), evidence=gaps.evidence(),
        dated=gaps.dated(), readings=holdings.readings(), coverage=holdings.coverage(),
        known=gaps.CODES,
    )  # fmt: skip
    return http.reply(body, HTML)


@both(blueprint, "/method")
def method() -> ResponseReturnValue:
    """How facts come into the graph, what a status means, and what is not done."""
    if kept := http.unchanged("html"):
        return kept
    schemes: dict[str, list[dict[str, str]]] = {name: [] for name in _SCHEMES}
    for row in site.service().store.select(_CONCEPTS):
        concept = {"iri": cell(row["concept"]), "definition": cell(row[site.language()])}
        schemes[cell(row["scheme"]).rpartition("/")[2]].append(concept)
    examples = {
        cell(row["status"]): {"count": cell(row["count"]), "iri": cell(row["example"])}
        for row in site.service().store.select(_STATUSES)
    }
    body = render.html("method.html", schemes=schemes, examples=examples, rules=_rules(), places=_places())
    return http.reply(body, HTML)


def _rules() -> list[dict[str, Any]]:
    """The rules in the order in which they run, and how many statements each derived."""
    release = site.service().release
    derived = release.manifest.get("derived", {})
    rules = []
    for name, text in release.sources().rules():
        summary = header.read(text, name)[0].summary
        rules.append({"name": name, "summary": summary.in_language(site.language()), "count": derived.get(name, 0)})
    return rules


def _places() -> dict[str, int]:
    things = site.service().profile.things
    return {
        name: things.get(f"{ns.SG}{name}", 0) for name in ("TextEvidence", "CitedEvidence", "Adoption", "Alignment")
    }
