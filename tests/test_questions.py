"""The questions that architects ask, with the answers that the documents support.

The expected rows stand in ``tests/answers/{question}.csv``. For each question a supporting fact is
taken away, and the answer must change: an answer that stays was never read from the facts.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from operator import eq, ge, gt, le, lt
from pathlib import Path

import pytest
from conftest import SHARED, World

from strategigraf import sources

ANSWERS = Path(__file__).parent / "answers"
Rows = list[tuple[str, ...]]
Pattern = tuple[str, str, str]


def table(world: World, query: str, **given: str) -> list[dict[str, str]]:
    return world.rows(query, **given)


def pick(rows: list[dict[str, str]], *columns: str, **where: str) -> Rows:
    """Some columns of the rows in which some columns have a value."""
    return [tuple(row[c] for c in columns) for row in rows if all(row[k] == v for k, v in where.items())]


@dataclass(frozen=True)
class Question:
    """One question: how it is answered, and facts without which the answer is another."""

    id: str
    columns: tuple[str, ...]
    answer: Callable[[World], Rows]
    remove: tuple[Pattern, ...]


#: KL's four cases of a form, by what they illustrate.
FOUR_CASES = ("digitaliseringspolitik", "principper", "del af andre strategier", "ingen digitaliseringsstrategi")
TABLE_1 = "2. Indledning > 2.1.1. E-survey til alle kommuner > Tabel 1: Antal besvarelser fordelt efter faggruppe"
NO_END = ("open-end", "dash", "empty", "approved-year", "lone-year")


def project(world: World, task: dict[str, float]) -> bool:
    """Whether a task is a project by Odder's criteria, as the facts state them."""
    rows = [row for row in table(world, "criteria") if row["rule_label"] == "Hvornår en opgave er et projekt"]
    tests: dict[str, Callable[[float, float], bool]] = {"gt": gt, "ge": ge, "lt": lt, "le": le, "eq": eq}
    met = [tests.get(row["operator"], ge)(task[row["measure"]], float(row["value"])) for row in rows]
    return any(met) if {row["combination"] for row in rows} == {"ét er nok"} else all(met)


def chain(rows: list[dict[str, str]], start: str) -> Rows:
    """The steps of a path in their order, from its first thing."""
    steps = {row["from_label"]: row for row in rows}
    found: Rows = []
    while start in steps and len(found) < len(rows):
        row = steps[start]
        found.append((row["from_label"], row["to_label"], row["evidence_phrase"]))
        start = row["to_label"]
    return found


def evaluation(world: World) -> list[dict[str, str]]:
    return table(world, "figures", document="devoteam-evaluering-2013")


def survey(world: World, *figures: str) -> Rows:
    """Some figures of the evaluation, each once."""
    rows = evaluation(world)
    return [
        row
        for name in figures
        for row in dict.fromkeys(
            (r["measure"], r["value"], r["unit"], r["value_as_written"])
            for r in rows
            if r["figure"].endswith("2013-" + name)
        )
    ]


def entry(number: int) -> str:
    return f"entry/kl-kortlaegning-{number:02d}>"


QUESTIONS = (
    Question(
        "Q01",
        ("name", "status", "evidence_phrase", "document", "own_reading"),
        lambda w: pick(
            table(w, "framework_adoption", corpus="read"),
            "name",
            "status",
            "evidence_phrase",
            "document",
            "own_reading",
        ),
        (
            ("alignment/norddjurs-monopolbrudsprojektgruppen", "", ""),
            ("indsats-02-implements-monopolbrud", "", ""),
            ("styregruppen-implements", "", ""),
        ),
    ),
    Question("Q03", ("name",), lambda w: pick(table(w, "not_in_kl_table"), "name"), ((entry(43), "", ""),)),
    Question(
        "Q05",
        ("what", "count"),
        lambda w: [
            *[
                ("rows", row[0])
                for row in pick(table(w, "kl_forms"), "rows", form_as_written="Digitaliseringsstrategi")
            ],
            *[("stated", row[0]) for row in pick(table(w, "figures"), "value", figure=FIGURE + "06")],
        ],
        ((entry(2), "formAsWritten", ""),),
    ),
    Question(
        "Q07",
        ("name", "form", "period"),
        lambda w: pick(
            table(w, "kl_table", on="2022-01-01"),
            "name",
            "form_as_written",
            "period_as_written",
            status="expired",
            end="2021-12-31",
        ),
        ((entry(7), "temporal", ""),),
    ),
    Question(
        "Q09",
        ("kind", "name"),
        lambda w: sorted(row for row in pick(table(w, "kl_table"), "period_kind", "name") if row[0] in NO_END),
        ((entry(16), "periodKind", ""),),
    ),
    Question(
        "Q11",
        ("what", "answer"),
        lambda w: [
            *[("stated", row[0]) for row in pick(table(w, "figures"), "value", figure=FIGURE + "02")],
            (
                "ended 2020",
                str(len(pick(table(w, "kl_table", on="2021-01-01"), "name", status="expired", end="2020-12-31"))),
            ),
            *[
                ("exact form", row[0])
                for row in pick(
                    table(w, "kl_table", on="2021-01-01"),
                    "name",
                    status="expired",
                    end="2020-12-31",
                    form_as_written="Digitaliseringsstrategi",
                )
            ],
        ],
        ((entry(6), "temporal", ""),),
    ),
    Question(
        "Q13",
        ("name", "form"),
        lambda w: pick(table(w, "kl_table"), "name", "form_as_written", form="part-of-others"),
        ((entry(14), "ontology/form>", ""),),
    ),
    Question(
        "Q15",
        ("form", "count"),
        lambda w: sorted(r for r in pick(table(w, "kl_forms"), "form_as_written", "rows") if int(r[1]) > 1),
        ((entry(2), "formAsWritten", ""),),
    ),
    Question(
        "Q17",
        ("name", "period"),
        lambda w: pick(
            table(w, "kl_table", on="2021-12-31"), "name", "period_as_written", status="in-force", link_text=""
        ),
        ((entry(22), "temporal", ""),),
    ),
    Question(
        "Q21",
        ("no", "focus_area", "name", "element_label", "confidence"),
        lambda w: [
            row
            for row in pick(
                table(w, "focus_area_coverage", strategy="kl-kortlaegning"),
                "no",
                "focus_area",
                "name",
                "element_label",
                "confidence",
            )
            if row[2] in ("Odder", "Sorø")
        ],
        (("alignment/soroe", "object", "kl-kortlaegning-fokusomraade-02>"),),
    ),
    Question(
        "Q23",
        ("a_label", "theme", "b_label"),
        lambda w: pick(
            table(w, "compare_municipalities", a="Sorø", b="Odder"),
            "a_label",
            "theme",
            "b_label",
            kind="princip",
            shared="true",
        ),
        (("soroe-digitaliseringsprincipper-uden-aar-princip-07", "terms/subject", ""),),
    ),
    Question(
        "Q25",
        ("thing",),
        lambda w: sorted(
            {
                r
                for r in pick(table(w, "document_facts", document="kl-kortlaegning"), "thing")
                if any(
                    name in r[0]
                    for name in ("/framework/monopolbrud", "/framework/rammearkitektur", "/organisation/kombit")
                )
            }
        ),
        (),
    ),
    Question(
        "Q29",
        ("name",),
        lambda w: pick(table(w, "kl_forms"), "municipalities", form_as_written="Digitaliseringsmodel"),
        (),
    ),
    Question(
        "Q31",
        ("no", "focus_area", "aim", "basis"),
        lambda w: pick(
            table(w, "focus_area_coverage"), "no", "focus_area", "aim", "basis", name="Norddjurs", basis="explicit"
        ),
        (("alignment/norddjurs", "object", "fokusomraade-07>"),),
    ),
    Question(
        "Q35",
        ("title", "form", "start", "end", "approved", "own_text", "link_text", "builds_on", "possibly_same_as"),
        lambda w: [
            row
            for row in pick(
                table(w, "municipality_strategies", municipality="Norddjurs"),
                "title",
                "form",
                "start",
                "end",
                "approved",
                "own_text",
                "link_text",
                "builds_on",
                "possibly_same_as",
            )
            if row[1] in ("digitaliseringsstrategi", "program")
        ],
        (("approval/norddjurs", "", ""),),
    ),
    Question(
        "Q37",
        ("principle", "no", "focus_area", "relation", "basis", "confidence"),
        lambda w: sorted(
            row
            for row in pick(
                table(w, "focus_area_coverage"),
                "element_label",
                "no",
                "focus_area",
                "relation",
                "basis",
                "confidence",
                name="Odder",
            )
            if row[0].startswith("Vi ")
        ),
        (("alignment/odder", "object", "fokusomraade-05>"),),
    ),
    Question(
        "Q19",
        ("name", "illustrates", "form", "period"),
        lambda w: [
            row
            for row in pick(table(w, "cases"), "name", "illustrates", "form_as_written", "period_as_written")
            if row[1] in FOUR_CASES
        ],
        (("item/kl-kortlaegning-case-", "ontology/illustrates", "case-no-strategy"),),
    ),
    Question(
        "Q27",
        ("what", "answer"),
        lambda w: [
            (
                "is a project",
                "yes" if project(w, {"antal personer": 1, "omkostning": 150_000, "timeforbrug": 300}) else "no",
            ),
            *pick(table(w, "criteria"), "label", "combination", rule_label="Hvornår en opgave er et projekt"),
        ],
        (("odder-strategi-projektkriterium-02", "ontology/operator", ""),),
    ),
    Question(
        "Q33",
        ("from", "to", "phrase"),
        lambda w: chain(
            table(
                w, "trace", **{"from": "body/norddjurs-monopolbrudsprojektgruppen", "to": "body/norddjurs-direktionen"}
            ),
            "Monopolbrudsprojektgruppen",
        ),
        (("body/norddjurs-digitaliseringsprogramgruppen", "ontology/escalatesTo", ""),),
    ),
    Question(
        "Q39",
        ("name", "period"),
        lambda w: [
            row
            for cases in (pick(table(w, "cases"), "name", illustrates="konkrete teknologier"),)
            for row in pick(table(w, "kl_table", on="2021-12-31"), "name", "period_as_written", status="in-force")
            if (row[0],) in cases
        ],
        ((entry(2), "temporal", ""),),
    ),
    Question(
        "QB01",
        ("no", "level", "phrase"),
        lambda w: pick(table(w, "guidance", kind="level"), "no", "label", "evidence_phrase"),
        (("item/kl-vejledning-niveau-03", "ontology/itemKind", ""),),
    ),
    Question(
        "QB03",
        ("from", "to", "phrase"),
        lambda w: chain(
            table(
                w, "trace", **{"from": "item/kl-vejledning-eksempelled-04", "to": "item/kl-vejledning-eksempelled-06"}
            ),
            "Forretning: en sammenhængende indsats over for borgere med sociale behov",
        ),
        (("item/kl-vejledning-eksempelled-04", "ontology/nextStep", ""),),
    ),
    Question(
        "QB05",
        ("label", "phrase"),
        lambda w: pick(
            table(w, "guidance", kind="table-cell"),
            "label",
            "evidence_phrase",
            initiative="Implementering af rammearkitekturen",
            stage="pilotforsøg",
        ),
        (("item/kl-vejledning-celle-05", "ontology/stage", ""),),
    ),
    Question(
        "QB07",
        ("label", "description"),
        lambda w: pick(table(w, "guidance", kind="initiative-class"), "label", "description"),
        (("item/kl-vejledning-initiativtype-03", "terms/description", ""),),
    ),
    Question(
        "QB09",
        ("outline_point", "label"),
        lambda w: [
            row
            for row in pick(table(w, "guidance", kind="consideration"), "part_of_label", "label")
            if row[0][:2] == "4." and "prioritering" in row[1]
        ],
        (("item/kl-vejledning-overvejelse-27", "terms/isPartOf", "disposition-04"),),
    ),
    Question(
        "QB11",
        ("process_model", "label"),
        lambda w: [
            row
            for row in pick(table(w, "guidance", kind="process-step"), "process_model", "label")
            if "digitaliseringsafdelingen" in row[1]
        ],
        (("item/kl-vejledning-procestrin-11", "ontology/processModel", ""),),
    ),
    Question(
        "QB13",
        ("no", "label", "phrase"),
        lambda w: [
            row
            for row in pick(table(w, "guidance", kind="situation"), "no", "label", "evidence_phrase")
            if row[1].startswith("Digitaliseringsråd")
        ],
        (("item/kl-vejledning-situation-03", "ontology/itemKind", ""),),
    ),
    Question(
        "QB15",
        ("no", "label", "phrase"),
        lambda w: pick(
            table(w, "guidance", kind="option"),
            "no",
            "label",
            "evidence_phrase",
            part_of_label="Hvilken driftsmodel skal kommunen vælge?",
        ),
        (("item/kl-vejledning-mulighed-15", "terms/isPartOf", ""),),
    ),
    Question(
        "QB17",
        ("measure", "value", "unit", "as_written"),
        lambda w: survey(w, "besvarelser-i-alt-01", "spurgt-i-alt-01", "svarprocent-alle-01"),
        (("observation/devoteam-evaluering-2013-spurgt-i-alt-01", "ontology/value>", ""),),
    ),
    Question(
        "QB19",
        ("measure", "role", "value", "unit"),
        lambda w: sorted(
            {
                row
                for row in pick(evaluation(w), "measure", "role", "value", "unit", heading=TABLE_1)
                if row[0] in ("besvarelser i alt", "antal spurgt", "svarprocent")
                and row[1] in ("direktører", "it- og digitaliseringschefer")
            }
        ),
        (("tabel-1-svarprocent-direktoerer-01", "ontology/role", ""),),
    ),
    Question(
        "QB21",
        ("value", "as_written", "phrase"),
        lambda w: pick(
            evaluation(w),
            "value",
            "value_as_written",
            "evidence_phrase",
            measure="interviewede kommuner",
            unit="kommuner",
        ),
        (("interviewede-kommuner-01", "ontology/value>", ""),),
    ),
    Question(
        "QB23",
        ("area", "as_written", "value"),
        lambda w: sorted(
            {
                row
                for row in pick(evaluation(w), "measure", "value_as_written", "value")
                if row[0].startswith("dagsordensættende inden for")
            },
            key=lambda row: -float(row[2]),
        ),
        (("dagsorden-borgerbetjening-01", "ontology/value>", ""),),
    ),
    Question(
        "QB25",
        ("what", "value"),
        lambda w: [
            *sorted({(row[0], row[1]) for row in pick(evaluation(w), "role", "value", measure="svar bag figur 3")}),
            *[
                (row[0], "")
                for row in pick(table(w, "findings", kind="contradiction"), "label")
                if row[0].startswith("Figur 3")
            ],
        ],
        (("figur-3-svar-direktoerer-01", "ontology/value>", ""),),
    ),
    Question(
        "QB27",
        ("no", "label", "phrase"),
        lambda w: pick(
            table(w, "findings", kind="wish"),
            "no",
            "label",
            "evidence_phrase",
            part_of_label="Emner og indsatsområder til en eventuel ny strategi og handlingsplan",
        ),
        (("item/devoteam-evaluering-2013-oenske-32", "terms/isPartOf", ""),),
    ),
    Question(
        "QB29",
        ("organisation",),
        lambda w: sorted(
            set(pick(table(w, "named_organisations", document="kl-vejledning"), "label"))
            & set(pick(table(w, "named_organisations", document="devoteam-evaluering-2013"), "label"))
        ),
        (("organisation/kombit>", "ontology/evidence>", "evidence/kl-vejledning"),),
    ),
)
FIGURE = "https://w3id.org/strategigraf/id/observation/kl-kortlaegning-noegletal-"
#: Questions whose right answer is "none": instead of taking a fact away, one is added.
ADDED = {
    "Q25": "framework:monopolbrud sg:evidence evidence:kl-kortlaegning-035479bcf0a0 .",
    "Q29": 'entry:kl-kortlaegning-13 sg:formAsWritten "Digitaliseringsmodel"@da .',
}
#: The files that hold the facts of each question, beside the ontology and the reference data.
KL, ADVICE, SURVEY = (f"documents/{name}" for name in ("kl-kortlaegning", "kl-vejledning", "devoteam-evaluering-2013"))
OWN = (
    KL, "documents/odder-strategi", "documents/norddjurs-strategi", "strategies/joint-municipal",
    "frameworks/monopolbrud", "frameworks/rammearkitektur", "municipalities/soroe",
)  # fmt: skip
RESTS_ON: dict[str, tuple[str, ...]] = {
    name: files
    for names, files in (
        ("Q03 Q05 Q07 Q09 Q11 Q13 Q15 Q17 Q19 Q29 Q39", (KL,)),
        ("QB01 QB03 QB05 QB07 QB09 QB11 QB13 QB15", (ADVICE,)),
        ("QB17 QB19 QB21 QB23 QB25 QB27", (SURVEY,)),
        ("QB29", (ADVICE, SURVEY)),
        ("Q01 Q21 Q23 Q25 Q27 Q31 Q33 Q35 Q37", OWN),
    )
    for name in names.split()
}
BY_ID = {question.id: question for question in QUESTIONS}


def expected(question: Question) -> Rows:
    with (ANSWERS / f"{question.id}.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = [tuple(row) for row in csv.reader(file)]
    assert header == question.columns
    return rows


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.id)
def test_the_answer_is_right(world: World, question: Question) -> None:
    assert question.answer(world) == expected(question)


@pytest.fixture(scope="module")
def parts(facts: sources.Sources) -> Callable[[tuple[str, ...]], World]:
    """A world of some files, the ontology and the reference data; made once for those who ask for the same."""

    @cache
    def made(files: tuple[str, ...]) -> World:
        names = {f"data/ttl/{name}.ttl" for name in files}
        return World(facts, lambda name: name.startswith(("ontology/", "data/ttl/reference/")) or name in names)

    return made


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.id)
def test_the_answer_rests_on_the_facts(parts: Callable[[tuple[str, ...]], World], question: Question) -> None:
    """A part of the facts gives the answer, and the same part without the supporting facts another."""
    part = parts(RESTS_ON[question.id])
    assert question.answer(part) == expected(question)
    changed = part.without(*question.remove) if question.remove else part.with_(ADDED[question.id])
    assert question.answer(changed) != expected(question)


def test_every_answer_file_has_its_question() -> None:
    assert {path.stem for path in ANSWERS.glob("*.csv")} == set(BY_ID) == set(RESTS_ON)


def gold() -> dict[str, dict[str, object]]:
    path = SHARED / "gold" / "questions.jsonl"
    return {item["id"]: item for line in path.read_text(encoding="utf-8").splitlines() if (item := json.loads(line))}


@pytest.mark.shared
@pytest.mark.parametrize("name", ["Q03", "Q07", "Q13", "Q17"])
def test_lists_agree_with_the_checked_answers(world: World, name: str) -> None:
    ours = {row[0].removesuffix("s") if row[0] == "Nordfyns" else row[0] for row in BY_ID[name].answer(world)}
    answer = gold()[name]["answer"]
    assert isinstance(answer, list)
    assert ours == set(answer)


@pytest.mark.shared
def test_tables_agree_with_the_checked_answers(world: World) -> None:
    checked = gold()
    forms = {(item["form"], str(item["count"])) for item in checked["Q15"]["answer"]}  # type: ignore[attr-defined, index]
    assert set(BY_ID["Q15"].answer(world)) == forms
    areas = [(str(i["no"]), i["focus_area"], i["aim"]) for i in checked["Q31"]["answer"]]  # type: ignore[attr-defined, index]
    assert [row[:3] for row in BY_ID["Q31"].answer(world)] == areas
    wanted = {(i["principle"], i["focus_area"]) for i in checked["Q37"]["answer"]}  # type: ignore[attr-defined, index]
    allowed = wanted | {(i["principle"], i["focus_area"]) for i in checked["Q37"]["accept_also"]}  # type: ignore[attr-defined, index]
    ours = {(row[0], row[2]) for row in BY_ID["Q37"].answer(world)}
    assert wanted <= ours <= allowed
    explicit = {(row[0], row[2]) for row in BY_ID["Q37"].answer(world) if row[4] == "explicit"}
    assert explicit == {("Vi følger tankerne i monopolbruddet", "Kommunernes rammearkitektur")}


@pytest.mark.shared
def test_comparisons_agree_with_the_checked_answers(world: World) -> None:
    checked = gold()

    def pairs(items: object) -> set[tuple[str, str, str]]:
        assert isinstance(items, list)
        return {(i["focus_area"], who, what) for i in items for who in ("Odder", "Sorø") for what in i.get(who, ())}

    wanted = pairs(checked["Q21"]["answer"])
    allowed = wanted | pairs(checked["Q21"]["accept_also"])
    areas = {area for area, _, _ in wanted}
    ours = {(next(a for a in areas if row[1].endswith(a)), row[2], row[3]) for row in BY_ID["Q21"].answer(world)}
    assert wanted <= ours <= allowed
    told = [(i["Sorø"], i["Odder"].split(" (")[0]) for i in checked["Q23"]["answer"]]  # type: ignore[attr-defined, index]
    weak = [(i["Sorø"], i["Odder"]) for i in checked["Q23"]["accept_also"]]  # type: ignore[attr-defined, index]
    compared = {(row[0], row[2]) for row in BY_ID["Q23"].answer(world)}
    assert set(told) <= compared <= set(told) | set(weak)
