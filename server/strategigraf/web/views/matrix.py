"""Municipalities against frameworks, focus areas or themes: what stands in each cell, and what it rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from pyoxigraph import NamedNode

from strategigraf import ns
from strategigraf.terms import cell
from strategigraf.web import render, site
from strategigraf.web.views.framework import mark
from strategigraf.web.views.places import Place, alphabetical, places
from strategigraf.web.views.standing import adoptable, standings

#: What the columns can be.
COLUMNS = ("frameworks", "areas", "typical", "themes")
_MARKS = {
    "follows": "matrix.mark_follows", "builds-on": "matrix.mark_builds_on", "implements": "matrix.mark_implements",
    "corresponds-to": "matrix.mark_corresponds_to", "narrower-than": "matrix.mark_narrower_than",
    "deviates-from": "matrix.mark_deviates_from", "mention": "matrix.mark_mention",
}  # fmt: skip
#: The relations from the firmest to the loosest; the firmest of a cell gives its mark.
_FIRMEST = ("follows", "builds-on", "implements", "deviates-from", "narrower-than", "corresponds-to", "mention")
_READ = "FILTER EXISTS { ?%s sg:evidence/dct:source/sg:corpus concept:corpus-read }"
#: The municipality that a subject of a claim belongs to: by the publisher of its strategy, as unit, or itself.
_OF = "?subject (sg:elementOf?/dct:publisher)|org:unitOf? ?m . ?m a sg:Municipality ."


@dataclass(frozen=True)
class Entry:
    """One thing that a cell rests on: the page that shows its evidence, what it is in words, and what it comes from."""

    iri: str
    words: str
    subject: str = ""


@dataclass(frozen=True)
class Cell:
    """A cell: the class of its colour, the sign that tells the same, the words, and what it rests on."""

    tone: str
    mark: str
    words: str
    rank: int
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Column:
    """A column: its key in the address, what it is about, and its name."""

    key: str
    iri: str
    name: str


@dataclass
class Line:
    """A municipality's row; ``reading`` tells how far its own documents were read (whole, part, none)."""

    iri: str
    name: str
    place: Place | None
    region: str
    reading: str
    cells: dict[str, Cell] = field(default_factory=dict)
    something: bool = False


@dataclass(frozen=True)
class Holder:
    """A strategy or document with focus areas, and how many municipalities take any of them up."""

    iri: str
    slug: str
    name: str
    municipalities: int


def holders() -> list[Holder]:
    """The strategies above the municipalities, and the documents, that have focus areas; the most taken up first."""
    rows = site.service().store.select(
        """SELECT ?holder (COUNT(DISTINCT ?m) AS ?n) WHERE {
          ?area a sg:FocusArea ; sg:elementOf ?holder .
          OPTIONAL { ?holder sg:level ?level }
          FILTER(!BOUND(?level) || ?level != concept:level-local)
          OPTIONAL { ?claim sg:object ?area ; sg:subject ?subject . ?subject sg:elementOf?/dct:publisher ?m .
            ?m a sg:Municipality }
        } GROUP BY ?holder"""
    )
    found = [
        Holder(iri, iri.rpartition("/")[2], site.plain_name(iri), int(cell(row["n"])))
        for row in rows
        if (iri := cell(row["holder"])).startswith((f"{ns.ID}strategy/", f"{ns.ID}document/"))
    ]
    return sorted(found, key=lambda one: (-one.municipalities, alphabetical(one.name), one.iri))


def lines() -> dict[str, Line]:
    """Every municipality by IRI, with nothing in its cells yet."""
    today = site.today().isoformat()
    frameworks = adoptable()
    reading = {one.municipality: one.reading for one in standings().of(frameworks[0], "all")} if frameworks else {}
    return {
        iri: Line(iri, site.plain_name(iri), place, place.region(today), reading.get(iri, "none"))
        for iri, place in places().items()
    }


def frameworks(rows: Mapping[str, Line], corpus: str) -> list[Column]:
    """Fill in the status towards each framework that can be followed, and claims and mentions of any framework."""
    found = standings()
    bearing: set[str] = set()
    other = _related(corpus)
    chosen = adoptable()
    for framework in chosen:
        key = framework.rpartition("/")[2]
        for one in found.of(framework, corpus):
            line = rows.get(one.municipality)
            if line is None:
                continue
            bearing |= {claim.iri for claim in one.claims}
            words = render.coded("status", one.status)
            entries = [Entry(one.adoption, words)]
            entries += [entry for claim, entry in other.pop((one.municipality, framework), ()) if claim not in bearing]
            if len(entries) > 1 or one.own:
                line.something = True
            line.cells[key] = Cell(one.status, mark(one.status), words, one.rank * 10 + len(entries), tuple(entries))
    columns = [Column(iri.rpartition("/")[2], iri, site.plain_name(iri)) for iri in chosen]
    rest: dict[str, int] = {}
    for (municipality, framework), pairs in other.items():
        if municipality in rows:
            rows[municipality].cells[framework.rpartition("/")[2]] = _claimed([entry for _, entry in pairs])
            rows[municipality].something = True
            rest[framework] = rest.get(framework, 0) + 1
    columns += [
        Column(iri.rpartition("/")[2], iri, site.plain_name(iri))
        for iri in sorted(rest, key=lambda iri: (-rest[iri], iri))
    ]
    return columns


def areas(rows: Mapping[str, Line], corpus: str, of: Iterable[str]) -> list[Column]:
    """Fill in who takes up the focus areas of some strategies or documents, by which relation and on what basis."""
    here = " ".join(str(NamedNode(iri)) for iri in sorted(of))
    store = site.service().store
    found = store.select(
        f"""SELECT ?area WHERE {{
          VALUES ?holder {{ {here} }} ?area a sg:FocusArea ; sg:elementOf ?holder .
          OPTIONAL {{ ?area sg:order ?order }}
        }} ORDER BY ?holder ?order ?area"""
    )
    columns = [Column((iri := cell(row["area"])).rpartition("/")[2], iri, site.plain_name(iri)) for row in found]
    given: dict[tuple[str, str], list[_Entry]] = {}
    for row in store.select(
        f"""SELECT DISTINCT ?m ?area ?claim ?relation ?basis ?subject WHERE {{
          VALUES ?holder {{ {here} }} ?area a sg:FocusArea ; sg:elementOf ?holder .
          ?claim sg:object ?area ; sg:subject ?subject ; sg:relation/skos:notation ?relation ;
            sg:basis/skos:notation ?basis .
          {_OF} {_READ % "claim" if corpus == "read" else ""}
        }} ORDER BY ?area ?m ?claim"""
    ):
        key = cell(row["area"]).rpartition("/")[2]
        given.setdefault((cell(row["m"]), key), []).append(
            _entry(cell(row["claim"]), cell(row["relation"]), cell(row["basis"]), cell(row["subject"]))
        )
    for (municipality, key), entries in given.items():
        if municipality in rows:
            rows[municipality].cells[key] = _claimed(entries)
            rows[municipality].something = True
    return columns


def themes(rows: Mapping[str, Line], corpus: str) -> list[Column]:
    """Fill in how many elements of each municipality's strategies are about each theme; the themes are our division."""
    given: dict[tuple[str, str], list[Entry]] = {}
    for row in site.service().store.select(
        f"""SELECT DISTINCT ?m ?theme ?element WHERE {{
          ?element sg:elementOf ?strategy ; dct:subject ?theme . ?strategy dct:publisher ?m . ?m a sg:Municipality .
          {_READ % "element" if corpus == "read" else ""}
        }} ORDER BY ?theme ?m ?element"""
    ):
        element = cell(row["element"])
        given.setdefault((cell(row["m"]), cell(row["theme"])), []).append(Entry(element, site.plain_name(element)))
    for (municipality, theme), entries in given.items():
        if municipality in rows:
            number = len(entries)
            tone = "n1" if number == 1 else "n2" if number < 5 else "n3"
            words = site.t("matrix.elements_one" if number == 1 else "matrix.elements", count=number)
            rows[municipality].cells[theme.rpartition("/")[2]] = Cell(tone, str(number), words, number, tuple(entries))
            rows[municipality].something = True
    used = {theme for _, theme in given}
    columns = [Column(iri.rpartition("/")[2], iri, site.plain_name(iri)) for iri in used]
    return sorted(columns, key=lambda one: alphabetical(one.name))


@dataclass(frozen=True)
class _Entry(Entry):
    """An entry that is a claim or a mention."""

    relation: str = ""
    explicit: bool = False


def _entry(iri: str, relation: str, basis: str, subject: str) -> _Entry:
    words = render.coded("relation", relation)
    if basis == "thematic":
        words = f"{words} ({render.coded('basis', basis)})"
    return _Entry(iri, words, subject, relation, basis == "explicit")


def _claimed(entries: Iterable[_Entry]) -> Cell:
    """The cell of some claims: the firmest gives its mark, an explicit one comes before a thematic one."""
    some = sorted(entries, key=lambda one: (one.relation == "mention", not one.explicit, _FIRMEST.index(one.relation)))
    first = some[0]
    tone = "mention" if first.relation == "mention" else "explicit" if first.explicit else "thematic"
    rank = {"explicit": 200, "thematic": 100, "mention": 0}[tone] - 10 * _FIRMEST.index(first.relation) + len(some)
    return Cell(tone, site.t(_MARKS[first.relation]), first.words, rank, tuple(some))


def _related(corpus: str) -> dict[tuple[str, str], list[tuple[str, _Entry]]]:
    """Claims and mentions that tie a municipality to a framework or an element of it, by the two of them."""
    found: dict[tuple[str, str], list[tuple[str, _Entry]]] = {}
    store = site.service().store
    for row in store.select(
        f"""SELECT DISTINCT ?m ?framework ?claim ?relation ?basis ?subject WHERE {{
          ?framework a sg:Framework . ?object sg:elementOf? ?framework .
          ?claim sg:object ?object ; sg:subject ?subject ; sg:relation/skos:notation ?relation ;
            sg:basis/skos:notation ?basis .
          {_OF} {_READ % "claim" if corpus == "read" else ""}
        }} ORDER BY ?framework ?m ?claim"""
    ):
        claim = cell(row["claim"])
        entry = _entry(claim, cell(row["relation"]), cell(row["basis"]), cell(row["subject"]))
        found.setdefault((cell(row["m"]), cell(row["framework"])), []).append((claim, entry))
    for row in store.select(
        f"""SELECT DISTINCT ?m ?framework ?item WHERE {{
          ?item a sg:Mention ; sg:concerns ?framework ; sg:municipality ?m . ?framework a sg:Framework .
          {_READ % "item" if corpus == "read" else ""}
        }} ORDER BY ?framework ?m ?item"""
    ):
        item = cell(row["item"])
        entry = _Entry(item, site.t("matrix.mention"), item, "mention", True)
        found.setdefault((cell(row["m"]), cell(row["framework"])), []).append((item, entry))
    return found


#: How each kind of columns is filled in, where it needs no more than the rows and the corpus.
FILL: Mapping[str, Callable[[Mapping[str, Line], str], list[Column]]] = {"frameworks": frameworks, "themes": themes}
