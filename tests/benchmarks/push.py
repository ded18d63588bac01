"""`sayso push` against a loop of one create call an article, and against bare bulk imports of the same JSON.

    python tests/benchmarks/push.py [documents]

Both find an empty project. The bare imports get their bytes ready-made; ours enters, looks at the server, reads the
corpus, breaks its lines, and checks the outcome. Best of three, in turns, each a process of its own on one server.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks.studio import NEVER, Figures, embedded, measured, row, run_step

if TYPE_CHECKING:
    import httpx

DOCUMENTS, RUNS, SINGLES = 10_000, 3, 200


def ours(root: Path, campaign: str) -> Callable[[], object]:
    """The whole push: enter, look, plan, apply, verify."""
    from sayso.guidelines import FILE, read
    from sayso.schema import load
    from sayso.settings import find_instance
    from sayso.studio import project
    from sayso.studio.access import connect
    from sayso.studio.push import Request, push

    instance, place = find_instance(root), project.Place(campaign, "all")
    with connect(instance) as client:
        if project.find(client, place) is None:
            project.make(client, place, load(root / "schema/schema.yaml"), read(root / FILE))

    def work() -> None:
        with connect(instance) as client:
            push(instance, client, Request(place))

    return work


def another_checkout(root: Path, campaign: str) -> Callable[[], object]:
    """The same where nothing is remembered of the server."""
    for path in (root / ".sayso/cache").iterdir():
        path.unlink()
    return ours(root, campaign)


def bulk(root: Path, size: str) -> Callable[[], object]:
    """POST ready-made bytes, ``size`` tasks a request."""
    bodies, project, client = _bare(root, int(size))

    def work() -> None:
        for body in bodies:
            answer = client.post(f"/api/projects/{project}/import", content=body)
            assert answer.status_code == 201, answer.text

    return work


def singles(root: Path, count: str) -> Callable[[], object]:
    """One create call a task, the first ``count``."""
    import msgspec

    bodies, project, client = _bare(root, 1)
    tasks = [{**msgspec.json.decode(body)[0], "project": project} for body in bodies[: int(count)]]

    def work() -> None:
        for task in tasks:
            answer = client.post("/api/tasks/", json=task)
            assert answer.status_code == 201, answer.text

    return work


def _bare(root: Path, size: int) -> tuple[list[bytes], int, httpx.Client]:
    import httpx
    import msgspec

    from sayso.schema import load
    from sayso.settings import find_instance
    from sayso.store import Corpus
    from sayso.studio import server, tasks
    from sayso.studio.interface import interface_xml

    running = server.running(find_instance(root))
    assert running
    headers = {"Authorization": f"Token {running.token}", "content-type": "application/json"}
    client = httpx.Client(base_url=running.url, headers=headers, timeout=600, trust_env=False)
    schema = load(root / "schema/schema.yaml")
    made = client.post("/api/projects/", json={"title": "bare", "label_config": interface_xml(schema, "all")}).json()
    shown = [{"data": tasks.data(document, schema.version)} for document in Corpus(root).documents()]
    return [msgspec.json.encode(shown[at : at + size]) for at in range(0, len(shown), size)], made["id"], client


def main(count: int) -> None:
    """Print the figures."""
    best: dict[str, Figures] = {}
    with embedded(count) as root:
        for turn in range(RUNS):
            for name, step, argument in (
                ("one bare bulk import", "bulk", str(count)),
                ("bare bulk imports of 1,000", "bulk", "1000"),
                ("push, all new", "ours", f"turn-{turn}"),
                ("push again, nothing to do", "ours", f"turn-{turn}"),
                ("push again from another checkout", "another_checkout", f"turn-{turn}"),
            ):
                best[name] = min(best.get(name, NEVER), measured(__file__, step, root, argument))
        loop, megabytes, _ = measured(__file__, "singles", root, str(SINGLES))
    bare = best["one bare bulk import"].seconds
    print(f"push of {count:,} articles of 3 kB (seconds, MB at our peak, times one bare bulk import)")
    for name, (seconds, memory, _) in best.items():
        row(name, seconds, memory, bare)
    row(f"one create call an article, from {SINGLES}", loop / SINGLES * count, megabytes, bare)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--step"]:
        run_step({"ours": ours, "another_checkout": another_checkout, "bulk": bulk, "singles": singles})
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else DOCUMENTS)
