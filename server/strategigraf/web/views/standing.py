"""Where each municipality stands towards a framework, and by which claims: the rows behind map, table and matrix.

The rules are those of the public query ``framework_adoption``, whose answer a test holds these rows against. A page
needs more of each row than that query gives, and needs it sooner.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import current_app
from pyoxigraph import NamedNode

from strategigraf import describe
from strategigraf.describe import Piece
from strategigraf.terms import cell
from strategigraf.web import site
from strategigraf.web.views import claims
from strategigraf.web.views.claims import Claim

CORPORA = ("all", "read")


@dataclass(frozen=True)
class Status:
    """A status: its IRI, code, rank (5 committed … 0 not assessed), and meaning by language."""

    iri: str
    code: str
    rank: int
    meaning: Mapping[str, str]


@dataclass(frozen=True)
class Standing:
    """One municipality's status towards a framework, in one corpus.

    ``claims`` bear the status or a lower one, the strongest first, each with its pieces in the corpus. ``lead`` is
    the place that is shown first: of the strongest claim, the newest document, the first line. ``latest`` is the latest
    date (a day, month or year) of a document behind it.
    """

    adoption: str
    municipality: str
    framework: str
    status: str
    rank: int
    reading: str
    claims: tuple[Claim, ...] = ()
    lead: Piece | None = None
    latest: str = ""
    count: int = 0

    @cached_property
    def own(self) -> tuple[Claim, ...]:
        """The claims other than that of the community."""
        return tuple(claim for claim in self.claims if not claim.bears.endswith("-implied"))


@dataclass(frozen=True)
class Period:
    """The strategy that something belongs to, and its first and last day."""

    strategy: str
    start: str
    end: str


class Standings:
    """The standings towards frameworks; they are those of the release, so each framework is read once."""

    def __init__(self) -> None:
        self.statuses = _statuses()
        self.by_code = {one.code: one for one in self.statuses}
        self._ranks = {one.iri: one for one in self.statuses}
        self._whole = _read_whole()
        self._found: dict[tuple[str, str], tuple[Standing, ...]] = {}
        self._periods: dict[str, Period] = {}

    def of(self, framework: str, corpus: str) -> tuple[Standing, ...]:
        """One row for each municipality, in the order of their codes; none for a framework without adoptions."""
        if (framework, corpus) not in self._found:
            self._read(framework)
        return self._found[framework, corpus]

    def period(self, subject: str) -> Period | None:
        """The strategy behind the subject of a claim, where there is one."""
        return self._periods.get(subject)

    def _read(self, framework: str) -> None:
        here = NamedNode(framework)
        store = site.service().store
        rows = store.select(
            f"""SELECT ?adoption ?municipality ?reading WHERE {{
              ?adoption sg:framework {here} ; sg:municipality ?municipality ; sg:ownReading/skos:notation ?reading .
            }} ORDER BY ?municipality"""
        )
        based: dict[str, list[str]] = {}
        for row in store.select(f"SELECT ?a ?c WHERE {{ ?a sg:framework {here} ; sg:basedOn ?c }} ORDER BY ?a ?c"):
            based.setdefault(cell(row["a"]), []).append(cell(row["c"]))
        every = sorted({claim for some in based.values() for claim in some})
        known = _claims(every)
        self._periods |= _strategies({claim.subject for claim in known.values()})
        for corpus in CORPORA:
            self._found[framework, corpus] = tuple(
                self._standing(
                    cell(row["adoption"]),
                    cell(row["municipality"]),
                    framework,
                    cell(row["reading"]),
                    [known[claim] for claim in based.get(cell(row["adoption"]), ())],
                    corpus,
                )
                for row in rows
            )

    def _standing(
        self, adoption: str, municipality: str, framework: str, reading: str, some: Iterable[Claim], corpus: str
    ) -> Standing:
        if corpus == "read":
            reading = "none" if reading == "part" else reading
            some = [self._within(claim) for claim in some]
        ranked = [
            (self._ranks[claim.bears].rank, _age(piece), -piece.first, claim.iri, piece.iri, claim, piece)
            for claim in some
            for piece in claim.pieces
        ]
        if not ranked:
            code = "silent" if reading == "whole" else "not-assessed"
            return Standing(adoption, municipality, framework, code, self.by_code[code].rank, reading)
        best = max(ranked, key=lambda one: one[:5])
        return Standing(
            adoption,
            municipality,
            framework,
            self._ranks[best[5].bears].code,
            best[0],
            reading,
            tuple(sorted((c for c in some if c.pieces), key=lambda c: (-self._ranks[c.bears].rank, c.iri))),
            best[6],
            max(one[6].issued for one in ranked),
            len({one[6].iri for one in ranked}),
        )

    def _within(self, claim: Claim) -> Claim:
        """The claim with its pieces in documents that were read whole."""
        pieces = tuple(piece for piece in claim.pieces if piece.document in self._whole)
        if pieces == claim.pieces:
            return claim
        return Claim(
            claim.iri, claim.subject, claim.relation, claim.object, claim.basis, claim.confidence, claim.bears, pieces
        )


def standings() -> Standings:
    """The standings of this release."""
    kept: Standings | None = current_app.extensions.get("strategigraf.standings")
    if kept is None:
        kept = current_app.extensions["strategigraf.standings"] = Standings()
    return kept


def adoptable() -> list[str]:
    """The frameworks that a municipality can choose to follow."""
    rows = site.service().store.select("SELECT ?f WHERE { ?f sg:adoptable true } ORDER BY ?f")
    return [cell(row["f"]) for row in rows]


def common(framework: str) -> list[dict[str, Any]]:
    """The path by which all follow a framework through the community, from them down to it; none where they do not.

    Each step has ``step_from``, ``relation``, ``step_to`` and ``pieces``, as the public query ``adoption_path`` gives
    it, without the step from a municipality to the community.
    """
    here = NamedNode(framework)
    store = site.service().store
    rows = store.select(
        f"""SELECT DISTINCT ?claim ?subject ?relation ?whole WHERE {{
          {{ SELECT DISTINCT ?whole ?claim WHERE {{
            ?adoption sg:framework {here} ; sg:impliedBy ?whole ; sg:basedOn ?claim . ?claim sg:object ?whole }} }}
          ?claim sg:subject ?subject ; sg:relation/skos:notation ?relation .
          ?subject org:hasMember ?member .
        }} ORDER BY ?claim"""
    )
    if not rows:
        return []
    tops = " ".join(sorted({str(row["whole"]) for row in rows}))
    links = store.select(
        f"""SELECT DISTINCT ?part ?whole WHERE {{
          VALUES ?top {{ {tops} }}
          {here} sg:finishedPartOf* ?part . ?part sg:finishedPartOf ?whole . ?whole sg:finishedPartOf* ?top .
        }}"""
    )
    pairs = [(cell(link["part"]), cell(link["whole"])) for link in links]
    height = _heights(pairs)
    pairs.sort(key=lambda pair: (height[pair[1]], pair[1], pair[0]))
    pieces = describe.evidence_of(store, [*(cell(row["claim"]) for row in rows), *(part for part, _ in pairs)])
    steps: list[dict[str, Any]] = [
        {
            "step_from": cell(row["subject"]),
            "relation": cell(row["relation"]),
            "step_to": cell(row["whole"]),
            "claim": cell(row["claim"]),
            "pieces": pieces.get(cell(row["claim"]), []),
        }
        for row in rows
    ]
    for part, whole in pairs:
        found = pieces.get(part, [])
        attesting = [piece for piece in found if any(name.endswith("/isPartOf") for name in piece.attests)]
        step = {"step_from": whole, "relation": "has-part", "step_to": part, "claim": "", "pieces": attesting or found}
        steps.append(step)
    return steps


def _heights(pairs: Iterable[tuple[str, str]]) -> dict[str, int]:
    """How many wholes stand above each whole, by the way."""
    above: dict[str, set[str]] = {}
    for part, whole in pairs:
        above.setdefault(part, set()).add(whole)
    heights: dict[str, int] = {}

    def rise(one: str, seen: frozenset[str]) -> set[str]:
        found: set[str] = set()
        for whole in above.get(one, ()):
            if whole not in seen:
                found |= {whole} | rise(whole, seen | {whole})
        return found

    for whole in {whole for _, whole in pairs}:
        heights[whole] = len(rise(whole, frozenset({whole})))
    return heights


def _age(piece: Piece) -> str:
    """The date of a piece's document as a text that sorts, undated first."""
    return f"{piece.issued or '0000'}-00-00"[:10]


def _statuses() -> tuple[Status, ...]:
    found: dict[str, tuple[str, int, dict[str, str]]] = {}
    for row in site.service().store.select(
        """SELECT ?iri ?code ?rank ?meaning WHERE {
          ?iri skos:inScheme concept:status ; skos:notation ?code ; sg:order ?order ; sg:rank ?rank ;
            skos:definition ?meaning .
        } ORDER BY ?order"""
    ):
        one = found.setdefault(cell(row["iri"]), (cell(row["code"]), int(cell(row["rank"])), {}))
        meaning = row["meaning"]
        one[2][getattr(meaning, "language", None) or "da"] = cell(meaning)
    return tuple(Status(iri, *rest) for iri, rest in found.items())


def _read_whole() -> frozenset[str]:
    rows = site.service().store.select("SELECT ?d WHERE { ?d sg:corpus concept:corpus-read }")
    return frozenset(cell(row["d"]) for row in rows)


def _claims(iris: Iterable[str]) -> dict[str, Claim]:
    here = " ".join(str(NamedNode(iri)) for iri in iris)
    return {claim.iri: claim for claim in claims.read(f"VALUES ?claim {{ {here} }}")} if here else {}


def _strategies(subjects: Iterable[str]) -> dict[str, Period]:
    here = " ".join(str(NamedNode(iri)) for iri in sorted(subjects))
    if not here:
        return {}
    rows = site.service().store.select(
        f"""SELECT ?subject ?strategy ?start ?end WHERE {{
          VALUES ?subject {{ {here} }} ?subject sg:elementOf? ?strategy . ?strategy a sg:Strategy .
          OPTIONAL {{ ?strategy dct:temporal/dcat:startDate ?start }}
          OPTIONAL {{ ?strategy dct:temporal/dcat:endDate ?end }}
        }} ORDER BY ?subject ?strategy"""
    )
    return {
        cell(row["subject"]): Period(cell(row["strategy"]), cell(row.get("start")), cell(row.get("end")))
        for row in reversed(list(rows))
    }
