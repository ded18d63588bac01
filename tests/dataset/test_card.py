"""The card: what is computed is true, and what is written by hand stays."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from datasets import Features
from huggingface_hub import DatasetCard, DatasetCardData
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from sayso import jsonl
from sayso.dataset import builder as building
from sayso.dataset import features
from sayso.dataset.card import COMPUTED_PARTS, SPLITS, markers
from sayso.dataset.card.card_check import card_findings
from sayso.dataset.card.hub_vocabulary import HUB_LICENSES, find_unknown_values
from sayso.errors import InputError
from sayso.models import Gold, UnknownItem
from sayso.schema import declarations as schemas
from sayso.schema.column_names import list_configs
from sayso.settings import Checkout
from tests.command_line import run_sayso
from tests.conftest import REPOSITORY
from tests.dataset import samples
from tests.dataset.test_builder import fill_corpus

pytestmark = pytest.mark.slow

CARD = REPOSITORY / "corpus" / "README.md"

# What the hub takes, from its own documentation of the dataset card.
CREATORS = {
    "found",
    "crowdsourced",
    "expert-generated",
    "machine-generated",
    "no-annotation",
    "other",
}
VOCABULARY = {
    "annotations_creators": CREATORS,
    "language_creators": CREATORS - {"no-annotation"},
    "multilinguality": {"monolingual", "multilingual", "translation", "other"},
    "source_datasets": {"original"},
    "task_categories": {"token-classification", "text-classification"},
    "task_ids": {
        "named-entity-recognition",
        "coreference-resolution",
        "parsing",
        "fact-checking",
        "entity-linking-classification",
        "fact-checking-retrieval",
    },
}
SIZES = re.compile(
    r"n<1K|1K<n<10K|10K<n<100K|100K<n<1M|1M<n<10M|10M<n<100M|100M<n<1B|1B<n<10B|n>1T"
)


def check_header(path: Path) -> dict[str, Any]:
    """The head of a card that the hub's own classes read and whose words are the hub's; offline."""
    data: Any = DatasetCard.load(path).data
    head: dict[str, Any] = data.to_dict()
    again: Any = DatasetCardData(**head)
    assert again.to_dict() == head
    for key, words in VOCABULARY.items():
        assert set(head.get(key, ())) <= words, key
    assert all(SIZES.fullmatch(size) for size in head["size_categories"])
    assert list(find_unknown_values(head)) == []
    assert head["license"] in HUB_LICENSES or (head["license"] == "other" and head["license_name"])
    assert re.fullmatch(r"[a-z0-9.-]+", head.get("license_name", "x"))
    assert all(re.fullmatch(r"[a-z]{2,3}", language) for language in head["language"])
    assert sum(each.get("default", False) for each in head["configs"]) == 1
    assert {split["split"] for each in head["configs"] for split in each["data_files"]} <= set(
        SPLITS
    )
    return head


def test_the_committed_card_is_one_that_the_hub_takes() -> None:
    head = check_header(CARD)
    assert [each["config_name"] for each in head["configs"]] == list(list_configs(samples.SCHEMA))
    assert (CARD.parent / head["license_link"]).is_file()


def test_the_first_card_of_a_new_instance_is_valid(checkout: Checkout) -> None:
    fill_corpus(checkout.root)
    building.build(checkout)
    assert check_header(checkout.root / "corpus/README.md")["annotations_creators"] == [
        "machine-generated"
    ]


def test_the_committed_card_says_plainly_that_a_program_annotated() -> None:
    text = CARD.read_text(encoding="utf-8")
    assert (
        "Every annotation here was made by a program. No person has checked one. None is gold."
        in text
    )
    assert "| `unknown` | 2 |" in text
    assert "**Not yet measured.** There is no blind double annotation" in text


def test_the_features_of_the_card_are_the_arrow_schema() -> None:
    for config, declared in features.config_columns(samples.SCHEMA).items():
        read = Features._from_yaml_list(features.yaml_features(declared))
        assert read.arrow_schema.remove_metadata().names == list(declared), config
        ours = Features.from_arrow_schema(features.arrow_schema(declared))
        assert read == ours, config


def test_numbers_of_the_head_are_those_of_the_files(checkout: Checkout) -> None:
    fill_corpus(checkout.root)
    building.build(checkout)
    for info in samples.read_header(checkout.root)["dataset_info"]:
        config = info["config_name"]
        paths = sorted((checkout.root / "corpus/data" / config).glob("*.parquet"))
        assert sum(split["num_examples"] for split in info["splits"]) == len(
            samples.read_rows(checkout.root, config)
        )
        assert info["download_size"] == sum(path.stat().st_size for path in paths)
        assert info["dataset_size"] == sum(split["num_bytes"] for split in info["splits"])


def test_the_figures_are_counted_right(checkout: Checkout) -> None:
    text = "Two died. He said so."
    document = samples.make_document("d1", text)
    drawn = (("cue", "c", "q"), ("quantity", "c", "n"), ("where", "c", "q"))
    answer = samples.make_annotation(
        document,
        samples.make_mention("c", "Claim", text, 0, 8),
        samples.make_mention("n", "Count", text, 0, 3),
        samples.make_mention("q", "Cue", text, 13, 17),
        samples.make_mention("half", "Actor", text, 10, 11),
        relations=tuple(samples.make_relation(*each) for each in drawn),
        kept=(UnknownItem(reason="unknown", item=[1]),),
        guidelines_version="1.2.0",
    )
    passed = samples.make_annotation(document, annotator="ann-3", status="skipped")
    skipped = samples.make_annotation(
        document, annotator="ann-2", status="skipped", annotator_kind="program"
    )
    samples.write_corpus(checkout.root, [document], [answer, passed, skipped])
    building.build(checkout)
    card = (checkout.root / "corpus/README.md").read_text(encoding="utf-8")
    for row in (
        "| documents | 1 | 0 | 0 | 1 |",
        "| characters (code points) | 21 | 0 | 0 | 21 |",
        "| sentences | 2 | 0 | 0 | 2 |",
        "| tokens | 7 | 0 | 0 | 7 |",
        "| all annotations | 3 |",
        "| submitted, by people | 1 |",
        "| skipped, by programs | 1 |",
        "| claims, all annotators together | 1 |",
        "| items kept that the schema does not know | 1 |",
        "| relations between other labels than declared | 1 |",
        "| mentions that tags do not give exactly: inside\\_token | 1 |",
        "| `Claim` | 1 | 0 | 0 |",
        "| `Location` | 0 | 0 | 0 |",
        "| `ann-1` | people | 1 | 0 | 1 | 1 | 1 |",
        "| `Count` | 1 | 0 |",
        "| `Claim.type` | `strike` | 1 | 0 |",
        "| `ann-1` | human | annotator | `all` | `1.0.0` | `1.2.0` | 1 | not recorded |",
        "| `ann-2` | program | annotator | `all` | `1.0.0` | does not apply | 1 | does not apply |",
        "| `ann-3` | human | annotator | `all` | `1.0.0` | not recorded | 1 | not recorded |",
    ):
        assert row in card, row
    assert "Some annotations were made by people and some by programs" in card


def test_every_word_of_the_schema_is_in_the_card() -> None:
    text = CARD.read_text(encoding="utf-8")
    declared = schemas.load_schema(REPOSITORY / "schema/schema.yaml")
    for label in declared.labels.values():
        for attribute in label.attributes.values():
            assert all(value.definition in text for value in attribute.values.values())
    assert all(relation.definition in text for relation in declared.relations.values())


def test_what_is_written_by_hand_stays(checkout: Checkout) -> None:
    fill_corpus(checkout.root, 4)
    building.build(checkout)
    card = checkout.root / "corpus/README.md"
    text = card.read_text(encoding="utf-8")
    mine = text.replace('pretty_name: "Untitled corpus"', "pretty_name: Ours").replace(
        "## Limits and biases\n", "## Limits and biases\n\nWe know of one more: \\1 — ünd <b>.\n"
    )
    mine = mine.replace("documents of", "documents off")
    card.write_text(mine, encoding="utf-8")
    fill_corpus(checkout.root, 8)
    building.build(checkout)
    after = card.read_text(encoding="utf-8")
    assert "pretty_name: Ours" in after and "We know of one more: \\1 — ünd <b>." in after
    assert "documents off" not in after and "8 documents of" in after


def test_the_head_is_changed_only_where_it_is_computed(checkout: Checkout) -> None:
    fill_corpus(checkout.root, 4)
    building.build(checkout)
    card = checkout.root / "corpus/README.md"
    text = card.read_text(encoding="utf-8")
    mine = text.replace(
        'pretty_name: "Untitled corpus"\n',
        "# ours\npretty_name:   'Ours'   # so\nother:  7\ntags:   # whatever\n- attribution\n",
    )
    stale = mine.replace("- n<1K", "- 1K<n<10K").replace("multilinguality:\n- monolingual\n", "")
    card.write_text(stale, encoding="utf-8")
    outcome = building.build(checkout)
    assert {each.reason for each in outcome.stale} == {
        "the head's multilinguality",
        "the head's size_categories",
    }
    moved = mine.replace("multilinguality:\n- monolingual\n", "")
    assert (
        card.read_text(encoding="utf-8").replace("multilinguality:\n- monolingual\n", "") == moved
    )


def test_a_computed_part_that_is_stale_is_named_by_build_and_by_check(checkout: Checkout) -> None:
    fill_corpus(checkout.root, 4)
    building.build(checkout)
    card = checkout.root / "corpus/README.md"
    fresh = card.read_text(encoding="utf-8")
    for name in COMPUTED_PARTS:
        mark = f"<!-- computed: {name} -->\n"
        card.write_text(fresh.replace(mark, f"{mark}Somebody's words. "), encoding="utf-8")
        line = fresh[: fresh.index(mark)].count("\n") + 2
        (finding,) = card_findings(checkout)
        assert (finding.check, finding.severity, finding.file, finding.line, finding.message) == (
            "stale-card",
            "error",
            "corpus/README.md",
            line,
            f"the computed part {name!r}",
        )
    assert [str(each) for each in building.build(checkout).stale] == [
        f"README.md: the computed part {name!r}"
    ]
    assert card.read_text(encoding="utf-8") == fresh and list(card_findings(checkout)) == []


def test_stale_parts_are_told_by_the_commands(checkout: Checkout) -> None:
    fill_corpus(checkout.root, 4)
    building.build(checkout)
    card = checkout.root / "corpus/README.md"
    text = (
        card.read_text(encoding="utf-8")
        .replace("| tokens |", "| tokns |")
        .replace("task_categories:\n", "task_ids:\n- luck\ntask_categories:\n")
    )
    card.write_text(text, encoding="utf-8")
    checked, built = run_sayso(checkout.root, "check"), run_sayso(checkout.root, "build", "--check")
    assert (
        checked.returncode == 5
        and "error stale-card: the computed part 'figures'; run `sayso build`" in checked.stdout
    )
    assert "error card-word: task_ids: 'luck'" in checked.stdout
    assert built.returncode == 5 and "stale: README.md: the computed part 'figures'" in built.stderr
    stale = json.loads(run_sayso(checkout.root, "build", "--check", "--json").stdout)["stale"]
    assert [(each["file"], each["reason"]) for each in stale] == [
        ("README.md", "the computed part 'figures'")
    ]


def test_what_lies_beside_the_card_is_stale_too(checkout: Checkout) -> None:
    fill_corpus(checkout.root, 4)
    building.build(checkout)
    corpus = checkout.root / "corpus"
    before = samples.digest_files(checkout.root)
    (corpus / "croissant.json").unlink()
    cff = corpus / "CITATION.cff"
    cff.write_text(
        cff.read_text(encoding="utf-8").replace("version: 0.0.0", "version: 9.9.9"),
        encoding="utf-8",
    )
    (corpus / "plots").mkdir(exist_ok=True)
    (corpus / "plots" / "old.svg").write_text("<svg/>")
    told = [str(each) for each in building.build(checkout, write=False).stale]
    assert told == [
        "croissant.json: it is not there",
        "CITATION.cff: it is stale",
        "plots/old.svg: nothing makes it any more",
    ]
    assert {finding.file for finding in card_findings(checkout)} == {
        "corpus/croissant.json",
        "corpus/CITATION.cff",
        "corpus/plots/old.svg",
    }
    building.build(checkout)
    assert samples.digest_files(checkout.root) == before


def test_data_that_changed_under_the_card_make_it_stale(checkout: Checkout) -> None:
    fill_corpus(checkout.root, 4)
    building.build(checkout)
    assert list(card_findings(checkout)) == []
    (checkout.root / "corpus/data/tokens/train-00000.parquet").unlink()
    found = {finding.message for finding in card_findings(checkout)}
    assert {"the head's dataset_info", "the computed part 'configurations'"} <= found
    guidelines = checkout.root / "schema/guidelines.md"
    building.build(checkout)
    guidelines.write_text(guidelines.read_text(encoding="utf-8") + "More.\n", encoding="utf-8")
    assert [finding.message for finding in card_findings(checkout)] == [
        "the computed part 'header'"
    ]


def test_no_card_is_no_finding(checkout: Checkout) -> None:
    fill_corpus(checkout.root, 4)
    assert list(card_findings(checkout)) == []


_SUMMARY = "<!-- computed: summary -->\n"


def test_a_mark_that_is_missing_or_wrong_is_told_with_its_line_and_nothing_is_written(
    checkout: Checkout,
) -> None:
    fill_corpus(checkout.root, 4)
    building.build(checkout)
    card = checkout.root / "corpus/README.md"
    text = card.read_text(encoding="utf-8")
    fill_corpus(checkout.root, 8)
    for old, new, at, says in (
        (
            f"{markers.END_MARKER}\n\n## How to load it",
            "\n## How",
            "computed: summary",
            "'summary' has no end; put <!-- /comp",
        ),
        (_SUMMARY, "", markers.END_MARKER, "a computed part ends that has not begun"),
        (_SUMMARY, "<!-- computed summary -->\n", "computed summary", "is not a marker; write"),
        (
            _SUMMARY,
            "<!-- computed: loading -->\n",
            "computed: loading",
            "a second place for 'loading'",
        ),
        (_SUMMARY, "<!-- computed: luck -->\n", "computed: luck", "nothing computes 'luck'"),
    ):
        broken = text.replace(old, new, 1)
        card.write_text(broken, encoding="utf-8")
        before = samples.digest_files(checkout.root)
        lines = [number for number, line in enumerate(broken.splitlines(), 1) if at in line]
        with pytest.raises(InputError) as caught:
            building.build(checkout)
        assert says in str(caught.value)
        assert f"README.md:{lines[1] if 'second' in says else lines[0]}: " in str(caught.value)
        assert samples.digest_files(checkout.root) == before


def test_a_part_without_a_place_is_told(checkout: Checkout) -> None:
    fill_corpus(checkout.root, 4)
    building.build(checkout)
    card = checkout.root / "corpus/README.md"
    text = card.read_text(encoding="utf-8")
    start = text.index("<!-- computed: agreement -->")
    card.write_text(
        text[:start] + text[text.index(markers.END_MARKER, start) + len(markers.END_MARKER) :],
        encoding="utf-8",
    )
    with pytest.raises(
        InputError,
        match=r"no place for the computed part 'agreement'; put <!-- computed: agreement",
    ):
        building.build(checkout)


_PROSE = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=60
).filter(lambda text: "computed" not in text)


@given(st.dictionaries(st.sampled_from("abcd"), st.tuples(_PROSE, _PROSE)), _PROSE)
def test_prose_is_never_touched(contents: dict[str, tuple[str, str]], last: str) -> None:
    """Whatever stands outside the marks, and whatever is put between them."""
    path = Path("README.md")
    text = (
        "".join(
            f"{prose}\n<!-- computed: {name} -->\nold\n{markers.END_MARKER}\n"
            for name, (prose, _new) in contents.items()
        )
        + last
    )
    new = markers.fill_parts(text, {name: made for name, (_prose, made) in contents.items()}, path)
    assert (
        new
        == "".join(
            f"{prose}\n<!-- computed: {name} -->\n{made}\n{markers.END_MARKER}\n"
            for name, (prose, made) in contents.items()
        )
        + last
    )
    parts = markers.find_parts(new, path)
    assert {name: markers.read_part(new, part) for name, part in parts.items()} == {
        n: m for n, (_p, m) in contents.items()
    }


BY_PERSON = {"decided": "adjudicated", "adjudicator": "adj-1", "adjudicator_kind": "human"}
BY_PROGRAM = {**BY_PERSON, "adjudicator_kind": "program"}


@pytest.mark.parametrize(
    ("kinds", "decided", "creators", "origin"),
    [
        (["program"], None, ["machine-generated"], "program. No person has checked one. None is"),
        (["human"], None, ["other"], "Every annotation here was made by people. None is gold."),
        (["human", "program"], None, ["machine-generated", "other"], "and some by programs"),
        (["adjudicator"], None, ["expert-generated"], "made by people"),  # as 0.1.0 wrote it
        (["human"], BY_PERSON, ["expert-generated", "other"], "Gold: 1 adjudicated by a person."),
        (["human"], BY_PROGRAM, ["machine-generated", "other"], "1 adjudicated by a program."),
        (["program"], BY_PROGRAM, ["machine-generated"], "No person has checked one. Gold: 1"),
        (
            ["program"],
            {"decided": "unanimous", "annotator_kinds": ("program",)},
            ["machine-generated"],
            "No person has checked one. Gold: 1 unanimous among programs.",
        ),
        (
            ["program"],
            BY_PERSON,
            ["expert-generated", "machine-generated"],
            "made by a program. Gold: 1 adjudicated by a person.",
        ),
        (
            ["program"],
            {"adjudicator": "adj-1"},  # as 0.1.0 wrote it
            ["machine-generated", "other"],
            "made by a program. Gold: 1 adjudicated by somebody of unknown kind.",
        ),
        ([], None, ["no-annotation"], "Nothing is annotated yet."),
    ],
)
def test_the_card_says_who_made_annotations_and_who_decided_gold(
    checkout: Checkout,
    kinds: list[str],
    decided: dict[str, Any] | None,
    creators: list[str],
    origin: str,
) -> None:
    document = samples.make_document("d1", "One.")
    answers = [
        samples.make_annotation(document, annotator=f"a-{kind}", annotator_kind=kind)
        for kind in kinds
    ]
    samples.write_corpus(checkout.root, [document], answers)
    for path in checkout.root.glob("corpus/annotations/trial/a-adjudicator.jsonl"):
        now = b'"annotator_kind":"human","annotator_role":"adjudicator"'
        assert now in path.read_bytes()
        path.write_bytes(path.read_bytes().replace(now, b'"annotator_kind":"adjudicator"'))
        assert "canonical-line" not in run_sayso(checkout.root, "check").stdout
    if decided is not None:
        gold = Gold(
            doc_id="d1",
            text_sha256=document.text_sha256,
            campaign="trial",
            schema_version="1.0.0",
            adjudicated="2026-01-02",
            annotators=("a-human",),
            **decided,
        )
        jsonl.write(checkout.root / "corpus/gold/trial.jsonl", [gold])
    building.build(checkout)
    assert samples.read_header(checkout.root)["annotations_creators"] == creators
    card = (checkout.root / "corpus/README.md").read_text()
    assert card.count(origin) == 2, "in the summary and above the annotators"
    name = str((decided or {}).get("adjudicator"))
    assert (f"| `{name}` | {(decided or {}).get('adjudicator_kind', 'unknown')} | 1 |" in card) == (
        name != "None"
    )


def test_an_answer_that_was_carried_over_says_which_text_was_read(checkout: Checkout) -> None:
    document, read = samples.make_document("d1", "One."), "0" * 64
    samples.write_corpus(
        checkout.root, [document], [samples.make_annotation(document, text_read=read)]
    )
    building.build(checkout)
    (row,) = samples.read_rows(checkout.root, "annotations")
    assert row["text_read"] == read


def test_only_the_card_is_written_where_only_the_card_is_stale(checkout: Checkout) -> None:
    fill_corpus(checkout.root, 4)
    building.build(checkout)
    before = samples.digest_files(checkout.root)
    card = checkout.root / "corpus/README.md"
    card.write_text(
        card.read_text(encoding="utf-8").replace("| tokens |", "| tokns |"), encoding="utf-8"
    )
    outcome = building.build(checkout)
    assert (outcome.written, outcome.card_changed) == ((), True)
    assert samples.digest_files(checkout.root) == before


def test_a_figure_that_nobody_computes_is_refused(checkout: Checkout) -> None:
    fill_corpus(checkout.root, 4)
    building.build(checkout)
    card = checkout.root / "corpus/README.md"
    lucky = f"<!-- computed: luck -->\n{markers.END_MARKER}\n"
    card.write_text(card.read_text(encoding="utf-8") + lucky, encoding="utf-8")
    with pytest.raises(InputError, match=r"README.md:\d+: nothing computes 'luck'"):
        building.build(checkout)


@pytest.mark.parametrize("text", ["no head", "---\n- a list\n---\n", "---\na: [\n---\n"])
def test_a_card_without_a_head_is_refused(checkout: Checkout, text: str) -> None:
    fill_corpus(checkout.root, 4)
    (checkout.root / "corpus/README.md").write_text(text, encoding="utf-8")
    failed = run_sayso(checkout.root, "build")
    assert (
        failed.returncode == 7
        and "README.md" in failed.stderr
        and len(failed.stderr.splitlines()) == 1
    )
    assert not (checkout.root / "corpus/data").exists()


def test_the_version_of_the_data_is_the_declared_one(checkout: Checkout) -> None:
    fill_corpus(checkout.root, 4)
    versioned = Checkout(checkout.root, {"data_version": "2.3.4"})
    building.build(versioned)
    assert {each["version"] for each in samples.read_header(checkout.root)["configs"]} == {"2.3.4"}
    with pytest.raises(InputError, match=r"not a version like 1\.2\.0"):
        building.build(Checkout(checkout.root, {"data_version": "1.2"}))


def test_a_licence_that_all_articles_share_is_the_datasets(checkout: Checkout) -> None:
    samples.write_corpus(checkout.root, [samples.make_document("a", "One.", license="CC-BY-4.0")])
    building.build(checkout)
    head = samples.read_header(checkout.root)
    assert head["license"] == "cc-by-4.0" and "license_name" not in head
    assert head["annotations_creators"] == ["no-annotation"]


def test_the_example_in_the_card_is_the_first_row(checkout: Checkout) -> None:
    fill_corpus(checkout.root, 4)
    building.build(checkout)
    card = (checkout.root / "corpus/README.md").read_text(encoding="utf-8")
    shown = json.loads(card.split("### `claims`")[1].split("```json\n")[1].split("```")[0])
    first = pq.read_table(checkout.root / "corpus/data/claims/test-00000.parquet").to_pylist()[0]
    assert (shown["claim_id"], shown["doc_id"]) == (first["claim_id"], first["doc_id"])


def test_words_of_the_data_are_neither_html_nor_links_in_the_card(checkout: Checkout) -> None:
    hostile = [
        "<img src=x onerror=alert(1)> | ![a](https://x.invalid/a.png)",
        "[here](https://x.invalid) `<b>`",
        "a\n\n<script>alert(1)</script>\x1b[31m",
    ]
    documents = [
        samples.make_document(f"d{at}", "One.", outlet=word, license=word, title=word)
        for at, word in enumerate(hostile)
    ]
    samples.write_corpus(checkout.root, documents)
    building.build(checkout)
    text = (checkout.root / "corpus" / "README.md").read_text("utf-8")
    parts = re.findall(r"(?s)<!-- computed: \w+ -->\n(.*?)<!-- /computed -->", text)
    computed = "\n\n".join(parts)
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    found = [
        token for token in parser.parse(computed) for token in (token, *(token.children or []))
    ]
    html = "".join(token.content for token in found if token.type.startswith("html"))
    assert not re.search("img|script|<b>|onerror", html)
    sources = [token.attrs.get("src", token.attrs.get("href", "")) for token in found]
    assert not any("x.invalid" in str(source) for source in sources)
    assert "\x1b" not in computed
