"""Graphs as text, the same bytes for the same triples."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from flask import current_app
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, serialize

from strategigraf.exports import jsonld
from strategigraf.media import Media
from strategigraf.ns import PREFIXES
from strategigraf.text import LANGUAGES, Text
from strategigraf.web import site

#: Namespaces of descriptions of the service, which the graph itself does not use.
EXTRA = {
    "prof": "http://www.w3.org/ns/dx/prof/",
    "schema": "https://schema.org/",
    "sd": "http://www.w3.org/ns/sparql-service-description#",
    "spex": "https://purl.expasy.org/sparql-examples/ontology#",
    "void": "http://rdfs.org/ns/void#",
    "void-ext": "http://ldf.fi/void-ext#",
}
_NAMES = PREFIXES | EXTRA


def node(name: str) -> NamedNode:
    """The term of a prefixed name, such as ``void:Dataset``; KeyError where the prefix is unknown."""
    prefix, _, local = name.partition(":")
    return NamedNode(_NAMES[prefix] + local)


def whole_number(value: int) -> Literal:
    """A count as ``xsd:integer``, the range of all of VoID's statistics."""
    return Literal(str(value), datatype=node("xsd:integer"))


def texts(subject: NamedNode, name: str, text: Text) -> Iterator[Triple]:
    """A text in both languages, as values of a property."""
    for language in LANGUAGES:
        yield Triple(subject, node(name), Literal(text.in_language(language), language=language))


def context() -> jsonld.Context:
    """The JSON-LD context of the release that is served."""
    kept = current_app.extensions.get("strategigraf.context")
    if kept is None:
        kept = current_app.extensions["strategigraf.context"] = jsonld.Context(
            site.service().store.construct(
                """CONSTRUCT { ?term a ?kind ; rdfs:range ?range } WHERE {
                  ?term rdfs:isDefinedBy sg: ; a ?kind OPTIONAL { ?term rdfs:range ?range }
                }"""
            )
        )
    found: jsonld.Context = kept
    return found


def of_thing(triples: Iterable[Triple], iri: str, media: Media) -> bytes:
    """The description of a thing in an RDF format; as JSON-LD, with what it points to inside it."""
    if media.rdf == RdfFormat.JSON_LD:
        return jsonld.thing(triples, iri, context())
    return write(triples, media)


def block(triples: Iterable[Triple], iri: str) -> bytes:
    """The JSON-LD that stands in the page of a thing, on one line."""
    return jsonld.thing(triples, iri, context(), compact=True)


def of_things(triples: Iterable[Triple], media: Media) -> bytes:
    """Some things of the graph, or its terms, in an RDF format; as JSON-LD by the published context."""
    if media.rdf == RdfFormat.JSON_LD:
        return jsonld.listing(triples, context())
    return write(triples, media)


def write(triples: Iterable[Triple], media: Media) -> bytes:
    """Triples in an RDF format, sorted, with the prefixes that they use and no others."""
    some = sorted(set(triples), key=str)
    text = " ".join(_iris(some))
    prefixes = {name: base for name, base in _NAMES.items() if base in text}
    assert media.rdf is not None
    data = serialize(some, format=media.rdf, prefixes=prefixes)
    return _steady((data or b"").decode(), media.rdf).encode()


def _iris(triples: Iterable[Triple]) -> Iterable[str]:
    for triple in triples:
        for term in (triple.subject, triple.predicate, triple.object):
            if isinstance(term, NamedNode):
                yield term.value
            elif isinstance(term, Literal):
                yield term.datatype.value


def _steady(text: str, rdf: RdfFormat) -> str:
    """Prefixes in alphabetical order; the serializer's own order differs from process to process."""
    if rdf == RdfFormat.TURTLE:
        lines = text.split("\n")
        count = next((n for n, line in enumerate(lines) if not line.startswith("@prefix ")), len(lines))
        return "\n".join(sorted(lines[:count]) + lines[count:])
    if rdf == RdfFormat.RDF_XML:
        return re.sub(r"<rdf:RDF((?: xmlns:[\w-]+=\"[^\"]*\")+)", _sorted_attributes, text, count=1)
    return text


def _sorted_attributes(match: re.Match[str]) -> str:
    return "<rdf:RDF " + " ".join(sorted(match[1].split()))
