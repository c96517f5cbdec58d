"""The short path of heartbeats and Flask's own way to them: one rule, whatever is called."""

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import served
from conftest import Clock, World, config, monitor, tries
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import Client, TestResponse

from kener_py import store, web
from kener_py.model import ApiKey, Config, Server, replace
from kener_py.web import create, short
from kener_py.web.heartbeat import METHODS
from kener_py.web.short import RULES

SECRET = "s3cret-of-job/with:odd%characters"
CALL = "job:s3cret-of-job/with:odd%25characters"
KEY = "key-of-the-organisation-0123456789"
CONFIG = config(
    monitors=(monitor(secret=SECRET), monitor("other", secret="another-secret-9876543210"), monitor("bare")),
    api_keys=(
        ApiKey("all", hashlib.sha256(KEY.encode()).hexdigest(), frozenset({"heartbeat:write"})),
        ApiKey("none", hashlib.sha256(b"reader").hexdigest(), frozenset({"incidents:write"})),
    ),
)
WAYS = ["/heartbeat/", "/ext/heartbeat/", "/api/heartbeat/", "/api/v1/heartbeat/"]


class Pair:
    """The same site twice: one as it is served, one by Flask alone."""

    def __init__(self, folder: Path) -> None:
        self.stores = [store.Store(folder / f"{name}.db") for name in ("short", "flask")]
        self.clock = Clock()
        self.worlds = [World(each, self.clock, CONFIG) for each in self.stores]
        self.site = web.serving(self.worlds[0].service)
        whole = create(self.worlds[1].service).test_client()
        whole.environ_base = {"REMOTE_ADDR": "127.0.0.1"}  # no name of its own
        self.clients: list[Client] = [served.client(self.site), whole]

    def call(self, *args, **kwargs) -> TestResponse:
        """What the short path answers, which is what Flask answers."""
        self.clock.now += 1_234
        short, whole = (client.open(*args, **kwargs) for client in self.clients)
        assert (short.status_code, short.data) == (whole.status_code, whole.data)
        assert sorted(short.headers) == sorted(whole.headers)
        return short

    def kept(self) -> tuple[object, ...]:
        """What is in the database, which is the same in both."""
        found = []
        for world in self.worlds:
            world.service.mark_alive(self.clock.now + 3_600_000)
            db = world.db.read()
            beats = [store.beats(db, tag, 1_000) for tag in CONFIG.monitors]
            rejected = {(each.monitor, each.reason, each.count) for each in store.rejections(db)}
            found.append((beats, store.states(db), rejected))
        assert found[0] == found[1]
        return found[0]

    def close(self) -> None:
        self.site.close()
        for each in self.stores:
            each.close()


@pytest.fixture
def pair(folder):
    opened = Pair(folder)
    yield opened
    opened.close()


CALLS = [
    (CALL, {}, 200),
    ("job/s3cret-of-job/with:odd%25characters", {}, 200),
    ("job%3As3cret-of-job/with:odd%25characters", {}, 200),
    ("job:s3cret-of-job/with:odd%25characters/", {}, 200),
    ("/job:s3cret-of-job/with:odd%25characters", {}, 200),
    ("job:wrong", {}, 404),
    ("nobody:wrong", {}, 404),
    (CALL + "?status=down&message=f%C3%BCll", {}, 200),
    (CALL + "?status=broken", {}, 400),
    (CALL + "?status=up&status=broken", {}, 200),
    (CALL, {"headers": {"Purpose": "prefetch"}}, 403),
    (CALL, {"headers": {"User-Agent": "x" * 5_000}}, 200),
    (CALL, {"headers": {"Accept": "application/problem+json"}}, 200),
    ("job:wrong", {"headers": {"Accept": "application/problem+json"}}, 404),
]
BODIES = [
    {"json": {"status": "degraded", "message": "slow", "metrics": {"n": 1}}},
    {"data": b"just text"},
    {"data": b"\xff\xfe\x00broken"},
    {"data": b'{"status": "nonsense"}'},
    {"data": {"status": "down", "message": "a form"}},
]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "HEAD"])
@pytest.mark.parametrize("way", WAYS)
def test_both_ways_answer_alike_and_keep_the_same(pair, way, method):
    for call, more, code in CALLS * 2:  # what was understood once is not read again
        assert pair.call(way + call, method=method, **more).status_code == code
    for body in BODIES:
        pair.call(f"{way}{CALL}", method=method, **body)
    beats, _, rejected = pair.kept()
    assert len(beats[0]) > 5
    assert ("job", "wrong secret", 4) in rejected


@pytest.mark.parametrize("way", WAYS[2:])
def test_both_ways_know_the_same_keys(pair, way):
    for headers, code in [
        ({}, 401),
        ({"X-API-Key": KEY}, 200),
        ({"Authorization": f"Bearer {KEY}"}, 200),
        ({"Authorization": f"Basic {KEY}"}, 401),
        ({"X-API-Key": "wrong"}, 401),
        ({"X-API-Key": "reader"}, 403),
    ]:
        for tag in ("job", "bare"):
            assert pair.call(way + tag, method="POST", headers=headers).status_code == code
    assert pair.call(f"{way}nobody", headers={"X-API-Key": KEY}).status_code == 404
    pair.kept()


@pytest.mark.parametrize("method", ["OPTIONS", "DELETE", "PATCH", "PROPFIND", "TRACE", "X" * 100])
@pytest.mark.parametrize("way", WAYS)
def test_what_the_short_path_does_not_understand_goes_on_to_flask(pair, way, method):
    answer = pair.call(f"{way}{CALL}", method=method)
    assert answer.status_code in (204, 405)
    assert pair.kept()[0][0] == ()


def test_the_short_path_knows_every_address_of_a_heartbeat():
    routed = {rule.removesuffix("<rest:call>") for methods, rule, _ in web.ROUTES if methods is METHODS}
    assert routed == {prefix for prefix, _ in RULES} == set(WAYS)


@pytest.mark.parametrize("way", WAYS)
def test_below_a_prefix_the_short_path_is_the_same(pair, way):
    call = f"{way}{CALL}"
    assert pair.call(call, environ_overrides={"SCRIPT_NAME": "/status"}).status_code == 200


def test_behind_a_proxy_both_ways_see_the_same_caller(pair):
    for sent in ("10.1.2.3", "10.1.2.3, 10.9.9.9", "nonsense", "1.1.1.1," * 2_000):
        pair.call(f"/heartbeat/{CALL}", headers={"X-Forwarded-For": sent})
    assert {beat.address for beat in pair.kept()[0][0]} == {"127.0.0.1"}


def test_a_call_is_understood_by_the_configuration_of_now(pair):
    proxied = {"headers": {"X-Forwarded-For": "10.1.2.3"}}
    calls = [f"/heartbeat/{CALL}", "/heartbeat/other:another-secret-9876543210"]

    def told(given: Config) -> list[int]:
        for world in pair.worlds:
            world.service.reload(given)
        return [pair.call(call, **proxied).status_code for call in calls * 2]

    assert told(CONFIG) == [200] * 4
    assert told(replace(CONFIG, server=Server(trusted_proxies=("127.0.0.0/8",)))) == [200] * 4
    assert [beat.address for beat in pair.kept()[0][0]] == ["10.1.2.3"] * 2 + ["127.0.0.1"] * 2
    assert told(config(monitors=(monitor(secret="from now on another one"),))) == [404] * 4
    assert told(CONFIG) == [200] * 4
    pair.kept()


def test_what_a_call_says_is_read_once(pair, monkeypatch):
    pair.call(f"/heartbeat/{CALL}")
    monkeypatch.setattr(short, "environ_of", None)
    assert pair.clients[0].get(f"/heartbeat/{CALL}").status_code == 200


def test_what_was_understood_takes_little_room(pair, monkeypatch):
    monkeypatch.setattr(short, "_MOST_KNOWN", 20)
    path = pair.site._heartbeats
    for number in range(50):
        for call in (CALL, "other:another-secret-9876543210"):
            assert pair.call(f"/heartbeat/{call}", headers={"User-Agent": f"{number}"}).status_code == 200
            assert 0 < sum(map(len, path._known.values())) == path._number <= 20
    before = path._number
    pair.call(f"/heartbeat/{CALL}", headers={"User-Agent": "x" * short._LONGEST})
    another = {"User-Agent": "another"}
    pair.call(f"/heartbeat/{CALL}", headers=another, query_string={"message": "one of many"})
    pair.call(f"/heartbeat/{CALL}", headers=another, data=b"one of many", method="POST")
    pair.call("/heartbeat/job:wrong", headers=another)
    pair.call("/api/heartbeat/job", headers={"X-API-Key": KEY})  # which may have expired the next time
    assert path._number == before


def test_both_ways_tell_wrong_secrets_to_wait(pair):
    pair.clock.now -= 1_234 * 80  # all within a minute of the first
    codes = []
    for _ in range(80):
        pair.clock.now -= 1_000
        codes.append(pair.call("/heartbeat/job:wrong").status_code)
    assert codes == [404] * 60 + [429] * 20
    assert pair.call(f"/heartbeat/{CALL}").status_code == 200
    pair.kept()


def test_trouble_of_ours_is_told_alike(pair, monkeypatch):
    call = f"/heartbeat/{CALL}"

    def refuse(*_) -> None:
        raise store.Unavailable("database or disk is full")

    def fail(*_) -> None:
        raise RuntimeError("the inside of the server")

    for trouble, code in ((refuse, 503), (fail, 500)):

        async def later(*_: object, trouble=trouble) -> None:
            trouble()

        for each in pair.stores:
            monkeypatch.setattr(each, "put", trouble)
            monkeypatch.setattr(each, "put_async", later)
        answer = pair.call(call)
        assert answer.status_code == code
        assert ("Retry-After" in answer.headers) == (code == 503)
        assert "inside of the server" not in answer.text
    monkeypatch.undo()
    assert pair.kept()[0][0] == ()


@settings(max_examples=tries(60), deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["GET", "POST", "PUT", "HEAD"]),
            st.sampled_from(WAYS),
            st.sampled_from([CALL, "job", "other:another-secret-9876543210"])
            | st.text(max_size=20).map(lambda text: f"job:{text}".replace("?", "").replace("#", "")),
            st.sampled_from(["", "status=down", "message=%ED%A0%80", "status=", "metrics={}", "a[]=1", "%"])
            | st.text(alphabet="status=upmage&%;+\x7f", max_size=30),
            st.binary(max_size=60) | st.just(b'{"status":"DOWN"}'),
        ),
        max_size=6,
    )
)
def test_whatever_is_called_both_ways_agree(calls):
    with TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as name:
        pair = Pair(Path(name))
        try:
            for method, way, call, query, body in calls * 2:
                pair.call(way + call, method=method, query_string=query, data=body)
            pair.kept()
        finally:
            pair.close()
