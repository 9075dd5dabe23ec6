"""Everything that the graph says of one thing: for its page, and for its RDF representation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode, Triple

from strategigraf.ns import RDF_TYPE, expand, shorten
from strategigraf.store import Reader
from strategigraf.terms import Term, cell
from strategigraf.text import Text

SHOWN = 25
_EVIDENCE = expand("sg:evidence")
_INVERSE = expand("owl:inverseOf")


#: Our labels of the borrowed terms that the graph uses; their owners define them.
BORROWED: dict[str, Text] = {
    expand(name): Text(da, en)
    for name, da, en in (
        ("adms:Identifier", "identifikator", "identifier"),
        ("adms:identifier", "registreret kode", "registered code"),
        ("adms:schemaAgency", "udsteder", "issuing agency"),
        ("cv:PublicOrganisation", "offentlig organisation", "public organisation"),
        ("dcat:centroid", "midtpunkt", "centre point"),
        ("dcat:endDate", "sidste dag", "last day"),
        ("dcat:startDate", "første dag", "first day"),
        ("dct:Location", "sted", "place"),
        ("dct:PeriodOfTime", "periode", "period"),
        ("dct:created", "oprettet", "created"),
        ("dct:creator", "forfatter", "author"),
        ("dct:date", "dato", "date"),
        ("dct:description", "beskrivelse", "description"),
        ("dct:identifier", "kode", "code"),
        ("dct:isPartOf", "del af", "part of"),
        ("dct:issued", "udgivet", "issued"),
        ("dct:language", "sprog", "language"),
        ("dc:publisher", "udgiverens navn", "publisher's name"),
        ("dct:publisher", "udgiver", "publisher"),
        ("dct:replaces", "afløser", "replaces"),
        ("dct:source", "kilde", "source"),
        ("dct:spatial", "sted", "place"),
        ("dct:subject", "tema", "theme"),
        ("dct:temporal", "periode", "period"),
        ("dct:title", "titel", "title"),
        ("dctype:Collection", "samling", "collection"),
        ("foaf:Document", "dokument", "document"),
        ("foaf:homepage", "hjemmeside", "home page"),
        ("foaf:page", "webadresse", "web address"),
        ("org:ChangeEvent", "organisationsændring", "change of organisation"),
        ("org:Membership", "medlemskab", "membership"),
        ("org:Organization", "organisation", "organisation"),
        ("org:OrganizationalCollaboration", "fællesskab af organisationer", "organisational collaboration"),
        ("org:OrganizationalUnit", "organisatorisk enhed", "organisational unit"),
        ("org:hasMember", "har medlem", "has member"),
        ("org:hasMembership", "hører under", "belongs to"),
        ("org:member", "medlem", "member"),
        ("org:organization", "organisation", "organisation"),
        ("org:originalOrganization", "oprindelig organisation", "original organisation"),
        ("org:resultingOrganization", "ny organisation", "resulting organisation"),
        ("org:unitOf", "enhed i", "unit of"),
        ("owl:Class", "klasse", "class"),
        ("owl:DatatypeProperty", "egenskab med en værdi", "property with a value"),
        ("owl:ObjectProperty", "egenskab, der peger på en ting", "property that points to a thing"),
        ("owl:inverseOf", "modsat af", "inverse of"),
        ("prov:wasAttributedTo", "tilskrevet", "attributed to"),
        ("qb:Observation", "tal", "figure"),
        ("rdf:type", "type", "type"),
        ("rdfs:comment", "bemærkning", "comment"),
        ("rdfs:domain", "bruges på", "used on"),
        ("rdfs:isDefinedBy", "defineret i", "defined in"),
        ("rdfs:label", "etiket", "label"),
        ("rdfs:range", "peger på", "points to"),
        ("rdfs:seeAlso", "se også", "see also"),
        ("rdfs:subClassOf", "er en slags", "is a kind of"),
        ("rdfs:subPropertyOf", "indgår i", "is a kind of"),
        ("skos:Concept", "begreb", "concept"),
        ("skos:ConceptScheme", "begrebsliste", "concept scheme"),
        ("skos:altLabel", "også kaldet", "also called"),
        ("skos:broadMatch", "snævrere end", "narrower than"),
        ("skos:closeMatch", "næsten det samme som", "close match"),
        ("skos:definition", "definition", "definition"),
        ("skos:exactMatch", "samme som", "same as"),
        ("skos:inScheme", "i begrebslisten", "in the scheme"),
        ("skos:notation", "kode", "notation"),
        ("skos:prefLabel", "officielt navn", "official name"),
        ("skos:scopeNote", "afgrænsning", "scope note"),
        ("skos:topConceptOf", "øverste begreb i", "top concept of"),
    )
} | {
    "http://publications.europa.eu/resource/authority/language/DAN": Text("dansk", "Danish"),
    "http://publications.europa.eu/resource/authority/language/ENG": Text("engelsk", "English"),
}


@dataclass(frozen=True)
class Label:
    """The label of a thing or property; a language that the graph does not give is empty."""

    da: str = ""
    en: str = ""


@dataclass(frozen=True)
class Piece:
    """One place in a document. ``attests`` are properties; none means existence and name."""

    iri: str
    document: str
    title: str
    issued: str = ""
    heading: str = ""
    first: int = 0
    last: int = 0
    page: str = ""
    phrase: str = ""
    restored: str = ""
    locator: str = ""
    attests: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """All values of one property of one thing."""

    property: str
    values: tuple[Term, ...]


@dataclass(frozen=True)
class Incoming:
    """The things that point to this one by a property: how many, and the first of them."""

    property: str
    total: int
    things: tuple[str, ...]


@dataclass(frozen=True)
class Description:
    """A thing, its fragments (``#periode`` and the like), its evidence and what points to it."""

    iri: str
    types: tuple[str, ...]
    groups: tuple[Group, ...]
    parts: Mapping[str, tuple[Group, ...]]
    incoming: tuple[Incoming, ...]
    evidence: tuple[Piece, ...]
    labels: Mapping[str, Label]

    def values(self, name: str, of: str = "") -> tuple[Term, ...]:
        """The values of a property, given as a prefixed name, of the thing or of a fragment of it."""
        groups = self.parts.get(of, ()) if of else self.groups
        return next((group.values for group in groups if group.property == expand(name)), ())

    def value(self, name: str, of: str = "") -> str:
        """The first value of a property as text, or an empty string."""
        return next((cell(value) for value in self.values(name, of)), "")

    def text(self, name: str, language: str) -> str:
        """The value of a property in a language, or an empty string."""
        for value in self.values(name):
            if isinstance(value, Literal) and value.language == language:
                return value.value
        return ""


def describe(store: Reader, iri: str) -> Description:
    """Describe a thing; one that is not in the graph has no groups. ValueError for what is no IRI."""
    triples = _statements(store, iri)
    by_subject: dict[str, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
    for triple in triples:
        by_subject[cell(triple.subject)][triple.predicate.value].append(triple.object)
    groups = {subject: _groups(properties) for subject, properties in by_subject.items()}
    own = groups.pop(iri, ())
    incoming = _incoming(store, iri, own)
    pieces = evidence_of(store, [iri, *groups])
    mentioned = {cell(t.object) for t in triples if isinstance(t.object, NamedNode)}
    mentioned |= {t.predicate.value for t in triples} | set(groups)
    mentioned |= {name for group in incoming for name in (group.property, *group.things)}
    mentioned |= {name for piece in pieces.get(iri, ()) for name in piece.attests}
    return Description(
        iri,
        tuple(sorted(cell(value) for value in by_subject[iri][RDF_TYPE.value])),
        own,
        groups,
        incoming,
        tuple(dict.fromkeys(piece for subject in (iri, *groups) for piece in pieces.get(subject, ()))),
        labels(store, mentioned | {iri}),
    )


def bare(triples: Iterable[Triple]) -> dict[str, Description]:
    """The subjects of some triples by IRI, with nothing but those triples."""
    by_subject: dict[str, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
    for triple in triples:
        by_subject[cell(triple.subject)][triple.predicate.value].append(triple.object)
    return {
        iri: Description(
            iri, tuple(sorted(cell(value) for value in properties[RDF_TYPE.value])), _groups(properties), {}, (), (), {}
        )
        for iri, properties in by_subject.items()
    }


def graph(store: Reader, iri: str) -> list[Triple]:
    """The triples of a thing's RDF representation, sorted.

    They are those of the thing and of its fragments, its evidence nodes, and the labels of what
    they point to.
    """
    triples = set(_statements(store, iri))
    evidence = {cell(t.object) for t in triples if t.predicate.value == _EVIDENCE}
    for triple in _outgoing(store, evidence):
        if triple.predicate.value != expand("sg:evidenceFor"):
            triples.add(triple)
    label = NamedNode(expand("rdfs:label"))
    named = {cell(t.object) for t in triples if isinstance(t.object, NamedNode)}
    for subject, found in _labels(store, named).items():
        for language in ("da", "en"):
            if text := getattr(found, language):
                triples.add(Triple(NamedNode(subject), label, Literal(text, language=language)))
    return sorted(triples, key=str)


def labels(store: Reader, iris: Iterable[str]) -> dict[str, Label]:
    """The labels of things, classes and properties; of a borrowed term our own, else its short name."""
    wanted = set(iris)
    found = _labels(store, wanted)
    for iri in wanted - set(found):
        text = BORROWED.get(iri)
        short = shorten(iri)
        found[iri] = Label(text.da, text.en) if text else Label(short, short)
    return found


def evidence_of(store: Reader, iris: Iterable[str]) -> dict[str, list[Piece]]:
    """The evidence of things, for each in the order of document and line."""
    rows: dict[tuple[str, str], dict[str, Term]] = {}
    attests: dict[str, list[str]] = defaultdict(list)
    for some in _some(iris):
        for row in store.select(
            f"""SELECT * WHERE {{
              VALUES ?thing {{ {some} }}
              ?thing sg:evidence ?evidence .
              ?evidence dct:source ?document .
              ?document dct:title ?title . FILTER(LANG(?title) = "da")
              OPTIONAL {{ ?document dct:issued ?issued }}
              OPTIONAL {{ ?evidence sg:heading ?heading }} OPTIONAL {{ ?evidence sg:page ?page }}
              OPTIONAL {{ ?evidence sg:lineStart ?first }} OPTIONAL {{ ?evidence sg:lineEnd ?last }}
              OPTIONAL {{ ?evidence sg:phrase ?phrase }} OPTIONAL {{ ?evidence sg:locator ?locator }}
              OPTIONAL {{ ?evidence sg:phraseRestored ?restored }}
            }}"""
        ):
            rows.setdefault((cell(row["thing"]), cell(row["evidence"])), row)
    for some in _some(evidence for _, evidence in rows):
        for row in store.select(f"SELECT * WHERE {{ VALUES ?e {{ {some} }} ?e sg:attests ?p }} ORDER BY ?p"):
            attests[cell(row["e"])].append(cell(row["p"]))
    result: dict[str, list[Piece]] = defaultdict(list)
    for (thing, evidence), row in rows.items():
        text = {name: cell(value) for name, value in row.items()}
        result[thing].append(
            Piece(
                evidence,
                text["document"],
                text["title"],
                text.get("issued", ""),
                text.get("heading", ""),
                int(text.get("first", 0)),
                int(text.get("last", 0)),
                text.get("page", ""),
                text.get("phrase", ""),
                text.get("restored", ""),
                text.get("locator", ""),
                tuple(attests[evidence]),
            )
        )
    for pieces in result.values():
        pieces.sort(key=lambda piece: (piece.document, piece.first, piece.iri))
    return dict(result)


def _statements(store: Reader, iri: str) -> list[Triple]:
    """The triples of a thing and of its fragments, which are found by the links to and from it."""
    triples = _outgoing(store, [iri])
    seen = {iri}
    mark = f"{iri}#"
    around = {cell(t.object) for t in triples if cell(t.object).startswith(mark)}
    around |= {
        cell(row["s"])
        for row in store.select(f'SELECT DISTINCT ?s WHERE {{ ?s ?p <{iri}> FILTER(STRSTARTS(STR(?s), "{mark}")) }}')
    }
    while fresh := around - seen:
        seen |= fresh
        more = _outgoing(store, fresh)
        triples += more
        around = {cell(t.object) for t in more if cell(t.object).startswith(mark)}
    return triples


def _outgoing(store: Reader, iris: Iterable[str]) -> list[Triple]:
    return [
        triple
        for some in _some(iris)
        for triple in store.construct(f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ VALUES ?s {{ {some} }} ?s ?p ?o }}")
    ]


def _groups(properties: Mapping[str, list[Term]]) -> tuple[Group, ...]:
    return tuple(Group(name, tuple(sorted(values, key=str))) for name, values in sorted(properties.items()))


def _incoming(store: Reader, iri: str, own: Iterable[Group]) -> tuple[Incoming, ...]:
    """What points here, save what the thing itself says by an inverse property."""
    said = {group.property: len(group.values) for group in own}
    inverse: dict[str, set[str]] = defaultdict(set)
    for row in store.select(f"SELECT ?a ?b WHERE {{ ?a <{_INVERSE}> ?b }}"):
        inverse[cell(row["a"])].add(cell(row["b"]))
        inverse[cell(row["b"])].add(cell(row["a"]))
    found = []
    mark = f'FILTER(!STRSTARTS(STR(?s), "{iri}#"))'
    for row in store.select(
        f"SELECT ?p (COUNT(DISTINCT ?s) AS ?n) WHERE {{ ?s ?p <{iri}> {mark} }} GROUP BY ?p ORDER BY ?p"
    ):
        name, total = cell(row["p"]), int(cell(row["n"]))
        if any(said.get(other) == total for other in inverse[name]):
            continue
        first = store.select(f"SELECT DISTINCT ?s WHERE {{ ?s <{name}> <{iri}> {mark} }} ORDER BY ?s LIMIT {SHOWN}")
        found.append(Incoming(name, total, tuple(cell(one["s"]) for one in first)))
    return tuple(found)


def _labels(store: Reader, iris: Iterable[str]) -> dict[str, Label]:
    texts: dict[str, dict[str, str]] = defaultdict(dict)
    for some in _some(iris):
        for row in store.select(f"SELECT * WHERE {{ VALUES ?s {{ {some} }} ?s rdfs:label ?label }}"):
            label = row["label"]
            if isinstance(label, Literal):
                texts[cell(row["s"])].setdefault(label.language or "da", label.value)
    return {iri: Label(text.get("da", ""), text.get("en", "")) for iri, text in texts.items()}


def _some(iris: Iterable[str]) -> Iterable[str]:
    """IRIs as SPARQL, 200 at a time; ValueError for what is not an IRI."""
    written = [str(NamedNode(iri)) for iri in sorted(set(iris))]
    return (" ".join(written[start : start + 200]) for start in range(0, len(written), 200))
