"""Where the Label Studio is, for a way in and for links: no token, and nothing heavy to import."""

from __future__ import annotations

from urllib.parse import urlsplit

from sayso.errors import UsageError
from sayso.records import Origin
from sayso.settings import Instance
from sayso.studio import server

SYSTEM = "label-studio"


def root(url: str, source: str) -> str:
    """The address without a slash at its end; ``source`` is who named it.

    Raises:
        UsageError: it is none, or holds more than an address.

    >>> root("https://example.org/studio/", "--url")
    'https://example.org/studio'
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError("not an address of a server", where=source, remedy="give it as http://HOST:PORT")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UsageError(
            "an address holds no login, query or fragment", where=source, remedy="give it as http://HOST:PORT"
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")


def named(instance: Instance, url: str | None = None) -> str:
    """The address that option, environment, settings or the embedded server name; empty where none does.

    Raises:
        UsageError: what is named is no address.
    """
    setting = instance.setting("url", url)
    return root(setting.value, setting.source) if setting else server.url(instance)


def of_task(address: str, origin: Origin | None) -> str:
    """Where a person sees the task of an answer; empty where either is not known.

    >>> of_task("http://127.0.0.1:8080", Origin(system="label-studio", project=2, task=7, annotation=9))
    'http://127.0.0.1:8080/projects/2/data?task=7'
    """
    if not address or origin is None or origin.system != SYSTEM:
        return ""
    return f"{address}/projects/{origin.project}/data?task={origin.task}"
