"""What a reader has chosen on a page: read from the address, checked, and written into the links of the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import request

from strategigraf.errors import BadParameter
from strategigraf.text import Text
from strategigraf.web import site


def choice(name: str, allowed: Iterable[str], default: str = "") -> str:
    """The value of a parameter, ``default`` where it is not given; BadParameter for another than those allowed."""
    value = request.args.get(name, "").strip() or default
    known = tuple(allowed)
    if value and value not in known:
        wanted = ", ".join(known)
        raise BadParameter(
            Text(
                f"{name} kan ikke være {value[:80]!r}. Vælg: {wanted}.",
                f"{name} cannot be {value[:80]!r}. Choose: {wanted}.",
            )
        )
    return value


@dataclass(frozen=True)
class Option:
    """One choice: its code, words, how many rows it leaves, its address, and whether it is chosen now."""

    code: str
    label: str
    count: int
    href: str
    chosen: bool


@dataclass(frozen=True)
class Facet:
    """A line of choices of which one holds; ``any`` is the address that holds none of them."""

    name: str
    label: str
    options: tuple[Option, ...]
    any: Option


@dataclass
class Choices:
    """The choices of a page that are not its defaults; ``fragment`` is where on it the links lead."""

    path: str
    fragment: str = ""
    values: dict[str, str] = field(default_factory=dict)

    def take(self, name: str, allowed: Iterable[str], default: str = "") -> str:
        """Read a choice, as ``choice``, and keep it for the links."""
        value = choice(name, allowed, default)
        if value != default:
            self.values[name] = value
        return value

    def href(self, **changes: str) -> str:
        """The address of the page with some choices changed; an empty value takes one away."""
        return site.page(self.path, **(self.values | changes)) + self.fragment

    def file(self, path: str) -> str:
        """The address of a file with the same choices; ``path`` has no language."""
        return site.url(path, **self.values)


def facet(
    choices: Choices,
    name: str,
    label: str,
    words: Sequence[tuple[str, str]],
    rows: Sequence[Any],
    code: Callable[[Any], str],
) -> Facet:
    """A line of choices with how many of ``rows`` each leaves; one that leaves none is left out unless it is chosen.

    ``words`` are codes and labels in their order, ``code`` gives that of a row.
    """
    counts = Counter(code(row) for row in rows)
    chosen = choices.values.get(name, "")
    options = tuple(
        Option(one, text, counts[one], choices.href(**{name: one}), one == chosen)
        for one, text in words
        if counts[one] or one == chosen
    )
    return Facet(
        name, label, options, Option("", site.t("filter.all"), len(rows), choices.href(**{name: ""}), not chosen)
    )


def sift(
    rows: Sequence[Any], chosen: Mapping[str, str], tests: Mapping[str, Callable[[Any], str]], but: str = ""
) -> list[Any]:
    """The rows that fit every choice, ``but`` one left out: what that one's counts are taken from."""
    active = [(test, chosen[name]) for name, test in tests.items() if name != but and chosen.get(name)]
    return [row for row in rows if all(test(row) == value for test, value in active)]


@dataclass(frozen=True)
class Head:
    """The head of a column: its key and words, and where a click leads: to its order, or to the reverse of it."""

    key: str
    label: str
    href: str
    order: str


def heads(choices: Choices, columns: Sequence[tuple[str, str]], sort: str) -> list[Head]:
    """The heads of columns that sort by their key; ``order`` is "" for those that the rows are not sorted by."""
    found = []
    for key, label in columns:
        order = {key: "ascending", f"-{key}": "descending"}.get(sort, "")
        found.append(Head(key, label, choices.href(sort=f"-{key}" if order == "ascending" else key), order))
    return found


def ordered(rows: Sequence[Any], sort: str, keys: Mapping[str, Callable[[Any], Any]]) -> list[Any]:
    """The rows by a key, or by the reverse of it (``-key``); equal ones stay as they stood."""
    return sorted(rows, key=keys[sort.removeprefix("-")], reverse=sort.startswith("-"))


def both_ways(keys: Iterable[str]) -> list[str]:
    """The values that ``sort`` can have."""
    return [way for key in keys for way in (key, f"-{key}")]
