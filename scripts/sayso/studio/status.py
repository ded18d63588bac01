"""Both sides at a glance: what the corpus holds, what the server holds, and whether they agree."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from sayso import migrations
from sayso.migrations import Migrations
from sayso.schema import load
from sayso.settings import MARK, Instance
from sayso.store import Corpus
from sayso.studio import project
from sayso.studio.client import Client
from sayso.studio.plan import Kind
from sayso.studio.pull import survey
from sayso.studio.push import Request, preview


@dataclass
class Side:
    """One interface of a campaign.

    Attributes:
        interface: its state on the server, or ``to be made``.
        tasks: what a push would do, by kind.
        here, there: how many answers of each annotator lie in our files and on the server.
        outdated: how many of those in our files are in the words of an older version.
    """

    place: project.Place
    url: str
    interface: str
    tasks: Counter[Kind]
    here: Counter[str] = field(default_factory=Counter)
    outdated: Counter[str] = field(default_factory=Counter)
    there: Counter[str] = field(default_factory=Counter)


def status(instance: Instance, client: Client, campaign: str, interface: str | None) -> list[Side]:
    """Look at one interface, or at all that the schema has. Changes nothing."""
    known = migrations.load((instance.root / MARK).parent, load(instance.root / MARK))
    sides = []
    for name in [interface] if interface else known.schema.interfaces:
        place = project.Place(campaign, name)
        seen = preview(instance, client, Request(place))
        side = Side(place, seen.url, seen.interface, seen.tasks, *_here(Corpus(instance.root), place, known))
        if there := project.find(client, place):
            side.there = survey(instance, client, place, there)
        sides.append(side)
    return sides


def _here(corpus: Corpus, place: project.Place, known: Migrations) -> tuple[Counter[str], Counter[str]]:
    here, outdated = Counter[str](), Counter[str]()
    for answer in corpus.annotations(place.campaign):
        if answer.interface == place.interface:
            here[answer.annotator] += 1
            version = answer.schema_version
            outdated[version] += bool(known.route(version)) or not known.schema.understands(version)
    return here, +outdated
