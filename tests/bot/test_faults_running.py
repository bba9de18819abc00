"""The real program, from under which a database or an index is taken away while it runs: it goes on without help."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Queue

from briefings.storage import Storage
from briefings.types import Document, Key, Schedule, Section, Slot
from tests.servers.postgresql import Interrupted

ROOT = Path(__file__).parents[2]
WITHIN = 60
"""Seconds: longer than anything here takes."""


class Program:
    """A session that is typed into."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lines: Queue[str] = Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def type(self, text: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{text}\n")
        self._process.stdin.flush()

    def shows(self, words: str) -> list[str]:
        """The lines that it prints until one with `words`."""
        lines = [self._lines.get(timeout=WITHIN)]
        while words not in lines[-1]:
            lines.append(self._lines.get(timeout=WITHIN))
        return lines

    def answers(self, text: str) -> str:
        """What it prints about something that is typed."""
        self.type(text)
        self.type("topics")
        return "".join(self.shows("Topics of this workspace"))

    def rest(self) -> str:
        """What it printed when it had ended, which it does with its input."""
        assert self._process.stdin
        self._process.stdin.close()
        assert self._process.wait(WITHIN) == 0
        return "".join(iter(lambda: self._lines.get(timeout=WITHIN), ""))

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put("")


@contextmanager
def running(**variables: str) -> Iterator[Program]:
    command = [sys.executable, "-m", "bot", "run"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, **variables}, text=True, **pipes) as process:
        try:
            yield Program(process)
        finally:
            process.kill()


def add(storage: Storage, number: int) -> None:
    storage.first_time("sample")
    document = Document(title=f"Ferry {number}", sections=(Section(None, ((f"Ferry {number} sails again.",),)),))
    storage.articles.add(document, keys=[Key("guid", str(number))], workspace="terminal", now=datetime.now(UTC))


def subscribe(storage: Storage, channel: str) -> None:
    """A subscription that is due."""
    now = datetime.now(UTC)
    past = now - timedelta(minutes=1)
    storage.subscriptions.create(
        workspace="terminal",
        channel=f"terminal:{channel}",
        topic="ferry",
        query="ferry",
        schedule=Schedule("daily", (f"{past.minute} {past.hour} * * *",), "UTC"),
        since=now - timedelta(days=1),
        next_slot=Slot(past.strftime("%Y-%m-%dT%H:%M"), past),
        now=past,
    )


def test_a_database_server_that_is_stopped_and_started_again() -> None:
    with ExitStack() as stack:
        server = Interrupted(stack)
        url = server.url
        with Storage.open(url) as storage:
            add(storage, 1)
            subscribe(storage, "#before")
            with running(DATABASE_URL=url) as program:
                program.shows("── #before")
                while storage.outbox.counts("terminal") != {"delivered": 1}:
                    program.answers("help")
                server.stop()
                program.type("topics")
                program.shows("cannot be reached")
                server.start()
                subscribe(storage, "#after")
                shown = "".join(program.shows("── #after"))
                assert "Ferry 1 sails again." in program.answers("ask which ferry sails again?")
                shown += program.rest()
            assert "#before" not in shown
            assert storage.outbox.counts("terminal") == {"delivered": 2}


def test_an_index_that_is_deleted_while_it_runs(tmp_path: Path) -> None:
    with Storage.open(f"sqlite:///{tmp_path / 'sidelines.db'}") as storage:
        add(storage, 1)
        with running(SIDELINES_DATA_DIR=str(tmp_path)) as program:
            assert "Ferry 1 sails again." in program.answers("ask which ferry sails again?")
            shutil.rmtree(tmp_path / "index")
            add(storage, 2)
            while "Ferry 2 sails again." not in program.answers("ask does ferry 2 sail again?"):
                pass  # It looks every second.
            assert "Ferry 1 sails again." in program.answers("ask does ferry 1 sail again?")
