"""Runs of a program that is killed on the way, one after the other, by one of the launchers in this folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
EACH = 30.0
"""Seconds for each run, past which it hangs: it needs a fifth of one, and many times that where much else runs."""


def carry_out(launcher: str, plan: Iterable[tuple[Any, Any]], environ: Mapping[str, str] = {}) -> list[int]:
    """Start a launcher with worlds, each with the point to be killed at; gives signals (negative) and exit statuses."""
    runs = [(str(world.folder), point) for world, point in plan]
    done = subprocess.run(
        [sys.executable, HERE / launcher],
        input=json.dumps(runs),
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
        text=True,
        timeout=EACH * (1 + len(runs)),
        check=True,
    )
    statuses: list[int] = json.loads(done.stdout)
    return statuses
