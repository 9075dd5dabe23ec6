"""The sign of life, and queries that stand alone."""

from __future__ import annotations

import json

from flask import Blueprint
from flask.typing import ResponseReturnValue

from strategigraf import ns
from strategigraf.errors import NoRelease
from strategigraf.media import JSON
from strategigraf.text import Text
from strategigraf.web import http, site
from strategigraf.web.routes import both

blueprint = Blueprint("pages", __name__)


@both(blueprint, "/health")
def health() -> ResponseReturnValue:
    """Whether the release answers; NoRelease (503) where it does not."""
    service = site.service()
    try:
        alive = service.store.alive()
    except Exception as error:
        raise _sick() from error
    if not alive:
        raise _sick()
    body = {"status": "ok", "release": service.release.name, "triples": int(service.release.manifest["triples"])}
    response = http.reply(json.dumps(body) + "\n", JSON)
    response.headers["Cache-Control"] = "no-store"
    return response


def with_prefixes(text: str) -> str:
    """A query with the PREFIX lines that it needs to stand alone."""
    head = [f"PREFIX {name}: <{base}>" for name, base in sorted(ns.PREFIXES.items()) if f"{name}:" in text]
    return "\n".join([*head, "", text])


def _sick() -> NoRelease:
    return NoRelease(Text("Udgivelsen svarer ikke.", "The release does not answer."))
