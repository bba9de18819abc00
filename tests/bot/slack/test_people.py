"""Who somebody is, and what they may manage: asked of Slack once, and only where it matters."""

import pytest

from bot.connectors import DeliveryError
from bot.connectors.slack.people import People
from tests.bot.slack.conftest import CHANNEL, KIM, LEE, OTHER, TEAM


@pytest.fixture
def people(api) -> People:
    return People(api)


async def test_a_profile_is_asked_for_once_in_ten_minutes(slack, people, clock):
    assert people.known(TEAM, KIM) is None
    profile = await people.profile(TEAM, KIM)
    assert (profile.name, profile.admin, profile.zone) == ("kim", True, "Asia/Seoul")
    assert await people.profile(TEAM, KIM) is profile
    assert len(slack.called("users.info")) == 1
    clock.now += 700
    await people.profile(TEAM, KIM)
    assert len(slack.called("users.info")) == 2


@pytest.mark.parametrize("zone", [None, "", "Mars/Olympus", "../../etc/passwd", "/etc/localtime"])
async def test_a_person_without_a_real_zone_has_none(slack, people, zone):
    slack.workspaces[TEAM].users[LEE].tz = zone
    assert (await people.profile(TEAM, LEE)).zone is None


async def test_nobody_is_asked_about_where_nothing_is_managed(slack, people):
    asker = await people.asker(TEAM, CHANNEL, LEE, managing=False, thread="1.1")
    assert (asker.workspace, asker.channel, asker.person) == (f"slack:{TEAM}", f"slack:{TEAM}:#{CHANNEL}", LEE)
    assert (asker.may_manage, asker.zone, asker.thread) == (False, None, "1.1")
    assert slack.called("users.info") == []


async def test_admins_manage_everything(people):
    asker = await people.asker(TEAM, OTHER, KIM, managing=True)
    assert (asker.may_manage, asker.only_here, asker.zone) == (True, False, "Asia/Seoul")


async def test_admins_of_another_workspace_manage_nothing_here(people, api, monkeypatch):
    async def tell(team: str, method: str, *, user: str):
        return {"user": {"id": user, "team_id": "T0ELSE0001", "name": "guest", "is_owner": True}}

    monkeypatch.setattr(api, "call", tell)
    profile = await people.profile(TEAM, "U0GUEST001")
    assert (profile.name, profile.admin) == ("guest", False)


async def test_who_made_a_channel_manages_it_alone(people):
    asker = await people.asker(TEAM, OTHER, LEE, managing=True)
    assert (asker.may_manage, asker.only_here) == (True, True)


async def test_others_learn_who_may(people):
    asker = await people.asker(TEAM, CHANNEL, LEE, managing=True)
    assert not asker.may_manage
    assert asker.managers == "workspace admins and owners, and kim, who made this channel,"


@pytest.mark.parametrize("channel", ["D0LEE00001", LEE])
async def test_everybody_manages_their_own_conversation(slack, people, channel):
    asker = await people.asker(TEAM, channel, LEE, managing=True)
    assert (asker.may_manage, asker.only_here) == (True, True)
    assert slack.called("conversations.info") == []


async def test_a_creator_whom_slack_does_not_show_stands_by_id(slack, people):
    slack.fail_always("users.info", error="user_not_found", when=lambda arguments: arguments["user"] == KIM)
    asker = await people.asker(TEAM, CHANNEL, LEE, managing=True)
    assert not asker.may_manage
    assert KIM in asker.managers


async def test_a_channel_that_slack_does_not_show_has_no_creator(slack, people):
    slack.fail_next("conversations.info", error="channel_not_found")
    asker = await people.asker(TEAM, OTHER, LEE, managing=True)
    assert not asker.may_manage
    assert asker.managers == "workspace admins and owners"


async def test_a_person_whom_slack_does_not_show_manages_nothing(slack, people):
    slack.fail_always("users.info", error="missing_scope")
    with pytest.raises(DeliveryError):
        await people.asker(TEAM, CHANNEL, KIM, managing=True)


async def test_names_stand_for_people(slack, people):
    slack.workspaces[TEAM].users[LEE].name = r"Lee \1 <b>"
    text = f"Asked by @{KIM} and @{LEE}, not @U0NOBODY01, kim@{KIM.lower()}.example."
    named = rf"Asked by kim and Lee \1 <b>, not @U0NOBODY01, kim@{KIM.lower()}.example."
    assert await people.names(TEAM, text) == named


async def test_an_owner_is_found_for_notices(slack, people):
    assert people.admin(TEAM) is None
    await people.look_for_admin(TEAM)
    assert people.admin(TEAM) == KIM
    slack.workspaces[TEAM].user("U0OWNER001", "boss", owner=True)
    await people.look_for_admin(TEAM)
    assert people.admin(TEAM) == "U0OWNER001"


async def test_an_admin_who_did_something_is_known(people):
    await people.profile(TEAM, KIM)
    assert people.admin(TEAM) == KIM
