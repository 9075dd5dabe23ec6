"""A real server for tests: started by the command, watched, stopped."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

JSON = "application/sparql-results+json"


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@dataclass
class Served:
    """A server that runs: its address, its process, its log."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def children(self, of: int = 0) -> list[int]:
        """The processes that one has forked; without ``of``, those of the supervisor."""
        path = Path(f"/proc/{of or self.process.pid}/task/{of or self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def workers(self) -> list[int]:
        """The workers of all releases."""
        return [worker for nursery in self.children() for worker in self.children(nursery)]

    def memory(self) -> int:
        """Bytes of memory of the whole service, shared pages counted once."""
        total = 0
        for pid in (self.process.pid, *self.children(), *self.workers()):
            with contextlib.suppress(OSError):
                text = Path(f"/proc/{pid}/smaps_rollup").read_text()
                total += int(text.split("\nPss:")[1].split()[0]) * 1024
        return total

    def ask(
        self, query: str, timeout: float = 60, path: str = "/sparql", **headers: str
    ) -> tuple[int, bytes, dict[str, str]]:
        """POST a query; status, body and headers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            sent = {"Content-Type": "application/sparql-query", "Accept": JSON}
            sent |= {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request("POST", path, query.encode(), sent)
            answer = connection.getresponse()
            return answer.status, answer.read(), dict(answer.getheaders())
        finally:
            connection.close()

    def get(self, path: str, timeout: float = 60, **headers: str) -> tuple[int, bytes, dict[str, str]]:
        """GET a path; status, body and headers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.read(), dict(answer.getheaders())
        finally:
            connection.close()

    def metric(self, name: str) -> float:
        """One figure of /metrics."""
        text = self.get("/metrics")[1].decode()
        return float(next(line.rsplit(" ", 1)[1] for line in text.splitlines() if line.startswith(name + " ")))

    def notes(self) -> list[dict[str, object]]:
        """The lines of the log that are JSON."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]


def lookup(query: str) -> str:
    """The path that asks a query by GET."""
    return f"/sparql?query={quote(query)}"


@contextlib.contextmanager
def running(folder: Path, place: Path, *arguments: str, **settings: str) -> Iterator[Served]:
    """A server over a release, or over the folder of releases; it must end well and without a traceback.

    ``place`` is a folder for its log; ``arguments`` are more of the command's, ``settings`` those of the environment
    without their prefix.
    """
    port = free_port()
    log = place / f"log-{port}"
    environment = {**os.environ, "STRATEGIGRAF_WORKERS": "2"}
    environment |= {f"STRATEGIGRAF_{name}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "strategigraf", "serve", "--port", str(port), "--release", str(folder)]
    command += arguments
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=environment, cwd=place)
    served = Served(port, process, log)
    try:
        for _ in range(300):
            try:
                with urllib.request.urlopen(f"{served.url}/health", timeout=5):
                    break
            except (urllib.error.URLError, OSError):
                assert process.poll() is None, log.read_text()
                time.sleep(0.1)
        else:
            raise AssertionError(log.read_text())
        yield served
    finally:
        process.terminate()
        try:
            code = process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert code == 0, log.read_text()
    assert "Traceback" not in log.read_text(), log.read_text()
