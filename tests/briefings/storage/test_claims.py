from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from briefings.storage import Storage
from briefings.storage.claims import KEPT, LEASE
from briefings.storage.upkeep import tidy

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LATER = NOW + LEASE
TICK = timedelta(milliseconds=1)


def test_an_event_is_claimed_once(storage: Storage) -> None:
    assert storage.claims.claim("e1", "a", NOW)
    assert not storage.claims.claim("e1", "a", NOW)
    assert not storage.claims.claim("e1", "b", NOW)
    assert storage.claims.claim("e2", "b", NOW)


def test_many_claimers_at_once_get_one_claim(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'sidelines.db'}"
    Storage.open(url).close()
    stores = [Storage.open(url) for _ in range(3)]
    with ThreadPoolExecutor(9) as threads:
        for event in ("e1", "e2", "e3"):
            asked = [
                threads.submit(store.claims.claim, event, f"holder {number}", NOW)
                for number, store in enumerate(stores * 3)
            ]
            assert [each.result() for each in asked].count(True) == 1
    for store in stores:
        store.close()


def test_what_a_killed_holder_held_is_claimed_anew_after_a_minute(storage: Storage) -> None:
    storage.claims.claim("e1", "killed", NOW)
    assert not storage.claims.claim("e1", "b", LATER - TICK)
    assert storage.claims.claim("e1", "b", LATER)
    assert not storage.claims.claim("e1", "c", LATER + TICK)


def test_a_holder_that_is_slow_does_not_get_its_own_event_twice(storage: Storage) -> None:
    storage.claims.claim("e1", "slow", NOW)
    assert not storage.claims.claim("e1", "slow", LATER)


def test_what_is_settled_is_never_claimed_again(storage: Storage) -> None:
    storage.claims.claim("e1", "a", NOW)
    storage.claims.settle("e1", NOW)
    storage.claims.release()
    assert not storage.claims.claim("e1", "b", LATER)


def test_a_program_that_runs_alone_lets_go_of_what_a_killed_one_held(storage: Storage) -> None:
    storage.claims.claim("e1", "killed", NOW)
    storage.claims.release()
    assert storage.claims.claim("e1", "new", NOW)


def test_claims_outlive_the_process(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'sidelines.db'}"
    with Storage.open(url) as before:
        before.claims.claim("e1", "a", NOW)
        before.claims.settle("e1", NOW)
    with Storage.open(url) as after:
        after.claims.release()
        assert not after.claims.claim("e1", "b", LATER)


def test_events_are_forgotten_when_nobody_delivers_them_again(storage: Storage) -> None:
    storage.claims.claim("settled", "a", NOW)
    storage.claims.settle("settled", NOW)
    storage.claims.claim("held", "a", NOW)
    tidy(storage, NOW + KEPT)
    assert not storage.claims.claim("settled", "b", NOW + KEPT)
    tidy(storage, NOW + KEPT + TICK)
    assert storage.claims.claim("settled", "b", NOW + KEPT + TICK)
    assert storage.claims.claim("held", "a", NOW + KEPT + TICK)


def test_the_latest_event_of_a_platform(storage: Storage) -> None:
    assert storage.claims.latest("a:") is None
    storage.claims.claim("a:1", "me", NOW)
    storage.claims.claim("a:2", "me", LATER)
    storage.claims.claim("b:3", "me", LATER + TICK)
    assert storage.claims.latest("a:") == LATER
    assert storage.claims.latest("a%") is None
