"""What descriptions of things refer to: the JSON-LD context, and the profiles."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint
from flask.typing import ResponseReturnValue
from pyoxigraph import Literal, NamedNode, Triple

from strategigraf.errors import NotFound
from strategigraf.media import HTML, by_token
from strategigraf.ns import RDF_TYPE, SG
from strategigraf.text import Text
from strategigraf.web import http, rdf, render, site
from strategigraf.web.negotiate import DOCUMENT, ending_of, pick
from strategigraf.web.profiles import PROFILES, Profile
from strategigraf.web.routes import both

blueprint = Blueprint("contexts", __name__)


@both(blueprint, "/context.jsonld")
def context() -> ResponseReturnValue:
    """The context of all our JSON-LD (JSON-LD 1.1, section 3.1)."""
    media = by_token("jsonld", DOCUMENT)
    assert media is not None
    if kept := http.unchanged("context"):
        return kept
    return http.reply(rdf.context().whole(), media)


@both(blueprint, "/profile/<name>")
def profile(name: str) -> ResponseReturnValue:
    """What a profile means, as a page or in the Profiles Vocabulary (W3C); NotFound for one that is not here."""
    token, ending = ending_of(name, DOCUMENT)
    chosen = next((one for one in PROFILES if one.token == token), None)
    if chosen is None:
        names = ", ".join(one.token for one in PROFILES)
        raise NotFound(
            Text(f"Der er ingen profil {token[:80]!r}. Her er: {names}.",
                 f"There is no profile {token[:80]!r}. There are: {names}.")
        )  # fmt: skip
    media = pick(DOCUMENT, ending)
    if kept := http.unchanged(media.token):
        return kept
    if media is HTML:
        return http.reply(render.html("profile.html", profiles=PROFILES, chosen=chosen), HTML)
    return http.reply(rdf.write(_told(chosen), media), media)


def _told(one: Profile) -> Iterator[Triple]:
    subject = NamedNode(one.iri)
    yield Triple(subject, RDF_TYPE, rdf.node("prof:Profile"))
    yield from rdf.texts(subject, "rdfs:label", one.title)
    yield from rdf.texts(subject, "dct:title", one.title)
    yield from rdf.texts(subject, "dct:description", one.about)
    yield Triple(subject, rdf.node("prof:hasToken"), Literal(one.token))
    yield Triple(subject, rdf.node("prof:isProfileOf"), NamedNode(SG))
    yield Triple(subject, rdf.node("foaf:page"), NamedNode(site.url(f"/profile/{one.token}.html")))
