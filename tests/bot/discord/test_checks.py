"""What `sidelines doctor` finds out about Discord, and the next step that it names for each fault."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.connectors.discord import checks
from bot.connectors.discord.checks import INVITED, Setup, examine
from bot.findings import Finding
from tests.servers import discord_api, discord_guilds
from tests.servers.discord import Channel, DiscordServer, Guild
from tests.servers.discord_events import INVITED as PERMITTED
from tests.servers.discord_values import PERMISSIONS, bits

NOBODY = "http://127.0.0.1:9"
ALL_WELL = {"token", "app", "intents", "servers", "starts", "clock"}


def setup(discord: DiscordServer, **more: Any) -> Setup:
    return Setup(**{"token": discord.token, "api_url": discord.api_url, **more})


async def findings(about: Setup, now: datetime | None = None) -> dict[str, Finding]:
    """What is found, by what it is about, without the "discord" that each begins with."""
    found = await asyncio.to_thread(examine, about, lambda: now or datetime.now(UTC))
    assert len({each.name for each in found}) == len(found)
    assert [each for each in found if not each.ok and not each.next] == []
    return {each.name.removeprefix("discord "): each for each in found}


def switched(monkeypatch: pytest.MonkeyPatch, name: str = "application", **fields: Any) -> None:
    """Let what Discord tells of the app, or of the starts, have other fields."""
    told: Callable[..., dict[str, Any]] = getattr(discord_guilds, name)

    def answer(world: Any, call: Any) -> dict[str, Any]:
        return {**told(world, call), **fields}

    rows = [(*row[:3], answer if row[0] == name else row[3]) for row in discord_api.PATTERNS]
    monkeypatch.setattr(discord_api, "PATTERNS", rows)


async def test_all_is_well(discord: DiscordServer, news: Channel) -> None:
    found = await findings(setup(discord))
    assert set(found) == ALL_WELL
    assert [each for each in found.values() if not each.ok] == []
    assert found["token"].seen == f"@{discord.bot.name} ({discord.bot.id})"
    assert "public: whoever has the link" in found["app"].seen
    assert found["intents"].seen == "no privileged one is asked for"
    assert found["servers"].seen.startswith("in 1 server; invite it with https://discord.com/oauth2/authorize?")
    assert found["starts"].seen == "1,000 of 1,000 are left today"


async def test_nothing_is_posted_and_no_line_opened(discord: DiscordServer, news: Channel) -> None:
    await findings(setup(discord))
    assert {call.method for call in discord.calls} == {"GET"}
    assert discord.gateway.identifies == 0


async def test_a_token_that_discord_refuses_comes_with_the_next_step_and_is_asked_about_once(
    discord: DiscordServer,
) -> None:
    found = await findings(setup(discord, token="a1.b2.c3"))  # noqa: S106
    assert set(found) == {"token", "clock"}
    assert "401" in found["token"].seen
    assert "Reset Token" in found["token"].next
    assert "DISCORD_TOKEN" in found["token"].next
    assert len(discord.calls) == 1


@pytest.mark.parametrize(("endpoint", "about"), [("me", "token"), ("my_guilds", "servers"), ("application", "app")])
async def test_an_outage_is_no_fault_of_the_token(discord: DiscordServer, endpoint: str, about: str) -> None:
    discord.fail_next(endpoint, status=503)
    found = await findings(setup(discord))
    assert not found[about].ok
    assert "503" in found[about].seen
    assert "discordstatus.com" in found[about].next


async def test_an_address_that_is_not_the_api_is_told_by_its_setting(discord: DiscordServer) -> None:
    found = await findings(setup(discord, api_url=discord.api_url.removesuffix("/v10")))
    assert not found["token"].ok
    assert "DISCORD_API_URL" in found["token"].next
    assert "/api/v10" in found["token"].next


async def test_discord_that_cannot_be_reached_is_said_once(discord: DiscordServer) -> None:
    for about in (setup(discord, api_url=f"{NOBODY}/api/v10"), setup(discord, proxy=NOBODY)):
        (finding,) = (await findings(about)).values()
        assert not finding.ok
        assert "cannot be reached" in finding.seen
        assert ("through DISCORD_PROXY" in finding.seen) is bool(about.proxy)
        assert "DISCORD_API_URL" in finding.next


async def test_everything_goes_through_the_proxy(discord: DiscordServer, news: Channel) -> None:
    found = await findings(setup(discord, proxy=discord.proxy_url))
    assert set(found) == ALL_WELL
    assert all(call.proxied for call in discord.calls)


async def test_the_token_and_the_proxys_password_are_never_shown(discord: DiscordServer) -> None:
    secrets = ("s3cret", discord.token, "a1.b2.c3")
    for about in (
        setup(discord),
        setup(discord, token="a1.b2.c3"),  # noqa: S106
        setup(discord, proxy="http://me:s3cret@127.0.0.1:9"),
    ):
        shown = f"{about!r} {await findings(about)}"
        assert [secret for secret in secrets if secret in shown] == []


@pytest.mark.parametrize(("apart", "well"), [(59, True), (62, False), (-58, True), (-62, False)])
async def test_clocks_may_be_a_minute_apart(discord: DiscordServer, apart: int, well: bool) -> None:
    now = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=apart)
    clock = (await findings(setup(discord), now))["clock"]
    assert clock.ok is well
    if not well:
        assert f"{'ahead of' if apart > 0 else 'behind'} Discord's" in clock.seen


# The app's switches ------------------------------------------------------------------------------------------


async def test_an_app_that_only_its_owners_can_add_is_told(
    discord: DiscordServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    switched(monkeypatch, bot_public=False)
    app = (await findings(setup(discord)))["app"]
    assert app.ok
    assert "private: only its owners" in app.seen


async def test_switches_that_keep_the_app_from_working_are_named_with_their_place(
    discord: DiscordServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    switched(monkeypatch, bot_require_code_grant=True, interactions_endpoint_url="https://old.example.org/in")
    found = await findings(setup(discord))
    assert not found["invitations"].ok
    assert "OAuth2 Code Grant" in found["invitations"].next
    assert not found["commands"].ok
    assert "https://old.example.org/in" in found["commands"].seen
    assert "Interactions Endpoint URL" in found["commands"].next


async def test_privileged_intents_that_are_on_are_not_needed(discord: DiscordServer) -> None:
    discord.privileged.update({"message_content", "members"})
    intents = (await findings(setup(discord)))["intents"]
    assert intents.ok
    assert "Server Members and Message Content can be switched off" in intents.seen


async def test_few_starts_left_are_told(discord: DiscordServer, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = {"total": 1000, "remaining": 9, "reset_after": 7_200_000, "max_concurrency": 1}
    switched(monkeypatch, "gateway_bot", session_start_limit=limit)
    starts = (await findings(setup(discord)))["starts"]
    assert not starts.ok
    assert starts.seen == "only 9 of 1,000 are left, for 2 hours"


# What it may do where ----------------------------------------------------------------------------------------


def without(guild: Guild, *names: str) -> None:
    """Take permissions from the bot in a whole server."""
    guild.everyone.permissions -= set(names)
    guild.bot_role.permissions -= set(names)


async def test_a_server_where_something_is_missing_is_told_with_each_by_name(
    discord: DiscordServer, acme: Guild, news: Channel
) -> None:
    discord.add_guild("Echo").channel("world")
    without(acme, "embed_links", "create_public_threads")
    found = await findings(setup(discord))
    permissions = found[f"permissions in Acme ({acme.id})"]
    assert not permissions.ok
    assert permissions.seen.endswith("missing: Embed Links, Create Public Threads")
    assert "Server Settings, Roles" in permissions.next
    assert "oauth2/authorize" in permissions.next
    assert set(found) == {*ALL_WELL, f"permissions in Acme ({acme.id})"}


async def test_a_server_that_permits_it_in_one_channel_alone_is_well(
    discord: DiscordServer, acme: Guild, news: Channel
) -> None:
    acme.channel("halls")
    without(acme, "view_channel", "send_messages")
    news.allow("view_channel", "send_messages", who=acme.bot_role)
    permissions = (await findings(setup(discord)))[f"permissions in Acme ({acme.id})"]
    assert permissions.ok
    assert permissions.seen == "nothing is missing in #news; elsewhere View Channel, Send Messages"
    news.deny("send_messages")
    assert not (await findings(setup(discord)))[f"permissions in Acme ({acme.id})"].ok
    news.allow("send_messages")
    news.deny("send_messages", who=acme.everyone)
    assert (await findings(setup(discord)))[f"permissions in Acme ({acme.id})"].ok


async def test_an_administrator_lacks_nothing(discord: DiscordServer, acme: Guild) -> None:
    without(acme, *INVITED)
    acme.bot_role.permissions.add("administrator")
    assert set(await findings(setup(discord))) == ALL_WELL


async def test_of_many_servers_only_some_are_looked_into(
    discord: DiscordServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "LOOKED_INTO", 2)
    for name in ("One", "Two", "Three", "Four"):
        without(discord.add_guild(name), "embed_links")
    found = await findings(setup(discord))
    assert len([name for name in found if name.startswith("permissions in")]) == 2
    assert found["permissions elsewhere"].seen == "something is missing in 2 more; not looked into"
    assert len(discord.calls) == 4 + 2 * 2


async def test_before_it_is_in_a_server_the_link_is_the_next_thing(discord: DiscordServer) -> None:
    assert (await findings(setup(discord)))["servers"].seen.startswith("in no server yet; invite it with https://")


def test_the_link_asks_for_what_is_needed_and_no_more() -> None:
    asked = parse_qs(urlsplit(checks.invitation("123456789012345678")).query)
    assert asked["client_id"] == ["123456789012345678"]
    assert asked["scope"] == ["bot applications.commands"]
    assert asked["permissions"] == [bits(set(INVITED))]
    assert set(INVITED) == set(PERMITTED) <= set(PERMISSIONS)


def test_the_readme_has_the_same_link_and_says_why_for_each_permission() -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    section = readme.split("## Install in Discord")[1].split("\n## ")[0]
    assert checks.invitation("YOUR_APPLICATION_ID") in section
    assert [label for label in INVITED.values() if f"\n| {label} | " not in section] == []


# The command -------------------------------------------------------------------------------------------------


@pytest.fixture
def configured(discord: DiscordServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", discord.token)
    monkeypatch.setenv("DISCORD_API_URL", discord.api_url)


@pytest.mark.usefixtures("configured")
async def test_doctor_includes_discord_when_it_is_set_up(discord: DiscordServer, news: Channel, run: Any) -> None:
    result = await asyncio.to_thread(run, "doctor")
    assert result.status == 0
    assert f"ok   discord token: @{discord.bot.name}" in result.out
    assert "slack" not in result.out
    discord.fail_next("me", status=401)
    result = await asyncio.to_thread(run, "doctor")
    assert result.status == 1
    assert "BAD  discord token" in result.out


@pytest.mark.usefixtures("configured")
async def test_offline_asks_nobody(discord: DiscordServer, run: Any) -> None:
    result = await asyncio.to_thread(run, "doctor", "--offline")
    assert result.status == 0
    assert "discord" not in result.out
    assert discord.calls == []
