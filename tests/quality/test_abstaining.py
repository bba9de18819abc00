"""Questions on what an archive holds are answered, and the same questions are refused by one of other articles."""

from datetime import UTC, datetime
from pathlib import Path

from briefings.answer import answer
from briefings.index import Index
from briefings.keywords import Keywords, load_aliases
from briefings.sections import Block, assemble
from briefings.types import Document
from tests.archive import Archive

KEYWORDS = Keywords(load_aliases(Path(__file__).parents[2] / "config" / "aliases.toml"))
NOW = datetime(2026, 5, 4, tzinfo=UTC)
FLOOR = 0.9

# Headline, language, paragraphs, and questions that these answer.
ARTICLES = [
    (
        "Larnvik yard wins order for two battery ferries",
        "en",
        "Northsound Ferries has ordered two battery ships from the yard in Larnvik for 64 million crowns. "
        "The first is to sail in March 2028.",
        "The yard will hire ninety welders. Its chief, Ane Holt, said that the order had saved it from closing.",
        ["How much do the two battery ships cost?", "who leads the Larnvik yard", "ferries", "What about Northsound?"],
    ),
    (
        "Tariffs on imported glass to double",
        "en",
        "The trade ministry will double tariffs on imported window glass from July. Builders say that houses will "
        "become dearer by some two per cent.",
        "Domestic glass makers had asked for the step for years; three of them have closed since 2021.",
        ["what about tariffs", "window glass", "Why will houses become dearer?", "How many glass makers have closed?"],
    ),
    (
        "Astronomers find a comet with two tails",
        "en",
        "A survey telescope on the island of Tenrik has found a comet that shows two tails of sodium. "
        "It comes closest to the Sun in October.",
        "The comet was named after Ruth Almeida, the student who saw it first.",
        ["Who saw the comet first?", "comet", "When does the comet come closest to the Sun?", "telescope Tenrik"],
    ),
    (
        "Nurses end their strike after eleven days",
        "en",
        "Nurses in the five northern hospitals went back to work on Thursday. Their union accepted a pay rise "
        "of six per cent over two years.",
        "Some four thousand operations had been put off. The minister of health, Karl Brandt, called the deal fair.",
        ["how long did the nurses strike?", "nurses union", "What pay rise did the union accept?", "Karl Brandt"],
    ),
    (
        "Museum returns bronze lions",
        "en",
        "The city museum has returned four bronze lions to the temple of Ankor from which a trader took them in 1911.",
        "A priest of the temple said that the lions would stand at the gate again before the rains.",
        [
            "bronze lions",
            "Where did the museum return the lions?",
            "When did the trader take them?",
            "temple of Ankor",
        ],
    ),
    (
        "Winzer ernten früher als je zuvor",
        "de",
        "Die Winzer an der Ahr haben in diesem Jahr schon im August mit der Lese begonnen. Der heiße Sommer hat "
        "die Trauben schneller reifen lassen.",
        "Der Verband rechnet mit einem Drittel weniger Wein als im Vorjahr.",
        ["Wann haben die Winzer mit der Lese begonnen?", "Wie viel Wein erwartet der Verband?", "Winzer", "Trauben"],
    ),
    (
        "離島の診療所に医師が戻る",
        "ja",
        "三年間医師がいなかった離島の診療所に、四月から新しい医師が赴任した。島の人口は約八百人である。",
        "診療所は週に五日開かれ、急患はヘリコプターで本土へ運ばれる。",
        ["診療所は週に何日開かれる？", "島の人口は何人？", "診療所", "急患は何で運ばれる？"],
    ),
    (
        "River ice carries off the old bridge of Dolen",
        "en",
        "Drifting ice tore away two pillars of the wooden bridge of Dolen on Sunday night. Nobody was hurt, "
        "as the bridge had been closed an hour before.",
        "The mayor wants the army to lay a pontoon bridge within the week.",
        [
            "What tore away the pillars?",
            "bridge of Dolen",
            "Was anybody hurt by the ice?",
            "what does the mayor want from the army?",
        ],
    ),
]


def document(title: str, language: str, *paragraphs: str) -> Document:
    return Document(title=title, language=language, sections=assemble([Block(text) for text in paragraphs]))


def test_what_is_there_is_answered_and_what_is_not_is_refused(tmp_path):
    answered, refused = [], []
    for half in (0, 1):
        chosen = [place for place in range(len(ARTICLES)) if place % 2 == half]
        index = Index.open(tmp_path / str(half), KEYWORDS)
        index.catch_up(Archive([document(*ARTICLES[place][:-1]) for place in chosen], NOW))
        for place, (*_, questions) in enumerate(ARTICLES):
            for question in questions:
                quotes = answer(question, index, KEYWORDS, workspace="w", now=NOW).quotes
                if place in chosen:
                    answered.append(bool(quotes) and quotes[0].article.title == ARTICLES[place][0])
                else:
                    refused.append(not quotes)
    assert sum(answered) / len(answered) >= FLOOR
    assert sum(refused) / len(refused) >= FLOOR
