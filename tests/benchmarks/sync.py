"""Time and traffic of push, pull, status and progress by size of the corpus and of the change.

    python tests/benchmarks/sync.py [documents ...]

For each size two tables: seconds, MB at our peak, requests, kilobytes received and sent; and the
seconds and all the kilobytes as shares of the first line. 100,000 take half an hour and 4 GB of
disk. Each step is a process of its own on one server. What can be repeated is the best of three;
what fills an empty side is not.

A campaign of months is made in a moment: the annotations are put straight into the database of the
stopped server, an hour back in time, copied from one that the server itself wrote down.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks import pull as pulling
from tests.benchmarks import push as pushing
from tests.benchmarks.embedded_server import (
    NEVER,
    BenchmarkStep,
    StepFigures,
    embedded_checkout,
    measure_step,
    run_step,
)

if TYPE_CHECKING:
    import httpx

    from sayso.labelstudio.client import LabelStudioClient

SIZES, RUNS, CAMPAIGN = (1_000, 10_000), 3, "benchmark"
NEW, CHANGED = 100, 10


def push_corpus(root: Path, _argument: str) -> Callable[[], object]:
    """Push; creates the project if there is none."""
    from sayso.labelstudio import project
    from sayso.labelstudio.push import PushRequest
    from sayso.labelstudio.push import push as ours

    return _with_client(
        root,
        lambda checkout, client: ours(
            checkout, client, PushRequest(project.ProjectKey(CAMPAIGN, "all"))
        ),
    )


def push_from_another_checkout(root: Path, argument: str) -> Callable[[], object]:
    """Push without the sync state."""
    for path in (root / ".sayso/cache").iterdir():
        path.unlink()
    return push_corpus(root, argument)


def pull_campaign(root: Path, full: str) -> Callable[[], object]:
    """Pull every pass that was pushed."""
    from sayso.labelstudio.pull import pull as ours

    return _with_client(
        root, lambda checkout, client: ours(checkout, client, CAMPAIGN, full=bool(full))
    )


def compare_status(root: Path, _argument: str) -> Callable[[], object]:
    """Compare corpus and server for every pass."""
    from sayso.labelstudio.status import read_status as ours

    return _with_client(root, lambda checkout, client: ours(checkout, client, CAMPAIGN, None))


def measure_campaign(root: Path, _argument: str) -> Callable[[], object]:
    """Measure the campaign's progress."""
    from sayso.labelstudio.progress import measure_progress as ours

    return _with_client(root, lambda checkout, client: ours(checkout, client, CAMPAIGN))


def _with_client(
    root: Path, doing: Callable[[Any, LabelStudioClient], object]
) -> Callable[[], object]:
    from sayso.labelstudio.connection import connect
    from sayso.settings import find_checkout

    def work() -> None:
        checkout = find_checkout(root)
        with connect(checkout) as client:
            doing(checkout, client)

    return work


def add_documents(root: Path, count: int) -> None:
    """Add articles in a batch of their own."""
    from sayso import jsonl
    from sayso.corpus.sources import CorpusFiles
    from tests.benchmarks.synthetic_corpus import synthetic_documents

    there = sum(1 for _ in CorpusFiles(root).documents())
    jsonl.write(
        CorpusFiles(root).batch_file(len(CorpusFiles(root).batch_files())),
        islice(synthetic_documents(there + count), there, None),
    )


def annotate_all(root: Path) -> None:
    """Add one annotation with 25 mentions to each task, an hour ago."""
    from sayso.labelstudio import server
    from sayso.settings import find_checkout

    checkout = find_checkout(root)
    running = server.find_running(checkout)
    assert running
    with _open_http(root) as line:
        first = line.get(
            "/api/tasks/", params={"project": _find_project_number(root), "page_size": 1}
        ).json()["tasks"][0]["id"]
        model = line.post(
            f"/api/tasks/{first}/annotations/", json={"result": [], "lead_time": 60}
        ).json()["id"]
    server.stop(checkout)
    with sqlite3.connect(server.server_folder(checkout) / "data/label_studio.sqlite3") as database:
        _copy_annotation(database, model, _encode_results(root))
    database.close()
    server.start(checkout, int(running.url.rpartition(":")[2]))


def _copy_annotation(
    database: sqlite3.Connection, model: int, results: Iterator[tuple[str, str]]
) -> None:
    """Copy the annotation ``model`` to every task, with the result for its document."""
    asked = database.execute("SELECT * FROM task_completion WHERE id = ?", (model,))
    names = [column[0] for column in asked.description]
    copied = dict(zip(names, asked.fetchone(), strict=True))
    tasks = database.execute(
        "SELECT data ->> 'doc_id', id FROM task WHERE project_id = ?", (copied["project_id"],)
    )
    numbers: dict[str, int] = dict(tasks.fetchall())
    hour = "strftime('%Y-%m-%d %H:%M:%f000', {}, '-1 hour')"

    def rows() -> Iterable[tuple[Any, ...]]:
        for doc_id, result in results:
            own = {
                "id": None,
                "unique_id": uuid.uuid4().hex,
                "task_id": numbers[doc_id],
                "result": result,
            }
            yield tuple((copied | own).values())

    database.execute("DELETE FROM task_completion WHERE id = ?", (model,))
    database.executemany(
        f"INSERT INTO task_completion VALUES ({','.join('?' * len(names))})", rows()
    )
    for table, columns in (
        ("task_completion", ("created_at", "updated_at")),
        ("task", ("updated_at",)),
    ):
        moved = ", ".join(f"{column} = {hour.format(column)}" for column in columns)
        database.execute(f"UPDATE {table} SET {moved}")
    database.execute(
        "UPDATE task SET total_annotations = 1, is_labeled = 1 WHERE project_id = ?",
        (copied["project_id"],),
    )


def _encode_results(root: Path) -> Iterator[tuple[str, str]]:
    from sayso.corpus.sources import CorpusFiles
    from sayso.labelstudio.codec import encode_result
    from sayso.schema.declarations import load_schema
    from tests.benchmarks.synthetic_corpus import synthetic_annotations

    schema = load_schema(root / "schema/schema.yaml")
    for annotation in synthetic_annotations(CorpusFiles(root).documents(), "reader"):
        yield (
            annotation.doc_id,
            json.dumps(encode_result(annotation.mentions, annotation.relations, schema)),
        )


def change_annotations(root: Path, turn: int) -> None:
    """Submit the same few annotations again, spread over the project."""
    from sayso.labelstudio import server
    from sayso.settings import find_checkout

    path = server.server_folder(find_checkout(root)) / "data/label_studio.sqlite3"
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        annotations = [
            number for (number,) in database.execute("SELECT id FROM task_completion ORDER BY id")
        ]
    database.close()
    with _open_http(root) as line:
        for number in annotations[:: len(annotations) // CHANGED][:CHANGED]:
            line.patch(
                f"/api/annotations/{number}/", json={"lead_time": 100 + turn}
            ).raise_for_status()


def _open_http(root: Path) -> httpx.Client:
    import httpx

    from sayso.labelstudio import server
    from sayso.settings import find_checkout

    running = server.find_running(find_checkout(root))
    assert running
    headers = {"Authorization": f"Token {running.token}"}
    return httpx.Client(base_url=running.url, headers=headers, timeout=600, trust_env=False)


def _find_project_number(root: Path) -> int:
    from sayso.labelstudio import project
    from sayso.labelstudio.connection import connect
    from sayso.settings import find_checkout

    with connect(find_checkout(root)) as client:
        found = project.find_project(client, project.ProjectKey(CAMPAIGN, "all"))
    assert found
    return found.id


def measure_best(
    step: str, root: Path, before: Callable[[int], object] = lambda _turn: None
) -> StepFigures:
    """Return the fastest of several runs of a repeatable step."""
    least = NEVER
    for turn in range(RUNS):
        before(turn)
        least = min(least, measure_step(__file__, step, root))
    return least


def measure_pushes(root: Path, size: int) -> Iterator[tuple[str, StepFigures]]:
    """Measure each kind of push; the yardstick first."""
    yield "bare bulk imports of 1,000", measure_step(__file__, "bulk", root, "1000")
    yield f"first push of {size:,}", measure_step(__file__, "push", root)
    yield "push again, nothing to do", measure_best("push", root)
    add_documents(root, NEW)
    yield f"push of {NEW} new among {size:,}", measure_step(__file__, "push", root)
    annotate_all(root)
    yield (
        "push from another checkout, nothing to do",
        measure_step(__file__, "push_elsewhere", root),
    )


def measure_pulls(root: Path, size: int) -> Iterator[tuple[str, StepFigures]]:
    """Measure each kind of pull, status and progress; the yardstick first."""
    yield f"first pull of {size:,}", measure_step(__file__, "pull", root)
    yield "pull again, nothing has changed", measure_best("pull", root)
    yield "status", measure_best("status", root)
    yield "progress", measure_best("progress", root)
    yield (
        f"pull of {CHANGED} changed annotations",
        measure_best("pull", root, lambda turn: change_annotations(root, turn)),
    )
    yield (
        "bare pages of the same fields",
        measure_step(pulling.__file__, "bare", root, _included_fields()),
    )
    yield "pull --full", measure_step(__file__, "pull", root, "full")


def _included_fields() -> str:
    from sayso.labelstudio.api_types import AnnotatedTask, TaskAnnotation, join_fields

    return join_fields(AnnotatedTask, TaskAnnotation)


def print_table(title: str, steps: Iterator[tuple[str, StepFigures]]) -> None:
    """Print each line as soon as it is measured; the first is the yardstick."""
    columns = ("seconds", "MB", "requests", "kB received", "kB sent", "% of time", "% of kB")
    print(f"{title:45}" + "".join(f"{column:>12}" for column in columns), flush=True)
    quiet: dict[str, Counter[str]] = {}
    yardstick = None
    for name, figures in steps:
        yardstick = yardstick or figures
        shares = (
            figures.seconds / yardstick.seconds,
            _total_bytes(figures) / _total_bytes(yardstick),
        )
        print(
            f"  {name:43}{figures.seconds:12.2f}{figures.megabytes:12.0f}{len(figures.traffic):12,}"
            f"{figures.received / 1000:12,.1f}{figures.sent / 1000:12,.1f}"
            f"{shares[0]:12.1%}{shares[1]:12.1%}",
            flush=True,
        )
        if len(figures.traffic) < 50:
            quiet[name] = Counter(exchange.request for exchange in figures.traffic)
    for name, asked in quiet.items():
        print(f"  {name}: {', '.join(f'{count} {what}' for what, count in asked.items())}")


def _total_bytes(figures: StepFigures) -> int:
    return figures.sent + figures.received


def main(sizes: Iterable[int]) -> None:
    """Print the figures."""
    for size in sizes:
        with embedded_checkout(size) as root:
            print_table(f"{size:,} articles of 3 kB, pushed", measure_pushes(root, size))
            print_table(
                f"{size + NEW:,} annotations with 25 mentions, pulled",
                measure_pulls(root, size + NEW),
            )
        print()


STEPS: dict[str, BenchmarkStep] = {
    "push": push_corpus,
    "push_elsewhere": push_from_another_checkout,
    "pull": pull_campaign,
    "status": compare_status,
    "progress": measure_campaign,
    "bulk": pushing.import_in_bulk,
}

if __name__ == "__main__":
    if sys.argv[1:2] == ["--step"]:
        run_step(STEPS)
    else:
        main([int(size) for size in sys.argv[1:]] or SIZES)
