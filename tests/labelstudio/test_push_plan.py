"""The plan of a push, without a server."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sayso.labelstudio.push_plan import (
    SENT_KINDS,
    ExpectedTask,
    KnownTask,
    PlanStep,
    plan_prediction,
    plan_tasks,
)


def expected_task(
    doc_id: str, text: str = "text", facts: str = "facts", version: str = "1.0.0"
) -> ExpectedTask:
    return ExpectedTask(doc_id, f"sha of {text}", version, facts, lambda: f"skeleton of {text}")


def known_task(
    doc_id: str,
    task: int,
    text: str = "text",
    *,
    answered: bool = False,
    facts: str = "facts",
    version: str = "1.0.0",
    shown: str = "",
) -> KnownTask:
    return KnownTask(
        doc_id, task, f"sha of {text}", version, facts, f"skeleton of {shown or text}", answered
    )


def test_each_kind() -> None:
    tasks = [
        known_task("", 1),
        known_task("b", 2),
        known_task("c", 3, "old"),
        known_task("d", 4, "old", answered=True),
        known_task("e", 5, shown="edited"),
        known_task("f", 6, shown="edited", answered=True),
        known_task("g", 7, facts="old"),
        known_task("z", 8),
    ]
    steps = list(plan_tasks(map(expected_task, "abcdefg"), tasks))
    assert steps == [
        PlanStep("foreign", "", 1),
        PlanStep("new", "a"),
        PlanStep("unchanged", "b", 2),
        PlanStep("changed", "c", 3),
        PlanStep("stale", "d", 4),
        PlanStep("edited", "e", 5),
        PlanStep("tampered", "f", 6),
        PlanStep("described", "g", 7),
        PlanStep("gone", "z", 8),
    ]


def test_with_renew_the_right_text_is_sent_beside_the_annotated_one() -> None:
    tasks = [
        known_task("a", 1, "old", answered=True),
        known_task("b", 2, "old"),
        known_task("c", 3, shown="edited", answered=True),
    ]
    assert list(plan_tasks(map(expected_task, "abc"), tasks, renew=True)) == [
        PlanStep("renewed", "a"),
        PlanStep("superseded", "a", 1),
        PlanStep("changed", "b", 2),
        PlanStep("renewed", "c"),
        PlanStep("superseded", "c", 3),
    ]
    beside = [known_task("a", 1, "old", answered=True), known_task("a", 4)]
    for renew in (False, True):
        assert list(plan_tasks([expected_task("a")], beside, renew=renew)) == [
            PlanStep("unchanged", "a", 4),
            PlanStep("superseded", "a", 1),
        ]


def test_annotated_tasks_keep_their_schema_version() -> None:
    tasks = [
        known_task("a", 1, version="0.9.0"),
        known_task("b", 2, version="0.9.0", answered=True),
    ]
    assert [step.kind for step in plan_tasks(map(expected_task, "ab"), tasks)] == [
        "described",
        "unchanged",
    ]


def test_of_two_tasks_the_right_and_annotated_one_stays() -> None:
    two = [known_task("a", 1), known_task("a", 2, answered=True)]
    assert list(plan_tasks([expected_task("a")], two)) == [
        PlanStep("unchanged", "a", 2),
        PlanStep("surplus", "a", 1),
    ]
    both = [known_task("a", 1, answered=True), known_task("a", 2, answered=True)]
    assert list(plan_tasks([expected_task("a")], both)) == [
        PlanStep("unchanged", "a", 1),
        PlanStep("duplicate", "a", 2),
    ]


def test_a_push_killed_after_sending_anew_leaves_only_the_removal() -> None:
    both = [known_task("a", 1, "old"), known_task("a", 2)]
    assert list(plan_tasks([expected_task("a")], both)) == [
        PlanStep("unchanged", "a", 2),
        PlanStep("surplus", "a", 1),
    ]


names = st.sets(st.text("abc", min_size=1, max_size=3))


kept_tasks = st.tuples(st.booleans(), st.sampled_from(["text", "old"]))


@given(
    names,
    st.dictionaries(st.text("abc", max_size=3), st.lists(kept_tasks, min_size=1, max_size=3)),
    st.booleans(),
)
def test_every_document_and_every_task_gets_one_step(
    corpus: set[str], server: dict[str, list[tuple[bool, str]]], renew: bool
) -> None:
    number = iter(range(1, 10_000))
    tasks = [
        known_task(d, next(number), text, answered=a)
        for d in sorted(server)
        for a, text in server[d]
    ]
    steps = list(plan_tasks(map(expected_task, sorted(corpus)), tasks, renew=renew))
    assert sorted(step.task for step in steps if step.task) == [task.task for task in tasks]
    assert {step.doc_id for step in steps if step.kind == "new"} == corpus - server.keys()
    assert not {step.task for step in steps if step.kind in (*SENT_KINDS, "surplus")} & {
        t.task for t in tasks if t.annotated
    }


def test_predictions() -> None:
    one, other = [{"id": "m"}], [{"id": "n"}]
    assert plan_prediction(one, [], False) == "added"
    assert plan_prediction(one, [one], True) == "unchanged"
    assert plan_prediction(one, [other], False) == "replaced"
    assert plan_prediction(one, [other], True) == "kept"
