"""Condensing: our rate beside sumy's TextRank and LexRank, with the agreement of each at equal length.

    BENCH_SHARED=DATA python -m benchmarks.condensing [--limit 100]

DATA is a folder of NAME/dev.jsonl.gz, one article a line: `title`, `text`, `references` (summaries that people
wrote) and `lang`; the English ones are read. Without it the articles are generated, and agreement is not measured.
sumy must be installed; it is no dependency of the project.

Every system is given the same sentences and chooses within sixty words; what is over is cut off. The figures:
    articles/s  over the CPU time of choosing alone, the best of three rounds, so that each system has what it remembers
                of words; the rates of one run compare, those of two runs do not
    ratio       our rate beside this system's
    agreement   F1 of words plus F1 of pairs of words (ROUGE-1 + ROUGE-2, without stems), a mean
"""

import argparse
import gzip
import json
import os
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.quality import summarise
from briefings.sentences import split

SETS = ("writer_news", "cnndm_sample", "pyrxsum", "fundus_standfirst")
WORDS = 60
ROUNDS = 3
_WORD = re.compile(r"[a-z0-9]+")

System = Callable[[dict[str, Any]], list[str]]
"""The sentences chosen of an article, the preferred ones first."""


def sumy(name: str) -> System:
    """A summariser of sumy's with its English stemmer and stop words, the preferred sentences first."""
    dom, stemmers, utils = (import_module(f"sumy.{part}") for part in ("models.dom", "nlp.stemmers", "utils"))
    kind = vars(import_module(f"sumy.summarizers.{name.replace('Rank', '_rank').lower()}"))[f"{name}Summarizer"]
    summarizer = kind(stemmers.Stemmer("english"))
    summarizer.stop_words = utils.get_stop_words("english")
    # It would give so many sentences in the article's order; all of them in the order of preference cost the same.
    summarizer._get_best_sentences = lambda sentences, _, rated: sorted(sentences, key=lambda each: -rated[each])
    words = type("Words", (), {"to_words": staticmethod(lambda text: _WORD.findall(text.lower()))})()

    def choose(article: dict[str, Any]) -> list[str]:
        sentences = [dom.Sentence(text, words) for text in article["sentences"]]
        return [str(each) for each in summarizer(dom.ObjectDocumentModel([dom.Paragraph(sentences)]), len(sentences))]

    return choose


def ours(article: dict[str, Any]) -> list[str]:
    """What condensing takes within so many words, as for the yardsticks."""
    return summarise(article, {"words": WORDS})


def first(article: dict[str, Any]) -> list[str]:
    """The first sentences."""
    return list(article["sentences"])


def generated(articles: int) -> list[dict[str, Any]]:
    """Articles of about 35 sentences, the words as unevenly frequent as in news."""
    rng = random.Random(7)
    vocabulary = ["".join(rng.choices("abcdefghiklmnoprstu", k=rng.randint(3, 10))) for _ in range(3_000)]
    weights = [1 / (place + 3) for place in range(len(vocabulary))]

    def sentence() -> str:
        return " ".join(rng.choices(vocabulary, weights, k=rng.randint(8, 32))).capitalize() + "."

    return [
        {"title": sentence(), "sentences": [sentence() for _ in range(rng.randint(20, 50))], "references": []}
        for _ in range(articles)
    ]


def stored(folder: Path, limit: int) -> list[dict[str, Any]]:
    """The English articles of the sets, evenly from all of them."""
    rows = []
    for name in SETS:
        with gzip.open(folder / name / "dev.jsonl.gz", "rt", encoding="utf-8") as lines:
            rows += [row for row in map(json.loads, lines) if row["lang"] == "en"]
    for row in rows:
        row["sentences"] = [text for line in row["text"].split("\n") for text in split(line)]
    return rows[:: max(1, len(rows) // limit)][:limit]


def agreement(told: Iterable[str], references: list[str]) -> float:
    """Mean over the references of the F1 of words and of pairs of words, of the first sixty words told."""
    text = " ".join(" ".join(told).split()[:WORDS])
    agreed = [_f1(text, reference, size=1) + _f1(text, reference, size=2) for reference in references]
    return mean(agreed) if agreed else 0.0


def _f1(one: str, other: str, *, size: int) -> float:
    left, right = (
        Counter(words if size == 1 else pairwise(words)) for words in (_WORD.findall(t.lower()) for t in (one, other))
    )
    return 2 * (left & right).total() / max(1, left.total() + right.total())


def main() -> None:
    """Condenses all articles with each system and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=int, default=200, help="articles")
    options = parser.parse_args()
    shared = os.environ.get("BENCH_SHARED")
    articles = stored(Path(shared), options.limit) if shared else generated(options.limit)
    systems: dict[str, System] = {
        "sidelines": ours,
        "TextRank": sumy("TextRank"),
        "LexRank": sumy("LexRank"),
        "first sentences": first,
    }
    print(f"{len(articles)} articles of {mean(len(each['sentences']) for each in articles):.0f} sentences")
    print(f"{'system':<16} {'articles/s':>10} {'ratio':>6} {'agreement':>9}")
    spent = dict.fromkeys(systems, float("inf"))
    told: dict[str, list[list[str]]] = {}
    for _ in range(ROUNDS):
        for name, choose in systems.items():
            begun = time.process_time()
            told[name] = [choose(article) for article in articles]
            spent[name] = min(spent[name], time.process_time() - begun)
    for name in systems:
        rate = f"{len(articles) / spent[name]:.1f}" if spent[name] else ""
        ratio = f"{spent[name] / spent['sidelines']:.1f}" if name != "first sentences" else ""
        agreed = [
            agreement(sentences, each["references"]) for sentences, each in zip(told[name], articles, strict=True)
        ]
        print(f"{name:<16} {rate:>10} {ratio:>6} {f'{mean(agreed):.4f}' if shared else '':>9}")


if __name__ == "__main__":
    main()
