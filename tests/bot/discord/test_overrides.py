"""Whom a server's own settings let use managing commands may manage; nobody else."""

import pytest

from bot.connectors import Draft
from bot.connectors.discord.overrides import ROLE, USER, permits
from briefings.types import Action, Notice, Reply
from tests.servers import discord_api

PATH = "/applications/{}/guilds/{}/commands/permissions"


@pytest.fixture
def said(monkeypatch):
    """What the server says of its commands, as Discord tells it: rules by the name of a command, "" for all."""
    rules = {}

    def permissions(world, _call):
        ids = {each["name"]: each["id"] for each in world.commands[None]} | {"": world.app_id}
        return [{"id": ids[name], "permissions": given} for name, given in rules.items()]

    pattern = discord_api.re.compile(PATH.replace("{}", "([^/]+)"))
    added = [("command_permissions", "GET", pattern, permissions)]
    monkeypatch.setattr(discord_api, "PATTERNS", added + discord_api.PATTERNS)
    return rules


def may(desk):
    return [asker.may_manage for _, asker in desk.asked]


async def test_whom_the_server_lets_use_a_command_may(discord, desk, said, bot, acme, news, lee):
    said["pause"] = [{"id": lee.id, "type": USER, "permission": True}]
    await discord.command(acme, news, lee, "pause", {"subscription": "5"}, forge=True)
    await discord.command(acme, news, lee, "resume", {"subscription": "5"}, forge=True)
    assert may(desk) == [True, False]
    assert len(discord.called("command_permissions")) == 1


async def test_a_rule_for_all_commands_counts_where_a_command_has_none(discord, desk, said, bot, acme, news, lee):
    said[""] = [{"id": acme.id, "type": ROLE, "permission": True}]
    said["pause"] = [{"id": lee.id, "type": USER, "permission": False}]
    await discord.command(acme, news, lee, "resume", {"subscription": "5"}, forge=True)
    await discord.command(acme, news, lee, "pause", {"subscription": "5"}, forge=True)
    assert may(desk) == [True, False]


async def test_buttons_and_forms_go_by_it_too(discord, desk, said, bot, acme, news, lee):
    said["subscribe"] = [{"id": lee.id, "type": USER, "permission": True}]
    desk.forms["subscribe"] = Draft(channel=f"discord:{acme.id}:#{news.id}")
    desk.replies["latest"] = Reply((Notice("News.", actions=(Action("form", "subscribe"), Action("post", "post 5"))),))
    await discord.command(acme, news, lee, "latest")
    (message,) = [m for m in discord.messages(news) if m.buttons]
    shown = await discord.press(lee, message, "form")
    assert (await discord.submit(lee, shown, {"Topic": "heron"})).shown == "Done."
    await discord.press(lee, message, "post")
    assert may(desk) == [False, True]


async def test_what_discord_does_not_tell_permits_nothing(discord, desk, bot, acme, news, lee):
    await discord.command(acme, news, lee, "pause", {"subscription": "5"}, forge=True)
    assert may(desk) == [False]


async def test_those_who_manage_the_server_need_no_asking(discord, desk, said, bot, acme, news, kim):
    await discord.command(acme, news, kim, "pause", {"subscription": "5"})
    assert may(desk) == [True]
    assert discord.called("command_permissions") == []


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], False),
        ([(ROLE, 7, True)], True),
        ([(ROLE, 7, False), (ROLE, 1, True)], False),
        ([(ROLE, 7, False), (ROLE, 8, True)], True),
        ([(ROLE, 1, True)], True),
        ([(ROLE, 7, True), (USER, 5, False)], False),
        ([(USER, 6, True)], False),
        ([(3, 5, True)], False),
    ],
)
def test_rules(rules, expected):
    given = [{"type": kind, "id": str(id), "permission": yes} for kind, id, yes in rules]
    assert permits(given, 1, 5, {1, 7, 8}) is expected
