"""The page as a file: whole, the same each time, of one piece, and never more than texts where texts are shown."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from sayso.checks.schema_checks import CLAIM, COUNT
from sayso.corpus.items import AnnotationFilter
from sayso.corpus.sources import CorpusFiles
from sayso.errors import InputError, SpanError
from sayso.reports import count_algebra
from sayso.reports.corpus_report import BLOCK_DOCUMENTS, build_banner, write_report
from sayso.reports.corpus_statistics import count_corpus
from sayso.settings import Checkout
from tests.command_line import run_sayso, run_sayso_ok
from tests.conftest import REPOSITORY
from tests.dataset.samples import SCHEMA, make_annotation, make_document, write_corpus
from tests.reports.sample_corpus import (
    HOSTILE,
    MAIN_TEXT,
    main_annotation,
    main_document,
    write_sample_corpus,
)


class PageElements(HTMLParser):
    """Every element of a page with its attributes, and what stands in scripts and styles."""

    def __init__(self, content: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[tuple[str, dict[str, str | None], str]] = []
        self.feed(content)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.cdata_elem:
            self.inside.append((*self.found[-1], data))

    def scripts(self) -> list[str]:
        """What would run."""
        return ["".join(text) for tag, attrs, *text in self.inside if tag == "script" and not attrs]

    def json(self, name: str) -> Any:
        """What the element of that id holds."""
        return json.loads(
            "".join(data for _tag, attrs, data in self.inside if attrs.get("id") == name)
        )


def load_report(checkout: Checkout, choice: AnnotationFilter | None = None) -> PageElements:
    out = checkout.root / "page.html"
    write_report(checkout, out, choice)
    return PageElements(out.read_text(encoding="utf-8"))


@pytest.fixture
def world(checkout: Checkout) -> Checkout:
    write_sample_corpus(checkout.root, adjudicated=True)
    return checkout


def test_a_second_run_changes_nothing(world: Checkout) -> None:
    out = world.root / "page.html"
    first, content = write_report(world, out), out.read_bytes()
    again = write_report(world, out)
    assert first.changed and not again.changed
    assert out.read_bytes() == content and first.size == len(content)
    assert [path.name for path in out.parent.iterdir() if path.name.startswith("page")] == [
        "page.html"
    ]


def test_the_bytes_hang_on_nothing_but_the_corpus(world: Checkout) -> None:
    written = []
    for seed in ("1", "2"):
        out = world.root / f"{seed}.html"
        run_sayso_ok(
            world.root,
            "report",
            "--out",
            str(out),
            environment={"PYTHONHASHSEED": seed, "TZ": f"UTC{seed}"},
        )
        written.append(out.read_bytes())
    assert written[0] == written[1]


def test_a_wrong_offset_leaves_the_old_page(world: Checkout) -> None:
    out = world.root / "page.html"
    write_report(world, out)
    content = out.read_bytes()
    path = CorpusFiles(world.root).annotation_file("trial", "ann-1")
    *others, last = path.read_text(encoding="utf-8").splitlines()
    moved = json.loads(last)
    moved["mentions"][0]["start"] += 1
    moved["mentions"][0]["end"] += 1
    path.write_text("\n".join([*others, json.dumps(moved), ""]), encoding="utf-8")
    with pytest.raises(SpanError, match="is not what stands there"):
        write_report(world, out)
    assert out.read_bytes() == content


def test_a_reading_of_another_text_or_of_no_document_is_refused(checkout: Checkout) -> None:
    other = make_document("said", f"{MAIN_TEXT} ")
    write_corpus(checkout.root, [other], [main_annotation()])
    with pytest.raises(InputError, match="another text"):
        write_report(checkout, checkout.root / "page.html")
    write_corpus(checkout.root, [make_document("elsewhere", "x")], [main_annotation()])
    with pytest.raises(InputError, match="which is not there"):
        write_report(checkout, checkout.root / "page.html")
    assert not (checkout.root / "page.html").exists()


def test_nothing_on_the_page_leads_outside(world: Checkout) -> None:
    found = load_report(world)
    for tag, attrs in found.found:
        assert tag not in (
            "link",
            "img",
            "iframe",
            "object",
            "embed",
            "base",
            "form",
            "image",
            "use",
            "foreignobject",
        ), tag
        assert not {"src", "srcset", "style", "action", "data"} & attrs.keys(), (tag, attrs)
        assert not [name for name in attrs if name.startswith("on")]
        assert (attrs.get("href") or "#").startswith("#")
    styles = "".join(data for tag, _attrs, data in found.inside if tag == "style")
    assert "url(" not in styles and "@import" not in styles and "@font-face" not in styles


def test_only_the_script_and_style_of_the_page_may_run(world: Checkout) -> None:
    found = load_report(world)
    (policy,) = [
        attrs["content"]
        for tag, attrs in found.found
        if attrs.get("http-equiv") == "Content-Security-Policy"
    ]
    (script,) = found.scripts()
    (style,) = ["".join(data) for tag, _attrs, *data in found.inside if tag == "style"]
    hashes = [
        base64.b64encode(hashlib.sha256(each.encode()).digest()).decode()
        for each in (style, script)
    ]
    rules = "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'"
    assert policy == rules.format(*hashes)
    assert (
        "innerHTML" not in script and "eval(" not in script and "insertAdjacentHTML" not in script
    )


def test_a_text_that_is_a_program_stays_a_text(world: Checkout) -> None:
    out = world.root / "page.html"
    found = load_report(world)
    content = out.read_text(encoding="utf-8")
    assert "<script>document.title" not in content and "<img" not in content
    listed = found.json("summaries-0")
    assert [row[1] for row in listed if row[0] == "hostile"] == [HOSTILE]
    (text,) = [row[0] for row in found.json("documents-0") if row[0].startswith("Before")]
    assert text == f"Before {HOSTILE} after"


def test_offsets_and_words_come_back_as_they_stand_in_the_records(world: Checkout) -> None:
    found = load_report(world)
    facts, listed, documents = (
        found.json("page-data"),
        found.json("summaries-0"),
        found.json("documents-0"),
    )
    (at,) = [place for place, row in enumerate(listed) if row[0] == "said"]
    text, readings = documents[at]
    assert text == MAIN_TEXT and [facts["annotators"][each[0]][0] for each in readings] == [
        "gold",
        "ann-1",
        "ann-2",
        "draft",
    ]
    for mention, record in zip(readings[1][2], main_annotation().mentions, strict=True):
        assert mention[:3] == [record.id, record.start, record.end]
        label = facts["labels"][mention[3]]
        assert label["name"] == record.label
        for value, attribute in zip(mention[4], label["attributes"], strict=False):
            told = (
                attribute["values"][value]
                if attribute["values"] and isinstance(value, int)
                else value
            )
            assert told == record.attributes.get(attribute["name"])
    ids = [mention[0] for mention in readings[1][2]]
    ((kind, whole, parts, state, total, _told),) = readings[1][4]
    assert [kind, ids[whole], [ids[part] for part in parts], state, total] == [
        "part_of",
        "whole",
        ["one", "two"],
        "may add up",
        "36..38",
    ]


def test_claims_stand_with_who_says_and_how_many(world: Checkout) -> None:
    found = load_report(world)
    facts, rows = found.json("page-data"), found.json("claims-0")
    mine = [
        row
        for row in rows
        if row[2] == "claim"
        and facts["annotators"][row[1]][0] == "ann-1"
        and row[5].startswith("38")
    ]
    ((_document, _reader, _id, start, end, text, _flag, asked, ends),) = mine
    assert MAIN_TEXT[start:end] == text == "38 drones 𝒻ell"
    named = dict(zip(facts["claim_relations"], ends, strict=True))
    assert named["source"] == [["ministry", "Ministry of Defence"]]
    assert named["quantity"] == [["38 drones", "38", 38, 38]] and named["where"] == []
    certainty = next(a for a in facts["labels"][3]["attributes"] if a["name"] == "certainty")
    assert certainty["values"][asked[facts["claim_attributes"].index("certainty")]] == "probable"


def test_what_the_schema_does_not_know_is_shown_as_it_came(checkout: Checkout) -> None:
    record = main_annotation()
    strange = record.mentions[0].__class__(
        id="x", label="Rumour", start=0, end=1, text=MAIN_TEXT[0], attributes={"tone": "low"}
    )
    write_corpus(checkout.root, [main_document()], [make_annotation(main_document(), strange)])
    mention = load_report(checkout).json("documents-0")[0][1][0][2][0]
    assert mention[3:5] == ["Rumour", [["tone", "low"]]]


def test_many_documents_lie_in_blocks(checkout: Checkout) -> None:
    count = 2 * BLOCK_DOCUMENTS + 3
    write_corpus(
        checkout.root, [make_document(f"d{place:04d}", f"Text {place}.") for place in range(count)]
    )
    found = load_report(checkout)
    sizes = [len(found.json(f"documents-{place}")) for place in range(3)]
    assert sizes == [BLOCK_DOCUMENTS, BLOCK_DOCUMENTS, 3]
    assert found.json("documents-2")[2][0] == f"Text {count - 1}."


@pytest.mark.parametrize(
    ("choice", "said_first"),
    [
        (
            AnnotationFilter(annotators=frozenset({"draft"}), kinds=frozenset({"program"})),
            "A program annotated this; nobody has adjudicated it.",
        ),
        (
            AnnotationFilter(
                annotators=frozenset({"ann-1", "draft"}), kinds=frozenset({"human", "program"})
            ),
            "Nobody has adjudicated this yet.",
        ),
        (AnnotationFilter(), "1 of 3 documents are adjudicated."),
    ],
)
def test_the_banner_says_who_made_what_is_shown(
    world: Checkout, choice: AnnotationFilter, said_first: str
) -> None:
    assert (
        build_banner(count_corpus(CorpusFiles(world.root), SCHEMA, choice)).headline == said_first
    )
    write_report(world, world.root / "page.html", choice)
    assert html.escape(said_first) in (world.root / "page.html").read_text(encoding="utf-8")


def test_an_empty_corpus_is_said_to_be_empty(checkout: Checkout) -> None:
    found = load_report(checkout)
    assert (
        build_banner(count_corpus(CorpusFiles(checkout.root), SCHEMA)).headline
        == "Nothing is annotated yet."
    )
    assert found.json("page-data")["documents"] == 0


def test_the_command_tells_what_it_wrote(world: Checkout) -> None:
    first = json.loads(run_sayso_ok(world.root, "report", "--json"))
    assert first["changed"] and Path(first["file"]) == world.root / "build" / "report.html"
    assert (first["documents"], first["annotations"], first["adjudicated"]) == (3, 5, 1)
    assert not json.loads(run_sayso_ok(world.root, "report", "--json"))["changed"]
    assert "nothing changed" in run_sayso(world.root, "report").stderr
    chosen = json.loads(
        run_sayso_ok(
            world.root,
            "report",
            "--annotator",
            "ann-2",
            "--out",
            str(world.root / "x.html"),
            "--json",
        )
    )
    assert (chosen["annotations"], chosen["claims"]) == (1, 1)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--annotator", "nobody"), "nothing of nobody"),
        (("--campaign", "none"), "nothing of none"),
        (("--gold",), "nothing is adjudicated"),
    ],
)
def test_a_choice_that_nothing_fits_is_one_line(
    checkout: Checkout, words: tuple[str, ...], told: str
) -> None:
    write_sample_corpus(checkout.root)
    result = run_sayso(checkout.root, "report", *words)
    assert result.returncode == 7 and told in result.stderr and result.stderr.count("\n") == 1
    assert not (checkout.root / "build").exists()


def test_a_folder_that_cannot_be_written_is_one_line(world: Checkout) -> None:
    (world.root / "build").write_text("a file")
    result = run_sayso(world.root, "report")
    assert result.returncode == 10 and result.stderr.count("\n") == 1


def test_the_words_of_the_report_are_words_of_the_schema() -> None:
    """What the report spells by name is in schema.yaml."""
    assert {count_algebra.ADDS_TO, count_algebra.RESTATES} <= SCHEMA.relations.keys()
    assert {count_algebra.APPROX, count_algebra.VAGUE} <= SCHEMA.labels[COUNT].attributes[
        "kind"
    ].values.keys()
    assert {"type", "certainty"} <= SCHEMA.labels[CLAIM].attributes.keys()
    script = (REPOSITORY / "scripts/sayso/reports/report.js").read_text(encoding="utf-8")
    (named,) = re.findall(r"const relationTitles = \{(.*)\}", script)
    assert set(re.findall(r"(\w+):", named)) <= SCHEMA.relations.keys()
    assert "negative" in SCHEMA.labels["Claim"].attributes["polarity"].values
