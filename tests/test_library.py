"""The library: open any corpus, follow mentions and relations, get results as tables."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import sayso
from sayso.corpus.released import WITHHELD
from sayso.corpus.sources import CorpusFiles
from sayso.errors import InputError, UsageError
from sayso.models import Annotation, GoldMention, Mention, Relation, sha256
from sayso.settings import Checkout
from tests.command_line import run_sayso_ok
from tests.conftest import REPOSITORY
from tests.corpus.sample_items import TEXT, make_annotation, make_document, make_gold, write_corpus

ATTRIBUTES = {
    "type": "strike",
    "attribution": "indirect",
    "certainty": "certain",
    "polarity": "positive",
}
MENTIONS: tuple[dict[str, Any], ...] = (
    {
        "id": "c",
        "label": "Claim",
        "start": 0,
        "end": 15,
        "text": "Two drones fell",
        "attributes": ATTRIBUTES,
    },
    {
        "id": "n",
        "label": "Count",
        "start": 0,
        "end": 10,
        "text": "Two drones",
        "attributes": {
            "kind": "exact",
            "lower": 2,
            "upper": 2,
            "thing": "uav",
            "outcome": "destroyed",
        },
    },
    {
        "id": "p",
        "label": "Count",
        "start": 0,
        "end": 3,
        "text": "Two",
        "attributes": {
            "kind": "exact",
            "lower": 2,
            "upper": 2,
            "thing": "uav",
            "outcome": "destroyed",
        },
    },
)
RELATIONS = (
    Relation(type="part_of", head="p", tail="n"),
    Relation(type="quantity", head="c", tail="n"),
    Relation(type="quantity", head="c", tail="p"),
)


def annotate(doc_id: str, annotator: str, **fields: Any) -> Annotation:
    full = {"mentions": tuple(Mention(**each) for each in MENTIONS), "relations": RELATIONS}
    return make_annotation(doc_id, annotator, **{**full, **fields})


@pytest.fixture
def root(checkout: Checkout) -> Path:
    """A checkout with two people's annotations, a program's, and gold of one document."""
    moved = (Mention(**{**MENTIONS[1], "start": 4, "text": "drones"}),)
    annotations = [
        annotate("a", "ann-1"),
        annotate("a", "ann-2", mentions=moved, relations=()),
        annotate("b", "ann-1"),
        annotate("b", "ann-2"),
        annotate("b", "draft", kind="program"),
    ]
    decided = tuple(
        GoldMention(**each, decided="majority", votes=("ann-1", "ann-2")) for each in MENTIONS
    )
    write_corpus(checkout.root, annotations, [make_gold("a", mentions=decided)])
    return checkout.root


@pytest.fixture
def corpus(root: Path) -> sayso.Corpus:
    return sayso.open(root)


def test_items_hold_everything_of_a_document(corpus: sayso.Corpus) -> None:
    first, second, third = corpus.items()
    assert (first.document.doc_id, first.document.text) == ("a", TEXT)
    assert [each.annotator for each in first.annotations] == ["ann-1", "ann-2"]
    assert [each.annotator for each in second.predictions] == ["draft"]
    assert first.gold and first.gold.campaign == "pilot" and not second.gold
    assert (second.gold.claims, second.gold.campaign, second.gold.relations) == ([], None, [])
    assert third.annotations == third.predictions == third.golds == []
    assert [sentence.text for sentence in first.sentences] == [TEXT]


def test_mentions_by_label_and_attribute(corpus: sayso.Corpus) -> None:
    gold = next(corpus.items()).gold
    assert [mention.text for mention in gold.mentions()] == ["Two drones fell", "Two drones", "Two"]
    assert gold.claims == gold.mentions("Claim") and gold.cues == []
    assert [mention.id for mention in gold.mentions("Count", thing="uav", lower=2)] == ["n", "p"]
    assert gold.mentions(polarity="negative") == gold.mentions("Count", lower=3) == []
    (claim,) = gold.claims
    assert (claim.type, claim["type"], claim.attributes["certainty"], claim.label) == (
        "strike",
        "strike",
        "certain",
        "Claim",
    )
    assert (claim.decided, claim.votes) == ("majority", ("ann-1", "ann-2"))
    assert (claim.span, claim.sentence.text, str(claim)) == (
        (0, 15),
        TEXT,
        "<Claim 'Two drones fell' [0, 15)>",
    )


def test_relations_in_both_directions(corpus: sayso.Corpus) -> None:
    annotation = next(corpus.items()).annotations[0]
    whole, part = annotation.counts
    (claim,) = annotation.claims
    assert part.related("part_of") == [whole] and whole.related("part_of") == []
    assert whole.related("part_of", reverse=True) == [part]
    assert claim.related("quantity") == claim.related() == [whole, part]
    assert whole.related(reverse=True) == [claim, part]
    assert next((each.type, each.head, each.tail) for each in annotation.relations) == (
        "part_of",
        part,
        whole,
    )
    assert len({whole, part, *annotation.mentions("Count")}) == 2


def test_wrong_names_are_errors(corpus: sayso.Corpus) -> None:
    gold = next(corpus.items()).gold
    with pytest.raises(
        UsageError, match="no label 'Speaker'; choose from Actor, Location, Count, Claim, Cue"
    ):
        gold.mentions("Speaker")
    with pytest.raises(UsageError, match="no attribute 'colour' of Claim"):
        gold.mentions("Claim", colour="red")
    with pytest.raises(UsageError, match="no relation 'says'"):
        gold.claims[0].related("says")
    with pytest.raises(AttributeError, match="no label with the plural 'speakers'"):
        gold.speakers  # noqa: B018
    with pytest.raises(AttributeError, match="labelled Claim has no attribute 'lower'"):
        gold.claims[0].lower  # noqa: B018
    with pytest.raises(UsageError, match="no label Speaker"):
        list(corpus.items(label="Speaker"))
    with pytest.raises(UsageError, match="no pass_name second; choose from names, claims, all"):
        list(corpus.items(pass_name=["all", "second"]))
    with pytest.raises(UsageError, match="no kind machine"):
        list(corpus.items(kind="machine"))
    with pytest.raises(TypeError, match="no condition 'labels'"):
        list(corpus.items(labels="Claim"))  # type: ignore[call-arg]
    with pytest.raises(InputError, match="nothing of nobody"):
        list(corpus.items(annotator="nobody"))


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, {"a": 3, "b": 3, "c": 0}),
        ({"campaign": "pilot"}, {"a": 3, "b": 3}),
        ({"annotator": "ann-2"}, {"a": 2, "b": 1}),
        ({"kind": "gold"}, {"a": 1}),
        ({"kind": ["program", "gold"]}, {"a": 1, "b": 1}),
        ({"label": "Claim", "kind": "human"}, {"a": 1, "b": 2}),
        ({"document": ["b", "c"]}, {"b": 3, "c": 0}),
        ({"pass_name": "names"}, {}),
    ],
)
def test_conditions_choose(
    corpus: sayso.Corpus, conditions: dict[str, Any], expected: dict[str, int]
) -> None:
    found = {item.document.doc_id: len(item.item.records) for item in corpus.items(**conditions)}
    assert found == expected


def test_two_annotations_are_compared(corpus: sayso.Corpus) -> None:
    first, second, _third = corpus.items()
    found = sayso.compare(*first.annotations)
    assert sorted(each.kind for each in found) == [
        "boundary",
        "missed",
        "missed",
        "relation",
        "relation",
        "relation",
    ]
    frame = found.to_frame()
    boundary = frame[frame["kind"] == "boundary"].iloc[0]
    assert (boundary["label"], boundary["annotation"], boundary["other"]) == (
        "Count",
        "Two drones",
        "drones",
    )
    same = sayso.compare(*second.annotations)
    assert same == [] and (len(same.agreed_mentions), len(same.agreed_relations)) == (3, 3)
    assert (
        sayso.compare(first.gold, first.annotations[0]) == found[:0] or first.gold.relations == []
    )
    with pytest.raises(UsageError, match="not two annotations of one text"):
        sayso.compare(first.annotations[0], second.gold)


def test_agreement_is_a_table(corpus: sayso.Corpus) -> None:
    (measured,) = sayso.agreement(corpus)
    assert (measured.documents, measured.annotators) == (2, ("ann-1", "ann-2"))
    frame = sayso.agreement(corpus).to_frame().set_index("name")
    assert frame.loc["spans.Claim.exact", "value"] == pytest.approx(2 / 3, abs=1e-6)
    (with_programs,) = sayso.agreement(corpus, programs=True, document="b")
    assert with_programs.annotators == ("ann-1", "ann-2", "draft")


def test_findings_are_a_table(corpus: sayso.Corpus) -> None:
    findings = sayso.check(corpus)
    assert findings and set(findings.to_frame()["doc_id"]) <= {"a", "b", "c"}
    assert set(findings.to_frame().columns) >= {
        "check",
        "severity",
        "message",
        "remedy",
        "start",
        "end",
    }


def test_changes_are_a_table(root: Path, tmp_path: Path) -> None:
    older = tmp_path / "older"
    subprocess.run(["cp", "-r", root, older], check=True)
    corpus = CorpusFiles(root)
    corpus.add_documents([make_document("d")])
    changes = sayso.diff(older, ".", root=root)
    assert changes.bump == "minor"
    assert changes.to_frame()[["kind", "location"]].to_numpy().tolist() == [["document added", "d"]]
    assert (sayso.diff(older, older, root=root), sayso.diff(older, older, root=root).bump) == (
        [],
        None,
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The committed corpus, with gold and people, built anew."""
    folder = tmp_path_factory.mktemp("built")
    subprocess.run(["cp", "-r", REPOSITORY / "schema", folder], check=True)
    decided = tuple(GoldMention(**each, decided="majority", votes=("ann-1",)) for each in MENTIONS)
    gold = make_gold("a", mentions=decided, relations=())
    write_corpus(
        folder,
        [annotate("a", "ann-1"), annotate("a", "ann-2"), annotate("b", "ann-1", note="so")],
        [gold],
    )
    run_sayso_ok(folder, "build")
    return folder


def content(corpus: sayso.Corpus) -> list[Any]:
    return [
        (
            item.document.doc_id,
            item.document.text,
            item.item.records,
            [repr(each) for each in item.annotations],
        )
        for item in corpus.items()
    ]


def test_a_release_reads_as_the_checkout_that_it_was_built_from(
    built: Path, tmp_path: Path
) -> None:
    subprocess.run(["cp", "-r", built / "corpus", tmp_path / "release"], check=True)
    release = sayso.open(tmp_path / "release")
    assert content(release) == content(sayso.open(built))
    assert sayso.open(built / "corpus").schema == sayso.open(built).schema
    gold = next(release.items()).gold
    assert [mention.text for mention in gold.claims] == ["Two drones fell"] and gold.claims[
        0
    ].thing is None
    with pytest.raises(UsageError, match="does not hold its schema"):
        sayso.agreement(release)
    measured = sayso.agreement(
        sayso.open(tmp_path / "release", schema=built / "schema/schema.yaml")
    )
    assert [each.documents for each in measured] == [1]
    assert sayso.check(sayso.open(built / "corpus")).to_frame()["check"].tolist()


def test_a_loaded_dataset_is_a_corpus(built: Path, tmp_path: Path) -> None:
    from datasets import load_dataset

    def load(name: str) -> sayso.Corpus:
        return sayso.open(load_dataset(str(built / "corpus"), name, cache_dir=str(tmp_path)))

    checkout = list(sayso.open(built).items())
    gold = list(load("gold").items())
    assert [(item.document.doc_id, item.document.text) for item in gold] == [
        (name, TEXT) for name in "abc"
    ]
    assert [item.item.gold for item in gold] == [item.item.gold for item in checkout]
    assert [item.document.doc_id for item in load("gold").items(campaign="pilot")] == ["a"]
    annotated = list(load("annotations").items())
    assert [item.item.all_annotations for item in annotated] == [
        item.item.all_annotations for item in checkout[:2]
    ]
    assert annotated[0].annotations[0].claims[0].sentence is None, "this configuration has no texts"
    assert [item.document.title for item in load("articles").items()] == [None] * 3
    with pytest.raises(InputError, match="no documents in the columns"):
        load("mentions")
    split = load_dataset(str(built / "corpus"), "gold", cache_dir=str(tmp_path))["train"]
    shuffled = sayso.open(split.shuffle(seed=1))
    assert [item.document.doc_id for item in shuffled.items()] == sorted(split["doc_id"])


def test_withheld_words_are_blocks(built: Path, tmp_path: Path) -> None:
    subprocess.run(["cp", "-r", built, tmp_path / "some"], check=True)
    run_sayso_ok(tmp_path / "some", "build", environment={"SAYSO_TEXTS": "none"})
    first = next(sayso.open(tmp_path / "some" / "corpus").items())
    assert (first.document.text, first.sentences) == ("", [])
    assert [mention.text for mention in first.gold.claims] == [WITHHELD * 15]


ANY_SCHEMA = """
version: 1.0.0
interfaces:
  main: {title: T, definition: D, labels: [Company, CasualtyFigure], relations: true}
labels:
  Company:
    definition: A firm.
    colour: "#112233"
    hotkey: a
    attributes:
      text: {kind: text, definition: A name that a view has already.}
  CasualtyFigure: {definition: A number., colour: "#112233", hotkey: b}
flags: {}
relations:
  reports: {head: Company, tail: CasualtyFigure, definition: R}
"""


def test_any_schema_will_do(tmp_path: Path) -> None:
    (tmp_path / "schema").mkdir()
    (tmp_path / "schema" / "schema.yaml").write_text(ANY_SCHEMA, encoding="utf-8")
    mentions = (
        Mention(id="f", label="CasualtyFigure", start=0, end=3, text="Two"),
        Mention(
            id="w",
            label="Company",
            start=4,
            end=10,
            text="drones",
            attributes={"text": "Drones Ltd"},
        ),
    )
    relations = (Relation(type="reports", head="w", tail="f"),)
    write_corpus(
        tmp_path,
        [make_annotation("a", "x", interface="main", mentions=mentions, relations=relations)],
        [],
        "a",
    )
    (annotation,) = next(sayso.open(tmp_path).items()).annotations
    (company,) = annotation.companies
    assert (company.text, company["text"]) == ("drones", "Drones Ltd")
    assert company.related("reports") == annotation.casualty_figures
    assert annotation.casualty_figures[0].related("reports", reverse=True) == [company]


def test_what_is_no_corpus_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with pytest.raises(InputError, match="neither a checkout nor a release folder"):
        sayso.open(REPOSITORY / "tests")
    with pytest.raises(InputError, match=r"no data/articles/\*\.parquet here"):
        sayso.open(tmp_path)


def test_views_survive_a_copy(corpus: sayso.Corpus) -> None:
    gold = next(corpus.items()).gold
    assert pickle.loads(pickle.dumps(gold)).claims[0].text == gold.claims[0].text


def test_every_public_name_is_there_and_documented() -> None:
    for name in sayso.__all__:
        assert getattr(sayso, name).__doc__, name
        assert name in dir(sayso)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        sayso.nothing  # noqa: B018


def test_functions_that_are_packages_too() -> None:
    from sayso.agreement import comparisons
    from sayso.diff import corpus_diff

    assert comparisons.__name__ == "sayso.agreement.comparisons" and callable(sayso.agreement)
    assert corpus_diff.__name__ == "sayso.diff.corpus_diff" and callable(sayso.diff)


def test_importing_loads_next_to_nothing() -> None:
    program = "import sys; old = set(sys.modules); import sayso; print(*set(sys.modules) - old)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()
    assert [name for name in loaded if name.startswith("sayso")] == ["sayso"]
    opening = "import sayso, sys; list(sayso.open('.').items()); print(*sys.modules)"
    opened = subprocess.run(
        [sys.executable, "-c", opening], capture_output=True, text=True, check=True, cwd=REPOSITORY
    ).stdout.split()
    assert {"numpy", "pyarrow", "pandas", "datasets", "label_studio_sdk", "httpx"}.isdisjoint(
        opened
    )


def test_the_text_of_a_sentence_is_that_of_the_dataset() -> None:
    import pyarrow.parquet as pq

    rows = pq.read_table(REPOSITORY / "corpus" / "data" / "claims").to_pylist()
    sentences = {
        (item.document.doc_id, *sentence)
        for item in sayso.open(REPOSITORY).items()
        for sentence in item.sentences
    }
    assert rows and all(
        (row["doc_id"], row["sentence_start"], row["sentence_end"], row["sentence"]) in sentences
        for row in rows
    )


def test_sha256_is_checked(corpus: sayso.Corpus) -> None:
    assert all(sha256(item.document.text) == item.document.text_sha256 for item in corpus.items())
