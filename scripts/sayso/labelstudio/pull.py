"""Bring every annotator's own answers back: ask for what has changed, then write each annotator's file whole.

A pull that is killed has either replaced a file or not; run again it goes on where it was.
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
from sayso.corpus.history import prepare_history
from sayso.corpus.sources import REPLACED_TEXTS, AnnotationHead, CorpusFiles, annotation_sort_key
from sayso.files import hold_lock, replace_if_changed, replace_together
from sayso.labelstudio import project, repair_tab
from sayso.labelstudio.client import LabelStudioClient
from sayso.labelstudio.fetched_annotations import (
    Advance,
    AnnotationNotice,
    FetchedAnnotations,
    ServerComparison,
    open_annotations,
)
from sayso.labelstudio.urls import SYSTEM
from sayso.schema.declarations import load_schema
from sayso.settings import SCHEMA_FILE, Checkout


@dataclass
class PullResult:
    """What a pull found and did.

    Attributes:
        looked_at: tasks that were fetched, because they are new or have changed.
        answers: how many answers the server holds, by annotator and status.
        written: files that changed.
        carried: answers that were given to an earlier text and provably stand on the present one, of all.
        kept: parts of answers that the schema does not know; they stand in the records.
        notices: those among the answers that were fetched.
        aside: answers that cannot stand in the corpus, all of them; they are in ``quarantine_file``.
        to_fix: documents with a span that has to be drawn again; a tab of Label Studio lists them.
        vanished: answers in our files that the server no longer has; kept unless pruned.
        changed: where everything was fetched, how it differs from what was known.
    """

    project_key: project.ProjectKey
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
    """Bring back the answers of a campaign, of one interface or of all that there are.

    ``full`` fetches everything and tells how it differs from what was known; else what has changed is asked for.

    Raises:
        UsageError: nothing was ever pushed.
        ServerError: the server does not answer, or gives fewer tasks than it says it has.
    """
    schema = load_schema(checkout.root / SCHEMA_FILE)
    outcomes = []
    with hold_lock(checkout.private / "sync.lock", "sayso pull"):
        for place, there in project.find_campaign_projects(client, schema, campaign, pass_name):
            with open_annotations(checkout, client, place, there) as answers:
                changed = answers.fetch(full, advance)
                outcome = _AnnotationFileWriter(checkout, answers, place, there.id, prune).write()
                outcome.comparison = changed
                outcomes.append(outcome)
    return outcomes


class _AnnotationFileWriter:
    """Each annotator's file comes to hold what the ledger holds, and what does not concern this pull."""

    def __init__(
        self,
        checkout: Checkout,
        fetched: FetchedAnnotations,
        project_key: project.ProjectKey,
        number: int,
        prune: bool,
    ) -> None:
        self.corpus = CorpusFiles(checkout.root)
        self.quarantine_path = (
            checkout.private / "set-aside" / f"{project_key.campaign}-{project_key.pass_name}.jsonl"
        )
        self.fetched = fetched
        self.project_key = project_key
        self.project = number
        self.result = PullResult(project_key, fetched.url, pruned=prune)

    def write(self) -> PullResult:
        """Write what has changed, and tell."""
        self._write_files()
        self._write_quarantine()
        self.result.tasks_fetched = self.fetched.tasks_fetched
        self.result.notices = self.fetched.notices
        self.result.kept = self.fetched.count_kept()
        self.result.carried_over = self.fetched.count_carried_over()
        self.result.to_fix = repair_tab.update_repair_tab(
            self.fetched.client,
            self.project,
            self.fetched.state,
            self.fetched.annotations_with_kept(),
        )
        return self.result

    def _write_files(self) -> None:
        accounts = {
            annotator.pseudonym: account for annotator, account in self.fetched.accounts().items()
        }
        local = {path.stem for path in self.corpus.annotation_files(self.project_key.campaign)}
        for name in sorted(accounts.keys() | local):
            account = accounts.get(name)
            if account is not None:
                self.result.annotations[name] = self.fetched.count_by_status(account)
            path = self.corpus.annotation_file(self.project_key.campaign, name)
            if not self.fetched.is_file_current(name, path):
                self._write_file(name, account, path)

    def _write_file(self, name: str, account: int | None, path: Path) -> None:
        vanished = len(self.result.vanished)
        self._save_history(path)
        coming = self.fetched.lines_of_account(account) if account is not None else ()
        theirs = (
            (self._sort_key(line.doc_id, line.created, line.annotation), line.content)
            for line in coming
        )
        lines = (
            Raw(content)
            for _key, content in heapq.merge(self._lines_to_keep(path), theirs, key=itemgetter(0))
        )
        if self.corpus.write_annotations(self.project_key.campaign, name, lines):
            self.result.written.append(path)
        if path.stat().st_size == 0:
            path.unlink()
        if vanished == len(self.result.vanished):  # what has vanished is told each time
            self.fetched.mark_file_current(name, account, path)

    def _sort_key(self, doc_id: str, created: str, annotation: int) -> tuple[str, str, str, int]:
        return doc_id, self.project_key.pass_name, created, annotation

    def _lines_to_keep(self, path: Path) -> Iterator[tuple[tuple[str, str, str, int], bytes]]:
        """The lines of our file that are to stay beside what the server has, as they are."""
        for _number, content, line in (
            jsonl.read_lines(path, AnnotationHead) if path.exists() else ()
        ):
            if self._is_kept(line):
                yield annotation_sort_key(line), content.rstrip(b"\n")

    def _save_history(self, path: Path) -> None:
        """Lines that leave, since the text that they were given to has gone, are first put into the history."""
        if path.exists() and self.fetched.has_quarantined():
            leaving = [
                content
                for _number, content, line in jsonl.read_lines(path, AnnotationHead)
                if self._is_superseded(line)
            ]
            if leaving:
                replace_together(
                    [prepare_history(self.corpus.history_file(path, REPLACED_TEXTS), leaving)]
                )

    def _is_superseded(self, line: AnnotationHead) -> bool:
        """Whether an answer of this project was refused for its text; that is told as set aside."""
        refused = (
            self._is_from_project(line)
            and line.origin
            and self.fetched.is_quarantined(line.origin.annotation)
        )
        return bool(refused) and line.text_sha256 != self.fetched.reader.documents.text_sha256(
            line.doc_id
        )

    def _is_from_project(self, line: AnnotationHead) -> bool:
        origin = line.origin
        ours = origin is not None and origin.system == SYSTEM and origin.project == self.project
        return ours and line.interface == self.project_key.pass_name

    def _is_kept(self, line: AnnotationHead) -> bool:
        origin = line.origin
        if origin is None or not self._is_from_project(line):
            return True
        if self.fetched.has_record(origin.annotation, line.doc_id, line.created):
            return False
        if self.fetched.is_quarantined(origin.annotation):
            return not self._is_superseded(line)
        self.result.vanished.append(
            AnnotationNotice(
                line.doc_id, line.annotator, origin.task, "", "no longer on the server"
            )
        )
        return not self.result.pruned

    def _write_quarantine(self) -> None:
        """Nothing is lost: what cannot stand in the corpus is kept as it came, in a file that only we can read."""
        lines = []
        for aside in self.fetched.iterate_quarantined():
            self.result.quarantined.append(
                AnnotationNotice(aside.doc_id, aside.annotator, aside.task, "", aside.reason)
            )
            head = {
                "reason": aside.reason,
                "doc_id": aside.doc_id,
                "annotator": aside.annotator,
                "task": aside.task,
            }
            lines.append(msgspec.json.encode({**head, "answer": aside.annotation}) + b"\n")
        if lines:
            replace_if_changed(
                self.quarantine_path, lambda file: file.writelines(lines), mode=0o600
            )
            self.result.quarantine_file = self.quarantine_path
        else:
            self.quarantine_path.unlink(missing_ok=True)
