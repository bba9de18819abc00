"""What Linux counts of the processes of this machine: see proc(5)."""

import os
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
"""In which it counts a second of CPU time."""
OWN, OF_THE_ENDED = slice(11, 13), slice(13, 15)
"""User and system time in `stat`: of the process itself, and of its children that have ended."""


def stat(process: int) -> list[str]:
    """The figures of /proc/PID/stat after the process's name, from its state on. Raises FileNotFoundError."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()


def cpu_seconds(process: int) -> float:
    """User and system time of the process itself."""
    return sum(map(int, stat(process)[OWN])) / TICK


def cpu_seconds_with_children(process: int) -> float:
    """Of the process, its children, and those of them that have ended."""
    figures = [stat(each) for each in (process, *children(process))]
    return sum(int(ticks) for its in figures for ticks in (*its[OWN], *its[OF_THE_ENDED])) / TICK


def children(process: int) -> list[int]:
    """The processes that it started and that live."""
    tasks = Path(f"/proc/{process}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def resident(process: int) -> int:
    """Bytes of its memory that are in RAM, those it shares among them."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def proportional(process: int) -> int:
    """Bytes of its memory that are in RAM; of what several processes share, its part."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0) * 1024
