"""A proxy before the real Label Studio that can harm any single request.

Proxies that exist count bytes or connections, or run in processes of their own; tests must choose
one request, and know whether the server has carried it out.
"""

from __future__ import annotations

import contextlib
import http.client
import http.server
import os
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager
from ssl import SSLContext
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.http_servers import serve

HTML = b"<html><body>We will be back soon</body></html>"
TOO_LARGE = b"""<html>\r
<head><title>413 Request Entity Too Large</title></head>\r
<body>\r
<center><h1>413 Request Entity Too Large</h1></center>\r
<hr><center>nginx</center>\r
</body>\r
</html>\r
"""
_HOP_HEADERS = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}


class ProxyResponse(NamedTuple):
    """Status, headers and body of a response."""

    status: int
    headers: dict[str, str]
    body: bytes


class ProxyExchange(http.server.BaseHTTPRequestHandler):
    """One request, with the actions that a fault is made of."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: FaultProxy

    def _handle(self) -> None:
        path = self.path.partition("?")[0].strip("/")
        request = f"{self.command} {path}"
        number, size = self.server.count_request(request), int(self.headers["content-length"] or 0)
        fault = self.server.plan(number, request)
        if size > self.server.body_limit and fault is pass_through:
            # Before the body is here, as nginx does, which reads on for a while.
            self.respond(self._refuse_body(size))
            self.rfile.read(size)
            self.close_connection = True
            return
        self.content = self.rfile.read(size)
        fault(self)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = _handle

    def _refuse_body(self, size: int) -> ProxyResponse:
        self.server.refused.append(size)
        headers = {"server": "nginx", "content-type": "text/html", "connection": "close"}
        return ProxyResponse(413, headers, TOO_LARGE)

    def forward(self) -> ProxyResponse:
        """Let the server carry the request out, unless its body is larger than the limit."""
        if len(self.content) > self.server.body_limit:
            return self._refuse_body(len(self.content))
        target = self.server.target
        connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=60)
        with self.server.count_open(), contextlib.closing(connection):
            headers = _drop_hop_headers(self.headers.items())
            connection.request(self.command, self.path, self.content, headers)
            response = connection.getresponse()
            headers = _drop_hop_headers(response.getheaders())
            return ProxyResponse(response.status, headers, response.read())

    def respond(self, response: ProxyResponse, *, part: float = 1.0) -> None:
        """Send the response back, or the first part of its body."""
        self.send_response_only(response.status)
        for name, value in {**response.headers, "content-length": str(len(response.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(response.body[: int(len(response.body) * part)])
        self.close_connection = part < 1

    def reset(self) -> None:
        """Break the connection, which the client sees as a reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def finish(self) -> None:
        with contextlib.suppress(OSError):  # the client is dead, or the connection was broken
            super().finish()

    def log_message(self, *_: Any) -> None:
        pass


def _drop_hop_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name: value for name, value in headers if name.lower() not in _HOP_HEADERS}


Fault = Callable[[ProxyExchange], None]
FaultPlan = Callable[[int, str], Fault]
"""Returns the fault for a request by its number, from 1, and its line: ``GET api/version``."""


class FaultProxy(http.server.ThreadingHTTPServer):
    """A proxy before ``target``; ``requests`` has the lines of all requests, in order.

    Attributes:
        body_limit: nginx's ``client_max_body_size``, in bytes.
        refused: sizes of the bodies that were larger.
    """

    daemon_threads = True

    def __init__(
        self, target: str, plan: FaultPlan, host: str = "127.0.0.1", tls: SSLContext | None = None
    ) -> None:
        super().__init__((host, 0), ProxyExchange)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.target = urlsplit(target)
        self.plan = plan
        self.requests: list[str] = []
        self.body_limit, self.refused = sys.maxsize, list[int]()
        self._counting = threading.Lock()
        self._open, self._answered = 0, threading.Condition()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def count_request(self, request: str) -> int:
        with self._counting:
            self.requests.append(request)
            return len(self.requests)

    @contextlib.contextmanager
    def count_open(self) -> Iterator[None]:
        """Count a request as open while the server works on it."""
        with self._answered:
            self._open += 1
        try:
            yield
        finally:
            with self._answered:
                self._open -= 1
                self._answered.notify_all()

    def wait_until_idle(self) -> None:
        """Wait until the server has answered every request, whoever still wants the response."""
        with self._answered:
            assert self._answered.wait_for(lambda: not self._open, timeout=60)

    def handle_error(self, *_: Any) -> None:
        """Ignore broken connections, which are intended here."""


def pass_through(exchange: ProxyExchange) -> None:
    """Do no harm."""
    exchange.respond(exchange.forward())


def break_before(exchange: ProxyExchange) -> None:
    """Break the connection before the server gets the request."""
    exchange.reset()


def lose_response(exchange: ProxyExchange) -> None:
    """Let the server carry the request out, and break the connection before the response."""
    exchange.forward()
    exchange.reset()


def truncate_response(exchange: ProxyExchange) -> None:
    """Break the connection in the middle of the response."""
    exchange.respond(exchange.forward(), part=0.5)


def send_twice(exchange: ProxyExchange) -> None:
    """Send the request to the server twice."""
    exchange.forward()
    exchange.respond(exchange.forward())


def answer_with_html(exchange: ProxyExchange) -> None:
    """Respond with somebody else's page and status 200."""
    exchange.respond(ProxyResponse(200, {"content-type": "text/html"}, HTML))


def delay_response(exchange: ProxyExchange) -> None:
    """Respond after a moment."""
    time.sleep(0.3)
    pass_through(exchange)


def fail_with(status: int, body: bytes = HTML, **headers: str) -> Fault:
    """Respond with this instead of asking the server."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda exchange: exchange.respond(ProxyResponse(status, names, body))


def time_out_after(exchange: ProxyExchange) -> None:
    """Let the server carry the request out, and respond as a proxy that stopped waiting."""
    exchange.forward()
    exchange.respond(ProxyResponse(504, {}, HTML))


def kill_client(victim: Future[int], *, after: bool) -> Fault:
    """Kill the client, before the server gets the request or before the response."""

    def kill(exchange: ProxyExchange) -> None:
        if after:
            exchange.forward()
        os.kill(victim.result(), signal.SIGKILL)
        exchange.reset()

    return kill


def fault_at(number: int, fault: Fault) -> FaultPlan:
    """Plan one fault at one request."""
    return lambda count, _request: fault if count == number else pass_through


def fault_since(number: int, fault: Fault) -> FaultPlan:
    """Plan the same fault at one request and all that follow."""
    return lambda count, _request: fault if count >= number else pass_through


def fault_once(pattern: str, fault: Fault) -> FaultPlan:
    """Plan a fault at the first request whose line fits, such as ``POST …/import``."""
    start, end = pattern.split("…")
    left = [fault]

    def plan(_count: int, request: str) -> Fault:
        fits = request.startswith(start) and request.endswith(end)
        return left.pop() if left and fits else pass_through

    return plan


def run_proxy(
    target: str, plan: FaultPlan = lambda _count, _request: pass_through, **options: Any
) -> AbstractContextManager[FaultProxy]:
    """Run a proxy for the block; ``options`` are those of ``FaultProxy``."""
    return serve(FaultProxy(target, plan, **options))
