import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefings.standalone import LONGEST_RUN, leans, runs


@pytest.mark.parametrize(
    "sentence",
    [
        "He said that the harbour would close.",
        "That means longer queues at the border.",
        "However, the minister stayed away.",
        "But the minister stayed away.",
        "It will cost far more than planned.",
        "They left before noon.",
        "This will be the first strike in a decade.",
        "The council defended the approach, saying it was cheaper.",
        "Almost immediately, both sides claimed victory.",
        "Each country then raised its tariffs.",
        "After that, prices fell.",
        "For example, the ferry now runs hourly.",
        "“We will not pay.”",
        '"Nobody was told," he said.',
        "But, she added: “The bill comes later.”",
        "Nurses have also asked for more pay.",
        "About 6,000 cars cross it on a working day.",
        "The county will decide on that on 14 April.",
        "Some 400 people work for it.",
        "Police arrested him on Monday.",
        "Lawyers object to it.",
        "Nobody has paid for them since.",
        "しかし、首相は出席しなかった。",
        "但是他没有出席。",
        "그러나 총리는 참석하지 않았다.",
    ],
)
def test_a_sentence_that_points_back_leans(sentence: str) -> None:
    assert leans(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "The harbour will close in May, the mayor said.",
        "This week the ferry runs hourly.",
        "Those who missed the ferry waited until noon.",
        "So far nobody has paid.",
        "Both Norway and Sweden sent observers.",
        "“We will not pay,” said Maria Lund, who runs the mill.",
        "The plan to close the harbour has few friends.",
        "In this year's vote, turnout reached 71%.",
        "Although the storm passed, ferries stayed in port.",
        "The county said it would pay.",
        "The company sold the ferry and now leases it back.",
        "Snow covered Bergen and closed it for hours.",
        "In May it rained on 20 days.",
        "The council found it hard to pay.",
        "Volunteers brought their children with them.",
        "When the ferry broke, the crew left it at Holm.",
        "Many expect that to change.",
        "横浜港は五月に閉鎖される。",
        "",
    ],
)
def test_a_sentence_that_names_what_it_speaks_of_does_not(sentence: str) -> None:
    assert not leans(sentence)


def test_a_run_takes_in_what_a_sentence_leans_on_across_paragraphs() -> None:
    section = (("The mill closed in May.", "It had stood for a century."), ("That hurt the town.", "Rents fell."))
    assert runs(section) == (range(0, 1), range(0, 2), range(0, 3), range(3, 4))


def test_a_quotation_over_several_sentences_stays_whole() -> None:
    section = (("“The mill was old.", "Repairs cost too much,” said Maria Lund.", "Rents fell."),)
    assert runs(section) == (range(0, 2), range(0, 2), range(2, 3))


def test_what_leans_on_nothing_within_reach_has_no_run() -> None:
    assert runs((("He left.", "Rents fell."),)) == (None, range(1, 2))
    assert runs((("Rents fell.", "It hurt.", "He left.", "They stayed."),))[3] is None
    assert runs((("Rents fell.", "“The mill was old."),))[1] is None


@given(
    st.lists(st.lists(st.text(max_size=40) | st.sampled_from(["He left.", "“No.", "Rents fell.", "Yes,” he said."])))
)
def test_runs_hold_their_sentence_and_begin_with_one_that_leans_on_nothing(paragraphs: list[list[str]]) -> None:
    flat = [sentence for paragraph in paragraphs for sentence in paragraph]
    found = runs(paragraphs)
    assert len(found) == len(flat)
    for position, run in enumerate(found):
        if run is not None:
            assert position in run
            assert len(run) <= LONGEST_RUN
            assert run.start >= 0
            assert run.stop <= len(flat)
            assert not leans(flat[run.start])
