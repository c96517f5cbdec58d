"""By which rules the public monitors are judged, put together from the configuration."""

from __future__ import annotations

from kener_py import status
from kener_py.model import About, Config, Limits
from kener_py.service.board import public, views


def about(config: Config) -> About:
    limits: dict[Limits, list[str]] = {}
    looks: dict[tuple[str, str], list[str]] = {}
    monitors = public.monitors(config)
    for each in monitors:
        limits.setdefault(each.limits, []).append(each.name)
        looks.setdefault((each.cron, each.timezone), []).append(each.name)
    return About(
        site=config.site,
        limits=tuple((each, tuple(names)) for each, names in limits.items()),
        looks=tuple((cron, zone, tuple(names)) for (cron, zone), names in looks.items()),
        strict=tuple(each.name for each in monitors if each.include_degraded_in_downtime),
        monitors=len(monitors),
        shortest_gap=status.SHORTEST_GAP,
        stale_after=views.STALE_AFTER,
        kept=config.retention.days,
    )
