"""Comparing municipalities: the page, and the form that asks which."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from urllib.parse import urlencode

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from strategigraf.errors import BadParameter
from strategigraf.header import Parameter
from strategigraf.media import HTML
from strategigraf.terms import cell
from strategigraf.text import Text
from strategigraf.web import http, render, site
from strategigraf.web.routes import both
from strategigraf.web.views import compare as view
from strategigraf.web.views.framework import READINGS
from strategigraf.web.views.places import alphabetical, places

blueprint = Blueprint("compare", __name__)
FEWEST, MOST = 2, 4
#: Pairs that the form offers to begin with: both read whole, and one that corresponds to the other.
EXAMPLES = (("0727", "0707"), ("0340", "0727"))
_LONGEST = 200
_PARAMETER = Parameter("m", "municipality", Text("Kommune", "Municipality"))


@both(blueprint, "/compare")
def page() -> ResponseReturnValue:
    """Two to four municipalities side by side; the form alone, with what is wrong, where there are not so many.

    None, or one, is how a comparison begins: status 200. More than four, one twice and no other, or one that is not
    known: status 400, with the form.
    """
    given, errors = _given()
    chosen = list(dict.fromkeys(iri for _, iri in given if iri))
    if len(chosen) > MOST:
        errors.append(Text(f"Vælg højst {MOST} kommuner.", f"Choose at most {MOST} municipalities."))
    elif len(chosen) == 1 and len(given) > 1 and not errors:
        errors.append(Text("Det er den samme kommune. Vælg en til.", "It is the same municipality. Choose another."))
    if kept := http.unchanged("html", by_day=True):
        return kept
    found = view.compare(chosen) if FEWEST <= len(chosen) <= MOST and not errors else None
    language = site.language()
    shown = [site.plain_name(iri) if iri else text for text, iri in given][:MOST]
    body = render.html(
        "compare.html",
        found=found,
        repeated=len(given) > len(chosen) and found is not None,
        errors=[error.in_language(language) for error in errors],
        fields=shown + [""] * (MOST - len(shown)),
        offered=sorted(((place.code, site.plain_name(iri)) for iri, place in places().items()), key=_by_name),
        suggested=_suggested(chosen[0]) if len(chosen) == 1 else [],
        examples=[(address(codes), " – ".join(map(_name, codes))) for codes in EXAMPLES if not found],
        pairs=_pairs(found.sides) if found else [],
        main=view.main,
        **(view.shown(found) if found else {}),
        readings={code: site.t(key) for code, key in READINGS.items()},
        canonical=address([side.code for side in found.sides]) if found else site.page("/compare"),
    )
    return http.reply(body, HTML, 400 if errors else 200)


def address(codes: Sequence[str]) -> str:
    """The address of a comparison, by the codes of the municipalities."""
    return site.page("/compare") + "?" + urlencode([("m", code) for code in codes])


def _given() -> tuple[list[tuple[str, str]], list[Text]]:
    """What was typed with the IRI that it means ("" for none), and what is wrong with it."""
    names = site.service().names
    given, errors = [], []
    for value in request.args.getlist("m")[: 4 * MOST]:
        text = " ".join(value.split())
        if not text:
            continue
        iri = ""
        if len(text) > _LONGEST:
            text = text[:_LONGEST]
            errors.append(Text("Navnet er for langt.", "The name is too long."))
        else:
            try:
                iri = cell(names.resolve(_PARAMETER, text))
            except BadParameter as error:
                errors.append(error.message)
        given.append((text, iri))
    return given, errors


def _suggested(iri: str) -> list[tuple[str, str]]:
    """The municipalities that are most like one, each with the address of the comparison."""
    answer = site.service().answer("similar_municipalities", {"municipality": iri}, site.today())
    rows = answer.table.dicts()[:6] if answer.table else []
    code = iri.rpartition("/")[2]
    return [
        (site.plain_name(row["municipality"]), address([code, row["municipality"].rpartition("/")[2]])) for row in rows
    ]


def _pairs(sides: list[view.Side]) -> list[tuple[str, dict[str, str]]]:
    """Each pair with its address as a public query, which gives the same as files."""
    return [(f"{one.name} – {other.name}", {"a": one.code, "b": other.code}) for one, other in combinations(sides, 2)]


def _name(code: str) -> str:
    return next((site.plain_name(iri) for iri, place in places().items() if place.code == code), code)


def _by_name(one: tuple[str, str]) -> str:
    return alphabetical(one[1])
