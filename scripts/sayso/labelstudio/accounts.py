"""Accounts on the embedded server. Sign-up is closed there, so everybody comes by invitation.

Label Studio's ``POST /api/users/`` makes accounts without a password, which nobody can enter. The
sign-up form behind its invitation link gives a password, a membership and a token.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx

from sayso.errors import InputError, ServerError
from sayso.labelstudio.server import RunningServer
from sayso.network import open_http_client

_FORM_TOKEN_PATTERN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]*)"')


def fetch_invitation_link(server: RunningServer) -> str:
    """Return the link that lets its holder make an account, until the lead resets it."""
    with _open_browser(server, {"Authorization": f"Token {server.token}"}) as browser:
        return (
            f"{server.url}/user/signup/?token={quote(_fetch_json(browser, '/api/invite')['token'])}"
        )


def ensure_account(server: RunningServer, email: str, password: str) -> str:
    """Return the token of an account, which is made first where there is none.

    Raises:
        InputError: the account has another password.
        ServerError: the server does not answer as it should.
    """
    with _open_browser(server) as browser:
        if _submit_form(browser, f"{server.url}/user/login/", email, password):
            return str(_fetch_json(browser, "/api/current-user/token")["token"])
    return create_account(server, email, password)


def create_account(server: RunningServer, email: str, password: str) -> str:
    """Sign somebody up by invitation and return the token of the new account.

    Raises:
        InputError: the e-mail address is taken or not one, or the password is too short.
        ServerError: the server does not answer as it should.
    """
    with _open_browser(server) as browser:
        if not _submit_form(browser, fetch_invitation_link(server), email, password):
            remedy = "give an address that has no account yet, and 8 to 128 characters"
            raise InputError(
                "Label Studio refuses this address or password", where=email, remedy=remedy
            )
        return str(_fetch_json(browser, "/api/current-user/token")["token"])


@contextlib.contextmanager
def _open_browser(
    server: RunningServer, headers: dict[str, str] | None = None
) -> Iterator[httpx.Client]:
    """Open a session. Its errors name the page without the query, which may hold the invitation."""
    try:
        with open_http_client(
            server.url, base_url=server.url, headers=headers, follow_redirects=True, timeout=60
        ) as browser:
            yield browser
    except httpx.HTTPError as error:
        response = getattr(error, "response", None)
        what = f"HTTP {response.status_code}" if response is not None else "no response"
        where = server.url + error.request.url.path
        raise ServerError(what, where=where, remedy="see `sayso studio status`") from None


def _submit_form(browser: httpx.Client, form_page: str, email: str, password: str) -> bool:
    """Fill in a form with address and password. Whoever is refused stays on its page."""
    page = browser.get(form_page).raise_for_status().text
    hidden = _FORM_TOKEN_PATTERN.search(page)
    token = hidden[1] if hidden else ""
    form = {"email": email, "password": password, "csrfmiddlewaretoken": token}
    response = browser.post(form_page, data=form, headers={"Referer": form_page}).raise_for_status()
    return str(response.url) != form_page


def _fetch_json(browser: httpx.Client, path: str) -> Any:
    return browser.get(path).raise_for_status().json()
