"""Floors for condensing, on texts of our own: what is told reads well alone and tells what a person would tell."""

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefings.condense import condense, preferred
from briefings.documents import read
from briefings.keywords import Keywords
from briefings.standalone import leans, runs
from briefings.types import Document, Section

KEYWORDS = Keywords()
BUNDLED = next(Path(__file__).parents[2].glob("config/articles/*.md"))

# Articles in shapes that news comes in, each with what a person would tell of it.
ARTICLES = [
    (
        "Tunnel under the Varde opens a year late",
        (
            "By Ines Holm, transport reporter",
            "Updated at 16:40",
            "It was supposed to be the easy part.",
            "The 4.2-kilometre road tunnel under the Varde estuary opened to traffic on Monday, 13 months late.",
            "Minister Karl Ravn drove the first car through, followed by some 600 cyclists (pictured).",
            "“I have waited half my life for this,” said Ellen Moe, a baker on the north bank.",
            "The tunnel cost 910 million crowns, a third more than parliament had approved in 2019.",
            "Auditors blame flooding in the eastern shaft, which stopped the drilling for nine months.",
            "Tolls of 40 crowns a car are to pay for the tunnel by 2041.",
            "Who will pay if fewer drivers come than expected?",
            "The old ferry makes its last crossing on Friday.",
        ),
        "The road tunnel under the Varde estuary opened on Monday, 13 months late. It cost 910 million crowns, a"
        " third more than approved; auditors blame flooding in the eastern shaft.",
    ),
    (
        "Hospital in Lund to close its night ward",
        (
            "The hospital in Lund will close its night ward in May because it cannot find enough nurses.",
            "Patients who need care at night will be driven to Malmo, 20 minutes away.",
            "However, the union says that the road is often closed in winter.",
            "“Somebody will die on that road,” said its chairwoman, Karin Ek.",
            "The hospital has advertised 31 posts since August and filled four.",
            "Ek grew up in the town and plays the trumpet.",
            "The region's council votes on the closure on 12 March.",
        ),
        "Lund's hospital will close its night ward in May for want of nurses and send patients to Malmo. It filled"
        " four of 31 posts advertised. The council votes on 12 March.",
    ),
    (
        "Beavers return to the Oder after 150 years",
        (
            "Picture by Jan Kos: a beaver on the bank of the Oder.",
            "Beavers are living on the upper Oder again for the first time in 150 years, biologists in Opole reported.",
            "They counted 84 animals in 22 lodges between Raciborz and Brzeg this autumn.",
            "That is twice as many as three years ago.",
            "Farmers along the Oder have asked for compensation, as the dams of the beavers flood their meadows.",
            "“A beaver does not read maps,” said one of them.",
            "Opole's voivode promised 2 million zlotys for fences and drains.",
        ),
        "Beavers live on the upper Oder again after 150 years: biologists counted 84 animals in 22 lodges. Farmers ask"
        " for compensation for flooded meadows, and 2 million zlotys were promised.",
    ),
]


def document(title: str, sentences: tuple[str, ...]) -> Document:
    return Document(title=title, sections=(Section(None, (sentences,)),))


def agreement(told: str, reference: str) -> float:
    """F1 of words plus F1 of pairs of neighbouring words."""
    one, other = (text.lower().replace(",", "").replace(".", "").split() for text in (told, reference))
    return _f1(Counter(one), Counter(other)) + _f1(Counter(pairwise(one)), Counter(pairwise(other)))


def _f1(one: Counter[Any], other: Counter[Any]) -> float:
    return 2 * (one & other).total() / (one.total() + other.total())


def test_sixty_words_agree_with_a_person_more_than_the_first_sentences_do() -> None:
    ours = first = 0.0
    for title, sentences, reference in ARTICLES:
        told = [sentence for taken in preferred(document(title, sentences), KEYWORDS) for sentence in taken]
        ours += agreement(" ".join(" ".join(told).split()[:60]), reference)
        first += agreement(" ".join(" ".join(sentences).split()[:60]), reference)
    assert ours / len(ARTICLES) > 0.6
    assert ours > first + 0.2 * len(ARTICLES)


@pytest.mark.parametrize("words", range(20, 121, 20))
@pytest.mark.parametrize(("title", "sentences"), [each[:2] for each in ARTICLES])
def test_no_byline_caption_or_question_is_told_and_nothing_dangles(
    title: str, sentences: tuple[str, ...], words: int
) -> None:
    for section in condense(document(title, sentences), KEYWORDS, words=words):
        told = [each.sentence for each in section.sentences]
        texts = [each.text for each in section.sentences]
        assert not any(text.startswith(("By ", "Updated", "Picture")) or text.endswith("?") for text in texts)
        for place in told:
            run = runs([sentences], opens=True)[place]
            assert run is not None
            assert set(run) <= set(told)


@pytest.mark.parametrize("words", [40, 60, 100, 150, 200, 300])
def test_at_every_budget_each_section_of_the_bundled_article_opens_with_a_sentence_that_stands_alone(
    words: int,
) -> None:
    condensed = condense(read(BUNDLED.read_bytes(), name=BUNDLED.name), KEYWORDS, words=words)
    assert condensed
    assert not any(leans(section.sentences[0].text) for section in condensed)


def test_under_a_heading_the_newest_fact_with_its_numbers_comes_before_the_history() -> None:
    lead = Section(None, (("Dockers at Narvik ended their strike on Sunday after talks through the night.",),))
    pay = Section(
        "Pay",
        (
            (
                "Wages at the docks were last set in 1998, when the port still belonged to the state.",
                "Cranes stood idle in 2011 as well, when the port and the dockers fought over wages.",
                "Dockers will get 7% more from next Monday and a bonus of 900 crowns for each night.",
            ),
        ),
    )
    filler = Section("Port", (tuple(f"Pier {n} takes {goods}." for n, goods in enumerate(("ore", "fish", "oil"))),))
    article = Document(title="Dockers at Narvik end their strike", sections=(lead, pay, filler))
    (told,) = condense(article, KEYWORDS, sentences=1, only=1)
    assert [each.sentence for each in told.sentences] == [2]


@pytest.mark.parametrize(
    ("told", "left"),
    [
        (
            "The ferry will stop running in May without a bus.",
            "The ferry will stop running in May, said one driver.",
        ),
        ("The ferry will stop running in May.", "“The ferry will stop running in May.”"),
        ("The ferry will stop at Bergen and Askoy.", "The ferry will stop at towns and islands."),
    ],
)
def test_what_happened_and_where_comes_before_what_somebody_says(told: str, left: str) -> None:
    opening = [f"Route {number} loses its old boats and gets new ones of steel." for number in range(1, 9)]
    for pair in ((told, left), (left, told)):
        article = document("The ferry lines", (*opening, *pair))
        order = [text for texts in preferred(article, KEYWORDS) for text in texts]
        assert next(text for text in order if text in pair) == told


@pytest.mark.parametrize(
    "sentence",
    [
        "Er sagte, der Hafen werde schließen.",
        "Das ist teurer als geplant.",
        "Dabei kamen drei Menschen ums Leben.",
        "Der Hafen schließe im Mai, sagte er.",
        "Cette décision coûtera cher.",
        "Le port fermera en mai, a-t-il dit.",
        "Sin embargo, el puerto cerrará.",
        "Esta decisión costará mucho.",
        "Além disso, o porto vai fechar.",
        "Questa scelta costerà molto.",
        "Однако порт закроется.",
        "Это решение дорого обойдётся.",
    ],
)
def test_openings_of_other_languages_that_point_back_lean(sentence: str) -> None:
    assert leans(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Das Schiff ist teurer als geplant.",
        "Diese Woche schließt der Hafen.",
        "Der Hafen schließt im Mai, sagte Bürgermeisterin Lund.",
        "Cette semaine, le port fermera.",
        "Le port de Brest fermera en mai.",
        "Esta semana cerrará el puerto de Cádiz.",
        "O porto de Setúbal vai fechar em maio.",
        "Questa settimana chiude il porto di Bari.",
        "В этом году порт закроется.",
        "Es regnet seit Montag.",
    ],
)
def test_openings_of_other_languages_that_name_a_time_or_a_thing_do_not(sentence: str) -> None:
    assert not leans(sentence)


TEXTS = st.text(max_size=80) | st.sampled_from([text for each in ARTICLES for text in each[1]])


@given(
    st.lists(st.lists(st.lists(TEXTS, max_size=5).map(tuple), max_size=3).map(tuple), max_size=3),
    st.text(max_size=30),
    st.integers(0, 120),
)
def test_any_text_is_told_word_for_word_in_order_and_within_the_budget(
    sections: list[tuple[tuple[str, ...], ...]], title: str, words: int
) -> None:
    article = Document(title=title, sections=tuple(Section(None, paragraphs) for paragraphs in sections))
    condensed = condense(article, KEYWORDS, words=words)
    total = 0
    for section in condensed:
        places = [(each.paragraph, each.sentence) for each in section.sentences]
        assert places == sorted(set(places))
        for each in section.sentences:
            assert article.sections[section.section].paragraphs[each.paragraph][each.sentence] == each.text
            total += len(each.text.split())
    assert total <= words


@given(st.lists(TEXTS, max_size=8).map(tuple), st.text(max_size=30))
def test_no_sentence_is_preferred_twice(sentences: tuple[str, ...], title: str) -> None:
    told = Counter(text for taken in preferred(document(title, sentences), KEYWORDS) for text in taken)
    assert told <= Counter(sentences)
