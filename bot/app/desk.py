"""The front desk: what people do on any platform, taken to the commands and the database in threads."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from briefings.errors import SidelinesError
from briefings.types import Notice, Reply

if TYPE_CHECKING:
    from bot.commands import Commands
    from bot.connectors import Asker
    from briefings.storage import Storage

log = logging.getLogger(__name__)


class FrontDesk:
    """See `bot.connectors.Desk`. `wake` is called after whatever may have made something due."""

    def __init__(self, commands: Commands, storage: Storage, *, wake: Callable[[], None]) -> None:
        self._commands = commands
        self._storage = storage
        self._wake = wake

    async def answer(self, text: str, asker: Asker) -> Reply:
        """Answer typed words in a thread. What goes wrong is told in a sentence, and logged when it is our fault."""
        try:
            return await asyncio.to_thread(self._commands.handle, text, asker, _now())
        except SidelinesError as error:
            return Reply((Notice(str(error), "problem"),), private=True, found=False)
        except Exception as error:
            log.exception("a command failed", extra={"action": "answer_failed"})
            told = f"This is a fault in Sidelines ({type(error).__name__}); the log in the data folder has the details."
            return Reply((Notice(told, "problem"),), private=True, found=False)
        finally:
            self._wake()


def _now() -> datetime:
    return datetime.now(UTC)
