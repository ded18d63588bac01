"""The guard before Label Studio: the requests that pass, and those whose cookies do."""

from __future__ import annotations

from typing import Any

import pytest

from sayso.labelstudio.page_guard import ForeignPageGuard

OWN = {"Host": "127.0.0.1:8080", "Cookie": "sayso_session_1=secret"}
FETCHED = {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "empty"}
FOLLOWED = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
FRAMED = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
SAME_SITE, CROSS_SITE = {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "cross-site"}
ORIGIN, REFERER = "http://127.0.0.1:8080", {"Referer": "http://127.0.0.1:8080/projects/"}


def send(method: str, path: str, headers: dict[str, str]) -> str:
    """Send a request through the guard. Return the status, or the cookies that passed."""

    def application(environ: dict[str, Any], _start: Any) -> list[str]:
        return [environ.get("HTTP_COOKIE", "no cookies")]

    environ: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": path}
    environ |= {f"HTTP_{name.upper().replace('-', '_')}": each for name, each in headers.items()}
    status: list[str] = []
    guard = ForeignPageGuard(application, ["https://labels.example.org"])
    (body,) = guard(environ, lambda line, _headers: status.append(line))
    return status[0] if status else str(body)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "MADE-UP"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": ORIGIN},
        {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "same-origin", "Referer": "http://127.0.0.1:5000/"},
        {"Sec-Fetch-Site": "none"},
        REFERER,
        {"Origin": "https://labels.example.org"},
        {"Origin": "http://localhost:9000", "Host": "localhost:9000"},  # a tunnel
    ],
)
def test_own_pages_write(method: str, headers: dict[str, str]) -> None:
    assert send(method, "/api/projects/", OWN | headers) == OWN["Cookie"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "MADE-UP"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://127.0.0.1:5000"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "https://127.0.0.1:8080"},
        {"Origin": "http://127.0.0.1:8080.example.org"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": f"{ORIGIN},http://127.0.0.1:5000"},
        {"Origin": ORIGIN, **SAME_SITE},
        {"Origin": "http://127.0.0.1:5000", "Sec-Fetch-Site": "same-origin"},
        SAME_SITE,
        CROSS_SITE,
        CROSS_SITE | FOLLOWED,
        {"Referer": "http://127.0.0.1:5000/http://127.0.0.1:8080/"},
        {"Referer": "http://127.0.0.1:8080@example.org/"},
        {"Referer": "http://["},
    ],
)
def test_no_other_page_writes(method: str, headers: dict[str, str]) -> None:
    assert send(method, "/projects/", OWN | headers) == "403 Forbidden"
    with_token = {"Authorization": "Token known"}
    assert send(method, "/projects/", OWN | headers | with_token) == "no cookies"
    assert send(method, "/projects/", OWN | headers | {"X-Api-Key": "known"}) == "no cookies"


@pytest.mark.parametrize("path", ["/", "/projects/1/data", "/user/signup/", "/people/"])
def test_links_of_other_pages_lead_to_pages(path: str) -> None:
    for headers in (CROSS_SITE | FOLLOWED, {"Referer": "https://example.org/"}, {}):
        assert send("GET", path, OWN | headers) == OWN["Cookie"]
    for headers in (SAME_SITE | FETCHED, SAME_SITE | FRAMED, {"Origin": "null"}):
        assert send("GET", path, OWN | headers) == "403 Forbidden"


@pytest.mark.parametrize("path", ["/logout", "//logout", "/api/projects/1/next/", "*", "/admin/"])
def test_other_pages_do_not_read_what_may_have_an_effect(path: str) -> None:
    for headers in (CROSS_SITE | FOLLOWED, SAME_SITE | FETCHED, {"Referer": "https://example.org"}):
        for method in ("GET", "HEAD", "OPTIONS"):
            assert send(method, path, OWN | headers) == "403 Forbidden"
    for headers in ({}, {"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": "same-origin"}, REFERER):
        assert send("GET", path, OWN | headers) == OWN["Cookie"]


def test_programs_without_cookies_write() -> None:
    assert send("POST", "/api/token/refresh/", {"Host": OWN["Host"]}) == "no cookies"
