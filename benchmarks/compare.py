"""Our service and its peers, measured in one run: ``python -m benchmarks.compare [--write]``.

All servers are started on the same graph, and asked the same queries by the same clients, one server after another in
several rounds, so that what the machine does otherwise falls on all. Ratios are taken within a round, and of the
rounds the median. The command ends with 1 where a ratio falls short or an answer is wrong, and names it; with 2 where
it cannot measure.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from pyoxigraph import QueryResultsFormat, QueryTriples, RdfFormat, Store

from benchmarks import wrk
from benchmarks.answers import differences
from benchmarks.generate import real_release
from benchmarks.mix import SHAPES, Mix, Query
from benchmarks.peers import PEERS, NotInstalled, Peer, end_kindly, machine
from benchmarks.report import PERFORMANCE, fill, megabytes, number, table
from benchmarks.wrk import Histogram, Load
from strategigraf.errors import NoRelease

#: The ways that queries are drawn and sent.
UNIQUE, REPEATED, APART = "unique", "repeated", "unique, one connection for each request"
_OURS = "strategigraf"


@dataclass(frozen=True)
class Wanted:
    """A ratio that must be reached; ``most`` says that it is an upper bound."""

    what: str
    peer: str
    ratio: float
    most: bool = False


WANTED = (
    Wanted(UNIQUE, "oxigraph", 1.1),
    Wanted(REPEATED, "oxigraph", 3),
    Wanted(UNIQUE, "rdflib-endpoint", 10),
    Wanted("memory", "oxigraph", 10, most=True),
)


@dataclass
class Measured:
    """What was seen of one server."""

    version: str
    load_seconds: float
    idle: int
    busy: int = 0
    #: Bytes of each process when the most were in use.
    processes: list[int] = field(default_factory=list)
    #: By the way of drawing: one load for each round.
    loads: dict[str, list[Load]] = field(default_factory=dict)

    def note(self, processes: list[int]) -> None:
        """Keep what the processes use, if it is the most so far."""
        if sum(processes) > self.busy:
            self.busy, self.processes = sum(processes), processes

    def rate(self, way: str) -> float:
        """Requests a second, the median of the rounds; not a number where there is none."""
        return statistics.median([load.rate for load in self.loads[way]]) if self.loads.get(way) else float("nan")

    def latencies(self, way: str) -> Histogram:
        """The latencies of all rounds."""
        return sum((load.latencies for load in self.loads.get(way, [])), Histogram({}))

    def shape(self, way: str, name: str) -> Histogram:
        """The latencies of one shape in all rounds."""
        none = Histogram({})
        return sum((load.shapes.get(name, none) for load in self.loads.get(way, [])), none)

    def errors(self) -> int:
        """Requests that failed.

        Where each has a connection of its own, wrk takes the end of an answer that has no length for a failed read, so
        failed reads are not counted there.
        """
        return sum(
            sum(load.errors) - (load.errors[1] if way == APART else 0)
            for way, loads in self.loads.items()
            for load in loads
        )


@dataclass
class Comparison:
    """The whole of a run."""

    graph: str
    clients: int
    seconds: float
    rounds: int
    peers: dict[str, Measured]
    floor: tuple[float, float]
    missing: list[str]
    different: list[str]
    #: How many texts were asked of all, to compare the answers.
    compared: int = 0

    def ratio(self, way: str, peer: str) -> float:
        """Ours against a peer's: the median of the rounds' ratios; not a number where the peer was not measured."""
        ours, theirs = self.peers.get(_OURS), self.peers.get(peer)
        if ours is None or theirs is None:
            return float("nan")
        if way == "memory":
            return ours.busy / theirs.busy
        pairs = zip(ours.loads.get(way, []), theirs.loads.get(way, []), strict=True)
        ratios = [mine.rate / other.rate for mine, other in pairs if other.requests]
        return statistics.median(ratios) if ratios else float("nan")

    def short(self) -> list[str]:
        """What falls short, each in words."""
        found = []
        for wanted in WANTED:
            got = self.ratio(wanted.what, wanted.peer)
            if not (got <= wanted.ratio if wanted.most else got >= wanted.ratio):
                bound = "at most" if wanted.most else "at least"
                found.append(
                    f"{wanted.what} against {wanted.peer}: {number(got)}, must be {bound} {number(wanted.ratio)}"
                )
        found += [f"{name}: {m.errors()} failed requests" for name, m in self.peers.items() if m.errors()]
        return found + [f"different answers, {line}" for line in self.different]


def compare(
    release: Path,
    kinds: Sequence[type[Peer]] = PEERS,
    rounds: int = 3,
    seconds: float = 5,
    clients: int = 4,
    samples: int = 3,
    say: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """Measure servers on the graph of a release. A peer that is not installed is left out and named.

    First each server answers ``samples`` texts of each shape, which are compared. Raises NotInstalled where wrk is
    missing, and RuntimeError where a server does not start.
    """
    store = Store()
    store.bulk_load(path=str(release / "data.nq"), format=RdfFormat.N_QUADS)
    mix = Mix(store)
    missing: list[str] = []
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmark-")))
        running: dict[str, Peer] = {}
        measured: dict[str, Measured] = {}
        for kind in kinds:
            try:
                peer = kind(release, scratch / kind.name)
                say(f"starting {peer.name}")
                running[peer.name] = stack.enter_context(peer)
            except NotInstalled as error:
                missing.append(f"{kind.name} is not installed: {error}")
                continue
            measured[peer.name] = Measured(peer.version(), peer.load_seconds, 0)
        say("comparing answers")
        sample = [mix.one(shape) for shape in SHAPES for _ in range(samples)]
        different = differences({name: peer.url for name, peer in running.items()}, sample)
        for name, peer in running.items():
            measured[name].idle = peer.memory()
        pool = mix.pool()
        many = _Many(mix, seconds)
        for turn in range(rounds):
            for way in (UNIQUE, REPEATED):
                queries = many.texts() if way == UNIQUE else list(mix.repeated(20_000, pool))
                for name, peer in running.items():
                    say(f"round {turn + 1} of {rounds}, {way}, {name}")
                    load = many.run(peer, queries, clients) if way == UNIQUE else wrk.run(
                        peer.url, queries, seconds, clients
                    )  # fmt: skip
                    measured[name].loads.setdefault(way, []).append(load)
                    measured[name].note(peer.processes())
        queries = many.texts()
        for name, peer in running.items():
            say(f"{APART}, {name}")
            measured[name].loads[APART] = [many.run(peer, queries, clients, keep_alive=False)]
    say("the engine alone")
    floor = alone(store, list(mix.unique(1000 * samples)))
    graph = f"{release.name}, {len([*store.quads_for_pattern(None, None, None, None)]):,} quads"
    return Comparison(graph, clients, seconds, rounds, measured, floor, missing, different, len(sample))


class _Many:
    """Unique texts, as many as the fastest server turned out to need."""

    def __init__(self, mix: Mix, seconds: float) -> None:
        self._mix = mix
        self._seconds = seconds
        self._count = round(8_000 * seconds)

    def texts(self) -> list[Query]:
        """Texts that nobody has seen."""
        return list(self._mix.unique(self._count))

    def run(self, peer: Peer, queries: list[Query], clients: int, keep_alive: bool = True) -> Load:
        """Measure; where a server outruns the texts it gets new ones, more of them, and so does each later round."""
        while True:
            try:
                return wrk.run(peer.url, queries, self._seconds, clients, keep_alive, once=True)
            except wrk.RanOut as error:
                self._count = max(self._count, error.asked) * 2
                queries = self.texts()


def alone(store: Store, queries: Sequence[Query]) -> tuple[float, float]:
    """The engine without HTTP, in one thread: queries a second, and the median of the times in milliseconds."""
    times = []
    before = time.perf_counter()
    for query in queries:
        start = time.perf_counter()
        result = store.query(query.text)
        if isinstance(result, QueryTriples):
            result.serialize(format=RdfFormat.TURTLE)
        else:
            result.serialize(format=QueryResultsFormat.JSON)
        times.append(time.perf_counter() - start)
    return len(queries) / (time.perf_counter() - before), statistics.median(times) * 1000


def tables(seen: Comparison) -> str:
    """The run as Markdown."""
    names = list(seen.peers)
    others = [name for name in names if name != _OURS]
    parts = [
        f"{machine()}. Graph: {seen.graph}. {seen.clients} clients, {seen.rounds} rounds of {number(seen.seconds)} s, "
        f"{time.strftime('%Y-%m-%d', time.gmtime())}.\n",
        table(
            ["server", "start, s", "idle, MB", "after load, MB", "failed"],
            [
                [m.version, number(m.load_seconds), megabytes(m.idle), megabytes(m.busy), m.errors()]
                for m in seen.peers.values()
            ],
        ),
    ]
    if _OURS in seen.peers:
        each_process = " + ".join(megabytes(size) for size in seen.peers[_OURS].processes)
        parts.append(f"Our memory after load, process by process, the first one first: {each_process} MB.\n")
    for way in (UNIQUE, REPEATED, APART):
        rows = []
        for name in names:
            m, spread = seen.peers[name], seen.peers[name].latencies(way)
            ratio = "" if name == _OURS else number(seen.ratio(way, name))
            rows.append([name, number(m.rate(way)), *[number(spread.percentile(p)) for p in (0.5, 0.95, 0.99)], ratio])
        title = f"**Queries: {way}**\n"
        parts += [title, table(["server", "requests/s", "p50, ms", "p95, ms", "p99, ms", "ours against it"], rows)]
    each, median = seen.floor
    parts.append(
        f"The engine alone (pyoxigraph in memory, query and serialisation, one thread, no HTTP): {number(each)} unique "
        f"queries a second, p50 {number(median)} ms.\n"
    )
    parts += [
        "**Must reach**\n",
        table(
            ["what", "against", "ratio", "must be", ""],
            [
                [
                    w.what, w.peer, number(seen.ratio(w.what, w.peer)),
                    ("≤ " if w.most else "≥ ") + number(w.ratio).rstrip("0").rstrip("."),
                    "reached" if _reached(w, seen.ratio(w.what, w.peer)) else "**falls short**",
                ]
                for w in WANTED
            ],
        ),
        "**Latency by shape**, unique queries, p50 / p95 in ms\n",
        table(
            ["shape", "share, %", *names],
            [
                [
                    shape.name, number(100 * shape.weight / sum(s.weight for s in SHAPES)),
                    *[_pair(seen.peers[name].shape(UNIQUE, shape.name)) for name in names],
                ]
                for shape in SHAPES
            ],
        ),
    ]  # fmt: skip
    for line in seen.missing:
        parts.append(f"Not measured: {line}\n")
    if others and not seen.different:
        parts.append(f"Answers to {seen.compared} texts, some of each shape, were of the same size on all servers.\n")
    parts += [f"Different answers: {line}\n" for line in seen.different]
    return "\n".join(parts)


def _reached(wanted: Wanted, got: float) -> bool:
    return got <= wanted.ratio if wanted.most else got >= wanted.ratio


def _pair(spread: Histogram) -> str:
    return f"{number(spread.percentile(0.5))} / {number(spread.percentile(0.95))}" if spread.total else "–"


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--release", type=Path, help="a release's folder (default: the current one in build/)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement (default 5)")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--peers", default="", help="only these, such as strategigraf,oxigraph")
    parser.add_argument("--write", action="store_true", help=f"put the tables into docs/{PERFORMANCE.name}")
    chosen = parser.parse_args(arguments)
    if min(chosen.rounds, chosen.seconds, chosen.clients) < 1:
        parser.error("rounds, seconds and clients are whole numbers of at least 1")
    wanted = [name for name in chosen.peers.split(",") if name]
    if unknown := set(wanted) - {kind.name for kind in PEERS}:
        parser.error(f"unknown peers {sorted(unknown)}: known are {', '.join(kind.name for kind in PEERS)}")
    end_kindly()
    kinds = [kind for kind in PEERS if not wanted or kind.name in wanted]
    try:
        release = real_release(chosen.release)
        if not wrk.installed():
            raise NotInstalled("wrk: apt-get install wrk (Debian, Ubuntu), or https://github.com/wg/wrk")
        seen = compare(release, kinds, chosen.rounds, chosen.seconds, chosen.clients, say=_say)
    except NoRelease as error:
        _say(error.message.en)
        return 2
    except (NotInstalled, OSError, RuntimeError, ValueError) as error:
        _say(f"cannot measure: {error}")
        return 2
    text = tables(seen)
    print(text)
    if chosen.write:
        fill(PERFORMANCE, "compare", text)
    for line in seen.short():
        _say(f"falls short: {line}")
    return 1 if seen.short() else 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
