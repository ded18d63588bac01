"""A build measures agreement, the card has its figures, and neither holds a word of a text."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sayso.checks import STALE_CARD
from sayso.dataset import agreement_file
from sayso.dataset import builder as building
from sayso.dataset.card.card_check import card_findings
from sayso.errors import InputError
from sayso.files import file_digest
from sayso.models import Annotation, Document, Mention, UnknownItem
from sayso.release import manifest
from sayso.settings import Checkout
from tests.command_line import run_sayso, run_sayso_ok
from tests.dataset import samples

pytestmark = pytest.mark.slow

WORDS = ("Zorvak", "Quimbel", "Drestan", "Volmira", "Harkune", "Ostrevo", "Plinska", "Yarveth")
GROUPS = {
    "Spans, with 95 % intervals": (
        "spans",
        {
            "exact F1": "exact",
            "normal. F1": "normalised",
            "overlap F1": "overlap",
            "alpha chars": "characters",
            "alpha tokens": "tokens",
            "token F1": "token_f1",
            "alpha units": "units",
        },
    ),
    "Bounds of numbers": ("bounds", {"equal bounds": "equal", "bounds that meet": "overlap"}),
    "Relations": (
        "relations",
        {"strict F1": "strict", "lenient F1": "lenient", "F1 given spans": "given_spans"},
    ),
    "Predictions that both kept": (
        "machine",
        {"share of exact": "share", "exact F1 without": "exact_without"},
    ),
}


def make_documents(count: int = 12) -> list[Document]:
    chance = random.Random(5)
    return [
        samples.make_document(f"d{n:02}", " ".join(chance.choices(WORDS, k=24)) + ".")
        for n in range(count)
    ]


def make_random_annotation(document: Document, annotator: str, **fields: Any) -> Annotation:
    """Annotate about half of the words; annotators of one document often choose the same."""
    mine, ours, found = (
        random.Random(f"{document.doc_id} {annotator}"),
        random.Random(document.doc_id),
        [],
    )
    claim = samples.make_mention(
        "claim", "Claim", document.text, 0, ours.choice([40, 60]) + mine.choice([0, 0, 1])
    )
    for number, word in enumerate(re.finditer(r"\w+", document.text)):
        shared, own, label = (
            ours.random() < 0.5,
            mine.random() < 0.2,
            ours.choice(["Actor", "Location", "Count"]),
        )
        if shared != own:
            known = (
                {"lower": number, "upper": number + mine.choice([0, 0, 2])}
                if label == "Count"
                else {}
            )
            started = "prediction" if number % 4 == 0 else None
            found.append(
                samples.make_mention(
                    f"m{number}",
                    label,
                    document.text,
                    *word.span(),
                    attributes=known,
                    note=f"Is it {word[0]}?",
                    started_from=started,
                )
            )
    roles = {"Actor": "agent", "Location": "where", "Count": "quantity"}
    arrows = tuple(
        samples.make_relation(roles[each.label], "claim", each.id)
        for each in found
        if each.end <= claim.end
    )
    kept = (UnknownItem(reason="unknown", item={"words": document.text}),)
    return samples.make_annotation(
        document,
        *sort_mentions(claim, *found),
        annotator=annotator,
        relations=arrows,
        kept=kept,
        note=document.text,
        guidelines_version="1.1.0",
        **fields,
    )


def sort_mentions(*mentions: Mention) -> list[Mention]:
    return sorted(mentions, key=lambda each: (each.start, -each.end))


@pytest.fixture
def double_annotated(checkout: Checkout) -> Checkout:
    """A corpus of two annotators, a third for some documents, and one alone in a campaign."""
    there = make_documents()
    given = [make_random_annotation(each, name) for each in there for name in ("ann-1", "ann-2")]
    given += [
        make_random_annotation(each, "ann-3", started_from="annotation") for each in there[:5]
    ]
    given += [make_random_annotation(each, "ann-1", campaign="alone") for each in there[:2]]
    samples.write_corpus(checkout.root, there, given)
    return checkout


def read_agreement_part(root: Path) -> str:
    """Return the section of the card about agreement."""
    text = (root / "corpus/README.md").read_text(encoding="utf-8")
    return text.partition("<!-- computed: agreement -->")[2].partition("<!-- /computed -->")[0]


def parse_tables(told: str) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    """The title, the header and the rows of each table in Markdown, folded or not."""
    for title, lines in re.findall(
        r"(?:<summary>|^)([^\n|<]+?)(?:</summary>|:)\n\n((?:\|.*\n?)+)", told, re.M
    ):
        header, _sides, *rows = [_split_cells(line) for line in lines.splitlines()]
        yield title, header, rows


def _split_cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("| ").split(" | ")]


def parse_figure(cell: str) -> tuple[float | None, float | None, float | None]:
    """``0.86 (0.81 to 1.00)`` as value and interval."""
    found = re.fullmatch(r"(-?[\d.]+) (?:–|\((-?[\d.]+) to (-?[\d.]+)\))", cell)
    if found is None:
        assert cell == "undefined"
        return None, None, None
    value, low, high = (float(each) if each else None for each in found.groups())
    return value, low, high


def round_figure(figure: dict[str, Any]) -> tuple[float | None, ...]:
    found = (figure[name] for name in ("value", "low", "high"))
    return tuple(None if each is None else float(f"{each:.2f}") for each in found)


def test_the_file_is_what_the_command_prints(double_annotated: Checkout) -> None:
    building.build(double_annotated)
    assert (double_annotated.root / "corpus/agreement.json").read_text() == run_sayso_ok(
        double_annotated.root, "agreement", "--json"
    )
    assert building.build(double_annotated).changed is False


def test_the_numbers_of_the_card_are_those_of_the_command(double_annotated: Checkout) -> None:
    building.build(double_annotated)
    (measured,) = json.loads(run_sayso_ok(double_annotated.root, "agreement", "--json"))[
        "measurements"
    ]
    figures = {
        (each["group"], each["subject"], each["measure"]): each for each in measured["figures"]
    }
    compared = set()
    for title, header, rows in parse_tables(read_agreement_part(double_annotated.root)):
        if title not in GROUPS:
            continue
        group, measures = GROUPS[title]
        for subject, *cells in rows:
            told = dict(zip(header[1:], cells, strict=True))
            for column, measure in measures.items():
                figure = figures.get((group, subject, measure))
                if figure is None:  # no edges and no alpha of spans without their labels
                    assert subject == "any label" and not told[column]
                    continue
                assert parse_figure(told[column]) == round_figure(figure), (group, subject, measure)
                compared.add((group, subject, measure))
            first = figures[group, subject, next(iter(measures.values()))]
            extent = {"n": first["n"], "pairs": first["pairs"], "docs": first["documents"]}
            for column, number in extent.items():
                assert number is None or told[column] == f"{number:,}"
    groups = {group for group, _measures in GROUPS.values()}
    wanted = {name for name, each in figures.items() if name[0] in groups and each["n"]}
    assert compared >= wanted and len(wanted) > 25
    whole = {
        row[0]: row[1:]
        for title, _header, rows in parse_tables(read_agreement_part(double_annotated.root))
        for row in rows
        if "frames" in title
    }
    both = figures["frames", "Claim.whole", "exact"]
    assert parse_figure(whole["Claim with all its relations"][0]) == round_figure(both)
    assert whole["Claim with all its relations"][1] == f"{both['n']:,}"


def test_the_card_tells_how_it_was_measured_and_what_was_left_out(
    double_annotated: Checkout,
) -> None:
    building.build(double_annotated)
    (measured,) = json.loads(run_sayso_ok(double_annotated.root, "agreement", "--json"))[
        "measurements"
    ]
    told = read_agreement_part(double_annotated.root)
    for words in (
        "**trial, all: 12 documents, 2 annotators, 24 annotations in 12 pairs**",
        "24 under schema 1.0.0, guidelines 1.1.0",
        measured["rule"],
        measured["interval"]["method"],
        "annotations excluded: 5 (started from another's annotation)",
        "Campaign `alone`, pass `all`: not yet measured. "
        "Annotations excluded: 2 (nobody else has annotated it).",
    ):
        assert words in told, words
    assert "Not yet measured" not in told


def test_it_is_made_and_removed_with_the_answers_and_a_check_names_it(
    double_annotated: Checkout,
) -> None:
    path = double_annotated.root / "corpus/agreement.json"
    checked = run_sayso(double_annotated.root, "build", "--check")
    assert checked.returncode == 5 and not path.exists()
    building.build(double_annotated)
    first = path.read_bytes()
    for wrong in (b"{}", first.replace(b"0.", b"1.", 1)):
        path.write_bytes(wrong)
        checked = run_sayso(double_annotated.root, "build", "--check")
        assert checked.returncode == 5 and "stale: agreement.json: it is stale" in checked.stderr
        building.build(double_annotated)
        assert path.read_bytes() == first
    samples.write_corpus(
        double_annotated.root,
        make_documents(),
        [make_random_annotation(make_documents()[0], "ann-2")],
    )
    checked = run_sayso(double_annotated.root, "build", "--check")
    assert (
        "stale: agreement.json: it is stale" in checked.stderr
        and "the computed part 'agreement'" in checked.stderr
    )
    building.build(double_annotated)
    assert (
        "1 documents" in read_agreement_part(double_annotated.root) and path.read_bytes() != first
    )
    for name in ("ann-2", "ann-3"):
        (double_annotated.root / f"corpus/annotations/trial/{name}.jsonl").unlink()
    (double_annotated.root / "corpus/agreement.json.12.partial").write_bytes(b"")
    assert (
        "stale: agreement.json: nothing makes it any more"
        in run_sayso(double_annotated.root, "build", "--check").stderr
    )
    building.build(double_annotated)
    assert not list((double_annotated.root / "corpus").glob("agreement.json*"))
    assert "**Not yet measured.** There is no blind double annotation" in read_agreement_part(
        double_annotated.root
    )


def test_programs_are_no_people(checkout: Checkout) -> None:
    there = make_documents(3)
    given = [
        make_random_annotation(each, name, annotator_kind="program")
        for each in there
        for name in ("a", "b")
    ]
    samples.write_corpus(checkout.root, there, given)
    building.build(checkout)
    assert not (
        checkout.root / "corpus/agreement.json"
    ).exists() and "**Not yet measured.**" in read_agreement_part(checkout.root)


def test_no_word_of_a_text_is_in_it(
    double_annotated: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAYSO_TEXTS", "none")
    building.build(double_annotated)
    content = (double_annotated.root / "corpus/agreement.json").read_text(encoding="utf-8")
    assert [
        word
        for word in WORDS
        if word in content or word in read_agreement_part(double_annotated.root)
    ] == []


def test_another_checkout_makes_the_same_bytes(double_annotated: Checkout) -> None:
    building.build(double_annotated)
    first = samples.digest_files(double_annotated.root)
    (double_annotated.root / "corpus/agreement.json").unlink()
    (double_annotated.root / ".sayso/build.json").unlink()
    building.build(double_annotated)
    assert samples.digest_files(double_annotated.root) == first and "agreement.json" in first


def test_it_depends_on_answers_and_not_on_articles(double_annotated: Checkout) -> None:
    def basis() -> str:
        files = (double_annotated.root / "corpus").rglob("*.jsonl")
        sources = {
            path.relative_to(double_annotated.root).as_posix(): file_digest(path) for path in files
        }
        return agreement_file.agreement_inputs_digest(sources, samples.SCHEMA)

    before = basis()
    samples.write_corpus(double_annotated.root, [samples.make_document("new", "Nothing.")], batch=1)
    assert basis() == before
    samples.write_corpus(
        double_annotated.root,
        make_documents(),
        [make_random_annotation(make_documents()[0], "ann-2")],
    )
    assert basis() != before


def test_it_is_in_the_manifest_and_in_what_a_check_reads(double_annotated: Checkout) -> None:
    building.build(double_annotated)
    (stated,) = [
        each
        for each in manifest.build_manifest(double_annotated).files
        if each.path == "agreement.json"
    ]
    path = double_annotated.root / "corpus/agreement.json"
    assert stated.sha256 == file_digest(path)
    assert list(card_findings(double_annotated)) == []
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"documents":12', b'"documents":13', 1))
    found = list(card_findings(double_annotated))
    assert [(each.check, each.message) for each in found] == [
        (STALE_CARD.name, "the computed part 'agreement'")
    ]
    path.write_bytes(b"[]")
    with pytest.raises(InputError, match=r"agreement\.json"):
        list(card_findings(double_annotated))
