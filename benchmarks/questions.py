"""Questions over many sections: our search and whole answers against SQLite FTS5 with all words ORed.

    python -m benchmarks.questions [--sections 100000] [--questions 300]

The archive is made up: invented words with the frequencies of a language (Zipf), a few of them typical of each article,
English function words between them. Each question takes words of one sentence, some in another form, and counts as a
hit when the section of that sentence is among the first ten. FTS5 gets the same text and the same questions. Times are
processor time.
"""

import argparse
import itertools
import random
import re
import sqlite3
import statistics
import sys
import time
from bisect import bisect
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.data import KEYWORDS
from briefings.answer import answer
from briefings.index import Index
from briefings.types import EVERYONE, Article, Change, Section

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECTIONS_PER_ARTICLE = 4
VOCABULARY = 60_000
FIRST = 10

FUNCTION_WORDS = tuple(
    re.findall(r"\w+", "the of and to in a is that for it was on as with by at from be has are an or")
)
OPENINGS = (
    "What about the",
    "What do we know of the",
    "Who said that the",
    "Why did the",
    "How is the",
    "Tell me about",
)


class Needle(NamedTuple):
    """A question and the article and section that it was made from."""

    question: str
    article: int
    section: int


class Archive:
    """Invented articles, each made from its own number alone, so that none needs to be kept."""

    def __init__(self, sections: int) -> None:
        self.articles = sections // SECTIONS_PER_ARTICLE
        shaped = random.Random(1)
        consonants, vowels = "bdfgklmnprstvz", "aeiou"
        syllables = [c + v for c in consonants for v in vowels]
        words: dict[str, None] = {}
        while len(words) < VOCABULARY:
            stem = "".join(shaped.choices(syllables, k=shaped.choice((2, 2, 3, 3, 4))))
            words[stem + shaped.choice(("", "n", "r", "st", "l", "ck"))] = None
        self.words = list(words)
        self._weights = list(itertools.accumulate(1 / (rank + 20) for rank in range(VOCABULARY)))

    def draw(self, chance: random.Random, count: int) -> list[str]:
        """Words, the frequent ones more often."""
        total = self._weights[-1]
        return [self.words[bisect(self._weights, chance.random() * total)] for _ in range(count)]

    def article(self, number: int) -> Article:
        """The article of this number, from 1."""
        chance = random.Random(number)
        typical = self.draw(chance, 25)
        sections = tuple(
            Section(
                " ".join([*self.draw(chance, 2), chance.choice(typical)]) if place else None,
                self._text(chance, typical),
            )
            for place in range(SECTIONS_PER_ARTICLE)
        )
        title = " ".join(chance.sample(typical, 5)).capitalize()
        return Article(
            id=number,
            story=number,
            title=title,
            sections=sections,
            arrived=NOW,
            updated=NOW,
            change=number,
            published=NOW,
        )

    def _text(self, chance: random.Random, typical: Sequence[str]) -> tuple[tuple[str, ...], ...]:
        return tuple(tuple(self._sentence(chance, typical) for _ in range(2)) for _ in range(3))

    def _sentence(self, chance: random.Random, typical: Sequence[str]) -> str:
        words = [*self.draw(chance, 6), *chance.choices(typical, k=3), *chance.choices(FUNCTION_WORDS, k=7)]
        chance.shuffle(words)
        return " ".join(words).capitalize() + "."

    def needles(self, count: int) -> Iterator[Needle]:
        """Questions with a known right section."""
        chance = random.Random(2)
        for _ in range(count):
            article = self.article(chance.randint(1, self.articles))
            place = chance.randrange(SECTIONS_PER_ARTICLE)
            sentence = chance.choice(article.sections[place].sentences).rstrip(".").lower()
            content = [word for word in sentence.split() if word not in FUNCTION_WORDS]
            asked = [word + chance.choice(("", "", "s")) for word in chance.sample(content, 4)]
            yield Needle(
                f"{chance.choice(OPENINGS)} {asked[0]} {asked[1]} of {asked[2]} and {asked[3]}?", article.id, place
            )

    # What the index follows

    def last_change(self) -> int:
        return self.articles

    def purged(self) -> int:
        return 0

    def count_changes(self, after: int) -> int:
        return self.articles - after

    def changes(self, after: int) -> list[Change]:
        numbers = range(after + 1, min(after + 500, self.articles) + 1)
        return [Change(number=n, id=n, article=self.article(n), workspaces=(EVERYONE,)) for n in numbers]


class Fts5:
    """SQLite's full text search with Porter's stemmer."""

    def __init__(self, path: Path, archive: Archive) -> None:
        self._connection = sqlite3.connect(path)
        self._connection.execute(
            "CREATE VIRTUAL TABLE entries USING fts5(title, heading, body, content='', tokenize='porter unicode61')"
        )
        with self._connection:
            for number in range(1, archive.articles + 1):
                article = archive.article(number)
                self._connection.executemany(
                    "INSERT INTO entries (rowid, title, heading, body) VALUES (?, ?, ?, ?)",
                    [
                        (
                            number * SECTIONS_PER_ARTICLE + place,
                            article.title,
                            section.heading,
                            " ".join(section.sentences),
                        )
                        for place, section in enumerate(article.sections)
                    ],
                )

    def search(self, words: Sequence[str]) -> list[tuple[int, int]]:
        """The first ten by rank, all words ORed."""
        query = " OR ".join(f'"{word}"' for word in words)
        rows = self._connection.execute(
            "SELECT rowid FROM entries WHERE entries MATCH ? ORDER BY rank LIMIT ?", (query, FIRST)
        )
        return [divmod(row[0], SECTIONS_PER_ARTICLE) for row in rows]


def measure(ask: Callable[[str], Sequence[tuple[int, int]]], needles: Sequence[Needle]) -> tuple[float, float, float]:
    """Median and 99th percentile in milliseconds, and the share of questions whose section is among the answers.

    Of processor time: each runs in one thread and reads from memory, and what else the machine does must not count.
    """
    took: list[float] = []
    hits = 0
    for needle in needles:
        start = time.process_time()
        found = ask(needle.question)
        took.append((time.process_time() - start) * 1000)
        hits += (needle.article, needle.section) in found
    return statistics.median(took), statistics.quantiles(took, n=100)[98], hits / len(needles)


def main() -> None:
    """Ask both, and print a line for each way of asking."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sections", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=300)
    options = parser.parse_args()

    def tell(text: str) -> None:
        print(
            f"\r\x1b[K{text}" if sys.stderr.isatty() else text, end="" if sys.stderr.isatty() else "\n", file=sys.stderr
        )

    archive = Archive(options.sections)
    needles = list(archive.needles(options.questions))
    with TemporaryDirectory() as folder:
        start = time.process_time()
        index = Index.open(Path(folder) / "index", KEYWORDS)
        index.catch_up(archive, lambda done, total: tell(f"index: {done:,} of {total:,} articles"))
        built = time.process_time() - start
        tell("FTS5: taking in the same text")
        fts5 = Fts5(Path(folder) / "fts5.db", archive)
        tell(f"asking {len(needles)} questions")

        def every_word(question: str) -> list[tuple[int, int]]:
            return fts5.search(question.rstrip("?").split())

        def without_stop_words(question: str) -> list[tuple[int, int]]:
            words = question.rstrip("?").split()
            return fts5.search([word for word in words if not any(map(KEYWORDS.is_stop, KEYWORDS.of(word)))])

        def ours(question: str) -> list[tuple[int, int]]:
            found = index.search(KEYWORDS.of_question(question), workspace=EVERYONE, limit=FIRST)
            return [(hit.article.id, hit.section) for hit in found]

        def whole(question: str) -> list[tuple[int, int]]:
            quotes = answer(question, index, KEYWORDS, workspace=EVERYONE, now=NOW, limit=FIRST).quotes
            return [(quote.article.id, quote.section) for quote in quotes]

        plans = {
            "SQLite FTS5, all words ORed": every_word,
            "SQLite FTS5, stop words left out": without_stop_words,
            "Sidelines, search": ours,
            "Sidelines, whole answer": whole,
        }
        for ask in plans.values():
            ask(needles[0].question)
        print(
            f"{index.count:,} sections, {len(needles)} questions; index filled at {index.count / built:,.0f} sections/s"
        )
        base = 0.0
        for name, ask in plans.items():
            median, slowest, hits = measure(ask, needles)
            base = base or median
            times = f"median {median:8.2f} ms  p99 {slowest:8.2f} ms  ratio {median / base:6.3f}"
            print(f"{name:34} {times}  hit@{FIRST} {hits:.3f}")


if __name__ == "__main__":
    main()
