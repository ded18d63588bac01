"""One line for each column and configuration, for the tables of the card."""

from __future__ import annotations

from sayso.dataset import features
from sayso.schema import column_names
from sayso.schema.declarations import Attribute, Schema

_ROW_DESCRIPTIONS = {
    "gold": "a document with its text and its adjudicated mentions and relations, nested; null "
    "until it is adjudicated.",
    "articles": "a document with its text and metadata.",
    "answers": "a document with one annotator's answers to the questions about it, or with those "
    "of gold, flat.",
    "annotations": "one annotator's annotation of one document in one pass, nested.",
    "mentions": "a mention: a span of text with its label, its sentence and all attributes, flat.",
    "relations": "a relation with the mentions at both its ends, flat.",
    "tokens": "a sentence of one annotation, as tokens with their offsets and one column of tags "
    "for each label.",
}

_COLUMN_DESCRIPTIONS = {
    "doc_id": "Stable name of the document.",
    "title": "As published.",
    "outlet": "Publisher.",
    "url": "Address.",
    "published": "Time of publication, ISO 8601 as received.",
    "language": "BCP 47.",
    "license": "SPDX identifier, or `unknown`.",
    "source_name": "Name of the file that the text came in.",
    "split": "Fixed when the document was ingested, by its cluster of near-duplicates.",
    "ingested": "Day of ingestion.",
    "text_sha256": "SHA-256 of the text's UTF-8.",
    "text_read": "SHA-256 of the earlier text that was annotated, if the annotation was carried "
    "over from it; else null.",
    "text": "Verbatim, as received; every offset counts its code points.",
    "campaign": "The campaign of the annotation.",
    "interface": "The pass; for gold the pass that was adjudicated.",
    "annotator": "Pseudonym, stable across versions.",
    "annotator_kind": "What the annotator is: `human` or `program`; null for gold.",
    "annotator_role": "`annotator`, or `adjudicator` for an adjudicator's answer beside those of "
    "the annotators; null for gold.",
    "changed_by": "Pseudonym of whoever else saved the annotation after its annotator, unless "
    "nothing changed; else null. Such annotations are in no figure of agreement.",
    "reading": "The annotator's pseudonym, or `gold` for the result of adjudication.",
    "answer": "1, or 2 and so on if an annotator annotated the document again in the same pass.",
    "schema_version": "The schema that was in force.",
    "guidelines_version": "The guidelines that the annotator had; null if not recorded.",
    "status": "`submitted` or `skipped`; skipped ones are in no other configuration.",
    "created": "As the server gave it.",
    "updated": "When the content last changed, by the server's clock.",
    "lead_time_seconds": "Time taken, as the server measured it.",
    "started_from": "What the annotator started from: nothing, a prediction, or an annotation.",
    "unseen": "True if it was taken over from a prediction without anybody looking at it. Such "
    "annotations are neither compared nor adjudicated.",
    "adjudicated": "True if the document has been adjudicated.",
    "adjudicated_on": "Time of adjudication.",
    "adjudicator": "Pseudonym of the adjudicator; null if a rule decided (unanimity or majority).",
    "adjudicator_kind": "What the adjudicator is: `human` or `program`; null if a rule decided, or "
    "if it was not recorded.",
    "annotators": "The annotators whose annotations were adjudicated.",
    "annotator_kinds": "Each kind among these annotators once; empty if it was not recorded.",
    "declined": "Mentions of annotators that gold did not take, with their votes.",
    "declined_relations": "Relations that gold did not take; an end may be a declined mention.",
    "answers": "The answers to the questions about the document, by question; null where none was "
    "given.",
    "answer_decisions": "How each answer was decided, and the annotators who gave exactly it.",
    "declined_answers": "Answers of annotators that gold did not take, by question, with their "
    "votes.",
    "mentions": "Labelled spans with attributes.",
    "relations": "Typed arrows between mentions, by their ids.",
    "note": "A remark in words.",
    "kept": "Items from Label Studio that the schema does not know, with the reason; `item` is "
    "JSON.",
    "origin": "System, project, task and number of the annotation, and its server's random id.",
    "mention_id": "Unique in its annotation.",
    "head_id": "Id of the mention that the relation starts from, unique in its annotation.",
    "head_label": "Its label.",
    "head_start": "Offset of its first code point.",
    "head_end": "Offset after its last code point.",
    "head_text": "Its text.",
    "head_attributes": "Its attributes.",
    "tail_id": "Id of the mention that the relation leads to, unique in its annotation.",
    "tail_label": "Its label.",
    "tail_start": "Offset of its first code point.",
    "tail_end": "Offset after its last code point.",
    "tail_text": "Its text.",
    "tail_attributes": "Its attributes.",
    "label": "Label of the mention.",
    "start": "Offset of the first code point.",
    "end": "Offset after the last code point.",
    "sentence": "The sentence of the mention; all of them if it crosses sentences.",
    "sentence_start": "Offset of the sentence's first code point.",
    "sentence_end": "Offset after the sentence's last code point.",
    "sentence_index": "Counts from 0 in the document.",
    "type": "Type of the relation.",
    "decided": "For gold: unanimous, majority or adjudicated; null if it was not recorded.",
    "tokens": "Runs of letters and digits; every other sign alone.",
    "token_starts": "Offset of each token's first code point in the document.",
    "token_ends": "Offset after each token's last code point.",
    "misaligned": "Mentions that the tags do not give exactly: `inside_token` (tagged on every "
    "token it touches), `overlap` (not tagged: an earlier one of its label has the token), "
    "`past_sentence` (goes on in the next row), `no_token` (white space alone).",
}
_CONFIG_DESCRIPTIONS = {
    ("gold", "mentions"): "The adjudicated mentions; null until the document is adjudicated.",
    ("gold", "relations"): "Relations between mentions, by their ids; null until adjudicated.",
    ("gold", "campaign"): "The campaign that was adjudicated.",
    (
        "gold",
        "answers",
    ): "The adjudicated answers to the questions about the document, by question; "
    "null until adjudicated.",
    ("answers", "text"): "The text of the document, verbatim.",
    ("answers", "decided"): "For gold, by question: unanimous, majority or adjudicated; else null.",
    ("mentions", "text"): "The slice of the document.",
    ("mentions", "started_from"): "`prediction` if taken over from one, unchanged or changed.",
    ("tokens", "sentence"): "The sentence.",
}


def describe_row(config: str, schema: Schema) -> str:
    """Return what one row of a configuration is."""
    if frame := _find_frame(config, schema):
        names = ", ".join(f"`{name}`" for name in schema.relations_from(frame))
        return (
            f"a mention labelled {frame} with the mentions at the other ends of its relations: "
            f"{names or 'none'}."
        )
    symmetric = [name for name, each in schema.relations.items() if each.symmetric]
    if config == "relations" and symmetric:
        names = ", ".join(f"`{name}`" for name in symmetric)
        return (
            f"{_ROW_DESCRIPTIONS[config]} One of {names} holds in both directions and is one row; "
            "its head is the mention that comes first in the text."
        )
    return _ROW_DESCRIPTIONS[config]


def describe_column(config: str, column: str, schema: Schema) -> str:
    """Return the description of a column of a configuration.

    Raises:
        KeyError: it has none; a test makes sure that this does not happen.
    """
    special = "mentions" if _find_frame(config, schema) else config
    if (special, column) in _CONFIG_DESCRIPTIONS:
        return _CONFIG_DESCRIPTIONS[special, column]
    return {**_COLUMN_DESCRIPTIONS, **_describe_schema_columns(config, schema)}[column]


def _find_frame(config: str, schema: Schema) -> str | None:
    frames = {column_names.pluralise(frame): frame for frame in schema.frames}
    return frames.get(config)


def _describe_schema_columns(config: str, schema: Schema) -> dict[str, str]:
    flags = " ".join(f"`{name}`," for name in schema.flags)
    common = {"flag": f"{flags} or null." if flags else "Null: the schema has no flags."}
    if config == "mentions":
        return common | _describe_mention_columns(schema)
    if frame := _find_frame(config, schema):
        return common | _describe_frame_columns(frame, schema)
    if config == "answers":
        return {name: _describe_value(question) for name, question in schema.questions.items()}
    if config == "tokens":
        return {
            column_names.tags_column_name(label): f"`B`, `I` or `O` for {label}; "
            "null if the pass did not show that label."
            for label in schema.labels
        }
    return common


def _describe_mention_columns(schema: Schema) -> dict[str, str]:
    crosswalk = features.crosswalk_columns(schema).items()
    return {
        **{
            column_names.attribute_column_name(
                label, name
            ): f"{label}: {_describe_value(attribute)}"
            for label, declaration in schema.labels.items()
            for name, attribute in declaration.attributes.items()
        },
        **{
            name: f"Code of `{column.source_column}` in {name.split('_')[-1].upper()}."
            for name, column in crosswalk
        },
    }


def _describe_value(attribute: Attribute) -> str:
    """Return the definition of an attribute or question, with its unit."""
    return attribute.definition + (f" In {attribute.unit}." if attribute.unit else "")


def _describe_frame_columns(frame: str, schema: Schema) -> dict[str, str]:
    columns = {
        column_names.frame_id_column(frame): "The mention's id, unique in its annotation.",
        **{name: _describe_value(each) for name, each in schema.labels[frame].attributes.items()},
    }
    for name, (column, labels) in features.frame_relation_columns(schema, frame).items():
        relations = {each for label in labels for each in schema.relations_from(label)}
        onward = ", ".join(f"`{each}`" for each in schema.relations if each in relations)
        columns[column] = (
            f"{schema.relations[name].definition} "
            f"Mentions labelled {' or '.join(labels)}, in order of the text."
            f"{f' Of each, {onward} are the ids that these relations lead to.' if onward else ''}"
        )
    return columns
