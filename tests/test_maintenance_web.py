"""Maintenance windows over HTTP and on the command line: what is shown, who may write, what is refused."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from conftest import Clock, T, config, monitor
from conftest import World as Minutes
from flask.testing import FlaskClient

from kener_py import store, web
from kener_py.cli import main
from kener_py.model import DAY, HOUR, MINUTE, ApiKey, Maintenance, MaintenancePlan, Site

WRITER, FEW, BEATS = "key-that-writes-0123456789", "key-for-one-monitor-01234567", "key-for-heartbeats-012345"
AUTH = {"X-API-Key": WRITER}
URL = "/api/v1/maintenances"
BODY = {"title": "Upgrade", "start": "2026-01-01T00:00:00Z", "end": "2026-01-01T02:00:00+01:00"}


def key(secret: str, scope: str, **of: Any) -> ApiKey:
    return ApiKey(secret[:8], hashlib.sha256(secret.encode()).hexdigest(), frozenset({scope}), **of)


class World(Minutes):
    def __init__(self, db: store.Store, clock: Clock) -> None:
        keys = (
            key(WRITER, "incidents:write"),
            key(FEW, "*", monitors=frozenset({"job"})),
            key(BEATS, "heartbeat:write"),
        )
        tags = (monitor("job"), monitor("mail"), monitor("secret", is_hidden=True))
        super().__init__(db, clock, config(tags, site=Site(timezone="Europe/Berlin"), api_keys=keys))
        self.client: FlaskClient = web.create(self.service).test_client()

    def add(self, title: str = "Upgrade", start: int = T, end: int = T + HOUR, **of: Any) -> str:
        made: Maintenance = self.service.add_maintenance(title, start, end, **of)
        return str(made.id)

    def page(self, path: str) -> str:
        return self.client.get(path).get_data(as_text=True)


@pytest.fixture
def world(db: store.Store, clock: Clock) -> World:
    return World(db, clock)


# ---- pages -----------------------------------------------------------------------------------


def test_the_front_page_says_nothing_of_maintenance_when_there_is_none(world: World) -> None:
    assert 'id="maintenance">Maintenance<' not in world.page("/")


def test_the_front_page_has_what_runs_and_what_comes(world: World) -> None:
    world.beat()
    world.look()
    world.add("Disk swap", monitors=["job"], description="With **care**.")
    world.add("Move", T + DAY, T + 2 * DAY)
    text = world.page("/")
    assert "Scheduled maintenance in progress" in text
    assert text.index("Disk swap") < text.index("Move")
    assert "<strong>care</strong>" in text
    assert "In progress since" in text
    assert "1 Jan 2026, 02:00 CET" in text


def test_a_schedule_takes_one_line_of_the_front_page(world: World) -> None:
    plan = MaintenancePlan("Restart", frozenset({"job"}), schedule="0 3 * * *", duration=HOUR)
    given = world.service.config
    world.service.reload(config(tuple(given.monitors.values()), maintenances=(plan,)))
    assert world.page("/").count("Restart") == 1
    assert world.page("/monitors/job").count("Restart") == 1


def test_the_page_of_a_window_has_all_of_it(world: World) -> None:
    number = world.add("Disk swap", description="*soon*", start=T, end=T + 2 * HOUR)
    text = world.page(f"/maintenances/{number}")
    assert "<h1><bdi>Disk swap</bdi></h1>" in text
    for words in ("In progress", "1 Jan 2026, 01:00 CET", "2 h", "<em>soon</em>", "Job", "Mail"):
        assert words in text
    assert "Secret" not in text
    world.service.cancel_maintenance(int(number))
    assert "Cancelled" in world.page(f"/maintenances/{number}")
    assert "Disk swap" in world.page("/monitors/job")


def test_words_of_a_window_cannot_become_markup(world: World) -> None:
    number = world.add("<script>x</script>", description="<img src=x onerror=y>[a](javascript:x)")
    for path in ("/", f"/maintenances/{number}", "/monitors/job"):
        text = world.page(path)
        assert "<script>x" not in text
        assert "<img src=x" not in text
        assert 'href="javascript' not in text


@pytest.mark.parametrize("place", ["/maintenances/", f"{URL}/"])
def test_a_window_about_hidden_monitors_is_like_one_that_never_was(world: World, place: str) -> None:
    hidden = world.add(monitors=["secret"])
    shown, never = world.client.get(f"{place}{hidden}"), world.client.get(f"{place}9")
    assert (shown.status_code, shown.data, shown.headers) == (404, never.data, never.headers)
    for odd in ("0", "01", "+1", "x", "9" * 30):
        assert world.client.get(f"{place}{odd}").data == never.data


# ---- JSON ------------------------------------------------------------------------------------


def test_programs_read_what_the_page_shows(world: World) -> None:
    number = world.add(description="d")
    world.add(monitors=["secret"])
    answer = world.client.get(URL)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    expected = {
        "id": number,
        "title": "Upgrade",
        "description": "d",
        "state": "ONGOING",
        "start": "2026-01-01T00:00:00.000Z",
        "end": "2026-01-01T01:00:00.000Z",
        "cancelled": None,
        "monitors": ["job", "mail"],
    }
    assert answer.get_json() == [expected]
    assert world.client.get(f"{URL}/{number}").get_json() == expected


def test_a_key_makes_changes_and_cancels_a_window(world: World) -> None:
    made = world.client.post(URL, json=BODY, headers=AUTH)
    assert made.status_code == 201
    place = made.headers["Location"]
    assert place == f"{URL}/{made.get_json()['id']}"
    assert made.get_json()["monitors"] == ["job", "mail", "secret"]
    changed = world.client.patch(place, json={"title": "New", "monitors": ["job"]}, headers=AUTH)
    assert (changed.status_code, changed.get_json()["title"]) == (200, "New")
    assert changed.get_json()["monitors"] == ["job"]
    world.clock.now += MINUTE
    for _ in range(2):
        gone = world.client.delete(place, headers=AUTH)
        assert (gone.status_code, gone.get_json()["state"]) == (200, "CANCELLED")
    assert gone.get_json()["cancelled"] == "2026-01-01T00:01:00.000Z"
    late = world.client.patch(place, json={"title": "Newer"}, headers=AUTH)
    assert (late.status_code, late.get_json()) == (409, {"error": "this window is over"})


@pytest.mark.parametrize(
    ("headers", "code", "text"),
    [
        ({}, 401, "Send an API key: 'X-API-Key: …' or 'Authorization: Bearer …'"),
        ({"X-API-Key": "nonsense"}, 401, "Unknown API key"),
        ({"Authorization": f"Bearer {BEATS}"}, 403, "Insufficient scope: incidents:write required"),
    ],
)
def test_nobody_writes_without_a_key_that_may(
    world: World, headers: dict[str, str], code: int, text: str
) -> None:
    number = world.add()
    for method, path in (("POST", URL), ("PATCH", f"{URL}/{number}"), ("DELETE", f"{URL}/{number}")):
        answer = world.client.open(path, method=method, json=BODY, headers=headers)
        assert (answer.status_code, answer.get_json()) == (code, {"error": text})
    assert len(world.service.maintenances()) == 1


def test_a_key_for_some_monitors_writes_windows_about_them_only(world: World) -> None:
    few = {"Authorization": f"Bearer {FEW}"}
    made = world.client.post(URL, json=BODY, headers=few)
    assert (made.status_code, made.get_json()["monitors"]) == (201, ["job"])
    wide = world.client.post(URL, json=BODY | {"monitors": ["job", "mail"]}, headers=few)
    assert wide.status_code == 403
    place = made.headers["Location"]
    assert world.client.patch(place, json={"monitors": ["mail"]}, headers=few).status_code == 403
    assert world.client.delete(f"{URL}/{world.add()}", headers=few).status_code == 403


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        ("{", 400, "The body is not valid JSON"),
        ("[]", 400, "The body should be a JSON object"),
        (json.dumps(BODY | {"titel": 1}), 400, "titel: unknown field"),
        (json.dumps(BODY | {"title": 1}), 400, "title: should be a text"),
        (json.dumps(BODY | {"monitors": "job"}), 400, "monitors: should be a list of tags"),
        (json.dumps(BODY | {"start": "2026-01-01T00:00:00"}), 400, "start: should be a time such as"),
        (json.dumps(BODY | {"end": "tomorrow"}), 400, "end: should be a time such as"),
        (json.dumps({"title": "x", "start": BODY["start"]}), 400, "end: is missing"),
        (json.dumps(BODY | {"end": BODY["start"]}), 422, "end: should be later than the start"),
        (json.dumps(BODY | {"monitors": ["gone"]}), 422, "monitors: there is no monitor 'gone'"),
        (json.dumps(BODY | {"title": "\ud800"}), 422, "title: should be valid Unicode"),
    ],
)
def test_a_wrong_body_is_refused_by_its_field(world: World, body: str, code: int, text: str) -> None:
    answer = world.client.post(URL, data=body, headers=AUTH)
    assert answer.status_code == code
    assert answer.get_json()["error"].startswith(text)
    assert world.service.maintenances() == ()


def test_a_body_without_end_is_not_read(world: World) -> None:
    assert world.client.post(URL, data="x" * 2_000_000, headers=AUTH).status_code == 413


def test_what_is_not_there_cannot_be_written(world: World) -> None:
    for method in ("PATCH", "DELETE"):
        answer = world.client.open(f"{URL}/7", method=method, json={}, headers=AUTH)
        assert (answer.status_code, answer.get_json()) == (404, {"error": "No maintenance has this id"})


# ---- the command line ------------------------------------------------------------------------


@pytest.fixture
def file(folder: Path) -> Path:
    store.Store(folder / "kener.db").close()
    path = folder / "config.yaml"
    path.write_text("site: {timezone: Europe/Berlin}\nmonitors: [{tag: job}, {tag: mail}]\n")
    return path


def run(file: Path, command: str, *words: str) -> Result:
    return CliRunner().invoke(main, ["maintenance", command, "--config", str(file), *words])


def test_a_window_is_made_shown_listed_and_cancelled(file: Path) -> None:
    times = ("--start", "2030-06-01 22:00", "--end", "2030-06-02T00:00:00+02:00")
    made = run(file, "create", "--title", "Upgrade", *times, "--monitor", "job", "--description", "slow")
    assert (made.exit_code, made.stdout) == (0, "1\n")
    shown = json.loads(run(file, "show", "1", "--json").stdout)
    assert (shown["start"], shown["end"]) == ("2030-06-01T20:00:00.000Z", "2030-06-01T22:00:00.000Z")
    assert (shown["monitors"], shown["state"]) == (["job"], "SCHEDULED")
    assert "slow" in run(file, "show", "1").stdout
    assert run(file, "cancel", "1").stdout == "maintenance 1 is cancelled\n"
    assert json.loads(run(file, "show", "1", "--json").stdout)["state"] == "CANCELLED"


def test_a_window_from_now_on_needs_but_a_title_and_a_duration(file: Path) -> None:
    run(file, "create", "--title", "Upgrade", "--duration", "90m")
    (window,) = json.loads(run(file, "list", "--json").stdout)
    assert (window["state"], window["monitors"]) == ("ONGOING", ["job", "mail"])
    assert "ONGOING" in run(file, "list").stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--duration", "90"], "--duration: a bare number has no unit"),
        (["--duration", "1h", "--end", "now"], "give either --end or --duration"),
        ([], "give either --end or --duration"),
        (["--end", "soon"], "--end: should be a time such as"),
        (["--end", "2020-01-01"], "--end: should be later than the start"),
        (["--duration", "1h", "--monitor", "gone"], "--monitor: there is no monitor 'gone'"),
    ],
)
def test_a_wrong_window_is_refused_with_its_option(file: Path, words: list[str], message: str) -> None:
    done = run(file, "create", "--title", "x", *words)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"kener-py: {message}")
    assert run(file, "list").stdout == ""


def test_what_is_not_there_is_said(file: Path) -> None:
    for command in ("show", "cancel"):
        done = run(file, command, "7")
        assert (done.exit_code, done.stderr) == (1, "kener-py: there is no maintenance 7\n")
    (file.parent / "kener.db").unlink()
    done = run(file, "create", "--title", "x", "--duration", "1h")
    assert done.exit_code == 1
    assert "no such database" in done.stderr
    assert not (file.parent / "kener.db").exists()


def test_a_database_in_use_is_written_beside_its_server(file: Path) -> None:
    opened = store.Store(file.parent / "kener.db")
    try:
        started = time.monotonic()
        done = run(file, "create", "--title", "x", "--duration", "1h")
        assert (done.exit_code, time.monotonic() - started < 5) == (0, True)
    finally:
        opened.close()
