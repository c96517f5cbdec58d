"""From notices to words: the built-in message, a notifier's own templates, and lengths of time. Pure."""

from kener_py.messages.message import Message, compose, gravity, subject, thread, title, worst_first
from kener_py.messages.words import expectation, forecast, length, moment

__all__ = [
    "Message",
    "compose",
    "expectation",
    "forecast",
    "gravity",
    "length",
    "moment",
    "subject",
    "thread",
    "title",
    "worst_first",
]
