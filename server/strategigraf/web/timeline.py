"""Strategies on a time line: what is in force on a day, what expires soon, and what has expired but is still cited."""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from strategigraf.media import HTML
from strategigraf.terms import cell
from strategigraf.text import Text
from strategigraf.web import asked, axis, edges, http, render, site
from strategigraf.web.edges import Edge
from strategigraf.web.routes import both
from strategigraf.web.spans import LEVELS, RESTS, STATUSES, Span, spans

blueprint = Blueprint("timeline", __name__)
#: Months ahead within which a strategy expires soon.
WITHIN = 12
MOST_WITHIN = 120
FILTERS = ("level", "form", "region", "m", "status")
SORTS = ("start", "end", "title", "publisher", "level", "status")


@dataclass(frozen=True)
class Choice:
    """The filters of a request: codes of level, form and status, IRIs of region and municipality, "" for all."""

    day: date
    level: str = ""
    form: str = ""
    region: str = ""
    municipality: str = ""
    status: str = ""

    @property
    def query(self) -> dict[str, str]:
        """The filters as a query string has them, without the day and the status."""
        return {
            "level": self.level,
            "form": self.form,
            "region": self.region.rpartition("/")[2],
            "m": self.municipality.rpartition("/")[2],
        }

    def of(self, everything: Sequence[Span]) -> list[Span]:
        """The strategies that pass the filters, that of status aside."""
        regions = region_on(self.day.isoformat()) if self.region else {}
        return [
            span
            for span in everything
            if self.level in ("", span.level)
            and self.form in ("", span.form)
            and (not self.municipality or self.municipality in span.publishers)
            and (not self.region or self.region in {regions.get(publisher) for publisher in span.publishers})
        ]


@dataclass(frozen=True)
class Cited:
    """An expired strategy, and who that has not expired still refers to it."""

    span: Span
    by: tuple[tuple[Edge, str], ...]


@both(blueprint, "/timeline")
def timeline() -> ResponseReturnValue:
    """The strategies that the filters leave, as bars, in sections and as a table."""
    asked.only("on", "within", "sort", *FILTERS)
    chosen = chosen_filters()
    within = asked.whole_number("within", 1, MOST_WITHIN, WITHIN)
    sort = asked.choice("sort", [*SORTS, *(f"-{name}" for name in SORTS)], "start")
    if kept := http.unchanged("html", by_day=True):
        return kept
    day = chosen.day.isoformat()
    everything = spans()
    filtered = chosen.of(everything)
    counts = Counter(span.status(day) for span in filtered)
    shown = [span for span in filtered if not chosen.status or span.status(day) == chosen.status]
    dated = [span for span in shown if span.dated]
    scale = axis.of(everything)
    soon = months_later(chosen.day, within).isoformat()
    values: dict[str, Any] = {
        "chosen": chosen,
        "day": day,
        "today": site.today().isoformat(),
        "within": within,
        "counts": [(status, counts[status]) for status in STATUSES],
        "total": len(filtered),
        "scale": scale,
        "now": scale.place(day),
        "lanes": [(level, some) for level in LEVELS if (some := [s for s in dated if s.level == level])],
        "bar": scale.bar,
        "in_force": [span for span in shown if span.status(day) == "in-force"],
        "expiring": sorted(
            (span for span in shown if span.status(day) == "in-force" and span.end and span.end <= soon),
            key=lambda span: (span.end, span.iri),
        ),
        "soon": soon,
        "cited": cited(shown, everything, day),
        "table": _sorted(dated, sort, day),
        "sort": sort,
        "unknown": [span for span in shown if not span.dated],
        "levels": LEVELS,
        "statuses": STATUSES,
        "rests": RESTS,
        "forms": sorted({span.form for span in everything}, key=lambda code: render.coded("form", code)),
        "regions": _regions(chosen.day),
        "municipalities": _municipalities(),
        "why": why,
        "left": lambda end: _left(chosen.day, end),
        "day_of": site.day,
        "feed": {name: value for name, value in chosen.query.items() if value},
    }
    return http.reply(render.html("timeline.html", **values), HTML)


def chosen_filters() -> Choice:
    """The filters of this request; BadParameter or UnknownThing for what cannot be used."""
    every = spans()
    return Choice(
        asked.day("on", site.today()),
        asked.choice("level", LEVELS),
        asked.choice("form", sorted({span.form for span in every})),
        asked.thing("region", ("region",), Text("Region", "Region")),
        asked.thing("m", ("municipality",), Text("Kommune", "Municipality")),
        asked.choice("status", STATUSES),
    )


def cited(shown: Sequence[Span], everything: Sequence[Span], day: str) -> list[Cited]:
    """The expired strategies to which something refers that has not expired, the firmest references first.

    What refers is a strategy that is in force or whose period is not stated, a framework, a document, or a
    municipality itself; each comes with its status ("" for what has none).
    """
    status = {span.iri: span.status(day) for span in everything}
    by_end: dict[str, list[tuple[Edge, str]]] = {}
    for edge in edges.edges():
        citing = status.get(edge.start, "")
        if edge.claims and status.get(edge.end) == "expired" and citing not in ("expired", "upcoming"):
            by_end.setdefault(edge.end, []).append((edge, citing))
    found = []
    for span in shown:
        if some := by_end.get(span.iri):
            some.sort(key=lambda one: (not one[0].explicit, edges.RELATIONS.index(one[0].relation), one[0].start))
            found.append(Cited(span, tuple(some)))
    return sorted(found, key=lambda one: (not one.by[0][0].explicit, one.span.end, one.span.iri))


def why(span: Span) -> str:
    """Why the period of a strategy is not known, in the language of the page."""
    for row in span.rows:
        if row.kind == "range" and row.lists > 1:
            return site.t("timeline.why_shared", written=row.written, count=row.lists)
        if row.kind in _WHY:
            return site.t(_WHY[row.kind], written=row.written)
    return site.t("timeline.why_none")


_WHY = {
    "lone-year": "timeline.why_lone_year",
    "approved-year": "timeline.why_approved_year",
    "dash": "timeline.why_dash",
    "empty": "timeline.why_empty",
}


def _left(day: date, end: str) -> str:
    """How long it is until a last day."""
    days = (date.fromisoformat(end) - day).days
    if days < 2:
        return site.t("timeline.left_one") if days else site.t("timeline.left_none")
    return site.t("timeline.left", days=site.number(str(days)))


def months_later(day: date, months: int) -> date:
    """The same day of the month so many months later, or the last day of that month where it has no such day.

    The calendar's own first and last day, where that would lie outside it.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not date.min.year <= year <= date.max.year:
        return date.max if months > 0 else date.min
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _sorted(some: Sequence[Span], sort: str, day: str) -> list[Span]:
    """By a column, unstated days last in either direction."""
    name, backwards = sort.removeprefix("-"), sort.startswith("-")
    keys: dict[str, Callable[[Span], Any]] = {
        "start": lambda span: span.start,
        "end": lambda span: span.end,
        "title": lambda span: site.plain_name(span.iri).casefold(),
        "publisher": lambda span: [site.plain_name(one).casefold() for one in span.publishers],
        "level": lambda span: LEVELS.index(span.level),
        "status": lambda span: STATUSES.index(span.status(day)),
    }
    key = keys[name]
    missing = [span for span in some if key(span) == ""]
    return sorted((span for span in some if key(span) != ""), key=key, reverse=backwards) + missing


def region_on(day: str) -> dict[str, str]:
    """The region of each municipality on a day."""
    rows = site.service().store.select(
        """SELECT ?municipality ?region ?start ?end WHERE {
          ?membership org:organization ?region ; org:member ?municipality .
          OPTIONAL { ?membership dct:temporal/dcat:startDate ?start }
          OPTIONAL { ?membership dct:temporal/dcat:endDate ?end }
        }"""
    )
    return {
        cell(row["municipality"]): cell(row["region"])
        for row in rows
        if cell(row.get("start")) <= day and day <= (cell(row.get("end")) or day)
    }


def _regions(day: date) -> list[tuple[str, str]]:
    """The regions on a day: slug and name."""
    iris = set(region_on(day.isoformat()).values())
    return sorted(((iri.rpartition("/")[2], site.plain_name(iri)) for iri in iris), key=lambda one: one[1])


def _municipalities() -> list[tuple[str, str]]:
    """The municipalities: code and name."""
    language = site.language()
    named = (one for one in site.service().names.things.values() if one.type == "municipality")
    return sorted(((one.slug, one.label(language)) for one in named), key=lambda one: one[1].casefold())
