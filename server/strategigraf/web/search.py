"""Search: a page for people, the same for programs, and what completes a word that is being written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup, escape

from strategigraf import ns
from strategigraf.errors import BadParameter, NotFound
from strategigraf.media import HTML, JSON
from strategigraf.search import KINDS, QUERY, Filters, Found, Hit, Matcher
from strategigraf.text import Text
from strategigraf.web import http, render, site
from strategigraf.web.routes import both

blueprint = Blueprint("search", __name__)
MOST = 100
PAGE = 20
#: Values of a facet that are shown at once; the others are folded.
SHOWN = 7
_LONGEST = 200
_SUGGESTED = 8
#: What the facets are called.
FACETS = {"type": "search.by_type", "level": "search.by_level", "by": "search.by_by", "theme": "search.by_theme"}
#: Pieces of a text, each with whether it was searched for.
Pieces = list[tuple[str, bool]]


@dataclass(frozen=True)
class Asked:
    """A request as understood: the text, the filters, and which part of the hits."""

    text: str
    filters: Filters
    limit: int
    number: int

    def query(self, **other: str) -> dict[str, str]:
        """The query string that asks the same but for ``other``; the first page is not told."""
        given = {
            "q": self.text, "type": self.filters.type, "level": self.filters.level,
            "by": self.filters.by.removeprefix(ns.ID), "theme": self.filters.theme,
        }  # fmt: skip
        return given | other


@both(blueprint, "/search")
def search() -> ResponseReturnValue:
    """What ``q`` leads to, narrowed by ``type``, ``level``, ``by`` (whose) and ``theme``; ``page`` by ``page``."""
    asked = _read(PAGE)
    if kept := http.unchanged("html"):
        return kept
    found = _find(asked)
    pages = max(1, -(-found.total // asked.limit))
    if asked.number > pages:
        raise NotFound(
            Text(
                f"Der er kun {pages} sider med resultater.", f"There are only {pages} pages of results."
            )
        )  # fmt: skip
    body = render.html(
        "search.html",
        q=asked.text,
        found=found,
        hits=[_shown(hit, found.matcher) for hit in found.hits],
        answers=_answers(found),
        facets=_facets(asked, found),
        chosen=_chosen(asked),
        at=asked.number,
        first=(asked.number - 1) * asked.limit + 1,
        before=_page(asked, asked.number - 1) if asked.number > 1 else "",
        after=_page(asked, asked.number + 1) if asked.number < pages else "",
        pages=pages,
        json_address=site.url("/search.json", **asked.query()),
    )
    return http.reply(body, HTML)


@both(blueprint, "/search.json")
def search_json() -> ResponseReturnValue:
    """The same as JSON, ``limit`` at a time: ``q``, ``total``, ``page``, ``items``, ``facets``, ``instead``, ``some``.

    An item has ``id`` (IRI), ``url``, ``type``, ``label`` by language, and where they are known ``context`` (IRI of
    what it belongs to), ``by`` (IRI of whose it is), ``level``, and ``snippet`` with ``text`` and ``language``, and
    ``evidence`` (IRI) where it is a phrase of a source.
    """
    asked = _read(50)
    if kept := http.unchanged("json"):
        return kept
    found = _find(asked)
    body = {
        "q": asked.text,
        "total": found.total,
        "page": asked.number,
        "items": [_item(hit, found.matcher) for hit in found.hits],
        "facets": {name: dict(sorted(counts.items())) for name, counts in found.facets.items()},
        "instead": {word: list(others) for word, others in found.instead.items()},
        "some": found.some,
    }
    return http.reply(json.dumps(body, ensure_ascii=False) + "\n", JSON)


@both(blueprint, "/suggest.json")
def suggest() -> ResponseReturnValue:
    """Names that ``q`` may become.

    ``items`` have ``label``, ``lang``, ``type``, ``kind`` (the type in words), ``url`` and ``context`` (whose it is).
    ``said`` is how many there are, for a reader who hears the page; ``name`` is what the list is called.
    """
    asked = _read(_SUGGESTED)
    if kept := http.unchanged("json"):
        return kept
    found = site.service().index.suggest(asked.text, asked.limit)
    language = site.language()
    items = []
    for hit in found.hits:
        label, spoken = _label(hit, language)
        context = "" if hit.whose == hit.iri else site.plain_name(hit.whose) if hit.whose else ""
        items.append(
            {
                "label": label, "lang": spoken, "type": hit.type, "kind": site.t(f"type.{hit.type}"),
                "url": _address(hit), "context": context,
            }
        )  # fmt: skip
    said = site.t("search.count", count=len(items)) if items else site.t("search.no_suggestion")
    return http.reply(
        json.dumps(
            {"q": asked.text, "items": items, "said": said, "name": site.t("search.suggested")}, ensure_ascii=False
        )
        + "\n",
        JSON,
    )


def marked(pieces: Pieces) -> Markup:
    """A text with the words that were searched for marked."""
    return Markup("").join(Markup("<mark>{}</mark>").format(text) if hit else escape(text) for text, hit in pieces)


def _find(asked: Asked) -> Found:
    offset = (asked.number - 1) * asked.limit
    return site.service().index.find(asked.text, asked.filters, site.language(), asked.limit, offset)


def _read(limit: int) -> Asked:
    """The parameters of the request; BadParameter where one cannot be used."""
    names, given = site.service().names, request.args
    kind = given.get("type", "")
    if kind and kind not in KINDS:
        raise _cannot("type", kind, ", ".join(KINDS))
    level, theme, by = given.get("level", ""), given.get("theme", ""), given.get("by", "")
    for name, value in (("level", level), ("theme", theme)):
        if value and f"{ns.ID}concept/{name}-{value}" not in names.things:
            known = (one.slug for one in names.things.values() if one.type == "concept")
            raise _cannot(name, value, ", ".join(sorted(s[len(name) + 1 :] for s in known if s.startswith(f"{name}-"))))
    if by and ns.ID + by not in names.things:
        raise _cannot("by", by, "municipality/0727, organisation/kl …")
    size = _number("limit", str(limit), MOST)
    number = _number("page", "1", 99_999)
    text = " ".join(given.get("q", "").split())
    if len(text) > _LONGEST:
        raise BadParameter(Text(f"q må have højst {_LONGEST} tegn.", f"q may have at most {_LONGEST} characters."))
    return Asked(text, Filters(kind, level, ns.ID + by if by else "", theme), size, number)


def _number(name: str, default: str, most: int) -> int:
    written = request.args.get(name, default)
    if not re.fullmatch(r"[0-9]{1,5}", written) or not 1 <= int(written) <= most:
        raise BadParameter(
            Text(f"{name} skal være et tal fra 1 til {most}.", f"{name} must be a number from 1 to {most}.")
        )
    return int(written)


def _cannot(name: str, value: str, choices: str) -> BadParameter:
    value = value[:80]
    return BadParameter(
        Text(f"{name} kan ikke være {value!r}. Vælg: {choices}.", f"{name} cannot be {value!r}. Choose: {choices}.")
    )


def _address(hit: Hit) -> str:
    return site.page(f"/queries/{hit.iri}") if hit.type == QUERY else site.address(hit.iri)


def _labels(hit: Hit) -> Mapping[str, str]:
    if hit.type == QUERY:
        summary = site.service().catalogue.queries[hit.iri].header.summary
        return {"da": summary.da, "en": summary.en}
    named = site.service().names.things[hit.iri]
    return named.labels or {"da": named.slug}


def _label(hit: Hit, language: str) -> tuple[str, str]:
    """The label to show, and its language: an official name stays Danish."""
    labels = _labels(hit)
    spoken = "da" if hit.type in site.OFFICIAL and "da" in labels else language
    spoken = spoken if spoken in labels else next(iter(labels))
    return labels[spoken], spoken


def _shown(hit: Hit, matcher: Matcher) -> dict[str, Any]:
    """A hit for the page: its marked label, where it belongs, and what of its texts matches."""
    language = site.language()
    label, spoken = _label(hit, language)
    pieces = matcher.marked(label)
    gloss = _labels(hit).get(language, "") if spoken != language else ""
    also: Pieces = []
    named = site.service().names.things.get(hit.iri)
    if named and not any(hit for _, hit in pieces):
        others = sorted(named.names - {label, gloss}, key=lambda name: (-matcher.count(name), len(name), name))
        also = matcher.marked(others[0]) if others and matcher.count(others[0]) else []
    return {
        "href": _address(hit),
        "label": marked(pieces),
        "lang": spoken if spoken != language else "",
        "gloss": marked(matcher.marked(gloss)) if gloss and gloss != label else "",
        "also": marked(also) if also else "",
        "type": hit.type,
        "owner": hit.owner if hit.owner != hit.whose and not hit.owner.startswith(ns.ID + "concept/") else "",
        "whose": hit.whose if hit.whose != hit.iri else "",
        "level": hit.level,
        "told": _told(hit, matcher, label),
    }


def _told(hit: Hit, matcher: Matcher, label: str) -> dict[str, Any] | None:
    """The text to show below a hit: one with the words, else how it is described."""
    for kind, language, text, piece in hit.told:
        if text == label:
            continue
        if matcher.count(text) or kind in ("description", "official"):
            here = site.language()
            return {
                "kind": kind, "lang": language if language != here else "", "piece": piece,
                "text": marked(matcher.snippet(text)),
            }  # fmt: skip
    return None


def _item(hit: Hit, matcher: Matcher) -> dict[str, Any]:
    address = _address(hit)
    item: dict[str, Any] = {
        "id": address if hit.type == QUERY else hit.iri, "url": address, "type": hit.type, "label": dict(_labels(hit)),
    }  # fmt: skip
    item |= {name: value for name, value in (("context", hit.owner), ("by", hit.whose), ("level", hit.level)) if value}
    for _, language, text, piece in hit.told:
        if matcher.count(text):
            shown = "".join(part for part, _ in matcher.snippet(text))
            item["snippet"] = {"text": shown, "language": language} | ({"evidence": piece} if piece else {})
            break
    return item


def _answers(found: Found) -> dict[str, Any]:
    """Where a question leads that names things: those things, and what the graph says of two of them together."""
    by_type: dict[str, list[str]] = {}
    for hit in found.named:
        by_type.setdefault(hit.type, []).append(hit.iri)
    municipalities, frameworks = by_type.get("municipality", []), by_type.get("framework", [])
    things = site.service().names.things
    adoptions = [
        iri
        for municipality in municipalities[:4]
        for framework in frameworks[:4]
        if (iri := ns.thing("adoption", f"{municipality.rpartition('/')[2]}-{framework.rpartition('/')[2]}")) in things
    ]
    compare = ""
    if len(municipalities) > 1:
        codes = [iri.rpartition("/")[2] for iri in municipalities[:4]]
        if site.answers("/compare"):
            compare = site.page("/compare") + "?" + "&".join(f"m={code}" for code in codes)
        else:
            compare = site.page("/queries/compare_municipalities", a=codes[0], b=codes[1])
    return {"named": [hit.iri for hit in found.named], "adoptions": adoptions, "compare": compare}


def _facets(asked: Asked, found: Found) -> list[dict[str, Any]]:
    """Each facet with its values as links: what it is called, how many hits, and whether it is chosen."""
    facets = []
    chosen = {
        "type": asked.filters.type,
        "level": asked.filters.level,
        "by": asked.filters.by,
        "theme": asked.filters.theme,
    }
    for name, counts in found.facets.items():
        values = [
            {
                "label": _value(name, value),
                "count": count,
                "chosen": value == chosen[name],
                "href": site.page("/search", **asked.query(**{name: value.removeprefix(ns.ID)})),
            }
            for value, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        ]
        if len(values) > 1 or chosen[name]:
            values.sort(key=lambda value: not value["chosen"])
            facets.append({"name": site.t(FACETS[name]), "shown": values[:SHOWN], "more": values[SHOWN:]})
    return facets


def _chosen(asked: Asked) -> list[dict[str, str]]:
    """The filters that are on, each with the address that takes it off."""
    on = (
        ("type", asked.filters.type), ("level", asked.filters.level), ("by", asked.filters.by),
        ("theme", asked.filters.theme),
    )  # fmt: skip
    return [
        {
            "name": site.t(FACETS[name]),
            "label": _value(name, value),
            "href": site.page("/search", **asked.query(**{name: ""})),
        }
        for name, value in on
        if value
    ]


def _value(name: str, value: str) -> str:
    if name == "type":
        return site.t(f"type.{value}")
    return site.plain_name(value) if name == "by" else render.coded(name, value)


def _page(asked: Asked, number: int) -> str:
    return site.page("/search", **asked.query(page=str(number) if number > 1 else ""))
