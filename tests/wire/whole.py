"""The whole bot in the event loop of a test, beside a chat platform on this machine: started, stopped, waited for."""

import asyncio
from collections.abc import Awaitable
from contextlib import nullcontext, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.app import open_storage
from bot.app.running import Bot
from briefings import ingest, updates
from briefings.documents import read
from briefings.keywords import Keywords
from briefings.slots import parse_when
from briefings.storage import Storage
from briefings.types import EVERYONE, Document, Preferences, Section, Slot
from config.settings import Settings

ARTICLES = Path(__file__).parent / "articles"
SAMPLES = ("ferry.md", "summit.md", "timber.md")


def stock(storage: Storage, *names: str, workspace: str = EVERYONE) -> list[int]:
    """Store sample articles; gives their ids."""
    documents = [ingest.Incoming(read((ARTICLES / name).read_bytes(), name=name)) for name in names]
    outcomes = ingest.add(storage, documents, workspace=workspace, now=datetime.now(UTC))
    return [outcome.article for outcome in outcomes]


def store(storage: Storage, title: str, *sections: Section) -> None:
    """Store one more article, for all."""
    document = Document(title=title, sections=sections, url=f"https://harbour.example.org/{len(title)}")
    ingest.add(storage, [ingest.Incoming(document)], workspace=EVERYONE, now=datetime.now(UTC))


def revise(storage: Storage, name: str, text: str) -> None:
    """Store what became of a sample article, as `sidelines add` does."""
    now = datetime.now(UTC)
    with storage.writing():
        changed = [ingest.Incoming(read(text.encode(), name=name))]
        outcomes = ingest.add(storage, changed, workspace=EVERYONE, now=now)
        updates.queue(storage, Keywords(), Preferences(), outcomes, now)


def corrected(number: int) -> str:
    """The article on the summit with another number in its first sentence."""
    return (ARTICLES / "summit.md").read_text().replace("forty minutes", f"{number} minutes")


def rewritten(number: int) -> str:
    """The article on the summit when nothing of it is left but its address and headline."""
    front = (ARTICLES / "summit.md").read_text().partition("\n\n")[0]
    body = (ARTICLES / ("ferry.md", "timber.md")[number % 2]).read_text().partition("\n\n")[2]
    return f"{front}\n\n{body}"


class Whole:
    """One bot with its folder. `work` holds what it works on after its acknowledgements; `settings` are added."""

    def __init__(self, folder: Path, work: list[asyncio.Task[None]]) -> None:
        self.folder, self.work = folder, work
        self.settings: dict[str, str] = {}
        self._running: asyncio.Task[None] | None = None
        self._storage: Storage | None = None

    @property
    def environ(self) -> dict[str, str]:
        """The documented settings."""
        return {"SIDELINES_DATA_DIR": str(self.folder), **self.settings}

    @property
    def storage(self) -> Storage:
        assert self._storage is not None
        return self._storage

    # The bot ---------------------------------------------------------------------------------------------------

    async def start(self, *articles: str) -> None:
        """Start the bot as `sidelines run` does, with these sample articles stored, and wait until it is reached."""
        settings = Settings.load(self.environ)
        self.open()
        if articles:
            await asyncio.to_thread(stock, self.storage, *articles)
        self.storage.outbox.release(datetime.now(UTC))
        self.storage.claims.release()
        bot = Bot(settings, self.storage, nullcontext())
        reached = self.reached()
        self._running = asyncio.create_task(bot.serve())
        await self._unless_ended(reached)

    def reached(self) -> Awaitable[None]:
        """What waits until the platform reaches the bot that is about to be started."""
        raise NotImplementedError

    async def stop(self) -> None:
        """End the bot in order."""
        if self._running is not None:
            self._running.cancel()
            with suppress(asyncio.CancelledError):
                await self._running
            self._running = None
            self.close()

    def open(self) -> None:
        """Open the database, which a stopped bot has closed."""
        self._storage = open_storage(Settings.load(self.environ))

    def close(self) -> None:
        self.storage.close()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def _unless_ended(self, waiting: Any) -> None:
        assert self._running is not None
        task = asyncio.ensure_future(waiting)
        await asyncio.wait({task, self._running}, return_when=asyncio.FIRST_COMPLETED)
        if self._running.done():
            task.cancel()
            ended, self._running = self._running, None
            self.close()
            ended.result()
        await task

    # What the clock does ---------------------------------------------------------------------------------------

    def subscribed(
        self, workspace: str, channel: str, topic: str, *, due: timedelta | None, when: str, by: str | None
    ) -> int:
        """Subscribe a channel behind the bot's back; `due` is how long ago its slot was. Gives the number."""
        now = datetime.now(UTC)
        slot = Slot((now - due).strftime("%Y-%m-%dT%H:%M"), now - due) if due is not None else None
        return self.storage.subscriptions.create(
            workspace=workspace,
            channel=channel,
            topic=topic,
            query=topic,
            schedule=parse_when(when, "UTC"),
            since=now - timedelta(days=7),
            next_slot=slot,
            now=now,
            created_by=by,
        ).id

    def retry(self, workspace: str, id: int, now: datetime) -> None:
        """Let the trial of a blocked subscription be due now."""
        it = self.storage.subscriptions.get(id, workspace)
        slot = Slot(now.strftime("%Y-%m-%dT%H:%M:%S"), now)
        self.storage.subscriptions.block(id, workspace, it.reason or "", slot)

    async def quiet(self, within: float = 10.0) -> None:
        """Until the bot works on nothing that it was told, and has delivered what it had to deliver."""
        async with asyncio.timeout(within):
            while True:
                if busy := [task for task in self.work if not task.done()]:
                    await asyncio.wait(busy)
                elif (await asyncio.to_thread(self.storage.outbox.counts)).get("pending"):
                    await asyncio.sleep(0.02)
                else:
                    return
