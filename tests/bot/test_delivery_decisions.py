"""Decisions about failures, and keys: what delivering decides with values alone."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.connectors import ChannelGone, OutcomeUnknown, PayloadRefused, RateLimited, TemporaryFailure
from bot.delivery import PLAIN, GiveUp, Pause, Retries, Retry, Unknown, after_failure, key_of
from bot.delivery.deciding import PATIENCE
from briefings.types import Delivery, Notice
from config.settings import Settings

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
RETRIES = Retries(attempts=4, first=timedelta(seconds=2), longest=timedelta(minutes=5))


def decide(error, attempts=1, jitter=0.5, retries=RETRIES, **named):
    return after_failure(error, attempts, NOW, retries, jitter, **named)


def test_what_each_failure_leads_to():
    assert decide(ChannelGone("Invite me to #here.")) == Pause("Invite me to #here.")
    assert decide(PayloadRefused("Too long.")) == GiveUp("Too long.")
    assert decide(OutcomeUnknown("No reply.")) == Unknown("No reply.")
    assert isinstance(decide(TemporaryFailure("Busy.")), Retry)
    assert isinstance(decide(RateLimited("Slow down.", timedelta(seconds=9))), Retry)


def test_an_error_outside_the_contract_is_never_sent_again_by_itself():
    assert isinstance(decide(KeyError("ts")), Unknown)
    assert isinstance(decide(TimeoutError()), Unknown)


def test_temporary_failures_end_with_the_last_attempt():
    assert isinstance(decide(TemporaryFailure("Busy."), attempts=3), Retry)
    assert isinstance(decide(TemporaryFailure("Busy."), attempts=4), GiveUp)


def test_being_too_fast_is_no_attempt_and_ends_only_after_a_day():
    too_fast = RateLimited("Slow down.", timedelta(seconds=1))
    assert not decide(too_fast, attempts=99, waited=PATIENCE).counted
    assert isinstance(decide(too_fast, waited=PATIENCE + timedelta(seconds=1)), GiveUp)


def test_what_can_be_looked_up_is_tried_again_then_and_not_for_ever():
    later = OutcomeUnknown("No reply.", timedelta(seconds=30))
    assert decide(later) == Retry(NOW + timedelta(seconds=30))
    assert decide(later, attempts=4) == Unknown("No reply.")


@pytest.mark.parametrize(
    "error", [PayloadRefused("Too long."), TemporaryFailure("Busy."), RateLimited("Slow down.", timedelta(seconds=1))]
)
def test_what_may_have_been_posted_is_never_said_to_have_failed(error):
    assert decide(error, attempts=4, waited=2 * PATIENCE, in_doubt=True) == Unknown(str(error))


@given(st.integers(1, 99), st.floats(0, 1, exclude_max=True))
def test_waits_are_drawn_from_nothing_to_a_bound_that_doubles_until_they_are_long(attempts, jitter):
    retries = Retries(attempts=100, first=timedelta(seconds=2), longest=timedelta(minutes=5))
    decision = decide(TemporaryFailure("Busy."), attempts, jitter, retries)
    longest = timedelta(minutes=5)
    bound = timedelta(seconds=2) * 2 ** min(attempts - 1, 20)
    wait = bound * jitter if bound < longest else longest * (1 + jitter) / 2
    assert decision.at - NOW == pytest.approx(wait, abs=timedelta(microseconds=1))


def test_however_the_waits_are_drawn_the_attempts_last_for_an_hour():
    shipped = Settings.load({"SIDELINES_DATA_DIR": "."}).delivery
    first, longest = timedelta(seconds=shipped.first_wait), timedelta(seconds=shipped.longest_wait)
    retries = Retries(attempts=shipped.attempts, first=first, longest=longest)
    shortest = (decide(TemporaryFailure("Busy."), n, 0.0, retries).at - NOW for n in range(1, shipped.attempts))
    assert sum(shortest, timedelta()) > timedelta(hours=1)


@given(st.integers(0, 100_000), st.floats(0, 1, exclude_max=True))
def test_retry_after_is_honoured(seconds, jitter):
    decision = decide(RateLimited("Slow down.", timedelta(seconds=seconds)), 1, jitter)
    assert NOW + timedelta(seconds=seconds) <= decision.at <= NOW + timedelta(seconds=seconds) + RETRIES.first


@given(
    st.integers(1_760_000_000_000, 16_000_000_000_000),
    st.integers(1, 10**9),
    st.sampled_from([0, 9, 9 + 9 * PLAIN]),
)
def test_a_key_fits_where_platforms_allow_25_characters(created, id, part):
    content = Notice("x")
    delivery = Delivery(
        id=id,
        workspace="w",
        channel="c",
        subscription=None,
        slot=None,
        due=None,
        late=False,
        content=content,
        state="pending",
        attempts=1,
        sent={},
        created=datetime.fromtimestamp(created / 1000, UTC),
    )
    assert len(key_of(delivery, part)) <= 25
