"""The status of a campaign: differences between corpus and server, with their remedies."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from msgspec import structs

from sayso.checks.annotation_checks import (
    REQUIRED_ANSWER,
    check_answers,
    check_names,
    target_of_annotation,
)
from sayso.corpus.sources import CorpusFiles
from sayso.files import hold_lock
from sayso.labelstudio.adjudication.adjudication_project import AdjudicationProject
from sayso.labelstudio.adjudication.adjudication_tasks import open_adjudication_tasks
from sayso.labelstudio.api_types import ListedProject
from sayso.labelstudio.client import LabelStudioClient
from sayso.labelstudio.fetched_annotations import AnnotationNotice, open_annotations
from sayso.labelstudio.project import ProjectKey
from sayso.labelstudio.push import PushRequest, PushResult, plan_push_of_project
from sayso.labelstudio.push_plan import STEP_MEANINGS, StepKind
from sayso.labelstudio.recalled_projects import RecalledProject, find_known_projects
from sayso.labelstudio.task_order import describe_sampling
from sayso.models import Annotation
from sayso.schema.declarations import load_schema
from sayso.schema.migrations import Migrations, load_migrations
from sayso.settings import SCHEMA_FILE, Checkout

_PUSH = "`sayso push`"
_RENEW = (
    "`sayso push --renew` sends the right text beside it,"
    " `sayso pull` transfers the annotations that it can"
)
_BY_HAND = "look at {url}/data, then delete the task there"
_UPDATE = "`sayso push --update-interface` replaces it by the schema's"

TASK_REMEDIES: dict[StepKind, str] = {
    **dict.fromkeys(("new", "changed", "edited", "described", "surplus"), _PUSH),
    **dict.fromkeys(("stale", "tampered"), _RENEW),
    "gone": f"`sayso ingest` adds the document again; or {_BY_HAND}",
    "foreign": f"`sayso ingest` adds its text, and then `sayso push`; {_BY_HAND}",
    "duplicate": _BY_HAND,
}
"""The command for each kind of task that is not as it should be; a superseded one is."""
_INTERFACE_REMEDIES: dict[str, str] = {
    "to be created": _PUSH,
    "outdated": _UPDATE,
    "edited in Label Studio": f"{_UPDATE}; to keep the edit, make it in schema.yaml first and run"
    " `sayso schema build`",
}


@dataclass(frozen=True)
class SyncDifference:
    """A difference between corpus and server.

    Attributes:
        what: the description.
        count: how often.
        where: the documents, tasks, annotators or names concerned.
        remedy: the command that resolves it.
    """

    what: str
    count: int
    where: tuple[str, ...]
    remedy: str


@dataclass
class LocalAnnotations:
    """The annotations in our files.

    Attributes:
        counts: by annotator.
        outdated: annotations of an older schema that a migration leads from, by version.
        undeclared: names that schema.yaml does not have, with the number of annotations.
    """

    counts: Counter[str] = field(default_factory=Counter)
    outdated: Counter[str] = field(default_factory=Counter)
    undeclared: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class AdjudicationProgress:
    """The documents of a pass that an adjudicator was asked about, and those submitted."""

    url: str
    asked: int
    submitted: int


@dataclass
class PassStatus:
    """One pass of a campaign.

    Attributes:
        interface_state: the interface on the server compared with the schema's.
        tasks: what a push would do, by kind.
        order: the order in which documents are handed out; empty without a project.
        local: the annotations in our files.
        on_server: annotations on the server, by annotator.
        adjudication: None before anybody was asked.
        changed: annotations on the server that somebody else saved after their annotator.
        unseen: those taken over from a prediction that nobody looked at.
        differences: with the command that resolves each.
    """

    project_key: ProjectKey
    url: str
    interface_state: str
    tasks: Counter[StepKind]
    local: LocalAnnotations
    order: str = ""
    on_server: Counter[str] = field(default_factory=Counter)
    adjudication: AdjudicationProgress | None = None
    changed: list[AnnotationNotice] = field(default_factory=list)
    unseen: list[AnnotationNotice] = field(default_factory=list)
    differences: list[SyncDifference] = field(default_factory=list)


def read_status(
    checkout: Checkout, client: LabelStudioClient, campaign: str, pass_name: str | None
) -> list[PassStatus]:
    """Compare one pass, or every pass of the schema. Changes nothing on either side."""
    schema_file = checkout.root / SCHEMA_FILE
    migrations = load_migrations(schema_file.parent, load_schema(schema_file))
    local = _count_local(CorpusFiles(checkout.root), campaign, migrations)
    names = [pass_name] if pass_name else list(migrations.schema.interfaces)
    # One query for the projects of both kinds.
    keys = [make(campaign, name) for make in (ProjectKey, AdjudicationProject) for name in names]
    found = find_known_projects(checkout, client, keys)
    statuses = []
    for (key, listed), (other, adjudicated) in zip(found, found[len(names) :], strict=False):
        status = _read_pass(checkout, client, key, listed, local[key.pass_name])
        status.differences += _find_lost_lines(other, adjudicated)
        if adjudicated:
            status.adjudication = _read_adjudication(checkout, client, adjudicated)
        statuses.append(status)
    return statuses


def _read_pass(
    checkout: Checkout,
    client: LabelStudioClient,
    key: ProjectKey,
    listed: ListedProject | None,
    local: LocalAnnotations,
) -> PassStatus:
    project = client.fetch_project(listed.id) if listed else None
    if project and listed:  # with our lines, also where they were lost
        project = structs.replace(project, description=listed.description)
    planned = plan_push_of_project(checkout, client, PushRequest(key), project)
    status = PassStatus(key, planned.url, planned.interface_state, planned.tasks, local)
    status.differences += _find_lost_lines(key, listed)
    status.differences += [*_compare_settings(planned), *_compare_tasks(planned)]
    status.differences += _compare_schema_versions(local)
    if project:
        status.order = describe_sampling(project.sampling)
        with (
            hold_lock(checkout.private / "sync.lock", "sayso status"),
            open_annotations(checkout, client, key, project) as fetched,
        ):
            fetched.fetch()
            fetched.adopt_lines(CorpusFiles(checkout.root))
            status.changed, status.unseen = fetched.list_changed(), fetched.list_unseen()
            status.on_server = fetched.count_by_annotator()
            quarantined = [each.notice for each in fetched.list_quarantined()]
        status.differences += _compare_annotations(status, quarantined)
    return status


def _find_lost_lines(key: ProjectKey, listed: ListedProject | None) -> Iterator[SyncDifference]:
    if isinstance(listed, RecalledProject):
        what = f"project {listed.id}: its description has lost our lines"
        yield SyncDifference(what, 1, (), f"`{key.command} --restore-mark`")


def _read_adjudication(
    checkout: Checkout, client: LabelStudioClient, listed: ListedProject
) -> AdjudicationProgress:
    with (
        hold_lock(checkout.private / "sync.lock", "sayso status"),
        open_adjudication_tasks(checkout, client, listed) as tasks,
    ):
        tasks.refresh()
        return AdjudicationProgress(f"{client.url}/projects/{listed.id}", *tasks.count_documents())


def _count_local(
    corpus: CorpusFiles, campaign: str, migrations: Migrations
) -> dict[str, LocalAnnotations]:
    """Count the annotations in our files by pass."""
    passes: dict[str, LocalAnnotations] = defaultdict(LocalAnnotations)
    for annotation in corpus.annotations(campaign):
        local, version = passes[annotation.interface], annotation.schema_version
        local.counts[annotation.annotator] += 1
        if migrations.route(version) or not migrations.schema.supports(version):
            local.outdated[version] += 1
        else:
            local.undeclared.update(_find_undeclared(annotation, migrations))
    return passes


def _find_undeclared(annotation: Annotation, migrations: Migrations) -> set[str]:
    target = target_of_annotation(annotation, "", migrations.schema)
    found = chain(check_names(target), check_answers(target))
    return {
        each.message.partition(" on ")[0] for each in found if each.check != REQUIRED_ANSWER.name
    }


def _compare_settings(planned: PushResult) -> Iterator[SyncDifference]:
    if (state := planned.interface_state) != "up to date":
        yield SyncDifference(f"the interface is {state}", 1, (), _INTERFACE_REMEDIES[state])
    if planned.guidelines_state.state != "up to date":
        _state, message, remedy = planned.guidelines_state
        yield SyncDifference(message, 1, (), remedy)


def _compare_tasks(planned: PushResult) -> Iterator[SyncDifference]:
    for kind, count in planned.tasks.items():
        if kind in TASK_REMEDIES:
            steps = (step for step in planned.reported_steps if step.kind == kind)
            where = tuple(step.doc_id or f"task {step.task}" for step in steps)
            remedy = TASK_REMEDIES[kind].format(url=planned.url)
            yield SyncDifference(f"{kind}: {STEP_MEANINGS[kind]}", count, where, remedy)


def _compare_schema_versions(local: LocalAnnotations) -> Iterator[SyncDifference]:
    for version, count in local.outdated.items():
        yield SyncDifference(
            f"annotations of schema {version}", count, (), "`sayso schema migrate`"
        )
    if names := tuple(local.undeclared):
        what = "names in our annotations that schema.yaml does not declare"
        remedy = "map them in schema/migrations/, then `sayso schema migrate`"
        yield SyncDifference(what, len(names), names, remedy)


def _compare_annotations(
    status: PassStatus, quarantined: list[AnnotationNotice]
) -> Iterator[SyncDifference]:
    storable = status.on_server - Counter(notice.annotator for notice in quarantined)
    if missing := storable - status.local.counts:
        what, remedy = "annotations that are only on the server", "`sayso pull` fetches them"
        yield SyncDifference(what, missing.total(), tuple(missing), remedy)
    for reason, count in Counter(notice.reason for notice in quarantined).items():
        notices = (notice for notice in quarantined if notice.reason == reason)
        where = tuple(notice.doc_id or f"task {notice.task}" for notice in notices)
        what = f"annotations in quarantine: {reason}"
        yield SyncDifference(what, count, where, f"look at {status.url}/data")
