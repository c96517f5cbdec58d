"""A notifier's own templates, and the messages that they make.

What people and jobs wrote is escaped for the form that it goes to; what the template's author wrote is not.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kener_py.messages import bounded, markup
from kener_py.messages.bounded import LARGEST, TemplateError
from kener_py.messages.message import Message, compose
from kener_py.messages.variables import EXAMPLE_MONITOR, EXAMPLE_RULE, examples, variables
from kener_py.model import DAY, Notice, Notifier, Rule, Site


@dataclass(frozen=True, slots=True)
class _Form:
    """What a value goes through on its way into the message."""

    name: str
    escape: Callable[[str], str]


_TEXT = _Form("text", lambda text: "\n".join(markup.lines(text)))
_MARKDOWN = _Form("markdown", markup.for_markdown)


def check(source: str) -> tuple[TemplateError, ...]:
    """Everything that is wrong with a template; it is also rendered, with examples."""
    try:
        bounded.compiled(source, "text")
    except bounded.Problems as problems:
        return problems.found
    down, over = examples(EXAMPLE_MONITOR, EXAMPLE_RULE, DAY)
    for notices in ((down,), (over,), (over, down)):
        try:
            _render(source, _TEXT, notices, Site(), "0", {}, compose(notices, Site(), "0"))
        except TemplateError as error:
            return (error,)
    return ()


def from_template(
    notifier: Notifier, notices: Sequence[Notice], site: Site, delivery_id: str, rules: Mapping[str, Rule]
) -> Message:
    """The message in the notifier's own words; what it has no template for is built in.

    Raises TemplateError when a template fails.
    """
    made = compose(notices, site, delivery_id)
    if not notices or not (notifier.title or notifier.body):
        return made

    def render(source: str, form: _Form) -> str:
        return _render(source, form, notices, site, delivery_id, rules, made)

    title = made.title
    if notifier.title:
        title = markup.one_line(render(notifier.title, _TEXT)) or title
    if not notifier.body:
        return Message(title, made.text, made.html, made.markdown)
    text = render(notifier.body, _TEXT).strip()
    if not text:
        return Message(title, made.text, made.html, made.markdown)
    return Message(title, text, _as_html(text, site), render(notifier.body, _MARKDOWN).strip())


def _as_html(text: str, site: Site) -> str:
    """The text, with links to the page alone: those that a job wrote stay text."""
    lines = "<br>".join(html.escape(line) for line in text.split("\n"))
    if site.url:
        ours = re.compile(re.escape(html.escape(site.url)) + r"(?:/[\w/-]*)?(?![^\s<])")
        lines = ours.sub(r'<a href="\g<0>">\g<0></a>', lines)
    return f"<p>{lines}</p>"


def _render(
    source: str,
    form: _Form,
    notices: Sequence[Notice],
    site: Site,
    delivery_id: str,
    rules: Mapping[str, Rule],
    made: Message,
) -> str:
    values = _ready(variables(notices, site, delivery_id, rules))
    values["default_title"] = made.title
    values["default_body"] = bounded.Ready(made.markdown if form is _MARKDOWN else made.text)
    values["_left"] = [bounded.STEPS]
    values["_escape"] = form.escape
    parts: list[str] = []
    size = 0
    try:
        for part in bounded.compiled(source, form.name).generate(values):
            size += len(part)
            if size > LARGEST:
                raise TemplateError(f"makes more than {LARGEST:,} characters")
            parts.append(part)
    except TemplateError:
        raise
    except bounded.Problems as problems:
        raise problems.found[0] from None
    except Exception as error:  # templates can fail in as many ways as Python can
        raise TemplateError(bounded.one_line(str(error)) or type(error).__name__) from None
    return "".join(parts)


def _ready(values: Mapping[str, object]) -> dict[str, Any]:
    """The values with every address marked as one."""
    made: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, str) and name.endswith("url"):
            made[name] = bounded.Ready(value)
        elif isinstance(value, dict):
            made[name] = _ready(value)
        elif isinstance(value, list):
            made[name] = [_ready(item) if isinstance(item, dict) else item for item in value]
        else:
            made[name] = value
    return made
