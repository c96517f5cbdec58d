"""How the server itself does: the loop, the sender, the database, the configuration."""

from __future__ import annotations

from kener_py import store
from kener_py.model import MINUTE, SECOND, Check, Grade, Instant, Millis

LAG: Millis = MINUTE  # of the loop or the sender: more is trouble


def scheduler(marked: Instant, at: Instant) -> Check:
    quiet = max(at - marked, 0)
    text = ""
    if not marked:
        text = "the loop has not ticked yet"
    elif quiet > LAG:
        text = f"the loop has not ticked for {quiet // SECOND} seconds, or cannot write that it did"
    return Check("scheduler:lag", "component", quiet / SECOND if marked else None, "s", _grade(text), text)


def sender(seen: Instant | None, at: Instant) -> Check:
    """`seen` is when it last looked for work; None while none was started."""
    quiet = 0 if seen is None else max(at - seen, 0)
    text = f"the sender has stood still for {quiet // SECOND} seconds" if quiet > LAG else ""
    return Check("notifications:lag", "component", quiet / SECOND, "s", _grade(text), text)


def queue(db: store.Database, at: Instant) -> Check:
    """Messages that wait are no fault of ours: a receiver may be down."""
    owed, oldest = store.owed(db)
    is_old = oldest is not None and at - oldest > 5 * MINUTE
    text = "a message has waited for more than five minutes; `kener-py deliveries` says why" if is_old else ""
    return Check(
        "notifications:queue", "component", owed, "messages", Grade.WARN if is_old else Grade.PASS, text
    )


def configuration(reload_error: str | None) -> Check:
    """What was wrong with an edit is for the operator only; the log has it."""
    text = (
        ""
        if reload_error is None
        else "the last edit was refused, and the one before is in force; see the log"
    )
    grade = Grade.PASS if reload_error is None else Grade.WARN
    return Check("config:reload", "component", reload_error is None, "", grade, text)


def export(error: str | None) -> Check:
    """The page on this server is as good as before, so it is a warning; the log has the reason."""
    text = "" if error is None else "the page could not be written to files; see the log"
    grade = Grade.PASS if error is None else Grade.WARN
    return Check("export:failed", "component", error is not None, "", grade, text)


def database(size: int) -> Check:
    return Check("sqlite:size", "datastore", size, "bytes", Grade.PASS, "")


def _grade(text: str) -> Grade:
    return Grade.FAIL if text else Grade.PASS
