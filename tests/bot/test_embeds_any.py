"""No content whatever breaks a limit of Discord's, loses a word or a citation, mentions anybody or shows a preview.

SIDELINES_THOROUGH=1 tries 10,000 contents instead of 300.
"""

import json
import os
from collections.abc import Iterator

from hypothesis import given, settings

from bot.render.block_text import shorten
from bot.render.embed_text import escape, fit, web
from bot.render.embeds import Message, messages
from bot.render.limits import DISCORD_EMBEDS_TEXT, DISCORD_LEAD, units
from bot.render.plain_text import LATE, clean
from briefings.types import Answer, Briefing, Content, Listing, Notice
from tests.bot.any_content import any_content, assert_told_in_order, squeezed
from tests.bot.discord_markdown import Shown, Token, inline, lines
from tests.servers.discord_limits import embed_size, message_faults, message_losses

THOROUGH = bool(os.environ.get("SIDELINES_THOROUGH"))

texts, contents = any_content(
    hostile=(
        "@here <@123456789012345678> <@&123456789012345678>",
        "<#123456789012345678>",
        "#123456789012345678",
        "<t:1392734382:R> <:party:123456789012345678> <a:x:1> </ask:123456789012345678> <id:browse>",
        "*bold* **it** __no__ ~~out~~ ||told|| `code` _a_",
        "\\*twice\\* \\",
        "¯\\_(ツ)_/¯",
        ":smile: 09:00:30",
        ">>> all of it",
        "# big",
        "-# small",
        "- item",
        "1. first",
        "  * nested",
        "```py\nx\n```",
        "[click](https://e.org)",
        "](https://e.org)",
        "https://e.org/a_b_c",
        "<https://e.org>",
        "discord.gg/abc discord.com/invite/abc",
        "steam://run/1",
        "a\n  ^",
    ),
    long=("@everyone ", "`a` ", "[a](b) "),
    sizes=(300, 1_400, 1_950, 3_900, 4_090, 10_000),
    urls=(
        "HTTP://e.org/|<@everyone>",
        "https://e.org/wiki/Ferry_(boat)?q=[x]&r=**y**",
        "https://e.org/" + "a" * 900,
        "https://e.org/" + "日" * 90,
        "https://bücher.example/ä",
        "https://localhost/x",
        "https://e.org:99999/",
    ),
)


@given(contents)
@settings(max_examples=10_000 if THOROUGH else 300)
def test_any_content_keeps_every_limit_and_every_word_and_mentions_nobody(content: Content) -> None:
    shown = messages(content)
    assert_sound(shown)
    assert_nothing_is_live(content, shown)
    assert_told_in_order(content, "".join(told_by(content, shown)))
    assert_all_is_cited(content, shown)


@given(contents)
@settings(max_examples=50)
def test_a_content_is_always_rendered_alike(content: Content) -> None:
    assert messages(content) == messages(content)


@given(texts)
def test_escaped_words_are_read_as_they_are(text: str) -> None:
    line = clean(text)
    for before, escaped in (("", escape(line)), ("x ", escape(line, within=True))):
        tokens = [token for shown in lines(before + escaped) for token in shown.tokens]
        assert {token.kind for token in tokens} <= {"text"}
        assert "".join(token.text for token in tokens).strip() == f"{before}{line}".strip()


def assert_sound(shown: tuple[Message, ...]) -> None:
    assert shown
    for number, message in enumerate(shown):
        payload = message.payload
        assert json.loads(json.dumps(payload).encode()) == payload
        assert message_faults(payload) == message_losses(payload) == []
        assert payload["allowed_mentions"] == {"parse": []}
        assert bool(payload["embeds"]) == (payload["flags"] == 0) != (payload["flags"] == 1 << 2)
        assert payload["embeds"] or payload["content"].strip()
        assert sum(map(embed_size, payload["embeds"])) <= DISCORD_EMBEDS_TEXT
        assert all(embed_size(embed) <= DISCORD_LEAD for embed in payload["embeds"] if "url" in embed)
        if payload["embeds"] and not number:
            assert embed_size(payload["embeds"][0]) <= DISCORD_LEAD
        assert message.text.strip()


def assert_nothing_is_live(content: Content, shown: tuple[Message, ...]) -> None:
    """Nothing has an effect but our own links and code, and channels that our own sentences name."""
    ours = {"text", "link", "code", "channel"} if isinstance(content, Notice | Listing) else {"text", "link"}
    for message in shown:
        for embed in message.payload["embeds"]:
            assert {token.kind for token in inline(embed.get("title", ""))} <= {"text"}
        for line in read(message):
            assert {token.kind for token in line.tokens} <= ours, line
            assert line.form != "code" or isinstance(content, Notice)
            assert line.form not in ("quote", "bullet", "under") or message.payload["embeds"]
            assert line.form != "quote" or isinstance(content, Answer)
            assert all(token.text in ("…", "The rest follows.", LATE) for token in grouped(line) if token.italic)


def grouped(line: Shown) -> Iterator[Token]:
    """Italics that stand together as one."""
    text = ""
    for token in (*line.tokens, Token("text", "")):
        if token.italic:
            text += token.text
        elif text:
            yield Token("text", text, italic=True)
            text = ""


def told_by(content: Content, shown: tuple[Message, ...]) -> Iterator[str]:
    """All words in order; what stands between the parts of a cut text, as "Continued", is left out but for answers."""
    within = False
    for message in shown:
        for line in whole(message):
            italics = [token.text for token in grouped(line) if token.italic]
            ends = bool(italics) and italics[-1] == "…" and line.tokens[-1].italic
            begins = bool(italics) and italics[0] == "…" and line.tokens[0].italic
            if within and not begins and not isinstance(content, Answer):
                continue
            within = ends
            yield line.text


def whole(message: Message) -> Iterator[Shown]:
    """All that is read in a message: content, then each embed with its title, footer and description."""
    yield from lines(message.payload["content"] or "")
    for embed in message.payload["embeds"]:
        if "author" not in embed:
            yield Shown("title", tuple(inline(embed.get("title", ""))) or (Token("text", ""),))
            yield Shown("footer", (Token("text", embed.get("footer", {}).get("text", "")),))
        yield from lines(embed.get("description", ""))


def read(message: Message) -> list[Shown]:
    texts = [message.payload["content"], *(embed.get("description") for embed in message.payload["embeds"])]
    return [line for text in texts for line in lines(text or "")]


def assert_all_is_cited(content: Content, shown: tuple[Message, ...]) -> None:
    """Sentences that fit are whole; a quote has its citation after it, a story its headline above; links are there."""
    all_lines = [line for message in shown for line in read(message)]
    linked = {token.url for line in all_lines for token in line.tokens if token.url}
    linked |= {embed.get("url") for message in shown for embed in message.payload["embeds"]}
    if isinstance(content, Answer):
        told = squeezed("".join(line.text for line in all_lines if line.form == "quote"))
        assert told == squeezed("".join(quote.text for quote in content.quotes))
        told_whole = {line.text for line in all_lines if line.form == "quote"}
        assert {clean(q.text) for q in content.quotes if 0 < units(escape(clean(q.text))) <= 3_000} <= told_whole
        for message in shown:
            found = read(message)
            for number, line in enumerate(found):
                if line.form == "quote":
                    assert found[number + 1].text.startswith("— ")
        assert {web(quote.article.url) for quote in content.quotes} <= linked | {None}
    if isinstance(content, Briefing):
        sentences = {
            clean(t.text) for story in content.stories for section in story.sections for t in section.sentences
        }
        bullets = {line.text for line in all_lines if line.form == "bullet"}
        assert {text for text in sentences if 0 < units(escape(text)) <= 3_990} <= bullets
        titles = {fit(shorten(story.article.title, 300) or "Untitled", 256) for story in content.stories}
        for message in shown:
            above: set[str] = set()
            for embed in message.payload["embeds"]:
                above.add(embed.get("title", ""))
                bulleted = any(line.form == "bullet" for line in lines(embed.get("description", "")))
                assert not bulleted or above & titles
        cited = [head for story in content.stories for head in (story.article, *story.also_in)]
        assert {web(head.url) for head in cited} <= linked | {None}
