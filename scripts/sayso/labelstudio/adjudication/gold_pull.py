"""Bring adjudicators' decisions back as gold, and make gold of what everybody read alike."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from sayso.adjudication.adjudication_cases import (
    AdjudicationCase,
    AdjudicationRequest,
    iterate_adjudication_cases,
    select_passes,
)
from sayso.adjudication.candidates import DocumentCandidates
from sayso.adjudication.decisions import Decision
from sayso.adjudication.gold_writer import (
    DecisionOrStatus,
    GoldWriteResult,
    latest_decision,
    majority_decider,
    resolve_adjudicated,
    write_gold,
)
from sayso.corpus.sources import CorpusFiles
from sayso.files import hold_lock
from sayso.labelstudio import project
from sayso.labelstudio.adjudication import adjudication_tasks
from sayso.labelstudio.adjudication.adjudication_project import AdjudicationProject
from sayso.labelstudio.adjudication.adjudication_tasks import AdjudicationTasks, read_decision
from sayso.labelstudio.client import LabelStudioClient
from sayso.labelstudio.pseudonyms import resolve_annotators
from sayso.models import AnnotatorKind
from sayso.schema.declarations import Schema, load_schema
from sayso.settings import SCHEMA_FILE, Checkout

HUMANS: frozenset[AnnotatorKind] = frozenset({"human"})


def pull_gold(
    checkout: Checkout,
    client: LabelStudioClient,
    campaign: str,
    pass_name: str | None = None,
    *,
    min_annotators: int = 2,
    annotator_kinds: frozenset[AnnotatorKind] = HUMANS,
    dry_run: bool = False,
) -> list[GoldWriteResult]:
    """Write what is decided of a campaign, of one pass or of all that have answers.

    Raises:
        UsageError: the campaign has no answers here.
        ServerError: the server does not answer.
    """
    corpus, schema = CorpusFiles(checkout.root), load_schema(checkout.root / SCHEMA_FILE)
    outcomes = []
    with hold_lock(checkout.private / "sync.lock", "sayso adjudicate pull"):
        for name in select_passes(corpus, schema, campaign, pass_name):
            wanted = AdjudicationRequest(campaign, name, min_annotators, annotator_kinds)
            with ExitStack() as opened:
                decide = _build_decider(
                    checkout, client, schema, AdjudicationProject(campaign, name), opened
                )
                outcomes.append(
                    write_gold(
                        corpus,
                        schema,
                        GoldWriteResult(campaign, name),
                        iterate_adjudication_cases(corpus, schema, wanted),
                        decide,
                        dry_run=dry_run,
                    )
                )
    return [outcome for outcome in outcomes if outcome.documents or pass_name]


def write_majority_gold(
    checkout: Checkout,
    campaign: str,
    pass_name: str | None = None,
    *,
    min_annotators: int = 2,
    annotator_kinds: frozenset[AnnotatorKind] = HUMANS,
    dry_run: bool = False,
) -> list[GoldWriteResult]:
    """The same without a server: by majority, where no adjudicator has decided."""
    corpus, schema = CorpusFiles(checkout.root), load_schema(checkout.root / SCHEMA_FILE)
    with hold_lock(checkout.private / "sync.lock", "sayso adjudicate pull"):
        outcomes = [
            write_gold(
                corpus,
                schema,
                GoldWriteResult(campaign, name),
                iterate_adjudication_cases(
                    corpus,
                    schema,
                    AdjudicationRequest(campaign, name, min_annotators, annotator_kinds),
                ),
                majority_decider(schema),
                dry_run=dry_run,
            )
            for name in select_passes(corpus, schema, campaign, pass_name)
        ]
    return [outcome for outcome in outcomes if outcome.documents or pass_name]


DecideCase = Callable[[AdjudicationCase, DocumentCandidates, Decision | None], DecisionOrStatus]


def _build_decider(
    checkout: Checkout,
    client: LabelStudioClient,
    schema: Schema,
    project_key: AdjudicationProject,
    opened: ExitStack,
) -> DecideCase:
    there = project.find_project(client, project_key)
    if there is None:
        return resolve_adjudicated
    mine: AdjudicationTasks = opened.enter_context(
        adjudication_tasks.open_adjudication_tasks(checkout, client, there)
    )
    mine.refresh()
    people = resolve_annotators(checkout, client.list_accounts())

    def decide(
        case: AdjudicationCase, candidates: DocumentCandidates, before: Decision | None
    ) -> DecisionOrStatus:
        tasks = mine.find_tasks(case.document.doc_id)
        given, why = read_decision(tasks, case.document, schema, people)
        if why:
            return "unreadable", f"task {tasks[-1].task}: {why}"
        verdict = resolve_adjudicated(case, candidates, latest_decision(given, before))
        if not isinstance(verdict, Decision) and any(not task.answer for task in tasks):
            return "waiting", f"task {tasks[-1].task}"
        if given is None and verdict == ("unsent", "") and any(task.answer for task in tasks):
            return "unsent", "what was decided was about another text"
        return verdict

    return decide
