"""The Slack that its tests share: one workspace, two people, one channel."""

from collections.abc import AsyncIterator

import pytest

from tests.servers.slack import SlackServer


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with SlackServer() as server:
        team = server.add_workspace("T1")
        team.user("U1", "kim", admin=True)
        team.user("U2", "lee", tz=None)
        team.channel("C1", "world", creator="U1")
        yield server
