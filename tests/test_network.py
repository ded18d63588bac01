"""Proxies and certificates that the environment names: one line says which variable is wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sayso.errors import UsageError
from sayso.network import check_network_variables, open_http_client
from tests.command_line import run_sayso
from tests.conftest import REPOSITORY, new_checkout

VARIABLES = [
    *("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR"),
]
UNUSABLE = [
    ("ALL_PROXY", "socks://proxy.example:1080", "set it to http://HOST:PORT"),
    ("all_proxy", "socks4://user:secret@proxy.example:1080", "set it to http://HOST:PORT"),
    ("ALL_PROXY", "socks5://proxy.example:1080", 'run `pip install "httpx[socks]"`'),
    ("HTTPS_PROXY", "http://proxy.example:port", "set it to http://HOST:PORT"),
    ("NO_PROXY", "localhost,[::1]", "without brackets"),
    ("SSL_CERT_FILE", "{folder}/missing.pem", "No such file"),
    ("SSL_CERT_FILE", "{folder}", "Is a directory"),
    ("SSL_CERT_FILE", "{folder}/empty.pem", "no certificate"),
    ("SSL_CERT_DIR", "{folder}/missing", "No such file"),
    ("SSL_CERT_DIR", "{folder}/empty.pem", "Not a directory"),
]


@pytest.fixture(autouse=True)
def _without_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize(("name", "value", "says"), UNUSABLE)
def test_a_variable_that_cannot_be_used_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    (tmp_path / "empty.pem").touch()
    monkeypatch.setenv(name, value.format(folder=tmp_path))
    with pytest.raises(UsageError, match=f"^{name}: ") as caught:
        open_http_client("https://labels.example")
    assert says in str(caught.value) and "secret" not in str(caught.value)
    with pytest.raises(UsageError, match=f"^{name}: "):
        check_network_variables()
    # No proxy and no certificate is needed for plain HTTP on this machine.
    open_http_client("http://127.0.0.1:8080").close()


@pytest.mark.parametrize(
    ("name", "value"),
    [("HTTPS_PROXY", "proxy.example:3128"), ("NO_PROXY", "::1, .example.org,10.0.0.0/8")],
)
def test_common_values_are_fine(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    open_http_client("https://labels.example").close()


def test_a_command_says_it_in_one_line(tmp_path: Path) -> None:
    environment = {"SAYSO_TOKEN": "t", "ALL_PROXY": "socks://proxy.example:1080"}
    root = new_checkout(tmp_path / "checkout").root
    words = ("status", "--url", "https://labels.example")
    ended = run_sayso(root, *words, environment=environment)
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: ALL_PROXY: ") and ended.stderr.count("\n") == 1


def test_clients_are_opened_in_one_place() -> None:
    opening = re.compile(r"\bhttpx\.(Client|AsyncClient|get|post|request|stream)\(|\burlopen\(")
    package = REPOSITORY / "scripts" / "sayso"
    assert [
        path.name for path in package.rglob("*.py") if opening.search(path.read_text("utf-8"))
    ] == ["network.py"]
