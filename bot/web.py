"""The program's own web server: how it is doing, and whatever paths a platform's connector adds."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from briefings.errors import SidelinesError

if TYPE_CHECKING:
    from aiohttp import web

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Watched(Protocol):
    """What is told of the program. In the first two, `ok` says whether all is well."""

    async def health(self) -> Mapping[str, object]:
        """Of the process, for `/healthz`: who restarts it asks."""

    async def ready(self) -> Mapping[str, object]:
        """Whether it can serve, for `/readyz`: who sends it requests asks."""

    async def figures(self) -> tuple[str, bytes]:
        """What Prometheus reads at `/metrics`: its content type, and it."""


log = logging.getLogger(__name__)

MOST_BYTES = 1_000_000
"""The largest body taken. Slack's largest are modals of 100 blocks, well under half of it."""

STOP_WITHIN = 3.0
"""Seconds that requests being answered may take to end when the server stops."""


class Web:
    """An HTTP server on one address. Paths are added before it starts."""

    def __init__(self, host: str, port: int, watched: Watched) -> None:
        self._host = host
        self._port = port
        self._watched = watched
        self._routes: list[tuple[str, str, Handler]] = []
        self._runner: web.AppRunner | None = None

    def add(self, method: str, path: str, handler: Handler) -> None:
        """Answer requests of a method for a path with `handler`, an aiohttp one."""
        self._routes.append((method, path, handler))

    @property
    def address(self) -> str:
        """Where it can be reached while it runs, such as "http://127.0.0.1:8080"; port 0 is whichever was free."""
        if self._runner is None or not self._runner.addresses:
            raise RuntimeError("The web server is not running.")
        host, port, *_ = self._runner.addresses[0]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    async def start(self) -> None:
        """Begin to serve. Raises SidelinesError when the address cannot be had."""
        from aiohttp import web

        app = web.Application(client_max_size=MOST_BYTES)
        app.router.add_get("/healthz", self._health)
        app.router.add_get("/readyz", self._ready)
        app.router.add_get("/metrics", self._figures)
        for method, path, handler in self._routes:
            app.router.add_route(method, path, handler)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=STOP_WITHIN)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError as error:
            await runner.cleanup()
            why = (error.strerror or "refused").lower()
            raise SidelinesError(
                f"The web server cannot listen on {self._host} port {self._port} ({why}); "
                "stop what uses that port, or set SIDELINES_WEB_PORT to another."
            ) from error
        self._runner = runner
        log.info("serving %s", self.address, extra={"action": "web_started"})

    async def stop(self) -> None:
        """Serve nothing more; what is being answered may end."""
        runner, self._runner = self._runner, None
        if runner:
            await runner.cleanup()

    async def _health(self, _request: web.Request) -> web.Response:
        return await self._told(self._watched.health)

    async def _ready(self, _request: web.Request) -> web.Response:
        return await self._told(self._watched.ready)

    async def _told(self, ask: Callable[[], Awaitable[Mapping[str, object]]]) -> web.Response:
        """What is told, as JSON: 200 when all is well, else 503."""
        from aiohttp import web

        try:
            told = await ask()
        except Exception as error:  # Whoever asks wants to hear that, not of a broken connection.
            log.exception("health unknown", extra={"action": "health_failed"})
            told = {"ok": False, "fault": type(error).__name__}
        return web.json_response(dict(told), status=200 if told.get("ok") else 503)

    async def _figures(self, _request: web.Request) -> web.Response:
        from aiohttp import web

        kind, text = await self._watched.figures()
        return web.Response(body=text, headers={"Content-Type": kind})
