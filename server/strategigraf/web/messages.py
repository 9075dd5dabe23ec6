"""The words of the pages, in Danish and English, from the files in ``words``: one for each group of pages."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from strategigraf.text import Language, Text


@cache
def messages() -> Mapping[str, Text]:
    """Every message by its key ``section.name``; KeyError where a language is missing or a key stands in two files."""
    found: dict[str, Text] = {}
    for path in sorted((Path(__file__).parent / "words").glob("*.toml")):
        for section, entries in tomllib.loads(path.read_text(encoding="utf-8")).items():
            for name, wording in entries.items():
                key = f"{section}.{name}"
                if key in found:
                    raise KeyError(f"{key} stands twice, the second time in {path.name}")
                found[key] = Text(wording["da"], wording["en"])
    return found


def message(key: str, language: Language, **values: Any) -> str:
    """A message in a language, its ``{placeholders}`` filled in; KeyError for an unknown key."""
    return messages()[key].in_language(language).format(**values) if values else _plain(key, language)


@cache
def _plain(key: str, language: Language) -> str:
    return messages()[key].in_language(language).format()
