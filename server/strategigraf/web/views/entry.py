"""A row of a list: as the list writes it, and as it is read here."""

from __future__ import annotations

from typing import Any

from strategigraf.describe import Description
from strategigraf.terms import cell
from strategigraf.web import site


def view(thing: Description) -> tuple[str, dict[str, Any]]:
    """The row as written beside the row as interpreted."""
    part = thing.value("dct:temporal")
    start, end = (thing.value(name, part) for name in ("dcat:startDate", "dcat:endDate"))
    return "entry.html", {
        "start": start,
        "end": end,
        "status": site.status_on(start, end),
        "lists": [cell(value) for value in thing.values("sg:lists")],
        "forms": [cell(value) for value in thing.values("sg:form")],
    }
