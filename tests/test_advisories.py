"""Advisories about pinned versions, as a database on this machine tells them."""

from __future__ import annotations

import contextlib
import http.server
import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import advisories
from tests.conftest import REPOSITORY
from tests.http_servers import serve

pytestmark = pytest.mark.slow

PINNED = """
requests==2.34.2
numpy==2.4.6 ; python_full_version < '3.12'
numpy==2.5.5 ; sys_platform == 'win32'
"""
ADVISORY = {"id": "PYSEC-1", "aliases": ["CVE-1", "GHSA-\x1b[31m"], "affected": []}
Respond = Callable[[dict[str, Any]], tuple[int, bytes]]


@contextlib.contextmanager
def serve_advisories(respond: Respond) -> Iterator[str]:
    """Run a server that responds to OSV's queries, and yield its address."""

    class AdvisoryQuery(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status, body = respond(query)
            self.send_response_only(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)

    with serve(http.server.ThreadingHTTPServer(("127.0.0.1", 0), AdvisoryQuery)) as server:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/query"


def tell_about(*pins: str) -> Respond:
    """Return a database with one advisory about each of these."""

    def respond(query: dict[str, Any]) -> tuple[int, bytes]:
        found = f"{query['package']['name']}=={query['version']}" in pins
        return 200, json.dumps({"vulns": [ADVISORY]} if found else {}).encode()

    return respond


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., int]]:
    """Yield a function that runs the command on a few pins and the rows of accepted advisories."""
    pinned, considered = tmp_path / "pinned.txt", tmp_path / "SECURITY.md"
    pinned.write_text(PINNED)
    monkeypatch.setattr(advisories, "PINNED_FILES", [pinned])
    monkeypatch.setattr(advisories, "CONSIDERED", considered)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with contextlib.ExitStack() as stack:

        def run(respond: Respond, *rows: str, words: tuple[str, ...] = ()) -> int:
            considered.write_text("".join(f"{row}\n" for row in rows))
            url = stack.enter_context(serve_advisories(respond))
            monkeypatch.setenv("PIP_AUDIT_OSV_URL", url)
            return advisories.main([*words])

        yield run


def test_without_advisories_all_is_well(
    ask: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(tell_about()) == 0
    assert capsys.readouterr().out == "advisories: 3 versions checked, 0 accepted, 0 new\n"


def test_a_new_advisory_fails_the_command_and_warns_in_a_build(
    ask: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where only another Python or system has that version, and without its colours."""
    assert ask(tell_about("numpy==2.5.5")) == 1
    said = capsys.readouterr().out
    assert "3 versions checked, 0 accepted, 1 new" in said
    assert "error: numpy==2.5.5: CVE-1 GHSA-\N{REPLACEMENT CHARACTER}[31m PYSEC-1, fixed in" in said
    assert ask(tell_about("numpy==2.5.5"), words=("--warn",)) == 0
    assert "warning: numpy==2.5.5: CVE-1" in capsys.readouterr().out


def test_an_advisory_is_accepted_by_any_name_with_a_reason_and_for_one_version(
    ask: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    told = tell_about("requests==2.34.2")
    assert ask(told, "| `requests==2.34.2` | CVE-1 | We never call it. |") == 0
    assert "3 versions checked, 1 accepted, 0 new\n" in capsys.readouterr().out
    assert ask(told, "| `requests==2.34.2` | CVE-1 |  |") == 1
    assert ask(told, "| `requests==2.34.1` | CVE-1 | We never call it. |") == 1
    assert "CVE-1 is no longer about requests==2.34.1: take it out" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("status", "body", "seconds"),
    [(500, b"{}", 0), (200, b"<html>Please log in</html>", 0), (200, b"{}", 2)],
    ids=["error", "page", "slow"],
)
def test_a_database_that_does_not_tell_is_no_answer(
    status: int,
    body: bytes,
    seconds: int,
    ask: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def respond(_query: dict[str, Any]) -> tuple[int, bytes]:
        time.sleep(seconds)
        return status, body

    monkeypatch.setattr(advisories, "SECONDS_FOR_A_RESPONSE", 1)
    assert ask(respond) == 0
    assert capsys.readouterr().out.startswith("advisories: not checked: ")


def test_without_a_database_nothing_is_checked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("PIP_AUDIT_OSV_URL", f"http://127.0.0.1:{port}/")
    assert advisories.main([]) == 0
    said = capsys.readouterr().out
    assert said.startswith("advisories: not checked: ")
    assert "refused" in said


def test_every_pinned_version_is_asked_about(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what SECURITY.md accepts, as the databases told it when it was written."""
    accepted = advisories.read_accepted()
    assert all(name.startswith(("GHSA-", "CVE-", "PYSEC-")) for _pin, name in accepted)
    asked = set()

    def respond(query: dict[str, Any]) -> tuple[int, bytes]:
        pin = f"{query['package']['name']}=={query['version']}"
        asked.add(pin)
        told = [
            {"id": name, "affected": [{"package": query["package"]}]}
            for known, name in accepted
            if known == pin
        ]
        return 200, json.dumps({"vulns": told} if told else {}).encode()

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serve_advisories(respond) as url:
        monkeypatch.setenv("PIP_AUDIT_OSV_URL", url)
        assert advisories.main([]) == 0
    assert "warning" not in capsys.readouterr().out
    pins = (REPOSITORY / "constraints.txt").read_text("utf-8").splitlines()
    assert asked == {*advisories.read_pins(advisories.PINNED_FILES)}
    assert {line.split(" ")[0] for line in pins if line[0] != "#"} <= asked
