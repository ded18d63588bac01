"""brat standoff: DOC.txt and DOC.ann for each document, annotation.conf, and documents.jsonl for all else.

Offsets are code points. A mention across a line break or a tab is written as brat itself does: in pieces. An attribute
is named ``Label_attribute``; one with an open list of values, or with values of more than one word, is a note of that
name, since a brat attribute is a choice among words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import msgspec
from msgspec.structs import replace

from sayso import jsonl
from sayso.errors import InputError
from sayso.files import convert_os_errors
from sayso.formats.annotated_documents import (
    ALL_CONTENT,
    ATTRIBUTES,
    DECISIONS,
    KEPT_PARTS,
    MENTION_NOTES,
    AnnotatedDocument,
    FormatMention,
    FormatRelation,
    Losses,
    Vocabulary,
    build_mention,
    drop_mentions,
    drop_unheld,
    sort_document,
)
from sayso.formats.format_registry import ExportContent, ImportContext
from sayso.ingest.article_reader import decode_text
from sayso.sentences import LINE_BREAKS
from sayso.spans import Span

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_NO_WHITE_SPACE = re.compile(r"[^\s]+")
_BREAK_CHARACTERS = f"{LINE_BREAKS}\t"  # ends a line, or a field of it
_BREAK_RUN = re.compile(f"[{_BREAK_CHARACTERS}]+")
_NOTE_TYPE = "AnnotatorNotes"  # brat's own name for what an annotator typed
_MENTION_FIELDS = ("flag", "started_from", "decided")
_LABEL_UNNAMEABLE = "mentions whose label is not of letters, digits, _ and -"
_RELATION_UNNAMEABLE = "relations whose type is not of letters, digits, _ and -"
_BREAK_AT_EDGE = "mentions that begin or end with a line break or a tab"
_DOCUMENTS_FILE = "documents.jsonl"


class DocumentSideRecord(msgspec.Struct, omit_defaults=True):
    """A line of documents.jsonl."""

    doc_id: str
    about: dict[str, str] = {}
    note: str | None = None


class BratFormat:
    """Mentions, attributes, relations and notes in one line; not what was kept apart, nor who decided a relation."""

    suffix = ""
    holds_everything = False
    needs_vocabulary = True

    def fit(self, annotated: AnnotatedDocument, losses: Losses) -> AnnotatedDocument:
        """The part of a reading that brat holds. Ids are made anew, T1 on, and whole numbers become words."""
        annotated = drop_unheld(annotated, ALL_CONTENT - {KEPT_PARTS}, losses)
        annotated = drop_mentions(annotated, _find_obstacle, losses)
        drawn = [r for r in annotated.relations if _NAME.fullmatch(r.type)]
        losses[_RELATION_UNNAMEABLE] += len(annotated.relations) - len(drawn)
        losses[DECISIONS] += sum(r.decided is not None for r in drawn)
        mentions = sort_document(replace(annotated, relations=())).mentions
        names = {mention.id: f"T{number}" for number, mention in enumerate(mentions, 1)}
        fitted = [
            replace(_reduce_mention(mention, losses), id=names[mention.id]) for mention in mentions
        ]
        relations = tuple(
            FormatRelation(type=r.type, head=names[r.head], tail=names[r.tail]) for r in drawn
        )
        return sort_document(replace(annotated, mentions=tuple(fitted), relations=relations))

    def write(self, target: Path, content: ExportContent) -> None:
        """The folder."""
        closed = _find_closed_attributes(content.vocabulary)
        (target / "annotation.conf").write_text(
            _format_configuration(content.vocabulary, closed), encoding="utf-8"
        )
        with (target / _DOCUMENTS_FILE).open("wb") as side:
            for reading in content.documents:
                (target / f"{reading.doc_id}.txt").write_bytes(reading.text.encode())
                (target / f"{reading.doc_id}.ann").write_bytes(
                    "".join(_format_lines(reading, closed)).encode()
                )
                line = DocumentSideRecord(reading.doc_id, reading.about, reading.note)
                side.write(msgspec.json.encode(line, order="sorted") + b"\n")

    def read(self, path: Path, context: ImportContext) -> Iterator[AnnotatedDocument]:
        """Every document of a folder and of the folders in it, by name; what stands beside them in other files is told.

        Raises:
            InputError: a text without annotations or the other way round, or a line that is none of brat's.
            SpanError: a mention does not stand in its text, or other words stand there.
        """
        known = _read_side_records(path / _DOCUMENTS_FILE)
        texts = sorted(path.rglob("*.txt"))
        if not texts:
            raise InputError(
                "no .txt in this folder",
                where=str(path),
                remedy="name the folder that holds the documents",
            )
        for lone in sorted({each.with_suffix(".txt") for each in path.rglob("*.ann")} - set(texts)):
            raise InputError(
                "an .ann without its .txt",
                where=str(lone.with_suffix(".ann")),
                remedy="put the text beside it",
            )
        for text in texts:
            yield _read_document(text, text.relative_to(path), known, context)


def _find_obstacle(mention: FormatMention) -> str | None:
    if not _NAME.fullmatch(mention.label):
        return _LABEL_UNNAMEABLE
    return (
        _BREAK_AT_EDGE
        if mention.text[0] in _BREAK_CHARACTERS or mention.text[-1] in _BREAK_CHARACTERS
        else None
    )


def _reduce_mention(mention: FormatMention, losses: Losses) -> FormatMention:
    attributes = {
        name: str(value) for name, value in mention.attributes.items() if _is_holdable(name, value)
    }
    losses[ATTRIBUTES] += len(mention.attributes) - len(attributes)
    note = (
        mention.note
        if mention.note
        and not _BREAK_RUN.search(mention.note)
        and mention.note.strip() == mention.note
        else None
    )
    losses[MENTION_NOTES] += mention.note is not None and note is None
    flag = mention.flag if mention.flag and _NO_WHITE_SPACE.fullmatch(mention.flag) else None
    losses["flags"] += mention.flag is not None and flag is None
    return replace(mention, attributes=attributes, note=note, flag=flag)


def _is_holdable(name: str, value: object) -> bool:
    words = str(value)
    return (
        bool(_NAME.fullmatch(name))
        and words == words.strip() != ""
        and not _BREAK_RUN.search(words)
    )


def _find_closed_attributes(words: Vocabulary) -> dict[str, list[str]]:
    """The attributes that are a choice among words, by their name in brat."""
    found = {}
    for label in words.labels:
        for name, used in words.attributes[label].items():
            if (values := used.values) is not None and all(
                _NO_WHITE_SPACE.fullmatch(str(value)) for value in values
            ):
                found[f"{label}_{name}"] = sorted({str(value) for value in values})
    return found


def _format_configuration(words: Vocabulary, closed: dict[str, list[str]]) -> str:
    """What brat needs to show and edit these documents."""
    labels = [label for label in words.labels if _NAME.fullmatch(label)]
    relations = [
        f"{name}\tArg1:{'|'.join(sorted({h for h, _t in ends}))}, Arg2:{'|'.join(sorted({t for _h, t in ends}))}"
        for name, ends in sorted(words.relation_ends.items())
        if _NAME.fullmatch(name)
    ]
    overlaps = "<OVERLAP>\tArg1:<ENTITY>, Arg2:<ENTITY>, <OVL-TYPE>:<ANY>"
    attributes = [
        f"{label}_{name}\tArg:{label}, Value:{'|'.join(closed[f'{label}_{name}'])}"
        for label in labels
        for name in sorted(words.attributes[label])
        if f"{label}_{name}" in closed and _NAME.fullmatch(name)
    ]
    parts = {
        "entities": labels,
        "relations": [overlaps, *relations],
        "events": [],
        "attributes": attributes,
    }
    return "\n".join(
        f"[{name}]\n" + "".join(f"{line}\n" for line in lines) for name, lines in parts.items()
    )


def _format_lines(reading: AnnotatedDocument, closed: dict[str, list[str]]) -> Iterator[str]:
    numbers: Counter[str] = Counter()

    def numbered(kind: str) -> str:
        numbers[kind] += 1
        return f"{kind}{numbers[kind]}"

    for m in reading.mentions:
        pieces = list(_split_at_breaks(m))
        offsets = ";".join(f"{start} {end}" for start, end in pieces)
        words = " ".join(reading.text[start:end] for start, end in pieces)
        yield f"{m.id}\t{m.label} {offsets}\t{words}\n"
        for name, value in m.attributes.items():
            called = f"{m.label}_{name}"
            if called in closed:
                yield f"{numbered('A')}\t{called} {m.id} {value}\n"
            else:
                yield f"{numbered('#')}\t{called} {m.id}\t{value}\n"
        for name in _MENTION_FIELDS:
            if value := getattr(m, name):
                yield f"{numbered('A')}\t{name} {m.id} {value}\n"
        if m.votes:
            yield f"{numbered('#')}\tvotes {m.id}\t{' '.join(m.votes)}\n"
        if m.note is not None:
            yield f"{numbered('#')}\t{_NOTE_TYPE} {m.id}\t{m.note}\n"
    for r in reading.relations:
        yield f"{numbered('R')}\t{r.type} Arg1:{r.head} Arg2:{r.tail}\n"


def _split_at_breaks(mention: FormatMention) -> Iterator[Span]:
    """The mention without the line breaks and tabs inside it."""
    start = mention.start
    for found in _BREAK_RUN.finditer(mention.text):
        if mention.start + found.start() > start:
            yield Span(start, mention.start + found.start())
        start = mention.start + found.end()
    if start < mention.end:
        yield Span(start, mention.end)


def _read_side_records(path: Path) -> dict[str, DocumentSideRecord]:
    if not path.is_file():
        return {}
    return {side.doc_id: side for side in jsonl.read(path, DocumentSideRecord)}


def _read_document(
    path: Path, inside: Path, known: dict[str, DocumentSideRecord], how: ImportContext
) -> AnnotatedDocument:
    with convert_os_errors(path):
        text = decode_text(path.read_bytes(), str(path))
    annotations = path.with_suffix(".ann")
    if not annotations.exists():
        raise InputError(
            "a .txt without its .ann",
            where=str(path),
            remedy="put an empty one beside it if nothing was marked",
        )
    with convert_os_errors(annotations):
        lines = decode_text(annotations.read_bytes(), str(annotations)).split("\n")
    doc_id = "-".join(inside.with_suffix("").parts)
    side = known.get(doc_id, DocumentSideRecord(doc_id))
    page = _BratDocument(text, str(annotations), how)
    for number, line in enumerate(lines, 1):
        if line.strip("\r"):
            page.add_line(line, f"{annotations}:{number}")
    mentions, relations = page.finish()
    return sort_document(
        AnnotatedDocument(
            doc_id=doc_id,
            text=text,
            about=side.about,
            note=side.note,
            mentions=mentions,
            relations=relations,
        )
    )


@dataclass
class _BratDocument:
    """One .ann, taken line by line."""

    text: str
    location: str
    context: ImportContext
    mentions: dict[str, FormatMention] = field(default_factory=dict)
    relations: list[tuple[str, FormatRelation]] = field(default_factory=list)
    pending: list[tuple[str, str, list[str], str]] = field(default_factory=list)

    def add_line(self, line: str, place: str) -> None:
        """One line. What we have no place for is counted: events, equivalences, references to a database."""
        identifier, tab, rest = line.partition("\t")
        head, _tab, tail = rest.partition("\t")
        words = head.split(" ")
        kind = identifier[:1]
        if not tab or not words[0]:
            raise InputError(
                "not a line of brat's: no tab after an id", where=place, remedy="mend the line"
            )
        if kind == "T":
            self._add_mention(identifier, words[0], head[len(words[0]) + 1 :], tail, place)
        elif kind == "R":
            self._add_relation(words, place)
        elif kind in ("A", "M", "#"):
            self.pending.append((kind, place, words, tail.rstrip("\r")))
        else:
            named = {"E": "events", "N": "references to a database", "*": "equivalences"}.get(kind)
            if named is None:
                raise InputError(
                    f"a line that begins with {identifier!r}", where=place, remedy="mend the line"
                )
            self.context.losses[named] += 1

    def _add_mention(
        self, identifier: str, label: str, offsets: str, words: str, place: str
    ) -> None:
        try:
            pieces = [Span(*map(int, piece.split(" "))) for piece in offsets.strip().split(";")]
        except (ValueError, TypeError):
            raise InputError(
                f"offsets {offsets!r}", where=place, remedy="write them as START END"
            ) from None
        if identifier in self.mentions:
            raise InputError(
                f"a second {identifier}", where=place, remedy="give each its own number"
            )
        between = [self.text[one.end : other.start] for one, other in pairwise(pieces)]
        if not all(_BREAK_RUN.fullmatch(gap) for gap in between):
            self.context.losses["mentions in pieces with words between them"] += 1
            return
        found = build_mention(
            self.text, place, identifier, label, Span(pieces[0].start, pieces[-1].end)
        )
        standing = " ".join(self.text[start:end] for start, end in pieces)
        if words.rstrip("\r") not in (standing, standing.rstrip("\r")):
            raise InputError(
                f"{identifier} says {words!r}, and {standing!r} stands there"[:300],
                where=place,
                remedy="count offsets in code points; line ends are part of the text",
            )
        self.mentions[identifier] = found

    def _add_relation(self, words: list[str], place: str) -> None:
        ends = dict(word.rstrip("\r").partition(":")[::2] for word in words[1:] if ":" in word)
        if len(ends) != 2:
            raise InputError(
                "a relation without two ends",
                where=place,
                remedy="write it as TYPE Arg1:T1 Arg2:T2",
            )
        head, tail = ends.values()
        self.relations.append((place, FormatRelation(type=words[0], head=head, tail=tail)))

    def finish(self) -> tuple[tuple[FormatMention, ...], tuple[FormatRelation, ...]]:
        """Mentions with their attributes and notes, wherever these stood, and the relations that tie mentions."""
        for kind, place, words, tail in self.pending:
            self._apply_attribute(kind, place, words, tail)
        found = []
        for _place, relation in self.relations:
            if {relation.head, relation.tail} <= self.mentions.keys():
                found.append(relation)
            else:
                self.context.losses["relations to what is no mention"] += 1
        return tuple(self.mentions.values()), tuple(found)

    def _apply_attribute(self, kind: str, place: str, words: list[str], tail: str) -> None:
        if len(words) < 2:
            raise InputError("an attribute or note of nothing", where=place, remedy="mend the line")
        name, target = words[0], words[1].rstrip("\r")
        mention = self.mentions.get(target)
        value = tail if kind == "#" else " ".join(words[2:]).rstrip("\r") or "true"
        if mention is None:
            self.context.losses["attributes and notes of what is no mention"] += 1
        elif not value.strip():
            self.context.losses["empty notes"] += 1
        else:
            self.mentions[target] = self._with_attribute(mention, kind, name, value)

    def _with_attribute(
        self, mention: FormatMention, kind: str, name: str, value: str
    ) -> FormatMention:
        if name == _NOTE_TYPE and kind == "#" and mention.note is None:
            return replace(mention, note=value)
        if name == "votes" and kind == "#":
            return replace(mention, votes=tuple(value.split(" ")))
        if (
            name == "flag"
            or (name == "started_from" and value in ("prediction", "prediction_changed"))
            or (name == "decided" and value in ("unanimous", "majority", "adjudicated"))
        ):
            return msgspec.convert({**msgspec.structs.asdict(mention), name: value}, FormatMention)
        name = name.removeprefix(f"{mention.label}_")
        if name in mention.attributes or name == _NOTE_TYPE:
            self.context.losses["attributes and notes given twice"] += 1
            return mention
        return replace(mention, attributes={**mention.attributes, name: value})


FORMAT = BratFormat()
