"""The server that a token was given for: a clone must not name another one to get it.

The address that an option, the environment or the token's own file names comes from the user. That
in ``pyproject.toml`` comes with the checkout, so it has to be confirmed once for each token. What
was confirmed is kept outside of every checkout, by digest.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from sayso.errors import AuthError
from sayso.files import is_file, read_text, write_secret
from sayso.settings import TOOL_TABLE, Setting


@dataclass(frozen=True)
class GivenToken:
    """A token, who gave it, and the address that it was given for, or "".

    Attributes:
        value: never shown.
        source: ``SAYSO_TOKEN`` or the file.
    """

    value: str
    source: str
    address: str = ""

    def __repr__(self) -> str:
        """Return a text without the token."""
        return f"GivenToken from {self.source}"


def is_confirmed(token: GivenToken, address: str, setting: Setting | None) -> bool:
    """Test whether a token may be sent to an address.

    Args:
        setting: what named the address; None for the embedded server.

    Raises:
        AuthError: the token's file names another address.
    """
    if token.address and token.address != address:
        remedy = "name the right file, or the right server with --url"
        what = f"this token is for {token.address}, and not for {address}"
        raise AuthError(what, where=token.source, remedy=remedy)
    if token.address or setting is None or setting.source != TOOL_TABLE:
        return True
    path = _find_confirmations()
    confirmed = read_text(path).splitlines() if is_file(path) else []
    return _format_confirmation(token, address) in confirmed


def confirm(token: GivenToken, address: str) -> None:
    """Remember that a token may be sent to an address."""
    path = _find_confirmations()
    before = read_text(path) if is_file(path) else ""
    write_secret(path, f"{before}{_format_confirmation(token, address)}\n")


def require_confirmed(token: GivenToken, address: str, setting: Setting | None) -> None:
    """Raise unless a token may be sent to an address.

    Raises:
        AuthError: it may not.
    """
    if not is_confirmed(token, address, setting):
        raise AuthError(
            f"pyproject.toml names {address}, and {token.source} was not given for it",
            where=address,
            remedy=f"if this is your server, set SAYSO_URL={address}, or run the command in a"
            " terminal, which asks once",
        )


def _find_confirmations() -> Path:
    folder = os.environ.get("XDG_CONFIG_HOME") or Path("~/.config").expanduser()
    return Path(folder) / "sayso" / "confirmed-addresses"


def _format_confirmation(token: GivenToken, address: str) -> str:
    # Tokens are random and long: nobody finds one from its digest.
    return f"{address} {hashlib.sha256(f'{address} {token.value}'.encode()).hexdigest()}"
