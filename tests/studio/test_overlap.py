"""A share of the documents for several annotators, measured at three accounts' label streams."""

from __future__ import annotations

from collections import Counter
from itertools import count, pairwise
from typing import Any

import msgspec
import pytest

from sayso.errors import UsageError
from sayso.settings import Instance
from sayso.studio.client import Client
from sayso.studio.overlap import Overlap, wished
from tests.commands import done, sayso
from tests.conftest import PASSWORD
from tests.labelling import TEXT, logged_in
from tests.studio.campaigns import Campaign, document

PEOPLE = [f"{name}@sayso.localhost" for name in ("ann", "bob", "cat")]
HALF = Overlap(2, 50)


def overlaps(campaign: Campaign) -> dict[str, int]:
    return {doc_id: task["overlap"] for doc_id, task in campaign.tasks().items()}


def wanted(campaign: Campaign, overlap: Overlap) -> dict[str, int]:
    return {doc_id: overlap.of(doc_id) for doc_id in campaign.tasks()}


def following(campaign: Campaign, email: str) -> dict[str, Any] | None:
    """The task that an annotator's label stream serves next."""
    answer = campaign.http(email).get(f"/api/projects/{campaign.project}/next")
    assert answer.status_code in (200, 404), answer.text
    return answer.json() if answer.status_code == 200 else None


def submit(campaign: Campaign, email: str, task: int, *, skip: bool = False) -> None:
    body = {"result": [], "was_cancelled": skip, "lead_time": 5.0}
    campaign.ask("POST", f"/api/tasks/{task}/annotations/", body, email)


def labelled(campaign: Campaign, people: list[str]) -> dict[str, list[str]]:
    """Let everybody label in turn until nobody is served anything; who got which document."""
    got: dict[str, list[str]] = {}
    for turn in count():
        served = [(email, following(campaign, email)) for email in people]
        if not any(task for _email, task in served):
            return got
        assert turn < 100, "the stream does not end"
        for email, task in served:
            if task:
                got.setdefault(task["data"]["doc_id"], []).append(email)
                submit(campaign, email, task["id"])
    raise AssertionError


@pytest.mark.parametrize("share", [1, 5, 20, 50])
def test_a_share_is_about_as_large_as_was_asked(share: int) -> None:
    chosen = sum(Overlap(2, share).of(f"doc-{number:05d}") == 2 for number in range(20_000))
    assert abs(chosen - 200 * share) < 4 * (200 * share) ** 0.5


def test_a_larger_share_only_adds() -> None:
    names = [f"doc-{number:05d}" for number in range(2000)]
    shares = [{name for name in names if Overlap(3, share).of(name) == 3} for share in (0, 5, 20, 21, 60, 100)]
    assert all(small < large for small, large in pairwise(shares))
    assert shares[0] == set() and shares[-1] == set(names)


def test_settings_by_precedence(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    declared = Instance(instance.root, {"overlap": 2, "share": 12.5})
    assert wished(instance) is None
    assert wished(declared) == Overlap(2, 12.5)
    monkeypatch.setenv("SAYSO_SHARE", "30%")
    assert wished(declared) == Overlap(2, 30)
    assert wished(declared, "4", "40") == Overlap(4, 40)
    monkeypatch.delenv("SAYSO_SHARE")
    assert wished(instance, "2") == Overlap(2, 100)


@pytest.mark.parametrize(("overlap", "share"), [
    ("0", None), ("two", None), ("2.0", None), ("1000", None), ("²", None),
    ("2", "0.2"), ("2", "101"), ("2", "-1"), ("2", "nan"), ("2", "some"), (None, "20"),
])  # fmt: skip
def test_what_cannot_be_is_refused(instance: Instance, overlap: str | None, share: str | None) -> None:
    with pytest.raises(UsageError):
        wished(instance, overlap, share)


@pytest.mark.server
def test_three_annotators_share_what_is_shared_and_nothing_else(campaign: Campaign) -> None:
    campaign.fill(*map(document, range(1, 21)))
    outcome = campaign.push(overlap=HALF)
    share = wanted(campaign, HALF)
    assert overlaps(campaign) == share
    assert outcome.overlap and outcome.overlap.shared == outcome.overlap.altered == Counter(share.values())[2] > 3
    got = labelled(campaign, PEOPLE)
    assert {doc_id: len(emails) for doc_id, emails in got.items()} == share
    assert all(len(set(emails)) == len(emails) for emails in got.values())
    assert all(task["is_labeled"] for task in campaign.tasks().values())


@pytest.mark.server
def test_a_shared_document_is_labelled_blind(campaign: Campaign) -> None:
    campaign.fill(document(1))
    campaign.push(overlap=Overlap(2))
    ann, bob, _cat = PEOPLE
    campaign.answer("doc-00001", email=ann)
    served = following(campaign, bob)
    assert served and served["data"]["doc_id"] == "doc-00001"
    assert served["annotations"] == [] and served["drafts"] == []


@pytest.mark.server
def test_what_one_skips_another_gets(campaign: Campaign) -> None:
    campaign.fill(document(1))
    campaign.push(overlap=Overlap(2))
    number = campaign.tasks()["doc-00001"]["id"]
    submit(campaign, PEOPLE[0], number, skip=True)
    assert following(campaign, PEOPLE[0]) is None
    assert sorted(labelled(campaign, PEOPLE)["doc-00001"]) == PEOPLE[1:]


@pytest.mark.server
def test_a_second_push_does_nothing_and_a_third_repairs(campaign: Campaign) -> None:
    campaign.fill(*map(document, range(1, 11)))
    campaign.push(overlap=HALF)
    again = campaign.push(overlap=HALF)
    assert again.changes == 0 and again.overlap and again.overlap.altered == 0
    share = wanted(campaign, HALF)
    for spoiled in ({"maximum_annotations": 3}, {"overlap_cohort_percentage": 30, "maximum_annotations": 4},
                    {"show_annotation_history": True}):  # fmt: skip
        campaign.ask("PATCH", f"/api/projects/{campaign.project}/", spoiled)
        foreseen = campaign.preview(overlap=HALF)
        assert foreseen.changes > 0 and campaign.preview(overlap=HALF).overlap == foreseen.overlap
        assert campaign.push(overlap=HALF).changes > 0
        assert overlaps(campaign) == share
        assert not campaign.ask("GET", f"/api/projects/{campaign.project}/")["show_annotation_history"]
    one = next(task["id"] for task in campaign.tasks().values() if task["overlap"] == 1)
    campaign.ask("PATCH", f"/api/tasks/{one}/", {"overlap": 5})
    assert campaign.push(overlap=HALF).changes == 1
    assert overlaps(campaign) == share


@pytest.mark.server
def test_new_documents_and_a_larger_share(campaign: Campaign) -> None:
    campaign.fill(*map(document, range(1, 6)))
    campaign.push(overlap=HALF)
    campaign.fill(*map(document, range(1, 11)))
    foreseen = campaign.preview(overlap=HALF).overlap
    assert foreseen == campaign.push(overlap=HALF).overlap
    assert overlaps(campaign) == wanted(campaign, HALF)
    campaign.push(overlap=Overlap(3, 80))
    assert overlaps(campaign) == wanted(campaign, Overlap(3, 80))


@pytest.mark.server
@pytest.mark.parametrize("overlap", [Overlap(3, 100), Overlap(1)], ids=["all", "none"])
def test_all_or_none_costs_no_word_to_each_task(campaign: Campaign, overlap: Overlap) -> None:
    campaign.fill(*map(document, range(1, 6)))
    campaign.push(overlap=HALF)
    outcome = campaign.push(overlap=overlap).overlap
    assert outcome and (outcome.project, outcome.altered) == (True, 0)
    assert set(overlaps(campaign).values()) == {overlap.annotators}
    assert campaign.push(overlap=overlap).changes == 0


@pytest.mark.server
def test_without_an_overlap_the_server_s_own_stays(campaign: Campaign) -> None:
    campaign.fill(document(1))
    campaign.push()
    campaign.ask("PATCH", f"/api/projects/{campaign.project}/", {"maximum_annotations": 4})
    assert campaign.push().changes == 0 and overlaps(campaign) == {"doc-00001": 4}


@pytest.mark.server
def test_a_document_that_was_finished_for_one_is_open_for_a_second(campaign: Campaign) -> None:
    campaign.fill(document(1), document(2))
    campaign.push()
    campaign.answer("doc-00001", email=PEOPLE[0])
    assert campaign.tasks()["doc-00001"]["is_labeled"]
    campaign.push(overlap=Overlap(2, 99.999))
    tasks = campaign.tasks()
    assert tasks["doc-00001"]["overlap"] == 2 and not tasks["doc-00001"]["is_labeled"]
    assert labelled(campaign, PEOPLE[:1]) == {"doc-00002": PEOPLE[:1]}
    assert set(labelled(campaign, PEOPLE[1:2])) == {"doc-00001", "doc-00002"}
    campaign.push(overlap=Overlap(3, 99.999))
    assert not any(task["is_labeled"] for task in campaign.tasks().values())
    campaign.push(overlap=Overlap(2, 99.999))
    assert all(task["is_labeled"] for task in campaign.tasks().values())


@pytest.mark.server
def test_two_answers_of_one_person_are_one_annotator_s(campaign: Campaign) -> None:
    campaign.fill(document(1))
    campaign.push()
    for _ in range(2):
        campaign.answer("doc-00001", email=PEOPLE[0])
    campaign.push(overlap=Overlap(2, 99.999))
    assert not campaign.tasks()["doc-00001"]["is_labeled"]


@pytest.mark.server
def test_a_task_that_is_not_ours_keeps_its_overlap(campaign: Campaign) -> None:
    campaign.fill(document(1))
    campaign.push(overlap=Overlap(2, 99.999))
    campaign.ask("POST", f"/api/projects/{campaign.project}/import", [{"data": {"text": "By hand."}}])
    (theirs,) = [name for name in campaign.tasks() if name.isdigit()]
    campaign.ask("PATCH", f"/api/tasks/{theirs}/", {"overlap": 7})
    assert campaign.push(overlap=Overlap(2, 99.999)).changes == 0
    assert overlaps(campaign)[theirs] == 7


@pytest.mark.server
def test_the_command(campaign: Campaign) -> None:
    campaign.fill(document(1), document(2))
    root = campaign.instance.root
    words = ("push", *campaign.words, "--overlap", "2", "--share", "100")
    planned = msgspec.json.decode(done(root, *words, "--dry-run", "--json"))["overlap"]
    assert planned == {"annotators": 2, "share": 100.0, "shared": 2, "altered": 0, "project": False}
    assert "2 shared: for 2 annotators each" in done(root, *words)
    assert "nothing to do" in sayso(root, *words).stderr
    (root / "pyproject.toml").write_text("[tool.sayso]\noverlap = 3\n")
    assert "2 shared: for 3 annotators each" in done(root, "push", *campaign.words)
    assert overlaps(campaign) == {"doc-00001": 3, "doc-00002": 3}


@pytest.mark.server
@pytest.mark.browser
def test_nobody_sees_another_s_answer_in_the_label_stream(campaign: Campaign) -> None:
    campaign.fill(document(1), document(2))
    campaign.push(overlap=Overlap(2))
    ann, bob, _cat = PEOPLE
    for doc_id in ("doc-00001", "doc-00002"):
        campaign.answer(doc_id, campaign.result(doc_id), email=ann)
    campaign.http(bob)  # has an account from now on
    with logged_in(campaign.studio.url, bob, PASSWORD) as page:
        marked, submit_button = page.locator(".htx-highlight"), page.get_by_test_id("bottombar-submit-button")
        page.goto(f"{campaign.studio.url}/projects/{campaign.project}/data?labeling=1")
        submit_button.wait_for(timeout=60_000)
        page.get_by_label("Close modal").click()  # what annotators are to read first
        page.wait_for_timeout(1500)
        assert "Report" in page.locator(TEXT).inner_text() and marked.count() == 0
        submit_button.click()
        page.wait_for_timeout(1500)
        assert "Report" in page.locator(TEXT).inner_text() and marked.count() == 0
        page.get_by_test_id(
            "prev-task"
        ).click()  # to what bob has submitted, which the browser loads with everybody's answers
        page.get_by_role("button", name="Update").first.wait_for(timeout=60_000)
        page.wait_for_timeout(1500)
        assert "Report" in page.locator(TEXT).inner_text() and marked.count() == 0
    assert sorted(task["total_annotations"] for task in campaign.tasks().values()) == [1, 2]


@pytest.mark.server
def test_a_killed_push_is_made_good_by_the_next(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign.fill(*map(document, range(1, 11)))
    tell, told = Client.share_task, count()

    def dying(self: Client, task: int, overlap: int, *, finished: bool) -> None:
        tell(self, task, overlap, finished=finished)
        if next(told) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(Client, "share_task", dying)
    with pytest.raises(KeyboardInterrupt):
        campaign.push(overlap=HALF)
    again = campaign.push(overlap=HALF).overlap
    assert again and again.altered == again.shared - 2
    assert overlaps(campaign) == wanted(campaign, HALF)
