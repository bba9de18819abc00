import io
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from rich.console import Console

from bot.connectors import OutcomeUnknown, Part, TemporaryFailure, terminal
from bot.connectors.terminal import HERE, SESSION, Terminal, Vocabulary, WatchedTerminal, Words
from bot.render.rich_text import layout
from briefings.types import (
    Action,
    Answer,
    Briefing,
    CondensedSection,
    Head,
    Item,
    Listing,
    Notice,
    Quote,
    Reply,
    Story,
    Telling,
)

HEAD = Head(id=7, title="Tides rise", url="https://example.org/tides", source="Harbour Post")
BRIEFING = Briefing(
    topic="sea",
    stories=(
        Story(HEAD, (CondensedSection("By night", 1, (Telling("The water came at two.", 0, 0),)),), also_in=(HEAD,)),
    ),
    more=(HEAD,),
    late=True,
    actions=(Action("more", "more 7"),),
)


class Conversation:
    """What was typed, and an answer that repeats it."""

    def __init__(self) -> None:
        self.typed: list[str] = []

    async def answer(self, text, asker):
        assert (asker.workspace, asker.channel, asker.may_manage) == ("terminal", HERE, True)
        self.typed.append(text)
        return Reply((Notice(f"You said {text}"),))


@pytest.fixture
def talk(tmp_path):
    """Give a session bytes to read and get back what was typed and what was printed."""

    async def run(data: bytes) -> tuple[list[str], str]:
        source, out = tmp_path / "input", io.StringIO()
        source.write_bytes(data)
        conversation = Conversation()
        with source.open() as stdin:
            await terminal.create(terminal.Settings(stdin, out, tmp_path)).listen(conversation)
        return conversation.typed, out.getvalue()

    return run


async def test_each_line_is_a_command_and_gets_its_reply(talk):
    typed, printed = await talk(b"ask one\nlatest\n")
    assert typed == ["ask one", "latest"]
    assert printed == "You said ask one\n\nYou said latest\n\n"


async def test_blank_lines_and_comments_are_passed_over(talk):
    typed, _ = await talk(b"\n   \n# a comment\n  #another\nask\n")
    assert typed == ["ask"]


@pytest.mark.parametrize("word", [b"quit", b"exit", b"  QUIT  "])
async def test_a_word_to_leave_ends_it(talk, word):
    typed, _ = await talk(b"one\n" + word + b"\ntwo\n")
    assert typed == ["one"]


async def test_the_last_line_needs_no_end(talk):
    assert (await talk(b"one\ntwo"))[0] == ["one", "two"]


async def test_line_ends_of_other_systems_and_broken_bytes_do_not_matter(talk):
    assert (await talk("día\r\n".encode() + b"\xff\xfe\n"))[0] == ["día", "\ufffd\ufffd"]


async def test_no_input_is_no_conversation(talk):
    assert await talk(b"") == ([], "")


async def test_many_lines_at_once_are_all_answered_in_order(talk):
    lines = [f"line {number}" for number in range(5000)]
    assert (await talk("\n".join(lines).encode()))[0] == lines


async def test_a_pipe_is_read_as_it_fills(tmp_path):
    read, write = os.pipe()
    conversation, out = Conversation(), io.StringIO()

    class Writing:
        async def answer(self, text, asker):
            reply = await conversation.answer(text, asker)
            if text == "first":
                os.write(write, b"second\n")
            else:
                os.close(write)
            return reply

    with os.fdopen(read) as stdin:
        session = terminal.create(terminal.Settings(stdin, out, tmp_path))
        os.write(write, b"first\n")
        await session.listen(Writing())
    assert conversation.typed == ["first", "second"]


@pytest.fixture
def printed():
    return io.StringIO()


@pytest.fixture
def session(printed, tmp_path):
    return terminal.create(terminal.Settings(io.StringIO(), printed, tmp_path))


async def test_a_briefing_stands_under_the_name_of_its_channel(session, printed):
    (part,) = session.render(BRIEFING)
    await session.send("terminal:#world", part, key="3.0", thread=None)
    first, *rest = printed.getvalue().splitlines()
    assert first.startswith("── #world ─")
    assert any("The water came at two." in line for line in rest)


async def test_a_notice_to_managers_needs_no_channel(session, printed):
    (part,) = session.render(Notice("Something needs you.", "problem"))
    await session.send(session.managers("terminal", None), part, key="3.0", thread=None)
    assert printed.getvalue() == "Something needs you.\n\n"


async def test_a_closed_output_is_worth_another_try(session, printed):
    class Closed(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    session._settings = terminal.Settings(io.StringIO(), Closed(), session._settings.folder)
    with pytest.raises(TemporaryFailure):
        await session.send(SESSION, Part(Notice("x"), "x"), key="1.0", thread=None)


async def test_the_next_session_knows_what_the_last_one_showed(session, tmp_path):
    await session.send(SESSION, Part(Notice("x"), "x"), key="1.0", thread=None)
    later = terminal.create(terminal.Settings(io.StringIO(), io.StringIO(), tmp_path))
    assert await later.find(SESSION, key="1.0", thread=None) == "1.0"
    assert await later.find(SESSION, key="1.1", thread=None) is None


async def test_what_was_being_shown_when_the_program_was_killed_cannot_be_known(session, monkeypatch):
    async def killed(contents, channel=""):
        raise KeyboardInterrupt

    monkeypatch.setattr(session, "show", killed)
    with pytest.raises(KeyboardInterrupt):
        await session.send(SESSION, Part(Notice("x"), "x"), key="1.0", thread=None)
    with pytest.raises(OutcomeUnknown):
        await session.find(SESSION, key="1.0", thread=None)


def test_without_a_person_at_both_ends_there_is_no_prompt(session):
    assert type(session) is Terminal


async def test_a_person_is_shown_the_same_words(printed, tmp_path):
    session = WatchedTerminal(terminal.Settings(io.StringIO(), printed, tmp_path))
    (part,) = session.render(BRIEFING)
    await session.send("terminal:#world", part, key="3.0", thread=None)
    shown = printed.getvalue()
    for words in (
        "#world",
        "sea",
        "late",
        "Tides rise",
        "Harbour Post",
        HEAD.url,
        "By night",
        "The water came at two.",
    ):
        assert words in shown
    assert "more 7" in shown


QUOTE = Quote(text="It rose.", article=HEAD, heading="By night", section=1, paragraph=0, sentence=0, score=1.0)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            Answer(question="?", looked_for=("tide",), quotes=(QUOTE,)),
            ["“It rose.”", "Tides rise", "By night", HEAD.url],
        ),
        (Answer(question="?", looked_for=("tide",), quotes=(), nearest=HEAD), ["nothing", "tide", "Tides rise"]),
        (Listing("Latest", (Item("Tides rise", "today\nnoon", HEAD.url),)), ["Latest", "Tides rise", "noon", HEAD.url]),
        (Listing("Latest", (), "Nothing yet."), ["Nothing yet."]),
        (Notice("Try:\n  ask why"), ["Try:\n", "  ask why"]),
        (Briefing(topic="sea", stories=()), ["sea", "No new stories."]),
    ],
)
def test_rich_layout_has_every_word(content, words):
    shown = in_rich(content)
    for word in words:
        assert word in shown


def in_rich(content) -> str:
    out = io.StringIO()
    Console(file=out, width=60, force_terminal=True, color_system=None, highlight=False).print(
        layout(content), crop=False
    )
    return out.getvalue()


def test_a_link_is_never_cut():
    url = "https://example.org/" + "long/" * 40
    story = Story(Head(id=1, title="T", url=url), ())
    assert url in in_rich(Briefing(topic=None, stories=(story,)))


@given(st.text(alphabet=st.characters(codec="utf-8") | st.sampled_from("\x1b\x9b\x07\u202e[]/"), max_size=80))
def test_outside_text_cannot_steer_the_terminal(text):
    head = Head(id=1, title=text, url=text or None, source=text)
    section = CondensedSection(text, 0, (Telling(text, 0, 0),))
    for content in (
        Briefing(topic=text, stories=(Story(head, (section,)),), more=(head,)),
        Answer(question=text, looked_for=(text,), quotes=(), nearest=head),
        Listing(text, (Item(text, text, text),), text),
        Notice(text),
    ):
        shown = in_rich(content)
        assert not set(shown) & {"\x1b", "\x9b", "\x07", "\u202e", "\x08", "\r"}


VOCABULARY = Vocabulary(
    ("ask", "subscribe", "subscriptions"), ("G7", "Sea"), ("#world", "#general"), ("Gulls\x1b land",)
)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("sub", ["subscribe", "subscriptions"]),
        ("SUBSCRIBE", ["subscribe"]),
        ("brief g", ["G7", "Gulls land"]),
        ("subscribe G7 every minute in #w", ["#world"]),
        ("subscribe G7 in #", ["#world", "#general"]),
        ("ask zzz", []),
    ],
)
def test_completion_continues_commands_topics_headlines_and_channels(typed, offered):
    found = Words(lambda: VOCABULARY).get_completions(Document(typed), CompleteEvent())
    assert [completion.text for completion in found] == offered
