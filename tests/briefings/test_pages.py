"""Web pages as sites make them: their headings, boxes and cards, and the facts that they state of themselves."""

import json
from contextlib import suppress
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


def test_sections_are_two_levels_deep() -> None:
    document = article(
        f"{LEAD}<h2>What it costs</h2>{COST}<h3>Who pays</h3>{HELP}<h4>Pool</h4>{COST}<h2>Who helps</h2>{HELP}"
    )
    assert headings(document) == [None, "What it costs", "Who pays", "Who helps"]
    assert ("Pool",) in document.sections[2].paragraphs


def test_headings_within_a_list_are_found() -> None:
    items = f"<ul><li><h3>What it costs</h3>{COST}</li><li><h3>Who helps</h3>{HELP}</li></ul>"
    assert headings(article(LEAD + items)) == [None, "What it costs", "Who helps"]


def test_a_table_that_is_the_layout_of_the_page_is_read_block_by_block() -> None:
    body = f"<table><tr><td>{LEAD}<h2>What it costs</h2>{COST}<h2>Who helps</h2>{HELP}{LEAD}</td></tr></table>"
    document = read(page(body), name=ADDRESS)
    assert headings(document)[-2:] == ["What it costs", "Who helps"]


# Boxes and standfirst ---------------------------------------------------------------------------------------

BODY = f"{LEAD}<h2>What it costs</h2>{COST}%s{HELP}{LEAD}"
MANY = ("Four", "Five", "Six", "Seven", "Eight", "Nine")
LETTER = "<h3>Letters from the quay</h3><p>All that moves the harbour, every Friday in your mailbox.</p>"


@pytest.mark.parametrize(
    "box",
    [
        f"<div>{LETTER}</div>",
        f"<section><div>{LETTER}<a href='/letters'>Read them</a></div></section>",
        "<div><p>Letters from the quay reach you every Friday.</p><form><input name='mail'></form></div>",
        "<ul><li><a href='/letters'>Letters from the quay: all of this year</a></li></ul>",
    ],
)
def test_a_box_between_the_paragraphs_is_left_out(box: str) -> None:
    document = article(BODY % box)
    assert document.sections == article(BODY % "").sections
    assert "quay" not in text(document)


@pytest.mark.parametrize(
    "part",
    [
        "<div><h2>Who else</h2>"
        + "".join(HELP.replace("Three", each) for each in MANY)
        + "</div>",  # too long for a box
        "<div><h2>Who else</h2></div><p>Nobody else has offered help so far, the office said.</p>",  # only a heading
        "<ul><li>Flour</li><li>Milk, of which there is <a href='/milk'>enough</a></li></ul>",
    ],
)
def test_what_belongs_to_the_article_stays(part: str) -> None:
    assert len(text(article(BODY % part))) > len(text(article(BODY % "")))


def test_where_no_element_holds_the_article_nothing_is_a_box() -> None:
    parts = f"<div><h2>What it costs</h2>{COST}</div><div><h2>Who helps</h2>{HELP}</div><div>{LEAD}</div>"
    assert headings(article(parts))[:2] == ["What it costs", "Who helps"]


def test_an_article_in_parts_is_read_as_a_whole() -> None:
    told = [HELP.replace("Three", each) for each in MANY]
    parts = (f"<div><div class='article__body'>{''.join(some)}</div><p>Ad</p></div>" for some in (told[:3], told[3:]))
    data = page(f"<main><h1>Ferry to Stop</h1><div class='parts'>{''.join(parts)}</div></main>")
    said = text(read(data, name=ADDRESS))
    assert all(f"{each} fishermen" in said for each in MANY)


SUMMARY = "Four hundred islanders have to find another way to flour, post and medicine, for six long weeks in spring."


def described_as(summary: str) -> str:
    return f'<meta name="description" content="{summary}">'


def test_the_standfirst_opens_the_text() -> None:
    body = f"<header><h1>Ferry to Stop</h1><div class='intro'><b>{SUMMARY}</b></div></header>"
    data = page(f"<main>{body}<article>{LEAD}{COST}{HELP}</article></main>", head=described_as(f"{SUMMARY[:70]}..."))
    assert read(data, name=ADDRESS).sections[0].paragraphs[0] == (SUMMARY,)


@pytest.mark.parametrize(
    "place",
    [
        f"<figure><figcaption>{SUMMARY}</figcaption></figure>",
        f"<div class='photo-caption'>{SUMMARY}</div>",
        f"<p><a href='/other'>{SUMMARY}</a></p>",
        "",
    ],
)
def test_a_description_alone_is_no_standfirst(place: str) -> None:
    data = page(f"<main>{place}<article>{LEAD}{COST}{HELP}</article></main>", head=described_as(SUMMARY))
    assert SUMMARY not in text(read(data, name=ADDRESS))


def test_a_standfirst_is_there_once() -> None:
    data = page(f"<article><h1>Ferry to Stop</h1><p>{SUMMARY}</p>{LEAD}{COST}</article>", head=described_as(SUMMARY))
    assert text(read(data, name=ADDRESS)).count(SUMMARY) == 1


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
     *("<td>", "<li>", "Words", "<div hidden>", "<!-- -->", "<script>", "<meta name=robots content=none>", "<title>"),
     *("<div>", "</div>", "<form><input>", "<ul>", "<blockquote>", "<meta name=description content='The island'>")]
)  # fmt: skip


@pytest.mark.parametrize("tag", ["div", "ul><li", "p", "b", "table><tr><td", "blockquote", "h2", "a href='/x'"])
def test_a_page_nested_without_end_is_read_or_refused(tag: str) -> None:
    data = page(f"<article>{LEAD}{f'<{tag}>' * 30_000}{COST}")
    with suppress(UnreadableDocument):
        assert read(data, name=ADDRESS).sections


@given(st.lists(PIECES, max_size=12))
def test_any_page_is_a_document_or_refused(pieces: list[str]) -> None:
    try:
        document = read(page("".join(pieces)), name="page.html")
    except UnreadableDocument:
        return
    assert document.sections
    assert all(section.sentences for section in document.sections)
