"""What `kener-py notify-test` sends or prints: a greeting, or an alert of a monitor and its end."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator

import click

from kener_py import messages, notify, webhook
from kener_py.messages import Message
from kener_py.model import Config, Instant, Monitor, Notice, Notifier, Rule, replace


def send(config: Config, notifiers: Iterable[Notifier], monitor: Monitor | None, at: Instant) -> int:
    """Send to every URL of the notifiers and print how it went; the number of failures."""
    failed = 0
    for notifier in notifiers:
        failed += _call(config, notifier, monitor, at)
        for number, url in enumerate(notifier.urls, 1):
            where = f"{notifier.name} #{number} ({notify.kind(url)})"
            for word, severity, delivery, message in _messages(config, notifier, monitor, at):
                try:
                    notify.send(
                        url,
                        message.title,
                        message.text,
                        html=message.html,
                        markdown=message.markdown,
                        severity=severity,
                        delivery=delivery,
                        thread=f"test-{at}" if monitor else "",
                    )
                    click.echo(f"{where}: {word}sent")
                except notify.NotifyError as error:
                    failed += 1
                    click.echo(f"{where}: {word}failed: {error}")
    return failed


def _call(config: Config, notifier: Notifier, monitor: Monitor | None, at: Instant) -> int:
    """Call the webhook, if it has one; the number of failures."""
    hook, failed = notifier.webhook, 0
    if hook is None:
        return 0
    for word, event in _events(config, notifier, monitor, at):
        try:
            webhook.post(hook, event, uuid.uuid4().hex, at)
            click.echo(f"{notifier.name} (webhook): {word}sent")
        except webhook.WebhookError as error:
            failed += 1
            click.echo(f"{notifier.name} (webhook): {word}failed: {error}")
    return failed


def _events(
    config: Config, notifier: Notifier, monitor: Monitor | None, at: Instant
) -> Iterator[tuple[str, str]]:
    """What to call it, and the body."""
    if notifier.webhook is None:
        return
    if monitor is None:
        yield "", messages.test_event(notifier.webhook, config.site, at)
        return
    for notice in messages.examples(monitor, _rule(config, notifier, monitor), at):
        yield f"{notice.kind} ", messages.event(notifier.webhook, [notice], config.site)


def show(config: Config, notifiers: Iterable[Notifier], monitor: Monitor | None, at: Instant) -> None:
    """Print the messages as text, each with the kinds of URL that it would go to."""
    for notifier in notifiers:
        for _, event in _events(config, notifier, monitor, at):
            click.echo(f"---- {notifier.name} (webhook)\n{event}\n")
        if not notifier.urls:
            continue
        kinds = ", ".join(notify.kind(url) for url in notifier.urls)
        for _, _, _, message in _messages(config, notifier, monitor, at):
            click.echo(f"---- {notifier.name} ({kinds})\n{message.title}\n\n{message.text}\n")


def _messages(
    config: Config, notifier: Notifier, monitor: Monitor | None, at: Instant
) -> Iterator[tuple[str, str, str, Message]]:
    """What to call it, severity, delivery id and message."""
    if monitor is None:
        words = "This is a test message of kener-py. Alerts will arrive like this."
        yield "", "ok", uuid.uuid4().hex, Message(f"Test: {config.site.title}", words, "", "")
        return
    rules = {rule.name: rule for rule in config.rules}
    for notice in messages.examples(monitor, _rule(config, notifier, monitor), at):
        delivery = uuid.uuid4().hex
        yield (
            f"{notice.kind} ",
            messages.gravity([notice]),
            delivery,
            _message(config, notifier, notice, delivery, rules),
        )


def _rule(config: Config, notifier: Notifier, monitor: Monitor) -> Rule:
    for rule in config.rules:
        if monitor.tag in rule.monitors and notifier.name in rule.notifiers:
            return rule
    return messages.EXAMPLE_RULE


def _message(
    config: Config, notifier: Notifier, notice: Notice, delivery: str, rules: dict[str, Rule]
) -> Message:
    try:
        made = messages.from_template(notifier, [notice], config.site, delivery, rules)
    except messages.TemplateError as error:
        click.echo(
            f"{notifier.name}: its template failed, so the built-in message is used: {error}", err=True
        )
        made = messages.compose([notice], config.site, delivery)
    return replace(made, title=f"[Test] {made.title}")
