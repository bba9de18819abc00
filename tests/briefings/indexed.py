"""An archive in memory for the tests of the index: what it follows, and what is found in it."""

from collections.abc import Sequence
from datetime import UTC, datetime

from briefings.index import Index
from briefings.keywords import Keywords
from briefings.storage import Storage
from briefings.types import EVERYONE, Change, Document, Section

NOW = datetime(2026, 3, 2, tzinfo=UTC)
KEYWORDS = Keywords({"G7": ["G-7", "Group of Seven"]})


def document(title: str, *sections: tuple[str | None, str], url: str | None = None) -> Document:
    return Document(title=title, sections=tuple(Section(h, ((text,),)) for h, text in sections), url=url)


HARBOUR = document(
    "Harbour opens to cargo ships",
    (None, "The first freighter unloaded grain on Monday."),
    ("But how long can it last?", "Engineers doubt the breakwater survives winter storms."),
    ("Ups and downs", "Grain prices rose, then fell."),
)
ORCHARD = document("Orchards expect a late harvest", (None, "Growers blame frost for the delay."))


class Archive:
    """Articles and their changes, in memory: what the index follows."""

    def __init__(self) -> None:
        self.storage = Storage.open("sqlite://")

    def add(self, added: Document, workspace: str = EVERYONE, now: datetime = NOW) -> int:
        return self.storage.articles.add(added, keys=[], workspace=workspace, now=now)

    def update(self, article: int, text: Document) -> None:
        self.storage.articles.update(article, text, keys=[], workspace=EVERYONE, now=NOW, news=True)

    def last_change(self) -> int:
        return self.storage.articles.last_change()

    def purged(self) -> int:
        return self.storage.articles.purged()

    def count_changes(self, after: int) -> int:
        return self.storage.articles.count_changes(after)

    def changes(self, after: int) -> Sequence[Change]:
        return self.storage.articles.changes(after, limit=2)


def found(index: Index, question: str, workspace: str = "w") -> list[tuple[str, int]]:
    hits = index.search(KEYWORDS.of_question(question), workspace=workspace)
    return [(hit.article.title, hit.section) for hit in hits]
