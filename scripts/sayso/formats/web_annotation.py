"""Web Annotation (W3C): DOC.txt and DOC.jsonld, a page of annotations, for each document; documents.jsonl beside them.

A mention is an Annotation with two selectors on the text, by position (code points) and by quotation; its label is a
body with the purpose ``classifying``, its attributes are one of JSON with the purpose ``describing``, its note one for
``commenting``. A relation is an Annotation with the motivation ``linking``, from its target, the head, to its body.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from sayso.errors import UsageError
from sayso.formats.annotated_documents import (
    ALL_CONTENT,
    KEPT_PARTS,
    AnnotatedDocument,
    FormatMention,
    FormatRelation,
    Losses,
    drop_unheld,
    sort_document,
)
from sayso.formats.format_registry import ExportContent, ImportContext

CONTEXT = "http://www.w3.org/ns/anno.jsonld"
_CONTEXT_LENGTH = 32  # code points of context that a quotation carries on either side


class WebAnnotationFormat:
    """Everything but what was kept apart."""

    suffix = ""
    holds_everything = False
    needs_vocabulary = False

    def fit(self, annotated: AnnotatedDocument, losses: Losses) -> AnnotatedDocument:
        """All but what was kept apart."""
        return sort_document(drop_unheld(annotated, ALL_CONTENT - {KEPT_PARTS}, losses))

    def write(self, target: Path, content: ExportContent) -> None:
        """The folder."""
        with (target / "documents.jsonl").open("wb") as side:
            for reading in content.documents:
                (target / f"{reading.doc_id}.txt").write_bytes(reading.text.encode())
                (target / f"{reading.doc_id}.jsonld").write_bytes(
                    _encode_line(_build_page(reading))
                )
                known = {"doc_id": reading.doc_id, **reading.about}
                side.write(
                    _encode_line(
                        known | ({"note": reading.note} if reading.note is not None else {})
                    )
                )

    def read(self, path: Path, context: ImportContext) -> Iterator[AnnotatedDocument]:
        """Not offered: any graph is valid JSON-LD, and a reader that takes only ours would promise too much.

        Raises:
            UsageError: always.
        """
        raise UsageError("w3c goes out only", remedy="bring readings in as jsonl")


def _encode_line(value: object) -> bytes:
    return msgspec.json.encode(value) + b"\n"


@lru_cache(maxsize=4096)
def _quote(name: str) -> str:
    return quote(name, safe="")


def _build_page(reading: AnnotatedDocument) -> dict[str, Any]:
    page = f"{_quote(reading.doc_id)}.jsonld"
    common = (
        {"creator": f"urn:sayso:annotator:{reading.about['annotator']}"}
        if "annotator" in reading.about
        else {}
    )
    items = [
        *(_build_mention(reading, m, page) for m in reading.mentions),
        *(_build_relation(r, page) for r in reading.relations),
    ]
    return {
        "@context": CONTEXT,
        "id": page,
        "type": "AnnotationPage",
        "items": [{**each, **common} for each in items],
    }


def _build_mention(reading: AnnotatedDocument, mention: FormatMention, page: str) -> dict[str, Any]:
    text, start, end = reading.text, mention.start, mention.end
    quotation = {"type": "TextQuoteSelector", "exact": mention.text}
    quotation |= {
        "prefix": text[max(0, start - _CONTEXT_LENGTH) : start],
        "suffix": text[end : end + _CONTEXT_LENGTH],
    }
    return {
        "id": _mention_iri(page, mention.id),
        "type": "Annotation",
        "motivation": "classifying",
        "body": [_text_body("classifying", mention.label), *_describe_mention(mention)],
        "target": {
            "source": f"{_quote(reading.doc_id)}.txt",
            "selector": [{"type": "TextPositionSelector", "start": start, "end": end}, quotation],
        },
    }


def _describe_mention(mention: FormatMention) -> Iterator[dict[str, Any]]:
    known: dict[str, Any] = {"attributes": mention.attributes} if mention.attributes else {}
    known |= {
        name: value
        for name in ("flag", "started_from", "decided")
        if (value := getattr(mention, name))
    }
    known |= {"votes": list(mention.votes)} if mention.votes else {}
    if known:
        yield _json_body(known)
    if mention.note is not None:
        yield _text_body("commenting", mention.note)


def _json_body(known: dict[str, Any]) -> dict[str, Any]:
    value = msgspec.json.encode(known, order="deterministic").decode()
    return {**_text_body("describing", value), "format": "application/json"}


def _build_relation(relation: FormatRelation, page: str) -> dict[str, Any]:
    decided = (
        {"decided": relation.decided, "votes": list(relation.votes)} if relation.decided else None
    )
    described = [_json_body(decided)] if decided else []
    tail = {
        "type": "SpecificResource",
        "source": _mention_iri(page, relation.tail),
        "purpose": "linking",
    }
    return {
        "id": f"{page}#{'/'.join(map(_quote, (relation.type, relation.head, relation.tail)))}",
        "type": "Annotation",
        "motivation": "linking",
        "body": [_text_body("classifying", relation.type), tail, *described],
        "target": _mention_iri(page, relation.head),
    }


def _text_body(purpose: str, value: str) -> dict[str, Any]:
    return {"type": "TextualBody", "purpose": purpose, "value": value}


def _mention_iri(page: str, mention: str) -> str:
    return f"{page}#{_quote(mention)}"


FORMAT = WebAnnotationFormat()
