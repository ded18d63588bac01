"""Origins of annotations through a campaign's life: no answer is lost, doubled or pruned."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec import structs

from sayso.corpus.history import list_history
from sayso.labelstudio import database_template, fetched_annotations, server
from sayso.labelstudio.status import read_status
from tests.command_line import run_sayso, run_sayso_ok
from tests.conftest import LabelStudioServer, new_checkout, stop_server_after
from tests.labelstudio.sample_campaign import SampleCampaign, open_campaign, sample_document

pytestmark = pytest.mark.server

ANN, BOB = "ann@sayso.localhost", "bob@sayso.localhost"


@contextlib.contextmanager
def start_second_server(folder: Path, next_project: int) -> Iterator[LabelStudioServer]:
    """Start another Label Studio whose next project has a given number."""
    checkout = new_checkout(folder / "second")
    with stop_server_after(checkout):
        database = server.server_folder(checkout) / "data" / database_template.DATABASE_NAME
        database_template.restore_database(database)
        with contextlib.closing(sqlite3.connect(database)) as connection, connection:
            connection.execute("DELETE FROM sqlite_sequence WHERE name = 'project'")
            insert = "INSERT INTO sqlite_sequence VALUES ('project', ?)"
            connection.execute(insert, (next_project - 1,))
        yield LabelStudioServer(checkout, server.start(checkout, 0))


@contextlib.contextmanager
def move_campaign(campaign: SampleCampaign, folder: Path) -> Iterator[SampleCampaign]:
    """Push a campaign to a second server, where its project gets the same number."""
    with (
        start_second_server(folder, campaign.project) as second,
        open_campaign(second, campaign.checkout) as moved,
    ):
        moved.project_key = campaign.project_key
        moved.push()
        yield moved


def test_answers_of_another_server_are_never_pruned(
    campaign: SampleCampaign, tmp_path: Path
) -> None:
    campaign.write_documents(sample_document(1), sample_document(2))
    campaign.push()
    campaign.submit("doc-00001", email=ANN)
    campaign.submit("doc-00002", email=BOB)
    campaign.pull()
    before = campaign.read_annotations()
    with move_campaign(campaign, tmp_path) as moved:
        assert moved.project == campaign.project
        moved.submit("doc-00001", email=ANN)
        assert moved.pull(prune=True).vanished == []
        after = moved.read_annotations()
        assert [each for each in after if each in before] == before and len(after) == 3


@pytest.mark.slow
def test_answers_from_before_servers_had_ids(campaign: SampleCampaign, tmp_path: Path) -> None:
    """A line without an id that is older than the project is of another server."""
    campaign.write_documents(sample_document(1))
    campaign.push()
    campaign.submit("doc-00001", email=ANN)
    campaign.pull()
    remove_server_ids(campaign)
    before = campaign.read_annotations()
    with move_campaign(campaign, tmp_path) as moved:
        moved.submit("doc-00001", email=BOB)
        assert moved.pull(prune=True).vanished == []
        assert all(each in moved.read_annotations() for each in before)


def test_a_project_without_the_line_of_its_server(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    campaign.submit("doc-00001", email=ANN)
    campaign.pull()
    remove_server_ids(campaign)
    shutil.rmtree(campaign.checkout.private / "cache")
    campaign.pull()
    (older,) = campaign.read_annotations()
    assert older.origin and older.origin.server is None
    campaign.push()
    assert campaign.pull().vanished == []
    (newer,) = campaign.read_annotations()
    assert newer.origin and newer.origin.server


def remove_server_ids(campaign: SampleCampaign) -> None:
    """Make project and annotations as an older version of Sayso would have."""
    path = f"/api/projects/{campaign.project}/"
    lines = campaign.request("GET", path)["description"].splitlines()
    kept = [line for line in lines if not line.startswith("sayso:server=")]
    campaign.request("PATCH", path, {"description": "\n".join(kept)})
    for file in campaign.corpus.annotation_files(campaign.project_key.campaign):
        file.write_bytes(re.sub(rb',"server":"[0-9a-f]+"', b"", file.read_bytes()))


def test_an_answer_that_moved_to_another_task_is_there(
    campaign: SampleCampaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if the last pull were long ago: the move itself touches no time of change.
    monkeypatch.setattr(fetched_annotations, "REFETCH_SECONDS", -60.0)
    campaign.write_documents(sample_document(1), sample_document(2))
    campaign.push()
    task = campaign.fetch_tasks()["doc-00001"]
    path = f"/api/projects/{campaign.project}/import?return_task_ids=true"
    (copy,) = campaign.request("POST", path, [{"data": task["data"]}])["task_ids"]
    campaign.request("POST", f"/api/tasks/{task['id']}/annotations/", {"result": []}, BOB)
    body = {"result": campaign.build_result("doc-00001")}
    number = campaign.request("POST", f"/api/tasks/{copy}/annotations/", body, ANN)["id"]
    campaign.pull()
    remove_duplicates(campaign)
    assert campaign.request("GET", f"/api/annotations/{number}/")["task"] == task["id"]
    pulled = campaign.pull()
    assert pulled.vanished == [] and len(pulled.written) == 1
    assert campaign.pull(prune=True).vanished == []
    assert {
        (each.origin.annotation, each.origin.task)
        for each in campaign.read_annotations()
        if each.origin
    } >= {(number, task["id"])}
    assert len(campaign.read_annotations()) == 2


def test_an_answer_that_moved_before_it_was_pulled_arrives(
    campaign: SampleCampaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if the last pull were long ago: the move itself touches no time of change.
    monkeypatch.setattr(fetched_annotations, "REFETCH_SECONDS", -60.0)
    campaign.write_documents(sample_document(1))
    campaign.push()
    task = campaign.fetch_tasks()["doc-00001"]
    path = f"/api/projects/{campaign.project}/import?return_task_ids=true"
    (copy,) = campaign.request("POST", path, [{"data": task["data"]}])["task_ids"]
    for each, email in ((task["id"], BOB), (copy, ANN)):
        campaign.request("POST", f"/api/tasks/{each}/annotations/", {"result": []}, email)
    key = campaign.project_key
    read_status(campaign.checkout, campaign.client, key.campaign, key.pass_name)  # no files yet
    remove_duplicates(campaign)
    campaign.pull()
    assert len(campaign.read_annotations()) == 2


def remove_duplicates(campaign: SampleCampaign) -> None:
    """Run the action of the data manager."""
    path = f"/api/dm/actions?id=remove_duplicates&project={campaign.project}"
    campaign.request("POST", path, {"selectedItems": {"all": True, "excluded": []}})


def import_again(campaign: SampleCampaign) -> None:
    """Export the project, delete it, push again, import the export."""
    path = f"/api/projects/{campaign.project}"
    exported = campaign.request("GET", f"{path}/export?exportType=JSON")
    campaign.request("DELETE", f"{path}/")
    campaign.push()
    campaign.request("POST", f"/api/projects/{campaign.project}/import", exported)


def test_an_imported_answer_takes_the_place_of_its_line(campaign: SampleCampaign) -> None:
    campaign.write_documents(*map(sample_document, range(1, 4)))
    campaign.push()
    for doc_id, email in (("doc-00001", ANN), ("doc-00002", ANN), ("doc-00001", BOB)):
        campaign.submit(doc_id, email=email, skip=doc_id == "doc-00002")
    campaign.pull()
    before = campaign.read_annotations()
    import_again(campaign)
    assert campaign.pull().renumbered == 3
    after = campaign.read_annotations()
    assert [structs.replace(each, origin=None) for each in after] == [
        structs.replace(each, origin=None) for each in before
    ]
    assert {each.origin.project for each in after if each.origin} == {campaign.project}
    files = campaign.read_annotation_files()
    for options in ({}, {"full": True}, {"prune": True}):
        again = campaign.pull(**options)
        assert (again.renumbered, again.vanished, again.written) == (0, [], [])
    shutil.rmtree(campaign.checkout.private / "cache")
    assert (campaign.pull().renumbered, campaign.read_annotation_files()) == (0, files)
    import_again(campaign)
    assert campaign.pull().renumbered == 3 and len(campaign.read_annotations()) == 3


def test_an_answer_that_was_edited_after_its_import(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    campaign.submit("doc-00001", email=ANN)
    campaign.pull()
    (before,) = campaign.read_annotations()
    import_again(campaign)
    (task,) = (each for each in campaign.fetch_full_tasks(campaign.project) if each["annotations"])
    (annotation,) = task["annotations"]
    time.sleep(1.1)
    for result in ([], campaign.build_result("doc-00001", 7, 8)):
        campaign.request("PATCH", f"/api/annotations/{annotation['id']}/", {"result": result}, ANN)
        assert campaign.pull().vanished == []
        (after,) = campaign.read_annotations()
        assert (after.created, len(after.mentions)) == (before.created, len(result))
    (entry,) = list_history(campaign.corpus)
    assert (entry.cause, entry.lines) == ("imported", 1)


def test_pruned_answers_are_in_the_history_and_come_back(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1), sample_document(2))
    campaign.push()
    numbers = [campaign.submit(f"doc-0000{number}", email=ANN) for number in (1, 2)]
    campaign.pull()
    before = campaign.read_annotation_files()
    (name,) = before
    for number in numbers:
        campaign.request("DELETE", f"/api/annotations/{number}/")
    root = campaign.checkout.root
    assert answer_in_terminal(campaign, "n", "pull", "--prune") == 0
    assert campaign.read_annotation_files() == before
    assert answer_in_terminal(campaign, "y", "pull", "--prune") == 0
    assert campaign.read_annotation_files() == {}
    history = campaign.corpus.history_folder / "pruned/annotations" / campaign.project_key.campaign
    assert (history / name).read_bytes() == before[name]
    shown = msgspec.json.decode(run_sayso_ok(root, "history", "--json"))["history"]
    assert [(each["cause"], each["lines"]) for each in shown] == [("pruned", 2)]
    run_sayso_ok(root, "history", "--restore", "--doc", "doc-00002")
    assert [each.doc_id for each in campaign.read_annotations()] == ["doc-00002"]
    run_sayso_ok(root, "history", "--restore")
    assert campaign.read_annotation_files() == before
    assert len(campaign.pull().vanished) == 2 and campaign.read_annotation_files() == before
    pruned = run_sayso(root, "pull", "--prune", "--yes", *campaign.options)
    assert pruned.returncode == 0 and pruned.stderr.count("to be pruned") == 2
    assert campaign.read_annotation_files() == {}


def test_only_what_was_listed_is_pruned(campaign: SampleCampaign) -> None:
    """Lines that vanish between the list and the move are told, and stay."""
    campaign.write_documents(sample_document(1), sample_document(2), sample_document(3))
    campaign.push()
    numbers = [campaign.submit(f"doc-0000{number}", email=ANN) for number in (1, 2, 3)]
    campaign.pull()
    campaign.request("DELETE", f"/api/annotations/{numbers[0]}/")
    listed = campaign.pull().vanished
    campaign.request("DELETE", f"/api/annotations/{numbers[1]}/")
    pulled = campaign.pull(prune=set(listed))
    assert pulled.pruned == listed and [each.number for each in pulled.vanished] == [numbers[1]]
    assert [each.doc_id for each in campaign.read_annotations()] == ["doc-00002", "doc-00003"]
    assert [each.doc_id for each in campaign.pull().vanished] == ["doc-00002"]


def answer_in_terminal(campaign: SampleCampaign, answer: str, *command: str) -> int:
    """Run a command in a terminal, and answer its question. Return the exit code."""
    ours, theirs = os.openpty()
    words = [sys.executable, "-m", "sayso", "--root", str(campaign.checkout.root)]
    words += [*command, *campaign.options]
    with subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        printed = ""
        while "? [y/N]" not in printed:
            printed += os.read(ours, 4096).decode(errors="replace")
        os.write(ours, f"{answer}\n".encode())
        with contextlib.suppress(OSError):  # the terminal is closed at the end
            while os.read(ours, 4096):
                pass
        code = process.wait()
    os.close(ours)
    return code


def overwrite_description(campaign: SampleCampaign, words: str) -> int:
    """Let the lead overwrite the description. Return the number of the project."""
    number = campaign.project
    campaign.request("PATCH", f"/api/projects/{number}/", {"description": words})
    return number


@pytest.mark.parametrize("fresh", [False, True])
def test_a_project_that_has_lost_its_mark(campaign: SampleCampaign, fresh: bool) -> None:
    """It is known by the sync state, and in a fresh checkout by the annotations in our files."""
    campaign.write_documents(sample_document(1), sample_document(2))
    campaign.push()
    campaign.submit("doc-00001", email=ANN)
    campaign.pull()
    (before,) = campaign.read_annotations()
    description = campaign.request("GET", f"/api/projects/{campaign.project}/")["description"]
    number = overwrite_description(campaign, "Our own words.")
    if fresh:
        shutil.rmtree(campaign.checkout.private / "cache")
    tasks = campaign.fetch_full_tasks(number)
    (task,) = (each["id"] for each in tasks if each["data"]["doc_id"] == "doc-00002")
    campaign.request("POST", f"/api/tasks/{task}/annotations/", {"result": []}, BOB)
    root, options = campaign.checkout.root, campaign.options
    pulled = run_sayso(root, "pull", *options)
    assert pulled.returncode == 0 and "sayso push --restore-mark" in pulled.stderr
    first, second = sorted(campaign.read_annotations(), key=lambda each: each.doc_id)
    assert first == before and second.guidelines_version == before.guidelines_version
    assert second.origin and before.origin and second.origin.server == before.origin.server
    status = run_sayso_ok(root, "status", *options)
    assert "description has lost our lines" in status and "sayso push --restore-mark" in status
    refused = run_sayso(root, "push", *options)
    assert refused.returncode == 9 and campaign.project_key.mark in refused.stderr
    assert [each.id for each in campaign.client.list_projects() if each.id > number] == []
    run_sayso_ok(root, "push", "--restore-mark", "--dry-run", *options)
    if fresh:
        run_sayso_ok(root, "push", "--restore-mark", *options)
    else:
        assert answer_in_terminal(campaign, "n", "push") == 9
        assert answer_in_terminal(campaign, "y", "push") == 0
    assert campaign.project == number
    told = campaign.request("GET", f"/api/projects/{number}/")["description"].splitlines()
    assert told[0] == "Our own words."
    kept = [line for line in description.splitlines() if line.startswith("sayso:")]
    if not fresh:
        assert told[1:] == kept
    assert {line.partition(" since=")[0] for line in kept} == {
        line.partition(" since=")[0] for line in told[1:]
    }
    assert campaign.pull(full=True).vanished == []
    assert sorted(campaign.read_annotations(), key=lambda each: each.doc_id) == [first, second]
    assert "description has lost" not in run_sayso_ok(root, "status", *options)
