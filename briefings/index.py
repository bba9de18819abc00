"""The search index: sections in, ranked candidates out. Derived from the database, followed by its sequence of changes.

Each section is one entry, see `entries`. The number of the last change followed is committed together with what it
changed: whatever is killed when, the next `catch_up` continues there. An index that is missing, damaged, of another
format, or of another database is emptied and filled anew.
"""

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Protocol

import msgspec
import tantivy
from msgspec import Struct
from tantivy import FieldType, Occur, Query

from briefings.entries import FORMAT, SCHEMA, Candidate, Embedding, entries, found, milliseconds, term
from briefings.errors import IndexUnavailable
from briefings.keywords import LANGUAGES, Keywords
from briefings.types import EVERYONE, EVERYWHERE, Change, Scope

log = logging.getLogger(__name__)

LOCK_SECONDS = 30
"""How long to wait while another process writes to the index."""

COMMIT_EVERY = 5_000
"""Articles between two commits of a long catch-up: as much is done again when it is killed."""

FULL = "The disk is full, and the search index could not follow; make room and try again."
_DISK_FULL = re.compile(r"os error (?:28|112|122)|No space left|StorageFull|QuotaExceeded", re.IGNORECASE)
"""How a full disk, or a used up quota, shows in what tantivy raises."""

Progress = Callable[[int, int], None]
"""Told how many articles of how many have been taken in."""


class Source(Protocol):
    """What the index follows: the stored articles, by their numbered changes."""

    def last_change(self) -> int:
        """The number of the last change; its upper half tells databases apart."""

    def purged(self) -> int:
        """The number up to which changes may be missing, those of removed articles."""

    def count_changes(self, after: int) -> int:
        """How many articles changed after number `after`."""

    def changes(self, after: int) -> Sequence[Change]:
        """Some articles that changed after `after`, in the order of their numbers; none when there are no more."""


class _Marker(Struct, frozen=True):
    """What the index holds: everything up to `change`, in this form."""

    change: int
    version: str


class Index:
    """One index in one folder. Safe in threads; any number of processes may read while one writes."""

    def __init__(self, folder: Path, keywords: Keywords, embedding: Embedding | None = None) -> None:
        self._folder = folder
        self._keywords = keywords
        self._embedding = embedding
        self._version = f"{FORMAT}/{keywords.version}/{embedding.version if embedding else ''}"
        self._lock = threading.Lock()
        self._last_change = 0
        self._index = self._opened()

    @classmethod
    def open(cls, folder: Path, keywords: Keywords, embedding: Embedding | None = None) -> "Index":
        """The index in `folder`, made or emptied when it cannot be used as it is: then `last_change` is 0.

        Raises IndexUnavailable when the folder cannot be written to.
        """
        return cls(folder, keywords, embedding)

    @property
    def last_change(self) -> int:
        """The number of the last change of the database that searches see."""
        return self._last_change

    @property
    def count(self) -> int:
        """How many sections it holds, for everybody."""
        return max(0, self._index.searcher().num_docs - 1)

    # Following the database

    def catch_up(self, source: Source, progress: Progress | None = None) -> int:
        """Follow what changed since the last time, in this process or another; answers how many articles that were.

        Costs next to nothing when nothing changed. Raises IndexUnavailable when another process keeps writing.
        """
        with self._lock:
            self._refresh()
            last = source.last_change()
            if last == self._last_change:
                return 0
            with _explained(), self._writing() as writer:
                self._index.reload()  # Another process may have written while this one waited for its turn.
                self._last_change = self._marked()
                another = last >> 32 != self._last_change >> 32 or last < self._last_change
                if another or self._last_change < source.purged():
                    writer.delete_all_documents()
                    self._last_change = 0
                done = self._follow(source, writer, last, progress)
            self._index.reload()
            return done

    def rebuild(self, source: Source, progress: Progress | None = None) -> int:
        """Fill it anew from the database; answers how many articles it holds. Raises IndexUnavailable."""
        with self._lock:
            self._index = self._emptied()
        return self.catch_up(source, progress)

    def _follow(self, source: Source, writer: tantivy.IndexWriter, last: int, progress: Progress | None) -> int:
        total = source.count_changes(self._last_change)
        done = uncommitted = 0
        followed = self._last_change
        fresh = followed == 0
        while page := source.changes(followed):
            for change in page:
                if not fresh or change.number > last:  # Else it cannot be there yet: a costly look saved.
                    writer.delete_documents_by_query(term("article", change.id))
                if change.article is not None:
                    for entry in entries(change.article, change.workspaces, self._keywords, self._embedding):
                        writer.add_document(entry)
            followed = page[-1].number
            done += len(page)
            uncommitted += len(page)
            if uncommitted >= COMMIT_EVERY:
                self._commit(writer, followed)
                uncommitted = 0
            if progress is not None:
                progress(done, max(done, total))
        self._commit(writer, max(followed, last))
        return done

    def _commit(self, writer: tantivy.IndexWriter, followed: int) -> None:
        marker = tantivy.Document()
        marker.add_text("marker", "marker")
        marker.add_bytes("stored", msgspec.json.encode(_Marker(followed, self._version)))
        writer.delete_documents_by_query(term("marker", "marker"))
        writer.add_document(marker)
        writer.commit()
        self._last_change = followed

    @contextmanager
    def _writing(self) -> Iterator[tantivy.IndexWriter]:
        """A writer, as briefly as possible: it locks the index for all processes."""
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                writer = self._index.writer(heap_size=64_000_000, num_threads=1)
                break
            except ValueError as error:
                if "LockBusy" not in str(error):
                    raise
                if time.monotonic() > deadline:
                    message = "Another Sidelines is busy writing the search index; try again when it has finished."
                    raise IndexUnavailable(message) from error
                time.sleep(0.02)
        try:
            writer.garbage_collect_files()  # What a killed one left behind would stand in the way of what is next.
            yield writer
        finally:
            writer.wait_merging_threads()  # Also gives back the lock; what was not committed is dropped.

    # Opening

    def _refresh(self) -> None:
        """See what another process may have written, or that somebody deleted the folder."""
        try:
            with _explained():
                self._index.reload()
                self._last_change = self._marked()
        except IndexUnavailable:
            self._index = self._opened()

    def _opened(self) -> tantivy.Index:
        """The index as it now is on disk, emptied if it cannot be used."""
        try:
            with _explained():
                self._folder.mkdir(parents=True, exist_ok=True)
                index = _tantivy(self._folder)
                self._index = index
                self._last_change = self._marked()
        except IndexUnavailable as error:
            if str(error) == FULL:
                raise  # What is there must not be emptied for it.
            log.warning("search index unusable, rebuilding it", extra={"action": "index-reset", "cause": str(error)})
            return self._emptied()
        return index

    def _marked(self) -> int:
        """The last change followed, 0 for an empty index. Raises ValueError when it is of another format."""
        searcher = self._index.searcher()
        hits = searcher.search(term("marker", "marker"), 1, count=False).hits
        if not hits:
            return 0
        marker = msgspec.json.decode(searcher.doc(hits[0][1])["stored"][0], type=_Marker)
        if marker.version != self._version:
            raise ValueError(f"made in format {marker.version}, not {self._version}")
        return marker.change

    def _emptied(self) -> tantivy.Index:
        with _explained():
            self._folder.mkdir(parents=True, exist_ok=True)
            for path in self._folder.iterdir():
                if path.suffix != ".lock":  # Held by whoever is writing.
                    path.unlink(missing_ok=True)
            self._last_change = 0
            return _tantivy(self._folder)

    # Searching

    def search(
        self,
        tokens: Sequence[str],
        *,
        workspace: str,
        limit: int = 20,
        scope: Scope = EVERYWHERE,
        question: str = "",
    ) -> list[Candidate]:
        """Sections that `workspace` sees and that carry any of `tokens`, best first.

        Only those of the articles in `scope`, which changes no scores. With a model, `closeness` tells how close each
        is to `question`.
        """
        filters = []
        if scope.articles is not None:
            filters.append(Query.term_set_query(SCHEMA, "article", list(scope.articles)))
        if scope.since is not None or scope.until is not None:
            filters.append(_dated(scope.since, scope.until))
        return self._candidates(_all_or_any("text", tokens, every=False), filters, workspace, limit, question)

    def titles(self, tokens: Sequence[str], *, workspace: str, limit: int = 5, every: bool = False) -> list[Candidate]:
        """Lead sections of articles whose title carries any of `tokens`, or `every` one, best first."""
        return self._candidates(_all_or_any("headline", tokens, every=every), [], workspace, limit)

    def headings(self, tokens: Sequence[str], *, workspace: str, limit: int = 5, every: bool = True) -> list[Candidate]:
        """Sections whose heading carries `every` one of `tokens`, or any, best first."""
        return self._candidates(_all_or_any("heading", tokens, every=every), [], workspace, limit)

    def languages(self) -> dict[str, int]:
        """How many sections are in each language that has a stemmer, English standing for all that have none."""
        searcher = self._index.searcher()
        counts = {language: searcher.doc_freq("language", language) for language in LANGUAGES}
        return {language: count for language, count in counts.items() if count}

    def document_frequency(self, token: str) -> int:
        """How many sections carry `token` in their text, their heading or the title above them."""
        return self._index.searcher().doc_freq("text", token)

    def _candidates(
        self, words: list[tuple[Occur, Query]], filters: list[Query], workspace: str, limit: int, question: str = ""
    ) -> list[Candidate]:
        if not words or limit < 1:
            return []
        searcher = self._index.searcher()
        seen = [(Occur.Should, term("workspace", name)) for name in {workspace, EVERYONE}]
        filters = [*filters, Query.boolean_query(seen)]
        silent = [(Occur.Must, Query.const_score_query(each, 0.0)) for each in filters]
        query = Query.boolean_query([(Occur.Must, Query.boolean_query(words)), *silent])
        with _explained():
            hits = searcher.search(query, limit, count=False).hits
            scored = [(searcher.doc(address), score) for score, address in hits]
        return found(scored, question, self._embedding)


def _tantivy(folder: Path) -> tantivy.Index:
    index = tantivy.Index(SCHEMA, str(folder))
    index.register_tokenizer("words", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
    index.config_reader("manual")
    index.reload()
    return index


def _dated(since: datetime | None, until: datetime | None) -> Query:
    """What is from `since` or later, and from before `until`."""
    return Query.range_query(
        SCHEMA,
        "dated",
        FieldType.Unsigned,
        lower_bound=max(0, milliseconds(since)) if since else None,
        upper_bound=max(0, milliseconds(until) - 1) if until else None,
    )


def _all_or_any(field: str, tokens: Sequence[str], *, every: bool) -> list[tuple[Occur, Query]]:
    return [(Occur.Must if every else Occur.Should, term(field, token)) for token in dict.fromkeys(tokens)]


@contextmanager
def _explained() -> Iterator[None]:
    """Turns what tantivy raises, and its panics, which are no Exceptions, into IndexUnavailable."""
    try:
        yield
    except IndexUnavailable:
        raise
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        if _DISK_FULL.search(str(error)):
            raise IndexUnavailable(FULL) from error
        raise IndexUnavailable(f"The search index cannot be used ({error}); run `sidelines reindex`.") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        if _DISK_FULL.search(str(error)):
            raise IndexUnavailable(FULL) from error
        raise IndexUnavailable("The search index is damaged; run `sidelines reindex`.") from error
