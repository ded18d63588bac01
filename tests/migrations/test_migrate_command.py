"""``sayso schema migrate``: all or nothing, once, and with the replaced lines kept."""

from __future__ import annotations

import json
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sayso import jsonl
from sayso.corpus.sources import CorpusFiles
from sayso.files import hold_lock
from sayso.models import Annotation
from sayso.settings import Checkout
from tests.command_line import run_sayso, run_sayso_ok
from tests.conftest import read_files
from tests.forked_commands import count_changes, run_command
from tests.migrations.sample_migration import (
    MAPPING,
    NEWER,
    copy_checkout,
    fill_corpus,
    make_annotation,
    make_checkout,
    make_mention,
)
from tests.moments import take_sample

ANNOTATION_FILES = (
    "annotations/pilot/ann-1.jsonl",
    "annotations/pilot/ann-2.jsonl",
    "gold/pilot.jsonl",
)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    checkout = make_checkout(tmp_path / "checkout")
    fill_corpus(checkout)
    return checkout


def run_migrate(checkout: Checkout, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        run_sayso_ok(checkout.root, "schema", "migrate", "--json", *words)
    )
    return found


def count_labels(corpus: CorpusFiles) -> Counter[str]:
    found = Counter(m.label for record in corpus.annotations() for m in record.mentions)
    return found + Counter(m.label for record in corpus.gold() for m in record.mentions)


def test_every_record_is_brought_over_and_its_older_line_kept(checkout: Checkout) -> None:
    corpus = CorpusFiles(checkout.root)
    before = read_files(corpus.folder)
    assert run_sayso(checkout.root, "check").returncode == 5
    report = run_sayso(checkout.root, "schema", "migrate")
    assert (report.returncode, "9 records migrated" in report.stderr) == (0, True)
    after = read_files(corpus.folder)
    for name in ANNOTATION_FILES:
        assert after[f"history/1.0.0-2.0.0/{name}"] == before[name]
        assert after[name] != before[name]
    assert {answer.schema_version for answer in corpus.annotations()} == {"2.0.0"}
    assert {decided.schema_version for decided in corpus.gold()} == {"2.0.0"}
    assert after["articles/articles-00000.jsonl"] == before["articles/articles-00000.jsonl"]
    findings = json.loads(run_sayso(checkout.root, "check", "--json").stdout)["findings"]
    assert {finding["check"] for finding in findings} == {"kept-item"}


def test_the_second_time_it_does_nothing_and_says_so(checkout: Checkout) -> None:
    run_migrate(checkout)
    before = read_files(checkout.root / "corpus")
    again = run_sayso(checkout.root, "schema", "migrate")
    assert (again.returncode, again.stderr) == (0, "nothing to migrate; nothing changed\n")
    assert read_files(checkout.root / "corpus") == before


def test_a_dry_run_counts_what_then_happens_and_writes_nothing(checkout: Checkout) -> None:
    corpus, before = CorpusFiles(checkout.root), read_files(checkout.root)
    older = count_labels(corpus)
    planned = run_migrate(checkout, "--dry-run")
    assert read_files(checkout.root) == before
    real = run_migrate(checkout)
    assert (planned.pop("applied"), real.pop("applied")) == (False, True)
    assert planned == real
    newer = count_labels(corpus)
    counted: Counter[str] = Counter()
    for change in real["changes"]:
        if change["what"] == "label":
            counted[change["was"]] -= change["times"]
            counted[change["becomes"] or "dropped"] += change["times"]
    del counted["dropped"]
    assert {n: c for n, c in counted.items() if c} == {
        n: newer[n] - older[n] for n in older | newer if newer[n] != older[n]
    }
    assert [file["migrated"] for file in real["files"]] == [{"1.0.0": 3}] * 3


def test_a_draft_is_put_where_pulls_find_it_but_not_by_a_dry_run(tmp_path: Path) -> None:
    checkout, draft = make_checkout(tmp_path / "x", ""), tmp_path / "draft.yaml"
    fill_corpus(checkout)
    draft.write_text(MAPPING)
    bare = run_sayso(checkout.root, "schema", "migrate")
    assert "9 records of 1.0.0 left alone: no schema/migrations/1.0.0-2.0.0.yaml" in bare.stderr
    place = checkout.root / "schema" / "migrations" / "1.0.0-2.0.0.yaml"
    run_migrate(checkout, str(draft), "--dry-run")
    assert not place.exists()
    run_migrate(checkout, str(draft))
    assert place.read_text() == MAPPING
    assert run_migrate(checkout, str(draft))["applied"]


def test_records_of_other_versions_are_counted_and_left_alone(checkout: Checkout) -> None:
    corpus = CorpusFiles(checkout.root)
    versions = ["0.9.0", "1.0.0", "2.0.0"]
    plain = [make_mention("c1", "Claim", "two drones hit Odesa")]
    kept = [
        make_annotation(n, schema_version=v, mentions=plain, relations=[])
        for n, v in enumerate(versions)
    ]
    corpus.write_annotations("pilot", "ann-1", kept)
    report = run_sayso(checkout.root, "schema", "migrate")
    assert "1 records of 0.9.0 left alone: no schema/migrations/0.9.0-2.0.0.yaml" in report.stderr
    now = list(jsonl.read(corpus.annotation_file("pilot", "ann-1"), Annotation))
    assert now == [kept[0], msgspec.structs.replace(kept[1], schema_version="2.0.0"), kept[2]]


def test_a_merge_that_makes_mentions_overlap_is_refused(checkout: Checkout) -> None:
    corpus = CorpusFiles(checkout.root)
    over = [
        make_mention("a1", "Actor", "Police", attributes={"type": "army"}),
        make_mention("b1", "Body", "Police said", attributes={"type": "police"}),
    ]
    corpus.write_annotations("pilot", "ann-1", [make_annotation(0, mentions=over, relations=[])])
    before = read_files(checkout.root / "corpus")
    refused = run_sayso(checkout.root, "schema", "migrate")
    assert refused.returncode == 5
    assert (
        "corpus/annotations/pilot/ann-1.jsonl:1: d0 [0, 6): error same-label-overlap:"
        " Organisation a1" in refused.stdout
    )
    assert refused.stderr.endswith(
        "nothing was changed; settle those above, or accept errors with --accept\n"
    )
    assert read_files(checkout.root / "corpus") == before
    report = run_migrate(checkout, "--accept", "same-label-overlap")
    assert [finding["check"] for finding in report["accepted"]] == ["same-label-overlap"]
    assert run_sayso(checkout.root, "check", "--only", "same-label-overlap").returncode == 5


def test_an_unsettled_part_of_a_record_is_refused(tmp_path: Path) -> None:
    split = MAPPING.replace(
        "- {then: Organisation}", "- {when: {type: army}, then: Organisation}", 1
    )
    checkout = make_checkout(tmp_path / "x", split)
    corpus = fill_corpus(checkout)
    gap = make_annotation(
        0, mentions=[make_mention("a1", "Actor", "Police")], relations=[], status="skipped"
    )
    corpus.write_annotations("pilot", "ann-1", [gap])
    refused = run_sayso(checkout.root, "schema", "migrate")
    assert refused.returncode == 5
    assert (
        "ann-1.jsonl:1: d0 [0, 6): error unsettled: no clause matches label Actor; settle it in"
        in refused.stdout
    )


def test_a_missing_pass_is_refused(tmp_path: Path) -> None:
    checkout = make_checkout(tmp_path / "x", newer=NEWER.replace("  all: {title", "  one: {title"))
    fill_corpus(checkout, files=1, records=1)
    refused = run_sayso(checkout.root, "schema", "migrate")
    assert refused.returncode == 5
    assert (
        "ann-1.jsonl:1: d0: error unknown-pass: 2.0.0 has no pass 'all'; keep the pass"
        in refused.stdout
    )


def test_a_line_that_cannot_be_read_stops_it_before_anything_is_written(checkout: Checkout) -> None:
    file = CorpusFiles(checkout.root).annotation_file("pilot", "ann-2")
    file.write_bytes(file.read_bytes() + b"{}\n")
    before = read_files(checkout.root / "corpus")
    result = run_sayso(checkout.root, "schema", "migrate")
    assert (result.returncode, result.stderr.count("\n")) == (7, 1)
    assert "ann-2.jsonl:4: " in result.stderr
    assert read_files(checkout.root / "corpus") == before


def test_it_waits_for_no_pull_and_works_beside_none(checkout: Checkout) -> None:
    with hold_lock(checkout.private / "sync.lock", "sayso pull"):
        result = run_sayso(checkout.root, "schema", "migrate")
        assert (result.returncode, "sayso pull" in result.stderr) == (9, True)
        assert run_sayso(checkout.root, "schema", "migrate", "--dry-run").returncode == 0


def test_older_lines_that_come_later_are_added_to_the_history_once(checkout: Checkout) -> None:
    corpus = CorpusFiles(checkout.root)
    file = corpus.annotation_file("pilot", "ann-1")
    first, whole = file.read_bytes().splitlines(keepends=True)[:2], file.read_bytes()
    file.write_bytes(b"".join(first))
    run_migrate(checkout)
    file.write_bytes(whole)  # as a merge of branches may bring it back
    run_migrate(checkout)
    history = corpus.history_file(file, "1.0.0-2.0.0")
    assert history.read_bytes() == whole


@pytest.mark.slow
@pytest.mark.exhaustive
def test_killed_at_a_touch_of_the_disk_and_run_again(tmp_path: Path) -> None:
    checkout, draft = make_checkout(tmp_path / "checkout", ""), tmp_path / "draft.yaml"
    fill_corpus(checkout, files=1, records=2)
    draft.write_text(MAPPING)
    words = ("schema", "migrate", str(draft))
    start = read_files(checkout.root / "corpus")
    whole = copy_checkout(checkout, tmp_path / "whole")
    run_migrate(whole, str(draft))
    wanted = read_files(whole.root / "corpus")
    changes = count_changes(copy_checkout(checkout, tmp_path / "count").root, *words)
    assert changes > 10
    for change in take_sample(range(1, changes + 1), 8):
        turn = copy_checkout(checkout, tmp_path / f"turn{change}")
        assert run_command(turn.root, *words, changes=change).code == -signal.SIGKILL
        left = {
            n: c for n, c in read_files(turn.root / "corpus").items() if not n.endswith(".partial")
        }
        for name in (ANNOTATION_FILES[0], ANNOTATION_FILES[2]):
            assert left[name] in (start[name], wanted[name])
            if left[name] != start[name]:
                assert left[f"history/1.0.0-2.0.0/{name}"] == start[name]
                assert (turn.root / "schema" / "migrations" / "1.0.0-2.0.0.yaml").is_file()
        run_migrate(turn, str(draft))
        assert read_files(turn.root / "corpus") == wanted
