import sqlite3
from collections.abc import Iterator
from contextlib import closing
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
    """The statements that SQLite keeps, which tell what inspection does not: conditions of indexes, AUTOINCREMENT."""
    with database.reading() as connection:
        rows = connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name NOT IN ('alembic_version')"
        )
        return sorted(" ".join(row.sql.split()).replace(" ,", ",").replace(" )", ")") for row in rows)


@pytest.fixture
def migrated() -> Iterator[Database]:
    with Storage.open("sqlite://") as storage:
        yield storage.database


@pytest.fixture
def created() -> Iterator[Database]:
    database = Database("sqlite://")
    with database.writing() as connection:
        metadata.create_all(connection)
    yield database
    database.close()


def test_migrated_equals_fresh(migrated: Database, created: Database) -> None:
    assert schema(migrated) == schema(created)
    assert written(migrated) == written(created)


def test_the_list_of_revisions_is_that_of_the_steps() -> None:
    walked = [step.revision for step in steps().walk_revisions()]
    assert tuple(reversed(walked)) == migrations.REVISIONS


def test_a_database_of_every_older_version_is_brought_up_to_date(tmp_path: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    for revision in migrations.REVISIONS[:-1]:
        url = f"sqlite:///{tmp_path / revision}.db"
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


def test_opening_again_changes_nothing_and_loads_no_alembic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sidelines.db"
    Storage.open(f"sqlite:///{path}").close()
    before = path.read_bytes()

    def refuse(*_: object) -> None:
        raise AssertionError("a step ran again")

    monkeypatch.setattr("alembic.command.upgrade", refuse)
    Storage.open(f"sqlite:///{path}").close()
    assert path.read_bytes() == before


def test_a_step_that_is_interrupted_leaves_the_old_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sidelines.db"

    def fail(_bits: int) -> int:
        raise KeyboardInterrupt  # The tables are made by now.

    with monkeypatch.context() as patched:
        patched.setattr("secrets.randbits", fail)
        with pytest.raises(KeyboardInterrupt):
            Storage.open(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    with Storage.open(f"sqlite:///{path}") as storage:
        assert storage.articles.count("w") == 0


def test_without_leave_to_migrate_an_empty_database_is_refused_and_stays_empty(tmp_path: Path) -> None:
    path = tmp_path / "sidelines.db"
    with pytest.raises(StorageError) as error:
        Storage.open(f"sqlite:///{path}", migrate=False)
    assert "sidelines migrate" in str(error.value)
    assert path.stat().st_size == 0
    Storage.open(f"sqlite:///{path}").close()
    Storage.open(f"sqlite:///{path}", migrate=False).close()


def test_migrate_tells_whether_there_was_anything_to_do() -> None:
    database = Database("sqlite://")
    assert [database.migrate(), database.migrate()] == [True, False]
    database.close()
