"""Work for people never waits for threads that are all busy with other work."""

import asyncio
import threading

from bot.app.threads import WORK, Threads
from briefings.storage.precedence import for_a_person, waited_for


async def test_what_a_person_waits_for_begins_though_all_other_threads_wait() -> None:
    asyncio.get_running_loop().set_default_executor(Threads())
    free = threading.Event()
    busy = [asyncio.create_task(asyncio.to_thread(free.wait, 10)) for _ in range(WORK + 1)]
    try:
        with for_a_person():
            assert await asyncio.wait_for(asyncio.to_thread(waited_for), 5)
    finally:
        free.set()
    assert await asyncio.gather(*busy) == [True] * (WORK + 1)
    assert not await asyncio.to_thread(waited_for)


async def test_a_program_that_ends_waits_for_people_too() -> None:
    threads, done = Threads(), threading.Event()
    with for_a_person():
        threads.submit(done.set)
    threads.shutdown()
    assert done.is_set()
