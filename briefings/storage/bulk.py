"""One statement for any number of rows, at the database's own speed."""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select

PARAMETERS = 800
"""Values in one statement, below what any SQLite takes (999 before 3.32)."""


def among(column: ColumnElement[int], name: str) -> ColumnElement[bool]:
    """Whether `column` is one of the integers that the bound parameter `name` carries, as `packed` gives them.

    However many they are, the statement stays the same, and is compiled once.
    """
    value = func.json_each(bindparam(name)).table_valued("value").c.value
    return column.in_(select(value))


def packed(integers: Iterable[int]) -> Any:
    """The value of a parameter of `among`."""
    return json.dumps(list(integers), separators=(",", ":"))
