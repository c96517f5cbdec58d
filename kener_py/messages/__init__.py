"""From notices to words: the built-in message, a notifier's own templates, and lengths of time. Pure."""

from kener_py.messages.message import Message, compose, gravity, subject, thread, title, worst_first
from kener_py.messages.templates import TemplateError, check, from_template
from kener_py.messages.variables import EXAMPLE_RULE, KENERS, OURS, examples
from kener_py.messages.words import expectation, forecast, length, moment

__all__ = [
    "EXAMPLE_RULE",
    "KENERS",
    "OURS",
    "Message",
    "TemplateError",
    "check",
    "compose",
    "examples",
    "expectation",
    "forecast",
    "from_template",
    "gravity",
    "length",
    "moment",
    "subject",
    "thread",
    "title",
    "worst_first",
]
