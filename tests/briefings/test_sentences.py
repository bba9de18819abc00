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
    "Doors open at 7:30 p.m.|The play begins at eight.",
    "It struck at 10:59 p.m. — The crowd was still there.|It left.",
    "The ferry sails at 6 a.m. Eastern time.|The bus waits.",
    "He lives at No. 10.|The door is black.",
    "The fee is Rs. 500 a head.|Children pay half.",
    "See ch. IV of the report.|It is short.",
    "I. The case.|II. The verdict.",
    "A. The first plan failed.|B. The second did not.",
    "• 9. Bring boots.|• 10. Bring a torch.",
    "She ran 100 m.|Olsen ran 200.",
    # places, people and companies
    "Snow fell in St. Petersburg.|Trams stopped on 5th St.|The buses ran.",
    "Judge Orr of Springfield, Ill. Mayor Tate left.",
    "They met in Washington, D.C.|The talks were short.",
    "The U.S. President spoke.|Envoys from the U. S. A. listened.",
    "Roe v. Wade was cited.|So was Hale v. Marsh.",
    "She holds a Ph. D. from Lund.|He holds none.",
    "The song by Arthur R. “Pop” Lund won.|It is old.",
    "So say Marsh et al.|The others disagree.",
    "That is between you and I.|Did she know?",
    "Sales fell.|iPhone cases sold well.",
    "The camp was hit.|al-Nur said nothing.",
    "They tested the DNA.|The lab is in Los Angeles, CA.|It is slow.",
    "The wall is from 300 BC.|It took 5 ms.|He was ill.|Doctors came.",
    "MR. OLSEN OF NO. 10 WON.|NOBODY ELSE RAN.",
    # brackets
    "The road is (!) Open again.|Drive slowly.",
    "He went on.|(...) Then he stopped.",
    "They agreed (see p. 4).|Nobody signed.",
    "Plans changed.¹|Nobody was told.²",
    "(It rained.)|The match went on.",
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
    "„Wir gehen.“|Dann gingen sie.",
    "„Wer zahlt das?“ fragte die Wirtin.|Niemand sprach.",
    "»Wir gehen.«|Dann gingen sie.",
    "Er rief: „Halt!“|Sie blieb stehen.",
    "Il a dit : « Nous partons. »|Le train attend.",
    "« Nous partons. » dit le chef.|Le train attend.",
    # other ways of writing
    "Am 3. Oktober wird gefeiert.|Alle kommen.",
    "Der Zug hält z.B. Montags nicht.|Das stört.",
    "Ich sagte, dass ich Pizza mag.|Also gab es Pizza.",
    "Im frühen 20. Jahrhundert begann es.|Am 3. Dez. 2025 endete es.",
    "In der 1. Bundesliga wird gespielt.|Er wurde 3.|Das reichte.",
    "Der Brief vom 23. 11. 2026 fehlt.|Keiner sucht ihn.",
    "Das kostet 5 Mio. Euro.|Äpfel, Birnen usw.|Danach gab es Kuchen.",
    "Der Turm ist von 300 v. Chr. und steht noch.",
    "Vive en EE. UU. desde mayo.|Le gusta.",
    "Viajó a EE.UU.|El vuelo fue largo.",
    "L’histoire d’A. Morel finit là.|Elle est triste.",
    "¿Quién paga?|¡Nadie!",
    "La Sra. Ruiz habló.|Nadie contestó.",
    "Он приехал в 1998 году.|Потом уехал.",
    "他来了。|她走了。",
    "本当？|はい。",
    "住民は「待っていた。」と話した。|町も喜んだ。",
    "「待っていた。」|町は静かだった。",
    "Книгу написал Дж. А. Марш.|Она старая.",
    "Купили хлеб, сыр и т.д.|Потом ушли.",
    "किताब जे. के. मार्श ने लिखी।|वह पुरानी है।",
    "“我们等了很久。”村长说。|大家都笑了。",
    "“我们等了很久。”|大家都笑了。",
    "彼は「行こう！」と叫び、「待て。」の声を聞いた。|海は静かだった。",
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


tricky = st.text() | st.text("aB1г .!?…。！？」)\"'“”„«»‘「・;\n[]()¹Mrαと说–•", max_size=60)


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
