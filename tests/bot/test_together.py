"""Many deliveries store a step together: each waits for its own, and none for longer than for what is under way."""

import asyncio
import threading

import pytest

from bot.delivery.together import Together
from briefings.errors import StorageError


class Store:
    """Keeps what it is given at a time, when it is let; what is odd it does not do."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.began = threading.Semaphore(0)
        self.let = threading.Semaphore(0)
        self.fails: Exception | None = None

    def __call__(self, items) -> list[bool]:
        self.batches.append(list(items))
        self.began.release()
        assert self.let.acquire(timeout=10)
        if self.fails:
            raise self.fails
        return [item % 2 == 0 for item in items]


@pytest.fixture
def store():
    return Store()


async def begun(store: Store) -> None:
    assert await asyncio.to_thread(store.began.acquire, timeout=10)


async def test_what_comes_meanwhile_is_stored_together(store):
    together = Together(store)
    first = asyncio.create_task(together.add(0))
    await begun(store)
    others = [asyncio.create_task(together.add(number)) for number in (1, 2, 3)]
    await asyncio.sleep(0)
    store.let.release(2)
    assert await first is True
    assert await asyncio.gather(*others) == [False, True, False]
    assert store.batches == [[0], [1, 2, 3]]


async def test_a_failure_is_that_of_each_and_of_none_later(store):
    together, store.fails = Together(store), StorageError("It is away.")
    first = asyncio.create_task(together.add(0))
    await begun(store)
    others = [asyncio.create_task(together.add(number)) for number in (2, 4)]
    await asyncio.sleep(0)
    store.let.release(2)
    for each in (first, *others):
        with pytest.raises(StorageError):
            await each
    store.fails = None
    store.let.release()
    assert await together.add(6) is True


async def test_when_the_one_that_stores_for_all_is_cancelled_another_does(store):
    together = Together(store)
    first = asyncio.create_task(together.add(0))
    await begun(store)
    others = [asyncio.create_task(together.add(number)) for number in (2, 4)]
    await asyncio.sleep(0)
    store.let.release()
    await first
    await begun(store)
    others[0].cancel()
    await begun(store)
    store.let.release(2)
    assert await others[1] is True
    assert store.batches[1:] == [[2, 4], [2, 4]]
    with pytest.raises(asyncio.CancelledError):
        await others[0]
