"""Sections: blocks put together under their headings, and what counts as prose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefings.sections import Block, assemble, is_prose, width
from briefings.sentences import split
from briefings.types import Section


def heading(text: str) -> Block:
    return Block(text, heading=True)


def test_what_stands_before_the_first_heading_is_the_lead() -> None:
    blocks = (Block("Boats left. Boats came."), heading("At  sea"), Block("It was calm."), Block("Gulls slept."))
    assert assemble(blocks) == (
        Section(None, (("Boats left.", "Boats came."),)),
        Section("At sea", (("It was calm.",), ("Gulls slept.",))),
    )


def test_a_text_may_begin_with_a_heading() -> None:
    assert assemble((heading("At sea"), Block("It was calm."))) == (Section("At sea", (("It was calm.",),)),)


def test_a_heading_with_nothing_below_it_is_no_section() -> None:
    blocks = (heading("Part one"), heading("At sea"), Block("It was calm."), heading("Afterwards"), Block(" \n "))
    assert [section.heading for section in assemble(blocks)] == ["At sea"]


def test_a_blank_heading_begins_a_section_without_one() -> None:
    blocks = (Block("It was calm."), heading("  "), Block("Gulls slept."))
    assert [section.heading for section in assemble(blocks)] == [None, None]


@pytest.mark.parametrize("blocks", [(), (Block(""),), (heading("At sea"),)])
def test_without_paragraphs_there_are_no_sections(blocks: tuple[Block, ...]) -> None:
    assert assemble(blocks) == ()


@given(st.lists(st.builds(Block, st.text(" .!aB1\n", max_size=20), st.booleans())))
def test_every_paragraph_is_kept_once_and_in_order(blocks: list[Block]) -> None:
    sections = assemble(blocks)
    kept = [paragraph for section in sections for paragraph in section.paragraphs]
    assert kept == [split(block.text) for block in blocks if not block.heading and block.text.strip()]
    assert all(section.paragraphs for section in sections)
    assert all(section.heading is None or section.heading.strip() for section in sections)


@pytest.mark.parametrize(
    "text",
    [
        "The ferry left.",
        "Who pays for it?",
        "“We will sail tonight.”",
        "町は静かだった。",
        "हम घर गए।",
        "and so on it went " * 9,
    ],
)
def test_prose(text: str) -> None:
    assert is_prose(text)


@pytest.mark.parametrize("text", ["", "Menu", "Home News Sport Weather", "12. 34. 56.", "Stop.", "---", "No stop here"])
def test_no_prose(text: str) -> None:
    assert not is_prose(text)


def test_scripts_without_spaces_look_twice_as_wide() -> None:
    assert (width(""), width("abc"), width("été"), width("日本 a")) == (0, 3, 3, 6)
