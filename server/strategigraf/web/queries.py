"""The public queries: a catalogue, a page with a form for each, and the answers as files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from strategigraf.catalogue import Answer, Query
from strategigraf.errors import BadParameter, UserError
from strategigraf.exports import tables
from strategigraf.media import CSV, GRAPHS, HTML, JSON, XLSX, Media
from strategigraf.names import fold
from strategigraf.text import Text
from strategigraf.web import answers, calls, http, rdf, render, site
from strategigraf.web.fields import fields, lists
from strategigraf.web.negotiate import ending_of, pick
from strategigraf.web.routes import both

blueprint = Blueprint("queries", __name__)
TABLES: tuple[Media, ...] = (CSV, JSON, XLSX)
#: Triples of a graph that are shown on a page.
MOST_TRIPLES = 1000
#: Our own parameters beside those of the query, whose names have letters only: the order, and the part of the answer.
SORT, PART = "_sort", "_page"
#: The parts of the catalogue: message of the heading, and the tags that lead there. A query goes by its first tag.
PARTS: tuple[tuple[str, frozenset[str]], ...] = (
    ("query.part_follow", frozenset(("adoption", "framework"))),
    ("query.part_strategies", frozenset(("strategy", "time", "approval", "kl", "counts"))),
    ("query.part_municipalities", frozenset(("municipality", "comparison", "similarity"))),
    ("query.part_links", frozenset(("path", "alignment", "focus area", "elements"))),
    ("query.part_governance", frozenset(("governance", "organisation"))),
    ("query.part_documents", frozenset(("document", "findings", "guidance", "figures", "case", "technology"))),
)
_OTHERS, _REPORTS = "query.part_others", "query.reports"


@dataclass(frozen=True)
class Part:
    """A part of the catalogue: the message of its heading, and its queries by name."""

    key: str
    queries: tuple[Query, ...]


@both(blueprint, "/queries/")
def catalogue() -> ResponseReturnValue:
    """All public queries and reports by what they answer, or those whose words fit ``q``."""
    wanted = " ".join(request.args.get("q", "").split())
    if len(wanted) > 200:
        raise BadParameter(Text("q må have højst 200 tegn.", "q may have at most 200 characters."))
    if kept := http.unchanged("html"):
        return kept
    everything = site.service().catalogue.queries.values()
    found = [query for query in everything if fits(query, wanted)]
    body = render.html("queries.html", parts=parted(found), wanted=wanted, found=len(found), total=len(everything))
    return http.reply(body, HTML)


@both(blueprint, "/queries/<name>")
def query(name: str) -> ResponseReturnValue:
    """One query: its page, or its answer as CSV, JSON, Excel or Turtle, in the order of ``_sort`` where it is given.

    Raises NotFound for an unknown query, BadParameter for a parameter that cannot be used, and
    NotAcceptable for a format that is not on offer.
    """
    slug, ending = ending_of(name, (HTML, *TABLES, *GRAPHS))
    found = site.service().catalogue.get(slug)
    offered = (HTML, *(GRAPHS if found.is_graph else TABLES))
    media = pick(offered, ending)
    given = _given()
    order, part = given.pop(SORT, ""), _part(given.pop(PART, ""))
    if kept := http.unchanged(media.token, by_day=found.has_day or media is HTML):
        return kept
    if media is HTML:
        body, status = _page(found, given, order, part)
        return http.reply(body, HTML, status)
    answer = site.service().answer(found.name, given, site.today())
    response = http.reply(written(answer, media, order), media)
    filename = f"{found.name}-{site.service().release.name}.{media.token}"
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    if media is JSON:
        del response.headers["Content-Disposition"]
    return response


def written(answer: Answer, media: Media, order: str = "") -> bytes:
    """An answer in a format of files, in the order of a column."""
    if answer.table is None:
        return rdf.write(answer.triples, media)
    table = answers.ordered(answer.table, order)
    if media is CSV:
        return tables.as_csv(table)
    if media is XLSX:
        return tables.as_xlsx(table, answer.query.name)
    ordered = Answer(answer.query, answer.text, answer.parameters, table)
    return tables.as_json(ordered, site.service().release.name)


def parted(some: list[Query]) -> tuple[Part, ...]:
    """Queries in the parts of the catalogue, those without any left out; reports stand last."""
    found: dict[str, list[Query]] = {key: [] for key in (*(key for key, _ in PARTS), _OTHERS, _REPORTS)}
    for query in sorted(some, key=lambda one: one.name):
        found[_REPORTS if query.report else _home(query)].append(query)
    return tuple(Part(key, tuple(queries)) for key, queries in found.items() if queries)


def fits(query: Query, wanted: str) -> bool:
    """Whether every word of a text stands in a query's name, in what it says of itself, or in what it asks for."""
    head = query.header
    texts = [head.summary, head.description, *(one.label for one in head.parameters), *(head.columns or {}).values()]
    words = fold(" ".join([query.name, *(f"{text.da} {text.en}" for text in texts)]))
    return all(word in words for word in fold(wanted).split())


def _home(query: Query) -> str:
    for tag in query.header.tags:
        for key, tags in PARTS:
            if tag in tags:
                return key
    return _OTHERS


def _given() -> dict[str, str]:
    """The parameters of the request, ``format`` left out; BadParameter for one given twice."""
    given: dict[str, str] = {}
    for name, values in request.args.lists():
        if name == "format":
            continue
        if len(values) > 1:
            raise BadParameter(
                Text(f"{name[:80]!r} er givet {len(values)} gange.", f"{name[:80]!r} is given {len(values)} times.")
            )
        given[name] = values[0]
    return given


def _part(value: str) -> int:
    if not re.fullmatch(r"[0-9]{0,6}", value) or value.strip("0") == "" != value:
        raise BadParameter(Text(f"{PART} skal være et tal fra 1.", f"{PART} must be a number from 1."))
    return int(value or "1")


def _page(found: Query, given: dict[str, str], order: str, part: int) -> tuple[str, int]:
    """The page with the form and, where nothing required is missing, the answer; and its status."""
    answer, error, status = None, "", 200
    lacking = [p for p in found.header.parameters if p.required and not given.get(p.name) and not p.default]
    form = fields(found, given)
    try:
        known = {parameter.name for parameter in found.header.parameters}
        if unknown := {name: value for name, value in given.items() if name not in known}:
            site.service().catalogue.parameters(found, unknown, site.service().names, site.today())
        if not lacking or any(field.error for field in form):
            answer = site.service().answer(found.name, given, site.today())
    except UserError as problem:
        error, status = problem.message.in_language(site.language()), problem.status
    asked = {name: value for name, value in given.items() if value}
    sorted_ = asked | ({SORT: order} if order else {})
    path = f"/queries/{found.name}"
    formats = GRAPHS if found.is_graph else TABLES
    values: dict[str, Any] = {
        "found": found,
        "fields": form,
        "lists": lists(form),
        "answer": answer,
        "error": error,
        "wrong": [field for field in form if field.error],
        "lacking": bool(lacking),
        "text": answer.text if answer else found.text,
        "formats": formats,
        "query_string": _query_string(sorted_),
        "path": path,
        "command": _command(found, given),
        "canonical": site.page(path) + _query_string(asked),
    }
    if not lacking and not found.is_graph:
        values["samples"] = calls.table(site.url(f"{path}.csv") + _query_string(sorted_))
    if answer and answer.table:
        shown = answers.shown(answers.ordered(answer.table, order), part)
        values |= {
            "shown": shown,
            "heads": [_head(found, column, order, path, asked) for column in shown.columns],
            "empty": [_title(found, column) for column in shown.empty],
            "parts": [
                (number, site.page(path) + _query_string(sorted_ | ({PART: str(number)} if number > 1 else {})))
                for number in _around(shown.part, shown.parts)
            ],
        }
    elif answer:
        triples = answer.triples[:MOST_TRIPLES]
        values |= {"turtle": rdf.write(triples, GRAPHS[0]).decode(), "total": len(answer.triples), "most": MOST_TRIPLES}
    return render.html("query.html", **values), status


def _title(found: Query, column: str) -> str:
    title = (found.header.columns or {}).get(column)
    return title.in_language(site.language()) if title else column


def _head(found: Query, column: str, order: str, path: str, asked: Mapping[str, str]) -> dict[str, str]:
    """The head of a column: its title, how the answer is ordered by it, and the address of the next such order."""
    way = "ascending" if order == column else "descending" if order == f"-{column}" else ""
    following = f"-{column}" if way == "ascending" else column
    address = site.page(path) + _query_string({**asked, SORT: following}) + "#svar"
    return {"title": _title(found, column), "order": way, "address": address}


def _around(part: int, parts: int) -> list[int]:
    """The parts to link to: the first, the last, and those near."""
    return sorted({1, parts, *range(max(1, part - 2), min(parts, part + 2) + 1)})


def _query_string(given: Mapping[str, str]) -> str:
    return f"?{urlencode(given)}" if given else ""


def _command(found: Query, given: Mapping[str, str]) -> str:
    """The same question as a command."""
    options = (f"--{name} {_quoted(value)}" for name, value in given.items() if value)
    return " ".join(["strategigraf query", found.name, *options])


def _quoted(value: str) -> str:
    return value if value.replace("-", "").isalnum() and value.isascii() else "'" + value.replace("'", "'\\''") + "'"
