"""What many deliveries have to store at one time, in one transaction: one for each would cost as much again each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Together(Generic[T]):
    """Stores what it is given; what comes while that is under way is stored together after it. Waits for nothing else.

    `store` runs in a thread and tells of each thing that it was given, in their order, whether it was done.
    """

    def __init__(self, store: Callable[[Sequence[T]], Sequence[bool]]) -> None:
        self._store = store
        self._waiting: list[tuple[T, asyncio.Future[bool]]] = []
        self._storing = asyncio.Lock()

    async def add(self, item: T) -> bool:
        """Whether it was done, as soon as it is stored. Raises what `store` does."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        async with self._storing:
            if not done.done():
                await self._store_waiting()
        return await done

    async def _store_waiting(self) -> None:
        batch, self._waiting = self._waiting, []
        try:
            stored = await asyncio.to_thread(self._store, [item for item, _ in batch])
        except Exception as error:  # noqa: BLE001 - it is raised where each of them waits
            for _, done in batch:
                if not done.done():
                    done.set_exception(error)
        except BaseException:  # Who waited for all is cancelled: the next one does it.
            self._waiting = [each for each in batch if not each[1].done()] + self._waiting
            raise
        else:
            for (_, done), whether in zip(batch, stored, strict=True):
                if not done.done():
                    done.set_result(whether)
