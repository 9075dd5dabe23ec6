"""Curves against size, up to ten million triples: ``python -m benchmarks.scale [--write]``.

Synthetic graphs are generated one after another, loaded, asked and removed. What has been measured is kept in
``build/bench/scale.json``, so that a run that was stopped goes on where it was; ``--fresh`` begins anew. The command
ends with 1 where a curve grows faster than it may, and names it; with 2 where it cannot measure.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import RdfFormat, Store

from benchmarks import wrk
from benchmarks.generate import Synthetic, real_release, release
from benchmarks.mix import Mix
from benchmarks.model import read
from benchmarks.peers import NotInstalled, Ours, Oxigraph, Peer, RdflibEndpoint, Virtuoso, end_kindly, machine
from benchmarks.plots import Curve, draw
from benchmarks.point import LOOKUPS, forget
from benchmarks.report import PERFORMANCE, fill, megabytes, number, table
from strategigraf import paths
from strategigraf.errors import NoRelease

#: Municipalities of the synthetic graphs; the last has about ten million triples.
SIZES = (100, 300, 1_000, 3_000, 10_000, 26_000)
#: Checks and rules are measured up to about a million triples.
FACTS = (100, 300, 1_000, 2_500)
#: Triples up to which what is named is measured.
MOST = {"memory": 4e6, "oxigraph": 4e6, "virtuoso": 1.2e6, "rdflib-endpoint": 2e5, "mix": 2e6}
IMAGES = PERFORMANCE.parent / "images"
#: Bytes that a triple takes while it is measured: N-Quads, the store on disk, and what is made on the way to it.
_ROOM = 1_500

Point = dict[str, float]


@dataclass(frozen=True)
class Growth:
    """A curve that may not grow faster than a power of the size."""

    name: str
    kind: str
    key: str
    #: The greatest exponent: 1 is a straight line, 0 is flat; with room for noise.
    most: float


GROWTH = (
    Growth("load into memory", "memory", "load_s", 1.1),
    Growth("load onto disk", "disk", "load_s", 1.1),
    Growth("size on disk", "disk", "disk_bytes", 1.1),
    Growth("memory of the store in memory", "memory", "loaded_bytes", 1.1),
    Growth("look-up in memory, p50", "memory", "lookup_p50_ms", 0.15),
    Growth("look-up on disk, p50", "disk", "lookup_p50_ms", 0.15),
    Growth("look-up over HTTP, p50", "strategigraf", "lookup_p50_ms", 0.15),
    Growth("aggregation in memory (classes)", "memory", "classes_ms", 1.15),
    Growth("aggregation on disk (classes)", "disk", "classes_ms", 1.15),
    Growth("build: rules, merge and writing", "facts", "build_s", 1.1),
    Growth("validation: SHACL and all checks", "facts", "validation_s", 1.1),
)


class Kept:
    """What has been measured, by kind and number of municipalities, in a file."""

    def __init__(self, path: Path, fresh: bool = False) -> None:
        self._path = path
        self.points: dict[str, dict[str, Point]] = {}
        if path.is_file() and not fresh:
            self.points = json.loads(path.read_text(encoding="utf-8"))

    def has(self, kind: str, size: int) -> bool:
        """Whether a point is there."""
        return str(size) in self.points.get(kind, {})

    def put(self, kind: str, size: int, point: Point) -> None:
        """Keep a point."""
        self.points.setdefault(kind, {})[str(size)] = point
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(self.points, indent=1, sort_keys=True) + "\n", encoding="utf-8")

    def curve(self, kind: str, key: str) -> Curve:
        """Triples and a value, in the order of the triples."""
        points = self.points.get(kind, {}).values()
        return sorted((point["triples"], point[key]) for point in points if key in point)


def exponent(curve: Curve) -> float:
    """The power of the size that a curve grows with: the slope of the best line in log-log.

    Not a number where there are fewer than two sizes.
    """
    if len({size for size, _ in curve}) < 2:
        return float("nan")
    xs, ys = [math.log(size) for size, _ in curve], [math.log(max(value, 1e-9)) for _, value in curve]
    mid_x, mid_y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((x - mid_x) * (y - mid_y) for x, y in zip(xs, ys, strict=True)) / sum((x - mid_x) ** 2 for x in xs)


def measure(
    kept: Kept, scratch: Path, sizes: Sequence[int], facts: Sequence[int], say: Callable[[str], None]
) -> list[str]:
    """Measure what is not kept yet; returns what failed, and is tried again by the next run.

    Raises NoRelease where there is nothing to take after, and OSError where the disk is too small.
    """
    failed: list[str] = []
    like = real_release()
    model = read(like)
    for size in sizes:
        folder = scratch / f"synthetic-{size}"
        triples = model.base_counts[""] + size * sum(t.own_counts[""] for t in model.templates) / len(model.templates)
        todo = [kind for kind in _kinds(triples) if not kept.has(kind, size)]
        if not todo:
            continue
        scratch.mkdir(parents=True, exist_ok=True)
        if (free := shutil.disk_usage(scratch).free) < triples * _ROOM:
            raise OSError(
                f"{size} municipalities need {triples * _ROOM / 1e9:.0f} GB in {scratch}; {free / 1e9:.0f} free"
            )
        say(f"{size} municipalities: generating")
        forget(folder)
        for left in (*scratch.glob(".generating-*"), *scratch.glob(".making-*")):  # by a run that was killed
            shutil.rmtree(left, ignore_errors=True)
        before = time.perf_counter()
        manifest = release(Synthetic(model, size), like, folder)
        made: Point = {"generate_s": time.perf_counter() - before, "bytes": float((folder / "data.nq").stat().st_size)}
        try:
            for kind in todo:
                say(f"{size} municipalities, {manifest['triples']:,} triples: {kind}")
                try:
                    point = made if kind == "generated" else _point(kind, folder, scratch / "peer")
                except RuntimeError as error:
                    failed.append(f"{kind}, {size} municipalities: {error}")
                    continue
                if point is not None:
                    kept.put(kind, size, {"triples": float(manifest["triples"])} | point)
        finally:
            forget(folder)
    for size in facts:
        if not kept.has("facts", size):
            say(f"{size} municipalities: checks and rules")
            try:
                kept.put("facts", size, _apart("facts", str(size)))
            except RuntimeError as error:
                failed.append(str(error))
    return failed


def _kinds(triples: float) -> list[str]:
    every = ("generated", "memory", "disk", "strategigraf", "oxigraph", "virtuoso", "rdflib-endpoint")
    return [kind for kind in every if triples <= MOST.get(kind, math.inf)]


def _point(kind: str, folder: Path, scratch: Path) -> Point | None:
    if kind in ("memory", "disk"):
        return _apart(kind, str(folder))
    peers: tuple[type[Peer], ...] = (Ours, Oxigraph, Virtuoso, RdflibEndpoint)
    try:
        return _served(next(peer for peer in peers if peer.name == kind)(folder, scratch))
    except NotInstalled:
        return None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _apart(kind: str, what: str) -> Point:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.point", kind, what], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"benchmarks.point {kind} {what}: {done.stderr.strip()[-2000:]}")
    seen: Point = json.loads(done.stdout)
    return seen


def _served(peer: Peer) -> Point:
    """Start a server on a release and look things up, one client: what a person waits for."""
    store = Store()
    data = peer.release / "data.nq"
    if data.stat().st_size < MOST["mix"] * 450:
        store.bulk_load(path=str(data), format=RdfFormat.N_QUADS)
    else:
        from strategigraf.store import disk

        store = Store.read_only(str(disk.make(data)))
    queries = list(Mix(store).unique(20_000, LOOKUPS))
    del store
    with peer:
        idle = peer.memory()
        load = wrk.run(peer.url, queries, 3, clients=1)
        if sum(load.errors):
            raise RuntimeError(f"{peer.name}: {load.errors} errors")
        spread = load.latencies
        return {
            "load_s": peer.load_seconds,
            "idle_bytes": float(idle),
            "asked_bytes": float(peer.memory()),
            "lookup_p50_ms": spread.percentile(0.5),
            "lookup_p95_ms": spread.percentile(0.95),
        }


def short(kept: Kept) -> list[str]:
    """The curves that grow faster than they may."""
    found = []
    for growth in GROWTH:
        power = exponent(kept.curve(growth.kind, growth.key))
        if not power <= growth.most:
            found.append(f"{growth.name}: grows with the power {number(power)}, at most {growth.most}")
    return found


def tables(kept: Kept) -> str:
    """The figures as Markdown."""
    stores = [
        _rows(
            kept, kind,
            (("load_s", number), (size, megabytes), ("loaded_bytes", megabytes), ("lookup_p50_ms", number),
             ("lookup_p95_ms", number), ("statuses_ms", number), ("search_ms", number), ("coverage_ms", number),
             ("classes_ms", number)),
            ("load, s", "on disk, MB", "memory, MB", "look-up p50, ms", "p95, ms", "statuses, ms", "search, ms",
             "coverage, ms", "classes, ms"),
        )
        for kind, size in (("memory", ""), ("disk", "disk_bytes"))
    ]  # fmt: skip
    served = (
        ("load_s", number), ("idle_bytes", megabytes), ("asked_bytes", megabytes), ("lookup_p50_ms", number),
        ("lookup_p95_ms", number),
    )  # fmt: skip
    heads = ("start, s", "idle, MB", "after look-ups, MB", "look-up p50, ms", "p95, ms")
    parts = [f"{machine()}, {time.strftime('%Y-%m-%d', time.gmtime())}.\n"]
    parts += ["**The graphs**\n", _rows(kept, "generated", (("generate_s", number), ("bytes", megabytes)),
                                        ("generated in, s", "N-Quads, MB"))]  # fmt: skip
    parts += ["**The store in memory, in process**\n", stores[0], "**The store on disk, in process**\n", stores[1]]
    for kind in ("strategigraf", "oxigraph", "virtuoso", "rdflib-endpoint"):
        if kept.points.get(kind):
            parts += [f"**{kind} over HTTP, one client**\n", _rows(kept, kind, served, heads)]
    steps = ("reading_s", "shacl_s", "validation_s", "rules_s", "writing_s", "build_s")
    parts += [
        "**Checks, rules and writing of synthetic facts**, nothing kept from before\n",
        _rows(
            kept, "facts", tuple((step, number) for step in steps),
            ("parsing, s", "SHACL, s", "all validation, s", "rules, s", "writing, s", "rules and writing, s"),
        ),
        "**Growth**: the power of the number of triples that each curve grows with; 1 is a straight line, 0 is flat\n",
        table(
            ["curve", "power", "at most", ""],
            [
                [g.name, number(power := exponent(kept.curve(g.kind, g.key))), g.most,
                 "reached" if power <= g.most else "**falls short**"]
                for g in GROWTH
            ],
        ),
    ]  # fmt: skip
    return "\n".join(parts)


def _rows(kept: Kept, kind: str, columns: Sequence[tuple[str, Callable[[float], str]]], heads: Sequence[str]) -> str:
    rows = []
    for size, point in sorted(kept.points.get(kind, {}).items(), key=lambda item: int(item[0])):
        cells = [show(point.get(key, float("nan"))) for key, show in columns]
        rows.append([f"{point['triples']:,.0f}", f"{int(size):,}", *cells])
    return table(["triples", "municipalities", *heads], rows)


def plots(kept: Kept, folder: Path) -> None:
    """The curves as SVG files."""
    peers = ("oxigraph", "virtuoso", "rdflib-endpoint")
    x = "triples"
    draw(
        folder / "scale-load.svg", "Load time", x, "seconds",
        {"memory": kept.curve("memory", "load_s"), "disk": kept.curve("disk", "load_s"),
         **{peer: kept.curve(peer, "load_s") for peer in peers}},
    )  # fmt: skip
    draw(
        folder / "scale-size.svg", "Memory and disk", x, "bytes",
        {"N-Quads": kept.curve("generated", "bytes"), "store on disk": kept.curve("disk", "disk_bytes"),
         "store in memory": kept.curve("memory", "loaded_bytes"),
         "service, all processes": kept.curve("strategigraf", "asked_bytes"),
         "oxigraph, memory": kept.curve("oxigraph", "asked_bytes")},
    )  # fmt: skip
    draw(
        folder / "scale-latency.svg", "Latency", x, "milliseconds",
        {"look-up p50, memory": kept.curve("memory", "lookup_p50_ms"),
         "look-up p50, disk": kept.curve("disk", "lookup_p50_ms"),
         "look-up p50, HTTP": kept.curve("strategigraf", "lookup_p50_ms"),
         "look-up p95, HTTP": kept.curve("strategigraf", "lookup_p95_ms"),
         "classes, memory": kept.curve("memory", "classes_ms"), "classes, disk": kept.curve("disk", "classes_ms"),
         **{f"look-up p50, {peer}": kept.curve(peer, "lookup_p50_ms") for peer in peers}},
    )  # fmt: skip
    draw(
        folder / "scale-build.svg", "Build and validation", x, "seconds",
        {"all validation": kept.curve("facts", "validation_s"), "SHACL": kept.curve("facts", "shacl_s"),
         "rules": kept.curve("facts", "rules_s"), "merge and writing": kept.curve("facts", "writing_s")},
    )  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="municipalities of the graphs, with commas")
    parser.add_argument("--facts", default=",".join(map(str, FACTS)), help="the same for checks and rules")
    parser.add_argument("--scratch", type=Path, default=paths.default_build({}) / "bench", help="a folder with room")
    parser.add_argument("--fresh", action="store_true", help="forget what was measured")
    parser.add_argument("--write", action="store_true", help=f"put tables and plots into docs/{PERFORMANCE.name}")
    chosen = parser.parse_args(arguments)
    try:
        sizes, facts = ([int(part) for part in text.split(",") if part] for text in (chosen.sizes, chosen.facts))
    except ValueError as error:
        parser.error(f"sizes are whole numbers with commas between: {error}")
    end_kindly()
    kept = Kept(chosen.scratch / "scale.json", chosen.fresh)
    try:
        if not wrk.installed():
            raise NotInstalled("wrk: apt-get install wrk (Debian, Ubuntu), or https://github.com/wg/wrk")
        failed = measure(kept, chosen.scratch, sizes, facts, _say)
    except NoRelease as error:
        _say(error.message.en)
        return 2
    except (NotInstalled, OSError, ValueError) as error:
        _say(f"cannot measure: {error}")
        return 2
    text = tables(kept)
    print(text)
    if chosen.write:
        plots(kept, IMAGES)
        fill(PERFORMANCE, "scale", text)
    for line in failed:
        _say(f"failed: {line}")
    for line in short(kept):
        _say(f"falls short: {line}")
    return 1 if failed or short(kept) else 0


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
