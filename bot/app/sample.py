"""The article that comes with the program: there on the first start, so that there is something to ask."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from bot.app import CONFIG
from briefings import ingest
from briefings.documents import read

if TYPE_CHECKING:
    from briefings.storage import Storage


def add_sample(storage: Storage, workspace: str, now: datetime) -> int | None:
    """Store the bundled article for `workspace` if nothing was ever stored there; gives its id, else None.

    That it was offered is remembered in the same transaction: once removed, it does not come back.
    """
    with storage.writing():
        if not storage.first_time("sample") or storage.articles.count(workspace):
            return None
        file = next((CONFIG / "articles").glob("*.md"))
        document = read(file.read_bytes(), name=file.name)
        return ingest.add(storage, [ingest.Incoming(document)], workspace=workspace, now=now)[0].article
