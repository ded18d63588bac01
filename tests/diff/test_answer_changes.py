"""Answers about the document, and the declarations behind them, in diffs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from sayso.corpus.sources import CorpusFiles
from sayso.diff.change_rows import build_rows
from sayso.diff.diff_entries import LineLocation
from sayso.diff.line_alignment import DiffLine, LineChange
from sayso.diff.record_diff import build_entry
from sayso.diff.schema_diff import diff_schemas
from sayso.diff.version_bump import BUMPS, least_bump
from sayso.models import Annotation, Gold, encode
from tests.schema.small_corpus import make_corpus
from tests.schema.small_schemas import CONTRACTS, read_schema


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> CorpusFiles:
    return CorpusFiles(make_corpus(tmp_path_factory.mktemp("project"), CONTRACTS).root)


def list_rows(
    older: Annotation | Gold | None, newer: Annotation | Gold | None
) -> list[tuple[str, str, str, str]]:
    sides = [
        None if each is None else DiffLine(LineLocation("x.jsonl", number), encode(each), each)
        for number, each in enumerate((older, newer), 1)
    ]
    entry = build_entry(LineChange(("", ""), 0, *sides))
    return [(str(row.kind), row.layer, row.before, row.after) for row in build_rows(entry)]


def test_each_answer_that_changes_is_a_row(corpus: CorpusFiles) -> None:
    older = next(iter(corpus.annotations()))
    answers: dict[str, Any] = {**older.answers, "areas": ("civil", "tax"), "costs": 5.0}
    del answers["gist"]
    rows = list_rows(older, replace(older, answers=answers))
    assert rows == [
        ("answer changed", "areas", '["civil"]', '["civil","tax"]'),
        ("answer changed", "costs", "4.5", "5.0"),
        ("answer removed", "gist", "Nr. 4", "–"),
    ]
    removed = [row for row in list_rows(older, None) if row[0] == "answer removed"]
    assert [row[1] for row in removed] == list(older.answers)
    assert ("answer added", "topic", "–", "rent") in list_rows(None, older)


def test_gold_says_whether_its_answers_or_only_their_votes_changed(corpus: CorpusFiles) -> None:
    older = next(iter(corpus.gold()))
    first, second, *others = older.answers
    answers = (replace(first, votes=()), replace(second, value=("tax",)), *others[1:])
    rows = list_rows(older, replace(older, answers=answers))
    assert [row[:2] for row in rows] == [
        ("gold answer decision", "topic"),
        ("gold answer changed", "areas"),
        ("gold answer removed", "urgent"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "kind", "bump"),
    [
        ("gist: {kind: text,", "gist: {kind: choice, values: {a: {definition: A.}},",
         "redefined", "major"),
        ("  gist: {kind: text, definition: In one sentence.}\n", "", "removed", "major"),
        ("labour: {definition: L.}", "labour: {definition: L.}, tax: {definition: T.}",
         "added", "minor"),
        ("urgent: {kind: boolean, default: false,", "urgent: {kind: boolean, default: true,",
         "default", "minor"),
        ("costs: {kind: number, unit: EUR,", "costs: {kind: number, unit: USD,",
         "redefined", "major"),
        ("title: What is it about?", "title: What about?", "wording", "patch"),
        ("tail: Payment,", "tail: [Payment, Company],", "widened", "minor"),
        ("head: [Person, Company]\n    tail: [Person, Company]\n    symmetric: true",
         "head: [Person, Company]\n    tail: [Person, Company]", "redefined", "major"),
        ("pays: {head: [Person, Company],", "pays: {head: Person,", "redefined", "major"),
    ],
)  # fmt: skip
def test_each_change_of_a_schema_has_its_bump(
    old: str, new: str, kind: str, bump: str, tmp_path: Path
) -> None:
    assert old in CONTRACTS
    text = CONTRACTS.replace(old, new, 1)
    if kind == "removed":
        text = text.replace("hearings, gist]", "hearings]")
    older, newer = (read_schema(tmp_path, each) for each in (CONTRACTS, text))
    rows = [row for entry in diff_schemas(older, newer) for row in build_rows(entry)]
    kinds = {row.kind for row in rows} & BUMPS.keys()
    assert ("schema", kind) in kinds
    assert least_bump(kinds) == bump
