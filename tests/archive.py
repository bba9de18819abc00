"""Documents as the stored articles that an index follows, without a database."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec.structs import asdict

from briefings.types import EVERYONE, Article, Change, Document


class Archive:
    """Articles numbered from 1 in the order of their documents, each the change of its number."""

    def __init__(self, documents: Iterable[Document], now: datetime, workspace: str = EVERYONE) -> None:
        self._changes = [_change(number, document, now, workspace) for number, document in enumerate(documents, 1)]

    def last_change(self) -> int:
        return len(self._changes)

    def purged(self) -> int:
        return 0

    def count_changes(self, after: int) -> int:
        return len(self._changes) - after

    def changes(self, after: int) -> Sequence[Change]:
        return self._changes[after : after + 1_000]


def _change(number: int, document: Document, now: datetime, workspace: str) -> Change:
    article = Article(**asdict(document), id=number, story=number, arrived=now, updated=now, change=number)
    return Change(number=number, id=number, article=article, workspaces=(workspace,))
