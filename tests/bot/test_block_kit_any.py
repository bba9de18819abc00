"""No content whatever breaks a limit of Slack's, loses a word or a citation, or mentions anybody.

SIDELINES_THOROUGH=1 tries 10,000 contents instead of 300.
"""

import json
import os
import re
from collections.abc import Iterator
from datetime import UTC
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.render.block_kit import Message, blocks, messages
from bot.render.block_plan import REST
from bot.render.block_text import shorten
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

END = re.compile(re.escape(REST.runs[0].text) + r"|\d+ more (story|stories)\.")
"""What may stand at the end of a lead, between the parts of what goes on in the replies."""

THOROUGH = bool(os.environ.get("SIDELINES_THOROUGH"))

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
    *[st.lists(sections, max_size=2)] * 40, st.builds(lambda it: it * 67, st.lists(small, min_size=3, max_size=3))
)
stories = st.builds(Story, heads, few_or_many.map(tuple), also_in=st.lists(heads, max_size=3).map(tuple))
actions = st.one_of(
    *[st.lists(st.builds(Action, short, short), max_size=2)] * 15,
    st.lists(st.builds(Action, short, short), min_size=26, max_size=30),
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
    for block in blocks(content):
        assert text_of(block) <= SLACK_BLOCK_TEXT


@given(contents)
@settings(max_examples=50)
def test_a_content_is_always_rendered_alike(content: Content) -> None:
    assert messages(content) == messages(content)


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
                if marks or not END.fullmatch(text):
                    yield unescaped(re.sub(r"<(?:[^|>]+\||)([^>]*)>", r"\1", text)).replace("`", ""), None
            case _:
                pass


def unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def squeezed(text: str) -> str:
    return "".join(clean(text).split()).replace("`", "")


def text_of(whole: Any) -> int:
    return sum(units(part["text"]) for part in parts([whole]) if isinstance(part.get("text"), str))
