"""The files for Prometheus and Grafana in packaging/: they name what /metrics gives, and are complete.

That Prometheus takes them is shown by tests/real/test_prometheus.py.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Sent, World, config, monitor, no_post, rule
from prometheus_client.parser import text_string_to_metric_families as families
from promql import metrics

from kener_py import store
from kener_py.service.sender import Sender
from kener_py.web import create

PACKAGING = Path(__file__).resolve().parents[1] / "packaging"
RULES: list[dict[str, Any]] = [
    each
    for group in yaml.safe_load((PACKAGING / "prometheus" / "alerts.yml").read_text())["groups"]
    for each in group["rules"]
]
TESTS: list[dict[str, Any]] = yaml.safe_load((PACKAGING / "prometheus" / "alerts.test.yml").read_text())[
    "tests"
]
SCRAPES = yaml.safe_load((PACKAGING / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
BOARD_TEXT = (PACKAGING / "grafana" / "kener-py.json").read_text()
BOARD: dict[str, Any] = json.loads(BOARD_TEXT)
PANELS: list[dict[str, Any]] = BOARD["panels"]
VARIABLES: dict[str, dict[str, Any]] = {each["name"]: each for each in BOARD["templating"]["list"]}
TARGETS = [(panel["title"], target) for panel in PANELS for target in panel.get("targets", [])]
PROMETHEUS_OWN = {"up", "ALERTS"}
GRAFANAS_OWN = {"__rate_interval", "__all"}


@pytest.fixture
def given(db: store.Store, clock: Any) -> set[str]:
    """Every name of a sample that /metrics gives once there is something to tell."""
    world = World(db, clock, config((monitor("job"),), (rule(),)))
    client = create(world.service).test_client()
    world.beat()
    world.run(1)
    client.get("/heartbeat/job:wrong")
    client.get("/")
    world.run(1)
    Sender(world.service, Sent(), no_post).step(world.clock.now)
    return {sample.name for family in families(client.get("/metrics").text) for sample in family.samples}


# ---- expressions -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("up", {"up"}),
        ('sum by (a, b) (rate(x_total{c="or (d)", e=~"f|g"}[5m])) / 1e3 > 2', {"x_total"}),
        ("a:b * on (job) group_left (name) c unless d offset 5m == bool 1", {"a:b", "c", "d"}),
        ("histogram_quantile(0.95, sum(y_bucket) without (le)) or time() - z", {"y_bucket", "z"}),
        ('{__name__="w"}', set()),
    ],
)
def test_the_names_in_an_expression_are_found(expression: str, expected: set[str]) -> None:
    assert metrics(expression) == expected


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_rule_asks_for_what_there_is(rule: dict[str, Any], given: set[str]) -> None:
    asked = metrics(rule["expr"])
    assert asked
    assert asked - given <= PROMETHEUS_OWN


def test_the_dashboard_asks_for_what_there_is(given: set[str]) -> None:
    asked = {name for _, target in TARGETS for name in metrics(target["expr"])}
    asked |= {
        name
        for each in VARIABLES.values()
        if each["type"] == "query"
        for name in metrics(each["definition"].removeprefix("label_values(").rpartition(",")[0])
    }
    assert asked - given <= PROMETHEUS_OWN


def test_what_there_is_of_ours_is_asked_for(given: set[str]) -> None:
    """A family that nobody looks at is a mistake in one of the files, or in the family."""
    asked = {name for _, target in TARGETS for name in metrics(target["expr"])}
    asked |= {name for rule in RULES for name in metrics(rule["expr"])}
    assert {each for each in given - asked if each.startswith("kener_")} == set()


# ---- rules -----------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_rule_says_how_long_how_bad_and_what(rule: dict[str, Any]) -> None:
    assert re.fullmatch(r"Kener[A-Za-z]+", rule["alert"])
    assert re.fullmatch(r"\d+[mh]", rule["for"])
    assert rule["labels"]["severity"] in ("info", "warning", "critical")
    assert set(rule["annotations"]) == {"summary", "description"}
    assert rule["annotations"]["description"].endswith(".")


def test_an_alert_has_one_rule() -> None:
    assert max(Counter(rule["alert"] for rule in RULES).values()) == 1


def test_each_alert_is_shown_to_fire_and_to_be_silent() -> None:
    shown = {
        (each["alertname"], bool(each["exp_alerts"])) for test in TESTS for each in test["alert_rule_test"]
    }
    assert shown == {(rule["alert"], fires) for rule in RULES for fires in (True, False)}


def test_rules_and_example_call_the_job_by_one_name() -> None:
    (name,) = {each["job_name"] for each in SCRAPES}
    used = {found for rule in RULES for found in re.findall(r'\bjob="([^"]*)"', rule["expr"])}
    assert used == {name}


# ---- the dashboard ---------------------------------------------------------------------------


def test_a_dashboard_can_be_imported_beside_others() -> None:
    assert BOARD["id"] is None, "Grafana gives it one"
    assert BOARD["uid"] == "kener-py"
    assert BOARD["schemaVersion"] >= 36
    assert "://" not in BOARD_TEXT, "no address of anybody's Grafana"


def test_every_source_of_data_is_the_one_that_the_visitor_chooses() -> None:
    assert VARIABLES["datasource"]["type"] == "datasource"
    assert VARIABLES["datasource"]["query"] == "prometheus"
    sources = [panel["datasource"] for panel in PANELS if panel["type"] != "row"]
    sources += [target["datasource"] for _, target in TARGETS]
    sources += [each["datasource"] for each in VARIABLES.values() if each["type"] == "query"]
    assert {json.dumps(each) for each in sources} == {'{"type": "prometheus", "uid": "${datasource}"}'}


def test_every_variable_is_defined_and_used() -> None:
    used = set(re.findall(r"\$\{?(\w+)", BOARD_TEXT)) - GRAFANAS_OWN
    assert used == set(VARIABLES)


def test_panels_have_numbers_of_their_own_and_do_not_overlap() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    boxes = [(each["title"], *(each["gridPos"][side] for side in ("x", "y", "w", "h"))) for each in PANELS]
    for title, x, _, width, height in boxes:
        assert 0 <= x < x + width <= 24, title
        assert height > 0, title
    for (one, x, y, w, h), (other, x2, y2, w2, h2) in combinations(boxes, 2):
        assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y, f"{one} and {other}"


def test_panels_say_what_they_show() -> None:
    for panel in PANELS:
        assert panel["title"]
        if panel["type"] == "row":
            continue
        assert panel["description"].endswith("."), panel["title"]
        marks = [target["refId"] for target in panel["targets"]]
        assert len(set(marks)) == len(marks) > 0
        for target in panel["targets"]:
            is_table = target.get("format") == "table"
            assert is_table or target["legendFormat"], panel["title"]


def test_a_panel_changes_only_columns_that_it_has() -> None:
    """An override for a name that is spelt otherwise would be ignored without a word."""
    for panel in PANELS:
        if panel["type"] == "row":
            continue
        names = {target["legendFormat"] for target in panel["targets"]}
        for each in panel.get("transformations", []):
            names |= set(each["options"].get("renameByName", {}).values())
        if "{{status}}" in names:
            names |= {"up", "degraded", "down", "maintenance", "no_data"}
        asked = {each["matcher"]["options"] for each in panel["fieldConfig"]["overrides"]}
        assert asked <= names, panel["title"]
