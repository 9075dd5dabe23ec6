"""Lineage and neighbourhood: the drawings say what the tables say, within bounds, each connection with its source."""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any

import pytest
from flask import Flask
from pyoxigraph import NamedNode

from strategigraf import ns, paths
from strategigraf.service import Service
from strategigraf.terms import cell
from strategigraf.web import create_app, edges, layers, lineage, neighbourhood, neighbours
from strategigraf.web.layers import Line, Node

BROWSER = {"Accept": "text/html"}
ODDER = "odder-digitaliseringsstrategi-uden-aar"


@pytest.fixture(scope="module")
def app(service: Service) -> Flask:
    return create_app(service)


@pytest.fixture(scope="module")
def client(app: Flask) -> Any:
    return app.test_client()


def page(client: Any, path: str, status: int = 200) -> str:
    response = client.get(path, headers=BROWSER)
    assert response.status_code == status, path
    return str(response.get_data(as_text=True))


def rows(text: str) -> list[tuple[str, str, str, str]]:
    """From, relation, to and basis of each row of the table of lineage."""
    found = re.findall(
        r'<tr id="e\d+"><th scope="row"><a href="[^"]*/doc/([^"]+)".*?</th><td>([^<]+)</td>'
        r'<td><a href="[^"]*/doc/([^"]+)".*?</td><td>(\w+)',
        text,
        re.DOTALL,
    )
    return [(a, b, c, d) for a, b, c, d in found]


# Connections


def test_every_alignment_is_in_one_connection(app: Flask, service: Service) -> None:
    """None is lost and none counts twice; those within one whole are no connection between wholes."""
    with app.test_request_context("/"):
        gathered = [claim.iri for edge in edges.edges() for claim in edge.claims]
        assert len(gathered) == len(set(gathered))
        within = 0
        for row in service.store.select("SELECT ?c ?s ?o WHERE { ?c a sg:Alignment ; sg:subject ?s ; sg:object ?o }"):
            if edges.whole(cell(row["s"])) == edges.whole(cell(row["o"])):
                within += 1
            else:
                assert cell(row["c"]) in gathered
        assert len(gathered) + within == len(service.store.select("SELECT ?c WHERE { ?c a sg:Alignment }"))
        assert all(edge.pieces for edge in edges.edges()), "each has its source"
        stated = {(e.start, e.relation, e.end) for e in edges.edges() if not e.claims}
    for name, code in (("dct:replaces", "replaces"), ("dct:isVersionOf", "is-version-of")):
        pairs = service.store.select(f"SELECT ?s ?o WHERE {{ ?s a sg:Strategy ; {name} ?o }}")
        assert pairs
        assert {(cell(row["s"]), code, cell(row["o"])) for row in pairs} <= stated


# The layout


NODES = (
    Node("a", 0, ("A",), "2011"), Node("b", 0, ("B",), "2016"), Node("c", 0, ("C", "c"), ""),
    Node("d", 1, ("D",), "2016"), Node("e", 2, ("E",), "2020"), Node("f", 2, ("F",), ""),
)  # fmt: skip
LINES = (
    Line(0, "d", "a", "x"), Line(1, "e", "a", "x"), Line(2, "f", "a", "x"), Line(3, "f", "d", "y"),
    Line(4, "b", "a", "x"), Line(5, "a", "e", "x"),
)  # fmt: skip


def test_boxes_stand_in_columns_by_time_and_apart() -> None:
    drawing = layers.draw(NODES, LINES, 3)
    assert layers.draw(NODES, LINES, 3) == drawing, "the same input gives the same drawing"
    for one, other in combinations(drawing.boxes, 2):
        if one.node.column == other.node.column:
            assert one.x == other.x
            assert abs(one.y - other.y) >= min(one.node.height, other.node.height), "they do not overlap"
            if one.node.time and other.node.time:
                assert (one.y < other.y) == (one.node.time < other.node.time)
        else:
            assert (one.x < other.x) == (one.node.column < other.node.column)
    for box in drawing.boxes:
        assert 0 <= box.x <= drawing.width - layers.WIDE
        assert layers.HEAD - 1 <= box.y <= drawing.height - box.node.height


def test_lines_begin_and_end_at_their_boxes_and_pass_no_box() -> None:
    drawing = layers.draw(NODES, LINES, 3)
    places = {box.node.key: box for box in drawing.boxes}
    assert [drawn.line for drawn in drawing.lines] == list(LINES)
    for drawn in drawing.lines:
        points = [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", drawn.path)]
        for (x, y), box in ((points[0], places[drawn.line.start]), (points[-1], places[drawn.line.end])):
            assert x in (box.x, box.x + layers.WIDE)
            assert box.y <= y <= box.y + box.node.height
    # E leads past D's column to A: its way there stands beside D.
    d = places["d"]
    past = next(drawn for drawn in drawing.lines if drawn.line.key == 1)
    level = re.search(r",([\d.]+)H", past.path)
    assert level
    assert not d.y <= float(level[1]) <= d.y + d.node.height


def test_a_drawing_of_little_or_nothing() -> None:
    assert layers.draw((), (), 4).boxes == ()
    alone = layers.draw((NODES[0],), (), 4)
    assert len(alone.boxes) == 1
    assert alone.height > alone.boxes[0].y


# The page of lineage


@pytest.mark.parametrize("prefix", ["", "/en"])
@pytest.mark.parametrize("query", ["", "basis=all", f"of=strategy/{ODDER}", "of=monopolbrud&basis=all"])
def test_the_drawing_says_what_the_table_says(client: Any, prefix: str, query: str) -> None:
    text = page(client, f"{prefix}/lineage?{query}")
    table = rows(text)
    assert table
    assert len(re.findall(r'<a href="#e\d+" tabindex="-1"><title>', text)) == len(table)
    boxes = re.findall(r'class="box t-(\w+)', text)
    assert len(boxes) == len({end for a, _, b, _ in table for end in (a, b)})
    assert all(row.count('class="source"') for row in re.findall(r'<tr id="e\d+">.*?</tr>', text, re.DOTALL))
    thematic = len(re.findall(r'<path class="edge e-[\w-]+ thematic"', text))
    assert thematic == sum(basis in ("tematisk", "thematic") for *_, basis in table)
    if "basis=all" not in query:
        assert thematic == 0


def test_a_focus_has_what_it_leads_to_and_what_leads_to_it(client: Any) -> None:
    text = page(client, "/lineage?of=framework/monopolbrud")
    table = rows(text)
    assert (f"strategy/{ODDER}", "følger", "framework/monopolbrud", "udtrykkeligt") in table
    assert ("municipality/0580", "gennemfører", "framework/monopolbrud", "udtrykkeligt") in table
    onward = ("framework/monopolbrud", "er del af", "strategy/kl-handlingsplan-2011", "udtrykkeligt")
    assert onward in table
    further = (
        "strategy/kl-digitaliseringsstrategi-2011",
        "er del af",
        "series/faelleskommunal-digitaliseringsstrategi",
    )
    assert further in [row[:3] for row in table], "over more steps than one"
    assert not any(row[0] == "strategy/herning-digitaliseringsstrategi-uden-aar" for row in table), "a sibling"
    assert 'class="box t-framework chosen"' in text
    part = page(client, f"/lineage?of=element/{ODDER}-princip-08")
    assert rows(part) == rows(page(client, f"/lineage?of={ODDER}")), "a part stands for its whole"
    assert "er en del af den" in part


def test_our_reading_goes_one_step_only(app: Flask) -> None:
    with app.test_request_context("/"):
        every = edges.edges()
        focus = ns.thing("strategy", ODDER)
        found = lineage.around(every, focus, "all")
        thematic = [edge for edge in found if not edge.explicit]
        assert thematic
        assert all(focus in (edge.start, edge.end) for edge in thematic)
        assert len(thematic) == sum(not edge.explicit and focus in (edge.start, edge.end) for edge in every)


def test_only_some_relations(client: Any) -> None:
    assert {row[1] for row in rows(page(client, "/lineage?relation=builds-on,replaces"))} == {"bygger på", "afløser"}
    assert {row[1] for row in rows(page(client, "/lineage?relation=follows&relation=replaces"))} == {
        "følger",
        "afløser",
    }


def test_nothing_found_is_no_denial(client: Any) -> None:
    text = page(client, "/lineage?of=strategy/kombit-strategi-2023")
    assert "Ingen evidens fundet i grafen" in text
    assert '<svg class="layers"' not in text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/lineage?of=nonsense", 400), ("/lineage?of=strategy/nonsense", 404), ("/lineage?basis=x", 400),
        ("/lineage?relation=x", 400), ("/lineage?x=1", 400), ("/lineage?of=concept/level-local", 400),
        ("/lineage?of=<script>alert(1)</script>", 400), ("/lineage?of=https://evil.example/x", 400),
        ("/graph?of=nonsense-of-no-kind", 400), ("/graph?of=framework/monopolbruddet", 404),
        ("/graph?of=strategy/%3Cscript%3Ealert(1)", 404), ("/graph?of=a b c", 400), ("/graph?depth=3", 400),
        ("/graph?of=framework/monopolbrud&relation=x", 400), ("/graph?x=1", 400), ("/graph?of=" + "x" * 301, 400),
        ("/graph?of=https://w3id.org/strategigraf/id/framework/x%20y", 404), ("/graph?of=/doc/framework/../x", 404),
    ],
)  # fmt: skip
def test_bad_input(client: Any, path: str, status: int) -> None:
    for prefix in ("", "/en"):
        text = page(client, prefix + path, status)
        assert "<script>alert" not in text
    if path.startswith("/graph?of"):
        answer = client.get(path.replace("/graph", "/graph.json"))
        assert answer.status_code == status
        assert answer.content_type == "application/problem+json"
    if path == "/graph?of=framework/monopolbruddet":
        assert "/doc/framework/monopolbrud" in text, "what could be meant"


# The neighbourhood


def test_the_json_is_a_graph_of_things_of_ours(client: Any, service: Service) -> None:
    answer = client.get("/graph.json?of=framework/monopolbrud").json
    iris = [node["id"] for node in answer["nodes"]]
    assert iris[0] == answer["of"] == ns.thing("framework", "monopolbrud")
    assert len(iris) == len(set(iris))
    assert all(service.store.has(NamedNode(iri)) for iri in iris)
    assert len({(node["x"], node["y"]) for node in answer["nodes"]}) == len(iris), "each has a place of its own"
    assert {node["distance"] for node in answer["nodes"]} == {0, 1}
    ends = {end for edge in answer["edges"] for end in (edge["source"], edge["target"])}
    assert ends == set(iris), "none without a connection"
    assert not answer["cut"]
    followed = [edge for edge in answer["edges"] if edge["relation"] == "follows"]
    assert [edge["source"] for edge in followed] == [ns.thing("element", f"{ODDER}-princip-08")]
    assert followed[0]["basis"] == "explicit"
    assert "/doc/alignment/" in followed[0]["url"]
    assert followed[0]["label"] == "følger"
    assert client.get("/en/graph.json?of=framework/monopolbrud").json["nodes"][0]["label"] == "The monopoly break"


def test_it_is_bounded_and_says_so(client: Any) -> None:
    for of in ("organisation/alle-kommuner", "document/kl-kortlaegning", "concept/level-local"):
        answer = client.get(f"/graph.json?of={of}&depth=2").json
        assert len(answer["nodes"]) == neighbourhood.MOST_NODES + 1
        assert len(answer["edges"]) <= neighbourhood.MOST_EDGES
        assert answer["cut"]
        assert answer["total"] > neighbourhood.MOST_NODES
    text = page(client, "/graph?of=organisation/alle-kommuner")
    assert re.search(r"60 af \d+ ting vises", text)
    whole = client.get("/graph.json?of=organisation/alle-kommuner&relation=alignments").json
    assert (len(whole["nodes"]), whole["cut"]) == (3, False)


def test_two_steps_hold_one_step(client: Any) -> None:
    near, far = (client.get(f"/graph.json?of=municipality/0727&depth={depth}").json for depth in (1, 2))
    assert {node["id"] for node in near["nodes"]} < {node["id"] for node in far["nodes"]}
    assert {node["distance"] for node in far["nodes"]} == {0, 1, 2}
    assert far == client.get("/graph.json?of=municipality/0727&depth=2").json


def test_a_region_is_that_of_the_day(client: Any) -> None:
    answer = client.get("/graph.json?of=municipality/0101&relation=organisation").json
    assert [node["id"] for node in answer["nodes"] if node["type"] == "region"] == [ns.thing("region", "hovedstaden")]


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_the_table_says_what_the_drawing_says(client: Any, prefix: str) -> None:
    text = page(client, f"{prefix}/graph?of=framework/monopolbrud")
    answer = client.get(f"{prefix}/graph.json?of=framework/monopolbrud").json
    table = text.split('id="tabel"')[1]
    assert table.count('<tr><th scope="row"') == len(answer["edges"])
    assert set(re.findall(r'data-node="([^"]+)"', text)) == {node["id"] for node in answer["nodes"][1:]}
    assert table.count('class="source"') > len(answer["edges"]) / 2
    source = re.search(r'data-source="([^"]+)"', text)
    assert source
    address = source[1].replace("&amp;", "&")
    assert address.startswith(f"{prefix}/graph.json?")
    assert client.get(address).json["edges"] == answer["edges"]


def test_every_type_has_a_neighbourhood_and_a_look(client: Any, service: Service) -> None:
    assert set(neighbours.LOOKS) == set(ns.TYPES)
    assert len(set(neighbours.LOOKS.values())) == len(neighbours.LOOKS), "no two types look alike"
    for kind in ns.TYPES:
        row = service.store.select(
            f"""SELECT ?s WHERE {{ ?s a ?c FILTER(STRSTARTS(STR(?s), "{ns.ID}{kind}/") && !CONTAINS(STR(?s), "#")) }}
            ORDER BY ?s LIMIT 1"""
        )[0]
        answer = client.get("/graph.json", query_string={"of": cell(row["s"])})
        assert answer.status_code == 200, kind
        assert len(answer.json["nodes"]) > 1, kind


def test_what_is_only_mentioned_shows_its_mentions(client: Any) -> None:
    """Where the usual kinds of connection give nothing, all are shown, unless some were asked for."""
    alone = "/graph.json?of=organisation/advent-international"
    assert {edge["relation"] for edge in client.get(alone).json["edges"]} >= {"sg:concerns"}
    assert client.get(f"{alone}&relation=parts").json["edges"] == []
    assert "Grafen har ingen forbindelser" in page(client, f"{alone.replace('.json', '')}&relation=parts")


def test_cytoscape_is_loaded_there_and_only_there(client: Any) -> None:
    assert paths.CYTOSCAPE in page(client, "/graph?of=framework/monopolbrud")
    for path in ("/", "/graph", "/lineage", "/timeline", "/doc/framework/monopolbrud"):
        assert "cytoscape" not in page(client, path), path
