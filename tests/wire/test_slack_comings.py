"""Briefings on time, and what comes of invitations, removals, archives and uninstalling; in both modes."""

import asyncio
from datetime import UTC, datetime, timedelta

from tests.wire.office import ANN, KIM, LEE, NEWS, TEAM, WORLD, Office, acknowledged, labels, stock, text_of

FERRY = "Night ferry to Elm Island keeps its captain"


# On time


async def test_a_briefing_comes_when_it_is_due_and_once(office: Office):
    office.subscribe("ferry", when="every minute", due=timedelta())
    await office.slack.wait_for(lambda: office.slack.posts(WORLD))
    await office.quiet()
    (posted,) = office.slack.posts(WORLD)
    assert FERRY in posted.shown
    assert "Harbour Post" in posted.shown
    assert "late" not in posted.shown
    (it,) = office.subscriptions()
    assert it.last_delivered is not None
    assert it.next_due is not None


async def test_after_a_long_stop_one_briefing_comes_and_says_that_it_is_late(office: Office):
    await office.stop()
    office.open()
    passed = datetime.now(UTC) - timedelta(hours=2)
    office.subscribe("ferry", due=timedelta(days=3), when=f"daily at {passed:%H:%M}")
    office.close()
    await office.start()
    await office.slack.wait_for(lambda: office.slack.posts(WORLD))
    await office.quiet()
    (posted,) = office.slack.posts(WORLD)
    assert "late" in posted.shown


async def test_as_it_happens_a_story_comes_when_it_arrives(office: Office):
    assert "whenever a matching story arrives" in await office.type(KIM, "subscribe harbour as it happens")
    await asyncio.to_thread(stock, office.storage, "crane.md")
    await office.slack.wait_for(lambda: office.slack.posts(WORLD))
    await office.quiet()
    assert "Old crane" in text_of(office.slack.posts(WORLD))


async def test_more_under_a_briefing_shows_the_rest(office: Office):
    await office.call(KIM, "settings stories 1")
    office.subscribe("G7", due=timedelta())
    await office.slack.wait_for(lambda: len(office.slack.posts(WORLD)) > 1)
    await office.quiet()
    lead = next(message for message in office.slack.posts(WORLD) if "more" in labels([message]))
    rest = await office.whispers(WORLD, LEE, office.slack.press(TEAM, LEE, lead, "more"))
    assert "G7" in text_of(rest)


async def test_a_question_in_the_thread_of_a_briefing_needs_no_mention(office: Office):
    office.subscribe("ferry", when="every minute", due=timedelta())
    await office.slack.wait_for(lambda: office.slack.posts(WORLD))
    await office.quiet()
    (posted,) = office.slack.posts(WORLD)
    await office.restart()
    (answer,) = await office.said(
        WORLD, office.slack.message(TEAM, WORLD, LEE, "how many names had passengers collected?", thread=posted.ts)
    )
    assert answer.thread_ts == posted.ts
    assert "2,600 names" in answer.shown


# Joining and leaving


async def test_invited_it_says_in_one_message_what_it_can_do(office: Office):
    acme = office.slack.workspaces[TEAM]
    acme.channel("C0FRESH001", "fresh", creator=ANN, bot=False)
    (greeting,) = await office.said("C0FRESH001", office.slack.invite(TEAM, "C0FRESH001", by=ANN))
    assert "I am Sidelines" in greeting.shown
    assert labels([greeting]) == ["subscribe", "latest headlines", "help"]
    (answer,) = await office.said("C0FRESH001", office.slack.press(TEAM, LEE, greeting, "latest headlines"))
    assert FERRY in answer.shown
    acknowledged(await office.slack.remove(TEAM, "C0FRESH001"))
    acknowledged(await office.slack.invite(TEAM, "C0FRESH001", by=ANN))
    await office.quiet()
    assert len(office.slack.posts("C0FRESH001")) == 2


async def test_somebody_else_joins_and_nothing_is_said(office: Office):
    joined = {"type": "member_joined_channel", "user": LEE, "channel": WORLD, "channel_type": "C", "team": TEAM}
    acknowledged(await office.slack.event(TEAM, joined))
    await office.quiet()
    assert office.slack.posts(WORLD) == []


async def test_removed_it_stops_tells_and_goes_on_when_invited_again(office: Office):
    slack = office.slack
    office.subscribe("ferry", NEWS, by=KIM)
    direct = slack.workspaces[TEAM].direct(KIM).id
    (told,) = await office.said(direct, slack.remove(TEAM, NEWS))
    assert "are stopped" in told.shown
    assert "/invite @Sidelines" in told.shown
    assert office.subscriptions()[0].state == "blocked"
    (told, *_) = await office.said(direct, slack.invite(TEAM, NEWS, by=ANN))
    assert "go on" in told.shown
    assert office.subscriptions()[0].state == "active"


async def test_archived_and_back(office: Office):
    slack = office.slack
    office.subscribe("ferry", NEWS, by=KIM)
    direct = slack.workspaces[TEAM].direct(KIM).id
    (told,) = await office.said(direct, slack.archive(TEAM, NEWS, by=ANN))
    assert "archived" in told.shown
    (told,) = await office.said(direct, slack.archive(TEAM, NEWS, by=ANN, back=True))
    assert "go on" in told.shown
    assert office.subscriptions()[0].state == "active"


async def test_deleted_the_subscription_is_kept_and_told_of(office: Office):
    slack = office.slack
    office.subscribe("ferry", NEWS, by=KIM)
    (told,) = await office.said(slack.workspaces[TEAM].direct(KIM).id, slack.delete_channel(TEAM, NEWS, by=ANN))
    assert "deleted" in told.shown
    assert office.subscriptions()[0].state == "blocked"


CODES = (
    "not_in_channel",
    "is_archived",
    "channel_not_found",
    "restricted_action",
    "account_inactive",
    "token_revoked",
    "a_code_from_tomorrow",
)


async def test_what_slack_refuses_is_told_once_and_resumes_by_itself(office: Office):
    """Each code that means that somebody must act: pause and tell, and after access returns a trial lets it go on."""
    slack = office.slack
    direct = slack.workspaces[TEAM].direct(KIM).id
    for number, code in enumerate(CODES):
        office.slack.workspaces[TEAM].channel(f"C0NEW{number}0000", f"new{number}", creator=KIM)
        fault = slack.fail_always(
            "chat.postMessage", error=code, when=lambda args, id=f"C0NEW{number}0000": args["channel"] == id
        )
        assert fault.error == code
        office.subscribe("ferry", f"C0NEW{number}0000", due=timedelta(), by=KIM)
    await slack.wait_for(lambda: len(slack.posts(direct)) >= len(CODES), timeout=20)
    await office.quiet()
    assert len(slack.posts(direct)) == len(CODES)
    assert {it.state for it in office.subscriptions()} == {"blocked"}
    slack.heal()
    for it in office.subscriptions():
        office.try_again(it.id)
    await slack.wait_for(lambda: all(slack.posts(f"C0NEW{number}0000") for number in range(len(CODES))), timeout=20)
    await office.quiet(20)
    assert {it.state for it in office.subscriptions()} == {"active"}
    assert [len(slack.posts(f"C0NEW{number}0000")) for number in range(len(CODES))] == [1] * len(CODES)


async def test_uninstalled_everything_is_kept_for_a_while(office: Office):
    office.subscribe("ferry", NEWS)
    acknowledged(await office.slack.uninstall(TEAM))
    await office.quiet()
    (it,) = office.subscriptions()
    assert it.state == "blocked"
    assert office.storage.workspaces.gone(it.created + timedelta(days=1)) == [f"slack:{TEAM}"]
