"""The shipped rules, example and dashboard in the hands of promtool and of a Prometheus that scrapes us."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import Serve
from .demo import Demo
from .programs import needs, program
from .prometheus import Prometheus, prometheus
from .server import ROOT, Server, configuration, monitor, until

pytestmark = [pytest.mark.real, needs("prometheus", "promtool")]

SHIPPED = ROOT / "packaging" / "prometheus"
EXAMPLE = SHIPPED / "prometheus.yml"
BOARD: dict[str, Any] = json.loads((ROOT / "packaging" / "grafana" / "kener-py.json").read_text())
TOKEN = "a-token-for-metrics-0123456789"
STATES = [
    "all-up", "degraded", "partial-outage", "major-outage", "maintenance", "detected", "waiting", "empty",
    "unknown", "large", "hostile",
]  # fmt: skip


def promtool(*words: object, given: bytes = b"") -> tuple[int, str]:
    """Exit code and all that it says."""
    done = subprocess.run(
        [program("promtool"), *map(str, words)],
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout.decode(errors="replace")


# ---- promtool --------------------------------------------------------------------------------


def test_promtool_has_no_complaint_about_any_state(tmp_path: Path) -> None:
    demo = Demo(tmp_path)
    try:
        demo.start()
        for state in STATES:
            demo.get(f"/{state}/heartbeat/checkout:wrong")
            demo.get(f"/{state}/nothing")
            answer = demo.get(f"/{state}/metrics")
            assert answer.status == 200
            assert promtool("check", "metrics", given=answer.body) == (0, ""), state
    finally:
        demo.close()


def test_promtool_complains_about_what_is_wrong() -> None:
    code, text = promtool("check", "metrics", given=b"# TYPE a_ms counter\na_ms 1\n")
    assert code != 0
    assert "_total" in text


def test_the_rules_are_valid() -> None:
    code, text = promtool("check", "rules", SHIPPED / "alerts.yml")
    assert code == 0, text
    assert "SUCCESS" in text


def test_each_alert_fires_and_is_silent_as_its_tests_say() -> None:
    code, text = promtool("test", "rules", SHIPPED / "alerts.test.yml")
    assert code == 0, text


def with_token(text: str, file: Path) -> str:
    """The example with its lines about a token in force."""
    lines = r"^( *)# (authorization:|  credentials_file:)"
    changed, number = re.subn(lines, r"\1\2", text, flags=re.MULTILINE)
    assert number == 2
    return changed.replace("/etc/prometheus/kener-py.token", str(file))


def test_the_example_is_valid_with_and_without_a_token(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    shutil.copy(SHIPPED / "alerts.yml", tmp_path)
    guarded = tmp_path / "prometheus.yml"
    guarded.write_text(with_token(EXAMPLE.read_text(), tmp_path / "token"))
    for file in (EXAMPLE, guarded):
        code, text = promtool("check", "config", file)
        assert code == 0, text
        assert "1 rule files found" in text


# ---- a Prometheus ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Watched:
    prometheus: Prometheus
    demo: Demo
    guarded: Server


@pytest.fixture(scope="module")
def watched(serve_module: Serve, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """The example's Prometheus, in a hurry, beside a demo in trouble and a server that wants a token."""
    folder = tmp_path_factory.mktemp("prometheus")
    guarded = serve_module(
        configuration(
            "open-one",
            monitor("hidden-one", is_hidden=True),
            server={"metrics_token": TOKEN},
            notifiers={"ops": "json://127.0.0.1:9/"},
        )
    )
    (folder / "token").write_text(TOKEN + "\n")
    shutil.copy(SHIPPED / "alerts.yml", folder)
    demo = Demo(tmp_path_factory.mktemp("demo"), "partial-outage")
    try:
        demo.start()
        given = scraping(demo.port, guarded.port, folder / "token")
        with prometheus(folder, given) as started:
            until(lambda: scrapes_done(started) >= 4, 60, "four scrapes of each target")
            yield Watched(started, demo, guarded)
    finally:
        demo.close()


def scraping(demo: int, guarded: int, token: Path) -> dict[str, Any]:
    text = EXAMPLE.read_text()
    given: dict[str, Any] = yaml.safe_load(text)
    (plain,) = given["scrape_configs"]
    (bearing,) = yaml.safe_load(with_token(text, token))["scrape_configs"]
    plain["static_configs"][0]["targets"] = [f"127.0.0.1:{demo}"]
    bearing["static_configs"][0]["targets"] = [f"127.0.0.1:{guarded}"]
    refused = {**bearing, "job_name": "without-token"}
    del refused["authorization"]
    given["scrape_configs"] = [plain, {**bearing, "job_name": "with-token"}, refused]
    given["global"] = {"scrape_interval": "2s", "scrape_timeout": "2s", "evaluation_interval": "2s"}
    return given


def scrapes_done(started: Prometheus) -> float:
    """Of the target that has fewest."""
    done = started.values("count_over_time(up[5m])", "job")
    return min(done.values()) if len(done) == 3 else 0


def test_it_scrapes_in_the_newer_format(watched: Watched) -> None:
    target = watched.prometheus.targets()["kener-py"]
    assert (target["health"], target["lastError"]) == ("up", "")
    # OpenMetrics names a counter without the _total of its samples; the older format names it with it.
    told = watched.prometheus.ask("metadata")
    assert [each["type"] for each in told["kener_heartbeats"]] == ["counter"]
    assert "kener_heartbeats_total" not in told


def test_it_knows_of_each_monitor_what_the_page_says(watched: Watched) -> None:
    shown = {each["tag"]: each["status"].lower() for each in watched.demo.get("/api/v1/monitors").json()}
    found = {
        each["metric"]["monitor"]: each["metric"]["status"]
        for each in watched.prometheus.query('kener_monitor_status{job="kener-py"} == 1')
    }
    assert found == shown
    assert {"up", "degraded", "down", "no_data"} <= set(found.values())
    silent = watched.prometheus.values("time() - kener_monitor_last_heartbeat_timestamp_seconds", "monitor")
    assert 47 * 60 <= silent["checkout"] < 70 * 60
    ratios = watched.prometheus.values('kener_monitor_uptime_ratio{window="30d"}', "monitor")
    assert 0.9 < ratios["checkout"] < 1


def test_who_has_no_token_is_refused_and_who_has_it_sees_what_is_hidden(watched: Watched) -> None:
    targets = watched.prometheus.targets()
    assert targets["with-token"]["health"] == "up"
    assert targets["without-token"]["health"] == "down"
    assert "401" in targets["without-token"]["lastError"]
    names = watched.prometheus.values('kener_monitor_info{job="with-token"}', "monitor")
    assert set(names) == {"open-one", "hidden-one"}
    assert watched.prometheus.query('kener_build_info{job="without-token"}') == []


def test_the_shipped_rules_speak_of_what_is_down(watched: Watched) -> None:
    def of(alert: str) -> dict[str, dict[str, Any]]:
        return {
            each["labels"]["monitor"]: each
            for each in watched.prometheus.alerts()
            if each["labels"]["alertname"] == alert
        }

    found = until(lambda: of("KenerMonitorDown"), 30, "KenerMonitorDown")
    shown = watched.demo.get("/api/v1/monitors").json()
    assert set(found) == {each["tag"] for each in shown if each["status"] == "DOWN"}
    alert = found["checkout"]
    assert alert["state"] in ("pending", "firing")
    assert alert["labels"]["severity"] == "critical"
    assert alert["annotations"]["summary"] == "Checkout is down"
    assert "<error" not in json.dumps(watched.prometheus.alerts()), "a template of an annotation failed"
    assert set(of("KenerMonitorDegraded")) == {each["tag"] for each in shown if each["status"] == "DEGRADED"}
    groups = watched.prometheus.ask("rules")["groups"]
    assert {each["health"] for group in groups for each in group["rules"]} == {"ok"}


def test_every_panel_of_the_dashboard_has_data(watched: Watched) -> None:
    until(lambda: watched.prometheus.query("ALERTS"), 30, "an alert")
    empty = set()
    for panel in BOARD["panels"]:
        for target in panel.get("targets", []):
            if not watched.prometheus.query(chosen(target["expr"])):
                empty.add((panel["title"], target["refId"]))
    # Counted only from the first on, for nobody knows beforehand for which reasons.
    assert empty == {("Calls turned away", "A")}


def chosen(expression: str) -> str:
    """An expression as Grafana sends it when every variable is left as it is."""
    every = dict.fromkeys(("job", "instance", "group", "monitor"), ".*")
    every |= {"window": "30d", "__rate_interval": "10s"}
    text = re.sub(r"\$(\w+)", lambda found: every[found[1]], expression)
    assert "$" not in text
    return text


def test_every_choice_of_the_dashboard_has_something_to_choose(watched: Watched) -> None:
    """`label_values(series, label)` is Grafana's own; it asks Prometheus for the label of these series."""
    for each in BOARD["templating"]["list"]:
        if each["type"] != "query":
            continue
        found = re.fullmatch(r"label_values\((.+), (\w+)\)", each["definition"])
        assert found is not None
        assert each["query"]["query"] == each["definition"]
        series, label = chosen(found[1]), found[2]
        assert watched.prometheus.ask(f"label/{label}/values", **{"match[]": series}), each["name"]
