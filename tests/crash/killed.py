"""Run the real program again and again, each time killed with signal 9 at a given call.

    python killed.py < PLAN

The plan is a JSON list of runs, each a data folder and either null, for a run to its natural end, or a point:
["module:Class.method", "before" or "after", nth call]. Every run is a process of its own, forked from this one so that
nothing is imported twice. It reads no commands and adds what it prints to the file `printed` in its folder. The signals
(negative) and exit statuses of all runs are printed.
"""

import asyncio
import functools
import json
import os
import signal
import sys
from importlib import import_module

import bot.app.running
import bot.commands
from config.settings import Settings


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def strike(place: str, when: str, nth: int) -> None:
    """Kill this process at the nth call of a method: before it does anything, or when it has done all."""
    module, _, path = place.partition(":")
    *owners, name = path.split(".")
    owner = functools.reduce(getattr, owners, import_module(module))
    original = getattr(owner, name)
    calls = 0

    def count(moment: str) -> None:
        nonlocal calls
        if moment == when:
            calls += 1
            if calls == nth:
                die()

    @functools.wraps(original)
    def plain(*arguments, **named):
        count("before")
        result = original(*arguments, **named)
        count("after")
        return result

    @functools.wraps(original)
    async def awaited(*arguments, **named):
        count("before")
        result = await original(*arguments, **named)
        count("after")
        return result

    setattr(owner, name, awaited if asyncio.iscoroutinefunction(original) else plain)


def run(folder: str, point: list | None) -> int:
    child = os.fork()
    if not child:
        status = 70
        try:
            os.dup2(os.open(f"{folder}/printed", os.O_WRONLY | os.O_CREAT | os.O_APPEND), 1)
            os.environ["SIDELINES_DATA_DIR"] = folder
            if point:
                strike(*point)
            status = bot.app.run(Settings.load(os.environ))
        finally:
            sys.stdout.flush()
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    plan = json.load(sys.stdin)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    print(json.dumps([run(folder, point) for folder, point in plan]))


if __name__ == "__main__":
    main()
