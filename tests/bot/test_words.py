"""Typed words: which command they are, and what is taken from them."""

import pytest

from bot.commands.words import Typed, article_places, meant, parse, split_channel


@pytest.mark.parametrize(
    ("text", "command", "argument"),
    [
        ("brief ups and downs", "brief", "ups and downs"),
        ("  BRIEF  7/2 ", "brief", "7/2"),
        ("briefing", "brief", ""),
        ("subscribe G7 daily at 9 in #world", "subscribe", "G7 daily at 9 in #world"),
        ("list", "subscriptions", ""),
        ("?", "help", ""),
        ("", "help", ""),
        ("more", "more", ""),
        ("more 7/2 9", "more", "7/2 9"),
        ("post story 7", "post", "story 7"),
        ("post again 3", "post", "again 3"),
        ("topic add A = b", "topic", "add A = b"),
        ("ask brief me", "ask", "brief me"),
    ],
)
def test_a_command_is_its_first_word(text: str, command: str, argument: str) -> None:
    assert parse(text) == Typed(command, argument)


@pytest.mark.parametrize(
    "text",
    [
        "What about the G7 talks?",
        "More troops at the border",
        "post office closures",
        "sources close to the minister",
        "Source of the leak",
        "topic of the summit",
        "pause in fighting?",
        "subscriptions of newspapers are falling",
        "help for Ukraine",
        "topics of the day",
    ],
)
def test_a_question_that_begins_with_a_command_word_stays_a_question(text: str) -> None:
    assert parse(text) == Typed("ask", text)


def test_a_slip_in_the_first_word_is_mended_and_a_question_is_not() -> None:
    assert meant("subcribe G7 daily at 9") == "subscribe G7 daily at 9"
    assert meant("unsubscibe 3") == "unsubscribe 3"
    assert meant("what about it") is None
    assert meant("subscribe G7") is None
    assert meant("subcribe?") is None


def test_a_channel_is_taken_from_the_end_alone() -> None:
    assert split_channel("G7 daily at 9 in #world") == ("G7 daily at 9", "#world")
    assert split_channel("G7 #world") == ("G7", "#world")
    assert split_channel("#world") == ("", "#world")
    assert split_channel("C#minor music") == ("C#minor music", None)


def test_places_are_numbers_and_nothing_else() -> None:
    assert article_places("7/2 9") == [(7, 2), (9, None)]
    assert article_places("7 up") == []
    assert article_places("9" * 30) == []
