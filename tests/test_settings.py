"""The settings."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from strategigraf import settings
from strategigraf.errors import BadParameter


def test_defaults() -> None:
    chosen = settings.from_environment({"HOME": "/nowhere"})
    assert chosen.public_url == "http://127.0.0.1:8000"
    assert not chosen.public_url_given, "the command serve takes the address that it listens on"
    assert chosen.language == "da"
    assert chosen.fixed_today is None
    assert abs((chosen.today() - date.today()).days) <= 1
    assert chosen.workers >= 1


def test_everything_set() -> None:
    chosen = settings.from_environment(
        {
            "STRATEGIGRAF_PUBLIC_URL": "https://strategigraf.example/",
            "STRATEGIGRAF_TODAY": "2027-01-01",
            "STRATEGIGRAF_BUILD": "/b",
            "STRATEGIGRAF_SOURCES": "/s",
            "STRATEGIGRAF_LANGUAGE": "en",
            "STRATEGIGRAF_WORKERS": "3",
        }
    )
    assert chosen == settings.Settings(
        "https://strategigraf.example", True, date(2027, 1, 1), Path("/b"), Path("/s"), "en", 3
    )
    assert chosen.today() == date(2027, 1, 1)


@pytest.mark.parametrize(
    ("env", "language"),
    [
        ({}, "da"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "da_DK.UTF-8"}, "da"),
        ({"LANG": "C.UTF-8"}, "da"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "da_DK.UTF-8"}, "da"),
    ],
)
def test_language_of_the_reader(env: dict[str, str], language: str) -> None:
    assert settings.from_environment(env | {"HOME": "/nowhere"}).language == language


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STRATEGIGRAF_PUBLIC_URL", "strategigraf.example"),
        ("STRATEGIGRAF_PUBLIC_URL", "https://x.example/?q"),
        ("STRATEGIGRAF_TODAY", "31-12-2026"),
        ("STRATEGIGRAF_LANGUAGE", "sv"),
        ("STRATEGIGRAF_WORKERS", "0"),
        ("STRATEGIGRAF_WORKERS", "many"),
    ],
)
def test_a_bad_value_names_the_variable_and_the_mend(name: str, value: str) -> None:
    with pytest.raises(BadParameter) as caught:
        settings.from_environment({name: value})
    assert name in caught.value.message.da
    assert "skriv" in caught.value.message.da
    assert "write" in caught.value.message.en


def test_only_the_settings_module_reads_the_environment() -> None:
    package = Path(settings.__file__).parent
    readers = {p.name for p in package.rglob("*.py") if "os.environ" in p.read_text() or "getenv" in p.read_text()}
    assert readers == {"settings.py"}
