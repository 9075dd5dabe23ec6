"""A SPARQL request as it arrives (SPARQL 1.1 Protocol, section 2.1)."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

from flask import request

from strategigraf import terms
from strategigraf.errors import BadQuery, UnsupportedMediaType, UpdateRefused
from strategigraf.text import Text

FORM = "application/x-www-form-urlencoded"
QUERY = "application/sparql-query"


@dataclass(frozen=True)
class Asked:
    """What a request asks: a query, or None where there is none, its dataset, and a format."""

    query: str | None
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    format: str = ""


def read() -> Asked:
    """Read the request.

    Raises BadQuery for two queries or bytes that are not UTF-8, UpdateRefused for an update,
    UnsupportedMediaType for another kind of body, and BadParameter for a graph that is no IRI.
    """
    pairs = _pairs(request.query_string, "URL")
    queries = [value for name, value in pairs if name == "query"]
    if request.method == "POST":
        kind = request.mimetype
        if kind not in (FORM, QUERY):
            if kind == "application/sparql-update":
                raise _update()
            raise UnsupportedMediaType(
                Text(
                    f"En forespørgsel sendes som {QUERY} eller {FORM}, ikke som {kind or 'ingenting'}.",
                    f"Send a query as {QUERY} or {FORM}, not as {kind or 'nothing'}.",
                )
            )
        body = request.get_data()
        if kind == FORM:
            form = _pairs(body, "body")
            queries += [value for name, value in form if name == "query"]
            pairs += form
        else:
            queries.append(_utf8(body, "body"))
    if any(name == "update" for name, _ in pairs):
        raise _update()
    if len(queries) > 1:
        raise BadQuery(
            Text(
                f"Der er {len(queries)} forespørgsler i samme kald; send én.",
                f"There are {len(queries)} queries in one request; send one.",
            )
        )
    return Asked(
        queries[0] if queries else None,
        tuple(_iri(value, name) for name, value in pairs if name == "default-graph-uri" and value),
        tuple(_iri(value, name) for name, value in pairs if name == "named-graph-uri" and value),
        next((value for name, value in pairs if name == "format" and value), ""),
    )


def _pairs(data: bytes, where: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(_utf8(data, where), keep_blank_values=True, errors="strict", max_num_fields=1000)
    except UnicodeDecodeError:
        raise _not_utf8(where) from None
    except ValueError:
        raise BadQuery(Text("Der er for mange parametre.", "There are too many parameters.")) from None


def _utf8(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise _not_utf8(where) from None


def _not_utf8(where: str) -> BadQuery:
    return BadQuery(Text(f"Forespørgslen er ikke UTF-8 ({where}).", f"The query is not UTF-8 ({where})."))


def _iri(value: str, name: str) -> str:
    return terms.named_node(value, name).value


def _update() -> UpdateRefused:
    return UpdateRefused(
        Text("Tjenesten kan kun læses; der er intet at opdatere.", "The service is read-only; nothing can be updated.")
    )
