"""One statement for many rows at the driver's own speed: SQLAlchemy's handling of each row costs as much as the row."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.sql.dml import UpdateBase

PARAMETERS = 800
"""Values in one statement, below what any SQLite takes (999 before 3.32)."""


def execute_rows(
    connection: Connection, statement: UpdateBase, names: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Execute `statement` once for each of `rows`, whose values are those of the bound parameters called `names`.

    The values reach the driver as they are: pass only what it takes, integers, strings, booleans and None.
    """
    if not rows:
        return
    compiled = statement.compile(dialect=connection.dialect, column_keys=list(names))
    order = list(compiled.positiontup or ())
    if not order:  # the driver takes parameters by name
        connection.exec_driver_sql(str(compiled), [dict(zip(names, row, strict=True)) for row in rows])
        return
    if order != list(names):
        places = [names.index(name) for name in order]
        rows = [tuple(row[place] for place in places) for row in rows]
    connection.exec_driver_sql(str(compiled), list(rows))
