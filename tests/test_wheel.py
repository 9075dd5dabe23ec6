"""An installed copy gives the whole service: any folder, no git, no checkout, no package that it does not ask for."""

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
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

import pytest
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from strategigraf import paths, release


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment with a wheel of the project and what the wheel asks for, and nothing else."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    kept = shutil.ignore_patterns(".git", ".venv", "dist", "__pycache__", ".*_cache")
    # The packages of the pages have folders named build too, which are needed.
    shutil.copytree(ROOT, source, ignore=lambda at, names: {*kept(at, names), *({"build"} if at == str(ROOT) else ())})
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
    shutil.rmtree(source)
    wheel = next(folder.glob("strategigraf-*.whl"))
    names = zipfile.ZipFile(wheel).namelist()
    assert any(name.startswith("strategigraf/_bundle/data/ttl/") for name in names)
    static = "strategigraf/web/static"
    for name in (paths.EDITOR_SCRIPT, paths.EDITOR_STYLE, "vendor/LICENSES.txt", "sparql.js"):
        assert f"{static}/{name}" in names, "run make assets first"
    assert not any(name.startswith(("tests/", "server/", "build/")) for name in names)
    environment = folder / "env"
    venv.create(environment)
    binaries = environment / "bin"
    pip = [sys.executable, "-m", "pip", "--python", str(binaries / "python"), "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)], check=True, timeout=200)
    site = next(environment.glob("lib/python*/site-packages"))
    for needed in required(site).values():
        bring(needed, site)
    subprocess.run([*pip, "check"], check=True, timeout=60)
    return binaries


def required(site: Path) -> dict[str, Distribution]:
    """The packages that the project in a folder asks for, and those that these ask for, as they are installed here.

    They are what an installer would bring: none of those for development, and each in a version that is asked for.
    """
    found: dict[str, Distribution] = {}
    ahead = [(next(iter(distributions(name="strategigraf", path=[str(site)]))), frozenset({""}))]
    seen = set()
    while ahead:
        asking, extras = ahead.pop()
        for text in asking.requires or ():
            wanted = Requirement(text)
            if wanted.marker and not any(wanted.marker.evaluate({"extra": extra}) for extra in extras):
                continue
            here = distribution(wanted.name)
            assert wanted.specifier.contains(here.version, prereleases=True), (asking.metadata["Name"], text)
            name = canonicalize_name(wanted.name)
            found[name] = here
            if (name, frozenset(wanted.extras)) not in seen:
                seen.add((name, frozenset(wanted.extras)))
                ahead.append((here, frozenset({"", *wanted.extras})))
    return found


def bring(package: Distribution, site: Path) -> None:
    """Copy an installed package into the ``site-packages`` of another environment."""
    for file in package.files or ():
        if ".." not in file.parts:
            (site / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(Path(str(file.locate())), site / file)


#: Writes the name of each package that a module of ours imports and that is not there.
IMPORT_ALL = """
import importlib, pkgutil, strategigraf
for module in pkgutil.walk_packages(strategigraf.__path__, "strategigraf."):
    if not module.name.endswith("__main__"):
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            print(error.name)
"""
#: What an extra brings, and modules tell of when they are asked for.
OPTIONAL = {"pyarrow"}


def call(installed: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": str(installed), "HOME": str(cwd), "XDG_DATA_HOME": str(cwd.parent / "data"), "LANG": "C.UTF-8",
    }  # fmt: skip
    return subprocess.run(
        [str(installed / "strategigraf"), *arguments],
        cwd=cwd, env=environment, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip


def test_every_module_finds_what_it_imports(installed: Path, tmp_path: Path) -> None:
    run = subprocess.run(
        [str(installed / "python"), "-c", IMPORT_ALL],
        cwd=tmp_path, env={"HOME": str(tmp_path)}, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    missing = set(run.stdout.split())
    assert missing <= OPTIONAL, "a package that is used and not asked for"


def test_an_installed_copy_builds_asks_and_serves(installed: Path, built: release.Release, tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    # Most results of SHACL are kept from the release of all tests; some are left to be found here.
    kept = tmp_path / "data" / "strategigraf" / "cache" / "shacl"
    kept.mkdir(parents=True)
    for result in sorted((built.folder.parent.parent / "cache" / "shacl").iterdir())[20:]:
        shutil.copy(result, kept)
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
