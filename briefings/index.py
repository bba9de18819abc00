"""The search index: sections in, ranked candidates out. Derived from the database, followed by its sequence of changes.

Each section is one entry, ranked by BM25 over the normalised keywords of title, heading and body. What an answer needs
is stored along, so that answering opens no database. The number of the last change followed is committed together with
what it changed: whatever is killed when, the next `catch_up` continues there. An index that is missing, damaged, of
another format, or of another database is emptied and filled anew.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import msgspec
import tantivy
from msgspec import Struct
from tantivy import FieldType, Occur, Query

from briefings.errors import IndexUnavailable
from briefings.keywords import Keywords, acronyms
from briefings.types import EVERYONE, Article, Change, Head

log = logging.getLogger(__name__)

FORMAT = 2
"""To be raised when entries change their form, so that indexes are rebuilt."""

TITLE, HEADING, BODY = 2, 2, 1
"""How often a word counts by where it stands, before frequency and length are weighed (as in BM25F).

Tuned together on SQuAD, QED, XQuAD and news headings, and on `benchmarks/questions.py`: adding up a score per field
instead lets the other sections of an article go before the one asked for.
"""

LOCK_SECONDS = 30
"""How long to wait while another process writes to the index."""

COMMIT_EVERY = 5_000
"""Articles between two commits of a long catch-up: as much is done again when it is killed."""

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


class Candidate(Struct, frozen=True, kw_only=True):
    """A section that carries words looked for; `section` is its place in the article, 0 for the lead.

    `acronyms` are those that the article defines itself, short form to long form.
    """

    article: Head
    section: int
    heading: str | None
    paragraphs: tuple[tuple[str, ...], ...]
    language: str | None = None
    acronyms: dict[str, str] = {}
    score: float = 0.0


class _Marker(Struct, frozen=True):
    """What the index holds: everything up to `change`, in this form."""

    change: int
    version: str


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for field in ("text", "heading", "headline"):
        builder.add_text_field(field, tokenizer_name="words", index_option="freq")
    builder.add_text_field("workspace", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("marker", tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("article", indexed=True)
    builder.add_unsigned_field("arrived", indexed=True, fast=True)
    builder.add_bytes_field("stored", stored=True)
    return builder.build()


_SCHEMA = _schema()
_CANDIDATE = msgspec.json.Decoder(Candidate)


class Index:
    """One index in one folder. Safe in threads; any number of processes may read while one writes."""

    def __init__(self, folder: Path, keywords: Keywords) -> None:
        self._folder = folder
        self._keywords = keywords
        self._version = f"{FORMAT}/{keywords.version}"
        self._lock = threading.Lock()
        self._last_change = 0
        self._index = self._opened()

    @classmethod
    def open(cls, folder: Path, keywords: Keywords) -> "Index":
        """The index in `folder`, made or emptied when it cannot be used as it is: then `last_change` is 0.

        Raises IndexUnavailable when the folder cannot be written to.
        """
        return cls(folder, keywords)

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
                    writer.delete_documents_by_query(_term("article", change.id))
                if change.article is not None:
                    for entry in _entries(change.article, change.workspaces, self._keywords):
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
        writer.delete_documents_by_query(_term("marker", "marker"))
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
            log.warning("search index unusable, rebuilding it", extra={"action": "index-reset", "cause": str(error)})
            return self._emptied()
        return index

    def _marked(self) -> int:
        """The last change followed, 0 for an empty index. Raises ValueError when it is of another format."""
        searcher = self._index.searcher()
        hits = searcher.search(_term("marker", "marker"), 1, count=False).hits
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
        article: int | None = None,
        since: datetime | None = None,
    ) -> list[Candidate]:
        """Sections that `workspace` sees and that carry any of `tokens`, best first.

        `article` looks in that one alone, `since` in what arrived then or later. Neither changes scores.
        """
        filters = []
        if article is not None:
            filters.append(_term("article", article))
        if since is not None:
            arrived = Query.range_query(_SCHEMA, "arrived", FieldType.Unsigned, lower_bound=_milliseconds(since))
            filters.append(arrived)
        return self._candidates(_all_or_any("text", tokens, every=False), filters, workspace, limit)

    def titles(self, tokens: Sequence[str], *, workspace: str, limit: int = 5, every: bool = False) -> list[Candidate]:
        """Lead sections of articles whose title carries any of `tokens`, or `every` one, best first."""
        return self._candidates(_all_or_any("headline", tokens, every=every), [], workspace, limit)

    def headings(self, tokens: Sequence[str], *, workspace: str, limit: int = 5, every: bool = True) -> list[Candidate]:
        """Sections whose heading carries `every` one of `tokens`, or any, best first."""
        return self._candidates(_all_or_any("heading", tokens, every=every), [], workspace, limit)

    def document_frequency(self, token: str) -> int:
        """How many sections carry `token` in their text, their heading or the title above them."""
        return self._index.searcher().doc_freq("text", token)

    def _candidates(
        self, words: list[tuple[Occur, Query]], filters: list[Query], workspace: str, limit: int
    ) -> list[Candidate]:
        if not words or limit < 1:
            return []
        searcher = self._index.searcher()
        seen = [(Occur.Should, _term("workspace", name)) for name in {workspace, EVERYONE}]
        filters = [*filters, Query.boolean_query(seen)]
        silent = [(Occur.Must, Query.const_score_query(each, 0.0)) for each in filters]
        query = Query.boolean_query([(Occur.Must, Query.boolean_query(words)), *silent])
        with _explained():
            hits = searcher.search(query, limit, count=False).hits
            return [_candidate(searcher.doc(address), score) for score, address in hits]


def _tantivy(folder: Path) -> tantivy.Index:
    index = tantivy.Index(_SCHEMA, str(folder))
    index.register_tokenizer("words", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
    index.config_reader("manual")
    index.reload()
    return index


def _entries(article: Article, workspaces: Sequence[str], keywords: Keywords) -> Iterator[tantivy.Document]:
    """One entry per section; an article without any has one that carries its title."""
    texts = [[" ".join(sentences) for sentences in section.paragraphs] for section in article.sections] or [[]]
    defined = acronyms("\n".join([article.title, *(paragraph for text in texts for paragraph in text)]))
    local = keywords.with_acronyms(defined)
    title = local.of(article.title)
    for position, text in enumerate(texts):
        section = article.sections[position] if article.sections else None
        heading = local.of(section.heading) if section and section.heading else ()
        body = [token for paragraph in text for token in local.of(paragraph)]
        entry = tantivy.Document()
        entry.add_text("text", " ".join([*title * TITLE, *heading * HEADING, *body * BODY]))
        entry.add_text("heading", " ".join(heading))
        if position == 0:
            entry.add_text("headline", " ".join(title))  # Once per article: long ones must not make a word common.
        for workspace in workspaces:
            entry.add_text("workspace", workspace)
        entry.add_unsigned("article", article.id)
        entry.add_unsigned("arrived", _milliseconds(article.arrived))
        stored = Candidate(
            article=article.head,
            section=position,
            heading=section.heading if section else None,
            paragraphs=section.paragraphs if section else (),
            language=article.language,
            acronyms=defined,
        )
        entry.add_bytes("stored", msgspec.json.encode(stored))
        yield entry


def _candidate(entry: tantivy.Document, score: float) -> Candidate:
    return msgspec.structs.replace(_CANDIDATE.decode(entry["stored"][0]), score=score)


def _term(field: str, value: Any) -> Query:
    return Query.term_query(_SCHEMA, field, value, "freq")


def _all_or_any(field: str, tokens: Sequence[str], *, every: bool) -> list[tuple[Occur, Query]]:
    return [(Occur.Must if every else Occur.Should, _term(field, token)) for token in dict.fromkeys(tokens)]


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


@contextmanager
def _explained() -> Iterator[None]:
    """Turns what tantivy raises, and its panics, which are no Exceptions, into IndexUnavailable."""
    try:
        yield
    except IndexUnavailable:
        raise
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise IndexUnavailable(f"The search index cannot be used ({error}); run `sidelines reindex`.") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise IndexUnavailable("The search index is damaged; run `sidelines reindex`.") from error
