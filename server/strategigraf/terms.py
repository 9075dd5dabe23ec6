"""RDF terms as SPARQL text, as plain cells and as JSON values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from strategigraf.errors import BadParameter
from strategigraf.ns import VOCABULARIES
from strategigraf.text import Text

Term = NamedNode | BlankNode | Literal | Triple
_XSD = VOCABULARIES["xsd"]
_NUMBERS = {_XSD + name for name in ("integer", "decimal", "double", "float", "nonNegativeInteger")}


@dataclass(frozen=True)
class Label:
    """The label of a thing or property; a language that the graph does not give is empty."""

    da: str = ""
    en: str = ""


def named_node(iri: str, parameter: str) -> NamedNode:
    """An IRI as a term; BadParameter, naming the parameter, where it is not an absolute IRI."""
    try:
        return NamedNode(iri)
    except ValueError:
        raise BadParameter(
            Text(
                f"{parameter}: {iri!r} er ikke en IRI. Skriv en hel IRI uden mellemrum, < og >.",
                f"{parameter}: {iri!r} is not an IRI. Write a whole IRI without spaces, < and >.",
            )
        ) from None


def day(value: date) -> Literal:
    """A day as xsd:date without a time zone, the only form that compares with the graph's dates."""
    return Literal(value.isoformat(), datatype=NamedNode(_XSD + "date"))


def sparql(term: NamedNode | Literal) -> str:
    """A term in SPARQL, with everything escaped that could end it early (SPARQL 1.1, 19.8)."""
    return str(term)


def cell(term: Term | None) -> str:
    """A term as plain text for a table: the IRI, or the literal's value."""
    if term is None:
        return ""
    if isinstance(term, NamedNode | Literal):
        return term.value
    return str(term)


def plain(term: Term | None) -> Any:
    """A term as a JSON value: numbers and booleans as such, other literals and IRIs as strings."""
    if term is None:
        return None
    if isinstance(term, Literal):
        datatype = term.datatype.value
        if datatype == _XSD + "boolean":
            return term.value in ("true", "1")
        if datatype in _NUMBERS:
            try:
                number = float(term.value)
            except ValueError:
                return term.value
            return int(number) if number.is_integer() and "." not in term.value else number
    return cell(term)
