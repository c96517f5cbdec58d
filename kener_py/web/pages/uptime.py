"""The table of uptime, monitors by months; for spreadsheets, too."""

from __future__ import annotations

import csv as spreadsheet
import io
import re
from decimal import Decimal

from flask import Response, request

from kener_py.model import Uptime
from kener_py.service import Service
from kener_py.web.pages.show import not_found, show
from kener_py.web.prose import plain

COLUMNS = 12
HEADER = (
    "tag",
    "name",
    "category",
    "month",
    "uptime_percent",
    "up_ms",
    "degraded_ms",
    "down_ms",
    "maintenance_ms",
    "no_data_ms",
)
_FORMULA = re.compile("[=+@\uff1d\uff0b\uff20\uff0d-]")  # the wide ones count in Japanese
BUCKETS = ((Decimal(100), "whole"), (Decimal("99.9"), "high"), (Decimal(99), "fair"))


def uptime(service: Service) -> Response:
    """Twelve months, the last of them `?to=<YYYY-MM>` or the present one; 404 if nothing is known of it."""
    table = service.uptime_table(request.args.get("to") or None, COLUMNS)
    if table is None:
        return not_found(service)
    return show("uptime", site=table.site, table=table, bucket=bucket, has_groups=len(table.groups) > 1)


def bucket(figure: Uptime) -> str:
    """The class that tints a cell; its text says the same."""
    percent = Service.percent(figure)
    if percent is None:
        return "no_data"
    return next((name for least, name in BUCKETS if Decimal(percent) >= least), "low")


def csv(service: Service) -> Response:
    """Every monitor and month that is kept, one row each; the percentage is empty without data."""
    table = service.uptime_table()
    text = io.StringIO()
    rows = spreadsheet.writer(text)  # with CRLF, as RFC 4180 has it
    rows.writerow(HEADER)
    for row in (row for group in (table.groups if table else ()) for row in group.rows):
        name = [_cell(each) for each in (row.monitor.tag, row.monitor.name, row.monitor.category)]
        for month, each in zip(table.months if table else (), row.months, strict=True):
            lengths = (each.up, each.degraded, each.down, each.maintenance, each.no_data)
            rows.writerow((*name, month, Service.percent(each) or "", *lengths))
    return Response(text.getvalue(), content_type="text/csv; charset=utf-8")


def _cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula, and no terminal for an order."""
    text = plain(text)
    return f"'{text}" if _FORMULA.match(text) else text
