"""A small time line of some strategies: what ``parts.html`` draws, with the axis of the large one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from strategigraf.web import axis, site
from strategigraf.web.spans import Span, Status

#: The drawing, in its own units: its width, the height of a line, and the room above for the years.
WIDTH, LINE, HEAD = 900, 40, 26


@dataclass(frozen=True)
class Line:
    """One strategy: where its bar lies (none where no source states a period)."""

    iri: str
    status: Status
    top: int
    x: float
    width: float
    dated: bool
    open_start: bool
    open_end: bool


@dataclass(frozen=True)
class Lifeline:
    """The whole drawing; places along it are in its units."""

    lines: tuple[Line, ...]
    years: tuple[tuple[int, float], ...]
    today: float
    width: int
    height: int


def draw(some: Sequence[Span]) -> Lifeline | None:
    """The drawing of strategies; None where not one of them has a stated first or last day."""
    if not any(span.dated for span in some):
        return None
    day = site.today()
    base = axis.of(some)
    scale = axis.Axis(min(base.first, day.year), max(base.last, day.year))
    unit = WIDTH / 100
    lines = []
    for place, span in enumerate(some):
        top = HEAD + place * LINE
        if span.dated:
            bar = scale.bar(span)
            x, width = round(bar.x * unit, 1), round(bar.width * unit, 1)
            line = Line(span.iri, span.status(day.isoformat()), top, x, width, True, not span.start, not span.end)
        else:
            line = Line(span.iri, "unknown", top, 0, WIDTH, False, True, True)
        lines.append(line)
    step = 1 if scale.last - scale.first < 15 else 5
    years = tuple((year, round(x * unit, 1)) for year, x in scale.years(step))
    return Lifeline(tuple(lines), years, round(scale.at(day) * unit, 1), WIDTH, HEAD + len(lines) * LINE + 8)
