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
from sayso.exchange.formats import Arriving, Written
from sayso.exchange.readings import EVERYTHING, KEPT, Drawn, Losses, Marked, Reading, holding, ordered

CONTEXT = "http://www.w3.org/ns/anno.jsonld"
_AROUND = 32  # code points of context that a quotation carries on either side


class WebAnnotation:
    """Everything but what was kept apart."""

    suffix = ""
    whole = False
    worded = False

    def fit(self, reading: Reading, losses: Losses) -> Reading:
        """All but what was kept apart."""
        return ordered(holding(reading, EVERYTHING - {KEPT}, losses))

    def write(self, target: Path, what: Written) -> None:
        """The folder."""
        with (target / "documents.jsonl").open("wb") as side:
            for reading in what.readings:
                (target / f"{reading.doc_id}.txt").write_bytes(reading.text.encode())
                (target / f"{reading.doc_id}.jsonld").write_bytes(_json(_page(reading)))
                known = {"doc_id": reading.doc_id, **reading.about}
                side.write(_json(known | ({"note": reading.note} if reading.note is not None else {})))

    def read(self, path: Path, how: Arriving) -> Iterator[Reading]:
        """Not offered: any graph is valid JSON-LD, and a reader that takes only ours would promise too much.

        Raises:
            UsageError: always.
        """
        raise UsageError("w3c goes out only", remedy="bring readings in as jsonl")


def _json(value: object) -> bytes:
    return msgspec.json.encode(value) + b"\n"


@lru_cache(maxsize=4096)
def _quoted(name: str) -> str:
    return quote(name, safe="")


def _page(reading: Reading) -> dict[str, Any]:
    page = f"{_quoted(reading.doc_id)}.jsonld"
    common = {"creator": f"urn:sayso:annotator:{reading.about['annotator']}"} if "annotator" in reading.about else {}
    items = [*(_mention(reading, m, page) for m in reading.mentions), *(_relation(r, page) for r in reading.relations)]
    return {"@context": CONTEXT, "id": page, "type": "AnnotationPage", "items": [{**each, **common} for each in items]}


def _mention(reading: Reading, mention: Marked, page: str) -> dict[str, Any]:
    text, start, end = reading.text, mention.start, mention.end
    quotation = {"type": "TextQuoteSelector", "exact": mention.text}
    quotation |= {"prefix": text[max(0, start - _AROUND) : start], "suffix": text[end : end + _AROUND]}
    return {
        "id": _name(page, mention.id),
        "type": "Annotation",
        "motivation": "classifying",
        "body": [_body("classifying", mention.label), *_answers(mention)],
        "target": {
            "source": f"{_quoted(reading.doc_id)}.txt",
            "selector": [{"type": "TextPositionSelector", "start": start, "end": end}, quotation],
        },
    }


def _answers(mention: Marked) -> Iterator[dict[str, Any]]:
    known: dict[str, Any] = {"attributes": mention.attributes} if mention.attributes else {}
    known |= {name: value for name in ("flag", "started_from", "decided") if (value := getattr(mention, name))}
    known |= {"votes": list(mention.votes)} if mention.votes else {}
    if known:
        yield _described(known)
    if mention.note is not None:
        yield _body("commenting", mention.note)


def _described(known: dict[str, Any]) -> dict[str, Any]:
    value = msgspec.json.encode(known, order="deterministic").decode()
    return {**_body("describing", value), "format": "application/json"}


def _relation(relation: Drawn, page: str) -> dict[str, Any]:
    decided = {"decided": relation.decided, "votes": list(relation.votes)} if relation.decided else None
    described = [_described(decided)] if decided else []
    tail = {"type": "SpecificResource", "source": _name(page, relation.tail), "purpose": "linking"}
    return {
        "id": f"{page}#{'/'.join(map(_quoted, (relation.type, relation.head, relation.tail)))}",
        "type": "Annotation",
        "motivation": "linking",
        "body": [_body("classifying", relation.type), tail, *described],
        "target": _name(page, relation.head),
    }


def _body(purpose: str, value: str) -> dict[str, Any]:
    return {"type": "TextualBody", "purpose": purpose, "value": value}


def _name(page: str, mention: str) -> str:
    return f"{page}#{_quoted(mention)}"


FORMAT = WebAnnotation()
