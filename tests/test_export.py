"""The page as files: all that is public and nothing else, with links that lead somewhere."""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import past
import pytest
from click.testing import CliRunner
from conftest import World, new_folder, short_store
from secretive import CATEGORY, MARK, NAME, TAG, addresses, rules, secretive

from kener_py import store, web
from kener_py.cli import main
from kener_py.cli.exporting import Child
from kener_py.model import DAY, LANGUAGES, MINUTE, SECOND, Config, Export, IncidentState, Server
from kener_py.service import Service
from kener_py.service.exporter import Exporter
from kener_py.service.onlooker import Onlooker
from kener_py.web import copied
from kener_py.web import export as exporting
from kener_py.web.export import Refused, Written, export
from kener_py.web.export.folder import MANIFEST
from kener_py.web.export.places import NOT_WRITTEN, Extent, Places

pytestmark = pytest.mark.long

FEW_DAYS = 3


@pytest.fixture(scope="module", autouse=True)
def _few_days() -> Iterator[None]:
    """Ninety are as good, and take a minute."""
    patch = pytest.MonkeyPatch()
    patch.setattr(exporting, "DAYS", FEW_DAYS)
    yield
    patch.undo()


@pytest.fixture(scope="module")
def made() -> Iterator[tuple[World, Path]]:
    """The site that has everything to hide, below a prefix, and where it was written; no test changes it."""
    with short_store() as db, new_folder() as folder:
        world = secretive(db)
        site = replace(world.service.config.site, url="https://acme.example/status")
        world.restart(replace(world.service.config, site=site))
        written(world, folder / "page")
        yield world, folder / "page"


@pytest.fixture
def page(made: tuple[World, Path]) -> Path:
    return made[1]


def written(world: World, folder: Path, **how: object) -> Written:
    """One export of what is so now, by a process that only looks."""
    db = store.Onlooker(world.db.path)
    try:
        service = Onlooker(db, world.service.config, world.clock)
        return export(service, folder, **how)  # type: ignore[arg-type]
    finally:
        db.close()


def files(folder: Path) -> dict[str, Path]:
    return {str(file.relative_to(folder)): file for file in sorted(folder.rglob("*")) if file.is_file()}


def times(folder: Path) -> dict[str, int]:
    return {name: file.stat().st_mtime_ns for name, file in files(folder).items() if name != MANIFEST}


class _Links(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attributes if name in ("href", "src", "action") and value]


def given_out(folder: Path, path: str) -> Path | None:
    """What a plain web server gives out for this path; None for nothing."""
    file = folder / unquote(path).lstrip("/")
    found = file / "index.html" if file.is_dir() else file
    return found if found.is_file() else None


# ---- what is in it ---------------------------------------------------------------------------


def test_no_file_says_what_is_not_public(page: Path) -> None:
    for name, file in files(page).items():
        assert MARK.findall(name.encode()) == []
        assert MARK.findall(file.read_bytes()) == [], name


def test_every_address_is_written_or_said_not_to_be(made: tuple[World, Path]) -> None:
    world, page = made
    places = places_of(world)
    there = manifest(page)
    for method, rule in rules():
        if method != "GET" or NOT_WRITTEN.match(rule) or rule.startswith("/branding/"):
            continue
        found = [places.find(address) for address in addresses(rule) if "?" not in address]
        assert any(place is not None and place.file in there for place in found), rule


def places_of(world: World) -> Places:
    extent = Extent(world.service.config.site, ["job", "calm"], "2026-09-30", "2026-09-28")
    return Places(web.create(world.service), [rule for rule, _view in web.PAGES], extent)


def manifest(page: Path) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = json.loads((page / MANIFEST).read_text())["files"]
    return found


def test_the_manifest_names_every_file(page: Path) -> None:
    assert set(files(page)) == {*manifest(page), MANIFEST}


def test_every_link_of_every_page_leads_to_a_file(page: Path) -> None:
    seen = 0
    for name, file in files(page).items():
        if not name.endswith(".html"):
            continue
        for link in _Links(file.read_text()).found:
            link = link.removeprefix("https://acme.example")
            if link.startswith(("#", "http", "mailto:", "webcal:")):
                continue
            assert link.startswith("/status/") or link == "/status", f"{name}: {link}"
            parts = urlsplit(link)
            assert given_out(page, parts.path.removeprefix("/status")), f"{name}: {link}"
            assert not parts.query or parts.query.startswith("v="), f"{name}: {link}"
            seen += 1
    assert seen > 1_000


def test_every_link_of_a_twin_leads_to_a_file(page: Path) -> None:
    found = []
    for name in ("index.md", "monitors/job.md", "llms.txt"):
        found += re.findall(r"\]\((https://acme\.example/status[^)]*)\)", (page / name).read_text())
    assert len(found) > 20
    for link in found:
        assert given_out(page, link.removeprefix("https://acme.example/status")), link


def test_a_script_finds_the_pages_of_days(page: Path) -> None:
    for folder, prefix in ((page, "/status"), (page / "de", "/status/de")):
        text = unescape((folder / "index.html").read_text())
        assert f'"href": "{prefix}/monitors/{{tag}}/{{date}}"' in text


@pytest.mark.parametrize("name", LANGUAGES)
def test_each_language_has_a_folder_but_the_sites_own(page: Path, name: str) -> None:
    folder = page if name == "en" else page / name
    for file in ("index.html", "monitors/job/index.html", "uptime/index.html"):
        text = (folder / file).read_text()
        assert f'<html lang="{name}"' in text
    links = {urlsplit(link).path for link in _Links((folder / "index.html").read_text()).found}
    assert {"/status/", "/status/de/", "/status/fr/"} <= {f"{link.rstrip('/')}/" for link in links}
    prefix = "/status/" if name == "en" else f"/status/{name}/"
    assert f"{prefix}monitors/job" in links
    here = f"https://acme.example{prefix}"
    assert (
        f'<link rel="canonical" href="{here.rstrip("/") if name != "en" else here}'
        in (folder / "index.html").read_text()
    )


def test_files_have_the_type_that_the_server_says(made: tuple[World, Path]) -> None:
    world, page = made
    client = past.client(world)
    # What web servers have to be told; see docs/static-export.md.
    told = {".md", ".atom", ".rss", ".ics", ".shields", ".csv"}
    seen = set()
    for name, entry in manifest(page).items():
        if name in ("404.html", "written.json") or Path(name).suffix in told:
            continue
        kind, _ = mimetypes.guess_type(name)
        with client.get(str(entry["address"]), headers={"Accept": "text/html"}) as answer:
            said = answer.mimetype or ""
        same = {"text/xml": "application/xml", "application/javascript": "text/javascript"}
        if said.endswith(("+json", "+xml")) and said != "image/svg+xml":
            said = f"application/{said.rpartition('+')[2]}"
        assert same.get(kind or "", kind) == said, name
        seen.add(said)
        if len(seen) > 7 and name > "monitors":
            break
    assert {"text/html", "application/json", "image/svg+xml", "text/css", "text/javascript"} <= seen


def test_what_is_over_long_ago_is_told_by_its_month(page: Path) -> None:
    assert not (page / "monitors/job/2026-09-20").exists()
    assert "/status/history/2026-09" in _Links((page / "monitors/job/index.html").read_text()).found


def test_outages_are_turned_over_by_month_without_a_query(page: Path) -> None:
    assert "September 2026" in (page / "monitors/job/2026-09/index.html").read_text()


def test_no_page_has_a_form(page: Path) -> None:
    assert [name for name, file in files(page).items() if b"<form" in file.read_bytes()] == []


def test_a_page_brings_its_policy_along(page: Path) -> None:
    for name in ("index.html", "embed/status/index.html", "404.html"):
        (policy,) = re.findall(
            r'http-equiv="Content-Security-Policy" content="([^"]*)"', (page / name).read_text()
        )
        assert "default-src &#x27;none&#x27;" in policy
        assert "frame-ancestors" not in policy  # which browsers heed in a header only


# ---- that it is a copy -----------------------------------------------------------------------


def test_a_copy_says_when_it_was_made(page: Path) -> None:
    said = "This copy is from <time"
    for name in ("index.html", "monitors/job/index.html", "about/index.html", "embed/status/index.html"):
        text = (page / name).read_text()
        assert said in text
        assert "30 Sep 2026, 13:41 CEST" in text
        assert "copied.js" in text


def test_a_server_does_not_say_so(made: tuple[World, Path]) -> None:
    world, _page = made
    for address in ("/", "/monitors/job", "/embed/status", "/nothing"):
        assert "copied" not in past.client(world).get(address, headers={"Accept": "text/html"}).text


def test_scripts_are_told_when_the_newest_copy_was_made(made: tuple[World, Path]) -> None:
    world, page = made
    told = json.loads((page / copied.WRITTEN_PATH[1:]).read_text())
    assert told == {"written": world.clock.now, "at": "2026-09-30T11:41:20+00:00"}


# ---- again and again -------------------------------------------------------------------------


@pytest.fixture
def site(db: store.Store) -> World:
    return past.world(
        db,
        [past.job("job"), past.job("calm")],
        [*past.up("job", "calm"), *past.trouble("job", 2 * DAY, MINUTE)],
    )


def test_what_is_the_same_is_not_touched(site: World, folder: Path) -> None:
    first = written(site, folder / "page")
    before = times(folder / "page")
    again = written(site, folder / "page")
    assert (again.written, again.removed, again.failed) == (0, 0, ())
    assert times(folder / "page") == before
    assert first.written == len(before)


def test_time_alone_changes_few_files(site: World, folder: Path) -> None:
    written(site, folder / "page")
    before = times(folder / "page")
    site.clock.now += 5_000
    written(site, folder / "page")
    after = times(folder / "page")
    changed = {name for name in after if after[name] != before[name]}
    assert "written.json" in changed
    assert not {name for name in changed if "/2026-09-2" in name or "about" in name}
    assert len(changed) < len(after) / 4


def test_a_change_is_in_the_next_export(site: World, folder: Path) -> None:
    written(site, folder / "page")
    past.tell(site, "Lightning struck", monitors=("job",))
    written(site, folder / "page")
    told = [name for name, file in files(folder / "page").items() if b"Lightning struck" in file.read_bytes()]
    expected = {
        "index.html",
        "incidents/1/index.html",
        "history.atom",
        "api/v2/summary.json",
        "api/v1/incidents/1.json",
    }
    assert {*expected, "fr/index.html", "history/2026-09/index.html", "monitors/job/index.html"} <= set(told)


def test_a_change_of_the_past_is_in_the_next_export(site: World, folder: Path) -> None:
    written(site, folder / "page")
    over = {"state": IncidentState.RESOLVED, "started": past.NOW - 2 * DAY, "resolved": past.NOW - DAY}
    past.tell(site, "Found later", monitors=("job",), **over)
    written(site, folder / "page")
    assert "Found later" in (folder / "page/monitors/job/2026-09-28/index.html").read_text()


def test_what_is_hidden_now_is_gone_at_the_next_export(site: World, folder: Path) -> None:
    written(site, folder / "page")
    monitors = site.service.config.monitors
    hidden = {**monitors, "job": replace(monitors["job"], is_hidden=True)}
    site.restart(replace(site.service.config, monitors=hidden))
    done = written(site, folder / "page")
    assert done.removed > 10
    left = [
        name for name, file in files(folder / "page").items() if b"/job" in file.read_bytes() or "job" in name
    ]
    assert left == []
    assert not (folder / "page/monitors/job").exists()


def test_files_of_others_stay(site: World, folder: Path) -> None:
    page = folder / "page"
    page.mkdir()
    (page / "mine.txt").write_text("mine")
    with pytest.raises(Refused, match="not empty"):
        written(site, page)
    assert list(files(page)) == ["mine.txt"]
    written(site, page, is_forced=True)
    (page / "monitors" / "notes.txt").write_text("also mine")
    monitors = {"calm": site.service.config.monitors["calm"]}
    site.restart(replace(site.service.config, monitors=monitors))
    written(site, page)
    assert (page / "mine.txt").read_text() == "mine"
    assert (page / "monitors" / "notes.txt").read_text() == "also mine"
    assert not (page / "monitors" / "job").exists()


def test_a_manifest_cannot_lead_outside(site: World, folder: Path) -> None:
    page = folder / "page"
    written(site, page)
    (folder / "precious").write_text("precious")
    told = json.loads((page / MANIFEST).read_text())
    entry = next(iter(told["files"].values()))
    told["files"] |= {"../precious": entry, str(folder / "precious"): entry}
    (page / MANIFEST).write_text(json.dumps(told))
    written(site, page)
    assert (folder / "precious").read_text() == "precious"


def test_a_damaged_manifest_is_refused(site: World, folder: Path) -> None:
    page = folder / "page"
    written(site, page)
    (page / MANIFEST).write_text("{")
    with pytest.raises(Refused, match="damaged"):
        written(site, page)
    assert written(site, page, is_forced=True).written > 0


def test_a_file_that_somebody_cut_off_is_made_whole(site: World, folder: Path) -> None:
    page = folder / "page"
    written(site, page)
    whole = (page / "about/index.html").read_bytes()
    (page / "about/index.html").write_bytes(b"")
    written(site, page)
    assert (page / "about/index.html").read_bytes() == whole


# ---- beside a server -------------------------------------------------------------------------


def test_an_onlooker_knows_all_that_a_service_knows(site: World) -> None:
    db = store.Onlooker(site.db.path)
    looking = Onlooker(db, site.service.config, site.clock)
    assert vars(looking).keys() == vars(site.service).keys()
    assert looking.board() == site.service.board()
    assert looking.site_id == site.service.site_id
    with pytest.raises(store.Unavailable):
        looking.acknowledge("job")
    db.close()


def test_an_onlooker_writes_nothing(site: World, folder: Path) -> None:
    before = list(site.db.read().execute("select count(*), max(name) from secret"))
    version = site.db.version()
    written(site, folder / "page")
    assert site.db.version() == version
    assert list(site.db.read().execute("select count(*), max(name) from secret")) == before


# ---- by command ------------------------------------------------------------------------------


@pytest.fixture
def file(folder: Path) -> Path:
    (folder / "config.yaml").write_text(
        "monitors:\n  - tag: job\n    interval: 1h\n    secretString: " + "s" * 32
    )
    return folder / "config.yaml"


def run(*words: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, [str(word) for word in words])
    return done.exit_code, done.stdout, done.stderr


def test_the_command_writes_and_tells(file: Path, folder: Path) -> None:
    db = store.Store(folder / "kener.db")
    config = _loaded(file)
    Service(db, config, lambda: past.NOW)
    code, told, _ = run("export", "--config", file, folder / "page", "--json")
    assert code == 0
    found = json.loads(told)
    assert found["written"] > 100
    assert found["failed"] == []
    assert (
        "Waiting for the first heartbeat" in (folder / "page/index.html").read_text()
        or "Status unknown" in (folder / "page/index.html").read_text()
    )
    code, told, _ = run("export", "--config", file, folder / "page")
    assert code == 0
    assert " 0 removed" in told
    db.close()


def _loaded(file: Path) -> Config:
    from kener_py import config

    return config.load(file, {})


def test_the_command_says_what_is_wrong(file: Path, folder: Path) -> None:
    code, _, said = run("export", "--config", file, folder / "page")
    assert (code, "no such database" in said) == (1, True)
    store.Store(folder / "kener.db").close()
    (folder / "page").mkdir()
    (folder / "page/monitors").write_text("a file where a folder must be")
    code, _, said = run("export", "--config", file, folder / "page")
    assert (code, "not empty" in said) == (1, True)
    code, _, said = run("export", "--config", file, folder / "page", "--force")
    assert code == 1
    assert "monitors" in said


def test_addresses_of_nobody_are_not_written(made: tuple[World, Path]) -> None:
    world, _page = made
    app = web.create(world.service)
    site = world.service.config.site
    places = Places(
        app, [rule for rule, _view in web.PAGES], Extent(site, ["job"], "2026-09-30", "2026-09-01")
    )
    for path in (
        f"/monitors/{TAG}",
        "/metrics",
        "/heartbeat/job:x",
        "/alerts/1",
        "/healthz",
        "/wp-login.php",
        "//evil",
    ):
        assert places.find(path) is None
    found = places.find(
        "/monitors/job", {"month": "2026-08", "lang": "fr", "secret": NAME, "group": CATEGORY}
    )
    assert found is not None
    assert (found.file, found.address) == (
        "fr/monitors/job/2026-08/index.html",
        "/monitors/job?month=2026-08&lang=fr",
    )


# ---- kept up to date by the server -----------------------------------------------------------


class Files:
    """Remembers for which configurations files were wanted; `problem` is what goes wrong."""

    def __init__(self) -> None:
        self.asked: list[Config] = []
        self.problem: str | None = None

    def write(self, config: Config) -> str | None:
        self.asked.append(config)
        return self.problem


@pytest.fixture
def kept(site: World, folder: Path) -> tuple[World, Files, Exporter]:
    site.restart(replace(site.service.config, export=Export(folder / "page", 30 * SECOND)))
    wanted = Files()
    return site, wanted, Exporter(site.service, wanted.write, lambda: None)


def test_a_change_is_written_but_not_too_often(kept: tuple[World, Files, Exporter]) -> None:
    site, wanted, exporter = kept
    exporter.step(site.clock.now)
    assert len(wanted.asked) == 1
    past.tell(site, monitors=("job",))
    exporter.step(site.clock.now + 29 * SECOND)
    assert len(wanted.asked) == 1
    exporter.step(site.clock.now + 30 * SECOND)
    assert len(wanted.asked) == 2
    assert site.service.exported == site.clock.now + 30 * SECOND


def test_the_page_is_written_each_minute_whatever_happens(kept: tuple[World, Files, Exporter]) -> None:
    site, wanted, exporter = kept
    for second in range(181):
        exporter.step(site.clock.now + second * SECOND)
    assert len(wanted.asked) == 4


def test_nothing_is_written_where_nobody_wants_it(site: World) -> None:
    wanted = Files()
    Exporter(site.service, wanted.write, lambda: None).step(site.clock.now)
    assert wanted.asked == []
    assert "kener_export" not in past.client(site).get("/metrics").text


def test_a_failure_is_logged_once_and_told(
    kept: tuple[World, Files, Exporter], caplog: pytest.LogCaptureFixture
) -> None:
    site, wanted, exporter = kept
    wanted.problem = "/page: No space left on device"
    for minute in range(3):
        exporter.step(site.clock.now + minute * MINUTE)
    assert caplog.text.count("No space left on device") == 1
    site.service.mark_alive(site.clock.now)
    client = past.client(site)
    assert "kener_export_last_successful 0.0" in client.get("/metrics").text
    assert client.get("/readyz").status_code == 200
    assert client.get("/health").json["checks"]["export:failed"][0]["status"] == "warn"  # type: ignore[index]
    wanted.problem = None
    exporter.step(site.clock.now + 5 * MINUTE)
    assert "kener_export_last_successful 1.0" in client.get("/metrics").text


def test_a_process_of_its_own_writes_the_page(site: World, folder: Path) -> None:
    server = Server(database=site.db.path)
    export = Export(folder / "page", MINUTE)
    one = {"job": site.service.config.monitors["job"]}
    assert Child().write(replace(site.service.config, server=server, export=export, monitors=one)) is None
    assert (folder / "page/index.html").exists()
    (folder / "full").write_text("no folder")
    said = Child().write(replace(site.service.config, server=server, export=Export(folder / "full", MINUTE)))
    assert said == f"{folder / 'full'}: File exists"
