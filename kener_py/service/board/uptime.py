"""The table of uptime, monitors by months."""

from __future__ import annotations

from kener_py import status, store
from kener_py.model import Config, Instant, UptimeGroup, UptimeRow, UptimeTable
from kener_py.service.board import months, views
from kener_py.service.board.public import monitors as public_monitors


def uptime_table(
    db: store.Database, config: Config, at: Instant, until: str | None = None, columns: int | None = None
) -> UptimeTable | None:
    """The last `columns` months up to and with `until` (now); every month that is kept without `columns`.

    None if nothing is known of `until`. A month is "YYYY-MM"; that of `at` ends there.
    """
    zone = config.site.timezone
    start = months.begun(db, config, at)
    known = months.since(start, at, zone)
    until = known[-1] if until is None else until
    if until not in known:
        return None
    end = known.index(until) + 1
    first = 0 if columns is None else max(0, end - columns)
    shown = known[first:end]
    kept = months.kept_since(config, at)
    edges = [max(months.bounds(month, zone)[0], kept) for month in shown]
    edges.append(min(months.bounds(shown[-1], zone)[1], at))
    monitors = public_monitors(config)
    histories = views.histories(db, monitors, edges[0], edges[-1])
    groups = []
    for name, inside in months.by_category(monitors).items():
        rows = []
        for monitor in inside:
            history, is_strict = histories[monitor.tag], monitor.include_degraded_in_downtime
            cells = months.cut(history, edges, is_strict)
            rows.append(UptimeRow(monitor, cells, status.uptime(history, is_strict)))
        columns_of = tuple(
            months.together(cells) for cells in zip(*(row.months for row in rows), strict=True)
        )
        groups.append(UptimeGroup(name, tuple(rows), columns_of, months.together(row.total for row in rows)))
    return UptimeTable(
        site=config.site,
        months=shown,
        groups=tuple(groups),
        total_of_months=tuple(
            months.together(cells) for cells in zip(*(group.months for group in groups), strict=True)
        ),
        total=months.together(group.total for group in groups),
        older=known[first - 1] if first else None,
        newer=known[min(end + (columns or 0), len(known)) - 1] if end < len(known) else None,
    )
