"""The ``#+`` header of a query file: YAML that makes the file a page, an operation and a command."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

try:
    from yaml import CBaseLoader as _Loader
except ImportError:  # pragma: no cover (PyYAML without libyaml)
    from yaml import BaseLoader as _Loader  # type: ignore[assignment]

from strategigraf.errors import StrategigrafError
from strategigraf.ns import TYPES
from strategigraf.text import Text

#: What a parameter can be: a kind of thing (or one of several: `strategy|document`), a day, one of some words,
#: or any thing at all.
PARAMETER_TYPES = (
    "municipality",
    "framework",
    "strategy",
    "document",
    "thing",
    "date",
    "choice",
)
_KEYS = {"summary", "description", "tags", "params", "columns", "code", "mend", "severity", "since"}
_PARAM_KEYS = {"type", "label", "default", "required", "choices"}


class HeaderError(StrategigrafError):
    """A query header that cannot be read."""


@dataclass(frozen=True)
class Parameter:
    """One parameter: in the file it is the variable ``?_name``."""

    name: str
    type: str
    label: Text
    default: str | None = None
    required: bool = False
    choices: tuple[str, ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of thing that a value may be; empty for a day and for one of some words."""
        if self.type == "thing":
            return TYPES
        return tuple(kind for kind in self.type.split("|") if kind in TYPES)


@dataclass(frozen=True)
class Header:
    """What a query file says of itself."""

    summary: Text
    description: Text
    tags: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    columns: Mapping[str, Text] | None = None
    code: str = ""
    mend: Text | None = None
    severity: str = "violation"
    since: str = ""


def read(text: str, name: str) -> tuple[Header, str]:
    """The header and the query below it. Every YAML scalar is text: `on` is a name, not a truth.

    Raises HeaderError, naming the file, where the header is missing, is not YAML, or has a key
    that is not known.
    """
    lines = text.split("\n")
    count = next((n for n, line in enumerate(lines) if not line.startswith("#+")), len(lines))
    if not count:
        raise _error(name, "hovedet mangler: begynd filen med linjer, der starter med #+",
                     "the header is missing: begin the file with lines that start with #+")  # fmt: skip
    try:
        block = "\n".join(line[2:].removeprefix(" ") for line in lines[:count])
        data = yaml.load(block, _Loader)  # noqa: S506 (builds text, lists and mappings only)
    except yaml.YAMLError as error:
        raise _error(name, f"hovedet er ikke YAML: {error}", f"the header is not YAML: {error}") from error
    if not isinstance(data, dict):
        raise _error(name, "hovedet er ikke en YAML-tabel", "the header is not a YAML mapping")
    unknown = sorted(set(data) - _KEYS)
    if unknown:
        raise _error(name, f"ukendte nøgler: {unknown}", f"unknown keys: {unknown}")
    if "endpoint" in data:
        raise _error(name, "endpoint er ikke tilladt", "endpoint is not allowed")
    summary = _text(data.get("summary"), name, "summary")
    query = "\n".join(lines[count:]).strip("\n") + "\n"
    parameters = tuple(_parameter(key, value, name) for key, value in (data.get("params") or {}).items())
    written = set(re.findall(r"\?_([A-Za-z]+)\b", query))
    if written != {parameter.name for parameter in parameters}:
        raise _error(
            name,
            f"params i hovedet og ?_variabler i teksten er ikke de samme: {sorted(written)}",
            f"params in the header and ?_variables in the text differ: {sorted(written)}",
        )
    columns = data.get("columns")
    return (
        Header(
            summary=summary,
            description=_text(data.get("description", data.get("summary")), name, "description"),
            tags=tuple(data.get("tags") or ()),
            parameters=parameters,
            columns={key: _text(value, name, key) for key, value in columns.items()} if columns else None,
            code=str(data.get("code", name)),
            mend=_text(data["mend"], name, "mend") if "mend" in data else None,
            severity=str(data.get("severity", "violation")),
            since=str(data.get("since", "")),
        ),
        query,
    )


def _parameter(key: str, value: Any, name: str) -> Parameter:
    if not re.fullmatch(r"[a-zA-Z]+", key):
        raise _error(name, f"parameternavnet {key!r} må kun have bogstaver",
                     f"the parameter name {key!r} may hold letters only")  # fmt: skip
    if not isinstance(value, dict) or set(value) - _PARAM_KEYS:
        raise _error(name, f"parameteren {key} har ukendte nøgler", f"parameter {key} has unknown keys")
    kinds = str(value.get("type", "")).split("|")
    if not set(kinds) <= set(PARAMETER_TYPES if len(kinds) == 1 else TYPES):
        raise _error(name, f"parameteren {key} har ingen kendt type", f"parameter {key} has no known type")
    default = value.get("default")
    return Parameter(
        key,
        value["type"],
        _text(value.get("label"), name, key),
        None if default is None else str(default),
        value.get("required") == "true",
        tuple(str(choice) for choice in value.get("choices", ())),
    )


def _text(value: Any, name: str, key: str) -> Text:
    if isinstance(value, dict) and set(value) == {"da", "en"}:
        return Text(" ".join(str(value["da"]).split()), " ".join(str(value["en"]).split()))
    raise _error(name, f"{key} skal have da og en", f"{key} needs da and en")


def _error(name: str, da: str, en: str) -> HeaderError:
    return HeaderError(Text(f"{name}: {da}.", f"{name}: {en}."))
