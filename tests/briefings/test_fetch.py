"""Fetching: what an address gives, and that none leads into a private network."""

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any

import pytest

from briefings.errors import FetchError
from briefings.fetch import REDIRECTS, Fetched, fetch, is_public

HERE = {"127.0.0.1"}
LIMIT = 100_000
PAGE = b"<html><body><p>The delegates met behind the sidelines on Tuesday.</p></body></html>"
BOMB = gzip.compress(bytes(50_000_000))

ANSWERS: dict[str, tuple[int, dict[str, str], bytes]] = {
    "/page": (200, {"Content-Type": "text/html; charset=utf-8"}, PAGE),
    "/untyped": (200, {}, PAGE),
    "/packed": (200, {"Content-Type": "text/html", "Content-Encoding": "gzip"}, gzip.compress(PAGE)),
    "/moved": (301, {"Location": "/page#top"}, b""),
    "/long": (200, {"Content-Type": "text/plain"}, b"a" * (LIMIT + 1)),
    "/longest": (200, {"Content-Type": "text/plain"}, b"a" * LIMIT),
    "/bomb": (200, {"Content-Type": "text/html", "Content-Encoding": "gzip"}, BOMB),
    "/damaged": (200, {"Content-Type": "text/html", "Content-Encoding": "gzip"}, b"not packed at all"),
    "/cut": (200, {"Content-Type": "text/html", "Content-Encoding": "gzip"}, gzip.compress(PAGE)[:-9]),
    "/nested": (200, {"Content-Type": "text/html", "Content-Encoding": "gzip, gzip"}, gzip.compress(BOMB)),
    "/loop": (302, {"Location": "/loop"}, b""),
    "/inwards": (302, {"Location": "http://10.0.0.8/admin"}, b""),
    "/metadata": (307, {"Location": "http://169.254.169.254/latest/meta-data/"}, b""),
    "/to-file": (302, {"Location": "file:///etc/passwd"}, b""),
    "/to-password": (302, {"Location": "http://me:secret@127.0.0.1/"}, b""),
    "/error": (500, {}, b"broken"),
    "/paywall": (402, {}, b"pay"),
    "/empty": (200, {"Content-Type": "text/html"}, b" \n"),
    "/image": (200, {"Content-Type": "image/png"}, b"\x89PNG"),
    "/pdf": (200, {"Content-Type": "application/pdf"}, b"%PDF-1.7"),
}


class Site:
    """A site on this machine: its address, and what it was asked for, headers included."""

    def __init__(self, port: int, release: threading.Event) -> None:
        self.root = f"http://127.0.0.1:{port}"
        self.port = port
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.release = release


@pytest.fixture(scope="module")
def server() -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append((self.path, dict(self.headers)))
            if self.path == "/stalled":
                self.send_response(200)
                self.send_header("Content-Length", "100")
                self.end_headers()
                self.wfile.write(b"The beginning")
                self.wfile.flush()
                site.release.wait(20)
                return
            if self.path == "/dripping":
                self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                while not site.release.wait(0.05):
                    self.wfile.write(b"X-More: more\r\n")
                return
            status, headers, body = ANSWERS.get(self.path, (404, {}, b"no such page"))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:
                self.close_connection = True

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    web.daemon_threads = True
    site = Site(web.server_address[1], threading.Event())
    thread = threading.Thread(target=web.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield site
    site.release.set()
    web.shutdown()
    web.server_close()


@pytest.fixture
def site(server: Site) -> Site:
    server.asked.clear()
    return server


def got(site: Site, path: str, **more: Any) -> Fetched:
    return fetch(site.root + path, limit=LIMIT, allow_hosts=HERE, **more)


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Sets what each look-up of a name in turn answers; gives the list of names looked up."""

    def told(*answers: list[str]) -> list[str]:
        real, asked, rest = socket.getaddrinfo, [], list(answers)

        def look_up(host: Any, port: Any, *args: Any, **options: Any) -> Any:
            if host == "127.0.0.1":
                return real(host, port, *args, **options)
            asked.append(host)
            found = rest.pop(0) if len(rest) > 1 else rest[0]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        return asked

    return told


@pytest.mark.parametrize("path", ["/page", "/packed", "/untyped"])
def test_a_page_is_given_unpacked(site: Site, path: str) -> None:
    fetched = got(site, path)
    assert fetched.body == PAGE
    assert fetched.url == site.root + path


def test_it_says_who_asks_and_no_more(site: Site) -> None:
    assert got(site, "/page#part").content_type == "text/html; charset=utf-8"
    [(path, headers)] = site.asked
    assert path == "/page"
    assert headers["User-Agent"].startswith("Sidelines/")
    assert headers["Host"] == f"127.0.0.1:{site.port}"
    assert not {"Cookie", "Referer", "Authorization"} & set(headers)


def test_a_redirect_is_followed_and_its_end_is_the_address(site: Site) -> None:
    fetched = got(site, "/moved")
    assert (fetched.url, fetched.body) == (f"{site.root}/page", PAGE)


def test_a_body_of_exactly_the_limit_is_taken(site: Site) -> None:
    assert len(got(site, "/longest").body) == LIMIT


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/long", "more than the 100,000 bytes"),
        ("/bomb", "more than the 100,000 bytes"),
        ("/nested", "packed as gzip, gzip"),
        ("/damaged", "damaged"),
        ("/cut", "incomplete"),
        ("/loop", f"more than {REDIRECTS} times"),
        ("/inwards", "private network"),
        ("/metadata", "private network"),
        ("/to-file", "Only http and https"),
        ("/to-password", "name or password"),
        ("/nothing", "no such page"),
        ("/error", "status 500"),
        ("/paywall", "status 402"),
        ("/empty", "empty"),
        ("/image", "image/png"),
        ("/pdf", "application/pdf"),
    ],
)
def test_what_is_refused_is_told_in_a_sentence(
    site: Site, resolve: Callable[..., list[str]], path: str, words: str
) -> None:
    resolve(["10.0.0.8"])
    with pytest.raises(FetchError, match=words) as refused:
        got(site, path)
    assert str(refused.value).endswith(".")


def test_a_redirect_loop_ends(site: Site) -> None:
    with pytest.raises(FetchError):
        got(site, "/loop")
    assert len(site.asked) == REDIRECTS + 1


@pytest.mark.parametrize("path", ["/stalled", "/dripping"])
def test_an_answer_that_does_not_end_is_given_up(site: Site, path: str) -> None:
    with pytest.raises(FetchError, match="too long"):
        got(site, path, timeout=0.3)


def test_a_proxy_of_the_environment_is_not_used(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert got(site, "/page").body == PAGE


FORBIDDEN = [
    "127.0.0.1", "127.1", "127.0.0.53", "2130706433", "017700000001", "0x7f000001", "0x7f.0.0.1", "0x7f.1",
    "0177.0.0.1", "0177.0x0.1", "0", "0.0.0.0", "00000000", "10.0.0.1", "10.1", "167772161", "012.0.0.1",  # noqa: S104 - refused, not bound
    "0x0a000001", "172.16.0.1", "172.31.255.254", "192.168.0.1", "192.168.1", "3232235521", "0xc0a80001",
    "169.254.169.254", "169.254.1.1", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "100.64.0.1",
    "100.127.255.254", "198.18.0.1", "192.0.0.8", "192.0.2.1", "198.51.100.7", "203.0.113.9", "192.88.99.1",
    "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "[::1]", "[::]", "[::ffff:127.0.0.1]",
    "[::ffff:10.0.0.1]", "[::ffff:a9fe:a9fe]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::169.254.169.254]",
    "[64:ff9b:1::1]", "[2002:7f00:1::]", "[2002:a00:1::1]", "[2001::1]", "[2001:db8::1]", "[fe80::1]", "[fc00::1]",
    "[fd00:ec2::254]", "[fec0::1]", "[ff02::1]", "[100::1]", "[3fff::1]",
]  # fmt: skip


def _understood(host: str) -> str:
    """The address that the system understands by a number in any notation."""
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return str(ip_address(host))


@pytest.mark.parametrize("host", FORBIDDEN)
@pytest.mark.parametrize("allowed", [set(), {"wiki.example"}])
def test_no_private_address_is_asked_in_any_notation(
    monkeypatch: pytest.MonkeyPatch, host: str, allowed: set[str]
) -> None:
    def look_up(name: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (_understood(name), port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(FetchError, match=r"private network|no web address"):
        fetch(f"http://{host}/", limit=LIMIT, allow_hosts=allowed)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "localhost.", "wiki.example", "①②⑦.0.0.1"])
def test_no_name_of_a_private_address_is_asked(resolve: Callable[..., list[str]], host: str) -> None:
    resolve(["127.0.0.1"])
    with pytest.raises(FetchError, match=r"private network|no web address"):
        fetch(f"http://{host}/", limit=LIMIT)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://news.example/a", "file:///etc/passwd", "gopher://news.example/", "news.example", "", "http://", "https:///a",
        "http://me@news.example/", "http://me:secret@news.example/", "http://news.example:22/", "http://news.example:0/",
        "http://news.example:25/", "http://news.example:99999/", "http://news example/", "http://[::1/",
        "http://127.0.0.1@news.example/", "javascript:alert(1)", "http://news.example/\n/",
    ],
)  # fmt: skip
def test_what_is_no_plain_web_address_is_refused_before_any_look_up(
    resolve: Callable[..., list[str]], url: str
) -> None:
    asked = resolve(["93.184.216.34"])
    with pytest.raises(FetchError):
        fetch(url, limit=LIMIT)
    assert asked == []


def test_one_private_address_among_public_ones_is_enough(resolve: Callable[..., list[str]]) -> None:
    resolve(["93.184.216.34", "192.168.0.7"])
    with pytest.raises(FetchError, match="private network"):
        fetch("https://news.example/", limit=LIMIT)


def test_a_name_is_looked_up_once_and_the_checked_address_is_the_one_asked(
    site: Site, resolve: Callable[..., list[str]]
) -> None:
    asked = resolve(["127.0.0.1"], ["10.0.0.1"])
    fetched = fetch(f"http://wiki.example:{site.port}/page", limit=LIMIT, allow_hosts={"Wiki.Example"})
    assert asked == ["wiki.example"]
    assert fetched.url == f"http://wiki.example:{site.port}/page"
    assert site.asked[0][1]["Host"] == f"wiki.example:{site.port}"


def test_a_name_that_changes_its_answer_leads_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, site: Site, resolve: Callable[..., list[str]]
) -> None:
    connected: list[Any] = []

    def connect(address: Any, *_: Any, **__: Any) -> Any:
        connected.append(address)
        raise ConnectionRefusedError

    resolve(["93.184.216.34", "93.184.216.35"], ["127.0.0.1"])
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(FetchError, match="cannot be reached"):
        fetch(f"http://news.example:{site.port}/page", limit=LIMIT)
    assert connected == [("93.184.216.34", site.port), ("93.184.216.35", site.port)]
    assert site.asked == []


def test_an_unknown_host_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(FetchError, match=r"no host news\.example"):
        fetch("https://news.example/", limit=LIMIT)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "100.128.0.1"]
)
def test_the_open_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))
