"""CoNLL-U Plus: a token a line with its offsets, and for each label a column in BIO.

    # global.columns = ID FORM START END Actor Location …
    # newdoc id = DOC
    # document = {"about": …, "note": …, "text": …}     the whole of it, one line of JSON
    # sent_id = DOC-1
    # text = The sentence.
    1  The  0  3  B-Actor  O

Offsets are code points of the document. Files of other makers come in where they have ``# text``: there a sentence
is a line of the document, and tokens are found in it from left to right.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from sayso.errors import InputError
from sayso.files import convert_os_errors
from sayso.formats.annotated_documents import (
    DOCUMENT_NOTES,
    AnnotatedDocument,
    FormatMention,
    Losses,
    build_mention,
    drop_mentions,
    drop_unheld,
    find_same_label_overlaps,
    sort_document,
)
from sayso.formats.format_registry import ExportContent, ImportContext
from sayso.formats.token_grid import TokenGrid, build_grid
from sayso.spans import Span

SPLITS_TOKEN = "mentions whose edges are not those of tokens"
CROSSES_SENTENCE = "mentions that go on into another sentence"
OVERLAPS_SAME_LABEL = "mentions that overlap another of their label"
_LABEL_UNNAMEABLE = "mentions whose label cannot name a column"
_OWN_COLUMNS = ("ID", "FORM", "START", "END")
_CONLLU_COLUMNS = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")
_REMEDY = "mend the line"


class ConllFormat:
    """Mentions on whole tokens, in one sentence, apart from others of their label; and notes on documents."""

    suffix = ".conllup"
    holds_everything = False
    needs_vocabulary = True

    def fit(self, annotated: AnnotatedDocument, losses: Losses) -> AnnotatedDocument:
        """The part of a reading that BIO holds; ids are made anew."""
        annotated = drop_unheld(annotated, {DOCUMENT_NOTES}, losses)
        of_text = build_grid(annotated)

        def unfit(mention: FormatMention) -> str | None:
            place = of_text.find_tokens(mention)
            if place is None:
                return SPLITS_TOKEN
            if of_text.sentence_of_token[place.start] != of_text.sentence_of_token[place.end - 1]:
                return CROSSES_SENTENCE
            return None if _is_column_name(mention.label) else _LABEL_UNNAMEABLE

        annotated = drop_mentions(annotated, unfit, losses)
        hidden = find_same_label_overlaps(annotated.mentions)
        annotated = drop_mentions(
            annotated, lambda m: OVERLAPS_SAME_LABEL if hidden(m) else None, losses
        )
        return _renumber_mentions(annotated)

    def write(self, target: Path, content: ExportContent) -> None:
        """One file, document after document."""
        labels = content.vocabulary.labels
        with target.open("w", encoding="utf-8", newline="") as file:
            file.write(f"# global.columns = {' '.join((*_OWN_COLUMNS, *labels))}\n")
            for reading in content.documents:
                _write_document(file, reading, labels)

    def read(self, path: Path, context: ImportContext) -> Iterator[AnnotatedDocument]:
        """The documents of a file.

        Raises:
            InputError: a line is not of the format, or a sentence has neither offsets nor ``# text``.
        """
        columns: tuple[str, ...] = _CONLLU_COLUMNS
        page: _ConllDocument | None = None
        with convert_os_errors(path), path.open("rb") as stream:
            for number, line in _decode_lines(stream, path):
                place = f"{path}:{number}"
                if line.startswith("# global.columns ="):
                    columns = tuple(line.partition("=")[2].split())
                    continue
                if page is None or (line.startswith("# newdoc") and page.has_content):
                    if page:
                        yield page.finish(context)
                    page = _ConllDocument(str(path), path.stem, columns)
                page.add_line(line, place)
        if page and page.has_content:
            yield page.finish(context)


def _is_column_name(label: str) -> bool:
    reserved = label in (*_OWN_COLUMNS, *_CONLLU_COLUMNS)
    return bool(label) and not reserved and not any(character.isspace() for character in label)


def _renumber_mentions(reading: AnnotatedDocument) -> AnnotatedDocument:
    mentions = (
        FormatMention(id=f"m{number}", label=m.label, start=m.start, end=m.end, text=m.text)
        for number, m in enumerate(sort_document(reading).mentions, 1)
    )
    return sort_document(
        AnnotatedDocument(
            doc_id=reading.doc_id,
            text=reading.text,
            about=reading.about,
            note=reading.note,
            mentions=tuple(mentions),
        )
    )


def _write_document(file: TextIO, reading: AnnotatedDocument, labels: list[str]) -> None:
    whole = {"about": reading.about, "note": reading.note, "text": reading.text}
    file.write(
        f"# newdoc id = {reading.doc_id}\n# document = {json.dumps(whole, sort_keys=True)}\n"
    )
    of_text = build_grid(reading)
    tags = {label: ["O"] * len(of_text.tokens) for label in labels}
    for mention in reading.mentions:
        first, after = of_text.find_tokens(mention) or Span(0, 0)
        tags[mention.label][first:after] = [
            f"B-{mention.label}",
            *[f"I-{mention.label}"] * (after - first - 1),
        ]
    rows: list[tuple[str, ...]] = [()] * len(of_text.tokens)
    if labels:
        rows = list(zip(*(tags[label] for label in labels), strict=True))
    for number, sentence in enumerate(of_text.sentences, 1):
        file.write(_format_sentence(reading, number, of_text, sentence, rows))
    if not of_text.sentences:
        file.write("\n")


def _format_sentence(
    reading: AnnotatedDocument,
    number: int,
    of_text: TokenGrid,
    sentence: Span,
    rows: list[tuple[str, ...]],
) -> str:
    text, tokens = reading.text, of_text.tokens
    words = text[tokens[sentence.start].start : tokens[sentence.end - 1].end]
    lines = [f"# sent_id = {reading.doc_id}-{number}", f"# text = {words}"]
    for place, each in enumerate(range(sentence.start, sentence.end), 1):
        start, end = tokens[each]
        lines.append("\t".join((str(place), text[start:end], str(start), str(end), *rows[each])))
    return "\n".join(lines) + "\n\n"


def _decode_lines(stream: Iterable[bytes], path: Path) -> Iterator[tuple[int, str]]:
    for number, raw in enumerate(stream, 1):
        try:
            yield number, raw.decode().removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError as error:
            raise InputError(
                f"byte {error.start} is not UTF-8",
                where=f"{path}:{number}",
                remedy="convert it: iconv -f ENCODING -t UTF-8",
            ) from error


@dataclass
class _ConllSentence:
    """A sentence as it was read: ``text`` where the file gives it; a token is (place, cells by column)."""

    text: str | None = None
    tokens: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@dataclass
class _ConllDocument:
    """The document that is being read."""

    path: str
    doc_id: str
    columns: tuple[str, ...]
    document_line: dict[str, Any] | None = None
    sentences: list[_ConllSentence] = field(default_factory=lambda: [_ConllSentence()])
    has_content: bool = False

    def add_line(self, line: str, place: str) -> None:
        """One line."""
        key, sign, value = (part.strip(" ") for part in line.removeprefix("#").partition("="))
        comment = line.startswith("#")
        if comment and sign and key in ("newdoc id", "document", "text"):
            self.has_content = True
            self._add_comment(
                key, line.partition("=")[2].removeprefix(" ") if key == "text" else value, place
            )
        elif line and not comment:
            self.has_content = True
            self._add_token(line, place)
        elif not line and (self.sentences[-1].tokens or self.sentences[-1].text is not None):
            self.sentences.append(_ConllSentence())

    def _add_comment(self, key: str, value: str, place: str) -> None:
        if key == "newdoc id":
            self.doc_id = value
        elif key == "text":
            self.sentences[-1].text = value
        else:
            try:
                self.document_line = json.loads(value)
            except json.JSONDecodeError as error:
                raise InputError(
                    f"# document is no JSON: {error}", where=place, remedy=_REMEDY
                ) from error

    def _add_token(self, line: str, place: str) -> None:
        cells = line.split("\t")
        if len(cells) != len(self.columns):
            raise InputError(
                f"{len(cells)} columns, and there should be {len(self.columns)} ({' '.join(self.columns)})",
                where=place,
                remedy="name them in the first line: # global.columns = ID FORM …",
            )
        row = dict(zip(self.columns, cells, strict=True))
        if "-" not in row.get("ID", "") and "." not in row.get(
            "ID", ""
        ):  # neither a range of words nor an empty one
            self.sentences[-1].tokens.append((place, row))

    def finish(self, how: ImportContext) -> AnnotatedDocument:
        """What was read, once it is over."""
        sentences = [each for each in self.sentences if each.tokens or each.text is not None]
        if isinstance(self.document_line, dict) and isinstance(self.document_line.get("text"), str):
            text = self.document_line["text"]
            spans = [[_parse_offsets(token) for token in each.tokens] for each in sentences]
        else:
            text, spans = _rebuild_text(sentences, how)
        mentions: list[FormatMention] = []
        for sentence, places in zip(sentences, spans, strict=True):
            mentions += _parse_mentions(sentence, places, text, self.columns, len(mentions), how)
        known = self.document_line or {}
        return _renumber_mentions(
            AnnotatedDocument(
                doc_id=self.doc_id,
                text=text,
                about=known.get("about", {}),
                note=known.get("note"),
                mentions=tuple(mentions),
            )
        )


def _parse_offsets(token: tuple[str, dict[str, str]]) -> Span:
    place, row = token
    try:
        return Span(int(row["START"]), int(row["END"]))
    except (KeyError, ValueError):
        raise InputError(
            "no START and END", where=place, remedy="take # document out, or give each token both"
        ) from None


def _rebuild_text(
    sentences: list[_ConllSentence], how: ImportContext
) -> tuple[str, list[list[Span]]]:
    """The text and where the tokens stand in it: a sentence a line, as far as the file gives the sentences' texts."""
    lines, spans, base = [], [], 0
    for sentence in sentences:
        if sentence.text is None:
            raise InputError(
                "a sentence without # text: what stood between its words cannot be known",
                where=sentence.tokens[0][0],
                remedy="export it anew with # text, or bring in the format that it was made from",
            )
        lines.append(sentence.text)
        spans.append(_find_tokens(sentence, base))
        base += len(sentence.text) + 1
    if len(lines) > 1:
        how.notices["texts put together from # text, a sentence a line"] += 1
    return "\n".join(lines), spans


def _find_tokens(sentence: _ConllSentence, base: int) -> list[Span]:
    found, at = [], 0
    assert sentence.text is not None  # noqa: S101
    for place, row in sentence.tokens:
        word = row["FORM"]
        start = sentence.text.find(word, at)
        if start < 0 or sentence.text[at:start].strip():
            raise InputError(
                f"token {word!r} does not come next in # text", where=place, remedy=_REMEDY
            )
        at = start + len(word)
        found.append(Span(base + start, base + at))
    if sentence.text[at:].strip():
        raise InputError(
            f"# text goes on after its last token: {sentence.text[at:]!r}"[:200],
            where=sentence.tokens[-1][0] if sentence.tokens else "",
            remedy=_REMEDY,
        )
    return found


def _parse_mentions(
    sentence: _ConllSentence,
    spans: list[Span],
    text: str,
    columns: tuple[str, ...],
    known: int,
    how: ImportContext,
) -> list[FormatMention]:
    """The mentions of one sentence, column by column; IOB1 is read too."""
    found: list[FormatMention] = []
    for column in columns:
        if column in (*_OWN_COLUMNS, *_CONLLU_COLUMNS):
            continue
        open_label, first = "", 0
        for number, (place, row) in enumerate([*sentence.tokens, ("", {})]):
            tag = row.get(column, "O")
            kind, label = _parse_tag(tag, column, place)
            if open_label and (kind != "I" or label != open_label):
                last = sentence.tokens[number - 1][0]
                name = f"m{known + len(found) + 1}"
                span = Span(spans[first].start, spans[number - 1].end)
                found.append(build_mention(text, last, name, open_label, span))
                open_label = ""
            if kind != "O" and not open_label:
                open_label, first = label, number
    if ignored := [name for name in columns if name in _CONLLU_COLUMNS[2:]]:
        how.notices[f"columns not taken: {', '.join(ignored)}"] += 1
    return found


def _parse_tag(tag: str, column: str, place: str) -> tuple[str, str]:
    if tag in ("O", "_", "*", ""):
        return "O", ""
    kind, dash, label = tag.partition("-")
    if kind not in ("B", "I") or (dash and not label):
        raise InputError(
            f"{tag!r} in column {column} is not BIO",
            where=place,
            remedy="write O, B-LABEL or I-LABEL",
        )
    return kind, label or column


FORMAT = ConllFormat()
