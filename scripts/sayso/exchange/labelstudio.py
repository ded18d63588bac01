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
from sayso.exchange.formats import Arriving, Written
from sayso.exchange.readings import Drawn, Losses, Marked, Reading
from sayso.exchange.wording import LEFT_OUT
from sayso.files import explained
from sayso.records import sha256
from sayso.settings import Instance
from sayso.studio import lookup
from sayso.studio.annotators import Annotator, annotators
from sayso.studio.client import Account
from sayso.studio.codec import decode
from sayso.studio.controls import SPAN, TEXT
from sayso.studio.doctor import REASONS
from sayso.studio.lookup import Texts
from sayso.studio.tasks import skeleton

SYSTEM = "label-studio-export"  # not what a pull says: its numbers are another server's, and a pull leaves them alone
_CHUNK = 1 << 20
_MENDED = ("white space trimmed from a span", REASONS["utf16"])


class LabelStudio:
    """Comes in only: `sayso push` is the way out."""

    suffix = ".json"
    whole = False
    worded = False

    def fit(self, reading: Reading, losses: Losses) -> NoReturn:
        """Not offered.

        Raises:
            UsageError: always.
        """
        raise UsageError("labelstudio comes in only", remedy="run `sayso push`")

    def write(self, target: Path, what: Written) -> NoReturn:
        """Not offered.

        Raises:
            UsageError: always.
        """
        raise UsageError("labelstudio comes in only", remedy="run `sayso push`")

    def read(self, path: Path, how: Arriving) -> Iterator[Reading]:
        """Every answer of every task, task by task.

        Raises:
            InputError: the file is no such export.
        """
        assert how.instance is not None  # noqa: S101
        people = _People(how.instance)
        with lookup.opened(how.instance) as texts:
            for number, task in enumerate(_tasks(path), 1):
                place = f"{path}: task {task.get('id', f'number {number}')}"
                yield from _Task(task, place, how, people, texts).readings()


FORMAT = LabelStudio()


def _tasks(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a list, one at a time, whatever its length."""
    decoder, size, buffer = json.JSONDecoder(), _CHUNK, ""
    with explained(path), path.open("rb") as stream:
        utf8 = codecs.getincrementaldecoder("utf-8")()
        whole = False
        begun = False
        while True:
            buffer = buffer.lstrip() if not begun else buffer.lstrip(" \t\r\n,")
            if buffer and not begun:
                if buffer[0] != "[":
                    raise _no_export(path, "it is no list of tasks")
                begun, buffer = True, buffer[1:].lstrip()
            if begun and buffer.startswith("]"):
                return
            try:
                task, end = decoder.raw_decode(buffer)
            except json.JSONDecodeError as error:
                if whole:
                    raise _no_export(path, f"it ends within a task: {error.msg}") from error
                raw = stream.read(size)
                try:
                    buffer += utf8.decode(raw, final=not raw)
                except UnicodeDecodeError as wrong:
                    raise _no_export(path, "it is not UTF-8") from wrong
                whole, size = not raw, size * 2
                continue
            if not isinstance(task, dict) or not isinstance(task.get("data"), dict):
                raise _no_export(path, "an entry is no task")
            buffer, size = buffer[end:], _CHUNK
            yield task


def _no_export(path: Path, what: str) -> InputError:
    return InputError(
        f"not Label Studio's JSON export: {what}", where=str(path), remedy="export it as JSON, not JSON-MIN"
    )


class _People:
    """Accounts and their pseudonyms."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.known: dict[str, Annotator] = {}

    def of(self, account: Any, project: int) -> Annotator:
        """Who an answer is by: a number, or an object with the address."""
        number = account.get("id", 0) if isinstance(account, dict) else account
        address = account.get("email") if isinstance(account, dict) else None
        name = address or f"account {number} of project {project} of an export"
        if name not in self.known:
            self.known[name] = annotators(self.instance, [Account(id=0, email=name)])[0]
        return self.known[name]


class _Task:
    """One task with its answers."""

    def __init__(self, task: dict[str, Any], place: str, how: Arriving, people: _People, texts: Texts) -> None:
        self.task, self.place, self.how, self.people, self.texts = task, place, how, people, texts
        self.project, self.number = (_number(task.get(name)) for name in ("project", "id"))

    def readings(self) -> Iterator[Reading]:
        """Its answers, each over the text that its annotator saw."""
        given = self.task.get("annotations")
        if not isinstance(given, list):
            raise InputError("a task without annotations", where=self.place, remedy="export it as JSON, not JSON-MIN")
        self.how.noticed["tasks without an answer, not taken"] += not given
        self.how.noticed["drafts, not taken"] += len(self.task.get("drafts") or [])
        self.how.noticed["predictions, not taken"] += len(self.task.get("predictions") or [])
        for answer in given:
            if not isinstance(answer, dict) or not isinstance(answer.get("result"), list):
                self.how.lost["answers without a result"] += 1
            else:
                yield self._reading(answer)

    def _reading(self, answer: dict[str, Any]) -> Reading:
        schema, text = self.how.schema, self._text()
        assert schema is not None  # noqa: S101
        found = decode(list(_items(answer["result"], self.how.labels, self.how.noticed)), text, schema)
        for kept in found.kept:
            (self.how.noticed if kept.reason in _MENDED else self.how.lost)[kept.reason] += 1
        return Reading(
            doc_id=self._doc_id(),
            text=text,
            about=self._about(answer),
            mentions=tuple(msgspec.convert(mention, Marked, from_attributes=True) for mention in found.mentions),
            relations=tuple(msgspec.convert(relation, Drawn, from_attributes=True) for relation in found.relations),
            note=found.note,
            kept=found.kept,
        )

    def _text(self) -> str:
        key = self.how.fields.get("text", TEXT)
        text = self.task["data"].get(key)
        if not isinstance(text, str):
            raise InputError(f"no text under {key!r}", where=self.place, remedy="say where it is: --field text=NAME")
        received = self.task["data"].get("text_sha256")
        return text if received in (None, sha256(text)) else self._received(text, received)

    def _received(self, shown: str, digest: Any) -> str:
        """The text received, where the task says that it shows another form of it, as push does: a sentence a line."""
        document = self.texts.get(self._doc_id())
        if document is None or document.text_sha256 != digest or skeleton(document.text) != skeleton(shown):
            raise InputError(
                f"the text is not as received: it was shown with other line breaks, and the one with its text_sha256"
                f" {str(digest)[:12]}… is not in this corpus as {self._doc_id()}",
                where=self.place, remedy="take the article in with `sayso ingest` first, or pull from the server",
            )  # fmt: skip
        return document.text

    def _doc_id(self) -> str:
        value = self.task["data"].get(self.how.fields.get("doc_id", "doc_id"))
        if isinstance(value, str | int) and value != "":
            return str(value)
        self.how.noticed["answers to tasks without a doc_id, called by the task's number"] += 1
        return f"label-studio-{self.project}-{self.number}"

    def _about(self, answer: dict[str, Any]) -> dict[str, str]:
        who = self.people.of(answer.get("completed_by"), self.project)
        created = str(answer.get("created_at") or "")
        started = (
            "annotation"
            if answer.get("parent_annotation")
            else "prediction"
            if answer.get("parent_prediction")
            else "nothing"
        )
        known = {
            "annotator": who.pseudonym, "annotator_kind": who.kind,
            "status": "skipped" if answer.get("was_cancelled") else "submitted",
            "created": created, "updated": str(answer.get("updated_at") or created),
            "lead_time_seconds": answer.get("lead_time"), "started_from": started,
            "origin": f"{SYSTEM} {self.project} {self.number} {_number(answer.get('id'))}",
        }  # fmt: skip
        return {name: str(value) for name, value in known.items() if value not in (None, "")}


def _number(value: Any) -> int:
    return value if type(value) is int and value >= 0 else 0


def _items(result: list[Any], words: Mapping[str, str], noticed: Losses) -> Iterator[Any]:
    """The items of a result with our names: of labels, of relations, and of the control that marks mentions."""
    out = {item["id"] for item in result if _left_out(item, words)}
    for item in result:
        if not isinstance(item, dict):
            yield item
        elif item.get("id") in out or {item.get("from_id"), item.get("to_id")} & out:
            noticed[LEFT_OUT] += 1
        elif item.get("type") == "labels" and isinstance(item.get("value"), dict):
            labels = item["value"].get("labels")
            value = {**item["value"], "labels": _worded(labels, words)}
            yield {**item, "from_name": SPAN, "to_name": TEXT, "value": value}
        elif item.get("type") == "relation":
            yield {**item, "labels": _worded(item.get("labels"), words)}
        else:
            yield {**item, "to_name": TEXT}


def _left_out(item: Any, words: Mapping[str, str]) -> bool:
    """Whether it is a region of a label that was mapped to nothing."""
    value = item.get("value") if isinstance(item, dict) and isinstance(item.get("id"), str) else None
    labels = value.get("labels") if isinstance(value, dict) else None
    return isinstance(labels, list) and any(words.get(label) == "" for label in labels if isinstance(label, str))


def _worded(labels: Any, words: Mapping[str, str]) -> Any:
    if not isinstance(labels, list):
        return labels
    return [words.get(label, label) if isinstance(label, str) else label for label in labels]
