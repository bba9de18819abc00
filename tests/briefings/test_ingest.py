from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from briefings.ingest import BATCH, Incoming, add, from_feed, from_file
from briefings.storage import Storage
from briefings.types import EVERYONE, Article, Document, Section

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = NOW + timedelta(hours=2)

BRIDGE = Document(
    title="Bridge closes for repairs",
    sections=(
        Section(None, (("The council shut the old bridge on Monday.", "Lorries must go round by the valley road."),)),
        Section("Who pays", (("The county covers half of the nine million crowns.", "Toll money covers the rest."),)),
    ),
    url="https://example.org/news/bridge?utm_source=feed",
    source="Valley Post",
    published=datetime(2026, 3, 1, 8, 0, 0, 123_456, tzinfo=UTC),
    language="en",
)
CORRECTED = replace(
    BRIDGE,
    sections=(
        BRIDGE.sections[0],
        Section("Who pays", (("The county covers half of the ten million crowns.", "Toll money covers the rest."),)),
    ),
)
REWRITTEN = replace(
    BRIDGE,
    title="Bridge reopens early",
    sections=(
        BRIDGE.sections[0],
        Section(
            "Ahead of time", (("Crews finished three weeks before the date they had named.", "Cars crossed at dawn."),)
        ),
    ),
)
ANOTHER = Document(
    title="Chess club wins", sections=(Section(None, (("Nobody expected the juniors to beat Aldova.",),)),)
)


def put(
    storage: Storage, document: Document, guid: str | None = None, workspace: str = "w", now: datetime = NOW
) -> tuple[str, int]:
    [outcome] = add(storage, [Incoming(document, guid)], workspace=workspace, now=now)
    return outcome.kind, outcome.article


def stored(storage: Storage, article: int, workspace: str = "w") -> Article:
    found = storage.articles.get(article, workspace)
    assert found is not None
    return found


# Identity


def test_what_no_database_takes_is_left_out(storage: Storage) -> None:
    odd = replace(BRIDGE, title="Bridge\0 opens", byline="A\ud800 B")
    _, key = put(storage, odd)
    assert (stored(storage, key).title, stored(storage, key).byline) == ("Bridge opens", "A? B")
    assert put(storage, odd) == ("unchanged", key)


def test_a_new_article_is_stored_whole(storage: Storage) -> None:
    kind, key = put(storage, BRIDGE)
    article = stored(storage, key)
    assert kind == "new"
    assert (article.title, article.sections, article.url) == (BRIDGE.title, BRIDGE.sections, BRIDGE.url)
    assert (article.arrived, article.story) == (NOW, key)


def test_the_same_again_writes_nothing_at_all(storage: Storage) -> None:
    _, key = put(storage, BRIDGE, "g")
    before = (stored(storage, key), storage.articles.last_change())
    assert put(storage, BRIDGE, "g", now=LATER) == ("unchanged", key)
    assert (stored(storage, key), storage.articles.last_change()) == before


@pytest.mark.parametrize(
    ("again", "guid"),
    [
        (replace(REWRITTEN, url=None), "g"),
        (replace(REWRITTEN, url="https://www.example.org/news/bridge#comments"), None),
        (replace(BRIDGE, url=None, title="BRIDGE closes, for repairs!"), None),
    ],
    ids=["guid", "address without its tracking", "fingerprint"],
)
def test_any_key_that_agrees_makes_it_the_same(storage: Storage, again: Document, guid: str | None) -> None:
    _, key = put(storage, BRIDGE, "g")
    assert put(storage, again, guid)[1] == key
    assert storage.articles.count("w") == 1


def test_dates_never_decide(storage: Storage) -> None:
    _, key = put(storage, BRIDGE)
    assert put(storage, replace(BRIDGE, published=NOW, url="https://example.org/elsewhere"))[1] == key
    _, other = put(storage, replace(ANOTHER, published=BRIDGE.published))
    assert other != key


def test_a_new_guid_of_a_known_article_is_remembered_without_a_change(storage: Storage) -> None:
    _, key = put(storage, BRIDGE)
    before = storage.articles.last_change()
    assert put(storage, BRIDGE, "later guid") == ("unchanged", key)
    assert storage.articles.last_change() == before
    assert put(storage, replace(REWRITTEN, url=None), "later guid")[1] == key


# Changes


def test_a_correction_is_a_small_update_and_no_news(storage: Storage) -> None:
    _, key = put(storage, BRIDGE)
    assert put(storage, CORRECTED, now=LATER) == ("small update", key)
    article = stored(storage, key)
    assert (article.sections, article.arrived, article.updated) == (CORRECTED.sections, NOW, LATER)


def test_a_rewritten_text_is_an_update_of_the_story_and_news(storage: Storage) -> None:
    _, key = put(storage, BRIDGE)
    assert put(storage, REWRITTEN, now=LATER) == ("large update", key)
    article = stored(storage, key)
    assert (article.title, article.arrived, article.story) == (REWRITTEN.title, LATER, key)


def test_an_update_keeps_what_only_the_stored_one_knows(storage: Storage) -> None:
    _, key = put(storage, BRIDGE, "g")
    put(storage, replace(CORRECTED, source=None, url=None, published=None), "g")
    article = stored(storage, key)
    assert (article.source, article.url, article.sections) == (BRIDGE.source, BRIDGE.url, CORRECTED.sections)


def test_a_copy_of_the_text_adds_what_was_not_known_and_changes_nothing_else(storage: Storage) -> None:
    _, key = put(storage, replace(BRIDGE, url=None, language=None))
    copy = replace(BRIDGE, source="Elsewhere Times", url="https://elsewhere.example/copy")
    assert put(storage, copy) == ("small update", key)
    article = stored(storage, key)
    assert (article.source, article.language, article.url) == ("Valley Post", "en", copy.url)
    assert put(storage, copy) != ("new", key)


def test_an_old_copy_does_not_undo_an_update(storage: Storage) -> None:
    _, key = put(storage, replace(BRIDGE, url=None), "g")
    put(storage, replace(REWRITTEN, url=None), "g")
    assert put(storage, replace(BRIDGE, url=None)) == ("unchanged", key)
    assert stored(storage, key).title == REWRITTEN.title
    assert put(storage, replace(BRIDGE, url=None), "g")[0] == "large update"


# Files


def test_a_file_edited_in_place_is_the_same_article(storage: Storage, tmp_path: Path) -> None:
    path = tmp_path / "news.txt"
    bare = [replace(each, url=None) for each in (BRIDGE, CORRECTED, REWRITTEN)]
    outcomes = [add(storage, [from_file(each, path)], workspace="w", now=NOW)[0] for each in bare]
    assert [outcome.kind for outcome in outcomes] == ["new", "small update", "large update"]
    assert storage.articles.count("w") == 1


def test_a_file_that_holds_another_text_is_another_article(storage: Storage, tmp_path: Path) -> None:
    path = tmp_path / "news.txt"
    first, second = (
        add(storage, [from_file(each, path)], workspace="w", now=NOW)[0]
        for each in (replace(BRIDGE, url=None), ANOTHER)
    )
    assert (first.kind, second.kind) == ("new", "new")
    assert stored(storage, first.article).title == BRIDGE.title
    longer = replace(ANOTHER, sections=(*ANOTHER.sections, Section(None, (("They play again in June.",),))))
    assert add(storage, [from_file(longer, path)], workspace="w", now=NOW)[0].article == second.article


def test_one_text_in_two_files_is_one_article(storage: Storage, tmp_path: Path) -> None:
    incoming = [from_file(BRIDGE, tmp_path / name) for name in ("a.txt", "b.txt")]
    assert [o.kind for o in add(storage, incoming, workspace="w", now=NOW)] == ["new", "unchanged"]


# Feeds


def from_entry(document: Document, guid: str = "1", feed: int = 7, *, edit: bool = True, own: bool = True) -> Incoming:
    return from_feed(document, feed, guid, edit=edit, own_url=own)


def take(storage: Storage, incoming: Incoming, workspace: str = "w", **more: object) -> tuple[str, int]:
    [outcome] = add(storage, [incoming], **({"workspace": workspace, "now": NOW} | more))  # type: ignore[arg-type]
    return outcome.kind, outcome.article


def test_a_guid_means_something_within_its_feed_alone(storage: Storage) -> None:
    _, key = take(storage, from_entry(replace(BRIDGE, url=None)))
    assert take(storage, from_entry(replace(REWRITTEN, url=None)))[1] == key
    assert take(storage, from_entry(replace(ANOTHER, url=None), feed=8))[1] != key


def test_a_guid_used_again_for_another_text_elsewhere_is_another_article(storage: Storage) -> None:
    _, key = take(storage, from_entry(BRIDGE))
    elsewhere = "https://example.org/news/elsewhere"
    assert take(storage, from_entry(replace(CORRECTED, url=elsewhere))) == ("small update", key)
    kind, other = take(storage, from_entry(replace(ANOTHER, url="https://example.org/chess")))
    assert (kind, other != key) == ("new", True)


def test_a_feed_that_lists_anothers_article_only_adds_to_it(storage: Storage) -> None:
    _, key = take(storage, from_entry(BRIDGE))
    short = replace(BRIDGE, sections=BRIDGE.sections[:1])
    assert take(storage, from_entry(short, feed=8, edit=False)) == ("unchanged", key)
    longer = replace(BRIDGE, sections=(*BRIDGE.sections, Section("More", (("The ferry runs meanwhile.",),))))
    assert take(storage, from_entry(longer, feed=8, edit=False))[1] == key
    assert stored(storage, key).sections == longer.sections


def test_what_a_feed_says_about_an_address_is_not_the_article_there(storage: Storage) -> None:
    _, key = take(storage, from_entry(BRIDGE))
    comment = replace(ANOTHER, url=BRIDGE.url)
    kind, own = take(storage, from_entry(comment, feed=8, own=False))
    assert (kind, own != key) == ("new", True)
    assert take(storage, from_entry(comment, feed=8, own=False)) == ("unchanged", own)


def test_headlines_without_text_are_told_apart_by_their_marks(storage: Storage) -> None:
    weather = Document(title="The weather today", sections=())
    one, two = (replace(weather, url=f"https://example.org/weather/{n}") for n in (1, 2))
    assert take(storage, from_entry(one, "1"))[1] != take(storage, from_entry(two, "2"))[1]
    assert put(storage, weather)[1] == put(storage, weather)[1]


def test_an_article_keeps_its_first_date_whatever_its_feed_says_later(storage: Storage) -> None:
    _, key = take(storage, from_entry(BRIDGE))
    first = stored(storage, key).published
    assert take(storage, from_entry(replace(CORRECTED, published=LATER))) == ("small update", key)
    assert stored(storage, key).published == first


def test_workspaces_that_are_handed_the_same_go_on_sharing_it(storage: Storage) -> None:
    both = ("ours", "theirs")
    for document, kinds in ((BRIDGE, {"new", "unchanged"}), (CORRECTED, {"small update", "unchanged"})):
        with storage.writing():
            outcomes = [take(storage, from_entry(document), each, together=both) for each in both]
        assert {kind for kind, _ in outcomes} == kinds
        assert len({key for _, key in outcomes}) == 1
    assert stored(storage, outcomes[0][1], "theirs").sections == CORRECTED.sections


def test_an_own_copy_for_a_small_change_is_no_news(storage: Storage) -> None:
    put(storage, BRIDGE, workspace="ours")
    put(storage, BRIDGE, workspace="theirs")
    kind, own = put(storage, CORRECTED, workspace="ours", now=LATER)
    assert (kind, stored(storage, own, "ours").arrived) == ("small update", NOW)


# Workspaces


def test_the_same_in_another_workspace_is_shared_not_stored_again(storage: Storage) -> None:
    _, key = put(storage, BRIDGE, workspace="ours")
    assert put(storage, BRIDGE, workspace="theirs") == ("unchanged", key)
    assert stored(storage, key, "theirs") == stored(storage, key, "ours")
    assert stored(storage, key, "ours").updated == NOW


def test_what_everyone_sees_is_not_stored_again_for_one(storage: Storage) -> None:
    _, key = put(storage, BRIDGE, workspace=EVERYONE)
    before = storage.articles.last_change()
    assert put(storage, BRIDGE, workspace="ours") == ("unchanged", key)
    assert storage.articles.last_change() == before


@pytest.mark.parametrize("owner", ["theirs", EVERYONE])
def test_nobody_changes_what_others_see(storage: Storage, owner: str) -> None:
    _, key = put(storage, BRIDGE, "g", workspace=owner)
    forged = replace(REWRITTEN, title="Bridge was never there")
    kind, own = put(storage, forged, "g", workspace="ours")
    assert (kind, own != key) == ("new", True)
    assert stored(storage, key, "theirs").title == BRIDGE.title
    assert storage.articles.get(own, "theirs") is None
    assert put(storage, forged, "g", workspace="ours") == ("unchanged", own)
    assert put(storage, BRIDGE, "g", workspace=owner) == ("unchanged", key)


def test_a_changed_text_of_a_shared_article_becomes_an_own_copy_in_the_same_story(storage: Storage) -> None:
    _, key = put(storage, BRIDGE, workspace="ours")
    put(storage, BRIDGE, workspace="theirs")
    kind, own = put(storage, REWRITTEN, workspace="ours")
    assert (kind, stored(storage, own, "ours").story) == ("large update", key)
    assert storage.articles.get(key, "ours") is None
    assert stored(storage, key, "theirs").title == BRIDGE.title
    assert put(storage, REWRITTEN, workspace="theirs")[0] == "large update"


def test_a_text_of_others_with_another_address_is_not_shared(storage: Storage) -> None:
    _, key = put(storage, replace(BRIDGE, url="https://evil.example/"), workspace="theirs")
    kind, own = put(storage, BRIDGE, workspace="ours")
    assert (kind, own != key) == ("new", True)


def test_the_operator_may_change_what_everyone_sees(storage: Storage) -> None:
    _, key = put(storage, BRIDGE, workspace="ours")
    put(storage, BRIDGE, workspace=EVERYONE)
    assert put(storage, CORRECTED, workspace=EVERYONE) == ("small update", key)


# Many at once


def test_a_failure_undoes_its_batch_and_keeps_those_before(storage: Storage) -> None:
    def arriving() -> object:
        for n in range(BATCH):
            yield Incoming(replace(ANOTHER, title=f"Game {n}"))
        yield Incoming(replace(ANOTHER, title="Half a batch"))
        yield "no document"

    told: list[int] = []
    with pytest.raises(AttributeError):
        add(storage, arriving(), workspace="w", now=NOW, progress=told.append)  # type: ignore[arg-type]
    assert told == [BATCH]
    assert storage.articles.count("w") == BATCH


# Stories

LONG = replace(BRIDGE, sections=(Section(None, (tuple(f"Sentence {n} tells of {n * n} planks." for n in range(40)),)),))
SHORTENED = replace(
    LONG,
    title="Old bridge shut, drivers wait",
    sections=(Section(None, (LONG.sections[0].sentences[:34],)),),
    url="https://elsewhere.example/bridge",
    source="Elsewhere Times",
)


def test_a_near_identical_copy_from_another_source_joins_the_story(storage: Storage) -> None:
    _, first = put(storage, LONG)
    kind, copy = put(storage, SHORTENED)
    assert (kind, copy != first) == ("new", True)
    assert stored(storage, copy).story == first
    before = storage.articles.last_change()
    assert [put(storage, LONG), put(storage, SHORTENED)] == [("unchanged", first), ("unchanged", copy)]
    assert storage.articles.last_change() == before


def test_a_copy_that_names_no_source_is_known_by_its_address(storage: Storage) -> None:
    _, first = put(storage, replace(LONG, source=None))
    _, copy = put(storage, replace(SHORTENED, source=None))
    assert stored(storage, copy).story == first


def test_the_same_source_and_other_texts_open_their_own_stories(storage: Storage) -> None:
    put(storage, LONG)
    for other in (replace(SHORTENED, source=LONG.source), replace(ANOTHER, source="Elsewhere Times")):
        _, key = put(storage, other)
        assert stored(storage, key).story == key


def test_a_story_of_another_workspace_is_not_joined(storage: Storage) -> None:
    put(storage, LONG, workspace="theirs")
    _, key = put(storage, SHORTENED, workspace="ours")
    assert stored(storage, key, "ours").story == key
