"""What several benchmarks read: sets of real data, and words as the program reads them."""

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from briefings.keywords import Keywords, load_aliases

KEYWORDS = Keywords(load_aliases(Path(__file__).parent.parent / "config" / "aliases.toml"))
"""With the aliases that come with the program."""


def read_set(name: str) -> Iterator[dict[str, Any]]:
    """The rows of NAME/dev.jsonl.gz in the folder that BENCH_SHARED names. Raises KeyError when it names none."""
    with gzip.open(Path(os.environ["BENCH_SHARED"]) / name / "dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)
