"""The tables of classes as Parquet, for notebooks; needs pyarrow, of the extra ``exports``."""

from __future__ import annotations

import importlib.util
import io
import re
from collections.abc import Callable
from datetime import date
from typing import Any

from strategigraf.exports.classes import ClassTable, Column


def available() -> bool:
    """Whether pyarrow is installed."""
    return importlib.util.find_spec("pyarrow") is not None


def as_parquet(table: ClassTable) -> bytes:
    """A table as a Parquet file, zstd inside.

    Whole numbers and years are 64-bit integers, days dates, truth values booleans, all else text; several values are a
    list. The Danish and English title, the property and the language of a column stand in its field's metadata.
    """
    import pyarrow
    from pyarrow import parquet

    fields, arrays = [], []
    for column in table.columns:
        kind, read = _kind(column, table, pyarrow)
        cells = [row[column.name] for row in table.rows]
        if column.many:
            kind = pyarrow.list_(kind)
            arrays.append(pyarrow.array([[read(one) for one in cell] for cell in cells], kind))
        else:
            arrays.append(pyarrow.array([read(cell[0]) if cell else None for cell in cells], kind))
        about = {"title_da": column.title.da, "title_en": column.title.en, "property": column.property,
                 "language": column.language}  # fmt: skip
        fields.append(pyarrow.field(column.name, kind, column.name != "id", {k: v for k, v in about.items() if v}))
    schema = pyarrow.schema(fields, {"class": table.iri, "title_da": table.title.da, "title_en": table.title.en})
    out = io.BytesIO()
    parquet.write_table(pyarrow.table(arrays, schema=schema), out, compression="zstd")
    return out.getvalue()


def _kind(column: Column, table: ClassTable, pyarrow: Any) -> tuple[Any, Callable[[str], Any]]:
    """The type of a column and the reading of its values; text where some value is not plain enough for another."""
    values = [value for row in table.rows for value in row[column.name]]

    def all_are(pattern: str) -> bool:
        return all(re.fullmatch(pattern, value) for value in values)

    if column.datatype in ("integer", "gYear") and all_are(r"-?\d{1,18}"):
        return pyarrow.int64(), int
    if column.datatype == "boolean":
        return pyarrow.bool_(), lambda text: text in ("true", "1")
    if column.datatype == "date" and all_are(r"\d{4}-\d{2}-\d{2}"):
        return pyarrow.date32(), date.fromisoformat
    return pyarrow.string(), str
