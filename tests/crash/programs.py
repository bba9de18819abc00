"""Programs that the launcher starts, and where they are killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

ROOT = Path(__file__).parents[2]
LOST = 70
"""The status of a program of which nobody can tell any more."""


class Kill(Struct, frozen=True):
    """Where a process is killed. At a statement or commit: see `launcher`. At a request: `site` is its name, and `when`
    is "before" the server does anything, when it is "done" but not answered, or "after" the answer. At an instant:
    `nth` milliseconds after the start."""

    what: str
    site: str = ""
    when: str = "before"
    nth: int = 1


class Program:
    """A program that was started; `ended` tells its status, negative for a signal."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.begun: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[int] = loop.create_future()
        self._handle: int | None = None

    def kill(self) -> None:
        """End it with signal 9, if it has not ended by now."""
        if self._handle is not None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)

    def begin(self, pid: int) -> None:
        """It runs. A number may be another process's by the time it is used; a handle is this one's."""
        with suppress(ProcessLookupError):
            self._handle = os.pidfd_open(pid)
        self.begun.set_result(None)

    def lose(self) -> None:
        """Nothing more will be heard of it, unless it has ended."""
        if not self.begun.done():
            self.begun.set_exception(RuntimeError("The launcher is no more."))
        elif not self.ended.done():
            self.end(LOST)

    def end(self, status: int) -> None:
        """It runs no more."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
        self.ended.set_result(status)


class Launcher:
    """The process that starts programs; see `launcher`."""

    async def __aenter__(self) -> Launcher:
        self._programs: dict[int, Program] = {}
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.crash.launcher",
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 20,
        )
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        await self._process.wait()
        await self._reading

    async def start(
        self,
        environ: dict[str, str],
        kill: Kill | None = None,
        *,
        profile: Path | None = None,
        only: Sequence[str] = (),
        lease: int | None = None,
    ) -> Program:
        """Start a program. `lease`: see `launcher`. Raises RuntimeError when the launcher itself has ended."""
        id = len(self._programs)
        program = self._programs[id] = Program()
        point = None
        if kill and kill.what in {"statement", "commit"}:
            point = {"what": kill.what, "site": kill.site, "when": kill.when, "nth": kill.nth}
        order = {"id": id, "environ": environ, "point": point, "only": only, "lease": lease}
        order["profile"] = str(profile) if profile else None
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        if self._reading.done():
            program.lose()
        await program.begun
        return program

    async def _read(self) -> None:
        assert self._process.stdout
        async for line in self._process.stdout:
            told = json.loads(line)
            program = self._programs[told["id"]]
            if "pid" in told:
                program.begin(told["pid"])
            else:
                program.end(told["status"])
        for program in self._programs.values():
            program.lose()
