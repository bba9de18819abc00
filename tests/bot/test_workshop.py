import asyncio
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator

import pytest

from bot.app.workshop import MOST_MEMORY, Workshop
from briefings.errors import UnreadableDocument, UnreadableFeed


def refuse() -> None:
    raise UnreadableFeed("This is a web page, not a feed.")


def break_off() -> None:
    os._exit(7)


def fill_memory() -> int:
    return len(bytearray(MOST_MEMORY))


def where() -> int:
    return os.getpid()


def end_soon() -> int:
    """Let a signal end the process when it has nothing to do any more."""
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    return os.getpid()


def never_end() -> None:
    while True:
        signal.pause()


@pytest.fixture
async def workshop() -> AsyncIterator[Workshop]:
    made = Workshop(timeout=1.0)
    await made.work(where)
    yield made
    await made.close()


async def test_work_is_done_in_another_process_with_its_arguments(workshop: Workshop) -> None:
    assert await workshop.work(where) != os.getpid()
    assert await workshop.work(sorted, [2, 1], reverse=True) == [2, 1]


async def test_what_is_refused_is_refused_with_its_reason(workshop: Workshop) -> None:
    with pytest.raises(UnreadableFeed, match="a web page"):
        await workshop.work(refuse)


@pytest.mark.parametrize(
    ("work", "reason"),
    [(never_end, "too long"), (break_off, "memory"), (fill_memory, "memory"), ("".join, "a fault of Sidelines")],
    ids=["endless", "killed", "huge", "broken"],
)
async def test_what_breaks_breaks_alone_and_the_next_work_is_done(
    workshop: Workshop, work: object, reason: str
) -> None:
    with pytest.raises(UnreadableDocument, match=reason):
        await workshop.work(work)  # type: ignore[arg-type]
    assert await workshop.work(sorted, [2, 1]) == [1, 2]


async def test_when_its_process_ended_between_works_the_next_are_done_by_another(workshop: Workshop) -> None:
    ended = await workshop.work(end_soon)
    for process in multiprocessing.active_children():
        await asyncio.to_thread(process.join)
    assert await asyncio.gather(*(workshop.work(sorted, [place, 1]) for place in range(2))) == [[0, 1], [1, 1]]
    assert await workshop.work(where) != ended


async def test_closing_ends_the_process_and_what_it_is_at() -> None:
    made = Workshop()
    process = await made.work(where)
    under_way = asyncio.create_task(made.work(never_end))
    await asyncio.to_thread(lambda: None)
    await made.close()
    await asyncio.wait({under_way})
    assert under_way.cancelled() or under_way.exception()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
