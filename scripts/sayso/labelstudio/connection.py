"""Which Label Studio, and the way in: option, environment, ``[tool.sayso]``, or the embedded server.

There is no option that takes a token: whoever lists the processes of the machine would read it. ``--token-file``
names a file instead, which only its owner may read.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from contextlib import ExitStack
from pathlib import Path

from sayso.errors import AuthError, ServerError, UsageError
from sayso.files import convert_os_errors
from sayso.labelstudio.client import LabelStudioClient
from sayso.labelstudio.retries import ReportWait, read_retry_policy
from sayso.labelstudio.urls import normalize_url
from sayso.settings import Checkout

OLDEST_RELEASE = (1, 23)  # the oldest release whose offsets were proven in a browser


def connect(
    checkout: Checkout,
    url: str | None = None,
    token_file: Path | None = None,
    report_wait: ReportWait = lambda _why, _left: None,
) -> LabelStudioClient:
    """Enter the Label Studio that options, environment, settings or the embedded server name.

    A wrong address is told at once; later the client waits for as long as the setting ``patience`` says. Whether the
    server takes the token is told by the first answer to it.

    Raises:
        UsageError: nobody named one, or the address is not one.
        AuthError: the token is missing, malformed or expired.
        ServerError: out of reach, too old, or not Label Studio.
    """
    address, token = _resolve_server(checkout, url, token_file)
    with ExitStack() as closing:
        client = LabelStudioClient(
            address,
            _validate_token(token, address),
            read_retry_policy(checkout, report_wait),
            first_request_once=True,
        )
        closing.enter_context(client)
        _require_release(checkout, client)
        closing.pop_all()  # it is the caller's now
    return client


def _resolve_server(
    checkout: Checkout, url: str | None, token_file: Path | None
) -> tuple[str, str]:
    from sayso.labelstudio import server

    named = checkout.find_setting("url", url)
    embedded = server.find_running(checkout)
    if named is None and embedded is None:
        raise UsageError(
            "no Label Studio is named and none is up here",
            remedy="run `sayso studio up`, or set SAYSO_URL",
        )
    address = (
        normalize_url(named.value, named.source) if named else embedded.url if embedded else ""
    )
    token = _read_given_token(token_file)
    if token is None and embedded and embedded.url == address:
        token = embedded.token
    if token is None:
        raise AuthError(
            "no token for this server",
            where=address,
            remedy="set SAYSO_TOKEN, or give --token-file FILE",
        )
    return address, token


def _read_given_token(token_file: Path | None) -> str | None:
    if token_file is not None:
        return read_token(token_file)
    return os.environ.get("SAYSO_TOKEN")


def read_token(path: Path) -> str:
    """The token in a file that nobody but its owner may read.

    Raises:
        AuthError: others may read it.
        DiskError: it is not there.
    """
    with convert_os_errors(path):
        shared = path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
        if shared:
            raise AuthError(
                "others can read this token", where=str(path), remedy=f"run `chmod 600 {path}`"
            )
        return path.read_text(encoding="ascii", errors="replace")


def _validate_token(token: str, url: str) -> str:
    """The token without white space at its ends; refused before it could turn up in an HTTP library's message."""
    token = token.strip()
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        what = "the token is empty" if not token else "the token holds characters that no token has"
        raise AuthError(
            what, where=url, remedy="copy it again from Label Studio (Account & Settings)"
        )
    return token


def _require_release(checkout: Checkout, client: LabelStudioClient) -> None:
    """Ask a server for its release once and for all: its database cannot go back to an older one."""
    name = hashlib.sha256(client.url.encode()).hexdigest()[:16]
    noted = checkout.private / "cache" / f"release-{name}"
    if noted.exists():
        return
    _refuse_old_release(client.fetch_release(), client.url)
    with convert_os_errors(noted):
        noted.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        noted.touch()


def _refuse_old_release(release: str, url: str) -> None:
    found = re.match(r"(\d+)\.(\d+)", release)
    if not found or (int(found[1]), int(found[2])) < OLDEST_RELEASE:
        oldest = ".".join(map(str, OLDEST_RELEASE))
        raise ServerError(
            f"Label Studio {release} is older than {oldest}", where=url, remedy="upgrade the server"
        )
