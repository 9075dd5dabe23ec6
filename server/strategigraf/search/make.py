"""Reading a release into a database of words."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pyoxigraph import Literal

from strategigraf import terms
from strategigraf.names import Names, fold
from strategigraf.ns import ID, expand, split
from strategigraf.search.words import cut, stem
from strategigraf.store import Reader

#: The type of a public query among the hits: it is no thing in the graph.
QUERY = "query"
#: Types that are found, in the order in which equally close names are shown.
KINDS = (
    "municipality", "framework", "strategy", "series", "organisation", "region", "element", "body", QUERY,
    "document", "concept", "item", "entry", "approval", "observation", "alignment",
)  # fmt: skip
#: What is said of a thing in words, ours or the source's; ``?piece`` is the evidence that a phrase stands in.
_TEXTS = (
    """SELECT ?thing ?kind ?text WHERE {
      VALUES (?property ?kind) {
        (dct:description "description") (skos:definition "description") (sg:officialText "official")
        (sg:formAsWritten "written") (sg:linkText "written") (sg:periodAsWritten "written")
        (sg:valueAsWritten "written")
      }
      ?thing ?property ?text .
    } ORDER BY ?thing ?kind ?text""",
    """SELECT ?thing ?kind ?text ?piece WHERE {
      VALUES (?property ?kind) { (sg:phrase "phrase") (sg:phraseRestored "restored") }
      ?thing sg:evidence ?piece . ?piece ?property ?text .
    } ORDER BY ?thing ?kind ?piece""",
)
#: Where a thing belongs, the nearest first.
_OWNERS = (
    "sg:elementOf", "sg:itemOf", "sg:entryOf", "sg:approvalOf", "sg:about", "sg:subject", "org:unitOf",
    "dct:publisher", "sg:owner", "skos:inScheme",
)  # fmt: skip
#: Whose a thing is: the first that is stated of it, else of what it belongs to.
_WHOSE = ("sg:municipality", "org:unitOf", "dct:publisher")
_LINKS = (*dict.fromkeys((*_WHOSE, *_OWNERS)), "sg:level", "sg:textOf", "dct:subject")
_THEME = ID + "concept/theme-"
_LEVEL = ID + "concept/level-"
_TABLES = """
CREATE TABLE doc (
  id INTEGER PRIMARY KEY, iri TEXT NOT NULL, type TEXT NOT NULL, rank INTEGER NOT NULL, length INTEGER NOT NULL,
  owner TEXT NOT NULL, whose TEXT NOT NULL, level TEXT NOT NULL, themes TEXT NOT NULL
);
CREATE TABLE name (key TEXT NOT NULL, doc INTEGER NOT NULL, said INTEGER NOT NULL, PRIMARY KEY (key, doc))
  WITHOUT ROWID;
CREATE TABLE told (doc INTEGER NOT NULL, kind TEXT NOT NULL, language TEXT NOT NULL, body TEXT NOT NULL,
  piece TEXT NOT NULL);
CREATE TABLE vocabulary (word TEXT PRIMARY KEY, da TEXT, en TEXT, docs INTEGER NOT NULL) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5(name, text, content='', tokenize="unicode61 remove_diacritics 0");
"""
_INDEXES = """
CREATE INDEX told_doc ON told (doc);
CREATE INDEX vocabulary_da ON vocabulary (da) WHERE da IS NOT NULL;
CREATE INDEX vocabulary_en ON vocabulary (en) WHERE en IS NOT NULL;
INSERT INTO words (words) VALUES ('optimize');
"""


@dataclass
class Extra:
    """Something to be found that is no thing in the graph: a public query. ``texts`` are by language."""

    slug: str
    labels: Mapping[str, str]
    texts: Mapping[str, str] = field(default_factory=dict)


def make(store: Reader, names: Names, extras: Iterable[Extra] = ()) -> bytes:
    """The database of a release, as ``sqlite3.Connection.deserialize`` takes it.

    Raises StoreUnavailable where a store on another machine does not answer.
    """
    texts: dict[str, list[tuple[str, str, str, str]]] = defaultdict(list)
    for query in _TEXTS:
        for row in store.select(query):
            text = row["text"]
            if isinstance(text, Literal):
                told = (terms.cell(row["kind"]), text.language or "da", text.value, terms.cell(row.get("piece")))
                texts[terms.cell(row["thing"])].append(told)
    # A phrase that the scan has broken would bring words that nobody writes; its restored form stands for it.
    restored = {told[3] for some in texts.values() for told in some if told[0] == "restored"}
    for some in texts.values():
        some[:] = [told for told in some if told[0] != "phrase" or told[3] not in restored]
    places = _Places(store)
    base = sqlite3.connect(":memory:")
    try:
        base.executescript("PRAGMA page_size=4096; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + _TABLES)
        writer = _Writer(base)
        for iri, named in names.things.items():
            if named.type in KINDS:
                label = named.labels.get("da") or named.labels.get("en") or named.slug
                owner, whose, level, themes = places.of(iri)
                known = [(text, "en" if text == named.labels.get("en") else "da") for text in sorted(named.names)]
                # The slug is the only name that a code or a file has.
                writer.add(
                    (iri, named.type, len(label), owner, whose, level, themes), known, texts.get(iri, ()), named.slug
                )
        for extra in extras:
            about = [("description", lang, text, "") for lang, text in extra.texts.items()]
            known = [(text, lang) for lang, text in extra.labels.items()]
            writer.add((extra.slug, QUERY, 0, "", "", "", ""), known, about, extra.slug)
        writer.finish()
        base.executescript(_INDEXES)
        base.execute("VACUUM")
        return base.serialize()
    finally:
        base.close()


class _Writer:
    """Puts documents into the tables, and what they are made of into the vocabulary."""

    def __init__(self, base: sqlite3.Connection) -> None:
        self._base = base
        self._docs: Counter[str] = Counter()
        self._languages: dict[str, set[str]] = {"da": set(), "en": set()}
        self._number = 0
        self._folded: dict[str, list[str]] = {}

    def add(
        self,
        doc: tuple[str, str, int, str, str, str, str],
        names: Iterable[tuple[str, str]],
        told: Iterable[tuple[str, str, str, str]],
        slug: str,
    ) -> None:
        """Add a thing: its columns, its names and texts with their languages, and its slug."""
        self._number += 1
        iri, kind, length, *rest = doc
        self._base.execute(
            "INSERT INTO doc VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (self._number, iri, kind, KINDS.index(kind), length, *rest),
        )
        said: dict[str, None] = {}
        words: list[str] = self._read(slug, "da")
        keys = {" ".join(words): 0}
        for text, language in names:
            words = self._read(text, language)
            keys[" ".join(words)] = 1
            said |= dict.fromkeys(words)
        if not said:
            said |= dict.fromkeys(words)
        self._base.executemany(
            "INSERT INTO name VALUES (?, ?, ?)", ((key, self._number, own) for key, own in keys.items() if key)
        )
        words = []
        for row in told:
            words += self._read(row[2], row[1])
            self._base.execute("INSERT INTO told VALUES (?, ?, ?, ?, ?)", (self._number, *row))
        self._docs.update({*said, *words})
        self._base.execute(
            "INSERT INTO words (rowid, name, text) VALUES (?, ?, ?)", (self._number, " ".join(said), " ".join(words))
        )

    def _fold(self, word: str) -> list[str]:
        # Folding goes sign by sign, and most words come again and again.
        if word not in self._folded:
            self._folded[word] = fold(word).split()
        return self._folded[word]

    def finish(self) -> None:
        """Write the vocabulary: each word with its stems in the languages that it stands in."""
        self._base.executemany(
            "INSERT INTO vocabulary VALUES (?, ?, ?, ?)",
            (
                (
                    word,
                    stem("da", word) if word in self._languages["da"] else None,
                    stem("en", word) if word in self._languages["en"] else None,
                    docs,
                )
                for word, docs in sorted(self._docs.items())
            ),
        )

    def _read(self, text: str, language: str) -> list[str]:
        words = [folded for word in cut(text) for folded in self._fold(word)]
        self._languages["en" if language == "en" else "da"].update(words)
        return words


class _Places:
    """Where things belong: to what, to whom, on which level, under which themes."""

    def __init__(self, store: Reader) -> None:
        self._links: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        named = {expand(name): name for name in _LINKS}
        query = f"""SELECT ?thing ?property ?other WHERE {{
          VALUES ?property {{ {" ".join(_LINKS)} }}
          ?thing ?property ?other .
        }}"""
        for row in store.select(query):
            self._links[terms.cell(row["thing"])][named[terms.cell(row["property"])]].append(terms.cell(row["other"]))
        for links in self._links.values():
            for others in links.values():
                others.sort()

    def of(self, iri: str) -> tuple[str, str, str, str]:
        """Owner, publisher, level and themes of a thing; each empty where nothing is known."""
        links = self._links.get(iri, {})
        owner = self._first(iri, _OWNERS)
        themes = sorted(one for one in links.get("dct:subject", ()) if one.startswith(_THEME))
        whose = self._whose(iri)
        return owner, whose, self._level(iri, whose), " ".join(one[len(_THEME) :] for one in themes)

    def _first(self, iri: str, properties: Iterable[str]) -> str:
        links = self._links.get(iri)
        return next((links[name][0] for name in properties if name in links), "") if links else ""

    def _chain(self, iri: str) -> Iterable[str]:
        """The thing, and what it belongs to, and so on; a circle ends."""
        seen: dict[str, None] = {}
        while iri and iri not in seen:
            seen[iri] = None
            iri = self._first(iri, _OWNERS)
        return seen

    def _whose(self, iri: str) -> str:
        for one in self._chain(iri):
            parts = split(one)
            if parts and parts[0] in ("municipality", "organisation"):
                return one
            if found := self._first(one, _WHOSE):
                return found
        return ""

    def _level(self, iri: str, whose: str) -> str:
        for one in self._chain(iri):
            stated = self._first(one, ("sg:level",)) or self._first(self._first(one, ("sg:textOf",)), ("sg:level",))
            if stated:
                return stated.removeprefix(_LEVEL)
        parts = split(whose)
        return "local" if parts and parts[0] == "municipality" else ""
