"""Everything that the graph says of one thing: for its page, and for its RDF representation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from pyoxigraph import Literal, NamedNode, Triple

from strategigraf.ns import RDF_TYPE, expand, shorten
from strategigraf.store import Reader
from strategigraf.terms import Label as Label
from strategigraf.terms import Term, cell
from strategigraf.text import Text

SHOWN = 25
#: What points to a thing is read one by one up to so many, and counted by the store where there are more.
MOST_READ = 400
_EVIDENCE, _EVIDENCE_FOR, _SOURCE, _ATTESTS, _LABEL, _TITLE, _ISSUED = (
    NamedNode(expand(name))
    for name in (
        "sg:evidence", "sg:evidenceFor", "dct:source", "sg:attests", "rdfs:label", "dct:title", "dct:issued",
    )
)  # fmt: skip
#: The properties that say where in its document a piece of evidence is, by the name of the field.
_PLACE = {
    expand(name): field
    for name, field in (
        ("sg:heading", "heading"), ("sg:lineStart", "first"), ("sg:lineEnd", "last"), ("sg:page", "page"),
        ("sg:phrase", "phrase"), ("sg:phraseRestored", "restored"), ("sg:locator", "locator"),
    )
}  # fmt: skip
#: Which properties are the inverses of one, for each store: a release never changes.
_INVERSES: WeakKeyDictionary[Reader, dict[str, set[str]]] = WeakKeyDictionary()
#: The labels that some things have in the graph; what has none is left out.
Labelled = Callable[[Iterable[str]], dict[str, Label]]


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
        ("dct:isReplacedBy", "afløst af", "replaced by"),
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
        ("org:Post", "post", "post"),
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


@dataclass(frozen=True)
class Statements:
    """What a store says of a thing and its fragments, of the evidence of both, and what points to it."""

    iri: str
    own: tuple[Triple, ...]
    evidence: tuple[Triple, ...]
    incoming: tuple[Triple, ...]
    #: Whether more points to it than ``MOST_READ``, so that ``incoming`` is not all.
    many: bool

    @property
    def node(self) -> NamedNode:
        """The thing as a term."""
        return NamedNode(self.iri)


def read(store: Reader, iri: str) -> Statements:
    """Read all that a description and an RDF representation are made of. ValueError for what is no IRI."""
    node, mark = NamedNode(iri), f"{iri}#"
    pointing = store.pointing(node, MOST_READ + 1)
    many = len(pointing) > MOST_READ
    if many:
        asked = f'SELECT DISTINCT ?s WHERE {{ ?s ?p {node} FILTER(STRSTARTS(STR(?s), "{mark}")) }}'
        around = {cell(row["s"]) for row in store.select(asked)}
    else:
        around = {subject for triple in pointing if (subject := cell(triple.subject)).startswith(mark)}
    own = store.about([node])
    around |= {other for triple in own if (other := cell(triple.object)).startswith(mark)}
    seen = {iri}
    # Fragments are found by the links to and from the thing, and by those from one to the next.
    while fresh := around - seen:
        seen |= fresh
        more = store.about(map(NamedNode, fresh))
        own += more
        around = {other for triple in more if (other := cell(triple.object)).startswith(mark)}
    evidence = {triple.object for triple in own if triple.predicate == _EVIDENCE}
    said = store.about(node for node in evidence if isinstance(node, NamedNode)) if evidence else []
    return Statements(iri, tuple(own), tuple(said), tuple(pointing), many)


def describe(store: Reader, said: Statements | str, labelled: Labelled | None = None) -> Description:
    """Describe a thing, or what has been read of it; one that is not in the graph has no groups.

    ``labelled`` gives the labels, where they are known otherwise than by asking the store. ValueError for what is no
    IRI.
    """
    if isinstance(said, str):
        said = read(store, said)
    iri = said.iri
    by_subject = _by_subject(said.own)
    groups = {subject: _groups(properties) for subject, properties in by_subject.items()}
    own = groups.pop(iri, ())
    incoming = _incoming(store, said, own)
    mine = {subject: properties[_EVIDENCE.value] for subject, properties in by_subject.items() if properties}
    pieces = _pieces(store, {subject: map(cell, nodes) for subject, nodes in mine.items()}, said.evidence)
    mentioned = {iri, *groups}
    for triple in said.own:
        mentioned.add(triple.predicate.value)
        if isinstance(triple.object, NamedNode):
            mentioned.add(triple.object.value)
    mentioned |= {name for group in incoming for name in (group.property, *group.things)}
    mentioned |= {name for piece in pieces.get(iri, ()) for name in piece.attests}
    return Description(
        iri,
        tuple(sorted(cell(value) for value in by_subject[iri][RDF_TYPE.value])),
        own,
        groups,
        incoming,
        tuple(dict.fromkeys(piece for subject in (iri, *groups) for piece in pieces.get(subject, ()))),
        labels(store, mentioned, labelled),
    )


def bare(triples: Iterable[Triple]) -> dict[str, Description]:
    """The subjects of some triples by IRI, with nothing but those triples."""
    return {
        iri: Description(
            iri, tuple(sorted(cell(value) for value in properties[RDF_TYPE.value])), _groups(properties), {}, (), (), {}
        )
        for iri, properties in _by_subject(triples).items()
    }


def graph(store: Reader, said: Statements | str, labelled: Labelled | None = None) -> list[Triple]:
    """The triples of a thing's RDF representation, sorted.

    They are those of the thing and of its fragments, its evidence nodes, and the labels of what
    they point to. ``labelled``: see ``describe``.
    """
    if isinstance(said, str):
        said = read(store, said)
    triples = set(said.own)
    triples.update(triple for triple in said.evidence if triple.predicate != _EVIDENCE_FOR)
    named = {triple.object.value for triple in triples if isinstance(triple.object, NamedNode)}
    for subject, found in (labelled(named) if labelled else _labels(store, named)).items():
        for language, text in (("da", found.da), ("en", found.en)):
            if text:
                triples.add(Triple(NamedNode(subject), _LABEL, Literal(text, language=language)))
    return sorted(triples, key=str)


def labels(store: Reader, iris: Iterable[str], labelled: Labelled | None = None) -> dict[str, Label]:
    """The labels of things, classes and properties; of a borrowed term our own, else its short name."""
    wanted = set(iris)
    found = labelled(wanted) if labelled else _labels(store, wanted)
    for iri in wanted - found.keys():
        found[iri] = borrowed(iri)
    return found


def borrowed(iri: str) -> Label:
    """Our label of a borrowed term, else the short name of whatever it is."""
    text = BORROWED.get(iri)
    if text:
        return Label(text.da, text.en)
    short = shorten(iri)
    return Label(short, short)


def evidence_of(store: Reader, iris: Iterable[str]) -> dict[str, list[Piece]]:
    """The evidence of things, for each in the order of document and line."""
    wanted = [NamedNode(iri) for iri in dict.fromkeys(iris)]
    links: dict[str, list[str]] = defaultdict(list)
    for triple in store.about(wanted, _EVIDENCE) if wanted else ():
        links[cell(triple.subject)].append(cell(triple.object))
    every = {evidence for some in links.values() for evidence in some}
    return _pieces(store, links, store.about(map(NamedNode, every)) if every else [])


def pieces(store: Reader, evidence: Iterable[str]) -> list[Piece]:
    """The places that some pieces of evidence are, in the order of document and line."""
    every = list(dict.fromkeys(evidence))
    return _pieces(store, {"": every}, store.about(map(NamedNode, every))).get("", []) if every else []


def _pieces(store: Reader, links: Mapping[str, Iterable[str]], said: Iterable[Triple]) -> dict[str, list[Piece]]:
    """The evidence of things, from the names of the pieces of each and what is said of all pieces.

    One whose document has no Danish title is left out.
    """
    by_piece = _by_subject(said)
    documents = {value for properties in by_piece.values() for value in properties[_SOURCE.value]}
    titles: dict[str, str] = {}
    issued: dict[str, str] = {}
    if documents:
        nodes = [node for node in documents if isinstance(node, NamedNode)]
        for triple in store.about(nodes, _TITLE):
            if isinstance(triple.object, Literal) and triple.object.language == "da":
                titles[cell(triple.subject)] = triple.object.value
        for triple in store.about(nodes, _ISSUED):
            issued[cell(triple.subject)] = cell(triple.object)
    made: dict[str, Piece] = {}
    for iri, properties in by_piece.items():
        document = min(map(cell, properties[_SOURCE.value]), default="")
        if document in titles:
            place = {field: min(map(cell, properties[name])) for name, field in _PLACE.items() if name in properties}
            made[iri] = Piece(
                iri,
                document,
                titles[document],
                issued.get(document, ""),
                place.get("heading", ""),
                int(place.get("first", 0)),
                int(place.get("last", 0)),
                place.get("page", ""),
                place.get("phrase", ""),
                place.get("restored", ""),
                place.get("locator", ""),
                tuple(sorted(map(cell, properties[_ATTESTS.value]))),
            )
    found = {thing: [made[piece] for piece in pieces if piece in made] for thing, pieces in links.items()}
    for pieces in found.values():
        pieces.sort(key=lambda piece: (piece.document, piece.first, piece.iri))
    return {thing: pieces for thing, pieces in found.items() if pieces}


def _by_subject(triples: Iterable[Triple]) -> dict[str, dict[str, list[Term]]]:
    found: dict[str, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
    for triple in triples:
        found[cell(triple.subject)][triple.predicate.value].append(triple.object)
    return found


def _groups(properties: Mapping[str, list[Term]]) -> tuple[Group, ...]:
    return tuple(Group(name, tuple(sorted(values, key=str))) for name, values in sorted(properties.items()))


def _incoming(store: Reader, said: Statements, own: Iterable[Group]) -> tuple[Incoming, ...]:
    """What points to a thing, save what the thing itself says by an inverse property."""
    lengths = {group.property: len(group.values) for group in own}
    inverse = _inverses(store)
    mark = f"{said.iri}#"
    things: dict[str, set[str]] = defaultdict(set)
    if not said.many:
        for triple in said.incoming:
            subject = cell(triple.subject)
            if not subject.startswith(mark):
                things[triple.predicate.value].add(subject)
        totals = {name: len(some) for name, some in things.items()}
    else:
        outside = f'?s ?p {NamedNode(said.iri)} FILTER(!STRSTARTS(STR(?s), "{mark}"))'
        rows = store.select(f"SELECT ?p (COUNT(DISTINCT ?s) AS ?n) WHERE {{ {outside} }} GROUP BY ?p")
        totals = {cell(row["p"]): int(cell(row["n"])) for row in rows}
    found = []
    for name, total in sorted(totals.items()):
        if any(lengths.get(other) == total for other in inverse.get(name, ())):
            continue
        if said.many:
            asked = outside.replace("?p", f"<{name}>", 1)
            first = store.select(f"SELECT DISTINCT ?s WHERE {{ {asked} }} ORDER BY ?s LIMIT {SHOWN}")
            things[name] = {cell(row["s"]) for row in first}
        found.append(Incoming(name, total, tuple(sorted(things[name])[:SHOWN])))
    return tuple(found)


def _inverses(store: Reader) -> dict[str, set[str]]:
    """The inverses of each property that has any."""
    found = _INVERSES.get(store)
    if found is None:
        found = defaultdict(set)
        for row in store.select("SELECT ?a ?b WHERE { ?a owl:inverseOf ?b }"):
            found[cell(row["a"])].add(cell(row["b"]))
            found[cell(row["b"])].add(cell(row["a"]))
        _INVERSES[store] = found
    return found


def _labels(store: Reader, iris: Iterable[str]) -> dict[str, Label]:
    texts: dict[str, dict[str, str]] = defaultdict(dict)
    wanted = [NamedNode(iri) for iri in sorted(set(iris))]
    for triple in store.about(wanted, _LABEL) if wanted else ():
        if isinstance(triple.object, Literal):
            texts[cell(triple.subject)].setdefault(triple.object.language or "da", triple.object.value)
    return {iri: Label(text.get("da", ""), text.get("en", "")) for iri, text in texts.items()}
