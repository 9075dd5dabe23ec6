"""The benchmarks: synthetic graphs are what they say, draws never repeat, tables and judgements are right."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from benchmarks import compare, generate, mix, pages, plots, report, scale, wrk
from benchmarks.answers import differences
from benchmarks.facts import sources
from benchmarks.generate import Synthetic
from benchmarks.model import Model, read, study
from benchmarks.peers import Ours, write_merged
from pyoxigraph import DefaultGraph, NamedNode, QueryBoolean, RdfFormat, Store, parse

from strategigraf import receipt
from strategigraf.infer import infer
from strategigraf.names import Names
from strategigraf.ns import SG, expand
from strategigraf.release import Release, open_release
from strategigraf.store import GraphStore

MUNICIPALITIES = 110
needs_wrk = pytest.mark.skipif(not wrk.installed(), reason="wrk is not installed: apt-get install wrk")


@pytest.fixture(scope="module")
def model(built: Release) -> Model:
    return read(built.folder)


@pytest.fixture(scope="module")
def synthetic(model: Model, built: Release, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("synthetic") / "release"
    generate.release(Synthetic(model, MUNICIPALITIES), built.folder, folder)
    return folder


@pytest.fixture(scope="module")
def store(synthetic: Path) -> Store:
    made = Store()
    made.bulk_load(path=str(synthetic / "data.nq"), format=RdfFormat.N_QUADS)
    return made


def terms(store: Store) -> set[str]:
    """The properties and the classes of a graph."""
    used = {quad.predicate.value for quad in store}
    return used | {
        quad.object.value
        for quad in store.quads_for_pattern(None, NamedNode(expand("rdf:type")), None)
        if isinstance(quad.object, NamedNode)
    }


def test_the_same_seed_gives_the_same_bytes(model: Model, tmp_path: Path) -> None:
    shas = [Synthetic(model, 5, seed).write(tmp_path / "data.nq")[0] for seed in (1, 1, 2)]
    assert shas[0] == shas[1] != shas[2]


def test_as_many_municipalities_as_the_real_graph_give_as_many_triples(model: Model, built: Release) -> None:
    counts: Counter[str] = Counter()
    for _, found in Synthetic(model, len(model.templates)).chunks():
        counts.update(found)
    assert counts[""] == built.manifest["triples"]
    assert counts.total() == built.manifest["triples"] + sum(built.manifest["graphs"].values())


def test_synthetic_lines_are_valid_and_each_is_there_once(synthetic: Path, store: Store) -> None:
    lines = (synthetic / "data.nq").read_text(encoding="utf-8").count("\n")
    manifest = json.loads((synthetic / "manifest.json").read_text(encoding="utf-8"))
    assert len(store) == lines == manifest["triples"] + sum(manifest["graphs"].values())
    merged = {quad.triple for quad in store.quads_for_pattern(None, None, None, DefaultGraph())}
    named = {quad.triple for quad in store if not isinstance(quad.graph_name, DefaultGraph)}
    assert merged == named
    assert len(merged) == manifest["triples"]


def test_synthetic_terms_are_those_of_the_real_graph_and_the_ontology(store: Store, built: Release) -> None:
    real = Store()
    real.bulk_load(path=str(built.folder / "data.nq"), format=RdfFormat.N_QUADS)
    assert terms(store) == terms(real)
    defined = {
        quad.subject.value for quad in store.quads_for_pattern(None, NamedNode(expand("rdfs:isDefinedBy")), None)
    }
    assert {term for term in terms(store) if term.startswith(SG)} <= defined


def test_each_municipality_has_a_name_a_code_and_things_of_its_own(store: Store) -> None:
    municipality = NamedNode(expand("sg:Municipality"))
    found = {q.subject for q in store.quads_for_pattern(None, NamedNode(expand("rdf:type")), municipality)}
    codes = {q.object for s in found for q in store.quads_for_pattern(s, NamedNode(expand("dct:identifier")), None)}
    labels = {q.object for s in found for q in store.quads_for_pattern(s, NamedNode(expand("rdfs:label")), None)}
    assert len(found) == len(codes) == MUNICIPALITIES
    assert len(labels) == 2 * MUNICIPALITIES  # in Danish and English


def test_a_link_to_a_municipality_that_is_not_there_falls_away(model: Model) -> None:
    text = "".join(chunk for chunk, _ in Synthetic(model, 2).chunks())
    assert "%(" not in text
    wanted, named = "<https://w3id.org/strategigraf/id/element/", set()
    subjects = set()
    for quad in parse(text, format=RdfFormat.N_QUADS):
        subjects.add(str(quad.subject))
        if str(quad.object).startswith(wanted):
            named.add(str(quad.object))
    assert named
    assert named <= subjects


def test_a_piece_of_evidence_serves_no_more_than_in_the_real_graph(model: Model) -> None:
    serves = f"> <{expand('sg:evidenceFor')}> "

    def most(municipalities: int) -> int:
        text = "".join(chunk for chunk, _ in Synthetic(model, municipalities).chunks())
        lines = (line for line in text.split("\n") if serves in line and line.count(" ") == 3)
        return max(Counter(line.split(" ")[0] for line in lines).values())

    assert 1 < most(2 * len(model.templates)) == most(len(model.templates)) <= 12


def test_a_synthetic_release_is_whole_and_made_once(
    synthetic: Path, model: Model, built: Release, tmp_path: Path
) -> None:
    opened = open_release(synthetic)
    assert opened.sources().queries()
    before = (synthetic / "data.nq").stat().st_mtime_ns
    generate.release(Synthetic(model, MUNICIPALITIES), built.folder, synthetic)
    assert (synthetic / "data.nq").stat().st_mtime_ns == before
    (tmp_path / "mine.txt").write_text("keep me", encoding="utf-8")
    with pytest.raises(FileExistsError, match="not empty"):
        generate.release(Synthetic(model, 1), built.folder, tmp_path)
    with pytest.raises(FileExistsError, match="not generated here"):
        generate.release(Synthetic(model, 1), built.folder, built.folder)
    with pytest.raises(ValueError, match="at least 1"):
        Synthetic(model, 0)


def test_the_generator_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["5", "--out", str(tmp_path / "a"), "--like", str(tmp_path / "b")]) == 2
    assert "strategigraf build" in capsys.readouterr().err
    with pytest.raises(ValueError, match="not a line of N-Quads: nonsense"):
        study(["nonsense"])
    with pytest.raises(ValueError, match="no sg:Municipality"):
        study(["<http://a> <http://b> <http://c> ."])


def test_synthetic_facts_are_receipted_and_derive_what_the_generator_says(model: Model, built: Release) -> None:
    made = sources(Synthetic(model, 10), built.folder)
    assert not receipt.check_names(made)
    assert not receipt.check_receipt(made)
    assert len(receipt.quotes(made)) > 1000
    store = GraphStore(quad for file in made.files if file.kind != "shapes" for quad in file.quads)
    infer(store, made.rules())
    counts: Counter[str] = Counter()
    for _, found in Synthetic(model, 10).chunks():
        counts.update(found)
    assert len(store) == pytest.approx(counts[""], rel=0.002)


def test_the_mix_has_shapes_enough_and_each_gives_rows(store: Store) -> None:
    drawn = mix.Mix(store)
    assert len(mix.SHAPES) >= 12
    assert len({shape.name for shape in mix.SHAPES}) == len(mix.SHAPES)
    for shape in mix.SHAPES:
        answers = [store.query(drawn.one(shape).text) for _ in range(10)]
        assert any(bool(a) if isinstance(a, QueryBoolean) else list(a) for a in answers), shape.name


def test_unique_draws_never_repeat_and_repeated_ones_do(store: Store) -> None:
    drawn = mix.Mix(store)
    pool = drawn.pool()
    texts = [query.text for query in (*pool, *drawn.unique(5_000), *drawn.pool(1))]
    assert len(texts) == len(set(texts))
    assert len({text.partition("#")[0].partition("LIMIT")[0] for text in texts}) > 1_000
    assert {query.shape for query in pool} == set(mix.SHAPES)
    again = Counter(query.text for query in drawn.repeated(2_000, pool))
    assert set(again) <= {query.text for query in pool}
    assert min(again.values()) >= 2
    assert [q.text for q in mix.Mix(store).unique(50)] == [q.text for q in mix.Mix(store).unique(50)]
    assert [q.text for q in mix.Mix(store).unique(50)] != [q.text for q in mix.Mix(store, seed=2).unique(50)]


def test_the_mix_says_when_a_graph_is_not_a_release() -> None:
    with pytest.raises(ValueError, match="is it a release"):
        mix.Mix(Store())


def test_tables_and_figures(tmp_path: Path) -> None:
    assert report.table(["a", "b"], [["x|y", 1]]) == "| a | b |\n| --- | ---: |\n| x\\|y | 1 |\n"
    with pytest.raises(ValueError, match="2 columns, but a row has 1"):
        report.table(["a", "b"], [["x"]])
    shown = [report.number(value) for value in (0, 0.1234, 1.234, 12.34, 1234.5, math.nan)]
    assert shown == ["0", "0.123", "1.23", "12.3", "1,234", "–"]
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- x:begin -->\nold\n<!-- x:end -->\nafter\n", encoding="utf-8")
    report.fill(page, "x", "new\n")
    report.fill(page, "x", "newer\n")
    assert page.read_text(encoding="utf-8") == "before\n<!-- x:begin -->\nnewer\n<!-- x:end -->\nafter\n"
    with pytest.raises(ValueError, match="<!-- y:begin -->"):
        report.fill(page, "y", "new")


def test_the_page_of_figures_has_its_places() -> None:
    page = report.PERFORMANCE.read_text(encoding="utf-8")
    for mark in ("compare", "pages", "scale"):
        assert page.count(f"<!-- {mark}:begin -->\n") == page.count(f"<!-- {mark}:end -->") == 1


def test_percentiles_are_right_to_a_step() -> None:
    steps = Counter(math.floor(math.log(us) * 20) for us in range(1, 10_001))
    spread = wrk.Histogram(dict(steps))
    assert spread.percentile(0.5) == pytest.approx(5.0, rel=0.05)
    assert spread.percentile(0.99) == pytest.approx(9.9, rel=0.05)
    assert (spread + spread).total == 20_000
    assert math.isnan(wrk.Histogram({}).percentile(0.5))


@pytest.mark.parametrize(("power", "factor"), [(0, 3), (1, 0.5), (1.7, 2)])
def test_the_power_of_a_curve(power: float, factor: float) -> None:
    assert scale.exponent([(n, factor * n**power) for n in (1e2, 1e3, 1e5)]) == pytest.approx(power, abs=1e-9)
    assert math.isnan(scale.exponent([(100, 1)]))


def test_a_curve_that_grows_too_fast_is_named(tmp_path: Path) -> None:
    kept = scale.Kept(tmp_path / "scale.json")
    for size in (10, 100, 1000):
        for growth in scale.GROWTH:
            kind = kept.points.get(growth.kind, {}).get(str(size), {})
            value = float(size) ** 2 if growth.name == "size on disk" else float(size) ** min(growth.most, 1)
            kept.put(growth.kind, size, kind | {"triples": float(size), growth.key: value})
    again = scale.Kept(tmp_path / "scale.json")
    assert again.points == kept.points
    assert scale.short(again) == ["size on disk: grows with the power 2.00, at most 1.1"]
    assert "| size on disk | 2.00 | 1.1 | **falls short** |" in scale.tables(again)
    assert again.has("disk", 10)
    assert not scale.Kept(tmp_path / "scale.json", fresh=True).points


def measured(rates: list[float], memory: int, failed: int = 0) -> compare.Measured:
    loads = [wrk.Load(int(rate), 1.0, 0, (0, 0, 0, failed, 0), {}) for rate in rates]
    ways = {compare.UNIQUE: loads, compare.REPEATED: loads, compare.APART: loads[:1]}
    return compare.Measured("v", 1.0, memory, memory, [memory], ways)


def comparison(**peers: compare.Measured) -> compare.Comparison:
    named = {name.replace("_", "-"): found for name, found in peers.items()}
    return compare.Comparison("a graph", 4, 1, 3, named, (1.0, 1.0), [], [])


def test_a_ratio_is_the_median_of_the_rounds() -> None:
    seen = comparison(
        strategigraf=measured([300, 600, 900], 50), oxigraph=measured([100, 100, 900], 10),
        rdflib_endpoint=measured([10, 10, 10], 10),
    )  # fmt: skip
    assert seen.ratio(compare.UNIQUE, "oxigraph") == 3
    assert seen.short() == []
    assert "**falls short**" not in compare.tables(seen)


def test_what_falls_short_is_named() -> None:
    seen = comparison(strategigraf=measured([100] * 3, 101, failed=2), oxigraph=measured([100] * 3, 10))
    seen.different.append("label: …")
    assert seen.short() == [
        "unique against oxigraph: 1.00, must be at least 1.10",
        "repeated against oxigraph: 1.00, must be at least 3.00",
        "unique against rdflib-endpoint: –, must be at least 10.0",
        "memory against oxigraph: 10.1, must be at most 10.0",
        "strategigraf: 14 failed requests",
        "different answers, label: …",
    ]


@contextmanager
def answering(rows: int) -> Iterator[str]:
    """A server that gives so many rows to every query."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"results": {"bindings": [{}] * rows}}).encode())

        def log_message(self, *_: Any) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/?query="
        server.shutdown()


def test_servers_that_differ_are_found_out(store: Store) -> None:
    query = mix.Mix(store).one(mix.SHAPES[0])
    with answering(2) as two, answering(2) as too, answering(3) as three:
        assert differences({"two": two, "too": too}, [query]) == []
        assert differences({"two": two, "three": three}, [query]) == [f"thing: two: 2, three: 3 · {query.text}"]
    (found,) = differences({"gone": two, "gone too": three}, [query])
    assert "refused" in found


def test_the_merge_alone_goes_to_servers_without_named_graphs(synthetic: Path, tmp_path: Path) -> None:
    write_merged(synthetic / "data.nq", tmp_path / "merged.nt")
    manifest = json.loads((synthetic / "manifest.json").read_text(encoding="utf-8"))
    assert (tmp_path / "merged.nt").read_text(encoding="utf-8").count("\n") == manifest["triples"]


def test_pages_that_fall_short_are_named() -> None:
    def load(rate: int, step: int, failed: int = 0) -> wrk.Load:
        return wrk.Load(rate, 1.0, rate, (0, 0, 0, failed, 0), {"page": wrk.Histogram({step: rate})})

    quick, slow = round(20 * math.log(10_000)), round(20 * math.log(70_000))
    loads = {pages.NOT_KEPT: [load(500, quick)], pages.KEPT: [load(900, quick)], pages.LOOKUPS: [load(1000, quick)]}
    seen = pages.Seen("a graph", 4, 1, ["ours"], loads=loads)
    assert seen.short() == []
    assert seen.ratio(pages.NOT_KEPT, pages.TRIFID) == 500 / pages.TRIFID_RATE
    assert "measured before" in pages.tables(seen)
    loads |= {pages.TRIFID: [load(40, quick)], pages.KEPT: [load(400, quick)], pages.NOT_KEPT: [load(500, slow, 2)]}
    found = pages.Seen("a graph", 4, 1, ["ours", "theirs"], loads=loads).short()
    assert [line.partition(":")[0] for line in found] == [
        "pages, not kept against Trifid's pages", "pages, kept against look-ups, unique", "pages, not kept",
        "pages, not kept",
    ]  # fmt: skip


def test_pages_are_drawn_by_the_share_of_their_types(built: Release) -> None:
    names = Names(built.store())
    drawn = list(pages.Draws(names).ours(4000, unique=True))
    assert drawn == list(pages.Draws(names).ours(4000, unique=True))
    assert len(set(drawn)) == len(drawn)
    evidence = sum(named.type == "evidence" for named in names.things.values()) / len(names.things)
    assert sum("/doc/evidence/" in path for path in drawn) / 4000 == pytest.approx(evidence, abs=0.05)
    assert sum(path.startswith("/en/") for path in drawn) == 2000


@needs_wrk
def test_a_tiny_comparison_measures_our_service(built: Release) -> None:
    seen = compare.compare(built.folder, [Ours], rounds=1, seconds=1, clients=2, samples=1)
    ours = seen.peers["strategigraf"]
    assert ours.errors() == 0
    assert ours.rate(compare.UNIQUE) > 10
    assert ours.rate(compare.REPEATED) > 10
    assert ours.busy > 10_000_000
    assert sum(ours.processes) == ours.busy
    assert len(ours.loads[compare.UNIQUE][0].shapes) >= 6
    assert ours.latencies(compare.UNIQUE).total > 10
    assert "| thing |" in compare.tables(seen)


def test_the_comparison_says_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, built: Release
) -> None:
    with pytest.raises(SystemExit):
        compare.main(["--peers", "fuseki"])
    assert "unknown peers ['fuseki']: known are strategigraf" in capsys.readouterr().err
    assert compare.main(["--release", str(tmp_path)]) == 2
    assert "strategigraf build" in capsys.readouterr().err
    monkeypatch.setattr(wrk, "installed", lambda: False)
    assert compare.main(["--release", str(built.folder)]) == 2
    assert "apt-get install wrk" in capsys.readouterr().err


@pytest.mark.long
def test_plots_are_the_same_each_time(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: pip install 'strategigraf[bench]'")
    for name in ("a.svg", "b.svg"):
        plots.draw(tmp_path / name, "Load", "triples", "s", {"memory": [(1, 2), (10, 20)], "none": []})
    one, other = ((tmp_path / name).read_bytes() for name in ("a.svg", "b.svg"))
    assert one == other
    assert b"memory" in one
    assert b"none<" not in one
