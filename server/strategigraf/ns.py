"""The namespaces of the graph: one table for reading, writing and serving.

The order is the order of the prefix block in every Turtle file.
"""

from __future__ import annotations

from pyoxigraph import NamedNode

#: All our IRIs begin so, and it is itself the IRI of the dataset.
BASE = "https://w3id.org/strategigraf/"
SG = "https://w3id.org/strategigraf/ontology/"
SHAPES = "https://w3id.org/strategigraf/shapes/"
ID = "https://w3id.org/strategigraf/id/"
GRAPH = "https://w3id.org/strategigraf/graph/"

#: The fixed types of things, the first segment of each IRI below ``ID``.
TYPES = (
    "municipality",
    "region",
    "organisation",
    "strategy",
    "series",
    "element",
    "framework",
    "alignment",
    "adoption",
    "evidence",
    "document",
    "entry",
    "body",
    "approval",
    "observation",
    "item",
    "concept",
)

VOCABULARIES: dict[str, str] = {
    "sg": SG,
    "sgsh": SHAPES,
    "adms": "http://www.w3.org/ns/adms#",
    "cv": "http://data.europa.eu/m8g/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "dctype": "http://purl.org/dc/dcmitype/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "geo": "http://www.opengis.net/ont/geosparql#",
    "locn": "http://www.w3.org/ns/locn#",
    "oa": "http://www.w3.org/ns/oa#",
    "org": "http://www.w3.org/ns/org#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "prov": "http://www.w3.org/ns/prov#",
    "qb": "http://purl.org/linked-data/cube#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "sh": "http://www.w3.org/ns/shacl#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "vann": "http://purl.org/vocab/vann/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

PREFIXES: dict[str, str] = VOCABULARIES | {kind: f"{ID}{kind}/" for kind in TYPES}

RDF_TYPE = NamedNode(VOCABULARIES["rdf"] + "type")


def expand(name: str) -> str:
    """The IRI of a prefixed name such as ``dct:title``; KeyError where the prefix is unknown."""
    prefix, _, local = name.partition(":")
    return PREFIXES[prefix] + local


def shorten(iri: str) -> str:
    """The prefixed name of an IRI where a prefix fits, otherwise the IRI itself."""
    best = ""
    for prefix, base in PREFIXES.items():
        if iri.startswith(base) and len(base) > len(PREFIXES.get(best, "")):
            best = prefix
    return f"{best}:{iri[len(PREFIXES[best]) :]}" if best else iri


def thing(kind: str, slug: str) -> str:
    """The IRI of a thing, from its type and slug; ValueError for a type that is not fixed."""
    if kind not in TYPES:
        raise ValueError(f"{kind!r} is not a type of thing")
    return f"{ID}{kind}/{slug}"


def split(iri: str) -> tuple[str, str] | None:
    """The type and the slug of a thing's IRI (a fragment left out), or None for another IRI."""
    if not iri.startswith(ID):
        return None
    kind, _, slug = iri[len(ID) :].partition("#")[0].partition("/")
    return (kind, slug) if kind in TYPES and slug else None
