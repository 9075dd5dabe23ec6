"""The tile map: one square for each municipality, about where it lies, marked by any measure.

``templates/map.html`` draws it; what is drawn is also told as a table there, or beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from strategigraf.web import site
from strategigraf.web.views.places import alphabetical, places

#: The side of a square, and of a square with the gap to the next, in the units of the drawing.
SIDE = 38
STEP = 41


def tiles(values: Mapping[str, str]) -> dict[str, Any]:
    """What the macro ``map`` draws: the squares by row and column, the counts by code, and the measures of the drawing.

    ``values`` gives the code (a status, a class of a number …) of each municipality, by IRI; one without a code, or
    without a place in the grid, is not drawn. The colours of a code are those of the class ``t-<code>`` in the style.
    """
    known = places()
    left = min((place.column for place in known.values()), default=0)
    top = min((place.row for place in known.values()), default=0)
    items: list[dict[str, Any]] = [
        {
            "municipality": iri,
            "name": (name := site.plain_name(iri)),
            "short": short(name),
            "code": values[iri],
            "x": (place.column - left) * STEP,
            "y": (place.row - top) * STEP,
        }
        for iri, place in known.items()
        if iri in values
    ]
    return {
        "items": sorted(items, key=lambda tile: (tile["y"], tile["x"])),
        "named": sorted(items, key=lambda tile: alphabetical(str(tile["name"]))),
        "counts": Counter(values.values()),
        "width": max((tile["x"] for tile in items), default=0) + SIDE,
        "height": max((tile["y"] for tile in items), default=0) + SIDE,
        "side": SIDE,
    }


def short(name: str) -> str:
    """The first letters of a name, as many as a square holds."""
    return name.replace("-", " ").split()[0][:4] if name else ""
