"""Who subscribes to what in the year, and what is to happen to them."""

from datetime import datetime, time
from random import Random

from tests.simulation.expected import HOUR, OFTEN, RARE, Rule, Span, daily, zone_of
from tests.simulation.world import TOPICS

AWKWARD = ((9, 0), (2, 30), (0, 0), (1, 30), (3, 0), (23, 30), (2, 0), (12, 30), (0, 30), (23, 45))
"""Times of day of daily subscriptions: most lie where clocks change somewhere."""
NIGHT, LUNCH = (time(22), time(7)), (time(11, 30), time(14))


class Subscribed:
    """A subscription: `gone` is when nothing can be posted in its channel, `pauses` when a person stops it."""

    def __init__(self, zone: str, rule: Rule, channel: str, topic: str) -> None:
        self.zone, self.rule, self.channel, self.topic = zone, rule, channel, topic
        self.workspace = channel.rpartition(":")[0]
        self.quiet: tuple[time, time] | None = None
        self.gone: list[Span] = []
        self.pauses: list[Span] = []
        self.paused: list[Span] = []
        """As it happened; `pauses` is what was planned."""
        self.id = 0


def planned(zones: list[str], chance: Random, start: datetime, end: datetime) -> list[Subscribed]:
    """One daily subscription in each zone, and another, seldom or often, in many; some channels have two."""
    made = []
    for place, zone in enumerate(zones):
        rules = {"daily": daily(*AWKWARD[place % len(AWKWARD)])}
        if place % 2 == 0:
            rules["daily" * (place % 10 == 0) + " rare"] = RARE[place // 2 % len(RARE)]
        if place % 6 == 5:
            rules["often"] = OFTEN[place // 6 % len(OFTEN)]
        for kind, rule in rules.items():
            it = Subscribed(zone, rule, f"scripted:W{place % 8}:{zone}/{kind.split()[0]}", TOPICS[place % len(TOPICS)])
            made.append(it)
            if kind == "often":
                it.quiet = (None, NIGHT, LUNCH)[place // 6 % 3]
            elif kind == "daily" and place % 10:
                _plan(it, place, chance, start, end)
    return made


def _plan(it: Subscribed, place: int, chance: Random, start: datetime, end: datetime) -> None:
    """Quiet hours, or pauses, or times when the channel is gone; these begin and end well away from its slots."""
    if place % 7 == 3:
        it.quiet = NIGHT
    elif place % 3 == 1:
        slots = zone_of(it.zone, start, end).slots(it.rule, start, end)
        first = chance.randrange(1, 20)
        while first + 6 < len(slots):
            last = first + chance.randrange(1, 6)
            (it.gone if place % 2 else it.pauses).append((slots[first] + 4 * HOUR, slots[last] + 4 * HOUR))
            first = last + chance.randrange(20, 60)
