"""A guard before the embedded Label Studio: only its own pages act in a person's session.

Label Studio switches Django's protection against forged requests off (``DisableCSRF``), and its
pages send no token that Django could check. A browser sends cookies to every port of a host and
takes two ports for one site, so that a page of any server on this machine could act as whoever is
logged in. Browsers tell where a request comes from in ``Origin`` and ``Sec-Fetch-Site``, which no
page can forge; old ones that send neither have ``Referer``.

Names in ``Host`` are Django's business (``ALLOWED_HOSTS``): a strange name that leads here, as in
DNS rebinding, is refused there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

_READING_METHODS = ("GET", "HEAD", "OPTIONS")
# Pages to which a link from elsewhere may lead, by the first part of the path: a report links to
# tasks, a mail to an invitation. Elsewhere a GET can have an effect: /logout, /api/projects/1/next.
_LINKED_PAGES = ("", "projects", "user", "people", "organization")
_REFUSAL = (
    b"Refused: this request comes from a page of another address. Open Label Studio's own page, or "
    b"send a token in the header Authorization.\n"
)


class ForeignPageGuard:
    """A WSGI application that keeps requests of other servers' pages from another application.

    A request with a token and no sign of an own page goes on without its cookies, so that the
    token alone decides.

    Args:
        public_origins: addresses of the server beside its own, as ``https://example.org``, for
            a proxy that receives requests there.
    """

    def __init__(self, application: Callable[..., Any], public_origins: Iterable[str] = ()) -> None:
        self._application = application
        self._public_origins = frozenset(public_origins)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if not self._is_allowed(environ):
            if not _carries_token(environ):
                length = str(len(_REFUSAL))
                headers = [("Content-Type", "text/plain"), ("Content-Length", length)]
                start_response("403 Forbidden", headers)
                return [_REFUSAL]
            environ.pop("HTTP_COOKIE", None)
        return self._application(environ, start_response)

    def _is_allowed(self, environ: dict[str, Any]) -> bool:
        signs = [*self._find_signs(environ)]
        if environ["REQUEST_METHOD"] not in _READING_METHODS:
            # Programs send no sign, and old browsers may not; only a browser's cookies can be used
            # against their owner.
            return all(signs) if signs else "HTTP_COOKIE" not in environ
        return all(signs) or _is_link(environ)

    def _find_signs(self, environ: dict[str, Any]) -> Iterator[bool]:
        """Yield True for each sign of an own page, and False for each sign of another."""
        own = {f"http://{environ.get('HTTP_HOST', '')}", *self._public_origins}
        site, origin = environ.get("HTTP_SEC_FETCH_SITE"), environ.get("HTTP_ORIGIN")
        if site is not None:
            yield site in ("same-origin", "none")  # none: the person typed the address
        if origin is not None:
            yield origin in own
        if site is None and origin is None and (referer := environ.get("HTTP_REFERER")):
            yield _read_origin(referer) in own


def _is_link(environ: dict[str, Any]) -> bool:
    """Test whether somebody followed a link to a page, not in a frame."""
    return (
        environ["REQUEST_METHOD"] == "GET"
        and environ.get("HTTP_ORIGIN") is None
        and environ.get("HTTP_SEC_FETCH_MODE", "navigate") == "navigate"
        and environ.get("HTTP_SEC_FETCH_DEST", "document") == "document"
        and environ["PATH_INFO"].lstrip("/").partition("/")[0] in _LINKED_PAGES
    )


def _carries_token(environ: dict[str, Any]) -> bool:
    return "HTTP_AUTHORIZATION" in environ or "HTTP_X_API_KEY" in environ


def _read_origin(url: str) -> str:
    """Return scheme and host of an address.

    >>> _read_origin("http://127.0.0.1:8080/projects/?page=2")
    'http://127.0.0.1:8080'
    """
    try:
        parts = urlsplit(url)
    except ValueError:  # as "http://[" is
        return ""
    return f"{parts.scheme}://{parts.netloc}"
