"""Things: ``/id/…`` leads to ``/doc/…``, which tells about the thing in the format asked for."""

from __future__ import annotations

import difflib
import re

from flask import Blueprint
from flask.typing import ResponseReturnValue
from pyoxigraph import NamedNode

from strategigraf import describe, ns
from strategigraf.media import GRAPHS, HTML
from strategigraf.names import SEARCHED, Named, fold
from strategigraf.text import Text
from strategigraf.web import http, profiles, rdf, render, site, views
from strategigraf.web.negotiate import DOCUMENT, ending_of, pick
from strategigraf.web.problems import Gone, UnknownThing
from strategigraf.web.routes import both
from strategigraf.web.views import changed

blueprint = Blueprint("things", __name__)


@both(blueprint, "/id/<kind>/<slug>")
def identify(kind: str, slug: str) -> ResponseReturnValue:
    """The 303 from a thing to what is written about it; 404 for a thing that is not here."""
    iri = known(kind, slug)
    media, profile = pick(DOCUMENT), profiles.pick()
    path = f"/doc/{kind}/{slug}"
    if media is not HTML:
        token = "" if profile is profiles.FULL else profile.token
        response = http.see_other(site.url(f"{path}.{media.token}", profile=token))
    else:
        english = site.language() == "en" or site.prefers_english()
        response = http.see_other(site.url(f"{'/en' if english else ''}{path}"))
    response.headers["Vary"] = "Accept, Accept-Language, Accept-Profile"
    response.headers.add("Link", f'<{site.url(path)}>; rel="describedby"; anchor="{iri}"')
    return response


@both(blueprint, "/doc/<kind>/<name>")
def document(kind: str, name: str) -> ResponseReturnValue:
    """A thing as HTML, Turtle, JSON-LD, N-Triples or RDF/XML; 404 and 406 as for ``identify``."""
    slug, ending = ending_of(name, DOCUMENT)
    iri = known(kind, slug)
    media = pick(DOCUMENT, ending)
    profile = profiles.pick()
    if media is HTML:
        profile = profiles.FULL
    if kept := http.unchanged(f"{media.token} {profile.token}", by_day=media is HTML):
        kept.headers["Vary"] = profiles.VARY
        return kept
    path = f"/doc/{kind}/{slug}"
    store, labelled = site.service().store, site.service().names.labels
    said = describe.read(store, iri)
    last = changed.last_changed(store, said)
    if media is HTML:
        thing = describe.describe(store, said, labelled)
        template, values = views.view(kind, thing)
        data = render.data_block(rdf.block(describe.graph(store, said, labelled), iri))
        body: str | bytes = render.html(
            template,
            thing=thing,
            data=data,
            path=path,
            formats=GRAPHS,
            canonical=site.page(path),
            changed=last,
            **values,
        )
    else:
        triples = profiles.reduced(describe.graph(store, said, labelled), iri, profile)
        body = rdf.of_thing(triples, iri, media) if profile is profiles.FULL else rdf.of_things(triples, media)
    response = http.reply(body, media)
    if last:  # werkzeug would write the time of now for None
        response.last_modified = changed.moment(last)
    response.headers["Vary"] = profiles.VARY
    profiles.tell(response, path, iri, DOCUMENT, media, profile)
    return response


def known(kind: str, slug: str) -> str:
    """The IRI of a thing in the graph; Gone for one that is retired, UnknownThing, with near names, for any other."""
    if kind in ns.TYPES and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", slug):
        iri = ns.thing(kind, slug)
        if gone := site.service().retired.get(iri):
            raise Gone(gone)
        if site.service().store.has(NamedNode(iri)):
            return iri
    shown = f"{kind}/{slug}"[:120]
    if kind in ns.TYPES and len(slug) <= 200:
        plain = fold(slug).replace(" ", "-")
        same = site.service().names.things.get(ns.thing(kind, plain)) if plain != slug else None
        if same:
            raise UnknownThing(
                Text(
                    f"Kortnavne skrives med små bogstaver uden æ, ø og å. {shown!r} staves {plain!r}.",
                    f"Slugs are written in lower case without æ, ø and å. {shown!r} is spelt {plain!r}.",
                ),
                [same],
            )
    raise UnknownThing(
        Text(
            f"Der er ingen {shown!r} i grafen. Det kan være et andet kortnavn; søg efter navnet.",
            f"There is no {shown!r} in the graph. It may have another slug; search for the name.",
        ),
        near(kind, slug),
    )


def near(kind: str, slug: str) -> list[Named]:
    """Things whose name or slug is like the one asked for."""
    names, language = site.service().names, site.reader_language()
    found = names.search(slug.replace("-", " "), language, 6, kind if kind in ns.TYPES else "")
    if found or len(slug) > 100:
        return found
    like: dict[str, Named] = {}
    for named in names.things.values():
        if named.type == kind or (kind not in ns.TYPES and named.type in SEARCHED):
            like |= {fold(name): named for name in (named.slug, *named.names)}
    close = [like[name].iri for name in difflib.get_close_matches(fold(slug), like, 6, 0.6)]
    return [names.things[iri] for iri in dict.fromkeys(close)]
