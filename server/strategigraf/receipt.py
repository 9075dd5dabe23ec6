"""The receipt: hashes that let anyone without the source texts see that facts and texts agreed.

``data/receipt.tsv`` has one line for each piece of text evidence: its IRI's slug, the document's
slug, the SHA-256 of the text in which the phrase was found, the lines, and the SHA-256 of the
phrase. It is written only by looking every phrase up in its text.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import Literal, NamedNode

from strategigraf.errors import Finding, NotFound
from strategigraf.ns import expand, split
from strategigraf.sources import SourceFile, Sources, finding
from strategigraf.text import Text

COLUMNS = ("evidence", "document", "sha256", "lines", "phrase_sha256")


@dataclass(frozen=True)
class Quote:
    """One piece of text evidence as the facts give it."""

    source: SourceFile
    iri: str
    document: str
    first: int
    last: int
    phrase: str

    @property
    def slug(self) -> str:
        """``{document}-{12 hex}``, the hash over document, lines and phrase."""
        key = f"{self.document}|{self.first}-{self.last}|{self.phrase}"
        return f"{self.document}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"

    def line(self, digest: str) -> str:
        """The quote's line in the receipt, given the digest of its text."""
        phrase = hashlib.sha256(self.phrase.encode()).hexdigest()
        return "\t".join((self.slug, self.document, digest, f"{self.first}-{self.last}", phrase))


def quotes(sources: Sources) -> list[Quote]:
    """All text evidence of the facts that is complete enough to look up."""
    found: list[Quote] = []
    for file in sources.of("facts"):
        values: dict[str, dict[str, str]] = {}
        for triple in file.document.triples:
            if isinstance(triple.subject, NamedNode) and isinstance(triple.object, NamedNode | Literal):
                cell = values.setdefault(triple.subject.value, {})
                cell[triple.predicate.value] = triple.object.value
        for iri, cell in values.items():
            document = split(cell.get(expand("dct:source"), ""))
            first, last = cell.get(expand("sg:lineStart"), ""), cell.get(expand("sg:lineEnd"), "")
            phrase = cell.get(expand("sg:phrase"), "")
            if document and (first + last).isascii() and first.isdigit() and last.isdigit() and phrase:
                found.append(Quote(file, iri, document[1], int(first), int(last), phrase))
    return sorted(found, key=lambda quote: quote.iri)


def digests(sources: Sources) -> dict[str, str]:
    """The SHA-256 that each source document says its text has, by the document's slug."""
    wanted = expand("sg:sha256")
    return {
        parts[1]: triple.object.value
        for file in sources.of("facts")
        for triple in file.document.triples
        if triple.predicate.value == wanted
        and isinstance(triple.subject, NamedNode)
        and isinstance(triple.object, Literal)
        and (parts := split(triple.subject.value))
    }


def texts(folder: Path, wanted: Mapping[str, str]) -> dict[str, list[str]]:
    """The lines of each document's text, found in a folder by digest, not by file name.

    Raises NotFound where the folder is not there.
    """
    if not folder.is_dir():
        raise NotFound(
            Text(
                f"Mappen med kildetekster, {folder}, findes ikke. Ret STRATEGIGRAF_SOURCES.",
                f"The folder of source texts, {folder}, does not exist. Mend STRATEGIGRAF_SOURCES.",
            )
        )
    by_digest: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*.txt")):
        content = path.read_bytes()
        name = hashlib.sha256(content).hexdigest()
        if name in wanted.values():
            by_digest[name] = content.decode("utf-8").split("\n")
    return {slug: by_digest[digest] for slug, digest in wanted.items() if digest in by_digest}


def check_phrases(sources: Sources, folder: Path) -> list[Finding]:
    """Look every phrase up in the lines that it names."""
    wanted = digests(sources)
    lines = texts(folder, wanted)
    findings: list[Finding] = []
    for quote in quotes(sources):
        if quote.document not in lines:
            if quote.document in wanted:
                findings.append(
                    _finding(
                        quote,
                        "source-text-missing",
                        f"teksten til {quote.document} er ikke i mappen med kilder, eller den er ændret",
                        f"the text of {quote.document} is not in the folder of sources, or has changed",
                        "læg den læste tekst der, eller ret sg:sha256",
                        "put the text that was read there, or mend sg:sha256",
                        "sg:sha256",
                    )
                )
            continue
        place = _squeeze(" ".join(lines[quote.document][quote.first - 1 : quote.last]))
        if not place or _squeeze(quote.phrase) not in place:
            findings.append(
                _finding(
                    quote,
                    "phrase-not-in-source",
                    f"frasen «{quote.phrase}» står ikke i {quote.document}, linje {quote.first}-{quote.last}",
                    f'the phrase "{quote.phrase}" is not in {quote.document}, lines {quote.first}-{quote.last}',
                    "skriv frasen præcis som i kilden, eller ret linjerne",
                    "write the phrase exactly as in the source, or mend the lines",
                    "sg:phrase",
                )
            )
    return findings


def check_receipt(sources: Sources) -> list[Finding]:
    """Compare facts and receipt, without the texts."""
    written = sources.receipt.splitlines()[1:]
    kept, wanted = set(written), digests(sources)
    findings: list[Finding] = []
    expected: set[str] = set()
    for quote in quotes(sources):
        line = quote.line(wanted.get(quote.document, ""))
        expected.add(line)
        if line not in kept:
            findings.append(
                _finding(
                    quote,
                    "evidence-not-in-receipt",
                    "evidensen er ny eller ændret, siden fraserne sidst blev slået op i kilderne",
                    "the evidence is new or changed since the phrases were last looked up",
                    "kør strategigraf receipt --sources MAPPE med kildeteksterne",
                    "run strategigraf receipt --sources FOLDER with the source texts",
                    "sg:phrase",
                )
            )
    for number, line in enumerate(written, 2):
        if line not in expected and not findings:
            findings.append(
                Finding(
                    "data/receipt.tsv", number, "receipt-without-evidence", "violation",
                    Text("linjen svarer ikke til nogen evidens", "the line matches no evidence"),
                    Text("kør strategigraf receipt --sources MAPPE", "run strategigraf receipt --sources FOLDER"),
                )
            )  # fmt: skip
    return findings


def check_names(sources: Sources) -> list[Finding]:
    """Each piece of text evidence is named by the hash of its document, lines and phrase."""
    findings: list[Finding] = []
    for quote in quotes(sources):
        parts = split(quote.iri)
        if parts and parts[1] != quote.slug:
            findings.append(
                _finding(
                    quote,
                    "evidence-name",
                    f"navnet passer ikke til dokument, linjer og frase; det skal være {quote.slug}",
                    f"the name does not fit document, lines and phrase; it should be {quote.slug}",
                    "omdøb evidensen overalt i filerne",
                    "rename the evidence everywhere in the files",
                    None,
                )
            )
    return findings


def write(sources: Sources, folder: Path) -> tuple[str, list[Finding]]:
    """The text of a new receipt, and the findings that forbid writing it."""
    findings = check_phrases(sources, folder)
    wanted = digests(sources)
    lines = sorted({quote.line(wanted.get(quote.document, "")) for quote in quotes(sources)})
    return "\n".join(["\t".join(COLUMNS), *lines]) + "\n", findings


def _squeeze(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("**", "")).strip()


def _finding(quote: Quote, code: str, da: str, en: str, mend_da: str, mend_en: str, predicate: str | None) -> Finding:
    return finding(
        quote.source, code, "violation", Text(da, en), Text(mend_da, mend_en), quote.iri,
        expand(predicate) if predicate else None,
    )  # fmt: skip


def unique(findings: Iterable[Finding]) -> list[Finding]:
    """The findings in order of place, each once."""
    return sorted(set(findings))
