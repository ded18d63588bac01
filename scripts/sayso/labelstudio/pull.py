"""Pull every annotator's own annotations: fetch changes, then write each annotator's file whole.

A pull that is killed has either replaced a file or not; run again, it goes on where it was.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
from msgspec import Raw, structs

from sayso import jsonl
from sayso.callbacks import Advance
from sayso.corpus.history import prepare_history
from sayso.corpus.sources import (
    IMPORTED,
    PRUNED,
    REPLACED_TEXTS,
    AnnotationHead,
    CorpusFiles,
    annotation_sort_key,
)
from sayso.files import exists, hold_lock, replace_if_changed, replace_together
from sayso.labelstudio.client import LabelStudioClient
from sayso.labelstudio.fetched_annotations import (
    AnnotationNotice,
    FetchedAnnotations,
    LeftOutTask,
    ServerComparison,
    open_annotations,
)
from sayso.labelstudio.imported_copies import (
    IMPORTED_FIELDS,
    ImportedCopies,
    describe_content,
    find_copies,
)
from sayso.labelstudio.project import ProjectKey
from sayso.labelstudio.pull_invariants import find_changed_files, match_accounts, require_complete
from sayso.labelstudio.recalled_projects import RecalledProject, find_campaign_projects
from sayso.labelstudio.repair_tab import update_repair_tab
from sayso.labelstudio.sync_state import format_timestamp
from sayso.labelstudio.urls import SYSTEM
from sayso.models import Annotation, AnnotationOrigin, encode
from sayso.schema.declarations import load_schema
from sayso.settings import SCHEMA_FILE, Checkout

LineFate = Literal["kept", "replaced", "imported", "superseded", "missing", "vanished"]
"""A line of our files stays, is on the server under its own or a new number, is in quarantine for
its text, cannot be found just now, or is gone."""


class ImportMatch(NamedTuple):
    """An annotation under its present number, with the line for it.

    Attributes:
        is_new: our line had another number until now.
        edited: it was changed after the import.
    """

    number: int
    line: bytes
    is_new: bool
    edited: bool


ImportMatches = dict[AnnotationOrigin, ImportMatch]


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
        vanished: annotations in our files that the server no longer has; they stay.
        pruned: those that were moved to the history.
        lost_lines: the project's description has lost our lines.
        changed: annotations that somebody else saved after their annotator, all of them.
        unseen: annotations taken over from a prediction that nobody looked at, all of them.
        renumbered: annotations whose project was exported and imported again: they have new numbers
            and are no others than before.
        copies: annotations that were imported under another account and are lines of others, which
            stay; all of them are left out.
        alike: annotations that may be such.
        left_out: tasks that the server cannot give; what we have of them stays.
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
    renumbered: int = 0
    lost_lines: bool = False
    to_fix: list[str] = field(default_factory=list)
    pruned: list[AnnotationNotice] = field(default_factory=list)
    changed: list[AnnotationNotice] = field(default_factory=list)
    unseen: list[AnnotationNotice] = field(default_factory=list)
    copies: list[AnnotationNotice] = field(default_factory=list)
    alike: list[AnnotationNotice] = field(default_factory=list)
    left_out: list[LeftOutTask] = field(default_factory=list)
    comparison: ServerComparison = field(default_factory=ServerComparison)


def pull(
    checkout: Checkout,
    client: LabelStudioClient,
    campaign: str,
    pass_name: str | None = None,
    *,
    prune: bool | Container[AnnotationNotice] = False,
    full: bool = False,
    advance: Advance = lambda _: None,
) -> list[PullResult]:
    """Pull the annotations of a campaign, of one pass or of all that were pushed.

    Args:
        prune: move what the server no longer has to the history: all of it, or only what an earlier
            pull has listed as vanished.
        full: fetch everything, not only changes, and compare it with what was known.

    Raises:
        UsageError: nothing was ever pushed.
        ServerError: the server does not answer, or gives fewer tasks than it says it has.
        ConflictError: the server has more or fewer annotations than it gives, two accounts share a
            pseudonym, or an annotation stands twice. Nothing is written then.
    """
    schema = load_schema(checkout.root / SCHEMA_FILE)
    projects = find_campaign_projects(checkout, client, schema, campaign, pass_name)
    writers = []
    with ExitStack() as stack:
        stack.enter_context(hold_lock(checkout.private / "sync.lock", "sayso pull"))
        for key, listed in projects:
            fetched = stack.enter_context(open_annotations(checkout, client, key, listed))
            comparison = fetched.fetch(full, advance)
            writers.append(_AnnotationFileWriter(checkout, fetched, prune, comparison))
        for writer in writers:  # whatever one of them refuses, none has written anything
            writer.plan(advance)
        return [writer.write() for writer in writers]


class _AnnotationFileWriter:
    """Writes what the server has to each annotator's file; lines of other origin stay."""

    def __init__(
        self,
        checkout: Checkout,
        fetched: FetchedAnnotations,
        prune: bool | Container[AnnotationNotice],
        comparison: ServerComparison,
    ) -> None:
        self.project_key = fetched.reader.project_key
        self.corpus = CorpusFiles(checkout.root)
        name = f"{self.project_key.campaign}-{self.project_key.pass_name}.jsonl"
        self.quarantine_path = checkout.private / "quarantine" / name
        self.fetched = fetched
        self._imported: ImportMatches = {}
        self._copies = ImportedCopies({}, {}, set(), [])
        self._project_created = format_timestamp(fetched.listed.created_at)
        self.quarantined = {each.number: each for each in fetched.list_quarantined()}
        self.result = PullResult(self.project_key, fetched.url, comparison=comparison)
        self._prune = prune
        self.result.lost_lines = isinstance(fetched.listed, RecalledProject)
        self._accounts: dict[str, int] = {}
        self._changed: dict[str, Path] = {}

    def plan(self, advance: Advance) -> None:
        """Find the files to write; refuse what must not be written."""
        self._find_moved()
        require_complete(self.fetched, advance)
        self.quarantined = {each.number: each for each in self.fetched.list_quarantined()}
        self.fetched.adopt_lines(self.corpus)
        campaign = self.project_key.campaign
        self._accounts = match_accounts(self.fetched, self.fetched.count_by_status())
        local = {path.stem for path in self.corpus.annotation_files(campaign)}
        names = sorted(self._accounts.keys() | local)
        paths = {name: self.corpus.annotation_file(campaign, name) for name in names}
        self._changed = find_changed_files(
            self.fetched, paths, self._is_beside_server, self._describe
        )
        self._copies = find_copies(self.fetched)
        concerned = self.fetched.leave_out(self._copies.foreign)
        counts = self.fetched.count_by_status()
        for name, account in self._accounts.items():
            if account in concerned:
                self._changed[name] = paths[name]
            if account not in counts and not exists(paths[name]):
                del self._changed[name]
        self.result.annotations = {
            name: counts[account]
            for name, account in sorted(self._accounts.items())
            if account in counts
        }

    def write(self) -> PullResult:
        """Write the planned files."""
        fetched, result = self.fetched, self.result
        for name, path in self._changed.items():
            self._write_file(name, self._accounts.get(name), path)
        self._write_quarantine()
        result.left_out = fetched.list_left_out()
        result.changed, result.unseen = fetched.list_changed(), fetched.list_unseen()
        result.copies, result.alike = fetched.list_foreign_copies(), self._copies.alike
        result.tasks_fetched, result.notices = fetched.tasks_fetched, fetched.notices
        result.kept, result.carried_over = fetched.count_exceptions()
        result.to_fix = update_repair_tab(
            fetched.client, fetched.reader.project, fetched.state, fetched.annotations_with_kept()
        )
        return result

    def _find_moved(self) -> None:
        """Ask for every annotation by its number before it is taken for gone."""
        missing = []
        for path in self.corpus.annotation_files(self.project_key.campaign):
            if not self.fetched.is_file_current(path.stem, path):
                for _line, head in _read_heads(path):
                    origin = head.origin
                    left_out = origin and self.fetched.is_left_out(origin.task)
                    if origin and not left_out and self._find_fate(head) == "missing":
                        missing.append(origin.annotation)
        if missing:
            self.fetched.find_moved(missing)

    def _write_file(self, name: str, account: int | None, path: Path) -> None:
        self._imported = {}
        self._imported = self._match_imported(account, path)
        gone = self._save_history(path)
        lines = self.fetched.lines_of_account(account) if account is not None else ()
        taken = {match.number for match in self._imported.values()}
        fetched = (
            ((doc_id, self.project_key.pass_name, created, number), content)
            for doc_id, created, number, content in lines
            if number not in taken
        )
        merged = heapq.merge(self._lines_to_keep(path), fetched, key=itemgetter(0))
        contents = (Raw(content) for _key, content in merged)
        if self.corpus.write_annotations(self.project_key.campaign, name, contents):
            self.result.written.append(path)
        if path.stat().st_size == 0:
            path.unlink()
        if not gone:  # what has vanished is reported each time
            self.fetched.mark_file_current(name, account, path)

    def _lines_to_keep(self, path: Path) -> Iterator[tuple[tuple[str, str, str, int], bytes]]:
        """Yield the lines of our file that stay beside what the server has, with their sort key."""
        for line, head in _read_heads(path):
            fate = self._find_fate(head)
            if fate == "imported" and head.origin:
                yield annotation_sort_key(head), self._imported[head.origin].line
            elif self._is_beside_server(head) and not self._is_pruned(head, fate):
                yield annotation_sort_key(head), line.rstrip(b"\n")

    def _is_beside_server(self, head: AnnotationHead) -> bool:
        return self._find_fate(head) in ("kept", "missing", "vanished")

    def _describe(self, head: AnnotationHead, line: bytes) -> Sequence[object]:
        if not self._is_of_pass(head):
            return ()
        return describe_content(msgspec.json.decode(line, type=Annotation))

    def _is_pruned(self, head: AnnotationHead, fate: LineFate) -> bool:
        if fate != "vanished" or isinstance(self._prune, bool):
            return fate == "vanished" and self._prune is True
        return _describe_vanished(head) in self._prune

    def _save_history(self, path: Path) -> bool:
        """Append the lines that leave to the history, by cause; return if any have vanished."""
        leaving: dict[str, list[bytes]] = defaultdict(list)
        before = len(self.result.vanished) + len(self.result.pruned)
        for line, head in _read_heads(path):
            fate, origin = self._find_fate(head), head.origin
            if fate == "superseded":
                leaving[REPLACED_TEXTS].append(line)
            elif self._is_pruned(head, fate):
                leaving[PRUNED].append(line)
                self.result.pruned.append(_describe_vanished(head))
            elif fate == "vanished":
                self.result.vanished.append(_describe_vanished(head))
            elif fate == "imported" and origin and self._imported[origin].edited:
                leaving[IMPORTED].append(line)
        histories = ((self.corpus.history_file(path, cause), leaving[cause]) for cause in leaving)
        replace_together(prepare_history(*each) for each in histories)
        return len(self.result.vanished) + len(self.result.pruned) > before

    def _find_fate(self, head: AnnotationHead | Annotation) -> LineFate:
        """Decide what becomes of a line of our files."""
        origin, fetched = head.origin, self.fetched
        if origin is None or not self._is_of_pass(head):
            return "kept"
        if origin in self._imported:
            return "imported"
        if origin.project != fetched.reader.project:
            return "kept"
        # Number, document and time to the microsecond: the same one, whatever server it names.
        if fetched.has_record(origin.annotation, head.doc_id, head.created):
            return "replaced"
        if not self._is_from_server(head):
            return "kept"
        if origin.annotation in self.quarantined:
            current = fetched.reader.documents.text_sha256(head.doc_id)
            return "superseded" if head.text_sha256 != current else "kept"
        if origin in self._copies.originals:
            return "kept"
        gone = not fetched.is_left_out(origin.task) and fetched.is_gone(origin.annotation)
        return "vanished" if gone else "missing"

    def _is_of_pass(self, head: AnnotationHead | Annotation) -> bool:
        key = (SYSTEM, self.project_key.pass_name)
        return head.origin is not None and (head.origin.system, head.interface) == key

    def _is_from_server(self, head: AnnotationHead | Annotation) -> bool:
        """Return whether an annotation of the project's number is this server's."""
        if head.origin and head.origin.server:
            return head.origin.server == self.fetched.reader.server
        # A line from before servers had ids: what is older than the project is of another server.
        return format_timestamp(head.created) >= self._project_created

    def _match_imported(self, account: int | None, path: Path) -> ImportMatches:
        """Match our lines with annotations of new numbers, since their project was imported again.

        An import keeps the result, its author and its old number, but not its times. They stay as
        they are in our line.
        """
        matches: ImportMatches = {}
        numbers = self.fetched.imported_annotations(account) if account is not None else {}
        present = {*numbers.values(), *self._copies.own.values()}
        for old in jsonl.read(path, Annotation) if present and exists(path) else ():
            if self._is_of_pass(old) and self._find_fate(old) in ("kept", "vanished"):
                assert old.origin  # noqa: S101
                found = numbers.get((old.doc_id, old.origin.annotation))
                found = found or self._copies.own.get(old.origin)
                for number in self._order_numbers(old.origin, found):
                    record = self.fetched.read_record(number) if number in present else None
                    if match := record and _match_record(old, record):
                        present.remove(match.number)
                        matches[old.origin] = match
                        self.result.renumbered += match.is_new
                        break
        return matches

    def _order_numbers(self, origin: AnnotationOrigin, found: int | None) -> list[int]:
        """Return the present numbers that a line may have, the likelier one first."""
        reader = self.fetched.reader
        own = origin.annotation if origin.project == reader.project else None
        numbers = [own, found] if origin.server == reader.server else [found, own]
        return [number for number in numbers if number is not None]

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


def _read_heads(path: Path) -> Iterator[tuple[bytes, AnnotationHead]]:
    for _number, line, head in jsonl.read_lines(path, AnnotationHead) if exists(path) else ():
        yield line, head


def _describe_vanished(head: AnnotationHead) -> AnnotationNotice:
    assert head.origin  # noqa: S101
    where = (head.doc_id, head.annotator, head.origin.task, "")
    return AnnotationNotice(*where, "no longer on the server", head.origin.annotation)


def _match_record(old: Annotation, new: Annotation) -> ImportMatch | None:
    """Match our line with the annotation that was imported from its number."""
    assert old.origin and new.origin  # noqa: S101
    server = old.origin.server or new.origin.server
    is_new = structs.replace(old.origin, task=new.origin.task, server=server) != new.origin
    number, edited = new.origin.annotation, new.created[:19] != new.updated[:19]
    if all(getattr(old, name) == getattr(new, name) for name in IMPORTED_FIELDS):
        who = {name: getattr(new, name) for name in ("annotator_kind", "annotator_role")}
        same = structs.replace(old, origin=new.origin, **who)
        return ImportMatch(number, encode(same), is_new, edited=False)
    if old.doc_id == new.doc_id and edited:
        changed = structs.replace(new, created=old.created)
        return ImportMatch(number, encode(changed), is_new, edited=is_new)
    return None
