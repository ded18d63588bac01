"""Answers that are on the server a second time, since an export was imported there."""

from __future__ import annotations

import pytest
from msgspec import structs

from tests.command_line import run_sayso, run_sayso_ok
from tests.labelstudio.sample_campaign import SampleCampaign, sample_document

pytestmark = pytest.mark.server

ANN, BOB = "ann@sayso.localhost", "bob@sayso.localhost"
DRAWN = "Kd93_x0-Qz"  # as an editor draws ids


def import_export(campaign: SampleCampaign, **changes: object) -> None:
    """Export the project, delete it, push again, import the export with changed annotations.

    A change to None removes the field.
    """
    path = f"/api/projects/{campaign.project}"
    exported = campaign.request("GET", f"{path}/export?exportType=JSON")
    campaign.request("DELETE", f"{path}/")
    campaign.push()
    for task in exported:
        for annotation in task["annotations"]:
            annotation.update(changes)
            for name in [name for name, value in changes.items() if value is None]:
                del annotation[name]
    campaign.request("POST", f"/api/projects/{campaign.project}/import", exported)


def submit_drawn(campaign: SampleCampaign, doc_id: str, email: str, drawn: str = DRAWN) -> None:
    result = [{**item, "id": drawn} for item in campaign.build_result(doc_id)]
    campaign.submit(doc_id, result, email=email)


def test_an_answer_that_was_imported_under_another_account(campaign: SampleCampaign) -> None:
    """It stays its annotator's, and is no second answer of whoever the import names."""
    campaign.write_documents(sample_document(1), sample_document(2))
    campaign.push()
    submit_drawn(campaign, "doc-00001", ANN)
    path = f"/api/tasks/{campaign.fetch_tasks()['doc-00002']['id']}/annotations/"
    campaign.request("POST", path, {"result": [], "lead_time": 7.341}, ANN)
    campaign.pull()
    before = campaign.read_annotation_files()
    import_export(campaign, completed_by=None)  # the importer's, then
    root = campaign.checkout.root
    for options in ((), (), ("--full",), ("--prune", "--yes")):
        pulled = run_sayso(root, "pull", *options, *campaign.options)
        assert pulled.returncode == 0 and campaign.read_annotation_files() == before
        assert "2 annotations are left out: imported" in pulled.stderr
        assert "doc-00001 task" in pulled.stderr and "completed_by" in pulled.stderr
    assert "only on the server" not in run_sayso_ok(root, "status", *campaign.options)
    for task in campaign.fetch_full_tasks(campaign.project):
        for annotation in task["annotations"]:
            campaign.request("DELETE", f"/api/annotations/{annotation['id']}/")
    assert campaign.pull().copies == [] and campaign.read_annotation_files() == before


def test_an_answer_that_was_imported_without_its_number(campaign: SampleCampaign) -> None:
    """Content, seconds and a drawn id tell it; without the id it may be another answer."""
    campaign.write_documents(sample_document(1), sample_document(2))
    campaign.push()
    submit_drawn(campaign, "doc-00001", ANN)
    campaign.submit("doc-00002", email=ANN)
    campaign.pull()
    before = {each.doc_id: each for each in campaign.read_annotations()}
    import_export(campaign, id=None)
    pulled = campaign.pull()
    assert (pulled.renumbered, pulled.copies) == (1, [])
    assert [(each.doc_id, each.annotator) for each in pulled.alike] == [
        ("doc-00002", before["doc-00002"].annotator)
    ]
    files = campaign.read_annotation_files()
    first, second, third = campaign.read_annotations()
    assert (second, third.doc_id) == (before["doc-00002"], "doc-00002")
    assert first.origin and first.origin.project == campaign.project
    assert structs.replace(first, origin=None) == structs.replace(before["doc-00001"], origin=None)
    for options in ({}, {"full": True}, {"prune": True}):
        again = campaign.pull(**options)
        assert (again.renumbered, again.vanished, len(again.alike)) == (0, [], 1)
        assert campaign.read_annotation_files() == files
    told = run_sayso(campaign.checkout.root, "pull", *campaign.options).stderr
    assert "1 annotations have content and seconds of lines that we have" in told


def test_equal_answers_of_two_annotators_are_two(campaign: SampleCampaign) -> None:
    """Both accepted one prediction in the same time; one of them on a project that is gone."""
    campaign.write_documents(sample_document(1))
    campaign.push()
    campaign.submit("doc-00001", email=ANN)
    campaign.pull()
    campaign.request("DELETE", f"/api/projects/{campaign.project}/")
    campaign.push()
    campaign.submit("doc-00001", email=BOB)
    pulled = campaign.pull()
    assert (pulled.copies, len(pulled.alike)) == ([], 1)
    assert len({each.annotator for each in campaign.read_annotations()}) == 2
