"""Profiles of the description of a thing, and the headers that tell what else there is.

W3C "Content Negotiation by Profile" by HTTP headers: ``Accept-Profile`` in, ``Content-Profile`` and ``Link`` out; and
by the query string, ``?profile=`` or ``?_profile=`` with a short name or an IRI.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flask import Response, request
from pyoxigraph import Triple

from strategigraf.errors import NotAcceptable
from strategigraf.media import HTML, Media
from strategigraf.ns import BASE, RDF_TYPE, expand
from strategigraf.terms import cell
from strategigraf.text import Text
from strategigraf.web import headers, site

LICENCE = "https://creativecommons.org/licenses/by/4.0/"
_ACCEPTED = re.compile(r'\s*(?:<([^>]*)>|"([^"]*)"|([\w*.:/-]+))\s*(?:;\s*q\s*=\s*([^;,\s]*))?[^,]*(?:,|$)')
_LABELS = {expand("rdfs:label"), expand("skos:prefLabel"), expand("skos:altLabel")}
VARY = f"{headers.VARY}, Accept-Profile"


@dataclass(frozen=True)
class Profile:
    """What a description holds: its short name, and what that means."""

    token: str
    title: Text
    about: Text

    @property
    def iri(self) -> str:
        """The IRI by which it is asked for."""
        return f"{BASE}profile/{self.token}"


FULL = Profile(
    "full",
    Text("Hele beskrivelsen", "The full description"),
    Text(
        "Alt, hvad grafen siger om tingen og dens dele, med evidens, og etiketterne på det, den peger på "
        "(concise bounded description).",
        "All that the graph says of the thing and its parts, with the evidence, and the labels of what it points to "
        "(concise bounded description).",
    ),
)
LABELS = Profile(
    "labels",
    Text("Etiketter", "Labels"),
    Text(
        "Kun klasser og navne: tingens egne og navnene på det, den peger på.",
        "Classes and names only: those of the thing, and the names of what it points to.",
    ),
)
PROFILES = (FULL, LABELS)


def pick() -> Profile:
    """The profile to send: the query string's, else the one that Accept-Profile likes best, else the full one.

    A profile of the header that is not known is passed over, as the specification has it; one of the query string is
    refused: NotAcceptable, with the list of what there is.
    """
    given = request.args.get("profile") or request.args.get("_profile", "")
    if given:
        for one in PROFILES:
            if given in (one.token, one.iri):
                return one
        names = ", ".join(f"{one.token} ({one.iri})" for one in PROFILES)
        raise NotAcceptable(
            Text(f"Der er ingen profil {given[:80]!r}. Her er: {names}.",
                 f"There is no profile {given[:80]!r}. There are: {names}.")
        )  # fmt: skip
    best, chosen = 0.0, FULL
    for iri, quoted, token, weight in _ACCEPTED.findall(request.headers.get("Accept-Profile", "")):
        name, quality = iri or quoted or token, _quality(weight)
        for one in PROFILES:
            if name in (one.iri, one.token, "*") and quality > best:
                best, chosen = quality, one
    return chosen


def _quality(weight: str) -> float:
    try:
        return min(1.0, float(weight or "1"))
    except ValueError:
        return 0.0


def reduced(triples: Iterable[Triple], iri: str, profile: Profile) -> list[Triple]:
    """The triples of a description that belong to a profile of it."""
    return [
        triple
        for triple in triples
        if profile is FULL
        or triple.predicate.value in _LABELS
        or (triple.predicate == RDF_TYPE and cell(triple.subject) == iri)
    ]


def tell(
    response: Response,
    path: str,
    iri: str,
    offered: Sequence[Media],
    sent: Media,
    profile: Profile,
    several: bool = True,
) -> None:
    """Say in headers what was sent, what else there is, and what it is about.

    ``path`` is that of the document without an ending, ``iri`` that of the thing. ``several``: whether the document has
    profiles. Relations of RFC 8288: canonical (RFC 6596), alternate, profile (RFC 6906), describedby, license.
    """
    links = response.headers

    def address(media: Media, of: Profile) -> str:
        if media is HTML:
            return site.page(path) if media is sent else site.url(path)
        base = f"{path}ontology" if path.endswith("/") else path
        return site.url(f"{base}.{media.token}", profile="" if of is FULL else of.token)

    for media in offered:
        profiles = PROFILES if several and media is not HTML else (FULL,)
        for one in profiles:
            end = f'; profile="{one.iri}"' if several and media is not HTML else ""
            here = media is sent and (one is profile or media is HTML)
            links.add("Link", f'<{address(media, one)}>; rel="alternate"; type="{media.type}"{end}')
            if here:
                links.add("Link", f'<{address(media, one)}>; rel="canonical"')
                links["Content-Location"] = address(media, one)
    if several and sent is not HTML:
        links.add("Link", f'<{profile.iri}>; rel="profile"')
        links["Content-Profile"] = f"<{profile.iri}>"
    links.add("Link", f'<{site.url(path)}>; rel="describedby"; anchor="{iri}"')
    links.add("Link", f'<{LICENCE}>; rel="license"')
