"""What those who operate the program are told: health, readiness, figures, the alarm of the audit."""

import asyncio
import re
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.app.desk import FrontDesk
from bot.app.health import OTHER_VERSION, UNREACHABLE
from bot.app.watching import Watch
from bot.connectors import ChannelGone, OutcomeUnknown, TemporaryFailure, terminal
from bot.correlation import of_delivery, of_message
from bot.delivery import Retries
from bot.metrics import Prometheus
from briefings.errors import DatabaseTooNew, StorageError
from briefings.storage.processes import SILENT
from briefings.types import Answer, Notice, Reply, Schedule, Slot
from tests.bot.conftest import BEGIN

ROOT = Path(__file__).parents[2]
RETRIES = Retries(attempts=2, first=timedelta(seconds=2), longest=timedelta(minutes=5))
SECRET = "heron-in-the-reeds"  # noqa: S105 - what people write, and must not come out
NOON = Slot("2026-11-23T12:00", BEGIN + timedelta(hours=3))


class Terminal:
    """As much of a connector as the operator's notices need."""

    def managers(self, workspace, person):
        return "terminal:#general"


@pytest.fixture
def watch(storage, scripted, time):
    return watching(storage, {"scripted": scripted}, time)


def watching(storage, connectors, time, line="listening"):
    lines = dict.fromkeys(connectors, line)
    return Watch(storage, connectors, lambda: lines, lambda: [*connectors, "worker"], counting=True, now=time.now)


async def figures(watch) -> dict[str, float]:
    """Every sample, by its name and its labels as they are written."""
    _, text = await watch.figures()
    return {
        sample.name + "".join(f"[{value}]" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def subscribe(storage, channel="scripted:#here", next_slot=NOON):
    return storage.subscriptions.create(
        workspace="scripted",
        channel=channel,
        topic=SECRET,
        query=SECRET,
        schedule=Schedule("daily at 12", ("0 12 * * *",), "UTC"),
        since=BEGIN,
        next_slot=next_slot,
        now=BEGIN,
    )


# Readiness


async def test_it_is_ready_while_the_database_answers_and_all_listen(watch):
    assert await watch.ready() == {"ok": True, "reasons": [], "platforms": {"scripted": "listening"}}


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (StorageError(f"{SECRET} is gone"), UNREACHABLE),
        (DatabaseTooNew(f"{SECRET} is newer"), OTHER_VERSION),
        ("0001", OTHER_VERSION),
    ],
)
async def test_trouble_with_the_database_is_told_without_its_name(watch, storage, monkeypatch, caplog, trouble, reason):
    def revision():
        if isinstance(trouble, Exception):
            raise trouble
        return trouble

    monkeypatch.setattr(storage.database, "revision", revision)
    for _ in range(3):
        told = await watch.ready()
        assert (told["ok"], told["reasons"]) == (False, [reason])
    assert [record.action for record in caplog.records] == ["readiness"]  # Once, however often somebody asks.
    monkeypatch.undo()
    assert (await watch.ready())["ok"] is True
    assert [record.action for record in caplog.records] == ["readiness"] * 2


async def test_who_does_not_listen_is_named(storage, scripted, time):
    watch = watching(storage, {"scripted": scripted}, time, "silent")
    told = await watch.ready()
    assert (told["ok"], told["reasons"]) == (False, ["scripted is not listened to; the log says why."])
    assert (await figures(watch))["sidelines_listening[scripted]"] == 0


async def test_who_stands_by_is_ready_and_says_so(storage, scripted, time):
    watch = watching(storage, {"scripted": scripted}, time, "standing by")
    assert await watch.ready() == {"ok": True, "reasons": [], "platforms": {"scripted": "standing by"}}
    assert (await figures(watch))["sidelines_listening[scripted]"] == 0


async def test_those_who_ask_a_database_that_hangs_take_one_thread(watch, storage, monkeypatch):
    asked, released = [], threading.Event()

    def hang():
        asked.append(1)
        released.wait()

    monkeypatch.setattr(storage.database, "revision", hang)
    monkeypatch.setattr("bot.app.watching.PATIENCE", 0.01)
    told = await asyncio.gather(*(watch.ready() for _ in range(9)))
    told.append(await watch.ready())
    released.set()
    assert len(asked) == 1
    assert {each["ok"] for each in told} == {False}


# Figures


async def test_how_things_stand(watch, storage, time):
    subscribe(storage)
    storage.subscriptions.pause(subscribe(storage, "scripted:#there").id, "scripted")
    storage.outbox.add_notice("scripted", "scripted:#here", Notice(SECRET), BEGIN)
    storage.sources.add(workspace="scripted", url=f"https://{SECRET}.example.org/", name=SECRET, now=BEGIN)
    time.seconds = 4 * 3600
    shown = await figures(watch)
    assert shown["sidelines_database_up"] == 1
    assert shown["sidelines_listening[scripted]"] == 1
    assert shown["sidelines_subscriptions[active]"] == 1
    assert shown["sidelines_subscriptions[paused]"] == 1
    assert shown["sidelines_slots_overdue"] == 1
    assert shown["sidelines_slots_overdue_seconds"] == 3600
    assert shown["sidelines_outbox_deliveries"] == 1
    assert shown["sidelines_outbox_age_seconds"] == 4 * 3600
    assert shown["sidelines_feeds[healthy]"] == 1
    assert shown["sidelines_feeds[failing]"] == 0


async def test_while_the_database_is_away_what_was_counted_is_still_told(watch, storage, monkeypatch):
    watch.meter.retried()

    def away(_overdue):
        raise StorageError("It is away.")

    monkeypatch.setattr(storage.figures, "state", away)
    shown = await figures(watch)
    assert shown["sidelines_database_up"] == 0
    assert shown["sidelines_retries_total"] == 1
    assert "sidelines_outbox_deliveries" not in shown


async def test_deliveries_are_counted_by_how_they_end(watch, storage, scripted, time):
    scripted.script = [
        None,
        TemporaryFailure(SECRET),
        TemporaryFailure(SECRET),
        ChannelGone(SECRET),
        OutcomeUnknown(SECRET),
    ]
    deliverer = scripted.deliverer(storage, retries=RETRIES, meter=watch.meter)
    for number in range(5):
        storage.outbox.add_post("scripted", f"scripted:#{number}", Notice(SECRET), BEGIN, ())
        await deliverer.deliver()
        await deliverer.idle()
    shown = await figures(watch)
    assert {
        "delivered": shown["sidelines_deliveries_total[delivered]"],
        "failed": shown["sidelines_deliveries_total[failed]"],
        "unknown": shown["sidelines_deliveries_total[unknown]"],
        "retries": shown["sidelines_retries_total"],
    } == {"delivered": 1, "failed": 1, "unknown": 1, "retries": 2}


async def test_refusals_as_too_fast_are_counted_by_what_was_asked_for(watch):
    for about in (of_delivery(7), of_delivery(8), of_message()):
        with about:
            watch.meter.limited("slack")
    watch.meter.limited("web")
    counted = {name: value for name, value in (await figures(watch)).items() if "rate_limited_total" in name}
    assert counted == {
        "sidelines_rate_limited_total[slack][delivery]": 2,
        "sidelines_rate_limited_total[slack][message]": 1,
        "sidelines_rate_limited_total[web][other]": 1,
    }


def test_slots_lateness_and_delays_are_counted():
    meter = Prometheus()
    meter.published(20, 7)
    meter.delivered(late=True, delay=timedelta(minutes=12))
    meter.delivered(late=False, delay=timedelta(seconds=-1))  # The clock was set back.
    meter.delivered(late=False, delay=None)
    _, text = meter.text(lambda: iter(()))
    shown = {
        sample.name: sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }
    assert shown["sidelines_slots_due_total"] == 20
    assert shown["sidelines_briefings_queued_total"] == 7
    assert shown["sidelines_late_total"] == 1
    assert shown["sidelines_delivery_delay_seconds_count"] == 2
    assert shown["sidelines_delivery_delay_seconds_sum"] == 720


async def test_questions_are_timed_apart_from_commands(watch, storage, scripted):
    class Answering:
        def handle(self, text, asker, now):
            found = (Answer(question=text, looked_for=(), quotes=()),) if text.endswith("?") else (Notice("Done."),)
            return Reply(found)

    desk = FrontDesk(Answering(), storage, {"scripted": scripted}, wake=lambda: None, meter=watch.meter)
    for text in ("who?", "what?", "topics"):
        await desk.answer(text, scripted.asker)
    shown = await figures(watch)
    assert shown["sidelines_answer_seconds_count[question]"] == 2
    assert shown["sidelines_answer_seconds_count[other]"] == 1


async def test_no_label_holds_what_others_write_and_their_number_is_bounded(watch, storage, scripted):
    labels = re.compile(r"^sidelines_\w+\{", re.MULTILINE)
    _, before = await watch.figures()
    for number in range(30):
        subscribe(storage, f"scripted:#{SECRET}-{number}", NOON)
        storage.outbox.add_notice("scripted", f"scripted:#{SECRET}-{number}", Notice(SECRET), BEGIN)
        storage.sources.add(workspace=f"s:{number}", url=f"https://{SECRET}.org/{number}", name=SECRET, now=BEGIN)
        watch.meter.limited("scripted")
    await watch.audit()
    _, after = await watch.figures()
    assert SECRET.encode() not in after
    grown = len(labels.findall(after.decode())) - len(labels.findall(before.decode()))
    assert grown <= 2 + 8  # rate_limited once, with the time it began; and what became of audited slots


async def test_the_readme_names_every_figure_and_no_other(watch, storage):
    await watch.audit()
    _, text = await watch.figures()
    told = {f"sidelines_{name}" for name in re.findall(r"^# TYPE sidelines_(\w+)", text.decode(), re.MULTILINE)}
    told = {name for name in told if not name.endswith("_created")}
    named = re.findall(r"`(sidelines_\w+)`", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert set(named) == told


def test_each_has_a_registry_of_its_own():
    one, other = Prometheus(), Prometheus()
    one.retried()
    _, text = other.text(lambda: iter(()))
    assert "sidelines_retries_total 0.0" in text.decode()


# By the clock


async def test_processes_are_known_while_they_run(watch, storage, time):
    await watch.beat()
    (process,) = storage.processes.list()
    assert (process.serves, process.seen) == (("scripted", "worker"), BEGIN)
    time.seconds = 30
    await watch.beat()
    (process,) = storage.processes.list()
    assert process.seen - process.started == timedelta(seconds=30)
    assert process.seen < time.now() + SILENT
    await watch.leave()
    assert storage.processes.list() == []


async def test_the_audit_raises_its_alarm_once_a_day_in_log_figures_and_session(storage, scripted, time, caplog):
    watch = watching(storage, {"scripted": scripted, terminal.WORKSPACE: Terminal()}, time)
    subscribe(storage, next_slot=Slot("2026-11-23T12:00", BEGIN + timedelta(days=9)))  # It will never be served.
    time.seconds = 4 * 3600
    for _ in range(3):
        await watch.audit()
    assert [record.action for record in caplog.records if record.levelname == "ERROR"] == ["audit_failed"]
    assert (await figures(watch))["sidelines_audit_slots[lost]"] == 1
    (notice,) = storage.outbox.history(terminal.WORKSPACE)
    assert notice.content.level == "problem"
    assert notice.channel == "terminal:#general"


async def test_without_a_session_no_workspace_hears_of_what_another_lost(storage, scripted, time):
    watch = watching(storage, {"scripted": scripted}, time)
    subscribe(storage, next_slot=Slot("2026-11-23T12:00", BEGIN + timedelta(days=9)))
    time.seconds = 4 * 3600
    await watch.audit()
    assert storage.outbox.counts() == {}
