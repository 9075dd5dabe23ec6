"""The names of a release's graphs in a store that holds several releases, and the dataset of a query there.

``https://w3id.org/strategigraf/graph/{stem}`` stands there as ``…/graph/{release}/{stem}``, and the merge as
``…/graph/{release}/merged``. A query is given the release's graphs and no others, whatever it names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pyoxigraph import NamedNode, QuerySolutions, Store

from strategigraf.errors import BadQuery
from strategigraf.ns import BASE, GRAPH
from strategigraf.text import Text

MERGED, MANIFEST, CONTENTS, NONE = "merged", "manifest", "contents", "none"
_ESCAPE = re.compile(r"\\(?:(\\)(?=u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})|\\|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))")
#: What an escape may not stand for: what could end a string, an IRI or a comment early.
_ENDS = frozenset("\"'\\<>{}|^`") | {chr(number) for number in (*range(33), 0x7F, 0x85, 0x2028, 0x2029)}
#: What may stand between two tokens, as a regular expression.
SPACE = r"(?:\s|#[^\n\r]*+)*+"
_FROM = re.compile(r"(?<![\w?$@:-])FROM(?![\w:-])", re.IGNORECASE)
_MISSPELT = re.compile("from", re.IGNORECASE)
_NAME = re.compile(
    SPACE + r"(?P<named>NAMED(?![\w:-]))?" + SPACE
    + r"(?P<iri><[^<>]*>|(?:\w[\w.-]*)?:(?:[\w:.-]|%[0-9A-Fa-f]{2}|\\.)*(?<!\.)|(?:\w[\w.-]*)?:)",
    re.IGNORECASE,
)  # fmt: skip
_PREFIXES = re.compile(r"\bPREFIX" + SPACE + r"[^\s<:]*:" + SPACE + r"<([^<>]*)>", re.IGNORECASE)
_PROLOGUE = re.compile(
    r"(?:\s|#[^\n\r]*+|PREFIX" + SPACE + r"[^\s<:]*:" + SPACE + "<[^<>]*>|BASE" + SPACE + "<[^<>]*>)*+",
    re.IGNORECASE,
)
_BASES = re.compile(r"\bBASE" + SPACE + r"<([^<>]*)>", re.IGNORECASE)
#: The rest of a graph's name after a prefix or a base that is shorter than ``GRAPH``.
_REST = re.compile(r"\bgraph\\?/|<[^<>:]*>")


class Prepared(NamedTuple):
    """A query as it is sent to the store: its text and its dataset (SPARQL 1.1 Protocol, section 2.1.4)."""

    text: str
    default_graphs: tuple[str, ...]
    named_graphs: tuple[str, ...]


class Graphs:
    """The graphs of one release, by the names that they have in the release."""

    def __init__(self, release: str, graphs: Iterable[str]) -> None:
        self.release = release
        self.names = tuple(sorted(graphs))
        self._inner = GRAPH + release + "/"
        self._known = frozenset(self.names)
        self.merged, self.manifest = self._inner + MERGED, self._inner + MANIFEST
        self.contents = self._inner + CONTENTS
        self._none = self._inner + NONE
        self._all = tuple(map(self.inner, self.names))
        self._back = [
            (self._inner.encode(), GRAPH.encode()),
            (self._inner.replace("/", r"\/").encode(), GRAPH.replace("/", r"\/").encode()),
        ]

    def inner(self, iri: str) -> str:
        """The name in the store of one of the release's graphs, else of a graph that is empty."""
        return self._inner + iri[len(GRAPH) :] if iri in self._known else self._none

    def prepare(self, text: str, default_graphs: Sequence[str], named_graphs: Sequence[str]) -> Prepared:
        """A valid query as it is sent to the store.

        Raises BadQuery where the text writes the name of a graph, or an escape, in a way that cannot be followed.
        """
        text = unescaped(text)
        if "from" in text.casefold():
            text, default, named = _without_from(text)
            if default or named:
                # What the protocol says goes before what the text says (SPARQL 1.1 Protocol, section 2.1.4).
                if not (default_graphs or named_graphs):
                    default_graphs, named_graphs = default, named
                return self._sent(text, default_graphs, named_graphs)
        if default_graphs or named_graphs:
            return self._sent(text, default_graphs, named_graphs)
        asks = "graph" in text.replace(GRAPH, "").casefold()
        return Prepared(self._renamed(text), (self.merged,), self._all if asks else ())

    def _sent(self, text: str, default_graphs: Sequence[str], named_graphs: Sequence[str]) -> Prepared:
        # No graph at all would mean whatever the store has; one that is empty means none.
        default = tuple(dict.fromkeys(map(self.inner, default_graphs))) or (self._none,)
        return Prepared(self._renamed(text), default, tuple(map(self.inner, named_graphs)) or (self._none,))

    def _renamed(self, text: str) -> str:
        """The text with the names of graphs as the store has them."""
        if _REST.search(text.replace(GRAPH, "")):
            bases = _BASES.findall(text)
            if not bases:
                text = text.replace(f"<{GRAPH[len(BASE) :]}", f"<{GRAPH}")
            if any(GRAPH.startswith(iri) and iri != GRAPH for iri in (*bases, *_PREFIXES.findall(text))) and re.search(
                r"\bgraph\\?/", text.replace(GRAPH, "")
            ):
                raise BadQuery(
                    Text(
                        f"Skriv navnet på en graf helt ud: <{GRAPH}…>, eller lad et præfiks stå for hele {GRAPH}.",
                        f"Write the name of a graph in full: <{GRAPH}…>, or let a prefix stand for all of {GRAPH}.",
                    )
                )
        return text.replace(GRAPH, self._inner)

    def back(self, data: bytes) -> bytes:
        """An answer with the names of graphs as the release has them."""
        for inner, outer in self._back:
            data = data.replace(inner, outer)
        return data


def unescaped(text: str) -> str:
    r"""The text with each ``\u0041`` as the character that it stands for.

    SPARQL 1.1 reads such escapes before anything else (section 19.2), Oxigraph where it meets them. So one that would
    end a string or a comment could mean one thing to us and another to the store: BadQuery.
    """
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def _character(match: re.Match[str]) -> str:
    digits = match[2] or match[3]
    if digits is None and not match[1]:
        return match[0]
    number = int(digits or "5C", 16)
    if number > 0x10FFFF or 0xD800 <= number < 0xE000 or chr(number) in _ENDS:
        shown = f"\\{'u' if match[2] else 'U'}{digits}" if digits else "\\\\u"
        raise BadQuery(
            Text(
                f'{shown} kan ikke bruges her. Skriv tegnet selv, eller \\" \\\\ \\n og lignende.',
                f'{shown} cannot be used here. Write the character itself, or \\" \\\\ \\n and the like.',
            )
        )
    return chr(number)


def _without_from(text: str) -> tuple[str, list[str], list[str]]:
    """A valid query without its dataset clauses (SPARQL 1.1, section 13.2), and their default and named graphs.

    Whether FROM is a keyword is for Oxigraph to say: a text in which a keyword is misspelt does not parse.
    """
    default: list[str] = []
    named: list[str] = []
    if parses(_MISSPELT.sub("frpm", text)):
        return text, default, named
    place = 0
    kept: list[str] = []
    for match in _FROM.finditer(text):
        if match.start() < place or parses(text[: match.start()] + "frpm" + text[match.end() :]):
            continue
        name = _NAME.match(text, match.end())
        iri = _resolved(text, name["iri"]) if name else None
        if name is None or iri is None:
            raise _unclear()
        (named if name["named"] else default).append(iri)
        kept.append(text[place : match.start()])
        place = name.end()
    rest = " ".join((*kept, text[place:]))
    if not parses(_MISSPELT.sub("frpm", rest)):
        raise _unclear()  # a keyword that runs into another, as in ASKFROM, which Oxigraph takes apart
    return rest, default, named


def _unclear() -> BadQuery:
    return BadQuery(
        Text(
            "FROM kunne ikke læses. Skriv grafens IRI helt ud, eller brug default-graph-uri og named-graph-uri.",
            "FROM could not be read. Write the graph's IRI in full, or use default-graph-uri and named-graph-uri.",
        )
    )


def _resolved(text: str, written: str) -> str | None:
    """The IRI that is written in a text, by its prefixes and its base."""
    prologue = _PROLOGUE.match(text)
    asks = f"{prologue[0] if prologue else ''}\nSELECT ?x WHERE {{ VALUES ?x {{ {written} }} }}"
    try:
        result = Store().query(asks, base_iri=BASE)
    except (SyntaxError, ValueError):
        return None
    assert isinstance(result, QuerySolutions)
    value = next(iter(result))["x"]
    return value.value if isinstance(value, NamedNode) else None


def parses(text: str) -> bool:
    """Whether a text is a query that Oxigraph takes."""
    try:
        Store().query(text, base_iri=BASE)
    except (SyntaxError, ValueError):
        return False
    except (OSError, RuntimeError):
        pass
    return True
