"""What the local platforms share: those who wait for something to happen there, and a port that can go dark."""

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import web


class Happening:
    """A world in which something happens, and what was sent that its platform does not take."""

    def __init__(self) -> None:
        self.base = ""
        self.breaches: list[str] = []
        self._waiting: set[asyncio.Event] = set()

    def breach(self, where: str, faults: list[str]) -> None:
        """Note what a payload does that the platform does not take."""
        self.breaches += [f"{where}: {fault}" for fault in faults]
        self.changed()

    def changed(self) -> None:
        """Wake those who wait for something to happen."""
        for waiting in self._waiting:
            waiting.set()

    async def until(self, condition: Callable[[], Any], timeout: float) -> Any:  # noqa: ASYNC109
        """What the condition gives as soon as that is true. Raises TimeoutError."""
        waiting = asyncio.Event()
        self._waiting.add(waiting)
        try:
            async with asyncio.timeout(timeout):
                while not (found := condition()):
                    waiting.clear()
                    await waiting.wait()
            return found
        finally:
            self._waiting.discard(waiting)


class Listening:
    """A server of such a world on a port of this machine, whose base address the world then knows."""

    world: Happening
    _port = 0
    _runner: web.AppRunner | None = None
    _site: web.TCPSite | None = None

    async def listen(self, app: web.Application) -> None:
        """Serve `app`."""
        self._runner = web.AppRunner(app, shutdown_timeout=0.2)
        await self._runner.setup()
        await self.come_back()

    async def come_back(self) -> None:
        """Listen, at the same port as before."""
        assert self._runner is not None
        self._site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await self._site.start()
        self._port = self._runner.addresses[0][1]
        self.world.base = f"http://127.0.0.1:{self._port}"

    async def go_dark(self) -> None:
        """Refuse new connections, and break those that there are."""
        assert self._site is not None
        assert self._runner is not None
        assert self._runner.server is not None
        await self._site.stop()
        for connection in self._runner.server.connections:
            connection.force_close()

    async def end(self) -> None:
        """Serve no more."""
        if self._runner:
            await self._runner.cleanup()
