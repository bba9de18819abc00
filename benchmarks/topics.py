"""Our matching behind the hook of the topic yardstick.

Run from the repository's folder (or with it on PYTHONPATH):
    python topic_bench.py --dataset reuters --system benchmarks.topics:scorer
"""

import re
from collections.abc import Callable

from benchmarks.data import KEYWORDS
from briefings.sentences import split
from briefings.topics import article_terms, parse
from briefings.types import Document, Section

_PARAGRAPH = re.compile(r"\n(?=\s)")  # wire stories break their lines and indent their paragraphs


def scorer(topics: dict[str, list[str]]) -> Callable[[dict[str, str]], dict[str, float]]:
    """How much an article is about each topic; a topic is subscribed to by its keywords with OR between them."""
    parsed = {
        topic: parse(" OR ".join(f"({keyword})" for keyword in keywords), KEYWORDS)
        for topic, keywords in topics.items()
    }

    def score(article: dict[str, str]) -> dict[str, float]:
        paragraphs = tuple(split(paragraph) for paragraph in _PARAGRAPH.split(article["text"]))
        terms = article_terms(Document(title=article["title"], sections=(Section(None, paragraphs),)), KEYWORDS)
        return {topic: query.score(terms) for topic, query in parsed.items()}

    return score
