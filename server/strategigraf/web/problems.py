"""Errors: one status and one message, told in the form that the client reads (RFC 9457)."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Flask, Response, current_app, g, render_template, request
from werkzeug.exceptions import HTTPException

from strategigraf.errors import NotFound, StrategigrafError
from strategigraf.media import HTML, PLAIN, PROBLEM, Media, choose
from strategigraf.names import Named
from strategigraf.text import Text
from strategigraf.web import http, site
from strategigraf.web.application import problem_json, problem_text
from strategigraf.web.endpoint import Reply
from strategigraf.web.messages import messages

_JSON = Media("problem", PROBLEM.type, ("application/json",))
#: Endings that programs ask for.
_DATA = (".json", ".csv", ".xlsx", ".ttl", ".nt", ".jsonld", ".rdf")


class UnknownThing(NotFound):
    """A thing that is not in the graph; ``near`` are things with a like name."""

    def __init__(self, message: Text, near: Sequence[Named]) -> None:
        super().__init__(message)
        self.near = tuple(near)


def install(app: Flask) -> None:
    """Let every error of the application end here."""
    app.register_error_handler(StrategigrafError, _ours)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unforeseen)


def problem(status: int, message: Text, near: Sequence[Named] = ()) -> Response:
    """An error as HTML, ``application/problem+json`` or plain text, with the same status in all."""
    g.language = site.reader_language()
    media = _wanted()
    body: str | bytes
    if media is HTML:
        body = render_template("problem.html", status=status, message=message.in_language(g.language), near=near)
    elif media is PLAIN:
        body = problem_text(status, message)
    else:
        body = problem_json(status, message.in_language(g.language), request.path)
    response = http.reply(body, PLAIN if media is PLAIN else HTML if media is HTML else PROBLEM, status)
    if media is not PLAIN:
        response.headers["Content-Language"] = g.language
    return response


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
    response = problem(error.status, error.message, getattr(error, "near", ()))
    wait = getattr(error, "wait", 5 if error.status == 503 else 0)
    if wait:
        response.headers["Retry-After"] = str(wait)
    return response


def page_of(status: int, message: Text, reply: Reply) -> Reply:
    """The same error as ``reply``, as a page for a browser; to be called in a request of the application."""
    body = problem(status, message).get_data()
    more = tuple(one for one in reply.headers if one[0] not in ("Content-Type", "Content-Language"))
    return Reply(status, (*more, ("Content-Type", HTML.header)), body)


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    response = problem(status, messages().get(f"problem.{status}", messages()["problem.other"]))
    for name, value in error.get_headers():
        if name.lower() in ("allow", "retry-after"):
            response.headers[name] = value
    return response


def _unforeseen(error: Exception) -> Response:
    current_app.logger.exception("unforeseen error", exc_info=error)
    return problem(500, messages()["problem.500"])
