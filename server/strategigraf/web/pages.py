"""The front page, and the sign of life."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from strategigraf import ns
from strategigraf.errors import NoRelease
from strategigraf.media import HTML, JSON
from strategigraf.terms import cell
from strategigraf.text import Text
from strategigraf.web import http, render, site
from strategigraf.web.routes import both
from strategigraf.web.views import framework

blueprint = Blueprint("pages", __name__)

#: The key figures: each is the answer of its query, and links to it.
FIGURES: tuple[tuple[str, str], ...] = (
    ("municipalities", "SELECT (COUNT(DISTINCT ?m) AS ?n) WHERE { ?m a sg:Municipality }"),
    ("strategies", "SELECT (COUNT(DISTINCT ?s) AS ?n) WHERE { ?s a sg:Strategy }"),
    ("elements", "SELECT (COUNT(DISTINCT ?e) AS ?n) WHERE { ?e a sg:StrategyElement }"),
    ("claims", "SELECT (COUNT(DISTINCT ?a) AS ?n) WHERE { ?a a sg:Alignment }"),
    ("places", "SELECT (COUNT(DISTINCT ?e) AS ?n) WHERE { ?e a sg:Evidence }"),
    ("documents", "SELECT (COUNT(DISTINCT ?d) AS ?n) WHERE { ?d sg:corpus concept:corpus-read }"),
)
#: Questions that a public query answers: message, query, parameters.
QUESTIONS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("in_force", "strategies_by_status", {}),
    ("not_listed", "not_in_kl_table", {}),
    ("without", "municipalities_without_strategy", {}),
    ("compare", "compare_municipalities", {"a": "Odder", "b": "Norddjurs"}),
    ("focus", "focus_area_coverage", {"strategy": "kl-digitaliseringsstrategi-2016"}),
    ("elements", "strategy_elements", {"strategy": "odder-digitaliseringsstrategi-uden-aar"}),
    (
        "trace",
        "trace",
        {
            "from": "element/odder-digitaliseringsstrategi-uden-aar-princip-08",
            "to": "series/faelleskommunal-digitaliseringsstrategi",
        },
    ),
    ("path", "adoption_path", {"framework": "monopolbrud", "municipality": "Odder"}),
)


@both(blueprint, "/")
def front() -> ResponseReturnValue:
    """What this is, the questions it answers, and what it rests on."""
    if kept := http.unchanged("html", by_day=True):
        return kept
    service = site.service()
    store = service.store
    year = str(site.today().year)
    frameworks = []
    known = framework.statuses()
    for iri in framework.adoptable():
        counts = Counter(row["status"] for row in framework.adoptions(iri, "all"))
        shown = [(one["code"], counts[one["code"]]) for one in known if counts[one["code"]]]
        frameworks.append({"iri": iri, "counts": shown})
    expiring = service.answer("expiring_strategies", {}, site.today()).table
    values: dict[str, Any] = {
        "figures": [
            (key, cell(store.select(text)[0]["n"]), site.page("/sparql", query=with_prefixes(text)))
            for key, text in FIGURES
        ],
        "frameworks": frameworks,
        "questions": [
            (key, site.page(f"/queries/{name}", **given))
            for key, name, given in QUESTIONS
            if name in service.catalogue.queries
        ],
        "expiring": (year, len(expiring.rows) if expiring else 0, site.page("/queries/expiring_strategies")),
        "documents": _documents(),
        "examples": [ns.thing("municipality", code) for code in ("0727", "0707")],
    }
    return http.reply(render.html("front.html", **values), HTML)


@both(blueprint, "/health")
def health() -> ResponseReturnValue:
    """Whether the release answers; NoRelease (503) where it does not."""
    service = site.service()
    try:
        alive = service.store.alive()
    except Exception as error:
        raise _sick() from error
    if not alive:
        raise _sick()
    body = {"status": "ok", "release": service.release.name, "triples": int(service.release.manifest["triples"])}
    response = http.reply(json.dumps(body) + "\n", JSON)
    response.headers["Cache-Control"] = "no-store"
    return response


def with_prefixes(text: str) -> str:
    """A query with the PREFIX lines that it needs to stand alone."""
    head = [f"PREFIX {name}: <{base}>" for name, base in sorted(ns.PREFIXES.items()) if f"{name}:" in text]
    return "\n".join([*head, "", text])


def _documents() -> list[dict[str, str]]:
    rows = site.service().store.select(
        """SELECT ?iri ?publisher ?issued ?read (COUNT(DISTINCT ?piece) AS ?places) WHERE {
          ?iri sg:corpus concept:corpus-read .
          OPTIONAL { ?iri dct:publisher ?publisher } OPTIONAL { ?iri dct:issued ?issued }
          OPTIONAL { ?reading sg:readingOf ?iri ; dct:date ?read }
          OPTIONAL { ?piece dct:source ?iri ; a sg:Evidence }
        } GROUP BY ?iri ?publisher ?issued ?read ORDER BY ?iri"""
    )
    documents: dict[str, dict[str, str]] = {}
    for row in rows:
        documents.setdefault(cell(row["iri"]), {name: cell(term) for name, term in row.items()})
    return list(documents.values())


def _sick() -> NoRelease:
    return NoRelease(Text("Udgivelsen svarer ikke.", "The release does not answer."))
