"""Conversations, each a file in `tests/dialogues`: what somebody typed, and below it the whole reply.

A line `manager> ...`, `reader> ...` or `stranger> ...` is typed by somebody who may manage, who may not, or who sits in
another workspace. `--- later: N hours` lets time pass. After a change that is meant, `UPDATE_DIALOGUES=1 pytest
tests/bot/test_dialogues.py` writes the replies anew; read the difference before keeping it.
"""

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.app import open_keywords
from bot.commands import Commands
from bot.connectors import Asker
from bot.render.plain_text import content_text
from briefings import ingest
from briefings.documents import read
from briefings.index import Index
from briefings.storage import Storage
from briefings.types import Preferences

FOLDER = Path(__file__).parents[1] / "dialogues"
BEGIN = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ASKERS = {
    "manager": Asker(workspace="terminal", channel="terminal:#general", person="ada", may_manage=True),
    "reader": Asker(workspace="terminal", channel="terminal:#general", person="ben", may_manage=False),
    "stranger": Asker(workspace="elsewhere", channel="elsewhere:#general", person="cyd", may_manage=True),
}
ARTICLES = {"ferry.md": "terminal", "bridge.md": "terminal", "vault.md": "elsewhere"}


def stock(storage: Storage) -> None:
    """The articles of the dialogues, one a minute, each in its workspace."""
    for minute, (name, workspace) in enumerate(ARTICLES.items()):
        document = read((FOLDER / "articles" / name).read_bytes(), name=name)
        now = BEGIN - timedelta(hours=3) + timedelta(minutes=minute)
        ingest.add(storage, [ingest.Incoming(document)], workspace=workspace, now=now)


def turns(commands: Commands, script: str) -> Iterator[str]:
    """The dialogue as it goes now: each typed line with the reply it gets."""
    now = BEGIN
    for line in script.splitlines():
        later = re.fullmatch(r"--- later: (\d+) hours", line)
        typed = re.fullmatch(r"(manager|reader|stranger)> ?(.*)", line)
        if later:
            now += timedelta(hours=int(later[1]))
            yield f"{line}\n"
        elif typed:
            reply = commands.handle(typed[2], ASKERS[typed[1]], now)
            shown = "\n\n".join(map(content_text, reply.contents))
            yield f"{line}\n{shown}\n"
        elif line.startswith("# "):
            yield f"{line}\n"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_dialogue(path: Path, tmp_path: Path, database_url: str) -> None:
    keywords = open_keywords()
    with Storage.open(database_url) as storage:
        stock(storage)
        index = Index.open(tmp_path / "index", keywords)
        index.catch_up(storage.articles)
        commands = Commands(storage, index, keywords, Preferences(zone="Europe/Berlin"))
        script = path.read_text(encoding="utf-8")
        held = "\n".join(turns(commands, script))
    if os.environ.get("UPDATE_DIALOGUES"):
        path.write_text(held, encoding="utf-8")
        script = held
    assert held == script
