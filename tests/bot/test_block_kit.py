"""Golden renderings for Slack, and that no content whatever breaks a limit, loses a word or mentions anybody.

UPDATE_GOLDEN=1 writes the golden files anew; SIDELINES_THOROUGH=1 tries 10,000 contents instead of 300.
"""

import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.render.block_kit import Message, blocks, messages
from bot.render.block_text import address, pieces, shorten
from bot.render.limits import SLACK_BLOCK_TEXT, SLACK_BLOCKS, SLACK_LEAD_TEXT, SLACK_MESSAGE, units
from bot.render.plain_text import clean
from briefings.types import (
    Action,
    Answer,
    Briefing,
    CondensedSection,
    Content,
    Head,
    Item,
    Listing,
    Notice,
    Quote,
    Story,
    Telling,
)
from tests.servers.slack_judges import judge_message, live_mentions

GOLDEN = Path(__file__).parent / "golden" / "block_kit"
THOROUGH = bool(os.environ.get("SIDELINES_THOROUGH"))

FERRY = Head(
    id=7,
    title="Harbour ferry returns after a year",
    url="https://example.org/ferry?a=1&b=2",
    source="Harbour Post",
    published=datetime(2026, 5, 19, 6, tzinfo=UTC),
)
BRIDGE = Head(id=8, title="Bridge *repairs* begin :tada:", url="https://example.org/bridge", source="A & B")
FARES = CondensedSection(
    "What it costs",
    1,
    (
        Telling("A crossing is to cost 4.50, half of what it did before the engine failed.", 0, 0),
        Telling("Children under ten travel free.", 0, 1),
    ),
)
CHILDREN = Quote(
    text="Children under ten travel free.",
    article=FERRY,
    heading="What it costs",
    section=1,
    paragraph=0,
    sentence=1,
    score=3.5,
)
CONTENTS: dict[str, Content] = {
    "briefing": Briefing(
        topic="harbour",
        due=datetime(2026, 5, 20, 9, tzinfo=timezone(timedelta(hours=9), "KST")),
        late=True,
        stories=(
            Story(
                FERRY,
                (CondensedSection(None, 0, (Telling("The ferry sails again on Friday, the port said.", 0, 0),)), FARES),
                also_in=(BRIDGE,),
            ),
            Story(BRIDGE, ()),
        ),
        more=(FERRY, BRIDGE),
        actions=(Action("post here", "post story 7 8"),),
    ),
    "briefing_long": Briefing(
        topic=None,
        stories=(
            Story(
                FERRY,
                tuple(CondensedSection(f"Part {n}", n, (Telling(f"Sentence {n}. " * 9, 0, 0),)) for n in range(40)),
            ),
        ),
    ),
    "briefing_empty": Briefing(topic="harbour", stories=()),
    "answer": Answer(
        question="children?",
        looked_for=("children",),
        quotes=(
            CHILDREN,
            Quote(text="Free <!channel>!", article=BRIDGE, heading=None, section=0, paragraph=0, sentence=0, score=1.0),
        ),
        actions=(Action("more", "more 9/1"), Action("brief me", "brief 7")),
    ),
    "answer_none": Answer(question="?", looked_for=("bitcoin", "price"), quotes=(), nearest=FERRY),
    "listing": Listing(
        "Subscriptions in #C0456ABCD",
        (
            Item(
                "1. harbour in #C0456ABCD, daily at 9 (UTC)",
                "next Wed 09:00",
                actions=(Action("test", "preview 1"), Action("remove", "unsubscribe 1")),
            ),
            Item(FERRY.title, "Harbour Post, 19 May 2026", FERRY.url, (Action("brief me", "brief 7"),)),
            Item(BRIDGE.title, "no date", BRIDGE.url, (Action("brief me", "brief 8"),)),
            Item("`ask QUESTION`: quoted sentences", "for example `ask who pays?`"),
            Item("topic", "harbour OR ferry"),
        ),
        actions=(Action("set up a subscription", "subscribe"),),
    ),
    "notice": Notice(
        "#C0456ABCD is subscribed to harbour & sea: see https://example.org/help.\n\nWrong here:\na OR OR b\n     ^\n"
        "Write `reschedule 1 WHEN` in #D0456ABCD.",
        "refused",
        (Action("change", "reschedule 1"),),
    ),
}


@pytest.mark.parametrize("name", sorted(CONTENTS))
def test_a_content_looks_as_it_did(name: str) -> None:
    shown = [{"payload": message.payload, "text": message.text} for message in messages(CONTENTS[name])]
    written = json.dumps(shown, ensure_ascii=False, indent=1) + "\n"
    file = GOLDEN / f"{name}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(written, encoding="utf-8")
    assert written == file.read_text(encoding="utf-8")


def test_a_long_briefing_leads_with_its_buttons_and_names_its_article_in_every_message() -> None:
    briefing = CONTENTS["briefing_long"]
    lead, *replies = messages(briefing)
    assert len(replies) == 1
    assert lead.payload["blocks"][-1]["elements"][0]["text"] == "The rest follows in the replies."
    assert list(literal(replies[0].payload["blocks"]))[:2] == [("Continued: ", None), (FERRY.title, FERRY.url)]
    assert replies[0].payload["text"] == f"Briefing: “{FERRY.title}”. (2 of 2)"


def test_many_small_sections_keep_to_the_blocks_of_a_message() -> None:
    sections = tuple(CondensedSection(f"{n}", n, (Telling(f"Word {n}.", 0, 0),)) for n in range(200))
    shown = messages(Briefing(topic=None, stories=(Story(FERRY, sections),)))
    assert [len(message.payload["blocks"]) for message in shown][:2] == [SLACK_BLOCKS, SLACK_BLOCKS]
    assert_sound(shown)


def test_a_sentence_longer_than_a_block_is_marked_where_it_goes_on_and_cited_at_each_part() -> None:
    quote = Quote(
        text="word " * 1000 + "end.", article=FERRY, heading=None, section=0, paragraph=0, sentence=0, score=1.0
    )
    shown = [
        text
        for message in messages(Answer(question="?", looked_for=("w",), quotes=(quote,)))
        for text, _ in literal(message.payload["blocks"])
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
    assert_sound(shown)
    buttons = [
        element for message in shown for element in message.payload["blocks"][-3:] if element["type"] == "actions"
    ]
    assert sum(len(row["elements"]) for row in buttons) == 60


def test_views_take_the_blocks_of_several_contents_with_buttons_numbered_through() -> None:
    shown = blocks(CONTENTS["notice"], CONTENTS["listing"])
    ids = re.findall(r'"action_id": "(.*?)"', json.dumps(shown))
    assert ids == [f"sidelines:{number}" for number in range(1, 7)]
    assert blocks(Notice("One.")) == messages(Notice("One."))[0].payload["blocks"]


# Any content --------------------------------------------------------------------------------------------------

HOSTILE = (
    "<!channel>",
    "<!here|here>",
    "<@U0456ABCD>",
    "<#C0456ABCD>",
    "&lt;!here&gt;",
    "&amp;lt;!everyone&amp;gt;",
    "@everyone",
    "*bold* _it_ ~no~ `code`",
    ":smile: :+1::skin-tone-2:",
    "> quoted",
    "```",
    "<!date^1392734382^{date}|x>",
    "<https://e.org|x>",
    "#C0456ABCD",
    "👨‍👩‍👧‍👦",
    "🇰🇷🇯🇵",
    "עברית ועוד",
    "\u202eevil",
    "日本と韓国の首脳が会談する。",
    "\x00\x1b[31m",
    "\ud800",
    "\n\n",
    "|",
    '"\\"',
    "́" * 50,
)
short = st.text(max_size=30) | st.sampled_from(HOSTILE) | st.lists(st.sampled_from(HOSTILE), max_size=6).map(" ".join)
LONG = ("a", "word ", "日本語", "👨‍👩‍👧‍👦", '"', "<!channel> ", "&", "é̂", "السلام ", ":x:", "*", "`", "http://e.org ")
long = st.builds(
    lambda piece, size: piece * (size // len(piece)), st.sampled_from(LONG), st.sampled_from((300, 2850, 2950, 10_000))
)
texts = st.one_of(short, short, short, short, long)
urls = (
    st.none()
    | st.sampled_from(
        (
            "https://example.org/a",
            "http://e.org/|<!channel>",
            "https://e.org/" + "a" * 2980,
            "https://e.org/" + "<" * 2000,
            "ftp://e.org",
            "javascript:x",
        )
    )
    | texts
)
heads = st.builds(
    Head,
    id=st.integers(1, 99),
    title=texts,
    url=urls,
    source=st.none() | texts,
    published=st.none() | st.datetimes(timezones=st.just(UTC)),
)
tellings = st.builds(Telling, texts, st.just(0), st.just(0))
sections = st.builds(CondensedSection, st.none() | texts, st.just(0), st.lists(tellings, max_size=3).map(tuple))
small = st.builds(
    CondensedSection,
    st.none() | short,
    st.just(0),
    st.builds(Telling, short, st.just(0), st.just(0)).map(lambda it: (it,)),
)
few_or_many = st.one_of(
    *[st.lists(sections, max_size=3)] * 9, st.builds(lambda it: it * 67, st.lists(small, min_size=3, max_size=3))
)
stories = st.builds(Story, heads, few_or_many.map(tuple), also_in=st.lists(heads, max_size=3).map(tuple))
actions = st.lists(st.builds(Action, texts, texts), max_size=2).map(tuple) | st.lists(
    st.builds(Action, short, short), min_size=20, max_size=30
).map(tuple)
quotes = st.builds(
    Quote,
    text=texts,
    article=heads,
    heading=st.none() | texts,
    section=st.integers(0, 9),
    paragraph=st.just(0),
    sentence=st.just(0),
    score=st.just(1.0),
)
items = st.builds(Item, texts, texts, urls, actions)
contents = st.one_of(
    st.builds(Notice, texts | st.lists(texts, max_size=5).map("\n".join), actions=actions),
    st.builds(Listing, texts, st.lists(items, max_size=4).map(tuple), texts, actions),
    st.builds(
        Answer,
        question=texts,
        looked_for=st.lists(texts, max_size=3).map(tuple),
        quotes=st.lists(quotes, max_size=4).map(tuple),
        nearest=st.none() | heads,
        actions=actions,
    ),
    st.builds(
        Briefing,
        topic=st.none() | texts,
        stories=st.lists(stories, max_size=3).map(tuple),
        more=st.lists(heads, max_size=2).map(tuple),
        due=st.none() | st.datetimes(timezones=st.just(UTC)),
        late=st.booleans(),
        actions=actions,
    ),
)


@given(contents)
@settings(max_examples=10_000 if THOROUGH else 300)
def test_any_content_keeps_every_limit_and_every_word_and_mentions_nobody(content: Content) -> None:
    shown = messages(content)
    assert_sound(shown)
    assert_nobody_is_mentioned(shown)
    assert_all_is_told_in_order(content, shown)
    assert_quotes_are_cited(content, shown)
    assert messages(content) == shown
    for block in blocks(content):
        assert text_of(block) <= SLACK_BLOCK_TEXT


def assert_sound(shown: tuple[Message, ...]) -> None:
    for number, message in enumerate(shown):
        payload = message.payload
        assert json.loads(json.dumps(payload).encode()) == payload
        assert payload["unfurl_links"] is payload["unfurl_media"] is False
        assert judge_message(payload) == []
        assert 0 < len(payload["blocks"]) <= SLACK_BLOCKS
        assert max(map(text_of, payload["blocks"])) <= SLACK_BLOCK_TEXT
        assert text_of(payload["blocks"]) <= (SLACK_MESSAGE if number else SLACK_LEAD_TEXT)
        assert units(json.dumps(payload["blocks"], ensure_ascii=False, separators=(",", ":"))) <= SLACK_MESSAGE
        assert payload["text"].strip()
        assert message.text.strip()
        ids = re.findall(r'"action_id": "(.*?)"', json.dumps(payload))
        assert len(ids) == len(set(ids))


def assert_nobody_is_mentioned(shown: tuple[Message, ...]) -> None:
    for message in shown:
        assert live_mentions(message.payload) == []
        for part in parts(message.payload["blocks"]):
            kind = part.get("type", "")
            assert kind not in {"user", "usergroup", "broadcast", "emoji", "date", "header", "markdown"}
            if kind == "mrkdwn":
                assert part["verbatim"]
                bare = re.sub(r"<(https?://[^|<>]+\|[^|<>]*|#[CG]\w+)>|`[^`]*`", "", part["text"])
                assert not re.search(r"[<>*_~`]|:\S+:|&(?!amp;|lt;|gt;)", bare)
            if kind == "plain_text":
                assert part["emoji"] is False
        assert not re.search(r"<(?!#[CG]\w{8,10}>)|&(?!amp;|lt;|gt;)", message.payload["text"])


def assert_all_is_told_in_order(content: Content, shown: tuple[Message, ...]) -> None:
    told = squeezed("".join(text for message in shown for text, _ in literal(message.payload["blocks"], marks=False)))
    place = 0
    for text in expected(content):
        place = told.find(squeezed(text), place)
        assert place >= 0, f"{text[:80]!r} is not told, or not in its place"
        place += len(squeezed(text))


def assert_quotes_are_cited(content: Content, shown: tuple[Message, ...]) -> None:
    """Sentences that fit a block are whole; a quote has its citation after it, a story its headline above."""
    elements = [text for message in shown for text, _ in literal(message.payload["blocks"])]
    if isinstance(content, Answer):
        rich = [part for message in shown for part in parts(message.payload["blocks"])]
        quoted = [part for part in rich if part.get("type") == "rich_text_quote"]
        told = squeezed("".join(text for text, _ in literal(quoted, marks=False)))
        assert told == squeezed("".join(quote.text for quote in content.quotes))
        assert {clean(q.text) for q in content.quotes if 0 < units(clean(q.text)) <= SLACK_BLOCK_TEXT} <= set(elements)
        for message in shown:
            rich = [part for block in message.payload["blocks"] for part in block.get("elements", ())]
            for number, part in enumerate(rich):
                if part["type"] == "rich_text_quote":
                    assert rich[number + 1]["elements"][0]["text"].startswith("— ")
    if isinstance(content, Briefing):
        whole = {clean(t.text) for story in content.stories for section in story.sections for t in section.sentences}
        assert {text for text in whole if 0 < units(text) <= SLACK_BLOCK_TEXT} <= set(elements)
        titles = {shorten(story.article.title, 300) or "Untitled" for story in content.stories}
        for message in shown:
            above = []
            for block in message.payload["blocks"]:
                for part in block.get("elements", ()):
                    assert part["type"] != "rich_text_list" or any(title in text for title in titles for text in above)
                    above += [text for text, _ in literal([part])]


def expected(content: Content) -> Iterator[str]:
    """What must be read, in order; long titles by how they begin."""
    match content:
        case Briefing():
            yield from [content.topic[:90]] if content.topic else []
            for story in content.stories:
                yield from cited(story.article)
                for section in story.sections:
                    yield (section.heading or "")[:90]
                    yield from (telling.text for telling in section.sentences)
                yield from (head.title[:90] for head in story.also_in)
        case Answer():
            for quote in content.quotes:
                yield quote.article.title[:90]
                yield (quote.heading or "")[:90]
                yield from list(cited(quote.article))[1:]
            if not content.quotes:
                yield from (word[:40] for word in content.looked_for)
        case Listing():
            yield content.title.replace("`", "")
            for item in content.items:
                yield item.label[:90] if item.url else item.label.replace("`", "")
                yield item.detail.replace("`", "")
            yield "" if content.items else content.empty.replace("`", "")
        case Notice():
            yield content.text.replace("`", "")


def cited(head: Head) -> Iterator[str]:
    yield head.title[:90]
    yield (head.source or "")[:40]
    yield f"{head.published.day}{head.published:%b%Y}" if head.published else ""


def parts(whole: Any) -> Iterator[dict[str, Any]]:
    if isinstance(whole, dict):
        yield whole
    for part in whole.values() if isinstance(whole, dict) else whole:
        if isinstance(part, dict | list):
            yield from parts(part)


def literal(whole: list[dict[str, Any]], *, marks: bool = True) -> Iterator[tuple[str, str | None]]:
    """What is read in blocks, buttons aside, with where it links; `marks` is what we add in italics."""
    for part in parts([{**part, "accessory": {}} for part in whole if part["type"] != "actions"]):
        match part:
            case {"type": "text" | "link", "text": text}:
                if marks or not part.get("style", {}).get("italic"):
                    yield text, part.get("url")
            case {"type": "channel", "channel_id": channel}:
                yield f"#{channel}", None
            case {"type": "mrkdwn", "text": text}:
                if marks or text != "The rest follows in the replies.":
                    yield unescaped(re.sub(r"<(?:[^|>]+\||)([^>]*)>", r"\1", text)).replace("`", ""), None
            case _:
                pass


def unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def squeezed(text: str) -> str:
    return "".join(clean(text).split()).replace("`", "")


def text_of(whole: Any) -> int:
    return sum(units(part["text"]) for part in parts([whole]) if isinstance(part.get("text"), str))
