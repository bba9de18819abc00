"""Fetch what a web address shows, and never from a private network.

An address comes from a person, a feed or a redirect, so it may point anywhere, a cloud's own metadata included. Every
host is looked up once, all its addresses are checked, and the connection goes to one that was checked, so that a name
that changes its answer between two look-ups gains nothing. Proxies named in the environment are not used.
"""

from __future__ import annotations

import socket
import threading
import zlib
from collections.abc import Collection
from concurrent.futures import Future
from importlib.metadata import PackageNotFoundError, version
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

from msgspec import Struct

from briefings.errors import FetchError

if TYPE_CHECKING:
    import ssl

    import httpx

REDIRECTS = 5
"""Redirects that are followed, each checked like the first address."""

STEP = 10.0
"""Seconds for one connection, or for the next bytes to come."""

_WEB_PORTS = {80, 443}
_RESERVED_PORTS = 1024
_REDIRECTING = {301, 302, 303, 307, 308}
_NAT64 = ip_network("64:ff9b::/96")
_PUBLIC_IPV6 = ip_network("2000::/3")
# Special by the IANA registries, yet global to `ipaddress` in some Python releases. The IPv6 ones hide IPv4 in tunnels.
_SPECIAL = tuple(
    map(ip_network, ("100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2002::/16", "3fff::/20"))
)


class Fetched(Struct, frozen=True):
    """What an address gave: `url` after redirects, `body` decompressed, `content_type` as sent, or empty."""

    url: str
    body: bytes
    content_type: str


def fetch(url: str, *, limit: int, allow_hosts: Collection[str] = (), timeout: float = 30) -> Fetched:
    """What this http or https address shows, at most `limit` bytes, within `timeout` seconds in all.

    `allow_hosts` are the host names and addresses that may be private. Raises FetchError, with what to do about it.
    """
    # In a thread, because no time limit of a socket ends a slow look-up or an answer that comes byte by byte.
    result: Future[Fetched] = Future()
    over = threading.Event()

    def work() -> None:
        try:
            result.set_result(_fetch(url, limit, frozenset(map(_plain, allow_hosts)), min(STEP, timeout), over))
        except BaseException as error:  # noqa: BLE001 - raised again below, in the caller's thread
            result.set_exception(error)

    threading.Thread(target=work, name="fetch", daemon=True).start()
    try:
        return result.result(timeout)
    except TimeoutError:
        raise _slow() from None
    finally:
        over.set()


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether this is an address of the open internet, also where it carries an IPv4 address within."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return is_public(address.ipv4_mapped)
        if address in _NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
        if address not in _PUBLIC_IPV6:
            return False
    if address.is_multicast or address.is_reserved or any(address in network for network in _SPECIAL):
        return False
    return address.is_global


def _fetch(url: str, limit: int, allowed: frozenset[str], step: float, over: threading.Event) -> Fetched:
    import httpx

    trusted = httpx.create_ssl_context(trust_env=False)
    try:
        target = httpx.URL(url.strip())
        if any(character.isspace() for character in url.strip()):
            raise httpx.InvalidURL("white space")
        for _ in range(REDIRECTS + 1):
            found = _ask(target, _addresses(target, allowed), limit, trusted, step, over)
            if isinstance(found, Fetched):
                return found
            target = target.join(found)
    except httpx.InvalidURL:
        raise FetchError("This is no web address; check how it is written.") from None
    except httpx.TimeoutException:
        raise _slow() from None
    except httpx.HTTPError as error:
        if "CERTIFICATE" in str(error):
            raise FetchError(
                f"The certificate of {target.host} is not valid; save the page and add the file."
            ) from error
        raise FetchError(f"{target.host} cannot be reached; check the address, or try again later.") from error
    raise FetchError(f"It redirects more than {REDIRECTS} times; open it in a browser and give the address it ends at.")


def _addresses(url: httpx.URL, allowed: frozenset[str]) -> list[str]:
    """The addresses to connect to, every one checked."""
    if url.scheme not in {"http", "https"} or not url.host:
        raise FetchError("Only http and https addresses are fetched; save the page and add the file.")
    if url.userinfo:
        raise FetchError("Addresses with a name or password in them are not fetched; give it without.")
    port = url.port if url.port is not None else 443 if url.scheme == "https" else 80
    free = _plain(url.host) in allowed
    if not 0 < port < 65536 or not (free or port in _WEB_PORTS or port >= _RESERVED_PORTS):
        raise FetchError(f"Port {port} is no port of the web; give the address without it.")
    try:
        answers = socket.getaddrinfo(url.raw_host.decode("ascii"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise FetchError(f"There is no host {url.host}; check the address and the connection.") from None
    found = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
    if not found or not (free or all(is_public(ip_address(address)) for address in found)):
        raise FetchError(
            f"{url.host} is in a private network, where nothing is fetched; "
            "to fetch it all the same, name it in allow_hosts in [reading]."
        )
    return found


def _ask(
    url: httpx.URL, addresses: list[str], limit: int, trusted: ssl.SSLContext, step: float, over: threading.Event
) -> Fetched | str:
    """What the first address that takes a connection answers, or where it redirects to."""
    import httpx

    name = url.raw_host.decode("ascii")
    headers = {
        "Host": url.netloc.decode("ascii"),
        "User-Agent": f"Sidelines/{_version()}",
        "Accept": "text/html, application/xhtml+xml, text/*;q=0.9, */*;q=0.1",
        "Accept-Encoding": "gzip",
    }
    # A client for each host: a connection kept for another host of the same address was checked for that one's name.
    with httpx.Client(verify=trusted, trust_env=False, timeout=step, headers=headers) as client:
        for last, address in enumerate(addresses, 1 - len(addresses)):
            there = url.copy_with(host=address, fragment=None)
            try:
                with client.stream("GET", there, extensions={"sni_hostname": name}) as response:
                    if response.status_code in _REDIRECTING and "location" in response.headers:
                        return response.headers["location"]
                    return _taken(url, response, limit, over)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if last == 0 or over.is_set():
                    raise
    raise AssertionError("a host has at least one address")


def _taken(url: httpx.URL, response: httpx.Response, limit: int, over: threading.Event) -> Fetched:
    status = response.status_code
    if status in {404, 410}:
        raise FetchError(f"There is no such page at {url.host} (status {status}); check the address.")
    if status in {401, 402, 403, 451}:
        raise FetchError(f"{url.host} does not let it be read (status {status}); save the page and add the file.")
    if status != 200:
        raise FetchError(f"{url.host} answered with status {status}; check the address, or try again later.")
    sent = response.headers.get("content-type", "")
    kind = sent.partition(";")[0].strip().lower()
    if kind and not kind.startswith("text/") and not kind.endswith(("xml", "json", "/octet-stream")):
        raise FetchError(f"It is no page but {kind}; give the address of the article itself.")
    body = _body(response, limit, over)
    if not body.strip():
        raise FetchError("The page is empty; check the address.")
    return Fetched(str(url.copy_with(fragment=None)), body, sent)


def _body(response: httpx.Response, limit: int, over: threading.Event) -> bytes:
    """The body, unpacked no further than the limit: a thousandth of it may be all that is sent."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", "x-gzip"}:
        raise FetchError(f"The page is packed as {encoding[:20]}, unasked; save the page and add the file.")
    unpack = None if encoding == "identity" else zlib.decompressobj(zlib.MAX_WBITS | 32)
    body = bytearray()
    sent = 0
    for chunk in response.iter_raw():
        sent += len(chunk)
        try:
            body += unpack.decompress(chunk, limit + 1 - len(body)) if unpack else chunk
        except zlib.error:
            raise FetchError("The page arrived damaged; try again later.") from None
        if len(body) > limit or sent > limit:
            raise FetchError(
                f"The page has more than the {limit:,} bytes allowed; save the article alone and add that."
            )
        if over.is_set():
            raise _slow()
    if unpack and not unpack.eof:
        raise FetchError("The page arrived incomplete; try again later.")
    return bytes(body)


def _plain(host: str) -> str:
    return host.strip().lower().strip("[]").removesuffix(".")


def _slow() -> FetchError:
    return FetchError("The answer took too long; try again later, or save the page and add the file.")


def _version() -> str:
    try:
        return version("sidelines")
    except PackageNotFoundError:
        return "0"
