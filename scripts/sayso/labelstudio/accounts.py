"""More people on the embedded server: sign-up is closed there, so they come by invitation.

Label Studio's ``POST /api/users/`` makes accounts without a password, which nobody can enter. The invitation link
with a filled-in sign-up form is its own way in, and gives a password, a membership and a token.
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from typing import NamedTuple

from sayso.errors import InputError, ServerError
from sayso.labelstudio.server import RunningServer

REQUEST_TIMEOUT = 60.0  # seconds for one answer


class _BrowserPage(NamedTuple):
    url: str
    body: bytes


def fetch_invitation_link(server: RunningServer) -> str:
    """The link that lets whoever holds it make an account, until the lead resets it in Label Studio."""
    headers = {"Authorization": f"Token {server.token}"}
    token = json.loads(
        _open_page(_build_browser(CookieJar()), f"{server.url}/api/invite", headers=headers).body
    )["token"]
    return f"{server.url}/user/signup/?token={urllib.parse.quote(token)}"


def ensure_account(server: RunningServer, email: str, password: str) -> str:
    """The token of an account, which is made when there is none yet: doing it twice is doing it once.

    Raises:
        InputError: the account has another password.
        ServerError: the server does not answer as it should.
    """
    return log_in(server, email, password) or create_account(server, email, password)


def log_in(server: RunningServer, email: str, password: str) -> str | None:
    """The token of an account, or None where address and password do not fit one."""
    cookies = CookieJar()
    browser = _build_browser(cookies)
    if not _submit_form(browser, cookies, f"{server.url}/user/login/", email, password):
        return None
    return _fetch_token(browser, server)


def create_account(server: RunningServer, email: str, password: str) -> str:
    """Sign somebody up by invitation and return the token of the new account.

    Raises:
        InputError: the e-mail address is taken or not one, or the password is too short.
        ServerError: the server does not answer as it should.
    """
    cookies = CookieJar()
    browser = _build_browser(cookies)
    if not _submit_form(browser, cookies, fetch_invitation_link(server), email, password):
        remedy = "give an address that has no account yet, and 8 to 128 characters"
        raise InputError(
            "Label Studio refuses this address or password", where=email, remedy=remedy
        )
    return _fetch_token(browser, server)


def _submit_form(
    browser: urllib.request.OpenerDirector,
    cookies: CookieJar,
    form_page: str,
    email: str,
    password: str,
) -> bool:
    """Fill in a form with address and password; who is refused stays on it."""
    _open_page(browser, form_page)
    form = {
        "email": email,
        "password": password,
        "csrfmiddlewaretoken": _find_cookie(cookies, "csrftoken"),
    }
    landed = _open_page(
        browser, form_page, urllib.parse.urlencode(form).encode(), {"Referer": form_page}
    )
    return landed.url != form_page


def _fetch_token(browser: urllib.request.OpenerDirector, server: RunningServer) -> str:
    token: str = json.loads(_open_page(browser, f"{server.url}/api/current-user/token").body)[
        "token"
    ]
    return token


def _build_browser(cookies: CookieJar) -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(cookies)
    )


def _find_cookie(cookies: CookieJar, name: str) -> str:
    return next((cookie.value or "" for cookie in cookies if cookie.name == name), "")


def _open_page(
    browser: urllib.request.OpenerDirector,
    url: str,
    data: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> _BrowserPage:
    """What the address leads to; the error names the page without its query, which may hold the invitation."""
    request = urllib.request.Request(url, data, headers or {})  # noqa: S310 - our own http:// address
    try:
        with browser.open(request, timeout=REQUEST_TIMEOUT) as answer:
            return _BrowserPage(answer.url, answer.read())
    except (OSError, http.client.HTTPException) as error:
        what = f"HTTP {error.code}" if isinstance(error, urllib.error.HTTPError) else "no answer"
        raise ServerError(
            what, where=url.partition("?")[0], remedy="look at `sayso studio status`"
        ) from error
