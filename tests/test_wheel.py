"""An installed copy gives the whole service: any folder, no git, no checkout."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT

from strategigraf import paths


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an empty environment with a wheel of the project and its dependencies."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    kept = shutil.ignore_patterns(".git", ".venv", "dist", "__pycache__", ".*_cache")
    # The packages of the pages have folders named build too, which are needed.
    shutil.copytree(ROOT, source, ignore=lambda at, names: {*kept(at, names), *({"build"} if at == str(ROOT) else ())})
    venv.create(folder / "env", with_pip=True)
    binaries = folder / "env" / "bin"
    pip = [str(binaries / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "--require-hashes", "-r", str(source / "requirements.lock")], check=True, timeout=400)
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(folder),
        str(source),
    ]
    subprocess.run(build, check=True, timeout=200)
    wheel = next(folder.glob("strategigraf-*.whl"))
    names = zipfile.ZipFile(wheel).namelist()
    assert any(name.startswith("strategigraf/_bundle/data/ttl/") for name in names)
    static = "strategigraf/web/static"
    for name in (paths.EDITOR_SCRIPT, paths.EDITOR_STYLE, "vendor/LICENSES.txt", "sparql.js"):
        assert f"{static}/{name}" in names, "run make assets first"
    assert not any(name.startswith(("tests/", "server/", "build/")) for name in names)
    subprocess.run([*pip, "--no-deps", str(wheel)], check=True, timeout=200)
    shutil.rmtree(source)
    return binaries


def call(installed: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": str(installed), "HOME": str(cwd), "XDG_DATA_HOME": str(cwd.parent / "data"), "LANG": "C.UTF-8",
    }  # fmt: skip
    return subprocess.run(
        [str(installed / "strategigraf"), *arguments],
        cwd=cwd, env=environment, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip


def test_an_installed_copy_builds_asks_and_serves(installed: Path, tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    made = call(installed, one, "build")
    assert made.returncode == 0, made.stdout + made.stderr
    assert call(installed, one, "validate").returncode == 0
    asked = call(
        installed,
        other,
        "query",
        "framework_adoption",
        "--framework",
        "monopolbrud",
        "--corpus",
        "read",
        "--format",
        "csv",
    )
    assert asked.returncode == 0, asked.stderr
    assert len(asked.stdout.splitlines()) == 99
    assert list(one.iterdir()) == [], "nothing is left in the folder one stands in"

    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path / "data"), "STRATEGIGRAF_WORKERS": "1"}
    log = tmp_path / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(installed / "strategigraf"), "serve", "--port", str(port)],
            cwd=other,
            env=environment,
            stdout=out,
            stderr=out,
        )
    try:
        pages = (
            "/",
            "/doc/framework/monopolbrud",
            "/en/doc/municipality/0727",
            "/queries/",
            "/ontology/",
            f"/static/{paths.STYLE}",
            f"/static/{paths.EDITOR_SCRIPT}",
            f"/static/{paths.EDITOR_STYLE}",
        )
        for path in pages:
            body = fetch(f"http://127.0.0.1:{port}{path}", process, log)
            assert "Strategigraf" in body or path.endswith((".css", ".js"))
    finally:
        process.terminate()
        assert process.wait(timeout=20) == 0


def fetch(url: str, process: subprocess.Popen[bytes], log: Path) -> str:
    for _ in range(150):
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError:
            raise
        except OSError:
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
    raise AssertionError(log.read_text())
