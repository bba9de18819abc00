"""What a PostgreSQL on this machine does: the CPU time of its processes, as Linux counts it."""

import os
from pathlib import Path

from tests.servers.postgresql import Postgresql

_TICK = os.sysconf("SC_CLK_TCK")
_OWN, _OF_THE_ENDED = slice(11, 13), slice(13, 15)
"""User and system time, after the process's name, in /proc/PID/stat: see proc(5)."""


def cpu_seconds(server: Postgresql) -> float:
    """Of all its processes so far, those that ended among them. The server must run on this machine."""
    ((backend,),) = server.execute("SELECT pg_backend_pid()")
    postmaster = int((Path("/proc") / f"{_parent(int(str(backend)))}").name)
    ticks = sum(map(int, _stat(postmaster)[_OWN])) + sum(map(int, _stat(postmaster)[_OF_THE_ENDED]))
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                stat = _stat(int(process.name))
            except (FileNotFoundError, ProcessLookupError):  # It has just ended.
                continue
            if int(stat[1]) == postmaster:
                ticks += sum(map(int, stat[_OWN]))
    return ticks / _TICK


def _parent(process: int) -> int:
    return int(_stat(process)[1])


def _stat(process: int) -> list[str]:
    """Its figures from the state on."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()
