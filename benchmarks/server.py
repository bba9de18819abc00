"""What a PostgreSQL on this machine does: the CPU time of its processes, as Linux counts it."""

from pathlib import Path

from benchmarks.processes import OF_THE_ENDED, OWN, TICK, stat
from tests.servers.postgresql import Postgresql


def cpu_seconds(server: Postgresql) -> float:
    """Of all its processes so far, those that ended among them. The server must run on this machine."""
    ((data,),) = server.execute("SHOW data_directory")
    postmaster = int((Path(str(data)) / "postmaster.pid").read_text().split()[0])
    while True:
        of_the_ended = stat(postmaster)[OF_THE_ENDED]
        ticks = sum(map(int, [*stat(postmaster)[OWN], *of_the_ended]))
        for process in Path("/proc").iterdir():
            if process.name.isdigit():
                try:
                    figures = stat(int(process.name))
                except (FileNotFoundError, ProcessLookupError):  # It has just ended.
                    continue
                if int(figures[1]) == postmaster:
                    ticks += sum(map(int, figures[OWN]))
        if stat(postmaster)[OF_THE_ENDED] == of_the_ended:  # Else one may have been left out, or counted twice.
            return ticks / TICK
