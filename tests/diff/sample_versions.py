"""Versions to compare: small corpora from hypothesis, and files damaged by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import strategies as st

from sayso.corpus.sources import annotation_sort_key
from sayso.models import (
    Annotation,
    AnnotationOrigin,
    Document,
    Gold,
    GoldMention,
    GoldRelation,
    Mention,
    Relation,
    UnknownItem,
    encode,
    sha256,
    sort_mentions,
    sort_relations,
)
from tests.dataset import samples

FileTree = Mapping[str, bytes]
TEXTS = (
    "Police said 34 drones flew 😀.",
    "Police said 38 drones flew 😀.",
    "Die Polizei: „nein“\r\n",
    "Nobody spoke.",
)
LABELS = ("Actor", "Location", "Count", "Claim", "Cue")


def write_tree(root: Path, tree: FileTree) -> Path:
    """Write files below a root."""
    for name, content in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (root / "corpus").mkdir(parents=True, exist_ok=True)
    return root


def encode_lines(*records: Any) -> bytes:
    """Return the content of a file of records."""
    return b"".join(encode(record) + b"\n" for record in records)


def make_document(doc_id: str = "d1", text: str = TEXTS[0], **fields: Any) -> Document:
    return samples.make_document(doc_id, text, **fields)


def make_mention(name: str, label: str, words: str, text: str = TEXTS[0], **fields: Any) -> Mention:
    start = text.index(words)
    return Mention(id=name, label=label, start=start, end=start + len(words), text=words, **fields)


def make_annotation(
    doc_id: str = "d1", *mentions: Mention, relations: tuple[Relation, ...] = (), **fields: Any
) -> Annotation:
    usual = {
        "campaign": "pilot",
        "interface": "all",
        "annotator": "ann-1",
        "annotator_kind": "human",
        "schema_version": "1.0.0",
        "status": "submitted",
        "created": "2025-11-02",
        "updated": "2025-11-02",
        "text_sha256": sha256(TEXTS[0]),
        **fields,
    }
    return Annotation(
        doc_id=doc_id,
        mentions=sort_mentions(mentions),
        relations=sort_relations(relations),
        **usual,
    )


def make_gold(
    doc_id: str = "d1",
    *mentions: GoldMention,
    relations: tuple[GoldRelation, ...] = (),
    **fields: Any,
) -> Gold:
    usual = {
        "campaign": "pilot",
        "schema_version": "1.0.0",
        "adjudicated": "2025-12-01",
        "annotators": ("ann-1", "ann-2"),
        "text_sha256": sha256(TEXTS[0]),
        **fields,
    }
    return Gold(
        doc_id=doc_id,
        mentions=sort_mentions(mentions),
        relations=sort_relations(relations),
        **usual,
    )


def make_gold_mention(
    mention: Mention, decided: str = "unanimous", votes: tuple[str, ...] = ("ann-1", "ann-2")
) -> GoldMention:
    return msgspec.convert(
        {**msgspec.to_builtins(mention), "decided": decided, "votes": votes}, GoldMention
    )


# Made once: hypothesis takes its time over each strategy that it meets anew.
_IDS = st.sampled_from(["a1", "a2", "b1", "b2", "c1"])
_WORDS = st.text(max_size=3)
_NOTE = st.none() | _WORDS
_VOTED = st.tuples(st.sampled_from(["unanimous", "majority"]), st.sampled_from([(), ("ann-1",)]))
_MENTION = st.tuples(
    st.tuples(_IDS, st.sampled_from(LABELS), st.integers(0, 29), st.integers(0, 29)),
    st.dictionaries(
        st.sampled_from(["type", "lower"]), st.integers(-3, 1 << 70) | _WORDS, max_size=2
    ),
    st.sampled_from([(None, None), ("unsure", None), (None, "prediction")]),
    _NOTE,
    _VOTED,
)
_RELATION = st.tuples(st.tuples(st.sampled_from(["source", "quantity"]), _IDS, _IDS), _VOTED)
_READING = st.tuples(
    st.sampled_from(TEXTS),
    st.lists(_MENTION, unique_by=lambda made: made[0][0], max_size=4),
    st.lists(_RELATION, max_size=3),
)
_NAMES = [f"d{number}" for number in range(4)]
_ORIGIN = st.builds(
    AnnotationOrigin,
    system=st.just("ls"),
    project=st.just(1),
    task=st.just(1),
    annotation=st.integers(1, 3),
)
_ANSWER = st.tuples(
    st.sampled_from(_NAMES),
    _READING,
    st.fixed_dictionaries(
        {
            "created": st.sampled_from(["2025-11-02", "2025-11-03"]),
            "interface": st.sampled_from(["all", "names"]),
            "guidelines_version": st.sampled_from([None, "1.0.0", "1.1.0"]),
            "note": _NOTE,
            "lead_time_seconds": st.none() | st.floats(0, 1e6),
            "origin": st.none() | _ORIGIN,
            "kept": st.lists(
                st.builds(UnknownItem, reason=_WORDS, item=st.integers() | _WORDS), max_size=1
            ).map(tuple),
        }
    ),
)
_BATCH = st.sampled_from(["articles-00000", "articles-00001"])
_DOCUMENT = st.tuples(_BATCH, st.sampled_from(TEXTS), _NOTE, st.sampled_from(["train", "test"]))
_DOCUMENTS = st.dictionaries(st.sampled_from(_NAMES), _DOCUMENT)
_GOLD = st.none() | st.dictionaries(st.sampled_from(_NAMES[:3]), _READING)
_HARM = st.tuples(
    st.integers(0, 99),
    st.integers(0, 99),
    st.booleans(),
    st.sampled_from(["swap", "double", "break", "space", "bytes", "end", "blank", "surrogate"]),
)


def _mentions(text: str, drawn: list[Any]) -> list[GoldMention]:
    found = []
    for (name, label, one, other), attributes, (flag, started), note, (how, votes) in drawn:
        start, end = min(one, other) % len(text), max(one, other) % len(text) + 1
        start = min(start, end - 1)
        found.append(
            GoldMention(
                id=name,
                label=label,
                start=start,
                end=end,
                text=text[start:end],
                attributes=attributes,
                flag=flag,
                note=note,
                started_from=started,
                decided=how,
                votes=votes,
            )
        )
    return found


def _annotation(annotator: str, doc_id: str, reading: Any, fields: dict[str, Any]) -> Annotation:
    text, mentions, relations = reading
    plain = [
        Mention(**{f: getattr(m, f) for f in Mention.__struct_fields__})
        for m in _mentions(text, mentions)
    ]
    drawn = tuple(
        Relation(type=kind, head=head, tail=tail) for (kind, head, tail), _voted in relations
    )
    return make_annotation(
        doc_id, *plain, relations=drawn, annotator=annotator, text_sha256=sha256(text), **fields
    )


def _gold(doc_id: str, reading: Any) -> Gold:
    text, mentions, relations = reading
    drawn = tuple(
        GoldRelation(type=kind, head=head, tail=tail, decided=how, votes=votes)
        for (kind, head, tail), (how, votes) in relations
    )
    return make_gold(doc_id, *_mentions(text, mentions), relations=drawn, text_sha256=sha256(text))


def _build_tree(
    documents: dict[str, Any], answers: dict[str, list[Any]], golds: dict[str, Any] | None
) -> dict[str, bytes]:
    batches: dict[str, list[Document]] = {}
    for name, (batch, text, title, split) in sorted(documents.items()):
        batches.setdefault(batch, []).append(make_document(name, text, title=title, split=split))
    tree = {
        f"corpus/articles/{batch}.jsonl": encode_lines(*held) for batch, held in batches.items()
    }
    for annotator, drawn in answers.items():
        given = sorted((_annotation(annotator, *each) for each in drawn), key=annotation_sort_key)
        tree[f"corpus/annotations/pilot/{annotator}.jsonl"] = encode_lines(*given)
    if golds is not None:
        tree["corpus/gold/pilot.jsonl"] = encode_lines(
            *(_gold(name, reading) for name, reading in sorted(golds.items()))
        )
    return tree


def _apply_harms(tree: FileTree, harms: list[tuple[int, int, bool, str]]) -> dict[str, bytes]:
    """Return the files with lines moved, doubled, broken, spaced or without their line end."""
    found = dict(tree)
    for which, at, open_end, harm in harms if tree else ():
        name = sorted(tree)[which % len(tree)]
        held = found[name].splitlines(keepends=True)
        if held:
            _damage_line(held, at % len(held), harm)
        found[name] = b"".join(held).rstrip(b"\n") if open_end else b"".join(held)
    return found


def _damage_line(held: list[bytes], at: int, harm: str) -> None:
    line = held[at]
    if harm == "swap":
        held.insert(0, held.pop(at))
    elif harm in ("double", "blank"):
        held.insert(len(held) - at, line if harm == "double" else b"\n")
    else:
        held[at] = {
            "break": line[: len(line) // 2] + b"\n",
            "space": line.replace(b",", b" , ", 1),
            "bytes": b"\xff\xfe\n",
            "end": line.rstrip(b"\n") + b"\r\n",
            "surrogate": line.replace(b'"', b'"\\ud800', 1),
        }[harm]


corpora = st.builds(
    _build_tree,
    _DOCUMENTS,
    st.dictionaries(st.sampled_from(["ann-1", "ann-2"]), st.lists(_ANSWER, max_size=4)),
    _GOLD,
)
"""The sources of one version. Two draws share most document ids and annotators."""
harms = st.lists(_HARM, max_size=2)
apply_harms = _apply_harms
