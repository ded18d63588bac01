"""Offsets, proven where they are made: the mouse, Chromium, Label Studio, pull. The slices are the words drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sayso import jsonl
from sayso import schema as schemas
from sayso.records import Annotation, Mention, sha256
from sayso.settings import Instance
from sayso.studio import server
from sayso.studio.client import Client
from sayso.studio.codec import styled
from sayso.studio.display import displayed
from tests.commands import done
from tests.conftest import Studio
from tests.labelling import Desk, logged_in, open_task

pytestmark = [pytest.mark.server, pytest.mark.browser]

SCHEMA = schemas.load(Path(__file__).parents[2] / "schema" / "schema.yaml")

TORTURE = (
    "\n\n  \n"  # leading blank lines
    "Plain words first. Then a second sentence on the same line.  A third after two spaces.\r\n"
    "Emoji 😀 astral 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 family 👨‍👩‍👧‍👦 flag 🇺🇦 skin 👍🏽 end\n"
    "Resize me 😀😀😀 here please now\n"
    "Combining e\u0301 a\u0308o\u0304 Z\u0335a\u0335l\u0335g\u0335o\u0335 fin. Precomposed é ä too.\n"
    "Right to left: العربية والجيش قال and עברית צה״ל end\n"
    "CJK: 国防部は38機のドローンを撃墜した、と発表した。𠮷野家 end\n"
    "Carriage returns\r\nand tabs\there\tthere and no\u00a0break\u00a0spaces and zero\u200bwidth\u200djoined words\n"
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


def place(words: str) -> tuple[int, int]:
    """Where words stand in the torture text; each stands there once."""
    assert TORTURE.count(words) == 1, words
    start = TORTURE.index(words)
    return start, start + len(words)


@dataclass(frozen=True)
class Campaign:
    """A checkout whose one article lies in Label Studio, and the desk of whoever labels it there."""

    instance: Instance
    environment: dict[str, str]
    desk: Desk

    def pull(self) -> Annotation:
        """The one answer, as it is on disk after a pull."""
        done(self.instance.root, "pull", environment=self.environment)
        (path,) = (self.instance.root / "corpus" / "annotations").glob("*/*.jsonl")
        (answer,) = jsonl.read(path, Annotation)
        return answer


def reference(mentions: list[Mention]) -> bytes:
    """A file of predictions for the torture text."""
    import msgspec

    return msgspec.json.encode(
        {"doc_id": "torture", "text_sha256": sha256(TORTURE), "mentions": mentions, "relations": []}
    )


@pytest.fixture
def campaign(instance: Instance, studio: Studio, request: pytest.FixtureRequest) -> Iterator[Campaign]:
    """The torture text pushed by our own command, with the predictions that the test asks for, and opened."""
    environment = {"SAYSO_URL": studio.url, "SAYSO_TOKEN": studio.token, "SAYSO_CAMPAIGN": request.node.name[:20]}
    root = instance.root
    done(root, "ingest", "-", "--doc-id", "torture", "--language", "en", stdin=TORTURE.encode())
    words = ["push", "--interface", "all"]
    if mentions := getattr(request, "param", None):
        (root / "predictions.jsonl").write_bytes(reference(mentions))
        words += ["--predictions", str(root / "predictions.jsonl")]
    done(root, *words, environment=environment)
    project, task = pushed(studio, environment["SAYSO_CAMPAIGN"])
    login = server.credentials(studio.instance)
    with logged_in(studio.url, login.email, login.password) as page:
        yield Campaign(instance, environment, open_task(page, studio.url, project, task, displayed(TORTURE)))


def pushed(studio: Studio, campaign: str) -> tuple[int, int]:
    """The project of a campaign and its one task, as the server knows them."""
    with Client(studio.url, studio.token) as client:
        (project,) = (found.id for found in client.projects() if campaign in (found.description or ""))
        (task,) = client.numbers(project)
    return project, task


def label(desk: Desk, name: str, words: str) -> None:
    """Draw a mention over words and answer the first required question about it."""
    start, end = place(words)
    desk.draw(SCHEMA.labels[name].hotkey, start, end)
    desk.select(start)
    for attribute in SCHEMA.labels[name].attributes.values():
        if attribute.required:
            desk.page.keyboard.press(next(iter(attribute.values.values())).hotkey or "")


def test_what_the_mouse_draws_is_what_pull_brings(campaign: Campaign) -> None:
    for words in DRAWN:
        label(campaign.desk, "Cue", words)
    assert campaign.desk.shown(len(DRAWN)) == DRAWN
    campaign.desk.submit()
    answer = campaign.pull()
    assert [mention.text for mention in answer.mentions] == DRAWN
    assert [TORTURE[mention.start : mention.end] for mention in answer.mentions] == DRAWN
    assert answer.kept == ()


PREDICTED = [
    Mention(id=f"p.{number}", label="Cue", start=place(words)[0], end=place(words)[1], text=words,
            attributes={"stance": "neutral"})
    for number, words in enumerate(DRAWN)
]  # fmt: skip


@pytest.mark.parametrize("campaign", [PREDICTED], indirect=True, ids=["predicted"])
def test_a_prediction_appears_over_its_very_words_and_comes_back_as_it_was(campaign: Campaign) -> None:
    assert campaign.desk.shown(len(DRAWN)) == DRAWN
    assert "rgba(0, 0, 0, 0)" not in campaign.desk.colours()
    campaign.desk.submit()
    answer = campaign.pull()
    assert answer.started_from == "prediction"
    assert [(m.id, m.start, m.end, m.text) for m in answer.mentions] == [
        (styled(m.id), m.start, m.end, m.text) for m in PREDICTED
    ]
    assert {mention.started_from for mention in answer.mentions} == {"prediction"}


def test_a_span_resized_across_an_emoji_is_quarantined_and_reported(campaign: Campaign) -> None:
    label(campaign.desk, "Cue", "Resize me")
    campaign.desk.pull_handle("right", place(" please")[0])
    label(campaign.desk, "Cue", "Plain words")
    stored = campaign.desk.submit()
    ends = {item["value"]["end"] for item in stored["result"] if item["type"] == "labels"}
    assert place(" please")[0] not in ends, "Label Studio has mended its fault: the quarantine can go"
    answer = campaign.pull()
    assert [mention.text for mention in answer.mentions] == ["Plain words"]
    assert {kept.reason for kept in answer.kept} == {"an edge inside a word, as resizing across an emoji leaves it"}
