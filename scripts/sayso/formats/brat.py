"""brat standoff: DOC.txt and DOC.ann for each document, annotation.conf, documents.jsonl.

Metadata and answers to questions about the document are in documents.jsonl, as standoff has no
place for them.

Offsets are code points. A mention across a line break or a tab is written as brat itself does: in
pieces. So are the parts of one discontinuous mention, which a relation of the schema joins, where
nothing different is said of them: relations, flag and note are at the first part. Mentions of one
entity, likewise, are an equivalence, which comes back as relations from each to the next.

An attribute is named ``Label_attribute``; one with an open list of values, or with values of more
than one word, is a note of that name, since a brat attribute is a choice among words. So are
several values, with commas between them: brat takes one value of an attribute. Files that give it
several all the same are read so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count, pairwise
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from sayso.errors import InputError
from sayso.files import convert_os_errors, exists, list_files, read_file
from sayso.formats.annotated_documents import (
    METADATA_FILE,
    AnnotatedDocument,
    ExportContent,
    FormatMention,
    FormatRelation,
    MetadataRecord,
    Vocabulary,
    build_mention,
    convert_fields,
    drop_mentions,
    encode_metadata,
    read_metadata_file,
    require_inside,
)
from sayso.formats.format_registry import ImportContext
from sayso.formats.joined_mentions import find_clusters, join_mentions
from sayso.formats.losses import Loss, Losses
from sayso.ingest.article_reader import decode_text
from sayso.models import UnknownItem, format_value, sort_mentions
from sayso.sentences import LINE_BREAKS
from sayso.spans import Span

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_WORD = re.compile(r"[^\s]+")
_BREAK_CHARACTERS = f"{LINE_BREAKS}\t"  # end a line, or a field of it
_BREAK_RUN = re.compile(f"[{_BREAK_CHARACTERS}]+")
_NOTE_TYPE = "AnnotatorNotes"  # brat's own name for what an annotator typed
_MENTION_FIELDS = ("flag", "started_from", "decided")
_LISTED_FIELDS = ("votes", "amended")
_NOT_TAKEN = {"E": "events", "N": "references to a database"}
_FRAGMENTS, _EQUIVALENCE = "fragments", "Equiv"  # types of relations that are no R lines
_SHARED_FIELDS = ("label", "attributes", "started_from", "decided", "votes", "amended")
_FIRST_FIELDS = ("flag", "note")  # of a discontinuous mention at its first part only
_REMEDY = "correct the line"


def fit(annotated: AnnotatedDocument, losses: Losses) -> AnnotatedDocument:
    """Drop what brat cannot hold. Ids are made anew, T1 on, and whole numbers become words.

    The parts of one T line are T1, T1.2 and so on.
    """
    annotated = drop_mentions(annotated, _find_loss, losses)
    parts = _find_parts(annotated)
    mentions = sort_mentions(annotated.mentions)
    whole = (mention.id for mention in mentions if mention.id not in parts)
    ids = {name: f"T{number}" for number, name in enumerate(whole, 1)}
    ids |= {name: f"{ids[first]}.{number}" for name, (first, number) in parts.items()}
    mentions = tuple(
        replace(_reduce_mention(mention, losses), id=ids[mention.id]) for mention in mentions
    )
    by_id = {mention.id: mention for mention in mentions}
    relations = _fit_relations(annotated.relations, parts.keys(), ids, by_id, losses)
    return replace(annotated, mentions=mentions, relations=tuple(relations))


def write(target: Path, content: ExportContent) -> None:
    """Write the folder."""
    closed = _find_closed_attributes(content.vocabulary)
    (target / "annotation.conf").write_text(
        _format_configuration(content, closed), encoding="utf-8"
    )
    with (target / METADATA_FILE).open("wb") as metadata:
        for each in content.documents:
            (target / f"{each.doc_id}.txt").write_bytes(each.text.encode())
            (target / f"{each.doc_id}.ann").write_bytes(
                "".join(_format_lines(each, closed)).encode()
            )
            metadata.write(encode_metadata(each))


def read(path: Path, context: ImportContext) -> Iterator[AnnotatedDocument]:
    """Read every document of a folder and of the folders in it, by name.

    Raises:
        InputError: a text without annotations or the other way round, or a line that is none of
            brat's.
        SpanError: a mention is not inside its text, or other words are there.
    """
    records = read_metadata_file(path / METADATA_FILE)
    texts = list_files(path, "**/*.txt")
    if not texts:
        raise InputError(
            "no .txt in this folder",
            where=str(path),
            remedy="name the folder that holds the documents",
        )
    expected = {each.with_suffix(".txt") for each in list_files(path, "**/*.ann")}
    for lone in sorted(expected - set(texts)):
        raise InputError(
            "an .ann without its .txt",
            where=str(lone.with_suffix(".ann")),
            remedy="put the text beside it",
        )
    for text in texts:
        doc_id = "-".join(text.relative_to(path).with_suffix("").parts)
        yield _read_document(text, records.get(doc_id, MetadataRecord(doc_id)), context)


def _find_loss(mention: FormatMention) -> Loss | None:
    if not _NAME.fullmatch(mention.label):
        return Loss.LABEL_NOT_BRAT
    at_edge = mention.text[0] in _BREAK_CHARACTERS or mention.text[-1] in _BREAK_CHARACTERS
    return Loss.MENTION_BREAK_AT_EDGE if at_edge else None


def _find_parts(annotated: AnnotatedDocument) -> dict[str, tuple[str, int]]:
    """Return the parts after the first of mentions that one T line holds.

    Returns:
        By the id of the part, the id of the first part and the number of this one.
    """
    by_id = {mention.id: mention for mention in annotated.mentions}
    joining = [relation for relation in annotated.relations if relation.joins == "fragments"]
    uses = Counter(end for r in annotated.relations for end in {r.head, r.tail})
    pairs = {(relation.head, relation.tail) for relation in joining}
    found: dict[str, tuple[str, int]] = {}
    for chain in find_clusters(joining, by_id):
        first, *others = chain
        expected = {first.id: uses[first.id], others[-1].id: 1}  # the last, only to the one before
        if (
            all(uses[part.id] == expected.get(part.id, 2) for part in chain)
            and all(_continues(one, other, annotated.text) for one, other in pairwise(chain))
            and {(one.id, other.id) for one, other in pairwise(chain)} <= pairs
        ):
            found |= {part.id: (first.id, number) for number, part in enumerate(others, 2)}
    return found


def _continues(one: FormatMention, other: FormatMention, text: str) -> bool:
    """Test whether a part comes after another in one T line, with words between them."""
    return (
        one.end <= other.start
        and not _BREAK_RUN.fullmatch(text, one.end, other.start)
        and all(getattr(one, name) == getattr(other, name) for name in _SHARED_FIELDS)
        and all(getattr(other, name) is None for name in _FIRST_FIELDS)
    )


def _fit_relations(
    relations: Iterable[FormatRelation],
    parts: Container[str],
    ids: Mapping[str, str],
    mentions: Mapping[str, FormatMention],
    losses: Losses,
) -> Iterator[FormatRelation]:
    """Yield relations between the new ids: those inside of mentions, R lines and equivalences."""
    equivalent: dict[str, list[FormatRelation]] = {}
    for r in relations:
        fitted = FormatRelation(type=r.type, head=ids[r.head], tail=ids[r.tail])
        if r.joins == "fragments" and r.tail in parts:
            yield replace(fitted, type=_FRAGMENTS, joins="fragments")
        elif r.joins == "coreference":
            equivalent.setdefault(r.type, []).append(fitted)
        elif _NAME.fullmatch(r.type):
            yield fitted
        else:
            losses[Loss.RELATION_NOT_BRAT] += 1
            continue
        losses[Loss.DECISIONS] += r.decided is not None
    for several in equivalent.values():
        for cluster in find_clusters(several, mentions):
            yield from join_mentions(cluster, _EQUIVALENCE, "coreference")


def _reduce_mention(mention: FormatMention, losses: Losses) -> FormatMention:
    attributes = {
        name: words
        for name, value in mention.attributes.items()
        if _NAME.fullmatch(name) and _is_one_line(words := format_value(value))
    }
    note = mention.note if mention.note and _is_one_line(mention.note) else None
    flag = mention.flag if mention.flag and _WORD.fullmatch(mention.flag) else None
    losses[Loss.ATTRIBUTES] += len(mention.attributes) - len(attributes)
    losses[Loss.MENTION_NOTES] += mention.note is not None and note is None
    losses[Loss.FLAGS] += mention.flag is not None and flag is None
    return replace(mention, attributes=attributes, note=note, flag=flag)


def _is_one_line(words: str) -> bool:
    return words == words.strip() != "" and not _BREAK_RUN.search(words)


def _find_closed_attributes(vocabulary: Vocabulary) -> dict[str, list[str]]:
    """Return the attributes that are a choice among words, by their name in brat."""
    found = {}
    for label in vocabulary.labels:
        for name, used in vocabulary.attributes[label].items():
            if (values := used.values) is not None and all(
                _WORD.fullmatch(str(value)) for value in values
            ):
                found[f"{label}_{name}"] = sorted({str(value) for value in values})
    return found


def _format_configuration(content: ExportContent, closed: dict[str, list[str]]) -> str:
    """Return what brat needs to show and edit these documents."""
    vocabulary, declared = content.vocabulary, content.schema.relations if content.schema else {}
    kinds = {name: "symmetric" for name, relation in declared.items() if relation.symmetric}
    kinds[_EQUIVALENCE] = "symmetric-transitive"
    relations = ["<OVERLAP>\tArg1:<ENTITY>, Arg2:<ENTITY>, <OVL-TYPE>:<ANY>"]
    for name, ends in sorted(vocabulary.relation_ends.items()):
        heads, tails = ("|".join(sorted(set(labels))) for labels in zip(*ends, strict=True))
        kind = f", <REL-TYPE>:{kinds[name]}" if name in kinds else ""
        relations.append(f"{name}\tArg1:{heads}, Arg2:{tails}{kind}")
    attributes = [
        f"{label}_{name}\tArg:{label}, Value:{'|'.join(closed[f'{label}_{name}'])}"
        for label in vocabulary.labels
        for name in sorted(vocabulary.attributes[label])
        if f"{label}_{name}" in closed
    ]
    parts = {
        "entities": vocabulary.labels,
        "relations": relations,
        "events": [],
        "attributes": attributes,
    }
    return "\n".join(
        f"[{name}]\n" + "".join(f"{line}\n" for line in lines) for name, lines in parts.items()
    )


def _format_lines(annotated: AnnotatedDocument, closed: dict[str, list[str]]) -> Iterator[str]:
    numbers: Counter[str] = Counter()

    def number(kind: str) -> str:
        numbers[kind] += 1
        return f"{kind}{numbers[kind]}"

    by_id = {mention.id: mention for mention in annotated.mentions}
    next_part = {r.head: by_id[r.tail] for r in annotated.relations if r.joins == "fragments"}
    parts = {part.id for part in next_part.values()}
    for m in annotated.mentions:
        if m.id in parts:
            continue
        pieces = list(_split_at_breaks(m))
        part = m
        while part.id in next_part:
            part = next_part[part.id]
            pieces += _split_at_breaks(part)
        offsets = ";".join(f"{start} {end}" for start, end in pieces)
        words = " ".join(annotated.text[start:end] for start, end in pieces)
        yield f"{m.id}\t{m.label} {offsets}\t{words}\n"
        attributes = {f"{m.label}_{name}": value for name, value in m.attributes.items()}
        choices = {name: value for name, value in attributes.items() if name in closed}
        choices |= {name: value for name in _MENTION_FIELDS if (value := getattr(m, name))}
        notes = {name: value for name, value in attributes.items() if name not in closed}
        notes |= {name: " ".join(values) for name in _LISTED_FIELDS if (values := getattr(m, name))}
        notes |= {_NOTE_TYPE: m.note} if m.note is not None else {}
        yield from (f"{number('A')}\t{name} {m.id} {value}\n" for name, value in choices.items())
        yield from (f"{number('#')}\t{name} {m.id}\t{value}\n" for name, value in notes.items())
    for r in annotated.relations:
        if not r.joins:
            yield f"{number('R')}\t{r.type} Arg1:{r.head} Arg2:{r.tail}\n"
    equivalent = (r for r in annotated.relations if r.joins == "coreference")
    for cluster in find_clusters(equivalent, by_id):
        yield f"*\t{_EQUIVALENCE} {' '.join(mention.id for mention in cluster)}\n"


def _split_at_breaks(mention: FormatMention) -> Iterator[Span]:
    """Yield the spans of the mention without the line breaks and tabs inside it."""
    start = mention.start
    for found in _BREAK_RUN.finditer(mention.text):
        yield Span(start, mention.start + found.start())
        start = mention.start + found.end()
    yield Span(start, mention.end)


def _join_at_breaks(pieces: Iterable[Span], text: str) -> Iterator[Span]:
    """Yield the spans that pieces make in the order of the text; a line break is no gap."""
    first, *others = sorted(pieces)
    span = first
    for piece in others:
        if _BREAK_RUN.fullmatch(text, span.end, piece.start):
            span = Span(span.start, piece.end)
        else:
            yield span
            span = piece
    yield span


def _read_document(path: Path, record: MetadataRecord, context: ImportContext) -> AnnotatedDocument:
    annotations = path.with_suffix(".ann")
    if not exists(annotations):
        raise InputError(
            "a .txt without its .ann",
            where=str(path),
            remedy="put an empty one beside it if nothing was marked",
        )
    with convert_os_errors(path):
        text = decode_text(read_file(path), str(path))
    with convert_os_errors(annotations):
        lines = decode_text(read_file(annotations), str(annotations)).split("\n")
    document = _BratDocument(text, context)
    for number, line in enumerate(lines, 1):
        if line.strip("\r"):
            document.add_line(line.rstrip("\r"), f"{annotations}:{number}")
    mentions, relations = document.finish()
    return AnnotatedDocument(
        doc_id=record.doc_id,
        text=text,
        about=record.about,
        answers=record.answers,
        note=record.note,
        mentions=mentions,
        relations=relations,
        kept=tuple(document.kept),
    )


class _PendingAttribute(NamedTuple):
    """An attribute or note, which may come before its mention."""

    kind: str
    location: str
    words: list[str]
    value: str


@dataclass
class _BratDocument:
    """One .ann, taken line by line."""

    text: str
    context: ImportContext
    mentions: dict[str, FormatMention] = field(default_factory=dict)
    relations: list[FormatRelation] = field(default_factory=list)
    pending: list[_PendingAttribute] = field(default_factory=list)
    parts: dict[str, str] = field(default_factory=dict)  # the first part of each other one
    equivalences: list[list[str]] = field(default_factory=list)
    kept: list[UnknownItem] = field(default_factory=list)

    def add_line(self, line: str, location: str) -> None:
        """Add one line; count events and whatever else has no place here."""
        identifier, tab, rest = line.partition("\t")
        head, _tab, value = rest.partition("\t")
        words = head.split(" ")
        kind = identifier[:1]
        if not tab or not words[0]:
            raise InputError(
                "not a line of brat's: no tab after an id", where=location, remedy=_REMEDY
            )
        if kind == "T":
            self._add_mention(identifier, head, value, location)
        elif kind == "R":
            self._add_relation(words, location)
        elif kind == "*" and words[0] == _EQUIVALENCE:
            self.equivalences.append([word for word in words[1:] if word])
        elif kind in ("A", "M", "#"):
            self.pending.append(_PendingAttribute(kind, location, words, value))
        elif kind in _NOT_TAKEN:
            self.context.losses[_NOT_TAKEN[kind]] += 1
        else:
            raise InputError(
                f"a line that begins with {identifier!r}", where=location, remedy=_REMEDY
            )

    def _add_mention(self, identifier: str, head: str, words: str, location: str) -> None:
        label, _space, offsets = head.partition(" ")
        try:
            pieces = [Span(*map(int, piece.split(" "))) for piece in offsets.strip().split(";")]
        except (ValueError, TypeError):
            raise InputError(
                f"offsets {offsets!r}"[:200], where=location, remedy="write them as START END"
            ) from None
        if identifier in self.mentions:
            raise InputError(
                f"a second {identifier}", where=location, remedy="give each its own number"
            )
        for piece in pieces:
            require_inside(piece, self.text, f"{location} {identifier}")
        expected = " ".join(self.text[start:end] for start, end in pieces)
        if words not in (expected, expected.rstrip("\r")):
            raise InputError(
                f"{identifier} says {words!r}, and {expected!r} is there"[:300],
                where=location,
                remedy="count offsets in code points; line ends are part of the text",
            )
        names = (f"{identifier}.{number}" if number > 1 else identifier for number in count(1))
        parts = [
            build_mention(self.text, location, name, label, span)
            for name, span in zip(names, _join_at_breaks(pieces, self.text), strict=False)
        ]
        self.mentions |= {part.id: part for part in parts}
        self.parts |= {part.id: identifier for part in parts[1:]}
        self.relations += join_mentions(parts, _FRAGMENTS, "fragments")

    def _add_relation(self, words: list[str], location: str) -> None:
        ends = dict(word.partition(":")[::2] for word in words[1:] if ":" in word)
        if len(ends) != 2:
            raise InputError(
                "a relation without two ends",
                where=location,
                remedy="write it as TYPE Arg1:T1 Arg2:T2",
            )
        head, tail = ends.values()
        self.relations.append(FormatRelation(type=words[0], head=head, tail=tail))

    def finish(self) -> tuple[tuple[FormatMention, ...], tuple[FormatRelation, ...]]:
        """Return mentions with their attributes and notes, and the relations between them."""
        for each in self.pending:
            self._apply_attribute(each)
        for name, first in self.parts.items():
            shared = {each: getattr(self.mentions[first], each) for each in _SHARED_FIELDS}
            self.mentions[name] = replace(self.mentions[name], **shared)
        known = [r for r in self.relations if {r.head, r.tail} <= self.mentions.keys()]
        self.context.losses["relations to what is no mention"] += len(self.relations) - len(known)
        relations = [*known, *self._join_equivalences()]
        return tuple(self.mentions.values()), tuple(relations)

    def _join_equivalences(self) -> Iterator[FormatRelation]:
        """Yield relations from each mention to the next; keep equivalences of other things."""
        pairs: list[FormatRelation] = []
        for names in self.equivalences:
            known = [self.mentions[name] for name in names if name in self.mentions]
            pairs += join_mentions(known, _EQUIVALENCE, "coreference")
            if len(known) < max(len(names), 2):
                reason = "an equivalence of what is no mention"
                self.kept.append(
                    UnknownItem(reason=reason, item={"type": _EQUIVALENCE, "mentions": names})
                )
                self.context.losses["equivalences of what is no mention"] += 1
        for cluster in find_clusters(pairs, self.mentions):
            yield from join_mentions(cluster, _EQUIVALENCE, "coreference")

    def _apply_attribute(self, pending: _PendingAttribute) -> None:
        if len(pending.words) < 2:
            raise InputError(
                "an attribute or note of nothing", where=pending.location, remedy=_REMEDY
            )
        name, target, *values = pending.words
        mention = self.mentions.get(target)
        is_note = pending.kind == "#"
        value = pending.value if is_note else " ".join(values) or "true"
        if mention is None:
            self.context.losses["attributes and notes of what is no mention"] += 1
        elif not value.strip():
            self.context.losses["empty notes"] += 1
        else:
            self.mentions[target] = self._with_attribute(mention, pending, name, value)

    def _with_attribute(
        self, mention: FormatMention, pending: _PendingAttribute, name: str, value: str
    ) -> FormatMention:
        is_note, location = pending.kind == "#", pending.location
        if is_note and name == _NOTE_TYPE and mention.note is None:
            return replace(mention, note=value)
        if is_note and name in _LISTED_FIELDS:
            known = {**msgspec.structs.asdict(mention), name: value.split(" ")}
            return convert_fields(known, FormatMention, location)
        if (
            name == "flag"
            or (name == "started_from" and value in ("prediction", "prediction_changed"))
            or (name == "decided" and value in ("unanimous", "majority", "adjudicated"))
        ):
            known = {**msgspec.structs.asdict(mention), name: value}
            return convert_fields(known, FormatMention, location)
        name = name.removeprefix(f"{mention.label}_")
        if name == _NOTE_TYPE:
            self.context.losses["second notes"] += 1
            return mention
        before = mention.attributes.get(name, ())
        several = (*(before if isinstance(before, tuple) else (str(before),)), value)
        given = tuple(dict.fromkeys(several))
        values = {name: given if len(given) > 1 else value}
        return replace(mention, attributes=mention.attributes | values)
