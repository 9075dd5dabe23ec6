"""Words: how a text is cut into them, what their stems are, and which of them say nothing."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache

import Stemmer

from strategigraf.names import fold
from strategigraf.text import Language

_WORD = re.compile(r"[^\W_]+")
#: What people write for a longer word, folded. A short form that a source has is a name in the data instead.
SHORT = {"kbh": "koebenhavn", "kbhvn": "koebenhavn"}
_EMPTY = """
af alle at blev blive bliver de dem den der deres det dette disse dog du eller en er et faar findes for fra gaelder
gives giver har have hos hvad hvem hver hvilke hvilken hvilket hvis hvor hvordan hvornaar hvorfor i igen ikke ind
jeg kan man med men mod naar ned nogle nogen noget nu og om op os over paa saa sig sin sit sine skal som staar til
ud under var ved vi vil vaere a about all an and any are as by can do does from has how in is it its of on or that
the their them there these they this to was what when where which who why will with
"""
#: Words of a question that say nothing of what is asked for, folded; they count only where there is nothing else.
EMPTY = frozenset(_EMPTY.split())


@dataclass(frozen=True)
class Matcher:
    """What to mark in a text: whole words, beginnings of words, stems and parts of words, all folded."""

    words: frozenset[str] = frozenset()
    starts: tuple[str, ...] = ()
    stems: frozenset[str] = frozenset()
    parts: tuple[str, ...] = ()

    def hit(self, word: str) -> bool:
        """Whether a folded word is one of those that were searched for."""
        if word in self.words or word.startswith(self.starts):
            return True
        if any(part in word for part in self.parts):
            return True
        return bool(self.stems) and any(stem in self.stems for stem in stems(word))

    def marked(self, text: str) -> list[tuple[str, bool]]:
        """The text in pieces, each with whether it was searched for."""
        text = unicodedata.normalize("NFC", text)
        pieces: list[tuple[str, bool]] = []
        place = 0
        for match in _WORD.finditer(text):
            if self.hit(fold(match[0])):
                if match.start() > place:
                    pieces.append((text[place : match.start()], False))
                pieces.append((match[0], True))
                place = match.end()
        if place < len(text):
            pieces.append((text[place:], False))
        return pieces

    def count(self, text: str) -> int:
        """How many different words of a text were searched for."""
        return len({word for word in fold(text).split() if self.hit(word)})

    def snippet(self, text: str, most: int = 180) -> list[tuple[str, bool]]:
        """About ``most`` characters of a text around the first word that was searched for, in pieces, cut at words."""
        text = unicodedata.normalize("NFC", text)
        if len(text) <= most:
            return self.marked(text)
        first = next((m.start() for m in _WORD.finditer(text) if self.hit(fold(m[0]))), 0)
        start = max(0, min(first - most // 3, len(text) - most))
        end = min(len(text), start + most)
        if start:
            start = text.find(" ", start) + 1 or start
        if end < len(text):
            end = text.rfind(" ", start, end) if " " in text[start:end] else end
        pieces = self.marked(text[start:end])
        return [*([("… ", False)] if start else []), *pieces, *([(" …", False)] if end < len(text) else [])]


def cut(text: str) -> list[str]:
    """The words of a text as they stand in it."""
    return _WORD.findall(unicodedata.normalize("NFC", text))


def read(text: str) -> list[str]:
    """The folded words of a question, each once, without those that say nothing unless all do."""
    words = list(dict.fromkeys(SHORT.get(word, word) for word in fold(text).split()))
    return [word for word in words if word not in EMPTY] or words


@lru_cache(4096)
def stems(word: str) -> tuple[str, str]:
    """The stem of a folded word, as a Danish and as an English word."""
    return stem("da", word), stem("en", word)


def stem(language: Language, word: str) -> str:
    """The stem of a folded word (Snowball, https://snowballstem.org/algorithms/danish/stemmer.html).

    The algorithm knows vowels by their letters, so æøå are given back to it.
    """
    if language == "en":
        return str(_stemmers()["en"].stemWord(word))
    return fold(_stemmers()["da"].stemWord(_unfold(word))).replace(" ", "")


def _unfold(word: str) -> str:
    # Not always the spelling that the word had ("oe" in "poesi"), but the same for every form of it.
    return word.replace("ae", "æ").replace("oe", "ø").replace("aa", "å")


@cache
def _stemmers() -> dict[str, Stemmer.Stemmer]:
    return {"da": Stemmer.Stemmer("danish"), "en": Stemmer.Stemmer("english")}
