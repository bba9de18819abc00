"""Sentences: where one ends and where a stop belongs to something else; nothing is lost on the way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefings.sentences import join, split

CASES = [
    # plain ends
    "The ferry left.|It was full.",
    "Who pays?|The growers do.",
    "Stop!|The bridge is closed.",
    "Nobody knew…|Then the bell rang.",
    "They waited...|The train came.",
    "One sentence without a stop",
    "Really?!|Yes, really.",
    "The vote was close (51 to 49).|A recount follows.",
    "The plan failed.[3]|Another was made.",
    "It ended in 2019.|Work began a year later.",
    # titles and names
    "Dr. Adeyemi spoke to Mrs. Hale.|She listened.",
    "Gen. Ortiz met Sen. Brandt on Monday.|Both smiled.",
    "Lt. Col. Mbeki resigned.|Nobody asked why.",
    "The road to St. Olav is shut.|Snow fell.",
    "J. K. Marsh wrote it.|P. Olsen drew it.",
    "The film by A. Novak won.|Critics cheered.",
    "He read Kant vs. Hume aloud.|It took hours.",
    # abbreviations that may or may not end
    "Harlow Inc. Chief Dana Voss resigned.|Shares fell.",
    "She works for Harlow Inc.|The firm makes pumps.",
    "Tide Corp. President Lee Moon left.",
    "They sell pears, plums, etc.|The market opens at six.",
    "Martin Voss Jr. Park opened.|It has a pond.",
    "The U.S. Navy sent a ship.|It arrived.",
    "He moved to the U.S.|He came back.",
    "Envoys from the U.K. France and Spain met.",
    "Fruit, e.g. Bramley apples, sells well.|So do pears.",
    "Two kinds, i.e. Red and White, are grown.",
    # numbers
    "Growth was 4.5 percent.|Prices rose 2.1 percent.",
    "See No. 7 on the list.|It is blue.",
    "See Fig. 3 and pp. 12 to 14.|Then stop.",
    "It happened on Jan. 5 in Lund.|Nobody was hurt.",
    "Asked twice, he said no.|She said yes.",
    "1. Boil the water.|2. Add the salt.",
    "The bus leaves at 9 a.m. Wednesday.|Bring a hat.",
    "It shut at 5 p.m.|The crowd went home.",
    "Version 2.0.1 is out.|It is faster.",
    "Visit www.harbour.example today.|It is free.",
    # quotations
    '"We will sail."|The crew cheered.',
    '"We will sail," said Kari Berg.|She left.',
    '"Will we sail?" asked the mate.|Nobody answered.',
    '"Will we sail?" Kari Berg asked.|Nobody answered.',
    '"Never!" shouted the cook.|He meant it.',
    "“It rains.”|“It always rains.”",
    "He said “no.”|She left.",
    "«Nous partons.»|Le train attend.",
    "‘Not now.’|He shut the door.",
    # other ways of writing
    "Am 3. Oktober wird gefeiert.|Alle kommen.",
    "Der Zug hält z.B. Montags nicht.|Das stört.",
    "¿Quién paga?|¡Nadie!",
    "La Sra. Ruiz habló.|Nadie contestó.",
    "Он приехал в 1998 году.|Потом уехал.",
    "他来了。|她走了。",
    "本当？|はい。",
    "住民は「待っていた。」と話した。|町も喜んだ。",
    "「待っていた。」|町は静かだった。",
    "वह आया।|वह गया।",
    "هل وصل؟|نعم.",
    "Πού πάει;|Δεν ξέρω.",
    "비가 왔다.|눈도 왔다.",
]


@pytest.mark.parametrize("marked", CASES)
def test_a_paragraph_is_cut_where_its_sentences_end(marked: str) -> None:
    sentences = tuple(marked.split("|"))
    assert split(join(sentences)) == sentences


def test_ideographic_sentences_are_joined_without_a_space() -> None:
    assert join(("他来了。", "她走了。")) == "他来了。她走了。"
    assert split("他来了。 她走了。") == ("他来了。", "她走了。")


def test_white_space_is_folded() -> None:
    assert split("  The ferry\n left.\t It was\u00a0full. ") == ("The ferry left.", "It was full.")


@pytest.mark.parametrize("blank", ["", " ", "\n\t\u3000"])
def test_blank_text_has_no_sentences(blank: str) -> None:
    assert split(blank) == ()
    assert join(()) == ""


tricky = st.text() | st.text("aB1 .!?…。！？」)\"'“”「・;\n[]Mrα", max_size=60)


@given(tricky)
def test_what_is_split_is_joined_again(text: str) -> None:
    def shown(value: str) -> str:
        return "".join(value.split())

    sentences = split(text)
    assert all(sentence.strip() == sentence != "" for sentence in sentences)
    assert shown(join(sentences)) == shown(text)
    assert split(join(sentences)) == sentences


@given(st.text("aB1 .!?…)\"'“”;\n[]Mrα", max_size=80))
def test_with_spaces_between_words_the_paragraph_comes_back_exactly(text: str) -> None:
    assert join(split(text)) == " ".join(text.split())
