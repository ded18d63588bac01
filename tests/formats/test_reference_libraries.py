"""Exports are opened again with each format's own library, and compared span by span."""

from __future__ import annotations

import csv
import json
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import cassis
import conllu
import pandas
import pytest
import spacy
from pyld import jsonld
from spacy.tokens import DocBin

from sayso.escaping import restore_formula
from sayso.formats.annotated_documents import (
    AnnotatedDocument,
    FormatMention,
    FormatRelation,
    sort_document,
)
from sayso.models import AttributeValue
from tests.formats.sample_documents import (
    collect_spans,
    count_lost_mentions,
    fit_documents,
    load_outside_documents,
    read_json_lines,
    write_documents,
)

pytestmark = pytest.mark.slow

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its models are declared as an older pydantic had it
    import bratly
    from bratly.io import parse_ann_file, read_from_file

SpansByDocument = dict[str, list[tuple[str, int, int, str]]]

FAMILY = "👨\u200d👩\u200d👧"
FALL = f"fell 😀 near {FAMILY} Bel\u0301gorod\tand Сумы"
TEXT = f"\ufeffTwo drones\r\n{FALL}.\r\n\r\nNo “one” was hurt, 1,200 fled.\n"
MENTIONED = (
    ("Count", "Two drones"),
    ("Location", "Bel\u0301gorod"),
    ("Actor", FAMILY),
    ("Location", "Сумы"),
    ("Claim", FALL),
    ("Count", "No “one”"),
    ("Count", "1,200"),
)


def full_document() -> AnnotatedDocument:
    """One that every format holds whole, but for attributes, notes and relations."""
    mentions = []
    for number, (label, words) in enumerate(MENTIONED):
        start = TEXT.index(words)
        attributes: dict[str, AttributeValue] = (
            {"lower": number, "thing": "uav"} if label == "Count" else {"entity": "A  B"}
        )
        mentions.append(
            FormatMention(
                id=f"A_{number}",
                label=label,
                start=start,
                end=start + len(words),
                text=words,
                attributes=attributes,
                note="look" if number == 1 else None,
            )
        )
    relations = (
        FormatRelation(type="where", head="A_4", tail="A_1"),
        FormatRelation(type="source", head="A_4", tail="A_2"),
    )
    about = {"title": "A, “B”\r\nC", "annotator": "ann-1", "language": "en"}
    return sort_document(
        AnnotatedDocument(
            doc_id="d.1", text=TEXT, about=about, mentions=tuple(mentions), relations=relations
        )
    )


def read_with_bratly(folder: Path) -> SpansByDocument:
    """By bratly."""
    found: SpansByDocument = {}
    for path in sorted(folder.glob("*.ann")):
        text = read_from_file(str(path.with_suffix(".txt")))
        page = parse_ann_file(
            read_from_file(str(path)), str(path), renumerotize=False, no_duplicates=False
        )
        found[path.stem] = []
        for each in page.annotations:
            if isinstance(each, bratly.EntityAnnotation):
                start, end = each.fragments[0].start, each.fragments[-1].end
                assert each.content == " ".join(
                    text[piece.start : piece.end] for piece in each.fragments
                )
                found[path.stem].append((each.label, start, end, text[start:end]))
    return found


def read_with_conllu(path: Path) -> SpansByDocument:
    """By conllu, column by column."""
    found: SpansByDocument = {}
    doc_id, text, columns = "", "", list[str]()
    with path.open(encoding="utf-8", newline="\n") as file:
        for sentence in conllu.parse_incr(file):
            if "newdoc id" in sentence.metadata:
                doc_id, text = (
                    sentence.metadata["newdoc id"],
                    json.loads(sentence.metadata["document"])["text"],
                )
                found[doc_id] = []
            columns = columns or [
                name for name in sentence[0] if name not in ("id", "form", "start", "end")
            ]
            assert all(text[int(t["start"]) : int(t["end"])] == t["form"] for t in sentence)
            for column in columns:
                for label, tokens in _collect_runs(sentence, column):
                    start, end = int(tokens[0]["start"]), int(tokens[-1]["end"])
                    found[doc_id].append((label, start, end, text[start:end]))
    return found


def _collect_runs(sentence: Iterable[Any], column: str) -> list[tuple[str, list[Any]]]:
    """Return (label, tokens) of each mention; the tags say the label, as conllu lowers columns."""
    runs: list[tuple[str, list[Any]]] = []
    for token in sentence:
        kind, _, label = token[column].partition("-")
        if kind == "B":
            runs.append((label, [token]))
        elif kind == "I":
            assert runs[-1][0] == label
            runs[-1][1].append(token)
        else:
            assert kind == "O"
    return runs


def read_with_pandas(folder: Path) -> SpansByDocument:
    """By pandas, and by the csv module, which have to agree."""
    options: dict[str, Any] = {"keep_default_na": False, "dtype": str, "encoding": "utf-8"}
    documents, mentions = (
        pandas.read_csv(folder / f"{name}.csv", **options) for name in ("documents", "mentions")
    )
    with (folder / "documents.csv").open(encoding="utf-8", newline="") as file:
        texts = {row["doc_id"]: restore_formula(row["text"]) for row in csv.DictReader(file)}
    read = map(restore_formula, documents["text"])
    assert dict(zip(documents["doc_id"], read, strict=True)) == texts
    found: SpansByDocument = {doc_id: [] for doc_id in texts}
    for row in mentions.to_dict("records"):
        start, end = int(row["start"]), int(row["end"])
        words = restore_formula(row["text"])
        assert texts[row["doc_id"]][start:end] == words
        found[row["doc_id"]].append((row["label"], start, end, words))
    return found


def read_with_json(path: Path) -> SpansByDocument:
    """By the json module."""
    return {
        line["doc_id"]: [
            (m["label"], m["start"], m["end"], m["text"]) for m in line.get("mentions", [])
        ]
        for line in read_json_lines(path)
    }


def read_with_spacy(folder: Path) -> SpansByDocument:
    """By spaCy itself."""
    found: SpansByDocument = {}
    vocab = spacy.blank("en").vocab
    for path in sorted(folder.glob("*.spacy")):
        for doc in DocBin().from_disk(path).get_docs(vocab):
            assert all(
                doc.text[s.start_char : s.end_char] == s.text
                for group in doc.spans.values()
                for s in group
            )
            found[doc.user_data["doc_id"]] = [
                (span.label_, span.start_char, span.end_char, span.text)
                for name, group in doc.spans.items()
                for span in group
                if span.label_ == name
            ]
    return found


OA = "http://www.w3.org/ns/oa#"
_W3C_CONTEXT: dict[str, Any] = {  # the terms of the W3C's context that are used, as it defines them
    "oa": OA,
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "as": "http://www.w3.org/ns/activitystreams#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "id": {"@type": "@id", "@id": "@id"},
    "type": {"@type": "@id", "@id": "@type"},
    "Annotation": "oa:Annotation",
    "AnnotationPage": "as:OrderedCollectionPage",
    "TextualBody": "oa:TextualBody",
    "SpecificResource": "oa:SpecificResource",
    "TextPositionSelector": "oa:TextPositionSelector",
    "TextQuoteSelector": "oa:TextQuoteSelector",
    "classifying": "oa:classifying",
    "commenting": "oa:commenting",
    "describing": "oa:describing",
    "linking": "oa:linking",
    "body": {"@type": "@id", "@id": "oa:hasBody"},
    "target": {"@type": "@id", "@id": "oa:hasTarget"},
    "source": {"@type": "@id", "@id": "oa:hasSource"},
    "selector": {"@type": "@id", "@id": "oa:hasSelector"},
    "motivation": {"@type": "@vocab", "@id": "oa:motivatedBy"},
    "purpose": {"@type": "@vocab", "@id": "oa:hasPurpose"},
    "creator": {"@type": "@id", "@id": "dcterms:creator"},
    "items": {"@type": "@id", "@id": "as:items", "@container": "@list"},
    "exact": {"@id": "oa:exact"},
    "prefix": {"@id": "oa:prefix"},
    "suffix": {"@id": "oa:suffix"},
    "start": {"@type": "xsd:nonNegativeInteger", "@id": "oa:start"},
    "end": {"@type": "xsd:nonNegativeInteger", "@id": "oa:end"},
    "format": {"@id": "dc:format"},
    "value": {"@id": "rdf:value"},
}


def load_w3c_context(url: str, _options: Any) -> dict[str, Any]:
    assert url == "http://www.w3.org/ns/anno.jsonld"
    return {
        "contextUrl": None,
        "documentUrl": url,
        "document": {"@context": _W3C_CONTEXT},
        "contentType": "application/ld+json",
    }


def read_with_pyld(folder: Path) -> SpansByDocument:
    """By pyld: the expanded graph, in the ontology's own terms."""
    found: SpansByDocument = {}
    for path in sorted(folder.glob("*.jsonld")):
        (page,) = jsonld.expand(
            json.loads(path.read_text()),
            {"documentLoader": load_w3c_context, "base": "https://example.org/x/"},
        )
        found[path.stem] = []
        for each in page.get(
            "https://www.w3.org/ns/activitystreams#items",
            page.get("http://www.w3.org/ns/activitystreams#items"),
        )[0]["@list"]:
            assert each["@type"] == [f"{OA}Annotation"]
            (target,) = each[f"{OA}hasTarget"]
            if f"{OA}hasSelector" in target:
                found[path.stem].append(_read_selectors(each, target, folder))
    return found


def _read_selectors(annotation: Any, target: Any, folder: Path) -> tuple[str, int, int, str]:
    source = unquote(target[f"{OA}hasSource"][0]["@id"]).removeprefix("https://example.org/x/")
    text = (folder / source).read_bytes().decode()
    selectors = {each["@type"][0].removeprefix(OA): each for each in target[f"{OA}hasSelector"]}
    start, end = (
        int(selectors["TextPositionSelector"][f"{OA}{edge}"][0]["@value"])
        for edge in ("start", "end")
    )
    exact, prefix, suffix = (
        selectors["TextQuoteSelector"][f"{OA}{name}"][0]["@value"]
        for name in ("exact", "prefix", "suffix")
    )
    assert (
        text[start:end] == exact and text[:start].endswith(prefix) and text[end:].startswith(suffix)
    )
    label = next(
        body["http://www.w3.org/1999/02/22-rdf-syntax-ns#value"][0]["@value"]
        for body in annotation[f"{OA}hasBody"]
        if body[f"{OA}hasPurpose"] == [{"@id": f"{OA}classifying"}]
    )
    return label, start, end, exact


def read_with_cassis(folder: Path) -> SpansByDocument:
    """By dkpro-cassis; and the offsets in the file itself are UTF-16."""
    types = cassis.load_typesystem(folder / "TypeSystem.xml")
    found: SpansByDocument = {}
    for path in sorted(folder.glob("*.xmi")):
        cas = cassis.load_cas_from_xmi(path, typesystem=types)
        found[path.stem] = [
            (each.label, each.begin, each.end, each.get_covered_text())
            for each in cas.select("webanno.custom.Mention")
        ]
    return found


READERS: dict[str, Callable[[Path], SpansByDocument]] = {
    "brat": read_with_bratly,
    "conll": read_with_conllu,
    "csv": read_with_pandas,
    "jsonl": read_with_json,
    "spacy": read_with_spacy,
    "w3c": read_with_pyld,
    "webanno": read_with_cassis,
}


@pytest.mark.parametrize("name", sorted(READERS))
def test_every_span_stands_where_it_stood(name: str, tmp_path: Path) -> None:
    (fitted,), losses = fit_documents(name, [full_document()])
    found = READERS[name](
        write_documents(
            name, [fitted, AnnotatedDocument(doc_id="empty", text="")], tmp_path / "out"
        )
    )
    assert count_lost_mentions(losses) == 0
    expected = collect_spans([full_document()])
    assert {doc_id: sorted(spans) for doc_id, spans in found.items()} in (
        expected,
        expected | {"empty": []},
    )


@pytest.mark.parametrize("name", sorted(READERS))
def test_outside_documents_span_by_span(name: str, tmp_path: Path) -> None:
    outside = load_outside_documents()
    fitted, losses = fit_documents(name, outside)
    found = READERS[name](write_documents(name, fitted, tmp_path / "out"))
    assert {doc_id: sorted(spans) for doc_id, spans in found.items()} == collect_spans(fitted)
    lost = sum(len(each.mentions) for each in outside) - sum(map(len, found.values()))
    assert lost == count_lost_mentions(losses)
    assert lost == 0 or name in ("conll", "spacy")


def test_xmi_counts_in_utf16(tmp_path: Path) -> None:
    (fitted,), _losses = fit_documents("webanno", [full_document()])
    folder = write_documents("webanno", [fitted], tmp_path / "out")
    units = TEXT.encode("utf-16-le")
    from lxml import etree

    marked = (
        etree.parse(folder / "d.1.xmi").getroot().findall("{http:///webanno/custom.ecore}Mention")
    )
    words = {
        units[2 * int(m.get("begin")) : 2 * int(m.get("end"))].decode("utf-16-le") for m in marked
    }
    assert words == {each for _label, each in MENTIONED}


def test_brat_holds_attributes_notes_and_relations(tmp_path: Path) -> None:
    (fitted,), _losses = fit_documents("brat", [full_document()])
    folder = write_documents("brat", [fitted], tmp_path / "out")
    page = parse_ann_file(
        (folder / "d.1.ann").read_text(encoding="utf-8"), "d.1.ann", renumerotize=False
    )
    attributes = {
        (each.component.id, each.label, *each.values)
        for each in page.annotations
        if isinstance(each, bratly.AttributeAnnotation)
    }
    notes = {
        (each.component.id, each.label, each.value)
        for each in page.annotations
        if isinstance(each, bratly.NoteAnnotation)
    }
    relations = {
        (each.label, each.argument1[1].id, each.argument2[1].id)
        for each in page.annotations
        if isinstance(each, bratly.RelationAnnotation)
    }
    for m in fitted.mentions:
        for name, value in m.attributes.items():
            called = f"{m.label}_{name}"
            assert (m.id, called, value) in (attributes if m.label == "Count" else notes)
        assert m.note is None or (m.id, "AnnotatorNotes", m.note) in notes
    assert relations == {(r.type, r.head, r.tail) for r in fitted.relations}


def test_a_docbin_holds_the_rest_beside_the_spans(tmp_path: Path) -> None:
    (fitted,), _losses = fit_documents("spacy", [full_document()])
    folder = write_documents("spacy", [fitted], tmp_path / "out")
    (doc,) = DocBin().from_disk(folder / "00000.spacy").get_docs(spacy.blank("en").vocab)
    assert doc.text == TEXT
    ids = {span.id_: span.text for group in doc.spans.values() for span in group}
    assert ids == {m.id: m.text for m in fitted.mentions}
    assert {name: known["attributes"] for name, known in doc.user_data["mentions"].items()} == {
        m.id: m.attributes for m in fitted.mentions
    }
    assert [tuple(r) for r in doc.user_data["relations"]] == [
        (r.type, r.head, r.tail) for r in fitted.relations
    ]
