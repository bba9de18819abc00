"""The right section and the right sentence for questions in several languages, on texts of our own."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from briefings.index import Index
from briefings.keywords import Keywords, load_aliases
from briefings.ranking import CANDIDATES, asked_for, rank
from briefings.sentences import split
from briefings.types import EVERYONE, Document, Section
from tests.archive import Archive

NOW = datetime(2026, 3, 2, tzinfo=UTC)
KEYWORDS = Keywords(load_aliases(Path(__file__).parents[2] / "config" / "aliases.toml"))
TEXTS = [
    ("en", "Ferry strike", "Captains of the ferries stopped work on Monday. Maria Lund leads them. Rents had doubled."),
    ("en", "Ferry owners", "The owners offered five percent more pay. The captains refused because rents rose faster."),
    ("en", "Orchards", "Growers expect a late harvest. Frost killed 40 percent of the blossoms in April."),
    ("de", "Brücke gesperrt", "Die Stadt sperrte die alte Brücke im Mai. Zwei Häuser am Ufer wurden geräumt."),
    ("de", "Neue Brücken", "Der Bau neuer Brücken kostet neun Millionen. Ingenieure prüfen die Pfeiler jedes Jahr."),
    ("it", "Il porto", "Le navi tornano nel porto. I pescatori chiedono regole nuove al governo della città."),
    ("it", "La diga", "La diga protegge il porto. Gli ingegneri dell’ufficio la costruirono nel 1931."),
    ("ru", "Выборы", "Выборы мэра прошли в воскресенье. Победила учительница из северного района."),
    ("ru", "Мосты", "Новый мост открыли осенью. Строители закончили работы раньше срока."),
    ("tr", "Liman", "Limandaki gemiler fırtınada battı. Denizciler yeni bir iskele istiyor."),
    ("tr", "Köprü", "Köprünün yapımı üç yıl sürdü. Mühendisler köprüyü her kış denetliyor."),
    ("ja", "連絡船", "船長たちは月曜日に仕事を止めた。ホテルは四千万クローネを失った。"),
    ("ja", "果樹園", "農家は収穫が遅れると見ている。四月の霜で花が枯れた。"),
    ("ko", "연락선", "선장들은 월요일에 일을 멈췄다. 호텔은 사천만 크로네를 잃었다."),
    ("ko", "과수원", "농가는 수확이 늦어질 것으로 본다. 사월의 서리로 꽃이 시들었다."),
]
QUESTIONS = [
    ("Who is Maria Lund?", 0, 1),
    ("When did the ferry captains stop working?", 0, 0),
    ("Why did the captains refuse the owners' offer?", 1, 1),
    ("How many blossoms were killed by frost?", 2, 1),
    ("Wann wurde die alte Brücke gesperrt?", 3, 0),
    ("Welches Haus am Ufer wurde geräumt?", 3, 1),
    ("Was kosten die neuen Brücken?", 4, 0),
    ("Che cosa chiede il pescatore al governo?", 5, 1),
    ("Quale ingegnere costruì la diga?", 6, 1),
    ("Когда были выборы мэров?", 7, 0),
    ("Кто закончил работу на мосту раньше срока?", 8, 1),
    ("Fırtınada hangi gemi battı?", 9, 0),
    ("Mühendis köprüleri ne zaman denetler?", 10, 1),
    ("ホテルはいくら失いましたか？", 11, 1),
    ("なぜ花が枯れたのですか？", 12, 1),
    ("호텔은 얼마를 잃었는가?", 13, 1),
    ("꽃은 왜 시들었나요?", 14, 1),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    made = Index.open(tmp_path_factory.mktemp("index"), KEYWORDS)
    made.catch_up(
        Archive(
            (
                Document(title=title, language=language, sections=(Section(None, (split(text),)),))
                for language, title, text in TEXTS
            ),
            NOW,
        )
    )
    return made


@pytest.mark.parametrize(("question", "article", "sentence"), QUESTIONS)
def test_the_right_sentence_of_the_right_text_comes_first(
    index: Index, question: str, article: int, sentence: int
) -> None:
    asked = asked_for(question, index, KEYWORDS)
    assert asked is not None
    candidates = index.search(asked.tokens, workspace=EVERYONE, limit=CANDIDATES)
    best = rank(asked, candidates, KEYWORDS, NOW)[0]
    assert (best.candidate.article.title, best.sentence) == (TEXTS[article][1], sentence)
