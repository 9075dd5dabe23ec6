"""A layered drawing: boxes in columns, ordered by time, and lines between them that cross as little as they need.

Lines that pass a column get a place of their own in it, shared by those that lead to the same box; what has no time,
and those places, are ordered by the mean of their neighbours (Sugiyama's method).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

WIDE, GAP, MARGIN, HEAD = 228, 94, 78, 40
_LINE, _PAD, _BETWEEN, _PASS = 15, 9, 16, 12
_SWEEPS = 8


@dataclass(frozen=True)
class Node:
    """A box: its column, its lines of text, and the time to order by ("" where none is known)."""

    key: str
    column: int
    lines: tuple[str, ...]
    time: str = ""

    @property
    def height(self) -> float:
        """Its height in units of the drawing."""
        return 2 * _PAD + _LINE * len(self.lines) - 3


@dataclass(frozen=True)
class Line:
    """A line from one box to another; lines of the same ``style`` to the same box may share their way."""

    key: int
    start: str
    end: str
    style: str


@dataclass
class Placed:
    """A box with its place: the top left corner, and the base line of each line of text."""

    node: Node
    x: float
    y: float

    @property
    def baselines(self) -> list[tuple[float, str]]:
        """Where each line of text stands."""
        return [(self.y + _PAD + 11 + place * _LINE, text) for place, text in enumerate(self.node.lines)]


@dataclass(frozen=True)
class Drawn:
    """A line as the ``d`` of an SVG path, and where its name can stand; ``room`` is the height it has there."""

    line: Line
    path: str
    x: float
    y: float
    anchor: str
    room: float


@dataclass(frozen=True)
class Drawing:
    """Everything in its place."""

    width: float
    height: float
    columns: tuple[float, ...]
    #: How wide each box is.
    wide: float
    boxes: tuple[Placed, ...]
    lines: tuple[Drawn, ...]


@dataclass
class _Item:
    """A box, or the place where lines pass a column."""

    key: Hashable
    column: int
    height: float
    time: str = ""
    real: bool = True
    y: float = 0.0
    near: list[_Item] = field(default_factory=list)


def draw(nodes: Sequence[Node], lines: Sequence[Line], columns: int) -> Drawing:
    """Place boxes and lines; the same input gives the same drawing."""
    items: dict[Hashable, _Item] = {node.key: _Item(node.key, node.column, node.height, node.time) for node in nodes}
    ways: dict[int, list[_Item]] = {}
    for line in lines:
        way = [items[line.start]]
        first, last = items[line.start].column, items[line.end].column
        step = 1 if last > first else -1
        for column in range(first + step, last, step):
            key = (line.end, line.style, column, step)
            way.append(items.setdefault(key, _Item(key, column, _PASS, real=False)))
        way.append(items[line.end])
        ways[line.key] = way
        for one, other in pairwise(way):
            if one.column != other.column:
                one.near.append(other)
                other.near.append(one)
    stacks = _ordered(list(items.values()), columns)
    height = max((sum(item.height + _BETWEEN for item in stack) for stack in stacks), default=0.0)
    for stack in stacks:
        _stack(stack, height)
    left = {column: MARGIN + column * (WIDE + GAP) for column in range(columns)}
    placed = [Placed(node, left[node.column], items[node.key].y - node.height / 2 + HEAD) for node in nodes]
    drawn = _lines(lines, ways, left)
    width = MARGIN + columns * WIDE + (columns - 1) * GAP + 4
    return Drawing(width, height + HEAD + 8, tuple(left.values()), WIDE, tuple(placed), tuple(drawn))


def _ordered(items: list[_Item], columns: int) -> list[list[_Item]]:
    """The items of each column from top to bottom: what has a time in its order, the rest by its neighbours."""
    stacks = [
        sorted((item for item in items if item.column == column), key=lambda item: (not item.real, item.time or "9"))
        for column in range(columns)
    ]
    height = max((sum(item.height + _BETWEEN for item in stack) for stack in stacks), default=0.0)
    for stack in stacks:
        _stack(stack, height)
    for sweep in range(_SWEEPS):
        for place in range(columns) if sweep % 2 == 0 else reversed(range(columns)):
            stack = stacks[place]
            timed = [item for item in stack if item.real and item.time]
            untimed = sorted((item for item in stack if item.real and not item.time), key=_middle)
            passing = sorted((item for item in stack if not item.real), key=_middle)
            stacks[place] = _merge([*timed, *untimed], passing)
            _stack(stacks[place], height)
    return stacks


def _middle(item: _Item) -> float:
    """The mean height of an item's neighbours."""
    return sum(one.y for one in item.near) / len(item.near) if item.near else item.y


def _merge(boxes: list[_Item], passing: list[_Item]) -> list[_Item]:
    """The boxes in their order, with the passing places let in where their neighbours are."""
    merged: list[_Item] = []
    rest = list(passing)
    for box in boxes:
        while rest and _middle(rest[0]) < box.y:
            merged.append(rest.pop(0))
        merged.append(box)
    return merged + rest


def _stack(stack: Sequence[_Item], height: float) -> None:
    """Give each item its middle, with what is left of the height spread between them."""
    used = sum(item.height + _BETWEEN for item in stack)
    extra = min((height - used) / (len(stack) + 1), 40.0) if stack else 0.0
    top = (height - used - extra * (len(stack) - 1)) / 2 if stack else 0.0
    for item in stack:
        item.y = top + (item.height + _BETWEEN) / 2
        top += item.height + _BETWEEN + extra


def _lines(lines: Sequence[Line], ways: Mapping[int, list[_Item]], left: Mapping[int, float]) -> list[Drawn]:
    """The lines, each from and to a point of its own on the side of its boxes."""
    sides: dict[tuple[Hashable, bool], list[tuple[float, int, bool]]] = defaultdict(list)
    for line in lines:
        way = ways[line.key]
        sides[way[0].key, _right(way[0], way[1])].append((way[1].y, line.key, True))
        sides[way[-1].key, _right(way[-1], way[-2])].append((way[-2].y, line.key, False))
    ends: dict[tuple[int, bool], tuple[float, float, bool, float]] = {}
    places = {item.key: item for way in ways.values() for item in way}
    for (key, right), some in sides.items():
        item = places[key]
        room = (item.height - 10) / len(some)
        for place, (_, line_key, is_start) in enumerate(sorted(some)):
            y = item.y - item.height / 2 + 5 + room * (place + 0.5) + HEAD
            ends[line_key, is_start] = (left[item.column] + (WIDE if right else 0), y, right, room)
    return [_drawn(line, ways[line.key], ends[line.key, True], ends[line.key, False], left) for line in lines]


def _right(item: _Item, other: _Item) -> bool:
    """Whether a line leaves an item to the right; within a column it bends out to the left."""
    return other.column > item.column


def _drawn(
    line: Line,
    way: Sequence[_Item],
    start: tuple[float, float, bool, float],
    end: tuple[float, float, bool, float],
    left: Mapping[int, float],
) -> Drawn:
    x, y, right, room = start
    parts = [f"M{x:.0f},{y:.1f}"]
    if way[0].column == way[-1].column:
        bend = min(20 + abs(end[1] - y) / 12, 50)
        parts.append(f"C{x - bend:.0f},{y:.1f} {end[0] - bend:.0f},{end[1]:.1f} {end[0]:.0f},{end[1]:.1f}")
    else:
        half = GAP / 2 * (1 if right else -1)
        for item in way[1:-1]:
            near, far = left[item.column] + (0 if right else WIDE), left[item.column] + (WIDE if right else 0)
            parts.append(
                f"C{x + half:.0f},{y:.1f} {near - half:.0f},{item.y + HEAD:.1f} {near:.0f},{item.y + HEAD:.1f}"
            )
            parts.append(f"H{far:.0f}")
            x, y = far, item.y + HEAD
        parts.append(f"C{x + half:.0f},{y:.1f} {end[0] - half:.0f},{end[1]:.1f} {end[0]:.0f},{end[1]:.1f}")
    return Drawn(line, "".join(parts), start[0] + (5 if right else -5), start[1] - 3, "start" if right else "end", room)
