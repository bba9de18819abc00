from datetime import UTC, datetime, timedelta

import pytest

from briefings.errors import NotFound
from briefings.storage import Storage
from briefings.types import EVERYONE, Document, Key, Notice, Preferences, Schedule, Section, Slot

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
OURS, THEIRS = "slack:T1", "slack:T10"
"""One name begins like the other, so that deleting by the beginning of a name would be seen."""
COMMON = "https://common.example/feed"


def fill(storage: Storage, workspace: str) -> tuple[int, int, int]:
    """One of everything in a workspace; gives its article, subscription and delivery."""
    channel = f"{workspace}:#C1"
    document = Document(title=f"News of {workspace}", sections=(Section(None, (("It came.",),)),))
    article = storage.articles.add(document, keys=[Key("guid", "1")], workspace=workspace, now=NOW)
    subscription = storage.subscriptions.create(
        workspace=workspace,
        channel=channel,
        topic="news",
        query="news",
        schedule=Schedule("daily at 9", ("0 9 * * *",), "UTC"),
        since=NOW,
        next_slot=Slot("2026-11-24T09:00", NOW + DAY),
        now=NOW,
    )
    delivery = storage.outbox.add_post(workspace, channel, Notice(f"For {workspace}."), NOW, [article])
    storage.topics.add(workspace, "Ports", "harbour")
    storage.preferences.set(workspace, "trusted", ("U1",))
    storage.first_time(f"greeting in {channel}")
    for url in (COMMON, f"https://{workspace.replace(':', '-')}.example/feed"):
        storage.sources.add(workspace=workspace, url=url, name="News", now=NOW)
    storage.workspaces.joined(workspace, NOW)
    return article, subscription.id, delivery


def test_forgetting_a_workspace_leaves_the_others_untouched(storage: Storage) -> None:
    mine, theirs = fill(storage, OURS), fill(storage, THEIRS)
    before = storage.articles.last_change()
    storage.workspaces.forget(OURS)
    assert storage.articles.get(mine[0], OURS) is None
    assert [(each.id, each.article) for each in storage.articles.changes(before)] == [(mine[0], None)]
    assert storage.subscriptions.list(OURS) == storage.outbox.history(OURS) == storage.topics.list(OURS) == []
    assert storage.preferences.merged(OURS, f"{OURS}:#C1", Preferences()) == Preferences()
    assert storage.outbox.had(f"{OURS}:#C1") == set()
    assert storage.first_time(f"greeting in {OURS}:#C1")
    assert storage.sources.list(OURS) == []
    assert storage.feeds.by_url("https://slack-T1.example/feed") is None
    with pytest.raises(NotFound):
        storage.outbox.get(mine[2], OURS)

    article, subscription, delivery = theirs
    assert storage.articles.get(article, THEIRS) is not None
    assert storage.subscriptions.get(subscription, THEIRS).next_due == NOW + DAY
    assert storage.outbox.get(delivery, THEIRS).content == Notice(f"For {THEIRS}.")
    assert storage.outbox.had(f"{THEIRS}:#C1") == {article}
    assert [topic.name for topic in storage.topics.list(THEIRS)] == ["Ports"]
    assert storage.preferences.merged(THEIRS, f"{THEIRS}:#C1", Preferences()).trusted == ("U1",)
    assert not storage.first_time(f"greeting in {THEIRS}:#C1")
    urls = [source.feed.url for source in storage.sources.list(THEIRS)]
    assert urls == [COMMON, "https://slack-T10.example/feed"]


def test_reports_that_name_a_forgotten_workspace_go_with_it(storage: Storage) -> None:
    for day, workspace in enumerate((OURS, THEIRS)):
        fill(storage, workspace)
        storage.audits.store(f'{{"lost":[{{"workspace":"{workspace}"}}]}}', NOW + day * DAY)
    storage.workspaces.forget(THEIRS)
    assert OURS in str(storage.audits.latest())
    storage.workspaces.forget(OURS)
    assert storage.audits.latest() is None


def test_an_article_that_others_see_stays_for_them(storage: Storage) -> None:
    shared, public = fill(storage, OURS)[0], fill(storage, EVERYONE)[0]
    storage.articles.share(shared, workspace=THEIRS)
    storage.workspaces.forget(OURS)
    assert storage.articles.get(shared, OURS) is None
    assert storage.articles.get(shared, THEIRS) is not None
    assert storage.articles.get(public, OURS) is not None


def test_a_workspace_is_gone_when_it_was_left_long_enough_ago(storage: Storage) -> None:
    storage.workspaces.joined(OURS, NOW)
    storage.workspaces.left(OURS, NOW + DAY)
    storage.workspaces.left(OURS, NOW + 5 * DAY)  # Told again of the same removal.
    storage.workspaces.left(THEIRS, NOW + 9 * DAY)
    assert storage.workspaces.gone(NOW + DAY) == []
    assert storage.workspaces.gone(NOW + 2 * DAY) == [OURS]
    assert storage.workspaces.gone(NOW + 10 * DAY) == [OURS, THEIRS]
    storage.workspaces.forget(OURS)
    assert storage.workspaces.gone(NOW + 10 * DAY) == [THEIRS]


def test_a_workspace_that_is_joined_again_keeps_its_data(storage: Storage) -> None:
    fill(storage, OURS)
    storage.workspaces.left(OURS, NOW)
    storage.workspaces.joined(OURS, NOW + DAY)
    assert storage.workspaces.gone(NOW + 99 * DAY) == []
    storage.workspaces.left(OURS, NOW + 50 * DAY)
    assert storage.workspaces.gone(NOW + 40 * DAY) == []
    assert len(storage.subscriptions.list(OURS)) == 1


def test_what_others_let_go_of_is_still_remembered_for_a_while(storage: Storage) -> None:
    fill(storage, OURS)
    theirs = storage.sources.add(workspace=THEIRS, url="https://orchard.example/feed", name="Orchard", now=NOW)
    storage.sources.remove(theirs.id, THEIRS)
    storage.workspaces.forget(OURS)
    assert storage.feeds.by_url(theirs.feed.url) == theirs.feed
