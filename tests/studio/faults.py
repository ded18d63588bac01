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
_HOP = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}


class Answer(NamedTuple):
    """What goes back."""

    status: int
    headers: dict[str, str]
    body: bytes


class Exchange(http.server.BaseHTTPRequestHandler):
    """One request, and what can be done with it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Proxy

    def _exchange(self) -> None:
        self.content = self.rfile.read(int(self.headers.get("content-length") or 0))
        path = self.path.partition("?")[0].strip("/")
        self.server.fault(self.server.counted(f"{self.command} {path}"), f"{self.command} {path}")(self)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = _exchange

    def forward(self) -> Answer:
        """Let the server carry it out."""
        line = http.client.HTTPConnection(self.server.target.hostname or "", self.server.target.port, timeout=60)
        with contextlib.closing(line):
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
            line.request(self.command, self.path, self.content, headers)
            answer = line.getresponse()
            kept = {name: value for name, value in answer.getheaders() if name.lower() not in _HOP}
            return Answer(answer.status, kept, answer.read())

    def give(self, answer: Answer, *, part: float = 1.0) -> None:
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


Fault = Callable[[Exchange], None]
Plan = Callable[[int, str], Fault]
"""What to do with the request of this number, counted from 1, such as ``GET api/version``."""


class Proxy(http.server.ThreadingHTTPServer):
    """Stands before ``target``; ``asked`` is what came through, in order."""

    daemon_threads = True

    def __init__(self, target: str, plan: Plan) -> None:
        super().__init__(("127.0.0.1", 0), Exchange)
        self.target = urlsplit(target)
        self.fault = plan
        self.asked: list[str] = []
        self._counting = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def counted(self, asked: str) -> int:
        with self._counting:
            self.asked.append(asked)
            return len(self.asked)

    def handle_error(self, *_: Any) -> None:
        """Lines break here by design."""


def passed(exchange: Exchange) -> None:
    """Nothing is wrong."""
    exchange.give(exchange.forward())


def broken(exchange: Exchange) -> None:
    """The line breaks before the server hears anything."""
    exchange.reset()


def lost(exchange: Exchange) -> None:
    """The server does what it was asked, and the line breaks before the answer."""
    exchange.forward()
    exchange.reset()


def truncated(exchange: Exchange) -> None:
    """The line breaks in the middle of the answer."""
    exchange.give(exchange.forward(), part=0.5)


def doubled(exchange: Exchange) -> None:
    """The server gets it twice."""
    exchange.forward()
    exchange.give(exchange.forward())


def page(exchange: Exchange) -> None:
    """Somebody else answers, and says that all is well."""
    exchange.give(Answer(200, {"content-type": "text/html"}, HTML))


def late(exchange: Exchange) -> None:
    """The answer takes its time."""
    time.sleep(0.3)
    passed(exchange)


def failing(status: int, body: bytes = HTML, **headers: str) -> Fault:
    """The server does nothing and says this."""
    return lambda exchange: exchange.give(Answer(status, {k.replace("_", "-"): v for k, v in headers.items()}, body))


def overtaken(exchange: Exchange) -> None:
    """The server does what it was asked, and what stands before it has given up waiting."""
    exchange.forward()
    exchange.give(Answer(504, {}, HTML))


def killing(victim: Future[int], *, after: bool) -> Fault:
    """Whoever asked dies, before the server hears of it or before the answer."""

    def kill(exchange: Exchange) -> None:
        if after:
            exchange.forward()
        os.kill(victim.result(), signal.SIGKILL)
        exchange.reset()

    return kill


def at(number: int, fault: Fault) -> Plan:
    """One fault at one request."""
    return lambda count, _asked: fault if count == number else passed


def since(number: int, fault: Fault) -> Plan:
    """The same fault at one request and at all that follow."""
    return lambda count, _asked: fault if count >= number else passed


def once(asked: str, fault: Fault) -> Plan:
    """A fault at the first request that begins and ends so, such as ``POST …/import``."""
    begins, ends = asked.split("…")
    left = [fault]

    def plan(_count: int, line: str) -> Fault:
        return left.pop() if left and line.startswith(begins) and line.endswith(ends) else passed

    return plan


@contextlib.contextmanager
def proxy(target: str, plan: Plan = lambda _count, _asked: passed) -> Iterator[Proxy]:
    """A proxy while the block runs."""
    with Proxy(target, plan) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
