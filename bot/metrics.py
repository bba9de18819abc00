"""What is counted while the program runs, for whoever watches it in Prometheus.

Labels are words of this program alone: nothing that people, feeds or platforms write, and never more than a handful.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from bot.correlation import correlation

if TYPE_CHECKING:
    from prometheus_client.core import GaugeMetricFamily

Outcome = Literal["delivered", "failed", "unknown"]
Kind = Literal["question", "other"]


class Meter:
    """Takes note of what happens; this one of nothing, where nobody asks."""

    def published(self, due: int, queued: int) -> None:
        """So many slots were due, and so many deliveries came of them."""

    def delivered(self, *, late: bool, delay: timedelta | None) -> None:
        """A delivery is posted, `delay` after its slot; None for one without."""

    def ended(self, outcome: Outcome) -> None:
        """A delivery ended otherwise: it failed, or nobody knows."""

    def retried(self) -> None:
        """A delivery is left for another attempt."""

    def limited(self, by: str) -> None:
        """A platform, or "web" for feeds and pages, refused a request as too fast: 429."""

    def answered(self, kind: Kind, seconds: float) -> None:
        """Typed words were answered."""


class Gauge(Struct, frozen=True):
    """A figure as it is now: one value, or one for each value of `label`."""

    name: str
    help: str
    values: Mapping[str, float]
    label: str = ""


class Prometheus(Meter):
    """Counts in a registry of its own, and gives the text that Prometheus reads."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)

        def counter(name: str, help: str, *labels: str) -> Counter:
            return Counter(f"sidelines_{name}", help, labels, registry=registry)

        self._due = counter("slots_due", "Slots whose turn this process took.")
        self._queued = counter("briefings_queued", "Deliveries that came of them.")
        self._late = counter("late", "Briefings delivered that were queued late.")
        self._deliveries = counter("deliveries", "Deliveries that this process ended, by how.", "outcome")
        self._retries = counter("retries", "Attempts at deliveries that are to be repeated.")
        self._limited = counter("rate_limited", "Requests refused as too fast (429), by what for.", "by", "kind")
        self._delay = Histogram(
            "sidelines_delivery_delay_seconds",
            "From the slot of a briefing until it was posted.",
            registry=registry,
            buckets=(1, 5, 15, 60, 300, 600, 1800, 3600, 6 * 3600, 24 * 3600),
        )
        self._answers = Histogram(
            "sidelines_answer_seconds",
            "From typed words until their reply was ready to be sent.",
            ("kind",),
            registry=registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
        )
        for outcome in ("delivered", "failed", "unknown"):
            self._deliveries.labels(outcome)  # So that each is there before it first happens.
        for kind in ("question", "other"):
            self._answers.labels(kind)

    def published(self, due: int, queued: int) -> None:
        """See `Meter`."""
        self._due.inc(due)
        self._queued.inc(queued)

    def delivered(self, *, late: bool, delay: timedelta | None) -> None:
        """See `Meter`."""
        self._deliveries.labels("delivered").inc()
        self._late.inc(late)
        if delay is not None:
            self._delay.observe(max(0.0, delay.total_seconds()))

    def ended(self, outcome: Outcome) -> None:
        """See `Meter`."""
        self._deliveries.labels(outcome).inc()

    def retried(self) -> None:
        """See `Meter`."""
        self._retries.inc()

    def limited(self, by: str) -> None:
        """See `Meter`."""
        self._limited.labels(by, correlation().partition("-")[0] or "other").inc()

    def answered(self, kind: Kind, seconds: float) -> None:
        """See `Meter`."""
        self._answers.labels(kind).observe(seconds)

    def text(self, gauges: Callable[[], Iterator[Gauge]]) -> tuple[str, bytes]:
        """All that was counted, and `gauges` as they are now: the type of the content, and the content."""
        from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
        from prometheus_client.registry import Collector

        class Now(Collector):
            def collect(self) -> Iterator[GaugeMetricFamily]:
                return map(_family, gauges())

        now = CollectorRegistry()
        now.register(Now())
        return CONTENT_TYPE_LATEST, generate_latest(self._registry) + generate_latest(now)


def _family(gauge: Gauge) -> GaugeMetricFamily:
    from prometheus_client.core import GaugeMetricFamily

    family = GaugeMetricFamily(f"sidelines_{gauge.name}", gauge.help, labels=[gauge.label] if gauge.label else [])
    for value, figure in gauge.values.items():
        family.add_metric([value] if gauge.label else [], figure)
    return family


def seconds_since(moment: datetime | None, now: datetime) -> float:
    """How long ago that was, in seconds; 0 for what was not, or is to come."""
    return max(0.0, (now - moment).total_seconds()) if moment else 0.0
