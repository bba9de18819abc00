"""The terminal as a chat platform: a session for one person, its channels simulated by name.

With a person in front there is a prompt with history and completion, and briefings appear above it. Otherwise
commands are read line by line until the input ends, and everything is printed as plain lines.
"""

from __future__ import annotations

import asyncio
import math
import os
import shutil
import threading
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TextIO

from msgspec import Struct
from prompt_toolkit import PromptSession
from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, ThreadedCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory
from prompt_toolkit.patch_stdout import patch_stdout
from rich.console import Console
from rich.rule import Rule

from bot.connectors import Asker, Desk, Limits, OutcomeUnknown, Part, TemporaryFailure
from bot.render.plain_text import clean, content_text
from bot.render.rich_text import layout
from briefings.types import Content

WORKSPACE = "terminal"
HERE = f"{WORKSPACE}:#general"
SESSION = f"{WORKSPACE}:"
"""The channel of notices that belong to no channel."""
LEAVING = {"quit", "exit"}
RECORD_BYTES = 100_000
"""Size at which the record of what was shown begins anew: a thousand briefings, of which the last few count."""
WIDEST = 100
"""Cells; longer lines are hard to read."""


class Vocabulary(Struct, frozen=True):
    """What may be completed: after nothing a command word, after it a topic, a channel or a headline."""

    commands: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    headlines: tuple[str, ...] = ()


class Settings(Struct, frozen=True):
    """What a terminal session is built from; `vocabulary` is asked while a person types.

    `folder` keeps what was typed, and which briefings were shown.
    """

    stdin: TextIO
    stdout: TextIO
    folder: Path
    vocabulary: Callable[[], Vocabulary] = Vocabulary


def create(settings: Settings) -> Terminal:
    """A session; with a prompt if a person sits at both ends. Does no I/O."""
    watched = settings.stdin.isatty() and settings.stdout.isatty()
    return WatchedTerminal(settings) if watched else Terminal(settings)


class Terminal:
    """Commands line by line from any input, replies as plain lines."""

    name = WORKSPACE
    limits = Limits(
        messages_per_second=math.inf, messages_per_second_per_channel=math.inf, message_characters=1_000_000
    )
    """A terminal has no limits of its own; one message holds any content."""
    listens_alone = False
    watched = False

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._shown = Shown(settings.folder / "shown")
        self._asker = Asker(workspace=WORKSPACE, channel=HERE, person="operator", may_manage=True)

    async def stand_by(self) -> None:
        """Nothing to do: each terminal is its own."""
        await asyncio.Event().wait()

    def deaf(self) -> float:
        """Never: whatever is typed is read."""
        return 0.0

    async def listen(self, desk: Desk) -> None:
        """Answer line by line until the input ends or a person leaves."""
        async for line in self._lines():
            words = line.strip()
            if words.casefold() in LEAVING:
                return
            if words and not words.startswith("#"):
                await self.show((await desk.answer(words, self._asker)).contents)

    def render(self, content: Content) -> Sequence[Part]:
        """One part; laid out when it is shown, because a terminal's width may change."""
        return (Part(content, content_text(content)),)

    async def clear(self) -> None:
        """Nothing to wait for."""

    async def send(self, channel: str, part: Part, *, key: str, thread: str | None) -> str:
        """Show a part under the name of its channel; its key serves as message id."""
        try:
            self._shown.begin(key)
            await self.show((part.payload,), channel.removeprefix(SESSION))
            self._shown.end(key)
        except OSError as error:
            raise TemporaryFailure("The terminal is closed.") from error
        return key

    async def edit(self, channel: str, message: str, part: Part, *, thread: str | None) -> None:
        """Show the part once more: what is printed stays as it is."""
        try:
            await self.show((part.payload,), channel.removeprefix(SESSION))
        except OSError as error:
            raise TemporaryFailure("The terminal is closed.") from error

    async def find(
        self, channel: str, *, key: str, thread: str | None, begun: datetime | None = None, told: Collection[str] = ()
    ) -> str | None:
        """Look into the record; it cannot tell about what the program was killed while showing."""
        return self._shown.find(key)

    def managers(self, workspace: str, person: str | None) -> str:
        """The person in front of the session."""
        return SESSION

    async def upkeep(self) -> None:
        """Nothing: a terminal needs none."""

    async def show(self, contents: Sequence[Content], channel: str = "") -> None:
        """Print contents, under a line that names the channel if there is one."""
        width = min(shutil.get_terminal_size().columns, WIDEST)
        lines = [f"── {clean(channel)} ".ljust(width, "─")] if channel else []
        lines += [content_text(content, width=width) + "\n" for content in contents]
        print("\n".join(lines), file=self._settings.stdout, flush=True)

    def _lines(self) -> AsyncIterator[str]:
        return _lines(self._settings.stdin.fileno())


class WatchedTerminal(Terminal):
    """A prompt with history and completion; everything else appears above it."""

    watched = True

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._console = Console(file=settings.stdout, highlight=False, markup=False, emoji=False)

    async def show(self, contents: Sequence[Content], channel: str = "") -> None:
        """Print contents above the prompt, under a rule that names the channel if there is one."""

        def write() -> None:
            width = min(self._console.width, WIDEST)
            if channel:
                self._console.print(Rule(clean(channel), align="left", style="dim"), width=width)
            for content in contents:
                self._console.print(layout(content), "", width=width, sep="\n", crop=False)

        await run_in_terminal(write)

    async def stand_by(self) -> None:
        """Nothing to do: each terminal is its own."""
        await asyncio.Event().wait()

    async def _lines(self) -> AsyncIterator[str]:
        session: PromptSession[str] = PromptSession(
            "sidelines> ",
            history=FileHistory(self._settings.folder / "history"),
            completer=ThreadedCompleter(Words(self._settings.vocabulary)),
            complete_while_typing=False,
        )
        with patch_stdout():
            while True:
                try:
                    yield await session.prompt_async()
                except KeyboardInterrupt:  # Ctrl-C takes a line back; on an empty line it leaves.
                    if not session.default_buffer.text:
                        return
                except EOFError:
                    return


class Shown:
    """A record, in a file, of which parts were shown: two lines for each, before and after."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def begin(self, key: str) -> None:
        """A part is about to be shown."""
        self._add(f"begin {key}")

    def end(self, key: str) -> None:
        """It was shown."""
        self._add(f"end {key}")

    def find(self, key: str) -> str | None:
        """The key if its part was shown, None if it was not. Raises OutcomeUnknown when it may have been."""
        lines = self._file.read_text().splitlines() if self._file.exists() else []
        if f"end {key}" in lines:
            return key
        if f"begin {key}" in lines:
            raise OutcomeUnknown("the program was killed while it was being shown.")
        return None

    def _add(self, line: str) -> None:
        if self._file.exists() and self._file.stat().st_size > RECORD_BYTES:
            self._file.replace(self._file.with_suffix(".old"))
        with self._file.open("a") as file:
            file.write(line + "\n")


class Words(Completer):
    """Completes the first word from the commands, what follows from channels after `#`, else topics and headlines."""

    def __init__(self, vocabulary: Callable[[], Vocabulary]) -> None:
        self._vocabulary = vocabulary

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        """Whatever continues what stands before the cursor, case set aside."""
        vocabulary = self._vocabulary()
        command, space, rest = document.text_before_cursor.lstrip().partition(" ")
        last = rest.rpartition(" ")[2]
        if not space:
            begun, words = command, vocabulary.commands
        elif last.startswith("#"):
            begun, words = last, vocabulary.channels
        else:
            begun, words = rest.lstrip(), vocabulary.topics + vocabulary.headlines
        for word in map(clean, words):
            if word.casefold().startswith(begun.casefold()):
                yield Completion(word, -len(begun))


async def _lines(file: int) -> AsyncIterator[str]:
    """Lines of a file descriptor as they come, undecodable bytes replaced.

    A daemon thread reads it, since a regular file cannot be polled and a blocked read must not hold up the end of the
    program; it reads below `sys.stdin`, whose lock a blocked reader would keep.
    """
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[bytes | None] = asyncio.Queue()

    def read() -> None:
        begun = b""
        with suppress(RuntimeError):  # The loop is closed: nobody wants to know any more.
            with suppress(OSError):  # Hung up, which is an end like any other.
                while chunk := os.read(file, 65536):
                    *whole, begun = (begun + chunk).split(b"\n")
                    for line in whole:
                        loop.call_soon_threadsafe(lines.put_nowait, line)
            loop.call_soon_threadsafe(lines.put_nowait, begun)
            loop.call_soon_threadsafe(lines.put_nowait, None)

    threading.Thread(target=read, name="stdin", daemon=True).start()
    while (line := await lines.get()) is not None:
        yield line.decode(errors="replace")
