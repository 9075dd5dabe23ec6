"""The tables of classes as CSV with metadata by the W3C's "Metadata Vocabulary for Tabular Data" (CSVW).

By the metadata a converter (W3C "Generating RDF from Tabular Data on the Web", minimal mode) makes from the files the
very triples that the tables are made of.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from strategigraf.exports.classes import IRI, ClassTable, Column
from strategigraf.ns import VOCABULARIES
from strategigraf.text import Text

METADATA = "csv-metadata.json"
LICENCE = "https://creativecommons.org/licenses/by/4.0/"
#: What stands between the values of one cell: the first that is in none of them.
_SEPARATORS = ("|", "¦", "␟")


def separator(column: Column, table: ClassTable) -> str:
    """What stands between several values of a cell; ValueError where every candidate stands in some value."""
    values = [value for row in table.rows for value in row[column.name]]
    for one in _SEPARATORS:
        if not any(one in value for value in values):
            return one
    raise ValueError(f"no separator for {table.name}.{column.name}")


def as_csv(table: ClassTable) -> bytes:
    """A table as CSV (RFC 4180), UTF-8, the columns' names in the first row; an empty cell says nothing."""
    between = {column.name: separator(column, table) for column in table.columns if column.many}
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([column.name for column in table.columns])
    for row in table.rows:
        writer.writerow([between.get(column.name, "").join(row[column.name]) for column in table.columns])
    return out.getvalue().encode()


def metadata(tables: Sequence[ClassTable], title: Text, about: Text, release: str) -> bytes:
    """The metadata of all tables, which lie beside it as ``{name}.csv``."""
    content = {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "da"}],
        "dc:title": _natural(title),
        "dc:description": _natural(about),
        "dc:license": {"@id": LICENCE},
        "dcat:version": release,
        "tables": [_table(table, {one.name: one for one in tables}) for table in tables],
    }
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def _table(table: ClassTable, known: dict[str, ClassTable]) -> dict[str, Any]:
    described: dict[str, Any] = {"url": f"{table.name}.csv", "dc:title": _natural(table.title)}
    if table.about.da:
        described["dc:description"] = _natural(table.about)
    described["tableSchema"] = {
        "aboutUrl": "{+id}",
        "columns": [_column(column, table) for column in table.columns],
        "primaryKey": "id",
        "foreignKeys": [
            {
                "columnReference": column.name,
                "reference": {"resource": f"{column.target}.csv", "columnReference": "id"},
            }
            # A key in a cell of several values is not one that the standard knows.
            for column in table.columns
            if column.target in known and not column.many and not column.repeats
        ],
    }
    return described


def _column(column: Column, table: ClassTable) -> dict[str, Any]:
    # The header row has the name, in no language.
    described: dict[str, Any] = {
        "name": column.name,
        "titles": {"und": column.name, "da": column.title.da, "en": column.title.en},
        "datatype": column.datatype
        if column.datatype in _BUILT_IN
        else {"base": "string", "@id": _datatype(column.datatype)},
    }
    if column.name == "id":
        return described | {"required": True, "suppressOutput": True}
    if column.language:
        described["lang"] = column.language
    if column.many:
        described["separator"] = separator(column, table)
    if column.repeats:
        return described | {"suppressOutput": True}
    described["propertyUrl"] = column.property
    if column.datatype == IRI:
        described["valueUrl"] = f"{{+{column.name}}}"
    return described


#: Datatypes that CSVW knows by their local names, of those that are used here.
_BUILT_IN = {"string", "integer", "decimal", "double", "boolean", "date", "dateTime", "gYear", "gYearMonth", IRI}


def _datatype(local: str) -> str:
    """The IRI of a datatype that CSVW has no name for."""
    return VOCABULARIES["geo"] + local if local == "wktLiteral" else VOCABULARIES["xsd"] + local


def _natural(text: Text) -> list[dict[str, str]]:
    return [{"@value": text.da, "@language": "da"}, {"@value": text.en, "@language": "en"}]
