"""`sayso push` against bare bulk imports of the same JSON, and one create call per article.

    python tests/benchmarks/push.py [documents]

Both find an empty project. The bare imports get their bytes ready-made; ours enters, looks at the
server, reads the corpus, breaks its lines, and checks the outcome. Best of three, in turns, each a
process of its own on one server.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks.embedded_server import (
    NEVER,
    StepFigures,
    embedded_checkout,
    measure_step,
    print_row,
    run_step,
)

if TYPE_CHECKING:
    import httpx

DOCUMENTS, RUNS, SINGLES = 10_000, 3, 200


def push_all(root: Path, campaign: str) -> Callable[[], object]:
    """Push: connect, compare, plan, apply, verify."""
    from sayso.labelstudio import project
    from sayso.labelstudio.connection import connect
    from sayso.labelstudio.push import PushRequest, push
    from sayso.schema.declarations import load_schema
    from sayso.schema.guidelines import GUIDELINES_FILE, read_guidelines
    from sayso.settings import find_checkout

    checkout, project_key = find_checkout(root), project.ProjectKey(campaign, "all")
    with connect(checkout) as client:
        if project.find_project(client, project_key) is None:
            schema = load_schema(root / "schema/schema.yaml")
            guidelines = read_guidelines(root / GUIDELINES_FILE)
            template = project.ProjectTemplate(project_key, schema, guidelines)
            project.create_project(client, template)

    def work() -> None:
        with connect(checkout) as client:
            push(checkout, client, PushRequest(project_key))

    return work


def push_from_another_checkout(root: Path, campaign: str) -> Callable[[], object]:
    """Push without the sync state."""
    for path in (root / ".sayso/cache").iterdir():
        path.unlink()
    return push_all(root, campaign)


def import_in_bulk(root: Path, size: str) -> Callable[[], object]:
    """Import prepared bytes, ``size`` tasks a request."""
    bodies, project, client = _prepare_imports(root, int(size))

    def work() -> None:
        for body in bodies:
            response = client.post(f"/api/projects/{project}/import", content=body)
            assert response.status_code == 201, response.text

    return work


def create_one_by_one(root: Path, count: str) -> Callable[[], object]:
    """Create the first ``count`` tasks, one call each."""
    import msgspec

    bodies, project, client = _prepare_imports(root, 1)
    tasks = [{**msgspec.json.decode(body)[0], "project": project} for body in bodies[: int(count)]]

    def work() -> None:
        for task in tasks:
            response = client.post("/api/tasks/", json=task)
            assert response.status_code == 201, response.text

    return work


def _prepare_imports(root: Path, size: int) -> tuple[list[bytes], int, httpx.Client]:
    import httpx
    import msgspec

    from sayso.corpus.sources import CorpusFiles
    from sayso.labelstudio import server, tasks
    from sayso.labelstudio.interface import render_interface
    from sayso.schema.declarations import load_schema
    from sayso.settings import find_checkout

    running = server.find_running(find_checkout(root))
    assert running
    headers = {"Authorization": f"Token {running.token}", "content-type": "application/json"}
    client = httpx.Client(base_url=running.url, headers=headers, timeout=600, trust_env=False)
    schema = load_schema(root / "schema/schema.yaml")
    made = client.post(
        "/api/projects/", json={"title": "bare", "label_config": render_interface(schema, "all")}
    ).json()
    shown = [
        {"data": tasks.build_task_data(document, schema.version)}
        for document in CorpusFiles(root).documents()
    ]
    return (
        [msgspec.json.encode(shown[at : at + size]) for at in range(0, len(shown), size)],
        made["id"],
        client,
    )


def main(count: int) -> None:
    """Print the figures."""
    best: dict[str, StepFigures] = {}
    with embedded_checkout(count) as root:
        for turn in range(RUNS):
            for name, step, argument in (
                ("one bare bulk import", "bulk", str(count)),
                ("bare bulk imports of 1,000", "bulk", "1000"),
                ("push, all new", "ours", f"turn-{turn}"),
                ("push again, nothing to do", "ours", f"turn-{turn}"),
                ("push again from another checkout", "another_checkout", f"turn-{turn}"),
            ):
                best[name] = min(
                    best.get(name, NEVER), measure_step(__file__, step, root, argument)
                )
        loop, megabytes, _ = measure_step(__file__, "singles", root, str(SINGLES))
    bare = best["one bare bulk import"].seconds
    print(
        f"push of {count:,} articles of 3 kB (seconds, MB at our peak, times one bare bulk import)"
    )
    for name, (seconds, memory, _) in best.items():
        print_row(name, seconds, memory, bare)
    print_row(
        f"one create call an article, from {SINGLES}", loop / SINGLES * count, megabytes, bare
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--step"]:
        run_step(
            {
                "ours": push_all,
                "another_checkout": push_from_another_checkout,
                "bulk": import_in_bulk,
                "singles": create_one_by_one,
            }
        )
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else DOCUMENTS)
