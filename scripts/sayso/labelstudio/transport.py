"""Requests to one Label Studio server: sent, repeated and decoded, with clear errors.

The SDK renews access tokens and carries the requests. Their bodies go through it as bytes, since
building its pydantic models costs more than the server's work (20 s for 10,000 annotated tasks).

Reads are repeated for as long as the retry policy allows. Writes are repeated only where the server
certainly did nothing: a lost response does not say whether the write happened, and the SDK's own
retries make duplicates.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Sequence
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec

from sayso.errors import AuthError, InputError, PartialError, SaysoError, ServerError
from sayso.labelstudio.retries import RetryLoop, RetryPolicy, ServerUnavailable
from sayso.network import BodyTooLarge, BodyTooSlow, is_loopback, open_http_client
from sayso.settings import Setting

if TYPE_CHECKING:
    from label_studio_sdk.base_client import LabelStudioBase

READ_TIMEOUT = 120.0  # seconds
WRITE_TIMEOUT = 600.0  # seconds; a large import runs inside its request
BATCH_BYTES = 8 << 20  # of one request; proxies may take less

_ONCE = RetryPolicy(pauses=())
_LAST_MOMENT = 253_370_764_800.0  # the year 9999, to which nothing can be added

T = TypeVar("T")


class ServerFailed(ServerUnavailable):
    """HTTP 500.

    Attributes:
        is_over: the server itself reports it, such as a locked database: the request is over.
    """

    is_over = False


class UnreadableResponse(ServerError):
    """A response that is not what Label Studio sends, or too large to be read."""


class LostResponse(ServerError):
    """A write whose outcome is unknown: the server may have done it, or may still be doing it.

    Attributes:
        server_failed: the server itself reported a failure, so the write is over.
    """

    def __init__(self, error: ServerError) -> None:
        super().__init__(error.what, where=error.where, remedy="run the command again")
        self.server_failed = isinstance(error, ServerFailed) and error.is_over


class ObjectGone(PartialError):
    """A project, task or tab that was there a moment ago has been removed."""


class RequestTooLarge(InputError):
    """A proxy before the server refuses a request for its size; nothing was done."""


class Transport:
    """The connection to one server with one token. Safe to use from several threads.

    Attributes:
        url: root address, without a slash at the end.
        retry_policy: how long to wait for a server that is away or busy.
        first_request_once: do not repeat the first request: a wrong address fails at once.
        response_date: the header Date of the last response, or "".
        batch_bytes: the largest body that a batch may have; half of what a proxy has refused.
    """

    def __init__(
        self,
        url: str,
        token: str,
        retry_policy: RetryPolicy | None = None,
        *,
        ca_file: Setting | None = None,
        first_request_once: bool = False,
    ) -> None:
        self.url = url
        self.retry_policy = retry_policy or RetryPolicy()
        self.first_request_once = first_request_once
        self.response_date = ""
        self.batch_bytes = BATCH_BYTES
        with _explain_errors(url):
            self._sdk = _build_sdk_client(url, token, ca_file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._sdk._client_wrapper.httpx_client.httpx_client.close()

    def request(
        self,
        method: str,
        path: str,
        kind: type[T],
        content: Any = None,
        *,
        content_pauses: Sequence[float] | None = None,
        **query: Any,
    ) -> T:
        """Send a request, again where that is safe, and decode the response as ``kind``.

        Args:
            content: the body, as bytes or to be encoded as JSON.
            content_pauses: before further attempts at what the server cannot write or we cannot
                read; None for the patience with a server that is away.

        Raises:
            LostResponse: a write may or may not have happened.
            AuthError: the server refuses the token.
            InputError, RequestTooLarge: the server refuses the request, or a proxy for its size.
            ObjectGone: the object has been removed meanwhile.
            PartialError: the server stayed away for longer than the policy allows.
            ServerFailed, UnreadableResponse: it cannot write the response, or we not read it.
            ServerError: the server cannot be reached, or is not Label Studio.
        """
        body = content if isinstance(content, bytes | None) else msgspec.json.encode(content)
        retries = RetryLoop(_ONCE if self.first_request_once else self.retry_policy)
        while True:
            try:
                with _explain_errors(self.url):
                    result = _decode(self._send(method, path, body, query), kind, self.url)
            except ServerError as error:
                _require_repeatable(error, method)
                is_content = isinstance(error, ServerFailed | UnreadableResponse)
                retries.wait(error, content_pauses if is_content else None)
            else:
                retries.finish()
                self.first_request_once = False
                return result

    def _send(
        self, method: str, path: str, body: bytes | None, query: dict[str, Any]
    ) -> httpx.Response:
        timeout = READ_TIMEOUT if method == "GET" else WRITE_TIMEOUT
        response: httpx.Response = self._sdk._client_wrapper.httpx_client.request(
            path,
            method=method,
            content=body,
            params=query,
            headers={"content-type": "application/json"} if body else {},
            request_options={"max_retries": 0, "timeout_in_seconds": timeout},
        )
        try:
            _raise_for_status(response, self.url)
        except RequestTooLarge:
            self.batch_bytes = min(self.batch_bytes, len(body or b"") // 2)
            raise
        self.response_date = response.headers.get("date", "")
        return response


def _require_repeatable(error: ServerError, method: str) -> None:
    """Raise unless the request may be sent again, and that may help."""
    if method == "GET":
        if isinstance(error, BodyTooSlow):
            raise error from None
    elif not (isinstance(error, ServerUnavailable) and error.unsent):
        raise LostResponse(error) from None


def _build_sdk_client(url: str, token: str, ca_file: Setting | None) -> LabelStudioBase:
    # `LabelStudio` is the same class with extensions that import pandas (1 s, 100 MB).
    from label_studio_sdk.base_client import LabelStudioBase

    transport = open_http_client(
        url,
        ca_file,
        timeout=httpx.Timeout(READ_TIMEOUT, connect=10),
        follow_redirects=False,  # a redirected POST arrives as a GET
    )
    return LabelStudioBase(base_url=f"{url}/", api_key=token, httpx_client=transport, max_retries=0)


@contextlib.contextmanager
def _explain_errors(url: str) -> Iterator[None]:
    """Replace errors of the SDK and httpx, without their causes: those quote tokens and cookies."""
    from label_studio_sdk.core.api_error import ApiError

    try:
        yield
    except BodyTooLarge as error:
        raise UnreadableResponse(error.what, where=error.where, remedy=error.remedy) from None
    except SaysoError:
        raise
    except ApiError as error:
        if error.status_code in (401, 403):
            raise _token_error(url, error.body) from None
        raise _not_label_studio_error(url, error.status_code or 0) from None
    except httpx.InvalidURL:
        raise ServerError(
            "not an address", where=url, remedy="set SAYSO_URL to http://HOST:PORT"
        ) from None
    except httpx.HTTPError as error:
        raise _convert_http_error(error, url) from None
    # The SDK renews a token and gets a page of HTML, or a token that makes no sense.
    except (ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError):
        raise _not_label_studio_error(url, 0) from None
    except ValueError:
        raise _not_label_studio_error(url, 0) from None


def _convert_http_error(error: httpx.HTTPError, url: str) -> ServerError:
    remedy = "check SAYSO_URL and the network"
    if is_loopback(url):
        remedy = "run `sayso studio up`, or set SAYSO_URL to your server"
    if isinstance(error, httpx.TimeoutException):
        what, remedy = "no response in time", "check that the server is working"
        return ServerUnavailable(what, where=url, remedy=remedy)
    if not isinstance(error, httpx.ConnectError):
        what = f"the connection broke ({type(error).__name__})"
        return ServerUnavailable(what, where=url, remedy=remedy)
    reason = str(error).rpartition("] ")[2]
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        remedy = "if a private authority has signed it, set SAYSO_CA_FILE to its PEM file"
        what = f"the server's certificate is not accepted: {reason}"
        return ServerError(what, where=url, remedy=remedy)
    return ServerUnavailable(f"cannot connect: {reason}", where=url, remedy=remedy, unsent=True)


def _raise_for_status(response: httpx.Response, url: str) -> None:
    status, where = response.status_code, f"{url}{response.url.path}"
    if response.is_success:
        return
    if response.is_redirect:
        target = urlsplit(response.headers.get("location", ""))
        address = f"{target.scheme}://{target.netloc}" if target.netloc else target.path
        remedy = "set SAYSO_URL to the root address of Label Studio itself"
        raise ServerError(f"the server redirects to {address}", where=url, remedy=remedy)
    if status == 413:  # by a proxy, usually as a page of HTML
        size = len(response.request.content)
        what = f"a proxy before the server refuses {size:,} bytes in one request (HTTP 413)"
        remedy = "raise its limit: `client_max_body_size` in nginx, where it is 1m unless set"
        raise RequestTooLarge(what, where=where, remedy=remedy)
    body = _decode_json(response)
    if status in (401, 403) and body is not None:
        raise _token_error(url, body)
    if status in (400, 409, 422) and body is not None:
        raise InputError(f"Label Studio refuses this: {_extract_detail(body)}", where=where)
    if status == 404 and isinstance(body, dict) and "detail" in body:
        raise ObjectGone(
            "removed on the server meanwhile", where=where, remedy="run the command again"
        )
    if status >= 500 or status in (408, 429):
        raise _server_unavailable(response, body, url)
    raise _not_label_studio_error(url, status)


def _server_unavailable(response: httpx.Response, body: Any, url: str) -> ServerUnavailable:
    status, remedy = response.status_code, "look into the server's log, then run the command again"
    if status == 500:
        is_over = isinstance(body, dict) and "detail" in body
        what = f"HTTP 500, {_extract_detail(body)}" if is_over else "HTTP 500"
        failed = ServerFailed(what, where=url, remedy=remedy)
        failed.is_over = is_over
        return failed
    retry_after = _parse_retry_after(response.headers.get("retry-after", ""))
    return ServerUnavailable(
        f"HTTP {status}", where=url, remedy=remedy, retry_after=retry_after, unsent=status == 429
    )


def _parse_retry_after(header: str) -> float:
    """Return the seconds to wait that the header gives as a number or as a date."""
    if header.strip().isdecimal():
        return float(header)
    moment = parse_http_date(header)
    return 0.0 if moment is None else max(0.0, moment - time.time())


def parse_http_date(header: str) -> float | None:
    """Return the time of a header in seconds since 1970, or None if it is not one.

    >>> parse_http_date("Thu, 01 Jan 1970 00:01:00 GMT"), parse_http_date("tomorrow")
    (60.0, None)
    """
    try:
        moment = parsedate_to_datetime(header).timestamp()
    except (ValueError, OverflowError):
        return None
    return moment if 0 <= moment < _LAST_MOMENT else None


def _token_error(url: str, body: Any) -> AuthError:
    detail = _extract_detail(body).rstrip(".")
    if "legacy" in detail:  # switched off by default since 1.17: issue 7355
        remedy = "use a personal access token, or switch legacy tokens on in Label Studio"
        remedy += " under Organization"
    else:
        remedy = "make a new token in Label Studio (Account & Settings) and set SAYSO_TOKEN"
    return AuthError(
        f"Label Studio refuses the token: {detail or 'no reason given'}", where=url, remedy=remedy
    )


def _not_label_studio_error(url: str, status: int, reason: str = "") -> UnreadableResponse:
    reason = reason or (f"HTTP {status}" if status not in (0, 200) else "")
    what = "not a Label Studio server" + (f" ({reason})" if reason else "")
    return UnreadableResponse(what, where=url, remedy="set SAYSO_URL to its root address")


def _decode_json(response: httpx.Response) -> Any:
    try:
        return msgspec.json.decode(response.content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _extract_detail(body: Any) -> str:
    """Return the reason for a refusal in one short line."""
    if isinstance(body, dict):
        body = body.get("validation_errors") or body.get("detail", body)
    detail = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return detail if len(detail) <= 300 else f"{detail[:300]}…"


def _decode(response: httpx.Response, kind: type[T], url: str) -> T:
    if kind is Any and not response.content:
        return None  # type: ignore[return-value]
    try:
        return msgspec.json.decode(response.content, type=kind)
    except msgspec.ValidationError as error:
        where, reason = f"{url}{response.url.path}", str(error)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        where, reason = url, ""
    except RecursionError:
        where, reason = f"{url}{response.url.path}", "JSON nested without end"
    raise _not_label_studio_error(where, response.status_code, reason) from None
