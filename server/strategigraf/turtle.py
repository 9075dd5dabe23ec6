"""Turtle in one canonical form, so that a diff shows facts and a line can be named.

The form: the comment block at the top, the prefixes that are used, then one block for each
subject, sorted by IRI; ``a`` first, the other predicates in the order of ``PREDICATES``; one
triple a line; `` .`` alone on the last. Blank nodes may stand only inside a block.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, parse

from strategigraf.errors import StrategigrafError
from strategigraf.ns import PREFIXES, VOCABULARIES, expand
from strategigraf.text import Text

_RDF = VOCABULARIES["rdf"]
_XSD = VOCABULARIES["xsd"]
_TYPE, _FIRST, _REST, _NIL = (_RDF + name for name in ("type", "first", "rest", "nil"))

#: What a reader looks for first comes first; predicates not named here follow, by IRI.
_ORDER = """
    rdf:type sg:elementOf sg:entryOf sg:approvalOf sg:readingOf org:unitOf sg:subject sg:relation
    sg:object sg:basis sg:confidence sg:reason dct:isPartOf skos:notation dct:identifier sg:order
    dct:title skos:prefLabel rdfs:label skos:altLabel sg:officialText sg:kindAsWritten
    sg:nameInSource skos:definition skos:scopeNote dct:description sg:municipality sg:formAsWritten
    sg:linkText sg:periodAsWritten sg:periodKind sg:lists dct:publisher dct:creator sg:level
    sg:layer sg:form dct:temporal sg:documentStatus sg:supports dct:subject dct:source
    sg:lineStart sg:lineEnd sg:page sg:heading sg:phrase sg:phraseRestored sg:attests
    sh:targetClass sh:targetSubjectsOf sh:targetObjectsOf sh:path sh:property sh:severity sh:message
"""
PREDICATES = tuple(expand(name) for name in _ORDER.split())
_RANK = {iri: place for place, iri in enumerate(PREDICATES)}
_INTEGER, _BOOLEAN, _STRING = (_XSD + name for name in ("integer", "boolean", "string"))
_DIGITS = re.compile(r"-?[0-9]+")
_LOCAL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_-])?")
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_PREFIX_LINE = re.compile(r"\s*(?:@prefix|PREFIX)\s+([\w.-]*):\s*<([^>]*)>", re.IGNORECASE)

#: A comment in the group, or what may hold a # that begins none: IRIs, strings, escaped characters.
_COMMENT = re.compile(
    r"""<[^<>"{}|^`\\\s]*> | \"{3}(?:[^"\\]|\\.|"(?!""))*\"{3} | '{3}(?:[^'\\]|\\.|'(?!''))*'{3}
    | "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*' | \\. | (\#[^\n]*)""",
    re.VERBOSE | re.DOTALL,
)
Node = NamedNode | BlankNode
_Graph = dict[Node, dict[str, list[NamedNode | BlankNode | Literal]]]


class TurtleError(StrategigrafError):
    """Turtle that does not parse, or that has no canonical form; ``line`` counts from 1."""

    def __init__(self, message: Text, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass
class Document:
    """One parsed Turtle file: its triples, its text and the comments at its top."""

    text: str
    triples: list[Triple]
    head: str = ""
    _canonical: str | None = field(default=None, repr=False)

    @property
    def canonical(self) -> str:
        """The same facts in the canonical form; TurtleError if there is none."""
        if self._canonical is None:
            self._canonical = write(self.triples, self.head)
        return self._canonical

    def line_of(self, subject: str, predicate: str | None = None, value: str | None = None) -> int:
        """The line of a subject's block, or of the predicate in it where the file is canonical.

        ``value`` (N-Triples syntax of the object) narrows it to one triple. Falls back to line 1.
        """
        names = _spellings(subject, self.text)
        lines = self.text.split("\n")
        start = next(
            (n for n, line in enumerate(lines, 1) if line.split(None, 1)[:1] and line.split(None, 1)[0] in names),
            1,
        )
        if predicate is None or self.text != self.canonical:
            return start
        wanted = "a" if predicate == _TYPE else _iri(predicate)
        fallback = 0
        for n in range(start, len(lines)):
            line = lines[n]
            if line == ".":
                break
            verb, _, rest = line.strip().partition(" ")
            if verb == wanted:
                fallback = fallback or n + 1
                if value is None or rest.removesuffix(" ;") == value:
                    return n + 1
        return fallback or start


def read(text: str, known_prefixes: bool = False) -> Document:
    """Parse Turtle; with ``known_prefixes`` the project's own need not be declared.

    Raises TurtleError with the line and the column where the text stops being Turtle.
    """
    try:
        # On the first line, so that the lines of what follows stay the same.
        head = "".join(f"@prefix {p}: <{base}> ." for p, base in PREFIXES.items()) if known_prefixes else ""
        triples = [quad.triple for quad in parse((head + text).encode(), RdfFormat.TURTLE, without_named_graphs=True)]
    except SyntaxError as error:
        line, column = error.lineno or 1, error.offset or 1
        raise TurtleError(
            Text(
                f"Filen er ikke gyldig Turtle her (tegn {column}): {error.msg}",
                f"The file is not valid Turtle here (column {column}): {error.msg}",
            ),
            line,
        ) from error
    return Document(text, triples, _head(text))


def stray_comment(text: str) -> int | None:
    """The line of the first comment below the top block, which rewriting would lose, or None."""
    start = len(_head(text))
    for match in _COMMENT.finditer(text, start):
        if match[1]:
            return text.count("\n", 0, match.start()) + 1
    return None


def write(triples: Iterable[Triple], head: str = "") -> str:
    """The canonical text of a graph.

    Raises TurtleError where a blank node is shared, cyclic or at the top.
    """
    graph: _Graph = defaultdict(lambda: defaultdict(list))
    uses: dict[BlankNode, int] = defaultdict(int)
    for triple in set(triples):
        subject, value = triple.subject, triple.object
        if isinstance(subject, Triple) or isinstance(value, Triple):
            raise TurtleError(Text("RDF-star bruges ikke.", "RDF-star is not used."), 1)
        graph[subject][triple.predicate.value].append(value)
        if isinstance(value, BlankNode):
            uses[value] += 1
    for node in graph:
        if isinstance(node, BlankNode) and uses[node] != 1:
            raise TurtleError(
                Text(
                    "En blank knude skal stå inde i netop én blok; giv tingen en IRI.",
                    "A blank node must stand inside exactly one block; give the thing an IRI.",
                ),
                1,
            )
    if set(_below(graph)) != {node for node in graph if isinstance(node, BlankNode)}:
        raise TurtleError(
            Text(
                "Blanke knuder hænger kun sammen med hinanden; giv tingen en IRI.",
                "Blank nodes hang together with nothing but each other; give the thing an IRI.",
            ),
            1,
        )
    blocks = []
    for subject in sorted((n for n in graph if isinstance(n, NamedNode)), key=lambda n: n.value):
        lines = [f"    {line} ;" for line in _statements(graph, subject)]
        blocks.append("\n".join([_iri(subject.value), *lines, "."]))
    body = "\n\n".join(blocks)
    used = _used(graph)
    prefixes = "".join(f"@prefix {prefix}: <{base}> .\n" for prefix, base in PREFIXES.items() if prefix in used)
    return "\n".join(part for part in (head, prefixes, body + "\n" if body else "") if part)


def _below(graph: _Graph) -> Iterator[BlankNode]:
    """The blank nodes that a named subject leads to."""
    nodes: list[Node] = [node for node in graph if isinstance(node, NamedNode)]
    while nodes:
        for values in graph[nodes.pop()].values():
            for value in values:
                if isinstance(value, BlankNode) and value in graph:
                    yield value
                    nodes.append(value)


def _used(graph: _Graph) -> set[str]:
    """The prefixes that the canonical text of a graph needs."""
    written: set[str] = set()
    unwritten = {_TYPE, _FIRST, _REST}
    for subject, cell in graph.items():
        written.update(predicate for predicate in cell if predicate not in unwritten)
        for values in cell.values():
            for value in values:
                if isinstance(value, NamedNode):
                    if value.value != _NIL:
                        written.add(value.value)
                elif isinstance(value, Literal):
                    written.add(_datatype(value))
        if isinstance(subject, NamedNode):
            written.add(subject.value)
    return {_prefix(iri) for iri in written if iri}


def _statements(graph: _Graph, node: Node) -> Iterator[str]:
    for predicate in sorted(graph[node], key=lambda p: (_RANK.get(p, len(_RANK)), p)):
        verb = "a" if predicate == _TYPE else _iri(predicate)
        for value in sorted(_value(graph, v) for v in graph[node][predicate]):
            yield f"{verb} {value}"


def _value(graph: _Graph, value: NamedNode | BlankNode | Literal) -> str:
    if isinstance(value, NamedNode):
        return "()" if value.value == _NIL else _iri(value.value)
    if isinstance(value, Literal):
        return literal(value)
    items = _list(graph, value)
    if items is not None:
        return f"( {' '.join(_value(graph, item) for item in items)} )"
    return f"[ {' ; '.join(_statements(graph, value))} ]" if value in graph else "[]"


def _list(graph: _Graph, node: BlankNode) -> list[NamedNode | BlankNode | Literal] | None:
    items: list[NamedNode | BlankNode | Literal] = []
    rest: NamedNode | BlankNode | Literal = node
    while isinstance(rest, BlankNode):
        cell = graph.get(rest)
        if cell is None or set(cell) != {_FIRST, _REST}:
            return None
        items.append(cell[_FIRST][0])
        rest = cell[_REST][0]
    return items if rest == NamedNode(_NIL) else None


def literal(value: Literal) -> str:
    """A literal in canonical Turtle; integers and booleans bare, the rest quoted on one line."""
    if _is_bare(value):
        return value.value
    quoted = f'"{value.value.translate(_ESCAPES)}"'
    if value.language:
        return f"{quoted}@{value.language}"
    datatype = _datatype(value)
    return f"{quoted}^^{_iri(datatype)}" if datatype else quoted


def _is_bare(value: Literal) -> bool:
    """Whether a literal is written without quotes."""
    datatype = value.datatype.value
    return bool(
        (datatype == _INTEGER and _DIGITS.fullmatch(value.value))
        or (datatype == _BOOLEAN and value.value in ("true", "false"))
    )


def _datatype(value: Literal) -> str:
    """The datatype that is written behind a literal, or an empty string where none is."""
    datatype = value.datatype.value
    return "" if value.language or datatype == _STRING or _is_bare(value) else datatype


@cache
def _prefix(iri: str) -> str:
    """The prefix that writes an IRI, or an empty string where none does."""
    best = ""
    for prefix, base in PREFIXES.items():
        fits = iri.startswith(base) and _LOCAL.fullmatch(iri[len(base) :])
        if fits and (not best or len(base) > len(PREFIXES[best])):
            best = prefix
    return best


def _iri(iri: str) -> str:
    prefix = _prefix(iri)
    return f"{prefix}:{iri[len(PREFIXES[prefix]) :]}" if prefix else f"<{iri}>"


def _spellings(iri: str, text: str) -> set[str]:
    """Every way in which this text may write an IRI."""
    names = {f"<{iri}>"}
    for match in _PREFIX_LINE.finditer(text):
        prefix, base = match.groups()
        if base and iri.startswith(base):
            names.add(f"{prefix}:{iri[len(base) :]}")
    return names


def _head(text: str) -> str:
    """The unbroken comment block at the very top, with its newline."""
    lines: list[str] = []
    for line in text.split("\n"):
        if not line.startswith("#"):
            break
        lines.append(line.rstrip())
    return "".join(line + "\n" for line in lines)
