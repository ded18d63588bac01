"""The last change of each annotation's content, and who but its annotator made it.

Label Studio sets ``updated_at`` and ``updated_by`` whenever somebody saves an annotation, also if
nothing changes: by marking it as ground truth, or by undoing what they did. Deleting a prediction
clears ``parent_prediction`` without a trace. Only the Enterprise edition has a history. So each
annotation is remembered as it was first seen with its content. A line of the corpus counts as
well, since another checkout may have seen it earlier.
"""

from __future__ import annotations

import hashlib
import sqlite3
import sys
from typing import Any, NamedTuple

import msgspec
from msgspec import structs

from sayso.labelstudio.annotation_reader import find_start, was_opened
from sayso.labelstudio.api_types import TaskAnnotation
from sayso.models import Annotation, StartedFrom, encode

_CREATE_TABLE = """
-- Survives when annotations are read anew. Digests: of the result as received, and of the record.
CREATE TABLE IF NOT EXISTS last_changes (
    annotation INTEGER PRIMARY KEY, created TEXT NOT NULL, received BLOB, decoded BLOB,
    since TEXT NOT NULL, updated TEXT NOT NULL, changed_by INTEGER, started_from TEXT NOT NULL,
    unseen INTEGER NOT NULL
);
"""


class LastChange(NamedTuple):
    """The last change of an annotation's content.

    Attributes:
        since, updated: it happened between these times; they are equal if it was seen.
        changed_by: the account that saved it after its annotator and may have changed it.
        started_from, unseen: as of `Annotation`, also once the prediction is deleted.
    """

    since: str
    updated: str
    changed_by: int | None
    started_from: StartedFrom
    unseen: bool


class LastChanges:
    """The last change of each annotation of a project, in its sync state."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.executescript(_CREATE_TABLE)

    def resolve(self, annotation: TaskAnnotation, record: Annotation | None) -> LastChange:
        """Return the last change of an annotation as just fetched, and remember it.

        Args:
            record: what was decoded of it; None if it is in quarantine.
        """
        content = (annotation.result, annotation.was_cancelled, annotation.lead_time is None)
        received = _digest(msgspec.json.encode(content, order="deterministic"))
        decoded = _digest_record(record) if record else None
        known = self._find(annotation.id, annotation.created_at)
        change = _first_change(annotation)
        if known:
            before, *digests = known
            if received == digests[0] or (decoded and decoded == digests[1]):
                change = change._replace(
                    since=before.since, updated=before.updated, changed_by=before.changed_by
                )
            else:
                changed_by = change.changed_by or before.changed_by
                change = change._replace(since=change.updated, changed_by=changed_by)
            if change.started_from == "nothing":
                change = _with_start(change, annotation, before.started_from)
        row = (annotation.id, annotation.created_at, received, decoded, *change)
        self._connection.execute(
            "REPLACE INTO last_changes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row
        )
        return change

    def adopt(
        self, number: int, record: Annotation, line: Annotation, changed_by: int | None, since: str
    ) -> LastChange | None:
        """Return what a line of the corpus knows better than the record, and remember it.

        Args:
            record: as it was fetched.
            line: the same annotation in the corpus.
            changed_by, since: of the line.
        """
        known = self._find(number, record.created)
        if known is None:
            return None
        before = change = known[0]
        if before.started_from == "nothing":
            unseen = line.unseen and record.lead_time_seconds is None
            change = change._replace(started_from=line.started_from, unseen=unseen)
            record = structs.replace(record, unseen=unseen)
        same, earlier = (
            _digest_record(line) == _digest_record(record),
            line.updated < before.updated,
        )
        if same and earlier:
            change = change._replace(since=since, updated=line.updated, changed_by=changed_by)
        elif same and line.updated == before.updated:
            change = change._replace(since=since)
        if same is not earlier and change.changed_by is None and line.updated <= before.updated:
            # Also if its annotator has changed it again since.
            change = change._replace(changed_by=changed_by)
        if change == before:
            return None
        names = ", ".join(f"{name} = ?" for name in LastChange._fields)
        update = f"UPDATE last_changes SET {names} WHERE annotation = ?"  # noqa: S608
        self._connection.execute(update, (*change, number))
        return change

    def _find(self, number: int, created: str) -> tuple[LastChange, bytes, bytes | None] | None:
        # A restored database gives old numbers to new annotations: hence the time of creation.
        names = ", ".join(LastChange._fields)
        query = f"SELECT received, decoded, {names} FROM last_changes"  # noqa: S608
        where = "WHERE annotation = ? AND created = ?"
        row: Any = self._connection.execute(f"{query} {where}", (number, created)).fetchone()
        if row is None:
            return None
        change = LastChange(*row[2:])
        # A record leaves a default out only if the value is that very object.
        started_from: Any = sys.intern(change.started_from)
        change = change._replace(started_from=started_from, unseen=bool(change.unseen))
        return change, row[0], row[1]


def _first_change(annotation: TaskAnnotation) -> LastChange:
    """Return the last change of an annotation of which nothing is known.

    If somebody else saved it last, they may have changed something or not.
    """
    other = annotation.updated_by
    if annotation.completed_by is None or other == annotation.completed_by:
        other = None
    since = annotation.updated_at if other is None else annotation.created_at
    change = LastChange(since, annotation.updated_at, other, "nothing", unseen=False)
    return _with_start(change, annotation, find_start(annotation))


def _with_start(
    change: LastChange, annotation: TaskAnnotation, started_from: StartedFrom
) -> LastChange:
    unseen = started_from == "prediction" and not was_opened(annotation)
    return change._replace(started_from=started_from, unseen=unseen)


def _digest_record(record: Annotation) -> bytes:
    """Return a digest of the content; a prediction that somebody looked at counts as changed."""
    content = (record.mentions, record.relations, record.note, record.kept)
    answers = [record.answers] if record.answers else []  # else the digest of earlier versions
    return _digest(encode((record.status, record.unseen, *content, *answers)))


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()
