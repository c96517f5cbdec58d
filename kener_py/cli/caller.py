"""One heartbeat to a server over HTTP, as `kener-py run` and `ping` send it: where to, what, how often tried.

It is for jobs: light to import, quick to give up, and no text of it holds the secret. It needs no file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threading import Event

ATTEMPT = 10.0  # seconds that one attempt may take
BUDGET = 30.0  # seconds for all of them, waits included
_LINGER = 2.0  # seconds more for an attempt that nothing interrupts, such as a name server that hangs
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 8.0  # seconds between two attempts; each is twice the one before
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})  # answers after which another try may help
_LONGEST_ANSWER = 10_000  # bytes that are read of one


class Unknown(Exception):
    """Whom to call, or with which secret, cannot be found out; the message says what to do."""


class Unheard(Exception):
    """The heartbeat was not recorded, as far as we know; the message says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a monitor's heartbeats go. `base` is the server's address, without a trailing slash."""

    base: str
    tag: str
    secret: str = field(repr=False)

    @property
    def url(self) -> str:
        from urllib.parse import quote

        return f"{self.base}/heartbeat/{quote(self.tag, safe='')}:{quote(self.secret, safe='')}"

    def hide(self, text: str) -> str:
        """The text without the secret, however it is spelled there."""
        from urllib.parse import quote

        for spelled in {self.secret, quote(self.secret, safe=""), quote(self.secret)}:
            text = text.replace(spelled, "***")
        return text


@dataclass(frozen=True, slots=True)
class Call:
    """What a job says of itself."""

    status: str = "up"  # up, down or degraded
    message: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    agent: str = "kener-py"

    def body(self) -> bytes:
        said: dict[str, object] = {"status": self.status}
        if self.message:
            said["message"] = self.message
        if self.metrics:
            said["metrics"] = dict(self.metrics)
        return json.dumps(said).encode()


# ---- where to ------------------------------------------------------------------------------------


def target(tag: str, path: Path, url: str | None, secret_file: Path | None, env: Mapping[str, str]) -> Target:
    """Where the heartbeats of `tag` go; raises Unknown.

    The address is `url`, else $KENER_URL, else where the server of the file at `path` listens; the secret
    is in `secret_file`, else in $KENER_SECRET, else in that file.
    """
    given = url or env.get("KENER_URL")
    base = _checked(given, "--url" if url else "KENER_URL") if given else _listening(path, env)
    if secret_file is not None:
        secret = _read(secret_file)
    else:
        secret = env.get("KENER_SECRET", "").strip() or _configured(tag, path, env)
    return Target(base, tag, secret)


def _checked(url: str, source: str) -> str:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        is_address = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    # What was given is not repeated: somebody may have put the secret into it.
    if not is_address or parts.scheme not in ("http", "https") or not re.fullmatch(r"[!-~]+", url):
        raise Unknown(f"{source} should be the server's address, such as https://status.example.org")
    if "@" in parts.netloc or parts.query or parts.fragment or "/heartbeat/" in parts.path:
        raise Unknown(
            f"{source} should be the address of the server alone, such as https://status.example.org:"
            " the secret goes into KENER_SECRET or a file for --secret-file"
        )
    return url.rstrip("/")


def _listening(path: Path, env: Mapping[str, str]) -> str:
    from kener_py import glance
    from kener_py.cli import probe

    address = glance.at(path, env).address
    if address is None or not path.is_file():
        why = f"{path} does not say where it listens" if path.is_file() else f"there is no {path}"
        raise Unknown(f"no server to call: set KENER_URL, or give --url, or --config with its file ({why})")
    name, port, is_https = address
    if is_https:
        raise Unknown(
            "the server speaks HTTPS: set KENER_URL, or give --url, with the name of its certificate"
        )
    host = probe.EVERYWHERE.get(name, name)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _read(path: Path) -> str:
    try:
        secret = path.read_text(encoding="utf-8-sig").strip()
    except OSError as error:
        raise Unknown(f"--secret-file {path} cannot be read: {error.strerror}") from None
    except ValueError:
        raise Unknown(f"--secret-file {path} is not text in UTF-8") from None
    if not secret:
        raise Unknown(f"--secret-file {path} is empty")
    return secret


def _configured(tag: str, path: Path, env: Mapping[str, str]) -> str:
    from kener_py import glance

    ways = "set KENER_SECRET, or give --secret-file"
    monitors = {each.tag: each for each in glance.at(path, env).monitors}
    if not monitors:
        try:
            path.open("rb").close()
        except OSError as error:
            raise Unknown(f"no secret for '{tag}': {ways} ({path}: {error.strerror})") from None
        raise Unknown(f"no secret for '{tag}': {ways} ({path} names no monitors)")
    if tag not in monitors:
        import difflib

        near = difflib.get_close_matches(tag, monitors, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise Unknown(f"{path} has no monitor '{tag}'{hint}")
    secret = monitors[tag].secret
    if not secret:
        raise Unknown(f"{path} has no secret for '{tag}': {ways}")
    if (plain := re.fullmatch(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", secret)) and env.get(plain[1]):
        return env[plain[1]]
    if "${" not in secret:
        return secret
    from kener_py.config.references import ReferenceProblem, References  # takes a quarter of a second

    try:
        return References(env, path.parent).fill(secret)
    except ReferenceProblem as problem:
        raise Unknown(f"the secret of '{tag}' in {path}: {problem}; or {ways}") from None


# ---- sending -------------------------------------------------------------------------------------


def deliver(
    target: Target,
    call: Call,
    hurry: Callable[[], bool] = lambda: False,
    missed: Callable[[str], None] = lambda why: None,
) -> dict[str, object]:
    """What the server said of the heartbeat; raises Unheard after `BUDGET` and `_LINGER` seconds at most.

    As soon as `hurry()` is true, only `_LINGER` seconds are left. `missed` hears of each attempt that
    failed and is made again.
    """
    import threading
    import time

    found: list[dict[str, object] | Unheard] = []
    done, stopped = threading.Event(), threading.Event()
    why = ["no answer yet"]

    def note(text: str) -> None:
        why[0] = text
        missed(text)

    def send() -> None:
        try:
            found.append(_send(target, call, stopped, note))
        except Unheard as error:
            found.append(error)
        except Exception as error:  # a job never fails because of us
            found.append(Unheard(target.hide(f"{type(error).__name__}: {error}")))
        finally:
            done.set()

    threading.Thread(target=send, daemon=True, name="heartbeat").start()
    end = time.monotonic() + BUDGET + _LINGER
    is_hurried = False
    while not done.wait(0.05) and time.monotonic() < end:
        if not is_hurried and hurry():
            is_hurried = True
            stopped.set()
            end = min(end, time.monotonic() + _LINGER)
    stopped.set()
    if not found:
        raise Unheard(why[0])
    if isinstance(found[0], Unheard):
        raise found[0]
    return found[0]


class _Refused(Exception):
    """An answer that says no; `again` is whether another try may help, and after how many seconds."""

    def __init__(self, text: str, again: bool = False, wait: float = 0) -> None:
        super().__init__(text)
        self.again, self.wait = again, wait


def _send(target: Target, call: Call, stopped: Event, missed: Callable[[str], None]) -> dict[str, object]:
    import random
    import time

    began, wait, body, attempt = time.monotonic(), _FIRST_WAIT, call.body(), 0
    while True:
        attempt += 1
        left = BUDGET - (time.monotonic() - began)
        try:
            return _once(target, body, call.agent, max(min(ATTEMPT, left), 0.1))
        except _Refused as refused:
            why = target.hide(str(refused))
            pause = max(wait * random.uniform(0.8, 1.2), refused.wait)
            left = BUDGET - (time.monotonic() - began)
            if not refused.again or pause >= left or stopped.is_set():
                tried = f"; tried {attempt} times" if attempt > 1 else ""
                raise Unheard(f"{why}{tried}") from None
        missed(why)
        stopped.wait(pause)
        if stopped.is_set():
            raise Unheard(why)
        wait = min(wait * 2, _LONGEST_WAIT)


def _once(target: Target, body: bytes, agent: str, patience: float) -> dict[str, object]:
    """One attempt of `patience` seconds for each thing that it waits for."""
    import http.client
    import ssl
    import urllib.error
    import urllib.request

    class Redirects(urllib.request.HTTPRedirectHandler):
        """Followed with the body: as a GET without one, a report of failure would count as success."""

        def redirect_request(
            self, req: urllib.request.Request, fp: object, code: int, msg: str, headers: object, newurl: str
        ) -> urllib.request.Request | None:
            if code == 303 or (target.base.startswith("https:") and not newurl.startswith("https:")):
                return None
            return urllib.request.Request(newurl, data=body, headers=sent, method="POST")

    sent = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": agent}
    handlers: list[urllib.request.BaseHandler] = [Redirects()]
    if _is_here(target.base):
        handlers.append(urllib.request.ProxyHandler({}))  # a proxy would look for it on its own machine
    request = urllib.request.Request(target.url, data=body, headers=sent, method="POST")
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=patience) as answer:
            return _understood(answer.read(_LONGEST_ANSWER), target)
    except urllib.error.HTTPError as error:
        with error:
            try:
                text = error.read(_LONGEST_ANSWER)
            except (OSError, http.client.HTTPException):
                text = b""
        raise _Refused(
            f"{target.base} answered {error.code}: {_reason(text) or error.reason}",
            error.code in _AGAIN,
            _seconds(error.headers.get("Retry-After")),
        ) from None
    except (OSError, http.client.HTTPException) as error:
        cause = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(cause, TimeoutError):
            raise _Refused(f"no answer from {target.base} within {patience:.0f} s", again=True) from None
        what = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
        is_final = isinstance(cause, ssl.SSLCertVerificationError)
        raise _Refused(
            f"no answer from {target.base}: {what or type(cause).__name__}", again=not is_final
        ) from None


def _is_here(base: str) -> bool:
    from ipaddress import ip_address
    from urllib.parse import urlsplit

    host = urlsplit(base).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _understood(text: bytes, target: Target) -> dict[str, object]:
    """The answer of a server of ours; something else that says 200 has recorded nothing."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or found.get("status") != "OK":
        raise _Refused(f"{target.base} answered, but it is no kener-py")
    return found


def _reason(text: bytes) -> str:
    try:
        found = json.loads(text)
    except ValueError:
        return ""
    said = found.get("error") if isinstance(found, dict) else None
    return " ".join(said.split())[:300] if isinstance(said, str) else ""


def _seconds(text: str | None) -> float:
    """Retry-After in seconds; as a date it is not worth the trouble."""
    return float(text) if text and re.fullmatch(r"[0-9]{1,6}", text) else 0
