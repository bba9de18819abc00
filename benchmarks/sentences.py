"""The splitter beside syntok: boundaries found on texts whose sentences are known, and time.

    BENCH_SHARED=DATA python -m benchmarks.sentences [--json FILE]

DATA is a folder of NAME/dev.jsonl.gz. What counts as known:

    highlights     the points that editors wrote above CNN and Daily Mail articles, one sentence each
    openings       the one-sentence introductions of BBC articles
    evidence       sentences of news of 2023 that people picked as evidence for questions
    encyclopaedia  Wikipedia with its words set apart, where a sentence's stop is a word and an abbreviation's is not

The sentences of the first three are joined eight at a time, so that a boundary has news style on both sides; some
"sentences" are two, and some end in an abbreviation, so no splitter reaches 1. The rules were not fitted to these:
before anybody looked at the faults here, F1 was as it is now, but for 0.002 in the encyclopaedia. syntok is measured
when it is installed.
"""

import argparse
import json
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from pathlib import Path

from benchmarks.data import read_set
from briefings.sentences import split

_ENDED = re.compile(r"[.!?][\"'”’)]*$")
_BEGUN = re.compile(r"[\"'“‘(\[]*[A-Z0-9$£€]")
_BEFORE = re.compile(r" +(?=[.,;:!?%)\]”’]|n't\b|'(?:s|re|ve|ll|d|m)\b|'$)")
_AFTER = re.compile(r"(?<=[(\[“‘$£€#]) +")
BLOCK = 8


def main() -> None:
    """Measures every set that is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="keep the figures here")
    keep = parser.parse_args().json
    splitters = {"sidelines": split, **_syntok()}
    rows = []
    print("| set | sentences | splitter | P | R | F1 | MB/s |\n| --- | --- | --- | --- | --- | --- | --- |")
    for name, texts in SETS.items():
        gold = [sentences for sentences in texts() if len(sentences) > 1]
        for splitter, function in splitters.items():
            precision, recall, f1, speed = measured(gold, function)
            count = sum(map(len, gold))
            print(f"| {name} | {count:,} | {splitter} | {precision:.3f} | {recall:.3f} | {f1:.3f} | {speed:.2f} |")
            rows.append({"set": name, "splitter": splitter, "P": precision, "R": recall, "F1": f1, "MB/s": speed})
    if keep:
        keep.write_text(json.dumps(rows, indent=1))


def measured(gold: list[list[str]], splitter: Callable[[str], Iterable[str]]) -> tuple[float, float, float, float]:
    """Precision, recall and F1 of the boundaries within the blocks of `gold`, and megabytes a second."""
    texts = [" ".join(sentences) for sentences in gold]
    took = []
    for _ in range(3):  # the best of three counts
        begun = time.perf_counter()
        found = [tuple(splitter(text)) for text in texts]
        took.append(time.perf_counter() - begun)
    right = proposed = wanted = 0
    for one, other in zip(gold, found, strict=True):
        true, guessed = _boundaries(one), _boundaries(other)
        right += len(true & guessed)
        proposed += len(guessed)
        wanted += len(true)
    size = sum(len(text.encode()) for text in texts) / 1_000_000
    return right / proposed, right / wanted, 2 * right / (proposed + wanted), size / min(took)


def _boundaries(sentences: Iterable[str]) -> set[int]:
    """Where sentences end but the last, counted in characters that are not white space."""
    return set([*accumulate(len("".join(sentence.split())) for sentence in sentences)][:-1])


def _syntok() -> dict[str, Callable[[str], Iterable[str]]]:
    try:
        from syntok import segmenter  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        print("syntok is not installed: only our own figures.", file=sys.stderr)
        return {}

    def syntok(text: str) -> Iterator[str]:
        for paragraph in segmenter.process(text):
            for sentence in paragraph:
                yield "".join(token.spacing + token.value for token in sentence)

    return {"syntok": syntok}


# Texts whose sentences are known ----------------------------------------------------------------------------


def _highlights() -> Iterator[list[str]]:
    for row in read_set("cnndm_sample"):
        for reference in row["references"]:
            yield [_detokenised(line) for line in reference.split("\n") if line.strip()]
    for row in read_set("realsumm"):
        for reference in row["references"]:
            yield [_detokenised(line) for line in re.findall(r"<t>(.*?)</t>", reference) if line.strip()]


def _openings() -> Iterator[list[str]]:
    return _blocks(reference for row in read_set("pyrxsum") for reference in row["references"])


def _evidence() -> Iterator[list[str]]:
    texts = {document["text"]: None for row in read_set("multihop_facts") for document in row["docs"]}
    return _blocks(text for text in texts if _ENDED.search(text) and _BEGUN.match(text))


def _encyclopaedia() -> Iterator[list[str]]:
    for row in read_set("qed"):
        for document in row["docs"]:
            if "?" not in document["text"] and "!" not in document["text"]:
                cut = re.sub(r"( \.(?: ''| '| \))*) (?=\S)", r"\1\n", document["text"])
                yield [_detokenised(line) for line in cut.split("\n")]


SETS: dict[str, Callable[[], Iterator[list[str]]]] = {
    "highlights": _highlights,
    "openings": _openings,
    "evidence": _evidence,
    "encyclopaedia": _encyclopaedia,
}


def _blocks(sentences: Iterable[str]) -> Iterator[list[str]]:
    block: list[str] = []
    for sentence in sentences:
        block.append(" ".join(sentence.split()))
        if len(block) == BLOCK:
            yield block
            block = []
    yield block


def _detokenised(text: str) -> str:
    """The text with its words put together as they are printed."""
    text = " ".join(text.split()).replace("``", "“").replace(" ''", "”").replace("''", "”")
    text = _AFTER.sub("", _BEFORE.sub("", text))
    return re.sub(r"(?:(?<= )|^)' (.+?) '(?!\w)", r"‘\1’", text.replace(" - ", "-"))


if __name__ == "__main__":
    main()
