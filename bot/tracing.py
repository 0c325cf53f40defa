"""OpenTelemetry traces, where an OTLP endpoint is configured: a trace for each attempt at a job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from bot.core.engine.review import Review
from bot.errors import UsageError
from bot.service.observer import Observer

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""https://opentelemetry.io/docs/specs/otel/protocol/exporter/"""


@dataclass(frozen=True, slots=True)
class Tracing:
    """Starts spans with a tracer; without one, nothing is traced."""

    tracer: Tracer | None = None

    @classmethod
    def configured(cls, environ: Mapping[str, str]) -> Tracing:
        """Tracing to the endpoint of the environment, or none.

        The exporter reads OpenTelemetry's own variables. Raises UsageError without the library.
        """
        if not any(environ.get(name) for name in ENDPOINTS):
            return cls()
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - optional
                OTLPSpanExporter,
            )
            from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - optional
            from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - optional
            from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - optional
        except ModuleNotFoundError as error:
            raise UsageError(
                "OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry is not installed: "
                "run pip install 'fairlead[otel]'"
            ) from error
        name = environ.get("OTEL_SERVICE_NAME", "fairlead")
        resource = Resource.create({"service.name": name, "service.version": version("fairlead")})
        provider = TracerProvider(resource=resource)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        return cls(provider.get_tracer("fairlead"))

    @contextmanager
    def span(self, name: str, attributes: Mapping[str, str | int]) -> Iterator[None]:
        """A span around a block of code; ids and our own words only."""
        if self.tracer is None:
            yield
            return
        with self.tracer.start_as_current_span(name, attributes=dict(attributes)):
            yield


@dataclass(frozen=True, slots=True)
class TracedObserver:
    """An observer that also starts a span for each stage."""

    observer: Observer
    tracing: Tracing

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure and trace a stage."""
        with self.tracing.span(name, {}), self.observer.stage(name):
            yield

    def requested(self, number: int) -> None:
        """A task ended its connection to GitHub after this many requests."""
        self.observer.requested(number)

    def reviewed(self, review: Review) -> None:
        """A review was published."""
        self.observer.reviewed(review)

    def audited(self, event: str) -> None:
        """An event was added to the audit log."""
        self.observer.audited(event)
