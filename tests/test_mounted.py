"""Below the path of `site.url`, whether a proxy takes it off or not."""

from __future__ import annotations

from dataclasses import replace

import past
import pytest
from conftest import World
from flask.testing import FlaskClient

from kener_py import store

HTML = {"Accept": "text/html"}


@pytest.fixture
def below(db: store.Store) -> FlaskClient:
    site = replace(past.SITE, url="https://acme.example/status")
    return past.client(past.world(db, [past.job("job")], past.up("job"), site=site))


@pytest.mark.parametrize("prefix", ["", "/status"])
def test_links_begin_with_the_prefix(below: FlaskClient, prefix: str) -> None:
    page = below.get(f"{prefix}/monitors/job", headers=HTML)
    assert page.status_code == 200
    assert 'href="/status/history"' in page.text
    assert 'src="/status/static/app.js?v=' in page.text
    assert 'href="https://acme.example/status/monitors/job"' in page.text
    with below.get(f"{prefix}/static/app.js") as script:
        assert script.status_code == 200


@pytest.mark.parametrize("prefix", ["", "/status"])
def test_redirects_stay_below_the_prefix(below: FlaskClient, prefix: str) -> None:
    assert below.get(f"{prefix}/events").headers["Location"] == "/status/history"


def test_a_kept_answer_is_found_again_below_the_prefix(below: FlaskClient) -> None:
    first, again = (below.get("/status/", headers=HTML) for _ in range(2))
    assert first.data == again.data
    named = {"If-None-Match": first.headers["ETag"], **HTML}
    assert below.get("/status/", headers=named).status_code == 304


def test_a_path_that_only_looks_like_the_prefix_is_not_it(below: FlaskClient) -> None:
    assert below.get("/status.txt").status_code == 200
    assert below.get("/statusx/monitors/job", headers=HTML).status_code == 404


def test_who_mounts_us_elsewhere_knows_better(below: FlaskClient) -> None:
    page = below.get("/", headers=HTML, environ_overrides={"SCRIPT_NAME": "/other"}).text
    assert 'href="/other/history"' in page


def test_without_a_path_there_is_no_prefix(world: World) -> None:
    assert 'href="/history"' in past.client(world).get("/", headers=HTML).text


def test_pages_may_be_shared_for_moments_and_what_is_for_one_may_not(below: FlaskClient) -> None:
    for address in ("/", "/monitors/job", "/history", "/uptime", "/about", "/embed/status"):
        assert below.get(address, headers=HTML).headers["Cache-Control"] == "public, max-age=0, s-maxage=5"
    for address in ("/api/v1/incidents", "/nothing"):
        assert below.get(address, headers=HTML).headers["Cache-Control"] == "no-cache"
    for address in ("/metrics", "/health", "/heartbeat/job:wrong"):
        assert "no-store" in below.get(address).headers["Cache-Control"]
