"""Choosing a format."""

from __future__ import annotations

import time

import pytest

from strategigraf.media import GRAPHS, HTML, PLAIN, RESULTS, Media, by_token, choose

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
        # Weights (RFC 9110, section 12.4.2)
        ("text/turtle;q=1.000, text/html;q=0.999", "ttl"),
        ("text/turtle;q=0.001", "ttl"),
        ("text/turtle;q=0.000", None),
        ("text/turtle;q=0., application/n-triples;q=1.", "nt"),
        ("text/html; q = 0.2 , text/turtle ;Q=0.3", "ttl"),
        ("text/turtle;q=2, application/n-triples;q=1", "ttl"),
        ("text/turtle;q=-1, application/n-triples;q=0.1", "nt"),
        ("text/turtle;q=nan, application/n-triples;q=inf", None),
        ("text/turtle;q=1e3, application/n-triples;q=0.1", "nt"),
        ("text/turtle;q=, application/n-triples;q=0.1", "nt"),
        ("text/turtle;q=0.5;q=0.1, application/n-triples;q=0.3", "nt"),
        # The most specific range holds (RFC 9110, section 12.5.1), wherever it stands
        ("*/*, text/html;q=0.1, text/*;q=0.2", "nt"),
        ("text/*;q=0.2, */*;q=0.1, text/turtle;q=0", "html"),
        ("text/html;q=0, text/*;q=0, */*;q=0.1", "nt"),
        ("*/*;q=0", None),
        ("text/*;q=0, */*;q=0.5, text/turtle;q=0.1", "nt"),
        ("*/turtle", None),
        ("Text/*;Q=0.1, APPLICATION/LD+JSON", "jsonld"),
        # Parameters other than the weight
        ('application/ld+json;profile="http://www.w3.org/ns/json-ld#compacted"', "jsonld"),
        ('application/ld+json;profile="a,b;q=0";q=0.9, text/turtle;q=0.8', "jsonld"),
        ('application/ld+json;profile="a\\",b";q=0.7, text/turtle;q=0.8', "ttl"),
        ('text/turtle;charset="UTF-8", text/html;q=0.9', "ttl"),
        ("text/turtle;version=1.2, text/turtle;q=0.3, application/n-triples;q=0.4", "nt"),
        ("text/turtle;version=1.2;q=0, text/turtle;q=0.3, text/html;q=0.2", "ttl"),
        ("text/turtle;version=1.2, */*;q=0.1", "ttl"),
        # What is broken takes nothing else with it
        (",, ,text/turtle;;;q=0.5,", "ttl"),
        ('text/html;q=0.1;x="open, text/turtle', "html"),
        (";q=1, text/turtle", "ttl"),
        # A short name is no media range, but is understood
        ("turtle", "ttl"),
        ("parrot", None),
        # java.net.URLConnection
        ("text/nothing, image/gif, image/jpeg, *; q=.2, */*; q=.2", "html"),
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


def test_the_example_of_the_standard() -> None:
    """RFC 9110, section 12.5.1: how much each of these is liked."""
    accept = "text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, text/plain;format=fixed;q=0.4, */*;q=0.5"
    # text/plain 0.7, image/jpeg 0.5, text/html 0.3; its special kinds of text/plain are not on offer.
    jpeg = Media("jpeg", "image/jpeg")
    assert choose(accept, (HTML, jpeg, PLAIN)) is PLAIN
    assert choose(accept, (HTML, jpeg)) is jpeg
    assert choose(accept, (HTML,)) is HTML
    assert choose("text/*;q=0.3, text/plain;q=0.4, text/plain;format=flowed, */*;q=0.5", (PLAIN, jpeg)) is jpeg


def test_a_long_header_is_read_in_no_time() -> None:
    started = time.perf_counter()
    for accept in ("text/turtle;" * 5_000, '"' * 60_000, 'a"' * 30_000, ",;" * 30_000, 'a;b="' + "\\" * 60_000):
        choose(accept, OFFERED)
    assert time.perf_counter() - started < 2


def test_every_format_of_the_endpoint_has_the_w3cs_iri() -> None:
    found = [media.format for media in (*GRAPHS, *RESULTS)]
    assert len(set(found)) == len(found)
    assert "http://www.w3.org/ns/formats/SPARQL_Results_JSON" in found
    with pytest.raises(ValueError, match="text/html"):
        _ = HTML.format
