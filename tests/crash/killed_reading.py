"""Like killed.py, but each run reads every feed that is due before it ends, and posts what came of it.

Other people's bytes are read in a thread, so that no run waits for the start of a process that stores nothing.
"""

import asyncio
from datetime import UTC, datetime

import killed
import trafilatura  # noqa: F401 - once, and not in every run

import bot.app.running


class Thread:
    """In the place of the workshop."""

    async def work(self, function, *values):
        return await asyncio.to_thread(function, *values)

    async def close(self) -> None: ...


class Bot(bot.app.running.Bot):
    async def _deliver_due(self) -> None:
        while await asyncio.to_thread(self._has_due):
            await self._refresher.refresh()
            await self._refresher.idle()
        await self._follow()
        await super()._deliver_due()

    def _has_due(self) -> bool:
        """Whether a feed is to be read, or is just being read because the scheduler was quicker."""
        return any(it.feed.next_fetch <= datetime.now(UTC) for it in self._storage.sources.list_all())


if __name__ == "__main__":
    bot.app.running.Workshop = Thread
    bot.app.running.Bot = Bot
    killed.main()
