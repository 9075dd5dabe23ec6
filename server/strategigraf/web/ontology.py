"""The ontology at its own address: 200 there, and each term leads to it."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue
from pyoxigraph import NamedNode, Triple

from strategigraf import ns
from strategigraf.describe import Description, bare
from strategigraf.errors import NotFound
from strategigraf.media import GRAPHS, HTML, Media
from strategigraf.terms import cell
from strategigraf.text import Text
from strategigraf.web import http, rdf, render, site
from strategigraf.web.negotiate import DOCUMENT, ending_of, pick
from strategigraf.web.routes import both

blueprint = Blueprint("ontology", __name__)
_GRAPH = f"<{ns.GRAPH}ontology>"
_SECTIONS = (("class", "owl:Class"), ("link", "owl:ObjectProperty"), ("value", "owl:DatatypeProperty"))


@both(blueprint, "/ontology/")
def ontology() -> ResponseReturnValue:
    """The whole ontology as HTML, Turtle, JSON-LD, N-Triples or RDF/XML."""
    return _whole(pick(DOCUMENT))


@both(blueprint, "/ontology/<name>")
def term(name: str) -> ResponseReturnValue:
    """A term: 303 to its place on the page, or its RDF; NotFound for a term that is not defined."""
    slug, ending = ending_of(name, DOCUMENT)
    if slug in ("ontology", "strategigraf") and ending:
        return _whole(pick(DOCUMENT, ending))
    iri = ns.SG + slug
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9.]*|\d+\.\d+\.\d+", slug) or not _triples(f"FILTER(?s = <{iri}>)"):
        if slug != _version():
            raise NotFound(
                Text(
                    f"Ontologien har intet begreb {slug[:80]!r}. Se dem alle på {site.page('/ontology/')}.",
                    f"The ontology has no term {slug[:80]!r}. See them all at {site.page('/ontology/')}.",
                )
            )
        return _whole(pick(DOCUMENT, ending))
    media = pick(DOCUMENT, ending)
    if media is HTML:
        return http.see_other(site.page("/ontology/") + f"#{slug}")
    if kept := http.unchanged(media.token):
        return kept
    return http.reply(rdf.write(_triples(f"FILTER(?s = <{iri}>)"), media), media)


def _whole(media: Media) -> ResponseReturnValue:
    if kept := http.unchanged(media.token):
        return kept
    if media is HTML:
        terms = bare(_triples())
        values: dict[str, Any] = {
            "about": terms[ns.SG],
            "sections": [(key, _of_kind(terms, kind)) for key, kind in _SECTIONS],
            "formats": GRAPHS,
            "canonical": site.page("/ontology/"),
        }
        body: str | bytes = render.html("ontology.html", **values)
    else:
        body = rdf.write(_triples(), media)
    response = http.reply(body, media)
    for one in DOCUMENT:
        ending = "" if one is HTML else f"ontology.{one.token}"
        response.headers.add("Link", f'<{site.url(f"/ontology/{ending}")}>; rel="alternate"; type="{one.type}"')
    return response


def _triples(extra: str = "") -> list[Triple]:
    """The triples of the ontology's graph whose subject is the ontology or a term of it."""
    return site.service().store.construct(
        f"""CONSTRUCT {{ ?s ?p ?o }} WHERE {{
          GRAPH {_GRAPH} {{ ?s ?p ?o }} FILTER(STRSTARTS(STR(?s), "{ns.SG}")) {extra}
        }}"""
    )


def _of_kind(terms: dict[str, Description], kind: str) -> list[Description]:
    """The terms of a kind, by their local name."""
    found = [term for term in terms.values() if ns.expand(kind) in term.types]
    return sorted(found, key=lambda term: term.iri.lower())


def _version() -> str:
    rows = site.service().store.select(f"SELECT ?v WHERE {{ {NamedNode(ns.SG)} owl:versionInfo ?v }}")
    return cell(rows[0]["v"]) if rows else ""
