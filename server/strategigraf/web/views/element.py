"""An element of a strategy: its place in the tree, who takes it up, and what others write of the same."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from pyoxigraph import NamedNode

from strategigraf import describe
from strategigraf.describe import Description
from strategigraf.ns import shorten, split
from strategigraf.terms import cell
from strategigraf.web import site
from strategigraf.web.views import claims

#: How many elements of others are shown for each theme.
SHOWN = 8


def view(thing: Description) -> tuple[str, dict[str, Any]]:
    """What lies above and below it, its neighbours of the same kind, its alignments, and the same themes elsewhere."""
    owner = thing.value("sg:elementOf")
    outward, inward = claims.around([thing.iri]), claims.around([thing.iri], outward=False)
    behind = claims.owners([claim.subject for claim in inward] + [claim.object for claim in outward])
    below = [cell(value) for name in ("sg:supportedBy", "sg:hasPart") for value in thing.values(name)]
    before, after = _siblings(thing, owner)
    return "element.html", {
        "outward": outward,
        "inward": sorted(inward, key=lambda claim: (behind.get(claim.subject, "~"), claim.basis, claim.subject)),
        "owners": behind,
        "municipalities": sorted(
            {one for claim in inward if _is_municipality(one := behind.get(claim.subject, claim.subject))}
        ),
        "text": thing.text("sg:officialText", "da"),
        "ancestors": _ancestors(thing),
        "below": list(dict.fromkeys(below)),
        "below_pieces": describe.evidence_of(site.service().store, below),
        "before": before,
        "after": after,
        "themes": _themes(thing.iri, owner),
    }


def _is_municipality(iri: str) -> bool:
    return (split(iri) or ("", ""))[0] == "municipality"


def _ancestors(thing: Description) -> list[str]:
    """The elements above it, the outermost first; of several above one the first by IRI."""
    found: list[str] = []
    # A few look-ups upwards are quicker than one path of any length.
    wholes = sorted(cell(value) for name in ("sg:supports", "dct:isPartOf") for value in thing.values(name))
    while wholes:
        some = " ".join(str(NamedNode(iri)) for iri in wholes)
        rows = site.service().store.select(
            f"""SELECT ?one ?above WHERE {{
              VALUES ?one {{ {some} }} ?one a sg:StrategyElement .
              OPTIONAL {{ {{ ?one sg:supports ?above }} UNION {{ ?one dct:isPartOf ?above }} }}
            }} ORDER BY ?one ?above"""
        )
        if not rows or (one := cell(rows[0]["one"])) in found or one == thing.iri:
            break
        found.insert(0, one)
        wholes = [cell(row["above"]) for row in rows if cell(row["one"]) == one and row.get("above")]
    return found


def _siblings(thing: Description, owner: str) -> tuple[str, str]:
    """The one before and the one after it of the same kind in its strategy or document; "" at the ends."""
    own = [iri for iri in thing.types if shorten(iri).startswith("sg:") and shorten(iri) != "sg:StrategyElement"]
    if not owner or not own:
        return "", ""
    rows = site.service().store.select(
        f"""SELECT DISTINCT ?one ?no WHERE {{
          ?one sg:elementOf {NamedNode(owner)} ; a {NamedNode(own[0])} . OPTIONAL {{ ?one sg:order ?no }}
        }} ORDER BY ?no ?one"""
    )
    order = list(dict.fromkeys(cell(row["one"]) for row in rows))
    at = order.index(thing.iri) if thing.iri in order else -1
    if at < 0:
        return "", ""
    return (order[at - 1] if at else ""), (order[at + 1] if at + 1 < len(order) else "")


def _themes(iri: str, owner: str) -> list[dict[str, Any]]:
    """Its themes, each with elements on the same theme in other strategies: how many, and the first of them."""
    here = NamedNode(iri)
    other = f"FILTER(?of != {NamedNode(owner)})" if owner else ""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in site.service().store.select(
        f"""SELECT DISTINCT ?theme ?one ?of WHERE {{
          {here} dct:subject ?theme .
          OPTIONAL {{ ?one dct:subject ?theme ; a sg:StrategyElement ; sg:elementOf ?of . {other} }}
        }} ORDER BY ?theme ?of ?one"""
    ):
        some = found[cell(row["theme"])]
        if row.get("one"):
            some.append((cell(row["one"]), cell(row["of"])))
    return [{"iri": theme, "total": len(some), "some": _spread(some)} for theme, some in found.items()]


def _spread(some: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """At most ``SHOWN`` of some elements, one from each strategy before a second from any."""
    rounds: dict[str, int] = defaultdict(int)
    keyed = []
    for place, (one, of) in enumerate(some):
        keyed.append((rounds[of], place, (one, of)))
        rounds[of] += 1
    return [pair for _, _, pair in sorted(keyed)[:SHOWN]]
