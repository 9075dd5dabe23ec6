"""Where OpenLink Virtuoso 7 departs from SPARQL 1.1, and what is done about it; see ``docs/stores.md``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pyoxigraph import QueryBoolean, QueryTriples

from strategigraf.errors import TooLarge
from strategigraf.store.reader import Result
from strategigraf.text import Text

_WKT, _KEPT_WKT = re.compile(r"\bwktLiteral\b"), "wktLiteral-as-text"
_TYPE = b"http://www.opengis.net/ont/geosparql#wktLiteral"
_KEPT_TYPE = _TYPE + b"-as-text"
_TRUTH = re.compile(rb'("datatype": "http://www\.w3\.org/2001/XMLSchema#boolean", "value": ")(1|0)(")')
_TRUTH_TRIPLE = re.compile(rb'(")(1|0)("\^\^<http://www\.w3\.org/2001/XMLSchema#boolean>)')
#: An integer of more than 31 bits, which Virtuoso keeps and gives as a decimal.
_DIGITS = rb"-?(?:\d{11,}|[3-9]\d{9}|2[2-9]\d{8}|21[5-9]\d{7})"
_LARGE = re.compile(rb'("datatype": "http://www\.w3\.org/2001/XMLSchema#)decimal(", "value": "' + _DIGITS + rb'")')
_LARGE_TRIPLE = re.compile(rb'("' + _DIGITS + rb'"\^\^<http://www\.w3\.org/2001/XMLSchema#)decimal(>)')
_ASKED = re.compile(rb'"__ASK_RETVAL": \{[^{}]*"value": "(\d)"')


def is_virtuoso(headers: Mapping[str, str]) -> bool:
    """Whether an answer comes from Virtuoso."""
    return headers.get("Server", "").startswith("Virtuoso")


def written(text: str, default_graphs: Iterable[str], named_graphs: Iterable[str]) -> str:
    """A query as Virtuoso takes it, with its dataset.

    The dataset stands in the text, since Virtuoso repeats parameters of the protocol in headers of its answer, of which
    clients take a hundred.
    """
    head = [f"define input:default-graph-uri <{iri}>" for iri in default_graphs]
    head += [f"define input:named-graph-uri <{iri}>" for iri in named_graphs]
    if "describe" in text.casefold():
        # By default it tells what points at the thing too; Oxigraph tells what the thing says.
        head.append('define sql:describe-mode "CBD"')
    return "\n".join((*head, _WKT.sub(_KEPT_WKT, text)))


def loaded(triples: bytes) -> bytes:
    """N-Triples as they are loaded: a point would be kept in half the precision that it is written in."""
    return triples.replace(_TYPE, _KEPT_TYPE)


def read(body: bytes, form: type[Result]) -> bytes:
    """An answer as the standard has it."""
    body = body.replace(_KEPT_TYPE, _TYPE)
    if form is QueryBoolean:
        if b'"__ASK_RETVAL"' not in body:
            return body
        found = _ASKED.search(body)  # a row with 1 or 0, or no row at all for false
        return b'{"head":{},"boolean":%s}' % (b"true" if found and found[1] == b"1" else b"false")
    pattern = _LARGE_TRIPLE if form is QueryTriples else _LARGE
    body = pattern.sub(rb"\1integer\2", body)
    pattern = _TRUTH_TRIPLE if form is QueryTriples else _TRUTH
    return pattern.sub(lambda m: m[1] + (b"true" if m[2] == b"1" else b"false") + m[3], body)


def refuse_cut(headers: Mapping[str, str]) -> None:
    """Raise TooLarge for an answer that Virtuoso cut at its ResultSetMaxRows, which it only says in a header."""
    most = headers.get("X-SPARQL-MaxRows", "")
    if most.isdigit():
        raise TooLarge(
            Text(
                f"Svaret er større, end databasen sender ({most} rækker). Sæt LIMIT på, eller hent hele grafen.",
                f"The answer is larger than the store sends ({most} rows). Add LIMIT, or download the whole graph.",
            )
        )


def is_timeout(said: str) -> bool:
    """Whether an error of Virtuoso says that a query took too long."""
    return "S1T00" in said or "estimated execution time" in said


def is_about_query(status: int, said: str) -> bool:
    """Whether an error is the query's own fault, and not the store's."""
    return status == 400 or said.startswith(("Virtuoso 22", "Virtuoso 37", "Virtuoso 42", "Virtuoso RDF"))
