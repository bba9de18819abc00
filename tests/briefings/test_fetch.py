"""Fetching: what an address gives, politely and within bounds, whatever the server does."""

import asyncio
import socket
import threading
import tracemalloc
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from briefings.errors import FetchError
from briefings.fetch import REDIRECTS, Asking, Fetched, Fetcher
from tests.servers.web import Asked, Reply, Script, WebServer, redirect

LIMIT = 100_000
HERE = frozenset({"127.0.0.1", "bücher.example"})
BODY = b"<html><body><p>The delegates met behind the sidelines on Tuesday.</p></body></html>"
PAGE = Reply(BODY)
FEED = Reply(BODY, type="application/rss+xml", etag='"7"', last_modified="Tue, 03 Nov 2026 09:00:00 GMT")


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        server.serve("/page", PAGE)
        server.serve("/feed", FEED)
        yield server


async def here(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def opened(**more: Any) -> Fetcher:
    return Fetcher(Asking(**{"limit": LIMIT, "allow_hosts": HERE, "gap": 0, "timeout": 20, **more}), resolve=here)


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with opened() as fetcher:
        yield fetcher


async def got(web: WebServer, reply: Script, *, asking: dict[str, Any] | None = None, **more: Any) -> Fetched:
    """What a fetcher of its own makes of this answer."""
    web.serve("/it", reply)
    async with opened(**asking or {}) as fetcher:
        return await fetcher.fetch(web.url("/it"), **more)


async def test_a_page_is_given_as_sent(web: WebServer) -> None:
    fetched = await got(web, PAGE)
    assert (fetched.body, fetched.url) == (BODY, web.url("/it"))
    assert fetched.content_type == "text/html; charset=utf-8"
    assert (fetched.moved_to, fetched.not_modified, fetched.etag, fetched.fresh_for) == (None, False, None, None)


@pytest.mark.parametrize("reply", [Reply(BODY, packed=True), Reply(BODY, type=None), Reply(BODY, type="text/plain")])
async def test_a_page_is_given_unpacked_and_whatever_text_it_is(web: WebServer, reply: Reply) -> None:
    assert (await got(web, reply)).body == BODY


async def test_it_says_who_asks_and_no_more(web: WebServer) -> None:
    web.serve("/page", Reply(BODY, headers={"Set-Cookie": "seen=1; Path=/"}))
    async with opened(contact=" https://news.example/böt\r\nX: y ") as fetcher:
        await fetcher.fetch(f"  {web.url('/page')}#part ")
        await fetcher.fetch(web.url("/page"))
    for asked in web.asked_for("/page"):
        assert asked.headers["user-agent"].startswith("Sidelines/")
        assert asked.headers["user-agent"].endswith(" (+https://news.example/btX: y)")
        assert asked.headers["host"] == f"127.0.0.1:{web.port}"
        assert asked.headers["accept"].startswith("text/html")
        assert asked.headers.keys() == {"host", "user-agent", "accept", "accept-encoding", "connection"}


async def test_a_host_in_another_script_is_asked_by_its_ascii_name(web: WebServer, fetcher: Fetcher) -> None:
    fetched = await fetcher.fetch(web.url("/page", host="bücher.example"))
    assert fetched.url == web.url("/page", host="xn--bcher-kva.example")
    assert web.asked[0].headers["host"] == f"xn--bcher-kva.example:{web.port}"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://news.example/a", "file:///etc/passwd", "gopher://news.example/", "news.example", "", "http://", "https:///a",
        "http://news.example:0/", "http://news.example:99999/", "http://news example/", "http://[::1/", "http://news.example/\n/",
        "javascript:alert(1)", "//news.example/", "http://xn--a/",
        "http://news.example/" + "a" * 70_000,
    ],
)  # fmt: skip
async def test_what_is_no_web_address_is_refused_without_asking(fetcher: Fetcher, url: str) -> None:
    with pytest.raises(FetchError, match=r"no web address|Only http and https|no port of the web"):
        await fetcher.fetch(url)


# Conditional requests


@pytest.mark.parametrize("known", [{"etag": '"7"'}, {"last_modified": FEED.last_modified}])
async def test_what_did_not_change_is_not_sent_again(
    web: WebServer, fetcher: Fetcher, known: dict[str, str | None]
) -> None:
    first = await fetcher.fetch(web.url("/feed"), accept="feed")
    assert (first.etag, first.last_modified) == (FEED.etag, FEED.last_modified)
    again = await fetcher.fetch(web.url("/feed"), accept="feed", **known)  # type: ignore[arg-type]
    assert (again.not_modified, again.body, again.digest) == (True, b"", "")
    assert {"etag": again.etag, "last_modified": again.last_modified}.items() >= known.items()
    assert web.lines == 1


async def test_the_same_body_has_the_same_digest(web: WebServer) -> None:
    digests = [(await got(web, reply)).digest for reply in (PAGE, Reply(BODY, packed=True), Reply(BODY + b" "))]
    assert digests[0] == digests[1] != digests[2]


async def test_unchanged_is_no_answer_to_who_knows_nothing(web: WebServer) -> None:
    with pytest.raises(FetchError, match="status 304") as refused:
        await got(web, Reply(status=304, type=None))
    assert refused.value.status == 304


async def test_a_mark_that_cannot_be_sent_back_is_not_kept(web: WebServer) -> None:
    fetched = await got(web, Reply(BODY, etag='"Zürich"', last_modified="x" * 2000))
    assert (fetched.etag, fetched.last_modified) == (None, None)


async def test_it_is_told_how_long_an_answer_stays_good(web: WebServer) -> None:
    headers = {"Cache-Control": "public, max-age=600", "Expires": "0"}
    assert (await got(web, Reply(BODY, headers=headers))).fresh_for == timedelta(minutes=10)
    assert (await got(web, Reply(BODY, etag="1", headers=headers), etag="1")).fresh_for == timedelta(minutes=10)


# Redirects


@pytest.mark.parametrize(
    ("statuses", "lasting"),
    [([301], True), ([308, 301], True), ([302], False), ([303], False), ([307], False), ([301, 302], False),
     ([302, 301], False), ([301] * REDIRECTS, True)],
)  # fmt: skip
async def test_only_redirects_that_all_last_are_to_be_remembered(
    web: WebServer, fetcher: Fetcher, statuses: list[int], lasting: bool
) -> None:
    for number, status in enumerate(statuses):
        web.serve(f"/{number}", redirect(f"/{number + 1}#part", status))
    web.serve(f"/{len(statuses)}", FEED)
    end = web.url(f"/{len(statuses)}")
    for known in (None, FEED.etag):
        fetched = await fetcher.fetch(web.url("/0"), accept="feed", etag=known)
        assert (fetched.url, fetched.moved_to) == (end, end if lasting else None)
        assert fetched.not_modified is bool(known)


@pytest.mark.parametrize("to", ["page", "/page", "//127.0.0.1:{port}/page", "?page", "../page", "./a/../page"])
async def test_a_relative_redirect_starts_from_where_it_stands(web: WebServer, fetcher: Fetcher, to: str) -> None:
    web.serve("/old", redirect(to.format(port=web.port)))
    web.serve("/old?page", PAGE)
    assert (await fetcher.fetch(web.url("/old"))).body == BODY


async def test_a_redirect_is_followed_without_its_own_body(web: WebServer, fetcher: Fetcher) -> None:
    web.serve("/old", Reply(status=302, headers={"Location": "/page"}, endless=True))
    assert (await fetcher.fetch(web.url("/old"))).body == BODY


@pytest.mark.parametrize("status", [301, 302, 308])
async def test_a_circle_of_redirects_ends(web: WebServer, fetcher: Fetcher, status: int) -> None:
    web.serve("/a", redirect("/b", status))
    web.serve("/b", redirect("/a#again", status))
    with pytest.raises(FetchError, match="in a circle"):
        await fetcher.fetch(web.url("/a"))
    assert [asked.path for asked in web.asked] == ["/a", "/b"]


async def test_redirects_without_end_end(web: WebServer, fetcher: Fetcher) -> None:
    for number in range(REDIRECTS + 2):
        web.serve(f"/{number}", redirect(f"/{number + 1}"))
    with pytest.raises(FetchError, match=f"more than {REDIRECTS} times"):
        await fetcher.fetch(web.url("/0"))
    assert len(web.asked) == REDIRECTS + 1


# What is refused


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(b"a" * (LIMIT + 1)), "more than the 100,000 bytes"),
        (Reply(bomb=10_000_000), "more than the 100,000 bytes"),
        (Reply(endless=True), "more than the 100,000 bytes"),
        (Reply(BODY, headers={"Content-Encoding": "gzip, gzip"}), "packed as gzip, gzip"),
        (Reply(BODY, headers={"Content-Encoding": "br"}), "packed as br"),
        (Reply(BODY, headers={"Content-Encoding": "gzip"}), "damaged"),
        (Reply(BODY, packed=True, stop_after=20), "broke off"),
        (Reply(BODY, stop_after=20), "broke off"),
        (Reply(BODY, stop_after=0), "broke off"),
        (Reply(b" \n"), "empty"),
        (Reply(b"", packed=True), "empty"),
        (Reply(BODY, headers={"Bad header": "x"}), "garbled"),
        (Reply(BODY, headers={"X-Long": "x" * 200_000}), "garbled"),
        (redirect("http://[/"), "no web address"),
        (redirect(":http://0x]"), "redirects to what is no web address"),
        (redirect("http://a:b:c/"), "redirects to what is no web address"),
        (redirect("http://☃.example/".encode().decode("latin-1")), "redirects to what is no web address"),
        (redirect("http://xn--a/"), "no web address"),
        (redirect("http://me:secret@127.0.0.1/"), "name or password"),
        (redirect("file:///etc/passwd"), "Only http and https"),
        (Reply(status=301), "status 301"),
    ],
)
@pytest.mark.parametrize("accept", ["page", "feed"])
async def test_a_bad_answer_is_refused_in_a_sentence(web: WebServer, reply: Reply, words: str, accept: str) -> None:
    with pytest.raises(FetchError, match=words) as refused:
        await got(web, reply, accept=accept)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "does not let"), (402, "does not let"), (403, "does not let"), (404, "no such"), (410, "gone for good"),
     (418, "status 418"), (429, "fewer requests"), (451, "does not let"), (500, "trouble"), (503, "trouble"),
     (204, "status 204"), (206, "status 206"), (304, "status 304")],
)  # fmt: skip
async def test_a_status_is_told_with_the_next_step(web: WebServer, status: int, words: str) -> None:
    with pytest.raises(FetchError, match=words) as refused:
        await got(web, Reply(BODY, status=status, headers={"Retry-After": "120"}), accept="feed")
    assert f"(status {status}); " in str(refused.value) or f"status {status}; " in str(refused.value)
    assert (refused.value.status, refused.value.retry_after) == (status, timedelta(minutes=2))


async def test_an_answer_that_was_cut_and_hides_it_is_noticed_by_its_packing(web: WebServer) -> None:
    packed = Reply(BODY, packed=True, stop_after=40, headers={"Content-Length": "40"})
    with pytest.raises(FetchError, match="incomplete"):
        await got(web, packed)


@pytest.mark.parametrize("kind", ["image/png", "application/pdf", "audio/mpeg"])
async def test_a_page_must_be_a_text_and_a_feed_may_be_called_anything(web: WebServer, kind: str) -> None:
    with pytest.raises(FetchError, match=f"no page but {kind}"):
        await got(web, Reply(BODY, type=kind))
    assert (await got(web, Reply(BODY, type=kind), accept="feed")).body == BODY


async def test_the_limit_is_of_this_fetch_when_it_names_one(web: WebServer) -> None:
    assert len((await got(web, Reply(b"a" * LIMIT))).body) == LIMIT
    assert len((await got(web, Reply(b"a" * (LIMIT + 1)), limit=LIMIT + 1)).body) == LIMIT + 1
    with pytest.raises(FetchError, match="more than the 10 bytes"):
        await got(web, PAGE, limit=10)


async def test_a_bomb_takes_no_more_memory_than_the_limit(web: WebServer, fetcher: Fetcher) -> None:
    web.serve("/bomb", Reply(bomb=50_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(FetchError, match="more than"):
            await fetcher.fetch(web.url("/bomb"))
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "reply",
    [Reply(silent=True), Reply(drip_headers=0.01), Reply(BODY * 100, drip=0.01)],
    ids=["silent", "headers", "body"],
)
async def test_an_answer_that_does_not_end_is_given_up(web: WebServer, reply: Reply) -> None:
    with pytest.raises(FetchError, match="too long"):
        await got(web, reply, asking={"timeout": 0.2})


async def test_all_redirects_share_the_time(web: WebServer) -> None:
    def late(asked: Asked) -> Reply:
        over = asyncio.Event()
        asyncio.get_running_loop().call_later(0.3, over.set)
        return Reply(BODY, until=over) if asked.path == "/end" else replace(redirect("/end"), until=over)

    web.serve("/end", late)
    with pytest.raises(FetchError, match="too long"):
        await got(web, late, asking={"timeout": 0.5})


async def test_a_look_up_that_hangs_is_given_up_and_holds_up_nobody(
    web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, over = socket.getaddrinfo, threading.Event()

    def look_up(host: Any, *args: Any, **more: Any) -> Any:
        if host == "127.0.0.1":
            return real(host, *args, **more)
        over.wait(20)
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    async with Fetcher(Asking(limit=LIMIT, allow_hosts=HERE, timeout=0.5)) as fetcher:
        hanging = asyncio.create_task(fetcher.fetch("http://news.example/"))
        assert (await fetcher.fetch(web.url("/page"))).body == BODY
        with pytest.raises(FetchError, match="too long"):
            await hanging
        over.set()


async def test_nobody_there_is_told(fetcher: Fetcher) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(FetchError, match=r"127\.0\.0\.1 cannot be reached"):
        await fetcher.fetch(f"http://127.0.0.1:{port}/")


async def test_a_proxy_of_the_environment_is_not_used(web: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert (await got(web, PAGE)).body == BODY
