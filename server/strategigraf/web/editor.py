"""What the page of the SPARQL editor needs: its files, its data, its examples.

The editor is YASGUI's; ``static/sparql.js`` puts it where the page has a plain field. Without JavaScript, or where the
files of the package are not installed, the field is what there is, and the page does all that it did.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup

from strategigraf import ns, paths
from strategigraf.media import GRAPHS, RESULTS
from strategigraf.web import description, render, site
from strategigraf.web.messages import message, messages
from strategigraf.web.void import PATH as VOID

#: Our own files, in the order in which they are run, after the one of the package.
SCRIPTS = ("sparql-completion.js", "sparql-results.js", "sparql.js")
#: Longer addresses are cut by some servers and browsers; a query that would need one goes by POST.
LONGEST_ADDRESS = 6000
#: More than this is not shown in the browser, only offered as a file. Bytes.
MOST_SHOWN = 20_000_000


@dataclass(frozen=True)
class Shown:
    """One example as the page shows it: what it asks, more about it, and its text."""

    summary: str
    about: str
    text: str


@dataclass(frozen=True)
class Group:
    """Examples under one heading, which is the key of a message."""

    title: str
    examples: tuple[Shown, ...]


def values(text: str = "") -> dict[str, Any]:
    """What ``sparql.html`` needs whatever is asked: the text of the query, the examples, and the editor or None."""
    return {"text": text, "groups": groups(), "editor": _editor() if paths.vendored() else None}


def groups() -> tuple[Group, ...]:
    """The worked examples, and the public queries bound to their defaults."""
    language = site.language()
    worked = tuple(
        Shown(one.header.summary.in_language(language), one.header.description.in_language(language), one.text)
        for one in site.service().catalogue.examples
    )
    public = tuple(Shown(one.summary.in_language(language), "", one.text) for one in description.public_queries())
    return Group("editor.worked", worked), Group("editor.public", public)


def _editor() -> dict[str, Any]:
    return {
        "style": paths.EDITOR_STYLE,
        "scripts": (paths.EDITOR_SCRIPT, *SCRIPTS),
        "data": _data_block(),
    }


def _data_block() -> Markup:
    """What the scripts read: addresses relative to the host, since CSP allows only the page's own, and words."""
    base = urlsplit(site.service().settings.public_url).path
    language = site.language()
    home = base + ("/en" if language == "en" else "")
    words = {key.partition(".")[2]: text.in_language(language) for key, text in messages().items() if _is_word(key)}
    data = {
        "language": language,
        "endpoint": f"{home}/sparql",
        "page": site.page("/sparql"),
        "void": base + VOID,
        "things": {ns.ID: f"{home}/doc/", ns.SG: f"{home}/ontology/#"},
        "labelled": ns.ID,
        "prefixes": ns.PREFIXES,
        "formats": {
            kind: [[media.token, message(f"format.{media.token}", language)] for media in offered]
            for kind, offered in (("table", RESULTS), ("boolean", RESULTS[:2]), ("graph", GRAPHS))
        },
        "longest": LONGEST_ADDRESS,
        "most": MOST_SHOWN,
        "words": words,
    }
    return render.data_block(json.dumps(data).encode())


def _is_word(key: str) -> bool:
    return key.startswith("editor.")
