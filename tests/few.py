"""A whole project of few facts: for tests that need a project, and not every fact of this one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from pyoxigraph import NamedNode, Quad, Triple

from strategigraf import turtle
from strategigraf.ns import ID
from strategigraf.sources import Sources

#: What the facts that are kept lead from: who edits, a strategy that queries take by default, a principle, an
#: alignment, a row of a list, and a framework that nothing else needs.
SEEDS = (
    "organisation/strategigraf-redaktionen",
    "strategy/kl-digitaliseringsstrategi-2016",
    "element/odder-digitaliseringsstrategi-uden-aar-princip-04",
    "alignment/odder-digitaliseringsstrategi-uden-aar-princip-08-follows-monopolbrud",
    "entry/kl-kortlaegning-01",
    "framework/sapa",
)


def write(facts: Sources, root: Path) -> Path:
    """A checkout with the ontology, the rules and the queries, and of the facts all that ``SEEDS`` lead to.

    The block of a thing is kept with its fragments, or left out: what is kept is as it was, and no link leads nowhere.
    The examples of SPARQL are left out, since each asks for facts of its own. Returns ``root``.
    """
    seeds = {ID + seed for seed in SEEDS}
    kept = led_to((t for file in facts.of("facts", "reference") for t in file.document.triples), seeds.__contains__)
    assert seeds <= kept
    texts = {name: text for name, text in facts.others.items() if not name.startswith("queries/examples/")}
    for file in facts.files:
        if file.kind in ("facts", "reference"):
            triples = [triple for triple in file.document.triples if _thing(triple) in kept]
            if triples:
                texts[file.name] = turtle.write(triples, file.document.head)
        else:
            texts[file.name] = file.text
    head, *lines = facts.receipt.splitlines(keepends=True)
    texts["data/receipt.tsv"] = head + "".join(
        line for line in lines if f"{ID}evidence/{line.partition(chr(9))[0]}" in kept
    )
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(text.encode())
    return root


def led_to(triples: Iterable[Triple | Quad], start: Callable[[str], bool]) -> set[str]:
    """The IRIs of the things that some begin at, and of all that these lead to, fragments told as their things."""
    ahead: list[str] = []
    links: dict[str, set[str]] = defaultdict(set)
    for triple in triples:
        at = _thing(triple)
        if at not in links and start(at):
            ahead.append(at)
        links[at] |= {triple.object.value.partition("#")[0]} if isinstance(triple.object, NamedNode) else set()
    found: set[str] = set()
    while ahead:
        thing = ahead.pop()
        if thing in links and thing not in found:
            found.add(thing)
            ahead += links[thing]
    return found


def _thing(triple: Triple | Quad) -> str:
    assert isinstance(triple.subject, NamedNode)
    return triple.subject.value.partition("#")[0]
