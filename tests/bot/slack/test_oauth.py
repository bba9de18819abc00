"""Installing by OAuth, from the page to the first token; tokens at rest, renewed, and gone."""

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from slack_sdk.oauth.installation_store import Installation
from sqlalchemy import select, update

from bot.connectors import ChannelGone
from bot.connectors.slack.api import Api
from bot.connectors.slack.installing import add_pages
from bot.connectors.slack.manifest import INSTALL_PATH, REDIRECT_PATH, SCOPES
from bot.connectors.slack.oauth import Installations
from briefings.errors import StorageError
from briefings.storage import Storage
from briefings.storage.tables import metadata
from briefings.storage.tables_slack import slack_bots, slack_installations, slack_oauth_states
from tests.servers.slack_api import Api as SlackApi
from tests.servers.slack_api import Fault
from tests.servers.slack_tokens import TOKEN_SECONDS, uninstall
from tests.servers.slack_values import Workspace
from tests.servers.slack_world import World

KEY, OLD_KEY = "new-key-" + "n" * 32, "old-key-" + "o" * 32
ADMIN = "U0ADMIN"


class Site:
    """Slack, this program's two pages, and a browser that keeps its cookies."""

    def __init__(self, storage: Storage, world: World, slack: SlackApi, api: Api, url: str) -> None:
        self.storage, self.world, self.slack, self.api, self.url = storage, world, slack, api, url
        self.installed: list[str] = []
        self.installations = self.opened(KEY)

    def opened(self, *keys: str) -> Installations:
        """As after a restart with these keys."""
        return Installations(
            self.storage.database.engine,
            client_id=self.world.client_id,
            client_secret=self.world.client_secret,
            keys=keys,
        )

    async def told(self, team: str) -> None:
        self.installed.append(team)

    def workspace(self, team: str) -> None:
        """A workspace that has not got the app yet."""
        bot = f"U{team[1:]}BOT"
        name = f"The <b>{team}</b> Herald"
        space = self.world.workspaces[team] = Workspace(team, name, bot, f"B{team[1:]}", (), installed=False)
        space.user(bot, "sidelines", bot=True)

    async def get(self, path: str, cookie: str = "") -> tuple[int, str, aiohttp.ClientResponse]:
        headers = {"Cookie": cookie} if cookie else {}
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as browser,
            browser.get(self.url + path, headers=headers, allow_redirects=False) as answer,
        ):
            return answer.status, await answer.text(), answer

    async def begin(self) -> tuple[dict[str, str], str]:
        """Open the first page: the parameters of its link to Slack, and the cookie that was set."""
        status, page, answer = await self.get(INSTALL_PATH)
        assert status == 200
        link = re.search(r'href="([^"]*oauth/v2/authorize[^"]*)"', page)
        assert link
        parameters = parse_qs(urlsplit(link[1].replace("&amp;", "&")).query)
        cookie = answer.cookies["slack-app-oauth-state"]
        return {name: values[0] for name, values in parameters.items()}, f"{cookie.key}={cookie.value}"

    def allowed(self, team: str, parameters: dict[str, str]) -> str:
        """A person allows it in Slack: the code that the browser is sent back with."""
        code = f"code-{self.world.number()}"
        self.world.codes[code] = {
            "issued": self.world.clock(),
            "used": False,
            "redirect_uri": parameters["redirect_uri"],
            "team": team,
            "user": ADMIN,
            "scopes": tuple(parameters["scope"].split(",")),
        }
        return code

    async def install(self, team: str) -> str:
        """All steps of installing; the page at the end."""
        parameters, cookie = await self.begin()
        code = self.allowed(team, parameters)
        status, page, _ = await self.get(f"{REDIRECT_PATH}?code={code}&state={parameters['state']}", cookie)
        assert status == 200
        return page


class Served:
    """A web server as the program has one, on an application of aiohttp."""

    def __init__(self, app: web.Application) -> None:
        self.app = app

    def add(self, method: str, path: str, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> None:
        self.app.router.add_route(method, path, handler)


@contextlib.asynccontextmanager
async def serving(app: web.Application, port: int | None = None) -> AsyncIterator[str]:
    server = TestServer(app, host="127.0.0.1", port=port)
    await server.start_server()
    try:
        yield str(server.make_url("")).rstrip("/")
    finally:
        await server.close()


@pytest.fixture
async def site(storage: Storage) -> AsyncIterator[Site]:
    world = World(time.time)
    slack, slack_app, own_app, port = SlackApi(world), web.Application(), web.Application(), unused_port()
    slack.routes(slack_app)
    async with serving(slack_app) as address:
        url = f"http://127.0.0.1:{port}"
        site = Site(storage, world, slack, Api(f"{address}/api/", None), url)  # type: ignore[arg-type] - unused here
        site.workspace("T0ONE")
        site.workspace("T0TWO")
        add_pages(Served(own_app), site.installations, site.api, public_url=url + "/", installed=site.told)
        async with serving(own_app, port):
            yield site
            await site.api.close()


def stored(site: Site, tmp_path: Path) -> bytes:
    """Every row of the database, and every byte of its files, if it has any: what is not yet in the main one too."""
    with site.storage.reading() as connection:
        rows = [repr(row) for table in metadata.sorted_tables for row in connection.execute(select(table))]
    files = sorted(tmp_path.glob("sidelines.db*"))
    return "\n".join(rows).encode() + b"".join(file.read_bytes() for file in files)


def refreshed(site: Site) -> list[str]:
    """The refresh tokens that were exchanged so far."""
    calls = [call.arguments for call in site.world.calls if call.method == "oauth.v2.access"]
    return [args["refresh_token"] for args in calls if args.get("grant_type") == "refresh_token"]


def pass_time(site: Site, hours: float) -> None:
    """Slack's tokens and what is stored of them grow older."""
    seconds = hours * 3600
    for token in site.world.tokens.values():
        token.expires -= seconds
    with site.storage.writing() as connection:
        for table in (slack_bots, slack_installations):
            for row in connection.execute(select(table)).all():
                expires = row.bot_token_expires_at and row.bot_token_expires_at - timedelta(seconds=int(seconds))
                connection.execute(update(table).where(table.c.id == row.id).values(bot_token_expires_at=expires))


# Installing --------------------------------------------------------------------------------------------------


async def test_a_workspace_that_installs_is_served_at_once(site: Site) -> None:
    with pytest.raises(ChannelGone, match="not installed"):
        await site.installations.token("T0ONE")
    page = await site.install("T0ONE")
    assert "The &lt;b&gt;T0ONE&lt;/b&gt; Herald" in page
    assert "/invite" in page
    assert site.installed == ["T0ONE"]
    assert await site.installations.token("T0ONE") == site.world.token_for("T0ONE")
    identity = await site.installations.identity("T0ONE")
    assert (identity.team, identity.bot_user, identity.bot_id) == ("T0ONE", "U0ONEBOT", "B0ONE")
    assert identity.scopes == set(SCOPES)
    assert site.installations.installer("T0ONE") == ADMIN


async def test_the_link_asks_for_exactly_the_scopes_of_the_manifest(site: Site) -> None:
    parameters, _ = await site.begin()
    assert parameters["scope"] == ",".join(SCOPES)
    assert parameters["client_id"] == site.world.client_id
    assert parameters["redirect_uri"] == site.url + REDIRECT_PATH


async def test_two_workspaces_have_their_own_tokens(site: Site) -> None:
    await site.install("T0ONE")
    await site.install("T0TWO")
    one, two = await site.installations.token("T0ONE"), await site.installations.token("T0TWO")
    assert site.world.tokens[one].team == "T0ONE"
    assert site.world.tokens[two].team == "T0TWO"
    await site.installations.revoked("T0ONE")
    assert await site.installations.token("T0TWO") == two


async def test_after_a_restart_tokens_are_known_without_a_question_to_slack(site: Site) -> None:
    await site.install("T0ONE")
    again = site.opened(KEY)
    await again.connect(site.api)
    asked = len(site.world.calls)
    assert again.installer("T0ONE") == ADMIN
    assert await again.token("T0ONE") == site.world.token_for("T0ONE")
    assert len(site.world.calls) == asked


async def test_once_known_a_token_is_answered_without_the_database(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    await site.install("T0ONE")
    token = await site.installations.token("T0ONE")
    monkeypatch.setattr(site.storage.database.engine.pool, "connect", lambda: pytest.fail("asked the database"))
    assert await site.installations.token("T0ONE") == token
    assert (await site.installations.identity("T0ONE")).bot_id == "B0ONE"


async def test_installing_again_leaves_nothing_of_the_first_time(site: Site) -> None:
    await site.install("T0ONE")
    first = await site.installations.token("T0ONE")
    await site.install("T0ONE")
    second = await site.installations.token("T0ONE")
    assert first != second
    with site.storage.reading() as connection:
        for table in ("slack_bots", "slack_installations"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 1  # noqa: S608


# What goes wrong at installing -------------------------------------------------------------------------------


async def test_declining_installs_nothing(site: Site) -> None:
    _, cookie = await site.begin()
    status, page, _ = await site.get(f"{REDIRECT_PATH}?error=access_denied", cookie)
    assert status == 200
    assert "Nothing was installed" in page
    assert site.installed == []


async def test_a_state_is_good_once(site: Site) -> None:
    parameters, cookie = await site.begin()
    back = f"{REDIRECT_PATH}?state={parameters['state']}&code="
    first, _, _ = await site.get(back + site.allowed("T0ONE", parameters), cookie)
    status, page, _ = await site.get(back + site.allowed("T0TWO", parameters), cookie)
    assert (first, status) == (200, 401)
    assert "Begin again" in page
    assert site.installed == ["T0ONE"]


async def test_a_state_expires_and_is_then_deleted(site: Site) -> None:
    parameters, cookie = await site.begin()
    with site.storage.writing() as connection:
        past = (datetime.now(UTC) - timedelta(seconds=1)).replace(tzinfo=None)
        connection.execute(update(slack_oauth_states).values(expire_at=past))
    code = site.allowed("T0ONE", parameters)
    status, page, _ = await site.get(f"{REDIRECT_PATH}?code={code}&state={parameters['state']}", cookie)
    assert status == 401
    assert "ten minutes" in page
    await site.installations.upkeep(site.api)
    with site.storage.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM slack_oauth_states").scalar() == 0


async def test_another_browser_cannot_finish_what_one_began(site: Site) -> None:
    parameters, _ = await site.begin()
    code = site.allowed("T0ONE", parameters)
    for cookie in ("", "slack-app-oauth-state=forged"):
        status, page, _ = await site.get(f"{REDIRECT_PATH}?code={code}&state={parameters['state']}", cookie)
        assert status == 400
        assert "same browser" in page
    assert site.installed == []


@pytest.mark.parametrize(
    "query", ["", "?code=x", "?state=x", "?code=&state=", "?error=%3Cscript%3E", "?code=x&state=x"]
)
async def test_junk_gets_a_page_and_nothing_of_it_is_shown(site: Site, query: str) -> None:
    status, page, answer = await site.get(REDIRECT_PATH + query, "slack-app-oauth-state=x")
    assert status < 500
    assert answer.content_type == "text/html"
    assert "<script" not in page
    assert "Begin again" in page


async def test_what_slack_refuses_is_logged_without_the_code_and_shown_in_no_detail(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    parameters, cookie = await site.begin()
    site.slack.faults.append(Fault("oauth.v2.access", error="bad_client_secret"))
    with caplog.at_level(logging.DEBUG, "bot.connectors.slack"):
        status, page, _ = await site.get(f"{REDIRECT_PATH}?code=s3cr3tcode&state={parameters['state']}", cookie)
    assert status == 401
    assert "bad_client_secret" not in page
    assert "bad_client_secret" in caplog.text
    assert "s3cr3tcode" not in page + caplog.text
    assert site.world.client_secret not in page + caplog.text


async def test_slack_that_does_not_answer_is_a_page_too(site: Site) -> None:
    parameters, cookie = await site.begin()
    site.slack.faults.append(Fault("oauth.v2.access", drop=True))
    status, page, _ = await site.get(f"{REDIRECT_PATH}?code=x&state={parameters['state']}", cookie)
    assert status == 502
    assert "Slack did not answer" in page


async def test_pages_are_not_framed_cached_or_scripted(site: Site) -> None:
    _, _, answer = await site.get(INSTALL_PATH)
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


# At rest -----------------------------------------------------------------------------------------------------


async def test_no_token_is_in_the_database(site: Site, tmp_path: Path) -> None:
    site.world.rotation = True
    await site.install("T0ONE")
    await site.installations.upkeep(site.api)
    (name, token), *_ = site.world.tokens.items()
    assert token.refresh
    held = stored(site, tmp_path)
    assert b"T0ONE" in held
    assert name.encode() not in held
    assert token.refresh.encode() not in held
    assert b"xoxb-" not in held
    assert b"xoxe" not in held


async def test_a_wrong_key_is_one_clear_sentence(site: Site) -> None:
    await site.install("T0ONE")
    other = site.opened(OLD_KEY)
    for asking in (other.token("T0ONE"), other.connect(site.api), other.upkeep(site.api)):
        with pytest.raises(StorageError, match="SIDELINES_SLACK_ENCRYPTION_KEY"):
            await asking


async def test_a_key_is_changed_by_putting_the_new_one_first(site: Site) -> None:
    await site.install("T0ONE")
    token = await site.installations.token("T0ONE")
    newer = "newest-" + "x" * 32
    changing = site.opened(newer, KEY)
    assert await changing.token("T0ONE") == token
    await changing.upkeep(site.api)
    assert await site.opened(newer).token("T0ONE") == token


async def test_what_is_known_does_not_show_its_token(site: Site) -> None:
    await site.install("T0ONE")
    assert "xoxb" not in repr(await site.installations._installed("T0ONE"))


# Renewing ----------------------------------------------------------------------------------------------------


async def test_tokens_are_renewed_two_hours_before_they_expire(site: Site) -> None:
    site.world.rotation = True
    await site.install("T0ONE")
    first = await site.installations.token("T0ONE")
    await site.installations.upkeep(site.api)
    assert refreshed(site) == []
    pass_time(site, TOKEN_SECONDS / 3600 - 1.5)
    await site.installations.upkeep(site.api)
    second = await site.installations.token("T0ONE")
    assert second != first
    assert second == site.world.token_for("T0ONE")
    pass_time(site, TOKEN_SECONDS / 3600 - 1.5)
    await site.installations.upkeep(site.api)
    assert len(set(refreshed(site))) == 2
    assert await site.opened(KEY).token("T0ONE") == site.world.token_for("T0ONE")


async def test_after_a_long_rest_tokens_are_renewed_before_anything_else(site: Site) -> None:
    site.world.rotation = True
    await site.install("T0ONE")
    pass_time(site, 20)
    again = site.opened(KEY)
    await again.connect(site.api)
    assert await again.token("T0ONE") == site.world.token_for("T0ONE")


async def test_a_token_that_slack_calls_expired_is_renewed_once_for_all_who_ask(site: Site) -> None:
    site.world.rotation = True
    await site.install("T0ONE")
    used = await site.installations.token("T0ONE")
    renewing = [site.installations.renew("T0ONE", used, site.api) for _ in range(4)]
    assert await asyncio.gather(*renewing) == [True] * 4
    assert len(refreshed(site)) == 1
    assert await site.installations.token("T0ONE") == site.world.token_for("T0ONE") != used


async def test_a_token_that_never_expires_cannot_be_renewed(site: Site) -> None:
    await site.install("T0ONE")
    used = await site.installations.token("T0ONE")
    assert await site.installations.renew("T0ONE", used, site.api) is False
    assert refreshed(site) == []


@pytest.mark.parametrize("fault", [{"drop": True}, {"error": "invalid_x"}], ids=str)
async def test_a_renewal_that_fails_keeps_the_old_token_and_is_tried_again(
    site: Site, fault: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    site.world.rotation = True
    await site.install("T0ONE")
    used = await site.installations.token("T0ONE")
    pass_time(site, TOKEN_SECONDS / 3600 - 1)
    site.slack.faults.append(Fault("oauth.v2.access", **fault))
    await site.installations.upkeep(site.api)
    assert await site.installations.token("T0ONE") == used
    assert [record.__dict__["team"] for record in caplog.records if "token" in record.message] == ["T0ONE"]
    assert "xox" not in caplog.text
    await site.installations.upkeep(site.api)
    assert await site.installations.token("T0ONE") == site.world.token_for("T0ONE") != used


# Going -------------------------------------------------------------------------------------------------------


async def test_uninstalling_deletes_the_tokens_at_once(site: Site) -> None:
    await site.install("T0ONE")
    await site.installations.token("T0ONE")
    uninstall(site.world, site.world.workspaces["T0ONE"])
    await site.installations.revoked("T0ONE")
    with pytest.raises(ChannelGone):
        await site.installations.token("T0ONE")
    with site.storage.reading() as connection:
        for table in ("slack_bots", "slack_installations"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 0  # noqa: S608
    await site.install("T0ONE")
    assert await site.installations.token("T0ONE") == site.world.token_for("T0ONE")


async def test_news_of_an_earlier_uninstall_is_told_from_that_of_a_later_one(site: Site) -> None:
    assert not await site.installations.newer("T0ONE", 0)
    await site.install("T0ONE")
    assert await site.installations.newer("T0ONE", time.time() - 60)
    assert not await site.installations.newer("T0ONE", time.time() + 60)
    assert not await site.installations.newer("T0ONE", int(time.time()) + 1)


# Organisations -----------------------------------------------------------------------------------------------


def organisation() -> Installation:
    return Installation(
        app_id="A0SIDELINES",
        enterprise_id="E0ORG",
        enterprise_name="The Press",
        bot_token="xoxb-org",  # noqa: S106 - no real one
        bot_id="B0ORG",
        bot_user_id="U0ORGBOT",
        bot_scopes=tuple(SCOPES),
        user_id=ADMIN,
        is_enterprise_install=True,
    )


async def test_an_organisation_serves_its_workspaces_once_they_were_met_even_after_a_restart(site: Site) -> None:
    await site.installations.async_save(organisation())
    with pytest.raises(ChannelGone):
        await site.installations.token("T0THREE")
    site.installations.met("T0THREE", "E0ORG")
    assert await site.installations.token("T0THREE") == "xoxb-org"
    assert (await site.installations.identity("T0THREE")).team == "T0THREE"
    again = site.opened(KEY)
    await again.connect(site.api)
    assert again.installer("T0THREE") == ADMIN
    assert await again.token("T0THREE") == "xoxb-org"


async def test_a_workspace_of_an_organisation_may_have_an_installation_of_its_own(site: Site) -> None:
    await site.installations.async_save(organisation())
    await site.install("T0ONE")
    site.installations.met("T0ONE", "E0ORG")
    assert await site.installations.token("T0ONE") == site.world.token_for("T0ONE")
    site.installations.met("T0TWO", "E0OTHER")
    with pytest.raises(ChannelGone):
        await site.installations.token("T0TWO")


async def test_an_organisation_that_uninstalls_serves_none_of_its_workspaces(site: Site) -> None:
    await site.installations.async_save(organisation())
    for team in ("T0THREE", "T0FOUR"):
        site.installations.met(team, "E0ORG")
        await site.installations.token(team)
    await site.installations.revoked("T0THREE")
    for team in ("T0THREE", "T0FOUR"):
        with pytest.raises(ChannelGone):
            await site.installations.token(team)
