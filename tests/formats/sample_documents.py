"""Annotated documents of every kind: from a generator, and of others where there are any."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from sayso.formats.annotated_documents import (
    AnnotatedDocument,
    ExportContent,
    FormatAnswer,
    FormatMention,
    FormatRelation,
    Vocabulary,
    sort_document,
)
from sayso.formats.format_registry import ImportContext, find_format
from sayso.formats.losses import Losses
from sayso.models import DecisionMethod
from sayso.schema.declarations import Joins
from tests.conftest import REPOSITORY

TEXT_PIECES = (
    "Two",
    " ",
    "drones",
    "\r\n",
    "\n",
    "\t",
    "😀",
    "e\u0301",
    "👨\u200d👩\u200d👧",
    "\u2028",
    "1,200",
    "’s",
    "“",
    ".",
    "\u00a0",
    "Сумы",
    "#",
    "\ufeff",
    "<b>&amp;",
    '"',
    "a\u0308b",
    " ",
    "\\n",
    "-",
    "שלום",
)
LABELS = ("Actor", "Count", "Foreign-Label", "Org_2")
RELATION_TYPES: dict[str, Joins | None] = {
    "source": None,
    "part_of": None,
    "continues": "fragments",
    "same as": "coreference",
}
NOTES = ("look again", "a\tb", "two\nlines", "“quoted”, and; more", " edge ", "😀")
ATTRIBUTE_WORDS = ("civilian", "Sergei  Sobyanin", "Q42", "38", "a\tb", "ünï", "x:y|z", " edge")
QUESTIONS = ("topic", "Is it urgent?", "größe")
ANSWERS = st.one_of(
    st.booleans(),
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(("rent", "2024-02-29", "two\nlines, “quoted”", "=1", " a ", "\x01")),
    st.sampled_from((("civil",), ("civil", "tax"))),
)
ATTRIBUTE_NUMBERS = (0, -3, 38)


@st.composite
def annotated_documents(
    draw: st.DrawFn, *, doc_id: str = "a.b-c_d", empty: bool = True
) -> AnnotatedDocument:
    """A document with everything that can be in it."""
    text = "".join(
        draw(st.lists(st.sampled_from(TEXT_PIECES), min_size=0 if empty else 1, max_size=24))
    )
    mentions = [
        _draw_mention(draw, text, number)
        for number in range(draw(st.integers(0, 6 if text else 0)))
    ]
    ids = [mention.id for mention in mentions]
    pairs = (
        draw(st.lists(st.tuples(st.sampled_from(ids), st.sampled_from(ids)), max_size=4))
        if ids
        else []
    )
    drawn = {(draw(st.sampled_from(list(RELATION_TYPES))), *pair) for pair in pairs}
    relations = tuple(
        FormatRelation(type=kind, head=head, tail=tail, joins=RELATION_TYPES[kind])
        for kind, head, tail in drawn
    )
    about = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "title": st.sampled_from(("A “title”, with commas", "two\r\nlines")),
                "language": st.just("en"),
                "annotator": st.just("ann-1"),
                "campaign": st.just("pilot"),
            },
        )
    )
    note = draw(st.none() | st.sampled_from(NOTES))
    given = draw(st.dictionaries(st.sampled_from(QUESTIONS), ANSWERS, max_size=3))
    answers = tuple(FormatAnswer(question=name, value=value) for name, value in given.items())
    return sort_document(
        AnnotatedDocument(
            doc_id=doc_id,
            text=text,
            about=about,
            mentions=tuple(mentions),
            relations=relations,
            answers=answers,
            note=note,
        )
    )


def _draw_mention(draw: st.DrawFn, text: str, number: int) -> FormatMention:
    start = draw(st.integers(0, len(text) - 1))
    end = draw(st.integers(start + 1, len(text)))
    decided: DecisionMethod | None = draw(st.sampled_from((None, None, "majority")))
    return FormatMention(
        id=f"A_{number}.x",
        label=draw(st.sampled_from(LABELS)),
        start=start,
        end=end,
        text=text[start:end],
        attributes=draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "type": st.sampled_from(ATTRIBUTE_WORDS),
                    "entity": st.sampled_from(ATTRIBUTE_WORDS),
                    "lower": st.sampled_from(ATTRIBUTE_NUMBERS),
                    "amount": st.sampled_from((-0.5, 12.0, 1e22)),
                    "minor": st.booleans(),
                    "roles": st.sampled_from((("judge",), ("judge", "party"))),
                },
            )
        ),
        flag=draw(st.sampled_from((None, "unsure"))),
        note=draw(st.none() | st.sampled_from(NOTES)),
        started_from=draw(st.sampled_from((None, "prediction"))),
        decided=decided,
        votes=("ann-1", "ann-2") if decided else (),
        amended=("type",) if decided else (),
    )


def fit_documents(
    name: str, documents: Iterable[AnnotatedDocument]
) -> tuple[list[AnnotatedDocument], Losses]:
    """Fit documents to a format; return what it holds and what it loses."""
    losses = Losses()
    found = [find_format(name).fit(each, losses) for each in documents]
    return [each for each in found if each is not None], losses


def write_documents(name: str, documents: list[AnnotatedDocument], target: Path) -> Path:
    """Write documents that fit."""
    vocabulary = Vocabulary()
    for each in documents:
        vocabulary.add_document(each)
    format = find_format(name)
    if not format.suffix:
        target.mkdir(parents=True)
    format.writer().write(target, ExportContent(documents, vocabulary))
    return target


def read_documents(
    name: str, path: Path, context: ImportContext | None = None
) -> list[AnnotatedDocument]:
    """Read them again."""
    return list(find_format(name).read(path, context or ImportContext()))


def collect_spans(
    documents: Iterable[AnnotatedDocument],
) -> dict[str, list[tuple[str, int, int, str]]]:
    """Return the labelled spans by document."""
    return {
        each.doc_id: sorted(
            (m.label, m.start, m.end, each.text[m.start : m.end] if each.text else m.text)
            for m in each.mentions
        )
        for each in documents
    }


def load_outside_documents() -> list[AnnotatedDocument]:
    """Load the outside documents; skip the test where they are not on the machine."""
    path = Path(
        os.environ.get("SAYSO_OUTSIDE_DOCUMENTS")
        or REPOSITORY.parent / "shared" / "data" / "re3d.jsonl"
    )
    if not path.is_file():
        pytest.skip("no re3d.jsonl: name one by SAYSO_OUTSIDE_DOCUMENTS")
    return list(map(_convert_outside, read_json_lines(path)))


def read_json_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file of JSON Lines."""
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def _convert_outside(record: dict[str, Any]) -> AnnotatedDocument:
    mentions = tuple(
        FormatMention(id=m["id"], label=m["label"], start=m["start"], end=m["end"], text=m["text"])
        for m in record["spans"]
    )
    about = {"title": record["title"], "language": "en", "license": record["licence"]}
    relations = tuple(
        {
            (r["type"], r["head"], r["tail"]): FormatRelation(
                type=r["type"], head=r["head"], tail=r["tail"]
            )
            for r in record["relations"]
        }.values()
    )
    return sort_document(
        AnnotatedDocument(
            doc_id=record["doc_id"].replace("/", "-"),
            text=record["text"],
            about=about,
            mentions=mentions,
            relations=relations,
        )
    )


def count_lost_mentions(losses: Losses) -> int:
    """Count the mentions among what was lost."""
    return sum(count for loss, count in losses.items() if loss.subject == "mention")
