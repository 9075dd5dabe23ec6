"""The time line as an Atom feed (RFC 4287) and as a calendar (RFC 5545).

Both are made from the days in the data alone, so the same release gives the same bytes on the same day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree

import icalendar
from flask import Blueprint
from flask.typing import ResponseReturnValue

from strategigraf import ns
from strategigraf.media import Media
from strategigraf.web import asked, http, site
from strategigraf.web.routes import both
from strategigraf.web.spans import RESTS, Span, spans
from strategigraf.web.timeline import WITHIN, chosen_filters, months_later

blueprint = Blueprint("feeds", __name__)
ATOM = Media("atom", "application/atom+xml")
CALENDAR = Media("ics", "text/calendar")
_ATOM = "http://www.w3.org/2005/Atom"
_FILTERS = ("level", "form", "region", "m")
_KINDS = {
    "begins": "feed.kind_begins", "soon": "feed.kind_soon", "expired": "feed.kind_expired",
    "expires": "feed.kind_expires",
}  # fmt: skip
_SAID = {
    "begins": "feed.say_begins", "soon": "feed.say_soon", "expired": "feed.say_expired",
    "expires": "feed.say_expires",
}  # fmt: skip


@dataclass(frozen=True)
class Event:
    """Something that happens to a strategy on a day: it begins, is about to expire (``soon``), or has expired."""

    span: Span
    kind: str
    day: date

    @property
    def iri(self) -> str:
        """A name that stays, for whatever release: the strategy's, with what happens to it."""
        return f"{self.span.iri}#{self.kind}"


def events(some: Iterable[Span]) -> list[Event]:
    """What happens to some strategies, the latest first.

    A strategy begins on its first day, is about to expire a year before its last, and has expired on the day after.
    """
    found = []
    for span in some:
        if span.start:
            found.append(Event(span, "begins", date.fromisoformat(span.start)))
        if span.end:
            end = date.fromisoformat(span.end)
            found.append(Event(span, "soon", months_later(end, -WITHIN)))
            found.append(Event(span, "expired", end + timedelta(days=1)))
    return sorted(found, key=lambda event: (-event.day.toordinal(), event.iri))


@both(blueprint, "/timeline.atom")
def atom() -> ResponseReturnValue:
    """What has happened until today to the strategies that the filters leave, as Atom."""
    asked.only(*_FILTERS)
    chosen = chosen_filters()
    if kept := http.unchanged("atom", by_day=True):
        return kept
    some = chosen.of(spans())
    past = [event for event in events(some) if event.day <= site.today()]
    language = site.language()
    root = ElementTree.Element("feed", {"xmlns": _ATOM, "xml:lang": language})
    address = site.page("/timeline.atom", **chosen.query)
    _text(root, "id", address)
    _text(root, "title", _title(chosen.query))
    _text(root, "subtitle", site.t("feed.subtitle"))
    _text(root, "updated", _moment(past[0].day if past else _last_look(some)))
    for kind, type_, href in (
        ("self", ATOM.type, address),
        ("alternate", "text/html", site.page("/timeline", **chosen.query)),
        ("related", CALENDAR.type, site.page("/timeline.ics", **chosen.query)),
    ):
        ElementTree.SubElement(root, "link", {"rel": kind, "type": type_, "href": href, "hreflang": language})
    _text(root, "rights", "CC BY 4.0")
    _text(ElementTree.SubElement(root, "author"), "name", "Strategigraf")
    for event in past:
        _entry(root, event)
    ElementTree.indent(root, "")
    body = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"
    return http.reply(body, ATOM)


@both(blueprint, "/timeline.ics")
def calendar() -> ResponseReturnValue:
    """The first and the last day of the strategies that the filters leave, past and to come, as iCalendar."""
    asked.only(*_FILTERS)
    chosen = chosen_filters()
    if kept := http.unchanged("ics", by_day=bool(chosen.region)):
        return kept
    made = icalendar.Calendar()
    made.add("prodid", f"-//Strategigraf//Tidslinje//{site.language().upper()}")
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    for name in ("name", "x-wr-calname"):
        made.add(name, _title(chosen.query))
    made.add("url", site.page("/timeline", **chosen.query))
    made.add("refresh-interval", timedelta(days=1), {"VALUE": "DURATION"})
    for event in sorted(_days(chosen.of(spans())), key=lambda event: (event.day, event.iri)):
        made.add_component(_calendar_event(event))
    response = http.reply(made.to_ical(), CALENDAR)
    response.headers["Content-Disposition"] = 'inline; filename="strategigraf.ics"'
    return response


def _days(some: Iterable[Span]) -> Iterable[Event]:
    for span in some:
        if span.start:
            yield Event(span, "begins", date.fromisoformat(span.start))
        if span.end:
            yield Event(span, "expires", date.fromisoformat(span.end))


def _calendar_event(event: Event) -> icalendar.Event:
    """A day (RFC 5545, section 3.6.1); DTSTAMP is the day on which a source of the strategy was last looked at."""
    parts = ns.split(event.span.iri)
    assert parts
    looked_at = date.fromisoformat(event.span.looked_at or event.day.isoformat())
    made = icalendar.Event()
    made.add("uid", f"{parts[1]}-{event.kind}@w3id.org")
    made.add("dtstamp", datetime(looked_at.year, looked_at.month, looked_at.day, tzinfo=UTC))
    made.add("dtstart", event.day)
    made.add("dtend", event.day + timedelta(days=1))
    made.add("summary", _say(event))
    made.add("description", _about(event.span))
    made.add("url", site.address(event.span.iri))
    made.add("categories", [_level(event.span), site.t(_KINDS[event.kind])])
    made.add("transp", "TRANSPARENT")
    return made


def _entry(root: ElementTree.Element, event: Event) -> None:
    entry = ElementTree.SubElement(root, "entry")
    _text(entry, "id", event.iri)
    _text(entry, "title", _say(event))
    _text(entry, "updated", _moment(event.day))
    ElementTree.SubElement(
        entry,
        "link",
        {"rel": "alternate", "type": "text/html", "href": site.address(event.span.iri), "hreflang": site.language()},
    )
    for code, label in ((event.span.level, _level(event.span)), (event.kind, site.t(_KINDS[event.kind]))):
        ElementTree.SubElement(entry, "category", {"term": code, "label": label})
    for publisher in event.span.publishers:
        _text(ElementTree.SubElement(entry, "contributor"), "name", site.plain_name(publisher))
    _text(entry, "summary", _about(event.span))


def _say(event: Event) -> str:
    """What happens, with the name of the strategy."""
    return site.t(_SAID[event.kind], name=site.plain_name(event.span.iri))


def _about(span: Span) -> str:
    """The period of a strategy, who publishes it, and what the period rests on."""
    said = [
        site.t("feed.publisher", names=", ".join(site.plain_name(one) for one in span.publishers)),
        site.t("feed.start", day=span.start) if span.start else site.t("feed.no_start"),
        site.t("feed.end", day=span.end) if span.end else site.t("feed.no_end"),
        site.t("feed.rests", what=site.t(RESTS[span.rests])),
    ]
    if span.pieces:
        piece = span.pieces[0]
        said.append(site.t("feed.source", title=piece.title, address=site.address(piece.iri)))
    return " ".join(said)


def _title(query: dict[str, str]) -> str:
    """The name of the feed, with the filters that it has."""
    told = [_told(name, value) for name, value in query.items() if value]
    return " – ".join(["Strategigraf", site.t("site.timeline"), *told])


def _told(name: str, value: str) -> str:
    kinds = {"region": "region", "m": "municipality"}
    return site.plain_name(ns.thing(kinds[name], value)) if name in kinds else _coded(name, value)


def _coded(name: str, value: str) -> str:
    label = site.code(name, value)
    return label.en if site.language() == "en" else label.da


def _level(span: Span) -> str:
    return _coded("level", span.level)


def _last_look(some: Sequence[Span]) -> date:
    """The day on which any source of the strategies was last looked at; where there are none, of all."""
    return date.fromisoformat(max(span.looked_at for span in some or spans()) or "1970-01-01")


def _moment(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


def _text(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = text
