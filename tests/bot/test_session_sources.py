"""The README's second example, as a stranger would try it: the sample site, a session, a source, a briefing."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from mimetypes import guess_type
from pathlib import Path

from sqlalchemy import update

from briefings.storage import Storage
from briefings.storage.engine import milliseconds
from briefings.storage.tables import subscriptions
from tests.servers.web import Reply, WebServer

ROOT = Path(__file__).parents[2]
SITE = ROOT / "tests" / "samples" / "site"
RUN = [sys.executable, "-m", "bot", "run"]


class Session:
    """A session on a pipe."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def type(self, line: str) -> None:
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def answer(self, line: str) -> str:
        """What is shown in answer to a line."""
        self.type(line)
        self.type("end of answer")
        return self.until("nothing on that")

    def until(self, words: str) -> str:
        """What is shown up to the line with these words."""
        shown = ""
        while line := self._process.stdout.readline():
            shown += line
            if words in line:
                return shown
        raise AssertionError(f"{words!r} never came: {shown}")


def test_a_source_that_is_added_comes_as_a_briefing_with_its_own_headings():
    with WebServer() as web:
        for file in SITE.iterdir():
            web.serve(f"/{file.name}", Reply(file.read_bytes(), type=guess_type(file.name)[0]))
        web.serve("/", Reply((SITE / "index.html").read_bytes()))
        environ = {**os.environ, "SIDELINES_READING_ALLOW_HOSTS": "localhost"}
        with subprocess.Popen(
            RUN, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env=environ, text=True
        ) as process:
            session = Session(process)
            session.type(f"source add {web.url('', 'localhost')}")
            added = session.until("Harbour council votes for a second crane")
            assert "Source 1 is added: Sund Herald, 3 entries at localhost" in added
            session.type("subscribe harbour every minute in #town")
            session.until("Next runs")
            while "crane" not in session.answer("latest"):
                pass
            come_due()
            session.until("── #town")
            process.stdin.close()
            briefing = process.stdout.read()
            assert process.wait(60) == 0
    for heading in ("Why now", "Who is against it"):
        assert re.search(rf"^ *{heading}$", briefing, re.MULTILINE)
    assert briefing.count("Harbour council votes for a second crane") == 1


def come_due() -> None:
    """Let the full minute come at once."""
    folder = os.environ["SIDELINES_DATA_DIR"]
    with Storage.open(f"sqlite:///{folder}/sidelines.db") as storage, storage.writing() as connection:
        connection.execute(update(subscriptions).values(next_due=milliseconds(datetime.now(UTC))))
