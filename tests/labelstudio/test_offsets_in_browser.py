"""Offsets from the mouse through Chromium, Label Studio and pull: the slices are what was drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sayso import jsonl
from sayso.labelstudio import server
from sayso.labelstudio.client import LabelStudioClient
from sayso.labelstudio.codec import encode_region_id
from sayso.labelstudio.display import display_text
from sayso.models import Annotation, Mention, sha256
from sayso.schema import declarations as schemas
from sayso.settings import Checkout
from tests.command_line import run_sayso_ok
from tests.conftest import LabelStudioServer
from tests.labelling_page import LabellingPage, log_in, open_task

pytestmark = [pytest.mark.server, pytest.mark.browser]

SCHEMA = schemas.load_schema(Path(__file__).parents[2] / "schema" / "schema.yaml")

TORTURE = (
    "\n\n  \n"  # leading blank lines
    "Plain words first. Then a second sentence on the same line.  A third after two spaces.\r\n"
    "Emoji 😀 astral 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 family 👨‍👩‍👧‍👦 flag 🇺🇦 skin 👍🏽 end\n"
    "Resize me 😀😀😀 here please now\n"
    "Combining e\u0301 a\u0308o\u0304 Z\u0335a\u0335l\u0335g\u0335o\u0335 fin. "
    "Precomposed é ä too.\n"
    "Right to left: العربية والجيش قال and עברית צה״ל end\n"
    "CJK: 国防部は38機のドローンを撃墜した、と発表した。𠮷野家 end\n"
    "Carriage returns\r\nand tabs\there\tthere and no\u00a0break\u00a0spaces and "
    "zero\u200bwidth\u200djoined words\n"
    "Markup: <b>bold</b> &amp; &lt;tag&gt; <script>alert(1)</script> \"quoted\" 'single'\n"
    "Ligature ﬁne soft\u00adhyphen and the U.S.-led coalition\u2019s 1,200 men\n"
    + "long "
    * 400
    + "tail😀 of the long line\n"
    "\n\n\t \n"  # trailing blank lines
)
DRAWN = [
    "Plain words",
    "second sentence",
    "third",
    "😀 astral",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
    "family 👨‍👩‍👧‍👦 flag",
    "🇺🇦",
    "skin 👍🏽 end",
    "e\u0301 a\u0308o\u0304",
    "fin",
    "é ä",
    "العربية",
    "والجيش قال",
    "עברית",
    "国防部",
    "38機のドローン",
    "𠮷野家",
    "returns",
    "tabs\there",
    "no\u00a0break\u00a0spaces",
    "zero\u200bwidth\u200djoined",
    "<b>bold</b>",
    "&amp; &lt;tag&gt;",
    "<script>alert(1)</script>",
    "'single'",
    "ﬁne soft\u00adhyphen",
    "U.S.-led coalition",
    "1,200 men",
    "tail😀 of",
]


def find_words(words: str) -> tuple[int, int]:
    """Return the span of words that occur once in the torture text."""
    assert TORTURE.count(words) == 1, words
    start = TORTURE.index(words)
    return start, start + len(words)


@dataclass(frozen=True)
class TortureCampaign:
    """A checkout whose one article is in Label Studio, opened for labelling."""

    checkout: Checkout
    environment: dict[str, str]
    desk: LabellingPage

    def pull_annotation(self) -> Annotation:
        """Return the one annotation on disk after a pull."""
        run_sayso_ok(self.checkout.root, "pull", environment=self.environment)
        (path,) = (self.checkout.root / "corpus" / "annotations").glob("*/*.jsonl")
        (answer,) = jsonl.read(path, Annotation)
        return answer


def encode_predictions(mentions: list[Mention]) -> bytes:
    """Encode predictions for the torture text."""
    import msgspec

    return msgspec.json.encode(
        {"doc_id": "torture", "text_sha256": sha256(TORTURE), "mentions": mentions, "relations": []}
    )


@pytest.fixture
def campaign(
    checkout: Checkout, labelstudio: LabelStudioServer, request: pytest.FixtureRequest
) -> Iterator[TortureCampaign]:
    """The torture text, pushed with the predictions of the test's parameter, and opened."""
    environment = {
        "SAYSO_URL": labelstudio.url,
        "SAYSO_TOKEN": labelstudio.token,
        "SAYSO_CAMPAIGN": request.node.name[:20],
    }
    root = checkout.root
    run_sayso_ok(
        root, "ingest", "-", "--doc-id", "torture", "--language", "en", stdin=TORTURE.encode()
    )
    words = ["push", "--pass", "all"]
    if mentions := getattr(request, "param", None):
        (root / "predictions.jsonl").write_bytes(encode_predictions(mentions))
        words += ["--predictions", str(root / "predictions.jsonl")]
    run_sayso_ok(root, *words, environment=environment)
    project, task = find_pushed_task(labelstudio, environment["SAYSO_CAMPAIGN"])
    login = server.lead_credentials(labelstudio.checkout)
    with log_in(labelstudio.url, login.email, login.password) as page:
        yield TortureCampaign(
            checkout,
            environment,
            open_task(page, labelstudio.url, project, task, display_text(TORTURE)),
        )


def find_pushed_task(labelstudio: LabelStudioServer, campaign: str) -> tuple[int, int]:
    """Return the ids of a campaign's project and its one task."""
    with LabelStudioClient(labelstudio.url, labelstudio.token) as client:
        (project,) = (
            found.id for found in client.list_projects() if campaign in (found.description or "")
        )
        (task,) = client.list_task_ids(project)
    return project, task


def draw_mention(desk: LabellingPage, name: str, words: str) -> None:
    """Draw a mention over words and answer the first required question about it."""
    start, end = find_words(words)
    desk.draw(SCHEMA.labels[name].hotkey, start, end)
    desk.select(start)
    for attribute in SCHEMA.labels[name].attributes.values():
        if attribute.required:
            desk.page.keyboard.press(next(iter(attribute.values.values())).hotkey or "")


def test_what_the_mouse_draws_is_what_pull_brings(campaign: TortureCampaign) -> None:
    for words in DRAWN:
        draw_mention(campaign.desk, "Cue", words)
    assert campaign.desk.wait_for_mentions(len(DRAWN)) == DRAWN
    campaign.desk.submit()
    answer = campaign.pull_annotation()
    assert [mention.text for mention in answer.mentions] == DRAWN
    assert [TORTURE[mention.start : mention.end] for mention in answer.mentions] == DRAWN
    assert answer.kept == ()


PREDICTED = [
    Mention(
        id=f"p.{number}",
        label="Cue",
        start=find_words(words)[0],
        end=find_words(words)[1],
        text=words,
        attributes={"stance": "neutral"},
    )
    for number, words in enumerate(DRAWN)
]


@pytest.mark.parametrize("campaign", [PREDICTED], indirect=True, ids=["predicted"])
def test_a_prediction_appears_over_its_very_words_and_comes_back_as_it_was(
    campaign: TortureCampaign,
) -> None:
    assert campaign.desk.wait_for_mentions(len(DRAWN)) == DRAWN
    assert "rgba(0, 0, 0, 0)" not in campaign.desk.colours()
    campaign.desk.submit()
    answer = campaign.pull_annotation()
    assert answer.started_from == "prediction"
    assert [(m.id, m.start, m.end, m.text) for m in answer.mentions] == [
        (encode_region_id(m.id), m.start, m.end, m.text) for m in PREDICTED
    ]
    assert {mention.started_from for mention in answer.mentions} == {"prediction"}


def test_a_span_resized_across_an_emoji_is_quarantined_and_reported(
    campaign: TortureCampaign,
) -> None:
    draw_mention(campaign.desk, "Cue", "Resize me")
    campaign.desk.pull_handle("right", find_words(" please")[0])
    draw_mention(campaign.desk, "Cue", "Plain words")
    stored = campaign.desk.submit()
    ends = {item["value"]["end"] for item in stored["result"] if item["type"] == "labels"}
    assert find_words(" please")[0] not in ends, (
        "Label Studio has mended its fault: the quarantine can go"
    )
    answer = campaign.pull_annotation()
    assert [mention.text for mention in answer.mentions] == ["Plain words"]
    assert {kept.reason for kept in answer.kept} == {
        "an edge inside a word, as resizing across an emoji leaves it"
    }
