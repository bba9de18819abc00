"""`sidelines run` itself: through a pipe, and in a terminal that is typed into."""

import os
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pexpect
import pytest

from briefings.storage import Storage
from briefings.types import Document, Key, Schedule, Section, Slot

ROOT = Path(__file__).parents[2]
RUN = [sys.executable, "-m", "bot", "run"]
HEADLINE = "Ferries sail again after the storm"


@pytest.fixture
def folder() -> Path:
    return Path(os.environ["SIDELINES_DATA_DIR"])


@pytest.fixture
def storage(folder):
    with Storage.open(f"sqlite:///{folder / 'sidelines.db'}") as opened:
        yield opened


def piped(text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(RUN, input=text, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)


def started(**named) -> subprocess.Popen[str]:
    return subprocess.Popen(
        RUN, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, **named
    )


def add_article(storage: Storage) -> None:
    storage.first_time("sample")
    paragraphs = (
        ("The ferries sail again after the storm.", "All six boats left the harbour of Malmo on Monday morning."),
        ("The storm had kept them in port for nine days.", "Shops on the islands were running out of bread and fuel."),
        ("Captain Lind called it the longest wait of her career.", "Repairs to two piers will last until spring."),
        ("Travellers with old tickets may use them until June.", "The company lost about two million crowns."),
    )
    section = Section(None, paragraphs)
    storage.articles.add(
        Document(title=HEADLINE, sections=(section,)),
        keys=[Key("guid", "1")],
        workspace="terminal",
        now=datetime.now(UTC),
    )


def subscribe_due(storage: Storage, channel: str = "#world") -> None:
    """A subscription to the stored article whose slot has passed, so that nobody need wait for it."""
    now = datetime.now(UTC)
    storage.subscriptions.create(
        workspace="terminal",
        channel=f"terminal:{channel}",
        topic="ferries",
        query="ferries",
        schedule=Schedule("daily", (f"{now.minute} {now.hour} * * *",), "UTC"),
        since=now - timedelta(days=1),
        next_slot=Slot("2026-01-01T00:00", now - timedelta(minutes=1)),
        now=now,
    )


def test_the_first_run_shows_the_bundled_article_which_never_comes_back(storage):
    first = piped("")
    assert (first.returncode, first.stderr) == (0, "")
    for heading in ("Creating momentum", "Ups and downs", "How long can it last?"):
        assert heading in first.stdout
    (head,) = storage.articles.heads("terminal", limit=5)
    storage.articles.remove(head.id, workspace="terminal")
    assert piped("").stdout == ""
    assert storage.articles.count("terminal") == 0


def test_what_the_first_run_says_to_try_works():
    first = piped("")
    tries = re.search(r"Try next:\n((?:  .+\n)+)", first.stdout)[1].split("\n")[:-1]
    tried = piped("\n".join(tries) + "\nsubscriptions\n")
    assert (tried.returncode, tried.stderr) == (0, "")
    assert "nothing on that" not in tried.stdout
    assert "G7 in #world" in tried.stdout


def test_an_archive_that_has_articles_gets_no_bundled_one(storage):
    now = datetime.now(UTC)
    storage.articles.add(Document(title=HEADLINE, sections=()), keys=[Key("guid", "1")], workspace="terminal", now=now)
    assert piped("").stdout == ""
    assert storage.articles.count("terminal") == 1


def test_a_piped_session_answers_line_by_line(storage):
    add_article(storage)
    done = piped(
        "# ferries\n\nask what about the ferries?\nbrief\nsubscribe ferries daily at 9 in #sea\nsubscriptions\n"
    )
    assert (done.returncode, done.stderr) == (0, "")
    answer, briefing, listing = (
        done.stdout.index(words) for words in ("“The ferries sail", "  - All six boats left", "ferries in #sea")
    )
    assert answer < briefing < listing


def test_what_is_due_is_still_delivered_when_the_input_ends(storage):
    add_article(storage)
    subscribe_due(storage)
    done = piped("")
    assert done.stdout.count("── #world ─") == 1
    assert HEADLINE in done.stdout
    assert "#world" not in piped("").stdout


def test_nonsense_is_answered_without_a_trace(storage):
    add_article(storage)
    done = piped("subscribe G7 wheneverish in #x\n???\ntopic add = \n\x00\x1b[2J\n" + "x" * 10_000 + "\nreschedule 9\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Traceback" not in done.stdout
    assert "\x1b" not in done.stdout


def test_a_second_process_on_the_same_data_is_refused_in_one_sentence(storage):
    add_article(storage)
    with started() as first:
        first.stdin.write("latest\n")
        first.stdin.flush()
        while HEADLINE not in first.stdout.readline():
            pass
        second = piped("latest\n")
        assert second.returncode == 1
        assert second.stdout == ""
        assert len(second.stderr.splitlines()) == 1
        assert str(first.pid) in second.stderr
        other = subprocess.run(
            [sys.executable, "-m", "bot", "ask", "ferries"], capture_output=True, text=True, cwd=ROOT, timeout=60
        )
        assert "The ferries sail again" in other.stdout
        first.kill()
    assert piped("latest\n").returncode == 0


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(storage, name):
    add_article(storage)
    with started() as session:
        session.stdin.write("latest\n")
        session.stdin.flush()
        while HEADLINE not in session.stdout.readline():
            pass
        session.send_signal(name)
        assert session.wait(30) == 0
        assert session.stderr.read() == ""


def test_a_log_tells_events_and_no_words(storage, folder):
    add_article(storage)
    subscribe_due(storage)
    piped("ask about the secret ferries\n")
    log = (folder / "sidelines.log").read_text()
    assert "action=delivered" in log
    assert "secret" not in log
    assert HEADLINE not in log


# In a terminal


@pytest.fixture
def typed():
    """A session in a terminal of 100 by 40, as an expect child."""
    child = pexpect.spawn(
        RUN[0],
        RUN[1:],
        cwd=str(ROOT),
        env={**os.environ, "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"},
        dimensions=(40, 100),
        encoding="utf-8",
        timeout=30,
    )
    yield child
    child.close(force=True)


def test_a_typed_session(storage, request):
    add_article(storage)
    child = request.getfixturevalue("typed")
    child.expect("1 article is stored")
    child.expect("sidelines>")

    child.send("lat\t")
    child.expect("est")  # a terminal is only sent what changes
    child.send("\r")
    child.expect(HEADLINE)
    child.expect("sidelines>")

    child.send("brief ferr\t")
    child.expect("after the storm")
    child.send("\r")
    child.expect("All six boats left")
    child.expect("sidelines>")

    child.send("\x1b[A")  # the arrow up brings the last line back
    child.expect("brief Ferries")
    child.send("\x03")
    child.expect("sidelines>")

    child.send("half a ques")
    child.expect("half a ques")
    subscribe_due(storage)
    child.expect("#world")
    child.expect("All six boats left")
    child.expect("half a ques")  # what was being typed is still there below it
    child.send("tion\r")
    child.expect("nothing on that")

    child.expect("sidelines>")
    child.sendeof()
    child.expect(pexpect.EOF)
    child.close()
    assert (child.exitstatus, child.signalstatus) == (0, None)
    assert "Traceback" not in child.before


def test_history_lasts_beyond_the_session(storage, folder, request):
    add_article(storage)
    (folder / "history").write_text("\n# 2026-01-01 00:00:00\n+latest ferries\n")
    child = request.getfixturevalue("typed")
    child.expect("sidelines>")
    child.send("\x1b[A")
    child.expect("latest ferries")
    child.send("\x03")
    child.expect("sidelines>")
    child.send("\x03")  # on an empty line Ctrl-C leaves
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
