"""Feeds that are broken, mislabelled or meant to harm: read as far as they go, or refused in one sentence."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefings.documents import of_entry
from briefings.errors import UnreadableFeed
from briefings.feeds import discover, is_teaser, read_feed
from briefings.sources import Listed

SAMPLES = Path(__file__).parents[1] / "samples" / "feeds"
URL = "https://site.example/news/feed"


def sample(name: str) -> Listed:
    return read_feed((SAMPLES / name).read_bytes(), url=URL)


def refusal(data: bytes, **known: object) -> str:
    with pytest.raises(UnreadableFeed) as caught:
        read_feed(data, url=URL, **known)  # type: ignore[arg-type]
    return str(caught.value)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "The answer is empty where a feed should be: "),
        (b" \n\t", "The answer is empty where a feed should be: "),
        ((SAMPLES / "page.html").read_bytes(), "This is a web page, not a feed: "),
        (b"<!-- made by hand --><HTML><body><rss><item>", "This is a web page, not a feed: "),
        (b"Not found", "This is no feed: "),
        (b"<svg><title>One</title></svg>", "This is no feed: "),
        (b'{"items": [{"title": "One"}]}', "This is no feed: "),
        (b'{"version": "https://jsonfeed.org/version/1", "items": {}}', "This is no feed: "),
        (b'{"version": "https://jsonfeed.org/version/1", "items": [', "This is no feed: "),
        (b"[" * 100_000, "This is no feed: "),
        (b"\x1f\x8b\x08\x00 packed", "This is no text, so it is no feed: "),
        (b"\x00" * 500, "This is no text, so it is no feed: "),
    ],
)
def test_what_is_no_feed_is_refused_with_what_it_is(data: bytes, said: str) -> None:
    assert refusal(data).startswith(said)


def test_a_feed_without_entries_is_one() -> None:
    assert read_feed(b"<rss><channel><title>New</title></channel></rss>", url=URL).entries == ()


def test_a_feed_of_20_mb_is_refused() -> None:
    item = b"<item><title>One</title><description>" + b"harbour " * 125_000 + b"</description></item>"
    data = b"<rss><channel>" + item * 20 + b"</channel></rss>"
    assert len(data) > 20_000_000
    assert refusal(data).startswith("The feed has more than the 10,000,000 bytes allowed: ")
    assert refusal(data, limit=500).startswith("The feed has more than the 500 bytes allowed: ")


@pytest.mark.parametrize("ending", [b"</channel></rss>", b"</channel>"])
def test_of_50_000_entries_the_first_are_read(ending: bytes) -> None:
    items = b"".join(b"<item><title>Story %d</title><link>/%d</link></item>" % (each, each) for each in range(50_000))
    data = b"<rss><channel><title>Long</title>" + items + ending
    entries = read_feed(data, url=URL, most=1_000).entries
    assert [entry.title for entry in entries] == [f"Story {each}" for each in range(1_000)]


def test_what_does_not_match_is_read_tag_by_tag() -> None:
    listed = sample("broken_tags.xml")
    assert (listed.title, listed.site) == ("Market Report", "https://market.example/")
    salt, cafe = listed.entries
    assert (salt.title, salt.url) == ("Salt & pepper dearer", "https://market.example/salt?a=1&b=2")
    assert salt.html == "<p>Salt costs more<br>than last year.</p>"
    assert salt.published is not None
    assert (cafe.title, cafe.url, cafe.guid) == ("Café prices", "https://market.example/cafe", "market-2")
    assert cafe.html == "<p>Coffee <item> stays cheap &amp; good.</p>"


def test_what_is_cut_off_is_not_told_as_if_it_were_whole() -> None:
    off, on = sample("truncated.xml").entries
    assert (off.title, off.url, off.guid) == ("Lamps go out", "https://site.example/lamps", "night-1")
    assert (on.title, on.guid, on.html) == ("Lamps come on", "night-2", "")


@pytest.mark.parametrize("name", ["rss_2_0.xml", "atom_1_0.xml", "rdf_1_0.xml"])
def test_a_feed_cut_anywhere_gives_the_entries_before_the_cut(name: str) -> None:
    data = (SAMPLES / name).read_bytes()
    closing = b"</entry>" if b"<entry" in data else b"</item>"
    whole = read_feed(data, url=URL).entries
    for cut in range(data.index(closing) + len(closing), len(data), 7):
        assert read_feed(data[:cut], url=URL).entries[0] == whole[0]


def test_declared_entities_are_neither_expanded_nor_fetched() -> None:
    (entry,) = sample("entities.xml").entries
    assert entry.title == "&lol3; it grows"
    assert entry.html == "&secret; \xa0is not… told"


@pytest.mark.parametrize(
    ("encoding", "declared", "charset"),
    [
        ("utf-8", "iso-8859-1", ""),
        ("utf-8", "us-ascii", "iso-8859-1"),
        ("utf-8-sig", "windows-1251", ""),
        ("cp1252", "utf-8", ""),
        ("cp1252", "no-such-encoding", ""),
        ("iso-8859-1", "", "iso-8859-1"),
        ("utf-16", "utf-8", ""),
        ("utf-16-le", "utf-16", ""),
        ("utf-16-be", "", ""),
    ],
)
def test_letters_come_out_right_whatever_the_feed_declares(encoding: str, declared: str, charset: str) -> None:
    prolog = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    text = f"{prolog}<rss><channel><title>Über</title><item><title>Fährt der Bücherbus?</title></item></channel></rss>"
    listed = read_feed(text.encode(encoding), url=URL, content_type=f"text/xml; charset={charset}")
    assert (listed.title, listed.entries[0].title) == ("Über", "Fährt der Bücherbus?")


def test_the_server_names_an_encoding_that_the_feed_does_not() -> None:
    text = "<rss><channel><item><title>Снег закрыл перевал над деревней</title></item></channel></rss>"
    for encoding in ("koi8-r", "windows-1251"):
        listed = read_feed(text.encode(encoding), url=URL, content_type=f'text/xml; charset="{encoding}"')
        assert listed.entries[0].title == "Снег закрыл перевал над деревней"


def test_control_characters_are_taken_out() -> None:
    data = b"<rss><channel><item><title>a\x08b\x0bc\x00d</title><link>/\x011</link></item></channel></rss>"
    with pytest.raises(UnreadableFeed):
        read_feed(data, url=URL)
    for stray in (data.replace(b"\x00", b"").ljust(500), data.ljust(2000)):
        (entry,) = read_feed(stray, url=URL).entries
        assert (entry.title, entry.url) == ("ab cd", "https://site.example/1")


def test_a_number_too_long_and_half_characters_in_json() -> None:
    item = {"id": 1e999, "title": "A \ud800 title", "url": "http://[", "content_html": "<p>\udfff</p>"}
    feed = {"version": "https://jsonfeed.org/version/1", "items": [item]}
    (entry,) = read_feed(json.dumps(feed).encode(), url=URL).entries
    assert (entry.title, entry.url, entry.html) == ("A ? title", None, "<p>?</p>")


PIECES = st.sampled_from(
    (
        "<rss>", "<channel>", "</channel>", "<feed xmlns='http://www.w3.org/2005/Atom'>", "<item>", "</item>",
        "<entry>", "<entry xml:base='http://['>", "</entry>", "<title>", "</title>", "<title type='html'>",
        "<link>", "</link>",
        "<link href='/1'/>", "<link href='//[' rel=", "<guid>", "<description>", "</description>", "<![CDATA[", "]]>",
        "<!--", "-->", "&", "&amp;", "&#x110000;", "&#0;", "&nbsp;", "<content:encoded>", "<b>", "</b>", "<script>",
        "<!DOCTYPE rss [<!ENTITY a 'b'>", "]>", "<?xml version='1.0' encoding='", "utf-16", "'?>", "<author><name>",
        "{", '"items": [', '"version": "https://jsonfeed.org/version/1",', "}", "]", "<html>", "<pubDate>", "<ttl>9",
        "\ufffe",
    )
)  # fmt: skip
TEXTS = st.lists(PIECES | st.text(max_size=20), max_size=40).map("".join)


@given(st.binary(max_size=500) | TEXTS.map(lambda text: text.encode(errors="replace")), st.text(max_size=30))
def test_any_bytes_are_a_feed_or_refused(data: bytes, content_type: str) -> None:
    discover(data, URL)
    try:
        listed = read_feed(data, url=URL, content_type=content_type)
    except UnreadableFeed:
        return
    for entry in listed.entries:
        assert entry.title
        assert entry.title == " ".join(entry.title.split())
        assert entry.url is None or entry.url.startswith(("http://", "https://"))
        is_teaser(entry)
        document = of_entry(entry, source=listed.title)
        "\n".join((document.title, *(text for part in document.sections for text in part.sentences))).encode()
        entry.html.encode()


@given(st.integers(0, 3_000), st.binary(max_size=8), st.integers(0, 40))
def test_a_feed_damaged_anywhere_is_read_or_refused(place: int, instead: bytes, length: int) -> None:
    for name in ("rss_2_0.xml", "atom_1_0.xml", "json_1_1.json"):
        data = (SAMPLES / name).read_bytes()
        with suppress(UnreadableFeed):
            read_feed(data[:place] + instead + data[place + length :], url=URL)
