"""Writing gold: decisions of adjudicators, and what all annotators marked alike."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

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
from sayso.labelstudio.adjudication.adjudication_project import AdjudicationProject
from sayso.labelstudio.adjudication.adjudication_tasks import open_adjudication_tasks, read_decision
from sayso.labelstudio.client import LabelStudioClient
from sayso.labelstudio.pseudonyms import fetch_annotators
from sayso.labelstudio.recalled_projects import (
    RecalledProject,
    describe_lost_lines,
    find_known_projects,
)
from sayso.models import AnnotatorKind
from sayso.schema.declarations import Schema, load_schema
from sayso.settings import SCHEMA_FILE, Checkout

DecideCase = Callable[[AdjudicationCase, DocumentCandidates, Decision | None], DecisionOrStatus]


def pull_gold(
    checkout: Checkout,
    client: LabelStudioClient | None,
    campaign: str,
    pass_name: str | None = None,
    *,
    min_annotators: int = 2,
    annotator_kinds: frozenset[AnnotatorKind] = frozenset({"human"}),
    dry_run: bool = False,
) -> list[GoldWriteResult]:
    """Write the gold of a campaign, of one pass or of all that have annotations.

    Args:
        client: the server with the decisions; None decides by majority where no adjudicator has.

    Raises:
        UsageError: the campaign has no annotations here.
        ServerError: the server does not respond.
    """
    corpus, schema = CorpusFiles(checkout.root), load_schema(checkout.root / SCHEMA_FILE)
    results = []
    with hold_lock(checkout.private / "sync.lock", "sayso adjudicate pull"):
        for name in select_passes(corpus, schema, campaign, pass_name):
            request = AdjudicationRequest(campaign, name, min_annotators, annotator_kinds)
            cases = iterate_adjudication_cases(corpus, schema, request)
            with ExitStack() as stack:
                decide, result = majority_decider(schema), GoldWriteResult(campaign, name)
                if client:
                    decide = _build_decider(checkout, client, schema, result, stack)
                results.append(write_gold(corpus, schema, result, cases, decide, dry_run=dry_run))
    return [result for result in results if result.documents or pass_name]


def _build_decider(
    checkout: Checkout,
    client: LabelStudioClient,
    schema: Schema,
    result: GoldWriteResult,
    stack: ExitStack,
) -> DecideCase:
    key = AdjudicationProject(result.campaign, result.pass_name)
    ((_key, found),) = find_known_projects(checkout, client, [key])
    if found is None:
        return resolve_adjudicated
    if isinstance(found, RecalledProject):
        result.notes.append(describe_lost_lines(f"{client.url}/projects/{found.id}", key))
    known = stack.enter_context(open_adjudication_tasks(checkout, client, found))
    known.refresh()
    annotators = fetch_annotators(checkout, client, found)
    kinds = {who.pseudonym: who.kind for who in annotators.values()}

    def decide(
        case: AdjudicationCase, candidates: DocumentCandidates, before: Decision | None
    ) -> DecisionOrStatus:
        if before:  # older gold does not say the kind, and the map may have been corrected
            kind = kinds.get(before.adjudicator or "", before.adjudicator_kind)
            before = replace(before, adjudicator_kind=kind)
        tasks = known.find_tasks(case.document.doc_id)
        given, problem = read_decision(tasks, case.document, schema, annotators, result.pass_name)
        if problem:
            unread = next((task for task in tasks if task.problem), tasks[-1])
            return "unreadable", f"task {unread.task}: {problem}"
        latest = latest_decision(given, before)
        if latest and (names := candidates.find_later_remarks(latest.decided_at)):
            result.later_remarks.append(f"{case.document.doc_id} {' '.join(names)}")
        decision = resolve_adjudicated(case, candidates, latest)
        if not isinstance(decision, Decision) and any(not task.answer for task in tasks):
            return "waiting", f"task {tasks[-1].task}"
        if given is None and decision == ("unsent", "") and any(task.answer for task in tasks):
            return "unsent", "the decision was about another text"
        return decision

    return decide
