"""Whatever Slack delivers again, in sequence, at once, after a restart or as a repeat alone, is answered once."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from tests.servers.slack import Delivery
from tests.wire.office import ANN, KIM, LEE, NEWS, TEAM, WORLD, Office, acknowledged


class Repeating:
    """A way to the bot that delivers everything four times: one after the other, or all at once."""

    def __init__(self, inner: Any, at_once: bool) -> None:
        self.inner, self.at_once = inner, at_once

    async def deliver(self, kind: Any, payload: dict[str, Any], **how: Any) -> Delivery:
        marks = [{}, *({"retry": number} for number in (1, 2, 3))]
        if self.at_once:
            done = await asyncio.gather(*(self.inner.deliver(kind, payload, **how, **mark) for mark in marks))
        else:
            done = [await self.inner.deliver(kind, payload, **how, **mark) for mark in marks]
        for each in done:
            acknowledged(each)
        return done[0]


class OnlyRepeat:
    """A way to the bot on which the first delivery of everything was lost."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def deliver(self, kind: Any, payload: dict[str, Any], **how: Any) -> Delivery:
        return acknowledged(await self.inner.deliver(kind, payload, retry=1, reason="http_timeout", **how))


# Each way in: prepared before anything is repeated, the deed itself, and how many answers there are by now ----------

Deed = Callable[[], Awaitable[Any]]
Way = Callable[[Office], Awaitable[tuple[Deed, Callable[[], int]]]]


async def mention(office: Office):
    deed = partial(office.slack.mention, TEAM, WORLD, LEE, "who counts the lorries?")
    return deed, lambda: len(office.slack.posts(WORLD))


async def direct(office: Office):
    deed = partial(office.slack.direct, TEAM, LEE, "who counts the lorries?")
    return deed, lambda: len(office.slack.posts(office.slack.workspaces[TEAM].direct(LEE).id))


async def follow_up(office: Office):
    asked = await office.slack.mention(TEAM, WORLD, LEE, "who counts the lorries?")
    await office.quiet()
    deed = partial(office.slack.message, TEAM, WORLD, LEE, "what of timber?", thread=asked.ts)
    return deed, lambda: len(office.slack.posts(WORLD)) - 1


async def command(office: Office):
    deed = partial(office.command, LEE, "help")
    return deed, lambda: len(office.slack.ephemerals(WORLD, LEE))


async def form(office: Office):
    deed = partial(office.command, KIM, "subscribe")
    return deed, lambda: len(office.slack.called("views.open"))


async def button(office: Office):
    (listed,) = await office.said(WORLD, office.command(LEE, "latest ferry"))
    deed = partial(office.slack.press, TEAM, LEE, listed, "brief me")
    return deed, lambda: len(office.slack.ephemerals(WORLD, LEE))


async def submission(office: Office):
    view = await office.viewed(office.command(KIM, "subscribe"))
    await office.quiet()
    filled = {"sidelines-pick:topic": "chess", "sidelines-pick:when": "hourly", "channel": NEWS}
    deed = partial(office.slack.submit, view, filled)
    return deed, lambda: len(office.slack.ephemerals(WORLD, KIM))


async def question(office: Office):
    view = await office.viewed(office.slack.shortcut(TEAM, LEE, "sidelines:ask"))
    deed = partial(office.slack.submit, view, {"question": "who counts the lorries?"})
    return deed, lambda: len(office.slack.posts(office.slack.workspaces[TEAM].direct(LEE).id))


async def link(office: Office):
    post = await office.slack.message(TEAM, WORLD, ANN, "Look: https://harbour.example.org/night-ferry")
    message = next(one for one in office.slack.messages(WORLD) if one.ts == post.ts)
    deed = partial(office.slack.message_shortcut, TEAM, LEE, message, "sidelines:brief_link")
    return deed, lambda: len(office.slack.ephemerals(WORLD, LEE))


async def invitation(office: Office):
    office.slack.workspaces[TEAM].channel("C0FRESH001", "fresh", creator=ANN, bot=False)
    deed = partial(office.slack.invite, TEAM, "C0FRESH001", by=ANN)
    return deed, lambda: len(office.slack.posts("C0FRESH001"))


async def removal(office: Office):
    office.subscribe("ferry", NEWS, by=KIM)
    deed = partial(office.slack.remove, TEAM, NEWS)
    return deed, lambda: len(office.slack.posts(office.slack.workspaces[TEAM].direct(KIM).id))


async def pane(office: Office):
    async def deed() -> Delivery:
        return (await office.slack.assistant(TEAM, LEE, WORLD))[0]

    return deed, lambda: len(office.slack.posts(office.slack.workspaces[TEAM].direct(LEE).id))


async def home(office: Office):
    view = await office.home(KIM, "Nothing is subscribed", office.slack.home_opened(TEAM, KIM))
    await office.quiet()
    deed = partial(office.slack.press, TEAM, KIM, view, "help")
    return deed, lambda: len(office.slack.called("views.open"))


WAYS: list[Way] = [
    mention,
    direct,
    follow_up,
    command,
    form,
    button,
    submission,
    question,
    link,
    invitation,
    removal,
    pane,
    home,
]
every_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)


@every_way
@pytest.mark.parametrize("at_once", [False, True], ids=["in sequence", "at once"])
async def test_delivered_four_times_it_is_answered_once(office: Office, way: Way, at_once: bool):
    deed, answers = await way(office)
    office.slack.transport = Repeating(office.slack.transport, at_once)
    await deed()
    await office.quiet()
    assert answers() == 1


@every_way
async def test_the_only_delivery_bears_a_retry_mark_and_is_answered(office: Office, way: Way):
    deed, answers = await way(office)
    office.slack.transport = OnlyRepeat(office.slack.transport)
    await deed()
    await office.quiet()
    assert answers() == 1


@every_way
async def test_restarted_between_deliveries_it_is_answered_once(office: Office, way: Way):
    deed, answers = await way(office)
    done = await deed()
    await office.quiet()
    assert answers() == 1
    await office.restart()
    for delivery in (done, *done.also):
        acknowledged(await delivery.again())
    await office.quiet()
    assert answers() == 1


async def test_a_button_works_after_a_restart(office: Office):
    (listed,) = await office.said(WORLD, office.command(LEE, "latest ferry"))
    await office.restart()
    assert await office.whispers(WORLD, LEE, office.slack.press(TEAM, LEE, listed, "brief me"))


async def test_a_thread_goes_on_after_a_restart(office: Office):
    asked = await office.slack.mention(TEAM, WORLD, LEE, "who counts the lorries?")
    await office.quiet()
    await office.restart()
    (answer,) = await office.said(WORLD, office.slack.message(TEAM, WORLD, LEE, "what of timber?", thread=asked.ts))
    assert answer.thread_ts == asked.ts
