"""Every row of the table of what people type, over the wire, in both modes. Sources are in `test_slack_sources`."""

from tests.wire.office import ANN, KIM, LEE, NEWS, SECRET, TEAM, WORLD, Office, acknowledged, labels, text_of

QUESTION = "what about the G7 sidelines talks?"
SUMMIT = "Two neighbours use the G7 sidelines to mend a quarrel"
SAWMILLS = "Sawmills hire again as the G7 bridge deal nears"
FERRY = "Night ferry to Elm Island keeps its captain"


# ask


async def test_a_mention_is_answered_in_its_thread_and_follow_ups_need_no_mention(office: Office):
    slack = office.slack
    asked = acknowledged(await slack.mention(TEAM, WORLD, LEE, QUESTION))
    await office.quiet()
    (answer,) = slack.replies(WORLD, asked.ts)
    for words in (SUMMIT, "Harbour Post", "21 Nov 2026"):
        assert words in answer.shown
    assert "https://harbour.example.org/g7-sidelines" in str(answer.blocks)
    assert "brief me" in labels([answer])
    (second,) = await office.said(
        WORLD, slack.message(TEAM, WORLD, LEE, "who lost jobs at the sawmills?", thread=asked.ts)
    )
    assert second.thread_ts == asked.ts
    assert "4,000 jobs" in second.shown
    await slack.message(TEAM, WORLD, LEE, "who lost jobs at the sawmills?")
    await slack.message(TEAM, WORLD, LEE, f"<@{KIM}> do you know of the sawmills?", thread=asked.ts, raw=True)
    await office.quiet()
    assert len(slack.posts(WORLD)) == 2


async def test_a_mention_within_a_thread_is_answered_there(office: Office):
    first = acknowledged(await office.slack.message(TEAM, WORLD, ANN, "I read about the captain."))
    (answer,) = await office.said(
        WORLD, office.slack.mention(TEAM, WORLD, LEE, "what does captain Brandt say?", thread=first.ts)
    )
    assert answer.thread_ts == first.ts
    assert "every rock" in answer.shown


async def test_a_direct_message_is_a_question(office: Office):
    channel = office.slack.workspaces[TEAM].direct(LEE).id
    (answer,) = await office.said(channel, office.slack.direct(TEAM, LEE, "how many houses were ordered?"))
    assert "1,100 houses" in answer.shown
    (answer,) = await office.said(channel, office.slack.direct(TEAM, LEE, "brief ups and downs"))
    assert "18 percent" in answer.shown


async def test_the_command_asks_and_says_honestly_that_there_is_nothing(office: Office):
    assert SUMMIT in await office.call(LEE, f"ask {QUESTION}")
    nothing = await office.call(LEE, "ask who won the chess cup?")
    assert "I have nothing on that" in nothing
    assert "chess" in nothing


async def test_where_the_bot_is_not_a_command_is_answered_all_the_same(office: Office):
    acme = office.slack.workspaces[TEAM]
    acme.channels[WORLD].members.discard(acme.bot_user)
    assert SUMMIT in await office.type(LEE, f"ask {QUESTION}")


async def test_more_and_brief_me(office: Office):
    slack = office.slack
    (answer,) = await office.said(WORLD, office.command(LEE, "ask what about timber?"))
    assert "more" in labels([answer])
    more = await office.whispers(WORLD, LEE, slack.press(TEAM, LEE, answer, "more"))
    assert SUMMIT in text_of(more) or SAWMILLS in text_of(more)
    briefed = await office.whispers(WORLD, LEE, slack.press(TEAM, LEE, answer, "brief me"))
    assert SUMMIT in text_of(briefed) or SAWMILLS in text_of(briefed)


async def test_a_button_says_that_something_is_wrong_and_managers_hear_of_it(office: Office):
    slack = office.slack
    (answer,) = await office.said(WORLD, office.command(LEE, "ask captain Brandt rock"))
    thanks = await office.whispers(WORLD, LEE, slack.press(TEAM, LEE, answer, "wrong?"))
    assert "Thank you" in text_of(thanks)
    (told,) = slack.posts(slack.workspaces[TEAM].direct(KIM).id)
    assert "A reader says that something is wrong" in told.shown


# brief, latest


async def test_a_briefing_is_private_and_a_manager_posts_it_here(office: Office):
    slack = office.slack
    briefing = await office.whispers(WORLD, LEE, office.command(LEE, "brief G7"))
    assert SUMMIT in text_of(briefing)
    assert SAWMILLS in text_of(briefing)
    assert "post here" not in labels(briefing)
    briefing = await office.whispers(WORLD, KIM, office.command(KIM, "brief G7"))
    holder = next(message for message in briefing if "post here" in labels([message]))
    posted = await office.said(WORLD, slack.press(TEAM, KIM, holder, "post here"))
    assert SUMMIT in text_of(posted)
    assert posted[0].thread_ts is None
    assert {message.thread_ts for message in posted[1:]} <= {posted[0].ts}


async def test_a_section_alone(office: Office):
    for words in ("brief ups and downs", "brief Ups and Downs"):
        shown = await office.type(LEE, words)
        assert "18 percent" in shown
        assert "How long will it hold?" not in shown


async def test_a_headline_and_nothing(office: Office):
    assert "until he is seventy" in await office.type(LEE, "brief Night ferry to Elm Island")
    assert "I have nothing on that" in await office.type(LEE, "brief chess")


async def test_latest_lists_headlines_with_buttons(office: Office):
    listed = await office.call(LEE, "latest")
    for title in (SUMMIT, SAWMILLS, FERRY):
        assert title in listed
    (of_topic,) = await office.said(WORLD, office.command(LEE, "latest ferry"))
    assert FERRY in of_topic.shown
    assert SUMMIT not in of_topic.shown
    briefed = await office.whispers(WORLD, LEE, office.slack.press(TEAM, LEE, of_topic, "brief me"))
    assert "Captain Odo Brandt" in text_of(briefed)


# subscribe and managing


async def test_subscribing_shows_a_preview_and_its_buttons_work(office: Office):
    slack = office.slack
    told = await office.whispers(WORLD, KIM, office.command(KIM, "subscribe G7 weekdays at 9 in #news"))
    assert "weekdays at 9 (Asia/Seoul)" in text_of(told)
    assert text_of(told).count("KST") == 3
    assert SUMMIT in text_of(told)
    assert slack.posts(NEWS) == []
    preview = next(message for message in told if "post it" in labels([message]))
    assert {"post it", "change", "cancel"} <= set(labels([preview]))
    await office.whispers(WORLD, KIM, slack.press(TEAM, KIM, preview, "post it"))
    assert SUMMIT in text_of(slack.posts(NEWS))
    form = await office.viewed(slack.press(TEAM, KIM, preview, "change"))
    assert form.title == "Subscription 1"
    changed = await office.whispers(WORLD, KIM, slack.submit(form, {"sidelines-pick:when": "fridays at 16:00"}))
    assert "fridays at 16:00" in text_of(changed)
    await slack.press(TEAM, KIM, preview, "cancel")
    await office.quiet()
    assert "number 1 is gone" in slack.ephemerals(WORLD, KIM)[-1].shown
    assert office.subscriptions() == []


async def test_subscribing_a_channel_says_when_the_bot_cannot_post_there(office: Office):
    office.slack.workspaces[TEAM].channel("C0FRESH001", "fresh", creator=ANN, bot=False)
    told = await office.type(KIM, "subscribe ferry daily at 9 in #fresh")
    assert "number 1" in told
    assert "/invite @Sidelines" in told
    refused = await office.whispers(
        WORLD,
        KIM,
        office.slack.command(TEAM, WORLD, KIM, "/briefing", "subscribe chess hourly in <#C0NOWHERE1|no>", raw=True),
    )
    assert "was not saved" in text_of(refused)
    assert [it.topic for it in office.subscriptions()] == ["ferry"]


async def test_a_life_of_a_subscription_by_words(office: Office):
    assert "Nothing is subscribed" in await office.call(KIM, "subscriptions")
    assert "number 1" in await office.type(KIM, "subscribe ferry daily at 9 Europe/Berlin")
    listed = await office.call(KIM, "subscriptions")
    assert "daily at 9 (Europe/Berlin)" in listed
    assert "none delivered yet" in listed
    assert "is paused" in await office.call(KIM, "pause 1")
    assert "paused" in await office.call(LEE, "subscriptions in #world")
    assert "goes on" in await office.call(KIM, "resume ferry")
    assert "mondays and thursdays at 18:30" in await office.call(KIM, "reschedule 1 mondays and thursdays at 18:30")
    assert "number 1 is gone" in await office.call(KIM, "unsubscribe 1")


async def test_a_schedule_that_is_not_understood_is_told_with_three_examples(office: Office):
    refused = await office.type(KIM, "subscribe ferry every blue moon")
    assert "blue" in refused
    assert sum(example in refused for example in ("at 9", "hourly", "as it happens", "every 2 hours", "at 18:30")) >= 1
    assert office.subscriptions() == []


async def test_topics(office: Office):
    assert "There are none yet" in await office.call(KIM, "topics")
    assert 'timber OR "oldest mill" -ferry' in await office.call(KIM, 'topic add Wood = timber OR "oldest mill" -ferry')
    assert "Wood" in await office.call(LEE, "topics")
    assert SAWMILLS in await office.type(LEE, "brief wood")
    assert "is removed" in await office.call(KIM, "topic remove Wood")
    assert "^" in await office.type(KIM, 'topic add Bad = "no end')


async def test_settings(office: Office):
    shown = await office.type(LEE, "settings")
    for name in ("zone", "style", "stories", "quiet", "empty", "managers"):
        assert f"{name}: " in shown
    assert "style is now headlines" in await office.call(KIM, "settings style headlines in #news")
    assert "1 to 25" in await office.type(KIM, "settings stories 99")
    assert "style: headlines" in await office.type(LEE, "settings", channel=NEWS)


async def test_why(office: Office):
    office.subscribe("ferry")
    shown = await office.type(KIM, "why https://harbour.example.org/night-ferry?utm_source=mail")
    assert "Stored: yes" in shown
    assert "has not been posted yet" in shown
    unknown = await office.type(KIM, "why https://harbour.example.org/nothing")
    assert "no source here has listed that address" in unknown
    assert "Stored: no" in unknown


async def test_help_and_the_bare_command(office: Office):
    for words in ("help", ""):
        shown = await office.type(LEE, words)
        assert "What you can type" in shown
        assert "unsubscribe" in shown
    assert "first monday at 9" in await office.type(LEE, "help subscribe")
    (answer,) = await office.said(office.slack.workspaces[TEAM].direct(LEE).id, office.slack.direct(TEAM, LEE, "help"))
    assert "What you can type" in answer.shown


# who may manage


async def test_a_refusal_names_who_can(office: Office):
    refused = await office.type(LEE, "subscribe ferry daily at 9", channel=NEWS)
    assert "workspace admins and owners" in refused
    assert "ann" in refused
    assert ANN not in refused
    assert office.subscriptions() == []


async def test_who_made_a_channel_manages_that_one_and_no_other(office: Office):
    assert "number 1" in await office.type(ANN, "subscribe ferry daily at 9", channel=NEWS)
    assert "You may manage" in await office.type(ANN, "subscribe ferry daily at 9 in #world", channel=NEWS)
    assert len(office.subscriptions()) == 1


async def test_managers_are_added_and_removed_and_it_is_opened_to_all(office: Office):
    assert "lee may manage" in await office.call(KIM, "settings managers add @lee")
    assert "number 1" in await office.type(LEE, "subscribe ferry daily at 9")
    assert "lee may no longer manage" in await office.call(KIM, "settings managers remove @lee")
    assert "Only" in await office.type(LEE, "pause 1")
    assert "everyone" in await office.call(KIM, "settings managers everyone")
    assert "is paused" in await office.call(LEE, "pause 1")


async def test_private_channels_work_alike_and_no_channels_are_listed(office: Office):
    asked = acknowledged(await office.slack.mention(TEAM, SECRET, LEE, QUESTION))
    await office.quiet()
    (answer,) = office.slack.replies(SECRET, asked.ts)
    assert SUMMIT in answer.shown
    assert not office.slack.called("conversations.list")
