"""Draw curated things for a reading against the source by other eyes: ``python tests/readback.py SEED [NUMBER]``.

Writes CSV to standard output: the statement in words, and the place it is said to stand. The draw is even over the
pairs of class and document, so that no document and no class is left out. The verdicts are kept in
``docs/readback-{seed}.csv``.
"""

from __future__ import annotations

import csv
import random
import sys
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "server"))

from pyoxigraph import Literal, NamedNode

from strategigraf import infer, sources
from strategigraf.ns import expand, shorten
from strategigraf.store import GraphStore
from strategigraf.terms import cell

COLUMNS = ("no", "thing", "class", "document", "statement", "places", "verdict", "note")
#: Properties that say nothing about the source.
SILENT = {
    "rdf:type", "sg:evidence", "prov:wasAttributedTo", "dct:created", "sg:itemOf", "sg:leadsTo", "sg:supportedBy",
    "sg:hasAlignment", "sg:alignedFrom", "sg:hasElement", "sg:hasItem", "sg:hasPart", "sg:concernedBy", "sg:figure",
    "sg:publishes", "sg:listedIn", "sg:hasApproval", "sg:textOf", "sg:hasDuty", "sg:finishedPartOf", "sg:bearsStatus",
    "sg:buildsOn",
}  # fmt: skip
CLASSES = (
    "sg:Strategy", "sg:StrategySeries", "sg:ListEntry", "sg:Vision", "sg:Goal", "sg:FocusArea", "sg:Principle",
    "sg:Initiative", "sg:Requirement", "sg:Rationale", "sg:Quality", "sg:Framework", "sg:Alignment", "sg:Approval",
    "sg:GovernanceBody", "org:Post", "sg:Duty", "sg:GuidanceItem", "sg:Finding", "sg:Mention", "sg:Case",
    "sg:Technology",
    "sg:RelatedTitle", "sg:Criterion", "qb:Observation",
)  # fmt: skip


def main(seed: int, number: int) -> None:
    """Draw ``number`` things with a seed and write them as CSV."""
    facts = sources.load(Path(__file__).resolve().parent.parent)
    store = GraphStore({quad for file in facts.files if file.kind != "shapes" for quad in file.quads})
    infer.infer(store, facts.rules())
    of: dict[str, dict[str, list[NamedNode | Literal]]] = defaultdict(lambda: defaultdict(list))
    for row in store.select("SELECT ?s ?p ?o { ?s ?p ?o }"):
        of[cell(row["s"])][shorten(cell(row["p"]))].append(row["o"])  # type: ignore[arg-type]

    def name(iri: str) -> str:
        labels = [
            v.value
            for p in ("skos:prefLabel", "rdfs:label")
            for v in of[iri].get(p, ())
            if getattr(v, "language", "") == "da"
        ]
        return labels[0] if labels else shorten(iri)

    def told(thing: str) -> str:
        parts = []
        for prop in sorted(of[thing]):
            if prop in SILENT:
                continue
            values = []
            for v in of[thing][prop]:
                if isinstance(v, Literal):
                    if v.language != "en":
                        values.append(v.value)
                elif "#" in v.value.rpartition("/")[2] and v.value.startswith(thing):
                    values.append(
                        " ".join(
                            f"{shorten(p)} {cell(x)}"
                            for p, xs in ((expand(q), ys) for q, ys in of[v.value].items())
                            for x in xs
                            if "Date" in p
                        )
                    )
                else:
                    values.append(name(v.value))
            if values:
                parts.append(f"{prop.partition(':')[2]}: {' | '.join(sorted(values))}")
        return " ; ".join(parts)

    def place(piece: str) -> str:
        d = of[piece]
        get = lambda p: cell(d[p][0]) if d.get(p) else ""  # noqa: E731
        proves = ",".join(sorted(shorten(cell(a)) for a in d.get("sg:attests", ()))) or "existence and name"
        document = get("dct:source")
        if d.get("sg:phrase"):
            lines = f"{get('sg:lineStart')}-{get('sg:lineEnd')}"
            said = f"[{get('sg:heading')}] »{get('sg:phrase')}«"
            return f"{document.rpartition('/')[2]} lines {lines} {said} proves {proves}"
        page = cell(of[document]["foaf:page"][0]) if of[document].get("foaf:page") else ""
        confidence = get("sg:confidence").rpartition("-")[2]
        return f"{page} [{get('sg:locator')}] ({confidence}) proves {proves}"

    strata: dict[tuple[str, str], list[str]] = defaultdict(list)
    for kind in CLASSES:
        for thing, values in of.items():
            if NamedNode(expand(kind)) not in values.get("rdf:type", ()) or not values.get("sg:evidence"):
                continue
            pieces = sorted(cell(e) for e in values["sg:evidence"])
            document = (
                cell(of[pieces[0]]["dct:source"][0]).rpartition("/")[2] if of[pieces[0]].get("dct:source") else ""
            )
            read = any(cell(c).endswith("corpus-read") for c in of[expand("document:") + document].get("sg:corpus", ()))
            strata[kind, document if read else "cited"].append(thing)
    draw = random.Random(seed)
    pools = {key: draw.sample(sorted(things), len(things)) for key, things in sorted(strata.items())}
    # A share of each stratum, at least one; larger strata give more, but not in proportion.
    chosen: list[tuple[str, str, str]] = []
    weights = {key: len(things) ** 0.6 for key, things in pools.items()}
    total = sum(weights.values())
    for key, things in pools.items():
        share = max(1, round(number * weights[key] / total))
        chosen += [(*key, thing) for thing in things[:share]]
    draw.shuffle(chosen)
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(COLUMNS)
    for no, (kind, document, thing) in enumerate(chosen[:number] if len(chosen) >= number else chosen, 1):
        places = " || ".join(place(cell(e)) for e in sorted(of[thing]["sg:evidence"], key=cell))
        out.writerow((no, shorten(thing), kind, document, told(thing), places, "", ""))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 200)
