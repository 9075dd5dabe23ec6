"""The errors that a reader can meet, each with an HTTP status and an exit code.

StrategigrafError                500 / 1
├── UserError                    400 / 2   what was asked for cannot be done
│   ├── BadQuery                 400 / 2   SPARQL that does not parse or may not run
│   ├── BadParameter             400 / 2   a parameter that is unknown or unreadable
│   ├── UpdateRefused            403 / 2   SPARQL Update against a read-only service
│   ├── NotFound                 404 / 2   no such thing, query or file
│   ├── NotAcceptable            406 / 2   none of the offered formats is wanted
│   ├── TooLarge                 413 / 2   a request or an answer larger than is taken
│   ├── UnsupportedMediaType     415 / 2   a request body in a format that is not read
│   └── LimitReached             429 / 2   the client has used what it may for now
├── InvalidData                  500 / 1   the curated facts have findings; nothing is published
├── NoRelease                    503 / 1   there is no release to serve
├── StoreUnavailable             503 / 1   a store on another machine does not answer, or refuses
├── NotMade                      503 / 1   a file for download that is still being made
└── Stopped                      503 / 1   a query was ended for the time or memory that it took
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from strategigraf.text import Language, Text, same

Severity = Literal["violation", "warning", "info"]


class StrategigrafError(Exception):
    """An error with a message for the reader, in Danish and English."""

    status = 500
    exit_code = 1

    def __init__(self, message: Text) -> None:
        super().__init__(message.en)
        self.message = message


class UserError(StrategigrafError):
    """What was asked for cannot be done; the message says how to mend it."""

    status = 400
    exit_code = 2


class BadQuery(UserError):
    """SPARQL that does not parse, or that this service may not run; ``place`` is its line and column, where known."""

    def __init__(self, message: Text, place: tuple[int, int] | None = None) -> None:
        super().__init__(message)
        self.place = place


class BadParameter(UserError):
    """A parameter that is unknown, missing or cannot be read."""


class UpdateRefused(UserError):
    """A SPARQL Update sent to this read-only service."""

    status = 403


class NotFound(UserError):
    """No such thing, query or file."""

    status = 404


class NotAcceptable(UserError):
    """None of the formats on offer is one that the client accepts."""

    status = 406


class TooLarge(UserError):
    """A request or an answer that is larger than this service takes."""

    status = 413


class UnsupportedMediaType(UserError):
    """A request body in a format that this service does not read."""

    status = 415


class LimitReached(UserError):
    """A client that has used what it may for now; ``wait`` is the seconds until it may ask again."""

    status = 429

    def __init__(self, message: Text, wait: int) -> None:
        super().__init__(message)
        self.wait = wait


class Stopped(StrategigrafError):
    """A query that was ended for the time or the memory that it took."""

    status = 503


class NoRelease(StrategigrafError):
    """There is no release to serve."""

    status = 503


class StoreUnavailable(StrategigrafError):
    """A store on another machine that does not answer, answers too late, or refuses.

    ``wait`` is the seconds after which to try again.
    """

    status = 503

    def __init__(self, message: Text, wait: int = 5) -> None:
        super().__init__(message)
        self.wait = wait


class NotMade(StrategigrafError):
    """A file for download that is still being made; ``wait`` is the seconds after which to try again."""

    status = 503

    def __init__(self, message: Text, wait: int = 20) -> None:
        super().__init__(message)
        self.wait = wait


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong in the curated facts, with its place and its mend.

    ``file`` is relative to the root of the project; ``line`` counts from 1.
    """

    file: str
    line: int
    code: str
    severity: Severity
    what: Text
    mend: Text
    subject: str = ""

    def render(self, language: Language) -> str:
        """``file:line: severity code: what - mend`` as one line."""
        words = {"violation": Text("fejl", "error"), "warning": Text("advarsel", "warning")}
        severity = words.get(self.severity, same("info")).in_language(language)
        subject = f" <{self.subject}>" if self.subject else ""
        what, mend = self.what.in_language(language), self.mend.in_language(language)
        arrow = f" → {mend}" if mend else ""
        return f"{self.file}:{self.line}: {severity} [{self.code}]{subject} {what}{arrow}"


class InvalidData(StrategigrafError):
    """The curated facts have findings, so nothing is published."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        count = len(findings)
        super().__init__(
            Text(
                f"{count} fejl i de kuraterede fakta; intet er udgivet.",
                f"{count} errors in the curated facts; nothing has been published.",
            )
        )
        self.findings = tuple(findings)
