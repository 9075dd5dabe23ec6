"""Errors: one status and one message, told in the form that the client reads (RFC 9457)."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from typing import Any

from flask import Flask, Response, current_app, g, render_template, request
from werkzeug.exceptions import HTTPException

from strategigraf.errors import NotFound, StrategigrafError
from strategigraf.media import HTML, PLAIN, PROBLEM, Media, choose
from strategigraf.names import Named, fold
from strategigraf.retired import Retired
from strategigraf.text import Text
from strategigraf.web import http, render, site
from strategigraf.web.application import problem_json, problem_text
from strategigraf.web.endpoint import Reply
from strategigraf.web.messages import messages

_JSON = Media("problem", PROBLEM.type, ("application/json",))
#: Endings that programs ask for.
#: Statuses that have a title and advice of their own; the others share one.
TOLD = (400, 404, 405, 406, 410, 413, 414, 429, 500, 503)
#: The relation of a retired address to what has taken its place, as a link says it (RFC 8288, section 2.1.2).
REPLACED = "http://purl.org/dc/terms/isReplacedBy"
#: What of an address an error page repeats; an address can be as long as a book.
_MOST_REPEATED = 1000
_DATA = (".json", ".csv", ".xlsx", ".ttl", ".nt", ".jsonld", ".rdf")


class UnknownThing(NotFound):
    """A thing that is not in the graph; ``near`` are things with a like name."""

    def __init__(self, message: Text, near: Sequence[Named]) -> None:
        super().__init__(message)
        self.near = tuple(near)


class Gone(NotFound):
    """An address that has been retired, with what is known of it (RFC 9110, section 15.5.11)."""

    status = 410

    def __init__(self, retired: Retired) -> None:
        since = retired.day
        super().__init__(
            Text(
                f"{retired.label.da}: adressen er nedlagt {since}. {retired.reason.da}",
                f"{retired.label.en}: the address was retired on {since}. {retired.reason.en}",
            )
        )
        self.retired = retired


def install(app: Flask) -> None:
    """Let every error of the application end here."""
    app.register_error_handler(StrategigrafError, _ours)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unforeseen)


def problem(
    status: int, message: Text, near: Sequence[Named] = (), retired: Retired | None = None, wait: int = 0
) -> Response:
    """An error as HTML, ``application/problem+json`` or plain text, with the same status in all.

    ``wait``: the seconds after which to try again.
    """
    g.language = site.reader_language()
    media = _wanted()
    body: str | bytes
    if media is HTML:
        body = render_template("problem.html", **_shown(status, message.in_language(g.language), near, retired, wait))
    elif media is PLAIN:
        body = problem_text(status, message)
    else:
        body = problem_json(status, message.in_language(g.language), request.path)
        if retired and retired.successor:
            body = _with(body, successor=retired.successor)
    response = http.reply(body, PLAIN if media is PLAIN else HTML if media is HTML else PROBLEM, status)
    if media is not PLAIN:
        response.headers["Content-Language"] = g.language
    if retired and retired.successor:
        response.headers.add("Link", f'<{site.address(retired.successor)}>; rel="{REPLACED}"')
    if wait:
        response.headers["Retry-After"] = str(wait)
    return response


def _with(body: bytes, **members: str) -> bytes:
    """A problem with extension members (RFC 9457, section 3.2)."""
    return (json.dumps(json.loads(body) | members, ensure_ascii=False) + "\n").encode()


def _shown(status: int, message: str, near: Sequence[Named], retired: Retired | None, wait: int) -> dict[str, Any]:
    """What the page of an error needs: its words, and the ways on."""
    key = str(status) if status in TOLD else "other"
    query = request.query_string.decode("ascii", "replace")
    tail = f"?{query}" if query and len(query) < _MOST_REPEATED else ""
    path = site.neutral()[:_MOST_REPEATED]
    return {
        "status": status,
        "title": site.t(f"problem.title_{key}"),
        "advice": site.t(f"problem.advice_{key}"),
        "message": message,
        "near": near,
        "pages": _pages(path) if status == 404 and not near else [],
        "words": _words(path) if status in (404, 410) else "",
        "successor": retired.successor if retired else "",
        "wait": wait,
        "address_da": site.url(path) + tail,
        "address_en": site.url(f"/en{path}") + tail,
        "about": path,
        "reports": status not in (400, 405, 406, 413, 414, 429) and site.answers("/report"),
    }


def _words(path: str) -> str:
    """The last part of a path as words to search for; empty where it has none."""
    last = path.rstrip("/").rpartition("/")[2].partition(".")[0]
    return " ".join(last.replace("-", " ").replace("_", " ").split())[:100]


def _pages(path: str) -> list[tuple[str, str]]:
    """The pages whose path or name begins with the last part of a path, or is like it: path and message of the name."""
    named: dict[str, tuple[str, str]] = {}
    for one, key in (*render.MENU, *render.FOOT):
        if site.answers(one):
            told = messages()[f"site.{key}"]
            named |= {fold(name): (one, f"site.{key}") for name in (one.strip("/"), told.da, told.en)}
    wanted = fold(path.rstrip("/").rpartition("/")[2])[:60]
    begun = [name for name in named if len(wanted) > 2 and name.startswith(wanted)]
    close = difflib.get_close_matches(wanted, named, 3, 0.7)
    return list(dict.fromkeys(named[name] for name in (*begun, *close)))


def _wanted() -> Media:
    """HTML for browsers, JSON for those who ask for it or for a file, plain text for SPARQL clients."""
    accept = request.headers.get("Accept", "")
    sparql = site.neutral().rstrip("/") == "/sparql"
    if sparql:
        offered = (PLAIN, HTML, _JSON)
    elif request.path.endswith(_DATA) or request.method != "GET":
        offered = (_JSON, HTML, PLAIN)
    else:
        offered = (HTML, _JSON, PLAIN)
    return choose(accept, offered) or (PLAIN if sparql or "json" not in accept else _JSON)


def _ours(error: StrategigrafError) -> Response:
    wait = getattr(error, "wait", 5 if error.status == 503 else 0)
    return problem(error.status, error.message, getattr(error, "near", ()), getattr(error, "retired", None), wait)


def page_of(status: int, message: Text, reply: Reply) -> Reply:
    """The same error as ``reply``, as a page for a browser; to be called in a request of the application."""
    body = problem(status, message).get_data()
    more = tuple(one for one in reply.headers if one[0] not in ("Content-Type", "Content-Language"))
    return Reply(status, (*more, ("Content-Type", HTML.header)), body)


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    response = problem(status, messages().get(f"problem.{status}", messages()["problem.other"]))
    for name, value in error.get_headers():
        if name.lower() in ("allow", "retry-after"):  # RFC 9110, sections 10.2.1 and 10.2.3
            response.headers[name] = value
    return response


def _unforeseen(error: Exception) -> Response:
    current_app.logger.exception("unforeseen error", exc_info=error)
    return problem(500, messages()["problem.500"])
