"""What a PostgreSQL on this machine does: the CPU time of its processes, as Linux counts it."""

import os
from pathlib import Path

from tests.servers.postgresql import Postgresql

_TICK = os.sysconf("SC_CLK_TCK")
_OWN, _OF_THE_ENDED = slice(11, 13), slice(13, 15)
"""User and system time, after the process's name, in /proc/PID/stat: see proc(5)."""


def cpu_seconds(server: Postgresql) -> float:
    """Of all its processes so far, those that ended among them. The server must run on this machine."""
    ((data,),) = server.execute("SHOW data_directory")
    postmaster = int((Path(str(data)) / "postmaster.pid").read_text().split()[0])
    while True:
        of_the_ended = _stat(postmaster)[_OF_THE_ENDED]
        ticks = sum(map(int, [*_stat(postmaster)[_OWN], *of_the_ended]))
        for process in Path("/proc").iterdir():
            if process.name.isdigit():
                try:
                    stat = _stat(int(process.name))
                except (FileNotFoundError, ProcessLookupError):  # It has just ended.
                    continue
                if int(stat[1]) == postmaster:
                    ticks += sum(map(int, stat[_OWN]))
        if _stat(postmaster)[_OF_THE_ENDED] == of_the_ended:  # Else one may have been left out, or counted twice.
            return ticks / _TICK


def _stat(process: int) -> list[str]:
    """Its figures from the state on."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()
