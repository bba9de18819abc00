"""Coming and going: what happens to subscriptions when the bot is let in or put out, and who is told."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from bot.commands.guide import greeting
from bot.connectors import Asker, terminal
from briefings.publish import TRIAL, resumption
from briefings.types import EVERYONE, Notice, Subscription

if TYPE_CHECKING:
    from bot.commands import Commands
    from bot.connectors import Connector
    from briefings.sources import Source
    from briefings.storage import Storage

log = logging.getLogger(__name__)

Level = Literal["info", "problem"]
NAMED = 10
"""Subscriptions that a notice names one by one."""
REMOVED = "Sidelines was removed; install it again."


def managers_of(connectors: Mapping[str, Connector], workspace: str, person: str | None) -> str | None:
    """The channel for notices to those who manage a workspace; None when its platform is not connected."""
    connector = connectors.get(workspace.partition(":")[0])
    return connector.managers(workspace, person) if connector else None


def place_of(connectors: Mapping[str, Connector], source: Source) -> tuple[str, str] | None:
    """The workspace and channel for notices about a source: to whoever added it, or else where that was.

    Of everyone's, a session in the terminal hears; None when nobody can be told.
    """
    if source.workspace == EVERYONE:
        workspace, channel = terminal.WORKSPACE, managers_of(connectors, terminal.WORKSPACE, None)
    else:
        workspace, channel = source.workspace, managers_of(connectors, source.workspace, source.added_by)
        if channel and source.added_by is None:
            channel = source.channel or channel
    return (workspace, channel) if channel else None


def forget_left(storage: Storage, before: datetime) -> None:
    """Delete all data of the workspaces that removed the bot before then, and have not let it in again."""
    for workspace in storage.workspaces.gone(before):
        storage.workspaces.forget(workspace)
        log.info("forgot a workspace", extra={"action": "forgotten", "workspace": workspace})


class Comings:
    """Stores what comes of each event, and queues the notices about it, in one transaction. Runs in threads."""

    def __init__(self, commands: Commands, storage: Storage, connectors: Mapping[str, Connector]) -> None:
        self._commands = commands
        self._storage = storage
        self._connectors = connectors

    def joined(self, workspace: str, channel: str, person: str | None, now: datetime) -> None:
        """Say once what can be done there, and go on with what was stopped."""
        asker = Asker(workspace=workspace, channel=channel, person=person or "", may_manage=False)
        words = greeting(self._commands.context(asker, now))
        with self._storage.writing():
            self.regained(workspace, channel, now)
            if self._storage.first_time(f"greeting {channel}"):
                self._storage.outbox.add_notice(workspace, channel, words, now)
        log.info("joined", extra={"action": "joined", "workspace": workspace, "channel": channel})

    def lost(self, workspace: str, channel: str | None, reason: str, now: datetime) -> None:
        """Stop what cannot be served. Nobody is told through a platform that takes nothing any more.

        What is sent to a closed channel now and then tells when it is open again; a workspace tells so itself.
        """
        trial = now + TRIAL if channel is not None else None
        with self._storage.writing():
            stopped = self._storage.subscriptions.block_all(workspace, channel, reason, trial=trial)
            if channel is not None:
                sentence = f"Briefings on {{which}} are stopped: {reason.rstrip('.')}. They go on when that is done."
                self._tell(workspace, stopped, now, sentence, "problem")
        where = {"action": "lost", "workspace": workspace, "channel": channel}
        level = logging.WARNING if stopped else logging.INFO
        log.log(level, "%s", reason, extra={**where, "subscriptions": len(stopped)})

    def regained(self, workspace: str, channel: str | None, now: datetime) -> None:
        """Let what was stopped go on; without a channel only what nothing else would set going.

        A platform may tell of a whole workspace at every start: channels that are still closed wait for their trial.
        """
        with self._storage.writing():
            self._storage.workspaces.joined(workspace, now)
            stopped = self._storage.subscriptions.regain(workspace, channel)
            resumed = [it for it in stopped if channel or it.next_due is None]
            for it in resumed:
                asker = Asker(workspace=workspace, channel=it.channel, person="", may_manage=False)
                preferences = self._commands.context(asker, now).preferences()
                self._storage.subscriptions.resume(it.id, workspace, resumption(it.schedule, preferences, now))
            self._tell(workspace, resumed, now, "Briefings on {which} go on, with the news since they stopped.", "info")
        log.info("regained", extra={"action": "regained", "workspace": workspace, "subscriptions": len(resumed)})

    def left(self, workspace: str, now: datetime) -> None:
        """Stop everything; the data are kept for a while."""
        with self._storage.writing():
            self._storage.subscriptions.block_all(workspace, None, REMOVED)
            self._storage.workspaces.left(workspace, now)
        log.info("left", extra={"action": "left", "workspace": workspace})

    def _tell(
        self, workspace: str, subscriptions: Sequence[Subscription], now: datetime, sentence: str, level: Level
    ) -> None:
        """One notice to everybody who set one of them up, about all of theirs; `sentence` has "{which}" in it."""
        theirs: dict[str, list[str]] = {}
        for it in subscriptions:
            if place := managers_of(self._connectors, workspace, it.created_by):
                which = f"{it.topic} in {it.channel.removeprefix(f'{workspace}:')}"
                theirs.setdefault(place, []).append(which)
        for place, named in theirs.items():
            which = ", ".join(dict.fromkeys(named[:NAMED])) + (
                f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
            )
            self._storage.outbox.add_notice(workspace, place, Notice(sentence.replace("{which}", which), level), now)
