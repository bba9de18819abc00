"""The real program with everything kept in PostgreSQL: its commands, and two processes that serve from one database."""

import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url

from briefings.storage import Storage
from briefings.types import Document, Key, Schedule, Section, Slot
from tests.servers.postgresql import Postgresql

ROOT = Path(__file__).parents[2]
CHANNELS = 8


@pytest.fixture
def database(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DATABASE_URL", postgresql_url)
    return postgresql_url


@pytest.fixture
def article(tmp_path: Path) -> Path:
    path = tmp_path / "lighthouse.md"
    path.write_text("# The lighthouse is lit again\n\nTwo retired sailors tend the lamp in turns.\n")
    return path


def sidelines(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bot", *arguments]
    environment = {**os.environ, **variables}
    return subprocess.run(
        command, input="", capture_output=True, text=True, cwd=ROOT, env=environment, timeout=60, check=False
    )


def test_articles_are_added_and_asked_about(database: str, article: Path) -> None:
    added = sidelines("add", str(article))
    assert (added.returncode, added.stderr) == (0, "")
    asked = sidelines("ask", "who tends the lamp?")
    assert (asked.returncode, asked.stderr) == (0, "")
    assert "Two retired sailors tend the lamp in turns." in asked.stdout
    with Storage.open(database) as storage:
        assert storage.articles.count("w") == 1


def test_another_process_with_an_index_of_its_own_finds_what_one_added(
    database: str, article: Path, tmp_path: Path
) -> None:
    sidelines("add", str(article))
    asked = sidelines("ask", "who tends the lamp?", SIDELINES_DATA_DIR=str(tmp_path / "other"))
    assert "Two retired sailors tend the lamp in turns." in asked.stdout


def test_doctor_names_it_and_no_password(database: str) -> None:
    found = sidelines("doctor", "--offline")
    address = make_url(database)
    assert found.returncode == 0, found.stdout
    assert f"/{address.database} is PostgreSQL " in found.stdout
    wrong = address.set(host="127.0.0.1", query={}, port=1, username="ana", password="hunter2")  # noqa: S106
    refused = sidelines("doctor", "--offline", DATABASE_URL=wrong.render_as_string(hide_password=False))
    assert refused.returncode == 1
    assert f"BAD  database: 127.0.0.1:1/{address.database} cannot be reached (Connection refused)" in refused.stdout
    assert "hunter2" not in refused.stdout + refused.stderr


def test_doctor_changes_nothing_in_an_empty_database(postgresql_server: Postgresql) -> None:
    with postgresql_server.empty_database() as url:
        found = sidelines("doctor", "--offline", DATABASE_URL=url)
        assert (found.returncode, "database: not there yet" in found.stdout) == (0, True)
        name = make_url(url).database
        assert postgresql_server.execute("SELECT 1 FROM pg_tables WHERE schemaname = 'public'", name) == []
        assert sidelines("migrate", DATABASE_URL=url).stdout.endswith("is now up to date.\n")
        assert sidelines("migrate", DATABASE_URL=url).stdout.endswith("is already up to date.\n")


def test_two_that_run_on_one_database_show_each_briefing_once(database: str, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    yesterday = now - timedelta(days=1)
    document = Document(title="Ferries", sections=(Section(None, (("The ferries sail again.",),)),))
    with Storage.open(database) as storage:
        storage.first_time("sample")
        storage.articles.add(document, keys=[Key("guid", "1")], workspace="terminal", now=now)
        for number in range(CHANNELS):
            storage.subscriptions.create(
                workspace="terminal",
                channel=f"terminal:#c{number}",
                topic="ferries",
                query="ferries",
                schedule=Schedule("daily", (f"{now.minute} {now.hour} * * *",), "UTC"),
                since=yesterday,
                next_slot=Slot(yesterday.strftime("%Y-%m-%dT%H:%M"), yesterday),
                now=yesterday,
            )
        with ThreadPoolExecutor() as threads:
            folders = [str(tmp_path / name) for name in ("one", "other")]
            ran = list(threads.map(lambda folder: sidelines("run", SIDELINES_DATA_DIR=folder), folders))
        assert [(each.returncode, each.stderr) for each in ran] == [(0, "")] * 2
        shown = [line.split()[1] for each in ran for line in each.stdout.splitlines() if line.startswith("── #")]
        assert Counter(shown) == Counter(f"#c{number}" for number in range(CHANNELS))
        assert storage.outbox.counts("terminal") == {"delivered": CHANNELS}
