"""The file of the corpus report: complete, stable, self-contained and safe."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from sayso.corpus.items import AnnotationFilter
from sayso.corpus.sources import CorpusFiles
from sayso.errors import InputError, SpanError
from sayso.reports.corpus_report import BLOCK_DOCUMENTS, build_banner, write_report
from sayso.settings import Checkout
from tests.command_line import run_sayso, run_sayso_ok
from tests.dataset.samples import make_annotation, make_document, write_corpus
from tests.reports.sample_corpus import (
    HOSTILE,
    MAIN_TEXT,
    count_corpus,
    main_annotation,
    main_document,
    write_sample_corpus,
)


class PageElements(HTMLParser):
    """The elements of a page with their attributes, and the contents of scripts and styles."""

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
        """Return the scripts that would run."""
        return ["".join(text) for tag, attrs, *text in self.inside if tag == "script" and not attrs]

    def json(self, name: str) -> Any:
        """Parse the JSON in the element with an id."""
        return json.loads(
            "".join(data for _tag, attrs, data in self.inside if attrs.get("id") == name)
        )


def load_report(checkout: Checkout, selection: AnnotationFilter | None = None) -> PageElements:
    out = checkout.root / "page.html"
    write_report(checkout, out, selection)
    return PageElements(out.read_text(encoding="utf-8"))


@pytest.fixture
def sample_checkout(checkout: Checkout) -> Checkout:
    write_sample_corpus(checkout.root, adjudicated=True)
    return checkout


def test_a_second_run_changes_nothing(sample_checkout: Checkout) -> None:
    out = sample_checkout.root / "page.html"
    first, content = write_report(sample_checkout, out), out.read_bytes()
    again = write_report(sample_checkout, out)
    assert first.changed and not again.changed
    assert out.read_bytes() == content and first.size == len(content)
    assert [path.name for path in out.parent.iterdir() if path.name.startswith("page")] == [
        "page.html"
    ]


def test_the_bytes_depend_on_the_corpus_alone(sample_checkout: Checkout) -> None:
    written = []
    for seed in ("1", "2"):
        out = sample_checkout.root / f"{seed}.html"
        run_sayso_ok(
            sample_checkout.root,
            "report",
            "--out",
            str(out),
            environment={"PYTHONHASHSEED": seed, "TZ": f"UTC{seed}"},
        )
        written.append(out.read_bytes())
    assert written[0] == written[1]


def test_a_wrong_offset_keeps_the_old_page(sample_checkout: Checkout) -> None:
    out = sample_checkout.root / "page.html"
    write_report(sample_checkout, out)
    content = out.read_bytes()
    path = CorpusFiles(sample_checkout.root).annotation_file("trial", "ann-1")
    *others, last = path.read_text(encoding="utf-8").splitlines()
    moved = json.loads(last)
    moved["mentions"][0]["start"] += 1
    moved["mentions"][0]["end"] += 1
    path.write_text("\n".join([*others, json.dumps(moved), ""]), encoding="utf-8")
    with pytest.raises(SpanError, match="is not what stands there"):
        write_report(sample_checkout, out)
    assert out.read_bytes() == content


def test_annotations_of_another_text_or_a_missing_document_are_refused(checkout: Checkout) -> None:
    other = make_document("said", f"{MAIN_TEXT} ")
    write_corpus(checkout.root, [other], [main_annotation()])
    with pytest.raises(InputError, match="another text"):
        write_report(checkout, checkout.root / "page.html")
    write_corpus(checkout.root, [make_document("elsewhere", "x")], [main_annotation()])
    with pytest.raises(InputError, match="which is not there"):
        write_report(checkout, checkout.root / "page.html")
    assert not (checkout.root / "page.html").exists()


def test_the_page_refers_to_nothing_outside(sample_checkout: Checkout) -> None:
    found = load_report(sample_checkout)
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


def test_the_content_security_policy_admits_only_the_script_and_style_of_the_page(
    sample_checkout: Checkout,
) -> None:
    found = load_report(sample_checkout)
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
    rules = (
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert policy == rules.format(*hashes)
    assert (
        "innerHTML" not in script and "eval(" not in script and "insertAdjacentHTML" not in script
    )


def test_markup_in_texts_is_escaped(sample_checkout: Checkout) -> None:
    out = sample_checkout.root / "page.html"
    found = load_report(sample_checkout)
    content = out.read_text(encoding="utf-8")
    assert "<script>document.title" not in content and "<img" not in content
    summaries = found.json("summaries-0")
    assert [row[1] for row in summaries if row[0] == "hostile"] == [HOSTILE]
    (text,) = [row[0] for row in found.json("documents-0") if row[0].startswith("Before")]
    assert text == f"Before {HOSTILE} after"


def test_packed_mentions_match_the_records(sample_checkout: Checkout) -> None:
    found = load_report(sample_checkout)
    page_data, summaries, documents = (
        found.json("page-data"),
        found.json("summaries-0"),
        found.json("documents-0"),
    )
    (at,) = [index for index, row in enumerate(summaries) if row[0] == "said"]
    text, records = documents[at]
    assert text == MAIN_TEXT and [page_data["annotators"][each[0]][0] for each in records] == [
        "gold",
        "ann-1",
        "ann-2",
        "draft",
    ]
    for mention, record in zip(records[1][2], main_annotation().mentions, strict=True):
        assert mention[:3] == [record.id, record.start, record.end]
        label = page_data["labels"][mention[3]]
        assert label["name"] == record.label
        for value, attribute in zip(mention[4], label["attributes"], strict=False):
            shown = (
                attribute["values"][value]
                if attribute["values"] and isinstance(value, int)
                else value
            )
            assert shown == record.attributes.get(attribute["name"])
    ids = [mention[0] for mention in records[1][2]]
    ((kind, whole, parts, state, total, _explanation),) = records[1][4]
    assert [kind, ids[whole], [ids[part] for part in parts], state, total] == [
        "part_of",
        "whole",
        ["one", "two"],
        "may add up",
        "36..38",
    ]


def test_packed_claims_have_sources_and_quantities(sample_checkout: Checkout) -> None:
    found = load_report(sample_checkout)
    page_data, rows = found.json("page-data"), found.json("claims-0")
    mine = [
        row
        for row in rows
        if row[2] == "claim"
        and page_data["annotators"][row[1]][0] == "ann-1"
        and row[5].startswith("38")
    ]
    ((_document, _reader, _id, start, end, text, _flag, values, tails),) = mine
    assert MAIN_TEXT[start:end] == text == "38 drones 𝒻ell"
    (frame,) = page_data["frames"]
    named = dict(zip(frame["relations"], tails, strict=True))
    assert named["source"] == [["ministry", "Ministry of Defence"]]
    assert named["quantity"] == [["38 drones", "38", 38, 38]] and named["where"] == []
    certainty = next(a for a in page_data["labels"][3]["attributes"] if a["name"] == "certainty")
    assert certainty["values"][values[frame["attributes"].index("certainty")]] == "probable"


def test_unknown_labels_and_attributes_are_packed_by_name(checkout: Checkout) -> None:
    record = main_annotation()
    strange = record.mentions[0].__class__(
        id="x", label="Rumour", start=0, end=1, text=MAIN_TEXT[0], attributes={"tone": "low"}
    )
    write_corpus(checkout.root, [main_document()], [make_annotation(main_document(), strange)])
    mention = load_report(checkout).json("documents-0")[0][1][0][2][0]
    assert mention[3:5] == ["Rumour", [["tone", "low"]]]


def test_many_documents_are_split_into_blocks(checkout: Checkout) -> None:
    count = 2 * BLOCK_DOCUMENTS + 3
    write_corpus(
        checkout.root, [make_document(f"d{index:04d}", f"Text {index}.") for index in range(count)]
    )
    found = load_report(checkout)
    sizes = [len(found.json(f"documents-{index}")) for index in range(3)]
    assert sizes == [BLOCK_DOCUMENTS, BLOCK_DOCUMENTS, 3]
    assert found.json("documents-2")[2][0] == f"Text {count - 1}."


@pytest.mark.parametrize(
    ("selection", "headline"),
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
def test_the_banner_states_who_annotated(
    sample_checkout: Checkout, selection: AnnotationFilter, headline: str
) -> None:
    banner = build_banner(count_corpus(sample_checkout.root, selection))
    assert banner.headline == headline
    assert ("Who decided: 1 adjudicated by a program." in banner.explanation) == (
        headline[0] == "1"
    )
    write_report(sample_checkout, sample_checkout.root / "page.html", selection)
    assert html.escape(headline) in (sample_checkout.root / "page.html").read_text(encoding="utf-8")


def test_the_banner_of_an_empty_corpus(checkout: Checkout) -> None:
    found = load_report(checkout)
    assert build_banner(count_corpus(checkout.root)).headline == "Nothing is annotated yet."
    assert found.json("page-data")["documents"] == 0


def test_the_command_reports_what_it_wrote(sample_checkout: Checkout) -> None:
    first = json.loads(run_sayso_ok(sample_checkout.root, "report", "--json"))
    assert (
        first["changed"] and Path(first["file"]) == sample_checkout.root / "build" / "report.html"
    )
    assert (first["documents"], first["annotations"], first["adjudicated"]) == (3, 5, 1)
    assert not json.loads(run_sayso_ok(sample_checkout.root, "report", "--json"))["changed"]
    assert "nothing changed" in run_sayso(sample_checkout.root, "report").stderr
    chosen = json.loads(
        run_sayso_ok(
            sample_checkout.root,
            "report",
            "--annotator",
            "ann-2",
            "--out",
            str(sample_checkout.root / "x.html"),
            "--json",
        )
    )
    assert (chosen["annotations"], chosen["claims"]) == (1, 1)


@pytest.mark.parametrize(
    ("options", "annotations_by"),
    [
        (("--no-programs",), {"gold": 1, "human": 3}),
        (("--pass", "names"), {}),
        (("--gold", "--annotator", "ann-2"), {"gold": 1, "human": 1}),
        (("--gold",), {"gold": 1}),
    ],
)
def test_filter_options_of_the_command(
    sample_checkout: Checkout, options: tuple[str, ...], annotations_by: dict[str, int]
) -> None:
    out = sample_checkout.root / "part.html"
    run_sayso_ok(sample_checkout.root, "report", "--out", str(out), *options)
    data = PageElements(out.read_text(encoding="utf-8")).json("documents-0")
    kinds = [annotator[1] for annotator in _page_annotators(out)]
    shown = Counter(kinds[record[0]] for _text, records in data for record in records)
    assert shown == annotations_by


def _page_annotators(out: Path) -> list[list[str]]:
    annotators: list[list[str]] = PageElements(out.read_text(encoding="utf-8")).json("page-data")[
        "annotators"
    ]
    return annotators


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--annotator", "nobody"), "nothing of nobody"),
        (("--campaign", "none"), "nothing of none"),
        (("--gold",), "nothing is adjudicated"),
    ],
)
def test_a_filter_without_matches_is_a_one_line_error(
    checkout: Checkout, options: tuple[str, ...], message: str
) -> None:
    write_sample_corpus(checkout.root)
    result = run_sayso(checkout.root, "report", *options)
    assert result.returncode == 7 and message in result.stderr and result.stderr.count("\n") == 1
    assert not (checkout.root / "build").exists()


def test_an_unwritable_folder_is_a_one_line_error(sample_checkout: Checkout) -> None:
    (sample_checkout.root / "build").write_text("a file")
    result = run_sayso(sample_checkout.root, "report")
    assert result.returncode == 10 and result.stderr.count("\n") == 1
