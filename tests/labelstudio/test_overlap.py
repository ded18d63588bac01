"""The overlap, measured at the label streams of three accounts."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import count, pairwise
from typing import Any

import msgspec
import pytest

from sayso.errors import UsageError
from sayso.labelstudio.client import LabelStudioClient
from sayso.labelstudio.overlap import Overlap, read_overlap
from sayso.settings import Checkout
from tests.command_line import run_sayso, run_sayso_ok
from tests.conftest import PASSWORD
from tests.labelling_page import TEXT, log_in
from tests.labelstudio.sample_campaign import SampleCampaign, sample_document

EMAILS = [f"{name}@sayso.localhost" for name in ("ann", "bob", "cat")]
EIGHT = [*EMAILS, *(f"{name}@sayso.localhost" for name in ("dan", "eve", "fay", "gus", "hal"))]
HALF = Overlap(2, 50)


def read_overlaps(campaign: SampleCampaign) -> dict[str, int]:
    return {doc_id: task["overlap"] for doc_id, task in campaign.fetch_tasks().items()}


def expected_overlaps(campaign: SampleCampaign, overlap: Overlap) -> dict[str, int]:
    return {doc_id: overlap.annotators_for(doc_id) for doc_id in campaign.fetch_tasks()}


def next_task(campaign: SampleCampaign, email: str, project: int = 0) -> dict[str, Any] | None:
    """Return the task that an annotator's label stream serves next."""
    path = f"/api/projects/{project or campaign.project}/next"
    response = campaign.http_client(email).get(path)
    assert response.status_code in (200, 404), response.text
    return response.json() if response.status_code == 200 else None


def submit_annotation(
    campaign: SampleCampaign, email: str, task: int, *, skip: bool = False
) -> None:
    body = {"result": [], "was_cancelled": skip, "lead_time": 5.0}
    campaign.request("POST", f"/api/tasks/{task}/annotations/", body, email)


def label_everything(campaign: SampleCampaign, people: list[str]) -> dict[str, list[str]]:
    """Let everybody label in turn until nothing is served; return who got which document."""
    got: dict[str, list[str]] = {}
    for turn in count():
        served = [(email, next_task(campaign, email)) for email in people]
        if not any(task for _email, task in served):
            return got
        assert turn < 100, "the stream does not end"
        for email, task in served:
            if task:
                got.setdefault(task["data"]["doc_id"], []).append(email)
                submit_annotation(campaign, email, task["id"])
    raise AssertionError


@pytest.mark.parametrize("share", [1, 5, 20, 50])
def test_a_share_is_about_as_large_as_was_asked(share: int) -> None:
    chosen = sum(
        Overlap(2, share).annotators_for(f"doc-{number:05d}") == 2 for number in range(20_000)
    )
    assert abs(chosen - 200 * share) < 4 * (200 * share) ** 0.5


def test_a_larger_share_only_adds() -> None:
    names = [f"doc-{number:05d}" for number in range(2000)]
    shares = [
        {name for name in names if Overlap(3, share).annotators_for(name) == 3}
        for share in (0, 5, 20, 21, 60, 100)
    ]
    assert all(small < large for small, large in pairwise(shares))
    assert shares[0] == set() and shares[-1] == set(names)


def test_settings_by_precedence(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    declared = Checkout(checkout.root, {"overlap": 2, "share": 12.5})
    assert read_overlap(checkout) is None
    assert read_overlap(declared) == Overlap(2, 12.5)
    monkeypatch.setenv("SAYSO_SHARE", "30%")
    assert read_overlap(declared) == Overlap(2, 30)
    assert read_overlap(declared, "4", "40") == Overlap(4, 40)
    monkeypatch.delenv("SAYSO_SHARE")
    assert read_overlap(checkout, "2") == Overlap(2, 100)


@pytest.mark.parametrize(
    ("overlap", "share"),
    [
        ("0", None),
        ("two", None),
        ("2.0", None),
        ("1000", None),
        ("²", None),
        ("2", "0.2"),
        ("2", "101"),
        ("2", "-1"),
        ("2", "nan"),
        ("2", "some"),
        (None, "20"),
    ],
)
def test_invalid_numbers_are_refused(
    checkout: Checkout, overlap: str | None, share: str | None
) -> None:
    with pytest.raises(UsageError):
        read_overlap(checkout, overlap, share)


@pytest.mark.server
def test_three_annotators_share_what_is_shared_and_nothing_else(campaign: SampleCampaign) -> None:
    campaign.write_documents(*map(sample_document, range(1, 9)))
    result = campaign.push(overlap=HALF)
    share = expected_overlaps(campaign, HALF)
    assert read_overlaps(campaign) == share
    assert (
        result.overlap
        and result.overlap.shared == result.overlap.updated == Counter(share.values())[2] > 3
    )
    got = label_everything(campaign, EMAILS)
    assert {doc_id: len(emails) for doc_id, emails in got.items()} == share
    assert all(len(set(emails)) == len(emails) for emails in got.values())
    assert all(task["is_labeled"] for task in campaign.fetch_tasks().values())


@pytest.mark.server
def test_eight_annotators_at_once_never_get_the_same_document(campaign: SampleCampaign) -> None:
    """Without a transaction around Label Studio's choice, a quarter of the documents went twice."""
    campaign.write_documents(*map(sample_document, range(16)))
    campaign.push()
    project = campaign.project
    for email in EIGHT:
        campaign.http_client(email)

    def label(email: str) -> list[int]:
        got = []
        while task := next_task(campaign, email, project):
            got.append(task["id"])
            submit_annotation(campaign, email, task["id"])
        return got

    with ThreadPoolExecutor(len(EIGHT)) as executor:
        answered = Counter(task for got in executor.map(label, EIGHT) for task in got)
    assert sorted(answered.values()) == [1] * 16


@pytest.mark.server
def test_a_shared_document_is_labelled_blind(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push(overlap=Overlap(2))
    ann, bob, _cat = EMAILS
    campaign.submit("doc-00001", email=ann)
    served = next_task(campaign, bob)
    assert served and served["data"]["doc_id"] == "doc-00001"
    assert served["annotations"] == [] and served["drafts"] == []


@pytest.mark.server
def test_what_one_skips_another_gets(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push(overlap=Overlap(2))
    number = campaign.fetch_tasks()["doc-00001"]["id"]
    submit_annotation(campaign, EMAILS[0], number, skip=True)
    assert next_task(campaign, EMAILS[0]) is None
    assert sorted(label_everything(campaign, EMAILS)["doc-00001"]) == EMAILS[1:]


@pytest.mark.server
def test_a_second_push_does_nothing_and_a_third_repairs(campaign: SampleCampaign) -> None:
    campaign.write_documents(*map(sample_document, range(1, 6)))
    campaign.push(overlap=HALF)
    again = campaign.push(overlap=HALF)
    assert again.changes == 0 and again.overlap and again.overlap.updated == 0
    share = expected_overlaps(campaign, HALF)
    for spoiled in (
        {"maximum_annotations": 3},
        {"overlap_cohort_percentage": 30, "maximum_annotations": 4},
        {"show_annotation_history": True},
    ):
        campaign.request("PATCH", f"/api/projects/{campaign.project}/", spoiled)
        planned = campaign.plan(overlap=HALF)
        assert planned.changes > 0 and campaign.plan(overlap=HALF).overlap == planned.overlap
        assert campaign.push(overlap=HALF).changes > 0
        assert read_overlaps(campaign) == share
        assert not campaign.request("GET", f"/api/projects/{campaign.project}/")[
            "show_annotation_history"
        ]
    one = next(task["id"] for task in campaign.fetch_tasks().values() if task["overlap"] == 1)
    campaign.request("PATCH", f"/api/tasks/{one}/", {"overlap": 5})
    assert campaign.push(overlap=HALF).changes == 1
    assert read_overlaps(campaign) == share


@pytest.mark.server
def test_new_documents_and_a_larger_share(campaign: SampleCampaign) -> None:
    campaign.write_documents(*map(sample_document, range(1, 4)))
    campaign.push(overlap=HALF)
    campaign.write_documents(*map(sample_document, range(1, 7)))
    planned = campaign.plan(overlap=HALF).overlap
    assert planned == campaign.push(overlap=HALF).overlap
    assert read_overlaps(campaign) == expected_overlaps(campaign, HALF)
    campaign.push(overlap=Overlap(3, 80))
    assert read_overlaps(campaign) == expected_overlaps(campaign, Overlap(3, 80))


@pytest.mark.server
@pytest.mark.parametrize("overlap", [Overlap(3, 100), Overlap(1)], ids=["all", "none"])
def test_all_or_none_updates_no_single_task(campaign: SampleCampaign, overlap: Overlap) -> None:
    campaign.write_documents(*map(sample_document, range(1, 6)))
    campaign.push(overlap=HALF)
    result = campaign.push(overlap=overlap).overlap
    assert result and (result.project_updated, result.updated) == (True, 0)
    assert set(read_overlaps(campaign).values()) == {overlap.annotators}
    assert campaign.push(overlap=overlap).changes == 0


@pytest.mark.server
def test_without_an_overlap_the_servers_own_stays(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    campaign.request("PATCH", f"/api/projects/{campaign.project}/", {"maximum_annotations": 4})
    assert campaign.push().changes == 0 and read_overlaps(campaign) == {"doc-00001": 4}


@pytest.mark.server
def test_a_document_that_was_finished_for_one_is_open_for_a_second(
    campaign: SampleCampaign,
) -> None:
    campaign.write_documents(sample_document(1), sample_document(2))
    campaign.push()
    campaign.submit("doc-00001", email=EMAILS[0])
    assert campaign.fetch_tasks()["doc-00001"]["is_labeled"]
    campaign.push(overlap=Overlap(2, 99.999))
    tasks = campaign.fetch_tasks()
    assert tasks["doc-00001"]["overlap"] == 2 and not tasks["doc-00001"]["is_labeled"]
    assert label_everything(campaign, EMAILS[:1]) == {"doc-00002": EMAILS[:1]}
    assert set(label_everything(campaign, EMAILS[1:2])) == {"doc-00001", "doc-00002"}
    campaign.push(overlap=Overlap(3, 99.999))
    assert not any(task["is_labeled"] for task in campaign.fetch_tasks().values())
    campaign.push(overlap=Overlap(2, 99.999))
    assert all(task["is_labeled"] for task in campaign.fetch_tasks().values())


@pytest.mark.server
def test_two_annotations_of_one_person_count_once(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    for _ in range(2):
        campaign.submit("doc-00001", email=EMAILS[0])
    campaign.push(overlap=Overlap(2, 99.999))
    assert not campaign.fetch_tasks()["doc-00001"]["is_labeled"]


@pytest.mark.server
def test_a_task_that_is_not_ours_keeps_its_overlap(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push(overlap=Overlap(2, 99.999))
    campaign.request(
        "POST", f"/api/projects/{campaign.project}/import", [{"data": {"text": "By hand."}}]
    )
    (theirs,) = [name for name in campaign.fetch_tasks() if name.isdigit()]
    campaign.request("PATCH", f"/api/tasks/{theirs}/", {"overlap": 7})
    assert campaign.push(overlap=Overlap(2, 99.999)).changes == 0
    assert read_overlaps(campaign)[theirs] == 7


@pytest.mark.server
def test_the_command(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1), sample_document(2))
    root = campaign.checkout.root
    words = ("push", *campaign.options, "--overlap", "2", "--share", "100")
    planned = msgspec.json.decode(run_sayso_ok(root, *words, "--dry-run", "--json"))["overlap"]
    assert planned == {
        "annotators": 2,
        "share": 100.0,
        "shared": 2,
        "updated": 0,
        "project_updated": False,
    }
    assert "2 shared: for 2 annotators each" in run_sayso_ok(root, *words)
    assert "nothing to do" in run_sayso(root, *words).stderr
    (root / "pyproject.toml").write_text("[tool.sayso]\noverlap = 3\n")
    assert "2 shared: for 3 annotators each" in run_sayso_ok(root, "push", *campaign.options)
    assert read_overlaps(campaign) == {"doc-00001": 3, "doc-00002": 3}


@pytest.mark.server
@pytest.mark.browser
def test_nobody_sees_another_annotation_in_the_label_stream(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1), sample_document(2))
    campaign.push(overlap=Overlap(2))
    ann, bob, _cat = EMAILS
    for doc_id in ("doc-00001", "doc-00002"):
        campaign.submit(doc_id, campaign.build_result(doc_id), email=ann)
    campaign.http_client(bob)  # has an account from now on
    with log_in(campaign.labelstudio.url, bob, PASSWORD) as page:
        marked, submit_button = (
            page.locator(".htx-highlight"),
            page.get_by_test_id("bottombar-submit-button"),
        )
        page.goto(f"{campaign.labelstudio.url}/projects/{campaign.project}/data?labeling=1")
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
    assert sorted(task["total_annotations"] for task in campaign.fetch_tasks().values()) == [1, 2]


@pytest.mark.server
def test_the_next_push_completes_a_killed_one(
    campaign: SampleCampaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign.write_documents(*map(sample_document, range(1, 11)))
    tell, output = LabelStudioClient.set_overlap, count()

    def dying(self: LabelStudioClient, task: int, overlap: int, *, finished: bool) -> None:
        tell(self, task, overlap, finished=finished)
        if next(output) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(LabelStudioClient, "set_overlap", dying)
    with pytest.raises(KeyboardInterrupt):
        campaign.push(overlap=HALF)
    again = campaign.push(overlap=HALF).overlap
    assert again and again.updated == again.shared - 2
    assert read_overlaps(campaign) == expected_overlaps(campaign, HALF)
