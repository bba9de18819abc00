"""Each call to Slack is one attempt; what went wrong is told as what may be done about it, and nothing is doubled."""

import socket
from datetime import timedelta

import pytest

from bot.connectors import ChannelGone, OutcomeUnknown, PayloadRefused, RateLimited, TemporaryFailure
from bot.connectors.slack import refusals
from bot.connectors.slack.api import Api, SingleTeam
from tests.bot.slack.conftest import CHANNEL, KIM, OTHER, TEAM

HELLO = {"text": "Hello."}
PLAIN_ERRORS = (ChannelGone, PayloadRefused, TemporaryFailure, OutcomeUnknown, RateLimited)


async def test_a_post_is_found_by_its_key(slack, api):
    ts = await api.post(TEAM, CHANNEL, HELLO, thread=None, key="a.1.0")
    assert [message.ts for message in slack.posts(CHANNEL)] == [ts]
    assert await api.find(TEAM, CHANNEL, "a.1.0", None) == ts
    assert await api.find(TEAM, CHANNEL, "a.1.1", None) is None


async def test_a_reply_is_found_in_its_thread(slack, api):
    lead = await api.post(TEAM, CHANNEL, HELLO, thread=None, key="a.1.0")
    reply = await api.post(TEAM, CHANNEL, HELLO, thread=lead, key="a.1.1")
    assert await api.find(TEAM, CHANNEL, "a.1.1", lead) == reply
    assert await api.find(TEAM, CHANNEL, "a.1.1", None) is None


async def test_a_direct_message_is_found_in_the_conversation_that_it_opened(api):
    ts = await api.post(TEAM, KIM, HELLO, thread=None, key="a.1.0")
    assert await api.find(TEAM, KIM, "a.1.0", None) == ts


async def test_it_is_not_guessed_what_cannot_be_read(slack, api, monkeypatch):
    with pytest.raises(OutcomeUnknown) as unknown:  # Nothing was ever posted to the person: no conversation is known.
        await api.find(TEAM, KIM, "a.1.0", None)
    assert unknown.value.look_after is None
    slack.fail_next("conversations.history", error="not_in_channel")
    with pytest.raises(OutcomeUnknown):
        await api.find(TEAM, CHANNEL, "a.1.0", None)
    monkeypatch.setattr("bot.connectors.slack.api.PAGE", 1)
    monkeypatch.setattr("bot.connectors.slack.api.PAGES", 2)
    for number in range(4):
        await api.post(TEAM, CHANNEL, HELLO, thread=None, key=f"b.{number}.0")
    with pytest.raises(OutcomeUnknown):
        await api.find(TEAM, CHANNEL, "b.0.0", None)
    assert await api.find(TEAM, CHANNEL, "b.2.0", None)


@pytest.mark.parametrize("trouble", [{"status": 429, "retry_after": 7}, {"status": 503}, {"drop": True}])
async def test_looking_for_a_post_may_be_tried_again(slack, api, trouble):
    slack.fail_next("conversations.history", 2, **trouble)  # A broken line of old is tried anew by aiohttp.
    with pytest.raises((RateLimited, TemporaryFailure)):
        await api.find(TEAM, CHANNEL, "a.1.0", None)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        *((code, ChannelGone) for code in sorted(refusals.GONE)),
        *((code, PayloadRefused) for code in sorted(refusals.REFUSED)),
        *((code, TemporaryFailure) for code in sorted(refusals.TEMPORARY)),
        *((code, OutcomeUnknown) for code in sorted(refusals.IN_DOUBT)),
        *((code, RateLimited) for code in sorted(refusals.TOO_FAST)),
        ("a_code_of_next_year", ChannelGone),
    ],
)
async def test_every_refusal_has_a_kind_and_a_sentence(slack, api, code, kind):
    slack.fail_next("chat.postMessage", error=code)
    with pytest.raises(PLAIN_ERRORS) as refused:
        await api.post(TEAM, CHANNEL, HELLO, thread=None, key="a.1.0")
    assert isinstance(refused.value, kind)
    assert str(refused.value)[0].isupper()
    assert str(refused.value).endswith((".", ")"))
    assert slack.posts(CHANNEL) == []
    assert len(slack.called("chat.postMessage")) == 1


async def test_the_missing_permission_is_named(api):
    error = refusals.refusal("chat.postMessage", 200, "missing_scope", needed="chat:write")
    assert "chat:write" in str(error)


@pytest.mark.parametrize(("asked", "kept"), [(7, 7), (0, 0), (10**9, 3600)])
async def test_the_pause_that_slack_asks_for_is_handed_on(slack, api, asked, kept):
    slack.fail_next("chat.postMessage", status=429, retry_after=asked)
    with pytest.raises(RateLimited) as limited:
        await api.post(TEAM, CHANNEL, HELLO, thread=None)
    assert limited.value.retry_after == timedelta(seconds=kept)


@pytest.mark.parametrize("header", [None, "", "soon", "-3", "nan"])
def test_a_pause_of_no_length_has_one_of_ours(header):
    error = refusals.refusal("chat.postMessage", 429, None, pause=header)
    assert isinstance(error, RateLimited)
    assert error.retry_after == refusals.RETRY_AFTER


@pytest.mark.parametrize("trouble", [{"status": 503}, {"lost": True}, {"drop": True}, {"error": "internal_error"}])
async def test_a_post_with_an_unknown_outcome_is_not_repeated_and_can_be_looked_for(slack, api, trouble):
    slack.fail_next("chat.postMessage", **trouble)
    with pytest.raises(OutcomeUnknown) as unknown:
        await api.post(TEAM, CHANNEL, HELLO, thread=None, key="a.1.0")
    assert unknown.value.look_after == timedelta(seconds=30)
    assert len(slack.called("chat.postMessage")) == 1
    found = await api.find(TEAM, CHANNEL, "a.1.0", None)
    assert [message.ts for message in slack.posts(CHANNEL)] == ([found] if found else [])
    assert bool(found) == ("lost" in trouble)


async def test_without_permission_to_read_an_unknown_outcome_stays_unknown(slack):
    slack.add_workspace("T0SHUT001", scopes=("chat:write",)).channel("C0SHUT0001", "shut")
    api = Api(slack.api_url, SingleTeam("xoxb-T0SHUT001"))
    await api.tokens.connect(api)
    slack.fail_next("chat.postMessage", lost=True)
    with pytest.raises(OutcomeUnknown) as unknown:
        await api.post("T0SHUT001", "C0SHUT0001", HELLO, thread=None, key="a.1.0")
    assert unknown.value.look_after is None
    with pytest.raises(OutcomeUnknown):
        await api.find("T0SHUT001", "C0SHUT0001", "a.1.0", None)
    await api.close()


async def test_a_refused_connection_has_posted_nothing(slack):
    api = Api(slack.api_url, SingleTeam(f"xoxb-{TEAM}"))
    await slack.go_dark()
    with pytest.raises(TemporaryFailure):
        await api.post(TEAM, CHANNEL, HELLO, thread=None)
    await slack.come_back()
    await api.post(TEAM, CHANNEL, HELLO, thread=None)
    assert len(slack.posts(CHANNEL)) == 1
    await api.close()


async def test_a_name_that_is_not_found_has_posted_nothing(slack, monkeypatch):
    api = Api(slack.api_url.replace("127.0.0.1", "localhost"), SingleTeam(f"xoxb-{TEAM}"))

    def unknown(*_where, **_how):
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    with monkeypatch.context() as patched:
        patched.setattr(socket, "getaddrinfo", unknown)
        with pytest.raises(TemporaryFailure, match="cannot be reached"):
            await api.post(TEAM, CHANNEL, HELLO, thread=None)
    await api.post(TEAM, CHANNEL, HELLO, thread=None)
    assert len(slack.posts(CHANNEL)) == 1
    await api.close()


async def test_no_answer_in_time_is_an_unknown_outcome(slack, api, monkeypatch):
    import aiohttp

    await api.close()
    monkeypatch.setattr("bot.connectors.slack.api.TIMEOUT", aiohttp.ClientTimeout(total=0.2))
    slack.fail_next("chat.postMessage", hang=True)
    with pytest.raises(OutcomeUnknown):
        await api.post(TEAM, CHANNEL, HELLO, thread=None, key="a.1.0")


async def test_reading_goes_on_after_broken_lines(slack, api):
    slack.fail_next("users.info", 2, drop=True)
    with pytest.raises(TemporaryFailure):
        await api.call(TEAM, "users.info", user=KIM)
    assert (await api.call(TEAM, "users.info", user=KIM))["user"]["id"] == KIM


async def test_patience_waits_as_long_as_asked_and_then_doubling(slack, api, clock):
    slack.fail_next("users.info", 2, status=429, retry_after=20)
    slack.fail_next("users.info", 2, status=503)
    await api.patiently(lambda: api.call(TEAM, "users.info", user=KIM))
    assert clock.waits == [20, 20, 4, 8]


async def test_patience_outlasts_a_minute_of_refusals_and_ends(slack, api, clock):
    slack.fail_always("chat.postMessage", status=429, retry_after=30)
    with pytest.raises(RateLimited):
        await api.patiently(lambda: api.post(TEAM, CHANNEL, HELLO, thread=None))
    assert 60 < sum(clock.waits) <= 180
    slack.heal()
    begin = clock.now
    slack.fail_always("chat.postMessage", status=429, retry_after=30, when=lambda _: clock.now < begin + 60)
    await api.patiently(lambda: api.post(TEAM, CHANNEL, HELLO, thread=None))
    assert len(slack.posts(CHANNEL)) == 1


async def test_patience_never_repeats_what_may_be_done(slack, api, clock):
    slack.fail_next("chat.postMessage", lost=True)
    with pytest.raises(OutcomeUnknown):
        await api.patiently(lambda: api.post(TEAM, CHANNEL, HELLO, thread=None))
    assert len(slack.posts(CHANNEL)) == 1


async def test_posts_into_one_channel_keep_a_second_apart(slack, api, clock):
    for channel in (CHANNEL, CHANNEL, OTHER, CHANNEL):
        await api.post(TEAM, channel, HELLO, thread=None)
    assert clock.waits == [1.0, 1.0]


async def test_deliveries_wait_for_no_replies_but_replies_for_them(api, clock):
    for _ in range(3):
        await api.post(TEAM, CHANNEL, HELLO, thread=None, key="a.1.0")
    assert clock.waits == []
    await api.post(TEAM, CHANNEL, HELLO, thread=None)
    assert clock.waits == [1.0]


async def test_the_start_waits_until_slack_answers(slack, clock):
    slack.fail_next("auth.test", 2, status=503)
    slack.fail_next("auth.test", 1, status=429, retry_after=30)
    api = Api(slack.api_url, SingleTeam(f"xoxb-{TEAM}"), monotonic=clock.monotonic, sleep=clock.sleep)
    await api.tokens.connect(api)
    assert clock.waits == [1, 2, 30]
    identity = await api.tokens.identity(TEAM)
    assert (identity.bot_user, identity.team) == ("U0TEAM001BOT", TEAM)
    assert "chat:write" in identity.scopes
    await api.close()


async def test_a_token_is_for_its_own_team(slack, api):
    with pytest.raises(ChannelGone):
        await api.call("T0ELSE0001", "users.info", user=KIM)
    api = Api(slack.api_url, SingleTeam("xoxb-of-nobody"))
    with pytest.raises(ChannelGone):
        await api.tokens.connect(api)
    await api.close()


class Renewing(SingleTeam):
    """A token that can be had anew."""

    def __init__(self, token: str) -> None:
        super().__init__(token)
        self.renewed: list[str] = []

    async def renew(self, team: str, used: str, api: Api) -> bool:
        self.renewed.append(used)
        self._token = f"xoxb-{TEAM}"
        return True


async def test_an_expired_token_is_renewed_and_the_call_made_once_more(slack):
    slack.tokens["old"] = slack.tokens[f"xoxb-{TEAM}"].__class__(TEAM, ("chat:write",), expires=0)
    tokens = Renewing("old")
    api = Api(slack.api_url, tokens)
    await api.post(TEAM, CHANNEL, HELLO, thread=None)
    assert tokens.renewed == ["old"]
    assert len(slack.posts(CHANNEL)) == 1
    await api.close()


async def test_a_response_url_that_is_used_up_is_closed(slack, api):
    url = slack.world.response_url(TEAM, CHANNEL, KIM)
    for _ in range(5):
        await api.respond(url, HELLO)
    with pytest.raises(ChannelGone):
        await api.respond(url, HELLO)
    slack.fail_next("response_url", status=429, retry_after=3)
    with pytest.raises(RateLimited) as limited:
        await api.respond(slack.world.response_url(TEAM, CHANNEL, KIM), HELLO)
    assert limited.value.retry_after == timedelta(seconds=3)
    slack.fail_next("response_url", lost=True)
    with pytest.raises(OutcomeUnknown):
        await api.respond(slack.world.response_url(TEAM, CHANNEL, KIM), HELLO)


async def test_all_calls_go_through_one_session(api):
    before = api.session
    await api.call(TEAM, "users.info", user=KIM)
    assert api.session is before
    await api.close()
    assert before.closed
