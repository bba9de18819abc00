"""A Slack on this machine: it speaks Slack's side to the unmodified slack_bolt and slack_sdk.

    async with SlackServer() as slack:
        team = slack.add_workspace("T1", "Acme")                  # installed, token "xoxb-T1"
        team.user("U1", "kim", admin=True, tz="Asia/Seoul")
        team.channel("C1", "world")                               # everybody so far and the bot are in it
        slack.http(url)                                           # or slack.socket(): how the app is reached
        # the app: AsyncWebClient(base_url=slack.api_url), a process with SLACK_API_URL=slack.api_url

        done = await slack.mention("T1", "C1", "U1", "what happened in Busan?")
        assert done.acknowledged                                  # 200 within 3 s; .status .body .seconds .payload
        answer = await slack.wait_for(lambda: slack.replies("C1", done.ts))
        await slack.press("T1", "U1", answer[0], "more")          # by label, action id or value
        await asyncio.gather(*(done.again() for _ in range(3)))   # the same delivery, with retry marks
                                                                  # at the end: `slack.breaches` must be empty

Deeds of people (`slack_people`): message, mention, direct, edit, command, press, submit, close, options, shortcut,
message_shortcut, event, home_opened, assistant, invite, remove, archive, delete_channel, uninstall; `install` here.
Every one takes `retry=1, reason=...` and in HTTP mode `signature="wrong"|"missing"|"stale"|"junk"` for its delivery.

    view = await slack.wait_for(slack.view)                       # the topmost open modal
    choices = (await slack.options(view, "topic", "kor")).body["options"]
    done = await slack.submit(view, {"topic": "korea", "channel": "C1"})
    done.body["errors"]                                           # when the app found fault with it

What is there: `messages(channel)`, `replies(channel, ts)`, `ephemerals(channel, user)`, `responses(url)`, `views`,
`view()`, `home(team, user)`, `pane(channel, thread)`, `calls`, `called(method)`. A message or view has `.shown`, all
words a reader sees, and `.buttons`.

Trouble: `slack.delay = 4` or `slack.delays["users.info"] = 4`; `slack.fail_next("chat.postMessage", 2, status=503)`,
`error="not_in_channel"`, `status=429, retry_after=1`, `lost=True` (posted, answer lost), `drop=True`, `hang=True`;
`fail_always(...)`, `heal()`. `slack.pace.per_workspace = 20`, `.tiers = True`, `.per_channel = None` (no limit).
Socket Mode: `slack.lines.disconnect("warning")`, `.drop()`, `.silence()`, `.ping()`, `.connected(beyond=1)`.
`await slack.go_dark()` refuses connections until `await slack.come_back()`.

Expiry and pace go by `clock`; signatures are made with the real time, by which slack_sdk checks them.
"""

import asyncio
import html
import re
import time
from collections.abc import Callable, Sequence
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Middleware

from tests.servers import slack_payloads
from tests.servers.listening import Listening
from tests.servers.slack_api import Api, Fault
from tests.servers.slack_judges import judge_message, judge_view, live_mentions
from tests.servers.slack_people import People
from tests.servers.slack_values import Call, Channel, Message, Token, User, View, Workspace
from tests.servers.slack_wire import Delivery, Http, Socket
from tests.servers.slack_world import ALL_SCOPES, World

__all__ = [
    "Call",
    "Channel",
    "Delivery",
    "Http",
    "Message",
    "SlackServer",
    "Socket",
    "User",
    "View",
    "Workspace",
    "judge_message",
    "judge_view",
    "live_mentions",
]


class SlackServer(People, Listening):
    """One Slack with one app, in any number of workspaces.

    `rotation`: tokens expire after twelve hours. `echoes`: the app is also told of its own posts, as Slack does.
    `strict`: leaving it raises AssertionError when anything was sent that Slack, slack_sdk or slackblocks would refuse.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        *,
        rotation: bool = False,
        echoes: bool = True,
        strict: bool = True,
    ) -> None:
        self.world = world = World(clock)
        world.rotation = rotation
        self.signing_secret, self.app_token = world.signing_secret, world.app_token
        self.client_id, self.client_secret = world.client_id, world.client_secret
        self.workspaces, self.tokens, self.events = world.workspaces, world.tokens, world.events
        self.calls, self.views, self.breaches, self.pace = world.calls, world.views, world.breaches, world.pace
        self.lines = Socket()
        self.echoes, self.strict = echoes, strict
        self._api = Api(self.world)
        self.middlewares: list[Middleware] = []
        """What sees every request, as aiohttp has it; to be set before it is entered."""
        self._echoing: set[asyncio.Task[Any]] = set()
        self.world.posted = self._posted

    async def __aenter__(self) -> "SlackServer":
        app = web.Application(client_max_size=4 * 1024 * 1024, middlewares=self.middlewares)
        self._api.routes(app)
        app.router.add_get("/link/", self._link)
        await self.listen(app)
        return self

    async def __aexit__(self, failed: type[BaseException] | None, *_: object) -> None:
        self._api.closing.set()
        for task in self._echoing:
            task.cancel()
        await asyncio.gather(*self._echoing, return_exceptions=True)
        self.lines.drop()
        await self.end()
        if self.strict and failed is None:
            assert self.breaches == []

    @property
    def api_url(self) -> str:
        """The base address for the Web API, as SLACK_API_URL wants it."""
        return f"{self.world.base}/api/"

    async def _link(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._api.tickets:
            return web.Response(status=403)
        self._api.tickets.discard(ticket)
        return await self.lines.serve(request)

    # -- who is there, and how the app is reached

    def add_workspace(
        self,
        team_id: str,
        name: str = "Acme",
        *,
        bot_token: str | None = None,
        scopes: Sequence[str] = tuple(ALL_SCOPES),
        bot_user: str | None = None,
        installed: bool = True,
    ) -> Workspace:
        """A workspace with its bot, whose token is "xoxb-" and the id; not `installed`, it waits for OAuth."""
        bot = bot_user or f"U{team_id[1:]}BOT"
        space = Workspace(team_id, name, bot, f"B{team_id[1:]}BOT", tuple(scopes), installed)
        space.token = bot_token or f"xoxb-{team_id}"
        self.world.workspaces[team_id] = space
        space.user(bot, "sidelines", bot=True)
        if installed:
            self.world.tokens[space.token] = Token(team_id, tuple(scopes))
        return space

    def http(self, url: str, secret: str | None = None) -> Http:
        """Reach the app by signed requests from now on."""
        self.transport = transport = Http(url, secret or self.signing_secret)
        return transport

    def socket(self) -> Socket:
        """Reach the app by Socket Mode from now on, as soon as it connects."""
        self.transport = self.lines
        return self.lines

    async def verify_url(self) -> Delivery:
        """What Slack does when a request URL is entered: the answer must be the challenge."""
        challenge = {"token": slack_payloads.VERIFICATION, "challenge": "local-challenge", "type": "url_verification"}
        return await self._deliver("event", challenge)

    async def install(
        self, install_url: str, team: str, user: str, *, scopes: Sequence[str] | None = None, refuse: bool = False
    ) -> tuple[int, str]:
        """A person installs the app: opens its install page, agrees or refuses, and is sent back with a code.

        Gives the status and the text of the page that they land on. The redirect goes to the host of `install_url`.
        """
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as browser:
            async with browser.get(install_url, allow_redirects=False) as page:
                text, cookies = await page.text(), SimpleCookie()
                for header in page.headers.getall("Set-Cookie", []):
                    cookies.load(header)
            links = [page.headers.get("Location", ""), *re.findall(r'href="([^"]*)"', text)]
            target = next((html.unescape(link) for link in links if "/oauth/v2/authorize" in link), "nowhere")
            asked = {key: values[0] for key, values in parse_qs(urlsplit(target).query).items()}
            back = asked.get("redirect_uri") or install_url.replace("/install", "/oauth_redirect")
            if asked.get("client_id") != self.client_id:
                raise ValueError(f"the install page leads to {target!r}, not to this app")
            here, path = urlsplit(install_url), urlsplit(back).path
            answer = {"state": asked.get("state", "")}
            if refuse:
                answer["error"] = "access_denied"
            else:
                answer["code"] = self.new_code(
                    team, user, scopes or asked["scope"].split(","), asked.get("redirect_uri")
                )
            header = "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items())
            url = f"{here.scheme}://{here.netloc}{path}"
            async with browser.get(url, params=answer, headers={"Cookie": header}, allow_redirects=False) as page:
                return page.status, await page.text()

    def new_code(self, team: str, user: str, scopes: Sequence[str], redirect_uri: str | None = None) -> str:
        """A code for oauth.v2.access, as the person's browser brings it back."""
        code = self.world.id("code")
        grant = {"team": team, "user": user, "scopes": tuple(scopes), "redirect_uri": redirect_uri}
        self.world.codes[code] = {**grant, "issued": self.world.clock(), "used": False}
        return code

    # -- trouble

    def fail_next(self, method: str, count: int = 1, **how: Any) -> Fault:
        """Let the next calls of a method ("*" all, "response_url") fail; see `slack_api.Fault` for how."""
        self._api.faults.append(Fault(method, count, **how))
        return self._api.faults[-1]

    def fail_always(self, method: str, **how: Any) -> Fault:
        """Let all calls of a method fail until `heal`."""
        self._api.faults.append(Fault(method, None, **how))
        return self._api.faults[-1]

    def heal(self) -> None:
        """No more trouble."""
        self._api.faults.clear()
        self.delay = 0.0
        self.delays.clear()

    @property
    def delay(self) -> float:
        """Seconds that every call takes."""
        return self._api.delay

    @delay.setter
    def delay(self, seconds: float) -> None:
        self._api.delay = seconds

    @property
    def delays(self) -> dict[str, float]:
        return self._api.delays

    # -- what happened

    def messages(self, channel: str) -> list[Message]:
        """Everything said in a channel, threads included, oldest first."""
        return [message for message in self.world.messages if message.channel == channel]

    def posts(self, channel: str) -> list[Message]:
        """What the bot said there, threads included."""
        return [message for message in self.messages(channel) if message.bot_id and message.via != "person"]

    def replies(self, channel: str, ts: str) -> list[Message]:
        """What the bot said in the thread of a message."""
        return [message for message in self.posts(channel) if message.thread_ts == ts]

    def ephemerals(self, channel: str, user: str) -> list[Message]:
        """What one person alone was shown in a channel."""
        return [m for m in self.world.ephemerals if (m.channel, m.person) == (channel, user)]

    def responses(self, response_url: str) -> list[dict[str, Any]]:
        """The payloads that came to a response_url."""
        return self.world.response_urls[response_url.rpartition("/")[2]].payloads

    def view(self, user: str | None = None) -> View | None:
        """The topmost open modal, the newest one, of one person where one is named."""
        modals = [view for view in self.world.views.values() if view.open and view.raw["type"] == "modal"]
        modals = [view for view in modals if user in {None, view.user}]
        return modals[-1] if modals else None

    def home(self, team: str, user: str) -> View | None:
        """What the Home tab of a person shows."""
        return self.world.homes.get((team, user))

    def pane(self, channel: str, thread: str) -> dict[str, Any]:
        """The assistant pane: "status" (until the app writes), "title", "prompts", and "all" that was ever set."""
        return self.world.panes.get((channel, thread), {})

    def called(self, method: str) -> list[Call]:
        """The calls of one method, "response_url" among them."""
        return [call for call in self.calls if call.method == method]

    async def wait_for(self, condition: Callable[[], Any], timeout: float = 30.0) -> Any:  # noqa: ASYNC109
        """What the condition gives once it is true. Looks again whenever something happens here; no polling."""
        return await self.world.until(condition, timeout)

    async def settle(self) -> None:
        """Wait until the app was told of all its own posts: before it is stopped in the same process.

        aiohttp leaves a request that arrives while its server closes without an answer, and waits for it.
        """
        while self._echoing:
            await asyncio.wait(set(self._echoing))

    def _posted(self, message: Message, before: dict[str, Any] | None) -> None:
        if not self.echoes or self.transport is None:
            return
        space = self.world.workspaces[message.team]
        place = space.channels[message.channel]
        inner = slack_payloads.message(self.world, place, message)
        if before:
            inner = slack_payloads.changed(self.world, place, message, before)
        task = asyncio.get_running_loop().create_task(self._event(space, inner, place=place, patience=1.0))
        self._echoing.add(task)
        task.add_done_callback(self._echoing.discard)
