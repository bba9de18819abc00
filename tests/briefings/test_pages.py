"""Web pages as sites make them: their headings, boxes and cards, and the facts that they state of themselves."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefings.documents import read
from briefings.errors import UnreadableDocument
from briefings.types import Document

ADDRESS = "https://harbourpost.example/news/ferry"
LEAD = (
    "<p>The island's only ferry will stop for six weeks in spring, the harbour office said on Tuesday, and nobody yet"
    " knows how the bakery will get its flour.</p><p>About four hundred people live on the island through the winter,"
    " and most of what they eat comes over on the morning boat.</p>"
)
COST = (
    "<p>The repair costs two million crowns, which the council wants to take from the money set aside for the swimming"
    " pool. A vote is planned for the end of the month.</p><p>Two members have already said that they will vote against"
    " it, because the pool has waited for nine years.</p>"
)
HELP = (
    "<p>Three fishermen have offered to carry post and medicine free of charge while the ferry is away, weather"
    " permitting. The clinic has accepted.</p>"
)


def page(body: str, *, head: str = "", title: str = "Ferry to Stop for Six Weeks") -> bytes:
    return (
        f'<!doctype html><html lang="en"><head><title>{title}</title>{head}</head>'
        f"<body><nav><a href='/'>Home</a></nav>{body}<footer><p>Harbour Post, Quay 4</p></footer></body></html>"
    ).encode()


def article(body: str, **more: str) -> Document:
    return read(page(f"<article><h1>Ferry to Stop for Six Weeks</h1>{body}</article>", **more), name=ADDRESS)


def described(**facts: object) -> str:
    return f'<script type="application/ld+json">{json.dumps({"@type": "NewsArticle", **facts})}</script>'


def headings(document: Document) -> list[str | None]:
    return [section.heading for section in document.sections]


def text(document: Document) -> str:
    return " ".join(sentence for section in document.sections for sentence in section.sentences)


# Headings ---------------------------------------------------------------------------------------------------


def test_the_title_above_the_text_is_no_section() -> None:
    document = article(f"{LEAD}<h2>What it costs</h2>{COST}", title="Ferry to Stop for Six Weeks | Harbour Post")
    assert headings(document) == [None, "What it costs"]


def test_a_card_among_the_text_is_no_section() -> None:
    card = "<h3><a href='/news/pool'>Nine years of waiting: the story of the pool</a></h3>"
    document = article(f"{LEAD}<h2>What it costs</h2>{COST}{card}{HELP}<h2>Who helps</h2>{HELP}{LEAD}")
    assert headings(document) == [None, "What it costs", "Who helps"]


def test_headings_that_are_all_links_stay() -> None:
    document = article(
        f"{LEAD}<h2><a href='/a'>First: the bakery</a></h2>{COST}"
        f"<h2><a href='/b'>Second: the clinic</a></h2>{HELP}{LEAD}"
    )
    assert headings(document) == [None, "First: the bakery", "Second: the clinic"]


def test_a_heading_for_screen_readers_is_no_section() -> None:
    document = article(f"<h2 class='visually-hidden'>Text of the article</h2>{LEAD}<h2>What it costs</h2>{COST}")
    assert headings(document) == [None, "What it costs"]


def test_a_standfirst_set_as_a_heading_is_a_paragraph() -> None:
    words = "The harbour office takes the boat out of service, and four hundred islanders look for other ways"
    document = article(f"<h2>{words}</h2>{LEAD}<h2>What it costs</h2>{COST}")
    assert headings(document) == [None, "What it costs"]
    assert document.sections[0].sentences[0] == words


def test_bold_lines_are_the_headings_of_a_page_without_others() -> None:
    document = article(
        f"{LEAD}<p><strong>What it costs</strong></p>{COST}<p><strong>We cannot wait any longer.</strong></p>{HELP}"
    )
    assert headings(document) == [None, "What it costs"]


def test_bold_lines_below_real_headings_are_text() -> None:
    document = article(f"{LEAD}<h2>What it costs</h2>{COST}<p><b>A word from the baker</b></p>{HELP}")
    assert headings(document) == [None, "What it costs"]


def test_a_heading_in_a_box_of_its_own_is_found() -> None:
    document = article(
        f"{LEAD}<div class='upper'><div><h2>What it costs</h2></div></div><div class='lower'>{COST}</div>{HELP}"
    )
    assert headings(document) == [None, "What it costs"]


def test_the_head_of_a_related_box_is_no_section() -> None:
    box = "<h3>Related articles</h3><ul><li><a href='/1'>Pool still closed</a></li></ul>"
    document = article(f"{LEAD}<h2>What it costs</h2>{COST}{box}{HELP}")
    assert headings(document) == [None, "What it costs"]


# Text -------------------------------------------------------------------------------------------------------


def test_a_paragraph_that_is_only_a_link_is_left_out() -> None:
    link = "<p><a href='/news/storm'>Storm of the century: how the old pier was lost in one night</a></p>"
    document = article(f"{LEAD}{link}<h2>What it costs</h2>{COST}")
    assert "old pier" not in text(document)


def test_a_table_is_read_row_by_row() -> None:
    table = "<table><tr><td>Adults</td><td>40 crowns</td></tr><tr><td>Children</td><td>nothing</td></tr></table>"
    document = article(f"{LEAD}<h2>What it costs</h2>{COST}{table}{HELP}")
    assert ("Adults 40 crowns",) in document.sections[1].paragraphs
    assert ("Children nothing",) in document.sections[1].paragraphs


# Facts ------------------------------------------------------------------------------------------------------


def test_what_json_ld_says_comes_first() -> None:
    document = article(
        f"{LEAD}{COST}",
        head=described(
            headline="Ferry to Stop for Six Weeks",
            author=[{"@type": "Person", "name": "Rosa Lindqvist"}, {"@type": "Person", "name": "By Tom Achterberg"}],
            datePublished="2025-03-04T17:30:00+02:00",
            publisher={"@type": "Organization", "name": "Harbour Post"},
        )
        + '<meta name="author" content="webmaster@harbourpost.example">',
    )
    assert document.byline == "Rosa Lindqvist, Tom Achterberg"
    assert document.published == datetime(2025, 3, 4, 15, 30, tzinfo=UTC)
    assert document.source == "Harbour Post"


@pytest.mark.parametrize("holder", [lambda node: [node], lambda node: {"@graph": [{"@type": "WebSite"}, node]}])
def test_json_ld_is_found_in_lists_and_graphs(holder: object) -> None:
    assert callable(holder)
    node = holder({"@type": ["Report", "NewsArticle"], "author": "Rosa Lindqvist"})
    broken = '<script type="application/ld+json">{"@type": "NewsArticle", </script>'
    document = article(LEAD + COST, head=f'{broken}<script type="application/ld+json">{json.dumps(node)}</script>')
    assert document.byline == "Rosa Lindqvist"


@pytest.mark.parametrize(
    "written", ["Harbour Post", "https://social.example/harbourpost", "admin", "By ", "news@post.example"]
)
def test_what_names_nobody_is_no_byline(written: str) -> None:
    head = f'<meta property="og:site_name" content="Harbour Post"><meta name="author" content="{written}">'
    assert article(LEAD + COST, head=head).byline is None


def test_a_byline_in_the_page_is_found() -> None:
    assert article(f"<p class='byline'>By Rosa Lindqvist</p>{LEAD}{COST}").byline == "Rosa Lindqvist"


@pytest.mark.parametrize(
    "written",
    ["Ferry to Stop for Six Weeks | Harbour Post", "Ferry to Stop for Six Weeks - Island - Harbour Post"],
)
def test_a_title_does_not_name_the_site(written: str) -> None:
    assert (
        article(LEAD + COST, head=f'<meta property="og:title" content="{written}">').title
        == "Ferry to Stop for Six Weeks"
    )


def test_a_title_keeps_its_own_dash() -> None:
    written = "Six weeks without a boat - what islanders can do"
    assert read(page(f"<article>{LEAD}{COST}</article>", title=written), name=ADDRESS).title == written


def test_a_date_of_a_template_is_not_believed() -> None:
    head = described(datePublished="0001-01-01T00:00:00") + '<meta name="date" content="2025-03-04">'
    assert article(LEAD + COST, head=head).published == datetime(2025, 3, 4, tzinfo=UTC)


@pytest.mark.parametrize(("stated", "believed"), [("2025-03-04T17:30:00Z", True), ("2025-03-07T17:30:00Z", False)])
def test_a_date_ahead_of_the_clock_is_not_believed(stated: str, believed: bool) -> None:
    data = page(f"<article>{LEAD}{COST}</article>", head=described(datePublished=stated))
    assert (read(data, now=datetime(2025, 3, 4, 9, tzinfo=UTC)).published is not None) is believed


@pytest.mark.parametrize(
    ("stated", "address"),
    [
        ("https://harbourpost.example/ferry-stops", "https://harbourpost.example/ferry-stops"),
        ("/ferry-stops", "https://harbourpost.example/ferry-stops"),
        ("https://harbourpost.example/", ADDRESS),
        ("https://[", ADDRESS),
    ],
)
def test_the_canonical_address(stated: str, address: str) -> None:
    assert article(LEAD + COST, head=f'<link rel="canonical" href="{stated}">').url == address


# Stubs ------------------------------------------------------------------------------------------------------

LOCKED = described(isAccessibleForFree="False", wordCount=900)


@pytest.mark.parametrize("head", ['<meta name="robots" content="noindex, follow">', LOCKED])
def test_a_page_that_holds_its_article_back_gives_headline_and_link(head: str) -> None:
    data = page(f"<article><h1>Ferry to Stop for Six Weeks</h1>{LEAD}</article>", head=head)
    stub = read(data, name=ADDRESS, stub_ok=True)
    assert (stub.title, stub.url, stub.sections) == ("Ferry to Stop for Six Weeks", ADDRESS, ())
    assert text(read(data, name=ADDRESS)).startswith("The island's only ferry")


def test_a_page_with_too_little_text_gives_headline_and_link() -> None:
    data = page("<h1>Ferry to Stop for Six Weeks</h1><p>Log in</p>")
    assert read(data, name=ADDRESS, stub_ok=True).sections == ()
    with pytest.raises(UnreadableDocument):
        read(data, name=ADDRESS)


def test_an_article_for_subscribers_that_is_there_as_a_whole_is_read() -> None:
    data = page(
        f"<article><h1>Ferry to Stop for Six Weeks</h1>{LEAD}<h2>What it costs</h2>{COST}{HELP}</article>",
        head=described(isAccessibleForFree=False),
    )
    assert headings(read(data, name=ADDRESS, stub_ok=True)) == [None, "What it costs"]


# Anything ---------------------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [*(LEAD, COST, HELP, LOCKED, "<h2>", "</h2>", "<h1>", "<p>", "<b>Bold</b>", "<a href='/x'>", "</a>", "<table><tr>"),
     *("<td>", "<li>", "Words", "<div hidden>", "<!-- -->", "<script>", "<meta name=robots content=none>", "<title>")]
)  # fmt: skip


@given(st.lists(PIECES, max_size=12))
def test_any_page_is_a_document_or_refused(pieces: list[str]) -> None:
    try:
        document = read(page("".join(pieces)), name="page.html")
    except UnreadableDocument:
        return
    assert document.sections
    assert all(section.sentences for section in document.sections)
