"""No content whatever breaks a limit of Slack's, loses a word or a citation, or mentions anybody.

SIDELINES_THOROUGH=1 tries 10,000 contents instead of 300.
"""

import json
import os
import re
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings

from bot.render.block_kit import Message, blocks, messages
from bot.render.block_plan import REST
from bot.render.block_text import shorten
from bot.render.limits import SLACK_BLOCK_TEXT, SLACK_BLOCKS, SLACK_LEAD_TEXT, SLACK_MESSAGE, units
from bot.render.plain_text import clean
from briefings.types import Answer, Briefing, Content
from tests.bot.any_content import any_content, assert_told_in_order, squeezed
from tests.servers.slack_judges import judge_message, live_mentions

END = re.compile(re.escape(REST.runs[0].text) + r"|\d+ more (story|stories)\.")
"""What may stand at the end of a lead, between the parts of what goes on in the replies."""

THOROUGH = bool(os.environ.get("SIDELINES_THOROUGH"))

texts, contents = any_content(
    hostile=(
        "<!channel>",
        "<!here|here>",
        "<@U0456ABCD>",
        "<#C0456ABCD>",
        "&lt;!here&gt;",
        "&amp;lt;!everyone&amp;gt;",
        "<!date^1392734382^{date}|x>",
        "<https://e.org|x>",
        "#C0456ABCD",
        '"\\"',
    ),
    long=('"', "<!channel> ", "&"),
    sizes=(300, 2850, 2950, 10_000),
    urls=("http://e.org/|<!channel>", "https://e.org/" + "<" * 2000),
)


@given(contents)
@settings(max_examples=10_000 if THOROUGH else 300)
def test_any_content_keeps_every_limit_and_every_word_and_mentions_nobody(content: Content) -> None:
    shown = messages(content)
    assert_sound(shown)
    assert_nobody_is_mentioned(shown)
    assert_told_in_order(content, told_by(shown))
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


def told_by(shown: tuple[Message, ...]) -> str:
    """All words in order."""
    return "".join(text for message in shown for text, _ in literal(message.payload["blocks"], marks=False))


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


def text_of(whole: Any) -> int:
    return sum(units(part["text"]) for part in parts([whole]) if isinstance(part.get("text"), str))
