"""The way down to a thing: the list it stands in, and what it belongs to."""

from __future__ import annotations

from markupsafe import Markup
from pyoxigraph import NamedNode

from strategigraf.describe import Description
from strategigraf.ns import expand, split
from strategigraf.terms import cell
from strategigraf.web import site

#: What a thing of a type belongs to: the first of the properties that it has.
_ABOVE: dict[str, tuple[str, ...]] = {
    "strategy": ("dct:publisher",),
    "document": ("dct:publisher",),
    "element": ("sg:elementOf",),
    "approval": ("sg:approvalOf",),
    "item": ("sg:itemOf", "org:postIn"),
    "observation": ("sg:about", "dct:source"),
    "body": ("org:unitOf",),
    "entry": ("sg:entryOf",),
    "evidence": ("dct:source",),
    "alignment": ("sg:subject",),
    "adoption": ("sg:municipality",),
    "concept": ("skos:inScheme",),
}
#: The page that lists a type, and its message in the section ``site``.
_LISTS = {"municipality": ("/municipalities", "municipalities"), "framework": ("/frameworks", "frameworks")}


def trail(kind: str, thing: Description) -> tuple[tuple[str, str] | None, list[tuple[str, Markup]]]:
    """The list at the head of the way, as path and message, where there is one; and the things above with their names.

    The outermost stands first.

    A thing that belongs equally to several, such as a strategy with three publishers, hangs below none of them.
    """
    above: list[str] = []
    for name in _ABOVE.get(kind, ()):
        found = [cell(value) for value in thing.values(name)]
        if found:
            above = [iri for iri in found if split(iri)] if len(found) == 1 else []
            break
    if above:
        above = [*_higher(above[0]), *above]
    outermost = split(above[0] if above else thing.iri)
    list_ = _LISTS.get(outermost[0]) if outermost else None
    return (list_ if list_ and site.answers(list_[0]) else None), [(iri, shown(iri)) for iri in dict.fromkeys(above)]


def shown(iri: str) -> Markup:
    """The name of a thing without a link, an official Danish one marked as Danish."""
    parts = split(iri)
    return site.show_label(site.name_of(iri), bool(parts and parts[0] in site.OFFICIAL), iri)[0]


def _higher(iri: str) -> list[str]:
    """What the thing above belongs to in its turn: its only publisher, or what it is an element of."""
    store, here = site.service().store, NamedNode(iri)

    def of(node: NamedNode, *names: str) -> list[NamedNode]:
        found = {triple.object for name in names for triple in store.about([node], NamedNode(expand(name)))}
        return [one for one in found if isinstance(one, NamedNode)]

    published = {strategy: of(strategy, "dct:publisher") for strategy in of(here, "sg:elementOf")}
    strategies = [strategy.value for strategy, publishers in published.items() if publishers]
    publishers = {*of(here, "dct:publisher", "org:unitOf"), *(one for some in published.values() for one in some)}
    outer = [one.value for one in publishers] if len(publishers) == 1 else []
    return [*outer, *(strategies if len(strategies) == 1 else [])]
