"""Search by name, for people and for programs."""

from __future__ import annotations

import json
import re

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from strategigraf.errors import BadParameter
from strategigraf.media import HTML, JSON
from strategigraf.names import SEARCHED, Named
from strategigraf.text import Text
from strategigraf.web import http, render, site
from strategigraf.web.routes import both

blueprint = Blueprint("search", __name__)
MOST = 100
_LONGEST = 200


@both(blueprint, "/search")
def search() -> ResponseReturnValue:
    """The things whose names hold every word of ``q``."""
    text, kind, limit = _read()
    if kept := http.unchanged("html"):
        return kept
    hits = _find(text, kind)
    body = render.html(
        "search.html", q=text, hits=hits[:limit], total=len(hits), kind=kind, kinds=SEARCHED,
        json_address=site.url("/search.json", q=text, type=kind),
    )  # fmt: skip
    return http.reply(body, HTML)


@both(blueprint, "/search.json")
def search_json() -> ResponseReturnValue:
    """The same as JSON: ``q``, ``total`` and ``items`` with IRI, address, type and labels."""
    text, kind, limit = _read()
    if kept := http.unchanged("json"):
        return kept
    hits = _find(text, kind)
    body = {
        "q": text,
        "total": len(hits),
        "items": [
            {"id": hit.iri, "url": site.address(hit.iri), "type": hit.type, "label": hit.labels} for hit in hits[:limit]
        ],
    }
    return http.reply(json.dumps(body, ensure_ascii=False) + "\n", JSON)


def _find(text: str, kind: str) -> list[Named]:
    return site.service().names.search(text, site.language(), 100_000, kind)


def _read() -> tuple[str, str, int]:
    """``q``, ``type`` and ``limit`` of the request; BadParameter where one cannot be used."""
    kind = request.args.get("type", "")
    if kind and kind not in SEARCHED:
        raise BadParameter(
            Text(
                f"type kan ikke være {kind!r}. Vælg: {', '.join(SEARCHED)}.",
                f"type cannot be {kind!r}. Choose: {', '.join(SEARCHED)}.",
            )
        )
    limit = request.args.get("limit", "50")
    if not re.fullmatch(r"[0-9]{1,3}", limit) or not 1 <= int(limit) <= MOST:
        raise BadParameter(
            Text(f"limit skal være et tal fra 1 til {MOST}.", f"limit must be a number from 1 to {MOST}.")
        )
    text = " ".join(request.args.get("q", "").split())
    if len(text) > _LONGEST:
        raise BadParameter(Text(f"q må have højst {_LONGEST} tegn.", f"q may have at most {_LONGEST} characters."))
    return text, kind, int(limit)
