"""Where the ontology, the facts and the queries lie.

An installed copy carries them in ``_bundle`` beside this file; a checkout has them at its root.
Only this module looks for them: an editable install leaves an old copy in site-packages, which
``importlib.resources`` would find first.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

_HERE = Path(__file__).resolve().parent
#: Files of packages, below ``static``; ``server/assets/package.json`` says where they come from: the style and the
#: icons, what draws graphs, and the SPARQL editor.
STYLE = "vendor/strategigraf.css"
ICONS = "vendor/icons.svg"
FONTS = tuple(
    f"vendor/dkfds/dist/fonts/IBMPlexSans/split/woff2/IBMPlexSans-{name}-Latin1.woff2"
    for name in ("Regular", "Italic", "SemiBold")
)
CYTOSCAPE = "vendor/cytoscape/dist/cytoscape.min.js"
EDITOR_SCRIPT = "vendor/yasgui/build/yasgui.min.js"
EDITOR_STYLE = "vendor/yasgui/build/yasgui.min.css"


@cache
def root() -> Path:
    """The folder that holds ``ontology``, ``data`` and ``queries``; RuntimeError if none does."""
    bundle = _HERE / "_bundle"
    if bundle.is_dir():
        return bundle
    for folder in _HERE.parents:
        if (folder / "pyproject.toml").is_file() and (folder / "ontology").is_dir():
            return folder
    raise RuntimeError(f"no ontology, data and queries beside or above {_HERE}")


def is_checkout() -> bool:
    """Whether this copy runs from a checkout rather than from an installed package."""
    return root() != _HERE / "_bundle"


def default_build(env: Mapping[str, str]) -> Path:
    """The folder of releases: in the checkout, or the user's data folder (XDG base directories)."""
    if is_checkout():
        return root() / "build"
    home = env.get("XDG_DATA_HOME") or str(Path(env.get("HOME") or Path.home()) / ".local" / "share")
    return Path(home) / "strategigraf"


@cache
def vendored() -> bool:
    """Whether the files that the pages load from packages are installed; the pages work without them too."""
    static = _HERE / "web" / "static"
    return all((static / name).is_file() for name in (STYLE, ICONS, CYTOSCAPE, EDITOR_SCRIPT, EDITOR_STYLE))
