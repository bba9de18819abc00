"""Text quality on real news, ours beside every peer, in one run: which section and which sentence answers, what an
extract keeps, what a page, a feed and a topic give.

    python -m benchmarks.quality --yardsticks FOLDER --data FOLDER [--limit 500] [--only squad reuters ...]

The yardsticks are the scripts `qa_bench.py`, `summary_bench.py`, `extract_bench.py`, `feeds_bench.py` and
`topic_bench.py`, which measure any system given by a hook, and say with `--help` what their figures mean. Ours and the
peers are measured in the same run and on the same items; a peer whose package is not installed is left out. Prints one
table, and keeps every row with `--json FILE`. The hooks of answers, extracts and pages are here, those of feeds and
topics in their own benchmarks; each can also be given to its script:

    python qa_bench.py --dataset squad --peers tantivy --system benchmarks.quality:system
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.data import KEYWORDS
from briefings.answer import answer
from briefings.condense import condense, preferred
from briefings.index import Index
from briefings.languages import language_of
from briefings.pages import read_page
from briefings.ranking import CANDIDATES, asked_for, rank
from briefings.sections import assemble
from briefings.sentences import split
from briefings.types import EVERYONE, Answer, Document, Section
from tests.archive import Archive

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def summarise(article: dict[str, Any], budget: dict[str, int]) -> list[str]:
    """The telling sentences of an article without headings, within so many sentences.

    Within so many words the last one stands over the budget: the yardstick cuts there, as it does for every peer.
    """
    document = Document(title=article["title"], sections=(Section(None, (tuple(article["sentences"]),)),))
    if "words" not in budget:
        condensed = condense(document, KEYWORDS, sentences=budget["sentences"])
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
        self._folder = tempfile.TemporaryDirectory()
        self._index = Index.open(Path(self._folder.name), KEYWORDS)
        self._index.catch_up(Archive(map(_document, docs), LONG_AGO))

    def ask(self, question: str, k: int) -> list[dict[str, str]]:
        """The best sentence of each of the `k` best passages. Nothing is withheld: the yardstick does not abstain."""
        asked = asked_for(question, self._index, KEYWORDS)
        if asked is None:
            return []
        candidates = self._index.search(asked.tokens, workspace=EVERYONE, limit=CANDIDATES, question=question)
        return [
            {
                "id": self._docs[each.candidate.article.id - 1]["id"],
                "sentence": each.candidate.paragraphs[each.paragraph][each.sentence],
            }
            for each in rank(asked, candidates, KEYWORDS, LONG_AGO)[:k]
        ]

    def answer(self, question: str) -> Answer:
        """What the product answers, which may be nothing; the passages are articles numbered from 1."""
        return answer(question, self._index, KEYWORDS, workspace=EVERYONE, now=LONG_AGO)


def _document(doc: dict[str, str]) -> Document:
    paragraphs = tuple(split(paragraph) for paragraph in doc["text"].split("\n") if paragraph.strip())
    section = Section(doc["heading"] or None, paragraphs)
    return Document(title=doc["title"], language=language_of(doc["text"]), sections=(section,))


system = Answering


# The table

LEXICAL = "tantivy,bm25s,rank_bm25,fts5"
READERS = "trafilatura,trafilatura_precision,newspaper4k,readability-lxml"
LANGUAGES = ("ar", "de", "el", "en", "es", "hi", "ro", "ru", "th", "tr", "vi", "zh")


class Yardstick(NamedTuple):
    """One script on one set: the peers beside our hook, and the figures shown, with the words for them."""

    script: str
    hook: str
    peers: str
    dataset: str
    figures: dict[str, str]
    options: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The set, as a person calls it for `--only`."""
        return self.dataset or self.script


ANSWERS = {"Hit@1": "right section first", "Ans@1": "right sentence first"}
YARDSTICKS = [
    *(
        Yardstick("qa", "benchmarks.quality:system", LEXICAL, dataset, ANSWERS)
        for dataset in ("squad", "qed", "squad_it", "jsquad", "cmrc2018", *(f"xquad_{each}" for each in LANGUAGES))
    ),
    Yardstick("qa", "benchmarks.quality:system", LEXICAL, "multihop_facts", {"Hit@1": "right fact first"}),
    Yardstick(
        "qa",
        "benchmarks.quality:system",
        LEXICAL,
        "fundus_sections",
        {"Hit@1": "section of a heading, of all", "InArt@1": "section of a heading, of its article"},
        ("--within",),
    ),
    Yardstick(
        "summary",
        "benchmarks.quality:summarise",
        "lead,sumy_textrank,sumy_lexrank",
        "news_pool",
        {"R1 60w": "60 words, ROUGE-1", "R2 60w": "60 words, ROUGE-2", "vs lead": "60 words, against the first ones"},
    ),
    Yardstick("extract", "benchmarks.quality:extract", READERS, "zyte_articles", {"F1": "main text F1"}),
    Yardstick(
        "extract", "benchmarks.quality:extract", READERS, "trafilatura_pages", {"strF1": "strings wanted and not, F1"}
    ),
    *(
        Yardstick(
            "extract",
            "benchmarks.quality:extract",
            READERS,
            dataset,
            {"headF1": "headings F1", "sectF1": "sections F1"},
        )
        for dataset in ("fundus_pages", "readability_pages")
    ),
    Yardstick(
        "feeds",
        "benchmarks.feeds:entries",
        "feedparser,fastfeedparser,atoma,reader",
        "",
        {"entries": "entries found"},
        ("--from", "real"),
    ),
    Yardstick(
        "topic",
        "benchmarks.topics:scorer",
        "any_keyword,any_stem,title_lead,bm25s",
        "reuters",
        {"F1": "macro F1", "MAP": "MAP"},
    ),
]


def measure(yardstick: Yardstick, scripts: Path, data: Path, limit: int) -> list[dict[str, Any]]:
    """The figures of each peer, then of ours. Raises CalledProcessError when the script fails."""
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "figures"
        command = [sys.executable, str(scripts / f"{yardstick.script}_bench.py"), "--peers", yardstick.peers]
        command += ["--system", yardstick.hook, "--shared", str(data), "--json", str(kept)]
        command += ["--dataset", yardstick.dataset] if yardstick.dataset else []
        command += ["--limit", str(limit)] if limit and yardstick.script != "topic" else []
        here = os.pathsep.join(filter(None, (str(Path.cwd()), os.environ.get("PYTHONPATH"))))
        subprocess.run(
            [*command, *yardstick.options],
            check=True,
            env={**os.environ, "PYTHONPATH": here},
            stdout=subprocess.DEVNULL,
        )
        return [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()]


def lines(yardstick: Yardstick, rows: list[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    """A line of the table for each figure: set, figure, ours, the best peer, the others."""
    *peers, ours = rows
    for key, words in yardstick.figures.items():
        best_first = sorted((peer for peer in peers if key in peer), key=lambda peer: _number(peer[key]), reverse=True)
        told = [f"{_shown(peer[key])} {peer['system']}" for peer in best_first]
        yield (yardstick.name, words, _shown(ours.get(key)), *(told[:1] or [""]), ", ".join(told[1:]))


def _number(figure: float | str) -> float:
    return figure if isinstance(figure, float) else float(figure.split()[0])


def _shown(figure: float | str | None) -> str:
    return f"{figure:.3f}".replace("0.", ".", 1) if isinstance(figure, float) else str(figure or "")


def print_table(rows: Iterable[tuple[str, ...]]) -> None:
    """In Markdown, as README quotes it; each line as soon as it is known."""
    print("| set | figure | ours | best peer | others |\n| --- | --- | --- | --- | --- |", flush=True)
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--yardsticks", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=0, help="at most so many items of each set")
    parser.add_argument("--only", nargs="*", default=[], metavar="SET")
    parser.add_argument("--json", type=Path, help="also append every row to this file")
    options = parser.parse_args()

    def told() -> Iterator[tuple[str, ...]]:
        for yardstick in YARDSTICKS:
            if options.only and yardstick.name not in options.only:
                continue
            rows = measure(yardstick, options.yardsticks.resolve(), options.data.resolve(), options.limit)
            if options.json:
                with options.json.open("a", encoding="utf-8") as file:
                    file.writelines(json.dumps(row) + "\n" for row in rows)
            yield from lines(yardstick, rows)

    print_table(told())


if __name__ == "__main__":
    main()
