"""Invariants of a pull on a real Label Studio: where one does not hold, nothing is written."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import sqlite3
from typing import Any

import pytest
from msgspec import structs

from sayso import jsonl
from sayso.errors import ConflictError
from sayso.labelstudio import fetched_annotations
from sayso.labelstudio.client import LabelStudioClient
from sayso.labelstudio.project import ProjectKey
from sayso.labelstudio.pull import pull
from sayso.models import Annotation
from tests.command_line import run_sayso
from tests.labelstudio.sample_campaign import SampleCampaign, sample_document

pytestmark = pytest.mark.server

ANN, BOB = "ann@sayso.localhost", "bob@sayso.localhost"


def start_campaign(campaign: SampleCampaign) -> None:
    """Pull the answers of two annotators to three documents."""
    campaign.write_documents(*map(sample_document, range(1, 4)))
    campaign.push()
    campaign.submit("doc-00001", email=ANN)
    campaign.submit("doc-00002", email=ANN, skip=True)
    campaign.submit("doc-00001", email=BOB)
    campaign.pull()


def forget_an_annotation(campaign: SampleCampaign) -> None:
    """Remove an annotation from sync state and files, as if it had never been noticed."""
    name = campaign.project_key.campaign
    for path in campaign.corpus.annotation_files(name):
        kept = [line for line in jsonl.read(path, Annotation) if line.status != "skipped"]
        campaign.corpus.write_annotations(name, path.stem, kept)
    for path in (campaign.checkout.private / "cache").glob("labelstudio-*.sqlite3"):
        with contextlib.closing(sqlite3.connect(path)) as state, state:
            state.execute("DELETE FROM annotations WHERE status = 'skipped'")
            state.execute("DELETE FROM current_files")


def test_an_annotation_that_was_missed_is_noticed(
    campaign: SampleCampaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    start_campaign(campaign)
    whole = campaign.read_annotation_files()
    monkeypatch.setattr(fetched_annotations, "REFETCH_SECONDS", -60.0)
    campaign.pull()  # from now on as if the last pull were long ago
    forget_an_annotation(campaign)
    before = campaign.read_annotation_files()
    assert before != whole
    with pytest.raises(ConflictError, match=r"counts 3 annotations and gives 2.*pull --full"):
        campaign.pull(prune=True)
    assert campaign.read_annotation_files() == before
    assert campaign.pull(full=True).vanished == []
    assert campaign.read_annotation_files() == whole and campaign.pull().written == []


def test_no_pass_is_written_if_one_must_not_be(
    campaign: SampleCampaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    start_campaign(campaign)
    monkeypatch.setattr(fetched_annotations, "REFETCH_SECONDS", -60.0)
    campaign.pull()
    forget_an_annotation(campaign)
    before = campaign.read_annotation_files()
    name = campaign.project_key.campaign
    names = dataclasses.replace(campaign, project_key=ProjectKey(name, "names"))
    names.push()
    names.submit("doc-00003", email=ANN)
    with pytest.raises(ConflictError, match="counts 3 annotations and gives 2"):
        pull(campaign.checkout, campaign.client, name)
    assert campaign.read_annotation_files() == before
    pulled = pull(campaign.checkout, campaign.client, name, full=True)
    assert [len(result.written) for result in pulled] == [1, 1]
    assert len(campaign.read_annotations()) == 4


def test_annotations_that_arrive_during_a_pull(
    campaign: SampleCampaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    start_campaign(campaign)
    fetch, count = LabelStudioClient.fetch_annotated_tasks, LabelStudioClient.count_annotations
    arriving = [("doc-00003", ANN), ("doc-00002", BOB), ("doc-00003", BOB)]

    def submit_next() -> None:
        if arriving:
            doc_id, email = arriving.pop()
            campaign.submit(doc_id, email=email)

    def fetch_while_annotators_go_on(client: LabelStudioClient, *args: Any, **query: Any) -> Any:
        submit_next()
        return fetch(client, *args, **query)

    def count_while_annotators_go_on(client: LabelStudioClient, project: int) -> int:
        submit_next()
        return count(client, project)

    with monkeypatch.context() as patched:
        patched.setattr(LabelStudioClient, "fetch_annotated_tasks", fetch_while_annotators_go_on)
        patched.setattr(LabelStudioClient, "count_annotations", count_while_annotators_go_on)
        campaign.pull()
    assert arriving == [] and len(campaign.read_annotations()) == 6
    assert campaign.pull().written == []


def test_no_annotation_stands_twice(campaign: SampleCampaign) -> None:
    """A line of another project is ours to keep, in one file only: it must not count twice."""
    start_campaign(campaign)
    ours = campaign.read_annotations()
    name = ours[0].annotator
    origin = ours[0].origin
    assert origin
    elsewhere = structs.replace(
        ours[0],
        created="2026-01-01T00:00:00Z",
        origin=structs.replace(origin, project=999_999, annotation=7),
    )
    lines = [elsewhere, *(line for line in ours if line.annotator == name)]
    lines.sort(key=lambda line: (line.doc_id, line.created))
    path = campaign.corpus.annotation_file(campaign.project_key.campaign, name)
    campaign.corpus.write_annotations(campaign.project_key.campaign, name, lines)
    campaign.pull()
    assert campaign.pull().written == [] and len(campaign.read_annotations()) == 4
    copied = path.with_name("copied.jsonl")
    shutil.copy(path, copied)
    campaign.submit("doc-00003", email=ANN)
    before = campaign.read_annotation_files()
    refused = run_sayso(campaign.checkout.root, "pull", *campaign.options)
    assert refused.returncode == 9
    for word in ("annotation 7 of project 999999 stands twice", path.name, copied.name):
        assert word in refused.stderr
    assert campaign.read_annotation_files() == before
    copied.unlink()
    campaign.pull()
    assert len(campaign.read_annotations()) == 5
