"""The ontology at its own address: 200 there, and each term leads to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from pyoxigraph import Literal, NamedNode, Triple

from strategigraf import ns
from strategigraf.catalogue import Table
from strategigraf.describe import Description, bare
from strategigraf.errors import NotFound
from strategigraf.exports import tables
from strategigraf.media import CSV, GRAPHS, HTML, Media
from strategigraf.profile import Profile
from strategigraf.terms import cell
from strategigraf.text import Text
from strategigraf.web import diagram, http, profiles, rdf, render, site
from strategigraf.web.negotiate import DOCUMENT, ending_of, pick
from strategigraf.web.routes import both
from strategigraf.web.views import changed

blueprint = Blueprint("ontology", __name__)


def _joined(out: str, path: str, extra: str) -> str:
    """A pattern that binds ``?out`` to all values of a path, in order, with a semicolon between."""
    return f"""OPTIONAL {{ SELECT ?thing (GROUP_CONCAT(?text; separator="; ") AS ?{out}) WHERE {{
      {{ SELECT DISTINCT ?thing ?text WHERE {{
        ?thing {path} ?v {extra} BIND(STR(?v) AS ?text)
      }} ORDER BY ?thing ?text }}
    }} GROUP BY ?thing }}"""


_CONCEPTS = """SELECT ?scheme ?iri ?code ?da ?en (COALESCE(?count, 0) AS ?uses) WHERE {
  ?scheme a skos:ConceptScheme ; rdfs:label ?title . FILTER(LANG(?title) = "da")
  ?iri skos:inScheme ?scheme ; skos:notation ?code ; skos:definition ?da , ?en .
  FILTER(LANG(?da) = "da" && LANG(?en) = "en")
  OPTIONAL { ?iri sg:order ?order }
  OPTIONAL {
    SELECT ?iri (COUNT(*) AS ?count) WHERE { ?iri skos:inScheme ?any . ?thing ?property ?iri } GROUP BY ?iri
  }
} ORDER BY ?title ?order ?code"""
_DOCUMENTS = """SELECT ?document ?strategy (COALESCE(?i, 0) AS ?items) (COALESCE(?e, 0) AS ?elements)
  (COALESCE(?r, 0) AS ?rows) (COALESCE(?f, 0) AS ?figures) (COALESCE(?p, 0) AS ?places) WHERE {
  ?document a sg:SourceDocument ; sg:corpus concept:corpus-read .
  OPTIONAL { ?document sg:textOf ?strategy }
  OPTIONAL { SELECT ?document (COUNT(?x) AS ?i) WHERE { ?x sg:itemOf ?document } GROUP BY ?document }
  OPTIONAL {
    SELECT ?document (COUNT(DISTINCT ?x) AS ?e) WHERE {
      ?x sg:elementOf ?whole ; sg:evidence/dct:source ?document
    } GROUP BY ?document
  }
  OPTIONAL { SELECT ?document (COUNT(?x) AS ?r) WHERE { ?x sg:entryOf ?document } GROUP BY ?document }
  OPTIONAL {
    SELECT ?document (COUNT(DISTINCT ?x) AS ?f) WHERE {
      ?x a qb:Observation ; sg:evidence/dct:source ?document
    } GROUP BY ?document
  }
  OPTIONAL {
    SELECT ?document (COUNT(?x) AS ?p) WHERE { ?x a sg:TextEvidence ; dct:source ?document } GROUP BY ?document
  }
} ORDER BY ?document"""
#: The columns of the concept list of the Danish common public-sector model rules, with the English beside.
_COLUMNS = (
    "Foretrukken term (da)", "Foretrukken term (en)", "Accepteret term", "Frarådet term", "Definition (da)",
    "Definition (en)", "Anvendelsesnote", "Kilde", "Tilhører emneområde", "Identifikator",
)  # fmt: skip
_LIST = f"""SELECT ?c0 ?c1 ?c2 ?c3 ?c4 ?c5 ?c6 ?c7 ?c8 ?c9 WHERE {{
  {{ ?thing rdfs:isDefinedBy sg: . BIND("ja" AS ?c8) }}
  UNION {{ ?thing a skos:Concept ; skos:inScheme/rdfs:label ?c8 . FILTER(LANG(?c8) = "da") }}
  ?thing rdfs:label ?c0 , ?c1 ; skos:definition ?c4 , ?c5 .
  FILTER(LANG(?c0) = "da" && LANG(?c1) = "en" && LANG(?c4) = "da" && LANG(?c5) = "en")
  OPTIONAL {{ ?thing skos:scopeNote ?c6 . FILTER(LANG(?c6) = "da") }}
  {_joined("c2", "skos:altLabel", 'FILTER(LANG(?v) = "da")')}
  {_joined("c3", "skos:hiddenLabel", 'FILTER(LANG(?v) = "da")')}
  {_joined("c7", "dct:source|skos:inScheme/dct:source", "")}
  BIND(STR(?thing) AS ?c9)
}} ORDER BY ?c8 ?c9"""
_SECTIONS = (("class", "owl:Class"), ("link", "owl:ObjectProperty"), ("value", "owl:DatatypeProperty"))


@both(blueprint, "/ontology/")
def ontology() -> ResponseReturnValue:
    """The whole ontology as HTML, Turtle, JSON-LD, N-Triples or RDF/XML."""
    return _whole(pick(DOCUMENT))


@both(blueprint, "/ontology/concepts.csv")
def concepts() -> ResponseReturnValue:
    """Every term and concept as CSV, with the columns of the Danish concept list (FDA model rules)."""
    if kept := http.unchanged("csv"):
        return kept
    return http.reply(tables.as_csv(_concept_list()), CSV)


@both(blueprint, "/ontology/<name>")
def term(name: str) -> ResponseReturnValue:
    """A term: 303 to its place on the page, or its RDF; NotFound for a term that is not defined."""
    slug, ending = ending_of(name, DOCUMENT)
    if slug in ("ontology", "strategigraf") and ending:
        return _whole(pick(DOCUMENT, ending))
    iri = ns.SG + slug
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9.]*|\d+\.\d+\.\d+", slug) or not _triples(f"FILTER(?s = <{iri}>)"):
        if slug != _version():
            raise NotFound(
                Text(
                    f"Ontologien har intet begreb {slug[:80]!r}. Se dem alle på {site.page('/ontology/')}.",
                    f"The ontology has no term {slug[:80]!r}. See them all at {site.page('/ontology/')}.",
                )
            )
        return _whole(pick(DOCUMENT, ending))
    media = pick(DOCUMENT, ending)
    if media is HTML:
        return http.see_other(site.page("/ontology/") + f"#{slug}")
    if kept := http.unchanged(media.token):
        return kept
    response = http.reply(rdf.of_things(_triples(f"FILTER(?s = <{iri}>)"), media), media)
    response.last_modified = _modified()
    profiles.tell(response, f"/ontology/{slug}", iri, DOCUMENT, media, profiles.FULL, several=False)
    return response


def _whole(media: Media) -> ResponseReturnValue:
    if kept := http.unchanged(media.token):
        return kept
    if media is HTML:
        terms = bare(_triples())
        values: dict[str, Any] = {
            "about": terms[ns.SG],
            "sections": [(key, _of_kind(terms, kind)) for key, kind in _SECTIONS],
            "formats": GRAPHS,
            "canonical": site.page("/ontology/"),
            "diagram": Markup(_diagram(terms)),  # noqa: S704 - every name in it is escaped where it is drawn
            "notes": [
                note.value
                for note in terms[ns.SG].values("skos:changeNote")
                if isinstance(note, Literal) and note.language == site.language()
            ],
            "examples": site.service().catalogue.examples,
            "profile": _profile_rows(site.service().profile),
            "used": site.service().profile.terms,
            "documents": _rows(_DOCUMENTS),
            "schemes": _schemes(),
        }
        body: str | bytes = render.html("ontology.html", **values)
    else:
        body = rdf.of_things(_triples(), media)
    response = http.reply(body, media)
    response.last_modified = _modified()
    profiles.tell(response, "/ontology/", ns.SG, DOCUMENT, media, profiles.FULL, several=False)
    return response


def _modified() -> datetime | None:
    """When the ontology says that it was last changed."""
    rows = site.service().store.select(f"SELECT ?day WHERE {{ {NamedNode(ns.SG)} dct:modified ?day }}")
    days = [date.fromisoformat(cell(row["day"])[:10]) for row in rows]
    return changed.moment(max(days, default=None))


@dataclass(frozen=True)
class _Row:
    """A property with a prefixed name, its count, and the prefixed names of what the values are."""

    name: str
    count: int
    ranges: tuple[str, ...]


@dataclass(frozen=True)
class _Shown:
    """A class of the profile for the page: its IRI, and rows with prefixed names."""

    iri: str
    rows: tuple[_Row, ...]


def _profile_rows(found: Profile) -> list[tuple[str, int, _Shown]]:
    """The classes with their number of things and what they carry, the own ones first."""
    names = sorted((ns.shorten(iri), iri) for iri in found.things)
    names.sort(key=lambda pair: not pair[0].startswith("sg:"))
    return [
        (
            name,
            found.things[iri],
            _Shown(
                iri,
                tuple(
                    _Row(ns.shorten(use.property), use.count, tuple(ns.shorten(one) for one in use.ranges[:6]))
                    for use in found.uses.get(iri, ())
                ),
            ),
        )
        for name, iri in names
    ]


def _rows(query: str) -> list[dict[str, str]]:
    """The rows of a query as text, with the prefixed names of document and strategy beside them."""
    found = [{name: cell(value) for name, value in row.items()} for row in site.service().store.select(query)]
    for row in found:
        row["name"] = ns.shorten(row.get("document", ""))
        row["strategy_name"] = ns.shorten(row.get("strategy", ""))
    return found


def _schemes() -> list[dict[str, Any]]:
    """The concept schemes with their concepts in order: code, definition and how often each is used."""
    found: dict[str, list[dict[str, str]]] = {}
    for row in _rows(_CONCEPTS):
        row["definition"] = row[site.language()]
        found.setdefault(row["scheme"], []).append(row)
    return [{"iri": iri, "code": iri.rpartition("/")[2], "concepts": concepts} for iri, concepts in found.items()]


def _diagram(terms: dict[str, Description]) -> str:
    """The class diagram in the language of the page, with links to the terms below it."""

    def label(name: str) -> str:
        known = terms.get(ns.expand(name))
        text = known.text("rdfs:label", site.language()) if known else name.partition(":")[2]
        return text[:1].upper() + text[1:]

    def address(name: str) -> str:
        return f"#{name.partition(':')[2]}" if name.startswith("sg:") else ns.expand(name)

    return diagram.draw(label, address, site.t("ontology.diagram"))


def _concept_list() -> Table:
    rows = site.service().store.select(_LIST)
    return Table(_COLUMNS, tuple(tuple(row.get(f"c{n}") for n in range(len(_COLUMNS))) for row in rows))


def _triples(extra: str = "") -> list[Triple]:
    """The triples whose subject is the ontology or a term of it."""
    return site.service().store.construct(
        f"""CONSTRUCT {{ ?s ?p ?o }} WHERE {{
          {{ ?s rdfs:isDefinedBy <{ns.SG}> }} UNION {{ VALUES ?s {{ <{ns.SG}> }} }}
          ?s ?p ?o {extra}
        }}"""
    )


def _of_kind(terms: dict[str, Description], kind: str) -> list[Description]:
    """The terms of a kind, by their local name."""
    found = [term for term in terms.values() if ns.expand(kind) in term.types]
    return sorted(found, key=lambda term: term.iri.lower())


def _version() -> str:
    rows = site.service().store.select(f"SELECT ?v WHERE {{ {NamedNode(ns.SG)} owl:versionInfo ?v }}")
    return cell(rows[0]["v"]) if rows else ""
