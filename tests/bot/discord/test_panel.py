"""The settings panel shows what is set, and changes it by the same words that people type."""

import pytest

from bot.connectors.discord.panel import form, panel
from briefings.types import Item, Listing, Notice, Reply
from tests.servers.discord import message_faults, modal_faults

SET = {
    "zone": "UTC", "style": "brief", "stories": "5", "sentences": "3", "quiet": "off", "empty": "silent",
    "managers": "managers, @100000000000000555",
}  # fmt: skip


@pytest.fixture
def settings(desk):
    """Settings that are kept, behind the desk."""
    now = dict(SET)
    answer = desk.answer

    async def answered(text, asker):
        await answer(text, asker)
        words = text.partition(" in #")[0].split(" ", 2)
        if len(words) == 3:
            if not asker.may_manage or words[2] == "wrong":
                return Reply((Notice(f"Not {words[2]}.", "refused"),), private=True, found=False)
            now[words[1]] = words[2]
        return Reply((listing(now),), private=True)

    desk.answer = answered
    return now


def listing(now):
    return Listing("Settings here", tuple(Item(f"{name}: {value}", "what it is") for name, value in now.items()))


def menu(message, name):
    return next(each for each in message.buttons if f":{name}:" in each["custom_id"])


def chosen(message, name):
    return [each["value"] for each in menu(message, name)["options"] if each["default"]]


async def test_what_is_chosen_is_set_and_shown_after_a_restart_too(
    discord, desk, start, settings, bot, acme, news, kim
):
    done = await discord.command(acme, news, kim, "settings")
    assert done.ephemeral
    assert "style: brief" in done.shown
    assert chosen(done.response, "style") == ["brief"]
    await start.stop()
    await start()
    await discord.press(kim, done.response, menu(done.response, "style"), ["full"])
    assert settings["style"] == "full"
    assert chosen(done.response, "style") == ["full"]
    assert "style: full" in done.response.shown


async def test_a_channel_of_its_own(discord, desk, settings, bot, acme, news, kim):
    done = await discord.command(acme, news, kim, "settings", {"channel": news})
    await discord.press(kim, done.response, menu(done.response, "empty"), ["say"])
    assert f"settings empty say in #{news.id}" in desk.words


async def test_what_is_typed_is_set_where_it_changed(discord, desk, settings, bot, acme, news, kim):
    done = await discord.command(acme, news, kim, "settings")
    shown = await discord.press(kim, done.response, "time zone, quiet hours, sentences")
    await discord.submit(kim, shown, {"Time zone": "Asia/Seoul", "Quiet hours": "wrong"})
    assert [text for text in desk.words if text != "settings"] == ["settings zone Asia/Seoul", "settings quiet wrong"]
    assert settings["zone"] == "Asia/Seoul"
    assert "Seoul" in done.response.shown
    assert "Not wrong." in done.response.shown


async def test_who_may_not_manage_sees_no_menus_and_changes_nothing(discord, desk, settings, bot, acme, news, kim, lee):
    read = await discord.command(acme, news, lee, "settings", forge=True)
    assert read.response.buttons == []
    done = await discord.command(acme, news, kim, "settings")
    forged = await discord.press(lee, done.response, menu(done.response, "style"), ["full"], forge=True)
    assert settings["style"] == "brief"
    assert forged.acknowledged


@pytest.mark.parametrize("channel", [None, 12345678901234567890])
@pytest.mark.parametrize("now", [SET, {**SET, "zone": "x" * 300, "stories": "7"}, {}])
def test_panel_and_form_fit(now, channel):
    contents = [listing(now), Notice("Not that.", "refused")]
    assert message_faults(panel(contents, channel, menus=True)) == []
    assert modal_faults(form(now, channel)) == []
    assert "Not that." in panel(contents, channel, menus=False)["content"]


def test_without_a_list_the_reason_is_shown():
    assert panel([Notice("Out of order.", "problem")], None, menus=True)["content"] == "Out of order."
