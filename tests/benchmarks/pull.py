"""`sayso pull` against the fastest bare way to the same JSON that keeps the server's memory flat.

    python tests/benchmarks/pull.py [documents]

That route is the list of tasks in pages of 100, one after the other, bytes thrown away. It is
measured as Label Studio answers it by default, and with the list of fields that we ask for, which
spares the server work. Best of three, in turns, each a process of its own on one server.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks.embedded_server import (
    NEVER,
    StepFigures,
    embedded_checkout,
    measure_step,
    print_row,
    run_step,
)

DOCUMENTS, RUNS, CAMPAIGN = 10_000, 3, "benchmark"


def import_annotations(root: Path, _argument: str) -> Callable[[], object]:
    """Import tasks with one annotation of 25 mentions each."""
    import msgspec

    from sayso.corpus.sources import CorpusFiles
    from sayso.labelstudio import project, tasks
    from sayso.labelstudio.codec import encode_result
    from sayso.labelstudio.connection import connect
    from sayso.schema.declarations import load_schema
    from sayso.settings import find_checkout
    from tests.benchmarks.synthetic_corpus import synthetic_annotations

    schema, checkout = load_schema(root / "schema/schema.yaml"), find_checkout(root)
    project_key = project.ProjectKey(CAMPAIGN, "all")

    def work() -> None:
        with connect(checkout) as client:
            template = project.ProjectTemplate(project_key, schema, None)
            made = project.create_project(client, template)
            documents = list(CorpusFiles(root).documents())
            annotations = synthetic_annotations(documents, "reader")
            batch: list[dict[str, Any]] = []
            for document, annotation in zip(documents, annotations, strict=True):
                result = encode_result(annotation.mentions, annotation.relations, schema)
                batch.append(
                    {
                        "data": tasks.build_task_data(document, schema.version),
                        "annotations": [{"result": result}],
                    }
                )
                if len(batch) == 500 or document is documents[-1]:
                    client.import_tasks(made.id, msgspec.json.encode(batch))
                    batch.clear()

    return work


def pull_all(root: Path, full: str) -> Callable[[], object]:
    """Pull: connect, fetch, decode, write each annotator's file."""
    from sayso.labelstudio.connection import connect
    from sayso.labelstudio.pull import pull
    from sayso.settings import find_checkout

    def work() -> None:
        checkout = find_checkout(root)
        with connect(checkout) as client:
            pull(checkout, client, CAMPAIGN, full=bool(full))

    return work


def read_bare_pages(root: Path, include: str) -> Callable[[], object]:
    """Fetch page after page by task number."""
    import httpx
    import msgspec

    from sayso.labelstudio import project, server
    from sayso.labelstudio.connection import connect
    from sayso.settings import find_checkout

    checkout = find_checkout(root)
    running = server.find_running(checkout)
    assert running
    with connect(checkout) as client:
        there = project.find_project(client, project.ProjectKey(CAMPAIGN, "all"))
    assert there
    headers = {"Authorization": f"Token {running.token}"}
    line = httpx.Client(base_url=running.url, headers=headers, timeout=600, trust_env=False)
    asked: dict[str, Any] = {
        "project": there.id,
        "page": 1,
        "page_size": 100,
        "fields": "all",
        **({"include": include} if include else {}),
    }

    task = msgspec.defstruct("Task", [("id", int)])
    numbers = msgspec.json.Decoder(msgspec.defstruct("Page", [("tasks", list[task])])).decode  # type: ignore[valid-type]

    def work() -> None:
        last, found = 0, 0
        while True:
            above = {
                "filter": "filter:tasks:id",
                "operator": "greater",
                "type": "Number",
                "value": last,
            }
            query = json.dumps({"filters": {"conjunction": "and", "items": [above]}})
            page: Any = numbers(line.get("/api/tasks", params=asked | {"query": query}).content)
            found += len(page.tasks)
            if len(page.tasks) < 100:
                return
            last = page.tasks[-1].id

    return work


def main(count: int) -> None:
    """Print the figures."""
    from sayso.labelstudio.api_types import AnnotatedTask, TaskAnnotation, join_fields

    best: dict[str, StepFigures] = {}
    with embedded_checkout(count) as root:
        made, *_ = measure_step(__file__, "answer_all", root)
        for _turn in range(RUNS):
            for name, step, argument in (
                (
                    "bare pages, the fields that we ask for",
                    "bare",
                    join_fields(AnnotatedTask, TaskAnnotation),
                ),
                ("bare pages, all fields", "bare", ""),
                ("pull, everything", "ours", "full"),
                ("pull again, nothing to do", "ours", ""),
            ):
                best[name] = min(
                    best.get(name, NEVER), measure_step(__file__, step, root, argument)
                )
    yardstick = best["bare pages, the fields that we ask for"].seconds
    print(
        f"pull of {count:,} tasks with 25 mentions and 20 relations each"
        " (seconds, MB at our peak, times the first)"
    )
    for name, (seconds, memory, _) in best.items():
        print_row(name, seconds, memory, yardstick)
    print(f"  (their annotations were imported in {made:.0f} s)")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--step"]:
        run_step({"answer_all": import_annotations, "ours": pull_all, "bare": read_bare_pages})
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else DOCUMENTS)
