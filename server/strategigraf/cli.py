"""The command ``strategigraf``."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

import click
from pyoxigraph import QueryBoolean, QuerySolutions, QueryTriples, RdfFormat, serialize

from strategigraf import media, paths, release, settings, sources, turtle
from strategigraf.catalogue import Table
from strategigraf.errors import BadParameter, BadQuery, Finding, InvalidData, NoRelease, StrategigrafError
from strategigraf.exports import tables
from strategigraf.ns import PREFIXES
from strategigraf.service import Service
from strategigraf.settings import Settings
from strategigraf.text import Text

if TYPE_CHECKING:
    from strategigraf.store.remote import RemoteStore


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; exit 0 for success, 1 for findings or failure, 2 for bad use."""
    chosen = Settings()
    try:
        chosen = settings.from_environment()
        command.main(
            args=None if arguments is None else list(arguments),
            prog_name="strategigraf",
            obj=chosen,
            standalone_mode=False,
        )
    except InvalidData as error:
        _show(error.findings, chosen)
        _fail(error, chosen)
    except StrategigrafError as error:
        _fail(error, chosen)
    except click.UsageError as error:
        error.show()
        sys.exit(2)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.exceptions.Abort:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        place = error.filename or ""
        _fail(
            StrategigrafError(
                Text(f"Systemet siger nej: {error.strerror} {place}", f"The system refuses: {error.strerror} {place}")
            ),
            chosen,
        )


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="strategigraf")
def command() -> None:
    """Strategigraf: danske digitaliseringsstrategier med kilden bag hvert udsagn.

    Danish digital strategies, with the source behind every statement.
    """


@command.command()
@click.argument("path", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--sources", "texts", type=click.Path(path_type=Path), help="Mappe med kildetekster / folder of source texts."
)
@click.pass_obj
def validate(chosen: Settings, path: tuple[Path, ...], texts: Path | None) -> None:
    """Kontrollér fakta / check the facts: file:line, what, why and how to mend it."""
    from strategigraf import checks

    base = sources.load(paths.root())
    only: Sequence[str] | None = None
    if path:
        base, only = sources.with_files(base, path)
    progress = _Progress(chosen)
    outcome = checks.check(base, chosen.build / "cache" / "shacl", texts or chosen.sources, progress, only)
    progress.close()
    _show(outcome.findings, chosen)
    if outcome.violations:
        sys.exit(1)
    count = len(base.files) if only is None else len(only)
    _say(chosen, Text(f"{count} filer uden fejl.", f"{count} files without errors."))


@command.command()
@click.argument("path", nargs=-1, type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Ret intet; vis forskellen / change nothing; show the difference.")
@click.pass_obj
def fmt(chosen: Settings, path: tuple[Path, ...], check: bool) -> None:
    """Skriv Turtle i kanonisk form / write Turtle in canonical form."""
    base = sources.load(paths.root())
    wanted = {file.name for file in base.files}
    if path:
        base, names = sources.with_files(base, path)
        wanted = set(names)
    changed = 0
    findings: list[Finding] = []
    for file in base.files:
        if file.name not in wanted:
            continue
        try:
            text = turtle.read(file.text, known_prefixes=True).canonical
            stray = turtle.stray_comment(file.text)
            if file.text == text:
                continue
            if stray:
                raise turtle.TurtleError(_STRAY, stray)
        except turtle.TurtleError as error:
            findings.append(Finding(file.name, error.line, "syntax", "violation", error.message, Text("", "")))
            continue
        changed += 1
        if check:
            click.echo("".join(unified_diff(file.text.splitlines(True), text.splitlines(True), file.name, file.name)))
        else:
            file.path.write_bytes(text.encode())
            click.echo(file.name)
    _show(findings, chosen)
    if findings or (check and changed):
        sys.exit(1)


_STRAY = Text(
    "en kommentar her ville gå tabt; flyt den til toppen eller gør den til skos:editorialNote",
    "a comment here would be lost; move it to the top or make it a skos:editorialNote",
)


@command.command()
@click.option(
    "--sources", "texts", type=click.Path(path_type=Path), help="Mappe med kildetekster / folder of source texts."
)
@click.pass_obj
def receipt(chosen: Settings, texts: Path | None) -> None:
    """Slå fraserne op i kilderne, og skriv kvitteringen / look the phrases up and write the receipt."""
    from strategigraf import receipt as receipts

    folder = texts or chosen.sources
    if folder is None:
        raise BadParameter(
            Text(
                "Sig, hvor kildeteksterne er: --sources MAPPE eller STRATEGIGRAF_SOURCES.",
                "Say where the source texts are: --sources FOLDER or STRATEGIGRAF_SOURCES.",
            )
        )
    base = sources.load(paths.root())
    text, findings = receipts.write(base, folder)
    _show(findings, chosen)
    if findings:
        sys.exit(1)
    (base.root / "data" / "receipt.tsv").write_text(text, encoding="utf-8")
    count = text.count("\n") - 1
    _say(chosen, Text(f"{count} fraser fundet i deres kilder.", f"{count} phrases found in their sources."))


@command.command()
@click.option("--out", type=click.Path(path_type=Path), help="Mappen med udgivelser / the folder of releases.")
@click.option("--force", is_flag=True, help="Byg, også når intet er ændret / build even if nothing has changed.")
@click.pass_obj
def build(chosen: Settings, out: Path | None, force: bool) -> None:
    """Kontrollér, udled og udgiv / check, infer and publish a release."""
    _build(chosen, out or chosen.build, force)


@command.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.argument("name", required=False)
@click.option("--format", "form", default="", help="table, csv, json, xlsx; ttl for CONSTRUCT.")
@click.option("--release", "folder", type=click.Path(path_type=Path), help="En udgivelse / a release.")
@click.pass_context
def query(context: click.Context, name: str | None, form: str, folder: Path | None) -> None:
    """Kør en navngiven forespørgsel / run a named query: NAME [--PARAM VALUE ...]."""
    chosen: Settings = context.obj
    given = _parameters(context.args)
    service = Service.open(chosen, _release(chosen, folder))
    if name is None:
        for known in service.catalogue.queries.values():
            params = " ".join(f"[--{p.name}]" if not p.required else f"--{p.name}" for p in known.header.parameters)
            click.echo(f"{known.name} {params}".rstrip())
            click.echo(f"    {known.header.summary.in_language(chosen.language)}")
        return
    answer = service.answer(name, given)
    offered = ("ttl",) if answer.table is None else ("table", "csv", "json", "xlsx")
    form = form or offered[0]
    if form not in offered:
        raise BadParameter(
            Text(
                f"--format {form} passer ikke til {name}. Vælg: {', '.join(offered)}.",
                f"--format {form} does not fit {name}. Choose: {', '.join(offered)}.",
            )
        )
    if answer.table is None:
        _write(serialize(answer.triples, format=RdfFormat.TURTLE, prefixes=PREFIXES) or b"")
    elif form == "csv":
        _write(tables.as_csv(answer.table))
    elif form == "json":
        _write(tables.as_json(answer, service.release.name))
    elif form == "xlsx":
        _write(tables.as_xlsx(answer.table, name))
    else:
        _table(answer.table, chosen)


@command.command()
@click.argument("text", metavar="QUERY", required=False)
@click.option(
    "--file",
    "file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Læs forespørgslen fra en fil / from a file.",
)
@click.option("--format", "form", default="", help="table, csv, tsv, json, xml; ttl, nt, jsonld, rdf for graphs.")
@click.option("--release", "folder", type=click.Path(path_type=Path), help="En udgivelse / a release.")
@click.pass_obj
def sparql(chosen: Settings, text: str | None, file: Path | None, form: str, folder: Path | None) -> None:
    """Kør SPARQL på udgivelsen / run SPARQL on the release."""
    if (text is None) == (file is None):
        raise BadQuery(Text("Giv enten en forespørgsel eller --file.", "Give either a query or --file."))
    body = text if file is None else sources.read_text(file, str(file))
    result = _release(chosen, folder).store(chosen.store).ask(body or "")
    if isinstance(result, QueryTriples):
        graph = media.by_token(form or "ttl", media.GRAPHS)
        if graph is None:
            raise _bad_format(form, [m.token for m in media.GRAPHS])
        _write(serialize(result, format=graph.rdf, prefixes=PREFIXES) or b"")
        return
    if not form or form == "table":
        if isinstance(result, QueryBoolean):
            click.echo("true" if bool(result) else "false")
        else:
            assert isinstance(result, QuerySolutions)
            columns = tuple(variable.value for variable in result.variables)
            _table(Table(columns, tuple(tuple(row[c] for c in columns) for row in result)), chosen)
        return
    rows = media.by_token(form, media.RESULTS)
    if rows is None:
        raise _bad_format(form, ["table", *(m.token for m in media.RESULTS)])
    _write(result.serialize(format=rows.results) or b"")


@command.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--release", "folder", type=click.Path(path_type=Path), help="En udgivelse / a release.")
@click.option("--store", "url", help="En SPARQL-database, der har udgivelsen / a SPARQL store that holds the release.")
@click.pass_obj
def serve(chosen: Settings, host: str, port: int, folder: Path | None, url: str | None) -> None:
    """Server udgivelsen / serve the release; builds one first where there is none."""
    from strategigraf import server

    try:
        chosen_release = _release(chosen, folder)
    except NoRelease:
        if folder is not None:
            raise
        chosen_release = _build(chosen, chosen.build, force=False)
    if url:
        _remote(chosen, chosen_release, url).close()
    shown = "127.0.0.1" if host in ("", "0.0.0.0", "::") else f"[{host}]" if ":" in host else host  # noqa: S104
    local = f"http://{shown}:{port}"
    if not chosen.public_url_given:
        chosen = replace(chosen, public_url=local)
    _say(
        chosen,
        Text(
            f"Udgivelse {chosen_release.name} på {local}/ (stop med Ctrl-C)",
            f"Release {chosen_release.name} on {local}/ (stop with Ctrl-C)",
        ),
    )
    if not paths.vendored():
        _say(
            chosen,
            Text(
                "SPARQL-editoren er ikke installeret, så /sparql har et almindeligt tekstfelt; make assets henter den.",
                "The SPARQL editor is not installed, so /sparql has a plain text field; make assets fetches it.",
            ),
        )
    fixed = folder is not None and not (folder / release.CURRENT).is_file()

    def current() -> str:
        """The release to serve: the one that was chosen, or whichever is current by now."""
        return chosen_release.name if fixed else release.current_name(folder or chosen.build)

    def opened() -> Service:
        made = chosen_release if fixed else _release(chosen, folder)
        return Service.open(chosen, made, _remote(chosen, made, url) if url else None)

    code = server.run(chosen, opened, current, host, port)
    if code:
        sys.exit(code)


@command.command()
@click.option("--to", type=click.Path(path_type=Path), help="Mappen at skrive i / the folder to write to.")
@click.option("--release", "folder", type=click.Path(path_type=Path), help="En udgivelse / a release.")
@click.pass_obj
def export(chosen: Settings, to: Path | None, folder: Path | None) -> None:
    """Skriv filerne til hentning / write the files for download: to a folder, or ready for the service."""
    from strategigraf.exports import dumps, making, parquet

    made = _release(chosen, folder)
    making.niced()
    progress = _Progress(chosen)
    try:
        if to is None:
            found = making.make(made.folder, made.name, release.software(), progress)
        else:
            found = making.into(to, made.folder, made.name, release.software(), progress)
    finally:
        progress.close()
    place = to or making.place(made.folder, release.software())
    if found is None:
        _say(chosen, Text("En anden proces laver filerne nu.", "Another process is making the files now."))
        return
    lacking = [name for name, there in (("pyarrow (Parquet)", parquet.available()),
                                        ("backports.zstd", dumps.zstd_available())) if not there]  # fmt: skip
    _say(
        chosen,
        Text(
            f"{len(found.files)} filer i {place}." + (f" Uden {' og '.join(lacking)}." if lacking else ""),
            f"{len(found.files)} files in {place}." + (f" Without {' and '.join(lacking)}." if lacking else ""),
        ),
    )


@command.command()
@click.option("--to", required=True, help="Databasens adresse for forespørgsler / the store's address for queries.")
@click.option("--graphs", default="", help="Dens Graph Store Protocol / its Graph Store Protocol.")
@click.option("--update", default="", help="Dens SPARQL Update / its SPARQL Update.")
@click.option("--release", "folder", type=click.Path(path_type=Path), help="En udgivelse / a release.")
@click.pass_obj
def publish(chosen: Settings, to: str, graphs: str, update: str, folder: Path | None) -> None:
    """Læg udgivelsen i en SPARQL-database / load the release into a SPARQL 1.1 store."""
    from strategigraf import publish as publishing

    made = _release(chosen, folder)
    progress = _Progress(chosen)
    try:
        done = publishing.publish(made, chosen, to, graphs, update, progress)
    finally:
        progress.close()
    _say(
        chosen,
        Text(
            f"Udgivelse {made.name} er i databasen{'' if done.fresh else ' (uændret)'}."
            + (f" Den forrige er {done.previous}." if done.previous else "")
            + (f" Fjernet: {', '.join(done.dropped)}." if done.dropped else ""),
            f"Release {made.name} is in the store{'' if done.fresh else ' (unchanged)'}."
            + (f" The one before is {done.previous}." if done.previous else "")
            + (f" Dropped: {', '.join(done.dropped)}." if done.dropped else ""),
        ),
    )


class _Progress:
    """Progress on standard error: one line rewritten on a terminal, nothing but the end elsewhere."""

    def __init__(self, chosen: Settings) -> None:
        self._language = chosen.language
        self._live = sys.stderr.isatty()

    def __call__(self, step: Text) -> None:
        if self._live:
            width = shutil.get_terminal_size().columns - 1
            click.echo("\r" + step.in_language(self._language)[:width].ljust(width), nl=False, err=True)

    def close(self) -> None:
        if self._live:
            click.echo("\r" + " " * (shutil.get_terminal_size().columns - 1) + "\r", nl=False, err=True)


def _build(chosen: Settings, out: Path, force: bool) -> release.Release:
    from strategigraf import build as building

    progress = _Progress(chosen)
    try:
        made, fresh = building.build(sources.load(paths.root()), out, chosen.sources, progress, force)
    finally:
        progress.close()
    _show([Finding(**{**w, "what": Text(**w["what"]), "mend": Text(**w["mend"]), "severity": "warning"})
           for w in made.manifest["report"]["warnings"]] if fresh else [], chosen)  # fmt: skip
    triples = made.manifest["triples"]
    _say(
        chosen,
        Text(
            f"Udgivelse {made.name}: {triples} tripler{'' if fresh else ' (uændret)'}",
            f"Release {made.name}: {triples} triples{'' if fresh else ' (unchanged)'}",
        ),
    )
    return made


def _release(chosen: Settings, folder: Path | None) -> release.Release:
    return release.open_release(folder) if folder else release.current(chosen.build)


def _remote(chosen: Settings, made: release.Release, url: str) -> RemoteStore:
    """The store at an address, seen to hold the release."""
    from strategigraf.store.remote import RemoteStore

    store = RemoteStore(url, made.name, made.manifest["graphs"], chosen.store_user, chosen.store_password)
    store.check()
    return store


def _parameters(arguments: Sequence[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.removeprefix("--").partition("=")
        if not word.startswith("--") or not name or (not equals and not rest):
            raise BadParameter(
                Text(
                    f"{word!r} er ikke en parameter. Skriv --NAVN VÆRDI.",
                    f"{word!r} is not a parameter. Write --NAME VALUE.",
                )
            )
        if name in given:
            raise BadParameter(Text(f"--{name} er givet to gange.", f"--{name} is given twice."))
        given[name] = value if equals else rest.pop(0)
    return given


def _bad_format(form: str, offered: Sequence[str]) -> BadParameter:
    choices = ", ".join(offered)
    return BadParameter(
        Text(
            f"Formatet {form!r} passer ikke her. Vælg: {choices}.",
            f"The format {form!r} does not fit here. Choose: {choices}.",
        )
    )


def _table(table: Table, chosen: Settings) -> None:
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    click.echo(tables.as_text(table, width), nl=False)
    if sys.stdout.isatty():
        _say(chosen, Text(f"{len(table.rows)} rækker", f"{len(table.rows)} rows"))


def _write(content: bytes) -> None:
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def _show(findings: Sequence[Finding], chosen: Settings) -> None:
    for item in findings:
        click.echo(item.render(chosen.language))


def _say(chosen: Settings, message: Text) -> None:
    click.echo(message.in_language(chosen.language), err=True)


def _fail(error: StrategigrafError, chosen: Settings) -> None:
    click.echo(error.message.in_language(chosen.language), err=True)
    sys.exit(error.exit_code)


__all__ = ["command", "main"]
