"""How fast briefings go out when many are due at once: the real program against the tests' own Slack, on loopback.

Eight topics in each of ten channels are due together, 80 posts. The local Slack holds every channel to the documented
rate of one message a second (https://docs.slack.dev/apis/web-api/rate-limits) and answers faster ones with 429.

    python -m benchmarks.slack_burst [--kill]

Prints posts, lost ones, doubled ones, refusals, and the rate reached as a share of the permitted one, which is to be at
least 90 %. With `--kill` the program is killed with signal 9 three times on the way and started again; then the rate is
no measure, since what was on its way is looked for before anything is sent anew.
"""

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.burst import prepare, program, settled
from tests.servers.slack import SlackServer

TEAM = "T0BURST001"
TOPICS = ("harbour", "elections", "railways", "fisheries", "vaccines", "bridges", "libraries", "glaciers")
CHANNELS = tuple(f"C0BURST{number:03}" for number in range(10))
POSTS = len(TOPICS) * len(CHANNELS)
KILLS = (7, 33, 60)
"""After how many posts the program is killed."""
PERMITTED = 1.0
"""Messages a second and channel."""


@dataclass(frozen=True)
class Figures:
    """What came of the burst."""

    posts: int
    lost: int
    doubled: int
    refused: int
    seconds: float
    breaches: int

    @property
    def share(self) -> float:
        """Of the permitted rate: after the first in each channel, all others take a second each."""
        return (len(TOPICS) - 1) / PERMITTED / self.seconds


async def burst(folder: Path, *, kills: Sequence[int] = ()) -> Figures:
    """Let all be due at once and wait until all has been posted; killed and started again after so many posts each."""
    async with SlackServer() as slack:
        team = slack.add_workspace(TEAM, "Burst")
        team.user("U0BURST001", "kim", admin=True)
        for number, channel in enumerate(CHANNELS):
            team.channel(channel, f"burst-{number}")
        slack.socket()
        prepare(folder, TOPICS, [f"slack:{TEAM}:#{channel}" for channel in CHANNELS], "U0BURST001")
        settings = {
            "SLACK_API_URL": slack.api_url,
            "SLACK_BOT_TOKEN": f"xoxb-{TEAM}",
            "SLACK_APP_TOKEN": slack.app_token,
        }

        def posts() -> int:
            return sum(len(slack.posts(channel)) for channel in CHANNELS)

        def posted(least: int) -> bool:
            return posts() >= least

        for count in kills:
            async with program(folder, settings):
                await slack.wait_for(partial(posted, count), timeout=60)
        async with program(folder, settings):
            await slack.wait_for(partial(posted, POSTS), timeout=60)
            await slack.lines.connected()
            state = await settled(folder)
        shown = Counter((message.channel, message.text) for channel in CHANNELS for message in slack.posts(channel))
        sent = [call for call in slack.called("chat.postMessage") if call.arguments["channel"] in CHANNELS]
        times = [call.time for call in sent if call.ok]
        return Figures(
            posts=posts(),
            lost=POSTS - len(shown) + (POSTS - state),
            doubled=sum(count - 1 for count in shown.values()),
            refused=sum(call.status == 429 for call in slack.calls),
            seconds=max(times) - min(times),
            breaches=len(slack.breaches),
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kill", action="store_true", help="kill the program with signal 9 on the way")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(burst(Path(folder), kills=KILLS if arguments.kill else ()))
    print(f"{figures.posts} posts to {len(CHANNELS)} channels in {figures.seconds:.1f} s")
    print(f"lost {figures.lost}, doubled {figures.doubled}, refused with 429 {figures.refused}")
    good = not (figures.lost or figures.doubled or figures.refused)
    if not arguments.kill:
        print(f"{figures.share:.0%} of the permitted rate (to be at least 90 %)")
        good = good and figures.share >= 0.9
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
