"""Incidents over HTTP: who may write, what is refused by name, and what visitors never see."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from test_web import CONFIG, NOW, OLD, READER, STAR, World, api_key, opened  # noqa: F401
from test_web import KEY as BEATS
from werkzeug.test import TestResponse

from kener_py import store
from kener_py.model import MINUTE, Incident

LIMITED = "key-for-incidents-of-backup-1"
EXPIRED = "key-for-incidents-expired-222"
WRITER = READER
ALL = "/api/v1/incidents"
NEW = {"title": "Disk trouble", "text": "We look."}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    more = (
        api_key("limited", LIMITED, "incidents:write", monitors=frozenset({"backup"})),
        api_key("expired", EXPIRED, "incidents:write", expires=NOW),
    )
    made = World(tmp_path, replace(CONFIG, api_keys=(*CONFIG.api_keys, *more)))
    yield made
    made.store.close()


def send(
    world: World, method: str, path: str, fields: object = None, key: str | None = WRITER
) -> TestResponse:
    data = None if fields is None else fields if isinstance(fields, bytes) else json.dumps(fields)
    headers = {} if key is None else {"X-API-Key": key}
    return world.client.open(path, method=method, data=data, headers=headers)


def create(world: World, key: str | None = WRITER, **fields: object) -> str:
    """The address of a new incident."""
    answer = send(world, "POST", ALL, NEW | fields, key)
    assert answer.status_code == 201, answer.get_json()
    return answer.headers["Location"]


def kept(world: World) -> list[Incident]:
    return list(store.incidents(world.store.read(), 0))


def error(answer: TestResponse) -> str:
    found = answer.get_json()
    assert list(found) == ["error"]
    return str(found["error"])


WRITES = [
    ("POST", ALL),
    ("PATCH", f"{ALL}/1"),
    ("DELETE", f"{ALL}/1"),
    ("POST", f"{ALL}/1/updates"),
    ("PATCH", f"{ALL}/1/updates/1"),
    ("DELETE", f"{ALL}/1/updates/1"),
    ("POST", f"{ALL}/1/publish"),
    ("POST", f"{ALL}/1/resolve"),
]


# ---- who may ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path"), WRITES)
@pytest.mark.parametrize(
    ("key", "code", "says"),
    [
        (None, 401, "Send an API key"),
        ("nobody's", 401, "Unknown API key"),
        (EXPIRED, 401, "expired"),
        (BEATS, 403, "Insufficient scope: incidents:write required"),
    ],
)
def test_nobody_writes_without_the_scope(world, method, path, key, code, says):
    opened(world)
    before = kept(world)
    answer = send(world, method, path, NEW, key)
    assert answer.status_code == code
    assert says in error(answer)
    assert ("WWW-Authenticate" in answer.headers) == (code == 401)
    assert kept(world) == before


@pytest.mark.parametrize("key", [WRITER, STAR])
@pytest.mark.parametrize("header", ["X-API-Key: {}", "Authorization: Bearer {}", "authorization: bearer {}"])
def test_the_scope_or_the_star_may_write(world, key, header):
    name, value = header.format(key).split(": ")
    answer = world.client.post(ALL, json=NEW, headers={name: value})
    assert answer.status_code == 201


def test_refused_keys_are_counted_for_the_operator(world):
    send(world, "POST", ALL, NEW, "nobody's")
    assert world.rejected() == {("", "unknown API key"): 1}


def test_a_limited_key_speaks_of_its_monitors_only(world):
    mine = create(world, LIMITED, monitors=["backup"])
    other, everything = create(world, monitors=["backup", "open"]), create(world)
    before = kept(world)
    for fields in (NEW, NEW | {"monitors": ["open"]}, NEW | {"monitors": ["backup", "open"]}):
        answer = send(world, "POST", ALL, fields, LIMITED)
        assert (answer.status_code, error(answer)) == (403, "This API key is limited to other monitors")
    for tags in ([], ["open"]):
        assert send(world, "PATCH", mine, {"monitors": tags}, LIMITED).status_code == 403
    for path in (other, everything):
        for method, place, fields in (
            ("PATCH", "", {"monitors": ["backup"]}),
            ("DELETE", "", None),
            ("POST", "/publish", None),
            ("POST", "/resolve", None),
            ("POST", "/updates", {"text": "x"}),
        ):
            assert send(world, method, path + place, fields, LIMITED).status_code == 403
    assert kept(world) == before
    assert send(world, "PATCH", mine, {"title": "Mine"}, LIMITED).status_code == 200


# ---- what is done ----------------------------------------------------------------------------


def test_an_incident_is_created_and_answers_whole(world):
    answer = send(
        world,
        "POST",
        ALL,
        NEW | {"monitors": ["backup"], "severity": "Major", "started": "2026-09-30T13:40:00+02:00"},
    )
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    made = answer.get_json()
    assert answer.headers["Location"] == f"{ALL}/{made['id']}"
    assert made == {
        "id": made["id"],
        "title": "Disk trouble",
        "state": "INVESTIGATING",
        "severity": "major",
        "started": "2026-09-30T11:40:00.000Z",
        "resolved": None,
        "monitors": ["backup"],
        "updates": [
            {
                "id": made["updates"][0]["id"],
                "state": "INVESTIGATING",
                "text": "We look.",
                "created": "2026-09-30T11:41:00.000Z",
            }
        ],
        "is_draft": False,
        "is_hidden": False,
        "opened_for": None,
    }
    public = world.get(answer.headers["Location"]).get_json()
    assert public.items() <= made.items()
    assert "is_draft" not in public


def test_the_life_of_an_incident(world):
    path = create(world)
    world.now += MINUTE
    answer = send(world, "POST", f"{path}/updates", {"text": "A cable.", "state": "identified"})
    assert (answer.status_code, answer.get_json()["state"]) == (201, "IDENTIFIED")
    first = answer.get_json()["updates"][1]["id"]
    answer = send(world, "PATCH", path, {"title": "A cable", "severity": "critical"})
    assert (answer.status_code, answer.get_json()["title"]) == (200, "A cable")
    answer = send(world, "PATCH", f"{path}/updates/{first}", {"text": "We looked."})
    assert answer.get_json()["updates"][1]["text"] == "We looked."
    answer = send(world, "DELETE", f"{path}/updates/{first}")
    assert [each["text"] for each in answer.get_json()["updates"]] == ["A cable."]
    answer = send(world, "POST", f"{path}/resolve", {"text": "Done.", "resolved": "2026-09-30T11:41:30Z"})
    assert (answer.status_code, answer.get_json()["resolved"]) == (200, "2026-09-30T11:41:30.000Z")
    assert world.get(path).get_json()["state"] == "RESOLVED"
    answer = send(world, "DELETE", path)
    assert (answer.status_code, answer.data) == (204, b"")
    assert world.get(path).status_code == 404


def test_resolving_needs_no_body(world):
    path = create(world)
    answer = send(world, "POST", f"{path}/resolve")
    assert answer.get_json()["updates"][0]["text"] == "This incident is resolved."


def test_a_draft_is_shown_to_key_holders_only_until_it_is_published(world):
    path = create(world, title="Nobody may read this", monitors=["backup"], is_draft=True)
    number = path.rsplit("/")[-1]
    for place in ("/", "/monitors/backup", f"/incidents/{number}", ALL, path):
        for headers in ({}, {"X-API-Key": "nobody's"}, {"X-API-Key": BEATS}, {"X-API-Key": EXPIRED}):
            assert b"Nobody may" not in world.get(place, headers=headers).data
    for key in (WRITER, STAR, LIMITED):
        assert send(world, "GET", path, key=key).get_json()["is_draft"] is True
        assert [each["is_draft"] for each in send(world, "GET", ALL, key=key).get_json()] == [True]
    assert send(world, "GET", path).headers["Cache-Control"] == "no-store"

    assert send(world, "POST", f"{path}/publish").get_json()["is_draft"] is False
    for place in ("/", "/monitors/backup", f"/incidents/{number}", ALL, path):
        assert b"Nobody may" in world.get(place).data


def test_a_limited_key_sees_no_drafts_of_others_and_of_public_ones_what_all_see(world):
    draft = create(world, is_draft=True, monitors=["open"])
    public = create(world, monitors=["open", "payroll"])
    assert send(world, "GET", draft, key=LIMITED).status_code == 404
    assert send(world, "GET", public, key=LIMITED).get_json()["monitors"] == ["open"]
    assert send(world, "GET", ALL, key=LIMITED).get_json() == world.get(ALL).get_json()
    assert len(send(world, "GET", ALL).get_json()) == 2


def test_an_incident_about_hidden_monitors_is_shown_to_key_holders_only(world):
    path = create(world, monitors=["payroll"])
    assert world.get(path).status_code == 404
    assert send(world, "GET", path).get_json()["is_hidden"] is True
    assert send(world, "POST", f"{path}/publish").status_code == 400


@pytest.mark.parametrize(("method", "path"), WRITES[1:])
@pytest.mark.parametrize("number", ["2", "0", "01", "x", "-1", "9" * 17, "9" * 5_000])
def test_what_is_not_there_cannot_be_changed(world, method, path, number):
    opened(world)
    fields = {"text": "x"} if method == "POST" and path.endswith("updates") else None
    answer = send(world, method, path.replace("/1", f"/{number}", 1), fields)
    assert answer.status_code == 404
    assert error(answer) == "No incident has this id"


def test_an_update_of_another_incident_is_not_there(world):
    first, second = create(world), create(world)
    update = send(world, "GET", second).get_json()["updates"][0]["id"]
    assert send(world, "DELETE", f"{first}/updates/{update}").status_code == 404


def test_the_places_say_which_methods_they_know(world):
    answer = world.client.options(ALL)
    assert (answer.status_code, answer.headers["Allow"]) == (204, "GET, HEAD, POST")
    answer = world.client.options(f"{ALL}/1")
    assert answer.headers["Allow"] == "DELETE, GET, HEAD, PATCH"
    assert world.client.put(ALL).status_code == 405


def test_a_store_that_cannot_be_written_is_said_so(world):
    def full(job, wait=0.0):
        raise store.Unavailable("database or disk is full")

    path = create(world)
    world.service.store.write = full
    for answer in (send(world, "POST", ALL, NEW), send(world, "DELETE", path)):
        assert answer.status_code == 503
        assert "Retry-After" in answer.headers
        assert "database" in error(answer)


# ---- what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"title": 5}, ["title: should be a text"]),
        ({"title": None}, ["title: should be a text"]),
        ({"title": "x" * 10_000}, ["title: is 10000 characters long; at most 200"]),
        ({"title": "a\0b"}, ["title: has a character that is no text: U+0000"]),
        ({"title": "\ud800"}, ["title: has a character that is no text: U+D800"]),
        ({"text": ["x"]}, ["text: should be a text"]),
        ({"text": "x" * 20_001}, ["text: is 20001 characters long; at most 20000"]),
        ({"text": "\0"}, ["text: has a character"]),
        ({"state": "BROKEN"}, ["state: should be one of INVESTIGATING, IDENTIFIED, MONITORING, RESOLVED"]),
        ({"state": []}, ["state: should be one of"]),
        ({"severity": 1}, ["severity: should be one of minor, major, critical"]),
        ({"monitors": "backup"}, ["monitors: should be a list of tags"]),
        ({"monitors": [1]}, ["monitors: should be a list of tags"]),
        ({"monitors": ["bakcup"]}, ["monitors: no monitor has the tag 'bakcup'; did you mean 'backup'?"]),
        ({"monitors": ["\ud800" * 500]}, ["monitors: no monitor has the tag"]),
        ({"is_draft": "yes"}, ["is_draft: should be true or false"]),
        ({"started": "yesterday"}, ["started: should be a time such as 2026-12-01T22:00:00Z"]),
        ({"started": "2026-09-30T11:00:00"}, ["started: should be a time"]),
        ({"started": "2026-02-30T11:00:00Z"}, ["started: should be a time"]),
        ({"started": "0001-01-01T00:00:00Z"}, ["started: the year"]),
        ({"started": "9999-12-31T23:59:59-23:59"}, ["started: the year"]),
        ({"started": 1_790_768_460}, ["started: should be a time"]),
        ({"started": "2026-10-30T11:00:00Z"}, ["started: lies in the future"]),
        ({"resolved": "2026-09-30T11:00:00Z"}, ["resolved: goes with the state RESOLVED only"]),
        ({"titel": "x"}, ["titel: unknown field; did you mean 'title'?"]),
        ({"zzz": 1}, ["zzz: unknown field; known are title"]),
        ({"\ud800": 1}, ["unknown field"]),
        ({"title": 1, "text": 2, "severity": 3, "x": 4}, ["title:", "text:", "severity:", "x: unknown"]),
        ({"title": "", "text": "", "monitors": ["x"]}, ["title:", "text:", "monitors:"]),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_kept(world, fields, says):
    answer = send(world, "POST", ALL, NEW | fields)
    assert answer.status_code == 400
    for each in says:
        assert each in error(answer)
    assert kept(world) == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", 400),
        (b"{}", 400),
        (b"[]", 400),
        (b'"text"', 400),
        (b"null", 400),
        (b"title=x&text=y", 400),
        (b'{"title": "x", "text": NaN}', 400),
        (b'{"title": ' + b"9" * 5_000 + b', "text": "x"}', 400),
        (b'{"title": "\xff", "text": "x"}', 400),
        (b"[" * 100_000, 400),
        (b'{"title":' + b'{"a":' * 50_000, 400),
        (b'{"title": "x", "text": "' + b"x" * 1_000_001 + b'"}', 413),
        (b"x" * 6_000_000, 413),
    ],
)
def test_a_body_that_is_no_object_of_a_sane_size_is_refused(world, body, code):
    answer = send(world, "POST", ALL, body)
    assert answer.status_code == code
    assert len(error(answer)) < 500
    assert kept(world) == []


def test_many_wrong_fields_make_no_long_answer(world):
    answer = send(world, "POST", ALL, {"y" * 5_000 + str(number): 1 for number in range(100)})
    assert answer.status_code == 400
    assert len(answer.data) < 5_000


@pytest.mark.parametrize("place", ["", "/resolve", "/updates", "/publish"])
def test_every_place_refuses_fields_that_it_does_not_know(world, place):
    path = create(world)
    answer = send(world, "POST" if place else "PATCH", path + place, {"text": "x", "bogus": 1})
    assert answer.status_code == 400
    assert "bogus: unknown field" in error(answer)


def test_a_body_may_begin_with_a_mark_and_be_called_anything(world):
    answer = world.client.post(
        ALL, data=b"\xef\xbb\xbf" + json.dumps(NEW).encode(), headers={"X-API-Key": WRITER}
    )
    assert answer.status_code == 201


# ---- the page --------------------------------------------------------------------------------

HOSTILE = """<script>alert(1)</script> <img src=x onerror=alert(1)>
[a](javascript:alert(1)) [b](JaVaScRiPt:alert(1)) [c](data:text/html,x) ![d](https://evil.example/x.png)
<https://fine.example> [e](vbscript:x) [f](&#106;avascript:alert(1))"""


def test_hostile_words_run_nowhere(world):
    path = create(world, title="<script>alert(2)</script>\u202e", text=HOSTILE, monitors=["backup"])
    for place in ("/", "/monitors/backup", path.replace("/api/v1", "")):
        page = world.get(place).get_data(as_text=True)
        assert "<script>" not in page
        assert "<img" not in page
        assert 'href="javascript' not in page.lower()
        assert 'href="data' not in page
        assert 'href="vbscript' not in page
    assert 'href="https://fine.example"' in world.get(path.replace("/api/v1", "")).get_data(as_text=True)


def test_the_page_tells_updates_by_their_time_and_states_in_words(world):
    path = create(world, started="2026-09-30T10:00:00Z", monitors=["backup", "open", "payroll"])
    world.now += MINUTE
    send(world, "POST", f"{path}/updates", {"text": "Newest.", "state": "MONITORING"})
    send(world, "POST", f"{path}/updates", {"text": "Oldest.", "created": "2026-09-30T10:30:00Z"})
    page = world.get(path.replace("/api/v1", "")).get_data(as_text=True)
    assert page.index("Newest.") < page.index("We look.") < page.index("Oldest.")
    for said in ("Monitoring", "Investigating", "Minor", "Backup", "No secret"):
        assert said in page
    for unsaid in ("MONITORING", "Payroll", "payroll"):
        assert unsaid not in page


def test_an_incident_without_monitors_is_on_the_front_page_and_on_its_own(world):
    path = create(world)
    assert b"Disk trouble" in world.get("/").data
    page = world.get(path.replace("/api/v1", ""))
    assert page.status_code == 200
    assert b"Affected" not in page.data
    assert b"Disk trouble" not in world.get("/monitors/backup").data
