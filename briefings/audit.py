"""AUDIT: once a day, what became of every slot that the calendar says was due.

The slots are computed anew from the schedules, not read from what publishing wrote. Each is delivered, failed, unknown
or pending by its delivery; empty, as there was nothing to tell; held until quiet hours end; or missed, and served
together with a later one, as after downtime. What is none of these is lost, and the operator is told once.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from briefings.slots import next_slot
from briefings.types import Notice, Schedule, Slot

if TYPE_CHECKING:
    from briefings.storage import Storage
    from briefings.storage.audits import Account, Served

log = logging.getLogger(__name__)

EVERY = timedelta(days=1)
REACH = timedelta(days=2)
"""How far an audit looks back: what was held or on its way at one is looked at again by the next."""
HELD = timedelta(hours=25)
"""Longest time to come until a held slot is served: the quiet hours of a day, with one for the end of summer time."""
BATCH = 5_000
"""Subscriptions read at a time."""
NAMED = 100
"""Lost slots that a report names; all of them are counted."""
TOLD = 5
"""Lost slots that the notice names."""


OUTCOMES = ("delivered", "empty", "held", "failed", "unknown", "pending", "missed", "lost")


class Balance(Struct, kw_only=True):
    """Slots due, each counted once more by what became of it."""

    due: int = 0
    delivered: int = 0
    empty: int = 0
    held: int = 0
    failed: int = 0
    unknown: int = 0
    pending: int = 0
    missed: int = 0
    lost: int = 0

    def count(self, outcome: str) -> None:
        """One more slot, and what became of it: one of `OUTCOMES`."""
        self.due += 1
        setattr(self, outcome, getattr(self, outcome) + 1)


class Lost(Struct, frozen=True):
    """A slot of which there is no trace, or none that holds."""

    workspace: str
    channel: str
    subscription: int
    slot: str


class Audit(Struct, frozen=True, kw_only=True):
    """What an audit found of the slots after `since`, up to `at`. `fresh` is how many the last one did not name."""

    at: datetime
    since: datetime
    subscriptions: int
    balance: Balance
    lost: tuple[Lost, ...] = ()
    fresh: int = 0


def outcomes(account: Account, slots: Sequence[Slot], now: datetime) -> Iterator[str]:
    """What became of each of `slots`, which were due by `now`: one of `OUTCOMES`."""
    exact: dict[str, Served] = {}
    for served in account.served:
        if served.state != "empty" or served.slot not in exact:
            exact[served.slot] = served
    wide = [served for served in account.served if served.first < served.slot]
    for slot in slots:
        if account.next_slot and slot.key >= account.next_slot:
            yield _waiting(account.next_due, now)
        elif slot.key in exact:
            yield exact[slot.key].state if exact[slot.key].sound else "lost"
        else:
            yield "missed" if any(served.first <= slot.key < served.slot for served in wide) else "lost"


def _waiting(due: datetime | None, now: datetime) -> str:
    if due is None or due > now + HELD:
        return "lost"
    return "held" if due > now else "pending"


def audit(storage: Storage, now: datetime) -> Audit:
    """Look at the slots of the last two days of all subscriptions that are active. Writes nothing."""
    since = now - REACH
    oldest = (since - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")  # No zone's clock is further behind.
    calendar: dict[Schedule, Sequence[Slot]] = {}
    balance, lost, after, count = Balance(), list[Lost](), 0, 0
    while accounts := storage.audits.accounts(after, BATCH, oldest):
        after, count = accounts[-1].subscription, count + len(accounts)
        for account in accounts:
            its = msgspec.structs.replace(account.schedule, words="")
            if its not in calendar:
                calendar[its] = _slots(its, since, now)
            slots = calendar[its]
            slots = slots[bisect_left(slots, account.first_slot, key=_key) :]
            for slot, result in zip(slots, outcomes(account, slots, now), strict=True):
                balance.count(result)
                if result == "lost" and len(lost) < NAMED:
                    lost.append(Lost(account.workspace, account.channel, account.subscription, slot.key))
    return Audit(at=now, since=since, subscriptions=count, balance=balance, lost=tuple(lost))


def daily(storage: Storage, now: datetime, place: Callable[[], tuple[str, str] | None]) -> Audit | None:
    """Audit, unless that was done within the day, and tell the operator once of what is newly lost: log and notice.

    `place` gives the workspace and channel for notices to the operator, None when there is none. Gives the audit that
    was made.
    """
    if storage.audits.made_after(now - EVERY):
        return None
    before = last(storage)
    found = audit(storage, now)
    known = set(before.lost) if before else set()
    hidden = found.balance.lost - len(found.lost)
    found = msgspec.structs.replace(found, fresh=hidden + sum(each not in known for each in found.lost))
    with storage.writing():
        if not storage.audits.store(msgspec.json.encode(found).decode(), now):
            return None
        if found.fresh and (told := place()):
            storage.outbox.add_notice(*told, notice(found), now)
    counts: Mapping[str, int] = msgspec.structs.asdict(found.balance)
    if found.fresh:
        log.error("slots were lost", extra={"action": "audit_failed", "fresh": found.fresh, **counts})
    else:
        log.info("audited", extra={"action": "audited", **counts})
    return found


def last(storage: Storage) -> Audit | None:
    """The audit made last; None before the first."""
    report = storage.audits.latest()
    return msgspec.json.decode(report, type=Audit) if report else None


def notice(found: Audit) -> Notice:
    """What to tell the operator about lost slots."""
    named = [f"number {each.subscription} in {each.channel} at {each.slot}" for each in found.lost[:TOLD]]
    more = found.balance.lost - len(named)
    return Notice(
        f"The daily audit found {found.balance.lost} of {found.balance.due} slots without a trace of what became of "
        f"them: {', '.join(named)}{f', and {more} more' if more > 0 else ''}. Nothing is posted again by itself; "
        "`sidelines status` shows the audit, and a briefing can be had with `post NUMBER`.",
        "problem",
    )


def _slots(schedule: Schedule, since: datetime, until: datetime) -> list[Slot]:
    """The slots later than `since`, up to `until`."""
    slots: list[Slot] = []
    while (slot := next_slot(schedule, slots[-1].at if slots else since)) and slot.at <= until:
        slots.append(slot)
    return slots


def _key(slot: Slot) -> str:
    return slot.key
