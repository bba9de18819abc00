"""Fetching politely: one request at a time to a host, several hosts at once, and a turn that is always given back."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from briefings.errors import FetchError
from briefings.fetch import Asking, Fetcher
from tests.servers.web import Reply, WebServer, redirect

BODY = b"<p>The delegates met behind the sidelines on Tuesday.</p>"
PAGE = Reply(BODY)
HERE = frozenset({"127.0.0.1", "a.example", "b.example", "c.example"})


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        server.serve("/page", PAGE)
        yield server


def opened(**more: Any) -> Fetcher:
    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    return Fetcher(Asking(**{"limit": 100_000, "allow_hosts": HERE, "gap": 0, "timeout": 20, **more}), resolve=resolve)


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not reached():  # noqa: ASYNC110 - whatever is waited for, the server counts it
            await asyncio.sleep(0)


async def test_one_host_gets_one_request_at_a_time_with_a_pause_after_each(web: WebServer) -> None:
    gap = 0.05
    async with opened(gap=gap) as fetcher:
        web.serve("/moved", redirect("/page"))
        paths = ["/page", "/missing", "/moved", "/page"]
        await asyncio.gather(*(fetcher.fetch(web.url(path)) for path in paths), return_exceptions=True)
    assert len(web.asked) == 5
    assert web.most_at_once == 1
    ends = [asked.ended or 0 for asked in web.asked]
    assert all(later.began - end >= gap * 0.9 for later, end in zip(web.asked[1:], ends, strict=False))


async def test_several_hosts_are_asked_at_once_but_not_too_many(web: WebServer) -> None:
    free = asyncio.Event()
    web.serve("/", Reply(BODY, until=free))
    async with opened(at_once=2) as fetcher:
        tasks = [asyncio.create_task(fetcher.fetch(web.url("/", host=f"{name}.example"))) for name in "abcab"]
        await until(lambda: web.at_once == 2)
        for _ in range(100):  # as many steps as a third would need to come
            await asyncio.sleep(0)
        free.set()
        await asyncio.gather(*tasks)
    assert len(web.asked) == 5
    assert web.most_at_once == 2


async def test_who_waits_for_a_slow_host_takes_no_place_from_others(web: WebServer) -> None:
    free = asyncio.Event()
    web.serve("/slow", Reply(BODY, until=free))
    async with opened(at_once=2) as fetcher:
        slow = [asyncio.create_task(fetcher.fetch(web.url("/slow", host="a.example"))) for _ in range(4)]
        await until(lambda: len(web.asked) == 1)
        assert (await fetcher.fetch(web.url("/page", host="b.example"))).body == BODY
        free.set()
        assert {(await task).body for task in slow} == {BODY}


@pytest.mark.parametrize(
    "reply", [Reply(silent=True), Reply(drip_headers=0.01), Reply(endless=True), Reply(BODY, drip=0.01)]
)
async def test_giving_up_frees_the_host(web: WebServer, reply: Reply) -> None:
    web.serve("/bad", reply)
    async with opened(at_once=1, limit=10**12) as fetcher:
        under_way, waiting = (asyncio.create_task(fetcher.fetch(web.url("/bad"))) for _ in range(2))
        await until(lambda: len(web.asked) == 1)
        waiting.cancel()
        under_way.cancel()
        assert [type(found) for found in await asyncio.gather(under_way, waiting, return_exceptions=True)] == [
            asyncio.CancelledError,
            asyncio.CancelledError,
        ]
        assert (await fetcher.fetch(web.url("/page"))).body == BODY
    assert [asked.path for asked in web.asked] == ["/bad", "/page"]


async def test_giving_up_a_look_up_frees_the_place(web: WebServer) -> None:
    looking = asyncio.Event()

    async def resolve(host: str, port: int) -> list[str]:
        if host == "a.example":
            looking.set()
            await asyncio.Event().wait()
        return ["127.0.0.1"]

    async with Fetcher(Asking(limit=100_000, allow_hosts=HERE, gap=0, at_once=1), resolve=resolve) as fetcher:
        under_way = asyncio.create_task(fetcher.fetch(web.url("/page", host="a.example")))
        await looking.wait()
        under_way.cancel()
        assert (await fetcher.fetch(web.url("/page", host="b.example"))).body == BODY
        assert under_way.cancelled()


async def test_after_any_failure_the_host_can_be_asked_again(web: WebServer) -> None:
    bad = [Reply(stop_after=0), Reply(bomb=10_000_000), Reply(status=500), redirect("/it"), Reply(silent=True)]
    web.serve("/bad", *bad, PAGE)
    web.serve("/it", redirect("/it"))
    async with opened(timeout=0.5, at_once=1) as fetcher:
        for _ in bad:
            with pytest.raises(FetchError):
                await fetcher.fetch(web.url("/bad"))
        assert (await fetcher.fetch(web.url("/bad"))).body == BODY


async def test_closing_leaves_no_connection_open(web: WebServer) -> None:
    async with opened() as fetcher:
        for name in "abc":
            await fetcher.fetch(web.url("/page", host=f"{name}.example"))
        assert web.lines == 3
    await until(lambda: web.lines == 0)


async def test_a_connection_that_the_server_closed_is_not_used_again(web: WebServer) -> None:
    web.serve("/once", Reply(BODY, headers={"Connection": "close"}))
    async with opened() as fetcher:
        for _ in range(3):
            assert (await fetcher.fetch(web.url("/once"))).body == BODY
