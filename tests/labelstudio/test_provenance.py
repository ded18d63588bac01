"""Answers that somebody else saved, predictions taken over unseen, and times that say nothing."""

from __future__ import annotations

import shutil
import time
from typing import Any

import msgspec
import pytest

from sayso.labelstudio import pseudonyms
from sayso.labelstudio.status import read_status
from sayso.models import Annotation
from sayso.schema.guidelines import GUIDELINES_FILE
from tests.command_line import run_sayso, run_sayso_ok
from tests.labelstudio.sample_campaign import SampleCampaign, sample_document

pytestmark = pytest.mark.server

ANN, BOB = "ann@sayso.localhost", "bob@sayso.localhost"
TAKE_OVER = "/api/dm/actions/?id=predictions_to_annotations"


def name_of(campaign: SampleCampaign, email: str) -> str:
    """Return the pseudonym of an account."""
    project = campaign.client.fetch_project(campaign.project)
    found = pseudonyms.fetch_annotators(campaign.checkout, campaign.client, project)
    return next(each.pseudonym for each in found.values() if each.email == email)


def lead_name(campaign: SampleCampaign) -> str:
    return name_of(campaign, campaign.client.fetch_own_account().email)


def save(campaign: SampleCampaign, number: int, email: str = "", **fields: Any) -> None:
    campaign.request("PATCH", f"/api/annotations/{number}/", fields, email)


def read_by_annotator(campaign: SampleCampaign) -> dict[str, Annotation]:
    return {each.annotator: each for each in campaign.read_annotations()}


def show_guidelines(campaign: SampleCampaign, version: str) -> None:
    path = campaign.checkout.root / GUIDELINES_FILE
    path.write_text(f"# Guidelines\n\nVersion {version}\n\nMark everything.\n", encoding="utf-8")
    campaign.push()
    time.sleep(1.1)  # the server tells its clock in whole seconds


def forget_server(campaign: SampleCampaign) -> None:
    shutil.rmtree(campaign.checkout.private / "cache")


def count_excluded(campaign: SampleCampaign) -> dict[str, int]:
    name = campaign.project_key.campaign
    output = run_sayso_ok(campaign.checkout.root, "agreement", "--json", "--campaign", name)
    report = msgspec.json.decode(output)
    parts = [*report["measurements"], *report["not_measured"]]
    return {reason: n for part in parts for reason, n in part["excluded"].items()}


def test_an_annotation_that_somebody_else_saved(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    number = campaign.submit("doc-00001", email=ANN)
    campaign.submit("doc-00001", email=BOB)
    campaign.pull()
    assert {each.changed_by for each in campaign.read_annotations()} == {None}
    assert count_excluded(campaign) == {}
    save(campaign, number, result=[])
    ann, lead = name_of(campaign, ANN), lead_name(campaign)
    (status,) = read_status(campaign.checkout, campaign.client, *campaign.names)
    assert [each.annotator for each in status.changed] == [ann]
    pulled = run_sayso(campaign.checkout.root, "pull", *campaign.options)
    assert "1 annotations that somebody else saved after their annotator" in pulled.stderr
    assert f"doc-00001 {ann} saved by {lead}" in pulled.stderr
    changed = read_by_annotator(campaign)[ann]
    assert (changed.changed_by, changed.mentions) == (lead, ())
    assert count_excluded(campaign) == {
        "saved by somebody else after its annotator": 1,
        "nobody else has annotated it": 1,
    }
    files = campaign.read_annotation_files()
    campaign.pull(full=True)
    forget_server(campaign)
    campaign.pull()
    assert campaign.read_annotation_files() == files


def test_the_annotator_s_own_change_does_not_hide_it(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    number = campaign.submit("doc-00001", email=ANN)
    save(campaign, number, result=[])
    campaign.pull()
    save(campaign, number, ANN, result=campaign.build_result("doc-00001"))
    campaign.pull()
    (annotation,) = campaign.read_annotations()
    assert annotation.changed_by == lead_name(campaign) and annotation.mentions
    forget_server(campaign)
    campaign.pull()
    assert campaign.read_annotations() == [annotation]


@pytest.mark.parametrize("forget", [False, True])
def test_saving_without_a_change_changes_nothing(campaign: SampleCampaign, forget: bool) -> None:
    """Marking as ground truth under newer guidelines, and saving the same result."""
    campaign.write_documents(sample_document(1), sample_document(2))
    show_guidelines(campaign, "1.0.0")
    first, second = campaign.submit("doc-00001", email=ANN), campaign.submit("doc-00002", email=ANN)
    campaign.pull()
    before, files = campaign.read_annotations(), campaign.read_annotation_files()
    show_guidelines(campaign, "2.0.0")
    save(campaign, first, ground_truth=True)
    save(campaign, second, result=campaign.build_result("doc-00002"))
    if forget:
        forget_server(campaign)
    (status,) = read_status(campaign.checkout, campaign.client, *campaign.names)
    assert status.changed == []
    assert campaign.pull().changed == []
    assert campaign.read_annotations() == before
    assert {each.guidelines_version for each in before} == {"1.0.0"}
    assert campaign.pull(full=True).comparison.differing == 0
    assert campaign.read_annotation_files() == files
    save(campaign, first, result=[])
    campaign.pull()
    changed, same = campaign.read_annotations()
    assert (changed.guidelines_version, same.guidelines_version) == ("2.0.0", "1.0.0")


def test_a_mark_before_the_first_pull_leaves_the_version_open(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1), sample_document(2))
    show_guidelines(campaign, "1.0.0")
    marked, own = campaign.submit("doc-00001", email=ANN), campaign.submit("doc-00002", email=ANN)
    show_guidelines(campaign, "2.0.0")
    save(campaign, marked, ground_truth=True)
    save(campaign, own, ANN, result=[])
    campaign.pull()
    versions = [(each.changed_by, each.guidelines_version) for each in campaign.read_annotations()]
    assert versions == [(lead_name(campaign), None), (None, "2.0.0")]


def test_an_earlier_annotation_marked_as_ground_truth_stays_the_earlier(
    campaign: SampleCampaign,
) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    first, _second = (
        campaign.submit("doc-00001", email=ANN),
        campaign.submit("doc-00001", email=ANN),
    )
    campaign.pull()
    save(campaign, first, ground_truth=True)
    campaign.pull()
    times = [each.updated for each in campaign.read_annotations()]
    assert times == sorted(times)


def take_predictions_over(campaign: SampleCampaign, doc_id: str) -> int:
    task, result = campaign.fetch_tasks()[doc_id]["id"], campaign.build_result(doc_id)
    body = {"task": task, "result": result, "model_version": "x"}
    prediction = int(campaign.request("POST", "/api/predictions/", body)["id"])
    everything = {"selectedItems": {"all": True, "excluded": []}}
    campaign.request("POST", f"{TAKE_OVER}&project={campaign.project}", everything)
    return prediction


def test_a_prediction_taken_over_unseen_is_no_vote(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    campaign.submit("doc-00001", email=ANN)
    prediction = take_predictions_over(campaign, "doc-00001")
    pulled = run_sayso(campaign.checkout.root, "pull", *campaign.options)
    assert "1 annotations taken over from predictions unseen" in pulled.stderr
    records, lead = read_by_annotator(campaign), lead_name(campaign)
    assert records[lead].unseen and records[lead].mentions
    assert count_excluded(campaign) == {
        "taken over from a prediction that nobody looked at": 1,
        "nobody else has annotated it": 1,
    }
    run_sayso_ok(
        *(campaign.checkout.root, "adjudicate", "pull", "--auto", "majority"), *campaign.options
    )
    assert list(campaign.corpus.gold()) == []
    # The parent is lost with the prediction; what was known of it is not.
    campaign.http_client().delete(f"/api/predictions/{prediction}/")
    files = campaign.read_annotation_files()
    campaign.pull(full=True)
    forget_server(campaign)
    campaign.pull()
    assert campaign.read_annotation_files() == files


def test_a_prediction_that_its_annotator_opened_is_an_answer(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1), sample_document(2))
    campaign.push()
    take_predictions_over(campaign, "doc-00001")
    task, result = campaign.fetch_tasks()["doc-00002"]["id"], campaign.build_result("doc-00002")
    made = {"task": task, "result": result, "model_version": "x"}
    parent = campaign.request("POST", "/api/predictions/", made)["id"]
    body = {"result": result, "parent_prediction": parent, "lead_time": 3.5}
    campaign.request("POST", f"/api/tasks/{task}/annotations/", body, ANN)
    campaign.pull()
    assert {each.started_from for each in campaign.read_annotations()} == {"prediction"}
    found = {each.doc_id: each.unseen for each in campaign.read_annotations()}
    assert found == {"doc-00001": True, "doc-00002": False}
    taken = next(each for each in campaign.read_annotations() if each.doc_id == "doc-00001")
    assert taken.origin
    save(campaign, taken.origin.annotation, lead_time=4.0)  # the lead opens it and presses Update
    campaign.pull()
    starts = {(each.unseen, each.changed_by) for each in campaign.read_annotations()}
    assert starts == {(False, None)}
