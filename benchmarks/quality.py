"""Our functions behind the hooks of the text-quality yardsticks.

Run from the repository's folder (or with it on PYTHONPATH):
    python summary_bench.py --dataset news_pool --peers lead --system benchmarks.quality:summarise
"""

from pathlib import Path
from typing import Any

from briefings.condense import condense
from briefings.keywords import Keywords, load_aliases
from briefings.types import Document, Section

KEYWORDS = Keywords(load_aliases(Path(__file__).parent.parent / "config" / "aliases.toml"))


def summarise(article: dict[str, Any], budget: dict[str, int]) -> list[str]:
    """The telling sentences of an article without headings, within so many sentences or words."""
    document = Document(title=article["title"], sections=(Section(None, (tuple(article["sentences"]),)),))
    condensed = condense(document, KEYWORDS, **budget)
    return [sentence.text for section in condensed for sentence in section.sentences]
