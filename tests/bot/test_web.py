"""The web server: health for whoever watches, paths for connectors, and bounds on what is taken."""

import json

import aiohttp
import pytest
from aiohttp import web

from bot.web import MOST_BYTES, Web
from briefings.errors import SidelinesError

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

    async def start(health=None, **routes):
        async def well():
            return {"ok": True}

        server = Web(LOOPBACK, 0, health or well)
        for name, handler in routes.items():
            server.add("POST", f"/{name}", handler)
        await server.start()
        servers.append(server)
        return Serving(server, session)

    async with aiohttp.ClientSession() as session:
        yield start
        for server in servers:
            await server.stop()


async def test_health_is_200_when_well_and_503_when_not(serving):
    state = {"ok": True, "overdue_seconds": 0}

    async def health():
        return state

    served = await serving(health)
    assert await served.get("/healthz") == (200, json.dumps(state))
    state = {"ok": False, "overdue_seconds": 900}
    status, body = await served.get("/healthz")
    assert (status, json.loads(body)) == (503, state)


async def test_health_that_cannot_be_told_is_503_too(serving):
    async def health():
        raise OSError("unreadable")

    status, body = await (await serving(health)).get("/healthz")
    assert (status, json.loads(body)) == (503, {"ok": False, "fault": "OSError"})


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

    async def well():
        return {"ok": True}

    second = Web(LOOPBACK, port, well)
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
