"""Days around the clock changes of a year that is lived in minutes; the whole of it is `tests.simulation.year`."""

from datetime import UTC, datetime, timedelta
from random import Random
from types import SimpleNamespace

import pytest

from bot.connectors import RateLimited
from bot.delivery.traffic import Traffic
from tests.simulation.expected import DAY, Zone
from tests.simulation.world import Clock, Platform
from tests.simulation.year import ZONES, live

SPRING, AUTUMN = datetime(2026, 3, 27, 12, tzinfo=UTC), datetime(2026, 10, 23, 12, tzinfo=UTC)
DAYS = 4 * DAY


@pytest.mark.parametrize(
    ("database", "processes", "begin"), [("database_file", 1, SPRING), ("postgresql_url", 2, AUTUMN)]
)
def test_each_channel_gets_what_zoneinfo_and_the_rules_alone_say(request, database, processes, begin):
    """Processes are killed, sends fail, feeds change, people pause, channels go: see `tests.simulation.year`."""
    url = request.getfixturevalue(database)
    changing = [zone for zone in ZONES if len(Zone(zone, begin, begin + DAYS).spans) > 1]
    zones = [*changing[:: len(changing) // 10], "UTC", "Asia/Kathmandu"]
    year, found, table = live(url, begin, begin + DAYS, zones, processes=processes, kills=0.03, news=1.0)
    assert found == [], table
    assert year.count.told > 30
    assert sum(n for name, n in year.tally.items() if name.startswith("killed")) > 5


async def test_the_end_of_a_pause_that_a_workspace_asked_for_is_no_fault_of_the_program():
    """What was lost in the moment in which another post was refused is due again before the pause is over."""
    clock = Clock(SPRING)
    traffic = Traffic(clock.monotonic, clock.sleep, patience=30)
    delivery = SimpleNamespace(workspace="scripted:W0", channel="scripted:W0:a")
    platform = Platform(clock, Random(1))
    traffic.hold(platform, delivery, timedelta(seconds=40))
    clock.now += timedelta(seconds=30)
    with pytest.raises(RateLimited) as raised:
        await traffic.wait(platform, delivery)
    assert raised.value.retry_after == timedelta(seconds=10)


@pytest.fixture
def database_file(tmp_path):
    return f"sqlite:///{tmp_path / 'sidelines.db'}"
