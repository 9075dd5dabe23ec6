"""Derived triples: the numbered SPARQL CONSTRUCT rules, each run to its own fixpoint."""

from __future__ import annotations

from collections.abc import Iterable

from pyoxigraph import NamedNode, Quad, QueryTriples

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


def infer(store: GraphStore, rules: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Add what the rules derive to ``store``, in the graph ``INFERRED`` and the merge.

    ``rules`` are names and texts in the order they run; a rule sees all that earlier ones derived,
    and runs again until it derives nothing new. Returns how many triples each derived. Raises
    RuleError, naming the rule.
    """
    derived: dict[str, int] = {}
    for name, text in rules:
        derived[name] = 0
        for _ in range(_MOST_ROUNDS):
            try:
                result = store.query(text)
            except BadQuery as error:
                raise RuleError(name, error.message) from error
            if not isinstance(result, QueryTriples):
                raise RuleError(
                    name, Text(f"Reglen {name} er ikke en CONSTRUCT.", f"The rule {name} is not a CONSTRUCT.")
                )
            fresh = {triple for triple in result if triple not in store}
            if not fresh:
                break
            store.add(Quad(t.subject, t.predicate, t.object, INFERRED) for t in fresh)
            derived[name] += len(fresh)
        else:
            raise RuleError(
                name,
                Text(
                    f"Reglen {name} falder ikke til ro efter {_MOST_ROUNDS} omgange.",
                    f"The rule {name} does not come to rest after {_MOST_ROUNDS} rounds.",
                ),
            )
    return derived
