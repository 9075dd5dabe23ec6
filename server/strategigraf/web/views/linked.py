"""All that points to a thing by one property, or that it points to by one: a page at a time."""

from __future__ import annotations

import math
from itertools import groupby
from typing import Any

from flask import request
from pyoxigraph import NamedNode

from strategigraf import ns
from strategigraf.describe import Description
from strategigraf.errors import BadParameter
from strategigraf.names import fold
from strategigraf.terms import cell
from strategigraf.text import Text
from strategigraf.web import site

PAGE = 200


def asked() -> bool:
    """Whether the request is for such a list and not for the whole page of the thing."""
    return bool(request.args.get("in") or request.args.get("out"))


def view(thing: Description) -> tuple[str, dict[str, Any]]:
    """The list by ``in`` or ``out``, a prefixed property, by type and name; ``page`` counts from 1.

    Raises BadParameter for a property that nothing is linked by, and for a page that is not there.
    """
    inward = bool(request.args.get("in"))
    name = request.args.get("in") or request.args.get("out") or ""
    prefix, _, local = name.partition(":")
    iri = ns.expand(name) if prefix in ns.VOCABULARIES and local.isalnum() else ""
    found: list[str] = []
    if iri:
        here, by = NamedNode(thing.iri), NamedNode(iri)
        pattern = f"?one {by} {here}" if inward else f"{here} {by} ?one"
        rows = site.service().store.select(f"SELECT DISTINCT ?one WHERE {{ {pattern} FILTER(ISIRI(?one)) }}")
        found = sorted((cell(row["one"]) for row in rows), key=_key)
    if not found:
        raise BadParameter(
            Text(f"Intet er forbundet hermed ved {name[:60]!r}.", f"Nothing is linked with this by {name[:60]!r}.")
        )
    number, last = paged(len(found), PAGE)
    shown = found[(number - 1) * PAGE : number * PAGE]
    return "linked.html", {
        "property": iri,
        "way": "in" if inward else "out",
        "name": name,
        "total": len(found),
        "groups": [(kind, list(group)) for kind, group in groupby(shown, key=_kind)],
        "at": number,
        "last": last,
    }


def paged(total: int, size: int) -> tuple[int, int]:
    """The page asked for by ``page`` and the last one there is; BadParameter where it is not there."""
    last = max(1, math.ceil(total / size))
    text = request.args.get("page", "") or "1"
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= last):
        raise BadParameter(Text(f"page skal være et tal fra 1 til {last}.", f"page must be a number from 1 to {last}."))
    return int(text), last


def _kind(iri: str) -> str:
    parts = ns.split(iri)
    return parts[0] if parts else ""


def _key(iri: str) -> tuple[int, str, str]:
    kind = _kind(iri)
    return ns.TYPES.index(kind) if kind else len(ns.TYPES), fold(site.plain_name(iri)), iri
