"""Accounts of annotators on a real Label Studio: each has one pseudonym, and keeps it."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

import pytest
from msgspec import structs

from sayso import jsonl
from sayso.errors import ConflictError
from sayso.labelstudio.pseudonyms import Annotator
from tests.command_line import run_sayso, run_sayso_ok
from tests.labelstudio.sample_campaign import SampleCampaign, sample_document

pytestmark = pytest.mark.server

DOCUMENTS = ("doc-00001", "doc-00002", "doc-00003")


def test_removed_members_keep_their_pseudonyms(campaign: SampleCampaign) -> None:
    emails = start_campaign(campaign, annotators=3)
    campaign.pull()
    before = campaign.read_annotation_files()
    assert count_lines(before) == [3, 3, 3]
    remove_members(campaign, emails[:2])
    campaign.submit("doc-00001", [], email=emails[2])  # so that the pull asks for accounts
    campaign.pull()
    after = campaign.read_annotation_files()
    assert count_lines(after) == [3, 3, 4]
    assert {name: after[name] for name in after if after[name].count(b"\n") == 3}.items() <= (
        before.items()
    )
    comparison = campaign.pull(full=True).comparison
    assert (comparison.differing, comparison.new, comparison.gone) == (0, 0, 0)
    assert campaign.read_annotation_files() == after
    status = run_sayso_ok(campaign.checkout.root, "status", *campaign.options)
    assert "sayso pull" not in status


def test_removed_members_who_were_never_seen_are_told_apart(campaign: SampleCampaign) -> None:
    emails = start_campaign(campaign, annotators=3)
    remove_members(campaign, emails[:2])
    campaign.pull()
    before = campaign.read_annotation_files()
    assert count_lines(before) == [3, 3, 3]
    for annotation in campaign.read_annotations():
        assert annotation.annotator_kind == "human"
    campaign.pull(full=True)
    assert campaign.read_annotation_files() == before
    kept = b"".join(line for line in read_map_file(campaign).read_bytes().splitlines(True))
    assert b"Deleted" not in kept and b"deleted" not in kept


def test_removed_members_are_known_by_the_lines_of_the_corpus(campaign: SampleCampaign) -> None:
    emails = start_campaign(campaign, annotators=2)
    campaign.pull()
    before = campaign.read_annotation_files()
    remove_members(campaign, emails)
    shutil.rmtree(campaign.checkout.private)  # as in a fresh clone
    campaign.pull()
    assert campaign.read_annotation_files() == before
    campaign.pull(full=True)
    assert campaign.read_annotation_files() == before


def test_addresses_that_differ_in_case_only(campaign: SampleCampaign) -> None:
    campaign.write_documents(*map(sample_document, range(1, 4)))
    campaign.push()
    name = f"kim-{secrets.token_hex(4)}"
    accounts = [create_user(campaign, f"{each}@sayso.localhost") for each in (name, name.upper())]
    for account, documents in zip(accounts, (DOCUMENTS, DOCUMENTS[:2]), strict=True):
        for doc_id in documents:
            submit_as(campaign, doc_id, account)
    campaign.pull()
    before = campaign.read_annotation_files()
    assert count_lines(before) == [2, 3]
    assert campaign.pull(full=True).written == [] and campaign.read_annotation_files() == before
    status = run_sayso_ok(campaign.checkout.root, "status", *campaign.options)
    assert "sayso pull" not in status


@pytest.mark.parametrize("shared", ["pseudonym", "account"])
def test_the_map_names_both_lines_that_share(campaign: SampleCampaign, shared: str) -> None:
    emails = start_campaign(campaign, annotators=2)
    campaign.pull()
    before = campaign.read_annotation_files()
    path = read_map_file(campaign)
    lines = list(jsonl.read(path, Annotator))
    places = [place for place, line in enumerate(lines) if line.email in emails]
    first, second = (lines[place] for place in places)
    lines[places[1]] = (
        structs.replace(second, pseudonym=first.pseudonym)
        if shared == "pseudonym"
        else structs.replace(second, accounts=first.accounts)
    )
    jsonl.write(path, lines)
    campaign.submit("doc-00001", [], email=emails[0])
    for command in ("pull", "status", "progress"):
        refused = run_sayso(campaign.checkout.root, command, *campaign.options)
        assert refused.returncode == ConflictError.exit_code, refused.stderr
        numbers = " and ".join(str(place + 1) for place in places)
        assert f"lines {numbers}" in refused.stderr and emails[0] not in refused.stderr
    assert campaign.read_annotation_files() == before


def start_campaign(campaign: SampleCampaign, annotators: int) -> list[str]:
    """Push three documents, and have new annotators answer each. Return their addresses."""
    campaign.write_documents(*map(sample_document, range(1, 4)))
    campaign.push()
    emails = [f"a-{secrets.token_hex(4)}@sayso.localhost" for _ in range(annotators)]
    for email in emails:
        for doc_id in DOCUMENTS:
            campaign.submit(doc_id, email=email)
    return emails


def remove_members(campaign: SampleCampaign, emails: list[str]) -> None:
    """Remove accounts from the organisation, as its page does."""
    for account in campaign.client.list_accounts():
        if account.email in emails:
            path = f"/api/organizations/1/memberships/{account.id}/"
            campaign.request("DELETE", path)


def create_user(campaign: SampleCampaign, email: str) -> int:
    """Create an account as the lead, whose address keeps its capitals. Return its number."""
    body = {"email": email, "username": email, "first_name": "", "last_name": ""}
    return int(campaign.request("POST", "/api/users/", body)["id"])


def submit_as(campaign: SampleCampaign, doc_id: str, account: int) -> None:
    """Submit an annotation in the name of an account."""
    body = {"result": campaign.build_result(doc_id), "completed_by": account}
    task = campaign.fetch_tasks()[doc_id]["id"]
    campaign.request("POST", f"/api/tasks/{task}/annotations/", body)


def count_lines(files: dict[str, bytes]) -> list[int]:
    return sorted(content.count(b"\n") for content in files.values())


def read_map_file(campaign: SampleCampaign) -> Path:
    return campaign.checkout.private / "annotators.jsonl"
