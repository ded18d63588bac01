"""Secrets of the embedded server: made once, at random, in a file that only its owner can read."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from sayso.errors import InputError
from sayso.files import convert_os_errors, exists, read_file, write_secret

LEAD_EMAIL = "lead@sayso.localhost"  # .localhost is reserved: nobody can ever own this address


@dataclass(frozen=True)
class Credentials:
    """Login and keys of the embedded server; only the e-mail address shows in a ``repr``.

    Attributes:
        email: the campaign lead's login.
        password: the first password of that login; the lead may change it in Label Studio.
        token: 40 hexadecimal digits for the ``Authorization: Token`` header.
        key: signs sessions and personal access tokens; a new one ends them all.
    """

    email: str
    password: str = field(repr=False)
    token: str = field(repr=False)
    key: str = field(repr=False)


def ensure_credentials(path: Path) -> Credentials:
    """Read the secrets at ``path``, which are made first where there are none."""
    if not exists(path):
        password, key = secrets.token_urlsafe(18), secrets.token_urlsafe(48)
        credentials = Credentials(LEAD_EMAIL, password, secrets.token_hex(20), key)
        write_secret(path, msgspec.json.encode(credentials).decode())
    with convert_os_errors(path):
        path.chmod(0o600)
    return read_credentials(path)


def read_credentials(path: Path) -> Credentials:
    """Read the secrets at ``path``.

    Raises:
        InputError: there is no such file, or it does not hold them.
    """
    if not exists(path):
        remedy = "run `sayso studio up`, which makes them"
        raise InputError("there are no secrets yet", where=str(path), remedy=remedy)
    with convert_os_errors(path):
        content = read_file(path)
    try:
        return msgspec.json.decode(content, type=Credentials)
    except (msgspec.DecodeError, UnicodeDecodeError):  # a cause would quote the file
        remedy = "delete the file and run `sayso studio up`, which makes new ones"
        what = "not the secrets of an embedded server"
        raise InputError(what, where=str(path), remedy=remedy) from None
