"""Graphs as JSON-LD 1.1 that reads like plain JSON, by one published context.

A property is a short name; texts stand by language, numbers and booleans are those of JSON, dates are plain strings
that the context types. ``id`` and ``type`` are the keywords. In the description of one thing the things it points to
stand inside it with their labels; ``kind`` tells the classes of a thing with their labels. A value that does not fit
its name's rule is written in full, so no triple is lost or changed.

Each document carries the part of the context that it uses: it is read without a second request, also by readers that
make none, such as Oxigraph. The whole context is the same for all and only grows.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from strategigraf.ns import RDF_TYPE, SG, VOCABULARIES, expand
from strategigraf.terms import Term, cell

_XSD = VOCABULARIES["xsd"]
_STRING, _INTEGER, _BOOLEAN = _XSD + "string", _XSD + "integer", _XSD + "boolean"
_LABEL = expand("rdfs:label")
#: Ranges that make a rule of the context; values of other ranges say their type themselves.
_TYPED = {_XSD + name for name in ("date", "gYear", "boolean", "integer")}
_IRIS = """\
adms:identifier registeredIdentifier
adms:status modelStatus
dct:creator
dct:isPartOf
dct:isVersionOf
dct:language
dct:license
dct:publisher
dct:replaces
dct:source
dct:spatial
dct:subject theme
dct:temporal
foaf:homepage
foaf:page webPage
org:hasMember
org:hasMembership
org:member
org:organization
org:originalOrganization
org:postIn
org:resultingOrganization
org:subOrganizationOf
org:unitOf
owl:differentFrom
owl:inverseOf
owl:versionIRI
prov:wasAttributedTo
prov:wasDerivedFrom
rdfs:domain
rdfs:isDefinedBy
rdfs:range
rdfs:seeAlso
rdfs:subClassOf
rdfs:subPropertyOf
skos:broadMatch
skos:broader
skos:closeMatch
skos:exactMatch
skos:inScheme
skos:related
skos:topConceptOf"""
_TEXTS = """\
dct:description
dct:rights
dct:title
rdfs:comment
rdfs:label
skos:altLabel
skos:changeNote
skos:definition
skos:prefLabel
skos:scopeNote"""
_STRINGS = """\
adms:schemaAgency
dc:publisher publisherName
dct:identifier
owl:versionInfo
skos:notation
vann:preferredNamespacePrefix
vann:preferredNamespaceUri"""
_DATES = """\
dcat:endDate
dcat:startDate
dct:created
dct:date
dct:issued
dct:modified"""
_PLACES = "dcat:centroid"
_KEYWORDS = {"id": "@id", "type": "@type"}
#: Beside ``type``, whose values cannot carry labels.
_KIND = "kind"
_NOTHING: Mapping[str, Mapping[str, list[str]]] = {}


class Context:
    """The context (JSON-LD 1.1, section 3.1): a name and a rule for each property, a name for each of our classes.

    ``content`` is its JSON. Made from the ontology's own triples and a fixed list of borrowed properties: the same
    ontology gives the same context.
    """

    def __init__(self, ontology: Iterable[Triple]) -> None:
        """Read the classes and properties of ``ontology``; triples that say nothing of them are passed over."""
        kinds: dict[str, set[str]] = defaultdict(set)
        ranges: dict[str, set[str]] = defaultdict(set)
        for triple in ontology:
            subject = cell(triple.subject)
            if subject.startswith(SG) and triple.predicate == RDF_TYPE:
                kinds[subject].add(cell(triple.object))
            elif subject.startswith(SG) and triple.predicate.value == expand("rdfs:range"):
                ranges[subject].add(cell(triple.object))
        rules: dict[str, dict[str, str]] = {}
        for lines, rule in (
            (_IRIS, {"@type": "@id"}), (_TEXTS, {"@container": "@language"}), (_STRINGS, {}),
            (_DATES, {"@type": "xsd:date"}), (_PLACES, {"@type": "geo:wktLiteral"}),
        ):  # fmt: skip
            for line in lines.splitlines():
                name, _, short = line.partition(" ")
                rules[short or name.partition(":")[2]] = {"@id": name, **rule}
        rules[_KIND] = {"@id": "rdf:type", "@type": "@id"}
        classes: dict[str, str] = {}
        for iri, found in sorted(kinds.items()):
            local = iri[len(SG) :]
            if expand("owl:Class") in found:
                classes[local] = f"sg:{local}"
            elif expand("owl:ObjectProperty") in found:
                rules[local] = {"@id": f"sg:{local}", "@type": "@id"}
            elif expand("owl:DatatypeProperty") in found:
                rules[local] = {"@id": f"sg:{local}"} | _rule(ranges[iri])
        self._rules, self._classes = dict(sorted(rules.items())), classes
        self.names = {expand(rule["@id"]): name for name, rule in self._rules.items() if name != _KIND}
        self.content: dict[str, Any] = {
            "@version": 1.1, **_KEYWORDS, **VOCABULARIES, **classes, **self._rules,
        }  # fmt: skip

    def part(self, names: Iterable[str]) -> dict[str, Any]:
        """The part of the context that some names, and the prefixes in them, need."""
        wanted = set(names)
        wanted |= {str(self._rules[name]["@id"]) for name in wanted if name in self._rules}
        wanted |= {str(self._rules[name].get("@type", "")) for name in wanted if name in self._rules}
        wanted |= {self._classes[name] for name in wanted if name in self._classes}
        prefixes = {name.partition(":")[0] for name in wanted if ":" in name}
        kept = {*wanted, *prefixes, "@version", *_KEYWORDS}
        return {name: rule for name, rule in self.content.items() if name in kept}

    def type_name(self, iri: str) -> str:
        """How a class, or the datatype of a value, is named: its own name, a prefixed one, or its IRI."""
        local = iri[len(SG) :] if iri.startswith(SG) else ""
        return local if local in self._classes else prefixed(iri)

    def rule(self, name: str) -> Mapping[str, str]:
        """What the context says of the values of a name."""
        return self._rules.get(name, {})

    def whole(self) -> bytes:
        """The context as a document of its own."""
        return (json.dumps({"@context": self.content}, ensure_ascii=False, indent=1) + "\n").encode()


def _rule(ranges: Iterable[str]) -> dict[str, str]:
    found = set(ranges)
    if found == {expand("rdf:langString")}:
        return {"@container": "@language"}
    if len(found) == 1 and found <= _TYPED:
        return {"@type": prefixed(found.pop())}
    return {}


def prefixed(iri: str) -> str:
    """The compact IRI by a prefix of the context, else the IRI."""
    for prefix, base in VOCABULARIES.items():
        if iri.startswith(base) and re.fullmatch(r"[A-Za-z][\w.-]*", iri[len(base) :]):
            return f"{prefix}:{iri[len(base) :]}"
    return iri


def thing(triples: Iterable[Triple], iri: str, context: Context, compact: bool = False) -> bytes:
    """The description of one thing, with what it points to inside it, each once; TypeError for blank nodes.

    ``compact``: on one line, which takes half the time.
    """
    writer = _Writer(triples, context)
    bodies = [writer.tree(iri)]
    bodies += [writer.tree(other) for other in sorted(writer.subjects) if other not in writer.placed]
    content = bodies[0] if len(bodies) == 1 else {"@graph": bodies}
    if compact:
        content = {"@context": context.part(writer.used), **content}
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return _document(content, writer, context)


def listing(triples: Iterable[Triple], context: Context) -> bytes:
    """Some triples as a list of their subjects, each by itself, in the order of their IRIs; TypeError as ``thing``."""
    writer = _Writer(triples, context)
    return _document({"@graph": [writer.node(subject) for subject in sorted(writer.subjects)]}, writer, context)


def _document(content: dict[str, Any], writer: _Writer, context: Context) -> bytes:
    """What has been written, with the part of the context that it uses, a rule a line."""
    body = json.dumps(content, ensure_ascii=False, indent=1)
    rules = ",\n".join(
        f"  {json.dumps(name)}: {json.dumps(rule, ensure_ascii=False)}"
        for name, rule in context.part(writer.used).items()
    )
    return f'{{\n "@context": {{\n{rules}\n }},{body[1:]}\n'.encode()


def flat(triples: Iterable[Triple], context: Context) -> Iterator[bytes]:
    """A graph as a list of its subjects, one a line, in the order in which they first come; TypeError as ``thing``.

    The whole context is at the head.
    """
    writer = _Writer(triples, context)
    yield b'{"@context":' + json.dumps(context.content, ensure_ascii=False, separators=(",", ":")).encode()
    yield b',\n"@graph":['
    for number, subject in enumerate(writer.subjects):
        text = json.dumps(writer.node(subject), ensure_ascii=False, separators=(",", ":"))
        yield (b",\n" if number else b"\n") + text.encode()
    yield b"\n]}\n"


class _Writer:
    """Subjects as objects of JSON. ``placed`` are those that stand in a tree, ``used`` the names that were written."""

    def __init__(self, triples: Iterable[Triple], context: Context) -> None:
        self.subjects: dict[str, dict[str, list[Term]]] = {}
        self.placed: set[str] = set()
        self.used: set[str] = set()
        self._context = context
        for triple in triples:
            if isinstance(triple.subject, BlankNode) or isinstance(triple.object, BlankNode):
                raise TypeError("a blank node has no name in JSON-LD that reads like plain JSON")
            properties = self.subjects.setdefault(cell(triple.subject), {})
            properties.setdefault(triple.predicate.value, []).append(triple.object)

    def tree(self, root: str) -> dict[str, Any]:
        """A subject with all that can be reached from it, and what points to that, each where it comes first."""
        inside: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        pointing: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        self.placed.add(root)
        reached = [root]
        for subject in reached:
            for name, values in self._ordered(subject):
                for value in values:
                    target = value.value if isinstance(value, NamedNode) else ""
                    if target in self.subjects and target not in self.placed:
                        self.placed.add(target)
                        inside[subject][name].append(target)
                        reached.append(target)
            if subject == reached[-1]:
                self._await(reached, pointing)
        return self.node(root, inside, pointing)

    def _await(self, reached: list[str], pointing: dict[str, dict[str, list[str]]]) -> None:
        """Take in a subject that points to one that is reached, where none is left that is pointed to."""
        for subject in sorted(self.subjects):
            if subject in self.placed:
                continue
            for name, values in self._ordered(subject):
                for value in values:
                    if name != RDF_TYPE.value and isinstance(value, NamedNode) and value.value in self.placed:
                        self.placed.add(subject)
                        pointing[value.value][name].append(subject)
                        reached.append(subject)
                        return

    def _ordered(self, subject: str) -> list[tuple[str, list[Term]]]:
        """The properties of a subject, its label first, then by name; their values in order."""
        found = self.subjects.get(subject, {})
        names = sorted(found, key=lambda iri: (iri != _LABEL, self._name(iri)))
        return [(name, sorted(values, key=str) if len(values := found[name]) > 1 else values) for name in names]

    def _name(self, iri: str) -> str:
        return self._context.names.get(iri) or prefixed(iri)

    def node(
        self,
        subject: str,
        inside: Mapping[str, Mapping[str, list[str]]] = _NOTHING,
        pointing: Mapping[str, Mapping[str, list[str]]] = _NOTHING,
    ) -> dict[str, Any]:
        """A subject with its values.

        ``inside``: the subjects to write within it, by property; ``pointing``: those that point to it, to be written
        the other way round.
        """
        here, found = inside.get(subject, {}), defaultdict(list)
        content: dict[str, Any] = {"id": subject}
        texts: dict[str, dict[str, list[str]]] = {}
        for iri, values in self._ordered(subject):
            for value in values:
                target = value.value if isinstance(value, NamedNode) else ""
                if iri == RDF_TYPE.value:
                    content.setdefault("type", []).append(self._use(self._context.type_name(target)))
                    if target in here.get(iri, ()):
                        found[self._use(_KIND)].append(self.node(target, inside, pointing))
                    continue
                name = self._context.names.get(iri, "")
                rule = self._context.rule(name)
                if rule.get("@container") == "@language":
                    if isinstance(value, Literal) and value.language:
                        by_language = texts.setdefault(self._use(name), {})
                        found[name] = [by_language]
                        by_language.setdefault(value.language, []).append(value.value)
                        continue
                    name, rule = "", {}
                name = self._use(name or prefixed(iri))
                nested = target in here.get(iri, ())
                found[name].append(self.node(target, inside, pointing) if nested else self._value(value, rule))
        for by_language in texts.values():
            for language in sorted(by_language):
                some = by_language.pop(language)
                by_language[language] = some[0] if len(some) == 1 else some  # type: ignore[assignment]
        content |= {name: values[0] if len(values) == 1 and name != _KIND else values for name, values in found.items()}
        if around := pointing.get(subject):
            content["@reverse"] = {
                self._use(self._name(iri)): [self.node(one, inside, pointing) for one in some]
                for iri, some in around.items()
            }
        return content

    def _use(self, name: str) -> str:
        self.used.add(name)
        return name

    def _value(self, value: Term, rule: Mapping[str, str]) -> Any:
        """A value in the shortest form that the rule of its name lets stand for it."""
        typed = rule.get("@type", "")
        if isinstance(value, NamedNode):
            return value.value if typed == "@id" else {"id": value.value}
        assert isinstance(value, Literal)
        if value.language:
            return {"@value": value.value, "@language": value.language}
        kind, text = value.datatype.value, value.value
        if typed in ("", "xsd:integer") and kind == _INTEGER and re.fullmatch(r"0|-?[1-9]\d{0,14}", text):
            return int(text)
        if typed in ("", "xsd:boolean") and kind == _BOOLEAN and text in ("true", "false"):
            return text == "true"
        if (kind == _STRING and not typed) or (typed not in ("", "@id") and kind == expand(typed)):
            return text
        return {"type": self._use(prefixed(kind)), "@value": text}
