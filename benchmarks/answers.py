"""Whether servers give the same answers, before it is measured how fast they give them."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from pyoxigraph import RdfFormat, parse

from benchmarks.mix import Query


def size(url: str, query: Query, seconds: float = 60) -> int:
    """How much the answer to a query holds: rows of a SELECT, triples of a CONSTRUCT (each once), 1 or 0 for an ASK.

    Raises OSError where the server does not answer with 2xx, and ValueError where the answer does not parse.
    """
    request = urllib.request.Request(  # noqa: S310 (a server that was started here)
        f"{url}{quote(query.text, safe='')}", headers={"Accept": query.shape.accept}
    )
    with urllib.request.urlopen(request, timeout=seconds) as answer:  # noqa: S310
        data = answer.read()
    try:
        if query.shape.accept == "text/turtle":
            return len({quad.triple for quad in parse(data, format=RdfFormat.TURTLE)})
        said = json.loads(data)
        return int(bool(said["boolean"])) if "boolean" in said else len(said["results"]["bindings"])
    except (SyntaxError, KeyError) as error:
        raise ValueError(f"{url}: {error}: {data[:200]!r}") from error


def differences(urls: Mapping[str, str], queries: Iterable[Query]) -> list[str]:
    """For each query to which the servers do not all give answers of one size, a line that says who gave what."""
    found: list[str] = []
    for query in queries:
        sizes: dict[str, int | str] = {}
        for name, url in urls.items():
            try:
                sizes[name] = size(url, query)
            except (OSError, ValueError) as error:
                sizes[name] = str(error)
        if len(set(sizes.values())) > 1 or any(isinstance(value, str) for value in sizes.values()):
            told = ", ".join(f"{name}: {value}" for name, value in sizes.items())
            found.append(f"{query.shape.name}: {told} · {query.text}")
    return found
