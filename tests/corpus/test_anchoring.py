"""An annotation moves to a newer text only if all its mentions have the same words there."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.corpus.anchoring import SentenceIndex, transfer_record, transfer_span
from sayso.models import Annotation, Mention, Relation, sha256
from sayso.spans import Span

OLDER = (
    "Two drones fell near Belgorod, the mayor said. No one was hurt.\n"
    "The mayor said no more. He left."
)


def find_span(words: str, text: str) -> Span:
    start = text.index(words)
    return Span(start, start + len(words))


def make_annotation(text: str, *words: str) -> Annotation:
    mentions = [
        Mention(
            id=f"m{number}",
            label="Actor",
            start=find_span(each, text).start,
            end=find_span(each, text).end,
            text=each,
        )
        for number, each in enumerate(words)
    ]
    return Annotation(
        doc_id="d",
        text_sha256=sha256(text),
        campaign="c",
        interface="all",
        annotator="ann-1",
        annotator_kind="human",
        schema_version="1.0.0",
        status="submitted",
        created="2026-01-01T00:00:00Z",
        updated="2026-01-01T00:00:00Z",
        mentions=tuple(mentions),
        relations=(Relation(type="source", head="m0", tail="m0"),) if words else (),
    )


def transfer(
    record: Annotation, newer: str, older: str = OLDER
) -> tuple[Annotation | None, list[str]]:
    moved, unproven = transfer_record(
        record, SentenceIndex(older, "en"), SentenceIndex(newer, "en"), sha256(newer)
    )
    return moved, [mention.text for mention in unproven]


@dataclass(frozen=True)
class AnchoringEdit:
    """An edit of `OLDER`, and the expectation on a mention of Belgorod."""

    newer: str
    is_anchored: bool


EDITS = {
    "a sentence before": AnchoringEdit(f"Correction. {OLDER}", True),
    "a sentence after": AnchoringEdit(f"{OLDER} Later he returned.", True),
    "another sentence changed": AnchoringEdit(OLDER.replace("No one", "One man"), True),
    "another sentence removed": AnchoringEdit(OLDER.replace(" No one was hurt.", ""), True),
    "sentences the other way round": AnchoringEdit(
        "No one was hurt. Two drones fell near Belgorod, the mayor said.", True
    ),
    "white space alone": AnchoringEdit(OLDER.replace(" ", "\r\n"), True),
    "the sentence itself, far from the words": AnchoringEdit(
        OLDER.replace("the mayor said. No", "the mayor denied. No"), False
    ),
    "the words": AnchoringEdit(OLDER.replace("Belgorod", "Kursk"), False),
    "a longer sentence": AnchoringEdit(
        OLDER.replace("Two drones", "It is not true that Two drones"), False
    ),
    "the sentence occurs twice": AnchoringEdit(
        f"{OLDER} Two drones fell near Belgorod, the mayor said.", False
    ),
    "two words became one": AnchoringEdit(OLDER.replace("Two drones", "Twodrones"), False),
    "everything is gone": AnchoringEdit("Nothing happened.", False),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_each_edit(edit: AnchoringEdit) -> None:
    moved, unproven = transfer(make_annotation(OLDER, "Belgorod"), edit.newer)
    assert (moved is not None) is edit.is_anchored
    assert unproven == ([] if edit.is_anchored else ["Belgorod"])
    if moved:
        (mention,) = moved.mentions
        assert edit.newer[mention.start : mention.end] == mention.text == "Belgorod"


def test_neighbours_distinguish_sentences_that_occur_twice() -> None:
    older = "It fell. He ran. It fell. She ran."
    newer = f"One. {older}"
    second = Span(17, 19)
    assert older[17:25] == "It fell."
    assert transfer_span(second, SentenceIndex(older, "en"), SentenceIndex(newer, "en")) == Span(
        22, 24
    )
    assert (
        transfer_span(second, SentenceIndex(older, "en"), SentenceIndex("It fell. She ran.", "en"))
        is None
    )


def test_all_or_nothing() -> None:
    record = make_annotation(OLDER, "drones", "He left")
    newer = OLDER.replace("He left", "She left")
    assert transfer(record, newer) == (None, ["He left"])


def test_who_read_what_is_remembered_over_several_texts() -> None:
    record = make_annotation(OLDER, "drones")
    second, third = f"One. {OLDER}", f"Two. One. {OLDER}"
    moved, _ = transfer(record, second)
    assert moved and (moved.text_read, moved.text_sha256) == (sha256(OLDER), sha256(second))
    again, _ = transfer(moved, third, second)
    assert again and (again.text_read, again.text_sha256) == (sha256(OLDER), sha256(third))
    assert again.relations == record.relations


def test_an_annotation_without_mentions_is_about_every_word() -> None:
    empty = make_annotation(OLDER)
    assert transfer(empty, f"{OLDER} More.") == (None, [])
    moved, _ = transfer(empty, OLDER.replace("\n", " "))
    assert moved and moved.text_read == sha256(OLDER)


SENTENCES = [
    "Two fell.",
    "The mayor 😀 said so.",
    "Two fell near it.",
    "No.",
    "“Why?” he asked.",
    "A b c d.",
]
TEXTS = st.lists(
    st.tuples(st.sampled_from(SENTENCES), st.sampled_from([" ", "\n", "\n\n", "\r\n", "  "]))
).map(lambda parts: "".join(f"{sentence}{space}" for sentence, space in parts))


@given(TEXTS, TEXTS, st.data())
def test_a_moved_span_has_the_same_words(older: str, newer: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(older)))
    end = data.draw(st.integers(start, len(older)))
    span = Span(start, end)
    if not older[start:end].strip() or older[start:end] != older[start:end].strip():
        return
    found = transfer_span(span, SentenceIndex(older, "en"), SentenceIndex(newer, "en"))
    if found is not None:
        words = older[start:end].split()
        assert newer[found.start : found.end].split() == words


@given(TEXTS, st.data())
def test_onto_the_same_words_every_span_goes(older: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(older)))
    end = data.draw(st.integers(start, len(older)))
    if start == end or older[start].isspace() or older[end - 1].isspace():
        return
    newer = re.sub(r"[ \r\n]+", " ", older)
    found = transfer_span(Span(start, end), SentenceIndex(older, "en"), SentenceIndex(newer, "en"))
    assert found and newer[found.start : found.end].split() == older[start:end].split()
