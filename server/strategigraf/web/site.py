"""What every page needs of its request: the service, the language, and addresses.

Addresses are made from the public address in the settings, never from the Host header.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

from flask import current_app, g, has_request_context, request
from markupsafe import Markup, escape

from strategigraf import describe, ns
from strategigraf.service import Service
from strategigraf.text import Language
from strategigraf.web.messages import message, messages

#: Types whose Danish label is an official name; an English label of theirs is only a gloss.
OFFICIAL = {"strategy", "element", "document"}
#: Entries of one kind in ``kept``, of some 300 bytes each.
MOST_KEPT = 20_000
MONTHS = {
    "da": ("januar", "februar", "marts", "april", "maj", "juni",
           "juli", "august", "september", "oktober", "november", "december"),
    "en": ("January", "February", "March", "April", "May", "June",
           "July", "August", "September", "October", "November", "December"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Rendering:
    """What a page that is being rendered asks for hundreds of times: Flask's proxies take ten times as long."""

    language: Language
    service: Service
    extensions: dict[str, Any]


_RENDERING: ContextVar[_Rendering | None] = ContextVar("rendering", default=None)


@contextmanager
def rendering(language: Language) -> Iterator[None]:
    """Render a page in a language, within a request."""
    g.language = language
    token = _RENDERING.set(_Rendering(language, service(), current_app.extensions))
    try:
        yield
    finally:
        _RENDERING.reset(token)


def service() -> Service:
    """The service behind this application."""
    now = _RENDERING.get()
    return now.service if now else cast(Service, current_app.extensions["strategigraf"])


def application() -> Any:
    """The WSGI application around this one, which holds the endpoint and what is kept."""
    return current_app.wsgi_app


def language() -> Language:
    """The language of the page: English below ``/en``, otherwise Danish."""
    path = request.path
    return "en" if path == "/en" or path.startswith("/en/") else "da"


def lang() -> Language:
    """The language to write in: the page's, or on an error page the reader's."""
    now = _RENDERING.get()
    if now:
        return now.language
    told: Language = g.get("language") or language()
    return told


def reader_language() -> Language:
    """The language to tell an error in: the page's, or the one that the reader's browser prefers."""
    if not has_request_context():
        return "da"
    return "en" if language() == "en" or prefers_english() else "da"


def prefers_english() -> bool:
    """Whether Accept-Language ranks English above Danish (RFC 9110, section 12.5.4)."""
    ranks = {"da": 0.0, "en": 0.0}
    for tag, quality in request.accept_languages:
        base = tag.partition("-")[0].lower()
        if base in ranks:
            ranks[base] = max(ranks[base], quality)
    return ranks["en"] > ranks["da"]


def today() -> date:
    """Today, one and the same for the whole of a request."""
    if "today" not in g:
        g.today = service().settings.today()
    day: date = g.today
    return day


def t(key: str, **values: Any) -> str:
    """A message in the language of the page (of the reader, on an error page)."""
    return message(key, lang(), **values)


def answers(path: str) -> bool:
    """Whether this application has a page at a path without variables."""
    known = current_app.extensions.get("strategigraf.paths")
    if known is None:
        known = {rule.rule for rule in current_app.url_map.iter_rules()}
        current_app.extensions["strategigraf.paths"] = known
    return path in known


def url(path: str, **query: str) -> str:
    """The public address of a path, with a query string where values are given."""
    given = {name: value for name, value in query.items() if value}
    return service().settings.public_url + path + (f"?{urlencode(given)}" if given else "")


def language_prefix() -> str:
    """What the paths of pages in the language of this page begin with."""
    return "/en" if lang() == "en" else ""


def page(path: str, **query: str) -> str:
    """The public address of a page in the language of this page."""
    return url(language_prefix() + path, **query)


def neutral() -> str:
    """The path of this page without its language."""
    path = request.path
    return path[3:] or "/" if language() == "en" else path


def other(lang: str) -> str:
    """The address of this same page in a language."""
    query = request.query_string.decode("ascii", "replace")
    path = ("/en" if lang == "en" else "") + neutral()
    return url(path) + (f"?{query}" if query else "")


def asset(name: str) -> str:
    """The path of a static file. It is relative to the host, since CSP allows only the page's own."""
    return f"{urlsplit(service().settings.public_url).path}/static/{name}?v={_digest(name)}"


@cache
def _digest(name: str) -> str:
    """What tells this version of a file from others; of one that is not installed, that it is not."""
    path = Path(__file__).parent / "static" / name
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() else "none"


def kept(what: str) -> dict[Any, Any]:
    """What has been worked out of one kind and holds for the whole release; begun anew when it is full."""
    now = _RENDERING.get()
    extensions = now.extensions if now else current_app.extensions
    found: dict[Any, Any] = extensions.setdefault(f"strategigraf.{what}", {})
    if len(found) > MOST_KEPT:
        found.clear()
    return found


def address(iri: str) -> str:
    """Where a reader finds an IRI: the page of a thing or term, or the IRI itself; "" if not a web address."""
    parts = ns.split(iri)
    if parts:
        _, mark, fragment = iri.partition("#")
        return page(f"/doc/{parts[0]}/{parts[1]}") + mark + fragment
    if iri.startswith(ns.SG):
        term = iri[len(ns.SG) :]
        return page("/ontology/") + (f"#{term}" if term else "")
    return iri if iri.startswith(("https://", "http://")) else ""


def name_of(iri: str) -> describe.Label:
    """The labels of a thing, or of a borrowed term, or its short name."""
    return service().names.labels((iri,)).get(iri) or describe.borrowed(iri)


def plain_name(iri: str) -> str:
    """The label of a thing in the language of the page, as plain text."""
    label = name_of(iri)
    here = lang()
    return (label.en or label.da if here == "en" else label.da or label.en) or ns.shorten(iri)


def danish(text: str) -> Markup:
    """A Danish text on a page in another language."""
    return Markup(f'<span lang="da">{escape(text)}</span>')  # noqa: S704 - escaped


def show_label(label: describe.Label, official: bool, fallback: str = "") -> tuple[Markup, str]:
    """A label and its gloss: an official Danish name keeps its language, and its gloss stands beside it."""
    if lang() == "da":
        return escape(label.da or label.en or fallback), ""
    if label.da and (official or not label.en):
        gloss = label.en if label.en != label.da else ""
        return danish(label.da), gloss
    return escape(label.en or fallback), ""


def link(iri: str, label: describe.Label | None = None) -> Markup:
    """An IRI as a link with its label: the one that it has in the graph, where none is given."""
    if label is not None:
        return _link(iri, label)
    found, key = kept("links"), (iri, lang())
    shown: Markup | None = found.get(key)
    if shown is None:
        shown = found[key] = _link(iri, name_of(iri))
    return shown


def _link(iri: str, label: describe.Label) -> Markup:
    parts = ns.split(iri)
    fallback = "" if label.da or label.en else ns.shorten(iri)
    text, gloss = show_label(label, bool(parts and parts[0] in OFFICIAL), fallback)
    href = address(iri)
    shown = f'<a href="{escape(href)}">{text}</a>' if href else text
    more = f' <span class="gloss">({escape(gloss)})</span>' if gloss else ""
    return Markup(shown + more)  # noqa: S704 - each part is escaped


def day(value: str) -> Markup:
    """A date, a month or a year for reading; any other text as it stands."""
    here = lang()
    try:
        when = date.fromisoformat(value)
    except ValueError:
        return escape(value)
    dot = "." if here == "da" else ""
    text = f"{when.day}{dot} {MONTHS[here][when.month - 1]} {when.year}"
    return Markup(f'<time datetime="{escape(value)}">{text}</time>')  # noqa: S704 - escaped; the text is made of numbers


def period(start: str, end: str) -> Markup:
    """A period from its first to its last day, either of which may be unknown."""
    if not start and not end:
        return Markup('<span class="missing">{}</span>').format(t("fact.unknown"))
    if not end:
        return Markup("{} {}").format(t("period.from"), day(start))
    if not start:
        return Markup("{} {}").format(t("period.until"), day(end))
    return Markup("{}&nbsp;– {}").format(day(start), day(end))


def number(value: str) -> str:
    """A whole number with the thousands marked as the language does."""
    if not value.lstrip("-").isdigit():
        return value
    text = f"{int(value):,}"
    return text.replace(",", ".") if lang() == "da" else text


def status_on(start: str, end: str) -> str:
    """Whether a period holds today: ``in-force``, ``expired``, ``upcoming`` or ``unknown``."""
    now = today().isoformat()
    if not start and not end:
        return "unknown"
    if end and end < now:
        return "expired"
    return "upcoming" if start and start > now else "in-force"


def code(column: str, value: str) -> describe.Label:
    """The words for a code in a column, such as ``status`` = ``committed``; the code if there are none."""
    label = service().names.things.get(f"{ns.ID}concept/{column.replace('_', '-')}-{value}")
    if label:
        return describe.Label(label.labels.get("da", value), label.labels.get("en", value))
    text = messages().get(f"code.{value}")
    return describe.Label(text.da, text.en) if text else describe.Label(value, value)
