"""SPARQL stores for tests, started for real: Oxigraph's server and Virtuoso; and small releases to put in them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from pyoxigraph import DefaultGraph, Quad, RdfFormat, serialize
from serving import free_port

from strategigraf.release import Release, open_release

USER, PASSWORD = "dba", "not-a-secret"  # those of a server that lives as long as the tests
_INI = """
[Database]
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
ServerThreads = 20
NumberOfBuffers = 20000
MaxDirtyBuffers = 12000
DirsAllowed = .
ThreadsPerQuery = 1
AsyncQueueMaxThreads = 1

[HTTPServer]
ServerPort = 127.0.0.1:{http}
ServerThreads = 10

[SPARQL]
ResultSetMaxRows = {rows}
"""


@contextlib.contextmanager
def oxigraph() -> Iterator[str]:
    """Oxigraph's server over nothing, in memory; gives its address for queries."""
    program = Path(sys.executable).parent / "oxigraph"
    if not program.exists():
        pytest.skip("the package oxigraph is not installed: Oxigraph's server was NOT tested")
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [str(program), "serve", "--bind", f"127.0.0.1:{port}"]
    with _process(command, Path.cwd(), f"{address}/query?query=ASK%7B%7D"):
        yield f"{address}/query"


@contextlib.contextmanager
def virtuoso(folder: Path, rows: int = 1_000_000) -> Iterator[str]:
    """Virtuoso over nothing; gives its address for queries. ``rows`` is where it cuts its answers."""
    program = shutil.which("virtuoso-t")
    if program is None:
        pytest.skip("virtuoso-t is not here (Debian: virtuoso-opensource-7-bin): Virtuoso was NOT tested")
    http, sql = free_port(), free_port()
    (folder / "virtuoso.ini").write_text(_INI.format(sql=sql, http=http, rows=rows))
    command = [program, "+foreground", "+configfile", "virtuoso.ini"]
    # It makes its files with this password and ends, with a code of its own liking; then it can serve.
    change = ["+pwdold", "dba", "+pwddba", PASSWORD]
    subprocess.run([*command, *change], cwd=folder, capture_output=True, timeout=120, check=False)
    address = f"http://127.0.0.1:{http}/sparql"
    with _process(command, folder, f"{address}?query=ASK%7B%7D"):
        yield address


@contextlib.contextmanager
def _process(command: Sequence[str], folder: Path, address: str) -> Iterator[None]:
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(600):
                try:
                    with urllib.request.urlopen(address, timeout=5):
                        break
                except (urllib.error.URLError, OSError):
                    assert process.poll() is None, f"{command[0]} ended with {process.returncode}"
                    time.sleep(0.1)
            else:
                raise AssertionError(f"{command[0]} does not answer")
            yield
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()


def release_of(quads: Sequence[Quad], folder: Path) -> Release:
    """A release of some quads, with nothing else in it than what a store needs."""
    merged = {Quad(quad.subject, quad.predicate, quad.object, DefaultGraph()) for quad in quads}
    data = serialize([*quads, *merged], format=RdfFormat.N_QUADS) or b""
    digest = hashlib.sha256(data).hexdigest()
    graphs: dict[str, int] = {}
    for quad in set(quads):
        graphs[quad.graph_name.value] = graphs.get(quad.graph_name.value, 0) + 1
    made = folder / digest[:16]
    made.mkdir()
    (made / "data.nq").write_bytes(data)
    manifest = {"release": digest[:16], "triples": len(merged), "graphs": graphs, "sha256": {"data.nq": digest}}
    (made / "manifest.json").write_text(json.dumps(manifest))
    return open_release(made)
