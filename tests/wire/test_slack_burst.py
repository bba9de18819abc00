"""Eighty posts to ten channels by the real program, started as documented: none lost, doubled or refused.

How fast they go is measured by `benchmarks/slack_burst.py`, which this uses.
"""

from pathlib import Path

from benchmarks.slack_burst import KILLS, POSTS, Figures, burst


def assert_whole(figures: Figures) -> None:
    assert (figures.posts, figures.lost, figures.doubled) == (POSTS, 0, 0)
    assert figures.refused == 0
    assert figures.breaches == 0


async def test_a_burst_is_posted_whole(tmp_path: Path):
    assert_whole(await burst(tmp_path))


async def test_killed_with_signal_9_on_its_way_and_started_again_it_is_posted_whole(tmp_path: Path):
    assert_whole(await burst(tmp_path, kills=KILLS))
