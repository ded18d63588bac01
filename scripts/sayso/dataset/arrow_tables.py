"""Documents and answers → the rows of every configuration, as Arrow tables. Pure: no files, no clock.

Whatever there is one of for each mention stays in arrays; Python sees documents and answers one by one, mentions and
tokens never. Offsets are checked here against the texts, all at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sayso.checks.schema_checks import CLAIM
from sayso.dataset import build_counts, features
from sayso.dataset.annotation_table import AnnotationTable
from sayso.dataset.build_counts import GOLD_ANNOTATOR, Counts, count_key
from sayso.dataset.features import Columns
from sayso.dataset.tokenization import BoolArray, IntArray, TokenizedTexts
from sayso.models import Document
from sayso.schema.declarations import Schema

_TAGS = pa.array(["O", "B", "I"])
_TAG_OUTSIDE, _TAG_BEGIN, _TAG_INSIDE = range(3)
_RESTORE = "restore the file from git, or pull it again"


@dataclass(frozen=True)
class ConfigTable:
    """The rows of one configuration, with the figures that the card adds up."""

    rows: pa.Table
    counts: Counts = field(default_factory=Counter)


def build_tables(
    documents: Sequence[Document],
    annotations: AnnotationTable,
    document_index: Sequence[int],
    schema: Schema,
) -> dict[str, ConfigTable]:
    """The rows of every configuration for some documents in order, and the answers to them in order of document.

    Args:
        document_of: for each answer the place of its document in ``documents``.

    Raises:
        SpanError: a mention is not the slice of its text that it says it is.
        InputError: an answer was given for another text, or a relation has an end that is not there.
    """
    return _TableBuilder(documents, annotations, document_index, schema).build()


class _TableBuilder:
    """Everything that several configurations need, made once."""

    def __init__(
        self,
        documents: Sequence[Document],
        answers: AnnotationTable,
        document_of: Sequence[int],
        schema: Schema,
    ) -> None:
        self.documents, self.answers, self.schema = documents, answers, schema
        self.declared = features.config_columns(schema)
        self.document: IntArray = np.asarray(document_of, dtype=np.int64)
        self.table = answers.table
        self.gold: BoolArray = np.array([line.gold for line in answers.lines], dtype=np.bool_)
        self.texts = TokenizedTexts(
            [each.text for each in documents], [each.language for each in documents]
        )
        self._check_texts()
        self.reading = _MentionArrays(self)

    def _check_texts(self) -> None:
        wanted = [self.documents[each].text_sha256 for each in self.document]
        for row, (want, got) in enumerate(
            zip(wanted, self.table["text_sha256"].to_pylist(), strict=True)
        ):
            if want != got:
                self.answers.raise_error(
                    row,
                    f"made for another text ({got[:12]}… and not {want[:12]}…)",
                    item="text_sha256",
                    remedy="restore the article from git; `sayso ingest --replace-text` puts another text in its place",
                )

    def build(self) -> dict[str, ConfigTable]:
        return {
            "gold": self._build_gold(),
            "articles": self._build_articles(),
            "annotations": self._build_annotations(),
            "mentions": self.reading.build_mentions(),
            "claims": self.reading.build_claims(),
            "tokens": self.reading.build_tokens(),
        }

    def make_table(self, config: str, columns: Mapping[str, Any], size: int) -> pa.Table:
        """A table of the declared columns; one that is not given is null."""
        declared = features.arrow_schema(self.declared[config])
        arrays = [
            columns[each.name] if each.name in columns else pa.nulls(size, each.type)
            for each in declared
        ]
        return pa.table(arrays, names=declared.names)

    @cached_property
    def _document_columns(self) -> dict[str, pa.Array]:
        names = self.declared["articles"]
        return {
            name: pa.array([getattr(each, name) for each in self.documents], pa.string())
            for name in names
        }

    def _build_articles(self) -> ConfigTable:
        counted = build_counts.count_documents(self.documents)
        counted.update(
            {
                "documents": len(self.documents),
                "characters": len(self.texts),
                "sentences": len(self.texts.sentence_start),
                "tokens": len(self.texts.token_start),
            }
        )
        return ConfigTable(
            self.make_table("articles", self._document_columns, len(self.documents)), counted
        )

    def _build_gold(self) -> ConfigTable:
        place = np.full(len(self.documents), -1)
        rows = np.flatnonzero(self.gold)
        for row in rows:
            if place[self.document[row]] >= 0:
                self.answers.raise_error(
                    int(row), "adjudicated twice", remedy="keep one of the two lines"
                )
            place[self.document[row]] = row
        index = pa.array(place, mask=place < 0)
        decided = {
            name: self.table[name].combine_chunks().take(index)
            for name in (
                "text_read",
                "campaign",
                "interface",
                "schema_version",
                "adjudicator",
                "annotators",
                "note",
            )
        }
        columns = {
            **self._document_columns,
            **decided,
            "adjudicated": pa.array(place >= 0),
            "adjudicated_on": self.table["adjudicated"].combine_chunks().take(index),
            **{
                name: _select_list_fields(self.table[name], self.declared["gold"][name]).take(index)
                for name in ("mentions", "relations", "declined", "declined_relations")
            },
        }
        return ConfigTable(
            self.make_table("gold", columns, len(place)), self._count_gold(len(place), rows)
        )

    def _count_gold(self, documents: int, rows: IntArray) -> Counts:
        table = self.table.take(pa.array(rows))
        found = Counter(
            {
                "documents": documents,
                "adjudicated": len(rows),
                **build_counts.count_carried_over(table),
            }
        )
        found.update(
            count_key("day", build_counts.parse_day(each))
            for each in table["adjudicated"].to_pylist()
        )
        found.update(
            count_key("schema_version", each) for each in table["schema_version"].to_pylist()
        )
        found.update(
            build_counts.count_relations(
                table, [count_key(GOLD_ANNOTATOR, GOLD_ANNOTATOR)] * len(rows)
            )
        )
        return found

    def _build_annotations(self) -> ConfigTable:
        plain = np.flatnonzero(~self.gold)
        table = self.table if len(plain) == len(self.gold) else self.table.take(pa.array(plain))
        columns = {
            name: table[name] for name in self.declared["annotations"] if name in table.column_names
        }
        for name in ("mentions", "relations", "kept"):
            columns[name] = _select_list_fields(table[name], self.declared["annotations"][name])
        columns["started_from"] = pc.fill_null(table["started_from"], "nothing")
        columns["answer"] = pa.array(self.answer_numbers[plain], pa.int32())
        return ConfigTable(
            self.make_table("annotations", columns, len(plain)),
            build_counts.count_annotations(table),
        )

    @cached_property
    def answer_numbers(self) -> IntArray:
        """1 for an annotator's first answer for a document and pass in a campaign, 2 for the next."""
        keys = zip(
            *(
                self.table[name].to_pylist()
                for name in ("doc_id", "campaign", "annotator", "interface")
            ),
            strict=True,
        )
        seen: Counter[tuple[str | None, ...]] = Counter()
        numbers = np.empty(len(self.gold), dtype=np.int64)
        for row, key in enumerate(keys):
            seen[key] += 1
            numbers[row] = seen[key]
        return numbers


def _count_distinct(*columns: pa.Array) -> dict[tuple[Any, ...], int]:
    names = [str(number) for number in range(len(columns))]
    grouped = pa.table(list(columns), names=names).group_by(names).aggregate([([], "count_all")])
    return {tuple(row[name] for name in names): row["count_all"] for row in grouped.to_pylist()}


def _list_bounds(lists: pa.ListArray) -> IntArray:
    """Where each list starts among all items and where the last one ends; a null list is an empty one."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0)
    return np.concatenate([[0], np.cumsum(np.asarray(lengths), dtype=np.int64)])


def _combine_chunks(column: pa.ChunkedArray) -> pa.Array:
    found = column.combine_chunks()
    return found if isinstance(found, pa.Array) else pa.concat_arrays(found.chunks)


def _select_list_fields(column: pa.ChunkedArray, declared: Any) -> pa.ListArray:
    """Lists of structs with the declared fields alone, an absent list as an empty one."""
    lists = _combine_chunks(column)
    return _make_list_array(_list_bounds(lists), _select_fields(lists.flatten(), declared[0]))


def _select_fields(items: pa.StructArray, declared: Columns) -> pa.StructArray:
    fields = [pa.field(name, features.arrow_type(kind)) for name, kind in declared.items()]
    arrays = [_replace_null_lists(items.field(each.name)) for each in fields]
    return (
        pa.StructArray.from_arrays(arrays, fields=fields)
        if len(items)
        else pa.array([], pa.struct(fields))
    )


def _replace_null_lists(values: pa.Array) -> pa.Array:
    """Values as they are, but an absent list as an empty one."""
    return (
        _make_list_array(_list_bounds(values), values.flatten())
        if pa.types.is_list(values.type)
        else values
    )


def _make_list_array(bounds: IntArray, items: pa.Array) -> pa.ListArray:
    return pa.ListArray.from_arrays(
        pa.array(bounds, pa.int32()), items, type=pa.list_(pa.field("element", items.type))
    )


def _expand_ranges(first: IntArray, count: IntArray) -> IntArray:
    """``first[0], first[0] + 1, … (count[0] of them), first[1], …``

    >>> _expand_ranges(np.array([5, 2]), np.array([2, 1])).tolist()
    [5, 6, 2]
    """
    ends = np.cumsum(count)
    return np.repeat(first - (ends - count), count) + np.arange(ends[-1] if len(ends) else 0)


class _MentionArrays:
    """The mentions of all readings, flat. A skipped answer is no reading."""

    def __init__(self, rows: _TableBuilder) -> None:
        self.rows, self.texts, self.schema = rows, rows.texts, rows.schema
        skipped = np.asarray(pc.fill_null(pc.equal(rows.table["status"], "skipped"), False))
        self.answers = np.flatnonzero(~skipped)
        lists = _combine_chunks(rows.table["mentions"])
        bounds = _list_bounds(lists)
        items = lists.flatten()
        owner = np.repeat(np.arange(len(skipped)), np.diff(bounds))
        self._check_spans(items, owner)
        declined = _combine_chunks(rows.table["declined"])
        self._check_spans(
            declined.flatten(), np.repeat(np.arange(len(skipped)), np.diff(_list_bounds(declined)))
        )
        if skipped.any():
            keep = np.flatnonzero(~skipped[owner])
            items, owner = items.take(pa.array(keep)), owner[keep]
        self.items, self.owner = items, owner
        self.label = items.field("label")
        self.start, self.end = _to_integers(items.field("start")), _to_integers(items.field("end"))
        self.base = self.texts.base[rows.document[owner]]

    def _check_spans(self, items: pa.StructArray, owner: IntArray) -> None:
        """Every offset is inside its text, and the text of a mention is the slice."""
        start, end = _to_integers(items.field("start")), _to_integers(items.field("end"))
        base = self.texts.base[self.rows.document[owner]]
        room = self.texts.base[self.rows.document[owner] + 1] - base
        outside = (start < 0) | (end <= start) | (end > room)
        self._raise_first_error(outside, items, owner, "not inside the text, or empty")
        slices = self.texts.slice_texts(start + base, end + base)
        other = ~np.asarray(pc.equal(slices, items.field("text")))
        self._raise_first_error(
            other, items, owner, "the text of the mention is not what stands there"
        )

    def _raise_first_error(
        self, wrong: BoolArray, items: pa.StructArray, owner: IntArray, what: str
    ) -> None:
        if wrong.any():
            first = int(np.argmax(wrong))
            mention = items[first].as_py()
            place = f"mention {mention['id']} [{mention['start']}, {mention['end']})"
            self.rows.answers.raise_error(
                int(owner[first]), what, item=place, remedy=_RESTORE, is_span_error=True
            )

    @cached_property
    def _key_columns(self) -> dict[str, pa.Array]:
        """For each answer the columns that say whose reading it is."""
        table = self.rows.table
        gold = pa.array(self.rows.gold)
        words = {
            name: _combine_chunks(table[name])
            for name in ("doc_id", "annotator_kind", "campaign", "interface")
        }
        reading = pc.if_else(gold, GOLD_ANNOTATOR, _combine_chunks(table["annotator"]))
        return {
            **words,
            "reading": reading,
            "answer": pa.array(self.rows.answer_numbers, pa.int32()),
        }

    def _take_key_columns(self, owner: IntArray) -> dict[str, pa.Array]:
        """The same for each row that stems from an answer. Dictionaries: few words, many rows."""
        index = pa.array(owner)
        return {
            name: (column.dictionary_encode() if pa.types.is_string(column.type) else column).take(
                index
            )
            for name, column in self._key_columns.items()
        }

    @cached_property
    def _annotator_kinds(self) -> list[str]:
        """For each answer the kind of its annotator."""
        return [kind or GOLD_ANNOTATOR for kind in self._key_columns["annotator_kind"].to_pylist()]

    @cached_property
    def _count_owners(self) -> list[str]:
        """For each answer whose it is, as figures spell it."""
        return [
            count_key(*each)
            for each in zip(
                self._annotator_kinds, self._key_columns["reading"].to_pylist(), strict=True
            )
        ]

    def _attribute_values(self, name: str) -> pa.Array:
        return pc.struct_field(self.items.field("attributes"), name)

    def _sentence_columns(self, chosen: IntArray) -> dict[str, pa.Array]:
        """From the start of the sentence that a mention starts in to the end of the one that it ends in."""
        start, end = self.start[chosen] + self.base[chosen], self.end[chosen] + self.base[chosen]
        first = np.searchsorted(self.texts.sentence_start, start, side="right") - 1
        last = np.searchsorted(self.texts.sentence_start, end - 1, side="right") - 1
        base = self.base[chosen]
        begin = np.append(self.texts.sentence_start, -1)[first].clip(
            max=start
        )  # -1 finds the -1 at the end
        begin = np.where(begin < base, start, begin)
        close = np.append(self.texts.sentence_end, -1)[last].clip(min=end)
        return {
            "sentence_start": pa.array(begin - base, pa.int32()),
            "sentence_end": pa.array(close - base, pa.int32()),
            "sentence": self.texts.slice_texts(begin, close),
        }

    def build_mentions(self) -> ConfigTable:
        """The rows of ``build_mentions``."""
        everything = np.arange(len(self.owner))
        columns: dict[str, pa.Array] = {
            **self._take_key_columns(self.owner),
            "mention_id": self.items.field("id"),
            **{name: self.items.field(name) for name in ("start", "end", "text", *_REMARK_COLUMNS)},
            "label": self.label.dictionary_encode(),
            **self._sentence_columns(everything),
            **self._attribute_columns(),
        }
        return ConfigTable(
            self.rows.make_table("mentions", columns, len(everything)),
            self._count_mentions(columns),
        )

    def _count_mentions(self, columns: Mapping[str, pa.Array]) -> Counts:
        """Mentions by label and reading, those inside others, and every closed value by kind of annotator."""
        inside = build_counts.find_nested_spans(self.owner, self.start, self.end)
        found = build_counts.cross_tabulate(
            "label", columns["label"], self.owner, self._count_owners
        )
        found.update(
            build_counts.cross_tabulate(
                "nested",
                columns["label"].filter(pa.array(inside)),
                self.owner[inside],
                self._count_owners,
            )
        )
        found.update(
            build_counts.cross_tabulate(
                "flag", self.items.field("flag"), self.owner, self._annotator_kinds
            )
        )
        for label, declared in self.schema.labels.items():
            for name in (
                name for name, attribute in declared.attributes.items() if attribute.is_closed
            ):
                values = columns[features.attribute_column_name(label, name)]
                found.update(
                    build_counts.cross_tabulate(
                        f"{label}.{name}", values, self.owner, self._annotator_kinds
                    )
                )
        return found

    def _attribute_columns(self) -> dict[str, pa.Array]:
        found: dict[str, pa.Array] = {}
        for label, declared in self.schema.labels.items():
            here = pc.equal(self.label, label)
            for name, attribute in declared.attributes.items():
                values = pc.if_else(
                    here,
                    self._attribute_values(name),
                    pa.scalar(None, features.arrow_type(features.attribute_type(attribute))),
                )
                found[features.attribute_column_name(label, name)] = (
                    values.dictionary_encode() if attribute.is_closed else values
                )
        for column, (label, name, kind, meaning) in features.crosswalk_columns(self.schema).items():
            values = found[features.attribute_column_name(label, name)]
            known = pa.array(meaning, pa.string())
            found[column] = pa.array(list(meaning.values()), features.arrow_type(kind)).take(
                pc.index_in(values.cast(pa.string()), value_set=known)
            )
        return found

    # --- claims

    def build_claims(self) -> ConfigTable:
        """The rows of ``build_claims``: each with the mentions that its relations lead to."""
        chosen = np.flatnonzero(np.asarray(pc.equal(self.label, CLAIM)))
        index = pa.array(chosen)
        owner = self.owner[chosen]
        columns: dict[str, pa.Array] = {
            **self._take_key_columns(owner),
            "claim_id": self.items.field("id").take(index),
            **{
                name: self.items.field(name).take(index)
                for name in ("start", "end", "text", *_REMARK_COLUMNS)
            },
            **self._sentence_columns(chosen),
            **{
                name: self._attribute_values(name).take(index)
                for name in self.schema.labels[CLAIM].attributes
            },
        }
        roles, misdrawn = self._build_relation_columns(chosen)
        counted = Counter({"claims": len(chosen), "misdrawn": misdrawn})
        return ConfigTable(
            self.rows.make_table("claims", {**columns, **roles}, len(chosen)), counted
        )

    def _build_relation_columns(self, chosen: IntArray) -> tuple[dict[str, pa.Array], int]:
        """Column → for each claim the mentions at the other ends; and how many relations join other labels."""
        kind, head, tail = self._resolve_relations()
        row_of = np.full(len(self.owner), -1)
        row_of[chosen] = np.arange(len(chosen))
        names = _encode_words(kind, list(self.schema.relations))
        labels = _encode_words(self.label, list(self.schema.labels))
        found: dict[str, pa.Array] = {}
        placed = 0
        for name, (column, other) in features.claim_relation_columns(self.schema).items():
            wanted = list(self.schema.labels).index(other)
            mine = (
                (names == list(self.schema.relations).index(name))
                & (row_of[head] >= 0)
                & (labels[tail] == wanted)
            )
            found[column] = self._build_relation_column(
                row_of[head[mine]], tail[mine], other, len(chosen)
            )
            placed += int(mine.sum())
        to_place = np.isin(
            names,
            [
                list(self.schema.relations).index(name)
                for name in features.claim_relation_columns(self.schema)
            ],
        )
        return found, int(to_place.sum()) - placed

    def _build_relation_column(
        self, row: IntArray, tail: IntArray, label: str, size: int
    ) -> pa.ListArray:
        order = np.lexsort((tail, row))
        row, index = row[order], pa.array(tail[order])
        bounds = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=size))])
        parts = {
            name: self.items.field(name).take(index) for name in ("id", "start", "end", "text")
        }
        held = {
            name: self._attribute_values(name).take(index)
            for name in self.schema.labels[label].attributes
        }
        return _make_list_array(
            bounds,
            pa.StructArray.from_arrays(list({**parts, **held}.values()), names=[*parts, *held]),
        )

    def _resolve_relations(self) -> tuple[pa.Array, IntArray, IntArray]:
        """Type, and place of head and of tail among the mentions, of every relation of every reading."""
        lists = _combine_chunks(self.rows.table["relations"])
        items, owner = (
            lists.flatten(),
            np.repeat(np.arange(len(lists)), np.diff(_list_bounds(lists))),
        )
        keep = np.isin(owner, self.answers)
        if not keep.all():
            items, owner = items.filter(pa.array(keep)), owner[keep]
        ids = pa.concat_arrays([self.items.field("id"), items.field("head"), items.field("tail")])
        ids = ids.dictionary_encode()
        code = np.asarray(ids.indices).astype(np.int64)
        mentions, relations = len(self.owner), len(owner)
        size = max(len(ids.dictionary), 1)
        marked = self.owner * size + code[:mentions]
        order = np.argsort(marked, kind="stable")
        self._check_unique_ids(marked[order], order)
        head = self._find_mention_rows(
            marked[order], order, owner * size + code[mentions : mentions + relations], owner, items
        )
        tail = self._find_mention_rows(
            marked[order], order, owner * size + code[mentions + relations :], owner, items
        )
        return items.field("type"), head, tail

    def _find_mention_rows(
        self,
        marked: IntArray,
        order: IntArray,
        wanted: IntArray,
        owner: IntArray,
        items: pa.StructArray,
    ) -> IntArray:
        found = np.searchsorted(marked, wanted)
        there = found < len(marked)
        there[there] = marked[found[there]] == wanted[there]
        if not there.all():
            first = int(np.argmin(there))
            relation = items[first].as_py()
            place = f"relation {relation['type']} {relation['head']} → {relation['tail']}"
            what = "an end of the relation is not there"
            self.rows.answers.raise_error(
                int(owner[first]), what, item=place, remedy="run `sayso check`"
            )
        return order[found]

    def _check_unique_ids(self, marked: IntArray, order: IntArray) -> None:
        twice = np.flatnonzero(marked[1:] == marked[:-1])
        if len(twice):
            second = int(order[twice[0] + 1])
            what = f"two mentions have the id {self.items.field('id')[second].as_py()!r}"
            self.rows.answers.raise_error(int(self.owner[second]), what, remedy="run `sayso check`")

    # --- tokens

    def build_tokens(self) -> ConfigTable:
        """The rows of ``build_tokens``: every sentence of every reading."""
        texts = self.texts
        document = self.rows.document[self.answers]
        first = texts.document_sentence[document]
        count = texts.document_sentence[document + 1] - first
        sentence = _expand_ranges(first, count)
        owner = np.repeat(self.answers, count)
        base = texts.base[self.rows.document[owner]]
        columns: dict[str, pa.Array] = {
            **self._take_key_columns(owner),
            "sentence_index": pa.array(_expand_ranges(np.zeros_like(first), count), pa.int32()),
            "sentence_start": pa.array(texts.sentence_start[sentence] - base, pa.int32()),
            "sentence_end": pa.array(texts.sentence_end[sentence] - base, pa.int32()),
            "sentence": texts.slice_texts(
                texts.sentence_start[sentence], texts.sentence_end[sentence]
            ),
            **_TokenTagger(self, sentence, owner).build_columns(),
        }
        table = self.rows.make_table("tokens", columns, len(owner))
        counted = Counter({"sentences": len(owner)})
        for (reason,), number in _count_distinct(
            table["misaligned"].combine_chunks().flatten().field("reason")
        ).items():
            counted[count_key("misaligned", reason)] += number
        return ConfigTable(table, counted)


_REMARK_COLUMNS = ("flag", "note", "started_from", "decided")


def _to_integers(column: pa.Array) -> IntArray:
    return np.asarray(column).astype(np.int64)


def _encode_words(column: pa.Array, words: list[str]) -> npt.NDArray[np.int64]:
    """The place of each word in ``words``; -1 for one that is not there."""
    return np.asarray(
        pc.fill_null(pc.index_in(column, value_set=pa.array(words, pa.string())), -1)
    ).astype(np.int64)


class _TokenTagger:
    """Tokens of the sentences of each reading, and for each label a tag on every token.

    A mention that starts or ends inside a token tags every token that it touches. One that touches a token which an
    earlier mention of its label has taken is not tagged. Both are listed in ``misaligned``, as is one that goes on
    past its sentence, in each row that it touches.
    """

    def __init__(self, reading: _MentionArrays, sentence: IntArray, owner: IntArray) -> None:
        texts = reading.texts
        self.reading, self.sentence, self.owner, self.texts = reading, sentence, owner, texts
        first = texts.sentence_token[sentence]
        count = texts.sentence_token[sentence + 1] - first
        self.token = _expand_ranges(first, count)
        self.bounds: IntArray = np.concatenate([[0], np.cumsum(count)])
        self._align_mentions()

    def _align_mentions(self) -> None:
        """For each mention: the tokens that it touches, as places in ``token``."""
        reading, texts = self.reading, self.texts
        start, end = reading.start + reading.base, reading.end + reading.base
        first = np.searchsorted(texts.token_end, start, side="right")
        last = np.searchsorted(texts.token_start, end, side="left")
        self.touches = last > first
        opens, closes = (
            np.append(texts.token_start, -1)[first],
            np.append(texts.token_end, -1)[last - 1],
        )
        self.aligned = self.touches & (opens == start) & (closes == end)
        # Tokens of a document stand together in each of its readings, so one shift for each answer does.
        self.row_first = np.searchsorted(self.owner, reading.owner)
        self.row_end = np.searchsorted(self.owner, reading.owner, side="right")
        document = reading.rows.document[reading.owner]
        shift = (
            self.bounds[self.row_first] - texts.sentence_token[texts.document_sentence[document]]
        )
        self.first, self.last = first + shift, last + shift

    def build_columns(self) -> dict[str, pa.Array]:
        texts = self.texts
        base = np.repeat(texts.base[self.reading.rows.document[self.owner]], np.diff(self.bounds))
        words = texts.token_strings()
        if len(self.token) != len(words) or not np.array_equal(self.token, np.arange(len(words))):
            words = words.take(pa.array(self.token))
        tags, overlapping = self._build_tag_columns()
        return {
            "tokens": _make_list_array(self.bounds, words),
            "token_starts": _make_list_array(
                self.bounds, pa.array(texts.token_start[self.token] - base, pa.int32())
            ),
            "token_ends": _make_list_array(
                self.bounds, pa.array(texts.token_end[self.token] - base, pa.int32())
            ),
            **tags,
            "misaligned": self._build_misaligned(overlapping),
        }

    def _build_tag_columns(self) -> tuple[dict[str, pa.Array], BoolArray]:
        labels = _encode_words(self.reading.label, list(self.reading.schema.labels))
        overlapping = np.zeros(len(labels), dtype=np.bool_)
        found: dict[str, pa.Array] = {}
        for number, label in enumerate(self.reading.schema.labels):
            mine = np.flatnonzero((labels == number) & self.touches)
            taken = self._find_overlapping(mine)
            overlapping[mine[taken]] = True
            found[features.tags_column_name(label)] = self._build_tags(
                mine[~taken], self._find_rows_showing(label)
            )
        return found, overlapping

    def _find_overlapping(self, mine: IntArray) -> BoolArray:
        """Which of one label's mentions touch a token that an earlier one touches."""
        order = mine[np.argsort(self.first[mine], kind="stable")]
        before = (
            np.concatenate([[-1], np.maximum.accumulate(self.last[order])[:-1]])
            if len(order)
            else order
        )
        taken = np.zeros(len(self.first), dtype=np.bool_)
        taken[order[self.first[order] < before]] = True
        return taken[mine]

    def _build_tags(self, mine: IntArray, asked: BoolArray) -> pa.ListArray:
        codes = np.full(len(self.token), _TAG_OUTSIDE, dtype=np.int8)
        codes[_expand_ranges(self.first[mine], self.last[mine] - self.first[mine])] = _TAG_INSIDE
        codes[self.first[mine]] = _TAG_BEGIN
        tags = pa.DictionaryArray.from_arrays(pa.array(codes), _TAGS)
        lists = pa.ListArray.from_arrays(pa.array(self.bounds, pa.int32()), tags)
        return (
            lists
            if asked.all()
            else pc.if_else(pa.array(asked), lists, pa.scalar(None, lists.type))
        )

    def _find_rows_showing(self, label: str) -> BoolArray:
        """For each row whether its pass showed the label; gold has them all."""
        passes = _combine_chunks(self.reading.rows.table["interface"]).dictionary_encode()
        shown = [
            label in self.reading.schema.find_pass(name).labels
            for name in passes.dictionary.to_pylist()
        ]
        return np.append(shown, True).astype(np.bool_)[_dictionary_codes(passes)][self.owner]

    def _build_misaligned(self, overlapping: BoolArray) -> pa.ListArray:
        """For each row the mentions that its tags do not give exactly, with the reason."""
        begins = (np.searchsorted(self.bounds, self.first, side="right") - 1).clip(
            self.row_first, self.row_end - 1
        )
        ends = (np.searchsorted(self.bounds, self.last - 1, side="right") - 1).clip(
            begins, self.row_end - 1
        )
        reasons = np.full(len(overlapping), -1)
        reasons[ends > begins] = 3
        reasons[~self.aligned] = 0
        reasons[~self.touches] = 1
        reasons[overlapping] = 2
        odd = np.flatnonzero(
            (reasons >= 0) & (self.row_end > self.row_first)
        )  # white space alone has no rows
        count = np.where(self.touches[odd], ends[odd] - begins[odd] + 1, 1)
        row, mention = _expand_ranges(begins[odd], count), np.repeat(odd, count)
        order = np.lexsort((mention, row))
        row, mention = row[order], mention[order]
        items, index = self.reading.items, pa.array(mention)
        fields = {
            "mention_id": items.field("id").take(index),
            **{name: items.field(name).take(index) for name in ("label", "start", "end")},
            "reason": _MISALIGNMENT_REASONS.take(pa.array(reasons[mention])),
        }
        bounds = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(self.owner)))])
        return _make_list_array(
            bounds, pa.StructArray.from_arrays(list(fields.values()), names=list(fields))
        )


_MISALIGNMENT_REASONS = pa.array(["inside_token", "no_token", "overlap", "past_sentence"])


def _dictionary_codes(encoded: pa.DictionaryArray) -> IntArray:
    return np.asarray(pc.fill_null(encoded.indices, -1)).astype(np.int64)
