"""Text as Slack delivers it becomes the words that people see, once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.connectors.slack.typed import mentions, to_somebody_else, words

BOT = "U0BOT00001"


@pytest.mark.parametrize(
    ("delivered", "typed"),
    [
        (f"<@{BOT}> what about <#C0456|world>?", "what about #C0456?"),
        (f"what about that, <@{BOT}>", "what about that,"),
        (f"<@{BOT}|sidelines> settings managers add <@U0KIM00001|kim>", "settings managers add @U0KIM00001"),
        ("subscribe G7 in <#C0456|>", "subscribe G7 in #C0456"),
        ("why <https://news.example/a?b=1&amp;c=2|news.example>", "why https://news.example/a?b=1&c=2"),
        ("why <https://news.example/a>", "why https://news.example/a"),
        ("write to <mailto:kim@news.example|kim@news.example>", "write to kim@news.example"),
        ("<!here> and <!subteam^S123|@news> and <!channel>", "@here and @news and @channel"),
        ("on <!date^1392734382^{date}|18 February>", "on 18 February"),
        ("Q&amp;A &lt;b&gt;", "Q&A <b>"),
        ("&amp;lt; is how &lt; is written", "&lt; is how < is written"),
        ("&amp;amp;", "&amp;"),
        ("<>", "<>"),
        ("a < b > c", "a < b > c"),
        ("", ""),
    ],
)
def test_marks_are_taken_away_and_escapes_undone(delivered, typed):
    assert words(delivered, BOT) == typed


@given(st.text())
def test_what_is_typed_without_marks_arrives_as_it_was(text):
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert words(escaped, BOT) == text.strip()


def test_mentions_are_of_one_user():
    assert mentions(f"hello <@{BOT}>", BOT)
    assert mentions(f"hello <@{BOT}|sidelines>", BOT)
    assert not mentions("hello <@U0BOT000012>", BOT)
    assert not mentions(f"hello @{BOT}", BOT)


def test_a_message_that_begins_with_another_name_is_for_them():
    assert to_somebody_else("<@U0KIM00001> look", BOT)
    assert not to_somebody_else(f"<@{BOT}> look", BOT)
    assert not to_somebody_else("look, <@U0KIM00001>", BOT)
