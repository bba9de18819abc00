import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefings.entries import Candidate
from briefings.keywords import Keywords, load_aliases
from briefings.ranking import MOST_WORDS, Question, asked_for, kind_of_answer, rank
from briefings.types import Head, Section

ROOT = Path(__file__).parents[2]
KEYWORDS = Keywords(load_aliases(ROOT / "config" / "aliases.toml"))
NOW = datetime(2026, 3, 2, tzinfo=UTC)


class Nothing:
    """An index without a section."""

    count = 0

    def languages(self) -> dict[str, int]:
        return {"en": 1}

    def document_frequency(self, token: str) -> int:
        return 0


def test_a_question_of_ten_thousand_characters_looks_for_its_first_words() -> None:
    typed = "ferry strike captains " + " ".join(f"word{number}" for number in range(1_200))
    asked = asked_for(typed, Nothing(), KEYWORDS)  # type: ignore[arg-type]
    assert asked is not None
    assert len(asked.tokens) == MOST_WORDS
    assert asked.tokens[:3] == KEYWORDS.of("ferry strike captains")


def test_of_equals_the_newer_article_comes_first_but_never_before_a_better_match() -> None:
    def candidate(number: int, days: int, text: str) -> Candidate:
        head = Head(id=number, title="Notes", published=NOW - timedelta(days=days))
        return Candidate(article=head, section=0, heading=None, paragraphs=((text,),), score=1.0)

    tokens = KEYWORDS.of("ferry strike")
    question = Question(("ferry", "strike"), tokens, dict.fromkeys(tokens, 5.0))
    old, new = candidate(1, 400, "The ferry strike is over."), candidate(2, 0, "The ferry strike is over.")
    other = candidate(3, 0, "The ferry is late.")
    ranked = rank(question, [old, other, new], KEYWORDS, NOW)
    assert [each.candidate.article.id for each in ranked] == [2, 1, 3]


@pytest.mark.parametrize(
    ("question", "shown", "not_shown"),
    [
        ("How many jobs are at risk?", "200 jobs are at risk.", "Jobs were at risk in 2019."),
        ("When did gales close the harbour?", "Gales came in March.", "Gales came again."),
        ("Who leads the captains?", "The captains follow Maria Lund.", "The captains follow nobody."),
        ("Why did they stop?", "They stopped because of the rent.", "They stopped."),
    ],
)
def test_the_kind_of_answer_asked_for(question: str, shown: str, not_shown: str) -> None:
    kind = kind_of_answer(question)
    assert kind is not None
    assert kind.search(shown)
    assert not kind.search(not_shown)
    assert kind_of_answer("ferry strike") is None


def section(number: int, text: str, title: str = "Notes", heading: str | None = None) -> Candidate:
    return Candidate(article=Head(id=number, title=title), section=0, heading=heading, paragraphs=((text,),), score=1.0)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (section(1, "The ferry strike is over."), section(2, "A strike stops the ferry.")),
        (
            section(1, "It is over.", title="Ferry strike"),
            section(2, "It is over.", title="Strike stops another ferry"),
        ),
        (section(1, "It is over.", heading="Ferry strike"), section(2, "It is over.", heading="Strike of a ferry")),
        (section(1, "The strike at the harbourmasters is over."), section(2, "The strike at the captains is over.")),
    ],
)
def test_what_counts_beside_the_words(better: Candidate, worse: Candidate) -> None:
    tokens = KEYWORDS.of("harbour ferry strike")
    question = Question(tokens, tokens, dict.fromkeys(tokens, 5.0))
    assert [each.candidate for each in rank(question, [worse, better], KEYWORDS, NOW)] == [better, worse]


def test_a_section_is_read_in_its_own_language() -> None:
    text = (("Im Hafen liegen keine Fähren.", "Die Häuser am Hafen stehen leer."),)
    candidate = Candidate(article=Head(id=1, title="Bergen"), section=0, heading=None, paragraphs=text, language="de")
    tokens = KEYWORDS.in_language("de").of_question("Welches Haus steht leer?")
    question = Question((), tokens, dict.fromkeys(tokens, 5.0), language="de")
    assert rank(question, [candidate], KEYWORDS, NOW)[0].sentence == 1


def test_support_is_the_part_of_the_weight_that_is_found() -> None:
    question = Question((), ("a", "b"), {"a": 3.0, "b": 1.0})
    assert math.isclose(question.support({"a", "z"}), 0.75)


TEXTS = st.text(max_size=40) | st.sampled_from(
    ["Captains stopped work.", "He refused the ferry.", "“Ferry strike.", "But captains met.", "Rent rose,” she said."]
)
PARAGRAPHS = st.lists(st.lists(TEXTS, max_size=4).map(tuple), min_size=1, max_size=4).map(tuple)


@given(st.lists(st.builds(Section, st.none() | st.text(max_size=20), PARAGRAPHS), min_size=1, max_size=3), TEXTS)
def test_ranking_places_a_sentence_of_every_section_that_has_any(sections: list[Section], asked: str) -> None:
    tokens = KEYWORDS.of_question(f"ferry captains {asked}")
    candidates = [
        Candidate(article=Head(id=1, title=asked), section=place, heading=made.heading, paragraphs=made.paragraphs)
        for place, made in enumerate(sections)
    ]
    question = Question(tokens, tokens, dict.fromkeys(tokens, 1.0), kind_of_answer(asked))
    ranked = rank(question, candidates, KEYWORDS, NOW)
    assert len(ranked) == sum(1 for made in sections if made.sentences)
    for each in ranked:
        assert each.candidate.paragraphs[each.paragraph][each.sentence] is not None
        assert each.score >= 0
