"""Two servers share a bot, and neither sees or reaches what is the other's, whatever ids are forged."""

from datetime import timedelta
from typing import Any

import pytest

from briefings.types import Preferences
from tests.servers.discord import Interaction
from tests.wire.forged import FORGED
from tests.wire.guild_office import GuildOffice, text_of
from tests.wire.whole import stock

CRANE = "Old crane in the harbour turns once more"


class Two(GuildOffice):
    """An office where the other server has an article, a topic, a subscription and settings of its own."""

    article: int
    number: int

    async def fill(self) -> "Two":
        (self.article,) = stock(self.storage, "crane.md", workspace=f"discord:{self.bolt.id}")
        await self.slash(self.max, "topic add", self.bolt_world, name="Cranes", query="crane")
        await self.slash(self.max, "settings", self.bolt_world, style="headlines")
        self.number = self.subscribe("harbour", self.bolt_world, by=self.max)
        return self

    def of_bolt(self) -> dict[str, Any]:
        """All that is the other server's."""
        workspace, storage = f"discord:{self.bolt.id}", self.storage
        return {
            "subscriptions": storage.subscriptions.list(workspace),
            "topics": storage.topics.list(workspace),
            "preferences": storage.preferences.merged(workspace, f"{workspace}:#{self.bolt_world.id}", Preferences()),
            "posts": len(self.discord.posts(self.bolt_world)),
        }


@pytest.fixture
async def two(guilds: GuildOffice) -> Two:
    guilds.__class__ = Two
    assert isinstance(guilds, Two)
    return await guilds.fill()


async def test_each_reads_its_own(two: Two):
    for name, options in (
        ("ask", {"question": "does the old crane turn?"}),
        ("brief", {"about": "crane"}),
        ("brief", {"about": str(two.article)}),
        ("latest", {}),
        ("topics", {}),
        ("subscriptions", {}),
        ("why", {"article": str(two.article)}),
        ("why", {"article": "https://harbour.example.org/crane"}),
        ("settings", {}),
    ):
        shown = (await two.slash(two.kim, name, **options)).shown
        assert CRANE not in shown, name
        assert "Cranes" not in shown, name
        assert "style: headlines" not in shown
        direct = await two.direct(two.max, f"{name} {' '.join(options.values())}")
        assert CRANE not in text_of(direct), name
    assert CRANE in (await two.slash(two.max, "latest", two.bolt_world)).shown
    assert CRANE in text_of(await two.mention(two.max, "does the old crane turn?", two.bolt_world))
    assert "Cranes" in (await two.slash(two.max, "topics", two.bolt_world)).shown


async def test_suggestions_are_their_own(two: Two):
    discord = two.discord

    async def offered(guild: Any, place: Any, who: Any, name: str, option: str) -> str:
        return str((await discord.autocomplete(guild, place, who, name, option)).choices)

    for name, option in (("brief", "about"), ("unsubscribe", "subscription"), ("topic remove", "name")):
        for _ in range(2):  # what was not in memory is at the second
            ours = await offered(two.acme, two.world, two.kim, name, option)
            theirs = await offered(two.bolt, two.bolt_world, two.max, name, option)
            await two.quiet()
        assert "Cranes" not in ours
        assert "harbour" not in ours
        assert "Cranes" in theirs or "harbour" in theirs


@pytest.mark.parametrize("origin", ["", "@{bolt}", "@{bolt}/{place}"])
async def test_forged_numbers_and_servers_in_buttons_reach_nothing(two: Two, origin: str):
    before = two.of_bolt()
    (message,) = await two.mention(two.kim, "topics")
    (direct,) = await two.direct(two.kim, "topics")
    for command in FORGED:
        words = command.format(number=two.number, article=two.article)
        whose = origin.format(bolt=two.bolt.id, place=two.bolt_world.id)
        button = {"type": 2, "style": 2, "label": "x", "custom_id": f"sidelines:1{whose}:{words}"}
        for place in (message, direct):
            place.components = [{"type": 1, "components": [button]}]
            done: Interaction = await two.press(two.kim, place, button)
            assert CRANE not in done.shown, words
            assert "Two years" not in done.shown, words
            if done.form:
                assert "harbour" not in str(done.form), words
            assert two.of_bolt() == before, words


async def test_forged_channels_in_options_reach_nothing(two: Two):
    before = two.of_bolt()
    for name, options in (
        ("subscribe", {"topic": "ferry", "when": "hourly"}),
        ("settings", {"style": "full"}),
        ("subscriptions", {}),
    ):
        done = await two.slash(two.kim, name, forge=True, channel=two.bolt_world.id, **options)
        assert "harbour" not in done.shown.replace("harbour.example.org", ""), name
        assert two.of_bolt() == before, name
    for words in (
        f"subscribe ferry hourly in <#{two.bolt_world.id}>",
        f"subscribe ferry hourly in #discord:{two.bolt.id}:#{two.bolt_world.id}",
        f"settings style full in <#{two.bolt_world.id}>",
        f"unsubscribe harbour in <#{two.bolt_world.id}>",
    ):
        await two.mention(two.kim, words)
        assert two.of_bolt() == before, words
    two.subscribe("ferry", due=timedelta())
    await two.slash(two.kim, "help")
    await two.discord.wait_for(lambda: two.discord.posts(two.world))
    await two.quiet()
    assert two.of_bolt() == before


async def test_forged_forms_reach_nothing(two: Two):
    discord, before = two.discord, two.of_bolt()
    for whose in ("", f"@{two.bolt.id}", f"@{two.bolt.id}/{two.bolt_world.id}"):
        for number in (0, two.number):
            form = await two.slash(two.kim, "subscribe")
            assert form.form is not None
            form.form["custom_id"] = f"sidelines:form:{number}{whose}"
            filled = {"topic": "ferry", "when": "hourly", "channel": [two.news]}
            await two.settled(discord.submit(two.kim, form, filled))
            assert two.of_bolt() == before, (whose, number)


async def test_what_is_due_goes_to_its_own_server(two: Two):
    stock(two.storage, "strike.md", workspace=f"discord:{two.bolt.id}")
    seen = len(two.discord.posts(two.bolt_world))
    two.subscribe("harbour", two.world, due=timedelta())
    two.subscribe("crane", two.bolt_world, due=timedelta(), by=two.max)
    await two.slash(two.kim, "help")
    await two.discord.wait_for(lambda: len(two.discord.posts(two.bolt_world)) > seen)
    await two.quiet()
    assert "strike" in text_of(two.discord.posts(two.bolt_world)[seen:])
    assert "strike" not in text_of(two.discord.posts(two.world))


async def test_a_channel_of_another_server_gets_nothing_however_it_was_stored(two: Two):
    """Two are due that name a channel of Bolt: one of Acme's, and one that somebody has for herself."""
    lee = two.lee
    foreign, own = f"discord:{two.acme.id}:#{two.bolt_world.id}", f"discord:@{lee.id}:#{two.bolt_world.id}"
    seen = len(two.discord.posts(two.bolt_world))
    two.subscribed(f"discord:{two.acme.id}", foreign, "ferry", due=timedelta(), when="daily at 9", by=two.kim.id)
    two.subscribed(f"discord:@{lee.id}", own, "ferry", due=timedelta(), when="daily at 9", by=lee.id)
    await two.slash(two.kim, "help")
    await two.discord.wait_for(lambda: two.discord.posts(two.discord.conversation(lee)))
    await two.discord.wait_for(lambda: two.discord.posts(two.discord.conversation(two.kim)))
    await two.quiet()
    assert len(two.discord.posts(two.bolt_world)) == seen
    assert "not one of this server" in two.discord.posts(two.discord.conversation(two.kim))[-1].shown
    assert "ferry" in two.discord.posts(two.discord.conversation(lee))[-1].shown


async def test_one_server_is_left_and_the_other_stays(two: Two):
    own = two.subscribe("ferry")
    await two.heard("guild_remove", lambda: two.discord.kick(two.bolt))
    assert [it.id for it in two.subscriptions()] == [own]
    assert "What you can type" in (await two.slash(two.kim, "help")).shown
    assert CRANE not in (await two.slash(two.kim, "latest")).shown


async def test_questions_are_kept_nowhere(guilds: GuildOffice):
    secret = "quokkaparty"  # noqa: S105 - a word to look for
    await guilds.mention(guilds.lee, f"what of the {secret}?")
    await guilds.direct(guilds.lee, f"what of the {secret} and the captain?")
    await guilds.slash(guilds.lee, "ask", question=f"{secret} captain")
    await guilds.slash(guilds.lee, "brief", about=secret)
    await guilds.stop()
    files = [path for path in guilds.folder.rglob("*") if path.is_file()]
    assert any(path.stat().st_size > 10_000 for path in files)
    assert [path for path in files if secret.encode() in path.read_bytes()] == []
