"""The arrows between modules, and who may touch the clock, SQL and each library."""

import ast
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "kener_py"
FILES = sorted(PACKAGE.rglob("*.py"))

CORE = {"model", "status", "alerts", "messages", "diagnosis", "maintenance", "contrast"}
SHELL = {"service", "web", "cli", "demo"}

# Part of the package: the parts that it may import. A part may always import itself.
ARROWS: dict[str, set[str]] = {
    "model": set(),
    "status": {"model"},
    "alerts": {"model", "messages"},
    "messages": {"model"},
    "diagnosis": {"model", "messages"},
    "maintenance": {"model", "status"},
    "contrast": {"model"},
    "config": {"model", "contrast"},
    "running": set(),
    "store": {"model", "running"},
    "notify": set(),
    "webhook": {"model"},
    "glance": set(),
    "service": CORE | {"config", "store"},
    "web": {"model", "running", "store", "service"},
    "demo": CORE | {"config", "store", "service"},
    "cli": CORE
    | {
        "config",
        "store",
        "notify",
        "webhook",
        "glance",
        "service",
        "web",
        "demo",
    },  # cli.report prints with web.api
    "__main__": {"cli"},
    "__init__": set(),
}

# Library: the parts that may import it. What is not in the list may not be imported at all.
LIBRARIES: dict[str, set[str]] = {
    "apprise": {"notify"},
    "click": {"cli"},
    "croniter": {"status", "config"},  # config only asks whether it can read an expression
    "flask": {"web"},
    "granian": {"cli"},
    "brotli": {"web"},
    "icalendar": {"web"},
    "babel": {"web"},
    "jinja2": {"messages", "web"},
    "markdown_it": {"web"},
    "markupsafe": {"web"},
    "prometheus_client": {"web"},
    "pydantic": {"config"},
    "pydantic_core": {"config"},
    "sqlite3": {"store"},
    "sqlite_utils": {"store"},
    "werkzeug": {"web"},
    "yaml": {"config", "glance"},  # glance only looks names up
}

# The core computes; what else the standard library offers is input, output, chance or a clock.
FOR_CORE = {
    "__future__",
    "bisect",
    "collections",
    "dataclasses",
    "datetime",  # its clock is looked for below
    "difflib",
    "enum",
    "functools",
    "heapq",
    "html",
    "itertools",
    "json",
    "math",
    "operator",
    "re",
    "typing",
    "zoneinfo",  # reads the zone's rules, which are facts and not news
}
FOR_MODEL = FOR_CORE | {"pathlib"}  # the name of a file is a value

# Who reads the clock, and what for. Everybody else is told what time it is.
CLOCKS = {
    ("cli/caller.py", "time.monotonic"): "how long it has been tried is a length, not a moment",
    ("cli/run.py", "time.monotonic"): "how long a job took is a length, not a moment",
    ("cli/beside.py", "time.time_ns"): "a command is a program of its own, and dates what is said",
    ("web/metrics.py", "time.perf_counter"): "how long a request took is a length, not a moment",
    ("web/ahead.py", "time.perf_counter"): "how long a request took is a length, not a moment",
    ("web/short.py", "time.perf_counter"): "how long a heartbeat took is a length, not a moment",
    ("web/kept.py", "time.perf_counter"): "how long an answer took is a length, not a moment",
    ("cli/server.py", "time.time_ns"): "the clock that the server hands down",
    ("store/database.py", "time.monotonic"): "how long the writer took is a length, not a moment",
}
CLOCK_READS = {
    "time.time",
    "time.time_ns",
    "time.monotonic",
    "time.monotonic_ns",
    "time.perf_counter",
    "time.perf_counter_ns",
    "time.process_time",
    "time.localtime",
    "time.ctime",
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "datetime.utcfromtimestamp",
}
NEED_AN_ARGUMENT = {"time.gmtime": 1, "time.localtime": 1, "time.strftime": 2}
NEED_A_ZONE = {"datetime.fromtimestamp": 2}

SQL = re.compile(
    r"\s*(select\s.+\bfrom\b|select\s+[\d(?:]|insert\s+(or\s+\w+\s+)?into\b|update\s+\S+\s+set\b|delete\s+from\b"
    r"|pragma\s+\w+|(create|drop|alter)\s+(unique\s+)?(table|index|trigger|view)\b|begin\s+(immediate|exclusive)"
    r"|(commit|rollback|vacuum|savepoint\s+\w+|release\s+\w+)\s*;?\s*$|with\s+\w+\s+as\s*\()",
    re.IGNORECASE | re.DOTALL,
)


def name(file: Path) -> str:
    return file.relative_to(PACKAGE).as_posix()


def part(file: Path) -> str:
    """The module of the layout that a file belongs to."""
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def for_each(files: Iterable[Path]) -> Callable[[Callable[[Path], None]], Callable[[], None]]:
    """One test of all files: as a test of its own, each would take longer in pytest than in itself."""

    def made(check: Callable[[Path], None]) -> Callable[[], None]:
        def test() -> None:
            failures = {}
            for file in files:
                try:
                    check(file)
                except AssertionError as failure:
                    failures[name(file)] = str(failure)
            assert failures == {}

        test.__name__, test.__doc__ = check.__name__, check.__doc__
        return test

    return made


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(), str(file))


def imports(file: Path) -> Iterator[str]:
    """Every module that a file imports at any depth; "kener_py.x" for `from kener_py import x`."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name(file)}:{node.lineno}: a relative import"
            assert node.module is not None
            if node.module == "kener_py":
                yield from (f"kener_py.{alias.name}" for alias in node.names)
            else:
                yield node.module


@cache
def calls(file: Path) -> list[tuple[str, ast.Call]]:
    """Every call by the last two names of what is called: "time.time", "datetime.now", "open"."""
    found = []
    origins: dict[str, str] = {}
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.ImportFrom) and node.module in ("time", "datetime"):
            for alias in node.names:
                prefix = "time." if node.module == "time" else ""
                origins[alias.asname or alias.name] = prefix + alias.name
        elif isinstance(node, ast.Import):
            origins |= {alias.asname: alias.name for alias in node.names if alias.asname}
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Call):
            names = ast.unparse(node.func).split(".")
            names[0] = origins.get(names[0], names[0])
            found.append((".".join(".".join(names).split(".")[-2:]), node))
    return found


def strings(file: Path) -> Iterator[ast.Constant]:
    """Every text of a file but its docstrings."""
    found = tree(file)
    described = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(found)
        if isinstance(node, described) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(found):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node


# ---- the arrows ------------------------------------------------------------------------------


@for_each(FILES)
def test_a_part_imports_only_what_lies_further_in(file):
    allowed = ARROWS[part(file)] | {part(file)}
    ours = {each.split(".")[1] for each in imports(file) if each.startswith("kener_py.")}
    assert ours - {"__version__"} <= allowed


def test_the_arrows_lead_round_no_circle():
    def reached(start: str, seen: frozenset[str] = frozenset()) -> None:
        assert start not in seen, f"{start} imports itself by way of {sorted(seen)}"
        for each in ARROWS[start]:
            reached(each, seen | {start})

    for each in ARROWS:
        reached(each)


def test_every_file_belongs_to_a_part():
    assert {part(file) for file in FILES} == set(ARROWS)


@for_each(FILES)
def test_a_library_is_imported_only_by_the_part_that_owns_it(file):
    for module in imports(file):
        top = module.partition(".")[0]
        if top == "kener_py" or (top in sys.stdlib_module_names and top not in LIBRARIES):
            continue
        assert top in LIBRARIES, f"{top} has no owner"
        assert part(file) in LIBRARIES[top], f"{top} belongs to {sorted(LIBRARIES[top])}"


@pytest.mark.parametrize(
    "file",
    [
        "__init__.py",
        "alerts.py",
        "beside.py",
        "complete.py",
        "database.py",
        "demo.py",
        "explain.py",
        "export.py",
        "incidents.py",
        "maintenances.py",
        "run.py",
    ],
)
def test_the_command_line_imports_heavy_things_only_when_a_command_runs(file):
    """`--help` loads the files that have commands; the others of the part load inside commands."""
    outside = [
        node for node in tree(PACKAGE / "cli" / file).body if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    modules = {
        node.module if isinstance(node, ast.ImportFrom) else alias.name
        for node in outside
        for alias in node.names
    }
    light = {
        "__future__",
        "click",
        "click.shell_completion",
        "collections.abc",
        "contextlib",
        "importlib",
        "json",
        "pathlib",
    }
    light |= {"os", "re", "signal", "sys", "time", "typing"}
    assert modules <= light | {
        "kener_py",
        "kener_py.cli",
        "kener_py.cli.beside",
        "kener_py.cli.complete",
        "kener_py.cli.elsewhere",
        "kener_py.cli.options",
    }


def test_apprise_is_imported_only_where_it_is_used():
    """It takes longer to import than everything else together."""
    inside = [
        node
        for node in tree(PACKAGE / "notify.py").body
        if isinstance(node, ast.Import | ast.ImportFrom) and "apprise" in ast.unparse(node)
    ]
    assert inside == []


# ---- the core --------------------------------------------------------------------------------

CORE_FILES = [file for file in FILES if part(file) in CORE]


@for_each(CORE_FILES)
def test_the_core_imports_nothing_that_reaches_outside(file):
    allowed = FOR_MODEL if part(file) == "model" else FOR_CORE
    found = {each.partition(".")[0] for each in imports(file)} - {"kener_py"}
    assert found - (LIBRARIES.keys()) <= allowed


@for_each(CORE_FILES)
def test_the_core_reads_and_writes_nothing(file):
    forbidden = {"open", "print", "input", "exec", "eval", "__import__", "breakpoint"}
    if name(file) == "model/quick.py":
        forbidden.remove("exec")  # of a constructor that it wrote itself, as `dataclasses` does
    assert {called for called, _ in calls(file)} & forbidden == set()


@for_each(CORE_FILES)
def test_the_nouns_of_the_core_are_frozen(file):
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.ClassDef) and not node.bases:
            made = [ast.unparse(each) for each in node.decorator_list]
            assert made[-1:] == ["dataclass(frozen=True, slots=True)"], node.name
            assert made[:-1] in ([], ["quick"]), node.name  # which keeps it frozen: test_quick.py


# ---- time and SQL ----------------------------------------------------------------------------


@for_each(FILES)
def test_the_clock_is_read_only_where_a_reason_is_given(file):
    for called, node in calls(file):
        given = len(node.args) + len(node.keywords)
        is_read = called in CLOCK_READS or given < NEED_AN_ARGUMENT.get(called, 0)
        if called in NEED_AN_ARGUMENT and given >= NEED_AN_ARGUMENT[called]:
            is_read = False
        assert not is_read or (name(file), called) in CLOCKS, f"line {node.lineno}: {called}"


def test_every_reason_to_read_the_clock_still_holds():
    reads = {(name(file), called) for file in FILES for called, _ in calls(file)}
    assert CLOCKS.keys() <= reads


@for_each(FILES)
def test_no_moment_is_read_in_the_zone_of_the_machine(file):
    for called, node in calls(file):
        given = len(node.args) + len(node.keywords)
        assert given >= NEED_A_ZONE.get(called, 0), f"line {node.lineno}: {called}"
        assert called not in ("time.mktime", "time.tzset"), f"line {node.lineno}: {called}"
        if called.endswith(".astimezone"):
            assert given == 1, f"line {node.lineno}: {called}"


@for_each([file for file in FILES if part(file) != "store"])
def test_sql_is_written_only_in_the_store(file):
    found = [f"line {each.lineno}: {each.value[:60]}" for each in strings(file) if SQL.match(str(each.value))]
    assert found == []


@for_each([file for file in FILES if part(file) != "store"])
def test_a_connection_is_asked_only_by_the_store(file):
    assert {called.rpartition(".")[2] for called, _ in calls(file)} & {
        "execute",
        "executemany",
        "executescript",
        "fetchone",
        "fetchall",
    } == set()


@pytest.mark.parametrize(
    "text",
    [
        "select 1",
        "SELECT * FROM state",
        " select count(*) from x",
        "insert into x values (1)",
        "insert or replace into x",
        "update state set due = 0",
        "delete from x",
        "pragma journal_mode",
        "create table x (a)",
        "create unique index x",
        "begin immediate",
        "commit",
        "rollback",
    ],
)
def test_sql_is_recognised(text):
    assert SQL.match(text)


@pytest.mark.parametrize(
    "text",
    [
        "Select a monitor",
        "update the page",
        "insert",
        "delete it",
        "with care",
        "create one",
        "begin",
        "commitment",
    ],
)
def test_plain_words_are_no_sql(text):
    assert not SQL.match(text)


@for_each([file for file in FILES if part(file) == "store"])
def test_values_reach_sql_only_as_parameters(file):
    """What stands inside a statement is a constant of the module, a table's name or question marks."""
    names = {
        "_ALERT",
        "_OLD_DELIVERIES",
        "_OLD_INCIDENTS",
        "_DELIVERY",
        "_DUE",
        "_FIRST",
        "_INCIDENT",
        "_LINKED",
        "_MAINTENANCE",
        "_STATE",
        "marks",
        "where",
        "table",
    }
    for called, node in calls(file):
        if called.rpartition(".")[2] in ("execute", "executemany", "executescript"):
            assert not isinstance(node.args[0], ast.BinOp) or "%" not in ast.unparse(node.args[0])
            for inside in ast.walk(node.args[0]):
                if isinstance(inside, ast.FormattedValue):
                    source = ast.unparse(inside.value)
                    assert source in names or source.startswith("MIGRATIONS."), f"line {node.lineno}"


# ---- names -----------------------------------------------------------------------------------


@for_each(FILES)
def test_a_module_is_named_after_its_subject(file):
    assert not {"utils", "util", "helpers", "common", "base", "manager", "misc"} & {
        each.removesuffix(".py") for each in file.relative_to(PACKAGE).parts
    }


@for_each([f for f in FILES if f.name != "__main__.py"])
def test_a_module_says_what_its_job_is(file):
    described = ast.get_docstring(tree(file))
    assert described
    assert len(described.splitlines()) <= 6
