"""Derived triples: the numbered SPARQL CONSTRUCT rules, each run to its own fixpoint."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pyoxigraph import NamedNode, QueryTriples, RdfFormat

from strategigraf.errors import BadQuery, StrategigrafError
from strategigraf.ns import GRAPH
from strategigraf.store import GraphStore
from strategigraf.text import Text

INFERRED = NamedNode(GRAPH + "inferred")
_MOST_ROUNDS = 100


class RuleError(StrategigrafError):
    """A rule that does not parse, is not a CONSTRUCT, or never comes to rest; ``rule`` is its name."""

    def __init__(self, rule: str, message: Text) -> None:
        super().__init__(message)
        self.rule = rule


_TEMPLATE = re.compile(r"CONSTRUCT\s*\{(.*?)\}\s*WHERE\s*(\{.*)", re.DOTALL)
_NAME = re.compile(r"(?<![\w:?])[a-zA-Z][\w-]*:[\w-]+")


def feeds_itself(rule: str) -> bool:
    """Whether what a rule derives can be among what it looks for, so that it must run again.

    It cannot where no name of its template stands in its pattern, and neither a property nor a class is
    left open: then one round is its fixpoint. In doubt the answer is yes.
    """
    parts = _TEMPLATE.search(re.sub(r"^\s*#.*$", "", rule, flags=re.MULTILINE))
    if not parts:
        return True
    template, pattern = parts.groups()
    if re.search(r"(?:[{.;]|^)\s*\?\w+\s+\?\w+\s+\?\w+|;\s*\?\w+\s+\?", template + "\n" + pattern):
        return True
    open_class = re.search(r"\ba\s+\?", pattern) and re.search(r"\ba\s", template)
    return bool(open_class or set(_NAME.findall(template)) & set(_NAME.findall(pattern)))


def infer(store: GraphStore, rules: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Add what the rules derive to ``store``, in the graph ``INFERRED`` and the merge.

    ``rules`` are names and texts in the order they run; a rule sees all that earlier ones derived,
    and runs again until it derives nothing new, unless it cannot feed itself. Returns how many
    triples each derived. Raises RuleError, naming the rule.
    """
    derived: dict[str, int] = {}
    for name, text in rules:
        derived[name] = 0
        seen: set[bytes] = set()
        for _ in range(_MOST_ROUNDS):
            try:
                result = store.query(text)
            except BadQuery as error:
                raise RuleError(name, error.message) from error
            if not isinstance(result, QueryTriples):
                raise RuleError(
                    name, Text(f"Reglen {name} er ikke en CONSTRUCT.", f"The rule {name} is not a CONSTRUCT.")
                )
            lines = set((result.serialize(format=RdfFormat.N_TRIPLES) or b"").split(b"\n")) - seen
            fresh = store.add_new(b"\n".join(lines), INFERRED)
            derived[name] += fresh
            if not fresh or not feeds_itself(text):
                break
            seen |= lines
        else:
            raise RuleError(
                name,
                Text(
                    f"Reglen {name} falder ikke til ro efter {_MOST_ROUNDS} omgange.",
                    f"The rule {name} does not come to rest after {_MOST_ROUNDS} rounds.",
                ),
            )
    return derived
