"""Start the real program again and again, each a process forked from this one so that nothing is imported twice.

    python -m tests.crash.launcher

reads a line of JSON for each process to start: its `id`, `environ`, `only` (roles), a `point` at which it is to be
killed with signal 9, a file `profile` to which it is to write each point that it passes, and the seconds of a `lease`
after which others take over what it had, in the place of the program's own (each null for none). It writes
`{"id", "pid"}` when the process has started and `{"id", "status"}` when it has ended.

A point is `{"what": "statement" or "commit", "when": "before" or "after", "site", "nth"}`: the nth time that the
program comes by `site`, the chain of its own functions down to the database. The program knows nothing of all this.

Some things are not as they are for people, so that little is waited for: articles are read in a thread and not in
another process, which stores nothing; channels take many messages a second; and a Slack on this machine settles in one.
"""

import asyncio
import ctypes
import json
import os
import selectors
import signal
import sys
import traceback
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio._backends._asyncio  # noqa: F401 - each of these once, and not in every process
import discord  # noqa: F401
import psycopg  # noqa: F401
import slack_bolt.async_app  # noqa: F401
import sqlalchemy.dialects.postgresql.psycopg
import sqlalchemy.dialects.sqlite  # noqa: F401
import trafilatura  # noqa: F401
from sqlalchemy.engine.default import DefaultDialect

import bot.app.running
import bot.connectors.discord
import bot.connectors.slack
import bot.delivery.holding
from bot.app import open_keywords
from bot.connectors.discord import sharing
from briefings import bodies
from briefings.sources import Entry
from briefings.storage import Storage
from config.settings import Settings
from tests.servers.newsroom import LIMIT, page, report

ROOT = str(Path(bot.__file__).parents[1])
OWN = (f"{ROOT}/bot/", f"{ROOT}/briefings/")
METHODS = {"do_execute": "statement", "do_executemany": "statement", "do_commit": "commit"}


class Thread:
    """In the place of the workshop."""

    async def work(self, function: Any, *values: Any, **named: Any) -> Any:
        return await asyncio.to_thread(function, *values, **named)

    async def close(self) -> None: ...


def site() -> str:
    """The chain of the program's own functions that led here, the innermost first."""
    frame, chain = sys._getframe(2), []
    while frame is not None:
        code = frame.f_code
        if code.co_filename.startswith(OWN) and not code.co_filename.endswith("/storage/engine.py"):
            chain.append(f"{code.co_qualname}:{frame.f_lineno}")
        frame = frame.f_back
    return " < ".join(chain)


def watch(point: dict[str, Any] | None, profile: str | None) -> None:
    """Count the statements and commits of this process by their sites: kill it at a point, or write them all down."""
    passed: Counter[tuple[str, str]] = Counter()
    sink = Path(profile).open("a") if profile else None  # noqa: SIM115 - open as long as the process is

    def strike(original: Any, what: str) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            place = site()
            passed[what, place] += 1
            hit = point and (point["what"], point["site"], point["nth"]) == (what, place, passed[what, place])
            if sink:
                sink.write(json.dumps([what, place]) + "\n")
                sink.flush()
            if hit and point and point["when"] == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            result = original(*arguments, **named)
            if hit:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return call

    for name, what in METHODS.items():
        setattr(DefaultDialect, name, strike(getattr(DefaultDialect, name), what))


def start(order: dict[str, Any]) -> int:
    """Fork a process for an order; gives its number."""
    child = os.fork()
    if child:
        return child
    status = 70
    try:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: none outlives this one.
        os.environ.update(order["environ"])
        log = os.open(f"{order['environ']['SIDELINES_DATA_DIR']}/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        if order["lease"]:
            bot.delivery.holding.LEASE = sharing.LEASE = timedelta(seconds=order["lease"])
            bot.app.running.LANES_EVERY = timedelta(seconds=1)
        if order["point"] or order["profile"]:
            watch(order["point"], order["profile"])
        status = bot.app.run(Settings.load(os.environ), only=order["only"])
    except BaseException:  # noqa: BLE001 - the process ends here, and its log says why
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def warm_up() -> None:
    """Load what is loaded when it is first needed, so that not every process does."""
    open_keywords()
    with Storage.open("sqlite://") as storage:
        for name in dir(storage):
            getattr(storage, name)
    warm = Entry(title="Warm")
    bodies.of_page(page(report(1)), "https://valley.example/", "text/html", LIMIT, warm, None, datetime.now(UTC))


def main() -> None:
    bot.app.running.Workshop = Thread  # type: ignore[misc, assignment]
    bot.connectors.slack.SETTLED = timedelta(seconds=1)
    bot.connectors.slack.PER_CHANNEL = bot.connectors.discord.PER_CHANNEL = 20.0
    warm_up()
    running: dict[int, int] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(0, selectors.EVENT_READ)
        waiting = b""
        while True:
            for key, _ in selector.select():
                if key.fd == 0:
                    read = os.read(0, 65536)
                    if not read:
                        for pid in running.values():
                            os.kill(pid, signal.SIGKILL)
                        return
                    *lines, waiting = (waiting + read).split(b"\n")
                    for line in lines:
                        order = json.loads(line)
                        pid = start(order)
                        running[order["id"]] = pid
                        print(json.dumps({"id": order["id"], "pid": pid}), flush=True)
                        selector.register(os.pidfd_open(pid), selectors.EVENT_READ, order["id"])
                else:
                    selector.unregister(key.fd)
                    os.close(key.fd)
                    status = os.waitstatus_to_exitcode(os.waitpid(running.pop(key.data), 0)[1])
                    print(json.dumps({"id": key.data, "status": status}), flush=True)


if __name__ == "__main__":
    main()
