"""The list of municipalities: found by name, region, size, and what the graph knows of them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, request
from flask.typing import ResponseReturnValue

from strategigraf.catalogue import Table
from strategigraf.errors import NotFound
from strategigraf.media import CSV, HTML, JSON, XLSX
from strategigraf.names import fold
from strategigraf.text import Text
from strategigraf.web import http, render, site
from strategigraf.web.choices import Choices, both_ways, facet, heads, ordered, sift
from strategigraf.web.frameworks import as_file
from strategigraf.web.routes import both
from strategigraf.web.views.framework import regions, sizes
from strategigraf.web.views.places import SIZES, alphabetical, places

blueprint = Blueprint("municipalities", __name__)
FILES = {media.token: media for media in (CSV, XLSX, JSON)}
#: What the graph knows of the strategies of a municipality, the most first, and its message.
KNOWN = {
    "in-force": "municipalities.in_force", "known": "municipalities.known", "none": "municipalities.none",
}  # fmt: skip
READING = {"whole": "reading.whole", "part": "reading.part", "none": "reading.none"}
LISTED = {"yes": "fact.yes", "no": "fact.no"}
_TESTS: dict[str, Any] = {
    "region": lambda row: row["region"].rpartition("/")[2],
    "size": lambda row: row["size"],
    "strategy": lambda row: "in-force" if row["in_force"] != "0" else "known" if row["strategies"] != "0" else "none",
    "reading": lambda row: row["own_reading"],
    "listed": lambda row: "yes" if row["entries"] != "0" else "no",
}
_LABELS = {
    "region": "filter.region", "size": "filter.size", "strategy": "municipalities.strategy",
    "reading": "framework.own_reading", "listed": "municipalities.listed",
}  # fmt: skip
_KEYS: dict[str, Any] = {
    "name": lambda row: alphabetical(row["name"]),
    "code": lambda row: row["code"],
    "region": lambda row: alphabetical(row["region_label"]),
    "population": lambda row: -int(row["population"] or 0),
    "strategies": lambda row: -int(row["strategies"]),
    "in_force": lambda row: -int(row["in_force"]),
    "elements": lambda row: -int(row["elements"]),
    "frameworks": lambda row: -int(row["frameworks"]),
}
_COLUMNS = {
    "name": "framework.municipality", "code": "municipalities.code", "region": "filter.region",
    "population": "municipalities.population", "strategies": "municipality.strategies",
    "in_force": "municipalities.of_these", "elements": "strategy.elements", "frameworks": "municipalities.frameworks",
}  # fmt: skip


@both(blueprint, "/municipalities", "/municipalities.<ending>")
def listing(ending: str = "") -> ResponseReturnValue:
    """The municipalities that fit the choices, as a page, CSV, Excel or JSON.

    ``q`` is a part of a name or of a code. Raises BadParameter for an unknown choice and NotFound for another ending.
    """
    if ending and ending not in FILES:
        wanted = ", ".join(FILES)
        raise NotFound(
            Text(f"Listen findes som {wanted}, ikke {ending[:20]!r}.", f"The list is {wanted}, not {ending[:20]!r}.")
        )
    choices = Choices("/municipalities")
    words = {
        "region": regions(),
        "size": sizes(),
        "strategy": [(code, site.t(key)) for code, key in KNOWN.items()],
        "reading": [(code, site.t(key)) for code, key in READING.items()],
        "listed": [(code, site.t(key)) for code, key in LISTED.items()],
    }
    for name in _TESTS:
        choices.take(name, [code for code, _ in words[name]] if name != "size" else [code for code, _, _ in SIZES])
    sort = choices.take("sort", both_ways(_KEYS), "name")
    wanted = request.args.get("q", "").strip()[:100]
    if wanted:
        choices.values["q"] = wanted
    if kept := http.unchanged(ending or "html", by_day=True):
        return kept
    table = known()
    every = _rows(table)
    named = [row for row in every if _fits(row, wanted)]
    shown = ordered(sift(named, choices.values, _TESTS), sort, _KEYS)
    if ending:
        terms = dict(zip((row["municipality"] for row in every), table.rows, strict=True))
        some = Table(table.columns, tuple(terms[row["municipality"]] for row in shown))
        return as_file(some, FILES[ending], "municipalities", choices.values)
    body = render.html(
        "municipalities.html",
        q="",
        wanted=wanted,
        chosen={name: value for name, value in choices.values.items() if name != "q"},
        facets=[
            facet(choices, name, site.t(_LABELS[name]), words[name], sift(named, choices.values, _TESTS, name), test)
            for name, test in _TESTS.items()
        ],
        rows=shown,
        total=len(every),
        heads=heads(choices, [(key, site.t(label)) for key, label in _COLUMNS.items()], sort),
        files=[(kind, choices.file(f"/municipalities.{kind}")) for kind in FILES],
    )
    return http.reply(body, HTML)


def known() -> Table:
    """The answer of the public query ``municipalities`` today; asked once a day, since a release never changes."""
    day = site.today()
    kept: dict[Any, Table] = current_app.extensions.setdefault("strategigraf.municipalities", {})
    if day not in kept:
        answer = site.service().answer("municipalities", {}, day).table
        assert answer is not None
        kept.clear()
        kept[day] = answer
    return kept[day]


def _rows(table: Table) -> list[dict[str, str]]:
    sized = places()
    return [
        row | {"size": sized[row["municipality"]].size if row["municipality"] in sized else ""} for row in table.dicts()
    ]


def _fits(row: dict[str, str], wanted: str) -> bool:
    """Whether a name that the municipality has, or its code, holds the text."""
    if not wanted:
        return True
    named = site.service().names.things.get(row["municipality"])
    key = fold(wanted)
    return key in row["code"] or any(key in fold(name) for name in (row["name"], *(named.names if named else ())))
