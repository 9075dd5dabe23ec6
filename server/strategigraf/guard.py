"""What a query text may not do here: write, reach other machines, or bring the process down.

Oxigraph is the only judge of what a text means: its grammar takes words apart where a lexer of ours
would keep them together. So nothing here cuts a text into tokens. A doubtful text is read by
Oxigraph itself, on an empty store, in a process of its own that may die.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading

from pyoxigraph import Store

from strategigraf.errors import BadQuery
from strategigraf.ns import BASE
from strategigraf.text import Text

#: Longer texts are tried in a process of their own: the parser calls itself for each nested group, some two kilobytes
#: of stack for two characters, so a text this long cannot exhaust a stack of eight megabytes.
_LONGEST_UNTRIED = 4_000
#: The same for the threads of a worker, which have thirty-two times the stack.
_LONGEST_WITH_STACK = 100_000
_LARGE_STACK = 256 * 1024 * 1024
_SECONDS = 5
_PROBE = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_CPU, ({_SECONDS}, {_SECONDS}))
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
from pyoxigraph import Store
try:
    for _ in Store().query(sys.stdin.buffer.read().decode(), base_iri="{BASE}"): pass
except TypeError: pass
except (SyntaxError, ValueError): sys.exit(3)
"""
_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
_PROLOGUE = r"(?:\s|#[^\n]*+|PREFIX\s++[^\s<]*+\s*+<[^>]*+>|BASE\s*+<[^>]*+>|;)*+"
_UPDATE = re.compile(_PROLOGUE + r"(INSERT|DELETE|LOAD|CLEAR|DROP|CREATE|ADD|MOVE|COPY|WITH)\b", re.IGNORECASE)
#: Functions whose value differs from call to call, so that an answer may not be kept. A word in a string that
#: only looks like one costs no more than a kept answer.
_VOLATILE = re.compile(r"(NOW|RAND|UUID|STRUUID|BNODE)\s*\(", re.IGNORECASE)


def update_form(query: str) -> str:
    """The keyword of a SPARQL Update, or an empty string for a text that does not begin as one."""
    match = _UPDATE.match(query)
    return match[1].upper() if match else ""


def is_volatile(query: str) -> bool:
    """Whether the answer may differ from call to call on the same data."""
    # Most texts have none of the words, and to look for letters is ten times faster than the expression.
    capitals = query.upper()
    letters = "NOW" in capitals or "RAND" in capitals or "UUID" in capitals or "BNODE" in capitals
    return letters and bool(_VOLATILE.search(query))


def refuse_service(query: str) -> None:
    """Let a text pass that cannot call another service.

    Where the letters of SERVICE stand anywhere, they are misspelt and the text is read again: in a
    name, a string, an IRI or a comment that changes nothing, but a keyword is then a fault. Raises
    BadQuery for that.
    """
    plain = _ESCAPE.sub(_unescape, query) if "\\" in query else query
    if "service" not in (plain.lower() if plain.isascii() else plain.casefold()):
        return
    if "service" in query.casefold() and _reads(re.sub("service", "serviqe", query, flags=re.IGNORECASE)):
        return
    raise BadQuery(
        Text(
            "SERVICE er slået fra: tjenesten kalder ingen andre. Hent de andre data i dit eget værktøj."
            " (Eller teksten er ikke gyldig SPARQL.)",
            "SERVICE is turned off: this service calls no other. Fetch the other data in your own tool."
            " (Or the text is not valid SPARQL.)",
        )
    )


def refuse_fatal(query: str) -> None:
    """Let a text pass that the parser can take in without exhausting its stack; BadQuery for another."""
    if len(query) > _LONGEST_UNTRIED and len(query) > _longest_untried() and _survives(query) not in (0, 3):
        raise BadQuery(
            Text(
                "Forespørgslen er for stor eller for dybt indlejret. Del den, eller brug VALUES i stedet for UNION.",
                "The query is too large or too deeply nested. Split it, or use VALUES instead of UNION.",
            )
        )


def _longest_untried() -> int:
    """The longest text that this thread can read whatever it holds."""
    large = threading.current_thread() is not threading.main_thread() and threading.stack_size() >= _LARGE_STACK
    return _LONGEST_WITH_STACK if large else _LONGEST_UNTRIED


def _reads(query: str) -> bool:
    """Whether the text is a query, read on an empty store."""
    if len(query) > _longest_untried():
        return _survives(query) == 0
    try:
        Store().query(query, base_iri=BASE)
    except (SyntaxError, ValueError):
        return False
    except (TypeError, OSError, RuntimeError):
        pass
    return True


def _survives(query: str) -> int:
    """How a process that reads the text on an empty store ends: 0 well, 3 syntax error, other than that badly."""
    try:
        return subprocess.run(
            [sys.executable, "-I", "-c", _PROBE],
            input=query.encode(), capture_output=True, timeout=_SECONDS * 2, check=False,
        ).returncode  # fmt: skip
    except subprocess.TimeoutExpired:
        return -1


def _unescape(match: re.Match[str]) -> str:
    number = int(match[1] or match[2], 16)
    return chr(number) if number <= 0x10FFFF else match[0]
