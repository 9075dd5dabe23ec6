"""What all pages and files share: entity tags, caching, CORS and security headers."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, Response, g, request

from strategigraf.media import HTML, Media
from strategigraf.release import software
from strategigraf.web import headers as common
from strategigraf.web import site
from strategigraf.web.headers import VARY


def reply(body: str | bytes, media: Media, status: int = 200) -> Response:
    """A response in a format, which varies with Accept."""
    response = Response(body, status=status, content_type=media.header)
    response.headers["Vary"] = VARY
    if media is HTML:
        response.headers["Content-Language"] = site.language()
    return response


def see_other(address: str) -> Response:
    """A 303 to an address, which varies with Accept (RFC 9110, section 15.4.4)."""
    response = Response(status=303, headers={"Location": address, "Vary": "Accept, Accept-Language"})
    response.autocorrect_location_header = False
    return response


def unchanged(representation: str, by_day: bool = False) -> Response | None:
    """A 304 where the client has this representation already, otherwise None (RFC 9110, 13.1.2).

    The entity tag is weak, since an answer may be compressed. It is that of the release, the software, the request
    and the representation, and of the day where the answer has a notion of today; it is set on the response in
    either case.
    """
    service = site.service()
    seed = "\0".join(
        (
            service.release.name,
            software(),
            _looks(),
            service.settings.public_url,
            request.full_path,
            representation,
            site.today().isoformat() if by_day else "",
        )
    )
    g.etag = hashlib.sha256(seed.encode()).hexdigest()[:24]
    given = request.if_none_match
    if given.star_tag or not given.contains_weak(g.etag):
        return None
    return Response(status=304, headers={"Vary": VARY})


@cache
def _looks() -> str:
    """A hash over what pages are made with besides code: templates, styles, scripts, words."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*")):
        if path.is_file() and path.suffix not in (".py", ".pyc"):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def install(app: Flask) -> None:
    """Answer OPTIONS, and put the shared headers on every answer, errors too."""
    app.before_request(_options)
    app.after_request(_finish)


def _options() -> Response | None:
    known = request.routing_exception is None or getattr(request.routing_exception, "code", 404) != 404
    return Response(status=204, headers=common.PREFLIGHT) if request.method == "OPTIONS" and known else None


def _finish(response: Response) -> Response:
    headers = response.headers
    headers.update(dict(common.shared(site.service().settings.public_url)))
    if response.status_code in (200, 304):
        if "etag" in g:
            response.set_etag(g.etag, weak=True)
        headers.setdefault("Cache-Control", "public, max-age=300")
    elif response.status_code == 303:
        headers.setdefault("Cache-Control", "public, max-age=300")
    else:
        headers["Cache-Control"] = "no-store"
    return response
