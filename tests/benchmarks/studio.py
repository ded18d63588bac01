"""An embedded Label Studio for a benchmark, and steps that run in processes of their own."""

from __future__ import annotations

import contextlib
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
sys.path.insert(0, str(REPOSITORY))

Step = Callable[[Path, str], Callable[[], object]]


@contextlib.contextmanager
def embedded(documents: int) -> Iterator[Path]:
    """The root of an instance with so many articles and its own server, which is stopped at the end."""
    from sayso import jsonl
    from sayso.settings import find_instance
    from sayso.store import Corpus
    from sayso.studio import server
    from tests.benchmarks.corpus import synthetic_documents

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        shutil.copytree(REPOSITORY / "schema", root / "schema")
        jsonl.write(Corpus(root).batch(0), synthetic_documents(documents))
        instance = find_instance(root)
        server.up(instance, 0)
        try:
            yield root
        finally:
            server.down(instance)


def measured(script: str, step: str, root: Path, argument: str = "") -> tuple[float, float]:
    """Seconds and MB at the peak of one step, in a process of its own."""
    words = [sys.executable, script, "--step", step, str(root), argument]
    seconds, megabytes = json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout)
    return seconds, megabytes


def run_step(steps: dict[str, Step]) -> None:
    """In that process: make ready, then take the time; what is imported counts for nobody."""
    from label_studio_sdk.base_client import LabelStudioBase  # noqa: F401

    work = steps[sys.argv[2]](Path(sys.argv[3]), sys.argv[4])
    begun = time.perf_counter()
    work()
    taken = time.perf_counter() - begun
    print(json.dumps([taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


def row(name: str, seconds: float, megabytes: float, bare: float) -> None:
    """One line of figures."""
    print(f"  {name:58} {seconds:8.2f} {megabytes:6.0f} {seconds / bare:7.2f}")
