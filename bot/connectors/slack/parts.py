"""What the pieces of the Slack connector share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from bot.connectors import DeliveryError

if TYPE_CHECKING:
    from bot.connectors import Desk
    from bot.connectors.slack.api import Api
    from bot.connectors.slack.people import People
    from bot.connectors.slack.replying import Replies

log = logging.getLogger(__name__)


class Tasks:
    """Work that goes on after its acknowledgement; kept so that it is not lost, and can be waited for."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin the work; a failure is logged."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)

    async def finish(self, within: float) -> None:
        """Wait for all of it, `within` seconds at most, then end the rest."""
        if self._running:
            _, late = await asyncio.wait(set(self._running), timeout=within)
            for task in late:
                task.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if task.cancelled() or not (error := task.exception()):
            return
        if isinstance(error, DeliveryError):
            log.warning("an event was not worked on: %s", error, extra={"action": "event_failed"})
        else:
            log.error("work on an event failed", exc_info=error, extra={"action": "event_failed"})


class Parts(Struct, frozen=True):
    """Each module of ways in is `register(app, parts)` and finds here what it works with."""

    desk: Desk
    api: Api
    people: People
    replies: Replies
    tasks: Tasks


def workspace_name(team: str) -> str:
    """A workspace as the rest of the program knows it: "slack:T0123"."""
    return f"slack:{team}"


def channel_name(team: str, channel: str, person: str = "") -> str:
    """A channel as the rest of the program knows it: "slack:T0123:#C0456".

    A direct conversation has two ids, its own and that of its `person`: it is known by the person's, which is at hand
    wherever something is done.
    """
    return f"slack:{team}:#{person if person and channel.startswith('D') else channel}"


def team_of(name: str) -> str:
    """The team's id within the name of a workspace or channel."""
    return name.split(":")[1]


def channel_of(name: str) -> str:
    """The channel's, conversation's or person's id within the name of a channel."""
    return name.split(":")[2].removeprefix("#")
