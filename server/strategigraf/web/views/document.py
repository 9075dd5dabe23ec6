"""A source document, and all that has been taken from it in its own order of lines."""

from __future__ import annotations

from typing import Any

from pyoxigraph import NamedNode

from strategigraf.describe import Description
from strategigraf.terms import cell
from strategigraf.web import site


def view(thing: Description) -> tuple[str, dict[str, Any]]:
    """The readings of a document, and its places: line, heading, phrase, and what each serves."""
    places: dict[str, dict[str, Any]] = {}
    for row in site.service().store.select(
        f"""SELECT * WHERE {{
          ?piece dct:source {NamedNode(thing.iri)} ; sg:evidenceFor ?thing .
          OPTIONAL {{ ?piece sg:lineStart ?first }} OPTIONAL {{ ?piece sg:lineEnd ?last }}
          OPTIONAL {{ ?piece sg:heading ?heading }} OPTIONAL {{ ?piece sg:page ?page }}
          OPTIONAL {{ ?piece sg:phrase ?phrase }} OPTIONAL {{ ?piece sg:phraseRestored ?restored }}
          OPTIONAL {{ ?piece sg:locator ?locator }}
        }} ORDER BY ?first ?last ?piece ?thing"""
    ):
        text = {name: cell(term) for name, term in row.items()}
        place = places.setdefault(text["piece"], text | {"things": []})
        place["things"].append(text["thing"])
    readings = [part for part in thing.parts if thing.value("sg:readingOf", part)]
    return "document.html", {"places": list(places.values()), "readings": readings}
