"""Who gets the write lock next when several wait for it."""

import threading

from briefings.storage import Storage
from briefings.storage.precedence import WriteLock, for_a_person, waited_for


class Line:
    """Threads that wait for a lock, each begun when the one before it waits, and the order in which they get it."""

    def __init__(self, lock: WriteLock) -> None:
        self.lock = lock
        self.got: list[str] = []
        self.threads: list[threading.Thread] = []

    def queue(self, name: str, *, person: bool = False) -> None:
        comes = threading.Event()

        def take() -> None:
            comes.set()
            with self.lock:
                self.got.append(name)

        def work() -> None:
            if person:
                with for_a_person():
                    take()
            else:
                take()

        self.threads.append(threading.Thread(target=work))
        self.threads[-1].start()
        assert comes.wait(10)

    def join(self) -> None:
        for thread in self.threads:
            thread.join(10)
            assert not thread.is_alive()


def test_whoever_works_for_a_person_goes_before_all_who_wait() -> None:
    line = Line(WriteLock())
    with line.lock:
        for name in ("delivery", "feed", "index"):
            line.queue(name)
        line.queue("kim", person=True)
        line.queue("lou", person=True)
        while line.lock.waiting < 2:
            pass
    line.join()
    assert set(line.got[:2]) == {"kim", "lou"}
    assert sorted(line.got[2:]) == ["delivery", "feed", "index"]


def test_a_lock_is_free_again_after_a_failure() -> None:
    line = Line(WriteLock())
    try:
        with line.lock:
            raise RuntimeError
    except RuntimeError:
        line.queue("next")
    line.join()
    assert line.got == ["next"]


def test_many_threads_write_one_at_a_time(storage: Storage) -> None:
    lost: list[int] = []

    def work(person: bool) -> None:
        for _ in range(20):
            if person:
                with for_a_person():
                    add()
            else:
                add()

    def add() -> None:
        with storage.writing():
            storage.hold("publishing")
            before = len(lost)
            storage.first_time(f"{threading.get_ident()} {before}")
            lost.append(before)

    threads = [threading.Thread(target=work, args=(number % 2 == 0,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert lost == list(range(120))


def test_only_what_is_done_within_is_for_a_person() -> None:
    assert not waited_for()
    with for_a_person():
        assert waited_for()
    assert not waited_for()
