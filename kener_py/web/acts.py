"""The links in a message: somebody is on it, or wants to hear nothing for a while.

A link shows a page with buttons; only a button acts, for programs follow links in mail.
"""

from __future__ import annotations

import hmac

from flask import Response, make_response, render_template, request

from kener_py.model import HOUR, AlertStatus
from kener_py.service import Service
from kener_py.web.api import is_id
from kener_py.web.pages.show import not_found
from kener_py.web.words import root

SNOOZES = {"1h": HOUR, "4h": 4 * HOUR, "24h": 24 * HOUR}


def _is_ours(service: Service, number: int) -> bool:
    given = request.args.get("sig", "").encode("utf-8", "replace")
    return hmac.compare_digest(given, service.signature(number).encode())


def alert(service: Service, number: str) -> Response:
    """GET shows what can be done about an alert, POST does it; without our signature there is nothing."""
    found = service.alert(int(number)) if is_id(number) else None
    if found is None or not _is_ours(service, int(number)):
        return not_found(service)
    done, until = "", None
    is_over = found.status is not AlertStatus.TRIGGERED
    if request.method == "POST" and not is_over:
        act = request.form.get("act", "")
        if act == "acknowledge":
            service.acknowledge(found.monitor)
            done = act
        elif act in SNOOZES:
            until = service.snooze(found.monitor, SNOOZES[act])
            done = "snooze"
    monitor = service.monitor(found.monitor)
    answer = make_response(
        render_template(
            "alert.html",
            site=service.config.site,
            alert=found,
            name=monitor.name if monitor else found.monitor,
            is_over=is_over,
            done=done,
            until=until,
            snoozes=SNOOZES,
            action=root(request.full_path),
        )
    )
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Robots-Tag"] = "noindex"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
