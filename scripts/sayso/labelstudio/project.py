"""The project of one campaign and interface: found by a mark in its description, made when there is none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal
from xml.etree import ElementTree

from sayso.errors import ConflictError, UsageError
from sayso.labelstudio import instructions
from sayso.labelstudio.api_types import ListedProject, ProjectDetails
from sayso.labelstudio.client import MODEL_VERSION, LabelStudioClient
from sayso.labelstudio.instructions import ShownGuidelines
from sayso.labelstudio.interface import render_interface
from sayso.labelstudio.sync_state import SyncState
from sayso.schema.declarations import Schema
from sayso.schema.guidelines import Guidelines

_SIGNATURE = "sayso:interface-as-sent="

InterfaceState = Literal["in step", "behind the schema", "edited in Label Studio"]


@dataclass(frozen=True)
class ProjectKey:
    """Which project is meant, whether or not it exists."""

    campaign: str
    pass_name: str

    @property
    def mark(self) -> str:
        """The line of the description by which the project is known; its title may be changed at will.

        >>> ProjectKey("read_founding_articles", "total_counts").mark
        'sayso:campaign=founding interface=all'
        """
        return f"sayso:campaign={self.campaign} interface={self.pass_name}"

    @property
    def command(self) -> str:
        """What makes the project and keeps it up to date."""
        return "sayso push"

    def title(self, schema: Schema) -> str:
        """How the project is called when it is made."""
        return f"{self.campaign}: {schema.find_pass(self.pass_name).title}"

    def xml(self, schema: Schema) -> str:
        """Its interface."""
        return render_interface(schema, self.pass_name)


def find_project(client: LabelStudioClient, project_key: ProjectKey) -> ProjectDetails | None:
    """The project, or None. An empty one beside it counts for nothing: two first pushes may have met.

    Raises:
        ConflictError: two projects with tasks carry the same mark.
    """
    ((_place, found),) = find_projects(client, [project_key])
    return client.fetch_project(found.id) if found else None


def find_projects(
    client: LabelStudioClient, project_keys: Iterable[ProjectKey]
) -> list[tuple[ProjectKey, ListedProject | None]]:
    """The project of each place, or None, by one question.

    Raises:
        ConflictError: as ``find_project``.
    """
    listed = list(client.list_projects())
    return [(place, _select_project(client, place, listed)) for place in project_keys]


def find_campaign_projects(
    client: LabelStudioClient, schema: Schema, campaign: str, pass_name: str | None
) -> list[tuple[ProjectKey, ListedProject]]:
    """The projects of a campaign, of one interface or of all, by one question.

    Raises:
        UsageError: there is none.
        ConflictError: as ``find_project``.
    """
    wanted = [
        ProjectKey(campaign, name) for name in ([pass_name] if pass_name else schema.interfaces)
    ]
    found = [(place, there) for place, there in find_projects(client, wanted) if there]
    if not found:
        what = f"no project of campaign {campaign}" + (
            f" with interface {pass_name}" if pass_name else ""
        )
        raise UsageError(
            what, where=client.url, remedy="run `sayso push` first, or name another with --campaign"
        )
    return found


def _select_project(
    client: LabelStudioClient, project_key: ProjectKey, listed: Iterable[ListedProject]
) -> ListedProject | None:
    marked = _filter_by_mark(listed, project_key)
    if len(marked) > 1:
        marked = [one for one in marked if one.task_number] or marked[:1]
    if len(marked) > 1:
        numbers = " and ".join(str(one.id) for one in marked)
        raise ConflictError(
            f"projects {numbers} are both marked as {project_key.campaign}/{project_key.pass_name}",
            where=client.url,
            remedy=f"delete one in Label Studio, or take the line {project_key.mark!r} out of its description",
        )
    return marked[0] if marked else None


def _filter_by_mark(
    listed: Iterable[ListedProject], project_key: ProjectKey
) -> list[ListedProject]:
    """Those with the mark of the place, the oldest first."""
    return sorted(
        (one for one in listed if project_key.mark in (one.description or "").splitlines()),
        key=attrgetter("id"),
    )


def create_project(
    client: LabelStudioClient,
    project_key: ProjectKey,
    schema: Schema,
    guidelines: Guidelines | None,
) -> ProjectDetails:
    """Make the project with its interface and instructions; where somebody else was faster, theirs is taken."""
    title, interface = project_key.title(schema), project_key.xml(schema)
    kept = "Made by Sayso, which reads the lines here that begin with its name. Keep them."
    told = _sign(f"{project_key.mark}\n{kept}", interface)
    made = client.create_project(
        title=title if len(title) <= 50 else f"{title[:49]}…",
        description=instructions.append_shown_line(told, guidelines, client.server_time())
        if guidelines
        else told,
        label_config=interface,
        expert_instruction=instructions.render_instructions(guidelines),
        show_instruction=True,
        show_skip_button=True,
        enable_empty_annotation=True,
        maximum_annotations=1,
        show_annotation_history=False,
        sampling="Sequential sampling",
        show_collab_predictions=True,
        model_version=MODEL_VERSION,
    )
    first = _filter_by_mark(client.list_projects(), project_key)[0]
    if first.id != made.id:
        client.delete_project(made.id)
        return client.fetch_project(first.id)
    client.create_tab(made.id)
    return made


def compare_interface(
    project: ProjectDetails, project_key: ProjectKey, schema: Schema
) -> InterfaceState:
    """Whether the interface on the server is the schema's; if not, whether it is still the one that we put there.

    The project itself says what we put there, so that any checkout can tell.
    """
    if _canonicalize(project.label_config) == _canonicalize(project_key.xml(schema)):
        return "in step"
    return "behind the schema" if _is_signed(project) else "edited in Label Studio"


def update_settings(
    client: LabelStudioClient,
    project: ProjectDetails,
    project_key: ProjectKey,
    schema: Schema,
    guidelines: Guidelines | None,
    state: SyncState,
    *,
    new: bool,
    update_interface: bool,
) -> list[str]:
    """Bring the settings that are ours up to date; what was done, in words. A ``new`` project has them already.

    Raises:
        ConflictError: the interface differs and may not, or cannot, be replaced; or the guidelines differ and do not
            have a later version than those that the server shows.
    """
    instruction = instructions.render_instructions(guidelines)
    if new:
        done = [f"made project {project.id}"]
    else:
        changes, done = _plan_interface(client, project, project_key, schema, update_interface)
        described = _plan_guidelines(
            client, project, changes.get("description", project.description or ""), guidelines
        )
        if described is not None:
            changes["description"] = described
            done.append(
                f"guidelines {guidelines.version if guidelines else 'of no version'} are shown from now on"
            )
        if described is not None or state.get("instruction") != _digest(instruction):
            changes["expert_instruction"] = instruction
        if changes:  # in one request: what is shown and what is said of it are never apart
            client.update_project(project.id, **changes)
        _repair_first_tab(client, project.id)
    state.put("instruction", _digest(instruction))
    state.connection.commit()
    return done


def _plan_interface(
    client: LabelStudioClient,
    project: ProjectDetails,
    project_key: ProjectKey,
    schema: Schema,
    update_interface: bool,
) -> tuple[dict[str, str], list[str]]:
    """The settings that put the interface right, and in words what becomes of it."""
    state = compare_interface(project, project_key, schema)
    if state != "in step":
        wanted = _validate_replacement(
            client, project, project_key, schema, state, update_interface
        )
        changes = {"label_config": wanted, "description": _sign(project.description, wanted)}
        return changes, [f"replaced the interface, which was {state}"]
    if not _is_signed(project):  # somebody gave it the schema's interface, or took our line away
        return {"description": _sign(project.description, project.label_config)}, []
    return {}, []


def _plan_guidelines(
    client: LabelStudioClient,
    project: ProjectDetails,
    description: str,
    guidelines: Guidelines | None,
) -> str | None:
    """The description with the line for guidelines that were not shown until now; None where they were."""
    state, what, remedy = instructions.compare_guidelines(
        read_guidelines_shown(client, project), guidelines
    )
    if state in ("ahead", "reworded"):
        raise ConflictError(what, where=f"{client.url}/projects/{project.id}", remedy=remedy)
    if state == "in step":
        return None
    since = (
        client.server_time() + 1
    )  # in whole seconds, and what is submitted in this one was given under the older ones
    return instructions.append_shown_line(description, guidelines, since)


def read_guidelines_shown(
    client: LabelStudioClient, project: ProjectDetails | ListedProject
) -> tuple[ShownGuidelines, ...]:
    """Which guidelines the project has shown, and since when.

    Raises:
        ConflictError: somebody has changed a line that says so.
    """
    return instructions.parse_shown_guidelines(
        project.description, f"{client.url}/projects/{project.id}/settings"
    )


def _validate_replacement(
    client: LabelStudioClient,
    project: ProjectDetails,
    project_key: ProjectKey,
    schema: Schema,
    state: InterfaceState,
    update_interface: bool,
) -> str:
    """The interface that takes the place of the project's."""
    where = f"{client.url}/projects/{project.id}/settings/labeling"
    if not update_interface:
        raise ConflictError(
            f"the interface is {state}",
            where=where,
            remedy=f"run `{project_key.command} --update-interface` to replace it",
        )
    wanted = project_key.xml(schema)
    if refusal := client.validate_interface(project.id, wanted):
        remedy = "keep what was used in schema.yaml, or begin a new campaign with --campaign"
        raise ConflictError(
            f"answers would break with this interface: {refusal}", where=where, remedy=remedy
        )
    return wanted


def _repair_first_tab(client: LabelStudioClient, project: int) -> None:
    """Make a first tab where there is none, and take a twin of the first away: its request arrived twice."""
    views = client.list_tabs(project)
    if not views:
        client.create_tab(project)
    for twin in [view for view in views[1:] if view.data == views[0].data]:
        client.delete_tab(twin.id)


def _sign(description: str | None, interface: str) -> str:
    """The description with the line that says which interface we put there."""
    lines = [line for line in (description or "").splitlines() if not line.startswith(_SIGNATURE)]
    return "\n".join([*lines, _signature(interface)])


def _is_signed(project: ProjectDetails) -> bool:
    return _signature(project.label_config) in (project.description or "").splitlines()


def _signature(interface: str) -> str:
    return f"{_SIGNATURE}{_digest(_canonicalize(interface))[:16]}"


def _canonicalize(config: str) -> str:
    """The same for two spellings of one interface; comments do not count."""
    try:
        return ElementTree.canonicalize(config, strip_text=True)
    except ElementTree.ParseError:
        return config


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
