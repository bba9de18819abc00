"""Two workspaces that installed the bot by OAuth: neither sees or touches what is the other's, whatever it forges."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from briefings.types import Preferences
from tests.servers.slack import SlackServer
from tests.waiting import until
from tests.wire.conftest import Opener
from tests.wire.forged import FORGED
from tests.wire.office import BOLT, KIM, LEE, MAX, NEWS, OTHER, TEAM, WORLD, Office, acknowledged, stock, text_of

CRANE = "Old crane in the harbour turns once more"


class Two(Office):
    """An office whose other workspace, Bolt, has an article, a subscription, a source, a topic and a setting."""

    article: int
    number: int
    source: int
    delivery: int

    def of_bolt(self) -> dict[str, Any]:
        """Everything that is stored of Bolt."""
        workspace = f"slack:{OTHER}"
        return {
            "subscriptions": self.subscriptions(OTHER),
            "sources": [(it.id, it.name, it.paused, it.held) for it in self.storage.sources.list(workspace)],
            "topics": self.storage.topics.list(workspace),
            "preferences": self.storage.preferences.merged(workspace, f"{workspace}:#{BOLT}", Preferences()),
            "deliveries": self.storage.outbox.history(workspace, limit=100),
            "posts": self.slack.posts(BOLT),
        }


@pytest.fixture
async def two(opened: Opener, unpaced: None, slack: SlackServer) -> Two:
    slack.pace.per_channel = None
    office = await opened("oauth", Two)
    await office.stop()
    office.open()
    (office.article,) = stock(office.storage, "crane.md", workspace=f"slack:{OTHER}")
    office.close()
    await office.start()
    office.number = office.subscribe("harbour", BOLT, by=MAX, team=OTHER)
    office.source = office.storage.sources.add(
        workspace=f"slack:{OTHER}", url="https://cranes.example.org/feed", name="Crane Weekly", now=datetime.now(UTC)
    ).id
    for words in ("topic add Cranes = crane OR crab", "settings style full", "settings quiet 01:00-02:00 in #world"):
        assert await office.call(MAX, words, BOLT, OTHER)
    (lead, *_) = await office.said(BOLT, slack.command(OTHER, BOLT, MAX, "/briefing", "subscriptions"))
    assert "harbour" in lead.shown
    acknowledged(await slack.press(OTHER, MAX, lead, forged(f"post {office.number}")))
    await office.quiet()
    assert CRANE in text_of(slack.posts(BOLT))
    office.delivery = office.storage.outbox.history(f"slack:{OTHER}", limit=1)[0].id
    return office


def forged(command: str) -> dict[str, Any]:
    """A button as nobody was shown it."""
    return {"type": "button", "action_id": "sidelines:0", "block_id": "forged", "value": command}


def own_tokens_alone(slack: SlackServer) -> None:
    """No call with the token of one workspace names a channel or person of the other."""
    theirs = {TEAM: str([BOLT, MAX, "D" + MAX[1:]]), OTHER: str([WORLD, NEWS, KIM, LEE, "D" + KIM[1:]])}
    for call in slack.calls:
        if call.team and call.ok:
            for name in ("channel", "user", "user_id", "channel_id"):
                assert f"'{call.arguments.get(name)}'" not in theirs[call.team], call


async def test_each_sees_its_own(two: Two):
    slack = two.slack
    for words in ("subscriptions", "topics", "latest", "ask does the old crane turn?"):
        shown = await two.call(KIM, words)
        assert "harbour\n" not in shown
        assert "Cranes" not in shown
        assert CRANE not in shown
    assert "style: brief" in await two.type(KIM, "settings")
    assert CRANE not in await two.type(KIM, f"brief {CRANE}")
    assert "Stored: no" in await two.type(KIM, "why https://harbour.example.org/crane")
    assert "Crane" not in await two.type(KIM, "why https://cranes.example.org/one")
    assert "Crane" not in await two.type(KIM, "sources")
    home = await two.home(KIM, "Nothing is subscribed", slack.home_opened(TEAM, KIM))
    assert CRANE not in home.shown
    assert "Crane Weekly" not in home.shown
    home = await two.home(MAX, "harbour", slack.home_opened(OTHER, MAX), team=OTHER)
    assert CRANE in home.shown
    assert "Crane Weekly" in home.shown
    assert CRANE in text_of(await two.said(BOLT, slack.command(OTHER, BOLT, MAX, "/briefing", "latest")))
    assert CRANE in text_of(await two.said(BOLT, slack.mention(OTHER, BOLT, MAX, "does the old crane turn?")))
    own_tokens_alone(slack)


async def test_menus_offer_what_is_their_own(two: Two):
    form = await two.viewed(two.command(KIM, "subscribe"))
    await two.quiet()
    choices = (await two.slack.options(form, "sidelines-pick:topic", "")).body["options"]
    assert choices == []
    done, thread = await two.slack.assistant(TEAM, LEE)
    acknowledged(done)
    await two.quiet()
    assert CRANE not in str(two.slack.pane("D" + LEE[1:], thread))


FORGED_HERE = (
    *FORGED,
    "post again {delivery}",
    *(f"source {verb} {{source}}" for verb in ("remove", "pause", "resume", "check", "accept", "skip")),
    "source remove Crane Weekly",
    "source remove https://cranes.example.org/feed",
    "feeds export",
)


async def test_forged_numbers_in_buttons_reach_nothing(two: Two):
    slack, before = two.slack, two.of_bolt()
    (listed,) = await two.said(WORLD, two.command(KIM, "topics"))
    for command in FORGED_HERE:
        words = command.format(number=two.number, source=two.source, delivery=two.delivery, article=two.article)
        posted, whispered = len(slack.posts(WORLD)), len(slack.ephemerals(WORLD, KIM))
        acknowledged(await slack.press(TEAM, KIM, listed, forged(words)))
        await two.quiet()
        told = [*slack.posts(WORLD)[posted:], *slack.ephemerals(WORLD, KIM)[whispered:]]
        assert len(told) == 1, words
        assert "Old crane" not in text_of(told), words
        assert "is read" not in text_of(told), words
        assert slack.view() is None, words
        assert two.of_bolt() == before, words
    own_tokens_alone(slack)


async def test_forged_forms_reach_nothing(two: Two):
    slack, before = two.slack, two.of_bolt()
    filled = {"sidelines-pick:topic": "ferry", "sidelines-pick:when": "hourly"}
    for metadata, channel in (
        ({"channel": WORLD, "subscription": two.number}, WORLD),
        ({"channel": BOLT}, WORLD),
        ({"channel": WORLD}, BOLT),
        ({"channel": f"{WORLD}:#{BOLT}", "subscription": two.number}, f"x:slack:{OTHER}:#{BOLT}"),
    ):
        form = await two.viewed(two.command(KIM, "subscribe"))
        await two.quiet()
        form.raw["private_metadata"] = json.dumps(metadata)
        acknowledged(await slack.press(TEAM, KIM, form, "Preview", filled={**filled, "channel": channel}))
        await two.quiet()
        assert "crane" not in form.shown.casefold()
        form.raw["private_metadata"] = json.dumps(metadata)
        acknowledged(await slack.submit(form, {**filled, "channel": channel}))
        await two.quiet()
        form.open = False
    assert two.of_bolt() == before
    assert {it.channel for it in two.subscriptions()} <= {f"slack:{TEAM}:#{WORLD}"}
    own_tokens_alone(slack)


FORGED_CHANNELS = [
    f"subscribe ferry hourly in <#{BOLT}|world>",
    f"subscribe ferry hourly in #slack:{OTHER}:#{BOLT}",
    f"settings style headlines in <#{BOLT}|world>",
    f"settings quiet off in #slack:{OTHER}:#{BOLT}",
    f"subscriptions in <#{BOLT}|world>",
    f"unsubscribe harbour in <#{BOLT}|world>",
    f"settings managers add <@{KIM}> in <#{BOLT}|world>",
]


async def test_forged_channels_reach_nothing(two: Two):
    before = two.of_bolt()
    for words in FORGED_CHANNELS:
        acknowledged(await two.slack.command(TEAM, WORLD, KIM, "/briefing", words, raw=True))
        await two.quiet()
        assert two.of_bolt() == before, words
    assert "harbour in" not in text_of(two.slack.posts(WORLD))
    assert {it.workspace for it in two.subscriptions()} <= {f"slack:{TEAM}"}
    own_tokens_alone(two.slack)


async def test_a_briefing_that_is_due_goes_to_its_own_workspace(two: Two):
    slack = two.slack
    seen = len(slack.posts(BOLT))
    stock(two.storage, "strike.md", workspace=f"slack:{OTHER}")
    two.subscribe("harbour", WORLD, when="every minute", due=timedelta())
    two.subscribe("crane", BOLT, when="every minute", due=timedelta(), team=OTHER, by=MAX)
    await slack.wait_for(lambda: len(slack.posts(BOLT)) > seen)
    await two.quiet()
    assert "strike" in text_of(slack.posts(BOLT)[seen:])
    assert "strike" not in text_of(slack.posts(WORLD))
    own_tokens_alone(slack)


async def test_ids_that_one_workspace_takes_are_not_taken_from_the_other(two: Two):
    """Event and view ids are Slack's own; somebody who guesses those of others keeps nothing from them."""
    slack = two.slack
    direct = {"type": "message", "channel_type": "im", "text": "help", "ts": "1700000000.000100"}
    for team, person in ((TEAM, KIM), (OTHER, MAX)):
        place = slack.workspaces[team].direct(person).id
        inner = {**direct, "user": person, "channel": place}
        assert await two.said(place, slack.event(team, inner, event_id="Ev00SAME"))
    theirs = await two.viewed(slack.command(OTHER, BOLT, MAX, "/briefing", "subscribe"))
    await two.quiet()
    ours = await two.viewed(two.command(KIM, "subscribe"))
    await two.quiet()
    ours.id, own = theirs.id, ours.id
    filled = {"sidelines-pick:topic": "ferry", "sidelines-pick:when": "hourly"}
    acknowledged(await slack.submit(ours, {**filled, "channel": WORLD}))
    await two.quiet()
    ours.id = own
    acknowledged(await slack.submit(theirs, {**filled, "channel": BOLT}))
    await two.quiet()
    assert [it.topic for it in two.subscriptions(OTHER)] == ["harbour", "ferry"]
    assert [it.topic for it in two.subscriptions(TEAM)] == ["ferry"]


async def test_after_the_stated_time_nothing_is_left_of_one_and_all_of_the_other(two: Two):
    number = two.subscribe("ferry", WORLD)
    acknowledged(await two.slack.uninstall(OTHER))
    await two.quiet()
    await two.restart()
    await two.quiet()
    assert len(two.subscriptions(OTHER)) == 1
    two.settings["SIDELINES_DATA_KEEP_AFTER_LEAVING"] = "0"
    await two.restart()
    await until(lambda: not two.subscriptions(OTHER))
    theirs = two.of_bolt()
    assert theirs["subscriptions"] == theirs["sources"] == theirs["topics"] == theirs["deliveries"] == []
    assert theirs["preferences"] == Preferences()
    assert two.storage.articles.get(two.article, f"slack:{OTHER}") is None
    assert [it.id for it in two.subscriptions()] == [number]
    assert "What you can type" in await two.type(KIM, "help")


async def test_questions_are_kept_nowhere(office: Office):
    slack, secret = office.slack, "quokkaparty"
    acknowledged(await slack.mention(TEAM, WORLD, LEE, f"what of the {secret}?"))
    acknowledged(await slack.direct(TEAM, LEE, f"what of the {secret} and the captain?"))
    acknowledged(await office.command(LEE, f"ask {secret} captain"))
    acknowledged(await office.command(LEE, f"brief {secret}"))
    form = await office.viewed(slack.shortcut(TEAM, LEE, "sidelines:ask"))
    acknowledged(await slack.submit(form, {"question": f"captain {secret}"}))
    await office.quiet()
    assert secret in str([call.arguments for call in slack.calls])
    await office.stop()
    files = [path for path in office.folder.rglob("*") if path.is_file()]
    assert any(path.stat().st_size > 10_000 for path in files)
    assert [path for path in files if secret.encode() in path.read_bytes()] == []
