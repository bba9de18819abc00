"""Golden renderings, and that nothing outside can steer a terminal, whatever it is."""

import unicodedata
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bot.render.plain_text import cells, clean, content_lines, content_text, wrap
from briefings.types import (
    Action,
    Answer,
    Briefing,
    Content,
    Head,
    Item,
    Listing,
    Notice,
    Story,
)
from tests.bot.any_content import any_content
from tests.bot.sample_contents import CHILDREN, FARES, SAILING

FERRY = Head(
    id=7,
    title="Harbour ferry returns after a year",
    url="https://example.org/ferry",
    source="Harbour Post",
    published=datetime(2026, 5, 19, 6, tzinfo=UTC),
)
BRIDGE = Head(id=8, title="Bridge repairs begin", url="https://example.org/bridge")


KST = timezone(timedelta(hours=9), "KST")
MORNING = datetime(2026, 5, 20, 9, tzinfo=KST)


@pytest.mark.parametrize(
    ("briefing", "head"),
    [
        (Briefing(topic="harbour", stories=(), updated=MORNING.replace(hour=14, minute=5)), "harbour · updated 14:05"),
        (
            Briefing(topic="harbour", stories=(), due=MORNING, updated=MORNING.replace(hour=14)),
            "harbour · due Wed 20 May 09:00 KST · updated 14:00",
        ),
        (
            Briefing(topic="harbour", stories=(), due=MORNING, updated=MORNING.replace(day=21)),
            "harbour · due Wed 20 May 09:00 KST · updated Thu 09:00",
        ),
        (Briefing(topic=None, stories=(), updated=MORNING), "Updated 09:00"),
    ],
)
def test_what_was_told_anew_says_when(briefing: Briefing, head: str) -> None:
    assert content_text(briefing).splitlines()[0] == head


def test_a_briefing_shows_topic_time_source_sections_and_what_was_left_out() -> None:
    briefing = Briefing(
        topic="harbour",
        due=MORNING,
        late=True,
        stories=(
            Story(
                FERRY,
                (SAILING, FARES),
                also_in=(BRIDGE,),
            ),
            Story(BRIDGE, ()),
        ),
        more=(FERRY,),
        actions=(Action("more", "more 7"), Action("post here", "post story 7 8")),
    )
    assert content_text(briefing, width=60).splitlines() == [
        "harbour · due Wed 20 May 09:00 KST · late: it could not be",
        "sent on time",
        "",
        "Harbour ferry returns after a year",
        "Harbour Post, 19 May 2026",
        "https://example.org/ferry",
        "",
        "  - The ferry sails again on Friday, the port said.",
        "",
        "  What it costs",
        "  - A crossing is to cost 4.50, half of what it did before",
        "    the engine failed.",
        "  - Children under ten travel free.",
        "",
        "  Also in:",
        "    - Bridge repairs begin",
        "",
        "Bridge repairs begin",
        "https://example.org/bridge",
        "",
        "1 more:",
        "  - Harbour ferry returns after a year (Harbour Post, 19 May",
        "    2026)",
        "",
        "Type `more 7` (more), `post story 7 8` (post here).",
    ]


def test_an_answer_quotes_and_cites_with_section_and_link() -> None:
    answer = Answer(question="children?", looked_for=("children",), quotes=(replace(CHILDREN, article=FERRY),))
    assert content_lines(answer) == [
        "“Children under ten travel free.”",
        "  — Harbour ferry returns after a year — What it costs — Harbour Post, 19 May",
        "    2026",
        "    https://example.org/ferry",
    ]


def test_nothing_found_names_the_words_and_the_nearest_headline() -> None:
    answer = Answer(question="?", looked_for=("bitcoin", "price"), quotes=(), nearest=FERRY)
    assert content_lines(answer) == [
        "I have nothing on that. I looked for: bitcoin, price.",
        "The nearest headline is “Harbour ferry returns after a year”.",
    ]
    assert content_lines(Answer(question="?!", looked_for=(), quotes=())) == [
        "I have nothing on that: there is no word in it to look for."
    ]


def test_what_is_too_long_for_a_word_is_told_by_its_beginning() -> None:
    (first, *_) = content_lines(Answer(question="?", looked_for=("x" * 5000,), quotes=()), width=1000)
    assert first == f"I have nothing on that. I looked for: {'x' * 99}…."


def test_an_empty_listing_says_why_and_an_empty_briefing_says_so() -> None:
    assert content_lines(Listing("Topics", (), "None yet.")) == ["Topics", "None yet."]
    assert content_lines(Briefing(topic=None, stories=())) == ["No new stories."]


def test_a_listing_has_details_links_and_what_to_type() -> None:
    listing = Listing("Latest", (Item("One", "19 May", "https://example.org/1", (Action("brief", "brief 1"),)),))
    assert content_lines(listing) == [
        "Latest",
        "  - One",
        "    19 May",
        "    https://example.org/1",
        "    Type `brief 1` (brief).",
    ]


def test_what_is_to_be_copied_is_not_wrapped() -> None:
    lines = ["<body>", f'  <outline text="{"Long " * 40}"/>', "</body>"]
    assert content_lines(Notice("\n".join(lines), code=True), width=40) == lines


def test_a_notice_keeps_its_lines_so_that_a_caret_stands_under_its_place() -> None:
    assert content_lines(Notice("Wrong here:\na OR OR b\n     ^")) == ["Wrong here:", "a OR OR b", "     ^"]


def test_a_hostile_title_cannot_send_an_escape_sequence() -> None:
    hostile = "\x1b]0;owned\x07\x9b31mSale\u202egpj.exe\r\nsidelines: deleted"
    lines = content_lines(
        Briefing(topic=hostile, stories=(Story(Head(id=1, title=hostile, url="https://e.org/\x1b[2J"), ()),))
    )
    assert not set("\x1b\x07\x9b\u202e\r\n") & set("".join(lines))
    assert clean(hostile) == "]0;owned 31mSalegpj.exe sidelines: deleted"


def test_wide_characters_count_twice_and_are_broken_at_the_line() -> None:
    assert cells("日本") == 4
    assert wrap("日本と韓国の首脳が会談する", 12) == ["日本と韓国の", "首脳が会談す", "る"]


def test_a_link_is_never_broken() -> None:
    link = "https://example.org/" + "a" * 100
    assert wrap(f"see {link} now", 40) == ["see", link, "now"]


_, contents = any_content()


@given(contents, st.integers(20, 120))
@settings(max_examples=150, deadline=None)
def test_any_content_is_lines_that_cannot_steer_a_terminal(content: Content, width: int) -> None:
    for line in content_lines(content, width=width):
        assert not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in line)
        assert not any("\u202a" <= character <= "\u202e" for character in line)


@given(st.text(st.characters(exclude_characters=":"), max_size=300), st.integers(10, 100))
@settings(max_examples=200, deadline=None)
def test_wrapped_lines_fit_and_lose_no_character(text: str, width: int) -> None:
    lines = wrap(clean(text), width, "  ")
    assert all(cells(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(clean(text).split())
