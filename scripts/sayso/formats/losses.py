"""The kinds of thing that a format may be unable to hold."""

from __future__ import annotations

from collections import Counter
from enum import Enum


class Loss(Enum):
    """A kind of thing that a format cannot hold: what it belongs to, and its description."""

    DOCUMENT_NOT_XML = ("document", "documents with control characters, which XML cannot hold")
    TEXT = ("document", "texts")
    METADATA = ("document", "metadata of documents")
    DOCUMENT_NOTES = ("document", "notes on documents")
    ANSWERS = ("document", "answers to questions about the document")
    UNKNOWN_ITEMS = ("document", "items that the schema does not know")
    MENTION_SPLITS_TOKEN = ("mention", "mentions whose edges are not those of tokens")
    MENTION_CROSSES_SENTENCE = ("mention", "mentions that go on into another sentence")
    MENTION_OVERLAPS_LABEL = ("mention", "mentions that overlap another of their label")
    MENTION_BREAK_AT_EDGE = ("mention", "mentions that begin or end with a line break or a tab")
    LABEL_NOT_COLUMN = ("mention", "mentions whose label cannot name a column")
    LABEL_NOT_BRAT = ("mention", "mentions whose label is not of letters, digits, _ and -")
    LABEL_NOT_XML = ("mention", "mentions whose label XML cannot hold")
    ATTRIBUTES = ("attribute", "attributes")
    FLAGS = ("attribute", "flags")
    MENTION_NOTES = ("attribute", "notes on mentions")
    STARTED_FROM = ("attribute", "marks that a mention was taken over from a prediction")
    DECISIONS = ("attribute", "decisions and votes")
    RELATIONS = ("relation", "relations")
    RELATION_NOT_BRAT = ("relation", "relations whose type is not of letters, digits, _ and -")
    RELATION_LOOSE = ("relation", "relations whose mention is excluded")

    def __init__(self, subject: str, description: str) -> None:
        self.subject, self.description = subject, description


Losses = Counter[Loss]
