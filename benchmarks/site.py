"""Sites for the benchmarks of polling: any number of hosts, each with one feed, in a process of their own.

    with serving() as port:     # http://feed-17.example:PORT/100 is a feed of 100 entries, for `look_up` to find

How a feed behaves is in its path, the words of `BEHAVIOUR` after the number of entries: /10/plain has no validators.
"""

import asyncio
import gzip
import multiprocessing
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.utils import format_datetime
from functools import cache, partial
from multiprocessing.connection import Connection
from random import Random
from xml.sax.saxutils import escape

import bot.app
import briefings.fetch
from briefings.fetch import Fetcher
from config.settings import Settings
from tests.servers.newsroom import NOON, WORDS

BEHAVIOUR = {
    "": "has an ETag and Last-Modified, and answers 304 to them",
    "plain": "has neither, so that its whole body comes each time",
    "busy": "lists a new entry each time it is asked",
    "broken": "answers 500",
    "gone": "answers 404",
    "silent": "takes the request and never answers",
}
FEEDS = 1_000
"""Numbers between the first entries of two feeds: more than any lists."""


async def look_up(_host: str, port: int) -> list[str]:
    """All hosts are here; asked in a thread, as names are."""
    return [str(found[4][0]) for found in await asyncio.get_running_loop().getaddrinfo("127.0.0.1", port)]


@contextmanager
def serving() -> Iterator[int]:
    """Serve as long as the context lasts; gives the port."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there,), daemon=True)
    process.start()
    there.close()
    try:
        yield here.recv()
    finally:
        process.kill()
        process.join()


def run() -> int:
    """Be the program, to which all hosts are here. In a module that imports little, as its memory is measured."""
    briefings.fetch.Fetcher = partial(Fetcher, resolve=look_up)  # type: ignore[assignment, misc]
    return bot.app.run(Settings.load(os.environ))


def body(feed: int, entries: int) -> bytes:
    """A full-text RSS feed, its newest entries first: 3 KiB each, with the markup that blogs put into them."""
    items = []
    for n in range(feed * FEEDS + entries - 1, feed * FEEDS - 1, -1):
        place, link = f"http://feed-{feed}.example", f"http://feed-{feed}.example/reports/{n}"
        fields = {
            "title": f"Report {n} from the {Random(n).choice(WORDS)}",
            "link": link,
            "guid": link,
            "dc:creator": "Kim Sample",
            "category": "Valley",
            "pubDate": format_datetime(NOON + timedelta(minutes=n % FEEDS)),
            "description": f"{_told(Random(n), 1)} [...]",
            "content:encoded": _text(Random(n), place),
        }
        items.append("".join(f"<{name}>{escape(value)}</{name}>\n" for name, value in fields.items()))
    spaces = " ".join(f'xmlns:{name}="http://purl.org/{where}/"' for name, where in _SPACES.items())
    told = "".join(f"<item>{item}</item>\n" for item in items)
    title = f"<title>Valley Post {feed}</title><link>http://feed-{feed}.example/</link>"
    return f'<?xml version="1.0"?><rss version="2.0" {spaces}><channel>{title}\n{told}</channel></rss>'.encode()


def _text(chance: Random, place: str) -> str:
    """A picture, a lead, two headed parts and a list, some words of which are links."""
    picture = f'<img src="{place}/{chance.random()}.jpg" alt="A view" width="800" height="600" class="size-large"/>'
    parts = [f'<figure class="wp-block-image">{picture}<figcaption>{_told(chance, 1)}</figcaption></figure>']
    for heading in ("", "What happened", "What comes next"):
        parts.append(f"<h3>{heading}</h3>" if heading else "")
        for _ in range(2):
            linked = f'<a href="{place}/{chance.choice(WORDS)}" rel="nofollow">{_told(chance, 1)}</a>'
            parts.append(f"<p>{_told(chance, 2)} {linked} <em>{_told(chance, 1)}</em></p>\n")
    parts.append(f"<ul>{''.join(f'<li>{_told(chance, 1)}</li>' for _ in range(3))}</ul>")
    return "".join(parts)


def _told(chance: Random, sentences: int) -> str:
    return " ".join(f"The {' '.join(chance.sample(WORDS, 11))}." for _ in range(sentences))


_SPACES = {"content": "rss/1.0/modules/content", "dc": "dc/elements/1.1"}


@cache
def _packed(feed: int, entries: int) -> bytes:
    return gzip.compress(body(feed, entries))


def _serve(ready: Connection) -> None:
    asked: Counter[int] = Counter()
    never = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = head.decode("latin-1").split("\r\n")
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
                feed = int(headers["host"].partition(".")[0].removeprefix("feed-"))
                entries, _, behaviour = first.split(" ")[1].strip("/").partition("/")
                asked[feed] += 1
                if behaviour == "silent":
                    await never.wait()
                writer.write(_answer(feed, int(entries), behaviour, asked[feed], headers.get("if-none-match")))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def serve() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=1000)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


def _answer(feed: int, entries: int, behaviour: str, times: int, known: str | None) -> bytes:
    if behaviour in ("broken", "gone"):
        status = "500 Internal Server Error" if behaviour == "broken" else "404 Not Found"
        return f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()
    if behaviour == "busy":
        entries += times - 1
    marks = f'ETag: "{entries}"\r\nLast-Modified: Mon, 02 Mar 2026 12:00:00 GMT\r\n'
    if behaviour == "plain":
        marks = ""
    if marks and known == f'"{entries}"':
        return f"HTTP/1.1 304 Not Modified\r\n{marks}\r\n".encode()
    sent = _packed(feed, entries)
    kind = "Content-Type: application/rss+xml\r\nContent-Encoding: gzip"
    return f"HTTP/1.1 200 OK\r\n{kind}\r\nContent-Length: {len(sent)}\r\n{marks}\r\n".encode() + sent
