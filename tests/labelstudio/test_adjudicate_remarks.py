"""Flags and notes of annotators reach the adjudicator, and the counts are those of decisions."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from sayso.corpus.sources import CorpusFiles
from sayso.labelstudio.controls import DOCUMENT_NOTE, DROP, FLAG, KEEP, NOTES, TEXT
from tests.command_line import run_sayso
from tests.labelstudio.test_adjudicate import ANN, BOB, AdjudicationBench, bench, verdicts
from tests.labelstudio.test_provenance import name_of

pytestmark = pytest.mark.server
__all__ = ["bench"]  # a fixture

AGREED = "doc-00001"


def flag_item(region: str) -> dict[str, Any]:
    value = {"choices": ["unsure"]}
    return {"id": region, "from_name": FLAG, "to_name": TEXT, "type": "choices", "value": value}


def note_item(note: str) -> dict[str, Any]:
    control = {"id": "n", "from_name": DOCUMENT_NOTE, "to_name": TEXT, "type": "textarea"}
    return {**control, "value": {"text": [note]}}


def find_task(bench: AdjudicationBench, doc_id: str) -> dict[str, Any]:
    return next(task for task in bench.tasks() if task["data"]["doc_id"] == doc_id)


def test_a_flag_on_what_all_agree_on_is_asked_about(bench: AdjudicationBench) -> None:
    result = [*bench.build_result(AGREED), flag_item("a")]
    bench.campaign.submit(AGREED, result, email=BOB)
    bench.campaign.pull()
    told = bench.push()
    assert told.documents == {"new": 2, "few": 1} and told.open_count == 4 + 1
    task = find_task(bench, AGREED)
    actor = bench.region_id(AGREED, "Actor", "the mayor")
    decided = verdicts(task)
    assert actor not in decided and set(decided.values()) == {KEEP}
    items = task["predictions"][0]["result"]
    (said,) = (i for i in items if i["type"] == "textarea" and i["id"] == actor)
    assert said["value"]["text"][0].endswith(" (unsure)")

    assert bench.pull().documents == {"waiting": 2, "few": 1}
    bench.submit_verdicts(task, {actor: KEEP})
    assert bench.pull().documents == {"waiting": 1, "adjudicated": 1, "few": 1}
    (record,) = bench.read_gold()
    assert record.adjudicator and {m.decided for m in record.mentions} == {"unanimous"}
    assert bench.push().documents == {"waiting": 1, "settled": 1, "few": 1}


def test_a_note_on_the_document_is_shown_and_asks_for_a_look(bench: AdjudicationBench) -> None:
    result = [*bench.build_result(AGREED), note_item("two reports in one?")]
    bench.campaign.submit(AGREED, result, email=BOB)
    bench.campaign.pull()
    pulled = bench.run("adjudicate", "pull", "--pass", "all")["pulled"][0]
    assert pulled["documents"] == {"unsent": 2, "few": 1}
    told = bench.push()
    assert told.documents == {"new": 2, "few": 1} and told.open_count == 4
    task = find_task(bench, AGREED)
    (bob,) = (a.annotator for a in bench.campaign.read_annotations() if a.note)
    assert task["data"][NOTES] == f"{bob} on the document: “two reports in one?”"
    assert find_task(bench, "doc-00000")["data"][NOTES] == ""
    bench.submit_verdicts(task, {}, more=[note_item("one report")])
    bench.pull()
    (record,) = bench.read_gold()
    assert record.note == "one report" and record.adjudicator
    assert {m.decided for m in record.mentions} == {"unanimous"}

    bench.submit(AGREED, ANN, who="Belgorod")
    bench.campaign.pull()
    assert bench.push().documents == {"again": 1, "waiting": 1, "few": 1}
    again = bench.tasks()[-1]
    notes = [i for i in again["predictions"][0]["result"] if i.get("from_name") == DOCUMENT_NOTE]
    assert [note["value"]["text"] for note in notes] == [["one report"]], "the adjudicator's own"


def test_a_flag_that_comes_after_adjudication_is_told(bench: AdjudicationBench) -> None:
    bench.push()
    task = find_task(bench, "doc-00000")
    actors = {who: bench.region_id("doc-00000", "Actor", who) for who in ("the mayor", "mayor")}
    bench.submit_verdicts(task, {actors["the mayor"]: KEEP, actors["mayor"]: DROP})
    bench.run("adjudicate", "pull")
    assert bench.push().later_remarks == []
    ann = name_of(bench.campaign, ANN)
    (number,) = (
        each.origin.annotation
        for each in bench.campaign.read_annotations()
        if each.origin and (each.doc_id, each.annotator) == ("doc-00000", ann)
    )
    body = {"result": [*bench.build_result("doc-00000"), flag_item("a")]}
    bench.campaign.request("PATCH", f"/api/annotations/{number}/", body, ANN)
    bench.campaign.pull()
    for word in ("push", "pull"):
        words = ("adjudicate", word, *bench.campaign.options, "--pass", "all")
        ended = run_sayso(bench.campaign.checkout.root, *words)
        assert "1 adjudicated documents have a flag or note" in ended.stderr
        assert f"doc-00000 {ann}" in ended.stderr
    (told,) = bench.run("adjudicate", "push", "--pass", "all")["pushed"]
    assert (told["documents"]["settled"], told["later_remarks"]) == (1, [f"doc-00000 {ann}"])


def test_after_a_pull_agreed_documents_are_gold_already(bench: AdjudicationBench) -> None:
    assert bench.push().documents == {"new": 1, "unanimous": 1, "few": 1}
    bench.pull()
    assert bench.push().documents == {"waiting": 1, "gold": 1, "few": 1}
    for email in (ANN, BOB):
        bench.submit(AGREED, email, who="Belgorod")
    bench.campaign.pull()
    assert bench.push().documents == {"waiting": 1, "unanimous": 1, "few": 1}


def test_what_is_to_decide_counts_spans_and_relations_and_no_variants(
    bench: AdjudicationBench,
) -> None:
    bench.submit(AGREED, BOB, kind="state_executive", arrow=False)
    bench.campaign.pull()
    (told,) = bench.run("adjudicate", "push", "--pass", "all", "--dry-run")["pushed"]
    assert told["open"] == 4 + 2, "one span with two values, one relation"


def test_annotations_by_programs_are_named_if_they_are_all(bench: AdjudicationBench) -> None:
    campaign, corpus = bench.key.campaign, CorpusFiles(bench.campaign.checkout.root)
    everything = list(corpus.annotations(campaign))
    for name in {each.annotator for each in everything}:
        own = [each for each in everything if each.annotator == name]
        made = [msgspec.structs.replace(each, annotator_kind="program") for each in own]
        corpus.write_annotations(campaign, name, made)
    options = (*bench.campaign.options, "--dry-run")
    for words in (("push",), ("pull",), ("pull", "--pass", "all"), ("pull", "--auto", "majority")):
        ended = run_sayso(bench.campaign.checkout.root, "adjudicate", *words, *options)
        assert ended.returncode == 0
        assert "programs made 5, which --programs includes" in ended.stderr
    ended = run_sayso(
        bench.campaign.checkout.root, "adjudicate", "pull", "--programs", "--json", *options
    )
    assert json.loads(ended.stdout)["pulled"][0]["documents"] == {
        "unsent": 1,
        "unanimous": 1,
        "few": 1,
    }
