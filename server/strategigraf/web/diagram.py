"""The class diagram of the ontology, drawn as SVG from one table of places and one of links.

A test holds it to the data: every class of the ontology is on it, and every link is one that things have.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

_WIDE, _HIGH, _GAP_X, _GAP_Y, _LINE = 190, 46, 104, 66, 15


@dataclass(frozen=True)
class Box:
    """A class at a column and a row, with the narrower classes that stand inside its box."""

    name: str
    column: int
    row: int
    inside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Link:
    """A property from one class to another; ``via`` are points (column, row) in grid units to go around by."""

    start: str
    property: str
    end: str
    via: tuple[tuple[float, float], ...] = ()


BOXES = (
    Box("sg:Region", 0, 0),
    Box("sg:Municipality", 1, 0),
    Box("sg:GovernanceBody", 2, 0),
    Box("org:Post", 3, 0),
    Box("sg:Duty", 4, 0),
    Box("sg:StrategySeries", 0, 1),
    Box("sg:Strategy", 1, 1),
    Box("sg:Approval", 2, 1),
    Box("sg:Adoption", 3, 1),
    Box("sg:RetiredAddress", 4, 1),
    Box("sg:ListEntry", 0, 2),
    Box(
        "sg:StrategyElement",
        1,
        2,
        (
            "sg:Vision", "sg:Goal", "sg:FocusArea", "sg:Principle", "sg:Initiative", "sg:Requirement", "sg:Rationale",
            "sg:Quality",
        ),
    ),
    Box("sg:Alignment", 2, 2),
    Box("sg:Framework", 3, 2),
    Box("qb:Observation", 4, 2),
    Box("sg:Reading", 0, 3),
    Box("sg:SourceDocument", 1, 3),
    Box("sg:Evidence", 2, 3, ("sg:TextEvidence", "sg:CitedEvidence")),
    Box(
        "sg:DocumentItem",
        3,
        3,
        (
            "sg:GuidanceItem", "sg:Finding", "sg:Mention", "sg:Case", "sg:Technology", "sg:RelatedTitle",
            "sg:Criterion",
        ),
    ),
)  # fmt: skip
LINKS = (
    Link("sg:Municipality", "org:hasMembership/org:organization", "sg:Region"),
    Link("sg:Strategy", "dct:publisher", "sg:Municipality"),
    Link("sg:Strategy", "dct:isPartOf", "sg:StrategySeries"),
    Link("sg:Strategy", "sg:hasText", "sg:SourceDocument", ((0.52, 1.3), (0.52, 2.7))),
    Link("sg:StrategyElement", "sg:elementOf", "sg:Strategy"),
    Link("sg:Approval", "sg:approvalOf", "sg:Strategy"),
    Link("sg:Approval", "sg:approvedBy", "sg:GovernanceBody"),
    Link("sg:GovernanceBody", "org:unitOf", "sg:Municipality"),
    Link("org:Post", "org:postIn", "sg:GovernanceBody"),
    Link("sg:Duty", "sg:dutyOf", "sg:GovernanceBody", ((4, -0.42), (2, -0.42))),
    Link("sg:Alignment", "sg:subject", "sg:StrategyElement"),
    Link("sg:Alignment", "sg:object", "sg:Framework"),
    Link("sg:Adoption", "sg:basedOn", "sg:Alignment"),
    Link("sg:Adoption", "sg:framework", "sg:Framework"),
    Link("sg:Adoption", "sg:municipality", "sg:Municipality", ((2.6, 0.36), (2.2, 0.36), (1.3, 0.36))),
    Link("sg:ListEntry", "sg:lists", "sg:Strategy"),
    Link("sg:ListEntry", "sg:entryOf", "sg:SourceDocument", ((0.2, 2.6),)),
    Link("sg:Reading", "sg:readingOf", "sg:SourceDocument"),
    Link("sg:Evidence", "dct:source", "sg:SourceDocument"),
    Link("sg:Alignment", "sg:evidence", "sg:Evidence"),
    Link("sg:DocumentItem", "sg:evidence", "sg:Evidence"),
    Link("sg:DocumentItem", "sg:itemOf", "sg:SourceDocument", ((3, 3.84), (1, 3.84))),
    Link("sg:DocumentItem", "sg:concerns", "sg:Framework"),
    Link("qb:Observation", "sg:about", "sg:Framework"),
)


def draw(label: Callable[[str], str], address: Callable[[str], str], title: str) -> str:
    """The diagram as an SVG element; ``label`` names a class, ``address`` leads to where it is told."""
    tall = {row: max(_height(box) for box in BOXES if box.row == row) for row in range(4)}
    top = {row: 44 + sum(tall[r] + _GAP_Y for r in range(row)) for row in range(5) if row < 4} | {
        4: 44 + sum(tall.values()) + 3 * _GAP_Y + 26
    }
    places = {box.name: _place(box, top) for box in BOXES}
    width, height = 5 * (_WIDE + _GAP_X) - _GAP_X + 24, top[4] + 30
    parts = [
        f'<svg class="diagram" role="group" aria-label="{escape(title)}" viewBox="0 0 {width} {height}" '
        'xmlns="http://www.w3.org/2000/svg">',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 L8 4 L0 8 z"/></marker></defs>',
    ]
    for link in LINKS:
        if link.end in places:
            parts += _line(link, places, top)
    for box in BOXES:
        x, y, wide, high = places[box.name]
        parts.append(f'<rect x="{x}" y="{y}" width="{wide}" height="{high}" rx="4"/>')
        rows = [(box.name, label(box.name), "name"), *((name, label(name), "narrow") for name in box.inside)]
        for number, (name, shown, style) in enumerate(rows):
            at = y + 19 if not number else y + 40 + number * _LINE
            text = f'<text class="{style}" x="{x + 10}" y="{at}">{escape(shown)}</text>'
            parts.append(f'<a href="{escape(address(name))}">{text}</a>')
            if not number:
                parts.append(f'<text class="code" x="{x + 10}" y="{at + 16}">{escape(name)}</text>')
    return "".join([*parts, "</svg>"])


def _height(box: Box) -> int:
    return _HIGH + (len(box.inside) * _LINE + 8 if box.inside else 0)


def _place(box: Box, top: dict[int, int]) -> tuple[int, int, int, int]:
    return 12 + box.column * (_WIDE + _GAP_X), top[box.row], _WIDE, _height(box)


def _line(link: Link, places: dict[str, tuple[int, int, int, int]], top: dict[int, int]) -> list[str]:
    start, end = places[link.start], places[link.end]
    inner = [_point(column, row, top) for column, row in link.via]
    points = [
        _edge(start, inner[0] if inner else _middle(end)),
        *inner,
        _edge(end, inner[-1] if inner else _middle(start)),
    ]
    path = " ".join(f"{x:.0f},{y:.0f}" for x, y in points)
    half = max(
        range(len(points) - 1),
        key=lambda n: abs(points[n][0] - points[n + 1][0]) + abs(points[n][1] - points[n + 1][1]),
    )
    x, y = ((points[half][i] + points[half + 1][i]) / 2 for i in (0, 1))
    shown = link.property.partition("/")[0]
    size = len(shown) * 6.2 + 6
    return [
        f'<polyline points="{path}" marker-end="url(#tip)"/>',
        f'<rect class="halo" x="{x - size / 2:.0f}" y="{y - 8:.0f}" width="{size:.0f}" height="15"/>',
        f'<text class="link" x="{x:.0f}" y="{y + 3.5:.0f}">{escape(shown)}</text>',
    ]


def _point(column: float, row: float, top: dict[int, int]) -> tuple[float, float]:
    low = max(0, min(int(row), 3))
    span = top[low + 1] - top[low]
    return 12 + column * (_WIDE + _GAP_X) + _WIDE / 2, top[low] + _HIGH / 2 + (row - low) * span


def _middle(place: tuple[int, int, int, int]) -> tuple[float, float]:
    x, y, wide, high = place
    return x + wide / 2, y + high / 2


def _edge(place: tuple[int, int, int, int], towards: tuple[float, float]) -> tuple[float, float]:
    """Where the line from the box's middle towards a point crosses its border."""
    _, _, wide, high = place
    cx, cy = _middle(place)
    dx, dy = towards[0] - cx, towards[1] - cy
    if not dx and not dy:
        return cx, cy
    scale = min((wide / 2) / abs(dx) if dx else 9e9, (high / 2) / abs(dy) if dy else 9e9)
    return cx + dx * scale, cy + dy * scale
