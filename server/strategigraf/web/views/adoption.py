"""The path from a municipality to its status towards a framework."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pyoxigraph import Literal

from strategigraf import describe
from strategigraf.describe import Description, Piece
from strategigraf.terms import Term, cell
from strategigraf.web import site


def view(thing: Description) -> tuple[str, dict[str, Any]]:
    """An adoption: its status, the paths to it, and every piece of evidence."""
    framework, municipality = thing.value("sg:framework"), thing.value("sg:municipality")
    status = thing.value("sg:status")
    return "adoption.html", {
        "framework": framework,
        "municipality": municipality,
        "status": status.rpartition("/status-")[2],
        "status_iri": status,
        "paths": paths(framework, municipality),
        "pieces": pieces(framework, municipality),
        "reading": thing.value("sg:ownReading"),
    }


def paths(framework: str, municipality: str) -> dict[str, list[dict[str, Any]]]:
    """The steps to the status by the way they bear it: one step for each pair, with all its phrases."""
    answer = site.service().answer("adoption_path", {"framework": framework, "municipality": municipality})
    table = answer.table
    assert table is not None
    rows, columns = table.dicts(), table.columns
    phrase, heading = (columns.index(name) for name in ("evidence_phrase", "heading"))
    places = _places(text for row in table.rows if isinstance(text := row[phrase] or row[heading], Literal))
    ways: dict[str, dict[tuple[str, ...], dict[str, Any]]] = {}
    for row in rows:
        key = (row["step_from"], row["relation"], row["step_to"])
        step = ways.setdefault(row["way"], {}).setdefault(key, row | {"pieces": []})
        said = row.get("evidence_phrase") or row.get("heading", "")
        if piece := places.get((row.get("document", ""), said)):
            step["pieces"].append(piece)
    return {way: list(steps.values()) for way, steps in ways.items()}


def _places(texts: Iterable[Term]) -> dict[tuple[str, str], Piece]:
    """The places in documents, by document and phrase or, of a page only seen, by what names the place."""
    words = " ".join(sorted({str(text) for text in texts}))
    if not words:
        return {}
    store = site.service().store
    # One property in each part: with both as values the engine reads all pieces of evidence there are.
    ways = " UNION ".join(f"{{ VALUES ?text {{ {words} }} ?piece {by} ?text }}" for by in ("sg:phrase", "sg:locator"))
    rows = store.select(f"SELECT ?piece WHERE {{ {ways} }}")
    found: dict[tuple[str, str], Piece] = {}
    for piece in sorted(describe.pieces(store, {cell(row["piece"]) for row in rows}), key=lambda piece: piece.first):
        found.setdefault((piece.document, piece.phrase or piece.locator), piece)
    return found


def pieces(framework: str, municipality: str) -> list[dict[str, str]]:
    """Every piece of evidence behind the status, the strongest first."""
    answer = site.service().answer("adoption_evidence", {"framework": framework, "municipality": municipality})
    return answer.table.dicts() if answer.table else []
