"""Bad and odd things that come in, over the wire, in both modes: each is acknowledged, and does what it should."""

import asyncio
import random

import pytest

from briefings.types import Section
from tests.wire.office import ANN, KIM, LEE, NEWS, TEAM, WORLD, Office, acknowledged, labels, text_of
from tests.wire.whole import store

OLD_BUTTON = {"type": "button", "action_id": "digest:open:42", "block_id": "x", "value": "open 42"}


# What is none of ours


@pytest.mark.parametrize("kept", ["app_mention", "message.channels"])
async def test_either_event_of_a_mention_will_do(office: Office, kept: str):
    office.slack.events = {kept}
    asked = await office.slack.mention(TEAM, WORLD, LEE, "who counts the lorries?")
    await office.quiet()
    assert len(office.slack.replies(WORLD, asked.ts)) == 1


async def test_own_messages_those_of_bots_and_edits_are_ignored(office: Office):
    slack = office.slack
    acme = slack.workspaces[TEAM]
    acme.user("U0ROBOT001", "robot", bot=True)
    acme.channels[WORLD].members.add("U0ROBOT001")
    await slack.mention(TEAM, WORLD, "U0ROBOT001", "who counts the lorries?")
    await slack.message(TEAM, WORLD, acme.bot_user, f"<@{acme.bot_user}> help", raw=True)
    await slack.message(TEAM, WORLD, LEE, "The lorries were counted.")
    post = slack.messages(WORLD)[-1]
    acknowledged(await slack.edit(TEAM, post, f"<@{acme.bot_user}> who counts the lorries?"))
    direct = await slack.direct(TEAM, LEE, "hello")
    await office.quiet()
    post = next(one for one in slack.messages(acme.direct(LEE).id) if one.ts == direct.ts)
    seen = len(slack.posts(acme.direct(LEE).id))
    acknowledged(await slack.edit(TEAM, post, "who counts the lorries?"))
    await office.quiet()
    assert slack.posts(WORLD) == []
    assert len(slack.posts(acme.direct(LEE).id)) == seen


async def test_what_nobody_listens_to_is_acknowledged(office: Office):
    slack = office.slack
    for inner in (
        {"type": "reaction_added", "user": LEE, "reaction": "eyes", "item": {"type": "message", "channel": WORLD}},
        {"type": "team_rename", "name": "Acme and Sons"},
        {"type": "message", "subtype": "channel_topic", "user": LEE, "channel": WORLD, "ts": "1.2", "text": "x"},
        {"type": "message", "channel": WORLD, "ts": "1.3"},
        {"type": "tokens_revoked", "tokens": {"oauth": ["U1"]}},
        {"type": "something_new"},
    ):
        acknowledged(await slack.event(TEAM, inner))
    acknowledged(await slack.shortcut(TEAM, LEE, "nobody:knows"))
    await office.quiet()
    assert not slack.called("chat.postMessage")
    assert "I do not know that command" in text_of(
        await office.whispers(WORLD, LEE, slack.command(TEAM, WORLD, LEE, "/oldbriefing", "help"))
    )


async def test_that_slack_held_events_back_is_acknowledged(office: Office):
    about = {"minute_rate_limited": 1_700_000_000, "api_app_id": "A0SIDELINES", "token": "x"}
    payload = {"type": "app_rate_limited", "team_id": TEAM, **about}
    acknowledged(await office.slack.transport.deliver("event", payload))


async def test_a_button_of_an_old_version_is_answered_with_a_sentence(office: Office):
    (listed,) = await office.said(WORLD, office.command(LEE, "latest"))
    told = await office.whispers(WORLD, LEE, office.slack.press(TEAM, LEE, listed, OLD_BUTTON))
    assert "older version" in text_of(told)
    strange = {**OLD_BUTTON, "action_id": "sidelines:0", "value": "conjure 9/9"}
    assert await office.said(WORLD, office.slack.press(TEAM, LEE, listed, strange))


@pytest.mark.parametrize(
    "words",
    [
        "\0",
        "💥" * 4000,
        "ask " + "x" * 30_000,
        "&lt;!channel&gt; <!here> <@U0LEE00001>",
        "subscribe " + '"' * 900,
        "post 99999999999999999999",
    ],
    ids=["NUL", "emoji", "long", "mentions", "quotes", "large number"],
)
async def test_whatever_is_typed_is_answered(office: Office, words: str):
    acknowledged(await office.slack.command(TEAM, WORLD, KIM, "/briefing", words, raw=True))
    await office.quiet()
    assert office.slack.ephemerals(WORLD, KIM) or office.slack.posts(WORLD)


# Who does it, and when


async def test_a_form_submitted_twice_subscribes_once(office: Office):
    slack = office.slack
    view = await office.viewed(office.command(KIM, "subscribe"))
    await office.quiet()
    filled = {"sidelines-pick:topic": "ferry", "sidelines-pick:when": "hourly", "channel": NEWS}
    acknowledged(await slack.submit(view, filled))
    acknowledged(await slack.submit(view, filled))
    await office.quiet()
    assert len(office.subscriptions()) == 1
    assert text_of(slack.ephemerals(WORLD, KIM)).count("This is number 1") == 1


@pytest.mark.parametrize(
    "command",
    ["unsubscribe 1", "pause 1", "post 1", "reschedule 1 hourly", "reschedule 1", "subscribe", "post story 1"],
)
async def test_somebody_who_may_not_presses_a_button(office: Office, command: str):
    slack = office.slack
    office.subscribe("ferry", NEWS)
    before = office.subscriptions()
    (listed,) = await office.said(NEWS, office.command(LEE, "latest", channel=NEWS))
    button = {**OLD_BUTTON, "action_id": "sidelines:1", "value": command}
    told = await office.whispers(NEWS, LEE, slack.press(TEAM, LEE, listed, button))
    assert "workspace admins and owners" in text_of(told)
    assert "ann" in text_of(told)
    assert office.subscriptions() == before
    assert len(slack.posts(NEWS)) == 1
    assert slack.view() is None


async def test_somebody_who_may_not_submits_a_form(office: Office):
    """The form was open before the rights were taken away; what it says then names who can."""
    await office.call(KIM, "settings managers everyone")
    view = await office.viewed(office.command(LEE, "subscribe"))
    await office.quiet()
    await office.call(KIM, "settings managers managers")
    filled = {"sidelines-pick:topic": "ferry", "sidelines-pick:when": "hourly", "channel": NEWS}
    told = await office.whispers(WORLD, LEE, office.slack.submit(view, filled))
    assert "workspace admins and owners" in text_of(told)
    assert office.subscriptions() == []


async def test_two_people_press_at_once_and_it_is_posted_once(office: Office):
    slack = office.slack
    slack.workspaces[TEAM].users[ANN].admin = True
    office.subscribe("ferry", NEWS)
    (listed,) = await office.said(WORLD, office.command(LEE, "latest"))
    button = {**OLD_BUTTON, "action_id": "sidelines:1", "value": "post 1"}
    for done in await asyncio.gather(*(slack.press(TEAM, person, listed, button) for person in (KIM, ANN, KIM, ANN))):
        acknowledged(done)
    await office.quiet()
    assert len(slack.posts(NEWS)) == 1
    told = text_of([*slack.ephemerals(WORLD, KIM), *slack.ephemerals(WORLD, ANN)])
    assert told.count("is on its way") == 1
    assert told.count("has had everything") == 3


async def test_a_channel_is_deleted_between_preview_and_post(office: Office):
    slack = office.slack
    told = await office.whispers(WORLD, KIM, office.command(KIM, "subscribe ferry daily at 9 in #news"))
    preview = next(message for message in told if "post it" in labels([message]))
    del slack.workspaces[TEAM].channels[NEWS]
    await office.whispers(WORLD, KIM, slack.press(TEAM, KIM, preview, "post it"))
    (notice,) = slack.posts(slack.workspaces[TEAM].direct(KIM).id)
    assert "could not be posted" in notice.shown
    assert "deleted or private" in notice.shown
    assert len(office.subscriptions()) == 1


async def test_a_channel_is_deleted_while_the_form_is_open(office: Office):
    slack = office.slack
    view = await office.viewed(office.command(KIM, "subscribe"))
    await office.quiet()
    del slack.workspaces[TEAM].channels[NEWS]
    filled = {"sidelines-pick:topic": "ferry", "sidelines-pick:when": "hourly", "channel": NEWS}
    told = await office.whispers(WORLD, KIM, slack.submit(view, filled))
    assert "was not saved" in text_of(told)
    assert office.subscriptions() == []


async def test_a_person_who_left_presses_a_button(office: Office):
    (listed,) = await office.said(WORLD, office.command(LEE, "latest ferry"))
    acme = office.slack.workspaces[TEAM]
    press = office.slack.press(TEAM, LEE, listed, "brief me")
    acme.users[LEE].deleted = True
    assert await office.whispers(WORLD, LEE, press)


# What articles hold

ARABIC, EMOJI = "العبّارة تبحر من جديد إلى جزيرة إلم", "🚢🎉 Ferry party 👩‍👩‍👧‍👦 on the pier 🇪🇺"
HOSTILE = "<!channel> & <@U0LEE00001> *bold* `code` :tada: <https://evil.example.org|click>"


@pytest.mark.parametrize("title", [ARABIC, EMOJI, HOSTILE], ids=["right to left", "emoji", "hostile"])
async def test_odd_headlines_arrive_word_for_word_and_mention_nobody(office: Office, title: str):
    store(office.storage, title, Section("But why?", (("The harbour master laughed about it all day long.",),)))
    await follow(office, "harbour master")
    (listed,) = await office.said(WORLD, office.command(LEE, "latest"))
    assert title in listed.shown
    assert title in await office.type(LEE, "brief harbour master laughed")
    assert title in await office.call(LEE, "ask did the harbour master laugh?")


def told(chance: random.Random, number: int) -> str:
    one, two, three, four = ("".join(chance.choices("bdfgklmnprstvz", k=7)) for _ in range(4))
    return f"Keeper {one.title()} of {two} lost {number} {three} ropes to the {four} gale."


async def test_an_article_of_200_sections_arrives_whole(office: Office):
    slack, chance = office.slack, random.Random(200)
    sections = [
        Section(f"Pier number {number}", (tuple(told(chance, number) for _ in range(3)),)) for number in range(200)
    ]
    store(office.storage, "Ropes lost on every pier of the harbour", *sections)
    await follow(office, "ropes")
    briefing = await office.whispers(WORLD, KIM, office.command(KIM, "brief ropes lost on every pier"))
    holder = next(message for message in briefing if "post here" in labels([message]))
    await office.whispers(WORLD, KIM, slack.press(TEAM, KIM, holder, "post here"))
    lead, *rest = slack.posts(WORLD)
    assert {message.thread_ts for message in rest} == {lead.ts}
    for shown in (text_of(briefing), text_of([lead, *rest])):
        for section in sections:
            assert f"{section.heading}\n" in shown
            assert any(sentence in shown for sentence in section.sentences)


async def follow(office: Office, words: str) -> None:
    """Until the bot has taken a stored article in."""
    direct = office.slack.workspaces[TEAM].direct(ANN).id
    for _ in range(100):
        (answer,) = await office.said(direct, office.slack.direct(TEAM, ANN, f"ask {words}"))
        if "I have nothing on that" not in answer.shown:
            return
    raise AssertionError("it was not taken in")
