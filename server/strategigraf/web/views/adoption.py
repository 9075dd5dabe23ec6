"""The path from a municipality to its status towards a framework."""

from __future__ import annotations

from typing import Any

from pyoxigraph import NamedNode

from strategigraf.describe import Description, Piece
from strategigraf.terms import cell
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
    rows = answer.table.dicts() if answer.table else []
    places = _places({row["document"] for row in rows if row.get("document")})
    ways: dict[str, dict[tuple[str, ...], dict[str, Any]]] = {}
    for row in rows:
        key = (row["step_from"], row["relation"], row["step_to"])
        step = ways.setdefault(row["way"], {}).setdefault(key, row | {"pieces": []})
        said = row.get("evidence_phrase") or row.get("heading", "")
        if piece := places.get((row.get("document", ""), said)):
            step["pieces"].append(piece)
    return {way: list(steps.values()) for way, steps in ways.items()}


def _places(documents: set[str]) -> dict[tuple[str, str], Piece]:
    """The places in some documents, by document and phrase or, of a page only seen, by what names the place."""
    here = " ".join(str(NamedNode(iri)) for iri in sorted(documents))
    found: dict[tuple[str, str], Piece] = {}
    for row in site.service().store.select(
        f"""SELECT * WHERE {{
          VALUES ?document {{ {here} }}
          ?piece dct:source ?document .
          OPTIONAL {{ ?piece sg:phrase ?phrase }} OPTIONAL {{ ?piece sg:locator ?locator }}
          OPTIONAL {{ ?piece sg:heading ?heading }} OPTIONAL {{ ?piece sg:phraseRestored ?restored }}
          OPTIONAL {{ ?piece sg:lineStart ?first }} OPTIONAL {{ ?piece sg:lineEnd ?last }}
        }} ORDER BY ?first"""
    ):
        text = {name: cell(term) for name, term in row.items()}
        piece = Piece(
            text["piece"],
            text["document"],
            "",
            heading=text.get("heading", ""),
            first=int(text.get("first", 0)),
            last=int(text.get("last", 0)),
            phrase=text.get("phrase", ""),
            locator=text.get("locator", ""),
            restored=text.get("restored", ""),
        )
        found.setdefault((piece.document, piece.phrase or piece.locator), piece)
    return found


def pieces(framework: str, municipality: str) -> list[dict[str, str]]:
    """Every piece of evidence behind the status, the strongest first."""
    answer = site.service().answer("adoption_evidence", {"framework": framework, "municipality": municipality})
    return answer.table.dicts() if answer.table else []
