import math

from hypothesis import given
from hypothesis import strategies as st

from briefings.entries import Candidate
from briefings.keywords import Keywords
from briefings.ranking import Question, Ranked, names_in
from briefings.support import ENOUGH, Support
from briefings.types import Head

KEYWORDS = Keywords({})


def support(asked: str, rare: str = "", unknown: str = "", sections: int = 500) -> Support:
    """What a question needs whose words all weigh the same, but for those of `rare`."""
    tokens = KEYWORDS.of_question(asked)
    weights = {token: 6.0 if token in KEYWORDS.of(rare) else 2.0 for token in tokens}
    names = names_in(asked, KEYWORDS.question_words(asked))
    question = Question(tokens, tokens, weights, names=names, unknown=frozenset(KEYWORDS.of(unknown)))
    return Support(question, KEYWORDS, sections)


def told(
    *sentences: str, title: str = "", best: int = 0, heading: str | None = None, score: float = 1.0, close: float = 0.0
) -> Ranked:
    """A section of which the sentence at `best` was ranked."""
    head = Head(id=1, title=title)
    candidate = Candidate(article=head, section=0, heading=heading, paragraphs=(sentences,), closeness=close)
    return Ranked(candidate, candidate.words(KEYWORDS), 0, best, score)


HERE = told(" ".join(f"word{number}" for number in range(100)), title="Here")
LONG = "ferry captains strike pay harbour rent mayor hotel gale"


def test_longer_questions_need_a_smaller_part_of_their_words() -> None:
    alone = support("ferry").needed([HERE])
    assert alone < ENOUGH
    assert support("ferry captains").needed([HERE]) < alone
    assert math.isclose(support(LONG).needed([HERE]), alone / 3)


def test_one_rare_word_needs_nearly_as_much_as_a_word_alone() -> None:
    rare = support("ferry latest moves", rare="ferry").needed([HERE])
    assert support("ferry latest moves").needed([HERE]) < 0.8 * rare < 0.8 * support("ferry").needed([HERE])


def test_more_is_needed_in_a_longer_section_and_in_a_larger_archive_but_never_more_than_everything() -> None:
    usual = support(LONG).needed([HERE])
    assert support(LONG).needed([told("It rained.")]) < usual < support(LONG, sections=9_000).needed([HERE])
    assert support(LONG, sections=10**6).needed([HERE]) == support(LONG, sections=10**9).needed([HERE])
    assert support("ferry", sections=10**6).needed([HERE]) == ENOUGH


def test_more_is_needed_where_several_articles_have_other_words_of_the_question() -> None:
    asked, best = support("ferry captains"), told("Ferry after ferry.", title="Here")
    alone = asked.needed([best])
    others = [told("The captains met.", title=f"There {number}", score=0.8) for number in range(3)]
    assert asked.needed([best, *others]) > alone
    assert asked.needed([best, *others[:2]]) == alone
    same = [told("A ferry sailed.", title=f"There {number}", score=0.8) for number in range(3)]
    assert asked.needed([best, *same]) == alone
    assert asked.needed([best, *(told("The captains met.", title="Here", score=0.8) for _ in others)]) == alone


def test_a_model_that_finds_it_close_makes_less_enough() -> None:
    asked = support("ferry captains")
    unrelated, open_, close = (asked.needed([told("It rained.", close=cosine)]) for cosine in (0.1, 0.0, 0.6))
    assert close < open_ < unrelated


def test_a_missing_word_that_the_archive_does_not_have_weighs_more() -> None:
    here = told("The captains met.")
    assert support("captains of bergen", unknown="bergen").of(here) < support("captains of bergen").of(here)


def test_a_word_counts_most_in_the_sentence_and_above_it() -> None:
    asked = support("ferry")
    sentence = asked.of(told("The ferry stopped.", "It rained."))
    assert sentence == 1
    assert asked.of(told("It rained.", title="Ferry strike")) == sentence
    assert asked.of(told("It rained.", heading="The ferry")) == sentence
    assert 0 < asked.of(told("It rained.", "The ferry stopped.")) < sentence
    assert asked.of(told("It rained.")) == 0


def test_a_word_told_again_counts_more_and_another_form_of_it_less() -> None:
    asked = support("invasion")
    once = asked.of(told("An invasion began."))
    assert asked.of(told("An invasion began.", "The invasion is slow.")) > once
    assert 0 < asked.of(told("They invaded it.")) < once
    assert support("2018").of(told("In 2019 it rained.")) == 0
    assert support("war").of(told("They warn him.")) == 0


def test_a_missing_name_weighs_more_than_another_missing_word() -> None:
    here = told("The captains met.")
    assert support("captains of Bergen").of(here) < support("captains of bergen").of(here)
    assert support("Captains of Bergen").of(here) == support("captains of Bergen").of(here)


def test_a_word_of_asking_that_is_missing_weighs_less_than_another() -> None:
    here = told("The captains met.")
    assert support("what did the captains say").of(here) > support("what did the captains eat").of(here)


def test_a_word_of_asking_counts_nothing_where_the_archive_does_not_have_it_and_there_are_others() -> None:
    there = told("The ferry captains met.")
    assert support("Who said that the ferry captains met?", unknown="said").of(there) == 1
    assert support("Who said that the ferry captains met?").of(there) < 1
    assert support("said", unknown="said").of(there) == 0


def test_near_is_a_headline_or_heading_with_a_name_or_a_good_part_of_the_question() -> None:
    asked = support("did the ferry of Bergen have to wait for a better offer?")
    assert not asked.is_near(told("The ferry of Bergen waits.", title="Offers"))
    assert asked.is_near(told("It rained.", title="Bergen"))
    assert asked.is_near(told("It rained.", title="Harbours", heading="Waiting for offers"))


@given(st.text(max_size=60), st.lists(st.text(max_size=60), min_size=1, max_size=4), st.text(max_size=30))
def test_any_text_gives_a_part_of_what_any_question_needs(asked: str, sentences: list[str], title: str) -> None:
    needed = support(f"ferry {asked}")
    ranked = told(*sentences, title=title, best=len(sentences) - 1)
    assert 0 < needed.needed([ranked, ranked]) <= ENOUGH
    assert 0 <= needed.of(ranked) <= 1.4
    needed.is_near(ranked)
