"""Projects whose description has lost our lines, known by what earlier commands stored.

The sync state remembers the lines. In a fresh checkout, the annotations in our files tell the
project's number, its server and the guidelines; the server is asked for some of them by number.
Tasks of adjudication say themselves of which project they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property, partial

from msgspec import structs

from sayso.corpus.sources import CorpusFiles
from sayso.errors import ConflictError, UsageError
from sayso.labelstudio.adjudication.adjudication_project import PROJECT_KEY, AdjudicationProject
from sayso.labelstudio.api_types import ListedProject, ProjectDetails
from sayso.labelstudio.client import LabelStudioClient
from sayso.labelstudio.instructions import append_shown_line
from sayso.labelstudio.project import ProjectKey, find_projects
from sayso.labelstudio.server_identity import append_server_line, read_server_id
from sayso.labelstudio.sync_state import read_stored_lines
from sayso.labelstudio.urls import SYSTEM
from sayso.schema.declarations import Schema
from sayso.schema.guidelines import GUIDELINES_FILE, Guidelines, read_guidelines
from sayso.settings import Checkout

_MARKS = ("sayso:campaign=", "sayso:adjudication=")
_SAMPLES = 5  # annotations that the server is asked for


class RecalledProject(ListedProject, frozen=True, kw_only=True):
    """A project whose description has lost our lines; here it has them again."""


class LostLinesError(ConflictError):
    """The project of a campaign has lost our lines; another one would be its twin."""


def find_known_projects(
    checkout: Checkout, client: LabelStudioClient, keys: Sequence[ProjectKey]
) -> list[tuple[ProjectKey, ListedProject | None]]:
    """Find the project of each key by its mark or by what is known of it, or None.

    Raises:
        ConflictError: two projects have the same mark.
        LostLinesError: two projects were marked so once, and neither is now.
    """
    listed = list(client.list_projects())
    lost = _LostProjects(checkout, client, listed)
    return [
        (key, project or lost.recall(key)) for key, project in find_projects(client, keys, listed)
    ]


def find_campaign_projects(
    checkout: Checkout,
    client: LabelStudioClient,
    schema: Schema,
    campaign: str,
    pass_name: str | None,
) -> list[tuple[ProjectKey, ListedProject]]:
    """Find the projects of a campaign, of one pass or of all.

    Raises:
        UsageError: there is none.
        ConflictError: as `find_known_projects`.
    """
    names = [pass_name] if pass_name else schema.interfaces
    keys = [ProjectKey(campaign, name) for name in names]
    found = find_known_projects(checkout, client, keys)
    if projects := [(key, listed) for key, listed in found if listed]:
        return projects
    what = f"no project of campaign {campaign}" + (f" for pass {pass_name}" if pass_name else "")
    remedy = "run `sayso push` first, or choose another campaign with --campaign"
    raise UsageError(what, where=client.url, remedy=remedy)


def find_marked_project(
    checkout: Checkout, client: LabelStudioClient, key: ProjectKey, *, recall: bool = False
) -> ProjectDetails | None:
    """Find the project of a key, or None if there is none and one can be created.

    Args:
        recall: take one that has lost our lines as if it had them.

    Raises:
        LostLinesError: there is one that has lost our lines.
    """
    ((_key, listed),) = find_known_projects(checkout, client, [key])
    if isinstance(listed, RecalledProject) and not recall:
        what = f"project {listed.id} is of this campaign, but its description has lost our lines"
        remedy = (
            f"`{key.command} --restore-mark` puts them back; or put the line {key.mark!r} back"
            " there; or delete the project to start afresh"
        )
        where = f"{client.url}/projects/{listed.id}/settings"
        raise LostLinesError(what, where=where, remedy=remedy)
    if listed is None:
        return None
    return structs.replace(client.fetch_project(listed.id), description=listed.description)


def describe_lost_lines(url: str, key: ProjectKey) -> str:
    """Return what to tell when a project without our lines is used all the same."""
    return (
        f"{url}: its description has lost our lines, `{key.command} --restore-mark` puts them back"
    )


def restore_lines(checkout: Checkout, client: LabelStudioClient, key: ProjectKey) -> list[str]:
    """Put our lines back into the description of the key's project; return notes."""
    ((_key, listed),) = find_known_projects(checkout, client, [key])
    if not isinstance(listed, RecalledProject):
        return []
    client.update_project(listed.id, description=listed.description)
    return [f"put our lines back into the description of project {listed.id}"]


def _is_marked(description: str | None) -> bool:
    return any(line.startswith(_MARKS) for line in (description or "").splitlines())


class _LostProjects:
    """The projects of a server that have none of our lines, and what we know of them."""

    def __init__(
        self, checkout: Checkout, client: LabelStudioClient, listed: Sequence[ListedProject]
    ) -> None:
        self.checkout, self.client = checkout, client
        self._unmarked = [each for each in listed if not _is_marked(each.description)]
        ids = (read_server_id(each.description) for each in listed)
        self._server = next(filter(None, ids), None)
        self._collect_traces = cache(partial(_collect_traces, checkout))

    def recall(self, key: ProjectKey) -> RecalledProject | None:
        """Return the project of a key with our lines, or None."""
        found: list[RecalledProject] = []
        for project in self._unmarked:
            lines = read_stored_lines(self.checkout, self.client, project)
            if key.mark not in lines:
                lines = self._find_lines(key, project)
            if lines:
                text = (project.description or "").splitlines()
                text = [*(line for line in text if line not in lines), *lines]
                fields = structs.asdict(project) | {"description": "\n".join(text)}
                found.append(RecalledProject(**fields))
        if len(found) > 1:
            numbers = " and ".join(str(project.id) for project in found)
            raise LostLinesError(
                f"projects {numbers} were both of {key.campaign}/{key.pass_name} once",
                where=self.client.url,
                remedy=f"put the line {key.mark!r} into the description of the right one",
            )
        return found[0] if found else None

    def _find_lines(self, key: ProjectKey, project: ListedProject) -> list[str]:
        """Return the lines of a project that the sync state does not know; none: not the key's."""
        if not isinstance(key, AdjudicationProject):
            trace = self._collect_traces(key).get(project.id)
            known = trace is not None and trace.is_there(self.client)
            return trace.build_lines(self.checkout, key) if trace and known else []
        if not CorpusFiles(self.checkout.root).annotation_files(key.campaign):
            return []  # nothing can have been sent
        if self._marks_of_tasks.get(project.id) != key.mark:
            return []
        text = key.mark if self._server is None else append_server_line(key.mark, self._server)
        return text.splitlines()

    @cached_property
    def _marks_of_tasks(self) -> dict[int, object]:
        """Map projects to the mark in their first task."""
        pages = {
            each.id: self.client.fetch_bare_tasks(each.id, after=0, since="", size=1)
            for each in self._unmarked
            if each.task_number
        }
        return {
            project: task.data.get(PROJECT_KEY)
            for project, page in pages.items()
            for task in page.tasks
        }


@dataclass
class _ProjectTrace:
    """A project as the annotations in our files tell of it.

    Attributes:
        project: its number.
        samples: the last annotations, as number and time of creation.
        server: the id of its server, if they have one.
        versions: of the guidelines, with the first time of an annotation made under each.
    """

    project: int
    samples: list[tuple[int, str]] = field(default_factory=list)
    server: str | None = None
    versions: dict[str, str] = field(default_factory=dict)

    def is_there(self, client: LabelStudioClient) -> bool:
        """Ask the server for some of the annotations by their numbers."""
        located = ((client.locate_annotation(number), when) for number, when in self.samples)
        return any(
            found is not None and (found.project, found.created_at) == (self.project, when)
            for found, when in located
        )

    def build_lines(self, checkout: Checkout, key: ProjectKey) -> list[str]:
        """Return the lines of the description as far as annotations tell them."""
        text = key.mark if self.server is None else append_server_line(key.mark, self.server)
        local = read_guidelines(checkout.root / GUIDELINES_FILE)
        for version, since in sorted(self.versions.items(), key=lambda item: item[1]):
            known = local if local and local.version == version else Guidelines(version, "")
            text = append_shown_line(text, known, datetime.fromisoformat(since).timestamp())
        return text.splitlines()


def _collect_traces(checkout: Checkout, key: ProjectKey) -> dict[int, _ProjectTrace]:
    """Read what our files tell about the projects of a campaign and pass, by number."""
    traces: dict[int, _ProjectTrace] = {}
    for each in CorpusFiles(checkout.root).annotations(key.campaign):
        origin = each.origin
        if origin and (origin.system, each.interface) == (SYSTEM, key.pass_name):
            trace = traces.setdefault(origin.project, _ProjectTrace(origin.project))
            trace.samples = [*trace.samples, (origin.annotation, each.created)][-_SAMPLES:]
            trace.server = origin.server or trace.server
            if (version := each.guidelines_version) is not None:
                trace.versions[version] = min(trace.versions.get(version, "~"), each.updated)
    return traces
