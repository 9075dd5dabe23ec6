"""The front page: what can be asked, the map of Denmark by a chosen measure, and what it all rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, request
from flask.typing import ResponseReturnValue

from strategigraf import ns
from strategigraf.errors import BadParameter
from strategigraf.media import HTML
from strategigraf.terms import cell
from strategigraf.text import Text
from strategigraf.web import http, render, site
from strategigraf.web.pages import with_prefixes
from strategigraf.web.routes import both
from strategigraf.web.views import framework, tilemap
from strategigraf.web.views.places import places
from strategigraf.web.views.standing import standings

blueprint = Blueprint("front", __name__)

#: The key figures: each is the answer of its query, and links to it.
FIGURES: tuple[tuple[str, str], ...] = (
    ("municipalities", "SELECT (COUNT(DISTINCT ?m) AS ?n) WHERE { ?m a sg:Municipality }"),
    ("strategies", "SELECT (COUNT(DISTINCT ?s) AS ?n) WHERE { ?s a sg:Strategy }"),
    ("elements", "SELECT (COUNT(DISTINCT ?e) AS ?n) WHERE { ?e a sg:StrategyElement }"),
    ("claims", "SELECT (COUNT(DISTINCT ?a) AS ?n) WHERE { ?a a sg:Alignment }"),
    ("places", "SELECT (COUNT(DISTINCT ?e) AS ?n) WHERE { ?e a sg:Evidence }"),
    ("documents", "SELECT (COUNT(DISTINCT ?d) AS ?n) WHERE { ?d sg:corpus concept:corpus-read }"),
)
#: How many elements of each municipality's strategies the graph has.
ELEMENTS = """SELECT ?m (COUNT(DISTINCT ?e) AS ?n) WHERE {
  ?m a sg:Municipality . ?s dct:publisher ?m ; a sg:Strategy . ?e sg:elementOf ?s
} GROUP BY ?m ORDER BY DESC(?n)"""
#: Questions by what people come for, each group under its message: message of ``question``, path, and what the path is
#: given. ``{year}`` is the year of today. A question whose page or query is not here is left out.
QUESTIONS: tuple[tuple[str, tuple[tuple[str, str, Mapping[str, str]], ...]], ...] = (
    (
        "front.group_follow",
        (
            ("path", "/queries/adoption_path", {"framework": "monopolbrud", "municipality": "Odder"}),
            ("mentions", "/queries/mentions", {"of": "kombit"}),
            ("frameworks", "/frameworks", {}),
            ("matrix", "/matrix", {}),
        ),
    ),
    (
        "front.group_time",
        (
            ("in_force", "/queries/strategies_by_status", {}),
            ("expiring", "/queries/expiring_strategies", {}),
            ("on_day", "/queries/kl_table", {"on": "2021-12-31"}),
            ("timeline", "/timeline", {}),
            ("approvals", "/queries/approvals", {}),
        ),
    ),
    (
        "front.group_want",
        (
            ("elements", "/queries/strategy_elements", {"strategy": "odder-digitaliseringsstrategi-uden-aar"}),
            ("compare", "/compare?m=0340&m=0727", {}),
            ("similar", "/queries/similar_municipalities", {"municipality": "Norddjurs"}),
            ("technologies", "/queries/technologies", {}),
            ("forms", "/queries/kl_forms", {}),
            ("cases", "/queries/cases", {}),
        ),
    ),
    (
        "front.group_gaps",
        (
            ("not_listed", "/queries/not_in_kl_table", {}),
            ("without", "/queries/municipalities_without_strategy", {}),
            ("unadopted", "/queries/unadopted_focus_areas", {}),
            ("typical", "/queries/focus_area_coverage", {"strategy": "kl-kortlaegning"}),
            ("disagreements", "/queries/disagreements", {}),
        ),
    ),
    (
        "front.group_levels",
        (
            ("focus", "/queries/focus_area_coverage", {"strategy": "kl-digitaliseringsstrategi-2016"}),
            (
                "trace",
                "/queries/trace",
                {
                    "from": "element/odder-digitaliseringsstrategi-uden-aar-princip-08",
                    "to": "series/faelleskommunal-digitaliseringsstrategi",
                },
            ),
            ("lineage", "/lineage", {}),
            ("governance", "/queries/governance", {"municipality": "Norddjurs"}),
            ("criteria", "/queries/criteria", {"document": "odder-strategi"}),
        ),
    ),
    (
        "front.group_advice",
        (
            ("guidance", "/queries/guidance", {"kind": "consideration"}),
            ("levels", "/queries/guidance", {"kind": "level"}),
            ("findings", "/queries/findings", {"kind": "challenge"}),
            ("figures", "/queries/figures", {"document": "devoteam-evaluering-2013"}),
            ("organisations", "/queries/named_organisations", {}),
        ),
    ),
)
#: Measures of the map beside the status towards each framework: code, and the codes of its classes in their order,
#: each with its message and mark.
MEASURES: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "strategy": (
        ("in-force", "front.in_force", "✓"),
        ("upcoming", "front.upcoming", "→"),
        ("unknown", "front.unknown", "?"),
        ("expired", "front.expired", "×"),
        ("none", "front.none", ""),
    ),
    "read": (("n4", "front.whole", "✓"), ("n2", "front.part", "½"), ("n0", "front.not_read", "")),
    "elements": (
        ("n4", "front.n4", "50+"), ("n3", "front.n3", "10+"), ("n1", "front.n1", "1+"), ("n0", "front.n0", "0"),
    ),
}  # fmt: skip
#: What these measures are called.
NAMES = {"strategy": "front.measure_strategy", "read": "front.measure_read", "elements": "front.measure_elements"}
#: The least number of elements in each class.
_LEAST = (("n4", 50), ("n3", 10), ("n1", 1), ("n0", 0))
_READ = {"whole": "n4", "part": "n2", "none": "n0"}
#: What is told of a municipality with several strategies: that one is in force, before that one has expired.
_BEST = ("in-force", "upcoming", "unknown", "expired")
DEFAULT = "monopolbrud"
#: Things to search for, in each language: the words as a reader may write them.
TRIES = {
    "da": ("Aarhus", "velfærdsteknologi", "Følger Odder monopolbruddet?"),
    "en": ("Aarhus", "welfare technology", "Does Odder follow the monopoly break?"),
}
_MOST_DOCUMENTS = 10


@dataclass(frozen=True)
class _Fixed:
    """What the release alone decides, so that it is read once."""

    figures: tuple[tuple[str, str, str], ...]
    documents: tuple[dict[str, str], ...]
    #: The day of the latest reading, how many documents were read whole, and how many seen in part.
    readings: tuple[str, int, int]
    #: The first and last days of each municipality's strategies.
    periods: Mapping[str, Sequence[tuple[str, str]]]
    #: The number of elements in each municipality's strategies.
    elements: Mapping[str, int]
    adoptable: tuple[str, ...]


@both(blueprint, "/")
def front() -> ResponseReturnValue:
    """What this is, what can be asked of it, Denmark by a ``measure``, and what it rests on.

    Raises BadParameter for a measure that is not known.
    """
    fixed = _fixed()
    frameworks = {iri.rpartition("/")[2]: iri for iri in fixed.adoptable}
    measure = request.args.get("measure", DEFAULT if DEFAULT in frameworks else "strategy")
    if measure not in frameworks and measure not in MEASURES:
        choices = ", ".join((*frameworks, *MEASURES))
        raise BadParameter(
            Text(
                f"measure kan ikke være {measure[:80]!r}. Vælg: {choices}.",
                f"measure cannot be {measure[:80]!r}. Choose: {choices}.",
            )
        )
    if kept := http.unchanged("html", by_day=True):
        return kept
    expiring = site.service().answer("expiring_strategies", {}, site.today()).table
    year = str(site.today().year)
    values: dict[str, Any] = {
        "tries": [(text, site.page("/search", q=text)) for text in TRIES[site.language()]],
        "follows": [_follows(iri) for iri in fixed.adoptable],
        "groups": _questions(year, len(expiring.rows) if expiring else 0),
        "measures": [
            (one, _name(one, frameworks), site.page("/", measure=one) + "#kort") for one in (*frameworks, *MEASURES)
        ],
        "measure": measure,
        "measured": _name(measure, frameworks),
        "measured_by": _counted_by(measure, frameworks),
        "figures": [(key, n, site.page("/sparql", query=text)) for key, n, text in fixed.figures],
        "documents": fixed.documents,
        "readings": fixed.readings,
        "seen_on": site.today().isoformat(),
        "dataset": ns.BASE,
    }
    values["tiles"], values["legend"] = _map(measure, frameworks, fixed)
    return http.reply(render.html("front.html", **values), HTML)


def _follows(iri: str) -> dict[str, Any]:
    """A framework with the number of municipalities of each status."""
    counts = Counter(one.status for one in standings().of(iri, "all"))
    shown = [(one.code, counts[one.code]) for one in standings().statuses if counts[one.code]]
    return {"iri": iri, "counts": shown}


def _questions(year: str, expiring: int) -> list[tuple[str, list[tuple[str, str]]]]:
    """The questions that this service has an answer to, by group: the question, and where its answer stands."""
    known = site.service().catalogue.queries
    groups = []
    for group, questions in QUESTIONS:
        shown = []
        for key, path, given in questions:
            name = path.removeprefix("/queries/")
            if name in known if path.startswith("/queries/") else site.answers(path.partition("?")[0]):
                text = site.t(f"question.{key}", year=year, count=expiring)
                shown.append((text, site.page(path, **given)))
        groups.append((group, shown))
    return groups


def _name(measure: str, frameworks: Mapping[str, str]) -> str:
    """What a measure is called."""
    if measure in frameworks:
        return site.plain_name(frameworks[measure])
    return site.t(NAMES[measure])


def _counted_by(measure: str, frameworks: Mapping[str, str]) -> str:
    """Where the values behind a measure stand with their sources, or the query that counts them."""
    if measure in frameworks:
        return site.address(frameworks[measure])
    if measure == "strategy":
        return site.page("/queries/strategies_by_status")
    if measure == "read":
        return site.page("/queries/framework_adoption")  # its column own_reading
    return site.page("/sparql", query=with_prefixes(ELEMENTS))


def _map(measure: str, frameworks: Mapping[str, str], fixed: _Fixed) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """The tiles and the legend of a measure."""
    if measure in frameworks:
        rows = standings().of(frameworks[measure], "all")
        iri = frameworks[measure]
        values = {row.municipality: row.status for row in rows}
        return tilemap.tiles(values), framework.legend(lambda code: f"{site.address(iri)}?status={code}")
    if measure == "strategy":
        values = {iri: _in_force(fixed.periods.get(iri, ())) for iri in places()}
    elif measure == "read":
        # How far a municipality's own documents are read is the same whichever framework is asked about.
        rows = standings().of(fixed.adoptable[0], "all") if fixed.adoptable else ()
        values = {row.municipality: _READ[row.reading] for row in rows}
    else:
        values = {iri: next(c for c, least in _LEAST if fixed.elements.get(iri, 0) >= least) for iri in places()}
    legend = [{"code": code, "label": site.t(key), "mark": mark, "href": ""} for code, key, mark in MEASURES[measure]]
    return tilemap.tiles(values), legend


def _in_force(periods: Sequence[tuple[str, str]]) -> str:
    found = {site.status_on(*period) for period in periods}
    return next((status for status in _BEST if status in found), "none")


def _fixed() -> _Fixed:
    kept: _Fixed | None = current_app.extensions.get("strategigraf.front")
    if kept is None:
        kept = current_app.extensions["strategigraf.front"] = _read()
    return kept


def _read() -> _Fixed:
    store = site.service().store
    periods: dict[str, list[tuple[str, str]]] = {}
    for row in store.select(
        """SELECT ?m ?start ?end WHERE {
          ?m a sg:Municipality . ?s dct:publisher ?m ; a sg:Strategy .
          OPTIONAL { ?s dct:temporal/dcat:startDate ?start } OPTIONAL { ?s dct:temporal/dcat:endDate ?end }
        }"""
    ):
        periods.setdefault(cell(row["m"]), []).append((cell(row.get("start")), cell(row.get("end"))))
    elements = {cell(row["m"]): int(cell(row["n"])) for row in store.select(ELEMENTS)}
    adoptable = store.select("SELECT ?f WHERE { ?f sg:adoptable true } ORDER BY ?f")
    return _Fixed(
        tuple((key, cell(store.select(text)[0]["n"]), with_prefixes(text)) for key, text in FIGURES),
        *_documents(),
        periods,
        elements,
        tuple(cell(row["f"]) for row in adoptable),
    )


def _documents() -> tuple[tuple[dict[str, str], ...], tuple[str, int, int]]:
    """The documents that were read last, those read whole first, and the readings in numbers."""
    rows = site.service().store.select(
        """SELECT ?iri ?read ?corpus ?publisher ?issued (COUNT(DISTINCT ?piece) AS ?places) WHERE {
          ?iri sg:corpus/skos:notation ?corpus . ?reading sg:readingOf ?iri ; dct:date ?read .
          OPTIONAL { ?iri dct:publisher ?publisher } OPTIONAL { ?iri dct:issued ?issued }
          OPTIONAL { ?piece dct:source ?iri ; a sg:Evidence }
        } GROUP BY ?iri ?read ?corpus ?publisher ?issued"""
    )
    found: dict[str, dict[str, str]] = {}
    for row in sorted(rows, key=lambda row: (cell(row["read"]), cell(row["iri"])), reverse=True):
        found.setdefault(cell(row["iri"]), {name: cell(term) for name, term in row.items()})
    whole = sum(one["corpus"] == "read" for one in found.values())
    latest = max((one["read"] for one in found.values()), default="")
    ranked = sorted(
        found.values(), key=lambda one: (one["read"], one["corpus"] == "read", int(one["places"])), reverse=True
    )
    return tuple(ranked[:_MOST_DOCUMENTS]), (latest, whole, len(found) - whole)
