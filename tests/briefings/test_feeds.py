"""Feeds of every kind: what is read of them, which entries are teasers, and which feeds a page names."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from briefings.documents import of_entry
from briefings.feeds import Offer, discover, is_teaser, read_feed
from briefings.sources import Entry, Listed

SAMPLES = Path(__file__).parents[1] / "samples" / "feeds"
URL = "https://site.example/news/feed"


def sample(name: str) -> Listed:
    return read_feed((SAMPLES / name).read_bytes(), url=URL)


def rss(*items: str, head: str = "") -> bytes:
    listed = "".join(f"<item>{item}</item>" for item in items)
    return f'<rss version="2.0"><channel><title>Sample</title>{head}{listed}</channel></rss>'.encode()


def only(data: bytes, **known: object) -> Entry:
    (entry,) = read_feed(data, url=URL, **known).entries  # type: ignore[arg-type]
    return entry


def test_rss_2_0_with_its_extensions() -> None:
    listed = sample("rss_2_0.xml")
    assert (listed.title, listed.site, listed.language) == ("The Coast Courier", "https://courier.example/", "en")
    assert listed.every == timedelta(minutes=45)
    ferry, pier, nameless = listed.entries
    assert ferry.title == "Ferry & harbour: what’s new"
    assert (ferry.url, ferry.guid) == ("https://courier.example/ferry", "courier-1001")
    assert ferry.byline == "Mara Lind, Tom Iwu"
    assert ferry.published == datetime(2026, 11, 17, 7, 30, 15, tzinfo=UTC)
    assert ferry.html.startswith("<p>The first of two new ferries came in on Tuesday, a month late.</p><h3>")
    assert not ferry.excerpt
    assert pier.title == "Q&A: Who pays for the pier?"
    assert pier.url == pier.guid == "https://courier.example/pier?a=1&b=2"
    assert pier.byline == "Lena Hof"
    assert pier.published == datetime(2026, 11, 17, 2, tzinfo=UTC)
    assert pier.html == 'The council pays <b>half</b> of it. <a href="/pier">Read more</a>'
    assert pier.excerpt
    assert nameless.title == "Snow closed the pass above the village."
    assert nameless.url == "https://courier.example/nameless"


def test_rss_0_91_with_the_entities_of_a_document_type_that_is_not_fetched() -> None:
    listed = sample("rss_0_91.xml")
    assert [entry.title for entry in listed.entries] == ["Le café du marché rouvre", "Une route étroite"]
    assert listed.entries[1].url == "https://site.example/route"
    assert listed.entries[1].html == "La route reste fermée."
    assert {entry.language for entry in listed.entries} == {"fr"}


def test_rss_0_92_whose_items_have_neither_titles_nor_links() -> None:
    gales, frost = sample("rss_0_92.xml").entries
    assert (gales.title, gales.url, gales.guid) == ("Gales are expected on the northern coast tonight.", None, None)
    assert (frost.title, frost.url) == ("Frost warning", None)


def test_rdf() -> None:
    listed = sample("rdf_1_0.xml")
    assert (listed.title, listed.site) == ("Library Bulletin", "https://library.example/")
    (entry,) = listed.entries
    assert (entry.title, entry.byline, entry.language) == ("Der Bücherbus fährt wieder", "Anna Roth", "de")
    assert entry.published == datetime(2026, 11, 16, 7, tzinfo=UTC)
    assert [entry.title for entry in sample("rss_0_90.xml").entries] == ["Mill reopens"]


def test_atom_1_0_with_bases_and_every_kind_of_text() -> None:
    listed = sample("atom_1_0.xml")
    assert (listed.title, listed.site) == ("Orchard & Field", "https://orchard.example/en/")
    robots, press = listed.entries
    assert (robots.title, robots.url) == ("Robots <pick> apples", "https://orchard.example/en/robots")
    assert (robots.guid, robots.byline) == ("tag:orchard.example,2026:robots", "The Orchard Desk")
    assert robots.published == datetime(2026, 11, 15, 4, 30, tzinfo=UTC)
    assert "<h2>Softer hands</h2>" in robots.html
    assert (press.title, press.byline) == ("How to write <b> in HTML", "Tom Iwu")
    assert press.url == "https://orchard.example/en/cider/press?x=1&y=2"
    assert press.published == datetime(2026, 11, 14, 9, tzinfo=UTC)
    sections = of_entry(press, source=None).sections
    assert sections[0].paragraphs == (("Press at 5 < 7 bar.",), ("Then wait.",))


def test_atom_0_3() -> None:
    (entry,) = sample("atom_0_3.xml").entries
    assert (entry.title, entry.guid, entry.html) == ("Snow — early", "mountain-7", "<p>It snowed all night.</p>")
    assert entry.published == datetime(2026, 11, 12, 6, tzinfo=UTC)


def test_json_feed() -> None:
    listed = sample("json_1_1.json")
    assert (listed.title, listed.site, listed.language) == ("Tide & Time", "https://tide.example/", "en")
    spring, note = listed.entries
    assert (spring.title, spring.url, spring.guid) == ("Spring tide <tonight>", "https://site.example/spring", "7")
    assert (spring.html, spring.byline) == ("<p>The spring tide comes at nine.</p>", "The Tide Desk")
    assert spring.published == datetime(2026, 11, 16, 10, tzinfo=UTC)
    assert (note.title, note.url) == ("A note without a title.", "https://elsewhere.example/story")
    assert note.byline == "Lena Hof, Tom Iwu"
    assert of_entry(note, source=None).sections[0].sentences[1] == "It says 1 < 2."


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("Rain &amp; wind", "Rain & wind"),
        ("Rain &amp;amp; wind", "Rain & wind"),
        ("Rain & wind", "Rain & wind"),
        ("5 &lt; 7 and 9 &gt; 8", "5 < 7 and 9 > 8"),
        ("How the &lt;script&gt; tag works", "How the <script> tag works"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;Harbour opens", "Harbour opens"),
        ("<![CDATA[A <i>bold</i> plan &mdash; again]]>", "A bold plan — again"),
        ("It&#146;s&nbsp;here&hellip;", "It’s here…"),
        ("@everyone &lt;!channel> comes", "@everyone <!channel> comes"),
        ("Two\n   lines", "Two lines"),
        ("Turned \u202eround\u202c and\u200b hidden", "Turned round and hidden"),
        ("caf\u0065\u0301 &#xD800;", "cafe\u0301 \ufffd"),
    ],
)
def test_a_title_is_told_as_its_writer_meant_it(written: str, title: str) -> None:
    assert only(rss(f"<title>{written}</title><link>/a</link>")).title == title


def test_a_title_too_long_is_cut_between_words() -> None:
    title = only(rss(f"<title>{'harbour ' * 1250}</title>")).title
    assert len(title) <= 501
    assert title.endswith("harbour…")


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("a/1", "https://site.example/news/a/1"),
        ("?id=1", "https://site.example/news/feed?id=1"),
        ("//other.example/1", "https://other.example/1"),
        ("https://bücher.example/straße", "https://bücher.example/straße"),
        ("https://anna:secret@site.example/1", "https://site.example/1"),
        ("<![CDATA[ https://site.example/?a=1&amp;copy=2 ]]>", "https://site.example/?a=1&copy=2"),
        ("javascript:alert(1)", None),
        ("mailto:desk@site.example", None),
        ("http://[broken", None),
        ("", None),
    ],
)
def test_a_link_is_absolute_and_leads_to_the_web(written: str, url: str | None) -> None:
    assert only(rss(f"<title>One</title><link>{written}</link>")).url == url


@pytest.mark.parametrize(
    ("written", "published"),
    [
        ("Tue, 17 Nov 2026 08:30:00 GMT", datetime(2026, 11, 17, 8, 30, tzinfo=UTC)),
        ("17 Nov 26 08:30 PST", datetime(2026, 11, 17, 16, 30, tzinfo=UTC)),
        ("2026-11-17T08:30:00.250-05:00", datetime(2026, 11, 17, 13, 30, tzinfo=UTC)),
        ("2026-11-17", datetime(2026, 11, 17, tzinfo=UTC)),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("Fri, 17 Nov 2079 08:30:00 GMT", None),
        ("Tue, 99 Nov 2026 08:30:00 GMT", None),
        ("yesterday", None),
    ],
)
def test_a_date_that_cannot_be_true_is_none(written: str, published: datetime | None) -> None:
    entry = only(rss(f"<title>One</title><pubDate>{written}</pubDate>"), now=datetime(2026, 11, 23, tzinfo=UTC))
    assert entry.published == published


@pytest.mark.parametrize(
    ("head", "every"),
    [
        ("<ttl>60</ttl>", timedelta(hours=1)),
        ("<ttl>999999999999</ttl>", None),
        ("<ttl>99999</ttl>", timedelta(days=1)),
        ("<ttl>soon</ttl>", None),
        (
            '<sy:updatePeriod xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">daily</sy:updatePeriod>'
            '<sy:updateFrequency xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">4</sy:updateFrequency>',
            timedelta(hours=6),
        ),
    ],
)
def test_how_long_a_feed_asks_to_be_left_alone(head: str, every: timedelta | None) -> None:
    assert read_feed(rss(head=head), url=URL).every == every


def test_entries_are_the_same_only_if_guid_and_address_are() -> None:
    listed = read_feed(
        rss(
            "<title>One</title><link>/1</link><guid>same</guid>",
            "<title>One, told again</title><link>/1</link><guid>same</guid>",
            "<title>Two</title><link>/2</link><guid>same</guid>",
            "<title>Three</title>",
            "<title>Three</title>",
            "<title>Four</title>",
            "<category>nothing at all</category>",
        ),
        url=URL,
    )
    assert [entry.title for entry in listed.entries] == ["One", "Two", "Three", "Four"]


# Teasers ----------------------------------------------------------------------------------------------------

SENTENCE = "The crews of the ferries walked off the job on Tuesday after talks broke down. "


@pytest.mark.parametrize(
    ("html", "excerpt", "teaser"),
    [
        ("", False, True),
        (SENTENCE, True, True),
        (SENTENCE * 3, True, True),
        (SENTENCE * 3, False, False),
        (SENTENCE * 12, True, False),
        (SENTENCE * 12 + " […]", True, True),
        (SENTENCE * 12 + " [...]", False, True),
        (SENTENCE * 12 + '<p><a href="/1">Continue reading →</a></p>', False, True),
        (SENTENCE * 12 + '<p><a href="/1">Read the full story</a></p>', False, True),
        (f"<p>{SENTENCE * 12}</p><p>The post One appeared first on Sample.</p>", False, False),
        ('<img src="/a.jpg"><script>"' + SENTENCE * 12 + '"</script>', False, True),
        ("フェリーの乗組員は火曜日に職場を離れた。" * 12, False, False),
    ],
)
def test_a_teaser_has_few_words_or_says_that_it_goes_on(html: str, excerpt: bool, teaser: bool) -> None:
    assert is_teaser(Entry(title="One", html=html, excerpt=excerpt)) is teaser


# Where a site has its feeds ---------------------------------------------------------------------------------


def test_a_page_names_its_feeds() -> None:
    assert discover((SAMPLES / "page.html").read_bytes(), "https://courier.example/") == (
        Offer("https://courier.example/news/all.xml", "Courier: all stories"),
        Offer("https://courier.example/sport/feed/", "sport by feed"),
        Offer("https://courier.example/papers", "RSS"),
        Offer("https://courier.example/comments.xml", "Courier: comments"),
    )


@pytest.mark.parametrize("page", [b"", b"<!-- -->", b"no links", b"\x89PNG\r\n\x1a\n", b"<a href='http://['>RSS</a>"])
def test_a_page_may_name_none(page: bytes) -> None:
    assert discover(page, "https://courier.example/") == ()
