"""A desk that does as it is told, for the tests of connectors."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bot.connectors import Asker, Draft, Suggestion
from briefings.types import Content, Notice, Reply


class ScriptedDesk:
    """A desk whose replies are set: `replies` by the words, else the words come back to all. Everything is noted."""

    def __init__(self) -> None:
        self.replies: dict[str, Reply] = {}
        self.managing: set[str] = set()
        self.forms: dict[str, Draft] = {}
        self.asked: list[tuple[str, Asker]] = []
        self.told: list[tuple[Any, ...]] = []
        self.claims: dict[str, bool] = {}
        self._changed = asyncio.Event()

    async def until(self, condition: Callable[[], Any]) -> Any:
        """What the condition gives once it is true; looks again whenever something comes to the desk."""
        async with asyncio.timeout(10):
            while not (found := condition()):
                self._changed.clear()
                await self._changed.wait()
        return found

    @property
    def words(self) -> list[str]:
        return [text for text, _ in self.asked]

    async def answer(self, text: str, asker: Asker) -> Reply:
        self.asked.append((text, asker))
        self._changed.set()
        return self.replies.get(text) or Reply((Notice(f"You said: {text}"),))

    def concerns_managers(self, text: str) -> bool:
        return text in self.managing or text in self.forms

    async def draft(self, text: str, asker: Asker) -> Draft | None:
        return self.forms.get(text) if asker.may_manage else None

    async def adds(self, text: str, asker: Asker) -> bool:
        return text == "source add" and asker.may_manage

    async def check(self, draft: Draft, asker: Asker) -> Mapping[str, str]:
        return {}

    async def preview(self, draft: Draft, asker: Asker) -> Reply:
        return Reply((Notice("A preview."),), private=True)

    async def submit(self, draft: Draft, asker: Asker) -> Reply:
        return Reply((Notice("Done."),), private=True)

    async def suggest(self, about: str, typed: str, asker: Asker, limit: int) -> Sequence[Suggestion]:
        return ()

    async def home(self, asker: Asker) -> Sequence[Content]:
        return (Notice("Nothing yet."),)

    async def claim(self, event: str) -> bool:
        if event in self.claims:
            return False
        self.claims[event] = False
        return True

    async def settle(self, event: str) -> None:
        self.claims[event] = True
        self._changed.set()

    async def settled(self, event: str) -> bool:
        return self.claims.get(event, False)

    async def joined(self, workspace: str, channel: str, person: str | None) -> None:
        self.told.append(("joined", workspace, channel, person))
        self._changed.set()

    async def lost(self, workspace: str, channel: str | None, reason: str) -> None:
        self.told.append(("lost", workspace, channel, reason))
        self._changed.set()

    async def regained(self, workspace: str, channel: str | None = None) -> None:
        self.told.append(("regained", workspace, channel))
        self._changed.set()

    async def left(self, workspace: str) -> None:
        self.told.append(("left", workspace))
        self._changed.set()
