"""Our functions behind the hooks of the text-quality yardsticks.

Run from the repository's folder (or with it on PYTHONPATH):
    python qa_bench.py --dataset squad --peers tantivy --system benchmarks.quality:system
    python summary_bench.py --dataset news_pool --peers lead --system benchmarks.quality:summarise
    python extract_bench.py --dataset fundus_pages --peers trafilatura --system benchmarks.quality:extract
"""

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from briefings.answer import answer
from briefings.condense import condense, preferred
from briefings.index import Index
from briefings.keywords import Keywords, load_aliases
from briefings.languages import language_of
from briefings.pages import read_page
from briefings.ranking import CANDIDATES, asked_for, rank
from briefings.sections import assemble
from briefings.sentences import split
from briefings.types import EVERYONE, Answer, Article, Change, Document, Section

KEYWORDS = Keywords(load_aliases(Path(__file__).parent.parent / "config" / "aliases.toml"))
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def summarise(article: dict[str, Any], budget: dict[str, int]) -> list[str]:
    """The telling sentences of an article without headings, within so many sentences.

    Within so many words the last one stands over the budget: the yardstick cuts there, as it does for every peer.
    """
    document = Document(title=article["title"], sections=(Section(None, (tuple(article["sentences"]),)),))
    if "words" not in budget:
        condensed = condense(document, KEYWORDS, **budget)
        return [sentence.text for section in condensed for sentence in section.sentences]
    told: list[str] = []
    for sentences in preferred(document, KEYWORDS):
        told += sentences
        if sum(len(sentence.split()) for sentence in told) >= budget["words"]:
            break
    return told


def extract(html: str, url: str) -> dict[str, Any]:
    """The text of a page and its sections, the lead with an empty heading."""
    sections = [
        {"heading": section.heading or "", "text": " ".join(section.sentences)}
        for section in assemble(read_page(html, url=url).blocks)
    ]
    return {"text": "\n".join(part for section in sections for part in section.values()), "sections": sections}


class Answering:
    """The index and the ranking of questions, over passages that each become an article of one section."""

    def index(self, docs: list[dict[str, str]]) -> None:
        """Takes in all passages, forgetting earlier ones."""
        self._docs = docs
        self._folder = TemporaryDirectory()
        self._index = Index.open(Path(self._folder.name), KEYWORDS)
        self._index.catch_up(_Passages(docs))

    def ask(self, question: str, k: int) -> list[dict[str, str]]:
        """The best sentence of each of the `k` best passages. Nothing is withheld: the yardstick does not abstain."""
        asked = asked_for(question, self._index, KEYWORDS)
        if asked is None:
            return []
        candidates = self._index.search(asked.tokens, workspace=EVERYONE, limit=CANDIDATES, question=question)
        return [
            {
                "id": self._docs[each.candidate.article.id]["id"],
                "sentence": each.candidate.paragraphs[each.paragraph][each.sentence],
            }
            for each in rank(asked, candidates, KEYWORDS, LONG_AGO)[:k]
        ]

    def answer(self, question: str) -> Answer:
        """What the product answers, which may be nothing; the id of an article is the place of its passage."""
        return answer(question, self._index, KEYWORDS, workspace=EVERYONE, now=LONG_AGO)


class _Passages:
    """Passages as the stored articles that an index follows."""

    def __init__(self, docs: list[dict[str, str]]) -> None:
        self._changes = [_change(number, doc) for number, doc in enumerate(docs)]

    def last_change(self) -> int:
        return len(self._changes)

    def purged(self) -> int:
        return 0

    def count_changes(self, after: int) -> int:
        return len(self._changes) - after

    def changes(self, after: int) -> list[Change]:
        return self._changes[after : after + 1_000]


def _change(number: int, doc: dict[str, str]) -> Change:
    paragraphs = tuple(split(paragraph) for paragraph in doc["text"].split("\n") if paragraph.strip())
    article = Article(
        id=number,
        story=number,
        arrived=LONG_AGO,
        updated=LONG_AGO,
        change=number + 1,
        title=doc["title"],
        language=language_of(doc["text"]),
        sections=(Section(doc["heading"] or None, paragraphs),),
    )
    return Change(number=number + 1, id=number, article=article, workspaces=(EVERYONE,))


system = Answering
