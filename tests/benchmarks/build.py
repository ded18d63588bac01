"""`sayso build` against the bare Arrow path: JSON Lines, pyarrow.json, ParquetWriter.

    python tests/benchmarks/build.py [documents]

Two yardsticks. *Annotations alone* is the least that any builder does: the annotations' JSON Lines
into one Parquet file. *The same six tables* reads all the rows that we write from JSON Lines too:
what it would cost if somebody else had computed them. Each figure is the best of three runs in
processes of their own; memory is the peak.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
sys.path.insert(0, str(REPOSITORY))
DOCUMENTS, RUNS = 10_000, 3


def make_checkout(root: Path, count: int) -> None:
    """An instance with ``count`` articles and one answer to each."""
    from sayso import jsonl
    from sayso.corpus.sources import BATCH_DOCUMENTS, CorpusFiles
    from tests.benchmarks.synthetic_corpus import synthetic_annotations, synthetic_documents

    shutil.copytree(REPOSITORY / "schema", root / "schema")
    corpus = CorpusFiles(root)
    everything = list(synthetic_documents(count))
    for number in range(0, count, BATCH_DOCUMENTS):
        jsonl.write(
            corpus.batch_file(number // BATCH_DOCUMENTS),
            everything[number : number + BATCH_DOCUMENTS],
        )
    corpus.write_annotations("synthetic", "reader", synthetic_annotations(everything, "reader"))


def full_build(root: Path) -> None:
    """The whole build, from nothing."""
    from sayso.dataset.builder import build
    from sayso.settings import find_checkout

    build(find_checkout(root))


def annotations_through_arrow(root: Path) -> None:
    """The annotations' JSON Lines through Arrow alone."""
    from sayso.dataset import features
    from sayso.schema.declarations import load_schema

    declared = features.json_columns(load_schema(root / "schema/schema.yaml"))
    _through_arrow(
        root / "corpus/annotations/synthetic/reader.jsonl", declared, root / "bare.parquet"
    )


def tables_through_arrow(root: Path) -> None:
    """All that the build wrote, as JSON Lines through Arrow alone."""
    from sayso.dataset import features
    from sayso.schema.declarations import load_schema

    for config, declared in features.config_columns(
        load_schema(root / "schema/schema.yaml")
    ).items():
        _through_arrow(root / f"{config}.jsonl", declared, root / f"{config}.parquet")


def _through_arrow(source: Path, declared: dict[str, Any], target: Path) -> None:
    import pyarrow.json
    import pyarrow.parquet

    from sayso.dataset import features

    schema = features.arrow_schema(declared)
    options = {"compression": "zstd", "compression_level": 3}
    with pyarrow.parquet.ParquetWriter(target, schema, **options) as writer:
        for chunk in pyarrow.json.open_json(
            source,
            parse_options=pyarrow.json.ParseOptions(explicit_schema=schema),
            read_options=pyarrow.json.ReadOptions(block_size=8 << 20),
        ):
            writer.write_batch(chunk)


def write_tables(root: Path) -> None:
    """The rows that the build wrote as JSON Lines, for ``tables_through_arrow``."""
    import msgspec
    import pyarrow.parquet

    for folder in sorted((root / "corpus/data").iterdir()):
        with (root / f"{folder.name}.jsonl").open("wb") as file:
            for path in sorted(folder.glob("*.parquet")):
                for rows in pyarrow.parquet.ParquetFile(path).iter_batches(batch_size=1000):
                    file.writelines(msgspec.json.encode(row) + b"\n" for row in rows.to_pylist())


def measure_step(step: str, root: Path) -> tuple[float, float]:
    """Seconds and MB at the peak of one step in a process of its own."""
    found = subprocess.run(
        [sys.executable, __file__, "--step", step, str(root)],
        check=True,
        capture_output=True,
        text=True,
    )
    seconds, megabytes = json.loads(found.stdout)
    return seconds, megabytes


def best_of_runs(step: str, root: Path, *, afresh: bool = False) -> tuple[float, float]:
    """The best of some runs, and the most memory."""
    runs = []
    for _ in range(RUNS):
        if afresh:
            for leftover in (root / "corpus/data", root / ".sayso"):
                shutil.rmtree(leftover, ignore_errors=True)
            (root / "corpus/README.md").unlink(missing_ok=True)
        runs.append(measure_step(step, root))
    return min(seconds for seconds, _ in runs), max(megabytes for _, megabytes in runs)


def main(count: int) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_checkout(root, count)
        whole = best_of_runs("ours", root, afresh=True)
        again = best_of_runs("ours", root)
        write_tables(root)
        alone, tables = best_of_runs("answers_alone", root), best_of_runs("six_tables", root)
    print(
        f"build, {count:,} articles of 3 kB, 25 mentions and 20 relations each "
        "(seconds, MB at the peak)"
    )
    for name, (seconds, megabytes) in {
        "the whole build": whole,
        "the same again, nothing changed": again,
        "bare Arrow, answers alone": alone,
        "bare Arrow, the same six tables from JSON Lines": tables,
    }.items():
        print(f"  {name:50} {seconds:8.2f} {megabytes:8.0f}")
    print(f"  whole build / answers alone    {whole[0] / alone[0]:6.2f}")
    print(f"  whole build / the same tables  {whole[0] / tables[0]:6.2f}")


def run_step(name: str, root: Path) -> None:
    """One step, timed inside its process, so that the interpreter's start counts for nobody."""
    import numpy  # noqa: F401
    import pyarrow.json
    import pyarrow.parquet  # noqa: F401

    import sayso.dataset.builder  # noqa: F401

    begun = time.perf_counter()
    {
        "ours": full_build,
        "answers_alone": annotations_through_arrow,
        "six_tables": tables_through_arrow,
    }[name](root)
    taken = time.perf_counter() - begun
    print(json.dumps([taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--step"]:
        run_step(sys.argv[2], Path(sys.argv[3]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else DOCUMENTS)
