"""How long `sidelines move` takes, and that the content is equal there and back.

100,000 articles of four sections each and 10,000 subscriptions go from SQLite to PostgreSQL, on the tests' own server,
and back into another SQLite.

    python -m benchmarks.moving [--articles 100000]

Prints rows and seconds of both ways, and fails unless all content is equal.
"""

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from sqlalchemy import select

from briefings.slots import parse_when
from briefings.storage import Storage
from briefings.storage.moving import PASSING, move
from briefings.storage.tables import metadata
from briefings.types import EVERYONE, Document, Key, Section, Slot
from tests.servers import postgresql

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TOGETHER = 1000
"""Articles stored in one transaction."""


def fill(url: str, articles: int, subscriptions: int) -> None:
    """What takes long to move."""
    schedule, slot = parse_when("daily at 9", "UTC"), Slot("2026-11-24T09:00", NOW + timedelta(days=1))
    numbers = iter(range(articles))
    with Storage.open(url) as storage:
        while batch := list(islice(numbers, TOGETHER)):
            with storage.writing():
                for number in batch:
                    text = f"The committee on harbour {number} met on Monday. It agreed on a plan for the year."
                    sections = tuple(Section(f"Part {part}", ((text,),)) for part in range(4))
                    document = Document(title=f"Plan {number} agreed", sections=sections)
                    storage.articles.add(document, keys=[Key("guid", f"{number}")], workspace=EVERYONE, now=NOW)
        with storage.writing():
            for number in range(subscriptions):
                workspace = f"slack:T{number // 100}"
                storage.subscriptions.create(
                    workspace=workspace,
                    channel=f"{workspace}:#C{number}",
                    topic="harbour",
                    query="harbour",
                    schedule=schedule,
                    since=NOW,
                    next_slot=slot,
                    now=NOW,
                    created_by="U1",
                )


def equal(one: str, other: str) -> bool:
    """Whether two databases have the same rows."""
    with Storage.open(one) as ours, Storage.open(other) as theirs, ours.reading() as left, theirs.reading() as right:
        for table in metadata.sorted_tables:
            query = select(table).order_by(*table.primary_key)
            if table.name not in PASSING and left.execute(query).all() != right.execute(query).all():
                return False
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=100_000, help="how many; a tenth as many subscriptions")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        server = stack.enter_context(stack.enter_context(postgresql.running()).database())
        first, back = f"sqlite:///{Path(folder) / 'first.db'}", f"sqlite:///{Path(folder) / 'back.db'}"
        fill(first, arguments.articles, arguments.articles // 10)
        for way, source, target in (("there", first, server), ("back", server, back)):
            began = time.perf_counter()
            rows = sum(move(source, target, lambda _done, _of: None).values())
            print(f"{way}: {rows} rows in {time.perf_counter() - began:.1f} s")
        same = equal(first, back) and equal(first, server)
    print(f"content equal: {'yes' if same else 'no'}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
