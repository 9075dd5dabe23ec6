"""The SPARQL endpoint without a web framework: a request that was read goes in, a reply comes out.

Most requests are small queries, and the way in and out would cost more than they do, so this is kept short.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from hashlib import blake2b
from time import perf_counter
from typing import NamedTuple

from pyoxigraph import QueryBoolean, QueryTriples, RdfFormat, serialize

from strategigraf import guard, job, media
from strategigraf.board import Slot
from strategigraf.errors import BadQuery, LimitReached, StrategigrafError, TooLarge, UserError
from strategigraf.job import Job
from strategigraf.journal import JOURNAL
from strategigraf.keep import Kept
from strategigraf.limits import Limits
from strategigraf.media import GRAPHS, RESULTS, Media
from strategigraf.ns import PREFIXES
from strategigraf.release import software
from strategigraf.service import Service
from strategigraf.store import Result
from strategigraf.text import Text
from strategigraf.web.headers import VARY
from strategigraf.web.negotiate import refusal
from strategigraf.web.protocol import Asked

#: Names that clients such as SPARQLWrapper send for formats of graphs.
_OTHER_NAMES = {"rdf+xml": "rdf", "n3": "ttl", "json": "jsonld"}
BOOLEANS = RESULTS[:2]
#: Outcomes of a query by the status of its error.
_OUTCOME = {400: "bad", 413: "too_large", 429: "limited", 503: "failed"}


_OFFERED = {"graph": GRAPHS, "boolean": BOOLEANS, "table": RESULTS}
_HEADERS = {one.token: (("Content-Type", f"{one.type}; charset=utf-8"), ("Vary", VARY)) for one in (*GRAPHS, *RESULTS)}
_PLAIN = ((), (), "")
#: Seconds after which an answer is kept at once, rather than the second time.
_WORTH_KEEPING = 0.002
_MOST_MARKS = 50_000
#: Seconds beyond its deadline that a store on another machine is waited for.
_PATIENCE = 2.0
_CACHED, _NOT_CACHED = ("Cache-Control", "public, max-age=300"), ("Cache-Control", "no-store")


class Reply(NamedTuple):
    """An answer: its status, the headers of its own, and its body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""


class Endpoint:
    """Queries on a service, within the limits, counted and noted."""

    def __init__(self, service: Service, limits: Limits, slot: Slot, kept: Kept[Reply]) -> None:
        self._service, self._limits, self._slot, self._kept = service, limits, slot, kept
        seed = "\0".join((service.release.name, software(), service.settings.public_url))
        self._digest = blake2b(digest_size=16, key=blake2b(seed.encode(), digest_size=16).digest())
        self._asked: set[int] = set()
        self._elsewhere = service.store.elsewhere

    def answer(self, asked: Asked, accept: str, given_tag: str, job_: Job) -> Reply:
        """Answer a query, from what is kept where it can be.

        ``accept`` is the Accept header, ``given_tag`` that of If-None-Match. Raises the errors of ``protocol.read``
        and ``GraphStore.ask``, NotAcceptable, LimitReached and TooLarge.
        """
        assert asked.query is not None
        volatile = guard.is_volatile(asked.query)
        if volatile:
            return self._fresh(asked, accept, None, job_)
        key = (asked.query, accept) if asked[1:4] == _PLAIN else (asked.query, accept, *asked[1:4])
        kept = self._kept.get(key)
        if kept is None:
            text = asked.query if len(key) == 2 else repr(key)
            digest = self._digest.copy()
            digest.update(f"{text}\0{accept}".encode("utf-8", "surrogatepass"))
            tag = f'W/"{digest.hexdigest()}"'
        else:
            tag = kept.headers[0][1]
        if given_tag and tag in given_tag:
            self._slot.add("query_unchanged")
            return Reply(304, (("ETag", tag), ("Vary", VARY), _CACHED))
        if kept is not None:
            self._slot.add("query_kept")
            job_.keep = True
            return kept
        reply = self._fresh(asked, accept, tag, job_)
        if job_.seconds > _WORTH_KEEPING or self._asked_before(hash(key)):
            job_.keep = True
            self._kept.put(key, reply, len(reply.body) + len(asked.query))
        return reply

    def _asked_before(self, mark: int) -> bool:
        """Whether a text has been asked before: one that is asked once only is not worth the room."""
        if mark in self._asked:
            return True
        if len(self._asked) >= _MOST_MARKS:
            self._asked.clear()
        self._asked.add(mark)
        return False

    def _fresh(self, asked: Asked, accept: str, tag: str | None, job_: Job) -> Reply:
        started = self._begin(asked, job_)
        outcome, rows, size = "failed", 0, 0
        try:
            result = self.run(asked)
            chosen = form_of(result, asked.format, accept)
            body = written(result, chosen, job_)
            outcome, rows, size = "ok", count_rows(body, chosen), len(body)
        except UserError as error:
            outcome = _OUTCOME.get(error.status, "refused")
            raise
        finally:
            self._finish(asked, job_, outcome, started, rows, size)
        if tag:
            return Reply(200, (("ETag", tag), *_HEADERS[chosen.token], _CACHED), body)
        return Reply(200, (*_HEADERS[chosen.token], _NOT_CACHED), body)

    def run(self, asked: Asked) -> Result:
        """Run the query of a request on its dataset."""
        assert asked.query is not None
        return self._service.store.ask(asked.query, asked.default_graphs, asked.named_graphs, self._seconds(asked))

    @contextmanager
    def running(self, asked: Asked, job_: Job) -> Iterator[list[int]]:
        """While a stranger's query runs by another way: admit it, watch it, charge for it, count it and note it.

        Gives a list in which the number of rows is put at the end.
        """
        started = self._begin(asked, job_)
        outcome: str = "failed"
        rows: list[int] = []
        try:
            yield rows
            outcome = "ok"
        except UserError as error:
            outcome = _OUTCOME.get(error.status, "refused")
            raise
        finally:
            self._finish(asked, job_, outcome, started, sum(rows), 0)

    def _begin(self, asked: Asked, job_: Job) -> float:
        """Admit a query, and have it watched; gives when it began."""
        self._limits.admit(job_.client)
        job_.deadline = self._seconds(asked)
        if self._elsewhere:
            # The store keeps to the deadline, and no process here need be ended for it; the watch is for the worst.
            job_.elsewhere = True
            job_.deadline += _PATIENCE
        job_.kind = job.QUERY
        return perf_counter()

    def _seconds(self, asked: Asked) -> float:
        settings = self._service.settings
        return min(asked.timeout or settings.query_seconds, settings.query_seconds_most)

    def _finish(self, asked: Asked, job_: Job, outcome: str, started: float, rows: int, size: int) -> None:
        if job_.stopped:
            return  # it was ended from outside, and counted there
        seconds = perf_counter() - started
        self._limits.charge(job_.client, seconds)
        if job_.heavy:
            self._limits.change_heavy(job_.client, -1)
        self._slot.query(outcome, seconds, rows, size)
        JOURNAL.query(job_.number, outcome, seconds, rows, size, asked.query or "")

    def refused(self, error: StrategigrafError, job_: Job) -> None:
        """Count and note a request that came to no query."""
        outcome = "limited" if isinstance(error, LimitReached) else _OUTCOME.get(error.status, "refused")
        self._slot.query(outcome, job_.seconds)
        JOURNAL.query(job_.number, outcome, job_.seconds, status=error.status)


def form_of(result: Result, token: str, accept: str) -> Media:
    """The format for an answer: the form of the query says whether it is a graph or a result.

    Raises NotAcceptable, with the list of what there is, where nothing fits.
    """
    if isinstance(result, QueryTriples):
        return _chosen("graph", _OTHER_NAMES.get(token.lower(), token), accept)
    return _chosen("boolean" if isinstance(result, QueryBoolean) else "table", token, accept)


@lru_cache(1024)
def _chosen(form: str, token: str, accept: str) -> Media:
    offered = _OFFERED[form]
    found = media.by_token(token, offered) if token else media.choose(accept, offered)
    if found is None:
        raise refusal(token or accept, offered)
    return found


def written(result: Result, chosen: Media, job_: Job) -> bytes:
    """An answer as bytes; BadQuery where it cannot be worked out to its end, TooLarge over ``job.MOST_BYTES``."""
    out = job_.output = io.BytesIO()
    try:
        if isinstance(result, QueryTriples):
            assert chosen.rdf is not None
            if chosen.rdf == RdfFormat.TURTLE:
                serialize(result, out, format=chosen.rdf, prefixes=PREFIXES)
            else:
                result.serialize(output=out, format=chosen.rdf)
        else:
            assert chosen.results is not None
            result.serialize(output=out, format=chosen.results)
    except (ValueError, RuntimeError, OSError) as error:
        raise BadQuery(
            Text(f"Forespørgslen kunne ikke udføres: {error}", f"The query could not be carried out: {error}")
        ) from error
    body = out.getvalue()
    if len(body) > job.MOST_BYTES:
        raise TooLarge(job.too_large(job.MOST_BYTES // 1_000_000))
    return body


def count_rows(body: bytes, chosen: Media) -> int:
    """The rows of a table of results, counted in its bytes; 0 for a boolean or a graph.

    In JSON no string can hold ``},{"``, since its quotation mark would be escaped; in XML ``<`` is escaped in text, and
    in TSV the line break. A CSV cell with a line break counts as two.
    """
    if chosen.token == "srj":  # noqa: S105 - a format
        return 0 if b'"bindings":[]' in body[:4096] or b'"boolean":' in body[:64] else body.count(b'},{"') + 1
    if chosen.token == "srx":  # noqa: S105
        return body.count(b"<result>")
    return max(0, body.count(b"\n") - 1) if chosen.results is not None else 0
