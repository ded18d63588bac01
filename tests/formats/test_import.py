"""The command that takes others' work in."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sayso.checks.corpus_checks import check_sources
from sayso.corpus.sources import CorpusFiles
from sayso.models import Annotation, AnnotationOrigin
from sayso.schema.declarations import load_schema
from sayso.settings import SCHEMA_FILE, Checkout
from tests.command_line import run_sayso, run_sayso_ok
from tests.conftest import read_files
from tests.dataset.samples import (
    make_annotation,
    make_document,
    make_mention,
    make_relation,
    write_corpus,
)
from tests.formats.sample_documents import load_outside_documents, write_documents

TEXT = "Two drones fell near 😀 Belgorod.\r\nNo one was hurt."


def write_brat(folder: Path, *lines: str, text: str = TEXT, name: str = "a") -> Path:
    """A folder of somebody's."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.txt").write_bytes(text.encode())
    (folder / f"{name}.ann").write_bytes("".join(f"{line}\n" for line in lines).encode())
    return folder


def read_annotations(checkout: Checkout) -> list[Annotation]:
    return list(CorpusFiles(checkout.root).annotations())


IMPORT_OPTIONS = ("--from", "brat", "--annotator", "ann-7", "--campaign", "theirs")


def test_documents_and_answers_come_in_once(checkout: Checkout, tmp_path: Path) -> None:
    folder = write_brat(
        tmp_path / "b",
        "T1\tCount 0 10\tTwo drones",
        "T2\tLOC 23 31\tBelgorod",
        "T3\tClaim 0 31\tTwo drones fell near 😀 Belgorod",
        "A1\tCount_lower T1 2",
        "A2\tkind T1 exact",
        "R1\twhere Arg1:T3 Arg2:T2",
        "#1\tAnnotatorNotes T2\tsure?",
    )
    metadata = ("--language", "en", "--outlet", "The Daily", "--license", "CC0-1.0")
    words = ("import", *IMPORT_OPTIONS, str(folder), "--map", "LOC=Location", *metadata)
    before = read_files(checkout.root / "corpus")
    assert (
        "1 new" in run_sayso_ok(checkout.root, *words, "--dry-run")
        and read_files(checkout.root / "corpus") == before
    )
    run_sayso_ok(checkout.root, *words)
    (answer,) = read_annotations(checkout)
    (document,) = CorpusFiles(checkout.root).documents()
    assert (document.text, document.outlet, document.license) == (TEXT, "The Daily", "CC0-1.0")
    assert [(m.label, m.text, m.attributes, m.note) for m in answer.mentions] == [
        ("Claim", "Two drones fell near 😀 Belgorod", {}, None),
        ("Count", "Two drones", {"kind": "exact", "lower": 2}, None),
        ("Location", "Belgorod", {}, "sure?"),
    ]
    assert [(r.type, r.head, r.tail) for r in answer.relations] == [("where", "T3", "T2")]
    assert (answer.annotator, answer.campaign, answer.annotator_kind) == (
        "ann-7",
        "theirs",
        "human",
    )
    once = read_files(checkout.root / "corpus")
    again = run_sayso(checkout.root, *words)
    assert (
        "nothing changed" in again.stderr
        and "1 unchanged" in again.stdout
        and read_files(checkout.root / "corpus") == once
    )
    found = {
        finding.check
        for finding in check_sources(
            CorpusFiles(checkout.root), load_schema(checkout.root / SCHEMA_FILE)
        )
    }
    assert found == {
        "required-attribute",
        "exact-bounds",
        "count-alone",
    }  # what their scheme does not ask for


def test_words_without_a_place_are_named_and_refused(checkout: Checkout, tmp_path: Path) -> None:
    folder = write_brat(
        tmp_path / "b",
        "T1\tORG 0 3\tTwo",
        "T2\tORG 4 10\tdrones",
        "T3\tActor 4 10\tdrones",
        "A1\tmood T3 good",
        "R1\tnear Arg1:T1 Arg2:T3",
        "E1\tORG:T1",
    )
    before = read_files(checkout.root / "corpus")
    refused = run_sayso(checkout.root, "import", *IMPORT_OPTIONS, str(folder))
    assert refused.returncode == 9 and read_files(checkout.root / "corpus") == before
    for what in (
        "2 mentions labelled 'ORG'",
        "1 attributes Actor.mood",
        "1 relations 'near'",
        "1 events",
        "--map",
    ):
        assert what in refused.stderr
    run_sayso_ok(checkout.root, "import", *IMPORT_OPTIONS, str(folder), "--lossy")
    (answer,) = read_annotations(checkout)
    assert [m.label for m in answer.mentions] == ["Actor"]
    assert [
        kept.item.get("text", kept.item.get("mood", kept.item.get("type"))) for kept in answer.kept
    ] == ["Two", "good", "drones", "near"]


def test_a_label_can_be_left_out_on_purpose(checkout: Checkout, tmp_path: Path) -> None:
    folder = write_brat(tmp_path / "b", "T1\tORG 0 3\tTwo", "T3\tActor 4 10\tdrones")
    (tmp_path / "map.yaml").write_text("ORG: ''\n")
    run_sayso_ok(
        checkout.root,
        "import",
        *IMPORT_OPTIONS,
        str(folder),
        "--map-file",
        str(tmp_path / "map.yaml"),
    )
    (answer,) = read_annotations(checkout)
    assert ([m.label for m in answer.mentions], answer.kept) == (["Actor"], ())


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        (("T1\tActor 0 3000\tTwo",), "not inside the text"),
        (("T1\tActor 0 3\tTwx",), "says 'Twx'"),
        (("T1\tActor 24 32\tBelgorod",), "says 'Belgorod'"),
        (("T1\tActor 0\tTwo",), "offsets '0'"),
        (("nonsense",), "not a line of brat's"),
    ],
)
def test_a_wrong_line_takes_nothing_in(
    checkout: Checkout, tmp_path: Path, lines: tuple[str, ...], what: str
) -> None:
    folder = write_brat(tmp_path / "b", *lines, name="z")
    write_brat(folder, "T1\tActor 0 3\tTwo")
    before = read_files(checkout.root / "corpus")
    refused = run_sayso(checkout.root, "import", *IMPORT_OPTIONS, str(folder))
    assert refused.returncode == 7 and what in refused.stderr and "z.ann:1" in refused.stderr
    assert read_files(checkout.root / "corpus") == before


def test_a_known_document_with_other_words_is_a_conflict(
    checkout: Checkout, tmp_path: Path
) -> None:
    write_corpus(checkout.root, [make_document("a", "Other words.")])
    refused = run_sayso(
        checkout.root,
        "import",
        *IMPORT_OPTIONS,
        str(write_brat(tmp_path / "b", "T1\tActor 0 3\tTwo")),
    )
    assert (
        refused.returncode == 9
        and "another text" in refused.stderr
        and read_annotations(checkout) == []
    )


def test_a_reading_that_changed_takes_the_place_of_the_older_one(
    checkout: Checkout, tmp_path: Path
) -> None:
    folder = write_brat(tmp_path / "b", "T1\tActor 0 3\tTwo")
    early, late = {"SOURCE_DATE_EPOCH": "1000000000"}, {"SOURCE_DATE_EPOCH": "1100000000"}
    run_sayso_ok(checkout.root, "import", *IMPORT_OPTIONS, str(folder), environment=early)
    write_brat(folder, "T1\tActor 4 10\tdrones")
    assert "1 changed" in run_sayso_ok(
        checkout.root, "import", *IMPORT_OPTIONS, str(folder), environment=late
    )
    (answer,) = read_annotations(checkout)
    assert (answer.created[:4], answer.updated[:4], answer.mentions[0].text) == (
        "2001",
        "2004",
        "drones",
    )


def test_an_answer_of_label_studio_is_not_overwritten(checkout: Checkout, tmp_path: Path) -> None:
    there = make_document("a", TEXT)
    origin = AnnotationOrigin(system="label-studio", project=1, task=1, annotation=1)
    write_corpus(
        checkout.root,
        [there],
        [
            make_annotation(
                there,
                make_mention("m", "Actor", TEXT, 0, 3),
                annotator="ann-7",
                campaign="theirs",
                origin=origin,
            )
        ],
    )
    before = read_files(checkout.root / "corpus")
    refused = run_sayso(
        checkout.root,
        "import",
        *IMPORT_OPTIONS,
        str(write_brat(tmp_path / "b", "T1\tActor 4 10\tdrones")),
    )
    assert (
        refused.returncode == 9
        and "another --annotator" in refused.stderr
        and read_files(checkout.root / "corpus") == before
    )


def test_an_address_is_no_pseudonym(checkout: Checkout, tmp_path: Path) -> None:
    folder = write_brat(tmp_path / "b", "T1\tActor 0 3\tTwo")
    refused = run_sayso(
        checkout.root, "import", "--from", "brat", str(folder), "--annotator", "who@example.org"
    )
    assert (
        refused.returncode == 7
        and "pseudonym" in refused.stderr
        and read_annotations(checkout) == []
    )


def test_conll_of_others_comes_with_its_text_or_not_at_all(
    checkout: Checkout, tmp_path: Path
) -> None:
    path = tmp_path / "news.conllup"
    words = "1\tTwo\tB-Count\n2\tdrones\tI-Count\n3\t.\tO\n\n"
    path.write_text(f"# global.columns = ID FORM NER\n# newdoc id = n1\n{words}")
    refused = run_sayso(
        checkout.root, "import", "--from", "conll", str(path), "--annotator", "tagger"
    )
    assert (
        refused.returncode == 7
        and "without # text" in refused.stderr
        and f"{path}:3" in refused.stderr
    )
    path.write_text(
        "# global.columns = ID FORM NER\n# newdoc id = n1\n# text = Two  drones.\n"
        f"{words}# text = No.\n1\tNo\tO\n2\t.\tO\n"
    )
    run_sayso_ok(
        checkout.root,
        "import",
        "--from",
        "conll",
        str(path),
        "--annotator",
        "tagger",
        "--annotator-kind",
        "program",
    )
    (answer,) = read_annotations(checkout)
    (text,) = [each.text for each in CorpusFiles(checkout.root).documents()]
    assert (text, answer.mentions[0].text, answer.annotator_kind) == (
        "Two  drones.\nNo.",
        "Two  drones",
        "program",
    )


def test_what_went_out_comes_in_the_same(checkout: Checkout, tmp_path: Path) -> None:
    there = make_document("a.b", TEXT, title="A title")
    two = make_mention(
        "c1", "Count", TEXT, 0, 10, attributes={"lower": 2, "upper": 2}, note="look", flag="unsure"
    )
    claim = make_mention("m1", "Claim", TEXT, 0, 31)
    drawn = make_relation("quantity", "m1", "c1")
    write_corpus(
        checkout.root,
        [there],
        [make_annotation(there, claim, two, relations=(drawn,), guidelines_version="1.1.0")],
    )
    (original,) = read_annotations(checkout)
    for name in ("jsonl", "brat", "webanno"):
        out = tmp_path / name
        run_sayso_ok(checkout.root, "export", "--to", name, "--out", str(out))
        run_sayso_ok(
            checkout.root,
            "import",
            "--from",
            name,
            str(out),
            "--campaign",
            "back",
            "--annotator",
            f"by-{name}",
        )
        (found,) = CorpusFiles(checkout.root).annotations("back")
        names = {m.id: (m.start, m.end) for m in found.mentions}
        assert [
            (m.label, m.start, m.end, m.attributes, m.note, m.flag) for m in found.mentions
        ] == [(m.label, m.start, m.end, m.attributes, m.note, m.flag) for m in original.mentions]
        assert [(r.type, names[r.head], names[r.tail]) for r in found.relations] == [
            ("quantity", (0, 31), (0, 10))
        ]
        assert found.guidelines_version == "1.1.0"
        CorpusFiles(checkout.root).annotation_file("back", f"by-{name}").unlink()


def test_outside_documents_come_in_as_jsonl(checkout: Checkout, tmp_path: Path) -> None:
    outside = load_outside_documents()
    path = write_documents("jsonl", outside, tmp_path / "outside.jsonl")
    labels = {
        label
        for each in outside
        for label in (*(m.label for m in each.mentions), *(r.type for r in each.relations))
    }
    refused = run_sayso(
        checkout.root, "import", "--from", "jsonl", str(path), "--annotator", "outside", "--json"
    )
    losses = json.loads(refused.stdout)["losses"]
    assert refused.returncode == 9
    mentions = sum(len(each.mentions) for each in outside)
    assert (
        sum(count for what, count in losses.items() if what.startswith("mentions"))
        + sum(m.label == "Location" for each in outside for m in each.mentions)
        == mentions
    )
    words = [
        word
        for label in sorted(labels - {"Location", "Organisation"})
        for word in ("--map", f"{label}=")
    ]
    run_sayso_ok(
        checkout.root,
        "import",
        "--from",
        "jsonl",
        str(path),
        "--annotator",
        "outside",
        "--map",
        "Organisation=Actor",
        *words,
        "--lossy",
    )
    assert (
        sum(len(each.kept) for each in read_annotations(checkout)) == 1
    )  # a mention of one line feed
    theirs = {"Organisation": "Actor", "Location": "Location"}
    expected = {
        each.doc_id: sorted(
            (theirs[m.label], m.start, m.end) for m in each.mentions if m.label in theirs
        )
        for each in outside
    }
    found = {
        each.doc_id: sorted((m.label, m.start, m.end) for m in each.mentions)
        for each in read_annotations(checkout)
    }
    texts = {each.doc_id: each.text for each in outside}
    trimmed = {
        doc_id: sorted(
            (label, *span)
            for label, *edges in spans
            if (span := _trim_offsets(texts[doc_id], *edges))
        )
        for doc_id, spans in expected.items()
    }
    assert found == trimmed


def _trim_offsets(text: str, start: int, end: int) -> tuple[int, int] | None:
    words = text[start:end]
    left, right = len(words) - len(words.lstrip()), len(words) - len(words.rstrip())
    return (start + left, end - right) if words.strip() else None


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_between_documents_and_answers_and_run_again(
    checkout: Checkout, tmp_path: Path, moment: str
) -> None:
    folder = write_brat(tmp_path / "b", "T1\tActor 0 3\tTwo")
    words = ["sayso", "--root", str(checkout.root), "import", *IMPORT_OPTIONS, str(folder)]
    code = (
        "import os, signal, sys\nfrom sayso.corpus.sources import CorpusFiles\n"
        "real = CorpusFiles.write_annotations\n"
        "def die(self, *given):\n"
        f"    {'real(self, *given)' if moment == 'after' else 'pass'}\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        f"CorpusFiles.write_annotations = die\nsys.argv = {words!r}\n"
        "from sayso.cli import main; main()\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    assert len(list(CorpusFiles(checkout.root).documents())) == 1 and len(
        read_annotations(checkout)
    ) == (moment == "after")
    run_sayso_ok(checkout.root, *words[3:])
    assert [m.text for m in read_annotations(checkout)[0].mentions] == ["Two"] and len(
        read_annotations(checkout)
    ) == 1
    assert not (checkout.private / "importing").exists()


def test_a_copy_under_another_name_is_none_of_the_servers(
    checkout: Checkout, tmp_path: Path
) -> None:
    """Two lines of one number would be one annotation that stands twice."""
    there = make_document("a", TEXT)
    origin = AnnotationOrigin(system="label-studio", project=1, task=1, annotation=1)
    answered = make_annotation(
        there, make_mention("m", "Count", TEXT, 0, 10), annotator="ann-1", origin=origin
    )
    write_corpus(checkout.root, [there], [answered])
    out = tmp_path / "out.jsonl"
    run_sayso_ok(checkout.root, "export", "--to", "jsonl", "--out", str(out))
    run_sayso_ok(
        checkout.root,
        "import",
        "--from",
        "jsonl",
        str(out),
        "--campaign",
        "again",
        "--annotator",
        "ann-9",
    )
    origins = {each.annotator: each.origin for each in read_annotations(checkout)}
    assert origins == {"ann-1": origin, "ann-9": None}
    assert "repeated-annotation" not in run_sayso(checkout.root, "check").stdout
