"""Connection to the server that an option, the environment, ``[tool.sayso]`` or ``up`` names.

There is no option that takes a token, because whoever lists the processes of the machine would
read it. ``--token-file`` names a file instead, which only its owner may read: the token, and in a
second line the address that it is for, if it is for one only.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from dataclasses import replace
from pathlib import Path

from sayso.errors import AuthError, ServerError, UsageError
from sayso.files import convert_os_errors, exists, make_folder
from sayso.labelstudio import server
from sayso.labelstudio.client import LabelStudioClient
from sayso.labelstudio.retries import ReportWait, read_retry_policy
from sayso.labelstudio.token_address import GivenToken, is_confirmed, require_confirmed
from sayso.labelstudio.urls import find_url, normalize_url
from sayso.settings import Checkout, Setting

OLDEST_RELEASE = "1.23"  # the oldest release whose offsets were proven in a browser


def find_unconfirmed(
    checkout: Checkout, url: str | None = None, token_file: Path | None = None
) -> tuple[GivenToken, str] | None:
    """Return token and address where the user has to confirm that they belong together, or None."""
    address, setting = find_url(checkout, url), checkout.find_setting("url", url)
    token = _read_given_token(token_file) if address else None
    if token is None or is_confirmed(token, address, setting):
        return None
    return token, address


def connect(
    checkout: Checkout,
    url: str | None = None,
    token_file: Path | None = None,
    report_wait: ReportWait = lambda _reason, _seconds: None,
) -> LabelStudioClient:
    """Connect to the Label Studio server that options, environment, settings or ``up`` name.

    A wrong address fails at once; later requests wait as long as the setting ``patience`` says.
    Whether the server accepts the token shows at the first request that needs it.

    Raises:
        UsageError: no server is named, or its address is not one.
        AuthError: the token is missing, malformed or expired, or was given for another server.
        ServerError: the server cannot be reached, is too old, or is not Label Studio.
    """
    address = find_url(checkout, url)
    if not address:
        remedy = "run `sayso studio up`, or set SAYSO_URL"
        raise UsageError("no Label Studio server is named, and none runs here", remedy=remedy)
    token = _find_token(checkout, address, token_file, checkout.find_setting("url", url))
    policy = read_retry_policy(checkout, report_wait)
    ca_file = _find_ca_file(checkout)
    client = LabelStudioClient(address, token, policy, ca_file=ca_file, first_request_once=True)
    try:
        _require_release(checkout, client)
    except BaseException:
        client.__exit__()
        raise
    return client


def _find_token(
    checkout: Checkout, address: str, token_file: Path | None, setting: Setting | None
) -> str:
    given = _read_given_token(token_file)
    if given is None:
        embedded = server.find_running(checkout)
        if embedded is None or embedded.url != address:
            remedy = "set SAYSO_TOKEN, or give --token-file FILE"
            raise AuthError("no token for this server", where=address, remedy=remedy)
        return embedded.token
    token = given.value
    if not re.fullmatch(r"[\x21-\x7e]+", token):  # httpx would quote it in its message
        what = "the token holds characters that no token has" if token else "the token is empty"
        remedy = "copy it again from Label Studio (Account & Settings)"
        raise AuthError(what, where=address, remedy=remedy)
    require_confirmed(given, address, setting)
    return token


def _read_given_token(token_file: Path | None) -> GivenToken | None:
    if token_file is None:
        token = os.environ.get("SAYSO_TOKEN")
        return None if token is None else GivenToken(token.strip(), "SAYSO_TOKEN")
    content = read_token(token_file).strip()
    token, _line_end, address = content.partition("\n")
    if not address.strip().startswith(("http://", "https://")):
        return GivenToken(content, str(token_file))
    return GivenToken(token.strip(), str(token_file), normalize_url(address, str(token_file)))


def _find_ca_file(checkout: Checkout) -> Setting | None:
    """Return the file with the certificates of authorities; its path starts at the checkout."""
    setting = checkout.find_setting("ca_file")
    if setting is None:
        return None
    return replace(setting, value=str(checkout.root / Path(setting.value).expanduser()))


def read_token(path: Path) -> str:
    """Return the token in a file that only its owner may read.

    Raises:
        AuthError: others may read it.
        DiskError: there is no such file.
    """
    with convert_os_errors(path):
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            remedy = f"run `chmod 600 {path}`"
            raise AuthError("others can read this token", where=str(path), remedy=remedy)
        return path.read_text(encoding="ascii", errors="replace")


def _require_release(checkout: Checkout, client: LabelStudioClient) -> None:
    # Asked once for each server, since its database cannot go back to an older release.
    name = hashlib.sha256(client.url.encode()).hexdigest()[:16]
    marker = checkout.private / "cache" / f"release-{name}"
    if exists(marker):
        return
    release = client.fetch_release()
    found = re.match(r"\d+\.\d+", release)
    if not found or _parse_release(found[0]) < _parse_release(OLDEST_RELEASE):
        what = f"Label Studio {release} is older than {OLDEST_RELEASE}"
        raise ServerError(what, where=client.url, remedy="upgrade the server")
    with convert_os_errors(marker):
        make_folder(marker.parent)
        marker.touch()


def _parse_release(release: str) -> tuple[int, ...]:
    return tuple(map(int, release.split(".")))
