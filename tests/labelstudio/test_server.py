"""The embedded server: private, found again, and stopped only by its own command."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import resource
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sayso.errors import ConflictError, DiskError, InputError
from sayso.labelstudio import accounts, database_template, server
from sayso.settings import Checkout
from tests.command_line import restore_sigint
from tests.conftest import LabelStudioServer, stop_server_after

pytestmark = pytest.mark.server

SAYSO = (sys.executable, "-m", "sayso")


@pytest.fixture
def fresh(checkout: Checkout) -> Iterator[Checkout]:
    """A checkout whose server, if a test starts one, is stopped after it."""
    with stop_server_after(checkout):
        yield checkout


def run_studio(checkout: Checkout, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a `sayso studio` command to its end."""
    command = [*SAYSO, "--root", str(checkout.root), "studio", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def start_until(checkout: Checkout, until: str) -> subprocess.Popen[bytes]:
    """Start `sayso studio up` and return once the file has appeared."""
    command = [*SAYSO, "--root", str(checkout.root), "studio", "up", "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, preexec_fn=restore_sigint)
    while not (server.server_folder(checkout) / until).exists():
        assert process.poll() is None
        time.sleep(0.001)
    return process


def list_processes(checkout: Checkout) -> list[int]:
    """Return the processes with the server's folder in their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if (
                entry.name.isdigit()
                and str(server.server_folder(checkout)).encode() in (entry / "cmdline").read_bytes()
            ):
                found.append(int(entry.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def open_http_client(found: server.RunningServer) -> httpx.Client:
    return httpx.Client(
        base_url=found.url, headers={"Authorization": f"Token {found.token}"}, timeout=60
    )


@contextlib.contextmanager
def sign_in(url: str, email: str, password: str) -> Iterator[httpx.Client]:
    """Open a session by the login page."""
    with httpx.Client(base_url=url, headers={"Origin": url}, timeout=60) as browser:
        browser.get("/user/login/")
        form = {"email": email, "password": password, **form_token(browser)}
        assert browser.post("/user/login/", data=form).status_code == 302
        yield browser


def form_token(browser: httpx.Client) -> dict[str, str]:
    """Return the hidden field of Django's forms."""
    (token,) = (browser.cookies[name] for name in browser.cookies if name.startswith("sayso_csrf_"))
    return {"csrfmiddlewaretoken": token}


def test_it_listens_on_this_machine_only(labelstudio: LabelStudioServer) -> None:
    port = int(labelstudio.url.rpartition(":")[2])
    lines = [
        *Path("/proc/net/tcp").read_text().splitlines(),
        *Path("/proc/net/tcp6").read_text().splitlines(),
    ]
    listening = [fields[1] for fields in map(str.split, lines) if fields[3] == "0A"]
    assert [place for place in listening if place.endswith(f":{port:04X}")] == [
        f"0100007F:{port:04X}"
    ]


def test_only_the_owner_can_read_what_it_keeps(labelstudio: LabelStudioServer) -> None:
    folder = server.server_folder(labelstudio.checkout)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in ("secrets.json", "server.json", "server.log"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600, name


def test_secrets_are_neither_logged_nor_in_a_command_line_nor_shown_by_repr(
    labelstudio: LabelStudioServer,
) -> None:
    lead = server.lead_credentials(labelstudio.checkout)
    httpx.get(f"{labelstudio.url}/api/projects", headers={"Authorization": f"Token {lead.token}x"})
    log = (server.server_folder(labelstudio.checkout) / "server.log").read_text()
    shown = subprocess.run(
        ["ps", "-eww", "-o", "args"], capture_output=True, text=True, check=True
    ).stdout
    for secret in (lead.password, lead.token, lead.key):
        for place in (
            log,
            shown,
            repr(lead),
            repr(labelstudio.server),
            run_studio(labelstudio.checkout, "status").stdout,
        ):
            assert secret not in place


def test_the_status_tells_the_login_when_it_is_asked_to(labelstudio: LabelStudioServer) -> None:
    told = json.loads(run_studio(labelstudio.checkout, "status", "--credentials", "--json").stdout)
    assert (told["state"], told["url"], told["token"]) == ("up", labelstudio.url, labelstudio.token)
    with sign_in(labelstudio.url, told["email"], told["password"]) as browser:
        assert browser.get("/api/current-user/whoami").json()["email"] == told["email"]


def test_nobody_signs_up_without_an_invitation(labelstudio: LabelStudioServer) -> None:
    form = {"email": "stranger@sayso.localhost", "password": "a stranger's password"}
    for page in ("/user/signup/", "/user/signup/?token=guessed"):
        with httpx.Client(base_url=labelstudio.url) as browser:
            browser.get(page)
            refused = browser.post(
                page, data=form | form_token(browser), headers={"Origin": labelstudio.url}
            )
            assert refused.status_code == 403
            assert "another address" not in refused.text


def test_the_invitation_lets_an_annotator_in(labelstudio: LabelStudioServer) -> None:
    token = labelstudio.annotator_token("reader@sayso.localhost")
    me = httpx.get(
        f"{labelstudio.url}/api/current-user/whoami", headers={"Authorization": f"Token {token}"}
    ).json()
    assert me["email"] == "reader@sayso.localhost"
    assert run_studio(
        labelstudio.checkout, "invite"
    ).stdout.strip() == accounts.fetch_invitation_link(labelstudio.server)


@pytest.mark.parametrize(
    ("email", "password"),
    [("reader@sayso.localhost", "long enough"), ("new@sayso.localhost", "short")],
)
def test_an_account_that_cannot_be_made_is_refused(
    labelstudio: LabelStudioServer, email: str, password: str
) -> None:
    labelstudio.annotator_token("reader@sayso.localhost")
    with pytest.raises(InputError, match=f"{email}: Label Studio refuses this address or password"):
        accounts.create_account(labelstudio.server, email, password)


def test_other_sites_get_nothing(labelstudio: LabelStudioServer) -> None:
    foreign = {"Origin": "https://example.org"}
    assert (
        "access-control-allow-origin"
        not in httpx.get(f"{labelstudio.url}/health", headers=foreign).headers
    )


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
@pytest.mark.parametrize("path", ["/health", "/user/login/", "/api/projects/", "/static/a.js"])
def test_a_name_that_is_not_ours_is_refused(
    labelstudio: LabelStudioServer, method: str, path: str
) -> None:
    """A name of somebody else can lead here, and be what its pages send as their origin."""
    host = f"example.org:{labelstudio.url.rpartition(':')[2]}"
    headers = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    assert httpx.request(method, labelstudio.url + path, headers=headers).status_code == 400


def test_two_servers_of_one_machine_do_not_share_cookies(labelstudio: LabelStudioServer) -> None:
    with httpx.Client(base_url=labelstudio.url) as browser:
        browser.get("/user/login/")
        key = server.lead_credentials(labelstudio.checkout).key
        own = hashlib.sha256(key.encode()).hexdigest()[:12]
        assert sorted(browser.cookies) == [f"sayso_csrf_{own}", f"sayso_session_{own}"]


def test_a_session_without_an_own_page_writes_nothing(labelstudio: LabelStudioServer) -> None:
    lead = server.lead_credentials(labelstudio.checkout)
    with sign_in(labelstudio.url, lead.email, lead.password) as browser:
        del browser.headers["Origin"]
        for headers in (
            {},
            {"Origin": "null"},
            {"Origin": f"{labelstudio.url}0"},
            {"Referer": "http://127.0.0.1/"},
            {"Sec-Fetch-Site": "same-site", "Origin": labelstudio.url},
        ):
            answer = browser.post("/api/projects/", data={"title": "Forged"}, headers=headers)
            assert answer.status_code in (401, 403), headers
        forged = browser.post("/admin/logout/", headers={"Origin": labelstudio.url})
        assert (forged.status_code, "CSRF" in forged.text) == (403, True)
        own = {"Referer": f"{labelstudio.url}/projects/"}
        made = browser.post("/api/projects/", data={"title": "Our own"}, headers=own)
        assert made.status_code == 201
        browser.delete(f"/api/projects/{made.json()['id']}/", headers=own).raise_for_status()
        unknown_token = {"Authorization": "Bearer none"}
        assert browser.post("/api/projects/", headers=unknown_token).status_code == 401


def test_it_reports_to_nobody(labelstudio: LabelStudioServer) -> None:
    """Run with the environment of the server's process, the reporting client has no address."""
    pid = server.read_status(labelstudio.checkout).pid
    pairs = Path(f"/proc/{pid}/environ").read_text().split("\0")
    environment = dict(pair.split("=", 1) for pair in pairs if pair)
    look = (
        "import os; os.environ['SECRET_KEY'] = 'none';"
        "from sayso.labelstudio import wsgi; wsgi.load(); import sentry_sdk;"
        "from django.conf import settings;"
        "print(sentry_sdk.get_client().is_active(), settings.COLLECT_ANALYTICS,"
        " settings.LATEST_VERSION_CHECK, repr(settings.FRONTEND_SENTRY_DSN))"
    )
    found = subprocess.run(
        [sys.executable, "-c", look], env=environment, capture_output=True, text=True, check=True
    )
    assert found.stdout.splitlines()[-1] == "False False False ''"


def test_the_page_and_what_it_loads_are_served(labelstudio: LabelStudioServer) -> None:
    lead = server.lead_credentials(labelstudio.checkout)
    with sign_in(labelstudio.url, lead.email, lead.password) as browser:
        page = browser.get("/projects/").text
        addresses = re.findall(r'(?:href|src)="([^"?]+\.(?:css|js))', page)
        assert any(address.endswith(".js") for address in addresses)
        for (
            address
        ) in addresses:  # from the page's own origin, by whatever name the browser knows it
            assert address.startswith("/"), address
            assert browser.get(address).status_code == 200, address


def test_a_second_up_finds_the_first(labelstudio: LabelStudioServer) -> None:
    before = list_processes(labelstudio.checkout)
    again = run_studio(labelstudio.checkout, "up", "--json")
    assert (again.returncode, json.loads(again.stdout)["started"]) == (0, False)
    assert f"already up at {labelstudio.url}" in again.stderr
    assert list_processes(labelstudio.checkout) == before


def test_open_hands_the_address_to_the_browser(
    labelstudio: LabelStudioServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {tmp_path}/shown\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(browser))
    assert run_studio(labelstudio.checkout, "open").stdout.strip() == labelstudio.url
    assert (tmp_path / "shown").read_text() == labelstudio.url


def test_requests_do_not_fill_the_log(labelstudio: LabelStudioServer) -> None:
    log = server.server_folder(labelstudio.checkout) / "server.log"
    before = log.stat().st_size
    with open_http_client(labelstudio.server) as client:
        for page in ("/health", "/api/projects", "/api/projects/999999", "/nothing-here"):
            client.get(page)
            httpx.get(labelstudio.url + page)
    assert log.stat().st_size == before


def test_a_port_that_is_taken_is_named_and_left_alone(
    labelstudio: LabelStudioServer, fresh: Checkout
) -> None:
    port = labelstudio.url.rpartition(":")[2]
    refused = run_studio(fresh, "up", "--port", port)
    assert refused.returncode == ConflictError.exit_code
    assert (
        f"127.0.0.1:{port}: another program uses this port; stop it, or choose another with --port"
        in refused.stderr
    )
    assert (list_processes(fresh), server.read_status(fresh).state) == ([], "down")
    assert server.read_status(labelstudio.checkout).state == "up"


def test_data_outlive_a_restart_and_a_kill(fresh: Checkout) -> None:
    first = server.start(fresh, 0)
    with open_http_client(first) as client:
        made = client.post("/api/projects", json={"title": "kept"}).json()["id"]
    assert [server.stop(fresh), server.stop(fresh)] == [True, False]
    assert list_processes(fresh) == []
    second = server.start(fresh, int(first.url.rpartition(":")[2]))
    assert second == first
    # Its workers live on for a moment, and hold the port.
    os.kill(server.read_status(fresh).pid, signal.SIGKILL)
    assert server.start(fresh, int(first.url.rpartition(":")[2])) == first
    with open_http_client(first) as client:
        assert client.get(f"/api/projects/{made}").json()["title"] == "kept"


@pytest.mark.parametrize("until", ["secrets.json", "data/label_studio.sqlite3", "server.json"])
def test_up_killed_anywhere_is_made_good_by_the_next(fresh: Checkout, until: str) -> None:
    killed = start_until(fresh, until)
    killed.kill()
    killed.wait()
    left = server.read_status(fresh).pid
    found = server.start(fresh, 0)
    with open_http_client(found) as client:
        assert client.get("/api/projects").status_code == 200
    now = server.read_status(fresh).pid
    assert left in (0, now)
    assert {os.getpgid(pid) for pid in list_processes(fresh)} == {now}


def test_an_interrupted_up_leaves_no_process(fresh: Checkout) -> None:
    interrupted = start_until(fresh, "server.json")
    interrupted.send_signal(signal.SIGINT)
    assert interrupted.wait() == 130
    assert list_processes(fresh) == []


def test_down_spares_a_process_that_only_has_the_number(fresh: Checkout) -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as bystander:
        noted = {
            "process": {"pid": bystander.pid, "started": "long ago", "mark": "sleep"},
            "port": 1,
            "version": "",
        }
        server.server_folder(fresh).mkdir(parents=True)
        (server.server_folder(fresh) / "server.json").write_text(json.dumps(noted))
        assert server.stop(fresh) is False
        assert bystander.poll() is None
        bystander.kill()


def test_without_a_server_commands_say_how_to_get_one(fresh: Checkout) -> None:
    for words in (("open",), ("invite",)):
        told = run_studio(fresh, *words)
        assert (told.returncode, told.stdout) == (8, "")
        assert "the embedded Label Studio is not running; run `sayso studio up`" in told.stderr
    assert json.loads(run_studio(fresh, "status", "--json").stdout)["state"] == "down"
    assert (
        "run `sayso studio up`, which makes them"
        in run_studio(fresh, "status", "--credentials").stderr
    )
    assert "nothing to do" in run_studio(fresh, "down").stderr
    assert not server.server_folder(fresh).exists()


def test_a_damaged_database_is_said_to_be_one(fresh: Checkout) -> None:
    database = server.server_folder(fresh) / "data" / database_template.DATABASE_NAME
    database_template.restore_database(database)
    database.write_bytes(b"not a database" * 1000)
    with pytest.raises(
        InputError, match="the database is damaged: file is not a database; restore it from a"
    ):
        server.start(fresh, 0)
    assert list_processes(fresh) == []


def test_a_data_folder_that_is_none_is_explained(fresh: Checkout) -> None:
    server.server_folder(fresh).mkdir(parents=True)
    (server.server_folder(fresh) / "data").touch()
    with pytest.raises(DiskError, match="studio/data: File exists"):
        server.start(fresh, 0)


def test_a_full_disk_leaves_no_half_database(fresh: Checkout) -> None:
    limit = 100_000
    full = subprocess.run(
        [*SAYSO, "--root", str(fresh.root), "studio", "up", "--port", "0"],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert full.returncode == DiskError.exit_code
    assert "that the disk has room" in full.stderr
    assert not (server.server_folder(fresh) / "data" / database_template.DATABASE_NAME).exists()
    assert list_processes(fresh) == []


def test_a_server_that_does_not_start_says_why(fresh: Checkout) -> None:
    """A foreign table in place of one of Label Studio's stops the migrations."""
    database = server.server_folder(fresh) / "data" / database_template.DATABASE_NAME
    database.parent.mkdir(parents=True)
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE htx_user (id)")
    connection.close()
    failed = run_studio(fresh, "up", "--port", "0")
    assert failed.returncode == 8
    assert "Label Studio did not start: " in failed.stderr
    assert "server.log tells more" in failed.stderr
    assert list_processes(fresh) == []


def test_the_port_of_a_stranger_is_not_taken_for_ours(fresh: Checkout) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as stranger,
        pytest.raises(ConflictError, match="another program uses this port"),
    ):
        server.start(fresh, stranger.getsockname()[1])


@pytest.mark.slow
def test_the_shipped_database_is_what_the_migrations_make(tmp_path: Path) -> None:
    assert database_template.dump_database(
        database_template.build_migrated_database(tmp_path)
    ) == database_template.DUMP.read_text(encoding="utf-8")


def test_a_database_that_lacks_a_migration_is_migrated_at_start(fresh: Checkout) -> None:
    """Another test runs all migrations, in an empty folder and through the same function."""
    database = server.server_folder(fresh) / "data" / database_template.DATABASE_NAME
    database_template.restore_database(database)
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("DROP TABLE django_session")
        connection.execute("DELETE FROM django_migrations WHERE app = 'sessions'")
        connection.commit()
    with open_http_client(server.start(fresh, 0)) as client:
        assert client.get("/api/projects").status_code == 200
    lead = server.lead_credentials(fresh)
    with sign_in(server.find_url(fresh), lead.email, lead.password) as browser:
        assert browser.get("/api/current-user/whoami").json()["email"] == lead.email
