"""A checkout with one of the small schemas, two documents, two annotators and gold."""

from __future__ import annotations

from pathlib import Path

from sayso import jsonl
from sayso.corpus.sources import CorpusFiles
from sayso.models import (
    Annotation,
    AttributeValue,
    Document,
    Gold,
    GoldAnswer,
    GoldMention,
    GoldRelation,
    Mention,
    Relation,
    sha256,
    sort_relations,
)
from sayso.schema.declarations import Attribute, Schema
from sayso.schema.symmetry import orient_relations
from sayso.settings import Checkout, find_checkout
from tests.schema.small_schemas import read_schema

TEXT = "Die Klägerin zahlt 500 Euro.\nDer Beklagte zahlt 200 Euro davon."
SPANS = [("Klägerin", 0), ("500 Euro", -1), ("Beklagte", 0), ("200 Euro", -1)]
"""Words, and the label of the schema by its place."""


def make_value(attribute: Attribute, number: int) -> AttributeValue:
    """Return one of the values that an attribute or question allows."""
    names = list(attribute.values)
    found: dict[str, AttributeValue] = {
        "boolean": bool(number % 2),
        "integer": 100 * number,
        "number": number + 0.5,
        "date": f"2025-11-{number + 1:02}",
        "text": f"Nr. {number}",
        "choices": tuple(names[: 1 + number % 2]),
    }
    return found[attribute.kind] if attribute.kind in found else names[number % len(names)]


def make_mentions(schema: Schema) -> tuple[Mention, ...]:
    """Mark the spans, each with all attributes of its label."""
    labels = list(schema.labels)
    mentions = []
    for number, (words, at) in enumerate(SPANS if labels else ()):
        start = TEXT.index(words)
        mentions.append(
            Mention(
                id=f"m{number}",
                label=labels[at],
                start=start,
                end=start + len(words),
                text=words,
                attributes={
                    name: make_value(attribute, number)
                    for name, attribute in schema.labels[labels[at]].attributes.items()
                },
            )
        )
    return tuple(mentions)


def make_relations(schema: Schema, mentions: tuple[Mention, ...]) -> tuple[Relation, ...]:
    """Draw each relation of the schema between the first and between the last fitting mentions."""
    relations = []
    for name, declared in schema.relations.items():
        heads = [mention.id for mention in mentions if mention.label in declared.heads]
        tails = [mention.id for mention in mentions if mention.label in declared.tails]
        pairs = [(heads[0], tails[0]), (heads[-1], tails[-1])]
        if declared.heads == declared.tails:
            pairs = [(heads[-1], tails[0])]
        relations += [Relation(type=name, head=head, tail=tail) for head, tail in pairs]
    by_id = {mention.id: mention for mention in mentions}
    return sort_relations(orient_relations(relations, by_id, schema))


def make_gold_answers(schema: Schema, number: int) -> tuple[GoldAnswer, ...]:
    """Answer each question about the document as gold does."""
    return tuple(
        GoldAnswer(
            question=name, value=make_value(each, number), decided="majority", votes=("ann-1",)
        )
        for name, each in schema.questions.items()
    )


def make_corpus(folder: Path, schema_text: str) -> Checkout:
    """Write the schema, the documents, annotations of ann-1 and ann-2, and gold of the first."""
    schema = read_schema(folder, schema_text)
    (folder / "corpus").mkdir()
    checkout = find_checkout(folder)
    corpus = CorpusFiles(folder)
    documents = [
        Document(
            doc_id=f"d{number}",
            language="de",
            license="unknown",
            source_name="x.txt",
            split="train",
            ingested="2025-11-01",
            text_sha256=sha256(TEXT),
            text=TEXT,
        )
        for number in range(2)
    ]
    jsonl.write(corpus.articles_folder / "articles-00000.jsonl", documents)
    mentions = make_mentions(schema)
    relations = make_relations(schema, mentions)
    for annotator, shown in (("ann-1", mentions), ("ann-2", mentions[1:])):
        ids = {mention.id for mention in shown}
        lines = [
            Annotation(
                doc_id=document.doc_id,
                text_sha256=document.text_sha256,
                campaign="pilot",
                interface=next(iter(schema.interfaces)),
                annotator=annotator,
                annotator_kind="human",
                schema_version=schema.version,
                status="submitted",
                created="2025-11-01T00:00:00Z",
                updated="2025-11-01T00:00:00Z",
                mentions=shown,
                relations=tuple(r for r in relations if {r.head, r.tail} <= ids),
                answers={
                    name: make_value(question, len(shown))
                    for name, question in schema.questions.items()
                },
            )
            for document in documents
        ]
        jsonl.write(folder / "corpus" / "annotations" / "pilot" / f"{annotator}.jsonl", lines)
    gold = Gold(
        doc_id="d0",
        text_sha256=documents[0].text_sha256,
        campaign="pilot",
        interface=next(iter(schema.interfaces)),
        schema_version=schema.version,
        adjudicated="2025-11-02T00:00:00Z",
        decided="majority",
        annotators=("ann-1", "ann-2"),
        annotator_kinds=("human",),
        mentions=tuple(
            GoldMention(
                **{name: getattr(each, name) for name in Mention.__struct_fields__},
                decided="majority",
                votes=("ann-1",),
            )
            for each in mentions
        ),
        relations=tuple(
            GoldRelation(
                type=each.type, head=each.head, tail=each.tail, decided="majority", votes=("ann-1",)
            )
            for each in relations
        ),
        answers=make_gold_answers(schema, len(mentions)),
        declined_answers=make_gold_answers(schema, len(mentions) + 1),
    )
    jsonl.write(folder / "corpus" / "gold" / "pilot.jsonl", [gold])
    return checkout
