"""What reading feeds costs: a look at an unchanged one against fetching and parsing it, and thousands of them all day.

The sites are in another process, on loopback; each feed has a host of its own, and each look its own connection, as
nothing else happens at that host for minutes. The database is a SQLite file, written as it is in use.

First, feeds of 100 full-text entries, 320 KiB, sent packed: CPU time of a look at one through the refresher, answered
with 304, and with the same bytes again where a server knows no validators, beside that of httpx and feedparser. The
ratio is to be at most 0.03 for a 304.

Then the program itself, `sidelines run`, with 6,000 feeds looked at every ten minutes. Of each 200, ten list a new
full-text entry at every look, two answer 500, two 404 and one never; thirty more send no validators. All are read once
before, which is not counted. Counted is, the process that parses included, the CPU time in a part of the ten minutes,
with ten feeds falling due each second as in all of them, and the most memory at any second of it. They are to stay
under 0.3 of one core and 300 MB. That part reads /proc, and so needs Linux.

    python -m benchmarks.polling [--looks 60] [--rounds 5] [--feeds 6000] [--seconds 60]
"""

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import feedparser
import httpx
from sqlalchemy import ColumnElement, func, literal, select, update

from benchmarks import site
from benchmarks.processes import children, cpu_seconds_with_children, proportional
from bot.app.workshop import Workshop
from briefings.fetch import Asking, Fetcher
from briefings.refresh import Options, Refresher
from briefings.storage import Storage
from briefings.storage.engine import milliseconds
from briefings.storage.tables import feeds
from briefings.types import EVERYONE

ENTRIES = 100
EVERY = timedelta(minutes=10)
LIMIT = 10_000_000
START = 15
"""Seconds from the start of the program until the first feed falls due, and it is measured."""
SHUFFLE = 7919
"""A prime: the order in which feeds fall due is not that of their numbers."""


def store_sources(storage: Storage, port: int, paths: list[str]) -> None:
    """A source for each path, every one on a host of its own."""
    with storage.writing():
        for number, path in enumerate(paths):
            url = f"http://{_host(number)}:{port}/{path}"
            storage.sources.add(workspace=EVERYONE, url=url, name=_host(number), now=datetime.now(UTC))


def _host(number: int) -> str:
    return f"feed-{number}.example"


# One look ---------------------------------------------------------------------------------------------------


async def measure_looks(behaviour: str, count: int, rounds: int) -> float:
    """CPU seconds of one look at a feed that did not change: claimed, fetched, decided, stored; the least of rounds."""
    workshop = Workshop()
    hosts = frozenset(_host(number) for number in range(count))
    with (
        site.serving() as port,
        tempfile.TemporaryDirectory() as folder,
        Storage.open(f"sqlite:///{Path(folder) / 'bench.db'}") as storage,
    ):
        store_sources(storage, port, [f"{ENTRIES}/{behaviour}"] * count)
        async with Fetcher(Asking(limit=LIMIT, allow_hosts=hosts, gap=0), resolve=site.look_up) as fetcher:
            options = Options(every=EVERY, limit=LIMIT)
            refresher = Refresher(storage, fetcher, workshop.work, options, place=lambda _: None)
            spent = []
            for _ in range(1 + rounds):  # The first one reads them.
                _make_due(storage)
                begin = time.process_time()
                while (at := await refresher.next_due()) and at <= datetime.now(UTC):
                    await refresher.refresh()
                    await refresher.idle()
                spent.append(time.process_time() - begin)
        await workshop.close()
        assert {it.feed.failures for it in storage.sources.list_all()} == {0}
    return min(spent[1:]) / count


def _make_due(storage: Storage) -> None:
    with storage.writing() as connection:
        connection.execute(update(feeds).values(next_fetch=milliseconds(datetime.now(UTC))))


async def measure_feedparser(count: int, rounds: int) -> float:
    """CPU seconds to fetch one of these feeds with httpx and parse it with feedparser; the least of rounds."""
    spent = []
    with site.serving() as port:
        async with httpx.AsyncClient(headers={"Connection": "close"}) as client:
            for _ in range(1 + rounds):  # The server makes the feeds in the first one.
                begin = time.process_time()
                for number in range(count):
                    answer = await client.get(f"http://127.0.0.1:{port}/{ENTRIES}", headers={"Host": _host(number)})
                    assert len(feedparser.parse(answer.content).entries) == ENTRIES
                spent.append(time.process_time() - begin)
    return min(spent[1:]) / count


# All day ----------------------------------------------------------------------------------------------------


def behaviour(number: int) -> str:
    """How the feed of that number behaves."""
    special = {0: "broken", 1: "broken", 2: "gone", 3: "gone", 4: "silent"}
    place = number % 200
    return special.get(place) or ("busy" if place < 15 else "plain" if place < 45 else "")


def measure_program(count: int, seconds: float) -> None:
    """Let the program read `count` feeds, and then measure it."""
    with site.serving() as port, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        hosts = ", ".join(f'"{_host(number)}"' for number in range(count))
        (folder / "sidelines.toml").write_text(
            f"[sources]\nevery = {EVERY.total_seconds()}\n[reading]\nallow_hosts = [{hosts}]\n[log]\nlevel = 'error'\n"
        )
        with Storage.open(f"sqlite:///{folder / 'sidelines.db'}") as storage:
            store_sources(storage, port, [f"3/{behaviour(number)}" for number in range(count)])
            with program(folder):
                while _counted(storage, feeds.c.last_fetch.is_(None)):
                    time.sleep(1)
            measure_day(folder, storage, seconds)


def measure_day(folder: Path, storage: Storage, seconds: float) -> None:
    """Print what the program takes for feeds that it has read before, falling due evenly over the ten minutes."""
    begin = datetime.now(UTC) + timedelta(seconds=START)
    count = _counted(storage)
    each = EVERY // timedelta(milliseconds=1) * (feeds.c.id * SHUFFLE % count) / count
    with storage.writing() as connection:
        connection.execute(update(feeds).values(next_fetch=literal(milliseconds(begin)) + each))
    with program(folder) as process:
        time.sleep((begin - datetime.now(UTC)).total_seconds())
        before, memory = cpu_seconds_with_children(process.pid), []
        while (datetime.now(UTC) - begin).total_seconds() < seconds:
            time.sleep(1)
            memory.append([proportional(pid) / 1e6 for pid in (process.pid, *children(process.pid))])
        spent = cpu_seconds_with_children(process.pid) - before
    lately = feeds.c.last_fetch >= milliseconds(begin)
    looks, failed = _counted(storage, lately), _counted(storage, lately, feeds.c.failures > 0)
    came = f"{looks} looks, {_counted(storage, feeds.c.last_news >= milliseconds(begin))} with news, {failed} failed"
    print(f"{count:,} feeds every ten minutes, measured for {seconds:.0f} s: {came}")
    most = max(memory, key=sum)
    parts = " + ".join(f"{it:.0f}" for it in most)
    print(f"                      {spent / seconds:.3f} of one core, {sum(most):.0f} MB at most ({parts})")


def _counted(storage: Storage, *conditions: ColumnElement[bool]) -> int:
    with storage.reading() as connection:
        return connection.execute(select(func.count()).select_from(feeds).where(*conditions)).scalar_one()


@contextmanager
def program(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`sidelines run` on that folder, told to stop at the end."""
    environ = os.environ | {"SIDELINES_DATA_DIR": str(folder), "SIDELINES_CONFIG": str(folder / "sidelines.toml")}
    command = [sys.executable, "-c", "from benchmarks.site import run; run()"]
    with subprocess.Popen(command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--looks", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--feeds", type=int, default=6_000)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    theirs = asyncio.run(measure_feedparser(20, 2))
    print(f"httpx and feedparser  {theirs * 1e3:7.2f} ms CPU to fetch and parse a feed of {ENTRIES} entries")
    for kind, words in (("", "a look answered with 304"), ("plain", "one answered with the same bytes")):
        ours = asyncio.run(measure_looks(kind, options.looks, options.rounds))
        print(f"Sidelines             {ours * 1e3:7.2f} ms CPU for {words}; ratio {ours / theirs:.3f}")
    measure_program(options.feeds, options.seconds)
