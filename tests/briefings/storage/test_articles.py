from datetime import UTC, datetime, timedelta

import pytest

from briefings.storage import Storage
from briefings.types import EVERYONE, Change, Document, Key, Section

NOW = datetime(2026, 3, 2, 9, 30, 0, 125_000, tzinfo=UTC)
HARBOUR = Document(
    title="Harbour opens",
    sections=(
        Section(None, (("The harbour opened on Monday.", "Ships came."), ("The mayor cut a ribbon.",))),
        Section("What it cost", (("It cost “plenty”.",),)),
    ),
    url="https://example.org/harbour",
    source="Example Post",
    byline="A. Writer",
    published=datetime(2026, 3, 1, 18, 0, tzinfo=UTC),
    language="en",
)


def titled(title: str, published: datetime | None = None) -> Document:
    return Document(title=title, sections=(Section(None, ((f"{title} happened.",),)),), published=published)


def add(storage: Storage, document: Document, workspace: str = EVERYONE, now: datetime = NOW) -> int:
    return storage.articles.add(document, keys=[Key("guid", document.title)], workspace=workspace, now=now)


def test_an_article_comes_back_as_it_was_stored(storage: Storage) -> None:
    key = add(storage, HARBOUR)
    article = storage.articles.get(key, "team")
    assert article is not None
    assert {name: getattr(article, name) for name in Document.__struct_fields__} == {
        name: getattr(HARBOUR, name) for name in Document.__struct_fields__
    }
    assert (article.story, article.arrived, article.updated) == (key, NOW, NOW)
    assert article.change == storage.articles.last_change()


def test_a_workspace_sees_its_own_and_everyones(storage: Storage) -> None:
    ours, theirs, shared = add(storage, titled("A"), "ours"), add(storage, titled("B"), "theirs"), add(storage, HARBOUR)
    assert storage.articles.get(theirs, "ours") is None
    assert [a.id for a in storage.articles.get_many([shared, theirs, ours], "ours")] == [shared, ours]
    assert {h.id for h in storage.articles.heads("ours", limit=9)} == {ours, shared}
    assert {a.id for a in storage.articles.all("ours")} == {ours, shared}
    assert {a.id for a in storage.articles.arrived_since("ours", NOW)} == {ours, shared}
    assert storage.articles.count("ours") == 2
    assert storage.articles.count("nobody") == 1


def test_sharing_lets_another_workspace_see_an_article_without_changing_it(storage: Storage) -> None:
    key = add(storage, HARBOUR, "ours")
    before = storage.articles.last_change()
    storage.articles.share(key, workspace="theirs")
    article = storage.articles.get(key, "theirs")
    assert article is not None
    assert article.updated == NOW
    assert storage.articles.changes(before) == [
        Change(number=before + 1, id=key, article=article, workspaces=("ours", "theirs"))
    ]


def test_headlines_are_newest_first_by_arrival_then_by_date(storage: Storage) -> None:
    old = add(storage, titled("old arrival", NOW), now=NOW - timedelta(days=1))
    undated = add(storage, titled("undated"))
    early = add(storage, titled("early", NOW - timedelta(days=9)))
    late = add(storage, titled("late", NOW - timedelta(days=8)))
    assert [head.id for head in storage.articles.heads("w", limit=9)] == [late, early, undated, old]
    assert [head.id for head in storage.articles.heads("w", limit=2)] == [late, early]
    assert [head.id for head in storage.articles.heads("w", limit=9, since=NOW)] == [late, early, undated]


def test_what_arrived_since_is_oldest_first_and_includes_the_instant(storage: Storage) -> None:
    keys = [add(storage, titled(str(n)), now=NOW + timedelta(minutes=n)) for n in (2, 0, 1)]
    since = NOW + timedelta(minutes=1)
    assert [a.id for a in storage.articles.arrived_since("w", since)] == [keys[2], keys[0]]
    assert [a.id for a in storage.articles.arrived_since("w", since, limit=1)] == [keys[2]]


def test_a_walk_through_all_articles_crosses_pages_and_equal_times(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("briefings.storage.articles.PAGE", 2)
    keys = [add(storage, titled(str(n)), now=NOW + timedelta(minutes=n // 3)) for n in range(7)]
    assert [article.id for article in storage.articles.all("w")] == keys[::-1]


def test_an_update_replaces_the_text_and_arrives_anew_only_as_news(storage: Storage) -> None:
    key = add(storage, HARBOUR)
    later = NOW + timedelta(hours=1)
    for news, arrived in ((False, NOW), (True, later)):
        storage.articles.update(key, titled("Harbour shut"), keys=[], workspace=EVERYONE, now=later, news=news)
        article = storage.articles.get(key, "w")
        assert article is not None
        assert (article.title, article.url, article.sections) == ("Harbour shut", None, titled("Harbour shut").sections)
        assert (article.arrived, article.updated, article.story) == (arrived, later, key)


def test_changes_are_followed_in_order_each_article_once(storage: Storage) -> None:
    start = storage.articles.last_change()
    first, second = add(storage, HARBOUR), add(storage, titled("Second"), "ours")
    storage.articles.update(first, HARBOUR, keys=[], workspace=EVERYONE, now=NOW, news=False)
    changes = storage.articles.changes(start)
    assert [(c.number - start, c.id, c.workspaces) for c in changes] == [(2, second, ("ours",)), (3, first, ("*",))]
    assert [c.article.title for c in changes if c.article] == ["Second", "Harbour opens"]
    assert storage.articles.changes(start, limit=1) == changes[:1]
    assert storage.articles.changes(changes[0].number) == changes[1:]
    assert storage.articles.changes(changes[1].number) == []
    assert storage.articles.count_changes(start) == 2
    assert storage.articles.last_change() == changes[1].number


def test_numbers_of_changes_tell_databases_apart(storage: Storage) -> None:
    with Storage.open("sqlite://") as other:
        assert other.articles.last_change() >> 32 != storage.articles.last_change() >> 32


def test_a_change_that_is_undone_leaves_no_number_behind(storage: Storage) -> None:
    before = storage.articles.last_change()

    def add_and_fail() -> None:
        with storage.writing():
            add(storage, HARBOUR)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        add_and_fail()
    assert storage.articles.last_change() == before
    assert storage.articles.count("w") == 0


def test_removing_hides_from_one_workspace_then_from_the_index(storage: Storage) -> None:
    key = add(storage, HARBOUR, "ours")
    storage.articles.share(key, workspace="theirs")
    storage.articles.remove(key, workspace="ours")
    assert storage.articles.get(key, "ours") is None
    assert storage.articles.get(key, "theirs") is not None
    before = storage.articles.last_change()
    storage.articles.remove(key, workspace="theirs")
    assert storage.articles.get(key, "theirs") is None
    assert storage.articles.changes(before) == [Change(number=before + 1, id=key, article=None, workspaces=())]
    assert storage.articles.matching([Key("guid", HARBOUR.title)], "ours") == []


def test_keys_match_within_a_workspace_and_fingerprints_beyond(storage: Storage) -> None:
    marks = [Key("guid", "g"), Key("url", "u"), Key("fingerprint", "f")]
    theirs = storage.articles.add(HARBOUR, keys=marks, workspace="theirs", now=NOW)
    shared = storage.articles.add(titled("Shared"), keys=[Key("url", "u")], workspace=EVERYONE, now=NOW)

    matches = storage.articles.matching(marks, "ours")
    assert {(m.key.kind, m.workspace, m.article.id, m.viewers) for m in matches} == {
        ("fingerprint", "theirs", theirs, frozenset({"theirs"})),
        ("url", EVERYONE, shared, frozenset({EVERYONE})),
    }
    assert len(storage.articles.matching(marks, "theirs")) == 4
    assert storage.articles.matching([], "theirs") == []


def test_a_key_means_the_article_that_took_it_last(storage: Storage) -> None:
    first = storage.articles.add(HARBOUR, keys=[Key("url", "u")], workspace="w", now=NOW)
    second = storage.articles.add(titled("B"), keys=[Key("guid", "g")], workspace="w", now=NOW)
    before = storage.articles.last_change()
    assert [m.article.id for m in storage.articles.matching([Key("url", "u")], "w")] == [first]
    storage.articles.identify(second, keys=[Key("url", "u")], workspace="w")
    assert [m.article.id for m in storage.articles.matching([Key("url", "u")], "w")] == [second]
    assert storage.articles.last_change() == before


def test_an_article_can_join_a_story(storage: Storage) -> None:
    first = add(storage, HARBOUR)
    second = storage.articles.add(titled("Copy"), keys=[], workspace=EVERYONE, now=NOW, story=first)
    article = storage.articles.get(second, "w")
    assert article is not None
    assert article.story == first
