"""Connecting to a server, and every failure of it: one clear line, never with the token."""

from __future__ import annotations

import http.server
import json
import os
import socket
import subprocess
import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from sayso.errors import AuthError, DiskError, InputError, SaysoError, ServerError, UsageError
from sayso.labelstudio import token_address, transport
from sayso.labelstudio.client import LabelStudioClient
from sayso.labelstudio.connection import connect, find_unconfirmed
from sayso.labelstudio.retries import RetryPolicy
from sayso.labelstudio.token_address import GivenToken
from sayso.settings import Checkout, find_checkout
from tests.command_line import run_sayso
from tests.conftest import LabelStudioServer
from tests.http_servers import serve

TOKEN = "0123456789abcdef0123456789abcdef01234567"
HTML = b"<html><body>Please log in to the portal</body></html>"
VERSION = json.dumps({"release": "1.23.2"}).encode()


class FakeServer(http.server.ThreadingHTTPServer):
    """A server that is not Label Studio, or a faulty one."""

    daemon_threads = True

    def __init__(self, answers: dict[str, tuple[int, bytes, dict[str, str]]]) -> None:
        super().__init__(("127.0.0.1", 0), _FakeRequestHandler)
        self.answers = answers
        self.requests: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _FakeRequestHandler(http.server.BaseHTTPRequestHandler):
    server: FakeServer

    def _respond(self) -> None:
        path = self.path.partition("?")[0].strip("/")
        self.server.requests.append(f"{self.command} {path}")
        self.rfile.read(int(self.headers.get("content-length") or 0))
        status, body, headers = self.server.answers.get(path, self.server.answers[""])
        if not status:  # hang up
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PATCH = do_DELETE = _respond

    def log_message(self, *_: Any) -> None:
        pass


def run_fake_server(
    status: int = 200,
    body: bytes = HTML,
    headers: dict[str, str] | None = None,
    **others: tuple[int, bytes],
) -> AbstractContextManager[FakeServer]:
    """Run a server with one response, and ``others`` by path (``__`` for a slash)."""
    answers: dict[str, tuple[int, bytes, dict[str, str]]] = {"": (status, body, headers or {})}
    answers |= {
        path.replace("__", "/"): (code, content, {}) for path, (code, content) in others.items()
    }
    return serve(FakeServer(answers))


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SAYSO_URL", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("SAYSO_TOKEN", TOKEN)


def assert_refused(checkout: Checkout, url: str | None, kind: type[SaysoError], says: str) -> None:
    """Require that connecting fails with one line, which does not hold the token."""
    with pytest.raises(kind) as caught, connect(checkout, url) as client:
        client.fetch_own_account()
    assert says in str(caught.value)
    assert TOKEN not in str(caught.value) and "\n" not in str(caught.value)
    assert caught.value.remedy
    assert caught.value.__cause__ is None


# What answers there is something else.


@pytest.mark.parametrize(
    ("status", "says"),
    [(200, "not a Label Studio server"), (404, "not a Label Studio server (HTTP 404)")],
)
def test_a_page_of_html(checkout: Checkout, status: int, says: str) -> None:
    with run_fake_server(status) as server:
        assert_refused(checkout, server.url, ServerError, f"{server.url}: {says}")


def test_a_proxy_whose_server_is_away(checkout: Checkout) -> None:
    with run_fake_server(502) as server:
        assert_refused(checkout, server.url, ServerError, "HTTP 502")


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b'{"release": null}', b'{"release": {"a": 1}}', b"\xff\xfe", b""]
)
def test_something_else_that_speaks_json(checkout: Checkout, body: bytes) -> None:
    with run_fake_server(200, body) as server:
        assert_refused(checkout, server.url, ServerError, "not a Label Studio server")


@pytest.mark.slow
def test_html_after_a_good_start(checkout: Checkout) -> None:
    with run_fake_server(200, HTML, api__version=(200, VERSION)) as server:
        assert_refused(checkout, server.url, ServerError, "not a Label Studio server")


def test_html_where_a_personal_token_is_renewed(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    personal = jwt.encode({"exp": time.time() + 999, "token_type": "refresh"}, "k" * 32)
    monkeypatch.setenv("SAYSO_TOKEN", personal)
    with run_fake_server(502) as server, pytest.raises(ServerError) as caught:
        connect(checkout, server.url)
    assert "not a Label Studio server" in str(caught.value) and personal not in str(caught.value)


def test_another_address(checkout: Checkout) -> None:
    with run_fake_server(301, b"", {"location": "https://labels.example.org/x"}) as server:
        assert_refused(
            checkout, server.url, ServerError, "the server redirects to https://labels.example.org;"
        )


@pytest.mark.parametrize("release", ["1.22.9", "1.7", "0.9", "nonsense"])
def test_too_old(checkout: Checkout, release: str) -> None:
    with run_fake_server(200, json.dumps({"release": release}).encode()) as server:
        assert_refused(
            checkout, server.url, ServerError, f"Label Studio {release} is older than 1.23"
        )


def test_nothing_listens_there(checkout: Checkout) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert_refused(
            checkout,
            url,
            ServerError,
            f"{url}: cannot connect: Connection refused; run `sayso studio up`",
        )


def test_no_such_host(checkout: Checkout) -> None:
    assert_refused(
        checkout, "http://nowhere.invalid", ServerError, "check SAYSO_URL and the network"
    )


def test_no_answer_in_time(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "READ_TIMEOUT", 0.05)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        assert_refused(
            checkout,
            f"http://127.0.0.1:{silent.getsockname()[1]}",
            ServerError,
            "no response in time",
        )


def test_a_server_that_hangs_up(checkout: Checkout) -> None:
    with run_fake_server(0) as server:
        assert_refused(checkout, server.url, ServerError, "the connection broke")


@pytest.mark.parametrize(
    "url",
    ["localhost:8080", "ftp://x", "http://", "", "   ", "http://me:secret@host", "http://h/?a=b"],
)
def test_what_is_no_address(checkout: Checkout, url: str) -> None:
    assert_refused(checkout, url, UsageError, "http://HOST:PORT")


# What is sent once, and what is asked again.


def test_a_server_is_asked_for_its_release_once(checkout: Checkout) -> None:
    with run_fake_server(200, b"[]", api__version=(200, VERSION)) as server:
        for _ in range(2):
            with connect(checkout, server.url) as client:
                assert client.list_accounts() == []
        assert server.requests == ["GET api/version", "GET api/users", "GET api/users"]


def test_a_known_server_that_is_away_is_told_at_once(checkout: Checkout) -> None:
    with run_fake_server(503, api__version=(200, VERSION)) as server:
        connect(checkout, server.url).__exit__()
        with connect(checkout, server.url) as client, pytest.raises(ServerError, match="HTTP 503"):
            client.list_accounts()
        assert server.requests == ["GET api/version", "GET api/users"]


def test_a_read_is_asked_again_and_a_write_is_not() -> None:
    with (
        run_fake_server(503) as server,
        LabelStudioClient(server.url, TOKEN, RetryPolicy(0.0, (0.0, 0.0))) as client,
    ):
        with pytest.raises(ServerError):
            client.list_accounts()
        with pytest.raises(transport.LostResponse):
            client.import_tasks(1, b"[]")
        assert server.requests == ["GET api/users"] * 3 + ["POST api/projects/1/import"]


def test_what_the_server_refuses_is_told_with_its_reason() -> None:
    reason = json.dumps(
        {"detail": "Validation error", "validation_errors": {"label_config": ["broken"]}}
    ).encode()
    with run_fake_server(400, reason) as server, LabelStudioClient(server.url, TOKEN) as client:
        with pytest.raises(
            InputError, match=r'Label Studio refuses this: \{"label_config": \["broken"\]\}'
        ):
            client.update_project(1, label_config="")
        assert client.validate_interface(1, "") != ""


def test_a_proxy_is_not_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with run_fake_server(200, VERSION) as server, LabelStudioClient(server.url, TOKEN) as client:
        assert client.fetch_release() == "1.23.2"


# Tokens.


@pytest.mark.parametrize("token", [" ", "\n", "abc def", "naïve", "abc\nX-Evil: 1"])
def test_what_is_no_token(checkout: Checkout, monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    monkeypatch.setenv("SAYSO_TOKEN", token)
    with pytest.raises(
        AuthError, match=r"the token is empty|characters that no token has"
    ) as caught:
        connect(checkout, "http://127.0.0.1:9")
    assert not token.strip() or token not in str(caught.value)


def test_an_expired_personal_token(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    expired = jwt.encode({"exp": 1, "token_type": "refresh"}, "k" * 32)
    monkeypatch.setenv("SAYSO_TOKEN", expired)
    with pytest.raises(AuthError, match="API key has expired") as caught:
        connect(checkout, "http://127.0.0.1:9")
    assert expired not in str(caught.value)


def test_no_token_and_no_server(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SAYSO_TOKEN")
    with pytest.raises(UsageError, match="run `sayso studio up`, or set SAYSO_URL"):
        connect(checkout)
    with pytest.raises(AuthError, match="no token for this server; set SAYSO_TOKEN"):
        connect(checkout, "http://127.0.0.1:9")


def test_a_token_file_that_others_can_read(checkout: Checkout, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(TOKEN)
    path.chmod(0o640)
    with pytest.raises(AuthError, match=f"others can read this token; run `chmod 600 {path}`"):
        connect(checkout, "http://127.0.0.1:9", path)
    with pytest.raises(DiskError, match="No such file"):
        connect(checkout, "http://127.0.0.1:9", tmp_path / "nothing")


@pytest.mark.server
@pytest.mark.parametrize("token", [TOKEN, "x"])
def test_a_token_that_the_server_does_not_know(
    labelstudio: LabelStudioServer, checkout: Checkout, token: str
) -> None:
    result = run_sayso(
        checkout.root, "push", "--url", labelstudio.url, environment={"SAYSO_TOKEN": token}
    )
    assert result.returncode == AuthError.exit_code
    assert "Label Studio refuses the token: Invalid token; make a new token" in result.stderr
    assert result.stderr.count("\n") == 1 and TOKEN not in result.stderr


@pytest.mark.server
def test_a_personal_token_with_a_broken_signature(
    labelstudio: LabelStudioServer, checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    forged = jwt.encode({"exp": time.time() + 999, "token_type": "refresh", "jti": "x"}, "k" * 32)
    monkeypatch.setenv("SAYSO_TOKEN", forged)
    with pytest.raises(AuthError, match="Token is invalid") as caught:
        connect(checkout, labelstudio.url)
    assert forged not in str(caught.value)


@pytest.mark.server
@pytest.mark.filterwarnings("ignore:The `parse_obj` method is deprecated")  # the SDK's own
def test_both_kinds_of_token_with_white_space_around(
    labelstudio: LabelStudioServer, checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = labelstudio.annotator_token("tokens@sayso.localhost")
    headers = {"Authorization": f"Token {old}"}
    personal = httpx.post(f"{labelstudio.url}/api/token/", headers=headers, trust_env=False).json()[
        "token"
    ]
    for token in (old, personal):
        monkeypatch.setenv("SAYSO_TOKEN", f" {token}\n")
        with connect(checkout, labelstudio.url) as client:
            assert client.fetch_own_account().email == "tokens@sayso.localhost"


def test_a_legacy_token_where_legacy_tokens_are_off(checkout: Checkout) -> None:
    """On a stand-in: switching them off for real would lock every other test out."""
    detail = (
        "Authentication token no longer valid: "
        "legacy token authentication has been disabled for this organization"
    )
    with run_fake_server(
        401, json.dumps({"detail": detail}).encode(), api__version=(200, VERSION)
    ) as server:
        assert_refused(
            checkout,
            server.url,
            AuthError,
            "switch legacy tokens on in Label Studio under Organization",
        )


@pytest.mark.server
def test_a_page_of_label_studio_instead_of_its_root(
    labelstudio: LabelStudioServer, checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAYSO_TOKEN", labelstudio.token)
    told = r"set SAYSO_URL to its root address|root address of Label Studio itself"
    with (
        pytest.raises(ServerError, match=told),
        connect(checkout, f"{labelstudio.url}/projects") as client,
    ):
        client.fetch_own_account()


# Who is asked: option, environment, settings, the embedded server.


def declare_url(checkout: Checkout, url: str) -> Checkout:
    (checkout.root / "pyproject.toml").write_text(f'[tool.sayso]\nurl = "{url}"\n')
    return find_checkout(checkout.root)


def confirm_declared_url(checkout: Checkout) -> None:
    unconfirmed = find_unconfirmed(checkout)
    assert unconfirmed
    token_address.confirm(*unconfirmed)


@pytest.mark.server
def test_precedence(
    labelstudio: LabelStudioServer, checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SAYSO_TOKEN")
    with connect(labelstudio.checkout) as client:
        assert client.url == labelstudio.url
    with connect(
        labelstudio.checkout, f"{labelstudio.url}/"
    ) as client:  # named, and still ours: its token is known
        assert client.url == labelstudio.url
    declared = declare_url(checkout, "http://127.0.0.1:1")
    monkeypatch.setenv("SAYSO_TOKEN", labelstudio.token)
    confirm_declared_url(declared)
    with pytest.raises(ServerError, match=r"http://127\.0\.0\.1:1:"):
        connect(declared)
    monkeypatch.setenv("SAYSO_URL", labelstudio.url)
    with connect(declared) as client:
        assert client.url == labelstudio.url
    with pytest.raises(ServerError, match=r"http://127\.0\.0\.1:2:"):
        connect(declared, "http://127.0.0.1:2")


def test_a_token_in_pyproject_is_refused(checkout: Checkout) -> None:
    (checkout.root / "pyproject.toml").write_text(f'[tool.sayso]\ntoken = "{TOKEN}"\n')
    result = run_sayso(checkout.root, "status")
    assert result.returncode == InputError.exit_code and TOKEN not in result.stderr


# A clone may name a server, and must not get a token that was given for another one.


def read_version_with(root: Path, *words: str, **environment: str) -> tuple[int, str]:
    done = run_sayso(root, "pull", *words, environment=environment)
    return done.returncode, done.stderr


def test_a_clone_that_names_a_server_does_not_get_the_token(
    checkout: Checkout, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    file.chmod(0o600)
    config = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "SAYSO_PATIENCE": "0"}
    with run_fake_server(200, VERSION) as server:
        declare_url(checkout, server.url)
        for words, given in (((), {"SAYSO_TOKEN": TOKEN}), (("--token-file", str(file)), {})):
            code, says = read_version_with(checkout.root, *words, **given, **config)
            assert code == AuthError.exit_code and server.requests == []
            who = "SAYSO_TOKEN" if given else str(file)
            assert says == (
                f"error: {server.url}: pyproject.toml names {server.url}, and {who} was not given"
                f" for it; if this is your server, set SAYSO_URL={server.url}, or run the command"
                " in a terminal, which asks once\n"
            )
        given = {"SAYSO_TOKEN": TOKEN, "SAYSO_URL": server.url}
        assert read_version_with(checkout.root, **given, **config)[0] != AuthError.exit_code
        assert server.requests


def test_an_address_is_confirmed_once_for_each_token(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with run_fake_server(200, VERSION) as server:
        declared = declare_url(checkout, server.url)
        confirm_declared_url(declared)
        assert find_unconfirmed(declared) is None
        connect(declared).__exit__()
        monkeypatch.setenv("SAYSO_TOKEN", TOKEN[::-1])
        with pytest.raises(AuthError, match="was not given for it"):
            connect(declared)
        confirm_declared_url(declared)
        connect(declared).__exit__()
        declared = declare_url(checkout, f"{server.url}/other")
        with pytest.raises(AuthError, match="was not given for it"):
            connect(declared)
    (path,) = (tmp_path / "config").rglob("confirmed-*")
    assert path.stat().st_mode & 0o777 == 0o600
    assert TOKEN not in path.read_text() and len(path.read_text().splitlines()) == 2


def test_a_token_file_with_the_address_that_it_is_for(checkout: Checkout, tmp_path: Path) -> None:
    file = tmp_path / "token"
    with run_fake_server(200, VERSION) as server:
        file.write_text(f"{TOKEN}\n{server.url}/\n")
        file.chmod(0o600)
        connect(declare_url(checkout, server.url), token_file=file).__exit__()
        with pytest.raises(AuthError, match=f"this token is for {server.url}, and not for"):
            connect(checkout, "http://127.0.0.1:1", file)
        assert repr(GivenToken(TOKEN, "SAYSO_TOKEN")) == "GivenToken from SAYSO_TOKEN"


@pytest.mark.slow
@pytest.mark.parametrize(("answer", "code"), [("y", ServerError.exit_code), ("n", 4)])
def test_in_a_terminal_it_is_asked_for(
    checkout: Checkout, tmp_path: Path, answer: str, code: int
) -> None:
    with run_fake_server(200, b"{}") as server:
        declare_url(checkout, server.url)
        environment = {"SAYSO_TOKEN": TOKEN, "XDG_CONFIG_HOME": str(tmp_path / "config")}
        ours, theirs = os.openpty()
        os.write(ours, f"{answer}\n".encode())
        done = subprocess.run(
            [sys.executable, "-m", "sayso", "--root", str(checkout.root), "pull"],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, **environment},
            check=False,
            timeout=120,
        )
        output = os.read(ours, 1 << 16).decode()
        os.close(ours)
        os.close(theirs)
        asked = f"Send SAYSO_TOKEN to {server.url}, which pyproject.toml of this checkout names?"
        assert asked in output.replace("\r\n", "") and done.returncode == code
        assert bool(server.requests) is (answer == "y")
