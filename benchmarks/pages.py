"""The pages of things, measured against Trifid's and against our own queries: ``python -m benchmarks.pages [--write]``.

Things are drawn at random, so each type by its share of the graph, in Danish and English by turns. A page that is *not
kept* is asked for with an address that nobody has used before; *kept* pages are drawn from a pool of a hundred. Ratios
are taken within a round, and of the rounds the median. The command ends with 1 where a figure falls short, and names
it; with 2 where it cannot measure.
"""

from __future__ import annotations

import argparse
import itertools
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks import wrk
from benchmarks.generate import real_release
from benchmarks.mix import POOL, SHAPES, Mix, Query
from benchmarks.peers import NotInstalled, Ours, Peer, end_kindly, machine
from benchmarks.report import PERFORMANCE, fill, number, table
from benchmarks.trifid_peer import Trifid, TrifidOverOxigraph
from benchmarks.wrk import Histogram, Load
from strategigraf.errors import NoRelease
from strategigraf.names import Names
from strategigraf.ns import ID
from strategigraf.store import MergedStore

NOT_KEPT, KEPT, LOOKUPS, REPEATED = "pages, not kept", "pages, kept", "look-ups, unique", "look-ups, repeated"
TRIFID, OVER = "Trifid's pages", "Trifid's pages, over Oxigraph"
_TRIFIDS: tuple[tuple[str, type[Trifid]], ...] = ((TRIFID, Trifid), (OVER, TrifidOverOxigraph))
#: Trifid's pages a second on two cores over this graph, for where it cannot be had.
TRIFID_RATE = 25.0
#: The least ratio of a rate to another, and the most milliseconds that 95 of 100 pages may take.
WANTED = ((NOT_KEPT, TRIFID, 16.0), (KEPT, LOOKUPS, 0.5))
MOST_MS = 50.0
_LOOKUPS = tuple(shape for shape in SHAPES if not shape.grows)


@dataclass
class Seen:
    """A run: the loads of each kind, one for each round."""

    graph: str
    clients: int
    seconds: float
    servers: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    loads: dict[str, list[Load]] = field(default_factory=dict)
    #: Seconds of processor time of the server, for all rounds of each kind.
    worked: dict[str, float] = field(default_factory=dict)

    def each(self, what: str) -> float:
        """Milliseconds of processor time that one answer takes; other programs on the machine count less in it."""
        asked = sum(load.requests for load in self.loads.get(what, []))
        return 1000 * self.worked[what] / asked if asked and what in self.worked else float("nan")

    def rate(self, what: str) -> float:
        """Requests a second, the median of the rounds; not a number where there is none."""
        return statistics.median([load.rate for load in self.loads[what]]) if self.loads.get(what) else float("nan")

    def latencies(self, what: str) -> Histogram:
        """The latencies of all rounds."""
        return sum((load.latencies for load in self.loads.get(what, [])), Histogram({}))

    def ratio(self, what: str, against: str) -> float:
        """The median of the rounds' ratios; against ``TRIFID_RATE`` where Trifid was not measured."""
        if against == TRIFID and TRIFID not in self.loads:
            return self.rate(what) / TRIFID_RATE
        pairs = zip(self.loads[what], self.loads[against], strict=True)
        return statistics.median([one.rate / other.rate for one, other in pairs])

    def short(self) -> list[str]:
        """What falls short, each in words."""
        found = [
            f"{what} against {against}: {number(self.ratio(what, against))}, must be at least {number(least)}"
            for what, against, least in WANTED
            if not self.ratio(what, against) >= least
        ]
        slow = self.latencies(NOT_KEPT).percentile(0.95)
        if not slow <= MOST_MS:
            found.append(f"{NOT_KEPT}: p95 {number(slow)} ms, must be at most {number(MOST_MS)}")
        failed = {what: sum(sum(load.errors) for load in loads) for what, loads in self.loads.items()}
        return found + [f"{what}: {count} failed requests" for what, count in failed.items() if count]


class Draws:
    """Paths of things, drawn at random; the same release and seed give the same."""

    def __init__(self, names: Names, seed: int = 1) -> None:
        self._things = [iri[len(ID) :] for iri in sorted(names.things)]
        self._random = random.Random(seed)  # noqa: S311 (no secret)
        self._serial = itertools.count(1)

    def things(self, count: int) -> list[str]:
        """Things, as type and slug."""
        return self._random.choices(self._things, k=count)

    def ours(self, count: int, unique: bool) -> Iterator[str]:
        """Paths of our pages; ``unique``: none has been drawn before."""
        for turn, thing in enumerate(self.things(count)):
            language = "/en" if turn % 2 else ""
            yield f"{language}/doc/{thing}" + (f"?draw={next(self._serial)}" if unique else "")


def measure(release: Path, rounds: int, seconds: float, clients: int, with_trifid: bool = True) -> Seen:
    """Measure all kinds by turns. Raises NotInstalled, RuntimeError and OSError where a server cannot be measured."""
    store = MergedStore(release / "data.nq")
    draws, mix = Draws(Names(store)), Mix(store.embedded)
    with ExitStack() as stack, tempfile.TemporaryDirectory(prefix="benchmark-") as scratch:
        ours = stack.enter_context(Ours(release, Path(scratch) / "ours"))
        seen = Seen(f"{release.name}, {len(store):,} triples", clients, seconds, [ours.version()])
        theirs: dict[str, Peer] = {}
        for what, kind in _TRIFIDS if with_trifid else ():
            try:
                theirs[what] = stack.enter_context(kind(release, Path(scratch) / kind.name))
                seen.servers.append(theirs[what].version())
            except (NotInstalled, RuntimeError, OSError) as error:
                seen.missing.append(str(error).partition("\n")[0])
        pool, texts = list(draws.ours(POOL, unique=False)), mix.pool()
        count = round(1500 * seconds)

        def pages(peer: Peer, paths: Sequence[str], once: bool = False, least: float = 1) -> Load:
            return wrk.pages(f"http://127.0.0.1:{peer.port}", paths, max(seconds, least), clients, once)

        def unique() -> Load:
            nonlocal count
            while True:
                try:
                    return pages(ours, list(draws.ours(count, unique=True)), once=True)
                except wrk.RanOut as error:
                    count = max(count, error.asked) * 2

        def look_up(queries: Sequence[Query]) -> Load:
            return wrk.run(ours.url, queries, seconds, clients)

        def their(peer: Peer, least: float = 1) -> Load:
            return pages(peer, [f"/id/{one}" for one in draws.things(2000)], least=least)

        def note(what: str, peer: Peer, load: Callable[[], Load]) -> None:
            before = peer.processor_seconds()
            seen.loads.setdefault(what, []).append(load())
            seen.worked[what] = seen.worked.get(what, 0) + peer.processor_seconds() - before

        pages(ours, pool)
        for peer in theirs.values():
            their(peer, least=8)  # what its engine compiles as it runs, it has compiled by then
        for turn in range(rounds):
            _say(f"round {turn + 1} of {rounds}")
            note(NOT_KEPT, ours, unique)
            note(KEPT, ours, lambda: pages(ours, pool))
            note(LOOKUPS, ours, lambda: look_up(list(mix.unique(round(8000 * seconds), _LOOKUPS))))
            note(REPEATED, ours, lambda: look_up(texts))
            for what, peer in theirs.items():
                note(what, peer, partial(their, peer))
    return seen


def tables(seen: Seen) -> str:
    """The run as Markdown."""
    rows = []
    for what, loads in seen.loads.items():
        spread = seen.latencies(what)
        mean = sum(load.bytes for load in loads) / max(1, sum(load.requests for load in loads))
        rows.append(
            [
                what,
                number(seen.rate(what)),
                *[number(spread.percentile(p)) for p in (0.5, 0.95, 0.99)],
                number(seen.each(what)),
                number(mean / 1e3),
            ]
        )
    wanted = [
        [what, against if against in seen.loads else f"{against} ({number(TRIFID_RATE)}/s, measured before)",
         number(seen.ratio(what, against)), f"≥ {least:g}", _reached(seen.ratio(what, against) >= least)]
        for what, against, least in WANTED
    ]  # fmt: skip
    slow = seen.latencies(NOT_KEPT).percentile(0.95)
    wanted.append([f"{NOT_KEPT}: p95", "", f"{number(slow)} ms", f"≤ {MOST_MS:g} ms", _reached(slow <= MOST_MS)])
    parts = [
        f"{machine()}. Graph: {seen.graph}. {'; '.join(seen.servers)}. {seen.clients} clients, "
        f"{len(seen.loads[NOT_KEPT])} rounds of {number(seen.seconds)} s, "
        f"{time.strftime('%Y-%m-%d', time.gmtime())}.\n",
        table(["what", "requests/s", "p50, ms", "p95, ms", "p99, ms", "processor, ms each", "kB each"], rows),
        table(["must reach", "against", "figure", "must be", ""], wanted),
    ]
    if OVER in seen.loads:
        parts.append(f"Against Trifid over Oxigraph's server: {number(seen.ratio(NOT_KEPT, OVER))} times its pages.\n")
    parts += [f"Not measured: {line}\n" for line in seen.missing]
    return "\n".join(parts)


def _reached(good: bool) -> str:
    return "reached" if good else "**falls short**"


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--release", type=Path, help="a release's folder (default: the current one in build/)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement (default 5)")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--alone", action="store_true", help="without Trifid")
    parser.add_argument("--write", action="store_true", help=f"put the tables into docs/{PERFORMANCE.name}")
    chosen = parser.parse_args(arguments)
    if min(chosen.rounds, chosen.seconds, chosen.clients) < 1:
        parser.error("rounds, seconds and clients are whole numbers of at least 1")
    end_kindly()
    try:
        release = real_release(chosen.release)
        seen = measure(release, chosen.rounds, chosen.seconds, chosen.clients, not chosen.alone)
    except NoRelease as error:
        _say(error.message.en)
        return 2
    except (NotInstalled, OSError, RuntimeError, ValueError) as error:
        _say(f"cannot measure: {error}")
        return 2
    text = tables(seen)
    print(text)
    if chosen.write:
        fill(PERFORMANCE, "pages", text)
    for line in seen.short():
        _say(f"falls short: {line}")
    return 1 if seen.short() else 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
