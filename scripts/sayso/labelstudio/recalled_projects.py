"""Projects whose description has lost our lines, known by what earlier commands stored.

The sync state remembers the lines. In a fresh checkout, the annotations in our files tell the
project's number, its server and the guidelines; the server is asked for some of them by number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from msgspec import structs

from sayso.corpus.sources import CorpusFiles
from sayso.errors import ConflictError, UsageError
from sayso.labelstudio.api_types import ListedProject, ProjectDetails
from sayso.labelstudio.client import LabelStudioClient
from sayso.labelstudio.instructions import append_shown_line
from sayso.labelstudio.project import ProjectKey, find_projects
from sayso.labelstudio.server_identity import append_server_line
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
    unmarked = [each for each in listed if not _is_marked(each.description)]
    return [
        (key, project or _recall(checkout, client, key, unmarked))
        for key, project in find_projects(client, keys, listed)
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
    checkout: Checkout, client: LabelStudioClient, key: ProjectKey
) -> ProjectDetails | None:
    """Find the project of a key, or None if there is none and one can be created.

    Raises:
        LostLinesError: there is one that has lost our lines.
    """
    ((_key, listed),) = find_known_projects(checkout, client, [key])
    if isinstance(listed, RecalledProject):
        what = f"project {listed.id} is of this campaign, but its description has lost our lines"
        remedy = f"put the line {key.mark!r} back there; or delete the project to start afresh"
        if key.command == "sayso push":
            remedy = f"`sayso push --restore-mark` puts them back; or {remedy}"
        where = f"{client.url}/projects/{listed.id}/settings"
        raise LostLinesError(what, where=where, remedy=remedy)
    return client.fetch_project(listed.id) if listed else None


def restore_lines(checkout: Checkout, client: LabelStudioClient, key: ProjectKey) -> bool:
    """Put our lines back into the description of the key's project; return if they were lost."""
    ((_key, listed),) = find_known_projects(checkout, client, [key])
    if not isinstance(listed, RecalledProject):
        return False
    client.update_project(listed.id, description=listed.description)
    return True


def _is_marked(description: str | None) -> bool:
    return any(line.startswith(_MARKS) for line in (description or "").splitlines())


def _recall(
    checkout: Checkout, client: LabelStudioClient, key: ProjectKey, unmarked: list[ListedProject]
) -> RecalledProject | None:
    found: list[RecalledProject] = []
    traces: dict[int, _ProjectTrace] | None = None
    for project in unmarked:
        lines = read_stored_lines(checkout, client, project)
        if key.mark not in lines:
            traces = _collect_traces(checkout, key) if traces is None else traces
            trace = traces.get(project.id)
            lines = trace.build_lines(checkout, key) if trace and trace.is_there(client) else []
        if lines:
            own = [line for line in (project.description or "").splitlines() if line not in lines]
            text = "\n".join([*own, *lines])
            fields = structs.asdict(project) | {"description": text}
            found.append(RecalledProject(**fields))
    if len(found) > 1:
        numbers = " and ".join(str(project.id) for project in found)
        raise LostLinesError(
            f"projects {numbers} were both of {key.campaign}/{key.pass_name} once",
            where=client.url,
            remedy=f"put the line {key.mark!r} into the description of the right one",
        )
    return found[0] if found else None


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
    if not key.mark.startswith(_MARKS[0]):  # gold does not tell the project of adjudication
        return traces
    for each in CorpusFiles(checkout.root).annotations(key.campaign):
        origin = each.origin
        if origin and (origin.system, each.interface) == (SYSTEM, key.pass_name):
            trace = traces.setdefault(origin.project, _ProjectTrace(origin.project))
            trace.samples = [*trace.samples, (origin.annotation, each.created)][-_SAMPLES:]
            trace.server = origin.server or trace.server
            if (version := each.guidelines_version) is not None:
                trace.versions[version] = min(trace.versions.get(version, "~"), each.updated)
    return traces
