"""Other words take the place of a known article's: answers come along where that is proven, and nothing is lost."""

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
from sayso import schema as schemas
from sayso.checks.corpus import corpus_findings
from sayso.dataset import build as building
from sayso.errors import ConflictError, InputError
from sayso.files import locked
from sayso.ingest import Order, Report, ingest
from sayso.ingest.replacing import Left
from sayso.records import Annotation, Gold, GoldMention, Mention, sha256
from sayso.settings import MARK, Instance, find_instance
from sayso.store import Corpus
from sayso.studio import lookup
from tests.commands import done, sayso
from tests.dataset import made
from tests.studio.runs import run

OLDER = "Two drones fell near Belgorod, the mayor said. No one was hurt. He left.\n"
NEWER = "Correction: it was night. Two drones fell near Belgorod, the mayor said. One man was hurt. He left.\n"
THIRD = "Once more. Two drones fell near Belgorod, the mayor said. Two men were hurt.\n"
OTHER = "Three missiles hit Kursk.\n"

PROVEN, UNPROVEN = ("Two drones", "Belgorod"), ("Two drones", "No one", "No one was hurt.")


def marked(text: str, *words: str) -> list[Mention]:
    places = [(text.index(each), text.index(each) + len(each)) for each in words]
    return [made.mention(f"m{n}", "Actor", text, *place) for n, place in enumerate(places)]


def answer(doc_id: str, text: str, annotator: str, *words: str, **fields: Any) -> Annotation:
    return made.annotation(made.document(doc_id, text), *marked(text, *words), annotator=annotator, **fields)


def gold(doc_id: str, text: str, campaign: str, *words: str) -> Gold:
    decided = {"decided": "unanimous", "votes": ["ann-1"]}
    mentions = [msgspec.convert({**msgspec.to_builtins(m), **decided}, GoldMention) for m in marked(text, *words)]
    declined = [msgspec.structs.replace(m, id=f"{m.id}-2", attributes={"type": "expert"}) for m in mentions[:1]]
    declined = declined if campaign == "trial" else []
    return Gold(
        doc_id=doc_id, text_sha256=sha256(text), campaign=campaign, schema_version=made.SCHEMA.version,
        adjudicated="2026-11-20", annotators=("ann-1",), mentions=tuple(mentions), declined=tuple(declined),
    )  # fmt: skip


@pytest.fixture
def checkout(instance: Instance) -> Instance:
    """Document ``a``, which will be corrected, with answers of every kind, and ``b``, which will not."""
    corpus, about_b = Corpus(instance.root), answer("b", OTHER, "ann-1", "Kursk")
    documents = [made.document("a", OLDER, title="Drones", split="test"), made.document("b", OTHER)]
    answers = [
        answer("a", OLDER, "ann-1", *PROVEN), about_b,
        answer("a", OLDER, "ann-2", *UNPROVEN), answer("a", OLDER, "ann-2", "He", interface="names"),
        answer("a", OLDER, "ann-3", status="skipped"),
        answer("a", OLDER, "draft", "the mayor", annotator_kind="program"),
        msgspec.structs.replace(about_b, annotator="ann-4"),
    ]  # fmt: skip
    made.write(instance.root, documents, answers)
    for campaign, words in (("trial", PROVEN), ("second", UNPROVEN)):
        jsonl.write(corpus.folder / "gold" / f"{campaign}.jsonl", [gold("a", OLDER, campaign, *words)])
    return instance


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    return written(tmp_path, NEWER)


def written(folder: Path, text: str, name: str = "a.txt") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def take(instance: Instance, *paths: Path, **order: Any) -> Report:
    return ingest(instance, Order(tuple(map(str, paths)), **{"ingested": "2027-01-01", "replace_text": True, **order}))


def tree(instance: Instance) -> dict[str, bytes]:
    folder = instance.root / "corpus"
    paths = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".partial"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(paths)}


def copied(instance: Instance, root: Path) -> Instance:
    shutil.copytree(instance.root, root)
    return find_instance(root)


def state(path: Path) -> tuple[int, int, int]:
    """Another one, as soon as the file was written again."""
    found = path.stat()
    return (found.st_ino, found.st_mtime_ns, found.st_size)


def errors(instance: Instance) -> set[str]:
    found = corpus_findings(Corpus(instance.root), schemas.load(instance.root / MARK))
    return {finding.check for finding in found if finding.severity == "error"}


def own(record: Annotation) -> tuple[str, str, str, str | None]:
    return (record.doc_id, record.annotator, record.text_sha256, record.text_read)


def test_what_is_proven_comes_along_and_what_is_not_leaves(checkout: Instance, newer: Path) -> None:
    before, corpus = tree(checkout), Corpus(checkout.root)
    report = take(checkout, newer)
    assert (report.replaced, report.new, report.updated, report.unchanged) == (("a",), (), (), 0)
    assert report.carried == {
        "annotations/trial/ann-1.jsonl": 1, "annotations/trial/ann-2.jsonl": 1, "annotations/trial/draft.jsonl": 1,
        "gold/trial.jsonl": 1,
    }  # fmt: skip
    assert report.left == (
        Left("annotations/trial/ann-2.jsonl", "a", "ann-2", 2, ("No one", "No one was hurt.")),
        Left("annotations/trial/ann-3.jsonl", "a", "ann-3", 0, ()),
        Left("gold/second.jsonl", "a", "gold", 2, ("No one", "No one was hurt.")),
    )
    old, new, other = sha256(OLDER), sha256(NEWER), sha256(OTHER)
    assert [own(record) for record in corpus.annotations()] == [
        ("a", "ann-1", new, old), ("b", "ann-1", other, None), ("a", "ann-2", new, old), ("b", "ann-4", other, None),
        ("a", "draft", new, old),
    ]  # fmt: skip
    (adjudicated,) = corpus.gold()
    assert (adjudicated.text_sha256, adjudicated.text_read, adjudicated.campaign) == (new, old, "trial")
    records: list[Annotation | Gold] = [*corpus.annotations(), *corpus.gold()]
    for record in records:
        text = NEWER if record.doc_id == "a" else OTHER
        declined = record.declined if isinstance(record, Gold) else ()
        assert all(text[m.start : m.end] == m.text for m in (*record.mentions, *declined))
    after = tree(checkout)
    assert set(before) - set(after) == {"annotations/trial/ann-3.jsonl", "gold/second.jsonl"}  # no empty file stays
    for name, content in before.items():
        gone = b"".join(line for line in content.splitlines(keepends=True) if b'"doc_id":"a"' in line)
        assert after.get(f"history/texts/{name}", b"") == gone
    assert errors(checkout) == set()


def test_all_else_of_the_document_stays_unless_it_is_given_anew(checkout: Instance, newer: Path) -> None:
    corpus = Corpus(checkout.root)
    before = next(corpus.documents())
    report = take(checkout, newer, options={"title": "Corrected"})
    document = next(corpus.documents())
    assert document == msgspec.structs.replace(before, text=NEWER, text_sha256=sha256(NEWER))
    assert (report.differing, report.updated) == (("a",), ())
    third = written(newer.parent, THIRD)
    report = take(checkout, third, options={"title": "Corrected"}, update_metadata=True)
    assert (report.replaced, report.updated, report.unchanged) == (("a",), ("a",), 0)
    again = next(corpus.documents())
    assert (again.title, again.text, again.split, again.ingested) == ("Corrected", THIRD, "test", before.ingested)


def test_only_the_files_that_are_concerned_are_written(checkout: Instance, newer: Path) -> None:
    file = Corpus(checkout.root).annotation_file("trial", "ann-4")
    before = state(file)
    take(checkout, newer)
    assert state(file) == before


def test_the_plan_is_what_is_done(checkout: Instance, newer: Path) -> None:
    before = tree(checkout)
    plan = take(checkout, newer, dry_run=True)
    assert tree(checkout) == before
    report = take(checkout, newer)
    assert report.written == ("articles-00000.jsonl",)
    assert replace(plan, dry_run=False, written=report.written) == report


def test_the_second_time_there_is_nothing_to_do(checkout: Instance, newer: Path) -> None:
    take(checkout, newer)
    files = sorted(checkout.root.glob("corpus/**/*.jsonl"))
    before = [state(path) for path in files]
    report = take(checkout, newer)
    assert (report.replaced, report.carried, report.left, report.written, report.unchanged) == ((), {}, (), (), 1)
    assert [state(path) for path in files] == before


def test_back_and_forth_every_line_is_kept_once(checkout: Instance, newer: Path) -> None:
    older = written(newer.parent, OLDER, "older.txt")
    for path in (newer, older, newer, older):
        take(checkout, path, options={"doc_id": "a"})
    assert next(Corpus(checkout.root).annotations()) == answer("a", OLDER, "ann-1", *PROVEN)
    for name, content in tree(checkout).items():
        if name.startswith("history/"):
            lines = content.splitlines()
            assert len(set(lines)) == len(lines), name
    assert len(tree(checkout)["history/texts/articles/articles-00000.jsonl"].splitlines()) == 2
    assert [document.text for document in Corpus(checkout.root).earlier_documents()] == [OLDER, NEWER]


def test_one_wrong_article_and_nothing_is_replaced(checkout: Instance, newer: Path) -> None:
    before = tree(checkout)
    with pytest.raises(InputError, match="the text is empty"):
        take(checkout, newer, written(newer.parent, "", "empty.txt"))
    assert tree(checkout) == before


def test_a_line_that_cannot_be_read_stops_it_before_anything_is_written(checkout: Instance, newer: Path) -> None:
    with (checkout.root / "corpus/gold/trial.jsonl").open("ab") as file:
        file.write(b"{}\n")
    before = tree(checkout)
    with pytest.raises(InputError, match=r"gold/trial\.jsonl:2"):
        take(checkout, newer)
    assert tree(checkout) == before


def test_it_waits_for_no_pull_and_works_beside_none(checkout: Instance, newer: Path) -> None:
    checkout.private.mkdir()
    with locked(checkout.private / "sync.lock", "sayso pull"):
        with pytest.raises(ConflictError, match="sayso pull"):
            take(checkout, newer)
        assert take(checkout, newer, dry_run=True).replaced == ("a",)
        assert take(checkout, written(newer.parent, OLDER), replace_text=False).unchanged == 1


def test_an_answer_to_a_text_that_nobody_has_is_told_and_left_as_it_is(checkout: Instance, newer: Path) -> None:
    corpus = Corpus(checkout.root)
    file = corpus.annotation_file("trial", "ann-5")
    corpus.write_annotations("trial", "ann-5", [answer("a", "Nobody knows this.", "ann-5", "Nobody")])
    before = file.read_bytes()
    report = take(checkout, newer)
    assert report.strays == {"annotations/trial/ann-5.jsonl": 1}
    assert file.read_bytes() == before
    assert errors(checkout) == {"text-changed"}


def test_an_answer_to_an_earlier_text_that_comes_later_is_carried_over(checkout: Instance, newer: Path) -> None:
    file = Corpus(checkout.root).annotation_file("trial", "ann-1")
    before = file.read_bytes()
    take(checkout, newer)
    after = file.read_bytes()
    file.write_bytes(before)  # as a merge of branches may bring it back
    assert errors(checkout) == {"text-changed"}
    report = take(checkout, newer)
    assert (report.replaced, report.carried) == ((), {"annotations/trial/ann-1.jsonl": 1})
    assert file.read_bytes() == after


def test_whoever_looks_up_a_text_finds_the_new_one(checkout: Instance, newer: Path) -> None:
    def shown() -> str | None:
        with lookup.opened(checkout) as texts:
            document = texts.get("a")
            return document.text if document else None

    assert shown() == OLDER
    take(checkout, newer)
    assert shown() == NEWER
    assert take(checkout, newer, replace_text=False).unchanged == 1
    with pytest.raises(ConflictError):
        take(checkout, written(newer.parent, OLDER), replace_text=False)


@pytest.mark.parametrize("together", [True, False])
def test_a_copy_of_the_new_text_takes_the_split_of_the_document(
    checkout: Instance, newer: Path, together: bool
) -> None:
    copy = written(newer.parent, NEWER, "copy.txt")
    if not together:
        take(checkout, newer)
    report = take(checkout, newer, copy)
    (cluster,) = report.clusters
    assert (cluster.doc_ids, cluster.split) == (("a", "copy"), "test")
    assert [(d.doc_id, d.split) for d in Corpus(checkout.root).documents()] == [
        ("a", "test"), ("b", "train"), ("copy", "test"),
    ]  # fmt: skip


def test_everything_is_told(checkout: Instance, newer: Path) -> None:
    root, words = checkout.root, ("ingest", str(newer), "--replace-text")
    refused = sayso(root, *words[:2])
    assert (refused.returncode, "--replace-text" in refused.stderr) == (9, True)
    dry = sayso(root, *words, "--dry-run").stderr.splitlines()
    assert dry[-1] == "0 would be new, 1 would be replaced, 0 would be updated, 0 unchanged"
    report = json.loads(done(root, *words, "--dry-run", "--json"))
    assert report["left"][0] == {
        "file": "annotations/trial/ann-2.jsonl", "doc_id": "a", "annotator": "ann-2", "unproven": 2,
        "words": ["No one", "No one was hurt."],
    }  # fmt: skip
    assert (report["replaced"], sum(report["carried"].values())) == (["a"], 4)
    told = sayso(root, *words)
    assert (told.returncode, told.stdout) == (0, "replaced a\n")
    assert told.stderr.splitlines() == [
        "a: ann-2's answer left corpus/annotations/trial/ann-2.jsonl for the history:"
        " not proven to stand in the new text: “No one”, “No one was hurt.”",
        "a: ann-3's answer left corpus/annotations/trial/ann-3.jsonl for the history:"
        " it marks nothing, so it was about every word",
        "a: the adjudicated reading left corpus/gold/second.jsonl for the history:"
        " not proven to stand in the new text: “No one”, “No one was hurt.”",
        "4 answers carried over to the new texts, 3 kept in the history alone",
        "0 new, 1 replaced, 0 updated, 0 unchanged",
    ]
    assert sayso(root, *words).stderr.splitlines() == ["0 new, 0 updated, 1 unchanged"]


def test_the_dataset_says_which_text_was_read(checkout: Instance, newer: Path) -> None:
    (checkout.root / "corpus/gold/second.jsonl").unlink()  # a document is adjudicated once
    building.build(checkout)
    card = checkout.root / "corpus" / "README.md"
    assert "earlier text of their document" not in card.read_text(encoding="utf-8")
    take(checkout, newer)
    building.build(checkout)
    old, new = sha256(OLDER), sha256(NEWER)
    rows = made.loaded(checkout.root, "annotations")
    assert {(row["doc_id"], row["text_sha256"], row["text_read"]) for row in rows} == {
        ("a", new, old), ("b", sha256(OTHER), None),
    }  # fmt: skip
    assert {row["doc_id"]: row["text_read"] for row in made.loaded(checkout.root, "gold")} == {"a": old, "b": None}
    text = card.read_text(encoding="utf-8")
    assert "| answers, carried over from an earlier text of their document | 3 |" in text
    assert "| adjudicated documents, carried over from an earlier text of their document | 1 |" in text


def killed(checkout: Instance, folder: Path, *words: str) -> Iterator[Instance]:
    """The checkout as a command leaves it that dies before its first change to a file, its second, and so on."""
    for changes in range(1, 200):
        turn = copied(checkout, folder / f"turn{changes}")
        code = run(turn.root, *words, changes=changes).code
        yield turn
        if code == 0:
            assert changes > 20
            return
        assert code == -9
    raise AssertionError("it has no end")


@pytest.mark.slow
def test_killed_before_any_change_and_run_again(checkout: Instance, newer: Path, tmp_path: Path) -> None:
    dump = tmp_path / "dump.jsonl"
    texts = {"a": NEWER, "copy": NEWER, "z": "News of another day.\n"}
    dump.write_text("".join(json.dumps({"doc_id": name, "text": text}) + "\n" for name, text in texts.items()))
    words = ("ingest", str(dump), "--replace-text", "--ingested", "2027-01-01")
    whole = copied(checkout, tmp_path / "whole")
    done(whole.root, *words)
    start = tree(checkout)
    for turn in killed(checkout, tmp_path, *words):
        left = tree(turn)
        for name, content in start.items():
            if left.get(name) != content:
                assert f"history/texts/{name}" in left  # nothing gives way that is not remembered
        assert run(turn.root, *words).code == 0
        assert tree(turn) == tree(whole)
        assert not list(turn.root.glob("corpus/**/*.partial"))


@pytest.mark.slow
def test_killed_and_another_text_comes(checkout: Instance, newer: Path, tmp_path: Path) -> None:
    third = written(tmp_path, THIRD, "third.txt")
    for turn in killed(checkout, tmp_path, "ingest", str(newer), "--replace-text"):
        assert run(turn.root, "ingest", str(third), "--doc-id", "a", "--replace-text").code == 0
        assert errors(turn) == set()
        first = next(Corpus(turn.root).annotations("trial"))
        assert own(first) == ("a", "ann-1", sha256(THIRD), sha256(OLDER))
