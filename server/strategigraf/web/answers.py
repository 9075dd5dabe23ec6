"""The answer of a public query as a page shows it: columns, order, parts, and cells with links and words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from pyoxigraph import Literal, NamedNode

from strategigraf import describe, ns, terms
from strategigraf.catalogue import Table
from strategigraf.errors import BadParameter, NotFound
from strategigraf.text import Text
from strategigraf.web import render, site

#: Rows on one part of an answer.
ROWS = 100
#: Columns of IRIs whose labels stand in a column that is not called ``…_label``.
LABELS = {
    "municipality": "name", "strategy": "title", "document": "document_title",
    "step_from": "from_label", "step_to": "to_label",
}  # fmt: skip
#: Columns whose values are codes, told in the words of the page's language.
CODED = frozenset(
    (
        "relation", "status", "own_reading", "corpus", "level", "basis", "in_force", "way", "kind", "confidence",
        "origin", "precision", "period_kind", "operator", "what",
    )
)  # fmt: skip
_XSD = ns.VOCABULARIES["xsd"]
_NUMBERS = frozenset(_XSD + name for name in ("integer", "decimal", "double", "float", "nonNegativeInteger"))
#: The Danish alphabet ends in æ, ø, å, and aa sorts as å.
_DANISH = str.maketrans({"æ": "{", "ø": "|", "å": "}", "ä": "{", "ö": "|", "é": "e", "ü": "y"})

Cells = list[terms.Term | None]


@dataclass(frozen=True)
class Shown:
    """One part of an answer: ``empty`` are the columns that no row of the whole answer fills, which are left out."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    empty: tuple[str, ...]
    total: int
    first: int
    part: int
    parts: int


def ordered(table: Table, by: str) -> Table:
    """The table in the order of a column, backwards where ``by`` begins with a hyphen; cells without a value come last.

    A column of IRIs is ordered by their names. Raises BadParameter for a column that the table does not have.
    """
    if not by:
        return table
    column = by.removeprefix("-")
    if column not in table.columns:
        raise BadParameter(
            Text(
                f"_sort: svaret har ingen kolonne {column[:80]!r}. Vælg: {', '.join(table.columns)}.",
                f"_sort: the answer has no column {column[:80]!r}. Choose: {', '.join(table.columns)}.",
            )
        )
    place = table.columns.index(column)
    names = _names(row[place] for row in table.rows)
    filled = [row for row in table.rows if row[place] is not None]
    bare = [row for row in table.rows if row[place] is None]
    filled.sort(key=lambda row: _key(column, row[place], names), reverse=by.startswith("-"))
    return Table(table.columns, tuple(filled + bare))


def shown(table: Table, part: int = 1) -> Shown:
    """A part of an answer for a page; NotFound for a part that it does not have.

    A column of IRIs and the column of their labels become one column of links, under the name of the labels' column;
    the files keep both.
    """
    total = len(table.rows)
    parts = max(1, -(-total // ROWS))
    if part > parts:
        raise NotFound(
            Text(f"Svaret har {parts} sider, så side {part} findes ikke.",
                 f"The answer has {parts} pages, so there is no page {part}.")
        )  # fmt: skip
    names = list(table.columns)
    pairs = {one: LABELS.get(one, f"{one}_label") for one in names}
    pairs = {one: other for one, other in pairs.items() if other in names}
    if "label" in names and "label" not in pairs.values() and (owner := _labelled(table, pairs)):
        pairs[owner] = "label"
    place = {name: names.index(min(name, pairs.get(name, name), key=names.index)) for name in names}
    kept = sorted((name for name in names if name not in pairs.values()), key=place.__getitem__)
    where = {name: number for number, name in enumerate(names)}

    def value(row: tuple[terms.Term | None, ...], name: str) -> terms.Term | None:
        own = row[where[name]]
        return row[where[pairs[name]]] if own is None and name in pairs else own

    filled = [name for name in kept if not total or any(value(row, name) is not None for row in table.rows)]
    first = (part - 1) * ROWS
    found = [[value(row, name) for name in filled] for row in table.rows[first : first + ROWS]]
    labels = _labels(one for row in found for one in row)
    rows = tuple(tuple(cell(name, one, labels) for name, one in zip(filled, row, strict=True)) for row in found)
    head = {name: pairs.get(name, name) for name in kept}
    return Shown(
        tuple(head[name] for name in filled), rows, tuple(head[name] for name in kept if name not in filled),
        total, first + 1, part, parts,
    )  # fmt: skip


def cell(column: str, term: terms.Term | None, labels: Mapping[str, describe.Label] | None = None) -> Any:
    """A cell of a table: links with labels, codes in words, and a dash where nothing is stated."""
    if term is None:
        return "–"
    if column.startswith("evidence_phrase"):
        return Markup('<q lang="da" class="phrase">{}</q>').format(terms.cell(term))
    if column == "reason":
        return render.official(terms.cell(term))
    if isinstance(term, NamedNode):
        return site.link(term.value, (labels or {}).get(term.value))
    if isinstance(term, Literal) and not term.language and term.datatype.value.endswith("#string"):
        return _coded(column, term.value) if column in CODED else term.value
    return render.value(term) if isinstance(term, Literal) else str(term)


def danish(text: str) -> str:
    """What a text is ordered by in Danish: æ, ø and å last, and aa as å."""
    return text.casefold().replace("aa", "å").translate(_DANISH)


def _coded(column: str, code: str) -> str:
    return render.coded("status" if column == "way" else column, code)


def _key(column: str, term: terms.Term | None, names: Mapping[str, str]) -> tuple[int, float, str]:
    """What a cell is ordered by: a number as such, all else as the text that is shown."""
    if isinstance(term, NamedNode):
        return 1, 0.0, danish(names.get(term.value, term.value))
    if isinstance(term, Literal):
        if term.datatype.value in _NUMBERS:
            try:
                return 0, float(term.value), ""
            except ValueError:
                return 1, 0.0, term.value
        text = _coded(column, term.value) if column in CODED else term.value
        return 1, 0.0, danish(text)
    return 1, 0.0, terms.cell(term)


def _names(some: Iterable[terms.Term | None]) -> dict[str, str]:
    iris = {one.value for one in some if isinstance(one, NamedNode)}
    return {iri: site.plain_name(iri) for iri in iris if ns.split(iri)}


def _labels(some: Iterable[terms.Term | None]) -> dict[str, describe.Label]:
    """The labels of the IRIs that are no things by themselves, read at once and not one by one."""
    known = site.service().names.things
    iris = {one.value for one in some if isinstance(one, NamedNode) and one.value not in known}
    return describe.labels(site.service().store, iris) if iris else {}


def _labelled(table: Table, pairs: Mapping[str, str]) -> str | None:
    """The column of IRIs that a column ``label`` names: the nearest before it that has no label yet, else ``item``."""
    names = list(table.columns)
    before = [name for name in names[: names.index("label")] if name not in pairs]
    for name in (*reversed(before), "item"):
        if name in names and any(isinstance(row[names.index(name)], NamedNode) for row in table.rows):
            return name
    return None
