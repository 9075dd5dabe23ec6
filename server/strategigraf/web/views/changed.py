"""When what is said of a thing was last read or seen in its sources."""

from __future__ import annotations

from datetime import UTC, date, datetime
from weakref import WeakKeyDictionary

from pyoxigraph import NamedNode

from strategigraf.describe import Statements
from strategigraf.ns import expand, split
from strategigraf.store import Reader
from strategigraf.terms import cell

#: From a thing to the statements that its page shows beside its own, by type; ``?about`` is what has evidence.
_BEYOND: dict[str, tuple[str, ...]] = {
    "municipality": (
        "?about dct:publisher {here} . ?about a sg:Strategy",
        "?about sg:elementOf/dct:publisher {here}",
        "?about org:unitOf {here}",
        "?about sg:municipality {here}",
        "?about sg:subject {here}",
        "?about sg:about {here}",
    ),
    "strategy": (
        "?about sg:elementOf {here}",
        "?about sg:approvalOf {here}",
        "?about sg:lists {here}",
        "?about sg:subject {here}",
    ),
    "series": ("?about dct:isPartOf {here}",),
    "framework": ("?about sg:elementOf {here}", "?about sg:object {here}"),
    "element": ("?about sg:subject {here}",),
    "adoption": ("{here} sg:basedOn ?about",),
    "body": ("?about org:postIn {here}", "?about sg:dutyOf {here}"),
}
_EVIDENCE, _SOURCE, _SEEN, _CREATED, _ALIGNMENT = (
    NamedNode(expand(name)) for name in ("sg:evidence", "dct:source", "sg:seenOn", "dct:created", "sg:Alignment")
)
#: When each document was last read, for each store: a release never changes.
_READINGS: WeakKeyDictionary[Reader, dict[str, str]] = WeakKeyDictionary()
_PIECE = "?piece dct:source ?document OPTIONAL { ?piece sg:seenOn ?seen }"


def last_changed(store: Reader, said: Statements) -> date | None:
    """The latest day on which a source behind a thing's statements was read or seen, or an alignment was made.

    That is the latest ``dct:date`` of a ``sg:Reading`` of its sources, ``sg:seenOn`` of its evidence and
    ``dct:created`` of its alignments. None where it rests on reference data, which have no such day.
    """
    evidence = {triple.object for triple in said.own if triple.predicate == _EVIDENCE and triple.subject == said.node}
    own = [triple for triple in said.own if triple.subject == said.node]
    pieces = [triple for triple in said.evidence if triple.subject in evidence]
    documents = {cell(triple.object) for triple in (*own, *pieces) if triple.predicate == _SOURCE} | {said.iri}
    found = {cell(triple.object) for triple in (*own, *pieces) if triple.predicate == _SEEN}
    if any(triple.object == _ALIGNMENT for triple in own):
        found |= {cell(triple.object) for triple in own if triple.predicate == _CREATED}
    kind = (split(said.iri) or ("", ""))[0]
    if ways := [way.format(here=said.node) for way in _BEYOND.get(kind, ())]:
        # Each way is one whole chain: joined after a union, the same would take ten times as long.
        beyond = " UNION ".join(f"{{ {way} . ?about sg:evidence ?piece . {_PIECE} }}" for way in ways)
        claims = " UNION ".join(f"{{ {way} . ?about a sg:Alignment ; dct:created ?seen }}" for way in ways)
        rows = store.select(f"SELECT DISTINCT ?document ?seen WHERE {{ {beyond} UNION {claims} }}")
        documents |= {cell(row["document"]) for row in rows if row.get("document")}
        found |= {cell(row.get("seen")) for row in rows}
    readings = _readings(store)
    found |= {readings[document] for document in documents if document in readings}
    return max((day for text in found if (day := _day(text))), default=None)


def _readings(store: Reader) -> dict[str, str]:
    """The latest day on which each document was read."""
    found = _READINGS.get(store)
    if found is None:
        found = {}
        for row in store.select("SELECT ?d ?day WHERE { ?r sg:readingOf ?d ; dct:date ?day } ORDER BY ?day"):
            found[cell(row["d"])] = cell(row["day"])
        _READINGS[store] = found
    return found


def moment(day: date | None) -> datetime | None:
    """The beginning of a day in UTC, for ``Last-Modified``; never later than now (RFC 9110, section 8.8.2.1)."""
    if day is None:
        return None
    return min(datetime(day.year, day.month, day.day, tzinfo=UTC), datetime.now(UTC).replace(microsecond=0))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
