"""The web server: health for whoever watches, paths for connectors, and bounds on what is taken."""

import json

import aiohttp
import pytest
from aiohttp import web

from bot.web import MOST_BYTES, Web
from briefings.errors import SidelinesError
from tests.bot.watched import Watched

LOOPBACK = "127.0.0.1"


class Serving:
    """A running server, and requests to it."""

    def __init__(self, server: Web, session: aiohttp.ClientSession):
        self.server = server
        self.session = session

    async def get(self, path):
        return await self.send("GET", path)

    async def send(self, method, path, **more):
        async with self.session.request(method, self.server.address + path, **more) as response:
            return response.status, await response.text()


@pytest.fixture
async def serving():
    servers = []

    async def start(watched=None, **routes):
        server = Web(LOOPBACK, 0, watched or Watched())
        for name, handler in routes.items():
            server.add("POST", f"/{name}", handler)
        await server.start()
        servers.append(server)
        return Serving(server, session)

    async with aiohttp.ClientSession() as session:
        yield start
        for server in servers:
            await server.stop()


@pytest.mark.parametrize(("path", "state"), [("/healthz", "healthy"), ("/readyz", "readiness")])
async def test_what_is_told_is_200_when_well_and_503_when_not(serving, path, state):
    watched = Watched()
    served = await serving(watched)
    assert await served.get(path) == (200, '{"ok": true}')
    bad = {"ok": False, "reasons": ["The database cannot be reached."]}
    setattr(watched, state, bad)
    status, body = await served.get(path)
    assert (status, json.loads(body)) == (503, bad)
    setattr(watched, state, OSError("unreadable"))
    status, body = await served.get(path)
    assert (status, json.loads(body)) == (503, {"ok": False, "fault": "OSError"})


async def test_figures_are_served_as_they_are(serving):
    served = await serving()
    async with served.session.get(f"{served.server.address}/metrics") as response:
        assert response.headers["Content-Type"] == "text/plain; version=0.0.4"
        assert await response.read() == b"herons 3\n"


async def test_added_paths_are_served_and_others_are_not(serving):
    async def echo(request):
        return web.Response(body=await request.read())

    served = await serving(echo=echo)
    assert await served.send("POST", "/echo", data=b"heron") == (200, "heron")
    assert (await served.get("/echo"))[0] == 405
    assert (await served.get("/nothing"))[0] == 404


async def test_a_body_over_the_limit_is_refused(serving):
    async def echo(request):
        return web.Response(text=str(len(await request.read())))

    served = await serving(echo=echo)
    assert await served.send("POST", "/echo", data=b"x" * (MOST_BYTES // 2)) == (200, str(MOST_BYTES // 2))
    assert (await served.send("POST", "/echo", data=b"x" * (MOST_BYTES + 1)))[0] == 413


async def test_a_port_in_use_is_told_in_a_sentence(serving):
    port = int((await serving()).server.address.rpartition(":")[2])

    second = Web(LOOPBACK, port, Watched())
    with pytest.raises(SidelinesError, match=f"cannot listen on {LOOPBACK} port {port}.*SIDELINES_WEB_PORT"):
        await second.start()
    await second.stop()


async def test_a_stopped_server_answers_nobody(serving):
    served = await serving()
    address = served.server.address
    await served.server.stop()
    with pytest.raises(aiohttp.ClientConnectorError):
        await served.session.get(f"{address}/healthz")
    with pytest.raises(RuntimeError, match="not running"):
        _ = served.server.address
