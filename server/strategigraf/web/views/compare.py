"""Two to four municipalities side by side: what they share, what only one has, and where each says so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup
from pyoxigraph import NamedNode

from strategigraf import describe
from strategigraf.describe import Piece
from strategigraf.terms import cell
from strategigraf.web import render, site
from strategigraf.web.views import claims
from strategigraf.web.views.claims import Claim
from strategigraf.web.views.places import Place, alphabetical, places
from strategigraf.web.views.standing import Standing, adoptable, standings

#: The kinds of element from the widest to the narrowest; those after the fifth stand folded.
KINDS = ("Vision", "Goal", "FocusArea", "Principle", "Initiative", "Quality", "Requirement", "Rationale")
MAIN = 5
#: A subject of a claim belongs to a municipality by the publisher of its strategy, as its unit, or is the municipality.
_OF = "?subject (sg:elementOf?/dct:publisher)|org:unitOf? ?m ."


@dataclass(frozen=True)
class Element:
    """An element of a municipality's strategy, with the places that show it."""

    iri: str
    type: str
    kind: int
    pieces: tuple[Piece, ...]


@dataclass
class Row:
    """What the municipalities have of one thing, in the order in which they are compared.

    ``cells`` holds elements (of a theme) or claims (to a joint thing); ``shared`` is how many have anything.
    """

    key: str
    cells: list[list[Element]] = field(default_factory=list)
    claimed: list[list[Claim]] = field(default_factory=list)

    @property
    def shared(self) -> int:
        """How many of the municipalities have something in this row."""
        return sum(bool(some) for some in self.cells or self.claimed)


@dataclass(frozen=True)
class Strategy:
    """A strategic document of a municipality, with its first and last day and the places that show it."""

    iri: str
    form: str
    start: str
    end: str
    pieces: tuple[Piece, ...]


@dataclass
class Side:
    """One of the municipalities."""

    iri: str
    code: str
    name: str
    place: Place | None
    region: str
    reading: str
    strategies: list[Strategy] = field(default_factory=list)
    bodies: list[tuple[str, tuple[Piece, ...]]] = field(default_factory=list)
    elements: int = 0


@dataclass(frozen=True)
class Comparison:
    """The municipalities, and rows of what they have: direct claims between them, joint things, themes, frameworks."""

    sides: list[Side]
    between: list[Claim]
    joint: list[Row]
    themes: list[Row]
    frameworks: list[tuple[str, list[Standing]]]
    unthemed: Row

    @property
    def shared_themes(self) -> list[Row]:
        """The themes that at least two are about."""
        return [row for row in self.themes if row.shared > 1]

    @property
    def single_themes(self) -> list[Row]:
        """The themes that only one is about, and what has no theme."""
        rows = [row for row in self.themes if row.shared == 1]
        return [*rows, self.unthemed] if self.unthemed.shared else rows

    @property
    def shared_joint(self) -> list[Row]:
        """The joint things that at least two refer to."""
        return [row for row in self.joint if row.shared > 1]

    @property
    def single_joint(self) -> list[Row]:
        """The joint things that only one refers to."""
        return [row for row in self.joint if row.shared == 1]


def compare(municipalities: Sequence[str]) -> Comparison:
    """Compare some municipalities, given by IRI, in their order."""
    here = " ".join(str(NamedNode(iri)) for iri in municipalities)
    sides = _sides(municipalities, here)
    place = {side.iri: number for number, side in enumerate(sides)}
    themes, unthemed = _themes(here, place, sides)
    between, joint = _claimed(here, place)
    found = standings()
    frameworks = []
    for iri in adoptable():
        by_municipality = {one.municipality: one for one in found.of(iri, "all")}
        frameworks.append((iri, [by_municipality[one] for one in municipalities if one in by_municipality]))
    frameworks.sort(key=lambda one: (-sum(standing.rank for standing in one[1]), one[0]))
    return Comparison(sides, between, joint, themes, frameworks, unthemed)


def _sides(municipalities: Sequence[str], here: str) -> list[Side]:
    store = site.service().store
    known, today = places(), site.today().isoformat()
    frameworks = adoptable()
    reading = {one.municipality: one.reading for one in standings().of(frameworks[0], "all")} if frameworks else {}
    sides = {}
    for iri in municipalities:
        place = known.get(iri)
        region = place.region(today) if place else ""
        code = iri.rpartition("/")[2]
        sides[iri] = Side(iri, code, site.plain_name(iri), place, region, reading.get(iri, "none"))
    rows = store.select(
        f"""SELECT ?m ?s ?form ?start ?end WHERE {{
          VALUES ?m {{ {here} }} ?s a sg:Strategy ; dct:publisher ?m ; sg:form ?form .
          OPTIONAL {{ ?s dct:temporal/dcat:startDate ?start }} OPTIONAL {{ ?s dct:temporal/dcat:endDate ?end }}
        }} ORDER BY ?start ?s"""
    )
    bodies = store.select(
        f"SELECT ?m ?body WHERE {{ VALUES ?m {{ {here} }} ?body a sg:GovernanceBody ; org:unitOf ?m }} ORDER BY ?body"
    )
    pieces = describe.evidence_of(store, [*(cell(row["s"]) for row in rows), *(cell(row["body"]) for row in bodies)])
    for row in rows:
        text = {name: cell(term) for name, term in row.items()}
        sides[text["m"]].strategies.append(
            Strategy(
                text["s"],
                text["form"],
                text.get("start", ""),
                text.get("end", ""),
                tuple(pieces.get(text["s"], ())),
            )
        )
    for row in bodies:
        body = cell(row["body"])
        sides[cell(row["m"])].bodies.append((body, tuple(pieces.get(body, ()))))
    return list(sides.values())


def _themes(here: str, place: dict[str, int], sides: list[Side]) -> tuple[list[Row], Row]:
    """The elements by theme, most shared first, and those that have no theme."""
    store = site.service().store
    kinds = " ".join(f"(sg:{kind} {number})" for number, kind in enumerate(KINDS))
    rows = store.select(
        f"""SELECT DISTINCT ?m ?element ?type ?kind ?theme WHERE {{
          VALUES ?m {{ {here} }} VALUES (?type ?kind) {{ {kinds} }}
          ?strategy dct:publisher ?m . ?element sg:elementOf ?strategy ; a ?type .
          OPTIONAL {{ ?element dct:subject ?theme }}
        }} ORDER BY ?kind ?element"""
    )
    pieces = describe.evidence_of(store, {cell(row["element"]) for row in rows})
    found: dict[str, Row] = {}
    own: list[set[str]] = [set() for _ in sides]
    for row in rows:
        iri, theme = cell(row["element"]), cell(row.get("theme"))
        line = found.setdefault(theme, Row(theme, [[] for _ in sides]))
        side = place[cell(row["m"])]
        line.cells[side].append(Element(iri, cell(row["type"]), int(cell(row["kind"])), tuple(pieces.get(iri, ()))))
        own[side].add(iri)
    for one, elements in zip(sides, own, strict=True):
        one.elements = len(elements)
    unthemed = found.pop("", Row("", [[] for _ in sides]))
    ordered = sorted(found.values(), key=lambda one: (-one.shared, alphabetical(site.plain_name(one.key))))
    return ordered, unthemed


def _claimed(here: str, place: dict[str, int]) -> tuple[list[Claim], list[Row]]:
    """The claims from one of them to another, and the claims of each to anything else, by what they are to.

    A claim to a strategy of a series stands at the series as well: those that build on strategies of different years
    share the series.
    """
    store = site.service().store
    owners: dict[str, str] = {}
    targets: dict[str, str] = {}
    series: dict[str, str] = {}
    for row in store.select(
        f"""SELECT DISTINCT ?claim ?m ?other ?series WHERE {{
          VALUES ?m {{ {here} }} ?claim sg:subject ?subject ; sg:object ?object . {_OF}
          OPTIONAL {{ ?object sg:elementOf?/dct:publisher ?other . VALUES ?other {{ {here} }} }}
          OPTIONAL {{ ?object dct:isPartOf ?series . ?series a sg:StrategySeries }}
        }} ORDER BY ?claim"""
    ):
        iri = cell(row["claim"])
        owners[iri] = cell(row["m"])
        targets[iri] = cell(row.get("other"))
        series[iri] = cell(row.get("series"))
    if not owners:
        return [], []
    read = claims.read(f"VALUES ?claim {{ {' '.join(str(NamedNode(iri)) for iri in sorted(owners))} }}")
    between = []
    found: dict[str, Row] = {}
    for claim in read:
        if targets[claim.iri] and targets[claim.iri] != owners[claim.iri]:
            between.append(claim)
            continue
        if targets[claim.iri]:
            continue
        for key in dict.fromkeys(filter(None, (claim.object, series[claim.iri]))):
            row_of = found.setdefault(key, Row(key, claimed=[[] for _ in place]))
            row_of.claimed[place[owners[claim.iri]]].append(claim)
    return between, sorted(found.values(), key=lambda one: (-one.shared, alphabetical(site.plain_name(one.key))))


def shown(found: Comparison) -> dict[str, dict[str, Markup]]:
    """What the page says of each element and claim, made once: its name, its kind, and where it is to be read.

    ``names`` are links; ``proofs`` have the words of the source and the place, ``lines`` the place alone.
    """
    elements = {one.iri: one for row in (*found.themes, found.unthemed) for some in row.cells for one in some}
    made = {claim.iri: claim.pieces for row in found.joint for some in row.claimed for claim in some}
    lines: dict[str, Markup] = {}
    proofs: dict[str, Markup] = {}
    for iri, pieces in (*((one.iri, one.pieces) for one in elements.values()), *made.items()):
        if pieces:
            piece = pieces[0]
            where = f"{site.t('evidence.line')} {piece.first}" if piece.first else site.t("evidence.place")
            lines[iri] = Markup(' <a class="where" href="{}">{}</a>').format(site.address(piece.iri), where)
            proofs[iri] = Markup(" · {}{}").format(_words(piece), lines[iri])
    return {
        "names": {iri: site.link(iri) for iri in elements},
        "kinds": {kind: render.term_name(kind) for kind in {one.type for one in elements.values()}},
        "proofs": proofs,
        "lines": lines,
    }


def _words(piece: Piece) -> Markup:
    if piece.phrase:
        return Markup('<q lang="da" class="phrase">{}</q>').format(piece.phrase)
    return Markup('{}: <span lang="da">{}</span>').format(site.t("evidence.seen_at"), piece.locator)


def main(elements: Iterable[Element]) -> tuple[list[Element], list[Element]]:
    """The elements that stand open, and those that stand folded; all stand open where none is of a main kind."""
    some = list(elements)
    first = [one for one in some if one.kind < MAIN]
    return (first, [one for one in some if one.kind >= MAIN]) if first else (some[:MAIN], some[MAIN:])
