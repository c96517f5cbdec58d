"""The service of a process that only looks: what people are shown, beside a server that does the work."""

from __future__ import annotations

from kener_py import store
from kener_py.model import Config
from kener_py.service import Service


class Onlooker(Service):
    """A `Service` on a `store.Onlooker`: it answers every question and changes nothing.

    It is given the configuration that is in force; nothing is adopted, for the server has done that.
    Raises StoreError.
    """

    def _take_up(self, config: Config) -> None:
        self.reloaded = self.clock()
        self.site_id = store.secret(self.store.read(), "site") or self.site_id
