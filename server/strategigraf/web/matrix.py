"""The matrix: municipalities against frameworks, focus areas or themes, as a page and as files of the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue
from pyoxigraph import Literal, NamedNode

from strategigraf.catalogue import Table
from strategigraf.media import CSV, HTML, XLSX, Media
from strategigraf.web import http, render, site
from strategigraf.web.choices import Choices, Facet, Head, Option, both_ways, facet, heads, ordered, sift
from strategigraf.web.frameworks import as_file
from strategigraf.web.routes import both
from strategigraf.web.views import framework, matrix
from strategigraf.web.views.matrix import COLUMNS, Column, Holder, Line
from strategigraf.web.views.places import SIZES, alphabetical
from strategigraf.web.views.standing import CORPORA, standings

blueprint = Blueprint("matrix", __name__)

_KINDS = {
    "frameworks": "matrix.kind_frameworks", "areas": "matrix.kind_areas", "typical": "matrix.kind_typical",
    "themes": "matrix.kind_themes",
}  # fmt: skip
_FIXED: dict[str, Any] = {
    "name": lambda line: alphabetical(line.name),
    "region": lambda line: (line.region, line.place.code),
    "population": lambda line: line.place.population,
    "filled": lambda line: (-len(line.cells), -sum(cell.rank for cell in line.cells.values())),
}
_LABELS = {
    "name": "matrix.municipality", "region": "filter.region", "population": "framework.population",
    "filled": "matrix.filled",
}  # fmt: skip
TESTS: dict[str, Any] = {
    "region": lambda line: line.region.rpartition("/")[2],
    "size": lambda line: line.place.size if line.place else "",
    "rows": lambda line: "some" if line.something else "none",
}


@dataclass(frozen=True)
class Chosen:
    """The matrix as a reader has chosen to see it."""

    choices: Choices
    kind: str
    corpus: str
    holder: Holder | None
    holders: list[Holder]
    columns: list[Column]
    lines: list[Line]
    total: int
    facets: list[Facet]
    heads: dict[str, Head]


@both(blueprint, "/matrix")
def page() -> ResponseReturnValue:
    """The matrix as a page; BadParameter for a choice that is not known."""
    chosen = choose()
    if kept := http.unchanged("html", by_day=True):
        return kept
    choices = chosen.choices
    body = render.html(
        "matrix.html",
        chosen=chosen,
        columns=chosen.columns,
        lines=chosen.lines,
        heads=chosen.heads,
        kinds=[
            (site.t(_KINDS[kind]), choices.href(columns=kind, strategy="", rows="", sort=""), kind == chosen.kind)
            for kind in COLUMNS
        ],
        holders=[(one, choices.href(strategy=one.slug, sort=""), one == chosen.holder) for one in chosen.holders],
        corpora=[(one, choices.href(corpus="" if one == "all" else one), one == chosen.corpus) for one in CORPORA],
        files=[(kind, choices.file(f"{site.language_prefix()}/matrix.{kind}")) for kind in ("csv", "xlsx")],
        legend=_legend(chosen),
    )
    return http.reply(body, HTML)


@both(blueprint, "/matrix.csv")
def as_csv() -> ResponseReturnValue:
    """What the matrix shows, as CSV."""
    return _file(CSV)


@both(blueprint, "/matrix.xlsx")
def as_xlsx() -> ResponseReturnValue:
    """What the matrix shows, as an Excel workbook."""
    return _file(XLSX)


def choose() -> Chosen:
    """Read the choices from the address, and fill in the matrix; BadParameter for one that is not known."""
    choices = Choices("/matrix")
    kind = choices.take("columns", COLUMNS, "frameworks")
    corpus = choices.take("corpus", CORPORA, "all")
    choices.take("region", [slug for slug, _ in framework.regions()])
    choices.take("size", [code for code, _, _ in SIZES])
    rows = choices.take("rows", ("some", "all"), "all" if kind == "frameworks" else "some")
    lines = matrix.lines()
    every = matrix.holders() if kind in ("areas", "typical") else []
    documents = [one for one in every if "/document/" in one.iri]
    strategies = [one for one in every if "/document/" not in one.iri]
    holder = None
    if kind == "areas" and strategies:
        slug = choices.take("strategy", [one.slug for one in strategies], strategies[0].slug)
        holder = next(one for one in strategies if one.slug == slug)
        columns = matrix.areas(lines, corpus, [holder.iri])
    elif kind in matrix.FILL:
        columns = matrix.FILL[kind](lines, corpus)
    else:
        columns = matrix.areas(lines, corpus, [one.iri for one in documents]) if documents else []
    keys = _FIXED | {column.key: _by(column.key) for column in columns}
    sort = choices.take("sort", both_ways(keys), "name")
    values = choices.values | {"rows": "some" if rows == "some" else ""}
    names = [(key, site.t(label)) for key, label in _LABELS.items()] + [(one.key, one.name) for one in columns]
    words = {"region": framework.regions(), "size": framework.sizes()}
    labels = {"region": site.t("filter.region"), "size": site.t("filter.size")}
    everyone = list(lines.values())
    return Chosen(
        choices,
        kind,
        corpus,
        holder,
        strategies,
        columns,
        ordered(ordered(sift(everyone, values, TESTS), "name", keys), sort, keys),
        len(everyone),
        [
            *(
                facet(choices, name, labels[name], words[name], sift(everyone, values, TESTS, name), TESTS[name])
                for name in words
            ),
            _rows(choices, rows, sift(everyone, values, TESTS, "rows")),
        ],
        {one.key: one for one in heads(choices, names, sort)},
    )


def _rows(choices: Choices, rows: str, some: Sequence[Line]) -> Facet:
    """The choice between those with anything in their cells and all of them."""
    filled = sum(line.something for line in some)
    return Facet(
        "rows",
        site.t("matrix.show"),
        (Option("some", site.t("matrix.rows_some"), filled, choices.href(rows="some"), rows == "some"),),
        Option("all", site.t("matrix.rows_all"), len(some), choices.href(rows="all"), rows == "all"),
    )


def _by(key: str) -> Any:
    return lambda line: -line.cells[key].rank if key in line.cells else 1


def _legend(chosen: Chosen) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """The marks that are seen, each with its colour and words: those of statuses, then those that give none."""
    if chosen.kind == "themes":
        return []
    seen: dict[tuple[str, str, str], int] = {}
    for line in chosen.lines:
        for cell in line.cells.values():
            key = (cell.tone, cell.mark, cell.words)
            seen[key] = max(seen.get(key, cell.rank), cell.rank)
    known = standings().by_code
    firmest = sorted(seen, key=lambda one: -seen[one])
    return [
        (site.t("filter.status"), [one for one in firmest if one[0] in known]),
        (
            site.t("matrix.claims" if chosen.kind == "frameworks" else "claim.title"),
            [one for one in firmest if one[0] not in known],
        ),
    ]


def _file(media: Media) -> ResponseReturnValue:
    chosen = choose()
    if kept := http.unchanged(media.token, by_day=True):
        return kept
    return as_file(table(chosen), media, f"matrix-{chosen.kind}", chosen.choices.values)


def table(chosen: Chosen) -> Table:
    """What is shown. Each column has two more beside it: the IRIs that its cells rest on, and their addresses here."""
    names = ["municipality", "code", "name", "region", "population", "own_reading"]
    for column in chosen.columns:
        names += [column.name, f"{column.name} (IRI)", f"{column.name} ({site.t('matrix.address')})"]
    rows = []
    for line in chosen.lines:
        place = line.place
        row: list[Any] = [
            NamedNode(line.iri),
            Literal(place.code) if place else None,
            Literal(line.name),
            Literal(site.plain_name(line.region)) if line.region else None,
            Literal(place.population) if place and place.population else None,
            Literal(line.reading),
        ]
        for column in chosen.columns:
            cell = line.cells.get(column.key)
            if cell is None:
                row += [None, None, None]
                continue
            shown = Literal(len(cell.entries)) if chosen.kind == "themes" else Literal(cell.words)
            iris = [entry.iri for entry in cell.entries]
            row += [shown, Literal(" ".join(iris)), Literal(" ".join(site.address(iri) for iri in iris))]
        rows.append(tuple(row))
    return Table(tuple(names), tuple(rows))
