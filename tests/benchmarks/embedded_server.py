"""An embedded Label Studio for a benchmark, and steps that run in processes of their own."""

from __future__ import annotations

import contextlib
import importlib
import json
import math
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import httpx

REPOSITORY = Path(__file__).parents[2]
sys.path.insert(0, str(REPOSITORY))

BenchmarkStep = Callable[[Path, str], Callable[[], object]]


@contextlib.contextmanager
def embedded_checkout(documents: int) -> Iterator[Path]:
    """Make a checkout with so many articles and a server of its own, stopped at the end."""
    from sayso import jsonl
    from sayso.corpus.sources import CorpusFiles
    from sayso.labelstudio import server
    from sayso.settings import find_checkout
    from tests.benchmarks.synthetic_corpus import synthetic_documents

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        shutil.copytree(REPOSITORY / "schema", root / "schema")
        jsonl.write(CorpusFiles(root).batch_file(0), synthetic_documents(documents))
        checkout = find_checkout(root)
        server.start(checkout, 0)
        try:
            yield root
        finally:
            server.stop(checkout)


class MeasuredExchange(NamedTuple):
    """One request, such as ``GET api/version``, and the bytes of both bodies on the wire."""

    request: str
    sent: int
    received: int


class StepFigures(NamedTuple):
    """Measurements of one step; ``megabytes`` is the peak of its process."""

    seconds: float
    megabytes: float
    traffic: list[MeasuredExchange]

    @property
    def received(self) -> int:
        """Bytes of all responses."""
        return sum(exchange.received for exchange in self.traffic)

    @property
    def sent(self) -> int:
        """Bytes of all that was sent."""
        return sum(exchange.sent for exchange in self.traffic)


NEVER = StepFigures(math.inf, 0, [])
"""Slower than anything."""


def measure_step(script: str, step: str, root: Path, argument: str = "") -> StepFigures:
    """Measure one step in a process of its own."""
    words = [sys.executable, script, "--step", step, str(root), argument]
    found = subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout
    seconds, megabytes, traffic = json.loads(found)
    return StepFigures(seconds, megabytes, [MeasuredExchange(*exchange) for exchange in traffic])


def run_step(steps: dict[str, BenchmarkStep]) -> None:
    """Prepare, then measure, in that process; imports do not count."""
    importlib.import_module("label_studio_sdk.base_client")

    work = steps[sys.argv[2]](Path(sys.argv[3]), sys.argv[4])
    traffic = _record_traffic()
    begun = time.perf_counter()
    work()
    taken = time.perf_counter() - begun
    print(json.dumps([taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, traffic]))


def _record_traffic() -> list[MeasuredExchange]:
    """Collect the exchanges of this process; a proxy would slow them down."""
    import httpx

    exchanges: list[MeasuredExchange] = []
    send = httpx.Client.send

    def counted(client: httpx.Client, request: httpx.Request, **how: Any) -> httpx.Response:
        answer = send(client, request, **how)
        path, sent = request.url.path.strip("/"), int(request.headers.get("content-length", 0))
        exchanges.append(
            MeasuredExchange(f"{request.method} {path}", sent, answer.num_bytes_downloaded)
        )
        return answer

    httpx.Client.send = counted  # type: ignore[assignment,method-assign]
    return exchanges


def print_row(name: str, seconds: float, megabytes: float, bare: float) -> None:
    """Print one line of figures."""
    print(f"  {name:58} {seconds:8.2f} {megabytes:6.0f} {seconds / bare:7.2f}")
