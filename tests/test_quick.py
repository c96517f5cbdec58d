"""Nouns that are made quickly are what frozen dataclasses are."""

import copy
import pickle
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, dataclass, field, fields
from typing import Any

import pytest

from kener_py.model import Limits, State, quick


@dataclass(frozen=True, slots=True)
class Slow:
    name: str
    count: int = 3
    names: Mapping[str, int] = field(default_factory=dict)


@quick
@dataclass(frozen=True, slots=True)
class Quick:
    name: str
    count: int = 3
    names: Mapping[str, int] = field(default_factory=dict)


def values(noun: Any) -> dict[str, object]:
    return {each.name: getattr(noun, each.name) for each in fields(noun)}


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (("a",), {}),
        (("a", 4), {}),
        (("a", 4, {"b": 1}), {}),
        ((), {"name": "a"}),
        (("a",), {"names": {"b": 1}}),
    ],
)
def test_fields_are_filled_as_in_any_dataclass(given: tuple[Any, ...], named: dict[str, Any]) -> None:
    slow, fast = Slow(*given, **named), Quick(*given, **named)
    assert values(fast) == values(slow)
    assert repr(fast) == repr(slow).replace("Slow", "Quick")
    assert type(fast) is Quick
    assert fast == Quick(*given, **named)
    assert fast != Quick("another")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ((), {}),
        ((), {"count": 1}),
        (("a", 1, {}, 4), {}),
        (("a",), {"name": "b"}),
        (("a",), {"colour": "b"}),
    ],
)
def test_wrong_fields_are_refused_by_the_same_error(given: tuple[Any, ...], named: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        Slow(*given, **named)
    with pytest.raises(TypeError):
        Quick(*given, **named)


def test_each_has_a_default_of_its_own() -> None:
    assert Quick("a").names is not Quick("b").names


def test_nothing_of_it_can_be_changed() -> None:
    noun: Any = Quick("a")
    with pytest.raises(FrozenInstanceError):
        noun.name = "b"
    with pytest.raises(FrozenInstanceError):
        del noun.name
    with pytest.raises((AttributeError, TypeError)):
        noun.colour = "b"
    assert noun.name == "a"


def test_copies_are_equal() -> None:
    noun = Quick("a", 4, {"b": 1})
    assert copy.copy(noun) == copy.deepcopy(noun) == pickle.loads(pickle.dumps(noun)) == noun
    assert type(copy.copy(noun)) is Quick


def test_it_can_be_a_key() -> None:
    state = State("a", Limits(1, 2))
    assert {state: "found"}[State("a", Limits(1, 2))] == "found"
    assert hash(state) != hash(State("b", Limits(1, 2)))
