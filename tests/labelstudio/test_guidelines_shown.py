"""The version of the guidelines of each annotation: logged by the project, assigned by pull."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from sayso.corpus.sources import CorpusFiles
from sayso.errors import ConflictError
from sayso.labelstudio import pull, push
from sayso.labelstudio.instructions import (
    GuidelinesState,
    ShownGuidelines,
    append_shown_line,
    compare_guidelines,
    find_version_at,
    parse_shown_guidelines,
)
from sayso.labelstudio.status import read_status
from sayso.labelstudio.sync_state import format_timestamp, open_sync_state
from sayso.schema.guidelines import GUIDELINES_FILE, Guidelines
from sayso.settings import SCHEMA_FILE, find_checkout
from tests.command_line import run_sayso, run_sayso_ok
from tests.labelstudio.proxied_campaign import ProxiedCampaign
from tests.labelstudio.sample_campaign import SampleCampaign, sample_document

ONE, TWO = Guidelines("1.0.0", "Mark it."), Guidelines("1.1.0", "Mark it all.")
NOON = 1_795_348_800.0


@pytest.mark.parametrize(
    ("before", "ours", "expected"),
    [
        ([], None, "up to date"),
        ([], ONE, "behind"),
        ([ONE], ONE, "up to date"),
        ([ONE], TWO, "behind"),
        ([ONE, TWO], ONE, "ahead"),
        ([ONE], Guidelines("1.0.0", "Mark nothing."), "reworded"),
        ([ONE], Guidelines("1.0.0", "Mark\n  it.\n"), "up to date"),
        ([ONE], None, "behind"),
        ([ONE, None], None, "up to date"),
        ([ONE, None], ONE, "behind"),
        ([Guidelines("1.9.0", "")], Guidelines("1.10.0", ""), "behind"),
    ],
)
def test_how_what_is_shown_stands_to_ours(
    before: list[Guidelines | None], ours: Guidelines | None, expected: GuidelinesState
) -> None:
    told = "Ours."
    for number, each in enumerate(before):
        told = append_shown_line(told, each, NOON + number)
    found = compare_guidelines(parse_shown_guidelines(told), ours)
    differs = expected != "up to date"
    assert (found.state, bool(found.message), bool(found.remedy)) == (expected, differs, differs)


def test_an_answer_belongs_to_what_was_shown_when_it_was_last_changed() -> None:
    lines = parse_shown_guidelines(
        append_shown_line(
            append_shown_line(append_shown_line("", ONE, NOON), TWO, NOON + 60), None, NOON + 120
        )
    )
    times = [
        "11:59:59.999999Z",
        "12:00:00Z",
        "12:00:59.9Z",
        "12:01:00Z",
        "13:01:30+01:00",
        "12:02:00Z",
    ]
    found = [find_version_at(lines, f"2026-11-22T{each}") for each in times]
    assert found == [None, "1.0.0", "1.0.0", "1.1.0", "1.1.0", None]


@pytest.mark.parametrize(
    "line",
    [
        "1.0 since=2026-11-22T12:00:00Z text=none",
        "1.0.0",
        "1.0.0 since=2026-13-22T12:00:00Z text=none",
    ],
)
def test_a_line_that_somebody_changed_is_an_error(line: str) -> None:
    with pytest.raises(ConflictError, match="cannot be read"):
        parse_shown_guidelines(f"Ours.\nsayso:guidelines={line}")


def write(root: Path, version: str, more: str = "") -> None:
    (root / GUIDELINES_FILE).write_text(
        f"# Rules\n\nVersion {version}. Mark what there is.{more}\n", encoding="utf-8"
    )


def project(campaign: SampleCampaign) -> dict[str, str]:
    found: dict[str, str] = campaign.request("GET", f"/api/projects/{campaign.project}/")
    return found


def lines(campaign: SampleCampaign) -> tuple[ShownGuidelines, ...]:
    return parse_shown_guidelines(project(campaign)["description"])


def versions(campaign: SampleCampaign) -> dict[str, str | None]:
    return {answer.doc_id: answer.guidelines_version for answer in campaign.read_annotations()}


def wait_for(campaign: SampleCampaign) -> None:
    """Wait until the server's clock has passed the second in which guidelines were last shown."""
    while campaign.client.server_time() < lines(campaign)[-1].since.timestamp():
        time.sleep(0.1)
        campaign.client.fetch_release()


def nothing_new(campaign: SampleCampaign) -> None:
    """Make the next pull fetch only changes after an hour from now."""
    found = campaign.client.fetch_project(campaign.project)
    with open_sync_state(campaign.checkout, campaign.client, found) as ledger:
        ledger.mark_complete("annotations", format_timestamp(campaign.client.server_time() + 3600))


@pytest.mark.server
def test_each_answer_has_the_guidelines_that_it_was_given_under(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1), sample_document(2))
    write(campaign.checkout.root, "1.0.0")
    campaign.push()
    campaign.submit("doc-00001")
    campaign.pull()
    assert versions(campaign) == {"doc-00001": "1.0.0"}
    write(campaign.checkout.root, "1.1.0", " And flag what is unclear.")
    assert campaign.push().notes == ["guidelines 1.1.0 are shown from now on"]
    assert [each.version for each in lines(campaign)] == ["1.0.0", "1.1.0"]
    assert "flag what is unclear" in project(campaign)["expert_instruction"]
    wait_for(campaign)
    campaign.submit("doc-00002")
    campaign.pull()
    assert versions(campaign) == {"doc-00001": "1.0.0", "doc-00002": "1.1.0"}
    again = campaign.push()
    assert (again.notes, again.changes, len(lines(campaign))) == ([], 0, 2)


@pytest.mark.server
def test_other_words_under_the_same_version_are_refused(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    write(campaign.checkout.root, "1.0.0")
    campaign.push()
    before = project(campaign)
    write(campaign.checkout.root, "1.0.0", "\n\n")  # white space is free
    campaign.push()
    write(campaign.checkout.root, "1.0.0", " And nothing else.")
    refused = run_sayso(campaign.checkout.root, "push", *campaign.options)
    assert (
        refused.returncode == 9 and "“Version 1.0.0” of schema/guidelines.md" in refused.stderr
    ), refused.stderr
    assert campaign.plan().guidelines_state.state == "reworded"
    write(campaign.checkout.root, "0.9.0")
    with pytest.raises(ConflictError, match=r"shows guidelines 1\.0\.0, and here are only 0\.9\.0"):
        campaign.push()
    after = project(campaign)
    assert (after["description"], after["expert_instruction"].strip()) == (
        before["description"],
        before["expert_instruction"].strip(),
    )


@pytest.mark.server
def test_another_checkout_reads_the_same_from_the_server(
    campaign: SampleCampaign, tmp_path: Path
) -> None:
    campaign.write_documents(sample_document(1))
    write(campaign.checkout.root, "1.0.0")
    campaign.push()
    campaign.submit("doc-00001")
    write(campaign.checkout.root, "2.0.0")
    campaign.push()
    campaign.pull()
    shutil.copytree(campaign.checkout.root / "schema", tmp_path / "other/schema")
    shutil.copytree(campaign.corpus.articles_folder, tmp_path / "other/corpus/articles")
    other = find_checkout(tmp_path / "other")
    push.push(other, campaign.client, push.PushRequest(campaign.project_key))
    assert [each.version for each in lines(campaign)] == ["1.0.0", "2.0.0"]
    pull.pull(other, campaign.client, campaign.project_key.campaign, "all")
    (theirs,) = CorpusFiles(other.root).annotations(campaign.project_key.campaign)
    assert [replace(theirs, annotator="x")] == [
        replace(ours, annotator="x") for ours in campaign.read_annotations()
    ]
    assert theirs.guidelines_version == "1.0.0"


@pytest.mark.server
def test_an_edit_of_the_interface_loses_no_line(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    write(campaign.checkout.root, "1.0.0")
    campaign.push()
    path = campaign.checkout.root / SCHEMA_FILE
    path.write_text(
        re.sub('colour: "#......"', 'colour: "#123456"', path.read_text(encoding="utf-8"), count=1),
        encoding="utf-8",
    )
    write(campaign.checkout.root, "1.1.0")
    known = campaign.plan()
    assert (known.interface_state, known.guidelines_state.state) == ("outdated", "behind")
    notes = campaign.push(update_interface=True).notes
    assert len(notes) == 2 and "#123456" in project(campaign)["label_config"]
    assert [each.version for each in lines(campaign)] == ["1.0.0", "1.1.0"]
    settled = project(campaign)["description"]
    assert campaign.push().notes == [] and project(campaign)["description"] == settled
    assert campaign.plan().interface_state == "up to date"


@pytest.mark.server
def test_answers_that_are_here_already_follow_the_project_s_lines(campaign: SampleCampaign) -> None:
    """A push after somebody deleted the lines: earlier annotations belong to no version."""
    campaign.write_documents(sample_document(1), sample_document(2))
    write(campaign.checkout.root, "1.0.0")
    campaign.push()
    campaign.submit("doc-00001")
    campaign.pull()
    told = project(campaign)["description"]
    nothing_new(campaign)
    campaign.request(
        "PATCH",
        f"/api/projects/{campaign.project}/",
        {"description": re.sub("\nsayso:guidelines.*", "", told)},
    )
    outcome = campaign.pull()
    assert (versions(campaign), outcome.tasks_fetched, len(outcome.written)) == (
        {"doc-00001": None},
        0,
        1,
    )
    assert campaign.pull().written == []
    campaign.push()
    wait_for(campaign)
    campaign.submit("doc-00002")
    campaign.pull()
    assert versions(campaign) == {"doc-00001": None, "doc-00002": "1.0.0"}
    nothing_new(campaign)
    campaign.request("PATCH", f"/api/projects/{campaign.project}/", {"description": told})
    assert campaign.pull().tasks_fetched == 0
    assert versions(campaign) == {"doc-00001": "1.0.0", "doc-00002": "1.0.0"}
    files = campaign.read_annotation_files()
    assert (
        campaign.pull(full=True).comparison.differing == 0
        and campaign.read_annotation_files() == files
    )


@pytest.mark.server
def test_a_project_from_before_gets_its_first_line(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    (campaign.checkout.root / GUIDELINES_FILE).unlink()
    campaign.push()
    campaign.submit("doc-00001")
    assert lines(campaign) == ()
    write(campaign.checkout.root, "1.0.0")
    campaign.push()
    assert [each.version for each in lines(campaign)] == ["1.0.0"]
    campaign.pull()
    assert versions(campaign) == {"doc-00001": None}


@pytest.mark.server
def test_status_says_that_the_server_shows_older_guidelines(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    write(campaign.checkout.root, "1.0.0")
    campaign.push()
    write(campaign.checkout.root, "1.1.0")
    (side,) = read_status(campaign.checkout, campaign.client, campaign.project_key.campaign, "all")
    (case,) = side.differences
    assert (case.what, case.remedy) == (
        "the server shows guidelines 1.0.0, and here are 1.1.0",
        "`sayso push`",
    )
    assert (
        "the server shows guidelines 1.0.0"
        in run_sayso(campaign.checkout.root, "push", *campaign.options, "--dry-run").stderr
    )
    assert '"guidelines_state":"behind"' in run_sayso_ok(
        campaign.checkout.root, "push", *campaign.options, "--dry-run", "--json"
    )
    campaign.push()
    (side,) = read_status(campaign.checkout, campaign.client, campaign.project_key.campaign, "all")
    assert side.differences == []


@pytest.mark.server
@pytest.mark.parametrize("after", [False, True])
def test_a_push_that_dies_as_it_shows_them_says_so_once(
    proxied: ProxiedCampaign, after: bool
) -> None:
    campaign = proxied.campaign
    campaign.write_documents(sample_document(1))
    write(campaign.checkout.root, "1.0.0")
    proxied.run_undisturbed("push")
    write(campaign.checkout.root, "1.1.0")
    asked = proxied.record_requests("push")
    (number,) = [place for place, each in enumerate(asked, 1) if each.startswith("PATCH")]
    write(campaign.checkout.root, "1.2.0")
    assert proxied.run_killed(number, after, "push").code < 0
    assert [each.version for each in lines(campaign)] == [
        "1.0.0",
        "1.1.0",
        *(["1.2.0"] if after else []),
    ]
    proxied.run_undisturbed("push")
    assert [each.version for each in lines(campaign)] == ["1.0.0", "1.1.0", "1.2.0"]
    assert not [each for each in proxied.record_requests("push") if each.startswith("PATCH")]
