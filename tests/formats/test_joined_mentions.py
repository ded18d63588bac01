"""Mentions in parts and chains of coreference: relations of the schema, and other formats' own."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cassis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.corpus.sources import CorpusFiles
from sayso.formats.losses import Loss
from sayso.models import Annotation, AttributeValue, Mention, Relation, sort_mentions
from sayso.schema.symmetry import orient_relations
from sayso.settings import Checkout
from tests.command_line import run_sayso, run_sayso_ok
from tests.dataset.samples import make_annotation, write_corpus
from tests.formats.schema_annotations import (
    DOCUMENT,
    TEXT,
    annotations_of,
    describe_mentions,
    describe_relations,
)
from tests.formats.test_own_schemas import BOTH_WAYS, load, make_project, read_in, write_out
from tests.schema.small_schemas import CONTRACTS, JOINED

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its models are declared as an older pydantic had it
    import bratly
    from bratly.io import parse_ann_file

Described = Iterable[tuple[str, int, int]]


def make_person(name: str, words: str, **attributes: AttributeValue) -> Mention:
    start = TEXT.index(words)
    return Mention(
        id=name,
        label="Person",
        start=start,
        end=start + len(words),
        text=words,
        attributes={"minor": False, **attributes},
    )


ANN, BOB, MORE = make_person("a", "Ann"), make_person("b", "Bob"), make_person("c", "more")
CHAIN = tuple(Relation(type="part_of_name", head=one, tail=other) for one, other in ("ab", "bc"))


def annotate(*mentions: Mention, relations: Iterable[Relation]) -> Annotation:
    by_id = {mention.id: mention for mention in mentions}
    oriented = tuple(orient_relations(relations, by_id, load(JOINED)))
    return make_annotation(
        DOCUMENT, *sort_mentions(mentions), relations=oriented, schema_version="1.0.0"
    )


def read_lines(folder: Path) -> list[str]:
    return (folder / "a.b.ann").read_text(encoding="utf-8").splitlines()


def find_entities(relations: Described) -> set[frozenset[int]]:
    """Return the starts of mentions that are one entity, by an oracle of its own."""
    found: list[set[int]] = []
    for kind, head, tail in relations:
        if kind == "same_as":
            near = [each for each in found if each & {head, tail}]
            found = [each for each in found if each not in near]
            found.append({head, tail}.union(*near))
    return set(map(frozenset, found))


@pytest.mark.slow
@pytest.mark.parametrize("name", BOTH_WAYS)
@given(data=st.data())
def test_parts_and_chains_come_back(name: str, data: st.DataObject) -> None:
    schema = load(JOINED)
    annotation = data.draw(annotations_of(schema))
    with tempfile.TemporaryDirectory() as folder:
        losses = write_out(name, annotation, schema, Path(folder, "out"))
        found = read_in(name, Path(folder, "out"), schema)
    if name == "conll":
        assert losses[Loss.RELATIONS] == len(annotation.relations)
        return
    assert losses == {}
    assert describe_mentions(found) == describe_mentions(annotation)
    there, before = describe_relations(found), describe_relations(annotation)
    if name == "brat":  # which says who is one entity, and not by which relations
        assert find_entities(there) == find_entities(before)
        there, before = (
            [each for each in relations if each[0] != "same_as"] for relations in (there, before)
        )
    assert there == before


def test_brat_has_one_line_for_a_mention_in_parts(tmp_path: Path) -> None:
    schema, whole = load(JOINED), annotate(ANN, BOB, MORE, relations=CHAIN)
    assert write_out("brat", whole, schema, tmp_path / "out") == {}
    lines = read_lines(tmp_path / "out")
    assert lines == ["T1\tPerson 0 3;17 20;44 48\tAnn Bob more", "A1\tPerson_minor T1 false"]
    page = parse_ann_file("\n".join(lines), "a.b.ann", renumerotize=False, no_duplicates=False)
    (mention,) = [a for a in page.annotations if isinstance(a, bratly.EntityAnnotation)]
    assert [(each.start, each.end) for each in mention.fragments] == [(0, 3), (17, 20), (44, 48)]
    found = read_in("brat", tmp_path / "out", schema)
    assert describe_mentions(found) == describe_mentions(whole)
    assert describe_relations(found) == [("part_of_name", 0, 17), ("part_of_name", 17, 44)]


@pytest.mark.parametrize(
    "mentions",
    [
        (ANN, make_person("b", "Bob", born="1990-01-31"), MORE),  # said of one part
        (ANN, BOB, make_person("c", "Bob, of")),  # parts that overlap
        (ANN, BOB, make_person("c", "Paid"), make_person("d", "more.")),
    ],
)
def test_parts_that_brat_cannot_join_stay_mentions_with_a_relation(
    mentions: tuple[Mention, ...], tmp_path: Path
) -> None:
    relations = CHAIN
    if len(mentions) == 4:  # only a line break lies between
        relations = (Relation(type="part_of_name", head="d", tail="c"),)
    schema, whole = load(JOINED), annotate(*mentions, relations=relations)
    assert write_out("brat", whole, schema, tmp_path / "out") == {}
    assert sum(line.startswith("R") for line in read_lines(tmp_path / "out")) == len(relations)
    found = read_in("brat", tmp_path / "out", schema)
    assert describe_mentions(found) == describe_mentions(whole)
    assert describe_relations(found) == describe_relations(whole)


def test_brat_has_an_equivalence_for_a_chain(tmp_path: Path) -> None:
    star = [Relation(type="same_as", head="c", tail=tail) for tail in "ab"]
    schema, whole = load(JOINED), annotate(ANN, BOB, MORE, relations=star)
    assert write_out("brat", whole, schema, tmp_path / "out") == {}
    assert read_lines(tmp_path / "out")[-1] == "*\tEquiv T1 T2 T3"
    configuration = (tmp_path / "out" / "annotation.conf").read_text(encoding="utf-8")
    assert "Equiv\tArg1:Person, Arg2:Person, <REL-TYPE>:symmetric-transitive\n" in configuration
    found = read_in("brat", tmp_path / "out", schema)
    assert describe_relations(found) == [("same_as", 0, 17), ("same_as", 17, 44)]


BRAT_LINES = (
    "T1\tPerson 0 3;17 20\tAnn Bob",
    "T2\tPerson 4 9\tSmith",
    "T3\tPerson 44 48\tmore",
    "*\tEquiv T1 T3 T2",
)


def import_brat(
    checkout: Checkout, folder: Path, *words: str, lines: Iterable[str] = BRAT_LINES
) -> tuple[str, int, list[Annotation]]:
    folder.mkdir(exist_ok=True)
    (folder / "d.txt").write_text(TEXT, encoding="utf-8")
    (folder / "d.ann").write_text("".join(f"{line}\n" for line in lines))
    options = ("--annotator", "ann-7", "--campaign", "theirs", "--pass", "all")
    done = run_sayso(checkout.root, "import", "--from", "brat", str(folder), *options, *words)
    return done.stderr, done.returncode, list(CorpusFiles(checkout.root).annotations())


def test_parts_and_chains_come_in_as_the_relations_that_the_schema_declares(tmp_path: Path) -> None:
    checkout = make_project(tmp_path / "joined", JOINED)
    messages, code, (found,) = import_brat(checkout, tmp_path / "brat")
    assert code == 0, messages
    assert [(m.id, m.text) for m in found.mentions] == [
        ("T1", "Ann"),
        ("T2", "Smith"),
        ("T1.2", "Bob"),
        ("T3", "more"),
    ]
    assert [(r.type, r.head, r.tail) for r in found.relations] == [
        ("part_of_name", "T1", "T1.2"),
        ("same_as", "T1", "T2"),
        ("same_as", "T2", "T3"),
    ]


def test_without_such_relations_they_are_refused_or_kept(tmp_path: Path) -> None:
    checkout = make_project(tmp_path / "contracts", CONTRACTS)
    messages, code, there = import_brat(checkout, tmp_path / "brat")
    assert (code, there) == (9, [])
    assert "1 chains of coreference that the schema has no relation for" in messages
    assert "1 mentions in parts that the schema has no relation to join" in messages
    messages, code, (found,) = import_brat(checkout, tmp_path / "brat", "--lossy")
    assert code == 0, messages
    assert [m.id for m in found.mentions] == ["T2", "T3"]
    assert [kept.item for kept in found.kept] == [
        {
            "id": "T1",
            "label": "Person",
            "parts": [
                {"start": 0, "end": 3, "text": "Ann"},
                {"start": 17, "end": 20, "text": "Bob"},
            ],
        },
        {"type": "Equiv", "mentions": ["T1", "T2", "T3"]},
    ]


def test_an_equivalence_with_something_else_is_kept(tmp_path: Path) -> None:
    checkout = make_project(tmp_path / "joined", JOINED)
    lines = (*BRAT_LINES, "*\tEquiv T2 T9 T3", "*\tEquiv T8 T9")
    messages, code, there = import_brat(checkout, tmp_path / "brat", lines=lines)
    assert (code, there) == (9, []) and "2 equivalences of what is no mention" in messages
    _messages, code, (found,) = import_brat(checkout, tmp_path / "brat", "--lossy", lines=lines)
    assert [kept.item["mentions"] for kept in found.kept] == [["T2", "T9", "T3"], ["T8", "T9"]]
    assert [(r.type, r.head, r.tail) for r in found.relations][1:] == [
        ("same_as", "T1", "T2"),
        ("same_as", "T2", "T3"),
    ]


def test_a_map_names_or_excludes_parts_and_chains(tmp_path: Path) -> None:
    checkout = make_project(tmp_path / "contracts", CONTRACTS)
    words = ("--map", "fragments=", "--map", "Equiv=kin")
    messages, code, (found,) = import_brat(checkout, tmp_path / "brat", *words)
    assert code == 0, messages
    assert [(r.type, r.head, r.tail) for r in found.relations] == [
        ("kin", "T1", "T2"),
        ("kin", "T2", "T3"),
    ]
    assert "T1.2" in {mention.id for mention in found.mentions}


def test_a_chain_goes_on_beside_a_mention_that_is_left_out(tmp_path: Path) -> None:
    checkout = make_project(tmp_path / "joined", JOINED)
    path = tmp_path / "theirs.jsonl"
    mentions = [
        {"id": m.id, "label": "X" if m is BOB else "Person", "start": m.start, "end": m.end}
        for m in (ANN, BOB, MORE)
    ]
    pairs = [
        {"type": "coref", "head": one, "tail": other, "joins": "coreference"}
        for one, other in ("ab", "bc")
    ]
    line = {"doc_id": "d", "text": TEXT, "mentions": mentions, "relations": pairs}
    path.write_text(json.dumps(line) + "\n", encoding="utf-8")
    options = ("--annotator", "ann-7", "--pass", "all", "--map", "X=")
    run_sayso_ok(checkout.root, "import", "--from", "jsonl", str(path), *options)
    (found,) = CorpusFiles(checkout.root).annotations()
    assert [(r.type, r.head, r.tail) for r in found.relations] == [("same_as", "a", "c")]


def write_dkpro_chain(folder: Path, *, last: tuple[int, int] | None = None) -> Path:
    """Write a chain of three links, and perhaps a last one, as DKPro and WebAnno have it."""
    prefix = "de.tudarmstadt.ukp.dkpro.core.api.coref.type"
    types = cassis.TypeSystem()
    link = types.create_type(f"{prefix}.CoreferenceLink")
    chain = types.create_type(f"{prefix}.CoreferenceChain", supertypeName="uima.cas.AnnotationBase")
    types.create_feature(link, "next", link)
    types.create_feature(link, "referenceType", "uima.cas.String")
    types.create_feature(chain, "first", link)
    cas = cassis.Cas(typesystem=types)
    cas.sofa_string, cas.sofa_mime = TEXT, "text/plain"
    following: Any = None
    spans = [(mention.start, mention.end) for mention in (MORE, BOB, ANN)]
    for start, end in (last, *spans) if last else spans:
        following = link(begin=start, end=end, next=following)
        cas.add(following)
    cas.add(chain(first=following))
    folder.mkdir()
    types.to_xml(folder / "TypeSystem.xml")
    cas.to_xmi(folder / "d.xmi")
    return folder


def test_chains_of_dkpro_come_in(tmp_path: Path) -> None:
    folder = write_dkpro_chain(tmp_path / "xmi")
    options = ("--annotator", "a", "--pass", "all", "--map", "CoreferenceLink=Person")
    words = ("--from", "webanno", str(folder), *options)
    without = make_project(tmp_path / "contracts", CONTRACTS)
    refused = run_sayso(without.root, "import", *words)
    assert refused.returncode == 9
    assert "cannot hold 1 chains of coreference that the schema has no relation" in refused.stderr
    checkout = make_project(tmp_path / "joined", JOINED)
    run_sayso_ok(checkout.root, "import", *words)
    (found,) = CorpusFiles(checkout.root).annotations()
    assert describe_relations(found) == [("same_as", 0, 17), ("same_as", 17, 44)]


def test_a_link_to_nothing_is_kept(tmp_path: Path) -> None:
    folder = write_dkpro_chain(tmp_path / "xmi", last=(50, 50))
    options = ("--annotator", "a", "--pass", "all", "--map", "CoreferenceLink=Person")
    words = ("--from", "webanno", str(folder), *options)
    checkout = make_project(tmp_path / "joined", JOINED)
    refused = run_sayso(checkout.root, "import", *words)
    assert "1 links of chains to what is no mention" in refused.stderr
    run_sayso_ok(checkout.root, "import", *words, "--lossy")
    (found,) = CorpusFiles(checkout.root).annotations()
    assert [kept.reason for kept in found.kept] == ["a link of a chain to what is no mention"]
    assert len(found.relations) == 2


def test_an_export_knows_the_parts_by_the_schema(tmp_path: Path) -> None:
    checkout = make_project(tmp_path / "joined", JOINED)
    write_corpus(checkout.root, [DOCUMENT], [annotate(ANN, BOB, MORE, relations=CHAIN)])
    out = tmp_path / "out"
    run_sayso_ok(checkout.root, "export", "--to", "brat", "--out", str(out))
    assert read_lines(out)[0] == "T1\tPerson 0 3;17 20;44 48\tAnn Bob more"
