"""`sidelines status` and `sidelines backup`, and what becomes of a copy that is put in the place of the database."""

import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from briefings import audit
from briefings.errors import StorageError
from briefings.keywords import Keywords
from briefings.publish import publish_due
from briefings.storage import Storage
from briefings.storage.backup import backup
from briefings.storage.processes import SILENT
from briefings.types import EVERYONE, Document, Key, Notice, Preferences, Schedule, Section, Slot
from tests.bot.conftest import BEGIN
from tests.servers.postgresql import programs

ROOT = Path(__file__).parents[2]
LEASE = timedelta(seconds=60)
HOURLY = Schedule("hourly", ("0 * * * *",), "UTC")
DAY = timedelta(days=1)


def subscribe(storage: Storage, number: int = 0, now: datetime = BEGIN) -> int:
    """An hourly subscription, first due an hour from `now`, which is on the hour."""
    first = now + timedelta(hours=1)
    return storage.subscriptions.create(
        workspace="scripted",
        channel=f"scripted:#{number}",
        topic="harbour",
        query="harbour",
        schedule=HOURLY,
        since=now - DAY,
        next_slot=Slot(f"{first:%Y-%m-%dT%H:%M}", first),
        now=now,
    ).id


def add(storage: Storage, title: str, now: datetime) -> None:
    document = Document(title=f"Harbour: {title}", sections=(Section(None, ((f"{title} left at dawn.",),)),))
    storage.articles.add(document, keys=[Key("guid", title)], workspace=EVERYONE, now=now)


def opened(data: Path) -> Storage:
    return Storage.open(f"sqlite:///{data / 'sidelines.db'}")


# Status


def test_before_anything_is_stored(run, data):
    assert "Nothing is stored yet" in run("status").out
    assert run("status", "--json").json is None
    assert not (data / "sidelines.db").exists()


def test_of_an_idle_database(run, data):
    opened(data).close()
    lines = run("status").out.splitlines()
    assert lines == [
        "Running: none.",
        "    Start `sidelines run`.",
        "Last briefing: none.",
        "Queue: none.",
        "Overdue: none.",
        "Feeds: none.",
        "In doubt: none.",
        "Last audit: none.",
    ]


def troubled(storage: Storage) -> None:
    """One of everything that can be told."""
    now = datetime.now(UTC)
    storage.processes.seen("a", ("slack", "discord"), now - DAY, now)
    storage.processes.seen("b", ("terminal",), now - DAY, now - SILENT - timedelta(seconds=9))
    begin = (now - timedelta(hours=5)).replace(minute=0, second=0, microsecond=0)
    subscribe(storage, now=begin)
    for number, text in enumerate(("well", "doubtful", "waiting")):
        storage.outbox.add_post("scripted", f"scripted:#{number}", Notice(text), begin, ())
    one, two, _ = storage.outbox.claim("me", begin, LEASE, 9)
    storage.outbox.record_part(one.id, "me", begin, 0, "m1")
    storage.outbox.delivered(one.id, "me", begin)
    storage.outbox.unknown(two.id, "me", begin, "The platform did not answer in time.")
    source = storage.sources.add(workspace="scripted", url="https://user:pass@a.org/", name="The Echo", now=begin)
    (feed,) = storage.feeds.claim_due(begin, holder="me", lease=LEASE, limit=1)
    assert source.feed.id == feed.id
    failing = replace(feed, health="failing", reason="It answers 500.", changed=begin, failures=3)
    storage.feeds.save(failing, "me")
    audit.daily(storage, now, lambda: None)


def test_of_one_in_trouble(run, data):
    with opened(data) as storage:
        troubled(storage)
    out = run("status").out
    assert "Running: slack + discord since " in out
    assert "Silent: terminal, last heard of " in out
    assert "Queue: 1 delivery, the oldest since " in out
    assert "Overdue: 1 subscription, the oldest since " in out
    assert "Feeds: 1 failing." in out
    assert "1, The Echo since " in out
    assert "In doubt: 1 delivery." in out
    assert "2 in scripted:#1, " in out
    assert "The platform did not answer in time." in out
    assert "5 slots" in out or "4 slots" in out
    assert "pending" in out
    assert "user:pass" not in out
    shown = run("status", "--json").json
    assert [each["serves"] for each in shown["running"]] == [["slack", "discord"]]
    assert shown["state"]["pending"] == shown["unknown"] == len(shown["failing"]) == 1
    assert shown["in_doubt"][0]["delivery"] == 2
    assert shown["audit"]["balance"]["lost"] == 0


def test_lost_slots_are_named(run, data):
    now = datetime.now(UTC)
    begin = (now - timedelta(hours=2)).replace(minute=0, second=0, microsecond=0)
    with opened(data) as storage:
        id = subscribe(storage, now=begin)
        with storage.writing() as connection:
            connection.exec_driver_sql("UPDATE subscriptions SET next_due = NULL")
        audit.daily(storage, now, lambda: None)
    assert f"lost: number {id} in scripted:#0 at {begin + timedelta(hours=1):%Y-%m-%dT%H:%M}" in run("status").out


def test_a_running_program_is_shown_and_is_gone_when_it_ends(run, data):
    command = [sys.executable, "-m", "bot", "run"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as bot:
        bot.stdin.write("topics\n")
        bot.stdin.flush()
        assert any(line.startswith("Topics of this workspace") for line in bot.stdout)
        assert "Running: terminal + worker since " in run("status").out
        bot.stdin.close()
        bot.stdout.read()
    assert "Running: none." in run("status").out


# Backup


def test_a_copy_holds_everything_and_is_its_owners_alone(run, data, article, tmp_path):
    run("add", str(article))
    file = tmp_path / "copy.db"
    done = run("backup", str(file))
    assert (done.status, str(file) in done.out) == (0, True)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(each.name for each in tmp_path.iterdir() if "copy" in each.name) == ["copy.db"]
    with opened(data) as storage, Storage.open(f"sqlite:///{file}", migrate=False) as copy:
        assert copy.database.check()
        assert list(copy.articles.all("terminal")) == list(storage.articles.all("terminal"))


def test_what_cannot_be_copied_is_told_and_leaves_nothing(run, data, tmp_path, monkeypatch):
    assert "no database" in run("backup", str(tmp_path / "copy.db")).err
    opened(data).close()
    there = tmp_path / "there.db"
    there.write_text("mine")
    refused = run("backup", str(there))
    assert (refused.status, there.read_text()) == (1, "mine")
    assert "exists already" in refused.err
    nowhere = run("backup", str(tmp_path / "missing" / "copy.db"))
    assert (nowhere.status, "no such file" in nowhere.err) == (1, True)
    monkeypatch.setenv("DATABASE_URL", "postgresql://someone:secret@localhost/news")
    other = run("backup", str(tmp_path / "copy.db"))
    assert "pg_dump" in other.err
    assert "secret" not in other.err
    assert [each.name for each in tmp_path.iterdir() if "copy" in each.name] == []


def test_a_damaged_database_gives_no_copy(data, tmp_path):
    with opened(data) as storage:
        for number in range(200):
            storage.outbox.add_post("scripted", "scripted:#0", Notice(f"{number}" * 200), BEGIN, ())
    path = data / "sidelines.db"
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\xff" * 8192)
    with pytest.raises(StorageError):
        backup(path, tmp_path / "copy.db")
    assert [each.name for each in tmp_path.iterdir() if "copy" in each.name] == []


def test_a_copy_made_while_others_write_is_of_one_moment(data, tmp_path):
    """Deliveries and what their channels have had are one transaction each: no copy holds one without the other."""
    ended, copies = threading.Event(), []

    def write(storage: Storage) -> None:
        number = 0
        while not ended.is_set():
            number += 1
            storage.outbox.add_post("scripted", "scripted:#0", Notice(f"{number}"), BEGIN, [number])

    with opened(data) as storage:
        writer = threading.Thread(target=write, args=(storage,))
        writer.start()
        try:
            for number in range(5):
                copies.append(tmp_path / f"copy{number}.db")
                backup(data / "sidelines.db", copies[-1])
        finally:
            ended.set()
            writer.join()
    counts = []
    for file in copies:
        with closing(sqlite3.connect(file)) as copy:
            counts.append(
                copy.execute("SELECT count(*), (SELECT count(*) FROM channel_stories) FROM deliveries").fetchone()
            )
    assert all(posts == stories for posts, stories in counts)
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]


# Restoring


async def deliver(storage: Storage, scripted, time) -> None:
    deliverer = scripted.deliverer(storage)
    await deliverer.deliver()
    await deliverer.idle()


async def test_after_a_restore_only_what_came_after_the_copy_comes_again_and_once(data, tmp_path, scripted, time):
    """Three channels; a story before the copy, one that is on its way at the copy, one after it."""
    copy = tmp_path / "copy.db"
    keywords, hour = Keywords(), 3600

    async def live(storage: Storage, hours: float, *, sending: bool = True) -> None:
        time.seconds = hours * hour
        publish_due(storage, keywords, Preferences(), time.now())
        if sending:
            await deliver(storage, scripted, time)

    with opened(data) as storage:
        for number in range(3):
            subscribe(storage, number)
        add(storage, "Arvo", BEGIN)
        await live(storage, 1)
        add(storage, "Bero", time.now())
        await live(storage, 2, sending=False)
        backup(data / "sidelines.db", copy)
        await live(storage, 2)
        add(storage, "Cato", time.now())
        await live(storage, 3)
    before = list(scripted.messages)
    assert sum("Harbour: Cato" in text for text in scripted.texts) == 3
    for left in ("sidelines.db", "sidelines.db-wal", "sidelines.db-shm"):
        (data / left).unlink(missing_ok=True)
    copy.rename(data / "sidelines.db")
    with opened(data) as storage:
        storage.outbox.release(time.now())
        time.seconds = 5 * hour
        add(storage, "Cato", time.now())  # Its feed still lists it.
        add(storage, "Duno", time.now())
        await live(storage, 5)
        await live(storage, 6)
        again = scripted.messages[len(before) :]
        for number in range(3):
            texts = [text for channel, text, _ in again if channel == f"scripted:#{number}"]
            assert sum(text.count("Harbour: Arvo") for text in texts) == 0
            assert sum(text.count("Harbour: Bero") for text in texts) == 1
            assert sum(text.count("Harbour: Cato") for text in texts) == 1
            assert sum(text.count("Harbour: Duno") for text in texts) == 1
        assert audit.audit(storage, time.now()).balance.lost == 0


def test_a_restored_copy_starts_and_knows_what_it_knew(run, data, article, tmp_path):
    run("add", str(article))
    run("subscribe", "lighthouse", "daily", "at", "9", "in", "#world")
    known = run("subscriptions").out
    copy = tmp_path / "copy.db"
    assert run("backup", str(copy)).status == 0
    other = article.with_name("other.md")
    other.write_text("# Ferries stay in port\n\nNo ferry left the port of Kiel on Monday. The crews wait for pay.\n")
    run("add", str(other))
    for left in ("sidelines.db", "sidelines.db-wal", "sidelines.db-shm"):
        (data / left).unlink(missing_ok=True)
    copy.rename(data / "sidelines.db")
    command = [sys.executable, "-m", "bot", "run"]
    done = subprocess.run(command, input="ask who pays for the lamp?\n", capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert run("subscriptions").out == known
    assert "Ferries" not in run("articles").out
    assert run("ask", "did any ferry leave Kiel?").status == 1  # The index followed.
    assert run("doctor", "--offline").status == 0


def test_postgresql_is_dumped_and_restored_by_its_own_tools(postgresql_server, tmp_path):
    with postgresql_server.empty_database() as source, postgresql_server.empty_database() as target:
        with Storage.open(source) as storage:
            add(storage, "Arvo", BEGIN)
            subscribe(storage)
            publish_due(storage, Keywords(), Preferences(), BEGIN + timedelta(hours=1))
            kept = storage.outbox.history("scripted")
        file = str(tmp_path / "sidelines.dump")
        subprocess.run([programs() / "pg_dump", "--format=custom", f"--file={file}", source], check=True)
        subprocess.run([programs() / "pg_restore", "--no-owner", f"--dbname={target}", file], check=True)
        with Storage.open(target, migrate=False) as storage:
            assert storage.outbox.history("scripted") == kept
            assert publish_due(storage, Keywords(), Preferences(), BEGIN + timedelta(hours=1)).deliveries == 0
            assert audit.audit(storage, BEGIN + timedelta(hours=1)).balance.lost == 0
            subscribe(storage, 5)  # Numbers go on where they were.
