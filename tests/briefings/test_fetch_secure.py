"""Fetching over TLS: the certificate is for the name, the connection to the checked address; HTTP/2 where offered."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived, StreamEnded

from briefings.errors import FetchError
from briefings.fetch import Asking, Fetcher

NAMES = ("news.example", "other.example", "elsewhere.example")
BODY = b"<p>The delegates met behind the sidelines on Tuesday.</p>"


class Site:
    """A site on this machine by two names, with every connection's name and protocol, and every request's host."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.lines: list[tuple[str | None, str | None]] = []
        self.hosts: list[str] = []

    def url(self, host: str) -> str:
        return f"https://{host}:{self.port}/"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for the first two names, signed with itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAMES[0])])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in NAMES[:2]]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("certificate") / "site.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


@asynccontextmanager
async def serving(certificate: Path, *protocols: str) -> AsyncIterator[Site]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    context.set_alpn_protocols(list(protocols))
    named: list[str | None] = []
    context.sni_callback = lambda _, name, __: named.append(name)

    async def line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        chosen = writer.get_extra_info("ssl_object").selected_alpn_protocol()
        site.lines.append((named[-1], chosen))
        try:
            await (_two if chosen == "h2" else _one)(site, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(line, "127.0.0.1", 0, ssl=context)
    site = Site(server.sockets[0].getsockname()[1])
    async with server:
        yield site


async def _one(site: Site, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while head := await reader.readuntil(b"\r\n\r\n"):
        lines = head.decode().lower().split("\r\n")
        site.hosts += [each.removeprefix("host: ") for each in lines if each.startswith("host: ")]
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY)


async def _two(site: Site, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    connection = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
    connection.initiate_connection()
    while True:
        writer.write(connection.data_to_send())
        if not (data := await reader.read(65536)):
            break
        for event in connection.receive_data(data):
            if isinstance(event, RequestReceived):
                site.hosts.append(dict(event.headers)[":authority"])
            elif isinstance(event, StreamEnded):
                connection.send_headers(event.stream_id, [(":status", "200"), ("etag", '"7"')])
                connection.send_data(event.stream_id, BODY, end_stream=True)


@pytest.fixture
def trusting(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(httpx, "create_ssl_context", lambda **_: context)


def opened() -> Fetcher:
    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    return Fetcher(Asking(limit=100_000, allow_hosts=frozenset(NAMES), gap=0), resolve=resolve)


@pytest.mark.parametrize(("offered", "used"), [(["h2", "http/1.1"], "h2"), (["http/1.1"], "http/1.1"), ([], None)])
async def test_the_best_protocol_offered_is_used_and_every_name_gets_its_own_connection(
    certificate: Path, trusting: None, offered: list[str], used: str | None
) -> None:
    async with serving(certificate, *offered) as site, opened() as fetcher:
        for host in (NAMES[0], NAMES[0], NAMES[1]):
            assert (await fetcher.fetch(site.url(host))).body == BODY
    assert site.lines == [(NAMES[0], used), (NAMES[1], used)]
    assert site.hosts == [f"{host}:{site.port}" for host in (NAMES[0], NAMES[0], NAMES[1])]


async def test_a_certificate_for_another_name_is_refused(certificate: Path, trusting: None) -> None:
    async with serving(certificate) as site, opened() as fetcher:
        with pytest.raises(FetchError, match=r"certificate of elsewhere\.example is not valid"):
            await fetcher.fetch(site.url(NAMES[2]))
        assert (await fetcher.fetch(site.url(NAMES[0]))).body == BODY


async def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: Path) -> None:
    async with serving(certificate) as site, opened() as fetcher:
        with pytest.raises(FetchError, match=r"certificate of news\.example is not valid"):
            await fetcher.fetch(site.url(NAMES[0]))
    assert site.hosts == []


async def test_what_speaks_no_tls_is_told(certificate: Path, trusting: None) -> None:
    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server, opened() as fetcher:
        with pytest.raises(FetchError, match=r"news\.example cannot be reached"):
            await fetcher.fetch(f"https://news.example:{server.sockets[0].getsockname()[1]}/")
