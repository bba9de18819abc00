"""Days around the clock changes of a year that is lived in minutes; the whole of it is `tests.simulation.year`."""

from datetime import UTC, datetime

import pytest

from tests.simulation.expected import DAY, Zone
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


@pytest.fixture
def database_file(tmp_path):
    return f"sqlite:///{tmp_path / 'sidelines.db'}"
