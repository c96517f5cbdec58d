"""A pair for TLS is judged when the file is read: with place, with words, and without its secrets."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
from conftest import World
from conftest import config as configured
from pairs import Authority, end_of, openssl
from past import NOW
from served import Call
from test_ahead import ask, scope

from kener_py import config, web
from kener_py.config import certificates
from kener_py.model import DAY, Site

PASSWORD = "password-of-the-key-0123456789"
YAML = """\
server:
  tls_cert: cert.pem
  tls_key: key.pem
monitors: []
"""


@cache
def authority() -> Authority:
    return Authority()


def pair(folder: Path, days: int = 30) -> None:
    authority().write_pair(folder, days)


def load(folder: Path, text: str = YAML, at: int | None = None, env: Mapping[str, str] = {}) -> config.Config:
    (folder / "config.yaml").write_text(text)
    return config.load(folder / "config.yaml", env, at=at)


def problems(folder: Path, text: str = YAML, env: Mapping[str, str] = {}) -> list[str]:
    with pytest.raises(config.ConfigError) as error:
        load(folder, text, env=env)
    return [str(each).replace(f"{folder}/", "") for each in error.value.problems]


def test_a_good_pair_is_taken_and_watched(tmp_path: Path) -> None:
    pair(tmp_path)
    loaded = load(tmp_path, at=NOW)
    assert loaded.server.tls is not None
    assert (loaded.server.tls.cert, loaded.server.tls.key) == (tmp_path / "cert.pem", tmp_path / "key.pem")
    assert {tmp_path / "cert.pem", tmp_path / "key.pem"} < set(loaded.files)
    assert not [each for each in loaded.warnings if "tls" in each]


def test_another_content_is_another_version(tmp_path: Path) -> None:
    pair(tmp_path)
    first, again = load(tmp_path).server.tls, load(tmp_path).server.tls
    pair(tmp_path)
    assert first == again != load(tmp_path).server.tls


def test_one_without_the_other_is_refused_with_its_place(tmp_path: Path) -> None:
    pair(tmp_path)
    alone = "server:\n  {}: {}\nmonitors: []\n"
    assert problems(tmp_path, alone.format("tls_cert", "cert.pem")) == [
        "config.yaml:2:13: server.tls_cert: needs tls_key beside it"
    ]
    assert problems(tmp_path, alone.format("tls_key", "key.pem")) == [
        "config.yaml:2:12: server.tls_key: needs tls_cert beside it"
    ]
    assert problems(tmp_path, alone.format("tls_key_password", PASSWORD)) == [
        "config.yaml:2:21: server.tls_key_password: needs tls_key beside it"
    ]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert problems(tmp_path) == [
        "config.yaml:2:13: server.tls_cert: the file cert.pem cannot be read: No such file or directory",
        "config.yaml:3:12: server.tls_key: the file key.pem cannot be read: No such file or directory",
    ]


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    pair(tmp_path)
    kept = (tmp_path / "cert.pem").read_bytes()
    pair(tmp_path)
    (tmp_path / "cert.pem").write_bytes(kept)
    assert problems(tmp_path) == [
        "config.yaml:3:12: server.tls_key: key.pem is not the key of the certificate in cert.pem"
    ]


@pytest.mark.parametrize("content", [b"", b"no PEM", b"\0" * 100])
def test_what_is_no_certificate_and_no_key_is_told_apart(tmp_path: Path, content: bytes) -> None:
    pair(tmp_path)
    (tmp_path / "key.pem").write_bytes(content)
    assert "server.tls_key: key.pem holds no private key" in problems(tmp_path)[0]
    pair(tmp_path)
    (tmp_path / "cert.pem").write_bytes(content)
    assert "server.tls_cert: cert.pem holds no certificate" in problems(tmp_path)[0]


def test_what_only_looks_like_a_pair_is_refused(tmp_path: Path) -> None:
    pair(tmp_path)
    for name in ("cert.pem", "key.pem"):
        kept = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(kept[:100] + kept[160:])
        assert "cannot be used" in problems(tmp_path)[0]
        (tmp_path / name).write_bytes(kept)


def encrypted(folder: Path) -> None:
    pair(folder)
    key, out = folder / "key.pem", folder / "encrypted"
    openssl("pkcs8", "-topk8", "-in", key, "-passout", f"pass:{PASSWORD}", "-out", out)
    out.replace(key)


def test_an_encrypted_key_wants_its_password_which_nobody_is_told(tmp_path: Path) -> None:
    encrypted(tmp_path)
    assert "is encrypted; give tls_key_password" in problems(tmp_path)[0]
    with_password = YAML.replace("monitors", "  tls_key_password: ${WORD}\nmonitors")
    found = problems(tmp_path, with_password, {"WORD": f"{PASSWORD}-wrong"})
    assert "key.pem cannot be read with this password" in found[0]
    assert PASSWORD not in "".join(found)
    loaded = load(tmp_path, with_password, env={"WORD": PASSWORD})
    assert loaded.server.tls is not None
    assert loaded.server.tls.password == PASSWORD
    assert PASSWORD not in repr(loaded)


def test_a_name_from_outside_is_not_repeated(tmp_path: Path) -> None:
    text = YAML.replace("key.pem", "${KEY_FILE}")
    pair(tmp_path)
    found = problems(tmp_path, text, {"KEY_FILE": "hush-7.pem"})
    assert "that ${…} names" in found[0]
    assert "hush" not in found[0]


@pytest.mark.parametrize(
    ("before", "warning"),
    [
        (8 * DAY, None),
        (7 * DAY, "expires soon"),
        (1, "expires soon"),
        (0, "has expired"),
    ],
)
def test_an_end_that_is_near_is_told_and_refuses_nothing(
    tmp_path: Path, before: int, warning: str | None
) -> None:
    pair(tmp_path)
    end = end_of(tmp_path / "cert.pem")
    loaded = load(tmp_path, at=int(end.timestamp() * 1000) - before)
    told = [each.replace(f"{tmp_path}/", "") for each in loaded.warnings if "tls" in each]
    words = f"it is valid until {end:%Y-%m-%d %H:%M} UTC"
    expected = f"config.yaml:2:13: server.tls_cert: the certificate {warning}: {words}"
    assert told == ([expected] if warning else [])


@pytest.mark.parametrize("days", [1, 365, 36_500])  # from 2050 on the date has another form
def test_the_end_is_what_the_certificate_says(tmp_path: Path, days: int) -> None:
    pair(tmp_path, days)
    assert certificates.expires((tmp_path / "cert.pem").read_bytes()) == end_of(tmp_path / "cert.pem")


@pytest.mark.parametrize("size", [0, 40, 100, 200, 400])
def test_what_is_cut_off_says_no_end_and_raises_nothing(tmp_path: Path, size: int) -> None:
    pair(tmp_path)
    whole = (tmp_path / "cert.pem").read_bytes()
    certificates.expires(whole[:size])
    certificates.expires(whole[:size] + b"\n-----END CERTIFICATE-----\n")


@pytest.mark.parametrize(
    ("url", "scheme", "is_strict"),
    [
        ("https://status.example.org", "https", True),
        ("https://status.example.org:443/status", "https", True),
        ("https://status.example.org:8443", "https", False),
        ("http://status.example.org", "https", False),
        ("", "https", False),
        ("https://status.example.org", "http", False),
    ],
)
def test_browsers_are_held_to_https_only_where_the_host_is_one_of_it(
    world: World, url: str, scheme: str, is_strict: bool
) -> None:
    world.service.reload(configured(site=Site(url=url)))
    site = web.serving(world.service)
    for path in ("/", "/livez", "/heartbeat/job:wrong", "/nothing", "/static/style.css"):
        _, headers, _ = ask(site, scope(path=path, scheme=scheme), Call([]))
        assert ("Strict-Transport-Security" in headers) == is_strict
    site.close()
