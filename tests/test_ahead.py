"""What stands in front of Flask: what came over the wire, and callers that are slow or odd."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from conftest import Clock, World, config, monitor
from served import Call, Scope

from kener_py import store
from kener_py.model import Site, Status
from kener_py.running import at_most, running_loop
from kener_py.web import body, create, serving
from kener_py.web.ahead import Ahead
from kener_py.web.kept import Keeper
from kener_py.web.wsgi import environ_of

SECRET = "a-secret-of-this-job-4711"


def scope(
    method: str = "GET", path: str = "/", pairs: tuple[tuple[str, str], ...] = (), **more: str
) -> Scope:
    return Scope(
        method, path, more.pop("query", ""), list(pairs), more.pop("client", "127.0.0.1:4711"), **more
    )


class Slow(Call):
    """A caller who sends some of it and then nothing more."""

    async def _each(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            yield chunk
        await asyncio.Event().wait()


class HungUp(Call):
    async def _each(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            yield chunk
        raise RuntimeError("the transport is closed")


@pytest.fixture
def made(db):
    return World(db, Clock(), config(monitors=(monitor(secret=SECRET),)))


@pytest.fixture
def site(made):
    site = serving(made.service)
    yield site
    site.close()


def ask(site: Ahead, asked: Scope, call: Call) -> tuple[int, dict[str, str], bytes]:
    asyncio.run(site.serve(asked, call, ""))
    ((code, headers, answer),) = call.answers
    return code, dict(headers), answer


def test_a_header_with_an_underscore_cannot_pass_for_another_one():
    environ = environ_of(scope(pairs=(("x-forwarded-for", "10.0.0.1"), ("x_forwarded_for", "6.6.6.6"))), "")
    assert environ["HTTP_X_FORWARDED_FOR"] == "10.0.0.1"
    environ = environ_of(scope(pairs=(("x_api_key", "stolen"), ("content_length", "5"))), "")
    assert not {"HTTP_X_API_KEY", "CONTENT_LENGTH", "HTTP_CONTENT_LENGTH"} & environ.keys()


def test_a_header_that_is_sent_twice_is_one_list():
    pairs = (
        ("x-forwarded-for", "1.1.1.1"),
        ("cookie", "a=1"),
        ("x-forwarded-for", "2.2.2.2"),
        ("cookie", "b=2"),
    )
    environ = environ_of(scope(pairs=pairs), "")
    assert environ["HTTP_X_FORWARDED_FOR"] == "1.1.1.1,2.2.2.2"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"


@pytest.mark.parametrize(
    ("client", "address"), [("10.1.2.3:80", "10.1.2.3"), ("[::1]:4711", "::1"), ("", "")]
)
def test_the_callers_address_is_without_its_port(client, address):
    assert environ_of(scope(client=client), "")["REMOTE_ADDR"] == address


def test_a_path_is_handed_on_as_bytes_and_without_its_prefix():
    environ = environ_of(scope(path="/status/monitors/ü"), "/status")
    assert environ["SCRIPT_NAME"] == "/status"
    assert environ["PATH_INFO"].encode("latin-1").decode() == "/monitors/ü"


@pytest.mark.parametrize("kind", [Slow, HungUp])
def test_a_heartbeat_whose_body_does_not_end_counts_with_what_came(made, site, monkeypatch, kind):
    monkeypatch.setattr(body, "PATIENCE", 0.05)
    asked = scope("POST", f"/heartbeat/job:{SECRET}", (("content-length", "100"),))
    code, _, answer = ask(site, asked, kind([b"half of ", b"a message"]))
    assert code == 200
    assert b"ended early" in answer
    assert store.beats(made.db.read(), "job", 9)[0].message == "half of a message"


def test_a_chunked_body_that_does_not_end_counts_too(made, site, monkeypatch):
    monkeypatch.setattr(body, "PATIENCE", 0.05)
    asked = scope("POST", f"/heartbeat/job:{SECRET}", (("transfer-encoding", "chunked"),))
    code, _, answer = ask(site, asked, Slow([b'{"status": "down"}']))
    assert (code, b"ended early" in answer) == (200, True)
    assert store.beats(made.db.read(), "job", 9)[0].status is Status.DOWN


def test_who_does_not_end_the_body_of_anything_else_is_told_so(site, monkeypatch):
    monkeypatch.setattr(body, "PATIENCE", 0.05)
    asked = scope("POST", "/api/v1/incidents", (("content-length", "100"),))
    code, _, _ = ask(site, asked, Slow([b"{"]))
    assert code in (400, 401)


def test_a_heartbeat_is_heard_while_all_threads_are_busy(made):
    """An application that answers when it is let, in the only thread there is."""
    started, go = asyncio.Event(), asyncio.Event()

    async def run() -> tuple[Call, Call]:
        loop = asyncio.get_running_loop()

        def stuck(environ, start):
            loop.call_soon_threadsafe(started.set)
            asyncio.run_coroutine_threadsafe(go.wait(), loop).result(10)
            start("200 OK", [])
            return [b"late"]

        site = Ahead(made.service, Keeper(made.service), stuck, 1)
        page, beat = Call([]), Call([])
        waiting = asyncio.ensure_future(site.serve(scope(), page, ""))
        await started.wait()
        await site.serve(scope(path=f"/heartbeat/job:{SECRET}"), beat, "")
        assert page.answers == []
        go.set()
        await waiting
        site.close()
        return page, beat

    page, beat = asyncio.run(run())
    assert beat.answers[0][0] == 200
    assert page.answers[0][2] == b"late"


def test_an_application_that_fails_is_answered_for_and_logged(made, caplog):
    def broken(environ, start):
        raise RuntimeError("the inside")

    site = Ahead(made.service, Keeper(made.service), broken, 1)
    with caplog.at_level(logging.ERROR):
        code, _, answer = ask(site, scope(), Call([]))
    assert code == 500
    assert b"inside" not in answer
    assert "the inside" in caplog.text
    site.close()


def test_the_loop_is_told_when_the_database_does_not_answer_in_time(made, site, monkeypatch):
    writer = made.db._writer
    monkeypatch.setattr(made.db, "put_async", lambda beat: writer.put_async(beat, 0.05))
    begun, release = asyncio.Event(), asyncio.Event()

    async def run() -> Call:
        loop, call = asyncio.get_running_loop(), Call([])

        def block(_db) -> None:
            loop.call_soon_threadsafe(begun.set)
            asyncio.run_coroutine_threadsafe(release.wait(), loop).result(10)

        blocking = loop.run_in_executor(None, made.db.write, block)
        await begun.wait()
        await site.serve(scope(path=f"/heartbeat/job:{SECRET}"), call, "")
        release.set()
        await blocking
        return call

    before = made.db.failures
    ((code, headers, _),) = asyncio.run(run()).answers
    assert code == 503
    assert dict(headers)["Retry-After"]
    assert made.db.failures == before + 1
    made.db.write(lambda _: None)  # whatever waited behind is done with
    assert store.beats(made.db.read(), "job", 9) == ()


def test_flask_alone_answers_the_same_page(made, site):
    _, _, answer = ask(site, scope(pairs=(("accept", "text/html"),)), Call([]))
    whole = create(made.service).test_client().get("/", headers={"Accept": "text/html"})
    assert answer == whole.data


@pytest.mark.parametrize("prefix", ["", "/status"])
def test_below_the_path_of_the_sites_url_all_of_it_is_the_same(db, prefix):
    """A proxy may take the prefix off or leave it."""
    given = config(monitors=(monitor(secret=SECRET),), site=Site(url="https://acme.example/status"))
    made = World(db, Clock(), given)
    site = serving(made.service)
    code, _, _ = ask(site, scope(path=f"{prefix}/heartbeat/job:{SECRET}"), Call([]))
    assert code == 200
    assert len(store.beats(made.db.read(), "job", 9)) == 1
    pages = [
        ask(site, scope(path=f"{prefix}/", pairs=(("accept", "text/html"),)), Call([])) for _ in range(2)
    ]
    assert pages[0][2] == pages[1][2]
    assert b'href="/status/history"' in pages[0][2]
    site.close()


def test_what_takes_too_long_is_ended_and_nothing_else():
    async def wait(seconds: float) -> str:
        try:
            with at_most(seconds):
                await asyncio.Event().wait()
        except TimeoutError:
            return "late"
        return "in time"

    async def both() -> tuple[str, bool]:
        late = await wait(0.01)
        ended = asyncio.ensure_future(wait(60))
        await asyncio.sleep(0)
        ended.cancel()
        await asyncio.wait([ended])
        with at_most(60):
            pass
        return late, ended.cancelled()

    assert asyncio.run(both()) == ("late", True)


def test_the_running_loop_is_the_one_that_runs():
    async def found() -> bool:
        return running_loop() is asyncio.get_running_loop()

    assert asyncio.run(found())
    assert asyncio.run(found())  # another one, in the same thread
    with pytest.raises(RuntimeError):
        running_loop()
