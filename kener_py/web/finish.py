"""What every answer gets on its way out: headers of safety, a validator, compression."""

from __future__ import annotations

import hashlib

from flask import Response, request

from kener_py.model import Site
from kener_py.web import api, branding, language
from kener_py.web.coding import CODINGS, LONGEST_WISH, best

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
    """The answer whole, with everything that belongs to it."""
    answer.headers.setdefault("Content-Security-Policy", policy(site, request.path, _is_embed()))
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
        if _is_named(answer) and not answer.get_etag()[0]:
            answer.set_etag(_digest(answer.get_data()))
    return answer


def conditional(answer: Response) -> Response:
    """A finished answer as it leaves: who has these bytes already is told so, without them."""
    if request.method in ("GET", "HEAD") and answer.status_code == 200 and _is_named(answer):
        answer.make_conditional(request)
    if answer.status_code == 412 and answer.is_json:
        # Werkzeug sends the document itself, and programs look for an error.
        told = api.error(412, "If-Match or If-Unmodified-Since does not hold")
        answer.headers.pop("Content-Encoding", None)
        answer.set_data(told.get_data())
        answer.mimetype = told.mimetype or ""
    return answer


def policy(site: Site, path: str, is_embed: bool = False) -> str:
    """What the page at `path` may load, and who may show it in a frame.

    That is this site's own things, its logo and favicon wherever they are; an embed, whom the file says.
    """
    pictures = "".join(f" {host}" for host in dict.fromkeys(branding.picture_hosts(site)))
    return POLICY.format(
        pictures=pictures,
        forms="'self'" if path.startswith(_WITH_FORMS) else "'none'",
        ancestors=" ".join(site.embeds) if is_embed and site.embeds else "'none'",
    )


def _is_embed() -> bool:
    return request.url_rule is not None and request.url_rule.rule.startswith("/embed/")


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
    coding = best(request.headers.get("Accept-Encoding", "")[:LONGEST_WISH])
    if not coding:
        return
    # Two forms of one document must not pass for each other, so the name of this one says which it is.
    if _is_named(answer):
        answer.set_etag(f"{answer.get_etag()[0] or _digest(body)}-{coding}")
    answer.set_data(CODINGS[coding](body))
    answer.headers["Content-Encoding"] = coding


def _is_named(answer: Response) -> bool:
    return "no-store" not in answer.headers["Cache-Control"]


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:24]
