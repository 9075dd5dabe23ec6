"""A source document, and all that has been taken from it in its own order of lines, a page at a time."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from flask import request
from pyoxigraph import NamedNode

from strategigraf.describe import Description
from strategigraf.errors import BadParameter
from strategigraf.terms import cell
from strategigraf.text import Text
from strategigraf.web import site
from strategigraf.web.views.linked import paged

#: How many places are shown on a page.
PAGE = 120


def view(thing: Description) -> tuple[str, dict[str, Any]]:
    """The readings of a document, its headings, and a page of its places.

    A place has its lines, phrase and what it serves. ``place``, the slug of a piece of evidence, shows the page that
    it stands on. Raises BadParameter for a page or a place that is not there.
    """
    here = NamedNode(thing.iri)
    places = [
        {name: cell(term) for name, term in row.items()}
        for row in site.service().store.select(
            f"""SELECT ?piece ?first ?last ?heading WHERE {{
              ?piece dct:source {here} ; sg:evidenceFor ?any .
              OPTIONAL {{ ?piece sg:lineStart ?first }} OPTIONAL {{ ?piece sg:lineEnd ?last }}
              OPTIONAL {{ ?piece sg:heading ?heading }}
            }} GROUP BY ?piece ?first ?last ?heading ORDER BY ?first ?last ?piece"""
        )
    ]
    at, last = _chosen(places)
    shown = places[(at - 1) * PAGE : at * PAGE]
    _fill(shown)
    return "document.html", {
        "total": len(places),
        "groups": [(heading, list(group)) for heading, group in groupby(shown, key=lambda one: one.get("heading", ""))],
        "headings": _headings(places),
        "at": at,
        "last": last,
        "readings": [part for part in thing.parts if thing.value("sg:readingOf", part)],
        "strategies": [
            cell(row["s"])
            for row in site.service().store.select(f"SELECT ?s WHERE {{ ?s sg:hasText {here} }} ORDER BY ?s")
        ],
    }


def _chosen(places: list[dict[str, Any]]) -> tuple[int, int]:
    """The page asked for, by number or by a place on it, and the last page."""
    at, last = paged(len(places), PAGE)
    if wanted := request.args.get("place", ""):
        for number, one in enumerate(places):
            if one["piece"].rpartition("/")[2] == wanted:
                return number // PAGE + 1, last
        raise BadParameter(
            Text(f"Dokumentet har intet sted {wanted[:80]!r}.", f"The document has no place {wanted[:80]!r}.")
        )
    return at, last


def _fill(shown: list[dict[str, Any]]) -> None:
    """Give the places of a page their words, and the things that they serve with what they show of each."""
    if not shown:
        return
    store = site.service().store
    by_iri = {one["piece"]: one for one in shown}
    some = " ".join(str(NamedNode(iri)) for iri in by_iri)
    for one in shown:
        one |= {"things": [], "attests": []}
    for row in store.select(
        f"""SELECT ?piece ?page ?phrase ?restored ?locator WHERE {{
          VALUES ?piece {{ {some} }}
          OPTIONAL {{ ?piece sg:page ?page }} OPTIONAL {{ ?piece sg:phrase ?phrase }}
          OPTIONAL {{ ?piece sg:phraseRestored ?restored }} OPTIONAL {{ ?piece sg:locator ?locator }}
        }}"""
    ):
        by_iri[cell(row["piece"])] |= {name: cell(term) for name, term in row.items()}
    for row in store.select(
        f"SELECT ?piece ?thing WHERE {{ VALUES ?piece {{ {some} }} ?piece sg:evidenceFor ?thing }} ORDER BY ?thing"
    ):
        by_iri[cell(row["piece"])]["things"].append(cell(row["thing"]))
    for row in store.select(
        f"SELECT ?piece ?what WHERE {{ VALUES ?piece {{ {some} }} ?piece sg:attests ?what }} ORDER BY ?piece ?what"
    ):
        by_iri[cell(row["piece"])]["attests"].append(cell(row["what"]))


def _headings(places: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The headings in the document's order: how many places each has, and the page and place of the first."""
    found: dict[str, dict[str, Any]] = {}
    for number, one in enumerate(places):
        heading = one.get("heading", "")
        if heading not in found:
            slug = one["piece"].rpartition("/")[2]
            found[heading] = {"heading": heading, "count": 0, "page": number // PAGE + 1, "slug": slug}
        found[heading]["count"] += 1
    return [one for one in found.values() if one["heading"]]
