"""The time line: bars, sections and table for a day, and the same as a feed and a calendar."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from xml.etree import ElementTree

import icalendar
import pytest
from flask import Flask

from strategigraf import ns
from strategigraf.service import Service
from strategigraf.settings import Settings
from strategigraf.web import axis, create_app, feeds, spans
from strategigraf.web.spans import Span
from strategigraf.web.timeline import months_later

BROWSER = {"Accept": "text/html"}
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="module")
def app(service: Service) -> Flask:
    return create_app(service)


@pytest.fixture(scope="module")
def client(app: Flask) -> Any:
    return app.test_client()


@pytest.fixture(scope="module")
def every(app: Flask) -> dict[str, Span]:
    with app.test_request_context("/"):
        return {span.iri.rpartition("/")[2]: span for span in spans.spans()}


def page(client: Any, path: str, status: int = 200) -> str:
    response = client.get(path, headers=BROWSER)
    assert response.status_code == status, path
    return str(response.get_data(as_text=True))


def section(text: str, name: str) -> str:
    """What stands below one heading."""
    return text.split(f'id="{name}"', 1)[1].split("</section>", 1)[0]


def slugs(text: str, kind: str = "strategy") -> list[str]:
    return re.findall(rf'/doc/{kind}/([^"#]+)"', text)


def test_the_status_is_that_of_the_public_query(service: Service, every: dict[str, Span]) -> None:
    """The page computes what strategies_by_status computes, on every day."""
    for on in ("2009-06-01", "2020-12-31", "2021-01-01", "2026-11-25", "2031-06-01"):
        table = service.answer("strategies_by_status", {"on": on}).table
        assert table
        told = {row["strategy"].rpartition("/")[2]: row["status"] for row in table.dicts()}
        assert told == {slug: span.status(on) for slug, span in every.items()}, on


def test_every_period_has_its_source(every: dict[str, Span]) -> None:
    attests = ns.expand("dct:temporal")
    for slug, span in every.items():
        assert span.pieces, slug
        if span.dated:
            assert span.rests in spans.RESTS, slug
            assert all(attests in piece.attests for piece in span.pieces), slug
        else:
            assert span.rests == "", slug
    assert every["odder-digitaliseringsstrategi-2021"].rests == "list"
    assert every["norddjurs-digitaliseringsprogram-2021"].rests == "list"
    assert every["aarhus-plan-for-digital-inklusion-uden-aar"].rests == "text"
    assert every["faellesoffentlig-digitaliseringsstrategi-2026"].rests == "document"


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_each_strategy_has_one_row(client: Any, every: dict[str, Span], prefix: str) -> None:
    text = page(client, f"{prefix}/timeline")
    rows = re.findall(r'<tr><th scope="row"><a href="[^"]*/doc/strategy/([^"]+)"', section(text, "tabel"))
    unknown = re.findall(r'<tr><th scope="row"><a href="[^"]*/doc/strategy/([^"]+)"', section(text, "ukendt"))
    assert sorted(rows) == sorted(slug for slug, span in every.items() if span.dated)
    assert sorted(unknown) == sorted(slug for slug, span in every.items() if not span.dated)
    assert len(re.findall(r'<li class="span">', text)) == len(rows), "a bar for each"
    assert text.count('class="source"') >= len(every)
    for name in ("atom", "ics"):
        assert f'<link rel="alternate" type="{"application/atom+xml" if name == "atom" else "text/calendar"}"' in text
        assert f'href="https://strategigraf.example{prefix}/timeline.{name}"' in text


def test_sections_on_a_day(client: Any, every: dict[str, Span]) -> None:
    text = page(client, "/timeline?on=2020-12-31")
    in_force = slugs(section(text, "gaelder"))
    assert set(in_force) == {slug for slug, span in every.items() if span.status("2020-12-31") == "in-force"}
    assert "faellesoffentlig-digitaliseringsstrategi-2016" in in_force, "the last day is included"
    expiring = section(text, "udloeber")
    assert "om 0 dage" not in expiring
    assert "(på dagen)" in expiring
    assert "faellesoffentlig-digitaliseringsstrategi-2016" not in slugs(
        section(page(client, "/timeline?on=2021-01-01"), "gaelder")
    )
    few, many = (slugs(section(page(client, f"/timeline?within={n}"), "udloeber")) for n in (1, 120))
    assert set(few) < set(many)
    assert all(every[slug].end <= "2026-12-25" for slug in few)


def test_what_has_expired_but_is_cited(client: Any, every: dict[str, Span]) -> None:
    part = section(page(client, "/timeline"), "henvist")
    rows = part.split("<tbody>")[1].split("<tr>")[1:]
    cited = {slugs(row)[0]: row for row in rows}
    assert all(every[slug].status("2026-11-25") == "expired" for slug in cited)
    joint = cited["kl-digitaliseringsstrategi-2016"]
    assert "toender-servicestrategi-uden-aar" in slugs(joint)
    assert "udtrykkeligt" in joint
    assert "tematisk" in joint
    assert "/doc/evidence/" in joint
    for row in rows:
        citing = set(slugs(row)[1:])
        assert not {slug for slug in citing if every[slug].status("2026-11-25") == "expired"}
    then = section(page(client, "/timeline?on=2018-01-01"), "henvist").split("<tbody>")[1].split("<tr>")[1:]
    assert then
    assert "kl-digitaliseringsstrategi-2016" not in [slugs(row)[0] for row in then], "it was in force then"


def test_why_a_period_is_unknown(client: Any) -> None:
    part = section(page(client, "/timeline"), "ukendt")
    rows = {slugs(row)[0]: row for row in part.split("<tbody>")[1].split("<tr>")[1:]}
    assert "kun »2021«" in rows["rebild-digitale-principper-uden-aar"]
    assert "»Godkendt 2019«" in rows["furesoe-digitaliseringsstrategi-uden-aar"]
    assert "Listen har en streg" in rows["kolding-digitaliseringsstrategi-uden-aar"]
    assert "felt for perioden er tomt" in rows["mariagerfjord-digitaliseringspejlemaerker-uden-aar"]
    assert "én række for 2 strategier" in rows["frederikshavn-digitaliseringspunkter-uden-aar"]
    assert "/doc/entry/kl-kortlaegning-10" in rows["frederikshavn-digitaliseringspunkter-uden-aar"]
    assert "Ingen af de kilder" in rows["odder-digitaliseringsstrategi-uden-aar"]
    assert "21. januar 2016" in rows["norddjurs-digitaliseringsstrategi-2016"], "the day of approval"


def test_filters(client: Any, every: dict[str, Span]) -> None:
    def shown(query: str) -> set[str]:
        text = page(client, f"/timeline?{query}")
        return set(slugs(section(text, "tabel") if 'id="tabel"' in text else "")) | set(
            re.findall(r'<th scope="row"><a href="[^"]*/doc/strategy/([^"]+)"', section(text, "ukendt"))
        )

    odder = {slug for slug, span in every.items() if span.publishers == (ns.thing("municipality", "0727"),)}
    assert len(odder) > 1
    for value in ("0727", "Odder", ns.thing("municipality", "0727"), "municipality/0727"):
        assert shown(f"m={value}") == odder, value
    assert shown("level=state") == {slug for slug, span in every.items() if span.level == "state"}
    assert shown("form=principles") == {slug for slug, span in every.items() if span.form == "principles"}
    assert shown("status=unknown") == {slug for slug, span in every.items() if not span.dated}
    middle = shown("region=midtjylland")
    assert odder < middle
    assert not any(slug.startswith("aalborg") for slug in middle)
    # From 2027 the capital lies in another region than today.
    assert "koebenhavn-digitaliseringsstrategi-2024" in shown("region=hovedstaden")
    assert "koebenhavn-digitaliseringsstrategi-2024" not in shown("region=hovedstaden&on=2027-01-01")
    assert "koebenhavn-digitaliseringsstrategi-2024" in shown("region=oestdanmark&on=2027-01-01")
    assert shown("level=&form=&region=&m=&status=&within=&on=") == set(every)


def test_sorting(client: Any, every: dict[str, Span]) -> None:
    def ends(sort: str) -> list[str]:
        text = section(page(client, f"/timeline?sort={sort}"), "tabel")
        found = re.findall(r'<th scope="row"><a href="[^"]*/doc/strategy/([^"]+)"', text)
        return [every[slug].end for slug in found]

    up, down = ends("end"), ends("-end")
    stated = [end for end in up if end]
    assert stated == sorted(stated)
    assert [end for end in down if end] == sorted(stated, reverse=True)
    assert up[-1] == down[-1] == "", "what is not stated comes last either way"
    assert 'aria-sort="descending"' in page(client, "/timeline?sort=-end")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("on=2026-02-30", 400), ("on=today", 400), ("within=0", 400), ("within=x", 400), ("within=1000", 400),
        ("level=nonsense", 400), ("form=nonsense", 400), ("status=nonsense", 400), ("sort=nonsense", 400),
        ("m=Oder", 400), ("m=municipality/9999", 404), ("m=region/midtjylland", 400), ("m=" + "x" * 301, 400),
        ("region=nowhere", 400), ("nonsense=1", 400), ("m=%00", 400), ("m=<script>alert(1)</script>", 400),
        ("on=0001-01-01", 200), ("on=9999-12-31", 200),
    ],
)  # fmt: skip
def test_bad_input(client: Any, query: str, status: int) -> None:
    for prefix in ("", "/en"):
        text = page(client, f"{prefix}/timeline?{query}", status)
        assert "<script>alert" not in text
    if "m=Oder" in query:
        assert "odder" in text, "what could be meant"


def test_the_axis() -> None:
    made = axis.Axis(2006, 2032)
    assert made.at(date(2006, 1, 1)) == 0
    assert made.at(date(2033, 1, 1)) == 100
    span = Span("x", "local", "plan", (), "2010-01-01", "2010-12-31", "list", (), (), "", "")
    bar = made.bar(span)
    assert (bar.open_start, bar.open_end) == (False, False)
    assert bar.x == made.at(date(2010, 1, 1))
    assert bar.x + bar.width == pytest.approx(made.at(date(2011, 1, 1)), abs=0.02), "the last day is included"
    open_end = made.bar(Span("x", "local", "plan", (), "2010-01-01", "", "list", (), (), "", ""))
    assert (open_end.open_end, round(open_end.x + open_end.width)) == (True, 100)
    until = made.bar(Span("x", "local", "plan", (), "", "2010-12-31", "list", (), (), "", ""))
    assert (until.open_start, until.x) == (True, 0)
    assert made.place("1999-01-01") is None


def test_months() -> None:
    assert months_later(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert months_later(date(2024, 2, 29), 12) == date(2025, 2, 28)
    assert months_later(date(2026, 12, 31), -12) == date(2025, 12, 31)
    assert months_later(date(2026, 11, 25), 2) == date(2027, 1, 25)
    assert months_later(date.max, 12) == date.max
    assert months_later(date.min, -12) == date.min


def entries(body: bytes) -> list[dict[str, str]]:
    root = ElementTree.fromstring(body)
    return [
        {name: one.findtext(ATOM + name) or "" for name in ("id", "title", "updated", "summary")}
        for one in root.findall(f"{ATOM}entry")
    ]


def test_the_feed(client: Any, every: dict[str, Span]) -> None:
    response = client.get("/timeline.atom")
    assert response.status_code == 200
    assert response.content_type == "application/atom+xml"
    root = ElementTree.fromstring(response.data)
    for name in ("id", "title", "updated"):
        assert root.findtext(ATOM + name), f"RFC 4287, section 4.1.1: {name}"
    assert root.find(f"{ATOM}author") is not None
    links = {link.get("rel"): link.get("href") for link in root.findall(f"{ATOM}link")}
    assert links["self"] == "https://strategigraf.example/timeline.atom"
    found = entries(response.data)
    ids = [entry["id"] for entry in found]
    assert len(ids) == len(set(ids))
    assert all(one.startswith(ns.ID + "strategy/") for one in ids)
    times = [entry["updated"] for entry in found]
    assert times == sorted(times, reverse=True)
    assert root.findtext(f"{ATOM}updated") == times[0] <= "2026-11-25T00:00:00Z"
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00Z", time) for time in times)
    odder = ns.thing("strategy", "odder-digitaliseringsstrategi-2021")
    by_id = {entry["id"]: entry for entry in found}
    assert by_id[f"{odder}#begins"]["updated"] == "2021-01-01T00:00:00Z"
    assert by_id[f"{odder}#soon"]["updated"] == "2024-12-31T00:00:00Z"
    assert by_id[f"{odder}#expired"]["updated"] == "2026-01-01T00:00:00Z"
    assert "KL's liste" in by_id[f"{odder}#expired"]["summary"]
    assert f"{ns.thing('strategy', 'aarhus-plan-for-digital-inklusion-uden-aar')}#expired" not in by_id, "not yet"
    assert client.get("/timeline.atom").data == response.data
    assert client.get("/timeline.atom", headers={"If-None-Match": response.headers["ETag"]}).status_code == 304
    english = {entry["id"]: entry["title"] for entry in entries(client.get("/en/timeline.atom").data)}
    assert set(english) == set(ids)
    assert english[f"{odder}#begins"].startswith("Begins: ")
    only = entries(client.get("/timeline.atom?m=0727").data)
    assert {entry["id"].partition("#")[0] for entry in only} == {odder}
    empty = ElementTree.fromstring(client.get("/timeline.atom?m=0727&level=state").data)
    assert empty.findall(f"{ATOM}entry") == []
    assert empty.findtext(f"{ATOM}updated")
    assert client.get("/timeline.atom?sort=end").status_code == 400


def test_the_feed_grows_with_the_days(app: Flask, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry, once there, stays as it is."""
    bodies = []
    for on in (date(2026, 12, 31), date(2027, 1, 1)):
        settings = Settings(fixed_today=on, public_url="https://strategigraf.example")
        monkeypatch.setitem(app.extensions, "strategigraf", replace(service, settings=settings))
        with app.test_request_context("/timeline.atom"):
            bodies.append(entries(app.make_response(feeds.atom()).data))
    before, after = ({entry["id"]: entry for entry in body} for body in bodies)
    assert before.items() <= after.items()
    fresh = {one.partition("#") for one in set(after) - set(before)}
    assert (ns.thing("strategy", "aarhus-plan-for-digital-inklusion-uden-aar"), "#", "expired") in fresh


def test_the_calendar(client: Any, every: dict[str, Span]) -> None:
    response = client.get("/timeline.ics")
    assert response.content_type == "text/calendar; charset=utf-8"
    body: bytes = response.data
    assert b"\n" not in body.replace(b"\r\n", b""), "RFC 5545, section 3.1: lines end with CRLF"
    assert max(map(len, body.split(b"\r\n"))) <= 75
    read = icalendar.Calendar.from_ical(body)
    found = {str(event["UID"]): event for event in read.walk("VEVENT")}
    assert len(found) == sum(bool(span.start) + bool(span.end) for span in every.values())
    for slug, span in every.items():
        for kind, day in (("begins", span.start), ("expires", span.end)):
            event = found.get(f"{slug}-{kind}@w3id.org")
            assert (event is not None) == bool(day), slug
            if event is not None:
                assert event["DTSTART"].params["VALUE"] == "DATE"
                assert event["DTSTART"].dt == date.fromisoformat(day)
                assert event["DTEND"].dt == date.fromisoformat(day) + timedelta(days=1)
                assert event["DTSTAMP"].dt.date().isoformat() == span.looked_at
    growth = found["aabenraa-vaekststrategi-2018-expires@w3id.org"]
    assert str(growth["SUMMARY"]) == "Sidste dag: Sund Vækst – Vækststrategi 2018-2030, Aabenraa"
    assert b"2018-2030\\, Aabenraa" in body.replace(b"\r\n ", b"")
    assert client.get("/timeline.ics").data == body
    english = icalendar.Calendar.from_ical(client.get("/en/timeline.ics").data)
    assert {str(event["UID"]) for event in english.walk("VEVENT")} == set(found)


def test_what_happens_is_the_day_after_the_last(every: dict[str, Span]) -> None:
    found = feeds.events([every["odder-digitaliseringsstrategi-2021"]])
    assert [(event.kind, event.day.isoformat()) for event in found] == [
        ("expired", "2026-01-01"),
        ("soon", "2024-12-31"),
        ("begins", "2021-01-01"),
    ]
