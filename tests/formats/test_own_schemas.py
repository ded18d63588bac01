"""Whatever a schema can say goes out and comes in again, or is counted and refused."""

from __future__ import annotations

import csv
import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import cassis
import conllu
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from pyld import jsonld
from spacy.tokens import DocBin

from sayso.corpus.sources import CorpusFiles
from sayso.escaping import restore_formula
from sayso.formats.annotated_documents import ExportContent, Vocabulary
from sayso.formats.corpus_export import describe_document
from sayso.formats.format_registry import EXPORT_FORMATS, IMPORT_FORMATS, ImportContext, find_format
from sayso.formats.label_mapping import MappedAnnotation, map_to_schema
from sayso.formats.losses import Loss, Losses
from sayso.labelstudio.codec import encode_result
from sayso.models import Annotation, AttributeValue, Gold, GoldAnswer, Mention, Relation
from sayso.schema.declarations import Schema
from sayso.settings import Checkout, find_checkout
from tests.command_line import run_sayso, run_sayso_ok
from tests.dataset.samples import make_annotation, write_corpus
from tests.formats.schema_annotations import (
    DOCUMENT,
    TEXT,
    annotations_of,
    describe_mentions,
    describe_relations,
    describe_values,
)
from tests.formats.test_labelstudio_export import build_task
from tests.formats.test_reference_libraries import OA, load_w3c_context
from tests.schema.small_schemas import CONTRACTS, QUESTIONS_ONLY, read_schema, write_schema

BOTH_WAYS = sorted(EXPORT_FORMATS.keys() & IMPORT_FORMATS.keys())
ANSWERS: dict[str, AttributeValue] = {
    "topic": "rent",
    "areas": ("civil", "tax"),
    "urgent": False,
    "ruled_on": "2024-02-29",
    "costs": -12.5,
    "hearings": 3,
    "gist": "Ann pays, “now”.",
}
ANN = Mention(
    id="a",
    label="Person",
    start=0,
    end=3,
    text="Ann",
    attributes={"roles": ("plaintiff", "witness"), "minor": True, "born": "1990-01-31"},
)
ACME = Mention(id="b", label="Company", start=25, end=29, text="Acme", attributes={"form": "gmbh"})
SUM = Mention(
    id="c",
    label="Payment",
    start=35,
    end=40,
    text="12.50",
    attributes={"amount": 12.5, "instalments": 1},
)
KIN = Relation(type="kin", head="a", tail="b")
FULL = make_annotation(
    DOCUMENT, ANN, ACME, SUM, relations=(KIN,), answers=ANSWERS, schema_version="1.0.0"
)


@cache
def load(text: str) -> Schema:
    with tempfile.TemporaryDirectory() as folder:
        return read_schema(Path(folder), text)


def write_out(name: str, record: Annotation | Gold, schema: Schema, target: Path) -> Losses:
    """Write a record in a format; return what was lost."""
    format, losses, vocabulary = find_format(name), Losses(), Vocabulary()
    fitted = format.fit(describe_document(DOCUMENT, record, schema), losses)
    documents = [fitted] if fitted else []
    for each in documents:
        vocabulary.add_document(each)
    if not format.suffix:
        target.mkdir()
    format.writer().write(target, ExportContent(documents, vocabulary, schema))
    return +losses


def read_in(name: str, path: Path, schema: Schema, **labels: str) -> MappedAnnotation:
    """Read what was written; nothing may be lost."""
    context = ImportContext(labels=labels, schema=schema, pass_name="all")
    (annotated,) = find_format(name).read(path, context)
    mapped = map_to_schema(annotated, schema, context)
    assert (annotated.text, +context.losses) == (TEXT, {})
    return mapped


@pytest.mark.slow
@pytest.mark.parametrize("text", [CONTRACTS, QUESTIONS_ONLY], ids=["contracts", "questions"])
@pytest.mark.parametrize("name", BOTH_WAYS)
@given(data=st.data())
def test_everything_comes_back_as_it_was(name: str, text: str, data: st.DataObject) -> None:
    schema = load(text)
    annotation = data.draw(annotations_of(schema))
    with tempfile.TemporaryDirectory() as folder:
        losses = write_out(name, annotation, schema, Path(folder, "out"))
        found = read_in(name, Path(folder, "out"), schema)
    assert describe_values(found.answers) == describe_values(annotation.answers)
    spans, expected = describe_mentions(found), describe_mentions(annotation)
    if name != "conll":
        assert losses == {}
        assert spans == expected
        assert describe_relations(found) == describe_relations(annotation)
    else:
        assert [span[:3] for span in spans] == [span[:3] for span in expected]
        attributes = sum(len(mention.attributes) for mention in annotation.mentions)
        assert losses[Loss.ATTRIBUTES] == attributes
        assert losses[Loss.RELATIONS] == len(annotation.relations)


@pytest.mark.slow
@pytest.mark.parametrize("text", [CONTRACTS, QUESTIONS_ONLY], ids=["contracts", "questions"])
@given(data=st.data())
def test_an_export_of_label_studio_comes_in_as_it_was(text: str, data: st.DataObject) -> None:
    schema = load(text)
    annotation = data.draw(annotations_of(schema))
    result = encode_result(
        annotation.mentions, annotation.relations, schema, answers=annotation.answers
    )
    with tempfile.TemporaryDirectory() as folder:
        checkout = make_project(Path(folder, "project"), text)
        path = Path(folder, "export.json")
        path.write_text(json.dumps([build_task(*result, text=TEXT)]))
        context = ImportContext(schema=schema, pass_name="all", checkout=checkout)
        (annotated,) = find_format("labelstudio").read(path, context)
        found = map_to_schema(annotated, schema, context)
    assert (+context.losses, found.kept) == ({}, ())
    assert describe_values(found.answers) == describe_values(annotation.answers)
    assert describe_mentions(found) == describe_mentions(annotation)
    assert describe_relations(found) == describe_relations(annotation)


def test_a_spreadsheet_has_a_table_of_answers(tmp_path: Path) -> None:
    assert write_out("csv", FULL, load(CONTRACTS), tmp_path / "out") == {}
    found = {}
    for name in ("answers", "mentions"):
        with (tmp_path / "out" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            found[name] = list(csv.DictReader(file))
    assert {row["question"]: restore_formula(row["value"]) for row in found["answers"]} == {
        "topic": "rent",
        "areas": "civil, tax",
        "urgent": "false",
        "ruled_on": "2024-02-29",
        "costs": "-12.5",
        "hearings": "3",
        "gist": "Ann pays, “now”.",
    }
    assert {row["doc_id"] for row in found["answers"]} == {"a.b"}
    ann, _acme, paid = found["mentions"]
    assert (ann["Person.roles"], ann["Person.minor"]) == ("plaintiff, witness", "true")
    assert (paid["Payment.amount"], paid["Payment.instalments"]) == ("12.5", "1")


@pytest.mark.slow
def test_spacy_has_choices_as_categories(tmp_path: Path) -> None:
    assert write_out("spacy", FULL, load(CONTRACTS), tmp_path / "out") == {}
    path = tmp_path / "out" / "00000.spacy"
    (doc,) = DocBin().from_disk(path).get_docs(spacy.blank("en").vocab)
    assert doc.cats == {
        "topic.rent": 1.0,
        "topic.labour": 0.0,
        "areas.civil": 1.0,
        "areas.criminal": 0.0,
        "areas.tax": 1.0,
        "urgent": 0.0,
    }
    answers = dict(doc.user_data["answers"])
    assert describe_values(answers) == describe_values(ANSWERS)
    known = doc.user_data["mentions"]["a"]["attributes"]
    assert describe_values(known) == describe_values(ANN.attributes)


@pytest.mark.slow
def test_web_annotations_classify_the_whole_document(tmp_path: Path) -> None:
    assert write_out("w3c", FULL, load(CONTRACTS), tmp_path / "out") == {}
    (page,) = jsonld.expand(
        json.loads((tmp_path / "out" / "a.b.jsonld").read_text()),
        {"documentLoader": load_w3c_context, "base": "https://example.org/x/"},
    )
    value = "http://www.w3.org/1999/02/22-rdf-syntax-ns#value"
    found: dict[str, Any] = {}
    words: dict[str, list[str]] = {}
    for each in page["http://www.w3.org/ns/activitystreams#items"][0]["@list"]:
        if each[f"{OA}hasTarget"] != [{"@id": "https://example.org/x/a.b.txt"}]:
            continue
        bodies: dict[str, list[str]] = {}
        for body in each[f"{OA}hasBody"]:
            purpose = body[f"{OA}hasPurpose"][0]["@id"].removeprefix(OA)
            bodies.setdefault(purpose, []).append(body[value][0]["@value"])
        assert each[f"{OA}motivatedBy"] == [{"@id": f"{OA}classifying"}]
        known = json.loads(bodies["describing"][0])
        found[known["question"]] = known["value"]
        words[known["question"]] = bodies["classifying"]
    assert found == {**ANSWERS, "areas": ["civil", "tax"]}
    assert (words["areas"], words["urgent"], words["costs"]) == (
        ["civil", "tax"],
        ["false"],
        ["-12.5"],
    )


def test_brat_knows_which_relations_are_symmetric(tmp_path: Path) -> None:
    pays = Relation(type="pays", head="b", tail="c")
    both = make_annotation(DOCUMENT, ANN, ACME, SUM, relations=(KIN, pays))
    write_out("brat", both, load(CONTRACTS), tmp_path / "out")
    configuration = (tmp_path / "out" / "annotation.conf").read_text(encoding="utf-8")
    assert "kin\tArg1:Person, Arg2:Company, <REL-TYPE>:symmetric\n" in configuration
    assert "pays\tArg1:Company, Arg2:Payment\n" in configuration


@pytest.mark.slow
def test_uima_has_typed_features_and_answers_without_offsets(tmp_path: Path) -> None:
    assert write_out("webanno", FULL, load(CONTRACTS), tmp_path / "out") == {}
    types = cassis.load_typesystem(tmp_path / "out" / "TypeSystem.xml")
    cas = cassis.load_cas_from_xmi(tmp_path / "out" / "a.b.xmi", typesystem=types)
    ann, _acme, paid = cas.select("webanno.custom.Mention")
    assert ann.Person_roles.elements == ["plaintiff", "witness"]
    assert (ann.Person_minor, ann.Person_born) == (True, "1990-01-31")
    assert (paid.Payment_amount, paid.Payment_instalments) == (12.5, 1)
    answers = [each for each in cas.select_all_fs() if each.type.name == "webanno.custom.Answer"]
    assert {each.question: each.value for each in answers} == {
        **ANSWERS,
        "areas": "civil, tax",
        "urgent": "false",
        "costs": "-12.5",
        "hearings": "3",
    }
    assert not any(hasattr(each, "begin") for each in answers)


def test_conllu_has_answers_in_a_comment(tmp_path: Path) -> None:
    losses = write_out("conll", FULL, load(CONTRACTS), tmp_path / "out")
    assert losses == {Loss.ATTRIBUTES: 6, Loss.RELATIONS: 1}
    first = conllu.parse((tmp_path / "out").read_text(encoding="utf-8"))[0]
    whole = json.loads(first.metadata["document"])
    assert {each["question"]: each["value"] for each in whole["answers"]} == {
        **ANSWERS,
        "areas": ["civil", "tax"],
    }


def test_votes_on_answers_go_out(tmp_path: Path) -> None:
    answer = GoldAnswer(question="topic", value="rent", decided="majority", votes=("ann-1",))
    gold = Gold(
        doc_id=DOCUMENT.doc_id,
        text_sha256=DOCUMENT.text_sha256,
        campaign="trial",
        schema_version="1.0.0",
        adjudicated="2025-11-03",
        annotators=("ann-1",),
        answers=(answer,),
    )
    lossless = EXPORT_FORMATS.keys() - {"conll", "spacy"}
    for name in sorted(lossless):
        assert write_out(name, gold, load(QUESTIONS_ONLY), tmp_path / name) == {}
        paths = [path for path in (tmp_path / name, *(tmp_path / name).glob("*")) if path.is_file()]
        assert any(b"majority" in path.read_bytes() for path in paths), name
    assert write_out("spacy", gold, load(QUESTIONS_ONLY), tmp_path / "spacy") == {}
    bin = DocBin().from_disk(tmp_path / "spacy" / "00000.spacy")
    (doc,) = bin.get_docs(spacy.blank("en").vocab)
    assert doc.user_data["answers"] == (("topic", "rent", "majority", "ann-1"),)
    losses = write_out("conll", gold, load(QUESTIONS_ONLY), tmp_path / "conll")
    assert losses == {Loss.DECISIONS: 1}


# Through the commands.


@pytest.fixture
def contracts(tmp_path: Path) -> Checkout:
    return make_project(tmp_path / "contracts", CONTRACTS)


def make_project(root: Path, schema: str) -> Checkout:
    write_schema(root, schema)
    (root / "corpus").mkdir()
    return find_checkout(root)


def import_lines(
    checkout: Checkout, folder: Path, *words: str, **fields: Any
) -> tuple[str, list[Annotation]]:
    """Import one line of JSON; return the messages and the annotations that are there then."""
    path = folder / "theirs.jsonl"
    path.write_text(json.dumps({"doc_id": "d", "text": TEXT, **fields}) + "\n", encoding="utf-8")
    options = ("--annotator", "ann-7", "--campaign", "theirs", "--pass", "all")
    done = run_sayso(checkout.root, "import", "--from", "jsonl", str(path), *options, *words)
    return done.stderr, list(CorpusFiles(checkout.root).annotations())


def test_defaults_are_filled_in_but_not_where_a_document_was_skipped(
    contracts: Checkout, tmp_path: Path
) -> None:
    ann = {"label": "Person", "start": 0, "end": 3}
    acme = {"label": "Company", "start": 25, "end": 29, "attributes": {"form": "ag"}}
    _messages, (found,) = import_lines(
        contracts, tmp_path, mentions=[ann, acme], answers={"topic": "rent"}
    )
    assert [mention.attributes for mention in found.mentions] == [{"minor": False}, {"form": "ag"}]
    assert found.answers == {"topic": "rent", "urgent": False}
    _messages, (found,) = import_lines(
        contracts, tmp_path, mentions=[ann], about={"status": "skipped"}
    )
    assert (found.mentions[0].attributes, found.answers) == ({}, {})


def test_a_value_that_the_schema_does_not_know_is_not_replaced_by_the_default(
    contracts: Checkout, tmp_path: Path
) -> None:
    acme = {"label": "Company", "start": 25, "end": 29, "attributes": {"form": "llc"}}
    answers = {"urgent": "perhaps", "hearings": 2.5, "court": "Bonn", "topic": "rent"}
    refused, there = import_lines(contracts, tmp_path, mentions=[acme], answers=answers)
    for what in (
        "1 values of Company.form that the schema does not know",
        "1 answers to 'court'",
        "1 answers to 'urgent' that the schema does not know",
        "1 answers to 'hearings' that the schema does not know",
    ):
        assert what in refused
    assert there == []
    _messages, (found,) = import_lines(
        contracts, tmp_path, "--lossy", mentions=[acme], answers=answers
    )
    assert (found.mentions[0].attributes, found.answers) == ({}, {"topic": "rent"})
    assert [(kept.reason, kept.item["question"]) for kept in found.kept[1:]] == [
        ("a question that the schema does not know", "court"),
        ("a value that the schema does not know", "hearings"),
        ("a value that the schema does not know", "urgent"),
    ]


def test_values_are_taken_as_the_schema_has_them_or_not_at_all(
    contracts: Checkout, tmp_path: Path
) -> None:
    good = {"topic": ["rent"], "hearings": 2.0, "costs": 3, "urgent": "No", "areas": "tax"}
    _messages, (found,) = import_lines(contracts, tmp_path, answers=good)
    assert describe_values(found.answers) == describe_values(
        {"topic": "rent", "areas": ("tax",), "urgent": False, "costs": 3.0, "hearings": 2}
    )
    for question, value in {
        "topic": ["rent", "labour"],
        "gist": ["one", "two"],
        "hearings": 2.5,
        "costs": "nan",
        "ruled_on": "29.2.2024",
        "areas": ["tax", "canon"],
    }.items():
        refused, _there = import_lines(contracts, tmp_path, answers={question: value})
        assert f"1 answers to {question!r} that the schema does not know" in refused


def test_their_categories_are_mapped_to_questions(contracts: Checkout, tmp_path: Path) -> None:
    answers = {"category": "labour", "genre": "news"}
    words = ("--map", "category=topic", "--map", "genre=")
    messages, (found,) = import_lines(contracts, tmp_path, *words, answers=answers)
    assert found.answers == {"topic": "labour", "urgent": False}
    assert "1 mentions, relations and answers excluded by --map" in messages
    assert "0 mentions, 0 relations, 2 answers" in messages


def test_two_answers_to_one_question_are_not_guessed_between(
    contracts: Checkout, tmp_path: Path
) -> None:
    answers = {"category": "labour", "topic": "rent"}
    refused, there = import_lines(contracts, tmp_path, "--map", "category=topic", answers=answers)
    assert "1 second answers to 'topic'" in refused and there == []


def test_comments_of_conllu_are_answers_where_they_are_mapped(
    contracts: Checkout, tmp_path: Path
) -> None:
    path, empty = tmp_path / "theirs.conllu", "\t_" * 8
    comments = "# newdoc id = d\n# genre = rent\n# area = tax\n# area = civil\n# meta = x\n"
    path.write_text(f"{comments}# text = Two\n1\tTwo{empty}\n")
    words = ("--annotator", "a", "--map", "genre=topic", "--map", "area=areas")
    run_sayso_ok(contracts.root, "import", "--from", "conll", str(path), "--pass", "all", *words)
    (found,) = CorpusFiles(contracts.root).annotations()
    assert found.answers == {"topic": "rent", "areas": ("civil", "tax"), "urgent": False}


def test_metadata_layers_of_inception_are_answers(contracts: Checkout, tmp_path: Path) -> None:
    types = cassis.TypeSystem()
    layer = types.create_type("webanno.custom.Ruling", supertypeName="uima.cas.AnnotationBase")
    for name, kind in (("Matter", "String"), ("areas", "StringArray"), ("costs", "Double")):
        types.create_feature(layer, name, f"uima.cas.{kind}")
    cas = cassis.Cas(typesystem=types)
    cas.sofa_string, cas.sofa_mime = TEXT, "text/plain"
    several = types.get_type("uima.cas.StringArray")(elements=["tax", "civil"])
    cas.add(layer(Matter="rent", areas=several, costs=2.5))
    folder = tmp_path / "theirs"
    folder.mkdir()
    types.to_xml(folder / "TypeSystem.xml")
    cas.to_xmi(folder / "d.xmi")
    words = ("--from", "webanno", str(folder), "--annotator", "a", "--pass", "all")
    refused = run_sayso(contracts.root, "import", *words)
    assert refused.returncode == 9 and "1 answers to 'Matter'" in refused.stderr
    run_sayso_ok(contracts.root, "import", *words, "--map", "Matter=topic")
    (found,) = CorpusFiles(contracts.root).annotations()
    assert found.answers == {
        "topic": "rent",
        "areas": ("civil", "tax"),
        "costs": 2.5,
        "urgent": False,
    }


def build_answer(control: str, kind: str, **value: Any) -> dict[str, Any]:
    return {"id": control, "from_name": control, "to_name": "body", "type": kind, "value": value}


def test_answers_of_other_projects_are_mapped_to_questions(
    contracts: Checkout, tmp_path: Path
) -> None:
    answers = (
        build_answer("sentiment", "choices", choices=["labour"]),
        build_answer("fields", "choices", choices=["tax", "civil"]),
        build_answer("price", "number", number=12),
        build_answer("haste", "choices", choices=["yes"]),
        build_answer("day", "datetime", datetime="2024-02-29"),
        build_answer("summary", "textarea", text=["Ann pays."]),
    )
    path = tmp_path / "export.json"
    path.write_text(json.dumps([build_task(*answers, text=TEXT)]))
    words = ("--from", "labelstudio", str(path), "--pass", "all", "--annotator", "a")
    refused = run_sayso(contracts.root, "import", *words)
    assert refused.returncode == 9 and "1 answers to 'sentiment'" in refused.stderr
    ours = ("topic", "areas", "costs", "urgent", "ruled_on", "gist")
    pairs = (f"{theirs['id']}={name}" for theirs, name in zip(answers, ours, strict=True))
    maps = [word for pair in pairs for word in ("--map", pair)]
    run_sayso_ok(contracts.root, "import", *words, *maps)
    (found,) = CorpusFiles(contracts.root).annotations()
    assert found.answers == {
        "topic": "labour",
        "areas": ("civil", "tax"),
        "urgent": True,
        "ruled_on": "2024-02-29",
        "costs": 12.0,
        "gist": "Ann pays.",
    }


def test_an_answer_that_our_own_control_cannot_hold_gets_no_default(
    contracts: Checkout, tmp_path: Path
) -> None:
    path = tmp_path / "export.json"
    wrong = build_answer("question_urgent", "choices", choices=["perhaps"])
    path.write_text(json.dumps([build_task(wrong, text=TEXT)]))
    words = ("--from", "labelstudio", str(path), "--pass", "all", "--annotator", "a", "--lossy")
    run_sayso_ok(contracts.root, "import", *words)
    (found,) = CorpusFiles(contracts.root).annotations()
    assert (found.answers, len(found.kept)) == ({}, 1)
    for was_cancelled, answers in ((False, {"urgent": False}), (True, {})):
        path.write_text(json.dumps([build_task(text=TEXT, was_cancelled=was_cancelled)]))
        run_sayso_ok(contracts.root, "import", *words)
        (found,) = CorpusFiles(contracts.root).annotations()
        assert found.answers == answers


def test_a_symmetric_relation_comes_in_one_direction_and_once(
    contracts: Checkout, tmp_path: Path
) -> None:
    ann = {"id": "z", "label": "Person", "start": 0, "end": 3}
    acme = {"id": "a", "label": "Company", "start": 25, "end": 29}
    both = [{"type": "kin", "head": one, "tail": other} for one, other in ("za", "az")]
    messages, (found,) = import_lines(contracts, tmp_path, mentions=[acme, ann], relations=both)
    assert found.relations == (Relation(type="kin", head="z", tail="a"),)
    assert "1 relations that were there twice" in messages


def test_a_project_of_questions_goes_out_and_in_by_the_commands(tmp_path: Path) -> None:
    checkout = make_project(tmp_path / "rulings", QUESTIONS_ONLY)
    answered = make_annotation(
        DOCUMENT, answers={"topic": "labour", "urgent": True}, schema_version="1.0.0"
    )
    write_corpus(checkout.root, [DOCUMENT], [answered])
    for name in EXPORT_FORMATS:
        out = tmp_path / name
        words = ("--campaign", "trial", "--out", str(out))
        run_sayso_ok(checkout.root, "export", "--to", name, *words)
        if name in IMPORT_FORMATS:
            back = ("--campaign", "back", "--annotator", f"by-{name}", "--pass", "all")
            run_sayso_ok(checkout.root, "import", "--from", name, str(out), *back)
    found = list(CorpusFiles(checkout.root).annotations("back"))
    assert [each.answers for each in found] == [answered.answers] * len(BOTH_WAYS)
