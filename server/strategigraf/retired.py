"""Addresses that are no longer in use: what stood at each, since when, why, and what stands in its place."""

from __future__ import annotations

from dataclasses import dataclass

from pyoxigraph import Literal

from strategigraf.store import Reader
from strategigraf.terms import cell
from strategigraf.text import Text

_RETIRED = """SELECT ?iri ?label ?reason ?day ?successor WHERE {
  ?iri a sg:RetiredAddress ; rdfs:label ?label ; dct:description ?reason ; dct:date ?day .
  FILTER(LANG(?label) = LANG(?reason))
  OPTIONAL { ?iri dct:isReplacedBy ?successor }
}"""


@dataclass(frozen=True)
class Retired:
    """A retired address: its IRI, what was there, why it is not, the day (YYYY-MM-DD), and the IRI of its successor."""

    iri: str
    label: Text
    reason: Text
    day: str
    successor: str = ""


def retired(store: Reader) -> dict[str, Retired]:
    """The retired addresses of a release by their IRIs."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for row in store.select(_RETIRED):
        label = row["label"]
        if isinstance(label, Literal) and label.language:
            texts = {name: cell(row.get(name)) for name in ("label", "reason", "day", "successor")}
            found.setdefault(cell(row["iri"]), {})[label.language] = texts
    return {iri: _one(iri, told) for iri, told in sorted(found.items())}


def _one(iri: str, told: dict[str, dict[str, str]]) -> Retired:
    """An address of which only one language tells is told in that."""
    da, en = told.get("da") or told["en"], told.get("en") or told["da"]
    return Retired(iri, Text(da["label"], en["label"]), Text(da["reason"], en["reason"]), da["day"], da["successor"])
