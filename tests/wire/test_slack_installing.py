"""Installed by OAuth in two workspaces: each served by its own token, which comes, is renewed, and goes."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.servers.slack import SlackServer
from tests.wire.conftest import Opener
from tests.wire.office import BOLT, KEY, KIM, MAX, OTHER, TEAM, WORLD, Office

pytestmark = pytest.mark.usefixtures("unpaced")


@pytest.fixture
async def office(slack: SlackServer, opened: Opener) -> Office:
    slack.pace.per_channel = None
    return await opened("oauth")


def posting_teams(slack: SlackServer) -> list[str]:
    return [call.team for call in slack.called("chat.postMessage") if call.ok]


def token_rows(office: Office) -> list[Any]:
    with office.storage.reading() as connection:
        rows = [
            connection.exec_driver_sql(f"SELECT team_id, bot_token FROM {table}").fetchall()  # noqa: S608 - names below
            for table in ("slack_bots", "slack_installations")
        ]
    return [row for table in rows for row in table]


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_both_are_answered_at_once_each_by_its_own_token(office: Office, slack: SlackServer) -> None:
    assert "Latest" in await office.call(KIM, "latest", WORLD, TEAM)
    assert "Latest" in await office.call(MAX, "latest", BOLT, OTHER)
    assert posting_teams(slack) == [TEAM, OTHER]


async def test_both_are_answered_after_a_restart_without_installing_again(office: Office, slack: SlackServer) -> None:
    await office.restart()
    assert "Latest" in await office.call(MAX, "latest", BOLT, OTHER)
    assert "Latest" in await office.call(KIM, "latest", WORLD, TEAM)
    assert len(slack.called("oauth.v2.access")) == 2


async def test_no_token_and_no_key_is_in_the_files(office: Office, tmp_path: Path) -> None:
    assert len(token_rows(office)) == 4
    held = await asyncio.to_thread(everything_in, tmp_path)
    assert TEAM.encode() in held
    assert b"xoxb-" not in held
    assert KEY.encode() not in held


async def test_uninstalling_one_deletes_its_tokens_and_leaves_the_other(office: Office, slack: SlackServer) -> None:
    await slack.uninstall(TEAM)
    await office.quiet()
    assert {team for team, _ in token_rows(office)} == {OTHER}
    assert "Latest" in await office.call(MAX, "latest", BOLT, OTHER)


async def test_installed_again_its_subscriptions_go_on(office: Office, slack: SlackServer) -> None:
    office.subscribe("G7")
    await slack.uninstall(TEAM)
    await office.quiet()
    assert [each.state for each in office.subscriptions()] == ["blocked"]
    status, _ = await office.install(TEAM, KIM)
    await office.quiet()
    assert status == 200
    assert [each.state for each in office.subscriptions()] == ["active"]
    assert "Latest" in await office.call(KIM, "latest", WORLD, TEAM)


async def test_news_of_the_uninstall_that_comes_after_it_was_installed_again(
    office: Office, slack: SlackServer
) -> None:
    office.subscribe("G7")
    payload = {"type": "app_uninstalled"}
    late = await slack.event(TEAM, payload)
    late.payload["event_time"] -= 3600
    late.payload["event_id"] = "Ev0LATE"
    await office.quiet()
    await office.install(TEAM, KIM)
    assert (await late.again()).acknowledged
    await office.quiet()
    assert [each.state for each in office.subscriptions()] == ["active"]
    assert TEAM in {team for team, _ in token_rows(office)}


async def test_declining_is_a_page_that_says_so_and_nothing_is_stored(office: Office, slack: SlackServer) -> None:
    before = token_rows(office)
    status, page = await slack.install(f"{office.url}/slack/install", TEAM, KIM, refuse=True)
    assert status == 200
    assert "Nothing was installed" in page
    assert token_rows(office) == before


async def test_a_token_that_expires_while_nobody_looks_is_renewed_by_the_post_that_needs_it(
    office: Office, slack: SlackServer
) -> None:
    slack.world.rotation = True
    await office.install(TEAM, KIM)
    for token in slack.tokens.values():
        if token.refresh:
            token.expires = slack.world.clock() - 1
    assert "Latest" in await office.call(KIM, "latest", WORLD, TEAM)
    assert "refresh_token" in [call.arguments.get("grant_type") for call in slack.called("oauth.v2.access")]
