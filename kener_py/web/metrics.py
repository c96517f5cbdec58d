"""/metrics for Prometheus: what the page shows, and how the server itself does. Public monitors only.

With `server.metrics_token` only who sends it as a bearer token may read, and sees hidden monitors too.
"""

from __future__ import annotations

import hmac
import platform
from collections.abc import Iterator, Mapping
from itertools import accumulate
from time import perf_counter
from typing import TYPE_CHECKING

from flask import Response, g, request

from kener_py import __version__
from kener_py.model import SECOND, Instant, MonitorView, Severity, Status, Telemetry, Uptime
from kener_py.service import Service
from kener_py.service.counts import BUCKETS, Labels
from kener_py.service.sender import RESULTS
from kener_py.web.api import error
from kener_py.web.caller import TOO_MANY, was_wrong
from kener_py.web.prose import plain

if TYPE_CHECKING:
    from prometheus_client import Metric

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PLAIN = "text/plain; version=0.0.4; charset=utf-8"
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
REPORTED = (Status.UP, Status.DEGRADED, Status.DOWN)
WINDOWS = {"1d": "24h", "7d": "7d", "30d": "30d", "90d": "90d"}


def metrics(service: Service) -> Response:
    token = service.config.server.metrics_token
    if token is not None and not _presents(token):
        limit = was_wrong(service, request.environ) if "Authorization" in request.headers else ()
        if limit:
            answer = error(429, TOO_MANY)
            answer.headers.extend(limit)
            return answer
        answer = error(401, "Send the metrics token: 'Authorization: Bearer …'")
        answer.headers["WWW-Authenticate"] = 'Bearer realm="kener-py metrics"'
        return answer
    # Here and not above: it takes a tenth of a second that no start should wait for.
    from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, exposition
    from prometheus_client.openmetrics import exposition as openmetrics

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(service, service.telemetry(with_hidden=token is not None)))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    is_open = any(
        name.startswith("application/openmetrics-text") and quality
        for name, quality in request.accept_mimetypes
    )
    body = (openmetrics if is_open else exposition).generate_latest(registry)
    answer = Response(body)
    answer.headers["Content-Type"] = OPENMETRICS if is_open else PLAIN
    answer.headers["Cache-Control"] = "no-store"
    answer.vary.add("Accept")
    return answer


def begin() -> None:
    """Start the clock of a request."""
    g.began = perf_counter()


def observe(service: Service, answer: Response) -> None:
    """Count a request by its route, never by its address: that may hold a secret, or be anything."""
    route = request.url_rule.rule if request.url_rule else "(none)"
    method = request.method if request.method in METHODS else "other"
    service.requests.add(perf_counter() - g.began, method, route, str(answer.status_code))


def _presents(token: str) -> bool:
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    sent = given.strip().encode("latin-1", "replace")
    return kind.lower() == "bearer" and hmac.compare_digest(sent, token.encode())


def _seconds(at: Instant) -> float:
    return at / SECOND


class _Collector:
    """One scrape: families made from one look at the service."""

    def __init__(self, service: Service, told: Telemetry) -> None:
        self._service, self._told = service, told

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        yield from self._monitors()
        yield from self._heartbeats()
        yield from self._incidents()
        yield from self._deliveries()
        yield from self._server()

    def _monitors(self) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily

        info = GaugeMetricFamily(
            "kener_monitor_info",
            "Names of a monitor, always 1.",
            labels=["monitor", "name", "group", "schedule"],
        )
        up = GaugeMetricFamily(
            "kener_monitor_up",
            "Whether a monitor is up or degraded (1) or down (0). Absent while nothing is known of it.",
            labels=["monitor"],
        )
        status = GaugeMetricFamily(
            "kener_monitor_status",
            "The status of a monitor as a state set: 1 for the one it has, 0 for the others.",
            labels=["monitor", "status"],
        )
        last = GaugeMetricFamily(
            "kener_monitor_last_heartbeat_timestamp_seconds",
            "Unix time of the last heartbeat.",
            labels=["monitor"],
        )
        due = GaugeMetricFamily(
            "kener_monitor_next_due_timestamp_seconds",
            "Unix time at which the next heartbeat should be here.",
            labels=["monitor"],
        )
        ratio = GaugeMetricFamily(
            "kener_monitor_uptime_ratio",
            "Uptime over a sliding window, 0 to 1. Absent while there is no data.",
            labels=["monitor", "window"],
        )
        for view in self._told.views:
            tag, monitor = view.monitor.tag, view.monitor
            now = Status.NO_DATA if self._told.is_stale else view.status
            info.add_metric([tag, plain(monitor.name), plain(monitor.category), monitor.cron], 1)
            if now not in (Status.NO_DATA, Status.MAINTENANCE):
                up.add_metric([tag], float(now is not Status.DOWN))
            for each in Status:
                status.add_metric([tag, each.lower()], float(each is now))
            if view.last is not None:
                last.add_metric([tag], _seconds(view.last))
            if view.next_expected is not None:
                due.add_metric([tag], _seconds(view.next_expected))
            for window, share in _ratios(view):
                ratio.add_metric([tag, window], share)
        yield from (info, up, status, last, due, ratio)

    def _heartbeats(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily

        # From 0 on, so that the first of them is an increase to who asks for one.
        shown = {view.monitor.tag for view in self._told.views}
        found: dict[Labels, int] = {(tag, status.lower()): 0 for tag in shown for status in REPORTED}
        for labels, count in self._service.counts.of("heartbeats").items():
            if labels[0] in shown:
                found[labels] = count
        received = CounterMetricFamily(
            "kener_heartbeats",
            "Heartbeats received since the process began, by what they reported.",
            labels=["monitor", "status"],
        )
        for labels, count in sorted(found.items()):
            received.add_metric(labels, count)
        rejected = CounterMetricFamily(
            "kener_heartbeats_rejected", "Calls that were turned away, ever.", labels=["reason"]
        )
        for reason, count in sorted(self._told.rejected.items()):
            rejected.add_metric([reason], count)
        yield from (received, rejected)
        yield CounterMetricFamily(
            "kener_wrong_secrets_limited",
            "Wrong secrets and keys that were answered with 429 since the process began.",
            sum(self._service.counts.of("limited").values()),
        )

    def _incidents(self) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily

        opened = GaugeMetricFamily(
            "kener_incidents_open", "Public incidents that are not resolved.", labels=["impact"]
        )
        for severity in Severity:
            opened.add_metric([severity.value], self._told.open_incidents.get(severity, 0))
        yield opened
        yield GaugeMetricFamily(
            "kener_maintenance_active", "Public maintenance windows that run now.", self._told.windows_running
        )

    def _deliveries(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        sent = CounterMetricFamily(
            "kener_notifications",
            "Attempts to deliver a message since the process began.",
            labels=["channel", "result"],
        )
        names = self._service.config.notifiers
        found: dict[Labels, int] = {(name, result): 0 for name in names for result in RESULTS.values()}
        found.update(self._service.counts.of("notifications"))  # also of notifiers that are gone
        for labels, count in sorted(found.items()):
            sent.add_metric(labels, count)
        yield sent
        if self._service.sender_seen is not None:
            yield GaugeMetricFamily(
                "kener_notification_sender_timestamp_seconds",
                "Unix time at which the sender last looked for messages that are due.",
                _seconds(self._service.sender_seen),
            )
        yield GaugeMetricFamily(
            "kener_notification_queue_length",
            "Messages that are owed and not delivered yet.",
            self._told.owed,
        )
        oldest = self._told.oldest_owed
        yield GaugeMetricFamily(
            "kener_notification_oldest_age_seconds",
            "Age of the oldest message that is owed; 0 without one.",
            0 if oldest is None else _seconds(max(self._told.at - oldest, 0)),
        )

    def _server(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        build = GaugeMetricFamily(
            "kener_build_info", "What runs here, always 1.", labels=["version", "python", "sqlite"]
        )
        build.add_metric([__version__, platform.python_version(), self._told.sqlite], 1)
        yield build
        if self._told.measured is not None:
            yield GaugeMetricFamily(
                "kener_scheduler_last_tick_timestamp_seconds",
                "Unix time at which the loop last recorded that it runs.",
                _seconds(self._told.measured),
            )
        yield from self._histogram(
            "kener_scheduler_tick_duration_seconds",
            "Time to judge what was due.",
            self._service.ticks.all() or {(): ((0,) * (len(BUCKETS) + 1), 0.0)},
            [],
        )
        yield GaugeMetricFamily(
            "kener_config_last_reload_successful",
            "Whether the configuration on disk is the one in force (1) or was refused (0).",
            float(self._service.reload_error is None),
        )
        yield GaugeMetricFamily(
            "kener_config_last_reload_success_timestamp_seconds",
            "Unix time at which the configuration in force was loaded.",
            _seconds(self._service.reloaded),
        )
        if self._service.config.export is not None:
            yield GaugeMetricFamily(
                "kener_export_last_successful",
                "Whether the page could be written to files (1) or not (0); absent if nobody wants that.",
                float(self._service.export_error is None),
            )
        if self._service.exported is not None:
            yield GaugeMetricFamily(
                "kener_export_last_success_timestamp_seconds",
                "Unix time as of which the page was last written to files.",
                _seconds(self._service.exported),
            )
        yield GaugeMetricFamily(
            "kener_database_size_bytes",
            "Size of the database with its write-ahead log.",
            self._told.database_size,
        )
        yield CounterMetricFamily(
            "kener_database_write_failures",
            "Writes that were not done, or not in time, since the process began; a full disk, a lock.",
            self._service.store.failures,
        )
        yield from self._histogram(
            "kener_http_request_duration_seconds",
            "Time to answer a request.",
            self._service.requests.all(),
            ["method", "route", "code"],
        )

    @staticmethod
    def _histogram(
        name: str,
        text: str,
        found: Mapping[tuple[str, ...], tuple[tuple[int, ...], float]],
        labels: list[str],
    ) -> Iterator[Metric]:
        from prometheus_client.core import HistogramMetricFamily

        family = HistogramMetricFamily(name, text, labels=labels)
        bounds = [*map(str, BUCKETS), "+Inf"]
        for values, (counts, total) in sorted(found.items()):
            family.add_metric(list(values), list(zip(bounds, accumulate(counts), strict=True)), total)
        yield family


def _ratios(view: MonitorView) -> Iterator[tuple[str, float]]:
    for window, name in WINDOWS.items():
        share = _ratio(view.uptime[name])
        if share is not None:
            yield window, share


def _ratio(uptime: Uptime) -> float | None:
    """What the page says in percent: floored, so that it is 1 only without any downtime."""
    text = Service.percent(uptime)
    return None if text is None else float(text) / 100
