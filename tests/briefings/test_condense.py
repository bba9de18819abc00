from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefings.condense import LARGEST_SHARE, condense, say_the_same
from briefings.documents import read
from briefings.keywords import Keywords
from briefings.standalone import leans
from briefings.types import CondensedSection, Document, Section

KEYWORDS = Keywords({"G7": ["G-7", "Group of Seven"]})
BUNDLED = next(Path(__file__).parents[2].glob("config/articles/*.md"))


def words(condensed: tuple[CondensedSection, ...]) -> int:
    return sum(len(sentence.text.split()) for section in condensed for sentence in section.sentences)


def texts(condensed: tuple[CondensedSection, ...]) -> list[str]:
    return [sentence.text for section in condensed for sentence in section.sentences]


def document(*sections: tuple[str | None, tuple[tuple[str, ...], ...]], title: str = "Ferry strike") -> Document:
    return Document(title=title, sections=tuple(Section(heading, paragraphs) for heading, paragraphs in sections))


FILLER = tuple(
    f"Warehouse number {name} keeps {goods} for the islands until the weather allows another crossing."
    for name, goods in (
        ("one", "flour"),
        ("two", "diesel"),
        ("three", "timber"),
        ("four", "medicine"),
        ("five", "mail"),
    )
)


@pytest.fixture(scope="module")
def bundled() -> Document:
    return read(BUNDLED.read_bytes(), name=BUNDLED.name)


def test_the_bundled_article_gives_two_or_three_sentences_a_section(bundled: Document) -> None:
    condensed = condense(bundled, KEYWORDS)
    assert [section.heading for section in condensed] == [section.heading for section in bundled.sections]
    assert all(2 <= len(section.sentences) <= 3 for section in condensed)
    assert len(condensed[0].sentences) == 2
    assert words(condensed) <= LARGEST_SHARE * sum(len(s.split()) for x in bundled.sections for s in x.sentences)


def test_a_long_opening_leaves_every_section_of_a_short_article_its_first_choice() -> None:
    opening = (
        "The harbour of Lund will close for all of March, the port authority announced on Monday, after divers who"
        " work for it had found cracks in the eastern quay."
    )
    sections = {
        None: (opening,),
        "Why": ("Divers found 14 cracks in February.", "Engineers blame the weight of new cranes on old stones."),
        "Ferries": ("Ferries will leave from Malmo instead.", "Buses will take passengers there every hour."),
        "Cost": ("Repairs cost 12 million crowns.", "Sweden's state pays half of the bill this time."),
    }
    article = Document(title="Harbour closes", sections=tuple(Section(h, (texts,)) for h, texts in sections.items()))
    condensed = condense(article, KEYWORDS)
    assert [section.heading for section in condensed] == [*sections]
    assert words(condensed) <= 60


@pytest.mark.parametrize("budget", [20, 40, 60, 80, 120, 200, 300, 500])
def test_a_word_budget_holds_and_no_section_opens_with_a_dangling_sentence(bundled: Document, budget: int) -> None:
    condensed = condense(bundled, KEYWORDS, words=budget)
    assert condensed
    assert words(condensed) <= budget
    assert not any(leans(section.sentences[0].text) for section in condensed)


def test_a_larger_budget_tells_more(bundled: Document) -> None:
    lengths = [words(condense(bundled, KEYWORDS, words=budget)) for budget in (60, 120, 240, 480)]
    assert lengths == sorted(set(lengths))


def test_one_section_alone(bundled: Document) -> None:
    (section,) = condense(bundled, KEYWORDS, only=2)
    assert (section.section, section.heading) == (2, bundled.sections[2].heading)
    assert len(section.sentences) == 3


def test_the_number_of_sentences_is_settable(bundled: Document) -> None:
    assert all(len(section.sentences) == 1 for section in condense(bundled, KEYWORDS, sentences=1))


def test_a_leaning_sentence_comes_with_the_one_it_leans_on() -> None:
    section = (
        ("The ferry strike cost the islands 40 million crowns.",),
        ("That means fewer guests for 200 hotels this summer.",),
    )
    (condensed,) = condense(document(("Cost", section), ("Stocks", (FILLER,))), KEYWORDS, only=0)
    assert [sentence.paragraph for sentence in condensed.sentences] == [0, 1]


def test_a_quotation_keeps_its_speaker() -> None:
    section = (("“The ferry strike ruins the islands.", "The strike must end,” said Maria Lund, who runs the ferry."),)
    condensed = condense(document(("Voices", section), ("Stocks", (FILLER,))), KEYWORDS, only=0, sentences=1)
    assert condensed == ()
    (both,) = condense(document(("Voices", section), ("Stocks", (FILLER,))), KEYWORDS, only=0)
    assert len(both.sentences) == 2


def test_nothing_is_said_twice() -> None:
    twice = "Captains voted for the ferry strike on Monday night in Bergen."
    again = "On Monday night in Bergen, captains voted for the ferry strike."
    condensed = condense(document((None, ((twice,), (again,), FILLER)), ("More", ((twice,), FILLER))), KEYWORDS)
    assert sum("captains" in text.lower() for text in texts(condensed)) == 1


def test_questions_and_credits_give_way_to_statements() -> None:
    section = (
        "Will the ferry strike on the islands ever end for the captains?",
        "Photo by Maria Lund: the ferry strike on the islands, seen by captains.",
        "Captains of the ferry ended their strike on the islands after 12 days.",
    )
    (condensed,) = condense(document(("End", (section,)), ("Stocks", (FILLER,))), KEYWORDS, only=0, sentences=1)
    assert condensed.sentences[0].sentence == 2


BRIDGE = (
    "The old road bridge at Lomma will be closed from Monday until the end of June because engineers found deep rust in"
    " four of its nine steel supports, the county said on Thursday."
)
FERRY = "The ferry between Varde and Holm stopped on Monday because its shaft had cracked, Sound Lines said."


def test_an_empty_article_gives_nothing() -> None:
    assert condense(document(), KEYWORDS) == ()
    assert condense(document((None, ())), KEYWORDS) == ()


@pytest.mark.parametrize(
    ("title", "paragraphs"),
    [
        (
            "Bridge at Lomma closes for repairs",
            (
                (BRIDGE,),
                ("About 6,000 cars cross it on a working day.", "Drivers are sent round by Bjarred."),
                ("The repair will cost 12 million kronor.",),
            ),
        ),
        ("Ferry stops", ((FERRY,),)),
        ("Ferry stops", ((FERRY,), ("A new shaft will come from Bergen in March and cost 2 million kroner.",))),
        ("Ferry strike", (("The ferry strike is over.",),)),
    ],
)
@pytest.mark.parametrize("sentences", [1, 3])
def test_a_short_article_gives_its_opening(title: str, paragraphs: tuple[tuple[str, ...], ...], sentences: int) -> None:
    told = texts(condense(document((None, paragraphs), title=title), KEYWORDS, sentences=sentences))
    assert told == [paragraphs[0][0]]


def test_a_short_article_does_not_tell_an_endless_sentence() -> None:
    assert condense(document((None, (("freight " * 100,),))), KEYWORDS) == ()


def test_a_short_headed_section_gives_its_sentence() -> None:
    condensed = condense(document((None, (FILLER,)), ("Weather", (("Gales will last until Friday noon.",),))), KEYWORDS)
    assert [sentence.text for sentence in condensed[1].sentences] == ["Gales will last until Friday noon."]


def test_scripts_without_spaces() -> None:
    sentences = (
        "日本と韓国の首脳は広島で会談する。",
        "会談は主要国首脳会議に合わせて行われる。",
        "両国の関係は長く冷え込んでいた。",
        "貿易の制限は三月に解かれた。",
        "専門家は歴史の問題が残ると話す。",
        "次の選挙は来年四月に行われる。",
    )
    (condensed,) = condense(document((None, (sentences,)), title="日韓首脳、広島で会談へ"), KEYWORDS)
    assert 1 <= len(condensed.sentences) <= 3


SENTENCES = st.text(max_size=60) | st.sampled_from([*FILLER, "He left.", "“No.", "But why?", "Yes,” said Maria Lund."])
SECTIONS = st.builds(
    Section,
    st.none() | st.text(max_size=20),
    st.lists(st.lists(SENTENCES, max_size=5).map(tuple), max_size=4).map(tuple),
)


@given(
    st.builds(Document, title=st.text(max_size=40), sections=st.lists(SECTIONS, max_size=4).map(tuple)),
    st.integers(0, 5),
    st.none() | st.integers(0, 200),
)
def test_any_document_gives_its_own_sentences_in_its_order(made: Document, sentences: int, budget: int | None) -> None:
    condensed = condense(made, KEYWORDS, sentences=sentences, words=budget)
    places = [section.section for section in condensed]
    assert places == sorted(set(places))
    for section in condensed:
        original = made.sections[section.section]
        assert section.heading == original.heading
        assert section.sentences
        assert budget is not None or len(section.sentences) <= sentences
        own = [(sentence.paragraph, sentence.sentence) for sentence in section.sentences]
        assert own == sorted(set(own))
        for sentence in section.sentences:
            assert original.paragraphs[sentence.paragraph][sentence.sentence] == sentence.text


@given(st.frozensets(st.text(max_size=3)), st.frozensets(st.text(max_size=3)))
def test_saying_the_same_has_no_direction(one: frozenset[str], other: frozenset[str]) -> None:
    assert say_the_same(one, other) == say_the_same(other, one)
    assert say_the_same(one, one)
