"""An article whose text changed while people worked: what provably stands goes along, the rest is kept and named."""

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
    (side,) = read_status(
        campaign.checkout,
        campaign.client,
        campaign.project_key.campaign,
        campaign.project_key.pass_name,
    )
    return {case.what: case for case in side.differences}


def count_steps(*names: StepKind) -> dict[str, int]:
    return dict.fromkeys(names, 1)


@pytest.fixture
def annotated_campaign(campaign: SampleCampaign) -> SampleCampaign:
    """One document; Ann marked the drones and Belgorod, Bob the mayor."""
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
def test_answers_go_over_to_the_corrected_text(
    annotated_campaign: SampleCampaign, pulled_before: bool
) -> None:
    if pulled_before:
        annotated_campaign.pull()
    annotated_campaign.write_documents(sample_document(1, CORRECTED))
    outcome = annotated_campaign.pull()
    assert (outcome.carried_over, outcome.quarantined, outcome.vanished) == (2, [], [])
    for answer in annotated_campaign.read_annotations():
        assert (answer.text_sha256, answer.text_read) == (sha256(CORRECTED), sha256(OLD))
        assert all(CORRECTED[m.start : m.end] == m.text for m in answer.mentions)
    marked = sorted(
        m.text for answer in annotated_campaign.read_annotations() for m in answer.mentions
    )
    assert marked == ["Belgorod", "Two drones", "the mayor"]
    found = json.loads(run_sayso(annotated_campaign.checkout.root, "check", "--json").stdout)[
        "findings"
    ]
    assert not {finding["check"] for finding in found} & {
        "text-changed",
        "slice-differs",
        "span-outside-text",
    }
    before = annotated_campaign.read_annotation_files()
    assert (
        annotated_campaign.pull().written == []
        and annotated_campaign.read_annotation_files() == before
    )


def test_an_answer_with_one_mention_that_is_not_proven_is_kept_beside_and_named(
    annotated_campaign: SampleCampaign,
) -> None:
    annotated_campaign.pull()
    before = annotated_campaign.read_annotation_files()
    annotated_campaign.write_documents(sample_document(1, CORRECTED.replace("Belgorod", "Kursk")))
    outcome = annotated_campaign.pull()
    history = (
        annotated_campaign.corpus.folder
        / "history"
        / "texts"
        / "annotations"
        / annotated_campaign.project_key.campaign
    )
    assert {path.name: path.read_bytes() for path in history.iterdir()} == before
    assert outcome.carried_over == 0 and annotated_campaign.read_annotations() == []
    assert len(outcome.quarantined) == 2 and outcome.quarantine_file
    assert {notice.reason for notice in outcome.quarantined} == {
        "the text has changed since it was pushed; 2 of 2 mentions do not provably have the same words: "
        f"“Two drones” [{OLD.index('Two')}, {OLD.index('Two') + 10}), "
        f"“Belgorod” [{OLD.index('Belgorod')}, {OLD.index('Belgorod') + 8})",
        "the text has changed since it was pushed; 1 of 1 mentions do not provably have the same words: "
        f"“the mayor” [{OLD.index('the mayor')}, {OLD.index('the mayor') + 9})",
    }
    kept = [
        json.loads(line)
        for line in outcome.quarantine_file.read_text(encoding="utf-8").splitlines()
    ]
    assert sorted(len(line["annotation"]["result"]) for line in kept) == [1, 2]
    annotated_campaign.write_documents(
        sample_document(1)
    )  # the old text is back, and so are the answers
    assert (
        annotated_campaign.pull().quarantined == []
        and len(annotated_campaign.read_annotations()) == 2
    )


def test_the_right_text_is_sent_beside_the_answered_one(annotated_campaign: SampleCampaign) -> None:
    annotated_campaign.write_documents(sample_document(1, CORRECTED))
    assert annotated_campaign.push().conflicts == 1
    planned, renewed = annotated_campaign.plan(renew=True), annotated_campaign.push(renew=True)
    assert planned.tasks == renewed.tasks == count_steps("renewed", "superseded")
    assert planned.reported_steps == renewed.reported_steps
    again = annotated_campaign.push(renew=True)
    assert (again.tasks, again.changes, again.conflicts) == (
        count_steps("unchanged", "superseded"),
        0,
        0,
    )
    assert annotated_campaign.push().conflicts == 0
    assert annotated_campaign.pull().carried_over == 2


def test_status_names_each_case_and_its_command(annotated_campaign: SampleCampaign) -> None:
    annotated_campaign.pull()
    assert read_differences(annotated_campaign) == {}
    task = annotated_campaign.fetch_tasks()["doc-00001"]
    annotated_campaign.write_documents(sample_document(1, CORRECTED), sample_document(2))
    by_hand = [{"data": {"text": "x", "title": "", "about": ""}}]
    annotated_campaign.request(
        "POST", f"/api/projects/{annotated_campaign.project}/import", by_hand
    )
    found = {
        case.what.partition(":")[0]: case for case in read_differences(annotated_campaign).values()
    }
    assert (
        found["stale"].where == ("doc-00001",) and "`sayso push --renew`" in found["stale"].remedy
    )
    assert found["new"].remedy == "`sayso push`"
    assert "`sayso ingest`" in found["foreign"].remedy
    annotated_campaign.request(
        "PATCH",
        f"/api/projects/{annotated_campaign.project}/",
        {"label_config": edit_text(annotated_campaign)},
    )
    found = read_differences(annotated_campaign)
    assert (
        "`sayso push --update-interface`" in found["the interface is edited in Label Studio"].remedy
    )
    assert task["id"]
    printed = run_sayso(annotated_campaign.checkout.root, "status", *annotated_campaign.options)
    assert printed.returncode == 0 and "→ `sayso push --renew`" in printed.stdout
    told = json.loads(
        run_sayso_ok(
            annotated_campaign.checkout.root, "status", *annotated_campaign.options, "--json"
        )
    )
    whats = [case["what"] for side in told["passes"] for case in side["differences"]]
    assert "the interface is edited in Label Studio" in whats


def test_a_word_renamed_in_the_schema_is_named(annotated_campaign: SampleCampaign) -> None:
    annotated_campaign.pull()
    path = annotated_campaign.checkout.root / "schema" / "schema.yaml"
    text = path.read_text(encoding="utf-8")
    assert "Location" in text
    path.write_text(text.replace("Location", "Place"), encoding="utf-8")
    found = read_differences(annotated_campaign)
    words = found["names in our annotations that schema.yaml does not declare"]
    assert words.where == ("'Location'",) and "`sayso schema migrate`" in words.remedy
    assert any(what.startswith("the interface is outdated") for what in found)


def test_without_renew_the_error_names_it(annotated_campaign: SampleCampaign) -> None:
    annotated_campaign.write_documents(sample_document(1, CORRECTED))
    result = run_sayso(annotated_campaign.checkout.root, "push", *annotated_campaign.options)
    assert result.returncode == ConflictError.exit_code and "`sayso push --renew`" in result.stderr


def edit_text(campaign: SampleCampaign) -> str:
    config: str = campaign.request("GET", f"/api/projects/{campaign.project}/")["label_config"]
    return config.replace("</View>", '<Header value="Mind the dashes"/></View>', 1)
