"""Fetch what a web address shows: politely, within bounds, and never from a private network (`addresses`).

One request at a time goes to a host, with a pause after each. What the server said of an earlier answer is sent along,
so that unchanged news cost it and us next to nothing. Proxies named in the environment are not used.
"""

import asyncio
import random
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from hashlib import blake2b
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.metadata import PackageNotFoundError, version
from typing import Literal, NamedTuple, Self
from weakref import WeakValueDictionary

import httpcore
import httpx
from msgspec import Struct
from msgspec.structs import replace

from briefings.addresses import Guard, Resolve, Transport
from briefings.errors import FetchError
from briefings.headers import fresh_for, retry_after, validator

REDIRECTS = 5
"""Redirects that are followed, each checked like the first address."""

CONNECT = 10.0
"""Seconds for one connection."""

STEP = 20.0
"""Seconds for the next bytes to come."""

_LASTING = {301, 308}
_READABLE = ("xml", "json", "/octet-stream")
_ACCEPT = {
    "page": "text/html, application/xhtml+xml, text/*;q=0.9, */*;q=0.1",
    "feed": "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5",
}

_WAY_OUT = {
    "page": "save the page and add the file",
    "feed": "look for another address of it, or save its articles and add the files",
}
_ITS_END = "open it in a browser and give the address it ends at"
_SHORTER = {"page": "save the article alone and add that", "feed": "look for a shorter feed of the same site"}


Accept = Literal["page", "feed"]


class Asking(Struct, frozen=True, kw_only=True):
    """How the web is asked. `limit` is the most bytes of an answer, `timeout` and `gap` are seconds.

    `allow_hosts` are the host names and addresses that may be private. `contact` is told to every site. `at_once`
    counts hosts. `timeout` is for an answer with all its redirects, waiting for the host's turn apart; `gap` lies
    between two requests to one host.
    """

    limit: int
    allow_hosts: frozenset[str] = frozenset()
    contact: str = ""
    timeout: float = 30.0
    at_once: int = 8
    gap: float = 1.0


class Fetched(Struct, frozen=True, kw_only=True):
    """What an address gave: `url` after redirects, `body` unpacked, `content_type` as sent, or empty.

    `moved_to` is where to ask from now on, when all redirects on the way were for ever. `not_modified`: the server says
    that nothing changed, and there is no body. `digest` is of the body. `fresh_for` is for how long the server says
    that nothing will.
    """

    url: str
    moved_to: str | None = None
    not_modified: bool = False
    body: bytes = b""
    content_type: str = ""
    etag: str | None = None
    last_modified: str | None = None
    digest: str = ""
    fresh_for: timedelta | None = None


class _Wanted(NamedTuple):
    """What one fetch is for, the same at every redirect."""

    accept: Accept
    limit: int
    etag: str | None
    last_modified: str | None

    @property
    def headers(self) -> dict[str, str]:
        known = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {"Accept": _ACCEPT[self.accept], **{name: value for name, value in known.items() if value}}


class _Redirect(NamedTuple):
    to: httpx.URL
    lasting: bool


class Fetcher:
    """Fetches for the whole process; `resolve` gives the addresses of a host where it is not the system's to say.

    `limited` is called whenever a host refuses a request as too fast.
    """

    def __init__(
        self, asking: Asking, *, resolve: Resolve | None = None, limited: Callable[[], object] = lambda: None
    ) -> None:
        self._asking = asking
        self._limited = limited
        self._guard = Guard(asking.allow_hosts, resolve=resolve)
        self._client = httpx.AsyncClient(
            transport=Transport(self._guard, asking.at_once),
            headers={"User-Agent": _name(asking.contact), "Accept-Encoding": "gzip"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            timeout=httpx.Timeout(STEP, connect=CONNECT, pool=None),
            trust_env=False,
        )
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._places = asyncio.Semaphore(asking.at_once)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def fetch(
        self,
        url: str,
        *,
        accept: Accept = "page",
        etag: str | None = None,
        last_modified: str | None = None,
        limit: int | None = None,
    ) -> Fetched:
        """What this http or https address shows. Raises FetchError, with what to do about it.

        `etag` and `last_modified` are of what is already known; only with one of them is "not modified" an answer.
        """
        wanted = _Wanted(accept, self._asking.limit if limit is None else limit, etag, last_modified)
        try:
            if any(character.isspace() for character in url.strip()):
                raise httpx.InvalidURL("white space")
            return await self._follow(httpx.URL(url.strip()), wanted)
        except (httpx.InvalidURL, ValueError):
            raise FetchError("This is no web address; check how it is written.") from None

    async def _follow(self, url: httpx.URL, wanted: _Wanted) -> Fetched:
        """What is at the end of all redirects, each of which waits for its host's turn."""
        clock = asyncio.get_running_loop().time
        left = self._asking.timeout
        target = url.copy_with(fragment=None)
        asked: set[httpx.URL] = set()
        lasting = True
        while target not in asked and len(asked) <= REDIRECTS:
            asked.add(target)
            self._guard.check(target)
            async with self._turn(target.host), self._places:
                begun = clock()
                found = await self._ask(target, wanted, left)
                left -= clock() - begun
            if isinstance(found, Fetched):
                return replace(found, moved_to=found.url if lasting and len(asked) > 1 else None)
            target = found.to
            lasting = lasting and found.lasting
        how = "in a circle" if target in asked else f"more than {REDIRECTS} times"
        raise FetchError(f"It redirects {how}; {_ITS_END}.")

    @asynccontextmanager
    async def _turn(self, host: str) -> AsyncIterator[None]:
        """One request at a time to a host, and a pause after it, never quite the same."""
        turn = self._turns.setdefault(host, asyncio.Lock())
        await turn.acquire()
        try:
            yield
        finally:
            # The timer alone keeps the lock of a host that nobody waits for, so that old hosts are forgotten.
            pause = self._asking.gap * random.uniform(1, 1.5)  # noqa: S311 - no secret
            asyncio.get_running_loop().call_later(pause, turn.release)

    async def _ask(self, url: httpx.URL, wanted: _Wanted, seconds: float) -> Fetched | _Redirect:
        """One request and its answer."""
        try:
            async with asyncio.timeout(seconds), self._client.stream("GET", url, headers=wanted.headers) as response:
                if response.status_code == 429:
                    self._limited()
                return await _taken(url, response, wanted)
        except (TimeoutError, httpcore.TimeoutException):
            raise FetchError(f"The answer took too long; try again later, or {_WAY_OUT[wanted.accept]}.") from None
        except httpcore.ConnectError as error:
            if "CERTIFICATE" in str(error):
                raise FetchError(f"The certificate of {url.host} is not valid; {_WAY_OUT[wanted.accept]}.") from error
            raise FetchError(f"{url.host} cannot be reached; check the address, or try again later.") from error
        except (httpx.RemoteProtocolError, httpx.InvalidURL, ValueError) as error:
            raise FetchError(f"{url.host} redirects to what is no web address; {_ITS_END}.") from error
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise FetchError(f"{url.host} broke off or garbled its answer; try again later.") from error


async def _taken(url: httpx.URL, response: httpx.Response, wanted: _Wanted) -> Fetched | _Redirect:
    """What an answer means."""
    status, headers = response.status_code, response.headers
    if response.next_request:
        return _Redirect(response.next_request.url.copy_with(fragment=None), status in _LASTING)
    unchanged = status == 304 and bool(wanted.etag or wanted.last_modified)
    if status != 200 and not unchanged:
        raise _refusal(url.host, status, headers, wanted.accept)
    sent = headers.get("content-type", "")
    kind = sent.partition(";")[0].strip().lower()
    if wanted.accept == "page" and kind and not (kind.startswith("text/") or kind.endswith(_READABLE)):
        raise FetchError(f"It is no page but {kind[:40]}; give the address of the article itself.")
    body = await _body(response, wanted)
    if not body.strip() and not unchanged:
        raise FetchError(f"The {wanted.accept} is empty; check the address.")
    return Fetched(
        url=str(url),
        not_modified=unchanged,
        body=body,
        content_type=sent,
        etag=validator(headers, "etag") or (wanted.etag if unchanged else None),
        last_modified=validator(headers, "last-modified") or (wanted.last_modified if unchanged else None),
        digest=blake2b(body, digest_size=20).hexdigest() if body else "",
        fresh_for=fresh_for(headers),
    )


async def _body(response: httpx.Response, wanted: _Wanted) -> bytes:
    """The body, unpacked no further than the limit: a thousandth of it may be all that is sent."""
    what, limit = wanted.accept, wanted.limit
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", "x-gzip", "deflate", ""}:
        raise FetchError(f"The {what} is packed as {encoding[:20]}, unasked; {_WAY_OUT[what]}.")
    unpack = None if encoding in {"identity", ""} else zlib.decompressobj(zlib.MAX_WBITS | 32)
    body = bytearray()
    sent = 0
    async for chunk in response.aiter_raw():
        sent += len(chunk)
        try:
            body += unpack.decompress(chunk, limit + 1 - len(body)) if unpack else chunk
        except zlib.error:
            raise FetchError(f"The {what} arrived damaged; try again later.") from None
        if len(body) > limit or sent > limit:
            raise FetchError(f"The {what} has more than the {limit:,} bytes allowed; {_SHORTER[what]}.")
    if unpack and sent and not unpack.eof:
        raise FetchError(f"The {what} arrived incomplete; try again later.")
    return bytes(body)


def _refusal(host: str, status: int, headers: httpx.Headers, what: Accept) -> FetchError:
    """The error for an answer that gives nothing to read."""
    words = f"{host} answered with status {status}; check the address, or try again later."
    if status == 404:
        words = f"There is no such {what} at {host} (status 404); check the address."
    elif status == 410:
        words = f"The {what} at {host} is gone for good (status 410); look for its new address."
    elif status in {401, 402, 403, 451}:
        words = f"{host} does not let it be read (status {status}); {_WAY_OUT[what]}."
    elif status == 429:
        words = f"{host} asks for fewer requests (status 429); try again later."
    elif status >= 500:
        words = f"{host} has trouble of its own (status {status}); try again later."
    return FetchError(words, status=status, retry_after=retry_after(headers))


def _name(contact: str) -> str:
    try:
        number = version("sidelines")
    except PackageNotFoundError:
        number = "0"
    reach = "".join(character for character in contact.strip() if " " <= character <= "~")
    return f"Sidelines/{number} (+{reach})" if reach else f"Sidelines/{number}"
