"""Asking the database of words.

A word is looked up in the vocabulary first: as it stands, as the beginning of a word, by its stem, inside a word, and
at last, where nothing is like it, by its spelling. The closeness of a hit (``Hit.tier``) goes before its score.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from strategigraf.names import fold
from strategigraf.search.words import SHORT, Matcher, read, stems

#: Tiers of closeness, the closest first.
WHOLE, BEGINS, STARTS, NAMED, TOLD, INSIDE, SOME = range(7)
#: More words than these say nothing more about what is looked for.
MOST_WORDS = 12
MOST_ALIKE = 60
#: The shortest word that is also looked for inside other words, and whose spelling may be wrong.
INNER = 4
#: Up to so many things are looked up one by one, more by reading the whole table.
_FEW = 600
#: Types that come in great numbers and have long names: equally close ones come after the others.
_LATE = {kind: place for place, kind in enumerate(("item", "entry", "approval", "observation", "alignment"), 1)}
#: How much more a hit by its name counts in things of a type, against one that is as long.
_WEIGHT = {"municipality": 4.0, "framework": 3.0, "strategy": 2.0, "series": 2.0, "organisation": 1.5, "query": 1.5}
#: Types whose things a question may call by name.
_CALLED = frozenset(("municipality", "framework", "organisation", "region", "series"))
_LONGEST_NAME = 5
#: Types whose names are often whole sentences: that one begins so says little.
_SENTENCES = frozenset(("element", *_LATE))
_LAST = (SOME, 0.0)
#: For each thing its closeness and its score, of which the lower is the better.
_Tiers = dict[int, tuple[int, float]]
_FACETS = ("type", "level", "by", "theme")


@dataclass(frozen=True)
class Filters:
    """What hits are narrowed to; an empty string is no limit. ``by`` is an IRI, the others are codes."""

    type: str = ""
    level: str = ""
    by: str = ""
    theme: str = ""


@dataclass(frozen=True)
class Hit:
    """A thing that was found. ``told`` are its texts as (kind, language, text, evidence), the best first."""

    iri: str
    type: str
    tier: int
    owner: str
    whose: str
    level: str
    told: tuple[tuple[str, str, str, str], ...] = ()


@dataclass(frozen=True)
class Found:
    """An answer: one page of hits, how many there are, how they are spread, and how the words were understood.

    ``facets``: for each of type, level, by and theme the number of hits by value, under the other filters.
    ``instead``: words that were found only by changing their spelling, with what was looked for instead.
    ``some``: no hit has all the words; these have some of them. ``named``: the municipalities, frameworks and so on
    whose whole names stand in a text of several words, in its order.
    """

    hits: tuple[Hit, ...] = ()
    total: int = 0
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    matcher: Matcher = field(default_factory=Matcher)
    instead: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    some: bool = False
    named: tuple[Hit, ...] = ()


class _Understood:
    """One word of a question, and the words of the vocabulary that it may stand for."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.alike: tuple[str, ...] = ()
        self.inside: tuple[str, ...] = ()
        self.instead: tuple[str, ...] = ()

    def any_of(self, inner: bool = False) -> str:
        """The word for FTS5: itself, what begins with it, and what is like it."""
        more = (*self.alike, *(self.inside if inner else ()))
        return "(" + " OR ".join((*(f'"{one}" *' for one in self.starts), *(f'"{one}"' for one in more))) + ")"

    @property
    def starts(self) -> tuple[str, ...]:
        """What a word may begin with: this word, or those that are looked for instead of it."""
        return self.instead or (self.word,)


class Index:
    """The database of one release, for every process that has its bytes: each opens it when it is first asked."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._lock = threading.Lock()
        self._pid = 0
        self._base: sqlite3.Connection | None = None
        self._vocabulary: list[str] = []

    @property
    def size(self) -> int:
        """The bytes of the database."""
        return len(self._data)

    def find(
        self, text: str, filters: Filters = Filters(), language: str = "da", limit: int = 25, offset: int = 0
    ) -> Found:
        """What a text leads to; whatever is no letter and no digit in it means nothing."""
        words = read(text)[:MOST_WORDS]
        if not words:
            return Found()
        with self._lock:
            base = self._open()
            understood = [self._understand(base, word) for word in words]
            tiers = self._tiers(base, _whole(text, understood), understood)
            some = not tiers
            if some:
                tiers = self._some(base, understood)
            facets, rows = self._narrowed(base, tiers, filters)
            hits = tuple(self._hit(base, row) for row in rows[offset : offset + limit])
            named = self._named(base, fold(text).split())
        matcher = _matcher(understood)
        return Found(
            tuple(_told_best_first(hit, matcher, language) for hit in hits), len(rows), facets, matcher,
            {one.word: one.instead for one in understood if one.instead}, some and bool(rows),
            named,
        )  # fmt: skip

    def suggest(self, text: str, limit: int = 8) -> Found:
        """The things whose names begin so, or hold words that do; the last word may be unfinished."""
        words = read(text)[:MOST_WORDS]
        if not words:
            return Found()
        with self._lock:
            base = self._open()
            understood = [self._understand(base, word) for word in words]
            tiers = self._names(base, _whole(text, understood), understood, 4 * limit)
            if len(tiers) < limit:
                for doc, score in self._match(base, "{name} : (" + _all(understood, inner=True) + ")"):
                    tiers.setdefault(doc, (INSIDE, score))
            rows = self._narrowed(base, tiers, Filters())[1]
            rows = [row for row in rows if row[2] not in _LATE][:limit] or rows[:limit]
        hits = tuple(Hit(row[1], row[2], row[3], *row[4:7]) for row in rows)
        return Found(hits, len(tiers), {}, _matcher(understood), {o.word: o.instead for o in understood if o.instead})

    def close(self) -> None:
        """Close what this process has opened, before it forks; the next question opens it again."""
        with self._lock:
            if self._base is not None:
                self._base.close()
                self._base = None

    def _open(self) -> sqlite3.Connection:
        # A connection must not cross a fork, so each process has its own.
        if self._base is None or self._pid != os.getpid():
            base = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
            base.deserialize(self._data)
            base.execute("PRAGMA query_only=ON")
            self._base, self._pid = base, os.getpid()
        return self._base

    def _understand(self, base: sqlite3.Connection, word: str) -> _Understood:
        found = _Understood(word)
        danish, english = stems(word)
        found.alike = tuple(
            row[0]
            for row in base.execute(
                "SELECT word FROM vocabulary WHERE da = ? UNION SELECT word FROM vocabulary WHERE en = ? LIMIT ?",
                (danish, english, MOST_ALIKE),
            )
            if not row[0].startswith(word)
        )
        if len(word) >= INNER:
            found.inside = tuple(
                row[0]
                for row in base.execute(
                    "SELECT word FROM vocabulary WHERE instr(word, ?) > 1 ORDER BY docs DESC LIMIT ?",
                    (word, MOST_ALIKE),
                )
            )
        begins = base.execute(
            "SELECT 1 FROM vocabulary WHERE word >= ? AND word < ? LIMIT 1", (word, word + "\U0010ffff")
        ).fetchone()
        if not (begins or found.alike) and len(word) >= INNER:
            found.instead = self._spelt_alike(base, word)
            if found.inside:
                # Inside a longer word it may be meant as it stands, unless it is nearly the name of something.
                found.instead = tuple(one for one in found.instead if self._is_called(base, one))
        return found

    def _spelt_alike(self, base: sqlite3.Connection, word: str) -> tuple[str, ...]:
        """The words nearest to one that is in no text, the most used first."""
        from rapidfuzz.distance import OSA
        from rapidfuzz.process import extract

        if not self._vocabulary:
            self._vocabulary = [row[0] for row in base.execute("SELECT word FROM vocabulary ORDER BY docs DESC")]
        most = 1 if len(word) < 6 else 2 if len(word) < 12 else 3
        near = extract(word, self._vocabulary, scorer=OSA.distance, score_cutoff=most, limit=20)
        closest = min((distance for _, distance, _ in near), default=0)
        return tuple(one for one, distance, place in sorted(near, key=lambda n: n[2]) if distance == closest)[:5]

    @staticmethod
    def _is_called(base: sqlite3.Connection, word: str) -> bool:
        rows = base.execute("SELECT type FROM name JOIN doc ON doc.id = doc WHERE key = ?", (word,))
        return any(row[0] in _CALLED for row in rows)

    def _tiers(self, base: sqlite3.Connection, whole: str, words: Sequence[_Understood]) -> _Tiers:
        """The things that have every word, each with its closeness and its score (the lower the better)."""
        tiers = self._names(base, whole, words)
        if all(len(one.word) == 1 for one in words):
            return tiers
        for tier, inner in ((TOLD, False), (INSIDE, True)):
            for doc, score in self._match(base, _all(words, inner)):
                tiers.setdefault(doc, (tier, score))
        return tiers

    def _names(
        self, base: sqlite3.Connection, whole: str, words: Sequence[_Understood], enough: int = 1 << 31
    ) -> _Tiers:
        """The same for those that have every word in their names; no farther ones where there are ``enough``."""
        tiers: _Tiers = {}
        for key, doc, own in base.execute(
            "SELECT key, doc, said FROM name WHERE key >= ? AND key < ?", (whole, whole + "\U0010ffff")
        ):
            if key != whole and not own:
                continue
            tier = WHOLE if key == whole else BEGINS
            tiers[doc] = min((tier, 0.0), tiers.get(doc, _LAST))
        starts = " AND ".join("(" + " OR ".join(f'"{start}" *' for start in one.starts) + ")" for one in words)
        for tier, text in ((STARTS, starts), (NAMED, _all(words))):
            if len(tiers) >= enough:
                break
            for doc, score in self._match(base, "{name} : (" + text + ")"):
                tiers[doc] = (min(tier, tiers.get(doc, _LAST)[0]), score)
        return tiers

    def _some(self, base: sqlite3.Connection, words: Sequence[_Understood]) -> _Tiers:
        """The things that have most of the words."""
        counts: Counter[int] = Counter()
        scores: dict[int, float] = defaultdict(float)
        for one in words:
            for doc, score in self._match(base, one.any_of(inner=True)):
                counts[doc] += 1
                scores[doc] += score
        most = max(counts.values(), default=0)
        return {doc: (SOME, scores[doc]) for doc, count in counts.items() if count == most}

    @staticmethod
    def _named(base: sqlite3.Connection, words: Sequence[str]) -> tuple[Hit, ...]:
        """The things of the types in ``_CALLED`` that are called by name among the words, the longest names first."""
        found: dict[int, Hit] = {}
        place, words = 0, words[: 2 * MOST_WORDS]
        while place < len(words) and len(words) > 1:
            for end in range(min(len(words), place + _LONGEST_NAME), place, -1):
                rows = base.execute(
                    "SELECT id, iri, type, owner, whose, level FROM name JOIN doc ON doc.id = doc AND said = 1 "
                    "WHERE key = ? ORDER BY rank, length, iri",
                    (" ".join(SHORT.get(word, word) for word in words[place:end]),),
                )
                called = [row for row in rows if row[2] in _CALLED]
                if called:
                    id_, iri, kind, *rest = called[0]
                    found.setdefault(id_, Hit(iri, kind, WHOLE, *rest))
                    place = end - 1
                    break
            place += 1
        return tuple(found.values())

    @staticmethod
    def _match(base: sqlite3.Connection, text: str) -> Iterable[tuple[int, float]]:
        return base.execute("SELECT rowid, bm25(words, 10.0, 1.0) FROM words WHERE words MATCH ?", (text,))

    @staticmethod
    def _narrowed(
        base: sqlite3.Connection, tiers: _Tiers, filters: Filters
    ) -> tuple[dict[str, Counter[str]], list[tuple[int, str, str, int, str, str, str]]]:
        """The facets, and the rows that pass every filter, in order: id, iri, type, tier, owner, whose, level."""
        seen: tuple[list[str], ...] = ([], [], [], [])
        rows = []
        query = "SELECT id, iri, type, rank, length, owner, whose, level, themes FROM doc"
        if len(tiers) <= _FEW:
            query += f" WHERE id IN ({','.join(map(str, tiers))})"  # numbers of our own
        for id_, iri, kind, rank, length, owner, whose, level, themes in base.execute(query):
            found = tiers.get(id_)
            if found is None:
                continue
            # A facet counts what passes the other filters: all of them but its own.
            missed = [
                place
                for place, (want, have) in enumerate(
                    ((filters.type, kind), (filters.level, level), (filters.by, whose), (filters.theme, themes))
                )
                if want and want != have and (place < 3 or want not in have.split(" "))
            ]  # fmt: skip
            if len(missed) > 1:
                continue
            for place, have in enumerate((kind, level, whose, themes)):
                if have and (not missed or missed[0] == place):
                    seen[place].append(have)
            if missed:
                continue
            tier, score = found
            # Of names that are equally close, the shortest of the type that most people look for; else by score.
            if tier == BEGINS and kind in _SENTENCES:
                tier = STARTS
            order = (tier, rank, length) if tier <= BEGINS else (tier, _LATE.get(kind, 0), _weighed(kind, score))
            rows.append((order, (id_, iri, kind, tier, owner, whose, level)))
        rows.sort(key=lambda row: (row[0], row[1][1]))
        facets = {name: Counter(values) for name, values in zip(_FACETS, seen, strict=True)}
        facets["theme"] = Counter(theme for themes in seen[3] for theme in themes.split(" "))
        return facets, [row for _, row in rows]

    @staticmethod
    def _hit(base: sqlite3.Connection, row: tuple[int, str, str, int, str, str, str]) -> Hit:
        told = tuple(base.execute("SELECT kind, language, body, piece FROM told WHERE doc = ?", (row[0],)))
        return Hit(*row[1:], told=told)


def _whole(text: str, words: Sequence[_Understood]) -> str:
    """The text as a name, folded, with the words that are looked for instead of those that are misspelt."""
    instead = {one.word: one.instead[0] for one in words if one.instead}
    return " ".join(instead.get(word, SHORT.get(word, word)) for word in fold(text).split())


def _weighed(kind: str, score: float) -> float:
    return score * _WEIGHT.get(kind, 1.0)


def _all(words: Sequence[_Understood], inner: bool = False) -> str:
    return " AND ".join(one.any_of(inner) for one in words)


def _matcher(words: Sequence[_Understood]) -> Matcher:
    return Matcher(
        frozenset(alike for one in words for alike in one.alike),
        tuple(start for one in words for start in one.starts),
        frozenset(stem for one in words for stem in stems(one.word)),
        tuple(one.word for one in words if len(one.word) >= INNER),
    )


#: Which kind of text is shown of those that say as much.
_KINDS_OF_TEXT = {"official": 0, "description": 1, "restored": 2, "phrase": 3, "written": 4}


def _told_best_first(hit: Hit, matcher: Matcher, language: str) -> Hit:
    """The hit with its texts in order: those with most of the words, then those in the language of the reader."""
    told = sorted(hit.told, key=lambda one: (-matcher.count(one[2]), one[1] != language, _KINDS_OF_TEXT.get(one[0], 9)))
    return Hit(hit.iri, hit.type, hit.tier, hit.owner, hit.whose, hit.level, tuple(told))
