"""The error tree of the core.

Every error that a person may see is one sentence that names the next step; callers choose by class.
"""

from datetime import timedelta


class SidelinesError(Exception):
    """Whatever Sidelines refuses or fails at. Its text is one sentence, fit for a person."""


class UnreadableDocument(SidelinesError):
    """Bytes that are no article: empty, binary, too large, in no known encoding, or without any prose."""


class QueryError(SidelinesError):
    """A topic query that does not parse. `position` counts characters from 0 in `query`."""

    def __init__(self, message: str, query: str, position: int) -> None:
        super().__init__(message)
        self.query = query
        self.position = position


class ScheduleError(SidelinesError):
    """A WHEN that was not understood; `word` is the first word that was not, `examples` are three that would be."""

    def __init__(self, message: str, word: str, examples: tuple[str, ...]) -> None:
        super().__init__(message)
        self.word = word
        self.examples = examples


class StorageError(SidelinesError):
    """The database cannot be used: unreadable, corrupt, full, locked, or of another version."""


class StorageBusy(StorageError):
    """A transaction gave way to another one and was undone whole; the same once more will most likely do."""


class DatabaseTooNew(StorageError):
    """The data was written by a newer Sidelines; it is left untouched."""


class DatabaseCorrupt(StorageError):
    """The database file is damaged; it is named and left untouched."""


class IndexUnavailable(SidelinesError):
    """The search index cannot be opened or written; it is derived and may be rebuilt."""


class ModelUnavailable(SidelinesError):
    """The optional model of meaning cannot be opened: not there, damaged, or its packages are not installed."""


class NotFound(SidelinesError):
    """Something named by a person does not exist in their workspace."""


class AlreadyThere(SidelinesError):
    """Something that a person wants to add exists already in their workspace."""


class FetchError(SidelinesError):
    """A web address that may not be asked, does not answer, or has nothing that could be read.

    `status` is the answer's, None when there was no answer; `retry_after` is how long the server asks to be left alone.
    """

    def __init__(self, message: str, *, status: int | None = None, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class UnreadableFeed(SidelinesError):
    """Bytes that are no feed: empty, binary, too large, a page, or without anything that could be an entry."""
