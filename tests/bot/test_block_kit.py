"""Golden renderings for Slack, and how long texts, links and buttons are fitted in.

UPDATE_GOLDEN=1 writes the golden files anew. `test_block_kit_any` tries any content.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from bot.render.block_kit import blocks, messages
from bot.render.block_text import address, pieces, shorten
from bot.render.limits import SLACK_BLOCKS
from briefings.types import Action, Answer, Briefing, CondensedSection, Content, Item, Listing, Notice, Story, Telling
from tests.bot import sample_contents
from tests.bot.sample_contents import COMMANDS, FERRY, HEADLINES, answering, numbered, quoting, subscribed
from tests.servers.slack_judges import judge_message

GOLDEN = Path(__file__).parent / "golden" / "block_kit"

CONTENTS: dict[str, Content] = {
    **sample_contents.CONTENTS,
    "briefing_long": Briefing(topic=None, stories=(numbered(40),)),
    "answer": answering("Free <!channel>!"),
    "listing": Listing(
        "Subscriptions in #C0456ABCD",
        (
            Item(
                "1. harbour in #C0456ABCD, daily at 9 (UTC)",
                "next Wed 09:00",
                actions=(Action("test", "preview 1"), Action("remove", "unsubscribe 1")),
            ),
            *HEADLINES,
            *COMMANDS,
        ),
        actions=(Action("set up a subscription", "subscribe"),),
    ),
    "notice": subscribed("#C0456ABCD", "#D0456ABCD"),
}


@pytest.mark.parametrize("name", sorted(CONTENTS))
def test_a_content_looks_as_it_did(name: str) -> None:
    shown = [{"payload": message.payload, "text": message.text} for message in messages(CONTENTS[name])]
    written = json.dumps(shown, ensure_ascii=False, indent=1) + "\n"
    file = GOLDEN / f"{name}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(written, encoding="utf-8")
    assert written == file.read_text(encoding="utf-8")


def test_a_long_briefing_says_that_it_goes_on_and_names_its_article_in_every_message() -> None:
    briefing = CONTENTS["briefing_long"]
    lead, *replies = messages(briefing)
    assert len(replies) == 1
    assert lead.payload["blocks"][-1]["elements"][0]["text"] == "The rest follows in the replies."
    assert words_in(replies[0].payload["blocks"])[:2] == ["Continued: ", FERRY.title]
    assert replies[0].payload["text"] == f"Briefing: “{FERRY.title}”. (2 of 2)"


def test_many_small_sections_keep_to_the_blocks_of_a_message() -> None:
    sections = tuple(CondensedSection(f"{n}", n, (Telling(f"Word {n}.", 0, 0),)) for n in range(200))
    shown = messages(Briefing(topic=None, stories=(Story(FERRY, sections),)))
    assert [len(message.payload["blocks"]) for message in shown][:2] == [SLACK_BLOCKS, SLACK_BLOCKS]
    assert [judge_message(message.payload) for message in shown] == [[]] * len(shown)


def test_a_sentence_longer_than_a_block_is_marked_where_it_goes_on_and_cited_at_each_part() -> None:
    quote = quoting("word " * 1000 + "end.")
    shown = [
        text
        for message in messages(Answer(question="?", looked_for=("w",), quotes=(quote,)))
        for text in words_in(message.payload["blocks"])
    ]
    assert shown.count(" …") == shown.count("… ") == 1
    assert shown.count("Harbour ferry returns after a year") == 2
    assert " ".join(text for text in shown if "word" in text).split() == quote.text.split()


def test_emoji_flags_and_syllables_are_never_cut() -> None:
    for whole in ("👨‍👩‍👧‍👦", "🇰🇷", "👍🏽", "🏴\U000e0067\U000e0062\U000e007f", "1️⃣", "한", "ก็", "क्षि", "é̂"):
        assert all(part == whole * (len(part) // len(whole)) for part in pieces(whole * 300, 100))
        assert "".join(pieces(whole * 300, 100)) == whole * 300
        shown = shorten(whole * 300, 100).removesuffix("…")
        assert shown == whole * (len(shown) // len(whole)) != ""
    assert pieces("🇰🇷🇯🇵🇫🇷", 9) == ["🇰🇷🇯🇵", "🇫🇷"]
    assert pieces("한국어 글", 4) == ["한국어", "글"]
    assert pieces("a long日本語日本語", 6) == ["a long", "日本語日本語"]
    assert pieces("two words", 6, 1) == ["", "two", "words"]
    assert pieces("e" + "́" * 9, 5) == ["e" + "́" * 4, "́" * 5]


@pytest.mark.parametrize(
    ("given_url", "expected"),
    [
        ("https://example.org/a|b c", "https://example.org/a%7Cb%20c"),
        ("HTTPS://example.org/?q=<x>", "https://example.org/?q=%3Cx%3E"),
        ("javascript:alert(1)", None),
        ("https://", None),
        ("https://user:word@example.org", None),
        ("https://example.org/" + "a" * 3000, None),
        (None, None),
    ],
)
def test_links_lead_to_the_web_or_nowhere(given_url: str | None, expected: str | None) -> None:
    assert address(given_url) == expected


def test_a_command_that_is_too_long_loses_whole_ids_only() -> None:
    (shown,) = messages(Notice("Told.", actions=(Action("more", "more " + " ".join(["12345"] * 500)), Action("", "x"))))
    (button,) = shown.payload["blocks"][-1]["elements"]
    assert set(button["value"].split()[1:]) == {"12345"}
    assert 1_900 < len(button["value"]) <= 2_000


def test_many_buttons_stand_below_each_other_at_the_end() -> None:
    shown = messages(Notice("Told.", actions=tuple(Action("a" * 80, f"brief {n}") for n in range(60))))
    assert [judge_message(message.payload) for message in shown] == [[]] * len(shown)
    buttons = [
        element for message in shown for element in message.payload["blocks"][-3:] if element["type"] == "actions"
    ]
    assert sum(len(row["elements"]) for row in buttons) == 60


def test_views_take_the_blocks_of_several_contents_with_buttons_numbered_through() -> None:
    shown = blocks(CONTENTS["notice"], CONTENTS["listing"])
    ids = re.findall(r'"action_id": "(.*?)"', json.dumps(shown))
    assert ids == [f"sidelines:{number}" for number in range(1, 7)]
    assert blocks(Notice("One.")) == messages(Notice("One."))[0].payload["blocks"]


def words_in(whole: Any) -> list[str]:
    """Every text in blocks, in order."""
    if isinstance(whole, list):
        return [text for part in whole for text in words_in(part)]
    if isinstance(whole, dict):
        return [
            text
            for key, part in whole.items()
            for text in ([part] if key == "text" and isinstance(part, str) else words_in(part))
        ]
    return []


def test_what_is_to_be_copied_is_code_line_by_line_in_as_many_messages_as_it_takes() -> None:
    lines = [f'    <outline text="*Paper* {n} `&amp;`" xmlUrl="https://p{n}.example.org/feed"/>' for n in range(300)]
    found = messages(Notice("\n".join(lines), code=True))
    assert len(found) > 1
    laid = [block for message in found for block in message.payload["blocks"] if block["type"] == "rich_text"]
    parts = [part for block in laid for part in block["elements"]]
    assert {part["type"] for part in parts} == {"rich_text_preformatted"}
    assert {piece["type"] for part in parts for piece in part["elements"]} == {"text"}
    assert "\n".join("".join(piece["text"] for piece in part["elements"]) for part in parts).split("\n") == lines
