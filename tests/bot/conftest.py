"""A platform that does as it is told, time that passes only when somebody waits, and a shell within the process."""

import asyncio
import json
import math
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import cli
from bot.connectors import Asker, Desk, Limits, OutcomeUnknown, Part, PayloadRefused
from bot.delivery import Deliverer, Retries
from bot.render.plain_text import content_text
from briefings.storage import Storage
from briefings.types import Content, Notice

BEGIN = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
RETRIES = Retries(attempts=4, first=timedelta(seconds=2), longest=timedelta(minutes=5))
LEASE = timedelta(seconds=60)


class Time:
    """A clock that stands still but for `sleep`."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.waited_until: list[float] = []

    def now(self) -> datetime:
        return BEGIN + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        until = self.seconds + seconds
        self.waited_until.append(until)
        await asyncio.sleep(0)
        self.seconds = max(self.seconds, until)


class Scripted:
    """A connector whose every message is kept, and whose next sends go as `script` says: an error, or None for well.

    Edits go by it as well. A notice is laid out as one message for each of its paragraphs.
    """

    name = "scripted"
    listens_alone = True

    def __init__(self, time: Time) -> None:
        self.limits = Limits(
            messages_per_second=math.inf, messages_per_second_per_channel=math.inf, message_characters=10_000
        )
        self.time = time
        self.script: list[Exception | None] = []
        self.found: dict[str, str | None] = {}
        self.refuses: Callable[[str], bool] = lambda text: False
        self.messages: list[tuple[str, str, str | None]] = []
        self.edits: list[tuple[str, str]] = []
        self.times: list[float] = []
        self.keys: list[str] = []
        self.typed: list[str] = []
        self.asker = Asker(workspace="scripted", channel="scripted:#here", person="kim", may_manage=True)

    async def listen(self, desk: Desk) -> None:
        for text in self.typed:
            reply = await desk.answer(text, self.asker)
            self.messages += [(self.asker.channel, content_text(content), None) for content in reply.contents]

    def deaf(self) -> float:
        return 0.0

    async def stand_by(self) -> None:
        await asyncio.Event().wait()

    def render(self, content: Content) -> Sequence[Part]:
        text = content.text if isinstance(content, Notice) else content_text(content)
        return [Part({"text": paragraph}, paragraph) for paragraph in text.split("\n\n")]

    async def clear(self) -> None:
        pass

    async def send(self, channel: str, part: Part, *, key: str, thread: str | None) -> str:
        self.keys.append(key)
        self.times.append(self.time.monotonic())
        if self.script and (error := self.script.pop(0)):
            raise error
        if self.refuses(part.text):
            raise PayloadRefused("It was refused.")
        self.messages.append((channel, part.text, thread))
        return f"m{len(self.messages)}"

    async def edit(self, channel: str, message: str, part: Part, *, thread: str | None) -> None:
        if self.script and (error := self.script.pop(0)):
            raise error
        self.edits.append((message, part.text))

    async def find(
        self, channel: str, *, key: str, thread: str | None, begun: datetime | None = None, told: Collection[str] = ()
    ) -> str | None:
        if key in self.found:
            return self.found[key]
        raise OutcomeUnknown("Nobody can tell.")

    def managers(self, workspace: str, person: str | None) -> str:
        return f"{workspace}:@{person or 'owner'}"

    async def upkeep(self) -> None:
        pass

    @property
    def texts(self) -> list[str]:
        return [text for _, text, _ in self.messages]

    def deliverer(self, storage: Storage, **others: Any) -> Deliverer:
        """What delivers here, by this clock, without chance; `others` stand in place of what is usual."""
        time = self.time
        usual = {"retries": RETRIES, "lease": LEASE, "now": time.now, "monotonic": time.monotonic, "sleep": time.sleep}
        return Deliverer(storage, {self.name: self}, **(usual | {"jitter": lambda: 0.5} | others))


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def scripted(time: Time) -> Scripted:
    return Scripted(time)


@pytest.fixture
def storage(database_url: str) -> Iterator[Storage]:
    with Storage.open(database_url) as opened:
        yield opened


# The command line

ARTICLE = """\
# Lighthouse of Cape Orr is lit again

*By Lena Moss*

The lighthouse of Cape Orr shines again after eleven dark years. Volunteers relit the lamp on Saturday evening. About
four hundred people watched from the beach.

## Who paid for it

A collection brought in 82,000 crowns, most of it in small gifts. The coast guard gave the old lens back for nothing.

## But who will keep it?

Two retired sailors will tend the lamp in turns. "Somebody has to climb those steps," said Ivo Brand, the older of them.
"""


class Result:
    """How a command ended: its exit status, and what it printed where."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status = status
        self.out = out
        self.err = err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Runner:
    """Runs a command line within this process. A trace, or a fault of ours, is never right."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self._capfd = capfd

    def __call__(self, *arguments: str) -> Result:
        status = cli.main(arguments)
        result = Result(status, *self._capfd.readouterr())
        assert "Traceback" not in result.err
        assert "fault in Sidelines" not in result.err
        return result


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Runner:
    return Runner(capfd)


@pytest.fixture
def lighthouse() -> str:
    return ARTICLE


@pytest.fixture
def article(tmp_path: Path) -> Path:
    path = tmp_path / "lighthouse.md"
    path.write_text(ARTICLE, encoding="utf-8")
    return path


@pytest.fixture
def data() -> Path:
    return Path(os.environ["SIDELINES_DATA_DIR"])
