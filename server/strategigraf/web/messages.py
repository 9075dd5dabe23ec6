"""The words of the pages, in Danish and English, from ``messages.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from strategigraf.text import Language, Text


@cache
def messages() -> Mapping[str, Text]:
    """Every message by its key ``section.name``; KeyError where a language is missing."""
    text = Path(__file__).with_name("messages.toml").read_text(encoding="utf-8")
    return {
        f"{section}.{name}": Text(wording["da"], wording["en"])
        for section, entries in tomllib.loads(text).items()
        for name, wording in entries.items()
    }


def message(key: str, language: Language, **values: Any) -> str:
    """A message in a language, its ``{placeholders}`` filled in; KeyError for an unknown key."""
    return messages()[key].in_language(language).format(**values)
