"""What a webhook is told: a notice as an event with data, in the shape of Standard Webhooks or of Statuspage.

https://www.standardwebhooks.com has the envelope: `type`, `timestamp` and `data`. A delivery of several
notices is one event: of its gravest notice, with all of them in `data.alerts`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from kener_py.messages.message import ended, incident_url, monitor_url, subject, worst_first
from kener_py.model import AlertStatus, Instant, Notice, Severity, Site, Status, Webhook, WebhookShape

MOST = 20  # notices of one event, so that it stays below the 20 kB that receivers take
_MESSAGE_LENGTH = 500
_COMPONENTS = {
    Status.UP: "operational",
    Status.DEGRADED: "degraded_performance",
    Status.DOWN: "major_outage",
    Status.MAINTENANCE: "under_maintenance",
}
_INDICATORS = {
    Severity.MINOR: ("minor", "Partially Degraded Service"),
    Severity.MAJOR: ("major", "Partial System Outage"),
    Severity.CRITICAL: ("critical", "Major System Outage"),
}


def event(webhook: Webhook, notices: Sequence[Notice], site: Site) -> str:
    """The body of a call, as JSON. The same notices make the same bytes, whenever it is tried."""
    found = worst_first(notices)
    if webhook.shape is WebhookShape.STATUSPAGE:
        return _json(_statuspage(found[0], site))
    first = found[0]
    data = {
        **_alert(first, site),
        "alerts": [_alert(each, site) for each in found[:MOST]],
        "alert_count": len(found),
        "site": {"title": site.title, "url": site.url or None},
    }
    return _json({"type": _type(first), "timestamp": _rfc3339(first.at), "data": data})


def test_event(webhook: Webhook, site: Site, at: Instant) -> str:
    """What `notify-test` sends."""
    if webhook.shape is WebhookShape.STATUSPAGE:
        return _json({"meta": _meta(site), "page": _page(site, "none", "All Systems Operational")})
    words = "This is a test message of kener-py. Alerts will arrive like this."
    return _json({"type": "webhook.test", "timestamp": _rfc3339(at), "data": {"message": words}})


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _rfc3339(at: Instant | None) -> str | None:
    if at is None:
        return None
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at % 1000:03}Z"


def _type(notice: Notice) -> str:
    """ "monitor.down", "monitor.degraded" or "monitor.up"."""
    return "monitor.up" if notice.kind is AlertStatus.RESOLVED else f"monitor.{notice.status.lower()}"


def _alert(notice: Notice, site: Site) -> dict[str, object]:
    is_over = notice.kind is AlertStatus.RESOLVED
    return {
        "kind": notice.kind,
        "title": subject(notice),
        "monitor": {
            "tag": notice.monitor,
            "name": notice.name,
            "url": monitor_url(notice, site) or None,
        },
        "status": notice.status,
        "severity": notice.severity,
        "rule": notice.rule,
        "is_reminder": notice.is_reminder,
        "since": _rfc3339(notice.since),
        "until": _rfc3339(ended(notice)) if is_over else None,
        "last_heartbeat": _rfc3339(notice.last),
        "expected": notice.expected,
        "message": notice.message[:_MESSAGE_LENGTH] or None,
        "diagnosis": list(notice.diagnosis),
        "incident": None
        if notice.incident is None
        else {"id": str(notice.incident), "url": incident_url(notice, site) or None},
    }


# ---- as Statuspage calls webhooks when a component changes --------------------------------------


def _meta(site: Site) -> dict[str, object]:
    return {"unsubscribe": None, "documentation": f"{site.url}/api" if site.url else None}


def _page(site: Site, indicator: str, description: str) -> dict[str, object]:
    return {
        "id": site.url.partition("://")[2].partition("/")[0] or "status",
        "status_indicator": indicator,
        "status_description": description,
    }


def _statuspage(notice: Notice, site: Site) -> dict[str, object]:
    is_over = notice.kind is AlertStatus.RESOLVED
    status = _COMPONENTS.get(notice.status, "operational")
    trouble = "degraded_performance" if notice.status is Status.DEGRADED else "major_outage"
    moment = _rfc3339(ended(notice) if is_over else notice.since)
    indicator, description = ("none", "All Systems Operational") if is_over else _INDICATORS[notice.severity]
    return {
        "meta": _meta(site),
        "page": _page(site, indicator, description),
        "component_update": {
            "id": f"{notice.monitor}-{notice.since}-{notice.kind.lower()}",
            "created_at": moment,
            "old_status": trouble if is_over else "operational",
            "new_status": status,
            "component_id": notice.monitor,
        },
        "component": {
            "id": notice.monitor,
            "name": notice.name,
            "status": status,
            "created_at": moment,
        },
    }
