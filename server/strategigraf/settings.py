"""All settings in one table; nothing else reads the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from strategigraf import paths
from strategigraf.errors import BadParameter
from strategigraf.text import Language, Text

COPENHAGEN = ZoneInfo("Europe/Copenhagen")


@dataclass(frozen=True)
class Setting:
    """One environment variable: its name, its default as shown to people, and what it does."""

    name: str
    default: str
    help: Text


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "STRATEGIGRAF_PUBLIC_URL",
        "http://127.0.0.1:8000",
        Text(
            "Tjenestens offentlige adresse, som alle links dannes af; ellers den, der lyttes på.",
            "The service's public address, which all links are made from; otherwise the one listened on.",
        ),
    ),
    Setting(
        "STRATEGIGRAF_TODAY",
        "",
        Text(
            "Dagen i dag som ÅÅÅÅ-MM-DD; ellers uret i København.",
            "Today as YYYY-MM-DD; otherwise the clock in Copenhagen.",
        ),
    ),
    Setting(
        "STRATEGIGRAF_BUILD",
        "build/",
        Text(
            "Mappen med udgivelser; uden for et checkout brugerens datamappe.",
            "The folder of releases; outside a checkout the user's data folder.",
        ),
    ),
    Setting(
        "STRATEGIGRAF_SOURCES",
        "",
        Text(
            "Mappen med kildeteksterne; når den er sat, slås hver frase op i sin kilde.",
            "The folder of source texts; when set, every phrase is looked up in its source.",
        ),
    ),
    Setting(
        "STRATEGIGRAF_LANGUAGE",
        "",
        Text(
            "da eller en for kommandoens meddelelser; ellers efter LC_ALL og LANG.",
            "da or en for the command's messages; otherwise by LC_ALL and LANG.",
        ),
    ),
    Setting(
        "STRATEGIGRAF_WORKERS",
        "",
        Text(
            "Antal arbejderprocesser; ellers ét for hver kerne.",
            "Number of worker processes; otherwise one for each core.",
        ),
    ),
)


@dataclass(frozen=True)
class Settings:
    """The settings of one run."""

    public_url: str = "http://127.0.0.1:8000"
    #: Whether somebody said it; if not, the command ``serve`` takes the address that it listens on.
    public_url_given: bool = False
    fixed_today: date | None = None
    build: Path = Path("build")
    sources: Path | None = None
    language: Language = "da"
    workers: int = 0

    def today(self) -> date:
        """The day that ``on`` is bound to where a request does not say."""
        return self.fixed_today or datetime.now(COPENHAGEN).date()


def from_environment(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings.

    Raises BadParameter where a value cannot be used, naming the variable and the mend.
    """
    env = os.environ if environ is None else environ
    url = env.get("STRATEGIGRAF_PUBLIC_URL", "").strip()
    try:
        parts = urlsplit(url or Settings.public_url)
    except ValueError:
        raise _bad("STRATEGIGRAF_PUBLIC_URL", url, "https://eksempel.dk", "https://example.org") from None
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise _bad("STRATEGIGRAF_PUBLIC_URL", url, "https://eksempel.dk", "https://example.org")
    today = env.get("STRATEGIGRAF_TODAY", "").strip()
    workers = env.get("STRATEGIGRAF_WORKERS", "").strip()
    if workers and not (workers.isascii() and workers.isdigit() and 1 <= int(workers) <= 256):
        raise _bad("STRATEGIGRAF_WORKERS", workers, "et tal fra 1 til 256", "a number, 1 to 256")
    sources = env.get("STRATEGIGRAF_SOURCES", "").strip()
    return Settings(
        public_url=url.rstrip("/") or Settings.public_url,
        public_url_given=bool(url),
        fixed_today=parse_day(today, "STRATEGIGRAF_TODAY") if today else None,
        build=Path(env.get("STRATEGIGRAF_BUILD", "").strip() or paths.default_build(env)),
        sources=Path(sources) if sources else None,
        language=_language(env),
        workers=int(workers) if workers else (os.cpu_count() or 2),
    )


def parse_day(value: str, name: str) -> date:
    """A day written YYYY-MM-DD; BadParameter, naming ``name``, for anything else."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise _bad(name, value, "en dag som 2026-12-31", "a day such as 2026-12-31")


def _language(env: Mapping[str, str]) -> Language:
    chosen = env.get("STRATEGIGRAF_LANGUAGE", "").strip()
    if chosen in ("da", "en"):
        return chosen  # type: ignore[return-value]
    if chosen:
        raise _bad("STRATEGIGRAF_LANGUAGE", chosen, "da eller en", "da or en")
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if env.get(name):
            return "en" if env[name].lower().startswith("en") else "da"
    return "da"


def _bad(name: str, value: str, da: str, en: str) -> BadParameter:
    return BadParameter(
        Text(f"{name} kan ikke være {value!r}: skriv {da}.", f"{name} cannot be {value!r}: write {en}.")
    )
