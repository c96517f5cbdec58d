"""From notices to words: the built-in message, a notifier's own templates, and lengths of time. Pure."""

from kener_py.messages.bounded import TemplateError
from kener_py.messages.events import event, test_event
from kener_py.messages.message import Message, compose, gravity, subject, thread, title, worst_first
from kener_py.messages.templates import check, from_template
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
    "event",
    "examples",
    "expectation",
    "forecast",
    "from_template",
    "gravity",
    "length",
    "moment",
    "subject",
    "test_event",
    "thread",
    "title",
    "worst_first",
]
