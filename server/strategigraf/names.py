"""The names of things: for search, for reading parameters, and for showing labels."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from pyoxigraph import Literal, NamedNode

from strategigraf import terms
from strategigraf.errors import BadParameter
from strategigraf.header import Parameter
from strategigraf.ns import ID, TYPES, split, thing
from strategigraf.settings import parse_day
from strategigraf.store import Reader
from strategigraf.text import Language, Text

#: Types that people look for by name, in the order in which equal hits are shown.
SEARCHED = (
    "municipality", "framework", "strategy", "series", "element", "organisation", "body",
    "document", "region", "concept", "entry",
)  # fmt: skip
_WORD = re.compile("[a-z0-9]+")
_NAMES = """
SELECT ?thing ?kind ?name WHERE {
  VALUES (?property ?kind) {
    (rdfs:label "label") (skos:prefLabel "name") (skos:altLabel "name") (dct:title "name")
    (sg:nameInSource "name") (dct:identifier "code")
  }
  ?thing ?property ?name .
  FILTER(STRSTARTS(STR(?thing), "https://w3id.org/strategigraf/id/") && !CONTAINS(STR(?thing), "#"))
  FILTER NOT EXISTS { ?thing a sg:RetiredAddress }
}
"""


#: Labels of what is no thing: terms of the ontology, fragments of things, terms of others.
_LABELS = """
SELECT ?iri ?label WHERE {
  ?iri rdfs:label ?label .
  FILTER(!STRSTARTS(STR(?iri), "https://w3id.org/strategigraf/id/") || CONTAINS(STR(?iri), "#"))
}
"""


@dataclass
class Named:
    """One thing with its labels and other names."""

    iri: str
    type: str
    slug: str
    labels: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)

    def label(self, language: Language) -> str:
        """The label in a language, or in the other one, or the slug."""
        return self.labels.get(language) or self.labels.get("da") or self.labels.get("en") or self.slug


class Names:
    """Every name in a store, read once."""

    def __init__(self, store: Reader) -> None:
        self.things: dict[str, Named] = {}
        for row in store.select(_NAMES):
            iri, name = terms.cell(row["thing"]), row["name"]
            parts = split(iri)
            if parts is None or not isinstance(name, Literal):
                continue
            named = self.things.setdefault(iri, Named(iri, *parts))
            if terms.cell(row["kind"]) == "label":
                named.labels[name.language or "da"] = name.value
            named.names.add(name.value)
        self._labels: dict[str, dict[str, str]] = defaultdict(dict)
        for row in store.select(_LABELS):
            label = row["label"]
            if isinstance(label, Literal):
                self._labels[terms.cell(row["iri"])][label.language or "da"] = label.value
        self._labels.default_factory = None
        self._by_name: dict[str, dict[str, list[Named]]] = defaultdict(lambda: defaultdict(list))
        for named in self.things.values():
            for key in {fold(name) for name in named.names} | {fold(named.slug)}:
                self._by_name[named.type][key].append(named)

    def label(self, iri: str, language: Language) -> str:
        """The label of a thing, or an empty string for one that is not here."""
        named = self.things.get(iri)
        return named.label(language) if named else ""

    def labels(self, iris: Iterable[str]) -> dict[str, terms.Label]:
        """The labels (``rdfs:label``) of whatever has one, a thing or not; what has none is left out."""
        found = {}
        for iri in iris:
            named = self.things.get(iri)
            texts = named.labels if named else self._labels.get(iri)
            if texts:
                found[iri] = terms.Label(texts.get("da", ""), texts.get("en", ""))
        return found

    def search(self, text: str, language: Language, limit: int = 50, kind: str = "") -> list[Named]:
        """The things whose names hold every word of ``text``, the closest first."""
        words = fold(text).split()
        if not words:
            return []
        hits: list[tuple[tuple[int, int, int, str], Named]] = []
        for named in self.things.values():
            if named.type not in SEARCHED or (kind and named.type != kind):
                continue
            best = min((_closeness(fold(name), words) for name in named.names), default=9)
            if best < 9:
                rank = SEARCHED.index(named.type)
                hits.append(((best, rank, len(named.label(language)), named.iri), named))
        return [named for _, named in sorted(hits, key=lambda hit: hit[0])[:limit]]

    def resolve(self, parameter: Parameter, value: str) -> NamedNode | Literal:
        """A parameter's value as a term.

        A thing can be given by IRI, slug, code or name. Raises BadParameter, with near matches,
        where the value names nothing, or several things.
        """
        value = value.strip()
        if parameter.type == "date":
            return terms.day(parse_day(value, parameter.name))
        if parameter.type == "choice":
            if value not in parameter.choices:
                raise _unknown(parameter, value, parameter.choices)
            return Literal(value)
        if ":" in value and "/" in value:
            return self._by_iri(parameter, value)
        if parameter.type == "thing" and value.partition("/")[0] in TYPES:
            return self._by_iri(parameter, ID + value)
        if parameter.type == "municipality" and value.isascii() and value.isdigit():
            return self._by_code(parameter, value.zfill(4))
        key = fold(value)
        found = [named for kind in parameter.kinds for named in self._by_name[kind].get(key, ())]
        exact = [named for named in found if fold(named.slug) == key] or found
        if len(exact) == 1:
            return NamedNode(exact[0].iri)
        if exact:
            raise _ambiguous(parameter, value, exact)
        known = [name for kind in parameter.kinds for name in self._by_name[kind]]
        raise _unknown(parameter, value, difflib.get_close_matches(key, known, 3, 0.6))

    def _by_code(self, parameter: Parameter, code: str) -> NamedNode:
        iri = thing("municipality", code)
        if iri in self.things:
            return NamedNode(iri)
        known = [n for n in self.things.values() if n.type == "municipality"]
        near = sorted(known, key=lambda n: (abs(int(n.slug) - int(code)), n.slug))[:3]
        raise _unknown(parameter, code, [f"{n.slug} ({n.label('da')})" for n in near])

    def _by_iri(self, parameter: Parameter, iri: str) -> NamedNode:
        node = terms.named_node(iri, parameter.name)
        parts = split(iri)
        if parameter.type != "thing" and (parts is None or parts[0] not in parameter.kinds):
            known = [n.iri for n in self.things.values() if n.type in parameter.kinds]
            raise _unknown(parameter, iri, difflib.get_close_matches(iri, known, 3))
        if parts and iri not in self.things:
            near = difflib.get_close_matches(iri, [n.iri for n in self.things.values() if n.type == parts[0]], 3)
            raise _unknown(parameter, iri, near)
        return node


def fold(text: str) -> str:
    """A name for comparing: lower case, æøå spelt out, accents and marks gone."""
    # Composed first: an å that comes as a and a ring would else lose the ring.
    lowered = unicodedata.normalize("NFC", text).casefold().replace("æ", "ae").replace("ø", "oe").replace("å", "aa")
    if lowered.isascii():  # nearly every name by now
        return " ".join(_WORD.findall(lowered))
    plain = "".join(c for c in unicodedata.normalize("NFKD", lowered) if not unicodedata.combining(c))
    return " ".join("".join(c if c.isalnum() else " " for c in plain).split())


def _closeness(name: str, words: list[str]) -> int:
    text = " ".join(words)
    if name == text:
        return 0
    if name.startswith(text):
        return 1
    starts = name.split()
    if all(any(start.startswith(word) for start in starts) for word in words):
        return 2
    return 3 if all(word in name for word in words) else 9


def _unknown(parameter: Parameter, value: str, near: Iterable[str]) -> BadParameter:
    choices = ", ".join(near)
    da = f" Mente du: {choices}?" if choices else ""
    en = f" Did you mean: {choices}?" if choices else ""
    return BadParameter(
        Text(
            f"{parameter.name}: {value!r} er ukendt. Skriv kode, kortnavn, navn eller IRI.{da}",
            f"{parameter.name}: {value!r} is unknown. Write a code, slug, name or IRI.{en}",
        )
    )


def _ambiguous(parameter: Parameter, value: str, found: Iterable[Named]) -> BadParameter:
    choices = ", ".join(sorted(f"{named.type}/{named.slug}" for named in found)[:5])
    return BadParameter(
        Text(
            f"{parameter.name}: {value!r} passer på flere: {choices}. Skriv kortnavnet.",
            f"{parameter.name}: {value!r} fits several: {choices}. Write the slug.",
        )
    )
