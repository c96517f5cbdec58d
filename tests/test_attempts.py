"""Wrong secrets are told to wait when there are too many of them; right ones never are."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from conftest import Clock, World, config, monitor
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from kener_py import store
from kener_py.model import MINUTE, SECOND, ApiKey, Server
from kener_py.service import attempts
from kener_py.service.attempts import Attempts, caller
from kener_py.web import create

SECRET, KEY, TOKEN = "secret-of-the-job-0123456789", "key-of-the-organisation-0123456789", "token-0123456789"
RIGHT, WRONG, NOBODY = f"/heartbeat/job:{SECRET}", "/heartbeat/job:wrong", "/heartbeat/nobody:wrong"
AT = 1_000 * MINUTE


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("x" * 1_000, "x" * 64),
    ],
)
def test_a_customer_of_ipv6_is_one_caller(address: str, counted: str) -> None:
    assert caller(address) == counted


def test_what_is_beyond_the_limit_waits_until_its_minute_is_over() -> None:
    found = Attempts()
    assert [found.add("192.0.2.7", AT + each * SECOND, 3) for each in range(5)] == [0, 0, 0, 57, 56]
    assert found.add("192.0.2.8", AT, 3) == 0
    assert found.add("192.0.2.7", AT + MINUTE - 1, 3) == 1
    assert found.add("192.0.2.7", AT + MINUTE, 3) == 0


def test_a_clock_that_was_set_back_makes_nobody_wait_longer() -> None:
    found = Attempts()
    assert [found.add("192.0.2.7", AT, 1) for _ in range(2)] == [0, 60]
    assert found.add("192.0.2.7", AT - 1, 1) == 0


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 20 * SECOND)), max_size=60), st.integers(1, 5))
def test_nobody_is_wrong_more_often_than_allowed_nor_waits_longer_than_a_minute(
    calls: list[tuple[int, int]], most: int
) -> None:
    found, at, told = Attempts(), AT, dict[int, list[int]]()
    for number, later in calls:
        at += later
        wait = found.add(f"192.0.2.{number}", at, most)
        assert 0 <= wait <= 60
        if not wait:
            told.setdefault(number, []).append(at)
    for times in told.values():
        for first, last in zip(times, times[2 * most :], strict=False):
            assert last - first > 0, "two minutes touch each other at most"


def test_memory_is_bounded_however_many_addresses_guess() -> None:
    found = Attempts()
    assert [found.add("192.0.2.7", AT, 1) for _ in range(2)] == [0, 60]
    for number in range(attempts.MOST + 100):
        found.add(f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::1", AT, 1)
        found.add("192.0.2.7", AT, 1)
    assert len(found) == attempts.MOST
    assert found.add("192.0.2.7", AT, 1) == 60, "who goes on is not forgotten"


@pytest.fixture
def world(db: store.Store) -> World:
    return World(
        db,
        Clock(),
        config(
            monitors=(monitor(secret=SECRET),),
            api_keys=(ApiKey("all", hashlib.sha256(KEY.encode()).hexdigest(), frozenset({"*"})),),
            server=Server(wrong_secrets_per_minute=3, trusted_proxies=("10.0.0.0/8",), metrics_token=TOKEN),
        ),
    )


def ask(world: World, path: str, address: str = "192.0.2.7", **headers: str) -> TestResponse:
    return (
        create(world.service)
        .test_client()
        .get(
            path,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
            environ_base={"REMOTE_ADDR": address},
        )
    )


def test_too_many_wrong_secrets_are_told_to_wait_and_right_ones_count(world: World) -> None:
    assert [ask(world, path).status_code for path in (WRONG, NOBODY, WRONG)] == [404] * 3
    for path in (WRONG, NOBODY):
        answer = ask(world, path)
        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == "60"
        assert answer.get_json() == {
            "error": "Too many wrong secrets from your address; wait, and use the right one"
        }
    assert ask(world, RIGHT).status_code == 200
    assert ask(world, "/api/heartbeat/job", X_API_Key=KEY).status_code == 200
    world.clock.now += MINUTE
    assert ask(world, WRONG).status_code == 404


def test_a_wrong_tag_and_a_wrong_secret_are_limited_alike(world: World) -> None:
    answers = [(ask(world, WRONG), ask(world, NOBODY, "192.0.2.8")) for _ in range(6)]
    assert [(one.status_code, one.data) for one, _ in answers] == [
        (other.status_code, other.data) for _, other in answers
    ]


@pytest.mark.parametrize(
    ("path", "name", "right", "wrong", "code"),
    [
        ("/api/heartbeat/job", "X_API_Key", KEY, "wrong", 401),
        ("/api/v1/heartbeat/job", "Authorization", f"Bearer {KEY}", "Bearer wrong", 401),
        ("/metrics", "Authorization", f"Bearer {TOKEN}", "Bearer wrong", 401),
    ],
)
def test_keys_and_the_token_of_metrics_are_limited_too(
    world: World, path: str, name: str, right: str, wrong: str, code: int
) -> None:
    found = [ask(world, path, **{name: wrong}) for _ in range(5)]
    assert [each.status_code for each in found] == [code] * 3 + [429] * 2
    assert found[-1].headers["Retry-After"]
    assert ask(world, path, **{name: right}).status_code == 200
    assert ask(world, path).status_code == 401, "who presents nothing guesses nothing"


def test_a_key_for_writing_is_limited_as_well(world: World) -> None:
    client = create(world.service).test_client()
    codes = [client.post("/api/v1/incidents", headers={"X-API-Key": "wrong"}).status_code for _ in range(5)]
    assert codes == [401] * 3 + [429] * 2


def test_all_kinds_of_wrong_secrets_are_one_count(world: World) -> None:
    codes = [
        ask(world, WRONG).status_code,
        ask(world, "/api/heartbeat/job", X_API_Key="wrong").status_code,
        ask(world, "/metrics", Authorization="Bearer wrong").status_code,
        ask(world, NOBODY).status_code,
    ]
    assert codes == [404, 401, 401, 429]


def test_behind_a_trusted_proxy_each_caller_has_a_count_and_nobody_else_can_choose_one(world: World) -> None:
    for number in range(4):
        answer = ask(world, WRONG, "10.0.0.1", X_Forwarded_For=f"6.6.6.{number}, 192.0.2.9")
    assert answer.status_code == 429
    assert ask(world, WRONG, "10.0.0.1", X_Forwarded_For="192.0.2.10").status_code == 404
    for number in range(4):
        answer = ask(world, WRONG, "192.0.2.11", X_Forwarded_For=f"6.6.7.{number}")
    assert answer.status_code == 429, "its header is not believed"


def test_the_limit_can_be_switched_off(world: World) -> None:
    world.service.reload(
        replace(world.service.config, server=replace(world.service.config.server, wrong_secrets_per_minute=0))
    )
    assert {ask(world, WRONG).status_code for _ in range(200)} == {404}


def test_the_operator_sees_how_many_were_told_to_wait(world: World) -> None:
    for _ in range(5):
        ask(world, WRONG)
    told = ask(world, "/metrics", Authorization=f"Bearer {TOKEN}").text
    assert "kener_wrong_secrets_limited_total 2.0" in told
    world.service.mark_alive(world.clock.now + MINUTE)
    found = {each.reason: each.count for each in store.rejections(world.db.read())}
    assert found == {"wrong secret": 5}
