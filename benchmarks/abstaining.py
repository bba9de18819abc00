"""Abstaining: questions that the archive can answer are to be answered, others refused. Both, on balanced sets.

    BENCH_SHARED=DATA python -m benchmarks.abstaining [--sets squad qed] [--limit 400] [--among reuters agnews]

DATA is a folder of NAME/dev.jsonl.gz, one group of passages a line: `group`, `docs` (`id`, `title`, `heading`, `text`)
and `questions` (`question`, `docs`: the ids of those that answer it).

The groups of a set are dealt into two halves. Each half is indexed in turn and asked as many of its own questions as of
the other half's, with the one threshold of the product. A third kind of question is made of the passages indexed: two
words that stand side by side in them, typed as keywords. With `--among`, the articles of other sets are indexed beside
each half: in a larger archive more is found by chance.

The figures, printed for each set and over all sets, each set counting the same:
    answered    of the questions on what is indexed, those that get an answer
    right       of these, those whose first quote is from a passage that answers
    refused     of the questions on what is not indexed, those that get none
    words       of the questions of two words, those that get an answer
"""

import argparse
import random
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import mean
from typing import Any

from benchmarks.data import KEYWORDS, read_set
from benchmarks.quality import Answering

SETS = (
    *("squad", "qed", "xquad_en", "xquad_de", "xquad_es", "xquad_ru", "xquad_zh"),
    *("jsquad", "cmrc2018", "squad_it", "multihop_facts"),
)
COLUMNS = ("answered", "right", "refused", "words")

Group = dict[str, Any]


def halves(groups: Sequence[Group], chance: random.Random) -> tuple[list[Group], list[Group]]:
    """The groups dealt into two; what belongs together stays together."""
    names = sorted({group["group"] for group in groups})
    chance.shuffle(names)
    first = set(names[::2])
    return [g for g in groups if g["group"] in first], [g for g in groups if g["group"] not in first]


def asked(groups: Sequence[Group], limit: int, chance: random.Random) -> list[tuple[str, frozenset[str]]]:
    """Questions with the passages that answer them."""
    found = [(each["question"], frozenset(each["docs"])) for group in groups for each in group["questions"]]
    return chance.sample(found, min(limit, len(found)))


def paired_words(groups: Sequence[Group], limit: int, chance: random.Random) -> Iterator[str]:
    """Two words side by side, neither of them a stop word, out of passages drawn at random."""
    docs = [doc for group in groups for doc in group["docs"]]
    for doc in chance.choices(docs, k=limit):
        words = doc["text"].split()
        pairs = [pair for pair in pairwise(words) if all(map(_tells, pair))]
        if pairs:
            yield " ".join(chance.choice(pairs))


def _tells(word: str) -> bool:
    return word.isalpha() and len(word) > 3 and not any(map(KEYWORDS.is_stop, KEYWORDS.of(word)))


def measure(groups: Sequence[Group], limit: int, seed: int, among: Sequence[dict[str, str]]) -> dict[str, float]:
    """The figures of one set, its passages among others."""
    chance = random.Random(seed)
    answered: list[bool] = []
    right: list[bool] = []
    refused: list[bool] = []
    words: list[bool] = []
    parts = halves(groups, chance)
    for own, other in (parts, parts[::-1]):
        docs = {doc["id"]: doc for group in own for doc in group["docs"]}
        system = Answering()
        system.index([*docs.values(), *among])
        places = [*docs, *(doc["id"] for doc in among)]
        for question, gold in asked(own, limit, chance):
            quotes = system.answer(question).quotes
            answered.append(bool(quotes))
            if quotes:
                right.append(places[quotes[0].article.id - 1] in gold)
        for question, gold in asked(other, limit, chance):
            if gold.isdisjoint(docs):
                refused.append(not system.answer(question).quotes)
        words.extend(bool(system.answer(typed).quotes) for typed in paired_words(own, limit, chance))
    figures = {"answered": mean(answered), "right": mean(right), "refused": mean(refused)}
    return figures | {"words": mean(words)} if words else figures


def main() -> None:
    """Measures each set and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--limit", type=int, default=400, help="questions of each kind and half")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--among", nargs="*", default=(), metavar="SET", help="sets of articles to index beside each half"
    )
    options = parser.parse_args()
    print(" ".join([f"{'set':<16}", *(f"{key:>8}" for key in COLUMNS)]))
    among = [_passage(name, article) for name in options.among for article in read_set(name)]
    rows: list[dict[str, float]] = []
    for name in options.sets:
        groups = sorted(read_set(name), key=lambda group: str(group["id"]))
        rows.append(measure(groups, options.limit, options.seed, among))
        print(_row(name, rows[-1]), flush=True)
    print(_row("all", {key: mean(row[key] for row in rows if key in row) for key in rows[0]}))


def _passage(name: str, article: dict[str, Any]) -> dict[str, str]:
    return {"id": f"{name}/{article['id']}", "title": article["title"] or "", "heading": "", "text": article["text"]}


def _row(name: str, figures: dict[str, float]) -> str:
    return " ".join([f"{name:<16}", *(f"{figures[key]:>8.3f}" for key in COLUMNS if key in figures)])


if __name__ == "__main__":
    main()
