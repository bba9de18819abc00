"""One holds a lease, all together hold no more than there is: on every database, and in any order."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from briefings.storage import Storage
from briefings.storage.leases import fair

LONG, OVER = timedelta(minutes=5), timedelta(0)
"""Leases that last for the whole test, and such as are over at once: the database's clock is nobody's to set."""


# Leases


def test_who_asks_first_holds_a_name(storage: Storage) -> None:
    assert storage.leases.take(["slack", "discord"], "a", LONG) == {"slack", "discord"}
    assert storage.leases.take(["slack", "telex"], "b", LONG) == {"telex"}
    assert storage.leases.holders() == {"slack": "a", "discord": "a", "telex": "b"}


def test_a_holder_that_asks_again_keeps_it(storage: Storage) -> None:
    storage.leases.take(["slack"], "a", OVER)
    assert storage.leases.take(["slack"], "a", LONG) == {"slack"}
    assert storage.leases.take(["slack"], "b", LONG) == set()


def test_what_a_dead_process_held_goes_to_the_next_that_asks(storage: Storage) -> None:
    storage.leases.take(["slack"], "dead", OVER)
    assert storage.leases.holders() == {}
    assert storage.leases.take(["slack"], "b", LONG) == {"slack"}
    assert storage.leases.take(["slack"], "dead", LONG) == set()


def test_what_is_let_go_of_is_free_after_the_time_that_was_said(storage: Storage) -> None:
    storage.leases.take(["slack", "discord", "telex"], "a", LONG)
    storage.leases.leave("a", OVER, "slack")
    assert storage.leases.holders() == {"discord": "a", "telex": "a"}
    storage.leases.leave("a", timedelta(minutes=1), "telex")
    assert storage.leases.take(["slack", "discord", "telex"], "b", LONG) == {"slack"}
    storage.leases.leave("a")
    assert storage.leases.take(["discord", "telex"], "b", LONG) == {"discord", "telex"}
    storage.leases.leave("a")
    assert storage.leases.holders() == {"slack": "b", "discord": "b", "telex": "b"}


def test_what_nobody_holds_is_forgotten(storage: Storage) -> None:
    storage.leases.take(["slack"], "a", OVER)
    storage.leases.take(["discord"], "a", LONG)
    storage.leases.forget()
    storage.leases.leave("a")
    with storage.reading() as connection:
        assert [name for (name,) in connection.exec_driver_sql("SELECT name FROM leases")] == ["discord"]


def test_of_many_that_ask_at_once_one_gets_it(database_url: str) -> None:
    with Storage.open(database_url) as storage, ThreadPoolExecutor(8) as threads:
        for name in "abcde":
            asked = [threads.submit(storage.leases.take, [name], f"{number}", LONG) for number in range(8)]
            assert sum(len(each.result()) for each in asked) == 1


# Shares


def test_who_is_alone_gets_what_it_wants_and_no_more(storage: Storage) -> None:
    assert share(storage, "a", wanted=7) == 7
    assert share(storage, "a", wanted=80) == 50


def test_a_second_one_gets_half_as_soon_as_the_first_lets_go(storage: Storage) -> None:
    assert share(storage, "a", wanted=50) == 50
    assert share(storage, "b", wanted=50) == 0
    assert share(storage, "a", wanted=50, using=40) == 25
    assert share(storage, "b", wanted=50) == 10
    assert share(storage, "a", wanted=50, using=25) == 25
    assert share(storage, "b", wanted=50, using=10) == 25


def test_what_a_dead_process_had_goes_to_the_others(storage: Storage) -> None:
    share(storage, "dead", wanted=50, lease=OVER)
    assert share(storage, "b", wanted=50) == 50


def test_what_is_given_back_goes_to_the_others(storage: Storage) -> None:
    share(storage, "a", wanted=50)
    storage.leases.give_back("discord", "a")
    assert share(storage, "b", wanted=50) == 50


def test_shares_of_different_things_are_apart(storage: Storage) -> None:
    storage.leases.share("slack", "a", total=9, wanted=9, using=0, lease=LONG)
    assert share(storage, "b", wanted=50) == 50


def test_many_that_ask_at_once_never_hold_more_than_there_is(database_url: str) -> None:
    held: dict[str, int] = {}
    most, lock = [0], threading.Lock()

    def ask(storage: Storage, name: str) -> None:
        for wanted in (50, 30, 0, 9, 50):
            with lock:
                using = held.get(name, 0)
            may = share(storage, name, wanted=wanted, using=using)
            with lock:
                held[name] = may
                most[0] = max(most[0], sum(held.values()))

    with Storage.open(database_url) as storage, ThreadPoolExecutor(6) as threads:
        for each in [threads.submit(ask, storage, f"{number}") for number in range(6)]:
            each.result()
    assert 0 < most[0] <= 50


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 100), min_size=1), st.integers(0, 60))
def test_parts_are_fair(wanted: dict[str, int], total: int) -> None:
    parts = fair(wanted, total)
    assert sum(parts.values()) == min(total, sum(wanted.values()))
    assert all(0 <= parts[each] <= wanted[each] for each in wanted)
    wanting = [parts[each] for each in wanted if parts[each] < wanted[each]]
    if wanting:
        assert max(parts.values()) - min(wanting) <= 1


def share(storage: Storage, holder: str, *, wanted: int, using: int = 0, lease: timedelta = LONG) -> int:
    return storage.leases.share("discord", holder, total=50, wanted=wanted, using=using, lease=lease)


# Being told


def test_who_listens_is_told_when_it_is_committed(postgresql_url: str) -> None:
    heard = threading.Semaphore(0)
    with Storage.open(postgresql_url) as here, Storage.open(postgresql_url) as there:
        with here.database.hearing(heard.release):
            assert heard.acquire(timeout=10)  # When it begins to listen.
            with there.writing():
                there.database.tell()
                there.database.tell()
                assert not heard.acquire(blocking=False)
            assert heard.acquire(timeout=10)
        there.database.tell()
    assert not heard.acquire(blocking=False)


def test_a_lost_connection_is_opened_again(postgresql_url: str) -> None:
    heard = threading.Semaphore(0)
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN sidelines'"
    with (
        Storage.open(postgresql_url) as here,
        Storage.open(postgresql_url) as there,
        here.database.hearing(heard.release),
    ):
        assert heard.acquire(timeout=10)
        with there.writing() as connection:
            connection.exec_driver_sql(others)
        assert heard.acquire(timeout=10)
        there.database.tell()
        assert heard.acquire(timeout=10)
