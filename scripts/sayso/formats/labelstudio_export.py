"""Label Studio's own JSON export, of this tool's projects or of anybody's: it comes in, by the codec and its doctor.

A labels control of any name marks mentions; answers to other controls count where they are named as ours are. What the
schema does not know is kept as it came. Accounts become pseudonyms as in a pull; where an export holds only their
numbers, each number of a project has its own. Which guidelines were shown stands in the project and in no export.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from sayso.errors import InputError, UsageError
from sayso.files import convert_os_errors
from sayso.formats.annotated_documents import (
    AnnotatedDocument,
    FormatMention,
    FormatRelation,
    Losses,
)
from sayso.formats.format_registry import ExportContent, ImportContext
from sayso.formats.label_mapping import EXCLUDED_BY_MAP
from sayso.labelstudio import document_index
from sayso.labelstudio.api_types import Account
from sayso.labelstudio.codec import decode_result
from sayso.labelstudio.controls import SPAN, TEXT
from sayso.labelstudio.document_index import DocumentIndex
from sayso.labelstudio.offsets import DIAGNOSIS_REASONS
from sayso.labelstudio.pseudonyms import Annotator, resolve_annotators
from sayso.labelstudio.tasks import text_digest
from sayso.models import sha256
from sayso.settings import Checkout

ORIGIN_SYSTEM = "label-studio-export"  # not what a pull says: its numbers are another server's, and a pull leaves them alone
_CHUNK = 1 << 20
_REPAIRED = ("white space trimmed from a span", DIAGNOSIS_REASONS["utf16"])


class LabelStudioFormat:
    """Comes in only: `sayso push` is the way out."""

    suffix = ".json"
    holds_everything = False
    needs_vocabulary = False

    def fit(self, annotated: AnnotatedDocument, losses: Losses) -> NoReturn:
        """Not offered.

        Raises:
            UsageError: always.
        """
        raise UsageError("labelstudio comes in only", remedy="run `sayso push`")

    def write(self, target: Path, content: ExportContent) -> NoReturn:
        """Not offered.

        Raises:
            UsageError: always.
        """
        raise UsageError("labelstudio comes in only", remedy="run `sayso push`")

    def read(self, path: Path, context: ImportContext) -> Iterator[AnnotatedDocument]:
        """Every answer of every task, task by task.

        Raises:
            InputError: the file is no such export.
        """
        assert context.checkout is not None  # noqa: S101
        people = _ExportAccounts(context.checkout)
        with document_index.open_document_index(context.checkout) as texts:
            for number, task in enumerate(_read_tasks(path), 1):
                place = f"{path}: task {task.get('id', f'number {number}')}"
                yield from _ExportedTask(task, place, context, people, texts).read_annotations()


FORMAT = LabelStudioFormat()


def _read_tasks(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a list, one at a time, whatever its length."""
    decoder, size, buffer = json.JSONDecoder(), _CHUNK, ""
    with convert_os_errors(path), path.open("rb") as stream:
        utf8 = codecs.getincrementaldecoder("utf-8")()
        whole = False
        begun = False
        while True:
            buffer = buffer.lstrip() if not begun else buffer.lstrip(" \t\r\n,")
            if buffer and not begun:
                if buffer[0] != "[":
                    raise _not_an_export(path, "it is no list of tasks")
                begun, buffer = True, buffer[1:].lstrip()
            if begun and buffer.startswith("]"):
                return
            try:
                task, end = decoder.raw_decode(buffer)
            except json.JSONDecodeError as error:
                if whole:
                    raise _not_an_export(path, f"it ends within a task: {error.msg}") from error
                raw = stream.read(size)
                try:
                    buffer += utf8.decode(raw, final=not raw)
                except UnicodeDecodeError as wrong:
                    raise _not_an_export(path, "it is not UTF-8") from wrong
                whole, size = not raw, size * 2
                continue
            if not isinstance(task, dict) or not isinstance(task.get("data"), dict):
                raise _not_an_export(path, "an entry is no task")
            buffer, size = buffer[end:], _CHUNK
            yield task


def _not_an_export(path: Path, what: str) -> InputError:
    return InputError(
        f"not Label Studio's JSON export: {what}",
        where=str(path),
        remedy="export it as JSON, not JSON-MIN",
    )


class _ExportAccounts:
    """Accounts and their pseudonyms."""

    def __init__(self, checkout: Checkout) -> None:
        self.checkout = checkout
        self.known: dict[str, Annotator] = {}

    def find_annotator(self, account: Any, project: int) -> Annotator:
        """Who an answer is by: a number, or an object with the address."""
        number = account.get("id", 0) if isinstance(account, dict) else account
        address = account.get("email") if isinstance(account, dict) else None
        name = address or f"account {number} of project {project} of an export"
        if name not in self.known:
            self.known[name] = resolve_annotators(self.checkout, [Account(id=0, email=name)])[0]
        return self.known[name]


class _ExportedTask:
    """One task with its answers."""

    def __init__(
        self,
        task: dict[str, Any],
        place: str,
        how: ImportContext,
        people: _ExportAccounts,
        texts: DocumentIndex,
    ) -> None:
        self.task, self.location, self.context, self.accounts, self.texts = (
            task,
            place,
            how,
            people,
            texts,
        )
        self.project, self.number = (_number(task.get(name)) for name in ("project", "id"))

    def read_annotations(self) -> Iterator[AnnotatedDocument]:
        """Its answers, each over the text that its annotator saw."""
        given = self.task.get("annotations")
        if not isinstance(given, list):
            raise InputError(
                "a task without annotations",
                where=self.location,
                remedy="export it as JSON, not JSON-MIN",
            )
        self.context.notices["tasks without an answer, not taken"] += not given
        self.context.notices["drafts, not taken"] += len(self.task.get("drafts") or [])
        self.context.notices["predictions, not taken"] += len(self.task.get("predictions") or [])
        for answer in given:
            if not isinstance(answer, dict) or not isinstance(answer.get("result"), list):
                self.context.losses["answers without a result"] += 1
            else:
                yield self._convert_annotation(answer)

    def _convert_annotation(self, answer: dict[str, Any]) -> AnnotatedDocument:
        schema, text = self.context.schema, self._text()
        assert schema is not None  # noqa: S101
        found = decode_result(
            list(_rename_labels(answer["result"], self.context.labels, self.context.notices)),
            text,
            schema,
        )
        for kept in found.kept:
            (self.context.notices if kept.reason in _REPAIRED else self.context.losses)[
                kept.reason
            ] += 1
        return AnnotatedDocument(
            doc_id=self._doc_id(),
            text=text,
            about=self._about(answer),
            mentions=tuple(
                msgspec.convert(mention, FormatMention, from_attributes=True)
                for mention in found.mentions
            ),
            relations=tuple(
                msgspec.convert(relation, FormatRelation, from_attributes=True)
                for relation in found.relations
            ),
            note=found.note,
            kept=found.kept,
        )

    def _text(self) -> str:
        key = self.context.fields.get("text", TEXT)
        text = self.task["data"].get(key)
        if not isinstance(text, str):
            raise InputError(
                f"no text under {key!r}",
                where=self.location,
                remedy="say where it is: --field text=NAME",
            )
        received = self.task["data"].get("text_sha256")
        return (
            text if received in (None, sha256(text)) else self._find_received_text(text, received)
        )

    def _find_received_text(self, shown: str, digest: Any) -> str:
        """The text received, where the task says that it shows another form of it, as push does: a sentence a line."""
        document = self.texts.get(self._doc_id())
        if (
            document is None
            or document.text_sha256 != digest
            or text_digest(document.text) != text_digest(shown)
        ):
            raise InputError(
                f"the text is not as received: it was shown with other line breaks, and the one with its text_sha256"
                f" {str(digest)[:12]}… is not in this corpus as {self._doc_id()}",
                where=self.location,
                remedy="take the article in with `sayso ingest` first, or pull from the server",
            )
        return document.text

    def _doc_id(self) -> str:
        value = self.task["data"].get(self.context.fields.get("doc_id", "doc_id"))
        if isinstance(value, str | int) and value != "":
            return str(value)
        self.context.notices["answers to tasks without a doc_id, called by the task's number"] += 1
        return f"label-studio-{self.project}-{self.number}"

    def _about(self, answer: dict[str, Any]) -> dict[str, str]:
        who = self.accounts.find_annotator(answer.get("completed_by"), self.project)
        created = str(answer.get("created_at") or "")
        started = (
            "annotation"
            if answer.get("parent_annotation")
            else "prediction"
            if answer.get("parent_prediction")
            else "nothing"
        )
        known = {
            "annotator": who.pseudonym,
            "annotator_kind": who.kind,
            "status": "skipped" if answer.get("was_cancelled") else "submitted",
            "created": created,
            "updated": str(answer.get("updated_at") or created),
            "lead_time_seconds": answer.get("lead_time"),
            "started_from": started,
            "origin": f"{ORIGIN_SYSTEM} {self.project} {self.number} {_number(answer.get('id'))}",
        }
        return {name: str(value) for name, value in known.items() if value not in (None, "")}


def _number(value: Any) -> int:
    return value if type(value) is int and value >= 0 else 0


def _rename_labels(result: list[Any], words: Mapping[str, str], noticed: Losses) -> Iterator[Any]:
    """The items of a result with our names: of labels, of relations, and of the control that marks mentions."""
    out = {item["id"] for item in result if _is_excluded(item, words)}
    for item in result:
        if not isinstance(item, dict):
            yield item
        elif item.get("id") in out or {item.get("from_id"), item.get("to_id")} & out:
            noticed[EXCLUDED_BY_MAP] += 1
        elif item.get("type") == "labels" and isinstance(item.get("value"), dict):
            labels = item["value"].get("labels")
            value = {**item["value"], "labels": _map_labels(labels, words)}
            yield {**item, "from_name": SPAN, "to_name": TEXT, "value": value}
        elif item.get("type") == "relation":
            yield {**item, "labels": _map_labels(item.get("labels"), words)}
        else:
            yield {**item, "to_name": TEXT}


def _is_excluded(item: Any, words: Mapping[str, str]) -> bool:
    """Whether it is a region of a label that was mapped to nothing."""
    value = (
        item.get("value") if isinstance(item, dict) and isinstance(item.get("id"), str) else None
    )
    labels = value.get("labels") if isinstance(value, dict) else None
    return isinstance(labels, list) and any(
        words.get(label) == "" for label in labels if isinstance(label, str)
    )


def _map_labels(labels: Any, words: Mapping[str, str]) -> Any:
    if not isinstance(labels, list):
        return labels
    return [words.get(label, label) if isinstance(label, str) else label for label in labels]
