"""A text that changes under annotation: what provably fits is transferred, or quarantined."""

from __future__ import annotations

import json

import pytest

from sayso.errors import ConflictError
from sayso.labelstudio.push_plan import StepKind
from sayso.labelstudio.status import SyncDifference, read_status
from sayso.models import sha256
from tests.command_line import run_sayso, run_sayso_ok
from tests.labelstudio.sample_campaign import TEXT, SampleCampaign, sample_document

pytestmark = pytest.mark.server

ANN, BOB = "ann@sayso.localhost", "bob@sayso.localhost"
OLD = f"Report 1. {TEXT}"
CORRECTED = f"Correction: it was at night. {OLD}"


def read_differences(campaign: SampleCampaign) -> dict[str, SyncDifference]:
    (status,) = read_status(
        campaign.checkout,
        campaign.client,
        campaign.project_key.campaign,
        campaign.project_key.pass_name,
    )
    return {difference.what: difference for difference in status.differences}


def count_steps(*names: StepKind) -> dict[str, int]:
    return dict.fromkeys(names, 1)


@pytest.fixture
def campaign(campaign: SampleCampaign) -> SampleCampaign:
    """One document; Ann annotated the drones and Belgorod, Bob the mayor."""
    campaign.write_documents(sample_document(1))
    campaign.push()
    drones, belgorod, mayor = (
        OLD.index(words) for words in ("Two drones", "Belgorod", "the mayor")
    )
    ann = campaign.build_result("doc-00001", drones, drones + 10, "Count")
    ann += [
        {**campaign.build_result("doc-00001", belgorod, belgorod + 8, "Location")[0], "id": "m2"}
    ]
    campaign.submit("doc-00001", ann, email=ANN)
    campaign.submit("doc-00001", campaign.build_result("doc-00001", mayor, mayor + 9), email=BOB)
    return campaign


@pytest.mark.parametrize("pulled_before", [True, False])
def test_annotations_are_transferred_to_the_corrected_text(
    campaign: SampleCampaign, pulled_before: bool
) -> None:
    if pulled_before:
        campaign.pull()
    campaign.write_documents(sample_document(1, CORRECTED))
    result = campaign.pull()
    assert (result.carried_over, result.quarantined, result.vanished) == (2, [], [])
    for annotation in campaign.read_annotations():
        assert (annotation.text_sha256, annotation.text_read) == (sha256(CORRECTED), sha256(OLD))
        assert all(CORRECTED[m.start : m.end] == m.text for m in annotation.mentions)
    marked = sorted(
        m.text for annotation in campaign.read_annotations() for m in annotation.mentions
    )
    assert marked == ["Belgorod", "Two drones", "the mayor"]
    found = json.loads(run_sayso(campaign.checkout.root, "check", "--json").stdout)["findings"]
    assert not {finding["check"] for finding in found} & {
        "text-changed",
        "slice-differs",
        "span-outside-text",
    }
    before = campaign.read_annotation_files()
    assert campaign.pull().written == [] and campaign.read_annotation_files() == before


def test_an_annotation_with_an_unproven_mention_is_quarantined_and_named(
    campaign: SampleCampaign,
) -> None:
    campaign.pull()
    before = campaign.read_annotation_files()
    campaign.write_documents(sample_document(1, CORRECTED.replace("Belgorod", "Kursk")))
    result = campaign.pull()
    history = (
        campaign.corpus.folder / "history" / "texts" / "annotations" / campaign.project_key.campaign
    )
    assert {path.name: path.read_bytes() for path in history.iterdir()} == before
    assert result.carried_over == 0 and campaign.read_annotations() == []
    assert len(result.quarantined) == 2 and result.quarantine_file
    assert {notice.reason for notice in result.quarantined} == {
        "the text has changed since it was pushed; "
        "2 of 2 mentions do not provably have the same words: "
        f"“Two drones” [{OLD.index('Two')}, {OLD.index('Two') + 10}), "
        f"“Belgorod” [{OLD.index('Belgorod')}, {OLD.index('Belgorod') + 8})",
        "the text has changed since it was pushed; "
        "1 of 1 mentions do not provably have the same words: "
        f"“the mayor” [{OLD.index('the mayor')}, {OLD.index('the mayor') + 9})",
    }
    left = [
        json.loads(line) for line in result.quarantine_file.read_text(encoding="utf-8").splitlines()
    ]
    assert sorted(len(line["annotation"]["result"]) for line in left) == [1, 2]
    campaign.write_documents(sample_document(1))  # the old text is back, and so are the annotations
    assert campaign.pull().quarantined == [] and len(campaign.read_annotations()) == 2


def test_the_right_text_is_sent_beside_the_annotated_one(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1, CORRECTED))
    assert campaign.push().conflicts == 1
    planned, renewed = campaign.plan(renew=True), campaign.push(renew=True)
    assert planned.tasks == renewed.tasks == count_steps("renewed", "superseded")
    assert planned.reported_steps == renewed.reported_steps
    again = campaign.push(renew=True)
    assert (again.tasks, again.changes, again.conflicts) == (
        count_steps("unchanged", "superseded"),
        0,
        0,
    )
    assert campaign.push().conflicts == 0
    assert campaign.pull().carried_over == 2


def test_status_names_each_difference_and_its_command(campaign: SampleCampaign) -> None:
    campaign.pull()
    assert read_differences(campaign) == {}
    task = campaign.fetch_tasks()["doc-00001"]
    campaign.write_documents(sample_document(1, CORRECTED), sample_document(2))
    by_hand = [{"data": {"text": "x", "title": "", "about": ""}}]
    campaign.request("POST", f"/api/projects/{campaign.project}/import", by_hand)
    found = {
        difference.what.partition(":")[0]: difference
        for difference in read_differences(campaign).values()
    }
    assert (
        found["stale"].where == ("doc-00001",) and "`sayso push --renew`" in found["stale"].remedy
    )
    assert found["new"].remedy == "`sayso push`"
    assert "`sayso ingest`" in found["foreign"].remedy
    campaign.request(
        "PATCH", f"/api/projects/{campaign.project}/", {"label_config": edit_text(campaign)}
    )
    found = read_differences(campaign)
    assert (
        "`sayso push --update-interface`" in found["the interface is edited in Label Studio"].remedy
    )
    assert task["id"]
    printed = run_sayso(campaign.checkout.root, "status", *campaign.options)
    assert printed.returncode == 0 and "→ `sayso push --renew`" in printed.stdout
    output = json.loads(run_sayso_ok(campaign.checkout.root, "status", *campaign.options, "--json"))
    whats = [
        difference["what"] for status in output["passes"] for difference in status["differences"]
    ]
    assert "the interface is edited in Label Studio" in whats


def test_a_label_renamed_in_the_schema_is_named(campaign: SampleCampaign) -> None:
    campaign.pull()
    path = campaign.checkout.root / "schema" / "schema.yaml"
    text = path.read_text(encoding="utf-8")
    assert "Location" in text
    path.write_text(text.replace("Location", "Place"), encoding="utf-8")
    found = read_differences(campaign)
    words = found["names in our annotations that schema.yaml does not declare"]
    assert words.where == ("'Location'",) and "`sayso schema migrate`" in words.remedy
    assert any(what.startswith("the interface is outdated") for what in found)


def test_without_renew_the_error_names_it(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1, CORRECTED))
    result = run_sayso(campaign.checkout.root, "push", *campaign.options)
    assert result.returncode == ConflictError.exit_code and "`sayso push --renew`" in result.stderr


def edit_text(campaign: SampleCampaign) -> str:
    config: str = campaign.request("GET", f"/api/projects/{campaign.project}/")["label_config"]
    return config.replace("</View>", '<Header value="Mind the dashes"/></View>', 1)
