"""Addresses of a Label Studio server and of its tasks. Needs no token and imports nothing heavy."""

from __future__ import annotations

from urllib.parse import urlsplit

from sayso.errors import UsageError
from sayso.labelstudio import server
from sayso.models import AnnotationOrigin
from sayso.settings import Checkout

SYSTEM = "label-studio"


def normalize_url(url: str, source: str) -> str:
    """Return the address without a slash at its end.

    Args:
        source: the option or setting that gave the address, for the message.

    Raises:
        UsageError: it is not the address of a server, or holds a login, query or fragment.

    >>> normalize_url("https://example.org/labels/", "--url")
    'https://example.org/labels'
    """
    parts, remedy = urlsplit(url.strip()), "give it as http://HOST:PORT"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError("not an address of a server", where=source, remedy=remedy)
    if parts.username or parts.password or parts.query or parts.fragment:
        what = "an address holds no login, query or fragment"
        raise UsageError(what, where=source, remedy=remedy)
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")


def find_url(checkout: Checkout, url: str | None = None) -> str:
    """Return the address from the option, the settings or the embedded server, or "".

    Raises:
        UsageError: the option or setting is not an address.
    """
    setting = checkout.find_setting("url", url)
    return normalize_url(setting.value, setting.source) if setting else server.find_url(checkout)


def build_task_url(address: str, origin: AnnotationOrigin | None) -> str:
    """Return the address of an annotation's task in the data manager, or "" where it is not known.

    >>> origin = AnnotationOrigin(system="label-studio", project=2, task=7, annotation=9)
    >>> build_task_url("http://127.0.0.1:8080", origin)
    'http://127.0.0.1:8080/projects/2/data?task=7'
    """
    if not address or origin is None or origin.system != SYSTEM:
        return ""
    return f"{address}/projects/{origin.project}/data?task={origin.task}"
