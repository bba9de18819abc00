"""PostgreSQL tells at once what would else be seen a second later: https://www.postgresql.org/docs/current/sql-notify.html.

What is told while there is no connection is lost, and no loss: everybody looks every second in any case.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, TimeoutError

log = logging.getLogger(__name__)

CHANNEL = "sidelines"
WAIT = 1.0
"""Seconds until it is noticed that nobody wants to hear any more, and between two tries to connect."""


@contextmanager
def listening(engine: Engine, told: Callable[[], object]) -> Iterator[None]:
    """Call `told` in a thread of its own whenever somebody notifies."""
    over = threading.Event()
    thread = threading.Thread(target=_listen, args=(engine, told, over), name="hearing", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _listen(engine: Engine, told: Callable[[], object], over: threading.Event) -> None:
    while not over.is_set():
        try:
            with closing(_own(engine)) as driver:
                driver.execute(f"LISTEN {CHANNEL}")
                told()  # For what was told meanwhile.
                while not over.is_set():
                    for _ in driver.notifies(timeout=WAIT, stop_after=1):
                        told()
        except (DBAPIError, TimeoutError, psycopg.Error) as error:
            log.warning(
                "the database tells nothing at once; it is looked at every second",
                extra={"action": "not_told", "cause": type(error).__name__},
            )
            over.wait(WAIT)


def _own(engine: Engine) -> Any:
    """A connection of the driver that nobody else waits for."""
    connection = engine.raw_connection()
    driver: Any = connection.driver_connection
    connection.detach()
    driver.rollback()
    driver.autocommit = True
    return driver
