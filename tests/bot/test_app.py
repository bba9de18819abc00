import json
import logging
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from bot.app import logs, open_index, open_keywords, open_storage
from bot.app.single import only_one
from briefings.errors import SidelinesError
from briefings.storage import Storage
from briefings.types import Document, Key, Section
from config.settings import Settings

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def settings():
    return Settings.load(os.environ)


# One at a time


def test_a_database_is_held_by_one_process_at_a_time(tmp_path):
    url = f"sqlite:///{tmp_path / 'x.db'}"
    with only_one(url), pytest.raises(SidelinesError, match=f"already running .*process {os.getpid()}"), only_one(url):
        pass
    with only_one(url):
        pass


def test_two_databases_are_two_matters(tmp_path):
    with only_one(f"sqlite:///{tmp_path / 'x.db'}"), only_one(f"sqlite:///{tmp_path / 'y.db'}"):
        pass


def test_a_shared_database_may_be_held_by_many():
    url = "postgresql+psycopg://localhost/sidelines"
    with only_one(url), only_one(url):
        pass


def test_a_killed_process_holds_nothing(tmp_path):
    url = f"sqlite:///{tmp_path / 'x.db'}"
    hold = """
import sys
from bot.app.single import only_one
with only_one(sys.argv[1]):
    print("held", flush=True)
    input()
"""
    with subprocess.Popen([sys.executable, "-c", hold, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(SidelinesError, match=f"process {other.pid}"), only_one(url):
            pass
        other.send_signal(signal.SIGKILL)
        other.wait()
    with only_one(url):
        assert (tmp_path / "x.db.lock").read_text() == f"{os.getpid()}\n"


# The index


def add_article(storage: Storage, title: str) -> None:
    section = Section(None, (("A sentence about herons.",),))
    document = Document(title=title, sections=(section,))
    storage.articles.add(document, keys=[Key("guid", title)], workspace="terminal", now=NOW)


def test_the_index_catches_up_with_what_was_stored_without_it(settings):
    keywords = open_keywords()
    with open_storage(settings) as storage:
        add_article(storage, "Herons")
    assert open_index(settings, keywords).search(("heron",), workspace="terminal")


def test_an_index_that_is_up_to_date_opens_no_database(settings, monkeypatch):
    keywords = open_keywords()
    with open_storage(settings) as storage:
        add_article(storage, "Herons")
    open_index(settings, keywords)
    monkeypatch.setattr(Storage, "open", lambda *_: pytest.fail("the database was opened"))
    assert open_index(settings, keywords).search(("heron",), workspace="terminal")


# Logs


@pytest.fixture
def logged(tmp_path):
    """Write a log in a format and get its lines."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def lines(format: str) -> list[str]:
        file = tmp_path / f"log.{format}"
        logs.begin("info", format, file)
        log = logging.getLogger("bot.delivery")
        log.info("delivered %s", "it", extra={"action": "delivered", "delivery": 7, "at_all": NOW})
        log.debug("too small")
        try:
            raise ZeroDivisionError("division")
        except ZeroDivisionError:
            log.exception("failed", extra={"action": "publish_failed"})
        return file.read_text().splitlines()

    yield lines
    logging.captureWarnings(False)
    logging.raiseExceptions = True
    root.handlers[:] = handlers
    root.setLevel(level)


def test_json_lines_carry_an_action_and_ids(logged):
    first, second = map(json.loads, logged("json"))
    assert (first["level"], first["logger"], first["message"]) == ("info", "bot.delivery", "delivered it")
    assert (first["action"], first["delivery"]) == ("delivered", 7)
    assert second["action"] == "publish_failed"
    assert "ZeroDivisionError" in second["trace"]


def test_text_lines_carry_the_same_for_people(logged):
    first, second, *trace = logged("text")
    assert first.endswith("info bot.delivery delivered it action=delivered delivery=7 at_all=2026-11-23 09:00:00+00:00")
    assert second.endswith("error bot.delivery failed action=publish_failed")
    assert trace[-1] == "ZeroDivisionError"
