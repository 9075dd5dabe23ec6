"""The synthetic facts as Turtle files, ready to be checked, derived from and built like the real ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, parse

from benchmarks.generate import Synthetic
from strategigraf import receipt, turtle
from strategigraf.ns import GRAPH, ID, expand, split
from strategigraf.sources import Kind, SourceFile, Sources, load

_DERIVED = (GRAPH + "inferred", GRAPH + "ontology")
_EVIDENCE = f"{ID}evidence/"
#: A document that no municipality owns.
_ALWAYS = "kl-kortlaegning"


def sources(graph: Synthetic, like: Path) -> Sources:
    """The sources of a synthetic graph: facts of its own, and ontology, shapes, rules and queries of ``like``.

    A copy's text evidence is named by the hash of its own words, and the receipt says that they were found, so that
    the checks have the same to do as on real facts.
    """
    real = load(like)
    triples = _by_graph(graph)
    names = _evidence(triples.values())
    known = {file.graph: file for file in real.of("reference", "facts")}
    described = {
        triple.subject.value for found in triples.values() for triple in found if isinstance(triple.subject, NamedNode)
    }
    files = [_sourced(file, described) for file in real.of("ontology", "scheme")] + list(real.of("shapes"))
    for iri, found in triples.items():
        stem = iri.removeprefix(GRAPH)
        file = known.get(iri)
        kind: Kind = file.kind if file else "facts"
        place = "documents" if stem.endswith("-strategi") else "municipalities"
        name = file.name if file else f"data/ttl/{place}/{stem}.ttl"
        text = turtle.write([_renamed(triple, names) for triple in found])
        files.append(SourceFile(name, text, kind, like / name))
    others = {name: text for name, text in real.others.items() if name != "data/receipt.tsv"}
    made = Sources(like, tuple(sorted(files, key=lambda file: file.name)), others)
    digests = receipt.digests(made)
    lines = sorted({quote.line(digests.get(quote.document, "")) for quote in receipt.quotes(made)})
    text = "\n".join(["\t".join(receipt.COLUMNS), *lines]) + "\n"
    # New files, so that what was parsed here is not at hand for those who measure the parsing.
    return replace(made, files=tuple(replace(file) for file in made.files), others=others | {"data/receipt.tsv": text})


def _sourced(file: SourceFile, described: set[str]) -> SourceFile:
    """A file of the ontology whose terms come from no document that is not there."""
    document = f"{ID}document/"
    triples = []
    for triple in file.document.triples:
        o = triple.object
        if isinstance(o, NamedNode) and o.value.startswith(document) and o.value not in described:
            o = NamedNode(document + _ALWAYS)
        triples.append(Triple(triple.subject, triple.predicate, o))
    return replace(file, text=turtle.write(set(triples)))


def _by_graph(graph: Synthetic) -> dict[str, list[Triple]]:
    found: dict[str, list[Triple]] = defaultdict(list)
    for text, _ in graph.chunks():
        facts = "".join(
            line + "\n" for line in text.split("\n") if line.endswith("> .") and (parts := line.rsplit(" ", 2))
            and parts[1].startswith("<" + GRAPH) and parts[1][1:-1] not in _DERIVED
        )  # fmt: skip
        for quad in parse(facts, format=RdfFormat.N_QUADS):
            assert isinstance(quad.graph_name, NamedNode)
            found[quad.graph_name.value].append(quad.triple)
    return dict(found)


def _evidence(graphs: Iterable[list[Triple]]) -> dict[str, NamedNode]:
    """The right names of the text evidence, by the names that it has."""
    told: dict[str, dict[str, str]] = defaultdict(dict)
    wanted = {expand(name): name for name in ("dct:source", "sg:lineStart", "sg:lineEnd", "sg:phrase")}
    for triples in graphs:
        for triple in triples:
            if isinstance(triple.subject, NamedNode) and triple.subject.value.startswith(_EVIDENCE):
                name = wanted.get(triple.predicate.value)
                if name and isinstance(triple.object, NamedNode | Literal):
                    told[triple.subject.value][name] = triple.object.value
    names: dict[str, NamedNode] = {}
    nowhere = SourceFile("", "", "facts", Path())
    for iri, values in told.items():
        document = split(values["dct:source"])
        if document and len(values) == len(wanted):
            first, last = int(values["sg:lineStart"]), int(values["sg:lineEnd"])
            quote = receipt.Quote(nowhere, iri, document[1], first, last, values["sg:phrase"])
            names[iri] = NamedNode(_EVIDENCE + quote.slug)
    return names


def _renamed(triple: Triple, names: dict[str, NamedNode]) -> Triple:
    s, o = triple.subject, triple.object
    if isinstance(s, NamedNode):
        s = names.get(s.value, s)
    if isinstance(o, NamedNode):
        o = names.get(o.value, o)
    return Triple(s, triple.predicate, o)
