"""Both sides at a glance: what the corpus holds, what the server holds, where they differ, and what settles it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from sayso.checks.annotation_checks import check_names, target_of_annotation
from sayso.corpus.sources import CorpusFiles
from sayso.files import hold_lock
from sayso.labelstudio import project, task_order
from sayso.labelstudio.adjudication import adjudication_tasks
from sayso.labelstudio.adjudication.adjudication_project import AdjudicationProject as Adjudicated
from sayso.labelstudio.api_types import ListedProject
from sayso.labelstudio.client import LabelStudioClient
from sayso.labelstudio.fetched_annotations import AnnotationNotice, fetch_annotations
from sayso.labelstudio.push import PushRequest, PushResult, plan_push_of_project
from sayso.labelstudio.push_plan import STEP_MEANINGS, StepKind
from sayso.models import Annotation
from sayso.schema import migrations
from sayso.schema.declarations import load_schema
from sayso.schema.migrations import Migrations
from sayso.settings import SCHEMA_FILE, Checkout

_PUSH_REMEDY = "`sayso push`"
_RENEW_REMEDY = "`sayso push --renew` sends the right text beside it, `sayso pull` carries over the answers that it can"
_MANUAL_REMEDY = "look at {url}/data, then delete the task there"

TASK_REMEDIES: dict[StepKind, str] = {
    **dict.fromkeys(("new", "changed", "edited", "described", "surplus"), _PUSH_REMEDY),
    **dict.fromkeys(("stale", "tampered"), _RENEW_REMEDY),
    "gone": "`sayso ingest` takes the document in again; or " + _MANUAL_REMEDY,
    "foreign": "`sayso ingest` takes its text in, and then `sayso push`; " + _MANUAL_REMEDY,
    "duplicate": _MANUAL_REMEDY,
}
"""The command for each kind of task that is not as it should be. A task that was superseded is."""
_INTERFACE_REMEDIES: dict[str, str] = {
    "to be made": _PUSH_REMEDY,
    "behind the schema": "`sayso push --update-interface` puts the schema's in its place",
    "edited in Label Studio": (
        "`sayso push --update-interface` puts the schema's in its place; to keep the edit, make it in schema.yaml"
        " and run `sayso schema build` before"
    ),
}


@dataclass(frozen=True)
class SyncDifference:
    """Something on which the two sides differ.

    Attributes:
        what: in words.
        count: how often.
        where: the documents, tasks, annotators or words concerned.
        remedy: the command that settles it.
    """

    what: str
    count: int
    where: tuple[str, ...]
    remedy: str


@dataclass
class LocalAnnotations:
    """The answers in our files.

    Attributes:
        counts: by annotator.
        outdated: how many are in the words of an older version that a migration leads from, by version.
        unknown: words that schema.yaml does not have, each with the number of answers that use it.
    """

    counts: Counter[str] = field(default_factory=Counter)
    outdated: Counter[str] = field(default_factory=Counter)
    undeclared: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class AdjudicationProgress:
    """How far a pass is adjudicated: documents that an adjudicator was asked about, and those that were submitted."""

    url: str
    asked: int
    submitted: int


@dataclass
class PassStatus:
    """One interface of a campaign.

    Attributes:
        interface: its state on the server, or ``to be made``.
        tasks: what a push would do, by kind.
        order: in which order documents are handed out; empty where there is no project yet.
        here: the answers in our files.
        there: how many answers of each annotator are on the server.
        adjudication: what became of it; None where nobody was asked yet.
        cases: whatever differs, with what settles it.
    """

    project_key: project.ProjectKey
    url: str
    interface_state: str
    tasks: Counter[StepKind]
    order: str = ""
    local: LocalAnnotations = field(default_factory=LocalAnnotations)
    on_server: Counter[str] = field(default_factory=Counter)
    adjudication: AdjudicationProgress | None = None
    differences: list[SyncDifference] = field(default_factory=list)


def read_status(
    checkout: Checkout, client: LabelStudioClient, campaign: str, pass_name: str | None
) -> list[PassStatus]:
    """Look at one interface, or at all that the schema has. Changes nothing."""
    known = migrations.load_migrations(
        (checkout.root / SCHEMA_FILE).parent, load_schema(checkout.root / SCHEMA_FILE)
    )
    here = _count_local(CorpusFiles(checkout.root), campaign, known)
    sides = []
    names = [pass_name] if pass_name else list(known.schema.interfaces)
    places = [kind(campaign, name) for kind in (project.ProjectKey, Adjudicated) for name in names]
    listing = project.find_projects(client, places)
    judged = {place.pass_name: listed for place, listed in listing[len(names) :]}
    for place, listed in listing[: len(names)]:
        there = client.fetch_project(listed.id) if listed else None
        seen = plan_push_of_project(checkout, client, PushRequest(place), there)
        side = PassStatus(
            place, seen.url, seen.interface_state, seen.tasks, local=here[place.pass_name]
        )
        side.differences += [*_compare_interface(seen), *_compare_guidelines(seen)]
        side.differences += _compare_tasks(seen)
        side.differences += _compare_schema_versions(side.local)
        if there:
            side.order = task_order.describe_sampling(there.sampling)
            with fetch_annotations(checkout, client, place, there, "sayso status") as answers:
                side.on_server = answers.count_by_annotator()
                aside = [
                    AnnotationNotice(each.doc_id, each.annotator, each.task, "", each.reason)
                    for each in answers.iterate_quarantined()
                ]
            side.differences += _compare_annotations(side, aside)
        if asked := judged[place.pass_name]:
            side.adjudication = _read_adjudication(checkout, client, asked)
        sides.append(side)
    return sides


def _read_adjudication(
    checkout: Checkout, client: LabelStudioClient, there: ListedProject
) -> AdjudicationProgress:
    with (
        hold_lock(checkout.private / "sync.lock", "sayso status"),
        adjudication_tasks.open_adjudication_tasks(checkout, client, there) as known,
    ):
        known.refresh()
        return AdjudicationProgress(f"{client.url}/projects/{there.id}", *known.count_documents())


def _count_local(
    corpus: CorpusFiles, campaign: str, migrations: Migrations
) -> dict[str, LocalAnnotations]:
    """What lies here of each pass: all in one reading."""
    passes: dict[str, LocalAnnotations] = defaultdict(LocalAnnotations)
    for answer in corpus.annotations(campaign):
        here = passes[answer.interface]
        here.counts[answer.annotator] += 1
        if migrations.route(answer.schema_version) or not migrations.schema.supports(
            answer.schema_version
        ):
            here.outdated[answer.schema_version] += 1
        else:
            here.undeclared.update(_find_undeclared(answer, migrations))
    return passes


def _find_undeclared(annotation: Annotation, migrations: Migrations) -> set[str]:
    return {
        found.message.partition(" on ")[0]
        for found in check_names(target_of_annotation(annotation, "", migrations.schema))
    }


def _compare_interface(planned: PushResult) -> Iterator[SyncDifference]:
    if planned.interface_state != "in step":
        yield SyncDifference(
            f"the interface is {planned.interface_state}",
            1,
            (),
            _INTERFACE_REMEDIES[planned.interface_state],
        )


def _compare_guidelines(planned: PushResult) -> Iterator[SyncDifference]:
    if planned.guidelines_state.state != "in step":
        yield SyncDifference(
            planned.guidelines_state.message, 1, (), planned.guidelines_state.remedy
        )


def _compare_tasks(planned: PushResult) -> Iterator[SyncDifference]:
    for kind, count in planned.tasks.items():
        if kind in TASK_REMEDIES:
            where = tuple(
                step.doc_id or f"task {step.task}"
                for step in planned.reported_steps
                if step.kind == kind
            )
            yield SyncDifference(
                f"{kind}: {STEP_MEANINGS[kind]}",
                count,
                where,
                TASK_REMEDIES[kind].format(url=planned.url),
            )


def _compare_schema_versions(local: LocalAnnotations) -> Iterator[SyncDifference]:
    for version, count in local.outdated.items():
        yield SyncDifference(
            f"answers in the words of schema {version}", count, (), "`sayso schema migrate`"
        )
    if local.undeclared:
        remedy = "say in schema/migrations/ what became of them, then `sayso schema migrate`"
        yield SyncDifference(
            "words in our answers that schema.yaml does not have",
            len(local.undeclared),
            tuple(local.undeclared),
            remedy,
        )


def _compare_annotations(
    pass_status: PassStatus, quarantined: list[AnnotationNotice]
) -> Iterator[SyncDifference]:
    standing = pass_status.on_server - Counter(notice.annotator for notice in quarantined)
    if missing := standing - pass_status.local.counts:
        yield SyncDifference(
            "answers that are only on the server",
            missing.total(),
            tuple(missing),
            "`sayso pull` brings them",
        )
    for reason, count in Counter(notice.reason for notice in quarantined).items():
        where = tuple(
            notice.doc_id or f"task {notice.task}"
            for notice in quarantined
            if notice.reason == reason
        )
        yield SyncDifference(
            f"answers set aside: {reason}", count, where, f"look at {pass_status.url}/data"
        )
