"""What the local Discord refuses, how it slows an app down, and the trouble that can be ordered."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import discord
import pytest

from tests.servers.discord import (
    Channel,
    DiscordServer,
    Guild,
    choice_faults,
    command_faults,
    message_faults,
    message_losses,
    modal_faults,
)
from tests.servers.discord_client import Bot, Clock, api, running

ROW = {"type": 1, "components": [{"type": 2, "style": 1, "label": "More", "custom_id": "more:1"}]}
INPUT = {"type": 4, "custom_id": "when", "style": 1, "label": "When"}


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer(strict=False) as local:
        yield local


@pytest.fixture
def acme(server: DiscordServer) -> Guild:
    guild = server.add_guild("Acme")
    guild.channel("news")
    guild.member("kim")
    return guild


def news(guild: Guild) -> Channel:
    return next(iter(guild.channels.values()))


def path(place: Channel) -> str:
    return f"/channels/{place.id}/messages"


def button(**changes: Any) -> dict[str, Any]:
    return {"components": [{"type": 1, "components": [{**ROW["components"][0], **changes}]}]}


def select(count: int, **changes: Any) -> dict[str, Any]:
    options = [{"label": str(number), "value": str(number)} for number in range(count)]
    part = {"type": 3, "custom_id": "pick", "options": options, **changes}
    return {"components": [{"type": 1, "components": [part]}]}


FITS: list[dict[str, Any]] = [
    {"content": "x" * 2000},
    {"content": "𝕏" * 1000},
    {"embeds": [{"title": "t" * 256, "description": "d" * 4096}]},
    {"embeds": [{"description": "d" * 600}] * 10},
    {"embeds": [{"fields": [{"name": "n", "value": "v"}] * 25}]},
    {"embeds": [{"title": "T", "url": "https://example.org", "color": 0xFFFFFF, "type": "rich", "flags": 0}]},
    button(label="l" * 80, custom_id="c" * 100),
    button(style=5, url="https://example.org", custom_id=None),
    {"components": [{**ROW, "components": [{**ROW["components"][0], "custom_id": f"{row}"}]} for row in range(5)]},
    select(25, placeholder="p" * 150, max_values=25),
    {"content": "x", "nonce": "n" * 25, "enforce_nonce": True, "allowed_mentions": {"parse": [], "roles": ["1"]}},
    {"flags": 1 << 15, "components": [{"type": 17, "components": [{"type": 10, "content": "c" * 4000}]}]},
    {"flags": 1 << 15, "components": [{"type": 10, "content": "c"} for _ in range(40)]},
]
BREAKS: list[tuple[dict[str, Any], str]] = [
    ({"content": "x" * 2001}, "content: 2001 of 2000"),
    ({"content": "𝕏" * 1001}, "content: 2002 of 2000"),
    ({"content": "x", "flags": 64}, "flags"),
    ({"content": "x\ud800"}, "half a character"),
    ({"embeds": [{"title": "t" * 257}]}, "title: 257 of 256"),
    ({"embeds": [{"description": "d" * 4097}]}, "description"),
    ({"embeds": [{"description": "d" * 601}] * 10}, "6010 characters in all"),
    ({"embeds": [{"description": "d"}] * 11}, "11 embeds"),
    ({"embeds": [{"fields": [{"name": "n", "value": "v"}] * 26}]}, "26 fields"),
    ({"embeds": [{"fields": [{"name": "", "value": "v"}]}]}, "name: empty"),
    ({"embeds": [{"fields": [{"name": "n", "value": "v" * 1025}]}]}, "value: 1025"),
    ({"embeds": [{"footer": {"text": "f" * 2049}}]}, "footer"),
    ({"embeds": [{"author": {"name": "a" * 257}}]}, "author"),
    ({"embeds": [{"title": "T", "url": "javascript:alert(1)"}]}, "address"),
    ({"embeds": [{"colour": 1, "title": "T"}]}, "unknown key colour"),
    ({"embeds": [{}]}, "nothing in it"),
    (button(label="l" * 81), "label: 81"),
    (button(custom_id="c" * 101), "custom_id: 101"),
    (button(custom_id=None), "custom_id: no text"),
    (button(url="https://example.org"), "no link"),
    (button(style=5, url="x" * 513, custom_id=None), "url: 513"),
    (button(label=None), "without label"),
    ({"components": [ROW, ROW]}, "'more:1' 2 times"),
    ({"components": [{**ROW, "components": []}]}, "0 components"),
    ({"components": [ROW] * 6}, "6 rows"),
    ({"components": [{"type": 10, "content": "c"}]}, "at the top"),
    ({"components": [{"type": 1, "components": [INPUT]}]}, "no place here"),
    (select(26), "26 options"),
    (select(2, max_values=3), "more values"),
    (select(1, placeholder="p" * 151), "placeholder"),
    ({"content": "x", "nonce": "n" * 26}, "nonce"),
    ({"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}}, "named and parsed"),
    ({"flags": 1 << 15, "content": "x", "components": [{"type": 10, "content": "c"}]}, "together"),
    ({"flags": 1 << 15, "components": [{"type": 10, "content": "c"} for _ in range(41)]}, "41 components"),
    ({"flags": 1 << 15, "components": [{"type": 10, "content": "c" * 2001} for _ in range(2)]}, "4002 characters"),
]


@pytest.mark.parametrize("body", FITS)
def test_what_fits_has_no_fault(body: dict[str, Any]) -> None:
    assert message_faults(body) == []


@pytest.mark.parametrize(("body", "fault"), BREAKS)
def test_what_breaks_a_limit_is_named(body: dict[str, Any], fault: str) -> None:
    assert any(fault in found for found in message_faults(body)), message_faults(body)


async def test_a_breach_is_refused_and_noted(server: DiscordServer, acme: Guild) -> None:
    status, answer, headers = await api(server, "POST", path(news(acme)), {"content": "x" * 2001})
    assert (status, answer["code"]) == (400, 50035)
    assert headers["Content-Type"] == "application/json"
    assert server.breaches == ["create_message: content: 2001 of 2000 characters"]
    assert server.posts(news(acme)) == []


async def test_embeds_that_would_not_be_seen_are_noted() -> None:
    twice = {"embeds": [{"title": "A", "url": "https://example.org"}, {"title": "B", "url": "https://example.org"}]}
    assert message_losses(twice) == ["2 embeds with the address https://example.org: one is shown"]
    server = await DiscordServer().__aenter__()
    place = server.add_guild("Acme").channel("news")
    assert (await api(server, "POST", path(place), twice))[0] == 200
    with pytest.raises(AssertionError, match="one is shown"):
        await server.__aexit__(None)


def test_forms_commands_and_suggestions() -> None:
    form = {"title": "Settings", "custom_id": "form", "components": [{"type": 1, "components": [INPUT]}]}
    assert modal_faults(form) == []
    assert modal_faults({**form, "title": "t" * 46}) == ["title: 46 of 45 characters"]
    assert modal_faults({**form, "components": form["components"] * 6})
    assert modal_faults({**form, "components": [ROW]})
    ask = {"name": "ask", "description": "Ask", "options": [{"type": 3, "name": "question", "description": "What?"}]}
    assert command_faults([ask]) == []
    for wrong in (
        {**ask, "name": "Ask"},
        {**ask, "name": "a" * 33},
        {**ask, "description": "d" * 101},
        {**ask, "options": ask["options"] * 26},
        {**ask, "options": [{**ask["options"][0], "description": "d" * 101}]},  # type: ignore[dict-item]
        {**ask, "options": [{**ask["options"][0], "autocomplete": True, "choices": [{"name": "a", "value": "a"}]}]},  # type: ignore[dict-item]
        {**ask, "contexts": [3]},
    ):
        assert command_faults([wrong]), wrong
    assert command_faults([ask, ask]) == ["ask 2 times"]
    assert command_faults([{**ask, "name": f"ask{number}"} for number in range(101)]) == ["101 commands of type 1"]
    offered = {"choices": [{"name": "n" * 100, "value": "v" * 100}] * 25}
    assert choice_faults(offered, 3) == []
    assert choice_faults({"choices": offered["choices"] * 2}, 3) == ["50 suggestions"]
    assert choice_faults({"choices": [{"name": "n" * 101, "value": "v"}]}, 3)
    assert choice_faults({"choices": [{"name": "n", "value": "3"}]}, 4)


async def test_permissions_and_states_are_refused_by_their_codes(server: DiscordServer, acme: Guild) -> None:
    place, forum = news(acme), acme.forum("posts", "world", require_tag=True)
    elsewhere = server.add_guild("Elsewhere", present=False).channel("hall")
    kim = next(member for member in acme.members.values() if member.user.name == "kim")

    async def code(where: Channel, body: dict[str, Any] | None = None, to: str = "") -> tuple[int, int]:
        status, answer, _ = await api(server, "POST", to or path(where), body or {"content": "x"})
        return status, answer.get("code")

    embed = {"embeds": [{"title": "T"}]}
    server.pace.buckets.clear()
    assert await code(elsewhere) == (403, 50001)
    assert await code(Channel("1", "gone")) == (404, 10003)
    assert await code(forum) == (400, 50008)
    assert await code(place, {"content": " "}) == (400, 50006)
    assert await code(place, {"tts": False}) == (400, 50006)
    place.deny("embed_links")
    assert await code(place, embed) == (403, 50013)
    assert (await code(place))[0] == 200
    place.deny("read_message_history")
    old = server.posts(place)[-1]
    assert await code(place, {"content": "x", "message_reference": {"message_id": old.id}}) == (403, 160002)
    place.allow("read_message_history")
    assert await code(place, {"content": "x", "message_reference": {"message_id": "1"}}) == (400, 50035)
    place.deny("send_messages")
    assert await code(place) == (403, 50013)
    place.deny("view_channel")
    assert await code(place) == (403, 50001)
    place.overwrites.clear()
    threads = f"/channels/{place.id}/threads"
    assert await code(place, {"name": "n" * 101, "type": 11}, threads) == (400, 50035)
    assert await code(place, {"name": "talk", "type": 11}, threads) == (200, None)
    thread = server.threads(place)[0]
    place.deny("send_messages_in_threads")
    assert await code(thread) == (403, 50013)
    place.overwrites.clear()
    assert (await code(thread))[0] == 200
    thread.archived = True
    edit = f"{path(thread)}/{server.posts(thread)[0].id}"
    assert (await api(server, "PATCH", edit, {"content": "y"}))[1]["code"] == 50083
    assert (await code(thread))[0] == 200
    assert not thread.archived
    thread.locked = True
    assert await code(thread) == (403, 160005)
    thread.archived = True
    assert await code(thread) == (400, 50083)
    started = f"{path(place)}/{old.id}/threads"
    assert await code(place, {"name": "talk"}, started) == (200, None)
    assert await code(place, {"name": "talk"}, started) == (400, 160004)
    assert await code(place, {"name": "talk"}, f"{path(place)}/1/threads") == (404, 10008)
    place.deny("create_public_threads")
    assert await code(place, {"name": "talk", "type": 11}, threads) == (403, 50013)
    posts, post = f"/channels/{forum.id}/threads", {"name": "Post", "message": {"content": "x"}}
    assert await code(forum, post, posts) == (400, 40067)
    assert await code(forum, {**post, "applied_tags": ["1"]}, posts) == (400, 50035)
    assert await code(forum, {**post, "applied_tags": list(forum.tags)}, posts) == (200, None)
    place.slow, place.slow_bots = 60, True
    assert await code(place) == (429, 20016)
    direct = server.world.direct(server.bot, kim.user)
    kim.user.closed = True
    assert await code(direct) == (403, 50007)
    assert await code(server.world.direct(server.bot, server.person("far"))) == (403, 50278)
    assert (await api(server, "POST", path(place), {"content": "x"}, Authorization="Bot x"))[:2] == (
        401,
        {"message": "401: Unauthorized", "code": 0},
    )


async def test_a_nonce_brings_the_first_message_for_some_minutes() -> None:
    clock = Clock()
    async with DiscordServer(clock) as server:
        place = server.add_guild("Acme").channel("news")
        body = {"content": "once", "nonce": "part-1", "enforce_nonce": True}
        first = (await api(server, "POST", path(place), body))[1]
        assert (await api(server, "POST", path(place), body))[1]["id"] == first["id"]
        assert len(server.posts(place)) == 1
        loose = (await api(server, "POST", path(place), {**body, "enforce_nonce": False}))[1]
        assert loose["id"] != first["id"]
        clock.now += 301
        assert (await api(server, "POST", path(place), body))[1]["id"] not in {first["id"], loose["id"]}


async def test_who_is_pinged(server: DiscordServer, acme: Guild) -> None:
    place, server.pace.buckets = news(acme), {}
    kim = next(member for member in acme.members.values() if member.user.name == "kim")
    readers, quiet = acme.role("readers", mentionable=True), acme.role("quiet")
    text = f"@everyone {kim.mention} <@&{readers.id}> <@&{quiet.id}>"
    for allowed in (None, {"parse": []}, {"parse": [], "roles": [readers.id]}):
        body = {"content": text} | ({} if allowed is None else {"allowed_mentions": allowed})
        assert (await api(server, "POST", path(place), body))[0] == 200
    assert [post.pinged for post in server.posts(place)] == [{kim.id, readers.id}, set(), {readers.id}]
    acme.bot_role.permissions.add("mention_everyone")
    await api(server, "POST", path(place), {"content": text})
    assert server.posts(place)[-1].pinged == {"everyone", kim.id, readers.id, quiet.id}
    assert len(server.pings) == 3
    said = await server.message(acme, place, kim, "what is new?")
    reply = {"content": "this", "message_reference": {"message_id": said.id}}
    await api(server, "POST", path(place), reply)
    await api(server, "POST", path(place), {**reply, "allowed_mentions": {"parse": [], "replied_user": False}})
    assert [post.pinged for post in server.replies(said)] == [{kim.id}, set()]


async def test_a_bucket_tells_how_much_is_left(acme: Guild, server: DiscordServer) -> None:
    clock = Clock()
    server.world.clock = clock
    place, other = news(acme), acme.channel("other")
    left = [(await api(server, "POST", path(place), {"content": "x"}))[2]["X-RateLimit-Remaining"] for _ in range(5)]
    assert left == ["4", "3", "2", "1", "0"]
    clock.now += 1
    status, answer, headers = await api(server, "POST", path(place), {"content": "x"})
    assert status == 429
    assert answer == {"message": "You are being rate limited.", "retry_after": 4.0, "global": False}
    assert (headers["X-RateLimit-Scope"], headers["Retry-After"], headers["Via"]) == ("user", "4", "1.1 google")
    assert (await api(server, "POST", path(other), {"content": "x"}))[0] == 200
    clock.now += 4
    assert (await api(server, "POST", path(place), {"content": "x"}))[0] == 200
    assert len(server.pace.invalid) == 1


@pytest.mark.parametrize("start", [0.0, 0.7])
async def test_fifty_a_second_holds_for_clock_seconds_and_for_any_second(start: float) -> None:
    clock = Clock()
    async with DiscordServer(clock) as server:
        clock.now += start
        server.pace.buckets.clear()
        place = server.add_guild("Acme").channel("news")

        async def burst(count: int) -> list[int]:
            return [(await api(server, "GET", f"/channels/{place.id}"))[0] for _ in range(count)]

        assert await burst(50) == [200] * 50
        status, answer, headers = await api(server, "GET", f"/channels/{place.id}")
        assert (status, answer["global"], answer["retry_after"]) == (429, True, 1.0)
        assert (headers["X-RateLimit-Global"], headers["X-RateLimit-Scope"]) == ("true", "global")
        clock.now += 0.5  # with a start at 0.7 the clock's second is a new one, and still no whole second passed
        assert await burst(1) == [429]
        clock.now += 0.5
        assert await burst(51) == [200] * 50 + [429]
        assert server.pace.most_in_a_second == 50


async def test_discord_py_waits_where_it_is_told_to(
    server: DiscordServer, acme: Guild, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.pace.buckets["create_message"] = (2, 0.2)
    async with running(server, Bot(server), monkeypatch) as bot:
        await bot.hear("guild_available")
        channel: Any = bot.get_channel(int(news(acme).id))
        for scope in ("user", "shared", "global"):
            server.fail_next("create_message", retry_after=0.05, scope=scope)
            await channel.send(scope)
        begin = time.perf_counter()
        for number in range(4):
            await channel.send(str(number))
        taken = time.perf_counter() - begin
        server.fail_next("create_message", status=429)
        with pytest.raises(discord.HTTPException, match="429"):
            await channel.send("banned")
        server.fail_next("create_message", status=503)
        with pytest.raises(discord.DiscordServerError):
            await channel.send("down")
        server.fail_next("create_message", code=50013, when=lambda call: call.channel == news(acme).id)
        with pytest.raises(discord.Forbidden) as refused:
            await channel.send("forbidden")
        assert refused.value.code == 50013
    assert [post.content for post in server.posts(news(acme))] == ["user", "shared", "global", "0", "1", "2", "3"]
    assert taken > 0.2
    assert [call.status for call in server.called("create_message")][:2] == [429, 200]


async def test_answers_are_lost_hang_and_break_as_ordered(server: DiscordServer, acme: Guild) -> None:
    place = news(acme)
    server.fail_next("create_message", lost=True)
    with pytest.raises(aiohttp.ClientError):
        await api(server, "POST", path(place), {"content": "posted"})
    assert [post.content for post in server.posts(place)] == ["posted"]
    server.fail_next("create_message", drop=True)
    with pytest.raises(aiohttp.ClientError):
        await api(server, "POST", path(place), {"content": "not posted"})
    server.fail_always("*", hang=True)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await api(server, "POST", path(place), {"content": "not posted"})
    server.heal()
    await server.go_dark()
    with pytest.raises(aiohttp.ClientConnectorError):
        await api(server, "POST", path(place), {"content": "not posted"})
    await server.come_back()
    assert (await api(server, "POST", path(place), {"content": "back"}))[0] == 200
    assert [post.content for post in server.posts(place)] == ["posted", "back"]


async def test_too_many_invalid_requests_end_in_a_ban(server: DiscordServer) -> None:
    server.pace.invalid_limit = 3
    for _ in range(3):
        assert (await api(server, "GET", "/users/@me", Authorization="Bot x"))[0] == 401
    status, answer, headers = await api(server, "GET", "/users/@me")
    assert (status, answer, "Via" in headers) == (429, "error code: 1015", False)


async def test_a_form_that_comes_from_outside_is_judged(
    server: DiscordServer, acme: Guild, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an interaction is answered with is held to the same table."""
    kim = next(member for member in acme.members.values() if member.user.name == "kim")
    bot = Bot(server)

    @bot.tree.command(description="Say")
    async def say(interaction: discord.Interaction, text: str) -> None:
        await interaction.response.send_message(text)

    @say.autocomplete("text")
    async def texts(interaction: discord.Interaction, typed: str) -> list[discord.app_commands.Choice[str]]:
        return [discord.app_commands.Choice(name="n" * int(typed), value="v")]

    async with running(server, bot, monkeypatch):
        long = await server.command(acme, news(acme), kim, "say", {"text": "x" * 2001}, patience=0.2)
        few = await server.autocomplete(acme, news(acme), kim, "say", "text", "100")
        many = await server.autocomplete(acme, news(acme), kim, "say", "text", "101", patience=0.2)
    assert few.choices is not None
    assert not long.acknowledged
    assert not many.acknowledged
    assert server.breaches[0] == "callback: content: 2001 of 2000 characters"
    assert "name of 1 to 100 characters" in server.breaches[1]
