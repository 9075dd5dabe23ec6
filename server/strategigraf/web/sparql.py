"""The SPARQL endpoint for people, the editor, and what it says where nothing is asked."""

from __future__ import annotations

from itertools import islice
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from pyoxigraph import Literal, NamedNode, QueryBoolean, QuerySolutions, Triple

from strategigraf.errors import NotAcceptable, StrategigrafError
from strategigraf.job import KEY
from strategigraf.media import GRAPHS, HTML, RESULTS, by_token, choose
from strategigraf.ns import PREFIXES, RDF_TYPE
from strategigraf.web import http, protocol, rdf, render, site
from strategigraf.web.endpoint import BOOLEANS
from strategigraf.web.protocol import Asked

blueprint = Blueprint("sparql", __name__)
MOST_ROWS = 1000
_SD = rdf.EXTRA["sd"]
_VOID = rdf.EXTRA["void"]
_FORMATS = "http://www.w3.org/ns/formats/"
_FORMAT_NAMES = (
    "SPARQL_Results_JSON", "SPARQL_Results_XML", "SPARQL_Results_CSV", "SPARQL_Results_TSV",
    "Turtle", "N-Triples", "JSON-LD", "RDF_XML",
)  # fmt: skip


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
        values = {"text": asked.query or "", "error": error.message.in_language(site.language())}
        return http.reply(render.html("sparql.html", examples=examples(), **values), HTML, error.status)


def _nothing_asked(asked: Asked) -> ResponseReturnValue:
    accept = request.headers.get("Accept")
    media = by_token(asked.format, (HTML, *GRAPHS)) if asked.format else choose(accept, (HTML, *GRAPHS))
    if (request.method == "POST" and media is not HTML) or media is None:
        raise protocol.nothing_asked()
    if kept := http.unchanged(media.token, by_day=media is HTML):
        return kept
    if media is HTML:
        return http.reply(render.html("sparql.html", text="", examples=examples()), HTML)
    return http.reply(rdf.write(service_description(), media), media)


def _page(asked: Asked) -> str:
    """The editor with the answer below it, at most ``MOST_ROWS`` rows of it."""
    assert asked.query is not None
    endpoint = site.application().endpoint
    values: dict[str, Any] = {"text": asked.query, "examples": examples(), "asked": asked}
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


def examples() -> list[tuple[str, str]]:
    """The public queries as examples: what each asks, and its text.

    Each is bound to its defaults, since an unbound parameter asks about everything at once.
    """
    service, language = site.service(), site.language()
    found = []
    for _, query in sorted(service.catalogue.queries.items()):
        if query.report or any(one.required and not one.default for one in query.header.parameters):
            continue
        values = service.catalogue.parameters(query, {}, service.names, site.today())
        summary = query.header.summary.in_language(language)
        found.append((summary, query.bind(values)))
    return found


def service_description() -> list[Triple]:
    """The endpoint in RDF (SPARQL 1.1 Service Description, section 3)."""
    manifest = site.service().release.manifest
    endpoint = NamedNode(site.url("/sparql"))
    service, dataset, merged = (NamedNode(f"{endpoint.value}#{part}") for part in ("service", "dataset", "default"))

    def sd(name: str) -> NamedNode:
        return NamedNode(_SD + name)

    def count(value: int) -> Literal:
        return Literal(str(value), datatype=NamedNode(f"{PREFIXES['xsd']}integer"))

    triples = [
        Triple(service, RDF_TYPE, sd("Service")),
        Triple(service, sd("endpoint"), endpoint),
        Triple(service, sd("supportedLanguage"), sd("SPARQL11Query")),
        Triple(service, sd("defaultDataset"), dataset),
        Triple(dataset, RDF_TYPE, sd("Dataset")),
        Triple(dataset, sd("defaultGraph"), merged),
        Triple(merged, RDF_TYPE, sd("Graph")),
        Triple(merged, NamedNode(f"{_VOID}triples"), count(int(manifest["triples"]))),
    ]
    triples += [Triple(service, sd("resultFormat"), NamedNode(_FORMATS + name)) for name in _FORMAT_NAMES]
    for iri, size in manifest["graphs"].items():
        stem = iri.rpartition("/")[2]
        named, graph = NamedNode(f"{endpoint.value}#named-{stem}"), NamedNode(f"{endpoint.value}#graph-{stem}")
        triples += [
            Triple(dataset, sd("namedGraph"), named),
            Triple(named, RDF_TYPE, sd("NamedGraph")),
            Triple(named, sd("name"), NamedNode(iri)),
            Triple(named, sd("graph"), graph),
            Triple(graph, RDF_TYPE, sd("Graph")),
            Triple(graph, NamedNode(f"{_VOID}triples"), count(int(size))),
        ]
    return triples
