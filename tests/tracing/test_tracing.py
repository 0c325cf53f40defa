"""Traces are sent to the endpoint that OpenTelemetry's variables name, and to nobody else."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bot.standin import StandIn
from bot.standin.service_process import start_service, wait_until
from bot.tracing import Tracing

HIDDEN = """
import sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("opentelemetry.exporter"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Hidden())
from bot.tracing import Tracing
assert Tracing.configured({}).tracer is None
Tracing.configured({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"})
"""


@contextmanager
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """A collector's address, and the bodies that it received."""
    bodies: list[bytes] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base's name
            """It says nothing."""

    server = HTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", bodies
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def spans(bodies: list[bytes]) -> dict[str, str]:
    """The names of the spans that arrived, each with that of its parent."""
    found = [
        span
        for body in list(bodies)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    names = {span.span_id: span.name for span in found}
    return {span.name: names.get(span.parent_span_id, "") for span in found}


def test_a_review_is_a_trace_of_its_stages(stand_in: StandIn, tmp_path: Path) -> None:
    app = stand_in.create_app()
    repository = stand_in.create_repository("octocat/gitops", {"a.yaml": b"a: b\n"})
    stand_in.install(app, repository)
    with collector() as (address, bodies):
        settings = {
            "FAIRLEAD_ALLOW_NO_SANDBOX": "true",
            "OTEL_EXPORTER_OTLP_ENDPOINT": address,
            "OTEL_BSP_SCHEDULE_DELAY": "200",
        }
        service = start_service(tmp_path, app, stand_in.api_url, settings)
        try:
            stand_in.set_webhook(app, f"{service.url}/webhook")
            stand_in.commit(repository, "change", {"hush-hush.yaml": b"a: c\n"})
            pull = stand_in.open_pull_request(repository, "change", title="hush-hush")
            assert stand_in.wait_for_check(pull) is not None
            expected = {"fetch", "analyse", "publish", "job Job", "job Announcement"}
            assert wait_until(lambda: expected <= spans(bodies).keys()), spans(bodies)
        finally:
            service.stop()
    tree = spans(bodies)
    assert {name: tree[name] for name in ("fetch", "analyse", "publish", "job Job")} == {
        "fetch": "job Job",
        "analyse": "job Job",
        "publish": "job Job",
        "job Job": "",
    }
    assert b"hush-hush" not in b"".join(bodies)


def test_without_an_endpoint_nothing_is_traced() -> None:
    assert Tracing.configured({"OTEL_SERVICE_NAME": "fairlead"}).tracer is None


def test_an_endpoint_without_the_library_says_what_to_install() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HIDDEN],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.stderr.strip().splitlines()[-1] == (
        "bot.errors.UsageError: OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry is not "
        "installed: run pip install 'fairlead[otel]'"
    )
