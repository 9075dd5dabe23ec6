"""What the templates can call."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Flask, render_template, request
from markupsafe import Markup, escape
from pyoxigraph import Literal, NamedNode

from strategigraf import describe, ns, paths, terms
from strategigraf.web import site

_XSD = ns.VOCABULARIES["xsd"]


#: The main menu and the links at the foot of every page: path, and message of the section ``site``.
MENU = (
    ("/frameworks", "frameworks"), ("/municipalities", "municipalities"), ("/matrix", "matrix"),
    ("/compare", "compare"), ("/timeline", "timeline"), ("/lineage", "lineage"), ("/queries/", "queries"),
    ("/dataset", "dataset"),
)  # fmt: skip
FOOT = (
    ("/dataset", "dataset"), ("/method", "method"), ("/quality", "quality"), ("/ontology/", "ontology"),
    ("/api", "api"), ("/sparql", "sparql"), ("/queries/", "queries"),
)  # fmt: skip


def install(app: Flask) -> None:
    """Give the templates the words, addresses and forms of the page."""
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        t=site.t, url=site.url, page=site.page, asset=site.asset, link=site.link, day=site.day,
        period=site.period, number=site.number, value=value, term_name=term_name, coded=coded,
        plain_name=site.plain_name, address=site.address, official=official, status_on=site.status_on,
    )  # fmt: skip
    app.context_processor(_shared)


def html(template: str, **values: Any) -> str:
    """A page in the language of its path."""
    with site.rendering(site.language()):
        return render_template(template, **values)


def _shared() -> dict[str, Any]:
    lang = site.lang()
    query = request.query_string.decode("ascii", "replace")
    return {
        "lang": lang,
        "release": site.service().release.name,
        "style": paths.STYLE,
        "icons": paths.ICONS,
        "fonts": paths.FONTS,
        **_menus(),
        "here": site.neutral(),
        "suggest": urlsplit(site.url(site.language_prefix() + "/suggest.json")).path,
        "about": site.neutral(),
        "reports": site.answers("/report"),
        "canonical": site.url(request.path) + (f"?{query}" if query else ""),
        "address_da": site.other("da"),
        "address_en": site.other("en"),
        "q": "",
    }


def _menus() -> dict[str, Any]:
    found = site.kept("menus")
    if not found:
        found |= {
            name: [one for one in all_ if site.answers(one[0])] for name, all_ in (("menu", MENU), ("foot", FOOT))
        }
    return found


def value(term: terms.Term) -> Markup:
    """Any term for reading: links with labels, dates, numbers, and Danish text marked as Danish."""
    if isinstance(term, NamedNode):
        return site.link(term.value)
    if not isinstance(term, Literal):
        return escape(str(term))
    kind = term.datatype.value
    if kind == _XSD + "boolean":
        return escape(site.t("fact.yes" if term.value in ("true", "1") else "fact.no"))
    if kind == _XSD + "date":
        return site.day(term.value)
    if kind == _XSD + "integer":
        return escape(site.number(term.value))
    return official(term.value, term.language or "")


def official(text: str, of: str = "da") -> Markup:
    """A text in its own language, marked where that is not the language of the page."""
    lang = site.lang()
    if of and of != lang:
        return Markup(f'<span lang="{escape(of)}">{escape(text)}</span>')  # noqa: S704 - escaped
    return escape(text)


def term_name(iri: str, labels: dict[str, describe.Label] | None = None) -> Markup:
    """The label of a class or property, with a capital letter."""
    lang = site.lang()
    label = labels.get(iri) if labels else None
    if label is not None:
        return _term_name(iri, label, lang)
    found, key = site.kept("terms"), (iri, lang)
    shown: Markup | None = found.get(key)
    if shown is None:
        shown = found[key] = _term_name(iri, site.name_of(iri), lang)
    return shown


def _term_name(iri: str, label: describe.Label, lang: str) -> Markup:
    text = (label.en or label.da if lang == "en" else label.da or label.en) or ns.shorten(iri)
    return escape(text[:1].upper() + text[1:])


def coded(column: str, code: str) -> str:
    """The words for a code, in the language of the page."""
    label = site.code(column, code)
    return label.en if site.lang() == "en" else label.da


def data_block(data: bytes) -> Markup:
    """JSON-LD for a ``<script type="application/ld+json">``, in which nothing can end the element."""
    text = data.decode()
    for sign in "<>&":  # in JSON they stand in strings only
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 - every sign that HTML reads is escaped above
