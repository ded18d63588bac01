"""What a push has to do, from two sorted sides: no server needed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sayso.studio.plan import SENT, Seen, Step, Wanted, plan, plan_prediction


def wanted(doc_id: str, text: str = "text", facts: str = "facts", version: str = "1.0.0") -> Wanted:
    return Wanted(doc_id, f"sha of {text}", version, facts, lambda: f"skeleton of {text}")


def seen(doc_id: str, task: int, text: str = "text", *, answered: bool = False, facts: str = "facts",
         version: str = "1.0.0", shown: str = "") -> Seen:  # fmt: skip
    return Seen(doc_id, task, f"sha of {text}", version, facts, f"skeleton of {shown or text}", answered)


def test_each_kind() -> None:
    tasks = [
        seen("", 1),
        seen("b", 2), seen("c", 3, "old"), seen("d", 4, "old", answered=True), seen("e", 5, shown="edited"),
        seen("f", 6, shown="edited", answered=True), seen("g", 7, facts="old"), seen("z", 8),
    ]  # fmt: skip
    steps = list(plan(map(wanted, "abcdefg"), tasks))
    assert steps == [
        Step("foreign", "", 1), Step("new", "a"), Step("unchanged", "b", 2), Step("changed", "c", 3),
        Step("stale", "d", 4), Step("edited", "e", 5), Step("tampered", "f", 6), Step("described", "g", 7),
        Step("gone", "z", 8),
    ]  # fmt: skip


def test_with_renew_the_right_text_is_sent_beside_the_answered_one() -> None:
    tasks = [seen("a", 1, "old", answered=True), seen("b", 2, "old"), seen("c", 3, shown="edited", answered=True)]
    assert list(plan(map(wanted, "abc"), tasks, renew=True)) == [
        Step("renewed", "a"), Step("superseded", "a", 1), Step("changed", "b", 2),
        Step("renewed", "c"), Step("superseded", "c", 3),
    ]  # fmt: skip
    beside = [seen("a", 1, "old", answered=True), seen("a", 4)]
    for renew in (False, True):
        assert list(plan([wanted("a")], beside, renew=renew)) == [Step("unchanged", "a", 4), Step("superseded", "a", 1)]


def test_answers_keep_the_version_under_which_they_were_given() -> None:
    tasks = [seen("a", 1, version="0.9.0"), seen("b", 2, version="0.9.0", answered=True)]
    assert [step.kind for step in plan(map(wanted, "ab"), tasks)] == ["described", "unchanged"]


def test_of_two_tasks_the_right_and_answered_one_stays() -> None:
    two = [seen("a", 1), seen("a", 2, answered=True)]
    assert list(plan([wanted("a")], two)) == [Step("unchanged", "a", 2), Step("surplus", "a", 1)]
    both = [seen("a", 1, answered=True), seen("a", 2, answered=True)]
    assert list(plan([wanted("a")], both)) == [Step("unchanged", "a", 1), Step("duplicate", "a", 2)]


def test_a_push_killed_after_sending_anew_leaves_only_the_removal() -> None:
    both = [seen("a", 1, "old"), seen("a", 2)]
    assert list(plan([wanted("a")], both)) == [Step("unchanged", "a", 2), Step("surplus", "a", 1)]


names = st.sets(st.text("abc", min_size=1, max_size=3))


kept_tasks = st.tuples(st.booleans(), st.sampled_from(["text", "old"]))


@given(names, st.dictionaries(st.text("abc", max_size=3), st.lists(kept_tasks, min_size=1, max_size=3)), st.booleans())
def test_every_document_and_every_task_gets_one_step(
    corpus: set[str], server: dict[str, list[tuple[bool, str]]], renew: bool
) -> None:
    number = iter(range(1, 10_000))
    tasks = [seen(d, next(number), text, answered=a) for d in sorted(server) for a, text in server[d]]
    steps = list(plan(map(wanted, sorted(corpus)), tasks, renew=renew))
    assert sorted(step.task for step in steps if step.task) == [task.task for task in tasks]
    assert {step.doc_id for step in steps if step.kind == "new"} == corpus - server.keys()
    assert not {step.task for step in steps if step.kind in (*SENT, "surplus")} & {t.task for t in tasks if t.answered}


def test_predictions() -> None:
    one, other = [{"id": "m"}], [{"id": "n"}]
    assert plan_prediction(one, [], False) == "predicted"
    assert plan_prediction(one, [one], True) == "foretold"
    assert plan_prediction(one, [other], False) == "replaced"
    assert plan_prediction(one, [other], True) == "withheld"
