"""Feeds of every kind, well-formed and broken: what comes out of them, and how fast, against feedparser in one run.

The files are those of the folder of real data that BENCH_SHARED names (`feeds/dev.jsonl.gz`; its README says what they
are). Each goes through both parsers, in turns, and must raise nothing but the refusal of what is no feed.

    BENCH_SHARED=FOLDER python -m benchmarks.feeds [--rounds 3]

Prints the files and entries, in total and of the libraries whose files are mostly real feeds; every file in which
feedparser finds more entries; and the least CPU time of the rounds. `entries` is the hook of the yardstick:

    python feeds_bench.py --half dev --system benchmarks.feeds:entries
"""

import argparse
import base64
import time
from collections.abc import Callable
from typing import Any

from benchmarks.data import read_set
from briefings.errors import UnreadableFeed
from briefings.feeds import entry_of, read_feed, read_parts

URL = "https://feeds.example/feed"
REAL = ("fastfeedparser", "feedjira", "feed-rs", "simplepie", "rome")
"""Libraries whose samples are mostly feeds found in the wild."""


def entries(raw: bytes) -> list[dict[str, Any]]:
    """Every entry that a file lists, also those without anything in them, which are left out of what is read."""
    try:
        found = [entry_of(fields) for fields in read_parts(raw, url=URL).entries]
    except UnreadableFeed:
        return []
    return [{"title": entry.title, "link": entry.url, "date": entry.published} for entry in found]


def read(raw: bytes) -> int:
    """How many entries are read, as the bot does it."""
    try:
        return len(read_feed(raw, url=URL).entries)
    except UnreadableFeed:
        return 0


def read_by_feedparser(raw: bytes) -> int:
    """How many entries feedparser finds, with all that it does unless told otherwise."""
    import feedparser

    return len(feedparser.parse(raw).entries)


def seconds(parse: Callable[[bytes], object], files: list[bytes]) -> float:
    """CPU time that a parser needs for all files."""
    begun = time.process_time()
    for raw in files:
        parse(raw)
    return time.process_time() - begun


def main() -> None:
    """Reads all files, compares the entries, and measures the time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    files = {row["id"]: base64.b64decode(row["raw"]) for row in read_set("feeds")}

    found = {name: (len(entries(raw)), read(raw), read_by_feedparser(raw)) for name, raw in files.items()}
    for title, names in (("all files", list(found)), ("real feeds", [name for name in found if name.startswith(REAL)])):
        ours, kept, theirs = (sum(found[name][place] for name in names) for place in range(3))
        print(f"{title:<11} {len(names):>5} files: {ours} entries found, {kept} of them read; feedparser {theirs}")
    for name, (ours, _, theirs) in found.items():
        if ours < theirs:
            print(f"  fewer: {name} has {ours} entries, feedparser finds {theirs}")

    times = [
        (seconds(read, list(files.values())), seconds(read_by_feedparser, list(files.values()))) for _ in range(rounds)
    ]
    ours_time, theirs_time = (min(each) for each in zip(*times, strict=True))
    print(f"CPU time: {ours_time:.2f} s, feedparser {theirs_time:.2f} s, ratio {ours_time / theirs_time:.3f}")


if __name__ == "__main__":
    main()
