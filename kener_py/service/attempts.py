"""How many wrong secrets each address has presented lately; in memory only, and bounded."""

from __future__ import annotations

import threading
from collections import OrderedDict
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from kener_py.model import MINUTE, SECOND, Instant

MOST = 10_000  # callers that are remembered; beyond that the one seen longest ago is forgotten


@lru_cache(maxsize=1_024)
def caller(address: str) -> str:
    """What counts as one caller: an IPv4 address, or the /64 that one IPv6 customer has."""
    try:
        found = ip_address(address)
    except ValueError:
        return address[:64]
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ip_network((int(found), 64), strict=False))


class Attempts:
    """Counts by caller and minute; a minute begins with the first wrong secret in it. Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[str, tuple[Instant, int]] = OrderedDict()  # began, how many

    def add(self, address: str, at: Instant, most: int) -> int:
        """Count a wrong secret. The seconds to wait if it is beyond `most` a minute, else 0."""
        name = caller(address)
        with self._lock:
            began, count = self._found.pop(name, (at, 0))
            if not began <= at < began + MINUTE:  # also when the clock was set back
                began, count = at, 0
            self._found[name] = began, count + 1
            if len(self._found) > MOST:
                self._found.popitem(last=False)
        if count < most:
            return 0
        return -((at - began - MINUTE) // SECOND)

    def __len__(self) -> int:
        return len(self._found)
