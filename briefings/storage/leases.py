"""What several processes divide among themselves: leases of names, and shares of what there is a number of.

Both end by themselves unless they are taken again in time, so that a dead process is replaced. They are timed by the
database's clock, since those of machines differ. Whoever holds something times it too, by a clock that nobody sets and
from before it asked: so it knows that it may hold it no more, whatever kept it from asking again.
"""

from collections.abc import Collection, Mapping
from datetime import timedelta

from sqlalchemy import bindparam, delete, select, update

from briefings.storage.engine import Database
from briefings.storage.tables import leases, shares

_MILLISECOND = timedelta(milliseconds=1)


class Leases:
    """The stored leases and shares."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # Leases: one holds it --------------------------------------------------------------------------------------

    def take(self, names: Collection[str], holder: str, lease: timedelta) -> set[str]:
        """Hold those of some names that are free, or held by `holder` already, for a time from now on; gives them."""
        if not names:
            return set()
        clock = self._database.clock
        rows = [{"name": name, "holder": holder} for name in sorted(set(names))]
        statement = self._database.insert(leases).values(until=clock + lease // _MILLISECOND)
        new = statement.excluded
        statement = statement.on_conflict_do_update(
            index_elements=[leases.c.name],
            set_={"holder": new.holder, "until": new.until},
            where=(leases.c.holder == new.holder) | (leases.c.until <= clock),
        )
        with self._database.writing() as connection:
            return set(connection.execute(statement.returning(leases.c.name), rows).scalars())

    def leave(self, holder: str, after: timedelta = timedelta(0), *names: str) -> None:
        """Let go of all that a holder has, or of some names: others may have it `after` that time."""
        until = self._database.clock + after // _MILLISECOND
        its = leases.c.name.in_(names) if names else leases.c.holder == holder
        held = leases.c.holder == holder, leases.c.until > until
        release = update(leases).where(leases.c.name == bindparam("its"), *held).values(until=until)
        with self._database.writing() as connection:
            found = connection.execute(select(leases.c.name).where(its, *held)).scalars().all()
            if found:  # One after the other as in `take`: databases sort as their language does, and would cross it.
                connection.execute(release, [{"its": name} for name in sorted(found)])

    def holders(self) -> dict[str, str]:
        """Who holds what at present."""
        with self._database.reading() as connection:
            held = select(leases.c.name, leases.c.holder).where(leases.c.until > self._database.clock)
            return {row.name: row.holder for row in connection.execute(held)}

    def forget(self) -> None:
        """Delete what nobody holds any more."""
        over = select(leases.c.name).where(leases.c.until <= self._database.clock)
        over = over.with_for_update(skip_locked=True)  # Who waits for nobody is in no deadlock with those who take.
        with self._database.writing() as connection:
            found = connection.execute(over).scalars().all()
            connection.execute(delete(leases).where(leases.c.name.in_(found)))

    # Shares: each holds some of a number -----------------------------------------------------------------------

    def share(self, name: str, holder: str, *, total: int, wanted: int, using: int, lease: timedelta) -> int:
        """How many of `total` a process may use until it asks again, or its lease ends; `wanted` is what it could use.

        What it is still `using`, though its share grew smaller, stays its own until it says otherwise: never do all
        together hold more than there is.
        """
        clock = self._database.clock
        with self._database.writing() as connection:
            self._database.hold(f"share {name}")
            connection.execute(delete(shares).where(shares.c.name == name, shares.c.until <= clock))
            of_others = select(shares.c.holder, shares.c.wanted, shares.c.held).where(
                shares.c.name == name, shares.c.holder != holder
            )
            others = connection.execute(of_others).all()
            free: int = total - sum(other.held for other in others)
            due = fair({holder: wanted, **{other.holder: other.wanted for other in others}}, total)[holder]
            may = min(due, free)
            values = {
                "wanted": wanted,
                "held": min(max(may, using), free),
                "until": clock + lease // _MILLISECOND,
            }
            statement = self._database.insert(shares).values(name=name, holder=holder, **values)
            connection.execute(
                statement.on_conflict_do_update(index_elements=[shares.c.name, shares.c.holder], set_=values)
            )
            return may

    def give_back(self, name: str, holder: str) -> None:
        """A process uses nothing of it for now."""
        with self._database.writing() as connection:
            connection.execute(delete(shares).where(shares.c.name == name, shares.c.holder == holder))


def fair(wanted: Mapping[str, int], total: int) -> dict[str, int]:
    """Whole parts of `total`: those who want little get it, and the others the same of the rest, but for one."""
    parts, left = {}, total
    for number, holder in enumerate(sorted(wanted, key=lambda each: (wanted[each], each))):
        parts[holder] = min(wanted[holder], left // (len(wanted) - number))
        left -= parts[holder]
    return parts
