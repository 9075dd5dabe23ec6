"""Reporting an error: a text with the statement's address, the page and the release, ready to send or to copy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from flask import Blueprint, current_app, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from strategigraf import ns
from strategigraf.errors import BadParameter
from strategigraf.media import HTML
from strategigraf.text import Text
from strategigraf.web import http, render, site
from strategigraf.web.routes import both

blueprint = Blueprint("report", __name__)
_LONGEST = 2000
#: What a path and a query string are written with (RFC 3986, sections 3.3 and 3.4).
_PATH = re.compile(r"/[A-Za-z0-9\-._~%!$&'()*+,;=:@/]*")
_QUERY = re.compile(r"[A-Za-z0-9\-._~%!$&'()*+,;=:@/?]*")


@dataclass(frozen=True)
class Subject:
    """What a report is about: the address of our page, and the IRI and name of the thing where it is about one."""

    address: str
    iri: str = ""
    name: str = ""


@both(blueprint, "/report")
def report() -> ResponseReturnValue:
    """The text of a report, and where to send it; BadParameter for an ``about`` that is none of our addresses."""
    about = request.args.get("about", "")
    subject = read(about) if about else None
    settings = site.service().settings
    if kept := http.unchanged(f"html {settings.contact}"):
        return kept
    title, text = written(subject)
    body = render.html(
        "report.html", subject=subject, title=title, text=text, contact=settings.contact,
        send=send(settings.contact, title, text), by_mail="://" not in settings.contact,
    )  # fmt: skip
    return http.reply(body, HTML)


def read(about: str) -> Subject:
    """What a report is about: a path of ours (with or without its query string), its public address, or an IRI of ours.

    Raises BadParameter for anything else; nothing is ever linked that is not made from the public address.
    """
    public = site.service().settings.public_url
    path = about
    if about.startswith(public + "/"):
        path = about[len(public) :]
    elif about.startswith(ns.BASE):
        path = "/" + about[len(ns.BASE) :]
    path, _, query = path.partition("#")[0].partition("?")
    if len(about) > _LONGEST or not _PATH.fullmatch(path) or not _QUERY.fullmatch(query) or not _ours(path):
        raise BadParameter(
            Text(
                "about skal være en sti i denne tjeneste, fx /doc/municipality/0727, eller en af grafens IRI'er.",
                "about must be a path of this service, such as /doc/municipality/0727, or an IRI of the graph.",
            )
        )
    found = re.fullmatch(r"(?:/en)?/(?:id|doc)/([a-z]+)/([A-Za-z0-9._-]+?)(?:\.(?:html|ttl|nt|jsonld|rdf))?", path)
    address = site.url(path) + (f"?{query}" if query else "")
    if found and found[1] in ns.TYPES:
        iri = ns.thing(found[1], found[2])
        known = iri in site.service().names.things
        return Subject(address, iri, site.plain_name(iri) if known else "")
    return Subject(address)


def written(subject: Subject | None) -> tuple[str, str]:
    """The title and the text of a report, in the language of the page."""
    what = (subject.name or subject.address) if subject else ""
    title = site.t("report.subject", what=what) if what else site.t("report.subject_none")
    lines = []
    if subject:
        lines.append(f"{site.t('report.page')}: {subject.address}")
        if subject.iri:
            lines.append(f"{site.t('report.statement')}: {subject.iri}")
        if subject.name:
            lines.append(f"{site.t('report.name')}: {subject.name}")
    lines.append(f"{site.t('report.release')}: {site.service().release.name}")
    lines += ["", f"{site.t('report.wrong')}:", "", f"{site.t('report.right')}:", "", f"{site.t('report.where')}:", ""]
    return title, "\n".join(lines)


def send(contact: str, title: str, text: str) -> str:
    """The link that sends a report: a mail (RFC 6068), or a new issue; empty where there is no contact."""
    if not contact:
        return ""
    if "://" not in contact:
        body = text.replace("\n", "\r\n")
        return f"mailto:{quote(contact, safe='@')}?subject={quote(title, safe='')}&body={quote(body, safe='')}"
    if "{title}" in contact or "{body}" in contact:
        return contact.replace("{title}", quote(title, safe="")).replace("{body}", quote(text, safe=""))
    mark = "&" if "?" in contact else "?"
    return f"{contact}{mark}title={quote(title, safe='')}&body={quote(text, safe='')}"


def _ours(path: str) -> bool:
    """Whether this application has a page at a path."""
    if "//" in path or "\\" in path or ".." in path:
        return False
    host = urlsplit(site.service().settings.public_url).netloc or "localhost"
    try:
        current_app.url_map.bind(host).match(unquote(path), method="GET")
    except HTTPException:
        return False
    return True
