"""HTTP clients, with the proxies and certificates that settings and the environment name.

What they read is bounded, in size and in time: a few kilobytes of gzip become gigabytes.
"""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

import httpx

from sayso.errors import ServerError, UsageError
from sayso.settings import Setting

_LOOPBACK_HOSTS = {"127.0.0.1", "localhost", "::1"}
MAX_BODY_BYTES = 64 << 20  # unpacked; decoded JSON may take 30 times as much
MAX_BODY_SECONDS = 600.0  # from the head to the end of a body
_ENCODINGS = {"", "identity", "gzip"}
_PROXY_REMEDY = "set it to http://HOST:PORT, or unset it"


class BodyTooLarge(ServerError):
    """A response is larger than Sayso reads; nothing of it was used."""


class BodyTooSlow(ServerError):
    """A response has not ended in time; nothing of it was used."""


class _BoundedClient(httpx.Client):
    """A client that reads no body larger than ``MAX_BODY_BYTES`` or longer than its time."""

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send a request and read the response.

        Raises:
            BodyTooLarge: the body is too large, or packed in a way that was not asked for.
            BodyTooSlow: it does not end in time.
        """
        # Of one kind only, and not of those that pack much more into a few bytes.
        request.headers["accept-encoding"] = "gzip"
        response = super().send(request, **{**options, "stream": True})
        try:
            # As `Response.read` does it.
            response._content = b"".join(_iterate_body(response))
        finally:
            response.close()
        return response


def _iterate_body(response: httpx.Response) -> Iterator[bytes]:
    where = str(response.url.copy_with(query=None))
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in _ENCODINGS:
        what, remedy = f"a body packed as {encoding[:40]!r}", "look at the proxy before the server"
        raise BodyTooLarge(what, where=where, remedy=remedy)
    declared = response.headers.get("content-length", "")
    size, end = 0, time.monotonic() + MAX_BODY_SECONDS
    if declared.isdecimal() and int(declared[:18]) > MAX_BODY_BYTES:
        raise _too_large_error(where)
    for chunk in response.iter_bytes():
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise _too_large_error(where)
        if time.monotonic() > end:
            what = f"the response has not ended after {MAX_BODY_SECONDS:g} s"
            remedy = "check the network, and that the server is working"
            raise BodyTooSlow(what, where=where, remedy=remedy)
        yield chunk


def _too_large_error(where: str) -> BodyTooLarge:
    what = f"the response is larger than {MAX_BODY_BYTES >> 20} MiB"
    return BodyTooLarge(what, where=where, remedy="look at what answers there")


def is_loopback(url: str) -> bool:
    """Test whether an address is on this machine.

    >>> is_loopback("https://localhost:8443")
    True
    """
    return urlsplit(url).hostname in _LOOPBACK_HOSTS


def open_http_client(url: str, ca_file: Setting | None = None, **options: Any) -> httpx.Client:
    """Open a client for one server, which is reached without a proxy if it is on this machine.

    Args:
        ca_file: file with the certificates of the authorities to trust, in place of those that
            ``SSL_CERT_FILE`` or ``SSL_CERT_DIR`` names, or of the usual ones.

    Raises:
        UsageError: the file or a variable of the environment cannot be used; names it.
    """
    local = is_loopback(url)
    # Without certificates none is accepted, and plain HTTP without a proxy needs none.
    is_plain = local and url.startswith("http:")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if is_plain else _load_authorities(ca_file)
    try:
        return _BoundedClient(verify=context, trust_env=not local, **options)
    except Exception:
        _check_proxy_variables()
        raise


def check_network_variables() -> None:
    """Check what the environment says to every HTTP client, since their errors name no variable.

    Raises:
        UsageError: one of the variables cannot be used; names it.
    """
    _load_authorities(None)
    _check_proxy_variables()


def _load_authorities(ca_file: Setting | None) -> ssl.SSLContext:
    # The order is that of httpx, which reads the variables only where it may use proxies too.
    setting = ca_file or _find_variable("SSL_CERT_FILE") or _find_variable("SSL_CERT_DIR")
    if setting is None:
        return httpx.create_ssl_context(trust_env=False)
    path, is_folder = Path(setting.value), setting.source == "SSL_CERT_DIR"
    try:
        if is_folder:
            os.listdir(path)  # noqa: PTH208 - OpenSSL takes a folder that does not exist
            return ssl.create_default_context(capath=path)
        return ssl.create_default_context(cafile=path)
    except OSError as error:
        reason = "no certificate" if isinstance(error, ssl.SSLError) else error.strerror
        expected = "folder" if is_folder else "PEM file"
        raise UsageError(
            f"cannot read certificates from {path}: {reason}",
            where=setting.source,
            remedy=f"name a {expected} with the certificates of authorities, or unset it",
        ) from None


def _find_variable(*names: str) -> Setting | None:
    """Return the first of the variables that is set, and not empty."""
    found = (Setting(os.environ[name], name) for name in names if os.environ.get(name))
    return next(found, None)


def _check_proxy_variables() -> None:
    # Each is tried as httpx tries it; a proxy's address may hold a password, so none is shown.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for name in ("all_proxy", "https_proxy", "http_proxy"):
        address = getproxies().get(name.removesuffix("_proxy"), "")
        where = getattr(_find_variable(name, name.upper()), "source", name.upper())
        address = address if "://" in address or not address else f"http://{address}"
        try:
            httpx.Client(proxy=address or None, trust_env=False, verify=context).close()
        except ImportError:
            remedy = f'run `pip install "httpx[socks]"`, {_PROXY_REMEDY}'
            raise UsageError("a SOCKS proxy needs socksio", where=where, remedy=remedy) from None
        except (ValueError, httpx.InvalidURL):
            kind = address.partition("://")[0]
            what = f"not the address of a proxy that Sayso can use ({kind}://…)"
            raise UsageError(what, where=where, remedy=_PROXY_REMEDY) from None
    try:
        httpx.Client(verify=context).close()
    except (ValueError, httpx.InvalidURL):
        where = getattr(_find_variable("no_proxy", "NO_PROXY"), "source", "NO_PROXY")
        remedy = "write IPv6 addresses without brackets, such as ::1, or unset it"
        raise UsageError("an entry is not a host", where=where, remedy=remedy) from None
