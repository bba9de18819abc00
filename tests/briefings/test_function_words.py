import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefings.function_words import FUNCTION_WORDS, language_of_question

ALL = dict.fromkeys(FUNCTION_WORDS, 1)


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Who leads the captains?", "en"),
        ("Wer führt die Kapitäne an?", "de"),
        ("Qui dirige les capitaines du navire ?", "fr"),
        ("¿Quién dirige a los capitanes?", "es"),
        ("Chi guida i capitani della nave?", "it"),
        ("Quem lidera os capitães?", "pt"),
        ("Cine îi conduce pe căpitani?", "ro"),
        ("Wie leidt de kapiteins van het schip?", "nl"),
        ("Vem leder kaptenerna och varför?", "sv"),
        ("Kto jest przywódcą kapitanów?", "pl"),
        ("Kaptanların başında kim var?", "tr"),
        ("Ai là người đứng đầu các thuyền trưởng?", "vi"),
    ],
)
def test_a_question_tells_its_language(question: str, language: str) -> None:
    assert language_of_question(question, ALL) == language


def test_only_languages_of_the_archive_count() -> None:
    assert language_of_question("Wer führt die Kapitäne an?", {"en": 5}) == "en"
    assert language_of_question("Wer führt die Kapitäne an?", {}) is None


def test_where_nothing_tells_the_most_frequent_language_is_meant() -> None:
    assert language_of_question("Bergen", {"en": 5, "de": 7}) == "de"


@given(st.text())
def test_any_text_has_a_language_of_the_archive(text: str) -> None:
    assert language_of_question(text, {"en": 2, "de": 1}) in {"en", "de"}
