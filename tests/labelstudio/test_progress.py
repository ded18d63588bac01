"""The progress of a campaign, checked against the label streams of three accounts."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import pytest

from sayso.errors import UsageError
from sayso.labelstudio.overlap import Overlap
from sayso.labelstudio.progress import PassProgress, forecast_end, measure_progress
from sayso.labelstudio.pseudonyms import Annotator, add_annotator
from tests.command_line import run_sayso, run_sayso_ok
from tests.labelstudio.sample_campaign import SampleCampaign, sample_document
from tests.labelstudio.test_overlap import EMAILS, label_everything, next_task, submit_annotation

TODAY = date(2026, 3, 1)
NAMES = ["one", "two", "three"]


def measure(campaign: SampleCampaign) -> PassProgress:
    (found,) = measure_progress(campaign.checkout, campaign.client, campaign.project_key.campaign)
    return found


def name_accounts(campaign: SampleCampaign) -> None:
    for email, name in zip(EMAILS, NAMES, strict=True):
        add_annotator(campaign.checkout, Annotator(email=email, pseudonym=name))


def list_days(*counts: int) -> list[date]:
    """List a day for each annotation; counts are of the last days, yesterday's last."""
    first = TODAY - timedelta(days=len(counts))
    return [first + timedelta(days=day) for day, count in enumerate(counts) for _ in range(count)]


def test_a_steady_pace_ends_on_one_day() -> None:
    output = forecast_end(list_days(*[10] * 14), 100, 0, TODAY)
    assert output.earliest == output.latest == "2026-03-11"


def test_an_unsteady_pace_ends_within_a_range_around_the_mean() -> None:
    output = forecast_end(list_days(*[5, 15] * 7), 100, 0, TODAY)
    assert "2026-03-01" < output.earliest < "2026-03-11" < output.latest < "2026-03-20"


def test_what_is_blocked_is_not_waited_for() -> None:
    assert forecast_end(list_days(*[10] * 14), 120, 20, TODAY).latest == "2026-03-11"


@pytest.mark.parametrize(
    ("given", "wanted", "blocked", "word"),
    [
        ([], 10, 0, "not enough"),
        (list_days(50, 50, 50, 50), 10, 0, "not enough"),
        (list_days(3, 4, 4, 4, 4), 10, 0, "not enough"),
        ([TODAY] * 500, 10, 0, "not enough"),
        (list_days(*[500, *[0] * 28]), 10, 0, "not enough"),
        (list_days(*[10] * 9), 0, 0, "nothing is left"),
        (list_days(*[10] * 9), 3, 3, "another annotator"),
    ],
)
def test_no_forecast_without_enough_days(
    given: list[date], wanted: int, blocked: int, word: str
) -> None:
    output = forecast_end(given, wanted, blocked, TODAY)
    assert (output.earliest, output.latest) == ("", "") and word in output.reason


def test_days_that_differ_too_much_have_no_latest() -> None:
    output = forecast_end(list_days(1, 0, 0, 0, 40), 100, 0, TODAY)
    assert (
        output.earliest > "2026-03-01"
        and output.latest == ""
        and "differ too much" in output.reason
    )


@pytest.mark.server
def test_three_annotators(campaign: SampleCampaign) -> None:
    campaign.write_documents(*map(sample_document, range(1, 11)))
    name_accounts(campaign)
    overlap = Overlap(2, 50)
    campaign.push(overlap=overlap)
    both = [doc_id for doc_id in campaign.fetch_tasks() if overlap.annotators_for(doc_id) == 2]
    single = [doc_id for doc_id in campaign.fetch_tasks() if overlap.annotators_for(doc_id) == 1]
    number = {doc_id: task["id"] for doc_id, task in campaign.fetch_tasks().items()}
    one, two, _three = EMAILS
    submit_annotation(campaign, one, number[both[0]])
    submit_annotation(campaign, one, number[single[0]])
    submit_annotation(campaign, two, number[both[0]])
    submit_annotation(campaign, two, number[both[1]])
    submit_annotation(campaign, two, number[single[1]], skip=True)
    found = measure(campaign)
    assert (found.tasks, found.unfinished) == (10, 8)
    assert found.missing == len(both) * 2 + len(single) - 4 and found.blocked == 0
    output = {
        worker.annotator: (worker.done, worker.skipped, worker.open) for worker in found.annotators
    }
    assert output == {"one": (2, 0, 8), "two": (2, 1, 6)}
    assert {worker.median_seconds for worker in found.annotators} == {5.0}
    assert {(worker.days, worker.per_day) for worker in found.annotators} == {(1, 2.0)}
    assert "not enough to forecast" in found.forecast.reason


@pytest.mark.server
def test_open_is_what_the_stream_gives_to_one_who_works_alone(campaign: SampleCampaign) -> None:
    campaign.write_documents(*map(sample_document, range(1, 9)))
    name_accounts(campaign)
    campaign.push(overlap=Overlap(2, 50))
    for _ in range(2):
        for email in EMAILS[:2]:
            served = next_task(campaign, email)
            assert served
            submit_annotation(campaign, email, served["id"])
    (first, _second) = measure(campaign).annotators
    assert first.annotator == "one"
    assert len(label_everything(campaign, EMAILS[:1])) == first.open > 0


@pytest.mark.server
def test_annotations_that_no_active_annotator_can_give_are_blocked(
    campaign: SampleCampaign,
) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push(overlap=Overlap(3))
    label_everything(campaign, EMAILS[:2])
    found = measure(campaign)
    assert (found.unfinished, found.missing, found.blocked) == (1, 1, 1)
    assert [worker.open for worker in found.annotators] == [0, 0]
    label_everything(campaign, EMAILS)
    found = measure(campaign)
    assert (found.unfinished, found.missing, found.blocked) == (
        0,
        0,
        0,
    ) and "nothing is left" in found.forecast.reason


@pytest.mark.server
def test_a_median_and_no_mean(campaign: SampleCampaign) -> None:
    campaign.write_documents(*map(sample_document, range(1, 4)))
    campaign.push()
    for task, seconds in zip(campaign.fetch_tasks().values(), (60.0, 90.0, 30_000.0), strict=True):
        body = {"result": [], "was_cancelled": False, "lead_time": seconds}
        campaign.request("POST", f"/api/tasks/{task['id']}/annotations/", body, EMAILS[0])
    (worker,) = measure(campaign).annotators
    assert worker.median_seconds == 90.0


@pytest.mark.server
def test_deleted_annotations_and_tasks_added_by_hand(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1), sample_document(2))
    campaign.push()
    campaign.request(
        "POST", f"/api/projects/{campaign.project}/import", [{"data": {"text": "By hand."}}]
    )
    (theirs,) = [task["id"] for name, task in campaign.fetch_tasks().items() if name.isdigit()]
    submit_annotation(campaign, EMAILS[0], theirs)
    annotation = campaign.submit("doc-00001", email=EMAILS[0])
    assert [worker.done for worker in measure(campaign).annotators] == [2]
    campaign.request("DELETE", f"/api/annotations/{annotation}/")
    assert [(worker.done, worker.open) for worker in measure(campaign).annotators] == [(1, 2)]


@pytest.mark.server
def test_the_command(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1), sample_document(2))
    root = campaign.checkout.root
    assert run_sayso(root, "progress", *campaign.options).returncode == UsageError.exit_code
    campaign.push()
    campaign.submit("doc-00001", email=EMAILS[0])
    output = msgspec.json.decode(run_sayso_ok(root, "progress", *campaign.options, "--json"))
    (one,) = output["passes"]
    assert (one["pass"], one["tasks"], one["unfinished"], one["missing"]) == ("all", 2, 1, 1)
    (worker,) = one["annotators"]
    assert (worker["done"], worker["open"], worker["median_seconds"]) == (1, 1, 2.5)
    assert (worker["kind"], worker["role"]) == ("human", "annotator")
    printed = run_sayso(root, "progress", *campaign.options, "--pass", "all")
    assert {"kind", "human", "role"} <= set(printed.stdout.split())
    assert "1 of 2 documents finished, 1 annotations missing" in printed.stderr
    assert worker["annotator"] in printed.stdout
    assert "@" not in printed.stdout + printed.stderr + str(output)
    assert campaign.read_annotation_files() == {}
