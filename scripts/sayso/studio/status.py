"""Both sides at a glance: what the corpus holds, what the server holds, where they differ, and what settles it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from sayso import migrations
from sayso.checks.answers import of_annotation, vocabulary
from sayso.files import locked
from sayso.migrations import Migrations
from sayso.records import Annotation
from sayso.schema import load
from sayso.settings import MARK, Instance
from sayso.store import Corpus
from sayso.studio import order, project
from sayso.studio.adjudication import held
from sayso.studio.adjudication.place import Place as Adjudicated
from sayso.studio.answers import Notice, looked_at
from sayso.studio.client import Client, Listed
from sayso.studio.plan import MEANING, Kind
from sayso.studio.push import Outcome, Request, foreseen

_PUSH = "`sayso push`"
_RENEW = "`sayso push --renew` sends the right text beside it, `sayso pull` carries over the answers that it can"
_BY_HAND = "look at {url}/data, then delete the task there"

SETTLED_BY: dict[Kind, str] = {
    **dict.fromkeys(("new", "changed", "edited", "described", "surplus"), _PUSH),
    **dict.fromkeys(("stale", "tampered"), _RENEW),
    "gone": "`sayso ingest` takes the document in again; or " + _BY_HAND,
    "foreign": "`sayso ingest` takes its text in, and then `sayso push`; " + _BY_HAND,
    "duplicate": _BY_HAND,
}
"""The command for each kind of task that is not as it should be. A task that was superseded is."""
_INTERFACE: dict[str, str] = {
    "to be made": _PUSH,
    "behind the schema": "`sayso push --update-interface` puts the schema's in its place",
    "edited in Label Studio": (
        "`sayso push --update-interface` puts the schema's in its place; to keep the edit, make it in schema.yaml"
        " and run `sayso schema build` before"
    ),
}


@dataclass(frozen=True)
class Case:
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
class Here:
    """The answers in our files.

    Attributes:
        counts: by annotator.
        outdated: how many are in the words of an older version that a migration leads from, by version.
        unknown: words that schema.yaml does not have, each with the number of answers that use it.
    """

    counts: Counter[str] = field(default_factory=Counter)
    outdated: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Adjudication:
    """How far a pass is adjudicated: documents that an adjudicator was asked about, and those that were submitted."""

    url: str
    asked: int
    submitted: int


@dataclass
class Side:
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

    place: project.Place
    url: str
    interface: str
    tasks: Counter[Kind]
    order: str = ""
    here: Here = field(default_factory=Here)
    there: Counter[str] = field(default_factory=Counter)
    adjudication: Adjudication | None = None
    cases: list[Case] = field(default_factory=list)


def status(instance: Instance, client: Client, campaign: str, interface: str | None) -> list[Side]:
    """Look at one interface, or at all that the schema has. Changes nothing."""
    known = migrations.load((instance.root / MARK).parent, load(instance.root / MARK))
    here = _here(Corpus(instance.root), campaign, known)
    sides = []
    names = [interface] if interface else list(known.schema.interfaces)
    places = [kind(campaign, name) for kind in (project.Place, Adjudicated) for name in names]
    listing = project.at(client, places)
    judged = {place.interface: listed for place, listed in listing[len(names) :]}
    for place, listed in listing[: len(names)]:
        there = client.project(listed.id) if listed else None
        seen = foreseen(instance, client, Request(place), there)
        side = Side(place, seen.url, seen.interface, seen.tasks, here=here[place.interface])
        side.cases += [*_of_interface(seen), *_of_guidelines(seen)]
        side.cases += _of_tasks(seen)
        side.cases += _of_words(side.here)
        if there:
            side.order = order.told(there.sampling)
            with looked_at(instance, client, place, there, "sayso status") as answers:
                side.there = answers.counts()
                aside = [Notice(each.doc_id, each.annotator, each.task, "", each.reason) for each in answers.aside()]
            side.cases += _of_answers(side, aside)
        if asked := judged[place.interface]:
            side.adjudication = _adjudication(instance, client, asked)
        sides.append(side)
    return sides


def _adjudication(instance: Instance, client: Client, there: Listed) -> Adjudication:
    with locked(instance.private / "sync.lock", "sayso status"), held.of_project(instance, client, there) as known:
        known.look()
        return Adjudication(f"{client.url}/projects/{there.id}", *known.progress())


def _here(corpus: Corpus, campaign: str, known: Migrations) -> dict[str, Here]:
    """What lies here of each pass: all in one reading."""
    passes: dict[str, Here] = defaultdict(Here)
    for answer in corpus.annotations(campaign):
        here = passes[answer.interface]
        here.counts[answer.annotator] += 1
        if known.route(answer.schema_version) or not known.schema.understands(answer.schema_version):
            here.outdated[answer.schema_version] += 1
        else:
            here.unknown.update(_unknown(answer, known))
    return passes


def _unknown(answer: Annotation, known: Migrations) -> set[str]:
    return {found.message.partition(" on ")[0] for found in vocabulary(of_annotation(answer, "", known.schema))}


def _of_interface(seen: Outcome) -> Iterator[Case]:
    if seen.interface != "in step":
        yield Case(f"the interface is {seen.interface}", 1, (), _INTERFACE[seen.interface])


def _of_guidelines(seen: Outcome) -> Iterator[Case]:
    if seen.guidelines.state != "in step":
        yield Case(seen.guidelines.what, 1, (), seen.guidelines.remedy)


def _of_tasks(seen: Outcome) -> Iterator[Case]:
    for kind, count in seen.tasks.items():
        if kind in SETTLED_BY:
            where = tuple(step.doc_id or f"task {step.task}" for step in seen.told if step.kind == kind)
            yield Case(f"{kind}: {MEANING[kind]}", count, where, SETTLED_BY[kind].format(url=seen.url))


def _of_words(here: Here) -> Iterator[Case]:
    for version, count in here.outdated.items():
        yield Case(f"answers in the words of schema {version}", count, (), "`sayso schema migrate`")
    if here.unknown:
        remedy = "say in schema/migrations/ what became of them, then `sayso schema migrate`"
        yield Case(
            "words in our answers that schema.yaml does not have", len(here.unknown), tuple(here.unknown), remedy
        )


def _of_answers(side: Side, aside: list[Notice]) -> Iterator[Case]:
    standing = side.there - Counter(notice.annotator for notice in aside)
    if missing := standing - side.here.counts:
        yield Case("answers that are only on the server", missing.total(), tuple(missing), "`sayso pull` brings them")
    for reason, count in Counter(notice.reason for notice in aside).items():
        where = tuple(notice.doc_id or f"task {notice.task}" for notice in aside if notice.reason == reason)
        yield Case(f"answers set aside: {reason}", count, where, f"look at {side.url}/data")
