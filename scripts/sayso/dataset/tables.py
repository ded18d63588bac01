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

from sayso.checks.scheme import CLAIM
from sayso.dataset import features, figures
from sayso.dataset.answers import Answers
from sayso.dataset.features import Columns
from sayso.dataset.figures import GOLD, Figures, figure
from sayso.dataset.texts import Flags, Ints, Texts
from sayso.records import Document
from sayso.schema import Schema

_TAGS = pa.array(["O", "B", "I"])
_OUTSIDE, _BEGINS, _INSIDE = range(3)
_RESTORE = "restore the file from git, or pull it again"


@dataclass(frozen=True)
class Table:
    """The rows of one configuration, with the figures that the card adds up."""

    rows: pa.Table
    figures: Figures = field(default_factory=Counter)


def tables(
    documents: Sequence[Document], answers: Answers, document_of: Sequence[int], schema: Schema
) -> dict[str, Table]:
    """The rows of every configuration for some documents in order, and the answers to them in order of document.

    Args:
        document_of: for each answer the place of its document in ``documents``.

    Raises:
        SpanError: a mention is not the slice of its text that it says it is.
        InputError: an answer was given for another text, or a relation has an end that is not there.
    """
    return _Rows(documents, answers, document_of, schema).tables()


class _Rows:
    """Everything that several configurations need, made once."""

    def __init__(
        self, documents: Sequence[Document], answers: Answers, document_of: Sequence[int], schema: Schema
    ) -> None:
        self.documents, self.answers, self.schema = documents, answers, schema
        self.declared = features.columns(schema)
        self.document: Ints = np.asarray(document_of, dtype=np.int64)
        self.table = answers.table
        self.gold: Flags = np.array([line.gold for line in answers.lines], dtype=np.bool_)
        self.texts = Texts([each.text for each in documents], [each.language for each in documents])
        self._check_texts()
        self.reading = _Reading(self)

    def _check_texts(self) -> None:
        wanted = [self.documents[each].text_sha256 for each in self.document]
        for row, (want, got) in enumerate(zip(wanted, self.table["text_sha256"].to_pylist(), strict=True)):
            if want != got:
                self.answers.refuse(
                    row, f"made for another text ({got[:12]}… and not {want[:12]}…)", place="text_sha256",
                    remedy="restore the article from git; `sayso ingest --replace-text` puts another text in its place",
                )  # fmt: skip

    def tables(self) -> dict[str, Table]:
        return {
            "gold": self._gold(),
            "articles": self._articles(),
            "annotations": self._annotations(),
            "mentions": self.reading.mentions(),
            "claims": self.reading.claims(),
            "tokens": self.reading.tokens(),
        }

    def made(self, config: str, columns: Mapping[str, Any], size: int) -> pa.Table:
        """A table of the declared columns; one that is not given is null."""
        declared = features.arrow_schema(self.declared[config])
        arrays = [
            columns[each.name] if each.name in columns else pa.nulls(size, each.type) for each in declared
        ]  # fmt: skip
        return pa.table(arrays, names=declared.names)

    @cached_property
    def _document_columns(self) -> dict[str, pa.Array]:
        names = self.declared["articles"]
        return {name: pa.array([getattr(each, name) for each in self.documents], pa.string()) for name in names}

    def _articles(self) -> Table:
        counted = figures.of_documents(self.documents)
        counted.update({
            "documents": len(self.documents),
            "characters": len(self.texts),
            "sentences": len(self.texts.sentence_start),
            "tokens": len(self.texts.token_start),
        })  # fmt: skip
        return Table(self.made("articles", self._document_columns, len(self.documents)), counted)

    def _gold(self) -> Table:
        place = np.full(len(self.documents), -1)
        rows = np.flatnonzero(self.gold)
        for row in rows:
            if place[self.document[row]] >= 0:
                self.answers.refuse(int(row), "adjudicated twice", remedy="keep one of the two lines")
            place[self.document[row]] = row
        index = pa.array(place, mask=place < 0)
        decided = {
            name: self.table[name].combine_chunks().take(index)
            for name in ("text_read", "campaign", "interface", "schema_version", "adjudicator", "annotators", "note")
        }
        columns = {
            **self._document_columns,
            **decided,
            "adjudicated": pa.array(place >= 0),
            "adjudicated_on": self.table["adjudicated"].combine_chunks().take(index),
            **{
                name: _lists(self.table[name], self.declared["gold"][name]).take(index)
                for name in ("mentions", "relations", "declined", "declined_relations")
            },
        }
        return Table(self.made("gold", columns, len(place)), self._decided(len(place), rows))

    def _decided(self, documents: int, rows: Ints) -> Figures:
        table = self.table.take(pa.array(rows))
        found = Counter({"documents": documents, "adjudicated": len(rows), **figures.carried(table)})
        found.update(figure("day", figures.day(each)) for each in table["adjudicated"].to_pylist())
        found.update(figure("schema_version", each) for each in table["schema_version"].to_pylist())
        found.update(figures.of_relations(table, [figure(GOLD, GOLD)] * len(rows)))
        return found

    def _annotations(self) -> Table:
        plain = np.flatnonzero(~self.gold)
        table = self.table if len(plain) == len(self.gold) else self.table.take(pa.array(plain))
        columns = {name: table[name] for name in self.declared["annotations"] if name in table.column_names}
        for name in ("mentions", "relations", "kept"):
            columns[name] = _lists(table[name], self.declared["annotations"][name])
        columns["started_from"] = pc.fill_null(table["started_from"], "nothing")
        columns["answer"] = pa.array(self.answer[plain], pa.int32())
        return Table(self.made("annotations", columns, len(plain)), figures.of_answers(table))

    @cached_property
    def answer(self) -> Ints:
        """1 for an annotator's first answer for a document and pass in a campaign, 2 for the next."""
        keys = zip(*(self.table[name].to_pylist() for name in ("doc_id", "campaign", "annotator", "interface")),
                   strict=True)  # fmt: skip
        seen: Counter[tuple[str | None, ...]] = Counter()
        numbers = np.empty(len(self.gold), dtype=np.int64)
        for row, key in enumerate(keys):
            seen[key] += 1
            numbers[row] = seen[key]
        return numbers


def _tally(*columns: pa.Array) -> dict[tuple[Any, ...], int]:
    names = [str(number) for number in range(len(columns))]
    grouped = pa.table(list(columns), names=names).group_by(names).aggregate([([], "count_all")])
    return {tuple(row[name] for name in names): row["count_all"] for row in grouped.to_pylist()}


def _bounds(lists: pa.ListArray) -> Ints:
    """Where each list starts among all items and where the last one ends; a null list is an empty one."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0)
    return np.concatenate([[0], np.cumsum(np.asarray(lengths), dtype=np.int64)])


def _whole(column: pa.ChunkedArray) -> pa.Array:
    found = column.combine_chunks()
    return found if isinstance(found, pa.Array) else pa.concat_arrays(found.chunks)


def _lists(column: pa.ChunkedArray, declared: Any) -> pa.ListArray:
    """Lists of structs with the declared fields alone, an absent list as an empty one."""
    lists = _whole(column)
    return _list(_bounds(lists), _narrow(lists.flatten(), declared[0]))


def _narrow(items: pa.StructArray, declared: Columns) -> pa.StructArray:
    fields = [pa.field(name, features.arrow(kind)) for name, kind in declared.items()]
    arrays = [_present(items.field(each.name)) for each in fields]
    return pa.StructArray.from_arrays(arrays, fields=fields) if len(items) else pa.array([], pa.struct(fields))


def _present(values: pa.Array) -> pa.Array:
    """Values as they are, but an absent list as an empty one."""
    return _list(_bounds(values), values.flatten()) if pa.types.is_list(values.type) else values


def _list(bounds: Ints, items: pa.Array) -> pa.ListArray:
    return pa.ListArray.from_arrays(
        pa.array(bounds, pa.int32()), items, type=pa.list_(pa.field("element", items.type))
    )  # fmt: skip


def _spread(first: Ints, count: Ints) -> Ints:
    """``first[0], first[0] + 1, … (count[0] of them), first[1], …``

    >>> _spread(np.array([5, 2]), np.array([2, 1])).tolist()
    [5, 6, 2]
    """
    ends = np.cumsum(count)
    return np.repeat(first - (ends - count), count) + np.arange(ends[-1] if len(ends) else 0)


class _Reading:
    """The mentions of all readings, flat. A skipped answer is no reading."""

    def __init__(self, rows: _Rows) -> None:
        self.rows, self.texts, self.schema = rows, rows.texts, rows.schema
        skipped = np.asarray(pc.fill_null(pc.equal(rows.table["status"], "skipped"), False))
        self.answers = np.flatnonzero(~skipped)
        lists = _whole(rows.table["mentions"])
        bounds = _bounds(lists)
        items = lists.flatten()
        owner = np.repeat(np.arange(len(skipped)), np.diff(bounds))
        self._check_slices(items, owner)
        declined = _whole(rows.table["declined"])
        self._check_slices(declined.flatten(), np.repeat(np.arange(len(skipped)), np.diff(_bounds(declined))))
        if skipped.any():
            keep = np.flatnonzero(~skipped[owner])
            items, owner = items.take(pa.array(keep)), owner[keep]
        self.items, self.owner = items, owner
        self.label = items.field("label")
        self.start, self.end = _numbers(items.field("start")), _numbers(items.field("end"))
        self.base = self.texts.base[rows.document[owner]]

    def _check_slices(self, items: pa.StructArray, owner: Ints) -> None:
        """Every offset is inside its text, and the text of a mention is the slice."""
        start, end = _numbers(items.field("start")), _numbers(items.field("end"))
        base = self.texts.base[self.rows.document[owner]]
        room = self.texts.base[self.rows.document[owner] + 1] - base
        outside = (start < 0) | (end <= start) | (end > room)
        self._refuse_first(outside, items, owner, "not inside the text, or empty")
        slices = self.texts.slices(start + base, end + base)
        other = ~np.asarray(pc.equal(slices, items.field("text")))
        self._refuse_first(other, items, owner, "the text of the mention is not what stands there")

    def _refuse_first(self, wrong: Flags, items: pa.StructArray, owner: Ints, what: str) -> None:
        if wrong.any():
            first = int(np.argmax(wrong))
            mention = items[first].as_py()
            place = f"mention {mention['id']} [{mention['start']}, {mention['end']})"
            self.rows.answers.refuse(int(owner[first]), what, place=place, remedy=_RESTORE, span=True)

    @cached_property
    def _about(self) -> dict[str, pa.Array]:
        """For each answer the columns that say whose reading it is."""
        table = self.rows.table
        gold = pa.array(self.rows.gold)
        words = {name: _whole(table[name]) for name in ("doc_id", "annotator_kind", "campaign", "interface")}
        reading = pc.if_else(gold, GOLD, _whole(table["annotator"]))
        return {**words, "reading": reading, "answer": pa.array(self.rows.answer, pa.int32())}

    def _whose(self, owner: Ints) -> dict[str, pa.Array]:
        """The same for each row that stems from an answer. Dictionaries: few words, many rows."""
        index = pa.array(owner)
        return {
            name: (column.dictionary_encode() if pa.types.is_string(column.type) else column).take(index)
            for name, column in self._about.items()
        }

    @cached_property
    def _kinds(self) -> list[str]:
        """For each answer the kind of its annotator."""
        return [kind or GOLD for kind in self._about["annotator_kind"].to_pylist()]

    @cached_property
    def _whose_figures(self) -> list[str]:
        """For each answer whose it is, as figures spell it."""
        return [figure(*each) for each in zip(self._kinds, self._about["reading"].to_pylist(), strict=True)]

    def _attribute(self, name: str) -> pa.Array:
        return pc.struct_field(self.items.field("attributes"), name)

    def _sentences(self, chosen: Ints) -> dict[str, pa.Array]:
        """From the start of the sentence that a mention starts in to the end of the one that it ends in."""
        start, end = self.start[chosen] + self.base[chosen], self.end[chosen] + self.base[chosen]
        first = np.searchsorted(self.texts.sentence_start, start, side="right") - 1
        last = np.searchsorted(self.texts.sentence_start, end - 1, side="right") - 1
        base = self.base[chosen]
        begin = np.append(self.texts.sentence_start, -1)[first].clip(max=start)  # -1 finds the -1 at the end
        begin = np.where(begin < base, start, begin)
        close = np.append(self.texts.sentence_end, -1)[last].clip(min=end)
        return {
            "sentence_start": pa.array(begin - base, pa.int32()),
            "sentence_end": pa.array(close - base, pa.int32()),
            "sentence": self.texts.slices(begin, close),
        }

    def mentions(self) -> Table:
        """The rows of ``mentions``."""
        everything = np.arange(len(self.owner))
        columns: dict[str, pa.Array] = {
            **self._whose(self.owner),
            "mention_id": self.items.field("id"),
            **{name: self.items.field(name) for name in ("start", "end", "text", *_REMARKS)},
            "label": self.label.dictionary_encode(),
            **self._sentences(everything),
            **self._attribute_columns(),
        }
        return Table(self.rows.made("mentions", columns, len(everything)), self._counted(columns))

    def _counted(self, columns: Mapping[str, pa.Array]) -> Figures:
        """Mentions by label and reading, those inside others, and every closed value by kind of annotator."""
        inside = figures.nested(self.owner, self.start, self.end)
        found = figures.crossed("label", columns["label"], self.owner, self._whose_figures)
        found.update(figures.crossed(
            "nested", columns["label"].filter(pa.array(inside)), self.owner[inside], self._whose_figures
        ))  # fmt: skip
        found.update(figures.crossed("flag", self.items.field("flag"), self.owner, self._kinds))
        for label, declared in self.schema.labels.items():
            for name in (name for name, attribute in declared.attributes.items() if attribute.closed):
                values = columns[features.attribute_column(label, name)]
                found.update(figures.crossed(f"{label}.{name}", values, self.owner, self._kinds))
        return found

    def _attribute_columns(self) -> dict[str, pa.Array]:
        found: dict[str, pa.Array] = {}
        for label, declared in self.schema.labels.items():
            here = pc.equal(self.label, label)
            for name, attribute in declared.attributes.items():
                values = pc.if_else(
                    here, self._attribute(name), pa.scalar(None, features.arrow(features.value_type(attribute)))
                )
                found[features.attribute_column(label, name)] = (
                    values.dictionary_encode() if attribute.closed else values
                )
        for column, (label, name, kind, meaning) in features.crosswalk(self.schema).items():
            values = found[features.attribute_column(label, name)]
            known = pa.array(meaning, pa.string())
            found[column] = pa.array(list(meaning.values()), features.arrow(kind)).take(
                pc.index_in(values.cast(pa.string()), value_set=known)
            )
        return found

    # --- claims

    def claims(self) -> Table:
        """The rows of ``claims``: each with the mentions that its relations lead to."""
        chosen = np.flatnonzero(np.asarray(pc.equal(self.label, CLAIM)))
        index = pa.array(chosen)
        owner = self.owner[chosen]
        columns: dict[str, pa.Array] = {
            **self._whose(owner),
            "claim_id": self.items.field("id").take(index),
            **{name: self.items.field(name).take(index) for name in ("start", "end", "text", *_REMARKS)},
            **self._sentences(chosen),
            **{name: self._attribute(name).take(index) for name in self.schema.labels[CLAIM].attributes},
        }
        roles, misdrawn = self._roles(chosen)
        counted = Counter({"claims": len(chosen), "misdrawn": misdrawn})
        return Table(self.rows.made("claims", {**columns, **roles}, len(chosen)), counted)

    def _roles(self, chosen: Ints) -> tuple[dict[str, pa.Array], int]:
        """Column → for each claim the mentions at the other ends; and how many relations join other labels."""
        kind, head, tail = self._relations()
        row_of = np.full(len(self.owner), -1)
        row_of[chosen] = np.arange(len(chosen))
        names = _codes(kind, list(self.schema.relations))
        labels = _codes(self.label, list(self.schema.labels))
        found: dict[str, pa.Array] = {}
        placed = 0
        for name, (column, other) in features.roles(self.schema).items():
            wanted = list(self.schema.labels).index(other)
            mine = (names == list(self.schema.relations).index(name)) & (row_of[head] >= 0) & (labels[tail] == wanted)
            found[column] = self._role(row_of[head[mine]], tail[mine], other, len(chosen))
            placed += int(mine.sum())
        to_place = np.isin(names, [list(self.schema.relations).index(name) for name in features.roles(self.schema)])
        return found, int(to_place.sum()) - placed

    def _role(self, row: Ints, tail: Ints, label: str, size: int) -> pa.ListArray:
        order = np.lexsort((tail, row))
        row, index = row[order], pa.array(tail[order])
        bounds = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=size))])
        parts = {name: self.items.field(name).take(index) for name in ("id", "start", "end", "text")}
        held = {name: self._attribute(name).take(index) for name in self.schema.labels[label].attributes}
        return _list(bounds, pa.StructArray.from_arrays(list({**parts, **held}.values()), names=[*parts, *held]))

    def _relations(self) -> tuple[pa.Array, Ints, Ints]:
        """Type, and place of head and of tail among the mentions, of every relation of every reading."""
        lists = _whole(self.rows.table["relations"])
        items, owner = lists.flatten(), np.repeat(np.arange(len(lists)), np.diff(_bounds(lists)))
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
        self._refuse_twice(marked[order], order)
        head = self._found(marked[order], order, owner * size + code[mentions : mentions + relations], owner, items)
        tail = self._found(marked[order], order, owner * size + code[mentions + relations :], owner, items)
        return items.field("type"), head, tail

    def _found(self, marked: Ints, order: Ints, wanted: Ints, owner: Ints, items: pa.StructArray) -> Ints:
        found = np.searchsorted(marked, wanted)
        there = found < len(marked)
        there[there] = marked[found[there]] == wanted[there]
        if not there.all():
            first = int(np.argmin(there))
            relation = items[first].as_py()
            place = f"relation {relation['type']} {relation['head']} → {relation['tail']}"
            what = "an end of the relation is not there"
            self.rows.answers.refuse(int(owner[first]), what, place=place, remedy="run `sayso check`")
        return order[found]

    def _refuse_twice(self, marked: Ints, order: Ints) -> None:
        twice = np.flatnonzero(marked[1:] == marked[:-1])
        if len(twice):
            second = int(order[twice[0] + 1])
            what = f"two mentions have the id {self.items.field('id')[second].as_py()!r}"
            self.rows.answers.refuse(int(self.owner[second]), what, remedy="run `sayso check`")

    # --- tokens

    def tokens(self) -> Table:
        """The rows of ``tokens``: every sentence of every reading."""
        texts = self.texts
        document = self.rows.document[self.answers]
        first = texts.document_sentence[document]
        count = texts.document_sentence[document + 1] - first
        sentence = _spread(first, count)
        owner = np.repeat(self.answers, count)
        base = texts.base[self.rows.document[owner]]
        columns: dict[str, pa.Array] = {
            **self._whose(owner),
            "sentence_index": pa.array(_spread(np.zeros_like(first), count), pa.int32()),
            "sentence_start": pa.array(texts.sentence_start[sentence] - base, pa.int32()),
            "sentence_end": pa.array(texts.sentence_end[sentence] - base, pa.int32()),
            "sentence": texts.slices(texts.sentence_start[sentence], texts.sentence_end[sentence]),
            **_TokenLayers(self, sentence, owner).columns(),
        }
        table = self.rows.made("tokens", columns, len(owner))
        counted = Counter({"sentences": len(owner)})
        for (reason,), number in _tally(table["misaligned"].combine_chunks().flatten().field("reason")).items():
            counted[figure("misaligned", reason)] += number
        return Table(table, counted)


_REMARKS = ("flag", "note", "started_from", "decided")


def _numbers(column: pa.Array) -> Ints:
    return np.asarray(column).astype(np.int64)


def _codes(column: pa.Array, words: list[str]) -> npt.NDArray[np.int64]:
    """The place of each word in ``words``; -1 for one that is not there."""
    return np.asarray(pc.fill_null(pc.index_in(column, value_set=pa.array(words, pa.string())), -1)).astype(np.int64)


class _TokenLayers:
    """Tokens of the sentences of each reading, and for each label a tag on every token.

    A mention that starts or ends inside a token tags every token that it touches. One that touches a token which an
    earlier mention of its label has taken is not tagged. Both are listed in ``misaligned``, as is one that goes on
    past its sentence, in each row that it touches.
    """

    def __init__(self, reading: _Reading, sentence: Ints, owner: Ints) -> None:
        texts = reading.texts
        self.reading, self.sentence, self.owner, self.texts = reading, sentence, owner, texts
        first = texts.sentence_token[sentence]
        count = texts.sentence_token[sentence + 1] - first
        self.token = _spread(first, count)
        self.bounds: Ints = np.concatenate([[0], np.cumsum(count)])
        self._place_mentions()

    def _place_mentions(self) -> None:
        """For each mention: the tokens that it touches, as places in ``token``."""
        reading, texts = self.reading, self.texts
        start, end = reading.start + reading.base, reading.end + reading.base
        first = np.searchsorted(texts.token_end, start, side="right")
        last = np.searchsorted(texts.token_start, end, side="left")
        self.touches = last > first
        opens, closes = np.append(texts.token_start, -1)[first], np.append(texts.token_end, -1)[last - 1]
        self.aligned = self.touches & (opens == start) & (closes == end)
        # Tokens of a document stand together in each of its readings, so one shift for each answer does.
        self.row_first = np.searchsorted(self.owner, reading.owner)
        self.row_end = np.searchsorted(self.owner, reading.owner, side="right")
        document = reading.rows.document[reading.owner]
        shift = self.bounds[self.row_first] - texts.sentence_token[texts.document_sentence[document]]
        self.first, self.last = first + shift, last + shift

    def columns(self) -> dict[str, pa.Array]:
        texts = self.texts
        base = np.repeat(texts.base[self.reading.rows.document[self.owner]], np.diff(self.bounds))
        words = texts.tokens()
        if len(self.token) != len(words) or not np.array_equal(self.token, np.arange(len(words))):
            words = words.take(pa.array(self.token))
        tags, overlapping = self._tags()
        return {
            "tokens": _list(self.bounds, words),
            "token_starts": _list(self.bounds, pa.array(texts.token_start[self.token] - base, pa.int32())),
            "token_ends": _list(self.bounds, pa.array(texts.token_end[self.token] - base, pa.int32())),
            **tags,
            "misaligned": self._misaligned(overlapping),
        }

    def _tags(self) -> tuple[dict[str, pa.Array], Flags]:
        labels = _codes(self.reading.label, list(self.reading.schema.labels))
        overlapping = np.zeros(len(labels), dtype=np.bool_)
        found: dict[str, pa.Array] = {}
        for number, label in enumerate(self.reading.schema.labels):
            mine = np.flatnonzero((labels == number) & self.touches)
            taken = self._overlapping(mine)
            overlapping[mine[taken]] = True
            found[features.tags_column(label)] = self._tagged(mine[~taken], self._asked(label))
        return found, overlapping

    def _overlapping(self, mine: Ints) -> Flags:
        """Which of one label's mentions touch a token that an earlier one touches."""
        order = mine[np.argsort(self.first[mine], kind="stable")]
        before = np.concatenate([[-1], np.maximum.accumulate(self.last[order])[:-1]]) if len(order) else order
        taken = np.zeros(len(self.first), dtype=np.bool_)
        taken[order[self.first[order] < before]] = True
        return taken[mine]

    def _tagged(self, mine: Ints, asked: Flags) -> pa.ListArray:
        codes = np.full(len(self.token), _OUTSIDE, dtype=np.int8)
        codes[_spread(self.first[mine], self.last[mine] - self.first[mine])] = _INSIDE
        codes[self.first[mine]] = _BEGINS
        tags = pa.DictionaryArray.from_arrays(pa.array(codes), _TAGS)
        lists = pa.ListArray.from_arrays(pa.array(self.bounds, pa.int32()), tags)
        return lists if asked.all() else pc.if_else(pa.array(asked), lists, pa.scalar(None, lists.type))

    def _asked(self, label: str) -> Flags:
        """For each row whether its pass showed the label; gold has them all."""
        passes = _whole(self.reading.rows.table["interface"]).dictionary_encode()
        shown = [label in self.reading.schema.interface(name).labels for name in passes.dictionary.to_pylist()]
        return np.append(shown, True).astype(np.bool_)[_codes_of(passes)][self.owner]

    def _misaligned(self, overlapping: Flags) -> pa.ListArray:
        """For each row the mentions that its tags do not give exactly, with the reason."""
        begins = (np.searchsorted(self.bounds, self.first, side="right") - 1).clip(self.row_first, self.row_end - 1)
        ends = (np.searchsorted(self.bounds, self.last - 1, side="right") - 1).clip(begins, self.row_end - 1)
        reasons = np.full(len(overlapping), -1)
        reasons[ends > begins] = 3
        reasons[~self.aligned] = 0
        reasons[~self.touches] = 1
        reasons[overlapping] = 2
        odd = np.flatnonzero((reasons >= 0) & (self.row_end > self.row_first))  # white space alone has no rows
        count = np.where(self.touches[odd], ends[odd] - begins[odd] + 1, 1)
        row, mention = _spread(begins[odd], count), np.repeat(odd, count)
        order = np.lexsort((mention, row))
        row, mention = row[order], mention[order]
        items, index = self.reading.items, pa.array(mention)
        fields = {
            "mention_id": items.field("id").take(index),
            **{name: items.field(name).take(index) for name in ("label", "start", "end")},
            "reason": _REASONS.take(pa.array(reasons[mention])),
        }
        bounds = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(self.owner)))])
        return _list(bounds, pa.StructArray.from_arrays(list(fields.values()), names=list(fields)))


_REASONS = pa.array(["inside_token", "no_token", "overlap", "past_sentence"])


def _codes_of(encoded: pa.DictionaryArray) -> Ints:
    return np.asarray(pc.fill_null(encoded.indices, -1)).astype(np.int64)
