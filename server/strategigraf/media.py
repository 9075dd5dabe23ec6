"""Media types, and the choice among them by Accept (RFC 9110 section 12.5.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    ranges = [_media_range(part) for part in accept.split(",") if part.strip()]
    best: tuple[float, int] | None = None
    chosen: Media | None = None
    for place, media in enumerate(offered):
        quality = _quality(media, ranges)
        if quality > 0 and (best is None or (quality, -place) > best):
            best, chosen = (quality, -place), media
    return chosen


def _media_range(part: str) -> tuple[str, float]:
    name, *params = (piece.strip() for piece in part.split(";"))
    quality = 1.0
    for param in params:
        key, _, value = param.partition("=")
        if key.strip().lower() == "q":
            try:
                quality = min(1.0, max(0.0, float(value.strip())))
            except ValueError:
                quality = 0.0
    return name.lower(), quality


def _quality(media: Media, ranges: Sequence[tuple[str, float]]) -> float:
    """How much the ranges like a format; its other names count only where they are named."""
    kind = media.type.split("/")[0] + "/*"
    for names in ((media.type,), media.aliases, (kind,), ("*/*",)):
        liked = [quality for pattern, quality in ranges if pattern in names]
        if liked:
            return max(liked)
    return 0.0
