"""The dataset in VoID (W3C note "Describing Linked Datasets with the VoID Vocabulary"): its counts and its parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pyoxigraph import Literal, NamedNode, Triple

from strategigraf import describe, ns
from strategigraf.exports import dumps
from strategigraf.media import GRAPHS
from strategigraf.ns import RDF_TYPE
from strategigraf.profile import Partition
from strategigraf.text import Text
from strategigraf.web import downloads, site
from strategigraf.web.rdf import node, texts, whole_number

PATH = "/.well-known/void"
DATASET = NamedNode(ns.BASE)
ONTOLOGY = NamedNode(ns.SG)
TITLE = Text("Strategigraf", "Strategigraf")
#: The licence of the facts; see LICENSE.md.
LICENCE = NamedNode("https://creativecommons.org/licenses/by/4.0/")
_DESCRIPTION = Text(
    "Danske digitaliseringsstrategier på tre niveauer (fællesoffentligt, fælleskommunalt og lokalt): deres mål, "
    "principper, indsatsområder, initiativer og rammer, hvad de bygger på, og hvor i hvilket dokument det står.",
    "Danish digital strategies on three levels (common public-sector, joint municipal and local): their goals, "
    "principles, focus areas, initiatives and frameworks, what they build on, and where in which document it says so.",
)
_LANGUAGE = "http://publications.europa.eu/resource/authority/language/"
#: The whole as RDF, packed as most readers take it; N-Quads has the named graphs.
_DUMPS = ("nt.gz", "ttl.gz", "nq.gz", "jsonld.gz")
#: One thing of each of the kinds that readers come for.
_KINDS = ("municipality", "strategy", "framework", "adoption")


def dataset() -> Iterator[Triple]:
    """The dataset: what it is, where it is, what it counts, and its parts."""
    service = site.service()
    found = service.profile
    yield Triple(DATASET, RDF_TYPE, node("void:Dataset"))
    yield Triple(DATASET, RDF_TYPE, node("dcat:Dataset"))
    yield from texts(DATASET, "dct:title", TITLE)
    yield from texts(DATASET, "rdfs:label", TITLE)
    yield from texts(DATASET, "dct:description", _DESCRIPTION)
    yield Triple(DATASET, node("dct:license"), LICENCE)
    yield from publisher(DATASET)
    for code in ("DAN", "ENG"):
        yield Triple(DATASET, node("dct:language"), NamedNode(_LANGUAGE + code))
    yield Triple(DATASET, node("dcat:version"), Literal(service.release.name))
    yield Triple(DATASET, node("foaf:homepage"), NamedNode(site.url("/")))
    yield Triple(DATASET, node("dcat:landingPage"), NamedNode(site.url("/")))
    yield Triple(DATASET, node("void:sparqlEndpoint"), NamedNode(site.url("/sparql")))
    yield Triple(DATASET, node("void:uriSpace"), Literal(ns.BASE))
    for ending in _DUMPS:
        dump = NamedNode(downloads.address(f"{dumps.STEM}.{ending}"))
        yield Triple(DATASET, node("void:dataDump"), dump)
    yield from _examples()
    for media in GRAPHS:
        yield Triple(DATASET, node("void:feature"), NamedNode(media.format))
    for vocabulary in _vocabularies({*found.classes, *found.properties}):
        yield Triple(DATASET, node("void:vocabulary"), NamedNode(vocabulary))
    for name, count in (
        ("triples", found.totals.counts.triples),
        ("distinctSubjects", found.totals.counts.subjects),
        ("distinctObjects", found.totals.counts.objects),
        ("entities", found.totals.entities),
        # The ontology is one document more.
        ("documents", found.totals.documents + 1),
        ("classes", len(found.classes)),
        ("properties", len(found.properties)),
    ):
        yield Triple(DATASET, node(f"void:{name}"), whole_number(count))
    yield from _graphs(service.release.manifest["graphs"])
    yield from _partitions()
    yield from _labels()


def publisher(subject: NamedNode) -> Iterator[Triple]:
    """Who answers for it, as the ontology says, with what the graph calls them."""
    yield from site.service().store.construct(
        f"""CONSTRUCT {{ {subject} dct:publisher ?who . ?who a ?kind ; rdfs:label ?label ; foaf:name ?label }}
        WHERE {{ {ONTOLOGY} dct:publisher ?who . ?who a ?kind ; rdfs:label ?label }}"""
    )


def _examples() -> Iterator[Triple]:
    for kind in _KINDS:
        first = min((one.iri for one in site.service().names.things.values() if one.type == kind), default="")
        if first:
            yield Triple(DATASET, node("void:exampleResource"), NamedNode(first))


def _vocabularies(terms: Iterable[str]) -> list[str]:
    """The namespaces that some terms come from, the RDF ones left out, since every dataset has them."""
    found = {base for base in ns.VOCABULARIES.values() if any(term.startswith(base) for term in terms)}
    return sorted(found - {ns.VOCABULARIES["rdf"]})


def _graphs(sizes: Mapping[str, int]) -> Iterator[Triple]:
    """The named graphs, one for each file of facts, as subsets (VoID, section 4.4)."""
    for iri, size in sorted(sizes.items()):
        graph = NamedNode(iri)
        yield Triple(DATASET, node("void:subset"), graph)
        yield Triple(graph, RDF_TYPE, node("void:Dataset"))
        yield Triple(graph, node("void:triples"), whole_number(int(size)))
        yield Triple(graph, node("rdfs:label"), Literal(iri.removeprefix(ns.GRAPH)))
        dump = NamedNode(downloads.address(f"graphs/{iri.removeprefix(ns.GRAPH)}.nt"))
        yield Triple(graph, node("void:dataDump"), dump)


def _partitions() -> Iterator[Triple]:
    """Classes, the properties on the things of each, and the kinds of their values; and properties on all things.

    VoID, section 4.5. The kinds of values have the form that the VoID generator of SIB gave them, and its readers ask
    for, beside that of the extension of VoID that they come from (``http://ldf.fi/void-ext#``).
    """
    found = site.service().profile
    for iri, count in sorted(found.classes.items()):
        part = _part("class", iri)
        yield Triple(DATASET, node("void:classPartition"), part)
        yield Triple(part, node("void:class"), NamedNode(iri))
        yield Triple(part, node("void:entities"), whole_number(count))
        uses = found.in_classes.get(iri, ())
        yield Triple(part, node("void:triples"), whole_number(sum(use.counts.triples for use in uses)))
        yield Triple(part, node("void:properties"), whole_number(len(uses)))
        for use in uses:
            inner = _part("class", iri, use.property)
            yield Triple(part, node("void:propertyPartition"), inner)
            yield from _property(inner, use)
            for target, triples in sorted(use.classes.items()):
                last = _part("class", iri, use.property, target)
                yield Triple(inner, node("void:classPartition"), last)
                yield Triple(inner, node("void-ext:objectClassPartition"), last)
                yield Triple(last, node("void:class"), NamedNode(target))
                yield Triple(last, node("void:triples"), whole_number(triples))
            for target, triples in sorted(use.datatypes.items()):
                last = _part("class", iri, use.property, target)
                yield Triple(inner, node("void-ext:datatypePartition"), last)
                yield Triple(last, node("void-ext:datatype"), NamedNode(target))
                yield Triple(last, node("void:triples"), whole_number(triples))
    for iri, use in sorted(found.properties.items()):
        part = _part("property", iri)
        yield Triple(DATASET, node("void:propertyPartition"), part)
        yield from _property(part, use)


def _property(part: NamedNode, use: Partition) -> Iterator[Triple]:
    yield Triple(part, node("void:property"), NamedNode(use.property))
    yield Triple(part, node("void:triples"), whole_number(use.counts.triples))
    yield Triple(part, node("void:distinctSubjects"), whole_number(use.counts.subjects))
    yield Triple(part, node("void:distinctObjects"), whole_number(use.counts.objects))


def _part(kind: str, *terms: str) -> NamedNode:
    """The IRI of a partition, from the prefixed names of what it is about: the same in every release."""
    named = "/".join(ns.shorten(term).replace("#", "/") for term in terms)
    return NamedNode(f"{site.url(PATH)}#{kind}-{named}")


def _labels() -> Iterator[Triple]:
    """The labels of classes and properties, which a completion list shows."""
    found = site.service().profile
    for iri, label in sorted(describe.labels(site.service().store, {*found.classes, *found.properties}).items()):
        for text, language in ((label.da, "da"), (label.en, "en")):
            if text:
                yield Triple(NamedNode(iri), node("rdfs:label"), Literal(text, language=language))
