"""How long whole processes take: the front page and a stored answer, against an interpreter that does nothing.

Prints medians over runs made in turn, so that a busy machine slows all three alike. Targets: `--help` at most 3 times
the empty interpreter, a stored answer under 300 ms.
"""

import argparse
import compileall
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
SIDELINES = str(Path(sys.executable).with_name("sidelines"))

ARTICLE = """Harbour towns agree on one ferry ticket

By Ada Field

Three harbour towns have agreed to sell one ferry ticket from next spring. The mayors signed the plan on Monday.

What it costs

A day ticket will cost 12 euros, four less than the three single tickets do today. Children under ten travel free.

Who opposes it

The operators of the small island boats fear that they will lose their winter passengers. They ask for a fixed share.
"""


def milliseconds(command: list[str], environ: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, env=environ, stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - started) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=30, help="runs of each (30)")
    runs = parser.parse_args().runs
    for package in ("bot", "briefings", "config"):
        compileall.compile_dir(ROOT / package, quiet=2)  # as set-up and the image do
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, "SIDELINES_DATA_DIR": f"{folder}/data"}
        article = Path(folder, "ferry.txt")
        article.write_text(ARTICLE, encoding="utf-8")
        subprocess.run([SIDELINES, "add", str(article)], env=environ, stdout=subprocess.DEVNULL, check=True)
        commands = {
            "empty interpreter": [sys.executable, "-c", "pass"],
            "sidelines --help": [SIDELINES, "--help"],
            "sidelines ask": [SIDELINES, "ask", "what does the ferry ticket cost?"],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for name, command in [*commands.items()] * (runs + 1):
            times[name].append(milliseconds(command, environ))
    empty = statistics.median(times["empty interpreter"][1:])  # each first run warms the caches
    for name, taken in times.items():
        median = statistics.median(taken[1:])
        print(f"{name:20} {median:7.1f} ms  {median / empty:5.1f} times the empty interpreter")


if __name__ == "__main__":
    main()
