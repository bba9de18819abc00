"""That no way leads into a private network. Every attempt is made twice: refused, and, with the guard off, through.

The wire is replaced by one that notes where a connection would go and then goes to a server on this machine.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterable
from ipaddress import ip_address
from typing import Any

import httpcore
import httpx
import pytest

from briefings import addresses
from briefings.addresses import Guard, is_public
from briefings.errors import FetchError
from briefings.fetch import Asking, Fetcher
from tests.servers.web import Reply, WebServer, redirect

PUBLIC = "93.184.216.34"
PAGE = Reply(b"<p>The delegates met behind the sidelines on Tuesday.</p>")

NUMBERS = [
    "127.0.0.1", "127.1", "127.0.1", "127.0.0.53", "2130706433", "017700000001", "0x7f000001", "0x7f.0.0.1", "0x7f.1",
    "0X7F.0X1", "0177.0x0.1", "0", "0.0.0.0", "0x0", "00000000", "10.0.0.1", "10.1", "167772161",  # noqa: S104 - refused, not bound
    "0x0a000001", "172.16.0.1", "172.31.255.254", "0xac100001", "192.168.0.1", "192.168.1", "3232235521",
    "0xc0a80001", "169.254.169.254", "169.254.1.1", "169.254.43518", "2852039166", "0xa9fea9fe",
    "100.64.0.1", "100.100.100.200", "100.127.255.254", "168.63.129.16", "198.18.0.1",
    "192.0.0.8", "192.0.0.192", "192.0.2.1", "198.51.100.7", "203.0.113.9", "192.88.99.1", "224.0.0.1",
    "239.255.255.250", "240.0.0.1", "255.255.255.255", "127。0。0。1", "169。254。169。254", "127.0。0.1",
]  # fmt: skip
"""Hosts that the system takes for IPv4: in parts or whole, decimal, octal, hex, with dots of other scripts."""

OCTAL = ["0177.0.0.1", "0177.00.00.01", "012.0.0.1", "0300.0250.0.1", "0251.0376.0251.0376", "00000177.0.0.1"]
"""Written so, the address itself is refused; the guard does not rely on that."""

IPV6 = [
    "::1", "::", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe",
    "::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::169.254.169.254", "64:ff9b:1::1", "2002:7f00:1::",
    "2002:a9fe:a9fe::1", "2002:a00:1::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "fe80::1",
    "febf::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "ff0e::1", "100::1", "3fff::1", "5f00::1",
]  # fmt: skip
"""Mapped, translated (NAT64) and tunnelled (6to4, Teredo) IPv4 among them."""

NAMES = {
    "localhost": ["127.0.0.1"],
    "LocalHost.": ["::1"],
    "wiki": ["10.0.0.5"],
    "127.0.0.1.nip.example": ["127.0.0.1"],
    "metadata.google.internal": ["169.254.169.254"],
    "both.example": [PUBLIC, "192.168.0.7"],
    "both-first.example": ["10.0.0.1", PUBLIC],
    "both-six.example": [PUBLIC, "::ffff:127.0.0.1"],
    "zone.example": ["fe80::1%eth0"],
    "zone-public.example": ["2606:4700::1111%eth0"],
    "bücher.example": ["127.0.0.1"],
    "odd.example": ["no address at all"],
}

ATTEMPTS = [f"http://{host}/" for host in (*NUMBERS, *(f"[{number}]" for number in IPV6), *NAMES)]
ATTEMPTS += ["http://10.0.0.1:8080/admin", "http://[::1]:6379/", "https://wiki/", "http://localhost:9200/_cat"]

BY_LOOKS = [
    "http://me@news.example/", "http://me:secret@news.example/", "http://127.0.0.1@news.example/",
    "http://news.example:22/", "http://news.example:25/", "http://news.example:6/", "http://127.0.0.1:22/",
    "http://news.example%00.wiki/", "http://[fe80::1%25eth0]/", "http://[fe80::1%eth0]/", "http://%31%32%37.0.0.1/",
]  # fmt: skip
"""Refused before any look-up."""


class Wire(httpcore.AnyIOBackend):
    """Notes every address that a connection is made to, and goes to the server on this machine instead."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.connected: list[str] = []
        self.refusing: set[str] = set()

    async def connect_tcp(self, host: str, port: int, *args: Any, **more: Any) -> httpcore.AsyncNetworkStream:
        self.connected.append(host)
        if host in self.refusing:
            raise httpcore.ConnectError("refused")
        return await super().connect_tcp("127.0.0.1", self.port, *args, **more)


class Names:
    """Answers look-ups: numbers as the system would, names as told, in turn where several answers are told."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        told = {httpx.URL(scheme="http", host=name).raw_host.decode(): [found] for name, found in NAMES.items()}
        self.answers: dict[str, list[list[str]]] = {**told, "news.example": [[PUBLIC]]}

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        if host in self.answers:
            answers = self.answers[host]
            return answers.pop(0) if len(answers) > 1 else answers[0]
        try:
            return [socket.inet_ntoa(socket.inet_aton(host))]
        except OSError:
            try:
                return [str(ip_address(host))]
            except ValueError:
                return [PUBLIC]


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        for path in ("/", "/admin", "/_cat"):
            server.serve(path, PAGE)
        yield server


@pytest.fixture
def wire(web: WebServer, monkeypatch: pytest.MonkeyPatch) -> Wire:
    wire = Wire(web.port)
    monkeypatch.setattr(httpcore, "AnyIOBackend", lambda: wire)
    # Loading the world's certificates for every attempt takes longer than all else.
    monkeypatch.setattr(httpx, "create_ssl_context", lambda **_: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    return wire


@pytest.fixture
def names() -> Names:
    return Names()


@pytest.fixture
async def fetcher(wire: Wire, names: Names) -> AsyncIterator[Fetcher]:
    async with Fetcher(asking(), resolve=names) as fetcher:
        yield fetcher


def asking(allow_hosts: Iterable[str] = ("wiki.lan",)) -> Asking:
    return Asking(limit=100_000, allow_hosts=frozenset(allow_hosts), gap=0, timeout=5)


@pytest.fixture
def guard_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "is_public", lambda _: True)
    monkeypatch.setattr(Guard, "check", lambda *_: None)


def test_the_list_is_long_enough() -> None:
    assert len({*ATTEMPTS, *BY_LOOKS, *OCTAL}) >= 100


@pytest.mark.parametrize("url", ATTEMPTS)
async def test_no_private_address_is_asked(url: str, fetcher: Fetcher, wire: Wire) -> None:
    with pytest.raises(FetchError, match="private network"):
        await fetcher.fetch(url)
    assert wire.connected == []


@pytest.mark.parametrize("url", BY_LOOKS)
async def test_some_are_refused_before_any_look_up(url: str, fetcher: Fetcher, wire: Wire, names: Names) -> None:
    with pytest.raises(FetchError, match=r"name or password|no port of the web|no web address"):
        await fetcher.fetch(url)
    assert (names.asked, wire.connected) == ([], [])


@pytest.mark.parametrize("url", [url for url in [*ATTEMPTS, *BY_LOOKS] if not url.startswith("https")])
async def test_every_attempt_gets_through_without_the_guard(
    url: str, fetcher: Fetcher, wire: Wire, guard_off: None
) -> None:
    assert (await fetcher.fetch(url)).body == PAGE.body
    assert len(wire.connected) == 1


@pytest.mark.parametrize("host", OCTAL)
async def test_octal_parts_are_refused_twice(
    host: str, fetcher: Fetcher, wire: Wire, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(FetchError, match="no web address"):
        await fetcher.fetch(f"http://{host}/")
    guard = Guard(resolve=names)
    with pytest.raises(FetchError, match="private network"):
        await guard.connect_tcp(host, 80)
    assert wire.connected == []
    monkeypatch.setattr(addresses, "is_public", lambda _: True)
    await (await guard.connect_tcp(host, 80)).aclose()
    assert len(wire.connected) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("to", ["http://169.254.169.254/", "http://2130706433/", "//[::1]/", "http://wiki/"])
async def test_no_redirect_leads_inwards(
    to: str, status: int, web: WebServer, fetcher: Fetcher, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.serve("/away", redirect(to, status))
    with pytest.raises(FetchError, match="private network"):
        await fetcher.fetch("http://news.example/away")
    assert wire.connected == [PUBLIC]
    monkeypatch.setattr(addresses, "is_public", lambda _: True)
    assert (await fetcher.fetch("http://news.example/away")).body == PAGE.body


@pytest.mark.parametrize("to", ["http://me:secret@news.example/", "file:///etc/passwd", "ftp://news.example/"])
async def test_a_redirect_is_checked_by_its_looks_too(to: str, web: WebServer, fetcher: Fetcher, wire: Wire) -> None:
    web.serve("/away", redirect(to))
    with pytest.raises(FetchError, match=r"name or password|Only http and https"):
        await fetcher.fetch("http://news.example/away")
    assert wire.connected == [PUBLIC]


async def test_a_name_is_looked_up_once_and_the_checked_address_is_the_one_asked(
    fetcher: Fetcher, web: WebServer, wire: Wire, names: Names
) -> None:
    names.answers["news.example"] = [[PUBLIC], ["127.0.0.1"]]
    assert (await fetcher.fetch("http://news.example/")).url == "http://news.example/"
    assert (names.asked, wire.connected) == (["news.example"], [PUBLIC])
    assert web.asked[0].headers["host"] == "news.example"


@pytest.mark.parametrize("off", [False, True])
async def test_a_name_that_later_leads_inwards_is_refused_then(
    off: bool, web: WebServer, fetcher: Fetcher, wire: Wire, names: Names, request: pytest.FixtureRequest
) -> None:
    names.answers["news.example"] = [[PUBLIC], ["127.0.0.1"]]
    web.serve("/", Reply(PAGE.body, headers={"Connection": "close"}))
    if off:
        request.getfixturevalue("guard_off")
    await fetcher.fetch("http://news.example/")
    if off:
        await fetcher.fetch("http://news.example/")
    else:
        with pytest.raises(FetchError, match="private network"):
            await fetcher.fetch("http://news.example/")
    assert wire.connected == ([PUBLIC, "127.0.0.1"] if off else [PUBLIC])


async def test_a_kept_connection_serves_its_own_host_alone(fetcher: Fetcher, wire: Wire, names: Names) -> None:
    names.answers["other.example"] = [[PUBLIC]]
    for host in ("news.example", "news.example", "other.example"):
        await fetcher.fetch(f"http://{host}/")
    assert names.asked == ["news.example", "other.example"]
    assert wire.connected == [PUBLIC, PUBLIC]


async def test_the_next_address_of_a_host_is_tried(fetcher: Fetcher, wire: Wire, names: Names) -> None:
    names.answers["news.example"] = [[PUBLIC, "93.184.216.35", "93.184.216.36"]]
    wire.refusing = {PUBLIC}
    await fetcher.fetch("http://news.example/")
    assert wire.connected == [PUBLIC, "93.184.216.35"]
    wire.refusing = {PUBLIC, "93.184.216.35", "93.184.216.36"}
    names.answers["away.example"] = names.answers["news.example"]
    with pytest.raises(FetchError, match=r"away\.example cannot be reached"):
        await fetcher.fetch("http://away.example/")
    assert wire.connected[2:] == [PUBLIC, "93.184.216.35", "93.184.216.36"]


@pytest.mark.parametrize(
    ("allowed", "url"),
    [
        ("wiki", "http://wiki/"), ("WIKI.", "http://wiki:8/"), ("10.0.0.1", "http://10.0.0.1/"),
        ("::1", "http://[::1]/"), ("[::1]", "http://[::1]:99/"), ("Bücher.example", "http://bücher.example/"),
        ("xn--bcher-kva.example", "http://BÜCHER.example./"),
    ],
)  # fmt: skip
async def test_what_the_operator_allows_is_asked(allowed: str, url: str, wire: Wire, names: Names) -> None:
    names.answers["xn--bcher-kva.example."] = names.answers["xn--bcher-kva.example"]
    async with Fetcher(asking([allowed]), resolve=names) as fetcher:
        assert (await fetcher.fetch(url)).body == PAGE.body


async def test_allowing_one_host_allows_no_other_at_its_address(wire: Wire, names: Names) -> None:
    async with Fetcher(asking(["127.0.0.1"]), resolve=names) as fetcher:
        for host in ("localhost", "127.1", "[::ffff:127.0.0.1]"):
            with pytest.raises(FetchError, match="private network"):
                await fetcher.fetch(f"http://{host}/")


@pytest.mark.parametrize(
    "found", [[], OSError("unknown"), socket.gaierror(socket.EAI_NONAME, "unknown"), UnicodeError()]
)
async def test_an_unknown_host_is_told(found: Any, wire: Wire) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        if isinstance(found, Exception):
            raise found
        return []

    async with Fetcher(asking(), resolve=resolve) as fetcher:
        with pytest.raises(FetchError, match=r"no host xn--bcher-kva\.example"):
            await fetcher.fetch("http://bücher.example/")


async def test_the_system_is_asked_once_and_off_the_loop(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []

    def look_up(host: str, port: int, **_: Any) -> list[Any]:
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()
        asked.append((host, port))
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (PUBLIC, port))] * 2

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    async with Fetcher(asking()) as fetcher:
        await fetcher.fetch("http://news.example:8080/")
    assert asked == [("news.example", 8080)]
    assert wire.connected == [PUBLIC]


@pytest.mark.parametrize(
    "address", [PUBLIC, "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "100.128.0.1"]
)
def test_the_open_internet_is_public(address: str) -> None:
    assert is_public(address)
