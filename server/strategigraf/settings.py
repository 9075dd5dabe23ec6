"""All settings in one table; nothing else reads the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from strategigraf import paths
from strategigraf.errors import BadParameter
from strategigraf.text import Language, Text

StoreKind = Literal["auto", "memory", "disk"]
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
    Setting(
        "STRATEGIGRAF_PROXIES",
        "0",
        Text(
            "Antal betroede proxyer foran tjenesten; med dem gælder X-Forwarded-For.",
            "Number of trusted proxies in front of the service; with them X-Forwarded-For holds.",
        ),
    ),
    Setting(
        "STRATEGIGRAF_QUERY_SECONDS",
        "10",
        Text(
            "Sekunder, en forespørgsel må tage, når den ikke selv siger timeout=.",
            "Seconds that a query may take where it does not say timeout= itself.",
        ),
    ),
    Setting(
        "STRATEGIGRAF_QUERY_SECONDS_MOST",
        "60",
        Text("Det meste, timeout= kan give.", "The most that timeout= can give."),
    ),
    Setting(
        "STRATEGIGRAF_QUERY_MEMORY",
        "512",
        Text("Megabyte, en forespørgsel må bruge.", "Megabytes that a query may use."),
    ),
    Setting(
        "STRATEGIGRAF_CLIENT_SECONDS",
        "20",
        Text(
            "Sekunders udførelse, en klient må bruge i minuttet; 0 for ingen grænse.",
            "Seconds of execution that a client may use in a minute; 0 for no limit.",
        ),
    ),
    Setting(
        "STRATEGIGRAF_CLIENT_HEAVY",
        "2",
        Text(
            "Tunge forespørgsler, en klient må have i gang på én gang; 0 for ingen grænse.",
            "Heavy queries that a client may have running at once; 0 for no limit.",
        ),
    ),
    Setting(
        "STRATEGIGRAF_HEAVY",
        "4",
        Text(
            "Tunge forespørgsler (over 0,1 sekund), tjenesten tager på én gang.",
            "Heavy queries (over 0.1 seconds) that the service takes at once.",
        ),
    ),
    Setting(
        "STRATEGIGRAF_KEPT",
        "16",
        Text(
            "Megabyte svar, som hver arbejderproces gemmer.",
            "Megabytes of answers that each worker process keeps.",
        ),
    ),
    Setting(
        "STRATEGIGRAF_LOG",
        "all",
        Text(
            "Hvilke forespørgsler der skrives i loggen: all, slow eller none.",
            "Which queries are written to the log: all, slow or none.",
        ),
    ),
    Setting(
        "STRATEGIGRAF_CONTACT",
        "",
        Text(
            "Hvor fejl meldes: en e-mailadresse, eller adressen på en side til nye sager (https).",
            "Where errors are reported: an e-mail address, or the address of a page for new issues (https).",
        ),
    ),
    Setting(
        "STRATEGIGRAF_STORE",
        "auto",
        Text(
            "Hvor en udgivelse læses fra: memory, disk eller auto (hukommelse op til to millioner tripler).",
            "Where a release is read from: memory, disk or auto (memory up to two million triples).",
        ),
    ),
    Setting(
        "STRATEGIGRAF_STORE_USER",
        "",
        Text("Bruger i databasen bag --store og publish.", "User of the store behind --store and publish."),
    ),
    Setting(
        "STRATEGIGRAF_STORE_PASSWORD",
        "",
        Text("Brugerens adgangskode.", "That user's password."),
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
    proxies: int = 0
    query_seconds: float = 10.0
    query_seconds_most: float = 60.0
    #: Megabytes.
    query_memory: int = 512
    client_seconds: float = 20.0
    client_heavy: int = 2
    heavy: int = 4
    kept_bytes: int = 16_000_000
    log: str = "all"
    #: An e-mail address or an https address; empty where the owner has given none.
    contact: str = ""
    store: StoreKind = "auto"
    store_user: str = ""
    store_password: str = field(default="", repr=False)

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
    log = env.get("STRATEGIGRAF_LOG", "").strip() or Settings.log
    if log not in ("all", "slow", "none"):
        raise _bad("STRATEGIGRAF_LOG", log, "all, slow eller none", "all, slow or none")
    seconds = _number(env, "STRATEGIGRAF_QUERY_SECONDS", 10, 1, 3600)
    most = _number(env, "STRATEGIGRAF_QUERY_SECONDS_MOST", max(60, seconds), 1, 3600)
    if most < seconds:
        raise _bad("STRATEGIGRAF_QUERY_SECONDS_MOST", str(most), f"mindst {seconds}", f"at least {seconds}")
    sources = env.get("STRATEGIGRAF_SOURCES", "").strip()
    return Settings(
        public_url=url.rstrip("/") or Settings.public_url,
        public_url_given=bool(url),
        fixed_today=parse_day(today, "STRATEGIGRAF_TODAY") if today else None,
        build=Path(env.get("STRATEGIGRAF_BUILD", "").strip() or paths.default_build(env)),
        sources=Path(sources) if sources else None,
        language=_language(env),
        workers=_number(env, "STRATEGIGRAF_WORKERS", os.cpu_count() or 2, 1, 256),
        proxies=_number(env, "STRATEGIGRAF_PROXIES", 0, 0, 16),
        query_seconds=seconds,
        query_seconds_most=most,
        query_memory=_number(env, "STRATEGIGRAF_QUERY_MEMORY", 512, 64, 1_000_000),
        client_seconds=_number(env, "STRATEGIGRAF_CLIENT_SECONDS", 20, 0, 1_000_000),
        client_heavy=_number(env, "STRATEGIGRAF_CLIENT_HEAVY", 2, 0, 1000),
        heavy=_number(env, "STRATEGIGRAF_HEAVY", 4, 1, 1000),
        kept_bytes=_number(env, "STRATEGIGRAF_KEPT", 16, 1, 100_000) * 1_000_000,
        log=log,
        contact=_contact(env),
        store=_store(env),
        store_user=env.get("STRATEGIGRAF_STORE_USER", ""),
        store_password=env.get("STRATEGIGRAF_STORE_PASSWORD", ""),
    )


def _number(env: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    """A whole number from the environment; BadParameter, naming the variable, for anything else."""
    value = env.get(name, "").strip()
    if not value:
        return default
    if not (value.isascii() and value.isdigit() and least <= int(value) <= most):
        raise _bad(name, value, f"et helt tal fra {least} til {most}", f"a whole number, {least} to {most}")
    return int(value)


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


def _store(env: Mapping[str, str]) -> StoreKind:
    kind = env.get("STRATEGIGRAF_STORE", "").strip() or "auto"
    if kind not in ("auto", "memory", "disk"):
        raise _bad("STRATEGIGRAF_STORE", kind, "auto, memory eller disk", "auto, memory or disk")
    return kind  # type: ignore[return-value]


def _contact(env: Mapping[str, str]) -> str:
    """An e-mail address (the common part of RFC 5322's) or an https address; BadParameter for anything else."""
    value = env.get("STRATEGIGRAF_CONTACT", "").strip()
    mail = re.fullmatch(r"[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", value)
    issue = re.fullmatch(r"https://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9\-._~%!$&'()*+,;=:@/?{}]*)?", value)
    if value and not mail and not issue:
        raise _bad(
            "STRATEGIGRAF_CONTACT",
            value,
            "en e-mailadresse eller en https-adresse",
            "an e-mail address or an https address",
        )
    return value


def _bad(name: str, value: str, da: str, en: str) -> BadParameter:
    return BadParameter(
        Text(f"{name} kan ikke være {value!r}: skriv {da}.", f"{name} cannot be {value!r}: write {en}.")
    )
