"""How the index follows the changes of the database."""

import shutil
import threading
from pathlib import Path

import pytest

from briefings.index import Index
from briefings.types import EVERYONE
from tests.briefings.indexed import HARBOUR, KEYWORDS, ORCHARD, Archive, document, found


def test_changes_are_followed(archive: Archive, folder: Path) -> None:
    index = Index.open(folder, KEYWORDS)
    first = archive.add(HARBOUR)
    second = archive.add(ORCHARD)
    assert index.catch_up(archive) == 2
    assert index.last_change == archive.last_change()
    assert index.catch_up(archive) == 0

    archive.update(first, document("Harbour shut", (None, "A crane fell.")))
    archive.storage.articles.remove(second, workspace=EVERYONE)
    assert index.catch_up(archive) == 2
    assert found(index, "crane frost grain") == [("Harbour shut", 0)]
    assert index.count == 1


def test_an_index_that_missed_a_purge_is_built_anew(archive: Archive, folder: Path) -> None:
    index = Index.open(folder, KEYWORDS)
    harbour, orchard = archive.add(HARBOUR), archive.add(ORCHARD)
    index.catch_up(archive)
    archive.storage.articles.remove(orchard, workspace=EVERYONE)
    assert archive.storage.articles.purge(index.last_change) == 0
    assert index.catch_up(archive) == 1
    assert archive.storage.articles.purge(index.last_change) == 1
    assert index.catch_up(archive) == 0

    archive.storage.articles.remove(harbour, workspace=EVERYONE)
    archive.add(ORCHARD)
    assert archive.storage.articles.purge(archive.last_change()) == 1
    assert index.catch_up(archive) == 1
    assert found(index, "crane frost grain") == [(ORCHARD.title, 0)]


def test_a_shared_article_is_found_by_who_sees_it_now(archive: Archive, folder: Path) -> None:
    key = archive.add(ORCHARD, "ours")
    index = Index.open(folder, KEYWORDS)
    index.catch_up(archive)
    assert found(index, "frost", "theirs") == []
    archive.storage.articles.share(key, workspace="theirs")
    index.catch_up(archive)
    assert found(index, "frost", "theirs") == found(index, "frost", "ours") == [(ORCHARD.title, 0)]


def test_progress_tells_how_many_of_how_many(archive: Archive, folder: Path) -> None:
    for n in range(5):
        archive.add(document(str(n)))
    told: list[tuple[int, int]] = []
    Index.open(folder, KEYWORDS).catch_up(archive, lambda done, total: told.append((done, total)))
    assert told == [(2, 5), (4, 5), (5, 5)]


def test_an_index_reopened_continues_where_it_was(archive: Archive, folder: Path) -> None:
    archive.add(HARBOUR)
    Index.open(folder, KEYWORDS).catch_up(archive)
    archive.add(ORCHARD)
    index = Index.open(folder, KEYWORDS)
    assert found(index, "grain") != []
    assert index.catch_up(archive) == 1
    assert found(index, "frost") == [(ORCHARD.title, 0)]


def test_what_was_not_committed_is_followed_again(archive: Archive, folder: Path) -> None:
    archive.add(HARBOUR)
    index = Index.open(folder, KEYWORDS)
    index.catch_up(archive)
    archive.add(ORCHARD)

    class Killed(Exception):
        pass

    def kill(_done: int, _total: int) -> None:
        raise Killed

    with pytest.raises(Killed):
        index.catch_up(archive, kill)
    for opened in (index, Index.open(folder, KEYWORDS)):
        assert opened.last_change == archive.last_change() - 1
        assert found(opened, "frost") == []
    assert index.catch_up(archive) == 1
    assert found(index, "frost") == [(ORCHARD.title, 0)]


def test_what_a_writer_killed_within_a_commit_left_behind_is_no_hindrance(archive: Archive, folder: Path) -> None:
    """Tantivy writes the deletions of a commit to a file named by their number, which the next writer takes again."""
    harbour, _ = archive.add(HARBOUR), archive.add(ORCHARD)
    index = Index.open(folder, KEYWORDS)
    index.catch_up(archive)
    before, after = folder.with_name("before"), folder.with_name("after")
    shutil.copytree(folder, before)
    archive.update(harbour, document("Harbour closes", (None, "Storms broke the pier.")))
    index.catch_up(archive)
    shutil.copytree(folder, after)
    left = {path.name for path in after.iterdir()} - {path.name for path in before.iterdir()}
    assert any(name.endswith(".del") for name in left)
    for name in (*left, ".managed.json"):  # All but meta.json, whose replacing is the commit.
        shutil.copy(after / name, before / name)

    again = Index.open(before, KEYWORDS)

    assert again.catch_up(archive) == 1
    assert found(again, "pier") == [("Harbour closes", 0)]
    assert found(again, "orchards frost") == [("Orchards expect a late harvest", 0)]


def test_another_process_is_seen_and_does_not_disturb(archive: Archive, folder: Path) -> None:
    mine, other = Index.open(folder, KEYWORDS), Index.open(folder, KEYWORDS)
    archive.add(HARBOUR)
    other.catch_up(archive)
    assert found(mine, "grain") == []
    assert mine.catch_up(archive) == 0
    assert found(mine, "grain") != []
    archive.add(ORCHARD)
    mine.catch_up(archive)
    other.catch_up(archive)
    assert found(other, "frost") == found(mine, "frost") == [(ORCHARD.title, 0)]


def test_threads_may_catch_up_and_search_at_once(archive: Archive, folder: Path) -> None:
    index = Index.open(folder, KEYWORDS)
    finished: list[str] = []

    def work(name: str) -> None:
        for n in range(5):
            archive.add(document(f"{name} {n}"))
            index.catch_up(archive)
            index.search([name], workspace="w")
        finished.append(name)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "two", "three")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(finished) == ["one", "three", "two"]
    assert index.count == 15
