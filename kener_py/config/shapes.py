"""What all sections share: strictness, other spellings, and the lists and words that stand in them."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from kener_py.config.addresses import (
    EMBEDDER_SHAPE,
    NOTIFIER_SHAPE,
    WEBHOOK_SECRET_SHAPE,
    Embedder,
    network,
    notifier_url,
    webhook_secret,
)
from kener_py.config.fields import (
    FILLED,
    FlagOrMany,
    Leaf,
    Many,
    Text,
    choice,
    only,
    or_reference,
    words_shape,
)
from kener_py.model import LANGUAGES, Severity, Status, WebhookShape


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    spellings: ClassVar[dict[str, str]] = {}
    without_effect: ClassVar[dict[str, str]] = {}
    together: ClassVar[dict[str, Any]] = {}  # what the schema says of fields beside each other

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the fields' names as they stand in the file, the main spelling of each."""
        return tuple(field.alias or name for name, field in cls.model_fields.items())

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        shape = handler(core)
        section = handler.resolve_ref_schema(shape)
        properties = section["properties"]
        for other, main in cls.spellings.items():
            if main in properties:
                same = {"description": f"The same as `{main}`.", "doNotSuggest": True}
                properties[other] = properties[main] | same
        for name, message in cls.without_effect.items():
            properties[name] = {
                "title": name,
                "description": f"This {message}.",
                "deprecationMessage": message,
            }
        section |= cls.together
        return shape


def shown_default(text: Any) -> dict[str, Any]:
    """Return the default as one writes it, for a field whose value inside is another."""
    return {"default": text}


Names = Annotated[list[Text], Many("a name", FILLED)]
NamesOrNone = Annotated[list[Text], Many("a name", FILLED, may_be_empty=True)]
Embedders = Annotated[
    list[Embedder], FlagOrMany("an origin", or_reference(EMBEDDER_SHAPE), may_be_empty=True)
]
Network = Annotated[str, Leaf(network, FILLED)]
Networks = Annotated[list[Network], Many("an IP address or a network", FILLED, may_be_empty=True)]
NotifierUrl = Annotated[str, Leaf(notifier_url, NOTIFIER_SHAPE, is_text=True)]
NotifierUrls = Annotated[list[NotifierUrl], Many("an Apprise URL", NOTIFIER_SHAPE)]

FORMATS = {word: word for word in ("plain", "json")}
LEVELS = {word: word for word in ("debug", "info", "warning", "error")}
LogFormat = Annotated[
    str, Leaf(partial(choice, words=FORMATS, wanted="plain or json"), words_shape(*FORMATS))
]
LogLevel = Annotated[
    str, Leaf(partial(choice, words=LEVELS, wanted="debug, info, warning or error"), words_shape(*LEVELS))
]
WEBHOOK_FORMATS = {str(word): word for word in WebhookShape}
WebhookFormat = Annotated[
    WebhookShape,
    Leaf(
        partial(choice, words=WEBHOOK_FORMATS, wanted="standard or statuspage"), words_shape(*WEBHOOK_FORMATS)
    ),
]
WebhookSecret = Annotated[str, Leaf(webhook_secret, WEBHOOK_SECRET_SHAPE, is_text=True)]
WebhookSecrets = Annotated[list[WebhookSecret], Many("a secret", WEBHOOK_SECRET_SHAPE)]
STATUSES = {"down": Status.DOWN, "degraded": Status.DEGRADED}
RuleStatus = Annotated[
    Status, Leaf(partial(choice, words=STATUSES, wanted="DOWN or DEGRADED"), words_shape("DOWN", "DEGRADED"))
]
SEVERITIES = {str(word): word for word in Severity} | {"warning": Severity.MINOR}
SeverityWord = Annotated[
    Severity,
    Leaf(
        partial(choice, words=SEVERITIES, wanted="minor, major or critical"),
        words_shape(*Severity, also=("warning",)),
    ),
]
SCOPES = {word: word for word in ("heartbeat:write", "incidents:write", "*")}
SCOPE_SHAPE = words_shape(*SCOPES)
Scope = Annotated[
    str, Leaf(partial(choice, words=SCOPES, wanted="heartbeat:write, incidents:write or *"), SCOPE_SHAPE)
]
Scopes = Annotated[list[Scope], Many("a scope", or_reference(SCOPE_SHAPE))]


def one_word(word: str, otherwise: str) -> Leaf:
    return Leaf(partial(only, word=word, otherwise=otherwise), words_shape(word))


SPOKEN = {word: word for word in LANGUAGES}
Language = Annotated[
    str,
    Leaf(
        partial(choice, words=SPOKEN, wanted=f"{', '.join(LANGUAGES[:-1])} or {LANGUAGES[-1]}"),
        words_shape(*LANGUAGES),
    ),
]


Heartbeat = Annotated[
    str, one_word("HEARTBEAT", "kener-py watches heartbeats only; this should be HEARTBEAT, or not be here")
]
Active = Annotated[
    str,
    one_word(
        "ACTIVE",
        "a monitor that is not active does not belong here; remove it (its history is kept for its tag)",
    ),
]
ByStatus = Annotated[str, one_word("STATUS", "kener-py has rules for a status only; this should be STATUS")]
DEFAULT_STATUSES = {word.casefold(): word for word in ("NO_DATA", "UP", "DEGRADED", "DOWN", "MAINTENANCE")}
DefaultStatus = Annotated[
    str,
    Leaf(
        partial(choice, words=DEFAULT_STATUSES, wanted="NO_DATA"),
        words_shape("NO_DATA", also=tuple(DEFAULT_STATUSES)),
    ),
]
