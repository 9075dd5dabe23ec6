"""What the service says of itself: the endpoint (SPARQL 1.1 Service Description), its prefixes and its examples.

The prefixes are SHACL's (SHACL, section 5.2.1), and the examples have the form that the SPARQL examples of SIB gave
them, so that editors and language-model tools that read those need no configuration: they look in the service
description, where the store itself has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from flask import Blueprint
from flask.typing import ResponseReturnValue
from pyoxigraph import Literal, NamedNode, Triple

from strategigraf import job, ns
from strategigraf.media import GRAPHS, HTML, RESULTS
from strategigraf.ns import PREFIXES, RDF_TYPE
from strategigraf.settings import Settings
from strategigraf.text import Text
from strategigraf.web import http, rdf, site
from strategigraf.web.negotiate import pick
from strategigraf.web.rdf import node, texts
from strategigraf.web.void import DATASET, ONTOLOGY, PATH, dataset, publisher

blueprint = Blueprint("description", __name__)
#: Turtle first: it is what one who asks for nothing gets.
OFFERED = (*GRAPHS, HTML)
_DOCUMENT = Text("VoID-beskrivelse af Strategigraf", "VoID description of Strategigraf")
_SERVICE = Text("Strategigrafs SPARQL-endpoint", "Strategigraf's SPARQL endpoint")
_LIMITS = Text(
    "SPARQL 1.1 til læsning. En forespørgsel kører højst {seconds:g} sekunder, med timeout= højst {most:g}. "
    "En klient kan bruge {minute} sekunders udførelse i minuttet. Et svar kan fylde {size} MB. SERVICE og opdateringer "
    "er slået fra, og FROM henter intet udefra.",
    "SPARQL 1.1, read-only. A query runs for at most {seconds:g} seconds, with timeout= at most {most:g}. "
    "A client may use {minute} seconds of execution a minute. An answer can have {size} MB. SERVICE and updates are "
    "turned off, and FROM fetches nothing from elsewhere.",
)
_FREE = Text("ubegrænset mange", "any number of")
#: The executable of each query form, and the property of its text (SHACL, section 5.2; SHACL Advanced Features, 4).
#: SHACL has none for DESCRIBE; those are SIB's.
_FORMS = {
    "SELECT": ("sh:SPARQLSelectExecutable", "sh:select"),
    "ASK": ("sh:SPARQLAskExecutable", "sh:ask"),
    "CONSTRUCT": ("sh:SPARQLConstructExecutable", "sh:construct"),
    "DESCRIBE": ("spex:SPARQLDescribeExecutable", "spex:describe"),
}
_FORM = re.compile(rf"^\s*({'|'.join(_FORMS)})\b", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True)
class Example:
    """A query that can be run as it stands: a name that no other has, what it asks, its text and its keywords."""

    name: str
    summary: Text
    text: str
    keywords: tuple[str, ...] = ()

    @property
    def form(self) -> str:
        """The form of the query: SELECT, ASK, CONSTRUCT or DESCRIBE."""
        found = _FORM.search(self.text)
        assert found, f"{self.name} has no query form"
        return found[1].upper()


def worked_examples() -> list[Example]:
    """The examples that are shown with the ontology."""
    found = site.service().catalogue.examples
    return [Example(f"example-{one.name}", one.header.summary, one.text) for one in found]


def public_queries() -> list[Example]:
    """The public queries, each bound to its defaults: an unbound parameter would ask about everything at once.

    One that has a required parameter without a default is left out.
    """
    service = site.service()
    found = []
    for name, query in sorted(service.catalogue.queries.items()):
        if not query.report and not any(one.required and not one.default for one in query.header.parameters):
            values = service.catalogue.parameters(query, {}, service.names, site.today())
            found.append(Example(f"query-{name}", query.header.summary, query.bind(values), query.header.tags))
    return found


@blueprint.route(PATH, methods=["GET"])
def well_known() -> ResponseReturnValue:
    """The dataset in VoID as Turtle, JSON-LD, RDF/XML or N-Triples; a browser is led to the same facts as a page.

    Raises NotAcceptable (406), with the list of what there is.
    """
    media = pick(OFFERED)
    if media is HTML:
        english = "/en" if site.prefers_english() else ""
        return http.see_other(site.url(f"{english}/ontology/") + "#profile")
    kept = http.unchanged(media.token, by_day=True)
    response = kept or http.reply(rdf.write(description(), media), media)
    for one in GRAPHS:
        address = site.url(PATH, format=one.token)
        response.headers.add("Link", f'<{address}>; rel="alternate"; type="{one.type}"')
    response.headers.add("Link", f'<{site.url("/ontology/")}#profile>; rel="alternate"; type="{HTML.type}"')
    return response


def description() -> list[Triple]:
    """The whole document: itself, the dataset, the prefixes and the examples."""
    return [*_document(), *dataset(), *prefixes(), *executables()]


def _document() -> Iterator[Triple]:
    this = NamedNode(site.url(PATH))
    yield Triple(this, RDF_TYPE, node("void:DatasetDescription"))
    yield from texts(this, "dct:title", _DOCUMENT)
    yield Triple(this, node("foaf:primaryTopic"), DATASET)
    yield Triple(this, node("foaf:topic"), DATASET)
    yield from publisher(this)


def service_description() -> list[Triple]:
    """The endpoint in RDF (SPARQL 1.1 Service Description, section 3), with all that VoID says of the data."""
    return [*endpoint(), *dataset(), *prefixes(), *executables()]


def endpoint() -> Iterator[Triple]:
    """The service itself: languages, formats, features, limits, and the RDF dataset that it queries."""
    release, settings = site.service().release, site.service().settings
    address = NamedNode(site.url("/sparql"))
    service, whole = NamedNode(f"{address.value}#service"), NamedNode(f"{address.value}#dataset")
    graphs = NamedNode(f"{address.value}#graphs")
    yield Triple(service, RDF_TYPE, node("sd:Service"))
    yield Triple(service, RDF_TYPE, node("dcat:DataService"))
    yield Triple(service, node("sd:endpoint"), address)
    yield Triple(service, node("dcat:endpointURL"), address)
    yield Triple(service, node("dcat:endpointDescription"), address)
    yield Triple(service, node("dcat:servesDataset"), DATASET)
    yield Triple(service, node("dct:conformsTo"), NamedNode("https://www.w3.org/TR/sparql11-protocol/"))
    yield from texts(service, "dct:title", _SERVICE)
    yield from texts(service, "dct:description", limits(settings))
    yield Triple(service, node("sd:supportedLanguage"), node("sd:SPARQL11Query"))
    # The default graph is the merge of the named ones, made when a release is.
    yield Triple(service, node("sd:feature"), node("sd:UnionDefaultGraph"))
    entailment = NamedNode("http://www.w3.org/ns/entailment/Simple")
    yield Triple(service, node("sd:defaultEntailmentRegime"), entailment)
    for media in (*RESULTS, *GRAPHS):
        yield Triple(service, node("sd:resultFormat"), NamedNode(media.format))
    yield Triple(service, node("sd:defaultDataset"), whole)
    yield Triple(service, node("sd:availableGraphs"), graphs)
    yield Triple(graphs, RDF_TYPE, node("sd:GraphCollection"))
    yield Triple(whole, RDF_TYPE, node("sd:Dataset"))
    yield Triple(whole, RDF_TYPE, node("sd:GraphCollection"))
    yield Triple(whole, node("sd:defaultGraph"), DATASET)
    yield Triple(DATASET, RDF_TYPE, node("sd:Graph"))
    for iri in sorted(release.manifest["graphs"]):
        stem = iri.removeprefix(ns.GRAPH)
        named = NamedNode(f"{address.value}#graph-{stem}")
        yield Triple(whole, node("sd:namedGraph"), named)
        yield Triple(graphs, node("sd:namedGraph"), named)
        yield Triple(named, RDF_TYPE, node("sd:NamedGraph"))
        yield Triple(named, node("sd:name"), NamedNode(iri))
        yield Triple(named, node("sd:graph"), NamedNode(iri))
        yield Triple(named, node("sd:entailmentRegime"), entailment)
        yield Triple(named, node("rdfs:label"), Literal(stem))
        yield Triple(NamedNode(iri), RDF_TYPE, node("sd:Graph"))


def limits(settings: Settings) -> Text:
    """The limits of the endpoint in words."""
    given = {
        "seconds": settings.query_seconds,
        "most": settings.query_seconds_most,
        "size": job.MOST_BYTES // 1_000_000,
    }
    minute = f"{settings.client_seconds:g}"
    free = not settings.client_seconds
    return Text(
        _LIMITS.da.format(**given, minute=_FREE.da if free else minute),
        _LIMITS.en.format(**given, minute=_FREE.en if free else minute),
    )


def prefixes() -> Iterator[Triple]:
    """The prefixes of the graph, declared on its ontology (SHACL, section 5.2.1)."""
    yield Triple(ONTOLOGY, RDF_TYPE, node("owl:Ontology"))
    for prefix, base in PREFIXES.items():
        declared = NamedNode(f"{site.url(PATH)}#prefix-{prefix}")
        yield Triple(ONTOLOGY, node("sh:declare"), declared)
        yield Triple(declared, RDF_TYPE, node("sh:PrefixDeclaration"))
        yield Triple(declared, node("sh:prefix"), Literal(prefix))
        yield Triple(declared, node("sh:namespace"), Literal(base, datatype=node("xsd:anyURI")))


def executables() -> Iterator[Triple]:
    """The examples as SHACL executables."""
    for example in (*worked_examples(), *public_queries()):
        yield from executable(example)


def executable(example: Example) -> Iterator[Triple]:
    """One example as a SHACL executable."""
    one = NamedNode(f"{site.url(PATH)}#{example.name}")
    kind, property_ = _FORMS[example.form]
    yield Triple(one, RDF_TYPE, node("sh:SPARQLExecutable"))
    yield Triple(one, RDF_TYPE, node(kind))
    yield from texts(one, "rdfs:comment", example.summary)
    yield Triple(one, node("sh:prefixes"), ONTOLOGY)
    yield Triple(one, node(property_), Literal(example.text))
    yield Triple(one, node("schema:target"), NamedNode(site.url("/sparql")))
    for keyword in example.keywords:
        yield Triple(one, node("schema:keywords"), Literal(keyword))
