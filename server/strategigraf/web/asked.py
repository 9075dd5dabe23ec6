"""What a request asks for, read from its query string; BadParameter, with what could be meant, where it cannot be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from flask import request

from strategigraf import ns
from strategigraf.errors import BadParameter
from strategigraf.header import Parameter
from strategigraf.settings import parse_day
from strategigraf.text import Text
from strategigraf.web import site, things

_LONGEST = 300


def only(*names: str) -> None:
    """BadParameter for a parameter that the page does not have."""
    for name in request.args:
        if name not in names:
            shown, wanted = name[:60], ", ".join(names)
            raise BadParameter(
                Text(
                    f"Siden har ingen parameter {shown!r}. Den har: {wanted}.",
                    f"The page has no parameter {shown!r}. It has: {wanted}.",
                )
            )


def choice(name: str, choices: Sequence[str], default: str = "") -> str:
    """One of some words."""
    value = request.args.get(name, "").strip() or default
    if value and value not in choices:
        raise _cannot(name, value, ", ".join(choices))
    return value


def several(name: str, choices: Sequence[str]) -> tuple[str, ...]:
    """Some of some words, in the order of the choices: the parameter repeated, or one with commas."""
    given = [one for value in request.args.getlist(name) for one in value.split(",") if one.strip()]
    for value in given:
        if value.strip() not in choices:
            raise _cannot(name, value, ", ".join(choices))
    wanted = {value.strip() for value in given}
    return tuple(one for one in choices if one in wanted)


def whole_number(name: str, least: int, most: int, default: int) -> int:
    """A whole number within bounds."""
    value = request.args.get(name, "").strip() or str(default)
    if not re.fullmatch(r"[0-9]{1,6}", value) or not least <= int(value) <= most:
        raise _cannot(name, value, f"{least}–{most}")
    return int(value)


def day(name: str, default: date) -> date:
    """A day written YYYY-MM-DD."""
    value = request.args.get(name, "").strip()
    return parse_day(value[:60], name) if value else default


def thing(name: str, kinds: Sequence[str], label: Text) -> str:
    """The IRI of a thing of one of some kinds, "" where none is asked for.

    It may be given by IRI, ``type/slug``, page, slug, code or name. Raises UnknownThing (404), with near names, for
    an address of ours that nothing has, and BadParameter (400) for what is no name at all.
    """
    value = request.args.get(name, "").strip()
    if not value:
        return ""
    if len(value) > _LONGEST:
        raise BadParameter(
            Text(f"{name} må have højst {_LONGEST} tegn.", f"{name} may have at most {_LONGEST} characters.")
        )
    short = value.removeprefix(site.service().settings.public_url).removeprefix(ns.ID).lstrip("/")
    short = re.sub(r"^(en/)?(doc|id)/", "", short)
    kind, mark, slug = short.partition("/")
    if mark and kind in ns.TYPES:
        iri = things.known(kind, slug.partition("#")[0])
        if kind in kinds:
            return iri
        raise _cannot(name, f"{kind}/{slug}", ", ".join(kinds))
    found = site.service().names.resolve(Parameter(name, "|".join(kinds), label), value)
    return found.value


def _cannot(name: str, value: str, wanted: str) -> BadParameter:
    shown = value[:60]
    return BadParameter(
        Text(f"{name} kan ikke være {shown!r}. Vælg: {wanted}.", f"{name} cannot be {shown!r}. Choose: {wanted}.")
    )
