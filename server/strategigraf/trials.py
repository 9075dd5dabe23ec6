"""Trials of query files: the checks, which must give no rows, and the public queries, which must run."""

from __future__ import annotations

import re
from datetime import date

from pyoxigraph import Literal, NamedNode, QuerySolutions

from strategigraf import header
from strategigraf.catalogue import Query
from strategigraf.errors import BadParameter, BadQuery, Finding, Severity, StrategigrafError
from strategigraf.header import Parameter
from strategigraf.names import Names
from strategigraf.ns import shorten
from strategigraf.sources import Sources, finding
from strategigraf.store import GraphStore
from strategigraf.terms import cell, day
from strategigraf.text import Text

_SOME_DAY = date(2020, 1, 1)
_PLACE = re.compile(r"at line (\d+)")


def run_checks(sources: Sources, store: GraphStore, after: bool) -> list[Finding]:
    """What ``queries/checks`` find: those tagged ``after-rules``, or the others.

    A row's columns ``graph``, ``subject`` and ``predicate`` give the place; all columns may stand
    in the wording. A check that does not run is itself a finding.
    """
    findings: list[Finding] = []
    for name, text in sources.queries("checks"):
        place = f"queries/checks/{name}.rq"
        try:
            head, query = header.read(text, place)
            if ("after-rules" in head.tags) != after:
                continue
            result = store.query(query)
        except StrategigrafError as error:
            findings.append(broken(place, text, error))
            continue
        if not isinstance(result, QuerySolutions):
            findings.append(_fault(place, 1, "ikke en SELECT", "not a SELECT"))
            continue
        columns = [variable.value for variable in result.variables]
        for solution in result:
            row = {column: cell(solution[column]) for column in columns}
            short = {column: shorten(value) for column, value in row.items()}
            subject = row.get("subject", "")
            file = sources.by_graph(row.get("graph", ""), subject)
            what, mend = head.summary.format(**short), (head.mend or Text("", "")).format(**short)
            severity: Severity = "warning" if head.severity == "warning" else "violation"
            if file is None:
                findings.append(Finding("data/ttl", 1, head.code, severity, what, mend, subject))
            else:
                findings.append(finding(file, head.code, severity, what, mend, subject, row.get("predicate") or None))
    return findings


def run_public(sources: Sources, store: GraphStore) -> list[Finding]:
    """Public queries and reports that do not run or give the columns of their header; examples without an answer."""
    names = Names(store)
    findings: list[Finding] = []
    for folder in ("", "reports", "examples"):
        for name, text in sources.queries(folder):
            place = f"queries/{folder}/{name}.rq".replace("//", "/")
            try:
                head, body = header.read(text, place)
                query = Query(name, head, body, folder == "reports")
                values = {p.name: _some(p, names, place) for p in head.parameters}
                result = store.query(query.bind({name: term for name, term in values.items() if term is not None}))
            except StrategigrafError as error:
                findings.append(broken(place, text, error))
                continue
            if folder == "examples":
                if isinstance(result, QuerySolutions) and next(iter(result), None) is None:
                    findings.append(_fault(place, 1, "eksemplet giver ingen rækker", "the example gives no rows"))
            elif isinstance(result, QuerySolutions):
                columns = [variable.value for variable in result.variables]
                wanted = list(head.columns or ())
                if columns != wanted:
                    findings.append(
                        _fault(
                            place, 1,
                            f"kolonnerne er {columns}, men hovedet siger {wanted}",
                            f"the columns are {columns}, but the header says {wanted}",
                        )
                    )  # fmt: skip
    return findings


def broken(place: str, text: str, error: StrategigrafError) -> Finding:
    """The finding for a query file or rule that does not run, at the line in the file."""
    match = _PLACE.search(error.message.en) if isinstance(error, BadQuery) or "line" in error.message.en else None
    lines = text.split("\n")
    above = next((n for n, line in enumerate(lines) if not line.startswith("#+")), 0)
    line = int(match[1]) + above if match and not place.startswith("ontology/rules") else int(match[1]) if match else 1
    return Finding(
        place, min(line, len(lines)), "query", "violation", error.message,
        Text("ret forespørgslen", "mend the query"),
    )  # fmt: skip


def _some(parameter: Parameter, names: Names, place: str) -> NamedNode | Literal | None:
    """A value to try a parameter with: its default, or the first thing of its type."""
    if parameter.default:
        try:
            return names.resolve(parameter, parameter.default)
        except BadParameter as error:
            error.message = Text(f"{place}: {error.message.da}", f"{place}: {error.message.en}")
            raise
    if parameter.type == "date":
        return day(_SOME_DAY)
    return next(
        (NamedNode(n.iri) for n in sorted(names.things.values(), key=lambda n: n.iri) if n.type in parameter.kinds),
        None,
    )


def _fault(place: str, line: int, da: str, en: str) -> Finding:
    return Finding(place, line, "query", "violation", Text(da, en), Text("ret forespørgslen", "mend the query"))
