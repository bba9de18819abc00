"""The form opens in time and for those who may, subscribes once, and says privately what did not work."""

import asyncio
from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from bot.connectors import Asker, Draft, Suggestion
from bot.connectors.slack import modals
from briefings.types import Action, Briefing, Head, Notice, Reply, Story
from tests.bot.scripted_desk import ScriptedDesk
from tests.bot.slack.conftest import CHANNEL, KIM, LEE, OTHER, TEAM

TOPIC, WHEN, ZONE = "sidelines-pick:topic", "sidelines-pick:when", "sidelines-pick:zone"
FILLED = {TOPIC: "G7", WHEN: "weekdays at 9", ZONE: "UTC", "channel": CHANNEL}
BRIEFING = Briefing(topic="G7", stories=(Story(Head(id=7, title="Ferry returns"), ()),))


class FormDesk(ScriptedDesk):
    """A desk with a form for `subscribe` and `reschedule 5`, `faults` by field, and what was submitted."""

    def __init__(self) -> None:
        super().__init__()
        self.forms = {"subscribe": Draft(when="weekdays at 9"), "reschedule 5": Draft(subscription=5, topic="G7")}
        self.faults: dict[str, str] = {}
        self.submitted: list[tuple[Draft, Asker]] = []
        self.suggested: list[tuple[str, str, Asker]] = []

    async def draft(self, text: str, asker: Asker) -> Draft | None:
        found = await super().draft(text, asker)
        return replace(found, zone=asker.zone or "UTC", channel=asker.channel) if found else None

    async def check(self, draft: Draft, asker: Asker) -> Mapping[str, str]:
        return self.faults

    async def preview(self, draft: Draft, asker: Asker) -> Reply:
        return Reply((Notice(f"{draft.topic} in {draft.channel}"), BRIEFING), private=True)

    async def submit(self, draft: Draft, asker: Asker) -> Reply:
        self.submitted.append((draft, asker))
        return Reply((Notice("Subscribed."),), private=True)

    async def suggest(self, about: str, typed: str, asker: Asker, limit: int) -> list[Suggestion]:
        self.suggested.append((about, typed, asker))
        return [Suggestion(f"{about} {n}", str(n)) for n in range(200)]


@pytest.fixture
def desk() -> FormDesk:
    return FormDesk()


@pytest.fixture
def impatient(monkeypatch):
    """A form waits for nobody who takes any time."""
    monkeypatch.setattr(modals, "HEAD_START", 0.02)


async def opened(slack, person=KIM, channel=CHANNEL):
    done = await slack.command(TEAM, channel, person, "/briefing", "subscribe")
    assert done.acknowledged
    return await slack.wait_for(slack.view), done


async def whispered(slack, done):
    """What came to the response_url of a command."""
    (told,) = await slack.wait_for(lambda: slack.responses(done.payload["response_url"]))
    return told["text"]


def zone(view):
    return next(one["initial_option"]["value"] for one in view.buttons if one["action_id"] == ZONE)


async def test_the_form_opens_with_the_zone_of_the_person(slack, desk, bot):
    view, _ = await opened(slack)
    assert (view.title, zone(view), view.revision) == ("New subscription", "Asia/Seoul", 1)


async def test_a_person_without_a_zone_gets_that_of_the_channel(slack, desk, bot):
    view, _ = await opened(slack, LEE, OTHER)
    assert zone(view) == "UTC"


async def test_a_slow_profile_does_not_keep_the_form_from_opening(slack, desk, bot, impatient):
    slack.delays["users.info"] = 0.3
    view, _ = await opened(slack)
    assert (zone(view), slack.called("users.info")) == ("UTC", [])
    await slack.wait_for(lambda: view.revision == 2)
    assert zone(view) == "Asia/Seoul"


async def test_what_was_shown_meanwhile_is_not_taken_away_by_a_slow_profile(slack, desk, bot, impatient):
    slack.delays["users.info"] = 0.3
    view, _ = await opened(slack)
    await slack.press(TEAM, KIM, view, "Preview", filled=FILLED)
    await slack.wait_for(lambda: slack.called("users.info") and len(slack.called("views.update")) == 2)
    assert "Ferry returns" in view.shown


async def test_who_may_not_manage_is_told_so_and_sees_no_form(slack, desk, bot):
    desk.replies["subscribe"] = Reply((Notice("Ask an admin.", "refused"),), private=True, found=False)
    done = await slack.command(TEAM, CHANNEL, LEE, "/briefing", "subscribe")
    assert "Ask an admin." in await whispered(slack, done)
    assert slack.called("views.open") == []


async def test_a_form_that_opened_before_it_was_known_who_asks_becomes_the_refusal(slack, desk, bot, impatient):
    desk.replies["subscribe"] = Reply((Notice("Ask an admin.", "refused"),), private=True, found=False)
    slack.delays["users.info"] = 0.3
    view, _ = await opened(slack, LEE)
    await slack.wait_for(lambda: "Ask an admin." in view.shown)
    assert [one["action_id"] for one in view.buttons] == []


async def test_without_any_profile_the_form_opens_and_nothing_is_saved(slack, desk, bot):
    slack.fail_always("users.info", error="access_denied")
    view, done = await opened(slack)
    assert (await slack.submit(view, FILLED)).acknowledged
    assert "nothing was done" in await whispered(slack, done)
    assert desk.submitted == []


async def test_a_form_that_cannot_open_in_time_is_offered_again(slack, desk, bot):
    slack.fail_next("views.open", error="expired_trigger_id")
    done = await slack.command(TEAM, CHANNEL, KIM, "/briefing", "subscribe")
    assert "could not open the form in time" in await whispered(slack, done)


async def test_what_is_typed_is_answered_with_choices(slack, desk, bot):
    view, _ = await opened(slack)
    done = await slack.options(view, TOPIC, "kor")
    assert done.acknowledged
    assert len(done.body["options"]) == 100
    about, typed, asker = desk.suggested[-1]
    assert (about, typed, asker.workspace, asker.channel) == (
        "topic",
        "kor",
        f"slack:{TEAM}",
        f"slack:{TEAM}:#{CHANNEL}",
    )


async def test_a_menu_of_an_old_version_has_no_choices(slack, desk, bot):
    view, _ = await opened(slack)
    view.raw["blocks"][0]["element"]["action_id"] = "sidelines-pick:colour"
    done = await slack.options(view, "sidelines-pick:colour", "r")
    assert (done.acknowledged, done.body["options"]) == (True, [])


async def test_what_is_wrong_stands_at_its_field_until_it_is_put_right(slack, desk, bot):
    view, done = await opened(slack)
    desk.faults = {"when": "No such day.", "zone": "No such zone."}
    refused = await slack.submit(view, FILLED)
    assert refused.body["errors"] == {"when": "No such day.", "zone:Asia/Seoul": "No such zone."}
    assert view.open
    desk.faults = {}
    await slack.submit(view, FILLED)
    assert await whispered(slack, done) == "Subscribed."


async def test_a_form_submitted_four_times_at_once_and_later_again_subscribes_once(slack, desk, bot):
    view, done = await opened(slack)
    first = await slack.submit(view, FILLED)
    repeats = await asyncio.gather(*(first.again(number) for number in (1, 2, 3)))
    assert all(delivery.acknowledged for delivery in [first, *repeats])
    await whispered(slack, done)
    assert (await first.again()).acknowledged
    view.open = True
    assert (await slack.submit(view, FILLED)).acknowledged
    ((draft, asker),) = desk.submitted
    assert draft == Draft(topic="G7", when="weekdays at 9", zone="UTC", channel=f"slack:{TEAM}:#{CHANNEL}")
    assert (asker.person, asker.may_manage, asker.channel) == (KIM, True, f"slack:{TEAM}:#{CHANNEL}")


async def test_rights_are_those_in_the_channel_that_was_picked(slack, desk, bot):
    view, _ = await opened(slack, LEE, OTHER)
    await slack.submit(view, FILLED)
    ((_, asker),) = await slack.wait_for(lambda: desk.submitted)
    assert (asker.channel, asker.may_manage) == (f"slack:{TEAM}:#{CHANNEL}", False)


async def test_a_preview_stands_below_the_form_and_keeps_what_is_filled_in(slack, desk, bot):
    view, _ = await opened(slack)
    done = await slack.press(TEAM, KIM, view, "Preview", filled=FILLED)
    assert done.acknowledged
    await slack.wait_for(lambda: "Ferry returns" in view.shown)
    await slack.submit(view, FILLED)
    await slack.wait_for(lambda: desk.submitted)


async def test_a_preview_of_a_wrong_form_says_what_is_wrong(slack, desk, bot):
    view, _ = await opened(slack)
    desk.faults = {"when": "No such day.", "zone": "No such day."}
    await slack.press(TEAM, KIM, view, "Preview", filled=FILLED)
    await slack.wait_for(lambda: view.shown.count("No such day.") == 1)


async def test_a_channel_deleted_or_archived_meanwhile_is_told_privately(slack, desk, bot):
    view, done = await opened(slack)
    await slack.delete_channel(TEAM, OTHER, LEE)
    await slack.submit(view, {**FILLED, "channel": OTHER})
    assert "That was not saved. Slack shows Sidelines no such channel" in await whispered(slack, done)
    view, done = await opened(slack)
    slack.workspaces[TEAM].channel("C0OLD00001", "old", archived=True)
    await slack.submit(view, {**FILLED, "channel": "C0OLD00001"})
    assert "archived" in await whispered(slack, done)
    assert desk.submitted == []


async def test_a_channel_without_the_bot_is_subscribed_with_a_word_on_inviting_it(slack, desk, bot):
    slack.workspaces[TEAM].channel("C0FAR00001", "far", bot=False)
    view, done = await opened(slack)
    await slack.submit(view, {**FILLED, "channel": "C0FAR00001"})
    told = await slack.wait_for(lambda: len(r := slack.responses(done.payload["response_url"])) == 2 and r)
    assert [one["text"] for one in told] == [
        "Subscribed.",
        "Sidelines is not in <#C0FAR00001> yet: type /invite @Sidelines there, so that it can post.",
    ]


async def test_a_form_asked_for_in_a_direct_conversation_is_answered_there_and_known_by_the_person(slack, desk, bot):
    direct = slack.workspaces[TEAM].direct(KIM).id
    view, _ = await opened(slack, KIM, direct)
    await slack.submit(view, {**FILLED, "channel": None})
    (told,) = await slack.wait_for(lambda: slack.posts(direct))
    assert told.shown == "Subscribed."
    assert desk.submitted[0][0].channel == f"slack:{TEAM}:#{KIM}"


# Buttons in modals and on the Home tab ------------------------------------------------------------------------


@pytest.fixture
async def home(slack, desk, bot):
    """A Home tab with buttons that do all that buttons may."""
    buttons = tuple(Action(word, word) for word in ("pause 5", "preview 5", "reschedule 5", "subscribe", "refuse"))

    async def shown(asker):
        return (Notice("The dashboard.", actions=buttons),)

    desk.home = shown
    await slack.home_opened(TEAM, KIM)
    return await slack.wait_for(lambda: slack.home(TEAM, KIM))


async def test_a_press_at_home_acts_once_and_shows_there_what_came_of_it(slack, desk, home):
    desk.replies["pause 5"] = Reply((Notice("Paused, said @U0LEE00001."),))
    done = await slack.press(TEAM, KIM, home, "pause 5")
    await asyncio.gather(*(done.again(number) for number in (1, 2, 3)))
    await slack.wait_for(lambda: home.shown.startswith("Paused, said lee."))
    assert desk.words == ["pause 5"]
    assert desk.asked[0][1].may_manage


@pytest.mark.parametrize("reply", [Reply((BRIEFING,)), Reply((Notice("Ferry returns? No."),), found=False)])
async def test_a_press_that_shows_something_opens_a_modal_with_buttons_that_work(slack, desk, home, reply):
    desk.replies["preview 5"] = replace(
        reply, contents=tuple(replace(it, actions=(Action("post it", "post 5"),)) for it in reply.contents)
    )
    assert (await slack.press(TEAM, KIM, home, "preview 5")).acknowledged
    view = await slack.wait_for(slack.view)
    assert "Ferry returns" in view.shown
    desk.replies["post 5"] = Reply((Notice("On its way.", actions=(Action("change", "reschedule 5"),)),))
    done = await slack.press(TEAM, KIM, view, "post it")
    await done.again()
    await slack.wait_for(lambda: view.shown.startswith("On its way."))
    assert desk.words.count("post 5") == 1
    await slack.press(TEAM, KIM, view, "change")
    await slack.wait_for(lambda: view.title == "Subscription 5")


async def test_what_no_modal_can_show_is_shown_at_home(slack, desk, home):
    desk.replies["preview 5"] = Reply((BRIEFING,))
    slack.fail_next("views.open", error="expired_trigger_id")
    await slack.press(TEAM, KIM, home, "preview 5")
    await slack.wait_for(lambda: "Ferry returns" in home.shown)


async def test_a_form_opened_at_home_is_answered_there(slack, desk, home):
    await slack.press(TEAM, KIM, home, "subscribe")
    view = await slack.wait_for(slack.view)
    await slack.submit(view, FILLED)
    await slack.wait_for(lambda: home.shown.startswith("Subscribed."))


async def test_a_press_of_somebody_unknown_does_nothing(slack, desk, start):
    async def shown(asker):
        return (Notice("The dashboard.", actions=(Action("pause 5", "pause 5"),)),)

    desk.home = shown
    slack.fail_always("users.info", error="access_denied")
    await start()
    await slack.home_opened(TEAM, LEE)
    home = await slack.wait_for(lambda: slack.home(TEAM, LEE))
    await slack.press(TEAM, LEE, home, "pause 5")
    view = await slack.wait_for(slack.view)
    assert "nothing was done" in view.shown
    assert desk.words == []


async def test_a_link_button_in_a_view_is_acknowledged(slack, desk, home):
    link = {"type": "button", "action_id": "sidelines-home:9", "url": "https://example.org", "block_id": "b"}
    assert (await slack.press(TEAM, KIM, home, link)).acknowledged
    assert desk.words == []
