"""The shape of the real graph, taken apart: what all municipalities share, and a template for each municipality.

A thing belongs to a municipality when what it says it belongs to does: its publisher, its strategy, its subject, the
document that it is from. The lines of N-Quads about it become a template, in which the municipality's code, name
and slug are open. So a synthetic graph has the very predicates, chains and skew of the real one: two municipalities
whose strategies were read whole, most with a row or two, hubs that everything points at.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from strategigraf.ns import GRAPH, ID, TYPES, expand

_ID = ID
#: What says whose a thing is: if it names things of one municipality only, it is that one's.
_BELONGS = frozenset(
    expand(name)
    for name in (
        "sg:municipality", "sg:elementOf", "sg:subject", "sg:approvalOf", "sg:dutyOf", "sg:readingOf", "sg:itemOf",
        "sg:about", "sg:illustrates", "dct:publisher", "dct:source", "org:unitOf", "org:member", "org:postIn",
    )
)  # fmt: skip
#: For what has none of those: evidence is a municipality's where all that it proves is.
_PROVES = expand("sg:evidenceFor")
#: These are shared, whoever they name.
_SHARED = ("concept/", "framework/", "region/", "organisation/", "series/")
#: Words that stand for themselves: codes, and what a source writes in the same words again and again.
_FIXED = frozenset(
    f"<{expand(name)}>"
    for name in (
        "skos:notation", "sg:formAsWritten", "sg:kindAsWritten", "sg:periodAsWritten", "sg:valueAsWritten", "sg:sha256",
        "sg:page", "adms:schemaAgency", "dct:identifier",
    )
)  # fmt: skip
_TYPE, _MUNICIPALITY = expand("rdf:type"), expand("sg:Municipality")
_LINE = re.compile(r"(<[^>]*>|_:\S+) (<[^>]*>) (<[^>]*>|_:\S+|\"(?:[^\"\\]|\\.)*\"\S*) (?:<([^>]*)> )?\.")
_OURS = re.compile(re.escape("<" + _ID) + r"([a-z]+/[A-Za-z0-9-]+)")
_WORD = re.compile(r"[A-Za-zÆØÅæøåéü]{5,}")


@dataclass
class Template:
    """One municipality: its lines of N-Quads, with ``%(…)s`` where its code, slug, name and number stand.

    ``own`` speaks of nothing of another municipality; ``links`` has, for each other one, the lines that do. Open are
    ``c`` (code), ``s`` (slug), ``n`` (name), ``i`` (number) and ``r`` (round, for evidence that several municipalities
    share), and in links also the other's, ``c2`` and ``s2``.
    """

    code: str
    own: str
    links: dict[str, str]
    #: How many lines there are in each graph, by its (open) name; "" is the default graph.
    own_counts: Counter[str] = field(default_factory=Counter)
    link_counts: dict[str, Counter[str]] = field(default_factory=dict)
    #: The evidence that it shares with others, by keys of ``Model.rounds``.
    shares: tuple[str, ...] = ()


@dataclass
class Model:
    """What all share, as lines of N-Quads, and a template for each municipality, in the order of their codes."""

    base: str
    base_counts: Counter[str]
    templates: list[Template]
    #: Evidence that serves things of several municipalities, with ``r`` open: each round of copies has its own, since
    #: one piece serves twelve things at most. The lines, and their number by graph.
    rounds: dict[str, tuple[str, Counter[str]]] = field(default_factory=dict)


def study(lines: Iterable[str]) -> Model:
    """Take a release's lines of N-Quads apart (the real graph, named graphs and merge).

    Raises ValueError for a line that is not N-Quads, and where no municipality is found.
    """
    rows = [(line, *_parts(line)) for line in lines if line.strip()]
    owner = _owners((s, p, o) for _, s, p, o, graph in rows if not graph)
    codes = {_iri(o)[len(_ID) :].split("/")[1] for o in owner.values()}
    if not codes:
        raise ValueError("no sg:Municipality in the release: build one with strategigraf build")
    labels = _labels(rows)
    base: list[str] = []
    base_counts: Counter[str] = Counter()
    mine: dict[str, list[tuple[str, str, str | None]]] = defaultdict(list)
    things = tuple(f"<{_ID}{kind}/" for kind in TYPES if kind != "concept")
    for line, s, p, o, graph in rows:
        first, second = owner.get(s), owner.get(o)
        whose = first or second
        # What the ontology and the schemes say of their own origin stays as it is.
        if whose is None or (first is None and not s.startswith(things)):
            base.append(line)
            base_counts[graph] += 1
        else:
            mine[whose].append((line, p, second if second not in (None, whose) else None))
    owned: dict[str, list[str]] = defaultdict(list)
    for thing, whose in owner.items():
        owned[whose].append(thing)
    slugs = {whose: _slug(name) for whose, name in labels.items()}
    # Names for all first, since one municipality's lines may name things of another.
    renamed: dict[str, str] = {}
    for whose in sorted(owned):
        renamed |= _rename(owned[whose], _code(whose), slugs[whose])
    shared = _shared(line for lines in mine.values() for line, *_ in lines)
    shared -= set(owner)
    renamed |= {_key(piece): _key(piece) + "%(r)s" for piece in shared}
    templates = [_template(whose, mine[whose], owner, renamed, labels[whose], slugs[whose]) for whose in sorted(owned)]
    for whose, template in zip(sorted(owned), templates, strict=True):
        template.shares = tuple(sorted(map(_key, _shared(line for line, *_ in mine[whose]) & shared)))
    return Model("".join(line + "\n" for line in base), base_counts, templates, _rounds(base, shared))


def read(release: Path) -> Model:
    """The model of the release in a folder (``data.nq``)."""
    with (release / "data.nq").open(encoding="utf-8", newline="\n") as file:
        return study(line.rstrip("\n") for line in file)


def _parts(line: str) -> tuple[str, str, str, str]:
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError(f"not a line of N-Quads: {line[:200]}")
    return match[1], match[2], match[3], match[4] or ""


def _owners(triples: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """For each thing that belongs to one municipality, that municipality; terms as N-Quads writes them."""
    says: dict[str, set[str]] = defaultdict(set)
    proves: dict[str, set[str]] = defaultdict(set)
    subjects: set[str] = set()
    owner: dict[str, str] = {}
    for s, p, o in triples:
        subjects.add(s)
        if _iri(p) in _BELONGS:
            says[s].add(o)
        elif _iri(p) == _PROVES:
            proves[s].add(o)
        elif _iri(p) == _TYPE and _iri(o) == _MUNICIPALITY:
            owner[s] = s
    shared = tuple(f"<{_ID}{kind}" for kind in _SHARED)
    open_ = sorted(s for s in subjects - set(owner) if s.startswith("<" + _ID) and not s.startswith(shared))
    while True:
        found: dict[str, str] = {}
        for s in open_:
            whole = s.split("#")[0].rstrip(">") + ">"
            named = {owner.get(whole)} if whole != s else {owner.get(o) for o in says[s]} - {None}
            whose = named or {owner.get(o) for o in proves[s]}
            if len(whose) == 1 and (only := whose.pop()):
                found[s] = only
        if not found:
            return owner
        owner |= found
        open_ = [s for s in open_ if s not in found]


def _shared(lines: Iterable[str]) -> set[str]:
    """The evidence that lines speak of."""
    return {term for line in lines for term in _parts(line)[0:3:2] if term.startswith(f"<{_ID}evidence/")}


def _key(term: str) -> str:
    return term[len(_ID) + 1 : -1]


def _rounds(base: Iterable[str], shared: set[str]) -> dict[str, tuple[str, Counter[str]]]:
    """What is said of shared evidence, but not what it proves of things that all share: those keep the first one."""
    said: dict[str, list[tuple[str, str, str, str]]] = defaultdict(list)
    for line in base:
        s, p, o, graph = _parts(line.replace("%", "%%"))
        if s in shared and _iri(p) != _PROVES:
            said[s].append((s[:-1] + "%(r)s>", p, o, graph))
    rounds = {}
    for piece, rows in said.items():
        phrases = [o for _, p, o, _ in rows if _iri(p) == expand("sg:phrase")]
        words = frozenset(max(_WORD.findall(phrase), key=len, default="") for phrase in phrases)
        text, counts = "", Counter[str]()
        for s, p, o, graph in rows:
            if o.startswith('"') and "^^" not in o and p not in _FIXED:
                o = _mark(o, words, "%(r)s")
            text += f"{s} {p} {o}" + (f" <{graph}> .\n" if graph else " .\n")
            counts[graph] += 1
        rounds[_key(piece)] = (text, counts)
    return rounds


def _labels(rows: Iterable[tuple[str, str, str, str, str]]) -> dict[str, str]:
    """The Danish name of each municipality."""
    label = f"<{expand('rdfs:label')}>"
    return {
        s: o[1:-4]
        for _, s, p, o, graph in rows
        if not graph and p == label and o.endswith('"@da') and s.startswith(f"<{_ID}municipality/") and "#" not in s
    }


def _rename(things: Iterable[str], code: str, slug: str) -> dict[str, str]:
    """The open name of each of a municipality's things: its slug or code, wherever it stands, or else put before."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for whole in sorted({thing.split("#")[0].rstrip(">")[len(_ID) + 1 :] for thing in things}):
        kind, _, old = whole.partition("/")
        new = re.sub(rf"(?<![a-z0-9]){code}(?![a-z0-9])", "%(c)s", old)
        new = re.sub(rf"(?<![a-z0-9]){slug}(?![a-z0-9])", "%(s)s", new)
        new = new if new != old else f"%(s)s-{old}"
        while f"{kind}/{new}" in taken:
            new += "-igen"
        taken.add(f"{kind}/{new}")
        names[whole] = f"{kind}/{new}"
    return names


def _template(
    whose: str,
    rows: list[tuple[str, str, str | None]],
    owner: dict[str, str],
    renamed: dict[str, str],
    name: str,
    slug: str,
) -> Template:
    marked = _marked(rows, name)
    own: list[str] = []
    links: dict[str, list[str]] = defaultdict(list)
    own_counts: Counter[str] = Counter()
    link_counts: dict[str, Counter[str]] = defaultdict(Counter)
    for line, _, other in rows:
        s, p, o, graph = _parts(line.replace("%", "%%"))
        graph = _graph(graph, slug)
        terms = [_open_iri(term, whose, owner, renamed) for term in (s, p)]
        terms.append(
            _open_text(p, o, _code(whose), name, marked)
            if o.startswith('"')
            else _open_iri(o, whose, owner, renamed, p)
        )
        text = " ".join(terms) + (f" <{graph}> .\n" if graph else " .\n")
        if other is None:
            own.append(text)
            own_counts[graph] += 1
        else:
            links[_code(other)].append(text)
            link_counts[_code(other)][graph] += 1
    joined = {code: "".join(texts) for code, texts in sorted(links.items())}
    return Template(_code(whose), "".join(own), joined, own_counts, dict(link_counts))


def _marked(rows: list[tuple[str, str, str | None]], name: str) -> frozenset[str]:
    """Words that get a number in each copy, so that no two copies say the same: the longest of each text."""
    words: set[str] = set()
    for line, p, _ in rows:
        o = _parts(line)[2]
        if o.startswith('"') and p not in _FIXED and "^^" not in o and name not in o:
            words.add(max(_WORD.findall(o) or [""], key=len))
    return frozenset(words - {""})


def _open_text(predicate: str, literal: str, code: str, name: str, marked: frozenset[str]) -> str:
    if literal == f'"{code}"':
        return '"%(c)s"'
    if "^^" in literal or predicate in _FIXED:
        return literal
    text, quote, tag = literal.rpartition('"')
    text = re.sub(rf"(?<!\w){re.escape(name)}(s?)(?!\w)", r"%(n)s\1", text)
    return _mark(text, marked, "-%(i)s") + quote + tag


def _mark(text: str, words: frozenset[str], mark: str) -> str:
    return _WORD.sub(lambda m: m[0] + mark if m[0] in words else m[0], text)


def _open_iri(term: str, whose: str, owner: dict[str, str], renamed: dict[str, str], predicate: str = "") -> str:
    match = _OURS.match(term)
    if match is None:
        if predicate == f"<{expand('skos:exactMatch')}>" and "wikidata" in term:
            return "<http://www.wikidata.org/entity/Q9%(i)s>"
        if predicate == f"<{expand('foaf:page')}>" and "#" not in term:
            return term[:-1] + "#%(s)s>"
        return term
    new = renamed.get(match[1])
    if new is None:
        return term
    if owner.get(term, whose) != whose:
        new = new.replace("%(c)s", "%(c2)s").replace("%(s)s", "%(s2)s")
    return f"<{_ID}{new}{term[match.end() :]}"


def _graph(graph: str, slug: str) -> str:
    """A municipality's own graphs are renamed; the others hold the lines of all."""
    stem = graph.removeprefix(GRAPH)
    return GRAPH + re.sub(rf"^{slug}(?=$|-strategi$)", "%(s)s", stem) if graph else ""


def _iri(term: str) -> str:
    return term[1:-1]


def _code(municipality: str) -> str:
    return _iri(municipality).rsplit("/", 1)[1]


def _slug(name: str) -> str:
    lower = name.lower().replace("æ", "ae").replace("ø", "oe").replace("å", "aa")
    return re.sub(r"[^a-z0-9]+", "-", lower).strip("-")
