from datetime import UTC, datetime

import pytest

from bot.app.comings import place_of
from bot.connectors import Connector
from briefings.sources import Feed, Source
from briefings.types import EVERYONE


class Managed:
    """A connector as far as it tells where managers are."""

    def managers(self, workspace: str, person: str | None) -> str:
        return f"{workspace}:@{person or 'installer'}"


def source(workspace: str, added_by: str | None = None, channel: str | None = None) -> Source:
    return Source(
        id=1,
        workspace=workspace,
        feed=Feed(id=1, url="https://valley.example/feed"),
        name="Valley Post",
        paused=False,
        added=datetime(2026, 3, 2, tzinfo=UTC),
        added_by=added_by,
        channel=channel,
    )


CONNECTED: dict[str, Connector] = {"slack": Managed(), "terminal": Managed()}  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("added", "place"),
    [
        (source("slack:T1", "U1", "slack:T1:C1"), ("slack:T1", "slack:T1:@U1")),
        (source("slack:T1", None, "slack:T1:C1"), ("slack:T1", "slack:T1:C1")),
        (source("slack:T1"), ("slack:T1", "slack:T1:@installer")),
        (source("discord:G1", "U1", "discord:G1:C1"), None),
        (source(EVERYONE), ("terminal", "terminal:@installer")),
    ],
    ids=["who added it", "where it was added", "who installed the bot", "nobody connected", "the session"],
)
def test_notices_about_a_source_go_to_whoever_can_act(added: Source, place: tuple[str, str] | None) -> None:
    assert place_of(CONNECTED, added) == place


def test_of_everyones_source_only_the_log_tells_where_there_is_no_session() -> None:
    assert place_of({"slack": CONNECTED["slack"]}, source(EVERYONE)) is None
