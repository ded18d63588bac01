"""Replace a known document's text: annotations are carried over if proven, and nothing is lost."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sayso import jsonl
from sayso.checks.corpus_checks import check_sources
from sayso.corpus.sources import CorpusFiles
from sayso.dataset import builder as building
from sayso.errors import ConflictError, InputError
from sayso.files import hold_lock
from sayso.ingest import IngestRequest, IngestResult, ingest
from sayso.ingest.text_replacement import WithdrawnAnnotation
from sayso.labelstudio import document_index
from sayso.models import Annotation, Gold, GoldMention, Mention, sha256
from sayso.schema import declarations as schemas
from sayso.settings import SCHEMA_FILE, Checkout, find_checkout
from tests.command_line import run_sayso, run_sayso_ok
from tests.dataset import samples
from tests.forked_commands import count_changes, run_command
from tests.moments import take_sample

OLDER = "Two drones fell near Belgorod, the mayor said. No one was hurt. He left.\n"
NEWER = (
    "Correction: it was night. Two drones fell near Belgorod, the mayor said."
    " One man was hurt. He left.\n"
)
THIRD = "Once more. Two drones fell near Belgorod, the mayor said. Two men were hurt.\n"
OTHER = "Three missiles hit Kursk.\n"

PROVEN, UNPROVEN = ("Two drones", "Belgorod"), ("Two drones", "No one", "No one was hurt.")


def make_mentions(text: str, *words: str) -> list[Mention]:
    places = [(text.index(each), text.index(each) + len(each)) for each in words]
    return [samples.make_mention(f"m{n}", "Actor", text, *place) for n, place in enumerate(places)]


def make_annotation(
    doc_id: str, text: str, annotator: str, *words: str, **fields: Any
) -> Annotation:
    return samples.make_annotation(
        samples.make_document(doc_id, text),
        *make_mentions(text, *words),
        annotator=annotator,
        **fields,
    )


def make_gold(doc_id: str, text: str, campaign: str, *words: str) -> Gold:
    decided = {"decided": "unanimous", "votes": ["ann-1"]}
    mentions = [
        msgspec.convert({**msgspec.to_builtins(m), **decided}, GoldMention)
        for m in make_mentions(text, *words)
    ]
    declined = [
        msgspec.structs.replace(m, id=f"{m.id}-2", attributes={"type": "expert"})
        for m in mentions[:1]
    ]
    declined = declined if campaign == "trial" else []
    return Gold(
        doc_id=doc_id,
        text_sha256=sha256(text),
        campaign=campaign,
        schema_version=samples.SCHEMA.version,
        adjudicated="2026-11-20",
        annotators=("ann-1",),
        mentions=tuple(mentions),
        declined=tuple(declined),
    )


@pytest.fixture
def checkout(checkout: Checkout) -> Checkout:
    """Return a checkout with ``a``, to be corrected, and ``b``, both annotated."""
    corpus, about_b = CorpusFiles(checkout.root), make_annotation("b", OTHER, "ann-1", "Kursk")
    documents = [
        samples.make_document("a", OLDER, title="Drones", split="test"),
        samples.make_document("b", OTHER),
    ]
    answers = [
        make_annotation("a", OLDER, "ann-1", *PROVEN),
        about_b,
        make_annotation("a", OLDER, "ann-2", *UNPROVEN),
        make_annotation("a", OLDER, "ann-2", "He", interface="names"),
        make_annotation("a", OLDER, "ann-3", status="skipped"),
        make_annotation("a", OLDER, "draft", "the mayor", annotator_kind="program"),
        msgspec.structs.replace(about_b, annotator="ann-4"),
    ]
    samples.write_corpus(checkout.root, documents, answers)
    for campaign, words in (("trial", PROVEN), ("second", UNPROVEN)):
        jsonl.write(
            corpus.folder / "gold" / f"{campaign}.jsonl", [make_gold("a", OLDER, campaign, *words)]
        )
    return checkout


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    return write_article(tmp_path, NEWER)


def write_article(folder: Path, text: str, name: str = "a.txt") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def ingest_replacement(checkout: Checkout, *paths: Path, **order: Any) -> IngestResult:
    return ingest(
        checkout,
        IngestRequest(
            tuple(map(str, paths)), **{"ingested": "2027-01-01", "replace_text": True, **order}
        ),
    )


def read_corpus(checkout: Checkout) -> dict[str, bytes]:
    folder = checkout.root / "corpus"
    paths = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".partial"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(paths)}


def copy_checkout(checkout: Checkout, root: Path) -> Checkout:
    shutil.copytree(checkout.root, root)
    return find_checkout(root)


def file_state(path: Path) -> tuple[int, int, int]:
    """Return a value that changes whenever the file is written."""
    found = path.stat()
    return (found.st_ino, found.st_mtime_ns, found.st_size)


def check_errors(checkout: Checkout) -> set[str]:
    found = check_sources(
        CorpusFiles(checkout.root), schemas.load_schema(checkout.root / SCHEMA_FILE)
    )
    return {finding.check for finding in found if finding.severity == "error"}


def identify(record: Annotation) -> tuple[str, str, str, str | None]:
    return (record.doc_id, record.annotator, record.text_sha256, record.text_read)


def test_what_is_proven_comes_along_and_what_is_not_leaves(checkout: Checkout, newer: Path) -> None:
    before, corpus = read_corpus(checkout), CorpusFiles(checkout.root)
    report = ingest_replacement(checkout, newer)
    assert (report.replaced, report.new, report.updated, report.unchanged) == (("a",), (), (), 0)
    assert report.carried_over == {
        "annotations/trial/ann-1.jsonl": 1,
        "annotations/trial/ann-2.jsonl": 1,
        "annotations/trial/draft.jsonl": 1,
        "gold/trial.jsonl": 1,
    }
    assert report.withdrawn == (
        WithdrawnAnnotation(
            "annotations/trial/ann-2.jsonl", "a", "ann-2", 2, ("No one", "No one was hurt.")
        ),
        WithdrawnAnnotation("annotations/trial/ann-3.jsonl", "a", "ann-3", 0, ()),
        WithdrawnAnnotation("gold/second.jsonl", "a", "gold", 2, ("No one", "No one was hurt.")),
    )
    old, new, other = sha256(OLDER), sha256(NEWER), sha256(OTHER)
    assert [identify(record) for record in corpus.annotations()] == [
        ("a", "ann-1", new, old),
        ("b", "ann-1", other, None),
        ("a", "ann-2", new, old),
        ("b", "ann-4", other, None),
        ("a", "draft", new, old),
    ]
    (adjudicated,) = corpus.gold()
    assert (adjudicated.text_sha256, adjudicated.text_read, adjudicated.campaign) == (
        new,
        old,
        "trial",
    )
    records: list[Annotation | Gold] = [*corpus.annotations(), *corpus.gold()]
    for record in records:
        text = NEWER if record.doc_id == "a" else OTHER
        declined = record.declined if isinstance(record, Gold) else ()
        assert all(text[m.start : m.end] == m.text for m in (*record.mentions, *declined))
    after = read_corpus(checkout)
    assert set(before) - set(after) == {
        "annotations/trial/ann-3.jsonl",
        "gold/second.jsonl",
    }  # no empty file stays
    for name, content in before.items():
        gone = b"".join(
            line for line in content.splitlines(keepends=True) if b'"doc_id":"a"' in line
        )
        assert after.get(f"history/texts/{name}", b"") == gone
    assert check_errors(checkout) == set()


def test_all_else_of_the_document_stays_unless_it_is_given_anew(
    checkout: Checkout, newer: Path
) -> None:
    corpus = CorpusFiles(checkout.root)
    before = next(corpus.documents())
    report = ingest_replacement(checkout, newer, metadata={"title": "Corrected"})
    document = next(corpus.documents())
    assert document == msgspec.structs.replace(before, text=NEWER, text_sha256=sha256(NEWER))
    assert (report.with_other_metadata, report.updated) == (("a",), ())
    third = write_article(newer.parent, THIRD)
    report = ingest_replacement(
        checkout, third, metadata={"title": "Corrected"}, update_metadata=True
    )
    assert (report.replaced, report.updated, report.unchanged) == (("a",), ("a",), 0)
    again = next(corpus.documents())
    assert (again.title, again.text, again.split, again.ingested) == (
        "Corrected",
        THIRD,
        "test",
        before.ingested,
    )


def test_only_the_files_that_are_concerned_are_written(checkout: Checkout, newer: Path) -> None:
    file = CorpusFiles(checkout.root).annotation_file("trial", "ann-4")
    before = file_state(file)
    ingest_replacement(checkout, newer)
    assert file_state(file) == before


def test_the_plan_is_what_is_done(checkout: Checkout, newer: Path) -> None:
    before = read_corpus(checkout)
    plan = ingest_replacement(checkout, newer, dry_run=True)
    assert read_corpus(checkout) == before
    report = ingest_replacement(checkout, newer)
    assert report.written_files == ("articles-00000.jsonl",)
    assert replace(plan, dry_run=False, written_files=report.written_files) == report


def test_the_second_time_there_is_nothing_to_do(checkout: Checkout, newer: Path) -> None:
    ingest_replacement(checkout, newer)
    files = sorted(checkout.root.glob("corpus/**/*.jsonl"))
    before = [file_state(path) for path in files]
    report = ingest_replacement(checkout, newer)
    assert (
        report.replaced,
        report.carried_over,
        report.withdrawn,
        report.written_files,
        report.unchanged,
    ) == ((), {}, (), (), 1)
    assert [file_state(path) for path in files] == before


def test_back_and_forth_every_line_is_kept_once(checkout: Checkout, newer: Path) -> None:
    older = write_article(newer.parent, OLDER, "older.txt")
    for path in (newer, older, newer, older):
        ingest_replacement(checkout, path, metadata={"doc_id": "a"})
    assert next(CorpusFiles(checkout.root).annotations()) == make_annotation(
        "a", OLDER, "ann-1", *PROVEN
    )
    for name, content in read_corpus(checkout).items():
        if name.startswith("history/"):
            lines = content.splitlines()
            assert len(set(lines)) == len(lines), name
    assert (
        len(read_corpus(checkout)["history/texts/articles/articles-00000.jsonl"].splitlines()) == 2
    )
    assert [document.text for document in CorpusFiles(checkout.root).replaced_documents()] == [
        OLDER,
        NEWER,
    ]


def test_one_wrong_article_and_nothing_is_replaced(checkout: Checkout, newer: Path) -> None:
    before = read_corpus(checkout)
    with pytest.raises(InputError, match="the text is empty"):
        ingest_replacement(checkout, newer, write_article(newer.parent, "", "empty.txt"))
    assert read_corpus(checkout) == before


def test_a_line_that_cannot_be_read_stops_it_before_anything_is_written(
    checkout: Checkout, newer: Path
) -> None:
    with (checkout.root / "corpus/gold/trial.jsonl").open("ab") as file:
        file.write(b"{}\n")
    before = read_corpus(checkout)
    with pytest.raises(InputError, match=r"gold/trial\.jsonl:2"):
        ingest_replacement(checkout, newer)
    assert read_corpus(checkout) == before


def test_it_waits_for_no_pull_and_works_beside_none(checkout: Checkout, newer: Path) -> None:
    checkout.private.mkdir()
    with hold_lock(checkout.private / "sync.lock", "sayso pull"):
        with pytest.raises(ConflictError, match="sayso pull"):
            ingest_replacement(checkout, newer)
        assert ingest_replacement(checkout, newer, dry_run=True).replaced == ("a",)
        assert (
            ingest_replacement(
                checkout, write_article(newer.parent, OLDER), replace_text=False
            ).unchanged
            == 1
        )


def test_an_annotation_of_an_unknown_text_is_reported_and_stays(
    checkout: Checkout, newer: Path
) -> None:
    corpus = CorpusFiles(checkout.root)
    file = corpus.annotation_file("trial", "ann-5")
    corpus.write_annotations(
        "trial", "ann-5", [make_annotation("a", "Nobody knows this.", "ann-5", "Nobody")]
    )
    before = file.read_bytes()
    report = ingest_replacement(checkout, newer)
    assert report.unknown_texts == {"annotations/trial/ann-5.jsonl": 1}
    assert file.read_bytes() == before
    assert check_errors(checkout) == {"text-changed"}


def test_an_annotation_of_an_earlier_text_that_comes_later_is_carried_over(
    checkout: Checkout, newer: Path
) -> None:
    file = CorpusFiles(checkout.root).annotation_file("trial", "ann-1")
    before = file.read_bytes()
    ingest_replacement(checkout, newer)
    after = file.read_bytes()
    file.write_bytes(before)  # as a merge of branches may bring it back
    assert check_errors(checkout) == {"text-changed"}
    report = ingest_replacement(checkout, newer)
    assert (report.replaced, report.carried_over) == ((), {"annotations/trial/ann-1.jsonl": 1})
    assert file.read_bytes() == after


def test_whoever_looks_up_a_text_finds_the_new_one(checkout: Checkout, newer: Path) -> None:
    def shown() -> str | None:
        with document_index.open_document_index(checkout) as texts:
            document = texts.get("a")
            return document.text if document else None

    assert shown() == OLDER
    ingest_replacement(checkout, newer)
    assert shown() == NEWER
    assert ingest_replacement(checkout, newer, replace_text=False).unchanged == 1
    with pytest.raises(ConflictError):
        ingest_replacement(checkout, write_article(newer.parent, OLDER), replace_text=False)


@pytest.mark.parametrize("together", [True, False])
def test_a_copy_of_the_new_text_takes_the_split_of_the_document(
    checkout: Checkout, newer: Path, together: bool
) -> None:
    copy = write_article(newer.parent, NEWER, "copy.txt")
    if not together:
        ingest_replacement(checkout, newer)
    report = ingest_replacement(checkout, newer, copy)
    (cluster,) = report.clusters
    assert (cluster.doc_ids, cluster.split) == (("a", "copy"), "test")
    assert [(d.doc_id, d.split) for d in CorpusFiles(checkout.root).documents()] == [
        ("a", "test"),
        ("b", "train"),
        ("copy", "test"),
    ]


def test_the_command_reports_everything(checkout: Checkout, newer: Path) -> None:
    root, words = checkout.root, ("ingest", str(newer), "--replace-text")
    refused = run_sayso(root, *words[:2])
    assert (refused.returncode, "--replace-text" in refused.stderr) == (9, True)
    dry = run_sayso(root, *words, "--dry-run").stderr.splitlines()
    assert dry[-1] == "0 would be new, 1 would be replaced, 0 would be updated, 0 unchanged"
    report = json.loads(run_sayso_ok(root, *words, "--dry-run", "--json"))
    assert report["withdrawn"][0] == {
        "file": "annotations/trial/ann-2.jsonl",
        "doc_id": "a",
        "annotator": "ann-2",
        "unproven_count": 2,
        "unproven_texts": ["No one", "No one was hurt."],
    }
    assert (report["replaced"], sum(report["carried_over"].values())) == (["a"], 4)
    result = run_sayso(root, *words)
    assert (result.returncode, result.stdout) == (0, "replaced a\n")
    assert result.stderr.splitlines() == [
        "a: ann-2's annotation left corpus/annotations/trial/ann-2.jsonl for the history:"
        " not proven to be in the new text: “No one”, “No one was hurt.”",
        "a: ann-3's annotation left corpus/annotations/trial/ann-3.jsonl for the history:"
        " it has no mention, so it was about the whole text",
        "a: gold left corpus/gold/second.jsonl for the history:"
        " not proven to be in the new text: “No one”, “No one was hurt.”",
        "4 annotations carried over to the new texts, 3 kept only in the history",
        "0 new, 1 replaced, 0 updated, 0 unchanged",
    ]
    assert run_sayso(root, *words).stderr.splitlines() == ["0 new, 0 updated, 1 unchanged"]


def test_the_dataset_says_which_text_was_read(checkout: Checkout, newer: Path) -> None:
    (checkout.root / "corpus/gold/second.jsonl").unlink()  # a document is adjudicated once
    building.build(checkout)
    card = checkout.root / "corpus" / "README.md"
    assert "earlier text of their document" not in card.read_text(encoding="utf-8")
    ingest_replacement(checkout, newer)
    building.build(checkout)
    old, new = sha256(OLDER), sha256(NEWER)
    rows = samples.read_rows(checkout.root, "annotations")
    assert {(row["doc_id"], row["text_sha256"], row["text_read"]) for row in rows} == {
        ("a", new, old),
        ("b", sha256(OTHER), None),
    }
    assert {
        row["doc_id"]: row["text_read"] for row in samples.read_rows(checkout.root, "gold")
    } == {"a": old, "b": None}
    text = card.read_text(encoding="utf-8")
    assert "| annotations carried over from an earlier text of their document | 3 |" in text
    assert (
        "| adjudicated documents carried over from an earlier text of their document | 1 |" in text
    )


def run_killed(checkout: Checkout, folder: Path, *words: str) -> Iterator[Checkout]:
    """Yield the checkout after a command killed before some changes to files, and a whole one."""
    whole = copy_checkout(checkout, folder / "not-killed")
    changes = count_changes(whole.root, *words)
    assert changes > 20
    for change in take_sample(range(1, changes + 1), 8):
        turn = copy_checkout(checkout, folder / f"turn{change}")
        assert run_command(turn.root, *words, changes=change).code == -9
        yield turn
    yield whole


@pytest.mark.slow
@pytest.mark.exhaustive
def test_killed_before_any_change_and_run_again(checkout: Checkout, tmp_path: Path) -> None:
    dump = tmp_path / "dump.jsonl"
    texts = {"a": NEWER, "copy": NEWER, "z": "News of another day.\n"}
    dump.write_text(
        "".join(json.dumps({"doc_id": name, "text": text}) + "\n" for name, text in texts.items())
    )
    words = ("ingest", str(dump), "--replace-text", "--ingested", "2027-01-01")
    whole = copy_checkout(checkout, tmp_path / "whole")
    run_sayso_ok(whole.root, *words)
    start = read_corpus(checkout)
    for turn in run_killed(checkout, tmp_path, *words):
        left = read_corpus(turn)
        for name, content in start.items():
            if left.get(name) != content:
                assert f"history/texts/{name}" in left  # nothing gives way that is not remembered
        assert run_command(turn.root, *words).code == 0
        assert read_corpus(turn) == read_corpus(whole)
        assert not list(turn.root.glob("corpus/**/*.partial"))


@pytest.mark.slow
@pytest.mark.exhaustive
def test_killed_and_another_text_comes(checkout: Checkout, newer: Path, tmp_path: Path) -> None:
    third = write_article(tmp_path, THIRD, "third.txt")
    for turn in run_killed(checkout, tmp_path, "ingest", str(newer), "--replace-text"):
        assert (
            run_command(turn.root, "ingest", str(third), "--doc-id", "a", "--replace-text").code
            == 0
        )
        assert check_errors(turn) == set()
        first = next(CorpusFiles(turn.root).annotations("trial"))
        assert identify(first) == ("a", "ann-1", sha256(THIRD), sha256(OLDER))
