"""Quality and gaps: the reports with their counts, how sure the evidence is, and what rests on what."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from strategigraf.catalogue import Catalogue, Query
from strategigraf.terms import Term, cell
from strategigraf.web import site
from strategigraf.web.answers import cell as shown

#: The codes of the statuses, the highest first.
CODES = ("committed", "acting", "deviates", "implied", "silent", "not-assessed")
#: Municipalities × frameworks by status and by how much of the municipality's own documents has been read.
_STATUSES = """SELECT ?framework ?status ?reading (COUNT(*) AS ?count) WHERE {
  ?adoption sg:framework ?framework ; sg:status ?status ; sg:ownReading ?reading
} GROUP BY ?framework ?status ?reading"""
_EVIDENCE = """SELECT ?kind ?confidence (COUNT(*) AS ?count) WHERE {
  VALUES ?kind { sg:TextEvidence sg:CitedEvidence }
  ?piece a ?kind . OPTIONAL { ?piece sg:confidence ?confidence }
} GROUP BY ?kind ?confidence ORDER BY DESC(?kind) ?confidence"""
_UNDATED = """SELECT ?corpus (COUNT(*) AS ?all) (COUNT(?issued) AS ?dated) WHERE {
  ?document a sg:SourceDocument ; sg:corpus ?corpus . OPTIONAL { ?document dct:issued ?issued }
} GROUP BY ?corpus ORDER BY DESC(?corpus)"""
#: A report counts over the whole graph, and gives the same all the life of a release.
_COUNTED: WeakKeyDictionary[Catalogue, dict[str, tuple[int, Counter[Term]]]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Report:
    """One report: its query, how many rows it has, and how many of each kind where it tells kinds apart."""

    query: Query
    count: int
    kinds: tuple[tuple[Any, int], ...]


def reports() -> tuple[list[Report], list[Report]]:
    """The reports with their counts: those of disagreements between sources, and those of gaps."""
    service = site.service()
    counted = _COUNTED.get(service.catalogue)
    if counted is None:
        counted = _COUNTED[service.catalogue] = {
            query.name: _count(query.name) for query in service.catalogue.queries.values() if query.report
        }
    found: tuple[list[Report], list[Report]] = ([], [])
    for name, (count, kinds) in sorted(counted.items()):
        query = service.catalogue.queries[name]
        told = tuple((shown("kind", kind), number) for kind, number in kinds.most_common())
        found["disagreement" not in query.header.tags].append(Report(query, count, told))
    return found


def statuses() -> list[dict[str, Any]]:
    """For each framework that can be adopted: how many municipalities rest on an own document, and how many do not."""
    found: dict[str, Counter[str]] = {}
    for row in site.service().store.select(_STATUSES):
        counts = found.setdefault(cell(row["framework"]), Counter())
        status = cell(row["status"]).rpartition("concept/status-")[2]
        counts[status] += int(cell(row["count"]))
    return [{"iri": iri, "counts": counts} for iri, counts in sorted(found.items())]


def evidence() -> list[dict[str, str]]:
    """The places by kind of evidence, and those of pages only seen by how sure they are."""
    return [{name: cell(term) for name, term in row.items()} for row in site.service().store.select(_EVIDENCE)]


def dated() -> list[dict[str, str]]:
    """The documents of each corpus, and how many of them have a date of issue."""
    return [{name: cell(term) for name, term in row.items()} for row in site.service().store.select(_UNDATED)]


def _count(name: str) -> tuple[int, Counter[Term]]:
    """The rows of a report, and those of each kind where it tells kinds apart."""
    table = site.service().answer(name, {}, site.today()).table
    if table is None:
        return 0, Counter()
    place = table.columns.index("kind") if "kind" in table.columns else -1
    kinds: Counter[Term] = Counter()
    for row in table.rows if place >= 0 else ():
        if (kind := row[place]) is not None:
            kinds[kind] += 1
    return len(table.rows), kinds
