"""Prometheus metrics. Each process creates its own registry; importing creates none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bot.core.engine.review import Review

_SHORT_SECONDS = (0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60)
_SECONDS = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300)
_REQUESTS = (5, 10, 15, 20, 30, 50, 100, 200)
_LONG_SECONDS = (5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)


class Metrics:
    """The metrics of one process. It is the observer of the service's tasks."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.deliveries = self._counter(
            "fairlead_deliveries", "Webhooks received, by event and result", "event", "result"
        )
        self.jobs = self._counter(
            "fairlead_jobs_finished", "Jobs that ended, by outcome", "outcome"
        )
        self.seconds = Histogram(
            "fairlead_job_seconds",
            "Duration of a job's attempt, without waiting",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.stages = Histogram(
            "fairlead_stage_seconds",
            "Duration of a stage of a review: fetch, analyse, publish",
            ("stage",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.requests = Histogram(
            "fairlead_job_requests",
            "Requests to GitHub of one job with its token",
            buckets=_REQUESTS,
            registry=self.registry,
        )
        self.announcement = Histogram(
            "fairlead_push_to_in_progress_seconds",
            "Time from the delivery that asked for a review to its check in progress",
            buckets=_SHORT_SECONDS,
            registry=self.registry,
        )
        self.conclusion = Histogram(
            "fairlead_push_to_conclusion_seconds",
            "Time from the delivery that asked for a review to the conclusion of its check",
            buckets=_LONG_SECONDS,
            registry=self.registry,
        )
        self.verdicts = self._counter(
            "fairlead_reviews", "Reviews published, by verdict", "verdict"
        )
        self.findings = self._counter(
            "fairlead_findings", "Findings of published reviews", "rule", "severity"
        )
        self.problems = self._counter(
            "fairlead_problems", "Problems of published reviews, by kind", "kind"
        )
        self.audit = self._counter(
            "fairlead_audit_events", "Events added to the audit log, by kind", "event"
        )

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure a stage of a review."""
        begun = time.monotonic()
        try:
            yield
        finally:
            self.stages.labels(name).observe(time.monotonic() - begun)

    def requested(self, number: int) -> None:
        """Count the requests to GitHub of a task."""
        self.requests.observe(number)

    def reviewed(self, review: Review) -> None:
        """Count a published review, its findings and its problems."""
        self.verdicts.labels(review.verdict).inc()
        for finding in review.findings:
            self.findings.labels(finding.rule, str(finding.severity)).inc()
        for problem in review.problems:
            self.problems.labels(problem.kind).inc()

    def audited(self, event: str) -> None:
        """Count an event of the audit log, such as an approval."""
        self.audit.labels(event).inc()

    def watch(self, name: str, documentation: str, label: str, read: Readings) -> None:
        """Export a gauge, by one label, that is read at each scrape."""
        self.registry.register(_Gauge(name, documentation, label, read))

    def watch_budget(self, writes: Readings, remaining: Readings) -> None:
        """Export the writes of the last hour and the remaining requests, by installation."""
        label = "installation"
        self.watch("fairlead_github_writes", "Writes to GitHub in the last hour", label, writes)
        self.watch(
            "fairlead_github_remaining", "Requests left, as GitHub said last", label, remaining
        )

    def text(self) -> bytes:
        """All metrics in the text format of Prometheus."""
        return generate_latest(self.registry)

    def _counter(self, name: str, documentation: str, *labels: str) -> Counter:
        return Counter(name, documentation, labels, registry=self.registry)


Readings = Callable[[], Mapping[str, float] | Mapping[int, int] | Mapping[str, int]]
"""Reads the values of a gauge by the value of its label."""


class _Gauge(Collector):
    """A gauge that is read at each scrape, so that it is true over restarts and replicas."""

    def __init__(self, name: str, documentation: str, label: str, read: Readings) -> None:
        self._name, self._documentation, self._label = name, documentation, label
        self._read = read

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing at registration: what is read may not run yet."""
        return ()

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """One value for each value of the label."""
        family = GaugeMetricFamily(self._name, self._documentation, labels=(self._label,))
        for label, number in sorted((str(key), value) for key, value in self._read().items()):
            family.add_metric((label,), number)
        yield family
