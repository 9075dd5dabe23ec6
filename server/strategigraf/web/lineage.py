"""Lineage: what the local strategies build on, implement and follow, over the joint to the national level, drawn."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from strategigraf import ns
from strategigraf.media import HTML
from strategigraf.terms import cell
from strategigraf.text import Text
from strategigraf.web import asked, edges, http, layers, render, site
from strategigraf.web.edges import RELATIONS, Edge
from strategigraf.web.routes import both

blueprint = Blueprint("lineage", __name__)
#: The columns from the left, and the message that is the heading of each.
COLUMNS = {
    "national": "lineage.national",
    "joint": "lineage.joint",
    "frameworks": "lineage.frameworks",
    "local": "lineage.local",
}
BASES = ("explicit", "all")
#: What can be asked for by ``of``: a part stands for the whole that it belongs to.
KINDS = (
    "strategy", "framework", "series", "document", "municipality", "organisation", "element", "body",
)  # fmt: skip
_BY_LEVEL = {"common-public-sector": "national", "state": "national", "joint-municipal": "joint", "local": "local"}
_CHARACTERS, _MOST_LINES = 33, 3


@dataclass(frozen=True)
class Whole:
    """A strategy, series, framework, document, municipality or organisation; ``level`` is a code, "" for none."""

    iri: str
    type: str
    level: str
    column: str
    start: str
    end: str


@both(blueprint, "/lineage")
def lineage() -> ResponseReturnValue:
    """The drawing and the table that says the same: of everything, or of what ``of`` descends from and leads to."""
    asked.only("of", "basis", "relation")
    given = asked.thing("of", KINDS, Text("Strategi eller ramme", "Strategy or framework"))
    basis = asked.choice("basis", BASES, "explicit")
    relations = asked.several("relation", RELATIONS)
    if kept := http.unchanged("html", by_day=True):
        return kept
    focus = edges.whole(given) if given else ""
    wholes = _wholes()
    every = [edge for edge in edges.edges() if not relations or edge.relation in relations]
    shown = around(every, focus, basis) if focus else overview(every, wholes, basis)
    shown.sort(key=lambda edge: _order(edge, wholes))
    seen = {iri for edge in shown for iri in (edge.start, edge.end)} | ({focus} if focus else set())
    values: dict[str, Any] = {
        "given": given,
        "focus": focus,
        "basis": basis,
        "bases": BASES,
        "relations": relations,
        "all_relations": [one for one in RELATIONS if any(edge.relation == one for edge in edges.edges())],
        "edges": shown,
        "wholes": wholes,
        "drawing": _drawing(shown, [wholes[iri] for iri in seen if iri in wholes]) if shown else None,
        "columns": list(COLUMNS.values()),
        "thematic": sum(not edge.explicit for edge in every if focus in (edge.start, edge.end)) if focus else 0,
        "choices": _choices(wholes),
        "query": {
            "of": _short(given),
            "basis": basis if basis != "explicit" else "",
            "relation": ",".join(relations),
        },
        "labelled": _labelled,
        "short": _short,
    }
    return http.reply(render.html("lineage.html", **values), HTML)


def overview(every: Iterable[Edge], wholes: dict[str, Whole], basis: str) -> list[Edge]:
    """The connections between strategies, and from them to frameworks; not those of frameworks with one another."""
    return [
        edge
        for edge in every
        if (edge.explicit or basis == "all") and {wholes[edge.start].column, wholes[edge.end].column} != {"frameworks"}
    ]


def around(every: Iterable[Edge], focus: str, basis: str) -> list[Edge]:
    """The connections by which a whole leads to others, and others to it, however many steps away.

    Our readings (thematic) are followed one step only: that two things correspond does not pass on.
    """
    known = list(every)
    found = [edge for edge in known if basis == "all" and not edge.explicit and focus in (edge.start, edge.end)]
    explicit = [edge for edge in known if edge.explicit]
    for forward in (True, False):
        queue, seen = [focus], {focus}
        while queue:
            one = queue.pop()
            for edge in explicit:
                near, far = (edge.start, edge.end) if forward else (edge.end, edge.start)
                if near == one:
                    found.append(edge)
                    if far not in seen:
                        seen.add(far)
                        queue.append(far)
    return list(dict.fromkeys(found))


def _wholes() -> dict[str, Whole]:
    """Everything that a connection joins, by IRI."""
    told: dict[str, dict[str, str]] = {}
    for row in site.service().store.select(
        """SELECT ?iri ?level ?start ?end WHERE {
          VALUES ?class { sg:Strategy sg:StrategySeries sg:Framework } ?iri a ?class .
          OPTIONAL { ?iri sg:level/skos:notation ?level }
          OPTIONAL { ?iri dct:temporal/dcat:startDate ?start } OPTIONAL { ?iri dct:temporal/dcat:endDate ?end }
        }"""
    ):
        told.setdefault(cell(row["iri"]), {name: cell(term) for name, term in row.items()})
    joint = {cell(row["o"]) for row in site.service().store.select("SELECT DISTINCT ?o WHERE { ?o org:hasMember ?m }")}
    found = {}
    for iri in {iri for edge in edges.edges() for iri in (edge.start, edge.end)} | set(told):
        one = told.get(iri, {})
        kind = (ns.split(iri) or ("", ""))[0]
        level = one.get("level", "")
        column = _BY_LEVEL.get(level) or (
            "local" if kind in ("municipality", "body") else "joint" if iri in joint else "frameworks"
        )
        found[iri] = Whole(iri, kind, level, column, one.get("start", ""), one.get("end", ""))
    return found


def _order(edge: Edge, wholes: dict[str, Whole]) -> tuple[int, str, int, str]:
    """From the local to the national, each by name."""
    columns = list(COLUMNS)
    return (
        -columns.index(wholes[edge.start].column),
        site.plain_name(edge.start).casefold(),
        RELATIONS.index(edge.relation),
        site.plain_name(edge.end).casefold(),
    )


def _drawing(shown: Sequence[Edge], wholes: Iterable[Whole]) -> layers.Drawing:
    columns = list(COLUMNS)
    nodes = [
        layers.Node(one.iri, columns.index(one.column), (*_wrapped(one.iri), _about(one)), one.start or one.end)
        for one in sorted(wholes, key=lambda one: (one.start or one.end or "9", one.iri))
    ]
    lines = [
        layers.Line(place, edge.start, edge.end, f"{edge.relation} {edge.explicit}") for place, edge in enumerate(shown)
    ]
    return layers.draw(nodes, lines, len(columns))


def _labelled(iri: str) -> tuple[str, str]:
    """The name to draw, and its language: an official name stays Danish."""
    label = site.name_of(iri)
    if site.language() == "en" and not ((ns.split(iri) or ("", ""))[0] in site.OFFICIAL and label.da):
        return label.en or label.da or ns.shorten(iri), "en" if label.en else "da"
    return label.da or label.en or ns.shorten(iri), "da" if label.da else "en"


def _wrapped(iri: str) -> list[str]:
    return textwrap.wrap(_labelled(iri)[0], _CHARACTERS, max_lines=_MOST_LINES, placeholder=" …", break_long_words=True)


def _about(one: Whole) -> str:
    """What a thing is, or the years of a strategy."""
    if one.type != "strategy" and not (one.start or one.end):
        return site.t(f"type.{one.type}")
    if one.start and one.end:
        return f"{one.start[:4]}–{one.end[:4]}"
    if one.start:
        return site.t("lineage.from_year", year=one.start[:4])
    return site.t("lineage.until_year", year=one.end[:4]) if one.end else site.t("lineage.undated")


def _choices(wholes: dict[str, Whole]) -> list[tuple[str, str]]:
    """What can be chosen as focus: whatever a connection joins, by name."""
    joined = {iri for edge in edges.edges() for iri in (edge.start, edge.end)}
    return sorted(((_short(iri), site.plain_name(iri)) for iri in joined), key=lambda one: one[1].casefold())


def _short(iri: str) -> str:
    """``type/slug`` of a thing."""
    return iri.removeprefix(ns.ID)
