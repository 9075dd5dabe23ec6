"""The strategies of the release with their periods, and what each period rests on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from flask import current_app

from strategigraf import describe
from strategigraf.describe import Piece
from strategigraf.ns import expand
from strategigraf.store import Reader
from strategigraf.terms import cell
from strategigraf.web import site

#: What a period rests on: the strategy's own text, another document, a list such as KL's; nothing where there is none.
Rest = Literal["text", "document", "list", ""]
Status = Literal["in-force", "expired", "upcoming", "unknown"]
#: The order in which levels are shown, from the widest.
LEVELS = ("common-public-sector", "state", "joint-municipal", "local")
STATUSES: tuple[Status, ...] = ("in-force", "upcoming", "expired", "unknown")
#: The messages that say what a period rests on, the firmest first.
RESTS: Mapping[Rest, str] = {
    "text": "timeline.rests_text",
    "document": "timeline.rests_document",
    "list": "timeline.rests_list",
}
_PERIOD = expand("dct:temporal")


@dataclass(frozen=True)
class Row:
    """A row of a list that lists the strategy: the kind of period, and the period as written ("" for none)."""

    iri: str
    kind: str
    written: str
    #: How many strategies the same row lists.
    lists: int


@dataclass(frozen=True)
class Span:
    """A strategy on the time line; days are ``YYYY-MM-DD``, both inclusive, "" where no source states one."""

    iri: str
    level: str
    form: str
    publishers: tuple[str, ...]
    start: str
    end: str
    rests: Rest
    #: The places that attest the period; where there is no period, those that the strategy is known from.
    pieces: tuple[Piece, ...]
    rows: tuple[Row, ...]
    #: The first day of approval that a source states.
    approved: str
    #: The day on which a source of the strategy was last read or seen.
    looked_at: str

    @property
    def dated(self) -> bool:
        """Whether a source states a first or a last day."""
        return bool(self.start or self.end)

    def status(self, day: str) -> Status:
        """Whether the strategy is in force on a day; an unstated end is taken as open."""
        if not self.dated:
            return "unknown"
        if self.end and self.end < day:
            return "expired"
        return "upcoming" if self.start and self.start > day else "in-force"


def spans() -> tuple[Span, ...]:
    """Every strategy, by level, first day and IRI; read once in each process, since a release never changes."""
    found: tuple[Span, ...] | None = current_app.extensions.get("strategigraf.spans")
    if found is None:
        found = current_app.extensions["strategigraf.spans"] = _read(site.service().store)
    return found


def _read(store: Reader) -> tuple[Span, ...]:
    about: dict[str, dict[str, str]] = {}
    publishers: dict[str, set[str]] = defaultdict(set)
    for row in store.select(
        """SELECT ?iri ?level ?form ?publisher ?start ?end WHERE {
          ?iri a sg:Strategy ; dct:publisher ?publisher ; sg:level/skos:notation ?level ; sg:form ?form .
          OPTIONAL { ?iri dct:temporal/dcat:startDate ?start } OPTIONAL { ?iri dct:temporal/dcat:endDate ?end }
        }"""
    ):
        iri = cell(row["iri"])
        about[iri] = {name: cell(term) for name, term in row.items()}
        publishers[iri].add(cell(row["publisher"]))
    texts: dict[str, set[str]] = defaultdict(set)
    for row in store.select("SELECT ?iri ?text WHERE { ?iri a sg:Strategy ; sg:hasText ?text }"):
        texts[cell(row["iri"])].add(cell(row["text"]))
    rows, lists = _rows(store)
    approved = _first(store, "SELECT ?iri ?day WHERE { ?approval sg:approvalOf ?iri ; dct:date ?day }")
    looked_at = _looked_at(store)
    pieces = describe.evidence_of(store, about)
    made = []
    for iri, one in about.items():
        places = pieces.get(iri, [])
        attesting = tuple(piece for piece in places if _PERIOD in piece.attests)
        dated = bool(one.get("start") or one.get("end"))
        made.append(
            Span(
                iri,
                one["level"],
                one["form"].rpartition("/form-")[2],
                tuple(sorted(publishers[iri])),
                one.get("start", ""),
                one.get("end", ""),
                _rests(attesting, texts[iri], lists) if dated else "",
                attesting if dated and attesting else tuple(places),
                tuple(rows.get(iri, ())),
                approved.get(iri, ""),
                looked_at.get(iri, ""),
            )
        )
    made.sort(key=lambda span: (LEVELS.index(span.level), span.start or span.end or "9", span.iri))
    return tuple(made)


def _rests(pieces: tuple[Piece, ...], texts: set[str], lists: set[str]) -> Rest:
    """The strongest source that a period has: its own text, then a document, then a row of a list."""
    documents = {piece.document for piece in pieces}
    if documents & texts:
        return "text"
    return "document" if documents - lists else "list" if documents else ""


def _rows(store: Reader) -> tuple[dict[str, list[Row]], set[str]]:
    """The rows of lists by the strategy that they list, and the documents that have such rows."""
    found = store.select(
        """SELECT ?entry ?strategy ?kind ?written ?document WHERE {
          ?entry a sg:ListEntry ; sg:entryOf ?document ; sg:periodKind/skos:notation ?kind .
          OPTIONAL { ?entry sg:lists ?strategy } OPTIONAL { ?entry sg:periodAsWritten ?written }
        } ORDER BY ?entry ?strategy"""
    )
    count: dict[str, int] = defaultdict(int)
    for row in found:
        count[cell(row["entry"])] += 1
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in found:
        if "strategy" in row:
            entry = cell(row["entry"])
            rows[cell(row["strategy"])].append(Row(entry, cell(row["kind"]), cell(row.get("written")), count[entry]))
    return rows, {cell(row["document"]) for row in found}


def _first(store: Reader, query: str) -> dict[str, str]:
    days: dict[str, str] = {}
    for row in store.select(query):
        iri, day = cell(row["iri"]), cell(row["day"])
        days[iri] = min(days.get(iri, day), day)
    return days


def _looked_at(store: Reader) -> Mapping[str, str]:
    days: dict[str, str] = {}
    for row in store.select(
        """SELECT ?iri ?day WHERE {
          ?iri a sg:Strategy ; sg:evidence ?place .
          { ?place sg:seenOn ?day }
          UNION { ?place dct:source ?document . ?reading sg:readingOf ?document ; dct:date ?day }
        }"""
    ):
        iri, day = cell(row["iri"]), cell(row["day"])[:10]
        days[iri] = max(days.get(iri, day), day)
    return days
