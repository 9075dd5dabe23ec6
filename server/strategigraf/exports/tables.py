"""A table as CSV, JSON, Excel or text columns."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from typing import Any

import xlsxwriter

from strategigraf import terms
from strategigraf.catalogue import Answer, Table


def as_csv(table: Table) -> bytes:
    """RFC 4180 with one header row, UTF-8 without a byte order mark."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(table.columns)
    writer.writerows([terms.cell(value) for value in row] for row in table.rows)
    return out.getvalue().encode()


def as_json(answer: Answer, release: str) -> bytes:
    """One JSON object: query, release, parameters as bound, columns, total and items."""
    table = answer.table or Table((), ())
    body: dict[str, Any] = {
        "query": answer.query.name,
        "release": release,
        "parameters": {name: terms.plain(term) for name, term in answer.parameters.items()},
        "columns": list(table.columns),
        "total": len(table.rows),
        "items": [
            {name: terms.plain(value) for name, value in zip(table.columns, row, strict=True)} for row in table.rows
        ],
    }
    return (json.dumps(body, ensure_ascii=False, indent=1) + "\n").encode()


def as_xlsx(table: Table, title: str) -> bytes:
    """An Excel workbook with one sheet: header row fixed, filter on, numbers as numbers."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        # A fixed time, so that the same table gives the same bytes.
        book.set_properties({"title": title, "created": datetime(2026, 1, 1)})
        sheet = book.add_worksheet(title[:31])
        bold = book.add_format({"bold": True})
        sheet.write_row(0, 0, table.columns, bold)
        for number, row in enumerate(table.rows, 1):
            for place, value in enumerate(row):
                plain = terms.plain(value)
                if isinstance(plain, bool):
                    sheet.write_boolean(number, place, plain)
                elif isinstance(plain, int | float):
                    sheet.write_number(number, place, plain)
                elif plain is not None:
                    sheet.write_string(number, place, str(plain))
        sheet.freeze_panes(1, 0)
        if table.columns:
            sheet.autofilter(0, 0, len(table.rows), len(table.columns) - 1)
            sheet.autofit(400)
    return out.getvalue()


def as_text(table: Table, width: int = 0) -> str:
    """Aligned columns for a terminal; cells are cut to fit where ``width`` is given."""
    rows = [list(table.columns)] + [[_short(terms.cell(value)) for value in row] for row in table.rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(table.columns))]
    if width:
        room = max(8, (width - 2 * len(widths)) // max(1, len(widths)))
        spare = sum(max(0, room - w) for w in widths)
        widths = [w if w <= room else min(w, room + spare // max(1, sum(x > room for x in widths))) for w in widths]
    lines = []
    for row in rows:
        cells = [_cut(value, size).ljust(size) for value, size in zip(row, widths, strict=True)]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "  ".join("-" * size for size in widths))
    return "\n".join(lines) + "\n"


def _short(text: str) -> str:
    base = "https://w3id.org/strategigraf/id/"
    return text.removeprefix(base) if text.startswith(base) else " ".join(text.split())


def _cut(text: str, size: int) -> str:
    return text if len(text) <= size else text[: max(1, size - 1)] + "…"
