"""The front desk: what people do on any platform, taken to the commands and the database in threads."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

from bot.app.comings import Comings
from bot.app.suggestions import Suggestions
from bot.commands import forms, overview
from bot.connectors import Draft, Suggesting, Suggestion
from bot.correlation import of_message
from bot.metrics import Meter
from briefings.errors import SidelinesError, StorageError
from briefings.storage.precedence import for_a_person
from briefings.types import Answer, Content, Notice, Reply

if TYPE_CHECKING:
    from bot.commands import Commands
    from bot.connectors import Asker, Connector
    from briefings.storage import Storage

log = logging.getLogger(__name__)

Given = TypeVar("Given")


class FrontDesk:
    """See `bot.connectors.Desk`. `wake` is called after whatever may have made something due."""

    def __init__(
        self,
        commands: Commands,
        storage: Storage,
        connectors: Mapping[str, Connector],
        *,
        wake: Callable[[], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        meter: Meter | None = None,
    ) -> None:
        self._commands = commands
        self._storage = storage
        self._wake = wake
        self._now = now
        self._meter = meter or Meter()
        self._holder = uuid4().hex
        self._comings = Comings(commands, storage, connectors)
        self._suggestions = Suggestions(storage)

    # What is typed and pressed --------------------------------------------------------------------------------

    async def answer(self, text: str, asker: Asker) -> Reply:
        """Answer typed words in a thread. What goes wrong is told in a sentence, and logged when it is our fault."""
        begun = time.monotonic()
        reply = await self._reply(lambda: self._commands.handle(text, asker, self._now()), asker)
        question = any(isinstance(content, Answer) for content in reply.contents)
        self._meter.answered("question" if question else "other", time.monotonic() - begun)
        return reply

    def concerns_managers(self, text: str) -> bool:
        """Whether the reply depends on who may manage, or on the asker's zone."""
        return self._commands.concerns_managers(text)

    # Forms ----------------------------------------------------------------------------------------------------

    async def draft(self, text: str, asker: Asker) -> Draft | None:
        """What a form shows first; None when the words ask for none."""
        self._suggestions.prepare(asker.workspace)
        return await self._told(lambda: forms.draft(self._commands.context(asker, self._now()), text), lambda _: None)

    async def adds(self, text: str, asker: Asker) -> bool:
        """Whether words ask for a form with the address of a source, and the asker may add one."""
        return await self._told(lambda: forms.adds(self._commands.context(asker, self._now()), text), lambda _: False)

    async def check(self, draft: Draft, asker: Asker) -> Mapping[str, str]:
        """What is wrong with a form, by field."""
        return await self._told(
            lambda: forms.check(self._commands.context(asker, self._now()), draft), lambda sentence: {"topic": sentence}
        )

    async def preview(self, draft: Draft, asker: Asker) -> Reply:
        """What a form would post now, and its next runs."""
        now = self._now()
        return await self._reply(
            lambda: self._commands.guarded(lambda context: forms.preview(context, draft), asker, now), asker
        )

    async def submit(self, draft: Draft, asker: Asker) -> Reply:
        """Subscribe as a form says, or change the subscription that it is about."""
        now = self._now()
        return await self._reply(
            lambda: self._commands.guarded(lambda context: forms.submit(context, draft), asker, now), asker
        )

    async def suggest(self, about: Suggesting, typed: str, asker: Asker, limit: int) -> Sequence[Suggestion]:
        """Choices for what is being typed, from memory."""
        try:
            return await self._suggestions.of(about, typed, asker, limit)
        except Exception:  # A form without suggestions still takes what is typed.
            log.exception("no suggestions", extra={"action": "suggest_failed"})
            return ()

    async def home(self, asker: Asker) -> Sequence[Content]:
        """The dashboard of one person."""
        return await self._told(
            lambda: overview.home(self._commands.context(asker, self._now())),
            lambda sentence: (Notice(sentence, "problem"),),
        )

    # Events ---------------------------------------------------------------------------------------------------

    async def claim(self, event: str) -> bool:
        """Whether to work on an event. When that cannot be known, it is better answered twice than never."""
        return await self._told(lambda: self._storage.claims.claim(event, self._holder, self._now()), lambda _: True)

    async def settle(self, event: str) -> None:
        """An event is answered, or about to be."""
        await self._told(lambda: self._storage.claims.settle(event, self._now()), lambda _: None)

    async def settled(self, event: str) -> bool:
        """Whether an event was settled; not, when that cannot be known."""
        return await self._told(lambda: self._storage.claims.settled(event), lambda _: False)

    # Coming and going -----------------------------------------------------------------------------------------

    async def joined(self, workspace: str, channel: str, person: str | None) -> None:
        """The bot may speak in a channel from now on."""
        await self._came(lambda: self._comings.joined(workspace, channel, person, self._now()))

    async def lost(self, workspace: str, channel: str | None, reason: str) -> None:
        """The bot may no longer speak in a channel, or in the whole workspace."""
        await self._came(lambda: self._comings.lost(workspace, channel, reason, self._now()))

    async def regained(self, workspace: str, channel: str | None = None) -> None:
        """The bot may speak there again."""
        await self._came(lambda: self._comings.regained(workspace, channel, self._now()))

    async def left(self, workspace: str) -> None:
        """The bot was removed from a workspace."""
        await self._came(lambda: self._comings.left(workspace, self._now()))

    # In threads -----------------------------------------------------------------------------------------------

    async def _reply(self, work: Callable[[], Reply], asker: Asker) -> Reply:
        """What `work` replies; it may have changed what is due, and what can be suggested."""
        try:
            return await self._told(
                work, lambda sentence: Reply((Notice(sentence, "problem"),), private=True, found=False)
            )
        finally:
            self._suggestions.outdated(asker.workspace)
            self._wake()

    async def _came(self, work: Callable[[], None]) -> None:
        await self._told(work, lambda _: None)
        self._wake()

    async def _told(self, work: Callable[[], Given], otherwise: Callable[[str], Given]) -> Given:
        """What `work` gives in a thread. What it raises is logged, and `otherwise` makes do with a sentence on it."""
        with of_message(), for_a_person():
            try:
                return await asyncio.to_thread(self._storage.repeated, work)
            except SidelinesError as error:
                told = error if isinstance(error, StorageError) else type(error).__name__  # Others may quote people.
                log.warning("%s", told, extra={"action": "answer_failed"})
                return otherwise(str(error))
            except Exception as error:
                log.exception("a command failed", extra={"action": "answer_failed"})
                fault = f"This is a fault in Sidelines ({type(error).__name__})"
                return otherwise(f"{fault}; the log in the data folder has the details.")
