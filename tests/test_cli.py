"""The command, as somebody at a terminal or in a script meets it."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from strategigraf import cli, paths, release, sources
from strategigraf.settings import StoreKind


@cache
def _store(folder: Path, kind: StoreKind) -> Any:
    return OPEN(release.open_release(folder), kind)


OPEN = release.Release.store


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, built: release.Release) -> None:
    """The settings of the command. Each call of it opens a release, whose store is loaded once for all of them."""
    monkeypatch.setattr(release.Release, "store", lambda self, kind="memory": _store(self.folder, kind))
    monkeypatch.setenv("STRATEGIGRAF_BUILD", str(built.folder.parent.parent))
    monkeypatch.setenv("STRATEGIGRAF_TODAY", "2026-11-25")
    monkeypatch.setenv("STRATEGIGRAF_LANGUAGE", "da")


def run(capfdbinary: pytest.CaptureFixture[bytes], *arguments: str) -> tuple[int, bytes, str]:
    """The exit code, standard output and standard error of one call."""
    code = 0
    try:
        cli.main(arguments)
    except SystemExit as stop:
        code = int(stop.code or 0)
    out, err = capfdbinary.readouterr()
    return code, out, err.decode()


def test_the_first_question(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    code, out, _ = run(
        capfdbinary, "query", "framework_adoption", "--framework", "monopolbrud", "--corpus", "read", "--format", "csv"
    )
    rows = list(csv.DictReader(io.StringIO(out.decode())))
    assert code == 0
    assert len(rows) == 98
    assert [(r["name"], r["status"]) for r in rows[:2]] == [("Odder", "committed"), ("Norddjurs", "acting")]
    assert {r["status"] for r in rows[2:]} == {"implied"}


def test_the_same_as_json_excel_and_a_table(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    _, out, _ = run(capfdbinary, "query", "approvals", "--format", "json")
    body = json.loads(out)
    assert body["query"] == "approvals"
    assert body["total"] == len(body["items"]) >= 4
    assert body["columns"][0] == "date"
    _, out, _ = run(capfdbinary, "query", "kl_table", "--format", "xlsx")
    sheet = zipfile.ZipFile(io.BytesIO(out)).read("xl/worksheets/sheet1.xml").decode()
    assert sheet.count("<row ") == 65
    _, out, _ = run(capfdbinary, "query", "municipalities_without_strategy")
    assert out.decode().splitlines()[0].split() == ["municipality", "name", "in_kl_table"]
    assert "municipality/0151" in out.decode()
    assert b"\x1b" not in out


def test_queries_are_listed(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    code, out, _ = run(capfdbinary, "query")
    assert code == 0
    assert "framework_adoption [--framework] [--corpus] [--on]" in out.decode()
    assert "Hvilke kommuner følger en ramme" in out.decode()


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["query", "framework_adopton"], 2, "framework_adoption"),
        (["query", "framework_adoption", "--ramme", "x"], 2, "framework, corpus, on"),
        (["query", "framework_adoption", "--format", "ttl"], 2, "csv"),
        (["query", "framework_adoption", "--framework"], 2, "--NAVN"),
        (["query", "framework_adoption", "--on=1", "--on=2"], 2, "to gange"),
        (["query", "framework_adoption", "odder"], 2, "odder"),
        (["sparql", "SELECT"], 2, "linje 1"),
        (["sparql", "DROP ALL"], 2, "kun læses"),
        (["sparql"], 2, "--file"),
        (["sparql", "ASK {}", "--format", "docx"], 2, "csv"),
        (["sparql", "ASK {}", "--release", "/nowhere"], 1, "build"),
        (["validate", "nowhere.ttl"], 2, "nowhere.ttl"),
        (["receipt"], 2, "STRATEGIGRAF_SOURCES"),
        (["fly"], 2, "fly"),
        (["serve", "--port", "x"], 2, "port"),
    ],
)
def test_bad_use(capfdbinary: pytest.CaptureFixture[bytes], arguments: list[str], code: int, says: str) -> None:
    got, out, err = run(capfdbinary, *arguments)
    assert got == code
    assert says in err
    assert out == b""
    assert "Traceback" not in err


def test_messages_follow_the_readers_language(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRATEGIGRAF_LANGUAGE", "en")
    _, _, err = run(capfdbinary, "query", "nothing_like_it")
    assert err.startswith("There is no query")
    monkeypatch.setenv("STRATEGIGRAF_LANGUAGE", "sv")
    code, _, err = run(capfdbinary, "query")
    assert (code, "STRATEGIGRAF_LANGUAGE" in err) == (2, True)


def test_sparql_in_every_format(capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> None:
    count = "SELECT (COUNT(*) AS ?n) { ?m a <https://w3id.org/strategigraf/ontology/Municipality> }"
    assert run(capfdbinary, "sparql", count)[1].decode().split() == ["n", "--", "98"]
    assert run(capfdbinary, "sparql", count, "--format", "csv")[1] == b"n\r\n98\r\n"
    assert json.loads(run(capfdbinary, "sparql", count, "--format", "json")[1])["results"]["bindings"]
    assert b"<sparql" in run(capfdbinary, "sparql", count, "--format", "xml")[1]
    assert run(capfdbinary, "sparql", "ASK { ?s ?p ?o }")[1] == b"true\n"
    file = tmp_path / "q.rq"
    file.write_text("CONSTRUCT { ?m a ?c } WHERE { ?m a ?c } LIMIT 1", encoding="utf-8")
    assert b" a " in run(capfdbinary, "sparql", "--file", str(file))[1]
    assert run(capfdbinary, "sparql", "--file", str(file), "--format", "nt")[1].startswith(b"<http")


def test_validate_and_fmt_are_clean(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(capfdbinary, "fmt", "--check")[:2] == (0, b"")
    code, out, err = run(capfdbinary, "validate")
    assert (code, out) == (0, b"")
    assert "uden fejl" in err
    assert run(capfdbinary, "build")[0] == 0


@pytest.fixture
def root(few_facts: sources.Sources, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of few facts, which the command takes for its own."""
    monkeypatch.setattr(paths, "root", lambda: few_facts.root)
    return few_facts.root


def test_validate_one_file_tells_only_of_that_file(
    capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path, root: Path
) -> None:
    bad = tmp_path / "ny-kommune.ttl"
    bad.write_text(
        '@prefix sg: <https://w3id.org/strategigraf/ontology/> .\n'
        '@prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n'
        '@prefix element: <https://w3id.org/strategigraf/id/element/> .\n\n'
        'element:proeve-princip-01\n    a sg:Principle ;\n    skos:prefLabel "Vi prøver"@da ;\n.\n',
        encoding="utf-8",
    )  # fmt: skip
    code, out, _ = run(capfdbinary, "validate", str(bad))
    lines = out.decode().splitlines()
    assert code == 1
    assert all(line.startswith(f"{bad}:5: fejl [") for line in lines)
    assert {"ElementHome", "without-evidence"} <= {line.split("[")[1].split("]")[0] for line in lines}
    good = root / "data/ttl/frameworks/sapa.ttl"
    assert run(capfdbinary, "validate", str(good))[:2] == (0, b"")
    assert run(capfdbinary, "validate", str(good.parent))[:2] == (0, b"")


def test_fmt_mends_the_file_that_was_named(
    capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "tests/shapes/FrameworkKind.good.ttl").read_text(encoding="utf-8")
    Path("min.ttl").write_text(text.replace("\n.\n", "\n\n.\n"), encoding="utf-8")
    assert run(capfdbinary, "fmt", "min.ttl")[0] == 0
    assert Path("min.ttl").read_text(encoding="utf-8") == text
    assert not (ROOT / "min.ttl").exists()


def test_a_folder_without_turtle_and_one_that_cannot_be_written(
    capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(capfdbinary, "validate", str(tmp_path))[0] == 2
    monkeypatch.setenv("STRATEGIGRAF_BUILD", "/proc/nowhere")
    assert run(capfdbinary, "validate", str(root / "data/ttl/frameworks/sapa.ttl"))[0] == 0
    code, _, err = run(capfdbinary, "build")
    assert code == 1
    assert "/proc" in err
    assert "Traceback" not in err


def test_fmt_shows_the_difference_and_mends_it(capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> None:
    loose = tmp_path / "los.ttl"
    text = (ROOT / "tests/shapes/FrameworkKind.good.ttl").read_text(encoding="utf-8")
    loose.write_text(
        text.replace("    a sg:Framework ;\n", "").replace("\n.\n", "\n    a sg:Framework .\n"), encoding="utf-8"
    )
    code, out, _ = run(capfdbinary, "fmt", "--check", str(loose))
    assert code == 1
    assert "+    a sg:Framework ;" in out.decode()
    assert run(capfdbinary, "fmt", str(loose))[0] == 0
    assert loose.read_text(encoding="utf-8") == text
    loose.write_text(text.replace("\n.\n", "\n# gemt kommentar\n.\n"), encoding="utf-8")
    code, out, _ = run(capfdbinary, "fmt", str(loose))
    assert code == 1
    assert "kommentar" in out.decode()
    assert "# gemt kommentar" in loose.read_text(encoding="utf-8"), "what cannot be kept is not thrown away"


def test_help_and_version(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert b"validate" in run(capfdbinary, "--help")[1]
    assert version("strategigraf").encode() in run(capfdbinary, "--version")[1]
    assert b"--port" in run(capfdbinary, "serve", "--help")[1]
