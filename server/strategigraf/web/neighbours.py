"""The neighbourhood graph of any thing: a drawing, a list of the things, a table of the connections, and JSON."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint
from flask.typing import ResponseReturnValue

from strategigraf import ns, paths
from strategigraf.errors import BadParameter
from strategigraf.media import HTML, JSON
from strategigraf.ns import expand
from strategigraf.text import Text
from strategigraf.web import asked, http, neighbourhood, render, site
from strategigraf.web.neighbourhood import DEPTHS, GROUPS, Edge, Neighbourhood
from strategigraf.web.routes import both

blueprint = Blueprint("neighbours", __name__)
#: The shape (by its name in Cytoscape, and as points in a square of 20) and the colour of each type.
SHAPES: Mapping[str, tuple[str, str]] = {
    "ellipse": ("ellipse", ""),
    "rectangle": ("rectangle", "2,4 18,4 18,16 2,16"),
    "diamond": ("diamond", "10,1 19,10 10,19 1,10"),
    "hexagon": ("hexagon", "1,10 5.5,2 14.5,2 19,10 14.5,18 5.5,18"),
    "triangle": ("triangle", "10,2 19,18 1,18"),
    "octagon": ("octagon", "6,1 14,1 19,6 19,14 14,19 6,19 1,14 1,6"),
    "pentagon": ("pentagon", "10,1 19,8 15.5,19 4.5,19 1,8"),
    "tag": ("tag", "1,4 13,4 19,10 13,16 1,16"),
    "rhomboid": ("rhomboid", "1,4 13,4 19,16 7,16"),
    "star": ("star", "10,1 12.5,7.5 19,7.5 14,12 16,19 10,15 4,19 6,12 1,7.5 7.5,7.5"),
}
LOOKS: Mapping[str, tuple[str, str]] = {
    "municipality": ("ellipse", "#0b4f6c"),
    "region": ("octagon", "#0b4f6c"),
    "organisation": ("ellipse", "#6a4fa0"),
    "body": ("octagon", "#6a4fa0"),
    "strategy": ("rectangle", "#1f6b33"),
    "series": ("rectangle", "#0a3d1a"),
    "element": ("diamond", "#a04a00"),
    "framework": ("hexagon", "#8e1f4f"),
    "document": ("tag", "#4a5560"),
    "evidence": ("tag", "#7a8590"),
    "concept": ("triangle", "#7a6200"),
    "entry": ("rhomboid", "#4a5560"),
    "item": ("rhomboid", "#a04a00"),
    "observation": ("pentagon", "#4a5560"),
    "approval": ("star", "#1f6b33"),
    "alignment": ("pentagon", "#a40e26"),
    "adoption": ("star", "#a40e26"),
}
#: The messages that name the kinds of relation.
NAMES: Mapping[str, str] = {
    "alignments": "graph.alignments",
    "parts": "graph.parts",
    "organisation": "graph.organisation",
    "themes": "graph.themes",
    "statements": "graph.statements",
    "sources": "graph.sources",
    "other": "graph.other",
}
EXAMPLES = ("framework/monopolbrud", "municipality/0727", "strategy/kl-digitaliseringsstrategi-2016")


@both(blueprint, "/graph")
def graph() -> ResponseReturnValue:
    """The neighbourhood as a page; without ``of``, where to begin."""
    middle, depth, groups = _read()
    if kept := http.unchanged("html", by_day=True):
        return kept
    if not middle:
        return http.reply(render.html("graph.html", middle="", **_form("", "1", ())), HTML)
    found, groups = _found(middle, depth, groups)
    by_type: dict[str, list[neighbourhood.Node]] = defaultdict(list)
    for node in found.nodes[1:]:
        by_type[node.type].append(node)
    data = site.url(f"{site.language_prefix()}/graph.json", of=_short(middle), depth=depth, relation=",".join(groups))
    values: dict[str, Any] = {
        "middle": middle,
        "kind": found.nodes[0].type,
        "found": found,
        "by_type": [(kind, by_type[kind]) for kind in LOOKS if kind in by_type],
        "proof": neighbourhood.proof(site.service().store, found.edges),
        "said": said,
        "data": urlsplit(data)._replace(scheme="", netloc="").geturl(),
        "json_address": data,
        "cytoscape": paths.CYTOSCAPE,
        "drawn": paths.vendored(),
    }
    return http.reply(render.html("graph.html", **values, **_form(_short(middle), depth, groups)), HTML)


@both(blueprint, "/graph.json")
def graph_json() -> ResponseReturnValue:
    """The same as JSON: ``of``, ``nodes`` with places, ``edges``, and whether more was left out."""
    middle, depth, groups = _read()
    if not middle:
        raise BadParameter(
            Text("of mangler: hvilken ting skal grafen vise?", "of is missing: which thing shall the graph show?")
        )
    if kept := http.unchanged("json", by_day=True):
        return kept
    found, groups = _found(middle, depth, groups)
    body = {
        "of": middle,
        "depth": int(depth),
        "relations": list(groups),
        "total": found.total,
        "cut": found.cut,
        "nodes": [
            {
                "id": node.iri,
                "label": site.plain_name(node.iri),
                "type": node.type,
                "type_label": site.t(f"type.{node.type}"),
                "url": site.address(node.iri),
                "distance": node.distance,
                "x": node.x,
                "y": node.y,
                "shape": SHAPES[LOOKS[node.type][0]][0],
                "colour": LOOKS[node.type][1],
            }
            for node in found.nodes
        ],
        "edges": [
            {
                "source": edge.start,
                "target": edge.end,
                "relation": edge.name if edge.claim else ns.shorten(edge.name),
                "label": said(edge),
                "basis": edge.basis or None,
                "url": site.address(edge.claim) if edge.claim else None,
            }
            for edge in found.edges
        ],
    }
    return http.reply(json.dumps(body, ensure_ascii=False) + "\n", JSON)


def said(edge: Edge) -> str:
    """What a connection says, in the language of the page."""
    if edge.claim:
        return render.coded("relation", edge.name)
    if edge.name == expand("sg:evidence"):
        return site.t("graph.evidence_in")
    label = site.plain_name(edge.name)
    return label[:1].lower() + label[1:]


def _read() -> tuple[str, str, tuple[str, ...]]:
    """The thing in the middle, the depth, and the kinds of relation asked for; "" and none where not asked."""
    asked.only("of", "depth", "relation")
    middle = asked.thing("of", ns.TYPES, Text("Ting", "Thing"))
    return middle, asked.choice("depth", DEPTHS, "1"), asked.several("relation", tuple(GROUPS))


def _found(middle: str, depth: str, groups: tuple[str, ...]) -> tuple[Neighbourhood, tuple[str, ...]]:
    """What is around a thing, and the kinds of relation: those asked for, else the usual, else all."""
    kind = (ns.split(middle) or ("", ""))[0]
    store, day = site.service().store, site.today().isoformat()
    some = groups or neighbourhood.default_groups(kind)
    found = neighbourhood.around(store, middle, int(depth), some, day)
    if not found.edges and not groups:
        some = tuple(GROUPS)
        found = neighbourhood.around(store, middle, int(depth), some, day)
    return found, some


def _form(of: str, depth: str, groups: tuple[str, ...]) -> dict[str, Any]:
    names = site.service().names.things
    return {
        "of": of,
        "depth": depth,
        "depths": DEPTHS,
        "groups": groups,
        "names": NAMES,
        "looks": LOOKS,
        "shapes": SHAPES,
        "examples": [iri for iri in (ns.ID + one for one in EXAMPLES) if iri in names],
        "short": _short,
    }


def _short(iri: str) -> str:
    """``type/slug`` of a thing."""
    return iri.removeprefix(ns.ID)
