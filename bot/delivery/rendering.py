"""Contents as the messages of a platform, with times on the clock of whoever gets them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from bot.connectors import Connector, Part, PayloadRefused
from bot.delivery.settling import subscription_of
from briefings.types import Briefing, Delivery, Preferences

if TYPE_CHECKING:
    from briefings.storage import Storage

log = logging.getLogger("bot.delivery")

AT_ONCE = 8
"""Deliveries rendered at a time: enough while a distant database is asked. With hundreds of threads that all want to go
on, whoever asks something meanwhile waits for seconds: measured by `benchmarks/storm.py`."""


class Rendering:
    """Lays deliveries out."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._room = asyncio.Semaphore(AT_ONCE)

    async def parts(self, connector: Connector, delivery: Delivery) -> Sequence[Part]:
        """The delivery's messages. Raises PayloadRefused when it cannot be laid out, and StorageError."""
        async with self._room:
            return await asyncio.to_thread(self._rendered, connector, delivery)

    def _rendered(self, connector: Connector, delivery: Delivery) -> Sequence[Part]:
        content = delivery.content
        if isinstance(content, Briefing):
            content = self._timed(content, delivery)
        try:
            return connector.render(content)
        except Exception as error:
            log.exception("not laid out", extra={"action": "render_failed", "delivery": delivery.id})
            raise PayloadRefused("It could not be laid out; the log has the details.") from error

    def _timed(self, content: Briefing, delivery: Delivery) -> Briefing:
        """The briefing with its times on its subscription's clock; one for a slot says so, and calls its role."""
        subscription = subscription_of(self._storage, delivery)
        zone = ZoneInfo(subscription.schedule.zone) if subscription else UTC
        if subscription and content.updated:
            content = msgspec.structs.replace(content, updated=content.updated.astimezone(zone))
        if delivery.due is None:
            return content
        chosen = self._storage.preferences.merged(delivery.workspace, delivery.channel, Preferences())
        return msgspec.structs.replace(content, due=delivery.due.astimezone(zone), late=delivery.late, ping=chosen.ping)
