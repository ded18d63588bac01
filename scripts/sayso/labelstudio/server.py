"""The embedded Label Studio: started, found again and stopped. Everything of it lies in ``.sayso/studio/``.

The port is bound here and handed down, so an answer on it can only come from the process that we started. That
process waits until its number is on disk: whoever kills `up` at any moment leaves either nothing behind, or a
server that the next `up` finds.
"""

from __future__ import annotations

import contextlib
import errno
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import metadata, util
from pathlib import Path
from typing import Literal

import msgspec

from sayso.errors import ConflictError, ServerError, UsageError
from sayso.files import convert_os_errors, hold_lock, open_replacement
from sayso.labelstudio import database_template, process
from sayso.labelstudio.credentials import Credentials, make_credentials, read_credentials
from sayso.labelstudio.process import (
    POLL_INTERVAL,
    ProcessIdentity,
    identify_process,
    stop_child_process,
    stop_process,
)
from sayso.settings import Checkout

HOST = "127.0.0.1"
START_TIMEOUT = (
    600.0  # seconds until a start counts as failed: an old database is migrated within them
)
STOP_TIMEOUT = 15.0  # seconds that requests under way get to end
LOG_LIMIT = 5_000_000  # bytes after which the next start begins a new log and keeps one old
_INHERITED_VARIABLES = (
    "PATH",
    "HOME",
    "TMPDIR",
    "TZ",
    "VIRTUAL_ENV",
    "LANG",
    "LC_",
    "LD_",
    "DYLD_",
    "PYTHON",
)


@dataclass(frozen=True)
class RunningServer:
    """A server that runs, and the way in.

    Attributes:
        url: without a slash at the end.
        token: the lead's, for ``Authorization: Token``; the client takes it as it takes any other.
    """

    url: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class ServerStatus:
    """What is known about the embedded server without asking it for secrets.

    Attributes:
        state: ``starting`` is a process that does not answer yet.
        url: where it answers; empty when it is down, as are ``pid`` (0) and ``version``.
        version: Label Studio's.
        folder: the database and uploaded files; what a backup has to hold, together with the secrets beside it.
        log: what Label Studio itself had to say.
    """

    state: Literal["up", "starting", "down"]
    url: str
    pid: int
    version: str
    folder: Path
    log: Path


@dataclass(frozen=True)
class _ServerRecord:
    """What the state file holds."""

    process: ProcessIdentity
    port: int
    version: str

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"


def server_folder(checkout: Checkout) -> Path:
    """The folder of the embedded server: state, log, secrets and ``data/``."""
    return checkout.private / "studio"


def start(
    checkout: Checkout, port: int | None = None, advance: Callable[[int], None] = lambda _: None
) -> RunningServer:
    """Start the server unless it runs, and wait until it answers.

    ``port`` None takes the setting; 0 lets the system choose. ``progress`` is called while waiting.

    Raises:
        ConflictError: the port is taken by another program, or another `up` is at work.
        ServerError: Label Studio is not installed or did not start; the message names the log.
        DiskError, InputError: the data folder cannot be written, or the database is damaged.
    """
    folder = server_folder(checkout)
    _make_private_folder(folder)
    with hold_lock(folder / "lock", "sayso studio up"):
        credentials = make_credentials(folder / "secrets.json")
        noted = _find_record(folder)
        if noted:
            _wait_until_healthy(noted, folder, advance)
        else:
            with _starting_server(folder, _read_port(checkout) if port is None else port) as noted:
                _wait_until_healthy(noted, folder, advance)
    return RunningServer(noted.url, credentials.token)


def find_running(checkout: Checkout) -> RunningServer | None:
    """The server if its process lives, be it still starting: requests wait until it is ready."""
    noted = _find_record(server_folder(checkout))
    return RunningServer(noted.url, lead_credentials(checkout).token) if noted else None


def find_url(checkout: Checkout) -> str:
    """Where the embedded server answers; empty when it is down."""
    noted = _find_record(server_folder(checkout))
    return noted.url if noted else ""


def is_embedded(checkout: Checkout, url: str) -> bool:
    """Whether this is the address of the embedded server."""
    noted = _find_record(server_folder(checkout))
    return noted is not None and noted.url == url


def has_abandoned_request(checkout: Checkout, url: str) -> bool | None:
    """Whether the server at ``find_url`` is still at a request of a command that has died; None where it cannot be told."""
    noted = _find_record(server_folder(checkout))
    return process.has_abandoned_request(noted.port) if noted and noted.url == url else None


def read_status(checkout: Checkout) -> ServerStatus:
    """Look, and change nothing."""
    folder = server_folder(checkout)
    noted = _find_record(folder)
    if noted is None:
        return ServerStatus("down", "", 0, "", folder / "data", folder / "server.log")
    state: Literal["up", "starting"] = "up" if _is_healthy(noted.port) else "starting"
    return ServerStatus(
        state, noted.url, noted.process.pid, noted.version, folder / "data", folder / "server.log"
    )


def stop(checkout: Checkout) -> bool:
    """Stop our own server and nobody else's; False when it does not run."""
    folder = server_folder(checkout)
    if not folder.exists():
        return False
    with hold_lock(folder / "lock", "sayso studio down"):
        noted = _find_record(folder)
        if noted:
            stop_process(noted.process, STOP_TIMEOUT)
        (folder / "server.json").unlink(missing_ok=True)
    return noted is not None


def lead_credentials(checkout: Checkout) -> Credentials:
    """The lead's login and token."""
    return read_credentials(server_folder(checkout) / "secrets.json")


def _make_private_folder(folder: Path) -> None:
    with convert_os_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)


def _read_port(checkout: Checkout) -> int:
    setting = checkout.find_setting("port")
    assert setting is not None, "it has a default"  # noqa: S101
    if not (setting.value.isdecimal() and int(setting.value) < 1 << 16):
        raise UsageError(
            f"{setting.value} is not a port",
            where=setting.source,
            remedy="give a number below 65536",
        )
    return int(setting.value)


def _find_record(folder: Path) -> _ServerRecord | None:
    """Our own process, if it lives."""
    try:
        noted = msgspec.json.decode((folder / "server.json").read_bytes(), type=_ServerRecord)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    return noted if noted.process.is_alive else None


@contextlib.contextmanager
def _starting_server(folder: Path, port: int) -> Iterator[_ServerRecord]:
    """A server that is starting. It does not stay where it cannot be waited for, at whatever moment that is known."""
    if not (util.find_spec("label_studio") and util.find_spec("gunicorn")):
        raise ServerError(
            "Label Studio is not installed", remedy='run `pip install "sayso[studio]"`'
        )
    database = folder / "data" / database_template.DATABASE_NAME
    database_template.restore_database(database)
    database_template.check_database(database)
    with _bind_port(port, expecting=(folder / "server.json").exists()) as listening:
        child, port = _launch(folder, listening), listening.getsockname()[1]
    try:
        yield _release_child(child, port, folder)
    except BaseException:
        stop_child_process(child.pid, STOP_TIMEOUT)
        raise


def _bind_port(port: int, *, expecting: bool) -> socket.socket:
    """Take the port before anything is started; ``expecting`` waits for workers of a server that was killed."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    end = time.monotonic() + (5.0 if expecting else 0.0)
    while True:
        try:
            listening.bind((HOST, port))
            listening.listen()
            return listening
        except OSError as error:
            if error.errno == errno.EADDRINUSE and time.monotonic() < end:
                time.sleep(POLL_INTERVAL)
                continue
            listening.close()
            raise _bind_error(port, error) from error


def _bind_error(port: int, error: OSError) -> Exception:
    where = f"{HOST}:{port}"
    remedy = "choose another with --port, SAYSO_PORT or port in [tool.sayso]"
    if error.errno == errno.EADDRINUSE:
        return ConflictError(
            "another program uses this port", where=where, remedy=f"stop it, or {remedy}"
        )
    return UsageError(f"cannot listen here: {error.strerror}", where=where, remedy=remedy)


def _launch(folder: Path, listening: socket.socket) -> subprocess.Popen[bytes]:
    """Start the process, which waits at a gate, and ends if that closes."""
    number = listening.fileno()
    gunicorn = [
        sys.executable,
        "-P",
        "-m",
        "gunicorn",
        "-c",
        "python:sayso.labelstudio.gunicorn_config",
        "--chdir",
        str(folder),
    ]
    with _prepare_log(folder / "server.log").open("ab") as log:
        child = subprocess.Popen(  # noqa: S603 - our own interpreter
            ["/bin/sh", "-c", 'read go && exec "$@" </dev/null', "sayso", *gunicorn],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=[number],
            env=_build_environment(folder, number),
        )
    child.returncode = 0  # it lives on without us: Popen need not warn of that
    return child


def _release_child(child: subprocess.Popen[bytes], port: int, folder: Path) -> _ServerRecord:
    """Write down which process it is, and only then let it go on."""
    assert child.stdin is not None  # noqa: S101
    with child.stdin as gate:  # closed unwritten, it ends the process
        noted = _ServerRecord(
            identify_process(child.pid, str(folder)), port, metadata.version("label-studio")
        )
        with open_replacement(folder / "server.json", mode=0o600) as file:
            file.write(msgspec.json.encode(noted))
        gate.write(b"go\n")
    return noted


def _build_environment(folder: Path, number: int) -> dict[str, str]:
    """Nothing of the user's own beyond what Python needs: Label Studio obeys names as common as HOST or DEBUG."""
    return {
        name: value for name, value in os.environ.items() if name.startswith(_INHERITED_VARIABLES)
    } | {
        "SAYSO_STUDIO_SECRETS": str(folder / "secrets.json"),
        "SAYSO_STUDIO_SOCKET": str(number),
        "LABEL_STUDIO_BASE_DATA_DIR": str(folder / "data"),
        "DJANGO_DB": "sqlite",
        "ALLOWED_HOSTS": f"{HOST},localhost",
        "CORS_ALLOW_ALL_ORIGINS": "False",
        "DISABLE_SIGNUP_WITHOUT_LINK": "True",
        "LOCAL_FILES_SERVING_ENABLED": "False",
        "CONVERTER_DOWNLOAD_RESOURCES": "False",
        "COLLECT_ANALYTICS": "False",
        "LATEST_VERSION_CHECK": "False",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
        "LOG_LEVEL": "ERROR",
    }


def _prepare_log(path: Path) -> Path:
    with convert_os_errors(path):
        if path.exists() and path.stat().st_size > LOG_LIMIT:
            path.replace(path.with_suffix(".old.log"))
        path.touch(mode=0o600)
    return path


def _wait_until_healthy(noted: _ServerRecord, folder: Path, advance: Callable[[int], None]) -> None:
    """Wait until the server answers."""
    log, end = folder / "server.log", time.monotonic() + START_TIMEOUT
    while not _is_healthy(noted.port):
        if not noted.process.is_alive:
            raise ServerError(
                f"Label Studio did not start: {_read_last_line(log)}", remedy=f"{log} tells more"
            )
        if time.monotonic() > end:
            remedy = f"{log} may tell why; `sayso studio down` stops it"
            raise ServerError("Label Studio does not answer", where=noted.url, remedy=remedy)
        advance(1)
        time.sleep(POLL_INTERVAL)


def _read_last_line(log: Path) -> str:
    """The end of the log; a traceback says there what was wrong."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 2000))
        return next(reversed(file.read().decode(errors="replace").split("\n")[:-1]), "")[:300]


def _is_healthy(port: int) -> bool:
    """Whether the server answers; http.client, since it knows no proxies."""
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        connection.request("GET", "/health")
        return connection.getresponse().status == http.client.OK
    return False
