"""A web server on this machine that does as it is told, well or badly.

    async with WebServer() as web:                     # `with WebServer() as web:` where nothing else is asynchronous
        web.serve("/feed.xml", Reply(FEED, etag='"1"'))            # the same each time; 304 to its own validators
        web.serve("/news", Reply(status=500), Reply(PAGE))         # one after the other, the last one from then on
        web.serve("/old", redirect("/feed.xml", 301))
        web.serve("/odd", lambda asked: Reply(asked.headers["user-agent"].encode()))     # or decide by the request
        ...                                            # ask for web.url("/feed.xml"); unknown paths get a 404
        web.asked, web.asked_for("/feed.xml")          # every request: .path .headers (lower case) .began .ended

Trouble, each an argument of `Reply`: `headers={"Retry-After": "60"}`, `packed=True` (gzip), `bomb=50_000_000` (so many
bytes of nothing, packed), `endless=True`, `stop_after=10` (the line is cut after so many bytes of the body),
`drip=0.05` (a byte each so many seconds), `drip_headers=0.05` (a header line each so many seconds, for ever),
`silent=True` (no answer at all), `until=event` (an asyncio.Event of the server's loop: the answer waits for it).
`web.most_at_once` is how many requests were ever in work together, `web.lines` how many connections are open.
"""

import asyncio
import gzip
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Self
from urllib.parse import urlsplit

CHUNK = b"<p>And so on, and so on.</p>\n" * 1000


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer, or one way to spoil it; the module's docstring has the meanings."""

    body: bytes = field(default=b"", kw_only=False)
    status: int = 200
    type: str | None = "text/html; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: str | None = None
    last_modified: str | None = None
    packed: bool = False
    bomb: int = 0
    endless: bool = False
    stop_after: int | None = None
    drip: float = 0
    drip_headers: float = 0
    silent: bool = False
    until: asyncio.Event | None = None


def redirect(to: str, status: int = 302) -> Reply:
    """An answer that sends on to another address, which may be relative."""
    return Reply(status=status, headers={"Location": to})


@dataclass
class Asked:
    """A request as it came. Times are of `time.monotonic`; `ended` is None while the answer is under way."""

    path: str
    headers: dict[str, str]
    began: float
    ended: float | None = None


Script = Reply | Callable[[Asked], Reply]


class WebServer:
    """The server; `port` is known once it runs."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.port = 0
        self.at_once = 0
        self.most_at_once = 0
        self._scripts: dict[str, list[Script]] = {}
        self._lines: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        """The address of a path, by any name that leads here."""
        return f"http://{host}:{self.port}{path}"

    def serve(self, path: str, *replies: Script) -> None:
        """What the path answers from now on: the replies in turn, then the last one again and again."""
        self._scripts[path] = list(replies)

    def asked_for(self, path: str) -> list[Asked]:
        """The requests for a path so far."""
        return [asked for asked in self.asked if asked.path == path]

    @property
    def lines(self) -> int:
        """How many connections are open."""
        return len(self._lines)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._line, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server
        self._server.close()
        for line in list(self._lines):
            line.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)

    def __enter__(self) -> Self:
        ready = threading.Event()

        async def run() -> None:
            async with self:
                self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
                ready.set()
                await self._stop.wait()

        self._thread = threading.Thread(target=asyncio.run, args=(run(),), daemon=True)
        self._thread.start()
        ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._loop
        assert self._stop
        assert self._thread
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def _line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, for as many requests as come on it."""
        task = asyncio.current_task()
        assert task
        self._lines.add(task)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                if not await self._answer(_request(head), writer):
                    break
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._lines.discard(task)
            writer.close()

    async def _answer(self, asked: Asked, writer: asyncio.StreamWriter) -> bool:
        """Answer, and tell whether the line stays open."""
        self.asked.append(asked)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self._send(self._reply(asked), asked, writer)
        finally:
            self.at_once -= 1
            asked.ended = time.monotonic()

    def _reply(self, asked: Asked) -> Reply:
        script = self._scripts.get(asked.path)
        if not script:
            return Reply(b"There is no such page.", status=404)
        found = script.pop(0) if len(script) > 1 else script[0]
        reply = found if isinstance(found, Reply) else found(asked)
        known = {asked.headers.get("if-none-match"), asked.headers.get("if-modified-since")} - {None}
        if known & {reply.etag, reply.last_modified}:
            return Reply(status=304, type=None, headers=reply.headers, etag=reply.etag, until=reply.until)
        return reply

    async def _send(self, reply: Reply, asked: Asked, writer: asyncio.StreamWriter) -> bool:
        if reply.until:
            await reply.until.wait()
        if reply.silent:
            await asyncio.Event().wait()
        body = _bomb(reply.bomb) if reply.bomb else gzip.compress(reply.body) if reply.packed else reply.body
        writer.write(_head(reply, len(body)))
        while reply.drip_headers:
            writer.write(b"X-More: more\r\n")
            await writer.drain()
            await asyncio.sleep(reply.drip_headers)
        writer.write(b"\r\n")
        while reply.endless:
            writer.write(CHUNK)
            await writer.drain()
        if reply.stop_after is not None:
            writer.write(body[: reply.stop_after])
            await writer.drain()
            return False
        for start in range(0, len(body), 1) if reply.drip else ():
            writer.write(body[start : start + 1])
            await writer.drain()
            await asyncio.sleep(reply.drip)
        if not reply.drip:
            writer.write(body)
        await writer.drain()
        return asked.headers.get("connection", "").lower() != "close"


def _request(head: bytes) -> Asked:
    first, *lines = head.decode("latin-1").split("\r\n")
    target = urlsplit(first.split(" ")[1])
    path = f"{target.path}?{target.query}" if target.query else target.path
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
    }
    return Asked(path, headers, time.monotonic())


def _head(reply: Reply, length: int) -> bytes:
    given = {
        "Content-Type": reply.type,
        "Content-Encoding": "gzip" if reply.packed or reply.bomb else None,
        "Content-Length": None if reply.endless or reply.status == 304 else str(length),
        "Connection": "close" if reply.endless else None,
        "ETag": reply.etag,
        "Last-Modified": reply.last_modified,
        **reply.headers,
    }
    lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in given.items() if value is not None]
    return ("\r\n".join(lines) + "\r\n").encode("latin-1")


def _bomb(size: int) -> bytes:
    """So many zero bytes, packed into about a thousandth of that, without holding them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    block = bytes(100_000)
    packed = b"".join(packer.compress(block[: min(len(block), size - at)]) for at in range(0, size, len(block)))
    return packed + packer.flush()
