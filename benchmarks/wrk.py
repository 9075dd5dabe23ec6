"""Load by wrk, whose client costs so little that it is the server that is measured, on the same two cores too.

A Lua script made here reads the requests from a file. Each thread of wrk has one connection, so that the time between
two of a thread's requests is the time of one answer, and can be kept by the shape of its query.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from benchmarks.mix import SHAPES, Query
from benchmarks.peers import NotInstalled, program

#: Latencies are kept in steps of a twentieth of an e-fold, 5 per cent.
_STEPS = 20
_SCRIPT = """
local ffi = require("ffi")
ffi.cdef[[
  typedef struct { long sec; long nsec; } benchmark_time;
  int clock_gettime(int clock, benchmark_time *time);
]]
local time = ffi.new("benchmark_time")
local function now()
  ffi.C.clock_gettime(1, time)
  return tonumber(time.sec) * 1e6 + tonumber(time.nsec) / 1e3
end
local threads = {}
function setup(thread)
  thread:set("place", #threads)
  table.insert(threads, thread)
end
function init(args)
  texts, shapes, counts, turn, seen, wraps = {}, {}, {}, 0, 0, 0
  local number, all = 0, tonumber(args[2])
  for line in io.lines(args[1]) do
    if number % all == place then
      local shape, accept, path = line:match("^(%d+)\\t([^\\t]*)\\t(.*)$")
      local headers = { ["Host"] = wrk.headers["Host"], ["Accept"] = accept }
      if args[3] == "close" then headers["Connection"] = "close" end
      table.insert(texts, wrk.format("GET", path, headers))
      table.insert(shapes, tonumber(shape))
    end
    number = number + 1
  end
end
function request()
  local at = now()
  -- The first is asked for before the clock runs, to see whether requests differ.
  if seen >= 2 then
    local key = shapes[turn] * 10000 + math.floor(math.log(math.max(at - last, 1)) * STEPS)
    counts[key] = (counts[key] or 0) + 1
  end
  seen = seen + 1
  turn = turn + 1
  if turn > #texts then turn = 1; wraps = wraps + 1 end
  last = at
  return texts[turn]
end
function done(summary, latency, requests)
  local total, wrapped = {}, 0
  for _, thread in ipairs(threads) do
    for key, count in pairs(thread:get("counts")) do total[key] = (total[key] or 0) + count end
    wrapped = wrapped + thread:get("wraps")
  end
  local cells = {}
  for key, count in pairs(total) do table.insert(cells, string.format("[%d,%d]", key, count)) end
  local e = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"us":%d,"bytes":%d,"errors":[%d,%d,%d,%d,%d],"wraps":%d,"counts":[%s]}\\n',
    summary.requests, summary.duration, summary.bytes, e.connect, e.read, e.write, e.status, e.timeout, wrapped,
    table.concat(cells, ",")))
end
""".replace("STEPS", str(_STEPS))


@dataclass(frozen=True)
class Histogram:
    """Latencies in steps of 5 per cent: how often each step was met."""

    counts: dict[int, int]

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self.counts.values())

    def percentile(self, part: float) -> float:
        """The latency in milliseconds that a part (0 to 1) of them do not exceed; the middle of its step."""
        left = part * self.total
        for step in sorted(self.counts):
            left -= self.counts[step]
            if left <= 0:
                return float(2.718281828459045 ** ((step + 0.5) / _STEPS)) / 1000
        return float("nan")

    def __add__(self, other: Histogram) -> Histogram:
        steps = self.counts.keys() | other.counts.keys()
        return Histogram({step: self.counts.get(step, 0) + other.counts.get(step, 0) for step in steps})


@dataclass(frozen=True)
class Load:
    """What one run of wrk saw."""

    requests: int
    seconds: float
    bytes: int
    #: Connections that failed, reads, writes, answers that were not 2xx or 3xx, time-outs.
    errors: tuple[int, ...]
    #: Latencies by the name of the query's shape.
    shapes: dict[str, Histogram]

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds

    @property
    def latencies(self) -> Histogram:
        """The latencies of all shapes."""
        return sum(self.shapes.values(), Histogram({}))


class RanOut(Exception):
    """There were too few unique texts for a server that fast; ``asked`` is how many it took."""

    def __init__(self, asked: int) -> None:
        super().__init__(f"{asked} texts would have been needed")
        self.asked = asked


def run(
    url: str, queries: Sequence[Query], seconds: float, clients: int = 4, keep_alive: bool = True, once: bool = False
) -> Load:
    """Ask the queries in turn, by so many clients, for so long; each client its own part of them.

    ``url`` is all that stands before a query's text.

    With ``once`` no text is asked twice: RanOut where there are too few. Raises NotInstalled where wrk is missing, and
    RuntimeError where it fails.
    """
    path = "/" + url.split("/", 3)[3]
    numbers = {shape.name: number for number, shape in enumerate(SHAPES)}
    requests = [(numbers[one.shape.name], one.shape.accept, path + quote(one.text, safe="")) for one in queries]
    return _load(url.partition("?")[0], requests, [shape.name for shape in SHAPES], seconds, clients, keep_alive, once)


def pages(base: str, paths: Sequence[str], seconds: float, clients: int = 4, once: bool = False) -> Load:
    """Ask for pages as a browser does, by so many clients, for so long; their latencies stand under ``page``.

    ``base`` is the address that the paths go after. ``once``, and what is raised: see ``run``.
    """
    return _load(base, [(0, "text/html", path) for path in paths], ["page"], seconds, clients, True, once)


def _load(
    address: str,
    asked: Sequence[tuple[int, str, str]],
    names: Sequence[str],
    seconds: float,
    clients: int,
    keep_alive: bool,
    once: bool,
) -> Load:
    """Send requests, each a place in ``names``, what it accepts, and its path."""
    wrk = program("wrk", "apt-get install wrk (Debian, Ubuntu), or https://github.com/wg/wrk")
    with tempfile.TemporaryDirectory(prefix="benchmark-") as scratch:
        script, requests = Path(scratch) / "load.lua", Path(scratch) / "requests.tsv"
        script.write_text(_SCRIPT, encoding="utf-8")
        requests.write_text("".join(f"{key}\t{accept}\t{path}\n" for key, accept, path in asked), encoding="utf-8")
        done = subprocess.run(
            [
                wrk, "--threads", str(clients), "--connections", str(clients),
                "--duration", f"{max(1, round(seconds))}s", "--timeout", "60s", "--script", str(script),
                address, "--", str(requests), str(clients), "keep" if keep_alive else "close",
            ],
            capture_output=True, text=True, check=False, timeout=seconds + 120,
        )  # fmt: skip
    line = next((line for line in done.stdout.splitlines() if line.startswith("RESULT ")), None)
    if line is None:
        raise RuntimeError(f"wrk failed ({done.returncode}): {done.stderr or done.stdout}")
    said = json.loads(line.removeprefix("RESULT "))
    if once and said["wraps"]:
        raise RanOut(said["requests"])
    counts: dict[str, dict[int, int]] = {}
    for key, count in said["counts"]:
        counts.setdefault(names[key // 10000], {})[key % 10000] = count
    return Load(
        said["requests"], said["us"] / 1e6, said["bytes"], tuple(said["errors"]),
        {name: Histogram(steps) for name, steps in counts.items()},
    )  # fmt: skip


def installed() -> bool:
    """Whether wrk is on this machine."""
    try:
        program("wrk", "")
    except NotInstalled:
        return False
    return True
