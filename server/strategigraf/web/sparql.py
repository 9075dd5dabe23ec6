"""The SPARQL endpoint for people, the editor, and what it says where nothing is asked."""

from __future__ import annotations

from itertools import islice

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from pyoxigraph import QueryBoolean, QuerySolutions

from strategigraf.errors import NotAcceptable, StrategigrafError
from strategigraf.job import KEY
from strategigraf.media import GRAPHS, HTML, RESULTS, by_token, choose
from strategigraf.web import description, editor, http, protocol, rdf, render, site
from strategigraf.web.endpoint import BOOLEANS
from strategigraf.web.protocol import Asked

blueprint = Blueprint("sparql", __name__)
MOST_ROWS = 1000


@blueprint.route("/sparql", methods=["GET", "POST"])
@blueprint.route("/en/sparql", methods=["GET", "POST"])
def sparql() -> ResponseReturnValue:
    """The editor for a browser, with an answer below where something is asked.

    Without a query, who asks for RDF gets the description of the service (SPARQL 1.1 Service Description, section 2).

    Queries of programs do not come here: ``application.Application`` answers them. Raises BadQuery (400) and
    NotAcceptable (406).
    """
    if request.method == "POST" and request.content_length and request.content_length > protocol.MOST_BYTES:
        raise protocol.too_large()
    asked = Asked(request.args.get("query"))
    try:
        asked = protocol.read(
            request.method, request.query_string, request.content_type or "",
            request.get_data(cache=False) if request.method == "POST" else b"",
        )  # fmt: skip
        if asked.query is None or not asked.query.strip():
            return _nothing_asked(asked)
        return http.reply(_page(asked), HTML)
    except StrategigrafError as error:
        if isinstance(error, NotAcceptable):
            raise
        values = editor.values(asked.query or "") | {"error": error.message.in_language(site.language())}
        return http.reply(render.html("sparql.html", **values), HTML, error.status)


def _nothing_asked(asked: Asked) -> ResponseReturnValue:
    accept = request.headers.get("Accept")
    media = by_token(asked.format, (HTML, *GRAPHS)) if asked.format else choose(accept, (HTML, *GRAPHS))
    if (request.method == "POST" and media is not HTML) or media is None:
        raise protocol.nothing_asked()
    if kept := http.unchanged(media.token, by_day=True):
        return kept
    if media is HTML:
        return http.reply(render.html("sparql.html", **editor.values()), HTML)
    return http.reply(rdf.write(description.service_description(), media), media)


def _page(asked: Asked) -> str:
    """The editor with the answer below it, at most ``MOST_ROWS`` rows of it."""
    assert asked.query is not None
    endpoint = site.application().endpoint
    values = editor.values(asked.query) | {"asked": asked}
    with endpoint.running(asked, request.environ[KEY]) as done:
        result = endpoint.run(asked)
        if isinstance(result, QuerySolutions):
            names = [variable.value for variable in result.variables]
            rows = [[solution[name] for name in names] for solution in islice(result, MOST_ROWS + 1)]
            values |= {"columns": names, "rows": rows[:MOST_ROWS], "cut": len(rows) > MOST_ROWS, "formats": RESULTS}
            done.append(len(rows))
        elif isinstance(result, QueryBoolean):
            values |= {"truth": bool(result), "formats": BOOLEANS}
        else:
            triples = list(islice(result, MOST_ROWS + 1))
            values |= {
                "turtle": rdf.write(triples[:MOST_ROWS], GRAPHS[0]).decode(),
                "count": len(triples[:MOST_ROWS]),
                "cut": len(triples) > MOST_ROWS,
                "formats": GRAPHS,
            }
    return render.html("sparql.html", **values)
