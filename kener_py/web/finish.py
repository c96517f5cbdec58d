"""What every answer gets on its way out: headers of safety, a validator, compression."""

from __future__ import annotations

import gzip
import hashlib

from flask import Response, request

from kener_py.model import Site
from kener_py.web import branding, language

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' data:{pictures}; form-action {forms}; base-uri 'none'; frame-ancestors {ancestors}"
)
HEADERS = {
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Content-Type-Options": "nosniff",
}
_WITH_FORMS = ("/alerts/", "/history")
_LEAST = 1_000  # bytes; below that compression gains nothing


def finish(site: Site, answer: Response) -> Response:
    """The answer as it leaves."""
    answer.headers.setdefault("Content-Security-Policy", _policy(site))
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    if request.endpoint == "static" and answer.status_code < 400 and "v" in request.args:
        # The address changes with the content.
        answer.headers["Cache-Control"] = branding.FOREVER
    answer.headers.setdefault("Cache-Control", "no-cache")
    if answer.mimetype in ("text/html", "text/markdown", "text/plain") and answer.vary:
        answer.headers["Content-Language"] = language.current()
    if request.endpoint == "static" and _is_text(answer):
        answer.vary.add("Accept-Encoding")  # of a part and of "not modified" as of the whole
    if request.method in ("GET", "HEAD") and answer.status_code == 200:
        _compress(answer)
        _validate(answer)
    return answer


def _policy(site: Site) -> str:
    """What a page may load: this site's own things, and its logo and favicon wherever they are."""
    pictures = "".join(f" {host}" for host in dict.fromkeys(branding.picture_hosts(site)))
    return POLICY.format(
        pictures=pictures,
        forms="'self'" if request.path.startswith(_WITH_FORMS) else "'none'",
        ancestors=_ancestors(site),
    )


def _ancestors(site: Site) -> str:
    """Who may show this answer in a frame: only what is made for it, and for whom the file says."""
    is_embed = request.url_rule is not None and request.url_rule.rule.startswith("/embed/")
    return " ".join(site.embeds) if is_embed and site.embeds else "'none'"


def _is_text(answer: Response) -> bool:
    kind = answer.mimetype or ""
    return kind.startswith("text/") or kind.endswith(("json", "xml", "javascript"))


def _compress(answer: Response) -> None:
    if not _is_text(answer) or "Content-Encoding" in answer.headers:
        return
    answer.direct_passthrough = False
    body = answer.get_data()
    if len(body) < _LEAST:
        return
    answer.vary.add("Accept-Encoding")
    if "gzip" not in {name.lower() for name, quality in request.accept_encodings if quality}:
        return
    # Two forms of one document must not pass for each other, so the name of this one says which it is.
    if _is_named(answer):
        name = f"{answer.get_etag()[0] or _digest(body)}-gzip"
        answer.set_etag(name)
        if request.if_none_match.contains_weak(name):
            return  # nothing of it will be sent
    answer.set_data(gzip.compress(body, 6, mtime=0))
    answer.headers["Content-Encoding"] = "gzip"


def _is_named(answer: Response) -> bool:
    return "no-store" not in answer.headers["Cache-Control"]


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:24]


def _validate(answer: Response) -> None:
    """Let who has these bytes already be told so, without them."""
    if not _is_named(answer):
        return
    if not answer.get_etag()[0]:
        answer.set_etag(_digest(answer.get_data()))
    answer.make_conditional(request)
