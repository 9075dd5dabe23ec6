"""The SPARQL endpoint, its editor, and its description of itself."""

from __future__ import annotations

import io
from itertools import islice
from typing import Any

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue
from pyoxigraph import BlankNode, Literal, NamedNode, QueryBoolean, QuerySolutions, QueryTriples, Triple

from strategigraf import guard
from strategigraf.errors import BadQuery, NotAcceptable, StrategigrafError, TooLarge
from strategigraf.media import GRAPHS, HTML, RESULTS, Media, by_token, choose
from strategigraf.ns import PREFIXES, RDF_TYPE
from strategigraf.store import Result
from strategigraf.text import Text
from strategigraf.web import http, protocol, rdf, render, site
from strategigraf.web.negotiate import refusal
from strategigraf.web.protocol import Asked

blueprint = Blueprint("sparql", __name__)
MOST_ROWS = 1000
MOST_BYTES = 64_000_000
MOST_TRIPLES = 500_000
_TOO_LARGE = Text(
    "Svaret er for stort. Sæt LIMIT på, eller spørg efter en del ad gangen.",
    "The answer is too large. Add LIMIT, or ask for a part at a time.",
)
#: Names that clients such as SPARQLWrapper send for formats of graphs.
_OTHER_NAMES = {"rdf+xml": "rdf", "n3": "ttl", "json": "jsonld"}
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
    """Answer a query (SPARQL 1.1 Protocol, section 2.1).

    Without a query: the editor for a browser, the service description for who asks for RDF
    (SPARQL 1.1 Service Description, section 2). Raises BadQuery (400), UpdateRefused (403),
    NotAcceptable (406), TooLarge (413) and UnsupportedMediaType (415).
    """
    page = _wants_page()
    try:
        asked = protocol.read()
        if asked.query is None or (page and not asked.query.strip()):
            return _nothing_asked(asked)
        if page:
            return http.reply(_page(asked), HTML)
        return _answer(asked)
    except StrategigrafError as error:
        if not page or isinstance(error, NotAcceptable):
            raise
        text = request.values.get("query", "")
        values = {"text": text, "error": error.message.in_language(site.language())}
        return http.reply(render.html("sparql.html", examples=examples(), **values), HTML, error.status)


def _wants_page() -> bool:
    """Whether a browser asks: it likes HTML best of all that is on offer here."""
    if request.args.get("format"):
        return request.args["format"] in ("html", "text/html")
    return choose(request.headers.get("Accept"), (*RESULTS, *GRAPHS, HTML)) is HTML


def _nothing_asked(asked: Asked) -> ResponseReturnValue:
    accept = request.headers.get("Accept")
    media = by_token(asked.format, (HTML, *GRAPHS)) if asked.format else choose(accept, (HTML, *GRAPHS))
    if request.method == "POST" or media is None:
        raise BadQuery(Text("Parameteren query mangler.", "The parameter query is missing."))
    if kept := http.unchanged(media.token, by_day=media is HTML):
        return kept
    if media is HTML:
        return http.reply(render.html("sparql.html", text="", examples=examples()), HTML)
    return http.reply(rdf.write(service_description(), media), media)


def run(asked: Asked) -> Result:
    """Run the query of a request on its dataset."""
    assert asked.query is not None
    return site.service().store.ask(asked.query, asked.default_graphs, asked.named_graphs)


def _answer(asked: Asked) -> ResponseReturnValue:
    assert asked.query is not None
    volatile = guard.is_volatile(asked.query)
    if request.method in ("GET", "HEAD") and not volatile:
        kept = http.unchanged(f"{request.headers.get('Accept', '')}")
        if kept:
            return kept
    result = run(asked)
    media = _format(result, asked.format)
    try:
        body = _body(result, media)
    except (ValueError, RuntimeError, OSError) as error:
        raise BadQuery(
            Text(f"Forespørgslen kunne ikke udføres: {error}", f"The query could not be carried out: {error}")
        ) from error
    response = http.reply(body, media)
    if volatile:
        response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Type"] = f"{media.type}; charset=utf-8"
    return response


class _Capped(io.BytesIO):
    """A buffer that refuses to grow past ``MOST_BYTES``."""

    def write(self, part: Any) -> int:
        if self.tell() + len(part) > MOST_BYTES:
            raise TooLarge(_TOO_LARGE)
        return super().write(part)


def _body(result: Result, media: Media) -> bytes:
    if isinstance(result, QueryTriples):
        triples = list(islice(result, MOST_TRIPLES + 1))
        if len(triples) > MOST_TRIPLES:
            raise TooLarge(_TOO_LARGE)
        if any(isinstance(end, BlankNode) for triple in triples for end in (triple.subject, triple.object)):
            # The names of blank nodes differ from answer to answer, so no strong tag may say that they do not.
            g.pop("etag", None)
        return rdf.write(triples, media)
    assert media.results is not None
    out = _Capped()
    result.serialize(output=out, format=media.results)
    return out.getvalue()


def _format(result: Result, token: str) -> Media:
    """The format for an answer: the form of the query says whether it is a graph or a result."""
    if isinstance(result, QueryTriples):
        offered: tuple[Media, ...] = GRAPHS
        token = _OTHER_NAMES.get(token.lower(), token)
    else:
        offered = RESULTS[:2] if isinstance(result, QueryBoolean) else RESULTS
    accept = request.headers.get("Accept")
    media = by_token(token, offered) if token else choose(accept, offered)
    if media is None:
        raise refusal(token or accept or "", offered)
    return media


def _page(asked: Asked) -> str:
    """The editor with the answer below it, at most ``MOST_ROWS`` rows of it."""
    assert asked.query is not None
    result = run(asked)
    values: dict[str, Any] = {"text": asked.query, "examples": examples(), "asked": asked}
    if isinstance(result, QuerySolutions):
        names = [variable.value for variable in result.variables]
        rows = [[solution[name] for name in names] for solution in islice(result, MOST_ROWS + 1)]
        values |= {"columns": names, "rows": rows[:MOST_ROWS], "cut": len(rows) > MOST_ROWS, "formats": RESULTS}
    elif isinstance(result, QueryBoolean):
        values |= {"truth": bool(result), "formats": RESULTS[:2]}
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
