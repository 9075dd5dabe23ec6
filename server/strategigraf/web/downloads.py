"""The files of a release for download: the page that lists them, and the files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, request, send_file
from flask.typing import ResponseReturnValue

from strategigraf.errors import NotFound, NotMade
from strategigraf.exports import dumps, making
from strategigraf.exports.dumps import File, Index
from strategigraf.media import HTML, JSON, PLAIN
from strategigraf.release import software
from strategigraf.text import Text
from strategigraf.web import http, render, site
from strategigraf.web.negotiate import pick
from strategigraf.web.routes import both

blueprint = Blueprint("downloads", __name__)
LATEST = "latest"
PATH = "/downloads/"
_FOREVER = "public, max-age=31536000, immutable"
#: The endings of the files with everything, with the message that names each.
_WHOLE = (
    ("nq", "downloads.nq"), ("trig", "downloads.trig"), ("ttl", "downloads.ttl"), ("nt", "downloads.nt"),
    ("jsonld", "downloads.jsonld"),
)  # fmt: skip
_TABLES = (("xlsx", "downloads.xlsx"), ("csv.zip", "downloads.csv"), ("parquet.zip", "downloads.parquet"))


@dataclass(frozen=True)
class _Row:
    """A row of the page: what it is, and its file plain and packed, or None for what is not made."""

    key: str
    plain: File | None
    gzip: File | None
    zstd: File | None


def index() -> Index:
    """The files of the release that is served; NotMade (503), and the making begun, where they are not made yet."""
    release = site.service().release
    found = making.ready(release.folder, software())
    if found is None:
        making.start(release.folder, software())
        raise NotMade(
            Text(
                "Filerne til hentning bliver lavet lige nu. Prøv igen om et halvt minut.",
                "The files for download are being made just now. Try again in half a minute.",
            )
        )
    return found


def address(path: str) -> str:
    """The public address of a file of the release."""
    return site.url(f"{PATH}{site.service().release.name}/{path}")


@both(blueprint, PATH)
def listing() -> ResponseReturnValue:
    """The page that lists the files, or the list as JSON."""
    media = pick((HTML, JSON))
    found = index()
    if kept := http.unchanged(media.token):
        return kept
    if media is JSON:
        return http.reply(_as_json(found), JSON)
    known = {one.path: one for one in found.files}

    def row(key: str, path: str) -> _Row:
        return _Row(key, known.get(path), known.get(f"{path}.gz"), known.get(f"{path}.zst"))

    classes = [one.path[7:-4] for one in found.files if one.path.startswith("tables/") and one.path.endswith(".csv")]
    graphs = [one for one in found.files if one.part == "graph" and one.path.endswith(".ttl")]
    values: dict[str, Any] = {
        "whole": [row(key, f"{dumps.STEM}.{ending}") for ending, key in _WHOLE],
        "tables": [row(key, f"{dumps.STEM}.{ending}") for ending, key in _TABLES],
        "classes": [
            (name, known[f"tables/{name}.csv"], known.get(f"parquet/{name}.parquet")) for name in sorted(classes)
        ],
        "graphs": [
            (one.path[7:-4], [known[f"{one.path[:-3]}{ending}"] for ending in ("ttl", "nt", "jsonld")])
            for one in graphs
        ],
        "release_name": found.release,
        "latest": site.url(f"{PATH}{LATEST}/{dumps.STEM}.ttl.gz"),
        "file_address": address,
        "size": _size,
        "canonical": site.page(PATH),
    }
    return http.reply(render.html("downloads.html", **values), HTML)


@both(blueprint, f"{PATH}<release>/<path:path>")
def file(release: str, path: str) -> ResponseReturnValue:
    """A file of the release that is served; ``latest`` leads to it.

    By parts where Range asks for them (RFC 9110, section 14), and packed on the way where the client takes gzip.
    Raises NotFound for another release and for what is no file of it.
    """
    service = site.service()
    if release == LATEST:
        response = Response(status=307, headers={"Location": address(path)})
        response.autocorrect_location_header = False
        return response
    if release != service.release.name:
        raise NotFound(
            Text(
                f"Her er kun filerne for udgivelse {service.release.name}. Se dem på {site.page(PATH)}.",
                f"Here are only the files of release {service.release.name}. See them at {site.page(PATH)}.",
            )
        )
    found = index()
    folder = making.place(service.release.folder, software())
    if path in (dumps.INDEX, dumps.SUMS):
        return _send(
            folder / path, (JSON if path == dumps.INDEX else PLAIN).header, f"{release}-{folder.name[-12:]}-{path}"
        )
    known = found.file(path)
    if known is None:
        raise NotFound(
            Text(
                f"Udgivelsen har ingen fil {path[:80]!r}. Se filerne på {site.page(PATH)}.",
                f"The release has no file {path[:80]!r}. See the files at {site.page(PATH)}.",
            )
        )
    type_ = known.packed or (f"{known.media}; charset=utf-8" if known.media.startswith("text/") else known.media)
    smaller = found.file(f"{path}.gz")
    packs = smaller and not request.range and request.accept_encodings["gzip"]
    if smaller and packs:
        response = _send(folder / smaller.path, type_, f"{known.sha256}-gzip")
        response.headers["Content-Encoding"] = "gzip"
    else:
        response = _send(folder / path, type_, known.sha256)
    response.vary.add("Accept-Encoding")
    return response


def _send(path: Path, type_: str, tag: str) -> Response:
    """A file with a strong entity tag, whole or by parts."""
    response = send_file(path, mimetype=type_, conditional=True, etag=tag, last_modified=None, max_age=0)
    # What the file system says of it is not of the release.
    del response.headers["Last-Modified"]
    response.headers["Content-Type"] = type_
    response.headers["Cache-Control"] = _FOREVER
    return response


def _as_json(found: Index) -> str:
    files = [
        {
            "url": address(one.path), "path": one.path, "mediaType": one.media, "compression": one.packed or None,
            "bytes": one.size, "sha256": one.sha256, "part": one.part, "graph": one.graph or None,
        }
        for one in found.files
    ]  # fmt: skip
    return json.dumps({"release": found.release, "files": files}, indent=1) + "\n"


def _size(count: int) -> str:
    """A number of bytes for reading, in the language of the page."""
    unit, value = next(((u, count / n) for u, n in (("MB", 1e6), ("kB", 1e3)) if count >= n), ("B", count))
    text = f"{value:.1f}" if unit == "MB" else f"{value:.0f}"
    return f"{text.replace('.', ',') if site.language() == 'da' else text}\N{NO-BREAK SPACE}{unit}"
