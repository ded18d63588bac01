"""The command that writes other tools' formats."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import asdict

from sayso import jsonl
from sayso.corpus.items import AnnotationFilter
from sayso.corpus.sources import CorpusFiles
from sayso.escaping import restore_formula
from sayso.formats.corpus_export import ExportRequest, export
from sayso.formats.format_registry import EXPORT_FORMATS
from sayso.models import Gold, GoldMention, GoldRelation
from sayso.settings import Checkout
from tests.command_line import run_sayso, run_sayso_ok
from tests.conftest import new_checkout
from tests.dataset.samples import (
    make_annotation,
    make_document,
    make_mention,
    make_relation,
    write_corpus,
)

TEXT = "Two drones fell near 😀 Belgorod.\r\nNo one was hurt."
DOCUMENT = make_document("d", TEXT)


def fill_corpus(root: Path) -> None:
    """Two annotators' readings of one document, and a document that nobody has read."""
    two = make_mention("c1", "Count", TEXT, 0, 10, attributes={"lower": 2, "upper": 2})
    inner = make_mention("c2", "Count", TEXT, 0, 3)
    claim = make_mention("m1", "Claim", TEXT, 0, 15, note="look")
    arrow = make_relation("quantity", "m1", "c1")
    write_corpus(
        root,
        [DOCUMENT, make_document("e", "Nothing.")],
        [
            make_annotation(DOCUMENT, two, claim, relations=(arrow,)),
            make_annotation(DOCUMENT, inner, two, annotator="ann-2"),
            make_annotation(DOCUMENT, two, annotator="ann-2", interface="names"),
        ],
    )


def add_gold(root: Path) -> None:
    """The same document, adjudicated."""
    two, claim = make_mention("c1", "Count", TEXT, 0, 10), make_mention("m1", "Claim", TEXT, 0, 15)
    shared: dict[str, Any] = {"decided": "majority", "votes": ("ann-1",)}
    gold = Gold(
        doc_id="d",
        text_sha256=DOCUMENT.text_sha256,
        campaign="trial",
        schema_version="1.0.0",
        adjudicated="2025-11-03",
        annotators=("ann-1", "ann-2"),
        mentions=tuple(GoldMention(**asdict(each), **shared) for each in (claim, two)),
        relations=(GoldRelation(type="quantity", head="m1", tail="c1", **shared),),
    )
    jsonl.write(CorpusFiles(root).folder / "gold" / "trial.jsonl", [gold])


def read_lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_reading_has_to_be_named_where_there_are_several(
    checkout: Checkout, tmp_path: Path
) -> None:
    fill_corpus(checkout.root)
    out = str(tmp_path / "out.jsonl")
    refused = run_sayso(checkout.root, "export", "--to", "jsonl", "--out", out)
    assert refused.returncode == 2 and "--annotator ann-2 --pass names" in refused.stderr
    run_sayso_ok(
        checkout.root,
        "export",
        "--to",
        "jsonl",
        "--out",
        out,
        "--annotator",
        "ann-2",
        "--pass",
        "names",
    )
    (line,) = read_lines(tmp_path / "out.jsonl")
    assert line["about"]["interface"] == "names" and len(line["mentions"]) == 1  # type: ignore[index,arg-type]


def test_gold_goes_out_unless_another_is_named(checkout: Checkout, tmp_path: Path) -> None:
    fill_corpus(checkout.root)
    add_gold(checkout.root)
    result = run_sayso(
        checkout.root, "export", "--to", "jsonl", "--out", str(tmp_path / "out.jsonl")
    )
    assert (
        "gold" in result.stderr and "excluded: 1 documents without this annotation" in result.stderr
    )
    (line,) = read_lines(tmp_path / "out.jsonl")
    assert [each["decided"] for each in line["mentions"]] == ["majority", "majority"]  # type: ignore[attr-defined]


def test_a_second_run_changes_nothing_and_says_so(checkout: Checkout, tmp_path: Path) -> None:
    fill_corpus(checkout.root)
    for name in EXPORT_FORMATS:
        order = ExportRequest(
            name,
            tmp_path / name,
            chosen=AnnotationFilter(annotators=frozenset({"ann-1"})),
            lossy=True,
        )
        assert [export(checkout, order).changed for _ in range(2)] == [True, False], name
    words = ("--to", "brat", "--out", str(tmp_path / "brat"), "--annotator", "ann-1")
    again = run_sayso(checkout.root, "export", *words)
    assert (again.stdout, "nothing changed" in again.stderr) == ("", True)


def test_what_would_be_lost_is_refused_before_anything_is_written(
    checkout: Checkout, tmp_path: Path
) -> None:
    fill_corpus(checkout.root)
    words = (
        "export",
        "--to",
        "conll",
        "--out",
        str(tmp_path / "out"),
        "--annotator",
        "ann-2",
        "--pass",
        "all",
    )
    refused = run_sayso(checkout.root, *words)
    assert refused.returncode == 9 and not (tmp_path / "out").exists()
    assert (
        "1 mentions that overlap another of their label" in refused.stderr
        and "--lossy" in refused.stderr
    )
    told = json.loads(run_sayso(checkout.root, *words, "--json").stdout)
    assert told["refused"] and told["losses"]["mentions that overlap another of their label"] == 1
    outcome = json.loads(run_sayso_ok(checkout.root, *words, "--lossy", "--json"))
    assert outcome["losses"] == told["losses"] and (tmp_path / "out").exists()


def test_a_dry_run_writes_nothing(checkout: Checkout, tmp_path: Path) -> None:
    fill_corpus(checkout.root)
    result = run_sayso(
        checkout.root,
        "export",
        "--to",
        "brat",
        "--out",
        str(tmp_path / "o"),
        "--annotator",
        "ann-1",
        "--dry-run",
    )
    assert (
        result.returncode == 0 and "would write" in result.stderr and not (tmp_path / "o").exists()
    )


def test_a_folder_of_others_is_let_alone(checkout: Checkout, tmp_path: Path) -> None:
    fill_corpus(checkout.root)
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "a.ann").write_text("T1\tX 0 1\ta\n")
    words = ("export", "--to", "brat", "--annotator", "ann-1", "--out")
    refused = run_sayso(checkout.root, *words, str(tmp_path / "theirs"))
    assert refused.returncode == 9 and [path.name for path in (tmp_path / "theirs").iterdir()] == [
        "a.ann"
    ]


def test_what_is_no_longer_there_goes_from_the_folder(checkout: Checkout, tmp_path: Path) -> None:
    fill_corpus(checkout.root)
    words = ("export", "--to", "brat", "--out", str(tmp_path / "o"), "--annotator", "ann-1")
    run_sayso_ok(checkout.root, *words)
    write_corpus(
        checkout.root,
        [make_document("e", "Two.")],
        [make_annotation(make_document("e", "Two."), make_mention("x", "Count", "Two.", 0, 3))],
    )
    run_sayso_ok(checkout.root, *words)
    assert sorted(path.name for path in (tmp_path / "o").glob("*.ann")) == ["e.ann"]


@pytest.mark.parametrize(("name", "module"), [("spacy", "spacy"), ("webanno", "cassis")])
def test_a_library_that_is_not_there_is_one_line(
    checkout: Checkout, tmp_path: Path, name: str, module: str
) -> None:
    fill_corpus(checkout.root)
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "sitecustomize.py").write_text(
        "import sys\nclass Absent:\n    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.split('.')[0] == {module!r}:\n"
        f"            raise ModuleNotFoundError('No module named {module}', name={module!r})\n"
        "sys.meta_path.insert(0, Absent())\n"
    )
    path = os.pathsep.join(
        [str(tmp_path / "without"), *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    words = ("export", "--to", name, "--out", str(tmp_path / "o"), "--annotator", "ann-1")
    refused = run_sayso(checkout.root, *words, environment={"PYTHONPATH": path})
    assert refused.returncode == 2 and "pip install 'sayso[exchange]'" in refused.stderr, (
        refused.stderr
    )
    assert not (tmp_path / "o").exists() and refused.stderr.count("\n") == 1


def test_a_wrong_slice_stops_everything(checkout: Checkout, tmp_path: Path) -> None:
    wrong = make_mention("c1", "Count", "Xwo drones", 0, 10)
    write_corpus(checkout.root, [DOCUMENT], [make_annotation(DOCUMENT, wrong)])
    refused = run_sayso(checkout.root, "export", "--to", "jsonl", "--out", str(tmp_path / "o"))
    assert (
        refused.returncode == 7
        and "is not what stands there" in refused.stderr
        and not (tmp_path / "o").exists()
    )


def test_killed_at_any_moment_and_run_again(checkout: Checkout, tmp_path: Path) -> None:
    fill_corpus(checkout.root)
    words = ("export", "--to", "brat", "--annotator", "ann-1", "--out")
    run_sayso_ok(checkout.root, *words, str(tmp_path / "whole"))
    expected = {path.name: path.read_bytes() for path in (tmp_path / "whole").iterdir()}
    out = tmp_path / "o"
    for stop in ("mkdir", "write_bytes", "replace"):
        code = (
            "import os, pathlib, signal, sys\n"
            f"real = pathlib.Path.{stop}\n"
            "def die(self, *a, **k):\n"
            f"    if {str(out)!r} in str(self):\n"
            "        real(self, *a, **k); os.kill(os.getpid(), signal.SIGKILL)\n"
            "    return real(self, *a, **k)\n"
            f"pathlib.Path.{stop} = die\n"
            f"sys.argv = ['sayso', '--root', {str(checkout.root)!r}, *{[*words, str(out)]!r}]\n"
            "from sayso.cli import main; main()\n"
        )
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
        run_sayso_ok(checkout.root, *words, str(out))
        assert {path.name: path.read_bytes() for path in out.iterdir()} == expected
        assert sorted(path.name for path in tmp_path.iterdir()) == ["checkout", "o", "whole"]
        shutil.rmtree(out)


def test_no_cell_of_a_csv_is_a_formula_and_each_comes_back(tmp_path: Path) -> None:
    formula = '=HYPERLINK("https://x.invalid";"-1")'
    checkout = new_checkout(tmp_path / "checkout")
    document = make_document("d", formula, title="-1+1", outlet="@SUM(1)", source_name="+x")
    mention = make_mention("m", "Actor", formula, 0, 12, note="\t=1")
    write_corpus(checkout.root, [document], [make_annotation(document, mention)])
    run_sayso_ok(checkout.root, "export", "--to", "csv", "--out", str(tmp_path / "out"))
    found = {}
    for name in ("documents", "mentions"):
        with (tmp_path / "out" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            (row,) = csv.DictReader(file)
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row.values())
        found[name] = {key: restore_formula(cell) for key, cell in row.items()}
    assert [found["documents"][key] for key in ("text", "title", "outlet")] == [
        formula,
        "-1+1",
        "@SUM(1)",
    ]
    assert (found["mentions"]["text"], found["mentions"]["note"]) == (formula[:12], "\t=1")
    assert (found["mentions"]["start"], found["mentions"]["end"]) == ("0", "12")
