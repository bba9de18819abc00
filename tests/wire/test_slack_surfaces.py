"""The form, the Home tab, the assistant pane and the shortcuts, over the wire, in both modes."""

from tests.wire.office import ANN, KIM, LEE, NEWS, TEAM, WORLD, Office, acknowledged, labels, text_of

SUMMIT = "Two neighbours use the G7 sidelines to mend a quarrel"
TOPIC, WHEN, ZONE = "sidelines-pick:topic", "sidelines-pick:when", "sidelines-pick:zone"


def initial(view, field: str) -> str | None:
    """What a field of a form holds first."""
    element = next(one for one in view.buttons if one["action_id"] == field)
    return (element.get("initial_option") or {}).get("value") or element.get("initial_conversation")


# The form


async def test_subscribe_alone_opens_a_form_set_for_the_person_and_the_channel(office: Office):
    form = await office.viewed(office.command(KIM, "subscribe"))
    await office.quiet()
    assert form.title == "New subscription"
    assert initial(form, ZONE) == "Asia/Seoul"
    assert initial(form, "channel") == WORLD
    assert not office.slack.called("conversations.list")


async def test_a_person_without_a_zone_gets_the_usual_one(office: Office):
    await office.call(KIM, "settings managers everyone")
    form = await office.viewed(office.command(LEE, "subscribe"))
    await office.quiet()
    assert initial(form, ZONE) == "UTC"


async def test_the_menus_of_the_form_search_while_one_types(office: Office):
    slack = office.slack
    await office.call(KIM, "topic add Timber trade = timber OR sawmills")
    form = await office.viewed(office.command(KIM, "subscribe"))

    async def choices(field: str, typed: str) -> list[str]:
        done = acknowledged(await slack.options(form, field, typed))
        return [option["value"] for option in done.body["options"]]

    assert await choices(TOPIC, "tim") == ["tim", "Timber trade"]
    assert "Timber trade" in await choices(TOPIC, "")
    assert (await choices(WHEN, "fridays"))[0].startswith("fridays")
    assert await choices(WHEN, "daily at 17:45") == ["daily at 17:45"]
    assert await choices(ZONE, "seoul") == ["Asia/Seoul"]
    assert len(await choices(ZONE, "")) == 100


async def test_the_form_previews_and_subscribes(office: Office):
    slack = office.slack
    form = await office.viewed(office.command(KIM, "subscribe"))
    await office.quiet()
    filled = {TOPIC: "G7", WHEN: "fridays at 16:00", "channel": NEWS, "style": "headlines"}
    acknowledged(await slack.press(TEAM, KIM, form, "Preview", filled=filled))
    await office.quiet()
    assert "fridays at 16:00 (Asia/Seoul)" in form.shown
    assert SUMMIT in form.shown
    assert office.subscriptions() == []
    told = await office.whispers(WORLD, KIM, slack.submit(form, filled))
    assert not form.open
    assert "This is number 1" in text_of(told)
    (it,) = office.subscriptions()
    assert (it.topic, it.schedule.words, it.schedule.zone) == ("G7", "fridays at 16:00", "Asia/Seoul")
    assert it.channel == f"slack:{TEAM}:#{NEWS}"


async def test_the_form_says_at_each_field_what_is_wrong(office: Office):
    form = await office.viewed(office.command(KIM, "subscribe"))
    await office.quiet()
    done = acknowledged(await office.slack.submit(form, {TOPIC: "G7", WHEN: "every blue moon", ZONE: "Mars/Crater"}))
    assert done.body["response_action"] == "errors"
    assert any("blue" in sentence for sentence in done.body["errors"].values())
    assert any("Mars/Crater" in sentence for sentence in done.body["errors"].values())
    assert form.open
    done = acknowledged(await office.slack.submit(form, {TOPIC: '"no end', WHEN: "hourly"}))
    assert "topic" in done.body["errors"]
    assert office.subscriptions() == []


async def test_who_may_not_manage_gets_a_refusal_and_no_form(office: Office):
    told = await office.whispers(NEWS, LEE, office.command(LEE, "subscribe", channel=NEWS))
    assert "ann" in text_of(told)
    assert office.slack.view() is None


async def test_a_mention_cannot_open_a_form_and_offers_a_button_that_does(office: Office):
    slack = office.slack
    told = await office.whispers(WORLD, KIM, slack.mention(TEAM, WORLD, KIM, "subscribe"))
    form = await office.viewed(slack.press(TEAM, KIM, told[0], labels(told)[0]))
    assert form.title == "New subscription"


# The Home tab


async def test_the_home_tab_shows_subscriptions_and_its_buttons_work(office: Office):
    slack = office.slack
    office.subscribe("ferry")
    home = await office.home(KIM, "ferry", slack.home_opened(TEAM, KIM))
    for words in ("daily at 9", "none delivered yet", "3 articles are stored", "zone: Asia/Seoul"):
        assert words in home.shown
    await office.home(KIM, "is paused", slack.press(TEAM, KIM, home, "pause"))
    assert office.subscriptions()[0].state == "paused"
    await office.home(KIM, "goes on", slack.press(TEAM, KIM, home, "resume"))
    await office.quiet()
    test = await office.viewed(slack.press(TEAM, KIM, home, "test"))
    assert "Night ferry" in test.shown
    await office.quiet()
    form = await office.viewed(slack.press(TEAM, KIM, home, "edit"))
    assert form.title == "Subscription 1"
    await office.home(KIM, "mondays at 9", slack.submit(form, {WHEN: "mondays at 9"}))
    await office.quiet()
    await office.home(KIM, "is gone", slack.press(TEAM, KIM, home, "remove"))
    await office.quiet()
    assert office.subscriptions() == []
    assert "Nothing is subscribed yet" in home.shown
    form = await office.viewed(slack.press(TEAM, KIM, home, "subscribe"))
    assert form.title == "New subscription"


async def test_the_home_tab_of_others_shows_no_health_and_no_buttons_to_manage(office: Office):
    office.subscribe("ferry")
    home = await office.home(LEE, "ferry", office.slack.home_opened(TEAM, LEE))
    assert "articles are stored" not in home.shown
    assert "pause" not in labels([home])


# The assistant pane


async def test_the_assistant_pane_greets_offers_works_and_names_the_conversation(office: Office):
    slack = office.slack
    done, thread = await slack.assistant(TEAM, LEE, WORLD)
    acknowledged(done)
    await office.quiet()
    direct = slack.workspaces[TEAM].direct(LEE).id
    (greeting,) = slack.replies(direct, thread)
    assert "Ask me about the news" in greeting.shown
    prompts = slack.pane(direct, thread)["prompts"]
    assert 1 <= len(prompts) <= 4
    acknowledged(await slack.direct(TEAM, LEE, "who counts the lorries?", thread=thread))
    await office.quiet()
    answer = slack.replies(direct, thread)[-1]
    assert "count the lorries" in answer.shown
    done = slack.pane(direct, thread)["all"]
    assert any(key == "status" and value for key, value in done)
    assert [value for key, value in done if key == "title"] == ["who counts the lorries?"]
    assert not slack.pane(direct, thread).get("status")


async def test_each_prompt_of_the_pane_works(office: Office):
    slack = office.slack
    done, thread = await slack.assistant(TEAM, LEE)
    acknowledged(done)
    await office.quiet()
    direct = slack.workspaces[TEAM].direct(LEE).id
    for prompt in slack.pane(direct, thread)["prompts"]:
        (answer, *_) = await office.said(direct, slack.direct(TEAM, LEE, prompt["message"], thread=thread))
        assert "I have nothing" not in answer.shown


# Shortcuts


async def test_ask_from_anywhere_is_answered_by_a_direct_message(office: Office):
    slack = office.slack
    form = await office.viewed(slack.shortcut(TEAM, LEE, "sidelines:ask"))
    direct = slack.workspaces[TEAM].direct(LEE).id
    (answer,) = await office.said(direct, slack.submit(form, {"question": "who counts the lorries?"}))
    assert "count the lorries" in answer.shown
    form = await office.viewed(slack.shortcut(TEAM, LEE, "sidelines:ask"))
    done = acknowledged(await slack.submit(form, {"question": "   "}))
    assert "errors" in done.body


async def test_a_link_in_a_message_is_briefed_for_who_asked_alone(office: Office):
    slack = office.slack
    for words, told in (
        ("Seen this? https://harbour.example.org/g7-sidelines?utm_source=chat", SUMMIT),
        ("And this? https://nowhere.example.org/page", "private network"),
        ("No link in here.", "That message has no link"),
    ):
        post = acknowledged(await slack.message(TEAM, WORLD, ANN, words))
        message = next(one for one in slack.messages(WORLD) if one.ts == post.ts)
        shown = await office.whispers(WORLD, LEE, slack.message_shortcut(TEAM, LEE, message, "sidelines:brief_link"))
        assert told in text_of(shown)
    assert slack.posts(WORLD) == []
