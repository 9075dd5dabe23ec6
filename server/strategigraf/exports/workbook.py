"""The tables of classes as one Excel workbook: a sheet that tells what there is, one of the columns, one a class."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import xlsxwriter

from strategigraf.exports.classes import ClassTable, Column
from strategigraf.exports.csvw import LICENCE
from strategigraf.text import Text

#: What Excel takes in one cell and in one sheet; a text that is longer ends with three dots.
MOST_SIGNS, MOST_ROWS = 32_767, 1_048_575
README, COLUMNS = "Læs mig", "Kolonner"
_BETWEEN = "; "
_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")


def sheet_names(tables: Sequence[ClassTable]) -> dict[str, str]:
    """The sheet of each table: the Danish title of its class, or the table's name where that would not do."""
    titles = [table.title.da for table in tables]
    return {
        table.name: table.title.da
        if len(table.title.da) <= 31 and not _FORBIDDEN.search(table.title.da) and titles.count(table.title.da) == 1
        else table.name[:31]
        for table in tables
    }


def workbook(tables: Sequence[ClassTable], title: Text, about: Text, release: str) -> bytes:
    """The workbook; ValueError where a class has more things than a sheet has rows."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        # A fixed time, so that the same tables give the same bytes.
        book.set_properties({"title": f"{title.da} {release}", "created": datetime(2026, 1, 1)})
        bold, wrap = book.add_format({"bold": True, "valign": "top"}), book.add_format({"text_wrap": True})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        names = sheet_names(tables)
        first = book.add_worksheet(README)
        lines = _about(title, about, release)
        for number, line in enumerate(lines):
            first.write_string(number, 0, line, bold if not number else wrap)
        head = ("Ark", "Class", "Rækker / rows", "Hvad det er", "What it is", "IRI")
        first.write_row(len(lines) + 1, 0, head, bold)
        for number, table in enumerate(tables, len(lines) + 2):
            first.write_url(number, 0, f"internal:'{names[table.name]}'!A1", string=names[table.name])
            first.write_row(number, 1, (table.title.en, len(table.rows), table.about.da, table.about.en, table.iri))
        for place, width in enumerate((60, 26, 14, 60, 60, 60)):
            first.set_column(place, place, width)
        _columns(book.add_worksheet(COLUMNS), tables, names, bold)
        for table in tables:
            _sheet(book.add_worksheet(names[table.name]), table, bold, day)
    return out.getvalue()


def _about(title: Text, about: Text, release: str) -> list[str]:
    return [
        f"{title.da}, udgivelse {release} / {title.en}, release {release}",
        about.da,
        about.en,
        "Hvert ark er en klasse, hver række en ting. Flere værdier i en celle er delt af semikolon.",
        "Each sheet is a class, each row a thing. Several values in a cell are divided by semicolons.",
        "»Ingen evidens« betyder ikke, at noget ikke følges. / “No evidence found” does not mean “not followed”.",
        f"Licens / licence: CC-BY-4.0, {LICENCE}",
    ]


def _columns(sheet: Any, tables: Sequence[ClassTable], names: dict[str, str], bold: Any) -> None:
    head = ("Ark", "Kolonne", "Column", "Navn i CSV og Parquet", "Datatype", "Egenskab / property")
    sheet.write_row(0, 0, head, bold)
    number = 0
    for table in tables:
        for column in table.columns:
            number += 1
            row = (names[table.name], column.title.da, column.title.en, column.name, column.datatype, column.property)
            sheet.write_row(number, 0, row)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, number, 5)
    for place, width in enumerate((26, 34, 34, 26, 12, 60)):
        sheet.set_column(place, place, width)


def _sheet(sheet: Any, table: ClassTable, bold: Any, day: Any) -> None:
    if len(table.rows) > MOST_ROWS:
        raise ValueError(f"{table.name} has more rows than a sheet")
    sheet.write_row(0, 0, [column.title.da for column in table.columns], bold)
    for number, row in enumerate(table.rows, 1):
        for place, column in enumerate(table.columns):
            if values := row[column.name]:
                _write(sheet, number, place, column, values, day)
    sheet.freeze_panes(1, 2)
    sheet.autofilter(0, 0, len(table.rows), len(table.columns) - 1)
    for place, column in enumerate(table.columns):
        longest = max((len(_BETWEEN.join(row[column.name])) for row in table.rows), default=0)
        sheet.set_column(place, place, min(60, max(10, len(column.title.da) + 4, min(longest + 2, 40))))


def _write(sheet: Any, row: int, place: int, column: Column, values: tuple[str, ...], day: Any) -> None:
    """One cell: a number, a truth value or a day as such, everything else as text."""
    text = values[0]
    if len(values) == 1 and column.datatype in ("integer", "gYear") and re.fullmatch(r"-?\d{1,15}", text):
        sheet.write_number(row, place, int(text))
    elif len(values) == 1 and column.datatype == "boolean":
        sheet.write_boolean(row, place, text in ("true", "1"))
    elif len(values) == 1 and column.datatype == "date" and text >= "1900-03-01" and re.fullmatch(r"[\d-]{10}", text):
        sheet.write_datetime(row, place, date.fromisoformat(text), day)
    else:
        text = _BETWEEN.join(values)
        sheet.write_string(row, place, text if len(text) <= MOST_SIGNS else text[: MOST_SIGNS - 1] + "…")
