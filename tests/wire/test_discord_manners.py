"""What people read on Discord is in its own words, and nobody is called who is not to be."""

from datetime import timedelta

from briefings.types import Section
from tests.servers.discord import Message
from tests.wire.guild_office import GuildOffice, labels, text_of
from tests.wire.whole import store

LONG = "The zebra of the harbour counted lorry number {} twice before it told <@&{}> and @everyone about the pier."


def called(posts: list[Message]) -> list[set[str]]:
    """Whom each of them notified; at the end of a test nobody may be left in it."""
    found = [set(post.pinged) for post in posts]
    for post in posts:
        post.pinged.clear()
    return found


async def test_exactly_the_role_that_is_set_is_called_by_the_lead_alone(guilds: GuildOffice):
    discord = guilds.discord
    readers = await guilds.heard(
        "guild_role_create", lambda: discord.new_role(guilds.acme, "readers", mentionable=True)
    )
    others = await guilds.heard("guild_role_create", lambda: discord.new_role(guilds.acme, "others", mentionable=True))
    assert "ping is now \\@readers in this server" in (await guilds.slash(guilds.kim, "settings", ping=readers)).shown
    assert "ping: \\@readers" in (await guilds.slash(guilds.kim, "settings")).shown
    await guilds.slash(guilds.kim, "settings", style="full", sentences=10)
    tall = tuple(
        Section(f"Part {part}", (tuple(LONG.format(f"{part}{n}", others.id) for n in range(30)),)) for part in range(4)
    )
    store(guilds.storage, "Zebra counts", *tall)
    guilds.subscribe("zebra", due=timedelta())
    await guilds.slash(guilds.kim, "help")
    await discord.wait_for(lambda: discord.posts(guilds.world))
    await guilds.quiet()
    (lead,) = discord.posts(guilds.world)
    rest = discord.posts(lead.thread or "")
    assert f"<@&{readers.id}>" in lead.content
    assert lead.payload["allowed_mentions"] == {"parse": [], "roles": [readers.id]}
    assert rest
    assert all(post.payload["allowed_mentions"] == {"parse": []} for post in rest)
    assert called([lead, *rest]) == [{readers.id}, *[set() for _ in rest]]


async def test_what_keeps_a_role_from_being_notified_is_told(guilds: GuildOffice):
    readers = await guilds.heard("guild_role_create", lambda: guilds.discord.new_role(guilds.acme, "readers"))
    for shown in (
        (await guilds.slash(guilds.kim, "settings", ping=readers)).shown,
        (await guilds.slash(guilds.kim, "settings", ping=readers, style="full")).shown,
        text_of(await guilds.mention(guilds.kim, f"settings ping <@&{readers.id}>")),
    ):
        assert "notifies nobody of it yet" in shown
    assert "notifies" not in text_of(await guilds.mention(guilds.lee, f"settings ping <@&{readers.id}>"))
    readers.mentionable = True
    await guilds.heard("guild_role_update", lambda: guilds.discord.change_role(guilds.acme, readers))
    assert "notifies" not in (await guilds.slash(guilds.kim, "settings", ping=readers)).shown


async def test_answers_and_previews_call_nobody(guilds: GuildOffice):
    discord = guilds.discord
    readers = await guilds.heard("guild_role_create", lambda: discord.new_role(guilds.acme, "readers"))
    await guilds.slash(guilds.kim, "settings", ping=readers)
    for name, options in (("subscribe", {"topic": "ferry", "when": "hourly"}), ("brief", {"about": "ferry"})):
        await guilds.slash(guilds.kim, name, **options)
    await guilds.mention(guilds.lee, "what about captain Brandt?")
    assert discord.pings == []


async def test_a_server_is_called_a_server(guilds: GuildOffice):
    for name, options in (
        ("topics", {}),
        ("subscriptions", {}),
        ("source list", {}),
        ("settings", {}),
        ("help", {"command": "settings"}),
        ("settings", {"zone": "Asia/Seoul"}),
        ("settings", {"trust": guilds.lee}),
    ):
        shown = (await guilds.slash(guilds.kim, name, **options)).shown
        assert "server" in shown, name
        assert "workspace" not in shown, name


async def test_the_own_channel_of_a_person_is_no_number(guilds: GuildOffice):
    lee, place = guilds.lee, guilds.discord.conversation(guilds.lee)
    for words, expected in (
        ("subscribe ferry daily at 9", "This conversation is subscribed to ferry"),
        ("subscriptions", "1\\. ferry in this conversation, daily at 9"),
        ("settings", "Settings in this conversation"),
        ("pause 1", "Number 1, ferry in this conversation, is paused"),
        ("topics", "Topics of this conversation"),
        (f"subscribe sawmills daily at 9 in <#{guilds.world.id}>", "you subscribe for yourself"),
    ):
        shown = text_of(await guilds.direct(lee, words))
        assert expected in shown, words
        assert place.id not in shown, words
        assert "workspace" not in shown, words
    assert "this conversation" in (await guilds.slash(lee, "settings", place)).shown
    await guilds.direct(guilds.ann, "subscribe ferry daily at 9")
    listed = await guilds.slash(guilds.ann, "subscriptions", guilds.lobby)
    assert "ferry in your direct messages, daily at 9" in listed.shown


async def test_the_panel_of_a_server_shows_what_holds_for_the_server(guilds: GuildOffice):
    kim = guilds.kim
    await guilds.slash(kim, "settings", style="full", channel=guilds.world)
    panel = await guilds.slash(kim, "settings")
    assert "Settings of this server" in panel.shown
    assert "style: brief" in panel.shown
    await guilds.settled(guilds.discord.press(kim, panel.messages[0], "How much of a story", ["headlines"]))
    assert "style: headlines" in panel.shown
    assert "style: full" in (await guilds.slash(kim, "settings", channel=guilds.world)).shown


async def test_somebody_who_is_trusted_gets_the_menus(guilds: GuildOffice):
    assert labels((await guilds.slash(guilds.lee, "settings", forge=True)).messages) == []
    await guilds.slash(guilds.kim, "settings", trust=guilds.lee)
    panel = await guilds.slash(guilds.lee, "settings", forge=True)
    await guilds.settled(guilds.discord.press(guilds.lee, panel.messages[0], "How much of a story", ["full"]))
    assert "style: full" in panel.shown


async def test_channels_that_are_named_while_writing(guilds: GuildOffice):
    kim, place = guilds.kim, guilds.discord.conversation(guilds.kim)
    unknown = text_of(await guilds.mention(kim, "subscribe ferry daily at 9 in #nowhere"))
    assert "no channel #nowhere here" in unknown.replace("\\", "")
    elsewhere = await guilds.mention(kim, f"subscribe ferry daily at 9 in <#{guilds.bolt_world.id}>")
    assert "not one of this server" in text_of(elsewhere)
    assert guilds.subscriptions() == []
    guilds.news.deny("embed_links")
    await guilds.heard("guild_channel_update", lambda: guilds.discord.change_channel(guilds.news))
    await guilds.mention(kim, "subscribe ferry daily at 9 in #news")
    (made,) = guilds.subscriptions()
    assert made.channel == f"discord:{guilds.acme.id}:#{guilds.news.id}"
    assert f"Sidelines lacks Embed Links in <#{guilds.news.id}>" in text_of(guilds.discord.posts(place))


async def test_what_a_forum_wants_is_told_when_it_is_subscribed(guilds: GuildOffice):
    forum = guilds.discord.new_channel(guilds.acme, "posts", kind=15)
    forum.require_tag = True
    await guilds.heard("guild_channel_update", lambda: guilds.discord.change_channel(forum))
    told = await guilds.slash(guilds.kim, "subscribe", topic="ferry", when="hourly", channel=forum)
    assert "wants a tag on every post, and has none" in told.shown
    forum.tags = {guilds.discord.world.id(): "weather"}
    await guilds.heard("guild_channel_update", lambda: guilds.discord.change_channel(forum))
    told = await guilds.slash(guilds.kim, "subscribe", topic="sawmills", when="hourly", channel=forum)
    assert "wants a tag" not in told.shown


async def test_why_is_asked_of_articles_alone(guilds: GuildOffice):
    told = (await guilds.slash(guilds.lee, "why", article="captain Brandt and the rocks")).shown
    assert "no article by that headline" in told
    assert "Stored: yes" in (await guilds.slash(guilds.lee, "why", article="Night ferry to Elm Island")).shown
