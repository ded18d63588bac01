"""Corpora to compare: small ones made by hypothesis, and files as somebody's hand might leave them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import strategies as st

from sayso.records import (
    Annotation,
    Document,
    Gold,
    GoldMention,
    GoldRelation,
    Kept,
    Mention,
    Origin,
    Relation,
    encode,
    ordered_mentions,
    ordered_relations,
    sha256,
)
from sayso.store import annotation_order

Tree = Mapping[str, bytes]
TEXTS = ("Police said 34 drones flew 😀.", "Police said 38 drones flew 😀.", "Die Polizei: „nein“\r\n", "Nobody spoke.")
LABELS = ("Actor", "Location", "Count", "Claim", "Cue")


def write(root: Path, tree: Tree) -> Path:
    """Lay files out below a root."""
    for name, content in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (root / "corpus").mkdir(parents=True, exist_ok=True)
    return root


def read(root: Path) -> dict[str, bytes]:
    """Every file below a root."""
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def lines(*records: Any) -> bytes:
    """Records as a file of them."""
    return b"".join(encode(record) + b"\n" for record in records)


def document(doc_id: str = "d1", text: str = TEXTS[0], **fields: Any) -> Document:
    known = {"language": "en", "license": "unknown", "source_name": "x.txt", "split": "train", "ingested": "2025-11-01"}
    return Document(doc_id=doc_id, text=text, text_sha256=sha256(text), **{**known, **fields})


def mention(name: str, label: str, words: str, text: str = TEXTS[0], **fields: Any) -> Mention:
    start = text.index(words)
    return Mention(id=name, label=label, start=start, end=start + len(words), text=words, **fields)


def annotation(
    doc_id: str = "d1", *mentions: Mention, relations: tuple[Relation, ...] = (), **fields: Any
) -> Annotation:
    usual = {
        "campaign": "pilot", "interface": "all", "annotator": "ann-1", "annotator_kind": "human",
        "schema_version": "1.0.0", "status": "submitted", "created": "2025-11-02", "updated": "2025-11-02",
        "text_sha256": sha256(TEXTS[0]), **fields,
    }  # fmt: skip
    return Annotation(
        doc_id=doc_id, mentions=ordered_mentions(mentions), relations=ordered_relations(relations), **usual
    )


def gold(doc_id: str = "d1", *mentions: GoldMention, relations: tuple[GoldRelation, ...] = (), **fields: Any) -> Gold:
    usual = {
        "campaign": "pilot", "schema_version": "1.0.0", "adjudicated": "2025-12-01", "annotators": ("ann-1", "ann-2"),
        "text_sha256": sha256(TEXTS[0]), **fields,
    }  # fmt: skip
    return Gold(doc_id=doc_id, mentions=ordered_mentions(mentions), relations=ordered_relations(relations), **usual)


def decided(mention: Mention, decided: str = "unanimous", votes: tuple[str, ...] = ("ann-1", "ann-2")) -> GoldMention:
    return msgspec.convert({**msgspec.to_builtins(mention), "decided": decided, "votes": votes}, GoldMention)


ids = st.sampled_from(["a1", "a2", "b1", "b2", "c1"])
words = st.text(max_size=4)


@st.composite
def some_mentions(draw: st.DrawFn, text: str) -> tuple[Mention, ...]:
    found = {}
    for name in draw(st.lists(ids, unique=True, max_size=5)):
        start = draw(st.integers(0, len(text) - 1))
        end = draw(st.integers(start + 1, len(text)))
        attributes = draw(
            st.dictionaries(st.sampled_from(["type", "lower", "entity"]), st.integers(-3, 1 << 70) | words, max_size=3)
        )
        found[name] = Mention(
            id=name, label=draw(st.sampled_from(LABELS)), start=start, end=end, text=text[start:end],
            attributes=attributes, flag=draw(st.none() | st.just("unsure")), note=draw(st.none() | words),
            started_from=draw(st.none() | st.just("prediction")),
        )  # fmt: skip
    return ordered_mentions(found.values())


@st.composite
def some_relations(draw: st.DrawFn) -> tuple[Relation, ...]:
    kinds = st.sampled_from(["source", "quantity"])
    return ordered_relations(draw(st.lists(st.builds(Relation, type=kinds, head=ids, tail=ids), max_size=4)))


@st.composite
def annotations(draw: st.DrawFn, doc_id: str, annotator: str) -> Annotation:
    text = draw(st.sampled_from(TEXTS))
    return annotation(
        doc_id, *draw(some_mentions(text)), relations=draw(some_relations()), annotator=annotator,
        text_sha256=sha256(text), created=draw(st.sampled_from(["2025-11-02", "2025-11-03"])),
        interface=draw(st.sampled_from(["all", "names"])), note=draw(st.none() | words),
        lead_time_seconds=draw(st.none() | st.floats(0, 1e6)),
        kept=tuple(draw(st.lists(st.builds(Kept, reason=words, item=st.integers() | words), max_size=2))),
        origin=draw(st.none() | st.builds(Origin, system=st.just("ls"), project=st.just(1), task=st.just(1),
                                          annotation=st.integers(1, 3))),
    )  # fmt: skip


@st.composite
def golds(draw: st.DrawFn, doc_id: str) -> Gold:
    text, votes = draw(st.sampled_from(TEXTS)), st.sampled_from([(), ("ann-1",)])
    how = st.sampled_from(["unanimous", "majority"])
    relations = tuple(
        GoldRelation(type=r.type, head=r.head, tail=r.tail, decided=draw(how), votes=draw(votes))
        for r in draw(some_relations())
    )
    mentions = [decided(m, draw(how), draw(votes)) for m in draw(some_mentions(text))]
    return gold(doc_id, *mentions, relations=relations, text_sha256=sha256(text))


@st.composite
def corpora(draw: st.DrawFn) -> dict[str, bytes]:
    """The sources of one version. Two draws share most of their documents and answers by name."""
    tree: dict[str, bytes] = {}
    names = draw(st.lists(st.sampled_from([f"d{n}" for n in range(6)]), unique=True))
    batches: dict[str, list[Document]] = {}
    for name in sorted(names):
        made = document(name, draw(st.sampled_from(TEXTS)), title=draw(st.none() | words),
                        split=draw(st.sampled_from(["train", "test"])))  # fmt: skip
        batches.setdefault(draw(st.sampled_from(["articles-00000", "articles-00001"])), []).append(made)
    tree |= {f"corpus/articles/{name}.jsonl": lines(*held) for name, held in batches.items()}
    for annotator in draw(st.lists(st.sampled_from(["ann-1", "ann-2"]), unique=True)):
        answers = [draw(annotations(name, annotator)) for name in draw(st.lists(st.sampled_from(["d0", "d1", "d2"])))]
        tree[f"corpus/annotations/pilot/{annotator}.jsonl"] = lines(*sorted(answers, key=annotation_order))
    if draw(st.booleans()):
        adjudicated = draw(st.lists(st.sampled_from(["d0", "d1", "d2"]), unique=True))
        tree["corpus/gold/pilot.jsonl"] = lines(*(draw(golds(name)) for name in sorted(adjudicated)))
    return tree


@st.composite
def touched(draw: st.DrawFn, tree: dict[str, bytes]) -> dict[str, bytes]:
    """The same files as somebody's hand might leave them: lines moved, doubled, broken, spaced, without their end."""
    found = dict(tree)
    for name in draw(st.lists(st.sampled_from(sorted(tree)), unique=True, max_size=2)) if tree else []:
        held = found[name].splitlines(keepends=True)
        if not held:
            continue
        at = draw(st.integers(0, len(held) - 1))
        harm = draw(st.sampled_from(["shuffle", "double", "break", "space", "bytes", "end", "blank", "surrogate"]))
        if harm == "shuffle":
            held = draw(st.permutations(held))
        elif harm == "double":
            held.insert(draw(st.integers(0, len(held))), held[at])
        elif harm == "blank":
            held.insert(at, b"\n")
        else:
            held[at] = {
                "break": held[at][: len(held[at]) // 2] + b"\n", "space": held[at].replace(b",", b" , ", 1),
                "bytes": b"\xff\xfe\n", "end": held[at].rstrip(b"\n") + b"\r\n",
                "surrogate": held[at].replace(b'"', b'"\\ud800', 1),
            }[harm]  # fmt: skip
        found[name] = b"".join(held)
        if draw(st.booleans()):
            found[name] = found[name].rstrip(b"\n")
    return found
