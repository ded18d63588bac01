"""Whatever is sent to the editor comes back: opened in a real Chromium, submitted, decoded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import msgspec
import pytest
from playwright.sync_api import Page

from sayso import jsonl
from sayso.adjudication.adjudication_cases import AdjudicationRequest, iterate_adjudication_cases
from sayso.adjudication.candidates import collect_candidates
from sayso.adjudication.contents import labelled_span_of
from sayso.adjudication.decisions import Decision, build_gold, restore_decision
from sayso.adjudication.gold_writer import gold_path
from sayso.labelstudio import project, server
from sayso.labelstudio.adjudication.adjudication_interface import VERDICT_HOTKEYS
from sayso.labelstudio.adjudication.adjudication_project import AdjudicationProject
from sayso.labelstudio.adjudication.adjudication_tasks import open_adjudication_tasks, read_decision
from sayso.labelstudio.adjudication.questions import AdjudicationQuestion
from sayso.labelstudio.adjudication.task_push import AdjudicationPushRequest, push_adjudication
from sayso.labelstudio.adjudication.verdicts import decode_decision
from sayso.labelstudio.codec import encode_region_id
from sayso.labelstudio.controls import KEEP
from sayso.labelstudio.pseudonyms import fetch_annotators
from sayso.models import (
    Annotation,
    AttributeValue,
    Document,
    Mention,
    Relation,
    sort_mentions,
    sort_relations,
)
from sayso.schema.declarations import Attribute, load_schema
from tests.adjudication.test_adjudication_properties import answer_question
from tests.conftest import REPOSITORY, LabelStudioServer
from tests.dataset.samples import make_mention
from tests.labelling_page import LabellingPage, log_in
from tests.labelstudio.sample_campaign import SampleCampaign, sample_document
from tests.labelstudio.test_adjudicate_in_browser import NEXT
from tests.labelstudio.test_interface_in_browser import key

pytestmark = [pytest.mark.server, pytest.mark.browser]

REGIONS = "Htx.annotationStore.selected.regions.filter(region => !region.classification)"
OPENED = f"""counts => window.Htx?.task && Htx.annotationStore.selected
    && counts[Htx.task.id] === {REGIONS}.length"""
UNDECIDED = f"""() => {REGIONS}
    .filter(region => !region.results.some(result => result.from_name.name === 'verdict')).length"""

DOCUMENTS = 6  # of each kind: opening one takes seconds
SCHEMA = load_schema(REPOSITORY / "schema" / "schema.yaml")
WORDS = ["The", "mayor", "of", "Kyiv", "said", "38", "drones", "fell", "no-one", "O’Neil", "&"]
WORDS += ["😀", "<b>", "𝔘nit", "&amp;", "שלום", "e\u0301te", "👨‍👩‍👧"]
TYPED = ["Sergei “S.” 😀", "<i>&amp;</i>", "$text", "Q649", "a, b; c", "  spaced  ", "two\nlines"]
IDS = ["m0", "A.c1", "b:2", "é", "ok-1_a", "m5", "m6"]


def draw_value(attribute: Attribute, chance: Random) -> AttributeValue:
    """Draw a value of any kind of attribute."""
    if attribute.is_closed:
        return chance.choice(list(attribute.values))
    if attribute.kind == "integer":
        return chance.choice([0, 1, 38, 10**9])
    return chance.choice(TYPED)


def draw_mention(name: str, text: str, chance: Random) -> Mention:
    """Draw a mention of whole words, with every required attribute."""
    words = list(re.finditer(r"\S+", text))
    first = chance.randrange(len(words))
    start, end = words[first].start(), chance.choice(words[first : first + 5]).end()
    label = chance.choice(list(SCHEMA.labels))
    attributes = {
        asked: draw_value(attribute, chance)
        for asked, attribute in SCHEMA.labels[label].attributes.items()
        if attribute.required or chance.random() < 0.5
    }
    return make_mention(
        name,
        label,
        text,
        start,
        end,
        attributes=attributes,
        flag=chance.choice([None, *SCHEMA.flags]),
        note=chance.choice([None, *TYPED]),
    )


def draw_relations(mentions: list[Mention], chance: Random) -> list[Relation]:
    """Draw several relations from some mentions to others, both ways and of one with itself."""
    ids = [mention.id for mention in mentions]
    pairs = [(chance.choice(ids), chance.choice(ids)) for _ in range(4)]
    pairs += [(tail, head) for head, tail in pairs[:2]]
    relations = {
        Relation(type=name, head=head, tail=tail)
        for head, tail in pairs
        for name in chance.sample(list(SCHEMA.relations), chance.randint(1, 3))
    }
    return sorted(relations, key=str)


def draw_document(number: int, chance: Random) -> tuple[Document, Annotation]:
    """Draw a text, and an annotation of it whose mentions overlap."""
    words = chance.choices(WORDS, k=25)
    text = "".join(word + chance.choice([" ", " ", " ", "\n", "\n\n"]) for word in words).strip()
    document = sample_document(number, text)
    mentions = [draw_mention(name, text, chance) for name in IDS[: chance.randint(2, 7)]]
    annotation = Annotation(
        doc_id=document.doc_id,
        text_sha256=document.text_sha256,
        campaign="drawn",
        interface="all",
        annotator="drawn",
        annotator_kind="program",
        schema_version=SCHEMA.version,
        status="submitted",
        created="2026-01-01T00:00:00Z",
        updated="2026-01-01T00:00:00Z",
        mentions=sort_mentions(mentions),
        relations=sort_relations(draw_relations(mentions, chance)),
        note=chance.choice([None, *TYPED]),
    )
    return document, annotation


@pytest.fixture
def page(labelstudio: LabelStudioServer) -> Iterator[Page]:
    login = server.lead_credentials(labelstudio.checkout)
    with log_in(labelstudio.url, login.email, login.password, height=1000) as page:
        yield page


def submit_all(page: Page, url: str, project: int, tasks: dict[int, int], *keys: str) -> None:
    """Submit every task of a project as the editor serves it, given with its number of mentions.

    Before, press keys once for each mention that has no verdict.
    """
    page.goto(f"{url}/projects/{project}/data?labeling=1")
    instructions = page.locator(".lsf-modal-ls_visible", has_text="Labeling Instructions")
    instructions.wait_for(timeout=60_000)
    page.keyboard.press("Escape")
    instructions.wait_for(state="hidden")
    left = {str(task): count for task, count in tasks.items()}
    while left:
        page.wait_for_function(OPENED, arg=left, timeout=60_000)
        page.wait_for_timeout(500)  # what answers to keys is there a moment after the text
        del left[str(page.evaluate("() => Htx.task.id"))]
        for pressed in keys * page.evaluate(UNDECIDED):
            page.keyboard.press(pressed)
            page.wait_for_timeout(50)
        LabellingPage(page, "").submit()


def test_predictions_submitted_as_they_are_come_back_whole(
    campaign: SampleCampaign, page: Page, tmp_path: Path
) -> None:
    drawn = [draw_document(number, Random(number)) for number in range(DOCUMENTS)]
    campaign.write_documents(*(document for document, _annotation in drawn))
    path = tmp_path / "predictions.jsonl"
    jsonl.write(path, (annotation for _document, annotation in drawn))
    campaign.push(predictions=path)
    tasks = campaign.fetch_tasks()
    counts = {tasks[each.doc_id]["id"]: len(each.mentions) for _document, each in drawn}
    submit_all(page, campaign.labelstudio.url, campaign.project, counts)
    campaign.pull()
    pulled = {annotation.doc_id: annotation for annotation in campaign.read_annotations()}
    for document, annotation in drawn:
        found, replace = pulled[document.doc_id], msgspec.structs.replace
        assert (found.note, found.kept) == (annotation.note, ())
        assert found.mentions == sort_mentions(
            replace(each, id=encode_region_id(each.id), started_from="prediction")
            for each in annotation.mentions
        )
        assert found.relations == sort_relations(
            replace(each, head=encode_region_id(each.head), tail=encode_region_id(each.tail))
            for each in annotation.relations
        )


def draw_second(first: Annotation, text: str, chance: Random) -> Annotation:
    """Draw an annotation that differs in a mention, some relations and the remarks."""
    kept = list(first.mentions[1:])
    mentions = [*kept, draw_mention("new", text, chance)]
    ids = {mention.id for mention in mentions}
    relations = [each for each in first.relations if {each.head, each.tail} <= ids]
    relations = [*relations[1:], *draw_relations(mentions, chance)[:2]]
    return msgspec.structs.replace(
        first,
        annotator="second",
        mentions=sort_mentions(mentions),
        relations=sort_relations(set(relations)),
        note=chance.choice([None, *TYPED]),
    )


def make_decision(annotation: Annotation) -> Decision:
    """Accept an annotation with its remarks, and of each labelled span one mention."""
    mentions = {labelled_span_of(each): each for each in annotation.mentions}.values()
    ids = {mention.id for mention in mentions}
    relations = tuple(each for each in annotation.relations if {each.head, each.tail} <= ids)
    made_at = annotation.updated
    note = annotation.note
    return Decision(tuple(mentions), relations, "adjudicated", made_at, "judge", note)


def test_what_an_adjudicator_submits_is_decided_as_it_was_asked(
    campaign: SampleCampaign, page: Page
) -> None:
    """Half of the documents have been adjudicated once, before the second annotator came."""
    name, corpus = campaign.project_key.campaign, campaign.corpus
    drawn = [draw_document(number, Random(100 + number)) for number in range(DOCUMENTS)]
    firsts = [
        msgspec.structs.replace(each, annotator="first", annotator_kind="human", campaign=name)
        for _document, each in drawn
    ]
    seconds = [
        draw_second(first, document.text, Random(200 + number))
        for number, ((document, _annotation), first) in enumerate(zip(drawn, firsts, strict=True))
    ]
    campaign.write_documents(*(document for document, _annotation in drawn))
    corpus.write_annotations(name, "first", firsts)
    corpus.write_annotations(name, "second", seconds)
    jsonl.write(
        gold_path(corpus, name),
        [
            build_gold(
                collect_candidates([first], SCHEMA), document, make_decision(first), SCHEMA.version
            )
            for (document, _annotation), first in list(zip(drawn, firsts, strict=True))[::2]
        ],
    )
    push_adjudication(campaign.checkout, campaign.client, AdjudicationPushRequest(name, "all"))
    found = project.find_project(campaign.client, AdjudicationProject(name, "all"))
    assert found
    request = AdjudicationRequest(name, "all")
    cases = list(iterate_adjudication_cases(corpus, SCHEMA, request))
    questions = {
        case.document.doc_id: AdjudicationQuestion(
            case.document,
            case.candidates,
            SCHEMA,
            restore_decision(case.gold, case.candidates) if case.gold else None,
        )
        for case in cases
        if case.candidates
    }
    tasks = {task["data"]["doc_id"]: task["id"] for task in campaign.fetch_full_tasks(found.id)}
    assert tasks.keys() == questions.keys() == {document.doc_id for document, _first in drawn}
    counts = {tasks[name]: len(each.context.regions) for name, each in questions.items()}
    keep = key(VERDICT_HOTKEYS[KEEP])
    submit_all(page, campaign.labelstudio.url, found.id, counts, NEXT, keep)

    annotators = fetch_annotators(campaign.checkout, campaign.client, found)
    with open_adjudication_tasks(campaign.checkout, campaign.client, found) as known:
        known.refresh()
        for doc_id, question in questions.items():
            decided, problem = read_decision(
                known.find_tasks(doc_id), question.document, SCHEMA, annotators, "all"
            )
            assert decided is not None, problem
            assert decided.adjudicator
            asked = decode_decision(
                answer_question(question, KEEP),
                question.context,
                question.document.text,
                SCHEMA,
                pass_name="all",
                adjudicator=decided.adjudicator,
                adjudicator_kind=decided.adjudicator_kind,
                decided_at=decided.decided_at,
            )
            mentions = tuple(
                msgspec.structs.replace(each, started_from=None) for each in decided.mentions
            )
            assert replace(decided, mentions=mentions) == asked
