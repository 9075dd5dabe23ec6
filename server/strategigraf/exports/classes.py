"""The things of a graph as tables, one a class: what spreadsheets, CSV and Parquet files are made from.

A thing stands in one table, that of its narrowest class. Its columns are the properties that the things of the class
have, a text once a language. Values of different datatypes stand in columns of their own, so a column has one type.
Beside a link stands the label of what it leads to, and beside a link to a part of the thing itself, such as its
period, what that part says; such a column repeats what another table holds.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pyoxigraph import Literal, NamedNode, Triple

from strategigraf.describe import BORROWED
from strategigraf.exports.jsonld import Context
from strategigraf.ns import ID, RDF_TYPE, SG, expand, shorten
from strategigraf.terms import Term, cell
from strategigraf.text import Text

IRI = "anyURI"
TEXT = "string"
_LABEL, _COMMENT = expand("rdfs:label"), expand("skos:definition")
_LANGUAGES = {"da": Text("dansk", "Danish"), "en": Text("engelsk", "English")}
_TYPE_TITLE, _ID_TITLE = Text("Klasser", "Classes"), Text("Permanent adresse (IRI)", "Permanent address (IRI)")
_NAME = Text("navn", "name")
#: Last in a table: they are long lists, or told by the table itself.
_LAST = (expand("sg:evidence"), expand("sg:evidenceFor"), expand("sg:leadsTo"), RDF_TYPE.value)


@dataclass(frozen=True)
class Column:
    """A column: its name, its titles, the property it tells, and the kind of its values.

    ``datatype``: the local name of an XSD datatype, ``anyURI`` for links. ``language``: of its texts. ``many``: whether
    a thing may have several values. ``target``: the table that all its links lead to, where there is one. ``repeats``:
    whether it only repeats what stands elsewhere, for reading.
    """

    name: str
    title: Text
    property: str
    datatype: str
    language: str = ""
    many: bool = False
    target: str = ""
    repeats: bool = False


@dataclass(frozen=True)
class ClassTable:
    """The things of a class, in the order of their IRIs; ``cells`` are the values of each column, row by row."""

    name: str
    iri: str
    title: Text
    about: Text
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, tuple[str, ...]], ...]


Things = dict[str, dict[str, list[Term]]]


def tables(triples: Iterable[Triple], context: Context) -> list[ClassTable]:
    """The tables of a merge, by name; ValueError where two classes would have one name."""
    things: Things = {}
    terms: Things = {}
    for triple in triples:
        subject = cell(triple.subject)
        where = things if subject.startswith(ID) else terms
        where.setdefault(subject, {}).setdefault(triple.predicate.value, []).append(triple.object)
    wider = {iri: {cell(one) for one in said.get(expand("rdfs:subClassOf"), ())} for iri, said in terms.items()}
    home = {iri: _narrowest([cell(one) for one in said.get(RDF_TYPE.value, ())], wider) for iri, said in things.items()}
    members: dict[str, list[str]] = defaultdict(list)
    for iri, of in sorted(home.items()):
        if of:
            members[of].append(iri)
    names = {of: shorten(of).rpartition(":")[2] for of in members}
    if len(set(names.values())) < len(names):
        raise ValueError("two classes have one name")
    made = _Maker(things, terms, {iri: names[of] for iri, of in home.items() if of}, context)
    return sorted((made.table(of, names[of], some) for of, some in members.items()), key=lambda one: one.name)


def _narrowest(types: Sequence[str], wider: Mapping[str, set[str]]) -> str:
    """The class to file a thing under: one of ours that no other of its classes is narrower than, else any such."""
    covered = {above for one in types for above in wider.get(one, ())}
    left = [one for one in types if one not in covered] or list(types)
    return min(left, key=lambda one: (not one.startswith(SG), one), default="")


class _Maker:
    def __init__(self, things: Things, terms: Things, home: Mapping[str, str], context: Context) -> None:
        self._things, self._terms, self._home, self._context = things, terms, home, context

    def table(self, of: str, name: str, members: Sequence[str]) -> ClassTable:
        columns: dict[tuple[str, str, str], Column] = {}
        cells: dict[str, dict[tuple[str, str, str], list[str]]] = {}
        for iri in members:
            row = cells[iri] = defaultdict(list)
            for property_, values in self._things[iri].items():
                for value in sorted(values, key=str):
                    kind = IRI if isinstance(value, NamedNode) else TEXT
                    language = ""
                    if isinstance(value, Literal):
                        language = value.language or ""
                        kind = TEXT if language else value.datatype.value.rpartition("#")[2]
                    row[property_, kind, language].append(cell(value))
        for key in {key for row in cells.values() for key in row}:
            columns[key] = self._column(key, [row.get(key, []) for row in cells.values()])
        twice = [one for one, count in Counter(column.name for column in columns.values()).items() if count > 1]
        for key, column in columns.items():
            if column.name in twice:
                columns[key] = replace(column, name=f"{column.name}_{column.datatype}")
        ordered = sorted(columns, key=lambda key: (_LAST.index(key[0]) if key[0] in _LAST else -1,
                                                   key[0] != _LABEL, columns[key].name))  # fmt: skip
        all_columns = [Column("id", _ID_TITLE, "", IRI)]
        rows: list[dict[str, tuple[str, ...]]] = [{"id": (iri,)} for iri in members]
        for key in ordered:
            column = columns[key]
            all_columns.append(column)
            for told, iri in zip(rows, members, strict=True):
                told[column.name] = tuple(cells[iri].get(key, ()))
            if key[1] == IRI and not column.many and key[0] != RDF_TYPE.value:
                all_columns += self._beside(column, rows)
        return ClassTable(name, of, _capital(self._label(of)), self._about(of), tuple(all_columns), tuple(rows))

    def _column(self, key: tuple[str, str, str], values: Sequence[Sequence[str]]) -> Column:
        property_, kind, language = key
        name = self._context.names.get(property_) or shorten(property_).rpartition(":")[2]
        title = _capital(self._label(property_))
        if property_ == RDF_TYPE.value:
            name, title = "type", _TYPE_TITLE
        if language:
            name = f"{name}_{language}"
            tongue = _LANGUAGES.get(language, Text(language, language))
            title = Text(f"{title.da} ({tongue.da})", f"{title.en} ({tongue.en})")
        targets = {self._home.get(value, "") for some in values for value in some} if kind == IRI else set()
        return Column(
            name, title, property_, kind, language,
            many=property_ == RDF_TYPE.value or any(len(some) > 1 for some in values),
            target=targets.pop() if len(targets) == 1 else "",
        )  # fmt: skip

    def _beside(self, column: Column, rows: Sequence[dict[str, tuple[str, ...]]]) -> list[Column]:
        """The columns that tell in words where a link leads, and what the thing's own part says that it leads to."""
        ends = [row[column.name] for row in rows]
        own = all(not end or end[0].startswith(row["id"][0] + "#") for row, end in zip(rows, ends, strict=True))
        made: list[Column] = []
        if own:
            said = {
                name for end in ends if end for name, values in self._things.get(end[0], {}).items()
                if name != _LABEL and all(isinstance(one, Literal) and not one.language for one in values)
            }  # fmt: skip
            for name in sorted(said):
                kinds = {v.datatype.value for end in ends if end
                         for v in self._things.get(end[0], {}).get(name, ()) if isinstance(v, Literal)}  # fmt: skip
                kind = kinds.pop().rpartition("#")[2] if len(kinds) == 1 else TEXT
                short = self._context.names.get(name) or shorten(name).rpartition(":")[2]
                told = [self._things.get(end[0], {}).get(name, []) if end else [] for end in ends]
                new = Column(f"{column.name}_{short}", _both(column.title, self._label(name)), name, kind,
                             many=any(len(one) > 1 for one in told), repeats=True)  # fmt: skip
                for row, values in zip(rows, told, strict=True):
                    row[new.name] = tuple(sorted(map(cell, values)))
                made.append(new)
        else:
            labels = [self._label_of(end[0], "da") if end else "" for end in ends]
            if any(labels):
                new = Column(f"{column.name}_label", _both(column.title, _NAME), _LABEL, TEXT, "da", repeats=True)
                for row, label in zip(rows, labels, strict=True):
                    row[new.name] = (label,) if label else ()
                made.append(new)
        return made

    def _label_of(self, iri: str, language: str) -> str:
        said = self._things.get(iri) or self._terms.get(iri) or {}
        return min((one.value for one in said.get(_LABEL, ()) if isinstance(one, Literal) and one.language == language),
                   default="")  # fmt: skip

    def _label(self, iri: str) -> Text:
        """The label of a class or property, ours of a borrowed one, else its short name."""
        da, en = self._label_of(iri, "da"), self._label_of(iri, "en")
        if da or en:
            return Text(da or en, en or da)
        short = shorten(iri)
        return BORROWED.get(iri, Text(short, short))

    def _about(self, iri: str) -> Text:
        found = {one.language: one.value for one in self._terms.get(iri, {}).get(_COMMENT, ())
                 if isinstance(one, Literal)}  # fmt: skip
        return Text(found.get("da", ""), found.get("en", ""))


def _both(first: Text, second: Text) -> Text:
    return Text(f"{first.da}: {second.da}", f"{first.en}: {second.en}")


def _capital(text: Text) -> Text:
    return Text(text.da[:1].upper() + text.da[1:], text.en[:1].upper() + text.en[1:])
