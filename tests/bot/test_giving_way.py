"""On PostgreSQL one of two transactions that wait for each other is undone: what somebody waits for is done again."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot.delivery import Retries
from briefings.storage import Storage
from briefings.types import Notice
from tests.bot.conftest import BEGIN, Scripted, Time
from tests.bot.reception import ADMIN, FORM, HERE, furnish
from tests.servers.postgresql import Postgresql

Undo = Callable[..., None]


@pytest.fixture
def storage(postgresql_server: Postgresql) -> Iterator[Storage]:
    with postgresql_server.empty_database() as url, Storage.open(url) as opened:
        yield opened


@pytest.fixture
def undo(storage: Storage) -> Undo:
    """Let PostgreSQL undo, as it does after a deadlock, the first so many transactions that write a row of a table."""

    def undo(table: str, times: int, by: str = "INSERT") -> None:
        # A sequence is the one thing of which nothing is undone.
        for statement in (
            "CREATE SEQUENCE tries",
            f"""CREATE FUNCTION give_way() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF nextval('tries') <= {times} THEN RAISE 'deadlock detected' USING ERRCODE = '40P01'; END IF;
                RETURN NEW; END $$""",
            f"CREATE TRIGGER give_way BEFORE {by} ON {table} FOR EACH ROW EXECUTE FUNCTION give_way()",
        ):
            with storage.writing() as connection:
                connection.execute(text(statement))

    return undo


async def test_a_command_is_done_again_and_done_once(storage, tmp_path, scripted, undo):
    world = furnish(storage, tmp_path, scripted)
    undo("subscriptions", 1)
    assert (await world.desk.submit(FORM, ADMIN)).found
    assert len(world.subscriptions()) == 1


async def test_a_command_that_has_to_give_way_again_is_refused_and_nothing_is_done(storage, tmp_path, scripted, undo):
    world = furnish(storage, tmp_path, scripted)
    undo("subscriptions", 2)
    reply = await world.desk.submit(FORM, ADMIN)
    assert not reply.found
    assert "is busy with the work of other processes; try again in a moment." in reply.contents[0].text
    assert world.subscriptions() == []


async def test_what_a_platform_tells_is_stored_all_the_same(storage, tmp_path, scripted, undo):
    world = furnish(storage, tmp_path, scripted)
    undo("deliveries", 1)
    await world.desk.joined("scripted:T1", HERE, "U1")
    assert len(world.queued()) == 1


def test_articles_are_added_all_the_same(storage, run, article, undo, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", storage.database.engine.url.render_as_string(hide_password=False))
    undo("articles", 1)
    assert run("add", str(article)).status == 0
    assert storage.articles.count("terminal") == 1


async def test_a_part_that_was_sent_is_recorded_and_is_never_in_doubt(
    storage: Storage, scripted: Scripted, time: Time, undo: Undo
):
    retries = Retries(attempts=2, first=timedelta(seconds=2), longest=timedelta(minutes=5))
    deliverer = scripted.deliverer(storage, retries=retries)
    storage.outbox.add_notice("scripted", "scripted:#here", Notice("Hello."), BEGIN)
    undo("delivery_parts", 1, by="UPDATE")
    await deliverer.deliver()
    await deliverer.idle()
    assert scripted.texts == ["Hello."]
    assert storage.outbox.counts() == {"delivered": 1}
