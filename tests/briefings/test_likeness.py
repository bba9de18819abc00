from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from briefings.likeness import likeness, marks
from briefings.types import Document, Section

_TEXTS = st.text(alphabet="abc 日本\n.", max_size=60).map(lambda t: Document(title=t, sections=()))


def numbered(*numbers: int) -> Document:
    return Document(
        title="Counting", sections=(Section(None, (tuple(f"Item {n} weighs {n + 3} stone." for n in numbers),)),)
    )


@given(_TEXTS, _TEXTS)
def test_likeness_is_symmetric_between_0_and_1_and_whole_for_equals(one: Document, other: Document) -> None:
    assert 0 <= likeness(one, other) == likeness(other, one) <= 1
    assert likeness(one, one) == 1


def test_likeness_is_the_share_of_text_in_common() -> None:
    assert 0.85 < likeness(numbered(*range(100)), numbered(*range(80))) < 0.95
    assert likeness(numbered(*range(100)), Document(title="Nothing of that", sections=())) == 0


def test_likeness_sees_scripts_without_spaces() -> None:
    one = Document(title="日韓首脳が会談し関係改善で一致した", sections=())
    assert 0.5 < likeness(one, replace(one, title="日韓首脳が会談し関係悪化で対立した")) < 1


def test_documents_nearly_the_same_share_marks_and_others_do_not() -> None:
    starts = range(0, 100_000, 1_000)
    shared = [bool(set(marks(numbered(*range(n, n + 100)))) & set(marks(numbered(*range(n, n + 90))))) for n in starts]
    assert sum(shared) >= 95
    apart = [
        bool(set(marks(numbered(*range(n, n + 40)))) & set(marks(numbered(*range(n + 500, n + 540))))) for n in starts
    ]
    assert sum(apart) <= 5


@given(_TEXTS)
def test_marks_are_few_and_stay(document: Document) -> None:
    assert len(marks(document)) <= 4
    assert marks(document) == marks(replace(document, title=document.title.upper()))


def test_a_text_of_a_few_words_has_no_marks() -> None:
    assert marks(Document(title="Shut today", sections=())) == ()
