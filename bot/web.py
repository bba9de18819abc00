"""The program's own web server: health checks, and whatever paths a platform's connector adds."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from briefings.errors import SidelinesError

if TYPE_CHECKING:
    from aiohttp import web

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

Health = Callable[[], Awaitable[Mapping[str, object]]]
"""What is well: a name for each thing that must be, with a sentence where it is not, and else True or a figure.

`ok` among them says whether all is."""

log = logging.getLogger(__name__)

MOST_BYTES = 1_000_000
"""The largest body taken. Slack's largest are modals of 100 blocks, well under half of it."""

STOP_WITHIN = 3.0
"""Seconds that requests being answered may take to end when the server stops."""


class Web:
    """An HTTP server on one address. Paths are added before it starts."""

    def __init__(self, host: str, port: int, health: Health) -> None:
        self._host = host
        self._port = port
        self._health = health
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
        app.router.add_get("/healthz", self._answer_health)
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

    async def _answer_health(self, _request: web.Request) -> web.Response:
        from aiohttp import web

        try:
            health = await self._health()
        except Exception as error:  # Whoever asks wants to hear that, not of a broken connection.
            log.exception("health unknown", extra={"action": "health_failed"})
            health = {"ok": False, "fault": type(error).__name__}
        return web.json_response(dict(health), status=200 if health.get("ok") else 503)
