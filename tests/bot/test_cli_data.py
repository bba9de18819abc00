"""Settings, data folders, databases and indexes that cannot be used; and what `doctor` finds."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from briefings.storage import Storage
from briefings.storage.tables import metadata

Run = Callable[..., Any]
"""Runs a command line; see conftest."""

COMMANDS = [["articles"], ["ask", "tides"], ["brief"], ["due"], ["migrate"], ["reindex"], ["subscriptions"], ["latest"]]


@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_data_folder_that_cannot_be_used_is_named(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("SIDELINES_DATA_DIR", str(tmp_path / "file"))
    result = run(*arguments)
    assert (result.status, result.out) == (1, "")
    assert result.err.startswith("sidelines: ")
    assert str(tmp_path / "file") in result.err
    assert result.err.count("\n") == 1


@pytest.mark.parametrize("arguments", COMMANDS)
def test_data_of_a_newer_version_is_left_untouched(run: Run, data: Path, arguments: list[str]) -> None:
    run("migrate")
    with sqlite3.connect(data / "sidelines.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = (data / "sidelines.db").read_bytes()
    result = run(*arguments)
    assert result.status == 1
    assert "newer" in result.err
    assert result.err.count("\n") == 1
    assert (data / "sidelines.db").read_bytes() == before


@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_damaged_database_is_named_and_not_overwritten(run: Run, data: Path, arguments: list[str]) -> None:
    data.mkdir(parents=True)
    (data / "sidelines.db").write_bytes(b"this is no database" * 1000)
    result = run(*arguments)
    assert result.status == 1
    assert "sidelines.db" in result.err
    assert result.err.count("\n") == 1
    assert (data / "sidelines.db").read_bytes() == b"this is no database" * 1000


def test_a_damaged_or_missing_index_is_built_anew(run: Run, data: Path, article: Path) -> None:
    run("add", str(article))
    for path in (data / "index").iterdir():
        path.write_bytes(b"damaged")
    assert run("ask", "who tends the lamp?").status == 0
    assert run("reindex").out == "1 article is indexed.\n"


def test_wrong_settings_are_told_together(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDELINES_BRIEFING_ZONE", "Mars/Base")
    monkeypatch.setenv("SIDELINES_BRIEFING_STORIES", "many")
    result = run("articles")
    assert result.status == 1
    assert "SIDELINES_BRIEFING_ZONE" in result.err
    assert "SIDELINES_BRIEFING_STORIES" in result.err


def test_migrate_says_what_it_did(run: Run) -> None:
    assert "now up to date" in run("migrate").out
    assert "already up to date" in run("migrate").out


# Doctor -----------------------------------------------------------------------------------------------------------


def test_doctor_finds_a_healthy_installation_healthy(run: Run, article: Path) -> None:
    assert run("doctor").status == 0
    run("add", str(article))
    checked = run("doctor", "--json")
    assert checked.status == 0
    assert checked.json["ok"] is True
    assert {"python", "settings", "data folder", "disk", "database", "search index", "time zones"} <= {
        check["name"] for check in checked.json["checks"]
    }


def test_doctor_names_what_is_wrong_with_the_next_step(run: Run, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data.mkdir(parents=True)
    (data / "sidelines.db").write_bytes(b"this is no database" * 1000)
    result = run("doctor")
    assert result.status == 1
    assert any(line.startswith("BAD  database") for line in result.out.splitlines())
    monkeypatch.setenv("SIDELINES_BRIEFING_ZONE", "Mars/Base")
    assert "SIDELINES_BRIEFING_ZONE" in run("doctor").out


def test_doctor_finds_what_is_overdue(run: Run, data: Path) -> None:
    run("subscribe", "tides", "hourly")
    with Storage.open(f"sqlite:///{data / 'sidelines.db'}") as storage, storage.writing() as connection:
        connection.execute(metadata.tables["subscriptions"].update().values(next_due=0))
    assert run("doctor").status == 1
    assert run("due").status == 1
    assert "OVERDUE" in run("due").out
