"""A proxy before the real Label Studio that does to each request what a network may do to it.

Proxies that are ready to use were looked at. They count bytes or connections, or run in processes of their own; what
is wanted here is to choose one request and to know whether the server has carried it out.
"""

from __future__ import annotations

import contextlib
import http.client
import http.server
import os
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any, NamedTuple
from urllib.parse import urlsplit

HTML = b"<html><body>We will be back soon</body></html>"
_HOP_HEADERS = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}


class ProxyResponse(NamedTuple):
    """What goes back."""

    status: int
    headers: dict[str, str]
    body: bytes


class ProxyExchange(http.server.BaseHTTPRequestHandler):
    """One request, and what can be done with it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: FaultProxy

    def _handle(self) -> None:
        self.content = self.rfile.read(int(self.headers.get("content-length") or 0))
        path = self.path.partition("?")[0].strip("/")
        self.server.fault(
            self.server.count_request(f"{self.command} {path}"), f"{self.command} {path}"
        )(self)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = _handle

    def forward(self) -> ProxyResponse:
        """Let the server carry it out."""
        line = http.client.HTTPConnection(
            self.server.target.hostname or "", self.server.target.port, timeout=60
        )
        with contextlib.closing(line):
            headers = {
                name: value
                for name, value in self.headers.items()
                if name.lower() not in _HOP_HEADERS
            }
            line.request(self.command, self.path, self.content, headers)
            answer = line.getresponse()
            kept = {
                name: value
                for name, value in answer.getheaders()
                if name.lower() not in _HOP_HEADERS
            }
            return ProxyResponse(answer.status, kept, answer.read())

    def respond(self, answer: ProxyResponse, *, part: float = 1.0) -> None:
        """Send the answer back, or the first part of its body."""
        self.send_response_only(answer.status)
        for name, value in {**answer.headers, "content-length": str(len(answer.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body[: int(len(answer.body) * part)])
        self.close_connection = part < 1

    def reset(self) -> None:
        """Break the line, so that the other side hears of it as a reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def finish(self) -> None:
        with contextlib.suppress(OSError):  # whoever asked is dead, or the line was broken
            super().finish()

    def log_message(self, *_: Any) -> None:
        pass


Fault = Callable[[ProxyExchange], None]
FaultPlan = Callable[[int, str], Fault]
"""What to do with the request of this number, counted from 1, such as ``GET api/version``."""


class FaultProxy(http.server.ThreadingHTTPServer):
    """Stands before ``target``; ``requests`` is what came through, in order."""

    daemon_threads = True

    def __init__(self, target: str, plan: FaultPlan) -> None:
        super().__init__(("127.0.0.1", 0), ProxyExchange)
        self.target = urlsplit(target)
        self.fault = plan
        self.requests: list[str] = []
        self._counting = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def count_request(self, asked: str) -> int:
        with self._counting:
            self.requests.append(asked)
            return len(self.requests)

    def handle_error(self, *_: Any) -> None:
        """Lines break here by design."""


def pass_through(exchange: ProxyExchange) -> None:
    """Nothing is wrong."""
    exchange.respond(exchange.forward())


def break_before(exchange: ProxyExchange) -> None:
    """The line breaks before the server hears anything."""
    exchange.reset()


def lose_response(exchange: ProxyExchange) -> None:
    """The server does what it was asked, and the line breaks before the answer."""
    exchange.forward()
    exchange.reset()


def truncate_response(exchange: ProxyExchange) -> None:
    """The line breaks in the middle of the answer."""
    exchange.respond(exchange.forward(), part=0.5)


def send_twice(exchange: ProxyExchange) -> None:
    """The server gets it twice."""
    exchange.forward()
    exchange.respond(exchange.forward())


def answer_with_html(exchange: ProxyExchange) -> None:
    """Somebody else answers, and says that all is well."""
    exchange.respond(ProxyResponse(200, {"content-type": "text/html"}, HTML))


def delay_response(exchange: ProxyExchange) -> None:
    """The answer takes its time."""
    time.sleep(0.3)
    pass_through(exchange)


def fail_with(status: int, body: bytes = HTML, **headers: str) -> Fault:
    """The server does nothing and says this."""
    return lambda exchange: exchange.respond(
        ProxyResponse(status, {k.replace("_", "-"): v for k, v in headers.items()}, body)
    )


def time_out_after(exchange: ProxyExchange) -> None:
    """The server does what it was asked, and what stands before it has given up waiting."""
    exchange.forward()
    exchange.respond(ProxyResponse(504, {}, HTML))


def kill_client(victim: Future[int], *, after: bool) -> Fault:
    """Whoever asked dies, before the server hears of it or before the answer."""

    def kill(exchange: ProxyExchange) -> None:
        if after:
            exchange.forward()
        os.kill(victim.result(), signal.SIGKILL)
        exchange.reset()

    return kill


def fault_at(number: int, fault: Fault) -> FaultPlan:
    """One fault at one request."""
    return lambda count, _asked: fault if count == number else pass_through


def fault_since(number: int, fault: Fault) -> FaultPlan:
    """The same fault at one request and at all that follow."""
    return lambda count, _asked: fault if count >= number else pass_through


def fault_once(asked: str, fault: Fault) -> FaultPlan:
    """A fault at the first request that begins and ends so, such as ``POST …/import``."""
    begins, ends = asked.split("…")
    left = [fault]

    def plan(_count: int, line: str) -> Fault:
        return (
            left.pop() if left and line.startswith(begins) and line.endswith(ends) else pass_through
        )

    return plan


@contextlib.contextmanager
def run_proxy(
    target: str, plan: FaultPlan = lambda _count, _asked: pass_through
) -> Iterator[FaultProxy]:
    """A proxy while the block runs."""
    with FaultProxy(target, plan) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
