"""`sidelines run`: join the parts, serve until told to stop, stop cleanly."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Collection, Coroutine, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from bot.app import build_commands, logs, open_fetcher, open_index, open_keywords, open_storage
from bot.app.comings import forget_left, managers_of, place_of
from bot.app.desk import FrontDesk
from bot.app.dividing import Listener
from bot.app.health import Line, heard
from bot.app.lookups import Lookups, on_loop
from bot.app.memory import share_arenas
from bot.app.platforms import configured, connect
from bot.app.refreshing import open_refresher
from bot.app.roles import WORKER, Roles, roles
from bot.app.sample import add_sample
from bot.app.single import only_one
from bot.app.threads import Threads
from bot.app.watching import AUDIT_EVERY, BEAT_EVERY, Watch
from bot.app.workshop import Workshop
from bot.commands.words import SHAPES
from bot.connectors import Asker, Connector, terminal
from bot.connectors.terminal import Vocabulary
from bot.delivery import Deliverer, Retries
from bot.scheduler import Chore, Scheduler, Work
from bot.web import Web
from briefings.errors import SidelinesError
from briefings.finding import Finder
from briefings.publish import publish_due
from briefings.storage.peek import sqlite_path
from briefings.storage.upkeep import tidy
from briefings.types import Content, Notice

if TYPE_CHECKING:
    from bot.app import Progress
    from briefings.storage import Storage
    from config.settings import Settings

log = logging.getLogger(__name__)

UPKEEP_EVERY = timedelta(minutes=5)
LANES_EVERY = timedelta(seconds=5)
TOGETHER = timedelta(seconds=1)
"""Feeds that fall due within this are claimed, and stored when they did not change, in one transaction."""
STOP_WITHIN = 10.0
"""Seconds that deliveries under way get to end when the program is told to stop."""
HEADLINES = 200
"""Newest headlines that can be completed in a session."""

HOW_TO = "Type a question, or `help`; Tab completes, Ctrl-D leaves."
FIRST_STEPS = """This is the article that comes with Sidelines; `sidelines add FILE` adds your own. Try next:
  what about the court ruling?
  brief ups and downs
  subscribe G7 every minute in #world
  help"""


def run(
    settings: Settings,
    indexing: AbstractContextManager[Progress | None],
    *,
    session: bool,
    only: Collection[str] = (),
) -> int:
    """See `bot.app.run`."""
    its = roles(settings, only)
    share_arenas()
    folder = settings.data_folder()
    shown = configured(settings) and not session  # A session has the terminal for itself.
    with only_one(settings.data.database_url.reveal()), open_storage(settings) as storage:
        logs.begin(settings.log.level, settings.log.format, None if shown else folder / "sidelines.log")
        if sqlite_path(settings.data.database_url.reveal()):
            storage.outbox.release(_now())
            storage.claims.release()
            storage.feeds.release()
            storage.processes.release()
        asyncio.run(_serve(settings, storage, indexing, its, session=session))
    return 0


async def _serve(
    settings: Settings,
    storage: Storage,
    indexing: AbstractContextManager[Progress | None],
    its: Roles,
    *,
    session: bool,
) -> None:
    await Bot(settings, storage, indexing, its, session=session).serve()


class Bot:
    """All parts of the running program. Without a platform, or asked to, it serves a session in the terminal.

    It is built where it serves, in a running event loop.
    """

    def __init__(
        self,
        settings: Settings,
        storage: Storage,
        indexing: AbstractContextManager[Progress | None],
        its: Roles | None = None,
        *,
        session: bool = False,
    ) -> None:
        self._storage = storage
        self._roles = its = its or roles(settings, ())
        web = settings.web
        self._connectors: dict[str, Connector] = {}
        self._watch = Watch(storage, self._connectors, self._lines, self._serves, counting=bool(web.port))
        self._web = Web(web.host, web.port, self._watch) if web.port else None
        self._connectors |= connect(settings, storage, self._web, its.connects, self._watch.meter.limited)
        self._sample = None if self._connectors else add_sample(storage, terminal.WORKSPACE, _now())
        keywords = open_keywords()
        self._settings = settings
        self._keywords = keywords
        with indexing as progress:
            self._index = open_index(settings, keywords, storage=storage, progress=progress)
        loop = asyncio.get_running_loop()
        loop.set_default_executor(Threads())
        self._workshop = Workshop()
        self._fetcher = open_fetcher(settings, limited=partial(self._watch.meter.limited, "web"))
        finder = Finder(self._fetcher, self._workshop.work, limit=settings.reading.limit)
        self._commands = build_commands(
            settings,
            storage,
            self._index,
            keywords,
            partial(managers_of, self._connectors),
            Lookups(on_loop(finder, loop)),
        )
        self._session = None
        if session or not self._connectors:
            self._session = terminal.create(
                terminal.Settings(
                    sys.stdin or Path(os.devnull).open(),  # noqa: SIM115 - closed before we came: ends at once
                    sys.stdout or Path(os.devnull).open("w"),  # noqa: SIM115 - likewise
                    settings.data_folder(),
                    self._vocabulary,
                )
            )
            self._connectors[self._session.name] = self._session
        self._deliverer = Deliverer(
            storage,
            self._connectors,
            retries=Retries(
                attempts=settings.delivery.attempts,
                first=timedelta(seconds=settings.delivery.first_wait),
                longest=timedelta(seconds=settings.delivery.longest_wait),
            ),
            lease=timedelta(seconds=settings.delivery.lease),
            shared=storage.database.shared,
            meter=self._watch.meter,
        )
        place = partial(place_of, self._connectors)
        self._refresher = open_refresher(settings, storage, self._fetcher, self._workshop.work, place)
        self._scheduler: Scheduler | None = None
        self._told = 0  # The last change that "as it happens" was told of: not of what a killed process stored last.
        self._holder = uuid4().hex
        self._listening: Mapping[str, asyncio.Task[None]] = {}
        self._listeners: dict[str, Listener] = {}

    async def serve(self) -> None:
        """Listen, publish and deliver until a signal comes or every connector has closed."""
        self._scheduler = Scheduler(self._works(), self._chores())
        self._watch.looked = partial(getattr, self._scheduler, "looked")
        if self._web:
            await self._web.start()
        if self._session and (greeting := self._greeting(self._session.watched)):
            await self._session.show(greeting)
        loop = asyncio.get_running_loop()
        hearing = self._storage.database.hearing(partial(loop.call_soon_threadsafe, self._scheduler.wake))
        await asyncio.to_thread(hearing.__enter__)
        stopped = asyncio.create_task(_told_to_stop())
        working = asyncio.create_task(self._scheduler.run())
        desk = FrontDesk(
            self._commands, self._storage, self._connectors, wake=self._scheduler.wake, meter=self._watch.meter
        )
        self._listening = {
            name: asyncio.create_task(self._reached(connector, desk)) for name, connector in self._connectors.items()
        }
        listening = asyncio.gather(*self._listening.values())
        log.info("started", extra={"action": "started", "connectors": ",".join(self._connectors)})
        try:
            ends: set[asyncio.Future[Any]] = {stopped, working, listening}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if listening.done() and not listening.exception():
                last = asyncio.create_task(self._deliver_due())
                await asyncio.wait({stopped, last}, return_when=asyncio.FIRST_COMPLETED)
                if last.done():
                    last.result()
        finally:
            if self._web:
                await self._web.stop()
            await self._refresher.finish()
            await self._deliverer.finish(STOP_WITHIN)
            for task in (stopped, working, listening):
                task.cancel()
            ended = await asyncio.gather(working, listening, return_exceptions=True)
            await asyncio.to_thread(hearing.__exit__, None, None, None)
            await self._fetcher.close()
            await self._workshop.close()
            await self._watch.leave()
            log.info("stopped", extra={"action": "stopped"})
        for error in ended:
            if isinstance(error, Exception):
                raise error

    def _reached(self, connector: Connector, desk: FrontDesk) -> Coroutine[Any, Any, None]:
        """Listen through a connector, or stand by where that is for other processes to do."""
        if connector.name in self._roles.connects and connector.name not in self._roles.listens:
            return connector.stand_by()
        if self._storage.database.shared and connector.listens_alone:
            listener = self._listeners[connector.name] = Listener(self._storage.leases, connector)
            return listener.run(desk)
        return connector.listen(desk)

    # What the scheduler does -------------------------------------------------------------------------------

    def _works(self) -> tuple[Work, ...]:
        follow = Work("follow", self._next_change, self._follow)
        if not self._roles.works:
            return (follow,)
        return (
            Work("refresh", self._refresher.next_due, self._refresher.refresh, rest=TOGETHER),
            follow,
            Work("publish", self._next_due, self._publish),
            Work("deliver", self._deliverer.next_attempt, self._deliverer.deliver),
        )

    def _chores(self) -> tuple[Chore, ...]:
        beat = Chore("beat", BEAT_EVERY, self._watch.beat)
        if not self._roles.works:
            return (beat,)
        return (
            beat,
            Chore("audit", AUDIT_EVERY, self._watch.audit),
            Chore("tidy", timedelta(days=1), self._tidy),
            Chore("upkeep", UPKEEP_EVERY, self._keep_up),
            Chore("lanes", LANES_EVERY, self._deliverer.keep),
        )

    async def _next_change(self) -> datetime | None:
        last = await asyncio.to_thread(self._storage.articles.last_change)
        return None if self._index.last_change == self._told == last else _now()

    async def _follow(self) -> None:
        """Take articles that any process stored into the index, and let those who get them as it happens get them."""
        last = await asyncio.to_thread(self._storage.articles.last_change)
        await asyncio.to_thread(self._storage.subscriptions.wake_as_it_happens, _now())
        self._told = last
        await asyncio.to_thread(self._index.catch_up, self._storage.articles)

    async def _next_due(self) -> datetime | None:
        return await asyncio.to_thread(self._storage.subscriptions.earliest_due)

    async def _publish(self) -> None:
        done = await asyncio.to_thread(publish_due, self._storage, self._keywords, self._settings.preferences, _now())
        self._watch.meter.published(done.subscriptions, done.deliveries)

    async def _deliver_due(self) -> None:
        """Deliver what is due by now, and the notices about it: what came due while the last words were typed."""
        await self._publish()
        while (at := await self._deliverer.next_attempt()) and at <= _now():
            await self._deliverer.deliver()
            await self._deliverer.idle()

    async def _tidy(self) -> None:
        """Delete what nobody will ask about any more, and workspaces that removed the bot long enough ago."""
        data = self._settings.data
        keep = timedelta(days=data.keep_articles) if data.keep_articles else None
        await asyncio.to_thread(self._storage.leases.forget)
        await asyncio.to_thread(tidy, self._storage, _now(), keep=keep, followed=self._index.last_change)
        kept = timedelta(days=data.keep_after_leaving)
        await asyncio.to_thread(forget_left, self._storage, _now() - kept)

    async def _keep_up(self) -> None:
        """Let every connector do its upkeep; one that fails does not keep the others from theirs.

        One process does so: two that renewed a token would each make the other's invalid.
        """
        if not await asyncio.to_thread(self._storage.leases.take, ["upkeep"], self._holder, 2 * UPKEEP_EVERY):
            return
        for name, connector in self._connectors.items():
            try:
                await connector.upkeep()
            except SidelinesError as error:  # a sentence for the operator; a trace would only hide it
                log.error("upkeep failed: %s", error, extra={"action": "upkeep_failed", "connector": name})
            except Exception:  # It comes again in a few minutes, and what it should have done is logged.
                log.exception("upkeep failed", extra={"action": "upkeep_failed", "connector": name})

    def _serves(self) -> list[str]:
        """What this process does: the connectors that it listens through, or stands ready to, and work."""
        platforms = [
            name for name in self._connectors if name not in self._roles.connects or name in self._roles.listens
        ]
        return [*platforms, WORKER] if self._roles.works else platforms

    def _lines(self) -> dict[str, Line]:
        """How each platform stands that this process is to listen to, and any that it cannot even send to any more."""
        lines: dict[str, Line] = {}
        for name, connector in self._connectors.items():
            if name not in self._listening or self._listening[name].done():
                lines[name] = "silent"
            elif name in self._listeners and not self._listeners[name].listens:
                lines[name] = "standing by"
            elif name in self._serves():
                lines[name] = heard(connector.deaf())
        return lines

    # The session --------------------------------------------------------------------------------------------

    def _greeting(self, watched: bool) -> tuple[Content, ...]:
        """On the very first start the bundled article's briefing and what to type next; later a line for people."""
        if self._sample is not None:
            asker = Asker(workspace=terminal.WORKSPACE, channel=terminal.HERE, person="", may_manage=False)
            return (*self._commands.handle(f"brief {self._sample}", asker, _now()).contents, Notice(FIRST_STEPS))
        if not watched:
            return ()
        stored = self._storage.articles.count(terminal.WORKSPACE)
        return (Notice(f"{stored} {'article is' if stored == 1 else 'articles are'} stored. {HOW_TO}"),)

    def _vocabulary(self) -> Vocabulary:
        """What can be completed in a session."""
        workspace = terminal.WORKSPACE
        subscriptions = self._storage.subscriptions.list(workspace)
        return Vocabulary(
            commands=tuple(SHAPES),
            topics=tuple(topic.name for topic in self._storage.topics.list(workspace)),
            channels=tuple({each.channel.removeprefix(terminal.SESSION) for each in subscriptions}),
            headlines=tuple(head.title for head in self._storage.articles.heads(workspace, limit=HEADLINES)),
        )


async def _told_to_stop() -> None:
    """Wait for the signal to end."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(name, stop.set)
    await stop.wait()


def _now() -> datetime:
    return datetime.now(UTC)
