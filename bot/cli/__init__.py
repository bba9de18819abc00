"""The command line: what an operator types in a shell, and how it ends.

Exit status: 0 done; 1 nothing found, or an input refused; 2 wrong usage; 130 interrupted. Errors are one sentence on
standard error. The front page is a stored text, because importing click takes longer than starting Python.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

FRONT_PAGE = Path(__file__).with_name("front_page.txt")
VERSION = "0.1.0"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and give its exit status; for people every failure is one sentence."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if len(arguments) > 1 or arguments[:1] not in ([], ["--help"], ["-h"], ["--version"]):
        from bot.cli.group import run_command

        return run_command(arguments)
    try:
        if arguments[:1] == ["--version"]:
            sys.stdout.write(f"sidelines {VERSION}\n")
        else:
            sys.stdout.write(FRONT_PAGE.read_text(encoding="utf-8"))
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains once more at its end
    return 0
