"""Pull every annotator's own annotations: fetch changes, then write each annotator's file whole.

A pull that is killed has either replaced a file or not; run again, it goes on where it was.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path

import msgspec
from msgspec import Raw

from sayso import jsonl
from sayso.callbacks import Advance
from sayso.corpus.history import prepare_history
from sayso.corpus.sources import REPLACED_TEXTS, AnnotationHead, CorpusFiles, annotation_sort_key
from sayso.files import replace_if_changed, replace_together
from sayso.labelstudio.client import LabelStudioClient
from sayso.labelstudio.fetched_annotations import (
    AnnotationNotice,
    FetchedAnnotations,
    ServerComparison,
    open_annotations,
)
from sayso.labelstudio.project import ProjectKey, find_campaign_projects
from sayso.labelstudio.repair_tab import update_repair_tab
from sayso.labelstudio.sync_state import format_timestamp
from sayso.labelstudio.urls import SYSTEM
from sayso.schema.declarations import load_schema
from sayso.settings import SCHEMA_FILE, Checkout


@dataclass
class PullResult:
    """The result of a pull.

    Attributes:
        tasks_fetched: tasks that are new or have changed.
        annotations: counts on the server, by annotator and status.
        written: files that changed.
        carried_over: annotations of an earlier text that provably fit the present one, of all.
        kept: parts of annotations that the schema does not know; they are in the records.
        notices: those among the annotations that were fetched.
        quarantined: annotations that cannot be stored, all of them; they are in
            ``quarantine_file``.
        to_fix: documents with a mention to draw again; a tab of Label Studio lists them.
        vanished: annotations in our files that the server no longer has; kept unless pruned.
        changed: annotations that somebody else saved after their annotator, all of them.
        unseen: annotations taken over from a prediction that nobody looked at, all of them.
        comparison: if everything was fetched, the differences from what was known.
    """

    project_key: ProjectKey
    url: str
    tasks_fetched: int = 0
    annotations: dict[str, Counter[str]] = field(default_factory=dict)
    written: list[Path] = field(default_factory=list)
    carried_over: int = 0
    kept: int = 0
    notices: list[AnnotationNotice] = field(default_factory=list)
    quarantined: list[AnnotationNotice] = field(default_factory=list)
    quarantine_file: Path | None = None
    vanished: list[AnnotationNotice] = field(default_factory=list)
    to_fix: list[str] = field(default_factory=list)
    pruned: bool = False
    changed: list[AnnotationNotice] = field(default_factory=list)
    unseen: list[AnnotationNotice] = field(default_factory=list)
    comparison: ServerComparison = field(default_factory=ServerComparison)


def pull(
    checkout: Checkout,
    client: LabelStudioClient,
    campaign: str,
    pass_name: str | None = None,
    *,
    prune: bool = False,
    full: bool = False,
    advance: Advance = lambda _: None,
) -> list[PullResult]:
    """Pull the annotations of a campaign, of one pass or of all that were pushed.

    Args:
        full: fetch everything, not only changes, and compare it with what was known.

    Raises:
        UsageError: nothing was ever pushed.
        ServerError: the server does not answer, or gives fewer tasks than it says it has.
    """
    schema = load_schema(checkout.root / SCHEMA_FILE)
    results = []
    for key, listed in find_campaign_projects(client, schema, campaign, pass_name):
        with open_annotations(checkout, client, key, listed, "sayso pull") as fetched:
            comparison = fetched.fetch(full, advance)
            result = _AnnotationFileWriter(checkout, fetched, prune).write()
            result.comparison = comparison
            results.append(result)
    return results


class _AnnotationFileWriter:
    """Writes what the server has to each annotator's file; lines of other origin stay."""

    def __init__(self, checkout: Checkout, fetched: FetchedAnnotations, prune: bool) -> None:
        self.project_key = fetched.reader.project_key
        self.corpus = CorpusFiles(checkout.root)
        name = f"{self.project_key.campaign}-{self.project_key.pass_name}.jsonl"
        self.quarantine_path = checkout.private / "quarantine" / name
        self.fetched = fetched
        self._project_created = format_timestamp(fetched.listed.created_at)
        self.quarantined = {each.number: each for each in fetched.list_quarantined()}
        self.result = PullResult(self.project_key, fetched.url, pruned=prune)

    def write(self) -> PullResult:
        fetched, result = self.fetched, self.result
        fetched.adopt_lines(self.corpus)
        self._write_files()
        self._write_quarantine()
        result.changed, result.unseen = fetched.list_changed(), fetched.list_unseen()
        result.tasks_fetched, result.notices = fetched.tasks_fetched, fetched.notices
        result.kept, result.carried_over = fetched.count_exceptions()
        result.to_fix = update_repair_tab(
            fetched.client, fetched.reader.project, fetched.state, fetched.annotations_with_kept()
        )
        return result

    def _write_files(self) -> None:
        campaign, annotators = self.project_key.campaign, self.fetched.annotators
        counts = self.fetched.count_by_status()
        accounts = {annotators[each].pseudonym: each for each in counts if each in annotators}
        local = {path.stem for path in self.corpus.annotation_files(campaign)}
        for name in sorted(accounts.keys() | local):
            account = accounts.get(name)
            if account is not None:
                self.result.annotations[name] = counts[account]
            path = self.corpus.annotation_file(campaign, name)
            if not self.fetched.is_file_current(name, path):
                self._write_file(name, account, path)

    def _write_file(self, name: str, account: int | None, path: Path) -> None:
        vanished = len(self.result.vanished)
        self._save_history(path)
        lines = self.fetched.lines_of_account(account) if account is not None else ()
        pass_name = self.project_key.pass_name
        fetched = (((doc_id, pass_name, *key), content) for doc_id, *key, content in lines)
        merged = heapq.merge(self._lines_to_keep(path), fetched, key=itemgetter(0))
        contents = (Raw(content) for _key, content in merged)
        if self.corpus.write_annotations(self.project_key.campaign, name, contents):
            self.result.written.append(path)
        if path.stat().st_size == 0:
            path.unlink()
        if vanished == len(self.result.vanished):  # what has vanished is reported each time
            self.fetched.mark_file_current(name, account, path)

    def _lines_to_keep(self, path: Path) -> Iterator[tuple[tuple[str, str, str, int], bytes]]:
        """Yield the lines of our file that stay beside what the server has, with their sort key."""
        for _number, content, head in (
            jsonl.read_lines(path, AnnotationHead) if path.exists() else ()
        ):
            if self._is_kept(head):
                yield annotation_sort_key(head), content.rstrip(b"\n")

    def _save_history(self, path: Path) -> None:
        """Append lines that leave because their text was replaced to the history file."""
        if path.exists() and self.quarantined:
            lines = jsonl.read_lines(path, AnnotationHead)
            leaving = [content for _number, content, head in lines if self._is_superseded(head)]
            if leaving:
                history = self.corpus.history_file(path, REPLACED_TEXTS)
                replace_together([prepare_history(history, leaving)])

    def _is_from_server(self, head: AnnotationHead) -> bool:
        """Return whether an annotation of the project's number is this server's."""
        if head.origin and head.origin.server:
            return head.origin.server == self.fetched.reader.server
        # A line from before servers had ids: what is older than the project is of another server.
        return format_timestamp(head.created) >= self._project_created

    def _is_superseded(self, head: AnnotationHead) -> bool:
        """Return whether the annotation is in quarantine for its text."""
        key = (SYSTEM, self.fetched.reader.project, self.project_key.pass_name)
        origin = head.origin
        if origin is None or (origin.system, origin.project, head.interface) != key:
            return False
        current = self.fetched.reader.documents.text_sha256(head.doc_id)
        quarantined = origin.annotation in self.quarantined and head.text_sha256 != current
        return quarantined and self._is_from_server(head)

    def _is_kept(self, head: AnnotationHead) -> bool:
        origin = head.origin
        key = (SYSTEM, self.fetched.reader.project, self.project_key.pass_name)
        if origin is None or (origin.system, origin.project, head.interface) != key:
            return True
        # Number, document and time to the microsecond: the same one, whatever server it names.
        if self.fetched.has_record(origin.annotation, head.doc_id, head.created):
            return False
        if not self._is_from_server(head):
            return True
        if origin.annotation in self.quarantined:
            return not self._is_superseded(head)
        notice = AnnotationNotice(
            head.doc_id, head.annotator, origin.task, "", "no longer on the server"
        )
        self.result.vanished.append(notice)
        return not self.result.pruned

    def _write_quarantine(self) -> None:
        """Write annotations that cannot be stored to a file that only we can read."""
        lines = []
        for each in self.quarantined.values():
            self.result.quarantined.append(each.notice)
            lines.append(msgspec.json.encode(each) + b"\n")
        if lines:
            replace_if_changed(
                self.quarantine_path, lambda file: file.writelines(lines), mode=0o600
            )
            self.result.quarantine_file = self.quarantine_path
        else:
            self.quarantine_path.unlink(missing_ok=True)
