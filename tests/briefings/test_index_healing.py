"""An index that cannot be used is made anew, or it is told what hinders."""

import errno
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from briefings.errors import IndexUnavailable
from briefings.index import Index
from briefings.keywords import Keywords
from briefings.types import Change
from tests.briefings.indexed import HARBOUR, KEYWORDS, ORCHARD, Archive, found


def test_a_deleted_folder_is_filled_again_even_while_open(archive: Archive, folder: Path) -> None:
    archive.add(HARBOUR)
    index = Index.open(folder, KEYWORDS)
    index.catch_up(archive)
    shutil.rmtree(folder)
    assert index.catch_up(archive) == 1
    assert found(index, "breakwater") == [(HARBOUR.title, 1)]
    shutil.rmtree(folder)
    reopened = Index.open(folder, KEYWORDS)
    assert reopened.last_change == 0
    assert reopened.catch_up(archive) == 1
    assert found(reopened, "breakwater") == [(HARBOUR.title, 1)]


@pytest.mark.parametrize("suffix", ["store", "idx", "term", "fast", "fieldnorm", "json"])
@pytest.mark.parametrize("damage", ["cut", "zeros", "gone"])
def test_a_damaged_index_is_filled_again(archive: Archive, folder: Path, suffix: str, damage: str) -> None:
    archive.add(HARBOUR)
    Index.open(folder, KEYWORDS).catch_up(archive)
    for path in folder.glob(f"*.{suffix}"):
        if damage == "gone":
            path.unlink()
        else:
            data = path.read_bytes()
            path.write_bytes(data[: len(data) // 2] if damage == "cut" else bytes(len(data)))
    index = Index.open(folder, KEYWORDS)
    index.catch_up(archive)
    assert found(index, "breakwater") == [(HARBOUR.title, 1)]
    assert index.count == 3


@pytest.mark.parametrize("change", ["aliases", "format", "schema"])
def test_an_index_in_another_form_is_filled_again(
    archive: Archive, folder: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.add(HARBOUR)
    Index.open(folder, KEYWORDS).catch_up(archive)
    keywords = KEYWORDS
    if change == "aliases":
        keywords = Keywords({"grain": ["corn"]})
    elif change == "format":
        monkeypatch.setattr("briefings.index.FORMAT", 99)
    else:
        meta = folder / "meta.json"
        text = meta.read_text()
        meta.write_text(text.replace('"name": "heading"', '"name": "caption"'))
        assert meta.read_text() != text
    index = Index.open(folder, keywords)
    assert index.last_change == 0
    assert index.catch_up(archive) == 1
    assert [hit.section for hit in index.search(keywords.of("breakwater"), workspace="w")] == [1]


def test_an_index_of_another_database_or_an_older_state_is_filled_anew(archive: Archive, folder: Path) -> None:
    other = Archive()
    other.add(ORCHARD)
    index = Index.open(folder, KEYWORDS)
    index.catch_up(other)
    archive.add(HARBOUR)
    assert index.catch_up(archive) == 1
    assert found(index, "frost grain") == found(index, "grain")

    class Restored(Archive):
        def last_change(self) -> int:
            return archive.last_change() - 1

        def changes(self, after: int) -> Sequence[Change]:
            return []

    assert index.catch_up(Restored()) == 0
    assert index.count == 0
    other.storage.close()


def test_rebuild_fills_it_anew(archive: Archive, folder: Path) -> None:
    archive.add(HARBOUR)
    index = Index.open(folder, KEYWORDS)
    index.catch_up(archive)
    assert index.rebuild(archive) == 1
    assert index.count == 3


def test_a_folder_that_cannot_be_made_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(IndexUnavailable) as error:
        Index.open(tmp_path / "file" / "index", KEYWORDS)
    assert "\n" not in str(error.value)


def test_a_process_that_keeps_writing_is_waited_for_then_told(
    archive: Archive, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("briefings.index.LOCK_SECONDS", 0.05)
    archive.add(HARBOUR)
    index = Index.open(folder, KEYWORDS)
    program = f"""if True:
        import sys, tantivy
        writer = tantivy.Index.open({str(folder)!r}).writer(15_000_000, 1)
        print("writing", flush=True)
        sys.stdin.read()
    """
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "writing\n"
        with pytest.raises(IndexUnavailable) as error:
            index.catch_up(archive)
        assert "try again" in str(error.value)
        other.communicate("")
    assert index.catch_up(archive) == 1


def test_a_full_disk_is_told_as_such(tmp_path: Path) -> None:
    class Full(Archive):
        def last_change(self) -> int:
            return 1

        def changes(self, after: int) -> Sequence[Change]:
            raise OSError(errno.ENOSPC, "No space left on device")

    index = Index.open(tmp_path, KEYWORDS)
    with pytest.raises(IndexUnavailable, match="The disk is full"):
        index.catch_up(Full())
