"""What a fetched page gives of an entry."""

from datetime import UTC, datetime

import pytest

from briefings.bodies import of_page
from briefings.errors import UnreadableDocument
from briefings.sources import Entry
from briefings.types import Document

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ENTRY = Entry(title="Quay floods", byline="Jon Berg", published=NOW, language="en")
PROSE = "The north quay stood under water on Sunday, and the fish hall was closed until the evening. " * 12


def page(head: str = "", text: str = PROSE) -> bytes:
    article = f"<article><h1>Quay floods</h1><p>{text}</p></article>"
    return f"<html><head><title>Quay floods</title>{head}</head><body>{article}</body></html>".encode()


def read(body: bytes) -> Document:
    return of_page(body, "https://herald.example/quay", "text/html", 1_000_000, ENTRY, "Herald", NOW)


def test_the_entry_says_what_the_page_does_not() -> None:
    document = read(page())
    assert document.sections
    assert (document.byline, document.source, document.published) == ("Jon Berg", "Herald", NOW)
    assert document.url == "https://herald.example/quay"


@pytest.mark.parametrize(
    "body",
    [
        page('<meta name="robots" content="noindex">'),
        page(
            '<script type="application/ld+json">{"@type": "NewsArticle", "isAccessibleForFree": false}</script>',
            "The north quay stood under water on Sunday. Subscribe to read on.",
        ),
    ],
    ids=["noindex", "paywall"],
)
def test_a_page_that_keeps_its_article_to_itself_is_a_headline_and_a_link(body: bytes) -> None:
    document = read(body)
    assert (document.title, document.url, document.sections) == ("Quay floods", "https://herald.example/quay", ())


def test_a_page_of_another_host_speaks_for_itself_alone() -> None:
    body = page('<link rel="canonical" href="https://elsewhere.example/quay">')
    assert read(body).url == "https://herald.example/quay"


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(UnreadableDocument):
        read(b"\x89PNG\r\n\x1a\n" + bytes(100))
