"""Alignments: a claim's own page, and the tables of claims on other pages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pyoxigraph import NamedNode

from strategigraf import describe
from strategigraf.describe import Description, Piece
from strategigraf.terms import cell
from strategigraf.web import site


@dataclass(frozen=True)
class Claim:
    """One alignment with its evidence; ``bears`` is the status it gives a municipality, if any."""

    iri: str
    subject: str
    relation: str
    object: str
    basis: str
    confidence: str
    bears: str
    pieces: tuple[Piece, ...]


def view(thing: Description) -> tuple[str, dict[str, Any]]:
    """An alignment: what it claims, on what basis, and where that is to be read."""
    return "alignment.html", {
        "subject": thing.value("sg:subject"),
        "relation": thing.value("sg:relation"),
        "object": thing.value("sg:object"),
        "basis": thing.value("sg:basis"),
        "confidence": thing.value("sg:confidence"),
        "bears": thing.value("sg:bearsStatus"),
    }


def around(iris: Iterable[str], outward: bool = True) -> list[Claim]:
    """The claims whose subject (or object) is one of some things, by relation and object."""
    here = " ".join(str(NamedNode(iri)) for iri in sorted(set(iris)))
    role = "subject" if outward else "object"
    return read(f"VALUES ?{role} {{ {here} }}")


def read(pattern: str) -> list[Claim]:
    """The claims that fit a pattern over ?claim, ?subject, ?relation and ?object."""
    store = site.service().store
    rows = store.select(
        f"""SELECT DISTINCT ?claim ?subject ?relation ?object ?basis ?confidence ?bears WHERE {{
          {pattern}
          ?claim sg:subject ?subject ; sg:object ?object ; sg:relation ?relation ; sg:basis ?basis .
          OPTIONAL {{ ?claim sg:confidence ?confidence }}
          OPTIONAL {{ ?claim sg:bearsStatus ?bears }}
        }} ORDER BY ?basis ?relation ?object ?subject ?claim"""
    )
    pieces = describe.evidence_of(store, [cell(row["claim"]) for row in rows])
    found = []
    for row in rows:
        text = {name: cell(row.get(name)) for name in ("subject", "relation", "object", "basis", "confidence", "bears")}
        iri = cell(row["claim"])
        found.append(Claim(iri, pieces=tuple(pieces.get(iri, ())), **text))
    return found


def owners(iris: Iterable[str]) -> dict[str, str]:
    """Who is behind some strategies and elements: the only publisher of each, where it has one."""
    wanted = sorted(set(iris))
    found: dict[str, set[str]] = {}
    for start in range(0, len(wanted), 200):
        some = " ".join(str(NamedNode(iri)) for iri in wanted[start : start + 200])
        for row in site.service().store.select(
            f"""SELECT ?iri ?owner WHERE {{
              {{ VALUES ?iri {{ {some} }} ?iri dct:publisher ?owner }}
              UNION {{ VALUES ?iri {{ {some} }} ?iri sg:elementOf ?of . ?of dct:publisher ?owner }}
            }}"""
        ):
            found.setdefault(cell(row["iri"]), set()).add(cell(row["owner"]))
    return {iri: min(some) for iri, some in found.items() if len(some) == 1}
