"""A Discord on this machine: it speaks Discord's REST API and gateway to the unmodified discord.py.

    async with DiscordServer() as discord:
        acme = discord.add_guild("Acme")                          # the bot is in it, with the permissions of its invite
        news = acme.channel("news")                               # ids are made: news.id, acme.id
        forum = acme.forum("posts", "world", "korea", require_tag=True)
        kim, lee = acme.member("kim", "manage_guild"), acme.member("lee")
        # the app: DISCORD_TOKEN=discord.token DISCORD_API_URL=discord.api_url
        await discord.connected()                                 # or connected(shards=2)

        done = await discord.command(acme, news, kim, "ask", {"question": "what happened in Busan?"})
        done.seconds, done.acknowledged, done.deferred, done.ephemeral      # the first answer, within 3 s or not
        done.response.shown, done.followups, done.shown, done.answered_after, done.refused
        await discord.command(acme, news, kim, "topic add", {"name": "korea", "channel": news})
        await discord.command(acme, news, kim, "feeds import", {"file": discord.world.file("https://...")})
        await discord.command(None, None, kim, "ask", {...})      # in the direct conversation with the bot
        (await discord.autocomplete(acme, news, kim, "subscribe", "topic", "kor")).choices

        more = await discord.press(lee, discord.posts(news)[0], "More")     # by label, placeholder or custom id
        await discord.press(kim, done.response, "Where?", [news])           # a select
        form = await discord.press(kim, done.response, "Change")
        await discord.submit(kim, form, {"When": "daily at 8"})             # `form.form` is what was shown
        await discord.menu(kim, message, "Brief this link")                 # a command in a message's menu
        said = await discord.mention(acme, news, kim, "what is new?")       # also .message(...), .direct(kim, ...)
        await discord.message(acme, news, kim, "and Seoul?", reply_to=discord.posts(news)[-1], ping=True)
        answer = await discord.wait_for(lambda: discord.replies(said))
                                                                  # at the end: `discord.breaches` must be empty

User install: `ann = discord.person("ann", installed=True)` in `discord.add_guild("Elsewhere", present=False)`, which
she joins by `elsewhere.member(ann)`, or with `channel=discord.private(ann, bob)`; `done.outside` is then true.

What people may not do raises PermissionError, ValueError or KeyError here as Discord's client would not let them;
`forge=True` does it anyhow. The permissions of the bot: `news.deny("embed_links")`, `news.allow(...)`, for others
`who=kim`; `acme.bot_role.permissions`, `acme.everyone.permissions` are sets of names. Tell the app by
`discord.change_channel(news)`, `change_role(acme, role)`, `change_member`, `change_guild`.
What happens (`discord_events`): join, kick, outage, restore, new_channel, new_thread, delete_channel,
archive(thread, locked=True), delete_message, delete_role, leave.

What is there: `messages(channel)`, `posts(channel)` (answers to commands are in `done`), `conversation(kim)`,
`thread(message)`, `threads(channel)`, `replies(message)`, `calls`, `called("create_message")`, `syncs`, `commands()`,
`pings`. A message has `.shown`, all words a reader sees, `.buttons`, `.embeds`, `.payload`, `.pinged`, `.versions`.

Trouble: `discord.delay = 4`, `discord.delays["callback"] = 4`; `fail_next("create_message", 2, status=503)`,
`code=50013`, `retry_after=60, scope="global"|"shared"|"user", via=False`, `lost=True` (posted, answer lost),
`drop=True`, `hang=True`, `when=lambda call: call.channel == news.id`; `fail_always(...)`, `heal()`. Names of endpoints
are in `discord_api.ENDPOINTS`. Pace: `discord.pace.per_second = 50` (fixed and sliding), `.buckets["create_message"]`,
`.most_in_a_second`, `.invalid`. `await discord.go_dark()` refuses connections until `await discord.come_back()`.
The gateway: `discord.drop()` or `drop(shard=1, forget=True)`, `discord.gateway.reconnect()`, `.invalidate()`,
`.close(4009)`, `.silence()`, `.answers = False` (heartbeats), `.heartbeat = 0.2`, `.refusing = 4004`, `.identifies`,
`.resumes`, `.connections`, `.closings`, `.sessions` (none once the app said goodbye);
`discord.privileged.add("message_content")` allows the intent.

Seconds to answer, tokens, nonces and pace go by `clock`.
"""

import time
from collections.abc import Callable
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Middleware

from tests.servers.discord_api import Api, Fault
from tests.servers.discord_command_limits import choice_faults, command_faults
from tests.servers.discord_events import INVITED, Events
from tests.servers.discord_gateway import Gateway
from tests.servers.discord_interactions import Interaction
from tests.servers.discord_limits import message_faults, message_losses, modal_faults
from tests.servers.discord_people import People
from tests.servers.discord_values import EVERYBODY_MAY, Call, Channel, Member, Message, Role, User
from tests.servers.discord_world import Guild, World
from tests.servers.listening import Listening

__all__ = [
    "Call",
    "Channel",
    "DiscordServer",
    "Guild",
    "Interaction",
    "Member",
    "Message",
    "Role",
    "User",
    "choice_faults",
    "command_faults",
    "message_faults",
    "message_losses",
    "modal_faults",
]


class DiscordServer(People, Events, Listening):
    """One Discord with one app, in any number of guilds.

    `strict`: leaving it raises AssertionError when anything was sent that Discord would refuse or not show.
    """

    def __init__(self, clock: Callable[[], float] = time.time, *, shards: int = 1, strict: bool = True) -> None:
        self.world = world = World(clock)
        world.shards = shards
        self.token, self.app_id, self.bot = world.token, world.app_id, world.bot
        self.guilds, self.calls, self.breaches, self.pace = world.guilds, world.calls, world.breaches, world.pace
        self.privileged = world.privileged
        self.strict = strict
        self.gateway = Gateway(world)
        world.dispatch = self.gateway.dispatch
        self._api = Api(world)
        self.middlewares: list[Middleware] = []
        """What sees every request, as aiohttp has it; to be set before it is entered."""

    async def __aenter__(self) -> "DiscordServer":
        app = web.Application(client_max_size=32 * 1024 * 1024, middlewares=self.middlewares)
        app.router.add_get("/gateway", self.gateway.serve)
        app.router.add_get("/resume", self.gateway.serve)
        app.router.add_route("*", "/api/v10/{path:.*}", self._api.serve)
        await self.listen(app)
        return self

    async def __aexit__(self, failed: type[BaseException] | None, *_: object) -> None:
        self._api.closing.set()
        await self.gateway.stop()
        await self.end()
        if self.strict and failed is None:
            assert not self.breaches, "\n".join(self.breaches)

    @property
    def api_url(self) -> str:
        """The base address of the API, as DISCORD_API_URL wants it."""
        return f"{self.world.base}/api/v10"

    @property
    def proxy_url(self) -> str:
        """This Discord as an HTTP proxy to itself, as DISCORD_PROXY wants it; what came so is `call.proxied`."""
        return self.world.base

    # -- who and what is there

    def add_guild(
        self,
        name: str = "Acme",
        *,
        owner: User | str = "owner",
        id: str | None = None,
        present: bool = True,
        permissions: tuple[str, ...] = INVITED,
    ) -> Guild:
        """A server with its owner; the bot is in it, without being told, unless it is not `present`."""
        who = owner if isinstance(owner, User) else self.world.person(owner)
        guild = Guild(id or self.world.guild_id(), name, who, self.world, present=present)
        guild.roles[guild.id] = Role(guild.id, "@everyone", set(EVERYBODY_MAY), 0)
        guild.member(who)
        self.world.guilds[guild.id] = guild
        if present:
            self.seat(guild, permissions)
        return guild

    def person(self, name: str, *, installed: bool = False) -> User:
        """Somebody who is in no server yet; `installed`: has the app as a user install."""
        return self.world.person(name, installed=installed)

    def private(self, *people: User) -> Channel:
        """A conversation of people without the bot: only a user install reaches it."""
        return self.world.direct(*people)

    def conversation(self, user: User | Member) -> Channel:
        """The direct conversation of a person and the bot, for `posts` and `messages`."""
        return self.world.direct(self.bot, user.user if isinstance(user, Member) else user)

    async def connected(self, shards: int = 1, timeout: float = 10.0, beyond: int = 0) -> None:  # noqa: ASYNC109
        """Wait until this many shards have a session with a living connection. Raises TimeoutError.

        `beyond`: how many IDENTIFYs there were before (`gateway.identifies`), when a new process is waited for.
        """
        await self.world.until(lambda: self.gateway.ready(shards) and self.gateway.identifies > beyond, timeout)

    # -- trouble

    def drop(self, shard: int | None = None, *, forget: bool = False) -> None:
        """Break the gateway's connections without a word; `forget` the sessions too."""
        self.gateway.drop(shard, forget=forget)

    def fail_next(self, name: str, count: int = 1, **how: Any) -> Fault:
        """Let the next calls of an endpoint ("*" all) fail; see `discord_api.Fault` for how."""
        self._api.faults.append(Fault(name, count, **how))
        return self._api.faults[-1]

    def fail_always(self, name: str, **how: Any) -> Fault:
        """Let all calls of an endpoint fail until `heal`."""
        self._api.faults.append(Fault(name, None, **how))
        return self._api.faults[-1]

    def heal(self) -> None:
        """No more trouble with calls."""
        self._api.faults.clear()
        self._api.delays.clear()
        self.delay = 0.0

    @property
    def delay(self) -> float:
        """Seconds that every call takes."""
        return self._api.delay

    @delay.setter
    def delay(self, seconds: float) -> None:
        self._api.delay = seconds

    @property
    def delays(self) -> dict[str, float]:
        """Seconds that calls of one endpoint take."""
        return self._api.delays

    # -- what happened

    def messages(self, channel: Channel | str) -> list[Message]:
        """Everything said in a channel or thread that everybody there sees, oldest first."""
        id = channel if isinstance(channel, str) else channel.id
        return [message for message in self.world.messages.values() if message.channel == id and not message.person]

    def posts(self, channel: Channel | str) -> list[Message]:
        """What the bot posted there, answers to interactions not among it."""
        return [message for message in self.messages(channel) if message.author is self.bot and message.via == "api"]

    def replies(self, message: Message) -> list[Message]:
        """What the bot posted in reply to a message, or in the thread begun from it."""
        thread = self.posts(message.thread) if message.thread else []
        return [post for post in self.posts(message.channel) if post.reference == message.id] + thread

    def thread(self, message: Message) -> Channel | None:
        """The thread that was begun from a message."""
        return self.world.channel(message.thread) if message.thread else None

    def threads(self, channel: Channel) -> list[Channel]:
        """The threads of a channel, or the posts of a forum, oldest first."""
        guild = self.world.guild_of(channel)
        return [place for place in guild.channels.values() if place.parent == channel.id] if guild else []

    def called(self, name: str) -> list[Call]:
        """The calls of one endpoint."""
        return [call for call in self.calls if call.name == name]

    def commands(self, guild: Guild | None = None) -> dict[str, dict[str, Any]]:
        """The definitions of commands that were synchronised, by name: global ones, or of one guild."""
        return {command["name"]: command for command in self.world.commands.get(guild.id if guild else None, [])}

    @property
    def syncs(self) -> int:
        """How often commands were synchronised."""
        return sum(call.status == 200 for call in self.called("sync_commands"))

    @property
    def pings(self) -> list[Message]:
        """Messages of the bot that notified somebody."""
        return [message for message in self.world.messages.values() if message.author is self.bot and message.pinged]

    async def wait_for(self, condition: Callable[[], Any], timeout: float = 30.0) -> Any:  # noqa: ASYNC109
        """What the condition gives once it is true. Looks again whenever something happens here; no polling."""
        return await self.world.until(condition, timeout)
