"""`sayso diff` between two versions of 100,000 documents with 2.5 million mentions each.

    python tests/benchmarks/diff.py [documents]

*Few*: one document in a thousand has another title, one annotation in a thousand another label,
boundary or attribute. *All*: every document and annotation. Yardsticks over the same folders:
orjson reading each line of both versions, which compares nothing, and `git diff --no-index --stat`,
which counts lines that differ and knows nothing of mentions. Each figure is the best of two, each
run a process of its own: seconds on the clock, seconds of work, memory at the peak.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec

REPOSITORY = Path(__file__).parents[2]
sys.path.insert(0, str(REPOSITORY))
from sayso import jsonl  # noqa: E402
from sayso.corpus.sources import BATCH_DOCUMENTS, CorpusFiles  # noqa: E402
from sayso.models import Annotation, Document, Mention, sort_mentions  # noqa: E402
from tests.benchmarks.synthetic_corpus import synthetic_annotations, synthetic_documents  # noqa: E402

DOCUMENTS, RUNS = 100_000, 2
_replace = msgspec.structs.replace


def make_older_version(root: Path, count: int) -> None:
    """Write the older version."""
    corpus, documents = CorpusFiles(root), synthetic_documents(count)
    for number in range(-(-count // BATCH_DOCUMENTS)):
        jsonl.write(corpus.batch_file(number), islice(documents, BATCH_DOCUMENTS))
    corpus.write_annotations(
        "synthetic", "reader", synthetic_annotations(synthetic_documents(count), "reader")
    )


def make_newer_version(older: Path, newer: Path, every: int) -> None:
    """Write a newer version, in which one record of ``every`` differs."""
    before, after = CorpusFiles(older), CorpusFiles(newer)
    for number, path in enumerate(before.batch_files()):
        jsonl.write(after.batch_file(number), _changed_documents(path, every))
    path = before.annotation_file("synthetic", "reader")
    after.write_annotations("synthetic", "reader", _changed_annotations(path, every))


def _changed_documents(path: Path, every: int) -> Iterator[Document]:
    for number, document in enumerate(jsonl.read(path, Document)):
        yield document if number % every else _replace(document, title=f"Another article {number}")


def _changed_annotations(path: Path, every: int) -> Iterator[Annotation]:
    for number, answer in enumerate(jsonl.read(path, Annotation)):
        changed = (_changed_mention(mention, number // every % 3) for mention in answer.mentions)
        yield answer if number % every else _replace(answer, mentions=sort_mentions(changed))


def _changed_mention(mention: Mention, how: int) -> Mention:
    if mention.label != "Count":
        return mention
    if how == 0:
        return _replace(mention, label="Actor")
    if how == 1:
        return _replace(mention, end=mention.end - 1, text=mention.text[:-1])
    return _replace(mention, attributes={**mention.attributes, "lower": 1})


def commit_version(root: Path, tag: str) -> None:
    """Commit a checkout under a tag."""
    git = [
        "git",
        "-C",
        str(root),
        "-c",
        "user.name=x",
        "-c",
        "user.email=x@example.org",
        "-c",
        "gc.auto=0",
    ]
    for words in (["init", "-q"], ["add", "corpus"], ["commit", "-q", "-m", tag], ["tag", tag]):
        subprocess.run([*git, *words], check=True)


def read_with_orjson(older: str, newer: str) -> None:
    """Read both versions with orjson, line by line."""
    import orjson

    for side in (older, newer):
        for path in sorted(Path(side).rglob("*.jsonl")):
            with path.open("rb", buffering=1 << 20) as file:
                for line in file:
                    orjson.loads(line)


def time_command(words: list[str]) -> tuple[float, float, float]:
    """Return the best seconds on the clock and of work, and the most MB of a command."""
    runs = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _pid, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode > 1:
            raise SystemExit(f"{words}: exit {child.returncode}")
        runs.append(
            (time.perf_counter() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
        )
    return min(run[0] for run in runs), min(run[1] for run in runs), max(run[2] for run in runs)


def main(count: int = DOCUMENTS) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_older_version(folder / "older", count)
        (folder / "older" / "schema").mkdir()
        (folder / "older" / "schema" / "schema.yaml").write_bytes(
            (REPOSITORY / "schema" / "schema.yaml").read_bytes()
        )
        commit_version(folder / "older", "v1")
        print(f"diff, {count:,} documents and {count * 25:,} mentions each (seconds, of work, MB)")
        for case, every in (("few", 1000), ("all", 1)):
            make_newer_version(folder / "older", folder / case, every)
            older, newer = str(folder / "older"), str(folder / case)
            sayso = [sys.executable, "-m", "sayso", "--root", older, "diff"]
            figures = {
                "sayso diff, folders": time_command([*sayso, older, newer]),
                "sayso diff --json, folders": time_command([*sayso, older, newer, "--json"]),
                "sayso diff, the older from git": time_command([*sayso, "v1", newer]),
                "orjson reads both": time_command(
                    [sys.executable, __file__, "--orjson", older, newer]
                ),
                "git diff --no-index --stat": time_command(
                    ["git", "diff", "--no-index", "--stat", older, newer]
                ),
            }
            for what, (seconds, work, megabytes) in figures.items():
                print(
                    f"  {case:4} {what:32} {seconds:7.2f} {work:7.2f} {megabytes:6.0f}", flush=True
                )
            ours, bare = figures["sayso diff, folders"], figures["orjson reads both"]
            print(f"  {case:4} folders / orjson, of work {ours[1] / bare[1]:.2f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--orjson"]:
        read_with_orjson(*sys.argv[2:])
    else:
        main(*map(int, sys.argv[1:]))
