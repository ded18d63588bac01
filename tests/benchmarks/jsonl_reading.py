"""Typed reading of JSON Lines against bare orjson over the same file.

    python tests/benchmarks/jsonl_reading.py [megabytes]

The yardstick is ``orjson.loads`` on every line, which knows nothing of types and checks nothing.
Each figure is the best of three, each run a process of its own; memory is its peak.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
MEGABYTES, RUNS = 1000, 3


def write_sample_files(folder: Path, megabytes: int) -> None:
    """Write a file of articles and one of annotations, of so many megabytes each."""
    from sayso.models import encode
    from tests.benchmarks.synthetic_corpus import synthetic_annotations, synthetic_documents

    documents = list(synthetic_documents(1000))
    annotations = list(synthetic_annotations(documents, "reader"))
    for name, records in (("articles", documents), ("annotations", annotations)):
        block = b"".join(encode(record) + b"\n" for record in records)
        with (folder / name).open("wb") as file:
            for _ in range(max(1, (megabytes << 20) // len(block))):
                file.write(block)


def read_typed(path: Path) -> int:
    """Our own reading: every field of every record checked."""
    from sayso import jsonl
    from sayso.models import Annotation, Document

    return sum(1 for _ in jsonl.read(path, Document if path.name == "articles" else Annotation))


def read_with_orjson(path: Path) -> int:
    """orjson, line by line."""
    import orjson

    count = 0
    with path.open("rb", buffering=1 << 20) as file:
        for line in file:
            orjson.loads(line)
            count += 1
    return count


def measure_reader(name: str, path: Path) -> tuple[float, float]:
    """Best seconds and MB at the peak of one way of reading."""
    runs = []
    for _ in range(RUNS):
        words = [sys.executable, __file__, "--step", name, str(path)]
        seconds, megabytes = json.loads(
            subprocess.run(words, check=True, capture_output=True).stdout
        )
        runs.append((seconds, megabytes))
    return min(seconds for seconds, _ in runs), max(megabytes for _, megabytes in runs)


def run_step(name: str, path: Path) -> None:
    """One reading, timed inside its process, so that the interpreter's start counts for nobody."""
    begun = time.perf_counter()
    {"typed": read_typed, "bare": read_with_orjson}[name](path)
    taken = time.perf_counter() - begun
    print(json.dumps([taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


def main(megabytes: int = MEGABYTES) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        write_sample_files(Path(folder), megabytes)
        print(f"typed reading of {megabytes:,} MB of JSON Lines (MB/s, MB of memory at the peak)")
        for name in ("articles", "annotations"):
            path = Path(folder) / name
            size = path.stat().st_size / (1 << 20)
            ours, orjson = measure_reader("typed", path), measure_reader("bare", path)
            for reader, (seconds, peak) in {"sayso": ours, "orjson": orjson}.items():
                print(f"  {name:12} {reader:7} {size / seconds:6.0f} {peak:5.0f}")
            print(f"  {name:12} sayso / orjson  {ours[0] / orjson[0]:.2f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--step"]:
        run_step(sys.argv[2], Path(sys.argv[3]))
    else:
        main(*map(int, sys.argv[1:]))
