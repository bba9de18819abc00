from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from briefings.errors import AlreadyThere, NotFound
from briefings.sources import Seen, Source
from briefings.storage import Storage
from briefings.types import EVERYONE

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HARBOUR, ORCHARD = "https://harbour.example/feed", "https://orchard.example/feed"
ENTRY = "https://harbour.example/1"


def add(storage: Storage, workspace: str = "ours", url: str = HARBOUR, name: str = "Harbour") -> Source:
    return storage.sources.add(workspace=workspace, url=url, name=name, now=NOW)


def test_a_source_is_kept_as_it_was_added_and_its_feed_is_due(storage: Storage) -> None:
    source = storage.sources.add(
        workspace="ours", url=HARBOUR, name="Harbour", now=NOW, added_by="U1", channel="ours:#port"
    )
    assert (source.workspace, source.name, source.paused, source.added) == ("ours", "Harbour", False, NOW)
    assert (source.added_by, source.channel, source.first_read, source.held) == ("U1", "ours:#port", None, 0)
    assert (source.feed.url, source.feed.health, source.feed.next_fetch) == (HARBOUR, "healthy", NOW)
    assert storage.sources.list("ours") == [source]
    assert storage.sources.get(source.id, "ours") == source


def test_workspaces_know_nothing_of_each_others_sources(storage: Storage) -> None:
    ours = add(storage)
    theirs = add(storage, "theirs", name="Port")
    assert storage.sources.list("ours") == [ours]
    assert storage.sources.list("theirs") == [theirs]
    for change in (
        lambda: storage.sources.get(ours.id, "theirs"),
        lambda: storage.sources.rename(ours.id, "theirs", "Mine"),
        lambda: storage.sources.pause(ours.id, "theirs"),
        lambda: storage.sources.resume(ours.id, "theirs", NOW),
        lambda: storage.sources.remove(ours.id, "theirs"),
    ):
        with pytest.raises(NotFound, match=f"no source {ours.id} here"):
            change()
    assert storage.sources.list_all() == [ours, theirs]


def test_a_feed_is_a_source_once(storage: Storage) -> None:
    source = add(storage)
    with pytest.raises(AlreadyThere, match=f"number {source.id}, Harbour"):
        add(storage, name="Again")
    assert [source.name for source in storage.sources.list_all()] == ["Harbour"]


def test_what_is_everyones_is_seen_by_all_and_changed_by_none(storage: Storage) -> None:
    common = add(storage, EVERYONE)
    assert storage.sources.list("ours") == storage.sources.list(EVERYONE) == [common]
    assert storage.sources.get(common.id, "ours") == common
    with pytest.raises(AlreadyThere):
        add(storage)
    for change in (
        lambda: storage.sources.rename(common.id, "ours", "Mine"),
        lambda: storage.sources.pause(common.id, "ours"),
        lambda: storage.sources.resume(common.id, "ours", NOW),
        lambda: storage.sources.remove(common.id, "ours"),
    ):
        with pytest.raises(NotFound, match="put in for everyone"):
            change()
    assert storage.sources.pause(common.id, EVERYONE).paused
    own = add(storage, url=ORCHARD, name="Orchard")
    assert [source.id for source in storage.sources.list("ours")] == [own.id, common.id]
    assert storage.sources.list(EVERYONE) == [replace(common, paused=True)]


def test_everyone_may_get_what_a_workspace_has(storage: Storage) -> None:
    ours, common = add(storage), add(storage, EVERYONE)
    assert [source.id for source in storage.sources.of_feed(ours.feed.id)] == [ours.id, common.id]


def test_a_source_is_renamed_paused_resumed_and_removed(storage: Storage) -> None:
    source = add(storage)
    kept = add(storage, url=ORCHARD, name="Orchard")
    assert storage.sources.rename(source.id, "ours", "Port").name == "Port"
    assert storage.sources.pause(source.id, "ours").paused
    assert storage.sources.of_feed(source.feed.id) == []
    assert not storage.sources.resume(source.id, "ours", NOW).paused
    assert storage.sources.remove(source.id, "ours").name == "Port"
    assert storage.sources.list("ours") == [kept]
    with pytest.raises(NotFound):
        storage.sources.remove(source.id, "ours")


def test_the_number_of_a_removed_source_is_never_another(storage: Storage) -> None:
    first = add(storage)
    storage.sources.remove(first.id, "ours")
    assert add(storage, url=ORCHARD).id > first.id


def test_a_source_begins_once_and_anew_after_a_pause(storage: Storage) -> None:
    source, other = add(storage), add(storage, "theirs")
    storage.sources.begin([source.id], NOW)
    storage.sources.begin([source.id], NOW + MINUTE)
    assert storage.sources.get(source.id, "ours").first_read == NOW
    assert storage.sources.get(other.id, "theirs").first_read is None
    assert storage.sources.resume(source.id, "ours", NOW + MINUTE).first_read == NOW
    assert storage.sources.get(source.id, "ours").feed.next_fetch == NOW
    storage.sources.pause(source.id, "ours")
    resumed = storage.sources.resume(source.id, "ours", NOW + MINUTE)
    assert (resumed.first_read, resumed.feed.next_fetch) == (None, NOW + MINUTE)


def test_where_an_address_was_listed_is_told_of_ones_own_sources_only(storage: Storage) -> None:
    ours, theirs = add(storage), add(storage, "theirs", ORCHARD)
    common = add(storage, EVERYONE, "https://common.example/feed")
    for number, source in enumerate((ours, theirs, common)):
        for url in (ENTRY, f"{ENTRY}?{number}"):
            seen = Seen(
                id=0,
                feed=source.feed.id,
                title=f"In {source.workspace}",
                guid=None,
                url=url,
                digest=url,
                first_seen=NOW,
                last_seen=NOW,
                state="stored",
            )
            storage.feeds.remember([seen])
    found = storage.sources.listed("ours", ENTRY)
    assert [(source, seen.title, seen.url) for source, seen in found] == [
        (ours, "In ours", ENTRY),
        (common, "In *", ENTRY),
    ]
    assert storage.sources.listed("ours", "https://harbour.example/2") == []
