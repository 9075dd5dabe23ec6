"""The canonical form of Turtle."""

from __future__ import annotations

import random

import pytest
from conftest import ROOT
from pyoxigraph import Literal, NamedNode

from strategigraf import turtle

HEAD = "@prefix dct: <http://purl.org/dc/terms/> .\n@prefix strategy: <https://w3id.org/strategigraf/id/strategy/> .\n"
FILES = sorted(p for part in ("ontology", "data") for p in (ROOT / part).rglob("*.ttl"))


def canonical(text: str) -> str:
    return turtle.read(text).canonical


def test_one_form_whatever_the_writing() -> None:
    one = canonical(HEAD + 'strategy:b dct:title "B"@da . strategy:a dct:title "A"@en, "A"@da ; a dct:Policy .')
    two = canonical(
        '<https://w3id.org/strategigraf/id/strategy/a> <http://purl.org/dc/terms/title> "A"@da .\n' + HEAD
        + 'strategy:a a dct:Policy ; dct:title "A"@en .\n\n\nstrategy:b\n  dct:title """B"""@da\n.'
    )  # fmt: skip
    assert one == two
    assert one == (
        "@prefix dct: <http://purl.org/dc/terms/> .\n"
        "@prefix strategy: <https://w3id.org/strategigraf/id/strategy/> .\n\n"
        'strategy:a\n    a dct:Policy ;\n    dct:title "A"@da ;\n    dct:title "A"@en ;\n.\n\n'
        'strategy:b\n    dct:title "B"@da ;\n.\n'
    )


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_our_files_survive_a_round_trip(path: object) -> None:
    text = path.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    document = turtle.read(text)
    assert document.canonical == text
    again = turtle.read(document.canonical)
    if "[" not in text and "( " not in text:
        assert set(again.triples) == set(document.triples)
    assert len(again.triples) == len(document.triples)


def test_the_order_of_triples_does_not_matter() -> None:
    document = turtle.read((ROOT / "ontology" / "shapes" / "claims.ttl").read_text(encoding="utf-8"))
    shuffled = list(document.triples)
    random.Random(7).shuffle(shuffled)
    assert turtle.write(shuffled, document.head) == document.canonical


def test_literals_keep_their_every_character() -> None:
    for value in ('citat " og \\ skråstreg', "linje\nskift\tog tabulator", "æøå – «»", ""):
        text = canonical(HEAD + f"strategy:a dct:title {Literal(value, language='da')} .")
        assert turtle.read(text).triples[0].object == Literal(value, language="da")
        assert len(text.split("\n")) == 7


def test_the_comments_at_the_top_stay_and_others_are_named() -> None:
    text = "# politik\n# to linjer\n\n" + HEAD + "strategy:a a dct:Policy .\n"
    assert canonical(text).startswith("# politik\n# to linjer\n\n@prefix")
    assert turtle.stray_comment(text) is None
    assert turtle.stray_comment(text + "# gemt væk\n") == 7
    assert turtle.stray_comment(text + 'strategy:b dct:title "# ikke" ; # men dette\n a dct:Policy .') == 7
    kept = 'strategy:b dct:title "# x", \'#\', """a\n# b""" ; dct:source <https://example.org/#a> .\n'
    assert turtle.stray_comment(text + kept) is None


def test_lists_and_nested_nodes() -> None:
    text = HEAD + 'strategy:a dct:relation ( 1 [ dct:title "x" ; dct:type true ] () ) ; dct:source [] .'
    assert 'dct:relation ( 1 [ dct:title "x" ; dct:type true ] () ) ;' in canonical(text)
    assert canonical(canonical(text)) == canonical(text)


@pytest.mark.parametrize(
    "text",
    ["[] dct:title 1 .", "_:a dct:relation strategy:a . strategy:b dct:relation _:a . strategy:c dct:relation _:a ."],
)
def test_a_blank_node_that_has_no_place(text: str) -> None:
    with pytest.raises(turtle.TurtleError, match=r"(?i)blank node"):
        canonical(HEAD + text)


def test_a_syntax_error_has_its_line() -> None:
    with pytest.raises(turtle.TurtleError) as caught:
        turtle.read(HEAD + "strategy:a a dct:Policy ;\n  dct:title 'x' .\nstrategy:b dct:title .\n")
    assert caught.value.line == 5
    assert "tegn" in caught.value.message.da


def test_known_prefixes_need_not_be_declared_to_be_put_in_form() -> None:
    loose = 'strategy:a dct:title "A"@da .'
    with pytest.raises(turtle.TurtleError):
        turtle.read(loose)
    assert turtle.read(loose, known_prefixes=True).canonical == HEAD + '\nstrategy:a\n    dct:title "A"@da ;\n.\n'


def test_lines_of_things_and_of_their_properties() -> None:
    text = canonical(HEAD + 'strategy:a dct:title "A"@da . strategy:ab dct:title "B"@da, "C"@en .')
    document = turtle.read(text)
    lines = text.split("\n")
    ab = "https://w3id.org/strategigraf/id/strategy/ab"
    title = "http://purl.org/dc/terms/title"
    assert lines[document.line_of(ab) - 1] == "strategy:ab"
    assert lines[document.line_of(ab, title) - 1].strip() == 'dct:title "B"@da ;'
    assert lines[document.line_of(ab, title, '"C"@en') - 1].strip() == 'dct:title "C"@en ;'
    loose = turtle.read(HEAD + "\n" + 'strategy:ab dct:title "B"@da .')
    assert loose.line_of(ab, title) == 4
    assert loose.line_of(NamedNode("a:b").value) == 1
