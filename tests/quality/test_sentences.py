"""Paragraphs of news, in our own words and several languages, come apart where their sentences end."""

from itertools import accumulate
from pathlib import Path

from briefings.sentences import split

SAMPLES = Path(__file__).parent / "samples" / "sentences.txt"
FLOOR = 0.97


def boundaries(sentences):
    """Where sentences end but the last, counted in characters that are not white space."""
    return set([*accumulate(len("".join(sentence.split())) for sentence in sentences)][:-1])


def test_sentences_of_news_are_found():
    right = counted = 0
    for paragraph in SAMPLES.read_text("utf-8").strip().split("\n\n"):
        known = boundaries(paragraph.splitlines())
        found = boundaries(split(paragraph))
        right += len(known & found)
        counted += len(known) + len(found)
    assert 2 * right / counted >= FLOOR
