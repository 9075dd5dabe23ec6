"""Everything that the curated facts must pass before and after the rules run."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from pyoxigraph import QuerySolutions, Triple

from strategigraf import header, receipt, turtle
from strategigraf.errors import Finding, Severity
from strategigraf.infer import INFERRED, infer
from strategigraf.ns import shorten
from strategigraf.shacl import ShapeResult, Validator
from strategigraf.sources import SourceFile, Sources, finding
from strategigraf.store import GraphStore
from strategigraf.terms import cell
from strategigraf.text import Text

Progress = Callable[[Text], None]


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
    """Check the sources: parse, canonical form, evidence, SHACL, queries; rules; SHACL, queries.

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
    for number, file in enumerate(sources.files, 1):
        progress(
            Text(
                f"SHACL {number}/{len(sources.files)}: {file.name}", f"SHACL {number}/{len(sources.files)}: {file.name}"
            )
        )
        if file.kind != "shapes":
            outcome.findings += [_from_shape(file, r) for r in validator.check(file.document.triples)]
    store = GraphStore(quad for file in sources.files if file.kind != "shapes" for quad in file.quads)
    progress(Text("kontrolforespørgsler", "check queries"))
    outcome.findings += _queries(sources, store, after=False)
    if outcome.violations:
        return _done(outcome, only)
    progress(Text("udleder", "deriving"))
    outcome.derived = infer(store, sources.rules())
    outcome.store = store
    progress(Text("kontrollerer det udledte", "checking what was derived"))
    outcome.findings += [
        Finding("ontology/rules", 1, r.shape, r.severity, r.message, Text("", ""), r.focus)
        for r in validator.check(_derived_things(sources, store))
    ]
    outcome.findings += _queries(sources, store, after=True)
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
    derived = [q.triple for q in store.quads() if q.graph_name == INFERRED]
    return sorted((t for t in derived if t.subject not in written), key=str)


def _validator(sources: Sources, cache: Path | None) -> Validator:
    shapes = [t for file in sources.of("shapes") for t in file.document.triples]
    ontology = [t for file in sources.of("ontology") for t in file.document.triples]
    return Validator(shapes, ontology, cache)


def _from_shape(file: SourceFile, result: ShapeResult) -> Finding:
    return finding(file, result.shape, result.severity, result.message, Text("", ""), result.focus, result.path or None)


def _queries(sources: Sources, store: GraphStore, after: bool) -> list[Finding]:
    findings: list[Finding] = []
    for name, text in sources.queries("checks"):
        head, query = header.read(text, f"queries/checks/{name}.rq")
        if ("after-rules" in head.tags) != after:
            continue
        result = store.query(query)
        assert isinstance(result, QuerySolutions), name
        columns = [variable.value for variable in result.variables]
        for solution in result:
            row = {column: cell(solution[column]) for column in columns}
            short = {column: shorten(value) for column, value in row.items()}
            subject = row.get("subject", "")
            file = sources.by_graph(row.get("graph", ""), subject)
            what, mend = head.summary.format(**short), (head.mend or Text("", "")).format(**short)
            severity: Severity = "warning" if head.severity == "warning" else "violation"
            if file is None:
                findings.append(Finding("data/ttl", 1, head.code, severity, what, mend, subject))
            else:
                findings.append(finding(file, head.code, severity, what, mend, subject, row.get("predicate") or None))
    return findings
