"""Choosing a format."""

from __future__ import annotations

import pytest

from strategigraf.media import GRAPHS, HTML, RESULTS, by_token, choose

OFFERED = (HTML, *GRAPHS)


@pytest.mark.parametrize(
    ("accept", "token"),
    [
        (None, "html"),
        ("", "html"),
        ("*/*", "html"),
        ("text/turtle", "ttl"),
        ("text/*", "html"),
        ("application/*", "nt"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "html"),
        ("application/ld+json;q=0.9, text/turtle;q=0.5", "jsonld"),
        ("text/turtle;q=0.1, */*;q=0.2", "html"),
        ("text/html;q=0, */*", "ttl"),
        ("TEXT/TURTLE", "ttl"),
        ("application/rdf+xml; charset=utf-8", "rdf"),
        ("text/turtle;q=nonsense, application/n-triples", "nt"),
        ("application/n-triples,*/*;q=0.9", "nt"),
        ("image/png", None),
        ("text/html;q=0", None),
        ("application/x-turtle", "ttl"),
    ],
)
def test_accept(accept: str | None, token: str | None) -> None:
    media = choose(accept, OFFERED)
    assert (media.token if media else None) == token


@pytest.mark.parametrize(
    ("token", "offered", "type_"),
    [
        ("ttl", GRAPHS, "text/turtle"),
        ("application/ld+json", GRAPHS, "application/ld+json"),
        ("xml", GRAPHS, "application/rdf+xml"),
        ("json", RESULTS, "application/sparql-results+json"),
        ("CSV", RESULTS, "text/csv"),
        ("xml", RESULTS, "application/sparql-results+xml"),
    ],
)
def test_tokens(token: str, offered: tuple, type_: str) -> None:  # type: ignore[type-arg]
    media = by_token(token, offered)
    assert media is not None
    assert media.type == type_


def test_an_unknown_token() -> None:
    assert by_token("docx", GRAPHS) is None


def test_text_says_its_characters() -> None:
    assert by_token("csv", RESULTS).header == "text/csv; charset=utf-8"  # type: ignore[union-attr]
    assert by_token("srj", RESULTS).header == "application/sparql-results+json"  # type: ignore[union-attr]
