"""The Home tab is published when it is opened, for the person who looks, and holds however much there is."""

import asyncio

from briefings.types import Action, Item, Listing, Notice
from tests.bot.slack.conftest import KIM, LEE, TEAM


async def test_opening_the_tab_shows_the_dashboard_of_who_looks(slack, desk, bot):
    asked = []

    async def home(asker):
        asked.append(asker)
        return (Listing("Subscriptions", (Item("1. G7 in #C0WORLD001", "set up by @U0LEE00001"),)), Notice("All well."))

    desk.home = home
    assert (await slack.home_opened(TEAM, KIM)).acknowledged
    home = await slack.wait_for(lambda: slack.home(TEAM, KIM))
    assert "set up by lee" in home.shown
    assert "All well." in home.shown
    assert (asked[0].person, asked[0].workspace, asked[0].may_manage) == (KIM, f"slack:{TEAM}", True)
    assert asked[0].zone == "Asia/Seoul"
    assert slack.home(TEAM, LEE) is None


async def test_the_messages_tab_shows_no_dashboard(slack, desk, bot):
    for tab in ("messages", "about", None):
        assert (await slack.event(TEAM, {"type": "app_home_opened", "user": KIM, "tab": tab})).acknowledged
    await slack.home_opened(TEAM, LEE)
    await slack.wait_for(lambda: slack.home(TEAM, LEE))
    assert slack.home(TEAM, KIM) is None


async def test_two_hundred_subscriptions_fit_with_a_line_on_the_rest(slack, desk, bot):
    buttons = tuple(Action(word, f"{word} 1") for word in ("edit", "pause", "test", "remove"))

    async def home(asker):
        return (
            Listing(
                "Subscriptions",
                tuple(Item(f"{n}. G7", "next", None, buttons) for n in range(200)),
                whole="subscriptions",
            ),
        )

    desk.home = home
    await slack.home_opened(TEAM, KIM)
    home = await slack.wait_for(lambda: slack.home(TEAM, KIM))
    assert len(home.blocks) <= 100
    assert "/briefing subscriptions" in home.shown


async def test_somebody_whom_slack_does_not_name_sees_what_all_may_see(slack, desk, bot):
    asked = []

    async def home(asker):
        asked.append(asker.may_manage)
        return (Notice("For all."),)

    desk.home = home
    slack.fail_always("users.info", error="access_denied")
    await slack.home_opened(TEAM, KIM)
    await slack.wait_for(lambda: slack.home(TEAM, KIM))
    assert asked == [False]


async def test_a_tab_that_slack_refuses_to_show_is_shown_the_next_time(slack, desk, bot, caplog):
    slack.fail_next("views.publish", error="not_enabled")
    assert (await slack.home_opened(TEAM, KIM)).acknowledged
    await slack.wait_for(lambda: slack.called("views.publish"))
    await asyncio.gather(*(slack.home_opened(TEAM, KIM) for _ in range(3)))
    await slack.wait_for(lambda: slack.home(TEAM, KIM))
    assert "the Home tab is as it was" in caplog.text
