"""Prometheus metrics. Each process creates its own registry; importing creates none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

_SECONDS = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300)


class Metrics:
    """The metrics of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.deliveries = Counter(
            "fairlead_deliveries",
            "Webhooks received, by event and by what became of them",
            ("event", "result"),
            registry=self.registry,
        )
        self.jobs = Counter(
            "fairlead_jobs_finished",
            "Jobs that ended, by outcome",
            ("outcome",),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "fairlead_job_seconds",
            "How long a job ran, its waiting not counted",
            buckets=_SECONDS,
            registry=self.registry,
        )

    def watch(self, jobs: Callable[[], Mapping[str, int]]) -> None:
        """Export the number of jobs by status, read at each scrape."""
        self.registry.register(_JobCounts(jobs))

    def watch_budget(
        self, writes: Callable[[], Mapping[int, int]], remaining: Callable[[], Mapping[int, int]]
    ) -> None:
        """Export the writes of the last hour and the remaining requests, by installation."""
        self.registry.register(
            _Budget("fairlead_github_writes", "Writes to GitHub in the last hour", writes)
        )
        self.registry.register(
            _Budget("fairlead_github_remaining", "Requests left, as GitHub said last", remaining)
        )

    def text(self) -> bytes:
        """All metrics in the text format of Prometheus."""
        return generate_latest(self.registry)


class _JobCounts(Collector):
    """The queue's own counts, read at each scrape, so that they survive restarts."""

    def __init__(self, jobs: Callable[[], Mapping[str, int]]) -> None:
        self._jobs = jobs

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing at registration: the queue may not run yet."""
        return ()

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """One gauge, labelled by status."""
        family = GaugeMetricFamily("fairlead_jobs", "Jobs in the queue", labels=("status",))
        for status, count in sorted(self._jobs().items()):
            family.add_metric((status,), count)
        yield family


class _Budget(Collector):
    """A number for each installation, read at each scrape."""

    def __init__(
        self, name: str, documentation: str, numbers: Callable[[], Mapping[int, int]]
    ) -> None:
        self._name, self._documentation, self._numbers = name, documentation, numbers

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing at registration."""
        return ()

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """One gauge, labelled by installation."""
        family = GaugeMetricFamily(self._name, self._documentation, labels=("installation",))
        for installation, number in sorted(self._numbers().items()):
            family.add_metric((str(installation),), number)
        yield family
