from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from briefings.compose import Found, by_story, compose, match
from briefings.errors import QueryError
from briefings.keywords import Keywords
from briefings.types import Article, Briefing, Preferences, Section, Style

KEYWORDS = Keywords()
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
SENTENCES = (
    "Ferries left the harbour at dawn for Oslo.",
    "Fishermen had waited in Kiel for nine days.",
    "Repairs of the northern quay cost eleven million euros.",
    "Cranes were brought from Gdansk by barge in January.",
    "Cruise lines plan forty visits to the new terminal this summer.",
    "Dredging will go on until the end of April at night.",
)


def article(id: int, arrived: datetime = MONDAY, *, story: int | None = None, title: str | None = None) -> Article:
    return Article(
        id=id,
        story=story or id,
        title=title or f"Story {id}",
        sections=(Section(None, (SENTENCES[:2],)), Section("The quay", (SENTENCES[2:4], SENTENCES[4:]))),
        arrived=arrived,
        updated=arrived,
        change=id,
    )


@given(st.lists(st.tuples(st.floats(0.1, 1), st.integers(0, 9)), max_size=9), st.integers(1, 5))
def test_a_briefing_tells_or_names_every_story_the_weightiest_first(found: list[tuple[float, int]], most: int) -> None:
    articles = [
        Found(story, article(story, MONDAY + timedelta(hours=hour)), score, MONDAY + timedelta(hours=hour))
        for story, (score, hour) in enumerate(found, start=1)
    ]
    briefing = compose("harbour", articles, Preferences(stories=most, style="headlines"), KEYWORDS)
    named = [*(story.article.id for story in briefing.stories), *(head.id for head in briefing.more)]
    assert sorted(named) == [each.story for each in articles]
    assert len(briefing.stories) == min(most, len(articles))
    weights = [(articles[id - 1].score, articles[id - 1].arrived) for id in named]
    assert weights == sorted(weights, reverse=True)


def test_only_articles_that_match_are_taken() -> None:
    matches = match([article(1, title="Harbour opens"), article(2, title="Election")], "title:harbour", KEYWORDS)
    assert [found.id for _, found in matches] == [1]


def test_a_query_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(QueryError):
        match([article(1)], '"harbour', KEYWORDS)


def test_a_story_is_told_by_the_article_most_about_the_topic() -> None:
    early, late = article(1), article(2, MONDAY + timedelta(hours=1), story=1)
    (found,) = by_story([(0.4, early), (0.7, late)])
    assert (found.story, found.article, found.score) == (1, late, 0.7)
    assert found.others == (early,)
    assert found.arrived == late.arrived


def test_of_stories_alike_the_one_that_more_sources_carry_comes_first() -> None:
    alone, shared = Found(1, article(1), 0.5, MONDAY), Found(2, article(2), 0.5, MONDAY, (article(3),))
    briefing = compose("harbour", [alone, shared], Preferences(), KEYWORDS)
    assert [story.article.id for story in briefing.stories] == [2, 1]
    assert briefing.stories[0].also_in == (article(3).head,)


def test_headlines_have_no_sections_and_in_full_every_sentence_is_told_in_its_place() -> None:
    found = [Found(1, article(1), 0.5, MONDAY)]
    (headline,) = compose("harbour", found, Preferences(style="headlines"), KEYWORDS).stories
    assert headline.sections == ()
    (full,) = compose("harbour", found, Preferences(style="full"), KEYWORDS).stories
    lead, quay = full.sections
    assert (lead.heading, lead.section, quay.heading, quay.section) == (None, 0, "The quay", 1)
    told = [(one.paragraph, one.sentence, one.text) for one in quay.sentences]
    assert told == [(0, 0, SENTENCES[2]), (0, 1, SENTENCES[3]), (1, 0, SENTENCES[4]), (1, 1, SENTENCES[5])]


@pytest.mark.parametrize("most", [1, 2])
def test_a_brief_tells_so_many_sentences_of_a_section_at_most(most: int) -> None:
    (story,) = compose(
        "harbour", [Found(1, article(1), 0.5, MONDAY)], Preferences(style="brief", sentences=most), KEYWORDS
    ).stories
    assert story.sections
    for section in story.sections:
        assert 1 <= len(section.sentences) <= most
        paragraphs = article(1).sections[section.section].paragraphs
        assert all(paragraphs[told.paragraph][told.sentence] == told.text for told in section.sentences)


def told(briefing: Briefing) -> list[tuple[int, list[str]]]:
    return [
        (story.article.id, [each.text for section in story.sections for each in section.sentences])
        for story in briefing.stories
    ]


LATER = (
    "Ferries left the harbour for Oslo at dawn.",
    "Fishermen had waited in Kiel for nine days.",
    "Two dockers were hurt when a crane fell on Thursday evening.",
    "Repairs of the northern quay cost eleven million euros.",
    "Cranes were brought from Gdansk by barge in January.",
    "Cruise lines plan forty visits to the new terminal this summer.",
    "Dredging will go on until the end of April at night.",
)


def written(id: int, *sentences: str, story: int) -> Article:
    return replace(article(id, story=story), sections=(Section(None, (sentences,)),))


def test_another_article_of_a_story_tells_after_it_only_what_is_new() -> None:
    first = written(1, *SENTENCES, story=1)
    found = by_story([(0.7, first), (0.5, written(2, *LATER, story=1)), (0.4, written(3, *SENTENCES, story=1))])
    briefing = compose("harbour", found, Preferences(style="brief"), KEYWORDS)
    (one, said), (other, added) = told(briefing)
    assert (one, other) == (1, 2)
    assert added == [LATER[2]]
    assert set(said) < set(SENTENCES)
    assert [[head.id for head in story.also_in] for story in briefing.stories] == [[3], []]


@pytest.mark.parametrize("style", ["headlines", "full"])
def test_in_headlines_and_in_full_other_articles_of_a_story_are_named(style: Style) -> None:
    found = by_story([(0.7, written(1, *SENTENCES, story=1)), (0.5, written(2, *LATER, story=1))])
    (story,) = compose("harbour", found, Preferences(style=style), KEYWORDS).stories
    assert [head.id for head in story.also_in] == [2]


def test_two_stories_do_not_say_the_same() -> None:
    found = by_story([(0.7, written(1, *SENTENCES, story=1)), (0.5, written(2, *LATER, story=2))])
    (one, said), (other, more) = told(compose("harbour", found, Preferences(style="brief"), KEYWORDS))
    assert (one, other) == (1, 2)
    assert more
    assert not set(said) & set(more)
    assert LATER[0] not in more or SENTENCES[0] not in said
