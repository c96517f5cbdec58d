"""Whether the server itself is well; never whether the monitors are up."""

from __future__ import annotations

from flask import Response, jsonify

from kener_py import __version__
from kener_py.model import Check, Grade
from kener_py.service import Service
from kener_py.web.api import rfc3339

_WORST = [Grade.PASS, Grade.WARN, Grade.FAIL]


def _plain(code: int, text: str) -> Response:
    answer = Response(f"{text}\n", code, content_type="text/plain; charset=utf-8")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def livez(service: Service) -> Response:
    """The process answers; nothing else is touched."""
    return _plain(200, "ok")


def readyz(service: Service) -> Response:
    """The loop ticks, the sender sends, and the database takes writes: the loop's own mark is one."""
    trouble = service.trouble()
    return _plain(200, "ok") if trouble is None else _plain(503, trouble)


def health(service: Service) -> Response:
    """The same in detail, as draft-inadarei-api-health-check-06 has it: 503 if anything fails."""
    checks = service.checks()
    worst = max((each.grade for each in checks), key=_WORST.index)
    answer: Response = jsonify(
        status=worst.value,
        version=__version__.partition(".")[0],
        releaseId=__version__,
        checks={each.name: [_fields(service, each)] for each in checks},
    )
    answer.status_code = 503 if worst is Grade.FAIL else 200
    answer.content_type = "application/health+json"
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _fields(service: Service, check: Check) -> dict[str, object]:
    found: dict[str, object] = {
        "componentType": check.kind,
        "observedValue": check.value,
        "observedUnit": check.unit,
        "status": check.grade.value,
        "time": rfc3339(service.clock()),
    }
    return found if check.grade is Grade.PASS else found | {"output": check.text}
