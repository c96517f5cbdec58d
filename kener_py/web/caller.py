"""Who calls: the address behind proxies, and whether it has presented too many wrong secrets."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

from kener_py.service import Service

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

TOO_MANY = "Too many wrong secrets from your address; wait, and use the right one"


def _peer(text: str) -> IPv4Address | IPv6Address:
    """The address; an IPv4 one that came over an IPv6 socket (::ffff:10.0.0.1) is an IPv4 one."""
    found = ip_address(text)
    return getattr(found, "ipv4_mapped", None) or found


@lru_cache(maxsize=1_024)
def _seen(peer: str, forwarded: str, trusted: tuple[str, ...]) -> str:
    networks = [ip_network(name, strict=False) for name in trusted]
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    try:
        seen = _peer(peer)
    except ValueError:
        return peer
    while hops and any(seen in network for network in networks):
        try:
            seen = _peer(hops.pop())
        except ValueError:
            break
    return str(seen)


def address(service: Service, environ: WSGIEnvironment) -> str:
    """Who called: the peer, or what trusted proxies in front of it say they saw."""
    trusted = service.config.server.trusted_proxies
    forwarded = environ.get("HTTP_X_FORWARDED_FOR", "") if trusted else ""
    return _seen(environ.get("REMOTE_ADDR") or "", forwarded[-1_000:], tuple(trusted))


def was_wrong(service: Service, environ: WSGIEnvironment) -> tuple[tuple[str, str], ...]:
    """Count a wrong secret of this caller: the headers of a 429 if there were too many, else none.

    Only asked once a secret was found wrong: a right one counts whatever its neighbours behind one
    address do, and what is done for a wrong one is the same whatever it is wrong about.
    """
    wait = service.wrong_secret(address(service, environ))
    return (("Retry-After", str(wait)),) if wait else ()
