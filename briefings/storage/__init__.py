"""All state in one database: what is stored, and the transactions in which it changes.

Importing this costs nothing; opening a storage loads SQLAlchemy. `peek` answers one question without it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from briefings.errors import StorageError
from briefings.storage.migrations import NEWEST

if TYPE_CHECKING:
    from types import TracebackType

    from sqlalchemy import Connection

    from briefings.storage.articles import Articles
    from briefings.storage.audits import Audits
    from briefings.storage.claims import Claims
    from briefings.storage.engine import Database
    from briefings.storage.feeds import Feeds
    from briefings.storage.figures import Figures
    from briefings.storage.followups import Followups
    from briefings.storage.leases import Leases
    from briefings.storage.outbox import Outbox
    from briefings.storage.processes import Processes
    from briefings.storage.settled import Preferences, Topics
    from briefings.storage.sources import Sources
    from briefings.storage.subscriptions import Subscriptions
    from briefings.storage.turns import Turns
    from briefings.storage.workspaces import Workspaces

T = TypeVar("T")


class Storage:
    """One open database and its stores. Every method is synchronous and safe in threads; close it after use."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @classmethod
    def open(cls, url: str, *, migrate: bool = True) -> Storage:
        """The storage at `url`: `sqlite:///` and a path, or `sqlite://` for one in memory, made if it is missing.

        Raises StorageError when it cannot be used (DatabaseTooNew, DatabaseCorrupt: nothing was changed), or when its
        schema is old and `migrate` is False.
        """
        from briefings.storage.engine import Database

        with ExitStack() as unless_opened:
            database = Database(url)
            unless_opened.callback(database.close)
            if migrate:
                database.migrate()
            elif database.revision() != NEWEST:
                raise StorageError(f"{database.name} is of an older version; run `sidelines migrate` first.")
            unless_opened.pop_all()
        return cls(database)

    def close(self) -> None:
        """Close all connections."""
        self.database.close()

    def __enter__(self) -> Storage:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def writing(self) -> AbstractContextManager[Connection]:
        """One transaction around several writes, of any stores; see `Database.writing`."""
        return self.database.writing()

    def reading(self) -> AbstractContextManager[Connection]:
        """One state of the database for several reads; see `Database.reading`."""
        return self.database.reading()

    def repeated(self, work: Callable[[], T]) -> T:
        """What `work` gives, once more if it had to give way to another process; see `Database.repeated`."""
        return self.database.repeated(work)

    def hold(self, what: str) -> None:
        """Within `writing`: let nobody else hold `what` until the transaction ends; see `Database.hold`."""
        self.database.hold(what)

    def first_time(self, what: str) -> bool:
        """Whether this is asked for the first time in this database; `what` is remembered with the transaction."""
        from briefings.storage.tables import counters

        statement = self.database.insert(counters).values(name=what, value=1).on_conflict_do_nothing()
        with self.writing() as connection:
            return connection.execute(statement).rowcount == 1

    @cached_property
    def articles(self) -> Articles:
        """What was read, and who may see it."""
        from briefings.storage.articles import Articles

        return Articles(self.database)

    @cached_property
    def feeds(self) -> Feeds:
        """What is fetched, and what it listed."""
        from briefings.storage.feeds import Feeds

        return Feeds(self.database)

    @cached_property
    def sources(self) -> Sources:
        """Which workspace reads which feed."""
        from briefings.storage.sources import Sources

        return Sources(self.database)

    @cached_property
    def subscriptions(self) -> Subscriptions:
        """Which channel gets which topic when."""
        from briefings.storage.subscriptions import Subscriptions

        return Subscriptions(self.database)

    @cached_property
    def turns(self) -> Turns:
        """Subscriptions that are due."""
        from briefings.storage.turns import Turns

        return Turns(self.database)

    @cached_property
    def outbox(self) -> Outbox:
        """Deliveries, finished or not."""
        from briefings.storage.outbox import Outbox

        return Outbox(self.database)

    @cached_property
    def followups(self) -> Followups:
        """Deliveries about what a channel was told before."""
        from briefings.storage.followups import Followups

        return Followups(self.database)

    @cached_property
    def topics(self) -> Topics:
        """Named queries of workspaces."""
        from briefings.storage.settled import Topics

        return Topics(self.database)

    @cached_property
    def preferences(self) -> Preferences:
        """How workspaces and channels want their briefings."""
        from briefings.storage.settled import Preferences

        return Preferences(self.database)

    @cached_property
    def audits(self) -> Audits:
        """What became of slots, and what audits found."""
        from briefings.storage.audits import Audits

        return Audits(self.database)

    @cached_property
    def figures(self) -> Figures:
        """How things stand."""
        from briefings.storage.figures import Figures

        return Figures(self.database)

    @cached_property
    def processes(self) -> Processes:
        """What runs on this database."""
        from briefings.storage.processes import Processes

        return Processes(self.database)

    @cached_property
    def leases(self) -> Leases:
        """What several processes divide among themselves."""
        from briefings.storage.leases import Leases

        return Leases(self.database)

    @cached_property
    def claims(self) -> Claims:
        """Events worked on once."""
        from briefings.storage.claims import Claims

        return Claims(self.database)

    @cached_property
    def workspaces(self) -> Workspaces:
        """Workspaces that the bot was let into, and those it was removed from."""
        from briefings.storage.workspaces import Workspaces

        return Workspaces(self.database, self.articles, self.feeds)
