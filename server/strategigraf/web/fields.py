"""The form of a public query: a field for each parameter, with the values that the data offer, and what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pyoxigraph import NamedNode

from strategigraf import ns
from strategigraf.catalogue import Query
from strategigraf.errors import BadParameter
from strategigraf.header import Parameter
from strategigraf.names import Named
from strategigraf.terms import cell
from strategigraf.web import render, site
from strategigraf.web.answers import danish

#: The scheme that the parameter ``kind`` of a query takes its codes from.
KINDS = {"guidance": "guidance", "findings": "finding"}
#: What is offered where a parameter may be anything: the things that lines of ``sg:leadsTo`` are drawn between.
_ANYTHING = ("municipality", "strategy", "series", "framework", "element")
_LEVELS = """SELECT ?thing ?group WHERE {
  ?thing a sg:Strategy ; sg:level ?group . ?group sg:order ?order
} ORDER BY ?order ?thing"""
#: Documents from which something was taken, those read whole first.
_DOCUMENTS = """SELECT DISTINCT ?thing ?group WHERE {
  ?thing a sg:SourceDocument ; sg:corpus ?group .
  FILTER EXISTS { ?item sg:itemOf|sg:entryOf|sg:elementOf|dct:source ?thing }
} ORDER BY DESC(?group) ?thing"""


@dataclass(frozen=True)
class Group:
    """Values offered under one heading (empty where there is one group only): each as it is sent, and its name."""

    heading: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Field:
    """One field. ``control`` is ``select``, ``list`` (a field with suggestions) or ``date``; ``list`` names them."""

    name: str
    label: str
    control: str
    required: bool
    value: str
    error: str = ""
    hint: str = ""
    list: str = ""
    groups: tuple[Group, ...] = ()

    @property
    def stray(self) -> bool:
        """Whether the value is none of those that a select offers, so that it needs an option of its own."""
        return bool(self.value) and all(self.value != value for group in self.groups for value, _ in group.options)


def fields(query: Query, given: Mapping[str, str]) -> tuple[Field, ...]:
    """The fields of a query's form, filled with what was given."""
    return tuple(_field(query.name, parameter, given) for parameter in query.header.parameters)


def lists(some: Iterable[Field]) -> dict[str, tuple[Group, ...]]:
    """The suggestions of the fields that have any, each list once."""
    return {field.list: field.groups for field in some if field.control == "list" and field.list}


def _field(query: str, parameter: Parameter, given: Mapping[str, str]) -> Field:
    language = site.language()
    value, error, iri = given.get(parameter.name, "").strip() or parameter.default or "", "", ""
    if value:
        try:
            term = site.service().names.resolve(parameter, value)
            iri = term.value if isinstance(term, NamedNode) else ""
        except BadParameter as problem:
            error = problem.message.in_language(language).removeprefix(f"{parameter.name}: ")
    control, hint, named, groups = "list", "", "", tuple[Group, ...]()
    if parameter.type == "choice":
        scheme = KINDS.get(query, "") if parameter.name == "kind" else ""
        options = tuple((one, render.coded(scheme or parameter.name, one)) for one in parameter.choices)
        control, groups = "select", (Group("", options),)
    elif parameter.type == "date":
        control, value = "date", value or site.today().isoformat()
    elif parameter.type == "municipality":
        named, hint = "municipality", site.t("query.hint_municipality")
        value = site.service().names.label(iri, "da") or value
        groups = (Group("", tuple((one.label("da"), one.slug) for one in _of(("municipality",)))),)
    elif parameter.type == "thing":
        named, hint = "thing", site.t("query.hint_thing")
        value = _short(iri) or value
        groups = (Group("", tuple((f"{one.type}/{one.slug}", one.label(language)) for one in _of(_ANYTHING))),)
    else:
        slugs = Counter(one.slug for one in site.service().names.things.values() if one.type in parameter.kinds)
        control, groups = "select", tuple(_grouped(parameter.kinds, slugs))
        parts = ns.split(iri)
        value = _sent(parts[1], iri, slugs) if parts else value
    return Field(
        parameter.name, parameter.label.in_language(language), control, parameter.required, value, error, hint, named,
        groups,
    )  # fmt: skip


def _sent(slug: str, iri: str, slugs: Mapping[str, int]) -> str:
    """What is sent for a thing: its slug, or its IRI where things of two kinds share the slug."""
    return iri if slugs[slug] > 1 else slug


def _grouped(kinds: tuple[str, ...], slugs: Mapping[str, int]) -> Iterable[Group]:
    """The things of some kinds under headings: strategies by level, documents by how much was read, others by kind."""
    language, known = site.language(), site.service().names.things
    for kind in kinds:
        query = {"strategy": _LEVELS, "document": _DOCUMENTS}.get(kind)
        if query is None:
            heading = site.t(f"type.{kind}") if len(kinds) > 1 else ""
            yield Group(heading[:1].upper() + heading[1:], _options(_of((kind,)), slugs))
            continue
        found: dict[str, list[Named]] = {}
        for row in site.service().store.select(query):
            if named := known.get(cell(row["thing"])):
                found.setdefault(cell(row["group"]), []).append(named)
        for group, some in found.items():
            heading = site.plain_name(group)
            if len(kinds) > 1:
                heading = f"{site.t(f'type.{kind}')}: {heading}"
            yield Group(
                heading[:1].upper() + heading[1:],
                _options(sorted(some, key=lambda one: danish(one.label(language))), slugs),
            )


def _options(some: Iterable[Named], slugs: Mapping[str, int]) -> tuple[tuple[str, str], ...]:
    language = site.language()
    return tuple((_sent(one.slug, one.iri, slugs), one.label(language)) for one in some)


def _of(kinds: Iterable[str]) -> list[Named]:
    """The things of some kinds, kind by kind, by name."""
    language, order = site.language(), tuple(kinds)
    some = [one for one in site.service().names.things.values() if one.type in order]
    return sorted(some, key=lambda one: (order.index(one.type), danish(one.label(language))))


def _short(iri: str) -> str:
    parts = ns.split(iri)
    return "/".join(parts) if parts and "#" not in iri else ""
