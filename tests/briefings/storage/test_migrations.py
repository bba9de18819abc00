import re
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from slack_sdk.oauth.installation_store.sqlalchemy import SQLAlchemyInstallationStore
from slack_sdk.oauth.state_store.sqlalchemy import SQLAlchemyOAuthStateStore
from sqlalchemy import MetaData, inspect

from briefings.errors import StorageError
from briefings.storage import Storage, migrations
from briefings.storage.engine import Database
from briefings.storage.peek import sqlite_path
from briefings.storage.tables import metadata


def steps() -> ScriptDirectory:
    return ScriptDirectory(str(Path(migrations.__file__).parent))


def schema(database: Database) -> dict[str, Any]:
    with database.reading() as connection:
        inspector = inspect(connection)
        return {
            table: {
                "columns": {c["name"]: (str(c["type"]), c["nullable"]) for c in inspector.get_columns(table)},
                "primary key": inspector.get_pk_constraint(table),
                "foreign keys": sorted(inspector.get_foreign_keys(table), key=str),
                "indexes": sorted(
                    (i["name"], i["column_names"], i["unique"], {k: str(v) for k, v in i["dialect_options"].items()})
                    for i in inspector.get_indexes(table)
                ),
                "uniques": sorted(inspector.get_unique_constraints(table), key=str),
                "options": inspector.get_table_options(table),
            }
            for table in inspector.get_table_names()
            if table != "alembic_version"
        }


def written(database: Database) -> list[str]:
    """What inspection does not tell: conditions of indexes, AUTOINCREMENT, comments, defaults."""
    with database.reading() as connection:
        query = _WRITTEN[connection.dialect.name]
        rows = [" ".join(str(part) for part in row) for row in connection.exec_driver_sql(query)]
    # SQLite keeps statements as they were typed, and puts columns that are added behind the last line break.
    return sorted(re.sub(r"\s+(?=[,)])", "", " ".join(row.split())) for row in rows)


_WRITTEN = {
    "sqlite": "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name NOT IN ('alembic_version')",
    "postgresql": """
        SELECT indexdef, NULL, NULL, NULL FROM pg_indexes
            WHERE schemaname = 'public' AND tablename <> 'alembic_version'
        UNION ALL SELECT c.relname, a.attname, pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum)
            FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
            AND NOT a.attisdropped AND c.relname <> 'alembic_version'
        UNION ALL SELECT conname, pg_get_constraintdef(oid), NULL, NULL FROM pg_constraint
            WHERE connamespace = 'public'::regnamespace AND conname NOT LIKE 'alembic%%'
    """,
}


def test_migrated_equals_fresh(new_database: Callable[[], str]) -> None:
    migrated, created = Database(new_database()), Database(new_database())
    migrated.migrate()
    with created.writing() as connection:
        metadata.create_all(connection)
    assert schema(migrated) == schema(created)
    assert written(migrated) == written(created)
    assert len(written(created)) > len(metadata.tables)
    migrated.close()
    created.close()


def test_the_list_of_revisions_is_that_of_the_steps() -> None:
    walked = [step.revision for step in steps().walk_revisions()]
    assert tuple(reversed(walked)) == migrations.REVISIONS


def test_a_database_of_every_older_version_is_brought_up_to_date(new_database: Callable[[], str]) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    for revision in migrations.REVISIONS[:-1]:
        url = new_database()
        database = Database(url)
        with database.writing() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
        database.close()
        with Storage.open(url) as storage:
            assert storage.database.revision() == migrations.NEWEST
            assert storage.subscriptions.list_all() == []
            assert storage.claims.claim("e1", "a", datetime(2026, 11, 23, tzinfo=UTC))


def test_the_tables_for_slack_are_those_of_its_own_stores() -> None:
    theirs = MetaData()
    SQLAlchemyInstallationStore.build_bots_table(theirs, "slack_bots")
    SQLAlchemyInstallationStore.build_installations_table(theirs, "slack_installations")
    SQLAlchemyOAuthStateStore.build_oauth_states_table(theirs, "slack_oauth_states")
    for name, table in theirs.tables.items():
        ours = metadata.tables[name]
        assert [(c.name, c.nullable) for c in ours.columns] == [(c.name, c.nullable) for c in table.columns]
        for column in table.columns:
            kind = "TEXT" if column.name.endswith("_token") else str(column.type)
            assert str(ours.columns[column.name].type) == kind
        assert [(i.name, i.columns.keys()) for i in ours.indexes] == [(i.name, i.columns.keys()) for i in table.indexes]


def test_opening_again_changes_nothing_and_loads_no_alembic(
    new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = new_database()
    Storage.open(url).close()
    path = sqlite_path(url)
    before = path.read_bytes() if path else b""

    def refuse(*_: object) -> None:
        raise AssertionError("a step ran again")

    monkeypatch.setattr("alembic.command.upgrade", refuse)
    Storage.open(url).close()
    assert path is None or path.read_bytes() == before


def test_a_step_that_is_interrupted_leaves_the_old_state(
    new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_bits: int) -> int:
        raise KeyboardInterrupt  # The tables are made by now.

    url = new_database()
    with monkeypatch.context() as patched:
        patched.setattr("secrets.randbits", fail)
        with pytest.raises(KeyboardInterrupt):
            Storage.open(url)
    assert tables(url) == []
    with Storage.open(url) as storage:
        assert storage.articles.count("w") == 0


def tables(url: str) -> list[str]:
    database = Database(url)
    with database.reading() as connection:
        names = inspect(connection).get_table_names()
    database.close()
    return names


def test_a_process_killed_in_a_step_leaves_the_old_state(new_database: Callable[[], str]) -> None:
    url = new_database()
    program = f"""if True:
        import os, secrets, signal
        from briefings.storage import Storage
        secrets.randbits = lambda bits: os.kill(os.getpid(), signal.SIGKILL)
        Storage.open({url!r})
    """
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -signal.SIGKILL
    assert tables(url) == []
    Storage.open(url).close()


def test_processes_that_migrate_at_once_do_so_once(new_database: Callable[[], str]) -> None:
    url = new_database()
    program = f"from briefings.storage.engine import Database; print(Database({url!r}).migrate())"
    processes = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    said = [process.communicate()[0].strip() for process in processes]
    assert "True" in said
    assert [process.returncode for process in processes] == [0] * 4
    Storage.open(url, migrate=False).close()


def test_without_leave_to_migrate_an_empty_database_is_refused_and_stays_empty(new_database: Callable[[], str]) -> None:
    url = new_database()
    with pytest.raises(StorageError) as error:
        Storage.open(url, migrate=False)
    assert "sidelines migrate" in str(error.value)
    assert tables(url) == []
    Storage.open(url).close()
    Storage.open(url, migrate=False).close()


def test_migrate_tells_whether_there_was_anything_to_do(new_database: Callable[[], str]) -> None:
    database = Database(new_database())
    assert [database.migrate(), database.migrate()] == [True, False]
    database.close()
