"""Branches that each add records merge by themselves; `sayso format` puts the records in order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from sayso import jsonl
from sayso.corpus.canonical_order import format_sources
from sayso.corpus.sources import CorpusFiles
from sayso.errors import ConflictError, InputError
from sayso.ingest.copy_clusters import assign_split
from sayso.models import AnnotationOrigin, Document, encode, sha256
from sayso.settings import Checkout
from tests.benchmarks.synthetic_corpus import synthetic_annotations, synthetic_documents
from tests.command_line import run_sayso
from tests.conftest import read_files
from tests.templates.sample_project import SampleProject, make_project


def add_on_branch(project: SampleProject, branch: str, doc_id: str, *, built: bool) -> None:
    project.git("checkout", "-q", "-b", branch, "main")
    project.ingest(doc_id, f"The mayor of {doc_id} said that two drones fell. No one was hurt.")
    if built:
        project.sayso("build")
    project.commit(f"Add {doc_id}")


@pytest.mark.slow
@pytest.mark.parametrize("built", [False, True], ids=["unbuilt", "built"])
def test_two_branches_that_each_add_an_article_merge(tmp_path: Path, built: bool) -> None:
    project = make_project(tmp_path / "news")
    project.ingest("middle", "A first report from the middle of the country says nothing.")
    if built:
        project.sayso("build")
    project.commit("Add middle")
    add_on_branch(project, "one", "zulu", built=built)
    add_on_branch(project, "two", "alpha", built=built)
    project.git("merge", "-q", "--no-edit", "one")
    project.sayso("format")
    project.sayso("build")
    project.sayso("check")
    documents = [document.doc_id for document in CorpusFiles(project.root).documents()]
    assert documents == ["alpha", "middle", "zulu"]
    built_card = (project.root / "corpus/README.md").read_text("utf-8")
    assert "3 documents" in built_card and built_card.count("<!-- /computed -->") == 14
    project.commit("Merge")
    diff = project.run("sayso", "diff", "main...two", "--all")
    assert "alpha" in diff.stdout and "zulu" in diff.stdout and "middle" not in diff.stdout


@pytest.mark.slow
def test_copies_that_two_branches_put_into_different_splits_are_named(tmp_path: Path) -> None:
    project = make_project(tmp_path / "news")
    report = (
        "The mayor said that two drones fell near the river on Monday and that no one was hurt."
    )
    copies: dict[str, str] = {}
    for number in range(100):
        copy = f"{report} Report {number}."
        copies.setdefault(assign_split([sha256(copy)]), copy)
    for branch, split in (("one", "test"), ("two", "train")):
        project.git("checkout", "-q", "-b", branch, "main")
        project.ingest(branch, copies[split])
        project.commit(branch)
    project.git("merge", "-q", "--no-edit", "one")
    project.sayso("format")
    for cached in (True, False):
        (line,) = project.sayso("check", "--only", "copy-split").splitlines()
        assert line.startswith("corpus/articles/articles-00000.jsonl:1: one: warning copy-split:")
        assert "a copy of two, which is in train, and this is in test; write" in line
        if cached:
            (project.root / ".sayso/articles.sqlite").unlink()
    assert not (project.root / ".sayso/articles.sqlite").exists()
    path = project.root / "corpus/articles/articles-00000.jsonl"
    path.write_text(path.read_text("utf-8").replace('"split":"test"', '"split":"train"'), "utf-8")
    assert project.sayso("check", "--only", "copy-split", "--only", "canonical-line") == ""


@pytest.fixture
def corpus(checkout: Checkout) -> CorpusFiles:
    """Four documents and an annotation of each, as an annotator's and the server's."""
    corpus = CorpusFiles(checkout.root)
    documents = list(synthetic_documents(4))
    jsonl.write(corpus.batch_file(0), documents)
    annotations = [
        replace(each, origin=AnnotationOrigin(system="x", project=1, task=at, annotation=at))
        for at, each in enumerate(synthetic_annotations(documents, "reader"))
    ]
    corpus.write_annotations("pilot", "reader", annotations)
    return corpus


def shuffle(path: Path) -> bytes:
    before = path.read_bytes()
    path.write_bytes(b"".join(before.splitlines(keepends=True)[::-1]))
    return before


def test_order_is_repaired_and_good_lines_keep_their_bytes(
    checkout: Checkout, corpus: CorpusFiles
) -> None:
    paths = [corpus.batch_file(0), corpus.annotation_file("pilot", "reader")]
    before = [shuffle(path) for path in paths]
    with paths[0].open("ab") as file:
        file.write(before[0].splitlines(keepends=True)[2])
    assert run_sayso(checkout.root, "format", "--check").returncode == 5
    planned = json.loads(run_sayso(checkout.root, "format", "--dry-run", "--json").stdout)
    assert [file["moved"] for file in planned["files"]] == [3, 3]
    done = run_sayso(checkout.root, "format")
    assert done.returncode == 0 and "1 repeated lines removed" in done.stdout, done.stderr
    assert [path.read_bytes() for path in paths] == before
    again = run_sayso(checkout.root, "format", "--check")
    assert again.returncode == 0 and again.stdout == ""


def test_mentions_in_a_record_are_sorted(checkout: Checkout, corpus: CorpusFiles) -> None:
    path = corpus.annotation_file("pilot", "reader")
    before = path.read_bytes()
    annotations = [
        replace(each, mentions=each.mentions[::-1], relations=each.relations[::-1])
        for each in corpus.annotations("pilot")
    ]
    corpus.write_annotations("pilot", "reader", annotations)
    assert path.read_bytes() != before
    (file,) = format_sources(checkout)
    assert file.rewritten == 4 and path.read_bytes() == before


def test_the_annotation_updated_last_stays(checkout: Checkout, corpus: CorpusFiles) -> None:
    path = corpus.annotation_file("pilot", "reader")
    first, *others = corpus.annotations("pilot")
    newer = replace(first, updated="2099-01-01T00:00:00Z", mentions=(), relations=())
    path.write_bytes(b"".join(encode(each) + b"\n" for each in (newer, first, *others)))
    (file,) = format_sources(checkout)
    assert file.superseded == (f"line 2: {first.doc_id}",)
    assert list(corpus.annotations("pilot")) == [newer, *others]


def test_two_versions_of_a_document_are_not_chosen_from(
    checkout: Checkout, corpus: CorpusFiles
) -> None:
    first, *others = corpus.documents()
    shuffle(corpus.annotation_file("pilot", "reader"))
    jsonl.write(corpus.batch_file(0), [first, replace(first, title="Another"), *others])
    before = read_files(checkout.root / "corpus")
    with pytest.raises(ConflictError, match="two versions"):
        format_sources(checkout)
    assert read_files(checkout.root / "corpus") == before


def test_marks_of_a_conflict_are_named_with_their_line(
    checkout: Checkout, corpus: CorpusFiles
) -> None:
    path = corpus.batch_file(0)
    path.write_bytes(b"<<<<<<< HEAD\n" + path.read_bytes())
    with pytest.raises(InputError) as error:
        format_sources(checkout)
    assert error.value.where.endswith("articles-00000.jsonl:1")


def test_the_build_names_the_remedy(checkout: Checkout, corpus: CorpusFiles) -> None:
    shuffle(corpus.batch_file(0))
    refused = run_sayso(checkout.root, "build")
    assert refused.returncode == 7 and "run `sayso format`" in refused.stderr
    checked = run_sayso(checkout.root, "check", "--only", "record-order")
    assert "run `sayso format`" in checked.stdout


def test_documents_without_a_last_line_end_are_no_trouble(
    checkout: Checkout, corpus: CorpusFiles
) -> None:
    path = corpus.batch_file(0)
    before = path.read_bytes()
    path.write_bytes(before.rstrip(b"\n"))
    assert [file.rewritten for file in format_sources(checkout)] == [1]
    assert path.read_bytes() == before and len(list(jsonl.read(path, Document))) == 4
