"""The time axis: where a day stands on it, and how long a bar is, in per cent of its width."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from strategigraf.web.spans import Span


@dataclass(frozen=True)
class Bar:
    """A bar from ``x``, ``width`` wide, both in per cent; an end that no source states is open."""

    x: float
    width: float
    open_start: bool
    open_end: bool


@dataclass(frozen=True)
class Axis:
    """The years from the first to the last, both whole."""

    first: int
    last: int

    @property
    def days(self) -> int:
        """Its length in days."""
        return (date(self.last + 1, 1, 1) - date(self.first, 1, 1)).days

    def at(self, day: date) -> float:
        """Where a day begins, in per cent; below 0 and above 100 for one that is outside."""
        return round((day - date(self.first, 1, 1)).days * 100 / self.days, 2)

    def place(self, day: str) -> float | None:
        """Where a day stands, None where it is not on the axis."""
        where = self.at(date.fromisoformat(day))
        return where if 0 <= where <= 100 else None

    def bar(self, span: Span) -> Bar:
        """The bar of a strategy that has a first or a last day; an open end runs to the end of the axis."""
        start = self.at(date.fromisoformat(span.start)) if span.start else 0.0
        # The last day is included: the bar ends where the next day begins.
        end = self.at(date.fromordinal(date.fromisoformat(span.end).toordinal() + 1)) if span.end else 100.0
        return Bar(start, round(max(end - start, 0.3), 2), not span.start, not span.end)

    def years(self, step: int = 1) -> list[tuple[int, float]]:
        """Every year, or every so many years, with where it begins."""
        return [(year, self.at(date(year, 1, 1))) for year in range(self.first, self.last + 1) if year % step == 0]


def of(some: Iterable[Span]) -> Axis:
    """An axis that holds every stated day; the years of the dates alone decide, so it is the same on every day."""
    days = [day for span in some for day in (span.start, span.end) if day]
    years = [int(day[:4]) for day in days] or [2000]
    return Axis(min(years), max(years))
