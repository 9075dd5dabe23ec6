"""One measurement of the curves, in a process of its own so that its memory is its own; prints JSON.

``python -m benchmarks.point memory|disk RELEASE`` measures a store, ``python -m benchmarks.point facts MUNICIPALITIES``
the checks, the rules and the writing.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import statistics
import sys
import time
from pathlib import Path

from pyoxigraph import QueryResultsFormat, QueryTriples, RdfFormat, Store

from benchmarks.facts import sources
from benchmarks.generate import Synthetic, real_release
from benchmarks.mix import SHAPES, Mix, Query
from benchmarks.model import read
from benchmarks.peers import folder_bytes, pss
from strategigraf import build, checks
from strategigraf.store import MergedStore, disk
from strategigraf.text import Text

LOOKUPS = tuple(shape for shape in SHAPES if not shape.grows)
AGGREGATIONS = tuple(shape for shape in SHAPES if shape.grows)


def store(kind: str, release: Path) -> dict[str, float]:
    """Load a release into memory, or make its store on disk and open it; then ask it.

    Seconds, bytes and, for latencies, milliseconds.
    """
    data = release / "data.nq"
    seen: dict[str, float] = {}
    before = time.perf_counter()
    if kind == "memory":
        opened = MergedStore(data).embedded
        seen["load_s"] = time.perf_counter() - before
    else:
        made = disk.make(data)
        seen["load_s"] = time.perf_counter() - before
        seen["disk_bytes"] = folder_bytes(made)
        opened = Store.read_only(str(made))
    seen["loaded_bytes"] = pss(os.getpid())
    mix = Mix(opened)
    # The best of three: what else the machine does makes a time longer, never shorter.
    spreads = [_spread([_ask(opened, query) for query in mix.unique(1000, LOOKUPS)]) for _ in range(3)]
    seen["lookup_p50_ms"], seen["lookup_p95_ms"] = min(p50 for p50, _ in spreads), min(p95 for _, p95 in spreads)
    for shape in AGGREGATIONS:
        seen[f"{shape.name}_ms"] = min(_ask(opened, mix.one(shape)) for _ in range(5))
    seen["asked_bytes"] = pss(os.getpid())
    return seen


def facts(municipalities: int) -> dict[str, float]:
    """Check, derive and write synthetic facts, nothing kept from before: seconds for each step.

    Raises RuntimeError where a check finds anything but that the defaults of the public queries are not there.
    """
    like = real_release()
    made = sources(Synthetic(read(like), municipalities), like)
    steps: dict[str, float] = {}
    begun = [(time.perf_counter(), "")]

    def progress(step: Text) -> None:
        now, (since, name) = time.perf_counter(), begun.pop()
        if name:
            steps[name] = steps.get(name, 0) + now - since
        begun.append((now, "SHACL" if step.en.startswith("SHACL") else step.en))

    outcome = checks.check(made, None, None, progress)
    progress(Text("skriver", "writing"))
    if outcome.store is None or any(finding.code != "query" for finding in outcome.findings):
        raise RuntimeError(f"the synthetic facts do not pass: {outcome.findings[:3]}")
    lines = build._lines(outcome.store)
    sha = hashlib.sha256(b"".join(lines)).hexdigest()
    progress(Text("", ""))
    assert sha
    validation = sum(steps[name] for name in steps if name not in ("deriving", "writing"))
    return {
        "triples": float(len(outcome.store)),
        "validation_s": validation,
        "shacl_s": steps["SHACL"],
        "reading_s": steps["reading the files"],
        "rules_s": steps["deriving"],
        "writing_s": steps["writing"],
        "build_s": steps["deriving"] + steps["writing"],
        "bytes": float(pss(os.getpid())),
    }


def _ask(opened: Store, query: Query) -> float:
    start = time.perf_counter()
    result = opened.query(query.text)
    if isinstance(result, QueryTriples):
        result.serialize(format=RdfFormat.TURTLE)
    else:
        result.serialize(format=QueryResultsFormat.JSON)
    return (time.perf_counter() - start) * 1000


def _spread(times: list[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(times, n=100)
    return cuts[49], cuts[94]


def main(arguments: list[str]) -> int:
    """The command."""
    kind, what = arguments
    seen = facts(int(what)) if kind == "facts" else store(kind, Path(what))
    print(json.dumps(seen))
    return 0


def forget(release: Path) -> None:
    """Remove a release that was generated, and the store on disk that lies beside it."""
    for folder in [release, *release.parent.glob(f".{release.name}.store-*")]:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
