"""Where the Label Studio is, for a way in and for links: no token, and nothing heavy to import."""

from __future__ import annotations

from urllib.parse import urlsplit

from sayso.errors import UsageError
from sayso.labelstudio import server
from sayso.models import AnnotationOrigin
from sayso.settings import Checkout

SYSTEM = "label-studio"


def normalize_url(url: str, source: str) -> str:
    """The address without a slash at its end; ``source`` is who named it.

    Raises:
        UsageError: it is none, or holds more than an address.

    >>> normalize_url("https://example.org/labelstudio/", "--find_url")
    'https://example.org/studio'
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(
            "not an address of a server", where=source, remedy="give it as http://HOST:PORT"
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UsageError(
            "an address holds no login, query or fragment",
            where=source,
            remedy="give it as http://HOST:PORT",
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")


def find_url(checkout: Checkout, url: str | None = None) -> str:
    """The address that option, environment, settings or the embedded server name; empty where none does.

    Raises:
        UsageError: what is named is no address.
    """
    setting = checkout.find_setting("url", url)
    return normalize_url(setting.value, setting.source) if setting else server.find_url(checkout)


def build_task_url(address: str, origin: AnnotationOrigin | None) -> str:
    """Where a person sees the task of an answer; empty where either is not known.

    >>> build_task_url("http_client://127.0.0.1:8080", AnnotationOrigin(system="label-labelstudio", project=2, build_task=7, make_annotation=9))
    'http://127.0.0.1:8080/projects/2/data?task=7'
    """
    if not address or origin is None or origin.system != SYSTEM:
        return ""
    return f"{address}/projects/{origin.project}/data?task={origin.task}"
