"""Connections into the open internet only: what may be asked for, and the address a connection goes to.

An address comes from a person, a feed or a redirect, so it may point anywhere, a cloud's own metadata included. A host
is looked up once for a connection, all its addresses are checked, and the connection goes to one that was checked, so
that a name that changes its answer between two look-ups gains nothing.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import httpcore
import httpx

from briefings.errors import FetchError

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Gives all addresses of a host; raises OSError when it knows none."""

LOOK_UPS = 32
"""Hosts looked up at the same time; a look-up that hangs holds one place."""

KEPT = 4.0
"""Seconds for which an idle connection is kept: below the five after which common servers close theirs."""

LEAST_SHARE = 2.0
"""Seconds that each address of a host gets at least, when the first do not answer."""

_WEB_PORTS = {80, 443}
_RESERVED_PORTS = 1024
_NAT64 = ip_network("64:ff9b::/96")
_PUBLIC_IPV6 = ip_network("2000::/3")
# Special by the IANA registries, yet global to `ipaddress` in some Python releases; the IPv6 ones hide IPv4 in tunnels.
# The single address is what every machine in Azure reaches its host by.
_SPECIAL = tuple(
    ip_network(network)
    for network in (
        *("100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32"),
        *("2001::/23", "2002::/16", "3fff::/20"),
    )
)


def is_public(address: str) -> bool:
    """Whether this is an address of the open internet, also where it carries an IPv4 address within."""
    try:
        return _is_open(ip_address(address))
    except ValueError:
        return False


def _is_open(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return _is_open(address.ipv4_mapped)
        if address in _NAT64:
            return _is_open(IPv4Address(int(address) & 0xFFFFFFFF))
        if address.scope_id or address not in _PUBLIC_IPV6:
            return False
    if address.is_multicast or address.is_reserved or any(address in network for network in _SPECIAL):
        return False
    return address.is_global


class Guard(httpcore.AsyncNetworkBackend):
    """Makes connections for httpcore, to public addresses and to the hosts that the operator allows.

    What it refuses is a FetchError, which says what to do. Close it to let its look-ups go.
    """

    def __init__(self, allow_hosts: Iterable[str] = (), *, resolve: Resolve | None = None) -> None:
        self._allowed = frozenset(map(_plain, allow_hosts))
        self._threads = ThreadPoolExecutor(LOOK_UPS, thread_name_prefix="look-up")
        self._resolve = resolve or self._look_up
        self._wire = httpcore.AnyIOBackend()

    def close(self) -> None:
        """Wait for no look-up any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def check(self, url: httpx.URL) -> None:
        """Refuse what can be refused before any look-up: other schemes, passwords, ports that are none of the web."""
        if url.scheme not in {"http", "https"} or not url.host:
            raise FetchError("Only http and https addresses are fetched; save the page and add the file.")
        if url.userinfo:
            raise FetchError("Addresses with a name or password in them are not fetched; give it without.")
        if "%" in url.host:
            raise FetchError("This is no web address; check how it is written.")
        port = url.port if url.port is not None else 443 if url.scheme == "https" else 80
        free = _plain(url.host) in self._allowed
        if not 0 < port < 65536 or not (free or port in _WEB_PORTS or port >= _RESERVED_PORTS):
            raise FetchError(f"Port {port} is no port of the web; give the address without it.")

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to the first address of this host that takes one."""
        addresses = await self._checked(host, port)
        share = timeout and max(LEAST_SHARE, timeout / len(addresses))
        for address in addresses[:-1]:
            try:
                return await self._wire.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._wire.connect_tcp(addresses[-1], port, share, local_address, socket_options)

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        """Never: nothing of the web is behind a file."""
        raise FetchError("Only http and https addresses are fetched; save the page and add the file.")

    async def sleep(self, seconds: float) -> None:
        """Part of the backend; httpcore sleeps between retries, of which there are none."""
        await asyncio.sleep(seconds)

    async def _checked(self, host: str, port: int) -> list[str]:
        """All addresses of this host, if every one may be asked."""
        try:
            found = list(dict.fromkeys(await self._resolve(host, port)))
        except (OSError, UnicodeError):
            found = []
        if not found:
            raise FetchError(f"There is no host {host}; check the address and the connection.")
        if _plain(host) not in self._allowed and not all(map(is_public, found)):
            raise FetchError(
                f"{host} is in a private network, where nothing is fetched; "
                "an operator who wants it all the same names it in allow_hosts in [reading]."
            )
        return found

    async def _look_up(self, host: str, port: int) -> list[str]:
        """What the system knows, asked in a thread of its own: a slow look-up must not keep other work waiting."""

        def ask() -> list[str]:
            return [str(answer[4][0]) for answer in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]

        return await asyncio.get_running_loop().run_in_executor(self._threads, ask)


class Transport(httpx.AsyncBaseTransport):
    """A client's way to httpcore, whose connections the guard makes; HTTP/2 where it is offered.

    httpx's own transport is not used because it takes no backend. `kept` bounds the idle connections; how many are busy
    is for the client to bound. Errors are those of httpcore.
    """

    def __init__(self, guard: Guard, kept: int) -> None:
        self._guard = guard
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False),
            max_connections=None,
            max_keepalive_connections=kept,
            keepalive_expiry=KEPT,
            http2=True,
            network_backend=guard,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, its body still to come."""
        url = request.url
        answer = await self._pool.handle_async_request(
            httpcore.Request(
                request.method,
                httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                extensions=request.extensions,
            )
        )
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer))

    async def aclose(self) -> None:
        """Close every connection, and the guard."""
        await self._pool.aclose()
        self._guard.close()


class _Body(httpx.AsyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._answer.aiter_stream():
            yield chunk

    async def aclose(self) -> None:
        await self._answer.aclose()


def _plain(host: str) -> str:
    """A host name as it is compared: in ASCII, without brackets or a last dot."""
    name = host.strip().lower().strip("[]").removesuffix(".")
    try:
        return httpx.URL(scheme="http", host=name).raw_host.decode("ascii")
    except httpx.InvalidURL:
        return name
