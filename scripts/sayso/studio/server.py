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
from sayso.files import explained, locked, replacing
from sayso.settings import Instance
from sayso.studio import process, template
from sayso.studio.credentials import Credentials, make_credentials, read_credentials
from sayso.studio.process import PAUSE, Process, identify, stop, stop_child

HOST = "127.0.0.1"
PATIENCE = 600.0  # seconds until a start counts as failed: an old database is migrated within them
GRACE = 15.0  # seconds that requests under way get to end
LOG_LIMIT = 5_000_000  # bytes after which the next start begins a new log and keeps one old
_KEPT = ("PATH", "HOME", "TMPDIR", "TZ", "VIRTUAL_ENV", "LANG", "LC_", "LD_", "DYLD_", "PYTHON")


@dataclass(frozen=True)
class Server:
    """A server that runs, and the way in.

    Attributes:
        url: without a slash at the end.
        token: the lead's, for ``Authorization: Token``; the client takes it as it takes any other.
    """

    url: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class Status:
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
class _Noted:
    """What the state file holds."""

    process: Process
    port: int
    version: str

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"


def home(instance: Instance) -> Path:
    """The folder of the embedded server: state, log, secrets and ``data/``."""
    return instance.private / "studio"


def up(instance: Instance, port: int | None = None, progress: Callable[[int], None] = lambda _: None) -> Server:
    """Start the server unless it runs, and wait until it answers.

    ``port`` None takes the setting; 0 lets the system choose. ``progress`` is called while waiting.

    Raises:
        ConflictError: the port is taken by another program, or another `up` is at work.
        ServerError: Label Studio is not installed or did not start; the message names the log.
        DiskError, InputError: the data folder cannot be written, or the database is damaged.
    """
    folder = home(instance)
    _private(folder)
    with locked(folder / "lock", "sayso studio up"):
        credentials = make_credentials(folder / "secrets.json")
        noted = _find(folder)
        if noted:
            _await(noted, folder, progress)
        else:
            with _started(folder, _port(instance) if port is None else port) as noted:
                _await(noted, folder, progress)
    return Server(noted.url, credentials.token)


def running(instance: Instance) -> Server | None:
    """The server if its process lives, be it still starting: requests wait until it is ready."""
    noted = _find(home(instance))
    return Server(noted.url, credentials(instance).token) if noted else None


def url(instance: Instance) -> str:
    """Where the embedded server answers; empty when it is down."""
    noted = _find(home(instance))
    return noted.url if noted else ""


def embedded(instance: Instance, url: str) -> bool:
    """Whether this is the address of the embedded server."""
    noted = _find(home(instance))
    return noted is not None and noted.url == url


def forsaken(instance: Instance, url: str) -> bool | None:
    """Whether the server at ``url`` is still at a request of a command that has died; None where it cannot be told."""
    noted = _find(home(instance))
    return process.forsaken(noted.port) if noted and noted.url == url else None


def status(instance: Instance) -> Status:
    """Look, and change nothing."""
    folder = home(instance)
    noted = _find(folder)
    if noted is None:
        return Status("down", "", 0, "", folder / "data", folder / "server.log")
    state: Literal["up", "starting"] = "up" if _healthy(noted.port) else "starting"
    return Status(state, noted.url, noted.process.pid, noted.version, folder / "data", folder / "server.log")


def down(instance: Instance) -> bool:
    """Stop our own server and nobody else's; False when it does not run."""
    folder = home(instance)
    if not folder.exists():
        return False
    with locked(folder / "lock", "sayso studio down"):
        noted = _find(folder)
        if noted:
            stop(noted.process, GRACE)
        (folder / "server.json").unlink(missing_ok=True)
    return noted is not None


def credentials(instance: Instance) -> Credentials:
    """The lead's login and token."""
    return read_credentials(home(instance) / "secrets.json")


def _private(folder: Path) -> None:
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)


def _port(instance: Instance) -> int:
    setting = instance.setting("port")
    assert setting is not None, "it has a default"  # noqa: S101
    if not (setting.value.isdecimal() and int(setting.value) < 1 << 16):
        raise UsageError(f"{setting.value} is not a port", where=setting.source, remedy="give a number below 65536")
    return int(setting.value)


def _find(folder: Path) -> _Noted | None:
    """Our own process, if it lives."""
    try:
        noted = msgspec.json.decode((folder / "server.json").read_bytes(), type=_Noted)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    return noted if noted.process.alive else None


@contextlib.contextmanager
def _started(folder: Path, port: int) -> Iterator[_Noted]:
    """A server that is starting. It does not stay where it cannot be waited for, at whatever moment that is known."""
    if not (util.find_spec("label_studio") and util.find_spec("gunicorn")):
        raise ServerError("Label Studio is not installed", remedy='run `pip install "sayso[studio]"`')
    database = folder / "data" / template.DATABASE
    template.restore(database)
    template.probe(database)
    with _bound(port, expecting=(folder / "server.json").exists()) as listening:
        child, port = _launch(folder, listening), listening.getsockname()[1]
    try:
        yield _let_go(child, port, folder)
    except BaseException:
        stop_child(child.pid, GRACE)
        raise


def _bound(port: int, *, expecting: bool) -> socket.socket:
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
                time.sleep(PAUSE)
                continue
            listening.close()
            raise _refused(port, error) from error


def _refused(port: int, error: OSError) -> Exception:
    where = f"{HOST}:{port}"
    remedy = "choose another with --port, SAYSO_PORT or port in [tool.sayso]"
    if error.errno == errno.EADDRINUSE:
        return ConflictError("another program uses this port", where=where, remedy=f"stop it, or {remedy}")
    return UsageError(f"cannot listen here: {error.strerror}", where=where, remedy=remedy)


def _launch(folder: Path, listening: socket.socket) -> subprocess.Popen[bytes]:
    """Start the process, which waits at a gate, and ends if that closes."""
    number = listening.fileno()
    gunicorn = [sys.executable, "-P", "-m", "gunicorn", "-c", "python:sayso.studio.serving", "--chdir", str(folder)]
    with _log(folder / "server.log").open("ab") as log:
        child = subprocess.Popen(  # noqa: S603 - our own interpreter
            ["/bin/sh", "-c", 'read go && exec "$@" </dev/null', "sayso", *gunicorn],
            stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True, pass_fds=[number],
            env=_environment(folder, number),
        )  # fmt: skip
    child.returncode = 0  # it lives on without us: Popen need not warn of that
    return child


def _let_go(child: subprocess.Popen[bytes], port: int, folder: Path) -> _Noted:
    """Write down which process it is, and only then let it go on."""
    assert child.stdin is not None  # noqa: S101
    with child.stdin as gate:  # closed unwritten, it ends the process
        noted = _Noted(identify(child.pid, str(folder)), port, metadata.version("label-studio"))
        with replacing(folder / "server.json", mode=0o600) as file:
            file.write(msgspec.json.encode(noted))
        gate.write(b"go\n")
    return noted


def _environment(folder: Path, number: int) -> dict[str, str]:
    """Nothing of the user's own beyond what Python needs: Label Studio obeys names as common as HOST or DEBUG."""
    return {name: value for name, value in os.environ.items() if name.startswith(_KEPT)} | {
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


def _log(path: Path) -> Path:
    with explained(path):
        if path.exists() and path.stat().st_size > LOG_LIMIT:
            path.replace(path.with_suffix(".old.log"))
        path.touch(mode=0o600)
    return path


def _await(noted: _Noted, folder: Path, progress: Callable[[int], None]) -> None:
    """Wait until the server answers."""
    log, end = folder / "server.log", time.monotonic() + PATIENCE
    while not _healthy(noted.port):
        if not noted.process.alive:
            raise ServerError(f"Label Studio did not start: {_last_line(log)}", remedy=f"{log} tells more")
        if time.monotonic() > end:
            remedy = f"{log} may tell why; `sayso studio down` stops it"
            raise ServerError("Label Studio does not answer", where=noted.url, remedy=remedy)
        progress(1)
        time.sleep(PAUSE)


def _last_line(log: Path) -> str:
    """The end of the log; a traceback says there what was wrong."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 2000))
        return next(reversed(file.read().decode(errors="replace").split("\n")[:-1]), "")[:300]


def _healthy(port: int) -> bool:
    """Whether the server answers; http.client, since it knows no proxies."""
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        connection.request("GET", "/health")
        return connection.getresponse().status == http.client.OK
    return False
