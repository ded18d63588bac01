"""What push, pull, status and progress cost against the size of the corpus and against the size of a change.

    python tests/benchmarks/sync.py [documents ...]

For each size two tables: seconds, MB at our peak, requests, kilobytes received and sent; and the seconds and all the
kilobytes as shares of the first line. 100,000 take half an hour and 4 GB of disk. Each step is a process of its own
on one server. What can be repeated is the best of three; what fills an empty side is not.

A campaign of months is made in a moment: the answers are put straight into the database of the stopped server, an
hour back in time, copied from one that the server itself wrote down.
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
from tests.benchmarks.studio import NEVER, Figures, Step, embedded, measured, run_step

if TYPE_CHECKING:
    import httpx

    from sayso.studio.client import Client

SIZES, RUNS, CAMPAIGN = (1_000, 10_000), 3, "benchmark"
NEW, CHANGED = 100, 10


def push(root: Path, _argument: str) -> Callable[[], object]:
    """The whole push, which makes the project where there is none."""
    from sayso.studio import project
    from sayso.studio.push import Request
    from sayso.studio.push import push as ours

    return _entered(root, lambda instance, client: ours(instance, client, Request(project.Place(CAMPAIGN, "all"))))


def push_elsewhere(root: Path, argument: str) -> Callable[[], object]:
    """The same where nothing is remembered of the server."""
    for path in (root / ".sayso/cache").iterdir():
        path.unlink()
    return push(root, argument)


def pull(root: Path, full: str) -> Callable[[], object]:
    """The whole pull, of every pass that was pushed."""
    from sayso.studio.pull import pull as ours

    return _entered(root, lambda instance, client: ours(instance, client, CAMPAIGN, full=bool(full)))


def status(root: Path, _argument: str) -> Callable[[], object]:
    """Both sides of every pass."""
    from sayso.studio.status import status as ours

    return _entered(root, lambda instance, client: ours(instance, client, CAMPAIGN, None))


def progress(root: Path, _argument: str) -> Callable[[], object]:
    """How far the campaign is."""
    from sayso.studio.progress import progress as ours

    return _entered(root, lambda instance, client: ours(instance, client, CAMPAIGN))


def _entered(root: Path, doing: Callable[[Any, Client], object]) -> Callable[[], object]:
    from sayso.settings import find_instance
    from sayso.studio.access import connect

    def work() -> None:
        instance = find_instance(root)
        with connect(instance) as client:
            doing(instance, client)

    return work


def add_documents(root: Path, count: int) -> None:
    """The next articles, in a batch of their own."""
    from sayso import jsonl
    from sayso.store import Corpus
    from tests.benchmarks.corpus import synthetic_documents

    there = sum(1 for _ in Corpus(root).documents())
    jsonl.write(
        Corpus(root).batch(len(Corpus(root).batches())), islice(synthetic_documents(there + count), there, None)
    )


def answer_all(root: Path) -> None:
    """One answer with 25 mentions to each task, an hour ago."""
    from sayso.settings import find_instance
    from sayso.studio import server

    instance = find_instance(root)
    running = server.running(instance)
    assert running
    with _line(root) as line:
        first = line.get("/api/tasks/", params={"project": _project(root), "page_size": 1}).json()["tasks"][0]["id"]
        model = line.post(f"/api/tasks/{first}/annotations/", json={"result": [], "lead_time": 60}).json()["id"]
    server.down(instance)
    with sqlite3.connect(server.home(instance) / "data/label_studio.sqlite3") as database:
        _multiply(database, model, _results(root))
    database.close()
    server.up(instance, int(running.url.rpartition(":")[2]))


def _multiply(database: sqlite3.Connection, model: int, results: Iterator[tuple[str, str]]) -> None:
    """Copy the answer ``model`` to every task of its project, each with the result for its document."""
    asked = database.execute("SELECT * FROM task_completion WHERE id = ?", (model,))
    names = [column[0] for column in asked.description]
    copied = dict(zip(names, asked.fetchone(), strict=True))
    tasks = database.execute("SELECT data ->> 'doc_id', id FROM task WHERE project_id = ?", (copied["project_id"],))
    numbers: dict[str, int] = dict(tasks.fetchall())
    hour = "strftime('%Y-%m-%d %H:%M:%f000', {}, '-1 hour')"

    def rows() -> Iterable[tuple[Any, ...]]:
        for doc_id, result in results:
            own = {"id": None, "unique_id": uuid.uuid4().hex, "task_id": numbers[doc_id], "result": result}
            yield tuple((copied | own).values())

    database.execute("DELETE FROM task_completion WHERE id = ?", (model,))
    database.executemany(f"INSERT INTO task_completion VALUES ({','.join('?' * len(names))})", rows())
    for table, columns in (("task_completion", ("created_at", "updated_at")), ("task", ("updated_at",))):
        moved = ", ".join(f"{column} = {hour.format(column)}" for column in columns)
        database.execute(f"UPDATE {table} SET {moved}")
    database.execute(
        "UPDATE task SET total_annotations = 1, is_labeled = 1 WHERE project_id = ?", (copied["project_id"],)
    )


def _results(root: Path) -> Iterator[tuple[str, str]]:
    from sayso.schema import load
    from sayso.store import Corpus
    from sayso.studio.codec import encode
    from tests.benchmarks.corpus import synthetic_annotations

    schema = load(root / "schema/schema.yaml")
    for answer in synthetic_annotations(Corpus(root).documents(), "reader"):
        yield answer.doc_id, json.dumps(encode(answer.mentions, answer.relations, schema))


def change_answers(root: Path, turn: int) -> None:
    """Submit the same few answers anew, spread over the project."""
    from sayso.settings import find_instance
    from sayso.studio import server

    path = server.home(find_instance(root)) / "data/label_studio.sqlite3"
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        answers = [number for (number,) in database.execute("SELECT id FROM task_completion ORDER BY id")]
    database.close()
    with _line(root) as line:
        for number in answers[:: len(answers) // CHANGED][:CHANGED]:
            line.patch(f"/api/annotations/{number}/", json={"lead_time": 100 + turn}).raise_for_status()


def _line(root: Path) -> httpx.Client:
    import httpx

    from sayso.settings import find_instance
    from sayso.studio import server

    running = server.running(find_instance(root))
    assert running
    headers = {"Authorization": f"Token {running.token}"}
    return httpx.Client(base_url=running.url, headers=headers, timeout=600, trust_env=False)


def _project(root: Path) -> int:
    from sayso.settings import find_instance
    from sayso.studio import project
    from sayso.studio.access import connect

    with connect(find_instance(root)) as client:
        found = project.find(client, project.Place(CAMPAIGN, "all"))
    assert found
    return found.id


def best(step: str, root: Path, before: Callable[[int], object] = lambda _turn: None) -> Figures:
    """The fastest of some runs of a step that finds each time what it found the first time."""
    least = NEVER
    for turn in range(RUNS):
        before(turn)
        least = min(least, measured(__file__, step, root))
    return least


def pushes(root: Path, size: int) -> Iterator[tuple[str, Figures]]:
    """Each kind of push; the yardstick first."""
    yield "bare bulk imports of 1,000", measured(__file__, "bulk", root, "1000")
    yield f"first push of {size:,}", measured(__file__, "push", root)
    yield "push again, nothing to do", best("push", root)
    add_documents(root, NEW)
    yield f"push of {NEW} new among {size:,}", measured(__file__, "push", root)
    answer_all(root)
    yield "push from another checkout, nothing to do", measured(__file__, "push_elsewhere", root)


def pulls(root: Path, size: int) -> Iterator[tuple[str, Figures]]:
    """Each kind of pull, and what looks at both sides; the yardstick first."""
    yield f"first pull of {size:,}", measured(__file__, "pull", root)
    yield "pull again, nothing has changed", best("pull", root)
    yield "status", best("status", root)
    yield "progress", best("progress", root)
    yield f"pull of {CHANGED} changed answers", best("pull", root, lambda turn: change_answers(root, turn))
    yield "bare pages of the same fields", measured(pulling.__file__, "bare", root, _fields())
    yield "pull --full", measured(__file__, "pull", root, "full")


def _fields() -> str:
    from sayso.studio.client import ANSWERED

    return ANSWERED


def table(title: str, steps: Iterator[tuple[str, Figures]]) -> None:
    """Print each line as soon as it is known, the first one being the yardstick."""
    columns = ("seconds", "MB", "requests", "kB received", "kB sent", "% of time", "% of kB")
    print(f"{title:45}" + "".join(f"{column:>12}" for column in columns), flush=True)
    quiet: dict[str, Counter[str]] = {}
    yardstick = None
    for name, figures in steps:
        yardstick = yardstick or figures
        shares = figures.seconds / yardstick.seconds, _bytes(figures) / _bytes(yardstick)
        print(
            f"  {name:43}{figures.seconds:12.2f}{figures.megabytes:12.0f}{len(figures.traffic):12,}"
            f"{figures.received / 1000:12,.1f}{figures.sent / 1000:12,.1f}{shares[0]:12.1%}{shares[1]:12.1%}",
            flush=True,
        )
        if len(figures.traffic) < 50:
            quiet[name] = Counter(exchange.asked for exchange in figures.traffic)
    for name, asked in quiet.items():
        print(f"  {name}: {', '.join(f'{count} {what}' for what, count in asked.items())}")


def _bytes(figures: Figures) -> int:
    return figures.sent + figures.received


def main(sizes: Iterable[int]) -> None:
    """Print the figures."""
    for size in sizes:
        with embedded(size) as root:
            table(f"{size:,} articles of 3 kB, pushed", pushes(root, size))
            table(f"{size + NEW:,} answers with 25 mentions, pulled", pulls(root, size + NEW))
        print()


STEPS: dict[str, Step] = {
    "push": push,
    "push_elsewhere": push_elsewhere,
    "pull": pull,
    "status": status,
    "progress": progress,
    "bulk": pushing.bulk,
}

if __name__ == "__main__":
    if sys.argv[1:2] == ["--step"]:
        run_step(STEPS)
    else:
        main([int(size) for size in sys.argv[1:]] or SIZES)
