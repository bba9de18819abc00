import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefings.answer import answer
from briefings.documents import read
from briefings.entries import Candidate
from briefings.index import Index
from briefings.keywords import Keywords, load_aliases
from briefings.sentences import join
from briefings.types import EVERYONE, EVERYWHERE, Answer, Document, Head, Scope, Section
from tests.archive import Archive

ROOT = Path(__file__).parents[2]
KEYWORDS = Keywords(load_aliases(ROOT / "config" / "aliases.toml"))
NOW = datetime(2026, 3, 2, tzinfo=UTC)
FERRIES = Document(
    title="Ferry strike empties the islands",
    sections=(
        Section(
            None,
            (
                ("Captains of the island ferries stopped work on Monday.", "The mayor of Bergen called for calm."),
                ("Hotels lost 40 million crowns in a week.", "That means 200 jobs are at risk."),
            ),
        ),
        Section(
            "Two offers",
            (
                ("The owners offered 5% more pay on Friday.",),
                ("Maria Lund, who leads the captains, refused.", "“Rent rose twice as fast,” she said."),
            ),
        ),
        Section("Weather", (("Gales closed the northern harbour in 2019.",),)),
    ),
)
SUBJECTS = ["barley", "glaciers", "violins", "tunnels", "lanterns", "beetles", "canals", "ovens", "saddles", "comets"]
OTHERS = [
    Document(
        title=f"Notes on {subject} number {number}",
        sections=(Section(None, ((f"Prices of {subject} rose by {number}% in the spring.", "Nobody knows why."),)),),
    )
    for number, subject in enumerate(SUBJECTS * 20)
]


def indexed(folder: Path, documents: Sequence[Document], workspace: str = EVERYONE) -> Index:
    index = Index.open(folder, KEYWORDS)
    index.catch_up(Archive(documents, NOW, workspace))
    return index


@pytest.fixture(scope="module")
def bundled() -> Document:
    path = next(ROOT.glob("config/articles/*.md"))
    return read(path.read_bytes(), name=path.name)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, bundled: Document) -> Index:
    return indexed(tmp_path_factory.mktemp("alone"), [bundled])


@pytest.fixture(scope="module")
def among(tmp_path_factory: pytest.TempPathFactory, bundled: Document) -> Index:
    return indexed(tmp_path_factory.mktemp("among"), [bundled, FERRIES, *OTHERS])


@pytest.fixture(params=["alone", "among"])
def archive(request: pytest.FixtureRequest) -> Index:
    """The bundled article alone, and among two hundred others."""
    index: Index = request.getfixturevalue(request.param)
    return index


@pytest.fixture(scope="module")
def ferries(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return indexed(tmp_path_factory.mktemp("ferries"), [FERRIES])


def ask(question: str, index: Index, limit: int = 3, scope: Scope = EVERYWHERE) -> Answer:
    return answer(question, index, KEYWORDS, workspace="w", now=NOW, limit=limit, scope=scope)


@pytest.mark.parametrize(
    ("question", "heading", "told"),
    [
        ("G7 sidelines talks", None, "sidelines of the Group of Seven"),
        ("what about the G7 sidelines talks?", None, "sidelines of the Group of Seven"),
        ("Yoon's approval rating", "How long can it last?", "approval rating"),
        ("radar sharing", "Ups and downs", "radars"),
        ("landmines", "How long can it last?", "buried landmines"),
        ("2018 court ruling", "Ups and downs", "2018"),
        ("how many Koreans died in Hiroshima", "How long can it last?", "30,000"),
        ("who is Daniel Sneider", "How long can it last?", "Stanford"),
        ("when will South Korea elect its legislature?", "How long can it last?", "April"),
    ],
)
def test_a_question_is_answered_from_its_section(archive: Index, question: str, heading: str | None, told: str) -> None:
    best = ask(question, archive).quotes[0]
    assert best.heading == heading
    assert told in best.text


@pytest.mark.parametrize(
    "question",
    [
        "price of bitcoin",
        "bitcoin",
        "what is bitcoin worth today?",
        "weather in Paris",
        "who won the world cup",
        "who is the president of France",
        "penguin population of Antarctica",
    ],
)
def test_what_the_archive_does_not_tell_is_not_answered(archive: Index, question: str) -> None:
    found = ask(question, archive)
    assert found.quotes == ()
    assert found.looked_for


def test_the_nearest_headline_is_named_when_one_is_near(among: Index) -> None:
    near = ask("moonlight on glaciers", among)
    assert near.quotes == ()
    assert near.nearest is not None
    assert "glaciers" in near.nearest.title
    assert ask("bitcoin", among).nearest is None
    assert ask("which prices rose more than bitcoin in the winter of 2020?", among).nearest is None


def test_the_words_looked_for_are_those_typed(ferries: Index) -> None:
    assert ask("What about the Group of Seven's Bitcoins?", ferries).looked_for == ("Group of Seven's", "Bitcoins")


@pytest.mark.parametrize("question", ["", "   ", "?!…", "what is the", "who", "\x00", "🤷"])
def test_a_question_without_content_finds_nothing(ferries: Index, question: str) -> None:
    assert ask(question, ferries) == Answer(question=question, looked_for=(), quotes=())


def test_a_sentence_that_points_back_is_quoted_with_the_one_before_it(ferries: Index) -> None:
    quote = ask("jobs at risk", ferries).quotes[0]
    assert quote.text == "Hotels lost 40 million crowns in a week. That means 200 jobs are at risk."
    assert (quote.section, quote.paragraph, quote.sentence) == (0, 1, 0)


def test_a_quotation_is_quoted_with_who_said_it(ferries: Index) -> None:
    quote = ask("how fast did rent rise?", ferries).quotes[0]
    assert quote.text.startswith("Maria Lund")
    assert quote.text.endswith("she said.")


def test_quotes_come_from_different_sections_and_say_different_things(tmp_path: Path) -> None:
    copy = Document(title="Islands without ferries", sections=FERRIES.sections[:1])
    quotes = ask("ferries captains", indexed(tmp_path, [FERRIES, copy])).quotes
    assert len(quotes) == len({quote.text for quote in quotes})
    assert len(ask("captains", indexed(tmp_path / "more", [FERRIES, copy]), limit=1).quotes) == 1


def test_an_answer_may_be_looked_for_within_one_article(tmp_path: Path) -> None:
    other = Document(title="Captains meet", sections=(Section(None, (("Captains of the whalers met in Oslo.",),)),))
    index = indexed(tmp_path, [FERRIES, other])
    assert {quote.article.id for quote in ask("captains", index, scope=Scope(articles=frozenset({2}))).quotes} == {2}


def test_another_workspace_sees_nothing(tmp_path: Path) -> None:
    found = ask("ferry strike captains", indexed(tmp_path, [FERRIES], workspace="other"))
    assert (found.quotes, found.nearest) == ((), None)


def test_a_word_of_the_title_alone_gives_the_first_sentence(tmp_path: Path) -> None:
    made = Document(title="Zeppelin", sections=(Section(None, ((), ("It flew in 1900.", "Crowds cheered."))),))
    quote = ask("zeppelin", indexed(tmp_path, [made])).quotes[0]
    assert (quote.paragraph, quote.sentence) == (1, 0)


def test_a_word_alone_is_found_in_another_language_of_the_archive(tmp_path: Path) -> None:
    made = Document(title="Frost", language="de", sections=(Section(None, (("Die Winzerin bangt um ihre Reben.",),)),))
    index = indexed(tmp_path, [made, FERRIES, *OTHERS[:20]])
    assert ask("Winzerinnen", index).quotes[0].article.title == "Frost"
    assert ask("Müllerinnen", index).quotes == ()


def test_the_month_of_may_is_told_from_the_verb(tmp_path: Path) -> None:
    verb = told("Ferries of Larnvik", "Ferries may stop, prices may rise and crews may leave.", 0)
    month = told("Bridge of Norvik", "The bridge closed in May after a storm.", 0)
    index = indexed(tmp_path, [verb, month, *OTHERS])
    assert [quote.article.id for quote in ask("what happened in may?", index).quotes] == [2]
    assert ask("what may happen?", index).quotes == ()


def test_scripts_without_spaces(tmp_path: Path) -> None:
    made = Document(
        title="連絡船のストライキ",
        language="ja",
        sections=(Section(None, (("船長たちは月曜日に仕事を止めた。", "ホテルは四千万クローネを失った。"),)),),
    )
    index = indexed(tmp_path, [made])
    assert ask("ホテルはいくら失った？", index).quotes[0].sentence == 1
    assert ask("東京の天気", index).quotes == ()


TEXTS = st.text(max_size=40) | st.sampled_from(
    ["Captains stopped work.", "He refused the ferry.", "“Ferry strike.", "But captains met.", "Rent rose,” she said."]
)
PARAGRAPHS = st.lists(st.lists(TEXTS, max_size=4).map(tuple), min_size=1, max_size=4).map(tuple)


class Found:
    """An index that has found these sections already."""

    count = 3

    def __init__(self, candidates: list[Candidate]) -> None:
        self.candidates = candidates

    def languages(self) -> dict[str, int]:
        return {"en": 1}

    def document_frequency(self, token: str) -> int:
        return 1

    def search(self, tokens: Sequence[str], **options: object) -> list[Candidate]:
        return self.candidates

    def titles(self, tokens: Sequence[str], **options: object) -> list[Candidate]:
        return []


@given(st.lists(st.builds(Section, st.none(), PARAGRAPHS), min_size=1, max_size=3))
def test_every_quote_is_contiguous_words_of_its_section_from_its_place_on(sections: list[Section]) -> None:
    candidates = [
        Candidate(article=Head(id=1, title="Ferry"), section=place, heading=None, paragraphs=made.paragraphs, score=1.0)
        for place, made in enumerate(sections)
    ]
    quotes = answer("ferry", Found(candidates), KEYWORDS, workspace="w", now=NOW).quotes  # type: ignore[arg-type]
    for quote in quotes:
        paragraphs = sections[quote.section].paragraphs
        rest = [
            *paragraphs[quote.paragraph][quote.sentence :],
            *(s for p in paragraphs[quote.paragraph + 1 :] for s in p),
        ]
        assert quote.text in [join(rest[:length]) for length in range(1, len(rest) + 1)]


def test_answering_imports_no_database_and_no_event_loop() -> None:
    code = "import sys, briefings.answer; print({'sqlalchemy', 'asyncio', 'httpx', 'trafilatura'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


def told(title: str, text: str, days: int) -> Document:
    return Document(title=title, sections=(Section(None, ((text,),)),), published=NOW - timedelta(days=days))


def test_the_newest_of_equals_comes_first_unless_the_question_names_a_year(tmp_path: Path) -> None:
    old = told("Harbour dredged", "In 2019 divers cleared the harbour of Larnvik.", 900)
    new = told("Harbour dredged", "In 2026 divers cleared the harbour of Larnvik.", 0)
    index = indexed(tmp_path, [old, new, *OTHERS])
    assert ask("who cleared the harbour of Larnvik?", index).quotes[0].article.id == 2
    assert ask("who cleared the harbour of Larnvik in 2019?", index).quotes[0].article.id == 1


def test_the_date_asked_for_is_in_the_first_quote(tmp_path: Path) -> None:
    undated = told("Bridge of Norvik", "The bridge of Norvik opened again to great joy.", 0)
    dated = told("Bridge of Norvik", "The bridge of Norvik opened on 4 May 2021.", 0)
    for number, documents in enumerate([(undated, dated), (dated, undated)]):
        index = indexed(tmp_path / str(number), [*documents, *OTHERS])
        assert "4 May 2021" in ask("when did the bridge of Norvik open?", index).quotes[0].text


def test_what_is_not_of_the_time_asked_about_is_named_as_near_alone(tmp_path: Path) -> None:
    index = indexed(tmp_path, [told("Bridge of Norvik", "The bridge of Norvik opened again.", 20), *OTHERS])
    found = ask("bridge of Norvik", index, scope=Scope(since=NOW - timedelta(days=7)))
    assert found.quotes == ()
    assert found.nearest is not None
    assert found.nearest.title == "Bridge of Norvik"
    assert ask("bridge of Norvik", index, scope=Scope(since=NOW - timedelta(days=21))).quotes


def test_one_section_alone(ferries: Index) -> None:
    offers = Scope(articles=frozenset({1}), section=1)
    assert {quote.section for quote in ask("captains", ferries).quotes} == {0, 1}
    assert {quote.section for quote in ask("captains", ferries, scope=offers).quotes} == {1}
    assert ask("gales", ferries, scope=offers).quotes == ()


def test_a_further_quote_supports_the_question_nearly_as_well(tmp_path: Path) -> None:
    met = told("Town hall", "The mayor Holt and the mayor Brandt decided to meet.", 0)
    ruled = told("Court", "The county of Larnvik decides on the tunnel in June, said Holt.", 0)
    quotes = ask("when does the county decide on Holt's tunnel?", indexed(tmp_path, [met, ruled])).quotes
    assert [quote.article.title for quote in quotes] == ["Court"]


def test_a_quote_begins_where_it_can_be_understood_and_no_earlier(tmp_path: Path) -> None:
    sentences = (
        "Ferries stopped in 1999.",
        "But trains ran all summer, said Ane Holt of Larnvik.",
        "But, she said: “The trains were full.”",
    )
    made = Document(title="Travel", sections=(Section(None, (sentences,)),))
    index = indexed(tmp_path, [made])
    assert ask("Ane Holt", index).quotes[0].text == sentences[1]
    assert ask("were trains full?", index).quotes[0].text == join(sentences[1:])


def test_a_quotation_with_its_speaker_is_quoted_alone_unless_it_speaks_of_somebody(tmp_path: Path) -> None:
    sentences = (
        "Ferries stopped in 1999.",
        "“It was a dreadful summer for the harbour,” said Ane Holt of Larnvik.",
        "“They lost their pension,” Holt said.",
    )
    index = indexed(tmp_path, [Document(title="Travel", sections=(Section(None, (sentences,)),))])
    assert ask("dreadful summer", index).quotes[0].text == sentences[1]
    assert ask("who lost a pension?", index).quotes[0].text == join(sentences[1:])


def test_a_long_chain_of_sentences_is_quoted_with_the_last_one_before_alone(tmp_path: Path) -> None:
    sentences = (
        f"Maria Lund spoke of the strike{' and of many other matters' * 8}.",
        f"She named the causes{' and the many consequences' * 8}.",
        "She praised the zeppelin.",
    )
    made = Document(title="Travel", sections=(Section(None, (sentences,)),))
    assert ask("zeppelin", indexed(tmp_path, [made])).quotes[0].text == join(sentences[1:])
