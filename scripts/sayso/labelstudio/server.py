"""The embedded Label Studio server in ``.sayso/studio/``: started, found again and stopped.

The port is bound here and handed down, so a response on it can only come from the process that we
started. That process waits until its number is on disk: whoever kills `up` at any moment leaves
either nothing behind, or a server that the next `up` finds.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import metadata, util
from pathlib import Path
from typing import BinaryIO, Literal

import msgspec

from sayso.callbacks import Advance
from sayso.errors import ConflictError, ServerError, UsageError
from sayso.files import (
    convert_os_errors,
    exists,
    hold_lock,
    make_folder,
    open_file,
    open_replacement,
    read_file,
)
from sayso.labelstudio import database_template, process
from sayso.labelstudio.credentials import Credentials, ensure_credentials, read_credentials
from sayso.labelstudio.process import POLL_INTERVAL, ProcessIdentity, identify_process
from sayso.settings import DEFAULT_SOURCE, Checkout

HOST = "127.0.0.1"
START_TIMEOUT = 600.0  # seconds; an old database is migrated within them
STOP_TIMEOUT = 15.0  # seconds that requests under way get to end
LOG_LIMIT = 5_000_000  # bytes after which the next start begins a new log and keeps one old
_INHERITED = (
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
    """Address and token of a running server.

    Attributes:
        url: without a slash at the end.
        token: the lead's, for ``Authorization: Token``.
    """

    url: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class ServerStatus:
    """State of the embedded server, without secrets.

    Attributes:
        state: ``starting`` is a process that does not respond yet.
        url: empty when the server is down, as are ``pid`` (0) and ``version``.
        version: Label Studio's.
        folder: the database and uploaded files; a backup needs it and the secrets beside it.
        log: Label Studio's own messages.
    """

    state: Literal["up", "starting", "down"]
    url: str
    pid: int
    version: str
    folder: Path
    log: Path


@dataclass(frozen=True)
class _ServerRecord:
    """Content of ``server.json``."""

    process: ProcessIdentity
    port: int
    version: str

    @property
    def url(self) -> str:
        """The address, without a slash at the end."""
        return f"http://{HOST}:{self.port}"


def server_folder(checkout: Checkout) -> Path:
    """Return the folder of the embedded server: state, log, secrets and ``data/``."""
    return checkout.private / "studio"


def start(
    checkout: Checkout, port: int | None = None, advance: Advance = lambda _: None
) -> RunningServer:
    """Start the server unless it runs, and wait until it responds.

    Args:
        port: None for the port of the settings; 0 lets the system choose.

    Raises:
        ConflictError: the port is taken by another program, or another `up` is at work.
        ServerError: Label Studio is not installed or did not start; the message names the log.
        DiskError, InputError: the data folder cannot be written, or the database is damaged.
    """
    folder = server_folder(checkout)
    with convert_os_errors(folder):
        make_folder(folder)
        folder.chmod(0o700)
    with hold_lock(folder / "lock", "sayso studio up"):
        credentials = ensure_credentials(folder / "secrets.json")
        record = _find_record(checkout)
        if record:
            _wait_until_healthy(record, folder, advance)
        else:
            with _start_server(folder, _read_port(checkout) if port is None else port) as record:
                _wait_until_healthy(record, folder, advance)
    return RunningServer(record.url, credentials.token)


def start_on_free_port(checkout: Checkout, advance: Advance = lambda _: None) -> RunningServer:
    """Start the server; if another program has the port and nobody chose it, on a free one.

    Raises:
        ConflictError, ServerError, DiskError, InputError: as `start`.
    """
    try:
        return start(checkout, advance=advance)
    except ConflictError:
        setting = checkout.find_setting("port")
        if setting and setting.source != DEFAULT_SOURCE:
            raise
        return start(checkout, 0, advance)


def find_running(checkout: Checkout) -> RunningServer | None:
    """Return the server if its process lives; one that is still starting lets requests wait."""
    url = find_url(checkout)
    return RunningServer(url, lead_credentials(checkout).token) if url else None


def find_url(checkout: Checkout) -> str:
    """Return the address of the embedded server, or "" when it is down."""
    record = _find_record(checkout)
    return record.url if record else ""


def has_abandoned_request(checkout: Checkout, url: str) -> bool | None:
    """Test whether the server at ``url`` still works on a request of a command that has died.

    None for a server elsewhere, or where the system does not tell.
    """
    record = _find_record(checkout)
    return process.has_abandoned_request(record.port) if record and record.url == url else None


def read_status(checkout: Checkout) -> ServerStatus:
    """Return the state of the server. Changes nothing."""
    folder, record = server_folder(checkout), _find_record(checkout)
    data, log = folder / "data", folder / "server.log"
    if record is None:
        return ServerStatus("down", "", 0, "", data, log)
    state: Literal["up", "starting"] = "up" if _is_healthy(record) else "starting"
    return ServerStatus(state, record.url, record.process.pid, record.version, data, log)


def stop(checkout: Checkout) -> bool:
    """Stop our own server and no other process. Return False when it does not run."""
    folder = server_folder(checkout)
    if not exists(folder):
        return False
    with hold_lock(folder / "lock", "sayso studio down"):
        record = _find_record(checkout)
        if record:
            process.stop_process(record.process, STOP_TIMEOUT)
        (folder / "server.json").unlink(missing_ok=True)
    return record is not None


def lead_credentials(checkout: Checkout) -> Credentials:
    """Return the lead's login and token."""
    return read_credentials(server_folder(checkout) / "secrets.json")


def _read_port(checkout: Checkout) -> int:
    setting = checkout.find_setting("port")
    assert setting is not None, "it has a default"  # noqa: S101
    if not (setting.value.isdecimal() and int(setting.value) < 1 << 16):
        what, remedy = f"{setting.value} is not a port", "give a number below 65536"
        raise UsageError(what, where=setting.source, remedy=remedy)
    return int(setting.value)


def _find_record(checkout: Checkout) -> _ServerRecord | None:
    path = server_folder(checkout) / "server.json"
    if not exists(path):
        return None
    try:
        record = msgspec.json.decode(read_file(path), type=_ServerRecord)
    except msgspec.DecodeError:
        return None
    return record if record.process.is_alive else None


@contextlib.contextmanager
def _start_server(folder: Path, port: int) -> Iterator[_ServerRecord]:
    """Launch a server. It is stopped again where the block, or anything before it, fails."""
    if not (util.find_spec("label_studio") and util.find_spec("gunicorn")):
        remedy = 'run `pip install "sayso[studio]"`'
        raise ServerError("Label Studio is not installed", remedy=remedy)
    if os.name != "posix":
        remedy = "name a Label Studio with --url or SAYSO_URL"
        raise ServerError("the embedded server runs on Linux and macOS only", remedy=remedy)
    database = folder / "data" / database_template.DATABASE_NAME
    database_template.restore_database(database)
    database_template.check_database(database)
    # Workers of a server that was killed may hold the port a moment longer.
    with _bind_port(port, timeout=5.0 if exists(folder / "server.json") else 0.0) as listening:
        child, port = _launch(folder, listening), listening.getsockname()[1]
    try:
        yield _release_child(child, port, folder)
    except BaseException:
        process.stop_child_process(child.pid, STOP_TIMEOUT)
        raise


def _bind_port(port: int, timeout: float) -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    end = time.monotonic() + timeout
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
        what = "another program uses this port"
        return ConflictError(what, where=where, remedy=f"stop it, or {remedy}")
    return UsageError(f"cannot listen here: {error.strerror}", where=where, remedy=remedy)


def _launch(folder: Path, listening: socket.socket) -> subprocess.Popen[bytes]:
    """Start the process. It waits for a line on its standard input, and ends if that closes."""
    number = listening.fileno()
    gunicorn = [sys.executable, "-P", "-m", "gunicorn", "--chdir", str(folder)]
    gunicorn += ["-c", "python:sayso.labelstudio.gunicorn_config"]
    with _open_log(folder / "server.log") as log:
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
        identity = identify_process(child.pid, str(folder))
        record = _ServerRecord(identity, port, metadata.version("label-studio"))
        with open_replacement(folder / "server.json", mode=0o600) as file:
            file.write(msgspec.json.encode(record))
        gate.write(b"go\n")
    return record


def _build_environment(folder: Path, number: int) -> dict[str, str]:
    # Nothing of the user's own beyond what Python needs: Label Studio obeys names as common as HOST
    # or DEBUG.
    inherited = {n: value for n, value in os.environ.items() if n.startswith(_INHERITED)}
    return inherited | {
        "SAYSO_STUDIO_SECRETS": str(folder / "secrets.json"),
        "SAYSO_STUDIO_SOCKET": str(number),
        "LABEL_STUDIO_BASE_DATA_DIR": str(folder / "data"),
        "DJANGO_DB": "sqlite",
        "ALLOWED_HOSTS": f"{HOST},localhost",  # the default is any
        "CORS_ALLOW_ALL_ORIGINS": "False",  # the default is True
        "DISABLE_SIGNUP_WITHOUT_LINK": "True",  # else any passer-by becomes a member
        "LOCAL_FILES_SERVING_ENABLED": "False",
        "CONVERTER_DOWNLOAD_RESOURCES": "False",
        "COLLECT_ANALYTICS": "False",
        "LATEST_VERSION_CHECK": "False",
        "SENTRY_DSN": "",  # reports go out even with COLLECT_ANALYTICS off, personal data included
        "FRONTEND_SENTRY_DSN": "",
        "LOG_LEVEL": "ERROR",
    }


def _open_log(path: Path) -> BinaryIO:
    with convert_os_errors(path):
        if exists(path) and path.stat().st_size > LOG_LIMIT:
            path.replace(path.with_suffix(".old.log"))
        path.touch(mode=0o600)
        return path.open("ab")


def _wait_until_healthy(record: _ServerRecord, folder: Path, advance: Advance) -> None:
    log, end = folder / "server.log", time.monotonic() + START_TIMEOUT
    while not _is_healthy(record):
        if not record.process.is_alive:
            what = f"Label Studio did not start: {_read_last_line(log)}"
            raise ServerError(what, remedy=f"{log} tells more")
        if time.monotonic() > end:
            remedy = f"{log} may tell why; `sayso studio down` stops it"
            raise ServerError("Label Studio does not respond", where=record.url, remedy=remedy)
        advance(1)
        time.sleep(POLL_INTERVAL)


def _read_last_line(log: Path) -> str:
    """Return the end of the log, where a traceback says what was wrong."""
    with open_file(log) as file:
        file.seek(max(0, log.stat().st_size - 2000))
        return next(reversed(file.read().decode(errors="replace").split("\n")[:-1]), "")[:300]


def _is_healthy(record: _ServerRecord) -> bool:
    import httpx

    from sayso.network import open_http_client

    try:
        with open_http_client(record.url, timeout=2) as client:
            return client.get(f"{record.url}/health").is_success
    except httpx.HTTPError:
        return False
