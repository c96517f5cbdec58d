"""How to hear of news: every feed, calendar and document with its whole address."""

from __future__ import annotations

from flask import Response

from kener_py.service import Service
from kener_py.web import addresses, embeds
from kener_py.web.pages.show import show


def subscribe(service: Service) -> Response:
    config = service.config
    base = addresses.base(config)
    return show(
        "subscribe",
        site=config.site,
        base=base,
        # Calendar programs subscribe to what they get with this scheme; others download it once.
        webcal=f"webcal://{base.partition('://')[2]}",
        snippets=embeds.of_page(config),
        monitors=[monitor for monitor in config.monitors.values() if not monitor.is_hidden],
    )
