"""Which municipalities are most like one, and why: the public query ``similar_municipalities``, from memory.

What the query joins for one municipality is read here once for all of them, since every page of a municipality
shows it; ``tests/test_things.py`` holds that both give the same.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from flask import current_app

from strategigraf.terms import cell
from strategigraf.web import site
from strategigraf.web.views.places import places

#: What each reason weighs, in the order in which reasons are told.
WEIGHTS = {"framework": 4, "joint": 3, "theme": 2, "form": 1, "period": 1, "region": 1, "size": 1}
#: Reasons in what a municipality has written or committed itself to; the others say only where it lies and how large.
STRONG = ("framework", "joint", "theme")
_TRAITS = {
    "framework": """?adoption sg:municipality ?m ; sg:framework ?x ; sg:status/sg:rank ?rank . FILTER(?rank > 2)""",
    "joint": """?claim sg:subject ?own ; sg:object ?x ; sg:relation ?relation .
        FILTER(?relation != concept:relation-deviates-from) ?own sg:elementOf? ?strategy .
        ?strategy a sg:Strategy ; dct:publisher ?m . ?m a sg:Municipality FILTER NOT EXISTS { ?x a sg:Framework }""",
    "theme": """?strategy a sg:Strategy ; dct:publisher ?m . ?m a sg:Municipality .
        ?element sg:elementOf ?strategy ; dct:subject ?x""",
    "form": "?x0 a sg:Strategy ; dct:publisher ?m ; sg:form ?x . ?m a sg:Municipality",
    "period": """?x0 a sg:Strategy ; dct:publisher ?m ; dct:temporal ?span . ?m a sg:Municipality .
        ?span dcat:startDate ?start ; dcat:endDate ?end .
        BIND(CONCAT(SUBSTR(STR(?start), 1, 4), "–", SUBSTR(STR(?end), 1, 4)) AS ?x)""",
}


@dataclass(frozen=True)
class Similar:
    """Another municipality: the sum of the weights, and what is shared by reason: IRIs, or periods as text."""

    iri: str
    score: int
    shared: dict[str, tuple[str, ...]]

    @property
    def strong(self) -> bool:
        """Whether any reason lies in what the two have written or committed themselves to."""
        return any(self.shared.get(reason) for reason in STRONG)


def similar(iri: str) -> list[Similar]:
    """The other municipalities that share something with one, the most similar first, then by code."""
    traits, known = _traits(), places()
    here = known.get(iri)
    day = site.today().isoformat()
    found = []
    for other, place in known.items():
        if other == iri:
            continue
        shared = {}
        for reason in _TRAITS:
            both = traits[reason].get(iri, frozenset()) & traits[reason].get(other, frozenset())
            shared[reason] = tuple(sorted(both))
        if here:
            region = here.region(day)
            shared["region"] = (region,) if region and region == place.region(day) else ()
            near = bool(here.population and place.population and here.year == place.year)
            close = near and abs(place.population - here.population) * 4 <= here.population
            shared["size"] = (str(place.population),) if close else ()
        score = sum(WEIGHTS[reason] * len(things) for reason, things in shared.items())
        if score:
            found.append(Similar(other, score, {reason: shared[reason] for reason in WEIGHTS if shared.get(reason)}))
    return sorted(found, key=lambda one: (-one.score, one.iri))


def _traits() -> dict[str, dict[str, frozenset[str]]]:
    """What each municipality has, by reason; read once, since a release never changes."""
    kept: dict[str, dict[str, frozenset[str]]] | None = current_app.extensions.get("strategigraf.traits")
    if kept is None:
        kept = {}
        for reason, pattern in _TRAITS.items():
            found: dict[str, set[str]] = defaultdict(set)
            for row in site.service().store.select(f"SELECT DISTINCT ?m ?x WHERE {{ {pattern} }}"):
                found[cell(row["m"])].add(cell(row["x"]))
            kept[reason] = {iri: frozenset(things) for iri, things in found.items()}
        current_app.extensions["strategigraf.traits"] = kept
    return kept
