"""What a query text may not do here: write, or reach other machines.

The text is cut into tokens, so that a keyword inside a string, an IRI or a comment is no keyword.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from strategigraf.errors import BadQuery, UpdateRefused
from strategigraf.text import Text

_TOKEN = re.compile(
    r"""
      (?P<comment>\#[^\n\r]*)
    | (?P<iri><[^<>"{}|^`\\\x00-\x20]*>)
    | (?P<string>\"\"\"(?:(?:\"|\"\")?(?:[^"\\]|\\.))*\"\"\" | '''(?:(?:'|'')?(?:[^'\\]|\\.))*'''
               | "(?:[^"\\\n\r]|\\.)*" | '(?:[^'\\\n\r]|\\.)*')
    | (?P<variable>[?$]\w+)
    | (?P<prefixed>[\w.-]*:(?:[\w.:%-]|\\.)*)
    | (?P<tag>@[\w-]+)
    | (?P<word>[A-Za-z_]\w*)
    | (?P<other>\S)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
_UPDATES = {"INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY", "WITH"}
_FORMS = {"SELECT", "CONSTRUCT", "DESCRIBE", "ASK"}
#: Functions whose value differs from call to call, so that an answer may not be kept.
VOLATILE = {"NOW", "RAND", "UUID", "STRUUID", "BNODE"}


def _unescape(match: re.Match[str]) -> str:
    number = int(match[1] or match[2], 16)
    return chr(number) if number <= 0x10FFFF else match[0]


def words(query: str) -> Iterator[str]:
    """The bare words of a query in upper case: keywords and function names, in order.

    Code point escapes are read first, as SPARQL 1.1 section 19.2 has it.
    """
    for match in _TOKEN.finditer(_ESCAPE.sub(_unescape, query)):
        if match.lastgroup == "word":
            yield match.group().upper()


def check(query: str) -> None:
    """Let a read-only, local query pass.

    Raises UpdateRefused for SPARQL Update and BadQuery for SERVICE. Syntax is the store's to judge.
    """
    form = ""
    for word in words(query):
        if word in _FORMS and not form:
            form = word
        if word in _UPDATES and not form:
            raise UpdateRefused(
                Text(
                    f"{word} er en opdatering, og tjenesten kan kun læses. Brug SELECT, ASK, CONSTRUCT eller DESCRIBE.",
                    f"{word} is an update, and the service is read-only. Use SELECT, ASK, CONSTRUCT or DESCRIBE.",
                )
            )
        if word == "SERVICE":
            raise BadQuery(
                Text(
                    "SERVICE er slået fra: tjenesten kalder ingen andre. Hent de andre data i dit eget værktøj.",
                    "SERVICE is turned off: this service calls no other. Fetch the other data in your own tool.",
                )
            )
