"""CoNLL-U Plus: a token a line with its offsets, and for each label a column in BIO.

    # global.columns = ID FORM START END Actor Location …
    # newdoc id = DOC
    # document = {"about": …, "answers": […], "note": …, "text": …}     the whole of it, in JSON
    # sent_id = DOC-1
    # text = The sentence.
    1  The  0  3  B-Actor  O

Offsets are code points of the document. Files of other makers come in where they have ``# text``:
there a sentence is a line of the document, and tokens are found in it from left to right. A comment
``# genre = news`` is an answer about the document where ``--map`` names it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple, TextIO

import msgspec

from sayso import jsonl
from sayso.errors import InputError
from sayso.files import convert_os_errors, open_file
from sayso.formats.annotated_documents import (
    AnnotatedDocument,
    ExportContent,
    FormatAnswer,
    FormatMention,
    build_mention,
    drop_mentions,
    find_same_label_overlaps,
    sort_document,
)
from sayso.formats.format_registry import ImportContext
from sayso.formats.losses import Loss, Losses
from sayso.formats.token_grid import TokenGrid, build_grid
from sayso.models import DECODE_ERRORS
from sayso.spans import Span

_OWN_COLUMNS = ("ID", "FORM", "START", "END")
_CONLLU_COLUMNS = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")
_REMEDY = "correct the line"


def fit(annotated: AnnotatedDocument, losses: Losses) -> AnnotatedDocument:
    """Keep mentions on whole tokens, in one sentence, apart from others of their label."""
    grid = build_grid(annotated)

    def find_loss(mention: FormatMention) -> Loss | None:
        tokens = grid.find_tokens(mention)
        if tokens is None:
            return Loss.MENTION_SPLITS_TOKEN
        if grid.sentence_of_token[tokens.start] != grid.sentence_of_token[tokens.end - 1]:
            return Loss.MENTION_CROSSES_SENTENCE
        return None if _is_column_name(mention.label) else Loss.LABEL_NOT_COLUMN

    annotated = drop_mentions(annotated, find_loss, losses)
    overlapping = find_same_label_overlaps(annotated.mentions)
    annotated = drop_mentions(
        annotated, lambda m: Loss.MENTION_OVERLAPS_LABEL if m.id in overlapping else None, losses
    )
    return _renumber_mentions(annotated)


def write(target: Path, content: ExportContent) -> None:
    """Write one file, document after document."""
    labels = content.vocabulary.labels
    with target.open("w", encoding="utf-8", newline="") as file:
        file.write(f"# global.columns = {' '.join((*_OWN_COLUMNS, *labels))}\n")
        for each in content.documents:
            _write_document(file, each, labels)


def read(path: Path, context: ImportContext) -> Iterator[AnnotatedDocument]:
    """Read the documents of a file.

    Raises:
        InputError: a line is not of the format, or a sentence has neither offsets nor ``# text``.
    """
    columns: tuple[str, ...] = _CONLLU_COLUMNS
    document = _ConllDocument(path.stem, columns)
    with convert_os_errors(path), open_file(path) as stream:
        for number, line in _decode_lines(stream, path):
            if line.startswith("# global.columns ="):
                columns = tuple(line.partition("=")[2].split())
                document.columns = columns if not document.has_content else document.columns
                continue
            if line.startswith("# newdoc") and document.has_content:
                yield document.finish(context)
                document = _ConllDocument(path.stem, columns)
            document.add_line(line, f"{path}:{number}")
    if document.has_content:
        yield document.finish(context)


def _is_column_name(label: str) -> bool:
    reserved = label in (*_OWN_COLUMNS, *_CONLLU_COLUMNS)
    return bool(label) and not reserved and not any(character.isspace() for character in label)


def _renumber_mentions(annotated: AnnotatedDocument) -> AnnotatedDocument:
    mentions = (
        FormatMention(id=f"m{number}", label=m.label, start=m.start, end=m.end, text=m.text)
        for number, m in enumerate(sort_document(annotated).mentions, 1)
    )
    return AnnotatedDocument(
        doc_id=annotated.doc_id,
        text=annotated.text,
        about=annotated.about,
        answers=annotated.answers,
        note=annotated.note,
        mentions=tuple(mentions),
    )


def _write_document(file: TextIO, annotated: AnnotatedDocument, labels: list[str]) -> None:
    whole = {"about": annotated.about, "note": annotated.note, "text": annotated.text}
    if annotated.answers:
        whole["answers"] = msgspec.to_builtins(annotated.answers)
    file.write(
        f"# newdoc id = {annotated.doc_id}\n# document = {json.dumps(whole, sort_keys=True)}\n"
    )
    grid = build_grid(annotated)
    tags = {label: ["O"] * len(grid.tokens) for label in labels}
    for mention in annotated.mentions:
        first, after = grid.find_tokens(mention) or Span(0, 0)
        tags[mention.label][first:after] = [
            f"B-{mention.label}",
            *[f"I-{mention.label}"] * (after - first - 1),
        ]
    rows: list[tuple[str, ...]] = [()] * len(grid.tokens)
    if labels:
        rows = list(zip(*(tags[label] for label in labels), strict=True))
    for number, sentence in enumerate(grid.sentences, 1):
        file.write(_format_sentence(annotated, number, grid, sentence, rows))
    if not grid.sentences:
        file.write("\n")


def _format_sentence(
    annotated: AnnotatedDocument,
    number: int,
    grid: TokenGrid,
    sentence: Span,
    rows: list[tuple[str, ...]],
) -> str:
    text, tokens = annotated.text, grid.tokens
    words = text[tokens[sentence.start].start : tokens[sentence.end - 1].end]
    lines = [f"# sent_id = {annotated.doc_id}-{number}", f"# text = {words}"]
    for token_id, each in enumerate(range(sentence.start, sentence.end), 1):
        start, end = tokens[each]
        lines.append("\t".join((str(token_id), text[start:end], str(start), str(end), *rows[each])))
    return "\n".join(lines) + "\n\n"


def _decode_lines(stream: BinaryIO, path: Path) -> Iterator[tuple[int, str]]:
    for number, raw in enumerate(jsonl.iterate_lines(stream, str(path)), 1):
        try:
            yield number, raw.decode().removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError as error:
            raise InputError(
                f"byte {error.start} is not UTF-8",
                where=f"{path}:{number}",
                remedy="convert it: iconv -f ENCODING -t UTF-8",
            ) from error


class _WholeDocument(msgspec.Struct):
    """``# document``: the whole of it, where we wrote the file."""

    text: str | None = None
    about: dict[str, str] = {}
    note: str | None = None
    answers: tuple[FormatAnswer, ...] = ()


class _ConllToken(NamedTuple):
    location: str
    cells: dict[str, str]  # by column


@dataclass
class _ConllSentence:
    """A sentence as it was read; ``text`` where the file gives it."""

    text: str | None = None
    tokens: list[_ConllToken] = field(default_factory=list)


@dataclass
class _ConllDocument:
    """The document that is being read; ``whole`` is its ``# document``."""

    doc_id: str
    columns: tuple[str, ...]
    whole: _WholeDocument = field(default_factory=lambda: _WholeDocument())
    sentences: list[_ConllSentence] = field(default_factory=lambda: [_ConllSentence()])
    has_content: bool = False
    comments: dict[str, dict[str, None]] = field(default_factory=dict)  # values by name, each once

    def add_line(self, line: str, location: str) -> None:
        """Add one line."""
        key, sign, value = (part.strip(" ") for part in line.removeprefix("#").partition("="))
        comment = line.startswith("#")
        if comment and sign and key in ("newdoc id", "document", "text"):
            self.has_content = True
            self._add_comment(
                key, line.partition("=")[2].removeprefix(" ") if key == "text" else value, location
            )
        elif comment and sign:
            self.comments.setdefault(key, {})[value] = None
        elif line and not comment:
            self.has_content = True
            self._add_token(line, location)
        elif not line and (self.sentences[-1].tokens or self.sentences[-1].text is not None):
            self.sentences.append(_ConllSentence())

    def _add_comment(self, key: str, value: str, location: str) -> None:
        if key == "newdoc id":
            self.doc_id = value
        elif key == "text":
            self.sentences[-1].text = value
        else:
            try:
                self.whole = msgspec.json.decode(value, type=_WholeDocument)
            except DECODE_ERRORS as error:
                what = f"# document is no JSON of ours: {error}"
                raise InputError(what[:300], where=location, remedy=_REMEDY) from error

    def _add_token(self, line: str, location: str) -> None:
        cells = line.split("\t")
        if len(cells) != len(self.columns):
            raise InputError(
                f"{len(cells)} columns, and there should be {len(self.columns)}"
                f" ({' '.join(self.columns)})",
                where=location,
                remedy="name them in the first line: # global.columns = ID FORM …",
            )
        row = dict(zip(self.columns, cells, strict=True))
        if not {"-", "."} & set(row.get("ID", "")):  # neither a range of words nor an empty one
            self.sentences[-1].tokens.append(_ConllToken(location, row))

    def finish(self, context: ImportContext) -> AnnotatedDocument:
        """Return the document, once all its lines were added."""
        sentences = [each for each in self.sentences if each.tokens or each.text is not None]
        text = self.whole.text
        if text is not None:
            spans = [[_parse_offsets(token) for token in each.tokens] for each in sentences]
        else:
            text, spans = _rebuild_text(sentences, context)
        if ignored := [name for name in self.columns if name in _CONLLU_COLUMNS[2:]]:
            context.notices[f"columns not taken: {', '.join(ignored)}"] += len(sentences)
        mentions: list[FormatMention] = []
        labels = [name for name in self.columns if name not in (*_OWN_COLUMNS, *_CONLLU_COLUMNS)]
        for sentence, tokens in zip(sentences, spans, strict=True):
            for column in labels:
                mentions += _parse_column(sentence, tokens, text, column)
        return _renumber_mentions(
            AnnotatedDocument(
                doc_id=self.doc_id,
                text=text,
                about=self.whole.about,
                answers=(*self.whole.answers, *self._list_categories(context)),
                note=self.whole.note,
                mentions=tuple(mentions),
            )
        )

    def _list_categories(self, context: ImportContext) -> Iterator[FormatAnswer]:
        """Yield the comments that have a name of ours; of several values, all."""
        for name, values in self.comments.items():
            if name in context.labels:
                value = next(iter(values)) if len(values) == 1 else tuple(values)
                yield FormatAnswer(question=name, value=value)


def _parse_offsets(token: _ConllToken) -> Span:
    try:
        return Span(int(token.cells["START"]), int(token.cells["END"]))
    except (KeyError, ValueError):
        raise InputError(
            "no START and END",
            where=token.location,
            remedy="take # document out, or give each token both",
        ) from None


def _rebuild_text(
    sentences: list[_ConllSentence], context: ImportContext
) -> tuple[str, list[list[Span]]]:
    """Return the text, a sentence a line, and the spans of the tokens of each sentence."""
    lines, spans, base = [], [], 0
    for sentence in sentences:
        if sentence.text is None:
            raise InputError(
                "a sentence without # text: what stood between its words cannot be known",
                where=sentence.tokens[0].location,
                remedy="export it anew with # text, or bring in the format that it was made from",
            )
        lines.append(sentence.text)
        spans.append(_find_tokens(sentence.tokens, sentence.text, base))
        base += len(sentence.text) + 1
    if len(lines) > 1:
        context.notices["texts put together from # text, a sentence a line"] += 1
    return "\n".join(lines), spans


def _find_tokens(tokens: list[_ConllToken], text: str, base: int) -> list[Span]:
    found, end = [], 0
    for token in tokens:
        word = token.cells["FORM"]
        start = text.find(word, end)
        if start < 0 or text[end:start].strip():
            raise InputError(
                f"token {word!r} does not come next in # text", where=token.location, remedy=_REMEDY
            )
        end = start + len(word)
        found.append(Span(base + start, base + end))
    if text[end:].strip():
        raise InputError(
            f"# text goes on after its last token: {text[end:]!r}"[:200],
            where=tokens[-1].location if tokens else "",
            remedy=_REMEDY,
        )
    return found


def _parse_column(
    sentence: _ConllSentence, spans: list[Span], text: str, column: str
) -> Iterator[FormatMention]:
    """Yield the mentions that a column has in one sentence; IOB1 is read too."""
    label, first = "", 0
    for number, token in enumerate([*sentence.tokens, _ConllToken("", {})]):
        kind, next_label = _parse_tag(token.cells.get(column, "O"), column, token.location)
        if label and (kind != "I" or next_label != label):
            location = sentence.tokens[number - 1].location
            span = Span(spans[first].start, spans[number - 1].end)
            yield build_mention(text, location, f"{column}-{number}", label, span)
            label = ""
        if kind != "O" and not label:
            label, first = next_label, number


def _parse_tag(tag: str, column: str, location: str) -> tuple[str, str]:
    """Return "B", "I" or "O", and the label."""
    if tag in ("O", "_", "*", ""):
        return "O", ""
    kind, dash, label = tag.partition("-")
    if kind not in ("B", "I") or (dash and not label):
        raise InputError(
            f"{tag!r} in column {column} is not BIO",
            where=location,
            remedy="write O, B-LABEL or I-LABEL",
        )
    return kind, label or column
