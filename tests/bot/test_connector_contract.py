"""What every connector keeps to; a new platform is one more entry in CONNECTORS."""

import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.connectors import Connector, terminal
from bot.connectors.terminal import Terminal
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


def make_terminal(folder: Path, scripted) -> Terminal:
    return terminal.create(terminal.Settings(io.StringIO(), io.StringIO(), folder))


CONNECTORS: dict[str, Callable[..., Connector]] = {
    "terminal": make_terminal,
    "scripted": lambda folder, scripted: scripted,
}

HEAD = Head(
    id=1, title="Headline", url="https://example.org/1", source="Paper", published=datetime(2026, 1, 2, tzinfo=UTC)
)
CONTENTS: tuple[Content, ...] = (
    Briefing(
        topic="G7", stories=(Story(HEAD, (CondensedSection("Ups", 1, (Telling("It rose.", 0, 0),)),)),), more=(HEAD,)
    ),
    Briefing(topic=None, stories=(), due=datetime(2026, 1, 2, tzinfo=UTC), late=True),
    Answer(
        question="what",
        looked_for=("what",),
        quotes=(Quote(text="It rose.", article=HEAD, heading="Ups", section=1, paragraph=0, sentence=0, score=1.0),),
    ),
    Answer(question="what", looked_for=("what",), quotes=(), nearest=HEAD),
    Listing("Latest", (Item("Headline", "today", HEAD.url, (Action("brief", "brief 1"),)),)),
    Listing("Latest", (), "Nothing yet."),
    Notice("Done.", actions=(Action("undo", "undo 1"),)),
)


@pytest.fixture(params=CONNECTORS)
def connector(request, tmp_path, scripted) -> Connector:
    return CONNECTORS[request.param](tmp_path, scripted)


@pytest.mark.parametrize("content", CONTENTS, ids=lambda content: type(content).__name__)
async def test_every_content_is_laid_out_as_messages_that_can_be_sent(connector, content):
    parts = connector.render(content)
    assert parts
    ids = [
        await connector.send(f"{connector.name}:#x", part, key=f"1.{n}", thread=None) for n, part in enumerate(parts)
    ]
    assert all(ids)
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("content", CONTENTS, ids=lambda content: type(content).__name__)
def test_layout_is_the_same_each_time(connector, content):
    assert connector.render(content) == connector.render(content)


@given(text=st.text(max_size=300))
@pytest.mark.parametrize("name", CONNECTORS)
def test_plain_words_of_a_part_can_be_laid_out_again_within_the_limits(name, text, tmp_path_factory):
    from tests.bot.conftest import Scripted, Time

    connector = CONNECTORS[name](tmp_path_factory.getbasetemp(), Scripted(Time()))
    for part in connector.render(Notice(text)):
        assert len(part.text) <= connector.limits.message_characters
        assert connector.render(Notice(part.text))


def test_limits_are_stated(connector):
    assert connector.limits.messages_per_second > 0
    assert connector.limits.messages_per_second_per_channel > 0


def test_managers_are_reached_on_the_same_platform(connector):
    assert connector.managers(connector.name, "kim").startswith(f"{connector.name}:")
