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
from sayso.files import locked, replace_if_changed, replace_together
from sayso.history import remembering
from sayso.schema import load
from sayso.settings import MARK, Instance
from sayso.store import TEXTS, Corpus, Head, annotation_order
from sayso.studio import project, repairs
from sayso.studio.address import SYSTEM
from sayso.studio.answers import Advance, Answers, Changed, Notice, of_project
from sayso.studio.client import Client


@dataclass
class Outcome:
    """What a pull found and did.

    Attributes:
        looked_at: tasks that were fetched, because they are new or have changed.
        answers: how many answers the server holds, by annotator and status.
        written: files that changed.
        carried: answers that were given to an earlier text and provably stand on the present one, of all.
        kept: parts of answers that the schema does not know; they stand in the records.
        notices: those among the answers that were fetched.
        aside: answers that cannot stand in the corpus, all of them; they are in ``aside_file``.
        to_fix: documents with a span that has to be drawn again; a tab of Label Studio lists them.
        vanished: answers in our files that the server no longer has; kept unless pruned.
        changed: where everything was fetched, how it differs from what was known.
    """

    place: project.Place
    url: str
    looked_at: int = 0
    answers: dict[str, Counter[str]] = field(default_factory=dict)
    written: list[Path] = field(default_factory=list)
    carried: int = 0
    kept: int = 0
    notices: list[Notice] = field(default_factory=list)
    aside: list[Notice] = field(default_factory=list)
    aside_file: Path | None = None
    vanished: list[Notice] = field(default_factory=list)
    to_fix: list[str] = field(default_factory=list)
    pruned: bool = False
    changed: Changed = field(default_factory=Changed)


def pull(instance: Instance, client: Client, campaign: str, interface: str | None = None, *, prune: bool = False,
         full: bool = False, advance: Advance = lambda _: None) -> list[Outcome]:  # fmt: skip
    """Bring back the answers of a campaign, of one interface or of all that there are.

    ``full`` fetches everything and tells how it differs from what was known; else what has changed is asked for.

    Raises:
        UsageError: nothing was ever pushed.
        ServerError: the server does not answer, or gives fewer tasks than it says it has.
    """
    schema = load(instance.root / MARK)
    outcomes = []
    with locked(instance.private / "sync.lock", "sayso pull"):
        for place, there in project.of_campaign(client, schema, campaign, interface):
            with of_project(instance, client, place, there) as answers:
                changed = answers.fetch(full, advance)
                outcome = _Writer(instance, answers, place, there.id, prune).write()
                outcome.changed = changed
                outcomes.append(outcome)
    return outcomes


class _Writer:
    """Each annotator's file comes to hold what the ledger holds, and what does not concern this pull."""

    def __init__(self, instance: Instance, answers: Answers, place: project.Place, number: int, prune: bool) -> None:
        self.corpus = Corpus(instance.root)
        self.aside = instance.private / "set-aside" / f"{place.campaign}-{place.interface}.jsonl"
        self.answers = answers
        self.place = place
        self.project = number
        self.outcome = Outcome(place, answers.url, pruned=prune)

    def write(self) -> Outcome:
        """Write what has changed, and tell."""
        self._write_files()
        self._write_aside()
        self.outcome.looked_at = self.answers.looked_at
        self.outcome.notices = self.answers.notices
        self.outcome.kept = self.answers.kept()
        self.outcome.carried = self.answers.carried()
        self.outcome.to_fix = repairs.show(
            self.answers.client, self.project, self.answers.ledger, self.answers.with_kept()
        )
        return self.outcome

    def _write_files(self) -> None:
        accounts = {annotator.pseudonym: account for annotator, account in self.answers.accounts().items()}
        local = {path.stem for path in self.corpus.annotation_files(self.place.campaign)}
        for name in sorted(accounts.keys() | local):
            account = accounts.get(name)
            if account is not None:
                self.outcome.answers[name] = self.answers.statuses(account)
            path = self.corpus.annotation_file(self.place.campaign, name)
            if not self.answers.settled(name, path):
                self._write_file(name, account, path)

    def _write_file(self, name: str, account: int | None, path: Path) -> None:
        vanished = len(self.outcome.vanished)
        self._remember(path)
        coming = self.answers.of_account(account) if account is not None else ()
        theirs = ((self._key(line.doc_id, line.created, line.annotation), line.content) for line in coming)
        lines = (Raw(content) for _key, content in heapq.merge(self._staying(path), theirs, key=itemgetter(0)))
        if self.corpus.write_annotations(self.place.campaign, name, lines):
            self.outcome.written.append(path)
        if path.stat().st_size == 0:
            path.unlink()
        if vanished == len(self.outcome.vanished):  # what has vanished is told each time
            self.answers.settle(name, account, path)

    def _key(self, doc_id: str, created: str, annotation: int) -> tuple[str, str, str, int]:
        return doc_id, self.place.interface, created, annotation

    def _staying(self, path: Path) -> Iterator[tuple[tuple[str, str, str, int], bytes]]:
        """The lines of our file that are to stay beside what the server has, as they are."""
        for _number, content, line in jsonl.lines(path, Head) if path.exists() else ():
            if self._stays(line):
                yield annotation_order(line), content.rstrip(b"\n")

    def _remember(self, path: Path) -> None:
        """Lines that leave, since the text that they were given to has gone, are first put into the history."""
        if path.exists() and self.answers.anything_aside():
            leaving = [content for _number, content, line in jsonl.lines(path, Head) if self._leaves(line)]
            if leaving:
                replace_together([remembering(self.corpus.history_file(path, TEXTS), leaving)])

    def _leaves(self, line: Head) -> bool:
        """Whether an answer of this project was refused for its text; that is told as set aside."""
        refused = self._ours(line) and line.origin and self.answers.refused(line.origin.annotation)
        return bool(refused) and line.text_sha256 != self.answers.intake.texts.text_sha256(line.doc_id)

    def _ours(self, line: Head) -> bool:
        origin = line.origin
        ours = origin is not None and origin.system == SYSTEM and origin.project == self.project
        return ours and line.interface == self.place.interface

    def _stays(self, line: Head) -> bool:
        origin = line.origin
        if origin is None or not self._ours(line):
            return True
        if self.answers.holds(origin.annotation, line.doc_id, line.created):
            return False
        if self.answers.refused(origin.annotation):
            return not self._leaves(line)
        self.outcome.vanished.append(Notice(line.doc_id, line.annotator, origin.task, "", "no longer on the server"))
        return not self.outcome.pruned

    def _write_aside(self) -> None:
        """Nothing is lost: what cannot stand in the corpus is kept as it came, in a file that only we can read."""
        lines = []
        for aside in self.answers.aside():
            self.outcome.aside.append(Notice(aside.doc_id, aside.annotator, aside.task, "", aside.reason))
            head = {"reason": aside.reason, "doc_id": aside.doc_id, "annotator": aside.annotator, "task": aside.task}
            lines.append(msgspec.json.encode({**head, "answer": aside.answer}) + b"\n")
        if lines:
            replace_if_changed(self.aside, lambda file: file.writelines(lines), mode=0o600)
            self.outcome.aside_file = self.aside
        else:
            self.aside.unlink(missing_ok=True)
