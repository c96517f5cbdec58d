"""What a call says of itself: no body loses a heartbeat, and no report of trouble is read as UP."""

import gc
import io
import json
import sqlite3
import string
import tracemalloc

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kener_py.model import Status
from kener_py.web import body

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"
MARKER = 100  # bytes that the note about a cut may take beyond what is kept

SQLITE = sqlite3.connect(":memory:")
SQLITE.execute("create table kept (text text not null) strict")


def understand(raw: bytes, content_type: str = "", query: dict[str, str] | None = None) -> body.Report:
    return body.understand(body.read(io.BytesIO(raw), len(raw)), content_type, query or {})


def multipart(*parts: tuple[str, str], boundary: str = "x") -> bytes:
    lines = [
        f"--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n{text}\r\n" for head, text in parts
    ]
    return "".join([*lines, f"--{boundary}--\r\n"]).encode()


def assert_can_be_kept(report: body.Report) -> None:
    """Everything that comes out can be stored, sent and printed."""
    assert len(report.message.encode()) <= body.KEPT + MARKER
    for text in (report.message, *report.warnings, *(name for name, _ in report.metrics)):
        text.encode()
        SQLITE.execute("delete from kept")
        SQLITE.execute("insert into kept values (?)", [text])
        assert SQLITE.execute("select text from kept").fetchone()[0] == text
    json.loads(json.dumps(dict(report.metrics), allow_nan=False))
    assert len(report.metrics) <= 100


# ---- laws ------------------------------------------------------------------------------------

SNIPPETS = st.sampled_from(
    [
        b'{"status":',
        b'"down"',
        b'"message":"',
        b'"metrics":{"n":1}',
        b"status=down",
        b"&message=",
        b"--x\r\n",
        b'Content-Disposition: form-data; name="status"\r\n\r\n',
        b"--x--",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\0",
        b"\\ud800",
        b"[[[[",
        b"9" * 500,
        b"NaN",
        b"-Infinity",
        b"}",
        b"%ff%00",
        b"\r\n",
    ]
)
BODIES = st.binary(max_size=300) | st.lists(SNIPPETS | st.binary(max_size=9), max_size=12).map(b"".join)
TYPES = st.text(max_size=60) | st.sampled_from(
    [
        "",
        FORM,
        MULTIPART,
        "multipart/form-data",
        "multipart/form-data; boundary=",
        f"{FORM}; charset=utf-16",
        "application/json; charset=\x00",
        "multipart/form-data; boundary*=utf-8''%ff",
        'multipart/form-data; boundary="x',
        "MULTIPART/FORM-DATA; BOUNDARY=x",
    ]
)
QUERIES = st.dictionaries(
    st.sampled_from(["status", "message", "metrics", "x", ""]), st.text(alphabet=st.characters(), max_size=40)
)


@settings(deadline=None)
@given(BODIES, TYPES, QUERIES)
@example(b'{"message":"\\ud800\\u0000"}', "", {})
@example(b"", "", {"message": "\ud800\0", "metrics": "9" * 10_000})
@example(b'{"metrics":{"\\ud800":1,"\\u0000":2}}', "", {})
def test_whatever_arrives_is_understood_or_names_an_unknown_status(raw, content_type, query):
    try:
        report = understand(raw, content_type, query)
    except body.UnknownStatus as unknown:
        str(unknown).encode()
        return
    assert_can_be_kept(report)
    assert report.status in (Status.UP, Status.DOWN, Status.DEGRADED)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(alphabet=st.characters(), max_size=9),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=5), inside, max_size=4),
    max_leaves=8,
)


@settings(deadline=None)
@given(
    fields=st.fixed_dictionaries({}, optional={"status": JSON, "message": JSON, "metrics": JSON, "x": JSON}),
    content_type=TYPES,
)
def test_any_json_object_is_understood_or_names_an_unknown_status(fields, content_type):
    try:
        report = understand(json.dumps(fields).encode(), content_type)
    except body.UnknownStatus:
        assert fields["status"] is not None
        return
    assert_can_be_kept(report)
    if isinstance(fields.get("message"), str):
        assert report.message == body.clean(fields["message"])


@settings(deadline=None)
@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"), max_size=200)
)
def test_text_that_is_no_json_and_no_form_is_the_message(text):
    if text.lstrip().startswith("{"):
        return
    report = understand(text.encode(), "text/plain")
    assert report == body.Report(Status.UP, text, (), ())


@settings(deadline=None)
@given(st.text(alphabet=st.characters(), max_size=50))
def test_cleaned_text_is_text_for_utf8_and_sqlite(text):
    cleaned = body.clean(text)
    cleaned.encode()
    assert "\0" not in cleaned
    assert body.clean(cleaned) == cleaned
    assert len(cleaned) == len(text)


# ---- a JSON object ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content_type",
    ["", "application/json", FORM, "text/plain", MULTIPART, "application/octet-stream", "nonsense", "é;;=;"],
)
def test_a_json_object_is_read_whatever_the_content_type(content_type):
    raw = b'{"status": "Down", "message": "disk full", "metrics": {"rows": 3, "s": 0.5}}'
    assert understand(raw, content_type) == body.Report(
        Status.DOWN, "disk full", (("rows", 3.0), ("s", 0.5)), ()
    )


@pytest.mark.parametrize(
    ("word", "status"),
    [("up", Status.UP), ("DOWN", Status.DOWN), (" Degraded\n", Status.DEGRADED), ("Up", Status.UP)],
)
def test_the_three_words_are_known_in_any_case(word, status):
    assert understand(json.dumps({"status": word}).encode()).status is status
    assert understand(b"", "", {"status": word}).status is status


@pytest.mark.parametrize(
    "value", ["ok", "", "0", 0, 1, True, False, ["down"], {"down": 1}, "up down", "dówn", "x" * 5_000, "\0"]
)
def test_a_status_that_is_none_of_the_three_words_is_refused(value):
    with pytest.raises(body.UnknownStatus, match="use up, degraded or down; nothing was recorded") as caught:
        understand(json.dumps({"status": value, "message": "x"}).encode())
    assert len(str(caught.value)) < 150
    assert "\0" not in str(caught.value)


@pytest.mark.parametrize("where", ["query", "form", "multipart"])
def test_an_unknown_status_is_refused_wherever_it_stands(where):
    raw, kind, query = {
        "query": (b"hello", "", {"status": "broken"}),
        "form": (b"status=broken", FORM, {}),
        "multipart": (multipart(('name="status"', "broken")), MULTIPART, {}),
    }[where]
    with pytest.raises(body.UnknownStatus, match="'broken'"):
        understand(raw, kind, query)


def test_a_null_is_a_field_that_was_not_given():
    raw = b'{"status": null, "message": null, "metrics": null}'
    assert understand(raw) == body.Report(Status.UP, "", (), ())
    assert understand(raw, "", {"status": "down", "message": "q"}).status is Status.DOWN


@pytest.mark.parametrize("raw", [b"[1, 2]", b'"down"', b"7", b"null", b"true", b'["status", "down"]'])
def test_json_that_is_no_object_is_the_message(raw):
    assert understand(raw, "application/json") == body.Report(Status.UP, raw.decode(), (), ())


@pytest.mark.parametrize(
    "raw", [b'{"status": "down"', b"{}}", b"{status: down}", b'{"status":"down",}', b"{"]
)
def test_broken_json_is_the_message_and_the_answer_says_so(raw):
    report = understand(raw, "application/json")
    assert (report.status, report.message) == (Status.UP, raw.decode())
    assert report.warnings == ("the body is not valid JSON; it was kept as the message",)


@pytest.mark.parametrize("raw", [b"\xef\xbb\xbf" + b'{"status":"down"}', b'\r\n\t {"status":"down"}\n'])
def test_json_may_have_a_byte_order_mark_or_blanks_around_it(raw):
    assert understand(raw) == body.Report(Status.DOWN, "", (), ())


def test_an_unknown_field_is_left_out_with_a_warning():
    report = understand(b'{"status":"down","host":"web1","Message":"x"}')
    assert (report.status, report.message) == (Status.DOWN, "")
    assert report.warnings == ("unknown fields were left out: Message, host",)


def test_many_unknown_fields_make_one_short_warning():
    report = understand(json.dumps({"x" * 500 + str(n): n for n in range(5_000)}).encode())
    assert len(report.warnings) == 1
    assert len(report.warnings[0]) < 2_000


@pytest.mark.parametrize(
    ("value", "text"),
    [(5, "5"), (["a", "ü"], '["a", "ü"]'), ({"a": 1}, '{"a": 1}'), (True, "true"), (1.5, "1.5"), ("", "")],
)
def test_a_message_that_is_no_text_is_kept_as_json(value, text):
    assert understand(json.dumps({"message": value}).encode()).message == text


@pytest.mark.parametrize("field", ["message", "status", "metrics", "x"])
@pytest.mark.parametrize("depth", [10, 500, *range(960, 1000, 3), 100_000])
def test_deep_json_is_no_way_to_break_us(field, depth):
    for opened, closed in ((b"[", b"]"), (b'{"a":', b"}")):
        raw = b'{"%s":' % field.encode() + opened * depth + b"1" + closed * depth + b"}"
        try:
            assert_can_be_kept(understand(raw))
        except body.UnknownStatus:
            assert field == "status"


@pytest.mark.parametrize("number", ["9" * 400, "9" * 10_000, "1e999", "NaN", "-Infinity"])
def test_a_number_that_is_too_large_is_no_reason_to_lose_the_beat(number):
    report = understand(b'{"metrics": {"n": %s}}' % number.encode())
    assert report.status is Status.UP
    assert report.metrics == ()
    assert report.warnings


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b'{"status":"down","metrics":{"n":' + b"9" * 10_000 + b"}}", ""),
        (b'{"status":"down","message":"line 1\nline 2\ttab"}', "line 1\nline 2\ttab"),
        ('{"status":"down","message":"für"}'.encode("latin-1"), "f\N{REPLACEMENT CHARACTER}r"),
        (b'{"status":"down","message":"\xff"}', "\N{REPLACEMENT CHARACTER}"),
        ('{"status":"down","message":"für"}'.encode("utf-16"), "für"),
    ],
    ids=["huge number", "bare line breaks", "Latin-1", "broken UTF-8", "UTF-16"],
)
def test_a_report_of_trouble_in_json_that_is_almost_right_is_not_read_as_up(raw, message):
    report = understand(raw, "application/json")
    assert (report.status, report.message) == (Status.DOWN, message)


# ---- metrics ---------------------------------------------------------------------------------


def test_metrics_are_numbers_by_name_in_their_order():
    report = understand(b'{"metrics":{"b":1,"a":-2.5,"c":"3.5","\\u00fc":1e10}}')
    assert report.metrics == (("b", 1.0), ("a", -2.5), ("c", 3.5), ("ü", 1e10))
    assert report.warnings == ()


@pytest.mark.parametrize("value", [None, True, "fast", "", [1], {"n": 1}, "NaN", "1e999"])
def test_a_metric_that_is_no_number_is_left_out_with_a_warning(value):
    report = understand(json.dumps({"metrics": {"good": 1, "bad": value}}).encode())
    assert report.metrics == (("good", 1.0),)
    assert report.warnings == ("metric 'bad' is not a number; it was left out",)


@pytest.mark.parametrize("value", [[1, 2], 5, "rows", "", "[1]", "[" * 50_000, "9" * 10_000, True])
def test_metrics_that_are_no_object_are_left_out_with_a_warning(value):
    for raw, query in ((json.dumps({"metrics": value}).encode(), {}), (b"", {"metrics": str(value)})):
        report = understand(raw, "", query)
        assert report.metrics == ()
        assert report.warnings == ("metrics must be an object of name and number; they were left out",)


def test_metrics_in_a_query_or_a_form_are_json_text():
    text = '{"rows": 3}'
    assert understand(b"", "", {"metrics": text}).metrics == (("rows", 3.0),)
    assert understand(b"metrics=%7B%22rows%22%3A3%7D", FORM).metrics == (("rows", 3.0),)


def test_only_the_first_hundred_metrics_are_kept():
    report = understand(json.dumps({"metrics": {f"m{n}": n for n in range(101)}}).encode())
    assert [name for name, _ in report.metrics] == [f"m{n}" for n in range(100)]
    assert report.warnings == ("only the first 100 metrics were kept",)


def test_the_name_of_a_metric_is_cut():
    report = understand(json.dumps({"metrics": {"n" * 5_000: 1}}).encode())
    assert report.metrics == (("n" * 100, 1.0),)


def test_many_bad_metrics_make_a_short_answer():
    report = understand(json.dumps({"metrics": {f"m{n}": "x" for n in range(20_000)}}).encode())
    assert len("; ".join(report.warnings)) < 2_000


# ---- forms -----------------------------------------------------------------------------------


def test_a_form_has_the_same_fields():
    raw = b"status=degraded&message=100%25+done+%C3%BC&metrics=%7B%22n%22%3A1%7D"
    assert understand(raw, f"{FORM}; charset=utf-8") == body.Report(
        Status.DEGRADED, "100% done ü", (("n", 1.0),), ()
    )


@pytest.mark.parametrize(
    "raw", [b"backup done", b"a=1&b=2", b"exit code = 0", b"50% & more", b"&&&", b"=", b"x" * 1_000]
)
def test_text_that_curl_sends_as_a_form_is_the_message(raw):
    assert understand(raw, FORM) == body.Report(Status.UP, raw.decode(), (), ())


def test_a_field_that_comes_twice_counts_as_it_came_first():
    assert understand(b"status=down&status=up", FORM).status is Status.DOWN


def test_a_form_with_very_many_fields_is_the_message():
    raw = b"&".join(b"f%d=1" % n for n in range(5_000))
    assert understand(raw, FORM).message == raw.decode()


def test_a_multipart_form_has_the_same_fields():
    raw = multipart(('name="status"', "down"), ('name="message"', "größer"), ('name="metrics"', '{"n":1}'))
    assert understand(raw, MULTIPART) == body.Report(Status.DOWN, "größer", (("n", 1.0),), ())


@pytest.mark.parametrize(
    ("raw", "content_type"),
    [
        (multipart(('name="other"', "x")), MULTIPART),
        (multipart(('name="status"', "down")), "multipart/form-data"),
        (multipart(('name="status"', "down")), "multipart/form-data; boundary=y"),
        (b"--x\r\nbroken", MULTIPART),
        (b"hello", MULTIPART),
        (multipart(*(('name="message"', "x") for _ in range(50))), MULTIPART),
    ],
    ids=["other fields", "no boundary", "wrong boundary", "cut", "text", "too many parts"],
)
def test_a_multipart_form_that_cannot_be_read_is_the_message(raw, content_type):
    report = understand(raw, content_type)
    assert (report.status, report.message) == (Status.UP, raw.decode())


@pytest.mark.parametrize(
    ("raw", "content_type"),
    [
        (b"status=down&host=web1", FORM),
        ("status=down&message=für".encode("latin-1"), FORM),
        (b"status=Down&message=%ff&a=1&b=2", FORM),
        (multipart(('name="status"', "down"), ('name="host"', "web1")), MULTIPART),
    ],
    ids=["another field", "Latin-1", "several others", "multipart"],
)
def test_a_report_of_trouble_in_a_form_with_more_in_it_is_not_read_as_up(raw, content_type):
    report = understand(raw, content_type)
    assert report.status is Status.DOWN
    assert report.warnings


def test_a_text_that_is_the_name_of_a_field_is_the_message():
    assert understand(b"status", FORM) == body.Report(Status.UP, "status", (), ())


def test_an_uploaded_file_may_be_the_message():
    raw = multipart(('name="message"; filename="a.log"', "line 1\nline 2"))
    assert understand(raw, MULTIPART) == body.Report(Status.UP, "line 1\nline 2", (), ())


def test_an_uploaded_file_leaves_nothing_open(recwarn):
    raw = multipart(('name="status"', "down"), ('name="log"; filename="a.log"', "x" * 600_000))
    gc.collect()
    recwarn.clear()  # of what other tests left
    assert understand(raw, MULTIPART).status is Status.DOWN
    gc.collect()
    assert not [each for each in recwarn if each.category is ResourceWarning]


# ---- body and query --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "content_type"),
    [
        (b'{"status":"down","message":"body"}', ""),
        (b"status=down&message=body", FORM),
        (multipart(('name="status"', "down"), ('name="message"', "body")), MULTIPART),
    ],
    ids=["json", "form", "multipart"],
)
def test_a_field_of_the_body_wins_over_one_of_the_query(raw, content_type):
    report = understand(raw, content_type, {"status": "up", "message": "query"})
    assert (report.status, report.message) == (Status.DOWN, "body")


def test_fields_that_only_the_query_has_are_kept():
    report = understand(b'{"message":"body"}', "", {"status": "down", "metrics": '{"n":1}', "x": "y"})
    assert report == body.Report(Status.DOWN, "body", (("n", 1.0),), ())


def test_a_body_of_text_is_the_message_and_the_query_has_the_status():
    report = understand(b"out of disk", FORM, {"status": "down", "message": "query"})
    assert (report.status, report.message) == (Status.DOWN, "out of disk")


def test_without_body_the_query_says_it_all():
    report = understand(b"", "", {"status": "degraded", "message": "slow"})
    assert report == body.Report(Status.DEGRADED, "slow", (), ())


def test_a_call_that_says_nothing_says_up():
    assert understand(b"") == body.Report(Status.UP, "", (), ())


# ---- how much is kept ------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, body.KEPT - 1, body.KEPT])
def test_what_fits_is_kept_whole(size):
    assert understand(b"x" * size) == body.Report(Status.UP, "x" * size, (), ())


@pytest.mark.parametrize("size", [body.KEPT + 1, 3_000_000, 4 * 1024 * 1024, 4 * 1024 * 1024 + 1, 9_000_000])
def test_of_what_is_too_long_head_and_tail_are_kept(size):
    raw = b"HEAD" + bytes(string.ascii_letters, "ascii") * (size // 52 + 1)
    raw = raw[: size - 4] + b"TAIL"
    report = understand(raw)
    head, marker, tail = report.message.split("\n")
    assert raw.startswith(head.encode())
    assert raw.endswith(tail.encode())
    assert len(head) + len(tail) > body.KEPT - 200
    missing = size - len(head) - len(tail)
    assert marker == f"[… {missing} bytes …]"
    assert report.warnings == (
        f"the message is too long; its head and tail are kept, {missing} bytes are not",
    )
    assert_can_be_kept(report)


@pytest.mark.parametrize("offset", range(4))
@pytest.mark.parametrize("character", ["ü", "€", "🎉"])
def test_a_cut_leaves_no_half_of_a_character(offset, character):
    report = understand(b"x" * offset + (character * 1_000_000).encode())
    assert_can_be_kept(report)
    assert set(report.message.replace("x", "")) - set(f"\n[… bytes …]{string.digits}") == {character}
    assert len(report.warnings) == 1


def test_a_long_message_inside_json_is_cut_and_its_status_counts():
    raw = json.dumps({"message": "x" * 3_000_000, "status": "down"}).encode()
    report = understand(raw)
    assert report.status is Status.DOWN
    assert_can_be_kept(report)


def test_bytes_that_are_no_text_are_replaced_and_kept():
    report = understand(b"caf\xe9 \x00 \xff")
    assert report.message == "caf\ufffd \ufffd \ufffd"
    assert report.warnings == ("the body is not valid UTF-8; the broken bytes were replaced",)


def test_three_megabytes_of_rubbish_are_bounded():
    assert_can_be_kept(understand(b"\xff\0" * 1_500_000))


# ---- reading ---------------------------------------------------------------------------------


class Broken(io.RawIOBase):
    """A caller that hangs up after its first bytes."""

    def __init__(self, first: bytes) -> None:
        self.first = first

    def read(self, size: int = -1) -> bytes:
        if not self.first:
            raise OSError("connection reset")
        came, self.first = self.first, b""
        return came


def test_what_came_before_the_caller_hung_up_is_kept():
    report = body.understand(body.read(Broken(b"half a sent"), 100), "", {})
    assert report.message == "half a sent"
    assert report.warnings == ("the body ended early; what arrived is kept",)


def test_a_body_shorter_than_it_said_is_kept():
    report = body.understand(body.read(io.BytesIO(b"short"), 100), "", {})
    assert report.message == "short"
    assert report.warnings == ("the body ended early; what arrived is kept",)


@pytest.mark.parametrize("length", [None, 0, 5])
def test_a_body_of_the_length_it_said_or_of_none_is_whole(length):
    assert body.read(io.BytesIO(b"whole"), length) == body.Body(b"whole")


def test_a_body_without_end_is_left_at_some_point():
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1) -> bytes:
            self.given += size
            return b"x" * size

    stream = Endless()
    tracemalloc.start()
    came = body.read(stream, None)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert stream.given <= 65 * 1024 * 1024
    assert peak < 12 * 1024 * 1024
    assert len(came.head) + len(came.tail) + came.left_out == stream.given
