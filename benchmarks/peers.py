"""The servers that are measured: ours and those that people would take instead, each started for real."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from pyoxigraph import DefaultGraph, RdfFormat, parse, serialize

#: Seconds that a server may take to load and to answer its first request.
_PATIENCE = 300.0
_MERGED = "https://w3id.org/strategigraf/graph/merged"


class NotInstalled(Exception):
    """A server that is not on this machine; the message says how to get it."""


class Peer:
    """A server process with its data; a context manager that stops it."""

    name: ClassVar[str]
    #: The endpoint, up to the name of the parameter ``query``.
    path: ClassVar[str] = "/sparql?"

    def __init__(self, release: Path, scratch: Path, environment: Mapping[str, str] | None = None) -> None:
        """Choose a port; ``release`` is served, ``scratch`` is a folder for what the server makes of it."""
        self.release = release
        self.scratch = scratch
        self.port = _free_port()
        #: Seconds from the N-Quads file to the first answer.
        self.load_seconds = 0.0
        #: Bytes that the server keeps on disk; 0 where it keeps nothing.
        self.disk_bytes = 0
        self.process: subprocess.Popen[bytes] | None = None
        self._environment = {**os.environ, **(environment or {})}

    @property
    def url(self) -> str:
        """The address of the endpoint, up to the text of a query."""
        return f"http://127.0.0.1:{self.port}{self.path}query="

    def __enter__(self) -> Peer:
        self.scratch.mkdir(parents=True, exist_ok=True)
        before = time.perf_counter()
        try:
            self.prepare()
            self._launch()
            self.fill()
            self._wait()
        except BaseException:
            self.stop()
            raise
        self.load_seconds = time.perf_counter() - before
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def prepare(self) -> None:
        """What is done before the server starts."""

    def fill(self) -> None:
        """What is done once the process runs."""

    def command(self) -> list[str]:
        """The server's command line."""
        raise NotImplementedError

    def version(self) -> str:
        """What is measured, with its version."""
        raise NotImplementedError

    def stop(self) -> None:
        """End the server, kindly at first; only the process that was started here."""
        process = self.process
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def processes(self) -> list[int]:
        """Bytes of memory of each process of the tree, the first one first: PSS, so that shared pages count once."""
        return [pss(pid) for pid in self.pids()]

    def pids(self) -> list[int]:
        """The processes of the tree, the first one first."""
        return [] if self.process is None else tree(self.process.pid)

    def processor_seconds(self) -> float:
        """Seconds of processor time that the processes of the tree have used so far."""
        return sum(_used(pid) for pid in self.pids())

    def memory(self) -> int:
        """Bytes of memory of the whole process tree."""
        return sum(self.processes())

    def _launch(self) -> None:
        log = (self.scratch / "log.txt").open("wb")
        with log:
            self.process = subprocess.Popen(
                self.command(), cwd=self.scratch, env=self._environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def _wait(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        request = urllib.request.Request(  # noqa: S310 (our own address)
            self.url + "ASK%20%7B%20%3Fs%20%3Fp%20%3Fo%20%7D",
            headers={"Accept": "application/sparql-results+json"},
        )
        while True:
            self._still_there()
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                    if b"true" in answer.read().lower():
                        return
            except (OSError, urllib.error.URLError):
                pass
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} has not answered after {_PATIENCE:.0f} s: {self._log()}")
            time.sleep(0.05)

    def _still_there(self) -> None:
        if self.process is not None and self.process.poll() is not None:
            raise RuntimeError(f"{self.name} ended with {self.process.returncode}: {self._log()}")

    def _log(self) -> str:
        path = self.scratch / "log.txt"
        return path.read_text(encoding="utf-8", errors="replace")[-2000:] if path.is_file() else ""


class Ours(Peer):
    """``strategigraf serve`` as it is set up by default, but with no limit on what one client may use."""

    name = "strategigraf"

    def __init__(self, release: Path, scratch: Path, environment: Mapping[str, str] | None = None) -> None:
        """The environment's own settings give way to ours; ``environment`` may say more, such as the store."""
        unlimited = {"STRATEGIGRAF_CLIENT_SECONDS": "0", "STRATEGIGRAF_CLIENT_HEAVY": "0"}
        super().__init__(release, scratch, unlimited | dict(environment or {}))

    def command(self) -> list[str]:
        """The command that anyone gives."""
        where = ["--port", str(self.port), "--release", str(self.release.resolve())]
        return [sys.executable, "-m", "strategigraf", "serve", *where]

    def version(self) -> str:
        """Our version, and that of the engine."""
        return f"strategigraf {version('strategigraf')} (pyoxigraph {version('pyoxigraph')})"


class Oxigraph(Peer):
    """``oxigraph serve-read-only`` over the same N-Quads, loaded and optimized beforehand."""

    name = "oxigraph"
    path = "/query?"

    def __init__(self, release: Path, scratch: Path, environment: Mapping[str, str] | None = None) -> None:
        """Raises NotInstalled where the command is missing."""
        super().__init__(release, scratch, environment)
        self._program = program("oxigraph", "pip install oxigraph")

    def prepare(self) -> None:
        """Load and optimize."""
        store = str(self.scratch / "store")
        for words in (
            ["load", "--location", store, "--file", str(self.release / "data.nq")],
            ["optimize", "--location", store],
        ):
            subprocess.run([self._program, *words], check=True, capture_output=True)
        self.disk_bytes = folder_bytes(self.scratch / "store")

    def command(self) -> list[str]:
        """Read-only, as its manual advises for a public endpoint."""
        store = str(self.scratch / "store")
        return [self._program, "serve-read-only", "--location", store, "--bind", f"127.0.0.1:{self.port}"]

    def version(self) -> str:
        """The package's version."""
        return f"oxigraph {version('oxigraph')} serve-read-only"


class RdflibEndpoint(Peer):
    """rdflib-endpoint under uvicorn, one worker for each core, over the merged triples in rdflib's memory store."""

    name = "rdflib-endpoint"
    path = "/?"

    def __init__(self, release: Path, scratch: Path, environment: Mapping[str, str] | None = None) -> None:
        """Raises NotInstalled where a package is missing."""
        super().__init__(release, scratch, environment)
        for package in ("rdflib-endpoint", "uvicorn"):
            try:
                version(package)
            except PackageNotFoundError:
                raise NotInstalled(f"{package}: pip install {package}") from None
        self._environment["BENCHMARK_TRIPLES"] = str(scratch.resolve() / "merged.nt")

    def prepare(self) -> None:
        """The merged triples as N-Triples."""
        write_merged(self.release / "data.nq", self.scratch / "merged.nt")

    def command(self) -> list[str]:
        """As its manual says, with as many workers as cores."""
        root = str(Path(__file__).resolve().parent.parent)
        return [
            sys.executable, "-m", "uvicorn", "--app-dir", root, "--host", "127.0.0.1", "--port", str(self.port),
            "--workers", str(os.cpu_count() or 1), "--log-level", "warning", "--no-access-log",
            "benchmarks.rdflib_app:app",
        ]  # fmt: skip

    def version(self) -> str:
        """The versions of all three."""
        return (
            f"rdflib-endpoint {version('rdflib-endpoint')} (rdflib {version('rdflib')}, uvicorn {version('uvicorn')})"
        )


class Virtuoso(Peer):
    """Virtuoso Open Source over the merged triples, as its default graph."""

    name = "virtuoso"
    #: Without it a pattern with a variable for the class finds Virtuoso's own triples too.
    path = f"/sparql?default-graph-uri={quote(_MERGED, safe='')}&"

    def __init__(self, release: Path, scratch: Path, environment: Mapping[str, str] | None = None) -> None:
        """Raises NotInstalled where the command is missing."""
        super().__init__(release, scratch, environment)
        self._program = program("virtuoso-t", "apt-get install virtuoso-opensource-7-bin")
        self._isql = program("isql-vt", "apt-get install virtuoso-opensource-7-bin")
        self._sql_port = _free_port()

    def prepare(self) -> None:
        """The merged triples as N-Triples, and a configuration."""
        write_merged(self.release / "data.nq", self.scratch / "merged.nt")
        (self.scratch / "virtuoso.ini").write_text(
            _VIRTUOSO.format(port=self.port, sql=self._sql_port, cores=os.cpu_count() or 1), "utf-8"
        )

    def command(self) -> list[str]:
        """In the foreground, so that it can be ended."""
        return [self._program, "+foreground", "+configfile", "virtuoso.ini"]

    def fill(self) -> None:
        """Load the triples through the SQL port, once it answers."""
        deadline = time.monotonic() + _PATIENCE
        while not self._sql("SELECT 1;"):
            self._still_there()
            if time.monotonic() > deadline:
                raise RuntimeError(f"virtuoso does not open its SQL port: {self._log()}")
            time.sleep(0.1)
        loaded = self._sql(
            f"DB.DBA.TTLP_MT(file_open('merged.nt'), '', '{_MERGED}', 512);",
            "checkpoint;",
        )
        if not loaded:
            raise RuntimeError(f"virtuoso could not load the triples: {self._log()}")
        self.disk_bytes = sum(path.stat().st_size for path in self.scratch.glob("virtuoso*.db"))

    def version(self) -> str:
        """The server's own word."""
        said = subprocess.run([self._program, "-?"], capture_output=True, text=True, check=False)
        words = next((line for line in (said.stdout + said.stderr).splitlines() if "Version" in line), "7")
        return f"Virtuoso Open Source {words.rpartition('Version')[2].strip().split(' ')[0]}"

    def _sql(self, *statements: str) -> bool:
        orders = [f"EXEC={statement}" for statement in statements]
        done = subprocess.run(
            [self._isql, f"127.0.0.1:{self._sql_port}", "dba", "dba", "ERRORS=STDOUT", *orders],
            capture_output=True, text=True, check=False, cwd=self.scratch,
        )  # fmt: skip
        return done.returncode == 0 and "*** Error" not in done.stdout


_VIRTUOSO = """[Database]
DatabaseFile = virtuoso.db
ErrorLogFile = virtuoso.log
LockFile = virtuoso.lck
TransactionFile = virtuoso.trx
xa_persistent_file = virtuoso.pxa
[TempDatabase]
DatabaseFile = virtuoso-temp.db
TransactionFile = virtuoso-temp.trx
[Parameters]
ServerPort = 127.0.0.1:{sql}
ServerThreads = 32
DirsAllowed = .
NumberOfBuffers = 85000
MaxDirtyBuffers = 65000
ThreadsPerQuery = {cores}
SchedulerInterval = 0
CheckpointInterval = 0
[HTTPServer]
ServerPort = 127.0.0.1:{port}
ServerThreads = 16
KeepAliveTimeout = 60
MaxKeepAlives = 16
[SPARQL]
ResultSetMaxRows = 1000000
MaxQueryCostEstimationTime = 0
MaxQueryExecutionTime = 0
"""

PEERS: tuple[type[Peer], ...] = (Ours, Oxigraph, RdflibEndpoint, Virtuoso)


def program(name: str, mend: str) -> str:
    """The path of a program beside this Python or on the PATH; NotInstalled, saying how to get it."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.is_file() else shutil.which(name)
    if found is None:
        raise NotInstalled(f"{name}: {mend}")
    return found


def write_merged(data: Path, target: Path) -> None:
    """The triples of the default graph as N-Triples, streamed."""
    quads = parse(path=str(data), format=RdfFormat.N_QUADS)
    triples = (quad.triple for quad in quads if isinstance(quad.graph_name, DefaultGraph))
    serialize(triples, str(target), format=RdfFormat.N_TRIPLES)


def tree(pid: int) -> list[int]:
    """A process and all its descendants, by /proc; Linux only."""
    found = [pid]
    for one in found:
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                found += [int(child) for child in task.read_text().split()]
            except OSError:  # the task has ended
                continue
    return found


def pss(pid: int) -> int:
    """Bytes of memory of a process, with its share of what it shares (proportional set size)."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:  # ended, or a zombie
        return 0
    return next((int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:")), 0)


def _used(pid: int) -> float:
    """Seconds of processor time of a process, in user and system mode; Linux only."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has ended
        return 0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def folder_bytes(folder: Path) -> int:
    """The size of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def machine() -> str:
    """The machine in one line: cores, processor, system and Python."""
    try:
        cpu = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        model = next(line.partition(":")[2].strip() for line in cpu.splitlines() if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.machine()
    system = f"{platform.system()} {platform.release()}"
    return f"{os.cpu_count()} cores, {model}, {system}, Python {platform.python_version()}"


def end_kindly() -> None:
    """Let SIGTERM end this process as an exception does, so that the servers that it started end too."""

    def leave(number: int, _: object) -> None:
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, leave)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
