"""The embedded server's own secrets: made once, at random, in a file that only its owner can read."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from sayso.errors import InputError
from sayso.files import convert_os_errors, write_secret

LEAD_EMAIL = "lead@sayso.localhost"  # .localhost is reserved: nobody can ever own this address


@dataclass(frozen=True)
class Credentials:
    """What it takes to enter the embedded server; only the e-mail address shows in a ``repr``.

    Attributes:
        email: the campaign lead's login.
        password: the password of that first login; the lead may change it in Label Studio.
        token: 40 hexadecimal digits for the ``Authorization: Token`` header.
        key: signs sessions and personal access tokens; a new one ends them all.
    """

    email: str
    password: str = field(repr=False)
    token: str = field(repr=False)
    key: str = field(repr=False)


def make_credentials(path: Path) -> Credentials:
    """Read the secrets at ``path``, or make them; leaves the file readable by its owner alone."""
    if not path.exists():
        made = Credentials(
            LEAD_EMAIL, secrets.token_urlsafe(18), secrets.token_hex(20), secrets.token_urlsafe(48)
        )
        write_secret(path, msgspec.json.encode(made).decode())
    with convert_os_errors(path):
        path.chmod(0o600)
    return read_credentials(path)


def read_credentials(path: Path) -> Credentials:
    """Read the secrets at ``path``.

    Raises:
        InputError: there is no such file yet, or it does not hold them.
    """
    if not path.exists():
        raise InputError(
            "there are no secrets yet",
            where=str(path),
            remedy="run `sayso studio up`, which makes them",
        )
    with convert_os_errors(path):
        content = path.read_bytes()
    try:
        return msgspec.json.decode(content, type=Credentials)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # The cause would quote the file.
        raise InputError(
            "not the secrets of an embedded server",
            where=str(path),
            remedy="delete the file and run `sayso studio up`, which makes new ones",
        ) from None
