"""Label Studio's own JSON export, of anybody's projects. It comes in only.

A labels control of any name marks mentions; results of other controls count where they are named as
ours are. A choice, number, date or text without a region is an answer about the document, named as
its control. What the schema does not know is kept as it came.

Accounts become pseudonyms as in a pull; where an export holds only their numbers, each number of a
project has its own. No export says which guidelines were shown: the project does.
"""

from __future__ import annotations

import codecs
import json
from collections import Counter
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from sayso.errors import InputError
from sayso.files import MAXIMUM_BYTES, convert_os_errors, open_file
from sayso.formats.annotated_documents import (
    AnnotatedDocument,
    FormatAnswer,
    FormatMention,
    FormatRelation,
    require_text,
)
from sayso.formats.format_registry import ImportContext
from sayso.formats.label_mapping import EXCLUDED_BY_MAP
from sayso.labelstudio import document_index
from sayso.labelstudio.api_types import Account
from sayso.labelstudio.codec import decode_result
from sayso.labelstudio.controls import DOCUMENT_NOTE, SPAN, TEXT
from sayso.labelstudio.document_index import DocumentIndex
from sayso.labelstudio.offsets import DIAGNOSIS_REASONS
from sayso.labelstudio.pseudonyms import Annotator, resolve_address
from sayso.labelstudio.tasks import text_digest
from sayso.models import AttributeValue, is_int64, sha256
from sayso.schema.column_names import question_control_name
from sayso.settings import Checkout

# Not what a pull says: these numbers are another server's, and a pull leaves them alone.
ORIGIN_SYSTEM = "label-studio-export"
_CHUNK = 1 << 20
_REPAIRED = ("white space trimmed from a span", DIAGNOSIS_REASONS["utf16"])
_ANSWER_KEYS = {  # of the value of a result, by its type
    "choices": "choices",
    "datetime": "datetime",
    "number": "number",
    "rating": "rating",
    "textarea": "text",
}
_EXPORT_REMEDY = "export it as JSON, not JSON-MIN"


def read(path: Path, context: ImportContext) -> Iterator[AnnotatedDocument]:
    """Read every annotation of every task, task by task.

    Raises:
        InputError: the file is no such export.
    """
    assert context.checkout is not None  # noqa: S101
    accounts = _ExportAccounts(context.checkout)
    with document_index.open_document_index(context.checkout) as texts:
        for number, task in enumerate(_read_tasks(path), 1):
            location = f"{path}: task {task.get('id', f'number {number}')}"
            require_text(task, location)
            yield from _ExportedTask(task, location, context, accounts, texts).read_annotations()


def _read_tasks(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a list, one at a time, so that memory stays flat."""
    decoder, size, buffer = json.JSONDecoder(parse_constant=_refuse_constant), _CHUNK, ""
    decode = codecs.getincrementaldecoder("utf-8")().decode
    begun = ended = False
    with convert_os_errors(path), open_file(path) as stream:
        while True:
            buffer = buffer.lstrip(" \t\r\n," if begun else None)
            if buffer and not begun:
                if buffer[0] != "[":
                    raise _not_an_export(path, "it is no list of tasks")
                begun, buffer = True, buffer[1:].lstrip()
            if begun and buffer.startswith("]"):
                return
            try:
                task, end = decoder.raw_decode(buffer)
            except json.JSONDecodeError as error:
                if ended or len(buffer) > MAXIMUM_BYTES:
                    where = "it ends within a task" if ended else "a task is too large"
                    raise _not_an_export(path, f"{where}: {error.msg}") from error
                raw = stream.read(size)
                ended, size = not raw, size * 2  # a task is parsed again a few times, not many
                try:
                    buffer += decode(raw, final=ended)
                except UnicodeDecodeError as wrong:
                    raise _not_an_export(path, "it is not UTF-8") from wrong
                continue
            except (ValueError, RecursionError) as error:  # digits by the thousand
                raise _not_an_export(path, f"a task cannot be read: {error}"[:200]) from error
            if not isinstance(task, dict) or not isinstance(task.get("data"), dict):
                raise _not_an_export(path, "an entry is no task")
            buffer, size = buffer[end:], _CHUNK
            yield task


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _not_an_export(path: Path, what: str) -> InputError:
    return InputError(
        f"not Label Studio's JSON export: {what}", where=str(path), remedy=_EXPORT_REMEDY
    )


class _ExportAccounts:
    """Accounts and their pseudonyms."""

    def __init__(self, checkout: Checkout) -> None:
        self.checkout = checkout
        self.known: dict[str, Annotator] = {}

    def find_annotator(self, account: Any, project: int) -> Annotator:
        """Return the annotator of an account: a number, or an object with the address."""
        number = account.get("id", 0) if isinstance(account, dict) else account
        address = account.get("email") if isinstance(account, dict) else None
        if not isinstance(address, str) or not address or Account(0, address).is_removed:
            address = f"account {number} of project {project} of an export"
        if address not in self.known:
            self.known[address] = resolve_address(self.checkout, address)
        return self.known[address]


class _ExportedTask:
    """One task with its annotations."""

    def __init__(
        self,
        task: dict[str, Any],
        location: str,
        context: ImportContext,
        accounts: _ExportAccounts,
        texts: DocumentIndex,
    ) -> None:
        self.task, self.location, self.context = task, location, context
        self.accounts, self.texts = accounts, texts
        self.project, self.number = (_number(task.get(name)) for name in ("project", "id"))

    def read_annotations(self) -> Iterator[AnnotatedDocument]:
        """Yield its annotations, each over the text that its annotator saw."""
        given = self.task.get("annotations")
        if not isinstance(given, list):
            what = "a task without annotations"
            raise InputError(what, where=self.location, remedy=_EXPORT_REMEDY)
        notices = self.context.notices
        notices["tasks without an annotation, not taken"] += not given
        for name in ("drafts", "predictions"):
            listed = self.task.get(name)
            notices[f"{name}, not taken"] += len(listed) if isinstance(listed, list) else 0
        for annotation in given:
            if isinstance(annotation, dict) and isinstance(annotation.get("result"), list):
                yield self._convert_annotation(annotation)
            else:
                self.context.losses["annotations without a result"] += 1

    def _convert_annotation(self, theirs: dict[str, Any]) -> AnnotatedDocument:
        context, text = self.context, self._text()
        assert context.schema is not None  # noqa: S101
        own = {question_control_name(name): name for name in context.schema.questions}
        result, answers = _split_answers(theirs["result"], {DOCUMENT_NOTE, *own})
        result = list(_rename_labels(result, context.labels, context.notices))
        context.fills_defaults = False  # the codec does
        defaults_of = None if theirs.get("was_cancelled") else context.pass_name
        found = decode_result(result, text, context.schema, defaults_of=defaults_of)
        answers += _list_own_answers(found.answers, answers, result, context)
        for kept in found.kept:
            (context.notices if kept.reason in _REPAIRED else context.losses)[kept.reason] += 1
        convert = msgspec.convert
        return AnnotatedDocument(
            doc_id=self._doc_id(),
            text=text,
            about=self._describe(theirs),
            mentions=convert(found.mentions, tuple[FormatMention, ...], from_attributes=True),
            relations=convert(found.relations, tuple[FormatRelation, ...], from_attributes=True),
            answers=tuple(answers),
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
        if received in (None, sha256(text)):
            return text
        return self._find_received_text(text, received)

    def _find_received_text(self, shown: str, digest: Any) -> str:
        """Return the text received where the task, like push, shows it with other line breaks."""
        document = self.texts.get(self._doc_id())
        if (
            document is None
            or document.text_sha256 != digest
            or text_digest(document.text) != text_digest(shown)
        ):
            raise InputError(
                "the text is not as received: it was shown with other line breaks, and the one with"
                f" its text_sha256 {str(digest)[:12]}… is not in this corpus as {self._doc_id()}",
                where=self.location,
                remedy="take the article in with `sayso ingest` first, or pull from the server",
            )
        return document.text

    def _doc_id(self) -> str:
        value = self.task["data"].get(self.context.fields.get("doc_id", "doc_id"))
        if isinstance(value, str | int) and value not in ("", True, False):
            return str(value)
        notice = "annotations of tasks without a doc_id, called by the task's number"
        self.context.notices[notice] += 1
        return f"label-studio-{self.project}-{self.number}"

    def _find_other_editor(self, theirs: dict[str, Any]) -> str | None:
        """Return whoever else saved it last; without a history, perhaps without a change."""
        other, author = theirs.get("updated_by"), theirs.get("completed_by")
        if other is None or _find_account_number(other) == _find_account_number(author):
            return None
        return self.accounts.find_annotator(other, self.project).pseudonym

    def _describe(self, theirs: dict[str, Any]) -> dict[str, str]:
        annotator = self.accounts.find_annotator(theirs.get("completed_by"), self.project)
        created = str(theirs.get("created_at") or "")
        parents = ("annotation", "prediction")
        started_from = next((kind for kind in parents if theirs.get(f"parent_{kind}")), "nothing")
        known = {
            "annotator": annotator.pseudonym,
            "changed_by": self._find_other_editor(theirs),
            "annotator_kind": annotator.kind,
            "annotator_role": annotator.role,
            "status": "skipped" if theirs.get("was_cancelled") else "submitted",
            "created": created,
            "updated": str(theirs.get("updated_at") or created),
            "lead_time_seconds": theirs.get("lead_time"),
            "started_from": started_from,
            "origin": f"{ORIGIN_SYSTEM} {self.project} {self.number} {_number(theirs.get('id'))}",
        }
        return {name: str(value) for name, value in known.items() if value not in (None, "")}


def _find_account_number(account: Any) -> Any:
    return account.get("id") if isinstance(account, dict) else account


def _number(value: Any) -> int:
    return value if type(value) is int and value >= 0 and is_int64(value) else 0


def _list_own_answers(
    decoded: Mapping[str, AttributeValue],
    others: list[FormatAnswer],
    result: list[Any],
    context: ImportContext,
) -> Iterator[FormatAnswer]:
    """Yield answers of our own controls, but no default where another control has answered."""
    given = {item["from_name"] for item in result if _find_answer(item)}
    mapped = {context.labels.get(answer.question, answer.question) for answer in others}
    for question, value in decoded.items():
        if question not in mapped or question_control_name(question) in given:
            yield FormatAnswer(question=question, value=value)


def _split_answers(result: list[Any], own: Container[str]) -> tuple[list[Any], list[FormatAnswer]]:
    """Split off the answers that other controls than our own give about the document."""
    found = [(item, _find_answer(item)) for item in result]
    regions = {
        item["id"]
        for item, answer in found
        if answer is None and isinstance(item, dict) and isinstance(item.get("id"), str)
    }
    rest, answers = [], []
    for item, answer in found:
        if answer is None or answer.question in own or item.get("id") in regions:
            rest.append(item)
        else:
            answers.append(answer)
    return rest, answers


def _find_answer(item: Any) -> FormatAnswer | None:
    """Return the answer that an item gives without a region, if it is one."""
    if not isinstance(item, dict) or not isinstance(item.get("value"), dict):
        return None
    control, kind, value = item.get("from_name"), item.get("type"), item["value"]
    key = _ANSWER_KEYS.get(kind) if isinstance(kind, str) and "start" not in value else None
    if not key or not isinstance(control, str) or not isinstance(item.get("id"), str):
        return None
    given = value.get(key)
    several = given if isinstance(given, list) else [given]
    if several and all(isinstance(each, str) for each in several):
        only = several[0] if len(several) == 1 else tuple(several)
        return FormatAnswer(question=control, value=only)
    is_number = isinstance(given, float) or (isinstance(given, int) and is_int64(given))
    return FormatAnswer(question=control, value=given) if is_number else None


def _rename_labels(
    result: list[Any], label_map: Mapping[str, str], notices: Counter[str]
) -> Iterator[Any]:
    """Yield the items of a result with our names of labels, relation types and controls."""
    excluded = {item["id"] for item in result if _is_excluded(item, label_map)}

    def is_excluded(item: dict[str, Any]) -> bool:
        ends = (item.get(name) for name in ("id", "from_id", "to_id"))
        return any(isinstance(end, str) and end in excluded for end in ends)

    for item in result:
        if not isinstance(item, dict):
            yield item
        elif is_excluded(item):
            notices[EXCLUDED_BY_MAP] += 1
        elif item.get("type") == "labels" and isinstance(item.get("value"), dict):
            labels = _map_labels(item["value"].get("labels"), label_map)
            value = {**item["value"], "labels": labels}
            yield {**item, "from_name": SPAN, "to_name": TEXT, "value": value}
        elif item.get("type") == "relation":
            yield {**item, "labels": _map_labels(item.get("labels"), label_map)}
        else:
            yield {**item, "to_name": TEXT}


def _is_excluded(item: Any, label_map: Mapping[str, str]) -> bool:
    """Return True for a region of a label that was mapped to nothing."""
    if not isinstance(item, dict) or not isinstance(item.get("id"), str):
        return False
    value = item.get("value")
    labels = value.get("labels") if isinstance(value, dict) else None
    known = labels if isinstance(labels, list) else []
    return any(isinstance(label, str) and label_map.get(label) == "" for label in known)


def _map_labels(labels: Any, label_map: Mapping[str, str]) -> Any:
    if not isinstance(labels, list):
        return labels
    return [label_map.get(each, each) if isinstance(each, str) else each for each in labels]
