"""Tables in Markdown, and the places in a document that they are written to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

#: Where the figures stand.
PERFORMANCE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table; every column but the first is set to the right. Raises ValueError where a row has other columns."""
    for row in rows:
        if len(row) != len(head):
            raise ValueError(f"the table has {len(head)} columns, but a row has {len(row)}: {row}")
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def number(value: float) -> str:
    """A figure with three digits that count, and commas between thousands; a dash for what is not there."""
    if math.isnan(value):
        return "–"
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}"


def megabytes(size: float) -> str:
    """Bytes as megabytes (10⁶)."""
    return number(size / 1e6)


def fill(path: Path, mark: str, text: str) -> None:
    """Put a text between ``<!-- mark:begin -->`` and ``<!-- mark:end -->``; ValueError where they are not there."""
    begin, end = f"<!-- {mark}:begin -->\n", f"<!-- {mark}:end -->"
    old = path.read_text(encoding="utf-8")
    if old.count(begin) != 1 or old.count(end) != 1 or old.index(begin) > old.index(end):
        raise ValueError(f"{path} must have the lines {begin.strip()} and {end}, once and in that order")
    head, _, rest = old.partition(begin)
    _, _, tail = rest.partition(end)
    path.write_text(f"{head}{begin}{text.rstrip()}\n{end}{tail}", encoding="utf-8")
