"""Pulling from a real Label Studio: everybody's own answer, once, and nothing that belongs to nobody else."""

from __future__ import annotations

import contextlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import msgspec
import pytest

from sayso import jsonl
from sayso.errors import DiskError, InputError, UsageError
from sayso.records import Annotation
from sayso.schema import load
from sayso.settings import MARK
from sayso.studio import annotators, answers
from sayso.studio.access import connect
from sayso.studio.client import Account
from sayso.studio.pull import pull
from tests.commands import done, sayso
from tests.studio import faults
from tests.studio.campaigns import Campaign, document

pytestmark = pytest.mark.server

ANN, BOB = "ann@sayso.localhost", "bob@sayso.localhost"


def test_nothing_was_pushed(campaign: Campaign) -> None:
    with pytest.raises(UsageError, match=f"no project of campaign {campaign.place.campaign}.*sayso push"):
        campaign.pull()


def test_twice_is_once(campaign: Campaign) -> None:
    campaign.fill(*map(document, range(4)))
    campaign.push()
    campaign.answer("doc-00001", email=ANN)
    campaign.answer("doc-00001", email=BOB)
    campaign.answer("doc-00002", email=ANN, skip=True)
    first = campaign.pull()
    before = campaign.files()
    second = campaign.pull()
    assert len(first.written) == 2 and second.written == []
    assert first.answers == second.answers
    assert campaign.files() == before


def test_an_answer_arrives_with_everything_that_belongs_to_it(campaign: Campaign) -> None:
    campaign.fill(document(1))
    campaign.push()
    number = campaign.answer("doc-00001", email=ANN)
    campaign.pull()
    (answer,) = campaign.answers()
    assert answer.origin and answer.origin.annotation == number
    assert (answer.doc_id, answer.status, answer.interface, answer.campaign) == (
        "doc-00001", "submitted", "all", campaign.place.campaign,
    )  # fmt: skip
    assert answer.schema_version == load(campaign.instance.root / MARK).version
    assert (answer.lead_time_seconds, answer.started_from, answer.annotator_kind) == (2.5, "nothing", "human")
    assert [(m.label, m.start, m.end, m.text) for m in answer.mentions] == [("Actor", 0, 6, "Report")]


def test_skipped_documents_come_and_drafts_never(campaign: Campaign) -> None:
    campaign.fill(document(1), document(2))
    campaign.push()
    campaign.answer("doc-00001", email=ANN, skip=True)
    task = campaign.tasks()["doc-00002"]["id"]
    campaign.ask("POST", f"/api/tasks/{task}/drafts", {"result": campaign.result("doc-00002")}, ANN)
    campaign.pull()
    (answer,) = campaign.answers()
    assert (answer.doc_id, answer.status, len(answer.mentions)) == ("doc-00001", "skipped", 1)


def test_two_answers_of_one_person(campaign: Campaign) -> None:
    campaign.fill(document(1))
    campaign.push()
    numbers = [campaign.answer("doc-00001", email=ANN), campaign.answer("doc-00001", [], email=ANN)]
    campaign.pull()
    assert [answer.origin.annotation for answer in campaign.answers() if answer.origin] == numbers


def test_two_people_with_one_local_part_are_two(campaign: Campaign) -> None:
    campaign.fill(document(1))
    campaign.push()
    campaign.answer("doc-00001", email="kim@one.localhost")
    campaign.answer("doc-00001", email="kim@two.localhost")
    campaign.pull()
    assert len(campaign.files()) == 2
    names = {answer.annotator for answer in campaign.answers()}
    shutil.rmtree(campaign.corpus.folder / "annotations")
    campaign.pull()
    assert {answer.annotator for answer in campaign.answers()} == names


def test_an_answer_that_started_from_a_prediction_or_from_another_answer(campaign: Campaign) -> None:
    campaign.fill(document(1), document(2))
    campaign.push()
    result, task = campaign.result("doc-00001"), campaign.tasks()["doc-00001"]["id"]
    prediction = campaign.ask("POST", "/api/predictions/", {"task": task, "result": result, "model_version": "x"})["id"]
    body = {"result": result, "parent_prediction": prediction}
    first = campaign.ask("POST", f"/api/tasks/{task}/annotations/", body, ANN)["id"]
    campaign.ask("POST", f"/api/tasks/{task}/annotations/", {"result": result, "parent_annotation": first}, BOB)
    campaign.pull()
    assert {answer.started_from for answer in campaign.answers()} == {"prediction", "annotation"}


def test_only_what_has_changed_is_fetched(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "OVERLAP", 0.0)
    campaign.fill(*map(document, range(150)))
    campaign.push()
    number = campaign.answer("doc-00001", email=ANN)
    assert campaign.pull().looked_at == 150
    time.sleep(1.1)  # the server tells its clock in whole seconds
    campaign.pull()
    time.sleep(1.1)
    assert campaign.pull().looked_at == 0
    campaign.ask("PATCH", f"/api/annotations/{number}/", {"result": []}, ANN)
    assert campaign.pull().looked_at == 1
    assert [answer.mentions for answer in campaign.answers()] == [()]


def test_what_vanished_stays_until_it_is_pruned(campaign: Campaign) -> None:
    campaign.fill(document(1), document(2))
    campaign.push()
    number = campaign.answer("doc-00001", email=ANN)
    campaign.answer("doc-00002", email=ANN)
    campaign.pull()
    before = campaign.files()
    campaign.http().delete(f"/api/annotations/{number}/")
    kept = campaign.pull()
    assert [notice.doc_id for notice in kept.vanished] == ["doc-00001"]
    assert campaign.files() == before
    campaign.pull(prune=True)
    assert [answer.doc_id for answer in campaign.answers()] == ["doc-00002"]


def test_a_deleted_task_is_noticed(campaign: Campaign) -> None:
    campaign.fill(document(1), document(2))
    campaign.push()
    campaign.answer("doc-00001", email=ANN)
    campaign.pull()
    campaign.http().delete(f"/api/tasks/{campaign.tasks()['doc-00001']['id']}/")
    assert [notice.doc_id for notice in campaign.pull().vanished] == ["doc-00001"]
    campaign.pull(prune=True)
    assert campaign.files() == {}


def test_what_does_not_concern_this_pull_stays(campaign: Campaign) -> None:
    """Answers of another pass in the same file, of a program, and of a project that is not on this server."""
    campaign.fill(document(1), document(2))
    campaign.push()
    campaign.answer("doc-00001", email=ANN)
    campaign.pull()
    (answer,) = campaign.answers()
    names = msgspec.structs.replace(answer, interface="names", mentions=())
    moved = msgspec.structs.replace(answer, origin=msgspec.structs.replace(answer.origin, project=999_999))  # type: ignore[type-var]
    drafted = msgspec.structs.replace(answer, annotator="draft", origin=None)
    others = sorted([names, moved], key=lambda line: line.interface)
    campaign.corpus.write_annotations(campaign.place.campaign, answer.annotator, others)
    campaign.corpus.write_annotations(campaign.place.campaign, "draft", [drafted])
    outcome = campaign.pull(prune=True)
    assert outcome.vanished == []
    assert sorted(map(repr, campaign.answers())) == sorted(map(repr, [answer, names, moved, drafted]))


def test_the_map_gives_an_account_its_name_and_kind(campaign: Campaign) -> None:
    campaign.fill(document(1))
    campaign.push()
    campaign.answer("doc-00001", email=ANN)
    campaign.pull()
    path = campaign.instance.private / "annotators.jsonl"
    lines = list(jsonl.read(path, annotators.Annotator))
    chosen = [
        msgspec.structs.replace(line, pseudonym="judge", kind="adjudicator") if line.email == ANN else line
        for line in lines
    ]
    jsonl.write(path, chosen)
    outcome = campaign.pull()
    assert [(answer.annotator, answer.annotator_kind) for answer in campaign.answers()] == [("judge", "adjudicator")]
    assert campaign.files().keys() == {"judge.jsonl"} and outcome.vanished == []


def test_two_accounts_may_not_share_a_pseudonym(campaign: Campaign) -> None:
    path = campaign.instance.private / "annotators.jsonl"
    jsonl.write(path, [annotators.Annotator(email=email, pseudonym="one") for email in (ANN, BOB)])
    with pytest.raises(InputError, match=r"annotators.jsonl:2: a second account is called one"):
        annotators.annotators(campaign.instance, [Account(1, ANN)])


def test_a_key_of_the_environment_gives_the_same_pseudonym_everywhere(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    def named(key: str) -> str:
        shutil.rmtree(campaign.instance.private, ignore_errors=True)
        monkeypatch.setenv("SAYSO_PSEUDONYM_KEY", key)
        return annotators.annotators(campaign.instance, [Account(1, ANN)])[1].pseudonym

    assert named("one") == named("one") != named("other")


def test_no_address_and_no_token_anywhere(campaign: Campaign) -> None:
    campaign.fill(document(1))
    said = [sayso(campaign.instance.root, "push", *campaign.words)]
    campaign.answer("doc-00001", email=ANN)
    by_hand = {"data": {"text": "x", "title": "", "about": ""}}
    task = campaign.ask("POST", f"/api/projects/{campaign.project}/import?return_task_ids=true", [by_hand])["task_ids"][
        0
    ]
    campaign.ask("POST", f"/api/tasks/{task}/annotations/", {"result": []}, ANN)
    said += [sayso(campaign.instance.root, *command, *campaign.words) for command in (["pull"], ["status"])]
    assert [result.returncode for result in said] == [0, 0, 0]
    printed = "".join(result.stdout + result.stderr for result in said)
    files = [path for path in campaign.instance.root.rglob("*") if path.is_file()]
    written = {path.relative_to(campaign.instance.root): path.read_bytes() for path in files}
    holding = {str(path) for path, content in written.items() if ANN.encode() in content}
    assert ANN not in printed and holding == {".sayso/annotators.jsonl"}
    holding = {str(path) for path, content in written.items() if campaign.studio.token.encode() in content}
    assert campaign.studio.token not in printed and holding == {"token"}
    secret = [campaign.instance.private / name for name in ("annotators.jsonl", "pseudonym.key")]
    assert {kept.stat().st_mode & 0o777 for kept in secret} == {0o600}


def test_a_full_disk_leaves_the_old_files(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign.fill(document(1))
    campaign.push()
    campaign.answer("doc-00001", email=ANN)
    campaign.pull()
    before = campaign.files()
    campaign.answer("doc-00001", [], email=ANN)
    folder = campaign.corpus.folder / "annotations" / campaign.place.campaign
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", _full)
        with pytest.raises(DiskError, match="No space left"):
            campaign.pull()
    assert campaign.files() == before and len(list(folder.iterdir())) == 1
    campaign.pull()
    assert len(campaign.answers()) == 2


def _full(_descriptor: int) -> None:
    raise OSError(28, "No space left on device")


def fetched(campaign: Campaign) -> int:
    """How many tasks the ledger holds."""
    for path in (campaign.instance.private / "cache").glob("studio-*.sqlite3"):
        with contextlib.closing(sqlite3.connect(path)) as ledger, contextlib.suppress(sqlite3.OperationalError):
            return int(ledger.execute("SELECT count(*) FROM read").fetchone()[0])
    return 0


@pytest.mark.slow
def test_killed_while_fetching_it_goes_on_from_there(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "OVERLAP", 0.0)
    campaign.fill(*map(document, range(600)))
    campaign.push()
    campaign.answer("doc-00003", email=ANN)
    campaign.answer("doc-00599", email=ANN)
    time.sleep(1.1)  # the server tells its clock in whole seconds
    words = [sys.executable, "-m", "sayso", "--root", str(campaign.instance.root), "pull", *campaign.words]
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    while not fetched(campaign):
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    there = fetched(campaign)
    assert 0 < there < 600 and campaign.files() == {}
    campaign.answer("doc-00000", email=ANN)  # on a task that was fetched already
    outcome = campaign.pull()
    assert 600 - there <= outcome.looked_at < 600
    assert [answer.doc_id for answer in campaign.answers()] == ["doc-00000", "doc-00003", "doc-00599"]
    assert campaign.pull().written == []


def test_the_command(campaign: Campaign) -> None:
    campaign.fill(document(1))
    campaign.push()
    campaign.answer("doc-00001", email=ANN)
    told = msgspec.json.decode(done(campaign.instance.root, "pull", *campaign.words, "--json"))["pulled"][0]
    (annotator,) = told["answers"]
    assert told["answers"][annotator] == {"submitted": 1}
    assert told["written"] == [f"corpus/annotations/{campaign.place.campaign}/{annotator}.jsonl"]
    again = sayso(campaign.instance.root, "pull", *campaign.words)
    assert again.returncode == 0 and "nothing has changed" in again.stderr


def test_every_record_is_canonical(campaign: Campaign) -> None:
    campaign.fill(*map(document, range(3)))
    campaign.push()
    for number in (2, 0, 1):
        campaign.answer(f"doc-{number:05d}", email=ANN)
    campaign.pull()
    (path,) = campaign.corpus.annotation_files(campaign.place.campaign)
    before = path.read_bytes()
    assert not jsonl.write(path, list(jsonl.read(path, Annotation))) and path.read_bytes() == before
    assert [answer.doc_id for answer in campaign.answers()] == ["doc-00000", "doc-00001", "doc-00002"]


def test_a_full_pull_that_dies_half_way_begins_anew(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign.fill(document(1), document(2))
    campaign.push()
    campaign.answer("doc-00001")
    campaign.pull()
    before = campaign.files()
    with monkeypatch.context() as patched:
        patched.setattr(answers, "_SHAPE", "CREATE TABLE read (task INTEGER PRIMARY KEY); here it dies;")
        with pytest.raises(DiskError):
            campaign.pull(full=True)
    assert campaign.pull().looked_at == 2
    assert campaign.files() == before


def test_the_answers_of_a_deleted_account_stay(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    leaver = "leaver@sayso.localhost"
    monkeypatch.setattr(answers, "OVERLAP", -60.0)  # as if the last pull were long ago: the task itself has not changed
    campaign.fill(document(1))
    campaign.push()
    campaign.answer("doc-00001", email=leaver)
    campaign.pull()
    before = campaign.answers()
    number = next(account.id for account in campaign.client.accounts() if account.email == leaver)
    campaign.ask("DELETE", f"/api/users/{number}/")
    assert not campaign.pull().vanished
    assert campaign.answers() == before
    campaign.pull(full=True)
    assert campaign.answers() == before


def test_where_nothing_has_changed_two_questions_are_enough(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "OVERLAP", -60.0)  # as if the last pull were long ago
    campaign.fill(document(1))
    campaign.push()
    campaign.answer("doc-00001", email=ANN)
    with faults.proxy(campaign.studio.url) as proxy:
        for _ in range(2):
            proxy.asked.clear()
            with connect(campaign.instance, proxy.url, campaign.token_file) as client:
                (outcome,) = pull(campaign.instance, client, campaign.place.campaign)
    assert proxy.asked == ["GET api/projects", "GET api/tasks"]
    assert (outcome.written, sum(count.total() for count in outcome.answers.values())) == ([], 1)


@pytest.mark.parametrize("change", ["edited", "removed", "emptied"])
def test_a_file_that_somebody_changed_is_made_anew(campaign: Campaign, change: str) -> None:
    campaign.fill(document(1))
    campaign.push()
    campaign.answer("doc-00001", email=ANN)
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
