"""A module imports only from a lower floor; see docs/architecture.md."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "server" / "strategigraf"
FLOORS: tuple[tuple[str, ...], ...] = (
    ("text", "paths"),
    ("errors", "ns", "board", "keep", "job", "journal"),
    ("settings", "media", "turtle", "terms", "header", "guard", "limits"),
    ("store", "shacl", "sources"),
    ("infer", "receipt", "names", "describe", "profile", "retired"),
    ("catalogue", "search"),
    ("trials",),
    ("checks",),
    ("release", "exports"),
    ("build", "service", "publish"),
    ("web",),
    ("server",),
    ("cli",),
    ("__main__",),
)
FLOOR = {name: number for number, floor in enumerate(FLOORS) for name in floor}
#: Who alone may use what.
OWNERS = {
    "requests": {"store"},
    "flask": {"web"},
    "werkzeug": {"web"},
    "markupsafe": {"web"},
    "jinja2": {"web"},
    "httptools": {"server"},
    "prometheus_client": {"web"},
    "waitress": {"server"},
    "pyshacl": {"shacl"},
    "rdflib": {"shacl"},
    "yaml": {"header"},
    "click": {"cli"},
    "xlsxwriter": {"exports"},
}
#: What a serving process never loads.
BUILD_ONLY = {"build", "shacl", "checks", "trials", "receipt", "infer", "turtle"}


def part(path: Path) -> str:
    """The module or package that a file belongs to: ``store`` or ``web``."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """Every module that a file imports, wherever in the file."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            found |= {f"{module}.{alias.name}" for alias in node.names} if module == "strategigraf" else {module}
    return found


def violations(path: Path, found: set[str]) -> list[str]:
    """What a file may not import."""
    here = part(path)
    wrong: list[str] = []
    for name in found:
        top, _, rest = name.partition(".")
        if top == "strategigraf":
            other = rest.split(".")[0]
            inside = other == here and (PACKAGE / here).is_dir()
            if not inside and FLOOR[other] >= FLOOR[here]:
                wrong.append(f"{here} (floor {FLOOR[here]}) imports {other} (floor {FLOOR[other]})")
            if here in ("web", "service", "release", "describe") and other in BUILD_ONLY:
                wrong.append(f"{here} imports {other}, which belongs to the build")
        elif top in OWNERS and here not in OWNERS[top]:
            wrong.append(f"{here} imports {top}, which belongs to {sorted(OWNERS[top])}")
    return wrong


FILES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py" or path.parent != PACKAGE)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_go_downwards(path: Path) -> None:
    assert part(path) in FLOOR, f"{part(path)} has no floor"
    assert violations(path, imports(path)) == []


def test_a_planted_upward_import_is_seen() -> None:
    assert violations(PACKAGE / "store.py", {"strategigraf.release"})
    assert violations(PACKAGE / "web" / "pages.py", {"strategigraf.checks"})
    assert violations(PACKAGE / "names.py", {"flask"})


def test_only_the_store_holds_a_store() -> None:
    holders = {part(p) for p in FILES if "Store(" in p.read_text() and "pyoxigraph" in p.read_text()}
    users = {
        part(path)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        and node.module == "pyoxigraph"
        and any(a.name == "Store" for a in node.names)
    }
    # The guard reads doubtful texts on an empty one.
    assert users == {"store", "guard"}
    assert "store" in holders


def test_a_serving_process_never_loads_what_belongs_to_building() -> None:
    code = "import sys, strategigraf.web; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "strategigraf.web" in loaded
    assert not {"pyshacl", "rdflib", "strategigraf.checks", "strategigraf.infer"} & set(loaded)


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert not imports(PACKAGE / "__init__.py")
