"""The files for download: each format read back compared with the graph, the same bytes, how they are served."""

from __future__ import annotations

import csv
import filecmp
import gzip
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import warnings
import zipfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
import rdflib
from backports import zstd
from csvw import TableGroup
from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, RdfFormat, Triple, parse

from strategigraf.cli import main
from strategigraf.errors import BadParameter
from strategigraf.exports import dumps, making
from strategigraf.exports.workbook import sheet_names
from strategigraf.ns import GRAPH, ID
from strategigraf.release import Release, software
from strategigraf.service import Service
from strategigraf.web import create_app

PUBLIC = "https://strategigraf.example"
#: Things of every class, among them some with much around them; and all terms and concepts.
SOME = (
    "/ontology/",
    "/id/concept/",
    "odder",
    "/municipality/07",
    "/region/",
    "monopolbrud",
    "/observation/sapa",
    "aabenraa",
)
XSD = "http://www.w3.org/2001/XMLSchema#"
WRITE = """
import sys
from pathlib import Path
from strategigraf.exports import dumps
dumps.write(Path(sys.argv[1]), "few", Path(sys.argv[2]))
"""


@dataclass
class Made:
    """A small release and the files made of it."""

    data: Path
    folder: Path
    index: dumps.Index
    quads: set[Quad]
    merge: set[Triple]

    def read(self, path: str) -> bytes:
        return (self.folder / path).read_bytes()


def make(data: Path, folder: Path) -> Made:
    folder.mkdir()
    index = dumps.write(data, "few", folder)
    quads = set(parse(path=str(data), format=RdfFormat.N_QUADS))
    merge = {quad.triple for quad in quads if quad.graph_name == DefaultGraph()}
    return Made(data, folder, index, {quad for quad in quads if quad.graph_name != DefaultGraph()}, merge)


@pytest.fixture(scope="module")
def made(built: Release, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Some hundred things of the release, in their named graphs and merged."""
    base = tmp_path_factory.mktemp("few")
    with (built.folder / "data.nq").open(encoding="utf-8") as lines:
        kept = [line for line in lines if any(word in line.partition("> ")[0] for word in SOME)]
    (base / "data.nq").write_text("".join(kept), encoding="utf-8")
    return make(base / "data.nq", base / "files")


def whole_is_read_back(made: Made) -> None:
    assert made.quads
    assert made.merge == {quad.triple for quad in made.quads}
    for ending, form in (("nq", RdfFormat.N_QUADS), ("trig", RdfFormat.TRIG)):
        assert set(parse(made.read(f"strategigraf.{ending}"), form)) == made.quads, ending
    for ending, form in (("nt", RdfFormat.N_TRIPLES), ("ttl", RdfFormat.TURTLE), ("jsonld", RdfFormat.JSON_LD)):
        found = list(parse(made.read(f"strategigraf.{ending}"), form))
        assert {quad.triple for quad in found} == made.merge, ending
        assert len(found) == len(made.merge), "each triple once"


def test_the_whole_graph_is_read_back(made: Made) -> None:
    whole_is_read_back(made)


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
def test_an_independent_reader_finds_the_same(made: Made) -> None:
    found = [rdflib.Graph().parse(data=made.read(f"strategigraf.{ending}"), format=form)
             for ending, form in (("nt", "nt"), ("ttl", "turtle"), ("jsonld", "json-ld"))]  # fmt: skip
    assert len(found[0]) == len(made.merge)
    assert set(found[0]) == set(found[1]) == set(found[2])


def test_each_named_graph_is_read_back(made: Made) -> None:
    files = [one for one in made.index.files if one.part == "graph"]
    names = {quad.graph_name.value for quad in made.quads if isinstance(quad.graph_name, NamedNode)}
    assert {one.graph for one in files} == names
    forms = {"ttl": RdfFormat.TURTLE, "nt": RdfFormat.N_TRIPLES, "jsonld": RdfFormat.JSON_LD}
    read = [one for one in files if not one.packed]
    assert len(read) == 3 * len(names)
    for one in read:
        assert one.path.startswith(f"graphs/{one.graph.removeprefix(GRAPH)}.")
        wanted = {quad.triple for quad in made.quads if quad.graph_name == NamedNode(one.graph)}
        found = parse(made.read(one.path), forms[one.path.rpartition(".")[2]])
        assert {quad.triple for quad in found} == wanted, one.path


def test_packed_files_hold_the_plain_ones_and_the_sums_are_right(made: Made) -> None:
    packed = [one for one in made.index.files if one.path.endswith((".gz", ".zst"))]
    assert len(packed) > 50
    for one in packed:
        unpack = gzip.decompress if one.path.endswith(".gz") else zstd.decompress
        assert unpack(made.read(one.path)) == made.read(one.path.rpartition(".")[0]), one.path
    sums = dict(reversed(line.split("  ")) for line in made.read("SHA256SUMS").decode().splitlines())
    on_disk = {path.relative_to(made.folder).as_posix() for path in made.folder.rglob("*") if path.is_file()}
    assert set(sums) | {"SHA256SUMS", "index.json"} == on_disk
    for one in made.index.files:
        content = made.read(one.path)
        assert (one.size, one.sha256) == (len(content), hashlib.sha256(content).hexdigest()), one.path
        assert sums[one.path] == one.sha256
    assert dumps.read(made.folder) == made.index


def test_the_same_release_gives_the_same_bytes(made: Made, tmp_path: Path) -> None:
    """Another process, another hash seed, another zone and a later minute."""
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Pacific/Auckland"}
    subprocess.run([sys.executable, "-c", WRITE, str(made.data), str(tmp_path)], check=True, env=environment)
    names = [one.path for one in made.index.files] + ["SHA256SUMS", "index.json"]
    same, other, lacking = filecmp.cmpfiles(made.folder, tmp_path, names, shallow=False)
    assert (other, lacking) == ([], [])
    assert len(same) == len(names)


def from_csvw(made: Made) -> set[Triple]:
    """The triples that the metadata makes of the CSV files (W3C CSV2RDF, minimal mode), by nothing but the metadata."""
    found: set[Triple] = set()
    content = json.loads(made.read("tables/csv-metadata.json"))
    for table in content["tables"]:
        rows = csv.reader(io.StringIO(made.read(f"tables/{table['url']}").decode(), newline=""))
        columns = table["tableSchema"]["columns"]
        head = next(rows)
        assert [column["titles"]["und"] for column in columns] == head
        assert table["tableSchema"]["aboutUrl"] == "{+id}"
        for row in rows:
            subject = NamedNode(row[head.index("id")])
            for column, cell in zip(columns, row, strict=True):
                if not cell or column.get("suppressOutput"):
                    continue
                for value in cell.split(column["separator"]) if "separator" in column else [cell]:
                    kind = column["datatype"]
                    if "valueUrl" in column:
                        term: Any = NamedNode(value)
                    elif "lang" in column:
                        term = Literal(value, language=column["lang"])
                    else:
                        term = Literal(value, datatype=NamedNode(kind["@id"] if isinstance(kind, dict) else XSD + kind))
                    found.add(Triple(subject, NamedNode(column["propertyUrl"]), term))
    return found


def things(made: Made) -> set[Triple]:
    return {triple for triple in made.merge if str(triple.subject).startswith(f"<{ID}")}


def test_the_tables_say_exactly_what_the_graph_says_of_things(made: Made) -> None:
    wanted = things(made)
    assert len(wanted) > 3000
    assert from_csvw(made) == wanted


def test_a_library_takes_the_csvw_in_and_its_keys_hold(made: Made) -> None:
    """Foreign keys are checked on tables that lead only to each other; the few things leave out many others."""
    content = json.loads(made.read("tables/csv-metadata.json"))
    names = {table["url"] for table in content["tables"]}
    assert {"Municipality.csv", "Strategy.csv", "PeriodOfTime.csv", "Concept.csv"} <= names
    for table in content["tables"]:
        for key in table["tableSchema"]["foreignKeys"]:
            assert key["reference"]["resource"] in names
        by_name = {column["name"]: column for column in table["tableSchema"]["columns"]}
        assert by_name["label_da"]["titles"]["da"] != by_name["label_da"]["titles"]["en"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        group = TableGroup.from_file(made.folder / "tables" / "csv-metadata.json")
        rows = list(group.tabledict["Municipality.csv"])
        concepts = {row["id"].unsplit() for row in group.tabledict["Concept.csv"]}
        forms = [row["form"].unsplit() for row in group.tabledict["Strategy.csv"]]
    odder = next(row for row in rows if row["label_da"] == "Odder")
    assert odder["identifier"] == "0727"
    assert "Odder Kommune" in odder["altLabel_da"]
    assert forms
    assert set(forms) <= concepts


def test_periods_and_names_stand_beside_links(made: Made) -> None:
    rows = list(csv.DictReader(io.StringIO(made.read("tables/Adoption.csv").decode())))
    odder = next(row for row in rows if row["id"].endswith("/0727-monopolbrud"))
    assert (odder["municipality_label"], odder["status_label"]) == ("Odder", "forpligtet")
    strategies = list(csv.DictReader(io.StringIO(made.read("tables/Strategy.csv").decode())))
    assert any(row["temporal_startDate"] for row in strategies)


def test_the_workbook_holds_the_tables(made: Made) -> None:
    book = openpyxl.load_workbook(io.BytesIO(made.read("strategigraf.xlsx")))
    content = json.loads(made.read("tables/csv-metadata.json"))
    assert book.sheetnames[:2] == ["Læs mig", "Kolonner"]
    assert len(book.sheetnames) == 2 + len(content["tables"])
    links = {cell.hyperlink.location for row in book["Læs mig"].iter_rows(max_col=1) for cell in row if cell.hyperlink}
    assert len(links) == len(content["tables"])
    by_title = {table["dc:title"][0]["@value"]: table for table in content["tables"]}
    for name in ("Kommune", "Strategisk dokument", "Tilslutning", "Læsning"):
        table = by_title[name]
        text = made.read(f"tables/{table['url']}").decode()
        rows = list(csv.reader(io.StringIO(text, newline="")))[1:]
        sheet = list(book[name].iter_rows(values_only=True))
        columns = table["tableSchema"]["columns"]
        assert list(sheet[0]) == [column["titles"]["da"] for column in columns]
        assert len(sheet) == len(rows) + 1
        for shown, row in zip(sheet[1:], rows, strict=True):
            for value, cell, column in zip(shown, row, columns, strict=True):
                assert plain(value) == "; ".join(cell.split(column.get("separator", "\0"))), column["name"]


def plain(value: object) -> str:
    """A cell of a workbook as CSV has it."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_sheets_have_names_that_excel_takes(made: Made) -> None:
    book = openpyxl.load_workbook(io.BytesIO(made.read("strategigraf.xlsx")), read_only=True)
    assert len({name.lower() for name in book.sheetnames}) == len(book.sheetnames)
    assert all(len(name) <= 31 for name in book.sheetnames)
    assert sheet_names([]) == {}


def test_parquet_holds_the_tables_with_types(made: Made) -> None:
    content = json.loads(made.read("tables/csv-metadata.json"))
    assert len([one for one in made.index.files if one.path.endswith(".parquet")]) == len(content["tables"])
    for table in content["tables"]:
        text = made.read(f"tables/{table['url']}").decode()
        rows = list(csv.reader(io.StringIO(text, newline="")))[1:]
        path = made.folder / "parquet" / table["url"].replace(".csv", ".parquet")
        found = duckdb.sql(f"SELECT * FROM read_parquet('{path}')").fetchall()
        assert len(found) == len(rows)
        for got, row in zip(found, rows, strict=True):
            for value, cell, column in zip(got, row, table["tableSchema"]["columns"], strict=True):
                if "separator" in column:
                    assert [str(one) for one in value] == (cell.split(column["separator"]) if cell else [])
                elif isinstance(value, bool):
                    assert str(value).lower() == cell
                else:
                    assert ("" if value is None else str(value)) == cell, column["name"]
    strategies = made.folder / "parquet" / "Strategy.parquet"
    types = {name: str(kind) for name, kind, *_ in duckdb.sql(f"DESCRIBE SELECT * FROM '{strategies}'").fetchall()}
    assert types["temporal_startDate"] == "DATE"
    assert types["evidence"] == "VARCHAR[]"
    assert types["id"] == "VARCHAR"


def test_the_archives_hold_the_tables_and_no_time(made: Made) -> None:
    for name, folder in (("csv", "tables"), ("parquet", "parquet")):
        packed = zipfile.ZipFile(made.folder / f"strategigraf.{name}.zip")
        assert {entry.date_time for entry in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert packed.testzip() is None
        for entry in packed.namelist():
            assert packed.read(entry) == made.read(f"{folder}/{entry}")


def test_making_is_done_once_and_lies_beside_the_release(made: Made, tmp_path: Path) -> None:
    release = tmp_path / "release"
    release.mkdir()
    with made.data.open(encoding="utf-8") as lines:
        kept = [line for line in lines if "/region/" in line.partition("> ")[0]]
    (release / "data.nq").write_text("".join(kept), encoding="utf-8")
    stale = making.place(release, "older")
    stale.mkdir()
    assert making.ready(release, "now") is None
    with making._alone(making.place(release, "now")) as alone:
        assert alone
        assert making.make(release, "few", "now") is None, "another is making them"
    found = making.make(release, "few", "now")
    assert found
    assert found.file("tables/Region.csv")
    assert making.ready(release, "now") == found
    assert not stale.exists()
    (release / "data.nq").unlink()
    assert making.make(release, "few", "now") == found, "found, not made again"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".making")] == []
    target = tmp_path / "target"
    assert making.into(target, release, "few", "now") == found
    (target / "mine.txt").write_text("mine")
    making.into(target, release, "few", "now")
    assert (target / "mine.txt").read_text() == "mine"
    assert dumps.read(target) == found
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.txt").write_text("mine")
    with pytest.raises(BadParameter):
        making.into(other, release, "few", "now")


def test_the_command_tells_what_cannot_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["export", "--release", str(tmp_path)])
    assert stopped.value.code == 1
    assert "strategigraf build" in capsys.readouterr().err


# The page and the files as they are served.


@pytest.fixture(scope="module")
def plain_client(service: Service) -> Any:
    """One client for the whole file: an application compiles its templates anew."""
    return create_app(service).test_client()


@pytest.fixture
def client(plain_client: Any, made: Made, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of a service whose files are the few."""
    monkeypatch.setattr(making, "ready", lambda *_: made.index)
    monkeypatch.setattr(making, "place", lambda *_: made.folder)
    return plain_client


def test_files_that_are_not_made_are_made_apart(
    plain_client: Any, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[Path, str]] = []
    monkeypatch.setattr(making, "ready", lambda *_: None)
    monkeypatch.setattr(making, "start", lambda *given: started.append(given))
    for path in ("/downloads/", f"/downloads/{service.release.name}/strategigraf.ttl"):
        response = plain_client.get(path, headers={"Accept": "application/json"})
        assert response.status_code == 503
        assert response.headers["Retry-After"] == "20"
        assert response.content_type == "application/problem+json"
        assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert started == [(service.release.folder, software())] * 2


def test_the_page_lists_files_that_are_there(client: Any, service: Service) -> None:
    for path, words in (("/downloads/", "Hent data"), ("/en/downloads/", "Download the data")):
        response = client.get(path, headers={"Accept": "text/html"})
        assert response.status_code == 200
        text = response.get_data(as_text=True)
        assert f"<h1>{words}</h1>" in text
        links = {part.partition('"')[0] for part in text.split(f'href="{PUBLIC}')[1:]}
        files = {link for link in links if link.startswith(f"/downloads/{service.release.name}/")}
        assert len(files) > 60
        for link in sorted(files)[::9]:
            assert client.get(link).status_code == 200, link
    listed = json.loads(client.get("/downloads/", headers={"Accept": "application/json"}).data)
    assert listed["release"] == "few"
    assert listed["files"][0]["url"] == f"{PUBLIC}/downloads/{service.release.name}/strategigraf.nq"
    assert client.get("/downloads/", headers={"Accept": "text/turtle"}).status_code == 406


def test_a_file_is_served_whole_by_parts_and_packed(client: Any, service: Service, made: Made) -> None:
    path = f"/downloads/{service.release.name}/strategigraf.ttl"
    whole = client.get(path)
    content = made.read("strategigraf.ttl")
    assert whole.data == content
    assert whole.content_type == "text/turtle; charset=utf-8"
    assert whole.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Last-Modified" not in whole.headers
    tag = whole.headers["ETag"]
    assert tag == f'"{hashlib.sha256(content).hexdigest()}"'
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 304
    packed = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == content
    assert packed.headers["ETag"] != tag
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert client.get(path).data == content, "what was packed for one is not kept for another"
    part = client.get(path, headers={"Range": "bytes=100-199", "If-Range": tag, "Accept-Encoding": "gzip"})
    assert part.status_code == 206
    assert part.data == content[100:200]
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(content)}"
    assert "Content-Encoding" not in part.headers
    assert client.get(path, headers={"Range": f"bytes={len(content)}-"}).status_code == 416
    head = client.head(path)
    assert (head.data, head.headers["Content-Length"]) == (b"", str(len(content)))
    gz = client.get(f"{path}.gz", headers={"Accept-Encoding": "gzip"})
    assert (gz.content_type, gz.data) == ("application/gzip", made.read("strategigraf.ttl.gz"))
    assert "Content-Encoding" not in gz.headers


def test_the_dumps_that_void_names_are_there(client: Any) -> None:
    text = client.get("/.well-known/void", headers={"Accept": "application/n-triples"}).get_data(as_text=True)
    dumps_ = re.findall(rf"void#dataDump> <{PUBLIC}(/[^>]*/strategigraf[^>]*)>", text)
    assert len(dumps_) == 4
    for path in dumps_:
        assert client.get(path).status_code == 200, path
    ontology = re.findall(rf"void#dataDump> <{PUBLIC}(/[^>]*/graphs/ontology.nt)>", text)
    assert client.get(ontology[0]).status_code == 200


def test_latest_leads_to_the_release(client: Any, service: Service) -> None:
    response = client.get("/downloads/latest/strategigraf.nq.zst", headers={"Host": "evil.example"})
    assert response.status_code == 307
    assert response.headers["Location"] == f"{PUBLIC}/downloads/{service.release.name}/strategigraf.nq.zst"


@pytest.mark.parametrize(
    "path",
    [
        "/downloads/0123456789abcdef/strategigraf.ttl", "/downloads/{}/nonsense.ttl", "/downloads/{}/../../data.nq",
        "/downloads/{}/%2e%2e/manifest.json", "/downloads/{}//etc/passwd", "/downloads/{}/graphs/", "/downloads/{}/",
        "/downloads/{}/index.json%00", "/downloads/{}/strategigraf.ttl/", "/downloads/{}/tables",
        "/downloads/{}/æøå.ttl",
    ],
)  # fmt: skip
def test_no_other_file_is_served(client: Any, service: Service, path: str) -> None:
    response = client.get(path.format(service.release.name), headers={"Accept": "application/json"})
    assert response.status_code == 404
    assert response.content_type == "application/problem+json"
    assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.long
def test_the_whole_release_is_read_back(built: Release, tmp_path: Path) -> None:
    made = make(built.folder / "data.nq", tmp_path / "files")
    whole_is_read_back(made)
    assert from_csvw(made) == things(made)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        group = TableGroup.from_file(made.folder / "tables" / "csv-metadata.json")
        assert group.check_referential_integrity()
