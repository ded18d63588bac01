"""The project of one campaign and pass: found by a mark in its description, created if missing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal
from xml.etree import ElementTree

from sayso.errors import ConflictError
from sayso.labelstudio.api_types import ListedProject, ProjectDetails
from sayso.labelstudio.client import MODEL_VERSION, LabelStudioClient
from sayso.labelstudio.instructions import (
    ShownGuidelines,
    append_shown_line,
    compare_guidelines,
    parse_shown_guidelines,
    render_instructions,
)
from sayso.labelstudio.interface import render_interface
from sayso.labelstudio.server_identity import append_server_line, choose_server_id, read_server_id
from sayso.labelstudio.sync_state import SyncState
from sayso.schema.declarations import Schema
from sayso.schema.guidelines import Guidelines

_SIGNATURE = "sayso:interface-as-sent="
_MAX_TITLE = 50  # characters that Label Studio takes

InterfaceState = Literal["up to date", "outdated", "edited in Label Studio"]


@dataclass(frozen=True)
class ProjectKey:
    """The campaign and pass of a project, which may not exist yet."""

    campaign: str
    pass_name: str

    @property
    def mark(self) -> str:
        """The line of the description that identifies the project, whatever its title.

        >>> ProjectKey("founding", "all").mark
        'sayso:campaign=founding interface=all'
        """
        return f"sayso:campaign={self.campaign} interface={self.pass_name}"

    @property
    def command(self) -> str:
        """The command that creates and updates the project."""
        return "sayso push"

    def title(self, schema: Schema) -> str:
        """Return the title of the project when it is created."""
        return f"{self.campaign}: {schema.find_pass(self.pass_name).title or self.pass_name}"

    def xml(self, schema: Schema) -> str:
        """Return the labelling interface."""
        return render_interface(schema, self.pass_name)


@dataclass(frozen=True)
class ProjectTemplate:
    """The key, schema and guidelines by which a project is created and updated."""

    key: ProjectKey
    schema: Schema
    guidelines: Guidelines | None

    @property
    def interface(self) -> str:
        """The labelling interface."""
        return self.key.xml(self.schema)

    @property
    def instructions(self) -> str:
        """The guidelines as annotators see them."""
        return render_instructions(self.guidelines)


def find_project(client: LabelStudioClient, project_key: ProjectKey) -> ProjectDetails | None:
    """Find a project, or None.

    Raises:
        ConflictError: two projects with tasks have the same mark.
    """
    ((_key, listed),) = find_projects(client, [project_key], list(client.list_projects()))
    return client.fetch_project(listed.id) if listed else None


def find_projects(
    client: LabelStudioClient, project_keys: Iterable[ProjectKey], listed: Sequence[ListedProject]
) -> list[tuple[ProjectKey, ListedProject | None]]:
    """Find the project of each key among those listed, or None.

    Raises:
        ConflictError: as ``find_project``.
    """
    return [(key, _select_project(client, key, listed)) for key in project_keys]


def _select_project(
    client: LabelStudioClient, project_key: ProjectKey, listed: Iterable[ListedProject]
) -> ListedProject | None:
    marked = _filter_by_mark(listed, project_key)
    if len(marked) > 1:  # two first pushes may have met: an empty project counts for nothing
        marked = [project for project in marked if project.task_number] or marked[:1]
    if len(marked) > 1:
        numbers = " and ".join(str(project.id) for project in marked)
        raise ConflictError(
            f"projects {numbers} are both marked as {project_key.campaign}/{project_key.pass_name}",
            where=client.url,
            remedy="delete one in Label Studio, or remove the line"
            f" {project_key.mark!r} from its description",
        )
    return marked[0] if marked else None


def _filter_by_mark(
    listed: Iterable[ListedProject], project_key: ProjectKey
) -> list[ListedProject]:
    """Select the projects with the mark, the oldest first."""
    marked = (p for p in listed if project_key.mark in (p.description or "").splitlines())
    return sorted(marked, key=attrgetter("id"))


def create_project(client: LabelStudioClient, template: ProjectTemplate) -> ProjectDetails:
    """Create the project with interface and instructions; if somebody was faster, take theirs."""
    key, title = template.key, template.key.title(template.schema)
    notice = "Made by Sayso, which reads the lines here that begin with its name. Keep them."
    described = append_server_line(
        f"{key.mark}\n{notice}", choose_server_id(client.list_projects())
    )
    description = _sign(described, template.interface)
    if template.guidelines:
        description = append_shown_line(description, template.guidelines, client.server_time())
    created = client.create_project(
        title=title if len(title) <= _MAX_TITLE else f"{title[: _MAX_TITLE - 1]}…",
        description=description,
        label_config=template.interface,
        expert_instruction=template.instructions,
        show_instruction=True,
        show_skip_button=True,
        enable_empty_annotation=True,
        maximum_annotations=1,
        show_annotation_history=False,
        sampling="Sequential sampling",
        show_collab_predictions=True,
        model_version=MODEL_VERSION,
    )
    first = _filter_by_mark(client.list_projects(), key)[0]
    if first.id != created.id:
        client.delete_project(created.id)
        return client.fetch_project(first.id)
    client.create_tab(created.id)
    return created


def compare_interface(project: ProjectDetails, template: ProjectTemplate) -> InterfaceState:
    """Compare the interface on the server with the schema's.

    If they differ, the signature in the description tells whether the server's is still the one
    that was sent, from whatever checkout.
    """
    if _canonicalize(project.label_config) == _canonicalize(template.interface):
        return "up to date"
    return "outdated" if _is_signed(project) else "edited in Label Studio"


def update_settings(
    client: LabelStudioClient,
    project: ProjectDetails,
    template: ProjectTemplate,
    state: SyncState,
    *,
    new: bool,
    update_interface: bool,
) -> list[str]:
    """Bring our settings of a project up to date; return notes. A ``new`` project has them already.

    Raises:
        ConflictError: the interface differs and may not, or cannot, be replaced; or the guidelines
            differ without a later version than the server shows.
    """
    instructions, guidelines = template.instructions, template.guidelines
    if new:
        notes = [f"created project {project.id}"]
    else:
        changes, notes = _plan_interface(client, project, template, update_interface)
        description = changes.get("description", project.description or "")
        if not read_server_id(description):  # pushed by an older version, or removed by hand
            known = state.get("server") or choose_server_id(client.list_projects())
            changes["description"] = description = append_server_line(description, known)
        described = _plan_guidelines(client, project, description, guidelines)
        if described is not None:
            changes["description"] = description = described
            version = guidelines.version if guidelines else "of no version"
            notes.append(f"guidelines {version} are shown from now on")
        if described is not None or state.get("instruction") != _digest(instructions):
            changes["expert_instruction"] = instructions
        if changes:  # in one request: instructions and the line about them are never apart
            client.update_project(project.id, **changes)
        _keep_one_tab(client, project.id)
    state.put("instruction", _digest(instructions))
    state.store_lines(project.description if new else description)
    state.connection.commit()
    return notes


def _plan_interface(
    client: LabelStudioClient,
    project: ProjectDetails,
    template: ProjectTemplate,
    update_interface: bool,
) -> tuple[dict[str, str], list[str]]:
    """Return the settings that correct the interface, and notes."""
    state, interface = compare_interface(project, template), template.interface
    if state == "up to date":
        if _is_signed(project):
            return {}, []
        # Somebody entered the schema's interface by hand, or removed our line.
        return {"description": _sign(project.description, project.label_config)}, []
    where = f"{client.url}/projects/{project.id}/settings/labeling"
    if not update_interface:
        remedy = f"run `{template.key.command} --update-interface` to replace it"
        raise ConflictError(f"the interface is {state}", where=where, remedy=remedy)
    if refusal := client.validate_interface(project.id, interface):
        what = f"annotations would break with this interface: {refusal}"
        remedy = "keep what was used in schema.yaml, or start a new campaign with --campaign"
        raise ConflictError(what, where=where, remedy=remedy)
    changes = {"label_config": interface, "description": _sign(project.description, interface)}
    return changes, [f"replaced the interface, which was {state}"]


def _plan_guidelines(
    client: LabelStudioClient,
    project: ProjectDetails,
    description: str,
    guidelines: Guidelines | None,
) -> str | None:
    """Return the description with a line for guidelines not shown until now, or None."""
    shown = read_guidelines_shown(client, project)
    state, message, remedy = compare_guidelines(shown, guidelines)
    if state in ("ahead", "reworded"):
        where = f"{client.url}/projects/{project.id}"
        raise ConflictError(message, where=where, remedy=remedy)
    if state == "up to date":
        return None
    # Server time is in whole seconds: what is submitted in this second belongs to the older ones.
    return append_shown_line(description, guidelines, client.server_time() + 1)


def read_guidelines_shown(
    client: LabelStudioClient, project: ListedProject
) -> tuple[ShownGuidelines, ...]:
    """Read which guidelines the project has shown, and since when.

    Raises:
        ConflictError: somebody has changed a line that says so.
    """
    where = f"{client.url}/projects/{project.id}/settings"
    return parse_shown_guidelines(project.description, where)


def _keep_one_tab(client: LabelStudioClient, project: int) -> None:
    """Create a missing first tab; delete its twins, whose request arrived twice."""
    tabs = client.list_tabs(project)
    if not tabs:
        client.create_tab(project)
    for twin in [tab for tab in tabs[1:] if tab.data == tabs[0].data]:
        client.delete_tab(twin.id)


def _sign(description: str | None, interface: str) -> str:
    """Return the description with the line that says which interface was sent."""
    lines = (description or "").splitlines()
    kept = [line for line in lines if not line.startswith(_SIGNATURE)]
    return "\n".join([*kept, _signature(interface)])


def _is_signed(project: ProjectDetails) -> bool:
    return _signature(project.label_config) in (project.description or "").splitlines()


def _signature(interface: str) -> str:
    return f"{_SIGNATURE}{_digest(_canonicalize(interface))[:16]}"


def _canonicalize(config: str) -> str:
    """Return the same text for two spellings of one interface, without comments."""
    try:
        return ElementTree.canonicalize(config, strip_text=True)
    except ElementTree.ParseError:
        return config


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
