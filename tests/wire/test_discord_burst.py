"""A hundred posts to a hundred channels by the real program, started as documented: none lost, doubled or refused.

Five hundred, and how fast they go, are measured by `benchmarks/discord_burst.py`, which this uses.
"""

from pathlib import Path

from benchmarks.discord_burst import DROPS, KILLS, Figures, burst

POSTS = 100


def assert_whole(figures: Figures) -> None:
    assert (figures.posts, figures.lost, figures.doubled, figures.refused, figures.breaches) == (POSTS, 0, 0, 0, 0)


async def test_a_burst_is_posted_whole(tmp_path: Path):
    assert_whole(await burst(tmp_path, POSTS))


async def test_killed_with_signal_9_on_its_way_and_started_again_it_is_posted_whole(tmp_path: Path):
    assert_whole(await burst(tmp_path, POSTS, kills=KILLS))


async def test_with_the_gateway_dropped_fifty_times_it_is_posted_whole(tmp_path: Path):
    figures = await burst(tmp_path, POSTS, drops=DROPS)
    assert_whole(figures)
    assert figures.drops == DROPS
