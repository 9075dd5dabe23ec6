"""Each shape finds the fault that it is made for, and nothing in what is right."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from strategigraf import sources, turtle
from strategigraf.ns import RDF_TYPE, SHAPES, expand
from strategigraf.shacl import ShapeResult, Validator

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path(__file__).resolve().parent / "shapes"
TRIPLES = [t for file in sources.load(ROOT).of("shapes") for t in file.document.triples]
MESSAGE = NamedNode(expand("sh:message"))
PROPERTY_SHAPE = NamedNode(expand("sh:PropertyShape"))
#: Shapes that cannot but fire beside another one: shape -> the others, and why. None so far.
ALSO: dict[str, set[str]] = {}


def _named(triples: list[Triple]) -> list[str]:
    return sorted({t.subject.value for t in triples if isinstance(t.subject, NamedNode)})


def _values(shape: str, predicate: str) -> list[NamedNode | BlankNode | Literal]:
    node, verb = NamedNode(SHAPES + shape), NamedNode(expand(predicate))
    return [t.object for t in TRIPLES if t.subject == node and t.predicate == verb]


ALL = [iri.removeprefix(SHAPES) for iri in _named([t for t in TRIPLES if t.predicate == RDF_TYPE])]
#: The shapes that give results themselves; the others only gather them for a target.
JUDGING = [name for name in ALL if PROPERTY_SHAPE in _values(name, "rdf:type") or _values(name, "sh:message")]
#: Each shape's bad fixtures: one, and a numbered one for each further way to be wrong.
BAD = [
    (name, file)
    for name in JUDGING
    for file in sorted({f"{name}.bad.ttl", *(path.name for path in FOLDER.glob(f"{name}.bad-*.ttl"))})
]
TARGETS = ("sh:targetClass", "sh:targetSubjectsOf", "sh:targetObjectsOf", "sh:targetNode")


def _read(name: str) -> turtle.Document:
    path = FOLDER / name
    assert path.is_file(), f"the fixture tests/shapes/{name} is missing: every shape needs a good and a bad one"
    return turtle.read(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def validate(facts: sources.Sources) -> Callable[[str], list[ShapeResult]]:
    """Check the text of a fixture; equal texts are checked once."""
    ontology = [t for file in facts.of("ontology") for t in file.document.triples]
    validator = Validator(TRIPLES, ontology)

    @cache
    def run(text: str) -> list[ShapeResult]:
        return validator.check(turtle.read(text).triples)

    return run


def test_number_of_shapes() -> None:
    assert len(ALL) > 100
    assert len(JUDGING) > 100


def test_every_shape_has_a_readable_iri() -> None:
    for iri in _named(TRIPLES):
        assert re.fullmatch(re.escape(SHAPES) + "[A-Z][A-Za-z0-9]*", iri)
    blank = {t.subject for t in TRIPLES if isinstance(t.subject, BlankNode)}
    assert not [t for t in TRIPLES if t.subject in blank and t.predicate == MESSAGE], "a nameless shape has a message"


def test_every_shape_is_reached() -> None:
    """A property shape that no node shape names, or a node shape without a target, would never speak."""
    used = {t.object for t in TRIPLES if t.predicate.value == expand("sh:property")}
    for name in ALL:
        if PROPERTY_SHAPE in _values(name, "rdf:type"):
            assert NamedNode(SHAPES + name) in used, f"no node shape has sh:property sgsh:{name}"
            assert len(_values(name, "sh:path")) == 1, name
        else:
            assert any(_values(name, target) for target in TARGETS), f"sgsh:{name} has no target"
            assert {label.language for label in _values(name, "rdfs:label")} == {"da", "en"}, name


def test_every_fixture_belongs_to_a_shape() -> None:
    wanted = {f"{name}.good.ttl" for name in JUDGING} | {file for _, file in BAD}
    assert {path.name for path in FOLDER.iterdir()} - wanted == set()


@pytest.mark.parametrize("name", JUDGING)
def test_bad_fixtures_are_numbered_and_different(name: str) -> None:
    """The further ones are bad-2, bad-3 and so on, and each tells of a fault of its own."""
    files = {file for shape, file in BAD if shape == name}
    assert files == {f"{name}.bad.ttl", *(f"{name}.bad-{number}.ttl" for number in range(2, len(files) + 1))}
    documents = [_read(file) for file in files]
    assert len({document.head for document in documents}) == len(documents)
    assert len({frozenset(document.triples) for document in documents}) == len(documents)


@pytest.mark.parametrize("name", JUDGING)
def test_good(name: str, validate: Callable[[str], list[ShapeResult]]) -> None:
    assert validate(_read(f"{name}.good.ttl").text) == []


@pytest.mark.parametrize(("name", "file"), BAD, ids=[file for _, file in BAD])
def test_bad(name: str, file: str, validate: Callable[[str], list[ShapeResult]]) -> None:
    document = _read(file)
    results = validate(document.text)
    assert {result.shape for result in results} == {name} | ALSO.get(name, set())
    subjects = set(_named(document.triples))
    written = {text.language: text.value for text in _values(name, "sh:message")}
    for result in results:
        assert result.focus in subjects
        assert result.severity == "violation"
        if result.shape == name:
            assert (result.message.da, result.message.en) == (written["da"], written["en"])


@pytest.mark.parametrize(("name", "file"), BAD, ids=[file for _, file in BAD])
def test_bad_has_one_fault(name: str, file: str) -> None:
    """The two files differ by one fault: a line added, removed or rewritten; and the bad one says which."""
    good, bad = _read(f"{name}.good.ttl"), _read(file)
    gone, added = set(good.triples) - set(bad.triples), set(bad.triples) - set(good.triples)
    assert 1 <= len(gone) + len(added) <= 2
    assert len(gone) <= 1
    assert len({t.predicate for t in gone | added}) == 1
    assert bad.head.startswith("# Bad: ")
    assert _named(good.triples) == _named(bad.triples)
    for document in (good, bad):
        assert document.text == document.canonical


@pytest.mark.parametrize("name", JUDGING)
def test_message(name: str) -> None:
    """A message is a whole sentence in both languages, and the severity is stated."""
    messages = {text.language: text.value for text in _values(name, "sh:message")}
    assert set(messages) == {"da", "en"}
    assert len(_values(name, "sh:message")) == 2
    assert messages["da"] != messages["en"]
    for text in messages.values():
        assert re.match(r"[A-ZÆØÅ]|(sg|skos|rdfs|dct):", text), text
        assert text.endswith("."), text
        assert text == " ".join(text.split()), text
    sentences = [len(re.findall(r"[.](?= [A-ZÆØÅ]|$)", text)) for text in messages.values()]
    assert sentences[0] == sentences[1], "one language says more than the other"
    assert [severity.value for severity in _values(name, "sh:severity")] == [expand("sh:Violation")]


#: The verbs with which a message says what to do, and the words with which it says what must be.
MENDS = {
    "da": r"\b(Skriv|Tilføj|Sæt|Ret|Behold|Fortæl|skal|kan højst|skrives|lav|mangler)\b",
    "en": r"\b(Write|Add|Mend|Keep|Tell|Make|must|can have|is written|make|lacks)\b",
}


@pytest.mark.parametrize("name", JUDGING)
def test_message_says_how_to_mend(name: str) -> None:
    for text in _values(name, "sh:message"):
        assert re.search(MENDS[text.language], text.value), text.value


#: What a message says of number in Danish, and the counts that the shape must then have.
COUNTS = (
    (r"\bnetop (én|ét)\b", {"sh:minCount": "1", "sh:maxCount": "1"}),
    (r"\bhøjst (én|ét)\b", {"sh:maxCount": "1"}),
    (r"\bmangler\b", {"sh:minCount": ""}),
)


@pytest.mark.parametrize("name", [name for name in JUDGING if PROPERTY_SHAPE in _values(name, "rdf:type")])
def test_message_and_counts_agree(name: str) -> None:
    """A shape that asks for exactly one, or for one at most, counts."""
    message = next(text.value for text in _values(name, "sh:message") if text.language == "da")
    for words, counts in COUNTS:
        if re.search(words, message):
            for predicate, count in counts.items():
                found = [value.value for value in _values(name, predicate)]
                assert found, f"sgsh:{name} says so, but has no {predicate}"
                assert count in ("", *found)
