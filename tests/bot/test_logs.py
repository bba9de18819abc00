"""Log lines: JSON for programs, one correlation id per message and per delivery, and no words of other people."""

import asyncio
import io
import json
import logging
from datetime import timedelta

import pytest

from bot.app.desk import FrontDesk
from bot.app.logs import JsonLines, TextLines
from bot.connectors import OutcomeUnknown, PayloadRefused, RateLimited, TemporaryFailure
from bot.correlation import correlation, of_delivery, of_message
from bot.delivery import Retries
from bot.tasks import Tasks
from briefings.errors import StorageError
from briefings.types import Notice, Reply
from tests.bot.conftest import BEGIN

WORDS = "the mayor's heron"
TOKEN = "xoxb-5ee1f7"  # noqa: S105 - looks like one
RETRIES = Retries(attempts=9, first=timedelta(0), longest=timedelta(0))


class Lines:
    """What is logged, as the program writes it."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    def of(self, logger: str) -> list[dict]:
        lines = [json.loads(line) for line in self.text.splitlines()]
        return [line for line in lines if line["logger"].startswith(logger)]


@pytest.fixture
def lines():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield Lines(stream)
    root.removeHandler(handler)
    root.setLevel(level)


def deliverer(storage, scripted, time):
    return scripted.deliverer(storage, retries=RETRIES)


def desk(storage, scripted, handle):
    class Handling:
        def handle(self, text, asker, now):
            return handle(text)

    return FrontDesk(Handling(), storage, {"scripted": scripted}, wake=lambda: None)


# Which lines belong together


async def test_every_attempt_at_a_delivery_has_its_id(storage, scripted, time, lines):
    scripted.script = [TemporaryFailure("It is busy."), RateLimited("Too fast.", timedelta(0)), None, None]
    ids = [storage.outbox.add_post("scripted", f"scripted:#{n}", Notice(WORDS), BEGIN, ()) for n in range(2)]
    sending = deliverer(storage, scripted, time)
    for _ in range(4):
        await sending.deliver()
        await sending.idle()
        time.seconds += 5
    told = [(line["action"], line["correlation"], line["delivery"]) for line in lines.of("bot.delivery")]
    assert sorted(set(told)) == sorted(
        [(action, f"delivery-{id}", id) for id in ids for action in ("retry", "delivered")]
    )


async def test_each_message_has_an_id_of_its_own_in_every_thread_that_works_on_it(storage, scripted, lines):
    inner = logging.getLogger("trial")

    def handle(text):
        inner.warning("working", extra={"action": "working"})
        raise StorageError("The disk is full.")

    front = desk(storage, scripted, handle)
    await asyncio.gather(*(front.answer(WORDS, scripted.asker) for _ in range(3)))
    ids = [line["correlation"] for line in lines.of("trial")]
    assert len(set(ids)) == 3
    assert all(id.startswith("message-") for id in ids)
    assert sorted(line["correlation"] for line in lines.of("bot.app.desk")) == sorted(ids)


async def test_work_after_an_acknowledgement_is_about_one_message(storage, scripted, lines):
    tasks, seen = Tasks(), []
    front = desk(storage, scripted, lambda text: Reply((Notice(correlation()),)))

    async def work():
        seen.append(correlation())
        reply = await front.answer(WORDS, scripted.asker)
        seen.append(reply.contents[0].text)

    for _ in range(2):
        tasks.start(work())
    await tasks.finish(5)
    assert correlation() == ""
    assert len(seen) == 4
    assert len(set(seen)) == 2


def test_within_a_message_or_delivery_ids_do_not_leak():
    with of_message():
        outer = correlation()
        with of_message():
            assert correlation() == outer
        with of_delivery(4):
            assert correlation() == "delivery-4"
        assert correlation() == outer
    assert correlation() == ""


# What they do not hold


async def test_no_line_holds_what_people_write(storage, scripted, time, lines):
    def handle(text):
        raise LookupError(text)

    await desk(storage, scripted, handle).answer(WORDS, scripted.asker)
    scripted.script = [KeyError(f"{WORDS} {TOKEN}"), OutcomeUnknown("Nobody can tell."), None]
    scripted.refuses = lambda text: "refused" in text
    sending = deliverer(storage, scripted, time)
    for text in (WORDS, WORDS, WORDS, f"refused {WORDS}"):
        storage.outbox.add_post("scripted", "scripted:#here", Notice(text), BEGIN, ())
        await sending.deliver()
        await sending.idle()
    assert {line["action"] for line in lines.of("bot")} >= {"answer_failed", "unknown", "delivered", "plain_fallback"}
    assert "LookupError" in lines.text
    assert "KeyError" in lines.text
    assert WORDS not in lines.text
    assert TOKEN not in lines.text


def shown(error: Exception, formatter: logging.Formatter) -> str:
    try:
        try:
            raise error
        except type(error) as cause:
            raise PayloadRefused("Slack refuses it: no_text.") from cause
    except PayloadRefused as last:
        record = logging.LogRecord("trial", logging.ERROR, "", 0, "failed", (), (type(last), last, last.__traceback__))
        return formatter.format(record)


@pytest.mark.parametrize("formatter", [JsonLines(), TextLines()])
def test_of_errors_only_our_words_and_the_systems_are_kept(formatter):
    foreign = shown(ValueError(WORDS), formatter)
    assert WORDS not in foreign
    assert "ValueError" in foreign
    assert "no_text" in foreign
    assert "test_logs.py" in foreign
    assert "No space left" in shown(OSError(28, "No space left on device"), formatter)


def test_an_error_that_goes_round_in_circles_ends():
    error = ValueError()
    error.__cause__ = error
    record = logging.LogRecord("trial", logging.ERROR, "", 0, "failed", (), (ValueError, error, None))
    assert json.loads(JsonLines().format(record))["trace"].count("ValueError") < 10
