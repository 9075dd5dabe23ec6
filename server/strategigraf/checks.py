"""Everything that the curated facts must pass before and after the rules run."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from pyoxigraph import NamedNode, RdfFormat, Triple, serialize

from strategigraf import receipt, turtle
from strategigraf.errors import Finding
from strategigraf.infer import INFERRED, RuleError, infer
from strategigraf.shacl import ShapeResult, Validator
from strategigraf.sources import SourceFile, Sources, finding
from strategigraf.store import GraphStore
from strategigraf.text import Text
from strategigraf.trials import broken, run_checks, run_public

Progress = Callable[[Text], None]
_RESERVED = {"ontology", "inferred", "merged"}


def silent(_: Text) -> None:
    """Report no progress."""


@dataclass
class Checked:
    """The outcome: the findings, and the store with facts and derived triples where it came so far."""

    findings: list[Finding] = field(default_factory=list)
    store: GraphStore | None = None
    derived: dict[str, int] = field(default_factory=dict)

    @property
    def violations(self) -> list[Finding]:
        """The findings that forbid a release."""
        return [item for item in self.findings if item.severity == "violation"]


def check(
    sources: Sources,
    cache: Path | None = None,
    texts: Path | None = None,
    progress: Progress = silent,
    only: Collection[str] | None = None,
) -> Checked:
    """Check the sources: parse, canonical form, evidence, SHACL, queries; rules; SHACL, all queries.

    ``cache`` is a folder for results kept by content, ``texts`` the folder of source texts.
    ``only`` names the files whose findings matter; the others are context. A step that cannot be
    taken on broken input is left out, and the steps before it say why.
    """
    outcome = Checked()
    progress(Text("læser filerne", "reading the files"))
    outcome.findings += _parse(sources)
    if outcome.findings:
        return _done(outcome, only)
    outcome.findings += _form(sources)
    progress(Text("holder evidensen mod kvitteringen", "holding the evidence against the receipt"))
    outcome.findings += receipt.check_names(sources)
    if texts is not None:
        outcome.findings += receipt.check_phrases(sources, texts)
    outcome.findings += receipt.check_receipt(sources)
    validator = _validator(sources, cache)
    files = [file for file in sources.files if file.kind != "shapes"]
    for number, (file, results) in enumerate(
        zip(files, validator.check_all(file.document.triples for file in files), strict=True), 1
    ):
        progress(Text(*[f"SHACL {number}/{len(files)}: {file.name}"] * 2))
        outcome.findings += [_from_shape(file, r) for r in results]
    store = GraphStore()
    for file in files:
        store.load(serialize(file.document.triples, format=RdfFormat.N_TRIPLES) or b"", NamedNode(file.graph))
    progress(Text("kontrolforespørgsler", "check queries"))
    outcome.findings += run_checks(sources, store, after=False)
    if outcome.violations:
        return _done(outcome, only)
    progress(Text("udleder", "deriving"))
    try:
        outcome.derived = infer(store, sources.rules())
    except RuleError as error:
        place = f"ontology/rules/{error.rule}.rq"
        outcome.findings.append(broken(place, sources.others.get(place, ""), error))
        return _done(outcome, only)
    outcome.store = store
    progress(Text("kontrollerer det udledte", "checking what was derived"))
    outcome.findings += [
        Finding("ontology/rules", 1, r.shape, r.severity, r.message, Text("", ""), r.focus)
        for r in validator.check(_derived_things(sources, store))
    ]
    outcome.findings += run_checks(sources, store, after=True)
    progress(Text("prøver de offentlige forespørgsler", "trying the public queries"))
    outcome.findings += run_public(sources, store)
    return _done(outcome, only)


def _done(outcome: Checked, only: Collection[str] | None) -> Checked:
    found = receipt.unique(outcome.findings)
    outcome.findings = [item for item in found if only is None or item.file in only]
    return outcome


def _parse(sources: Sources) -> list[Finding]:
    findings: list[Finding] = []
    stems: dict[str, SourceFile] = {}
    for file in sources.files:
        try:
            assert file.document is not None
        except turtle.TurtleError as error:
            findings.append(
                Finding(
                    file.name, error.line, "syntax", "violation", error.message,
                    Text("ret linjen, eller linjen før", "mend the line, or the one before"),
                )
            )  # fmt: skip
        if file.kind in ("facts", "reference") and file.stem in _RESERVED:
            findings.append(
                Finding(
                    file.name, 1, "reserved-name", "violation",
                    Text("navnet er forbeholdt en af vore grafer", "the name is kept for a graph of our own"),
                    Text("omdøb filen", "rename the file"),
                )
            )  # fmt: skip
        if file.kind in ("facts", "reference") and file.stem in stems:
            other = stems[file.stem].name
            findings.append(
                Finding(
                    file.name, 1, "two-files-one-name", "violation",
                    Text(f"{other} har samme navn, som er grafens", f"{other} has the same name, which is the graph's"),
                    Text("omdøb den ene fil", "rename one of the files"),
                )
            )  # fmt: skip
        stems.setdefault(file.stem, file)
    return findings


def _form(sources: Sources) -> list[Finding]:
    findings: list[Finding] = []
    for file in sources.files:
        try:
            if file.text == file.document.canonical:
                continue
            line = next(
                (
                    n
                    for n, (ours, theirs) in enumerate(
                        zip(file.text.split("\n"), file.document.canonical.split("\n"), strict=False), 1
                    )
                    if ours != theirs
                ),
                1,
            )
            findings.append(
                Finding(
                    file.name, line, "not-canonical", "violation",
                    Text("ikke i kanonisk form fra denne linje", "not in canonical form from this line"),
                    Text("kør strategigraf fmt", "run strategigraf fmt"),
                )
            )  # fmt: skip
        except turtle.TurtleError as error:
            findings.append(
                Finding(file.name, error.line, "no-canonical-form", "violation", error.message, Text("", ""))
            )
    return findings


def _derived_things(sources: Sources, store: GraphStore) -> list[Triple]:
    """The triples of the things that only the rules describe, which no file check has seen."""
    written = {t.subject for file in sources.files for t in file.document.triples}
    return sorted((t for t in store.triples(INFERRED.value) if t.subject not in written), key=str)


def _validator(sources: Sources, cache: Path | None) -> Validator:
    shapes = [t for file in sources.of("shapes") for t in file.document.triples]
    ontology = [t for file in sources.of("ontology") for t in file.document.triples]
    return Validator(shapes, ontology, cache)


def _from_shape(file: SourceFile, result: ShapeResult) -> Finding:
    return finding(file, result.shape, result.severity, result.message, Text("", ""), result.focus, result.path or None)
