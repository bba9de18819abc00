"""Lanes: where deliveries of several processes would get into each other's way, one process sends at a time.

A lane is a channel or, on platforms that bound what a whole workspace gets in a second, a workspace. Who claims a
delivery holds its lane as a lease; so order and pace are those of one process, which needs to ask nobody about them.
"""

from collections.abc import Sequence
from datetime import timedelta

from msgspec import Struct
from sqlalchemy import ColumnElement, Select, case, false, or_, select

from briefings.storage.engine import Database
from briefings.storage.tables import deliveries, leases

_MARK = "lane "
"""What the names of such leases begin with."""


class Lanes(Struct, frozen=True):
    """How the outbox is divided: on the platforms in `whole` a workspace is one lane; a lease lasts for `lease`."""

    whole: tuple[str, ...]
    lease: timedelta

    def of(self, workspace: str, channel: str) -> str:
        """The name of the lease that a delivery to a channel needs."""
        return self.named(workspace if workspace.partition(":")[0] in self.whole else channel)

    def named(self, place: str) -> str:
        """The name of the lease of a channel or workspace."""
        return _MARK + place

    @property
    def name(self) -> ColumnElement[str]:
        """The same of stored deliveries."""
        return _MARK + case((on(self.whole), deliveries.c.workspace), else_=deliveries.c.channel)

    def open(self, holder: str, database: Database) -> ColumnElement[bool]:
        """Whether no other process holds the lane of a stored delivery."""
        held: Select[tuple[str]] = select(leases.c.name).where(
            leases.c.name == self.name, leases.c.holder != holder, leases.c.until > database.clock
        )
        return ~held.exists()


def on(platforms: Sequence[str]) -> ColumnElement[bool]:
    """Whether a stored delivery is for one of some platforms, which workspaces begin with, up to the first ":"."""
    named = deliveries.c.workspace
    return or_(false(), *(or_(named == p, named.startswith(f"{p}:", autoescape=True)) for p in platforms))
