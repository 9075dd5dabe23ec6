"""The header of a query file."""

from __future__ import annotations

import pytest

from strategigraf import header

GOOD = """#+ summary:
#+   da: Hvad?
#+   en: What?
#+ params:
#+   on: {type: date, label: {da: Dag, en: Day}}
#+   place: {type: municipality, required: true, label: {da: Sted, en: Place}}
SELECT * WHERE { VALUES ?_on { UNDEF } VALUES ?_place { UNDEF } }
"""


def test_a_good_header() -> None:
    head, query = header.read(GOOD, "x.rq")
    assert head.summary.da == "Hvad?"
    assert head.description.en == "What?"
    assert [(p.name, p.type, p.required) for p in head.parameters] == [
        ("on", "date", False),
        ("place", "municipality", True),
    ]
    assert query.startswith("SELECT")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: t.replace("#+", "#"), "mangler"),
        (lambda t: t.replace("summary:", "summery:"), "summery"),
        (lambda t: t.replace("#+   en: What?\n", ""), "da og en"),
        (lambda t: t.replace("{type: date,", "{type: date"), "YAML"),
        (lambda t: t.replace("type: date", "type: dato"), "ingen kendt type"),
        (lambda t: t.replace("VALUES ?_on { UNDEF } ", ""), "ikke de samme"),
        (lambda t: t.replace("#+   on:", "#+   o_n:"), "bogstaver"),
        (lambda t: t.replace("required: true", "needed: true"), "ukendte nøgler"),
        (lambda t: "#+ - liste\n" + t.split("SELECT")[1], "tabel"),
    ],
)
def test_a_bad_header_stops_the_start(change: object, says: str) -> None:
    with pytest.raises(header.HeaderError) as caught:
        header.read(change(GOOD), "x.rq")  # type: ignore[operator]
    assert says in caught.value.message.da
    assert "x.rq" in caught.value.message.en
