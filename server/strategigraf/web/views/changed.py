"""When what is said of a thing was last read or seen in its sources."""

from __future__ import annotations

from datetime import UTC, date, datetime

from pyoxigraph import NamedNode

from strategigraf.ns import split
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
_PIECE = "?piece dct:source ?document OPTIONAL { ?piece sg:seenOn ?seen }"


def last_changed(store: Reader, iri: str) -> date | None:
    """The latest day on which a source behind a thing's statements was read or seen, or an alignment was made.

    That is the latest ``dct:date`` of a ``sg:Reading`` of its sources, ``sg:seenOn`` of its evidence and
    ``dct:created`` of its alignments. None where it rests on reference data, which have no such day.
    ValueError for what is no IRI.
    """
    here = str(NamedNode(iri))
    kind = (split(iri) or ("", ""))[0]
    ways = [f"BIND({here} AS ?about)", *(way.format(here=here) for way in _BEYOND.get(kind, ()))]
    # Each way is one whole chain: joined after a union, the same would take ten times as long.
    pieces = " UNION ".join(f"{{ {way} . ?about sg:evidence ?piece . {_PIECE} }}" for way in ways)
    claims = " UNION ".join(f"{{ {way} . ?about a sg:Alignment ; dct:created ?seen }}" for way in ways)
    own = f"{{ BIND({here} AS ?piece) {_PIECE} }} UNION {{ ?reading sg:readingOf {here} ; dct:date ?seen }}"
    rows = store.select(f"SELECT DISTINCT ?document ?seen WHERE {{ {pieces} UNION {claims} UNION {own} }}")
    documents = {cell(row["document"]) for row in rows if row.get("document")}
    found = {cell(row.get("seen")) for row in rows}
    if documents:
        some = " ".join(str(NamedNode(one)) for one in sorted(documents))
        rows = store.select(f"SELECT ?day WHERE {{ VALUES ?d {{ {some} }} ?r sg:readingOf ?d ; dct:date ?day }}")
        found |= {cell(row["day"]) for row in rows}
    days = [day for text in found if (day := _day(text))]
    return max(days, default=None)


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
