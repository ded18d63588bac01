"""Whatever is sent to the editor comes back: opened in a real Chromium, submitted, decoded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random

import msgspec
import pytest
from playwright.sync_api import Page

from sayso import jsonl
from sayso.labelstudio import server
from sayso.labelstudio.codec import encode_region_id
from sayso.labelstudio.display import display_text
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
from tests.conftest import REPOSITORY, LabelStudioServer
from tests.labelling_page import log_in, open_task
from tests.labelstudio.sample_campaign import SampleCampaign, sample_document

pytestmark = [pytest.mark.server, pytest.mark.browser]

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
    return Mention(
        id=name,
        label=label,
        start=start,
        end=end,
        text=text[start:end],
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


def test_predictions_submitted_as_they_are_come_back_whole(
    campaign: SampleCampaign, page: Page, tmp_path: Path
) -> None:
    drawn = [draw_document(number, Random(number)) for number in range(8)]
    campaign.write_documents(*(document for document, _annotation in drawn))
    path = tmp_path / "predictions.jsonl"
    jsonl.write(path, (annotation for _document, annotation in drawn))
    campaign.push(predictions=path)
    tasks = campaign.fetch_tasks()
    for document, annotation in drawn:
        desk = open_task(
            page,
            campaign.labelstudio.url,
            campaign.project,
            tasks[document.doc_id]["id"],
            display_text(document.text),
        )
        page.wait_for_function(
            "count => Htx.annotationStore.selected.regions"
            ".filter(region => !region.classification).length === count",
            arg=len(annotation.mentions),
        )
        desk.submit()
    campaign.pull()
    pulled = {annotation.doc_id: annotation for annotation in campaign.read_annotations()}
    for document, annotation in drawn:
        found, replace = pulled[document.doc_id], msgspec.structs.replace
        assert found.kept == ()
        assert found.note == annotation.note
        assert found.mentions == sort_mentions(
            replace(each, id=encode_region_id(each.id), started_from="prediction")
            for each in annotation.mentions
        )
        assert found.relations == sort_relations(
            replace(each, head=encode_region_id(each.head), tail=encode_region_id(each.tail))
            for each in annotation.relations
        )
