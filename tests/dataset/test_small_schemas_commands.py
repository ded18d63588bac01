"""Local commands with schemas that have nothing of the repository's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from sayso.adjudication.candidates import collect_candidates
from sayso.adjudication.majority import decide_by_majority
from sayso.checks import check_annotation
from sayso.corpus.sources import CorpusFiles
from sayso.models import Annotation, Mention
from tests.command_line import run_sayso
from tests.schema.small_corpus import TEXT, make_corpus
from tests.schema.small_schemas import FRAMES, SCHEMAS, SPANS_ONLY, read_schema


@pytest.mark.slow
@pytest.mark.parametrize("name", SCHEMAS)
def test_local_commands_end_well(name: str, tmp_path: Path) -> None:
    checkout = make_corpus(tmp_path, SCHEMAS[name])
    for words in (("agreement",), ("disagreements",), ("report",), ("suggest",)):
        done = run_sayso(checkout.root, *words)
        assert done.returncode == 0, (words, done.stderr)
        assert "Claim" not in done.stdout + done.stderr


def test_agreement_has_the_figures_of_a_frame(tmp_path: Path) -> None:
    checkout = make_corpus(tmp_path, FRAMES)
    done = run_sayso(checkout.root, "agreement", "--json")
    assert '"Party.whole"' in done.stdout, done.stderr
    assert '"Party.tuple"' not in done.stdout


def test_what_nothing_fills_is_not_asked_and_named_once(tmp_path: Path) -> None:
    checkout = make_corpus(tmp_path, FRAMES)
    done = run_sayso(checkout.root, "suggest")
    assert done.returncode == 0
    for name in ("names", "numbers", "places", "cues"):
        assert done.stderr.count(f"{name}: not asked; no label of schema.yaml") == 1
    named = run_sayso(checkout.root, "suggest", "--with", "numbers")
    assert named.returncode == 2 and "no label of schema.yaml has" in named.stderr


def mark(name: str, words: str) -> Mention:
    start = TEXT.index(words)
    end = start + len(words)
    return Mention(id=name, label="Statute", start=start, end=end, text=words)


@pytest.mark.parametrize(
    ("overlap", "inner", "checks", "kept"),
    [
        ("forbid", "500", {"same-label-overlap"}, 0),
        ("nest", "500", set(), 2),
        ("nest", "Klägerin zahlt 500", {"same-label-overlap"}, 0),
        ("allow", "Klägerin zahlt 500", set(), 2),
    ],
)
def test_check_and_majority_follow_the_overlap_of_a_label(
    tmp_path: Path, overlap: str, inner: str, checks: set[str], kept: int
) -> None:
    text = SPANS_ONLY.replace("Statute: {", f"Statute: {{overlap: {overlap}, ", 1)
    schema = read_schema(tmp_path, text)
    checkout = make_corpus(tmp_path / "corpus", text)
    first = next(iter(CorpusFiles(checkout.root).annotations()))
    mentions = sorted((mark("a", "500 Euro"), mark("b", inner)), key=lambda m: (m.start, -m.end))
    annotations = [
        Annotation(
            **{
                **{name: getattr(first, name) for name in Annotation.__struct_fields__},
                "annotator": annotator,
                "mentions": tuple(mentions),
            }
        )
        for annotator in ("ann-1", "ann-2")
    ]
    found = {finding.check for finding in check_annotation(annotations[0], TEXT, schema)}
    assert found == checks
    candidates = collect_candidates(annotations, schema)
    decision = decide_by_majority(candidates, TEXT, schema, lambda _decision: ())
    assert len(decision.mentions) == kept
