"""Bring adjudicators' decisions back as gold, and make gold of what everybody read alike."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from sayso.adjudication.candidates import Candidates
from sayso.adjudication.deciding import Decision
from sayso.adjudication.documents import Case, Wanted, cases, passes
from sayso.adjudication.writing import Outcome, Verdict, by_majority, latest, settled, write
from sayso.files import locked
from sayso.records import AnnotatorKind
from sayso.schema import Schema, load
from sayso.settings import MARK, Instance
from sayso.store import Corpus
from sayso.studio import project
from sayso.studio.adjudication import held
from sayso.studio.adjudication.held import Held, decided
from sayso.studio.adjudication.place import Place
from sayso.studio.annotators import annotators
from sayso.studio.client import Client

HUMAN: frozenset[AnnotatorKind] = frozenset({"human"})


def pull(instance: Instance, client: Client, campaign: str, interface: str | None = None, *, fewest: int = 2,
         kinds: frozenset[AnnotatorKind] = HUMAN, dry_run: bool = False) -> list[Outcome]:  # fmt: skip
    """Write what is decided of a campaign, of one pass or of all that have answers.

    Raises:
        UsageError: the campaign has no answers here.
        ServerError: the server does not answer.
    """
    corpus, schema = Corpus(instance.root), load(instance.root / MARK)
    outcomes = []
    with locked(instance.private / "sync.lock", "sayso adjudicate pull"):
        for name in passes(corpus, schema, campaign, interface):
            wanted = Wanted(campaign, name, fewest, kinds)
            with ExitStack() as opened:
                decide = _asking(instance, client, schema, Place(campaign, name), opened)
                outcomes.append(write(corpus, schema, Outcome(campaign, name), cases(corpus, schema, wanted), decide,
                                      dry_run=dry_run))  # fmt: skip
    return [outcome for outcome in outcomes if outcome.documents or interface]


def by_rule(instance: Instance, campaign: str, interface: str | None = None, *, fewest: int = 2,
            kinds: frozenset[AnnotatorKind] = HUMAN, dry_run: bool = False) -> list[Outcome]:  # fmt: skip
    """The same without a server: by majority, where no adjudicator has decided."""
    corpus, schema = Corpus(instance.root), load(instance.root / MARK)
    with locked(instance.private / "sync.lock", "sayso adjudicate pull"):
        outcomes = [
            write(corpus, schema, Outcome(campaign, name), cases(corpus, schema, Wanted(campaign, name, fewest, kinds)),
                  by_majority(schema), dry_run=dry_run)
            for name in passes(corpus, schema, campaign, interface)
        ]  # fmt: skip
    return [outcome for outcome in outcomes if outcome.documents or interface]


Decide = Callable[[Case, Candidates, Decision | None], Verdict]


def _asking(instance: Instance, client: Client, schema: Schema, place: Place, opened: ExitStack) -> Decide:
    there = project.find(client, place)
    if there is None:
        return settled
    mine: Held = opened.enter_context(held.of_project(instance, client, there))
    mine.look()
    people = annotators(instance, client.accounts())

    def decide(case: Case, candidates: Candidates, before: Decision | None) -> Verdict:
        tasks = mine.of_document(case.document.doc_id)
        given, why = decided(tasks, case.document, schema, people)
        if why:
            return "unreadable", f"task {tasks[-1].task}: {why}"
        verdict = settled(case, candidates, latest(given, before))
        if not isinstance(verdict, Decision) and any(not task.answer for task in tasks):
            return "waiting", f"task {tasks[-1].task}"
        if given is None and verdict == ("unsent", "") and any(task.answer for task in tasks):
            return "unsent", "what was decided was about another text"
        return verdict

    return decide
