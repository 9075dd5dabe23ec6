"""Media types, and the choice among them by Accept (RFC 9110 section 12.5.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pyoxigraph import QueryResultsFormat, RdfFormat


@dataclass(frozen=True)
class Media:
    """One format: its short name (also the file ending), its media type and its other names.

    ``w3c`` is its name among the W3C's "Unique URIs for file formats", which service descriptions use.
    """

    token: str
    type: str
    aliases: tuple[str, ...] = ()
    rdf: RdfFormat | None = None
    results: QueryResultsFormat | None = None
    w3c: str = ""

    @property
    def format(self) -> str:
        """Its IRI, as the W3C gives it to file formats; ValueError for one that has none."""
        if not self.w3c:
            raise ValueError(f"{self.type} has no IRI")
        return f"http://www.w3.org/ns/formats/{self.w3c}"

    @property
    def header(self) -> str:
        """The Content-Type; text formats say their character set."""
        return f"{self.type}; charset=utf-8" if self.type.startswith("text/") else self.type


HTML = Media("html", "text/html", ("application/xhtml+xml",))
JSON = Media("json", "application/json")
CSV = Media("csv", "text/csv")
XLSX = Media("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
PROBLEM = Media("problem", "application/problem+json")
PLAIN = Media("txt", "text/plain")

GRAPHS: tuple[Media, ...] = (
    Media("ttl", "text/turtle", ("application/x-turtle", "turtle"), rdf=RdfFormat.TURTLE, w3c="Turtle"),
    Media("nt", "application/n-triples", ("ntriples",), rdf=RdfFormat.N_TRIPLES, w3c="N-Triples"),
    Media("jsonld", "application/ld+json", ("json-ld",), rdf=RdfFormat.JSON_LD, w3c="JSON-LD"),
    Media("rdf", "application/rdf+xml", ("xml", "rdfxml"), rdf=RdfFormat.RDF_XML, w3c="RDF_XML"),
)

RESULTS: tuple[Media, ...] = (
    Media("srj", "application/sparql-results+json", ("json", "application/json"),
          results=QueryResultsFormat.JSON, w3c="SPARQL_Results_JSON"),
    Media("srx", "application/sparql-results+xml", ("xml",), results=QueryResultsFormat.XML, w3c="SPARQL_Results_XML"),
    Media("csv", "text/csv", (), results=QueryResultsFormat.CSV, w3c="SPARQL_Results_CSV"),
    Media("tsv", "text/tab-separated-values", (), results=QueryResultsFormat.TSV, w3c="SPARQL_Results_TSV"),
)  # fmt: skip


def by_token(token: str, offered: Sequence[Media]) -> Media | None:
    """The offered format with this short name or media type."""
    wanted = token.strip().lower()
    for media in offered:
        if wanted in (media.token, media.type, *media.aliases):
            return media
    return None


def choose(accept: str | None, offered: Sequence[Media]) -> Media | None:
    """The offered format that the Accept header likes best, or None if it likes none.

    No header, or an empty one, takes the first. Among equals the order of ``offered`` decides.
    A more specific range overrides a wider one, and ``q=0`` refuses.
    """
    if not accept or not accept.strip():
        return offered[0]
    ranges = [_media_range(part) for part in _MEMBER.findall(accept) if part.strip()]
    best: tuple[float, int] | None = None
    chosen: Media | None = None
    for place, media in enumerate(offered):
        quality = _quality(media, ranges)
        if quality > 0 and (best is None or (quality, -place) > best):
            best, chosen = (quality, -place), media
    return chosen


#: A member of a list, and a part of a member; neither ends within a quoted string (RFC 9110, sections 5.6.1 and 5.6.4).
_MEMBER = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*+"?)++')
_PART = re.compile(r'(?:[^;"]|"(?:[^"\\]|\\.)*+"?)++')
_WEIGHT = re.compile(r"[0-9]*\.?[0-9]+|[0-9]+\.")


class _Range(NamedTuple):
    """A media range: its name, whether it has parameters that no format here has, and how much it is liked."""

    name: str
    special: bool
    quality: float


def _media_range(part: str) -> _Range:
    """Read a media range. A weight that is no number refuses; old Java clients send a star alone for ``*/*``."""
    name, *params = (piece.strip() for piece in _PART.findall(part) or [""])
    quality, special = 1.0, False
    for param in params:
        key, _, value = (piece.strip().lower() for piece in param.partition("="))
        if key == "q":
            quality = min(1.0, float(value)) if _WEIGHT.fullmatch(value) else 0.0
        elif key and (key, value.strip('"')) != ("charset", "utf-8"):
            special = True
    return _Range("*/*" if name == "*" else name.lower(), special, quality)


def _quality(media: Media, ranges: Sequence[_Range]) -> float:
    """How much the ranges like a format; its other names count only where they are named.

    A range with parameters, such as the profile of a JSON-LD, is for a special kind of the format. It counts only where
    nothing is said of the plain kind: better that kind than none.
    """
    kind = media.type.split("/")[0] + "/*"
    for names in ((media.type,), media.aliases, (kind,), ("*/*",)):
        for special in (False, True):
            liked = [one.quality for one in ranges if one.special is special and one.name in names]
            if liked:
                return max(liked)
    return 0.0
