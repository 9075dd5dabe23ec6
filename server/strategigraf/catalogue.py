"""The public queries: each file in ``queries`` is a page, an operation of the API and a command."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pyoxigraph import BlankNode, Literal, NamedNode, QuerySolutions, QueryTriples, Triple

from strategigraf import header, terms
from strategigraf.errors import BadParameter, NotFound
from strategigraf.header import Header
from strategigraf.names import Names
from strategigraf.sources import Sources
from strategigraf.store import Reader
from strategigraf.text import Text

_UNDEF = r"VALUES \?_{name} \{{ UNDEF \}}"


@dataclass(frozen=True)
class Query:
    """One public query."""

    name: str
    header: Header
    text: str
    report: bool = False

    @property
    def is_graph(self) -> bool:
        """Whether the answer is a graph (CONSTRUCT) and not a table (SELECT)."""
        return bool(re.search(r"^CONSTRUCT\b", self.text, re.MULTILINE))

    @property
    def has_day(self) -> bool:
        """Whether the answer depends on which day it is."""
        return any(parameter.name == "on" for parameter in self.header.parameters)

    def bind(self, values: Mapping[str, NamedNode | Literal]) -> str:
        """The text with each parameter's ``UNDEF`` replaced by a term (SPARQL 1.1, section 10.2)."""
        text = self.text
        for name, term in values.items():
            written = f"VALUES ?_{name} {{ {terms.sparql(term)} }}"
            text = written.join(re.split(_UNDEF.format(name=name), text))
        return text


@dataclass(frozen=True)
class Table:
    """The answer of a SELECT: column names and rows of terms, None where a cell is unbound."""

    columns: tuple[str, ...]
    rows: tuple[tuple[NamedNode | BlankNode | Literal | Triple | None, ...], ...]

    def dicts(self) -> list[dict[str, str]]:
        """The rows as plain text by column."""
        return [{name: terms.cell(value) for name, value in zip(self.columns, row, strict=True)} for row in self.rows]


@dataclass(frozen=True)
class Answer:
    """What a query gave: the text that ran, the parameters as bound, and a table or triples."""

    query: Query
    text: str
    parameters: dict[str, NamedNode | Literal]
    table: Table | None = None
    triples: tuple[Triple, ...] = ()


class Catalogue:
    """The public queries and reports by name."""

    def __init__(self, sources: Sources) -> None:
        self.queries: dict[str, Query] = {}
        for folder, report in (("", False), ("reports", True)):
            for name, text in sources.queries(folder):
                head, body = header.read(text, f"queries/{folder}{'/' if folder else ''}{name}.rq")
                self.queries[name] = Query(name, head, body, report)
        #: Worked examples of SPARQL for strangers, in the order of their names; they are no operations of the API.
        self.examples = tuple(
            Query(name, *header.read(text, f"queries/examples/{name}.rq")) for name, text in sources.queries("examples")
        )

    def get(self, name: str) -> Query:
        """The query of a name; NotFound with near names otherwise."""
        query = self.queries.get(name)
        if query is None:
            near = ", ".join(difflib.get_close_matches(name, self.queries, 3, 0.4)) or "/queries/"
            raise NotFound(
                Text(
                    f"Der er ingen forespørgsel {name!r}. Prøv: {near}.",
                    f"There is no query {name!r}. Try: {near}.",
                )
            )
        return query

    def parameters(
        self, query: Query, given: Mapping[str, str], names: Names, today: date
    ) -> dict[str, NamedNode | Literal]:
        """The parameters of a request as terms; ``on`` is always bound.

        Raises BadParameter for one that is unknown, missing or unreadable.
        """
        known = {parameter.name: parameter for parameter in query.header.parameters}
        for name in given:
            if name not in known:
                wanted = ", ".join(known) or "–"
                raise BadParameter(
                    Text(
                        f"{query.name} har ingen parameter {name!r}. Den har: {wanted}.",
                        f"{query.name} has no parameter {name!r}. It has: {wanted}.",
                    )
                )
        values: dict[str, NamedNode | Literal] = {}
        for name, parameter in known.items():
            value = given.get(name, "").strip() or (parameter.default or "")
            if value:
                values[name] = names.resolve(parameter, value)
            elif parameter.type == "date":
                values[name] = terms.day(today)
            elif parameter.required:
                raise BadParameter(
                    Text(
                        f"{query.name} mangler parameteren {name} ({parameter.label.da}).",
                        f"{query.name} lacks the parameter {name} ({parameter.label.en}).",
                    )
                )
        return values

    def run(self, name: str, given: Mapping[str, str], store: Reader, names: Names, today: date) -> Answer:
        """Run a query with parameters as text.

        Raises NotFound for an unknown query and BadParameter for a parameter that cannot be used.
        """
        query = self.get(name)
        values = self.parameters(query, given, names, today)
        text = query.bind(values)
        result = store.query(text)
        if isinstance(result, QueryTriples):
            return Answer(query, text, values, triples=tuple(result))
        assert isinstance(result, QuerySolutions)
        columns = tuple(variable.value for variable in result.variables)
        rows = tuple(tuple(solution[column] for column in columns) for solution in result)
        return Answer(query, text, values, table=Table(columns, rows))
