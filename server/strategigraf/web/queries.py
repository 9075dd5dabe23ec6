"""The public queries: a catalogue, a page with a form for each, and the answers as files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from pyoxigraph import Literal, NamedNode

from strategigraf import ns, terms
from strategigraf.catalogue import Answer, Query, Table
from strategigraf.errors import BadParameter, UserError
from strategigraf.exports import tables
from strategigraf.header import Parameter
from strategigraf.media import CSV, GRAPHS, HTML, JSON, XLSX, Media
from strategigraf.text import Text
from strategigraf.web import http, rdf, render, site
from strategigraf.web.negotiate import ending_of, pick
from strategigraf.web.routes import both

blueprint = Blueprint("queries", __name__)
TABLES: tuple[Media, ...] = (CSV, JSON, XLSX)
MOST_ROWS = 1000
#: Columns of IRIs whose labels stand in a column that is not called ``…_label``.
LABELS = {
    "municipality": "name", "strategy": "title", "document": "document_title",
    "step_from": "from_label", "step_to": "to_label",
}  # fmt: skip


@both(blueprint, "/queries/")
def catalogue() -> ResponseReturnValue:
    """All public queries and reports."""
    if kept := http.unchanged("html"):
        return kept
    found = sorted(site.service().catalogue.queries.values(), key=lambda query: query.name)
    body = render.html(
        "queries.html",
        queries=[query for query in found if not query.report],
        reports=[query for query in found if query.report],
    )
    return http.reply(body, HTML)


@both(blueprint, "/queries/<name>")
def query(name: str) -> ResponseReturnValue:
    """One query: its page, or its answer as CSV, JSON, Excel or Turtle.

    Raises NotFound for an unknown query, BadParameter for a parameter that cannot be used, and
    NotAcceptable for a format that is not on offer.
    """
    slug, ending = ending_of(name, (HTML, *TABLES, *GRAPHS))
    found = site.service().catalogue.get(slug)
    offered = (HTML, *(GRAPHS if found.is_graph else TABLES))
    media = pick(offered, ending)
    given = _given()
    if kept := http.unchanged(media.token, by_day=found.has_day or media is HTML):
        return kept
    if media is HTML:
        body, status = _page(found, given)
        return http.reply(body, HTML, status)
    answer = site.service().answer(found.name, given, site.today())
    response = http.reply(written(answer, media), media)
    filename = f"{found.name}-{site.service().release.name}.{media.token}"
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    if media is JSON:
        del response.headers["Content-Disposition"]
    return response


def written(answer: Answer, media: Media) -> bytes:
    """An answer in a format of files."""
    if answer.table is None:
        return rdf.write(answer.triples, media)
    if media is CSV:
        return tables.as_csv(answer.table)
    if media is XLSX:
        return tables.as_xlsx(answer.table, answer.query.name)
    return tables.as_json(answer, site.service().release.name)


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


def _page(found: Query, given: dict[str, str]) -> tuple[str, int]:
    """The page with the form and, where nothing required is missing, the answer; and its status."""
    answer, error, status = None, None, 200
    lacking = [p for p in found.header.parameters if p.required and not given.get(p.name) and not p.default]
    try:
        if not lacking:
            answer = site.service().answer(found.name, given, site.today())
        else:
            known = {parameter.name for parameter in found.header.parameters}
            if unknown := set(given) - known:
                site.service().answer(found.name, {name: given[name] for name in unknown}, site.today())
    except UserError as problem:
        error, status = problem.message.in_language(site.language()), problem.status
    text = answer.text if answer else found.text
    query_string = urlencode({name: value for name, value in given.items() if value})
    path = f"/queries/{found.name}"
    values: dict[str, Any] = {
        "found": found,
        "fields": [_field(found.name, parameter, given) for parameter in found.header.parameters],
        "answer": answer,
        "error": error,
        "lacking": bool(lacking),
        "text": text,
        "formats": GRAPHS if found.is_graph else TABLES,
        "query_string": f"?{query_string}" if query_string else "",
        "path": path,
        "command": _command(found, given),
        "canonical": site.page(path) + (f"?{query_string}" if query_string else ""),
    }
    if answer and answer.table:
        columns, rows = shown(answer.table)
        values |= {"columns": columns, "rows": rows, "total": len(answer.table.rows)}
    elif answer:
        values |= {"turtle": rdf.write(answer.triples[:MOST_ROWS], GRAPHS[0]).decode(), "total": len(answer.triples)}
    return render.html("query.html", **values), status


def shown(table: Table) -> tuple[list[str], list[list[Any]]]:
    """The columns and cells for a page, at most ``MOST_ROWS`` rows.

    A column of IRIs and the column of their labels become one column of links, under the name of
    the labels' column; the files keep both.
    """
    names = list(table.columns)
    pairs = {one: LABELS.get(one, f"{one}_label") for one in names}
    pairs = {one: other for one, other in pairs.items() if other in names}
    if "label" in names and "label" not in pairs.values() and (owner := _labelled(table, pairs)):
        pairs[owner] = "label"
    place = {name: names.index(min(name, pairs.get(name, name), key=names.index)) for name in names}
    kept = sorted((name for name in names if name not in pairs.values()), key=place.__getitem__)
    rows = []
    for row in table.rows[:MOST_ROWS]:
        found = dict(zip(names, row, strict=True))
        either = {name: found.get(pairs.get(name, "")) if found[name] is None else found[name] for name in kept}
        rows.append([cell(name, term) for name, term in either.items()])
    return [pairs.get(name, name) for name in kept], rows


#: The scheme that the parameter ``kind`` of a query takes its codes from.
KINDS = {"guidance": "guidance", "findings": "finding"}

#: Columns whose values are codes, told in the words of the page's language.
CODED = frozenset(
    (
        "relation", "status", "own_reading", "corpus", "level", "basis", "in_force", "way", "kind", "confidence",
        "origin", "precision", "period_kind", "operator", "what",
    )
)  # fmt: skip


def cell(column: str, term: terms.Term | None) -> Any:
    """A cell of a table: links with labels, codes in words, and a dash where nothing is stated."""
    if term is None:
        return "–"
    if column.startswith("evidence_phrase"):
        return Markup('<q lang="da" class="phrase">{}</q>').format(terms.cell(term))
    if column == "reason":
        return render.official(terms.cell(term))
    if isinstance(term, Literal) and not term.language and term.datatype.value.endswith("#string"):
        if column in CODED:
            return render.coded("status" if column == "way" else column, term.value)
        return term.value
    if isinstance(term, NamedNode | Literal):
        return render.value(term)
    return str(term)


def _command(found: Query, given: dict[str, str]) -> str:
    """The same question as a command."""
    options = (f"--{name} {_quoted(value)}" for name, value in given.items() if value)
    return " ".join(["strategigraf query", found.name, *options])


def _quoted(value: str) -> str:
    return value if value.replace("-", "").isalnum() and value.isascii() else "'" + value.replace("'", "'\\''") + "'"


def _labelled(table: Table, pairs: Mapping[str, str]) -> str | None:
    """The column of IRIs that a column ``label`` names: the nearest before it that has no label yet, else ``item``."""
    names = list(table.columns)
    before = [name for name in names[: names.index("label")] if name not in pairs]
    for name in (*reversed(before), "item"):
        cells = [row[names.index(name)] for row in table.rows[:MOST_ROWS]] if name in names else []
        if any(isinstance(one, NamedNode) for one in cells):
            return name
    return None


def _field(query: str, parameter: Parameter, given: dict[str, str]) -> dict[str, Any]:
    """A field of the form: its label, value and choices."""
    value = given.get(parameter.name, "") or parameter.default or ""
    choices: Sequence[tuple[str, str]] = ()
    language = site.language()
    if parameter.type == "choice":
        scheme = KINDS.get(query, "") if parameter.name == "kind" else parameter.name
        choices = [(choice, render.coded(scheme or parameter.name, choice)) for choice in parameter.choices]
    elif parameter.kinds and parameter.type != "thing":
        things = (one for one in site.service().names.things.values() if one.type in parameter.kinds)
        choices = sorted(((one.slug, one.label(language)) for one in things), key=lambda choice: choice[1].casefold())
        parts = ns.split(value)
        value = parts[1] if parts else value
        if parameter.type == "municipality":
            value = dict(choices).get(value, value)
    elif parameter.type == "date" and not value:
        value = site.today().isoformat()
    return {
        "name": parameter.name,
        "label": parameter.label.in_language(language),
        "type": parameter.type,
        "required": parameter.required,
        "value": value,
        "choices": choices,
    }
