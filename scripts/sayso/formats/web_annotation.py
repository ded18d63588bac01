"""Web Annotation (W3C): DOC.txt and DOC.jsonld for each document; documents.jsonl beside them.

A mention is an Annotation with two selectors on the text, by position (code points) and by
quotation; its label is a body with the purpose ``classifying``, its attributes are one of JSON with
the purpose ``describing``, its note one for ``commenting``. A relation is an Annotation with the
motivation ``linking``, from its target, the head, to its body. An answer is an Annotation of the
whole text; its values are bodies with the purpose ``classifying``, and the question is in one of
JSON. The format only goes out: any graph
is valid JSON-LD, and a reader of ours alone would promise too much.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from sayso.formats.annotated_documents import (
    AnnotatedDocument,
    ExportContent,
    FormatAnswer,
    FormatMention,
    FormatRelation,
)
from sayso.models import format_value

CONTEXT = "http://www.w3.org/ns/anno.jsonld"
_CONTEXT_LENGTH = 32  # code points that a quotation carries on either side


def write(target: Path, content: ExportContent) -> None:
    """Write the folder."""
    with (target / "documents.jsonl").open("wb") as metadata:
        for each in content.documents:
            (target / f"{each.doc_id}.txt").write_bytes(each.text.encode())
            (target / f"{each.doc_id}.jsonld").write_bytes(_encode_line(_build_page(each)))
            known = {"doc_id": each.doc_id, **each.about}
            metadata.write(_encode_line(known | ({} if each.note is None else {"note": each.note})))


def _encode_line(value: object) -> bytes:
    return msgspec.json.encode(value) + b"\n"


@lru_cache(maxsize=4096)
def _quote(name: str) -> str:
    return quote(name, safe="")


def _build_page(annotated: AnnotatedDocument) -> dict[str, Any]:
    page = f"{_quote(annotated.doc_id)}.jsonld"
    annotator = annotated.about.get("annotator")
    common = {"creator": f"urn:sayso:annotator:{annotator}"} if annotator else {}
    items = [_mention_item(annotated, mention, page) for mention in annotated.mentions]
    items += [_relation_item(relation, page) for relation in annotated.relations]
    items += [_answer_item(annotated, answer, page) for answer in annotated.answers]
    return {
        "@context": CONTEXT,
        "id": page,
        "type": "AnnotationPage",
        "items": [each | common for each in items],
    }


def _mention_item(
    annotated: AnnotatedDocument, mention: FormatMention, page: str
) -> dict[str, Any]:
    text, start, end = annotated.text, mention.start, mention.end
    quotation = {
        "type": "TextQuoteSelector",
        "exact": mention.text,
        "prefix": text[max(0, start - _CONTEXT_LENGTH) : start],
        "suffix": text[end : end + _CONTEXT_LENGTH],
    }
    return {
        "id": _mention_iri(page, mention.id),
        "type": "Annotation",
        "motivation": "classifying",
        "body": [_text_body("classifying", mention.label), *_mention_bodies(mention)],
        "target": {
            "source": _text_iri(annotated),
            "selector": [{"type": "TextPositionSelector", "start": start, "end": end}, quotation],
        },
    }


def _mention_bodies(mention: FormatMention) -> Iterator[dict[str, Any]]:
    known: dict[str, Any] = {"attributes": mention.attributes} if mention.attributes else {}
    known |= {
        name: value
        for name in ("flag", "started_from", "decided")
        if (value := getattr(mention, name))
    }
    known |= {
        name: list(values) for name in ("votes", "amended") if (values := getattr(mention, name))
    }
    if known:
        yield _json_body(known)
    if mention.note is not None:
        yield _text_body("commenting", mention.note)


def _relation_item(relation: FormatRelation, page: str) -> dict[str, Any]:
    tail = {
        "type": "SpecificResource",
        "source": _mention_iri(page, relation.tail),
        "purpose": "linking",
    }
    body = [_text_body("classifying", relation.type), tail]
    if relation.decided:
        body.append(_json_body({"decided": relation.decided, "votes": list(relation.votes)}))
    return {
        "id": f"{page}#{'/'.join(map(_quote, (relation.type, relation.head, relation.tail)))}",
        "type": "Annotation",
        "motivation": "linking",
        "body": body,
        "target": _mention_iri(page, relation.head),
    }


def _answer_item(annotated: AnnotatedDocument, answer: FormatAnswer, page: str) -> dict[str, Any]:
    values = answer.value if isinstance(answer.value, tuple) else (format_value(answer.value),)
    known: dict[str, Any] = {"question": answer.question, "value": answer.value}
    if answer.decided:
        known |= {"decided": answer.decided, "votes": list(answer.votes)}
    return {
        "id": f"{page}#answer/{_quote(answer.question)}",
        "type": "Annotation",
        "motivation": "classifying",
        "body": [*(_text_body("classifying", value) for value in values), _json_body(known)],
        "target": _text_iri(annotated),
    }


def _text_body(purpose: str, value: str) -> dict[str, Any]:
    return {"type": "TextualBody", "purpose": purpose, "value": value}


def _json_body(known: dict[str, Any]) -> dict[str, Any]:
    value = msgspec.json.encode(known, order="deterministic").decode()
    return {**_text_body("describing", value), "format": "application/json"}


def _text_iri(annotated: AnnotatedDocument) -> str:
    return f"{_quote(annotated.doc_id)}.txt"


def _mention_iri(page: str, mention: str) -> str:
    return f"{page}#{_quote(mention)}"
