"""The project of one campaign and interface: found by a mark in its description, made when there is none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal
from xml.etree import ElementTree

from sayso.errors import ConflictError, UsageError
from sayso.guidelines import Guidelines
from sayso.schema import Schema
from sayso.studio import instructions
from sayso.studio.client import MODEL, Client, Listed, Project
from sayso.studio.instructions import Shown
from sayso.studio.interface import interface_xml
from sayso.studio.ledger import Ledger

_SIGNATURE = "sayso:interface-as-sent="

State = Literal["in step", "behind the schema", "edited in Label Studio"]


@dataclass(frozen=True)
class Place:
    """Which project is meant, whether or not it exists."""

    campaign: str
    interface: str

    @property
    def mark(self) -> str:
        """The line of the description by which the project is known; its title may be changed at will.

        >>> Place("founding", "all").mark
        'sayso:campaign=founding interface=all'
        """
        return f"sayso:campaign={self.campaign} interface={self.interface}"

    @property
    def command(self) -> str:
        """What makes the project and keeps it up to date."""
        return "sayso push"

    def title(self, schema: Schema) -> str:
        """How the project is called when it is made."""
        return f"{self.campaign}: {schema.interface(self.interface).title}"

    def xml(self, schema: Schema) -> str:
        """Its interface."""
        return interface_xml(schema, self.interface)


def find(client: Client, place: Place) -> Project | None:
    """The project, or None. An empty one beside it counts for nothing: two first pushes may have met.

    Raises:
        ConflictError: two projects with tasks carry the same mark.
    """
    ((_place, found),) = at(client, [place])
    return client.project(found.id) if found else None


def at(client: Client, places: Iterable[Place]) -> list[tuple[Place, Listed | None]]:
    """The project of each place, or None, by one question.

    Raises:
        ConflictError: as ``find``.
    """
    listed = list(client.projects())
    return [(place, _found(client, place, listed)) for place in places]


def of_campaign(client: Client, schema: Schema, campaign: str, interface: str | None) -> list[tuple[Place, Listed]]:
    """The projects of a campaign, of one interface or of all, by one question.

    Raises:
        UsageError: there is none.
        ConflictError: as ``find``.
    """
    wanted = [Place(campaign, name) for name in ([interface] if interface else schema.interfaces)]
    found = [(place, there) for place, there in at(client, wanted) if there]
    if not found:
        what = f"no project of campaign {campaign}" + (f" with interface {interface}" if interface else "")
        raise UsageError(what, where=client.url, remedy="run `sayso push` first, or name another with --campaign")
    return found


def _found(client: Client, place: Place, listed: Iterable[Listed]) -> Listed | None:
    marked = _marked(listed, place)
    if len(marked) > 1:
        marked = [one for one in marked if one.task_number] or marked[:1]
    if len(marked) > 1:
        numbers = " and ".join(str(one.id) for one in marked)
        raise ConflictError(
            f"projects {numbers} are both marked as {place.campaign}/{place.interface}",
            where=client.url,
            remedy=f"delete one in Label Studio, or take the line {place.mark!r} out of its description",
        )
    return marked[0] if marked else None


def _marked(listed: Iterable[Listed], place: Place) -> list[Listed]:
    """Those with the mark of the place, the oldest first."""
    return sorted((one for one in listed if place.mark in (one.description or "").splitlines()), key=attrgetter("id"))


def make(client: Client, place: Place, schema: Schema, guidelines: Guidelines | None) -> Project:
    """Make the project with its interface and instructions; where somebody else was faster, theirs is taken."""
    title, interface = place.title(schema), place.xml(schema)
    kept = "Made by Sayso, which reads the lines here that begin with its name. Keep them."
    told = _signed(f"{place.mark}\n{kept}", interface)
    made = client.create_project(
        title=title if len(title) <= 50 else f"{title[:49]}…",
        description=instructions.added(told, guidelines, client.now()) if guidelines else told,
        label_config=interface,
        expert_instruction=instructions.rendered(guidelines),
        show_instruction=True,
        show_skip_button=True,
        enable_empty_annotation=True,
        maximum_annotations=1,
        show_annotation_history=False,
        sampling="Sequential sampling",
        show_collab_predictions=True,
        model_version=MODEL,
    )
    first = _marked(client.projects(), place)[0]
    if first.id != made.id:
        client.delete_project(made.id)
        return client.project(first.id)
    client.create_view(made.id)
    return made


def interface_state(project: Project, place: Place, schema: Schema) -> State:
    """Whether the interface on the server is the schema's; if not, whether it is still the one that we put there.

    The project itself says what we put there, so that any checkout can tell.
    """
    if _canonical(project.label_config) == _canonical(place.xml(schema)):
        return "in step"
    return "behind the schema" if _is_signed(project) else "edited in Label Studio"


def settle(client: Client, project: Project, place: Place, schema: Schema, guidelines: Guidelines | None,
           ledger: Ledger, *, new: bool, update_interface: bool) -> list[str]:  # fmt: skip
    """Bring the settings that are ours up to date; what was done, in words. A ``new`` project has them already.

    Raises:
        ConflictError: the interface differs and may not, or cannot, be replaced; or the guidelines differ and do not
            have a later version than those that the server shows.
    """
    instruction = instructions.rendered(guidelines)
    if new:
        done = [f"made project {project.id}"]
    else:
        changes, done = _interface(client, project, place, schema, update_interface)
        described = _guided(client, project, changes.get("description", project.description or ""), guidelines)
        if described is not None:
            changes["description"] = described
            done.append(f"guidelines {guidelines.version if guidelines else 'of no version'} are shown from now on")
        if described is not None or ledger.get("instruction") != _digest(instruction):
            changes["expert_instruction"] = instruction
        if changes:  # in one request: what is shown and what is said of it are never apart
            client.update_project(project.id, **changes)
        _keep_one_tab(client, project.id)
    ledger.put("instruction", _digest(instruction))
    ledger.connection.commit()
    return done


def _interface(
    client: Client, project: Project, place: Place, schema: Schema, update_interface: bool
) -> tuple[dict[str, str], list[str]]:
    """The settings that put the interface right, and in words what becomes of it."""
    state = interface_state(project, place, schema)
    if state != "in step":
        wanted = _replacement(client, project, place, schema, state, update_interface)
        changes = {"label_config": wanted, "description": _signed(project.description, wanted)}
        return changes, [f"replaced the interface, which was {state}"]
    if not _is_signed(project):  # somebody gave it the schema's interface, or took our line away
        return {"description": _signed(project.description, project.label_config)}, []
    return {}, []


def _guided(client: Client, project: Project, described: str, guidelines: Guidelines | None) -> str | None:
    """The description with the line for guidelines that were not shown until now; None where they were."""
    state, what, remedy = instructions.standing(shown(client, project), guidelines)
    if state in ("ahead", "reworded"):
        raise ConflictError(what, where=f"{client.url}/projects/{project.id}", remedy=remedy)
    if state == "in step":
        return None
    since = client.now() + 1  # in whole seconds, and what is submitted in this one was given under the older ones
    return instructions.added(described, guidelines, since)


def shown(client: Client, project: Project | Listed) -> tuple[Shown, ...]:
    """Which guidelines the project has shown, and since when.

    Raises:
        ConflictError: somebody has changed a line that says so.
    """
    return instructions.shown(project.description, f"{client.url}/projects/{project.id}/settings")


def _replacement(
    client: Client, project: Project, place: Place, schema: Schema, state: State, update_interface: bool
) -> str:
    """The interface that takes the place of the project's."""
    where = f"{client.url}/projects/{project.id}/settings/labeling"
    if not update_interface:
        raise ConflictError(
            f"the interface is {state}", where=where, remedy=f"run `{place.command} --update-interface` to replace it"
        )
    wanted = place.xml(schema)
    if refusal := client.refusal(project.id, wanted):
        remedy = "keep what was used in schema.yaml, or begin a new campaign with --campaign"
        raise ConflictError(f"answers would break with this interface: {refusal}", where=where, remedy=remedy)
    return wanted


def _keep_one_tab(client: Client, project: int) -> None:
    """Make a first tab where there is none, and take a twin of the first away: its request arrived twice."""
    views = client.views(project)
    if not views:
        client.create_view(project)
    for twin in [view for view in views[1:] if view.data == views[0].data]:
        client.delete_view(twin.id)


def _signed(description: str | None, interface: str) -> str:
    """The description with the line that says which interface we put there."""
    lines = [line for line in (description or "").splitlines() if not line.startswith(_SIGNATURE)]
    return "\n".join([*lines, _signature(interface)])


def _is_signed(project: Project) -> bool:
    return _signature(project.label_config) in (project.description or "").splitlines()


def _signature(interface: str) -> str:
    return f"{_SIGNATURE}{_digest(_canonical(interface))[:16]}"


def _canonical(config: str) -> str:
    """The same for two spellings of one interface; comments do not count."""
    try:
        return ElementTree.canonicalize(config, strip_text=True)
    except ElementTree.ParseError:
        return config


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
