"""The local Discord against the unmodified discord.py: gateway, interactions, messages and what happens in guilds."""

from collections.abc import AsyncIterator
from typing import Any

import discord
import pytest
from discord import app_commands

from tests.servers.discord import DiscordServer, Guild
from tests.servers.discord_client import Bot, Clock, api, running


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as local:
        yield local


@pytest.fixture
def acme(server: DiscordServer) -> Guild:
    guild = server.add_guild("Acme")
    guild.channel("news")
    guild.member("kim", "manage_guild")
    guild.member("lee")
    return guild


def people(guild: Guild) -> dict[str, Any]:
    return {member.user.name: member for member in guild.members.values()}


def place(guild: Guild, name: str = "news") -> Any:
    return next(channel for channel in guild.channels.values() if channel.name == name)


class More(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=r"more:(?P<id>\d+)"):
    """A button that survives a restart."""

    def __init__(self, id: int) -> None:
        self.id_ = id
        super().__init__(discord.ui.Button(label="More", custom_id=f"more:{id}"))

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: Any, match: Any) -> "More":
        return cls(int(match["id"]))

    async def callback(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"More of {self.id_}", ephemeral=True)


class Form(discord.ui.Modal, title="Settings"):
    when: Any = discord.ui.Label(text="When", component=discord.ui.TextInput(custom_id="when", max_length=50))
    where: Any = discord.ui.Label(text="Where", component=discord.ui.ChannelSelect(custom_id="where"))

    async def on_submit(self, interaction: discord.Interaction) -> None:
        channel = self.where.component.values[0]
        await interaction.response.send_message(f"{self.when.component.value} in {channel.name}", ephemeral=True)


def full_bot(server: DiscordServer, **how: Any) -> Bot:
    """A bot with a command of each kind."""
    bot = Bot(server, **how)
    bot.add_dynamic_items(More)
    topic = app_commands.Group(name="topic", description="Topics", default_permissions=discord.Permissions(32))

    @bot.tree.command(description="Ask")
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def ask(interaction: discord.Interaction, question: app_commands.Range[str, 1, 100]) -> None:
        await interaction.response.defer(ephemeral=question.startswith("psst"))
        await interaction.followup.send(f"You asked {question}", view=discord.ui.View(timeout=None).add_item(More(7)))
        if question == "all":
            await interaction.followup.send("and more", ephemeral=True)

    @topic.command(description="Add")
    async def add(
        interaction: discord.Interaction,
        name: str,
        where: discord.TextChannel,
        who: discord.Member,
        role: discord.Role,
        count: int = 3,
    ) -> None:
        await interaction.response.send_message(f"{name} {where.name} {who.name} {role.name} {count}")

    @add.autocomplete("name")
    async def names(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=f"{typed}{n}", value=f"{typed}{n}") for n in range(25)]

    @bot.tree.command(description="Settings")
    async def settings(interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(Form())

    @bot.tree.context_menu(name="Brief this link")
    async def brief(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"read: {message.content}", ephemeral=True)

    bot.tree.add_command(topic)
    return bot


async def test_a_slash_command_is_deferred_answered_and_followed_up(
    server: DiscordServer, acme: Guild, monkeypatch: pytest.MonkeyPatch
) -> None:
    kim = people(acme)["kim"]
    async with running(server, full_bot(server), monkeypatch):
        done = await server.command(acme, place(acme), kim, "ask", {"question": "all"})
        await server.wait_for(lambda: done.followups)
        quiet = await server.command(acme, place(acme), kim, "ask", {"question": "psst"})
    assert (done.acknowledged, done.deferred, done.ephemeral) == (True, True, False)
    assert done.seconds is not None
    assert done.seconds < 3
    assert done.response is not None
    assert done.response.shown == "You asked all\nMore"
    assert [(message.shown, message.ephemeral) for message in done.followups] == [("and more", True)]
    assert quiet.ephemeral
    assert [message.content for message in server.messages(place(acme))] == ["You asked all"]
    assert server.syncs == 1
    assert set(server.commands()) == {"ask", "topic", "settings", "Brief this link"}


async def test_options_come_with_their_types_and_suggestions_with_what_is_typed(
    server: DiscordServer, acme: Guild, monkeypatch: pytest.MonkeyPatch
) -> None:
    them, news = people(acme), place(acme)
    role = acme.role("readers")
    given = {"name": "korea", "where": news, "who": them["lee"], "role": role, "count": 5}
    async with running(server, full_bot(server), monkeypatch):
        done = await server.command(acme, news, them["kim"], "topic add", given)
        asked = await server.autocomplete(acme, news, them["kim"], "topic add", "name", "ko", {"count": 5})
        with pytest.raises(PermissionError, match="manage_guild"):
            await server.command(acme, news, them["lee"], "topic add", given)
        with pytest.raises(ValueError, match="needs name"):
            await server.command(acme, news, them["kim"], "topic add", {})
        with pytest.raises(ValueError, match="question"):
            await server.command(acme, news, them["kim"], "ask", {"question": "x" * 101})
        with pytest.raises(KeyError, match="nothing"):
            await server.command(acme, news, them["kim"], "nothing")
        forged = await server.command(acme, news, them["lee"], "topic add", given, forge=True)
    assert done.shown == "korea news lee readers 5"
    assert asked.choices is not None
    assert [choice["value"] for choice in asked.choices][:2] == ["ko0", "ko1"]
    assert len(asked.choices) == 25
    assert forged.acknowledged


async def test_buttons_survive_a_restart_and_forms_bring_what_was_filled_in(
    server: DiscordServer, acme: Guild, monkeypatch: pytest.MonkeyPatch
) -> None:
    them, news = people(acme), place(acme)
    async with running(server, full_bot(server), monkeypatch):
        done = await server.command(acme, news, them["kim"], "ask", {"question": "psst"})
        form = await server.command(acme, news, them["kim"], "settings")
        assert form.form is not None
        assert form.form["title"] == "Settings"
        saved = await server.submit(them["kim"], form, {"When": "daily at 8", "where": [news]})
        with pytest.raises(ValueError, match="When is not filled in"):
            await server.submit(them["kim"], form, {"where": [news]})
        with pytest.raises(KeyError, match="colour"):
            await server.submit(them["kim"], form, {"When": "x", "where": [news], "colour": "red"})
        said = await server.message(acme, news, them["lee"], "see https://example.org/a")
        menu = await server.menu(them["lee"], said, "Brief this link")
    assert saved.shown == "daily at 8 in news"
    assert menu.shown == "read: see https://example.org/a"
    assert done.response is not None
    async with running(server, full_bot(server), monkeypatch):
        pressed = await server.press(them["kim"], done.response, "More")
        with pytest.raises(PermissionError):
            await server.press(them["lee"], done.response, "More")
        with pytest.raises(KeyError, match="Less"):
            await server.press(them["kim"], done.response, "Less")
    assert pressed.shown == "More of 7"
    assert pressed.ephemeral


async def test_commands_in_direct_messages_and_by_user_install(
    server: DiscordServer, acme: Guild, monkeypatch: pytest.MonkeyPatch
) -> None:
    kim, ann, bob = people(acme)["kim"], server.person("ann", installed=True), server.person("bob")
    elsewhere = server.add_guild("Elsewhere", present=False)
    hall = elsewhere.channel("hall")
    elsewhere.member(ann)
    elsewhere.member(bob)
    question = {"question": "what?"}
    bot = full_bot(server)
    seen: list[discord.Interaction] = []

    async def check(interaction: discord.Interaction) -> bool:
        seen.append(interaction)
        return True

    bot.tree.interaction_check = check  # type: ignore[method-assign]
    async with running(server, bot, monkeypatch):
        direct = await server.command(None, None, kim, "ask", question)
        abroad = await server.command(elsewhere, hall, ann, "ask", question)
        group = await server.command(None, server.private(ann, bob), ann, "ask", question)
        elsewhere.everyone.permissions.discard("use_external_apps")
        quiet = await server.command(elsewhere, hall, ann, "ask", question)
        with pytest.raises(PermissionError):
            await server.command(elsewhere, hall, bob, "ask", question)
        with pytest.raises(PermissionError):
            await server.command(None, None, bob, "ask", question)
    assert [one.shown for one in (direct, abroad, group, quiet)] == ["You asked what?\nMore"] * 4
    assert [one.outside for one in (direct, abroad, group, quiet)] == [False, True, True, True]
    assert [one.ephemeral for one in (direct, abroad, group, quiet)] == [False, False, False, True]
    assert [i.context.to_array() for i in seen] == [[1], [0], [2], [0]]
    assert [i.is_guild_integration() for i in seen] == [False] * 4
    assert [i.is_user_integration() for i in seen] == [False, True, True, True]


async def test_an_answer_after_three_seconds_is_refused(server: DiscordServer, acme: Guild) -> None:
    clock = Clock()
    async with DiscordServer(clock) as late:
        guild = late.add_guild("Acme")
        kim, news = guild.member("kim"), guild.channel("news")
        with pytest.MonkeyPatch.context() as patch:
            bot = Bot(late)
            errors: list[BaseException] = []

            @bot.tree.command(description="Slow")
            async def slow(interaction: discord.Interaction, seconds: int) -> None:
                clock.now += seconds
                await interaction.response.defer()
                clock.now += 900
                await interaction.followup.send("late")

            @bot.tree.error
            async def failed(interaction: discord.Interaction, error: Any) -> None:
                errors.append(error.__cause__ or error)
                late.world.changed()

            async with running(late, bot, patch):
                done = await late.command(guild, news, kim, "slow", {"seconds": 4})
                late_token = await late.command(guild, news, kim, "slow", {"seconds": 1}, patience=0.5)
                await late.wait_for(lambda: len(errors) == 2)
    assert not done.acknowledged
    assert done.refused == [10062]
    assert late_token.acknowledged
    assert late_token.refused == [50027]
    assert late_token.response is not None
    assert late_token.response.loading
    assert isinstance(errors[0], app_commands.CommandInvokeError | discord.NotFound)


async def test_messages_threads_and_replies(
    server: DiscordServer, acme: Guild, monkeypatch: pytest.MonkeyPatch
) -> None:
    news = place(acme)
    forum = acme.forum("posts", "world", "korea", require_tag=True)
    async with running(server, Bot(server), monkeypatch) as bot:
        await bot.hear("guild_available")
        channel: Any = bot.get_channel(int(news.id))
        lead = await channel.send("Lead", nonce="one")
        again = await channel.send("Lead", nonce="one")
        thread = await lead.create_thread(name="Details", auto_archive_duration=1440)
        await thread.send(embed=discord.Embed(title="Rest", description="of it"))
        await lead.edit(content="Lead, corrected")
        reply = await lead.reply("Update", mention_author=False)
        posts: Any = bot.get_channel(int(forum.id))
        made = await posts.create_thread(name="Post", content="First", applied_tags=[posts.available_tags[1]])
        texts = [message.content async for message in channel.history(limit=10)]
        ann = await bot.fetch_user(int(people(acme)["lee"].id))
        await ann.send("hello")
    assert again.id == lead.id
    post = server.posts(news)[0]
    assert (post.content, post.nonce, post.edited is not None) == ("Lead, corrected", "one", True)
    inside = server.thread(post)
    assert inside is not None
    assert [message.shown for message in server.posts(inside)] == ["Rest\nof it"]
    assert [message.id for message in server.replies(post)] == [str(reply.id), *(m.id for m in server.posts(inside))]
    assert texts == ["Update", "Lead, corrected"]
    begun = server.threads(forum)[0]
    assert [forum.tags[tag] for tag in begun.applied] == ["korea"]
    assert str(made.message.id) == begun.id
    assert server.posts(server.world.direct(server.bot, people(acme)["lee"].user))[0].content == "hello"
    assert server.pings == []


async def test_content_comes_only_where_discord_gives_it(
    server: DiscordServer, acme: Guild, monkeypatch: pytest.MonkeyPatch
) -> None:
    kim, news = people(acme)["kim"], place(acme)
    async with running(server, Bot(server), monkeypatch) as bot:
        await bot.hear("guild_available")
        channel: Any = bot.get_channel(int(news.id))
        await channel.send("ours")
        await server.message(acme, news, kim, "among people")
        await server.mention(acme, news, kim, "what is new?")
        await server.message(acme, news, kim, "and then?", reply_to=server.posts(news)[0])
        await server.message(acme, news, kim, "quietly", reply_to=server.posts(news)[0], ping=False)
        await server.direct(kim, "psst")
        await bot.hear("message", 6)
        heard = [message.content for message in bot.told("message")]
        replied = bot.told("message")[3]
    assert heard == ["ours", "", f"<@{server.bot.id}> what is new?", "and then?", "", "psst"]
    assert replied.reference.resolved.content == "ours"
    assert replied.author.name == "kim"


async def test_what_happens_to_guilds_channels_and_roles_is_told(
    server: DiscordServer, acme: Guild, monkeypatch: pytest.MonkeyPatch
) -> None:
    news, later = place(acme), server.add_guild("Later", present=False)
    async with running(server, Bot(server), monkeypatch) as bot:
        await bot.hear("ready")  # a guild joined before is told of as one that was there
        server.join(later)
        assert (await bot.hear("guild_join")).name == "Later"
        server.kick(later)
        await bot.hear("guild_remove")
        server.outage(acme)
        await bot.hear("guild_unavailable")
        assert (await api(server, "GET", f"/channels/{news.id}"))[0] == 503
        server.restore(acme)
        await bot.hear("guild_available", 2)
        channel: Any = bot.get_channel(int(news.id))
        guild: Any = channel.guild
        news.deny("embed_links")
        server.change_channel(news, name="world")
        await bot.hear("guild_channel_update")
        assert channel.name == "world"
        assert not channel.permissions_for(guild.me).embed_links
        assert channel.permissions_for(guild.me).send_messages
        server.change_role(acme, acme.bot_role, permissions=set())
        server.change_role(acme, acme.everyone, permissions={"view_channel"})
        await bot.hear("guild_role_update", 2)
        may = channel.permissions_for(guild.me)
        assert {name for name, value in may if value} == {"view_channel", "read_messages"} & {n for n, _ in may}
        thread = server.new_thread(news, "talk", people(acme)["lee"])
        await bot.hear("thread_create")
        server.archive(thread, locked=True)
        await bot.hear("raw_thread_update")
        server.delete_channel(news)
        await bot.hear("guild_channel_delete")
    assert acme.permissions(server.bot.id) == {"view_channel"}


class Panel(discord.ui.View):
    """What is pressed changes the message itself, at once or after a while."""

    @discord.ui.button(label="Now", custom_id="now")
    async def now(self, interaction: discord.Interaction, button: Any) -> None:
        await interaction.response.edit_message(content="changed at once")

    @discord.ui.button(label="Later", custom_id="later")
    async def later(self, interaction: discord.Interaction, button: Any) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content="changed later")

    @discord.ui.select(cls=discord.ui.RoleSelect, placeholder="Who?", custom_id="who")
    async def who(self, interaction: discord.Interaction, select: Any) -> None:
        await interaction.response.edit_message(content=f"for {select.values[0].name}", view=None)


async def test_what_is_pressed_may_change_the_message(
    server: DiscordServer, acme: Guild, monkeypatch: pytest.MonkeyPatch
) -> None:
    kim, readers = people(acme)["kim"], acme.role("readers")
    async with running(server, Bot(server), monkeypatch) as bot:
        await bot.hear("guild_available")
        channel: Any = bot.get_channel(int(place(acme).id))
        await channel.send("Panel", view=Panel(timeout=None))
        post = server.posts(place(acme))[0]
        now = await server.press(kim, post, "Now")
        assert (now.response is post, post.content) == (True, "changed at once")
        later = await server.press(kim, post, "later")
        assert (later.deferred, later.answered, post.content) == (False, True, "changed later")
        await server.press(kim, post, "Who?", [readers])
    assert (post.content, post.components) == ("for readers", [])
    assert server.gateway.sessions == {}


async def test_outside_five_messages_may_follow(server: DiscordServer, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = server.person("ann", installed=True)
    elsewhere = server.add_guild("Elsewhere", present=False)
    elsewhere.member(ann)
    bot, codes = Bot(server), []

    @bot.tree.command(description="Talk")
    @app_commands.allowed_installs(guilds=True, users=True)
    async def talk(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("0")
        try:
            for number in range(1, 9):
                await interaction.followup.send(str(number))
        except discord.HTTPException as error:
            codes.append(error.code)
            server.world.changed()

    async with running(server, bot, monkeypatch):
        done = await server.command(elsewhere, elsewhere.channel("hall"), ann, "talk")
        await server.wait_for(lambda: codes)
    assert [message.content for message in done.messages] == ["0", "1", "2", "3", "4", "5"]
    assert codes == [40094]
