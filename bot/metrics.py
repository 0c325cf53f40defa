"""What an operator watches, as Prometheus reads it. A registry a process, none on import."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

_SECONDS = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300)


class Metrics:
    """The counters of one process."""

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
        """Shows what waits and runs in the queue at the moment of asking."""
        self.registry.register(_Jobs(jobs))

    def watch_budget(
        self, written: Callable[[], Mapping[int, int]], remaining: Callable[[], Mapping[int, int]]
    ) -> None:
        """Shows what installations wrote in the last hour, and what GitHub says they have left."""
        self.registry.register(
            _Budget("fairlead_github_writes", "Writes to GitHub in the last hour", written)
        )
        self.registry.register(
            _Budget("fairlead_github_remaining", "Requests left, as GitHub said last", remaining)
        )

    def text(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self.registry)


class _Jobs(Collector):
    """The queue's own counts, read when asked for, so that they are true over restarts."""

    def __init__(self, jobs: Callable[[], Mapping[str, int]]) -> None:
        self._jobs = jobs

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """No reading at registration: the queue may not run yet."""
        return ()

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """One gauge by status."""
        family = GaugeMetricFamily("fairlead_jobs", "Jobs in the queue", labels=("status",))
        for status, count in sorted(self._jobs().items()):
            family.add_metric((status,), count)
        yield family


class _Budget(Collector):
    """A number for each installation, read when asked for."""

    def __init__(self, name: str, told: str, numbers: Callable[[], Mapping[int, int]]) -> None:
        self._name, self._told, self._numbers = name, told, numbers

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing was asked yet at registration."""
        return ()

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """One gauge by installation."""
        family = GaugeMetricFamily(self._name, self._told, labels=("installation",))
        for installation, number in sorted(self._numbers().items()):
            family.add_metric((str(installation),), number)
        yield family
