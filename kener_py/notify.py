"""One message to one Apprise URL. The only module that knows Apprise.

It keeps nothing and never tries twice: what is owed, to whom and when is decided elsewhere.
"""

from __future__ import annotations

import base64
import difflib
import logging
import re
import threading
from concurrent.futures import Future
from contextvars import ContextVar
from html import escape as html_escape
from typing import Any
from urllib.parse import quote, unquote

TIMEOUT = 10.0  # seconds to connect, and again for each read, unless the URL gives its own cto and rto
DEADLINE = 60.0  # seconds for the whole of one send; a receiver that drips never hits a read timeout
DELIVERY_HEADER = "X-Kener-Delivery"

_REASON_LENGTH = 300
_SCHEME = re.compile(r"\s*([a-z0-9]{1,32})://", re.IGNORECASE)
_SECOND_URL = re.compile(r"[\s,;]+[a-z0-9]{1,32}://", re.IGNORECASE)
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
_TYPES = {"ok": "success", "minor": "warning", "major": "failure", "critical": "failure"}
_HINTS = {
    "http": "for a webhook of your own write json://",
    "https": "for a webhook of your own write jsons://",
    "file": "Apprise configuration files are not read; list the URLs themselves",
}


class NotifyError(Exception):
    """Why a message was not accepted, in words that are safe to log and to store.

    `is_permanent` means that no retry can help: Apprise cannot use the URL at all.
    """

    def __init__(self, reason: str, *, is_permanent: bool = False) -> None:
        super().__init__(reason)
        self.is_permanent = is_permanent


def kind(url: str) -> str:
    """The URL's scheme, for display: "mailto", "slack"; "unknown" when there is none."""
    found = _SCHEME.match(url)
    return found[1].lower() if found else "unknown"


def check(url: str) -> str | None:
    """None if Apprise can use the URL, else a sentence without secrets: what is wrong, what would be right.

    Nothing is sent. An address or option that Apprise would drop with a warning counts as wrong.
    """
    token = _heard.set([])
    try:
        plugin = _plugin(url)
        dropped = [message for level, message in _lines() if logging.WARNING <= level <= logging.ERROR]
        return f"{kind(url)}:// URL: {_reason(dropped, [], url, _host(plugin))}" if dropped else None
    except NotifyError as error:
        return str(error)
    finally:
        _heard.reset(token)


def send(
    url: str,
    title: str,
    text: str,
    *,
    html: str = "",
    markdown: str = "",
    severity: str,
    delivery: str,
    thread: str = "",
) -> None:
    """Return when the receiver has accepted the message, after `DEADLINE` seconds at the latest.

    Services that show HTML (e-mail) or Markdown (chats) get that form if it is given; webhooks, and all
    others, the text. `format=` in the URL decides otherwise. `severity` is ok, minor, major or critical.
    `delivery` is the same over retries; receivers of e-mail and of webhooks see it as the header
    `X-Kener-Delivery`. Mails of one `thread` stand together. Put the facts first: what is too long for
    the service is cut at its end. Raises NotifyError.
    """
    bodies = {
        "text": _plain(text) or _one_line(title),
        "html": _plain(html),
        "markdown": _plain(markdown),
    }
    accepted: Future[None] = Future()

    def run() -> None:
        try:
            _deliver(url, _one_line(title), bodies, _TYPES[severity], delivery, thread)
        except BaseException as error:
            accepted.set_exception(error)
        else:
            accepted.set_result(None)

    # A thread per send, not Apprise's service_timeout: that runs sends in one small pool, where a few
    # receivers that hang delay all others and even the end of the process.
    threading.Thread(target=run, name=f"notify-{kind(url)}", daemon=True).start()
    try:
        accepted.result(DEADLINE)
    except TimeoutError:
        raise NotifyError(f"{kind(url)}: not accepted within {DEADLINE:g} seconds") from None


def _deliver(
    url: str, title: str, bodies: dict[str, str], notify_type: str, delivery: str, thread: str
) -> None:
    _heard.set([])  # needs no reset: the thread ends with the send
    plugin = _plugin(url)
    # Not every plugin that takes headers from its URL keeps them as a dict.
    if "headers" in plugin.template_kwargs and isinstance(getattr(plugin, "headers", None), dict):
        plugin.headers.setdefault(DELIVERY_HEADER, delivery)
        if thread and plugin.protocol == "mailto":
            reference = _reference(thread)
            plugin.headers.setdefault("In-Reply-To", reference)
            plugin.headers.setdefault("References", reference)
    form, title, body = _form(plugin, title, bodies)
    service = _apprise().Apprise(plugin, asset=plugin.asset)
    result = service.notify(body=body, title=title, notify_type=notify_type, body_format=form)
    # bool(result) is True for a failed `?optional=yes`, so ask the last attempt.
    attempts = [one.attempts[-1] for one in result.results if one.attempts]
    if attempts and all(attempts):
        return
    told = [message for level, message in _lines() if level >= logging.WARNING]
    details = [found[1] for _, message in _lines() if (found := _DETAIL.match(message))]
    reason = _reason(told, details, url, _host(plugin))
    hint = " (it redirects: write the address it redirects to)" if re.search(r"error=3\d\d", reason) else ""
    raise NotifyError(f"{kind(url)}: {reason}{hint}")


# ---- Apprise ---------------------------------------------------------------------------------


def _plugin(url: str) -> Any:
    """Apprise's plugin for the URL with our defaults, or NotifyError(is_permanent=True)."""
    scheme = kind(url)
    if scheme == "unknown":
        raise _refusal("not an Apprise URL: it should begin like mailto:// or slack://")
    if _SECOND_URL.search(url.strip()):
        raise _refusal(f"{scheme}:// entry holds several URLs: write one URL per list item")
    apprise = _apprise()
    services = apprise.plugins.N_MGR
    why = ""
    parsed = None
    try:
        # Known by its scheme, or one that the service itself hands out: https://hooks.slack.com/…
        parsed = apprise.plugins.url_to_dict(url.strip())
        if parsed and services[parsed["schema"]].enabled:
            parsed.setdefault("cto", TIMEOUT)
            parsed.setdefault("rto", TIMEOUT)
            # Apprise's default leaves a long text to the service, and many answer with an error.
            parsed.setdefault("overflow", "truncate")
            # Exceptions are wanted: when Apprise catches them itself it logs every password as it is.
            plugin = apprise.Apprise.instantiate(parsed, asset=_asset(), suppress_exceptions=False)
            if plugin is not None:
                return plugin
    except Exception as error:  # plugins raise what they like on odd URLs
        why = _reason([str(error)], [], url, "")
    name = parsed["schema"] if parsed else scheme
    if name not in services:
        raise _refusal(_unknown(scheme, services.schemas(include_disabled=False)))
    service = services[name]
    if not service.enabled:
        needs = apprise.plugins.requirements(service)["packages_required"]
        raise _refusal(f"{name}:// does not work here: it needs {', '.join(needs) or 'another system'}")
    form = service.templates[0].replace("{schema}", name)
    raise _refusal(
        f"{name}:// URL cannot be used: {why or 'a part is missing'}; write {form}, see {service.setup_url}"
    )


def _refusal(reason: str) -> NotifyError:
    return NotifyError(reason, is_permanent=True)


def _asset() -> Any:
    return _apprise().AppriseAsset(
        app_id="kener-py",
        app_desc="kener-py",
        # Both for the calling thread: in Apprise's own pool a send could be held up by the others.
        async_mode=False,
        service_timeout=0,
        # requests repeats a POST as a GET after 301 and 302: the text is lost and all looks well.
        # `redirect=yes` in the URL still follows.
        http_redirects=False,
    )


def _unknown(scheme: str, schemes: list[str]) -> str:
    hint = _HINTS.get(scheme, "")
    if not hint:
        close = difflib.get_close_matches(scheme, sorted(schemes), n=1)
        hint = f"did you mean {close[0]}://?" if close else "see https://appriseit.com/services/"
    return f"{scheme}:// is not a service that Apprise knows; {hint}"


def _host(plugin: Any) -> str:
    """The URL's host if it is one; many services keep a token in its place."""
    host = str(plugin.host or "")
    is_host = "host" in plugin.template_tokens and ("." in host or ":" in host or host == "localhost")
    return host if is_host else ""


# ---- the form that a service shows -------------------------------------------------------------

# They say that text is their default, but show Markdown in it.
_SHOW_MARKDOWN = {"discord", "dingtalk"}
# Programs read these, or people in a form where a mention calls nobody; Slack's plugin escapes by itself.
_CALL_NOBODY = {"json", "xml", "form", "mailto", "apprise", "slack"}
_PING = re.compile(r"@(?=everyone|here|channel|all\b|room\b)|(?<=<)[@!]", re.IGNORECASE)
_MARKS = re.compile(r"[\\`*~\[\]<>]|(?<!\w)_|_(?!\w)|\|(?=\|)|(?<=\|)\|")


def _form(plugin: Any, title: str, bodies: dict[str, str]) -> tuple[str, str, str]:
    """The format to send in, and title and body for it."""
    name = str(plugin.protocol or plugin.secure_protocol)
    form = str(plugin.resolve_format("markdown" if name in _SHOW_MARKDOWN else None).value)
    body = bodies[form]
    if not body:
        form, body = "text", bodies["text"]
    # Apprise puts the title of these in front of the body, as it is.
    is_blended = plugin.title_maxlen <= 0 or name == "discord"
    if form == "html" and is_blended:
        title = html_escape(title)
    elif form == "markdown" and is_blended:
        title = _MARKS.sub(lambda mark: "\\" + mark[0], title)
    if name not in _CALL_NOBODY and form != "html":
        title, body = (_PING.sub(lambda mark: mark[0] + "\u200b", each) for each in (title, body))
    return form, title, body


def _reference(thread: str) -> str:
    """A message id that no mail has; mails that refer to it are one conversation."""
    return f"<{re.sub('[^A-Za-z0-9._-]+', '-', thread)[:200]}@kener-py.invalid>"


# ---- what Apprise says of a failure -----------------------------------------------------------

# One list per send: each runs in a thread, and so in a context, of its own.
_heard: ContextVar[list[tuple[int, str]] | None] = ContextVar("heard", default=None)


class _Ear(logging.Filter):
    """Hears what Apprise logs, and lets nothing through: it logs tokens, and whole URLs at debug level."""

    def filter(self, record: logging.LogRecord) -> bool:
        heard = _heard.get()
        if heard is not None:
            heard.append((record.levelno, record.getMessage()))
        return False


_EAR = _Ear()


def _apprise() -> Any:
    """Apprise, with its log heard by us alone."""
    import apprise  # 150 to 300 ms

    log = logging.getLogger("apprise")
    log.addFilter(_EAR)
    log.setLevel(logging.DEBUG)  # the reason of a failure is told at this level
    # It logs request paths, and many services keep the token there.
    logging.getLogger("urllib3").setLevel(logging.CRITICAL + 1)
    return apprise


def _lines() -> list[tuple[int, str]]:
    return _heard.get() or []


_DETAIL = re.compile(r"(?:[\w/ ]*Exception(?: \w+)?|Response Details):\s*(.+)", re.DOTALL)
_NOISE = re.compile(
    r"""Max\ retries\ exceeded\ with\ url:\ \S+\ \(Caused\ by\ |https?://\S+
    |<?HTTPS?Connection(?:Pool)?\(.*?\)(?:\ at\ 0x\w+>)?[:,]\ ?
    |\('Connection\ aborted\.',\ |\b(?:\w+Error|RemoteDisconnected)\((?:\d+,\ )?(?:"|')?|\bb(?=["'])""",
    re.VERBOSE,
)
_ENDS = re.compile(r"""^\((?=\d)|^["']|["']?\)*["'][) ]*$|[ .]+$""")
_OPTIONS = {"cto", "rto", "verify", "redirect", "overflow", "format", "emojis", "tz", "store", "retry"}
_OPTIONS |= {"wait", "optional", "mode", "method"}


def _reason(told: list[str], details: list[str], url: str, host: str) -> str:
    """What was told, shortened, without anything that stands in the URL but `host`."""
    told = [" ".join(_NOISE.sub("", one).split()).rstrip(" .") for one in told]
    details = [_ENDS.sub("", " ".join(_NOISE.sub("", one).split())) for one in details]
    text = ": ".join(filter(None, ("; ".join(dict.fromkeys(told)), "; ".join(dict.fromkeys(details)))))
    reason = _one_line(_scrub(text, url, host)) or "Apprise gives no reason"
    return reason if len(reason) <= _REASON_LENGTH else reason[: _REASON_LENGTH - 1] + "…"


def _scrub(text: str, url: str, host: str) -> str:
    """The text with `***` for every part of the URL that may be a secret, however it is quoted."""
    url = url.encode("utf-8", "replace").decode()
    path, _, query = url.strip().partition("://")[2].partition("?")
    user, _, password = path.rpartition("@")[0].partition(":")
    values = [pair.partition("=") for pair in query.split("&")]
    units = [path, user, *path.split("/"), *(v or k for k, _, v in values if k.lower() not in _OPTIONS)]
    pieces = {piece for unit in units for piece in (unit, *re.split("[@:,;#+]", unit)) if len(piece) > 3}
    pieces |= {password, base64.b64encode(unquote(f"{user}:{password}").encode()).decode()}
    forms = {form for p in pieces for form in (p, unquote(p), quote(unquote(p), safe=""))} - {"", host}
    for form in sorted(forms, key=len, reverse=True):
        pattern = re.escape(form)
        if form.isalpha() or len(form) < 4:  # "hook" may be part of another word
            pattern = rf"(?<![^\W_]){pattern}(?![^\W_])"
        text = re.sub(pattern, "***", text, flags=re.IGNORECASE)
    return text


# ---- text that every service can carry --------------------------------------------------------


def _plain(text: str) -> str:
    """The text without what breaks JSON, XML or a mail: lone surrogates and control characters."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return _UNPRINTABLE.sub("\ufffd", whole.replace("\r\n", "\n").replace("\r", "\n"))


def _one_line(title: str) -> str:
    """A line break in a title would begin a new mail header."""
    return " ".join(_plain(title).split())
