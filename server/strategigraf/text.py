"""Text in the two languages of the service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Language = Literal["da", "en"]
LANGUAGES: tuple[Language, Language] = ("da", "en")


@dataclass(frozen=True, order=True)
class Text:
    """One message in Danish and in English."""

    da: str
    en: str

    def in_language(self, language: Language) -> str:
        """The wording in one language."""
        return self.da if language == "da" else self.en

    def format(self, **values: Any) -> Text:
        """The same message with its ``{placeholders}`` filled in, in both languages."""
        return Text(self.da.format(**values), self.en.format(**values))


def same(wording: str) -> Text:
    """A text that reads the same in both languages, such as a code or a name."""
    return Text(wording, wording)
