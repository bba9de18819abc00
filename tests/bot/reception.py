"""A front desk in two workspaces of a platform that does as it is told, with its clock in hand."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.app import open_keywords
from bot.app.comings import managers_of
from bot.app.desk import FrontDesk
from bot.commands import Commands
from bot.connectors import Asker, Draft
from briefings.index import Index
from briefings.storage import Storage
from briefings.types import Document, Key, Notice, Preferences, Section

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HERE = "scripted:T1:#C1"
THERE = "scripted:T1:#C2"
ADMIN = Asker(workspace="scripted:T1", channel=HERE, person="U1", may_manage=True, zone="Asia/Seoul")
READER = Asker(workspace="scripted:T1", channel=HERE, person="U2", may_manage=False, managers="admins")
CREATOR = Asker(workspace="scripted:T1", channel=HERE, person="U3", may_manage=True, only_here=True, managers="admins")
STRANGER = Asker(workspace="scripted:T2", channel="scripted:T2:#C9", person="U9", may_manage=True)
FORM = Draft(topic="heron", when="daily at 9", zone="Europe/Berlin", channel=HERE, style="brief")


class World:
    """A desk over one database, with its clock in hand."""

    def __init__(self, storage, index, keywords, scripted):
        self.storage = storage
        self.now = NOW
        self.woken = 0
        connectors = {"scripted": scripted}
        commands = Commands(
            storage,
            index,
            keywords,
            Preferences(),
            managers=lambda workspace, person: managers_of(connectors, workspace, person),
        )
        self.desk = FrontDesk(commands, storage, connectors, wake=self.wake, now=lambda: self.now)

    def wake(self):
        self.woken += 1

    def subscriptions(self, workspace="scripted:T1"):
        return self.storage.subscriptions.list(workspace)

    def queued(self, workspace="scripted:T1"):
        """What waits in the outbox: channel and text, oldest first."""
        return [(each.channel, each.content.text) for each in reversed(self.storage.outbox.history(workspace))]


def article(storage, workspace, title, text):
    document = Document(title=title, url=f"https://example.org/{title[-1]}", sections=(Section(None, ((text,),)),))
    return storage.articles.add(document, keys=[Key("guid", title)], workspace=workspace, now=NOW - timedelta(hours=1))


def furnish(storage: Storage, folder: Path, scripted: object) -> World:
    """A world with an article in each of two workspaces."""
    keywords = open_keywords()
    article(storage, "scripted:T1", "Heron count at Lake A", "Heron nests now fill every willow on the southern shore.")
    article(storage, "scripted:T2", "Vault of the bank opened B", "Inside the vault were ledgers and a heron feather.")
    index = Index.open(folder / "index", keywords)
    index.catch_up(storage.articles)
    return World(storage, index, keywords, scripted)


def text_of(reply):
    return "\n".join(content.text for content in reply.contents if isinstance(content, Notice))
