"""Pulling from a real Label Studio: everybody's own annotations, each once."""

from __future__ import annotations

import contextlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sayso import jsonl
from sayso.errors import DiskError, UsageError
from sayso.labelstudio import fetched_annotations, pseudonyms
from sayso.labelstudio.api_types import Account
from sayso.labelstudio.connection import connect
from sayso.labelstudio.pull import pull
from sayso.models import Annotation
from sayso.schema.declarations import load_schema
from sayso.settings import SCHEMA_FILE
from tests.command_line import run_sayso, run_sayso_ok
from tests.labelstudio import faults
from tests.labelstudio.sample_campaign import SampleCampaign, sample_document
from tests.test_code_digest import change_line, copy_package, run_copy

pytestmark = pytest.mark.server

ANN, BOB = "ann@sayso.localhost", "bob@sayso.localhost"


def test_nothing_was_pushed(campaign: SampleCampaign) -> None:
    with pytest.raises(
        UsageError, match=f"no project of campaign {campaign.project_key.campaign}.*sayso push"
    ):
        campaign.pull()


def test_twice_is_once(campaign: SampleCampaign) -> None:
    campaign.write_documents(*map(sample_document, range(4)))
    campaign.push()
    campaign.submit("doc-00001", email=ANN)
    campaign.submit("doc-00001", email=BOB)
    campaign.submit("doc-00002", email=ANN, skip=True)
    first = campaign.pull()
    before = campaign.read_annotation_files()
    second = campaign.pull()
    assert len(first.written) == 2 and second.written == []
    assert first.annotations == second.annotations
    assert campaign.read_annotation_files() == before


def test_an_annotation_arrives_complete(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    number = campaign.submit("doc-00001", email=ANN)
    campaign.pull()
    (annotation,) = campaign.read_annotations()
    assert annotation.origin and annotation.origin.annotation == number
    assert (annotation.doc_id, annotation.status, annotation.interface, annotation.campaign) == (
        "doc-00001",
        "submitted",
        "all",
        campaign.project_key.campaign,
    )
    assert annotation.schema_version == load_schema(campaign.checkout.root / SCHEMA_FILE).version
    assert (annotation.lead_time_seconds, annotation.started_from, annotation.annotator_kind) == (
        2.5,
        "nothing",
        "human",
    )
    assert [(m.label, m.start, m.end, m.text) for m in annotation.mentions] == [
        ("Actor", 0, 6, "Report")
    ]


def test_skipped_documents_come_and_drafts_never(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1), sample_document(2))
    campaign.push()
    campaign.submit("doc-00001", email=ANN, skip=True)
    task = campaign.fetch_tasks()["doc-00002"]["id"]
    campaign.request(
        "POST", f"/api/tasks/{task}/drafts", {"result": campaign.build_result("doc-00002")}, ANN
    )
    campaign.pull()
    (annotation,) = campaign.read_annotations()
    assert (annotation.doc_id, annotation.status, len(annotation.mentions)) == (
        "doc-00001",
        "skipped",
        1,
    )


def test_two_annotations_of_one_person(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    numbers = [campaign.submit("doc-00001", email=ANN), campaign.submit("doc-00001", [], email=ANN)]
    campaign.pull()
    assert [
        annotation.origin.annotation
        for annotation in campaign.read_annotations()
        if annotation.origin
    ] == numbers


def test_two_people_with_one_local_part_are_two(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    campaign.submit("doc-00001", email="kim@one.localhost")
    campaign.submit("doc-00001", email="kim@two.localhost")
    campaign.pull()
    assert len(campaign.read_annotation_files()) == 2
    names = {annotation.annotator for annotation in campaign.read_annotations()}
    shutil.rmtree(campaign.corpus.folder / "annotations")
    campaign.pull()
    assert {annotation.annotator for annotation in campaign.read_annotations()} == names


def test_an_annotation_that_started_from_a_prediction_or_another_annotation(
    campaign: SampleCampaign,
) -> None:
    campaign.write_documents(sample_document(1), sample_document(2))
    campaign.push()
    result, task = campaign.build_result("doc-00001"), campaign.fetch_tasks()["doc-00001"]["id"]
    prediction = campaign.request(
        "POST", "/api/predictions/", {"task": task, "result": result, "model_version": "x"}
    )["id"]
    body = {"result": result, "parent_prediction": prediction}
    first = campaign.request("POST", f"/api/tasks/{task}/annotations/", body, ANN)["id"]
    campaign.request(
        "POST",
        f"/api/tasks/{task}/annotations/",
        {"result": result, "parent_annotation": first},
        BOB,
    )
    campaign.pull()
    assert {annotation.started_from for annotation in campaign.read_annotations()} == {
        "prediction",
        "annotation",
    }


def test_changed_code_decodes_every_annotation_again(
    campaign: SampleCampaign, tmp_path: Path
) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    (item,) = campaign.build_result("doc-00001")
    campaign.submit("doc-00001", [{**item, "value": {**item["value"], "labels": ["Nope"]}}])
    package = copy_package(tmp_path / "copy")
    reason = "a label that the schema does not know"
    for expected in (reason, "an unknown label"):
        change_line(package / "labelstudio" / "codec.py", f'"{reason}"', f'"{expected}"')
        pulled = run_copy(package, "--root", str(campaign.checkout.root), "pull", *campaign.options)
        assert pulled.returncode == 0, pulled.stderr
        (annotation,) = campaign.read_annotations()
        assert [kept.reason for kept in annotation.kept] == [expected]


def test_only_what_has_changed_is_fetched(
    campaign: SampleCampaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetched_annotations, "REFETCH_SECONDS", 0.0)
    campaign.write_documents(*map(sample_document, range(150)))
    campaign.push()
    number = campaign.submit("doc-00001", email=ANN)
    assert campaign.pull().tasks_fetched == 150
    time.sleep(1.1)  # the server tells its clock in whole seconds
    campaign.pull()
    time.sleep(1.1)
    assert campaign.pull().tasks_fetched == 0
    campaign.request("PATCH", f"/api/annotations/{number}/", {"result": []}, ANN)
    assert campaign.pull().tasks_fetched == 1
    assert [annotation.mentions for annotation in campaign.read_annotations()] == [()]


def test_what_vanished_stays_until_it_is_pruned(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1), sample_document(2))
    campaign.push()
    number = campaign.submit("doc-00001", email=ANN)
    campaign.submit("doc-00002", email=ANN)
    campaign.pull()
    before = campaign.read_annotation_files()
    campaign.http_client().delete(f"/api/annotations/{number}/")
    left = campaign.pull()
    assert [notice.doc_id for notice in left.vanished] == ["doc-00001"]
    assert campaign.read_annotation_files() == before
    run_sayso_ok(campaign.checkout.root, "pull", "--prune", *campaign.options)
    assert [annotation.doc_id for annotation in campaign.read_annotations()] == ["doc-00002"]


def test_a_deleted_task_is_noticed(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1), sample_document(2))
    campaign.push()
    campaign.submit("doc-00001", email=ANN)
    campaign.pull()
    campaign.http_client().delete(f"/api/tasks/{campaign.fetch_tasks()['doc-00001']['id']}/")
    assert [notice.doc_id for notice in campaign.pull().vanished] == ["doc-00001"]
    campaign.pull(prune=True)
    assert campaign.read_annotation_files() == {}


def test_what_does_not_concern_this_pull_stays(campaign: SampleCampaign) -> None:
    """Annotations of another pass in the same file, of a program, and of a project elsewhere."""
    campaign.write_documents(sample_document(1), sample_document(2))
    campaign.push()
    campaign.submit("doc-00001", email=ANN)
    campaign.pull()
    (annotation,) = campaign.read_annotations()
    names = msgspec.structs.replace(annotation, interface="names", mentions=())
    assert annotation.origin
    origin = msgspec.structs.replace(annotation.origin, project=999_999)
    moved = msgspec.structs.replace(annotation, origin=origin)
    drafted = msgspec.structs.replace(annotation, annotator="draft", origin=None)
    others = sorted([names, moved], key=lambda line: line.interface)
    campaign.corpus.write_annotations(campaign.project_key.campaign, annotation.annotator, others)
    campaign.corpus.write_annotations(campaign.project_key.campaign, "draft", [drafted])
    result = campaign.pull(prune=True)
    assert result.vanished == []
    assert sorted(map(repr, campaign.read_annotations())) == sorted(
        map(repr, [annotation, names, moved, drafted])
    )


@pytest.mark.parametrize(
    ("line", "kind", "role"),
    [
        ({"kind": "program"}, "program", "annotator"),
        ({"role": "adjudicator"}, "human", "adjudicator"),
        ({"kind": "program", "role": "adjudicator"}, "program", "adjudicator"),
        ({"kind": "adjudicator"}, "human", "adjudicator"),  # as maps of 0.1.0 say it
    ],
)
def test_the_map_gives_an_account_its_pseudonym_kind_and_role(
    campaign: SampleCampaign, line: dict[str, str], kind: str, role: str
) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    campaign.submit("doc-00001", email=ANN)
    campaign.pull()
    path = campaign.checkout.private / "annotators.jsonl"
    accounts = list(jsonl.read(path, dict[str, Any]))
    changes = {ANN: {"pseudonym": "judge", "kind": "human", "role": "annotator", **line}}
    jsonl.write(path, [each | changes.get(each["email"], {}) for each in accounts])
    result = campaign.pull()
    assert [
        (annotation.annotator, annotation.annotator_kind, annotation.annotator_role)
        for annotation in campaign.read_annotations()
    ] == [("judge", kind, role)]
    assert "canonical-line" not in run_sayso(campaign.checkout.root, "check").stdout
    assert campaign.read_annotation_files().keys() == {"judge.jsonl"} and result.vanished == []


def test_a_key_of_the_environment_gives_the_same_pseudonym_everywhere(
    campaign: SampleCampaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    def named(key: str) -> str:
        shutil.rmtree(campaign.checkout.private, ignore_errors=True)
        monkeypatch.setenv("SAYSO_PSEUDONYM_KEY", key)
        accounts = [Account(1, ANN)]
        return pseudonyms.resolve_annotators(campaign.checkout, "", accounts)[1].pseudonym

    assert named("one") == named("one") != named("other")


def test_no_address_and_no_token_anywhere(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    said = [run_sayso(campaign.checkout.root, "push", *campaign.options)]
    campaign.submit("doc-00001", email=ANN)
    by_hand = {"data": {"text": "x", "title": "", "about": ""}}
    task = campaign.request(
        "POST", f"/api/projects/{campaign.project}/import?return_task_ids=true", [by_hand]
    )["task_ids"][0]
    campaign.request("POST", f"/api/tasks/{task}/annotations/", {"result": []}, ANN)
    said += [
        run_sayso(campaign.checkout.root, *command, *campaign.options)
        for command in (["pull"], ["status"])
    ]
    assert [result.returncode for result in said] == [0, 0, 0]
    printed = "".join(result.stdout + result.stderr for result in said)
    files = [path for path in campaign.checkout.root.rglob("*") if path.is_file()]
    written = {path.relative_to(campaign.checkout.root): path.read_bytes() for path in files}
    holding = {str(path) for path, content in written.items() if ANN.encode() in content}
    assert ANN not in printed and holding == {".sayso/annotators.jsonl"}
    holding = {
        str(path)
        for path, content in written.items()
        if campaign.labelstudio.token.encode() in content
    }
    assert campaign.labelstudio.token not in printed and holding == {"token"}
    secret = [campaign.checkout.private / name for name in ("annotators.jsonl", "pseudonym.key")]
    assert {left.stat().st_mode & 0o777 for left in secret} == {0o600}


def test_a_full_disk_leaves_the_old_files(
    campaign: SampleCampaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    campaign.submit("doc-00001", email=ANN)
    campaign.pull()
    before = campaign.read_annotation_files()
    campaign.submit("doc-00001", [], email=ANN)
    folder = campaign.corpus.folder / "annotations" / campaign.project_key.campaign
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", raise_disk_full)
        with pytest.raises(DiskError, match="No space left"):
            campaign.pull()
    assert campaign.read_annotation_files() == before and len(list(folder.iterdir())) == 1
    campaign.pull()
    assert len(campaign.read_annotations()) == 2


def raise_disk_full(_descriptor: int) -> None:
    raise OSError(28, "No space left on device")


def count_fetched(campaign: SampleCampaign) -> int:
    """Count the tasks in the sync state."""
    for path in (campaign.checkout.private / "cache").glob("labelstudio-*.sqlite3"):
        with (
            contextlib.closing(sqlite3.connect(path)) as connection,
            contextlib.suppress(sqlite3.OperationalError),
        ):
            return int(connection.execute("SELECT count(*) FROM fetched_tasks").fetchone()[0])
    return 0


@pytest.mark.slow
def test_a_killed_fetch_resumes(campaign: SampleCampaign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetched_annotations, "REFETCH_SECONDS", 0.0)
    campaign.write_documents(*map(sample_document, range(600)))
    campaign.push()
    campaign.submit("doc-00003", email=ANN)
    campaign.submit("doc-00599", email=ANN)
    time.sleep(1.1)  # the server tells its clock in whole seconds
    words = [
        sys.executable,
        "-m",
        "sayso",
        "--root",
        str(campaign.checkout.root),
        "pull",
        *campaign.options,
    ]
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    while not count_fetched(campaign):
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    there = count_fetched(campaign)
    assert 0 < there < 600 and campaign.read_annotation_files() == {}
    campaign.submit("doc-00000", email=ANN)  # on a task that was fetched already
    result = campaign.pull()
    assert 600 - there <= result.tasks_fetched < 600
    assert [annotation.doc_id for annotation in campaign.read_annotations()] == [
        "doc-00000",
        "doc-00003",
        "doc-00599",
    ]
    assert campaign.pull().written == []


def test_the_command(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    campaign.submit("doc-00001", email=ANN)
    output = msgspec.json.decode(
        run_sayso_ok(campaign.checkout.root, "pull", *campaign.options, "--json")
    )["pulled"][0]
    (annotator,) = output["annotations"]
    assert output["annotations"][annotator] == {"submitted": 1}
    assert output["written"] == [
        f"corpus/annotations/{campaign.project_key.campaign}/{annotator}.jsonl"
    ]
    again = run_sayso(campaign.checkout.root, "pull", *campaign.options)
    assert again.returncode == 0 and "nothing has changed" in again.stderr


def test_every_record_is_canonical(campaign: SampleCampaign) -> None:
    campaign.write_documents(*map(sample_document, range(3)))
    campaign.push()
    for number in (2, 0, 1):
        campaign.submit(f"doc-{number:05d}", email=ANN)
    campaign.pull()
    (path,) = campaign.corpus.annotation_files(campaign.project_key.campaign)
    before = path.read_bytes()
    assert not jsonl.write(path, list(jsonl.read(path, Annotation))) and path.read_bytes() == before
    assert [annotation.doc_id for annotation in campaign.read_annotations()] == [
        "doc-00000",
        "doc-00001",
        "doc-00002",
    ]


def test_a_full_pull_that_dies_half_way_starts_over(
    campaign: SampleCampaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign.write_documents(sample_document(1), sample_document(2))
    campaign.push()
    campaign.submit("doc-00001")
    campaign.pull()
    before = campaign.read_annotation_files()
    with monkeypatch.context() as patched:
        patched.setattr(
            fetched_annotations,
            "_CREATE_TABLES",
            "CREATE TABLE fetched_tasks (task INTEGER PRIMARY KEY); here it dies;",
        )
        with pytest.raises(DiskError):
            campaign.pull(full=True)
    assert campaign.pull().tasks_fetched == 2
    assert campaign.read_annotation_files() == before


def test_the_annotations_of_a_deleted_account_stay(
    campaign: SampleCampaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaver = "leaver@sayso.localhost"
    monkeypatch.setattr(
        fetched_annotations, "REFETCH_SECONDS", -60.0
    )  # as if the last pull were long ago: the task itself has not changed
    campaign.write_documents(sample_document(1))
    campaign.push()
    campaign.submit("doc-00001", email=leaver)
    campaign.pull()
    before = campaign.read_annotations()
    number = next(
        account.id for account in campaign.client.list_accounts() if account.email == leaver
    )
    campaign.request("DELETE", f"/api/users/{number}/")
    assert not campaign.pull().vanished
    assert campaign.read_annotations() == before
    campaign.pull(full=True)
    assert campaign.read_annotations() == before


def test_two_requests_are_enough_if_nothing_has_changed(
    campaign: SampleCampaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        fetched_annotations, "REFETCH_SECONDS", -60.0
    )  # as if the last pull were long ago
    campaign.write_documents(sample_document(1))
    campaign.push()
    campaign.submit("doc-00001", email=ANN)
    with faults.run_proxy(campaign.labelstudio.url) as proxy:
        for _ in range(2):
            proxy.requests.clear()
            with connect(campaign.checkout, proxy.url, campaign.token_file) as client:
                (result,) = pull(campaign.checkout, client, campaign.project_key.campaign)
    pages = [each for each, _same in groupby(proxy.requests)]  # a page for every 100 projects
    assert pages == ["GET api/projects", "GET api/tasks"]
    assert (result.written, sum(count.total() for count in result.annotations.values())) == ([], 1)


@pytest.mark.parametrize("change", ["edited", "removed", "emptied"])
def test_a_file_that_somebody_changed_is_written_again(
    campaign: SampleCampaign, change: str
) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    campaign.submit("doc-00001", email=ANN)
    (path,) = campaign.pull().written
    whole = path.read_bytes()
    assert campaign.pull().written == []
    if change == "removed":
        path.unlink()
    else:
        path.write_bytes(whole.replace(b"Report", b"Rumour") if change == "edited" else b"")
    assert campaign.pull().written == [path]
    assert path.read_bytes() == whole
    assert campaign.pull().written == []
