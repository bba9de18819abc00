from datetime import UTC, datetime, timedelta

import pytest
from slack_sdk.oauth.state_store.sqlalchemy import SQLAlchemyOAuthStateStore

from briefings.errors import NotFound
from briefings.storage.upkeep import KEPT, tidy
from briefings.types import Notice

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LATER = NOW + KEPT + timedelta(seconds=1)


def posted(storage, text, stories=(), *, finish="delivered"):
    id = storage.outbox.add_post("w", "w:#x", Notice(text), NOW, stories)
    storage.outbox.claim("me", NOW, timedelta(minutes=1), 10)
    if finish == "delivered":
        assert storage.outbox.delivered(id, "me", NOW)
    if finish == "failed":
        assert storage.outbox.failed(id, "me", NOW, "no")
    return id


def test_old_deliveries_that_told_no_story_go(storage):
    old = posted(storage, "old")
    assert tidy(storage, LATER) == 1
    with pytest.raises(NotFound):
        storage.outbox.get(old, "w")


def test_all_else_stays(storage):
    told = posted(storage, "a story", [1])
    failed = posted(storage, "failed", finish="failed")
    waiting = posted(storage, "waiting", finish="")
    assert tidy(storage, LATER) == 0
    for id, text in ((told, "a story"), (failed, "failed"), (waiting, "waiting")):
        assert storage.outbox.get(id, "w").content == Notice(text)


def test_installations_that_nobody_finished_go(storage):
    states = SQLAlchemyOAuthStateStore(600, storage.database.engine)
    begun, left = states.issue(), states.issue()
    now = datetime.now(UTC)
    tidy(storage, now + timedelta(seconds=500))
    assert states.consume(begun)
    tidy(storage, now + timedelta(seconds=700))
    assert not states.consume(left)


def test_nothing_goes_before_its_time(storage):
    posted(storage, "young")
    assert tidy(storage, NOW + KEPT) == 0


def test_a_content_still_needed_by_another_delivery_stays(storage):
    posted(storage, "the same")
    kept = storage.outbox.add_post("w", "w:#y", Notice("the same"), LATER, ())
    assert tidy(storage, LATER) == 1
    assert storage.outbox.get(kept, "w").content == Notice("the same")
