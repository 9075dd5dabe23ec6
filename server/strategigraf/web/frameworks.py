"""The list of frameworks, and the table of each as files."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from strategigraf import ns, terms
from strategigraf.catalogue import Table
from strategigraf.errors import NotFound
from strategigraf.exports import tables
from strategigraf.media import CSV, HTML, JSON, XLSX, Media
from strategigraf.terms import cell
from strategigraf.text import Text
from strategigraf.web import http, render, site
from strategigraf.web.choices import Choices, both_ways, facet, heads, ordered, sift
from strategigraf.web.negotiate import ending_of, pick
from strategigraf.web.routes import both
from strategigraf.web.things import known
from strategigraf.web.views import framework
from strategigraf.web.views.places import alphabetical
from strategigraf.web.views.standing import standings

blueprint = Blueprint("frameworks", __name__)
FILES: tuple[Media, ...] = (CSV, JSON, XLSX)
_KEYS: dict[str, Any] = {
    "name": lambda one: alphabetical(one.name),
    "kind": lambda one: one.order,
    "owner": lambda one: alphabetical("".join(site.plain_name(iri) for iri in one.owners[:1])),
    "start": lambda one: one.start or "9999",
    "elements": lambda one: -one.elements,
    "references": lambda one: -one.references,
}
_LABELS = {
    "name": "frameworks.name", "kind": "frameworks.kind", "owner": "frameworks.owner", "start": "frameworks.period",
    "elements": "frameworks.elements", "references": "frameworks.references",
}  # fmt: skip
_FOLLOW = {"yes": "frameworks.can_follow", "no": "frameworks.cannot_follow"}


@dataclass
class Framework:
    """A framework in the list. ``references`` counts the items of documents that are about it and the claims to it."""

    iri: str
    name: str
    kind: str
    order: int
    adoptable: bool
    start: str
    end: str
    elements: int
    references: int
    owners: list[str] = field(default_factory=list)
    wholes: list[str] = field(default_factory=list)
    counts: list[tuple[str, int]] = field(default_factory=list)


@both(blueprint, "/frameworks")
def listing() -> ResponseReturnValue:
    """Every framework with its kind, owner, period and the counts of statuses; BadParameter for an unknown filter."""
    choices = Choices("/frameworks")
    every = read()
    kinds = list(dict.fromkeys(one.kind for one in sorted(every, key=lambda one: one.order)))
    choices.take("kind", [_code(iri) for iri in kinds])
    choices.take("follow", _FOLLOW)
    sort = choices.take("sort", both_ways(_KEYS), "name")
    if kept := http.unchanged("html"):
        return kept
    tests: dict[str, Any] = {
        "kind": lambda one: _code(one.kind),
        "follow": lambda one: "yes" if one.adoptable else "no",
    }
    words = {
        "kind": [(_code(iri), site.plain_name(iri)) for iri in kinds],
        "follow": [(code, site.t(key)) for code, key in _FOLLOW.items()],
    }
    labels = {"kind": site.t("frameworks.kind"), "follow": site.t("frameworks.follow")}
    body = render.html(
        "frameworks.html",
        adoptable=sorted((one for one in every if one.adoptable), key=lambda one: alphabetical(one.name)),
        facets=[
            facet(choices, name, labels[name], words[name], sift(every, choices.values, tests, name), test)
            for name, test in tests.items()
        ],
        rows=ordered(sift(every, choices.values, tests), sort, _KEYS),
        heads={one.key: one for one in heads(choices, [(key, site.t(label)) for key, label in _LABELS.items()], sort)},
        total=len(every),
    )
    return http.reply(body, HTML)


@both(blueprint, "/frameworks/<name>")
def table(name: str) -> ResponseReturnValue:
    """The municipalities' standing towards a framework as CSV, JSON or Excel, chosen and ordered as on its page.

    A browser that asks for the page is led to it. Raises NotFound for an unknown framework and for one that no
    municipality can choose to follow, BadParameter for an unknown filter.
    """
    slug, ending = ending_of(name, FILES)
    iri = known("framework", slug)
    media = pick((HTML, *FILES), ending)
    if media is HTML:
        return http.see_other(site.page(f"/doc/framework/{slug}"))
    chosen = framework.listed(iri, f"/doc/framework/{slug}")
    if not chosen.rows:
        raise NotFound(
            Text(
                f"{slug} er ikke en ramme, som kommuner kan vælge at følge, så den har ingen tabel.",
                f"{slug} is not a framework that municipalities can choose to follow, so it has no table.",
            )
        )
    if kept := http.unchanged(media.token, by_day=True):
        return kept
    return as_file(framework.table(chosen), media, slug, chosen.choices.values)


def as_file(table: Table, media: Media, name: str, chosen: dict[str, str]) -> ResponseReturnValue:
    """A table as a file to download; the JSON says its release and what was chosen, as that of a public query."""
    release = site.service().release.name
    if media is JSON:
        items = [{c: terms.plain(v) for c, v in zip(table.columns, row, strict=True)} for row in table.rows]
        body: dict[str, Any] = {"table": name, "release": release, "parameters": chosen, "columns": list(table.columns)}
        body |= {"total": len(items), "items": items}
        return http.reply(json.dumps(body, ensure_ascii=False, indent=1) + "\n", JSON)
    response = http.reply(tables.as_csv(table) if media is CSV else tables.as_xlsx(table, name), media)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}-{release}.{media.token}"'
    return response


def read() -> list[Framework]:
    """Every framework, in the order of the IRIs."""
    store = site.service().store
    found: dict[str, Framework] = {}
    for row in store.select(
        """SELECT ?f ?kind ?order ?adoptable ?start ?end WHERE {
          ?f a sg:Framework ; sg:adoptable ?adoptable ; sg:frameworkKind ?kind .
          OPTIONAL { ?kind sg:order ?order }
          OPTIONAL { ?f dct:temporal/dcat:startDate ?start } OPTIONAL { ?f dct:temporal/dcat:endDate ?end }
        } ORDER BY ?f"""
    ):
        text = {name: cell(term) for name, term in row.items()}
        found[text["f"]] = Framework(
            text["f"],
            site.plain_name(text["f"]),
            text["kind"],
            int(text.get("order") or 99),
            text["adoptable"] == "true",
            text.get("start", ""),
            text.get("end", ""),
            0,
            0,
        )
    for row in store.select(
        """SELECT ?f ?p ?o WHERE {
          VALUES ?p { sg:owner dct:isPartOf } ?f a sg:Framework ; ?p ?o
        } ORDER BY ?f ?p ?o"""
    ):
        one = found[cell(row["f"])]
        (one.owners if cell(row["p"]) == ns.expand("sg:owner") else one.wholes).append(cell(row["o"]))
    for row in store.select(
        """SELECT ?f ?p (COUNT(DISTINCT ?x) AS ?n) WHERE {
          VALUES ?p { sg:hasElement sg:concernedBy sg:alignedFrom } ?f a sg:Framework ; ?p ?x
        } GROUP BY ?f ?p"""
    ):
        one, number = found[cell(row["f"])], int(cell(row["n"]))
        if cell(row["p"]) == ns.expand("sg:hasElement"):
            one.elements = number
        else:
            one.references += number
    table = standings()
    for one in found.values():
        if one.adoptable:
            counts = Counter(row.status for row in table.of(one.iri, "all"))
            one.counts = [(status.code, counts[status.code]) for status in table.statuses if counts[status.code]]
    return list(found.values())


def _code(kind: str) -> str:
    return kind.rpartition("/framework-kind-")[2]
