"""Both local platforms as one program, and the bot beside it: as the README says that it can be tried."""

import asyncio
import re
import sys
from pathlib import Path

from benchmarks.burst import program
from briefings.storage import Storage
from tests.servers.ports import free_port
from tests.waiting import until
from tests.wire.whole import SAMPLES, stock


async def test_what_kim_types_is_answered_on_both_platforms(tmp_path: Path) -> None:
    port, written = free_port(), tmp_path / "town.env"
    town = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.servers.town", "--app", f"http://127.0.0.1:{port}", str(written)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert town.stdin is not None
    assert town.stdout is not None
    async with asyncio.timeout(60):
        assert "The settings are in" in (await town.stdout.readline()).decode()
        settings = dict(re.findall(r"^export (\w+)=(.+)$", written.read_text(), re.MULTILINE))
        with Storage.open(f"sqlite:///{tmp_path / 'sidelines.db'}") as storage:
            stock(storage, *SAMPLES)
        async with program(tmp_path, {**settings, "SIDELINES_WEB_PORT": str(port)}) as bot:
            await until(lambda: "commands are known" in (tmp_path / "log").read_text(), 60)
            town.stdin.write(b"slack latest\ndiscord latest\nmumble\nslack subscribe ferry\ndiscord subscribe ferry\n")
            awaited = {
                "slack #world: Latest headlines",
                "discord #world: **Latest headlines**",
                "slack (to kim): #world is subscribed to ferry",
                "discord (to kim): #world is subscribed to ferry",
            }
            said = ""
            while not all(words in said for words in awaited):
                said += (await town.stdout.readline()).decode()
            assert "Begin the line with `slack` or `discord`." in said
            bot.terminate()
            await bot.wait()
        town.stdin.close()
        assert await town.wait() == 0
