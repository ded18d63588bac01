"""What each column means, in one line: for the tables of the card."""

from __future__ import annotations

from sayso.checks.schema_checks import CLAIM
from sayso.dataset import features
from sayso.schema.declarations import Schema

ROW_DESCRIPTIONS = {
    "gold": "a document with its text and what was adjudicated: mentions and relations, nested; null until then.",
    "articles": "a document with its text and all that is known of it.",
    "annotations": "one annotator's full answer to one document in one pass, as it was given, nested.",
    "mentions": "a mention of one reading: a span of text with its label, its sentence and every attribute, flat.",
    "claims": "a claim of one reading, with the mentions that its relations lead to: who says it, in which words, who "
    "did it to whom, where, how many.",
    "tokens": "a sentence of one reading, as tokens with their offsets and one column of tags for each label.",
}
"""What one row of each configuration is."""

_DESCRIPTIONS = {
    "doc_id": "Stable name of the document.",
    "title": "As published.",
    "outlet": "Who published it.",
    "url": "Where.",
    "published": "When: ISO 8601 as received.",
    "language": "BCP 47.",
    "license": "SPDX identifier, or `unknown`.",
    "source_name": "Name of the file that the text came in.",
    "split": "Fixed when the document came in, by its cluster of near-duplicates.",
    "ingested": "When it came in.",
    "text_sha256": "SHA-256 of the text's UTF-8.",
    "text_read": "SHA-256 of the earlier text that was read, where the answer was carried over from it; else null.",
    "text": "Verbatim, as received; every offset counts its code points.",
    "campaign": "The campaign that the answer belongs to.",
    "interface": "The pass that was answered; for gold the one that was adjudicated.",
    "annotator": "Pseudonym, stable across versions.",
    "annotator_kind": "`human`, `program` or `adjudicator`; null for gold.",
    "reading": "Whose: the annotator's pseudonym, or `gold` for what was adjudicated.",
    "answer": "1, or 2 and on where one annotator answered the same pass for the document again.",
    "schema_version": "The schema that was in force.",
    "guidelines_version": "The guidelines that the annotator had; null where nobody recorded it.",
    "status": "`submitted` or `skipped`; a skipped one is in no other configuration.",
    "created": "As the server gave it.",
    "updated": "As the server gave it.",
    "lead_time_seconds": "Time taken, as the server measured it.",
    "started_from": "What the annotator began with: nothing, a prediction, or an earlier answer.",
    "adjudicated": "Whether the document has been adjudicated.",
    "adjudicated_on": "When.",
    "adjudicator": "Who decided, by pseudonym; null where the answers alone did, all the same or by majority.",
    "annotators": "Whose answers were adjudicated.",
    "declined": "Every reading of an annotator that was not taken, with who had marked it just so.",
    "declined_relations": "The same of relations; an end may be a mention that was taken or one that was declined.",
    "mentions": "What was marked.",
    "relations": "Arrows between mentions, by their ids.",
    "note": "A remark in words.",
    "kept": "What came back and the schema does not know, with the reason; `item` holds JSON.",
    "origin": "Where the answer was made.",
    "mention_id": "Unique in its answer.",
    "claim_id": "The mention's id, unique in its answer.",
    "label": "What the mention is.",
    "start": "First code point of the document that belongs to it.",
    "end": "First code point after it.",
    "sentence": "The sentence that it stands in; all of them, from first to last, where it goes across.",
    "sentence_start": "First code point of the sentence.",
    "sentence_end": "First code point after the sentence.",
    "sentence_index": "Counts from 0 in the document.",
    "flag": "`unsure`, `hard_case`, or null.",
    "decided": "For gold: unanimous, majority or adjudicated.",
    "tokens": "Letters and digits together, every other sign alone.",
    "token_starts": "First code point of each token, counted in the document.",
    "token_ends": "First code point after each token.",
    "misaligned": "Mentions that the tags do not give exactly: `inside_token` (tagged on every token it touches), "
    "`overlap` (not tagged: an earlier one of its label has the token), `past_sentence` (goes on in the next row), "
    "`no_token` (white space alone).",
}
_CONFIG_DESCRIPTIONS = {
    ("gold", "mentions"): "What was decided; null until the document is adjudicated.",
    (
        "gold",
        "relations",
    ): "Arrows between mentions, by their ids; null until the document is adjudicated.",
    ("gold", "campaign"): "The campaign that was adjudicated.",
    ("mentions", "text"): "The slice of the document.",
    ("claims", "text"): "The slice of the document.",
    (
        "mentions",
        "started_from",
    ): "Whether it was taken over from a prediction, as it was or changed.",
    (
        "claims",
        "started_from",
    ): "Whether it was taken over from a prediction, as it was or changed.",
    ("tokens", "sentence"): "The sentence.",
}


def describe_column(config: str, column: str, schema: Schema) -> str:
    """What a column of a configuration means.

    Raises:
        KeyError: nobody has said; a test sees to it that this does not happen.
    """
    if (config, column) in _CONFIG_DESCRIPTIONS:
        return _CONFIG_DESCRIPTIONS[config, column]
    made = {
        "mentions": _describe_mention_columns,
        "claims": _describe_claim_columns,
        "tokens": _describe_token_columns,
    }.get(config, _describe_nothing)(schema)
    return made[column] if column in made else _DESCRIPTIONS[column]


def _describe_nothing(_schema: Schema) -> dict[str, str]:
    return {}


def _describe_mention_columns(schema: Schema) -> dict[str, str]:
    found = {
        features.attribute_column_name(label, name): f"{label}: {attribute.definition}"
        for label, declared in schema.labels.items()
        for name, attribute in declared.attributes.items()
    }
    for column, (label, name, _kind, _meaning) in features.crosswalk_columns(schema).items():
        found[column] = (
            f"What `{features.attribute_column_name(label, name)}` corresponds to in {column.split('_')[-1].upper()}."
        )
    return found


def _describe_claim_columns(schema: Schema) -> dict[str, str]:
    attributes = {name: each.definition for name, each in schema.labels[CLAIM].attributes.items()}
    roles = {
        column: f"{schema.relations[name].definition} Mentions labelled {tail}, in order of the text."
        for name, (column, tail) in features.claim_relation_columns(schema).items()
    }
    return {**attributes, **roles}


def _describe_token_columns(schema: Schema) -> dict[str, str]:
    return {
        features.tags_column_name(
            label
        ): f"`B`, `I` or `O` for {label}; null where the pass did not show that label."
        for label in schema.labels
    }
