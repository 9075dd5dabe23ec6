"""The path from a municipality to its status towards a framework."""

from __future__ import annotations

from typing import Any

from strategigraf.describe import Description
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
    ways: dict[str, dict[tuple[str, ...], dict[str, Any]]] = {}
    for row in answer.table.dicts() if answer.table else []:
        key = (row["step_from"], row["relation"], row["step_to"])
        step = ways.setdefault(row["way"], {}).setdefault(key, row | {"phrases": []})
        if row.get("evidence_phrase"):
            step["phrases"].append((row["evidence_phrase"], row.get("document", "")))
    return {way: list(steps.values()) for way, steps in ways.items()}


def pieces(framework: str, municipality: str) -> list[dict[str, str]]:
    """Every piece of evidence behind the status, the strongest first."""
    answer = site.service().answer("adoption_evidence", {"framework": framework, "municipality": municipality})
    return answer.table.dicts() if answer.table else []
